/*
 * Frontend attributes as dockerui.Client.init reads them, and what is remembered of the images that
 * were asked for.
 */
#include <arpa/inet.h>

#include "graph/build_int.h"
#include "graph/platform_int.h"
#include "graph/reference_int.h"

const struct cp_str *graph_build_arg(const struct graph_builder *b, struct cp_str name)
{
	return cp_map_get(&b->build_args, name);
}

static int read_build_args(struct graph_builder *b)
{
	for (size_t i = 0; i < b->opt->n_build_args; i++) {
		struct cp_str *value = CP_NEW(b->a, struct cp_str);

		if (!value)
			return cp_err_nomem(b->err);
		*value = b->opt->build_args[i].value;
		if (cp_map_put(b->a, &b->build_args, b->opt->build_args[i].key, value) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

/*
 * buildx normalises the names of --build-context before it sends them; a name with "::platform" is
 * taken as it is.
 */
static int read_contexts(struct graph_builder *b)
{
	for (size_t i = 0; i < b->opt->n_contexts; i++) {
		struct cp_str key = b->opt->contexts[i].key;
		struct cp_str *value = CP_NEW(b->a, struct cp_str);
		struct cp_err ignored;
		struct graph_ref ref;
		int r;

		if (!value)
			return cp_err_nomem(b->err);
		r = graph_ref_parse(b->a, key, &ref, &ignored);
		if (r == CP_ENOMEM)
			return cp_err_nomem(b->err);
		if (r >= 0 && cp_str_find_str(key, CP_S("::"), 0) == key.n) {
			key = graph_ref_familiar(b->a, &ref);
			if (!key.p)
				return cp_err_nomem(b->err);
			if (cp_str_ends(key, CP_S(":latest")))
				key.n -= 7;
		}
		*value = b->opt->contexts[i].value;
		if (cp_map_put(b->a, &b->contexts, key, value) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

/*
 * net.IP.String, as far as inet_ntop differs from it: an IPv4 address inside IPv6 is printed as
 * IPv4.
 */
static struct cp_str format_ip(struct cp_arena *a, struct cp_str text)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char addr[16];
	char out[INET6_ADDRSTRLEN];
	struct cp_str z = cp_arena_str(a, text);

	if (!z.p || inet_pton(AF_INET6, z.p, addr) != 1)
		return z;
	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, addr + 12, out, sizeof(out));
	else
		inet_ntop(AF_INET6, addr, out, sizeof(out));
	return cp_arena_str(a, cp_str_c(out));
}

static bool is_ip(struct cp_arena *a, struct cp_str text)
{
	unsigned char addr[16];
	struct cp_str z = cp_arena_str(a, text);

	return z.p && cp_str_find(z, '\0', 0) == z.n &&
	       (inet_pton(AF_INET, z.p, addr) == 1 || inet_pton(AF_INET6, z.p, addr) == 1);
}

/*
 * parseExtraHosts. The client replaces "host-gateway" by an address that is not known here and in
 * no key.
 */
static int read_hosts(struct graph_builder *b)
{
	b->hosts = cp_arena_array(b->a, b->opt->n_add_hosts, sizeof(*b->hosts));
	if (!b->hosts)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < b->opt->n_add_hosts; i++) {
		struct cp_str ip = b->opt->add_hosts[i].ip;

		if (!cp_str_eq(ip, CP_S("host-gateway")) && !is_ip(b->a, ip))
			return graph_invalid(
				b, "failed to parse additional hosts: failed to parse IP %.*s",
				CP_STR(ip));
		b->hosts[i].host = graph_lower(b->a, b->opt->add_hosts[i].host);
		b->hosts[i].ip = format_ip(b->a, ip);
		if (!b->hosts[i].host.p || !b->hosts[i].ip.p)
			return cp_err_nomem(b->err);
	}
	return 0;
}

static int read_network(struct graph_builder *b)
{
	struct cp_str mode = b->opt->network;

	if (cp_str_eq(mode, CP_S("host")))
		b->network = 1;
	else if (cp_str_eq(mode, CP_S("none")))
		b->network = 2;
	else if (mode.n && !cp_str_eq(mode, CP_S("default")) && !cp_str_eq(mode, CP_S("sandbox")))
		return graph_invalid(b, "invalid netmode %.*s", CP_STR(mode));
	return 0;
}

/* The attr no-cache is one text: names joined by commas, empty for all stages. */
static int read_no_cache(struct graph_builder *b)
{
	CP_VEC(struct cp_str) names = {0};
	size_t bytes = 0;

	for (size_t i = 0; i < b->opt->n_no_cache_filter; i++) {
		struct cp_str rest = b->opt->no_cache_filter[i], piece;

		bytes += rest.n + (i > 0);
		rest.p = rest.p ? rest.p : "";
		while (cp_str_split(&rest, ',', &piece))
			if (cp_vec_push(b->a, &names, piece) < 0)
				return cp_err_nomem(b->err);
	}
	b->no_cache = names.items;
	b->n_no_cache = names.n;
	b->no_cache_all = b->opt->no_cache || (b->opt->n_no_cache_filter && bytes == 0);
	return 0;
}

bool graph_is_no_cache(const struct graph_builder *b, struct cp_str stage_name)
{
	for (size_t i = 0; i < b->n_no_cache && !b->no_cache_all; i++)
		if (cp_str_eq_nocase(b->no_cache[i], stage_name))
			return true;
	return b->no_cache_all;
}

static int read_platforms(struct graph_builder *b)
{
	static const struct cp_platform usual = {.os = CP_S_INIT("linux"),
						 .arch = CP_S_INIT("amd64")};

	b->build_platform = b->opt->build_platform.os.n ? b->opt->build_platform : usual;
	b->implicit_target = b->opt->platform.os.n == 0;
	b->target_platform = b->build_platform;
	if (b->implicit_target)
		return 0;
	return graph_platform_normalise(b->a, &b->opt->platform, &b->target_platform, b->err);
}

/* Build arguments that steer the frontend. */
static int read_steering(struct graph_builder *b)
{
	const struct cp_str *v = graph_build_arg(b, CP_S("BUILDKIT_CACHE_MOUNT_NS"));
	int on;

	b->cache_namespace = v ? *v : CP_S("");
	v = graph_build_arg(b, CP_S("BUILDKIT_SANDBOX_HOSTNAME"));
	b->hostname = v && v->n ? *v : b->opt->hostname;
	b->multi_platform = b->opt->multi_platform;
	v = graph_build_arg(b, CP_S("BUILDKIT_MULTI_PLATFORM"));
	if (v && v->n) {
		on = graph_parse_bool(*v);
		if (on < 0)
			return graph_invalid(b, "invalid boolean value for multi-platform: %.*s",
					     CP_STR(*v));
		b->multi_platform = on;
	}
	v = graph_build_arg(b, CP_S("BUILDKIT_GIT_ADVICE"));
	if (v && v->n && graph_parse_bool(*v) < 0)
		return graph_invalid(
			b, "failed to parse build-arg:BUILDKIT_GIT_ADVICE: invalid syntax");
	v = graph_build_arg(b, CP_S("BUILDKIT_DISABLE_FILEOP"));
	if (v && graph_parse_bool(*v) == 1)
		return graph_invalid(b, "support for \"BUILDKIT_DISABLE_FILEOP\" build-arg was "
					"removed in BuildKit 0.11");
	return 0;
}

/* linter.ParseLintOptions, one part: 1 when it turns warnings into errors. */
static int read_check_part(struct graph_builder *b, struct cp_str part)
{
	size_t eq = cp_str_find(part, '=', 0);
	struct cp_str key = cp_str_trim_space(cp_str_sub(part, 0, eq));
	int on;

	if (eq == part.n)
		return graph_invalid(b, "invalid check option \"%.*s\"", CP_STR(part));
	if (cp_str_eq(key, CP_S("skip")) || cp_str_eq(key, CP_S("experimental")))
		return 0;
	if (!cp_str_eq(key, CP_S("error")))
		return graph_invalid(b, "invalid check option \"%.*s\"", CP_STR(key));
	on = graph_parse_bool(cp_str_trim_space(cp_str_from(part, eq + 1)));
	if (on < 0)
		return graph_invalid(b, "failed to parse check option \"%.*s\"", CP_STR(part));
	return on;
}

/* The checks themselves are not made: they change no operation, but they may stop a build. */
static int read_checks(struct graph_builder *b)
{
	const struct cp_str *given = graph_build_arg(b, CP_S("BUILDKIT_DOCKERFILE_CHECK"));
	struct cp_str rest = cp_str_trim_space(given ? *given : b->file->check.value), part;
	bool strict = false;
	int r;

	for (int i = 0; i < 3 && rest.n && cp_str_split(&rest, ';', &part); i++) {
		if (i == 2 && rest.p)
			part.n += rest.n + 1;
		r = read_check_part(b, part);
		if (r < 0)
			return cp_err_wrap(b->err, "failed to parse check options");
		strict |= r == 1;
	}
	if (!strict)
		return 0;
	return graph_assume(b, CP_S("check"),
			    CP_S("the Dockerfile passes BuildKit's checks, which it makes errors"));
}

int graph_options_read(struct graph_builder *b)
{
	int r;

	b->lexer.escape = b->file->escape_char ? b->file->escape_char : '\\';
	r = read_build_args(b);
	if (r >= 0)
		r = read_contexts(b);
	if (r >= 0)
		r = read_platforms(b);
	if (r >= 0)
		r = read_hosts(b);
	if (r >= 0)
		r = read_network(b);
	if (r >= 0)
		r = read_no_cache(b);
	if (r >= 0)
		r = read_checks(b);
	return r < 0 ? r : read_steering(b);
}

int graph_assume(struct graph_builder *b, struct cp_str key, struct cp_str sentence)
{
	if (!sentence.p)
		return cp_err_nomem(b->err);
	if (cp_map_get(&b->assumed, key))
		return 0;
	if (cp_map_put(b->a, &b->assumed, key, b) < 0)
		return cp_err_nomem(b->err);
	return graph_push(b, b->assumptions, b->n_assumptions, b->cap_assumptions, sentence);
}

static int need_image(struct graph_builder *b, struct cp_str ref)
{
	if (cp_map_get(&b->imaged, ref))
		return 0;
	if (b->n_images >= CP_MAX_IMAGES)
		return cp_err_set(b->err, CP_ELIMIT, "more than %u images are needed",
				  CP_MAX_IMAGES);
	if (cp_map_put(b->a, &b->imaged, ref, b) < 0)
		return cp_err_nomem(b->err);
	return graph_push(b, b->images, b->n_images, b->cap_images, ref);
}

/*
 * What the resolver says. Not knowing, for whatever reason, is not an error: *ret_config stays
 * NULL.
 */
static int ask(struct graph_builder *b, struct cp_str ref, const struct cp_platform *platform,
	       const struct cp_image_config **ret_config)
{
	const struct cp_image_resolver *resolver = b->opt->resolver;
	struct cp_platform normal;
	struct cp_err why = {0};
	int r;

	if (!resolver)
		return 0;
	r = graph_platform_normalise(b->a, platform, &normal, b->err);
	if (r < 0)
		return r;
	r = resolver->resolve(resolver->self, ref, &normal, ret_config, &why);
	if (r >= 0)
		return 0;
	*ret_config = NULL;
	if (r == CP_ENOTFOUND || r == CP_ENET)
		return 0;
	return cp_err_set(b->err, r, "%s", why.message);
}

int graph_image_config(struct graph_builder *b, struct cp_str ref,
		       const struct cp_platform *platform,
		       const struct cp_image_config **ret_config)
{
	struct graph_ref parsed;
	struct cp_str familiar;
	int r;

	*ret_config = NULL;
	r = need_image(b, ref);
	if (r >= 0)
		r = ask(b, ref, platform, ret_config);
	if (r < 0 || *ret_config)
		return r;
	r = graph_ref_parse(b->a, ref, &parsed, b->err);
	if (r < 0)
		return r;
	familiar = graph_ref_familiar(b->a, &parsed);
	if (!familiar.p)
		return cp_err_nomem(b->err);
	return graph_assume(
		b, ref,
		GRAPH_CAT(b->a, CP_S("the config of "), familiar,
			  CP_S(" is not known: its environment, working directory, user, shell and "
			       "ONBUILD triggers are taken to be the defaults")));
}
