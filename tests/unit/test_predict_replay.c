/*
 * predict/replay: rows of builds on one builder that keeps its cache, Dockerfiles and files in, outcomes out. tests/conformance asks a
 * real BuildKit the same (e2e/backtest.go).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "predict/replay.h"

#define MAX_BUILDS 8

struct one {
	const char *dockerfile; /* NULL: that of the build before */
	const char *files;      /* "path=content;path=content" */
	const char *expected;   /* outcomes of the steps that count: h, m, d, u */
};

struct replay_case {
	const char *name;
	struct one builds[MAX_BUILDS];
	bool clone; /* .git is in the context */
};

static const struct replay_case cases[] = {
	{.name = "a revert hits again, and what stood on it",
	 .builds = {{"FROM x\nCOPY a /a\nRUN r\n", "a=1", "mm"},
		    {NULL, "a=2", "mm"},
		    {NULL, "a=1", "hh"},
		    {NULL, "a=2", "hh"},
		    {NULL, "a=3", "mm"}}},
	{.name = "a revert below, something new above",
	 .builds = {{"FROM x\nCOPY a /a\nCOPY b /b\n", "a=1;b=1", "mm"},
		    {NULL, "a=2;b=1", "mm"},
		    {NULL, "a=1;b=2", "hm"},
		    {NULL, "a=2;b=2", "hm"},
		    {NULL, "a=2;b=1", "hh"}}},
	{.name = "a file moves to another folder and back",
	 .builds = {{"FROM x\nCOPY p/a /a\n", "p/a=1", "m"},
		    {"FROM x\nCOPY q/a /a\n", "q/a=1", "h"},
		    {"FROM x\nCOPY p/a /a\n", "p/a=1", "h"}}},
	{.name = "the Dockerfile is edited and the edit taken back",
	 .builds = {{"FROM x\nRUN one\nRUN two\n", "a=1", "mm"},
		    {"FROM x\nRUN other\nRUN two\n", "a=1", "mm"},
		    {"FROM x\nRUN one\nRUN two\n", "a=1", "hh"},
		    {"FROM x\nRUN two\nRUN one\n", "a=1", "mm"}}},
	{.name = "another base image and back",
	 .builds = {{"FROM x:1\nRUN one\n", "a=1", "m"},
		    {"FROM x:2\nRUN one\n", "a=1", "m"},
		    {"FROM x:1\nRUN one\n", "a=1", "h"}}},
	{.name = "equal bytes from a stage of copies",
	 .builds = {{"FROM scratch AS s\nCOPY a b /\nFROM x\nCOPY --from=s /a /a\n", "a=1;b=1",
		     "mm"},
		    {NULL, "a=1;b=2", "mh"},
		    {NULL, "a=2;b=2", "mm"},
		    {NULL, "a=1;b=3", "mh"}}},
	{.name = "what a RUN leaves may be equal",
	 .builds = {{"FROM x AS s\nCOPY a /a\nRUN r\nFROM x\nCOPY --from=s /o /o\nRUN t\n", "a=1",
		     "mmmm"},
		    {NULL, "a=2", "mmdd"},
		    {NULL, "a=1", "hhhh"},
		    {NULL, "a=2", "hhhh"}}},
	{.name = "a copy on what may be an older copy",
	 .builds = {{"FROM x AS s\nCOPY a /a\nRUN r\nFROM x\nCOPY --from=s /o /o\nCOPY b /b\n",
		     "a=1;b=1", "mmmm"},
		    {NULL, "a=2;b=2", "mmdm"},
		    {NULL, "a=1;b=2", "hhhd"},
		    {NULL, "a=2;b=1", "hhhd"},
		    {NULL, "a=2;b=3", "hhhm"}}},
	{.name = "--link does not care for what is below",
	 .builds = {{"FROM x:1\nCOPY --link a /a\n", "a=1", "mm"},
		    {"FROM x:2\nCOPY --link a /a\n", "a=1", "hm"},
		    {"FROM x:1\nCOPY --link a /a\n", "a=2", "mm"},
		    {"FROM x:2\nCOPY --link a /a\n", "a=2", "hm"},
		    {"FROM x:1\nCOPY --link a /a\n", "a=1", "hh"}}},
	{.name = "bind mounts",
	 .builds = {{"FROM x\nRUN --mount=source=d,target=/d r\n", "d/a=1;e=1", "m"},
		    {NULL, "d/a=2;e=1", "m"},
		    {NULL, "d/a=1;e=2", "h"}}},
	{.name = ".git is another one at every commit",
	 .builds = {{"FROM x\nCOPY a /a\nCOPY . .\n", "a=1", "mm"},
		    {NULL, "a=1", "hm"},
		    {NULL, "a=1", "hm"}},
	 .clone = true},
	{.name = "a path that is not there",
	 .builds = {{"FROM x\nCOPY a /a\nCOPY b /b\nRUN r\n", "a=1", "mmm"},
		    {NULL, "a=1", "huu"},
		    {NULL, "a=1;b=1", "huu"},
		    {NULL, "a=1;b=1", "hhh"}}},
	{.name = "a folder by its names and modes",
	 .builds = {{"FROM x\nCOPY d/*.txt /d/\n", "d/a.txt=1;d/b=1", "m"},
		    {NULL, "d/a.txt=1;d/b=2", "h"},
		    {NULL, "d/c.txt=1;d/b=2", "m"},
		    {NULL, "d/a.txt=1", "h"}}},
};

struct world {
	struct cp_arena *a;
	struct cp_tree *trees[MAX_BUILDS];
	struct cp_fs *contexts[MAX_BUILDS];
	struct cp_build builds[MAX_BUILDS];
};

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	return cp_str_eq(name, CP_S("context")) ? *(struct cp_fs **)self : NULL;
}

static void add_files(struct cp_tree *t, const char *files)
{
	struct cp_str rest = cp_str_c(files), one;

	while (rest.n && cp_str_split(&rest, ';', &one)) {
		size_t eq = cp_str_find(one, '=', 0);

		assert_int_equal(cp_memory_tree_add(t, cp_str_sub(one, 0, eq), CP_ENTRY_FILE,
						    cp_str_from(one, eq + 1)),
				 0);
	}
}

static void make_build(struct world *w, size_t i, const char *dockerfile, const char *files,
		       bool clone)
{
	char label = (char)('a' + i);
	struct cp_context_options options = {.git_dir = clone, .checkout = cp_digest_of(&label, 1)};
	struct cp_build_options build_options = {.no_cache = false};
	struct cp_build *b = &w->builds[i];
	struct cp_err err = {0};

	w->trees[i] = cp_memory_tree_new();
	add_files(w->trees[i], files);
	assert_int_equal(cp_context_new(w->a, w->trees[i], &options, &w->contexts[i], &err), 0);
	b->local = local_of;
	b->self = &w->contexts[i];
	assert_int_equal(cp_dockerfile_parse(w->a, cp_str_c(dockerfile), CP_S("Dockerfile"),
					     &b->dockerfile, &err),
			 0);
	assert_int_equal(cp_graph_build(w->a, b->dockerfile, CP_S("Dockerfile"), &build_options,
					&b->graph, &err),
			 0);
}

static struct cp_trace *trace_of(struct world *w, struct cp_contents *contents, size_t i)
{
	struct cp_trace *t = NULL;

	assert_int_equal(cp_trace_make(w->a, w->a, &w->builds[i], contents, &t, NULL), 0);
	return t;
}

static void outcomes_of(const struct cp_trace *t, const struct cp_replayed *r, char *out)
{
	for (size_t i = 0; i < t->graph->n_steps; i++)
		if (t->graph->steps[i].kind == CP_STEP_OP ||
		    t->graph->steps[i].kind == CP_STEP_MERGE)
			*out++ = "hmdu"[r->outcomes[i]];
	*out = '\0';
}

static void check(const struct replay_case *c)
{
	struct world w = {.a = cp_arena_new(64 << 20)};
	struct cp_contents *contents = cp_contents_new();
	struct cp_replay *replay = cp_replay_new();
	const char *dockerfile = NULL;

	assert_true(w.a && contents && replay);
	for (size_t i = 0; i < MAX_BUILDS && c->builds[i].files; i++) {
		struct cp_replayed r;
		struct cp_trace *t;
		char got[32];

		if (c->builds[i].dockerfile)
			dockerfile = c->builds[i].dockerfile;
		make_build(&w, i, dockerfile, c->builds[i].files, c->clone);
		t = trace_of(&w, contents, i);
		assert_int_equal(cp_replay_add(replay, w.a, t, &r, NULL), 0);
		outcomes_of(t, &r, got);
		if (strcmp(got, c->builds[i].expected) != 0)
			fail_msg("%s: build %zu is %s, not %s", c->name, i + 1, got,
				 c->builds[i].expected);
		assert_true(i == 0 ? r.nearest == CP_REPLAY_NONE : r.nearest < i);
	}
	cp_replay_free(replay);
	cp_contents_free(contents);
	for (size_t i = 0; i < MAX_BUILDS; i++)
		cp_tree_free(w.trees[i]);
	cp_arena_free(w.a);
}

static void test_rows_of_builds(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		check(&cases[i]);
}

/* A row of two is what a prediction compares; only a surer answer of the prediction may stand beside an open one. */
static void check_pair(struct world *w, const struct replay_case *c, size_t x, size_t y)
{
	struct cp_contents *contents = cp_contents_new();
	struct cp_replay *replay = cp_replay_new();
	struct cp_trace *t = trace_of(w, contents, y);
	struct cp_prediction p = {0};
	struct cp_replayed r;

	assert_int_equal(cp_replay_add(replay, w->a, trace_of(w, contents, x), &r, NULL), 0);
	assert_int_equal(cp_replay_add(replay, w->a, t, &r, NULL), 0);
	assert_int_equal(cp_predict(w->a, &w->builds[x], &w->builds[y], &p, NULL), 0);
	for (size_t i = 0; i < p.n_steps; i++) {
		enum cp_outcome a = p.steps[i].outcome, b = r.outcomes[i];

		if (p.steps[i].step->kind == CP_STEP_FROM || a == b)
			continue;
		if (a == CP_OUTCOME_HIT || b == CP_OUTCOME_HIT || b == CP_OUTCOME_MISS)
			fail_msg("%s: builds %zu and %zu, %.*s: predicted %s, replayed %s", c->name,
				 x + 1, y + 1, CP_STR(p.steps[i].step->name), cp_outcome_name(a),
				 cp_outcome_name(b));
	}
	cp_replay_free(replay);
	cp_contents_free(contents);
}

static void test_pairs_as_predicted(void **state)
{
	(void)state;
	for (size_t n = 0; n < CP_LEN(cases); n++) {
		const struct replay_case *c = &cases[n];
		struct world w = {.a = cp_arena_new(256 << 20)};
		const char *dockerfile = NULL;

		for (size_t i = 0; i < MAX_BUILDS && c->builds[i].files; i++) {
			if (c->builds[i].dockerfile)
				dockerfile = c->builds[i].dockerfile;
			make_build(&w, i, dockerfile, c->builds[i].files, c->clone);
			for (size_t k = 0; k < i; k++)
				check_pair(&w, c, k, i);
		}
		for (size_t i = 0; i < MAX_BUILDS; i++)
			cp_tree_free(w.trees[i]);
		cp_arena_free(w.a);
	}
}

/* What to hold a build against: where the parent of the first step that breaks was used last. */
static void test_nearest(void **state)
{
	static const struct {
		const char *files;
		size_t nearest;
	} builds[] = {{"a=1;b=1", CP_REPLAY_NONE}, {"a=2;b=1", 0}, {"a=2;b=2", 1}, {"a=1;b=3", 0}};
	struct world w = {.a = cp_arena_new(64 << 20)};
	struct cp_contents *contents = cp_contents_new();
	struct cp_replay *replay = cp_replay_new();

	(void)state;
	for (size_t i = 0; i < CP_LEN(builds); i++) {
		struct cp_replayed r;

		make_build(&w, i, "FROM x\nCOPY a /a\nCOPY b /b\n", builds[i].files, false);
		assert_int_equal(cp_replay_add(replay, w.a, trace_of(&w, contents, i), &r, NULL),
				 0);
		assert_int_equal(r.nearest, builds[i].nearest);
	}
	cp_replay_free(replay);
	cp_contents_free(contents);
	for (size_t i = 0; i < MAX_BUILDS; i++)
		cp_tree_free(w.trees[i]);
	cp_arena_free(w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_of_builds),
					   cmocka_unit_test(test_pairs_as_predicted),
					   cmocka_unit_test(test_nearest)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
