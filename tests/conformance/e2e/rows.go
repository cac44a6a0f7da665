package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rowCase is a short history of our own. Each version is what differs from the one before it; a file of "" goes.
type rowCase struct {
	name     string
	versions []map[string]string
	patch    string // an edit that is replayed and built
	// what BuildKit does with the steps of each version but the first, in equal mode: h cached, r ran, by name. So that a case cannot
	// lose its point unseen.
	real []string
	// versions that the edit does not fit
	unfit []int
}

const rowDockerfile = "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY src src\nRUN compile\n"

var rowFirst = map[string]string{"Dockerfile": rowDockerfile, "requirements.txt": "a==1\n", "src/app.py": "1\n", ".dockerignore": ".git\n"}

var rowCases = []rowCase{
	{
		name:     "revert",
		versions: []map[string]string{rowFirst, {"src/app.py": "2\n"}, {"src/app.py": "1\n"}, {"requirements.txt": "a==2\n"}, {"requirements.txt": "a==1\n", "src/app.py": "2\n"}, {"requirements.txt": "a==2\n"}},
		real:     []string{"hhhrr", "hhhhh", "hrrrr", "hhhhh", "hhhrr"},
	},
	{
		name: "rename",
		versions: []map[string]string{rowFirst, {"src/app.py": "", "src/main.py": "1\n"}, {"src/main.py": "", "src/app.py": "1\n"},
			{"Dockerfile": strings.ReplaceAll(rowDockerfile, "COPY src", "COPY code/src"), "src/app.py": "", "code/src/app.py": "1\n"}},
		real: []string{"hhhrr", "hhhhh", "hhhhh"},
	},
	{
		name: "dockerfile",
		versions: []map[string]string{rowFirst, {"Dockerfile": strings.ReplaceAll(rowDockerfile, "compile", "compile -O")}, {"Dockerfile": rowDockerfile + "RUN test\n"},
			{"Dockerfile": strings.ReplaceAll(rowDockerfile, "3.12", "3.13")}, {"Dockerfile": strings.ReplaceAll(rowDockerfile, "WORKDIR /app\n", "WORKDIR /app\nENV A=1\n")},
			{"Dockerfile": "# syntax=x\n\n" + rowDockerfile}},
		real: []string{"hhhhr", "hhhhhr", "rrrrr", "hhrrr", "hhhhh"},
	},
	{
		name: "stages",
		versions: []map[string]string{
			{"Dockerfile": "FROM scratch AS files\nCOPY a b /\nFROM alpine AS build\nCOPY b /b\nRUN make\nFROM alpine\nCOPY --from=files /a /a\nCOPY --from=build /out /out\nRUN pack\n",
				"a": "1\n", "b": "1\n", ".dockerignore": ".git\n"},
			{"b": "2\n"}, {"a": "2\n"}, {"a": "1\n", "b": "3\n"}, {"b": "1\n"}},
		real: []string{"", "", "", "hhhhhh"},
	},
	{
		name: "edit",
		versions: []map[string]string{
			{"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD run\n", "requirements.txt": "a==1\n", "src/app.py": "1\n", ".dockerignore": ".git\n"},
			{"src/app.py": "2\n"}, {"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD other\n"},
			{"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD run\n", "src/app.py": "3\n"},
			{"requirements.txt": "a==2\n"}, {"requirements.txt": "a==1\n", "src/app.py": "2\n"}},
		patch: "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,5 +1,6 @@\n FROM python:3.12-slim\n WORKDIR /app\n-COPY . .\n+COPY requirements.txt .\n RUN pip install -r requirements.txt\n+COPY . .\n CMD run\n",
		real:  []string{"hhhr", "hrr", "hhhr", "hrrr", "hhhh"},
		unfit: []int{2},
	},
	{
		// what copy-order of `advise` makes of it: the install stays in the cache when the code changes
		name: "order",
		versions: []map[string]string{
			{"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY src src\nRUN apt-get install -y x\nCOPY assets assets\nCMD run\n", "src/app.py": "1\n", "assets/a": "1\n", ".dockerignore": ".git\n"},
			{"src/app.py": "2\n"}, {"src/app.py": "3\n", "assets/a": "2\n"}, {"src/app.py": "1\n"}},
		patch: "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,6 +1,6 @@\n FROM python:3.12-slim\n WORKDIR /app\n+RUN apt-get install -y x\n COPY src src\n-RUN apt-get install -y x\n COPY assets assets\n CMD run\n",
		real:  []string{"hhrr", "hhrr", "hhhr"},
	},
}

// drafts are the files of every version.
func (c rowCase) drafts() []draft {
	var drafts []draft
	files := map[string]string{}
	for _, version := range c.versions {
		for path, text := range version {
			if files[path] = text; text == "" {
				delete(files, path)
			}
		}
		var d draft
		for _, path := range slices.Sorted(maps.Keys(files)) {
			d.entries = append(d.entries, entry{path, "100644", files[path]})
		}
		drafts = append(drafts, d)
	}
	return drafts
}

func (c rowCase) row(ctx context.Context, work string) (*row, error) {
	r := &row{name: c.name, dir: filepath.Join(work, "row-"+c.name), opts: options{dockerfile: "Dockerfile", context: "."}}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return nil, err
	}
	if c.patch != "" {
		r.with = filepath.Join(r.dir, "patch")
		if err := os.WriteFile(r.with, []byte(c.patch), 0o644); err != nil {
			return nil, err
		}
	}
	var err error
	if r.repo, err = initBare(ctx, filepath.Join(r.dir, "repo.git")); err != nil {
		return nil, err
	}
	for i := range c.versions {
		r.names = append(r.names, fmt.Sprintf("%s %d", c.name, i+1))
	}
	r.ids, err = r.repo.commitRow(ctx, c.drafts())
	return r, err
}

// problems lists what is wrong with the results of a row; nothing is a pass.
func (c rowCase) problems(r *row, results []result) []string {
	var bad []string
	for i, one := range r.replayed {
		if c.patch != "" && one.Edited == slices.Contains(c.unfit, i) {
			bad = append(bad, fmt.Sprintf("%s: the edit fits: %v", r.names[i], one.Edited))
		}
	}
	n := 0
	for _, one := range results {
		if one.Skipped+one.Failed != "" {
			bad = append(bad, one.Pair+": "+one.Skipped+one.Failed)
		}
		real := ""
		for _, j := range one.Steps {
			if j.wrong() || j.Verdict == unknown {
				bad = append(bad, fmt.Sprintf("%s %s: %v", one.Pair, one.Mode, j))
			}
		}
		if one.Mode != equalBytes || n >= len(c.real) {
			continue
		}
		inOrder := slices.SortedFunc(slices.Values(one.Real), func(a, b realStep) int { return strings.Compare(a.Name, b.Name) })
		for _, s := range inOrder {
			real += map[string]string{realCached: "h", realRan: "r"}[s.Outcome]
		}
		if c.real[n] != "" && real != c.real[n] {
			bad = append(bad, fmt.Sprintf("the case is wrong about BuildKit: %s is %s, not %s", one.Pair, real, c.real[n]))
		}
		n++
	}
	if n != len(c.versions)-1 {
		bad = append(bad, fmt.Sprintf("%d builds were compared", n))
	}
	return bad
}

func runRows(ctx context.Context, s *settings) (int, error) {
	labs, stop, err := startLabs(ctx, s, map[string]bool{})
	if err != nil {
		return 0, err
	}
	defer stop()
	failed := 0
	var t tally
	for _, c := range rowCases {
		r, err := c.row(ctx, s.work)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.name, err)
		}
		results, err := labs[0].runRow(ctx, r)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.name, err)
		}
		for _, one := range results {
			t.add(one.Steps)
		}
		word := "ok  "
		bad := c.problems(r, results)
		if len(bad) > 0 {
			word = "FAIL"
			failed++
		}
		fmt.Printf("%s row %s\n", word, c.name)
		for _, b := range bad {
			fmt.Printf("     %s\n", b)
		}
	}
	fmt.Printf("rows: %v\n", t)
	closing(len(rowCases)-failed, failed)
	return min(failed, 1), writeSummary(s, map[string]any{"schema": "cachepredict/conformance/1", "total": t})
}
