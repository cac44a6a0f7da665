#!/bin/sh
# Prints how the requirement files of files.txt move, and what splits would have saved; `make churn CORPORA=...` calls it.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD:-$root/build}
out=$build/conformance
mkdir -p "$out"
# shellcheck source=tests/conformance/driver.sh
. "$here/driver.sh"
[ -d "${CORPORA-}" ] || { echo "churn: CORPORA is a folder of owner+name/repo" >&2; exit 2; }
driver churn "$here/cdriver_churn.c" || exit 2
PYTHONDONTWRITEBYTECODE=1 ${PYTHON:-python3} "$here/churn/churn.py" "$out/churn-driver" "$CORPORA"
