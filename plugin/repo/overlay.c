/* A tree with some files of its own over another one: the folders on the way to them are made anew, all others are those below. */
#include "repo/git_int.h"

#include <stdlib.h>

struct overlay {
	struct cp_tree base; /* first */
	struct cp_tree *below;
	struct cp_arena *a;
	struct cp_map dirs, blobs; /* id ─► struct cp_dir, struct cp_str */
};

static struct cp_str key_of(const struct cp_oid *oid)
{
	return cp_str_n((const char *)oid->bytes, oid->n);
}

static int overlay_list(struct cp_tree *t, const struct cp_oid *oid, const struct cp_dir **ret_dir,
			struct cp_err *err)
{
	struct overlay *o = (struct overlay *)t;
	const struct cp_dir *dir = cp_map_get(&o->dirs, key_of(oid));

	if (!dir)
		return cp_tree_list(o->below, oid, ret_dir, err);
	*ret_dir = dir;
	return 0;
}

static int overlay_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			struct cp_err *err)
{
	struct overlay *o = (struct overlay *)t;
	const struct cp_str *text = cp_map_get(&o->blobs, key_of(oid));
	int r;

	if (!text)
		return cp_tree_read(o->below, oid, out, err);
	cp_buf_adds(out, *text);
	r = cp_buf_error(out);
	return r < 0 ? cp_err_set(err, r, "a file is over its limit") : 0;
}

static int overlay_size(struct cp_tree *t, const struct cp_oid *oid, uint64_t *ret_size,
			struct cp_err *err)
{
	struct overlay *o = (struct overlay *)t;
	const struct cp_str *text = cp_map_get(&o->blobs, key_of(oid));

	if (!text && !o->below->ops->size)
		return cp_err_set(err, CP_EUNSUPPORTED, "sizes are not known");
	if (!text)
		return o->below->ops->size(o->below, oid, ret_size, err);
	*ret_size = text->n;
	return 0;
}

static void overlay_free(struct cp_tree *t)
{
	struct overlay *o = (struct overlay *)t;

	cp_arena_free(o->a);
	free(o);
}

static const struct cp_tree_ops overlay_ops = {overlay_list, overlay_read, overlay_size,
					       overlay_free};

/* ---- ids ---- */

/* Trees from memory have ids of their own kind, where a blob's is the hash of its bytes. */
static int id_of(const struct overlay *o, struct cp_str bytes, git_object_t type,
		 struct cp_oid *ret, struct cp_err *err)
{
	struct cp_digest d;

	if (o->below->root.n != 32)
		return cp_repo_oid_of(bytes, type, ret, err);
	d = cp_digest_of(bytes.p, bytes.n);
	*ret = (struct cp_oid){.n = 32};
	memcpy(ret->bytes, d.bytes, sizeof(d.bytes));
	return 0;
}

static int add_blob(struct overlay *o, struct cp_str content, struct cp_oid *ret,
		    struct cp_err *err)
{
	struct cp_str *text = CP_NEW(o->a, struct cp_str);
	struct cp_oid *key = CP_NEW(o->a, struct cp_oid);
	int r = id_of(o, content, GIT_OBJECT_BLOB, ret, err);

	if (r < 0)
		return r;
	if (!text || !key)
		return cp_err_nomem(err);
	*text = cp_arena_str(o->a, content);
	*key = *ret;
	return text->p && cp_map_put(o->a, &o->blobs, key_of(key), text) == 0 ? 0
									      : cp_err_nomem(err);
}

/* git's order: a folder sorts as "name/". */
static int git_order(const void *x, const void *y)
{
	const struct cp_entry *a = *(const struct cp_entry *const *)x,
			      *b = *(const struct cp_entry *const *)y;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c = n ? memcmp(a->name.p, b->name.p, n) : 0;
	int ca = a->name.n > n ? (unsigned char)a->name.p[n] : a->kind == CP_ENTRY_DIR ? '/' : 0;
	int cb = b->name.n > n ? (unsigned char)b->name.p[n] : b->kind == CP_ENTRY_DIR ? '/' : 0;

	return c ? c : ca - cb;
}

static int dir_id(const struct overlay *o, struct cp_dir *dir, struct cp_err *err)
{
	static const char *const modes[] = {[CP_ENTRY_FILE] = "100644",
					    [CP_ENTRY_EXEC] = "100755",
					    [CP_ENTRY_SYMLINK] = "120000",
					    [CP_ENTRY_DIR] = "40000",
					    [CP_ENTRY_SUBMODULE] = "160000"};
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_ARENA_BYTES);
	cp_auto_free const struct cp_entry **refs = calloc(dir->n_entries + 1, sizeof(*refs));

	if (!refs)
		return cp_err_nomem(err);
	for (size_t i = 0; i < dir->n_entries; i++)
		refs[i] = &dir->entries[i];
	qsort(refs, dir->n_entries, sizeof(*refs), git_order);
	for (size_t i = 0; i < dir->n_entries; i++) {
		cp_buf_printf(&text, "%s %.*s", modes[refs[i]->kind], CP_STR(refs[i]->name));
		cp_buf_addc(&text, '\0');
		cp_buf_add(&text, refs[i]->oid.bytes, refs[i]->oid.n);
	}
	if (cp_buf_error(&text))
		return cp_err_nomem(err);
	return id_of(o, cp_buf_str(&text), GIT_OBJECT_TREE, &dir->oid, err);
}

/* ---- folders ---- */

struct span { /* files of the overlay below one folder */
	const struct cp_overlay_file *files;
	size_t n, skip; /* bytes of the folder's path and its slash */
};

static struct cp_str name_in(const struct span *s, size_t i, bool *ret_deeper)
{
	struct cp_str rest = cp_str_from(s->files[i].path, s->skip);
	size_t slash = cp_str_find(rest, '/', 0);

	*ret_deeper = slash < rest.n;
	return cp_str_sub(rest, 0, slash);
}

/* Files from i on that have the same first name. */
static size_t run_length(const struct span *s, size_t i)
{
	bool deeper;
	struct cp_str name = name_in(s, i, &deeper);
	size_t n = 1;

	while (i + n < s->n && cp_str_eq(name_in(s, i + n, &deeper), name))
		n++;
	return n;
}

static int make_dir(struct overlay *o, const struct cp_oid *old, const struct span *s,
		    unsigned depth, struct cp_oid *ret_id, bool *ret_empty, struct cp_err *err);

/* What one name of a folder becomes. *ret_there false: nothing. */
static int make_entry(struct overlay *o, const struct cp_entry *old, const struct span *s,
		      size_t at, size_t n, unsigned depth, struct cp_entry *ret, bool *ret_there,
		      struct cp_err *err)
{
	bool deeper, empty;
	const struct cp_overlay_file *f = &s->files[at];
	struct span below;
	int r;

	*ret_there = true;
	ret->name = cp_arena_str(o->a, name_in(s, at, &deeper));
	if (!ret->name.p)
		return cp_err_nomem(err);
	if (!deeper && n == 1) {
		ret->kind = f->kind;
		*ret_there = !f->removed;
		return f->removed ? 0 : add_blob(o, f->content, &ret->oid, err);
	}
	if (!deeper) { /* a file goes, a folder of its name comes */
		if (!f->removed)
			return cp_err_set(err, CP_EINVAL, "%.*s is a file and a folder",
					  CP_STR(f->path));
		old = NULL;
		at++;
		n--;
	}
	below = (struct span){s->files + at, n, s->skip + ret->name.n + 1};
	ret->kind = CP_ENTRY_DIR;
	r = make_dir(o, old && old->kind == CP_ENTRY_DIR ? &old->oid : NULL, &below, depth + 1,
		     &ret->oid, &empty, err);
	*ret_there = !empty;
	return r;
}

static int merge_entries(struct overlay *o, const struct cp_dir *old, const struct span *s,
			 unsigned depth, struct cp_dir *dir, struct cp_err *err)
{
	size_t k = 0, i = 0;

	while (i < old->n_entries || k < s->n) {
		bool deeper, there = true;
		struct cp_str name = k < s->n ? name_in(s, k, &deeper) : CP_S("");
		int c = i == old->n_entries ? 1
			: k == s->n         ? -1
					    : cp_str_cmp(old->entries[i].name, name);
		struct cp_entry *to = &dir->entries[dir->n_entries];
		size_t n;
		int r = 0;

		if (c < 0) {
			*to = old->entries[i++];
			dir->n_entries++;
			continue;
		}
		n = run_length(s, k);
		r = make_entry(o, c == 0 ? &old->entries[i] : NULL, s, k, n, depth, to, &there,
			       err);
		if (r < 0)
			return r;
		i += c == 0;
		k += n;
		dir->n_entries += there;
	}
	return 0;
}

static int make_dir(struct overlay *o, const struct cp_oid *old, const struct span *s,
		    unsigned depth, struct cp_oid *ret_id, bool *ret_empty, struct cp_err *err)
{
	static const struct cp_dir nothing;
	const struct cp_dir *before = &nothing;
	struct cp_dir *dir = CP_NEW(o->a, struct cp_dir);
	int r = old && old->n ? cp_tree_list(o->below, old, &before, err) : 0;

	if (depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "more than %u folders deep", CP_MAX_TREE_DEPTH);
	if (r < 0)
		return r;
	if (dir)
		dir->entries =
			cp_arena_array(o->a, before->n_entries + s->n, sizeof(*dir->entries));
	if (!dir || !dir->entries)
		return cp_err_nomem(err);
	r = merge_entries(o, before, s, depth, dir, err);
	if (r == 0)
		r = dir_id(o, dir, err);
	if (r < 0)
		return r;
	*ret_empty = dir->n_entries == 0;
	*ret_id = dir->oid;
	return cp_map_put(o->a, &o->dirs, key_of(&dir->oid), dir) < 0 ? cp_err_nomem(err) : 0;
}

/* Paths sorted as folders sort among files: by their parts. */
static int compare_parts(struct cp_str a, struct cp_str b)
{
	struct cp_str x, y;

	for (;;) {
		bool more_a = cp_path_next(&a, &x), more_b = cp_path_next(&b, &y);
		int c;

		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		c = cp_str_cmp(x, y);
		if (c)
			return c;
	}
}

static int by_parts(const void *x, const void *y)
{
	return compare_parts(((const struct cp_overlay_file *)x)->path,
			     ((const struct cp_overlay_file *)y)->path);
}

/* In order, each once. */
static int sort_files(struct cp_overlay_file *files, size_t n, struct cp_err *err)
{
	if (n > 1)
		qsort(files, n, sizeof(*files), by_parts);
	for (size_t i = 0; i < n; i++)
		if (!files[i].path.n || (i && by_parts(&files[i - 1], &files[i]) == 0))
			return cp_err_set(err, CP_EINVAL, "%.*s: no path, or twice",
					  CP_STR(files[i].path));
	return 0;
}

int cp_overlay_tree(struct cp_tree *below, const struct cp_overlay_file *files, size_t n,
		    struct cp_tree **ret_tree, struct cp_err *err)
{
	cp_auto_free struct cp_overlay_file *sorted = calloc(n + 1, sizeof(*sorted));
	struct overlay *o = calloc(1, sizeof(*o));
	struct span all = {sorted, n, 0};
	bool empty;
	int r;

	if (o)
		o->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!sorted || !o || !o->a) {
		if (o)
			cp_arena_free(o->a);
		free(o);
		return cp_err_nomem(err);
	}
	if (n)
		memcpy(sorted, files, n * sizeof(*sorted));
	o->base = *below;
	o->base.ops = &overlay_ops;
	o->below = below;
	r = sort_files(sorted, n, err);
	if (r == 0)
		r = make_dir(o, &below->root, &all, 0, &o->base.root, &empty, err);
	if (r < 0) {
		overlay_free(&o->base);
		return r;
	}
	*ret_tree = &o->base;
	return 0;
}
