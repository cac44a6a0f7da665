/* report/: no text of a stranger does harm in any format. */
#include "report_fixture.h"

/* ---- strangers ---- */

static const char nasty[] =
	"a\033[31m\n\r\t\a\x7f\xc2\x9b\xff\xfe\xe2\x80\xae|`<img src=x> @ci #12 [x](y) **b** \"q\" \\ $(x) &amp; -->]]>\xf0\x9f\x98\x80";

static void build_nasty(struct answer *w, struct cp_str *text)
{
	static char step[512];
	struct step_spec spec = {0,     step,  2, CP_OUTCOME_MISS, CP_CAUSE_CONTENT_CHANGED, -1,
				 nasty, nasty, ""};

	snprintf(step, sizeof(step), "[%s 2/2] COPY %s", "x", nasty);
	build(w, (const char *const[]){nasty}, 1, &spec, 1);
	*text = cp_str_c(nasty);
	w->request.name = w->request.context = w->image.dockerfile = w->image.ignore_file =
		w->image.target = *text;
	w->image.assumptions = w->report.notes = text;
	w->image.n_assumptions = w->report.n_notes = 1;
	w->report.base_rev = w->report.head_rev = w->report.base_why = *text;
	w->results[0].cause.names = text;
	w->results[0].cause.n_names = 1;
	w->results[0].cause.hint = *text;
	w->report.action = CP_S("reuse-cache");
	w->report.reason = *text;
}

static void check_bytes(const struct cp_buf *out, const char *form)
{
	for (size_t i = 0; i < out->n; i++) {
		unsigned char c = (unsigned char)out->p[i];

		if ((c < 0x20 && c != '\n') || c == 0x7F)
			fail_msg("%s holds byte %02x", form, c);
	}
	assert_true(cp_utf8_valid(cp_buf_str(out)));
	assert_null(strstr(out->p, "\xe2\x80\xae"));
	assert_null(strstr(out->p, "\xc2\x9b"));
}

/* Outside of code spans and code elements Markdown has only our own words. */
static void check_markdown(const struct cp_buf *out)
{
	struct cp_str rest = cp_buf_str(out), line;

	while (cp_str_split(&rest, '\n', &line)) {
		bool span = false;
		size_t bars = 0;

		for (size_t i = 0; i < line.n; i++) {
			if (cp_str_starts(cp_str_from(line, i), CP_S("<code>")) && !span)
				i = cp_str_find_str(line, CP_S("</code>"), i) + 6;
			else if (line.p[i] == '`')
				span = !span;
			else if (!span && (line.p[i] == '@' || line.p[i] == '#' ||
					   line.p[i] == '[' || line.p[i] == '\\'))
				fail_msg("%c outside of code in %.*s", line.p[i], CP_STR(line));
			else
				bars += line.p[i] == '|';
		}
		assert_false(span);
		assert_true(bars == 0 || bars == 5);
	}
	assert_null(strstr(out->p, "<img"));
}

static void test_nothing_of_strangers_gets_through(void **state)
{
	static const enum cp_format formats[] = {CP_FORMAT_JSON, CP_FORMAT_TABLE,
						 CP_FORMAT_MARKDOWN, CP_FORMAT_MERMAID,
						 CP_FORMAT_DOT};
	cp_auto_arena struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_str text;
	struct answer w;

	(void)state;
	build_nasty(&w, &text);
	for (int failed = 0; failed < 2; failed++) {
		for (size_t i = 0; i < CP_LEN(formats); i++) {
			cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 20);

			assert_int_equal(
				cp_report_prediction(&w.report, formats[i], NULL, &out, NULL), 0);
			if (formats[i] == CP_FORMAT_JSON) {
				cp_auto_json struct cp_json_doc *doc = NULL;

				assert_int_equal(
					cp_json_parse(cp_buf_str(&out), CP_S("out"), &doc, NULL),
					0);
				assert_true(cp_utf8_valid(cp_buf_str(&out)));
				continue;
			}
			check_bytes(&out, cp_outcome_name(CP_OUTCOME_HIT));
			if (formats[i] == CP_FORMAT_MARKDOWN)
				check_markdown(&out);
			if (formats[i] == CP_FORMAT_MERMAID)
				assert_null(strstr(out.p, "<"));
		}
		cp_err_set(&w.image.error, CP_EINVAL, "%s", nasty);
		cp_err_at(&w.image.error, text, 1, 2, 300, text);
		cp_err_hint(&w.image.error, "%s", nasty);
	}
	w.image.error.code = 0;
	for (int i = 0; i < 2; i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 20);

		assert_int_equal(cp_report_explain(a, &w.report, CP_S("2"),
						   i ? CP_FORMAT_TABLE : CP_FORMAT_MARKDOWN, NULL,
						   &out, NULL),
				 0);
		check_bytes(&out, "explain");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_of_strangers_gets_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
