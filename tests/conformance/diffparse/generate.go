package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes Dockerfiles: by grammar, with mistakes that people make, and then with a few bytes changed.
type generator struct {
	seed uint64
	real []string // Dockerfiles that people wrote
}

// file is input i; the same for the same seed.
func (g *generator) file(i int) []byte {
	r := rand.New(rand.NewPCG(g.seed, uint64(i)))
	w := &writer{r: r, careful: r.IntN(3) > 0, escape: `\`, newline: "\n"}
	if len(g.real) > 0 && r.IntN(4) == 0 {
		w.b.WriteString(g.real[r.IntN(len(g.real))])
	} else {
		w.dockerfile()
	}
	text := w.b.String()
	switch r.IntN(20) {
	case 0, 1, 2, 3, 4:
		text = w.mutate(text, 1+r.IntN(3))
	case 6:
		text = w.mutate(text, 1+r.IntN(20))
	}
	return []byte(text)
}

type writer struct {
	b       strings.Builder
	r       *rand.Rand
	careful bool // makes no mistakes that it knows of
	escape  string
	newline string
	pending []string // terminators of heredocs, with their bodies
}

// bad begins the choices that BuildKit most likely rejects.
const bad = "\x01"

func (w *writer) pick(list ...string) string {
	for {
		s, mistake := strings.CutPrefix(list[w.r.IntN(len(list))], bad)
		if !mistake || !w.careful {
			return s
		}
	}
}

// mistake is true once in n times, and never for a careful writer.
func (w *writer) mistake(n int) bool {
	return !w.careful && w.rare(n)
}

// rare is true once in n times.
func (w *writer) rare(n int) bool {
	return w.r.IntN(n) == 0
}

var hostile = []string{
	`\`, "`", `"`, `'`, "<<EOF", "<<-EOF", "<<'EOF'", "<<", "<", ">", "--", "--from=x", "--link", "--x", "---", "-", "$", "${", "}", "${A:-", "${A#", "${A/b/",
	"[", "]", `["a", "b"]`, `["a", 1]`, `[]`, `[null]`, `[1e999]`, `["\ud800"]`, `["\u00e9\ud83d\ude00"]`, "{", "#", "# x", "#!", "# escape=`\n", "# syntax=a\n",
	"\u00a0", "\u0085", "\x85", "\xa0", "\xff", "\xc3", "\u00e9", "\x00", "\v", "\f", "\r", "\r\n", "\n", "\n\n", "\t", " ", "  ", "\ufeff", "\u2028", "\u3000",
	"İ", "ſ", "\u212a", "ı", "=", ",", ";", ":", "/", "\\\n", "`\n", "\\ \n", "\\\\\n", "\\\n#c\n", "\\\n\n", "ONBUILD ", "ONBUILD ONBUILD ", "AS", " as ", "FROM a\n", "ARG x\n", "EOF\n", "\nEOF",
	`\"`, `\'`, `\$`, `""`, `''`, "\u0660", "0", "00", "-1", "1e3", "1ms", "1h", "*", "?", "~", "&&", "|", "é=è", "\xe2\x82", "\xf0\x9f\x98\x80",
}

func (w *writer) mutate(text string, n int) string {
	for ; n > 0; n-- {
		at := w.r.IntN(len(text) + 1)
		end := min(len(text), at+w.r.IntN(6))
		switch w.r.IntN(6) {
		case 0:
			text = text[:at] + text[end:]
		case 1:
			text = text[:at] + string([]byte{byte(w.r.IntN(256))}) + text[at:]
		case 2:
			if len(text) > 0 {
				from := w.r.IntN(len(text))
				to := min(len(text), from+w.r.IntN(40))
				text = text[:at] + text[from:to] + text[at:]
			}
		default:
			text = text[:at] + w.pick(hostile...) + text[at:]
		}
	}
	return text
}

func (w *writer) dockerfile() {
	if w.rare(40) {
		w.b.WriteString("\ufeff")
	}
	if w.rare(10) {
		w.newline = "\r\n"
	}
	if w.rare(40) {
		w.b.WriteString("#!/usr/bin/env docker" + w.newline)
	}
	if !w.careful || !strings.Contains(w.b.String(), "#!") { // after that line BuildKit takes no escape directive
		w.directives()
	}
	for w.rare(3) {
		w.instruction("ARG")
	}
	stages := 1 + w.r.IntN(3)
	if w.mistake(40) {
		stages = 0
	}
	for range stages {
		w.instruction("FROM")
		for range w.r.IntN(6) {
			w.instruction("")
		}
	}
	if w.rare(4) {
		s := w.b.String()
		w.b.Reset()
		w.b.WriteString(strings.TrimSuffix(s, w.newline))
	}
}

func (w *writer) directives() {
	seen := map[string]bool{}
	for w.rare(3) {
		name := w.pick("syntax", "escape", "escape", "check", "Syntax", "ESCAPE", bad+"unknown", bad+"syntax2")
		if w.careful && seen[strings.ToLower(name)] {
			break
		}
		seen[strings.ToLower(name)] = true
		value := w.pick("docker/dockerfile:1", "`", `\`, "skip=all", "docker/dockerfile:1 x=y", bad, "a\tb", "``", "x")
		if strings.EqualFold(name, "escape") && !w.mistake(8) {
			value = w.pick("`", `\`)
		}
		if strings.EqualFold(name, "escape") && value == "`" {
			w.escape = "`"
		}
		w.b.WriteString(w.pick("# ", "#", "#", "  # ", "#\t", bad+"// ", "#\u00a0") + name + w.pick("=", "=", " = ", "= ", "\t=") + value + w.pick("", "", " ", "\t") + w.newline)
	}
	if w.mistake(60) {
		w.b.WriteString(`{"syntax": "x y", "a": ` + w.value(0) + w.pick("}", `, "syntax": `+w.value(2)+"}") + w.newline)
	}
}

var instructionNames = []string{
	"ADD", "ARG", "CMD", "COPY", "COPY", "COPY", "ENTRYPOINT", "ENV", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "RUN", "RUN", "RUN",
	"SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}

func (w *writer) casing(name string) string {
	switch w.r.IntN(24) {
	case 0, 1:
		return strings.ToLower(name)
	case 2:
		return name[:1] + strings.ToLower(name[1:])
	case 3:
		if w.mistake(3) {
			return strings.NewReplacer("I", "İ", "K", "\u212a", "S", "ſ").Replace(name)
		}
	case 4:
		if w.mistake(8) {
			return w.mutate(name, 1)
		}
	}
	return name
}

// instruction writes one with what surrounds it; "" for any but FROM.
func (w *writer) instruction(name string) {
	for w.rare(6) {
		w.b.WriteString(w.pick("# a comment", "", "   ", "\t# x", "#", "#hadolint ignore=DL3008") + w.newline)
	}
	if name == "" {
		name = instructionNames[w.r.IntN(len(instructionNames))]
	}
	w.b.WriteString(w.pick("", "", "", "", "", "  ", "\t", "\u00a0"))
	if w.rare(60) {
		w.b.WriteString(w.escape + w.newline)
	}
	w.body(name, false)
	if w.mistake(40) {
		w.b.WriteString(w.pick("--x"+w.escape, `--"x"`, `--"x`+w.escape, "--", `--""`, " "+w.escape, `"`+w.escape, "--x"+w.escape+" ", `""`))
	}
	if w.rare(1500) {
		w.b.WriteString(strings.Repeat("x", 65440+w.r.IntN(120)))
	}
	w.b.WriteString(w.pick("", "", "", "", "", " ", "\t") + w.newline)
	w.heredocs()
}

// space separates words.
func (w *writer) space() string {
	if w.rare(14) {
		s := w.pick("", " ", "  ") + w.escape + w.pick("", "", " ", "\t", "  \t") + w.newline
		for w.rare(4) {
			s += w.pick("# comment", "  # comment", "", "  ", "\t") + w.newline
		}
		return s + w.pick(" ", "    ", "\t")
	}
	return w.pick(" ", " ", " ", " ", " ", " ", "  ", "\t", " \t ", "\v", "\f")
}

func (w *writer) write(parts ...string) {
	for i, p := range parts {
		if i > 0 {
			w.b.WriteString(w.space())
		}
		w.b.WriteString(p)
	}
}

func (w *writer) body(name string, inner bool) {
	w.b.WriteString(w.casing(name))
	if w.mistake(60) {
		return
	}
	w.b.WriteString(w.space())
	switch name {
	case "FROM":
		w.from()
	case "ARG":
		w.flags("x")
		for range 1 + w.r.IntN(2) {
			w.write(w.pick("A", "VERSION", "x", "TARGETPLATFORM") + w.pick("", "", "=", "=1.2", `="a b"`, "='c'", "=$B", "=${A:-x}"))
			w.b.WriteString(w.pick("", " "))
		}
	case "COPY", "ADD":
		w.copy(name)
	case "ENV", "LABEL":
		w.pairs()
	case "RUN":
		w.run()
	case "CMD", "ENTRYPOINT", "SHELL":
		w.flags("x")
		w.commandLine(name == "SHELL")
	case "HEALTHCHECK":
		w.health()
	case "EXPOSE":
		w.flags("x")
		w.write(w.list("80", "443/tcp", "$PORT", "8000-8010", "80/udp", `"90"`)...)
	case "VOLUME":
		if w.rare(2) {
			w.b.WriteString(w.array("/data", "/var/lib/x", " /y ", bad))
		} else {
			w.write(w.list("/data", "/var/lib/x", "$V", `"/q"`)...)
		}
	case "ONBUILD":
		if inner && (w.careful || !w.rare(3)) {
			w.b.WriteString("x")
			return
		}
		trigger := instructionNames[w.r.IntN(len(instructionNames))]
		for w.careful && (trigger == "ONBUILD" || trigger == "MAINTAINER") {
			trigger = "RUN"
		}
		if w.mistake(20) {
			trigger = "FROM"
		}
		w.body(trigger, true)
	case "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR":
		w.flags("x")
		w.write(w.pick("Joe <joe@example.com>", "SIGTERM", "9", "app:app", "1000", "/app", "$HOME/x", `"C:\x"`, "../y", `/a\ b`, `/w/`))
	}
}

func (w *writer) list(choices ...string) []string {
	var out []string
	for range 1 + w.r.IntN(3) {
		out = append(out, w.pick(choices...))
	}
	return out
}

func (w *writer) from() {
	if w.rare(5) {
		w.flag("platform", "$BUILDPLATFORM", "linux/amd64", "", "$TARGETPLATFORM")
	}
	w.flags("x")
	w.write(w.pick("alpine", "python:3.12-slim", "scratch", "$BASE", "${A:-x}:1", "golang:1@sha256:0123", "builder", `"quoted"`))
	if w.rare(2) {
		w.b.WriteString(w.space())
		w.write(w.pick("AS", "as", "As", "AS", "AS", "aſ", bad+"IS"), w.pick("builder", "base", "Build-1", "a.b_c", bad+"1x", bad+"x/y", "final", "KİT", "\u212a"))
	}
}

// flags now and then writes flags that most instructions do not have.
func (w *writer) flags(names ...string) {
	if w.mistake(50) {
		w.flag(w.pick(names...), "1", "", "true")
	}
	if w.rare(80) {
		w.b.WriteString("--" + w.space())
	}
}

func (w *writer) flag(name string, values ...string) {
	name = w.misspell(name)
	value := w.pick(values...)
	switch w.r.IntN(24) {
	case 0:
		if w.careful {
			return
		}
		w.b.WriteString("--" + name)
	case 1:
		w.b.WriteString("--" + name + `="` + value + `"`)
	case 2:
		w.b.WriteString("--" + name + "='" + value + "'")
	case 3:
		if w.careful {
			return
		}
		w.b.WriteString("--" + name + "=")
	default:
		w.b.WriteString("--" + name + "=" + value)
	}
	w.b.WriteString(w.space())
}

func (w *writer) misspell(name string) string {
	if !w.mistake(40) {
		return name
	}
	at := w.r.IntN(len(name))
	switch w.r.IntN(4) {
	case 0:
		return name[:at] + name[at+1:]
	case 1:
		return name[:at] + "x" + name[at:]
	case 2:
		return strings.ToUpper(name)
	}
	return "unknown"
}

func (w *writer) boolean(name string) {
	if w.rare(2) {
		w.b.WriteString("--" + w.misspell(name) + w.space())
		return
	}
	w.flag(name, "true", "false", "TRUE", "False", bad+"1", bad+"yes", bad)
}

func (w *writer) copy(name string) {
	used := map[int]bool{}
	for range w.r.IntN(3) {
		kind := w.r.IntN(9)
		if w.careful && used[kind] && kind < 6 {
			continue
		}
		used[kind] = true
		switch kind {
		case 0:
			if name == "COPY" {
				w.flag("from", "builder", "0", "alpine:3", "$A")
			} else {
				w.flag("checksum", "sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d", "$C")
			}
		case 1, 2:
			if w.careful && kind == 1 {
				continue
			}
			w.flag("chown", "app:app", "1000", "$U", "é:ü")
		case 3:
			w.flag("chmod", "755", "u+x", "$M")
		case 4:
			w.boolean("link")
		case 5:
			if name == "COPY" {
				w.boolean("parents")
			} else {
				w.boolean(w.pick("keep-git-dir", "unpack"))
			}
		case 6, 7:
			w.flag("exclude", "*.md", "!x", "a b", "**/node_modules")
		case 8:
			w.flags("from", "parents", "unpack", "checksum")
		}
	}
	if w.rare(8) {
		w.b.WriteString(w.array("a", "b c", "/dst/", "<<EOF", "é"))
		return
	}
	sources := w.list(".", "requirements.txt", "src/", "./a b", "*.py", "$SRC/x", "https://example.com/a.tgz", `"q"`, "https://github.com/a/b.git#main", `a\ b`)
	if w.rare(5) {
		sources = append(sources, w.heredoc())
	}
	if w.rare(20) {
		sources = append(sources, w.heredoc())
	}
	w.write(append(sources, w.pick("/app/", ".", "/dst", "$DST", "./", `"/q"`))...)
}

func (w *writer) pairs() {
	w.flags("x")
	if w.rare(4) {
		w.write(w.pick("KEY", "a.b", "$K"), w.pick("some value", "x=y", `"quoted text"`, `it's`, `$A ${B}`, `a\ b`))
		return
	}
	for i := range 1 + w.r.IntN(3) {
		if i > 0 {
			w.b.WriteString(w.space())
		}
		w.b.WriteString(w.pick("KEY", "PATH", "a.b", "com.example/x", "$K", "é", bad, "KEY", "K2") + w.pick("=", "=", "=", "=", "=", bad, "=", bad) +
			w.pick("value", `"a b"`, `'c d'`, `a\ b`, "$A", "${B:-x}", bad+"${B:-x y}", "", `"it's \"x\""`, "a=b", "\u00e9\u4e2d", bad+`"open`, bad+`x\`))
	}
}

func (w *writer) run() {
	used := map[int]bool{}
	for w.rare(3) {
		kind := w.r.IntN(8)
		if w.careful && kind < 2 && used[kind] {
			continue
		}
		used[kind] = true
		switch kind {
		case 0:
			w.flag("network", "none", "host", "default", bad+"bridge", bad)
		case 1:
			w.flag("security", "insecure", "sandbox", bad+"other")
		case 2:
			w.flag("device", "vendor.com/gpu=all", "name=x,required", "x,required=false", bad+"x,name=y", bad+"required=2,x", bad, "name=a,required", bad+"a,b", bad+"a,requird=1")
		case 3:
			w.flags("mount", "privileged")
		default:
			w.b.WriteString("--mount=" + w.mount() + w.space())
		}
	}
	if w.rare(8) {
		w.write(w.pick("cat", "python", "", "sh -e", "FOO=1 cat"), w.heredoc())
		for w.rare(3) {
			w.b.WriteString(" " + w.heredoc())
		}
		w.b.WriteString(w.pick("", "", " > /x", " && echo done", "; ls"))
		return
	}
	w.commandLine(false)
}

func (w *writer) mount() string {
	switch w.r.IntN(8) {
	case 0:
		return "type=tmpfs," + w.pick("target=/t,", "", "ro,") + "size=" + w.size() + w.pick("", ",size="+w.size())
	case 1:
		return "type=secret," + w.pick("id=a", "source=b", "src=a,id=b", "target=/c", "from=x,id=a", "sharing=locked,id=a", "env=E") + w.pick("", ",required", ",mode=0400", ",uid=1")
	}
	fields := []string{"type=" + w.pick("cache", "cache", "bind", "bind", "secret", "ssh", "tmpfs", "CACHE", "$B", "volume", "cach")}
	if w.rare(5) {
		fields = nil
	}
	for range w.r.IntN(5) {
		fields = append(fields, w.pick(
			"target=/root/.cache/pip", "dst=/x", "destination=$A/y", "source=.", "src=req.txt", "from=builder", bad+"from=$A", "from=a$", "id=pip", "id=${A:-x}", "sharing=locked",
			"sharing=PRIVATE", "sharing=shred", "ro", "rw", "readonly", "readwrite=false", "ro=true", "rw=1", "required", "required=true", "required=maybe", "size=100m", "size=1.5GiB",
			"size=0x1p3k", "size=1_000", "size=1e3", "size=-1", "size=x", "size= 10 kb", "mode=0755", "mode=888", "uid=1000", "gid=0", "uid=-1", "env=TOKEN", "env=", "unknown=1", "targett=/x", "Target=/up",
			`'"target=/a,b"'`, `'"target=/q""uote"'`, bad+`"open`, bad+`a"b`, bad+`a""b`, bad+`'"x"y'`, "", "size=9e30", "size=5\u212a", "uid=4294967296", "target=${A", "source='q'", "size=.5g", "size=10 ", "size=infinity0"))
	}
	w.r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return strings.Join(fields, ",")
}

// number is one by the grammar of some language.
func (w *writer) number() string {
	return w.pick("", "", "-", "+") + w.pick("0", "1", "12", "1_0", "_1", "1__0", "0x1f", "0X_1p", "0b1", "0o7", "00", "17976931348623158", "9223372036854775807", "9223372036854775808",
		"92233720368547758070", "") + w.pick("", "", ".", ".5", ".05", ".000", ".1_2", ".123456789012345678901") + w.pick("", "", "", "e3", "E+2", "e-400", "e308", "e292", "e293", "p3", "p-2", "e", "e1_0")
}

func (w *writer) size() string {
	return w.number() + w.pick("", "", "k", "M", "g", "T", "p", "e", "b", "kb", "KiB", "mib", "mi", "gbb", " k", "  k", " ", ".", "\u212a", "kİ", "i", "kib0")
}

func (w *writer) duration() string {
	s := w.pick("", "", "", "-", "+")
	for range 1 + w.r.IntN(2) {
		s += w.pick("0", "1", "30", "100", "2562047", "2562048", "9223372036854775807", "99999999999999999999", "") + w.pick("", "", ".5", ".", ".000001", ".99999999999999999999", ".123456789") +
			w.pick("s", "m", "h", "ms", "us", "ns", "µs", "d", "", "x\"")
	}
	return s
}

// value is JSON, or nearly.
func (w *writer) value(depth int) string {
	switch w.r.IntN(9) {
	case 0:
		return w.number()
	case 1:
		return w.pick("true", "false", "null", "tru", "nul")
	case 2, 3:
		return w.pick(`""`, `"a"`, `"\u00e9"`, `"\uD83D\uDE00"`, `"\ud83dx"`, `"\udc00"`, `"\u12"`, `"\x"`, `"\/\b\f\n\r\t\"\\"`, `"`, "\"\x7f\"", "\"\xff\"", `"\u0000"`, `'a'`)
	case 4:
		return w.number() + w.number()
	}
	if depth > 3 {
		return "0"
	}
	var parts []string
	object := w.rare(2)
	for range w.r.IntN(3) {
		v := w.value(depth + 1)
		if object && !w.rare(10) {
			v = w.pick(`"k"`, `"syntax"`, `""`, "k") + w.pick(":", " : ", "=") + v
		}
		parts = append(parts, v)
	}
	inner := strings.Join(parts, w.pick(",", " , ", ",,"))
	if object {
		return "{" + inner + w.pick("}", " }", "]")
	}
	return "[" + inner + w.pick("]", "\t]", "}", ",]")
}

func (w *writer) commandLine(json bool) {
	if json || w.rare(4) {
		w.b.WriteString(w.array("sh", "-c", "echo \\\"hi\\\"", "/bin/bash", "é", "\\u00e9", "a\\\\b", "\\n", "\\ud83d\\ude00", "\\ud83d"))
		return
	}
	w.write(w.list("apt-get update", "&&", "pip install -r requirements.txt", `echo "a $A b"`, `'it''s'`, "rm -rf /x;", "python -m app", "| tee log", "$(pwd)", "--flag", `\"`, "cat <file", "[ -f x ]", "[x]", "é")...)
}

// array is a JSON array of strings, or nearly one.
func (w *writer) array(choices ...string) string {
	var parts []string
	n := w.r.IntN(4)
	if w.careful {
		n += 2
	}
	for range n {
		parts = append(parts, `"`+w.pick(choices...)+`"`)
	}
	if w.mistake(25) {
		parts = append(parts, w.pick("1", "null", "true", "-0.5e+3", "01", "[]", "{}", `{"a":["b",{}]}`, `[["x"]]`, "1e400", `"\x"`, "\"\t\"", "'x'", "1.7976931348623158e308", "1.7976931348623159e308", "nul"))
	}
	if w.mistake(15) {
		parts = append(parts, w.value(0))
	}
	s := w.pick("[", "[", "[ ", "[\t") + strings.Join(parts, w.pick(",", ", ", " , ")) + w.pick("]", "]", "]", " ]")
	if w.mistake(30) {
		s += w.pick("x", ",", "]", " # c", "\u00a0")
	}
	if w.mistake(40) {
		s = strings.Replace(s, ",", "", 1)
	}
	return s
}

func (w *writer) health() {
	if w.rare(8) {
		w.write(w.pick("NONE", "none", bad+"NONE x"))
		return
	}
	used := map[string]bool{}
	for w.rare(2) {
		name := w.pick("interval", "timeout", "start-period", "start-interval", "retries")
		if w.careful && used[name] {
			break
		}
		used[name] = true
		if name == "retries" {
			w.flag(name, "3", "0", bad+"-1", bad+"x", bad+"99999999999", "+2", "")
		} else if w.rare(2) && !w.careful {
			w.flag(name, w.duration())
		} else {
			w.flag(name, "30s", "1m30s", "500ms", "1.5h", "0", bad+"1us", bad+"10", bad+"-5s", bad+"1d", "9223372036854775807ns", bad+"9223372036854775808ns",
				".5s", bad+"1h.5", bad+"5µs", bad+"1000µs", "")
		}
	}
	w.write(w.pick("CMD", "CMD", "CMD", "CMD", "cmd", bad+"CMD-SHELL", bad+"RUN"))
	if w.mistake(15) {
		return
	}
	w.b.WriteString(w.space())
	w.commandLine(false)
}

// heredoc returns an operator whose body comes after the line.
func (w *writer) heredoc() string {
	name := w.pick("EOF", "EOF", "file.txt", "A", "end-1", "$X", bad+"E F", bad+"a\"b")
	op := "<<"
	if w.rare(3) {
		op = "<<-"
	}
	if w.rare(20) {
		op = w.pick("3<<", bad+"<< ", "1<<-", bad+"<<- ", bad+"<<<")
	}
	written := name
	switch w.r.IntN(8) {
	case 0, 1:
		written = `"` + name + `"`
	case 2:
		written = "'" + name + "'"
	case 3:
		if w.rare(4) {
			written = name[:1] + "\\" + name[1:]
		}
	}
	var body strings.Builder
	for range w.r.IntN(4) {
		body.WriteString(w.pick("echo $A", "\tindented", "# not a comment", "", "line \\", "<<EOF", "\t\tx\t", "é", "EOFX", " EOF") + w.newline)
	}
	tabs := ""
	if strings.Contains(op, "-") && w.rare(2) {
		tabs = "\t"
	}
	if !w.mistake(40) {
		w.pending = append(w.pending, body.String()+tabs+name)
	}
	return op + written
}

func (w *writer) heredocs() {
	for _, p := range w.pending {
		fmt.Fprint(&w.b, p, w.newline)
	}
	w.pending = nil
}
