/* `paths --check`: what a workflow's filters would miss. */
#include "methods_int.h"

struct check {
	struct cp_run *run;
	struct cp_json_out o;
	struct cp_buf *text; /* for people */
	bool as_json;
	size_t missed,
		undecided; /* undecided: filters with a pattern that only the CI can complete */
};

static void safe(struct cp_buf *out, struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		cp_buf_addc(out, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F ? '?' : s.p[i]);
}

static void report_miss(struct check *c, const struct cp_path_filter *f,
			const struct cp_report_paths *image, struct cp_str path)
{
	c->missed++;
	if (c->as_json) {
		cp_json_open(&c->o, '{');
		cp_json_kstr(&c->o, "image", image->name);
		cp_json_kstr(&c->o, "filter", f->where);
		cp_json_kint(&c->o, "line", f->line);
		cp_json_kstr(&c->o, "path", path);
		cp_json_close(&c->o, '}');
		return;
	}
	safe(c->text, c->run->request.check);
	cp_buf_printf(c->text, ":%d: ", f->line);
	safe(c->text, f->where);
	cp_buf_addz(c->text, " does not start for ");
	safe(c->text, path);
	cp_buf_addz(c->text, ", which ");
	safe(c->text, image->name);
	cp_buf_addz(c->text, " is built from\n");
}

static int check_filter(struct check *c, const struct cp_path_filter *f, enum cp_ci_kind kind,
			const struct cp_report_paths *images, size_t n, struct cp_err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].paths->n_paths; k++) {
			bool matches;
			int r = cp_filter_matches(f, kind, images[i].paths->paths[k], &matches);

			if (r == CP_EUNSUPPORTED) { /* a variable of the CI in a pattern */
				c->undecided++;
				return 0;
			}
			if (r < 0)
				return cp_err_set(err, r, "%.*s: a pattern of %.*s cannot be read",
						  CP_STR(c->run->request.check), CP_STR(f->where));
			if (!matches)
				report_miss(c, f, &images[i], images[i].paths->paths[k]);
		}
	return 0;
}

int cp_paths_check(struct cp_run *run, const struct cp_report_paths *images, size_t n,
		   struct cp_answer *answer, struct cp_err *err)
{
	cp_auto_buf struct cp_buf yaml = CP_BUF_INIT(CP_MAX_YAML_BYTES);
	struct check c = {.run = run, .o = CP_JSON_OUT(&answer->text), .text = &answer->text};
	struct cp_path_filter *filters;
	enum cp_ci_kind kind;
	size_t n_filters;
	int r = cp_run_read_disk(run->request.check.p, &yaml, err);

	c.as_json = !run->request.format.n || cp_str_eq(run->request.format, CP_S("json"));
	if (r == 0)
		r = cp_filters_parse(run->arena, cp_buf_str(&yaml), run->request.check, &kind,
				     &filters, &n_filters, err);
	if (r < 0)
		return r;
	if (c.as_json) {
		cp_json_open(&c.o, '{');
		cp_json_kstr(&c.o, "schema", CP_S("cachepredict/paths-check/1"));
		cp_json_kstr(&c.o, "workflow", run->request.check);
		cp_json_kint(&c.o, "filters", (int64_t)n_filters);
		cp_json_key(&c.o, "missed");
		cp_json_open(&c.o, '[');
	}
	for (size_t i = 0; r == 0 && i < n_filters; i++)
		r = check_filter(&c, &filters[i], kind, images, n, err);
	if (c.as_json) {
		cp_json_close(&c.o, ']');
		cp_json_kint(&c.o, "undecided", (int64_t)c.undecided);
		cp_json_close(&c.o, '}');
		cp_buf_addc(&answer->text, '\n');
	} else if (!c.missed) {
		safe(c.text, run->request.check);
		cp_buf_addz(
			c.text,
			n_filters
				? ": its filters start it for everything that the images are built from\n"
				: ": it has no path filters, so every change starts it\n");
	}
	if (!c.as_json && c.undecided) {
		safe(c.text, run->request.check);
		cp_buf_printf(c.text,
			      ": %zu of its filters have patterns that only the CI can complete\n",
			      c.undecided);
	}
	if (c.missed)
		answer->status = 1;
	return r;
}
