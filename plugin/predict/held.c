#include "predict/held.h"

#include "keys/keys.h"

typedef CP_VEC(uint32_t) index_vec;

struct search {
	struct cp_arena *arena;
	const struct cp_build *b;
	const struct cp_cache *cache;
	const struct cp_hasher *hasher;
	struct cp_traces traces;
	struct cp_err *err;
};

static const index_vec *records_of(const struct cp_cache *cache, const struct cp_digest *d)
{
	struct cp_digest id = cp_cache_out(d, 0);

	return cp_map_get(&cache->by_digest, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
}

/* Does a record of the operation lead to this content at that input? */
static bool leads_to(const struct cp_cache *cache, const index_vec *records, size_t input,
		     const struct cp_digest *content)
{
	struct cp_digest root = cp_cache_out(content, -1);

	for (size_t i = 0; records && i < records->n; i++) {
		const struct cp_cache_record *r = &cache->records[records->items[i]];

		for (size_t k = 0; input < r->n_inputs && k < r->inputs[input].n_links; k++) {
			const struct cp_cache_link *l = &r->inputs[input].links[k];

			if (!l->has_selector &&
			    cp_digest_eq(&cache->records[l->record].digest, &root))
				return true;
		}
	}
	return false;
}

/* The files that input i of an operation selects. */
static int look_up_content(struct search *s, const struct cp_op *op, const struct cp_op_key *key,
			   size_t i)
{
	const struct cp_key_input *in = &key->inputs[i];
	struct cp_fs *fs = s->b->local(s->b->self, op->inputs[i]->source.local_name);
	struct cp_digest digest;
	struct cp_str why = CP_S("");
	int r = 0;

	if (fs)
		r = cp_selection_digest(s->arena, fs, in->sels, in->n_sels, s->hasher, &digest,
					&why, s->err);
	if (r < 0)
		return r;
	if (!fs || why.n) {
		s->traces.n_unknown++;
		return 0;
	}
	s->traces.n++;
	s->traces.n_found += leads_to(s->cache, records_of(s->cache, &key->digest), i, &digest);
	return 0;
}

static int look_up_op(struct search *s, const struct cp_op *op, const struct cp_op_key *key)
{
	int r = 0;

	if (!key->random && !key->unresolved.n && !key->inexact.n && op->kind != CP_OP_SOURCE) {
		s->traces.n++;
		s->traces.n_found += records_of(s->cache, &key->digest) != NULL;
	}
	for (size_t i = 0; r == 0 && s->hasher && i < op->n_inputs; i++)
		if (key->inputs[i].by_content && op->inputs[i]->kind == CP_OP_SOURCE &&
		    op->inputs[i]->source.local_name.n)
			r = look_up_content(s, op, key, i);
	return r;
}

int cp_build_traces(struct cp_arena *arena, const struct cp_build *b, const struct cp_cache *cache,
		    const struct cp_hasher *hasher, struct cp_traces *ret_traces,
		    struct cp_err *err)
{
	struct search s = {.arena = arena, .b = b, .cache = cache, .hasher = hasher, .err = err};
	struct cp_op_key *keys;
	int r = cp_keys_compute(arena, b->graph, &keys, err);

	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++)
		r = look_up_op(&s, b->graph->ops[i], &keys[b->graph->ops[i]->index]);
	if (r == 0)
		*ret_traces = s.traces;
	return r;
}
