/* Which image of an index serves a platform: containerd/platforms Only, Normalize and NewMatcher. */
#include <stdlib.h>

#include "registry/registry_int.h"

/* normalizeArch */
static void normalise(struct cp_platform *p)
{
	static const struct {
		const char *from, *to;
	} archs[] = {
		{"i386", "386"},      {"x86_64", "amd64"}, {"x86-64", "amd64"},
		{"aarch64", "arm64"}, {"armhf", "arm"},    {"armel", "arm"},
	};
	bool armel = cp_str_eq_nocase(p->arch, CP_S("armel"));

	for (size_t i = 0; i < CP_LEN(archs); i++)
		if (cp_str_eq_nocase(p->arch, cp_str_c(archs[i].from)))
			p->arch = cp_str_c(archs[i].to);
	if (armel && !p->variant.n)
		p->variant = CP_S("v6");
	if (cp_str_eq(p->os, CP_S("macos")))
		p->os = CP_S("darwin");
	if (cp_str_eq(p->arch, CP_S("amd64")) && cp_str_eq(p->variant, CP_S("v1")))
		p->variant = CP_S("");
	if (cp_str_eq(p->arch, CP_S("arm64")) &&
	    (cp_str_eq(p->variant, CP_S("8")) || cp_str_eq(p->variant, CP_S("v8")) ||
	     cp_str_eq(p->variant, CP_S("v8.0"))))
		p->variant = CP_S("");
	if (cp_str_eq(p->arch, CP_S("arm"))) {
		static const char *const variants[] = {"v5", "v6", "v7", "v8"};

		if (!p->variant.n)
			p->variant = CP_S("v7");
		for (size_t i = 0; p->variant.n == 1 && i < CP_LEN(variants); i++)
			if (p->variant.p[0] == variants[i][1])
				p->variant = cp_str_c(variants[i]);
	}
}

static int number(struct cp_str variant)
{
	int64_t v;

	if (!cp_str_starts(variant, CP_S("v")) || !cp_str_to_int(cp_str_from(variant, 1), 10, &v) ||
	    v < 0 || v > 99)
		return -1;
	return (int)v;
}

/* "v8" is 8.0, "" of arm64 as well; -1 for what is no such version. */
static int arm64_version(struct cp_str variant)
{
	size_t dot = cp_str_find(variant, '.', 0);
	int major = variant.n ? number(cp_str_sub(variant, 0, dot)) : 8;
	int64_t minor = 0;

	if (dot < variant.n &&
	    (!cp_str_to_int(cp_str_from(variant, dot + 1), 10, &minor) || minor < 0 || minor > 9))
		return -1;
	return major == 8 || major == 9 ? major * 10 + (int)minor : -1;
}

/* Steps down from `want` to `have`, -1 when it is above or something else. */
static int steps(int want, int have, int least)
{
	return want >= 0 && have >= least && have <= want ? want - have : -1;
}

static int rank_arm(struct cp_str want, struct cp_str have)
{
	if (cp_str_eq(want, have))
		return 0;
	return steps(number(want), number(have), 5);
}

/* arm64/v9.x: 9.x … 9.0, then 8.(x+5) … 8.0; then arm of 32 bits, v8 … v5. */
static int rank_arm64(struct cp_str want, const struct cp_platform *have)
{
	int w = arm64_version(want), h = arm64_version(have->variant), down;

	if (cp_str_eq(have->arch, CP_S("arm"))) {
		down = rank_arm(CP_S("v8"), have->variant);
		return w < 0 || down < 0 ? -1 : 100 + down;
	}
	if (w < 0)
		return -1;
	if (w / 10 == h / 10)
		return steps(w, h, 80);
	return w >= 90 && h >= 80 && h % 10 <= w % 10 + 5 ? 50 + (w % 10 + 5 - h % 10) : -1;
}

static int rank_arch(const struct cp_platform *want, const struct cp_platform *have)
{
	bool same = cp_str_eq(want->arch, have->arch);

	if (cp_str_eq(want->arch, CP_S("amd64"))) {
		int w = want->variant.n ? number(want->variant) : 1;
		int h = have->variant.n ? number(have->variant) : 1;

		if (cp_str_eq(have->arch, CP_S("386")))
			return have->variant.n ? -1 : 100;
		return same ? steps(w, h, 1) : -1;
	}
	if (cp_str_eq(want->arch, CP_S("arm64")))
		return same || cp_str_eq(have->arch, CP_S("arm")) ? rank_arm64(want->variant, have)
								  : -1;
	if (!same)
		return -1;
	if (cp_str_eq(want->arch, CP_S("arm")))
		return rank_arm(want->variant, have->variant);
	return cp_str_eq(want->variant, have->variant) ? 0 : -1;
}

/* Is every feature of the image among those of the platform? Lists are joined with "+". */
static bool has_features(struct cp_str want, struct cp_str have)
{
	struct cp_str rest = have, one;

	while (have.n && cp_str_split(&rest, '+', &one)) {
		struct cp_str others = want, other;
		bool found = false;

		while (!found && cp_str_split(&others, '+', &other))
			found = cp_str_eq(one, other);
		if (!found)
			return false;
	}
	return true;
}

int cp_platform_rank(const struct cp_platform *want, const struct cp_platform *have)
{
	struct cp_platform w = *want, h = *have;

	normalise(&w);
	normalise(&h);
	if (!cp_str_eq(w.os, h.os) || !has_features(w.os_features, h.os_features))
		return -1;
	if (w.os_version.n && cp_str_eq(w.os, CP_S("windows")) &&
	    !cp_str_starts(h.os_version, w.os_version))
		return -1;
	return rank_arch(&w, &h);
}

static int by_text(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

/* OSFeatures, sorted and joined. */
static int read_features(struct cp_arena *a, const struct cp_json *list, struct cp_str *ret)
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;
	struct cp_str *items = cp_arena_array(a, n, sizeof(*items)), joined = CP_S("");

	if (!items)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++)
		items[i] = cp_json_text(cp_json_at(list, i));
	if (n > 1)
		qsort(items, n, sizeof(*items), by_text);
	for (size_t i = 0; i < n && i < 16 && joined.p; i++)
		joined = cp_arena_printf(a, "%.*s%s%.*s", CP_STR(joined), i ? "+" : "",
					 CP_STR(items[i]));
	*ret = joined;
	return joined.p ? 0 : CP_ENOMEM;
}

int registry_platform_read(struct cp_arena *a, const struct cp_json *v, struct cp_platform *ret)
{
	*ret = (struct cp_platform){
		.os = cp_arena_str(a, cp_json_text(cp_json_get(v, "os"))),
		.arch = cp_arena_str(a, cp_json_text(cp_json_get(v, "architecture"))),
		.variant = cp_arena_str(a, cp_json_text(cp_json_get(v, "variant"))),
		.os_version = cp_arena_str(a, cp_json_text(cp_json_get(v, "os.version"))),
	};
	if (!ret->os.p || !ret->arch.p || !ret->variant.p || !ret->os_version.p ||
	    read_features(a, cp_json_get(v, "os.features"), &ret->os_features) < 0)
		return CP_ENOMEM;
	normalise(ret);
	return 0;
}
