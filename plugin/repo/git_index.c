/* The index as a tree: its folders are made up, with the ids that `git write-tree` would give them. */
#include "repo/git_int.h"

#include <stdlib.h>

struct index_tree {
	struct cp_tree base; /* first */
	struct cp_repo *repo;
	struct cp_arena *a;
	struct cp_map dirs; /* id ─► struct cp_dir; complete, so it needs no lock */
};

struct builder {
	struct index_tree *t;
	const struct cp_repo_index_entry *entries;
};

/* ---- reading ---- */

static int index_error(struct cp_err *err, int e)
{
	const git_error *last = git_error_last();

	if (last && last->message && strstr(last->message, "mandatory extension")) {
		cp_err_set(err, CP_EUNSUPPORTED, "libgit2 %s cannot read a split or sparse index",
			   LIBGIT2_VERSION);
		cp_err_hint(
			err,
			"git update-index --no-split-index; git sparse-checkout reapply --no-sparse-index");
		return CP_EUNSUPPORTED;
	}
	return cp_repo_git_error(err, e, "reading the index");
}

int cp_repo_index_open(struct cp_repo *r, git_index **ret_index, struct cp_err *err)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);
	int e;

	if (!r->work_tree) {
		cp_err_set(err, CP_ENOTFOUND, "a bare repository has no index and no work tree");
		cp_err_hint(err, "name a commit, or give the path of a clone with a work tree");
		return CP_ENOTFOUND;
	}
	cp_buf_printf(&path, "%sindex", r->git_dir);
	if (cp_buf_error(&path))
		return cp_err_nomem(err);
	/* not through the repository: its core.ignoreCase would sort the entries in another way */
	e = git_index_open(ret_index, path.p);
	return e < 0 ? index_error(err, e) : 0;
}

bool cp_repo_kind_of(unsigned mode, enum cp_entry_kind *ret_kind)
{
	switch (mode & 0170000) {
	case 0100000:
		*ret_kind = mode & 0100 ? CP_ENTRY_EXEC : CP_ENTRY_FILE;
		return true;
	case 0120000:
		*ret_kind = CP_ENTRY_SYMLINK;
		return true;
	case 0040000:
		*ret_kind = CP_ENTRY_DIR;
		return true;
	case 0160000:
		*ret_kind = CP_ENTRY_SUBMODULE;
		return true;
	default:
		return false;
	}
}

/* Copies what is needed, in the arena of the tree. */
static int copy_entries(struct index_tree *t, git_index *index, struct cp_repo_index_entry **ret,
			size_t *ret_n, struct cp_err *err)
{
	size_t n = git_index_entrycount(index), kept = 0;
	struct cp_repo_index_entry *list;

	if (n > CP_MAX_TREE_ENTRIES)
		return cp_err_set(err, CP_ELIMIT, "more than %u files in the index",
				  CP_MAX_TREE_ENTRIES);
	list = cp_arena_array(t->a, n, sizeof(*list));
	if (!list)
		return cp_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const git_index_entry *e = git_index_get_byindex(index, i);
		struct cp_repo_index_entry *to = &list[kept];

		if (git_index_entry_stage(e) != 0) {
			cp_err_set(err, CP_EINVAL, "%s has conflicts that are not resolved",
				   e->path);
			cp_err_hint(err, "git status");
			return CP_EINVAL;
		}
		if (e->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD)
			continue;
		if (!cp_repo_kind_of(e->mode, &to->kind) || to->kind == CP_ENTRY_DIR)
			return cp_err_set(err, CP_EIO, "%s has an unknown mode in the index",
					  e->path);
		to->path = cp_arena_str(t->a, cp_str_c(e->path));
		if (!to->path.p)
			return cp_err_nomem(err);
		to->oid = cp_repo_oid(&e->id);
		kept++;
	}
	*ret = list;
	*ret_n = kept;
	return 0;
}

/* ---- folders ---- */

/* A line of a tree object. */
static void add_line(struct cp_buf *b, const struct cp_entry *e)
{
	static const char *const modes[] = {
		[CP_ENTRY_FILE] = "100644",      [CP_ENTRY_EXEC] = "100755",
		[CP_ENTRY_SYMLINK] = "120000",   [CP_ENTRY_DIR] = "40000",
		[CP_ENTRY_SUBMODULE] = "160000",
	};

	cp_buf_addz(b, modes[e->kind]);
	cp_buf_addc(b, ' ');
	cp_buf_adds(b, e->name);
	cp_buf_addc(b, '\0');
	cp_buf_add(b, e->oid.bytes, e->oid.n);
}

int cp_repo_dir_from(struct cp_arena *a, struct cp_map *dirs, const struct cp_entry *entries,
		     size_t n, struct cp_oid *ret_oid, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_ARENA_BYTES);
	struct cp_oid oid;
	struct cp_dir *d;
	int r;

	for (size_t i = 0; i < n; i++)
		add_line(&text, &entries[i]);
	if (cp_buf_error(&text))
		return cp_err_set(err, cp_buf_error(&text), "a folder has too many entries");
	r = cp_repo_oid_of(cp_buf_str(&text), GIT_OBJECT_TREE, &oid, err);
	if (r < 0)
		return r;
	*ret_oid = oid;
	if (cp_map_get(dirs, cp_repo_oid_key(&oid)))
		return 0;
	d = cp_repo_dir_new(a, &oid, n);
	if (!d)
		return cp_err_nomem(err);
	if (n)
		memcpy(d->entries, entries, n * sizeof(*entries));
	d->n_entries = n;
	r = cp_repo_dir_sort(d, err);
	return r == 0 && cp_map_put(a, dirs, cp_repo_oid_key(&d->oid), d) < 0 ? cp_err_nomem(err)
									      : r;
}

static int build_dir(struct builder *b, size_t from, size_t to, size_t prefix, unsigned depth,
		     struct cp_oid *ret_oid, struct cp_err *err);

/* One file, or all files of one folder, beginning at *at. */
static int build_entry(struct builder *b, size_t *at, size_t to, size_t prefix, unsigned depth,
		       struct cp_entry *ret, struct cp_err *err)
{
	const struct cp_repo_index_entry *e = &b->entries[*at];
	size_t slash = cp_str_find(e->path, '/', prefix), end = *at + 1;
	int r;

	ret->name = cp_str_sub(e->path, prefix, slash);
	if (cp_repo_is_bad_name(ret->name))
		return cp_err_set(err, CP_EIO, "the index has the impossible path %.*s",
				  CP_STR(e->path));
	ret->kind = e->kind;
	ret->oid = e->oid;
	if (slash < e->path.n) {
		struct cp_str folder = cp_str_sub(e->path, 0, slash + 1);

		while (end < to && cp_str_starts(b->entries[end].path, folder))
			end++;
		ret->kind = CP_ENTRY_DIR;
		r = build_dir(b, *at, end, slash + 1, depth + 1, &ret->oid, err);
		if (r < 0)
			return r;
	}
	*at = end;
	return 0;
}

/* The folder whose path has `prefix` bytes and which holds the entries [from, to). */
static int build_dir(struct builder *b, size_t from, size_t to, size_t prefix, unsigned depth,
		     struct cp_oid *ret_oid, struct cp_err *err)
{
	cp_auto_free struct cp_entry *entries = calloc(to - from + 1, sizeof(*entries));
	size_t n = 0;

	if (!entries)
		return cp_err_nomem(err);
	if (depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "folders more than %u deep", CP_MAX_TREE_DEPTH);
	while (from < to) {
		int r = build_entry(b, &from, to, prefix, depth, &entries[n++], err);

		if (r < 0)
			return r;
	}
	return cp_repo_dir_from(b->t->a, &b->t->dirs, entries, n, ret_oid, err);
}

/* ---- the tree ---- */

static int index_tree_list(struct cp_tree *tree, const struct cp_oid *oid,
			   const struct cp_dir **ret_dir, struct cp_err *err)
{
	const struct cp_dir *d =
		cp_map_get(&((struct index_tree *)tree)->dirs, cp_repo_oid_key(oid));

	if (!d)
		return cp_err_set(err, CP_ENOTFOUND, "no such folder in the index");
	*ret_dir = d;
	return 0;
}

static int index_tree_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			   struct cp_err *err)
{
	return cp_repo_blob_read(((struct index_tree *)t)->repo, oid, out, err);
}

static int index_tree_size(struct cp_tree *t, const struct cp_oid *oid, uint64_t *ret_size,
			   struct cp_err *err)
{
	return cp_repo_blob_size(((struct index_tree *)t)->repo, oid, ret_size, err);
}

static void index_tree_free(struct cp_tree *tree)
{
	struct index_tree *t = (struct index_tree *)tree;

	cp_arena_free(t->a);
	cp_repo_unref(t->repo);
	free(t);
}

static const struct cp_tree_ops index_tree_ops = {index_tree_list, index_tree_read, index_tree_size,
						  index_tree_free};

static int fill_tree(struct index_tree *t, struct cp_err *err)
{
	struct cp_repo_index_entry *entries = NULL;
	struct builder b = {.t = t};
	git_index *index = NULL;
	size_t n = 0;
	int r = cp_repo_index_open(t->repo, &index, err);

	if (r == 0)
		r = copy_entries(t, index, &entries, &n, err);
	git_index_free(index);
	b.entries = entries;
	return r < 0 ? r : build_dir(&b, 0, n, 0, 0, &t->base.root, err);
}

int cp_repo_index_tree(struct cp_repo *r, struct cp_tree **ret_tree, struct cp_err *err)
{
	struct index_tree *t = calloc(1, sizeof(*t));
	int e;

	if (t)
		t->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!t || !t->a) {
		free(t);
		return cp_err_nomem(err);
	}
	t->base.ops = &index_tree_ops;
	t->base.name = CP_S("the index");
	t->repo = r;
	cp_repo_ref(r);
	e = fill_tree(t, err);
	if (e < 0) {
		index_tree_free(&t->base);
		return e;
	}
	*ret_tree = &t->base;
	return 0;
}
