package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// A plan is what the stub images must have so that a Dockerfile builds: read off the operations that
// BuildKit's own frontend makes of it, with every variable expanded.
type plan struct {
	paths    map[string]bool // read out of a stage or an image by COPY --from or a mount
	folders  map[string]bool // paths that are folders for sure
	files    map[string]bool // paths that are files for sure
	same     [][2]string     // copies: both ends are of one kind
	users    map[string]bool
	groups   map[string]bool
	commands map[string]bool // argv[0] of every RUN
	git      map[string]bool // ADD git: URL#ref
	images   *sync.Map       // normalised references; the frontend asks for many at a time
}

func newPlan() *plan {
	return &plan{paths: map[string]bool{}, folders: map[string]bool{}, files: map[string]bool{}, users: map[string]bool{},
		groups: map[string]bool{}, commands: map[string]bool{}, git: map[string]bool{}, images: &sync.Map{}}
}

// The tree of the context, so that a COPY from it tells files and folders apart.
type contextTree interface {
	// kind is 'f', 'd' or 0 where there is nothing.
	kind(path string) byte
}

// refs gives the images that the frontend asked for.
func (p *plan) refs() iter.Seq[string] {
	return func(yield func(string) bool) {
		p.images.Range(func(ref, _ any) bool { return yield(ref.(string)) })
	}
}

// add reads one Dockerfile into the plan.
func (p *plan) add(ctx context.Context, dockerfile string, o options, tree contextTree) error {
	for _, platform := range o.platforms() {
		def, err := convert(ctx, dockerfile, o, platform, p.images)
		if err != nil {
			return err
		}
		if err := p.addGraph(def, tree); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) addGraph(def *llb.Definition, tree contextTree) error {
	w := &walker{plan: p, tree: tree, ops: map[digest.Digest]*pb.Op{}}
	for _, dt := range def.Def {
		op := &pb.Op{}
		if err := op.Unmarshal(dt); err != nil {
			return err
		}
		w.ops[digest.FromBytes(dt)] = op
	}
	for _, dt := range def.Def {
		w.visit(w.ops[digest.FromBytes(dt)])
	}
	return nil
}

func convert(ctx context.Context, dockerfile string, o options, platform string, images *sync.Map) (def *llb.Definition, err error) {
	// The frontend is fed what strangers wrote, without the daemon's guard around it.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("frontend: %v", r)
		}
	}()
	target := platforms.Normalize(platforms.DefaultSpec())
	if platform != "" {
		if target, err = platforms.Parse(platform); err != nil {
			return nil, err
		}
	}
	caps := pb.Caps.CapSet(pb.Caps.All())
	res, err := dockerfile2llb.Dockerfile2LLB(ctx, []byte(dockerfile), dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{BuildArgs: maps.Clone(o.args()), Target: o.target,
			BuildPlatforms: []ocispecs.Platform{platforms.Normalize(platforms.DefaultSpec())}},
		TargetPlatform: &target, MetaResolver: stubResolver{o.images, images}, LLBCaps: &caps,
	})
	if err != nil {
		return nil, err
	}
	return res.State.Marshal(ctx, llb.Platform(target))
}

// stubResolver answers as the stub registry will.
type stubResolver struct {
	configs map[string]imageConfig
	asked   *sync.Map
}

func (s stubResolver) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	ref, err := normalise(ref)
	if err != nil {
		return "", "", nil, err
	}
	s.asked.Store(ref, true)
	config, err := json.Marshal(map[string]any{"architecture": hostArch(), "os": "linux", "config": s.configs[ref].withDefaults(ref),
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + strings.Repeat("0", 64)}}})
	return ref, digest.FromString(ref), config, err
}

type walker struct {
	plan *plan
	tree contextTree
	ops  map[digest.Digest]*pb.Op
}

func (w *walker) visit(op *pb.Op) {
	switch o := op.Op.(type) {
	case *pb.Op_Exec:
		w.exec(op, o.Exec)
	case *pb.Op_File:
		for _, a := range o.File.Actions {
			w.action(op, a)
		}
	case *pb.Op_Source:
		if url, found := strings.CutPrefix(o.Source.Identifier, "git://"); found {
			w.plan.git[url] = true
		}
	}
}

func (w *walker) exec(op *pb.Op, e *pb.ExecOp) {
	w.plan.folder(e.Meta.Cwd)
	w.owner(e.Meta.User)
	if len(e.Meta.Args) > 0 {
		w.plan.command(e.Meta.Args[0], e.Meta.Cwd)
	}
	for _, m := range e.Mounts {
		if m.Dest != "/" && m.Input >= 0 && int(m.Input) < len(op.Inputs) && w.written(op.Inputs[m.Input], 0) {
			w.plan.read(path.Clean("/" + m.Selector))
		}
	}
}

// owner takes USER's text.
func (w *walker) owner(user string) {
	u, g, _ := strings.Cut(user, ":")
	w.plan.users[u] = true
	w.plan.groups[g] = true
}

func (w *walker) chown(c *pb.ChownOpt) {
	if c == nil {
		return
	}
	if n := c.User.GetByName(); n != nil {
		w.plan.users[n.Name] = true
	}
	if n := c.Group.GetByName(); n != nil {
		w.plan.groups[n.Name] = true
	}
}

func (w *walker) action(op *pb.Op, a *pb.FileAction) {
	switch x := a.Action.(type) {
	case *pb.FileAction_Mkdir:
		w.plan.folder(x.Mkdir.Path)
		w.chown(x.Mkdir.Owner)
	case *pb.FileAction_Copy:
		w.chown(x.Copy.Owner)
		if a.SecondaryInput >= 0 && int(a.SecondaryInput) < len(op.Inputs) {
			w.copy(op.Inputs[a.SecondaryInput], x.Copy)
		}
	}
}

func (w *walker) copy(from *pb.Input, c *pb.FileActionCopy) {
	src, dest := path.Clean("/"+c.Src), path.Clean("/"+c.Dest)
	plain := !strings.ContainsAny(src, "*?[") && len(c.IncludePatterns) == 0
	into := strings.HasSuffix(c.Dest, "/")
	w.plan.folder(path.Dir(dest))
	if into {
		w.plan.folder(dest)
	}
	if w.isContext(from) {
		switch {
		case into || !plain || w.tree == nil:
		case w.tree.kind(src) == 'd':
			w.plan.folder(dest)
		case w.tree.kind(src) == 'f':
			w.plan.files[dest] = true
		}
		return
	}
	if !w.written(from, 0) {
		return
	}
	for _, include := range c.IncludePatterns {
		w.plan.read(path.Join(src, matching(include)))
	}
	if len(c.IncludePatterns) > 0 {
		return
	}
	w.plan.read(matching(src))
	if plain && !into {
		w.plan.same = append(w.plan.same, [2]string{src, dest})
	}
}

func (w *walker) isContext(in *pb.Input) bool {
	s := w.ops[digest.Digest(in.Digest)].GetSource()
	return s != nil && strings.HasPrefix(s.Identifier, "local://")
}

// written says whether an image or a RUN has a part in a file system; without, its files are real.
func (w *walker) written(in *pb.Input, depth int) bool {
	op := w.ops[digest.Digest(in.Digest)]
	if depth > 1000 {
		return false
	}
	switch o := op.Op.(type) {
	case *pb.Op_Exec:
		return true
	case *pb.Op_Source:
		return strings.HasPrefix(o.Source.Identifier, "docker-image://")
	}
	return slices.ContainsFunc(op.Inputs, func(i *pb.Input) bool { return w.written(i, depth+1) })
}

func (p *plan) folder(dir string) {
	for dir = path.Clean("/" + dir); ; dir = path.Dir(dir) {
		p.folders[dir] = true
		if dir == "/" {
			return
		}
	}
}

func (p *plan) read(name string) {
	p.paths[name] = true
	p.folder(path.Dir(name))
}

func (p *plan) command(arg, cwd string) {
	switch {
	case strings.HasPrefix(arg, "/"):
		p.commands[path.Clean(arg)] = true
	case strings.Contains(arg, "/"):
		p.commands[path.Join("/", cwd, arg)] = true
	default:
		for _, dir := range []string{"/bin", "/usr/bin", "/usr/local/bin"} {
			p.commands[path.Join(dir, arg)] = true
		}
	}
}

// matching makes a path that a wildcard matches.
func matching(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		var out strings.Builder
		for j := 0; j < len(part); j++ {
			switch c := part[j]; c {
			case '*':
				if out.Len() == 0 || !strings.HasSuffix(out.String(), "stub") {
					out.WriteString("stub")
				}
			case '?':
				out.WriteByte('x')
			case '\\':
				if j++; j < len(part) {
					out.WriteByte(part[j])
				}
			case '[':
				end := strings.IndexByte(part[j:], ']')
				if end > 1 && part[j+1] != '^' {
					out.WriteByte(part[j+1])
				} else {
					out.WriteByte('x')
				}
				if end > 0 {
					j += end
				}
			default:
				out.WriteByte(c)
			}
		}
		parts[i] = out.String()
	}
	return path.Clean(strings.Join(parts, "/"))
}

// What a path may be, the surer answer higher.
const (
	noGuess = iota
	looksFolder
	looksFile
	surelyFile
	surelyFolder
)

// kinds decides what each path that is read is: 'f' or 'd'. A copy gives its destination the kind of its source.
func (p *plan) kinds() map[string]byte {
	guess := map[string]int{}
	for name := range p.paths {
		guess[name] = p.guess(name)
	}
	for changed := true; changed; {
		changed = false
		for _, c := range p.same {
			surer := max(guess[c[0]], guess[c[1]], p.guess(c[1]))
			changed = changed || guess[c[0]] != surer || guess[c[1]] != surer
			guess[c[0]], guess[c[1]] = surer, surer
		}
	}
	kinds := map[string]byte{}
	for name := range p.paths {
		kinds[name] = 'f'
		if guess[name] == looksFolder || guess[name] == surelyFolder {
			kinds[name] = 'd'
		}
	}
	return kinds
}

func (p *plan) guess(name string) int {
	base := path.Base(name)
	switch {
	case p.folders[name]:
		return surelyFolder
	case p.files[name] || p.commands[name] || inBin(name):
		return surelyFile
	case slices.Contains([]string{".venv", ".next", ".cargo", ".cache", ".local", ".npm", ".m2", ".gradle", ".output", ".nuxt"}, base):
		return surelyFolder
	case path.Ext(base) == "" || strings.HasSuffix(base, ".d"):
		return looksFolder
	}
	return looksFile
}

func inBin(name string) bool {
	dir := path.Base(path.Dir(name))
	return dir == "bin" || dir == "sbin"
}

// hosts names the registries that a text may refer to; too many do no harm.
func hosts(text string, into map[string]bool) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return !(r == '.' || r == '-' || r == '/' || r == ':' || r == '_' || r == '@' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		if !strings.Contains(word, "/") || strings.Contains(word, "//") {
			continue
		}
		if named, err := reference.ParseNormalizedNamed(word); err == nil {
			into[reference.Domain(named)] = true
		}
	}
}
