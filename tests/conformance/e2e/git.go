package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A git object store that commands run on. Settings of the user and the machine do not count.
type repository struct {
	dir string
}

func (r repository) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = append(os.Environ(), "GIT_DIR="+r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@localhost", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@localhost", "GIT_COMMITTER_DATE=1700000000 +0000")
	return cmd
}

func (r repository) run(ctx context.Context, args ...string) (string, error) {
	return output(r.command(ctx, args...))
}

func output(cmd *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:min(3, len(cmd.Args))], " "), err,
			strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// openRepository takes a work tree or a bare repository.
func openRepository(ctx context.Context, path string) (repository, error) {
	cmd := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "-C", path, "rev-parse", "--absolute-git-dir")
	out, err := output(cmd)
	return repository{strings.TrimSpace(out)}, err
}

// objects is where the objects are, which differs from dir in a linked work tree.
func (r repository) objects(ctx context.Context) (string, error) {
	out, err := r.run(ctx, "rev-parse", "--git-path", "objects")
	if err != nil {
		return "", err
	}
	return filepath.Abs(strings.TrimSpace(out))
}

func initBare(ctx context.Context, dir string) (repository, error) {
	r := repository{dir}
	_, err := r.run(ctx, "init", "-q", "--bare", dir)
	return r, err
}

// show returns the text of a file of a commit; ok is false where there is none.
func (r repository) show(ctx context.Context, commit, path string) (string, bool) {
	out, err := r.run(ctx, "cat-file", "blob", commit+":"+path)
	return out, err == nil
}

// A file that a commit of a pair has on top of, or instead of, what its tree has.
type entry struct {
	path string
	mode string // 100644, 100755, 120000, 160000
	data string // of a submodule: the commit id
}

// A commit to make: an existing tree (or none) and the files that are put over it.
type draft struct {
	tree    string
	entries []entry
}

// commitPair makes A and its child B; refs/heads/a and refs/heads/main point at them.
func (r repository) commitPair(ctx context.Context, a, b draft) (string, string, error) {
	var in bytes.Buffer
	for i, d := range []draft{a, b} {
		writeCommit(&in, i, d)
		if i == 0 {
			in.WriteString("\nreset refs/heads/a\nfrom :1\n\n")
		}
	}
	cmd := r.command(ctx, "fast-import", "--quiet")
	cmd.Stdin = &in
	if _, err := output(cmd); err != nil {
		return "", "", err
	}
	out, err := r.run(ctx, "rev-parse", "refs/heads/a", "refs/heads/main")
	if err != nil {
		return "", "", err
	}
	ids := strings.Fields(out)
	return ids[0], ids[1], nil
}

// writeCommit tells git fast-import of the i-th commit of main.
func writeCommit(in *bytes.Buffer, i int, d draft) {
	fmt.Fprintf(in, "commit refs/heads/main\nmark :%d\ncommitter e2e <e2e@localhost> %d +0000\ndata 1\n%c\n", i+1, 1700000000+i*60, 'A'+rune(i%26))
	if i > 0 {
		fmt.Fprintf(in, "from :%d\n", i)
	}
	in.WriteString("deleteall\n")
	if d.tree != "" {
		fmt.Fprintf(in, "M 040000 %s \"\"\n", d.tree)
	}
	for _, e := range d.entries {
		if e.mode == "160000" {
			fmt.Fprintf(in, "M 160000 %s %s\n", e.data, quotePath(e.path))
			continue
		}
		fmt.Fprintf(in, "M %s inline %s\ndata %d\n%s\n", e.mode, quotePath(e.path), len(e.data), e.data)
	}
}

// borrow makes the objects of another repository readable in this one.
func (r repository) borrow(objects string) error {
	alternates := filepath.Join(r.dir, "objects/info/alternates")
	if err := os.MkdirAll(filepath.Dir(alternates), 0o755); err != nil {
		return err
	}
	return os.WriteFile(alternates, []byte(objects+"\n"), 0o644)
}

func quotePath(p string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	return `"` + r.Replace(p) + `"`
}

// export writes the work tree of a commit as a fresh clone has it. Blobs that the repository lacks (a
// snapshot without large files) become placeholders that tell contents apart as the blobs would.
func (r repository) export(ctx context.Context, commit, dir string, withGit bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	index := dir + ".index"
	defer os.Remove(index)
	if _, err := r.inTree(ctx, dir, index, "read-tree", "--reset", "-u", commit); err != nil {
		if err := r.exportPartly(ctx, commit, dir, index); err != nil {
			return err
		}
	}
	if withGit {
		return writeGitDir(filepath.Join(dir, ".git"), commit)
	}
	return nil
}

func (r repository) inTree(ctx context.Context, dir, index string, args ...string) (string, error) {
	cmd := r.command(ctx, args...)
	cmd.Env = append(cmd.Env, "GIT_WORK_TREE="+dir, "GIT_INDEX_FILE="+index)
	return output(cmd)
}

func (r repository) exportPartly(ctx context.Context, commit, dir, index string) error {
	missing, err := r.missing(ctx, commit)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return fmt.Errorf("commit %s cannot be checked out, and no blob is missing", commit)
	}
	if _, err := r.inTree(ctx, dir, index, "read-tree", "--reset", commit); err != nil {
		return err
	}
	args := []string{"update-index", "--force-remove", "--"}
	for path := range missing {
		args = append(args, path)
	}
	if _, err := r.inTree(ctx, dir, index, args...); err != nil {
		return err
	}
	if _, err := r.inTree(ctx, dir, index, "checkout-index", "-a", "-f", "-q"); err != nil {
		return err
	}
	for path, id := range missing {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, []byte("absent "+id+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// missing maps the paths of a commit whose blobs the repository lacks to the blobs' ids.
func (r repository) missing(ctx context.Context, commit string) (map[string]string, error) {
	out, err := r.run(ctx, "ls-tree", "-r", "-z", commit)
	if err != nil {
		return nil, err
	}
	var ids bytes.Buffer
	paths := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		meta, path, _ := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if len(f) == 3 && f[1] == "blob" {
			paths[f[2]] = append(paths[f[2]], path)
			fmt.Fprintln(&ids, f[2])
		}
	}
	cmd := r.command(ctx, "cat-file", "--batch-check")
	cmd.Stdin = &ids
	out, err = output(cmd)
	if err != nil {
		return nil, err
	}
	missing := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if id, found := strings.CutSuffix(line, " missing"); found {
			for _, p := range paths[id] {
				missing[p] = id
			}
		}
	}
	return missing, nil
}

// cloneAgain makes the tree what another clone of the same commit is: its index and its logs hold other times.
func cloneAgain(tree string) error {
	for _, name := range []string{"index", "logs/HEAD", "logs/refs/heads/main"} {
		f, err := os.OpenFile(filepath.Join(tree, ".git", name), os.O_APPEND|os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.WriteString("another clone")
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// writeGitDir makes the .git of a clone: every file that depends on the history has its own bytes per commit, what
// git's template puts there is always the same.
func writeGitDir(dir, commit string) error {
	sum := sha256.Sum256([]byte(commit))
	id := hex.EncodeToString(sum[:20])
	files := map[string]string{
		"HEAD":                              commit + "\n",
		"config":                            "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n",
		"index":                             "DIRC" + id,
		"logs/HEAD":                         "0 " + commit + " e2e <e2e@localhost> 1700000000 +0000\tclone\n",
		"logs/refs/heads/main":              "0 " + commit + " e2e <e2e@localhost> 1700000000 +0000\tclone\n",
		"objects/pack/pack-" + id + ".pack": "PACK" + id,
		"objects/pack/pack-" + id + ".idx":  "\xfftOc" + id,
		"description":                       "Unnamed repository; edit this file 'description' to name the repository.\n",
		"hooks/pre-commit.sample":           "#!/bin/sh\nexit 0\n",
		"info/exclude":                      "# *.[oa]\n",
		"packed-refs":                       commit + " refs/remotes/origin/main\n",
		"refs/heads/main":                   commit + "\n",
	}
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
