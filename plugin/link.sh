#!/bin/sh
# How the plugin's libraries are linked, as make variables on stdout. Static archives start three to ten times faster than shared
# libraries (no further objects to load, and libgit2 without its network half: archives.c), but not every distribution's
# archives can go into a shared object. So it is tried out: everything static, then libgit2 shared, then everything shared.
# usage: CC=gcc link.sh FOLDER    STATIC=0 in the environment asks for shared libraries.
set -eu
dir=$1
CC=${CC:-gcc}
here=$(dirname "$0")
mkdir -p "$dir"

# -u: an archive of the plugin's objects gives archives.o before libjansson asks for what is in it. What only the cut half of libgit2
# refers to is dropped, and nobody has to define it.
wraps='-Wl,--gc-sections -Wl,-u,__wrap_stdin'
for f in git_mbedtls_stream_global_init git_openssl_stream_global_init git_transport_ssh_global_init \
	git_transport_ssh_libssh2_global_init git_transport_smart git_transport_local git_smart_subtransport_http \
	git_smart_subtransport_git git_smart_subtransport_ssh stdin stdout; do
	wraps="$wraps -Wl,--wrap=$f"
done

# The archives that libgit2.a asks for, without those of the half that is left out.
git_static=''
for l in $(pkg-config --static --libs-only-l libgit2 2>/dev/null || echo -lgit2); do
	case $l in -lssh2 | -lrt | -lpthread | -ldl | -lssl) ;; *) git_static="$git_static $l" ;; esac
done

small_static='-Wl,-Bstatic -lyaml -ljansson -lxxhash -lcrypto -Wl,-Bdynamic -ldl'
cat >"$dir/probe.c" <<'C'
#include <git2.h>
#include <jansson.h>
#include <openssl/sha.h>
#include <xxhash.h>
#include <yaml.h>
__attribute__((visibility("default"))) const void *probe(int at);
const void *probe(int at)
{
	static const void *const used[] = {
		git_libgit2_init, git_libgit2_shutdown, git_repository_open_ext, git_repository_odb, git_repository_index, git_revparse_single,
		git_revparse_ext, git_merge_base, git_odb_read, git_odb_read_header, git_tree_lookup, git_blob_lookup, git_index_get_byindex,
		git_config_get_string, git_ignore_path_is_ignored, git_attr_get, git_status_list_new, git_reference_lookup, git_error_last,
		json_loadb, json_object_iter, json_dumpb, SHA256_Init, SHA256_Update, SHA256_Final, XXH3_64bits, yaml_parser_initialize,
		yaml_parser_parse,
	};
	return git_libgit2_init() < 0 || git_libgit2_shutdown() < 0 ? 0 : used[at];
}
C
cat >"$dir/load.c" <<'C'
#include <dlfcn.h>
int main(int argc, char **argv)
{
	void *so = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : 0;
	const void *(*probe)(int) = so ? (const void *(*)(int))dlsym(so, "probe") : 0;
	return !probe || !probe(3) || dlclose(so) != 0;
}
C
if ! $CC -w -O1 -fPIC -fvisibility=hidden -c "$dir/probe.c" -o "$dir/probe.o" 2>"$dir/log" ||
	! $CC -w -O1 "$dir/load.c" -o "$dir/load" -ldl 2>>"$dir/log"; then
	sed 's/^/  /' "$dir/log" >&2
	echo 'link.sh: a header is missing; sh tests/check.sh installs what the build needs' >&2
	exit 1
fi
$CC -w -O1 -fPIC -fvisibility=hidden -c "$here/archives.c" -o "$dir/archives.o"

works() {
	$CC -shared -Wl,--version-script="$dir/probe.map" -Wl,-z,defs -o "$dir/probe.so" "$dir/probe.o" \
		"$dir/archives.o" $1 >>"$dir/log" 2>&1 && ! readelf -d "$dir/probe.so" | grep -q TEXTREL && "$dir/load" "$dir/probe.so"
}
echo '{ global: probe; local: *; };' >"$dir/probe.map"

all_static="$wraps -Wl,-Bstatic $git_static -Wl,-Bdynamic $small_static -lm"
git_shared="-lgit2 $small_static -lm"
if [ "${STATIC:-1}" != 0 ] && works "$all_static"; then
	echo "LINKED := static"
	echo "LIBS := $all_static"
elif [ "${STATIC:-1}" != 0 ] && works "$git_shared"; then
	echo "LINKED := libgit2 shared"
	echo "LIBS := $git_shared"
else
	echo "LINKED := shared"
	echo "LIBS := -lgit2 -lyaml -ljansson -lxxhash -lcrypto -lm -ldl"
fi
