/* `advise`: findings for people and programs. */
#include "report/report_int.h"
#include "report/text_int.h"

#define INDENT 6

static struct cp_str name_of(const struct cp_report_advice *im)
{
	return im->name.n ? im->name : im->dockerfile;
}

/* ---- JSON ---- */

static void put_edit(struct cp_json_out *o, const struct cp_edit *e)
{
	cp_json_key(o, "edit");
	if (!e) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kint(o, "line", e->line);
	cp_json_kint(o, "line_end", e->line_end);
	cp_json_kstr(o, "text", e->text);
	cp_json_close(o, '}');
}

static void put_finding(struct cp_json_out *o, const struct cp_finding *f,
			const struct cp_stake *stake)
{
	const struct cp_rule *rule = &cp_advise_rules[f->rule];

	cp_json_open(o, '{');
	cp_json_kstr(o, "rule", cp_str_c(rule->id));
	cp_json_kstr(o, "severity", cp_str_c(cp_severity_name(f->severity)));
	cp_json_kstr(o, "file", f->file);
	cp_json_kint(o, "line", f->line);
	cp_json_kint(o, "line_end", f->line_end);
	cp_json_kstr(o, "message", f->message);
	cp_json_kstr(o, "why", f->why);
	put_edit(o, f->edit);
	if (f->creates.n) {
		cp_json_key(o, "creates");
		cp_json_open(o, '{');
		cp_json_kstr(o, "path", f->creates);
		cp_json_kstr(o, "text", f->creates_text);
		cp_json_close(o, '}');
	}
	if (f->appends.n)
		cp_json_kstr(o, "appends", f->appends);
	cp_json_stake(o, f, stake);
	cp_json_close(o, '}');
}

static void put_image(struct cp_json_out *o, const struct cp_report_advice *im)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", im->name);
	cp_json_kstr(o, "dockerfile", im->dockerfile);
	cp_json_key(o, "findings");
	cp_json_open(o, '[');
	for (size_t i = 0; im->advice && i < im->advice->n; i++)
		put_finding(o, &im->advice->findings[i], im->stakes ? &im->stakes[i] : NULL);
	cp_json_close(o, ']');
	cp_json_kint(o, "ignored", im->advice ? (int64_t)im->advice->n_ignored : 0);
	cp_json_scans(o, im);
	if (im->error.code)
		cp_json_error(o, &im->error);
	cp_json_close(o, '}');
}

static void as_json(const struct cp_report_advice *images, size_t n,
		    const struct cp_report_scan *reports, size_t n_reports,
		    const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/advise/1"));
	cp_json_key(&o, "images");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		put_image(&o, &images[i]);
	cp_json_close(&o, ']');
	cp_json_reports(&o, reports, n_reports);
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

/* ---- the table ---- */

static void paint(struct cp_buf *out, const char *color, const char *text,
		  const struct cp_report_style *style)
{
	if (style->color)
		cp_buf_addz(out, color);
	cp_buf_addz(out, text);
	if (style->color)
		cp_buf_addz(out, "\033[0m");
}

static void finding_row(struct cp_buf *out, const struct cp_finding *f,
			const struct cp_report_style *style)
{
	static const char *const colors[] = {"\033[36m", "\033[33m", "\033[31m"};
	const struct cp_rule *rule = &cp_advise_rules[f->rule];
	const char *severity = cp_severity_name(f->severity);

	if (f->line)
		cp_buf_printf(out, "%5d ", f->line);
	else
		cp_text_spaces(out, INDENT);
	paint(out, colors[f->severity], severity, style);
	cp_text_spaces(out, 9 - (int)strlen(severity));
	cp_buf_addz(out, rule->id);
	cp_buf_addc(out, '\n');
	cp_text_spaces(out, INDENT);
	cp_text_wrap(out, f->message, INDENT, INDENT, cp_table_width(style));
	cp_buf_addc(out, '\n');
	cp_text_spaces(out, INDENT + 2);
	cp_text_wrap(out, f->why, INDENT + 2, INDENT + 2, cp_table_width(style));
	cp_buf_addc(out, '\n');
}

/* "1 error, 4 warnings, 2 info" */
static void add_counts(struct cp_buf *out, const struct cp_advice *a)
{
	static const char *const words[] = {"info", "warning", "error"};
	bool any = false;

	for (int s = CP_SEVERITY_ERROR; s >= CP_SEVERITY_INFO; s--) {
		if (!a->counts[s])
			continue;
		cp_buf_printf(out, "%s%zu %s%s", any ? ", " : "", a->counts[s], words[s],
			      s == CP_SEVERITY_INFO ? "" : cp_text_plural(a->counts[s]));
		any = true;
	}
	if (!any)
		cp_buf_addz(out, "nothing to advise");
	if (a->n_ignored)
		cp_buf_printf(out, " (%zu silenced)", a->n_ignored);
}

static void as_table(const struct cp_report_advice *im, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	struct cp_str file = {NULL, 0};

	cp_text_fit(out, name_of(im), 40, style->ascii);
	cp_buf_addz(out, "  ");
	if (!im->advice) {
		cp_text_wrap(out, cp_str_c(im->error.message), 4, 4, cp_table_width(style));
		cp_buf_addc(out, '\n');
		return;
	}
	add_counts(out, im->advice);
	cp_buf_addc(out, '\n');
	for (size_t i = 0; i < im->advice->n; i++) {
		const struct cp_finding *f = &im->advice->findings[i];

		if (!file.p || !cp_str_eq(file, f->file)) {
			cp_buf_addz(out, "  ");
			cp_text_add(out, f->file);
			cp_buf_addc(out, '\n');
			file = f->file;
		}
		finding_row(out, f, style);
		cp_table_stake(out, f, im->stakes ? &im->stakes[i] : NULL, INDENT + 2, style);
	}
	cp_table_scans(out, im, style);
}

/* ---- Markdown ---- */

static void as_markdown(const struct cp_report_advice *im, struct cp_buf *out)
{
	cp_buf_addz(out, "**cachepredict advise** ");
	cp_text_code(out, name_of(im));
	cp_buf_addz(out, ": ");
	if (!im->advice) {
		cp_text_code(out, cp_str_c(im->error.message));
		cp_buf_addc(out, '\n');
		return;
	}
	add_counts(out, im->advice);
	cp_buf_addc(out, '\n');
	if (im->advice->n)
		cp_buf_addz(
			out,
			im->stakes
				? "\n| where | severity | rule | what | at stake |\n|---|---|---|---|---|\n"
				: "\n| where | severity | rule | what |\n|---|---|---|---|\n");
	for (size_t i = 0; i < im->advice->n; i++) {
		const struct cp_finding *f = &im->advice->findings[i];
		const struct cp_rule *rule = &cp_advise_rules[f->rule];

		cp_buf_addz(out, "| ");
		cp_text_code(out, f->file);
		if (f->line)
			cp_buf_printf(out, " line %d", f->line);
		cp_buf_printf(out, " | %s | `%s` | ", cp_severity_name(f->severity), rule->id);
		cp_text_code(out, f->message);
		cp_buf_addz(out, " |");
		if (im->stakes) {
			cp_buf_addc(out, ' ');
			cp_text_stake(out, f, &im->stakes[i]);
			cp_buf_addz(out, " |");
		}
		cp_buf_addc(out, '\n');
	}
	cp_markdown_scans(out, im);
}

int cp_report_advice(const struct cp_report_advice *images, size_t n,
		     const struct cp_report_scan *reports, size_t n_reports, struct cp_str format,
		     const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	static const struct cp_report_style plain;
	bool table = cp_str_eq(format, CP_S("table")),
	     markdown = cp_str_eq(format, CP_S("markdown"));

	if (!style)
		style = &plain;
	if (!format.n || cp_str_eq(format, CP_S("json")))
		as_json(images, n, reports, n_reports, style, out);
	else if (cp_str_eq(format, CP_S("sarif")))
		cp_report_sarif(images, n, style, out);
	else if (cp_str_eq(format, CP_S("codequality")))
		cp_report_codequality(images, n, style, out);
	else if (cp_str_eq(format, CP_S("patch")))
		cp_report_patch(images, n, out);
	else if (!table && !markdown)
		return cp_err_set(
			err, CP_EUNSUPPORTED,
			"advice is shown as table, json, markdown, sarif, codequality or patch");
	for (size_t i = 0; (table || markdown) && i < n; i++) {
		if (i)
			cp_buf_addc(out, '\n');
		if (table)
			as_table(&images[i], style, out);
		else
			as_markdown(&images[i], out);
	}
	if (table)
		cp_table_reports(out, reports, n_reports, style);
	else if (markdown)
		cp_markdown_reports(out, reports, n_reports);
	return cp_report_finish(out, err);
}
