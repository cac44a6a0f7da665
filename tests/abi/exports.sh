#!/bin/sh
# The .so from outside: its one symbol, its SONAME, no text relocation, and the header alone in C99 and C++. Speaks TAP.
# usage: exports.sh PLUGIN
set -u
so=$1
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0
check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "#   expected: $3"
		echo "#   found:    $2"
		bad=1
	fi
}

check 'one symbol is exported' "$(nm -D --defined-only "$so" | awk '{ print $2 " " $3 }' | tr '\n' ';')" 'T cachepredict_plugin;'
check 'its SONAME' "$(readelf -d "$so" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')" 'cachepredict.so.1'
check 'no text relocation' "$(readelf -d "$so" | grep -c TEXTREL)" 0
check 'no executable stack' "$(readelf -lW "$so" | awk '/GNU_STACK/ { print $7 }')" 'RW'
check 'libcurl and libssl are not among what it loads' "$(readelf -d "$so" | grep NEEDED | grep -cE 'libcurl|libssl')" 0

printf '#include "cachepredict/plugin.h"\nint main(void) { return cachepredict_plugin == 0; }\n' >"$tmp/alone.c"
cp "$tmp/alone.c" "$tmp/alone.cpp"
compiles() {
	"$@" -Iinclude -fsyntax-only >"$tmp/log" 2>&1 && echo yes || { echo no; sed 's/^/#   /' "$tmp/log" >&2; }
}
strict='-Wall -Wextra -pedantic-errors -Werror -Wno-address'
check 'the header alone is C99' "$(compiles ${CC:-gcc} -std=c99 $strict "$tmp/alone.c")" yes
check 'the header alone is C11' "$(compiles ${CC:-gcc} -std=c11 $strict "$tmp/alone.c")" yes
for cxx in g++ clang++; do
	command -v $cxx >/dev/null || continue
	check "the header alone is C++11 to $cxx" "$(compiles $cxx -std=c++11 $strict -Wno-unknown-warning-option "$tmp/alone.cpp")" yes
	check "the header alone is C++20 to $cxx" "$(compiles $cxx -std=c++20 $strict -Wno-unknown-warning-option "$tmp/alone.cpp")" yes
done
check 'the header has no enum, bool, bit-field or varargs' \
	"$(sed 's,/\*.*\*/,,; /^[ 	]*\*/d; /^\/\*/d' include/cachepredict/plugin.h | grep -cE '\benum\b|\bbool\b|\.\.\.|[a-z0-9_] *: *[0-9]+ *;')" 0
echo "1..$n"
exit $bad
