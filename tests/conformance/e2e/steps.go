package main

import (
	"regexp"
	"slices"
	"time"
)

// What the daemon did with a step of B.
const (
	realCached  = "cached"
	realRan     = "ran"
	realNotUsed = "not needed" // only its key was computed
)

type realStep struct {
	Name    string
	Outcome string
}

var (
	stepName = regexp.MustCompile(`^\[([^\]]+ )?\s*\d+/\d+\] `)
	fromName = regexp.MustCompile(`^\[([^\]]+ )?\s*\d+/\d+\] FROM `)
)

// realSteps reads the steps off what a build said, in the order in which they were first heard of.
func realSteps(all []vertex) []realStep {
	type state struct {
		vertex
		runs   map[time.Time]bool // completed, and not out of the cache
		cached bool
		loaded bool // by itself, not because something above it was: then "runs" are pulls of its layers
	}
	states := map[string]*state{}
	var order []string
	for _, v := range all {
		s := states[v.Digest]
		if s == nil {
			s = &state{runs: map[time.Time]bool{}}
			states[v.Digest] = s
			order = append(order, v.Digest)
		}
		if len(v.Inputs) == 0 {
			v.Inputs = s.vertex.Inputs // what is said while layers are pulled leaves them out
		}
		s.vertex = v
		if v.Cached {
			s.cached = true
			// What is marked because something above it was loaded ends when it begins (solver/progress.go).
			s.loaded = s.loaded || v.Started != nil && (v.Completed == nil || !v.Completed.Equal(*v.Started))
		} else if v.Started != nil && v.Completed != nil {
			s.runs[*v.Started] = true
		}
	}
	named := map[string]int{}
	for _, s := range states {
		named[s.Name]++
	}
	var steps []realStep
	for _, d := range order {
		s := states[d]
		if !stepName.MatchString(s.Name) || fromName.MatchString(s.Name) {
			continue
		}
		runs := len(s.runs)
		if len(s.Inputs) == 0 {
			// The fetch of an ADD has the name of its copy. Of anything else without inputs the first
			// "run" is the computation of its key (solver/jobs.go CacheMap).
			if named[s.Name] > 1 {
				continue
			}
			runs--
		}
		outcome := realNotUsed
		switch {
		case s.loaded:
			outcome = realCached
		case runs > 0:
			outcome = realRan
		case s.cached:
			outcome = realCached
		}
		steps = append(steps, realStep{s.Name, outcome})
	}
	return steps
}

func find(steps []realStep, name string) int {
	return slices.IndexFunc(steps, func(s realStep) bool { return s.Name == name })
}

// findAnyPlatform finds a step by its name without the platform.
func findAnyPlatform(steps []realStep, name string) int {
	name = platformPart.ReplaceAllString(name, "[")
	return slices.IndexFunc(steps, func(s realStep) bool {
		return platformPart.MatchString(s.Name) && platformPart.ReplaceAllString(s.Name, "[") == name
	})
}
