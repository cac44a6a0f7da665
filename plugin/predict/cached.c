#include "predict/cached.h"

#include "predict/match_int.h"

struct cached {
	struct matcher m; /* against an empty build: for the file systems of stages */
	const struct cp_build *b;
	const struct cp_cache *cache;
	const struct cp_hasher *hasher;
	struct cp_content_digest **contents;
	struct cp_str *unknown; /* per op: why a content digest of it is not known */
	struct cp_cache_match *matches;
	bool *needed; /* its result has to be there: loaded or built */
	bool *runs;
};

/* Content digests of everything that is hashed by content. */
static int compute_contents(struct cached *c, const struct cp_op *op)
{
	const struct cp_op_key *key = &c->m.b.keys[op->index];
	struct cp_content_digest *row = cp_arena_array(c->m.arena, op->n_inputs, sizeof(*row));

	if (!row)
		return cp_err_nomem(c->m.err);
	c->contents[op->index] = row;
	for (size_t i = 0; i < op->n_inputs; i++) {
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
		if (r < 0)
			return r;
		row[i].known = why.n == 0;
		if (why.n && op->inputs[i]->kind == CP_OP_SOURCE)
			c->unknown[op->index] = why;
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

static int say(struct cached *c, struct cp_cause *cause, enum cp_cause_kind kind,
	       struct cp_str text)
{
	(void)c;
	cause->kind = kind;
	cause->message = text;
	return 0;
}

/* Why there is no record: what changed since the commit that it was compared with, if that explains it. */
static int explain_missing(struct cached *c, const struct cp_prediction *before, size_t i,
			   struct cp_step_result *r)
{
	const struct cp_op *op = r->step->op;

	if (op->ignore_cache)
		return say(c, &r->cause, CP_CAUSE_NO_CACHE_REQUESTED,
			   CP_S("the build asks for no cache here"));
	if (c->matches[op->index].n_records)
		return say(c, &r->cause, CP_CAUSE_LAYERS_MISSING,
			   CP_S("the cache knows its key, but does not hold its layers"));
	if (before && before->steps[i].outcome != CP_OUTCOME_HIT) {
		r->cause = before->steps[i].cause;
		return 0;
	}
	return say(c, &r->cause, CP_CAUSE_NOT_IN_CACHE, CP_S("the cache has no record of it"));
}

static enum cp_outcome outcome_of(const struct cached *c, const struct cp_op *op)
{
	const struct cp_cache_match *m = &c->matches[op->index];

	if (op->ignore_cache)
		return CP_OUTCOME_MISS;
	if (m->n_records)
		return c->needed[op->index] && !m->loadable ? CP_OUTCOME_MISS : CP_OUTCOME_HIT;
	if (!m->maybe)
		return CP_OUTCOME_MISS;
	return c->unknown[op->index].n || c->m.b.keys[op->index].unresolved.n ? CP_OUTCOME_UNKNOWN
									      : CP_OUTCOME_DEPENDS;
}

static int explain_maybe(struct cached *c, const struct cp_prediction *before, size_t i,
			 struct cp_step_result *r)
{
	const struct cp_op *op = r->step->op;

	if (c->unknown[op->index].n)
		return say(c, &r->cause, CP_CAUSE_UNRESOLVED, c->unknown[op->index]);
	if (before && before->steps[i].outcome != CP_OUTCOME_HIT) {
		r->cause = before->steps[i].cause;
		return 0;
	}
	return say(c, &r->cause, CP_CAUSE_SOURCE_STAGE_REBUILDS,
		   CP_S("it reads what a step writes that the cache does not have"));
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
		if (r->step->kind != CP_STEP_OP && r->step->kind != CP_STEP_MERGE)
			continue;
		r->outcome = outcome_of(c, r->step->op);
		if (r->outcome == CP_OUTCOME_MISS)
			explain_missing(c, before, i, r);
		else if (r->outcome != CP_OUTCOME_HIT)
			explain_maybe(c, before, i, r);
	}
	return cp_prediction_sum(c->m.arena, g, p, c->m.err);
}

static int prepare(struct cached *c)
{
	size_t n = c->b->graph->n_ops;

	c->contents = cp_arena_array(c->m.arena, n, sizeof(*c->contents));
	c->unknown = cp_arena_array(c->m.arena, n, sizeof(*c->unknown));
	c->needed = cp_arena_array(c->m.arena, n, sizeof(*c->needed));
	c->runs = cp_arena_array(c->m.arena, n, sizeof(*c->runs));
	if (!c->contents || !c->unknown || !c->needed || !c->runs)
		return cp_err_nomem(c->m.err);
	for (size_t i = 0; i < n; i++) {
		int r = compute_contents(c, c->b->graph->ops[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int cp_predict_cached(struct cp_arena *arena, const struct cp_build *b,
		      const struct cp_cache *cache, const struct cp_hasher *hasher,
		      const struct cp_prediction *before, struct cp_prediction *ret_prediction,
		      bool *ret_final, struct cp_err *err)
{
	static const struct cp_graph nothing;
	struct cp_build empty = {.graph = &nothing};
	struct cached c = {.b = b, .cache = cache, .hasher = hasher};
	struct cp_prediction p = {.steps = NULL};
	struct cp_err local = {0};
	int r = matcher_init(&c.m, arena, &empty, b, err ? err : &local);

	if (r == 0)
		r = prepare(&c);
	if (r == 0)
		r = cp_cache_match(arena, cache, b->graph, c.m.b.keys,
				   (const struct cp_content_digest *const *)c.contents, &c.matches,
				   c.m.err);
	if (r < 0)
		return r;
	spread_unknown(&c);
	decide(&c);
	r = fill(&c, before, &p);
	if (r < 0)
		return r;
	*ret_final = b->graph->result && c.matches[b->graph->result->index].loadable;
	*ret_prediction = p;
	return 0;
}
