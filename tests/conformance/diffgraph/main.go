// Command diffgraph compares the operations and step names of plugin/graph with those of BuildKit's Dockerfile frontend.
//
//	diffgraph -driver build/diffgraph_driver -n 100000 -seed 1
//	diffgraph -driver build/diffgraph_driver path/to/Dockerfile ...   (every named stage as a target, too)
//
// It prints "N inputs, M differences" and exits with 1 when there is a difference.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/sirupsen/logrus"
)

// driver is our side: one request a line, one answer a line.
type driver struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func startDriver(path string) (*driver, error) {
	cmd := exec.Command(path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &driver{in, bufio.NewReaderSize(out, 1<<20), cmd}, nil
}

func (d *driver) run(in *input) (*dump, error) {
	dt, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	if _, err := d.in.Write(append(dt, '\n')); err != nil {
		return nil, err
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var out dump
	if err := json.Unmarshal(line, &out); err != nil {
		return nil, fmt.Errorf("%w in %.300s", err, line)
	}
	return &out, nil
}

type counts struct {
	sync.Mutex
	inputs, differences, accepted, shown, wording int
}

var (
	flagN       = flag.Int("n", 1000, "number of generated inputs")
	flagSeed    = flag.Int64("seed", 1, "seed of the generator")
	flagFirst   = flag.Int64("first", 0, "number of the first generated input")
	flagDriver  = flag.String("driver", "", "our driver")
	flagShow    = flag.Int("show", 5, "differences that are printed whole")
	flagJobs    = flag.Int("jobs", 1, "drivers at a time")
	flagPrint   = flag.Bool("print", false, "print the input and both answers")
	flagWording = flag.Bool("wording", false, "print errors with other words or another line")
	flagOptions = flag.String("options", "", "JSON with the options for the given files")
)

func (c *counts) add(in *input, want, got *dump) {
	c.Lock()
	defer c.Unlock()
	c.inputs++
	if want.Error == "" {
		c.accepted++
	}
	text := diff(want, got)
	if *flagPrint {
		dt, _ := json.MarshalIndent(in, "", " ")
		fmt.Printf("%s\n%s\nBuildKit %s\n%s\nours %s\n%s\n", in.Dockerfile, dt, want.Error, strings.Join(lines(want.canonical()), "\n"), got.Error,
			strings.Join(lines(got.canonical()), "\n"))
	}
	if text == "" {
		if want.Error != "" && (!strings.Contains(want.Error, got.Error) || want.Line != got.Line) {
			c.wording++
			if *flagWording {
				fmt.Printf("wording: line %d: %s\n    ours: line %d: %s\n", want.Line, want.Error, got.Line, got.Error)
			}
		}
		return
	}
	c.differences++
	if c.shown++; c.shown <= *flagShow {
		opts := *in
		opts.Dockerfile, opts.Images = "", nil
		dt, _ := json.Marshal(opts)
		fmt.Printf("=== %s %s\n%s%s", in.name, dt, in.Dockerfile, text)
	}
}

func work(jobs <-chan *input, c *counts) error {
	d, err := startDriver(*flagDriver)
	if err != nil {
		return err
	}
	defer func() {
		d.in.Close()
		d.cmd.Wait()
	}()
	for in := range jobs {
		want, asked := runReference(in)
		in.Images = asked
		got, err := d.run(in)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", in.name, err, in.Dockerfile)
		}
		c.add(in, want, got)
	}
	return nil
}

// targetsOf lists the named stages of a Dockerfile.
func targetsOf(dt []byte) []string {
	list, err := dockerfile2llb.ListTargets(context.Background(), dt)
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range list.Targets {
		if t.Name != "" && !t.Default {
			out = append(out, t.Name)
		}
	}
	return out
}

func files(paths []string, jobs chan<- *input) error {
	for _, p := range paths {
		dt, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if !utf8.Valid(dt) {
			fmt.Printf("%s: not UTF-8, left out\n", p)
			continue
		}
		in := &input{name: p}
		if *flagOptions != "" {
			if err := json.Unmarshal([]byte(*flagOptions), in); err != nil {
				return err
			}
		}
		in.Dockerfile = string(dt)
		jobs <- in
		for _, t := range targetsOf(dt) {
			one := *in
			one.Target, one.name = t, p+" target "+t
			jobs <- &one
		}
	}
	return nil
}

func main() {
	flag.Parse()
	logrus.SetOutput(io.Discard)
	jobs := make(chan *input, 64)
	var c counts
	var wg sync.WaitGroup
	failed := false
	for i := 0; i < *flagJobs; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := work(jobs, &c); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
		}()
	}
	if flag.NArg() > 0 {
		if err := files(flag.Args(), jobs); err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	} else {
		for i := 0; i < *flagN; i++ {
			jobs <- generate(*flagSeed, *flagFirst+int64(i))
		}
	}
	close(jobs)
	wg.Wait()
	fmt.Printf("%d inputs, %d differences\n", c.inputs, c.differences)
	fmt.Printf("%d accepted by BuildKit, %d errors with other words or lines\n", c.accepted, c.wording)
	if c.differences > 0 || failed {
		os.Exit(1)
	}
}
