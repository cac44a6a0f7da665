/* One step, or what a path breaks. */
#include "report/report_int.h"

struct match {
	const struct cp_report_image *im;
	size_t step;
};
typedef CP_VEC(struct match) match_vec;

struct question {
	struct cp_arena *a;
	struct cp_str what;
	match_vec found;
	bool no_memory;
};

static void add(struct question *q, const struct cp_report_image *im, size_t step)
{
	struct match m = {im, step};

	if (cp_vec_push(q->a, &q->found, m) < 0)
		q->no_memory = true;
}

/* ---- which steps are meant ---- */

static bool is_place(struct cp_str what, const struct cp_report_image *im,
		     const struct cp_step_result *s)
{
	struct cp_step_label l = cp_step_label_of(s->step);
	struct cp_str stage = im->graph->stages[s->step->stage].name;
	struct cp_str plain = cp_str_trim(what, "[]");
	size_t space = cp_str_rfind(plain, ' ');

	if (l.count.n && cp_str_eq(plain, l.count))
		return true; /* "3/4" */
	if (space == plain.n || !cp_str_eq(cp_str_from(plain, space + 1), l.count))
		return false;
	return cp_str_eq(cp_str_sub(plain, 0, space), stage) ||
	       cp_str_eq(cp_str_sub(plain, 0, space), l.stage);
}

static bool is_step(struct cp_str what, const struct cp_report_image *im,
		    const struct cp_step_result *s)
{
	struct cp_step_label l = cp_step_label_of(s->step);

	return cp_str_eq(what, s->step->name) || cp_str_eq(what, l.text) || is_place(what, im, s);
}

/* The path itself, or anything below it when it is a folder. */
static bool touches(const struct cp_cause *c, struct cp_str path)
{
	path = cp_str_trim_right(path, "/");
	if (cp_str_starts(path, CP_S("./")))
		path = cp_str_from(path, 2);
	for (size_t i = 0; i < c->n_paths && path.n; i++) {
		struct cp_str p = c->paths[i].path;

		if (cp_str_starts(p, path) && (p.n == path.n || p.p[path.n] == '/'))
			return true;
	}
	return false;
}

enum pass { BY_NAME, BY_LINE, BY_PATH };

static bool is_meant(const struct question *q, enum pass pass, const struct cp_report_image *im,
		     const struct cp_step_result *s)
{
	int64_t line;

	if (!cp_step_is_listed(s->step))
		return false;
	if (pass == BY_NAME)
		return is_step(q->what, im, s);
	if (pass == BY_LINE)
		return cp_str_to_int(q->what, 10, &line) && s->step->line == line;
	return touches(&s->cause, q->what);
}

/* By name or place; else by the line in the Dockerfile; else by path. */
static void find(struct question *q, const struct cp_report *r)
{
	for (enum pass pass = BY_NAME; pass <= BY_PATH && q->found.n == 0; pass++) {
		for (size_t i = 0; i < r->n_images; i++) {
			const struct cp_report_image *im = &r->images[i];

			for (size_t k = 0; !cp_image_failed(im) && k < im->prediction.n_steps; k++)
				if (is_meant(q, pass, im, &im->prediction.steps[k]))
					add(q, im, k);
		}
	}
}

/* ---- text ---- */

/* The name and the outcome beside it, or below it when the name is long. */
static void headline(struct cp_buf *out, const struct match *m, const struct cp_report_style *style)
{
	const struct cp_step_result *s = &m->im->prediction.steps[m->step];
	int width = cp_table_width(style), room = width - 30,
	    used = cp_text_width(s->step->name, room + 1);

	if (used <= room) {
		cp_text_add(out, s->step->name);
		cp_text_spaces(out, room - used + 2);
	} else {
		cp_text_wrap(out, s->step->name, 0, 4, width);
		cp_buf_addz(out, "\n  ");
	}
	cp_table_outcome(out, s->outcome, style);
	if (s->cause.kind != CP_CAUSE_NONE)
		cp_buf_printf(out, ": %s", cp_cause_name(s->cause.kind));
	cp_buf_addc(out, '\n');
}

static void sentence(struct cp_buf *out, struct cp_str text, const struct cp_report_style *style)
{
	cp_buf_addz(out, "  ");
	cp_text_wrap(out, text, 2, 2, cp_table_width(style));
	cp_buf_addc(out, '\n');
}

static void packages(struct cp_buf *out, const struct cp_report_packages *p,
		     const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	for (size_t i = 0; i < p->n; i++) {
		cp_buf_clear(&text);
		cp_step_package(&text, &p->changes[i], cp_quote_plain, style->ascii);
		cp_buf_addz(out, "    ");
		cp_text_wrap(out, cp_buf_str(&text), 4, 6, cp_table_width(style));
		cp_buf_addc(out, '\n');
	}
	cp_buf_clear(&text);
	cp_step_rest(&text, p);
	if (text.n)
		cp_buf_printf(out, "    %.*s\n", CP_STR(cp_buf_str(&text)));
}

static void paths(struct cp_buf *out, const struct cp_report_image *im, const struct cp_cause *c,
		  const struct cp_report_style *style)
{
	int widest = 0, most = cp_table_width(style) - 14;

	for (size_t i = 0; i < c->n_paths; i++) {
		int w = cp_text_width(c->paths[i].path, most);

		widest = w > widest ? w : widest;
	}
	widest = widest > most ? most : widest;
	for (size_t i = 0; i < c->n_paths; i++) {
		cp_buf_addz(out, "  ");
		cp_text_spaces(
			out, widest - cp_text_fit(out, c->paths[i].path, widest, style->ascii) + 2);
		cp_buf_printf(out, "%s\n", cp_change_name(c->paths[i].change));
		if (cp_step_packages(im, &c->paths[i]))
			packages(out, cp_step_packages(im, &c->paths[i]), style);
	}
	if (c->n_paths_total > c->n_paths)
		cp_buf_printf(out, "  and %zu more\n", c->n_paths_total - c->n_paths);
}

static void names(struct cp_buf *out, const struct cp_cause *c)
{
	for (size_t i = 0; i < c->n_names; i++) {
		cp_buf_addz(out, "  ");
		cp_text_add(out, c->names[i]);
		cp_buf_addc(out, '\n');
	}
}

/*
 * From the step back to the one that broke by itself; causes already point at it, so this is one
 * line.
 */
static void origin(struct cp_buf *out, const struct match *m, const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_prediction *p = &m->im->prediction;
	long step = p->steps[m->step].cause.step;

	if (step < 0 || (size_t)step >= p->n_steps)
		return;
	cp_buf_addz(&text, "It began at ");
	cp_text_add(&text, p->steps[step].step->name);
	cp_buf_addz(&text, ": ");
	cp_step_why(&text, m->im, &p->steps[step], cp_quote_plain, style->ascii);
	sentence(out, cp_buf_str(&text), style);
}

/* How many later steps this one takes along. */
static void followers(struct cp_buf *out, const struct match *m,
		      const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, 256);
	const struct cp_prediction *p = &m->im->prediction;
	size_t n = 0;

	for (size_t i = 0; i < p->n_steps; i++)
		n += i != m->step && cp_step_is_listed(p->steps[i].step) &&
		     p->steps[i].cause.step == (long)m->step;
	if (n == 0)
		return;
	cp_buf_printf(&text, "Because of this one, %zu later step%s not sure to hit.", n,
		      n == 1 ? " is" : "s are");
	sentence(out, cp_buf_str(&text), style);
}

static void explain_step(struct cp_buf *out, const struct match *m, const struct cp_report *r,
			 const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf place = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_step_result *s = &m->im->prediction.steps[m->step];

	headline(out, m, style);
	if (r->n_images > 1) {
		cp_text_add(&place, cp_image_name(m->im));
		cp_buf_addz(&place, ", ");
	}
	cp_text_add(&place, m->im->dockerfile);
	if (s->step->line > 0)
		cp_buf_printf(&place, ":%d", s->step->line);
	sentence(out, cp_buf_str(&place), style);
	if (s->cause.kind == CP_CAUSE_NONE) {
		sentence(out,
			 CP_S("The same operation on the same input is what the build of the base "
			      "commit left in the cache."),
			 style);
		return;
	}
	if (s->cause.message.n)
		sentence(out, s->cause.message, style);
	paths(out, m->im, &s->cause, style);
	names(out, &s->cause);
	origin(out, m, style);
	followers(out, m, style);
	if (s->cause.hint.n)
		sentence(out, s->cause.hint, style);
}

/* ---- nothing found ---- */

static int fail_unknown(const struct question *q, const struct cp_report *r, struct cp_err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < r->n_images; i++)
		failed += cp_image_failed(&r->images[i]);
	cp_err_set(err, CP_ENOTFOUND,
		   "no step is called %.*s, and no step breaks because of such a path%s",
		   CP_STR(q->what), failed ? " (some images have no answer)" : "");
	cp_err_hint(
		err,
		"name a step (\"builder 3/4\"), a line of the Dockerfile (12) or a changed path");
	return CP_ENOTFOUND;
}

static void explain_json(const struct question *q, const struct cp_report_style *style,
			 struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/explain/1"));
	cp_json_key(&o, "steps");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < q->found.n; i++) {
		const struct match *m = &q->found.items[i];

		cp_json_open(&o, '{');
		cp_json_kstr(&o, "image", cp_image_name(m->im));
		cp_json_key(&o, "step");
		cp_json_step(&o, m->im, &m->im->prediction.steps[m->step]);
		cp_json_close(&o, '}');
	}
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

int cp_report_explain(struct cp_arena *a, const struct cp_report *r, struct cp_str what,
		      enum cp_format format, const struct cp_report_style *style,
		      struct cp_buf *out, struct cp_err *err)
{
	static const struct cp_report_style plain;
	struct question q = {.a = a, .what = cp_str_trim(what, " \t")};

	if (!style)
		style = &plain;
	if (format != CP_FORMAT_JSON && format != CP_FORMAT_TABLE && format != CP_FORMAT_MARKDOWN)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "an explanation is a table, JSON or Markdown");
	if (q.what.n == 0)
		return cp_err_set(err, CP_EUSAGE, "which step or path?");
	find(&q, r);
	if (q.no_memory)
		return cp_err_nomem(err);
	if (q.found.n == 0)
		return fail_unknown(&q, r, err);
	if (format == CP_FORMAT_JSON) {
		explain_json(&q, style, out);
		return cp_report_finish(out, err);
	}
	if (format == CP_FORMAT_MARKDOWN)
		cp_buf_addz(out, "~~~text\n");
	for (size_t i = 0; i < q.found.n; i++) {
		if (i)
			cp_buf_addc(out, '\n');
		explain_step(out, &q.found.items[i], r, style);
	}
	if (format == CP_FORMAT_MARKDOWN)
		cp_buf_addz(out, "~~~\n");
	return cp_report_finish(out, err);
}
