#!/bin/sh
# What compilers and linters see beyond -Wall: gcc's analyzer, clang-tidy, shellcheck where they are installed. Fails on findings.
# usage: lint.sh CC
set -u
cc=$1
cd "$(dirname "$0")/.." || exit 1
flags='-std=gnu11 -O1 -Iplugin -Iinclude -DCP_VERSION="lint"'
bad=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

files=$(git ls-files 'plugin/*.c' 'hooks/cli/*.c' 'examples/*.c')
if "$cc" --version 2>/dev/null | grep -qi 'free software'; then
	for f in $files; do
		"$cc" $flags -fanalyzer -Wall -Wextra -c "$f" -o /dev/null
	done >"$log" 2>&1
	grep -E 'warning|error' "$log" | sort -u
	echo "gcc -fanalyzer: $(grep -c 'warning' "$log") warnings"
	grep -q 'warning' "$log" && bad=1
fi
if command -v clang-tidy >/dev/null; then
	clang-tidy --quiet --checks='-*,clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,-bugprone-implicit-widening-of-multiplication-result,-bugprone-branch-clone,-bugprone-assignment-in-if-condition,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling' \
		$files -- $flags >"$log" 2>/dev/null
	grep -E ': (warning|error):' "$log" | sort -u
	echo "clang-tidy: $(grep -cE ': (warning|error):' "$log") warnings"
	grep -qE ': (warning|error):' "$log" && bad=1
fi
if command -v shellcheck >/dev/null; then
	shellcheck -S warning -e SC2086,SC2046,SC2155 $(git ls-files '*.sh') .ci/run || bad=1
fi
exit $bad
