/* `backtest`: the same history with an edit, held against the one without. */
#include "backtest_test_int.h"

/* Which commits count: both builds are there, the edit was there before, and it was not chosen on them. */
static void choose_scored(const struct cp_test *t, const struct cp_backtest_commit *without,
			  size_t n, struct cp_backtest_edit *out)
{
	const struct cp_split_plan *plan = cp_what_if_plan(t->edit);
	bool before = false;

	for (size_t i = 0; i < out->n_commits && i < n; i++) {
		struct cp_backtest_commit *c = &out->commits[i];

		c->scored = c->edited && c->built && without[i].built && before &&
			    (!plan || c->time >= plan->scored_from);
		before = before || (c->edited && c->built);
		out->n_edited += c->edited;
		out->n_scored += c->scored;
	}
}

static int score_layers(const struct cp_test *t, struct cp_arena *a, struct cp_backtest_edit *out)
{
	const struct cp_split_plan *plan = cp_what_if_plan(t->edit);

	if (!plan)
		return 0;
	out->file = plan->path;
	out->action = plan->action;
	out->reason = plan->reason;
	out->layers = cp_arena_array(a, plan->n_layers, sizeof(*out->layers));
	if (!out->layers)
		return CP_ENOMEM;
	out->n_layers = plan->n_layers;
	for (size_t l = 0; l < plan->n_layers; l++)
		out->layers[l].file = plan->layers[l];
	for (size_t i = 1; i < out->n_commits; i++) {
		if (!out->commits[i].scored ||
		    cp_oid_eq(&t->all[i].split_file, &t->all[i - 1].split_file))
			continue;
		out->n_changes++;
		for (size_t l = 0; l < plan->n_layers; l++) {
			int fate = cp_backtest_fate(&out->commits[i], plan->layers[l]);

			out->layers[l].n_kept += fate == 0;
			out->layers[l].n_may += fate == 1;
		}
	}
	return 0;
}

int cp_test_sum_edit(const struct cp_test *t, const struct cp_backtest_commit *without, size_t n,
		     struct cp_backtest_edit *out)
{
	struct cp_sums before = cp_test_sums(t), after = cp_test_sums(t);
	struct cp_backtest_step *steps;
	size_t n_steps;

	choose_scored(t, without, n, out);
	before.totals.n = after.totals.n = out->n_scored;
	for (size_t i = 0; i < out->n_commits; i++)
		if (out->commits[i].scored &&
		    (cp_test_note_unchanged(t, i) < 0 || cp_sums_add(&before, &without[i], i) < 0 ||
		     cp_sums_add(&after, &out->commits[i], i) < 0))
			return CP_ENOMEM;
	if (score_layers(t, t->run->arena, out) < 0 ||
	    cp_sums_end(&before, &out->before, &steps, &n_steps) < 0)
		return CP_ENOMEM;
	return cp_sums_end(&after, &out->after, &out->steps, &out->n_steps);
}
