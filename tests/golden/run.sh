#!/bin/sh
# Each folder of tests/golden/advise is a repository of one commit; expect.txt is what `advise` says about it, with the reports of scanners in
# its folder reports, which is not of the repository. Every case is run twice, the
# second time from another folder, with another umask and time zone. Speaks TAP. UPDATE=1 writes the expectations.
# With history.txt it has more commits, and `advise --history` is asked: a line `[N] PATH...` makes N commits that each append a line to these
# files, `size PATH BYTES` is a file of so many zeros in the first commit.
# usage: run.sh CACHEPREDICT
set -u
bin=$(realpath "$1")
cd "$(dirname "$0")/advise" || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset $(env | sed -n 's/^\(CACHEPREDICT_[A-Z_]*\)=.*/\1/p')
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.test GIT_COMMITTER_NAME=A \
	GIT_COMMITTER_EMAIL=a@example.test GIT_AUTHOR_DATE='2026-03-01T09:00:00Z' GIT_COMMITTER_DATE='2026-03-01T09:00:00Z'
n=0
bad=0
make_history() { # REPOSITORY FILE
	while read -r count paths; do
		[ "$count" != size ] || continue
		i=0
		while [ $i -lt "$count" ]; do
			for path in $paths; do
				echo "# $i" >>"$1/$path"
			done
			git -C "$1" commit -q -a -m "$paths $i" || exit 1
			i=$((i + 1))
		done
	done <"$2"
}
for case in *; do
	repo=$tmp/$case
	cp -R "$case" "$repo"
	rm -rf "$repo/expect.txt" "$repo/history.txt" "$repo/reports"
	set --
	for report in "$PWD/$case"/reports/*; do
		[ ! -f "$report" ] || set -- "$@" --report "$report"
	done
	history=
	if [ -f "$case/history.txt" ]; then
		history="--history 100"
		sed -n 's/^size //p' "$case/history.txt" | while read -r path bytes; do
			mkdir -p "$repo/$(dirname "$path")" && head -c "$bytes" /dev/zero >"$repo/$path"
		done
	fi
	git -c core.autocrlf=false init -q "$repo" && git -C "$repo" add -f . && git -C "$repo" commit -q -m "$case" || exit 1
	[ -z "$history" ] || make_history "$repo" "$case/history.txt"
	# shellcheck disable=SC2086
	(cd "$repo" && "$bin" advise $history --no-state --width 80 --color never "$@") >"$tmp/first" 2>&1 </dev/null
	(umask 077 && cd / && TZ=Asia/Kolkata LC_ALL=C "$bin" -C "$repo" advise $history --no-state --width 80 --color never "$@") >"$tmp/second" 2>&1 </dev/null
	[ -z "${UPDATE:-}" ] || cp "$tmp/first" "$case/expect.txt"
	for run in first second; do
		n=$((n + 1))
		if diff "$case/expect.txt" "$tmp/$run" >"$tmp/diff" 2>&1; then
			echo "ok $n - $case ($run)"
		else
			echo "not ok $n - $case ($run)"
			sed 's/^/#   /' "$tmp/diff"
			bad=1
		fi
	done
done
echo "1..$n"
exit $bad
