/*
 * What is known without their config of the base images that most Dockerfiles begin with: the values that their own Dockerfiles
 * (github.com/docker-library) have left alone in every release. The prediction says that it takes them so.
 */
#include "graph/official_int.h"

#include "graph/platform_int.h"
#include "graph/reference_int.h"

/* No USER, and no WORKDIR or that of the root folder. */
static const char *const plain[] = {
	"almalinux",   "alpine",    "amazoncorretto",
	"amazonlinux", "archlinux", "buildpack-deps",
	"busybox",     "debian",    "eclipse-temurin",
	"fedora",      "gcc",       "maven",
	"nginx",       "node",      "oraclelinux",
	"perl",        "pypy",      "python",
	"rockylinux",  "ruby",      "rust",
	"ubuntu",
};

struct graph_official graph_official(struct cp_arena *a, struct cp_str ref, struct cp_str os)
{
	struct cp_str library = CP_S("docker.io/library/"), name;
	struct graph_official known = {0};
	struct graph_ref parsed;
	struct cp_err ignored = {0};

	if (graph_is_windows(os) || graph_ref_parse(a, ref, &parsed, &ignored) < 0 ||
	    !cp_str_starts(parsed.name, library))
		return known;
	name = cp_str_from(parsed.name, library.n);
	known.shell = true;
	for (size_t i = 0; i < CP_LEN(plain); i++)
		if (cp_str_eq(name, cp_str_c(plain[i])))
			known.user = known.cwd = true;
	/* python:2-onbuild and its kind had a folder of their own */
	if (cp_str_find_str(parsed.tag, CP_S("onbuild"), 0) < parsed.tag.n)
		known.user = known.cwd = false;
	return known;
}
