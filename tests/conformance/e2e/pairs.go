package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// subject is one Dockerfile of a repository.
type subject struct {
	name    string
	repo    repository
	objects string
	opts    options
	chooser *chooser
}

// subjectReport is what the summary file holds of a subject.
type subjectReport struct {
	Subject string   `json:"subject"`
	Total   tally    `json:"total"`
	Pairs   int      `json:"pairs"`
	Skipped int      `json:"skipped"`
	Results []result `json:"results"`
}

func runRepositories(ctx context.Context, s *settings) (int, error) {
	subjects, err := loadSubjects(ctx, s)
	if err != nil {
		return 0, err
	}
	registries := map[string]bool{}
	for _, sub := range subjects {
		if err := sub.choose(ctx, s, registries); err != nil {
			return 0, fmt.Errorf("%s: %w", sub.name, err)
		}
	}
	labs, stop, err := startLabs(ctx, s, registries)
	if err != nil {
		return 0, err
	}
	defer stop()
	var reports []subjectReport
	for _, sub := range subjects {
		var report subjectReport
		if s.backtest > 0 {
			report, err = sub.compareRow(ctx, labs[0])
		} else {
			report, err = sub.compare(ctx, labs)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", sub.name, err)
		}
		report.print(s.verbose)
		reports = append(reports, report)
	}
	return reportSubjects(s, reports)
}

func loadSubjects(ctx context.Context, s *settings) ([]*subject, error) {
	base := options{buildArgs: s.buildArgs, exported: s.contextFrom == "export"}
	var subjects []*subject
	add := func(path, name, dockerfile, folder, target string) error {
		r, err := openRepository(ctx, path)
		if err != nil {
			return err
		}
		objects, err := r.objects(ctx)
		if err != nil {
			return err
		}
		o := base
		o.dockerfile, o.context, o.target = filepath.Clean(dockerfile), filepath.Clean(folder), target
		name += " " + o.dockerfile
		if target != "" {
			name += " " + target
		}
		subjects = append(subjects, &subject{name: name, repo: r, objects: objects, opts: o})
		return nil
	}
	if s.corpora == "" {
		err := add(s.repo, filepath.Base(s.repo), s.dockerfile, s.context, s.target)
		return subjects, err
	}
	f, err := os.Open(s.corpora)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 3 || strings.HasPrefix(words[0], "#") || !strings.Contains(strings.Join(words, " "), s.only) {
			continue
		}
		words = append(words, "")
		path := mirrored(s.mirror, words[0])
		if path == "" {
			fmt.Printf("%s: no such repository below %s, left out\n", words[0], s.mirror)
			continue
		}
		if err := add(path, words[0], words[1], words[2], words[3]); err != nil {
			return nil, err
		}
	}
	if len(subjects) == 0 {
		return nil, fmt.Errorf("no repository of %s is there", s.corpora)
	}
	return subjects, nil
}

// mirrored finds owner/name in a folder of repositories.
func mirrored(dir, name string) string {
	flat := strings.ReplaceAll(name, "/", "+")
	for _, p := range []string{filepath.Join(flat, "repo"), flat, name, name + ".git", filepath.Base(name)} {
		if _, err := os.Stat(filepath.Join(dir, p)); err == nil {
			return filepath.Join(dir, p)
		}
	}
	return ""
}

// choose sorts the commits of a subject and collects the registries that its Dockerfiles name.
func (sub *subject) choose(ctx context.Context, s *settings, registries map[string]bool) error {
	if s.pair != "" {
		return sub.onePair(ctx, s.pair, registries)
	}
	commits, err := sub.repo.history(ctx, "HEAD", s.window)
	if err != nil {
		return err
	}
	last := ""
	for i, c := range commits {
		if i == 0 || i == len(commits)-1 || slices.Contains(c.changed, sub.opts.dockerfile) {
			if text, found := sub.repo.show(ctx, c.id, sub.opts.dockerfile); found {
				hosts(text, registries)
				last = c.id
			}
		}
	}
	if last == "" {
		return fmt.Errorf("the newest %d commits have no %s", s.window, sub.opts.dockerfile)
	}
	sub.chooser = newChooser(sub.repo.classify(ctx, commits, sub.opts), s.pairs)
	return nil
}

func (sub *subject) onePair(ctx context.Context, revisions string, registries map[string]bool) error {
	a, b, found := strings.Cut(revisions, "..")
	if !found {
		return fmt.Errorf("a pair is A..B")
	}
	out, err := sub.repo.run(ctx, "rev-parse", a+"^{commit}", a+"^{tree}", b+"^{commit}", b+"^{tree}")
	if err != nil {
		return err
	}
	ids := strings.Fields(out)
	for _, id := range []string{ids[0], ids[2]} {
		text, _ := sub.repo.show(ctx, id, sub.opts.dockerfile)
		hosts(text, registries)
	}
	var classes [nClasses][]commit
	classes[touchesNothing] = []commit{{id: ids[2], tree: ids[3], parent: ids[0], parentTree: ids[1]}}
	sub.chooser = newChooser(classes, 1)
	return nil
}

// compare runs the pairs of a subject on all daemons.
func (sub *subject) compare(ctx context.Context, labs []*lab) (subjectReport, error) {
	report := subjectReport{Subject: sub.name}
	var mu sync.Mutex
	var firstErr error
	var work sync.WaitGroup
	for _, l := range labs {
		work.Go(func() {
			for {
				c, class, more := sub.chooser.next()
				if !more {
					return
				}
				results, err := sub.pair(ctx, l, c, class)
				mu.Lock()
				compared := report.add(results)
				if err != nil && firstErr == nil {
					firstErr = err
				}
				failed := firstErr != nil
				mu.Unlock()
				sub.chooser.finished(compared)
				if failed {
					return
				}
			}
		})
	}
	work.Wait()
	return report, firstErr
}

func (sub *subject) pair(ctx context.Context, l *lab, c commit, class int) ([]result, error) {
	p := &pair{name: fmt.Sprintf("%.10s..%.10s (%s)", c.parent, c.id, className[class]), site: "web", opts: sub.opts}
	p.dir = filepath.Join(l.settings.work, siteName(sub.name)+"-"+c.id[:10])
	var drafts [2]draft
	for i, id := range []string{c.parent, c.id} {
		drafts[i].tree = []string{c.parentTree, c.tree}[i]
		text, found := sub.repo.show(ctx, id, sub.opts.dockerfile)
		if !found {
			return []result{{Pair: p.name, Skipped: fmt.Sprintf("%c has no %s", "AB"[i], sub.opts.dockerfile)}}, nil
		}
		if changed := rewrite(text, l.web(p)); changed != text {
			drafts[i].entries = []entry{{sub.opts.dockerfile, sub.mode(ctx, id), changed}}
		}
	}
	if err := l.makePair(ctx, p, drafts[0], drafts[1], sub.objects); err != nil {
		return nil, err
	}
	return l.run(ctx, p)
}

// mode is the git mode of the Dockerfile.
func (sub *subject) mode(ctx context.Context, id string) string {
	out, err := sub.repo.run(ctx, "ls-tree", id, "--", sub.opts.dockerfile)
	if err != nil || len(out) < 6 {
		return "100644"
	}
	return out[:6]
}

// add takes the results of a pair and says whether the pair was compared.
func (report *subjectReport) add(results []result) bool {
	compared := len(results) > 0
	for _, r := range results {
		report.Results = append(report.Results, r)
		compared = compared && r.Skipped == ""
	}
	report.Total.addBoth(results)
	if compared {
		report.Pairs++
	} else {
		report.Skipped++
	}
	return compared
}

func (r result) wrong() bool {
	return r.Failed != "" || r.Keys != nil && len(r.Keys.Wrong) > 0 || slices.ContainsFunc(r.Steps, judged.wrong)
}

// Names of snapshots differ each time.
var anyRef = regexp.MustCompile(`of ref \S+: `)

func (report *subjectReport) print(verbose bool) {
	if report.Total.Steps > 0 {
		fmt.Printf("%s: %d pairs (%d skipped), %v\n", report.Subject, report.Pairs, report.Skipped, report.Total)
	}
	k := &keysTally{}
	for _, r := range report.Results {
		if r.Keys != nil {
			k.sum(r.Keys)
			for _, w := range r.Keys.Wrong {
				fmt.Printf("   WRONG %s: %s\n", r.Pair, w)
			}
		}
	}
	k.print(fmt.Sprintf("%s: %d commits (%d skipped)", report.Subject, report.Pairs, report.Skipped))
	reasons := map[string]int{}
	for _, r := range report.Results {
		if r.Skipped != "" {
			reasons[anyRef.ReplaceAllString(r.Skipped, "of …: ")]++
		}
		if r.Failed != "" {
			fmt.Printf("   FAILED %s: %s\n", r.Pair, r.Failed)
		}
		for _, j := range r.Steps {
			if j.wrong() || verbose {
				fmt.Printf("   %s %s: %v\n", r.Pair, r.Mode, j)
			}
		}
	}
	for reason, n := range reasons {
		fmt.Printf("   skipped %d: %.300s\n", n, reason)
	}
}

// reportSubjects counts every pair in every mode, and a subject without any as a failure.
func reportSubjects(s *settings, reports []subjectReport) (int, error) {
	var t tally
	k := &keysTally{}
	passed, failed := 0, 0
	for _, r := range reports {
		t.sum(r.Total)
		for _, one := range r.Results {
			if one.Keys != nil {
				k.sum(one.Keys)
			}
			switch {
			case one.wrong():
				failed++
			case one.Skipped == "":
				passed++
			}
		}
		if r.Pairs == 0 {
			fmt.Printf("%s: not one pair could be compared\n", r.Subject)
			failed++
		}
	}
	if !s.keys {
		fmt.Printf("all: %v\n", t)
	}
	k.print("all")
	closing(passed, failed)
	return min(failed, 1), writeSummary(s, map[string]any{"schema": "cachepredict/conformance/1", "subjects": reports, "total": t})
}
