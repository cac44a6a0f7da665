package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// compareLayers exports the image that was just built, and holds the instruction that `cachepredict advise` gives to each of its layers
// against the history that BuildKit wrote.
func (l *lab) compareLayers(ctx context.Context, p *pair, tree string, isB bool, commit, metadata string, t *keysTally) error {
	dir := filepath.Join(p.dir, "image")
	defer os.RemoveAll(dir)
	if _, err := l.build(ctx, p.opts, tree, isB, "--output", "type=oci,tar=false,dest="+dir); err != nil {
		return err
	}
	config, err := readImageConfig(dir)
	if err != nil {
		return err
	}
	if config == nil {
		return nil
	}
	var image ocispecs.Image
	if err := json.Unmarshal(config, &image); err != nil {
		return err
	}
	// the part of a report of Trivy that is about layers
	text, err := json.Marshal(map[string]any{"SchemaVersion": 2, "Metadata": map[string]any{"ImageConfig": json.RawMessage(config)}})
	if err != nil {
		return err
	}
	report := filepath.Join(p.dir, "report.json")
	if err := os.WriteFile(report, text, 0o644); err != nil {
		return err
	}
	if err := l.adviseLayers(ctx, p, commit, metadata, report, &image, t); err != nil || len(p.opts.images) > 0 {
		return err // what is known of official images without a config does not hold for these
	}
	return l.adviseLayers(ctx, p, commit, "", report, &image, t)
}

// readImageConfig reads the config of the one image of an OCI layout; nil where it has images for several platforms.
func readImageConfig(dir string) ([]byte, error) {
	blob := func(d digest.Digest) string { return filepath.Join(dir, "blobs", d.Algorithm().String(), d.Encoded()) }
	var index ocispecs.Index
	if err := readJSON(filepath.Join(dir, "index.json"), &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) != 1 {
		return nil, fmt.Errorf("%s: %d images instead of one", dir, len(index.Manifests))
	}
	var manifest ocispecs.Manifest
	if err := readJSON(blob(index.Manifests[0].Digest), &manifest); err != nil {
		return nil, err
	}
	if manifest.Config.Digest == "" {
		return nil, nil
	}
	return os.ReadFile(blob(manifest.Config.Digest))
}

// place is a member of "layers".
type place struct {
	From, Instruction string
	Line              int
	DiffIDs           []string `json:"diff_ids"`
}

func (l *lab) adviseLayers(ctx context.Context, p *pair, commit, metadata, report string, image *ocispecs.Image, t *keysTally) error {
	o := p.opts
	o.builder = l.settings.builder
	args := append(o.flags([]string{"advise", "--report", report, "-C", p.repo.dir, "--head", commit}, metadata), o.contextArgument())
	cmd := exec.CommandContext(ctx, l.settings.predictor, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("advise failed (%v): %s", err, lastLines(errs.String(), 3))
	}
	var answer struct {
		Images []struct {
			Scans []struct {
				Matched    bool
				BaseProved bool `json:"base_proved"`
				Layers     []place
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return fmt.Errorf("the advice is not JSON: %w", err)
	}
	if len(image.RootFS.DiffIDs) == 0 && len(answer.Images) == 1 && len(answer.Images[0].Scans) == 1 {
		return nil
	}
	if len(answer.Images) != 1 || len(answer.Images[0].Scans) != 1 {
		return fmt.Errorf("advice of %d images", len(answer.Images))
	}
	scan := answer.Images[0].Scans[0]
	n, wrong := compareHistory(scan.Layers, image)
	t.Layers += n
	t.Wrong = append(t.Wrong, wrong...)
	if !scan.Matched && !p.opts.hidden() {
		t.Wrong = append(t.Wrong, fmt.Sprintf("the image is not recognised (metadata %q): %s", metadata, history(image)))
	}
	if scan.BaseProved {
		t.Bases++
	}
	return nil
}

func history(image *ocispecs.Image) string {
	var b strings.Builder
	for _, h := range image.History {
		if !h.EmptyLayer {
			fmt.Fprintf(&b, "\n  %q", h.CreatedBy)
		}
	}
	return b.String()
}

// compareHistory: layers in their order, and every one that is an instruction's has in its history the word of that instruction. (A trigger has
// the line of its FROM.) Where a base image has no history, BuildKit adds entries of its own at the end, so those of instructions are counted
// from the top.
func compareHistory(places []place, image *ocispecs.Image) (n int, wrong []string) {
	var created, ids []string
	for _, h := range image.History {
		if !h.EmptyLayer && h.Comment == "buildkit.dockerfile.v0" {
			created = append(created, h.CreatedBy)
		}
	}
	created = append(make([]string, max(0, len(image.RootFS.DiffIDs)-len(created))), created...)
	for _, p := range places {
		for _, id := range p.DiffIDs {
			at := len(ids)
			ids = append(ids, id)
			if at >= len(created) || at >= len(image.RootFS.DiffIDs) || image.RootFS.DiffIDs[at].String() != id {
				return n, append(wrong, fmt.Sprintf("layer %d is not %s", at, id))
			}
			if p.From != "step" {
				continue
			}
			word, _, _ := strings.Cut(strings.ReplaceAll(p.Instruction, "\t", " "), " ")
			if said, _, _ := strings.Cut(created[at], " "); !strings.EqualFold(word, said) {
				wrong = append(wrong, fmt.Sprintf("layer %d: line %d %q, and in the history %q", at, p.Line, p.Instruction, created[at]))
			}
			n++
		}
	}
	if len(ids) != len(image.RootFS.DiffIDs) {
		wrong = append(wrong, fmt.Sprintf("%d layers of %d", len(ids), len(image.RootFS.DiffIDs)))
	}
	return n, wrong
}
