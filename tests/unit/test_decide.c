/* decide/: outcomes, caches and costs in, a verdict out; tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decide/decide.h"

static struct cp_arena *a;

static int setup(void **state)
{
	(void)state;
	a = cp_arena_new(CP_MAX_ARENA_BYTES);
	return a ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cp_arena_free(a);
	return 0;
}

/* Only cp_predict_cached makes a proof; here its place is taken by something that is never looked into. */
static const int nothing;
#define PROOF ((const struct cp_final_proof *)(const void *)&nothing)

/* "hmdu": outcomes of the steps. */
static struct cp_prediction predicted(const char *outcomes)
{
	static const struct cp_step step = {.kind = CP_STEP_OP};
	struct cp_prediction p = {.n_steps = strlen(outcomes), .n_stages = 1};

	p.steps = cp_arena_array(a, p.n_steps, sizeof(*p.steps));
	for (size_t i = 0; i < p.n_steps; i++) {
		p.steps[i].step = &step;
		p.steps[i].outcome = outcomes[i] == 'h'   ? CP_OUTCOME_HIT
				     : outcomes[i] == 'm' ? CP_OUTCOME_MISS
				     : outcomes[i] == 'd' ? CP_OUTCOME_DEPENDS
							  : CP_OUTCOME_UNKNOWN;
		p.n_hit += outcomes[i] == 'h';
		p.n_miss += outcomes[i] == 'm';
		p.n_depends += outcomes[i] == 'd';
		p.n_unknown += outcomes[i] == 'u';
	}
	return p;
}

static struct cp_decision decided(const struct cp_decide_input *in)
{
	struct cp_decision d;
	struct cp_err err = {0};

	assert_int_equal(cp_decide(a, in, &d, &err), 0);
	return d;
}

#define SECOND 1000
static struct cp_cost *costs(size_t n, int64_t ms, int64_t low, int64_t high)
{
	struct cp_cost *c = cp_arena_array(a, n, sizeof(*c));

	for (size_t i = 0; i < n; i++)
		c[i] = (struct cp_cost){CP_COST_OWN, 3, ms, low, high, CP_S("")};
	return c;
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *name, *steps;
		bool cache, proof;
		enum cp_same config;
		const char *unread;
		uint64_t bytes;
		int seconds; /* of every step; 0 = not known */
		double speed;
		enum cp_verdict want;
		bool builds;
	} rows[] = {
		{"no cache", "hhm", false, false, CP_SAME, "", 0, 0, 0, CP_ACT_UNDECIDED, true},
		{"no cache, nothing changed", "hhh", false, false, CP_SAME, "", 0, 0, 0,
		 CP_ACT_UNDECIDED, false},
		{"no cache, another CMD", "hhh", false, false, CP_SAME_NOT, "", 0, 0, 0,
		 CP_ACT_UNDECIDED, true},
		{"no cache, no build before", "hhh", false, false, CP_SAME_UNKNOWN, "", 0, 0, 0,
		 CP_ACT_UNDECIDED, true},
		{"some steps", "hhm", true, false, CP_SAME, "", 0, 0, 0, CP_ACT_REUSE_CACHE, true},
		{"all, proved", "hhh", true, true, CP_SAME, "", 0, 0, 0, CP_ACT_SKIP_BUILD, false},
		{"all, without a proof", "hhh", true, false, CP_SAME, "", 0, 0, 0,
		 CP_ACT_REUSE_CACHE, true},
		{"proved, another CMD", "hhh", true, true, CP_SAME_NOT, "", 0, 0, 0,
		 CP_ACT_REUSE_CACHE, true},
		{"proved, no build before", "hhh", true, true, CP_SAME_UNKNOWN, "", 0, 0, 0,
		 CP_ACT_REUSE_CACHE, true},
		{"proved, and --no-cache", "hhm", true, true, CP_SAME, "", 0, 0, 0,
		 CP_ACT_REUSE_CACHE, true},
		{"proved, and unknown", "hhu", true, true, CP_SAME, "", 0, 0, 0, CP_ACT_REUSE_CACHE,
		 true},
		{"proved, and depends", "hhd", true, true, CP_SAME, "", 0, 0, 0, CP_ACT_REUSE_CACHE,
		 true},
		{"nothing in it", "mmm", true, false, CP_SAME, "", 0, 0, 0,
		 CP_ACT_BUILD_WITHOUT_IMPORT, true},
		{"one unread, nothing in the other", "mmm", true, false, CP_SAME, "no route", 0, 0,
		 0, CP_ACT_UNDECIDED, true},
		{"one unread, some in the other", "hmm", true, false, CP_SAME, "no route", 0, 0, 0,
		 CP_ACT_REUSE_CACHE, true},
		/* two steps of 1 s against 10 MB at 1 MB/s */
		{"slow to fetch", "hhm", true, false, CP_SAME, "", 10000000, 1, 1000,
		 CP_ACT_BUILD_WITHOUT_IMPORT, true},
		{"slow to fetch, of unknown cost", "hhm", true, false, CP_SAME, "", 10000000, 0,
		 1000, CP_ACT_REUSE_CACHE, true},
		{"slow to fetch, of unknown speed", "hhm", true, false, CP_SAME, "", 10000000, 1, 0,
		 CP_ACT_REUSE_CACHE, true},
		{"slow to fetch, of unknown size", "hhm", true, false, CP_SAME, "", 0, 1, 1000,
		 CP_ACT_REUSE_CACHE, true},
		{"slow to fetch, slower to build", "hhm", true, false, CP_SAME, "", 10000000, 60,
		 1000, CP_ACT_REUSE_CACHE, true},
		{"nothing to fetch is saved by building", "hhh", true, true, CP_SAME, "", 10000000,
		 1, 1000, CP_ACT_SKIP_BUILD, false},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		struct cp_prediction p = predicted(rows[i].steps);
		struct cp_decide_cache cache = {.ref = CP_S("r"),
						.n_hit = p.n_hit,
						.n_added = p.n_hit,
						.bytes = rows[i].bytes,
						.final = rows[i].proof ? PROOF : NULL};
		struct cp_decide_image im = {.name = CP_S("api"),
					     .prediction = &p,
					     .caches = &cache,
					     .n_caches = rows[i].cache,
					     .unread = cp_str_c(rows[i].unread),
					     .config = rows[i].config,
					     .config_at = CP_S("CMD b")};
		struct cp_decide_input in = {.images = &im, .n_images = 1};
		struct cp_decision d;

		if (rows[i].seconds)
			im.costs = costs(p.n_steps, rows[i].seconds * SECOND,
					 rows[i].seconds * SECOND, rows[i].seconds * SECOND);
		if (rows[i].speed > 0)
			in.speed = (struct cp_speed){3, rows[i].speed, rows[i].speed, rows[i].speed,
						     0};
		d = decided(&in);
		if (d.action != rows[i].want || d.images[0].action != rows[i].want ||
		    d.images[0].builds != rows[i].builds)
			fail_msg("%s: %s, %d", rows[i].name, cp_verdict_name(d.action),
				 d.images[0].builds);
		assert_true(d.reason.n > 0);
	}
}

/* One image without a proof is enough to build; each has its own verdict. */
static void test_many_images(void **state)
{
	struct cp_prediction all = predicted("hh"), some = predicted("hm");
	struct cp_decide_cache x = {.ref = CP_S("x"), .n_hit = 2, .n_added = 2, .final = PROOF},
			       y = {.ref = CP_S("y"), .n_hit = 1, .n_added = 1};
	struct cp_decide_image images[] = {
		{.prediction = &all, .caches = &x, .n_caches = 1, .config = CP_SAME},
		{.prediction = &some, .caches = &y, .n_caches = 1, .config = CP_SAME},
		{.prediction = NULL},
	};
	struct cp_decide_input in = {.images = images, .n_images = 2};
	struct cp_decision d = decided(&in);

	(void)state;
	assert_int_equal(d.action, CP_ACT_REUSE_CACHE);
	assert_int_equal(d.n_cache_from, 2);
	assert_true(cp_str_eq(d.reason, CP_S("x has 2 of 4 steps, y 1 more")));
	assert_int_equal(d.images[0].action, CP_ACT_SKIP_BUILD);
	assert_false(d.images[0].builds);
	assert_true(d.images[1].builds);
	in.n_images = 1;
	assert_int_equal(decided(&in).action, CP_ACT_SKIP_BUILD);
	in.images = images + 2; /* one that failed is built */
	d = decided(&in);
	assert_int_equal(d.action, CP_ACT_UNDECIDED);
	assert_true(d.images[0].builds);
	in.n_images = 0;
	assert_int_equal(decided(&in).action, CP_ACT_UNDECIDED);
}

static void test_cache_to(void **state)
{
	static const struct {
		const char *steps, *from, *to;
		bool fork, is_inline;
		size_t stages;
		const char *want;
	} rows[] = {
		{"hm", "type=registry,ref=r", "", false, false, 2, "type=registry,ref=r,mode=max"},
		{"hm", "type=registry,ref=r", "", false, false, 1, "type=registry,ref=r,mode=min"},
		{"hm", "ghcr.io/a/b:cache", "", false, false, 2,
		 "type=registry,ref=ghcr.io/a/b:cache,mode=max"},
		{"hm", "type=local,src=/c,digest=sha256:1", "", false, false, 2,
		 "type=local,dest=/c,mode=max"},
		{"hm", "type=gha,scope=s,token=secret", "", false, false, 2,
		 "type=gha,scope=s,mode=max"},
		{"hm", "r", "", false, true, 2, "type=inline"},
		{"hm", "r", "type=registry,ref=t,mode=min", false, false, 2,
		 "type=registry,ref=t,mode=min"},
		{"hm", "r", "", true, false, 2, NULL},  /* a fork */
		{"hh", "r", "", false, false, 2, NULL}, /* nothing new */
		{"hd", "r", "", false, false, 1, "type=registry,ref=r,mode=min"},
		{"hm", "", "", false, false, 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		struct cp_prediction p = predicted(rows[i].steps);
		struct cp_str from = cp_str_c(rows[i].from), to = cp_str_c(rows[i].to);
		struct cp_decide_cache cache = {.ref = from, .is_inline = rows[i].is_inline};
		struct cp_decide_image im = {.prediction = &p,
					     .caches = &cache,
					     .n_caches = 1,
					     .cache_from = &from,
					     .n_cache_from = from.n > 0,
					     .cache_to = &to,
					     .n_cache_to = to.n > 0};
		struct cp_decide_input in = {.images = &im, .n_images = 1, .fork = rows[i].fork};
		struct cp_decision d;

		p.n_stages = rows[i].stages;
		d = decided(&in);
		assert_int_equal(d.n_cache_to, rows[i].want != NULL);
		assert_true(d.cache_to_why.n > 0);
		if (rows[i].want && !cp_str_eq(d.cache_to[0], cp_str_c(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].want, CP_STR(d.cache_to[0]));
	}
}

/* ---- costs ---- */

static struct cp_built_step ran(const char *image, const char *text, int64_t ms, enum cp_ran how)
{
	return (struct cp_built_step){
		.id = {cp_str_c(image), CP_S(""), CP_S(""), cp_str_c(text), 0},
		.ran = how,
		.ms = ms};
}

static struct cp_cost cost(const struct cp_costs *c, const char *image, const char *text)
{
	struct cp_step_id id = {cp_str_c(image), CP_S(""), CP_S(""), cp_str_c(text), 0};

	return cp_cost_of(c, &id);
}

static void test_costs(void **state)
{
	struct cp_built_step steps[] = {
		ran("api", "RUN pip install a", 10, CP_RAN_RAN),
		ran("api", "RUN pip install a", 30, CP_RAN_RAN),
		ran("api", "RUN pip install a", 20, CP_RAN_RAN),
		ran("api", "RUN pip install a", 999, CP_RAN_CACHED), /* to load it is no cost */
		ran("api", "RUN pip install a", 999, CP_RAN_FAILED),
		ran("api", "RUN pip install a", -1, CP_RAN_RAN),
		ran("web", "RUN pip install a", 90, CP_RAN_RAN),
		ran("web", "RUN make", 7, CP_RAN_RAN),
	};
	struct cp_built build = {.steps = steps,
				 .n_steps = CP_LEN(steps),
				 .n_imports = 1,
				 .import_ms = 40,
				 .loaded_bytes = 4000,
				 .loaded_ms = 2};
	const struct cp_costs *c;
	struct cp_err err = {0};
	struct cp_cost got;

	(void)state;
	assert_int_equal(cp_costs_new(a, &build, 1, &c, &err), 0);
	got = cost(c, "api", "RUN pip install a");
	assert_int_equal(got.source, CP_COST_OWN);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.ms, 20);
	assert_int_equal(got.low, 10);
	assert_int_equal(got.high, 30);
	got = cost(c, "other", "RUN make"); /* of an image that was never built */
	assert_int_equal(got.source, CP_COST_OWN);
	assert_int_equal(got.ms, 7);
	got = cost(c, "api", "RUN pip install b");
	assert_int_equal(got.source, CP_COST_KIND);
	assert_true(cp_str_eq(got.kind, CP_S("RUN pip install")));
	assert_int_equal(got.n, 4);
	assert_int_equal(got.ms, 25);
	assert_int_equal(cost(c, "api", "COPY . .").source, CP_COST_UNKNOWN);
	assert_int_equal(cost(NULL, "api", "COPY . .").source, CP_COST_UNKNOWN);
	assert_int_equal(cp_costs_speed(c).n, 1);
	assert_true(cp_costs_speed(c).bytes_per_ms == 2000);
	assert_int_equal(cp_costs_speed(c).manifest_ms, 40);
	assert_int_equal(cp_costs_speed(NULL).n, 0);
}

/* Twenty runs, two of them far out: the spread is without them. */
static void test_spread(void **state)
{
	struct cp_built_step steps[20];
	struct cp_built build = {.steps = steps, .n_steps = CP_LEN(steps)};
	const struct cp_costs *c;
	struct cp_err err = {0};

	(void)state;
	for (size_t i = 0; i < CP_LEN(steps); i++)
		steps[i] = ran("", "RUN x",
			       i == 7   ? 100000
			       : i == 3 ? 1
					: 50 + (int64_t)i,
			       CP_RAN_RAN);
	assert_int_equal(cp_costs_new(a, &build, 1, &c, &err), 0);
	assert_int_equal(cost(c, "", "RUN x").low, 51);
	assert_int_equal(cost(c, "", "RUN x").high, 68);
}

static void test_seconds(void **state)
{
	struct cp_prediction p = predicted("hmdu");
	struct cp_decide_cache cache = {.ref = CP_S("r"), .n_hit = 1, .n_added = 1, .bytes = 3000};
	struct cp_decide_image im = {.prediction = &p,
				     .costs = costs(4, 10 * SECOND, 8 * SECOND, 12 * SECOND),
				     .caches = &cache,
				     .n_caches = 1};
	struct cp_decide_input in = {.images = &im, .n_images = 1};
	struct cp_decision d;

	(void)state;
	in.speed = (struct cp_speed){2, 10, 5, 20, 100};
	d = decided(&in);
	assert_int_equal(d.without.ms, 40 * SECOND);
	assert_int_equal(d.with.ms, 30 * SECOND);
	assert_int_equal(d.with.low, 24 * SECOND);
	assert_int_equal(d.with.high, 36 * SECOND);
	assert_int_equal(d.with.n_known, 3);
	assert_int_equal(d.import_ms, 400);
	assert_int_equal(d.import_bytes, 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_images, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_to, setup, teardown),
		cmocka_unit_test_setup_teardown(test_costs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seconds, setup, teardown),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
