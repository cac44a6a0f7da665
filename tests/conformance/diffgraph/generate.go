package main

import (
	"fmt"
	"hash/fnv"
	"math/rand"
	"strings"
)

type ulimit struct {
	Name string `json:"name"`
	Soft int64  `json:"soft"`
	Hard int64  `json:"hard"`
}

// input is one Dockerfile with the options of one build.
type input struct {
	Dockerfile    string                 `json:"dockerfile"`
	BuildArgs     [][2]string            `json:"buildArgs,omitempty"`
	Contexts      [][2]string            `json:"contexts,omitempty"`
	Target        string                 `json:"target,omitempty"`
	Platform      string                 `json:"platform,omitempty"`
	BuildPlatform string                 `json:"buildPlatform,omitempty"`
	Network       string                 `json:"network,omitempty"`
	Hostname      string                 `json:"hostname,omitempty"`
	Cgroup        string                 `json:"cgroup,omitempty"`
	MainContext   string                 `json:"mainContext,omitempty"`
	ShmSize       int64                  `json:"shmSize,omitempty"`
	Hosts         [][2]string            `json:"hosts,omitempty"`
	Ulimits       []ulimit               `json:"ulimits,omitempty"`
	NoCache       bool                   `json:"noCache,omitempty"`
	NoCacheFilter []string               `json:"noCacheFilter,omitempty"`
	MultiPlatform bool                   `json:"multiPlatform,omitempty"`
	NoMergeOp     bool                   `json:"noMergeOp,omitempty"`
	Images        map[string]imageConfig `json:"images,omitempty"` // "REF PLATFORM" ─► config, for our side
	name          string
}

var digests = []string{
	"sha256:" + strings.Repeat("a1", 32), "sha256:" + strings.Repeat("b2", 32), "sha256:" + strings.Repeat("c3", 32),
}

// config is a function of the reference, so that both sides see the same.
func (in *input) config(ref string, platform string) imageConfig {
	h := fnv.New64a()
	h.Write([]byte(ref))
	if strings.Contains(ref, "perplatform") {
		h.Write([]byte(platform))
	}
	r := rand.New(rand.NewSource(int64(h.Sum64())))
	var c imageConfig
	if r.Intn(10) > 0 {
		c.Digest = digests[r.Intn(len(digests))]
	}
	for _, v := range []string{"PATH=/opt/bin:/bin", "FOO=imgfoo", "BASE=imgbase", "LANG=C.UTF-8", "EMPTY=", "NOEQ", "V=9"} {
		if r.Intn(3) == 0 {
			c.Env = append(c.Env, v)
		}
	}
	c.WorkingDir = pick(r, "", "", "", "/", "/srv", "/srv/app/", "rel/dir", "/a/../b")
	c.User = pick(r, "", "", "", "", "app", "1000:1000", "app:grp", "0")
	if r.Intn(8) == 0 {
		c.Shell = pick(r, []string{"/bin/bash", "-ec"}, []string{"/bin/ash"}, []string{"powershell", "-Command"})
	}
	if strings.Contains(ref, "onbuild") {
		for n := 1 + r.Intn(3); n > 0; n-- {
			c.OnBuild = append(c.OnBuild, pick(r, "COPY . /onbuild", "RUN echo $FOO triggered", "ENV TRIGGERED=1",
				"COPY --from=alpine /etc/os-release /os", "WORKDIR /trigger", "ARG V=7", "USER nobody",
				"COPY --from=builder /x /y", "RUN --mount=type=cache,target=/c make", "ADD https://example.com/t.tgz /t/"))
		}
	}
	c.NoLayers = strings.Contains(ref, "empty")
	return c
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.Intn(len(list))] }

type generator struct {
	*rand.Rand
	b      strings.Builder
	escape string
	stages []string // names so far
	said   []string // instructions so far: said again, they make equal operations
}

func (g *generator) one(list ...string) string { return pick(g.Rand, list...) }
func (g *generator) in(n int) bool             { return g.Intn(n) == 0 }
func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.b, format+"\n", args...)
}

var images = []string{
	"alpine", "alpine:3.20", "python:3.12-slim", "docker.io/library/golang", "ghcr.io/org/tool:v1", "localhost:5000/x",
	"index.docker.io/lib/y", "registry.example.com:443/a/b-c__d.e:tag_1", "onbuild/base", "onbuild:2", "empty/img",
	"perplatform:1", "user/app", "tool", "0", "busybox@" + "sha256:" + strings.Repeat("d", 64),
	"busybox:1.36@" + "sha256:" + strings.Repeat("e", 64), "docker.io/alpine", "Host/img", "[::1]:5000/x",
	"library/redis:7", "docker.io/library/a/b", "index.docker.io/alpine:3.20",
}

var badImages = []string{
	"UPPER", "foo/BAR", "a//b", "x:", "y@sha256:12", "-a", "a-", "a..b", "a___b", "a:b:c", strings.Repeat("a", 64), "a@b", "[x]/y",
	"a/" + strings.Repeat("b", 254), "x@sha512:" + strings.Repeat("a", 128), "x@md5:" + strings.Repeat("a", 32),
}

var names = []string{"base", "builder", "deps", "test", "final", "a.b", "x_y", "scratch", "context", "tool", "alpine"}

var vars = []string{"FOO", "BAR", "V", "BASE", "PATH", "TARGETARCH", "TARGETPLATFORM", "BUILDPLATFORM", "EMPTY", "UNSET", "DIR", "TARGETSTAGE"}

func (g *generator) variable() string {
	v := g.one(vars...)
	switch g.Intn(14) {
	case 0:
		return "${" + v + ":-dflt}"
	case 1:
		return "${" + v + "-d}"
	case 2:
		return "${" + v + ":+alt}"
	case 3:
		return "${" + v + "+alt}"
	case 4:
		return "${" + v + "#*/}"
	case 5:
		return "${" + v + "%b*}"
	case 6:
		return "${" + v + "/o/0}"
	case 7:
		return "${" + v + "//o/0}"
	case 8:
		if g.in(6) {
			return "${" + v + ":?no}"
		}
		return "${" + v + "}"
	case 9:
		return "${" + v + "}"
	case 10:
		return "${" + v + ":-${" + g.one(vars...) + "}}"
	default:
		return "$" + v
	}
}

// word is a word without blanks that may contain variables and quotes.
func (g *generator) word() string {
	w := g.one("a", "b.txt", "src", "x-y", "1", "dir/f", "é", "v1.2", "*", "a/b")
	switch g.Intn(9) {
	case 0:
		return g.variable()
	case 1:
		return w + g.variable()
	case 2:
		return "\"" + w + "\""
	case 3:
		return "'" + w + "'"
	case 4:
		return w + g.escape + "$X"
	case 5:
		return "\"" + g.variable() + "-" + w + "\""
	}
	return w
}

func (g *generator) phrase() string {
	var words []string
	for n := 1 + g.Intn(4); n > 0; n-- {
		words = append(words, g.word())
	}
	return strings.Join(words, " ")
}

func (g *generator) path() string {
	switch g.Intn(16) {
	case 0:
		return g.one(".", "./", "/", "//", "..", "../x", "./.", "/app/.", "/app/", "app/", "/a//b/../c", "a/./b", "")
	case 1:
		return "/" + g.word()
	case 2:
		return g.word() + "/"
	case 3:
		return g.variable()
	case 4:
		return "$DIR/" + g.word()
	case 5:
		return g.one("/srv/./x", "x/./y", "/./z", "a/b/./c*", "C:/x", "\\\\x")
	}
	return g.one("/app", "src", "package.json", "/usr/local/bin/", "requirements.txt", "a/b/c", "*.go", "file?", "[ab]c", "/etc/conf.d/x")
}

func (g *generator) nonEmptyPath() string {
	if p := g.path(); p != "" {
		return p
	}
	return "."
}

func (g *generator) user() string {
	return g.one("root", "app", "1000", "1000:1000", "app:app", "0:grp", ":5", "u:", "-1", "4294967295", "99999999999", "$FOO", "$V:$V", "+7", "root:root")
}

func (g *generator) stageRef() string {
	earlier := g.stages
	if n := len(earlier); n > 0 && !g.in(10) {
		earlier = earlier[:n-1] // the last one is most likely the stage itself
	}
	if len(earlier) > 0 && !g.in(12) {
		s := g.one(earlier...)
		if g.in(8) {
			return strings.ToUpper(s)
		}
		return s
	}
	return g.one(names...)
}

func (g *generator) from() string {
	switch g.Intn(20) {
	case 0, 1:
		if n := len(g.stages); n > 1 && !g.in(8) {
			return fmt.Sprint(g.Intn(n - 1))
		}
		return fmt.Sprint(g.Intn(len(g.stages) + 2))
	case 2, 3:
		return g.one(images...)
	case 4:
		if g.in(4) {
			return g.one(badImages...)
		}
		return g.one(images...)
	case 5:
		return g.one("ctx", "imgctx", "gitctx", "scratch")
	case 6:
		if g.in(5) {
			return g.one("$FOO", "+0", "-1", "99", "late")
		}
	}
	return g.stageRef()
}

func (g *generator) url() string {
	return g.one("https://example.com/a.tgz", "http://example.com/dir/", "https://example.com", "https://example.com/x%20y.txt?q=1#f",
		"https://example.com/$FOO", "https://example.com/repo.git", "https://github.com/o/r.git#main", "https://github.com/o/r.git#v1:sub/dir",
		"https://github.com/o/r.git?tag=v1&keep-git-dir=1", "https://github.com/o/r.git?branch=b&subdir=/s&submodules=false",
		"git://127.0.0.1/r", "git@127.0.0.1:o/r.git#b:s", "git@127.0.0.1:o/r.git?ref=x", "ssh://git@127.0.0.1:1/o/r.git",
		"https://u:p@example.com:8443/r.git?checksum=abcdef", "https://example.com/a%zz", "https://exa mple.com/x", "http://[::1]:80/f", "http://[::1/f",
		"https://example.com/r.git?bad=1", "https://example.com/r.git?tag=a&branch=b", "https://example.com/r.git?ref=a#b", "HTTPS://example.com/x.git",
		"https://example.com/a.git/", "ftp://example.com/x", "github.com/o/r", "github.com/o/r.git#x", "https://example.com/..", "https://example.com/a/.",
		"https://example.com/r.git?", "https://example.com/r.git?mtime=commit&fetch-by-commit", "https://example.com/r.git?ref=", "https://example.com/%2e.git",
		"https://example.com/r.git?submodules=maybe", "https://example.com/a b", "https://example.com/r.git?ref=a&ref=b", "user@host:path", "https://ex\"ample.com/f",
		"https://example.com/\"q\".git", "https://example.com:x/f.git", "https://example.com/f;a=b.git", "https://example.com/[x].git", "https://a@b@c.com/x.git")
}

func (g *generator) chmod() string {
	return g.one("755", "0644", "u+x", "a=rX,g-w", "go=u-w", "4755", "7777", "10000", "8", "x", "+x", "u=rwx,go=rx", "$V", "", "u+s,+t", "=", "a", "u+x,", "00755", "ug", "a+rwX", "o-")
}

func (g *generator) checksum() string {
	return g.one("sha256:"+strings.Repeat("f", 64), "sha256:"+strings.Repeat("F", 64), "sha512:"+strings.Repeat("0", 128), "abc", "deadbeef", "$FOO", "sha256:1", "abcdef")
}

func (g *generator) copyFlags(add bool) string {
	var f []string
	if g.in(5) {
		f = append(f, "--chown="+g.user())
	}
	if g.in(7) {
		f = append(f, "--chmod="+g.chmod())
	}
	if g.in(4) {
		f = append(f, g.one("--link", "--link", "--link=true", "--link=false"))
	}
	if g.in(9) {
		f = append(f, "--exclude="+g.one("*.md", "$FOO", "a/b"))
		if g.in(2) {
			f = append(f, "--exclude=*.txt")
		}
	}
	if add {
		if g.in(8) {
			f = append(f, g.one("--unpack", "--unpack=false", "--unpack=true"))
		}
		if g.in(8) {
			f = append(f, g.one("--keep-git-dir", "--keep-git-dir=false"))
		}
		if g.in(12) {
			f = append(f, "--checksum="+g.checksum())
		}
	} else if g.in(8) {
		f = append(f, "--parents")
	}
	if len(f) == 0 {
		return ""
	}
	return strings.Join(f, " ") + " "
}

func (g *generator) heredoc(name string) string {
	var b strings.Builder
	for n := g.Intn(4); n > 0; n-- {
		b.WriteString(g.one("hello $FOO\n", "\ttabbed\n", "echo \"hi\"\n", "'quoted ${V:-x}'\n", "\n", "a\\$b \\x\n", "plain\r\n", "  indented $UNSET\n", "é\n"))
	}
	return b.String() + name + "\n"
}

func (g *generator) copyInstruction(onbuild bool) string {
	flags := g.copyFlags(false)
	if g.in(3) {
		flags += "--from=" + g.from() + " "
	}
	if g.in(10) && !onbuild {
		name := g.one("EOF", "f.txt", "a")
		mark := g.one("<<", "<<-") + g.one(name, "'"+name+"'", "\""+name+"\"")
		if g.in(4) {
			return "COPY " + flags + mark + " <<B " + g.nonEmptyPath() + "/\n" + g.heredoc(name) + strings.TrimSuffix(g.heredoc("B"), "\n")
		}
		extra := ""
		if g.in(4) {
			extra = "plain.txt "
		}
		return "COPY " + flags + extra + mark + " " + g.nonEmptyPath() + "\n" + strings.TrimSuffix(g.heredoc(name), "\n")
	}
	if g.in(15) {
		return "COPY " + flags + fmt.Sprintf("[%q, %q]", g.path(), g.path())
	}
	var src []string
	for n := 1 + g.Intn(3)/2 + g.Intn(5)/4; n > 0; n-- {
		if g.in(30) {
			src = append(src, g.url())
		} else {
			src = append(src, g.nonEmptyPath())
		}
	}
	return "COPY " + flags + strings.Join(src, " ") + " " + g.nonEmptyPath()
}

func (g *generator) addInstruction() string {
	flags := g.copyFlags(true)
	var src []string
	for n := 1 + g.Intn(4)/3; n > 0; n-- {
		if g.in(2) {
			src = append(src, g.url())
		} else {
			src = append(src, g.nonEmptyPath())
		}
	}
	if g.in(12) {
		return "ADD " + flags + "<<EOF " + g.nonEmptyPath() + "\n" + strings.TrimSuffix(g.heredoc("EOF"), "\n")
	}
	return "ADD " + flags + strings.Join(src, " ") + " " + g.nonEmptyPath()
}

func (g *generator) mount() string {
	var f []string
	kind := g.one("bind", "bind", "cache", "cache", "tmpfs", "secret", "ssh", "")
	if kind != "" {
		f = append(f, "type="+kind)
	}
	target := g.one("/root/.cache", "/mnt", "rel/target", "/a/../b", "/mnt/", "$DIR/c", "//", "/x/./y", "/etc/s")
	opt := func(n int, s string) {
		if g.in(n) {
			f = append(f, s)
		}
	}
	switch kind {
	case "bind", "":
		f = append(f, g.one("target=", "dst=", "destination=")+target)
		opt(2, g.one("source=", "src=")+g.one(".", "package.json", "/", "a/b", "../x", "$FOO", "/a/"))
		opt(2, "from="+g.from())
		opt(4, g.one("rw", "readwrite", "ro", "readonly", "rw=true", "rw=false", "ro=0"))
	case "cache":
		f = append(f, "target="+target)
		opt(3, "id="+g.one("c1", "/root/.cache", "$V", "a/b"))
		opt(3, "sharing="+g.one("shared", "private", "locked", "LOCKED", "other"))
		opt(3, "uid="+g.one("0", "1000", "$V"))
		opt(4, "gid="+g.one("0", "1000"))
		opt(4, "mode="+g.one("0777", "755", "04755", "9"))
		opt(4, "from="+g.from())
		opt(4, "source="+g.one("/", "sub", "."))
		opt(6, "ro")
	case "tmpfs":
		f = append(f, "target="+target)
		opt(2, "size="+g.one("1g", "64m", "100", "0", "x"))
		opt(6, "from="+g.from())
	case "secret":
		opt(2, "id="+g.one("tok", "a/b", "$FOO"))
		opt(3, "target="+g.one("/run/s", "rel", "/x/y/", "$DIR/t"))
		opt(4, "src="+g.one("s", "a/b"))
		opt(3, "env="+g.one("TOK", "FOO", "PATH", ""))
		opt(3, g.one("required", "required=true", "required=false"))
		opt(5, "mode=0444")
		opt(6, "uid=5")
		opt(6, "gid=6")
	case "ssh":
		opt(3, "id="+g.one("default", "key"))
		opt(3, "target="+g.one("/agent", "rel.sock"))
		opt(4, "required")
		opt(5, "mode=0666")
		opt(5, "uid=7")
		opt(20, "source=x")
	}
	opt(40, g.one("bogus=1", "x"))
	return "--mount=" + strings.Join(f, ",")
}

func (g *generator) runInstruction(onbuild bool) string {
	var f []string
	for g.in(3) && len(f) < 4 {
		f = append(f, g.mount())
	}
	if g.in(15) {
		f = append(f, "--network="+g.one("none", "none", "host", "host", "default", "default", "default", "bad"))
	}
	if g.in(20) {
		f = append(f, "--security="+g.one("insecure", "sandbox"))
	}
	if g.in(20) {
		f = append(f, "--device="+g.one("vendor.com/class=x", "name=v.com/d=1,required", "v.com/d,required=false", "required"))
	}
	head := g.one("RUN ", "RUN ", "RUN ", "run ", "Run\t", "RUN  ")
	if len(f) > 0 {
		head = "RUN " + strings.Join(f, " ") + " "
	}
	switch g.Intn(14) {
	case 0:
		return head + "[\"" + g.one("echo", "/bin/sh") + "\", \"" + g.one("a", "$FOO", "x y") + "\"]"
	case 1, 2:
		if onbuild {
			break
		}
		name := g.one("EOF", "EOT")
		mark := g.one("<<", "<<-") + g.one(name, "'"+name+"'", "\""+name+"\"", " "+name)
		body := g.one("", "", "#!/bin/sh\n", "#!/usr/bin/env python\n", "\t#!/bin/sh\n", "\n\n", "set -e \"x\n") + g.heredoc(name)
		return head + mark + "\n" + strings.TrimSuffix(body, "\n")
	case 3:
		if onbuild {
			break
		}
		return head + "cat <<A <<B " + g.word() + "\n" + g.heredoc("A") + strings.TrimSuffix(g.heredoc("B"), "\n")
	case 4:
		return head + "apt-get update && " + g.escape + "\n    apt-get install -y " + g.word() + g.one("", "\n# comment\n")
	}
	return head + g.one("echo ", "make ", "pip install ", "true; ", "cd /x && ") + g.phrase()
}

func (g *generator) kv() string {
	key := g.one(vars...)
	if g.in(10) {
		key = g.one("K$V", "\"Q\"", "lower", "A.B", "SSH_AUTH_SOCK", "SOURCE_DATE_EPOCH")
	}
	return key + "=" + g.one(g.word(), g.word(), "\"a b\"", "", "a"+g.escape+" b", "/opt:$PATH")
}

func (g *generator) argInstruction() string {
	n := g.one("FOO", "BAR", "V", "BASE", "DIR", "TARGETARCH", "TARGETPLATFORM", "UNDECLARED", "SOURCE_DATE_EPOCH", "BUILDKIT_SBOM_SCAN_STAGE", "HTTP_PROXY", "TARGETSTAGE", "PATH")
	switch g.Intn(4) {
	case 0:
		return "ARG " + n
	case 1:
		return "ARG " + n + "=" + g.word() + " BAR=$" + n
	}
	return "ARG " + n + "=" + g.one(g.word(), "/app", "x", "\"a b\"", "7", "")
}

func (g *generator) instruction() string {
	if len(g.said) > 0 && g.in(6) {
		return g.one(g.said...)
	}
	s := g.newInstruction()
	g.said = append(g.said, s)
	return s
}

func (g *generator) newInstruction() string {
	switch g.Intn(40) {
	case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9:
		return g.copyInstruction(false)
	case 10, 11, 12, 13, 14, 15, 16, 17, 18:
		return g.runInstruction(false)
	case 19, 20, 21:
		return "WORKDIR " + g.nonEmptyPath()
	case 22, 23, 24:
		return g.addInstruction()
	case 25, 26, 27:
		if g.in(5) {
			return "ENV " + g.one(vars...) + " " + g.phrase()
		}
		s := "ENV " + g.kv()
		for g.in(2) {
			s += " " + g.kv()
		}
		return s
	case 28, 29, 30:
		return g.argInstruction()
	case 31:
		return "USER " + g.user()
	case 32:
		return "SHELL " + g.one("[\"/bin/bash\", \"-c\"]", "[\"cmd\"]", "[\"a\", \"$FOO\", \"c\"]")
	case 33:
		if g.in(6) {
			return "ONBUILD " + g.one("COPY <<EOF /ob\nx $FOO\nEOF", "RUN <<EOF\nob\nEOF", "RUN cat <<A <<B\n1\nA\n2\nB")
		}
		return "ONBUILD " + g.one(g.copyInstruction(true), g.runInstruction(true), "ENV ON=1", "WORKDIR /ob", g.argInstruction(), "USER "+g.user(), "LABEL a=b")
	case 34:
		return "LABEL " + g.one("a=$FOO", "b=\"x y\"", "c d e", "d=${V:?e}")
	case 35:
		return "EXPOSE " + g.one("80", "80/tcp", "1-3/udp", "$V", "8080:80", "127.0.0.1:1:2", "x", "70000", "[::1]:1-2:3-4", "3-1", "80/foo", "80/TCP 443", "1:2-3", ":80", "1.2.3:1:2", "+5", "5-5", "/tcp")
	case 36:
		return "STOPSIGNAL " + g.one("SIGTERM", "9", "kill", "RTMIN+3", "SIGRTMAX-1", "BAD", "0", "$FOO", "-3", "SIGRTMIN+16")
	case 37:
		return "VOLUME " + g.one("/data", "/data", "[\"/a\", \"/b\"]", "$UNSET", "/x $FOO")
	case 38:
		return g.one("CMD [\"x\"]", "CMD run $FOO", "ENTRYPOINT [\"/e\"]", "ENTRYPOINT e", "MAINTAINER me", "HEALTHCHECK NONE", "HEALTHCHECK CMD true")
	}
	return "ENV DIR=" + g.one("/dir", "rel", "")
}

func (g *generator) fromLine(i int) {
	base := ""
	switch {
	case len(g.stages) > 0 && g.in(3):
		base = g.one(g.stages...)
	case g.in(8):
		base = "scratch"
	case g.in(10):
		base = g.one("$BASE", "${BASE:-alpine}", "al${UNSET}pine", "img:$V", "${V}", "$UNSET")
	case g.in(60):
		base = g.one(badImages...)
	case g.in(12):
		base = g.one("ctx", "imgctx", "gitctx", "httpctx", "emptyctx", "alpine")
	default:
		base = g.one(images...)
	}
	platform := ""
	if g.in(7) {
		platform = "--platform=" + g.one("linux/amd64", "$BUILDPLATFORM", "$TARGETPLATFORM", "linux/arm64/v8", "arm64", "linux", "linux/arm/v7", "linux/arm",
			"windows/amd64", "linux/amd64/v1", "windows(10.0.17763+win32k)/amd64", "darwin", "linux/386", "bogus", "$UNSET", "linux/$TARGETARCH", "a/b/c/d", "linux/amd64/v3") + " "
	}
	as := ""
	if g.in(3) || g.in(2) {
		name := g.one(names...)
		if g.in(3) {
			name = fmt.Sprintf("s%d", i)
		}
		if g.in(40) {
			name = g.one("bad-", "9x", "a..b", "UPPER", "ctx", "imgctx")
		}
		as = g.one(" AS ", " as ") + name
		g.stages = append(g.stages, strings.ToLower(name))
	}
	g.line("%s%s%s%s", g.one("FROM ", "FROM ", "from "), platform, base, as)
}

// splitmix is a source whose streams do not overlap for neighbouring seeds, as those of rand.NewSource do.
type splitmix uint64

func (s *splitmix) Uint64() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
func (s *splitmix) Int63() int64    { return int64(s.Uint64() >> 1) }
func (s *splitmix) Seed(seed int64) { *s = splitmix(seed) }

func generate(seed, number int64) *input {
	source := splitmix(seed)
	source = splitmix(source.Uint64() + uint64(number))
	source = splitmix(source.Uint64())
	g := &generator{Rand: rand.New(&source), escape: "\\"}
	in := &input{name: fmt.Sprintf("seed %d input %d", seed, number)}
	if g.in(15) {
		g.escape = "`"
		g.line("# escape=`")
	}
	if g.in(30) {
		g.line("# check=%s", g.one("skip=all", "skip=all;error=true", "error=maybe", "nope=1", "skip", "skip=all ; experimental=a,b", "skip=a;error=0;x=1", ";"))
	}
	for g.in(3) {
		g.line("ARG %s=%s", g.one("BASE", "V", "FOO", "PLAT"), g.one("alpine", "3", "x$V", "linux/arm64", "${FOO:-python:3.12}", "\"q\""))
	}
	if g.in(20) {
		g.line("ARG %s", g.one("SOURCE_DATE_EPOCH=1700000000", "SOURCE_DATE_EPOCH=", "V", "SOURCE_DATE_EPOCH=context", "SOURCE_DATE_EPOCH=nope"))
	}
	stages := 1 + g.Intn(4)
	if g.in(10) {
		stages += g.Intn(6)
	}
	if g.in(3) {
		stages = 1
	}
	for i := 0; i < stages; i++ {
		g.fromLine(i)
		n := g.Intn(7)
		if g.in(10) {
			n += 9
		}
		for ; n > 0; n-- {
			g.line("%s", g.instruction())
			if g.in(20) {
				g.line("%s", g.one("", "# a comment", "   "))
			}
		}
	}
	in.Dockerfile = g.b.String()
	g.options(in)
	return in
}

func (g *generator) options(in *input) {
	if g.in(6) {
		in.Target = g.one("final", "nope", "BASE")
		if len(g.stages) > 0 && !g.in(8) {
			in.Target = g.one(g.stages...)
		}
	}
	if g.in(4) {
		in.Platform = g.one("linux/arm64", "linux/amd64", "linux/arm/v7", "windows/amd64", "linux/arm64/v8", "linux/amd64/v2")
	}
	// A platform without an architecture gets the one that this program was compiled for.
	if g.in(8) && !strings.Contains(in.Dockerfile, "--platform=linux ") && !strings.Contains(in.Dockerfile, "--platform=darwin ") {
		in.BuildPlatform = g.one("linux/arm64", "linux/arm/v6", "linux/amd64/v3")
	}
	for g.in(3) {
		in.BuildArgs = append(in.BuildArgs, [2]string{
			g.one("FOO", "BAR", "V", "BASE", "DIR", "TARGETARCH", "BUILDPLATFORM", "SOURCE_DATE_EPOCH", "BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_SANDBOX_HOSTNAME",
				"HTTP_PROXY", "BUILDKIT_MULTI_PLATFORM", "BUILDKIT_SBOM_SCAN_STAGE", "BUILDKIT_CONTEXT_KEEP_GIT_DIR", "TARGETSTAGE", "BUILDKIT_GIT_ADVICE", "SOURCE_DATE_EPOCH"),
			g.one("1", "value", "alpine:3.19", "0", "", "linux/amd64", "-5", "9223372036854775807", "context", "builder", "a b")})
	}
	if g.in(4) {
		for _, c := range [][2]string{{"ctx", "./folder"}, {"imgctx", "docker-image://python:3.11"}, {"gitctx", "https://github.com/o/r.git#main:sub"},
			{"httpctx", "https://example.com/ctx.tgz"}, {"emptyctx", "docker-image://scratch"}, {"alpine", "docker-image://ghcr.io/x/alpine:1"},
			{"python:3.12-slim", "other"}, {"builder", "./prebuilt"}, {"base", "docker-image://onbuild/base"}, {"deps", "docker-image://scratch"}, {"tool", "git@127.0.0.1:o/tool.git"}} {
			if g.in(3) {
				in.Contexts = append(in.Contexts, c)
			}
		}
	}
	if g.in(12) {
		in.NoCache = true
	} else if g.in(8) {
		in.NoCacheFilter = append(in.NoCacheFilter, g.one(append(g.stages, "", "BASE", "builder,base")...))
	}
	if g.in(15) {
		in.Network = g.one("host", "host", "none", "none", "sandbox", "bad")
	}
	if g.in(15) {
		in.Hostname = "h1"
	}
	if g.in(15) {
		in.Cgroup = "cg"
	}
	if g.in(12) {
		in.ShmSize = pick(g.Rand, int64(1024), 67108864)
	}
	if g.in(12) {
		in.Hosts = append(in.Hosts, [2]string{g.one("Db", "a.b"), g.one("1.2.3.4", "::1", "2001:db8::1", "::ffff:1.2.3.4", "bad", "1:0:0:2::3")}, [2]string{"x", "10.0.0.1"})
	}
	if g.in(12) {
		in.Ulimits = append(in.Ulimits, ulimit{"nofile", 1024, 2048}, ulimit{"core", 0, 0})
	}
	if g.in(15) {
		in.MultiPlatform = true
	}
	if g.in(20) {
		in.NoMergeOp = true
	}
	if g.in(40) {
		in.MainContext = g.one("https://github.com/o/r.git", "https://github.com/o/r.git?mtime=checkout#main:sub", "https://example.com/ctx.tgz", "git@127.0.0.1:o/r.git", "github.com/o/r")
	}
}
