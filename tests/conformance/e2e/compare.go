package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

type predictedStep struct {
	Name    string
	Outcome string
	Cause   *struct {
		Kind    string
		Message string
	}
}

func (p predictedStep) cause() string {
	if p.Cause == nil {
		return ""
	}
	return strings.TrimSpace(p.Cause.Kind + " " + p.Cause.Message)
}

// predict asks cachepredict about B, given that A was built.
func predict(ctx context.Context, s *settings, o options, repo, a, b, metadata string) ([]predictedStep, error) {
	text, err := ask(ctx, s, o, repo, a, b, metadata)
	if err != nil {
		return nil, err
	}
	return predictedSteps(o, text)
}

// ask gives the JSON of the prediction.
func ask(ctx context.Context, s *settings, o options, repo, a, b, metadata string) ([]byte, error) {
	o.builder = s.builder
	cmd := exec.CommandContext(ctx, s.predictor, o.predict(repo, a, b, metadata)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("the predictor failed (%v): %s", err, lastLines(errs.String(), 3))
		}
		return nil, err
	}
	return out.Bytes(), nil
}

func predictedSteps(o options, text []byte) ([]predictedStep, error) {
	var answer struct {
		Images []struct {
			Error any
			Steps []predictedStep
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("the prediction is not JSON: %w", err)
	}
	if want := len(o.platforms()); len(answer.Images) != want {
		return nil, fmt.Errorf("the prediction has %d images instead of %d", len(answer.Images), want)
	}
	var steps []predictedStep
	for i, image := range answer.Images {
		if image.Error != nil {
			return nil, fmt.Errorf("the prediction failed: %v", image.Error)
		}
		before := steps // one platform's steps may be another's, which BuildKit prints once
		for _, p := range image.Steps {
			shared := i > 0 && slices.ContainsFunc(before, func(b predictedStep) bool { return b.Name == p.Name })
			if !fromName.MatchString(p.Name) && !shared {
				steps = append(steps, p)
			}
		}
	}
	return steps, nil
}

// What comes of comparing one step.
const (
	agree     = "agree"
	wrongHit  = "WRONG HIT"
	wrongMiss = "WRONG MISS"
	depends   = "depends"
	unknown   = "unknown"
	nameError = "NAME ERROR"
	notUsed   = "not needed"
)

type judged struct {
	Step      string `json:"step"`
	Verdict   string `json:"verdict"`
	Predicted string `json:"predicted,omitempty"`
	Real      string `json:"real,omitempty"`
	Cause     string `json:"cause,omitempty"`
}

func (j judged) wrong() bool {
	return j.Verdict == wrongHit || j.Verdict == wrongMiss || j.Verdict == nameError
}

func (j judged) String() string {
	s := fmt.Sprintf("%s: %.200q predicted %s, BuildKit %s", j.Verdict, j.Step, or(j.Predicted, "nothing"), or(j.Real, "printed nothing"))
	if j.Cause != "" {
		s += " (" + j.Cause + ")"
	}
	return s
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

var platformPart = regexp.MustCompile(`^\[\w+/[^ ]+ `)

// compare joins a prediction with what the daemon did, by name; where a name is twice, by order.
func compare(predicted []predictedStep, real []realStep) []judged {
	rest := append([]realStep(nil), real...)
	var all []judged
	for _, p := range predicted {
		j := judged{Step: p.Name, Predicted: p.Outcome, Cause: p.cause()}
		if i := find(rest, p.Name); i >= 0 {
			j.Real = rest[i].Outcome
			rest = append(rest[:i], rest[i+1:]...)
			j.Verdict = judge(p.Outcome, j.Real)
		} else if i := findAnyPlatform(real, p.Name); i >= 0 {
			// a step of several platforms is printed once, under any of their names
			j.Real = real[i].Outcome
			j.Verdict = judge(p.Outcome, j.Real)
		} else {
			j.Verdict = nameError
		}
		all = append(all, j)
	}
	for _, r := range rest {
		all = append(all, judged{Step: r.Name, Verdict: nameError, Real: r.Outcome})
	}
	return all
}

func judge(predicted, real string) string {
	switch {
	case predicted == "depends":
		return depends
	case predicted == "unknown":
		return unknown
	case predicted != "hit" && predicted != "miss":
		return nameError
	case real == realNotUsed:
		// WORKDIR on scratch below a hit: BuildKit neither ran nor loaded it, so both are true.
		return notUsed
	case predicted == "hit" && real != realCached:
		return wrongHit
	case predicted == "miss" && real == realCached:
		return wrongMiss
	}
	return agree
}
