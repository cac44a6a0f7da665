#!/bin/sh
# Builds cachepredict and predicts every build in the history of examples/agent-app: a small service around a language model that starts
# with the Dockerfile of most tutorials and learns. On a fresh Debian or Ubuntu with a shell and git this is all there is to do; what
# is missing is installed. usage: demo.sh [--built BUILDFOLDER]
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --built ]; then
	build=$2
else
	. tests/packages.sh
	# shellcheck disable=SC2086
	need_packages $BUILD_PACKAGES
	make -s -j"$(nproc)" all
	build=build
fi
cachepredict=$(realpath "$build/cachepredict")
app=$(pwd)/$build/agent-app
history=$(pwd)/examples/history

# The history, always with the same commits.
rm -rf "$app"
git init -q "$app"
cd "$app"
git symbolic-ref HEAD refs/heads/main
GIT_COMMITTER_NAME='Ada Agent' GIT_COMMITTER_EMAIL=ada@example.test \
	git -c core.autocrlf=false -c commit.gpgsign=false am -q --committer-date-is-author-date "$history"/*.patch

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() {
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

title "$(git log -1 --format=%s "$(git rev-list --max-parents=0 HEAD)"): the first build, nothing is cached yet"
git show "$(git rev-list --max-parents=0 HEAD)":Dockerfile | sed "s/^/     /"
for commit in $(git rev-list --reverse HEAD | tail -n +2); do
	short=$(git rev-parse --short "$commit")
	title "$(git log -1 --format=%s "$commit")"
	git log -1 --format=%b "$commit" | sed '/^$/d; s/^/   /'
	"$cachepredict" "$(git rev-parse --short "$commit^")..$short"
done

title 'What does requirements-ai.txt reach?   cachepredict explain requirements-ai.txt HEAD~2..HEAD~1'
"$cachepredict" explain requirements-ai.txt HEAD~2..HEAD~1
title 'When must a workflow start?   cachepredict paths --format github'
"$cachepredict" paths --format github
title 'For programs   cachepredict --format json HEAD~1..HEAD | head -c 400'
"$cachepredict" --format json HEAD~1..HEAD | head -c 400
printf '\n\nThe repository is %s: try your own revisions there.\n' "$app"
