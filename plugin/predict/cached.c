#include "predict/cached_int.h"

static int note_git(void *self, const struct cp_node *node, struct cp_str path)
{
	(void)path;
	if (node->kind == CP_NODE_VOLATILE && !node->maybe)
		*(bool *)self = true;
	return 0;
}

/* Are files among the selected that no two clones have alike? */
static int takes_git(struct cached *c, struct cp_fs *fs, const struct cp_key_input *in,
		     bool *ret_takes)
{
	struct cp_err ignored = {0};

	for (size_t i = 0; i < in->n_sels && !*ret_takes; i++)
		if (cp_selection_visit(c->m.arena, fs, &in->sels[i], note_git, ret_takes,
				       &ignored) == CP_ENOMEM)
			return cp_err_nomem(c->m.err);
	return 0;
}

/* Content digests of everything that is hashed by content. */
static int compute_contents(struct cached *c, const struct cp_op *op)
{
	const struct cp_op_key *key = &c->m.b.keys[op->index];
	struct cp_content_digest *row = cp_arena_array(c->m.arena, op->n_inputs, sizeof(*row));

	if (!row)
		return cp_err_nomem(c->m.err);
	c->contents[op->index] = row;
	for (size_t i = 0; i < op->n_inputs; i++) {
		bool takes = false;
		struct cp_str why;
		struct cp_fs *fs;
		int r;

		if (!key->inputs[i].by_content)
			continue;
		r = matcher_fs(&c->m, &c->m.b, op->inputs[i], &fs);
		if (r == 0)
			r = cp_selection_digest(c->m.arena, fs, key->inputs[i].sels,
						key->inputs[i].n_sels, c->hasher, &row[i].digest,
						&why, c->m.err);
		if (r == 0 && why.n)
			r = takes_git(c, fs, &key->inputs[i], &takes);
		if (r < 0)
			return r;
		row[i].known = why.n == 0;
		if (takes) { /* its digest is any but those that are there */
			row[i] = (struct cp_content_digest){.known = true};
			c->git[op->index] = true;
		} else if (why.n && op->inputs[i]->kind == CP_OP_SOURCE) {
			c->content_unknown[op->index] = why;
		}
	}
	return 0;
}

static bool linked_by_definition(const struct cached *c, const struct cp_op *op, size_t i)
{
	return c->matches[op->inputs[i]->index].n_records > 0;
}

/*
 * Which results have to be there, from the target down: what is loaded needs nothing, what runs needs all its inputs, and an input whose
 * content has to be looked at (because no key of it is in the cache) is needed for that.
 */
static void decide(struct cached *c)
{
	const struct cp_graph *g = c->b->graph;

	if (g->result)
		c->needed[g->result->index] = true;
	for (size_t n = g->n_ops; n > 0; n--) {
		const struct cp_op *op = g->ops[n - 1];
		const struct cp_cache_match *m = &c->matches[op->index];

		c->runs[op->index] = op->ignore_cache || (c->needed[op->index] && !m->loadable);
		for (size_t i = 0; i < op->n_inputs; i++)
			if (c->runs[op->index] || (c->m.b.keys[op->index].inputs[i].by_content &&
						   !linked_by_definition(c, op, i)))
				c->needed[op->inputs[i]->index] = true;
	}
}

/* Is there no record of it, but another operation of this build that has to be built, too, and may come to the same key? */
static bool may_take_twin(const struct cached *c, const struct cp_op *op)
{
	const struct cp_op *twin = c->twins[op->index];

	return twin && !op->ignore_cache && !c->matches[op->index].n_records &&
	       !c->matches[op->index].maybe && !c->matches[twin->index].n_records;
}

static enum cp_outcome outcome_of(const struct cached *c, const struct cp_op *op)
{
	const struct cp_cache_match *m = &c->matches[op->index];

	if (op->ignore_cache)
		return CP_OUTCOME_MISS;
	if (m->n_records)
		return c->needed[op->index] && !m->loadable ? CP_OUTCOME_MISS : CP_OUTCOME_HIT;
	if (may_take_twin(c, op))
		return CP_OUTCOME_DEPENDS;
	if (!m->maybe)
		return CP_OUTCOME_MISS;
	return c->unknown[op->index].n || c->m.b.keys[op->index].unresolved.n ? CP_OUTCOME_UNKNOWN
									      : CP_OUTCOME_DEPENDS;
}

/* Why an operation may be in the cache under a key that is not known here. */
static struct cp_str doubt_of(const struct cp_op_key *key)
{
	if (key->unresolved.n || key->inexact.n)
		return key->unresolved.n ? key->unresolved : key->inexact;
	return key->chain_unknown
		       ? CP_S("the layers of the image are not known, and this daemon finds it by them")
		       : CP_S("");
}

/* An operation that only may match makes what stands on it uncertain, and an unresolved one unknown. */
static void spread_unknown(struct cached *c)
{
	for (size_t n = 0; n < c->b->graph->n_ops; n++) {
		const struct cp_op *op = c->b->graph->ops[n];

		if (!c->unknown[op->index].n)
			c->unknown[op->index] = c->m.b.keys[op->index].inexact;
		for (size_t i = 0; i < op->n_inputs && !c->unknown[op->index].n; i++) {
			size_t u = op->inputs[i]->index;

			struct cp_str why = doubt_of(&c->m.b.keys[u]);

			if (op->inputs[i]->source.may_trigger)
				c->unknown[op->index] = CP_S(
					"the config of the image, which may hold ONBUILD, is not known");
			else if (why.n && c->matches[u].maybe && !c->matches[u].n_records)
				c->unknown[op->index] = why;
			else if (!c->matches[u].n_records && c->matches[u].maybe)
				c->unknown[op->index] = c->unknown[u];
		}
	}
}

static bool is_counted(const struct cp_step *s)
{
	return s->kind == CP_STEP_OP || s->kind == CP_STEP_MERGE;
}

static void set_key(const struct cached *c, struct cp_step_result *r)
{
	const struct cp_op_key *key = &c->m.b.keys[r->step->op->index];

	r->has_key = !key->random && !key->unresolved.n && !key->inexact.n;
	if (r->has_key)
		r->key = cp_cache_out(&key->digest, 0);
}

static int fill(struct cached *c, const struct cp_prediction *before, struct cp_prediction *p)
{
	const struct cp_graph *g = c->b->graph;

	p->steps = cp_arena_array(c->m.arena, g->n_steps, sizeof(*p->steps));
	if (!p->steps)
		return cp_err_nomem(c->m.err);
	p->n_steps = g->n_steps;
	for (size_t i = 0; i < g->n_steps; i++) {
		struct cp_step_result *r = &p->steps[i];

		r->step = &g->steps[i];
		r->cause.step = -1;
		if (!is_counted(r->step))
			continue;
		r->outcome = outcome_of(c, r->step->op);
		set_key(c, r);
		if (may_take_twin(c, r->step->op))
			r->cause = cached_twin(c, before, p, i);
		else if (r->outcome == CP_OUTCOME_MISS)
			r->cause = cached_missing(c, before, p, i);
		else if (r->outcome != CP_OUTCOME_HIT)
			r->cause = cached_maybe(c, before, i);
	}
	return cp_prediction_sum(c->m.arena, g, p, c->m.err);
}

static int prepare(struct cached *c)
{
	size_t n = c->b->graph->n_ops;

	c->contents = cp_arena_array(c->m.arena, n, sizeof(*c->contents));
	c->content_unknown = cp_arena_array(c->m.arena, n, sizeof(*c->content_unknown));
	c->unknown = cp_arena_array(c->m.arena, n, sizeof(*c->unknown));
	c->git = cp_arena_array(c->m.arena, n, sizeof(*c->git));
	c->step_of = cp_arena_array(c->m.arena, n, sizeof(*c->step_of));
	c->needed = cp_arena_array(c->m.arena, n, sizeof(*c->needed));
	c->runs = cp_arena_array(c->m.arena, n, sizeof(*c->runs));
	if (!c->contents || !c->content_unknown || !c->unknown || !c->git || !c->step_of ||
	    !c->needed || !c->runs)
		return cp_err_nomem(c->m.err);
	for (size_t i = 0; i < n; i++)
		c->step_of[i] = -1;
	for (size_t i = 0; i < c->b->graph->n_steps; i++)
		if (is_counted(&c->b->graph->steps[i]))
			c->step_of[c->b->graph->steps[i].op->index] = (long)i;
	for (size_t i = 0; i < n; i++) {
		int r = compute_contents(c, c->b->graph->ops[i]);

		if (r < 0)
			return r;
	}
	return twins_find(&c->m, &c->twins);
}

/* What two caches know together: the records of the second have no place among those of the first, but count. */
static void join(struct cp_cache_match *into, const struct cp_cache_match *m, size_t n_ops)
{
	for (size_t i = 0; i < n_ops; i++) {
		if (m[i].n_records && !into[i].n_records) {
			into[i].records = m[i].records;
			into[i].n_records = m[i].n_records;
		}
		into[i].maybe = into[i].maybe || m[i].maybe;
		into[i].loadable = into[i].loadable || m[i].loadable;
	}
}

struct cp_final_proof {
	struct cp_cache_match match; /* of the target's result */
};

static int prove(struct cached *c, const struct cp_final_proof **ret_proof)
{
	const struct cp_op *result = c->b->graph->result;
	struct cp_final_proof *proof;

	*ret_proof = NULL;
	if (!result || !c->matches[result->index].loadable)
		return 0;
	proof = CP_NEW(c->m.arena, struct cp_final_proof);
	if (!proof)
		return cp_err_nomem(c->m.err);
	proof->match = c->matches[result->index];
	*ret_proof = proof;
	return 0;
}

/* With c->matches: outcomes, and whether the last result is there. */
static int evaluate(struct cached *c, const struct cp_prediction *before, struct cp_prediction *p,
		    const struct cp_final_proof **ret_final)
{
	const struct cp_graph *g = c->b->graph;

	memcpy(c->unknown, c->content_unknown, g->n_ops * sizeof(*c->unknown));
	memset(c->needed, 0, g->n_ops * sizeof(*c->needed));
	memset(c->runs, 0, g->n_ops * sizeof(*c->runs));
	spread_unknown(c);
	decide(c);
	return prove(c, ret_final) < 0 ? CP_ENOMEM : fill(c, before, p);
}

/* Bytes of what is loaded. */
static uint64_t loaded_bytes(const struct cached *c, const struct cp_cache *cache)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->b->graph->n_ops; i++) {
		const struct cp_cache_match *m = &c->matches[i];
		uint64_t least = 0;

		if (!c->needed[i] || !m->loadable || c->runs[i])
			continue;
		for (size_t k = 0; k < m->n_records; k++) {
			const struct cp_cache_record *r = &cache->records[m->records[k]];

			if (r->has_layers && (!least || r->bytes < least))
				least = r->bytes;
		}
		sum += least;
	}
	return sum;
}

/* One cache alone: its share, and which steps it has. */
static int try_alone(struct cached *c, const struct cp_cache *cache, size_t at,
		     struct cp_cached_prediction *ret)
{
	struct cp_cached_share *share = &ret->shares[at];
	struct cp_prediction p = {.steps = NULL};
	int r;

	c->caches = &cache;
	c->n_caches = 1;
	r = cp_cache_match(c->m.arena, cache, c->b->graph, c->m.b.keys,
			   (const struct cp_content_digest *const *)c->contents, &c->matches,
			   c->m.err);

	if (r == 0)
		r = evaluate(c, NULL, &p, &share->final);
	if (r < 0)
		return r;
	share->n_hit = p.n_hit;
	share->bytes = loaded_bytes(c, cache);
	for (size_t i = 0; i < p.n_steps; i++)
		if (is_counted(p.steps[i].step) && p.steps[i].outcome == CP_OUTCOME_HIT)
			ret->holders[i] |= (uint64_t)1 << at;
	return 0;
}

static bool is_worth_more(const struct cp_cached_share *x, const struct cp_cached_share *y)
{
	if (!x->final != !y->final)
		return x->final != NULL;
	return x->n_hit != y->n_hit ? x->n_hit > y->n_hit : x->bytes < y->bytes;
}

static void put_in_order(struct cp_cached_prediction *p, size_t n_caches, size_t n_steps)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < n_caches; i++) {
		size_t at = i;

		for (; at && is_worth_more(&p->shares[i], &p->shares[p->order[at - 1]]); at--)
			p->order[at] = p->order[at - 1];
		p->order[at] = i;
	}
	for (size_t i = 0; i < n_caches; i++) {
		uint64_t bit = (uint64_t)1 << p->order[i];

		for (size_t k = 0; k < n_steps; k++)
			p->shares[p->order[i]].n_added +=
				(p->holders[k] & bit) && !(p->holders[k] & seen);
		seen |= bit;
	}
}

static int try_all(struct cached *c, const struct cp_cache *const *caches, size_t n,
		   const struct cp_prediction *before, struct cp_cached_prediction *p)
{
	struct cp_cache_match *together =
		cp_arena_array(c->m.arena, c->b->graph->n_ops, sizeof(*together));
	int r = 0;

	p->holders = cp_arena_array(c->m.arena, c->b->graph->n_steps, sizeof(*p->holders));
	p->shares = cp_arena_array(c->m.arena, n, sizeof(*p->shares));
	p->order = cp_arena_array(c->m.arena, n, sizeof(*p->order));
	if (!together || !p->holders || !p->shares || !p->order)
		return cp_err_nomem(c->m.err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = try_alone(c, caches[i], i, p);
		if (r == 0)
			join(together, c->matches, c->b->graph->n_ops);
	}
	if (r < 0)
		return r;
	put_in_order(p, n, c->b->graph->n_steps);
	c->matches = together;
	c->caches = caches;
	c->n_caches = n;
	return evaluate(c, before, &p->prediction, &p->final);
}

int cp_predict_cached(struct cp_arena *arena, const struct cp_build *b,
		      const struct cp_cache *const *caches, size_t n_caches,
		      const struct cp_hasher *hasher, const struct cp_prediction *before,
		      struct cp_cached_prediction *ret_prediction, struct cp_err *err)
{
	static const struct cp_graph nothing;
	struct cp_build empty = {.graph = &nothing};
	struct cached c = {.b = b, .hasher = hasher};
	struct cp_cached_prediction p = {.holders = NULL};
	struct cp_err local = {0};
	int r;

	if (n_caches > CP_MAX_CACHES)
		return cp_err_set(err, CP_ELIMIT, "more than %d caches", CP_MAX_CACHES);
	r = matcher_init(&c.m, arena, &empty, b, err ? err : &local);
	if (r == 0)
		r = prepare(&c);
	if (r == 0)
		r = try_all(&c, caches, n_caches, before, &p);
	if (r < 0)
		return r;
	*ret_prediction = p;
	return 0;
}
