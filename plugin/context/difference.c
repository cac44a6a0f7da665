/* What a comparison has found so far. */
#include "context/compare_int.h"

void cp_context_comparer_init(struct cp_context_comparer *c, struct cp_arena *a, struct cp_fs *fs_a,
			      struct cp_fs *fs_b)
{
	*c = (struct cp_context_comparer){.a = a, .fs_a = fs_a, .fs_b = fs_b, .roots = -1};
}

enum cp_equality cp_context_verdict(const struct cp_context_comparer *c)
{
	if (c->different)
		return CP_DIFFERENT;
	if (c->unsure)
		return CP_UNSURE;
	return c->depends ? CP_DEPENDS : CP_EQUAL;
}

static int put_change(struct cp_context_comparer *c, const struct cp_path_change *change)
{
	struct cp_path_change *kept;

	if (cp_map_get(&c->changes, change->path))
		return 0;
	kept = CP_NEW(c->a, struct cp_path_change);
	if (!kept)
		return CP_ENOMEM;
	*kept = *change;
	return cp_map_put(c->a, &c->changes, kept->path, kept);
}

int cp_context_note_path(struct cp_context_comparer *c, struct cp_str path, enum cp_change change)
{
	struct cp_path_change p = {path, change};

	return c->quiet ? 0 : put_change(c, &p);
}

int cp_context_note_change(struct cp_context_comparer *c, struct cp_str path, enum cp_change change,
			   bool is_volatile)
{
	c->different = true;
	c->beyond_volatile = c->beyond_volatile || !is_volatile;
	return cp_context_note_path(c, path, change);
}

/* `.git` or something in it. */
static bool in_git_dir(struct cp_str path)
{
	struct cp_str rest = path, part;

	while (cp_path_next(&rest, &part))
		if (cp_str_eq(part, CP_S(".git")))
			return true;
	return false;
}

static int note_children(struct cp_context_comparer *c, struct cp_fs *fs, const struct cp_node *dir,
			 enum cp_change change)
{
	const struct cp_listing *listing;
	struct cp_err err;
	int r = fs->ops->list(fs, dir, &listing, &err);

	if (r == CP_ENOMEM)
		return r;
	if (r < 0 || listing->n_children == 0 || c->depth > CP_MAX_TREE_DEPTH)
		return cp_context_note_change(c, dir->path, change, in_git_dir(dir->path));
	c->depth++;
	r = 0;
	for (size_t i = 0; r == 0 && i < listing->n_children; i++)
		r = cp_context_note_tree(c, fs, &listing->children[i].node, change);
	c->depth--;
	return r;
}

int cp_context_note_tree(struct cp_context_comparer *c, struct cp_fs *fs, const struct cp_node *n,
			 enum cp_change change)
{
	if (c->quiet) {
		c->different = true;
		return 0;
	}
	if (n->kind == CP_NODE_DIR)
		return note_children(c, fs, n, change);
	return cp_context_note_change(c, n->path, change,
				      n->kind == CP_NODE_VOLATILE || in_git_dir(n->path));
}

void cp_context_note_depends(struct cp_context_comparer *c, const struct cp_digest *a,
			     const struct cp_digest *b)
{
	static const struct cp_digest zero;

	if (c->depends)
		return;
	c->depends = true;
	c->opaque_a = a ? *a : zero;
	c->opaque_b = b ? *b : zero;
}

int cp_context_note_unsure(struct cp_context_comparer *c, int r, const struct cp_err *err)
{
	if (r == CP_ENOMEM)
		return r;
	if (c->unsure)
		return 0;
	c->unsure = true;
	c->why = cp_arena_str(c->a, cp_str_c(err->message));
	c->hint = cp_arena_str(c->a, cp_str_c(err->hint));
	return c->why.p && c->hint.p ? 0 : CP_ENOMEM;
}

int cp_context_note_maybe(struct cp_context_comparer *c, const struct cp_node *n)
{
	struct cp_err err;

	cp_err_set(&err, CP_EUNSUPPORTED,
		   "%.*s is in the context: how the repository was cloned decides its content",
		   CP_STR(n->path));
	return cp_context_note_unsure(c, CP_EUNSUPPORTED, &err);
}

int cp_context_take_over(struct cp_context_comparer *c, const struct cp_context_comparer *from)
{
	for (size_t i = 0; i < from->changes.n; i++)
		if (put_change(c, from->changes.items[i].value) < 0)
			return CP_ENOMEM;
	if (from->depends)
		cp_context_note_depends(c, &from->opaque_a, &from->opaque_b);
	if (from->unsure && !c->unsure) {
		c->unsure = true;
		c->why = from->why;
		c->hint = from->hint;
	}
	c->different = c->different || from->different;
	c->beyond_volatile = c->beyond_volatile || from->beyond_volatile;
	if (c->missing.n == 0)
		c->missing = from->missing;
	if (c->roots < 0)
		c->roots = from->roots;
	return 0;
}
