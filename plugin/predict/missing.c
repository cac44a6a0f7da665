/* Why a step is not in a cache: what of its key the cache has, and what not. */
#include "predict/cached_int.h"

static struct cp_cause cause_of(enum cp_cause_kind kind, struct cp_str message)
{
	return (struct cp_cause){.kind = kind, .step = -1, .message = message};
}

/* Is there a record with this digest, whatever its inputs are? */
static bool is_known(const struct cached *c, const struct cp_digest *digest)
{
	struct cp_digest id = cp_cache_out(digest, 0);

	for (size_t i = 0; i < c->n_caches; i++)
		if (cp_map_get(&c->caches[i]->by_digest,
			       cp_str_n((const char *)id.bytes, sizeof(id.bytes))))
			return true;
	return false;
}

/* What this step is built on or reads from is not there: its own first cause. */
static bool follow(const struct cached *c, const struct cp_prediction *p, const struct cp_op *op,
		   struct cp_cause *ret_cause)
{
	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];
		long at = c->step_of[in->index];
		const struct cp_step_result *r;

		if (at < 0 || c->matches[in->index].n_records)
			continue;
		r = &p->steps[at];
		*ret_cause = cause_of(i ? CP_CAUSE_SOURCE_STAGE_REBUILDS : CP_CAUSE_PARENT_REBUILDS,
				      CP_S(""));
		ret_cause->step = r->cause.step >= 0 ? r->cause.step : at;
		ret_cause->message = cp_arena_printf(
			c->m.arena, i ? "it reads from %.*s" : "it is built on %.*s",
			CP_STR(c->b->graph->steps[ret_cause->step].name));
		return true;
	}
	return false;
}

/* The step is there, on another image. */
static bool other_image(struct cached *c, const struct cp_op *op, struct cp_cause *ret_cause)
{
	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];
		struct cp_str *name;

		if (in->kind != CP_OP_SOURCE || in->source.kind != CP_SOURCE_IMAGE ||
		    c->matches[in->index].n_records || c->matches[in->index].maybe)
			continue;
		name = CP_NEW(c->m.arena, struct cp_str);
		if (!name)
			return false;
		*name = in->source.ref;
		*ret_cause =
			cause_of(CP_CAUSE_BASE_IMAGE_CHANGED,
				 cp_arena_printf(c->m.arena,
						 "the cache was built with another image of %.*s",
						 CP_STR(in->source.ref)));
		ret_cause->names = name;
		ret_cause->n_names = 1;
		return true;
	}
	return false;
}

static bool reads_context(const struct cp_op *op)
{
	for (size_t i = 0; i < op->n_inputs; i++)
		if (op->inputs[i]->kind == CP_OP_SOURCE && op->inputs[i]->source.local_name.n)
			return true;
	return false;
}

struct cp_cause cached_missing(struct cached *c, const struct cp_prediction *before,
			       const struct cp_prediction *p, size_t i)
{
	const struct cp_op *op = p->steps[i].step->op;
	struct cp_cause cause;

	if (op->ignore_cache)
		return cause_of(CP_CAUSE_NO_CACHE_REQUESTED,
				CP_S("the build asks for no cache here"));
	if (c->matches[op->index].n_records)
		return cause_of(CP_CAUSE_LAYERS_MISSING,
				CP_S("the cache knows its key, but does not hold its layers"));
	if (before && before->steps[i].outcome != CP_OUTCOME_HIT)
		return before->steps[i].cause;
	if (follow(c, p, op, &cause))
		return cause;
	if (c->git[op->index])
		return cause_of(CP_CAUSE_GIT_DIR_IN_CONTEXT,
				CP_S(".git is in what is copied, and it differs in every clone"));
	if (!is_known(c, &c->m.b.keys[op->index].digest))
		return cause_of(CP_CAUSE_NOT_IN_CACHE, CP_S("the cache has no record of it"));
	if (other_image(c, op, &cause))
		return cause;
	return cause_of(CP_CAUSE_NOT_IN_CACHE,
			reads_context(op) ? CP_S("the cache has this step with other files")
					  : CP_S("the cache has this step with other inputs"));
}

struct cp_cause cached_twin(struct cached *c, const struct cp_prediction *before,
			    const struct cp_prediction *p, size_t i)
{
	struct cp_cause cause = cached_missing(c, before, p, i);
	long at = c->step_of[c->twins[p->steps[i].step->op->index]->index];

	if (at >= 0)
		cause.message =
			twin_message(c->m.arena, cause.message, c->b->graph->steps[at].name);
	return cause;
}

struct cp_cause cached_maybe(struct cached *c, const struct cp_prediction *before, size_t i)
{
	const struct cp_op *op = c->b->graph->steps[i].op;

	if (c->unknown[op->index].n)
		return cause_of(CP_CAUSE_UNRESOLVED, c->unknown[op->index]);
	if (before && before->steps[i].outcome != CP_OUTCOME_HIT)
		return before->steps[i].cause;
	return cause_of(CP_CAUSE_SOURCE_STAGE_REBUILDS,
			CP_S("it reads what a step writes that the cache does not have"));
}
