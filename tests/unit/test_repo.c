/* repo/: opening repositories, revisions, commit trees, history, what is missing. */
#include "git_fixture.h"

#include <pthread.h>

/* ---- opening ---- */

static void make_clone(void)
{
	sh("git init -q -b main main; cd main; mkdir -p src/deep; echo one >a; echo two >src/b; echo x >src/deep/c; chmod +x a; "
	   "ln -s a link; git add .; git commit -q -m one; echo three >src/b; git commit -q -a -m two; "
	   "git tag -a -m note v1; git branch side HEAD~1; "
	   "cd ..; git clone -q --bare main bare.git; git -C main worktree add -q --detach ../linked HEAD~1");
}

static void test_open(void **state)
{
	static const struct {
		const char *path, *work_tree;
	} cases[] = {
		{"main", "main"},
		{"main/src/deep", "main"},
		{"main/.git", "main"},
		{"linked", "linked"},
		{"linked/src", "linked"},
		{"bare.git", NULL},
		{"bare.git/refs/heads", NULL},
		{"renamed", "renamed"},
		{"separate", "separate"},
		{"main/.git/worktrees/linked", NULL},
	};

	(void)state;
	make_clone();
	sh("git clone -q main renamed; mv renamed/.git there; ln -s ../there renamed/.git; "
	   "git clone -q --separate-git-dir=elsewhere main separate");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_repo *r = open_repo(cases[i].path);
		cp_auto_free char *want =
			cases[i].work_tree ? realpath(below(cases[i].work_tree), NULL) : NULL;

		assert_int_equal(cp_repo_is_bare(r), !want);
		if (want)
			assert_string_equal(cp_repo_work_tree(r), want);
		assert_false(cp_repo_is_shallow(r));
		assert_string_equal(commit_of(r, "HEAD").hex,
				    out_of("cd %s; git rev-parse HEAD", cases[i].path));
		cp_repo_free(r);
	}
}

static void test_open_fails(void **state)
{
	static const struct {
		const char *script, *path;
		int code;
		const char *says;
	} cases[] = {
		{"mkdir none", "none", CP_ENOTFOUND, "is not in a git repository"},
		{"true", "absent", CP_ENOTFOUND, "is no folder"},
		{"echo x >file", "file", CP_ENOTFOUND, "is no folder"},
		{"mkdir stale; echo 'gitdir: /nonexistent/x' >stale/.git", "stale", CP_ENOTFOUND,
		 "which is no repository"},
		{"mkdir odd; echo hello >odd/.git", "odd", CP_EINVAL, "is not the .git file"},
		{"mkdir pipe; mkdir pipe/sub; echo 'gitdir: ../pipe/sub' >pipe/.git", "pipe",
		 CP_ENOTFOUND, "no repository"},
		{"git init -q --object-format=sha256 sha256", "sha256", CP_EUNSUPPORTED, "SHA-256"},
		{"git init -q future; git -C future config core.repositoryformatversion 2",
		 "future", CP_EUNSUPPORTED, "version 2"},
		{"git init -q ext; git -C ext config core.repositoryformatversion 1; git -C ext config extensions.newthing 1",
		 "ext", CP_EUNSUPPORTED, "extensions.newthing"},
		{"git init -q rt; git -C rt config core.repositoryformatversion 1; git -C rt config extensions.refstorage reftable",
		 "rt", CP_EUNSUPPORTED, "references"},
		{"git init -q broken; echo '[core' >broken/.git/config", "broken", CP_EIO,
		 "configuration"},
		{"git init -q loop; printf '[include]\\n\\tpath = config\\n' >loop/.git/config",
		 "loop", CP_EIO, "configuration"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_repo *r = NULL;
		struct cp_err err = {0};

		sh("%s", cases[i].script);
		assert_int_equal(cp_repo_open(below(cases[i].path), &r, &err), cases[i].code);
		assert_null(r);
		if (!strstr(err.message, cases[i].says))
			fail_msg("%s: %s", cases[i].path, err.message);
		if (cases[i].code == CP_ENOTFOUND)
			assert_true(err.hint[0]);
		assert_int_equal(cp_repo_open(below(cases[i].path), &r, NULL), cases[i].code);
	}
}

/* Known extensions do not concern a reader. */
static void test_open_with_extensions(void **state)
{
	struct cp_repo *r;

	(void)state;
	sh("git init -q -b main known; cd known; git commit -q --allow-empty -m x; git config core.repositoryformatversion 1; "
	   "git config extensions.noop 1; git config extensions.preciousObjects true; git config extensions.worktreeConfig true; "
	   "git config --worktree core.bare true; "
	   "printf '[extensions]\\n\\trelativeWorktrees = true\\n\\tobjectFormat = sha1\\n\\trefStorage = files\\n' >>.git/config");
	r = open_repo("known");
	assert_true(cp_repo_is_bare(r)); /* says config.worktree */
	cp_repo_free(r);
}

/* A folder of a commit can look like a repository; its core.worktree leads nowhere. */
static void test_embedded_repository(void **state)
{
	struct cp_repo *r;

	(void)state;
	sh("git init -q -b main outer; cd outer; git init -q --bare evil; git -C evil config core.bare false; "
	   "git -C evil config core.worktree /; echo x >evil/x; git add .; git commit -q -m x");
	r = open_repo("outer/evil");
	assert_true(cp_repo_is_bare(r));
	cp_repo_free(r);
}

/* What a configuration can make git run leaves a mark. */
static void test_nothing_is_run(void **state)
{
	struct cp_tree *t = NULL;
	struct cp_repo *r;

	(void)state;
	sh("git init -q -b main trap; cd trap; echo 'x filter=evil diff=evil' >.gitattributes; echo x >x; git add .; git commit -q -m x; "
	   "printf '#!/bin/sh\\ntouch %s/ran\\n' >../evil.sh; chmod +x ../evil.sh; cp ../evil.sh .git/hooks/post-index-change; "
	   "for k in core.fsmonitor core.hooksPath core.sshCommand core.pager core.editor core.askPass core.gitProxy filter.evil.smudge "
	   "filter.evil.clean filter.evil.process diff.external diff.evil.textconv diff.evil.command gpg.program credential.helper "
	   "sequence.editor alias.rev-parse uploadpack.packObjectsHook; do git config $k %s/evil.sh; git config --global $k %s/evil.sh; done; "
	   "rm -f ../ran; touch x",
	   fixture, fixture, fixture);
	r = open_repo("trap");
	t = tree_of(r, "HEAD");
	cp_tree_free(t);
	assert_int_equal(cp_repo_index_tree(r, &t, NULL), 0);
	cp_tree_free(t);
	assert_int_equal(cp_repo_work_tree_tree(r, &t, NULL), 0);
	assert_text(file_of(t, "x"), "x\n");
	cp_tree_free(t);
	cp_repo_free(r);
	sh("rm -f .gitconfig; test ! -e ran");
}

/* ---- revisions ---- */

static void test_resolve(void **state)
{
	static const char *const revs[] = {
		"HEAD",
		"main",
		"side",
		"v1",
		"refs/heads/main",
		"heads/side",
		"tags/v1",
		"HEAD~1",
		"HEAD^",
		"HEAD^1",
		"HEAD~",
		"main~1^0",
		"HEAD~0",
		"v1~1",
		"@",
		"@~1",
		"v1^{}",
		"v1^{commit}",
		"HEAD^{}^{commit}~1",
		"main@{0}",
		"main@{1}",
		"@{0}~1",
		"side@{upstream}",
		"side@{u}~0",
		"merge",
		"merge^2",
		"merge^2~0",
		"merge~2",
		"merge^1~1",
		"odd/na+me",
		"v1-1-g",
		"origin/main",
	};
	struct cp_repo *r;

	(void)state;
	make_clone();
	sh("cd main; git checkout -q -b merge side; git commit -q --allow-empty -m s; git merge -q --no-ff -m m main; git branch odd/na+me HEAD~1; "
	   "git checkout -q main; git update-ref refs/remotes/origin/main side; git config branch.side.remote origin; "
	   "git config branch.side.merge refs/heads/main; git config remote.origin.url x; git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'");
	r = open_repo("main");
	for (size_t i = 0; i < CP_LEN(revs); i++) {
		char rev[128];
		const char *want;

		snprintf(rev, sizeof(rev), "%s", revs[i]);
		if (strcmp(rev, "v1-1-g") == 0)
			snprintf(rev, sizeof(rev), "v1-1-g%.10s",
				 out_of("git -C main rev-parse merge"));
		want = out_of("git -C main log -1 --format=%%H '%s'", rev);
		assert_string_equal(commit_of(r, rev).hex, want);
		assert_string_equal(commit_of(r, want).hex, want);
		snprintf(rev, sizeof(rev), "%.9s", want);
		assert_string_equal(commit_of(r, rev).hex, want);
	}
	assert_int_equal(commit_of(r, "HEAD").time,
			 atoll(out_of("git -C main log -1 --format=%%ct")));
	cp_repo_free(r);
}

static void test_resolve_fails(void **state)
{
	static const struct {
		const char *rev;
		int code;
		const char *hint; /* NULL: any */
	} cases[] = {
		{"", CP_EINVAL, NULL},
		{"nosuch", CP_ENOTFOUND, "git fetch origin nosuch:refs/remotes/origin/nosuch"},
		{"origin/feature/x", CP_ENOTFOUND,
		 "git fetch origin feature/x:refs/remotes/origin/feature/x"},
		{"refs/tags/v9", CP_ENOTFOUND, "git fetch origin refs/tags/v9:refs/tags/v9"},
		{"0123456789012345678901234567890123456789", CP_ENOTFOUND,
		 "git fetch origin 0123456789012345678901234567890123456789"},
		{"--upload-pack=touch${IFS}ran", CP_ENOTFOUND, "git fetch origin"},
		{"$(touch ran)", CP_ENOTFOUND, "git fetch origin"},
		{"x;touch${IFS}ran", CP_ENOTFOUND, "git fetch origin"},
		{"a\x1b[31mb\n", CP_ENOTFOUND, "git fetch origin"},
		{"HEAD~9", CP_ENOTFOUND, ""},
		{"HEAD^7", CP_ENOTFOUND, ""},
		{"HEAD~99999999999", CP_EINVAL, NULL},
		{"HEAD:a", CP_EINVAL, ""},
		{"HEAD^{tree}", CP_EINVAL, ""},
		{"main..side", CP_EINVAL, NULL},
		{":/one", CP_EUNSUPPORTED, NULL},
		{"HEAD^{/one}", CP_EUNSUPPORTED, NULL},
		{"HEAD^{blob}", CP_EINVAL, ""},
		{"HEAD^{", CP_EINVAL, ""},
		{"HEAD~1:a", CP_EINVAL, ""},
		{"HEAD~x", CP_EINVAL, ""},
		{"main@{u}", CP_ENOTFOUND, "git fetch origin"},
		{"@{upstream}", CP_ENOTFOUND, "git fetch origin"},
		{"nosuch@{1}", CP_ENOTFOUND, "git fetch origin"},
		{"deadbeef", CP_ENOTFOUND, "git fetch origin"},
		{"v9-3-gdeadbee", CP_ENOTFOUND, NULL},
		{"^main", CP_EINVAL, NULL},
		{"main^{", CP_EINVAL, NULL},
		{"~", CP_EINVAL, NULL},
	};
	struct cp_repo *r;

	(void)state;
	make_clone();
	r = open_repo("main");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_err err = {0};
		struct cp_commit c;
		int code = cp_repo_resolve(r, cases[i].rev, &c, &err);

		if (code != cases[i].code || err.code != code)
			fail_msg("%s: %d, %s", cases[i].rev, code, err.message);
		if (cases[i].hint && strcmp(cases[i].hint, err.hint) != 0)
			fail_msg("%s: hint \"%s\"", cases[i].rev, err.hint);
		for (const char *p = err.message; *p; p++)
			assert_true((unsigned char)*p >= 0x20);
		assert_int_equal(cp_repo_resolve(r, cases[i].rev, &c, NULL), cases[i].code);
	}
	cp_repo_free(r);
}

static void test_unborn(void **state)
{
	struct cp_repo *r;
	struct cp_tree *t;
	struct cp_commit c;
	struct cp_err err = {0};

	(void)state;
	sh("git init -q -b main unborn");
	r = open_repo("unborn");
	assert_int_equal(cp_repo_resolve(r, "HEAD", &c, &err), CP_ENOTFOUND);
	assert_int_equal(cp_repo_index_tree(r, &t, &err), 0);
	assert_string_equal(hex_of(&t->root), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	cp_tree_free(t);
	assert_int_equal(cp_repo_work_tree_tree(r, &t, &err), 0);
	cp_tree_free(t);
	cp_repo_free(r);
}

/* ---- trees ---- */

/* Names whose order differs between git, where a folder sorts as "name/", and bytes. */
static void test_listing(void **state)
{
	static const struct {
		const char *name;
		enum cp_entry_kind kind;
	} want[] = {
		{"a", CP_ENTRY_DIR},       {"a-b", CP_ENTRY_FILE},  {"a.b", CP_ENTRY_EXEC},
		{"a0", CP_ENTRY_FILE},     {"l", CP_ENTRY_SYMLINK}, {"sub", CP_ENTRY_SUBMODULE},
		{"\xff\n", CP_ENTRY_FILE},
	};
	const struct cp_dir *d, *again;
	struct cp_repo *r;
	struct cp_tree *t, *u;
	struct cp_err err = {0};
	uint64_t size = 0;

	(void)state;
	sh("git init -q -b main sort; cd sort; mkdir a; echo 1 >a/x; echo 2 >a.b; chmod +x a.b; echo 3 >a-b; echo 4 >a0; ln -s a/x l; "
	   "echo 5 >\"$(printf '\\377\\n.')\"; mv \"$(printf '\\377\\n.')\" \"$(printf '\\377\\nX')\"; "
	   "git add .; git update-index --add --cacheinfo 160000,0123456789012345678901234567890123456789,sub; git commit -q -m x; "
	   "git ls-files -s -z | tr '\\n' '\\1' | sed 's/\\o1X/\\o1/g' | tr '\\1' '\\n' >../list; git rm -rq --cached .; "
	   "git update-index -z --index-info <../list; git commit -q --amend -m x");
	r = open_repo("sort");
	t = tree_of(r, "HEAD");
	u = tree_of(r, "main");
	assert_int_equal(cp_tree_list(t, &t->root, &d, &err), 0);
	assert_int_equal(d->n_entries, CP_LEN(want));
	for (size_t i = 0; i < CP_LEN(want); i++) {
		assert_text(d->entries[i].name, want[i].name);
		assert_int_equal(d->entries[i].kind, want[i].kind);
	}
	assert_string_equal(hex_of(&t->root), out_of("git -C sort rev-parse 'HEAD^{tree}'"));
	assert_int_equal(cp_tree_list(u, &u->root, &again, &err), 0);
	assert_ptr_equal(d, again);
	assert_text(file_of(t, "a/x"), "1\n");
	assert_text(file_of(t, "l"), "a/x");
	assert_int_equal(t->ops->size(t, &d->entries[4].oid, &size, &err), 0);
	assert_int_equal(size, 3);
	assert_int_equal(t->ops->size(t, &d->entries[0].oid, &size, &err), CP_EIO);
	assert_int_equal(cp_tree_list(t, &d->entries[1].oid, &again, &err), CP_EIO);
	cp_repo_free(r); /* the trees keep what they need */
	assert_text(file_of(u, "a0"), "4\n");
	cp_tree_free(u);
	cp_tree_free(t);
}

static void test_read_is_bounded(void **state)
{
	cp_auto_buf struct cp_buf small = CP_BUF_INIT(1000);
	struct cp_err err = {0};
	struct cp_entry e;
	struct cp_repo *r;
	struct cp_tree *t;

	(void)state;
	sh("git init -q -b main big; cd big; head -c 1001 /dev/zero >f; git add .; git commit -q -m x");
	r = open_repo("big");
	t = tree_of(r, "HEAD");
	assert_int_equal(cp_tree_find(t, CP_S("f"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &small, &err), CP_ELIMIT);
	small.max = 1001;
	small.failed = 0;
	assert_int_equal(cp_tree_read(t, &e.oid, &small, &err), 0);
	assert_int_equal(small.n, 1001);
	cp_tree_free(t);
	cp_repo_free(r);
}

/* Trees that no checkout can have. */
static void test_malformed_trees(void **state)
{
	static const char *const bodies[] = {
		"100644 a\\0%s100644 a\\0%s",
		"100644 ..\\0%s",
		"100644 .\\0%s",
		"100644 \\0%s",
		"100644 a/b\\0%s",
		"100644 .git\\0%s",
		"130644 a\\0%s",
		"10064x a\\0%s",
		" a\\0%s",
		"100644 a\\0short",
		"100644 a",
		"00000000100644 a\\0%s",
		"100644 b\\0%s40000 b\\0%s",
	};
	static const char oid[] =
		"\\346\\235\\342\\233\\262\\321\\326\\103\\113\\213\\051\\256\\167\\132\\330\\302\\344\\214\\123\\221";
	struct cp_repo *r;

	(void)state;
	sh("git init -q -b main bad; git -C bad commit -q --allow-empty -m x; git -C bad hash-object -w -t blob /dev/null >/dev/null");
	for (size_t i = 0; i < CP_LEN(bodies); i++) {
		const struct cp_dir *d;
		struct cp_err err = {0};
		struct cp_tree *t;
		char body[512], rev[65];

		snprintf(body, sizeof(body), bodies[i], oid, oid);
		snprintf(
			rev, sizeof(rev), "%s",
			out_of("cd bad; printf '%s' >../body; git commit-tree -m x $(git hash-object -t tree -w --literally ../body)",
			       body));
		r = open_repo("bad");
		t = tree_of(r, rev);
		if (cp_tree_list(t, &t->root, &d, &err) != CP_EIO)
			fail_msg("%s is taken", bodies[i]);
		cp_tree_free(t);
		cp_repo_free(r);
	}
}

static void test_diff_is_that_of_git(void **state)
{
	struct cp_repo *r;
	struct cp_tree *a, *b;

	(void)state;
	sh("git init -q -b main diff; cd diff; mkdir -p d/e k; for i in 1 2 3 4 5; do echo $i >d/$i; echo $i >d/e/$i; echo $i >k/$i; done; "
	   "echo f >f; echo g >g; ln -s f l; git add .; git commit -q -m 1; git rm -q d/1; echo x >>d/e/2; chmod +x d/3; git mv d/4 d/44; rm f; "
	   "mkdir f; echo f >f/f; rm l; echo f >l; git rm -rq k; echo k >k; echo new >d/e/new; git add -A .; git commit -q -m 2");
	r = open_repo("diff");
	a = tree_of(r, "HEAD~1");
	b = tree_of(r, "HEAD");
	assert_string_equal(
		diff_of(a, b),
		out_of("cd diff; git diff --no-renames --name-status HEAD~1 HEAD | sed 's/\\t/ /; s/^T/M/' | "
		       "sed 's/^M d.3/T d\\/3/'; echo"));
	cp_tree_free(a);
	cp_tree_free(b);
	cp_repo_free(r);
}

/* ---- what is missing ---- */

static void run_hint(const char *folder, const struct cp_err *err)
{
	assert_true(cp_str_starts(cp_str_c(err->hint), CP_S("git fetch ")));
	sh("cd %s; %s >/dev/null 2>&1", folder, err->hint);
}

static void make_origin(void)
{
	sh("git init -q -b main origin; cd origin; git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true; "
	   "for i in 1 2 3 4 5 6; do mkdir -p d$i; echo $i >d$i/f; git add .; git commit -q -m $i; done; git checkout -q -b topic HEAD~3; "
	   "echo t >t; git add .; git commit -q -m t; git checkout -q main");
}

static void test_shallow(void **state)
{
	static const char *const revs[] = {"HEAD~1", "HEAD~3", "topic", "origin/topic", NULL};
	struct cp_commit c;
	struct cp_repo *r;

	(void)state;
	make_origin();
	for (size_t i = 0; i < CP_LEN(revs); i++) {
		const char *rev = revs[i] ? revs[i] : out_of("git -C origin rev-parse topic~2");
		struct cp_err err = {0};

		sh("rm -rf cut; git clone -q --depth=1 \"file://$PWD/origin\" cut");
		r = open_repo("cut");
		assert_true(cp_repo_is_shallow(r));
		assert_int_equal(cp_repo_resolve(r, rev, &c, &err), CP_ENOTFOUND);
		assert_non_null(strstr(err.message, "shallow"));
		cp_repo_free(r);
		run_hint("cut", &err);
		r = open_repo("cut");
		if (strcmp(rev, "topic") == 0)
			rev = "origin/topic";
		commit_of(r, rev);
		cp_repo_free(r);
	}
}

/* History ends where a shallow clone is cut, even if the parent's object is there. */
static void test_shallow_history(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_commit head, *list = NULL;
	struct cp_repo *r;
	size_t n = 0;

	(void)state;
	make_origin();
	sh("git clone -q \"file://$PWD/origin\" grafted; cd grafted; git rev-parse HEAD~2 >.git/shallow");
	r = open_repo("grafted");
	head = commit_of(r, "HEAD");
	assert_int_equal(cp_repo_history(a, r, &head, 100, &list, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(list[2].hex, out_of("git -C grafted rev-parse HEAD~2"));
	assert_int_equal(cp_repo_history(a, r, &head, 2, &list, &n, NULL), 0);
	assert_int_equal(n, 2);
	cp_repo_free(r);
	cp_arena_free(a);
}

static void test_history(void **state)
{
	cp_auto_buf struct cp_buf lines = CP_BUF_INIT(1 << 16);
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_commit head, *list = NULL;
	struct cp_repo *r;
	size_t n = 0;

	(void)state;
	make_origin();
	sh("cd origin; git merge -q -m m topic; git commit -q --allow-empty -m last");
	r = open_repo("origin");
	head = commit_of(r, "HEAD");
	assert_int_equal(cp_repo_history(a, r, &head, 100, &list, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		cp_buf_printf(&lines, "%s %lld%s", list[i].hex, (long long)list[i].time,
			      i + 1 < n ? "\n" : "");
	assert_string_equal(lines.p,
			    out_of("git -C origin log --first-parent --format='%%H %%ct'"));
	cp_repo_free(r);
	cp_arena_free(a);
}

static void test_partial(void **state)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(1000);
	struct cp_err err = {0};
	const struct cp_dir *d;
	struct cp_entry e;
	struct cp_repo *r;
	struct cp_tree *t;

	(void)state;
	make_origin();
	sh("git clone -q --no-checkout --filter=blob:none \"file://$PWD/origin\" blobless; "
	   "git clone -q --no-checkout --filter=tree:0 \"file://$PWD/origin\" treeless");
	r = open_repo("blobless");
	t = tree_of(r, "HEAD");
	assert_int_equal(cp_tree_find(t, CP_S("d1/f"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_ENOTFOUND);
	assert_int_equal(t->ops->size(t, &e.oid, &(uint64_t){0}, &err), CP_ENOTFOUND);
	assert_non_null(strstr(err.message, "partial"));
	run_hint("blobless", &err);
	assert_text(file_of(t, "d1/f"), "1\n"); /* the open handle finds the new pack */
	cp_tree_free(t);
	cp_repo_free(r);

	r = open_repo("treeless");
	t = tree_of(r, "HEAD~2");
	assert_int_equal(cp_tree_list(t, &t->root, &d, &err), CP_ENOTFOUND);
	run_hint("treeless", &err);
	assert_int_equal(cp_tree_list(t, &t->root, &d, &err), 0);
	cp_tree_free(t);
	cp_repo_free(r);
}

/* A clone that borrows objects, and one with packs, loose objects and a multi-pack index. */
static void test_object_stores(void **state)
{
	static const char *const clones[] = {"borrower", "packed", "midx"};

	(void)state;
	make_origin();
	sh("git clone -q --shared origin borrower; git clone -q \"file://$PWD/origin\" packed; cp -r packed midx; cd packed; echo n >n; git add n; "
	   "git commit -q -m n; cd ../midx; echo n >n; git add n; git commit -q -m n; git repack -q -d; git multi-pack-index write");
	for (size_t i = 0; i < CP_LEN(clones); i++) {
		struct cp_repo *r = open_repo(clones[i]);
		struct cp_tree *a = tree_of(r, "HEAD"), *b = tree_of(r, "HEAD~3");

		assert_text(file_of(a, "d6/f"), "6\n");
		assert_string_equal(
			diff_of(b, a),
			out_of("cd %s; git diff --name-status HEAD~3 HEAD | tr '\\t' ' '; echo",
			       clones[i]));
		cp_tree_free(a);
		cp_tree_free(b);
		cp_repo_free(r);
	}
}

static void test_damaged(void **state)
{
	struct cp_err err = {0};
	struct cp_entry e;
	struct cp_repo *r;
	struct cp_tree *t;

	(void)state;
	sh("git init -q -b main torn; cd torn; echo x >f; git add .; git commit -q -m x; o=$(git rev-parse HEAD:f); "
	   "p=.git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); chmod u+w $p; echo garbage >$p");
	r = open_repo("torn");
	t = tree_of(r, "HEAD");
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(1000);
	assert_int_equal(cp_tree_find(t, CP_S("f"), &e, &err), 0);
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_EIO);
	sh("cd torn; o=$(git rev-parse HEAD:f); rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)");
	assert_int_equal(cp_tree_read(t, &e.oid, &bytes, &err), CP_ENOTFOUND);
	assert_non_null(strstr(err.hint, "git fsck"));
	cp_tree_free(t);
	cp_repo_free(r);
}

/* ---- threads and life ---- */

struct reader {
	struct cp_tree *t;
	size_t n_files, n_bytes;
};

static int read_all(struct reader *rd, const struct cp_oid *oid)
{
	const struct cp_dir *d;
	int r = cp_tree_list(rd->t, oid, &d, NULL);

	for (size_t i = 0; r == 0 && i < d->n_entries; i++) {
		cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(1 << 20);

		if (d->entries[i].kind == CP_ENTRY_DIR) {
			r = read_all(rd, &d->entries[i].oid);
			continue;
		}
		r = cp_tree_read(rd->t, &d->entries[i].oid, &bytes, NULL);
		rd->n_files++;
		rd->n_bytes += bytes.n;
	}
	return r;
}

static void *reader_main(void *self)
{
	struct reader *rd = self;

	return read_all(rd, &rd->t->root) == 0 ? rd : NULL;
}

static void test_threads(void **state)
{
	struct cp_repo *r;
	struct cp_tree *trees[3];

	(void)state;
	sh("git init -q -b main many; cd many; for i in $(seq 60); do mkdir -p d$i/e; seq $i >d$i/f; seq $i >d$i/e/$i; done; git add .; "
	   "git commit -q -m 1; for i in $(seq 30); do echo x >>d$i/f; done; git commit -q -a -m 2; git repack -q -a -d --depth=50 --window=50");
	r = open_repo("many");
	trees[0] = tree_of(r, "HEAD");
	assert_int_equal(cp_repo_index_tree(r, &trees[1], NULL), 0);
	assert_int_equal(cp_repo_work_tree_tree(r, &trees[2], NULL), 0);
	for (size_t k = 0; k < CP_LEN(trees); k++) {
		struct reader readers[4] = {
			{trees[k], 0, 0}, {trees[k], 0, 0}, {trees[k], 0, 0}, {trees[k], 0, 0}};
		pthread_t threads[4];

		for (size_t i = 0; i < 4; i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, reader_main, &readers[i]), 0);
		for (size_t i = 0; i < 4; i++) {
			void *done = NULL;

			assert_int_equal(pthread_join(threads[i], &done), 0);
			assert_non_null(done);
			assert_int_equal(readers[i].n_files, 120);
			assert_int_equal(readers[i].n_bytes, readers[0].n_bytes);
		}
		cp_tree_free(trees[k]);
	}
	cp_repo_free(r);
}

static void *open_and_close(void *self)
{
	for (int i = 0; i < 50; i++) {
		struct cp_repo *r;
		struct cp_commit c;

		if (cp_repo_open(self, &r, NULL) != 0)
			return NULL;
		if (cp_repo_resolve(r, "HEAD~1", &c, NULL) != 0)
			self = NULL;
		cp_repo_free(r);
		if (!self)
			return NULL;
	}
	return self;
}

static void test_many_handles(void **state)
{
	pthread_t threads[2];
	char path[128];
	void *done;

	(void)state;
	make_clone();
	snprintf(path, sizeof(path), "%s", below("main"));
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, path), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_non_null(done);
	}
	cp_repo_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_open_fails),
		TEST(test_open_with_extensions),
		TEST(test_embedded_repository),
		TEST(test_nothing_is_run),
		TEST(test_resolve),
		TEST(test_resolve_fails),
		TEST(test_unborn),
		TEST(test_listing),
		TEST(test_read_is_bounded),
		TEST(test_malformed_trees),
		TEST(test_diff_is_that_of_git),
		TEST(test_shallow),
		TEST(test_shallow_history),
		TEST(test_history),
		TEST(test_partial),
		TEST(test_object_stores),
		TEST(test_damaged),
		TEST(test_threads),
		TEST(test_many_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
