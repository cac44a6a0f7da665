/* base/: text, paths, JSON as Go writes it, digests, maps, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"

static void test_path_clean(void **state)
{
	static const char *const cases[][2] = {
		{"", "."},
		{"abc", "abc"},
		{"abc/def/..", "abc"},
		{"abc/..", "."},
		{"../../abc", "../../abc"},
		{"/../abc", "/abc"},
		{"/", "/"},
		{"//a//b/", "/a/b"},
		{"a/../../b", "../b"},
		{"/..", "/"},
		{"./x/.", "x"},
		{"abc/def/../ghi/../jkl", "abc/jkl"},
		{"/abc/def/../..", "/"},
		{"abc/../../././../def", "../../def"},
		{"..", ".."},
		{"../..", "../.."},
	};
	struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		assert_string_equal(cp_path_clean(a, cp_str_c(cases[i][0])).p, cases[i][1]);
	assert_string_equal(cp_path_join(a, CP_S("a"), CP_S("../b")).p, "b");
	assert_string_equal(cp_path_join(a, CP_S(""), CP_S("x/")).p, "x");
	assert_int_equal(cp_path_join(a, CP_S(""), CP_S("")).n, 0);
	assert_true(cp_str_eq(cp_path_base(CP_S("/a/b/")), CP_S("b")));
	assert_true(cp_str_eq(cp_path_base(CP_S("//")), CP_S("/")));
	assert_true(cp_str_eq(cp_path_base(CP_S("")), CP_S(".")));
	assert_true(cp_str_eq(cp_path_dir(a, CP_S("/a/b")), CP_S("/a")));
	assert_true(cp_str_eq(cp_path_dir(a, CP_S("a")), CP_S(".")));
	cp_arena_free(a);
}

/* Expected texts: what Go's json.Marshal gives for the same strings. */
static void test_json_as_go_writes_it(void **state)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(4096);
	struct cp_json_out o = CP_JSON_OUT(&b);

	(void)state;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "s",
		     CP_S("a<b>&\"\\\b\f\n\r\t\x01\x7f\xc3\xa9\xff\xe2\x80\xa8\xed\xa0\x80"));
	cp_json_kint(&o, "n", -1);
	cp_json_key(&o, "a");
	cp_json_open(&o, '[');
	cp_json_bool(&o, true);
	cp_json_null(&o);
	cp_json_base64(&o, CP_S("any"));
	cp_json_base64(&o, CP_S("an"));
	cp_json_base64(&o, CP_S("a"));
	cp_json_close(&o, ']');
	cp_json_key(&o, "e");
	cp_json_open(&o, '{');
	cp_json_close(&o, '}');
	cp_json_close(&o, '}');
	assert_int_equal(cp_buf_error(&b), 0);
	assert_string_equal(
		b.p,
		"{\"s\":\"a\\u003cb\\u003e\\u0026\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa9\\ufffd\\u2028"
		"\\ufffd\\ufffd\\ufffd\",\"n\":-1,\"a\":[true,null,\"YW55\",\"YW4=\",\"YQ==\"],\"e\":{}}");
}

static void test_json_reading_is_bounded(void **state)
{
	cp_auto_buf struct cp_buf deep = CP_BUF_INIT(1 << 20);
	struct cp_json_doc *doc = NULL;
	struct cp_err err = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		cp_buf_addc(&deep, '[');
	assert_int_equal(cp_json_parse(cp_buf_str(&deep), CP_S("deep"), &doc, &err), CP_ELIMIT);
	assert_int_equal(cp_json_parse(CP_S("{\"a\":\n 1,}"), CP_S("f.json"), &doc, &err),
			 CP_EINVAL);
	assert_int_equal(err.line, 2);
	assert_string_equal(err.file, "f.json");
	assert_int_equal(cp_json_parse(CP_S("{\"a\":[1,\"x\"],\"b\":null}"), CP_S("f"), &doc, &err),
			 0);
	assert_int_equal(cp_json_len(cp_json_get(cp_json_root(doc), "a")), 2);
	assert_true(cp_str_eq(cp_json_text(cp_json_at(cp_json_get(cp_json_root(doc), "a"), 1)),
			      CP_S("x")));
	assert_null(cp_json_get(cp_json_root(doc), "c"));
	cp_json_doc_free(doc);
}

static void test_digest(void **state)
{
	char text[CP_DIGEST_TEXT + 1];
	struct cp_digest d = cp_digest_of("", 0), again;

	(void)state;
	cp_digest_text(&d, text);
	assert_string_equal(
		text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(cp_digest_parse(cp_str_c(text), &again));
	assert_true(cp_digest_eq(&d, &again));
	text[10] = 'X';
	assert_false(cp_digest_parse(cp_str_c(text), &again));
}

static void test_numbers(void **state)
{
	int64_t v = 7;

	(void)state;
	assert_true(cp_str_to_int(CP_S("-9223372036854775808"), 10, &v));
	assert_true(v == INT64_MIN);
	assert_false(cp_str_to_int(CP_S("9223372036854775808"), 10, &v));
	assert_true(cp_str_to_int(CP_S("0755"), 8, &v));
	assert_int_equal(v, 0755);
	assert_false(cp_str_to_int(CP_S("8"), 8, &v));
	assert_false(cp_str_to_int(CP_S(""), 10, &v));
	assert_false(cp_str_to_int(CP_S("-"), 10, &v));
	assert_false(cp_str_to_int(CP_S("1_0"), 10, &v));
}

static void test_space_of_unicode(void **state)
{
	(void)state;
	assert_true(
		cp_str_eq(cp_str_trim_space(CP_S(" \t\xc2\xa0x y\xe3\x80\x80\n")), CP_S("x y")));
	assert_true(cp_str_eq(cp_str_trim_space(CP_S("\xa0")), CP_S("\xa0")));
	assert_true(cp_str_eq(cp_str_trim_space(CP_S("")), CP_S("")));
}

static void test_map_and_arena_limits(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20), *tiny = cp_arena_new(64);
	struct cp_map m = {0};
	static int values[1000];

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(cp_map_put(a, &m, cp_arena_printf(a, "key %d", i), &values[i]), 0);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(cp_map_get(&m, cp_arena_printf(a, "key %d", i)), &values[i]);
	assert_null(cp_map_get(&m, CP_S("key 1000")));
	assert_int_equal(cp_map_put(a, &m, CP_S("key 0"), &values[5]), 0);
	assert_int_equal(m.n, 1000);
	assert_ptr_equal(cp_map_get(&m, CP_S("key 0")), &values[5]);
	assert_non_null(cp_arena_alloc(tiny, 48));
	assert_null(cp_arena_alloc(tiny, 48));
	assert_null(cp_arena_array(tiny, SIZE_MAX / 2, 4));
	cp_arena_free(tiny);
	cp_arena_free(a);
}

static void test_buffers_and_errors(void **state)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(8);
	struct cp_err err = {0};

	(void)state;
	cp_buf_addz(&b, "12345678");
	assert_int_equal(cp_buf_error(&b), 0);
	cp_buf_addc(&b, '9');
	assert_int_equal(cp_buf_error(&b), CP_ELIMIT);
	cp_buf_clear(&b);
	cp_buf_printf(&b, "%d", 42);
	assert_string_equal(b.p, "42");

	assert_int_equal(cp_err_set(&err, CP_EINVAL, "bad \x1b[31m %s", "\xff"), CP_EINVAL);
	assert_string_equal(err.message, "bad ?[31m ?");
	assert_int_equal(cp_err_wrap(&err, "reading %s", "x"), CP_EINVAL);
	assert_string_equal(err.message, "reading x: bad ?[31m ?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_clean),
		cmocka_unit_test(test_json_as_go_writes_it),
		cmocka_unit_test(test_json_reading_is_bounded),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_space_of_unicode),
		cmocka_unit_test(test_map_and_arena_limits),
		cmocka_unit_test(test_buffers_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
