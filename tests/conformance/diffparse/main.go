// Command diffparse compares plugin/dockerfile with BuildKit's parser and instructions on generated Dockerfiles:
//
//	diffparse -n 100000 -seed 1 -driver build/cdriver_parse [Dockerfile...]
//
// The driver is ../cdriver_parse.c linked with plugin/base and plugin/dockerfile.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"cachepredict.test/conformance/cdriver"
)

type counts struct {
	accepted, rejected, limits int
	reasons                    map[string]int // of BuildKit's rejections
}

var variable = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|\d+|: .*`)

// printReasons shows that the inputs reach all of BuildKit's checks.
func (c *counts) printReasons() {
	var list []string
	for reason := range c.reasons {
		list = append(list, reason)
	}
	slices.SortFunc(list, func(a, b string) int { return c.reasons[b] - c.reasons[a] })
	for _, reason := range list {
		fmt.Printf("%7d  %s\n", c.reasons[reason], reason)
	}
}

func main() {
	n := flag.Int("n", 100000, "inputs")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	driver := flag.String("driver", "", "the C driver")
	show := flag.Int("show", 5, "differences to print")
	verbose := flag.Bool("v", false, "print what BuildKit rejects inputs for")
	only := flag.Int("only", -1, "print this input and stop")
	flag.Parse()
	g := &generator{seed: *seed}
	for _, path := range flag.Args() {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		g.real = append(g.real, string(text))
	}
	if *only >= 0 {
		os.Stdout.Write(g.file(*only))
		return
	}
	c := counts{reasons: map[string]int{}}
	restore := cdriver.Quiet()
	differences, err := cdriver.Run(*driver, *n, *show, g.file, c.check)
	restore()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *verbose {
		c.printReasons()
	}
	fmt.Printf("%d accepted, %d rejected, %d over a limit of ours\n", c.accepted, c.rejected, c.limits)
	fmt.Printf("%d inputs, %d differences\n", *n, differences)
	if differences > 0 {
		os.Exit(1)
	}
}

type answer struct {
	Syntax     string          `json:"syntax"`
	SyntaxLine int             `json:"syntaxline"`
	File       json.RawMessage `json:"file"`
}

func (c *counts) check(i int, input []byte, line string) string {
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return fmt.Sprintf("bad answer %q: %v", line, err)
	}
	r := refer(input)
	if cdriver.Bytes(a.Syntax) != r.syntax || a.SyntaxLine != r.syntaxLine {
		return fmt.Sprintf("syntax: ours %q line %d, BuildKit's %q line %d", a.Syntax, a.SyntaxLine, r.syntax, r.syntaxLine)
	}
	var reject cdriver.Reject
	if err := json.Unmarshal(a.File, &reject); err != nil {
		return fmt.Sprintf("bad answer %q: %v", line, err)
	}
	switch {
	case reject.Reject == "limit":
		c.limits++
		return ""
	case r.err == nil && reject.Reject == "":
		c.accepted++
		return sameDump(string(a.File), r.dump)
	case r.err == nil:
		return "we reject: " + reject.Message
	case reject.Reject == "":
		return "BuildKit rejects: " + r.err.Error()
	}
	c.rejected++
	c.reasons[variable.ReplaceAllString(afterLine(r.err.Error()), "~")]++
	return sameReject(input, reject, r.err)
}

// sameDump compares dumps, texts of errors within them by their meaning.
func sameDump(ours, theirs string) string {
	if ours == theirs {
		return ""
	}
	var a, b any
	if err := json.Unmarshal([]byte(ours), &a); err != nil {
		return err.Error()
	}
	if err := json.Unmarshal([]byte(theirs), &b); err != nil {
		return err.Error()
	}
	return compare("", a, b)
}

func compare(path string, a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: ours %v, BuildKit's %v", path, a, b)
		}
		for k := range b {
			if d := compare(path+"."+k, a[k], b[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return fmt.Sprintf("%s: ours %q, BuildKit's %q", path, a, b)
		}
		for i := range a {
			if d := compare(fmt.Sprintf("%s[%d]", path, i), a[i], b[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		text, ok := b.(string)
		isError := strings.HasSuffix(path, ".expanded") || strings.HasSuffix(path, ".trigger")
		if ok && (a == text || (isError && cdriver.SameMessage(cdriver.Bytes(a), cdriver.Bytes(text)))) {
			return ""
		}
	default:
		if a == b {
			return ""
		}
	}
	return fmt.Sprintf("%s: ours %q, BuildKit's %q", path, fmt.Sprint(a), fmt.Sprint(b))
}

func sameReject(input []byte, ours cdriver.Reject, theirs error) string {
	first, last, ok := lines(theirs)
	message := theirs.Error()
	switch {
	case strings.HasPrefix(message, "only one") || strings.HasPrefix(message, "invalid escape token") ||
		strings.HasPrefix(message, "dockerfile line greater"):
		last++ // BuildKit has not counted the line yet
	case strings.HasSuffix(message, "file with no instructions"):
		last++
	}
	if !ok || ours.Line < first || ours.Line > last {
		return fmt.Sprintf("ours on line %d: %s\nBuildKit's on lines %d to %d: %s", ours.Line, ours.Message, first, last, message)
	}
	if !cdriver.SameMessage(cdriver.Bytes(ours.Message), message) {
		return fmt.Sprintf("ours:       %s\nBuildKit's: %s", ours.Message, message)
	}
	return checkCaret(input, ours)
}

// checkCaret checks that a position lies on the line that it names.
func checkCaret(input []byte, r cdriver.Reject) string {
	if r.Column == 0 {
		return ""
	}
	text := strings.TrimPrefix(string(input), "\xEF\xBB\xBF")
	list := strings.Split(text, "\n")
	if r.Line > len(list) || r.Width < 1 || r.Column < 1 || r.Column-1+r.Width > len(list[r.Line-1])+1 {
		return fmt.Sprintf("position %d:%d, width %d, lies outside of its line: %s", r.Line, r.Column, r.Width, r.Message)
	}
	return ""
}

// afterLine is an error's text without the line that it names.
func afterLine(s string) string {
	if rest, ok := strings.CutPrefix(s, "dockerfile parse error on line "); ok {
		_, s, _ = strings.Cut(rest, ": ")
	}
	return s
}
