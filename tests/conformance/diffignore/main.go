// Command diffignore compares plugin/context with the libraries that BuildKit's client and daemon use, on generated inputs:
//
//	lines    ignorefile.ReadAll
//	glob     path.Match
//	match    patternmatcher: every path alone and with the results of its folders
//	filter   fsutil.NewFilterFS: which files of a tree a client sends
//	compare  cache/contenthash: equal digests of two selections, against our verdict
//	digest   cache/contenthash: the digest itself
//
//	go run ./diffignore -n 100000 -seed 1 -driver ../../build/tests/diffignore
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// driver is our side: a process that answers lists of strings with lists of strings.
type driver struct {
	cmd *exec.Cmd
	in  *bufio.Writer
	out *bufio.Reader
}

func start(path string) (*driver, error) {
	d := &driver{cmd: exec.Command(path)}
	d.cmd.Stderr = os.Stderr
	in, err := d.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.in, d.out = bufio.NewWriter(in), bufio.NewReader(out)
	return d, d.cmd.Start()
}

func (d *driver) ask(question ...string) []string {
	u32 := func(n int) {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], uint32(n))
		d.in.Write(b[:])
	}
	u32(len(question))
	for _, s := range question {
		u32(len(s))
		d.in.WriteString(s)
	}
	d.in.Flush()
	read := func() int {
		var b [4]byte
		if _, err := io.ReadFull(d.out, b[:]); err != nil {
			fmt.Printf("the driver died on %q\n", question)
			os.Exit(2)
		}
		return int(binary.LittleEndian.Uint32(b[:]))
	}
	answer := make([]string, read())
	for i := range answer {
		b := make([]byte, read())
		if _, err := io.ReadFull(d.out, b); err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		answer[i] = string(b)
	}
	return answer
}

// A kind makes one input from r, asks both sides, and describes the difference ("" = none).
type kind struct {
	name string
	run  func(d *driver, r *rand.Rand) string
}

var kinds = []kind{
	{"lines", runLines},
	{"glob", runGlob},
	{"match", runMatch},
	{"filter", runFilter},
	{"compare", runCompare},
	{"digest", runDigest},
}

func main() {
	n := flag.Int("n", 100000, "inputs of each kind")
	seed := flag.Int64("seed", 1, "seed")
	path := flag.String("driver", "", "the C driver")
	only := flag.String("kind", "", "only these kinds, with commas")
	show := flag.Int("show", 10, "differences to print")
	flag.Parse()
	d, err := start(*path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// text/scanner, under patternmatcher, complains of odd characters there
	os.Stderr, _ = os.Open(os.DevNull)
	inputs, differences := 0, 0
	for _, k := range kinds {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), k.name) {
			continue
		}
		bad := 0
		for i := range *n {
			r := rand.New(rand.NewSource(*seed*1000003 + int64(i)))
			what := k.run(d, r)
			if what == "" {
				continue
			}
			bad++
			if differences+bad <= *show {
				fmt.Printf("%s, input %d: %s\n", k.name, i, what)
			}
		}
		fmt.Printf("%-8s %d inputs, %d differences%s\n", k.name, *n, bad, notes(k.name))
		inputs += *n
		differences += bad
	}
	fmt.Printf("%d inputs, %d differences\n", inputs, differences)
	if differences > 0 {
		os.Exit(1)
	}
}
