#!/bin/sh
# The budgets, measured: `predict A..B` against `git diff --name-only A B` on a small and a large repository, time and memory, exact keys
# against `git archive | sha256sum` and against keys with digests remembered, a prediction from a cache's manifest against one from a commit, a
# backtest of 300 commits against git log --name-status, and
# against a BuildKit build with everything cached where build/conformance/bin/buildkitd is there (make conformance builds it).
# REPO=/path (RANGE=A..B, default HEAD~20..HEAD; CONTEXT=, DOCKERFILE=) takes a repository of one's own as the large one.
# usage: bench.sh BUILDFOLDER
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
bench=$build/tests/bench/bench
predict=$build/cachepredict
work=$build/bench
runs=${RUNS:-41}
mkdir -p "$work"
bad=0
unset $(env | sed -n 's/^\(CACHEPREDICT_[A-Z_]*\)=.*/\1/p')

if [ -z "${REPO:-}" ]; then
	REPO=$work/large
	[ -d "$REPO/refs" ] || sh tests/bench/repository.sh "$REPO" 8000
fi
[ -d "$work/small/refs" ] || sh tests/bench/repository.sh "$work/small" 300

against_git() { # TITLE REPOSITORY RANGE
	a=${3%%..*} b=${3##*..}
	files=$(git -C "$2" ls-tree -r "$b" | wc -l)
	changed=$(git -C "$2" diff --name-only "$a" "$b" | wc -l)
	echo
	echo "$1: $files files, $changed changed in $3"
	printf '%-44s %11s %11s\n' '' cachepredict git
	"$bench" -n "$runs" -r 1.5 -d 6 -m 1.5 'predict A..B | git diff --name-only A B' -- \
		"$predict" -C "$2" --format json ${DOCKERFILE:+-f "$DOCKERFILE"} "$3" ${CONTEXT:+"$CONTEXT"} -- git -C "$2" diff --name-only "$a" "$b" || bad=1
}

range=${RANGE:-HEAD~20..HEAD}
(unset DOCKERFILE CONTEXT; against_git 'small repository' "$work/small" HEAD~20..HEAD; exit $bad) || bad=1
against_git "large repository ($(basename "$REPO"))" "$REPO" "$range"

# ---- a row of commits ----

# the budget is that of a history as projects have it; the repository that is made here has 25 commits, all alike
commits=$(git -C "$REPO" rev-list --first-parent --count -n 300 "${range##*..}")
echo
echo "backtest of $commits commits"
if [ "$commits" -eq 300 ]; then
	printf '%-44s %11s %11s\n' '' cachepredict git
	"$bench" -n 5 -r 3 'backtest | git log --name-status' -- "$predict" -C "$REPO" backtest -n 300 --rev "${range##*..}" --format json --offline \
		${DOCKERFILE:+-f "$DOCKERFILE"} ${CONTEXT:+"$CONTEXT"} -- git -C "$REPO" log -300 --first-parent --name-status "${range##*..}" || bad=1
else
	echo 'too short for its budget (REPO=/path takes one of 300 commits)'
fi

# ---- exact keys ----

# a Dockerfile that takes the whole context: what has to be hashed is what a build takes
state=$work/state
rm -rf "$state"
bake() { # FILE CACHE
	printf '{"target":{"whole":{"context":"%s","dockerfile-inline":"FROM scratch\\nCOPY . /app/\\n"%s}}}\n' "${CONTEXT:-.}" "${2:+,\"cache-from\":[\"$2\"]}" >"$1"
}
bake "$work/whole.json"
head=${range##*..}
set -- "$predict" -C "$REPO" keys --bake "$work/whole.json" --context-from export --head "$head"
echo
echo "exact keys of $head, whole context, $(git -C "$REPO" ls-tree -r "$head" | wc -l) files"
printf '%-44s %11s %11s\n' '' cachepredict git
"$bench" -n 15 -r 0.6 'keys, cold | git archive | sha256sum' -- "$@" --no-state -- sh -c "git -C '$REPO' archive '$head' | sha256sum" || bad=1
"$@" --state "$state/" >"$work/keys.remembered"
"$@" --no-state >"$work/keys.cold"
cmp "$work/keys.remembered" "$work/keys.cold" || bad=1
printf '%-44s %11s %11s\n' '' remembered cold
"$bench" -n 15 -r 0.05 'keys, remembered | cold' -- "$@" --state "$state/" -- "$@" --no-state || bad=1

# ---- against BuildKit ----

bin=${BUILDKIT_BIN:-$build/conformance/bin}
if [ ! -x "$bin/buildkitd" ] || [ "$(id -u)" -ne 0 ]; then
	echo
	echo "no $bin/buildkitd (make conformance builds it) or not root: nothing to compare a cached build with"
	exit $bad
fi
root=$work/buildkit
rm -rf "$work/tree" "$root/state" # a daemon that knows the folder keeps the modes of folders that it got before
mkdir -p "$root" "$work/tree/context" "$work/tree/dockerfile"
git -C "$REPO" -c tar.umask=022 archive "${range##*..}:${CONTEXT:-}" | tar -x -C "$work/tree/context"
# a Dockerfile that takes the whole context; the base image of a real one would have to be fetched
printf 'FROM scratch\nCOPY . /app/\n' >"$work/tree/dockerfile/Dockerfile"
cat >"$root/buildkitd.toml" <<T
[worker.oci]
  snapshotter = "native"
  networkMode = "host"
  gc = false
[worker.containerd]
  enabled = false
T
"$bin/buildkitd" --root "$root/state" --addr "unix://$root/buildkitd.sock" --config "$root/buildkitd.toml" >"$root/log" 2>&1 &
daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null || true' EXIT
n=0
until "$bin/buildctl" --addr "unix://$root/buildkitd.sock" debug workers >/dev/null 2>&1; do
	n=$((n + 1))
	if [ $n -gt 100 ]; then
		tail -n 5 "$root/log"
		echo 'buildkitd does not come up'
		exit 1
	fi
	sleep 0.1
done
set -- "$bin/buildctl" --addr "unix://$root/buildkitd.sock" build --frontend dockerfile.v0 --local "context=$work/tree/context" \
	--local "dockerfile=$work/tree/dockerfile" --progress plain
"$@" >"$root/first" 2>&1
"$@" >"$root/second" 2>&1
echo
echo "a build of ${range##*..} by BuildKit, whole context, $(grep -c CACHED "$root/second") of 1 steps cached"
grep -q CACHED "$root/second" || bad=1

# the cache that this build exports, and a prediction from it
rm -rf "$work/cache"
"$@" --export-cache "type=local,dest=$work/cache,mode=max" >"$root/export" 2>&1
bake "$work/cached.json" "type=local,src=$work/cache"
"$predict" -C "$REPO" --format json --context-from export --state "$state/" --bake "$work/cached.json" "$range" >"$work/cached"
grep -q 'every layer is in the cache' "$work/cached" || { echo 'the cache does not prove the build'; bad=1; }
printf '%-44s %11s %11s\n' '' 'manifest' 'commit'
"$bench" -n 31 -r 2 'predict from a cache | from a commit' -- "$predict" -C "$REPO" --format json --context-from export --state "$state/" \
	--bake "$work/cached.json" "$range" -- "$predict" -C "$REPO" --format json --context-from export --bake "$work/whole.json" "$range" || bad=1
printf '%-44s %11s %11s\n' '' cachepredict buildctl
"$bench" -n 15 -r 0.0333 'predict A..B | cached build' -- "$predict" -C "$REPO" --format json ${DOCKERFILE:+-f "$DOCKERFILE"} "$range" ${CONTEXT:+"$CONTEXT"} -- "$@" || bad=1
exit $bad
