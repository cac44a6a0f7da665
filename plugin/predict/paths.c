/* What an image depends on: every path that a step selects, and the same as patterns. */
#include <stdlib.h>

#include "keys/keys.h"
#include "predict/predict.h"

typedef CP_VEC(struct cp_str) str_vec;

struct collector {
	struct cp_arena *arena;
	const struct cp_build *build;
	struct cp_map seen;
	str_vec paths, patterns;
	struct cp_str prefix; /* of the context being visited */
	bool git_dir;
	struct cp_err *err;
};

static struct cp_str in_repository(struct collector *c, struct cp_str path)
{
	path = cp_str_trim_left(path, "/");
	if (!c->prefix.n)
		return cp_arena_str(c->arena, path);
	return cp_arena_printf(c->arena, "%.*s/%.*s", CP_STR(c->prefix), CP_STR(path));
}

static int add_once(struct collector *c, str_vec *list, struct cp_str text)
{
	struct cp_str key = cp_arena_cat(c->arena, list == &c->paths ? CP_S("p") : CP_S("f"), text);

	if (!key.p || !text.p)
		return cp_err_nomem(c->err);
	if (cp_map_get(&c->seen, key))
		return 0;
	if (cp_map_put(c->arena, &c->seen, key, c) < 0 || cp_vec_push(c->arena, list, text) < 0)
		return cp_err_nomem(c->err);
	return 0;
}

static int visit(void *self, const struct cp_node *node, struct cp_str path)
{
	struct collector *c = self;

	if (node->kind == CP_NODE_VOLATILE) {
		c->git_dir = true;
		return 0;
	}
	if (node->kind != CP_NODE_FILE && node->kind != CP_NODE_SYMLINK)
		return 0;
	return add_once(c, &c->paths, in_repository(c, path));
}

/* GitHub's filters give `?`, `+`, `[`, `]`, `!` and `\` meanings of their own; a wildcard in their place covers more. */
static struct cp_str as_filter(struct collector *c, struct cp_str pattern)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_LINE_BYTES);

	for (size_t i = 0; i < pattern.n; i++) {
		if (strchr("?+[]!\\", pattern.p[i]) && pattern.p[i])
			cp_buf_addc(&out, '*');
		else
			cp_buf_addc(&out, pattern.p[i]);
	}
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0}
				  : cp_arena_str(c->arena, cp_buf_str(&out));
}

static int add_pattern(struct collector *c, struct cp_str path, bool folder)
{
	struct cp_str p = as_filter(c, in_repository(c, path));

	if (p.p && folder)
		p = p.n == 0 || cp_str_ends(p, CP_S("/")) ? cp_arena_cat(c->arena, p, CP_S("**"))
							  : cp_arena_cat(c->arena, p, CP_S("/**"));
	return add_once(c, &c->patterns, p);
}

static int selector_patterns(struct collector *c, struct cp_fs *fs, const struct cp_selector *s)
{
	struct cp_node node;
	struct cp_str real;
	int r;

	if (s->wildcard || s->n_includes) {
		r = add_pattern(c, s->path, false);
		return r < 0 ? r : add_pattern(c, s->path, true);
	}
	r = cp_fs_resolve(c->arena, fs, s->path, true, &node, &real, NULL);
	if (r < 0) /* it does not exist: the file that would mend it */
		return add_pattern(c, s->path, false);
	if (!cp_str_eq(real, s->path)) {
		r = add_pattern(c, real, node.kind == CP_NODE_DIR);
		if (r < 0)
			return r;
		return add_pattern(c, s->path, false);
	}
	return add_pattern(c, s->path, node.kind == CP_NODE_DIR);
}

static int collect_input(struct collector *c, const struct cp_op *source,
			 const struct cp_key_input *in)
{
	struct cp_str name = source->source.local_name;
	struct cp_fs *fs = c->build->local ? c->build->local(c->build->self, name) : NULL;

	if (!fs)
		return 0;
	c->prefix = c->build->prefix ? c->build->prefix(c->build->self, name) : CP_S("");
	for (size_t i = 0; i < in->n_sels; i++) {
		struct cp_err local = {0};
		int r = cp_selection_visit(c->arena, fs, &in->sels[i], visit, c, &local);

		if (r == CP_ENOMEM || r == CP_ELIMIT)
			return cp_err_set(c->err, r, "%s", local.message);
		r = selector_patterns(c, fs, &in->sels[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Ignore rules as exclusions. A rule with a character that filters read in another way is left out when it ignores (the filter then
 * covers more), and widened when it re-includes.
 */
static int ignore_patterns(struct collector *c)
{
	c->prefix = c->build->context_prefix;
	for (size_t i = 0; i < c->build->n_ignore_lines; i++) {
		struct cp_str line = c->build->ignore_lines[i], filter, both[2];
		bool again = cp_str_starts(line, CP_S("!"));

		line = again ? cp_str_from(line, 1) : line;
		filter = as_filter(c, in_repository(c, line));
		if (!filter.p)
			return cp_err_nomem(c->err);
		if (!again && !cp_str_eq(filter, in_repository(c, line)))
			continue;
		both[0] = cp_arena_cat(c->arena, again ? CP_S("") : CP_S("!"), filter);
		both[1] = both[0].p ? cp_arena_cat(c->arena, both[0], CP_S("/**")) : both[0];
		for (size_t k = 0; k < 2; k++)
			if (!both[k].p || cp_vec_push(c->arena, &c->patterns, both[k]) < 0)
				return cp_err_nomem(c->err);
	}
	return 0;
}

static int compare(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

int cp_paths_collect(struct cp_arena *arena, const struct cp_build *b, const struct cp_str *extra,
		     size_t n_extra, struct cp_paths *ret_paths, struct cp_err *err)
{
	struct collector c = {.arena = arena, .build = b, .err = err};
	struct cp_op_key *keys;
	int r = cp_keys_compute(arena, b->graph, &keys, err);

	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++) {
		const struct cp_op *op = b->graph->ops[i];

		for (size_t k = 0; r == 0 && k < op->n_inputs; k++)
			if (op->inputs[k]->kind == CP_OP_SOURCE &&
			    op->inputs[k]->source.local_name.n)
				r = collect_input(&c, op->inputs[k], &keys[op->index].inputs[k]);
	}
	if (r == 0)
		r = ignore_patterns(&c);
	c.prefix = CP_S("");
	for (size_t i = 0; r == 0 && i < n_extra; i++) {
		struct cp_str filter = as_filter(&c, extra[i]);

		r = add_once(&c, &c.paths, extra[i]);
		if (r == 0 && (!filter.p || cp_vec_push(arena, &c.patterns, filter) < 0))
			r = cp_err_nomem(err);
	}
	if (r < 0)
		return r;
	if (c.paths.n > 1)
		qsort(c.paths.items, c.paths.n, sizeof(*c.paths.items), compare);
	ret_paths->paths = c.paths.items;
	ret_paths->n_paths = c.paths.n;
	ret_paths->patterns = c.patterns.items;
	ret_paths->n_patterns = c.patterns.n;
	ret_paths->git_dir = c.git_dir;
	return 0;
}
