package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// options are what a build is called with, the same for A and B; the names are those of docker buildx build.
type options struct {
	dockerfile, context, target, platform string
	buildArgs                             []string
	contexts                              []string // name=folder of the tree, or name=docker-image://ref
	noCache                               bool     // B only
	noCacheFilter                         []string // B only
	addHosts                              []string // host=ip
	network, shmSize                      string
	ulimits, secrets                      []string
	gitContext                            bool   // the context is fetched by the builder
	gitURL                                string // where from
	frontend                              bool   // the build is done by a frontend image
	builder, cacheFrom                    string
	exported                              bool                   // the context is a tree without .git
	images                                map[string]imageConfig // by normalised reference
	known                                 []string               // those of them that cachepredict is told about
}

func (o *options) addImage(ref string, config imageConfig, known bool) error {
	ref, err := normalise(ref)
	if err != nil {
		return err
	}
	if o.images == nil {
		o.images = map[string]imageConfig{}
	}
	o.images[ref] = config
	if known {
		o.known = append(o.known, ref)
	}
	return nil
}

// frontendRef is the tag of the release that go.mod names.
const frontendRef = "docker/dockerfile:1.28"

// platforms are those that a build is for, one by one.
func (o options) platforms() []string {
	return strings.Split(o.platform, ",")
}

func (o options) args() map[string]string {
	m := map[string]string{}
	for _, a := range o.buildArgs {
		k, v, _ := strings.Cut(a, "=")
		m[k] = v
	}
	return m
}

// set takes one option by its name.
func (o *options) set(name, value string) error {
	switch name {
	case "dockerfile":
		o.dockerfile = value
	case "context":
		o.context = value
	case "target":
		o.target = value
	case "platform":
		o.platform = value
	case "build-arg":
		o.buildArgs = append(o.buildArgs, value)
	case "build-context":
		o.contexts = append(o.contexts, value)
	case "no-cache":
		o.noCache = true
	case "no-cache-filter":
		o.noCacheFilter = append(o.noCacheFilter, value)
	case "add-host":
		o.addHosts = append(o.addHosts, value)
	case "network":
		o.network = value
	case "shm-size":
		o.shmSize = value
	case "ulimit":
		o.ulimits = append(o.ulimits, value)
	case "secret":
		o.secrets = append(o.secrets, value)
	case "git-dir":
		o.exported = value == "no"
	case "git-context":
		o.gitContext = value == "yes"
	default:
		return fmt.Errorf("no option is called %q", name)
	}
	return nil
}

// contextURL is the context as the builder fetches it; the Dockerfile's path is one below it.
func (o options) contextURL(branch string) string {
	url := o.gitURL + "#" + branch
	if o.context != "." {
		url += ":" + o.context
	}
	return url
}

// contextArgument is the context as cachepredict is told it.
func (o options) contextArgument() string {
	if o.gitContext {
		return o.contextURL("main")
	}
	return o.context
}

// buildctl gives the arguments of `buildctl build` for the tree in dir.
func (o options) buildctl(dir string, isB bool) []string {
	a := []string{"build", "--progress=rawjson", "--frontend=dockerfile.v0"}
	opt := func(k, v string) { a = append(a, "--opt", k+"="+v) }
	if o.gitContext {
		opt("context", o.contextURL(map[bool]string{true: "main", false: "a"}[path.Base(dir) == "b"]))
		opt("filename", o.dockerfile)
	} else {
		a = append(a, "--local", "context="+path.Join(dir, o.context), "--local", "dockerfile="+path.Join(dir, path.Dir(o.dockerfile)))
		opt("filename", path.Base(o.dockerfile))
	}
	if o.frontend {
		opt("build-arg:BUILDKIT_SYNTAX", frontendRef)
	} else {
		opt("cmdline", "x") // makes the frontend take no notice of `# syntax=`
	}
	if o.target != "" {
		opt("target", o.target)
	}
	if o.platform != "" {
		opt("platform", o.platform)
	}
	args := o.args()
	for _, k := range slices.Sorted(maps.Keys(args)) {
		opt("build-arg:"+k, args[k])
	}
	for _, c := range o.contexts {
		name, value, _ := strings.Cut(c, "=")
		if strings.Contains(value, "://") {
			opt("context:"+name, value)
		} else {
			opt("context:"+name, "local:"+name)
			a = append(a, "--local", name+"="+path.Join(dir, value))
		}
	}
	if isB && o.noCache {
		opt("no-cache", "")
	}
	if isB && len(o.noCacheFilter) > 0 {
		opt("no-cache", strings.Join(o.noCacheFilter, ","))
	}
	if len(o.addHosts) > 0 {
		opt("add-hosts", strings.Join(o.addHosts, ","))
	}
	if o.network != "" {
		opt("force-network-mode", o.network)
	}
	if o.shmSize != "" {
		opt("shm-size", o.shmSize)
	}
	if len(o.ulimits) > 0 {
		opt("ulimit", strings.Join(o.ulimits, ","))
	}
	for _, s := range o.secrets {
		a = append(a, "--secret", s)
	}
	return a
}

// predict gives the arguments that ask cachepredict about the same build.
func (o options) predict(repo, a, b, metadata string) []string {
	args := o.flags([]string{"predict", "-C", repo, "--base", a, "--head", b}, metadata)
	if o.noCache {
		args = append(args, "--no-cache")
	}
	return append(args, o.contextArgument())
}

// hidden tells whether cachepredict is not told of an image whose config is not the usual one.
func (o options) hidden() bool {
	for ref := range o.images {
		if !slices.Contains(o.known, ref) {
			return true
		}
	}
	return false
}

// keys gives the arguments that ask cachepredict for the records of the build of a commit.
func (o options) keys(repo, commit, metadata string) []string {
	return append(o.flags([]string{"keys", "--preimage", "-C", repo, "--head", commit}, metadata), o.contextArgument())
}

func (o options) flags(args []string, metadata string) []string {
	args = append(args, "-f", o.dockerfile, "--format", "json", "--no-state")
	if !strings.HasPrefix(o.cacheFrom, "type=registry") && !strings.HasPrefix(o.cacheFrom, "type=gha") {
		args = append(args, "--offline")
	}
	flag := func(name string, values ...string) {
		for _, v := range values {
			if v != "" {
				args = append(args, "--"+name, v)
			}
		}
	}
	flag("target", o.target)
	flag("platform", o.platform)
	flag("build-arg", o.buildArgs...)
	if o.frontend {
		flag("build-arg", "BUILDKIT_SYNTAX="+frontendRef)
	}
	flag("build-context", o.contexts...)
	flag("no-cache-filter", o.noCacheFilter...)
	flag("add-host", o.addHosts...)
	flag("network", o.network)
	flag("shm-size", o.shmSize)
	flag("ulimit", o.ulimits...)
	flag("secret", o.secrets...)
	flag("image-metadata", metadata)
	flag("builder", o.builder)
	flag("cache-from", o.cacheFrom)
	if o.exported {
		flag("context-from", "export")
	}
	return args
}
