/* report/: the HTML page, the drawing, and what a CI takes: outputs, annotations, JUnit. Strangers' names stay text in each of them. */
#include "report_fixture.h"

#include "report/backtest.h"
#include "report/text_int.h"

#define HOSTILE "<script>alert(1)</script>\"'&\n::error::x\r\x1b[31m%0A--><!DOCTYPE"

static const char *const stages[] = {"builder", HOSTILE};

static const struct step_spec specs[] = {
	{0, "[builder 1/3] FROM scratch", 1, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, ""},
	{0, "[builder 2/3] COPY a .", 2, CP_OUTCOME_MISS, CP_CAUSE_CONTENT_CHANGED, -1, "", HOSTILE,
	 "0"},
	{0, "[builder 3/3] RUN " HOSTILE, 3, CP_OUTCOME_MISS, CP_CAUSE_PARENT_REBUILDS, 1, "", NULL,
	 "1"},
	{1, "[x 1/1] COPY --from=builder /a /b", 4, CP_OUTCOME_DEPENDS,
	 CP_CAUSE_SOURCE_STAGE_REBUILDS, 2, "", NULL, "2"},
};

static void make_text(struct answer *w, enum cp_format format, unsigned fails, struct cp_buf *out)
{
	struct cp_report_style style = {.fails = fails};
	struct cp_err err = {0};

	build(w, stages, 2, specs, CP_LEN(specs));
	w->report.action = CP_S("undecided");
	assert_int_equal(cp_report_prediction(&w->report, format, &style, out, &err), 0);
	cp_buf_addc(out, '\0');
}

/* Elements that a text holds which are not ours. */
static void assert_no_stranger(const char *text)
{
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "--><!DOCTYPE"));
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\r'));
}

static void test_page(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct answer w;

	(void)state;
	make_text(&w, CP_FORMAT_HTML, 0, &out);
	assert_no_stranger(out.p);
	assert_non_null(strstr(out.p, "default-src 'none'"));
	assert_null(strstr(out.p, "src="));
	assert_null(strstr(out.p, "href=\"h"));
	for (size_t i = 0; i < CP_LEN(specs); i++) { /* a click on a step finds its panel */
		char link[32], panel[32];

		snprintf(link, sizeof(link), "href=\"#i0s%zu\"", i);
		snprintf(panel, sizeof(panel), "id=\"i0s%zu\"", i);
		assert_non_null(strstr(out.p, link));
		assert_non_null(strstr(out.p, panel));
	}
}

/* What a key is the digest of has its operations on files as base64: they stand beside it as text. */
static void test_page_of_file_operations(void **state)
{
	static struct cp_action copy = {.kind = CP_ACTION_COPY,
					.secondary_input = 1,
					.src = CP_S_INIT("/" HOSTILE),
					.dest = CP_S_INIT("/app/"),
					.mode = 0755,
					.create_dest_path = true};
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct answer w;

	(void)state;
	build(&w, stages, 2, specs, CP_LEN(specs));
	w.ops[1].kind = CP_OP_FILE;
	w.ops[1].actions = &copy;
	w.ops[1].n_actions = 1;
	assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_HTML, NULL, &out, NULL), 0);
	cp_buf_addc(&out, '\0');
	assert_non_null(strstr(out.p, "buildkit.file.v0"));
	assert_non_null(strstr(out.p, "in which the file operation is"));
	assert_non_null(strstr(out.p, "&#34;dest&#34;:&#34;/app/&#34;"));
	assert_non_null(strstr(out.p, "&#34;mode&#34;:493"));
	assert_no_stranger(out.p);
}

#define COMMITS 301

/* A row of commits whose texts are a stranger's: every commit has a bar and its causes, and the page stays small. */
static void test_page_of_a_backtest(void **state)
{
	static struct cp_backtest_commit commits[COMMITS], edited[COMMITS];
	static struct cp_backtest_miss misses[4];
	static struct cp_path_change paths[3] = {{.path = CP_S_INIT(HOSTILE)},
						 {.path = CP_S_INIT("requirements.txt")},
						 {.path = CP_S_INIT("src/agent/tools/search.py")}};
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_backtest_edit edit = {
		.label = CP_S(HOSTILE), .commits = edited, .n_commits = COMMITS};
	struct cp_backtest_step step = {.stage = CP_S(HOSTILE), .text = CP_S(HOSTILE), .n = 300};
	struct cp_backtest_image im = {.commits = commits,
				       .n_commits = COMMITS,
				       .edits = &edit,
				       .n_edits = 1,
				       .steps = &step,
				       .n_steps = 1};
	struct cp_report_backtest b = {.head_rev = CP_S(HOSTILE), .images = &im, .n_images = 1};
	struct answer w;
	size_t bars = 0;

	(void)state;
	build(&w, stages, 2, specs, CP_LEN(specs));
	w.request.name = im.platform = CP_S(HOSTILE);
	im.request = &w.request;
	for (size_t i = 0; i < CP_LEN(misses); i++)
		misses[i] = (struct cp_backtest_miss){.step = &w.steps[i],
						      .outcome = i ? CP_OUTCOME_MISS
								   : CP_OUTCOME_DEPENDS,
						      .cause = {.kind = CP_CAUSE_CONTENT_CHANGED,
								.step = i == 3 ? 2 : -1,
								.paths = paths,
								.n_paths = 3,
								.n_paths_total = 7}};
	for (size_t i = 0; i < COMMITS; i++) {
		commits[i] = (struct cp_backtest_commit){
			.hex = CP_S("0123456789abcdef0123456789abcdef01234567"),
			.subject = CP_S(HOSTILE " a subject that is as long as they are"),
			.time = 1700000000 + (int64_t)i * 86400,
			.built = i % 50 != 7,
			.misses = misses,
			.n_misses = i % 4 == 3 ? 0 : CP_LEN(misses),
			.n_hits = 5};
		cp_err_set(&commits[i].error, CP_EINVAL, "%s", HOSTILE);
		edited[i] = commits[i];
		edited[i].n_misses = commits[i].n_misses / 2;
	}
	assert_int_equal(cp_report_backtest(&b, CP_S("html"), NULL, &out, NULL), 0);
	cp_buf_addc(&out, '\0');
	assert_no_stranger(out.p);
	assert_non_null(strstr(out.p, "default-src 'none'"));
	assert_null(strstr(out.p, "src="));
	for (const char *p = out.p; (p = strstr(p, "<a href=\"#i0c")); p++)
		bars++;
	assert_int_equal(bars, COMMITS - 1);
	assert_non_null(strstr(out.p, "id=\"i0c300\""));
	assert_non_null(strstr(out.p, "<polyline class=\"w0\""));
	assert_true(out.n < 300000);
	im.n_commits = 1;
	cp_buf_clear(&out);
	assert_int_equal(cp_report_backtest(&b, CP_S("html"), NULL, &out, NULL), 0);
}

static void test_drawing(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct answer w;

	(void)state;
	make_text(&w, CP_FORMAT_SVG, 0, &out);
	assert_no_stranger(out.p);
	assert_non_null(strstr(out.p, "class=\"depends\""));
	assert_non_null(strstr(out.p, "<path class=\"line\"")); /* one stage reads another */
	assert_null(strstr(out.p, "<a "));
}

/* Lines of a text. */
static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_outputs(void **state)
{
	cp_auto_buf struct cp_buf env = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES),
				  hub = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	static const struct cp_str from[] = {CP_S_INIT("type=registry,ref=a"),
					     CP_S_INIT("x\nevil=1"),
					     CP_S_INIT("type=registry,ref=a")};
	struct cp_report_style style = {0};
	struct cp_err err = {0};
	struct answer w;

	(void)state;
	build(&w, stages, 2, specs, CP_LEN(specs));
	w.report.action = CP_S("reuse-cache");
	w.report.cache_from = (struct cp_str *)(uintptr_t)from;
	w.report.n_cache_from = CP_LEN(from);
	assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_DOTENV, &style, &env, &err), 0);
	assert_int_equal(
		cp_report_prediction(&w.report, CP_FORMAT_GITHUB_OUTPUT, &style, &hub, &err), 0);
	cp_buf_addc(&env, '\0');
	cp_buf_addc(&hub, '\0');
	assert_int_equal(lines(env.p), 7);
	assert_non_null(
		strstr(env.p, "reuse_cache=true\ncache_from=type=registry,ref=a xevil=1\n"));
	assert_non_null(strstr(env.p, "\nskip=false\n"));
	assert_null(strstr(hub.p, "\nevil="));
	assert_null(strstr(env.p, "\r"));
}

static void test_annotations(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct answer w;

	(void)state;
	make_text(&w, CP_FORMAT_ANNOTATIONS, 0, &out);
	assert_int_equal(lines(out.p),
			 1); /* the step that broke by itself, and no command of a stranger */
	assert_non_null(strstr(out.p, ",line=2,title=cachepredict::"));
	assert_non_null(strstr(out.p, "%250A"));
}

static void test_junit(void **state)
{
	cp_auto_buf struct cp_buf plain = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES),
				  gate = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct answer w;

	(void)state;
	make_text(&w, CP_FORMAT_JUNIT, 0, &plain);
	assert_non_null(strstr(plain.p, "tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"3\""));
	make_text(&w, CP_FORMAT_JUNIT, 1u << CP_OUTCOME_MISS, &gate);
	assert_non_null(strstr(gate.p, "tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"1\""));
	assert_no_stranger(gate.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_of_file_operations),
		cmocka_unit_test(test_page_of_a_backtest),
		cmocka_unit_test(test_drawing),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_junit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
