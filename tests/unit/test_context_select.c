/*
 * context/: selections compared, visited, resolved. Expected verdicts were checked against
 * cache/contenthash.
 */
#include "context_fixture.h"

/* ---- plain paths and lists ---- */

static void test_plain(void **state)
{
	static const struct compare_case cases[] = {
		{"a=1;d/b=2", 0, "a=1;d/b=3", 0, "/a", 0, "equal"},
		{"a=1;d/b=2", 0, "a=1;d/b=3", 0, "/d/b", 0, "different ~d/b"},
		{"a=1;d/b=2", 0, "a=1;d/b=3", 0, "/", 0, "different ~d/b"},
		{"a=1;d/b=2;d/x=9", 0, "c=1;d/b*2", 0, "/", 0, "different -a +c md/b -d/x"},
		{"a=1", 0, "a*1", 0, "/a", 0, "different ma"},
		/* neither name nor place counts */
		{"a=1;d/a=1", 0, 0, 0, "/a", "/d/a", "equal"},
		{"a=1", 0, "x/y/a=1", 0, "/a", "/x/y/a", "equal"},
		{"d/a=1", 0, "e/a=1", 0, "/d", "/e", "equal"},
		{"d/a=1", 0, "d/b=1", 0, "/d", 0, "different -d/a +d/b"},
		/* links */
		{"a=1;l>b;b=2", 0, "a=1;l>a;b=2", 0, "/l", 0, "different ~a"},
		{"a=1;l>a", 0, "a=1;l=1", 0, "/l", 0, "equal"},
		{"a=1;l>a", 0, "a=1;l=1", 0, "!/l", 0, "different ~l"},
		{"a=1;b=1;l>a", 0, "a=1;b=1;l>b", 0, "/l", 0, "equal"},
		{"a=1;b=1;d/l>../a", 0, "a=1;b=1;d/l>../b", 0, "/d", 0, "different ~d/l"},
		{"d/a=1;l>d", 0, "d/a=2;l>d", 0, "/l/a", 0, "different ~d/a"},
		{"d/a=1;l>/d/../d", 0, "e/a=1;l>e/./", 0, "!/l/a", 0, "equal"},
		{"d/a=1;l>nowhere/../d", 0, "d/a=1;l>../../d", 0, "/l", 0, "equal"},
		{"l>l;a=1", 0, "l>a;a=1", 0, "/l", 0, "different +a"},
		{"a=1", 0, "b=1", 0, "/a", 0, "different -a missing a"},
		{"b=1", 0, "a=1", 0, "/a", 0, "different +a"},
		{"a=1", 0, "a=1", 0, "/b", 0, "different -b missing b"},
		{"a=1", 0, "a/b=1", 0, "/a", 0, "different ~a"},
		/* submodules and empty folders */
		{"d/m@1;a=1", 0, "d/m@2;a=1", 0, "/", 0, "equal"},
		{"d/m@1;a=1", 0, "d/m/;a=1", 0, "/d", 0, "equal"},
		{"d/m@1", 0, "d/n@1", 0, "/d", 0, "different -d/m +d/n"},
		{"d/m/x=1", 0, "d/m@1", 0, "/d", 0, "different -d/m/x"},
		/* ignore rules count through what they leave */
		{"a=1;b=2", "b", "a=1;b=3", "b", "/", 0, "equal"},
		{"a=1;b=2", "b", "a=1;b=2", "c", "/", 0, "different +b"},
		{"a=1;b=2", "b", "a=1;b=2", "*\n!a", "/", 0, "equal"},
		{"a=1;d/x=1", "d/x", "a=1;e/x=1;d/x=1", "**/x", "/", 0, "different +e"},
		{"a=1;d/x=1", "**/x", "a=1", "**/x", "/", 0, "different -d"},
		{"a=1;d/x=1", "**\n!a", "a=1;e/x=1", "**\n!a", "/", 0, "equal"},
		{"d/x=1;d/y=1", "**/x", "d/x=1;d/y=1", "**/y", "/d", 0, "different +d/x -d/y"},
		{"d/x=1;d/y=1", "d/x", "d/x=1;d/y=1", "d/y", "/", 0, "different +d/x -d/y"},
		{"a=1;d/e/x=1;d/e/y=1", "d/e/y", "a=1;d/e/x=1;d/e/y=2", "d/*/y", "/d", 0, "equal"},
	};

	(void)state;
	run_cases(cases, CP_LEN(cases));
}

static void test_lists(void **state)
{
	static const struct compare_case cases[] = {
		/*
		 * wildcards: the names that match count, unless the only one is the selector's own
		 * base name
		 */
		{"a.txt=1;b.txt=2", 0, "a.txt=1;c.txt=2", 0, "/*.txt", 0,
		 "different -b.txt +c.txt"},
		{"a.txt=1;b=2", 0, "a.txt=1;b=3", 0, "/*.txt", 0, "equal"},
		{"a.txt=1", 0, "b.txt=1", 0, "/*.txt", 0, "different -a.txt +b.txt"},
		{"x/f=1", 0, "y/f=1", 0, "/*/f", 0, "equal"},
		{"x/f=1", 0, "y/f=1", 0, "/*/f", "/y/f", "equal"},
		{"x/f=1;z/f=1", 0, "y/f=1;z/f=1", 0, "/*/f", 0, "different -x/f +y/f"},
		{"x/f=1", 0, "y/g=1", 0, "/*/f", "/*/g", "equal"},
		{"a=1", 0, "a=2", 0, "/*.txt", 0, "equal"},
		{"a=1", 0, "a.txt=2", 0, "/*.txt", 0, "different +a.txt"},
		{"d1/a=1", 0, "d1/a=1;d1/b=1", 0, "/d*", 0, "different +d1/b"},
		{"d/e/a=1;d/e/b=1;x=1", 0, "d/e/a=1;d/e/b=1;x=2", 0, "/d/*", 0, "equal"},
		{"d/a.txt=1;d/b=1", 0, "e/a.txt=1;e/b=2", 0, "/d/*.txt", "/e/*.txt", "equal"},
		{"l>d;d/a.txt=1", 0, "l/a.txt=1", 0, "/l/*.txt", 0, "equal"},
		/* links at the top of a match are followed, those further down are not */
		{"a.l>x;x=1", 0, "a.l=1;x=1", 0, "/*.l", 0, "equal"},
		{"a.l>x;x=1", 0, "a.l>x;x=2", 0, "/*.l", 0, "different ~x"},
		{"a.l>x;x=1", 0, "a.l>x;x=2", 0, "!/*.l", 0, "equal"},
		{"d/l>../x;x=1", 0, "d/l>../x;x=2", 0, "/d*", 0, "equal"},
		{"a.l>x", 0, "a.l>x", 0, "/*.l", 0, "different -a.l missing a.l"},
		/* include and exclude */
		{"d/a=1;d/b=1", 0, "d/a=1;d/b=2", 0, "/d -b", 0, "equal"},
		{"d/a=1;d/b=1", 0, "d/a=1;d/b=2", 0, "/d +b", 0, "different ~d/b"},
		{"d/a=1;d/b=1", 0, "d/a=2;d/b=1", 0, "/d +b", 0, "equal"},
		{"d/s/a.go=1;d/t/x=1", 0, "d/s/a.go=1;d/u/x=1", 0, "/d +**/*.go", 0, "equal"},
		{"d/s/a.go=1;d/t/x=1", 0, "d/s/a.go=1;d/t/b.go=1", 0, "/d +**/*.go", 0,
		 "different +d/t/b.go"},
		{"d/x=1", 0, "d/x=1;d/e/y=1", 0, "/d -**/y", 0, "different +d/e"},
		{"d/x=1;d/e/y=1", 0, "d/x=1", 0, "/d -e", 0, "equal"},
		{"x=1;y=1", 0, "x=1;y=2", 0, "/ -y", 0, "equal"},
		{"x=1;l>x", 0, "x=1;l=1", 0, "/ -y", 0, "equal"},
		{"x=1;d/l>../x", 0, "x=1;d/l=1", 0, "/ -y", 0, "different ~d/l"},
		{"x=1", 0, "y=2", 0, "/d -y", 0, "equal"},
		{"x1/a/b=1;x1/c=1", 0, 0, 0, "/x* -a/b", "/ -a/b", "different +x1/a/b"},
		{"d/x=1;d/y=1", 0, 0, 0, "/d -x", "/d -y", "different +d/x -d/y"},
		{"d/e/x=1;d/e/y=1", 0, 0, 0, "/d -e/x", "/d -e/y", "different +d/e/x -d/e/y"},
		{"d/e/x=1", 0, 0, 0, "/d +e", "/d", "different ~d"},
		/* the pre-image of a flat folder is that of a list */
		{"l>d;d/a=1;d/b=2", 0, "l/a=1;l/b=2", 0, "/l -x", 0, "equal"},
		{"l>d;d/a=1;d/b=2", 0, "l/a=1;l/b=3", 0, "/l -x", 0, "different ~l"},
		{"l>d;d/a=1;d/e/b=2", 0, "l/a=1;l/e/b=2", 0, "/l -x", 0, "different ~l"},
		{"d/a=1", 0, 0, 0, "/d", "/d -x", "equal"},
		{"l>d;d/a=1;d/x=2", 0, "l>d;d/a=1;d/x=3", 0, "/l -x", 0, "different ~d/x"},
		{"l>d;d/a=1", 0, "l>d;d/a=2", 0, "/l +a", 0, "equal"},
	};

	(void)state;
	run_cases(cases, CP_LEN(cases));
}

static void test_several_selectors(void **state)
{
	struct both x = both_of("a=1;b=2", NULL, "a=1;b=3;c=4", NULL);
	struct cp_selector sels[] = {selector_of(x.a, "/b"), selector_of(x.a, "/c"),
				     selector_of(x.a, "/")};
	struct cp_comparison c;

	(void)state;
	assert_int_equal(cp_selection_compare(x.a, x.fa, sels, x.fb, sels, 3, &c, NULL), 0);
	assert_string_equal(show_comparison(x.a, &c), "different ~b +c");
	assert_int_equal(c.n_changes_total, 2);
	assert_int_equal(cp_selection_compare(x.a, x.fa, sels, x.fb, sels, 0, &c, NULL), 0);
	assert_string_equal(show_comparison(x.a, &c), "equal");
	free_both(&x);
}

static void test_many_changes(void **state)
{
	cp_auto_buf struct cp_buf spec = CP_BUF_INIT(1 << 16);
	struct both x;
	struct cp_selector sel;
	struct cp_comparison c;

	(void)state;
	for (int i = 0; i < 100; i++)
		cp_buf_printf(&spec, "%sd/f%02d=%d", i ? ";" : "", i, i);
	x = both_of("a=1", NULL, spec.p, NULL);
	sel = selector_of(x.a, "/");
	assert_int_equal(cp_selection_compare(x.a, x.fa, &sel, x.fb, &sel, 1, &c, NULL), 0);
	assert_int_equal(c.n_changes, CP_MAX_CAUSE_PATHS);
	assert_int_equal(c.n_changes_total, 101);
	assert_true(cp_str_eq(c.changes[0].path, S("a")));
	assert_true(cp_str_eq(c.changes[1].path, S("d/f00")));
	free_both(&x);
}

/* ---- what is not there, and what it costs ---- */

/* A tree that counts what it is asked, and lacks one object. */
struct counting_tree {
	struct cp_tree base;
	struct cp_tree *under;
	struct cp_oid missing;
	size_t lists, reads;
};

static int counting_list(struct cp_tree *t, const struct cp_oid *oid, const struct cp_dir **ret,
			 struct cp_err *err)
{
	struct counting_tree *c = (struct counting_tree *)t;

	c->lists++;
	if (c->missing.n && cp_oid_eq(&c->missing, oid)) {
		cp_err_set(err, CP_ENOTFOUND, "object is missing");
		cp_err_hint(err, "git fetch --unshallow");
		return CP_ENOTFOUND;
	}
	return cp_tree_list(c->under, oid, ret, err);
}

static int counting_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			 struct cp_err *err)
{
	struct counting_tree *c = (struct counting_tree *)t;

	c->reads++;
	return cp_tree_read(c->under, oid, out, err);
}

static const struct cp_tree_ops counting_ops = {counting_list, counting_read, NULL, NULL};

static struct counting_tree counting_of(struct cp_tree *under)
{
	return (struct counting_tree){
		.base = {.ops = &counting_ops, .root = under->root, .name = CP_S("t")},
		.under = under};
}

static void test_missing_object(void **state)
{
	struct both x = both_of("a=1;d/e/b=1;f/c=1", NULL, "a=1;d/e/b=2;f/c=1", NULL);
	struct counting_tree t = counting_of(x.tb);
	struct cp_selector sel = selector_of(x.a, "/"), file = selector_of(x.a, "/d/e/b"),
			   other = selector_of(x.a, "/f");
	struct cp_selector wild = selector_of(x.a, "/d/e/*");
	struct cp_entry e;
	struct cp_comparison c;

	(void)state;
	assert_int_equal(cp_tree_find(x.tb, S("d/e"), &e, NULL), 0);
	t.missing = e.oid;
	x.fb = context_of(x.a, &t.base, NULL);
	assert_int_equal(cp_selection_compare(x.a, x.fa, &sel, x.fb, &sel, 1, &c, NULL), 0);
	assert_int_equal(c.equality, CP_UNSURE);
	assert_string_equal(c.hint.p, "git fetch --unshallow");
	assert_true(cp_str_find_str(c.why, S("missing"), 0) < c.why.n);
	assert_int_equal(cp_selection_compare(x.a, x.fa, &file, x.fb, &file, 1, &c, NULL), 0);
	assert_int_equal(c.equality, CP_UNSURE);
	assert_int_equal(cp_selection_compare(x.a, x.fa, &wild, x.fb, &wild, 1, &c, NULL), 0);
	assert_int_equal(c.equality, CP_UNSURE);
	assert_int_equal(cp_selection_compare(x.a, x.fa, &other, x.fb, &other, 1, &c, NULL), 0);
	assert_int_equal(c.equality, CP_EQUAL);
	free_both(&x);
}

/* 10,000 files, one of them changed: only the folders on the way to it are looked at. */
static void test_cost(void **state)
{
	static const char *const rules[] = {NULL, "*.md\n.git\n**/node_modules\n",
					    "*\n!d0\n!d1\n!d2\n!d3\n!d4\n!d5\n!d6\n!d7\n!d8\n!d9\n",
					    "**/*.pyc\n!**/a.pyc\n"};
	struct cp_arena *a = cp_arena_new(1 << 28);
	struct cp_tree *ta = cp_memory_tree_new(), *tb = cp_memory_tree_new();
	struct cp_selector sels[] = {selector_of(a, "/"), selector_of(a, "/d*"),
				     selector_of(a, "/ -**/*.log"), selector_of(a, "/d1 +**/f9")};
	char path[64];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "d%d/e%d/g%d/f%d", i % 10, i / 10 % 10, i / 100 % 10,
			 i / 1000);
		assert_int_equal(cp_memory_tree_add(ta, S(path), CP_ENTRY_FILE, S(path)), 0);
		assert_int_equal(cp_memory_tree_add(tb, S(path), CP_ENTRY_FILE,
						    i == 9321 ? S("new") : S(path)),
				 0);
	}
	for (size_t i = 0; i < CP_LEN(rules); i++) {
		for (size_t k = 0; k < CP_LEN(sels); k++) {
			struct counting_tree ca = counting_of(ta), cb = counting_of(tb);
			struct cp_fs *fa = context_of(a, &ca.base, rules[i]),
				     *fb = context_of(a, &cb.base, rules[i]);
			struct cp_comparison c;

			assert_int_equal(
				cp_selection_compare(a, fa, &sels[k], fb, &sels[k], 1, &c, NULL),
				0);
			assert_string_equal(show_comparison(a, &c), "different ~d1/e2/g3/f9");
			/* lists of included files need not skip what holds less than two of them */
			assert_in_range(ca.lists + cb.lists, 6, 16);
			assert_int_equal(ca.reads + cb.reads, 0);
		}
	}
	cp_tree_free(ta);
	cp_tree_free(tb);
	cp_arena_free(a);
}

/* ---- hostile trees ---- */

static void test_deep_tree(void **state)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	static const char *const rules[] = {NULL, "**/x", "**\n!**/f"};

	(void)state;
	for (int i = 0; i < 1500; i++)
		cp_buf_addz(&path, "d/");
	cp_buf_addz(&path, "f");
	for (size_t i = 0; i < CP_LEN(rules); i++) {
		struct both x = {.a = cp_arena_new(1 << 28),
				 .ta = tree_of("a=1;f=2"),
				 .tb = tree_of("a=1;f=2")};

		assert_int_equal(cp_memory_tree_add(x.ta, cp_buf_str(&path), CP_ENTRY_FILE, S("1")),
				 0);
		assert_int_equal(cp_memory_tree_add(x.tb, cp_buf_str(&path), CP_ENTRY_FILE, S("2")),
				 0);
		x.fa = context_of(x.a, x.ta, rules[i]);
		x.fb = context_of(x.a, x.tb, rules[i]);
		/*
		 * deeper than we go: not known, not a crash; what needs no such depth is answered
		 */
		if (i < 2)
			assert_string_equal(compare(&x, "/a", "/a"), "equal");
		assert_string_equal(compare(&x, "/", "/"), "unsure");
		assert_string_equal(compare(&x, "/ -z", "/ -z"), "unsure");
		assert_string_equal(compare(&x, "/d*", "/d*"), "unsure");
		free_both(&x);
	}
}

static void test_links_everywhere(void **state)
{
	struct both x =
		both_of("a>a;b>c;c>b;d>../../..;e>/;f>d/e/d/e/a;g>;h>././.;k/l>../k/l/l", NULL,
			"a>a;b>c;c>b;d>../../..;e>/;f>d/e/d/e/a;g>;h>././.;k/l>../k/l/l;z=1", NULL);
	static const char *const sels[][2] = {
		{"/a", "different -a missing a"},
		{"/b/c", "different -b/c missing b/c"},
		{"/d", "different +z"},
		{"/d/e/d/e", "different +z"},
		{"/f", "different -f missing f"},
		{"/g", "different +z"},
		{"/h/h/h", "different +z"},
		{"/k", "equal"},
		{"/k/l", "different -k/l missing k/l"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(sels); i++) {
		const char *got = compare(&x, sels[i][0], sels[i][0]);

		if (strcmp(got, sels[i][1]) != 0)
			fail_msg("%s: want %s, got %s", sels[i][0], sels[i][1], got);
	}
	free_both(&x);
}

/* ---- visiting and resolving ---- */

static int add_visit(void *self, const struct cp_node *n, struct cp_str path)
{
	static const char kinds[] = "=>/?!";

	cp_buf_printf(self, "%.*s%c ", CP_STR(path), kinds[n->kind]);
	return 0;
}

static void test_visit(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/ a.txt= b= d/ d-x= d/c= d/e/ d/e/f.txt= l> m> "},
		{"/a.txt", "a.txt= "},
		{"/l", "d/ d/c= d/e/ d/e/f.txt= l> "},
		{"!/l", "l> "},
		{"/m", "d/e/f.txt= l> m> "},
		{"/l/c", "d/c= l> "},
		{"/*.txt", "a.txt= "},
		{"/[lm]", "d/ d/c= d/e/ d/e/f.txt= l> m> "},
		{"/d +**/*.txt", "d/ d/e/ d/e/f.txt= "},
		{"/l/*", "d/c= d/e/ d/e/f.txt= l> "},
		{"/nothing*", ""},
	};
	struct both x =
		both_of("a.txt=1;b=2;d/c=3;d/e/f.txt=4;d-x=5;l>d;m>l/e/f.txt", NULL, "a=1", NULL);
	struct cp_selector sel = selector_of(x.a, "/nothing");
	cp_auto_buf struct cp_buf none = CP_BUF_INIT(4096);
	struct cp_err err = {0};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf got = CP_BUF_INIT(4096);
		struct cp_selector s = selector_of(x.a, cases[i][0]);

		assert_int_equal(cp_selection_visit(x.a, x.fa, &s, add_visit, &got, &err), 0);
		if (strcmp(got.n ? got.p : "", cases[i][1]) != 0)
			fail_msg("%s: want %s, got %s", cases[i][0], cases[i][1],
				 got.n ? got.p : "");
	}
	assert_int_equal(cp_selection_visit(x.a, x.fa, &sel, add_visit, &none, &err), CP_ENOTFOUND);
	free_both(&x);
}

static void test_resolve(void **state)
{
	struct both x = both_of("d/c=3;l>d/;m>/l/./c;n>l/../../d/x;u>m/y", NULL, "a=1", NULL);
	static const struct {
		const char *path;
		bool follow;
		const char *real; /* NULL = not there */
	} cases[] = {
		{"/", true, "/"},     {"/d/c", true, "/d/c"},  {"/l", true, "/d"},
		{"/l", false, "/l"},  {"/l/c", false, "/d/c"}, {"/m", true, "/d/c"},
		{"/n", true, NULL},   {"/n", false, "/n"},     {"/u", true, NULL},
		{"/x/y", true, NULL}, {"/d/c/z", true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_err err = {0};
		struct cp_node n;
		struct cp_str real;
		int r = cp_fs_resolve(x.a, x.fa, S(cases[i].path), cases[i].follow, &n, &real,
				      &err);

		assert_int_equal(r, cases[i].real ? 0 : CP_ENOTFOUND);
		if (r == 0)
			assert_true(cp_str_eq(real, S(cases[i].real)));
	}
	free_both(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_several_selectors),
		cmocka_unit_test(test_many_changes),
		cmocka_unit_test(test_missing_object),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_deep_tree),
		cmocka_unit_test(test_links_everywhere),
		cmocka_unit_test(test_visit),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
