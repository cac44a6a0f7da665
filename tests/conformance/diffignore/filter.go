package main

import (
	"context"
	"fmt"
	"io"
	gofs "io/fs"
	"math/rand"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// A file of a tree: kind f, x (executable), l (link), s (submodule); folders follow from the paths.
type file struct {
	kind, path, content string
}

type tree []file

// dirs lists the folders of a tree, submodules included.
func (t tree) dirs() map[string]bool {
	out := map[string]bool{}
	for _, f := range t {
		for _, a := range ancestors(f.path) {
			if a != f.path || f.kind == "s" {
				out[a] = true
			}
		}
	}
	return out
}

func (t tree) args() []string {
	out := []string{strconv.Itoa(len(t))}
	for _, f := range t {
		out = append(out, f.kind, f.path, f.content)
	}
	return out
}

// entries lists everything in the order of a walk: by components.
func (t tree) entries() []file {
	list := slices.Clone(t)
	for d := range t.dirs() {
		list = append(list, file{kind: "d", path: d})
	}
	list = slices.DeleteFunc(list, func(f file) bool { return f.kind == "s" })
	slices.SortFunc(list, func(x, y file) int {
		return slices.Compare(strings.Split(x.path, "/"), strings.Split(y.path, "/"))
	})
	return list
}

func (f file) stat() *types.Stat {
	s := &types.Stat{Path: f.path, Mode: 0o644}
	switch f.kind {
	case "x":
		s.Mode = 0o755
	case "d":
		s.Mode = uint32(os.ModeDir | 0o755)
	case "l":
		s.Mode = uint32(os.ModeSymlink | 0o777)
		s.Linkname = f.content
	}
	if f.kind == "f" || f.kind == "x" {
		s.Size = int64(len(f.content))
	}
	return s
}

// memFS is a tree as fsutil walks it.
type memFS struct {
	list []file
}

func (m memFS) Walk(_ context.Context, _ string, fn gofs.WalkDirFunc) error {
	skip := ""
	for _, f := range m.list {
		if skip != "" && strings.HasPrefix(f.path, skip) {
			continue
		}
		skip = ""
		err := fn(f.path, &fsutil.DirEntryInfo{Stat: f.stat()}, nil)
		if err == gofs.SkipDir {
			skip = f.path + "/"
			if f.kind != "d" {
				skip = path.Dir(f.path) + "/"
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m memFS) Open(string) (io.ReadCloser, error) { return nil, os.ErrNotExist }

// sent lists what a client sends of a tree under ignore rules.
func sent(t tree, patterns []string) ([]file, error) {
	all := t.entries()
	f, err := fsutil.NewFilterFS(memFS{all}, &fsutil.FilterOpt{ExcludePatterns: patterns})
	if err != nil {
		return nil, err
	}
	byPath := map[string]file{}
	for _, e := range all {
		byPath[e.path] = e
	}
	var out []file
	err = f.Walk(context.Background(), "", func(p string, _ gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		out = append(out, byPath[p])
		return nil
	})
	return out, err
}

var contents = []string{"", "x", "y", "zz"}

// genTree makes a tree in which no file is a folder of another.
func genTree(r *rand.Rand, n int) tree {
	var t tree
	taken := map[string]bool{}
	dirs := map[string]bool{}
	for range n {
		p := genPath(r)
		steps := ancestors(p)
		ok := !dirs[p] && !taken[p]
		for _, a := range steps[:len(steps)-1] {
			ok = ok && !taken[a]
		}
		if !ok {
			continue
		}
		f := file{"f", p, pick(r, contents)}
		switch r.Intn(12) {
		case 0:
			f.kind = "x"
		case 1, 2:
			f.kind = "l"
			f.content = genTarget(r, t)
		case 3:
			f.kind, f.content = "s", ""
		}
		taken[p] = true
		for _, a := range steps[:len(steps)-1] {
			dirs[a] = true
		}
		t = append(t, f)
	}
	return t
}

func genTarget(r *rand.Rand, t tree) string {
	p := genPath(r)
	if len(t) > 0 && r.Intn(4) > 0 {
		p = t[r.Intn(len(t))].path
		if r.Intn(2) == 0 {
			p = path.Dir(p)
		}
	}
	return pick(r, []string{"", "", "/", "../", "./", "../../", "a/../", "b/../", "x/../../"}) + p + pick(r, []string{"", "", "", "/", "/.", "/.."})
}

func runFilter(d *driver, r *rand.Rand) string {
	t := genTree(r, 4+r.Intn(14))
	var paths []string
	for _, f := range t {
		paths = append(paths, ancestors(f.path)...)
	}
	patterns := genPatterns(r, paths)
	question := append([]string{"filter", strconv.Itoa(len(patterns))}, patterns...)
	want, err := sent(t, patterns)
	if err != nil && strings.Contains(err.Error(), "invalid excludepatterns") {
		return ""
	}
	got := d.ask(append(question, t.args()...)...)
	if got[0] == "unsupported" && namesCategory(patterns) {
		unsupported["filter"]++
		return ""
	}
	if err != nil || got[0] != "ok" {
		if err == nil || got[0] != "error" {
			return fmt.Sprintf("%q on %q: want %v, got %q", patterns, t, err, got)
		}
		return ""
	}
	list := []string{"ok"}
	for _, f := range want {
		list = append(list, f.kind+f.path)
	}
	if !slices.Equal(list, got) {
		return fmt.Sprintf("%q on %q:\n  want %q\n  got  %q", patterns, t, list, got)
	}
	return ""
}
