/* report/: what a cache holds, as a table and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/report.h"

static const struct cp_report_cache full = {
	.ref = CP_S_INIT("type=registry,ref=localhost:5000/app:cache"),
	.form = CP_S_INIT("image manifest"),
	.created = CP_S_INIT("2026-11-21T10:00:00Z"),
	.age = 3 * 86400 + 5,
	.config_bytes = 18637,
	.manifest_bytes = 2000,
	.blob_bytes = 1331439861,
	.n_blobs = 18,
	.n_configs = 1,
	.n_records = 42,
	.n_steps = 37,
	.n_loadable = 37,
	.commit = CP_S_INIT("7ab078a0000000000000000000000000000000000"),
	.subject = CP_S_INIT("Today is in UTC"),
	.head_rev = CP_S_INIT("HEAD"),
	.behind = 3,
	.n_searched = 4,
	.image = CP_S_INIT("app"),
	.n_head_hit = 4,
	.n_head_steps = 9,
	.head_why = CP_S_INIT("the cache was written elsewhere"),
};

static void expect(const struct cp_report_cache *c, enum cp_format format, const char *want)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 16);
	struct cp_err err = {0};

	assert_int_equal(cp_report_cache(c, 1, format, NULL, &out, &err), 0);
	if (strcmp(out.p, want) != 0)
		fail_msg("\n--- wanted\n%s\n--- got\n%s", want, out.p);
}

static void test_table(void **state)
{
	struct cp_report_cache c = full;

	(void)state;
	expect(&c, CP_FORMAT_TABLE,
	       "type=registry,ref=localhost:5000/app:cache\n"
	       "  form       image manifest, mode=max\n"
	       "  size       1.2 GiB in 18 layers\n"
	       "  records    42, 37 of them steps that can all be loaded\n"
	       "  limit      18.2 KiB of the 1 MiB that BuildKit reads of it\n"
	       "  newest     2026-11-21T10:00:00Z, 3 days ago\n"
	       "  commit     7ab078a Today is in UTC, 3 commits behind HEAD\n"
	       "  use        HEAD would take 4 of 9 steps from it; the cache was written\n"
	       "             elsewhere\n");
	c.n_loadable = 5;
	c.n_missing = 1;
	c.too_large = true;
	c.config_bytes = 1300000;
	c.age = -1;
	c.commit = CP_S("");
	c.n_searched = 200;
	c.n_head_steps = 0;
	expect(&c, CP_FORMAT_TABLE,
	       "type=registry,ref=localhost:5000/app:cache\n"
	       "  form       image manifest, mode=min\n"
	       "  size       1.2 GiB in 18 layers; 1 more that it names is not there\n"
	       "  records    42, 37 of them steps, of which 5 can be loaded\n"
	       "  too large  1.2 MiB of cacheconfig or manifest are over the 1 MiB that BuildKit\n"
	       "             reads: it drops the whole cache without a word\n"
	       "  newest     2026-11-21T10:00:00Z\n"
	       "  commit     none of the last 200 commits of HEAD left this cache\n");
}

static void test_nothing_there(void **state)
{
	struct cp_report_cache c = {.ref = CP_S("user/app\x1b[31m"),
				    .note = CP_S("it is an image without a cache")};

	(void)state;
	expect(&c, CP_FORMAT_TABLE,
	       "user/app\\x1b[31m\n  note       it is an image without a cache\n");
}

static void test_json(void **state)
{
	(void)state;
	expect(&full, CP_FORMAT_JSON,
	       "{\"schema\":\"cachepredict/cache/1\",\"caches\":[{\"ref\":\"type=registry,ref=localhost:5000/app:cache\","
	       "\"form\":\"image manifest\",\"digest\":null,\"media_type\":null,\"mode\":\"max\","
	       "\"created\":\"2026-11-21T10:00:00Z\",\"bytes\":1331439861,\"layers\":18,\"missing_layers\":0,\"configs\":1,"
	       "\"config_bytes\":18637,\"manifest_bytes\":2000,\"too_large\":false,\"records\":42,\"steps\":37,"
	       "\"loadable_steps\":37,\"note\":null,\"holds\":{\"image\":\"app\",\"head\":\"HEAD\","
	       "\"commit\":\"7ab078a0000000000000000000000000000000000\",\"subject\":\"Today is in UTC\",\"searched\":4,"
	       "\"head_steps\":9,\"head_hits\":4,\"head_why\":\"the cache was written elsewhere\",\"behind\":3}}]}\n");
}

static void test_other_formats(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 16), small = CP_BUF_INIT(20);

	(void)state;
	assert_int_equal(cp_report_cache(&full, 1, CP_FORMAT_DOT, NULL, &out, NULL),
			 CP_EUNSUPPORTED);
	assert_int_equal(cp_report_cache(&full, 1, CP_FORMAT_JSON, NULL, &small, NULL), CP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_other_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
