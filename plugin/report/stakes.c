/* What a finding of `advise` costs: by builds of the history, and by files of the commit. */
#include "report/report_int.h"
#include "report/text_int.h"

/* ---- JSON ---- */

static void put_pair(struct cp_json_out *o, const char *key, const size_t pair[2])
{
	cp_json_key(o, key);
	cp_json_open(o, '[');
	cp_json_int(o, (int64_t)pair[0]);
	cp_json_int(o, (int64_t)pair[1]);
	cp_json_close(o, ']');
}

static void put_trial(struct cp_json_out *o, const struct cp_finding *f,
		      const struct cp_stake_trial *t)
{
	static const char *const names[] = {"", "edit", "ignore", "argument"};

	cp_json_key(o, "trial");
	if (!t->n) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kstr(o, "with", cp_str_c(names[f->trial]));
	if (f->trial_text.n)
		cp_json_kstr(o, "text", f->trial_text);
	cp_json_kint(o, "commits", (int64_t)t->n);
	cp_json_kint(o, "commits_better", (int64_t)t->n_better);
	put_pair(o, "steps_not_hit", t->steps);
	put_pair(o, "runs_not_hit", t->runs);
	put_pair(o, "steps_ran", t->steps_ran);
	put_pair(o, "runs_ran", t->runs_ran);
	cp_json_key(o, "seconds_saved");
	if (t->n_timed)
		cp_json_int(o, (t->ms + 500) / 1000);
	else
		cp_json_null(o);
	if (t->n_timed) {
		cp_json_kint(o, "steps_timed", (int64_t)t->n_timed);
		cp_json_kseconds(o, "low", t->low);
		cp_json_kseconds(o, "high", t->high);
	}
	cp_json_close(o, '}');
}

static void put_size(struct cp_json_out *o, const struct cp_finding *f)
{
	cp_json_key(o, "size");
	cp_json_open(o, '{');
	cp_json_kint(o, "files", (int64_t)f->n_files);
	cp_json_kint(o, "bytes", f->bytes > INT64_MAX ? INT64_MAX : (int64_t)f->bytes);
	cp_json_kint(o, "files_of_unknown_size", (int64_t)f->n_unsized);
	cp_json_close(o, '}');
}

void cp_json_stake(struct cp_json_out *o, const struct cp_finding *f, const struct cp_stake *s)
{
	if (f->n_files)
		put_size(o, f);
	cp_json_key(o, "at_stake");
	if (!s || (!s->of && !s->trial.n)) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kint(o, "commits", (int64_t)(s->of ? s->n : s->trial.n_better));
	cp_json_kint(o, "of", (int64_t)(s->of ? s->of : s->trial.n));
	cp_json_key(o, "seconds");
	if (s->of && s->ms >= 0)
		cp_json_int(o, (s->ms + 500) / 1000);
	else if (!s->of && s->trial.n_timed)
		cp_json_int(o, (s->trial.ms + 500) / 1000);
	else
		cp_json_null(o);
	cp_json_cost(o, &s->cost);
	put_trial(o, f, &s->trial);
	cp_json_close(o, '}');
}

/* ---- for people ---- */

static void add_seconds(struct cp_buf *out, int64_t ms, int64_t low, int64_t high)
{
	if (ms <= 0)
		return;
	cp_buf_addz(out, ", ");
	cp_text_seconds(out, ms);
	if (low == high)
		return;
	cp_buf_addz(out, " (");
	cp_text_seconds(out, low);
	cp_buf_addz(out, " to ");
	cp_text_seconds(out, high);
	cp_buf_addc(out, ')');
}

static void add_count(struct cp_buf *out, const struct cp_finding *f, const struct cp_stake *s)
{
	static const char *const words[] = {
		[CP_COUNT_NONE] = "",
		[CP_COUNT_RUNS] = "ran it",
		[CP_COUNT_IDLE] = "ran it for nothing",
		[CP_COUNT_GIT] = "ran it because of .git",
	};

	cp_buf_printf(out, "%zu of %zu commits %s", s->n, s->of, words[f->count]);
	if (s->ms > 0)
		add_seconds(out, s->ms, s->cost.low * (int64_t)s->n, s->cost.high * (int64_t)s->n);
	if (s->ms > 0 && s->cost.source == CP_COST_KIND)
		cp_buf_addz(out, ", by steps of its kind");
}

/* "57 of 96 RUN steps that ran would have come from the cache, in 80 commits" */
static void add_saved(struct cp_buf *out, const struct cp_stake_trial *t)
{
	bool runs = t->runs[0] > t->runs[1];
	const size_t *n = runs ? t->runs : t->steps, *ran = runs ? t->runs_ran : t->steps_ran;
	bool sure = n[0] > n[1] && ran[0] >= ran[1] + (n[0] - n[1]);

	if (n[0] <= n[1]) {
		cp_buf_printf(out, "no step would have been saved, in %zu commits", t->n);
		return;
	}
	n = sure ? ran : n;
	cp_buf_printf(out,
		      "%zu of %zu %s that ran%s would have come from the cache, in %zu commits",
		      n[0] - n[1], n[0], runs ? "RUN steps" : "steps", sure ? "" : ", or may have,",
		      t->n);
	if (t->n_timed)
		add_seconds(out, t->ms, t->low, t->high);
}

static void add_trial(struct cp_buf *out, const struct cp_finding *f,
		      const struct cp_stake_trial *t)
{
	if (f->trial != CP_TRIAL_ARGUMENT) {
		cp_buf_addz(out, f->trial == CP_TRIAL_EDIT ? "with the edit: "
				 : f->behind_git ? "with that, and .git, in the ignore file: "
						 : "with that in the ignore file: ");
		add_saved(out, t);
		return;
	}
	cp_buf_addz(out, "with another ");
	cp_text_add(out, f->trial_text);
	cp_buf_printf(out,
		      " at every commit %zu RUN steps run in %zu commits, with a steady one %zu",
		      t->runs[0], t->n, t->runs[1]);
	if (t->n_timed)
		add_seconds(out, t->ms, t->low, t->high);
}

static void add_size(struct cp_buf *out, const struct cp_finding *f)
{
	cp_buf_printf(out, "%zu file%s", f->n_files, cp_text_plural(f->n_files));
	if (f->n_unsized < f->n_files) {
		cp_buf_addz(out, ", ");
		cp_text_bytes(out, f->bytes);
	}
	if (f->n_unsized)
		cp_buf_printf(out, "; %zu of unknown size", f->n_unsized);
}

static void row(struct cp_buf *out, struct cp_buf *text, int indent,
		const struct cp_report_style *style)
{
	cp_text_spaces(out, indent);
	cp_text_wrap(out, cp_buf_str(text), indent, indent, cp_table_width(style));
	cp_buf_addc(out, '\n');
	cp_buf_clear(text);
}

void cp_table_stake(struct cp_buf *out, const struct cp_finding *f, const struct cp_stake *s,
		    int indent, const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	if (f->n_files) {
		cp_buf_addz(&text, "size: ");
		add_size(&text, f);
		row(out, &text, indent, style);
	}
	if (s && s->of) {
		cp_buf_addz(&text, "at stake: ");
		add_count(&text, f, s);
		row(out, &text, indent, style);
	}
	if (s && s->trial.n) {
		add_trial(&text, f, &s->trial);
		row(out, &text, indent, style);
	}
}

bool cp_text_stake(struct cp_buf *out, const struct cp_finding *f, const struct cp_stake *s)
{
	if (s && s->of)
		add_count(out, f, s);
	else if (s && s->trial.n && f->trial == CP_TRIAL_ARGUMENT)
		cp_buf_printf(out, "%zu of %zu commits", s->trial.n_better, s->trial.n);
	else if (s && s->trial.n)
		add_saved(out, &s->trial);
	else
		return false;
	return true;
}
