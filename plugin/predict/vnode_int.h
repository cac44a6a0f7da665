/* Private to predict/: the nodes of a stage's file system. */
#ifndef CP_PREDICT_VNODE_INT_H
#define CP_PREDICT_VNODE_INT_H

#include "predict/stage_fs.h"

/* What a copy does to everything it copies (--chmod, --chown). */
struct change {
	bool has_mode;
	uint32_t mode;
	struct cp_str mode_str; /* symbolic, else "" */
	bool has_owner;
	struct cp_owner owner;
};

/* A folder of another file system whose children are (also) children here, `over` what came before. */
struct layer {
	struct cp_fs *fs;
	struct cp_node dir;
	struct change change;
	bool headers; /* its folders' modes replace those of folders that are there already */
};

struct vnode {
	enum cp_node_kind kind; /* FILE, SYMLINK: `leaf` of `fs`. OPAQUE: identity. DIR: the rest */
	struct cp_node leaf;
	struct cp_fs *fs;
	struct cp_digest identity;
	uint32_t mode;
	struct cp_owner owner;
	bool has_rest; /* DIR over something unknown */
	struct cp_digest rest;
	CP_VEC(struct layer) layers; /* DIR: not yet listed, lowest first */
	bool expanded;               /* the layers are in `children` */
	struct cp_map children;      /* name ─► struct vnode */
	const struct cp_listing *listing;
};

struct stage_fs {
	struct cp_fs base; /* first */
	struct vnode *root;
	struct cp_digest salt;
	unsigned height; /* file systems below this one */
};

struct vnode *vnode_dir(struct cp_arena *a, uint32_t mode);
struct vnode *vnode_opaque(struct cp_arena *a, struct cp_digest identity);
/* A node of another file system after a change; a DIR becomes one layer. */
struct vnode *vnode_import(struct cp_arena *a, struct cp_fs *fs, const struct cp_node *node,
			   const struct change *c);
/* List the layers of a DIR into its children. */
int vnode_expand(struct cp_arena *a, struct vnode *dir, struct cp_err *err);
/*
 * Child of a DIR: NULL in *ret when it is certainly not there. What may be in the unknown rest comes back as an OPAQUE node,
 * which is not yet among the children.
 */
int vnode_child(struct cp_arena *a, struct vnode *dir, struct cp_str name, struct vnode **ret,
		struct cp_err *err);
int vnode_set(struct cp_arena *a, struct vnode *dir, struct cp_str name, struct vnode *child);
/* Put a folder of another file system over a DIR. */
int vnode_add_layer(struct cp_arena *a, struct vnode *dir, struct layer l);
/* The cp_node of a vnode. */
struct cp_node vnode_as_node(const struct vnode *v, struct cp_str path);

/* Mode and owner after a change. */
void change_apply(const struct change *c, struct vnode *v);
/* The owner alone, for links, whose mode is always 0777. */
void change_apply_owner(const struct change *c, struct vnode *v);
/* Nothing is changed. */
bool change_is_none(const struct change *c);
struct cp_digest change_identity(const struct change *c, const struct cp_digest *identity);

extern const struct cp_fs_ops stage_fs_ops;

#endif
