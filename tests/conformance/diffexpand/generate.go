package main

import (
	"math/rand/v2"
	"strings"
)

// generator makes words by the lexer's grammar, then changes a few bytes of some.
type generator struct {
	seed uint64
}

func (g *generator) input(i int) input {
	r := rand.New(rand.NewPCG(g.seed, uint64(i)))
	w := &writer{r: r, escape: `\`}
	in := input{escape: '\\'}
	if r.IntN(4) == 0 {
		w.escape, in.escape = "`", '`'
	}
	// As dockerfile2llb uses them, and then any.
	in.flags = []byte{0, 0, 0, words, rawQuotes | rawEscapes | skipUnset, skipQuotes, skipUnset | words, rawQuotes | skipUnset | words, byte(r.IntN(32))}[r.IntN(9)]
	for _, name := range []string{"A", "B", "EMPTY", "_x1", "é", "PATH", "$", "1", ""} {
		if r.IntN(3) > 0 {
			in.env = append(in.env, [2]string{name, w.value()})
		}
	}
	in.word = w.word(0)
	for r.IntN(4) == 0 {
		in.word = w.mutate(in.word)
	}
	return in
}

type writer struct {
	r      *rand.Rand
	escape string
}

func (w *writer) pick(list ...string) string {
	return list[w.r.IntN(len(list))]
}

var pieces = []string{
	"a", "b", "ab", "aab", "abab", "x/y/z", "foo.tar.gz", "/usr/local/bin:/usr/bin", "1.2.3", "é", "中文", "\xff", "\u00a0", "\n", "a\nb\n", " ", "\t", "A", "*", "?", ".", "[a]", "(x)", "|",
	"^", "$", "$0", "${0}", "$1x", "\\", "\\*", "/", "}", "{", "#", "%", "'", `"`, "-", "+", "\ufeff", "\x00", "x y", "\U0001f600", "\ufffd", "aXbXc", "",
}

// letters is a text of few different characters, in which patterns match at many places.
func (w *writer) letters(n int, alphabet ...string) string {
	var b strings.Builder
	for range w.r.IntN(n) {
		b.WriteString(w.pick(alphabet...))
	}
	return b.String()
}

func (w *writer) value() string {
	if w.r.IntN(2) == 0 {
		return w.letters(14, "a", "a", "b", "b", ".", "\n", "é")
	}
	var b strings.Builder
	for range w.r.IntN(4) {
		b.WriteString(pieces[w.r.IntN(len(pieces))])
	}
	return b.String()
}

func (w *writer) mutate(s string) string {
	at := w.r.IntN(len(s) + 1)
	switch w.r.IntN(3) {
	case 0:
		return s[:at] + s[min(len(s), at+1+w.r.IntN(3)):]
	case 1:
		return s[:at] + string([]byte{byte(w.r.IntN(256))}) + s[at:]
	}
	return s[:at] + w.pick("$", "{", "}", "${", ":", "-", "+", "?", "#", "%", "/", "//", `"`, "'", "\\", "`", "<", "<<", " ", "\u2028", "\ufeff", "*", "İ") + s[at:]
}

func (w *writer) name() string {
	return w.pick("A", "A", "B", "B", "EMPTY", "UNSET", "_x1", "é", "PATH", "1", "12", "@", "#", "?", "$", "-", "*", "!", "0", "", "a", "٣")
}

func (w *writer) word(depth int) string {
	var b strings.Builder
	for range w.r.IntN(5) {
		switch w.r.IntN(12) {
		case 0, 1, 2:
			b.WriteString(w.pick("abc", "x", "a b", "/usr", "é", ".", "-", "=", "\t", "  ", "<", "<<", "<< EOF", "<<<", "\r", "a=b"))
		case 3:
			b.WriteString("$" + w.name())
		case 4:
			b.WriteString("${" + w.name() + "}")
		case 5:
			b.WriteString("'" + w.pick("", "a b", "$A", `"`, `\`, "x", "`") + "'")
		case 6:
			b.WriteString(`"` + w.quoted(depth) + `"`)
		case 7:
			b.WriteString(w.escape + w.pick("$", `"`, "'", "a", " ", w.escape, "}", "/", "\n", "é"))
		case 8:
			b.WriteString(w.pick(`\`, "`", "$", "{", "}", "/", "*", "?"))
		default:
			if depth < 4 {
				b.WriteString(w.substitution(depth + 1))
			}
		}
	}
	return b.String()
}

func (w *writer) quoted(depth int) string {
	switch w.r.IntN(6) {
	case 0:
		return w.pick("", "a b", "'", "x")
	case 1:
		return w.escape + w.pick(`"`, "$", w.escape, "a", "*", "/", "}")
	case 2:
		return "$" + w.name()
	case 3:
		return "a " + w.pattern() + " b"
	}
	if depth < 4 {
		return w.substitution(depth + 1)
	}
	return "deep"
}

func (w *writer) pattern() string {
	if w.r.IntN(2) == 0 {
		return w.pick("", "", "\ufeff", "x") + w.letters(6, "*", "*", "?", "a", "a", "b", "b", ".", "\n", "é") + w.pick("", "", "\ufeff")
	}
	var b strings.Builder
	for range w.r.IntN(5) {
		b.WriteString(w.pick("*", "*", "?", "a", "b", "/", ".", "ab", `\/`, `\}`, `\*`, `\?`, `\\`, "$B", "x", "X", "'*'", `"?"`, `"\*"`, `'\'`, ":", "é", "[a]", "\n", "`*", "\\n", "${B:-a}", "<"))
	}
	return b.String()
}

func (w *writer) substitution(depth int) string {
	name := w.name()
	kind := w.r.IntN(9)
	if kind >= 2 && kind <= 5 && w.r.IntN(5) > 0 {
		name = w.pick("A", "B") // a pattern wants a value to match
	}
	switch kind {
	case 0, 1:
		return "${" + name + w.pick(":-", ":+", ":?", "-", "+", "?") + w.word(depth) + "}"
	case 2, 3:
		return "${" + name + w.pick("#", "##", "%", "%%") + w.pattern() + "}"
	case 4, 5:
		p := strings.ReplaceAll(w.pattern(), "/", w.pick(`\/`, "", "/"))
		return "${" + name + w.pick("/", "//") + p + "/" + w.pick(w.pattern(), w.word(depth), "", "$0", `\$0`, `\$1x`, `\$$`, `\${0}`, "R", `\/`, "x") + "}"
	case 6:
		return "${" + name + w.pick(":", "=", ":=", "^", ",", "@", ":#", ":%", ":/", "!", " ", "") + w.word(depth) + "}"
	case 7:
		return w.pick("${", "${}", "${:", "${{x}", "${A", "${A:-", "${A/", "${A/a", "${A/a/", "${ A}", "${A B}")
	}
	return "${" + name + "}"
}
