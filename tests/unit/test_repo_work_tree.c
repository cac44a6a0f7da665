/* repo/: the index and the files on disk as trees. */
#include "git_fixture.h"

#include <fcntl.h>
#include <sys/time.h>

static struct cp_tree *index_of(struct cp_repo *r)
{
	struct cp_tree *t = NULL;
	struct cp_err err = {0};

	if (cp_repo_index_tree(r, &t, &err) != 0)
		fail_msg("index: %s", err.message);
	return t;
}

static struct cp_tree *files_of(struct cp_repo *r)
{
	struct cp_tree *t = NULL;
	struct cp_err err = {0};

	if (cp_repo_work_tree_tree(r, &t, &err) != 0)
		fail_msg("work tree: %s", err.message);
	assert_true(t->is_work_tree);
	assert_int_equal(t->commit.n, 0);
	return t;
}

/* The differences between HEAD and the files on disk (or the index). */
static char *changes(const char *folder, bool index)
{
	struct cp_repo *r = open_repo(folder);
	struct cp_tree *head = tree_of(r, "HEAD"), *t = index ? index_of(r) : files_of(r);
	char *text = diff_of(head, t);

	cp_tree_free(head);
	cp_tree_free(t);
	cp_repo_free(r);
	return text;
}

/* A repository whose index is older than a tick, so that it can be trusted. */
static void make(const char *script)
{
	sh("git init -q -b main w; cd w; %s; git add -A; git commit -q -m x; touch -h -d '1 hour ago' $(git ls-files) 2>/dev/null || true; "
	   "git update-index -q --refresh",
	   script);
}

/* ---- index ---- */

static void test_index(void **state)
{
	struct cp_repo *r;
	struct cp_tree *t;
	struct cp_err err = {0};

	(void)state;
	make("mkdir -p a/b a.b a-b z/y/x; for d in a a/b a.b a-b z/y/x; do echo $d >$d/f; done; echo r >r; ln -s r l; chmod +x r");
	sh("cd w; git update-index --add --cacheinfo 160000,0123456789012345678901234567890123456789,sub; echo n >a/n; git add a/n; git rm -q --cached r; "
	   "echo later >later; git add -N later; echo unstaged >a/f");
	r = open_repo("w");
	t = index_of(r);
	assert_string_equal(hex_of(&t->root), out_of("git -C w write-tree"));
	assert_text(file_of(t, "a/f"), "a\n");
	assert_text(file_of(t, "l"), "r");
	assert_false(t->is_work_tree);
	cp_tree_free(t);
	cp_repo_free(r);
	assert_string_equal(changes("w", true), "A a/n\nD r\nA sub\n");

	sh("cd w; git reset -q --hard; git checkout -q -b o; echo o >a/f; git commit -q -a -m o; git checkout -q main; echo m >a/f; git commit -q -a -m m; "
	   "git merge o >/dev/null 2>&1 || true");
	r = open_repo("w");
	assert_int_equal(cp_repo_index_tree(r, &t, &err), CP_EINVAL);
	assert_non_null(strstr(err.message, "a/f has conflicts"));
	cp_repo_free(r);
}

static void test_index_that_cannot_be_read(void **state)
{
	struct cp_repo *r;
	struct cp_tree *t = NULL;
	struct cp_err err = {0};

	(void)state;
	make("echo x >x");
	sh("git clone -q --bare w bare; cp -r w split; git -C split update-index --split-index");
	r = open_repo("bare");
	assert_int_equal(cp_repo_index_tree(r, &t, &err), CP_ENOTFOUND);
	assert_int_equal(cp_repo_work_tree_tree(r, &t, &err), CP_ENOTFOUND);
	assert_true(err.hint[0]);
	cp_repo_free(r);
	r = open_repo("split");
	assert_int_equal(cp_repo_index_tree(r, &t, &err), CP_EUNSUPPORTED);
	assert_int_equal(cp_repo_work_tree_tree(r, &t, &err), CP_EUNSUPPORTED);
	cp_repo_free(r);
	sh("cd split; %s", "git update-index --no-split-index");
	assert_string_equal(changes("split", true), "");
	sh("printf DIRC >w/.git/index");
	r = open_repo("w");
	assert_int_equal(cp_repo_index_tree(r, &t, &err), CP_EIO);
	cp_repo_free(r);
	assert_null(t);
}

/* ---- files on disk ---- */

static void test_clean_work_tree(void **state)
{
	struct cp_repo *r;
	struct cp_tree *head, *t;

	(void)state;
	make("mkdir -p a/b c; echo 1 >a/1; echo 2 >a/b/2; echo 3 >c/3; chmod +x c/3; ln -s a/1 l; ln -s nowhere dangling; : >empty");
	r = open_repo("w");
	head = tree_of(r, "HEAD");
	t = files_of(r);
	assert_true(cp_oid_eq(&head->root, &t->root)); /* no folder needs to be looked into */
	assert_text(file_of(t, "a/b/2"), "2\n");
	assert_text(file_of(t, "l"), "a/1");
	cp_tree_free(head);
	cp_tree_free(t);
	cp_repo_free(r);
}

static void test_changed_files(void **state)
{
	static const struct {
		const char *script, *want;
	} cases[] = {
		{"true", ""},
		{"echo 11 >a/1", "M a/1\n"},
		{"echo x >a/1", "M a/1\n"}, /* as large as before */
		{"chmod +x a/1", "T a/1\n"},
		{"touch a/1 c/3", ""},
		{"rm a/1", "D a/1\n"},
		{"rm -r a", "D a/1\nD a/b/2\n"},
		{"echo n >a/n", "A a/n\n"},
		{"mkdir -p n/m; echo n >n/m/o", "A n/m/o\n"},
		{"mkdir n", ""},
		{"echo i >ignored; mkdir -p node_modules; echo j >node_modules/j",
		 "A ignored\nA node_modules/j\n"},
		{"rm l; echo 3 >l", "M l\n"},
		{"rm l; ln -s c l", "M l\n"},
		{"rm a/1; mkdir a/1; echo x >a/1/x", "D a/1\nA a/1/x\n"},
		{"rm -r a; echo a >a", "A a\nD a/1\nD a/b/2\n"},
		{"echo n >n; git add n", "A n\n"},
		{"git rm -q --cached a/1", ""},
		{"git init -q nested; echo x >nested/x; rm -rf nested/.git/*; echo 1 >nested/.git/HEAD",
		 "A nested/.git/HEAD\nA nested/x\n"},
		{"mkfifo a/pipe", "A a/pipe\n"},
		{"git update-index --assume-unchanged a/1; echo x >a/1", "M a/1\n"},
		{"git update-index --skip-worktree a/1; echo x >a/1", "M a/1\n"},
		{"git config core.fileMode false; chmod +x a/1", "T a/1\n"},
		{"git config core.ignoreCase true; mv a/1 a/TMP; mv a/TMP a/1; mkdir A; echo 1 >A/1",
		 "A A/1\n"},
		{"echo x >\"$(printf 'a/\\377\\nx')\"", "A a/\377\nx\n"},
	};

	(void)state;
	make("mkdir -p a/b c; echo 1 >a/1; echo 2 >a/b/2; echo 3 >c/3; chmod +x c/3; ln -s a/1 l; printf 'ignored\\nnode_modules\\n' >.gitignore");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		char *got;

		sh("rm -rf t; cp -a w t; cd t; git update-index -q --refresh; %s", cases[i].script);
		got = changes("t", false);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].script, got);
	}
}

/* A file that changes within the tick in which the index was written is not taken for clean. */
static void test_racy_files(void **state)
{
	(void)state;
	make("echo aaaa >f; mkdir d; echo bbbb >d/g");
	for (int i = 0; i < 20; i++) {
		sh("cd w; echo aaaa >f; git add f; echo x$(( %d %% 10 + 100 )) >f", i);
		assert_string_equal(changes("w", false), "M f\n");
	}
	sh("cd w; git checkout -q -f; touch -d '2020-01-01' f .git/index; git update-index -q --refresh; touch -d '2020-01-01' .git/index; "
	   "printf 'zzzz\\n' >f; touch -d '2020-01-01' f");
	assert_string_equal(changes("w", false), "M f\n");
}

static void test_submodules(void **state)
{
	struct cp_repo *r;
	struct cp_entry e;
	struct cp_tree *t;

	(void)state;
	sh("git init -q -b main lib; cd lib; echo l >l; git add l; git commit -q -m l");
	make("git -c protocol.file.allow=always submodule --quiet add \"$PWD/../lib\" lib");
	sh("git clone -q w plain; git -c protocol.file.allow=always clone -q --recurse-submodules w full");
	r = open_repo("plain");
	t = files_of(r);
	assert_int_equal(cp_tree_find(t, CP_S("lib"), &e, NULL), 0);
	assert_int_equal(e.kind, CP_ENTRY_SUBMODULE);
	assert_string_equal(hex_of(&e.oid), out_of("git -C lib rev-parse HEAD"));
	cp_tree_free(t);
	cp_repo_free(r);
	assert_string_equal(changes("plain", false), "");
	r = open_repo("full");
	t = files_of(r);
	assert_int_equal(cp_tree_find(t, CP_S("lib"), &e, NULL), 0);
	assert_int_equal(e.kind, CP_ENTRY_DIR); /* its files are there, and a build sees them */
	assert_text(file_of(t, "lib/l"), "l\n");
	cp_tree_free(t);
	cp_repo_free(r);
	r = open_repo("full/lib");
	assert_string_equal(commit_of(r, "HEAD").hex, out_of("git -C lib rev-parse HEAD"));
	assert_non_null(strstr(cp_repo_work_tree(r), "full/lib"));
	cp_repo_free(r);
}

static void test_linked_work_tree(void **state)
{
	(void)state;
	make("echo a >a");
	sh("cd w; git worktree add -q ../linked; echo b >a; cd ../linked; touch -d '1 hour ago' a; git update-index -q --refresh");
	assert_string_equal(changes("linked", false), "");
	sh("echo c >linked/c");
	assert_string_equal(changes("linked", false), "A c\n");
	assert_string_equal(changes("w", false), "M a\n");
}

/* Nothing is read before somebody lists it, and what cannot be read is an error only then. */
static void test_lazy_and_unreadable(void **state)
{
	const struct cp_dir *d;
	struct cp_repo *r;
	struct cp_tree *t;
	struct cp_entry e;
	struct cp_err err = {0};

	(void)state;
	make("echo a >a; mkdir k; echo k >k/k; echo s >k/s");
	sh("cd w; mkdir -p heap/of/things secret; echo x >heap/of/things/x; echo s >secret/s; echo 1 >k/s; chmod 0 secret k/s");
	r = open_repo("w");
	t = files_of(r);
	sh("rm -r w/heap/of/things");
	assert_int_equal(cp_tree_find(t, CP_S("heap/of"), &e, &err), 0);
	assert_int_equal(cp_tree_list(t, &e.oid, &d, &err), 0);
	assert_int_equal(d->n_entries, 0);
	if (geteuid() != 0) {
		assert_int_equal(cp_tree_find(t, CP_S("secret"), &e, &err), 0);
		assert_int_equal(cp_tree_list(t, &e.oid, &d, &err), CP_EIO);
		assert_int_equal(cp_tree_find(t, CP_S("k/s"), &e, &err), 0);
		cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(100);
		assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_EIO);
	}
	cp_tree_free(t);
	cp_repo_free(r);
}

/* A file that changes after it was looked at is not read as if it had not. */
static void test_changes_underway(void **state)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(100);
	struct cp_repo *r;
	struct cp_tree *t;
	struct cp_entry e;
	struct cp_err err = {0};

	(void)state;
	make("echo a >a; echo b >b; echo c >c");
	r = open_repo("w");
	t = files_of(r);
	sh("cd w; echo changed >a; rm b; ln -s /etc/passwd b; chmod +x c");
	assert_int_equal(cp_tree_find(t, CP_S("a"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_ENOTFOUND);
	assert_int_equal(cp_tree_find(t, CP_S("b"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_ENOTFOUND);
	assert_int_equal(cp_tree_find(t, CP_S("c"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_ENOTFOUND);
	cp_tree_free(t);
	cp_repo_free(r);
}

/* ---- conversions ---- */

struct converted {
	const char *path;
	struct cp_oid oid;
	struct cp_conversion conversion;
	char bytes[256]; /* as checked out */
};

static void look_at(struct cp_tree *t, struct cp_attributes *at, const char *path,
		    struct converted *c)
{
	cp_auto_buf struct cp_buf blob = CP_BUF_INIT(200), out = CP_BUF_INIT(200);
	struct cp_err err = {0};
	struct cp_entry e;
	uint64_t size = 0;

	c->path = path;
	if (cp_tree_find(t, cp_str_c(path), &e, &err) != 0 ||
	    cp_tree_read(t, &e.oid, &blob, &err) != 0)
		fail_msg("%s: %s", path, err.message);
	assert_int_equal(t->ops->size(t, &e.oid, &size, &err), 0);
	assert_int_equal(size, blob.n);
	c->oid = e.oid;
	assert_int_equal(cp_attributes_of(at, cp_str_c(path), &c->conversion, &err), 0);
	if (cp_convert(&c->conversion, &e.oid, cp_buf_str(&blob), &out, &err) != 0)
		snprintf(c->bytes, sizeof(c->bytes), "?");
	else
		snprintf(c->bytes, sizeof(c->bytes), "%.*s", CP_STR(cp_buf_str(&out)));
}

/*
 * What holds for every file: equal id and equal conversion as in HEAD if and only if the bytes on disk are those of a clone of HEAD; and the
 * tree with its conversion gives the bytes on disk.
 */
static void test_conversions(void **state)
{
	static const struct {
		const char *path, *script, *disk; /* disk: NULL where a filter hides them */
		bool same;
	} cases[] = {
		{"clean.bat", "true", "a\r\nb\r\n", true},
		{"touched.bat", "touch touched.bat", "a\r\nb\r\n", true},
		{"lf.bat", "printf 'a\\nb\\n' >lf.bat", "a\nb\n", false},
		{"mixed.bat", "printf 'a\\r\\nb\\n' >mixed.bat", "a\r\nb\n", false},
		{"edited.bat", "printf 'a\\r\\nc\\r\\n' >edited.bat", "a\r\nc\r\n", false},
		{"stored.bat", "true", "a\r\nb\r\n", true}, /* its blob has CRLF already */
		{"clean.auto", "true", "a\r\nb\r\n", true},
		{"lf.auto", "printf 'a\\nb\\n' >lf.auto", "a\nb\n", false},
		{"mixed.auto", "true", "a\r\nb\n", true}, /* left alone by git */
		{"clean.id", "true", NULL, true},
		{"plain.id", "printf '$Id$\\n' >plain.id", "$Id$\n", false},
		{"none.txt", "true", "a\nb\n", true},
		{"crlf.txt", "printf 'a\\r\\nb\\r\\n' >crlf.txt", "a\r\nb\r\n", false},
	};
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_attributes *at_head = NULL, *at_disk = NULL;
	struct cp_repo *r;
	struct cp_tree *head, *disk;

	(void)state;
	sh("git init -q -b main s; cd s; printf '*.bat text eol=crlf\\n*.auto text=auto eol=crlf\\n*.id ident\\n' >.gitattributes; "
	   "for f in clean.bat touched.bat lf.bat mixed.bat edited.bat clean.auto lf.auto none.txt crlf.txt; do printf 'a\\nb\\n' >$f; done; "
	   "printf 'a\\r\\nb\\r\\n' >stored.bat; printf 'a\\r\\nb\\n' >mixed.auto; printf '$Id$\\n' >clean.id; cp clean.id plain.id; "
	   "for f in .gitattributes *.*; do git update-index --add --cacheinfo 100644,$(git hash-object -w --no-filters $f),$f; done; git commit -q -m x; "
	   "cd ..; git clone -q s w; cd w; touch -d '1 hour ago' *.*; git update-index -q --refresh");
	for (size_t i = 0; i < CP_LEN(cases); i++)
		sh("cd w; %s", cases[i].script);
	r = open_repo("w");
	head = tree_of(r, "HEAD");
	disk = files_of(r);
	assert_int_equal(cp_attributes_new(a, head, &at_head, NULL), 0);
	assert_int_equal(cp_attributes_new(a, disk, &at_disk, NULL), 0);
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct converted h = {0}, d = {0};
		bool same;

		look_at(head, at_head, cases[i].path, &h);
		look_at(disk, at_disk, cases[i].path, &d);
		same = cp_oid_eq(&h.oid, &d.oid) && h.conversion.kind == d.conversion.kind &&
		       cp_str_eq(h.conversion.detail, d.conversion.detail);
		if (same != cases[i].same || same != (strcmp(h.bytes, d.bytes) == 0))
			fail_msg("%s: same %d, \"%s\" and \"%s\"", cases[i].path, same, h.bytes,
				 d.bytes);
		if (cases[i].disk)
			assert_string_equal(d.bytes, cases[i].disk);
		else
			assert_string_equal(d.bytes, out_of("cat w/%s; echo", cases[i].path));
	}
	cp_tree_free(head);
	cp_tree_free(disk);
	cp_repo_free(r);
	cp_arena_free(a);
}

/* core.autocrlf and other configuration of this machine: the bytes on disk count, not what the index remembers of them. */
static void test_local_conversions(void **state)
{
	(void)state;
	sh("git init -q -b main s; cd s; mkdir d; printf 'a\\nb\\n' >d/f; printf '$Id$\\n' >d/i; git add .; git commit -q -m x; "
	   "cd ..; git clone -q --no-checkout s w; cd w; git config core.autocrlf true; echo '*.x ident' >.git/info/attributes; git checkout -q; "
	   "touch -d '1 hour ago' d/f d/i; git update-index -q --refresh; git diff --exit-code");
	assert_string_equal(changes("w", false), "M d/f\nM d/i\n");
}

static void test_filters(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_attributes *at = NULL;
	struct converted smudged = {0}, pointer = {0}, edited = {0}, blob = {0};
	struct cp_repo *r;
	struct cp_tree *head, *t;

	(void)state;
	sh("git init -q -b main w; cd w; git config filter.lfs.clean 'sed s/^/pointer-to-/'; git config filter.lfs.smudge 'sed s/^pointer-to-//'; "
	   "echo '*.big filter=lfs -text' >.gitattributes; for f in smudged pointer edited; do echo $f >$f.big; done; git add .; git commit -q -m x; "
	   "touch -d '1 hour ago' *.big; git update-index -q --refresh; echo other >edited.big; git cat-file blob HEAD:pointer.big >pointer.big");
	r = open_repo("w");
	head = tree_of(r, "HEAD");
	t = files_of(r);
	assert_int_equal(cp_attributes_new(a, t, &at, NULL), 0);
	look_at(t, at, "smudged.big", &smudged);
	look_at(head, at, "smudged.big", &blob);
	assert_int_equal(smudged.conversion.kind,
			 CP_CONV_FILTER); /* as in HEAD: what the filter makes of the blob */
	assert_true(cp_oid_eq(&smudged.oid, &blob.oid));
	look_at(t, at, "edited.big", &edited);
	assert_int_equal(edited.conversion.kind, CP_CONV_NONE);
	assert_string_equal(edited.bytes, "other\n");
	look_at(t, at, "pointer.big", &pointer);
	look_at(head, at, "pointer.big", &blob);
	assert_int_equal(pointer.conversion.kind, CP_CONV_NONE);
	assert_string_equal(pointer.bytes, "pointer-to-pointer\n");
	assert_false(cp_oid_eq(&pointer.oid, &blob.oid));
	cp_tree_free(head);
	cp_tree_free(t);
	cp_repo_free(r);
	cp_arena_free(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_index),
		TEST(test_index_that_cannot_be_read),
		TEST(test_clean_work_tree),
		TEST(test_changed_files),
		TEST(test_racy_files),
		TEST(test_submodules),
		TEST(test_linked_work_tree),
		TEST(test_lazy_and_unreadable),
		TEST(test_changes_underway),
		TEST(test_conversions),
		TEST(test_local_conversions),
		TEST(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
