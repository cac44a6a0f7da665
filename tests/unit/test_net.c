/* net/: URLs and hosts. Requests are in tests/faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/net.h"

static void test_loopback(void **state)
{
	static const char *const yes[] = {
		"localhost", "LOCALHOST:5000", "127.0.0.1", "127.1.2.3:80", "::1", "[::1]:5000"};
	static const char *const no[] = {"localhost.example",
					 "127.0.0.1.example",
					 "128.0.0.1",
					 "127.1",
					 "127.0.0.1x",
					 "::2",
					 "",
					 "10.0.0.1:127"};

	(void)state;
	for (size_t i = 0; i < CP_LEN(yes); i++)
		assert_true(cp_net_is_loopback(cp_str_c(yes[i])));
	for (size_t i = 0; i < CP_LEN(no); i++)
		assert_false(cp_net_is_loopback(cp_str_c(no[i])));
}

static void test_urls(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "ftp://h/",
					  "file:///etc/passwd",
					  "http://u:p@h/",
					  "http://u@h/",
					  "https://h:99999/",
					  "http://"};
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_net_url x, y;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_net_url_parse(a, CP_S("HTTPS://H.example/a?b=c"), &x, &err), 0);
	assert_int_equal(cp_net_url_parse(a, CP_S("https://h.example:443/z"), &y, &err), 0);
	assert_true(cp_net_same_origin(&x, &y));
	assert_true(cp_str_eq(x.path, CP_S("/a")) && cp_str_eq(x.query, CP_S("b=c")));
	assert_int_equal(cp_net_url_parse(a, CP_S("http://h.example:443/z"), &y, &err), 0);
	assert_false(cp_net_same_origin(&x, &y));
	assert_int_equal(cp_net_url_parse(a, CP_S("http://2130706433/"), &y, &err), 0);
	assert_true(y.loopback); /* 127.0.0.1 as libcurl reads it */
	for (size_t i = 0; i < CP_LEN(bad); i++)
		assert_int_equal(cp_net_url_parse(a, cp_str_c(bad[i]), &y, &err), CP_EINVAL);
	assert_int_equal(cp_net_url_parse(a, cp_str_n("http://h/\0x", 11), &y, &err), CP_EINVAL);
}

static void test_escape(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(100);

	(void)state;
	cp_net_escape(&out, CP_S("a-B_0.~ /:&\xc3\xa9"));
	assert_true(cp_str_eq(cp_buf_str(&out), CP_S("a-B_0.~%20%2F%3A%26%C3%A9")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
