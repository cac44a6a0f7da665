#!/bin/sh
# Real forges and CI hosts on loopback; `make hosts` calls it after building everything. What is built once is kept in build/hosts.
# Needs Go; the first run builds Gitea, which takes minutes. RUNS= runs of the race on one pull request (200), ONLY= one part of comment.py.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$root/build}
export BUILD PYTHONDONTWRITEBYTECODE=1
kept=$root/build/hosts
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
static=$(cd "$here/gitea" && go list -m -f '{{.Dir}}' code.gitea.io/gitea)
exec sh "$root/tests/run.sh" hosts "$BUILD/logs" \
	hosts/comment="${PYTHON:-python3} '$here/comment.py' '$kept/gitea' '$static'"
