/*
 * How compose lays one file over another: compose-go v2.9.1 override/merge.go, for the parts of a
 * service that a build sees.
 */
#include "project/compose_int.h"

typedef int (*merger)(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		      struct cp_yaml **ret);

static int merge_any(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		     struct cp_yaml **ret);

bool cp_compose_is_reset(const struct cp_yaml *v)
{
	return v && cp_str_eq(v->tag, CP_S("!reset"));
}

static bool replaces(const struct cp_yaml *v)
{
	return cp_compose_is_reset(v) || cp_str_eq(v->tag, CP_S("!override"));
}

struct cp_yaml *cp_compose_get(const struct cp_yaml *v, struct cp_str key)
{
	struct cp_yaml *member = cp_yaml_get(v, key);

	return cp_compose_is_reset(member) ? NULL : member;
}

int cp_compose_count(struct cp_compose *c, const struct cp_yaml *at, size_t n)
{
	c->made += n;
	if (c->made <= CP_MAX_YAML_NODES)
		return 0;
	return cp_yaml_fail(c->err, CP_ELIMIT, at,
			    "over %u nodes when extends and overrides are merged",
			    CP_MAX_YAML_NODES);
}

/* What a member becomes: `choose` picks the rule of its key. */
static int merge_maps(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		      merger (*choose)(struct cp_str key), struct cp_yaml **ret)
{
	struct cp_yaml *out;
	int r = cp_compose_count(c, over, base->n + over->n);

	if (r < 0)
		return r;
	out = cp_yaml_copy_map(c->a, base);
	if (!out)
		return cp_err_nomem(c->err);
	if (over->height > out->height)
		out->height = over->height;
	for (size_t i = 0; i < over->n; i++) {
		struct cp_yaml *key = over->keys[i], *value = over->items[i],
			       *old = cp_yaml_get(base, key->text);
		bool merge = old && !replaces(value) && !cp_compose_is_reset(old);

		r = merge ? choose(key->text)(c, old, value, &value) : 0;
		if (r < 0)
			return r;
		if (cp_yaml_map_put(c->a, out, key, value) < 0)
			return cp_err_nomem(c->err);
	}
	*ret = out;
	return 0;
}

static merger choose_any(struct cp_str key)
{
	(void)key;
	return merge_any;
}

static int append(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		  struct cp_yaml **ret)
{
	struct cp_yaml *out = cp_yaml_new_map(c->a, over);
	int r = cp_compose_count(c, over, base->n + over->n);

	if (r < 0)
		return r;
	if (!out)
		return cp_err_nomem(c->err);
	out->kind = CP_YAML_SEQ;
	out->height = base->height > over->height ? base->height : over->height;
	out->items = cp_arena_array(c->a, base->n + over->n, sizeof(*out->items));
	if (!out->items)
		return cp_err_nomem(c->err);
	if (base->n)
		memcpy(out->items, base->items, base->n * sizeof(*out->items));
	if (over->n)
		memcpy(out->items + base->n, over->items, over->n * sizeof(*out->items));
	out->n = base->n + over->n;
	*ret = out;
	return 0;
}

/*
 * Maps by key, lists one after the other, anything else is replaced; nothing (null) replaces
 * nothing.
 */
static int merge_any(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		     struct cp_yaml **ret)
{
	if (cp_yaml_is_null(over)) {
		*ret = base;
		return 0;
	}
	if (base->kind == CP_YAML_SCALAR) {
		*ret = over;
		return 0;
	}
	if (base->kind != over->kind)
		return cp_yaml_fail(c->err, CP_EINVAL, over,
				    "a %s cannot be laid over the %s of an earlier file or service",
				    over->kind == CP_YAML_MAP   ? "map"
				    : over->kind == CP_YAML_SEQ ? "list"
								: "plain value",
				    base->kind == CP_YAML_MAP ? "map" : "list");
	if (base->kind == CP_YAML_MAP)
		return merge_maps(c, base, over, choose_any, ret);
	return append(c, base, over, ret);
}

/* convertIntoSequence of one member: KEY alone for null, KEY=VALUE for each value of a list. */
static int add_pair(struct cp_compose *c, struct cp_yaml *seq, const struct cp_yaml *key,
		    const struct cp_yaml *value)
{
	bool list = value->kind == CP_YAML_SEQ;
	size_t n = list ? value->n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct cp_yaml *v = list ? value->items[i] : value;
		struct cp_str text = key->text;

		if (v->kind != CP_YAML_SCALAR)
			return cp_yaml_fail(c->err, CP_EINVAL, v, "%.*s: expected a plain value",
					    CP_STR(key->text));
		if (!cp_yaml_is_null(v))
			text = cp_arena_printf(c->a, "%.*s=%.*s", CP_STR(key->text),
					       CP_STR(cp_yaml_go_text(c->a, v)));
		seq->items[seq->n] = text.p || !text.n ? cp_yaml_new_text(c->a, key, text) : NULL;
		if (!seq->items[seq->n++])
			return cp_err_nomem(c->err);
	}
	return 0;
}

static size_t count_values(const struct cp_yaml *map)
{
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += map->items[i]->kind == CP_YAML_SEQ ? map->items[i]->n : 1;
	return n;
}

/* A map, list or single value as a list. */
static int to_list(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret)
{
	struct cp_yaml *seq;
	size_t room = v->kind == CP_YAML_MAP ? count_values(v) : 1;
	int r = cp_compose_count(c, v, room);

	*ret = v;
	if (r < 0 || v->kind == CP_YAML_SEQ)
		return r;
	seq = cp_yaml_new_map(c->a, v);
	if (!seq)
		return cp_err_nomem(c->err);
	seq->kind = CP_YAML_SEQ;
	seq->height = 1;
	seq->items = cp_arena_array(c->a, room, sizeof(*seq->items));
	if (!seq->items)
		return cp_err_nomem(c->err);
	*ret = seq;
	if (v->kind == CP_YAML_SCALAR) {
		if (!cp_yaml_is_null(v))
			seq->items[seq->n++] = v;
		return 0;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (cp_compose_is_reset(v->items[i]))
			continue;
		r = add_pair(c, seq, v->keys[i], v->items[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A map without what `over` takes away or replaces. Keys only count while both are maps. */
static int take_away(struct cp_compose *c, struct cp_yaml *base, const struct cp_yaml *over,
		     struct cp_yaml **ret)
{
	struct cp_yaml *out;
	bool any = false;

	*ret = base;
	if (base->kind != CP_YAML_MAP || over->kind != CP_YAML_MAP)
		return 0;
	for (size_t i = 0; i < over->n; i++)
		any |= replaces(over->items[i]);
	if (!any)
		return 0;
	out = cp_yaml_new_map(c->a, base);
	if (!out)
		return cp_err_nomem(c->err);
	out->height = base->height;
	for (size_t i = 0; i < base->n; i++) {
		const struct cp_yaml *value = cp_yaml_get(over, base->keys[i]->text);

		if (value && replaces(value))
			continue;
		if (cp_yaml_map_put(c->a, out, base->keys[i], base->items[i]) < 0)
			return cp_err_nomem(c->err);
	}
	*ret = out;
	return cp_compose_count(c, base, base->n);
}

/*
 * mergeToSequence: both sides as lists, one after the other; a key said twice is settled by whoever
 * reads the list.
 */
static int merge_lists(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		       struct cp_yaml **ret)
{
	struct cp_yaml *x, *y;
	int r = take_away(c, base, over, &base);

	if (r == 0)
		r = to_list(c, base, &x);

	if (r == 0)
		r = to_list(c, over, &y);
	return r == 0 ? append(c, x, y, ret) : r;
}

/* mergeExtraHosts: as lists, without the entries of `over` that `base` has word for word. */
static int merge_hosts(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		       struct cp_yaml **ret)
{
	struct cp_yaml *x, *y, *fresh;
	struct cp_map seen = {0};
	int r = take_away(c, base, over, &base);

	if (r == 0)
		r = to_list(c, base, &x);

	if (r == 0)
		r = to_list(c, over, &y);
	if (r < 0)
		return r;
	fresh = cp_yaml_new_map(c->a, y);
	if (!fresh)
		return cp_err_nomem(c->err);
	fresh->kind = CP_YAML_SEQ;
	fresh->height = y->height;
	fresh->items = cp_arena_array(c->a, y->n, sizeof(*fresh->items));
	if (!fresh->items)
		return cp_err_nomem(c->err);
	for (size_t i = 0; i < x->n; i++)
		if (cp_map_put(c->a, &seen, x->items[i]->text, c) < 0)
			return cp_err_nomem(c->err);
	for (size_t i = 0; i < y->n; i++)
		if (!cp_map_get(&seen, y->items[i]->text))
			fresh->items[fresh->n++] = y->items[i];
	return append(c, x, fresh, ret);
}

int cp_compose_to_map(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret)
{
	struct cp_yaml *map;
	int r = cp_compose_count(c, v, v->n);

	*ret = v;
	if (r < 0 || v->kind == CP_YAML_MAP)
		return r;
	map = cp_yaml_new_map(c->a, v);
	if (!map)
		return cp_err_nomem(c->err);
	map->height = 1;
	for (size_t i = 0; i < v->n; i++) {
		struct cp_str text = v->items[i]->text;
		size_t at = cp_str_find(text, '=', 0);
		struct cp_yaml *key = cp_yaml_new_text(c->a, v->items[i], cp_str_sub(text, 0, at));
		struct cp_yaml *value =
			cp_yaml_new_text(c->a, v->items[i], cp_str_from(text, at + 1));

		bool alone = at == text.n && cp_str_eq(text, CP_S("default"));

		if (v->items[i]->kind != CP_YAML_SCALAR || (at == text.n && !alone))
			return cp_yaml_fail(c->err, CP_EINVAL, v->items[i], "expected NAME=VALUE");
		if (!key || !value || cp_yaml_map_put(c->a, map, key, value) < 0)
			return cp_err_nomem(c->err);
		value->plain = alone; /* `default` of ssh has no value */
	}
	*ret = map;
	return 0;
}

static int merge_as_maps(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			 struct cp_yaml **ret)
{
	struct cp_yaml *x, *y;
	int r = cp_compose_to_map(c, base, &x);

	if (r == 0)
		r = cp_compose_to_map(c, over, &y);
	return r == 0 ? merge_maps(c, x, y, choose_any, ret) : r;
}

static merger choose_build(struct cp_str key)
{
	static const struct cp_str lists[] = {CP_S_INIT("args"), CP_S_INIT("labels")};

	if (cp_str_eq(key, CP_S("extra_hosts")))
		return merge_hosts;
	if (cp_str_eq(key, CP_S("additional_contexts")) || cp_str_eq(key, CP_S("ssh")))
		return merge_as_maps; /* as lists would; paths keep the mark that they are placed */
	for (size_t i = 0; i < CP_LEN(lists); i++)
		if (cp_str_eq(key, lists[i]))
			return merge_lists;
	return merge_any;
}

int cp_compose_to_build(struct cp_compose *c, struct cp_yaml *v, struct cp_yaml **ret)
{
	struct cp_yaml *map, *key;

	*ret = v;
	if (v->kind == CP_YAML_MAP)
		return 0;
	if (!cp_yaml_is_string(v))
		return cp_yaml_fail(c->err, CP_EINVAL, v, "build: expected a path or a map");
	map = cp_yaml_new_map(c->a, v);
	key = cp_yaml_new_text(c->a, v, CP_S("context"));
	if (!map || !key || cp_yaml_map_put(c->a, map, key, v) < 0)
		return cp_err_nomem(c->err);
	map->height = 1;
	*ret = map;
	return 0;
}

static int merge_build(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
		       struct cp_yaml **ret)
{
	struct cp_yaml *x, *y;
	int r = cp_compose_to_build(c, base, &x);

	if (r == 0 && cp_yaml_is_null(over)) {
		*ret = x;
		return 0;
	}
	if (r == 0)
		r = cp_compose_to_build(c, over, &y);
	return r == 0 ? merge_maps(c, x, y, choose_build, ret) : r;
}

static merger choose_service(struct cp_str key)
{
	return cp_str_eq(key, CP_S("build")) ? merge_build : merge_any;
}

int cp_compose_merge_service(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			     struct cp_yaml **ret)
{
	if (base->kind != CP_YAML_MAP || over->kind != CP_YAML_MAP)
		return merge_any(c, base, over, ret);
	return merge_maps(c, base, over, choose_service, ret);
}

static merger choose_named_service(struct cp_str key)
{
	(void)key;
	return cp_compose_merge_service;
}

static int merge_services(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			  struct cp_yaml **ret)
{
	return merge_maps(c, base, over, choose_named_service, ret);
}

static merger choose_top(struct cp_str key)
{
	return cp_str_eq(key, CP_S("services")) ? merge_services : merge_any;
}

int cp_compose_merge_model(struct cp_compose *c, struct cp_yaml *base, struct cp_yaml *over,
			   struct cp_yaml **ret)
{
	return merge_maps(c, base, over, choose_top, ret);
}
