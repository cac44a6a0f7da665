package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// pair is a commit A that was built and a commit B that will be, in a repository that was made for them:
// cachepredict reads that repository, BuildKit its exported trees, so both see the same files.
type pair struct {
	name string // for people
	site string // the part of the stub web that is its own
	opts options
	web  [2]map[string]webFile // what is on the web while A and while B is built

	dir        string
	repo       repository
	a, b       string
	predicted  []predictedStep
	predictErr error

	predictedText []byte // the JSON of the prediction
}

// result is the comparison of one pair in one mode.
type result struct {
	Pair     string     `json:"pair"`
	Mode     string     `json:"mode"`
	Skipped  string     `json:"skipped,omitempty"`
	Failed   string     `json:"failed,omitempty"`
	Steps    []judged   `json:"steps,omitempty"`
	Real     []realStep `json:"-"`                  // in BuildKit's order
	Imported string     `json:"imported,omitempty"` // the cache that was all there was
	Keys     *keysTally `json:"keys,omitempty"`

	Recording []string `json:"recording,omitempty"` // what is wrong with what was recorded
	Seconds   float64  `json:"seconds"`
}

// dirTree is an exported context, for the plan.
type dirTree string

func (d dirTree) kind(name string) byte {
	st, err := os.Stat(filepath.Join(string(d), name))
	switch {
	case err != nil:
		return 0
	case st.IsDir():
		return 'd'
	}
	return 'f'
}

// lab is a daemon and the things that all daemons share.
type lab struct {
	*daemon
	files        *files
	shell        []byte
	distribution *distribution // if caches are pushed
	actions      *actionsCache // if they are sent to GitHub's cache
	other        string        // the cache of the pair before
}

// run builds the pair in every mode. What keeps a build from succeeding makes a skipped result, not an error.
func (l *lab) run(ctx context.Context, p *pair) ([]result, error) {
	p.opts.frontend = l.settings.frontend != ""
	trees := [2]string{filepath.Join(p.dir, "a"), filepath.Join(p.dir, "b")}
	if !l.settings.keep {
		defer os.RemoveAll(p.dir)
	}
	for i, commit := range []string{p.a, p.b} {
		if err := p.repo.export(ctx, commit, trees[i], !p.opts.exported); err != nil {
			return []result{{Pair: p.name, Skipped: "export: " + err.Error()}}, nil
		}
	}
	needs, err := l.plan(ctx, p, trees)
	if err != nil {
		return []result{{Pair: p.name, Skipped: err.Error()}}, nil
	}
	if l.settings.keys {
		return l.runKeys(ctx, p, trees, needs)
	}
	if len(l.settings.imports) > 0 {
		return l.runImports(ctx, p, trees, needs)
	}
	if err := l.predictPair(ctx, p, needs); err != nil {
		return nil, err
	}
	var results []result
	for _, mode := range []string{equalBytes, freshBytes} {
		start := time.Now()
		r, err := l.runMode(ctx, p, trees, buildRootfs(needs, l.shell, mode))
		if err != nil {
			return nil, err
		}
		r.Seconds = time.Since(start).Seconds()
		results = append(results, r)
		if r.Skipped != "" {
			break
		}
	}
	return results, nil
}

// plan finds out what the stub images of both commits must hold.
func (l *lab) plan(ctx context.Context, p *pair, trees [2]string) (*plan, error) {
	needs := newPlan()
	for _, tree := range trees {
		dockerfile := p.opts.dockerfile
		if p.opts.gitContext { // a path in the context
			dockerfile = path.Join(p.opts.context, dockerfile)
		}
		text, err := os.ReadFile(filepath.Join(tree, dockerfile))
		if os.IsNotExist(err) && path.Base(dockerfile) == "Dockerfile" {
			// The frontend's other default.
			text, err = os.ReadFile(filepath.Join(tree, path.Dir(dockerfile), "dockerfile"))
		}
		if err != nil {
			return nil, err
		}
		if err := needs.add(ctx, string(text), p.opts, dirTree(filepath.Join(tree, p.opts.context))); err != nil {
			return nil, fmt.Errorf("the frontend refuses the Dockerfile: %s", lastLines(err.Error(), 1))
		}
	}
	for _, address := range sorted(needs.git) {
		if err := l.files.makeGit(ctx, address); err != nil {
			return nil, err
		}
	}
	return needs, nil
}

// predictPair asks cachepredict, before anything is built.
func (l *lab) predictPair(ctx context.Context, p *pair, needs *plan) error {
	metadata := ""
	if len(p.opts.known) > 0 {
		metadata = filepath.Join(p.dir, "images.json")
		all := map[string]any{}
		roots := buildRootfs(needs, l.shell, equalBytes)
		for _, ref := range p.opts.known {
			d, err := describe(roots, ref, p.opts.images[ref])
			if err != nil {
				return err
			}
			all[ref] = d
		}
		text, err := json.Marshal(all)
		if err != nil {
			return err
		}
		if err := os.WriteFile(metadata, text, 0o644); err != nil {
			return err
		}
	}
	if !l.settings.self {
		p.predictedText, p.predictErr = ask(ctx, l.settings, p.opts, p.repo.dir, p.a, p.b, metadata)
		if p.predictErr == nil {
			p.predicted, p.predictErr = predictedSteps(p.opts, p.predictedText)
		}
	}
	return ctx.Err()
}

func (l *lab) runMode(ctx context.Context, p *pair, trees [2]string, roots *rootfs) (result, error) {
	r := result{Pair: p.name, Mode: roots.mode}
	l.registry.serve(roots, p.opts.images)
	if err := l.empty(ctx); err != nil {
		return r, err
	}
	var steps []realStep
	for i, tree := range trees {
		l.files.serve(p.site, p.web[i])
		all, err := l.build(ctx, p.opts, tree, i == 1)
		var failed errBuild
		if errors.As(err, &failed) {
			r.Skipped = fmt.Sprintf("build of %c fails: %s", "AB"[i], failed.reason)
			return r, nil
		}
		if err != nil {
			return r, err
		}
		steps = realSteps(all)
	}
	if l.settings.self {
		p.predicted = nil
		for _, s := range steps {
			p.predicted = append(p.predicted, predictedStep{Name: s.Name, Outcome: map[string]string{realCached: "hit", realRan: "miss"}[s.Outcome]})
		}
	}
	if p.predictErr != nil {
		r.Failed = p.predictErr.Error()
		return r, nil
	}
	r.Steps = compare(p.predicted, steps)
	if l.settings.record {
		r.Recording = l.checkRecording(ctx, p, l.said, steps, r.Steps)
	}
	return r, nil
}

// makePair makes the repository of a pair out of two drafts, with their Dockerfiles rewritten.
func (l *lab) makePair(ctx context.Context, p *pair, a, b draft, objects string) error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	var err error
	if p.repo, err = initBare(ctx, filepath.Join(p.dir, "repo.git")); err != nil {
		return err
	}
	if objects != "" {
		if err := p.repo.borrow(objects); err != nil {
			return err
		}
	}
	if p.a, p.b, err = p.repo.commitPair(ctx, a, b); err != nil || !p.opts.gitContext {
		return err
	}
	p.opts.gitURL = "http://" + l.web(p) + "/pair.git"
	if _, err := p.repo.run(ctx, "config", "remote.origin.url", p.opts.gitURL); err != nil {
		return err
	}
	return l.files.lend(p.repo, p.site+"/pair.git")
}

// web is the address of the stub web for a pair.
func (l *lab) web(p *pair) string {
	return path.Join(l.files.addr, p.site)
}

func siteName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}
