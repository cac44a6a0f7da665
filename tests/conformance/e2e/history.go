package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// commit is one of a first-parent history, with what it changed against its parent.
type commit struct {
	id, tree, parent, parentTree string
	changed                      []string
}

// history lists the newest n commits of a revision along first parents, without the root.
func (r repository) history(ctx context.Context, revision string, n int) ([]commit, error) {
	out, err := r.run(ctx, "log", "--first-parent", "-m", "--name-only", "--no-renames", "-z", "--format=%x01%H %T", "-n", fmt.Sprint(n+1), revision, "--")
	if err != nil {
		return nil, err
	}
	var all []commit
	for _, record := range strings.Split(out, "\x01")[1:] {
		head, files, _ := strings.Cut(record, "\x00")
		id, tree, _ := strings.Cut(strings.TrimSpace(head), " ")
		c := commit{id: id, tree: tree}
		for _, f := range strings.Split(files, "\x00") {
			if f = strings.TrimPrefix(f, "\n"); f != "" {
				c.changed = append(c.changed, f)
			}
		}
		all = append(all, c)
	}
	for i := range max(0, len(all)-1) {
		all[i].parent, all[i].parentTree = all[i+1].id, all[i+1].tree
	}
	return all[:max(0, len(all)-1)], nil
}

// What a commit touches, for one Dockerfile.
const (
	touchesDockerfile = iota
	touchesIgnoreFile
	touchesContext
	touchesNothing
	nClasses
)

var className = [nClasses]string{"Dockerfile", "ignore file", "context", "nothing"}

// classify sorts commits by what they touch.
func (r repository) classify(ctx context.Context, commits []commit, o options) [nClasses][]commit {
	var classes [nClasses][]commit
	ignoreFiles := []string{o.dockerfile + ".dockerignore", path.Join(o.context, ".dockerignore")}
	var matcher *patternmatcher.PatternMatcher
	stale := true
	for _, c := range commits {
		touchesIgnore := slices.ContainsFunc(c.changed, func(f string) bool { return slices.Contains(ignoreFiles, f) })
		if stale || touchesIgnore {
			matcher = r.ignoreMatcher(ctx, c.id, ignoreFiles)
		}
		stale = touchesIgnore
		class := touchesNothing
		switch {
		case touchesIgnore:
			class = touchesIgnoreFile
		case slices.Contains(c.changed, o.dockerfile):
			class = touchesDockerfile
		case slices.ContainsFunc(c.changed, func(f string) bool { return inContext(f, o.context, matcher) }):
			class = touchesContext
		}
		classes[class] = append(classes[class], c)
	}
	return classes
}

func (r repository) ignoreMatcher(ctx context.Context, id string, names []string) *patternmatcher.PatternMatcher {
	for _, name := range names {
		text, found := r.show(ctx, id, name)
		if !found {
			continue
		}
		patterns, err := ignorefile.ReadAll(strings.NewReader(text))
		if err != nil {
			return nil
		}
		if m, err := patternmatcher.New(patterns); err == nil {
			return m
		}
		return nil
	}
	return nil
}

func inContext(file, folder string, matcher *patternmatcher.PatternMatcher) bool {
	if folder = path.Clean(folder); folder != "." {
		rest, found := strings.CutPrefix(file, folder+"/")
		if !found {
			return false
		}
		file = rest
	}
	if matcher == nil {
		return true
	}
	ignored, err := matcher.MatchesOrParentMatches(file)
	return err == nil && !ignored
}

// spread reorders commits so that every beginning of the list is spread evenly over all of it.
func spread(commits []commit) []commit {
	size := 1
	for size < len(commits) {
		size *= 2
	}
	var out []commit
	for i := range size {
		reversed := 0
		for bit := 1; bit < size; bit *= 2 {
			reversed *= 2
			if i&bit != 0 {
				reversed++
			}
		}
		if reversed < len(commits) {
			out = append(out, commits[reversed])
		}
	}
	return out
}

// chooser hands out the commits to compare: from every class in turn, another one for each that cannot be
// built, until enough were compared.
type chooser struct {
	mu       sync.Mutex
	changed  sync.Cond
	classes  [nClasses][]commit
	turn     int
	want     int
	done     int
	inFlight int
	tries    int
}

func newChooser(classes [nClasses][]commit, want int) *chooser {
	c := &chooser{want: want, tries: 4 * want}
	for i := range classes {
		c.classes[i] = spread(classes[i])
	}
	c.changed.L = &c.mu
	return c
}

func (c *chooser) next() (commit, int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.inFlight > 0 && c.done+c.inFlight >= c.want {
		c.changed.Wait()
	}
	if c.done >= c.want || c.tries == 0 {
		return commit{}, 0, false
	}
	for range nClasses {
		class := c.turn
		c.turn = (c.turn + 1) % nClasses
		if list := c.classes[class]; len(list) > 0 {
			c.classes[class] = list[1:]
			c.inFlight++
			c.tries--
			return list[0], class, true
		}
	}
	return commit{}, 0, false
}

func (c *chooser) finished(compared bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	if compared {
		c.done++
	}
	c.changed.Broadcast()
}
