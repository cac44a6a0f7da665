package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"cachepredict.test/conformance/cdriver"
)

// reference is what BuildKit makes of a Dockerfile: a dump, or an error.
type reference struct {
	syntax     string
	syntaxLine int
	dump       string
	err        error
}

// lint is there because BuildKit cannot do without one when a comment configures it.
var lint = linter.New(&linter.Config{})

var env = shell.EnvsFromSlice([]string{"A=alpha", "B=cache", "EMPTY="})

func refer(text []byte) (r reference) {
	syntax, _, loc, _ := parser.DetectSyntax(text)
	r.syntax = syntax
	if len(loc) > 0 {
		r.syntaxLine = jsonLine(text, loc[0].Start.Line)
	}
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		r.err = err
		return r
	}
	stages, args, err := instructions.Parse(result.AST, lint)
	if err != nil {
		r.err = err
		return r
	}
	r.dump = dumpFile(text, result, stages, args)
	return r
}

// jsonLine corrects the line of a directive in JSON, which BuildKit counts from 0.
func jsonLine(text []byte, line int) int {
	first := 0
	if bytes.HasPrefix(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")), []byte("#!")) {
		first = 1
	}
	if line == first {
		return line + 1
	}
	return line
}

type dumper struct {
	lines  []string
	escape rune
}

func dumpFile(text []byte, result *parser.Result, stages []instructions.Stage, args []instructions.ArgCommand) string {
	d := &dumper{lines: strings.Split(string(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))), "\n"), escape: result.EscapeToken}
	var nodes []*parser.Node
	for _, n := range result.AST.Children {
		if !strings.EqualFold(n.Value, "from") {
			nodes = append(nodes, n)
		}
	}
	var o cdriver.Object
	o.WriteByte('{')
	o.Int("escape", int64(result.EscapeToken))
	syntax, _, loc, _ := parser.DetectSyntax(text)
	dumpDirective(&o, "syntaxdirective", text, syntax, loc)
	_, check, loc, _ := parser.ParseDirective("check", text)
	dumpDirective(&o, "check", text, check, loc)
	var list []string
	for i := range args {
		list = append(list, d.command(&args[i], nodes[0], true))
		nodes = nodes[1:]
	}
	o.Raw("args", "["+strings.Join(list, ",")+"]")
	list = nil
	for _, s := range stages {
		list = append(list, d.stage(s, nodes))
		nodes = nodes[len(s.Commands):]
	}
	o.Raw("stages", "["+strings.Join(list, ",")+"]")
	o.WriteByte('}')
	return o.String()
}

func dumpDirective(o *cdriver.Object, key string, text []byte, value string, loc []parser.Range) {
	var d cdriver.Object
	d.WriteByte('{')
	d.Str("value", value)
	line := 0
	if len(loc) > 0 {
		line = jsonLine(text, loc[0].Start.Line)
	}
	d.Int("line", int64(line))
	d.WriteByte('}')
	o.Raw(key, d.String())
}

func (d *dumper) position(o *cdriver.Object, loc []parser.Range) {
	line := loc[0].Start.Line
	text := d.lines[line-1]
	o.Int("line", int64(line))
	o.Int("end", int64(loc[len(loc)-1].Start.Line))
	o.Int("column", int64(len(text)-len(strings.TrimLeftFunc(text, unicode.IsSpace))+1))
}

func (d *dumper) stage(s instructions.Stage, nodes []*parser.Node) string {
	var o cdriver.Object
	o.WriteByte('{')
	o.Str("name", s.Name)
	o.Str("base", s.BaseName)
	o.Str("platform", s.Platform)
	o.Str("code", s.SourceCode)
	d.position(&o, s.Location)
	var list []string
	for i, c := range s.Commands {
		list = append(list, d.command(c, nodes[i], true))
	}
	o.Raw("commands", "["+strings.Join(list, ",")+"]")
	o.WriteByte('}')
	return o.String()
}

// fields are those of struct cp_command, with the values that mean "not there".
type fields struct {
	pairs, words, sources, heredocs, excludes, mounts, devices []string
	shell, link, parents, healthNone                           bool
	dest, from, chown, chmod, checksum, network, security      string
	text                                                       string
	keepGit, unpack                                            int64
	expanded                                                   string
	trigger                                                    string
}

func (d *dumper) command(c instructions.Command, n *parser.Node, positions bool) string {
	f := fields{keepGit: -1, unpack: -1, expanded: "[]"}
	d.fill(&f, c, n)
	var o cdriver.Object
	o.WriteByte('{')
	o.Str("name", strings.ToLower(c.Name()))
	o.Str("code", c.(fmt.Stringer).String())
	if positions {
		d.position(&o, c.Location())
	} else {
		o.Int("line", 0)
		o.Int("end", 0)
		o.Int("column", 0)
	}
	o.Raw("pairs", "["+strings.Join(f.pairs, ",")+"]")
	o.Strs("words", f.words)
	o.Bool("shell", f.shell)
	o.Strs("sources", f.sources)
	o.Str("dest", f.dest)
	o.Raw("heredocs", "["+strings.Join(f.heredocs, ",")+"]")
	o.Str("from", f.from)
	o.Str("chown", f.chown)
	o.Str("chmod", f.chmod)
	o.Str("checksum", f.checksum)
	o.Bool("link", f.link)
	o.Bool("parents", f.parents)
	o.Strs("excludes", f.excludes)
	o.Int("keepgit", f.keepGit)
	o.Int("unpack", f.unpack)
	o.Strs("mounts", f.mounts)
	o.Raw("expanded", f.expanded)
	o.Str("network", f.network)
	o.Str("security", f.security)
	o.Strs("devices", f.devices)
	o.Str("text", f.text)
	o.Bool("healthnone", f.healthNone)
	if f.trigger != "" {
		o.Raw("trigger", f.trigger)
	}
	o.WriteByte('}')
	return o.String()
}

func (d *dumper) fill(f *fields, c instructions.Command, n *parser.Node) {
	switch c := c.(type) {
	case *instructions.EnvCommand:
		f.keyValues(c.Env)
	case *instructions.LabelCommand:
		f.keyValues(c.Labels)
	case *instructions.ArgCommand:
		for _, a := range c.Args {
			f.pairs = append(f.pairs, pair(a.Key, a.ValueString(), a.Value != nil, false))
		}
	case *instructions.AddCommand:
		f.copied(c.SourcesAndDest)
		f.chown, f.chmod, f.checksum, f.link, f.excludes = c.Chown, c.Chmod, c.Checksum, c.Link, c.ExcludePatterns
		f.keepGit, f.unpack = optional(c.KeepGitDir), optional(c.Unpack)
	case *instructions.CopyCommand:
		f.copied(c.SourcesAndDest)
		f.from, f.chown, f.chmod, f.link, f.parents, f.excludes = c.From, c.Chown, c.Chmod, c.Link, c.Parents, c.ExcludePatterns
	case *instructions.RunCommand:
		d.run(f, c, n)
	case *instructions.CmdCommand:
		f.words, f.shell = c.CmdLine, c.PrependShell
	case *instructions.EntrypointCommand:
		f.words, f.shell = c.CmdLine, c.PrependShell
	case *instructions.ShellCommand:
		f.words = c.Shell
	case *instructions.ExposeCommand:
		f.words = c.Ports
	case *instructions.VolumeCommand:
		f.words = c.Volumes
	case *instructions.HealthCheckCommand:
		f.healthNone = c.Health.Test[0] == "NONE"
		f.shell = c.Health.Test[0] == "CMD-SHELL"
		f.words = c.Health.Test[1:]
	case *instructions.WorkdirCommand:
		f.text = c.Path
	case *instructions.UserCommand:
		f.text = c.User
	case *instructions.MaintainerCommand:
		f.text = c.Maintainer
	case *instructions.StopSignalCommand:
		f.text = c.Signal
	case *instructions.OnbuildCommand:
		f.text = c.Expression
		if d.lines != nil { // the trigger of a trigger can be itself: ONBUILD with a dotted I
			f.trigger = trigger(c.Expression)
		}
	default:
		panic(fmt.Sprintf("%T", c))
	}
}

func pair(key, value string, has, nodelim bool) string {
	var o cdriver.Object
	o.WriteByte('{')
	o.Str("k", key)
	o.Str("v", value)
	o.Bool("has", has)
	o.Bool("nodelim", nodelim)
	o.WriteByte('}')
	return o.String()
}

func (f *fields) keyValues(list instructions.KeyValuePairs) {
	for _, kv := range list {
		f.pairs = append(f.pairs, pair(kv.Key, kv.Value, true, kv.NoDelim))
	}
}

func optional(b *bool) int64 {
	switch {
	case b == nil:
		return -1
	case *b:
		return 1
	}
	return 0
}

func heredoc(name, content string, expand, chomp bool) string {
	var o cdriver.Object
	o.WriteByte('{')
	o.Str("name", name)
	o.Str("content", content)
	o.Bool("expand", expand)
	o.Bool("chomp", chomp)
	o.WriteByte('}')
	return o.String()
}

func (f *fields) copied(s instructions.SourcesAndDest) {
	f.sources, f.dest = s.SourcePaths, s.DestPath
	for _, c := range s.SourceContents {
		f.heredocs = append(f.heredocs, heredoc(c.Path, c.Data, c.Expand, false))
	}
}

func flagValues(n *parser.Node, name string) []string {
	var out []string
	for _, flag := range n.Flags {
		if v, ok := strings.CutPrefix(flag, "--"+name+"="); ok {
			out = append(out, v)
		}
	}
	return out
}

func (d *dumper) run(f *fields, c *instructions.RunCommand, n *parser.Node) {
	f.words, f.shell = c.CmdLine, c.PrependShell
	for i, file := range c.Files {
		f.heredocs = append(f.heredocs, heredoc(file.Name, file.Data, n.Heredocs[i].Expand, file.Chomp))
	}
	f.network, f.security = instructions.GetNetwork(c), instructions.GetSecurity(c)
	f.mounts, f.devices = flagValues(n, "mount"), flagValues(n, "device")
	lex := shell.NewLex(d.escape)
	err := c.Expand(func(word string) (string, error) {
		word, _, err := lex.ProcessWord(word, env)
		return word, err
	})
	if err != nil {
		f.expanded = cdriver.Quote(err.Error())
		return
	}
	var list []string
	for _, m := range instructions.GetMounts(c) {
		list = append(list, mount(m))
	}
	f.expanded = "[" + strings.Join(list, ",") + "]"
}

func mount(m *instructions.Mount) string {
	number := func(v *uint64) int64 {
		if v == nil {
			return -1
		}
		return int64(*v)
	}
	var o cdriver.Object
	o.WriteByte('{')
	o.Str("type", string(m.Type))
	o.Str("from", m.From)
	o.Str("source", m.Source)
	o.Str("target", m.Target)
	o.Str("id", m.CacheID)
	o.Bool("hasenv", m.Env != nil)
	name := ""
	if m.Env != nil {
		name = *m.Env
	}
	o.Str("env", name)
	o.Bool("ro", m.ReadOnly)
	o.Bool("required", m.Required)
	o.Str("sharing", string(m.CacheSharing))
	o.Int("size", m.SizeLimit)
	o.Int("mode", number(m.Mode))
	o.Int("uid", number(m.UID))
	o.Int("gid", number(m.GID))
	o.WriteByte('}')
	return o.String()
}

// trigger does what dockerfile2llb does with a trigger of a base image.
func trigger(expression string) string {
	ast, err := parser.Parse(strings.NewReader(expression))
	if err != nil {
		return cdriver.Quote(err.Error())
	}
	if len(ast.AST.Children) != 1 {
		return cdriver.Quote("onbuild trigger should be a single expression")
	}
	v, err := instructions.ParseInstructionWithLinter(ast.AST.Children[0], lint)
	if err != nil {
		return cdriver.Quote(err.Error())
	}
	c, ok := v.(instructions.Command)
	if !ok {
		return cdriver.Quote(fmt.Sprintf("%T is not a command type", v))
	}
	d := &dumper{escape: '\\'}
	return d.command(c, ast.AST.Children[0], false)
}

// lines is the range of lines that BuildKit reports with an error.
func lines(err error) (first, last int, ok bool) {
	var located *parser.LocationError
	if !errors.As(err, &located) || len(located.Locations) == 0 || len(located.Locations[0]) == 0 {
		return 0, 0, false
	}
	loc := located.Locations[0]
	return loc[0].Start.Line, loc[len(loc)-1].Start.Line, true
}
