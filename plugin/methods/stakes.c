/* `advise --history`: findings × a history of builds ─► what is at stake. */
#include "stakes_int.h"

#include "what_if_int.h"

#define MAX_TRIALS 12u /* replays of one image */
#define FEW_SAVED 3u   /* steps: less proves nothing */

/* Builds that ran the step for nothing. */
static size_t idle_of(const struct cp_backtest_step *s)
{
	return s->installs.n ? s->n_wasted : s->n_idle;
}

/* ---- what the rules get to see ---- */

int cp_stakes_history(struct cp_arena *a, const struct cp_backtest_image *image,
		      const struct cp_graph *graph, const struct cp_step_history **ret_history,
		      struct cp_err *err)
{
	const struct cp_backtest_commit *newest =
		image->n_commits ? &image->commits[image->n_commits - 1] : NULL;
	struct cp_step_history *history;

	if (!newest || !newest->built || newest->graph->n_steps != graph->n_steps)
		return 0;
	history = cp_arena_array(a, graph->n_steps, sizeof(*history));
	if (!history)
		return cp_err_nomem(err);
	for (size_t i = 0; i < image->n_steps; i++) {
		const struct cp_backtest_step *s = &image->steps[i];

		if (s->last + 1 == image->n_commits)
			history[s->step - newest->graph->steps] =
				(struct cp_step_history){.n = s->n,
							 .n_ran = s->outcomes[CP_OUTCOME_MISS],
							 .n_idle = idle_of(s),
							 .n_changed = s->n_changed};
	}
	*ret_history = history;
	return 0;
}

/* ---- counted ---- */

struct teller {
	struct cp_run *run;
	struct cp_backtest *history;
	size_t at; /* of the image */
	const struct cp_backtest_image *image;
	const struct cp_report_advice *report;
	struct cp_backtest_edit git; /* its builds with .git in the ignore file */
	size_t n_trials;
	struct cp_err *err;
};

/* The step of a finding, if the newest build has it. */
static const struct cp_backtest_step *step_of(const struct teller *t, const struct cp_finding *f)
{
	const struct cp_backtest_image *im = t->image;

	if (!f->line || !cp_str_eq(f->file, t->report->dockerfile))
		return NULL;
	for (size_t i = 0; i < im->n_steps; i++)
		if (im->steps[i].step->line == f->line && im->steps[i].last + 1 == im->n_commits)
			return &im->steps[i];
	return NULL;
}

static void count(const struct teller *t, const struct cp_finding *f, struct cp_stake *stake)
{
	const struct cp_backtest_step *s = step_of(t, f);

	stake->ms = -1;
	if (!s || f->count == CP_COUNT_NONE)
		return;
	stake->of = s->n;
	stake->n = f->count == CP_COUNT_RUNS  ? s->outcomes[CP_OUTCOME_MISS]
		   : f->count == CP_COUNT_GIT ? s->causes[CP_CAUSE_GIT_DIR_IN_CONTEXT]
					      : idle_of(s);
	stake->cost = s->cost;
	if (s->cost.source != CP_COST_UNKNOWN)
		stake->ms = s->cost.ms * (int64_t)stake->n;
}

/* ---- tried out ---- */

/* The edit of one finding as a diff. */
static int patch_of(const struct teller *t, const struct cp_finding *f,
		    const struct cp_what_if **ret_edit, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_PATCH_BYTES);
	struct cp_finding one = *f;
	struct cp_advice advice = {.findings = &one, .n = 1};
	struct cp_report_advice report = *t->report;
	struct cp_str kept;
	int r;

	report.advice = &advice;
	one.creates = one.appends = CP_S("");
	r = cp_report_advice(&report, 1, NULL, 0, CP_S("patch"), NULL, &text, err);
	if (r < 0 || !text.n)
		return r;
	kept = cp_arena_str(t->run->arena, cp_buf_str(&text));
	return kept.p ? cp_what_if_patch(t->run, kept, CP_S("the edit"), ret_edit, err)
		      : cp_err_nomem(err);
}

static int open_edit(const struct teller *t, const struct cp_finding *f,
		     const struct cp_what_if **ret_edit, struct cp_err *err)
{
	switch (f->trial) {
	case CP_TRIAL_EDIT:
		return patch_of(t, f, ret_edit, err);
	case CP_TRIAL_IGNORE:
		return cp_what_if_ignore(t->run, f->trial_text, ret_edit, err);
	case CP_TRIAL_ARGUMENT:
		return cp_what_if_argument(t->run, f->trial_text, ret_edit, err);
	default:
		return 0;
	}
}

static size_t not_hit(const struct cp_backtest_totals *t)
{
	return t->steps[CP_OUTCOME_MISS] + t->steps[CP_OUTCOME_DEPENDS] +
	       t->steps[CP_OUTCOME_UNKNOWN];
}

/* An argument makes it worse, everything else better. */
static void compare(const struct cp_finding *f, const struct cp_backtest_commit *without, size_t n,
		    const struct cp_backtest_edit *e, struct cp_stake_trial *to)
{
	bool worse = f->trial == CP_TRIAL_ARGUMENT;
	const struct cp_backtest_totals *now = worse ? &e->after : &e->before,
					*then = worse ? &e->before : &e->after;

	to->n = e->n_scored;
	for (size_t i = 0; i < e->n_commits && i < n; i++) {
		size_t a = without[i].n_misses, b = e->commits[i].n_misses;

		to->n_better += e->commits[i].scored && (worse ? b > a : a > b);
	}
	to->steps[0] = not_hit(now);
	to->steps[1] = not_hit(then);
	to->runs[0] = now->runs - now->runs_hit;
	to->runs[1] = then->runs - then->runs_hit;
	to->steps_ran[0] = now->steps[CP_OUTCOME_MISS];
	to->steps_ran[1] = then->steps[CP_OUTCOME_MISS];
	to->runs_ran[0] = now->runs_missed;
	to->runs_ran[1] = then->runs_missed;
	to->n_timed = now->steps_timed;
	to->ms = now->ms - then->ms;
	to->low = now->low - then->low;
	to->high = now->high - then->high;
}

/* What cannot be tried out is not known; CP_ENOMEM and CP_ECANCELLED come back. */
static int try_out(struct teller *t, const struct cp_finding *f, struct cp_stake *stake)
{
	const struct cp_backtest_commit *without = t->image->commits;
	const struct cp_what_if *edit = NULL;
	size_t n = t->image->n_commits;
	struct cp_backtest_edit tried;
	struct cp_err why = {0};
	int r;

	if (f->trial == CP_TRIAL_NONE || t->n_trials >= MAX_TRIALS)
		return 0;
	if (f->behind_git && t->git.n_commits)
		without = t->git.commits;
	r = open_edit(t, f, &edit, &why);
	if (r == 0 && edit) {
		t->n_trials++;
		r = cp_backtest_try(t->history, t->at, edit, without, n, &tried, &why);
	}
	if (cp_run_is_over(r))
		return cp_err_set(t->err, r, "%s", why.message);
	if (r < 0 || !edit)
		return 0;
	compare(f, without, n, &tried, &stake->trial);
	if (f->rule == CP_ADVISE_GIT_IN_CONTEXT && !t->git.n_commits)
		t->git = tried;
	return 0;
}

static bool is_proved(const struct cp_stake_trial *t)
{
	return t->n && t->steps[0] >= t->steps[1] + FEW_SAVED && t->runs[0] >= t->runs[1];
}

int cp_stakes_find(struct cp_run *run, struct cp_backtest *history, size_t at,
		   struct cp_report_advice *report, struct cp_err *err)
{
	struct teller t = {.run = run,
			   .history = history,
			   .at = at,
			   .image = &cp_backtest_report(history)->images[at],
			   .report = report,
			   .err = err};
	struct cp_advice *kept = CP_NEW(run->arena, struct cp_advice);
	struct cp_stake *stakes;

	if (!report->advice || t.image->error.code)
		return 0;
	stakes = cp_arena_array(run->arena, report->advice->n, sizeof(*stakes));
	if (!kept || !stakes)
		return cp_err_nomem(err);
	kept->findings = cp_arena_array(run->arena, report->advice->n, sizeof(*kept->findings));
	kept->n_ignored = report->advice->n_ignored;
	for (size_t i = 0; kept->findings && i < report->advice->n; i++) {
		const struct cp_finding *f = &report->advice->findings[i];
		struct cp_stake stake = {.of = 0};
		int r;

		count(&t, f, &stake);
		r = try_out(&t, f, &stake);
		if (r < 0)
			return r;
		if (f->only_if_proved && !is_proved(&stake.trial))
			continue;
		kept->counts[cp_advise_rules[f->rule].severity]++;
		stakes[kept->n] = stake;
		kept->findings[kept->n++] = *f;
	}
	if (!kept->findings)
		return cp_err_nomem(err);
	report->advice = kept;
	report->stakes = stakes;
	return 0;
}
