/* Operations looked up among the records of a cache: buildkit-cache-keys.md 3.5, bottom-up. */
#include "caches/caches.h"

typedef CP_VEC(uint32_t) index_vec;

struct lookup {
	struct cp_arena *a;
	const struct cp_cache *cache;
	const struct cp_op_key *keys;
	const struct cp_content_digest *const *contents;
	struct cp_cache_match *matches;
};

enum fit { FIT_NO, FIT_MAYBE, FIT_YES };

static bool has(const struct cp_cache_match *m, uint32_t record)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i] == record)
			return true;
	return false;
}

static bool same_selector(const struct cp_cache_link *l, const struct cp_key_input *in)
{
	return l->has_selector == in->has_selector &&
	       (!l->has_selector || cp_digest_eq(&l->selector, &in->selector));
}

/* May a link that leads to `target` lead to what the input really is, when not all of its records are known? */
static bool may_lead_to(const struct lookup *k, const struct cp_op *input,
			const struct cp_cache_record *target)
{
	const struct cp_op_key *key = &k->keys[input->index];
	struct cp_digest id = cp_cache_out(&key->digest, 0);

	if (key->unresolved.n || key->inexact.n || input->source.may_trigger)
		return true;
	return k->matches[input->index].maybe &&
	       (cp_digest_eq(&target->digest, &id) || (key->chain_unknown && !target->n_inputs));
}

static enum fit input_fits(struct lookup *k, const struct cp_op *op, size_t i,
			   const struct cp_cache_record *rec)
{
	const struct cp_key_input *in = &k->keys[op->index].inputs[i];
	const struct cp_cache_match *u = &k->matches[op->inputs[i]->index];
	const struct cp_content_digest *c =
		in->by_content && k->contents[op->index] ? &k->contents[op->index][i] : NULL;
	enum fit best = FIT_NO;
	struct cp_digest slow = {{0}};

	if (c && c->known)
		slow = cp_cache_out(&c->digest, -1);
	for (size_t n = 0; n < rec->inputs[i].n_links; n++) {
		const struct cp_cache_link *l = &rec->inputs[i].links[n];
		const struct cp_cache_record *target = &k->cache->records[l->record];

		if (same_selector(l, in) && !op->inputs[i]->source.may_trigger && has(u, l->record))
			return FIT_YES;
		if (same_selector(l, in) && may_lead_to(k, op->inputs[i], target))
			best = FIT_MAYBE;
		if (!in->by_content || l->has_selector || target->n_inputs)
			continue;
		if (c && c->known && cp_digest_eq(&target->digest, &slow))
			return FIT_YES;
		if (!c || !c->known)
			best = FIT_MAYBE;
	}
	return best;
}

static enum fit record_fits(struct lookup *k, const struct cp_op *op,
			    const struct cp_cache_record *rec)
{
	enum fit worst = FIT_YES;

	if (rec->n_inputs != op->n_inputs)
		return FIT_NO;
	for (size_t i = 0; i < op->n_inputs; i++) {
		enum fit f = input_fits(k, op, i, rec);

		if (f < worst)
			worst = f;
	}
	return worst;
}

/*
 * Daemons before v0.33.1: an image is found by its layers, too. When they are not known and its other key is not there, any root of
 * the cache may be it.
 */
static int find_chain(struct lookup *k, const struct cp_op_key *key, struct cp_cache_match *m,
		      index_vec *found)
{
	struct cp_digest id = cp_cache_out(&key->chain, 0);
	const index_vec *list = NULL;

	if (key->chain_unknown && !found->n)
		m->maybe = true;
	if (key->has_chain)
		list = cp_map_get(&k->cache->by_digest,
				  cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
	for (size_t i = 0; list && i < list->n; i++)
		if (!k->cache->records[list->items[i]].n_inputs &&
		    cp_vec_push(k->a, found, list->items[i]) < 0)
			return CP_ENOMEM;
	return 0;
}

static int look_up(struct lookup *k, const struct cp_op *op)
{
	const struct cp_op_key *key = &k->keys[op->index];
	struct cp_digest id = cp_cache_out(&key->digest, 0);
	const index_vec *list = cp_map_get(&k->cache->by_digest,
					   cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
	struct cp_cache_match *m = &k->matches[op->index];
	index_vec found = {0};

	if (key->random)
		return 0;
	if (key->unresolved.n ||
	    key->inexact.n) { /* its digest is not BuildKit's: anything may match */
		m->maybe = true;
		return 0;
	}
	for (size_t i = 0; list && i < list->n; i++) {
		const struct cp_cache_record *rec = &k->cache->records[list->items[i]];
		enum fit f = record_fits(k, op, rec);

		m->maybe = m->maybe || f == FIT_MAYBE;
		if (f != FIT_YES)
			continue;
		m->loadable = m->loadable || rec->has_layers;
		if (cp_vec_push(k->a, &found, list->items[i]) < 0)
			return CP_ENOMEM;
	}
	if (find_chain(k, key, m, &found) < 0)
		return CP_ENOMEM;
	m->records = found.items;
	m->n_records = found.n;
	return 0;
}

int cp_cache_match(struct cp_arena *a, const struct cp_cache *cache, const struct cp_graph *graph,
		   const struct cp_op_key *keys, const struct cp_content_digest *const *contents,
		   struct cp_cache_match **ret_matches, struct cp_err *err)
{
	struct lookup k = {.a = a, .cache = cache, .keys = keys, .contents = contents};

	k.matches = cp_arena_array(a, graph->n_ops, sizeof(*k.matches));
	if (!k.matches)
		return cp_err_nomem(err);
	for (size_t i = 0; i < graph->n_ops; i++)
		if (look_up(&k, graph->ops[i]) < 0)
			return cp_err_nomem(err);
	*ret_matches = k.matches;
	return 0;
}
