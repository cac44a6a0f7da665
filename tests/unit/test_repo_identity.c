/* repo/: what a repository is known by: no scheme, no user, no password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "repo/repo.h"

static void test_urls(void **state)
{
	static const char *const rows[][2] = {
		{"https://github.com/acme/app.git", "github.com/acme/app"},
		{"https://GitHub.com/Acme/App/", "github.com/Acme/App"},
		{"https://bot:s3cret@host.test/acme/app.git", "host.test/acme/app"},
		{"https://a@b:c@host.test/acme/app", "host.test/acme/app"},
		{"https://host.test:443/acme/app", "host.test/acme/app"},
		{"https://host.test:8443/acme/app", "host.test:8443/acme/app"},
		{"https://host.test/acme/app.git?token=s3cret", "host.test/acme/app"},
		{"git@github.com:acme/app.git", "github.com/acme/app"},
		{"ssh://git@host.test:22/acme/app.git", "host.test/acme/app"},
		{"ssh://git@host.test:2222/acme/app", "host.test:2222/acme/app"},
		{"/srv/git/app.git", ""},
		{"file:///srv/git/app.git", ""},
		{"../app", ""},
		{"nonsense", ""},
		{"https://", ""},
		{"https://host.test", ""},
		{"", ""},
	};
	cp_auto_arena struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		struct cp_str got = cp_repo_url_identity(a, cp_str_c(rows[i][0]));

		if (!got.p || !cp_str_eq(got, cp_str_c(rows[i][1])))
			fail_msg("%s: %.*s", rows[i][0], CP_STR(got));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
