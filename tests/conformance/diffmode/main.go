// Command diffmode compares cp_mode_apply with the library by which BuildKit's copy applies a symbolic --chmod:
//
//	diffmode -n 100000 -seed 1 -driver build/cdriver_mode
//
// The driver is ../cdriver_mode.c linked with the plugin's objects.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	mode "github.com/tonistiigi/dchapes-mode"

	"cachepredict.test/conformance/cdriver"
)

func main() {
	n := flag.Int("n", 100000, "inputs")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	driver := flag.String("driver", "", "the C driver")
	show := flag.Int("show", 5, "differences to print")
	flag.Parse()
	accepted, rejected := 0, 0
	restore := cdriver.Quiet()
	differences, err := cdriver.Run(*driver, *n, *show, func(i int) []byte { return generate(*seed, i) }, func(_ int, b []byte, line string) string {
		want := apply(b)
		if want < 0 {
			rejected++
		} else {
			accepted++
		}
		if line != strconv.Itoa(want) {
			return fmt.Sprintf("%q of %o: ours %s, BuildKit's %d", b[3:], bits(b), line, want)
		}
		return ""
	})
	restore()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("%d accepted, %d rejected\n", accepted, rejected)
	fmt.Printf("%d inputs, %d differences\n", *n, differences)
	if differences > 0 {
		os.Exit(1)
	}
}

func bits(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }

// generate makes two bytes of mode, one that is 1 for a folder, and a text that mostly is a symbolic mode.
func generate(seed uint64, i int) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	some := func(set string, most int) (s string) {
		for range r.IntN(most + 1) {
			s += string(set[r.IntN(len(set))])
		}
		return s
	}
	text := ""
	for c := range 1 + r.IntN(3) {
		if c > 0 {
			text += ","
		}
		text += some("augo", 2)
		for range 1 + r.IntN(3) {
			text += string("+-="[r.IntN(3)]) + some("rstwXxugo", 4)
		}
	}
	if r.IntN(20) == 0 {
		at := r.IntN(len(text))
		text = text[:at] + some("q,7=a \x00", 2) + text[at+1:]
	}
	m := uint16(r.IntN(010000))
	if r.IntN(2) == 0 {
		m = []uint16{0644, 0755, 0777, 0600}[r.IntN(4)]
	}
	return append(append(binary.LittleEndian.AppendUint16(nil, m), byte(r.IntN(2))), text...)
}

// apply gives the bits, or -1 for what is no symbolic mode.
func apply(b []byte) int {
	text := string(b[3:])
	if text == "" || text[0] >= '0' && text[0] <= '9' {
		return -1
	}
	set, err := mode.ParseWithUmask(text, 0)
	if err != nil {
		return -1
	}
	m := os.FileMode(bits(b) & 0777)
	for bit, flag := range map[uint16]os.FileMode{04000: os.ModeSetuid, 02000: os.ModeSetgid, 01000: os.ModeSticky} {
		if bits(b)&bit != 0 {
			m |= flag
		}
	}
	if b[2] == 1 {
		m |= os.ModeDir
	}
	m = set.Apply(m)
	got := int(m.Perm())
	for bit, flag := range map[int]os.FileMode{04000: os.ModeSetuid, 02000: os.ModeSetgid, 01000: os.ModeSticky} {
		if m&flag != 0 {
			got |= bit
		}
	}
	return got
}
