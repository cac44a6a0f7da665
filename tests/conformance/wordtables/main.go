// Command wordtables prints plugin/dockerfile/unicode_tables.c from the tables of this Go release:
//
//	go run ./wordtables >../../plugin/dockerfile/unicode_tables.c
package main

import (
	"fmt"
	"strings"
	"unicode"
)

// borders lists the runes at which membership begins or ends.
func borders(is func(rune) bool) []rune {
	var out []rune
	in := false
	for r := rune(0); r <= unicode.MaxRune+1; r++ {
		if is(r) != in {
			in = !in
			out = append(out, r)
		}
	}
	return out
}

func print(name string, list []rune) {
	fmt.Printf("\nconst uint32_t cp_dockerfile_%s[] = {\n", name)
	line := "\t"
	for _, r := range list {
		item := fmt.Sprintf("0x%X,", r)
		if len(line)+len(item) > 92 {
			fmt.Println(strings.TrimRight(line, " "))
			line = "\t"
		}
		line += item + " "
	}
	fmt.Println(strings.TrimRight(line, " "))
	fmt.Printf("};\nconst size_t cp_dockerfile_n_%s = CP_LEN(cp_dockerfile_%s);\n", name, name)
}

func main() {
	fmt.Printf(`/*
 * Letters and decimal digits of Unicode %s, of which names of variables are made. Printed by
 * tests/conformance/wordtables: runes at which membership begins and ends, in turn.
 */
#include "dockerfile/text_int.h"
`, unicode.Version)
	print("letters", borders(unicode.IsLetter))
	print("digits", borders(unicode.IsDigit))
}
