package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// files stands for the rest of the web: it answers what ADD asks for, with files of a case or with bytes made
// up from the address, and with git repositories that have every branch that is asked for.
type files struct {
	addr string
	dir  string // the git repositories

	mu    sync.Mutex
	known map[string]map[string]webFile // by site and host/path
}

type webFile struct {
	data     string
	modified time.Time
}

var longAgo = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

func startFiles(dir string) (*files, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &files{addr: l.Addr().String(), dir: dir, known: map[string]map[string]webFile{}}
	go http.Serve(l, f)
	return f, os.MkdirAll(dir, 0o755)
}

// serve says what is at the addresses of a site from now on. Each case has a site, the first part of every path.
func (f *files) serve(site string, known map[string]webFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[site] = known
}

func (f *files) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if strings.Contains(q.URL.Path, ".git/") {
		h := cgi.Handler{Path: gitBackend(), Env: []string{"GIT_PROJECT_ROOT=" + f.dir, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
			"GIT_CONFIG_KEY_1=uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_1=true"}}
		h.ServeHTTP(w, q)
		return
	}
	site, address, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/"), "/")
	f.mu.Lock()
	file, found := f.known[site][address]
	f.mu.Unlock()
	if !found {
		file = webFile{"made up for " + address + "\n", longAgo}
	}
	w.Header().Set("ETag", `"`+shortHash(file.data+file.modified.String())+`"`)
	http.ServeContent(w, q, path.Base(q.URL.Path), file.modified, strings.NewReader(file.data))
}

func gitBackend() string {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "git-http-backend"
	}
	return filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
}

// makeGit makes the repository behind an ADD of a git address, site/host/path.git#ref:folder, with that ref in it.
// The commit depends on the ref alone, so that a case can name it.
func (f *files) makeGit(ctx context.Context, address string) error {
	address, found := strings.CutPrefix(address, f.addr+"/")
	if !found {
		return nil
	}
	name, ref, _ := strings.Cut(address, "#")
	ref, folder, _ := strings.Cut(ref, ":")
	f.mu.Lock()
	defer f.mu.Unlock()
	r := repository{filepath.Join(f.dir, name)}
	if _, err := os.Stat(r.dir); err != nil {
		if r, err = initBare(ctx, r.dir); err != nil {
			return err
		}
		if err := addBranch(ctx, r, "main", ""); err != nil {
			return err
		}
	}
	if ref == "" || len(ref) == 40 {
		return nil
	}
	return addBranch(ctx, r, ref, folder)
}

// lend shows a repository that is somewhere else.
func (f *files) lend(r repository, name string) error {
	link := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	os.Remove(link) // of the same case in another mode
	return os.Symlink(r.dir, link)
}

func addBranch(ctx context.Context, r repository, branch, folder string) error {
	data := "file of " + branch + "\n"
	name := path.Join(folder, "file")
	text := fmt.Sprintf("commit refs/heads/%s\ncommitter e2e <e2e@localhost> 1700000000 +0000\ndata 1\nx\ndeleteall\nM 100644 inline %s\ndata %d\n%s\n",
		branch, quotePath(name), len(data), data)
	cmd := r.command(ctx, "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(text)
	_, err := output(cmd)
	return err
}

var (
	pinned  = regexp.MustCompile(`([A-Za-z0-9][\w./-]*(?::\d+/[\w./-]+)?)(:[\w.-]+)?@sha256:([0-9a-f]{64})`)
	addLine = regexp.MustCompile(`(?i)^\s*(ONBUILD\s+)?ADD\s`)
	webURL  = regexp.MustCompile(`https?://([\w.-]+(?::\d+)?/)`)
)

// rewrite makes a Dockerfile buildable offline: a digest pin becomes a tag of its own, because only the real
// registry has the bytes of that digest, and the addresses of ADD become addresses of this process.
func rewrite(dockerfile, web string) string {
	dockerfile = pinned.ReplaceAllStringFunc(dockerfile, func(s string) string {
		m := pinned.FindStringSubmatch(s)
		tag := m[2]
		if tag == "" {
			tag = ":pinned"
		}
		return m[1] + tag + "-" + m[3][:12]
	})
	lines := strings.SplitAfter(dockerfile, "\n")
	inAdd := false
	for i, line := range lines {
		inAdd = inAdd || addLine.MatchString(line)
		if inAdd {
			lines[i] = webURL.ReplaceAllString(line, "http://"+web+"/$1")
		}
		inAdd = inAdd && strings.HasSuffix(strings.TrimRight(line, " \t\r\n"), `\`)
	}
	return strings.Join(lines, "")
}
