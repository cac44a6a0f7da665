package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"path"
	"strconv"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func pick(r *rand.Rand, list []string) string {
	return list[r.Intn(len(list))]
}

var names = []string{
	"a", "b", "c", "ab", "abc", "a.b", "a.txt", "b.txt", ".a", "a-b", "A", "x1", "é", "日", "a\nb", "\xff", "*", "[a]", "a\\b",
	"a b", "^", "$", "a+", "(b)", "{c}", "node_modules", "src", "sub", "main.go", "b_", "\uFFFD",
}

// few: only two names, so that much is alike
var few bool

func genPath(r *rand.Rand) string {
	n := 1 + r.Intn(4)
	if few {
		n = 1 + r.Intn(3)
	}
	parts := make([]string, n)
	for i := range parts {
		if few {
			parts[i] = pick(r, names[:2])
		} else if r.Intn(4) == 0 {
			parts[i] = pick(r, names)
		} else {
			parts[i] = pick(r, names[:8])
		}
	}
	return strings.Join(parts, "/")
}

var plainPieces = []string{"a", "b", "c", "ab", ".", "txt", "a.b", "src", "sub", "node_modules", "main.go", "-"}
var wildPieces = []string{"*", "*", "?", "**", "**/", "/**", "*.txt", "[ab]", "[a-c]", "[^a]", "***"}
var oddPieces = []string{
	"[[:alpha:]]", "[\\d]", "\\d", "\\w", "\\S", "\\pL", "\\PN", "\\pl", "\\b", "\\B", "\\A", "\\z", "\\Q", "\\E", "\\\\", "\\*", "\\a", "\\x61",
	"\\x6", "\\141", "\\1", "\\0", "\\07", "[z-a]", "[a", "]", "[]a]", "[^]", "[a-]", "[-a]", "[*]", "[?]", "[**/x]", "[a\\-c]", "[[:^digit:]]", "[[:no:]]",
	"[[.]", "^", "$", "+", "(", ")", "{2}", "{1,2}", "{0}", "{,2}", "{2,}", "{3,1}", "{01}", "{1001}", "|", "|", "{", "}", "{js,ts}", "\\x{61}", "\\p{L}", "\\P{^Lu}", "\\p{^N}", "é", "日本", "\xff", "\xEF\xBB\xBF", "\uFFFD", "\x00", "\n", "\\\n", "\\é", "\\", "!", "#", " ", "[\\pL]",
	"[^\\pL]", "[\\W]", "[a-\\d]", "[\\x61-\\x63]", "[é-日]", "[!a]", "[^/]", "[a/b]", "\\p", "\\p^", "\\C", "\\_", "[\\]]", "[:a:]", "[[:a]",
}

func genPattern(r *rand.Rand) string {
	var b strings.Builder
	if r.Intn(5) == 0 {
		b.WriteString(pick(r, []string{"!", "!", "! ", "/", "./", "!/", " ", "../", "//"}))
	}
	wild, odd := 2+r.Intn(3), 0
	if r.Intn(3) == 0 {
		odd = 3
	}
	for i := 1 + r.Intn(5); i > 0; i-- {
		switch x := r.Intn(10); {
		case x < wild:
			b.WriteString(pick(r, wildPieces))
		case x < wild+odd:
			b.WriteString(pick(r, oddPieces))
		default:
			b.WriteString(pick(r, plainPieces))
		}
		if r.Intn(3) == 0 {
			b.WriteString("/")
		}
	}
	return b.String()
}

// likePath makes a pattern of a path: something that is likely to match.
func likePath(r *rand.Rand, p string) string {
	parts := strings.Split(p, "/")
	switch r.Intn(6) {
	case 0:
		parts[r.Intn(len(parts))] = "*"
	case 1:
		parts[r.Intn(len(parts))] = "**"
	case 2:
		parts = append([]string{"**"}, parts[r.Intn(len(parts)):]...)
	case 3:
		parts = append(parts[:1+r.Intn(len(parts))], pick(r, []string{"**", "*", "*.txt"}))
	case 4:
		i := r.Intn(len(parts))
		parts[i] = parts[i][:1] + "*"
	}
	p = strings.Join(parts, "/")
	if r.Intn(3) == 0 {
		p = "!" + p
	}
	return p
}

func genPatterns(r *rand.Rand, paths []string) []string {
	list := make([]string, 1+r.Intn(5))
	for i := range list {
		if len(paths) > 0 && r.Intn(2) == 0 {
			list[i] = likePath(r, paths[r.Intn(len(paths))])
		} else {
			list[i] = genPattern(r)
		}
	}
	return list
}

func runLines(d *driver, r *rand.Rand) string {
	var b strings.Builder
	if r.Intn(10) == 0 {
		b.WriteString("\xEF\xBB\xBF")
	}
	for i := r.Intn(6); i > 0; i-- {
		b.WriteString(pick(r, []string{"", "", "", " ", "\t", "#", " #", "!", "\u00a0", "\u0085", "\v", "//", "/./", "\r"}))
		b.WriteString(genPattern(r))
		b.WriteString(pick(r, []string{"", " ", "/", "/..", "/.", "//", "\t ", "\r", "\u2003", "\xff", "/../.."}))
		b.WriteString(pick(r, []string{"\n", "\n", "\n", "\r\n", "\n\n", ""}))
	}
	if r.Intn(2000) == 0 {
		b.WriteString(strings.Repeat("x", 65530+r.Intn(10)))
		b.WriteString(pick(r, []string{"", "\n", "\r\n"}))
	}
	text := b.String()
	want, err := ignorefile.ReadAll(strings.NewReader(text))
	got := d.ask("lines", text)
	if err != nil {
		if got[0] != "error" {
			return fmt.Sprintf("a text of %d bytes: %v, but we take it", len(text), err)
		}
		return ""
	}
	// the frontend hands them on as JSON (client/llb/source.go)
	text8, _ := json.Marshal(want)
	json.Unmarshal(text8, &want)
	if fmt.Sprintf("%q", append([]string{"ok"}, want...)) != fmt.Sprintf("%q", got) {
		return fmt.Sprintf("%q: want %q, got %q", text, want, got)
	}
	return ""
}

func letter(matched bool, err error) string {
	switch {
	case err != nil:
		return "e"
	case matched:
		return "1"
	}
	return "0"
}

func runGlob(d *driver, r *rand.Rand) string {
	pattern := strings.TrimSpace(genPattern(r))
	question := []string{"glob", pattern}
	var list []string
	for range 6 {
		list = append(list, genPath(r))
	}
	if r.Intn(2) == 0 {
		pattern = likePath(r, list[0])
		question[1] = pattern
	}
	got := d.ask(append(question, list...)...)
	for i, p := range list {
		want, err := path.Match(pattern, p)
		w := letter(want, err)
		if w == "e" {
			w = "error"
		}
		if got[i] != w {
			return fmt.Sprintf("path.Match(%q, %q): want %s, got %s", pattern, p, w, got[i])
		}
	}
	return ""
}

func ancestors(p string) []string {
	var out []string
	for i := range len(p) {
		if p[i] == '/' {
			out = append(out, p[:i])
		}
	}
	return append(out, p)
}

// walk gives the decision about p with the results of the folders on the way.
func walk(m *patternmatcher.PatternMatcher, p string) (bool, error) {
	var info patternmatcher.MatchInfo
	var matched bool
	var err error
	for _, a := range ancestors(p) {
		matched, info, err = m.MatchesUsingParentResults(a, info)
		if err != nil {
			return false, err
		}
	}
	return matched, nil
}

// Patterns with the name of a Unicode class are all that we do not follow.
func namesCategory(patterns []string) bool {
	all := strings.Join(patterns, " ")
	return strings.Contains(all, "\\p{") || strings.Contains(all, "\\P{")
}

var unsupported = map[string]int{}

func runMatch(d *driver, r *rand.Rand) string {
	var paths []string
	for range 6 {
		paths = append(paths, ancestors(genPath(r))...)
	}
	patterns := genPatterns(r, paths)
	question := append([]string{"match", strconv.Itoa(len(patterns))}, patterns...)
	got := d.ask(append(question, paths...)...)
	m, err := patternmatcher.New(patterns)
	if err != nil || got[0] != "ok" {
		if err == nil || got[0] != "bad" {
			return fmt.Sprintf("%q: New says %v, we say %s", patterns, err, got[0])
		}
		return ""
	}
	fates := map[string]string{}
	for i, p := range paths {
		alone, _, err := m.MatchesUsingParentResults(p, patternmatcher.MatchInfo{})
		want := letter(alone, err)
		walked, err := walk(m, p)
		want += letter(walked, err)
		if strings.Contains(got[i+1], "u") && namesCategory(patterns) {
			unsupported["match"]++
			return ""
		}
		if want != got[i+1][:2] {
			return fmt.Sprintf("%q on %q: want %s, got %s", patterns, p, want, got[i+1])
		}
		fates[p] = got[i+1]
	}
	// "nothing can change below" must hold for everything that is below
	for dir, fate := range fates {
		for p, below := range fates {
			if fate[1] != 'e' && fate[2] == '0' && strings.HasPrefix(p, dir+"/") && fate[1] != below[1] {
				return fmt.Sprintf("%q: nothing can change below %q (%s), but %q is %s", patterns, dir, fate, p, below)
			}
		}
	}
	return ""
}
