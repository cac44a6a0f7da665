#!/bin/sh
# Runs suites that speak TAP and adds up what they say. A suite that dies, says nothing or is still running after TIMEOUT seconds
# has failed, whatever it printed before.
# usage: run.sh NAME LOGFOLDER SUITE...     SUITE is LABEL=COMMAND
set -u
name=$1
logs=$2
shift 2
TIMEOUT=${TIMEOUT:-600}
export CMOCKA_MESSAGE_OUTPUT=TAP
mkdir -p "$logs"
passed=0
failed=0
started=$(date +%s)
for suite in "$@"; do
	label=${suite%%=*}
	command=${suite#*=}
	log=$logs/$(echo "$label" | tr '/ ' '__').log
	begin=$(date +%s)
	timeout "$TIMEOUT" sh -c "$command" >"$log" 2>&1 </dev/null
	code=$?
	took=$(($(date +%s) - begin))
	good=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	fi
	if [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
		echo "# the suite says nothing" >>"$log"
		bad=1
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	if [ "$bad" -eq 0 ]; then
		printf '  %-34s %5d passed  %3d s\n' "$label" "$good" "$took"
	else
		printf '  %-34s %5d passed, %d FAILED (exit %d)\n' "$label" "$good" "$bad" "$code"
		# what is not a passed test, last lines last
		grep -v '^ok ' "$log" | tail -n 60 | sed 's/^/    | /'
	fi
done
echo "$name: $passed passed, $failed failed ($(($(date +%s) - started)) s)"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
