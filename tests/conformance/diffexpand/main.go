// Command diffexpand compares cp_expand and cp_expand_words with BuildKit's shell lexer on generated words:
//
//	diffexpand -n 100000 -seed 1 -driver build/cdriver_expand
//
// The driver is ../cdriver_expand.c linked with plugin/base and plugin/dockerfile.
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"cachepredict.test/conformance/cdriver"
)

type counts struct {
	accepted, rejected, changed, limits int
}

func main() {
	n := flag.Int("n", 100000, "inputs")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	driver := flag.String("driver", "", "the C driver")
	show := flag.Int("show", 5, "differences to print")
	flag.Parse()
	var c counts
	g := &generator{seed: *seed}
	restore := cdriver.Quiet()
	differences, err := cdriver.Run(*driver, *n, *show, func(i int) []byte { return encode(g.input(i)) }, c.check)
	restore()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("%d accepted (%d of them changed by expansion), %d rejected, %d over a limit of ours\n", c.accepted, c.changed, c.rejected, c.limits)
	fmt.Printf("%d inputs, %d differences\n", *n, differences)
	if differences > 0 {
		os.Exit(1)
	}
}

// input is one word, how to expand it and with what.
type input struct {
	escape byte
	flags  byte
	env    [][2]string
	word   string
}

const (
	rawQuotes = 1 << iota
	rawEscapes
	skipQuotes
	skipUnset
	words
)

// encode writes an input as ../cdriver_expand.c reads it.
func encode(in input) []byte {
	b := []byte{in.escape, in.flags, byte(len(in.env))}
	for _, kv := range in.env {
		for _, s := range kv {
			b = binary.LittleEndian.AppendUint16(b, uint16(len(s)))
			b = append(b, s...)
		}
	}
	return append(b, in.word...)
}

func decode(b []byte) input {
	in := input{escape: b[0], flags: b[1]}
	n := int(b[2])
	b = b[3:]
	take := func() string {
		size := int(binary.LittleEndian.Uint16(b))
		s := string(b[2 : 2+size])
		b = b[2+size:]
		return s
	}
	for range n {
		in.env = append(in.env, [2]string{take(), take()})
	}
	in.word = string(b)
	return in
}

func expand(in input) ([]string, error) {
	lex := shell.NewLex(rune(in.escape))
	lex.RawQuotes = in.flags&rawQuotes != 0
	lex.RawEscapes = in.flags&rawEscapes != 0
	lex.SkipProcessQuotes = in.flags&skipQuotes != 0
	lex.SkipUnsetEnv = in.flags&skipUnset != 0
	var env []string
	for _, kv := range in.env {
		env = append(env, kv[0]+"="+kv[1])
	}
	if in.flags&words != 0 {
		return lex.ProcessWords(in.word, shell.EnvsFromSlice(env))
	}
	word, _, err := lex.ProcessWord(in.word, shell.EnvsFromSlice(env))
	return []string{word}, err
}

type answer struct {
	cdriver.Reject
	Words []string `json:"words"`
}

func (c *counts) check(i int, b []byte, line string) string {
	in := decode(b)
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return fmt.Sprintf("bad answer %q: %v", line, err)
	}
	want, err := expand(in)
	switch {
	case a.Reject.Reject == "limit":
		c.limits++
		return ""
	case err != nil && a.Reject.Reject == "":
		return fmt.Sprintf("%+v\nBuildKit rejects: %v", in, err)
	case err == nil && a.Reject.Reject != "":
		return fmt.Sprintf("%+v\nwe reject: %s", in, a.Message)
	case err != nil:
		c.rejected++
		if !cdriver.SameMessage(cdriver.Bytes(a.Message), err.Error()) {
			return fmt.Sprintf("ours:       %s\nBuildKit's: %s", a.Message, err)
		}
		return ""
	}
	c.accepted++
	if len(want) != 1 || want[0] != in.word {
		c.changed++
	}
	got := make([]string, len(a.Words))
	for i, w := range a.Words {
		got[i] = cdriver.Bytes(w)
	}
	if len(got) != len(want) || strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		return fmt.Sprintf("%+v\nours:       %q\nBuildKit's: %q", in, got, want)
	}
	return ""
}
