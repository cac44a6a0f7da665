/* `record` for machines and people: what a build did, and how right predictions were. */
#include "report/report_int.h"
#include "report/text_int.h"

#define LABEL_COLUMNS 12

/* ---- one build ---- */

static size_t count_ran(const struct cp_built *b, enum cp_ran ran)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_steps; i++)
		n += b->steps[i].ran == ran;
	return n;
}

static void json_step(struct cp_json_out *o, const struct cp_built_step *s)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", s->name);
	cp_json_kstr(o, "outcome", cp_str_c(cp_ran_name(s->ran)));
	if (s->ms >= 0)
		cp_json_kseconds(o, "seconds", s->ms);
	if (s->bytes)
		cp_json_kint(o, "bytes", (int64_t)s->bytes);
	if (s->predicted.n) {
		cp_json_kstr(o, "predicted", s->predicted);
		cp_json_kstr(o, "verdict", cp_str_c(cp_judgement_name(s->judgement)));
	}
	cp_json_close(o, '}');
}

static void json_build(struct cp_json_out *o, const struct cp_built *b)
{
	cp_json_key(o, "build");
	cp_json_open(o, '{');
	cp_json_kstr(o, "kind", b->kind);
	cp_json_kint(o, "time", b->time);
	if (b->commit.n)
		cp_json_kstr(o, "commit", b->commit);
	if (b->digest.n)
		cp_json_kstr(o, "digest", b->digest);
	if (b->ms >= 0)
		cp_json_kseconds(o, "seconds", b->ms);
	cp_json_kbool(o, "failed", b->failed);
	cp_json_kbool(o, "whole", b->whole);
	cp_json_kint(o, "skipped_lines", (int64_t)b->n_skipped);
	cp_json_kint(o, "ran", (int64_t)count_ran(b, CP_RAN_RAN));
	cp_json_kint(o, "cached", (int64_t)count_ran(b, CP_RAN_CACHED));
	cp_json_key(o, "steps");
	cp_json_open(o, '[');
	for (size_t i = 0; i < b->n_steps; i++)
		json_step(o, &b->steps[i]);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

static void build_as_json(const struct cp_report_record *r, const struct cp_report_style *style,
			  struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/record/1"));
	cp_json_kstr(&o, "project", r->built->project);
	cp_json_kbool(&o, "new", r->is_new);
	json_build(&o, r->built);
	if (r->has_prediction) {
		cp_json_accuracy(&o, &r->accuracy);
		cp_json_kint(&o, "not_printed", (int64_t)r->n_missing);
	}
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

static void wrong_steps(struct cp_buf *out, const struct cp_built *b,
			const struct cp_report_style *style)
{
	const char *label = "wrong";

	for (size_t i = 0; i < b->n_steps; i++) {
		const struct cp_built_step *s = &b->steps[i];
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		if (s->judgement != CP_JUDGED_WRONG_HIT && s->judgement != CP_JUDGED_WRONG_MISS)
			continue;
		cp_text_add(&text, s->name);
		cp_buf_printf(&text, ": predicted %.*s, %s", CP_STR(s->predicted),
			      cp_ran_name(s->ran));
		cp_table_row(out, label, LABEL_COLUMNS, cp_buf_str(&text), style);
		label = "";
	}
}

static void build_as_table(const struct cp_report_record *r, const struct cp_report_style *style,
			   struct cp_buf *out)
{
	const struct cp_built *b = r->built;
	size_t ran = count_ran(b, CP_RAN_RAN), cached = count_ran(b, CP_RAN_CACHED);
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_add(out, b->project);
	if (b->n_steps)
		cp_buf_printf(out, "  %zu step%s: %zu ran, %zu cached", b->n_steps,
			      cp_text_plural(b->n_steps), ran, cached);
	else if (b->n_total)
		cp_buf_printf(out, "  %zu of %zu vertexes cached", b->n_cached, b->n_total);
	if (b->ms >= 0) {
		cp_buf_addz(out, ", ");
		cp_text_seconds(out, b->ms);
	}
	cp_buf_addz(out, b->failed ? ", failed" : "");
	cp_buf_addz(out, r->is_new ? "\n" : ", recorded before\n");
	if (!b->whole)
		cp_table_row(out, "note", LABEL_COLUMNS,
			     CP_S("the log is not whole; what is whole in it is recorded"), style);
	if (!r->has_prediction)
		return;
	cp_text_accuracy(&text, &r->accuracy);
	if (text.n)
		cp_table_row(out, "predicted", LABEL_COLUMNS, cp_buf_str(&text), style);
	wrong_steps(out, b, style);
	if (r->n_missing) {
		cp_buf_clear(&text);
		cp_buf_printf(&text, "%zu predicted step%s the build did not print", r->n_missing,
			      cp_text_plural(r->n_missing));
		cp_table_row(out, "note", LABEL_COLUMNS, cp_buf_str(&text), style);
	}
}

static int check_format(struct cp_str format, bool *ret_json, struct cp_err *err)
{
	*ret_json = !format.n || cp_str_eq(format, CP_S("json"));
	if (*ret_json || cp_str_eq(format, CP_S("table")))
		return 0;
	return cp_err_set(err, CP_EUNSUPPORTED, "record has the formats table and json, not %.*s",
			  CP_STR(format));
}

int cp_report_record(const struct cp_report_record *r, struct cp_str format,
		     const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	bool json;

	if (check_format(format, &json, err) < 0)
		return CP_EUNSUPPORTED;
	if (json)
		build_as_json(r, style, out);
	else
		build_as_table(r, style, out);
	return cp_report_finish(out, err);
}

int cp_report_import(const struct cp_report_import *r, struct cp_str format, struct cp_buf *out,
		     struct cp_err *err)
{
	struct cp_json_out o = CP_JSON_OUT(out);
	bool json;

	if (check_format(format, &json, err) < 0)
		return CP_EUNSUPPORTED;
	if (json) {
		cp_json_open(&o, '{');
		cp_json_kstr(&o, "schema", CP_S("cachepredict/import/1"));
		cp_json_kint(&o, "builds", (int64_t)r->n_read);
		cp_json_kint(&o, "new", (int64_t)r->n_new);
		cp_json_kint(&o, "bad_lines", (int64_t)r->n_bad);
		cp_json_close(&o, '}');
		cp_buf_addc(out, '\n');
	} else {
		cp_buf_printf(out, "%zu build%s, %zu of them new", r->n_read,
			      cp_text_plural(r->n_read), r->n_new);
		if (r->n_bad)
			cp_buf_printf(out, "; %zu line%s left out", r->n_bad,
				      cp_text_plural(r->n_bad));
		cp_buf_addc(out, '\n');
	}
	return cp_report_finish(out, err);
}

/* ---- accuracy of all repositories ---- */

static void accuracy_as_json(const struct cp_report_accuracy *all, size_t n,
			     const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/accuracy/1"));
	cp_json_key(&o, "projects");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++) {
		cp_json_open(&o, '{');
		cp_json_kstr(&o, "project", all[i].project);
		cp_json_kint(&o, "builds", (int64_t)all[i].n_builds);
		cp_json_kint(&o, "from", all[i].from);
		cp_json_kint(&o, "to", all[i].to);
		cp_json_accuracy(&o, &all[i].accuracy);
		cp_json_close(&o, '}');
	}
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

int cp_report_accuracy(const struct cp_report_accuracy *all, size_t n, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	bool json;

	if (check_format(format, &json, err) < 0)
		return CP_EUNSUPPORTED;
	if (json) {
		accuracy_as_json(all, n, style, out);
		return cp_report_finish(out, err);
	}
	if (!n)
		cp_buf_addz(out, "no build is recorded\n");
	else
		cp_buf_printf(out, "%-36s %6s %7s %7s %5s %6s %7s\n", "repository", "builds",
			      "right", "wrong", "hit", "miss", "unsure");
	for (size_t i = 0; i < n; i++) {
		const struct cp_accuracy *acc = &all[i].accuracy;
		int used = cp_text_fit(out, all[i].project, 36, style->ascii);

		cp_text_spaces(out, 36 - used);
		cp_buf_printf(out, " %6zu %7zu %7zu %5zu %6zu %7zu\n", all[i].n_builds,
			      acc->counts[CP_JUDGED_RIGHT],
			      acc->counts[CP_JUDGED_WRONG_HIT] + acc->counts[CP_JUDGED_WRONG_MISS],
			      acc->counts[CP_JUDGED_WRONG_HIT], acc->counts[CP_JUDGED_WRONG_MISS],
			      acc->counts[CP_JUDGED_DEPENDS] + acc->counts[CP_JUDGED_UNKNOWN]);
	}
	return cp_report_finish(out, err);
}
