#!/bin/sh
# The example hosts run, agree with each other and with the helper, and fail as they should. Speaks TAP.
# usage: hosts.sh BUILDFOLDER     PYTHON and SAN come from make
set -u
build=$1
so=$build/cachepredict.so
repo=$build/tests/repository
n=0
bad=0
same() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "expected: $3" "found:    $2" | sed 's/^/#   /'
		bad=1
	fi
}

expected='MISS     [stage-1 4/4] COPY src/ ./src/
         content-changed: src/__main__.py changed
5 of 6 steps come from the cache; verdict: undecided'
same 'examples/host.c predicts' "$("$build/examples/host" "$so" "$repo" 2>&1)" "$expected"
same 'examples/host.c names what is missing' "$("$build/examples/host" "$so" "$repo/nowhere" >/dev/null 2>&1; echo $?)" 1
same 'examples/host.c takes revisions' "$("$build/examples/host" "$so" "$repo" HEAD HEAD | tail -n 1)" '6 of 6 steps come from the cache; verdict: undecided'
same 'examples/host.c has less than 100 lines' "$([ "$(wc -l <examples/host.c)" -lt 100 ] && echo yes)" yes

case $SAN in # a host without the sanitizer loads its library first
*address*) export LD_PRELOAD="$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 ;;
*thread*) PYTHON=/nonexistent ;; # Python does not run with libtsan loaded before it; test_threads is the test for this build
esac
if command -v "$PYTHON" >/dev/null; then
	same 'examples/host.py predicts' "$("$PYTHON" examples/host.py "$so" "$repo" 2>&1)" "$expected"
	same 'examples/host.py names what is missing' "$("$PYTHON" examples/host.py "$so" "$repo" nonsense 2>&1 | cut -c 1-5)" 'host:'
	same 'examples/host.py takes revisions' "$("$PYTHON" examples/host.py "$so" "$repo" HEAD HEAD | tail -n 1)" '6 of 6 steps come from the cache; verdict: undecided'
else
	echo "# no Python host in this build"
fi
unset LD_PRELOAD
same 'the helper says the same' "$("$build/cachepredict" -C "$repo" HEAD~1..HEAD --format json | grep -o '"outcome":"[a-z]*"' | sort | uniq -c | tr -s ' \n' ' ')" \
	"$("$build/cachepredict" -C "$repo" rpc <<'R' | grep -o '"outcome":"[a-z]*"' | sort | uniq -c | tr -s ' \n' ' '
{"id":1,"method":"predict","params":{"base":"HEAD~1"}}
R
)"
echo "1..$n"
exit $bad
