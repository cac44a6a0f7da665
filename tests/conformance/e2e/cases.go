package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

func loadCases(dir, only string) ([]*testCase, error) {
	var cases []*testCase
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
			return err
		}
		name, err := filepath.Rel(dir, strings.TrimSuffix(path, ".txt"))
		if err != nil || !strings.Contains(name, only) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c, err := parseCase(name, string(text))
		cases = append(cases, c)
		return err
	})
	if err == nil && len(cases) == 0 {
		err = fmt.Errorf("no case in %s", dir)
	}
	return cases, err
}

// startLabs starts the daemons, which all share one stub web.
func startLabs(ctx context.Context, s *settings, registries map[string]bool) (labs []*lab, stop func(), err error) {
	shell, err := os.ReadFile(s.shell)
	if err != nil {
		return nil, nil, err
	}
	web, err := startFiles(filepath.Join(s.work, "git"))
	if err != nil {
		return nil, nil, err
	}
	var pushed *distribution
	var actions *actionsCache
	stop = func() {
		pushed.stop()
		actions.stop()
		for _, l := range labs {
			l.stop()
		}
	}
	if slices.Contains(s.imports, "gha") {
		if actions, err = startActionsCache(s); err != nil {
			return nil, nil, err
		}
	}
	if slices.ContainsFunc(s.imports, func(k string) bool { return !strings.HasPrefix(k, "local-") && k != "gha" }) {
		if pushed, err = startDistribution(s); err != nil {
			return nil, nil, err
		}
		s.pushed = pushed.addr
	}
	for i := range s.daemons {
		d, err := startDaemon(ctx, s, i, registries)
		if err != nil {
			stop()
			return nil, nil, err
		}
		labs = append(labs, &lab{daemon: d, files: web, shell: shell, distribution: pushed, actions: actions})
	}
	return labs, stop, nil
}

// caseRun is a case in one mode and what is wrong with it; nothing is a pass.
type caseRun struct {
	Case     string   `json:"case"`
	Mode     string   `json:"mode"`
	Problems []string `json:"problems"`
	Result   result   `json:"result"`
}

func runCases(ctx context.Context, s *settings) (int, error) {
	cases, err := loadCases(s.cases, s.only)
	if err != nil {
		return 0, err
	}
	registries := map[string]bool{}
	built := "builtin"
	if s.frontend != "" {
		built = "image"
	}
	cases = slices.DeleteFunc(cases, func(c *testCase) bool { return c.frontend != "" && c.frontend != built })
	for _, c := range cases {
		for _, tree := range c.trees {
			for _, e := range tree {
				hosts(e.data, registries)
			}
		}
	}
	labs, stop, err := startLabs(ctx, s, registries)
	if err != nil {
		return 0, err
	}
	defer stop()
	queue := make(chan *testCase)
	go func() {
		defer close(queue)
		for _, c := range cases {
			select {
			case queue <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	var mu sync.Mutex
	var all []caseRun
	var firstErr error
	var work sync.WaitGroup
	for _, l := range labs {
		work.Go(func() {
			for c := range queue {
				runs, err := l.runCase(ctx, c)
				mu.Lock()
				all = append(all, runs...)
				if err != nil && firstErr == nil {
					firstErr = fmt.Errorf("%s: %w", c.name, err)
				}
				for _, r := range runs {
					r.print(s.verbose)
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	if firstErr != nil {
		return 0, firstErr
	}
	return reportCases(s, all)
}

func (l *lab) runCase(ctx context.Context, c *testCase) ([]caseRun, error) {
	p := &pair{name: c.name, site: siteName(c.name), opts: c.opts, web: c.web}
	p.dir = filepath.Join(l.settings.work, p.site)
	if err := l.localContexts(ctx, p); err != nil {
		return nil, err
	}
	var drafts [2]draft
	for i, tree := range c.trees {
		for _, e := range tree {
			if e.path == c.opts.dockerfile && e.mode != "120000" {
				e.data = rewrite(e.data, l.web(p))
			}
			drafts[i].entries = append(drafts[i].entries, e)
		}
	}
	if err := l.makePair(ctx, p, drafts[0], drafts[1], ""); err != nil {
		return nil, err
	}
	results, err := l.run(ctx, p)
	var runs []caseRun
	for _, r := range results {
		if r.Skipped != "" && l.settings.older {
			continue // what an older release does not know yet
		}
		runs = append(runs, caseRun{c.name, r.Mode, c.problems(r), r})
	}
	return runs, err
}

// localContexts leads named contexts on the web to the stub web.
func (l *lab) localContexts(ctx context.Context, p *pair) error {
	p.opts.contexts = slices.Clone(p.opts.contexts)
	for i, c := range p.opts.contexts {
		name, value, _ := strings.Cut(c, "=")
		if !webURL.MatchString(value) {
			continue
		}
		value = webURL.ReplaceAllString(value, "http://"+l.web(p)+"/$1")
		p.opts.contexts[i] = name + "=" + value
		if strings.Contains(value, ".git#") {
			if err := l.files.makeGit(ctx, strings.TrimPrefix(value, "http://")); err != nil {
				return err
			}
		}
	}
	return nil
}

// problems lists what is wrong with a result; a case allows less than a repository does.
func (c *testCase) problems(r result) []string {
	var bad []string
	if r.Skipped != "" {
		return []string{r.Skipped}
	}
	if r.Failed != "" {
		return []string{r.Failed}
	}
	if r.Keys != nil {
		return r.Keys.Wrong
	}
	if len(r.Imported) > 0 {
		for _, j := range r.Steps {
			if j.wrong() {
				bad = append(bad, j.String())
			}
		}
		return bad
	}
	bad = append(bad, r.Recording...)
	for _, e := range c.real {
		bad = append(bad, e.check(r)...)
	}
	used := map[expectation]bool{}
	for _, j := range r.Steps {
		allowed := false
		for _, e := range c.expect {
			if e.outcome == j.Predicted && strings.HasPrefix(j.Step, e.step) {
				allowed, used[e] = true, true
			}
		}
		if j.wrong() || ((j.Verdict == depends || j.Verdict == unknown) && !allowed) {
			bad = append(bad, j.String())
		}
	}
	for _, e := range c.expect {
		if !used[e] {
			bad = append(bad, fmt.Sprintf("the prediction should be %s for %s", e.outcome, e.step))
		}
	}
	return bad
}

// check tells whether BuildKit did what the case says about it.
func (e expectation) check(r result) []string {
	if e.mode != "" && e.mode != r.Mode {
		return nil
	}
	found := false
	for _, j := range r.Steps {
		if j.Real == "" || !strings.HasPrefix(j.Step, e.step) {
			continue
		}
		found = true
		if j.Real != e.outcome {
			return []string{fmt.Sprintf("the case is wrong about BuildKit: %q is %s, not %s", j.Step, j.Real, e.outcome)}
		}
	}
	if !found {
		return []string{fmt.Sprintf("the case is wrong about BuildKit: it printed no step %s", e.step)}
	}
	return nil
}

func (r caseRun) print(verbose bool) {
	word := "ok  "
	if len(r.Problems) > 0 {
		word = "FAIL"
	}
	fmt.Printf("%s %s (%s) %.1fs\n", word, r.Case, r.Mode, r.Result.Seconds)
	for _, p := range r.Problems {
		fmt.Printf("     %s\n", p)
	}
	if verbose {
		for _, j := range r.Result.Steps {
			fmt.Printf("     . %-10s %-8s %-10s %q\n", j.Verdict, j.Predicted, j.Real, j.Step)
		}
	}
}
