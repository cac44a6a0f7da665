package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readCases reads the written projects. In a file of cases
//
//	== NAME [-f FILE]... [NAME=VALUE]...
//	-- PATH --
//
// begin a project and a file of it. Without -f the files are compose.yaml and compose.override.yaml as far as they are there, or docker-bake.hcl.
func readCases(folder, only string) ([]project, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no cases in %s", folder)
	}
	var all []project
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		cases, err := parseCases(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, p := range cases {
			if p.name = strings.TrimSuffix(filepath.Base(path), ".txt") + "/" + p.name; only == "" || p.name == only {
				all = append(all, p)
			}
		}
	}
	return all, nil
}

func parseCases(text string) ([]project, error) {
	var all []project
	var p *project
	file := ""
	for _, line := range strings.SplitAfter(text, "\n") {
		if head, ok := strings.CutPrefix(line, "== "); ok {
			all = append(all, project{texts: map[string]string{}})
			p = &all[len(all)-1]
			p.readHead(strings.Fields(head))
			file = ""
		} else if name, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(strings.TrimSpace(name), " --") {
			if p == nil {
				return nil, fmt.Errorf("a file before the first case")
			}
			file = strings.TrimSuffix(strings.TrimSpace(name), " --")
			p.names = append(p.names, file)
			p.texts[file] = ""
		} else if file != "" {
			p.texts[file] += line
		}
	}
	for i := range all {
		all[i].findOwn()
		if len(all[i].own) == 0 {
			return nil, fmt.Errorf("%s has no file to begin with", all[i].name)
		}
	}
	return all, nil
}

func (p *project) readHead(words []string) {
	if len(words) > 0 {
		p.name = words[0]
	}
	for i := 1; i < len(words); i++ {
		if words[i] == "-f" && i+1 < len(words) {
			i++
			p.own = append(p.own, words[i])
		} else {
			p.env = append(p.env, words[i])
		}
	}
}

func (p *project) findOwn() {
	for _, name := range []string{"compose.yaml", "compose.override.yaml", "docker-bake.hcl", "docker-bake.json"} {
		if slices.Contains(p.names, name) && (len(p.own) == 0 || name == "compose.override.yaml") && !slices.Contains(p.own, name) {
			p.own = append(p.own, name)
		}
	}
	p.bake = len(p.own) > 0 && strings.Contains(p.own[0], "bake")
}
