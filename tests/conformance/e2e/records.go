package main

import (
	"fmt"
	"regexp"
	"slices"
)

var digestText = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// keysComparison holds the records of a cache against those that were computed.
//
// A computed digest must be in the cache, and so must each link; what is in the cache must have been computed, or be what
// was said not to be known. The daemon joins records of one digest that share a link, so links are compared per digest.
type keysComparison struct {
	real, ours []record
	byDigest   map[string][]record // ours
	spare      map[string]int      // inputs: how many of ours have no digest, not yet used up
	tally      keysTally
}

func newKeysComparison(real, ours []record) *keysComparison {
	c := &keysComparison{real: real, ours: ours, byDigest: map[string][]record{}, spare: map[string]int{}}
	for _, r := range ours {
		if r.digest == "" {
			c.spare[r.shape()]++
		} else {
			c.byDigest[r.digest] = append(c.byDigest[r.digest], r)
		}
	}
	return c
}

func (r record) shape() string {
	return fmt.Sprint(len(r.inputs))
}

func (c *keysComparison) run() *keysTally {
	links := map[string]map[string]string{} // of what is in the cache and not computed: by whom it is linked, and why that is fine
	for _, r := range c.real {
		for i, way := range r.inputs {
			for _, l := range way {
				if links[l.record] == nil {
					links[l.record] = map[string]string{}
				}
				links[l.record][r.digest+fmt.Sprint(i)] = c.link(r, i, l)
			}
		}
	}
	for _, r := range c.real {
		if len(c.byDigest[r.digest]) > 0 {
			c.tally.Equal++
			continue
		}
		c.absent(r, links[r.digest])
	}
	c.computed()
	return &c.tally
}

// link compares one link of a record in the cache; the reason if it is one that was said not to be known.
func (c *keysComparison) link(r record, i int, l link) string {
	known := c.byDigest[r.digest]
	if len(known) == 0 {
		return "the digest of what it leads to is not known"
	}
	why := ""
	for _, o := range known {
		if i >= len(o.inputs) {
			continue
		}
		if slices.Contains(o.inputs[i], l) {
			c.tally.EqualLinks++
			return ""
		}
		if slices.Contains(o.inputs[i], link{l.selector, ""}) {
			why = "the digest of what it comes from is not known"
		}
		if l.selector == "" && o.why[i] != "" {
			why = o.why[i]
		}
	}
	if why == "" && c.spare[r.shape()] > 0 && c.count(r.digest) > len(known) {
		why = "the digest of another record is not known" // equal operations, of which one stands on an image without config
	}
	if why == "" {
		c.wrong("%s has a link of input %d, selector %q, from %s, which was not computed (%s)", r.digest, i, l.selector, l.record, known[0])
		return ""
	}
	c.tally.unknown(why, 1)
	return why
}

// count says how many records of the cache have a digest.
func (c *keysComparison) count(digest string) int {
	n := 0
	for _, r := range c.real {
		if r.digest == digest {
			n++
		}
	}
	return n
}

// absent judges a record of the cache that was not computed.
func (c *keysComparison) absent(r record, users map[string]string) {
	if len(users) > 0 {
		why := ""
		for _, w := range users {
			if w == "" {
				why = ""
				break
			}
			why = w
		}
		if why != "" {
			c.tally.unknown(why, 1)
			return
		}
	}
	if len(users) == 0 && len(r.inputs) == 0 {
		// The exporter walks back links of the daemon's database: an image of a build before that has the same layers.
		c.tally.unknown("a root that no record leads to", 1)
		return
	}
	if c.spare[r.shape()] > 0 {
		c.spare[r.shape()]--
		c.tally.unknown("the digest is not known", 1)
		return
	}
	c.wrong("%s (%d inputs) is in the cache and was not computed", r.digest, len(r.inputs))
}

// computed judges what was computed and is not in the cache.
func (c *keysComparison) computed() {
	real := map[string][]record{}
	used := map[string]bool{}
	for _, r := range c.real {
		real[r.digest] = append(real[r.digest], r)
	}
	for _, r := range c.ours {
		for _, way := range r.inputs {
			for _, l := range way {
				used[l.record] = true
			}
		}
	}
	for _, r := range c.ours {
		switch {
		case r.digest == "":
		case len(real[r.digest]) == 0 && len(r.inputs) == 0 && !used[r.digest]:
			// a source that no step stands on is not exported
		case len(real[r.digest]) == 0:
			c.wrong("%s was computed and is not in the cache: %s", r.digest, r)
		case !slices.ContainsFunc(real[r.digest], func(x record) bool { return r.within(x, len(real[r.digest]) == 1) }):
			c.wrong("%s has computed links that the cache has not: %v, in the cache %v: %s", r.digest, r.inputs, real[r.digest][0].inputs, r)
		}
	}
}

// within says whether all known links of r are links of a record in the cache.
func (r record) within(real record, alone bool) bool {
	if len(r.inputs) != len(real.inputs) {
		return false
	}
	for i, way := range r.inputs {
		for _, l := range way {
			// a step that repeats the one whose file it copies is a record that leads to itself, which the exporter leaves out
			toItself := l.record == r.digest && alone
			if l.record != "" && !toItself && !slices.Contains(real.inputs[i], l) {
				return false
			}
		}
	}
	return true
}

func (r record) String() string {
	return fmt.Sprintf("computed: %s", r.step)
}

func (c *keysComparison) wrong(format string, args ...any) {
	c.tally.Wrong = append(c.tally.Wrong, fmt.Sprintf(format, args...))
}
