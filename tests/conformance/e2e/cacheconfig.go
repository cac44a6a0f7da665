package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// link is a way into a record: from the record of an input, by selector; without selector often by content.
type link struct {
	selector, record string
}

// record is a record of a cache, its links led to their ends. "" stands for a digest that is not known.
type record struct {
	digest  string
	step    string
	inputs  [][]link
	unknown string   // why the digest is not known
	why     []string // per input: why a link by content is not known
}

// readCache reads the records of a cache that was exported with type=local.
func readCache(dir string) ([]record, error) {
	var index ocispecs.Index
	if err := readJSON(filepath.Join(dir, "index.json"), &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) != 1 {
		return nil, fmt.Errorf("%s: %d manifests instead of one", dir, len(index.Manifests))
	}
	blob := func(d digest.Digest) string { return filepath.Join(dir, "blobs", d.Algorithm().String(), d.Encoded()) }
	var manifest ocispecs.Manifest
	if err := readJSON(blob(index.Manifests[0].Digest), &manifest); err != nil {
		return nil, err
	}
	config := manifest.Config.Digest
	if config == "" { // the form of an index, which older daemons write
		var old ocispecs.Index
		if err := readJSON(blob(index.Manifests[0].Digest), &old); err != nil {
			return nil, err
		}
		for _, m := range old.Manifests {
			if m.MediaType == "application/vnd.buildkit.cacheconfig.v0" {
				config = m.Digest
			}
		}
	}
	var c struct {
		Records []struct {
			Digest string
			Inputs [][]struct {
				Selector string
				Link     int
			}
		}
	}
	if err := readJSON(blob(config), &c); err != nil {
		return nil, err
	}
	records := make([]record, len(c.Records))
	for i, r := range c.Records {
		records[i] = record{digest: r.Digest, inputs: make([][]link, len(r.Inputs)), why: make([]string, len(r.Inputs))}
		for k, links := range r.Inputs {
			for _, l := range links {
				if l.Link < 0 || l.Link >= len(c.Records) {
					return nil, fmt.Errorf("%s: a link out of range", config)
				}
				records[i].inputs[k] = append(records[i].inputs[k], link{l.Selector, c.Records[l.Link].Digest})
			}
		}
	}
	return records, nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
