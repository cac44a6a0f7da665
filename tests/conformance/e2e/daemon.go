package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// daemon is a buildkitd of our own with its registry: its cache is emptied before every pair.
type daemon struct {
	settings *settings
	dir      string
	registry *registry
	said     []byte // all that buildctl printed of the last build
	debug    string // address of the debug database of digests, if there is one
	cmd      *exec.Cmd
	exited   chan struct{}
}

// Registries that every daemon sends to the stub; those that the input names are added.
var wellKnown = []string{"docker.io", "ghcr.io", "quay.io", "mcr.microsoft.com", "gcr.io", "registry.k8s.io", "public.ecr.aws", "nvcr.io",
	"registry.access.redhat.com", "docker.elastic.co", "us-docker.pkg.dev", "cgr.dev", "registry.gitlab.com", "lscr.io"}

func startDaemon(ctx context.Context, s *settings, n int, registries map[string]bool) (*daemon, error) {
	d := &daemon{settings: s, dir: filepath.Join(s.work, fmt.Sprintf("daemon%d", n)), exited: make(chan struct{})}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if d.registry, err = startRegistry(); err != nil {
		return nil, err
	}
	if s.frontend != "" {
		if d.registry.frontend, err = os.ReadFile(s.frontend); err != nil {
			return nil, err
		}
	}
	if err := d.launch(ctx, registries); err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

func (d *daemon) launch(ctx context.Context, registries map[string]bool) error {
	config := filepath.Join(d.dir, "buildkitd.toml")
	if err := os.WriteFile(config, []byte(d.config(registries)), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(filepath.Dir(d.settings.summary), filepath.Base(d.dir)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"--config", config}
	if d.settings.keys && strings.Contains(d.help(ctx), "--save-cache-debug") {
		if d.debug, err = freeAddress(); err != nil {
			return err
		}
		args = append(args, "--save-cache-debug", "--debugaddr", d.debug)
	}
	d.cmd = exec.Command(d.settings.buildkitd, args...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	go func() { d.cmd.Wait(); close(d.exited) }()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := output(d.buildctl(ctx, "debug", "workers")); err == nil {
			return nil
		}
		select {
		case <-d.exited:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("buildkitd does not start: %s", lastLines(string(text), 5))
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
	return fmt.Errorf("buildkitd does not answer, see %s", log.Name())
}

func (d *daemon) config(registries map[string]bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "root = %q\n[grpc]\n  address = [%q]\n", filepath.Join(d.dir, "root"), d.address())
	fmt.Fprintf(&b, "[worker.containerd]\n  enabled = false\n[worker.oci]\n  enabled = true\n  snapshotter = %q\n  networkMode = \"host\"\n  gc = false\n",
		snapshotter(d.dir))
	fmt.Fprintf(&b, "[registry.%q]\n  http = true\n", d.registry.addr)
	all := map[string]bool{}
	for _, host := range wellKnown {
		all[host] = true
	}
	for host := range registries {
		all[host] = true
	}
	if d.settings.pushed != "" {
		fmt.Fprintf(&b, "[registry.%q]\n  http = true\n", d.settings.pushed)
	}
	for _, host := range sorted(all) {
		fmt.Fprintf(&b, "[registry.%q]\n  mirrors = [%q]\n", host, d.registry.addr)
	}
	return b.String()
}

// help tells what flags this release of the daemon has.
func (d *daemon) help(ctx context.Context) string {
	text, _ := output(exec.CommandContext(ctx, d.settings.buildkitd, "--help"))
	return text
}

// freeAddress finds an address on loopback for a server that cannot choose one itself.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (d *daemon) address() string {
	return "unix://" + filepath.Join(d.dir, "sock")
}

func (d *daemon) buildctl(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(d.settings.bin, "buildctl"), append([]string{"--addr", d.address()}, args...)...)
	// No settings of the user, no tracing, no proxy.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir}
	return cmd
}

// snapshotter tries whether an overlay can be mounted in dir.
func snapshotter(dir string) string {
	probe := filepath.Join(dir, "probe")
	defer os.RemoveAll(probe)
	for _, sub := range []string{"lower", "upper", "work", "merged"} {
		if os.MkdirAll(filepath.Join(probe, sub), 0o700) != nil {
			return "native"
		}
	}
	data := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", probe)
	if syscall.Mount("overlay", filepath.Join(probe, "merged"), "overlay", 0, data) != nil {
		return "native"
	}
	syscall.Unmount(filepath.Join(probe, "merged"), 0)
	return "overlayfs"
}

// empty forgets everything that was built.
func (d *daemon) empty(ctx context.Context) error {
	_, err := output(d.buildctl(ctx, "prune", "--all"))
	return err
}

func (d *daemon) stop() {
	if d.cmd != nil && d.cmd.Process != nil {
		d.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-d.exited:
		case <-time.After(10 * time.Second):
			d.cmd.Process.Kill()
		}
	}
}

// vertex is what buildctl tells of one operation.
type vertex struct {
	Digest    string
	Inputs    []string
	Name      string
	Started   *time.Time
	Completed *time.Time
	Cached    bool
	Error     string
}

const buildTimeout = 5 * time.Minute

// errBuild is a build that failed for reasons of its input.
type errBuild struct{ reason string }

func (e errBuild) Error() string { return e.reason }

// build runs a build and returns all that it said about vertices, in order.
func (d *daemon) build(ctx context.Context, o options, dir string, isB bool, more ...string) ([]vertex, error) {
	limited, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	cmd := d.buildctl(limited, append(o.buildctl(dir, isB), more...)...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	runErr := cmd.Run()
	d.said = append(bytes.Clone(out.Bytes()), errs.Bytes()...)
	var all []vertex
	var rest []string
	for _, b := range []*bytes.Buffer{&out, &errs} {
		lines := bufio.NewScanner(b)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var status struct{ Vertexes []vertex }
			if json.Unmarshal(lines.Bytes(), &status) != nil {
				rest = append(rest, lines.Text())
				continue
			}
			all = append(all, status.Vertexes...)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if limited.Err() != nil {
		return nil, errBuild{fmt.Sprintf("it takes longer than %v", buildTimeout)}
	}
	var exit *exec.ExitError
	if errors.As(runErr, &exit) {
		return all, errBuild{lastLines(strings.Join(rest, "\n"), 1)}
	}
	return all, runErr
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
