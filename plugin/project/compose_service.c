/*
 * One service ─► what `docker compose build` hands to BuildKit for it (docker/compose v2.40.3
 * pkg/compose/build_bake.go).
 */
#include "project/compose_int.h"

struct service {
	struct cp_compose *c;
	const struct cp_yaml *model, *build;
	struct cp_scope *scope;
	struct cp_image_request q;
};

static int expected(struct service *s, const struct cp_yaml *at, const char *field,
		    const char *what)
{
	return cp_yaml_fail(s->c->err, CP_EINVAL, at, "%s: expected %s", field, what);
}

/* A member that says something; NULL when it is absent, reset or null. */
static struct cp_yaml *member(const struct cp_yaml *map, const char *field)
{
	struct cp_yaml *v = cp_compose_get(map, cp_str_c(field));

	return cp_yaml_is_null(v) ? NULL : v;
}

/* ---- scalars ---- */

static int read_text(struct service *s, const struct cp_yaml *map, const char *field,
		     struct cp_str *ret)
{
	struct cp_yaml *v = member(map, field);

	if (!v)
		return 0;
	if (v->kind != CP_YAML_SCALAR)
		return expected(s, v, field, "plain text");
	*ret = cp_yaml_go_text(s->c->a, v);
	return ret->p ? 0 : cp_err_nomem(s->c->err);
}

/* loader/interpolate.go toBoolean. */
bool cp_compose_bool(const struct cp_yaml *v, bool *ret)
{
	static const char *const yes[] = {"true", "y", "yes", "on"}, *const no[] = {"false", "n",
										    "no", "off"};

	for (size_t i = 0; v->kind == CP_YAML_SCALAR && i < CP_LEN(yes); i++) {
		bool is_yes = cp_str_eq_nocase(v->text, cp_str_c(yes[i]));

		if (!is_yes && !cp_str_eq_nocase(v->text, cp_str_c(no[i])))
			continue;
		*ret = is_yes;
		return true;
	}
	return false;
}

static int read_bool(struct service *s, const char *field, bool *ret)
{
	struct cp_yaml *v = member(s->build, field);

	return !v || cp_compose_bool(v, ret) ? 0 : expected(s, v, field, "true or false");
}

/* ---- lists ---- */

static int push_text(struct service *s, cp_str_vec *v, const struct cp_yaml *item,
		     const char *field)
{
	struct cp_str text;

	if (item->kind != CP_YAML_SCALAR)
		return expected(s, item, field, "a list of texts");
	text = cp_yaml_go_text(s->c->a, item);
	return text.p && cp_vec_push(s->c->a, v, text) == 0 ? 0 : cp_err_nomem(s->c->err);
}

static int read_list(struct service *s, const struct cp_yaml *map, const char *field,
		     struct cp_str **ret, size_t *ret_n)
{
	struct cp_yaml *v = member(map, field);
	cp_str_vec items = {0};
	int r = 0;

	if (!v)
		return 0;
	if (v->kind == CP_YAML_MAP)
		return expected(s, v, field, "a list");
	if (v->kind == CP_YAML_SCALAR)
		r = push_text(s, &items, v, field);
	for (size_t i = 0; r == 0 && i < v->n; i++)
		r = push_text(s, &items, v->items[i], field);
	*ret = items.items;
	*ret_n = items.n;
	return r;
}

static int read_caches(struct service *s, const char *field, struct cp_str **ret, size_t *ret_n)
{
	int r = read_list(s, s->build, field, ret, ret_n);

	for (size_t i = 0; r == 0 && i < *ret_n; i++) {
		(*ret)[i] = cp_request_cache(s->c->a, (*ret)[i]);
		if (!(*ret)[i].p)
			r = cp_err_nomem(s->c->err);
	}
	return r;
}

/* ---- settings ---- */

/* KEY=VALUE of a list, or KEY alone. */
static struct cp_setting split_setting(struct cp_str text)
{
	size_t at = cp_str_find(text, '=', 0);

	return (struct cp_setting){cp_str_sub(text, 0, at), cp_str_from(text, at + 1), at < text.n};
}

/* Maps and lists of KEY=VALUE; a key said twice has its last value. */
static int read_settings(struct service *s, const char *field, cp_setting_vec *out)
{
	struct cp_yaml *v = member(s->build, field);
	struct cp_map places = {0};
	int r = v && v->kind == CP_YAML_SCALAR
			? expected(s, v, field, "a map or a list of NAME=VALUE")
			: 0;

	for (size_t i = 0; r == 0 && v && i < v->n; i++) {
		struct cp_yaml *item = v->items[i];
		struct cp_setting one = {0};
		uintptr_t place;

		if (item->kind != CP_YAML_SCALAR)
			return expected(s, item, field, "plain values");
		if (cp_compose_is_reset(item))
			continue;
		if (v->kind == CP_YAML_MAP)
			one = (struct cp_setting){v->keys[i]->text, cp_yaml_go_text(s->c->a, item),
						  !cp_yaml_is_null(item)};
		else
			one = split_setting(cp_yaml_go_text(s->c->a, item));
		place = (uintptr_t)cp_map_get(&places, one.key);
		if (place)
			out->items[place - 1] = one;
		else if (cp_vec_push(s->c->a, out, one) < 0 ||
			 cp_map_put(s->c->a, &places, one.key, (void *)out->n) < 0)
			r = cp_err_nomem(s->c->err);
	}
	return r;
}

/*
 * KEY alone takes its value from the project's environment, .env included; unset ones are left out.
 */
static int read_args(struct service *s)
{
	cp_setting_vec all = {0}, kept = {0};
	int r = read_settings(s, "args", &all);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct cp_setting one = all.items[i];

		if (!one.has_value)
			one.has_value = cp_scope_get(s->scope, one.key, &one.value);
		if (one.has_value && cp_vec_push(s->c->a, &kept, one) < 0)
			r = cp_err_nomem(s->c->err);
	}
	s->q.build_args = kept.items;
	s->q.n_build_args = kept.n;
	return r;
}

static int read_labels(struct service *s)
{
	cp_setting_vec all = {0};
	int r = read_settings(s, "labels", &all);

	for (size_t i = 0; i < all.n; i++)
		all.items[i].has_value = true; /* a label without a value is empty */
	s->q.labels = all.items;
	s->q.n_labels = all.n;
	return r;
}

/* service:NAME is the image of another service: target:NAME in bake's words. */
static int read_contexts(struct service *s)
{
	cp_setting_vec all = {0};
	int r = read_settings(s, "additional_contexts", &all);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct cp_str *value = &all.items[i].value;

		if (!cp_str_starts(*value, CP_S("service:")))
			continue;
		*value = cp_arena_cat(s->c->a, CP_S("target:"),
				      cp_str_from(*value, sizeof("service:") - 1));
		if (!value->p)
			r = cp_err_nomem(s->c->err);
	}
	s->q.contexts = all.items;
	s->q.n_contexts = all.n;
	return r;
}

/* ---- hosts, limits, secrets, keys ---- */

static int add_host(struct service *s, cp_str_vec *v, const struct cp_yaml *at, struct cp_str host,
		    struct cp_str addresses)
{
	if (host.n == 0 || cp_str_find(host, ':', 0) < host.n || cp_str_find(host, '=', 0) < host.n)
		return expected(s, at, "extra_hosts", "HOST=ADDRESS");
	return cp_hosts_add(s->c->a, v, host, addresses) < 0 ? cp_err_nomem(s->c->err) : 0;
}

static int read_host(struct service *s, cp_str_vec *v, const struct cp_yaml *list, size_t i)
{
	const struct cp_yaml *item = list->items[i];
	struct cp_str host, addresses, text;
	int r = 0;

	if (list->kind == CP_YAML_MAP && item->kind == CP_YAML_SEQ) {
		for (size_t k = 0; r == 0 && k < item->n; k++)
			r = add_host(s, v, item, list->keys[i]->text, item->items[k]->text);
		return r;
	}
	if (item->kind != CP_YAML_SCALAR)
		return expected(s, item, "extra_hosts", "HOST=ADDRESS");
	text = cp_yaml_go_text(s->c->a, item);
	if (!text.p)
		return cp_err_nomem(s->c->err);
	if (list->kind == CP_YAML_MAP)
		return add_host(s, v, item, list->keys[i]->text, text);
	if (!cp_host_split(text, &host, &addresses))
		return expected(s, item, "extra_hosts", "HOST=ADDRESS");
	return add_host(s, v, item, host, addresses);
}

static int read_hosts(struct service *s)
{
	struct cp_yaml *v = member(s->build, "extra_hosts");
	cp_str_vec items = {0};
	int r = v && v->kind == CP_YAML_SCALAR ? expected(s, v, "extra_hosts", "a map or a list")
					       : 0;

	for (size_t i = 0; r == 0 && v && i < v->n; i++)
		if (!cp_compose_is_reset(v->items[i]))
			r = read_host(s, &items, v, i);
	if (r == 0 && cp_request_sort(s->c->a, items.items, items.n) < 0)
		r = cp_err_nomem(s->c->err);
	s->q.add_hosts = items.items;
	s->q.n_add_hosts = items.n;
	return r;
}

/* nofile: 1024 or {soft: 1, hard: 2} ─► nofile=1024, nofile=1:2 */
static int read_ulimit(struct service *s, struct cp_str name, const struct cp_yaml *v,
		       cp_str_vec *out)
{
	struct cp_str one = CP_S(""), soft = CP_S(""), hard = CP_S(""), text;
	int r = 0;

	if (v->kind == CP_YAML_SEQ)
		return expected(s, v, "ulimits", "numbers");
	if (v->kind == CP_YAML_SCALAR)
		one = cp_yaml_go_text(s->c->a, v);
	else
		r = read_text(s, v, "soft", &soft);
	if (r == 0 && v->kind == CP_YAML_MAP)
		r = read_text(s, v, "hard", &hard);
	if (r < 0)
		return r;
	/* build_bake.go toBakeUlimits: one number that is not above zero is not told on */
	if ((one.n && (cp_str_eq(one, CP_S("0")) || one.p[0] == '-')) ||
	    (v->kind == CP_YAML_MAP && v->n == 0))
		text = cp_arena_printf(s->c->a, "%.*s=0:0", CP_STR(name));
	else if (one.n)
		text = cp_arena_printf(s->c->a, "%.*s=%.*s", CP_STR(name), CP_STR(one));
	else
		text = cp_arena_printf(s->c->a, "%.*s=%.*s:%.*s", CP_STR(name), CP_STR(soft),
				       CP_STR(hard));
	return text.p && cp_vec_push(s->c->a, out, text) == 0 ? 0 : cp_err_nomem(s->c->err);
}

static int read_ulimits(struct service *s)
{
	struct cp_yaml *v = member(s->build, "ulimits");
	cp_str_vec items = {0};
	int r = v && v->kind != CP_YAML_MAP ? expected(s, v, "ulimits", "a map") : 0;

	for (size_t i = 0; r == 0 && v && i < v->n; i++)
		if (!cp_compose_is_reset(v->items[i]))
			r = read_ulimit(s, v->keys[i]->text, v->items[i], &items);
	if (r == 0 && cp_request_sort(s->c->a, items.items, items.n) < 0)
		r = cp_err_nomem(s->c->err);
	s->q.ulimits = items.items;
	s->q.n_ulimits = items.n;
	return r;
}

/* The id that a RUN sees, and where the project's `secrets:` says the value is. */
static int read_secret(struct service *s, const struct cp_yaml *v, cp_setting_vec *out)
{
	struct cp_str source = CP_S(""), target = CP_S(""), file = CP_S(""), env = CP_S("");
	const struct cp_yaml *def;
	struct cp_setting one = {0};
	int r = 0;

	if (v->kind == CP_YAML_SEQ)
		return expected(s, v, "secrets", "names or maps");
	if (v->kind == CP_YAML_SCALAR)
		source = v->text;
	else
		r = read_text(s, v, "source", &source);
	if (r == 0 && v->kind == CP_YAML_MAP)
		r = read_text(s, v, "target", &target);
	def = cp_compose_get(CP_COMPOSE_GET(s->model, "secrets"), source);
	if (r == 0 && def && def->kind == CP_YAML_MAP)
		r = read_text(s, def, "file", &file);
	if (r == 0 && def && def->kind == CP_YAML_MAP)
		r = read_text(s, def, "environment", &env);
	if (r < 0)
		return r;
	if (!env.n && !file.n) /* an external one: compose hands none to a build */
		return 0;
	one.key = target.n ? target : source;
	one.has_value = true;
	one.value = env.n ? cp_arena_cat(s->c->a, CP_S("env="), env)
			  : cp_arena_cat(s->c->a, CP_S("src="), file);
	return one.value.p && cp_vec_push(s->c->a, out, one) == 0 ? 0 : cp_err_nomem(s->c->err);
}

static int read_secrets(struct service *s)
{
	struct cp_yaml *v = member(s->build, "secrets");
	cp_setting_vec items = {0};
	int r = v && v->kind != CP_YAML_SEQ ? expected(s, v, "secrets", "a list") : 0;

	for (size_t i = 0; r == 0 && v && i < v->n; i++)
		r = read_secret(s, v->items[i], &items);
	s->q.secrets = items.items;
	s->q.n_secrets = items.n;
	return r;
}

/* [default, id=path] or {default: , id: path} */
static int read_ssh(struct service *s)
{
	cp_setting_vec all = {0};
	cp_str_vec items = {0};
	int r = read_settings(s, "ssh", &all);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct cp_str text = all.items[i].key;

		if (all.items[i].value.n)
			text = cp_arena_printf(s->c->a, "%.*s=%.*s", CP_STR(text),
					       CP_STR(all.items[i].value));
		if (!text.p || cp_vec_push(s->c->a, &items, text) < 0)
			r = cp_err_nomem(s->c->err);
	}
	s->q.ssh = items.items;
	s->q.n_ssh = items.n;
	return r;
}

/* ---- places and platforms ---- */

static int read_places(struct service *s)
{
	struct cp_str dockerfile = CP_S("");
	struct cp_yaml *inline_text = member(s->build, "dockerfile_inline");
	int r = read_text(s, s->build, "context", &s->q.context);

	if (r == 0)
		r = read_text(s, s->build, "dockerfile", &dockerfile);
	if (r < 0)
		return r;
	if (inline_text)
		return read_text(s, s->build, "dockerfile_inline", &s->q.dockerfile_inline);
	if (dockerfile.n)
		s->q.dockerfile = cp_request_path(s->c->a, s->q.context, dockerfile);
	return s->q.dockerfile.p || !dockerfile.n ? 0 : cp_err_nomem(s->c->err);
}

/*
 * cmd/compose/options.go applyPlatforms for `docker compose build`: without build.platforms the
 * service's own counts.
 */
static int read_platforms(struct service *s, const struct cp_yaml *service)
{
	struct cp_str platform = CP_S("");
	int r = read_list(s, s->build, "platforms", &s->q.platforms, &s->q.n_platforms);

	if (r == 0)
		r = read_text(s, service, "platform", &platform);
	if (r < 0)
		return r;
	if (!platform.n)
		cp_scope_get(s->scope, CP_S("DOCKER_DEFAULT_PLATFORM"), &platform);
	if (s->q.n_platforms || !platform.n)
		return 0;
	s->q.platforms = cp_arena_array(s->c->a, 1, sizeof(*s->q.platforms));
	if (!s->q.platforms)
		return cp_err_nomem(s->c->err);
	s->q.platforms[0] = platform;
	s->q.n_platforms = 1;
	return 0;
}

/* The text before '=' tells tags apart, as override/uncity.go has it. */
static int read_tags(struct service *s, const struct cp_yaml *service)
{
	struct cp_str image = CP_S(""), *all = NULL;
	struct cp_map places = {0};
	cp_str_vec tags = {0};
	size_t n = 0;
	int r = read_list(s, s->build, "tags", &all, &n);

	if (r == 0)
		r = read_text(s, service, "image", &image);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct cp_str key = cp_str_sub(all[i], 0, cp_str_find(all[i], '=', 0));
		uintptr_t place = (uintptr_t)cp_map_get(&places, key);

		if (place)
			tags.items[place - 1] = all[i];
		else if (cp_vec_push(s->c->a, &tags, all[i]) < 0 ||
			 cp_map_put(s->c->a, &places, key, (void *)tags.n) < 0)
			r = cp_err_nomem(s->c->err);
	}
	if (r == 0 && image.n && cp_vec_push(s->c->a, &tags, image) < 0)
		r = cp_err_nomem(s->c->err);
	s->q.tags = tags.items;
	s->q.n_tags = tags.n;
	return r;
}

static int read_fields(struct service *s)
{
	static int (*const readers[])(struct service *) = {
		read_args,    read_labels,  read_contexts, read_hosts,
		read_ulimits, read_secrets, read_ssh,
	};
	int r = read_text(s, s->build, "target", &s->q.target);

	if (r == 0)
		r = read_text(s, s->build, "network", &s->q.network);
	if (r == 0)
		r = read_text(s, s->build, "shm_size", &s->q.shm_size);
	if (r == 0)
		r = read_bool(s, "no_cache", &s->q.no_cache);
	if (r == 0)
		r = read_bool(s, "pull", &s->q.pull);
	if (r == 0)
		r = read_caches(s, "cache_from", &s->q.cache_from, &s->q.n_cache_from);
	if (r == 0)
		r = read_caches(s, "cache_to", &s->q.cache_to, &s->q.n_cache_to);
	for (size_t i = 0; r == 0 && i < CP_LEN(readers); i++)
		r = readers[i](s);
	return r;
}

int cp_compose_request(struct cp_compose *c, const struct cp_yaml *model, struct cp_str name,
		       const struct cp_yaml *service, struct cp_scope *scope,
		       struct cp_image_request *ret)
{
	struct service s = {.c = c,
			    .model = model,
			    .build = member(service, "build"),
			    .scope = scope,
			    .q = {.name = name}};
	int r;

	if (!s.build || s.build->kind != CP_YAML_MAP)
		return cp_err_set(c->err, CP_EBUG, "service %.*s has no build", CP_STR(name));
	s.q.origin = cp_arena_printf(c->a, "%.*s:%d", CP_STR(s.build->source->name), s.build->line);
	if (!s.q.origin.p)
		return cp_err_nomem(c->err);
	r = read_places(&s);
	if (r == 0)
		r = read_fields(&s);
	if (r == 0)
		r = read_platforms(&s, service);
	if (r == 0)
		r = read_tags(&s, service);
	if (r == 0)
		*ret = s.q;
	return r;
}
