/*
 * Looking things up in a tree and comparing two trees; works on any implementation of struct
 * cp_tree.
 */
#include "repo/repo.h"

#include <stdlib.h>

static bool is_root_path(struct cp_str path)
{
	return path.n == 0 || cp_str_eq(path, CP_S("."));
}

const struct cp_entry *cp_dir_find(const struct cp_dir *dir, struct cp_str name)
{
	size_t lo = 0, hi = dir->n_entries;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = cp_str_cmp(dir->entries[mid].name, name);

		if (c == 0)
			return &dir->entries[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static const struct cp_dir empty_dir;

/* A tree without files has a root without an id; no implementation is asked for it. */
static int list_dir(struct cp_tree *t, const struct cp_oid *oid, const struct cp_dir **ret_dir,
		    struct cp_err *err)
{
	if (oid->n == 0) {
		*ret_dir = &empty_dir;
		return 0;
	}
	return cp_tree_list(t, oid, ret_dir, err);
}

static int no_such_file(const struct cp_tree *t, struct cp_str path, struct cp_err *err)
{
	return cp_err_set(err, CP_ENOTFOUND, "%.*s: no such file in %.*s", CP_STR(path),
			  CP_STR(t->name));
}

int cp_tree_find(struct cp_tree *t, struct cp_str path, struct cp_entry *ret_entry,
		 struct cp_err *err)
{
	struct cp_entry at = {.kind = CP_ENTRY_DIR, .oid = t->root};
	struct cp_str rest = is_root_path(path) ? CP_S("") : path, part;

	while (cp_path_next(&rest, &part)) {
		const struct cp_dir *dir;
		const struct cp_entry *e;
		int r;

		if (at.kind != CP_ENTRY_DIR)
			return no_such_file(t, path, err);
		r = list_dir(t, &at.oid, &dir, err);
		if (r < 0)
			return r;
		e = cp_dir_find(dir, part);
		if (!e)
			return no_such_file(t, path, err);
		at = *e;
	}
	*ret_entry = at;
	return 0;
}

/* ---- reading through links ---- */

struct reader {
	struct cp_tree *t;
	struct cp_str asked; /* the path of the caller, for messages */
	char rest[2][CP_MAX_PATH_BYTES +
		     1]; /* the way still to go; two, so that one can be built from the other */
	int current;
	struct cp_oid *stack; /* ids of the folders on the way, the root first */
	size_t depth;
	unsigned n_links;
};

/* Put `target` before what is left of the way. */
static int prepend_link(struct reader *rd, struct cp_str target, struct cp_str left,
			struct cp_err *err)
{
	char *to = rd->rest[!rd->current];

	if (++rd->n_links > CP_MAX_SYMLINKS)
		return cp_err_set(err, CP_ELIMIT, "%.*s: too many links", CP_STR(rd->asked));
	if (cp_path_is_abs(target)) /* leads out of the checkout, wherever that may lie */
		return cp_err_set(err, CP_ENOTFOUND,
				  "%.*s: a link on the way leads to %.*s, outside the repository",
				  CP_STR(rd->asked), CP_STR(target));
	if (target.n + 1 + left.n > CP_MAX_PATH_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: path too long", CP_STR(rd->asked));
	memcpy(to, target.p, target.n);
	to[target.n] = '/';
	if (left.n)
		memcpy(to + target.n + 1, left.p, left.n);
	to[target.n + 1 + left.n] = '\0';
	rd->current = !rd->current;
	return 0;
}

static int follow_link(struct reader *rd, const struct cp_entry *link, struct cp_str left,
		       struct cp_err *err)
{
	cp_auto_buf struct cp_buf target = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	int r = cp_tree_read(rd->t, &link->oid, &target, err);

	if (r < 0)
		return cp_err_wrap(err, "reading the link %.*s", CP_STR(link->name));
	return prepend_link(rd, cp_buf_str(&target), left, err);
}

/* Enter a folder, or go up. */
static int step_dir(struct reader *rd, const struct cp_oid *oid, struct cp_err *err)
{
	if (rd->depth >= CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "%.*s: too many folders", CP_STR(rd->asked));
	rd->stack[rd->depth++] = *oid;
	return 0;
}

static int go_up(struct reader *rd, struct cp_err *err)
{
	if (rd->depth == 1)
		return cp_err_set(err, CP_ENOTFOUND,
				  "%.*s: a link on the way leads outside the repository",
				  CP_STR(rd->asked));
	rd->depth--;
	return 0;
}

/* One component. *ret_file: the blob, when the way ends at one. */
static int step(struct reader *rd, struct cp_str part, struct cp_str *rest,
		struct cp_entry *ret_file, bool *ret_done, struct cp_err *err)
{
	const struct cp_dir *dir;
	const struct cp_entry *e;
	struct cp_str left;
	int r;

	if (cp_str_eq(part, CP_S(".")))
		return 0;
	if (cp_str_eq(part, CP_S("..")))
		return go_up(rd, err);
	r = list_dir(rd->t, &rd->stack[rd->depth - 1], &dir, err);
	if (r < 0)
		return r;
	e = cp_dir_find(dir, part);
	if (!e)
		return no_such_file(rd->t, rd->asked, err);
	if (e->kind == CP_ENTRY_SYMLINK) {
		r = follow_link(rd, e, *rest, err);
		*rest = cp_str_c(rd->rest[rd->current]);
		return r;
	}
	if (e->kind == CP_ENTRY_DIR)
		return step_dir(rd, &e->oid, err);
	left = *rest;
	if (e->kind == CP_ENTRY_SUBMODULE || cp_str_trim(left, "/").n)
		return no_such_file(rd->t, rd->asked, err);
	*ret_file = *e;
	*ret_done = true;
	return 0;
}

static int find_file(struct reader *rd, struct cp_entry *ret_file, struct cp_err *err)
{
	struct cp_str rest = cp_str_c(rd->rest[0]), part;
	bool done = false;

	while (!done && cp_path_next(&rest, &part)) {
		int r = step(rd, part, &rest, ret_file, &done, err);

		if (r < 0)
			return r;
	}
	if (!done)
		return cp_err_set(err, CP_ENOTFOUND, "%.*s is a folder", CP_STR(rd->asked));
	return 0;
}

int cp_tree_read_path(struct cp_tree *t, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	cp_auto_free struct reader *rd = calloc(1, sizeof(*rd));
	cp_auto_free struct cp_oid *stack = calloc(CP_MAX_TREE_DEPTH, sizeof(*stack));
	struct cp_entry file;
	int r;

	if (!rd || !stack)
		return cp_err_nomem(err);
	if (path.n > CP_MAX_PATH_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: path too long", CP_STR(path));
	if (path.n)
		memcpy(rd->rest[0], path.p, path.n);
	rd->t = t;
	rd->asked = path;
	rd->stack = stack;
	rd->stack[rd->depth++] = t->root;
	r = find_file(rd, &file, err);
	return r < 0 ? r : cp_tree_read(t, &file.oid, out, err);
}

/* ---- differences ---- */

struct differ {
	struct cp_tree *a, *b;
	int (*visit)(void *self, struct cp_str path, enum cp_change change,
		     const struct cp_entry *old_entry, const struct cp_entry *new_entry);
	void *self;
	struct cp_buf path;
	unsigned depth;
};

/* Order of whole paths: a folder sorts as "name/", as in git. */
static int compare_as_paths(const struct cp_entry *x, const struct cp_entry *y)
{
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = n ? memcmp(x->name.p, y->name.p, n) : 0;
	unsigned char cx, cy;

	if (c != 0)
		return c;
	cx = x->name.n > n ? (unsigned char)x->name.p[n] : x->kind == CP_ENTRY_DIR ? '/' : 0;
	cy = y->name.n > n ? (unsigned char)y->name.p[n] : y->kind == CP_ENTRY_DIR ? '/' : 0;
	return (int)cx - (int)cy;
}

static int compare_refs(const void *x, const void *y)
{
	return compare_as_paths(*(const struct cp_entry *const *)x,
				*(const struct cp_entry *const *)y);
}

/* The entries of a folder in the order of their whole paths. */
static int ordered_entries(struct cp_tree *t, const struct cp_oid *oid,
			   const struct cp_entry ***ret, size_t *ret_n, struct cp_err *err)
{
	const struct cp_dir *dir = &empty_dir;
	const struct cp_entry **refs;
	bool sorted = true;
	int r = oid ? list_dir(t, oid, &dir, err) : 0;

	if (r < 0)
		return r;
	refs = calloc(dir->n_entries + 1, sizeof(*refs));
	if (!refs)
		return cp_err_nomem(err);
	for (size_t i = 0; i < dir->n_entries; i++) {
		refs[i] = &dir->entries[i];
		if (i && compare_as_paths(refs[i - 1], refs[i]) > 0)
			sorted = false;
	}
	if (!sorted)
		qsort(refs, dir->n_entries, sizeof(*refs), compare_refs);
	*ret = refs;
	*ret_n = dir->n_entries;
	return 0;
}

static int diff_dirs(struct differ *d, const struct cp_oid *a, const struct cp_oid *b,
		     struct cp_err *err);

static bool is_leaf(const struct cp_entry *e)
{
	return e && e->kind != CP_ENTRY_DIR;
}

static int report(struct differ *d, const struct cp_entry *ea, const struct cp_entry *eb)
{
	enum cp_change change = CP_CHANGE_MODIFIED;

	if (!ea)
		change = CP_CHANGE_ADDED;
	else if (!eb)
		change = CP_CHANGE_REMOVED;
	else if (cp_oid_eq(&ea->oid, &eb->oid) && ea->kind == eb->kind)
		return 0;
	else if (cp_oid_eq(&ea->oid, &eb->oid) && ea->kind <= CP_ENTRY_EXEC &&
		 eb->kind <= CP_ENTRY_EXEC)
		change = CP_CHANGE_MODE;
	return d->visit(d->self, cp_buf_str(&d->path), change, ea, eb);
}

/* One name: an entry of a, of b, or of both when both are folders or both are none. */
static int diff_entries(struct differ *d, const struct cp_entry *ea, const struct cp_entry *eb,
			struct cp_err *err)
{
	size_t before = d->path.n;
	int r;

	if (ea && eb && ea->kind == eb->kind && cp_oid_eq(&ea->oid, &eb->oid))
		return 0;
	if (before)
		cp_buf_addc(&d->path, '/');
	cp_buf_adds(&d->path, ea ? ea->name : eb->name);
	if (cp_buf_error(&d->path))
		return cp_err_set(err, cp_buf_error(&d->path), "a path is longer than %u bytes",
				  CP_MAX_PATH_BYTES);
	if (is_leaf(ea ? ea : eb))
		r = report(d, ea, eb);
	else
		r = diff_dirs(d, ea ? &ea->oid : NULL, eb ? &eb->oid : NULL, err);
	d->path.n = before;
	return r;
}

static int diff_dirs(struct differ *d, const struct cp_oid *a, const struct cp_oid *b,
		     struct cp_err *err)
{
	cp_auto_free const struct cp_entry **ea = NULL, **eb = NULL;
	size_t na = 0, nb = 0, i = 0, k = 0;
	int r = 0;

	if (++d->depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "%.*s: too many folders",
				  CP_STR(cp_buf_str(&d->path)));
	r = ordered_entries(d->a, a, &ea, &na, err);
	if (r == 0)
		r = ordered_entries(d->b, b, &eb, &nb, err);
	while (r == 0 && (i < na || k < nb)) {
		int c = i == na ? 1 : k == nb ? -1 : compare_as_paths(ea[i], eb[k]);
		const struct cp_entry *x = c <= 0 ? ea[i++] : NULL, *y = c >= 0 ? eb[k++] : NULL;

		r = diff_entries(d, x, y, err);
	}
	d->depth--;
	return r;
}

int cp_tree_diff(struct cp_tree *a, struct cp_tree *b,
		 int (*visit)(void *self, struct cp_str path, enum cp_change change,
			      const struct cp_entry *old_entry, const struct cp_entry *new_entry),
		 void *self, struct cp_err *err)
{
	struct differ d = {.a = a,
			   .b = b,
			   .visit = visit,
			   .self = self,
			   .path = CP_BUF_INIT(CP_MAX_PATH_BYTES)};
	int r;

	if (cp_oid_eq(&a->root, &b->root))
		return 0;
	r = diff_dirs(&d, &a->root, &b->root, err);
	cp_buf_release(&d.path);
	return r;
}
