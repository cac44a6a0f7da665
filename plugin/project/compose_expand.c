/* The variables of a document: compose-go v2.9.1 interpolation/interpolation.go. */
#include "project/compose_int.h"

static int expand_scalar(struct cp_compose *c, struct cp_scope *scope, struct cp_yaml *v,
			 struct cp_yaml **ret)
{
	struct cp_str text;
	int r;

	*ret = v;
	if (cp_str_find(v->text, '$', 0) == v->text.n)
		return 0;
	r = cp_scope_expand(scope, v->text, &text, c->err);
	if (r < 0) {
		char message[sizeof(c->err->message)], hint[sizeof(c->err->hint)];

		memcpy(message, c->err->message, sizeof(message));
		memcpy(hint, c->err->hint, sizeof(hint));
		cp_yaml_fail(c->err, r, v, "%s", message);
		cp_err_hint(c->err, "%s", hint);
		return r;
	}
	*ret = cp_yaml_new_text(c->a, v, text);
	if (!*ret)
		return cp_err_nomem(c->err);
	(*ret)->tag =
		cp_compose_is_reset(v) || cp_str_eq(v->tag, CP_S("!override")) ? v->tag : CP_S("");
	return 0;
}

static int expand_map(struct cp_compose *c, struct cp_scope *scope, struct cp_yaml *v,
		      struct cp_yaml **ret)
{
	struct cp_yaml *out = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct cp_yaml *value;
		int r = cp_compose_expand(c, scope, v->items[i], &value);

		if (r < 0)
			return r;
		if (value == v->items[i])
			continue;
		if (!out)
			out = cp_yaml_copy_map(c->a, v);
		if (!out || cp_yaml_map_put(c->a, out, v->keys[i], value) < 0)
			return cp_err_nomem(c->err);
	}
	*ret = out ? out : v;
	return 0;
}

static int expand_list(struct cp_compose *c, struct cp_scope *scope, struct cp_yaml *v,
		       struct cp_yaml **ret)
{
	struct cp_yaml *out = CP_NEW(c->a, struct cp_yaml);

	if (!out)
		return cp_err_nomem(c->err);
	*out = *v;
	out->items = cp_arena_array(c->a, v->n, sizeof(*out->items));
	if (!out->items)
		return cp_err_nomem(c->err);
	for (size_t i = 0; i < v->n; i++) {
		int r = cp_compose_expand(c, scope, v->items[i], &out->items[i]);

		if (r < 0)
			return r;
	}
	*ret = out;
	return 0;
}

int cp_compose_expand(struct cp_compose *c, struct cp_scope *scope, struct cp_yaml *v,
		      struct cp_yaml **ret)
{
	if (v->kind == CP_YAML_SCALAR)
		return expand_scalar(c, scope, v, ret);
	return v->kind == CP_YAML_MAP ? expand_map(c, scope, v, ret)
				      : expand_list(c, scope, v, ret);
}

int cp_compose_look(struct cp_compose *c, const struct cp_scope *scope, struct cp_yaml *root)
{
	struct cp_scope aside = *scope;
	struct cp_err err = {0};
	struct cp_compose other = *c;
	struct cp_yaml *ignored;

	memset(&aside.unset, 0, sizeof(aside.unset));
	other.err = &err;
	if (cp_compose_expand(&other, &aside, root, &ignored) == 0)
		return 0;
	if (err.code != CP_EINVAL) {
		*c->err = err;
		return err.code;
	}
	return cp_compose_note(c, NULL, "%s:%d: %s: docker compose refuses this file", err.file,
			       err.line, err.message);
}
