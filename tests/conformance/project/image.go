package main

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/buildx/bake"
	"github.com/docker/buildx/build"
	"github.com/docker/go-units"

	"cachepredict.test/conformance/cdriver"
)

// An image is what is built, in one form whoever says it: paths are absolute, what has no order is sorted, what is the default is not said.
type image map[string]string

func (m image) set(key, value string) {
	if value != "" {
		m[key] = value
	}
}

func (m image) list(key string, values []string, ordered bool) {
	values = slices.Clone(values)
	if !ordered {
		slices.Sort(values)
	}
	m.set(key, strings.Join(values, "\n"))
}

func (m image) pairs(key string, values map[string]string) {
	var all []string
	for k, v := range values {
		all = append(all, k+"="+v)
	}
	m.list(key, all, false)
}

func remote(s string) bool {
	return build.IsRemoteURL(s) || strings.Contains(s, "://") || strings.HasPrefix(s, "target:") || strings.HasPrefix(s, "docker-image:")
}

// place makes a path p of a project in `folder` absolute.
func place(folder, p string) string {
	if remote(p) || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(folder, p)
}

func placeDockerfile(folder, context, dockerfile string) string {
	if remote(context) {
		return path.Clean(dockerfile)
	}
	return place(folder, dockerfile)
}

func placeContexts(folder string, contexts map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range contexts {
		out[k] = targetName(place(folder, v))
	}
	return out
}

// targetName: compose and bake allow no dot in the name of a target.
func targetName(s string) string {
	if name, ok := strings.CutPrefix(s, "target:"); ok {
		return "target:" + strings.ReplaceAll(name, ".", "_")
	}
	return s
}

func bytesOf(size string) string {
	if size == "" {
		return ""
	}
	n, err := units.RAMInBytes(size)
	if err != nil {
		return "not a size: " + size
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func truth(v bool) string {
	if v {
		return "true"
	}
	return ""
}

// hosts: one "host=address" for each address.
func hosts(values map[string]string) (out []string) {
	for host, addresses := range values {
		for _, a := range strings.Split(addresses, ",") {
			out = append(out, host+"="+strings.Trim(a, "[]"))
		}
	}
	return out
}

// ---- ours ----

type setting []string

type answer struct {
	cdriver.Reject
	Images []struct {
		Name, Context, Dockerfile, Target, Network string
		Inline                                     *string
		ShmSize                                    string `json:"shm_size"`
		NoCache                                    int    `json:"no_cache"`
		Pull                                       int
		Args, Contexts, Labels, Secrets            []setting
		Platforms, Tags, Hosts, Ulimits, SSH       []string
		CacheFrom                                  []string `json:"cache_from"`
		CacheTo                                    []string `json:"cache_to"`
		NoCacheFilter                              []string `json:"no_cache_filter"`
	}
	Notes []string
}

func readAnswer(line string) (*answer, error) {
	a := &answer{}
	return a, json.Unmarshal([]byte(line), a)
}

func mapping(s []setting) map[string]string {
	out := map[string]string{}
	for _, one := range s {
		value := ""
		if len(one) > 1 {
			value = cdriver.Bytes(one[1])
		}
		out[cdriver.Bytes(one[0])] = value
	}
	return out
}

func texts(s []string) []string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = cdriver.Bytes(s[i])
	}
	return out
}

// ownLabels takes away what compose adds by itself: its labels, and the name for an image without one, which they tell. Neither has a say in what
// is cached.
func ownLabels(labels map[string]string) (map[string]string, string) {
	given := labels["com.docker.compose.project"] + "-" + labels["com.docker.compose.service"]
	for _, label := range []string{"project", "service", "version"} {
		delete(labels, "com.docker.compose."+label)
	}
	return labels, given
}

func without(tags []string, given string) []string {
	return slices.DeleteFunc(tags, func(tag string) bool { return tag == given })
}

func (a *answer) images(folder string) (out []image) {
	for _, q := range a.Images {
		m := image{}
		context := place(folder, cdriver.Bytes(q.Context))
		m.set("name", strings.ReplaceAll(cdriver.Bytes(q.Name), ".", "_"))
		m.set("context", context)
		if q.Inline != nil {
			m.set("inline", cdriver.Bytes(*q.Inline))
		} else {
			dockerfile := cdriver.Bytes(q.Dockerfile)
			if dockerfile == "" {
				dockerfile = filepath.Join(cdriver.Bytes(q.Context), "Dockerfile")
				if remote(q.Context) {
					dockerfile = "Dockerfile"
				}
			}
			m.set("dockerfile", placeDockerfile(folder, q.Context, dockerfile))
		}
		m.set("target", cdriver.Bytes(q.Target))
		m.set("network", cdriver.Bytes(q.Network))
		m.set("shm_size", bytesOf(q.ShmSize))
		m.set("no_cache", truth(q.NoCache == 1))
		m.set("pull", truth(q.Pull == 1))
		m.pairs("args", mapping(q.Args))
		m.pairs("contexts", placeContexts(folder, mapping(q.Contexts)))
		labels, given := ownLabels(mapping(q.Labels))
		m.pairs("labels", labels)
		m.pairs("secrets", placeSecrets(folder, mapping(q.Secrets)))
		m.list("platforms", texts(q.Platforms), true)
		m.list("cache_from", texts(q.CacheFrom), true)
		m.list("cache_to", texts(q.CacheTo), true)
		m.list("tags", without(texts(q.Tags), given), true)
		m.list("no_cache_filter", texts(q.NoCacheFilter), true)
		m.list("hosts", bare(texts(q.Hosts)), false)
		m.list("ulimits", texts(q.Ulimits), false)
		m.list("ssh", keys(folder, texts(q.SSH)), false)
		out = append(out, m)
	}
	return out
}

func bare(hosts []string) []string {
	for i := range hosts {
		name, address, _ := strings.Cut(hosts[i], "=")
		hosts[i] = name + "=" + strings.Trim(address, "[]")
	}
	return hosts
}

func keys(folder string, ssh []string) []string {
	for i := range ssh {
		if id, path, _ := strings.Cut(ssh[i], "="); path != "" {
			ssh[i] = id + "=" + place(folder, path)
		} else {
			ssh[i] = id + "="
		}
	}
	return ssh
}

func placeSecrets(folder string, secrets map[string]string) map[string]string {
	for k, v := range secrets {
		if path, ok := strings.CutPrefix(v, "src="); ok && path != "" {
			secrets[k] = "src=" + place(folder, path)
		}
	}
	return secrets
}

// ---- docker compose build --print ----

type composeTarget struct {
	Context, Dockerfile, Target, Network string
	Contexts, Args, Labels               map[string]string
	Inline                               string `json:"dockerfile-inline"`
	Tags, SSH, Platforms, Ulimits        []string
	Secret                               []string
	CacheFrom                            []string `json:"cache-from"`
	CacheTo                              []string `json:"cache-to"`
	Pull                                 bool
	NoCache                              bool              `json:"no-cache"`
	ShmSize                              json.RawMessage   `json:"shm-size"`
	ExtraHosts                           map[string]string `json:"extra-hosts"`
}

// composeImages reads what compose prints.
func composeImages(printed []byte, folder string) ([]image, error) {
	var file struct {
		Group  map[string]struct{ Targets []string }
		Target map[string]composeTarget
	}
	if err := json.Unmarshal(printed, &file); err != nil {
		return nil, err
	}
	var out []image
	for _, name := range file.Group["default"].Targets {
		out = append(out, composeImage(name, file.Target[name], folder))
	}
	return out, nil
}

func composeImage(name string, t composeTarget, folder string) image {
	m := image{}
	m.set("name", name)
	m.set("context", place(folder, t.Context))
	if t.Inline != "" {
		m.set("inline", strings.ReplaceAll(t.Inline, "$${", "${"))
	} else {
		m.set("dockerfile", placeDockerfile(folder, t.Context, t.Dockerfile))
	}
	m.set("target", t.Target)
	m.set("network", t.Network)
	m.set("shm_size", bytesOf(strings.Trim(string(t.ShmSize), `"`)))
	m.set("no_cache", truth(t.NoCache))
	m.set("pull", truth(t.Pull))
	for k, v := range t.Args {
		t.Args[k] = strings.ReplaceAll(v, "$${", "${")
	}
	m.pairs("args", t.Args)
	m.pairs("contexts", placeContexts(folder, t.Contexts))
	labels, given := ownLabels(t.Labels)
	m.pairs("labels", labels)
	secrets := map[string]string{}
	for _, s := range t.Secret {
		secrets[field(s, "id")] = source(field(s, "env"), field(s, "src"))
	}
	m.pairs("secrets", secrets)
	m.list("platforms", t.Platforms, true)
	m.list("cache_from", caches(t.CacheFrom), true)
	m.list("cache_to", caches(t.CacheTo), true)
	m.list("tags", without(t.Tags, given), true)
	m.list("hosts", hosts(t.ExtraHosts), false)
	m.list("ulimits", t.Ulimits, false)
	m.list("ssh", keys(folder, t.SSH), false)
	return m
}

func source(env, file string) string {
	if env != "" {
		return "env=" + env
	}
	return "src=" + file
}

func field(csv, key string) string {
	for _, f := range strings.Split(csv, ",") {
		if v, ok := strings.CutPrefix(f, key+"="); ok {
			return v
		}
	}
	return ""
}

// caches: a name alone is a registry's.
func caches(in []string) (out []string) {
	for _, c := range in {
		if !strings.Contains(c, "=") && c != "" {
			c = "type=registry,ref=" + c
		}
		out = append(out, c)
	}
	return out
}

// ---- docker buildx bake --print ----

// bakeImage: what bake would tell the build, and of secrets and SSH keys, which it opens for that, what the target says.
func bakeImage(name string, t *bake.Target, folder string) (image, error) {
	m := image{}
	closed := *t
	closed.Secrets, closed.SSH, closed.Outputs, closed.Attest = nil, nil, nil, nil
	all, err := bake.TargetsToBuildOpt(map[string]*bake.Target{name: &closed}, &bake.Input{})
	if err != nil {
		return nil, err
	}
	o := all[name]
	m.set("name", name)
	m.set("context", place(folder, o.Inputs.ContextPath))
	if o.Inputs.DockerfileInline != "" {
		m.set("inline", o.Inputs.DockerfileInline)
	} else {
		m.set("dockerfile", placeDockerfile(folder, o.Inputs.ContextPath, o.Inputs.DockerfilePath))
	}
	m.set("target", o.Target)
	m.set("network", o.NetworkMode)
	m.set("shm_size", bytesOf(fmt.Sprint(o.ShmSize.Value())))
	m.set("no_cache", truth(o.NoCache))
	m.set("pull", truth(o.Pull))
	m.pairs("args", o.BuildArgs)
	contexts := map[string]string{}
	for k, v := range o.Inputs.NamedContexts {
		contexts[k] = v.Path
	}
	m.pairs("contexts", placeContexts(folder, contexts))
	m.pairs("labels", o.Labels)
	secrets := map[string]string{}
	for _, s := range t.Secrets {
		secrets[s.ID] = source(s.Env, s.FilePath)
		if s.Env == "" && s.FilePath != "" {
			secrets[s.ID] = "src=" + place(folder, s.FilePath)
		} else if s.Env == "" {
			secrets[s.ID] = ""
		}
	}
	m.pairs("secrets", secrets)
	m.list("platforms", t.Platforms, true)
	var from, to []string
	for _, c := range t.CacheFrom {
		from = append(from, c.String())
	}
	for _, c := range t.CacheTo {
		to = append(to, c.String())
	}
	m.list("cache_from", caches(from), true)
	m.list("cache_to", caches(to), true)
	m.list("tags", o.Tags, true)
	m.list("no_cache_filter", o.NoCacheFilter, true)
	given := map[string]string{}
	for _, h := range o.ExtraHosts {
		host, addresses, _ := strings.Cut(h, "=")
		given[host] = addresses
	}
	m.list("hosts", hosts(given), false)
	var limits []string
	for _, u := range o.Ulimits.GetList() {
		limits = append(limits, u.String())
	}
	m.list("ulimits", limits, false)
	var ssh []string
	for _, k := range t.SSH {
		ssh = append(ssh, k.ID+"="+strings.Join(k.Paths, ","))
	}
	m.list("ssh", keys(folder, ssh), false)
	return m, nil
}
