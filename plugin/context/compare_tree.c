/*
 * Are two files, or two folders with all that is in them, hashed alike? Equal subtrees are skipped
 * by their identity.
 */
#include "context/compare_int.h"

/* The root of a local context: its header is not hashed (checksum.go HandleChange fakes it). */
static bool has_no_header(const struct cp_node *n)
{
	return n->mode == 0 && n->path.n == 0;
}

bool cp_context_same_header(const struct cp_node *a, const struct cp_node *b)
{
	if (has_no_header(a) || has_no_header(b))
		return has_no_header(a) && has_no_header(b);
	return a->mode == b->mode && cp_owner_eq(&a->owner, &b->owner);
}

/* Owners that differ only as far as can be seen: names looked up in something unknown. */
static bool owner_is_open(const struct cp_node *a, const struct cp_node *b)
{
	return !cp_owner_eq(&a->owner, &b->owner) && (a->owner.unsure || b->owner.unsure);
}

int cp_context_compare_headers(struct cp_context_comparer *c, const struct cp_node *a,
			       const struct cp_node *b, bool unknown)
{
	if (cp_context_same_header(a, b))
		return 0;
	if (a->mode != b->mode && unknown && (a->mode == 0 || b->mode == 0)) {
		cp_context_note_depends(c, &a->identity, &b->identity);
		return 0;
	}
	if (a->mode == b->mode && owner_is_open(a, b)) {
		cp_context_note_depends(c, &a->owner.names, &b->owner.names);
		return 0;
	}
	return cp_context_note_change(c, b->path, CP_CHANGE_MODE, false);
}

/* ---- files and links ---- */

static int compare_bytes(struct cp_context_comparer *c, const struct cp_node *a,
			 const struct cp_node *b, bool *ret_equal)
{
	const struct cp_fs_ops *ops = c->fs_a->ops->same_bytes ? c->fs_a->ops : c->fs_b->ops;
	struct cp_err err = {0};
	int r;

	*ret_equal = cp_digest_eq(&a->identity, &b->identity);
	if (*ret_equal || a->kind == CP_NODE_SYMLINK || !ops->same_bytes)
		return 0;
	if (ops == c->fs_a->ops)
		r = ops->same_bytes(c->fs_a, a, c->fs_b, b, ret_equal, &err);
	else
		r = ops->same_bytes(c->fs_b, b, c->fs_a, a, ret_equal, &err);
	if (r == 0)
		return 0;
	*ret_equal = true; /* nothing more to say than that it is not known */
	return cp_context_note_unsure(c, r, &err);
}

static int compare_leaves(struct cp_context_comparer *c, const struct cp_node *a,
			  const struct cp_node *b)
{
	bool same, open = owner_is_open(a, b);
	int r = compare_bytes(c, a, b, &same);

	if (r < 0)
		return r;
	if (!same)
		return cp_context_note_change(c, b->path, CP_CHANGE_MODIFIED, false);
	if (a->mode != b->mode || (!cp_owner_eq(&a->owner, &b->owner) && !open))
		return cp_context_note_change(c, b->path, CP_CHANGE_MODE, false);
	if (open)
		cp_context_note_depends(c, &a->owner.names, &b->owner.names);
	return 0;
}

static int compare_volatile(struct cp_context_comparer *c, const struct cp_node *a,
			    const struct cp_node *b)
{
	if (cp_digest_eq(&a->identity, &b->identity))
		return 0;
	if (a->maybe && b->maybe)
		return cp_context_note_maybe(c, b);
	return cp_context_note_change(c, b->path, CP_CHANGE_MODIFIED, true);
}

/* ---- folders ---- */

static int only_in_one(struct cp_context_comparer *c, struct cp_fs *fs, const struct cp_node *n,
		       enum cp_change change, const struct cp_listing *other)
{
	if (n->kind == CP_NODE_OPAQUE || other->has_rest) {
		const struct cp_digest *here = n->kind == CP_NODE_OPAQUE ? &n->identity : NULL;
		const struct cp_digest *there = other->has_rest ? &other->rest : NULL;

		if (change == CP_CHANGE_REMOVED)
			cp_context_note_depends(c, here, there);
		else
			cp_context_note_depends(c, there, here);
		return 0;
	}
	if (n->kind == CP_NODE_VOLATILE && n->maybe)
		return cp_context_note_maybe(c, n);
	return cp_context_note_tree(c, fs, n, change);
}

static int compare_children(struct cp_context_comparer *c, const struct cp_listing *a,
			    const struct cp_listing *b)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < a->n_children || k < b->n_children) && !cp_context_is_over(c)) {
		const struct cp_child *x = i < a->n_children ? &a->children[i] : NULL;
		const struct cp_child *y = k < b->n_children ? &b->children[k] : NULL;
		int order = !x ? 1 : !y ? -1 : cp_str_cmp(x->name, y->name);

		i += order <= 0;
		k += order >= 0;
		if (order < 0)
			r = only_in_one(c, c->fs_a, &x->node, CP_CHANGE_REMOVED, b);
		else if (order > 0)
			r = only_in_one(c, c->fs_b, &y->node, CP_CHANGE_ADDED, a);
		else
			r = cp_context_compare_nodes(c, &x->node, &y->node);
	}
	return r;
}

static void compare_rests(struct cp_context_comparer *c, const struct cp_listing *a,
			  const struct cp_listing *b)
{
	if (!a->has_rest && !b->has_rest)
		return;
	if (a->has_rest && b->has_rest && cp_digest_eq(&a->rest, &b->rest))
		return;
	cp_context_note_depends(c, a->has_rest ? &a->rest : NULL, b->has_rest ? &b->rest : NULL);
}

static int compare_dirs(struct cp_context_comparer *c, const struct cp_node *a,
			const struct cp_node *b)
{
	const struct cp_listing *la, *lb;
	struct cp_err err = {0};
	int r;

	if (a->has_subtree && b->has_subtree && cp_digest_eq(&a->identity, &b->identity))
		return cp_context_compare_headers(c, a, b, false);
	if (c->depth > CP_MAX_TREE_DEPTH) {
		cp_err_set(&err, CP_ELIMIT, "%.*s: more than %u folders deep", CP_STR(b->path),
			   CP_MAX_TREE_DEPTH);
		return cp_context_note_unsure(c, CP_ELIMIT, &err);
	}
	r = c->fs_a->ops->list(c->fs_a, a, &la, &err);
	if (r == 0)
		r = c->fs_b->ops->list(c->fs_b, b, &lb, &err);
	if (r < 0)
		return cp_context_note_unsure(c, r, &err);
	r = cp_context_compare_headers(c, a, b, la->has_rest || lb->has_rest);
	c->depth++;
	if (r == 0)
		r = compare_children(c, la, lb);
	c->depth--;
	compare_rests(c, la, lb);
	return r;
}

int cp_context_compare_nodes(struct cp_context_comparer *c, const struct cp_node *a,
			     const struct cp_node *b)
{
	if (cp_context_is_over(c))
		return 0;
	if (a->kind == CP_NODE_OPAQUE || b->kind == CP_NODE_OPAQUE) {
		if (a->kind != b->kind || !cp_digest_eq(&a->identity, &b->identity))
			cp_context_note_depends(c, a->kind == CP_NODE_OPAQUE ? &a->identity : NULL,
						b->kind == CP_NODE_OPAQUE ? &b->identity : NULL);
		return 0;
	}
	if (a->kind != b->kind)
		return cp_context_note_change(c, b->path, CP_CHANGE_MODIFIED,
					      a->kind == CP_NODE_VOLATILE ||
						      b->kind == CP_NODE_VOLATILE);
	if (a->kind == CP_NODE_DIR)
		return compare_dirs(c, a, b);
	return a->kind == CP_NODE_VOLATILE ? compare_volatile(c, a, b) : compare_leaves(c, a, b);
}

int cp_context_roots_equal(struct cp_context_comparer *c, bool *ret_equal)
{
	struct cp_context_comparer whole;
	int r;

	if (c->roots < 0) {
		cp_context_comparer_init(&whole, c->a, c->fs_a, c->fs_b);
		whole.quiet = true;
		r = cp_context_compare_nodes(&whole, &c->fs_a->root, &c->fs_b->root);
		if (r < 0)
			return r;
		c->roots = cp_context_verdict(&whole) == CP_EQUAL &&
			   c->fs_a->is_empty == c->fs_b->is_empty;
	}
	*ret_equal = c->roots == 1;
	return 0;
}
