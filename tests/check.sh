#!/bin/sh
# Builds everything and runs the tests. On a fresh Debian or Ubuntu that has a shell and git, this is all there is to do; what is missing
# is installed. Arguments go to make: sh tests/check.sh SAN=address,undefined
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh
# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $TEST_PACKAGES
exec make -j"$(nproc)" check "$@"
