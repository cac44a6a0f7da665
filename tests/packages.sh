#!/bin/sh
# shellcheck disable=SC2034 # the lists are for who sources this
#
# Sourced by check.sh and demo.sh: need_packages NAME... installs the Debian packages among them that are missing. As root or with sudo; on a
# terminal it asks first. On a system without apt-get it says what is needed and goes on.

need_packages() {
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "This needs the equivalents of Debian's packages: $*" >&2
		return 0
	fi
	missing=''
	for p in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	as_root=''
	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
		if ! command -v sudo >/dev/null 2>&1; then
			echo "Missing packages; please install them as root: apt-get install$missing" >&2
			return 1
		fi
	fi
	if [ -t 0 ] && [ -t 2 ]; then
		printf 'Install%s with %s apt-get? [Y/n] ' "$missing" "$as_root" >&2
		read -r answer
		case $answer in '' | y* | Y*) ;; *) return 1 ;; esac
	else
		echo "Installing$missing" >&2
	fi
	apt_log=$(mktemp)
	if ! apt_install "$as_root" >"$apt_log" 2>&1; then
		cat "$apt_log" >&2
		rm -f "$apt_log"
		return 1
	fi
	rm -f "$apt_log"
}

# The package lists may be missing or old: they are fetched when an installation without them fails.
apt_install() {
	apt="$1 env DEBIAN_FRONTEND=noninteractive apt-get"
	# shellcheck disable=SC2086
	$apt install -y --no-install-recommends $missing || { $apt update && $apt install -y --no-install-recommends $missing; }
}

BUILD_PACKAGES='gcc libc6-dev make pkg-config git libgit2-dev libjansson-dev libxxhash-dev libssl-dev libyaml-dev libsqlite3-dev libcurl4-openssl-dev'
TEST_PACKAGES='g++ libcmocka-dev python3'
