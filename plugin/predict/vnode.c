/* The lazily listed tree behind a stage's file system. */
#include <stdio.h>
#include <stdlib.h>

#include "predict/vnode_int.h"

struct cp_digest stage_fs_identity(const char *label, const struct cp_digest *x, struct cp_str text)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_add(&h, label, strlen(label) + 1);
	cp_sha256_add(&h, x->bytes, sizeof(x->bytes));
	cp_sha256_adds(&h, text);
	return cp_sha256_end(&h);
}

bool change_is_none(const struct change *c)
{
	return !c->has_mode && !c->mode_str.n && !c->has_owner;
}

void change_apply_owner(const struct change *c, struct vnode *v)
{
	if (c->has_owner)
		v->owner = c->owner;
}

void change_apply(const struct change *c, struct vnode *v)
{
	if (c->has_mode)
		v->mode = c->mode;
	if (c->mode_str.n)
		v->mode = cp_mode_apply(c->mode_str, v->mode, v->kind == CP_NODE_DIR);
	change_apply_owner(c, v);
}

struct cp_digest change_identity(const struct change *c, const struct cp_digest *identity)
{
	struct cp_digest d = *identity;
	char octal[16] = {0};

	if (c->has_mode) {
		for (int i = 0; i < 12; i++)
			octal[i] = (char)('0' + ((uint64_t)c->mode >> (3 * i) & 7));
		d = stage_fs_identity("mode", &d, cp_str_c(octal));
	}
	if (c->mode_str.n)
		d = stage_fs_identity("mode-str", &d, c->mode_str);
	if (c->has_owner) {
		char numbers[40];

		snprintf(numbers, sizeof(numbers), "%u:%u", c->owner.uid, c->owner.gid);
		d = stage_fs_identity("owner", &d, cp_str_c(numbers));
		d = stage_fs_identity(
			"names", &d,
			cp_str_n((const char *)c->owner.names.bytes, sizeof(c->owner.names.bytes)));
	}
	return d;
}

struct vnode *vnode_dir(struct cp_arena *a, uint32_t mode)
{
	struct vnode *v = CP_NEW(a, struct vnode);

	if (v) {
		v->kind = CP_NODE_DIR;
		v->mode = mode;
	}
	return v;
}

struct vnode *vnode_opaque(struct cp_arena *a, struct cp_digest identity)
{
	struct vnode *v = CP_NEW(a, struct vnode);

	if (v) {
		v->kind = CP_NODE_OPAQUE;
		v->identity = identity;
	}
	return v;
}

struct vnode *vnode_import(struct cp_arena *a, struct cp_fs *fs, const struct cp_node *node,
			   const struct change *c)
{
	struct vnode *v = CP_NEW(a, struct vnode);

	if (!v)
		return NULL;
	v->kind = node->kind;
	v->fs = fs;
	v->leaf = *node;
	v->mode = node->mode;
	v->owner = node->owner;
	v->identity = node->identity;
	if (node->kind == CP_NODE_OPAQUE)
		v->identity = change_identity(c, &node->identity);
	else if (node->kind == CP_NODE_SYMLINK)
		change_apply_owner(c, v);
	else
		change_apply(c, v);
	if (node->kind == CP_NODE_DIR &&
	    vnode_add_layer(a, v, (struct layer){fs, *node, *c, true}) < 0)
		return NULL;
	return v;
}

int vnode_add_layer(struct cp_arena *a, struct vnode *dir, struct layer l)
{
	dir->expanded = false;
	dir->listing = NULL;
	return cp_vec_push(a, &dir->layers, l);
}

int vnode_set(struct cp_arena *a, struct vnode *dir, struct cp_str name, struct vnode *child)
{
	dir->listing = NULL;
	return cp_map_put(a, &dir->children, name, child);
}

/* A child of a layer comes over what the folder has under that name. */
static int merge_child(struct cp_arena *a, struct vnode *dir, const struct layer *l,
		       const struct cp_child *c)
{
	struct vnode *old = cp_map_get(&dir->children, c->name);

	if (c->node.kind != CP_NODE_DIR || (!old && !dir->has_rest) ||
	    (old && old->kind != CP_NODE_DIR)) {
		struct vnode *fresh = vnode_import(a, l->fs, &c->node, &l->change);

		return fresh ? vnode_set(a, dir, c->name, fresh) : CP_ENOMEM;
	}
	if (!old) {
		/* a folder over an unknown: whatever the unknown has there shows through */
		old = vnode_import(a, l->fs, &c->node, &l->change);
		if (!old)
			return CP_ENOMEM;
		old->has_rest = true;
		old->rest = stage_fs_identity("child", &dir->rest, c->name);
		return vnode_set(a, dir, c->name, old);
	}
	if (l->headers) {
		old->mode = c->node.mode;
		old->owner = c->node.owner;
		change_apply(&l->change, old);
	}
	return vnode_add_layer(a, old, (struct layer){l->fs, c->node, l->change, l->headers});
}

static int expand_layer(struct cp_arena *a, struct vnode *dir, const struct layer *l,
			struct cp_err *err)
{
	const struct cp_listing *listing;
	int r;

	if (l->dir.kind != CP_NODE_DIR)
		return 0;
	r = l->fs->ops->list(l->fs, &l->dir, &listing, err);
	if (r < 0)
		return r;
	if (listing->has_rest) {
		/* nothing known may lie below an unknown: the lower children could be covered by it */
		struct cp_digest rest = change_identity(&l->change, &listing->rest);

		if (dir->has_rest || dir->children.n)
			rest = stage_fs_identity(
				"over", &dir->rest,
				cp_str_n((const char *)rest.bytes, sizeof(rest.bytes)));
		dir->rest = rest;
		dir->has_rest = true;
	}
	for (size_t i = 0; i < listing->n_children; i++)
		if (merge_child(a, dir, l, &listing->children[i]) < 0)
			return cp_err_nomem(err);
	return 0;
}

int vnode_expand(struct cp_arena *a, struct vnode *dir, struct cp_err *err)
{
	if (dir->expanded)
		return 0;
	for (size_t i = 0; i < dir->layers.n; i++) {
		int r = expand_layer(a, dir, &dir->layers.items[i], err);

		if (r < 0)
			return r;
	}
	dir->layers.n = 0;
	dir->expanded = true;
	dir->listing = NULL;
	return 0;
}

int vnode_child(struct cp_arena *a, struct vnode *dir, struct cp_str name, struct vnode **ret,
		struct cp_err *err)
{
	int r;

	if (dir->kind == CP_NODE_OPAQUE) {
		*ret = vnode_opaque(a, stage_fs_identity("child", &dir->identity, name));
		return *ret ? 0 : cp_err_nomem(err);
	}
	r = vnode_expand(a, dir, err);
	if (r < 0)
		return r;
	*ret = cp_map_get(&dir->children, name);
	if (!*ret && dir->has_rest) {
		*ret = vnode_opaque(a, stage_fs_identity("child", &dir->rest, name));
		if (!*ret)
			return cp_err_nomem(err);
	}
	return 0;
}

/*
 * A folder that is exactly one folder of another file system keeps that one's subtree identity, so that equal subtrees
 * are skipped here too.
 */
static void subtree_of(const struct vnode *v, struct cp_node *n)
{
	const struct layer *l = v->layers.items;

	if (v->expanded || v->layers.n != 1 || v->children.n || v->has_rest || !l->dir.has_subtree)
		return;
	n->has_subtree = true;
	n->identity = change_identity(&l->change, &l->dir.identity);
}

struct cp_node vnode_as_node(const struct vnode *v, struct cp_str path)
{
	struct cp_node n = {.kind = v->kind,
			    .mode = v->mode,
			    .identity = v->identity,
			    .owner = v->owner,
			    .path = path,
			    .handle = v};

	if (v->kind == CP_NODE_DIR)
		subtree_of(v, &n);
	return n;
}
