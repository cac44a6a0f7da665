/* repo/: .gitattributes and what git does to files at checkout. Expected values: git 2.39, `git check-attr --cached` and clones. */
#include "git_fixture.h"

static const char *const kinds[] = {"none", "crlf", "crlf-auto", "ident", "filter", "encoding"};

struct attributes_file {
	const char *folder, *text;
};

static struct cp_tree *attributes_tree(const struct attributes_file *files, size_t n)
{
	struct cp_tree *t = cp_memory_tree_new();

	assert_non_null(t);
	for (size_t i = 0; i < n && files[i].text; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s.gitattributes", files[i].folder,
			 files[i].folder[0] ? "/" : "");
		assert_int_equal(cp_memory_tree_add(t, cp_str_c(path), CP_ENTRY_FILE,
						    cp_str_c(files[i].text)),
				 0);
	}
	return t;
}

/* "kind" or "kind:detail" of a path. */
static void assert_conversion(struct cp_attributes *at, const char *path, const char *want)
{
	struct cp_conversion c = {0};
	struct cp_err err = {0};
	char got[256];

	assert_int_equal(cp_attributes_of(at, cp_str_c(path), &c, &err), 0);
	snprintf(got, sizeof(got), "%s%s%.*s", kinds[c.kind], c.detail.n ? ":" : "",
		 CP_STR(c.detail));
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, want %s", path, got, want);
}

static void assert_rules(const struct attributes_file *files, size_t n,
			 const char *const (*cases)[2], size_t n_cases)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_tree *t = attributes_tree(files, n);
	struct cp_attributes *at = NULL;

	assert_int_equal(cp_attributes_new(a, t, &at, NULL), 0);
	assert_non_null(at);
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < n_cases; i++)
			assert_conversion(at, cases[i][0], cases[i][1]);
	cp_tree_free(t);
	cp_arena_free(a);
}

/* One file with one line. */
static void test_values(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"", "none"},
		{"* text", "none"},
		{"* text=auto", "none"},
		{"* eol=lf", "none"},
		{"* text eol=lf", "none"},
		{"* eol=crlf", "crlf"},
		{"* text eol=crlf", "crlf"},
		{"* text=auto eol=crlf", "crlf-auto"},
		{"* text=input eol=crlf", "crlf"},
		{"* text=other eol=crlf", "crlf"},
		{"* -text eol=crlf", "none"},
		{"* !text eol=crlf", "crlf"},
		{"* eol=crlf binary", "none"},
		{"* binary text eol=crlf", "crlf"},
		{"* text binary eol=crlf", "none"},
		{"* eol=CRLF", "none"},
		{"* eol", "none"},
		{"* crlf eol=crlf", "crlf"},
		{"* -crlf eol=crlf", "none"},
		{"* crlf=auto eol=crlf", "crlf-auto"},
		{"* crlf=auto text eol=crlf", "crlf"},
		{"* ident", "ident"},
		{"* ident=x", "none"},
		{"* ident text eol=crlf", "crlf:ident"},
		{"* ident text=auto eol=crlf", "crlf-auto:ident"},
		{"* -ident text eol=crlf", "crlf"},
		{"* filter=lfs diff=lfs merge=lfs -text", "filter:lfs"},
		{"* filter", "none"},
		{"* -filter", "none"},
		{"* filter=git-crypt ident", "filter:git-crypt"},
		{"* working-tree-encoding=UTF-16LE eol=crlf", "encoding:UTF-16LE"},
		{"* working-tree-encoding=utf-8 eol=crlf", "crlf"},
		{"* working-tree-encoding=UTF8", "none"},
		{"* working-tree-encoding", "encoding"},
		{"* -working-tree-encoding", "encoding"},
		{"* !working-tree-encoding", "none"},
		{"* working-tree-encoding=", "none"},
		{"* eol=crlf bad@name", "none"},
		{"* eol=crlf -", "none"},
		{"* eol=crlf =x", "none"},
		{"* eol=lf eol=crlf", "crlf"},
		{"* eol=crlf eol=lf", "none"},
		{"# * eol=crlf", "none"},
		{"!* eol=crlf", "none"},
		{"\t * \t eol=crlf\r", "crlf"},
		{"\xef\xbb\xbf* eol=crlf", "none"},
		{"[attr]m eol=crlf\n* m", "crlf"},
		{"* m\n[attr]m eol=crlf", "crlf"},
		{"[attr]m eol=crlf\n* -m", "none"},
		{"[attr]m eol=crlf\n* m=1", "none"},
		{"[attr]m eol=crlf\n* m !eol", "none"},
		{"[attr]m eol=crlf\n[attr]n m ident\n* n", "crlf:ident"},
		{"[attr]m n\n[attr]n m eol=crlf\n* m", "crlf"},
		{"[attr]m eol=crlf\n[attr]m ident\n* m", "ident"},
		{"[attr]binary eol=crlf\n* binary", "crlf"},
		{"[attr]text ident\n* !ident text", "ident"},
		{"[attr]text eol=crlf\n* text", "crlf"},
		{"[attr] * eol=crlf", "none"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		const struct attributes_file files[] = {{"", cases[i].line}};
		const char *const one[][2] = {{"some/file.txt", cases[i].want}};

		assert_rules(files, 1, one, 1);
	}
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{"*.txt", "a.txt", true},
		{"*.txt", "d/a.txt", true},
		{"*.txt", "a.txt.gz", false},
		{"a", "d/a", true},
		{"a", "a/b", false},
		{"/a", "a", true},
		{"/a", "d/a", false},
		{"//a", "a", false},
		{"d/a", "d/a", true},
		{"d/a", "e/d/a", false},
		{"d/*", "d/a", true},
		{"d/*", "d/e/a", false},
		{"/*", "a", true},
		{"/*", "d/a", false},
		{"d/", "d/a", false},
		{"a/", "a", false},
		{"d/**", "d/e/a", true},
		{"d/**", "d", false},
		{"**/a", "a", true},
		{"**/a", "d/e/a", true},
		{"d/**/a", "d/a", true},
		{"d/**/a", "d/e/f/a", true},
		{"d/**/a", "e/d/a", false},
		{"d**/a", "de/f/a", true},
		{"x*d**/a", "xde/f/a", false},
		{"d/***/a", "d/e/a", true},
		{"d/**\\/a", "d/e/a", true},
		{"d/**\\/a", "d/a", false},
		{"**", "d/a", true},
		{"**b", "d/ab", true},
		{"*/*/*", "a/b/c", true},
		{"*/*/*", "a/b", false},
		{"**/e/**/a", "d/e/f/e/a", true},
		{"*/e/**/*.c", "d/e/x/y/z.c", true},
		{"?", "a", true},
		{"?", "ab", false},
		{"d?a", "d/a", false},
		{"[ab]", "b", true},
		{"[!ab]", "b", false},
		{"[^ab]", "c", true},
		{"[a-c]", "b", true},
		{"[c-a]", "b", false},
		{"[]a]", "]", true},
		{"[a", "a", false},
		{"[a", "[a", false},
		{"[a-]", "-", true},
		{"[\\]]", "]", true},
		{"[[:digit:]]", "7", true},
		{"[[:digit:]x]", "x", true},
		{"[[:nope:]]", "a", false},
		{"[[:alpha:]", "a", false},
		{"[[:space:]]", "\v", false},
		{"d[/]a", "d/a", false},
		{"d/[/a]", "d/a", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"a\\", "a", false},
		{"\\#a", "#a", true},
		{"\\!a", "!a", true},
		{"\"a b\"", "a b", true},
		{"\"a\\tb\"", "a\tb", true},
		{"\"\\303\\251\"", "\303\251", true},
		{"\"a", "\"a", true},
		{"\"\\q\"", "\"q\"", true},
		{"\"a\\\"b\"", "a\"b", true},
		{"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		char line[256];
		const struct attributes_file files[] = {{"", line}};
		const char *const one[][2] = {{cases[i].path, cases[i].matches ? "crlf" : "none"}};

		snprintf(line, sizeof(line), "%s eol=crlf", cases[i].pattern);
		assert_rules(files, 1, one, 1);
	}
}

static void test_folders(void **state)
{
	static const struct attributes_file files[] = {
		{"", "[attr]win text eol=crlf\n*.bat win\n*.sh eol=crlf\n/b/e/*.x ident\n"},
		{"b", "*.sh eol=lf\n/a.bat -text\n[attr]mac ident\n*.m mac\ne/*.y eol=crlf\n"},
		{"b/e", "*.bat !eol\n*.sh !eol\n"},
		{"b-", "*.sh -text\n"},
	};
	static const char *const cases[][2] = {
		{"a.bat", "crlf"},     {"x/y/z.bat", "crlf"}, {"b/a.bat", "none"},
		{"b/d/a.bat", "crlf"}, {"b/e/a.bat", "none"}, {"a.sh", "crlf"},
		{"b/a.sh", "none"},    {"b/e/a.sh", "none"},  {"b-/a.sh", "none"},
		{"b/e/1.x", "ident"},  {"b/d/1.x", "none"},   {"b/1.m", "none"},
		{"b/e/1.y", "crlf"},   {"e/1.y", "none"},     {"bb/a.sh", "crlf"},
	};

	(void)state;
	assert_rules(files, CP_LEN(files), cases, CP_LEN(cases));
}

/* Lines that are too long are left out; what a NUL follows is not read. */
static void test_limits(void **state)
{
	struct cp_arena *a = cp_arena_new(64 << 20);
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(32 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_attributes *at = NULL;
	struct cp_err err = {0};
	struct cp_conversion c;

	(void)state;
	cp_buf_printf(&text, "*.a eol=crlf %01998d\n", 0); /* 2011 bytes */
	cp_buf_printf(&text, "*.b eol=crlf x%02034d\n*.c eol=crlf x%02033d\n*.d eol=crlf\n", 0,
		      0); /* 2048, 2047 */
	cp_buf_addc(&text, '\0');
	cp_buf_addz(&text, "*.e eol=crlf\n");
	assert_int_equal(
		cp_memory_tree_add(t, CP_S(".gitattributes"), CP_ENTRY_SYMLINK, cp_buf_str(&text)),
		0);
	cp_buf_clear(&text);
	for (unsigned i = 0; i <= CP_MAX_IGNORE_PATTERNS; i++)
		cp_buf_printf(&text, "%u eol=crlf\n", i);
	assert_int_equal(cp_memory_tree_add(t, CP_S("many/.gitattributes"), CP_ENTRY_FILE,
					    cp_buf_str(&text)),
			 0);
	assert_int_equal(cp_attributes_new(a, t, &at, &err), 0);
	assert_conversion(at, "1.a", "crlf");
	assert_conversion(at, "1.b", "none");
	assert_conversion(at, "1.c", "crlf");
	assert_conversion(at, "1.d", "crlf");
	assert_conversion(at, "1.e", "none");
	assert_int_equal(cp_attributes_of(at, CP_S("many/1"), &c, &err), CP_ELIMIT);
	cp_tree_free(t);
	cp_arena_free(a);
}

/* A chain of macros as long as a file allows. */
static void test_deep_macros(void **state)
{
	struct cp_arena *a = cp_arena_new(256 << 20);
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(32 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_attributes *at = NULL;

	(void)state;
	cp_buf_addz(&text, "* m0\n");
	for (unsigned i = 0; i < 90000; i++)
		cp_buf_printf(&text, "[attr]m%u m%u\n", i, i + 1);
	cp_buf_addz(&text, "[attr]m90000 m0 eol=crlf\n");
	assert_int_equal(
		cp_memory_tree_add(t, CP_S(".gitattributes"), CP_ENTRY_FILE, cp_buf_str(&text)), 0);
	assert_int_equal(cp_attributes_new(a, t, &at, NULL), 0);
	assert_conversion(at, "x", "crlf");
	assert_conversion(at, "y", "crlf");
	cp_tree_free(t);
	cp_arena_free(a);
}

/* ---- conversions ---- */

#define HEX "0123456789abcdef0123456789abcdef01234567"

static void test_convert(void **state)
{
	static const struct {
		enum cp_conversion_kind kind;
		const char *detail;
		struct cp_str blob, want;
	} cases[] = {
		{CP_CONV_NONE, "", CP_S_INIT("a\n"), CP_S_INIT("a\n")},
		{CP_CONV_CRLF, "", CP_S_INIT("a\nb\r\n\n\rc"), CP_S_INIT("a\r\nb\r\n\r\n\rc")},
		{CP_CONV_CRLF, "", CP_S_INIT("\0\n"), CP_S_INIT("\0\r\n")},
		{CP_CONV_CRLF, "", CP_S_INIT(""), CP_S_INIT("")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\nb\n"), CP_S_INIT("a\r\nb\r\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\r\nb\n"), CP_S_INIT("a\r\nb\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\rb\n"), CP_S_INIT("a\rb\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\0b\n"), CP_S_INIT("a\0b\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("\x01\n"), CP_S_INIT("\x01\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("\t\x1b\b\f\n"), CP_S_INIT("\t\x1b\b\f\r\n")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\n\x1a"), CP_S_INIT("a\r\n\x1a")},
		{CP_CONV_CRLF_AUTO, "", CP_S_INIT("a\n\x1a\n"), CP_S_INIT("a\n\x1a\n")},
		{CP_CONV_IDENT, "", CP_S_INIT("$Id$\n"), CP_S_INIT("$Id: " HEX " $\n")},
		{CP_CONV_IDENT, "", CP_S_INIT("$Id: old $ $Id:$ $Id:x$"),
		 CP_S_INIT("$Id: " HEX " $ $Id: " HEX " $ $Id: " HEX " $")},
		{CP_CONV_IDENT, "", CP_S_INIT("$Id: a b $ $Idx$ $Id:\n$ Id$"),
		 CP_S_INIT("$Id: a b $ $Idx$ $Id:\n$ Id$")},
		{CP_CONV_IDENT, "", CP_S_INIT("$$Id$"), CP_S_INIT("$$Id$")},
		{CP_CONV_IDENT, "", CP_S_INIT("$Idx$Id: x $"), CP_S_INIT("$Id: " HEX " $")},
		{CP_CONV_IDENT, "", CP_S_INIT("x$I"), CP_S_INIT("x$I")},
		{CP_CONV_IDENT, "", CP_S_INIT("$Id: x"), CP_S_INIT("$Id: x")},
		{CP_CONV_CRLF, "ident", CP_S_INIT("$Id$\n"), CP_S_INIT("$Id: " HEX " $\r\n")},
		{CP_CONV_CRLF_AUTO, "ident", CP_S_INIT("$$Id$\n"),
		 CP_S_INIT("$$Id: " HEX " $\r\n")},
		{CP_CONV_CRLF_AUTO, "ident", CP_S_INIT("$Id$\r\n\n"),
		 CP_S_INIT("$Id: " HEX " $\r\n\n")},
	};
	struct cp_oid oid = {.n = 20};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		oid.bytes[i] = (uint8_t)(((2 * i) % 16) * 16 + (2 * i + 1) % 16);
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(1000),
					  tight = CP_BUF_INIT(cases[i].want.n ? cases[i].want.n - 1
									      : 0);
		struct cp_conversion c = {cases[i].kind, cp_str_c(cases[i].detail)};

		assert_int_equal(cp_convert(&c, &oid, cases[i].blob, &out, NULL), 0);
		if (!cp_str_eq(cp_buf_str(&out), cases[i].want))
			fail_msg("case %zu: %.*s", i, CP_STR(cp_buf_str(&out)));
		if (cases[i].want.n)
			assert_int_equal(cp_convert(&c, &oid, cases[i].blob, &tight, NULL),
					 CP_ELIMIT);
	}
}

static void test_convert_refuses(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1000);
	struct cp_conversion lfs = {CP_CONV_FILTER, CP_S("lfs")},
			     utf16 = {CP_CONV_ENCODING, CP_S("UTF-16")};
	struct cp_oid oid = {.n = 20};
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_convert(&lfs, &oid, CP_S("x"), &out, &err), CP_EUNSUPPORTED);
	assert_non_null(strstr(err.message, "lfs"));
	assert_int_equal(cp_convert(&utf16, &oid, CP_S("x"), &out, &err), CP_EUNSUPPORTED);
	assert_int_equal(out.n, 0);
}

/* The bytes that a clone has. */
static void test_as_a_clone(void **state)
{
	static const char *const files[] = {"a.bat", "sub/b.bat", "c.auto",    "d.auto",
					    "e.id",  "f.both",    "sub/g.txt", "bin.auto"};
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_attributes *at = NULL;
	struct cp_repo *r;
	struct cp_tree *t;

	(void)state;
	sh("git init -q -b main src; cd src; mkdir sub; printf '*.bat text eol=crlf\\n*.auto text=auto eol=crlf\\n*.id ident\\n*.both ident eol=crlf\\n' "
	   ">.gitattributes; printf '*.txt eol=crlf\\n' >sub/.gitattributes; printf 'a\\nb\\n' >a.bat; printf 'a\\n' >sub/b.bat; printf 'a\\n' >c.auto; "
	   "printf 'a\\r\\nb\\n' >d.auto; printf '$Id$\\n' >e.id; printf '$Id$\\n' >f.both; printf 'g\\n' >sub/g.txt; printf '\\0\\n' >bin.auto; "
	   "for f in $(find . -name '*.*' -type f -not -path './.git/*'); do git update-index --add --cacheinfo "
	   "100644,$(git hash-object -w --no-filters $f),${f#./}; done; git commit -q -m x; cd ..; git clone -q src copy");
	r = open_repo("src");
	t = tree_of(r, "HEAD");
	assert_int_equal(cp_attributes_new(a, t, &at, NULL), 0);
	for (size_t i = 0; i < CP_LEN(files); i++) {
		cp_auto_buf struct cp_buf blob = CP_BUF_INIT(1000), out = CP_BUF_INIT(1000);
		struct cp_conversion c;
		struct cp_entry e;
		char want[1000];
		size_t n;
		FILE *f;

		snprintf(want, sizeof(want), "%s/copy/%s", fixture, files[i]);
		f = fopen(want, "rb");
		assert_non_null(f);
		n = fread(want, 1, sizeof(want), f);
		fclose(f);
		assert_int_equal(cp_attributes_of(at, cp_str_c(files[i]), &c, NULL), 0);
		assert_int_equal(cp_tree_find(t, cp_str_c(files[i]), &e, NULL), 0);
		assert_int_equal(cp_tree_read(t, &e.oid, &blob, NULL), 0);
		assert_int_equal(cp_convert(&c, &e.oid, cp_buf_str(&blob), &out, NULL), 0);
		if (!cp_str_eq(cp_buf_str(&out), cp_str_n(want, n)))
			fail_msg("%s: %.*s", files[i], CP_STR(cp_buf_str(&out)));
	}
	cp_tree_free(t);
	cp_repo_free(r);
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_deep_macros),
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_convert_refuses),
		cmocka_unit_test_setup_teardown(test_as_a_clone, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
