#include "repo/work_tree_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- folders on disk ---- */

struct scan {
	struct cp_work_tree *w;
	struct cp_str path;
	enum cp_work_effort effort;
	CP_VEC(struct cp_entry) entries;
	bool all_known; /* every entry has an id that git would give it */
};

static int folder_id(struct cp_work_tree *w, struct cp_str path, const struct stat *st,
		     unsigned depth, struct cp_oid *ret_oid, bool *ret_real, struct cp_err *err);

/* Does the index know files below this folder, or the folder itself as a submodule? */
static const git_index_entry *submodule_of(const struct cp_work_tree *w, struct cp_str path)
{
	const git_index_entry *e = git_index_get_bypath(w->index, path.p, 0);

	return e && (e->mode & 0170000) == 0160000 ? e : NULL;
}

static int is_tracked(const struct cp_work_tree *w, struct cp_str path, bool *ret,
		      struct cp_err *err)
{
	cp_auto_buf struct cp_buf prefix = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);
	size_t at;

	cp_buf_adds(&prefix, path);
	cp_buf_addc(&prefix, '/');
	if (cp_buf_error(&prefix))
		return cp_err_nomem(err);
	*ret = path.n == 0 || git_index_find_prefix(&at, w->index, prefix.p) == 0;
	return 0;
}

static bool is_empty_folder(const char *full)
{
	DIR *d = opendir(full);
	const struct dirent *e;
	bool empty = d != NULL;

	while (empty && (e = readdir(d)))
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	if (d)
		closedir(d);
	return empty;
}

/* A submodule that is checked out is a folder with files like any other: a build sees them. */
static int scan_folder(struct scan *s, struct cp_str path, const char *full, const struct stat *st,
		       unsigned depth, struct cp_entry *e, struct cp_err *err)
{
	const git_index_entry *submodule = submodule_of(s->w, path);
	bool real = false;
	int r;

	if (submodule && is_empty_folder(full)) {
		e->kind = CP_ENTRY_SUBMODULE;
		e->oid = cp_repo_oid(&submodule->id);
		return 0;
	}
	e->kind = CP_ENTRY_DIR;
	r = folder_id(s->w, path, st, depth + 1, &e->oid, &real, err);
	s->all_known &= real;
	return r;
}

static int scan_entry(struct scan *s, const char *name, unsigned depth, struct cp_err *err)
{
	cp_auto_buf struct cp_buf full = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES),
				  path = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_entry e = {.name = cp_arena_str(s->w->a, cp_str_c(name))};
	bool known = true;
	struct stat st;
	int r;

	cp_buf_adds(&path, s->path);
	if (path.n)
		cp_buf_addc(&path, '/');
	cp_buf_addz(&path, name);
	if (cp_buf_error(&path) || !e.name.p)
		return cp_err_set(err, cp_buf_error(&path) == CP_ELIMIT ? CP_ELIMIT : CP_ENOMEM,
				  "%.*s/%s: path too long", CP_STR(s->path), name);
	r = cp_repo_work_path(s->w, cp_buf_str(&path), &full, err);
	if (r < 0)
		return r;
	if (lstat(full.p, &st) < 0)
		return errno == ENOENT ? 0
				       : cp_err_set(err, CP_EIO, "%s cannot be looked at", path.p);
	if (++s->w->n_entries > CP_MAX_TREE_ENTRIES)
		return cp_err_set(err, CP_ELIMIT, "more than %u files in the work tree",
				  CP_MAX_TREE_ENTRIES);
	if (S_ISDIR(st.st_mode))
		r = scan_folder(s, cp_buf_str(&path), full.p, &st, depth, &e, err);
	else
		r = cp_repo_work_identify(s->w, cp_buf_str(&path), &st, s->effort, &e, &known, err);
	if (r == CP_ENOTFOUND) /* gone since the folder was read */
		return 0;
	s->all_known &= known;
	if (r < 0 || !known)
		return r;
	return cp_vec_push(s->w->a, &s->entries, e) < 0 ? cp_err_nomem(err) : 0;
}

/* CP_EIO when the folder cannot be read. */
static int scan(struct scan *s, unsigned depth, struct cp_err *err)
{
	cp_auto_buf struct cp_buf full = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES);
	const struct dirent *d;
	int r = cp_repo_work_path(s->w, s->path, &full, err);
	DIR *dir;

	if (r < 0)
		return r;
	if (depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "%.*s: folders more than %u deep",
				  CP_STR(s->path), CP_MAX_TREE_DEPTH);
	dir = opendir(full.p);
	if (!dir)
		return cp_err_set(err, CP_EIO, "%.*s: the folder cannot be read", CP_STR(s->path));
	s->all_known = true;
	while (r == 0 && (errno = 0, d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    (s->path.n == 0 && strcmp(d->d_name, ".git") == 0))
			continue;
		r = scan_entry(s, d->d_name, depth, err);
	}
	if (r == 0 && errno)
		r = cp_err_set(err, CP_EIO, "%.*s: the folder cannot be read", CP_STR(s->path));
	closedir(dir);
	return r;
}

static int compare_as_git(const void *x, const void *y)
{
	const struct cp_entry *a = x, *b = y;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c = memcmp(a->name.p, b->name.p, n);
	unsigned char ca = a->name.n > n             ? (unsigned char)a->name.p[n]
			   : a->kind == CP_ENTRY_DIR ? '/'
						     : 0;
	unsigned char cb = b->name.n > n             ? (unsigned char)b->name.p[n]
			   : b->kind == CP_ENTRY_DIR ? '/'
						     : 0;

	return c ? c : (int)ca - (int)cb;
}

/* ---- ids of folders ---- */

/* An id that no folder of git has, until somebody lists it. */
static int make_lazy(struct cp_work_tree *w, struct cp_str path, const struct stat *st,
		     struct cp_oid *ret_oid, struct cp_err *err)
{
	struct cp_work_path *l = CP_NEW(w->a, struct cp_work_path);

	if (!l)
		return cp_err_nomem(err);
	l->oid = cp_repo_work_stat_oid(path, st);
	l->path = cp_arena_str(w->a, path);
	if (!l->path.p || cp_map_put(w->a, &w->lazy, cp_repo_oid_key(&l->oid), l) < 0)
		return cp_err_nomem(err);
	*ret_oid = l->oid;
	return 0;
}

/* The id that git gives the folder, when every file in it is as the index knows it; *ret_real false otherwise. */
static int try_real(struct cp_work_tree *w, struct cp_str path, unsigned depth,
		    struct cp_oid *ret_oid, bool *ret_real, struct cp_err *err)
{
	struct scan s = {.w = w, .path = path, .effort = CP_WORK_CHEAP};
	int r = scan(&s, depth, err);

	*ret_real = r == 0 && s.all_known && s.entries.n > 0;
	if (r == CP_EIO) /* a folder that we may not read: whoever lists it is told */
		return 0;
	if (r < 0 || !*ret_real)
		return r;
	qsort(s.entries.items, s.entries.n, sizeof(*s.entries.items), compare_as_git);
	return cp_repo_dir_from(w->a, &w->dirs, s.entries.items, s.entries.n, ret_oid, err);
}

struct known_folder {
	struct cp_oid oid;
	bool real;
};

static int folder_id(struct cp_work_tree *w, struct cp_str path, const struct stat *st,
		     unsigned depth, struct cp_oid *ret_oid, bool *ret_real, struct cp_err *err)
{
	struct known_folder *k = cp_map_get(&w->ids, path);
	bool tracked = false;
	int r = 0;

	if (!k) {
		k = CP_NEW(w->a, struct known_folder);
		if (!k)
			return cp_err_nomem(err);
		r = is_tracked(w, path, &tracked, err);
		if (r == 0 && tracked)
			r = try_real(w, path, depth, &k->oid, &k->real, err);
		if (r == 0 && !k->real)
			r = make_lazy(w, path, st, &k->oid, err);
		path = cp_arena_str(w->a, path);
		if (r == 0 && (!path.p || cp_map_put(w->a, &w->ids, path, k) < 0))
			r = cp_err_nomem(err);
		if (r < 0)
			return r;
	}
	*ret_oid = k->oid;
	*ret_real = k->real;
	return 0;
}

/* ---- the tree ---- */

static int list_lazy(struct cp_work_tree *w, const struct cp_work_path *l,
		     const struct cp_dir **ret_dir, struct cp_err *err)
{
	struct scan s = {.w = w, .path = l->path, .effort = CP_WORK_FULL};
	unsigned depth = 0;
	struct cp_dir *d;
	int r;

	for (size_t i = 0; i < l->path.n; i++)
		depth += l->path.p[i] == '/';
	r = scan(&s, depth, err);
	if (r < 0)
		return r;
	d = cp_repo_dir_new(w->a, &l->oid, s.entries.n);
	if (!d)
		return cp_err_nomem(err);
	if (s.entries.n)
		memcpy(d->entries, s.entries.items, s.entries.n * sizeof(*d->entries));
	d->n_entries = s.entries.n;
	r = cp_repo_dir_sort(d, err);
	if (r == 0 && cp_map_put(w->a, &w->dirs, cp_repo_oid_key(&d->oid), d) < 0)
		r = cp_err_nomem(err);
	if (r == 0)
		*ret_dir = d;
	return r;
}

static int work_tree_list(struct cp_tree *t, const struct cp_oid *oid,
			  const struct cp_dir **ret_dir, struct cp_err *err)
{
	struct cp_work_tree *w = (struct cp_work_tree *)t;
	const struct cp_work_path *l;
	const struct cp_dir *d;
	int r = 0;

	pthread_mutex_lock(&w->lock);
	d = cp_map_get(&w->dirs, cp_repo_oid_key(oid));
	l = d ? NULL : cp_map_get(&w->lazy, cp_repo_oid_key(oid));
	if (!d)
		r = l ? list_lazy(w, l, &d, err)
		      : cp_err_set(err, CP_ENOTFOUND, "no such folder in the work tree");
	pthread_mutex_unlock(&w->lock);
	if (r == 0)
		*ret_dir = d;
	return r;
}

static const struct cp_work_file *file_of(struct cp_work_tree *w, const struct cp_oid *oid)
{
	const struct cp_work_file *f;

	pthread_mutex_lock(&w->lock);
	f = cp_map_get(&w->files_by_id, cp_repo_oid_key(oid));
	pthread_mutex_unlock(&w->lock);
	return f;
}

static int work_tree_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			  struct cp_err *err)
{
	struct cp_work_tree *w = (struct cp_work_tree *)t;
	const struct cp_work_file *f = file_of(w, oid);
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r;

	if (!f) /* behind a filter: the blob is what git has */
		return cp_repo_blob_read(w->repo, oid, out, err);
	if (f->conversion.kind == CP_CONV_NONE)
		return cp_repo_work_bytes(w, f->path, &f->st, out, err);
	r = cp_repo_work_bytes(w, f->path, &f->st, &bytes, err);
	if (r < 0)
		return r;
	cp_repo_unconvert(&f->conversion, cp_buf_str(&bytes), out);
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "%.*s is over its limit",
					      CP_STR(f->path))
				 : 0;
}

static int work_tree_size(struct cp_tree *t, const struct cp_oid *oid, uint64_t *ret_size,
			  struct cp_err *err)
{
	struct cp_work_tree *w = (struct cp_work_tree *)t;
	const struct cp_work_file *f = file_of(w, oid);
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r = 0;

	if (!f)
		return cp_repo_blob_size(w->repo, oid, ret_size, err);
	if (f->conversion.kind == CP_CONV_NONE) {
		*ret_size = (uint64_t)f->st.st_size;
		return 0;
	}
	r = work_tree_read(t, oid, &bytes, err);
	if (r == 0)
		*ret_size = bytes.n;
	return r;
}

static void work_tree_free(struct cp_tree *t)
{
	struct cp_work_tree *w = (struct cp_work_tree *)t;

	git_index_free(w->index);
	cp_arena_free(w->a);
	pthread_mutex_destroy(&w->lock);
	cp_repo_unref(w->repo);
	free(w);
}

static const struct cp_tree_ops work_tree_ops = {work_tree_list, work_tree_read, work_tree_size,
						 work_tree_free};

bool cp_repo_work_tree_is_raw(struct cp_tree *t, struct cp_str path)
{
	struct cp_work_tree *w = (struct cp_work_tree *)t;
	bool raw;

	if (t->ops != &work_tree_ops)
		return false;
	pthread_mutex_lock(&w->lock);
	raw = cp_map_get(&w->raw, path) != NULL;
	pthread_mutex_unlock(&w->lock);
	return raw;
}

static int open_index(struct cp_work_tree *w, struct cp_err *err)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);
	struct stat st;

	cp_buf_printf(&path, "%sindex", w->repo->git_dir);
	if (cp_buf_error(&path))
		return cp_err_nomem(err);
	if (stat(path.p, &st) == 0) /* before it is read: a later time would hide changes */
		w->index_time = st.st_mtim;
	return cp_repo_index_open(w->repo, &w->index, err);
}

static int look_at_root(struct cp_work_tree *w, struct cp_err *err)
{
	bool real = false;
	struct stat st;
	int r = open_index(w, err);

	if (r < 0)
		return r;
	w->files = (struct cp_attribute_files){cp_repo_work_read_attributes, w};
	r = cp_repo_attributes_from(w->a, &w->files, &w->attributes, err);
	if (r < 0)
		return r;
	if (lstat(w->repo->work_tree, &st) < 0)
		return cp_err_set(err, CP_EIO, "%s cannot be looked at", w->repo->work_tree);
	return folder_id(w, CP_S(""), &st, 0, &w->base.root, &real, err);
}

int cp_repo_work_tree_tree(struct cp_repo *r, struct cp_tree **ret_tree, struct cp_err *err)
{
	struct cp_work_tree *w = calloc(1, sizeof(*w));
	int e;

	if (w)
		w->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!w || !w->a || pthread_mutex_init(&w->lock, NULL) != 0) {
		cp_arena_free(w ? w->a : NULL);
		free(w);
		return cp_err_nomem(err);
	}
	w->base.ops = &work_tree_ops;
	w->base.name = CP_S("the work tree");
	w->base.is_work_tree = true;
	w->repo = r;
	cp_repo_ref(r);
	e = look_at_root(w, err);
	if (e < 0) {
		work_tree_free(&w->base);
		return e;
	}
	*ret_tree = &w->base;
	return 0;
}
