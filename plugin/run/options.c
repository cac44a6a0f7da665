/* The flags of a build ─► what the frontend is told. */
#include "options_int.h"

#include <stdlib.h>

struct asked {
	struct cp_run *run;
	struct cp_image_run *image;
	struct cp_err *err;
};

/* "name=soft[:hard]" */
static int ulimit(struct cp_str text, struct cp_ulimit *ret)
{
	size_t eq = cp_str_find(text, '=', 0), colon = cp_str_find(text, ':', eq);

	ret->name = cp_str_sub(text, 0, eq);
	if (eq == text.n || !cp_str_to_int(cp_str_sub(text, eq + 1, colon), 10, &ret->soft))
		return CP_EUSAGE;
	ret->hard = ret->soft;
	return colon == text.n || cp_str_to_int(cp_str_from(text, colon + 1), 10, &ret->hard)
		       ? 0
		       : CP_EUSAGE;
}

/* "host:ip" or "host=ip"; "host-gateway" and IPv6 stay text. */
static int host(struct cp_str text, struct cp_host *ret)
{
	size_t eq = cp_str_find(text, '=', 0), at = eq < text.n ? eq : cp_str_find(text, ':', 0);

	if (at == text.n || at == 0)
		return CP_EUSAGE;
	ret->host = cp_str_sub(text, 0, at);
	ret->ip = cp_str_from(text, at + 1);
	return 0;
}

static int build_arguments(struct asked *s, struct cp_build_options *o)
{
	const struct cp_image_request *q = &s->image->request;
	struct cp_option_pair *pairs =
		cp_arena_array(s->image->arena, q->n_build_args, sizeof(*pairs));
	size_t n = 0;

	if (!pairs)
		return cp_err_nomem(s->err);
	for (size_t i = 0; i < q->n_build_args; i++) {
		const struct cp_environment *env = &s->run->world->env;
		struct cp_str value = q->build_args[i].value;

		if (!q->build_args[i]
			     .has_value) { /* KEY alone: the environment's value, or nothing */
			struct cp_str key = cp_arena_str(s->image->arena, q->build_args[i].key);
			const char *text = key.p && env->get ? env->get(env->self, key.p) : NULL;

			if (!text)
				continue;
			value = cp_arena_str(s->image->arena, cp_str_c(text));
		}
		pairs[n++] = (struct cp_option_pair){q->build_args[i].key, value};
	}
	o->build_args = pairs;
	o->n_build_args = n;
	return 0;
}

static int contexts_option(struct asked *s, struct cp_build_options *o)
{
	const struct cp_image_request *q = &s->image->request;
	struct cp_option_pair *pairs =
		cp_arena_array(s->image->arena, q->n_contexts, sizeof(*pairs));

	if (!pairs)
		return cp_err_nomem(s->err);
	for (size_t i = 0; i < q->n_contexts; i++)
		pairs[i] = (struct cp_option_pair){q->contexts[i].key, q->contexts[i].value};
	o->contexts = pairs;
	o->n_contexts = q->n_contexts;
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_ulimit *)x)->name, ((const struct cp_ulimit *)y)->name);
}

static int lists(struct asked *s, struct cp_build_options *o)
{
	const struct cp_image_request *q = &s->image->request;
	struct cp_arena *a = s->image->arena;

	o->add_hosts = cp_arena_array(a, q->n_add_hosts, sizeof(*o->add_hosts));
	o->ulimits = cp_arena_array(a, q->n_ulimits, sizeof(*o->ulimits));
	if (!o->add_hosts || !o->ulimits)
		return cp_err_nomem(s->err);
	for (size_t i = 0; i < q->n_add_hosts; i++)
		if (host(q->add_hosts[i], &o->add_hosts[o->n_add_hosts++]) < 0)
			return cp_err_set(s->err, CP_EUSAGE,
					  "--add-host wants HOST:ADDRESS, not %.*s",
					  CP_STR(q->add_hosts[i]));
	for (size_t i = 0; i < q->n_ulimits; i++)
		if (ulimit(q->ulimits[i], &o->ulimits[o->n_ulimits++]) < 0)
			return cp_err_set(s->err, CP_EUSAGE,
					  "--ulimit wants NAME=SOFT[:HARD], not %.*s",
					  CP_STR(q->ulimits[i]));
	if (o->n_ulimits > 1) /* buildx sends them by name */
		qsort(o->ulimits, o->n_ulimits, sizeof(*o->ulimits), by_name);
	return 0;
}

int cp_image_options(struct cp_run *run, struct cp_image_run *image, bool is_new,
		     const struct cp_image_resolver *resolver, struct cp_build_options *o,
		     struct cp_err *err)
{
	struct asked at = {run, image, err}, *s = &at;
	const struct cp_image_request *q = &image->request;
	int r = build_arguments(s, o);

	if (r == 0)
		r = contexts_option(s, o);
	if (r == 0)
		r = lists(s, o);
	o->multi_platform = s->image->request.n_platforms > 1;
	if (r == 0 && s->image->platform.n)
		r = cp_platform_parse(s->image->arena, s->image->platform, &o->platform, s->err);
	if (r < 0)
		return r;
	if (q->shm_size.n && !cp_request_size(q->shm_size, &o->shm_size))
		return cp_err_set(s->err, CP_EUSAGE, "--shm-size wants a size, not %.*s",
				  CP_STR(q->shm_size));
	o->target = q->target;
	o->network = q->network;
	o->cgroup_parent = q->cgroup_parent;
	if (cp_str_eq(o->network, CP_S("default")))
		o->network = CP_S("");
	if (is_new) { /* the build before filled the cache in the ordinary way */
		o->no_cache = q->no_cache;
		o->no_cache_filter = q->no_cache_filter;
		o->n_no_cache_filter = q->n_no_cache_filter;
	}
	o->main_context = cp_context_is_remote(q->context) ? q->context : CP_S("");
	o->resolver = (struct cp_image_resolver *)(uintptr_t)resolver;
	return 0;
}
