/* One input of two operations: what they select, and which records of files make their content digests differ. */
#include <stdlib.h>

#include "predict/key_diff_int.h"

struct found {
	struct cp_node node;
	struct cp_str path;
};

struct finder {
	struct cp_arena *a;
	CP_VEC(struct found) list;
};

static int find(void *self, const struct cp_node *node, struct cp_str path)
{
	struct finder *f = self;

	return cp_vec_push(f->a, &f->list, (struct found){*node, path});
}

static int by_path(const void *x, const void *y)
{
	return cp_str_cmp(((const struct found *)x)->path, ((const struct found *)y)->path);
}

/* Everything that the selectors reach, each once. */
static int find_all(struct differ *d, struct cp_fs *fs, const struct cp_key_input *key,
		    struct finder *f)
{
	for (size_t i = 0; i < key->n_sels; i++) {
		struct cp_err why = {0};
		int r = cp_selection_visit(d->m.arena, fs, &key->sels[i], find, f, &why);

		if (r == CP_ENOMEM)
			return cp_err_nomem(d->m.err);
	}
	if (f->list.n > 1)
		qsort(f->list.items, f->list.n, sizeof(*f->list.items), by_path);
	for (size_t i = 0, n = f->list.n, kept = f->list.n = 0; i < n; i++)
		if (!kept || !cp_str_eq(f->list.items[kept - 1].path, f->list.items[i].path)) {
			f->list.items[kept++] = f->list.items[i];
			f->list.n = kept;
		}
	return 0;
}

/* ---- records ---- */

static int put_header(struct differ *d, const struct cp_node *n, uint64_t size, char type,
		      struct cp_str link, struct cp_key_record *ret)
{
	char text[CP_RECORD_HEAD];
	struct cp_str head = cp_record_head(text, n->kind == CP_NODE_SYMLINK ? 0777 : n->mode,
					    &n->owner, size, type);

	ret->header =
		cp_arena_printf(d->m.arena, "%.*s%.*s" CP_RECORD_TAIL, CP_STR(head), CP_STR(link));
	return ret->header.p ? 0 : cp_err_nomem(d->m.err);
}

/* Not knowing a record is no error here: it is left without a digest. */
static int put_record(struct differ *d, struct cp_fs *fs, const struct cp_node *n,
		      struct cp_key_record *ret)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_HASHED_BYTES);
	struct cp_str link = CP_S("");
	struct cp_err why = {0};
	struct cp_sha256 h;
	char type = n->kind == CP_NODE_DIR ? '5' : n->kind == CP_NODE_SYMLINK ? '2' : '0';
	int r = 0;

	ret->there = true;
	if (n->kind == CP_NODE_OPAQUE || n->kind == CP_NODE_VOLATILE)
		return 0;
	if (n->kind == CP_NODE_SYMLINK)
		r = fs->ops->target(fs, n, &link, &why);
	if (n->kind == CP_NODE_FILE)
		r = fs->ops->bytes(fs, n, &bytes, &why);
	if (r == CP_ENOMEM)
		return cp_err_nomem(d->m.err);
	if (r < 0)
		return 0;
	if (!cp_owner_is_known(&n->owner))
		return 0;
	cp_record_header(&h, n->kind == CP_NODE_SYMLINK ? 0777 : n->mode, &n->owner, bytes.n, type,
			 link);
	cp_sha256_adds(&h, cp_buf_str(&bytes));
	ret->digest = cp_sha256_end(&h);
	ret->known = true;
	return put_header(d, n, bytes.n, type, link, ret);
}

static bool is_same(const struct cp_node *x, const struct cp_node *y)
{
	if (x->kind != y->kind || x->mode != y->mode || !cp_owner_eq(&x->owner, &y->owner))
		return false;
	return x->kind == CP_NODE_DIR || cp_digest_eq(&x->identity, &y->identity);
}

static int add_file(struct differ *d, struct cp_fs *fa, const struct found *x, struct cp_fs *fb,
		    const struct found *y, struct cp_key_input_diff *in)
{
	struct cp_key_file f = {.path = y ? y->path : x->path};
	int r = 0;

	if (in->n_files == CP_MAX_CAUSE_PATHS) {
		in->n_files_total++;
		return 0;
	}
	if (x)
		r = put_record(d, fa, &x->node, &f.a);
	if (r == 0 && y)
		r = put_record(d, fb, &y->node, &f.b);
	if (r < 0 || (x && y && f.a.known && f.b.known && cp_digest_eq(&f.a.digest, &f.b.digest)))
		return r; /* converted to the same bytes */
	in->n_files_total++;
	in->files[in->n_files++] = f;
	return 0;
}

/* Both lists are in path order. */
static int compare_lists(struct differ *d, struct cp_fs *fa, const struct finder *a,
			 struct cp_fs *fb, const struct finder *b, struct cp_key_input_diff *in)
{
	size_t i = 0, k = 0;
	int r = 0;

	in->files = cp_arena_array(d->m.arena, CP_MAX_CAUSE_PATHS, sizeof(*in->files));
	if (!in->files)
		return cp_err_nomem(d->m.err);
	while (r == 0 && (i < a->list.n || k < b->list.n)) {
		const struct found *x = i < a->list.n ? &a->list.items[i] : NULL,
				   *y = k < b->list.n ? &b->list.items[k] : NULL;
		int c = !x ? 1 : !y ? -1 : cp_str_cmp(x->path, y->path);

		if (c == 0 && is_same(&x->node, &y->node))
			r = 0;
		else
			r = add_file(d, fa, c <= 0 ? x : NULL, fb, c >= 0 ? y : NULL, in);
		i += c <= 0;
		k += c >= 0;
	}
	return r;
}

/* ---- one input ---- */

static int selector_text(struct differ *d, const struct cp_key_input *key, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

	for (size_t i = 0; i < key->n_sels; i++) {
		if (i)
			cp_buf_addc(&out, '\0');
		cp_buf_adds(&out, key->sels[i].path);
	}
	*ret = cp_arena_str(d->m.arena, cp_buf_str(&out));
	return ret->p && !cp_buf_error(&out) ? 0 : cp_err_nomem(d->m.err);
}

static int content_of(struct differ *d, struct side *s, const struct cp_op *op, size_t input,
		      struct cp_fs **ret_fs, struct cp_digest *ret, bool *ret_known,
		      struct cp_str *unknown)
{
	const struct cp_key_input *key = &s->keys[op->index].inputs[input];
	struct cp_str why = CP_S("");
	int r = matcher_fs(&d->m, s, op->inputs[input], ret_fs);

	if (r == 0)
		r = cp_selection_digest(d->m.arena, *ret_fs, key->sels, key->n_sels, d->hasher, ret,
					&why, d->m.err);
	*ret_known = r == 0 && why.n == 0;
	if (!*ret_known)
		*ret = (struct cp_digest){{0}};
	if (why.n && !unknown->n)
		*unknown = why;
	return r;
}

int differ_input(struct differ *d, const struct cp_op *x, const struct cp_op *y, size_t input,
		 struct cp_key_input_diff *in, bool *ret_differs)
{
	const struct cp_key_input *kx = &d->m.a.keys[x->index].inputs[input],
				  *ky = &d->m.b.keys[y->index].inputs[input];
	struct finder a = {.a = d->m.arena}, b = {.a = d->m.arena};
	struct cp_fs *fa, *fb;
	int r = selector_text(d, kx, &in->selector_a);

	if (r == 0)
		r = selector_text(d, ky, &in->selector_b);
	if (r < 0)
		return r;
	*ret_differs = kx->has_selector != ky->has_selector || kx->by_content != ky->by_content ||
		       (kx->has_selector && !cp_digest_eq(&kx->selector, &ky->selector));
	if (!kx->by_content || !ky->by_content)
		return 0;
	r = content_of(d, &d->m.a, x, input, &fa, &in->content_a, &in->known_a, &in->unknown);
	if (r == 0)
		r = content_of(d, &d->m.b, y, input, &fb, &in->content_b, &in->known_b,
			       &in->unknown);
	if (r < 0)
		return r;
	if (in->known_a && in->known_b && cp_digest_eq(&in->content_a, &in->content_b))
		return 0;
	r = find_all(d, fa, kx, &a);
	if (r == 0)
		r = find_all(d, fb, ky, &b);
	if (r == 0)
		r = compare_lists(d, fa, &a, fb, &b, in);
	in->content_differs = (in->known_a && in->known_b) || in->n_files_total;
	*ret_differs = *ret_differs || in->content_differs;
	return r;
}
