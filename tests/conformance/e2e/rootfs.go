package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// What a RUN writes into the paths that later steps read.
const (
	equalBytes = "equal"
	freshBytes = "fresh"
)

// rootfs is the file system of every stub image of a pair.
type rootfs struct {
	base     []byte // the layer that all images share
	mode     string
	kinds    map[string]byte
	shell    []byte
	distinct bool            // every reference has a layer of its own
	programs map[string]bool // paths that are run and must stay programs
}

// Programs that scripts ask for by name.
var interpreters = []string{"sh", "bash", "ash", "dash", "zsh", "env", "python", "python3", "node", "perl", "ruby", "php", "pip", "pip3",
	"npm", "npx", "yarn", "pnpm", "uv", "go", "cargo", "make", "mvn", "gradle", "dotnet", "java", "apk", "apt-get", "true", "test", "busybox"}

func buildRootfs(p *plan, shell []byte, mode string) *rootfs {
	r := &rootfs{mode: mode, kinds: p.kinds(), shell: shell, programs: maps.Clone(p.commands)}
	l := newLayer()
	for _, dir := range []string{"/bin", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys",
		"/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/sbin", "/usr/share", "/var/lib"} {
		l.folder(dir, 0o755)
	}
	l.folder("/tmp", 0o1777)
	l.file("/.stubshell/sh", shell, 0o755)
	l.file("/.stubshell/paths", []byte(r.list()), 0o644)
	l.link("/bin/sh")
	for _, name := range interpreters {
		r.programs["/bin/"+name] = true
		r.programs["/usr/bin/"+name] = true
	}
	for _, name := range sorted(r.programs) {
		l.link(name)
	}
	users, groups := accounts(p)
	l.file("/etc/passwd", []byte(users), 0o644)
	l.file("/etc/group", []byte(groups), 0o644)
	if mode == equalBytes {
		r.reads(l, equalBytes)
	}
	r.base = l.close()
	return r
}

// own is the layer that only the image of this reference has: in fresh mode another image holds other bytes.
func (r *rootfs) own(ref string) []byte {
	if !r.distinct && (r.mode != freshBytes || len(r.kinds) == 0) {
		return nil
	}
	l := newLayer()
	if r.distinct {
		l.file("/.stubshell/reference", []byte(ref), 0o644)
	}
	if r.mode == freshBytes {
		r.reads(l, ref)
	}
	return l.close()
}

// reads makes the paths that a build reads, writable by every USER of it.
func (r *rootfs) reads(l *layer, comment string) {
	text := []byte("#!/bin/sh\n# " + comment + "\n")
	names := slices.Sorted(maps.Keys(r.kinds))
	for _, name := range names {
		if r.kinds[name] == 'd' && name != "/" {
			l.folder(name, 0o777)
		}
	}
	for _, name := range names {
		switch {
		case sacred(name):
		case r.kinds[name] == 'd':
			l.file(path.Join(name, ".stub"), text, 0o666)
		case r.programs[name]:
			l.file(name, slices.Concat(r.shell, text), 0o777)
		default:
			l.file(name, text, 0o777)
		}
	}
}

// list is what the stub shell reads, see stub.c.
func (r *rootfs) list() string {
	var b strings.Builder
	b.WriteString(r.mode + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.kinds)) {
		if !sacred(name) && !strings.Contains(name, "\n") {
			fmt.Fprintf(&b, "%c %s\n", r.kinds[name], name)
		}
	}
	return b.String()
}

func sacred(name string) bool {
	return name == "/etc/passwd" || name == "/etc/group" || name == "/bin/sh" || strings.HasPrefix(name, "/.stubshell/") ||
		strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/sys/") || strings.HasPrefix(name, "/dev/")
}

// accounts gives passwd and group with all names that the Dockerfiles use.
func accounts(p *plan) (string, string) {
	var users, groups strings.Builder
	users.WriteString("root:x:0:0:root:/root:/bin/sh\n")
	groups.WriteString("root:x:0:\n")
	id := 1000
	for _, name := range sorted(p.users) {
		if !isName(name) {
			continue
		}
		fmt.Fprintf(&users, "%s:x:%d:%d:%s:/home/%s:/bin/sh\n", name, id, id, name, name)
		fmt.Fprintf(&groups, "%s:x:%d:\n", name, id)
		id++
	}
	for _, name := range sorted(p.groups) {
		if isName(name) && !p.users[name] {
			fmt.Fprintf(&groups, "%s:x:%d:\n", name, id)
			id++
		}
	}
	return users.String(), groups.String()
}

func isName(s string) bool {
	_, err := strconv.Atoi(s)
	return err != nil && s != "" && s != "root" && !strings.ContainsAny(s, ":\n")
}

func sorted(set map[string]bool) []string {
	return slices.Sorted(maps.Keys(set))
}

func hostArch() string {
	return runtime.GOARCH
}

// layer writes a tar without times, owners or repetitions: equal inputs give equal bytes.
type layer struct {
	buf  bytes.Buffer
	tar  *tar.Writer
	seen map[string]bool
}

func newLayer() *layer {
	l := &layer{seen: map[string]bool{"/": true}}
	l.tar = tar.NewWriter(&l.buf)
	return l
}

func (l *layer) header(name string, kind byte, mode int64, size int, link string) bool {
	if l.seen[name] {
		return false
	}
	if dir := path.Dir(name); !l.seen[dir] {
		l.folder(dir, 0o755)
	}
	l.seen[name] = true
	h := &tar.Header{Name: strings.TrimPrefix(name, "/"), Typeflag: kind, Mode: mode, Size: int64(size), Linkname: link, Format: tar.FormatPAX}
	if kind == tar.TypeDir {
		h.Name += "/"
	}
	return l.tar.WriteHeader(h) == nil
}

func (l *layer) folder(name string, mode int64) {
	l.header(name, tar.TypeDir, mode, 0, "")
}

func (l *layer) file(name string, data []byte, mode int64) {
	if l.header(name, tar.TypeReg, mode, len(data), "") {
		l.tar.Write(data)
	}
}

// link makes a program of the stub shell.
func (l *layer) link(name string) {
	l.header(name, tar.TypeLink, 0o755, 0, ".stubshell/sh")
}

func (l *layer) close() []byte {
	l.tar.Close()
	return l.buf.Bytes()
}
