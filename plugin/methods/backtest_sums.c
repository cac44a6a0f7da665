/* Commits ─► what they come to, by step and in all. */
#include "backtest_sums_int.h"

#include <stdlib.h>

static struct cp_str step_key(struct cp_arena *a, const struct cp_graph *g, const struct cp_step *s,
			      size_t occurrence)
{
	size_t end = cp_str_find(s->name, ']', 0);

	return cp_arena_printf(a, "%.*s%c%zu%.*s", CP_STR(g->stages[s->stage].name), '\0',
			       occurrence, CP_STR(cp_str_from(s->name, end + 1)));
}

static void count_step(struct cp_backtest_step *to, const struct cp_backtest_commit *c, size_t at,
		       size_t commit)
{
	const struct cp_step *s = &c->graph->steps[at];
	size_t end = cp_str_find(s->name, ']', 0);

	to->n_changed += to->has_own && !cp_digest_eq(&to->own, &c->own[at]);
	to->own = c->own[at];
	to->has_own = true;
	to->step = s;
	to->stage = c->graph->stages[s->stage].name;
	to->text = cp_str_trim_left(cp_str_from(s->name, end + 1), " ");
	to->last = commit;
	to->n++;
	to->outcomes[c->outcomes[at]]++;
}

/* The install that a step is, by what it says: its number changes. */
static const struct cp_install *install_of(const struct cp_sums *s,
					   const struct cp_backtest_step *step)
{
	for (size_t i = 0; i < s->n_installs; i++)
		if (cp_str_eq(s->installs[i].stage, step->stage) &&
		    cp_str_eq(s->installs[i].text, step->text) &&
		    s->installs[i].occurrence == step->occurrence)
			return &s->installs[i];
	return NULL;
}

/* What a COPY of the stage brought made it run, as far as causes were looked for: neither its own words nor what the stage stands on. */
static bool is_by_copy(const struct cp_backtest_commit *c, const struct cp_backtest_miss *m)
{
	const struct cp_step *first;

	if (m->cause.kind == CP_CAUSE_NONE)
		return true;
	if (m->cause.step < 0)
		return false;
	first = &c->graph->steps[m->cause.step];
	return first->stage == m->step->stage && (cp_str_eq(first->instruction, CP_S("COPY")) ||
						  cp_str_eq(first->instruction, CP_S("ADD")));
}

/* It ran again although nothing that it reads had changed since the commit before. */
static void count_waste(struct cp_sums *s, struct cp_backtest_step *to,
			const struct cp_backtest_commit *c, const struct cp_backtest_miss *m)
{
	const struct cp_install *in = install_of(s, to);
	bool wasted;

	if (!in || !c->unchanged)
		return;
	wasted = c->unchanged[in - s->installs] && is_by_copy(c, m);
	if (in->builds) {
		to->n_idle += wasted;
		return;
	}
	to->installs = in->what;
	s->totals.installs_missed++;
	to->n_wasted += wasted;
	s->totals.installs_wasted += wasted;
}

static void count_cause(struct cp_backtest_step *to, const struct cp_backtest_miss *m)
{
	to->n_first += m->cause.kind != CP_CAUSE_NONE && m->cause.step < 0;
	to->causes[m->cause.kind]++;
}

static struct cp_backtest_step *entry(struct cp_sums *s, struct cp_str key)
{
	struct cp_backtest_step *to = key.p ? cp_map_get(&s->steps, key) : NULL;

	if (to || !key.p)
		return to;
	to = CP_NEW(s->a, struct cp_backtest_step);
	return to && cp_map_put(s->a, &s->steps, key, to) == 0 ? to : NULL;
}

/* Where a step of the commit is counted: with the one of the same text and place in its stage. NULL: no memory. */
static struct cp_backtest_step *place_of(struct cp_sums *s, const struct cp_backtest_commit *c,
					 size_t at, size_t commit)
{
	const struct cp_step *step = &c->graph->steps[at];
	struct cp_backtest_step *first = entry(s, step_key(s->a, c->graph, step, 0)), *to;

	if (!first)
		return NULL;
	if (!first->n_same || first->last != commit) {
		first->n_same = 1;
		first->last = commit;
		return first;
	}
	to = entry(s, step_key(s->a, c->graph, step, first->n_same));
	if (to)
		to->occurrence = first->n_same++;
	return to;
}

static int sum_step(struct cp_sums *s, const struct cp_backtest_commit *c, size_t at, size_t commit,
		    const struct cp_backtest_miss *miss)
{
	struct cp_backtest_step *to = place_of(s, c, at, commit);

	if (!to)
		return CP_ENOMEM;
	count_step(to, c, at, commit);
	if (miss)
		count_cause(to, miss);
	if (miss && miss->outcome == CP_OUTCOME_MISS)
		count_waste(s, to, c, miss);
	return 0;
}

int cp_sums_start(struct cp_sums *s, const struct cp_backtest_commit *c)
{
	for (size_t i = 0; i < c->graph->n_steps; i++) {
		struct cp_backtest_step *to =
			cp_backtest_counts(&c->graph->steps[i]) ? place_of(s, c, i, 0) : NULL;

		if (!to && cp_backtest_counts(&c->graph->steps[i]))
			return CP_ENOMEM;
		if (to) {
			to->own = c->own[i];
			to->has_own = true;
		}
	}
	return 0;
}

int cp_sums_add(struct cp_sums *s, const struct cp_backtest_commit *c, size_t commit)
{
	struct cp_backtest_totals *sum = &s->totals;
	size_t miss = 0;

	sum->n_built++;
	sum->n_absent += c->absent;
	sum->by_outcome[c->outcome]++;
	for (size_t i = 0; i < c->graph->n_steps; i++) {
		bool is_run = cp_str_eq(c->graph->steps[i].instruction, CP_S("RUN")),
		     hits = c->outcomes[i] == CP_OUTCOME_HIT;

		if (!cp_backtest_counts(&c->graph->steps[i]))
			continue;
		sum->steps[c->outcomes[i]]++;
		sum->runs += is_run;
		sum->runs_missed += is_run && c->outcomes[i] == CP_OUTCOME_MISS;
		sum->runs_hit += is_run && hits;
		if (sum_step(s, c, i, commit, hits ? NULL : &c->misses[miss]) < 0)
			return CP_ENOMEM;
		miss += !hits;
	}
	return 0;
}

/* Most often run first; equal ones as they came. */
static int by_misses(const void *x, const void *y)
{
	const struct cp_backtest_step *a = x, *b = y;
	size_t na = a->outcomes[CP_OUTCOME_MISS], nb = b->outcomes[CP_OUTCOME_MISS];

	if (na != nb)
		return na > nb ? -1 : 1;
	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	return a->step->line != b->step->line ? (a->step->line < b->step->line ? -1 : 1)
					      : cp_str_cmp(a->text, b->text);
}

/* What a step costs when it runs, from recorded builds. */
static int cost_step(const struct cp_sums *s, struct cp_backtest_step *step)
{
	struct cp_step_id id;
	uint32_t number;

	if (!s->costs || !cp_step_id_of(s->a, step->step->name, NULL, NULL, &id, &number))
		return 0;
	if (!id.text.p)
		return CP_ENOMEM;
	id.image = s->image;
	step->cost = cp_cost_of(s->costs, &id);
	return 0;
}

static void add_cost(struct cp_backtest_totals *t, const struct cp_backtest_step *step)
{
	size_t n = step->outcomes[CP_OUTCOME_MISS];

	t->steps_timed += step->cost.source != CP_COST_UNKNOWN ? n : 0;
	t->ms += step->cost.ms * (int64_t)n;
	t->low += step->cost.low * (int64_t)n;
	t->high += step->cost.high * (int64_t)n;
	t->wasted_ms += step->cost.ms * (int64_t)step->n_wasted;
}

int cp_sums_end(struct cp_sums *s, struct cp_backtest_totals *ret_totals,
		struct cp_backtest_step **ret_steps, size_t *ret_n)
{
	struct cp_backtest_step *steps = cp_arena_array(s->a, s->steps.n, sizeof(*steps));
	size_t n = 0;

	if (!steps)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->steps.n; i++) {
		steps[n] = *(struct cp_backtest_step *)s->steps.items[i].value;
		if (!steps[n].n) /* only the first commit had it */
			continue;
		if (cost_step(s, &steps[n]) < 0)
			return CP_ENOMEM;
		add_cost(&s->totals, &steps[n++]);
	}
	if (n > 1)
		qsort(steps, n, sizeof(*steps), by_misses);
	*ret_totals = s->totals;
	*ret_steps = steps;
	*ret_n = n;
	return 0;
}

int cp_backtest_fate(const struct cp_backtest_commit *c, struct cp_str file)
{
	struct cp_str name = cp_path_base(file);
	int fate = -1;

	for (size_t i = 0; i < c->graph->n_steps; i++) {
		const struct cp_step *s = &c->graph->steps[i];
		int one = c->outcomes[i] == CP_OUTCOME_HIT    ? 0
			  : c->outcomes[i] == CP_OUTCOME_MISS ? 2
							      : 1;

		if (!cp_str_eq(s->instruction, CP_S("RUN")) ||
		    cp_str_find_str(s->name, name, 0) == s->name.n)
			continue;
		fate = one > fate ? one : fate;
	}
	return fate;
}
