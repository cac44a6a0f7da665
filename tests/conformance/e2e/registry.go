package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/opencontainers/image-spec/identity"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/distribution/reference"
	digest "github.com/opencontainers/go-digest"
)

// registry is a registry on loopback that has every image: one root file system for all of them, and a config
// of its own for each reference, so that another tag is another image.
type registry struct {
	addr     string
	frontend []byte // the program of docker/dockerfile, if that is to be a real image

	mu      sync.Mutex
	roots   *rootfs
	configs map[string]imageConfig // by normalised reference
	blobs   map[digest.Digest][]byte
}

// imageConfig is what a case may say about an image; the field names are those of the OCI image config.
type imageConfig struct {
	Env        []string          `json:"Env,omitempty"`
	WorkingDir string            `json:"WorkingDir,omitempty"`
	User       string            `json:"User,omitempty"`
	Shell      []string          `json:"Shell,omitempty"`
	Entrypoint []string          `json:"Entrypoint,omitempty"`
	OnBuild    []string          `json:"OnBuild,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`

	// Same names another reference that leads to the same image.
	Same string `json:",omitempty"`
}

func startRegistry() (*registry, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &registry{addr: l.Addr().String()}
	go http.Serve(l, r)
	return r, nil
}

// serve says what the registry has from now on.
func (r *registry) serve(roots *rootfs, configs map[string]imageConfig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roots, r.configs, r.blobs = roots, configs, map[digest.Digest][]byte{}
}

// image makes the manifest and config of a normalised reference.
func (r *registry) image(ref string) (digest.Digest, []byte, error) {
	manifest, config, layers, err := buildImage(r.roots, ref, r.configs[ref])
	if len(r.frontend) > 0 && strings.HasPrefix(ref, "docker.io/docker/dockerfile:") {
		manifest, config, layers, err = buildFrontend(r.frontend)
	}
	if err != nil {
		return "", nil, err
	}
	d := digest.FromBytes(manifest)
	r.blobs[d] = manifest
	r.blobs[digest.FromBytes(config)] = config
	for _, l := range layers {
		r.blobs[digest.FromBytes(l)] = l
	}
	return d, manifest, nil
}

// describe gives what cachepredict wants to know of an image, in the shape of its image metadata file.
func describe(roots *rootfs, ref string, c imageConfig) (map[string]any, error) {
	manifest, _, layers, err := buildImage(roots, ref, c)
	if err != nil {
		return nil, err
	}
	var diffs []digest.Digest
	for _, l := range layers {
		diffs = append(diffs, digest.FromBytes(l))
	}
	return map[string]any{"digest": digest.FromBytes(manifest).String(), "os": "linux", "architecture": hostArch(),
		"config": c.withDefaults(ref), "chain_id": identity.ChainID(diffs).String(),
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffs}}, nil
}

// withDefaults is the config that the stub serves under ref: its label makes every reference an image of its own.
func (c imageConfig) withDefaults(ref string) imageConfig {
	if c.Env == nil {
		c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	c.Labels = map[string]string{"reference": ref}
	return c
}

func buildImage(roots *rootfs, ref string, c imageConfig) (manifest, config []byte, layers [][]byte, err error) {
	if c.Same != "" {
		if ref, err = normalise(c.Same); err != nil {
			return nil, nil, nil, err
		}
		c = imageConfig{}
	}
	layers = [][]byte{roots.base}
	if own := roots.own(ref); own != nil {
		layers = append(layers, own)
	}
	config, manifest, err = pack(layers, c.withDefaults(ref))
	return manifest, config, layers, err
}

// buildFrontend makes the image of a frontend, as its Dockerfile does (frontend/dockerfile/cmd/dockerfile-frontend/Dockerfile).
func buildFrontend(program []byte) (manifest, config []byte, layers [][]byte, err error) {
	l := newLayer()
	l.file("/bin/dockerfile-frontend", program, 0o755)
	layers = [][]byte{l.close()}
	config, manifest, err = pack(layers, imageConfig{Entrypoint: []string{"/bin/dockerfile-frontend"}, Labels: map[string]string{
		"moby.buildkit.frontend.network.none": "true",
		"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts",
	}})
	return manifest, config, layers, err
}

func pack(layers [][]byte, c imageConfig) (config, manifest []byte, err error) {
	var diffs []digest.Digest
	m := ocispecs.Manifest{MediaType: ocispecs.MediaTypeImageManifest}
	m.SchemaVersion = 2
	for _, l := range layers {
		diffs = append(diffs, digest.FromBytes(l))
		m.Layers = append(m.Layers, ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageLayer, Digest: digest.FromBytes(l), Size: int64(len(l))})
	}
	content := map[string]any{
		"architecture": hostArch(), "os": "linux",
		"config": c,
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffs},
	}
	if len(c.Labels["reference"])%2 == 0 { // the others say nothing of how they were made, as those of some builders
		var history []ocispecs.History
		for range layers {
			history = append(history, ocispecs.History{CreatedBy: "RUN true # buildkit", Comment: "buildkit.dockerfile.v0"},
				ocispecs.History{CreatedBy: "ENV X=1", EmptyLayer: true})
		}
		content["history"] = history
	}
	config, err = json.Marshal(content)
	if err != nil {
		return nil, nil, err
	}
	m.Config = ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))}
	manifest, err = json.Marshal(m)
	return config, manifest, err
}

func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	path, found := strings.CutPrefix(q.URL.Path, "/v2/")
	if !found {
		http.NotFound(w, q)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if path == "" {
		return
	}
	if i := strings.LastIndex(path, "/manifests/"); i >= 0 {
		r.manifest(w, q, path[:i], path[i+len("/manifests/"):])
		return
	}
	if i := strings.LastIndex(path, "/blobs/"); i >= 0 {
		r.blob(w, q, digest.Digest(path[i+len("/blobs/"):]), "application/octet-stream")
		return
	}
	http.NotFound(w, q)
}

func (r *registry) manifest(w http.ResponseWriter, q *http.Request, name, tag string) {
	if strings.HasPrefix(tag, "sha256:") {
		r.blob(w, q, digest.Digest(tag), ocispecs.MediaTypeImageManifest)
		return
	}
	host := q.URL.Query().Get("ns")
	if host == "" {
		host = q.Host
	}
	d, _, err := r.image(host + "/" + name + ":" + tag)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	r.blob(w, q, d, ocispecs.MediaTypeImageManifest)
}

func (r *registry) blob(w http.ResponseWriter, q *http.Request, d digest.Digest, kind string) {
	b, found := r.blobs[d]
	if !found {
		http.NotFound(w, q)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", d.String())
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	if q.Method != http.MethodHead {
		w.Write(b)
	}
}

// normalise gives a reference as BuildKit and the registry name it: docker.io/library/alpine:latest.
func normalise(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", ref, err)
	}
	return reference.TagNameOnly(named).String(), nil
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
