/* `split` for machines and people. */
#include "report/report_int.h"
#include "report/text_int.h"

#include <stdio.h>
#include <time.h>

#define LABEL_COLUMNS 16
#define SHOWN 8 /* packages that move most */

/* ---- JSON ---- */

static void put_share(struct cp_json_out *o, const char *key, double share)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", share);
	for (char *p = text; *p; p++) /* the host's locale may have a comma */
		*p = *p == ',' ? '.' : *p;
	cp_json_key(o, key);
	cp_json_raw(o, cp_str_c(text));
}

static void put_count(struct cp_json_out *o, const char *key, size_t n)
{
	cp_json_kint(o, key, (int64_t)n);
}

static void put_layers(struct cp_json_out *o, const struct cp_report_split *s)
{
	cp_json_key(o, "layers");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_layers; i++) {
		const struct cp_report_layer *l = &s->layers[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "file", l->file);
		put_share(o, "cost_share", l->share);
		put_count(o, "changes", l->changes);
		if (i + 1 < s->n_layers)
			put_share(o, "kept", l->kept);
		cp_json_key(o, "packages");
		cp_json_open(o, '[');
		for (size_t k = 0; k < l->n_packages; k++)
			cp_json_str(o, l->packages[k]);
		cp_json_close(o, ']');
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_churn(struct cp_json_out *o, const struct cp_report_split *s)
{
	cp_json_key(o, "history");
	cp_json_open(o, '{');
	put_count(o, "changes", s->n_events);
	put_count(o, "changes_of_text_only", s->n_only_text);
	put_share(o, "batch_share", s->batch);
	put_count(o, "chosen_on", s->n_train);
	put_count(o, "scored_on", s->n_test);
	cp_json_kint(o, "from", s->from);
	cp_json_key(o, "packages");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_packages; i++) {
		const struct cp_report_package *p = &s->packages[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "name", p->name);
		cp_json_kint(o, "changes", p->changes);
		cp_json_kstr(o, "group", s->names[p->group]);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

static void put_problems(struct cp_json_out *o, const struct cp_report_split *s)
{
	cp_json_key(o, "problems");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_problems; i++) {
		const struct cp_req_problem *p = &s->problems[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "file", p->file.n ? p->file : s->file);
		cp_json_kint(o, "line", p->line);
		cp_json_kint(o, "column", p->column);
		cp_json_kstr(o, "message", p->message);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_key(o, "notes");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_notes; i++)
		cp_json_str(o, s->notes[i]);
	cp_json_close(o, ']');
}

static void put_installs(struct cp_json_out *o, const struct cp_report_split *s)
{
	cp_json_key(o, "installs");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_installs; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "image", s->installs[i].image);
		cp_json_kstr(o, "step", s->installs[i].step);
		cp_json_cost(o, &s->installs[i].cost);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_costs(struct cp_json_out *o, const struct cp_report_split *s)
{
	put_installs(o, s);
	cp_json_key(o, "package_costs");
	cp_json_open(o, '{');
	cp_json_kstr(o, "source", s->weights.n ? s->weights : CP_S("equal"));
	put_count(o, "known", s->n_weighed);
	put_count(o, "of", s->n_packages_ever);
	cp_json_close(o, '}');
	cp_json_key(o, "saved");
	if (!s->n_timed) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kseconds(o, "seconds", s->saved_ms);
	cp_json_kseconds(o, "low", s->saved_low);
	cp_json_kseconds(o, "high", s->saved_high);
	cp_json_kseconds(o, "can_be_counted_on", s->saved_sure);
	put_count(o, "changes", s->n_test);
	cp_json_kint(o, "days", s->saved_days);
	put_count(o, "installs_timed", s->n_timed);
	cp_json_close(o, '}');
}

static void put_split(struct cp_json_out *o, const struct cp_report_split *s)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "schema", CP_S("cachepredict/split/1"));
	cp_json_key(o, "head");
	cp_json_open(o, '{');
	cp_json_kstr(o, "rev", s->head_rev);
	cp_json_kstr(o, "commit", s->head_commit);
	cp_json_close(o, '}');
	cp_json_kstr(o, "file", s->file);
	cp_json_kstr(o, "action", s->action);
	cp_json_kstr(o, "reason", s->reason);
	put_count(o, "requirements", s->requirements->n_items);
	put_count(o, "pinned", s->n_pinned);
	put_share(o, "cost", s->cost);
	put_share(o, "cost_bound", s->cost_bound);
	put_share(o, "cost_where_chosen", s->train_cost);
	put_costs(o, s);
	put_layers(o, s);
	put_churn(o, s);
	put_problems(o, s);
	cp_json_key(o, "patch");
	if (s->patch.n)
		cp_json_str(o, s->patch);
	else
		cp_json_null(o);
	cp_json_kstr(o, "no_patch", s->no_patch);
	cp_json_close(o, '}');
}

static void as_json(const struct cp_report_split *all, size_t n,
		    const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	if (n == 1) {
		put_split(&o, all);
	} else {
		cp_json_open(&o, '{');
		cp_json_kstr(&o, "schema", CP_S("cachepredict/splits/1"));
		cp_json_key(&o, "files");
		cp_json_open(&o, '[');
		for (size_t i = 0; i < n; i++)
			put_split(&o, &all[i]);
		cp_json_close(&o, ']');
		cp_json_close(&o, '}');
	}
	cp_buf_addc(out, '\n');
}

/* ---- for people ---- */

static void row(struct cp_buf *out, const char *label, struct cp_str text,
		const struct cp_report_style *style)
{
	cp_table_row(out, label, LABEL_COLUMNS, text, style);
}

static void title(struct cp_buf *out, const struct cp_report_split *s,
		  const struct cp_report_style *style)
{
	time_t from = (time_t)s->from;
	struct tm tm;

	cp_text_fit(out, s->file, 60, style->ascii);
	cp_buf_printf(out, "  %zu requirements %s %zu changes", s->requirements->n_items,
		      cp_text_dot_sign(style->ascii), s->n_events);
	if (s->n_events && gmtime_r(&from, &tm))
		cp_buf_printf(out, " since %d-%02d", tm.tm_year + 1900, tm.tm_mon + 1);
	cp_buf_addc(out, '\n');
}

static void layer_rows(struct cp_buf *out, const struct cp_report_split *s,
		       const struct cp_report_style *style)
{
	cp_buf_printf(out, "  %-40s %9s %6s %8s %6s\n", "file", "packages", "cost", "changes",
		      "kept");
	for (size_t i = 0; i < s->n_layers; i++) {
		const struct cp_report_layer *l = &s->layers[i];
		int columns;

		cp_text_spaces(out, 2);
		columns = cp_text_width(l->file, 40);
		cp_text_fit(out, l->file, 40, style->ascii);
		cp_text_spaces(out, 40 - (columns < 40 ? columns : 40));
		cp_buf_printf(out, " %9zu %4.0f %% %8llu", l->n_packages, l->share * 100,
			      (unsigned long long)l->changes);
		if (i + 1 < s->n_layers)
			cp_buf_printf(out, " %4.0f %%", l->kept * 100);
		cp_buf_addc(out, '\n');
	}
}

static void moving_row(struct cp_buf *out, const struct cp_report_split *s,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	for (size_t i = 0; i < s->n_packages && i < SHOWN && s->packages[i].changes; i++) {
		if (i)
			cp_buf_addz(&text, ", ");
		cp_text_fit(&text, s->packages[i].name, 40, style->ascii);
		cp_buf_printf(&text, " %u", s->packages[i].changes);
	}
	if (text.n)
		row(out, "moves most", cp_buf_str(&text), style);
}

static void problem_rows(struct cp_buf *out, const struct cp_report_split *s,
			 const struct cp_report_style *style)
{
	for (size_t i = 0; i < s->n_problems; i++) {
		const struct cp_req_problem *p = &s->problems[i];
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		if (i == SHOWN) {
			cp_buf_printf(&text, "and %zu more", s->n_problems - i);
			row(out, "", cp_buf_str(&text), style);
			return;
		}
		cp_text_add(&text, p->file.n ? p->file : s->file);
		cp_buf_printf(&text, ":%d", p->line);
		if (p->column)
			cp_buf_printf(&text, ":%d", p->column);
		cp_buf_addz(&text, ": ");
		cp_text_add(&text, p->message);
		row(out, i ? "" : "rejected", cp_buf_str(&text), style);
	}
}

/* "about 3 h 12 m (2 h 40 m to 4 h) of 192 changes in 90 days; 1 h 50 m can be counted on" */
static void saved_row(struct cp_buf *out, const struct cp_report_split *s,
		      const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_report_install *in = s->installs;

	if (!s->n_timed)
		return;
	while (in->cost.source == CP_COST_UNKNOWN)
		in++;
	cp_buf_addz(&text, "about ");
	cp_text_seconds(&text, s->saved_ms);
	if (s->saved_low != s->saved_high) {
		cp_buf_addz(&text, " (");
		cp_text_seconds(&text, s->saved_low);
		cp_buf_addz(&text, " to ");
		cp_text_seconds(&text, s->saved_high);
		cp_buf_addc(&text, ')');
	}
	cp_buf_printf(&text, " of %zu changes in %lld days; ", s->n_test, (long long)s->saved_days);
	cp_text_seconds(&text, s->saved_sure);
	cp_buf_addz(&text, " can be counted on. An install took ");
	cp_text_seconds(&text, in->cost.ms);
	cp_buf_printf(&text, ", the median of %zu %s%s", in->cost.n,
		      in->cost.source == CP_COST_OWN ? "recorded run" : "runs of its kind",
		      in->cost.source == CP_COST_OWN ? cp_text_plural(in->cost.n) : "");
	if (s->n_timed > 1)
		cp_buf_printf(&text, "; %zu images install it", s->n_timed);
	row(out, "saves", cp_buf_str(&text), style);
}

static void as_table(const struct cp_report_split *s, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	title(out, s, style);
	cp_text_add(&text, s->reason);
	row(out, s->action.p, cp_buf_str(&text), style);
	if (s->n_layers > 1)
		layer_rows(out, s, style);
	saved_row(out, s, style);
	cp_buf_clear(&text);
	cp_buf_printf(&text, "chosen on the first %zu changes, scored on the %zu after them",
		      s->n_train, s->n_test);
	if (s->n_only_text)
		cp_buf_printf(&text, "; %zu changed only comments, order or white space",
			      s->n_only_text);
	row(out, "history", cp_buf_str(&text), style);
	moving_row(out, s, style);
	problem_rows(out, s, style);
	for (size_t i = 0; i < s->n_notes; i++)
		row(out, i ? "" : "note", s->notes[i], style);
	cp_buf_clear(&text);
	if (s->no_patch.n) {
		cp_buf_addz(&text, "none: ");
		cp_text_add(&text, s->no_patch);
	} else if (s->patch.n) {
		cp_buf_addz(&text, "cachepredict split ");
		cp_text_add(&text, s->file);
		cp_buf_addz(&text, " --format patch | git apply");
	}
	if (text.n)
		row(out, "patch", cp_buf_str(&text), style);
}

int cp_report_split(const struct cp_report_split *all, size_t n, struct cp_str format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	static const struct cp_report_style plain;
	bool table = cp_str_eq(format, CP_S("table"));

	if (!style)
		style = &plain;
	if (!format.n || cp_str_eq(format, CP_S("json")))
		as_json(all, n, style, out);
	else if (!table)
		return cp_err_set(err, CP_EUNSUPPORTED, "a split is shown as table, json or patch");
	for (size_t i = 0; table && i < n; i++) {
		if (i)
			cp_buf_addc(out, '\n');
		as_table(&all[i], style, out);
	}
	if (cp_buf_error(out))
		return cp_err_set(err, cp_buf_error(out), "the report is over %zu bytes", out->max);
	return 0;
}
