/*
 * A tree from memory. Object ids are hashes of content, so equal files and equal folders have equal
 * ids in every memory tree: a blob's is the hash of its bytes; a folder's is the sum of the hashes
 * of (path below it, kind, blob id), which does not depend on the order of adding and is up to date
 * after every add.
 */
#include "repo/repo.h"

#include <pthread.h>
#include <stdlib.h>

struct mem_node {
	struct cp_str name;
	enum cp_entry_kind kind;
	struct cp_oid oid;
	struct cp_str content;
	struct cp_map children; /* CP_ENTRY_DIR: name ─► struct mem_node */
};

struct mem_tree {
	struct cp_tree base; /* first */
	struct cp_arena *a;
	struct mem_node root;
	CP_VEC(struct mem_node *) folders; /* all but the root */
	bool listed;                       /* no more adds */
	struct cp_map dirs, blobs;         /* id ─► struct cp_dir, struct mem_node */
	pthread_mutex_t lock;
};

static struct cp_str oid_key(const struct cp_oid *oid)
{
	return cp_str_n((const char *)oid->bytes, oid->n);
}

/* oid += digest, as 256-bit numbers. */
static void add_digest(struct cp_oid *oid, const struct cp_digest *d)
{
	unsigned carry = 0;

	oid->n = 32;
	for (int i = 31; i >= 0; i--) {
		carry += (unsigned)oid->bytes[i] + d->bytes[i];
		oid->bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static struct cp_digest hash_line(struct cp_str below, enum cp_entry_kind kind,
				  const struct cp_oid *oid)
{
	struct cp_sha256 h;
	char tag = (char)('a' + (int)kind);

	cp_sha256_init(&h);
	cp_sha256_add(&h, &tag, 1);
	cp_sha256_add(&h, oid->bytes, sizeof(oid->bytes));
	cp_sha256_adds(&h, below);
	return cp_sha256_end(&h);
}

static struct cp_oid blob_oid(struct cp_str content)
{
	struct cp_oid oid = {.n = 32};
	struct cp_digest d = cp_digest_of(content.p, content.n);

	memcpy(oid.bytes, d.bytes, sizeof(d.bytes));
	return oid;
}

static struct mem_node *new_child(struct mem_tree *t, struct mem_node *dir, struct cp_str name,
				  enum cp_entry_kind kind)
{
	struct mem_node *n = CP_NEW(t->a, struct mem_node);

	if (!n)
		return NULL;
	n->name = cp_arena_str(t->a, name);
	n->kind = kind;
	if (!n->name.p || cp_map_put(t->a, &dir->children, n->name, n) < 0)
		return NULL;
	if (kind == CP_ENTRY_DIR && cp_vec_push(t->a, &t->folders, n) < 0)
		return NULL;
	return n;
}

/* Every folder on the way to `path` gets the line of the new entry. */
static void account(struct mem_tree *t, struct cp_str path, enum cp_entry_kind kind,
		    const struct cp_oid *oid)
{
	struct mem_node *dir = &t->root;
	struct cp_str rest = path, part;

	while (dir) {
		struct cp_digest line = hash_line(rest, kind, oid);

		add_digest(&dir->oid, &line);
		if (!cp_path_next(&rest, &part))
			break;
		rest = cp_str_trim_left(rest, "/");
		dir = rest.n ? cp_map_get(&dir->children, part) : NULL;
	}
	t->base.root = t->root.oid;
}

int cp_memory_tree_add(struct cp_tree *tree, struct cp_str path, enum cp_entry_kind kind,
		       struct cp_str content)
{
	struct mem_tree *t = (struct mem_tree *)tree;
	struct mem_node *dir = &t->root, *n;
	struct cp_str rest = path, part;

	if (t->listed || path.n == 0 || path.n > CP_MAX_PATH_BYTES || !cp_path_next(&rest, &part))
		return CP_EINVAL;
	while (rest.n) {
		n = cp_map_get(&dir->children, part);
		if (!n)
			n = new_child(t, dir, part, CP_ENTRY_DIR);
		if (!n)
			return CP_ENOMEM;
		if (n->kind != CP_ENTRY_DIR || !cp_path_next(&rest, &part))
			return CP_EINVAL;
		dir = n;
	}
	n = cp_map_get(&dir->children, part);
	if (n)
		return n->kind == CP_ENTRY_DIR && kind == CP_ENTRY_DIR ? 0 : CP_EINVAL;
	n = new_child(t, dir, part, kind);
	if (!n)
		return CP_ENOMEM;
	n->content = cp_arena_str(t->a, content);
	if (!n->content.p)
		return CP_ENOMEM;
	n->oid = kind == CP_ENTRY_DIR ? (struct cp_oid){.n = 0} : blob_oid(content);
	if (kind == CP_ENTRY_DIR)
		n->oid.n = 32;
	account(t, path, kind, &n->oid);
	return 0;
}

/* ---- reading ---- */

static int compare_entries(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_entry *)x)->name, ((const struct cp_entry *)y)->name);
}

static int freeze_dir(struct mem_tree *t, const struct mem_node *n, struct cp_err *err)
{
	struct cp_dir *dir = CP_NEW(t->a, struct cp_dir);
	struct cp_entry *entries = cp_arena_array(t->a, n->children.n, sizeof(*entries));

	if (!dir || !entries)
		return cp_err_nomem(err);
	for (size_t i = 0; i < n->children.n; i++) {
		struct mem_node *c = n->children.items[i].value;

		entries[i] = (struct cp_entry){.name = c->name, .kind = c->kind, .oid = c->oid};
		if (c->kind != CP_ENTRY_DIR && cp_map_put(t->a, &t->blobs, oid_key(&c->oid), c) < 0)
			return cp_err_nomem(err);
	}
	if (n->children.n > 1)
		qsort(entries, n->children.n, sizeof(*entries), compare_entries);
	*dir = (struct cp_dir){.oid = n->oid, .entries = entries, .n_entries = n->children.n};
	if (cp_map_get(&t->dirs, oid_key(&n->oid)))
		return 0;
	return cp_map_put(t->a, &t->dirs, oid_key(&n->oid), dir) < 0 ? cp_err_nomem(err) : 0;
}

/* Takes the lock; the caller gives it back. */
static int lock_frozen(struct mem_tree *t, struct cp_err *err)
{
	int r = 0;

	pthread_mutex_lock(&t->lock);
	if (t->listed)
		return 0;
	r = freeze_dir(t, &t->root, err);
	for (size_t i = 0; r == 0 && i < t->folders.n; i++)
		r = freeze_dir(t, t->folders.items[i], err);
	t->listed = r == 0;
	return r;
}

static int mem_list(struct cp_tree *tree, const struct cp_oid *oid, const struct cp_dir **ret_dir,
		    struct cp_err *err)
{
	struct mem_tree *t = (struct mem_tree *)tree;
	const struct cp_dir *dir = NULL;
	int r = lock_frozen(t, err);

	if (r == 0)
		dir = cp_map_get(&t->dirs, oid_key(oid));
	pthread_mutex_unlock(&t->lock);
	if (r < 0)
		return r;
	if (!dir)
		return cp_err_set(err, CP_ENOTFOUND, "no such folder in the tree");
	*ret_dir = dir;
	return 0;
}

static int find_blob(struct mem_tree *t, const struct cp_oid *oid, const struct mem_node **ret,
		     struct cp_err *err)
{
	const struct mem_node *n = NULL;
	int r = lock_frozen(t, err);

	if (r == 0)
		n = cp_map_get(&t->blobs, oid_key(oid));
	pthread_mutex_unlock(&t->lock);
	if (r < 0)
		return r;
	if (!n)
		return cp_err_set(err, CP_ENOTFOUND, "no such file in the tree");
	*ret = n;
	return 0;
}

static int mem_read(struct cp_tree *tree, const struct cp_oid *oid, struct cp_buf *out,
		    struct cp_err *err)
{
	const struct mem_node *n;
	int r = find_blob((struct mem_tree *)tree, oid, &n, err);

	if (r < 0)
		return r;
	cp_buf_adds(out, n->content);
	r = cp_buf_error(out);
	return r < 0 ? cp_err_set(err, r, "%.*s is larger than %zu bytes", CP_STR(n->name),
				  out->max)
		     : 0;
}

static int mem_size(struct cp_tree *tree, const struct cp_oid *oid, uint64_t *ret_size,
		    struct cp_err *err)
{
	const struct mem_node *n;
	int r = find_blob((struct mem_tree *)tree, oid, &n, err);

	if (r < 0)
		return r;
	*ret_size = n->content.n;
	return 0;
}

static void mem_free(struct cp_tree *tree)
{
	struct mem_tree *t = (struct mem_tree *)tree;

	pthread_mutex_destroy(&t->lock);
	cp_arena_free(t->a);
	free(t);
}

static const struct cp_tree_ops mem_ops = {mem_list, mem_read, mem_size, mem_free};

struct cp_tree *cp_memory_tree_new(void)
{
	struct mem_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!t->a || pthread_mutex_init(&t->lock, NULL) != 0) {
		cp_arena_free(t->a);
		free(t);
		return NULL;
	}
	t->base.ops = &mem_ops;
	t->base.name = CP_S("memory");
	t->root.kind = CP_ENTRY_DIR;
	return &t->base;
}
