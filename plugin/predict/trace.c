/* What a build asks a cache for, without its files. */
#include <stdlib.h>

#include "predict/match_int.h"
#include "predict/replay_int.h"

/* ---- what is remembered ---- */

struct cp_contents {
	struct cp_arena *a;
	struct cp_map known; /* name of a folder or a selection ─► struct remembered */
};

struct remembered {
	struct cp_digest name, digest;
	uint8_t flags;
};

struct cp_contents *cp_contents_new(void)
{
	struct cp_contents *c = calloc(1, sizeof(*c));

	if (c)
		c->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (c && !c->a) {
		free(c);
		return NULL;
	}
	return c;
}

void cp_contents_free(struct cp_contents *c)
{
	if (!c)
		return;
	cp_arena_free(c->a);
	free(c);
}

static struct cp_str name_of(const struct cp_digest *d)
{
	return cp_str_n((const char *)d->bytes, sizeof(d->bytes));
}

static bool recall(void *self, const struct cp_digest *name, struct cp_digest *ret_digest,
		   uint8_t *ret_flags)
{
	const struct remembered *m =
		cp_map_get(&((struct cp_contents *)self)->known, name_of(name));

	if (!m)
		return false;
	*ret_digest = m->digest;
	*ret_flags = m->flags;
	return true;
}

/* What does not fit is found out again. */
static void remember(void *self, const struct cp_digest *name, const struct cp_digest *digest,
		     uint8_t flags)
{
	struct cp_contents *c = self;
	struct remembered *m = CP_NEW(c->a, struct remembered);

	if (!m)
		return;
	*m = (struct remembered){*name, *digest, flags};
	cp_map_put(c->a, &c->known, name_of(&m->name), m);
}

/*
 * A file is its blob, or the bytes that git makes of it; where those are not known (a filter), the blob stands for them: the same blob is
 * the same file.
 */
static int record(void *self, struct cp_fs *fs, const struct cp_node *file,
		  struct cp_digest *ret_digest, struct cp_err *err)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	struct cp_err ignored = {0};
	struct cp_sha256 h;
	int r = CP_EUNSUPPORTED;

	(void)self;
	if (file->converted)
		r = fs->ops->bytes(fs, file, &bytes, &ignored);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	cp_sha256_init(&h);
	cp_sha256_add(&h, &file->mode, sizeof(file->mode));
	cp_sha256_add(&h, &file->owner.uid, sizeof(file->owner.uid));
	cp_sha256_add(&h, &file->owner.gid, sizeof(file->owner.gid));
	if (r == 0 && !cp_buf_error(&bytes))
		cp_sha256_adds(&h, cp_buf_str(&bytes));
	else
		cp_sha256_add(&h, file->identity.bytes, sizeof(file->identity.bytes));
	*ret_digest = cp_sha256_end(&h);
	return 0;
}

/* ---- one build ---- */

struct tracer {
	struct matcher m; /* against no build: for the file systems of stages */
	struct cp_hasher hasher;
	struct cp_trace *t;
};

/* Something unknown of a stage is open; of a context or a download it is unsure. */
static enum trace_content unknown_kind(const struct cp_op *source)
{
	if (source->kind == CP_OP_SOURCE && source->source.kind != CP_SOURCE_IMAGE)
		return CONTENT_UNSURE;
	return CONTENT_OPEN;
}

static int trace_content(struct tracer *x, const struct cp_op *op, size_t i,
			 struct cp_trace_input *in)
{
	const struct cp_key_input *key = &x->m.b.keys[op->index].inputs[i];
	struct cp_str why;
	struct cp_fs *fs;
	int r = matcher_fs(&x->m, &x->m.b, op->inputs[i], &fs);

	if (r == 0)
		r = cp_selection_digest(x->m.arena, fs, key->sels, key->n_sels, &x->hasher,
					&in->digest, &why, x->m.err);
	if (r < 0)
		return r;
	in->content = why.n ? unknown_kind(op->inputs[i]) : CONTENT_KNOWN;
	if (why.p == cp_selection_missing.p && in->content == CONTENT_UNSURE)
		x->t->ops[op->index].absent = x->t->absent = true;
	return 0;
}

/* What was taken from an image's config that is not known, as a part of what the operation is. */
static struct cp_digest full_digest(const struct cp_op *op, const struct cp_digest *digest)
{
	struct cp_str ref = op->assumes_config_of;
	size_t at = cp_str_find(ref, '@', 0);
	uint32_t fields = op->assumes;
	struct cp_sha256 h;

	if (!ref.n)
		return *digest;
	cp_sha256_init(&h);
	cp_sha256_add(&h, digest->bytes, sizeof(digest->bytes));
	cp_sha256_add(&h, &fields, sizeof(fields));
	for (size_t i = 0; op->exec.env_assumed && i < op->exec.n_env; i++)
		cp_sha256_add(&h, op->exec.env_assumed[i] ? "1" : "0", 1);
	cp_sha256_adds(&h, at < ref.n ? cp_str_from(ref, at) : ref);
	return cp_sha256_end(&h);
}

static int trace_op(struct tracer *x, struct cp_arena *a, const struct cp_op *op)
{
	const struct cp_op_key *key = &x->m.b.keys[op->index];
	struct cp_trace_op *to = &x->t->ops[op->index];
	int r = 0;

	*to = (struct cp_trace_op){.op = op,
				   .digest = key->digest,
				   .full = full_digest(op, &key->digest),
				   .random = key->random,
				   .unresolved =
					   key->unresolved.n && op->source.kind != CP_SOURCE_IMAGE};
	to->inputs = cp_arena_array(a, op->n_inputs, sizeof(*to->inputs));
	if (!to->inputs)
		return cp_err_nomem(x->m.err);
	for (size_t i = 0; r == 0 && i < op->n_inputs; i++) {
		struct cp_trace_input *in = &to->inputs[i];

		in->op = op->inputs[i]->index;
		in->has_selector = key->inputs[i].has_selector;
		if (in->has_selector)
			in->selector = key->inputs[i].selector;
		if (key->inputs[i].by_content)
			r = trace_content(x, op, i, in);
	}
	return r;
}

static int note_twins(struct tracer *x)
{
	const struct cp_op *const *twins;
	int r = twins_find(&x->m, &twins);

	for (size_t i = 0; r == 0 && i < x->t->graph->n_ops; i++)
		if (twins[i])
			x->t->ops[i].twin = twins[i]->index + 1;
	return r;
}

int cp_trace_make(struct cp_arena *a, struct cp_arena *scratch, const struct cp_build *b,
		  struct cp_contents *contents, struct cp_trace **ret_trace, struct cp_err *err)
{
	static const struct cp_graph nothing;
	struct cp_build before = {.graph = &nothing};
	struct tracer x = {.t = CP_NEW(a, struct cp_trace)};
	struct cp_err local = {0};
	int r;

	x.hasher = (struct cp_hasher){.record = record,
				      .self = contents,
				      .rules = b->graph->rules,
				      .by_identity = true,
				      .recall = recall,
				      .remember = remember};
	if (x.t)
		x.t->ops = cp_arena_array(a, b->graph->n_ops, sizeof(*x.t->ops));
	if (!x.t || !x.t->ops)
		return cp_err_nomem(err);
	x.t->graph = b->graph;
	r = matcher_init(&x.m, scratch, &before, b, err ? err : &local);
	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++)
		r = trace_op(&x, a, b->graph->ops[i]);
	if (r == 0)
		r = note_twins(&x);
	if (r == 0)
		*ret_trace = x.t;
	return r;
}

/* ---- what a step is by itself ---- */

/* The operation and its content; of inputs that are not known by content, what they are made of: all of them, or those of which some bytes are taken. */
static struct cp_digest digest_of(const struct cp_trace_op *op, const struct cp_digest *made_of,
				  bool with_parents)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_add(&h, op->full.bytes, sizeof(op->full.bytes));
	for (size_t i = 0; i < op->op->n_inputs; i++) {
		const struct cp_trace_input *in = &op->inputs[i];

		if (in->content == CONTENT_KNOWN)
			cp_sha256_add(&h, in->digest.bytes, sizeof(in->digest.bytes));
		else if (with_parents || in->content != CONTENT_NONE)
			cp_sha256_add(&h, made_of[in->op].bytes, sizeof(made_of[in->op].bytes));
	}
	return cp_sha256_end(&h);
}

int cp_trace_own(struct cp_arena *a, const struct cp_trace *t, struct cp_digest **ret_own,
		 struct cp_err *err)
{
	const struct cp_graph *g = t->graph;
	struct cp_digest *made_of = cp_arena_array(a, g->n_ops, sizeof(*made_of));
	struct cp_digest *own = cp_arena_array(a, g->n_steps, sizeof(*own));

	if (!made_of || !own)
		return cp_err_nomem(err);
	for (size_t i = 0; i < g->n_ops; i++)
		made_of[i] = digest_of(&t->ops[i], made_of, true);
	for (size_t i = 0; i < g->n_steps; i++)
		if (g->steps[i].op)
			own[i] = digest_of(&t->ops[g->steps[i].op->index], made_of, false);
	*ret_own = own;
	return 0;
}
