#!/bin/sh
# What the hooks of shells call: predicts, gives the CI its outputs and reports, and says it on the pull request. A build goes on whatever
# happens here, unless --fail-on or --strict ask otherwise (exit codes 1, 5 and 6) or the flags are wrong (2).
#
# usage: predict.sh [flags of cachepredict] [A..B] [CONTEXT]
#   HOOK_PROGRAM         the command (cachepredict)
#   HOOK_HEAD            commit to predict in place of HEAD, fetched where it is missing: a pull request's, in a run that follows its own.
#                        It is a stranger's: nothing of it is checked out or run
#   HOOK_OUTPUTS         file that outputs are appended to; HOOK_OUTPUTS_FORMAT: github-output or dotenv
#   HOOK_SUMMARY         file that the Markdown summary is appended to
#   HOOK_ANNOTATIONS     true: workflow commands of GitHub's kind on standard output
#   HOOK_COMMENT         false: nothing is said on the pull request
#   HOOK_REPORTS         folder for prediction.json, page.html, junit.xml, codequality.json
set -u
program=${HOOK_PROGRAM:-cachepredict}
tmp=$(mktemp -d) || exit 0
trap 'rm -rf "$tmp"' EXIT

case ${HOOK_HEAD:-} in
'') ;;
*[!0-9a-f]*)
	echo "cachepredict: HOOK_HEAD is no commit" >&2
	exit 2
	;;
*)
	git cat-file -e "$HOOK_HEAD^{commit}" 2>/dev/null || git fetch --quiet --no-tags origin "$HOOK_HEAD" </dev/null
	CACHEPREDICT_HEAD=$HOOK_HEAD
	export CACHEPREDICT_HEAD
	;;
esac

# A shallow clone may not hold the commit to compare with: a little more of the history is fetched, then all of it.
for more in '' --deepen=50 --deepen=500 --unshallow; do
	if [ -n "$more" ]; then
		[ "$(git rev-parse --is-shallow-repository 2>/dev/null)" = true ] || break
		git fetch --quiet --no-tags "$more" origin </dev/null || break
	fi
	"$program" --format json "$@" >"$tmp/prediction.json" 2>"$tmp/said" </dev/null
	code=$?
	if [ "$code" -ne 3 ] || ! grep -q 'git fetch' "$tmp/said"; then
		break
	fi
done
cat "$tmp/said" >&2
case $code in
2) exit 2 ;;
0 | 1 | 5 | 6) ;;
*) echo "cachepredict: nothing is predicted (exit code $code), the build goes on" >&2 ;;
esac

# The same answer in another form; nothing when there is none.
form() { # FORMAT [FLAGS]
	"$program" --format "$@" 2>/dev/null </dev/null
}

if [ -n "${HOOK_OUTPUTS:-}" ]; then
	form "${HOOK_OUTPUTS_FORMAT:-dotenv}" "$@" >"$tmp/outputs"
	# what does not stop a build is said where there is no answer
	[ -s "$tmp/outputs" ] || printf '%s\n' reuse_cache=false cache_from= cache_to= skip=false rebuild_stages= 'matrix={"include":[]}' \
		'verdict_json={"action":"undecided"}' >"$tmp/outputs"
	cat "$tmp/outputs" >>"$HOOK_OUTPUTS"
fi
if [ -n "${HOOK_SUMMARY:-}" ]; then
	# GitHub takes 1 MiB a step
	form markdown "$@" | head -c 1000000 >>"$HOOK_SUMMARY"
fi
if [ "${HOOK_ANNOTATIONS:-}" = true ]; then
	form annotations "$@"
fi
if [ -n "${HOOK_REPORTS:-}" ] && mkdir -p "$HOOK_REPORTS"; then
	cp "$tmp/prediction.json" "$HOOK_REPORTS/prediction.json"
	form html "$@" >"$HOOK_REPORTS/page.html"
	form junit "$@" >"$HOOK_REPORTS/junit.xml"
	"$program" advise --format codequality >"$HOOK_REPORTS/codequality.json" 2>/dev/null </dev/null
	[ -s "$HOOK_REPORTS/codequality.json" ] || echo '[]' >"$HOOK_REPORTS/codequality.json"
fi
if [ "${HOOK_COMMENT:-true}" != false ]; then
	# the summary has the text already
	env -u GITHUB_STEP_SUMMARY "$program" comment "$@" >"$tmp/comment" 2>&1 </dev/null
	grep -q 'no pull request is named\|no forge is named' "$tmp/comment" || cat "$tmp/comment" >&2
fi
case $code in
1 | 5 | 6) exit "$code" ;;
esac
exit 0
