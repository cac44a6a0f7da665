/*
 * A build against caches: each cache is made of the records of another build, so that only the joining of caches, the order of their
 * worth and what has to be loaded are tested here. That records are BuildKit's is tested by test_predict_records.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "predict/cached.h"
#include "predict/held.h"
#include "predict/records.h"
#include "hash_fixture.h"

/* Two stages that know nothing of each other, and one that reads both. */
static const char dockerfile[] =
	"FROM alpine AS one\nCOPY a /a\nRUN one\nFROM alpine AS two\nCOPY b /b\nRUN two\n"
	"FROM alpine\nCOPY --from=one /x /x\nCOPY --from=two /y /y\nRUN last\n";

#define MAX_TREES 16
static struct cp_arena *arena;
static struct cp_tree *trees[MAX_TREES];
static size_t n_trees;

static int set_up(void **state)
{
	(void)state;
	arena = cp_arena_new(64 << 20);
	n_trees = 0;
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	while (n_trees)
		cp_tree_free(trees[--n_trees]);
	cp_arena_free(arena);
	return 0;
}

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	return cp_str_eq(name, CP_S("context")) ? self : NULL;
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	static const struct cp_image_config config = {
		.digest = CP_S_INIT(
			"sha256:297f5e58b79c42f8b9e98d7cc22980b7421a1fde4824cc8498d739c5a92a6c36")};

	(void)self, (void)ref, (void)platform, (void)err;
	*ret_config = &config;
	return 0;
}

static const struct cp_hasher hasher = {.record = hash_file};

/* A build whose files a and b have these contents. */
static struct cp_build build_of(const char *file, const char *a, const char *b)
{
	struct cp_image_resolver resolver = {resolve, NULL};
	struct cp_build_options options = {.resolver = &resolver};
	struct cp_context_options context_options = {.git_dir = false};
	struct cp_build build = {.local = local_of};
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_fs *fs;
	struct cp_err err = {0};

	assert_non_null(t);
	assert_true(n_trees < MAX_TREES);
	trees[n_trees++] = t;
	assert_int_equal(cp_memory_tree_add(t, CP_S("a"), CP_ENTRY_FILE, cp_str_c(a)), 0);
	assert_int_equal(cp_memory_tree_add(t, CP_S("b"), CP_ENTRY_FILE, cp_str_c(b)), 0);
	assert_int_equal(cp_context_new(arena, t, &context_options, &fs, &err), 0);
	build.self = fs;
	assert_int_equal(cp_dockerfile_parse(arena, cp_str_c(file), CP_S("Dockerfile"),
					     &build.dockerfile, &err),
			 0);
	if (cp_graph_build(arena, build.dockerfile, CP_S("Dockerfile"), &options, &build.graph,
			   &err) < 0)
		fail_msg("%s", err.message);
	return build;
}

/* ---- what a build exports ---- */

static void blob(uint64_t id, char text[CP_DIGEST_TEXT + 1])
{
	struct cp_digest d = cp_digest_of(&id, sizeof(id));

	cp_digest_text(&d, text);
}

static size_t index_of(const struct cp_records *r, const struct cp_digest *digest)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->items[i].unknown.n && cp_digest_eq(&r->items[i].digest, digest))
			return i;
	return r->n;
}

static void write_links(struct cp_json_out *o, const struct cp_records *r,
			const struct cp_record_input *in)
{
	cp_json_open(o, '[');
	for (size_t k = 0; k < in->n_links; k++) {
		const struct cp_record_link *l = &in->links[k];
		size_t to = l->unknown.n ? r->n : index_of(r, &l->record);
		char text[CP_DIGEST_TEXT + 1];

		if (to == r->n)
			continue;
		cp_json_open(o, '{');
		if (l->has_selector) {
			cp_digest_text(&l->selector, text);
			cp_json_kstr(o, "selector", cp_str_c(text));
		}
		cp_json_key(o, "link");
		cp_json_int(o, (long long)to);
		cp_json_close(o, '}');
	}
	if (in->unknown
		    .n) { /* the output of a RUN: the last record, which nothing here can compute */
		cp_json_open(o, '{');
		cp_json_key(o, "link");
		cp_json_int(o, (long long)r->n);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void write_record(struct cp_json_out *o, const struct cp_records *r, size_t at, bool layers)
{
	const struct cp_record *rec = &r->items[at];
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(&rec->digest, text);
	cp_json_open(o, '{');
	cp_json_kstr(o, "digest", cp_str_c(text));
	if (rec->n_inputs && layers) {
		cp_json_key(o, "layers");
		cp_json_open(o, '[');
		cp_json_open(o, '{');
		cp_json_key(o, "layer");
		cp_json_int(o, 0);
		cp_json_close(o, '}');
		cp_json_close(o, ']');
	}
	if (rec->n_inputs) {
		cp_json_key(o, "inputs");
		cp_json_open(o, '[');
		for (size_t i = 0; i < rec->n_inputs; i++)
			write_links(o, r, &rec->inputs[i]);
		cp_json_close(o, ']');
	}
	cp_json_close(o, '}');
}

/*
 * What `b` exports, mode=max; without the layers of the steps that have `without` in their names ("" = all have theirs). The one layer
 * has `bytes`.
 */
static const struct cp_cache *export_of(const struct cp_build *b, const char *without,
					uint64_t bytes)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(1 << 20);
	struct cp_json_out o = CP_JSON_OUT(&text);
	struct cp_cache_blob blobs[1];
	const struct cp_cache *cache = NULL;
	struct cp_records r = {0};
	struct cp_err err = {0};
	char id[CP_DIGEST_TEXT + 1];

	assert_int_equal(cp_records_collect(arena, b, &hasher, &r, &err), 0);
	blob(bytes, id);
	blobs[0] = (struct cp_cache_blob){cp_digest_of(&bytes, sizeof(bytes)), bytes};
	cp_json_open(&o, '{');
	cp_json_key(&o, "layers");
	cp_json_open(&o, '[');
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "blob", cp_str_c(id));
	cp_json_key(&o, "parent");
	cp_json_int(&o, -1);
	cp_json_close(&o, '}');
	cp_json_close(&o, ']');
	cp_json_key(&o, "records");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < r.n; i++) {
		struct cp_str step = r.items[i].step;

		write_record(&o, &r, i,
			     !without[0] || !step.n ||
				     cp_str_find_str(step, cp_str_c(without), 0) >= step.n);
	}
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "digest", cp_str_c(id));
	cp_json_close(&o, '}');
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	if (cp_cache_parse(arena, cp_buf_str(&text), CP_S("cache"), blobs, 1, &cache, &err) < 0)
		fail_msg("%s", err.message);
	return cache;
}

/* "hit:01 miss: ..." per step: the outcome's first letter and the caches that have it. */
static const char *show(const struct cp_cached_prediction *p, size_t n_caches)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);

	for (size_t i = 0; i < p->prediction.n_steps; i++) {
		const struct cp_step_result *s = &p->prediction.steps[i];

		if (s->step->kind != CP_STEP_OP)
			continue;
		cp_buf_printf(&out, "%s%c", out.n ? " " : "", cp_outcome_name(s->outcome)[0]);
		for (size_t k = 0; k < n_caches; k++)
			if (p->holders[i] >> k & 1)
				cp_buf_printf(&out, "%zu", k);
		if (s->cause.kind == CP_CAUSE_LAYERS_MISSING)
			cp_buf_addc(&out, '!');
	}
	cp_buf_addz(&out, " |");
	for (size_t k = 0; k < n_caches; k++) {
		const struct cp_cached_share *share = &p->shares[p->order[k]];

		cp_buf_printf(&out, " %zu:%zu+%zu/%llu%s", p->order[k], share->n_hit,
			      share->n_added, (unsigned long long)share->bytes,
			      share->final ? "f" : "");
	}
	return cp_arena_str(arena, cp_buf_str(&out)).p;
}

static void expect(const struct cp_build *b, const struct cp_cache *const *caches, size_t n,
		   const char *want)
{
	struct cp_cached_prediction p = {.final = NULL};
	struct cp_err err = {0};

	if (cp_predict_cached(arena, b, caches, n, &hasher, NULL, &p, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(show(&p, n), want);
}

/* ---- tests ---- */

static void test_one_cache(void **state)
{
	struct cp_build a = build_of(dockerfile, "1", "1"), b = build_of(dockerfile, "1", "2");
	const struct cp_cache *c = export_of(&a, "", 10);

	(void)state;
	expect(&a, &c, 1, "h0 h0 h0 h0 h0 h0 h0 | 0:7+7/10f");
	/* `two` runs again: what it writes is not known */
	expect(&b, &c, 1, "h0 h0 m m h0 d d | 0:3+3/10");
	expect(&a, NULL, 0, "m m m m m m m |");
}

static void test_caches_add_up(void **state)
{
	struct cp_build b = build_of(dockerfile, "1", "1"), one = build_of(dockerfile, "1", "9"),
			two = build_of(dockerfile, "9", "1");
	const struct cp_cache *caches[] = {export_of(&one, "", 20), export_of(&two, "", 10),
					   export_of(&one, "", 30)};

	(void)state;
	/* of equal ones, the one whose layers are smaller comes first and the other adds nothing */
	expect(&b, caches, 3, "h02 h02 h1 h1 h02 d d | 0:3+3/20 2:3+0/30 1:2+2/10");
	caches[1] = export_of(&b, "", 50);
	expect(&b, caches, 2, "h01 h01 h1 h1 h01 h1 h1 | 1:7+7/50f 0:3+0/20");
}

/* mode=min: the stages' steps are known, and only what the last stage wrote can be fetched. */
static void test_missing_layers(void **state)
{
	static const char other_last[] =
		"FROM alpine AS one\nCOPY a /a\nRUN one\nFROM alpine AS two\nCOPY b /b\nRUN two\n"
		"FROM alpine\nCOPY --from=one /x /x\nCOPY --from=two /other /y\nRUN last\n";
	struct cp_build a = build_of(dockerfile, "1", "1"), b = build_of(other_last, "1", "1");
	const struct cp_cache *caches[] = {export_of(&a, "[two", 10), export_of(&a, "[one", 20)};

	(void)state;
	expect(&a, caches, 1, "h0 h0 h0 h0 h0 h0 h0 | 0:7+7/10f");
	/* the content of `two` is needed, and its layers are not there: it runs; with the other cache it is fetched */
	expect(&b, caches, 1, "h0 h0 m! m! h0 m m | 0:3+3/10");
	expect(&b, caches, 2, "h01 h01 h1 h1 h01 m m | 1:5+5/40 0:3+0/10");
}

/* Equal files of two stages on equal images: the second copy takes what the first has just made, and nobody knows which is the second. */
static void test_twins(void **state)
{
	static const char twins[] =
		"FROM scratch AS one\nCOPY a /x\nFROM scratch AS two\nCOPY b /x\n"
		"FROM alpine AS three\nCOPY --from=one /x /x\n"
		"FROM alpine AS four\nCOPY --from=two /x /x\n"
		"FROM alpine\nCOPY --from=three /x /3\nCOPY --from=four /x /4\n";
	struct cp_build a = build_of(twins, "1", "1"), equal = build_of(twins, "2", "2"),
			other = build_of(twins, "2", "3");
	const struct cp_cache *c = export_of(&a, "", 10);

	(void)state;
	expect(&a, &c, 1, "h0 h0 h0 h0 h0 h0 | 0:6+6/10f");
	expect(&equal, &c, 1, "m m d d d d | 0:0+0/0");
	expect(&other, &c, 1, "m m m m d d | 0:0+0/0");
}

static void test_too_many(void **state)
{
	static const struct cp_cache *many[CP_MAX_CACHES + 1];
	struct cp_build b = build_of(dockerfile, "1", "1");
	struct cp_cached_prediction p;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_predict_cached(arena, &b, many, CP_LEN(many), &hasher, NULL, &p, &err),
			 CP_ELIMIT);
}

static void expect_traces(const struct cp_build *b, const struct cp_cache *c, size_t n,
			  size_t n_found)
{
	struct cp_traces t = {0};

	assert_int_equal(cp_build_traces(arena, b, c, &hasher, &t, NULL), 0);
	assert_int_equal(t.n, n);
	assert_int_equal(t.n_found, n_found);
	assert_int_equal(t.n_unknown, 0);
}

/* Seven operations and two selections of files: the commit is found by them. */
static void test_held(void **state)
{
	struct cp_build a = build_of(dockerfile, "1", "1"), b = build_of(dockerfile, "1", "2");
	const struct cp_cache *c = export_of(&a, "", 10);

	(void)state;
	expect_traces(&a, c, 9, 9);
	expect_traces(&b, c, 9, 8);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_cache), TEST(test_caches_add_up), TEST(test_missing_layers),
		TEST(test_too_many),  TEST(test_held),          TEST(test_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
