#include "predict/predict.h"

#include "predict/match_int.h"

const char *cp_outcome_name(enum cp_outcome o)
{
	static const char *const names[] = {"hit", "miss", "depends", "unknown"};

	return names[o];
}

const char *cp_cause_name(enum cp_cause_kind k)
{
	static const char *const names[] = {
		"",
		"content-changed",
		"mode-changed",
		"path-set-changed",
		"ignore-file-changed",
		"instruction-changed",
		"argument-changed",
		"environment-changed",
		"base-image-changed",
		"parent-rebuilds",
		"source-stage-rebuilds",
		"git-dir-in-context",
		"not-in-cache",
		"layers-missing",
		"no-cache-requested",
		"unresolved",
	};

	return names[k];
}

/* unknown, miss, depends, hit: what a reader must see first wins. */
static enum cp_outcome worse(enum cp_outcome x, enum cp_outcome y)
{
	static const int rank[] = {[CP_OUTCOME_HIT] = 0,
				   [CP_OUTCOME_DEPENDS] = 1,
				   [CP_OUTCOME_MISS] = 2,
				   [CP_OUTCOME_UNKNOWN] = 3};

	return rank[x] >= rank[y] ? x : y;
}

static bool counts(const struct cp_step *s)
{
	return s->kind == CP_STEP_OP || s->kind == CP_STEP_MERGE;
}

int cp_prediction_sum(struct cp_arena *arena, const struct cp_graph *g, struct cp_prediction *p,
		      struct cp_err *err)
{
	size_t *at = cp_arena_array(arena, g->n_stages, sizeof(*at));

	p->stages = cp_arena_array(arena, g->n_stages, sizeof(*p->stages));
	if (!at || !p->stages)
		return cp_err_nomem(err);
	for (size_t i = 0; i < g->n_stages; i++) {
		if (!g->stages[i].reachable)
			continue;
		at[i] = p->n_stages;
		p->stages[p->n_stages++] = (struct cp_stage_result){.stage = &g->stages[i]};
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_step *s = p->steps[i].step;
		size_t *const totals[] = {&p->n_hit, &p->n_miss, &p->n_depends, &p->n_unknown};

		if (!counts(s))
			continue;
		++*totals[p->steps[i].outcome];
		p->outcome = worse(p->outcome, p->steps[i].outcome);
		if (g->stages[s->stage].reachable)
			p->stages[at[s->stage]].outcome =
				worse(p->stages[at[s->stage]].outcome, p->steps[i].outcome);
	}
	for (size_t i = 0; i < g->n_stages; i++) { /* a parent stands before what is built on it */
		long parent = g->stages[i].parent;

		if (g->stages[i].reachable && parent >= 0 && g->stages[parent].reachable)
			p->stages[at[i]].outcome =
				worse(p->stages[at[i]].outcome, p->stages[at[parent]].outcome);
	}
	return 0;
}

static int outcomes(struct matcher *m, struct cp_prediction *p)
{
	const struct cp_graph *g = m->b.build->graph;

	p->n_steps = g->n_steps;
	p->steps = cp_arena_array(m->arena, g->n_steps, sizeof(*p->steps));
	if (!p->steps)
		return cp_err_nomem(m->err);
	for (size_t i = 0; i < g->n_steps; i++) {
		struct cp_step_result *r = &p->steps[i];

		r->step = &g->steps[i];
		r->outcome = r->step->op ? m->ops[r->step->op->index].outcome : CP_OUTCOME_HIT;
		r->cause.step = -1;
	}
	return cp_prediction_sum(m->arena, g, p, m->err);
}

static int causes(struct matcher *m, struct cp_prediction *p)
{
	struct explainer x = {.m = m, .prediction = p};
	size_t n_ops = m->b.build->graph->n_ops;

	x.step_of_op = cp_arena_array(m->arena, n_ops, sizeof(*x.step_of_op));
	if (!x.step_of_op)
		return cp_err_nomem(m->err);
	for (size_t i = 0; i < n_ops; i++)
		x.step_of_op[i] = -1;
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].step->op && p->steps[i].step->kind != CP_STEP_FETCH)
			x.step_of_op[p->steps[i].step->op->index] = (long)i;
	if (explain_prepare(&x) < 0)
		return CP_ENOMEM;
	for (size_t i = 0; i < p->n_steps; i++) {
		int r = p->steps[i].outcome == CP_OUTCOME_HIT ? 0 : explain_step(&x, i);

		if (r < 0)
			return r;
	}
	return 0;
}

int cp_predict(struct cp_arena *arena, const struct cp_build *a, const struct cp_build *b,
	       struct cp_prediction *ret_prediction, struct cp_err *err)
{
	struct cp_err local = {0};
	struct matcher m;
	struct cp_prediction p = {0};
	int r = matcher_init(&m, arena, a, b, err ? err : &local);

	if (r == 0)
		r = matcher_run(&m);
	if (r == 0)
		r = outcomes(&m, &p);
	if (r == 0)
		r = causes(&m, &p);
	if (r == 0)
		*ret_prediction = p;
	return r;
}
