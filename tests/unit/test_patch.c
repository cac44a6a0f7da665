/* patch/: unified diffs, as `git apply` reads and applies them (tests/cli/backtest.py asks git itself). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "patch/patch.h"

#define HEAD "--- a/f\n+++ b/f\n"

struct patch_case {
	const char *name, *patch, *text;
	const char *expected; /* NULL: a hunk does not fit */
	size_t hunk;          /* that does not */
};

static const struct patch_case cases[] = {
	{"in its place", HEAD "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", "a\nb\nc\nd\n", "a\nx\nc\nd\n",
	 0},
	{"moved down", HEAD "@@ -2,3 +2,3 @@\n a\n-b\n+x\n c\n", "1\n2\n3\na\nb\nc\n",
	 "1\n2\n3\na\nx\nc\n", 0},
	{"moved up", HEAD "@@ -9,3 +9,3 @@\n a\n-b\n+x\n c\n", "a\nb\nc\n", "a\nx\nc\n", 0},
	{"the nearest place, below before above", HEAD "@@ -4,2 +4,3 @@\n a\n+x\n b\n",
	 "1\na\nb\n2\n3\na\nb\n", "1\na\nb\n2\n3\na\nx\nb\n", 0},
	{"all context has to be there", HEAD "@@ -2,3 +2,3 @@\n a\n-b\n+x\n c\n", "1\na\nb\nd\n",
	 NULL, 0},
	{"what begins the file stays there", HEAD "@@ -1,2 +1,2 @@\n-a\n+x\n b\n", "0\na\nb\n",
	 NULL, 0},
	{"what ends the file stays there", HEAD "@@ -2,2 +2,2 @@\n a\n-b\n+x\n", "1\na\nb\n2\n",
	 NULL, 0},
	{"two hunks, one after the other",
	 HEAD "@@ -1,2 +1,1 @@\n-a\n b\n@@ -4,2 +3,2 @@\n d\n-e\n+x\n", "a\nb\nc\nd\ne\n",
	 "b\nc\nd\nx\n", 0},
	{"the second does not fit", HEAD "@@ -1,2 +1,1 @@\n-a\n b\n@@ -4,2 +3,2 @@\n q\n-e\n+x\n",
	 "a\nb\nc\nd\ne\n", NULL, 1},
	{"the last line has no end", HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n",
	 "a", "b\n", 0},
	{"... and gets none", HEAD "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\n",
	 "b", 0},
	{"ends of lines count", HEAD "@@ -1 +1 @@\n-a\n+b\n", "a\r\n", NULL, 0},
	{"created",
	 "diff --git a/f b/f\nnew file mode 100755\n--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n",
	 "", "a\nb\n", 0},
	{"an empty line whose blank is lost", HEAD "@@ -1,3 +1,3 @@\n a\n\n-b\n+x\n", "a\n\nb\n",
	 "a\n\nx\n", 0},
};

static void test_apply(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		const struct patch_case *c = &cases[i];
		struct cp_arena *a = cp_arena_new(1 << 20);
		struct cp_patch p = {0};
		struct cp_err err = {0};
		struct cp_str got = CP_S("");
		size_t hunk = 99;
		int r;

		if (cp_patch_parse(a, cp_str_c(c->patch), CP_S("p"), &p, &err) < 0)
			fail_msg("%s: %s", c->name, err.message);
		assert_int_equal(p.n_files, 1);
		r = cp_patch_apply(a, &p.files[0], cp_str_c(c->text), &got, &hunk, &err);
		if ((r == 0) != (c->expected != NULL) ||
		    (c->expected && !cp_str_eq(got, cp_str_c(c->expected))))
			fail_msg("%s: %d %.*s", c->name, r, CP_STR(got));
		if (!c->expected)
			assert_int_equal(hunk, c->hunk);
		cp_arena_free(a);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *patch, *old_path, *new_path;
		size_t n_hunks;
	} names[] = {
		{"--- a/x y\t2026-01-01\n+++ b/x y\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n", "x y",
		 "x y", 1},
		{"diff --git \"a/\\303\\244\" \"b/\\303\\244\"\n--- \"a/\\303\\244\"\n+++ \"b/\\303\\244\"\n@@ -1 +1 @@\n-a\n+b\n",
		 "\xc3\xa4", "\xc3\xa4", 1},
		{"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "x",
		 "y", 0},
		{"diff --git a/s/x b/s/x\nold mode 100644\nnew mode 100755\n", "s/x", "s/x", 0},
		{"diff --git a/x b/x\ndeleted file mode 100644\nindex 1..0\n", "x", "", 0},
		{"Subject: text\n\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n-- \n2.39\n", "x", "",
		 1},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(names); i++) {
		struct cp_arena *a = cp_arena_new(1 << 20);
		struct cp_patch p = {0};
		struct cp_err err = {0};

		if (cp_patch_parse(a, cp_str_c(names[i].patch), CP_S("p"), &p, &err) < 0)
			fail_msg("%zu: %s", i, err.message);
		assert_int_equal(p.n_files, 1);
		if (!cp_str_eq(p.files[0].old_path, cp_str_c(names[i].old_path)) ||
		    !cp_str_eq(p.files[0].new_path, cp_str_c(names[i].new_path)))
			fail_msg("%zu: %.*s, %.*s", i, CP_STR(p.files[0].old_path),
				 CP_STR(p.files[0].new_path));
		assert_int_equal(p.files[0].n_hunks, names[i].n_hunks);
		cp_arena_free(a);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *patch;
		int code, line;
	} refused[] = {
		{"no diff at all\n", CP_EINVAL, 0},
		{"--- a/x\n@@ -1 +1 @@\n", CP_EINVAL, 2},
		{HEAD "@@ -1,2 +1 @@\n-a\n", CP_EINVAL, 5},
		{HEAD "@@ -1 +1 @@\n-a\n-b\n", CP_EINVAL, 5},
		{HEAD "@@ -x +1 @@\n-a\n", CP_EINVAL, 3},
		{HEAD "@@ -1,99999999999999999999999 +1 @@\n-a\n", CP_EINVAL, 3},
		{HEAD "text\n", CP_EINVAL, 3},
		{"--- a/../x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 1},
		{"--- a//etc/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 1},
		{"--- a/.git/hooks/x\n+++ b/.git/hooks/x\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 1},
		{"--- x\n+++ y\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 1},
		{"--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 2},
		{"--- \"a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", CP_EINVAL, 1},
		{"diff --git a/x b/y\nindex 1..2\n", CP_EINVAL, 3},
		{"diff --git a/x b/x\nGIT binary patch\n", CP_EUNSUPPORTED, 2},
		{"diff --cc x\n", CP_EUNSUPPORTED, 1},
		{"diff --git a/x b/y\ncopy from x\ncopy to y\n", CP_EUNSUPPORTED, 2},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(refused); i++) {
		struct cp_arena *a = cp_arena_new(1 << 20);
		struct cp_patch p = {0};
		struct cp_err err = {0};
		int r = cp_patch_parse(a, cp_str_c(refused[i].patch), CP_S("p"), &p, &err);

		if (r != refused[i].code || err.line != refused[i].line)
			fail_msg("%zu: %d at line %d: %s", i, r, err.line, err.message);
		cp_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_apply),
					   cmocka_unit_test(test_names),
					   cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
