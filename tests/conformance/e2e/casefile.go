package main

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A case is one text file: what it is about, the options of the build, and the two trees.
//
//	# COPY: an equal file under another name misses, the name is in the operation.
//	target: final
//	real: miss [2/3]
//	expect: depends [final 3/3]
//	-- AB Dockerfile --
//	FROM alpine
//	-- A old mode=755 --
//	text
//	-- B "new name" no-newline --
//	text
//	-- AB link -> new --
//	-- A vendor/lib @1111111111111111111111111111111111111111 --
//	-- B http:example.com/file modified=2024-01-01T00:00:00Z --
//
// `real:` states what BuildKit does with a step in both modes, so that a case cannot lose its point unseen;
// `real equal:` and `real fresh:` do so for one mode. `expect:` allows the prediction to be `depends` or
// `unknown` there; everywhere else it must be a hit or a miss. A step is named by how its name begins.
// `frontend: builtin` or `image` leaves the case out where builds are done by the other.
// `image:` gives the config of an image, `unknown-image:` one that cachepredict is not told about.
// Attributes of a file: mode=, no-newline, crlf, escapes (\t \r \x.. and so on are meant), repeat=N.
type testCase struct {
	name, about string
	opts        options
	trees       [2][]entry
	web         [2]map[string]webFile
	real        []expectation
	expect      []expectation
	frontend    string // "builtin" or "image": the only one that the case is about, "" = both
}

type expectation struct {
	mode, outcome, step string
}

var section = regexp.MustCompile(`^-- (AB|A|B) (.+) --$`)

func parseCase(name, text string) (*testCase, error) {
	c := &testCase{name: name, opts: options{dockerfile: "Dockerfile", context: "."}}
	c.web = [2]map[string]webFile{{}, {}}
	lines := strings.SplitAfter(text, "\n")
	i := 0
	for ; i < len(lines) && !section.MatchString(strings.TrimRight(lines[i], "\n")); i++ {
		if err := c.headLine(strings.TrimSpace(lines[i])); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, i+1, err)
		}
	}
	for i < len(lines) {
		m := section.FindStringSubmatch(strings.TrimRight(lines[i], "\n"))
		start := i
		var body strings.Builder
		for i++; i < len(lines) && !section.MatchString(strings.TrimRight(lines[i], "\n")); i++ {
			body.WriteString(lines[i])
		}
		if err := c.file(m[1], m[2], body.String()); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, start+1, err)
		}
	}
	if c.about == "" || len(c.trees[0]) == 0 || len(c.trees[1]) == 0 {
		return nil, fmt.Errorf("%s: a case has a comment that says what it is about, and two trees", name)
	}
	return c, nil
}

func (c *testCase) headLine(line string) error {
	if line == "" {
		return nil
	}
	if about, found := strings.CutPrefix(line, "#"); found {
		c.about = strings.TrimSpace(c.about + about)
		return nil
	}
	key, value, found := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !found {
		return fmt.Errorf("%q is not an option", line)
	}
	outcome, step, _ := strings.Cut(value, " ")
	switch key {
	case "real", "real equal", "real fresh":
		_, mode, _ := strings.Cut(key, " ")
		real := map[string]string{"hit": realCached, "miss": realRan, "unused": realNotUsed}[outcome]
		if real == "" || step == "" {
			return fmt.Errorf("real: hit, miss or unused, and a step")
		}
		c.real = append(c.real, expectation{mode, real, step})
		return nil
	case "expect":
		if (outcome != depends && outcome != unknown) || step == "" {
			return fmt.Errorf("expect: depends or unknown, and a step")
		}
		c.expect = append(c.expect, expectation{"", outcome, step})
		return nil
	case "frontend":
		if value != "builtin" && value != "image" {
			return fmt.Errorf("frontend: builtin or image")
		}
		c.frontend = value
		return nil
	case "image", "unknown-image":
		var config imageConfig
		if err := json.Unmarshal([]byte(step), &config); err != nil {
			return err
		}
		return c.opts.addImage(outcome, config, key == "image")
	}
	return c.opts.set(key, value)
}

// file takes a section: its commits, its head without the dashes, its text.
func (c *testCase) file(commits, head, body string) error {
	e := entry{mode: "100644", data: body}
	head, target, isLink := strings.Cut(head, " -> ")
	name, attributes := head, ""
	if strings.HasPrefix(head, `"`) {
		quoted, err := strconv.QuotedPrefix(head)
		if err != nil {
			return err
		}
		attributes = head[len(quoted):]
		if name, err = strconv.Unquote(quoted); err != nil {
			return err
		}
	} else {
		name, attributes, _ = strings.Cut(head, " ")
	}
	e.path = name
	if isLink {
		e.mode, e.data = "120000", target
	}
	modified := longAgo
	for _, a := range strings.Fields(attributes) {
		if err := e.attribute(a, &modified); err != nil {
			return err
		}
	}
	address, isWeb := strings.CutPrefix(name, "http:")
	for i, commit := range []string{"A", "B"} {
		switch {
		case !strings.Contains(commits, commit):
		case isWeb:
			c.web[i][address] = webFile{e.data, modified}
		default:
			e.path = path.Clean(name)
			c.trees[i] = append(c.trees[i], e)
		}
	}
	return nil
}

func (e *entry) attribute(a string, modified *time.Time) (err error) {
	key, value, _ := strings.Cut(a, "=")
	switch {
	case key == "mode":
		if value != "755" && value != "644" {
			return fmt.Errorf("git knows the modes 644 and 755")
		}
		e.mode = "100" + value
	case key == "no-newline":
		e.data = strings.TrimSuffix(e.data, "\n")
	case key == "crlf":
		e.data = strings.ReplaceAll(e.data, "\n", "\r\n")
	case key == "escapes":
		e.data, err = strconv.Unquote(`"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(e.data) + `"`)
	case key == "repeat":
		var n int
		if n, err = strconv.Atoi(value); err == nil {
			e.data = strings.Repeat(e.data, n)
		}
	case key == "modified":
		*modified, err = time.Parse(time.RFC3339, value)
	case strings.HasPrefix(key, "@") && len(key) == 41:
		e.mode, e.data = "160000", key[1:]
	default:
		return fmt.Errorf("a file has no attribute %q", a)
	}
	return err
}
