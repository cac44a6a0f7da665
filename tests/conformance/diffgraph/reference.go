package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	gwclient "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// fakeClient stands where buildkitd stands: it knows the configs of images and nothing else.
type fakeClient struct {
	opts  gwclient.BuildOpts
	image func(ref string, platform string) imageConfig
	mu    sync.Mutex // images are resolved in parallel
	asked map[string]imageConfig
}

func (c *fakeClient) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	p := c.opts.Workers[0].Platforms[0]
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		p = *opt.ImageOpt.Platform
	} else if opt.ImageOpt != nil {
		if v := c.opts.Opts["platform"]; v != "" {
			p = platforms.MustParse(v)
		}
	}
	p = platforms.Normalize(p)
	key := platformKey(p)
	cfg := c.image(ref, key)
	c.mu.Lock()
	c.asked[ref+" "+key] = cfg
	c.mu.Unlock()
	dt, err := cfg.json(p)
	return ref, digest.Digest(cfg.Digest), dt, err
}

func platformKey(p ocispecs.Platform) string {
	return strings.Join([]string{p.OS, p.Architecture, p.Variant, p.OSVersion}, "/")
}

func (c *fakeClient) ResolveSourceMetadata(_ context.Context, op *pb.SourceOp, _ sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	return &sourceresolver.MetaResponse{Op: op}, nil
}

func (c *fakeClient) Solve(context.Context, gwclient.SolveRequest) (*gwclient.Result, error) {
	res := gwclient.NewResult()
	res.SetRef(fakeRef{})
	return res, nil
}

func (c *fakeClient) BuildOpts() gwclient.BuildOpts { return c.opts }
func (c *fakeClient) Inputs(context.Context) (map[string]llb.State, error) {
	return nil, nil
}
func (c *fakeClient) NewContainer(context.Context, gwclient.NewContainerRequest) (gwclient.Container, error) {
	return nil, os.ErrInvalid
}
func (c *fakeClient) Warn(context.Context, digest.Digest, string, gwclient.WarnOpts) error {
	return nil
}

// fakeRef is an empty folder; a download is never an archive.
type fakeRef struct{}

func (fakeRef) ToState() (llb.State, error)    { return llb.Scratch(), nil }
func (fakeRef) Evaluate(context.Context) error { return nil }
func (fakeRef) ReadFile(_ context.Context, req gwclient.ReadRequest) ([]byte, error) {
	if req.Filename == "context" {
		return []byte{0x1f, 0x8b, 0x08}, nil // as much of an archive as the frontend looks at
	}
	return nil, os.ErrNotExist
}
func (fakeRef) StatFile(context.Context, gwclient.StatRequest) (*fstypes.Stat, error) {
	return &fstypes.Stat{Size: 1}, nil
}
func (fakeRef) ReadDir(context.Context, gwclient.ReadDirRequest) ([]*fstypes.Stat, error) {
	return nil, nil
}

func newFakeClient(in *input) *fakeClient {
	opts := map[string]string{}
	for _, kv := range in.BuildArgs {
		opts["build-arg:"+kv[0]] = kv[1]
	}
	for _, kv := range in.Contexts {
		v := kv[1]
		if isFolder(v) {
			v = "local:" + kv[0]
		}
		opts["context:"+kv[0]] = v
	}
	set := func(key, value string) {
		if value != "" {
			opts[key] = value
		}
	}
	set("target", in.Target)
	set("platform", in.Platform)
	set("force-network-mode", in.Network)
	set("hostname", in.Hostname)
	set("cgroup-parent", in.Cgroup)
	set("context", in.MainContext)
	if in.ShmSize != 0 {
		opts["shm-size"] = strconv.FormatInt(in.ShmSize, 10)
	}
	var hosts, limits []string
	for _, h := range in.Hosts {
		hosts = append(hosts, h[0]+"="+h[1])
	}
	set("add-hosts", strings.Join(hosts, ","))
	for _, u := range in.Ulimits {
		limits = append(limits, fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard))
	}
	set("ulimit", strings.Join(limits, ","))
	if in.NoCache {
		opts["no-cache"] = ""
	} else if len(in.NoCacheFilter) > 0 {
		opts["no-cache"] = strings.Join(in.NoCacheFilter, ",")
	}
	if in.MultiPlatform {
		opts["multi-platform"] = "true"
	}
	caps := pb.Caps.All()
	if in.NoMergeOp {
		kept := caps[:0]
		for _, c := range caps {
			if c.ID != string(pb.CapMergeOp) {
				kept = append(kept, c)
			}
		}
		caps = kept
	}
	build := in.BuildPlatform
	if build == "" {
		build = "linux/amd64"
	}
	return &fakeClient{
		opts: gwclient.BuildOpts{
			Opts:      opts,
			SessionID: "session",
			Workers:   []gwclient.WorkerInfo{{Platforms: []ocispecs.Platform{platforms.MustParse(build)}}},
			LLBCaps:   pb.Caps.CapSet(caps),
			Caps:      gwpb.Caps.CapSet(gwpb.Caps.All()),
		},
		image: in.config,
		asked: map[string]imageConfig{},
	}
}

func isFolder(v string) bool {
	for _, p := range []string{"docker-image://", "http://", "https://", "git://", "git@", "ssh://"} {
		if strings.HasPrefix(v, p) {
			return false
		}
	}
	return true
}

// runReference is what builder.Build does for one platform.
func runReference(in *input) (d *dump, asked map[string]imageConfig) {
	c := newFakeClient(in)
	defer func() {
		if r := recover(); r != nil {
			d = &dump{Error: fmt.Sprintf("panic: %v", r)}
			asked = c.asked
		}
	}()
	def, layers, err := convert(c, in)
	if err != nil {
		d = &dump{Error: err.Error()}
		var el *parser.LocationError
		if errors.As(err, &el) && len(el.Locations) > 0 && len(el.Locations[0]) > 0 {
			d.Line = el.Locations[0][0].Start.Line
		}
		return d, c.asked
	}
	d, err = decode(def)
	if err != nil {
		panic(err)
	}
	d.Layers = layers
	return d, c.asked
}

// The images of the reference have no history, so all that is in the result's is the build's own.
func convert(c *fakeClient, in *input) (*llb.Definition, []string, error) {
	ctx := context.Background()
	bc, err := dockerui.NewClient(c)
	if err != nil {
		return nil, nil, err
	}
	opt := dockerfile2llb.ConvertOpt{
		Config:       bc.Config,
		Client:       bc,
		SourceMap:    llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte(in.Dockerfile)),
		MetaResolver: c,
		Warn:         func(string, string, string, string, []parser.Range) {},
	}
	opt.BuildArgs = maps.Clone(opt.BuildArgs)
	if len(bc.TargetPlatforms) > 0 {
		opt.TargetPlatform = &bc.TargetPlatforms[0]
	}
	res, err := dockerfile2llb.Dockerfile2LLB(ctx, []byte(in.Dockerfile), opt)
	if err != nil {
		return nil, nil, err
	}
	var layers []string
	for _, h := range res.Image.History {
		if !h.EmptyLayer {
			layers = append(layers, h.CreatedBy)
		}
	}
	def, err := res.State.Marshal(ctx)
	return def, layers, err
}

// decode reads the definition back: its last message only points at the result.
func decode(def *llb.Definition) (*dump, error) {
	d := &dump{Result: -1}
	number := map[string]int{}
	for i, dt := range def.Def {
		var op pb.Op
		if err := op.Unmarshal(dt); err != nil {
			return nil, err
		}
		if i == len(def.Def)-1 {
			if len(op.Inputs) > 0 {
				d.Result = number[op.Inputs[0].Digest]
			}
			break
		}
		dgst := digest.FromBytes(dt)
		md := def.Metadata[dgst]
		out := decodeOp(&op)
		out.Name = md.Description["llb.customname"]
		if out.Name == "" && out.Kind == "file" { // the unpacked archive of a remote context has no name of its own
			out.Name = "copy /context /"
		}
		out.IgnoreCache = md.IgnoreCache
		for _, in := range op.Inputs {
			if in.Index != 0 {
				return nil, fmt.Errorf("input index %d", in.Index)
			}
			out.Inputs = append(out.Inputs, number[in.Digest])
		}
		number[string(dgst)] = len(d.Ops)
		if isStep(out.Name) && out.Name != "copy /context /" {
			d.Steps = append(d.Steps, dumpStep{out.Name, len(d.Ops)})
		}
		d.Ops = append(d.Ops, out)
	}
	return d, nil
}

func platformOf(p *pb.Platform) string {
	if p == nil {
		return ""
	}
	return platforms.FormatAll(platforms.Normalize(ocispecs.Platform{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion, OSFeatures: p.OSFeatures,
	}))
}

func decodeOp(op *pb.Op) dumpOp {
	out := dumpOp{Platform: platformOf(op.Platform)}
	switch o := op.Op.(type) {
	case *pb.Op_Source:
		out.Kind = "source"
		a := o.Source.Attrs
		out.Source = &dumpSource{
			ID:         o.Source.Identifier,
			Filename:   a[pb.AttrHTTPFilename],
			Checksum:   a[pb.AttrHTTPChecksum],
			Remote:     a[pb.AttrFullRemoteURL],
			Commit:     a[pb.AttrGitChecksum],
			MTime:      a[pb.AttrGitMTime],
			KeepGitDir: a[pb.AttrKeepGitDir] == "true",
			SkipSub:    a[pb.AttrGitSkipSubmodules] == "true",
			ByCommit:   a[pb.AttrGitFetchByCommit] == "true",
		}
	case *pb.Op_Exec:
		out.Kind = "exec"
		out.Exec = decodeExec(o.Exec)
	case *pb.Op_File:
		out.Kind = "file"
		for _, a := range o.File.Actions {
			out.Actions = append(out.Actions, decodeAction(a))
		}
	case *pb.Op_Merge:
		out.Kind = "merge"
	default:
		out.Kind = fmt.Sprintf("%T", o)
	}
	return out
}

func decodeExec(e *pb.ExecOp) *dumpExec {
	m := e.Meta
	out := &dumpExec{
		Args: m.Args, Env: m.Env, Cwd: m.Cwd, User: m.User, Hostname: m.Hostname, Cgroup: m.CgroupParent,
		Network: int(e.Network), Security: int(e.Security),
	}
	for _, h := range m.ExtraHosts {
		out.Hosts = append(out.Hosts, h.Host+"="+h.IP)
	}
	for _, u := range m.Ulimit {
		out.Ulimits = append(out.Ulimits, fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard))
	}
	for _, s := range e.Secretenv {
		out.SecretEnv = append(out.SecretEnv, fmt.Sprintf("%s=%s optional=%v", s.Name, s.ID, s.Optional))
	}
	for _, c := range e.CdiDevices {
		out.Devices = append(out.Devices, fmt.Sprintf("%s optional=%v", c.Name, c.Optional))
	}
	for _, m := range e.Mounts {
		out.Mounts = append(out.Mounts, decodeMount(m))
	}
	return out
}

func decodeMount(m *pb.Mount) dumpMount {
	out := dumpMount{
		Input: int(m.Input), Selector: m.Selector, Dest: m.Dest, Output: m.Output, ReadOnly: m.Readonly, Type: int(m.MountType),
	}
	if m.TmpfsOpt != nil {
		out.Size = m.TmpfsOpt.Size
	}
	if m.CacheOpt != nil {
		out.CacheID, out.Sharing = m.CacheOpt.ID, int(m.CacheOpt.Sharing)
	}
	if s := m.SecretOpt; s != nil {
		out.ID, out.UID, out.GID, out.Mode, out.Optional = s.ID, s.Uid, s.Gid, s.Mode, s.Optional
	}
	if s := m.SSHOpt; s != nil {
		out.ID, out.UID, out.GID, out.Mode, out.Optional = s.ID, s.Uid, s.Gid, s.Mode, s.Optional
	}
	return out
}

func userOf(u *pb.UserOpt) string {
	if u == nil {
		return ""
	}
	switch o := u.User.(type) {
	case *pb.UserOpt_ByName:
		return fmt.Sprintf("name %s input %d", o.ByName.Name, o.ByName.Input)
	case *pb.UserOpt_ByID:
		return fmt.Sprintf("id %d", o.ByID)
	}
	return "?"
}

func ownerOf(o *pb.ChownOpt) (string, string) {
	if o == nil {
		return "", ""
	}
	return userOf(o.User), userOf(o.Group)
}

func decodeAction(a *pb.FileAction) dumpAction {
	out := dumpAction{Input: a.Input, Secondary: a.SecondaryInput, Output: a.Output}
	flag := func(on bool, name string) {
		if on {
			out.Flags += name + " "
		}
	}
	switch o := a.Action.(type) {
	case *pb.FileAction_Copy:
		c := o.Copy
		out.Kind, out.Src, out.Dest = "copy", c.Src, c.Dest
		out.User, out.Group = ownerOf(c.Owner)
		out.Mode, out.ModeStr, out.Time = int64(c.Mode), c.ModeStr, c.Timestamp
		out.Includes, out.Excludes, out.Required = c.IncludePatterns, c.ExcludePatterns, c.RequiredPaths
		flag(c.FollowSymlink, "follow")
		flag(c.DirCopyContents, "contents")
		flag(c.AttemptUnpackDockerCompatibility, "unpack")
		flag(c.CreateDestPath, "create")
		flag(c.AllowWildcard, "wildcard")
		flag(c.AllowEmptyWildcard, "empty")
		flag(c.AlwaysReplaceExistingDestPaths, "replace")
	case *pb.FileAction_Mkdir:
		c := o.Mkdir
		out.Kind, out.Dest, out.Mode, out.Time = "mkdir", c.Path, int64(c.Mode), c.Timestamp
		out.User, out.Group = ownerOf(c.Owner)
		flag(c.MakeParents, "parents")
	case *pb.FileAction_Mkfile:
		c := o.Mkfile
		out.Kind, out.Dest, out.Mode, out.Time, out.Data = "mkfile", c.Path, int64(c.Mode), c.Timestamp, string(c.Data)
		out.User, out.Group = ownerOf(c.Owner)
	default:
		out.Kind = fmt.Sprintf("%T", o)
	}
	return out
}

// imageConfig is what a registry would say of an image.
type imageConfig struct {
	Digest     string   `json:"digest,omitempty"`
	Env        []string `json:"env,omitempty"`
	WorkingDir string   `json:"workingDir,omitempty"`
	User       string   `json:"user,omitempty"`
	Shell      []string `json:"shell,omitempty"`
	OnBuild    []string `json:"onBuild,omitempty"`
	NoLayers   bool     `json:"noLayers,omitempty"`
}

func (c *imageConfig) json(p ocispecs.Platform) ([]byte, error) {
	diff := []string{"sha256:" + strings.Repeat("1", 64)}
	if c.NoLayers {
		diff = nil
	}
	return json.Marshal(map[string]any{
		"os": p.OS, "architecture": p.Architecture, "variant": p.Variant, "os.version": p.OSVersion, "os.features": p.OSFeatures,
		"config": map[string]any{
			"Env": c.Env, "WorkingDir": c.WorkingDir, "User": c.User, "Shell": c.Shell, "OnBuild": c.OnBuild,
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diff},
	})
}
