#include "predict/records.h"

#include <stdio.h>

#include "predict/match_int.h"

static struct cp_digest out(const struct cp_digest *d, int index)
{
	char text[CP_DIGEST_TEXT + 16];
	int n;

	cp_digest_text(d, text);
	n = snprintf(text + CP_DIGEST_TEXT, 16, "@%d", index);
	return cp_digest_of(text, CP_DIGEST_TEXT + (size_t)n);
}

struct collector {
	struct matcher m;
	const struct cp_hasher *hasher;
	CP_VEC(struct cp_record) items;
	struct cp_map contents; /* digest of a content record ─► itself */
};

static int add_content(struct collector *c, const struct cp_digest *content)
{
	struct cp_record r = {.digest = out(content, -1), .op_digest = *content};
	struct cp_str key;

	if (cp_vec_push(c->m.arena, &c->items, r) < 0)
		return CP_ENOMEM;
	key = cp_arena_str(c->m.arena,
			   cp_str_n((const char *)r.digest.bytes, sizeof(r.digest.bytes)));
	return key.p ? cp_map_put(c->m.arena, &c->contents, key, c) : CP_ENOMEM;
}

static int content_link(struct collector *c, const struct cp_op *op, size_t i,
			struct cp_record_input *in)
{
	const struct cp_key_input *key = &c->m.b.keys[op->index].inputs[i];
	struct cp_digest content, record;
	struct cp_fs *fs;
	int r;

	in->unknown = c->m.b.keys[op->index].inexact;
	if (in->unknown.n)
		return 0;
	r = matcher_fs(&c->m, &c->m.b, op->inputs[i], &fs);

	if (r == 0)
		r = cp_selection_digest(c->m.arena, fs, key->sels, key->n_sels, c->hasher, &content,
					&in->unknown, c->m.err);
	if (r < 0 || in->unknown.n)
		return r;
	record = out(&content, -1);
	in->links[in->n_links++] = (struct cp_record_link){.record = record};
	if (cp_map_get(&c->contents, cp_str_n((const char *)record.bytes, sizeof(record.bytes))))
		return 0;
	return add_content(c, &content) < 0 ? cp_err_nomem(c->m.err) : 0;
}

static struct cp_str step_of(const struct cp_graph *g, const struct cp_op *op)
{
	for (size_t i = 0; i < g->n_steps; i++)
		if (g->steps[i].op == op)
			return g->steps[i].name;
	return CP_S("");
}

static const struct cp_str no_chain =
	CP_S_INIT("this daemon also has a key of the image's layers, which are not known");

/* Why the digest of a key is not the builder's, "" = it is. */
static struct cp_str not_exact(const struct cp_op_key *key)
{
	return key->unresolved.n ? key->unresolved : key->inexact;
}

/* Why a link to an operation does not surely lead to its key. */
static struct cp_str link_doubt(const struct cp_op *to, const struct cp_op_key *key)
{
	struct cp_str why = not_exact(key);

	return why.n || !to->source.may_trigger
		       ? why
		       : CP_S("the config of the image, which may hold ONBUILD, is not known");
}

/* The second record of an image, which daemons before v0.33.1 have. */
static int add_chain(struct collector *c, const struct cp_op *op, const struct cp_op_key *key)
{
	struct cp_record r = {.digest = out(&key->chain, 0),
			      .op = op,
			      .op_digest = key->chain,
			      .preimage = key->chain_preimage,
			      .step = step_of(c->m.b.build->graph, op),
			      .unknown = key->inexact};

	if (!key->has_chain)
		return 0;
	return cp_vec_push(c->m.arena, &c->items, r) < 0 ? cp_err_nomem(c->m.err) : 0;
}

static int fill_input(struct collector *c, const struct cp_op *op, size_t i,
		      struct cp_record_input *in)
{
	const struct cp_op_key *source = &c->m.b.keys[op->inputs[i]->index];
	const struct cp_key_input *key = &c->m.b.keys[op->index].inputs[i];

	in->links = cp_arena_array(c->m.arena, 3, sizeof(*in->links));
	if (!in->links)
		return cp_err_nomem(c->m.err);
	if (!source->random) /* a local source has no key of its own */
		in->links[in->n_links++] =
			(struct cp_record_link){.has_selector = key->has_selector,
						.selector = key->selector,
						.record = out(&source->digest, 0),
						.unknown = link_doubt(op->inputs[i], source)};
	if (source->has_chain)
		in->links[in->n_links++] =
			(struct cp_record_link){.has_selector = key->has_selector,
						.selector = key->selector,
						.record = out(&source->chain, 0)};
	if (source->chain_unknown)
		in->links[in->n_links++] =
			(struct cp_record_link){.has_selector = key->has_selector,
						.selector = key->selector,
						.unknown = no_chain};
	return key->by_content ? content_link(c, op, i, in) : 0;
}

static int add_op(struct collector *c, const struct cp_op *op)
{
	const struct cp_op_key *key = &c->m.b.keys[op->index];
	struct cp_record rec = {.digest = out(&key->digest, 0),
				.op = op,
				.op_digest = key->digest,
				.preimage = key->preimage,
				.step = step_of(c->m.b.build->graph, op),
				.n_inputs = op->n_inputs,
				.unknown = not_exact(key)};

	if (key->random)
		return 0;
	rec.inputs = cp_arena_array(c->m.arena, op->n_inputs, sizeof(*rec.inputs));
	if (!rec.inputs)
		return cp_err_nomem(c->m.err);
	for (size_t i = 0; i < op->n_inputs; i++) {
		int r = fill_input(c, op, i, &rec.inputs[i]);

		if (r < 0)
			return r;
	}
	if (cp_vec_push(c->m.arena, &c->items, rec) < 0)
		return cp_err_nomem(c->m.err);
	return add_chain(c, op, key);
}

int cp_records_collect(struct cp_arena *arena, const struct cp_build *b,
		       const struct cp_hasher *hasher, struct cp_records *ret_records,
		       struct cp_err *err)
{
	static const struct cp_graph nothing;
	struct cp_build before = {.graph = &nothing};
	struct collector c = {.hasher = hasher};
	struct cp_err local = {0};
	int r = matcher_init(&c.m, arena, &before, b, err ? err : &local);

	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++)
		r = add_op(&c, b->graph->ops[i]);
	if (r < 0)
		return r;
	ret_records->items = c.items.items;
	ret_records->n = c.items.n;
	return 0;
}
