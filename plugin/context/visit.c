/* cp_selection_visit: everything that a selector reaches, once each, sorted by path. */
#include "context/select_int.h"

#include <stdlib.h>

struct visitor {
	struct cp_arena *a;
	struct cp_fs *fs;
	CP_VEC(struct cp_node) nodes;
	unsigned depth;
	struct cp_err *err;
};

static int add_node(struct visitor *v, const struct cp_node *n)
{
	if (v->nodes.n >= CP_MAX_TREE_ENTRIES)
		return cp_err_set(v->err, CP_ELIMIT, "more than %u files", CP_MAX_TREE_ENTRIES);
	return cp_vec_push(v->a, &v->nodes, *n) < 0 ? cp_err_nomem(v->err) : 0;
}

static int add_link(void *self, const struct cp_node *link)
{
	return add_node(self, link);
}

/* A node and all that is below it. */
static int add_tree(struct visitor *v, const struct cp_node *n)
{
	const struct cp_listing *listing;
	int r = add_node(v, n);

	if (r < 0 || n->kind != CP_NODE_DIR)
		return r;
	if (v->depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(v->err, CP_ELIMIT, "%.*s: too many folders", CP_STR(n->path));
	r = v->fs->ops->list(v->fs, n, &listing, v->err);
	v->depth++;
	for (size_t i = 0; r == 0 && i < listing->n_children; i++)
		r = add_tree(v, &listing->children[i].node);
	v->depth--;
	return r;
}

static int add_path(struct visitor *v, struct cp_str path, bool follow)
{
	struct cp_context_link_watch watch = {add_link, v};
	struct cp_context_spot spot;
	int r = cp_context_resolve(v->a, v->fs, path, follow, &watch, &spot, v->err);

	if (r < 0)
		return r;
	if (spot.found == CP_MISSING || spot.found == CP_LINK_LOOP)
		return cp_err_set(v->err, CP_ENOTFOUND, "%.*s: not found", CP_STR(path));
	return add_tree(v, &spot.node);
}

static int add_entry(void *self, const struct cp_context_entry *e)
{
	struct visitor *v = self;
	int r;

	if (!e->follow)
		return add_node(v, &e->node);
	r = add_path(v, e->name, true);
	/* a link that leads nowhere is all there is of it */
	return r == CP_ENOTFOUND && !(v->err && v->err->hint[0]) ? add_node(v, &e->node) : r;
}

static int compare_paths(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_node *)x)->path, ((const struct cp_node *)y)->path);
}

static int visit_list(struct visitor *v, const struct cp_selector *sel)
{
	struct cp_context_link_watch watch = {add_link, v};
	struct cp_context_selection s;
	struct cp_context_spot spot;
	bool unknown;
	int r = cp_context_selection_init(v->a, v->fs, sel, &s, v->err);

	/* links within the prefix count as well */
	if (r == 0)
		r = cp_context_resolve(v->a, v->fs, s.prefix, s.wild, &watch, &spot, v->err);
	if (r == 0 && s.unknown_start)
		return add_node(v, &s.spot.node);
	return r < 0 ? r : cp_context_walk(&s, add_entry, v, &unknown, v->err);
}

int cp_selection_visit(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sel,
		       int (*visit)(void *self, const struct cp_node *node, struct cp_str path),
		       void *self, struct cp_err *err)
{
	struct cp_err local = {0};
	struct visitor v = {.a = a, .fs = fs, .err = err ? err : &local};
	int r = 0;

	if (!cp_context_selector_is_plain(sel))
		r = visit_list(&v, sel);
	else if (!fs->is_empty || sel->path.n > 1)
		r = add_path(&v, sel->path, sel->follow_links);
	if (r < 0)
		return r;
	if (v.nodes.n > 1)
		qsort(v.nodes.items, v.nodes.n, sizeof(*v.nodes.items), compare_paths);
	for (size_t i = 0; r == 0 && i < v.nodes.n; i++) {
		struct cp_node *n = &v.nodes.items[i];

		if (i == 0 || !cp_str_eq(n->path, n[-1].path))
			r = visit(self, n, n->path);
	}
	return r;
}
