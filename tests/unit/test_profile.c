/* profile/: which release is meant, and which older rules hold for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "profile/profile.h"

static struct cp_profile profile_of(struct cp_arena *a, const char *builder, const char *syntax)
{
	struct cp_builder b;
	struct cp_profile p;

	assert_int_equal(cp_builder_parse(cp_str_c(builder), &b, NULL), 0);
	assert_int_equal(cp_profile_of(a, &b, cp_str_c(syntax), &p, NULL), 0);
	return p;
}

static void test_releases(void **state)
{
	static const struct {
		const char *builder, *syntax, *frontend, *daemon;
		bool known;
		uint64_t holds, holds_not;
	} cases[] = {
		{"", "", "0.34", "0.34", true, 0, ~UINT64_C(0)},
		{"buildkit=0.34.2", "", "0.34.2", "0.34.2", true, 0, ~UINT64_C(0)},
		{"buildkit=v0.33.1", "", "0.33.1", "0.33.1", true, CP_RULE_CHOWN_EMPTY_GROUP,
		 CP_RULE_IMAGE_CHAIN},
		{"buildkit=0.33.0", "", "0.33", "0.33", true, CP_RULE_IMAGE_CHAIN,
		 CP_RULE_LIST_BASE_NAMES},
		{"buildkit=0.26.3", "", "0.26.3", "0.26.3", true,
		 CP_RULE_IMAGE_CHAIN | CP_RULE_SHEBANG_NOT_CHOMPED,
		 CP_RULE_LIST_BASE_NAMES | CP_RULE_NO_REQUIRED_PATHS | CP_RULE_NO_PARENTS},
		{"buildkit=0.20.2", "", "0.20.2", "0.20.2", true,
		 CP_RULE_LIST_BASE_NAMES | CP_RULE_NESTED_LINKS | CP_RULE_NO_EXCLUDE |
			 CP_RULE_WORKDIR_NO_TIME,
		 CP_RULE_JSON_ZEROS | CP_RULE_NO_TARGETSTAGE | CP_RULE_NO_SYMBOLIC_CHMOD},
		{"buildkit=0.13", "", "0.13", "0.13", true,
		 CP_RULE_LINKS_LEXICAL | CP_RULE_JSON_ZEROS | CP_RULE_DOT_DROPPED,
		 CP_RULE_DOT_WITHOUT_SLASH | CP_RULE_ONBUILD_UNORDERED},
		{"buildkit=0.14", "", "0.14", "0.14", true, CP_RULE_DOT_WITHOUT_SLASH,
		 CP_RULE_LINKS_LEXICAL},
		{"buildkit=0.12.5", "", "0.12.5", "0.12.5", false, 0, 0},
		{"buildkit=0.35", "", "0.35", "0.35", false, 0, 0},
		{"frontend=1.20,daemon=0.20", "", "0.26", "0.20", true, CP_RULE_LIST_BASE_NAMES,
		 CP_RULE_NO_PARENTS},
		{"daemon=0.20.2", "", "0.20.2", "0.20.2", true, CP_RULE_NO_PARENTS, 0},
		{"", "docker/dockerfile:1", "0.34", "0.34", true, 0, ~UINT64_C(0)},
		{"", "docker/dockerfile", "0.34", "0.34", true, 0, ~UINT64_C(0)},
		{"", "docker/dockerfile:1.7", "0.13", "0.34", true, CP_RULE_NO_EXCLUDE,
		 CP_RULE_JSON_ZEROS},
		{"", "docker.io/docker/dockerfile:1.7.1-labs@sha256:00", "0.13.1", "0.34", true,
		 CP_RULE_NO_REQUIRED_PATHS, CP_RULE_NO_EXCLUDE | CP_RULE_NO_PARENTS},
		{"", "localhost:5000/mirror/docker/dockerfile:1.20", "0.26", "0.34", true, 0,
		 CP_RULE_NO_PARENTS},
		{"", "docker/dockerfile:1.99", "0.105", "0.34", false, 0, 0},
		{"", "docker/dockerfile:1.4", "0.10", "0.34", false, 0, 0},
		{"", "docker/dockerfile:master", "0.34", "0.34", false, 0, 0},
		{"", "docker/dockerfile@sha256:00", "0.34", "0.34", false, 0, 0},
		{"", "example.test/mydocker/dockerfile2:1.7", "0.34", "0.34", false, 0, 0},
		{"", "evildocker/dockerfile:1.7", "0.34", "0.34", false, 0, 0},
		{"buildkit=0.26", "docker/dockerfile:1.7", "0.13", "0.26", true, 0, 0},
		{"frontend=1.20", "docker/dockerfile:1.7", "0.26", "0.34", true, 0, 0},
		{"frontend=1.20", "example.test/own", "0.26", "0.34", true, 0, 0},
	};
	struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_profile p = profile_of(a, cases[i].builder, cases[i].syntax);

		print_message("%s %s\n", cases[i].builder, cases[i].syntax);
		assert_string_equal(p.frontend.p, cases[i].frontend);
		assert_string_equal(p.daemon.p, cases[i].daemon);
		assert_true((p.unknown.n == 0) == cases[i].known);
		assert_true((p.rules & cases[i].holds) == cases[i].holds);
		assert_true((p.rules & cases[i].holds_not) == 0);
	}
	cp_arena_free(a);
}

static void test_assumptions(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	assert_int_equal(profile_of(a, "", "").assumed.n, 0);
	assert_int_equal(profile_of(a, "", "docker/dockerfile:1.20").assumed.n, 0);
	assert_true(profile_of(a, "", "docker/dockerfile:1").assumed.n > 0);
	assert_true(profile_of(a, "", "example.test/own:2").assumed.n > 0);
	assert_true(profile_of(a, "buildkit=0.40", "").assumed.n > 0);
	cp_arena_free(a);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"0.26",
		"buildkit",
		"buildkit=",
		"buildkit=1.20",
		"buildkit=26",
		"frontend=2.1",
		"daemon=1.20",
		"buildkit=0.26.x",
		"buildkit=0.33",
		"buildkit=0.26,x=1",
		"buildkit=0.99999",
		"buildkit=0.1.2.3",
		",",
	};
	struct cp_builder b;
	struct cp_err err = {0};

	(void)state;
	for (size_t i = 0; i < CP_LEN(texts); i++) {
		print_message("%s\n", texts[i]);
		assert_int_equal(cp_builder_parse(cp_str_c(texts[i]), &b, &err), CP_EUSAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_releases),
					   cmocka_unit_test(test_assumptions),
					   cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
