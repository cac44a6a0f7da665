// Package cdriver runs a C program that answers length-prefixed inputs with one line of JSON each
// (../cdriver_int.h), and writes the same kind of JSON for the reference.
package cdriver

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Quiet keeps text/scanner, which BuildKit's lexer uses, from writing about bad UTF-8; the function returned ends that.
func Quiet() func() {
	stderr := os.Stderr
	os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	return func() { os.Stderr = stderr }
}

// Check compares the answer to an input with the reference; "" when they agree.
type Check func(i int, input []byte, answer string) string

// Run feeds n inputs to the driver and returns how many of them differ. The first few differences are printed.
func Run(driver string, n, show int, input func(i int) []byte, check Check) (int, error) {
	cmd := exec.Command(driver)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	// more than there are answers in the driver's buffer, 4096 bytes, which it writes when it is full
	inputs := make(chan []byte, 4096)
	go feed(stdin, n, input, inputs)
	differences := 0
	answers := bufio.NewReaderSize(stdout, 1<<20)
	for i := 0; i < n; i++ {
		in := <-inputs
		answer, err := answers.ReadString('\n')
		if err != nil {
			return differences, fmt.Errorf("input %d: the driver ended: %w; its input: %q", i, err, in)
		}
		difference := check(i, in, strings.TrimSuffix(answer, "\n"))
		if difference == "" {
			continue
		}
		differences++
		if differences <= show {
			fmt.Printf("--- input %d: %q\n%s\n", i, in, difference)
		}
	}
	return differences, cmd.Wait()
}

func feed(w io.WriteCloser, n int, input func(i int) []byte, inputs chan<- []byte) {
	defer w.Close()
	b := bufio.NewWriterSize(w, 1<<16)
	defer b.Flush()
	for i := 0; i < n; i++ {
		in := input(i)
		var head [4]byte
		binary.LittleEndian.PutUint32(head[:], uint32(len(in)))
		b.Write(head[:])
		b.Write(in)
		inputs <- in
		if len(inputs) <= 1 || i%256 == 0 {
			b.Flush()
		}
	}
}

// Object writes JSON as cdriver_int.h does.
type Object struct {
	strings.Builder
}

func (o *Object) key(key string) {
	if s := o.String(); len(s) > 0 && s[len(s)-1] != '{' {
		o.WriteByte(',')
	}
	fmt.Fprintf(&o.Builder, "%q:", key)
}

// Raw adds a member that is JSON already.
func (o *Object) Raw(key, value string) {
	o.key(key)
	o.WriteString(value)
}

// Str adds a string, byte by byte.
func (o *Object) Str(key, value string) {
	o.Raw(key, Quote(value))
}

// Int adds a number.
func (o *Object) Int(key string, value int64) {
	o.Raw(key, fmt.Sprint(value))
}

// Bool adds 0 or 1.
func (o *Object) Bool(key string, value bool) {
	v := int64(0)
	if value {
		v = 1
	}
	o.Int(key, v)
}

// Strs adds an array of strings.
func (o *Object) Strs(key string, values []string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = Quote(v)
	}
	o.Raw(key, "["+strings.Join(quoted, ",")+"]")
}

// Quote writes a string with every byte as a code point.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x20 || c >= 0x7F || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "\\u%04x", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Reject is how a driver says no.
type Reject struct {
	Reject  string `json:"reject"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Width   int    `json:"width"`
	Source  string `json:"source"`
	Message string `json:"message"`
}

// Bytes turns a decoded string of a driver back into the bytes that it stands for.
func Bytes(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, byte(r))
	}
	return string(out)
}
