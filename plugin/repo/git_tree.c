/*
 * The tree of a commit. Listings are parsed from tree objects when somebody asks, and kept in the repository: two commits share
 * most of their folders.
 */
#include "repo/git_int.h"

#include <stdlib.h>

struct commit_tree {
	struct cp_tree base; /* first */
	struct cp_repo *repo;
	char name[];
};

/* ---- listings ---- */

struct cp_dir *cp_repo_dir_new(struct cp_arena *a, const struct cp_oid *oid, size_t n)
{
	struct cp_dir *d = CP_NEW(a, struct cp_dir);

	if (!d || !(d->entries = cp_arena_array(a, n, sizeof(*d->entries))))
		return NULL;
	d->oid = *oid;
	return d;
}

static int compare_entries(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_entry *)x)->name, ((const struct cp_entry *)y)->name);
}

int cp_repo_dir_sort(struct cp_dir *d, struct cp_err *err)
{
	bool sorted = true;

	for (size_t i = 1; sorted && i < d->n_entries; i++)
		sorted = compare_entries(&d->entries[i - 1], &d->entries[i]) < 0;
	if (sorted)
		return 0;
	qsort(d->entries, d->n_entries, sizeof(*d->entries), compare_entries);
	for (size_t i = 1; i < d->n_entries; i++)
		if (cp_str_eq(d->entries[i - 1].name, d->entries[i].name))
			return cp_err_set(err, CP_EIO,
					  "a folder has two entries with the name %.*s",
					  CP_STR(d->entries[i].name));
	return 0;
}

/* Names that no checkout can have. */
bool cp_repo_is_bad_name(struct cp_str name)
{
	return name.n == 0 || cp_str_find(name, '/', 0) < name.n || cp_str_eq(name, CP_S(".")) ||
	       cp_str_eq(name, CP_S("..")) || cp_str_eq(name, CP_S(".git"));
}

/* The octal mode at the start of an entry; false when it is none that git knows. */
static bool take_mode(struct cp_str *rest, enum cp_entry_kind *ret_kind)
{
	unsigned mode = 0;
	size_t i = 0;

	for (; i < rest->n && i < 7 && rest->p[i] >= '0' && rest->p[i] <= '7'; i++)
		mode = mode * 8 + (unsigned)(rest->p[i] - '0');
	if (i == 0 || i == rest->n || rest->p[i] != ' ')
		return false;
	*rest = cp_str_from(*rest, i + 1);
	return cp_repo_kind_of(mode, ret_kind);
}

/* "<octal mode> <name>\0<20 bytes>" */
static bool take_entry(struct cp_str *rest, struct cp_entry *ret)
{
	size_t end;

	if (!take_mode(rest, &ret->kind))
		return false;
	end = cp_str_find(*rest, '\0', 0);
	if (end >= rest->n || rest->n - end - 1 < GIT_OID_RAWSZ)
		return false;
	ret->name = cp_str_n(rest->p, end);
	ret->oid.n = GIT_OID_RAWSZ;
	memcpy(ret->oid.bytes, rest->p + end + 1, GIT_OID_RAWSZ);
	*rest = cp_str_from(*rest, end + 1 + GIT_OID_RAWSZ);
	return !cp_repo_is_bad_name(ret->name);
}

static int bad_folder(const struct cp_oid *oid, struct cp_err *err)
{
	char hex[65];

	cp_hex(oid->bytes, oid->n, hex);
	return cp_err_set(err, CP_EIO, "object %s should be a folder and cannot be understood",
			  hex);
}

int cp_repo_dir_parse(struct cp_repo *r, const struct cp_oid *oid, const struct cp_repo_object *o,
		      struct cp_dir **ret_dir, struct cp_err *err)
{
	struct cp_str rest = cp_arena_str(r->arena, cp_str_n(o->data, o->n));
	size_t n = 0, most = o->n / (GIT_OID_RAWSZ + 4) + 1;
	struct cp_entry e = {.name = {NULL, 0}};
	struct cp_str count = rest;
	struct cp_dir *d;

	if (!rest.p)
		return cp_err_nomem(err);
	for (; count.n; n++)
		if (o->type != GIT_OBJECT_TREE || n >= most || !take_entry(&count, &e))
			return bad_folder(oid, err);
	if (o->type != GIT_OBJECT_TREE)
		return bad_folder(oid, err);
	if (n > CP_MAX_TREE_ENTRIES - r->n_entries)
		return cp_err_set(err, CP_ELIMIT, "more than %u files and folders",
				  CP_MAX_TREE_ENTRIES);
	d = cp_repo_dir_new(r->arena, oid, n);
	if (!d)
		return cp_err_nomem(err);
	while (d->n_entries < n && take_entry(&rest, &d->entries[d->n_entries]))
		d->n_entries++;
	r->n_entries += n;
	*ret_dir = d;
	return cp_repo_dir_sort(d, err);
}

/* Keeps the listing, unless another thread was faster. Under the lock. */
static int keep_dir(struct cp_repo *r, const struct cp_oid *oid, const struct cp_repo_object *o,
		    const struct cp_dir **ret_dir, struct cp_err *err)
{
	struct cp_dir *d = cp_map_get(&r->dirs, cp_repo_oid_key(oid));
	int e = d ? 0 : cp_repo_dir_parse(r, oid, o, &d, err);

	if (e == 0 && !cp_map_get(&r->dirs, cp_repo_oid_key(oid)) &&
	    cp_map_put(r->arena, &r->dirs, cp_repo_oid_key(&d->oid), d) < 0)
		e = cp_err_nomem(err);
	if (e == 0)
		*ret_dir = d;
	return e;
}

static int commit_tree_list(struct cp_tree *t, const struct cp_oid *oid,
			    const struct cp_dir **ret_dir, struct cp_err *err)
{
	struct cp_repo *r = ((struct commit_tree *)t)->repo;
	cp_auto_object struct cp_repo_object o = {0};
	const struct cp_dir *d;
	int e;

	pthread_mutex_lock(&r->lock);
	d = cp_map_get(&r->dirs, cp_repo_oid_key(oid));
	pthread_mutex_unlock(&r->lock);
	if (d) {
		*ret_dir = d;
		return 0;
	}
	e = cp_repo_object_read(r, oid, CP_MAX_ARENA_BYTES, &o, err);
	if (e < 0)
		return e;
	pthread_mutex_lock(&r->lock);
	e = keep_dir(r, oid, &o, ret_dir, err);
	pthread_mutex_unlock(&r->lock);
	return e;
}

static int commit_tree_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			    struct cp_err *err)
{
	return cp_repo_blob_read(((struct commit_tree *)t)->repo, oid, out, err);
}

static int commit_tree_size(struct cp_tree *t, const struct cp_oid *oid, uint64_t *ret_size,
			    struct cp_err *err)
{
	return cp_repo_blob_size(((struct commit_tree *)t)->repo, oid, ret_size, err);
}

static void commit_tree_free(struct cp_tree *t)
{
	cp_repo_unref(((struct commit_tree *)t)->repo);
	free(t);
}

static const struct cp_tree_ops commit_tree_ops = {commit_tree_list, commit_tree_read,
						   commit_tree_size, commit_tree_free};

static struct commit_tree *commit_tree_new(struct cp_repo *r, const struct cp_oid *commit,
					   const struct cp_oid *root, struct cp_str name)
{
	struct commit_tree *t = calloc(1, sizeof(*t) + name.n + 1);

	if (!t)
		return NULL;
	t->base.ops = &commit_tree_ops;
	t->base.root = *root;
	t->base.commit = *commit;
	if (name.n)
		memcpy(t->name, name.p, name.n);
	t->base.name = cp_str_n(t->name, name.n);
	t->repo = r;
	cp_repo_ref(r);
	return t;
}

int cp_repo_tree(struct cp_repo *r, const struct cp_commit *c, const char *rev,
		 struct cp_tree **ret_tree, struct cp_err *err)
{
	cp_auto_object struct cp_repo_object o = {0};
	struct cp_repo_commit commit;
	struct commit_tree *t;
	int e = cp_repo_object_read(r, &c->oid, CP_MAX_BLOB_BYTES, &o, err);

	if (e == 0)
		e = cp_repo_commit_parse(r, &c->oid, &o, &commit, err);
	if (e < 0)
		return e;
	t = commit_tree_new(r, &c->oid, &commit.tree, rev ? cp_str_c(rev) : cp_str_c(c->hex));
	if (!t)
		return cp_err_nomem(err);
	*ret_tree = &t->base;
	return 0;
}
