package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/buildx/bake"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/flags"
	commands "github.com/docker/compose/v2/cmd/compose"
	"github.com/docker/compose/v2/pkg/compose"
	"github.com/sirupsen/logrus"
)

// docker is docker compose and buildx in this process: no daemon, no plugin of the command line.
type docker struct {
	parent, folder string // where the projects lie, one after the other
	asked, crashes int
	out            bytes.Buffer
	cli            *command.DockerCli
}

func newDocker() (*docker, error) {
	logrus.SetOutput(io.Discard)
	parent, err := os.MkdirTemp("", "project")
	if err != nil {
		return nil, err
	}
	parent, err = filepath.EvalSymlinks(parent)
	if err != nil {
		return nil, err
	}
	d := &docker{parent: parent, folder: filepath.Join(parent, "some-app")}
	d.setEnvironment(nil)
	d.cli, err = command.NewDockerCli(command.WithOutputStream(&d.out), command.WithErrorStream(io.Discard))
	if err != nil {
		return nil, err
	}
	return d, d.cli.Initialize(flags.NewClientOptions())
}

func (d *docker) close() { os.RemoveAll(d.parent) }

// environment is what the project's variables come from: nothing of the machine's own.
func (d *docker) environment(more []string) []string {
	return append([]string{"HOME=" + d.parent + "/home", "PWD=" + d.folder}, more...)
}

func (d *docker) setEnvironment(more []string) {
	os.Clearenv()
	for _, v := range d.environment(more) {
		name, value, _ := strings.Cut(v, "=")
		os.Setenv(name, value)
	}
	// no process for bake, nothing that asks a daemon
	os.Setenv("COMPOSE_BAKE", "false")
	os.Setenv("DOCKER_HOST", "unix:///nonexistent")
}

func (d *docker) write(p *project) error {
	if err := os.RemoveAll(d.folder); err != nil {
		return err
	}
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		return err
	}
	for _, name := range p.names {
		path := filepath.Join(d.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(p.texts[name]), 0o600); err != nil {
			return err
		}
	}
	return os.Chdir(d.folder)
}

// ask puts the questions about a project: the answers are Docker's.
func (d *docker) ask(p *project) ([]*question, error) {
	if err := d.write(p); err != nil {
		return nil, err
	}
	d.setEnvironment(p.env)
	if p.bake {
		return d.askBake(p, nil)
	}
	return d.askCompose(p)
}

// errCrash: Docker does not answer, it crashes. There is nothing to compare with.
var errCrash = errors.New("crashes")

func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: %v", errCrash, v)
	}
}

// compose runs one command of docker compose.
func (d *docker) compose(p *project, command ...string) (out []byte, err error) {
	defer recovered(&err)
	d.out.Reset()
	root := commands.RootCommand(d.cli, compose.NewComposeService(d.cli))
	root.PersistentPreRunE = nil
	root.SilenceErrors, root.SilenceUsage = true, true
	var args []string
	for _, name := range p.own {
		args = append(args, "-f", name)
	}
	root.SetArgs(append(args, command...))
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // the display of a build that is only printed goes on until then
	err = root.ExecuteContext(ctx)
	return bytes.Clone(d.out.Bytes()), err
}

func (d *docker) askCompose(p *project) ([]*question, error) {
	env := append(d.environment(p.env), "COMPOSE_BAKE=false", "DOCKER_HOST=unix:///nonexistent")
	source := &question{of: p, what: "compose file"}
	source.input = makeInput("compose", len(p.own), env, ownFirst(p), p.texts)
	all := []*question{source}
	printed, err := d.compose(p, "build", "--print")
	if errors.Is(err, errCrash) {
		d.crashes++
		return nil, nil
	}
	source.refused = err
	if err == nil && len(bytes.TrimSpace(printed)) > 0 {
		source.want, err = composeImages(printed, d.folder)
		if err != nil {
			return nil, err
		}
		all = append(all, &question{of: p, what: "docker compose build --print", want: source.want,
			input: makeInput("bake", 1, nil, []string{"bake.json"}, map[string]string{"bake.json": string(printed)})})
	}
	if err == nil {
		config, err := d.compose(p, "config", "--format", "json")
		if err == nil {
			names, texts := []string{"compose.json"}, map[string]string{"compose.json": string(config)}
			if dotenv, ok := p.texts[".env"]; ok {
				names, texts[".env"] = append(names, ".env"), dotenv
			}
			all = append(all, &question{of: p, what: "docker compose config --format json", same: source,
				input: makeInput("compose", 1, env, names, texts)})
		}
	}
	if d.asked++; p.name == "" && d.asked%4 != 0 {
		return all, nil // bake reads a compose file in as much time as all the rest takes
	}
	more, err := d.askBake(p, p.own)
	return append(all, more...), err
}

func ownFirst(p *project) []string {
	names := slices.Clone(p.own)
	for _, name := range p.names {
		if !slices.Contains(p.own, name) {
			names = append(names, name)
		}
	}
	return names
}

// askBake: `docker buildx bake --print`, and what bake would build. What bake refuses never reaches us.
func (d *docker) askBake(p *project, own []string) ([]*question, error) {
	var files []bake.File
	if own == nil {
		own = p.own
	}
	for _, name := range own {
		files = append(files, bake.File{Name: name, Data: []byte(p.texts[name])})
	}
	targets, groups, err := readTargets(files)
	if err != nil {
		if p.bake && p.name != "" {
			return []*question{{of: p, what: "bake refuses the case itself", refused: err}}, nil
		}
		return nil, nil
	}
	printed, err := json.MarshalIndent(map[string]any{"group": groups, "target": targets}, "", "  ")
	if err != nil {
		return nil, err
	}
	q := &question{of: p, what: "docker buildx bake --print"}
	for name, t := range targets {
		m, err := bakeImage(name, t, d.folder)
		if err != nil {
			return nil, nil
		}
		q.want = append(q.want, m)
	}
	q.input = makeInput("bake", 1, nil, []string{"bake.json"}, map[string]string{"bake.json": string(printed)})
	return []*question{q}, nil
}

func readTargets(files []bake.File) (targets map[string]*bake.Target, groups map[string]*bake.Group, err error) {
	defer recovered(&err)
	return bake.ReadTargets(context.Background(), files, []string{"default"}, nil, nil, &bake.EntitlementConf{})
}
