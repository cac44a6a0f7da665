#!/bin/sh
# What linters see beyond -Wall. clang-tidy and shellcheck fail the target; what gcc's analyzer says is listed as hints: it does not
# follow "0, or a negative code and ret_x untouched" from one file into another. The same holds for clang's own path-sensitive checks,
# which know no cleanup attributes either, so of those only the local ones are asked for.
# usage: lint.sh CC
set -u
cc=$1
cd "$(dirname "$0")/.." || exit 1
flags='-std=gnu11 -O1 -Iplugin -Iinclude -DCP_VERSION="lint"'
checks='-*,bugprone-*,clang-analyzer-deadcode.*,clang-analyzer-security.*,clang-analyzer-unix.API,clang-analyzer-unix.MallocSizeof'
for off in easily-swappable-parameters narrowing-conversions reserved-identifier implicit-widening-of-multiplication-result \
	branch-clone assignment-in-if-condition sizeof-expression macro-parentheses not-null-terminated-result; do
	checks="$checks,-bugprone-$off"
done
checks="$checks,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling"
bad=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

files() {
	git ls-files 'plugin/*.c' 'hooks/cli/*.c' 'examples/*.c'
}

if command -v clang-tidy >/dev/null; then
	files | xargs -P "$(nproc)" -n 4 sh -c 'checks=$1 flags=$2; shift 2; clang-tidy --quiet --checks="$checks" "$@" -- $flags' \
		lint "$checks" "$flags" >"$log" 2>/dev/null
	grep -E ': (warning|error):' "$log" | sort -u
	echo "clang-tidy: $(grep -E ': (warning|error):' "$log" | sort -u | wc -l) findings"
	grep -qE ': (warning|error):' "$log" && bad=1
fi
if command -v shellcheck >/dev/null; then
	shellcheck -S warning -e SC2086,SC2046,SC2155,SC2089,SC2090 $(git ls-files '*.sh') .ci/run || bad=1
fi
if "$cc" --version 2>/dev/null | grep -qi 'free software'; then
	files | xargs -P "$(nproc)" -n 1 "$cc" $flags -fanalyzer -o /dev/null -c >"$log" 2>&1
	grep -E '^[a-z].*warning' "$log" | sort -u | sed 's/^/hint: /'
fi
exit $bad
