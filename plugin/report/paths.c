/* `paths`: JSON, a plain list, or a filter for a workflow. */
#include "report/report.h"

static int json(const struct cp_report_paths *images, size_t n, const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/paths/1"));
	cp_json_key(&o, "images");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++) {
		cp_json_open(&o, '{');
		cp_json_kstr(&o, "name", images[i].name);
		cp_json_key(&o, "paths");
		cp_json_open(&o, '[');
		for (size_t k = 0; k < images[i].paths->n_paths; k++)
			cp_json_str(&o, images[i].paths->paths[k]);
		cp_json_close(&o, ']');
		cp_json_key(&o, "patterns");
		cp_json_open(&o, '[');
		for (size_t k = 0; k < images[i].paths->n_patterns; k++)
			cp_json_str(&o, images[i].paths->patterns[k]);
		cp_json_close(&o, ']');
		if (images[i].paths->git_dir)
			cp_json_kbool(&o, "git_dir", true);
		if (images[i].error->code) {
			cp_json_key(&o, "error");
			cp_json_open(&o, '{');
			cp_json_kstr(&o, "message", cp_str_c(images[i].error->message));
			cp_json_close(&o, '}');
		}
		cp_json_close(&o, '}');
	}
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
	return cp_buf_error(out);
}

/* A path on a line of its own: a control character would break the line or the terminal. */
static void safe(struct cp_buf *out, struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7F)
			cp_buf_printf(out, "\\x%02x", c);
		else
			cp_buf_addc(out, s.p[i]);
	}
}

static int list(const struct cp_report_paths *images, size_t n, struct cp_buf *out)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].paths->n_paths; k++) {
			safe(out, images[i].paths->paths[k]);
			cp_buf_addc(out, '\n');
		}
	return cp_buf_error(out);
}

/* YAML in single quotes: a quote is doubled; what cannot stand in one line becomes a wildcard. */
static void yaml(struct cp_buf *out, struct cp_str s)
{
	cp_buf_addc(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\'')
			cp_buf_addz(out, "''");
		else
			cp_buf_addc(out, c < 0x20 || c == 0x7F ? '*' : s.p[i]);
	}
	cp_buf_addc(out, '\'');
}

static int github(const struct cp_report_paths *images, size_t n, struct cp_buf *out)
{
	cp_buf_addz(out, "paths:\n");
	for (size_t i = 0; i < n; i++) {
		if (n > 1) {
			cp_buf_addz(out, "  # ");
			safe(out, images[i].name);
			cp_buf_addc(out, '\n');
		}
		for (size_t k = 0; k < images[i].paths->n_patterns; k++) {
			cp_buf_addz(out, "  - ");
			yaml(out, images[i].paths->patterns[k]);
			cp_buf_addc(out, '\n');
		}
	}
	return cp_buf_error(out);
}

int cp_report_paths(const struct cp_report_paths *images, size_t n, struct cp_str format, const struct cp_report_style *style,
		    struct cp_buf *out, struct cp_err *err)
{
	int r;

	if (!format.n || cp_str_eq(format, CP_S("json")))
		r = json(images, n, style, out);
	else if (cp_str_eq(format, CP_S("list")) || cp_str_eq(format, CP_S("table")))
		r = list(images, n, out);
	else if (cp_str_eq(format, CP_S("github")))
		r = github(images, n, out);
	else
		return cp_err_set(err, CP_EUNSUPPORTED, "unknown format %.*s (json, list, github)", CP_STR(format));
	return r < 0 ? cp_err_set(err, r, "the list of paths is too large") : 0;
}
