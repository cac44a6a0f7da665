/*
 * What a CI takes from an answer: variables for its next steps (a dotenv file, GitHub's outputs), annotations, JUnit.
 *
 * Names and values can be a stranger's (a stage, a cache in a compose file). A dotenv file has one line a value, so control characters
 * are left out; GitHub's outputs are closed by a line that no value can hold, because it is made of the digest of the value.
 */
#include "report/report_int.h"

/* ---- the values ---- */

static bool is_action(const struct cp_report *r, const char *name)
{
	return cp_str_eq(r->action, cp_str_c(name));
}

static bool is_skipped(const struct cp_report *r)
{
	return is_action(r, "skip-build");
}

static void put_bool(struct cp_buf *out, bool v)
{
	cp_buf_addz(out, v ? "true" : "false");
}

/* Each once, one a line. */
static void put_line(struct cp_buf *out, struct cp_str value)
{
	struct cp_str rest = cp_buf_str(out), line;

	while (rest.n && cp_str_split(&rest, '\n', &line))
		if (cp_str_eq(line, value))
			return;
	if (out->n)
		cp_buf_addc(out, '\n');
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] >= 32 && value.p[i] != 127)
			cp_buf_addc(out, value.p[i]);
}

/* The caches that are worth it; those that the build names where none was looked into. */
static void cache_from(const struct cp_report *r, struct cp_buf *out)
{
	for (size_t i = 0; i < r->n_cache_from; i++)
		put_line(out, r->cache_from[i]);
	for (size_t i = 0; i < r->n_images && is_action(r, "undecided"); i++)
		for (size_t k = 0; r->images[i].request && k < r->images[i].request->n_cache_from;
		     k++)
			put_line(out, r->images[i].request->cache_from[k]);
}

/* Where a cache is worth writing, and may be. */
static void cache_to(const struct cp_report *r, struct cp_buf *out)
{
	for (size_t i = 0; r->decision && i < r->decision->n_cache_to; i++)
		put_line(out, r->decision->cache_to[i]);
}

/* calls `put` for every stage that rebuilds, or may */
static void each_stage(const struct cp_report *r, void (*put)(void *self, struct cp_str name),
		       void *self)
{
	for (size_t i = 0; i < r->n_images; i++) {
		const struct cp_report_image *im = &r->images[i];

		for (size_t k = 0; !cp_image_failed(im) && k < im->prediction.n_stages; k++)
			if (im->prediction.stages[k].outcome != CP_OUTCOME_HIT)
				put(self, im->prediction.stages[k].stage->name);
	}
}

static void stage_line(void *self, struct cp_str name)
{
	put_line(self, name);
}

static void stage_item(void *self, struct cp_str name)
{
	cp_json_str(self, name);
}

static void rebuild_stages(const struct cp_report *r, struct cp_buf *out)
{
	each_stage(r, stage_line, out);
}

static void reuse_cache(const struct cp_report *r, struct cp_buf *out)
{
	put_bool(out, is_action(r, "reuse-cache") || is_skipped(r));
}

static void skip(const struct cp_report *r, struct cp_buf *out)
{
	put_bool(out, is_skipped(r));
}

/* A matrix of jobs: the images that have something to build. */
static void matrix(const struct cp_report *r, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	cp_json_open(&o, '{');
	if (r->decision)
		cp_json_matrix(&o, r);
	cp_json_close(&o, '}');
}

static void json_lines(struct cp_json_out *o, const char *key, const struct cp_report *r,
		       void (*fill)(const struct cp_report *r, struct cp_buf *out))
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(o->b, CP_MAX_OUTPUT_BYTES);
	struct cp_str rest, line;

	cp_json_key(o, key);
	cp_json_open(o, '[');
	fill(r, &text);
	rest = cp_buf_str(&text);
	while (rest.n && cp_str_split(&rest, '\n', &line))
		cp_json_str(o, line);
	cp_json_close(o, ']');
}

static void verdict_json(const struct cp_report *r, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "action", r->action);
	cp_json_kstr(&o, "reason", r->reason);
	json_lines(&o, "cache_from", r, cache_from);
	json_lines(&o, "cache_to", r, cache_to);
	cp_json_key(&o, "rebuild_stages");
	cp_json_open(&o, '[');
	each_stage(r, stage_item, &o);
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
}

static const struct {
	const char *name;
	void (*fill)(const struct cp_report *r, struct cp_buf *out);
	bool lines; /* several, where the file can hold lines */
} outputs[] = {
	{"reuse_cache", reuse_cache, false},
	{"cache_from", cache_from, true},
	{"cache_to", cache_to, true},
	{"skip", skip, false},
	{"rebuild_stages", rebuild_stages, true},
	{"matrix", matrix, false},
	{"verdict_json", verdict_json, false},
};

void cp_report_dotenv(const struct cp_report *r, struct cp_buf *out)
{
	for (size_t i = 0; i < CP_LEN(outputs); i++) {
		cp_auto_buf struct cp_buf value = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		outputs[i].fill(r, &value);
		cp_buf_printf(out, "%s=", outputs[i].name);
		for (size_t k = 0; k < value.n; k++)
			cp_buf_addc(out, value.p[k] == '\n' ? ' ' : value.p[k]);
		cp_buf_addc(out, '\n');
	}
}

void cp_report_github_output(const struct cp_report *r, struct cp_buf *out)
{
	for (size_t i = 0; i < CP_LEN(outputs); i++) {
		cp_auto_buf struct cp_buf value = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
		struct cp_digest d;
		char end[65];

		outputs[i].fill(r, &value);
		if (!outputs[i].lines) {
			cp_buf_printf(out, "%s=", outputs[i].name);
			cp_buf_adds(out, cp_buf_str(&value));
			cp_buf_addc(out, '\n');
			continue;
		}
		d = cp_digest_of(cp_buf_str(&value).p, value.n);
		cp_hex(d.bytes, sizeof(d.bytes), end);
		cp_buf_printf(out, "%s<<%s\n", outputs[i].name, end);
		cp_buf_adds(out, cp_buf_str(&value));
		cp_buf_printf(out, "%s%s\n", value.n ? "\n" : "", end);
	}
}

/* ---- annotations ---- */

#define ANNOTATION_COLUMNS 500

static struct cp_str fit_message(struct cp_buf *clean, struct cp_str text)
{
	cp_text_fit(clean, text, ANNOTATION_COLUMNS, false);
	return cp_buf_str(clean);
}

static int visit_step(const struct cp_report_image *im, const struct cp_step_result *s,
		      int (*visit)(void *self, const struct cp_report_annotation *a), void *self)
{
	static const char *const words[] = {"", "runs again", "depends on what a step writes",
					    "is not known"};
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES),
				  clean = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_report_annotation a = {.path = im->dockerfile, .line = s->step->line};

	cp_buf_adds(&text, s->step->name);
	cp_buf_printf(&text, " %s: ", words[s->outcome]);
	cp_step_why(&text, im, s, cp_quote_plain, false);
	a.message = fit_message(&clean, cp_buf_str(&text));
	if (cp_buf_error(&text) == CP_ENOMEM || cp_buf_error(&clean) == CP_ENOMEM)
		return CP_ENOMEM;
	return visit(self, &a);
}

static int visit_failure(const struct cp_report_image *im,
			 int (*visit)(void *self, const struct cp_report_annotation *a), void *self)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_report_annotation a = {
		.path = im->dockerfile.n ? im->dockerfile : cp_str_c(im->error.file),
		.line = im->error.line > 0 ? im->error.line : 1,
		.message = fit_message(&clean, cp_str_c(im->error.message)),
		.is_error = true};

	return cp_buf_error(&clean) == CP_ENOMEM ? CP_ENOMEM : visit(self, &a);
}

int cp_report_each_annotation(const struct cp_report *r,
			      int (*visit)(void *self, const struct cp_report_annotation *a),
			      void *self)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->n_images; i++) {
		const struct cp_report_image *im = &r->images[i];

		if (cp_image_failed(im))
			rc = visit_failure(im, visit, self);
		for (size_t k = 0; rc == 0 && !cp_image_failed(im) && k < im->prediction.n_steps;
		     k++) {
			const struct cp_step_result *s = &im->prediction.steps[k];

			if (cp_step_is_listed(s->step) && s->outcome != CP_OUTCOME_HIT &&
			    s->cause.step < 0)
				rc = visit_step(im, s, visit, self);
		}
	}
	return rc;
}

/* A workflow command's text; in a property the signs that end it, too. */
static void command_text(struct cp_buf *out, struct cp_str s, bool property)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' || (property && (c == ':' || c == ',')))
			cp_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
		else
			cp_buf_addc(out, c);
	}
}

static int command(void *self, const struct cp_report_annotation *a)
{
	struct cp_buf *out = self;
	cp_auto_buf struct cp_buf path = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit(&path, a->path, ANNOTATION_COLUMNS, false);
	cp_buf_addz(out, a->is_error ? "::error file=" : "::notice file=");
	command_text(out, cp_buf_str(&path), true);
	cp_buf_printf(out, ",line=%d,title=cachepredict::", a->line);
	command_text(out, a->message, false);
	cp_buf_addc(out, '\n');
	return 0;
}

int cp_report_annotations(const struct cp_report *r, struct cp_buf *out)
{
	return cp_report_each_annotation(r, command, out);
}

/* ---- JUnit ---- */

/* Text or attribute of XML; what XML cannot hold was made visible. */
static void xml(struct cp_buf *out, struct cp_str s)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_add(&clean, s);
	cp_text_markup(out, cp_buf_str(&clean));
}

static void test_case(struct cp_buf *out, const struct cp_report_image *im,
		      const struct cp_step_result *s, unsigned fails)
{
	bool failed = fails >> s->outcome & 1;
	cp_auto_buf struct cp_buf why = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_buf_addz(out, "    <testcase name=\"");
	xml(out, s->step->name);
	cp_buf_addz(out, "\" classname=\"");
	xml(out, cp_image_name(im));
	cp_buf_addz(out, "\" file=\"");
	xml(out, im->dockerfile);
	cp_buf_printf(out, "\" line=\"%d\"", s->step->line);
	if (s->outcome == CP_OUTCOME_HIT) {
		cp_buf_addz(out, "/>\n");
		return;
	}
	cp_step_why(&why, im, s, cp_quote_plain, false);
	cp_buf_printf(out, ">\n      <%s message=\"%s: ", failed ? "failure" : "skipped",
		      cp_outcome_name(s->outcome));
	xml(out, cp_buf_str(&why));
	cp_buf_addz(out, "\"/>\n    </testcase>\n");
}

static void suite(struct cp_buf *out, const struct cp_report_image *im, unsigned fails)
{
	const struct cp_prediction *p = &im->prediction;
	size_t n[] = {p->n_hit, p->n_miss, p->n_depends, p->n_unknown}, failed = 0, all = 0;

	for (int o = 0; o < 4; o++) {
		failed += fails >> o & 1 ? n[o] : 0;
		all += n[o];
	}
	cp_buf_addz(out, "  <testsuite name=\"");
	xml(out, cp_image_name(im));
	if (cp_image_failed(im)) {
		cp_buf_addz(
			out,
			"\" tests=\"1\" errors=\"1\">\n    <testcase name=\"prediction\">\n      <error message=\"");
		xml(out, cp_str_c(im->error.message));
		cp_buf_addz(out, "\"/>\n    </testcase>\n  </testsuite>\n");
		return;
	}
	cp_buf_printf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", all,
		      failed, all - failed - p->n_hit);
	for (size_t i = 0; i < p->n_steps; i++)
		if (cp_step_is_listed(p->steps[i].step))
			test_case(out, im, &p->steps[i], fails);
	cp_buf_addz(out, "  </testsuite>\n");
}

void cp_report_junit(const struct cp_report *r, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	cp_buf_addz(
		out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cachepredict\">\n");
	for (size_t i = 0; i < r->n_images; i++)
		suite(out, &r->images[i], style->fails);
	cp_buf_addz(out, "</testsuites>\n");
}
