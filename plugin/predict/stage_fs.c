/* COPY, WORKDIR and heredocs carried out on paper, and the face of the result as a struct cp_fs. */
#include "predict/stage_fs.h"

#include <stdlib.h>

#include "predict/vnode_int.h"

#define DEFAULT_DIR_MODE 0755u /* fsutil/copy defaultDirectoryMode */

/* ---- struct cp_fs ---- */

static struct vnode *vnode_of(const struct cp_node *n)
{
	return (struct vnode *)(uintptr_t)n->handle;
}

static struct cp_str child_path(struct cp_arena *a, struct cp_str dir, struct cp_str name)
{
	if (dir.n == 0)
		return name;
	return cp_arena_printf(a, "%.*s/%.*s", CP_STR(dir), CP_STR(name));
}

static int compare_children(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_child *)x)->name, ((const struct cp_child *)y)->name);
}

static int fs_list(struct cp_fs *fs, const struct cp_node *dir, const struct cp_listing **ret,
		   struct cp_err *err)
{
	struct vnode *v = vnode_of(dir);
	struct cp_listing *l;
	int r = vnode_expand(fs->a, v, err);

	if (r < 0)
		return r;
	if (v->listing) {
		*ret = v->listing;
		return 0;
	}
	l = CP_NEW(fs->a, struct cp_listing);
	if (!l || !(l->children = cp_arena_array(fs->a, v->children.n, sizeof(*l->children))))
		return cp_err_nomem(err);
	for (size_t i = 0; i < v->children.n; i++) {
		const struct cp_map_item *item = &v->children.items[i];

		l->children[i].name = item->key;
		l->children[i].node =
			vnode_as_node(item->value, child_path(fs->a, dir->path, item->key));
	}
	l->n_children = v->children.n;
	if (l->n_children > 1)
		qsort(l->children, l->n_children, sizeof(*l->children), compare_children);
	l->has_rest = v->has_rest;
	l->rest = v->rest;
	v->listing = l;
	*ret = l;
	return 0;
}

static int fs_child(struct cp_fs *fs, const struct cp_node *dir, struct cp_str name,
		    struct cp_node *ret, bool *ret_found, struct cp_err *err)
{
	struct vnode *child;
	int r = vnode_child(fs->a, vnode_of(dir), name, &child, err);

	if (r < 0)
		return r;
	*ret_found = child != NULL;
	if (child)
		*ret = vnode_as_node(child, child_path(fs->a, dir->path, name));
	return 0;
}

static int fs_target(struct cp_fs *fs, const struct cp_node *link, struct cp_str *ret_target,
		     struct cp_err *err)
{
	const struct vnode *v = vnode_of(link);

	(void)fs;
	return v->fs->ops->target(v->fs, &v->leaf, ret_target, err);
}

static int fs_same_bytes(struct cp_fs *fs_a, const struct cp_node *a, struct cp_fs *fs_b,
			 const struct cp_node *b, bool *ret_equal, struct cp_err *err)
{
	const struct vnode *va = vnode_of(a), *vb;

	(void)fs_a;
	*ret_equal = false;
	if (fs_b->ops != &stage_fs_ops || !va->fs || !va->fs->ops->same_bytes)
		return 0;
	vb = vnode_of(b);
	if (!vb->fs || vb->fs->ops != va->fs->ops)
		return 0;
	return va->fs->ops->same_bytes(va->fs, &va->leaf, vb->fs, &vb->leaf, ret_equal, err);
}

static int fs_bytes(struct cp_fs *fs, const struct cp_node *file, struct cp_buf *out,
		    struct cp_err *err)
{
	const struct vnode *v = vnode_of(file);

	(void)fs;
	return v->fs->ops->bytes(v->fs, &v->leaf, out, err);
}

const struct cp_fs_ops stage_fs_ops = {fs_list, fs_child, fs_target, fs_same_bytes, fs_bytes};

static struct stage_fs *new_fs(struct cp_arena *a, struct vnode *root)
{
	struct stage_fs *fs = root ? CP_NEW(a, struct stage_fs) : NULL;

	if (!fs)
		return NULL;
	fs->base.ops = &stage_fs_ops;
	fs->base.a = a;
	fs->root = root;
	fs->base.root = vnode_as_node(root, CP_S(""));
	return fs;
}

struct cp_fs *stage_fs_opaque(struct cp_arena *a, struct cp_digest identity)
{
	struct vnode *root = vnode_dir(a, 0);
	struct stage_fs *fs;

	if (root) {
		root->has_rest = true;
		root->rest = identity;
	}
	fs = new_fs(a, root);
	return fs ? &fs->base : NULL;
}

struct cp_fs *stage_fs_empty(struct cp_arena *a)
{
	struct stage_fs *fs = new_fs(a, vnode_dir(a, DEFAULT_DIR_MODE));

	if (!fs)
		return NULL;
	fs->base.is_empty = true;
	return &fs->base;
}

/* ---- one operation ---- */

struct work {
	struct cp_arena *a;
	struct stage_fs *fs;
	const struct cp_op *op;
	struct cp_fs *const *inputs;
	struct cp_err *err;
};

/* Root of a file system as something to build on. */
static struct vnode *root_over(struct cp_arena *a, struct cp_fs *base)
{
	static const struct change none;
	struct vnode *root;

	root = vnode_dir(a, base->root.mode);
	if (root && vnode_add_layer(a, root, (struct layer){base, base->root, none, true}) < 0)
		return NULL;
	return root;
}

/* The folder `name` of dir, made if it is not there; an unknown becomes a folder over that unknown. */
static int enter_dir(struct work *w, struct vnode *dir, struct cp_str name,
		     const struct change *made, struct vnode **ret)
{
	struct vnode *child, *fresh;
	int r = vnode_child(w->a, dir, name, &child, w->err);

	if (r < 0)
		return r;
	if (child && child->kind == CP_NODE_DIR) {
		*ret = child;
		return 0;
	}
	fresh = vnode_dir(w->a, DEFAULT_DIR_MODE);
	if (!fresh)
		return cp_err_nomem(w->err);
	change_apply(made, fresh);
	if (child && child->kind == CP_NODE_OPAQUE) {
		/* it may be there already, with a mode of its own: the unknown's identity covers that */
		fresh->mode = 0;
		fresh->owner = (struct cp_owner){0};
		fresh->has_rest = true;
		fresh->rest = change_identity(made, &child->identity);
	} else if (child) {
		/* a link or a file in the way: what happens is not worked out */
		fresh->has_rest = true;
		fresh->rest = stage_fs_identity("in-the-way", &w->fs->salt, name);
	}
	*ret = fresh;
	return vnode_set(w->a, dir, cp_arena_str(w->a, name), fresh) < 0 ? cp_err_nomem(w->err) : 0;
}

static int enter_path(struct work *w, struct cp_str path, const struct change *made,
		      struct vnode **ret)
{
	struct vnode *dir = w->fs->root;
	struct cp_str rest = path, part;

	while (cp_path_next(&rest, &part)) {
		int r = enter_dir(w, dir, part, made, &dir);

		if (r < 0)
			return r;
	}
	*ret = dir;
	return 0;
}

/* Everything under dir/name becomes one unknown. */
static int make_unknown(struct work *w, struct vnode *dir, struct cp_str name)
{
	struct vnode *v = vnode_opaque(w->a, stage_fs_identity("unknown", &w->fs->salt, name));

	return v && vnode_set(w->a, dir, cp_arena_str(w->a, name), v) == 0 ? 0
									   : cp_err_nomem(w->err);
}

/*
 * One file or link to dir/name. Over an unknown that may be a folder, the result is the file or a folder with the file in it:
 * it is kept as a folder whose rest is that unknown, which is equal, different or dependent in exactly the right cases.
 */
static int put_leaf(struct work *w, struct vnode *dir, struct cp_str name, struct cp_str base_name,
		    bool exact, struct vnode *leaf)
{
	struct vnode *old, *both;
	int r = vnode_child(w->a, dir, name, &old, w->err);

	if (r < 0)
		return r;
	if (old && !exact && old->kind == CP_NODE_DIR)
		return vnode_set(w->a, old, cp_arena_str(w->a, base_name), leaf) < 0
			       ? cp_err_nomem(w->err)
			       : 0;
	if (old && !exact && old->kind == CP_NODE_SYMLINK)
		return make_unknown(w, dir, name);
	if (old && !exact && old->kind == CP_NODE_OPAQUE) {
		both = vnode_dir(w->a, 0);
		if (!both || vnode_set(w->a, both, cp_arena_str(w->a, base_name), leaf) < 0)
			return cp_err_nomem(w->err);
		both->has_rest = true;
		both->rest = old->identity;
		leaf = both;
	}
	return vnode_set(w->a, dir, cp_arena_str(w->a, name), leaf) < 0 ? cp_err_nomem(w->err) : 0;
}

/* Something unknown, file or folder, copied over a folder. */
static int pour_unknown(struct work *w, struct vnode *dir, struct cp_digest identity,
			struct cp_str base_name)
{
	int r = vnode_expand(w->a, dir, w->err);

	if (r < 0)
		return r;
	identity = stage_fs_identity("as", &identity, base_name);
	if (dir->children.n) {
		/* it may cover what is known: nothing of this folder is known any more */
		dir->children = (struct cp_map){0};
		identity = stage_fs_identity("covers", &w->fs->salt, base_name);
	}
	dir->rest = dir->has_rest ? stage_fs_identity("over", &dir->rest,
						      cp_str_n((const char *)identity.bytes, 32))
				  : identity;
	dir->has_rest = true;
	dir->listing = NULL;
	return 0;
}

struct target {
	struct cp_str parent, name; /* of the destination without trailing slash */
	bool slash;                 /* it ends in "/": a folder */
};

static struct target target_of(struct cp_arena *a, struct cp_str dest)
{
	struct target t = {.slash = cp_str_ends(dest, CP_S("/")) || cp_str_ends(dest, CP_S("/."))};
	struct cp_str clean = cp_path_join(a, CP_S("/"), dest);

	if (clean.n <= 1)
		t.slash = true;
	t.parent = t.slash ? clean : cp_path_dir(a, clean);
	t.name = cp_path_base(clean);
	return t;
}

static int copy_dir(struct work *w, const struct target *t, struct cp_fs *src,
		    const struct cp_node *node, const struct change *c)
{
	struct cp_str path =
		t->slash ? t->parent
			 : cp_arena_printf(w->a, "%.*s/%.*s", CP_STR(t->parent), CP_STR(t->name));
	struct vnode *dir;
	int r = path.p ? enter_path(w, path, c, &dir) : cp_err_nomem(w->err);

	if (r < 0)
		return r;
	return vnode_add_layer(w->a, dir, (struct layer){src, *node, *c, true}) < 0
		       ? cp_err_nomem(w->err)
		       : 0;
}

static int copy_unknown(struct work *w, const struct target *t, struct cp_digest identity,
			struct cp_str base_name, const struct change *c)
{
	struct vnode *dir, *old, *fresh;
	int r = enter_path(w, t->parent, c, &dir);

	if (r < 0)
		return r;
	identity = change_identity(c, &identity);
	if (t->slash)
		return pour_unknown(w, dir, identity, base_name);
	r = vnode_child(w->a, dir, t->name, &old, w->err);
	if (r < 0)
		return r;
	if (old && old->kind == CP_NODE_DIR)
		return pour_unknown(w, old, identity, base_name);
	if (old && old->kind == CP_NODE_OPAQUE)
		identity = stage_fs_identity("over", &old->identity,
					     cp_str_n((const char *)identity.bytes, 32));
	else if (old)
		return make_unknown(w, dir, t->name);
	fresh = vnode_opaque(w->a, identity);
	return fresh && vnode_set(w->a, dir, cp_arena_str(w->a, t->name), fresh) == 0
		       ? 0
		       : cp_err_nomem(w->err);
}

/* pkg/archive recognises archives by content; by name is enough to say "unknown" (equal files unpack to equal trees). */
static bool may_be_archive(struct cp_str name)
{
	static const char *const ends[] = {".tar", ".tgz",  ".gz",  ".bz2",  ".xz",
					   ".zst", ".tbz2", ".txz", ".tzst", ".lzma"};

	for (size_t i = 0; i < CP_LEN(ends); i++)
		if (cp_str_ends(name, cp_str_c(ends[i])))
			return true;
	return false;
}

static int copy_node(struct work *w, const struct cp_action *action, struct cp_fs *src,
		     const struct cp_node *node, struct cp_str src_path, const struct change *c)
{
	struct target t = target_of(w->a, action->dest);
	struct cp_str base_name = cp_path_base(src_path);
	struct vnode *dir, *leaf;
	int r;

	if (!t.parent.p)
		return cp_err_nomem(w->err);
	if (node->kind == CP_NODE_OPAQUE || node->kind == CP_NODE_VOLATILE)
		return copy_unknown(w, &t, node->identity, base_name, c);
	if (node->kind == CP_NODE_DIR)
		return copy_dir(w, &t, src, node, c);
	if (action->attempt_unpack && may_be_archive(base_name))
		return copy_unknown(w, &t, stage_fs_identity("unpack", &node->identity, CP_S("")),
				    base_name, c);
	r = enter_path(w, t.parent, c, &dir);
	leaf = vnode_import(w->a, src, node, c);
	if (r < 0 || !leaf)
		return r < 0 ? r : cp_err_nomem(w->err);
	return put_leaf(w, dir, t.slash ? base_name : t.name, base_name, t.slash, leaf);
}

/*
 * What stands for the number of a name: the name, and the file in which it is looked up, in the file system that the copy goes to.
 * Where there certainly is no such file, the number is 0.
 */
static struct cp_digest name_identity(struct work *w, const char *label, const char *file,
				      struct cp_str name)
{
	struct cp_digest where = w->fs->salt;
	struct cp_node node;
	struct cp_str real;
	int r = cp_fs_resolve(w->a, &w->fs->base, cp_str_c(file), true, &node, &real, NULL);

	if (r == CP_ENOTFOUND)
		return (struct cp_digest){{0}};
	if (r == 0)
		where = node.identity;
	return stage_fs_identity(label, &where, name);
}

/* solver/llbsolver/ops/user_linux.go readUser: a user's number is that of the group, too, when no group is given. */
static struct cp_owner owner_of(struct work *w, const struct cp_op_owner *o)
{
	struct cp_owner owner = {.uid = o->user.id, .gid = o->user.id};

	if (o->group.kind != CP_USER_NONE)
		owner.gid = o->group.id;
	if (o->user.kind == CP_USER_NAME)
		owner.names = name_identity(w, "user", "/etc/passwd", o->user.name);
	if (o->group.kind == CP_USER_NAME) {
		struct cp_digest group = name_identity(w, "group", "/etc/group", o->group.name);

		if (cp_owner_is_known(&owner))
			owner.names = group;
		else
			owner.names = stage_fs_identity(
				"group", &owner.names,
				cp_str_n((const char *)group.bytes, sizeof(group.bytes)));
	}
	owner.unsure = !cp_owner_is_known(&owner);
	return owner;
}

static struct change change_of(struct work *w, const struct cp_action *action)
{
	struct change c = {.mode_str = action->mode_str};

	if (!action->mode_str.n && action->mode != -1) {
		c.has_mode = true;
		c.mode = (uint32_t)action->mode;
	}
	if (action->owner.user.kind != CP_USER_NONE || action->owner.group.kind != CP_USER_NONE) {
		c.has_owner = true;
		c.owner = owner_of(w, &action->owner);
	}
	return c;
}

static bool is_filtered(const struct cp_action *action)
{
	if (action->n_includes || action->n_excludes)
		return true;
	for (size_t i = 0; action->allow_wildcard && i < action->src.n; i++)
		if (strchr("*?[\\", action->src.p[i]))
			return true;
	return false;
}

static struct cp_fs *source_of(const struct work *w, const struct cp_action *action)
{
	if (action->secondary_input < 0 || (size_t)action->secondary_input >= w->op->n_inputs)
		return NULL;
	return w->inputs[action->secondary_input];
}

/* A copy whose result is not worked out: everything at or below the destination becomes unknown. */
static int copy_untold(struct work *w, const struct cp_action *action)
{
	struct target t = target_of(w->a, action->dest);
	static const struct change none;

	return t.parent.p
		       ? copy_unknown(w, &t, stage_fs_identity("copy", &w->fs->salt, action->src),
				      CP_S("*"), &none)
		       : cp_err_nomem(w->err);
}

/* A wildcard in the last component only; anything wilder is left untold. */
static int copy_wildcard(struct work *w, const struct cp_action *action, struct cp_fs *src,
			 const struct change *c)
{
	struct cp_str dir_path = cp_path_dir(w->a, action->src),
		      pattern = cp_path_base(action->src);
	const struct cp_listing *listing;
	struct cp_node dir;
	struct cp_str real;
	int r;

	if (!dir_path.p)
		return cp_err_nomem(w->err);
	for (size_t i = 0; i < dir_path.n; i++)
		if (strchr("*?[\\", dir_path.p[i]))
			return copy_untold(w, action);
	r = cp_fs_resolve(w->a, src, dir_path, true, &dir, &real, w->err);
	if (r < 0 || dir.kind != CP_NODE_DIR || src->ops->list(src, &dir, &listing, w->err) < 0 ||
	    listing->has_rest)
		return copy_untold(w, action);
	for (size_t i = 0; i < listing->n_children; i++) {
		const struct cp_child *child = &listing->children[i];
		bool match;

		if (cp_path_match(pattern, child->name, &match) < 0)
			return copy_untold(w, action);
		if (!match)
			continue;
		r = copy_node(w, action, src, &child->node, child->name, c);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * What lies at a path that leads into something unknown. A link in there may lead back out to what is known around it, so a file
 * system that is more than one unknown is told by its salt, too: two of them are equal only when they are one.
 */
static struct cp_digest below_unknown(const struct cp_fs *src, const struct cp_digest *identity,
				      struct cp_str real)
{
	const struct stage_fs *fs = (const struct stage_fs *)(const void *)src;
	struct cp_digest d = stage_fs_identity("below", identity, real);

	if (src->ops != &stage_fs_ops || fs->height == 0)
		return d;
	return stage_fs_identity("around", &d,
				 cp_str_n((const char *)fs->salt.bytes, sizeof(fs->salt.bytes)));
}

static int do_copy(struct work *w, const struct cp_action *action)
{
	struct change c = change_of(w, action);
	struct cp_fs *src = source_of(w, action);
	struct cp_node node;
	struct cp_str real;
	int r;

	if (!src)
		return copy_untold(w, action);
	if (is_filtered(action)) {
		if (action->n_includes || action->n_excludes)
			return copy_untold(w, action);
		return copy_wildcard(w, action, src, &c);
	}
	r = cp_fs_resolve(w->a, src, action->src, action->follow_symlink, &node, &real, w->err);
	if (r == CP_ENOMEM || r == CP_ELIMIT)
		return r;
	if (r < 0)
		return copy_untold(w, action);
	if (node.kind == CP_NODE_OPAQUE)
		node.identity = below_unknown(src, &node.identity, real);
	return copy_node(w, action, src, &node, action->src, &c);
}

static int do_mkdir(struct work *w, const struct cp_action *action)
{
	struct change made = {.has_mode = true, .mode = (uint32_t)action->mode};
	struct change owned = change_of(w, action);
	struct vnode *dir;

	made.has_owner = owned.has_owner;
	made.owner = owned.owner;
	return enter_path(w, action->dest, &made, &dir);
}

static int data_target(struct cp_fs *fs, const struct cp_node *link, struct cp_str *ret_target,
		       struct cp_err *err)
{
	(void)fs;
	(void)link;
	(void)ret_target;
	return cp_err_set(err, CP_EBUG, "a heredoc is no link");
}

static int data_bytes(struct cp_fs *fs, const struct cp_node *file, struct cp_buf *out,
		      struct cp_err *err)
{
	const struct cp_str *data = file->handle;

	(void)fs;
	cp_buf_adds(out, *data);
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "a heredoc is too large") : 0;
}

/* Files made of heredocs: known by their bytes. */
static const struct cp_fs_ops data_ops = {NULL, NULL, data_target, NULL, data_bytes};

static int do_mkfile(struct work *w, const struct cp_action *action)
{
	static const struct cp_digest zero;
	struct target t = target_of(w->a, action->dest);
	struct cp_fs *fs = CP_NEW(w->a, struct cp_fs);
	struct cp_node node = {.kind = CP_NODE_FILE, .mode = (uint32_t)action->mode};
	static const struct change none;
	struct vnode *dir, *leaf;
	int r;

	if (!t.parent.p || !fs)
		return cp_err_nomem(w->err);
	fs->ops = &data_ops;
	fs->a = w->a;
	node.identity = stage_fs_identity("data", &zero, action->data);
	node.handle = &action->data;
	r = enter_path(w, t.parent, &none, &dir);
	leaf = vnode_import(w->a, fs, &node, &none);
	if (r < 0 || !leaf)
		return r < 0 ? r : cp_err_nomem(w->err);
	return put_leaf(w, dir, t.name, t.name, true, leaf);
}

static int apply_actions(struct work *w)
{
	for (size_t i = 0; i < w->op->n_actions; i++) {
		const struct cp_action *action = &w->op->actions[i];
		int r;

		/* actions chain: each but the first works on what the one before it left (marshalling of client/llb/fileop.go) */
		if (action->kind == CP_ACTION_COPY)
			r = do_copy(w, action);
		else if (action->kind == CP_ACTION_MKDIR)
			r = do_mkdir(w, action);
		else
			r = do_mkfile(w, action);
		if (r < 0)
			return r;
	}
	return 0;
}

/* File systems stand on each other; a very tall pile is not listed through, it is an unknown of its own. */
#define MAX_HEIGHT 400u

static unsigned height_of(const struct cp_op *op, struct cp_fs *const *inputs)
{
	unsigned height = 0;

	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct stage_fs *fs = (const struct stage_fs *)(const void *)inputs[i];

		if (inputs[i]->ops == &stage_fs_ops && fs->height > height)
			height = fs->height;
	}
	return height + 1;
}

static struct vnode *start(struct work *w)
{
	static const struct change none;
	struct vnode *root;

	if (w->op->kind == CP_OP_FILE) {
		int input = w->op->n_actions ? w->op->actions[0].input : -1;

		if (input < 0 || (size_t)input >= w->op->n_inputs)
			return vnode_dir(w->a, DEFAULT_DIR_MODE);
		return root_over(w->a, w->inputs[input]);
	}
	root = w->op->n_inputs ? root_over(w->a, w->inputs[0]) : vnode_dir(w->a, DEFAULT_DIR_MODE);
	for (size_t i = 1; root && i < w->op->n_inputs; i++)
		if (vnode_add_layer(w->a, root,
				    (struct layer){w->inputs[i], w->inputs[i]->root, none, true}) <
		    0)
			return NULL;
	return root;
}

int stage_fs_apply(struct cp_arena *a, const struct cp_op *op, struct cp_fs *const *inputs,
		   struct cp_digest salt, struct cp_fs **ret_fs, struct cp_err *err)
{
	struct work w = {.a = a, .op = op, .inputs = inputs, .err = err};
	unsigned height = height_of(op, inputs);
	struct vnode *root;
	int r;

	if (height > MAX_HEIGHT) {
		*ret_fs = stage_fs_opaque(a, salt);
		return *ret_fs ? 0 : cp_err_nomem(err);
	}
	root = start(&w);
	if (!root)
		return cp_err_nomem(err);
	w.fs = new_fs(a, root);
	if (!w.fs)
		return cp_err_nomem(err);
	w.fs->salt = salt;
	w.fs->height = height;
	r = op->kind == CP_OP_FILE ? apply_actions(&w) : 0;
	if (r < 0)
		return r;
	w.fs->base.root = vnode_as_node(root, CP_S(""));
	*ret_fs = &w.fs->base;
	return 0;
}
