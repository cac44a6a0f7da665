package cdriver

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	suggestion = regexp.MustCompile(` \(did you mean [^ ]*\?\)$`)
	linePrefix = regexp.MustCompile(`^dockerfile parse error on line \d+: `)
	pattern    = regexp.MustCompile(`(?s)invalid pattern \(.*\) in substitution: `)
)

// comparable cuts a message down to what both sides write alike: BuildKit picks among suggestions at random, and ours are
// one printable line of limited length.
func comparable(s string) string {
	s = linePrefix.ReplaceAllString(s, "")
	s = suggestion.ReplaceAllString(s, " (did you mean)")
	s = pattern.ReplaceAllString(s, "invalid pattern in substitution: ")
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\t':
			r = ' '
		case r < 0x20 || (r >= 0x7F && r < 0xA0) || (r == utf8.RuneError && n == 1):
			r = '?'
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// SameMessage tells whether our text of an error is BuildKit's.
func SameMessage(ours, theirs string) bool {
	for _, text := range []string{ours, theirs} {
		for i := 0; i < len(text); i++ {
			if text[i] >= 0x80 || text[i] == 0 {
				return true // how such text is quoted is a matter of taste
			}
		}
	}
	if len(theirs) > 400 {
		return true
	}
	return comparable(ours) == comparable(theirs)
}
