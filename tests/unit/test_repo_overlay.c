/* Overlays: everything has the id that git gives it. */
#include "git_fixture.h"

static struct cp_oid root_of(const char *rev)
{
	char hex[65];
	struct cp_oid oid = {.n = 20};
	const char *text = out_of("git -C repo rev-parse '%s^{tree}'", rev);

	snprintf(hex, sizeof(hex), "%s", text);
	for (unsigned i = 0; i < 20; i++) {
		unsigned v = 0;

		sscanf(hex + 2 * (size_t)i, "%2x", &v);
		oid.bytes[i] = (uint8_t)v;
	}
	return oid;
}

static struct cp_overlay_file file(const char *path, const char *text)
{
	return (struct cp_overlay_file){
		.path = cp_str_c(path), .kind = CP_ENTRY_FILE, .content = cp_str_c(text)};
}

static struct cp_overlay_file gone(const char *path)
{
	return (struct cp_overlay_file){.path = cp_str_c(path), .removed = true};
}

struct overlay_case {
	const char *name, *script; /* what git does to the files */
	struct cp_overlay_file files[4];
	size_t n;
};

static void check(const struct overlay_case *c, struct cp_repo *repo)
{
	struct cp_commit commit;
	struct cp_tree *under, *tree = NULL;
	struct cp_oid want;
	struct cp_err err = {0};

	sh("cd repo; git checkout -q -f first; git clean -qfdx; %s; git add -A; git commit -q -m x; git branch -f after",
	   c->script);
	assert_int_equal(cp_repo_resolve(repo, "first", &commit, &err), 0);
	assert_int_equal(cp_repo_tree(repo, &commit, "first", &under, &err), 0);
	if (cp_overlay_tree(under, c->files, c->n, &tree, &err) < 0)
		fail_msg("%s: %s", c->name, err.message);
	want = root_of("after");
	if (!cp_oid_eq(&tree->root, &want))
		fail_msg("%s: another tree than git's", c->name);
	for (size_t i = 0; i < c->n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(1000);
		int r = cp_tree_read_path(tree, c->files[i].path, &text, &err);

		if (c->files[i].removed)
			assert_int_equal(r, CP_ENOTFOUND);
		else
			assert_true(r == 0 && cp_str_eq(cp_buf_str(&text), c->files[i].content));
	}
	cp_tree_free(tree);
	cp_tree_free(under);
}

static void test_ids(void **state)
{
	const struct overlay_case cases[] = {
		{"a file changes", "echo 2 >d/a", {file("d/a", "2\n")}, 1},
		{"in the root", "echo 2 >z", {file("z", "2\n")}, 1},
		{"new folders",
		 "mkdir -p n/m; echo 1 >n/m/x; echo 2 >n/y",
		 {file("n/y", "2\n"), file("n/m/x", "1\n")},
		 2},
		{"the last of a folder goes, and with it the folder",
		 "rm -r d/e",
		 {gone("d/e/f")},
		 1},
		{"names that sort around folders",
		 "echo 1 >d.x; echo 2 >d-x; echo 3 >d0",
		 {file("d0", "3\n"), file("d.x", "1\n"), file("d-x", "2\n")},
		 3},
		{"a file for a folder", "rm -r d; echo 1 >d", {file("d", "1\n")}, 1},
		{"a folder for a file",
		 "rm z; mkdir z; echo 1 >z/z",
		 {gone("z"), file("z/z", "1\n")},
		 2},
		{"a program",
		 "echo 2 >p; chmod +x p",
		 {{.path = CP_S_INIT("p"), .kind = CP_ENTRY_EXEC, .content = CP_S_INIT("2\n")}},
		 1},
		{"a link",
		 "ln -s d/a l",
		 {{.path = CP_S_INIT("l"), .kind = CP_ENTRY_SYMLINK, .content = CP_S_INIT("d/a")}},
		 0},
	};
	struct cp_repo *repo;

	(void)state;
	sh("git init -q repo; cd repo; mkdir -p d/e; echo 1 >d/a; echo 1 >d/e/f; echo 1 >z; echo 1 >p; git add -A; git commit -q -m first; git branch first");
	repo = open_repo("repo");
	for (size_t i = 0; i < CP_LEN(cases); i++)
		if (cases[i].n)
			check(&cases[i], repo);
	cp_repo_free(repo);
}

/* What overlays of different commits have alike is equal: the same folder over the same files. */
static void test_equal_parts(void **state)
{
	struct cp_tree *a = cp_memory_tree_new(), *b = cp_memory_tree_new(), *x, *y;
	struct cp_overlay_file f = file("d/new", "1");
	struct cp_entry ex, ey;
	struct cp_err err = {0};

	(void)state;
	cp_memory_tree_add(a, CP_S("d/old"), CP_ENTRY_FILE, CP_S("o"));
	cp_memory_tree_add(b, CP_S("d/old"), CP_ENTRY_FILE, CP_S("o"));
	cp_memory_tree_add(b, CP_S("other"), CP_ENTRY_FILE, CP_S("o"));
	assert_int_equal(cp_overlay_tree(a, &f, 1, &x, &err), 0);
	assert_int_equal(cp_overlay_tree(b, &f, 1, &y, &err), 0);
	assert_int_equal(cp_tree_find(x, CP_S("d"), &ex, &err), 0);
	assert_int_equal(cp_tree_find(y, CP_S("d"), &ey, &err), 0);
	assert_true(cp_oid_eq(&ex.oid, &ey.oid));
	assert_false(cp_oid_eq(&x->root, &y->root));
	cp_tree_free(x);
	cp_tree_free(y);
	cp_tree_free(a);
	cp_tree_free(b);
}

static void test_refused(void **state)
{
	struct cp_overlay_file twice[] = {file("a", "1"), file("a", "2")},
			       both[] = {file("a", "1"), file("a/b", "2")},
			       none[] = {file("", "1")};
	struct cp_tree *under = cp_memory_tree_new(), *tree;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_overlay_tree(under, twice, 2, &tree, &err), CP_EINVAL);
	assert_int_equal(cp_overlay_tree(under, both, 2, &tree, &err), CP_EINVAL);
	assert_int_equal(cp_overlay_tree(under, none, 1, &tree, &err), CP_EINVAL);
	cp_tree_free(under);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids),
					   cmocka_unit_test(test_equal_parts),
					   cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
