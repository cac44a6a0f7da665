#include "predict/held.h"

#include "keys/keys.h"

static bool holds(const struct cp_cache *cache, const struct cp_digest *d, int output)
{
	struct cp_digest id = cp_cache_out(d, output);

	return cp_map_get(&cache->by_digest, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
}

static int look_up_content(struct cp_arena *arena, const struct cp_build *b,
			   const struct cp_cache *cache, const struct cp_hasher *hasher,
			   const struct cp_op *source, const struct cp_key_input *in,
			   struct cp_traces *t, struct cp_err *err)
{
	struct cp_fs *fs = b->local(b->self, source->source.local_name);
	struct cp_digest digest;
	struct cp_str why = CP_S("");
	int r;

	if (!fs) {
		t->n_unknown++;
		return 0;
	}
	r = cp_selection_digest(arena, fs, in->sels, in->n_sels, hasher, &digest, &why, err);
	if (r < 0)
		return r;
	if (why.n) {
		t->n_unknown++;
		return 0;
	}
	t->n++;
	t->n_found += holds(cache, &digest, -1);
	return 0;
}

static int look_up_op(struct cp_arena *arena, const struct cp_build *b,
		      const struct cp_cache *cache, const struct cp_hasher *hasher,
		      const struct cp_op *op, const struct cp_op_key *key, struct cp_traces *t,
		      struct cp_err *err)
{
	int r = 0;

	if (!key->random && !key->unresolved.n && !key->inexact.n && op->kind != CP_OP_SOURCE) {
		t->n++;
		t->n_found += holds(cache, &key->digest, 0);
	}
	for (size_t i = 0; r == 0 && i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];

		if (key->inputs[i].by_content && in->kind == CP_OP_SOURCE &&
		    in->source.kind == CP_SOURCE_LOCAL)
			r = look_up_content(arena, b, cache, hasher, in, &key->inputs[i], t, err);
	}
	return r;
}

int cp_build_traces(struct cp_arena *arena, const struct cp_build *b, const struct cp_cache *cache,
		    const struct cp_hasher *hasher, struct cp_traces *ret_traces,
		    struct cp_err *err)
{
	struct cp_traces t = {0};
	struct cp_op_key *keys;
	int r = cp_keys_compute(arena, b->graph, &keys, err);

	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++) {
		const struct cp_op *op = b->graph->ops[i];

		r = look_up_op(arena, b, cache, hasher, op, &keys[op->index], &t, err);
	}
	if (r == 0)
		*ret_traces = t;
	return r;
}
