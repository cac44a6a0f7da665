package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// row is a history that one daemon builds commit by commit, keeping its cache, and that cachepredict replays.
// The commits are made for it, so that both see the same files.
type row struct {
	name  string
	opts  options
	dir   string
	repo  repository
	ids   []string // of the commits that were made, the oldest first
	names []string // for people
	web   string
	with  string // a patch that is applied to every commit, or "split"

	replayed []replayedCommit
	refused  []string // per commit: why BuildKit's frontend makes no build of it
}

// replayedCommit is what cachepredict says of one build of the row.
type replayedCommit struct {
	Commit string
	Absent bool
	Hits   int
	Steps  []predictedStep
	Error  any
	Edited bool
	Patch  string // of a split: what was edited
}

type replayedImage struct {
	Commits []replayedCommit
	Error   any
	With    []struct{ Commits []replayedCommit }
}

// replay asks cachepredict, before anything is built.
func (r *row) replay(ctx context.Context, s *settings) ([]replayedCommit, error) {
	o := r.opts
	o.builder = s.builder
	args := o.flags([]string{"backtest", "-C", r.repo.dir, "--head", r.ids[len(r.ids)-1], "-n", fmt.Sprint(len(r.ids) - 1)}, "")
	if r.with != "" {
		args = append(args, "--with", r.with, "--patches")
	}
	cmd := exec.CommandContext(ctx, s.predictor, append(args, o.context)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the replay failed (%v): %s", err, lastLines(errs.String(), 3))
	}
	var answer struct{ Images []replayedImage }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return nil, fmt.Errorf("the replay is not JSON: %w", err)
	}
	if len(answer.Images) != 1 || answer.Images[0].Error != nil {
		return nil, fmt.Errorf("the replay has %d images (%v)", len(answer.Images), answer.Images)
	}
	image := answer.Images[0]
	if r.with == "" {
		return image.Commits, nil
	}
	if len(image.With) != 1 {
		return nil, fmt.Errorf("the replay has %d edits instead of one", len(image.With))
	}
	return image.With[0].Commits, nil
}

// expected are all steps of a build: those that are said not to hit, and for the rest what BuildKit printed. Their
// number has to be right.
func (c replayedCommit) expected(real []realStep) []predictedStep {
	steps := slices.Clone(c.Steps)
	rest := slices.Clone(real)
	for _, p := range steps {
		if i := find(rest, p.Name); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	for _, s := range rest {
		steps = append(steps, predictedStep{Name: s.Name, Outcome: "hit"})
	}
	if n := len(steps) - len(c.Steps); n != c.Hits {
		steps = append(steps, predictedStep{Name: fmt.Sprintf("%d steps hit, and BuildKit printed %d", c.Hits, n), Outcome: "hit"})
	}
	return steps
}

// export writes one commit of the row, with the edit of the replay.
func (r *row) export(ctx context.Context, at int, dir string) error {
	if err := r.repo.export(ctx, r.ids[at], dir, !r.opts.exported); err != nil {
		return err
	}
	if r.with == "" || !r.replayed[at].Edited {
		return nil
	}
	patch := r.replayed[at].Patch
	if patch == "" {
		text, err := os.ReadFile(r.with)
		if err != nil {
			return err
		}
		patch = string(text)
	}
	cmd := exec.CommandContext(ctx, "git", "apply", "--whitespace=nowarn", "-")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_DIR=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null")
	cmd.Stdin = strings.NewReader(patch)
	_, err := output(cmd)
	return err
}

// plan finds out what the stub images of all commits must hold.
func (l *lab) planRow(ctx context.Context, r *row) (*plan, error) {
	needs := newPlan()
	r.refused = make([]string, len(r.ids))
	for i := range r.ids {
		dir := filepath.Join(r.dir, "plan")
		if err := r.export(ctx, i, dir); err != nil {
			return nil, fmt.Errorf("%s: %w", r.names[i], err)
		}
		text, err := os.ReadFile(filepath.Join(dir, r.opts.dockerfile))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.names[i], err)
		}
		if err := needs.add(ctx, string(text), r.opts, dirTree(filepath.Join(dir, r.opts.context))); err != nil {
			r.refused[i] = lastLines(err.Error(), 1)
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	for _, address := range sorted(needs.git) {
		if err := l.files.makeGit(ctx, address); err != nil {
			return nil, err
		}
	}
	return needs, nil
}

// buildRow builds all commits with one cache and compares each but the first, which fills it.
func (l *lab) buildRow(ctx context.Context, r *row, roots *rootfs) ([]result, error) {
	l.registry.serve(roots, r.opts.images)
	if err := l.empty(ctx); err != nil {
		return nil, err
	}
	var results []result
	for i := range r.ids {
		start := time.Now()
		one := result{Pair: r.names[i], Mode: roots.mode}
		if r.refused[i] != "" {
			if one.Skipped = "the frontend refuses the Dockerfile: " + r.refused[i]; r.replayed[i].Error == nil {
				one.Failed, one.Skipped = one.Skipped, ""
			}
			results = append(results, one)
			continue
		}
		dir := filepath.Join(r.dir, fmt.Sprintf("%s%d", roots.mode, i))
		if err := r.export(ctx, i, dir); err != nil {
			return nil, err
		}
		all, err := l.build(ctx, r.opts, dir, false)
		os.RemoveAll(dir)
		one.Seconds = time.Since(start).Seconds()
		var failed errBuild
		switch {
		case errors.As(err, &failed): // what it leaves in the cache is not known, and so is all that follows
			one.Skipped = "build fails: " + failed.reason
			return append(results, one), nil
		case err != nil:
			return nil, err
		}
		if i == 0 {
			continue
		}
		real := realSteps(all)
		one.Steps, one.Real = compare(r.replayed[i].expected(real), real), real
		results = append(results, one)
	}
	return results, nil
}

func (l *lab) runRow(ctx context.Context, r *row) ([]result, error) {
	defer func() {
		if !l.settings.keep {
			os.RemoveAll(r.dir)
		}
	}()
	var err error
	if r.replayed, err = r.replay(ctx, l.settings); err != nil {
		return []result{{Pair: r.name, Failed: err.Error()}}, ctx.Err()
	}
	if len(r.replayed) != len(r.ids) {
		return []result{{Pair: r.name, Failed: fmt.Sprintf("the replay has %d commits instead of %d", len(r.replayed), len(r.ids))}}, nil
	}
	needs, err := l.planRow(ctx, r)
	if err != nil {
		return []result{{Pair: r.name, Skipped: err.Error()}}, ctx.Err()
	}
	var results []result
	for _, mode := range []string{equalBytes, freshBytes} {
		some, err := l.buildRow(ctx, r, buildRootfs(needs, l.shell, mode))
		if err != nil {
			return nil, err
		}
		results = append(results, some...)
	}
	return results, nil
}

// commitRow makes a history of drafts, the oldest first.
func (r repository) commitRow(ctx context.Context, drafts []draft) ([]string, error) {
	var in bytes.Buffer
	for i, d := range drafts {
		writeCommit(&in, i, d)
	}
	cmd := r.command(ctx, "fast-import", "--quiet")
	cmd.Stdin = &in
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "rev-list", "--reverse", "refs/heads/main")
	return strings.Fields(out), err
}

// ---- repositories ----

// consecutive takes the newest n commits in a row of which cachepredict says that all they copy is in the repository: what a
// build that fails leaves in a cache is not known.
func (sub *subject) consecutive(ctx context.Context, l *lab, commits []commit, n int) ([]commit, error) {
	whole := &row{opts: sub.opts, repo: sub.repo, ids: []string{commits[len(commits)-1].id}}
	for range len(commits) - 1 {
		whole.ids = append(whole.ids, commits[0].id)
	}
	all, err := whole.replay(ctx, l.settings)
	if err != nil {
		return nil, err
	}
	builds := map[string]bool{}
	for _, c := range all {
		builds[c.Commit] = !c.Absent && c.Error == nil
	}
	for from := 0; from < len(commits); from++ {
		to := from
		for to < len(commits) && to < from+n && builds[commits[to].id] {
			to++
		}
		if to == from+n || to == len(commits) {
			return commits[from:to], nil
		}
		from = to
	}
	return nil, fmt.Errorf("no %d of the newest %d commits in a row can be built", n, len(commits))
}

// drafts are such commits, the oldest first.
func (sub *subject) drafts(ctx context.Context, l *lab, web string) ([]draft, []string, error) {
	commits, err := sub.repo.history(ctx, or(l.settings.rev, "HEAD"), l.settings.window)
	if err == nil {
		commits, err = sub.consecutive(ctx, l, commits, l.settings.backtest+1)
	}
	if err != nil {
		return nil, nil, err
	}
	var drafts []draft
	var names []string
	for _, c := range slices.Backward(commits) {
		text, found := sub.repo.show(ctx, c.id, sub.opts.dockerfile)
		if !found {
			continue
		}
		d := draft{tree: c.tree}
		if changed := rewrite(text, web); changed != text {
			d.entries = []entry{{sub.opts.dockerfile, sub.mode(ctx, c.id), changed}}
		}
		drafts, names = append(drafts, d), append(names, c.id[:10])
	}
	if len(drafts) < 2 {
		return nil, nil, fmt.Errorf("%d commits have a %s", len(drafts), sub.opts.dockerfile)
	}
	return drafts, names, nil
}

func (sub *subject) row(ctx context.Context, l *lab) (*row, error) {
	r := &row{name: sub.name, opts: sub.opts, dir: filepath.Join(l.settings.work, siteName(sub.name)), with: l.settings.with}
	drafts, names, err := sub.drafts(ctx, l, filepath.Join(l.files.addr, "web"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return nil, err
	}
	if r.repo, err = initBare(ctx, filepath.Join(r.dir, "repo.git")); err != nil {
		return nil, err
	}
	if err := r.repo.borrow(sub.objects); err != nil {
		return nil, err
	}
	r.names = names
	r.ids, err = r.repo.commitRow(ctx, drafts)
	return r, err
}

// compareRow takes the place of compare: one row instead of pairs.
func (sub *subject) compareRow(ctx context.Context, l *lab) (subjectReport, error) {
	report := subjectReport{Subject: sub.name}
	r, err := sub.row(ctx, l)
	if err != nil {
		return report, err
	}
	results, err := l.runRow(ctx, r)
	for _, one := range results {
		report.Results = append(report.Results, one)
		if one.Skipped == "" {
			report.Pairs++
		} else {
			report.Skipped++
		}
	}
	// a commit in both modes
	for i, one := range report.Results {
		half := slices.IndexFunc(report.Results, func(o result) bool { return o.Pair == one.Pair && o.Mode != one.Mode })
		switch {
		case half > i:
			report.Total.addBoth([]result{one, report.Results[half]})
		case half < 0:
			report.Total.add(one.Steps)
		}
	}
	return report, err
}
