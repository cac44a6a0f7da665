/* `keys --diff` from two trees and Dockerfiles to what people and machines read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/report.h"
#include "hash_fixture.h"

struct world {
	struct cp_arena *a;
	struct cp_tree *trees[2];
	struct cp_fs *contexts[2];
	struct cp_build builds[2];
	struct cp_key_diff diff;
	struct cp_buf out;
};

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	(void)name;
	return *(struct cp_fs **)self;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->a = cp_arena_new(64 << 20);
	w->out = (struct cp_buf)CP_BUF_INIT(1 << 20);
	for (int i = 0; i < 2; i++)
		w->trees[i] = cp_memory_tree_new();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++)
		cp_tree_free(w->trees[i]);
	cp_buf_release(&w->out);
	cp_arena_free(w->a);
	free(w);
	return 0;
}

/* "path=text;path*=text" (executable) */
static void fill(struct cp_tree *t, const char *files)
{
	struct cp_str rest = cp_str_c(files), part;

	while (cp_str_split(&rest, ';', &part)) {
		size_t eq = cp_str_find(part, '=', 0);
		struct cp_str path = cp_str_sub(part, 0, eq);
		bool exec = cp_str_ends(path, CP_S("*"));

		if (exec)
			path = cp_str_sub(path, 0, path.n - 1);
		assert_int_equal(cp_memory_tree_add(t, path, exec ? CP_ENTRY_EXEC : CP_ENTRY_FILE,
						    cp_str_from(part, eq + 1)),
				 0);
	}
}

static const char *diff(struct world *w, const char *const files[2], const char *const texts[2],
			bool json)
{
	struct cp_context_options options = {.git_dir = false};
	struct cp_hasher hasher = {.record = hash_file};
	struct cp_report report = {.base_rev = CP_S("A"), .head_rev = CP_S("B")};
	struct cp_report_key_diff image = {CP_S("api"), &w->diff};
	struct cp_report_style style = {.width = 100, .ascii = true};
	struct cp_err err = {0};

	for (int i = 0; i < 2; i++) {
		fill(w->trees[i], files[i]);
		w->builds[i] = (struct cp_build){.local = local_of, .self = &w->contexts[i]};
		assert_int_equal(cp_context_new(w->a, w->trees[i], &options, &w->contexts[i], &err),
				 0);
		assert_int_equal(cp_dockerfile_parse(w->a, cp_str_c(texts[i]), CP_S("Dockerfile"),
						     &w->builds[i].dockerfile, &err),
				 0);
		assert_int_equal(cp_graph_build(w->a, w->builds[i].dockerfile, CP_S("Dockerfile"),
						NULL, &w->builds[i].graph, &err),
				 0);
	}
	assert_int_equal(
		cp_key_diff_make(w->a, &w->builds[0], &w->builds[1], &hasher, &w->diff, &err), 0);
	cp_buf_clear(&w->out);
	assert_int_equal(cp_report_key_diff(&report, &image, 1, json, &style, &w->out, &err), 0);
	return w->out.p;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in\n%s", part, text);
}

static void test_content(void **state)
{
	static const char *const files[] = {"a=1;d/b=2;d/c=3", "a=1;d/b=22;d/e=4"};
	static const char *const texts[] = {"FROM scratch\nCOPY a /\nCOPY d /d\n",
					    "FROM scratch\nCOPY a /\nCOPY d /d\n"};
	struct world *w = *state;
	const char *text = diff(w, files, texts, false);

	assert_has(text, "api  1 with another key, 1 the same\n");
	assert_has(text, "[2/2] COPY d /d\n  content    sha256:");
	assert_has(text, "    d/b  modified\n      - sha256:");
	assert_has(text, "namemode420uid0gid0size1typeflag0linknameunamegnamedevmajor0devminor0\n");
	assert_has(text, "namemode420uid0gid0size2typeflag0linknameunamegnamedevmajor0devminor0\n");
	assert_has(text, "    d/c  removed\n");
	assert_has(text, "    d/e  added\n      - not there\n");
	assert_int_equal(w->diff.n_steps, 1);
	assert_false(w->diff.steps[0].op_differs);
}

static void test_mode(void **state)
{
	static const char *const files[] = {"a=1", "a*=1"};
	static const char *const texts[] = {"FROM scratch\nCOPY a /\n", "FROM scratch\nCOPY a /\n"};
	const char *text = diff(*state, files, texts, false);

	assert_has(text, "- sha256:");
	assert_has(text, "namemode420uid0");
	assert_has(text, "namemode493uid0");
}

static void test_operation(void **state)
{
	static const char *const files[] = {"a=1", "a=1"};
	static const char *const texts[] = {"FROM scratch\nCOPY --chmod=644 a /\nRUN x\nRUN gone\n",
					    "FROM scratch\nCOPY --chmod=755 a /\nRUN new\nRUN x\n"};
	struct world *w = *state;
	const char *text = diff(w, files, texts, false);

	assert_has(text, "4 with another key, 0 the same");
	assert_has(text, "\"mode\":420,");
	assert_has(text, "\"mode\":493,");
	assert_has(text, "[3/3] RUN x\n  before     [2/3] RUN x\n  follows    [2/3] RUN new\n");
	assert_has(text, "[2/3] RUN new\n  operation  added\n");
	assert_has(text, "[3/3] RUN gone\n  operation  removed\n");
	assert_int_equal(w->diff.steps[0].preimage_a.p[w->diff.steps[0].first_difference - 1],
			 w->diff.steps[0].preimage_b.p[w->diff.steps[0].first_difference - 1]);
	assert_int_not_equal(w->diff.steps[0].preimage_a.p[w->diff.steps[0].first_difference],
			     w->diff.steps[0].preimage_b.p[w->diff.steps[0].first_difference]);
}

static void test_json(void **state)
{
	static const char *const files[] = {"a=1;b=1", "a=2;b=1"};
	static const char *const texts[] = {"FROM scratch\nCOPY a b /\n",
					    "FROM scratch\nCOPY b a /\n"};
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *step;
	const char *text = diff(*state, files, texts, true);

	assert_int_equal(cp_json_parse(cp_str_c(text), CP_S("x"), &doc, NULL), 0);
	step = cp_json_at(
		cp_json_get(cp_json_at(cp_json_get(cp_json_root(doc), "images"), 0), "steps"), 0);
	assert_true(cp_str_eq(cp_json_text(cp_json_get(step, "change")), CP_S("changed")));
	assert_true(cp_json_number(cp_json_get(step, "first_difference"), -1) > 0);
	assert_int_equal(
		cp_json_number(
			cp_json_get(cp_json_at(cp_json_get(step, "inputs"), 0), "files_total"), -1),
		1);
	assert_has(text, "\"preimage\":{\"base\":\"{\\\"Type\\\":\\\"buildkit.file.v0\\\"");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_content), TEST(test_mode),
					   TEST(test_operation), TEST(test_json)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
