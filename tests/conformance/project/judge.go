package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"cachepredict.test/conformance/cdriver"
)

type verdict int

const (
	agree   verdict = iota
	unknown         // ours says that it does not know
	wrong
)

type tally struct {
	passed, failed int
	count          map[string][3]int // by what was compared
	refused        int               // by both
	crashes        int               // of Docker
	verdicts       map[*question]verdict
	differences    map[*question]string
}

// judge keeps the answer; what is made of it is for the end, since one question may need the answer of another.
func (t *tally) judge(q *question, line, folder string) string {
	a, err := readAnswer(line)
	if err != nil {
		a = &answer{Reject: cdriver.Reject{Reject: "UNREADABLE", Message: line}}
	}
	q.got = a
	v, difference := compare(q, folder)
	if t.verdicts == nil {
		t.verdicts, t.differences, t.count = map[*question]verdict{}, map[*question]string{}, map[string][3]int{}
	}
	t.verdicts[q], t.differences[q] = v, difference
	n := t.count[q.what]
	n[v]++
	t.count[q.what] = n
	if q.refused != nil && a.Reject.Reject != "" {
		t.refused++
	}
	return ""
}

// finish counts each written case, and the generated ones as one.
func (t *tally) finish(all []*question, show int) {
	bad := map[string]bool{}
	var order []string
	for _, q := range all {
		name := q.of.name
		if name == "" {
			name = "generated projects"
		}
		if _, seen := bad[name]; !seen {
			order = append(order, name)
			bad[name] = false
		}
		if t.verdicts[q] != wrong {
			continue
		}
		bad[name] = true
		if q.of.name != "" || show > 0 {
			fmt.Printf("--- %s: %s\n%s%s\n", name, q.what, describe(q), t.differences[q])
		}
		if q.of.name == "" {
			show--
		}
	}
	for _, name := range order {
		if bad[name] {
			t.failed++
			fmt.Printf("FAIL %s\n", name)
		} else {
			t.passed++
		}
	}
}

func describe(q *question) string {
	var b strings.Builder
	for _, name := range q.of.names {
		fmt.Fprintf(&b, "-- %s --\n%s", name, q.of.texts[name])
		if !strings.HasSuffix(q.of.texts[name], "\n") {
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "own %q, environment %q\n", q.of.own, q.of.env)
	return b.String()
}

func (t *tally) print() {
	var names []string
	for name := range t.count {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		n := t.count[name]
		fmt.Printf("%-40s %6d agree, %4d said to be unknown, %d wrong\n", name, n[agree], n[unknown], n[wrong])
	}
	fmt.Printf("%d refused by both, %d on which Docker crashes\n", t.refused, t.crashes)
	fmt.Printf("project: %d passed, %d failed\n", t.passed, t.failed)
}

// unsure: an answer that says it may not be all.
func unsure(a *answer) bool {
	return a.Reject.Reject == "UNSUPPORTED" || slices.ContainsFunc(a.Notes, func(note string) bool { return strings.Contains(note, "docker compose") })
}

func compare(q *question, folder string) (verdict, string) {
	ours := q.got
	switch {
	case q.same != nil:
		if q.same.got.Reject.Reject != "" {
			return agree, "" // told of already
		}
		if ours.Reject.Reject != "" {
			return wrong, fmt.Sprintf("ours refuses its output: %s (line %d)", ours.Message, ours.Line)
		}
		if d := difference(q.same.got.images(folder), ours.images(folder), "of the source", "of the output"); d != "" {
			if unsure(q.same.got) {
				return unknown, d
			}
			return wrong, d
		}
		return agree, ""
	case q.refused != nil && ours.Reject.Reject == "":
		if unsure(ours) {
			return unknown, ""
		}
		return wrong, fmt.Sprintf("Docker refuses it: %v\nours does not: %v", q.refused, ours.images(folder))
	case q.refused != nil:
		return agree, ""
	case ours.Reject.Reject != "":
		if unsure(ours) {
			return unknown, ""
		}
		return wrong, fmt.Sprintf("ours refuses it: %d:%d: %s", ours.Line, ours.Column, ours.Message)
	}
	d := difference(ours.images(folder), q.want, "ours", "Docker's")
	if d != "" && unsure(ours) {
		return unknown, d
	}
	if d != "" {
		return wrong, d
	}
	return agree, ""
}

func byName(images []image) map[string]image {
	out := map[string]image{}
	for _, m := range images {
		out[m["name"]] = m
	}
	return out
}

func difference(ours, theirs []image, us, them string) string {
	var b strings.Builder
	a, z := byName(ours), byName(theirs)
	for name := range z {
		if a[name] == nil {
			fmt.Fprintf(&b, "%s has no %s, %s: %v\n", us, name, them, z[name])
		}
	}
	for name, m := range a {
		if z[name] == nil {
			fmt.Fprintf(&b, "%s has no %s, %s: %v\n", them, name, us, m)
			continue
		}
		keys := map[string]bool{}
		for k := range m {
			keys[k] = true
		}
		for k := range z[name] {
			keys[k] = true
		}
		for k := range keys {
			if m[k] != z[name][k] {
				fmt.Fprintf(&b, "%s: %s: %s %q, %s %q\n", name, k, us, m[k], them, z[name][k])
			}
		}
	}
	return b.String()
}
