/* Digests that are remembered are those that would be computed: under every ignore file, umask, selector and rule, in one memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "context/context.h"
#include "hash_fixture.h"

struct memory {
	struct cp_arena *a;
	struct cp_map map; /* name ─► struct entry */
	size_t files;      /* that were hashed */
};
struct entry {
	struct cp_digest name, digest;
	uint8_t flags;
};

static int count_file(void *self, struct cp_fs *fs, const struct cp_node *file,
		      struct cp_digest *ret_digest, struct cp_err *err)
{
	((struct memory *)self)->files++;
	return hash_file(self, fs, file, ret_digest, err);
}

static bool recall(void *self, const struct cp_digest *name, struct cp_digest *ret_digest,
		   uint8_t *ret_flags)
{
	struct memory *m = self;
	struct entry *e = cp_map_get(&m->map, cp_str_n((const char *)name->bytes, 32));

	if (!e)
		return false;
	*ret_digest = e->digest;
	*ret_flags = e->flags;
	return true;
}

static void remember(void *self, const struct cp_digest *name, const struct cp_digest *digest,
		     uint8_t flags)
{
	struct memory *m = self;
	struct entry *e = CP_NEW(m->a, struct entry);

	*e = (struct entry){*name, *digest, flags};
	assert_int_equal(cp_map_put(m->a, &m->map, cp_str_n((const char *)e->name.bytes, 32), e),
			 0);
}

static void add(struct cp_tree *t, const char *path, enum cp_entry_kind kind, const char *text)
{
	assert_int_equal(cp_memory_tree_add(t, cp_str_c(path), kind, cp_str_c(text)), 0);
}

static const char *const ignores[] = {"",        "*.md",     "a/x",          "**/x\n!a/b/x",
				      "a\n!a/b", "**\n!a/b", "a/b/*\n!**/y", "b"};
static const char *const selectors[][2] = {{"/", ""},      {"/a", ""},  {"/a/b", ""}, {"/b", ""},
					   {"/a", "**/x"}, {"/*", ""},  {"/a/*", ""}, {"/l", ""},
					   {"/", "b"},     {"/a*", "x"}};

static bool one(struct cp_arena *a, struct cp_tree *t, struct memory *m, bool remembers,
		const char *ignore, uint32_t umask, size_t sel, uint64_t rules,
		struct cp_digest *ret)
{
	struct cp_context_options options = {.has_umask = true, .umask = umask};
	struct cp_hasher hasher = {.record = count_file, .self = m, .rules = rules};
	struct cp_str exclude = cp_str_c(selectors[sel][1]), *lines, why;
	struct cp_selector s = {.path = cp_str_c(selectors[sel][0]),
				.follow_links = true,
				.wildcard = strchr(selectors[sel][0], '*') != NULL,
				.excludes = &exclude,
				.n_excludes = exclude.n ? 1 : 0};
	struct cp_fs *fs;
	size_t n;

	if (remembers) {
		hasher.recall = recall;
		hasher.remember = remember;
	}
	assert_int_equal(cp_ignore_read(a, cp_str_c(ignore), &lines, &n, NULL), 0);
	assert_int_equal(cp_patterns_compile(a, lines, n, &options.ignore, NULL), 0);
	assert_int_equal(cp_context_new(a, t, &options, &fs, NULL), 0);
	assert_int_equal(cp_selection_digest(a, fs, &s, 1, &hasher, ret, &why, NULL), 0);
	return why.n == 0;
}

static void test_memory_changes_nothing(void **state)
{
	static const uint32_t umasks[] = {022, 002, 077};
	static const uint64_t rules[] = {0, CP_RULE_LIST_BASE_NAMES,
					 CP_RULE_LIST_BASE_NAMES | CP_RULE_NESTED_LINKS};
	struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct memory m = {.a = a};
	size_t known = 0;

	(void)state;
	add(t, "a/x", CP_ENTRY_FILE, "1");
	add(t, "a/b/x", CP_ENTRY_EXEC, "2");
	add(t, "a/b/y", CP_ENTRY_FILE, "3");
	add(t, "a/b/\xFFz/q", CP_ENTRY_FILE, "4");
	add(t, "b/x", CP_ENTRY_FILE, "5");
	add(t, "b/c.md", CP_ENTRY_FILE, "6");
	add(t, "b/.gitattributes", CP_ENTRY_FILE, "*.txt eol=crlf\n");
	add(t, "b/w.txt", CP_ENTRY_FILE, "7\n");
	add(t, "l", CP_ENTRY_SYMLINK, "a/b");
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < CP_LEN(ignores); i++)
			for (size_t u = 0; u < CP_LEN(umasks); u++)
				for (size_t s = 0; s < CP_LEN(selectors); s++)
					for (size_t k = 0; k < CP_LEN(rules); k++) {
						struct cp_digest x, y;
						struct memory none = {0};
						size_t files = m.files;
						bool bx = one(a, t, &m, true, ignores[i], umasks[u],
							      s, rules[k], &x),
						     by = one(a, t, &none, false, ignores[i],
							      umasks[u], s, rules[k], &y);

						assert_int_equal(bx, by);
						assert_true(!bx || cp_digest_eq(&x, &y));
						assert_true(round == 0 || !bx || m.files == files);
						known += bx;
					}
	assert_true(known > 500);
	cp_tree_free(t);
	cp_arena_free(a);
}

/* contenthash tries the includes before the excludes: a malformed include fails below a folder that is excluded, too. */
static void test_bad_include_below_an_exclude(void **state)
{
	struct cp_arena *a = cp_arena_new((size_t)16 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_str includes[] = {CP_S("**"), CP_S("!a*"), CP_S("/**\\x6[b]**-")},
		      excludes[] = {CP_S("*")}, why = CP_S("");
	struct cp_selector s = {.path = CP_S("/a*"),
				.follow_links = true,
				.wildcard = true,
				.includes = includes,
				.n_includes = 3,
				.excludes = excludes,
				.n_excludes = 1};
	struct cp_context_options options = {.git_dir = false};
	struct memory m = {.a = a};
	struct cp_hasher hasher = {.record = count_file, .self = &m};
	struct cp_digest digest;
	struct cp_fs *fs;

	(void)state;
	add(t, "ab/a", CP_ENTRY_FILE, "1");
	assert_int_equal(cp_context_new(a, t, &options, &fs, NULL), 0);
	assert_int_equal(cp_selection_digest(a, fs, &s, 1, &hasher, &digest, &why, NULL), 0);
	assert_true(why.n > 0);
	cp_tree_free(t);
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_changes_nothing),
		cmocka_unit_test(test_bad_include_below_an_exclude),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
