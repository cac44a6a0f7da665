/* `paths`: JSON, a plain list, or a filter for a workflow. */
#include "report/report_int.h"

static int json(const struct cp_report_paths *images, size_t n, const struct cp_report_style *style,
		struct cp_buf *out)
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
		if (images[i].error->code)
			cp_json_error(&o, images[i].error);
		cp_json_close(&o, '}');
	}
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
	return cp_buf_error(out);
}

static int list(const struct cp_report_paths *images, size_t n, struct cp_buf *out)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].paths->n_paths; k++) {
			cp_text_add(out, images[i].paths->paths[k]);
			cp_buf_addc(out, '\n');
		}
	return cp_buf_error(out);
}

/*
 * YAML in single quotes: a quote is doubled; what cannot stand in one line of valid text becomes a
 * wildcard.
 */
static void yaml(struct cp_buf *out, struct cp_str s)
{
	cp_buf_addc(out, '\'');
	while (s.n) {
		size_t width;
		uint32_t rune = cp_utf8_decode(s, &width);

		if (rune == '\'')
			cp_buf_addz(out, "''");
		else if (cp_text_is_hidden(rune) || (rune == CP_RUNE_ERROR && width == 1))
			cp_buf_addc(out, '*');
		else
			cp_buf_add(out, s.p, width);
		s = cp_str_from(s, width);
	}
	cp_buf_addc(out, '\'');
}

static int github(const struct cp_report_paths *images, size_t n, struct cp_buf *out)
{
	cp_buf_addz(out, "paths:\n");
	for (size_t i = 0; i < n; i++) {
		if (n > 1) {
			cp_buf_addz(out, "  # ");
			cp_text_add(out, images[i].name);
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

int cp_report_paths(const struct cp_report_paths *images, size_t n, struct cp_str format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	int r;

	if (!format.n || cp_str_eq(format, CP_S("json")))
		r = json(images, n, style, out);
	else if (cp_str_eq(format, CP_S("list")) || cp_str_eq(format, CP_S("table")))
		r = list(images, n, out);
	else if (cp_str_eq(format, CP_S("github")))
		r = github(images, n, out);
	else
		return cp_err_set(err, CP_EUNSUPPORTED, "unknown format %.*s (json, list, github)",
				  CP_STR(format));
	return r < 0 ? cp_err_set(err, r, "the list of paths is too large") : 0;
}
