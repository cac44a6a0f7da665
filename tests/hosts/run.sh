#!/bin/sh
# Real forges and CI hosts on loopback; `make hosts` calls it after building everything. What is built once is kept in build/hosts.
# Needs Go; the first run builds Gitea, which takes minutes. RUNS= runs of the race on one pull request (200), ONLY= one part of comment.py.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$root/build}
export BUILD PYTHONDONTWRITEBYTECODE=1
kept=$root/build/hosts
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
need_packages python3-venv
mkdir -p "$kept"

command -v go >/dev/null 2>&1 || PATH=$PATH:/usr/local/go/bin
if ! command -v go >/dev/null 2>&1; then
	echo "hosts: Go is needed, see tests/hosts/gitea/go.mod for its version" >&2
	exit 2
fi

# built NAME PACKAGE [FLAGS...]: from the module in the folder of that name, again when its go.mod changed
built() {
	name=$1 package=$2
	shift 2
	stamp=$kept/$name.mod
	if [ ! -x "$kept/$name" ] || ! cmp -s "$here/$name/go.mod" "$stamp"; then
		(cd "$here/$name" && GOFLAGS=-buildvcs=false go build "$@" -o "$kept/$name" "$package") || return 1
		cp "$here/$name/go.mod" "$stamp"
	fi
}

if ! built gitea code.gitea.io/gitea -tags sqlite,sqlite_unlock_notify; then
	echo "hosts: Gitea cannot be built" >&2
	exit 2
fi
# Hosts of hooks: one that cannot be had is left out, and the test says so.
act='' gitlab='' buildbot='' groovy=''
if built act github.com/nektos/act; then act=$kept/act; fi
python=${PYTHON:-python3}
venv=$kept/buildbot
if [ -x "$venv/bin/buildbot" ] || { "$python" -m venv "$venv" && "$venv/bin/pip" install -q -r "$here/buildbot.txt"; } >"$kept/buildbot.log" 2>&1; then
	buildbot=$venv
else
	rm -rf "$venv"
fi
npm=$kept/npm
if [ -x "$npm/node_modules/.bin/gitlab-ci-local" ] || { command -v npm && mkdir -p "$npm" && npm install --prefix "$npm" --no-audit --no-fund \
	gitlab-ci-local@4.61.1; } >"$kept/npm.log" 2>&1; then
	need_packages rsync && gitlab=$npm/node_modules/.bin/gitlab-ci-local
fi

if need_packages groovy && command -v groovy >/dev/null && command -v java >/dev/null; then groovy=$(command -v groovy); fi

# the whole loop: buildx, and the BuildKit that conformance builds
buildx='' buildkitd=$root/build/conformance/bin/buildkitd
if built buildx github.com/docker/buildx/cmd/buildx && need_packages runc busybox-static; then buildx=$kept/buildx; fi
[ -x "$buildkitd" ] || (cd "$root/tests/conformance" && go build -o "$buildkitd" github.com/moby/buildkit/cmd/buildkitd) || buildx=''
if [ -z "$buildx" ]; then
	echo "hosts: buildx or BuildKit cannot be built" >&2
	exit 2
fi

static=$(cd "$here/gitea" && go list -m -f '{{.Dir}}' code.gitea.io/gitea)
exec sh "$root/tests/run.sh" hosts "$BUILD/logs" \
	hosts/comment="$python '$here/comment.py' '$kept/gitea' '$static'" \
	hosts/actions="$python '$here/actions.py' '$kept/gitea' '$static' '$act' '$buildx' '$buildkitd' /bin/busybox" \
	hosts/ci="$python '$here/ci.py' '$kept/gitea' '$static' '$gitlab' '$buildbot' '$groovy'" \
	hosts/loop="$python '$here/loop.py' '$kept/gitea' '$static' '$buildx' '$buildkitd' /bin/busybox"
