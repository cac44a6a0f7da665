/* repo/: looking up, reading and comparing trees, on trees from memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "repo/repo.h"

struct file {
	const char *path;
	enum cp_entry_kind kind;
	const char *content;
};

static struct cp_tree *tree_of(const struct file *files, size_t n)
{
	struct cp_tree *t = cp_memory_tree_new();

	assert_non_null(t);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cp_memory_tree_add(t, cp_str_c(files[i].path), files[i].kind,
						    cp_str_c(files[i].content)),
				 0);
	return t;
}

static const struct file sample[] = {
	{"a.txt", CP_ENTRY_FILE, "one"},        {"a/b", CP_ENTRY_EXEC, "two"},
	{"a/c/d", CP_ENTRY_FILE, "three"},      {"a-b", CP_ENTRY_FILE, "four"},
	{"l", CP_ENTRY_SYMLINK, "a/c/d"},       {"m", CP_ENTRY_SUBMODULE, ""},
	{"a/up", CP_ENTRY_SYMLINK, "../a.txt"}, {"loop", CP_ENTRY_SYMLINK, "loop"},
	{"out", CP_ENTRY_SYMLINK, "../x"},      {"abs", CP_ENTRY_SYMLINK, "/a.txt"},
	{"dir", CP_ENTRY_SYMLINK, "./a/"},      {"deep", CP_ENTRY_SYMLINK, "dir/c/../up"},
};

static void test_find(void **state)
{
	struct cp_tree *t = tree_of(sample, CP_LEN(sample));
	const struct cp_dir *dir;
	struct cp_entry e;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_tree_find(t, CP_S(""), &e, &err), 0);
	assert_int_equal(e.kind, CP_ENTRY_DIR);
	assert_true(cp_oid_eq(&e.oid, &t->root));
	assert_int_equal(cp_tree_find(t, CP_S("a/c/d"), &e, &err), 0);
	assert_true(cp_str_eq(e.name, CP_S("d")));
	assert_int_equal(cp_tree_find(t, CP_S("l"), &e, &err), 0);
	assert_int_equal(e.kind, CP_ENTRY_SYMLINK);
	assert_int_equal(cp_tree_find(t, CP_S("a/x"), &e, &err), CP_ENOTFOUND);
	assert_int_equal(cp_tree_find(t, CP_S("a.txt/x"), &e, &err), CP_ENOTFOUND);
	assert_int_equal(cp_tree_find(t, CP_S("l/x"), &e, &err), CP_ENOTFOUND);
	assert_int_equal(cp_tree_list(t, &t->root, &dir, &err), 0);
	assert_int_equal(dir->n_entries, 10);
	/* by the bytes of the names, not as git sorts folders */
	assert_true(cp_str_eq(dir->entries[0].name, CP_S("a")));
	assert_true(cp_str_eq(dir->entries[1].name, CP_S("a-b")));
	assert_non_null(cp_dir_find(dir, CP_S("out")));
	assert_null(cp_dir_find(dir, CP_S("ou")));
	cp_tree_free(t);
}

static void test_read_path(void **state)
{
	static const struct {
		const char *path, *want; /* NULL = an error */
		int error;
	} cases[] = {
		{"a.txt", "one", 0},
		{"l", "three", 0},
		{"a/up", "one", 0},
		{"dir/b", "two", 0},
		{"deep", "one", 0},
		{"loop", NULL, CP_ELIMIT},
		{"out", NULL, CP_ENOTFOUND},
		{"abs", NULL, CP_ENOTFOUND},
		{"a", NULL, CP_ENOTFOUND},
		{"m", NULL, CP_ENOTFOUND},
		{"a.txt/b", NULL, CP_ENOTFOUND},
		{"none", NULL, CP_ENOTFOUND},
		{"", NULL, CP_ENOTFOUND},
	};
	struct cp_tree *t = tree_of(sample, CP_LEN(sample));

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(100);
		struct cp_err err = {0};
		int r = cp_tree_read_path(t, cp_str_c(cases[i].path), &out, &err);

		if (r != cases[i].error)
			fail_msg("%s: want %d, got %d %s", cases[i].path, cases[i].error, r,
				 err.message);
		if (r == 0)
			assert_true(cp_str_eq(cp_buf_str(&out), cp_str_c(cases[i].want)));
	}
	cp_tree_free(t);
}

static void test_memory_tree(void **state)
{
	static const struct file forward[] = {{"d/a", CP_ENTRY_FILE, "1"},
					      {"e/f/g", CP_ENTRY_FILE, "2"}};
	static const struct file backward[] = {{"e/f/g", CP_ENTRY_FILE, "2"},
					       {"d/a", CP_ENTRY_FILE, "1"}};
	static const struct file renamed[] = {{"x/f/g", CP_ENTRY_FILE, "2"},
					      {"d/a", CP_ENTRY_EXEC, "1"}};
	struct cp_tree *a = tree_of(forward, 2), *b = tree_of(backward, 2),
		       *c = tree_of(renamed, 2);
	cp_auto_buf struct cp_buf small = CP_BUF_INIT(0);
	struct cp_entry ea, ec;
	struct cp_err err = {0};
	uint64_t size;

	(void)state;
	assert_true(cp_oid_eq(&a->root, &b->root));
	assert_false(cp_oid_eq(&a->root, &c->root));
	assert_int_equal(cp_tree_find(a, CP_S("e"), &ea, &err), 0);
	assert_int_equal(cp_tree_find(c, CP_S("x"), &ec, &err), 0);
	assert_true(cp_oid_eq(&ea.oid, &ec.oid));
	assert_int_equal(cp_tree_find(a, CP_S("d"), &ea, &err), 0);
	assert_int_equal(cp_tree_find(c, CP_S("d"), &ec, &err), 0);
	assert_false(cp_oid_eq(&ea.oid, &ec.oid));
	assert_int_equal(cp_memory_tree_add(a, CP_S("late"), CP_ENTRY_FILE, CP_S("")), CP_EINVAL);
	assert_int_equal(cp_tree_find(a, CP_S("d/a"), &ea, &err), 0);
	assert_int_equal(a->ops->size(a, &ea.oid, &size, &err), 0);
	assert_int_equal(size, 1);
	assert_int_equal(cp_tree_read(a, &ea.oid, &small, &err), CP_ELIMIT);
	ea.oid.bytes[0] ^= 1;
	assert_int_equal(cp_tree_read(a, &ea.oid, &small, &err), CP_ENOTFOUND);
	cp_tree_free(a);
	cp_tree_free(b);
	cp_tree_free(c);
	a = tree_of(forward, 2);
	assert_int_equal(cp_memory_tree_add(a, CP_S("d/a/b"), CP_ENTRY_FILE, CP_S("")), CP_EINVAL);
	assert_int_equal(cp_memory_tree_add(a, CP_S("d"), CP_ENTRY_FILE, CP_S("")), CP_EINVAL);
	assert_int_equal(cp_memory_tree_add(a, CP_S("d/a"), CP_ENTRY_FILE, CP_S("")), CP_EINVAL);
	assert_int_equal(cp_memory_tree_add(a, CP_S(""), CP_ENTRY_FILE, CP_S("")), CP_EINVAL);
	assert_int_equal(cp_memory_tree_add(a, CP_S("d"), CP_ENTRY_DIR, CP_S("")), 0);
	cp_tree_free(a);
}

static int show_change(void *self, struct cp_str path, enum cp_change change,
		       const struct cp_entry *old_entry, const struct cp_entry *new_entry)
{
	static const char marks[] = "+-~m";

	assert_int_equal(old_entry == NULL, change == CP_CHANGE_ADDED);
	assert_int_equal(new_entry == NULL, change == CP_CHANGE_REMOVED);
	cp_buf_printf(self, "%c%.*s ", marks[change], CP_STR(path));
	return 0;
}

static int stop(void *self, struct cp_str path, enum cp_change change,
		const struct cp_entry *old_entry, const struct cp_entry *new_entry)
{
	(void)self;
	(void)path;
	(void)change;
	(void)old_entry;
	(void)new_entry;
	return CP_ECANCELLED;
}

static void test_diff(void **state)
{
	static const struct file after[] = {
		{"a.txt", CP_ENTRY_FILE, "ONE"},
		{"a/b", CP_ENTRY_FILE, "two"},
		{"a/c/d", CP_ENTRY_FILE, "three"},
		{"a/c/e", CP_ENTRY_FILE, "new"},
		{"a0/z", CP_ENTRY_FILE, "z"},
		{"l", CP_ENTRY_FILE, "a/c/d"},
		{"m", CP_ENTRY_SUBMODULE, "moved"},
		{"a/up", CP_ENTRY_SYMLINK, "../a.txt"},
		{"loop/x", CP_ENTRY_FILE, "x"},
		{"out", CP_ENTRY_SYMLINK, "../x"},
		{"abs", CP_ENTRY_SYMLINK, "/a.txt"},
		{"dir", CP_ENTRY_SYMLINK, "./a/"},
		{"deep", CP_ENTRY_SYMLINK, "dir/c/../up"},
	};
	struct cp_tree *a = tree_of(sample, CP_LEN(sample)), *b = tree_of(after, CP_LEN(after)),
		       *none = cp_memory_tree_new();
	cp_auto_buf struct cp_buf got = CP_BUF_INIT(4096), all = CP_BUF_INIT(4096),
				  equal = CP_BUF_INIT(10);

	(void)state;
	assert_int_equal(cp_tree_diff(a, b, show_change, &got, NULL), 0);
	/* as paths sort: "a-b" before "a/b" */
	assert_string_equal(got.p, "-a-b ~a.txt ma/b +a/c/e +a0/z ~l -loop +loop/x ~m ");
	assert_int_equal(cp_tree_diff(none, a, show_change, &all, NULL), 0);
	assert_string_equal(all.p,
			    "+a-b +a.txt +a/b +a/c/d +a/up +abs +deep +dir +l +loop +m +out ");
	assert_int_equal(cp_tree_diff(a, a, show_change, &equal, NULL), 0);
	assert_int_equal(equal.n, 0);
	assert_int_equal(cp_tree_diff(a, b, stop, NULL, NULL), CP_ECANCELLED);
	cp_tree_free(a);
	cp_tree_free(b);
	cp_tree_free(none);
}

static void test_diff_is_bounded(void **state)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(CP_MAX_PATH_BYTES), got = CP_BUF_INIT(1 << 16);
	struct cp_tree *a = cp_memory_tree_new(), *b = cp_memory_tree_new();
	struct cp_err err = {0};

	(void)state;
	for (int i = 0; i < 2000; i++)
		cp_buf_addz(&path, "d/");
	cp_buf_addz(&path, "f");
	assert_int_equal(cp_memory_tree_add(a, cp_buf_str(&path), CP_ENTRY_FILE, CP_S("1")), 0);
	assert_int_equal(cp_memory_tree_add(b, cp_buf_str(&path), CP_ENTRY_FILE, CP_S("2")), 0);
	assert_int_equal(cp_tree_diff(a, b, show_change, &got, &err), CP_ELIMIT);
	cp_tree_free(a);
	cp_tree_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_read_path),
		cmocka_unit_test(test_memory_tree),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
