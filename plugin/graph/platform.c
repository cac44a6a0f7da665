#include "graph/platform_int.h"

#include "graph/build_int.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool all_words(struct cp_str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_word(s.p[i]) && !(s.p[i] && strchr(more, s.p[i])))
			return false;
	return true;
}

static bool is_one_of(struct cp_str s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp_str_eq(s, cp_str_c(list[i])))
			return true;
	return false;
}

static bool is_known_os(struct cp_str os)
{
	static const char *const names[] = {"aix",     "android", "darwin",  "dragonfly", "freebsd",
					    "hurd",    "illumos", "ios",     "js",        "linux",
					    "nacl",    "netbsd",  "openbsd", "plan9",     "solaris",
					    "windows", "zos"};

	return is_one_of(os, names, CP_LEN(names));
}

static bool is_known_arch(struct cp_str arch)
{
	static const char *const names[] = {
		"386",     "amd64",    "amd64p32",  "arm",         "armbe",   "arm64",
		"arm64be", "ppc64",    "ppc64le",   "loong64",     "mips",    "mipsle",
		"mips64",  "mips64le", "mips64p32", "mips64p32le", "ppc",     "riscv",
		"riscv64", "s390",     "s390x",     "sparc",       "sparc64", "wasm"};

	return is_one_of(arch, names, CP_LEN(names));
}

static int normalise_os(struct cp_arena *a, struct cp_str *os, struct cp_err *err)
{
	if (os->n == 0) {
		*os = CP_S("linux");
		return 0;
	}
	*os = graph_lower(a, *os);
	if (!os->p)
		return cp_err_nomem(err);
	if (cp_str_eq(*os, CP_S("macos")))
		*os = CP_S("darwin");
	return 0;
}

static void normalise_arm(struct cp_str *variant)
{
	if (variant->n == 0 || cp_str_eq(*variant, CP_S("7")))
		*variant = CP_S("v7");
	else if (cp_str_eq(*variant, CP_S("5")))
		*variant = CP_S("v5");
	else if (cp_str_eq(*variant, CP_S("6")))
		*variant = CP_S("v6");
	else if (cp_str_eq(*variant, CP_S("8")))
		*variant = CP_S("v8");
}

static void normalise_arm64(struct cp_str *variant)
{
	static const char *const eight[] = {"8", "v8", "v8.0"};
	static const char *const nine[] = {"9", "9.0", "v9.0"};

	if (is_one_of(*variant, eight, CP_LEN(eight)))
		*variant = CP_S("");
	else if (is_one_of(*variant, nine, CP_LEN(nine)))
		*variant = CP_S("v9");
}

/* platforms/database.go normalizeArch */
static int normalise_arch(struct cp_arena *a, struct cp_str *arch, struct cp_str *variant,
			  struct cp_err *err)
{
	static const char *const amd64[] = {"x86_64", "x86-64", "amd64"};

	*arch = graph_lower(a, *arch);
	*variant = graph_lower(a, *variant);
	if (!arch->p || !variant->p)
		return cp_err_nomem(err);
	if (cp_str_eq(*arch, CP_S("i386"))) {
		*arch = CP_S("386");
		*variant = CP_S("");
	} else if (is_one_of(*arch, amd64, CP_LEN(amd64))) {
		*arch = CP_S("amd64");
		if (cp_str_eq(*variant, CP_S("v1")))
			*variant = CP_S("");
	} else if (cp_str_eq(*arch, CP_S("aarch64")) || cp_str_eq(*arch, CP_S("arm64"))) {
		*arch = CP_S("arm64");
		normalise_arm64(variant);
	} else if (cp_str_eq(*arch, CP_S("armhf"))) {
		*arch = CP_S("arm");
		*variant = CP_S("v7");
	} else if (cp_str_eq(*arch, CP_S("armel"))) {
		*arch = CP_S("arm");
		*variant = CP_S("v6");
	} else if (cp_str_eq(*arch, CP_S("arm"))) {
		normalise_arm(variant);
	}
	return 0;
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* url.PathUnescape of an OS version. */
static int decode_option(struct cp_arena *a, struct cp_str *v, struct cp_err *err)
{
	char *out;
	size_t n = 0;

	if (cp_str_find(*v, '%', 0) == v->n)
		return 0;
	out = cp_arena_alloc(a, v->n + 1);
	if (!out)
		return cp_err_nomem(err);
	for (size_t i = 0; i < v->n; i++) {
		if (v->p[i] != '%') {
			out[n++] = v->p[i];
			continue;
		}
		if (i + 2 >= v->n || hex_of(v->p[i + 1]) < 0 || hex_of(v->p[i + 2]) < 0)
			return cp_err_set(err, CP_EINVAL,
					  "invalid URL escape in OS version \"%.*s\"", CP_STR(*v));
		out[n++] = (char)(hex_of(v->p[i + 1]) * 16 + hex_of(v->p[i + 2]));
		i += 2;
	}
	*v = cp_str_n(out, n);
	return 0;
}

static int invalid_os(struct cp_str part, struct cp_str text, struct cp_err *err)
{
	return cp_err_set(err, CP_EINVAL,
			  "\"%.*s\" is an invalid OS component of \"%.*s\": invalid argument",
			  CP_STR(part), CP_STR(text));
}

/*
 * NAME, NAME(VERSION), NAME(VERSION+FEATURE+FEATURE); features stay as they are written, joined
 * with "+".
 */
static int parse_os(struct cp_arena *a, struct cp_str part, struct cp_str text,
		    struct cp_platform *p, struct cp_err *err)
{
	size_t open = cp_str_find(part, '(', 0), plus;
	struct cp_str options = CP_S(""), features;
	int r;

	p->os = cp_str_sub(part, 0, open);
	if (open < part.n) {
		if (part.p[part.n - 1] != ')')
			return invalid_os(part, text, err);
		options = cp_str_sub(part, open + 1, part.n - 1);
	}
	plus = cp_str_find(options, '+', 0);
	p->os_version = cp_str_sub(options, 0, plus);
	features = plus < options.n ? cp_str_from(options, plus + 1) : (struct cp_str){NULL, 0};
	if (p->os.n == 0 || !all_words(p->os, "") || !all_words(p->os_version, ".%") ||
	    !all_words(features, ".%+"))
		return invalid_os(part, text, err);
	if (plus < options.n &&
	    (features.n == 0 || features.p[0] == '+' || features.p[features.n - 1] == '+' ||
	     cp_str_find_str(features, CP_S("++"), 0) < features.n))
		return invalid_os(part, text, err);
	p->os_features = features;
	r = normalise_os(a, &p->os, err);
	return r < 0 ? r : decode_option(a, &p->os_version, err);
}

/* One word: an operating system or an architecture, the rest is the local one. */
static int parse_single(struct cp_arena *a, struct cp_str text, const struct cp_platform *local,
			struct cp_platform *p, struct cp_err *err)
{
	int r;

	if (is_known_os(p->os)) {
		p->arch = local->arch;
		if (cp_str_eq(p->arch, CP_S("arm")) && !cp_str_eq(local->variant, CP_S("v7")))
			p->variant = local->variant;
		return 0;
	}
	p->arch = text;
	r = normalise_arch(a, &p->arch, &p->variant, err);
	if (r < 0)
		return r;
	if (cp_str_eq(p->arch, CP_S("arm")) && cp_str_eq(p->variant, CP_S("v7")))
		p->variant = CP_S("");
	if (!is_known_arch(p->arch))
		return cp_err_set(
			err, CP_EINVAL,
			"\"%.*s\": unknown operating system or architecture: invalid argument",
			CP_STR(text));
	p->os = local->os;
	return 0;
}

int graph_platform_parse(struct cp_arena *a, struct cp_str text, const struct cp_platform *local,
			 struct cp_platform *ret_platform, struct cp_err *err)
{
	struct cp_platform p = {0};
	struct cp_str rest = cp_str_n(text.p ? text.p : "", text.n), parts[4];
	size_t n = 0;
	int r;

	if (cp_str_find(text, '*', 0) < text.n)
		return cp_err_set(err, CP_EINVAL,
				  "\"%.*s\": wildcards not yet supported: invalid argument",
				  CP_STR(text));
	while (n < 4 && cp_str_split(&rest, '/', &parts[n]))
		n++;
	r = parse_os(a, parts[0], text, &p, err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < n; i++)
		if (parts[i].n == 0 || !all_words(parts[i], ".") || rest.p)
			return cp_err_set(
				err, CP_EINVAL,
				"\"%.*s\" is an invalid component of \"%.*s\": platform specifier "
				"component must match \"^[A-Za-z0-9_.-]+$\": invalid argument",
				CP_STR(parts[i]), CP_STR(text));
	if (n == 4)
		return cp_err_set(err, CP_EINVAL,
				  "\"%.*s\": cannot parse platform specifier: invalid argument",
				  CP_STR(text));
	if (n == 1) {
		r = parse_single(a, text, local, &p, err);
	} else {
		p.arch = parts[1];
		p.variant = n == 3 ? parts[2] : CP_S("");
		r = normalise_arch(a, &p.arch, &p.variant, err);
	}
	if (r < 0)
		return r;
	if (n == 2 && cp_str_eq(p.arch, CP_S("arm")) && cp_str_eq(p.variant, CP_S("v7")))
		p.variant = CP_S("");
	if (n == 3 && cp_str_eq(p.arch, CP_S("arm64")) && p.variant.n == 0)
		p.variant = CP_S("v8");
	*ret_platform = p;
	return 0;
}

/* The features sorted and without doubles. */
static int sort_features(struct cp_arena *a, struct cp_str *features, struct cp_err *err)
{
	struct cp_str rest = *features, piece, out = CP_S(""), last = CP_S(""), best;

	if (features->n == 0)
		return 0;
	for (;;) {
		best = CP_S("");
		for (rest = *features; cp_str_split(&rest, '+', &piece);)
			if (cp_str_cmp(piece, last) > 0 &&
			    (best.n == 0 || cp_str_cmp(piece, best) < 0))
				best = piece;
		if (best.n == 0)
			break;
		out = GRAPH_CAT(a, out, out.n ? CP_S("+") : CP_S(""), best);
		if (!out.p)
			return cp_err_nomem(err);
		last = best;
	}
	*features = out;
	return 0;
}

int graph_platform_normalise(struct cp_arena *a, const struct cp_platform *p,
			     struct cp_platform *ret_platform, struct cp_err *err)
{
	struct cp_platform out = *p;
	int r;

	r = normalise_os(a, &out.os, err);
	if (r >= 0)
		r = normalise_arch(a, &out.arch, &out.variant, err);
	if (r >= 0)
		r = sort_features(a, &out.os_features, err);
	if (r < 0)
		return r;
	*ret_platform = out;
	return 0;
}

/* path.Join of the three parts. */
static struct cp_str join_parts(struct cp_arena *a, struct cp_str os, const struct cp_platform *p)
{
	struct cp_str s = cp_path_join(a, os, p->arch);

	return s.p ? cp_path_join(a, s, p->variant) : s;
}

struct cp_str graph_platform_format(struct cp_arena *a, const struct cp_platform *p)
{
	return p->os.n ? join_parts(a, p->os, p) : CP_S("unknown");
}

static struct cp_str encode_option(struct cp_arena *a, struct cp_str v)
{
	static const char special[] = "%+()/";
	static const char hex[] = "0123456789ABCDEF";
	char *out = cp_arena_alloc(a, v.n * 3 + 1);
	size_t n = 0;

	if (!out)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] && strchr(special, v.p[i])) {
			out[n++] = '%';
			out[n++] = hex[(v.p[i] >> 4) & 15];
			out[n++] = hex[v.p[i] & 15];
		} else {
			out[n++] = v.p[i];
		}
	}
	return cp_str_n(out, n);
}

struct cp_str graph_platform_format_all(struct cp_arena *a, const struct cp_platform *p)
{
	struct cp_str os, version;

	if (p->os.n == 0)
		return CP_S("unknown");
	if (p->os_version.n == 0 && p->os_features.n == 0)
		return graph_platform_format(a, p);
	version = encode_option(a, p->os_version);
	if (!version.p)
		return version;
	os = GRAPH_CAT(a, p->os, CP_S("("), version, p->os_features.n ? CP_S("+") : CP_S(""),
		       p->os_features, CP_S(")"));
	return os.p ? join_parts(a, os, p) : os;
}

bool graph_platform_eq(const struct cp_platform *x, const struct cp_platform *y)
{
	return cp_str_eq(x->os, y->os) && cp_str_eq(x->arch, y->arch) &&
	       cp_str_eq(x->variant, y->variant) && cp_str_eq(x->os_version, y->os_version) &&
	       cp_str_eq(x->os_features, y->os_features);
}

int cp_platform_parse(struct cp_arena *a, struct cp_str text, struct cp_platform *ret_platform,
		      struct cp_err *err)
{
	static const struct cp_platform local = {.os = CP_S_INIT("linux"),
						 .arch = CP_S_INIT("amd64")};
	struct cp_platform p;
	int r;

	r = graph_platform_parse(a, text, &local, &p, err);
	return r < 0 ? r : graph_platform_normalise(a, &p, ret_platform, err);
}
