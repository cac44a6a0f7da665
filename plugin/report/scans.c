/* What scanners and a registry say of an image, beside the instructions that made its layers. */
#include "report/report_int.h"
#include "report/text_int.h"

static struct cp_str instruction_of(const struct cp_scan_place *p,
				    const struct cp_report_advice *im)
{
	switch (p->kind) {
	case CP_PLACE_BASE:
		return cp_graph_bottom(im->graph)->base;
	case CP_PLACE_STEP:
		return p->step->command->code;
	case CP_PLACE_LAYER:
		return p->layers[0]->created_by;
	case CP_PLACE_UNKNOWN:
		break;
	}
	return CP_S("");
}

static int line_of(const struct cp_scan_place *p, const struct cp_report_advice *im)
{
	if (p->kind == CP_PLACE_BASE)
		return cp_graph_bottom(im->graph)->line;
	return p->kind == CP_PLACE_STEP ? p->step->line : 0;
}

/* An empty layer of WORKDIR says nothing to anybody. */
static bool is_worth_a_row(const struct cp_scan_place *p)
{
	return p->size || p->compressed || p->n_flaws || p->n_packages;
}

/* ---- JSON ---- */

static void put_size(struct cp_json_out *o, const char *key, uint64_t size)
{
	cp_json_key(o, key);
	if (size && size <= INT64_MAX)
		cp_json_int(o, (int64_t)size);
	else
		cp_json_null(o);
}

static void put_severities(struct cp_json_out *o, const struct cp_scan_place *p)
{
	cp_json_key(o, "severities");
	cp_json_open(o, '{');
	for (int s = CP_FLAW_N - 1; s >= 0; s--)
		cp_json_kint(o, cp_flaw_severity_name((enum cp_flaw_severity)s),
			     (int64_t)p->counts[s]);
	cp_json_close(o, '}');
}

static void put_package(struct cp_json_out *o, const struct cp_scan_package *p)
{
	cp_json_kstr(o, "type", p->type);
	cp_json_kstr(o, "name", p->name);
	cp_json_kstr(o, "version", p->version);
}

static void put_contents(struct cp_json_out *o, const struct cp_scan_place *p)
{
	cp_json_key(o, "vulnerabilities");
	cp_json_open(o, '[');
	for (size_t i = 0; i < p->n_flaws && i < CP_MAX_SCAN_SHOWN; i++) {
		const struct cp_scan_flaw *f = p->flaws[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "id", f->id);
		cp_json_kstr(o, "severity", cp_str_c(cp_flaw_severity_name(f->severity)));
		put_package(o, &f->package);
		cp_json_kstr(o, "fixed", f->fixed);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_key(o, "packages");
	cp_json_open(o, '[');
	for (size_t i = 0; i < p->n_packages && i < CP_MAX_SCAN_SHOWN; i++) {
		cp_json_open(o, '{');
		put_package(o, p->packages[i]);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_kint(o, "n_packages", (int64_t)p->n_packages);
}

static void put_place(struct cp_json_out *o, const struct cp_scan_place *p,
		      const struct cp_report_advice *im)
{
	static const char *const kinds[] = {"base", "step", "unmatched", "unknown"};
	bool step = p->kind == CP_PLACE_STEP;

	cp_json_open(o, '{');
	cp_json_kstr(o, "from", cp_str_c(kinds[p->kind]));
	cp_json_kint(o, "line", line_of(p, im));
	cp_json_kstr(o, "stage", step ? im->graph->stages[p->step->stage].name : CP_S(""));
	cp_json_kstr(o, "instruction", instruction_of(p, im));
	cp_json_kstr(o, "copied_from",
		     step && p->step->command->from.p ? p->step->command->from : CP_S(""));
	put_size(o, "size", p->size);
	put_size(o, "compressed_size", p->compressed);
	cp_json_key(o, "diff_ids");
	cp_json_open(o, '[');
	for (size_t i = 0; i < p->n_layers; i++)
		cp_json_str(o, p->layers[i]->diff_id);
	cp_json_close(o, ']');
	put_severities(o, p);
	put_contents(o, p);
	cp_json_close(o, '}');
}

static void put_scan(struct cp_json_out *o, const struct cp_advise_scan *s,
		     const struct cp_report_advice *im)
{
	const struct cp_scan_image *image = s->subject->image;

	cp_json_open(o, '{');
	cp_json_kstr(o, "image", image ? image->name : CP_S(""));
	cp_json_key(o, "reports");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->subject->n_scans; i++)
		cp_json_str(o, s->subject->scans[i]->file);
	cp_json_close(o, ']');
	put_size(o, "size", image ? image->size : 0);
	put_size(o, "compressed_size", image ? image->compressed : 0);
	cp_json_kbool(o, "matched", s->places.whole);
	cp_json_kbool(o, "base_proved", s->places.base_proved);
	cp_json_kstr(o, "why", s->places.why);
	cp_json_key(o, "layers");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->places.n; i++)
		put_place(o, &s->places.items[i], im);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

void cp_json_scans(struct cp_json_out *o, const struct cp_report_advice *im)
{
	if (!im->n_scans)
		return;
	cp_json_key(o, "scans");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->n_scans; i++)
		put_scan(o, &im->scans[i], im);
	cp_json_close(o, ']');
}

void cp_json_reports(struct cp_json_out *o, const struct cp_report_scan *reports, size_t n)
{
	if (!n)
		return;
	cp_json_key(o, "reports");
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "file", reports[i].file);
		cp_json_kstr(o, "scanner", reports[i].scanner);
		cp_json_kstr(o, "target", reports[i].target);
		cp_json_kbool(o, "registry", reports[i].is_image);
		cp_json_kbool(o, "used", reports[i].used);
		cp_json_kint(o, "left_out", (int64_t)reports[i].n_left_out);
		if (reports[i].error.code)
			cp_json_error(o, &reports[i].error);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

/* ---- for people ---- */

static uint64_t size_of(const struct cp_scan_place *p)
{
	return p->size ? p->size : p->compressed;
}

/* "agent:1, 1.42 GB, by Trivy 0.74.0" */
static void add_title(struct cp_buf *out, const struct cp_advise_scan *s)
{
	const struct cp_scan_image *image = s->subject->image;

	if (image)
		cp_text_add(out, image->name);
	else
		cp_buf_addz(out, "an image");
	if (image && (image->size || image->compressed)) {
		cp_buf_addz(out, ", ");
		cp_scan_add_size(out, image->size ? image->size : image->compressed);
		cp_buf_addz(out, image->size ? "" : " compressed");
	}
	for (size_t i = 0; i < s->subject->n_scans; i++) {
		cp_buf_addz(out, i ? ", " : ", by ");
		cp_text_add(out, s->subject->scans[i]->scanner);
	}
}

/* What stands before an instruction that is none of the Dockerfile. */
static const char *lead_of(const struct cp_scan_place *p)
{
	switch (p->kind) {
	case CP_PLACE_BASE:
		return "FROM ";
	case CP_PLACE_LAYER:
		return p->layers[0]->created_by.n ? "not of this Dockerfile: "
						  : "nothing says what made it";
	case CP_PLACE_UNKNOWN:
		return "the reports do not say which layer";
	case CP_PLACE_STEP:
		break;
	}
	return "";
}

static void table_row(struct cp_buf *out, const struct cp_scan_place *p,
		      const struct cp_report_advice *im, const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf size = CP_BUF_PART(out, 64);
	int room = cp_table_width(style) - 44;

	if (line_of(p, im))
		cp_buf_printf(out, "%5d ", line_of(p, im));
	else
		cp_text_spaces(out, 6);
	if (size_of(p))
		cp_scan_add_size(&size, size_of(p));
	cp_buf_printf(out, "%9.*s", CP_STR(cp_buf_str(&size)));
	for (int s = CP_FLAW_CRITICAL; s >= CP_FLAW_LOW; s--) {
		size_t n = p->counts[s] + (s == CP_FLAW_LOW ? p->counts[CP_FLAW_UNKNOWN] : 0);

		if (n)
			cp_buf_printf(out, "%6zu", n);
		else
			cp_buf_addz(out, "     .");
	}
	cp_buf_addz(out, "  ");
	cp_buf_addz(out, lead_of(p));
	room -= (int)strlen(lead_of(p));
	cp_text_fit_words(out, instruction_of(p, im), room > 10 ? room : 10, style->ascii);
	cp_buf_addc(out, '\n');
}

void cp_table_scans(struct cp_buf *out, const struct cp_report_advice *im,
		    const struct cp_report_style *style)
{
	for (size_t i = 0; i < im->n_scans; i++) {
		const struct cp_advise_scan *s = &im->scans[i];
		cp_auto_buf struct cp_buf title = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		add_title(&title, s);
		cp_buf_addz(out, "  layers of ");
		cp_text_wrap(out, cp_buf_str(&title), 12, 4, cp_table_width(style));
		cp_buf_addc(out, '\n');
		if (s->places.why.n) {
			cp_text_spaces(out, 4);
			cp_text_wrap(out, s->places.why, 4, 4, cp_table_width(style));
			cp_buf_addc(out, '\n');
		}
		cp_buf_addz(out, "   line     size  crit  high   med other  from\n");
		for (size_t k = 0; k < s->places.n; k++)
			if (is_worth_a_row(&s->places.items[k]))
				table_row(out, &s->places.items[k], im, style);
	}
}

/* What is to be said of reports that are shown with no image. */
static bool add_problem(struct cp_buf *out, const struct cp_report_scan *r)
{
	if (r->error.code) {
		cp_text_add(out, cp_str_c(r->error.message));
		if (r->error.line)
			cp_buf_printf(out, " (line %d)", r->error.line);
	} else if (!r->used) {
		cp_buf_addz(out, "is about none of these images, as far as its history tells");
	} else if (r->n_left_out) {
		cp_buf_printf(out, "%zu of its entries are left out: too many", r->n_left_out);
	} else {
		return false;
	}
	return true;
}

void cp_table_reports(struct cp_buf *out, const struct cp_report_scan *reports, size_t n,
		      const struct cp_report_style *style)
{
	for (size_t i = 0; i < n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		cp_text_add(&text, reports[i].file);
		cp_buf_addz(&text, ": ");
		if (!add_problem(&text, &reports[i]))
			continue;
		cp_buf_addz(out, reports[i].is_image ? "image " : "report ");
		cp_text_wrap(out, cp_buf_str(&text), 7, 4, cp_table_width(style));
		cp_buf_addc(out, '\n');
	}
}

static void markdown_row(struct cp_buf *out, const struct cp_scan_place *p,
			 const struct cp_report_advice *im)
{
	struct cp_str instruction = instruction_of(p, im);

	cp_buf_addz(out, "| ");
	if (line_of(p, im))
		cp_buf_printf(out, "%d", line_of(p, im));
	cp_buf_addz(out, " | ");
	cp_buf_addz(out, lead_of(p));
	if (instruction.n)
		cp_text_code(out, cp_str_sub(instruction, 0, 200));
	cp_buf_addz(out, " | ");
	if (size_of(p))
		cp_scan_add_size(out, size_of(p));
	for (int s = CP_FLAW_CRITICAL; s >= CP_FLAW_LOW; s--)
		cp_buf_printf(out, " | %zu",
			      p->counts[s] + (s == CP_FLAW_LOW ? p->counts[CP_FLAW_UNKNOWN] : 0));
	cp_buf_addz(out, " |\n");
}

/* No text of a stranger: markup inside of a summary is HTML. */
static void add_total(struct cp_buf *out, const struct cp_scan_places *places)
{
	bool any = false;

	for (int s = CP_FLAW_CRITICAL; s >= CP_FLAW_UNKNOWN; s--) {
		size_t n = 0;

		for (size_t i = 0; i < places->n; i++)
			n += places->items[i].counts[s];
		if (n)
			cp_buf_printf(out, "%s%zu %s", any ? ", " : ": ", n,
				      cp_flaw_severity_name((enum cp_flaw_severity)s));
		any = any || n;
	}
}

void cp_markdown_scans(struct cp_buf *out, const struct cp_report_advice *im)
{
	for (size_t i = 0; i < im->n_scans; i++) {
		const struct cp_advise_scan *s = &im->scans[i];
		cp_auto_buf struct cp_buf title = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		add_title(&title, s);
		cp_buf_addz(out, "\n<details><summary>layers and what is in them");
		add_total(out, &s->places);
		cp_buf_addz(out, "</summary>\n\n");
		cp_text_code(out, cp_buf_str(&title));
		if (s->places.why.n)
			cp_buf_printf(out, ": %.*s", CP_STR(s->places.why));
		cp_buf_addz(out, "\n\n| line | from | size | critical | high | medium | other |\n"
				 "|--:|---|--:|--:|--:|--:|--:|\n");
		for (size_t k = 0; k < s->places.n; k++)
			if (is_worth_a_row(&s->places.items[k]))
				markdown_row(out, &s->places.items[k], im);
		cp_buf_addz(out, "\n</details>\n");
	}
}

void cp_markdown_reports(struct cp_buf *out, const struct cp_report_scan *reports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		if (!add_problem(&text, &reports[i]))
			continue;
		cp_buf_addz(out, reports[i].is_image ? "\nimage " : "\nreport ");
		cp_text_code(out, reports[i].file);
		cp_buf_addz(out, ": ");
		cp_text_code(out, cp_buf_str(&text));
		cp_buf_addc(out, '\n');
	}
}
