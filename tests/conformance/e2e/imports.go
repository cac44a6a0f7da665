package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Where a cache can be exported to and imported from, by the names of -import.
var cacheKinds = []string{"local-max", "local-min", "registry-max", "registry-min", "registry-index", "inline", "gha"}

// cachePlace is a cache of one build: how buildctl writes it, how it reads it, and how cachepredict is told of it.
type cachePlace struct {
	export []string
	source string
}

func (l *lab) place(kind string, p *pair, name string) cachePlace {
	if strings.HasPrefix(kind, "local-") {
		dir := filepath.Join(p.dir, name)
		return cachePlace{[]string{"--export-cache", "type=local,compression=uncompressed,mode=" + kind[len("local-"):] + ",dest=" + dir},
			"type=local,src=" + dir}
	}
	if kind == "gha" {
		value := "type=gha,version=1,url=" + l.actions.url + ",token=" + actionsToken() + ",scope=" + p.site + "-" + name
		return cachePlace{[]string{"--export-cache", value + ",mode=max"}, value}
	}
	ref := l.distribution.addr + "/" + p.site + "/" + name + ":t"
	export := []string{"--export-cache", "type=registry,compression=uncompressed,mode=max,ref=" + ref}
	switch kind {
	case "registry-min":
		export[1] = strings.Replace(export[1], "mode=max", "mode=min", 1)
	case "registry-index":
		export[1] += ",image-manifest=false"
	case "inline":
		export = []string{"--export-cache", "type=inline", "--output", "type=image,push=true,name=" + ref}
	}
	return cachePlace{export, "type=registry,ref=" + ref}
}

// runImports builds A, exports its cache, empties the daemon, and builds B with nothing but that cache. With all
// of A's cache, A is built again as well, and B with the cache of the pair before, which has nothing to do with it.
func (l *lab) runImports(ctx context.Context, p *pair, trees [2]string, needs *plan) ([]result, error) {
	var results []result
	for _, mode := range []string{equalBytes, freshBytes} {
		roots := buildRootfs(needs, l.shell, mode)
		metadata, err := l.metadata(p, needs, roots)
		if err != nil {
			return nil, err
		}
		l.registry.serve(roots, p.opts.images)
		for _, kind := range l.settings.imports {
			place := l.place(kind, p, kind+"-"+mode)
			r := result{Pair: p.name, Mode: kind + " " + mode}
			if r.Skipped, err = l.fillCache(ctx, p, trees[0], place); err != nil {
				return nil, err
			}
			if r.Skipped != "" {
				return append(results, r), nil
			}
			jobs := []importJob{{place.source, "", 1}}
			if kind == "local-max" {
				jobs = append(jobs, importJob{place.source, " A again", 0})
				if l.other != "" {
					jobs = append(jobs, importJob{l.other, " other cache", 1})
				}
			}
			for _, job := range jobs {
				r, err := l.importInto(ctx, p, trees, job, metadata)
				if err != nil {
					return nil, err
				}
				r.Mode = kind + " " + mode + job.label
				results = append(results, r)
			}
		}
	}
	return results, l.keepCache(p)
}

// importJob is one build with a cache: of the tree of A (0) or B (1).
type importJob struct {
	source, label string
	side          int
}

func (l *lab) fillCache(ctx context.Context, p *pair, tree string, place cachePlace) (string, error) {
	l.files.serve(p.site, p.web[0])
	if err := l.empty(ctx); err != nil {
		return "", err
	}
	_, err := l.build(ctx, p.opts, tree, false, place.export...)
	var failed errBuild
	if errors.As(err, &failed) {
		return "build of A fails: " + failed.reason, nil
	}
	return "", err
}

func (l *lab) importInto(ctx context.Context, p *pair, trees [2]string, job importJob, metadata string) (result, error) {
	start := time.Now()
	r := result{Pair: p.name, Imported: job.source}
	l.files.serve(p.site, p.web[job.side])
	opts := p.opts
	if job.side == 0 {
		opts.noCache, opts.noCacheFilter = false, nil
	}
	opts.cacheFrom = job.source
	predicted, predictErr := predict(ctx, l.settings, opts, p.repo.dir, p.a, []string{p.a, p.b}[job.side], metadata)
	if err := l.empty(ctx); err != nil {
		return r, err
	}
	if job.side == 0 {
		if err := cloneAgain(trees[0]); err != nil {
			return r, err
		}
	}
	all, err := l.build(ctx, opts, trees[job.side], job.side == 1, "--import-cache", job.source)
	var failed errBuild
	switch {
	case errors.As(err, &failed):
		r.Skipped = fmt.Sprintf("build of %c fails: %s", "AB"[job.side], failed.reason)
		return r, nil
	case err != nil:
		return r, err
	case predictErr != nil:
		r.Failed = predictErr.Error()
		return r, nil
	}
	r.Steps = compare(predicted, realSteps(all))
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// keepCache keeps the cache of this pair for the next one.
func (l *lab) keepCache(p *pair) error {
	from, to := filepath.Join(p.dir, "local-max-"+equalBytes), filepath.Join(l.dir, "other")
	if _, err := os.Stat(from); err != nil {
		return nil
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	l.other = "type=local,src=" + to
	return os.Rename(from, to)
}

// distribution is Debian's docker-registry on loopback.
type distribution struct {
	addr string
	cmd  *exec.Cmd
}

func startDistribution(s *settings) (*distribution, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(s.work, "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: %s\n",
		filepath.Join(s.work, "registry"), addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	d := &distribution{addr: addr, cmd: exec.Command("docker-registry", "serve", config)}
	log, err := os.Create(filepath.Join(filepath.Dir(s.summary), "registry.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	return d, d.cmd.Start()
}

func (d *distribution) stop() {
	if d != nil && d.cmd.Process != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	}
}

// actionsCache is the cache service of GitHub Actions that nektos/act has, on loopback.
type actionsCache struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer // it ends with its input
}

func startActionsCache(s *settings) (*actionsCache, error) {
	if s.ghacache == "" {
		return nil, errors.New("-import gha needs -ghacache")
	}
	c := &actionsCache{cmd: exec.Command(s.ghacache, filepath.Join(s.work, "gha"))}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	c.url = strings.TrimSpace(line) + "/"
	return c, err
}

func (c *actionsCache) stop() {
	if c != nil {
		c.stdin.Close()
		c.cmd.Wait()
	}
}

// actionsToken is what a runner gets, not signed: the scopes that it may write and read are in it.
func actionsToken() string {
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"ac":"[{\"Scope\":\"refs/heads/main\",\"Permission\":3}]","nbf":%d,"exp":%d}`, now-3600, now+24*3600)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("x"))
}

// importKinds reads the value of -import.
func importKinds(text string) ([]string, error) {
	switch text {
	case "":
		return nil, nil
	case "all":
		return cacheKinds, nil
	}
	kinds := strings.Split(text, ",")
	for _, k := range kinds {
		if !slices.Contains(cacheKinds, k) {
			return nil, fmt.Errorf("-import knows %s, not %q", strings.Join(cacheKinds, ", "), k)
		}
	}
	return kinds, nil
}
