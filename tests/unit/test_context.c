/*
 * context/: ignore files, patterns, what of a tree is sent. Expected values were checked against
 * the Go libraries.
 */
#include "context_fixture.h"

/* ---- ignore files ---- */

static void test_ignore_lines(void **state)
{
	static const char *const cases[][2] = {
		{"\xEF\xBB\xBF# c\n\n  a  \r\n/b/\n!  /c/../d\n#\n #e\n./f//g/\n!\n/\n",
		 "a|b|!d|#e|f/g|!|/"},
		{"a", "a"},
		{"a\r", "a"},
		{"\xC2\xA0x\xE2\x80\x83\n..\n../y/\n", "x|..|../y"},
		{"!/\n! /x", "!/|!x"},
		{"\xFFx\xC3\xA9", "\xEF\xBF\xBDx\xC3\xA9"},
		{"", ""},
	};
	struct cp_arena *a = cp_arena_new(1 << 24);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf got = CP_BUF_INIT(4096);
		struct cp_str *lines;
		size_t n;

		assert_int_equal(cp_ignore_read(a, S(cases[i][0]), &lines, &n, NULL), 0);
		for (size_t k = 0; k < n; k++)
			cp_buf_printf(&got, "%s%.*s", k ? "|" : "", CP_STR(lines[k]));
		assert_string_equal(got.n ? got.p : "", cases[i][1]);
	}
	cp_arena_free(a);
}

static void test_ignore_limits(void **state)
{
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	cp_auto_buf struct cp_buf many = CP_BUF_INIT(1 << 24), longest = CP_BUF_INIT(1 << 20);
	struct cp_str *lines;
	struct cp_err err = {0};
	size_t n;

	(void)state;
	for (int i = 0; i < 1000000; i++)
		cp_buf_addz(&many, "x\n");
	assert_int_equal(cp_ignore_read(a, cp_buf_str(&many), &lines, &n, &err), CP_ELIMIT);
	cp_buf_addz(&longest, "ok\n");
	for (int i = 0; i < 65535; i++)
		cp_buf_addc(&longest, 'x');
	assert_int_equal(cp_ignore_read(a, cp_buf_str(&longest), &lines, &n, &err), 0);
	cp_buf_addc(&longest, 'x');
	assert_int_equal(cp_ignore_read(a, cp_buf_str(&longest), &lines, &n, &err), CP_EINVAL);
	assert_int_equal(err.line, 2);
	cp_arena_free(a);
}

/* ---- patterns ---- */

struct match_case {
	const char *patterns; /* a line each */
	const char *path;
	int want; /* 1, 0, or an error */
};

static void test_patterns(void **state)
{
	static const struct match_case cases[] = {
		{"foo", "foo", 1},
		{"foo", "foo/bar", 1},
		{"foo", "x/foo", 0},
		{"**/foo", "x/y/foo", 1},
		{"**/foo", "foo", 1},
		{"**/foo", "xfoo", 0},
		{"foo/**", "foo", 0},
		{"foo/**", "foo/x/y", 1},
		{"**", "a/b", 1},
		{"**foo", "a/xfoo", 1},
		{"*", "a", 1},
		{"*", "", 1},
		{"*.go", "a/b.go", 0},
		{"**/*.go", "b.go", 1},
		{"**/*.go", "a/b.go", 1},
		{"a**b", "axx/b", 1},
		{"a**b", "axxb", 0},
		{"a**/b", "axx/b", 1},
		{"?", "/", 0},
		{"[a-c]x", "bx", 1},
		{"[^a]x", "ax", 0},
		{"[^a]x", "/x", 1},
		{"a\\*", "a*", 1},
		{"a\\*", "ab", 0},
		{"!foo\nfoo", "foo", 1},
		{"foo\n!foo/bar", "foo/bar", 0},
		{"foo\n!foo/bar", "foo/baz", 1},
		{"*\n!a", "a/b", 0},
		/* what the escape table of patternmatcher leaves out reaches the regexp */
		{"*.{js,ts}", "a.js", 0},
		{"*.{js,ts}", "a.{js,ts}", 1},
		{"a{2}*", "aab", 1},
		{"a{2}*", "ab", 0},
		{"x*|b", "za/b", 1},
		{"a|b", "b", 0},
		{"a|b", "a|b", 1},
		/* classes and escapes of Go's regexp */
		{"[[:alpha:]]1", "q1", 1},
		{"\\d*", "7z", 1},
		{"\\pL*", "\xC3\xA9", 1},
		{"[\\pN]*", "a", 0},
		{"\\x61", "a", 1},
		{"\\141*", "ab", 1},
		{"\\bfoo*", "foo1", 1},
		{"\\Qa*", "a[^/]*$z", 1},
		{"**/b*", "a\nb/b1", 0},
		{"a?", "a\n", 1},
		{"?", "\xFF", 1},
		{"[\xEF\xBF\xBD]", "\xFF", 1},
		{"x\xFFy", "x\xFFy", 1},
		/* errors come when a pattern is tried, and only then */
		{"[z-a]", "a", CP_EINVAL},
		{"a\n[z-a]", "a", 1},
		{"\\e*", "x", CP_EINVAL},
		{"a*{2}", "a", CP_EINVAL},
		{"a{1001}*", "a", CP_EINVAL},
		{"\\p{Greek}*", "a", CP_EUNSUPPORTED},
		{"\\1*", "a", CP_EINVAL},
	};
	struct cp_arena *a = cp_arena_new(1 << 24);
	struct cp_match_info none = {NULL};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		const struct cp_patterns *p;
		struct cp_str *lines;
		struct cp_err err = {0};
		bool matched = false;
		size_t n = split_lines(a, cases[i].patterns, &lines);
		int r;

		assert_int_equal(cp_patterns_compile(a, lines, n, &p, &err), 0);
		assert_int_equal(cp_patterns_count(p), n);
		r = cp_patterns_match(a, p, S(cases[i].path), none, &matched, NULL, &err);
		if ((r < 0 ? r : matched) != cases[i].want)
			fail_msg("%s on %s: want %d, got %d %d", cases[i].patterns, cases[i].path,
				 cases[i].want, r, matched);
	}
	cp_arena_free(a);
}

static void test_bad_patterns(void **state)
{
	static const char *const cases[] = {"ok\n!", "ok\n[", "x\n\\", "a\n[]a]", "b\n[a-]"};
	struct cp_arena *a = cp_arena_new(1 << 24);
	struct cp_str *many = cp_arena_array(a, CP_MAX_IGNORE_PATTERNS + 1, sizeof(*many));
	const struct cp_patterns *p;
	struct cp_err err = {0};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_str *lines;
		size_t n = split_lines(a, cases[i], &lines);

		assert_int_equal(cp_patterns_compile(a, lines, n, &p, &err), CP_EINVAL);
		assert_int_equal(err.line, 2);
	}
	assert_int_equal(cp_patterns_compile(a, many, CP_MAX_IGNORE_PATTERNS + 1, &p, &err),
			 CP_ELIMIT);
	cp_arena_free(a);
}

/* Time must not explode: each of these would take for ever in a matcher that goes back. */
static void test_patterns_are_linear(void **state)
{
	cp_auto_buf struct cp_buf stars = CP_BUF_INIT(1 << 20), name = CP_BUF_INIT(1 << 20);
	struct cp_arena *a = cp_arena_new(1 << 28);
	struct cp_match_info none = {NULL};
	const struct cp_patterns *p;
	struct cp_str line;
	bool matched = true;

	(void)state;
	for (int i = 0; i < 2000; i++)
		cp_buf_addz(&stars, "**/*a*");
	cp_buf_addc(&stars, 'b');
	for (int i = 0; i < 4000; i++)
		cp_buf_addz(&name, "a");
	line = cp_buf_str(&stars);
	assert_int_equal(cp_patterns_compile(a, &line, 1, &p, NULL), 0);
	assert_int_equal(cp_patterns_match(a, p, cp_buf_str(&name), none, &matched, NULL, NULL), 0);
	assert_false(matched);
	assert_int_equal(cp_path_match(line, cp_buf_str(&name), &matched), 0);
	assert_false(matched);
	cp_arena_free(a);
}

static void test_reach_below(void **state)
{
	static const struct match_case cases[] = {
		{"*.md", "src", 0},           {"src/*.md", "src", 1},
		{"src/*.md", "src/a", 0},     {"src/*.md", "srcx", 0},
		{"docs", "src", 0},           {"docs", "docs", 0},
		{"docs\n!docs/a", "docs", 1}, {"docs\n!src/a", "docs", 0},
		{"**/x", "src", 1},           {"src/**", "src", 1},
		{"src/**", "src/a", 0},       {"!src/a", "src", 0},
		{"src/a/b", "src", 1},        {"src/a/b", "src/a", 1},
		{"src/a/b", "src/a/b", 0},    {"[z-a]", "src", 1},
		{"a*|b*", "src", 1},          {"x?z/q", "xyz", 1},
		{"x?z/q", "xy", 0},
	};
	struct cp_arena *a = cp_arena_new(1 << 24);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_match_info info = {NULL};
		const struct cp_patterns *p;
		struct cp_str *lines, path = S(cases[i].path);
		size_t n = split_lines(a, cases[i].patterns, &lines);
		bool matched, ok = true;

		assert_int_equal(cp_patterns_compile(a, lines, n, &p, NULL), 0);
		for (size_t k = 1; k <= path.n; k++)
			if (k == path.n || path.p[k] == '/')
				ok = ok && cp_patterns_match(a, p, cp_str_sub(path, 0, k), info,
							     &matched, &info, NULL) == 0;
		if (ok && cp_patterns_reach_below(p, path, info) != (cases[i].want != 0))
			fail_msg("%s below %s: want %d", cases[i].patterns, cases[i].path,
				 cases[i].want);
	}
	cp_arena_free(a);
}

static void test_path_match(void **state)
{
	static const struct match_case cases[] = {
		{"abc", "abc", 1},
		{"*", "abc", 1},
		{"*c", "abc", 1},
		{"a*", "ab/c", 0},
		{"a*/b", "a/c/b", 0},
		{"a*b?c*x", "abxbbxdbxebxczzx", 1},
		{"ab[c]", "abc", 1},
		{"ab[^c]", "abc", 0},
		{"ab[b-d]", "abc", 1},
		{"a[!a]b", "a!b", 1},
		{"a[^a]b",
		 "a\xE2\x98\xBA"
		 "b",
		 1},
		{"a???b",
		 "a\xE2\x98\xBA"
		 "b",
		 0},
		{"[a-z]*", "\xCE\xB1", 0},
		{"*[a-z]",
		 "\xCE\xB1"
		 "b",
		 1},
		{"a?b", "a/b", 0},
		{"a[^x]b", "a/b", 1},
		{"[\\]a]", "]", 1},
		{"[\\-x]", "-", 1},
		{"[]a]", "]", CP_EINVAL},
		{"[-]", "-", CP_EINVAL},
		{"[x-]", "x", CP_EINVAL},
		{"\\", "a", CP_EINVAL},
		{"[a-b-c]", "a", CP_EINVAL},
		{"[", "a", CP_EINVAL},
		{"a[", "x", CP_EINVAL},
		{"a/b[", "x", CP_EINVAL},
		{"*x", "xxx", 1},
		{"", "", 1},
		{"", "a", 0},
		{"**", "ab", 1},
		{"\\*", "*", 1},
		{"[\xFF]", "a", CP_EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		bool matched = false;
		int r = cp_path_match(S(cases[i].patterns), S(cases[i].path), &matched);

		if ((r < 0 ? r : matched) != cases[i].want)
			fail_msg("%s on %s: want %d, got %d %d", cases[i].patterns, cases[i].path,
				 cases[i].want, r, matched);
	}
}

/* ---- what is sent ---- */

static void show_dir(struct cp_fs *fs, const struct cp_node *dir, struct cp_buf *out)
{
	static const char kinds[] = "=>/?!";
	const struct cp_listing *l;
	struct cp_err err = {0};

	assert_int_equal(fs->ops->list(fs, dir, &l, &err), 0);
	for (size_t i = 0; i < l->n_children; i++) {
		const struct cp_node *n = &l->children[i].node;
		struct cp_node again;
		bool found;

		assert_int_equal(fs->ops->child(fs, dir, l->children[i].name, &again, &found, &err),
				 0);
		assert_true(found && again.kind == n->kind &&
			    cp_digest_eq(&again.identity, &n->identity));
		cp_buf_printf(out, "%.*s%s%c ", CP_STR(n->path),
			      n->mode == 0755 && n->kind == CP_NODE_FILE ? "*" : "",
			      kinds[n->kind]);
		if (n->kind == CP_NODE_DIR)
			show_dir(fs, n, out);
	}
}

static void test_filter(void **state)
{
	static const char *const cases[][3] = {
		{"a=1;d/b*2;d/e/c=3;l>a;m@", NULL, "a= d/ d/b*= d/e/ d/e/c= l> m/ "},
		{"a=1;d/b=2;d/e/c=3", "d", "a= "},
		{"a=1;d/b=2;d/e/c=3", "d/**", "a= d/ "},
		{"a=1;d/b=2;d/e/c=3", "d\n!d/e", "a= d/ d/e/ d/e/c= "},
		{"a=1;d/b=2;d/e/c=3", "**\n!**/c", "d/ d/e/ d/e/c= "},
		{"a=1;d/b=2;d/e/c=3", "*\n!a", "a= "},
		{"d/b=2;d/e/c=3", "**/c", "d/ d/b= d/e/ "},
		{"d/b=2;d/e/c=3", "*\n!d/x", ""},
		{"d/b=2;d/m@", "d\n!d/m", "d/ d/m/ "},
		{"a\nb/c=1;\xFF=2;x=3", "\xFF\n?", "a\nb/ a\nb/c= "},
		{"\xFF=2", "\xFF", "\xFF= "}, /* the pattern is U+FFFD when it arrives */
		{".dockerignore=x;Dockerfile=y", "Dockerfile\n.dockerignore", ""},
		{"a=1", "", "a= "},
		{"", NULL, ""},
	};
	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_arena *a = cp_arena_new(1 << 24);
		struct cp_tree *t = tree_of(cases[i][0]);
		cp_auto_buf struct cp_buf got = CP_BUF_INIT(4096);
		struct cp_fs *fs = context_of(a, t, cases[i][1]);

		show_dir(fs, &fs->root, &got);
		assert_string_equal(got.n ? got.p : "", cases[i][2]);
		cp_tree_free(t);
		cp_arena_free(a);
	}
}

static void test_context_root(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 24);
	struct cp_tree *t = tree_of("x/y/a=1;x/b=2;f=3");
	struct cp_context_options o = {.root = CP_S("x/y")};
	cp_auto_buf struct cp_buf got = CP_BUF_INIT(4096);
	struct cp_fs *fs;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_context_new(a, t, &o, &fs, &err), 0);
	show_dir(fs, &fs->root, &got);
	assert_string_equal(got.p, "a= ");
	o.root = CP_S("x/z");
	assert_int_equal(cp_context_new(a, t, &o, &fs, &err), CP_ENOTFOUND);
	o.root = CP_S("f");
	assert_int_equal(cp_context_new(a, t, &o, &fs, &err), CP_ENOTFOUND);
	cp_tree_free(t);
	cp_arena_free(a);
}

/* ---- .git ---- */

static void test_git_dir(void **state)
{
	static const char *const cases[][2] = {
		{"", "different git ~.git/index ~.git/logs/HEAD ~.git/logs/refs/heads/main "
		     "~.git/logs/refs/remotes/origin/HEAD "
		     "~.git/objects/pack/pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.idx "
		     "~.git/objects/pack/pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.pack"},
		{".git", "equal"},
		{".git/", "equal"},
		{"**/.git", "equal"},
		{"**/.git*", "equal"},
		{".git/*", "equal"},
		{".git/**", "equal"},
		{"*\n!a", "equal"},
		{".git\n!.git/HEAD", "unsure"},
		{".git/*\n!.git/HEAD", "unsure"},
		{".git\n!.git/index", "different git ~.git/index"},
		{".git\n!.git/refs/heads/feature-1", "unsure"},
		{".git\n!.git/objects",
		 "different git "
		 "~.git/objects/pack/pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.idx "
		 "~.git/objects/pack/pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.pack"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct both x = both_of("a=1;.gitignore=x", NULL, "a=1;.gitignore=x", NULL);
		struct cp_context_options o = {
			.root = CP_S(""), .git_dir = true, .ignore = rules_of(x.a, cases[i][0])};
		const char *got;

		o.checkout = cp_digest_of("a", 1);
		assert_int_equal(cp_context_new(x.a, x.ta, &o, &x.fa, NULL), 0);
		o.checkout = cp_digest_of("b", 1);
		assert_int_equal(cp_context_new(x.a, x.tb, &o, &x.fb, NULL), 0);
		got = compare(&x, "/", "/");
		if (strcmp(got, cases[i][1]) != 0)
			fail_msg("%s: want %s, got %s", cases[i][0], cases[i][1], got);
		assert_string_equal(compare(&x, "/a", "/a"), "equal");
		if (i == 0)
			assert_string_equal(compare(&x, "/.git/refs/heads/any/thing",
						    "/.git/refs/heads/any/thing"),
					    "unsure");
		if (i == 1)
			assert_string_equal(compare(&x, "/.git/HEAD", "/.git/HEAD"),
					    "different -.git/HEAD missing .git/HEAD");
		free_both(&x);
	}
}

static void test_git_dir_and_more(void **state)
{
	struct both x = both_of("a=1", NULL, "a=2", NULL);
	struct cp_context_options o = {
		.root = CP_S(""), .git_dir = true, .ignore = rules_of(x.a, ".git\n!.git/index")};

	(void)state;
	o.checkout = cp_digest_of("a", 1);
	assert_int_equal(cp_context_new(x.a, x.ta, &o, &x.fa, NULL), 0);
	o.checkout = cp_digest_of("b", 1);
	assert_int_equal(cp_context_new(x.a, x.tb, &o, &x.fb, NULL), 0);
	assert_string_equal(compare(&x, "/", "/"), "different ~.git/index ~a");
	assert_string_equal(compare(&x, "/.git/index", "/.git/index"), "different git ~.git/index");
	free_both(&x);
}

/* ---- checkout conversions ---- */

static void test_conversions(void **state)
{
	static const struct compare_case cases[] = {
		{".gitattributes=*.bat eol=crlf;a.bat=x\n", 0,
		 ".gitattributes=*.bat eol=crlf;a.bat=y\n", 0, "/a.bat", 0, "different ~a.bat"},
		{".gitattributes=*.bat eol=crlf;a.bat=x\n", 0, "a.bat=x\r\n", 0, "/a.bat", 0,
		 "equal"},
		{".gitattributes=*.bat eol=crlf;a.bat=x\n", 0, "a.bat=x\n", 0, "/a.bat", 0,
		 "different ~a.bat"},
		{".gitattributes=*.bat eol=crlf;d/a.bat=x\n", 0, "d/a.bat=x\n", 0, "/d", 0,
		 "different ~d/a.bat"},
		{".gitattributes=* text=auto;d/a.bat=x\n", 0, "d/a.bat=x\n", 0, "/d", 0, "equal"},
		{".gitattributes=*.bat eol=crlf;d/a.bat=x\n", ".gitattributes", "d/a.bat=x\r\n", 0,
		 "/", 0, "equal"},
		{".gitattributes=*.x filter=secret;a.x=1;b=1", 0,
		 ".gitattributes=*.x filter=secret;a.x=1;b=1", 0, "/a.x", 0, "equal"},
		{".gitattributes=*.x filter=secret;a.x=1;b=1", 0,
		 ".gitattributes=*.x filter=secret;a.x=2;b=1", 0, "/a.x", 0, "unsure"},
		{".gitattributes=*.x filter=secret;a.x=1;b=1", 0,
		 ".gitattributes=*.x filter=secret;a.x=2;b=2", 0, "/", 0, "different ~b"},
		{"d/.gitattributes=*.x filter=secret;d/a.x=1", 0,
		 "d/.gitattributes=*.y filter=secret;d/a.x=1", 0, "/d/a.x", 0, "unsure"},
	};

	(void)state;
	run_cases(cases, CP_LEN(cases));
}

static void test_lfs(void **state)
{
	static const char a[] =
		"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n";
	static const char b[] =
		"version https://git-lfs.github.com/spec/v1\noid sha256:bb\nsize 1\n";
	static const char a_too[] = "version https://git-lfs.github.com/spec/v1\next-0-x "
				    "sha256:00\noid sha256:aa\nsize 1\n";
	static const char attributes[] = "*.bin filter=lfs";
	static const struct {
		const char *a, *b, *want;
	} cases[] = {{a, a, "equal"},
		     {a, b, "different ~f.bin"},
		     {a, a_too, "unsure"},
		     {a, "raw", "unsure"},
		     {"raw", "wet", "different ~f.bin"}};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct both x = {.a = cp_arena_new(1 << 24),
				 .ta = cp_memory_tree_new(),
				 .tb = cp_memory_tree_new()};

		cp_memory_tree_add(x.ta, S(".gitattributes"), CP_ENTRY_FILE, S(attributes));
		cp_memory_tree_add(x.tb, S(".gitattributes"), CP_ENTRY_FILE, S(attributes));
		cp_memory_tree_add(x.ta, S("f.bin"), CP_ENTRY_FILE, S(cases[i].a));
		cp_memory_tree_add(x.tb, S("f.bin"), CP_ENTRY_FILE, S(cases[i].b));
		x.fa = context_of(x.a, x.ta, NULL);
		x.fb = context_of(x.a, x.tb, NULL);
		assert_string_equal(compare(&x, "/f.bin", "/f.bin"), cases[i].want);
		free_both(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ignore_lines),
		cmocka_unit_test(test_ignore_limits),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_patterns_are_linear),
		cmocka_unit_test(test_reach_below),
		cmocka_unit_test(test_path_match),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_context_root),
		cmocka_unit_test(test_git_dir),
		cmocka_unit_test(test_git_dir_and_more),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_lfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
