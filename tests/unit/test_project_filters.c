/* project/: path filters of workflows, and what their patterns take. Expected values: act's workflowpattern, Ruby's File.fnmatch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "project/project.h"

static void show_list(struct cp_buf *b, const char *name, const struct cp_str *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cp_buf_printf(b, "%s%.*s%s", i ? "," : name, CP_STR(items[i]),
			      i + 1 == n ? "]" : "");
}

static void expect(const struct cp_buf *b, const char *wanted)
{
	if (strcmp(b->p ? b->p : "", wanted) != 0)
		fail_msg("\nwanted: %s\n   got: %s", wanted, b->p ? b->p : "");
}

/* ---- workflow filters ---- */

static void show_filters(struct cp_buf *b, const char *text, const char *name)
{
	static const char *const kinds[] = {"github", "gitlab", "gitea"};
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_path_filter *filters = NULL;
	enum cp_ci_kind kind;
	struct cp_err err = {0};
	size_t n = 0;

	if (cp_filters_parse(a, cp_str_c(text), cp_str_c(name), &kind, &filters, &n, &err) < 0)
		cp_buf_printf(b, "%s %s:%d:%d: %s", cp_err_name(err.code), err.file, err.line,
			      err.column, err.message);
	else
		cp_buf_addz(b, kinds[kind]);
	for (size_t i = 0; i < n; i++) {
		cp_buf_printf(b, "\n%d %.*s%s", filters[i].line, CP_STR(filters[i].where),
			      filters[i].ignore ? " not" : "");
		show_list(b, " [", filters[i].patterns, filters[i].n_patterns);
	}
	cp_arena_free(a);
}

static void test_filters(void **state)
{
	static const struct {
		const char *name, *text, *wanted;
	} cases[] = {
		{".github/workflows/a.yml",
		 "on:\n  push:\n    branches: [main]\n    paths:\n      - 'src/**'\n      - '!src/doc/**'\n  pull_request:\n    paths-ignore: ['*.md']\n"
		 "  pull_request_target: {paths: x}\n  schedule: [{cron: '0 0 * * *'}]\njobs: {}\n",
		 "github\n4 on.push.paths [src/**,!src/doc/**]\n8 on.pull_request.paths-ignore not [*.md]\n9 on.pull_request_target.paths [x]"},
		{".gitea/workflows/a.yaml", "on: {push: {paths: [a]}}",
		 "gitea\n1 on.push.paths [a]"},
		{"a.yml", "on: push\njobs: {b: {}}", "github"},
		{"a.yml", "on: [push, pull_request]\njobs: {b: {}}", "github"},
		{".github/a.yml", "on:\n  push:\n    paths: {a: b}\n",
		 "invalid .github/a.yml:3:12: expected a list of path patterns"},
		{".gitlab-ci.yml",
		 ".base:\n  rules:\n    - changes: [inherited/**]\nstages: [x]\nworkflow:\n  rules:\n    - changes: {paths: [w/*], compare_to: main}\n"
		 "build-api:\n  rules:\n    - if: $CI_MR\n      changes:\n        - api/**/*\n        - Dockerfile\n    - if: $CI_MR\n      changes: [more]\n"
		 "    - if: $CI_TAG\nbuild-b:\n  extends: .base\nbuild-c:\n  only: {refs: [main], changes: [c/**]}\n  except:\n    changes: [c/doc/*]\n"
		 "build-d:\n  only: [main]\n",
		 "gitlab\n7 workflow: rules[0].changes [w/*]\n11 build-api: rules[0].changes, rules[1].changes [api/**/*,Dockerfile,more]\n"
		 "3 build-b: rules[0].changes [inherited/**]\n20 build-c: only.changes [c/**]\n22 build-c: except.changes not [c/doc/*]"},
		{".gitlab-ci.yml",
		 "a:\n  rules:\n    - changes: [doc/**]\n      when: never\n    - changes: [a/**]\n    - when: on_success\n"
		 "b:\n  rules:\n    - changes: [a/**]\n    - if: $X\nc:\n  rules:\n    - when: never\n    - changes: [never-reached]\n"
		 "d:\n  rules:\n    - if: $X\n      changes: [x]\n    - if: $X\n    - if: $Y\n      changes: [y]\n",
		 "gitlab\n3 a: rules[0].changes not [doc/**]\n9 b: rules[0].changes [a/**]\n21 d: rules[2].changes [y]"},
		{".gitlab-ci.yml",
		 ".c: {changes: [p, q]}\n.r:\n  rules:\n    - changes: !reference [.c, changes]\na:\n  rules:\n    - !reference [.r, rules]\n"
		 "    - changes: [!reference [.c, changes], z]\nb: {rules: !reference [.none, rules]}\n",
		 "gitlab\n4 a: rules[0].changes, rules[1].changes [p,q,p,q,z]"},
		{".gitlab-ci.yml", "spec: {inputs: {}}\n---\na: {only: {changes: [x]}}\n",
		 "gitlab\n3 a: only.changes [x]"},
		{".gitlab-ci.yml",
		 ".p: {only: {changes: [p]}}\n.q: {only: {refs: [main]}, extends: .p}\na: {extends: [.p, .q]}\nb: {extends: .q, only: [tags]}\n",
		 "gitlab\n1 a: only.changes [p]"},
		{".gitlab-ci.yml", ".a: {extends: .b}\n.b: {extends: .a}\nj: {extends: .a}\n",
		 "invalid .gitlab-ci.yml:1:15: extends goes round in a circle"},
		{".gitlab-ci.yml", "j: {rules: !reference [j, rules]}\n",
		 "invalid .gitlab-ci.yml:1:12: !reference goes round in a circle"},
		{".gitlab-ci.yml", "j: {rules: [x]}\n",
		 "invalid .gitlab-ci.yml:1:13: j: a rule must be a map"},
		{".gitlab-ci.yml", "", "invalid .gitlab-ci.yml:1:1: a workflow must be a map"},
		{".gitlab-ci.yml", "- a", "invalid .gitlab-ci.yml:1:1: a workflow must be a map"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 20);

		show_filters(&b, cases[i].text, cases[i].name);
		expect(&b, cases[i].wanted);
	}
}

/* Does the list of patterns (blanks between them) let the path start the workflow? */
static const struct {
	enum cp_ci_kind kind;
	const char *patterns, *path;
	int wanted; /* 0, 1 or an error */
} globs[] = {
	/* the examples of GitHub's documentation, and what act makes of the rest */
	{CP_CI_GITHUB, "*", "README.md", 1},
	{CP_CI_GITHUB, "*", "docs/a.md", 0},
	{CP_CI_GITHUB, "*.jsx?", "page.js", 1},
	{CP_CI_GITHUB, "*.jsx?", "page.jsx", 1},
	{CP_CI_GITHUB, "**", "a/b/c", 1},
	{CP_CI_GITHUB, "*.js", "js/app.js", 0},
	{CP_CI_GITHUB, "**.js", "src/js/app.js", 1},
	{CP_CI_GITHUB, "docs/*", "docs/file.txt", 1},
	{CP_CI_GITHUB, "docs/*", "docs/a/b", 0},
	{CP_CI_GITHUB, "docs/**", "docs/mona/octocat.txt", 1},
	{CP_CI_GITHUB, "docs/**/*.md", "docs/README.md", 1},
	{CP_CI_GITHUB, "docs/**/*.md", "docs/a/markdown/file.md", 1},
	{CP_CI_GITHUB, "**/docs/**", "docs/hello.md", 1},
	{CP_CI_GITHUB, "**/docs/**", "dir/docs/my-file.txt", 1},
	{CP_CI_GITHUB, "**/README.md", "js/README.md", 1},
	{CP_CI_GITHUB, "**/*src/**", "a/src/app.js", 1},
	{CP_CI_GITHUB, "**/*src/**", "my-src/code/js/app.js", 1},
	{CP_CI_GITHUB, "**/*-post.md", "path/their-post.md", 1},
	{CP_CI_GITHUB, "**/migrate-*.sql", "db/sept/migrate-v1.sql", 1},
	{CP_CI_GITHUB, "*.md !README.md", "README.md", 0},
	{CP_CI_GITHUB, "*.md !README.md README*", "README.doc", 1},
	{CP_CI_GITHUB, "*.md !README.md README*", "README.md", 1},
	{CP_CI_GITHUB, "!a", "b", 0},
	{CP_CI_GITHUB, "v[12].[0-9]+.x", "v1.10.x", 1},
	{CP_CI_GITHUB, "v[12].[0-9]+.x", "v3.1.x", 0},
	{CP_CI_GITHUB, "a+", "aaa", 1},
	{CP_CI_GITHUB, "a+", "", 0},
	{CP_CI_GITHUB, "?a", "?a", 1},
	{CP_CI_GITHUB, "a\\*", "a*", 1},
	{CP_CI_GITHUB, "a\\*", "ab", 0},
	{CP_CI_GITHUB, ".*", ".env", 1},
	{CP_CI_GITHUB, "*", ".env", 1},
	{CP_CI_GITHUB, "a/", "a/b", 0},
	{CP_CI_GITHUB, "a.b", "axb", 0},
	{CP_CI_GITHUB, "\xc3\xa9?x", "x", 1},
	{CP_CI_GITHUB, "[ab", "a", CP_EINVAL},
	{CP_CI_GITHUB, "[]", "a", CP_EINVAL},
	{CP_CI_GITHUB, "[z-a]", "b", CP_EINVAL},
	{CP_CI_GITHUB, "[!a]", "b", CP_EINVAL},
	{CP_CI_GITHUB, "a++", "a", CP_EINVAL},
	{CP_CI_GITHUB, "**+", "a", CP_EINVAL},
	{CP_CI_GITHUB, "a\\", "a", CP_EINVAL},
	{CP_CI_GITEA, "**/*.go !vendor/**", "vendor/a.go", 0},
	{CP_CI_GITEA, "**/*.go !vendor/**", "cmd/a.go", 1},
	/* Ruby: File.fnmatch?(pattern, path, FNM_PATHNAME | FNM_DOTMATCH | FNM_EXTGLOB) */
	{CP_CI_GITLAB, "*", "a", 1},
	{CP_CI_GITLAB, "*", "a/b", 0},
	{CP_CI_GITLAB, "*", ".env", 1},
	{CP_CI_GITLAB, "**/*", "a/b/c", 1},
	{CP_CI_GITLAB, "**/*", "a", 1},
	{CP_CI_GITLAB, "**", "a/b", 0},
	{CP_CI_GITLAB, "docs/**/*", "docs/a/b", 1},
	{CP_CI_GITLAB, "docs/**/*", "docs", 0},
	{CP_CI_GITLAB, "*.{rb,py,sh}", "x.py", 1},
	{CP_CI_GITLAB, "*.{rb,py,sh}", "x.c", 0},
	{CP_CI_GITLAB, "{a,b/{c,d}}/*", "b/d/x", 1},
	{CP_CI_GITLAB, "{a,b", "a", 0},
	{CP_CI_GITLAB, "a}", "a}", 1},
	{CP_CI_GITLAB, "{a}", "a", 1},
	{CP_CI_GITLAB, "a/**/b", "a/b", 1},
	{CP_CI_GITLAB, "a/**/b", "a/x/y/b", 1},
	{CP_CI_GITLAB, "a/**b", "a/x/b", 0},
	{CP_CI_GITLAB, "[a-c]?", "bz", 1},
	{CP_CI_GITLAB, "[!a-c]", "b", 0},
	{CP_CI_GITLAB, "[^a-c]", "d", 1},
	{CP_CI_GITLAB, "a\\*", "a*", 1},
	{CP_CI_GITLAB, "a\\*", "ab", 0},
	{CP_CI_GITLAB, "?", "\xc3\xa9", 1},
	{CP_CI_GITLAB, "x y", "y", 1},
	{CP_CI_GITLAB, "$V/**", "a", CP_EUNSUPPORTED},
	{CP_CI_GITLAB, "$V/** a", "a", 1},
	{CP_CI_GITLAB, "*a*b*c", "xaxbxc", 1},
	{CP_CI_GITLAB, "*a*b*c", "xaxbx", 0},
};

static int matches(enum cp_ci_kind kind, const char *patterns, const char *path, bool ignore,
		   bool *ret)
{
	struct cp_str list[8], rest = cp_str_c(patterns);
	size_t n = 0;

	while (n < 8 && cp_str_split(&rest, ' ', &list[n]))
		n++;
	return cp_filter_matches(
		&(struct cp_path_filter){.patterns = list, .n_patterns = n, .ignore = ignore}, kind,
		cp_str_c(path), ret);
}

static void test_globs(void **state)
{
	bool got = false;

	(void)state;
	for (size_t i = 0; i < CP_LEN(globs); i++) {
		int r = matches(globs[i].kind, globs[i].patterns, globs[i].path, false, &got);

		if ((r < 0 ? r : got) != globs[i].wanted)
			fail_msg("%s on %s: %d, wanted %d", globs[i].patterns, globs[i].path,
				 r < 0 ? r : got, globs[i].wanted);
		r = matches(globs[i].kind, globs[i].patterns, globs[i].path, true, &got);
		if (globs[i].kind != CP_CI_GITEA && r == 0)
			assert_int_equal(got, !globs[i].wanted);
	}
	/* paths-ignore: GitHub goes by the last pattern, Gitea's `!x` takes everything that is not x */
	assert_int_equal(matches(CP_CI_GITHUB, "docs/** !docs/api/**", "docs/api/x", true, &got),
			 0);
	assert_true(got);
	assert_int_equal(matches(CP_CI_GITEA, "!docs/**", "src/a", true, &got), 0);
	assert_false(got);
	assert_int_equal(matches(CP_CI_GITEA, "!docs/**", "docs/a", true, &got), 0);
	assert_true(got);
}

/* Patterns that cost a naive matcher its life. */
static void test_glob_bounds(void **state)
{
	char stars[CP_MAX_PATH_BYTES + 2] = "", path[CP_MAX_PATH_BYTES + 2] = "", braces[2048] = "";
	bool got = true;

	(void)state;
	for (size_t i = 0; i + 1 < CP_MAX_PATH_BYTES; i += 2)
		memcpy(stars + i, "a*", 2);
	memset(path, 'a', CP_MAX_PATH_BYTES - 1);
	stars[CP_MAX_PATH_BYTES - 1] = 'b';
	assert_int_equal(matches(CP_CI_GITHUB, stars, path, false, &got), 0);
	assert_false(got);
	assert_int_equal(matches(CP_CI_GITLAB, stars, path, false, &got), 0);
	assert_false(got);
	memset(path, 'a', CP_MAX_PATH_BYTES + 1);
	assert_int_equal(matches(CP_CI_GITHUB, "*", path, false, &got), CP_ELIMIT);
	assert_int_equal(matches(CP_CI_GITLAB, "*", path, false, &got), CP_ELIMIT);
	for (size_t i = 0; i < 40; i++)
		memcpy(braces + i * 5, "{a,b}", 5);
	assert_int_equal(matches(CP_CI_GITLAB, braces, "x", false, &got), CP_ELIMIT);
	for (size_t i = 0; i < 200; i++)
		memcpy(braces + i * 5, "{a,a}", 5);
	assert_int_equal(matches(CP_CI_GITLAB, braces, "x", false, &got), CP_ELIMIT);
}

static void test_filter_bounds(void **state)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(1 << 20), got = CP_BUF_INIT(1 << 20);

	(void)state;
	cp_buf_addz(&text, ".r0: {rules: [{changes: [x]}]}\n");
	for (int i = 1; i < 30; i++)
		cp_buf_printf(
			&text,
			".r%d: {rules: [!reference [.r%d, rules], !reference [.r%d, rules]]}\n", i,
			i - 1, i - 1);
	cp_buf_addz(&text, "j: {rules: [!reference [.r29, rules]]}\n");
	show_filters(&got, text.p, ".gitlab-ci.yml");
	got.p[5] = '\0'; /* where it stops is not the point */
	expect(&got, "limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_glob_bounds),
		cmocka_unit_test(test_filter_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
