#!/bin/sh
# The example application works, its history ends in the files that are shown, and the demo tells the story that it is there for. Speaks TAP.
# usage: examples.sh BUILDFOLDER     PYTHON comes from make
set -u
build=$1
cd "$(dirname "$0")/.." || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
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

if command -v "$PYTHON" >/dev/null; then
	cp -r examples/agent-app "$tmp/app"
	same 'the tests of the application pass' "$(cd "$tmp/app" && "$PYTHON" -B -m unittest 2>&1 | tail -n 1)" OK
fi
sh examples/demo.sh --built "$build" >"$tmp/out" 2>"$tmp/err"
same 'the demo runs' "$? $(cat "$tmp/err")" '0 '
app=$build/agent-app
same 'the history has the same commits everywhere' "$(git -C "$app" rev-parse --short=12 HEAD)" 7ab078a19fc2
git -C "$app" archive HEAD | (mkdir "$tmp/head" && tar -x -C "$tmp/head")
same 'it ends in examples/agent-app' "$(diff -r "$tmp/head" examples/agent-app 2>&1)" ''

# outcome of every step of a commit: H hit, M miss, d depends, u unknown
steps() {
	"$build/cachepredict" -C "$app" --format json "$1~1..$1" | grep -o '"instruction":"[A-Z]*","outcome":"[a-z]*"' |
		sed 's/.*"outcome":"\(.\).*/\1/' | tr -d '\n'
}
same 'naive: one word of code installs everything again' "$(steps HEAD~11)" hmm
same 'multi-stage: packages stay when a text changes' "$(steps HEAD~9)" hhhhhhmm
same 'an ignore file: a test changes nothing' "$(steps HEAD~7)" hhhhhhhh
same 'layer order: a setting rebuilds copies only' "$(steps HEAD~4)" hhhhhhhmmm
same 'one list of requirements: one package moves, all are installed' "$(steps HEAD~3)" hhmmhhdddd
same 'split requirements: the stable ones stay' "$(steps HEAD~1)" hhhhmmhhdddd
same 'code only: two copies' "$(steps HEAD)" hhhhhhhhhhmm
# rules that speak at a commit
advice() {
	"$build/cachepredict" -C "$app" advise --rev "$1" --format json | grep -o '"rule":"[a-z-]*"' | sed 's/.*:"\(.*\)"/\1/' | tr '\n' ' '
}
same 'naive: the advice of the article' "$(advice HEAD~12)" \
	'fat-base no-healthcheck no-multi-stage no-user dockerignore-missing git-in-context junk-in-context deps-after-copy pip-cache '
same 'in the end there is nothing to advise' "$(advice HEAD)" ''
echo "1..$n"
exit $bad
