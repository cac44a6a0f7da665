package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keysTally says how the records of one build, and the links between them, compare with those that cachepredict
// computes: with all images known, and with none.
type keysTally struct {
	Equal        int            `json:"equal"`
	EqualLinks   int            `json:"equal_links"`
	Unknown      map[string]int `json:"unknown,omitempty"` // why: how many records and links
	BlindEqual   int            `json:"blind_equal"`       // no image known: records that are equal all the same
	BlindUnknown int            `json:"blind_unknown"`
	Layers       int            `json:"layers"` // of images, that are the instructions' which BuildKit says
	Bases        int            `json:"bases"`  // base images that are known by their layers
	Wrong        []string       `json:"wrong,omitempty"`
}

func (t *keysTally) sum(o *keysTally) {
	t.Equal += o.Equal
	t.EqualLinks += o.EqualLinks
	t.BlindEqual += o.BlindEqual
	t.BlindUnknown += o.BlindUnknown
	t.Layers += o.Layers
	t.Bases += o.Bases
	t.Wrong = append(t.Wrong, o.Wrong...)
	for why, n := range o.Unknown {
		t.unknown(why, n)
	}
}

func (t *keysTally) unknown(why string, n int) {
	if t.Unknown == nil {
		t.Unknown = map[string]int{}
	}
	t.Unknown[why] += n
}

func (t *keysTally) String() string {
	unknown := 0
	for _, n := range t.Unknown {
		unknown += n
	}
	return fmt.Sprintf("records equal %d, links equal %d, unknown %d, wrong or missing %d; without images: equal %d, unknown %d; layers %d, known bases %d",
		t.Equal, t.EqualLinks, unknown, len(t.Wrong), t.BlindEqual, t.BlindUnknown, t.Layers, t.Bases)
}

// runKeys builds commits of a pair on an empty daemon, and compares the cache with what `cachepredict keys` says.
func (l *lab) runKeys(ctx context.Context, p *pair, trees [2]string, needs *plan) ([]result, error) {
	var results []result
	roots := buildRootfs(needs, l.shell, equalBytes)
	roots.distinct = l.settings.older // which know images by their layers, too, and join those with equal ones
	metadata, err := l.metadata(p, needs, roots)
	if err != nil {
		return nil, err
	}
	l.registry.serve(roots, p.opts.images)
	for i, tree := range trees {
		if i == 0 && l.settings.cases == "" && l.settings.pair == "" {
			continue // a history: one commit of each pair
		}
		start := time.Now()
		r := result{Pair: p.name, Mode: "keys " + string("AB"[i])}
		l.files.serve(p.site, p.web[i])
		dir := filepath.Join(p.dir, "cache-"+string("ab"[i]))
		err := l.empty(ctx)
		if err == nil {
			_, err = l.build(ctx, p.opts, tree, i == 1, "--export-cache", "type=local,mode=max,compression=uncompressed,dest="+dir)
		}
		var failed errBuild
		if errors.As(err, &failed) {
			r.Skipped = fmt.Sprintf("build of %c fails: %s", "AB"[i], failed.reason)
			return append(results, r), nil
		}
		if err != nil {
			return nil, err
		}
		if r.Keys, err = l.compareKeys(ctx, p, []string{p.a, p.b}[i], dir, metadata); err != nil {
			r.Failed = err.Error()
		} else if err := l.compareLayers(ctx, p, tree, i == 1, []string{p.a, p.b}[i], metadata, r.Keys); err != nil {
			r.Failed = "layers: " + err.Error()
		}
		os.RemoveAll(dir)
		r.Seconds = time.Since(start).Seconds()
		results = append(results, r)
	}
	return results, ctx.Err()
}

func (l *lab) compareKeys(ctx context.Context, p *pair, commit, dir, metadata string) (*keysTally, error) {
	real, err := readCache(dir)
	if err != nil {
		return nil, err
	}
	ours, err := keys(ctx, l.settings, p.opts, p.repo.dir, commit, metadata)
	if err != nil {
		return nil, err
	}
	c := newKeysComparison(real, ours)
	t := c.run()
	for i, w := range t.Wrong {
		t.Wrong[i] = w + l.preimage(ctx, w)
	}
	if len(p.opts.images) > 0 {
		return t, nil // what is known of official images without a config does not hold for these
	}
	if ours, err = keys(ctx, l.settings, p.opts, p.repo.dir, commit, ""); err != nil {
		return nil, err
	}
	blind := newKeysComparison(real, ours).run()
	t.BlindEqual = blind.Equal
	for _, n := range blind.Unknown {
		t.BlindUnknown += n
	}
	for _, w := range blind.Wrong {
		t.Wrong = append(t.Wrong, "without images: "+w)
	}
	return t, nil
}

// metadata writes what cachepredict is told about the images of a pair: all but those that a case keeps from it.
func (l *lab) metadata(p *pair, needs *plan, roots *rootfs) (string, error) {
	for _, c := range p.opts.contexts {
		if _, image, found := strings.Cut(c, "=docker-image://"); found {
			ref, err := normalise(image)
			if err != nil {
				return "", err
			}
			needs.images.Store(ref, true)
		}
	}
	all := map[string]any{}
	for ref := range needs.refs() {
		if _, hidden := p.opts.images[ref]; hidden && !slices.Contains(p.opts.known, ref) {
			continue
		}
		d, err := describe(roots, ref, p.opts.images[ref])
		if err != nil {
			return "", err
		}
		all[ref] = d
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	name := filepath.Join(p.dir, "images-"+roots.mode+".json")
	return name, os.WriteFile(name, text, 0o644)
}

// keys asks cachepredict for the records of a build.
func keys(ctx context.Context, s *settings, o options, repo, commit, metadata string) ([]record, error) {
	o.builder = s.builder
	cmd := exec.CommandContext(ctx, s.predictor, o.keys(repo, commit, metadata)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the predictor failed (%v): %s", err, lastLines(errs.String(), 3))
	}
	var answer struct {
		Records []struct {
			Digest, Unknown, Step string
			Preimage              string
			Inputs                [][]struct{ Selector, Link, Unknown string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return nil, fmt.Errorf("the keys are not JSON: %w", err)
	}
	records := make([]record, len(answer.Records))
	for i, r := range answer.Records {
		records[i] = record{digest: r.Digest, step: r.Step + " = " + r.Preimage, inputs: make([][]link, len(r.Inputs)),
			unknown: r.Unknown, why: make([]string, len(r.Inputs))}
		for k, links := range r.Inputs {
			for _, l := range links {
				if l.Unknown != "" {
					records[i].why[k] = l.Unknown
				} else {
					records[i].inputs[k] = append(records[i].inputs[k], link{l.Selector, l.Link})
				}
			}
		}
	}
	return records, nil
}

// preimage asks the daemon's debug database what the digests in a text are made of.
func (d *daemon) preimage(ctx context.Context, text string) string {
	var b strings.Builder
	if d.debug == "" {
		return ""
	}
	for _, found := range digestText.FindAllString(text, 4) {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.debug+"/debug/cache/lookup?digest="+found, nil)
		if err != nil {
			return ""
		}
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			return ""
		}
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 8<<10))
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			fmt.Fprintf(&b, "\n        BuildKit: %s", strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", "\n        "))
		}
	}
	return b.String()
}

func (t *keysTally) print(what string) {
	if t.Equal == 0 && len(t.Wrong) == 0 {
		return
	}
	fmt.Printf("%s: %v\n", what, t)
	for _, why := range slices.Sorted(maps.Keys(t.Unknown)) {
		fmt.Printf("   unknown %d: %s\n", t.Unknown[why], why)
	}
}
