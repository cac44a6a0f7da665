package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// The canonical form of a graph: both sides are brought into it before they are compared.

type dumpMount struct {
	Input    int    `json:"input"`
	Selector string `json:"selector,omitempty"`
	Dest     string `json:"dest"`
	Output   int64  `json:"output"`
	ReadOnly bool   `json:"readonly,omitempty"`
	Type     int    `json:"type,omitempty"`
	Size     int64  `json:"size,omitempty"`
	CacheID  string `json:"cacheID,omitempty"`
	Sharing  int    `json:"sharing,omitempty"`
	ID       string `json:"id,omitempty"`
	UID      uint32 `json:"uid,omitempty"`
	GID      uint32 `json:"gid,omitempty"`
	Mode     uint32 `json:"mode,omitempty"`
	Optional bool   `json:"optional,omitempty"`
}

type dumpExec struct {
	Args      []string    `json:"args,omitempty"`
	Env       []string    `json:"env,omitempty"`
	Cwd       string      `json:"cwd"`
	User      string      `json:"user,omitempty"`
	Hostname  string      `json:"hostname,omitempty"`
	Cgroup    string      `json:"cgroup,omitempty"`
	Hosts     []string    `json:"hosts,omitempty"`
	Ulimits   []string    `json:"ulimits,omitempty"`
	Mounts    []dumpMount `json:"mounts,omitempty"`
	Network   int         `json:"network,omitempty"`
	Security  int         `json:"security,omitempty"`
	SecretEnv []string    `json:"secretEnv,omitempty"`
	Devices   []string    `json:"devices,omitempty"`
}

type dumpSource struct {
	ID         string `json:"id"`
	Filename   string `json:"filename,omitempty"`
	Checksum   string `json:"checksum,omitempty"`
	Remote     string `json:"remote,omitempty"`
	Commit     string `json:"commit,omitempty"`
	MTime      string `json:"mtime,omitempty"`
	KeepGitDir bool   `json:"keepGitDir,omitempty"`
	SkipSub    bool   `json:"skipSubmodules,omitempty"`
	ByCommit   bool   `json:"fetchByCommit,omitempty"`
}

type dumpAction struct {
	Kind      string   `json:"kind"`
	Input     int64    `json:"input"`
	Secondary int64    `json:"secondary"`
	Output    int64    `json:"output"`
	Src       string   `json:"src,omitempty"`
	Dest      string   `json:"dest"`
	Data      string   `json:"data,omitempty"`
	User      string   `json:"user,omitempty"`
	Group     string   `json:"group,omitempty"`
	Mode      int64    `json:"mode"`
	ModeStr   string   `json:"modeStr,omitempty"`
	Time      int64    `json:"time"`
	Flags     string   `json:"flags,omitempty"`
	Includes  []string `json:"includes,omitempty"`
	Excludes  []string `json:"excludes,omitempty"`
	Required  []string `json:"required,omitempty"`
}

type dumpOp struct {
	Kind        string       `json:"kind"`
	Name        string       `json:"name"`
	Inputs      []int        `json:"inputs,omitempty"`
	Platform    string       `json:"platform,omitempty"`
	IgnoreCache bool         `json:"ignoreCache,omitempty"`
	Source      *dumpSource  `json:"source,omitempty"`
	Exec        *dumpExec    `json:"exec,omitempty"`
	Actions     []dumpAction `json:"actions,omitempty"`
}

type dumpStep struct {
	Name string `json:"name"`
	Op   int    `json:"op"`
}

type dump struct {
	Error  string     `json:"error,omitempty"`
	Code   int        `json:"code,omitempty"`
	Line   int        `json:"line,omitempty"`
	Ops    []dumpOp   `json:"ops,omitempty"`
	Result int        `json:"result"`
	Steps  []dumpStep `json:"steps,omitempty"`
	Layers []string   `json:"layers,omitempty"` // created_by of what the target puts on its base image
}

// numbered is a step of a stage that is called "context".
var numbered = regexp.MustCompile(`^\[context +[0-9]+/[0-9]+\] `)

// isStep tells whether an operation of that name is printed as a step of the build.
func isStep(name string) bool {
	if strings.HasPrefix(name, "[internal] ") {
		return false
	}
	if strings.HasPrefix(name, "[context ") && !numbered.MatchString(name) {
		return !strings.Contains(name, "] load ") && !strings.Contains(name, "://")
	}
	return true
}

// canonical renumbers the operations in depth-first order from the result and sorts the steps by operation.
func (d *dump) canonical() *dump {
	out := &dump{Result: -1, Layers: d.Layers}
	number := map[int]int{}
	var visit func(i int)
	visit = func(i int) {
		if _, ok := number[i]; ok {
			return
		}
		for _, in := range d.Ops[i].Inputs {
			visit(in)
		}
		op := d.Ops[i]
		op.Inputs = nil
		for _, in := range d.Ops[i].Inputs {
			op.Inputs = append(op.Inputs, number[in])
		}
		number[i] = len(out.Ops)
		out.Ops = append(out.Ops, op)
	}
	if d.Result >= 0 {
		visit(d.Result)
		out.Result = number[d.Result]
	}
	for _, s := range d.Steps {
		n, ok := number[s.Op]
		if !ok {
			n = -1
		}
		out.Steps = append(out.Steps, dumpStep{s.Name, n})
	}
	sort.SliceStable(out.Steps, func(i, j int) bool { return out.Steps[i].Op < out.Steps[j].Op })
	return out
}

func lines(d *dump) []string {
	var out []string
	for i, op := range d.Ops {
		dt, _ := json.Marshal(op)
		out = append(out, fmt.Sprintf("%d %s", i, dt))
	}
	out = append(out, fmt.Sprintf("result %d", d.Result))
	for _, s := range d.Steps {
		out = append(out, fmt.Sprintf("step %d %s", s.Op, s.Name))
	}
	for _, l := range d.Layers {
		out = append(out, fmt.Sprintf("layer %q", l))
	}
	return out
}

// diff is empty when both say the same.
func diff(want, got *dump) string {
	if (want.Error != "") != (got.Error != "") {
		return fmt.Sprintf("  BuildKit: %s\n  ours:     %s\n", orAccepted(want.Error), orAccepted(got.Error))
	}
	if want.Error != "" {
		return ""
	}
	w, g := lines(want.canonical()), lines(got.canonical())
	var b strings.Builder
	for i := 0; i < len(w) || i < len(g); i++ {
		var x, y string
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "  - %s\n  + %s\n", x, y)
		}
	}
	return b.String()
}

func orAccepted(s string) string {
	if s == "" {
		return "accepted"
	}
	return "error: " + s
}
