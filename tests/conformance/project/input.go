package main

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// makeInput is what ../cdriver_project.c reads.
func makeInput(kind string, own int, env, names []string, texts map[string]string) []byte {
	var b []byte
	part := func(s string) {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	part(kind)
	part(strconv.Itoa(own))
	environment := ""
	if len(env) > 0 {
		environment = strings.Join(env, "\x00") + "\x00"
	}
	part(environment)
	for _, name := range names {
		part(name)
		part(texts[name])
	}
	return b
}
