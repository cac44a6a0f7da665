/* report/: a comment that fits into a forge's limit, and one without HTML. */
#include "report_fixture.h"

#include "report/markdown_int.h"

static const char body[] =
	"title\n\n| a | b |\n|---|---|\n| 1 | x |\n| 2 | y |\n| 3 | z |\n\n"
	"<details><summary>graph</summary>\n\n```mermaid\nflowchart TD\n  a --> b\n```\n\n</details>\n"
	"\n<details><summary>steps</summary>\n\n| s |\n|---|\n| 4 |\n| 5 |\n\n</details>\n";
static const char footer[] = "\n<sub>end</sub>\n";

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)); p++)
		n++;
	return n;
}

/* Whatever the limit: whole lines of the body, in their order; closed; the footer is there. */
static void test_every_limit(void **state)
{
	char whole[2048];

	(void)state;
	snprintf(whole, sizeof(whole), "%s%s", body, footer);
	for (size_t max = 120; max <= strlen(whole) + 1; max++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);
		const char *rows;

		cp_markdown_shorten(cp_str_c(body), cp_str_c(footer), max, &out);
		assert_int_equal(cp_buf_error(&out), 0);
		assert_true(out.n <= max);
		assert_int_equal(count(out.p, "<details>"), count(out.p, "</details>"));
		assert_int_equal(count(out.p, "```") % 2, 0);
		assert_true(cp_str_ends(cp_buf_str(&out), cp_str_c(footer)));
		rows = strstr(out.p, "|---|---|\n"); /* a ruler has a row below it */
		assert_true(!rows || strncmp(rows + 10, "| 1 | x |\n", 10) == 0);
		rows = strstr(out.p, "| s |\n");
		assert_true(!rows || strncmp(rows, "| s |\n|---|\n| 4 |\n", 17) == 0);
		if (max >= strlen(whole))
			assert_string_equal(out.p, whole);
		else
			assert_non_null(strstr(out.p, "left out"));
	}
}

static void test_without_html(void **state)
{
	static const struct {
		const char *html, *plain;
	} cases[] = {
		{"a `b <sub>` c", "a `b <sub>` c"},
		{"<code>a&#124;b&#96;</code>", "`a\xc2\xa6"
					       "b'`"},
		{"<code> a&#92;</code>", "`a`"},
		{"<code></code>x", "x"},
		{"<code>a", "`a`"},
		{"<code>&#9999;&#;&#x41;</code>", "`&#9999;&#;&#x41;`"},
		{"<details><summary>s</summary>\n\nt\n\n</details>\nu", "**s**\n\nt\n\nu"},
		{"\n<sub>x</sub>\n", "\nx\n"},
		{"`open", "`open"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);

		cp_markdown_without_html(cp_str_c(cases[i].html), &out);
		cp_buf_addc(&out, '\0');
		assert_string_equal(out.p, cases[i].plain);
	}
}

static const char *const stages[] = {"builder"};

static void make(struct answer *w, const char *path)
{
	struct step_spec specs[] = {
		{0, "[builder 1/3] FROM scratch", 1, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL,
		 ""},
		{0, "[builder 2/3] COPY a .", 2, CP_OUTCOME_MISS, CP_CAUSE_CONTENT_CHANGED, -1, "",
		 path, "0"},
		{0, "[builder 3/3] RUN x", 3, CP_OUTCOME_MISS, CP_CAUSE_PARENT_REBUILDS, 1, "",
		 NULL, "1"},
	};

	build(w, stages, 1, specs, CP_LEN(specs));
}

static void test_comment(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	cp_auto_buf struct cp_buf line = CP_BUF_INIT(256);
	struct answer w;
	struct cp_report_comment c = {.report = &w.report,
				      .split_file = CP_S("requirements.txt"),
				      .split_reason = CP_S("2 files would have saved 50 %"),
				      .max_bytes = 60000,
				      .html = true,
				      .mermaid = true};
	struct cp_err err = {0};

	(void)state;
	make(&w, "a");
	assert_int_equal(cp_report_comment(&c, &out, &err), 0);
	assert_non_null(strstr(out.p, "rebuilds all 2 steps"));
	assert_non_null(strstr(out.p, "**Would pay off:** split `requirements.txt`"));
	assert_non_null(strstr(out.p, "```mermaid\nflowchart TD\n"));
	assert_false(cp_report_is_quiet(&w.report));
	cp_report_headline(&w.report, &line);
	assert_string_equal(line.p, "2 of 2 steps rebuild");
}

/* ---- many stages ---- */

static size_t place_of(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	assert_non_null(at);
	return (size_t)(at - text);
}

/* One step a stage: hits first, then what depends, then misses. */
static void make_stages(struct answer *w, size_t n_hit, size_t n_depends, size_t n_miss)
{
	static char names[MAX_STAGES][24], steps[MAX_STAGES][48];
	static const char *list[MAX_STAGES];
	struct step_spec specs[MAX_STAGES];
	size_t n = n_hit + n_depends + n_miss;

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "s%02zu", i);
		snprintf(steps[i], sizeof(steps[i]), "[s%02zu 1/1] RUN x", i);
		list[i] = names[i];
		specs[i] = (struct step_spec){
			i, steps[i], (int)i + 1, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, ""};
		if (i >= n_hit)
			specs[i].outcome =
				i < n_hit + n_depends ? CP_OUTCOME_DEPENDS : CP_OUTCOME_MISS;
		if (i >= n_hit)
			specs[i].kind = CP_CAUSE_INSTRUCTION_CHANGED;
	}
	build(w, list, n, specs, n);
}

static void test_many_stages(void **state)
{
	static const struct {
		size_t n_hit, n_depends, n_miss;
		const char *folds;
	} cases[] = {
		{4, 4, 2, NULL}, {6, 4, 1, "and 1 more stage<"}, {12, 8, 4, "and 14 more stages<"}};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
		size_t n = cases[i].n_hit + cases[i].n_depends + cases[i].n_miss;
		struct answer w;
		char first_miss[32], first_depends[32];

		make_stages(&w, cases[i].n_hit, cases[i].n_depends, cases[i].n_miss);
		snprintf(first_miss, sizeof(first_miss), "| `s%02zu`", n - cases[i].n_miss);
		snprintf(first_depends, sizeof(first_depends), "| `s%02zu`", cases[i].n_hit);
		cp_markdown_summary(&out, &w.image);
		cp_buf_addc(&out, '\0');
		assert_true(place_of(out.p, first_miss) < place_of(out.p, first_depends));
		assert_true(place_of(out.p, first_depends) < place_of(out.p, "| `s00`"));
		assert_int_equal(count(out.p, "| `s"), n); /* none is lost */
		assert_int_equal(count(out.p, "</details>"), cases[i].folds ? 1 : 0);
		if (!cases[i].folds)
			continue;
		*strstr(out.p, "<details>") = '\0';
		assert_int_equal(count(out.p, "| `s"), 10);
		assert_non_null(strstr(out.p + strlen(out.p) + 1, cases[i].folds));
	}
}

/* A name as long as a page does not push everything else out. */
static void test_large_names(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	static char path[4001];
	struct answer w;
	struct cp_report_comment c = {.report = &w.report, .max_bytes = 32000};
	struct cp_err err = {0};

	(void)state;
	memset(path, '|', sizeof(path) - 1);
	make(&w, path);
	assert_int_equal(cp_report_comment(&c, &out, &err), 0);
	assert_true(out.n <= 32000);
	assert_non_null(strstr(out.p, "| stage |"));
	assert_null(strstr(out.p, "left out"));
	assert_null(strstr(out.p, "<"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_limit), cmocka_unit_test(test_without_html),
		cmocka_unit_test(test_comment), cmocka_unit_test(test_many_stages),
		cmocka_unit_test(test_large_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
