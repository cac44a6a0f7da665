package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/cache/contenthash"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
)

// ref is as much of a cache reference as contenthash needs to keep its records in memory.
type ref struct {
	cache.RefMetadata
	id string
}

func (r *ref) ID() string                                 { return r.id }
func (r *ref) GetExternal(string) ([]byte, error)         { return nil, errors.New("not found") }
func (r *ref) SetExternal(string, []byte) error           { return nil }
func (r *ref) GetEqualMutable() (cache.RefMetadata, bool) { return nil, false }

// info is a file with its digest, as the receiver of a context makes it.
type info struct {
	os.FileInfo
	digest digest.Digest
}

func (i info) Digest() digest.Digest { return i.digest }

var lastRef atomic.Int64

// hashed gives a tree as BuildKit keeps it after the transfer.
func hashed(files []file) (contenthash.CacheContext, error) {
	cc, err := contenthash.GetCacheContext(context.Background(), &ref{id: "tree-" + strconv.FormatInt(lastRef.Add(1), 10)})
	if err != nil {
		return nil, err
	}
	// a tree in which nothing ever was has no root record: give it one
	gone := file{kind: "f", path: "gone"}
	for _, f := range append([]file{gone}, files...) {
		st := f.stat()
		h, err := contenthash.NewFromStat(f.stat())
		if err != nil {
			return nil, err
		}
		if f.kind == "f" || f.kind == "x" {
			h.Write([]byte(f.content))
		}
		fi, err := (&fsutil.DirEntryInfo{Stat: st}).Info()
		if err != nil {
			return nil, err
		}
		if err := cc.HandleChange(fsutil.ChangeKindAdd, "/"+f.path, info{fi, digest.NewDigest(digest.SHA256, h)}, nil); err != nil {
			return nil, err
		}
	}
	return cc, cc.HandleChange(fsutil.ChangeKindDelete, "/"+gone.path, nil, nil)
}

type selector struct {
	path string
	opts contenthash.ChecksumOpts
}

func (s selector) args() []string {
	flags := "-"
	if s.opts.Wildcard {
		flags += "w"
	}
	if s.opts.FollowLinks {
		flags += "f"
	}
	out := []string{flags, s.path, strconv.Itoa(len(s.opts.IncludePatterns))}
	out = append(out, s.opts.IncludePatterns...)
	out = append(out, strconv.Itoa(len(s.opts.ExcludePatterns)))
	return append(out, s.opts.ExcludePatterns...)
}

func hasWildcards(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '*', '?', '[':
			return true
		case '\\':
			i++
		}
	}
	return false
}

func escape(p string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[").Replace(p)
}

// genSelector makes one that is likely to find something in t.
func genSelector(r *rand.Rand, t tree) selector {
	s := selector{path: genPath(r)}
	if len(t) > 0 && r.Intn(5) > 0 {
		list := ancestors(t[r.Intn(len(t))].path)
		s.path = list[r.Intn(len(list))]
		if r.Intn(3) == 0 {
			s.path += "/" + genPath(r)
		}
	}
	if r.Intn(5) == 0 {
		s.path = "/"
	}
	s.opts.FollowLinks = r.Intn(3) > 0
	if r.Intn(2) == 0 {
		parts := strings.Split(escape(s.path), "/")
		i := r.Intn(len(parts))
		parts[i] = pick(r, []string{"*", "*", "?", "a*", "*b", "[ab]*", "*.txt", "[^x]", "a[^x]b", "\\a*", "[a", "**"})
		s.path = strings.Join(parts, "/")
	}
	s.path = path.Join("/", s.path)
	s.opts.Wildcard = hasWildcards(s.path)
	if s.opts.Wildcard && r.Intn(20) == 0 {
		s.opts.Wildcard = false
	}
	filter := r.Intn(4)
	var below []string
	for _, f := range t {
		for _, a := range ancestors("/" + f.path) {
			if rel, ok := strings.CutPrefix(a, s.path+"/"); ok {
				below = append(below, ancestors(rel)...)
			}
		}
		below = append(below, strings.Split(f.path, "/")...)
	}
	if filter == 1 || filter == 3 {
		s.opts.IncludePatterns = genPatterns(r, below)
	}
	if filter >= 2 {
		s.opts.ExcludePatterns = genPatterns(r, below)
	}
	return s
}

// change makes a second tree out of a first.
func change(r *rand.Rand, t tree) tree {
	out := slices.Clone(t)
	for i := r.Intn(3); i > 0 && len(out) > 0; i-- {
		k := r.Intn(len(out))
		switch r.Intn(6) {
		case 0:
			out = slices.Delete(out, k, k+1)
		case 1:
			if out[k].kind == "f" {
				out[k].kind = "x"
			}
		case 2:
			if out[k].kind == "f" {
				out[k].content = pick(r, contents)
			}
		case 3: // a file becomes a link to another one
			out[k] = file{"l", out[k].path, "/" + out[r.Intn(len(out))].path}
		case 4: // a folder or file under another name
			list := ancestors(out[k].path)
			from := list[r.Intn(len(list))]
			to := path.Join(path.Dir(from), pick(r, names[:10]))
			for i := range out {
				if rest, ok := strings.CutPrefix(out[i].path+"/", from+"/"); ok {
					out[i].path = strings.TrimSuffix(to+"/"+rest, "/")
				}
			}
		case 5: // a folder becomes a link to a folder of another name
			list := ancestors(out[k].path)
			from := list[0]
			if len(list) == 1 {
				continue
			}
			for i := range out {
				if rest, ok := strings.CutPrefix(out[i].path, from+"/"); ok {
					out[i].path = "moved/" + rest
				}
			}
			out = append(out, file{"l", from, pick(r, []string{"moved", "/moved", "./moved/"})})
		}
	}
	if !consistent(out) {
		return t
	}
	return out
}

func consistent(t tree) bool {
	seen := map[string]bool{}
	for _, f := range t {
		if seen[f.path] {
			return false
		}
		seen[f.path] = true
	}
	for _, f := range t {
		for _, a := range ancestors(f.path) {
			if a != f.path && seen[a] {
				return false
			}
		}
	}
	return true
}

var verdicts = map[string]int{}

func notes(kind string) string {
	if kind != "compare" {
		if unsupported[kind] == 0 {
			return ""
		}
		return fmt.Sprintf(" (%d with a name of a Unicode class, not supported)", unsupported[kind])
	}
	return fmt.Sprintf(" (equal %d, different %d, build fails %d, unsure %d)", verdicts["equal"], verdicts["different"],
		verdicts["fails"], verdicts["unsure"])
}

func replaceOne(r *rand.Rand, patterns, paths []string) []string {
	if len(patterns) == 0 {
		return patterns
	}
	out := slices.Clone(patterns)
	out[r.Intn(len(out))] = genPatterns(r, paths)[0]
	return out
}

// otherSelector is mostly the same one, or differs in one thing.
func otherSelector(r *rand.Rand, s selector, t tree) selector {
	other := genSelector(r, t)
	switch r.Intn(12) {
	case 0:
		return other
	case 1:
		other.opts.IncludePatterns, other.opts.ExcludePatterns = s.opts.IncludePatterns, s.opts.ExcludePatterns
		return other
	case 2:
		s.opts.IncludePatterns = replaceOne(r, s.opts.IncludePatterns, nil)
		s.opts.ExcludePatterns = replaceOne(r, s.opts.ExcludePatterns, nil)
	case 3:
		s.opts.FollowLinks = !s.opts.FollowLinks
	}
	return s
}

func runCompare(d *driver, r *rand.Rand) string {
	few = r.Intn(3) > 0
	defer func() { few = false }()
	a := genTree(r, 3+r.Intn(12))
	b := change(r, a)
	sa := genSelector(r, a)
	sb := otherSelector(r, sa, b)
	var ignoreA, ignoreB []string
	if r.Intn(3) == 0 {
		var paths []string
		for _, f := range a {
			paths = append(paths, ancestors(f.path)...)
		}
		ignoreA = genPatterns(r, paths)
		ignoreB = ignoreA
		switch r.Intn(6) {
		case 0:
			ignoreB = genPatterns(r, paths)
		case 1, 2:
			ignoreB = replaceOne(r, ignoreA, paths)
		}
	}
	question := append([]string{"compare", strconv.Itoa(len(ignoreA))}, ignoreA...)
	question = append(question, a.args()...)
	question = append(append(question, strconv.Itoa(len(ignoreB))), ignoreB...)
	question = append(question, b.args()...)
	question = append(append(question, sa.args()...), sb.args()...)
	fa, errA := sent(a, ignoreA)
	fb, errB := sent(b, ignoreB)
	if errA != nil || errB != nil {
		return ""
	}
	da, errA := sum(fa, sa)
	db, errB := sum(fb, sb)
	got := d.ask(question...)
	what := ""
	excused := strings.Contains(sa.path+sb.path, "\\") || namesCategory(slices.Concat(ignoreA, ignoreB, sa.opts.IncludePatterns,
		sa.opts.ExcludePatterns, sb.opts.IncludePatterns, sb.opts.ExcludePatterns))
	switch {
	case errA != nil || errB != nil:
		verdicts["fails"]++
		if got[0] == "equal" || got[0] == "depends" {
			what = fmt.Sprintf("a build fails: %v, %v", errA, errB)
		}
		if got[0] == "unsure" && !badPattern(errA) && !badPattern(errB) && !excused {
			what = fmt.Sprintf("unsure, but: %v, %v", errA, errB)
		}
		if errB != nil && got[0] == "different" && errA == nil && got[1] != "1" && plain(sb) {
			what = fmt.Sprintf("not found missing: %v", errB)
		}
	case got[0] == "unsure" && excused:
		verdicts["unsure"]++
	case (da == db) != (got[0] == "equal") || (da != db) != (got[0] == "different"):
		what = fmt.Sprintf("digests %s, %s", da, db)
	default:
		verdicts[got[0]]++
		if got[0] == "different" && len(got) < 3 {
			what = "different, but no path says so"
		}
	}
	if what == "" {
		return ""
	}
	return fmt.Sprintf("%s; we say %q\n  a %q %q\n  b %q %q\n  a %q %+v\n  b %q %+v", what, got, a, ignoreA, b, ignoreB, sa.path,
		sa.opts, sb.path, sb.opts)
}

func plain(s selector) bool {
	return !s.opts.Wildcard && len(s.opts.IncludePatterns) == 0 && len(s.opts.ExcludePatterns) == 0
}

func badPattern(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "pattern") || strings.Contains(err.Error(), "error parsing regexp"))
}

func sum(files []file, s selector) (digest.Digest, error) {
	cc, err := hashed(files)
	if err != nil {
		return "", err
	}
	return cc.Checksum(context.Background(), nil, s.path, s.opts, nil)
}

// runDigest compares the content key itself, byte for byte.
func runDigest(d *driver, r *rand.Rand) string {
	few = r.Intn(3) == 0
	defer func() { few = false }()
	t := genTree(r, 3+r.Intn(12))
	s := genSelector(r, t)
	var ignore []string
	if r.Intn(3) == 0 {
		ignore = genPatterns(r, nil)
	}
	files, err := sent(t, ignore)
	if err != nil {
		return ""
	}
	want, err := sum(files, s)
	question := append(append([]string{"digest", strconv.Itoa(len(ignore))}, ignore...), t.args()...)
	got := d.ask(append(question, s.args()...)...)
	switch {
	case err != nil && got[0] == "unknown":
		return ""
	case got[0] == "unknown" && (strings.Contains(s.path, "\\") || namesCategory(slices.Concat(ignore, s.opts.IncludePatterns, s.opts.ExcludePatterns))):
		return ""
	case err == nil && got[0] == digest.FromString(want.String()).String():
		return ""
	}
	return fmt.Sprintf("want %s, %v; got %q\n  %q %q\n  %q %+v", want, err, got, t, ignore, s.path, s.opts)
}
