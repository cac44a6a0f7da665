#!/bin/sh
# Does the data flow one way? Includes against plugin/ROOMS: a room includes base/ and the public headers (all but *_int.h) of rooms of a
# lower rank, its own headers, and the third-party headers that plugin/ROOMS allows it. Hosts include the ABI header only.
# Beside it the sizes of style: files of at most 800 lines, functions of at most 60. Speaks TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0

# A check: its name, and a file that lists what is wrong.
check() {
	n=$((n + 1))
	if [ -s "$2" ]; then
		echo "not ok $n - $1"
		sed 's/^/#   /' "$2"
		bad=1
	else
		echo "ok $n - $1"
	fi
}

grep -v '^#' plugin/ROOMS | awk 'NF' >"$tmp/rooms"

# includes FILE...: "file:line:header" of every #include, quotes and brackets kept
includes() {
	grep -n '^[ 	]*#[ 	]*include' /dev/null "$@" | sed -E 's/^([^:]*:[0-9]+):[ 	]*#[ 	]*include[ 	]*(<[^>]*>|"[^"]*").*/\1:\2/'
}

for room in $(awk '{ print $1 }' "$tmp/rooms"); do
	set -- plugin/"$room"/*.c plugin/"$room"/*.h
	[ -e "$1" ] || continue
	includes "$@" | awk -v room="$room" -v rooms="$tmp/rooms" '
		BEGIN {
			while ((getline line < rooms) > 0) {
				split(line, w, " +"); rank[w[1]] = w[2]
				if (w[1] == room) for (i = 3; i in w; i++) allowed[w[i]] = 1
			}
			split("arpa/inet assert ctype dirent dlfcn errno fcntl inttypes limits locale math pthread sched setjmp stdarg stdatomic stdbool stddef " \
			      "stdint stdio stdlib string strings sys/mman sys/stat sys/types time unistd wchar", std, " ")
			for (i in std) libc[std[i] ".h"] = 1
		}
		{
			at = index($0, ":" substr($0, match($0, /[<"]/))); where = substr($0, 1, at - 1)
			h = substr($0, at + 2); h = substr(h, 1, length(h) - 1); quoted = substr($0, at + 1, 1) == "\""
			if (!quoted) {
				glob = h; sub(/\/.*/, "/*", glob)
				if (!(h in libc) && !(h in allowed) && !(glob in allowed)) print where ": <" h "> is not for " room "/"
				next
			}
			n = split(h, part, "/")
			if (n == 1) part[1] = room
			if (part[1] == room) next
			if (!(part[1] in rank)) print where ": " h " is in no room"
			else if (rank[part[1]] >= rank[room]) print where ": " room "/ (" rank[room] ") may not include " h " (" rank[part[1]] ")"
			else if (part[1] != "base" && h ~ /_int\.h$/) print where ": " h " is private to " part[1] "/"
		}' >"$tmp/room"
	check "room $room includes only what is below it" "$tmp/room"
done

# every folder under plugin/ is a room with a rank
for d in plugin/*/; do
	d=${d#plugin/}
	awk -v d="${d%/}" '$1 == d { found = 1 } END { if (!found) print "plugin/" d ": not in plugin/ROOMS" }' "$tmp/rooms"
done >"$tmp/unknown"
check "every folder of plugin/ has a rank" "$tmp/unknown"

includes plugin/*.c plugin/*.h | awk -F: '$3 ~ /_int\.h"/ && $3 ~ /\// { print $1 ":" $2 ": " $3 " is private to its room" }' >"$tmp/top"
check "the ABI includes no private header" "$tmp/top"

includes hooks/cli/*.c hooks/cli/*.h $(find examples -name '*.c') | awk -F: '
	$3 ~ /^"/ && $3 !~ /^"cachepredict\/plugin\.h"/ && ($3 ~ /\// || $1 !~ /^hooks\/cli\//) { print $1 ":" $2 ": a host includes " $3 }
	$3 ~ /^<(git2|curl|sqlite3|jansson|yaml|xxhash|openssl)/ { print $1 ":" $2 ": a host includes " $3 }' >"$tmp/hosts"
check "hosts know the ABI header and nothing of the plugin" "$tmp/hosts"

find plugin hooks examples tests -name '*.[ch]' -not -path 'tests/conformance/*' | sort >"$tmp/files"
xargs wc -l <"$tmp/files" | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines" }' >"$tmp/long"
check "no file over 800 lines" "$tmp/long"

# A function's body starts and ends with a brace in the first column. Tests are tables as often as not.
grep -v "^tests/" "$tmp/files" | xargs awk '
	FNR == 1 { from = 0 }
	/^{/ { from = FNR; name = last }
	/^}/ && from { if (FNR - from - 1 > 60) print FILENAME ":" from ": " FNR - from - 1 " lines: " name; from = 0 }
	/^[A-Za-z_].*\(/ { last = $0 }' >"$tmp/functions"
check "no function over 60 lines" "$tmp/functions"

find plugin hooks include examples tests -name '*.[ch]' -not -path 'tests/conformance/*' -exec \
	grep -nE '\b(strcpy|strcat|sprintf|gets|alloca|setjmp)[ ]*\(' /dev/null {} + | grep -vE '^tests/|^examples/' >"$tmp/unsafe"
check "no function that cannot know its buffer" "$tmp/unsafe"

grep -rnE '\b(printf|puts|putchar|exit|abort|_exit|signal|sigaction|chdir|umask|setlocale|setenv|putenv|unsetenv|system|popen|fork|execv[pe]*)[ ]*\(' \
	plugin --include='*.c' | grep -vE 'cp_[a-z_]*printf|:[0-9]+:[ 	]*(/\*|\*)' >"$tmp/effects"
check "nothing in the plugin prints, exits or changes the process" "$tmp/effects"

echo "1..$n"
exit $bad
