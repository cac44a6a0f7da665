/* caches/: cacheconfigs of strangers, and what of them is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "caches/caches.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"

static int parse(struct cp_arena *a, const char *text, const struct cp_cache_blob *blobs, size_t n,
		 const struct cp_cache **ret, struct cp_err *err)
{
	return cp_cache_parse(a, cp_str_c(text), CP_S("cache"), blobs, n, ret, err);
}

static void test_broken_configs(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\"records\":[{\"digest\":\"" D1 "\",\"inputs\":[[{\"link\":7}]]}]}",
		 "cache: a link is out of range"},
		{"{\"records\":[{\"digest\":\"" D1 "\",\"inputs\":[[{\"link\":-1}]]}]}",
		 "cache: a link is out of range"},
		{"{\"records\":[{\"digest\":\"sha256:1\"}]}", "cache: a record has no digest"},
		{"{\"records\":[{\"digest\":\"" D1
		 "\",\"layers\":[{\"layer\":1}]}],\"layers\":[{\"blob\":\"" D2
		 "\",\"parent\":-1}]}",
		 "cache: a record's layer is out of range"},
		{"{\"layers\":[{\"blob\":\"" D1 "\",\"parent\":5}]}",
		 "cache: a layer's parent is out of range"},
		{"{\"layers\":[{\"blob\":\"" D1 "\",\"parent\":1},{\"blob\":\"" D2
		 "\",\"parent\":0}],\"records\":[{\"digest\":\"" D3
		 "\",\"layers\":[{\"layer\":0}]}]}",
		 "cache: a layer is its own ancestor"},
		{"{\"layers\":[{\"blob\":\"" D1 "\"}],\"records\":[{\"digest\":\"" D3
		 "\",\"layers\":[{\"layer\":0}]}]}",
		 "cache: a layer is its own ancestor"}, /* no parent member is parent 0 */
		{"{\"records\":[{\"digest\":\"" D1
		 "\",\"inputs\":[[{\"selector\":\"x\",\"link\":0}]]}]}",
		 "cache: a selector is no digest"},
	};
	struct cp_arena *a = cp_arena_new(8 << 20);
	const struct cp_cache *cache;

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_err err = {0};

		assert_int_equal(parse(a, cases[i].text, NULL, 0, &cache, &err), CP_EINVAL);
		assert_string_equal(err.message, cases[i].message);
	}
	cp_arena_free(a);
}

static void test_limits(void **state)
{
	cp_auto_buf struct cp_buf big = CP_BUF_INIT(2 << 20);
	struct cp_arena *a = cp_arena_new(8 << 20);
	const struct cp_cache *cache;
	struct cp_err err = {0};

	(void)state;
	cp_buf_addz(&big, "{\"records\":[]");
	while (big.n <= 1 << 20)
		cp_buf_addz(&big,
			    "                                                                ");
	cp_buf_addz(&big, "}");
	assert_int_equal(cp_cache_parse(a, cp_buf_str(&big), CP_S("cache"), NULL, 0, &cache, &err),
			 CP_ELIMIT);
	assert_int_equal(parse(a, "[[", NULL, 0, &cache, &err), CP_EINVAL);
	assert_int_equal(parse(a, "{}", NULL, 0, &cache, &err), 0);
	assert_int_equal(cache->n_records, 0);
	cp_arena_free(a);
}

/* A record is loadable only when every blob below it is named by the manifest. Records that link in a circle do no harm. */
static void test_layers(void **state)
{
	static const char text[] =
		"{\"layers\":[{\"blob\":\"" D1 "\",\"parent\":-1},{\"blob\":\"" D2
		"\",\"parent\":0},{\"blob\":\"" D3
		"\",\"parent\":1}],\"records\":[{\"digest\":\"" D1
		"\",\"layers\":[{\"layer\":2}]},{\"digest\":\"" D2
		"\",\"layers\":[{\"layer\":0}],\"inputs\":[[{\"link\":1}]]}]}";
	struct cp_cache_blob blobs[2] = {{.size = 10}, {.size = 20}};
	struct cp_arena *a = cp_arena_new(8 << 20);
	const struct cp_cache *cache;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(parse(a, text, NULL, 0, &cache, &err), 0);
	assert_true(cache->records[0].has_layers);
	assert_true(cp_digest_parse(CP_S(D3), &blobs[0].digest));
	assert_true(cp_digest_parse(CP_S(D1), &blobs[1].digest));
	assert_int_equal(parse(a, text, blobs, 2, &cache, &err), 0);
	assert_false(cache->records[0].has_layers); /* the middle one is missing */
	assert_true(cache->records[1].has_layers);
	assert_int_equal(cache->records[1].bytes, 20);
	assert_int_equal(cache->n_missing_blobs, 1);
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_configs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
