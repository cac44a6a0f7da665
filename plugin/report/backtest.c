/* `backtest` for machines and people. */
#include "report/backtest.h"

#include <time.h>

#include "report/report_int.h"

#define LABEL_COLUMNS 12
#define EDIT_COLUMNS 16
#define STEPS_SHOWN 12
#define COMMITS_SHOWN 10

/* ---- JSON ---- */

static void put_counts(struct cp_json_out *o, const size_t counts[4])
{
	for (int i = CP_OUTCOME_HIT; i <= CP_OUTCOME_UNKNOWN; i++)
		cp_json_kint(o, cp_outcome_name((enum cp_outcome)i), (int64_t)counts[i]);
}

/* null: no build was recorded that says it. */
static void put_seconds(struct cp_json_out *o, const char *key, bool known, int64_t ms)
{
	cp_json_key(o, key);
	if (known)
		cp_json_int(o, (ms + 500) / 1000);
	else
		cp_json_null(o);
}

static void put_totals(struct cp_json_out *o, const char *key, const struct cp_backtest_totals *t)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kint(o, "commits", (int64_t)t->n);
	cp_json_kint(o, "built", (int64_t)t->n_built);
	cp_json_kint(o, "absent", (int64_t)t->n_absent);
	cp_json_key(o, "commits_by_outcome");
	cp_json_open(o, '{');
	put_counts(o, t->by_outcome);
	cp_json_close(o, '}');
	cp_json_key(o, "steps_by_outcome");
	cp_json_open(o, '{');
	put_counts(o, t->steps);
	cp_json_close(o, '}');
	cp_json_kint(o, "runs", (int64_t)t->runs);
	cp_json_kint(o, "runs_missed", (int64_t)t->runs_missed);
	cp_json_kint(o, "installs_missed", (int64_t)t->installs_missed);
	cp_json_kint(o, "installs_wasted", (int64_t)t->installs_wasted);
	cp_json_kint(o, "steps_timed", (int64_t)t->steps_timed);
	put_seconds(o, "seconds", t->steps_timed, t->ms);
	put_seconds(o, "seconds_low", t->steps_timed, t->low);
	put_seconds(o, "seconds_high", t->steps_timed, t->high);
	put_seconds(o, "seconds_wasted", t->steps_timed, t->wasted_ms);
	cp_json_close(o, '}');
}

static void put_step(struct cp_json_out *o, const struct cp_backtest_step *s)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", s->step->name);
	cp_json_kstr(o, "stage", s->stage);
	cp_json_kstr(o, "instruction", s->step->instruction);
	cp_json_kint(o, "commits", (int64_t)s->n);
	put_counts(o, s->outcomes);
	cp_json_kint(o, "first", (int64_t)s->n_first);
	if (s->installs.n)
		cp_json_kint(o, "wasted", (int64_t)s->n_wasted);
	put_seconds(o, "seconds", s->cost.source != CP_COST_UNKNOWN, s->cost.ms);
	cp_json_key(o, "causes");
	cp_json_open(o, '{');
	for (int i = CP_CAUSE_CONTENT_CHANGED; i <= CP_CAUSE_UNRESOLVED; i++)
		if (s->causes[i])
			cp_json_kint(o, cp_cause_name((enum cp_cause_kind)i),
				     (int64_t)s->causes[i]);
	cp_json_close(o, '}');
	cp_json_close(o, '}');
}

static void put_miss(struct cp_json_out *o, const struct cp_backtest_commit *c,
		     const struct cp_backtest_miss *m)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", m->step->name);
	cp_json_kstr(o, "stage", c->graph->stages[m->step->stage].name);
	cp_json_kint(o, "line", m->step->line);
	cp_json_kstr(o, "outcome", cp_str_c(cp_outcome_name(m->outcome)));
	cp_json_cause(o, c->graph, NULL, &m->cause);
	cp_json_close(o, '}');
}

static void put_commit(struct cp_json_out *o, const struct cp_backtest_commit *c)
{
	cp_json_kstr(o, "commit", c->hex);
	cp_json_kint(o, "time", c->time);
	cp_json_kstr(o, "subject", c->subject);
	cp_json_key(o, "outcome");
	if (c->built)
		cp_json_str(o, cp_str_c(cp_outcome_name(c->outcome)));
	else
		cp_json_null(o);
	cp_json_kbool(o, "absent", c->absent);
	cp_json_kint(o, "hits", (int64_t)c->n_hits);
	cp_json_key(o, "steps");
	cp_json_open(o, '[');
	for (size_t i = 0; i < c->n_misses; i++)
		put_miss(o, c, &c->misses[i]);
	cp_json_close(o, ']');
	if (!c->built)
		cp_json_error(o, &c->error);
}

static void put_commits(struct cp_json_out *o, const struct cp_backtest_commit *commits, size_t n,
			bool edited)
{
	cp_json_key(o, "commits");
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++) {
		cp_json_open(o, '{');
		put_commit(o, &commits[i]);
		if (edited) {
			cp_json_kbool(o, "edited", commits[i].edited);
			cp_json_kbool(o, "scored", commits[i].scored);
			cp_json_kstr(o, "why_not", commits[i].why_not);
		}
		if (commits[i].patch.n)
			cp_json_kstr(o, "patch", commits[i].patch);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_steps(struct cp_json_out *o, const struct cp_backtest_step *steps, size_t n)
{
	cp_json_key(o, "steps");
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		put_step(o, &steps[i]);
	cp_json_close(o, ']');
}

static void put_split(struct cp_json_out *o, const struct cp_backtest_edit *e)
{
	cp_json_kstr(o, "file", e->file);
	cp_json_kstr(o, "action", e->action);
	cp_json_kstr(o, "reason", e->reason);
	cp_json_kint(o, "changes", (int64_t)e->n_changes);
	cp_json_key(o, "layers");
	cp_json_open(o, '[');
	for (size_t i = 0; i < e->n_layers; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "file", e->layers[i].file);
		cp_json_kint(o, "kept", (int64_t)e->layers[i].n_kept);
		cp_json_kint(o, "may_be_kept", (int64_t)e->layers[i].n_may);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_edit(struct cp_json_out *o, const struct cp_backtest_edit *e)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "edit", e->label);
	cp_json_kint(o, "edited", (int64_t)e->n_edited);
	cp_json_kint(o, "scored", (int64_t)e->n_scored);
	put_totals(o, "before", &e->before);
	put_totals(o, "after", &e->after);
	if (e->file.n)
		put_split(o, e);
	put_steps(o, e->steps, e->n_steps);
	put_commits(o, e->commits, e->n_commits, true);
	cp_json_close(o, '}');
}

static void put_image(struct cp_json_out *o, const struct cp_backtest_image *im)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", im->request->name);
	cp_json_kstr(o, "context", im->request->context);
	cp_json_kstr(o, "platform", im->platform);
	put_totals(o, "totals", &im->totals);
	put_steps(o, im->steps, im->n_steps);
	put_commits(o, im->commits, im->n_commits, false);
	cp_json_key(o, "with");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->n_edits; i++)
		put_edit(o, &im->edits[i]);
	cp_json_close(o, ']');
	cp_json_key(o, "assumptions");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->n_assumptions; i++)
		cp_json_str(o, im->assumptions[i]);
	cp_json_close(o, ']');
	if (im->error.code)
		cp_json_error(o, &im->error);
	cp_json_close(o, '}');
}

static void as_json(const struct cp_report_backtest *b, const struct cp_report_style *style,
		    struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/backtest/1"));
	cp_json_key(&o, "head");
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "rev", b->head_rev);
	cp_json_kstr(&o, "commit", b->head_commit);
	cp_json_close(&o, '}');
	cp_json_kint(&o, "asked", (int64_t)b->n_asked);
	cp_json_kbool(&o, "cancelled", b->cancelled);
	cp_json_key(&o, "images");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < b->n_images; i++)
		put_image(&o, &b->images[i]);
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

/* ---- for people ---- */

static unsigned percent(size_t part, size_t whole)
{
	return whole ? (unsigned)((part * 200 + whole) / (2 * whole)) : 0;
}

static void title(struct cp_buf *out, const struct cp_backtest_image *im,
		  const struct cp_report_style *style)
{
	const struct cp_backtest_commit *c = im->commits;

	cp_text_fit(out, im->request->name, 40, style->ascii);
	if (im->request->target.n) {
		cp_buf_addc(out, ' ');
		cp_text_fit(out, im->request->target, 30, style->ascii);
	}
	cp_buf_printf(out, "  %zu commits", im->totals.n);
	if (im->n_commits) {
		cp_buf_addz(out, "  ");
		cp_text_add(out, cp_text_commit(c[0].hex));
		cp_buf_printf(out, " %s ", cp_text_arrow(style->ascii));
		cp_text_add(out, cp_text_commit(c[im->n_commits - 1].hex));
	}
	cp_buf_addc(out, '\n');
}

/* From recorded builds; of how many of the steps that ran is said. */
static void time_row(struct cp_buf *out, const struct cp_backtest_totals *t,
		     const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	if (!t->steps_timed)
		return;
	cp_text_seconds(&text, t->ms);
	if (t->low < t->high) {
		cp_buf_addz(&text, " (");
		cp_text_seconds(&text, t->low);
		cp_buf_addz(&text, " to ");
		cp_text_seconds(&text, t->high);
		cp_buf_addc(&text, ')');
	}
	cp_buf_printf(&text, " of steps that ran, known for %zu of %zu", t->steps_timed,
		      t->steps[CP_OUTCOME_MISS]);
	if (t->wasted_ms) {
		cp_buf_addz(&text, "; wasted ");
		cp_text_seconds(&text, t->wasted_ms);
	}
	cp_table_row(out, "time", LABEL_COLUMNS, cp_buf_str(&text), style);
}

static void total_rows(struct cp_buf *out, const struct cp_backtest_image *im,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_backtest_totals *t = &im->totals;
	size_t miss = t->by_outcome[CP_OUTCOME_MISS];

	cp_buf_printf(&text, "%zu of %zu commits (%u %%)", miss, t->n_built,
		      percent(miss, t->n_built));
	if (t->by_outcome[CP_OUTCOME_DEPENDS])
		cp_buf_printf(&text, ", %zu more may", t->by_outcome[CP_OUTCOME_DEPENDS]);
	if (t->by_outcome[CP_OUTCOME_UNKNOWN])
		cp_buf_printf(&text, ", %zu unknown", t->by_outcome[CP_OUTCOME_UNKNOWN]);
	cp_buf_printf(&text, "; %zu come all from the cache", t->by_outcome[CP_OUTCOME_HIT]);
	cp_table_row(out, "rebuild", LABEL_COLUMNS, cp_buf_str(&text), style);
	cp_buf_clear(&text);
	cp_buf_printf(&text, "%zu of %zu ran (%u %%)", t->runs_missed, t->runs,
		      percent(t->runs_missed, t->runs));
	cp_table_row(out, "RUN steps", LABEL_COLUMNS, cp_buf_str(&text), style);
	cp_buf_clear(&text);
	if (t->installs_missed) {
		cp_buf_printf(
			&text,
			"%zu of %zu installs ran although their files had not changed (%u %%)",
			t->installs_wasted, t->installs_missed,
			percent(t->installs_wasted, t->installs_missed));
		cp_table_row(out, "wasted", LABEL_COLUMNS, cp_buf_str(&text), style);
	}
	time_row(out, t, style);
	cp_buf_clear(&text);
	if (t->n_built < t->n)
		cp_buf_printf(&text, "%zu commits have no such build", t->n - t->n_built);
	if (t->n_absent)
		cp_buf_printf(&text,
			      "%s%zu builds take a path that is not in the repository: what stands "
			      "on it is unknown",
			      text.n ? "; " : "", t->n_absent);
	if (text.n)
		cp_table_row(out, "left out", LABEL_COLUMNS, cp_buf_str(&text), style);
}

static struct cp_str most_common_cause(const struct cp_backtest_step *s)
{
	int best = 0;

	for (int i = CP_CAUSE_CONTENT_CHANGED; i <= CP_CAUSE_UNRESOLVED; i++)
		if (s->causes[i] > s->causes[best] || best == 0)
			best = s->causes[i] ? i : best;
	return cp_str_c(cp_cause_name((enum cp_cause_kind)best));
}

static void step_rows(struct cp_buf *out, const struct cp_backtest_image *im,
		      const struct cp_report_style *style)
{
	int width = cp_table_width(style) - 2 - 6 * 3 - 24;
	size_t shown = 0;

	width = width < 20 ? 20 : width > 70 ? 70 : width;
	for (size_t i = 0; i < im->n_steps && shown < STEPS_SHOWN; i++) {
		const struct cp_backtest_step *s = &im->steps[i];
		cp_auto_buf struct cp_buf name = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
		int columns;

		if (s->outcomes[CP_OUTCOME_HIT] == s->n)
			continue;
		if (shown++ == 0)
			cp_buf_printf(out, "\n  %-*s %5s %5s %5s  %s\n", width, "step", "ran",
				      "may", "first", "mostly");
		cp_text_add(&name, s->stage);
		cp_buf_addz(&name, ": ");
		cp_text_add(&name, s->text);
		cp_buf_addz(out, "  ");
		columns = cp_text_fit_words(out, cp_buf_str(&name), width, style->ascii);
		cp_text_spaces(out, width - columns);
		cp_buf_printf(out, " %5zu %5zu %5zu  ", s->outcomes[CP_OUTCOME_MISS],
			      s->outcomes[CP_OUTCOME_DEPENDS] + s->outcomes[CP_OUTCOME_UNKNOWN],
			      s->n_first);
		cp_text_add(out, most_common_cause(s));
		cp_buf_addc(out, '\n');
	}
}

/* The first step that broke by itself, and how many more do not hit. */
static void commit_row(struct cp_buf *out, const struct cp_backtest_commit *c,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_backtest_miss *m = &c->misses[0];
	struct cp_step_label label;

	for (size_t i = 0; i < c->n_misses; i++)
		if (c->misses[i].cause.kind != CP_CAUSE_NONE && c->misses[i].cause.step < 0) {
			m = &c->misses[i];
			break;
		}
	label = cp_step_label_of(m->step);
	cp_text_add(&text, c->graph->stages[m->step->stage].name);
	cp_buf_addc(&text, ' ');
	cp_text_add(&text, label.count);
	cp_buf_addz(&text, ": ");
	cp_text_add(&text, m->cause.message);
	if (c->n_misses > 1)
		cp_buf_printf(&text, " (%zu step%s)", c->n_misses, cp_text_plural(c->n_misses));
	cp_buf_addz(out, "  ");
	cp_text_add(out, cp_text_commit(c->hex));
	cp_buf_addz(out, "  ");
	cp_text_fit(out, cp_buf_str(&text), cp_table_width(style) - 12, style->ascii);
	cp_buf_addc(out, '\n');
}

static void commit_rows(struct cp_buf *out, const struct cp_backtest_image *im,
			const struct cp_report_style *style)
{
	size_t shown = 0;

	for (size_t i = im->n_commits; i-- > 1 && shown < COMMITS_SHOWN;) {
		if (!im->commits[i].n_misses)
			continue;
		if (shown++ == 0)
			cp_buf_addz(out, "\n  the newest that rebuild\n");
		commit_row(out, &im->commits[i], style);
	}
}

/* Where it does not fit: how often, and the newest of them. */
static void misfit_row(struct cp_buf *out, const struct cp_backtest_edit *e,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_backtest_commit *newest = NULL;
	size_t n = 0;

	for (size_t i = e->n_commits; i-- > 0;) {
		if (e->commits[i].edited)
			continue;
		newest = newest ? newest : &e->commits[i];
		n++;
	}
	if (!newest)
		return;
	cp_buf_printf(&text, "at %zu commit%s, the newest ", n, cp_text_plural(n));
	cp_text_add(&text, cp_text_commit(newest->hex));
	cp_buf_addz(&text, ": ");
	cp_text_add(&text, newest->why_not.n ? newest->why_not : cp_str_c(newest->error.message));
	cp_table_row(out, "does not fit", EDIT_COLUMNS, cp_buf_str(&text), style);
}

static void edit_rows(struct cp_buf *out, const struct cp_backtest_edit *e,
		      const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_buf_addz(out, "\n  with ");
	cp_text_fit(out, e->label, cp_table_width(style) - 8, style->ascii);
	cp_buf_addc(out, '\n');
	if (!e->n_edited) {
		misfit_row(out, e, style);
		return;
	}
	cp_buf_printf(&text, "%zu ran %s %zu, in %zu commits that are scored",
		      e->before.runs_missed, cp_text_arrow(style->ascii), e->after.runs_missed,
		      e->n_scored);
	cp_table_row(out, "RUN steps", EDIT_COLUMNS, cp_buf_str(&text), style);
	cp_buf_clear(&text);
	if (e->before.steps_timed && e->after.steps_timed) {
		cp_text_seconds(&text, e->before.ms);
		cp_buf_printf(&text, " %s ", cp_text_arrow(style->ascii));
		cp_text_seconds(&text, e->after.ms);
		cp_buf_printf(&text, ", known for %zu of %zu steps that ran, and %zu of %zu",
			      e->before.steps_timed, e->before.steps[CP_OUTCOME_MISS],
			      e->after.steps_timed, e->after.steps[CP_OUTCOME_MISS]);
		cp_table_row(out, "time", EDIT_COLUMNS, cp_buf_str(&text), style);
	}
	for (size_t i = 0; i < e->n_layers; i++) {
		const struct cp_backtest_layer *l = &e->layers[i];

		cp_buf_clear(&text);
		cp_text_add(&text, l->file);
		cp_buf_printf(&text, " by %zu of %zu changes (%u %%)", l->n_kept, e->n_changes,
			      percent(l->n_kept, e->n_changes));
		if (l->n_may)
			cp_buf_printf(&text, ", %zu more may", l->n_may);
		cp_table_row(out, i ? "" : "left alone", EDIT_COLUMNS, cp_buf_str(&text), style);
	}
	misfit_row(out, e, style);
}

static void image_table(struct cp_buf *out, const struct cp_backtest_image *im,
			const struct cp_report_style *style)
{
	title(out, im, style);
	if (im->error.code) {
		cp_table_row(out, "error", LABEL_COLUMNS, cp_str_c(im->error.message), style);
		return;
	}
	total_rows(out, im, style);
	step_rows(out, im, style);
	for (size_t i = 0; i < im->n_edits; i++)
		edit_rows(out, &im->edits[i], style);
	commit_rows(out, im, style);
}

static void as_table(const struct cp_report_backtest *b, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	for (size_t i = 0; i < b->n_images; i++) {
		if (i)
			cp_buf_addc(out, '\n');
		image_table(out, &b->images[i], style);
	}
	if (b->cancelled)
		cp_buf_addz(out, "\ncancelled: this is what was done until then\n");
}

/* ---- Markdown ---- */

static void image_markdown(struct cp_buf *out, const struct cp_backtest_image *im)
{
	const struct cp_backtest_totals *t = &im->totals;
	size_t miss = t->by_outcome[CP_OUTCOME_MISS], shown = 0;

	cp_buf_addz(out, "### ");
	cp_text_code(out, im->request->name);
	cp_buf_printf(out,
		      "\n\nOf the last %zu commits %zu (%u %%) rebuild, %zu more may; %zu of %zu "
		      "`RUN` steps ran.\n",
		      t->n, miss, percent(miss, t->n_built),
		      t->by_outcome[CP_OUTCOME_DEPENDS] + t->by_outcome[CP_OUTCOME_UNKNOWN],
		      t->runs_missed, t->runs);
	for (size_t i = 0; i < im->n_steps && shown < STEPS_SHOWN; i++) {
		const struct cp_backtest_step *s = &im->steps[i];

		if (s->outcomes[CP_OUTCOME_HIT] == s->n)
			continue;
		if (shown++ == 0)
			cp_buf_addz(out, "\n| stage | step | ran | may run | broke first |\n"
					 "|---|---|---:|---:|---:|\n");
		cp_buf_addz(out, "| ");
		cp_text_code(out, s->stage);
		cp_buf_addz(out, " | ");
		cp_text_code(out, s->text);
		cp_buf_printf(out, " | %zu | %zu | %zu |\n", s->outcomes[CP_OUTCOME_MISS],
			      s->outcomes[CP_OUTCOME_DEPENDS] + s->outcomes[CP_OUTCOME_UNKNOWN],
			      s->n_first);
	}
}

static void edits_markdown(struct cp_buf *out, const struct cp_backtest_image *im)
{
	for (size_t i = 0; i < im->n_edits; i++) {
		const struct cp_backtest_edit *e = &im->edits[i];

		cp_buf_addz(out, "\nWith ");
		cp_text_code(out, e->label);
		cp_buf_printf(out, ": %zu `RUN` steps in place of %zu, in %zu scored commits",
			      e->after.runs_missed, e->before.runs_missed, e->n_scored);
		for (size_t l = 0; l < e->n_layers; l++) {
			cp_buf_addz(out, l ? ", " : "; ");
			cp_text_code(out, e->layers[l].file);
			cp_buf_printf(out, " left alone by %zu of %zu changes", e->layers[l].n_kept,
				      e->n_changes);
		}
		cp_buf_addz(out, ".\n");
	}
}

int cp_report_backtest(const struct cp_report_backtest *b, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	static const struct cp_report_style plain;

	if (!style)
		style = &plain;
	if (!format.n || cp_str_eq(format, CP_S("json")))
		as_json(b, style, out);
	else if (cp_str_eq(format, CP_S("table")))
		as_table(b, style, out);
	else if (cp_str_eq(format, CP_S("html")))
		cp_backtest_html(b, out);
	else if (cp_str_eq(format, CP_S("markdown")))
		for (size_t i = 0; i < b->n_images; i++) {
			image_markdown(out, &b->images[i]);
			edits_markdown(out, &b->images[i]);
		}
	else
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "a backtest is shown as table, json, markdown or html");
	return cp_report_finish(out, err);
}
