#!/bin/sh
# One libFuzzer target for some seconds, from its corpus. What it finds new stays in build/; a crash is kept there, named, and fails.
# usage: run.sh NAME SECONDS
set -eu
name=$1
seconds=$2
found=build/fuzz/corpus/$name
mkdir -p "$found" build/fuzz/crashes
set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
	-artifact_prefix="build/fuzz/crashes/$name-"
if [ -f "tests/fuzz/$name.dict" ]; then
	set -- "$@" -dict="tests/fuzz/$name.dict"
fi
log=build/fuzz/$name.log
if "build/fuzz/fuzz_$name" "$@" "$found" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
	echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s, $(grep -o 'cov: [0-9]*' "$log" | tail -n 1), no crash"
else
	tail -n 40 "$log"
	echo "fuzz $name: FAILED; the input is build/fuzz/crashes/$name-*"
	exit 1
fi
