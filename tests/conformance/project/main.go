// Command project compares what cachepredict reads in compose files and in the output of `docker buildx bake --print` with docker compose and
// buildx themselves, which are linked in:
//
//	project -driver build/conformance/project-driver -cases cases -n 2000 -seed 1
//
// The driver is ../cdriver_project.c linked with the plugin's objects. A project is compared four times: as it is written, as `docker compose
// config --format json` writes it, as `docker compose build --print` writes it, and as `docker buildx bake --print` writes it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"cachepredict.test/conformance/cdriver"
)

// A project's files, by path relative to its folder.
type project struct {
	name  string   // of a written case; empty for a generated one
	own   []string // the files that are given with -f, in order
	env   []string // NAME=VALUE
	names []string // of all files
	texts map[string]string
	// bake: the files are bake's own, not compose's
	bake bool
}

// A question is one input of the driver and how its answer is judged.
type question struct {
	of    *project
	what  string
	input []byte
	// want is what Docker makes of it; refused is why it makes nothing of it
	want    []image
	refused error
	// same is the question whose answer this one's must equal, nil where `want` counts
	same *question
	got  *answer
}

func main() {
	n := flag.Int("n", 2000, "generated projects")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	driver := flag.String("driver", "", "the C driver")
	cases := flag.String("cases", "cases", "folder of the written projects")
	only := flag.String("only", "", "the written project of that name, nothing else")
	show := flag.Int("show", 5, "differences to print")
	flag.Parse()
	t, err := run(*driver, *cases, *only, *n, *seed, *show)
	if err != nil {
		fmt.Fprintln(os.Stderr, "project:", err)
		os.Exit(2)
	}
	t.print()
	if t.failed > 0 {
		os.Exit(1)
	}
}

func run(driver, cases, only string, n int, seed uint64, show int) (*tally, error) {
	debug.SetGCPercent(400)
	docker, err := newDocker()
	if err != nil {
		return nil, err
	}
	defer docker.close()
	projects, err := readCases(cases, only)
	if err != nil {
		return nil, err
	}
	for i := 0; only == "" && i < n; i++ {
		projects = append(projects, generate(seed, i))
	}
	var all []*question
	for i := range projects {
		qs, err := docker.ask(&projects[i])
		if err != nil {
			return nil, err
		}
		all = append(all, qs...)
	}
	t := &tally{crashes: docker.crashes}
	restore := cdriver.Quiet()
	_, err = cdriver.Run(driver, len(all), 0, func(i int) []byte { return all[i].input }, func(i int, _ []byte, line string) string {
		return t.judge(all[i], line, docker.folder)
	})
	restore()
	if err != nil {
		return nil, err
	}
	t.finish(all, show)
	return t, nil
}
