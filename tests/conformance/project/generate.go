package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes one project of a seed: mostly one that compose takes, now and then with something wrong in it.
type generator struct {
	*rand.Rand
	services []string
	p        project
}

func (g *generator) one(in ...string) string { return in[g.IntN(len(in))] }
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

var variables = []string{"A", "B", "EMPTY", "DOT", "LIB", "MISSING"}

// template is a text with a variable in it.
func (g *generator) template() string {
	v := g.one(variables...)
	switch g.IntN(9) {
	case 0:
		return "$" + v
	case 1:
		return "${" + v + ":-" + g.word() + "}"
	case 2:
		return "${" + v + "-" + g.word() + "}"
	case 3:
		return "${" + v + ":+" + g.word() + "}"
	case 4:
		return "${" + v + "+" + g.word() + "}"
	case 5:
		return "$${" + v + "}"
	case 6:
		return "${" + v + ":-${" + g.one(variables...) + ":-" + g.word() + "}}"
	case 7:
		if g.chance(20) {
			return "${" + v + ":?needed}"
		}
		return "x-${" + v + "}-y"
	}
	return "${" + v + "}"
}

func (g *generator) word() string {
	return g.one("one", "two", "x1", "a-b", "a.b", "a/b", "long-word", "")
}

// value is a scalar as YAML has it: plain, quoted, a number, a boolean, nothing, with variables.
func (g *generator) value() *node {
	switch g.IntN(8) {
	case 0:
		return scalar(g.one("1", "1.0", "1.20", "007", "0x1F", "0o17", "1e3", "1e21", "-5", "12345678901234567890", "1_000", ".5", "+3", "0b101", "1.50e2"))
	case 1:
		return scalar(g.one("true", "false", "yes", "no", "on", "True", "y", "n", "Off"))
	case 2:
		return scalar(g.one("null", "~", "Null", "''", `""`))
	case 3:
		return scalar(g.one(`"`, `'`)+"").quote(g.template(), g.chance(50))
	case 4:
		return scalar(`""`).quote(g.one("a b", "a=b", "a,b", "1", "true", "null", "#x", "ü", "a: b", "2001-01-01"), g.chance(50))
	case 5:
		return scalar(g.one("1:30", "a=b", "a=b=c", "-", "x y", "!!str 12", "a#b"))
	case 6:
		if t := g.template(); !strings.Contains(t, ": ") {
			return scalar(t)
		}
	}
	return scalar(g.one("one", "two", "x1", "v1.2.3"))
}

// quote makes a quoted scalar of a text without quotes.
func (n *node) quote(text string, single bool) *node {
	if single {
		return scalar("'" + text + "'")
	}
	return scalar(`"` + text + `"`)
}

func (g *generator) name() string { return g.one("A", "B", "VERSION", "DOT", "EMPTY", "MISSING", "K") }

// settings: args and labels, as a map or as a list.
func (g *generator) settings() *node {
	n := &node{flow: g.chance(30)}
	if g.chance(40) {
		n.list = true
		for range g.IntN(4) {
			s := g.name()
			if g.chance(80) {
				s += "=" + g.one("1", "", "a b", "a=b", "x", "$A", "${B:-b}", "$$A")
			}
			n.add(scalar(`""`).quote(s, g.chance(50)))
		}
		return n
	}
	for _, name := range g.some("A", "B", "VERSION", "DOT", "EMPTY", "MISSING", "K") {
		n.put(name, g.value())
	}
	return n
}

// some picks a few of the words, each at most once.
func (g *generator) some(from ...string) []string {
	out := slices.Clone(from)
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:g.IntN(min(len(out), 4)+1)]
}

func (g *generator) strings(from ...string) *node {
	n := &node{list: true, flow: g.chance(50)}
	for _, s := range g.some(from...) {
		n.add(scalar(`""`).quote(s, true))
	}
	return n
}

func (g *generator) contexts() *node {
	values := []string{"./lib", "lib", "../up", "docker-image://alpine:3", "https://x.test/a.git", "/abs/x", "${A:-lib}", "."}
	for _, s := range g.services {
		values = append(values, "service:"+s)
	}
	n := &node{flow: g.chance(30)}
	if g.chance(30) {
		n.list = true
		for _, name := range g.some("base", "lib", "c") {
			n.add(scalar(`""`).quote(name+"="+g.one(values...), true))
		}
		return n
	}
	for _, name := range g.some("base", "lib", "c") {
		n.put(name, scalar(`""`).quote(g.one(values...), true))
	}
	return n
}

func (g *generator) hosts() *node {
	if g.chance(50) {
		return g.strings("a=1.1.1.1", "a:1.1.1.2", "b=2.2.2.2", "six=::1", "six:[::1]", "gw=host-gateway")
	}
	n := &node{flow: g.chance(50)}
	for _, h := range g.some("a", "b", "c") {
		if g.chance(25) {
			n.put(h, (&node{flow: true}).add(scalar("1.1.1.1")).add(scalar("'::2'")))
		} else {
			n.put(h, scalar(g.one("1.1.1.1", "'::1'", "host-gateway", "'[::1]'")))
		}
	}
	return n
}

func (g *generator) limits() *node {
	n := &node{}
	for _, l := range g.some("nofile", "nproc", "core") {
		if g.chance(50) {
			n.put(l, scalar(g.one("1024", "2048", "0", "-1", "65535", g.one("'1'", "3", "${MISSING:-5}", "1.0"))))
		} else {
			n.put(l, (&node{flow: g.chance(50)}).put("soft", scalar(g.one("1", "20"))).put("hard", scalar(g.one("20", "40"))))
		}
	}
	return n
}

func (g *generator) secrets() *node {
	n := &node{list: true}
	for _, s := range g.some("env", "file", "again") {
		if s == "again" {
			n.add((&node{flow: true}).put("source", scalar("file")).put("target", scalar("other")))
		} else {
			n.add(scalar(s))
		}
	}
	return n
}

// ssh: as a map, since a list does not go over what compose has made a map by then.
func (g *generator) ssh() *node {
	n := &node{}
	for _, s := range g.some("key", "other") {
		n.put(s, scalar(g.one("/k/id", "./k")))
	}
	return n
}

// fields of a build, each with how likely it is.
func (g *generator) build(complete bool) *node {
	n := &node{flow: g.chance(15)}
	text := func(values ...string) *node { return scalar(g.one(values...)) }
	fields := []struct {
		name    string
		percent int
		make    func() *node
	}{
		{"context", 80, func() *node {
			return text(".", "./web", "api/", "./x/../y", "../up", "${A:-web}", "'.'", "https://x.test/a.git#main", "/abs/ctx", "a b", "./${B}/c")
		}},
		{"dockerfile", 35, func() *node {
			return text("Dockerfile", "docker/Prod", "../Dockerfile.up", "/abs/Dockerfile", "${A:-Dockerfile}", "./D")
		}},
		{"target", 30, func() *node { return text("prod", "${B:-dev}", "'1'", "stage-2", "$A", "x", "y", g.one("null", "z")) }},
		{"args", 50, g.settings},
		{"labels", 15, g.settings},
		{"additional_contexts", 20, g.contexts},
		{"cache_from", 20, func() *node {
			return g.strings("acme/a:cache", "type=gha,scope=${A:-s}", "type=local,src=/c", "acme/b")
		}},
		{"cache_to", 10, func() *node { return g.strings("type=inline", "type=registry,ref=acme/a:cache,mode=max") }},
		{"platforms", 15, func() *node { return g.strings("linux/amd64", "linux/arm64", "linux/arm/v7") }},
		{"tags", 15, func() *node { return g.strings("acme/a:1", "acme/a:${A}", "acme/b", "a=b", "a=c") }},
		{"network", 8, func() *node { return text("host", "none", "${MISSING:-default}") }},
		{"shm_size", 8, func() *node { return text("64m", "1gb", "1048576", "'2g'", "1.5g", "512k") }},
		{"no_cache", 10, func() *node { return text("true", "false", "'true'", "${MISSING:-true}", "${A:+yes}") }},
		{"pull", 10, func() *node { return text("true", "false", "'no'", "${MISSING:-on}") }},
		{"extra_hosts", 10, g.hosts},
		{"ulimits", 10, g.limits},
		{"secrets", 8, g.secrets},
		{"ssh", 6, g.ssh},
		{"privileged", 4, func() *node { return text("true", "false") }},
		{"isolation", 2, func() *node { return text("default") }},
		{"entitlements", 3, func() *node { return g.strings("network.host", "security.insecure") }},
		{"provenance", 3, func() *node { return text("true", "'false'", "mode=max") }},
		{"sbom", 3, func() *node { return text("true", "'false'") }},
	}
	if g.chance(8) {
		fields[1].name, fields[1].make = "dockerfile_inline", func() *node {
			return text(`"FROM alpine\nRUN echo $${HOME} $$A ${A}\n"`, "FROM alpine", "'FROM ${B:-x}'")
		}
	}
	g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	for _, f := range fields {
		if g.chance(f.percent) && (complete || g.chance(40)) {
			v := f.make()
			if !complete && g.chance(8) {
				v.prefix = g.one("!reset ", "!override ")
			}
			n.put(f.name, v)
		}
	}
	if g.chance(3) {
		n.put(g.one("x-more", "x-bake"), scalar("{a: b}"))
	}
	if g.chance(2) {
		n.put(g.one("dockerfil", "context_dir"), scalar("x"))
	}
	return n
}

// service: complete ones are those of the first file; the others lie over one.
func (g *generator) service(complete bool) *node {
	n := &node{}
	switch {
	case g.chance(15):
		n.put("build", scalar(g.one(".", "./web", "api", "${A:-x}", "'./q'")))
	case g.chance(92):
		n.put("build", g.build(complete))
	case g.chance(30):
		n.put("build", scalar("null"))
	}
	if g.chance(40) {
		n.put("image", scalar(g.one("acme/web", "acme/web:${A:-1}", "redis", "'x'")))
	}
	if g.chance(12) {
		n.put("platform", scalar(g.one("linux/arm64", "linux/amd64", "${MISSING:-linux/amd64}")))
	}
	if g.chance(12) {
		n.put("profiles", g.strings("dev", "test", "build"))
	}
	if g.chance(20) {
		n.put("environment", (&node{}).put("E", scalar(g.one("1", "$A", "x"))))
	}
	if g.chance(20) {
		n.put("command", scalar(g.one("run", `["a", "b"]`, "sh -c 'x'")))
	}
	if !slices.Contains(n.keys, "build") && !slices.Contains(n.keys, "image") && complete {
		n.put("image", scalar("redis"))
	}
	return n
}

func (g *generator) file(path string, root *node) {
	g.p.names = append(g.p.names, path)
	g.p.texts[path] = root.text()
}

func (g *generator) envFile(path string) {
	var b strings.Builder
	for _, name := range g.some("A", "DOT", "LIB", "COMPOSE_PROFILES", "B", "EMPTY") {
		value := g.one("plain", `"quoted $A"`, "'single $A'", "a # comment", "${A:-x}/y", "", "a#b", "x=y", `"a\nb"`, `"esc\$A"`)
		if name == "COMPOSE_PROFILES" {
			value = g.one("dev", "dev,test", "*", "none")
		}
		fmt.Fprintf(&b, "%s%s%s%s\n", g.one("", "", "export "), name, g.one("=", "=", ": ", " = "), value)
	}
	g.p.names = append(g.p.names, path)
	g.p.texts[path] = b.String()
}

// extend lets a service stand on another one.
func (g *generator) extend(service *node, i int) {
	if g.chance(50) && i > 0 {
		service.put("extends", g.extends("", g.services[g.IntN(i)]))
		return
	}
	if g.p.texts["common/base.yaml"] == "" {
		base := &node{}
		base.put("services", (&node{}).put("app", g.service(true)).put("root", g.service(true)))
		if g.chance(30) {
			base.values[0].values[0].put("extends", scalar("root"))
		}
		g.file("common/base.yaml", base)
	}
	service.put("extends", g.extends("common/base.yaml", "app"))
}

func (g *generator) extends(file, service string) *node {
	if file == "" && g.chance(50) {
		return scalar(service)
	}
	n := &node{flow: g.chance(50)}
	if file != "" {
		n.put("file", scalar(file))
	}
	return n.put("service", scalar(service))
}

func generate(seed uint64, i int) project {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(i)))}
	g.p.texts = map[string]string{}
	g.services = []string{"web", "api", "lib-x", "db.1"}[:1+g.IntN(4)]
	root, services := &node{}, &node{}
	shared := g.chance(20)
	if shared {
		build := g.build(true)
		build.flow = false
		build.prefix = "&b "
		root.put("x-build", build)
	}
	for k, name := range g.services {
		s := g.service(true)
		if shared && g.chance(60) {
			g.share(s)
		}
		if g.chance(20) {
			g.extend(s, k)
		}
		services.put(name, s)
	}
	root.put("services", services)
	root.put("secrets", (&node{}).put("env", (&node{}).put("environment", scalar("A"))).put("file", (&node{}).put("file", scalar("./secret.txt"))))
	if g.chance(10) {
		root.put("name", scalar(g.one("given", "'x-1'")))
	}
	if g.chance(15) {
		g.include(root)
	}
	g.file("compose.yaml", root)
	g.p.own = []string{"compose.yaml"}
	if g.chance(35) {
		g.override()
	}
	if g.chance(50) {
		g.envFile(".env")
	}
	for _, v := range g.some("A=ea", "B=eb", "EMPTY=", "DOCKER_DEFAULT_PLATFORM=linux/amd64", "COMPOSE_PROFILES=dev") {
		if !strings.HasPrefix(v, "DOCKER") || g.chance(15) {
			g.p.env = append(g.p.env, v)
		}
	}
	if g.chance(15) {
		g.spoil()
	}
	return g.p
}

// share: the build of a service is the one of the anchor, or stands on it.
func (g *generator) share(s *node) {
	at := slices.Index(s.keys, "build")
	if at < 0 {
		return
	}
	if g.chance(40) || s.values[at].isScalar() {
		s.values[at] = scalar("*b")
		return
	}
	s.values[at].flow = false
	s.values[at].put("<<", scalar("*b"))
}

func (g *generator) override() {
	path := g.one("compose.override.yaml", "deploy/over.yaml")
	services := &node{}
	for _, name := range g.services {
		if g.chance(60) {
			services.put(name, g.service(false))
		}
	}
	if g.chance(20) {
		services.put("new", g.service(true))
	}
	if len(services.keys) == 0 {
		services.put(g.services[0], g.service(false))
	}
	if g.chance(10) {
		services.values[0].prefix = g.one("!override ", "!reset ")
	}
	g.file(path, (&node{}).put("services", services))
	g.p.own = append(g.p.own, path)
}

func (g *generator) include(root *node) {
	own := g.services
	g.services = []string{"inner"}
	inner := (&node{}).put("services", (&node{}).put("inner", g.service(true)))
	if g.chance(20) {
		inner.put("secrets", (&node{}).put("env", (&node{}).put("environment", scalar("A"))))
	} else if g.chance(20) {
		inner.put("secrets", (&node{}).put("own", (&node{}).put("file", scalar("./own.txt"))))
	}
	g.file("inc/compose.yaml", inner)
	g.services = own
	if g.chance(50) {
		g.envFile("inc/.env")
	}
	entry := scalar("inc/compose.yaml")
	if g.chance(40) {
		entry = (&node{}).put("path", scalar("inc/compose.yaml"))
		if g.chance(40) {
			entry.put("project_directory", scalar(g.one(".", "./else", "inc")))
			g.p.names = append(g.p.names, "else/here") // compose looks whether the folder is there
			g.p.texts["else/here"] = ""
		}
		if g.chance(40) {
			g.envFile("inc/other.env")
			entry.put("env_file", scalar("inc/other.env"))
		}
	}
	root.put("include", (&node{}).add(entry))
}

// spoil damages a line.
func (g *generator) spoil() {
	path := g.p.own[g.IntN(len(g.p.own))]
	lines := strings.SplitAfter(g.p.texts[path], "\n")
	at := g.IntN(len(lines))
	switch g.IntN(5) {
	case 0:
		lines = slices.Delete(lines, at, at+1)
	case 1:
		lines = slices.Insert(lines, at, lines[at])
	case 2:
		lines[at] = "  " + lines[at]
	case 3:
		lines[at] = strings.Replace(lines[at], ":", ": "+g.one("[", "{", "3", "- ", "x: y", "*none", "&n", "|"), 1)
	case 4:
		lines[at] = strings.TrimLeft(lines[at], " ")
	}
	g.p.texts[path] = strings.Join(lines, "")
}
