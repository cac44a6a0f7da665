package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// tally counts the verdicts of a set of steps.
type tally struct {
	Steps, Agree, WrongHits, WrongMisses, Depends, Unknown, NameErrors int

	// Steps that depend, by the prediction, and came out the same with equal and with fresh bytes.
	DependsSame int
}

func (t *tally) add(steps []judged) {
	for _, j := range steps {
		t.Steps++
		switch j.Verdict {
		case wrongHit:
			t.WrongHits++
		case wrongMiss:
			t.WrongMisses++
		case nameError:
			t.NameErrors++
		case depends:
			t.Depends++
		case unknown:
			t.Unknown++
		default:
			t.Agree++
		}
	}
}

func (t *tally) sum(o tally) {
	t.Steps += o.Steps
	t.Agree += o.Agree
	t.WrongHits += o.WrongHits
	t.WrongMisses += o.WrongMisses
	t.Depends += o.Depends
	t.Unknown += o.Unknown
	t.NameErrors += o.NameErrors
	t.DependsSame += o.DependsSame
}

// addBoth counts a pair in both modes.
func (t *tally) addBoth(results []result) {
	for _, r := range results {
		t.add(r.Steps)
	}
	if len(results) != 2 {
		return
	}
	for _, j := range results[0].Steps {
		if j.Verdict == depends && slices.ContainsFunc(results[1].Steps, func(k judged) bool { return k.Step == j.Step && k.Real == j.Real }) {
			t.DependsSame += 2
		}
	}
}

func (t tally) String() string {
	share := func(n int) string { return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(max(1, t.Steps))) }
	return fmt.Sprintf("%d steps, agreement %s, wrong hits %d, wrong misses %d, depends %s (%d came out the same in both modes), unknown %s, name errors %d",
		t.Steps, share(t.Agree), t.WrongHits, t.WrongMisses, share(t.Depends), t.DependsSame, share(t.Unknown), t.NameErrors)
}

func reportCases(s *settings, all []caseRun) (int, error) {
	slices.SortFunc(all, func(a, b caseRun) int { return strings.Compare(a.Case+a.Mode, b.Case+b.Mode) })
	var t tally
	failed := 0
	for i := range all {
		switch {
		case len(s.imports) > 0:
			t.add(all[i].Result.Steps)
		case i+1 < len(all) && all[i].Case == all[i+1].Case:
			t.addBoth([]result{all[i].Result, all[i+1].Result})
		case i == 0 || all[i].Case != all[i-1].Case:
			t.add(all[i].Result.Steps)
		}
	}
	for _, r := range all {
		if len(r.Problems) > 0 {
			failed++
		}
	}
	if !s.keys {
		fmt.Printf("cases: %v\n", t)
	}
	k := &keysTally{}
	for _, r := range all {
		if r.Result.Keys != nil {
			k.sum(r.Result.Keys)
		}
	}
	k.print("cases")
	closing(len(all)-failed, failed)
	if err := writeSummary(s, map[string]any{"schema": "cachepredict/conformance/1", "cases": all, "total": t}); err != nil {
		return 0, err
	}
	return min(failed, 1), nil
}

func writeSummary(s *settings, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.summary, append(text, '\n'), 0o644)
}

// closing is the line that run.sh reads.
func closing(passed, failed int) {
	fmt.Printf("e2e: %d passed, %d failed\n", passed, failed)
}
