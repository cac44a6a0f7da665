package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
)

// recorded is what `cachepredict record` makes of a log.
type recorded struct {
	Build struct {
		Whole bool
		Steps []struct {
			Name, Outcome, Predicted, Verdict string
			Seconds                           *float64
		}
	}
	Accuracy struct {
		Judged    int
		Right     int
		WrongHit  int `json:"wrong_hit"`
		WrongMiss int `json:"wrong_miss"`
	}
	NotPrinted int `json:"not_printed"`
}

// checkRecording gives the log of B to `cachepredict record`, as BuildKit wrote it and as BuildKit's own printer shows the same events with
// --progress=plain: every step must be there with what it did, every predicted step joined to one, and the accuracy be what this program
// found itself.
func (l *lab) checkRecording(ctx context.Context, p *pair, raw []byte, real []realStep, found []judged) []string {
	plain, err := asPlain(ctx, raw)
	if err != nil {
		return []string{"progressui: " + err.Error()}
	}
	var bad []string
	for _, log := range []struct {
		kind string
		text []byte
	}{{"rawjson", raw}, {"plain", plain}} {
		r, err := l.record(ctx, p, log.kind, log.text)
		if err != nil {
			bad = append(bad, "record "+log.kind+": "+err.Error())
			continue
		}
		for _, problem := range r.compare(log.kind, real, found) {
			bad = append(bad, "record "+log.kind+": "+problem)
		}
		if len(bad) > 0 && l.settings.keep {
			os.WriteFile(filepath.Join(filepath.Dir(l.settings.summary), p.site+"."+log.kind), log.text, 0o644)
		}
	}
	return bad
}

func (l *lab) record(ctx context.Context, p *pair, kind string, text []byte) (*recorded, error) {
	log, prediction := filepath.Join(p.dir, "log."+kind), filepath.Join(p.dir, "prediction.json")
	if err := os.WriteFile(log, text, 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(prediction, p.predictedText, 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, l.settings.predictor, "record", "--state", filepath.Join(l.dir, "state.sqlite"), "--project", p.name,
		"--prediction", prediction, "--format", "json", log)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %s", err, lastLines(errs.String(), 3))
	}
	r := &recorded{}
	return r, json.Unmarshal(out.Bytes(), r)
}

// compare holds a recording against what was read off the same events here.
func (r *recorded) compare(kind string, real []realStep, found []judged) []string {
	var bad []string
	rest := append([]realStep(nil), real...)
	for _, s := range r.Build.Steps {
		if kind == "plain" && isLink(s.Name) {
			continue
		}
		outcome := strings.ReplaceAll(s.Outcome, "-", " ")
		i := find(rest, s.Name)
		if i < 0 {
			bad = append(bad, fmt.Sprintf("%q is no step", s.Name))
			continue
		}
		if kind == "plain" && (rest[i].Outcome == realNotUsed || outcome == realNotUsed && firstWorkdir.MatchString(s.Name)) {
			outcome = rest[i].Outcome // plain does not print what is not needed, or not apart from the rest
			s.Seconds = new(float64)
		}
		if rest[i].Outcome != outcome {
			bad = append(bad, fmt.Sprintf("%q is %s, not %s", s.Name, rest[i].Outcome, s.Outcome))
		}
		if outcome == realRan && s.Seconds == nil {
			bad = append(bad, fmt.Sprintf("%q ran and has no duration", s.Name))
		}
		rest = append(rest[:i], rest[i+1:]...)
	}
	for _, s := range rest {
		if kind != "plain" || s.Outcome != realNotUsed && !isLink(s.Name) {
			bad = append(bad, fmt.Sprintf("%q is missing", s.Name))
		}
	}
	return append(bad, r.compareAccuracy(kind, found)...)
}

// firstWorkdir is a WORKDIR on scratch: plain shows the computation of its key as it shows a run.
var firstWorkdir = regexp.MustCompile(`^\[([^ ]+ )?\s*1/\d+\] WORKDIR `)

// isLink tells the copy of a COPY --link and its merge, which plain progress shows as one or not at all.
func isLink(name string) bool {
	return strings.Contains(name, " --link")
}

func (r *recorded) compareAccuracy(kind string, found []judged) []string {
	var right, wrong, unprinted int
	for _, j := range found {
		if kind == "plain" && (isLink(j.Step) || j.Verdict == notUsed) {
			unprinted++
			continue
		}
		switch j.Verdict {
		case agree:
			right++
		case wrongHit, wrongMiss:
			wrong++
		}
	}
	var bad []string
	// Platforms share steps: a prediction of each is one step of the build.
	if r.NotPrinted > unprinted {
		bad = append(bad, fmt.Sprintf("%d predicted steps are joined to none", r.NotPrinted))
	}
	if r.Accuracy.WrongHit+r.Accuracy.WrongMiss != wrong {
		bad = append(bad, fmt.Sprintf("%d wrong hits and %d wrong misses, and %d are wrong", r.Accuracy.WrongHit, r.Accuracy.WrongMiss, wrong))
	}
	if kind != "plain" && (r.Accuracy.Right > right || (r.Accuracy.Right == 0) != (right == 0)) {
		bad = append(bad, fmt.Sprintf("%d steps are right, and %d are", r.Accuracy.Right, right))
	}
	return bad
}

// asPlain shows what was logged as rawjson by BuildKit's own printer.
func asPlain(ctx context.Context, raw []byte) ([]byte, error) {
	var out bytes.Buffer
	display, err := progressui.NewDisplay(&out, progressui.PlainMode)
	if err != nil {
		return nil, err
	}
	ch := make(chan *client.SolveStatus)
	go func() {
		defer close(ch)
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			status := &client.SolveStatus{}
			if json.Unmarshal(lines.Bytes(), status) == nil {
				ch <- status
			}
		}
	}()
	_, err = display.UpdateFrom(ctx, ch)
	return out.Bytes(), err
}
