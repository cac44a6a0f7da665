#!/bin/sh
# Compares cachepredict with the real BuildKit; `make conformance` calls it after building everything.
#
#   make conformance                                                    differential programs and all cases
#   make conformance ONLY=copy/                                         the cases with that in their names
#   make conformance REPO=/path [DOCKERFILE=...] [CONTEXT=...] [TARGET=...] [PAIRS=20] [CONTEXT_FROM=clone|export] [PAIR=A..B]
#   make conformance CORPORA=/folder/of/repositories [PAIRS=20]         all Dockerfiles of corpora.txt
#
# BACKTEST=30 with REPO or CORPORA (REV=...): so many commits in a row with one cache, against `cachepredict backtest`.
# KEYS=1 with any of these: every record of the cache that a build exports against `cachepredict keys`.
# IMPORT=all (or local-max,local-min,registry-max,registry-min,registry-index,inline,gha): builds that have only an imported cache.
# BUILDKIT=0.26.3 (or 0.20.2): the keys of, and imports by, an older daemon.
# RECORD=1: the logs of the builds of the steps against what `cachepredict record` makes of them; without it for the cases of copyfrom/.
# FRONTEND=1: the frontend is an image, as behind a syntax line.
# PROJECTS= compose projects for docker compose and bake (300), SETS= sets of requirement files for pip (1000), N= inputs of each differential program (100000), SEED= of their generators, DAEMONS= daemons at a time, V=1 for every step.
# Needs Go, and root for runc. The first run builds buildkitd, which takes minutes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD:-$root/build}
out=$build/conformance
mkdir -p "$out/bin"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
# shellcheck source=tests/conformance/driver.sh
. "$here/driver.sh"

passed=0
failed=0
result() { # NAME STATUS
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1"
	fi
}
count() { # NAME LOG, which ends with "NAME: N passed, N failed"
	counts=$(sed -n 's/^[a-z0-9]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$2")
	if [ -n "$counts" ]; then
		passed=$((passed + ${counts% *}))
		failed=$((failed + ${counts#* }))
	else
		result "$1, which did not come to its end" 1
	fi
}
fatal() {
	echo "conformance: $*" >&2
	exit 2
}

command -v go >/dev/null 2>&1 || PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null 2>&1 || fatal "Go is needed, see tests/conformance/go.mod for its version"
for folder in REPO CORPORA; do
	eval "path=\${$folder-}"
	[ -z "$path" ] || eval "$folder=\$(cd \"\$path\" && pwd)" || fatal "no such folder: $path"
done
cd "$here" || exit 2

# ---- programs that compare on generated inputs ----

differential() { # NAME
	source=$here/$1/driver/driver.c
	[ -f "$source" ] || source=$here/cdriver_${1#diff}.c
	driver "$1" "$source" || return 1
	go build -o "$out/$1" "./$1" || return 1
	"$out/$1" -driver "$out/$1-driver" -n "${N:-100000}" -seed "${SEED:-1}"
}

if [ -z "${REPO-}${CORPORA-}${ONLY-}${KEYS-}${IMPORT-}${BUILDKIT-}" ]; then
	(cd "$root" && make -s "${build#"$root"/}/plugin.a") || fatal "the plugin's objects do not build"
	for program in diff*/; do
		program=${program%/}
		echo "== $program"
		differential "$program"
		result "$program" $?
	done
fi

# ---- docker compose and buildx ----

if [ -z "${REPO-}${CORPORA-}${ONLY-}${KEYS-}${IMPORT-}${BUILDKIT-}" ]; then
	echo "== project"
	# a module of its own: compose is made with another BuildKit
	if driver project "$here/cdriver_project.c" && (cd project && go build -o "$out/project" .); then
		"$out/project" -driver "$out/project-driver" -cases project/cases -n "${PROJECTS:-300}" -seed "${SEED:-1}" 2>&1 | tee "$out/project.log"
		count project "$out/project.log"
	else
		result project 1
	fi
fi

# ---- pip's own parser ----

# The pip that judges is the one pinned in pip/requirements.txt, in a folder of its own.
judge() {
	pip=$out/pip-$(sed -n 's/^pip==\([0-9.]*\).*/\1/p' pip/requirements.txt)
	if [ ! -x "$pip/bin/python" ] || ! "$pip/bin/python" -m pip --version >/dev/null 2>&1; then
		"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv || return 1
		rm -rf "$pip"
		"${PYTHON:-python3}" -m venv "$pip" &&
			"$pip/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r pip/requirements.txt || return 1
	fi
}

if [ -z "${REPO-}${CORPORA-}${ONLY-}${KEYS-}${IMPORT-}${BUILDKIT-}" ]; then
	echo "== pip"
	judge && driver requirements "$here/cdriver_requirements.c" &&
		PYTHONDONTWRITEBYTECODE=1 "$pip/bin/python" pip/agree.py "$out/requirements-driver" -n "${SETS:-1000}" -seed "${SEED:-1}" 2>"$out/pip.log"
	result "pip" $?
	CACHEPREDICT_PLUGIN=$build/cachepredict.so PYTHONDONTWRITEBYTECODE=1 "$pip/bin/python" pip/split.py "$build/cachepredict" -seed "${SEED:-1}" 2>>"$out/pip.log"
	result "pip, before and after a split" $?
fi

# ---- a real registry ----

if [ -z "${REPO-}${CORPORA-}${ONLY-}${KEYS-}${IMPORT-}${BUILDKIT-}" ]; then
	echo "== docker-registry"
	need_packages docker-registry openssl python3 || echo "conformance: no docker-registry"
	CACHEPREDICT_PLUGIN=$build/cachepredict.so ${PYTHON:-python3} "$root/tests/faults/real.py" "$build/cachepredict" >"$out/registry.log" 2>&1
	result "docker-registry" $?
	grep '^ok .*# skip' "$out/registry.log"
	grep -A 20 '^not ok' "$out/registry.log"
fi

# ---- end to end ----

echo "== end to end"
[ "$(id -u)" -eq 0 ] || fatal "builds need root (runc)"
need_packages runc git gcc libc6-dev ${IMPORT:+docker-registry} || fatal "runc is missing"
${CC:-gcc} -std=gnu11 -Os -Wall -Wextra -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-pie -no-pie -s -Wl,--build-id=none -o "$out/stubsh" stubshell/stub.c || fatal "the stub shell does not build"
go build -o "$out/bin/" github.com/moby/buildkit/cmd/buildkitd github.com/moby/buildkit/cmd/buildctl || fatal "BuildKit does not build"
go build -o "$out/e2e" ./e2e || fatal "the end-to-end program does not build"

older= # flags for another release of the daemon
if [ -n "${BUILDKIT-}" ]; then
	[ -d "daemons/$BUILDKIT" ] || fatal "BUILDKIT is one of: $(echo daemons/*)"
	(cd "daemons/$BUILDKIT" && go build -o "$out/buildkit-$BUILDKIT/" github.com/moby/buildkit/cmd/buildkitd) ||
		fatal "BuildKit $BUILDKIT does not build"
	older="-buildkitd $out/buildkit-$BUILDKIT/buildkitd -builder frontend=${BUILDKIT%.*},daemon=${BUILDKIT%.*}"
fi

frontend_image() {
	CGO_ENABLED=0 go build -o "$out/bin/" github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend || fatal "the frontend does not build"
}
if [ -n "${FRONTEND-}" ]; then
	frontend_image
	older="$older -frontend $out/bin/dockerfile-frontend"
fi

actions_cache() {
	(cd ghacache && go build -o "$out/bin/ghacache" .) || fatal "the cache service does not build"
	older="$older -ghacache $out/bin/ghacache"
}
case ${IMPORT-} in
*gha* | all) actions_cache ;;
esac

endtoend() { # WHAT e2e-FLAGS...
	what=$1
	shift
	log=$out/e2e-$what.log
	"$out/e2e" -bin "$out/bin" -shell "$out/stubsh" -predictor "$build/cachepredict" -work "$out/work" \
		-summary "$out/summary-$what.json" -daemons "${DAEMONS:-2}" ${V:+-v} ${ONLY:+-only "$ONLY"} "$@" 2>&1 | tee "$log"
	count "$what" "$log"
}

if [ -n "${REPO-}" ]; then
	set -- -repo "$REPO" -dockerfile "${DOCKERFILE:-Dockerfile}" -context "${CONTEXT:-.}" -pairs "${PAIRS:-20}" \
		-context-from "${CONTEXT_FROM:-clone}" ${TARGET:+-target "$TARGET"} ${PAIR:+-pair "$PAIR"} ${WINDOW:+-window "$WINDOW"}
elif [ -n "${CORPORA-}" ]; then
	set -- -corpora corpora.txt -mirror "$CORPORA" -pairs "${PAIRS:-20}" -context-from "${CONTEXT_FROM:-clone}" \
		${WINDOW:+-window "$WINDOW"}
else
	set -- -cases cases
fi
[ -z "${BACKTEST-}" ] || set -- "$@" -backtest "$BACKTEST" ${REV:+-rev "$REV"} ${WITH:+-with "$WITH"}
# Logs of builds, as `cachepredict record` takes them: RECORD=1.
record=${RECORD-}
# Without further wishes: the steps, and of the cases the keys, too. (A folder with a blank in its name is no place for `older`.)
# shellcheck disable=SC2086
if [ -n "${KEYS-}${IMPORT-}${BUILDKIT-}" ]; then
	if [ -n "${KEYS-}" ] || [ -z "${IMPORT-}" ]; then
		endtoend keys -keys $older "$@"
	fi
	[ -z "${IMPORT-}" ] || endtoend import -import "$IMPORT" $older "$@"
else
	endtoend steps $older ${record:+-record} "$@"
	[ -n "${REPO-}${CORPORA-}" ] || endtoend keys $older -keys "$@"
	# where a frontend that is an image differs from the daemon's own; FRONTEND=1 is for all others
	if [ -z "${REPO-}${CORPORA-}${ONLY-}${FRONTEND-}" ]; then
		frontend_image
		actions_cache
		endtoend gha $older -import gha -only copyfrom/copies-c "$@"
		endtoend frontend $older -frontend "$out/bin/dockerfile-frontend" -only ignore/own "$@"
	fi
	[ -n "${REPO-}${CORPORA-}${ONLY-}${RECORD-}" ] || endtoend record $older -record -only copyfrom/ "$@"
	[ -n "${REPO-}${CORPORA-}${ONLY-}${FRONTEND-}${RECORD-}" ] || endtoend rows -rows
	# the cases in which a cache decides most; IMPORT= is for the others
	[ -n "${REPO-}${CORPORA-}${ONLY-}" ] || endtoend import $older -import local-max,local-min -only copyfrom/ "$@"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
