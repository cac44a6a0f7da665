#!/bin/sh
# shellcheck disable=SC2154
# Sourced: the C side of the programs that compare. $here, $root, $build and $out are set, and $build/plugin.a is built.

driver() { # NAME SOURCE
	# the plugin has no use for stdin and stdout, the drivers do
	libs=$(sed -n 's/^LIBS *:*= *//p' "$build/link.mk" | sed 's/-Wl,--wrap=std[a-z]*//g')
	# shellcheck disable=SC2086
	${CC:-gcc} -std=gnu11 -O2 -w -I"$root/plugin" -I"$root/include" -I"$here" -DCP_VERSION='"conformance"' -o "$out/$1-driver" \
		"$2" "$build/plugin.a" $libs -pthread -Wl,--gc-sections
}
