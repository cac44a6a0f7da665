// Command e2e asks the real BuildKit: it builds commit A and then commit B with an own buildkitd, reads which
// steps of B came from cache, and compares that, step by step, with what cachepredict said beforehand.
//
// Base images come from a stub registry in this process, RUN is executed by a stub shell (../stubshell), so
// nothing leaves the machine. run.sh calls it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

type settings struct {
	bin       string // buildkitd and buildctl
	shell     string // the stub shell
	predictor string
	work      string // scratch folder of this run, emptied at the end
	summary   string // where the JSON summary goes
	daemons   int
	verbose   bool
	keep      bool
	self      bool // the daemon's own answer is the prediction: tests the harness only

	ghacache  string // the program that serves type=gha
	frontend  string // the program of a frontend image
	older     bool   // the daemon is another release than that of go.mod
	buildkitd string // another release of the daemon
	builder   string // what cachepredict is told of it
	record    bool   // give the logs of the builds to `cachepredict record`
	keys      bool   // compare the records of caches with `cachepredict keys`

	pushed  string   // address of the registry that caches are pushed to
	imports []string // compare with builds that import a cache of these kinds

	cases string
	only  string

	repo, dockerfile, context, target, contextFrom string
	corpora, mirror                                string
	buildArgs                                      list
	pairs, window                                  int
	pair                                           string

	rows      bool   // short histories of our own
	backtest  int    // compare the replay of so many commits with one daemon that keeps its cache
	rev, with string // its newest commit, and an edit of all of them
}

type list []string

func (l *list) String() string     { return fmt.Sprint(*l) }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func parseFlags() *settings {
	s := &settings{}
	flag.StringVar(&s.bin, "bin", "build/conformance/bin", "folder of buildkitd and buildctl")
	flag.StringVar(&s.shell, "shell", "build/conformance/stubsh", "the stub shell")
	flag.StringVar(&s.predictor, "predictor", "build/cachepredict", "the program that predicts")
	flag.StringVar(&s.work, "work", "build/conformance/work", "scratch folder")
	flag.StringVar(&s.summary, "summary", "build/conformance/summary.json", "JSON summary")
	flag.IntVar(&s.daemons, "daemons", 2, "how many daemons work in parallel")
	flag.BoolVar(&s.verbose, "v", false, "print every step")
	flag.BoolVar(&s.keep, "keep", false, "keep the scratch folder")
	flag.BoolVar(&s.self, "self", false, "check the harness only: predict what the daemon answered")
	flag.BoolVar(&s.keys, "keys", false, "compare every record of the builds' caches with the keys that are computed")
	flag.StringVar(&s.ghacache, "ghacache", "", "the cache service of -import gha")
	flag.BoolVar(&s.record, "record", false, "check what cachepredict record makes of the builds' logs")
	flag.StringVar(&s.frontend, "frontend", "", "a dockerfile-frontend, which a real frontend image is made of")
	flag.StringVar(&s.buildkitd, "buildkitd", "", "a buildkitd to use instead of that of -bin")
	flag.StringVar(&s.builder, "builder", "", "what cachepredict is told of its release (frontend=0.34,daemon=0.34)")
	imports := flag.String("import", "", "compare with builds that import a cache: all, or some of "+strings.Join(cacheKinds, ","))
	flag.StringVar(&s.cases, "cases", "", "folder of the cases")
	flag.StringVar(&s.only, "only", "", "only the cases whose name contains this")
	flag.StringVar(&s.repo, "repo", "", "a repository")
	flag.StringVar(&s.dockerfile, "dockerfile", "Dockerfile", "its Dockerfile")
	flag.StringVar(&s.context, "context", ".", "its build context")
	flag.StringVar(&s.target, "target", "", "the target stage")
	flag.Var(&s.buildArgs, "build-arg", "KEY=VALUE, repeatable")
	flag.StringVar(&s.contextFrom, "context-from", "clone", "clone (with .git) or export")
	flag.IntVar(&s.pairs, "pairs", 20, "pairs of commits for each Dockerfile")
	flag.IntVar(&s.window, "window", 1500, "how many first-parent commits to choose from")
	flag.StringVar(&s.pair, "pair", "", "only this pair: A..B")
	flag.BoolVar(&s.rows, "rows", false, "histories of our own, built in a row with one cache")
	flag.IntVar(&s.backtest, "backtest", 0, "instead of pairs: replay so many commits, and build them in a row with one cache")
	flag.StringVar(&s.rev, "rev", "", "the newest of them (HEAD)")
	flag.StringVar(&s.with, "with", "", "an edit that is replayed: a patch, or split")
	flag.StringVar(&s.corpora, "corpora", "", "list of Dockerfiles: owner/name, Dockerfile, context, target")
	flag.StringVar(&s.mirror, "mirror", "", "folder of the repositories of -corpora, each as owner+name/repo")
	flag.Parse()
	var err error
	if s.imports, err = importKinds(*imports); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(2)
	}
	return s
}

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { cancel(fmt.Errorf("stopped by a signal: %v", <-signals)) }()
	code, err := run(ctx, parseFlags())
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 2
	}
	os.Exit(code)
}

func run(ctx context.Context, s *settings) (int, error) {
	for _, p := range []*string{&s.bin, &s.shell, &s.predictor, &s.work, &s.summary} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return 0, err
		}
		*p = abs
	}
	s.older = s.buildkitd != ""
	if !s.older {
		s.buildkitd = filepath.Join(s.bin, "buildkitd")
	}
	if s.builder == "" && s.frontend == "" {
		s.builder = "frontend=0.34,daemon=0.34" // named by itself, a frontend wins over a syntax line, which the builds ignore
	}
	// File modes are part of a cache key; a checkout of a CI has these.
	syscall.Umask(0o022)
	release, err := scratch(s)
	if err != nil {
		return 0, err
	}
	defer release()
	switch {
	case s.rows:
		return runRows(ctx, s)
	case s.cases != "":
		return runCases(ctx, s)
	case s.repo != "" || s.corpora != "":
		return runRepositories(ctx, s)
	}
	return 0, fmt.Errorf("nothing to do: give -cases, -rows, -repo or -corpora")
}

// scratch makes a scratch folder for this run alone, in memory where that is allowed: on a busy disk a build takes
// ten times as long. What killed runs left behind goes.
func scratch(s *settings) (release func(), err error) {
	old, _ := filepath.Glob(s.work + "-*")
	for _, dir := range old {
		pid, err := strconv.Atoi(strings.TrimPrefix(dir, s.work+"-"))
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			syscall.Unmount(dir, syscall.MNT_DETACH)
			os.RemoveAll(dir)
		}
	}
	s.work = fmt.Sprintf("%s-%d", s.work, os.Getpid())
	if err := os.MkdirAll(s.work, 0o755); err != nil {
		return nil, err
	}
	mounted := syscall.Mount("tmpfs", s.work, "tmpfs", 0, "mode=0755") == nil
	return func() {
		if s.keep {
			fmt.Println("kept:", s.work)
			return
		}
		if mounted {
			syscall.Unmount(s.work, syscall.MNT_DETACH)
		}
		os.RemoveAll(s.work)
	}, nil
}
