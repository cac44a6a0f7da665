/*
 * predict/: outcomes and first causes, Dockerfile and files in, words out. What a real BuildKit answers to cases like these is
 * asked by tests/conformance; here the causes, and the content of stages that is worked out on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "predict/predict.h"

struct side {
	struct cp_arena *a;
	struct cp_tree *tree;
	struct cp_fs *context;
	struct cp_build build;
};

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	struct side *s = self;

	return cp_str_eq(name, CP_S("context")) ? s->context : NULL;
}

/* "path=content;path=content"; a path that ends in "*" is executable, "path>target" is a link */
static void add_files(struct cp_tree *t, const char *files)
{
	struct cp_str rest = cp_str_c(files), one;

	while (rest.n && cp_str_split(&rest, ';', &one)) {
		size_t eq = cp_str_find(one, '=', 0), gt = cp_str_find(one, '>', 0);
		struct cp_str path = cp_str_sub(one, 0, eq < gt ? eq : gt),
			      text = cp_str_from(one, (eq < gt ? eq : gt) + 1);
		enum cp_entry_kind kind = gt < eq ? CP_ENTRY_SYMLINK : CP_ENTRY_FILE;

		if (cp_str_ends(path, CP_S("*"))) {
			kind = CP_ENTRY_EXEC;
			path = cp_str_sub(path, 0, path.n - 1);
		}
		if (one.n)
			assert_int_equal(cp_memory_tree_add(t, path, kind, text), 0);
	}
}

static void make_side(struct side *s, char label, const char *dockerfile, const char *files,
		      const char *ignore, bool clone, const struct cp_build_options *given)
{
	struct cp_context_options options = {.git_dir = clone, .checkout = cp_digest_of(&label, 1)};
	struct cp_build_options build_options =
		given ? *given : (struct cp_build_options){.no_cache = false};
	const struct cp_patterns *patterns = NULL;
	struct cp_str *lines;
	struct cp_err err = {0};
	size_t n;

	s->a = cp_arena_new(64 << 20);
	s->tree = cp_memory_tree_new();
	add_files(s->tree, files);
	if (ignore) {
		assert_int_equal(cp_ignore_read(s->a, cp_str_c(ignore), &lines, &n, &err), 0);
		assert_int_equal(cp_patterns_compile(s->a, lines, n, &patterns, &err), 0);
	}
	options.ignore = patterns;
	assert_int_equal(cp_context_new(s->a, s->tree, &options, &s->context, &err), 0);
	options = (struct cp_context_options){.git_dir = false};
	assert_int_equal(cp_context_new(s->a, s->tree, &options, &s->build.unfiltered, &err), 0);
	assert_int_equal(cp_dockerfile_parse(s->a, cp_str_c(dockerfile), CP_S("Dockerfile"),
					     &s->build.dockerfile, &err),
			 0);
	if (cp_graph_build(s->a, s->build.dockerfile, CP_S("Dockerfile"), &build_options,
			   &s->build.graph, &err) < 0)
		fail_msg("graph: %s", err.message);
	s->build.local = local_of;
	s->build.self = s;
	s->build.ignore_file = CP_S(".dockerignore");
}

static void free_side(struct side *s)
{
	cp_tree_free(s->tree);
	cp_arena_free(s->a);
}

struct predict_case {
	const char *name;
	const char *dockerfile_a, *dockerfile_b; /* b NULL: the same */
	const char *files_a, *files_b;
	const char
		*expected; /* "hit miss:content-changed depends:parent-rebuilds" over the steps */
	const char *ignore_a, *ignore_b;
	bool clone, no_cache;
	const char *no_cache_stage;
};

static const struct predict_case cases[] = {
	{.name = "nothing changed",
	 .dockerfile_a = "FROM x\nCOPY a /a\nRUN r\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "hit hit"},
	{.name = "content",
	 .dockerfile_a = "FROM x\nCOPY a /a\nRUN r\n",
	 .files_a = "a=1",
	 .files_b = "a=2",
	 .expected = "miss:content-changed miss:parent-rebuilds"},
	{.name = "mode",
	 .dockerfile_a = "FROM x\nCOPY a /a\n",
	 .files_a = "a=1",
	 .files_b = "a*=1",
	 .expected = "miss:mode-changed"},
	{.name = "another file",
	 .dockerfile_a = "FROM x\nCOPY a /a\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=2",
	 .expected = "hit"},
	{.name = "new file in a folder",
	 .dockerfile_a = "FROM x\nCOPY d /d\n",
	 .files_a = "d/a=1",
	 .files_b = "d/a=1;d/b=2",
	 .expected = "miss:path-set-changed"},
	{.name = "moved with its base name",
	 .dockerfile_a = "FROM x\nCOPY p/a /a\n",
	 .dockerfile_b = "FROM x\nCOPY q/a /a\n",
	 .files_a = "p/a=1",
	 .files_b = "q/a=1",
	 .expected = "hit"},
	{.name = "another name, equal bytes",
	 .dockerfile_a = "FROM x\nCOPY a /f\n",
	 .dockerfile_b = "FROM x\nCOPY b /f\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=1",
	 .expected = "miss:instruction-changed"},
	{.name = "a link to an equal file",
	 .dockerfile_a = "FROM x\nCOPY a /a\n",
	 .files_a = "a=1",
	 .files_b = "a>b;b=1",
	 .expected = "hit"},
	{.name = "ignored file changed",
	 .dockerfile_a = "FROM x\nCOPY . /\n",
	 .files_a = "a=1;n.log=1",
	 .files_b = "a=1;n.log=2",
	 .ignore_a = "*.log",
	 .ignore_b = "*.log",
	 .expected = "hit"},
	{.name = "ignore rule lets a file in",
	 .dockerfile_a = "FROM x\nCOPY . /\n",
	 .files_a = "a=1;n.log=1",
	 .files_b = "a=1;n.log=1",
	 .ignore_a = "*.log",
	 .ignore_b = "",
	 .expected = "miss:ignore-file-changed"},
	{.name = ".git of a clone",
	 .dockerfile_a = "FROM x\nCOPY . /\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .clone = true,
	 .expected = "miss:git-dir-in-context"},
	{.name = ".git ignored",
	 .dockerfile_a = "FROM x\nCOPY . /\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .clone = true,
	 .ignore_a = ".git",
	 .ignore_b = ".git",
	 .expected = "hit"},
	{.name = "base image",
	 .dockerfile_a = "FROM x:1\nWORKDIR /w\n",
	 .dockerfile_b = "FROM x:2\nWORKDIR /w\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:base-image-changed"},
	{.name = "same digest under another tag",
	 .files_a = "",
	 .files_b = "",
	 .dockerfile_a =
		 "FROM x:1@sha256:0d3f8f8d34382f059c974c30645ca9c65b7569621804f8342154a820f831f819\nWORKDIR /w\n",
	 .dockerfile_b =
		 "FROM x:2@sha256:0d3f8f8d34382f059c974c30645ca9c65b7569621804f8342154a820f831f819\nWORKDIR /w\n",
	 .expected = "hit"},
	{.name = "instruction",
	 .dockerfile_a = "FROM x\nRUN a\nRUN b\n",
	 .dockerfile_b = "FROM x\nRUN a -v\nRUN b\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:instruction-changed miss:parent-rebuilds"},
	{.name = "a step put in",
	 .dockerfile_a = "FROM x\nRUN b\n",
	 .dockerfile_b = "FROM x\nRUN a\nRUN b\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:instruction-changed miss:parent-rebuilds"},
	{.name = "a step taken out",
	 .dockerfile_a = "FROM x\nRUN a\nRUN b\n",
	 .dockerfile_b = "FROM x\nRUN b\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:instruction-changed"},
	{.name = "ENV",
	 .dockerfile_a = "FROM x\nENV V=1\nRUN r\n",
	 .dockerfile_b = "FROM x\nENV V=2\nRUN r\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:environment-changed"},
	{.name = "ARG",
	 .dockerfile_a = "FROM x\nARG V=1\nRUN r\n",
	 .dockerfile_b = "FROM x\nARG V=2\nRUN r\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:argument-changed"},
	{.name = "USER",
	 .dockerfile_a = "FROM x\nUSER a\nRUN r\n",
	 .dockerfile_b = "FROM x\nUSER b\nRUN r\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:environment-changed"},
	{.name = "what a RUN writes",
	 .dockerfile_a =
		 "FROM x AS s\nCOPY a /a\nRUN r\nFROM y\nCOPY --from=s /o /o\nRUN t\nRUN --network=none u\n",
	 .dockerfile_b =
		 "FROM x AS s\nCOPY a /a\nRUN r\nFROM y\nCOPY --from=s /o /o\nRUN t\nRUN --network=none v\n",
	 .files_a = "a=1",
	 .files_b = "a=2",
	 .expected =
		 "miss:content-changed miss:parent-rebuilds depends:source-stage-rebuilds depends:parent-rebuilds miss:instruction-changed"},
	{.name = "a stage of copies: what is taken did not change",
	 .dockerfile_a = "FROM scratch AS s\nCOPY a b /\nFROM y\nCOPY --from=s /a /a\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=2",
	 .expected = "miss:content-changed hit"},
	{.name = "a stage of copies: what is taken changed",
	 .dockerfile_a = "FROM scratch AS s\nCOPY a b /\nFROM y\nCOPY --from=s /b /b\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=2",
	 .expected = "miss:content-changed miss:source-stage-rebuilds"},
	{.name = "a stage of copies on an image",
	 .dockerfile_a = "FROM x AS s\nWORKDIR /w\nCOPY a b ./\nFROM y\nCOPY --from=s /w/a /a\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=2",
	 .expected = "hit miss:content-changed hit"},
	{.name = "a folder of copies on an image",
	 .dockerfile_a = "FROM x AS s\nWORKDIR /w\nCOPY a b ./\nFROM y\nCOPY --from=s /w /w\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=1;b=2",
	 .expected = "hit miss:content-changed miss:source-stage-rebuilds"},
	{.name = "copies on another image",
	 .dockerfile_a = "FROM x:1 AS s\nCOPY a /w/\nFROM y\nCOPY --from=s /w/a /a\n",
	 .dockerfile_b = "FROM x:2 AS s\nCOPY a /w/\nFROM y\nCOPY --from=s /w/a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:base-image-changed hit"},
	{.name = "owner by name on another image",
	 .dockerfile_a = "FROM x:1 AS s\nCOPY --chown=u a /w/\nFROM y\nCOPY --from=s /w/a /a\n",
	 .dockerfile_b = "FROM x:2 AS s\nCOPY --chown=u a /w/\nFROM y\nCOPY --from=s /w/a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:base-image-changed depends:source-stage-rebuilds"},
	{.name = "owners by number, a user alone is the group, too",
	 .dockerfile_a = "FROM scratch AS s\nCOPY --chown=5 a /\nFROM y\nCOPY --from=s /a /a\n",
	 .dockerfile_b = "FROM scratch AS s\nCOPY --chown=5:5 a /\nFROM y\nCOPY --from=s /a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:instruction-changed hit"},
	{.name = "an owner by name where no file has names",
	 .dockerfile_a = "FROM scratch AS s\nCOPY --chown=u a /\nFROM y\nCOPY --from=s /a /a\n",
	 .dockerfile_b = "FROM scratch AS s\nCOPY a /\nFROM y\nCOPY --from=s /a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:instruction-changed hit"},
	{.name = "a symbolic mode that comes to the same",
	 .dockerfile_a =
		 "FROM scratch AS s\nCOPY --chmod=u=rwx,go=rx a /\nFROM y\nCOPY --from=s /a /a\n",
	 .dockerfile_b = "FROM scratch AS s\nCOPY --chmod=755 a /\nFROM y\nCOPY --from=s /a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:instruction-changed hit"},
	{.name = "two stages that may make the same",
	 .dockerfile_a = "FROM scratch AS s\nCOPY a /x\nFROM scratch AS t\nCOPY b /x\n"
			 "FROM y AS u\nCOPY --from=s /x /\nFROM y AS v\nCOPY --from=t /x /\n"
			 "FROM u\nCOPY --from=v / /v\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=2;b=2",
	 .expected = "miss:content-changed miss:content-changed depends:source-stage-rebuilds "
		     "depends:source-stage-rebuilds miss:parent-rebuilds"},
	{.name = "two stages that make different files by the same steps",
	 .dockerfile_a = "FROM scratch AS s\nCOPY a /x\nFROM scratch AS t\nCOPY b /x\n"
			 "FROM y AS u\nCOPY --from=s /x /\nFROM y AS v\nCOPY --from=t /x /\n"
			 "FROM u\nCOPY --from=v / /v\n",
	 .files_a = "a=1;b=1",
	 .files_b = "a=2;b=3",
	 .expected = "miss:content-changed miss:content-changed miss:source-stage-rebuilds "
		     "miss:source-stage-rebuilds miss:parent-rebuilds"},
	{.name = "an image that is copied from",
	 .dockerfile_a = "FROM y\nCOPY --from=x:1 /b /b\n",
	 .dockerfile_b = "FROM y\nCOPY --from=x:2 /b /b\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "depends:base-image-changed"},
	{.name = "a linked copy on another image",
	 .dockerfile_a = "FROM x:1\nCOPY --link a /w/\n",
	 .dockerfile_b = "FROM x:2\nCOPY --link a /w/\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "hit miss:base-image-changed"},
	{.name = "heredoc",
	 .dockerfile_a = "FROM x\nCOPY <<E /f\nA\nE\n",
	 .dockerfile_b = "FROM x\nCOPY <<E /f\nB\nE\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "miss:instruction-changed"},
	{.name = "download without checksum",
	 .dockerfile_a = "FROM x\nADD https://h.example/f /f\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "unknown:unresolved"},
	{.name = "download with checksum",
	 .files_a = "",
	 .files_b = "",
	 .dockerfile_a =
		 "FROM x\nADD --checksum=sha256:0d3f8f8d34382f059c974c30645ca9c65b7569621804f8342154a820f831f819 https://h.example/f /f\n",
	 .expected = "hit"},
	{.name = "another commit of a repository",
	 .dockerfile_a =
		 "FROM x\nADD https://h.example/r.git#0123456789012345678901234567890123456789 /r\n",
	 .dockerfile_b =
		 "FROM x\nADD https://h.example/r.git#1123456789012345678901234567890123456789 /r\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "unknown:unresolved"},
	{.name = "no cache",
	 .dockerfile_a = "FROM x\nRUN a\nWORKDIR /w\n",
	 .files_a = "",
	 .files_b = "",
	 .no_cache = true,
	 .expected = "miss:no-cache-requested miss:parent-rebuilds"},
	{.name = "no cache for a stage",
	 .dockerfile_a = "FROM x AS s\nRUN a\nFROM x\nRUN two\nCOPY --from=s /o /o\n",
	 .files_a = "",
	 .files_b = "",
	 .no_cache_stage = "s",
	 .expected = "miss:no-cache-requested hit depends:source-stage-rebuilds"},
	{.name = "no cache for a stage of copies",
	 .dockerfile_a = "FROM scratch AS s\nCOPY a /\nFROM x\nCOPY --from=s /a /a\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .no_cache_stage = "s",
	 .expected = "miss:no-cache-requested hit"},
	{.name = "a variable of an image's config",
	 .dockerfile_a = "FROM x\nCOPY a /x-1\nRUN r\n",
	 .dockerfile_b = "FROM x\nCOPY a /x-$V\nRUN r\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "unknown:unresolved unknown:parent-rebuilds"},
	{.name = "a variable of an image's config on both sides",
	 .dockerfile_a = "FROM x\nCOPY a /x-$V\n",
	 .dockerfile_b = "FROM x\nCOPY a /y-$V\n",
	 .files_a = "a=1",
	 .files_b = "a=1",
	 .expected = "miss:instruction-changed"},
	{.name = "a stage under another name",
	 .dockerfile_a = "FROM x AS s\nRUN a\nFROM y\nCOPY --from=s /o /o\n",
	 .dockerfile_b = "FROM x AS t\nRUN a\nFROM y\nCOPY --from=t /o /o\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "hit hit"},
	{.name = "two stages change places",
	 .dockerfile_a = "FROM x AS s\nRUN a\nFROM y\nRUN b\nCOPY --from=s /o /o\n",
	 .dockerfile_b = "FROM y AS f\nRUN b\nFROM x AS s\nRUN a\nFROM f\nCOPY --from=s /o /o\n",
	 .files_a = "",
	 .files_b = "",
	 .expected = "hit hit hit"},
};

static void say(struct cp_buf *out, const struct cp_step_result *r)
{
	if (r->step->kind != CP_STEP_OP && r->step->kind != CP_STEP_MERGE)
		return;
	if (out->n)
		cp_buf_addc(out, ' ');
	cp_buf_addz(out, cp_outcome_name(r->outcome));
	if (r->outcome == CP_OUTCOME_HIT) {
		assert_int_equal(r->cause.kind, CP_CAUSE_NONE);
		return;
	}
	assert_int_not_equal(r->cause.kind, CP_CAUSE_NONE);
	assert_true(r->cause.message.n > 0);
	cp_buf_printf(out, ":%s", cp_cause_name(r->cause.kind));
}

static void run_case(const struct predict_case *c)
{
	cp_auto_buf struct cp_buf got = CP_BUF_INIT(1 << 16);
	struct cp_str stage = cp_str_c(c->no_cache_stage);
	struct cp_build_options options = {.no_cache = c->no_cache,
					   .no_cache_filter = &stage,
					   .n_no_cache_filter = stage.n > 0};
	struct cp_prediction p = {0};
	struct cp_err err = {0};
	struct side a = {0}, b = {0};

	make_side(&a, 'a', c->dockerfile_a, c->files_a, c->ignore_a, c->clone, NULL);
	make_side(&b, 'b', c->dockerfile_b ? c->dockerfile_b : c->dockerfile_a, c->files_b,
		  c->ignore_b, c->clone, &options);
	b.build.ignore_differs =
		c->ignore_a != c->ignore_b &&
		strcmp(c->ignore_a ? c->ignore_a : "", c->ignore_b ? c->ignore_b : "");
	assert_int_equal(cp_predict(b.a, &a.build, &b.build, &p, &err), 0);
	for (size_t i = 0; i < p.n_steps; i++)
		say(&got, &p.steps[i]);
	if (!cp_str_eq(cp_buf_str(&got), cp_str_c(c->expected)))
		fail_msg("%s:\n  expected %s\n  got      %s", c->name, c->expected,
			 got.p ? got.p : "");
	free_side(&a);
	free_side(&b);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		run_case(&cases[i]);
}

/* The cause of a step that follows names the step where it began, not the one before it. */
static void test_follows_the_first(void **state)
{
	struct side a = {0}, b = {0};
	struct cp_prediction p = {0};
	struct cp_err err = {0};

	(void)state;
	make_side(&a, 'a', "FROM x\nCOPY a /\nRUN 1\nRUN 2\n", "a=1", NULL, false, NULL);
	make_side(&b, 'b', "FROM x\nCOPY a /\nRUN 1\nRUN 2\n", "a=2", NULL, false, NULL);
	assert_int_equal(cp_predict(b.a, &a.build, &b.build, &p, &err), 0);
	assert_int_equal(p.n_steps, 4);
	assert_int_equal(p.steps[3].cause.step, 1);
	assert_int_equal(p.steps[1].cause.n_paths, 1);
	assert_true(cp_str_eq(p.steps[1].cause.paths[0].path, CP_S("a")));
	assert_int_equal(p.outcome, CP_OUTCOME_MISS);
	assert_int_equal(p.n_miss, 3);
	free_side(&a);
	free_side(&b);
}

static void test_paths(void **state)
{
	struct side b = {0};
	struct cp_paths paths = {0};
	struct cp_err err = {0};
	struct cp_str extra[] = {CP_S("Dockerfile")};

	(void)state;
	make_side(
		&b, 'b',
		"FROM x AS unused\nCOPY z /\nFROM x\nCOPY l src /w/\nRUN --mount=target=/c,source=lock r\n",
		"l>t;t=1;src/a=1;src/b.log=1;lock=1;z=1;other=1", "*.md\nsrc/*.log", false, NULL);
	b.build.ignore_lines = (struct cp_str[]){CP_S("src/*.log")};
	b.build.n_ignore_lines = 1;
	assert_int_equal(cp_paths_collect(b.a, &b.build, extra, 1, &paths, &err), 0);
	assert_int_equal(paths.n_paths, 5);
	assert_true(cp_str_eq(paths.paths[0], CP_S("Dockerfile")));
	assert_true(cp_str_eq(paths.paths[1], CP_S("l")));
	assert_true(cp_str_eq(paths.paths[2], CP_S("lock")));
	assert_true(cp_str_eq(paths.paths[3], CP_S("src/a")));
	assert_true(cp_str_eq(paths.paths[4], CP_S("t")));
	free_side(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_follows_the_first),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
