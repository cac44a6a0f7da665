#!/bin/sh
# A repository of FILES files and 25 commits on top, packed as a clone is; a tenth of a percent of the files changes per commit.
# usage: repository.sh FOLDER FILES
set -eu
rm -rf "$1"
git init -q --bare "$1"
awk -v files="$2" '
	function line(seed) { return sprintf("%s static value_%d = lookup(table[%d], \"key-%d\"); // %d\n", seed % 3 ? "public" : "private", seed % 977, seed % 61, seed * 7919 % 100003, seed) }
	function content(i, version,    s, k, n) {
		s = "// file " i " version " version "\n"
		n = 20 + i * 131 % 180
		for (k = 0; k < n; k++) s = s line(i * 1000 + k * (version + 1))
		return s
	}
	function path(i) { return sprintf("src/module%02d/package%02d/file%05d.src", i % 40, int(i / 40) % 20, i) }
	function put(name, text) { printf "M 100644 inline %s\ndata %d\n%s\n", name, length(text), text }
	function commit(n, message) {
		printf "commit refs/heads/main\nmark :%d\ncommitter t <t@example.test> %d +0000\ndata %d\n%s\n", n, 1767225600 + n * 3600, length(message), message
		if (n > 1) printf "from :%d\n", n - 1
	}
	BEGIN {
		commit(1, "all")
		put("Dockerfile", "FROM scratch AS sources\nCOPY src/ /src/\n\nFROM scratch\nCOPY requirements.txt /\nCOPY . /app/\nCOPY --from=sources /src/module01 /one/\n")
		put(".dockerignore", ".git\n**/*.tmp\ndocs\n")
		put("requirements.txt", "fastapi==0.115.0\n")
		for (i = 0; i < files; i++) put(path(i), content(i, 0))
		for (n = 2; n <= 26; n++) {
			commit(n, "change " n)
			for (k = 0; k < files / 1000 + 1; k++) { i = (n * 2654435 + k * 40503) % files; put(path(i), content(i, n)) }
		}
		print "done"
	}' | git -C "$1" fast-import --quiet --done
git -C "$1" symbolic-ref HEAD refs/heads/main
git -C "$1" repack -q -a -d
git -C "$1" pack-refs --all
