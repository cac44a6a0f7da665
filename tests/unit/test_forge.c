/* forge/: markers, and which pull request of which forge. Requests are in tests/hosts and tests/faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "forge/forge_int.h"

/* ---- markers ---- */

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static const struct forge_version version = {CP_S_INIT(COMMIT), 42, 1700000000};

static void round_trip(struct cp_str id, bool html)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);
	struct forge_version v;
	struct cp_str text;

	forge_marker_write(&out, id, &version, html);
	assert_true(out.n <= CP_FORGE_MARKER_BYTES);
	cp_buf_addz(&out, "body\n");
	assert_true(forge_marker_read(cp_buf_str(&out), id, &v, &text));
	assert_true(cp_str_eq(v.commit, version.commit));
	assert_true(v.run == 42 && v.time == version.time);
	assert_true(forge_same_text(text, CP_S("body")));
}

static void test_marker_round_trip(void **state)
{
	(void)state;
	round_trip(CP_S("6e340b9cffb37a98"), true);
	round_trip(CP_S("a"), false);
	round_trip(CP_S("0123456789012345678901234567890123456789012345678901234567890123"), true);
}

static void test_marker_is_exact(void **state)
{
	static const char *const no[] = {
		"",
		"<!-- cachepredict:v1 id=api commit= run=0 time=0 --",
		" <!-- cachepredict:v1 id=api commit= run=0 time=0 -->",
		"x <!-- cachepredict:v1 id=api commit= run=0 time=0 -->",
		"\n<!-- cachepredict:v1 id=api commit= run=0 time=0 -->",
		"<!-- cachepredict:v1 id=api2 commit= run=0 time=0 -->",
		"<!-- cachepredict:v1 id=ap commit= run=0 time=0 -->",
		"<!-- cachepredict:v2 id=api commit= run=0 time=0 -->",
		"<!-- cachepredict:v1 id=api commit=XY run=0 time=0 -->",
		"<!-- cachepredict:v1 id=api commit= run= time=0 -->",
		"<!-- cachepredict:v1 id=api commit= run=-1 time=0 -->",
		"<!-- cachepredict:v1 id=api commit= run=99999999999999999999 time=0 -->",
		"<!-- cachepredict:v1 id=api commit= run=0 time=0 --> x",
		"<!-- cachepredict:v1 id=api commit= run=0 time=0 -->x\nbody",
		"[//]: # ( cachepredict:v1 id=api commit= run=0 time=0",
		"[//]: # ( cachepredict:v1 id=api commit= run=0 time=0 -->",
		"<!-- cachepredict:v1 id=api commit= run=0 time=0)",
	};
	static const char *const yes[] = {
		"<!-- cachepredict:v1 id=api commit= run=0 time=0 -->",
		"<!-- cachepredict:v1 id=api commit=abc run=1 time=2 -->\r\nbody",
		"[//]: # ( cachepredict:v1 id=api commit= run=0 time=0)\n\nbody",
	};
	struct forge_version v;
	struct cp_str text;

	(void)state;
	for (size_t i = 0; i < CP_LEN(no); i++)
		assert_false(forge_marker_read(cp_str_c(no[i]), CP_S("api"), &v, &text));
	for (size_t i = 0; i < CP_LEN(yes); i++)
		assert_true(forge_marker_read(cp_str_c(yes[i]), CP_S("api"), &v, &text));
}

static void test_ids(void **state)
{
	static const char *const yes[] = {"a", "A.b_c-1", "6e340b9cffb37a98"};
	static const char *const no[] = {"", "-a", "a--b", "a b", "a>", "a\n", "\xc3\xa4"};
	char large[66];

	(void)state;
	memset(large, 'a', 65);
	large[65] = '\0';
	for (size_t i = 0; i < CP_LEN(yes); i++)
		assert_true(cp_forge_is_id(cp_str_c(yes[i])));
	for (size_t i = 0; i < CP_LEN(no); i++)
		assert_false(cp_forge_is_id(cp_str_c(no[i])));
	assert_false(cp_forge_is_id(cp_str_c(large)));
}

static void test_same_text(void **state)
{
	(void)state;
	assert_true(forge_same_text(CP_S("a\nb\n"), CP_S("a\r\nb")));
	assert_true(forge_same_text(CP_S(""), CP_S("\n \r\n")));
	assert_false(forge_same_text(CP_S("a\nb"), CP_S("a b")));
	assert_false(forge_same_text(CP_S("a"), CP_S("a\nb")));
	assert_false(forge_same_text(CP_S("a b"), CP_S("ab")));
}

/* ---- which pull request ---- */

static const char *const *variables; /* "NAME=VALUE", the last one NULL */

static const char *get(const void *self, const char *name)
{
	size_t n = strlen(name);

	(void)self;
	for (const char *const *v = variables; *v; v++)
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
			return *v + n + 1;
	return NULL;
}

struct found {
	const char *forge, *url, *repository, *number, *commit, *token;
	uint64_t run;
	bool fork, merged;
};

static void expect(const char *const *env, const struct cp_forge_wish *wish, const char *event,
		   const struct found *want)
{
	static const struct cp_forge_wish nothing;
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_environment e = {get, NULL};
	struct cp_forge_place p;
	struct cp_err err = {0};

	variables = env;
	assert_int_equal(cp_forge_find(a, &e, wish ? wish : &nothing, cp_str_c(event), &p, &err),
			 0);
	assert_true(cp_str_eq(p.forge, cp_str_c(want->forge)));
	assert_true(cp_str_eq(p.url, cp_str_c(want->url)));
	assert_true(cp_str_eq(p.repository, cp_str_c(want->repository)));
	assert_true(cp_str_eq(p.number, cp_str_c(want->number)));
	assert_true(cp_str_eq(p.commit, cp_str_c(want->commit)));
	assert_true(cp_str_eq(p.token, cp_str_c(want->token)));
	assert_true(p.run == want->run);
	assert_true(p.fork == want->fork && p.merged == want->merged);
}

static void test_github(void **state)
{
	static const char *const env[] = {"GITHUB_ACTIONS=true",
					  "GITHUB_API_URL=https://api.github.com",
					  "GITHUB_REPOSITORY=acme/api",
					  "GITHUB_REF=refs/pull/7/merge",
					  "GITHUB_SHA=" COMMIT,
					  "GITHUB_RUN_ID=123",
					  "GITHUB_TOKEN=t",
					  "GITLAB_TOKEN=wrong",
					  NULL};
	static const char event[] = "{\"pull_request\":{\"number\":7,\"head\":{\"sha\":\"" COMMIT
				    "\",\"repo\":{\"full_name\":\"x/api\"}},"
				    "\"base\":{\"repo\":{\"full_name\":\"acme/api\"}}}}";

	(void)state;
	/* the merge that GitHub made is no commit of the pull request */
	expect(env, NULL, "{}",
	       &(struct found){"github", "https://api.github.com", "acme/api", "7", "", "t", 123,
			       false, true});
	expect(env, NULL, event,
	       &(struct found){"github", "https://api.github.com", "acme/api", "7", COMMIT, "t",
			       123, true, true});
	expect(env, NULL, "{\"pull_request\":[", /* half a file */
	       &(struct found){"github", "https://api.github.com", "acme/api", "7", "", "t", 123,
			       true, true});
}

static void test_gitea(void **state)
{
	static const char *const env[] = {"GITEA_ACTIONS=true",
					  "GITHUB_ACTIONS=true",
					  "GITHUB_API_URL=http://git.example/api/v1/",
					  "GITHUB_REPOSITORY=acme/api",
					  "GITHUB_REF=refs/pull/7/head",
					  "GITHUB_SHA=" COMMIT,
					  "GITHUB_TOKEN=t",
					  NULL};

	(void)state;
	expect(env, NULL, "{}",
	       &(struct found){"gitea", "http://git.example/api/v1", "acme/api", "7", COMMIT, "t",
			       0, false, false});
}

static void test_gitlab(void **state)
{
	static const char *const env[] = {"GITLAB_CI=true",
					  "CI_API_V4_URL=https://gitlab.example/api/v4",
					  "CI_PROJECT_ID=12",
					  "CI_MERGE_REQUEST_PROJECT_ID=11",
					  "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=12",
					  "CI_MERGE_REQUEST_IID=3",
					  "CI_COMMIT_SHA=" COMMIT,
					  "CI_PIPELINE_ID=99",
					  "GITLAB_TOKEN=t\n",
					  "GITHUB_TOKEN=wrong",
					  NULL};

	(void)state;
	expect(env, NULL, "",
	       &(struct found){"gitlab", "https://gitlab.example/api/v4", "11", "3", COMMIT, "t",
			       99, true, false});
}

static void test_other_cis(void **state)
{
	static const char *const bitbucket[] = {
		"BITBUCKET_BUILD_NUMBER=5", "BITBUCKET_REPO_FULL_NAME=acme/api",
		"BITBUCKET_PR_ID=2",        "BITBUCKET_COMMIT=0123456789ab",
		"BITBUCKET_TOKEN=t",        NULL};
	static const char *const woodpecker[] = {
		"CI_FORGE_TYPE=forgejo", "CI_FORGE_URL=https://git.example/",
		"CI_REPO=acme/api",      "CI_COMMIT_PULL_REQUEST=4",
		"CI_COMMIT_SHA=" COMMIT, "CI_PIPELINE_NUMBER=8",
		"FORGEJO_TOKEN=t",       NULL};
	static const char *const jenkins[] = {
		"CHANGE_URL=https://git.example/group/sub/api/-/merge_requests/4", "CHANGE_ID=4",
		"BUILD_NUMBER=6", NULL};
	static const char *const buildkite[] = {"BUILDKITE=true",
						"BUILDKITE_PULL_REQUEST=9",
						"BUILDKITE_REPO=git@github.com:acme/api.git",
						"BUILDKITE_PULL_REQUEST_REPO="
						"git://github.com/Acme/api.git",
						"BUILDKITE_COMMIT=" COMMIT,
						"BUILDKITE_BUILD_NUMBER=1",
						NULL};

	(void)state;
	expect(bitbucket, NULL, "",
	       &(struct found){"bitbucket", "https://api.bitbucket.org/2.0", "acme/api", "2",
			       "0123456789ab", "t", 5, false, false});
	expect(woodpecker, NULL, "",
	       &(struct found){"gitea", "https://git.example/api/v1", "acme/api", "4", COMMIT, "t",
			       8, false, false});
	expect(jenkins, NULL, "",
	       &(struct found){"gitlab", "https://git.example/api/v4", "group/sub/api", "4", "", "",
			       6, false, false});
	expect(buildkite, NULL, "",
	       &(struct found){"github", "https://api.github.com", "acme/api", "9", COMMIT, "", 1,
			       false, false});
}

/* The address that a CI names belongs to its own forge. */
static void test_wish_wins(void **state)
{
	static const char *const env[] = {
		"GITHUB_ACTIONS=true",        "GITHUB_API_URL=https://github.example/api/v3",
		"GITHUB_REPOSITORY=acme/api", "GITHUB_REF=refs/heads/main",
		"GITHUB_TOKEN=hub",           "GITLAB_TOKEN=lab",
		"CACHEPREDICT_TOKEN=",        NULL};
	struct cp_forge_wish wish = {
		.forge = CP_S("gitlab"), .repository = CP_S("a/b"), .number = CP_S("1")};

	(void)state;
	expect(env, &wish, "",
	       &(struct found){"gitlab", "https://gitlab.com/api/v4", "a/b", "1", "", "lab", 0,
			       false, false});
}

/* ---- a run that follows that of the pull request ---- */

#define RUN(EVENT, HEAD)                                                                           \
	"{\"workflow_run\":{\"event\":\"" EVENT "\",\"head_sha\":\"" COMMIT                        \
	"\",\"head_branch\":\"fix\",\"head_repository\":" HEAD "},"                                \
	"\"repository\":{\"full_name\":\"acme/api\",\"default_branch\":\"main\"}}"

static const char *const follows[] = {"GITHUB_ACTIONS=true",
				      "GITHUB_EVENT_NAME=workflow_run",
				      "GITHUB_REPOSITORY=acme/api",
				      "GITHUB_REF=refs/heads/main",
				      "GITHUB_SHA=ffffffffffffffffffffffffffffffffffffffff",
				      NULL};

static int find_followed(struct cp_arena *a, const char *event, struct cp_forge_place *ret_place,
			 struct cp_err *err)
{
	static const struct cp_forge_wish nothing;
	struct cp_environment e = {get, NULL};

	variables = follows;
	return cp_forge_find(a, &e, &nothing, cp_str_c(event), ret_place, err);
}

static void test_follows(void **state)
{
	static const char *const none[] = {RUN("push", "{\"full_name\":\"acme/api\"}"),
					   RUN("pull_request", "null"), /* deleted */
					   "{\"workflow_run\":{\"event\":\"pull_request\"}}",
					   "{\"workflow_run\":7}",
					   "{}",
					   ""};
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_forge_place p;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(find_followed(a,
				       RUN("pull_request", "{\"full_name\":\"x/api\","
							   "\"owner\":{\"login\":\"x\"}}"),
				       &p, &err),
			 0);
	assert_true(p.follows && p.fork && !p.number.n);
	assert_true(cp_str_eq(p.commit, CP_S(COMMIT)));
	assert_true(cp_str_eq(p.head_owner, CP_S("x")) && cp_str_eq(p.head_branch, CP_S("fix")));
	for (size_t i = 0; i < CP_LEN(none); i++)
		assert_int_equal(find_followed(a, none[i], &p, &err), CP_ENOTFOUND);
}

/* ---- forks ---- */

#define PULL(HEAD, BASE)                                                                           \
	"{\"pull_request\":{\"head\":{\"repo\":" HEAD "},\"base\":{\"repo\":" BASE "}}}"
#define NAME(N) "{\"full_name\":\"" N "\"}"

static void test_forks(void **state)
{
	static const struct {
		const char *what;
		const char *env[5];
		const char *event;
		bool fork;
	} rows[] = {
		{"no CI", {NULL}, "", false},
		{"the repository's own", {NULL}, PULL(NAME("acme/api"), NAME("acme/api")), false},
		{"in another case", {NULL}, PULL(NAME("Acme/API"), NAME("acme/api")), false},
		{"a fork", {NULL}, PULL(NAME("x/api"), NAME("acme/api")), true},
		{"a fork that was deleted", {NULL}, PULL("null", NAME("acme/api")), true},
		{"no names at all", {NULL}, "{\"pull_request\":{}}", true},
		{"a name that is none", {NULL}, PULL("{\"full_name\":7}", NAME("acme/api")), true},
		{"a push", {"GITHUB_EVENT_NAME=push"}, "{\"before\":\"" COMMIT "\"}", false},
		{"a push without its event", {"GITHUB_EVENT_NAME=push"}, "", false},
		{"an event that is lost", {"GITHUB_EVENT_NAME=pull_request_target"}, "", true},
		{"half an event", {"GITHUB_REF=refs/pull/7/merge"}, "{\"pull_request\":{", true},
		{"after a fork's run", {NULL}, RUN("pull_request", NAME("x/api")), true},
		{"after its own run", {NULL}, RUN("pull_request", NAME("Acme/api")), false},
		{"after a deleted fork's", {NULL}, RUN("pull_request", "null"), true},
		{"after a push", {NULL}, RUN("push", "null"), false},
		{"GitLab",
		 {"CI_MERGE_REQUEST_IID=3", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=11",
		  "CI_MERGE_REQUEST_PROJECT_ID=11"},
		 "",
		 false},
		{"GitLab, a fork",
		 {"CI_MERGE_REQUEST_IID=3", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=12",
		  "CI_MERGE_REQUEST_PROJECT_ID=11"},
		 "",
		 true},
		{"GitLab, a fork that was deleted",
		 {"CI_MERGE_REQUEST_IID=3", "CI_MERGE_REQUEST_PROJECT_ID=11"},
		 "",
		 true},
		{"GitLab, a branch", {"GITLAB_CI=true", "CI_PROJECT_ID=11"}, "", false},
		{"Buildkite, a branch",
		 {"BUILDKITE_PULL_REQUEST=false", "BUILDKITE_REPO=git@github.com:acme/api.git"},
		 "",
		 false},
		{"Buildkite",
		 {"BUILDKITE_PULL_REQUEST=7", "BUILDKITE_REPO=git@github.com:acme/api.git",
		  "BUILDKITE_PULL_REQUEST_REPO=https://github.com/Acme/api"},
		 "",
		 false},
		{"Buildkite, a fork",
		 {"BUILDKITE_PULL_REQUEST=7", "BUILDKITE_REPO=git@github.com:acme/api.git",
		  "BUILDKITE_PULL_REQUEST_REPO=git://github.com/x/api.git"},
		 "",
		 true},
		{"Buildkite, not said",
		 {"BUILDKITE_PULL_REQUEST=7", "BUILDKITE_REPO=git@github.com:acme/api.git"},
		 "",
		 true},
		{"Azure", {"SYSTEM_PULLREQUEST_ISFORK=False"}, "", false},
		{"Azure, a fork", {"SYSTEM_PULLREQUEST_ISFORK=True"}, "", true},
		{"Jenkins, a fork", {"CHANGE_FORK=x"}, "", true},
		{"CircleCI, a fork", {"CIRCLE_PR_REPONAME=api"}, "", true},
	};
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_environment e = {get, NULL};

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		variables = rows[i].env;
		if (cp_forge_is_fork(a, &e, cp_str_c(rows[i].event)) != rows[i].fork)
			fail_msg("%s", rows[i].what);
	}
}

static int try_wish(const struct cp_forge_wish *wish, struct cp_err *err)
{
	static const char *const none[] = {NULL};
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_environment e = {get, NULL};
	struct cp_forge_place p;

	variables = none;
	return cp_forge_find(a, &e, wish, CP_S(""), &p, err);
}

static void test_bad_names(void **state)
{
	static const char *const repositories[] = {"a",    "a/",    "/b",     "a/b/c", "../b",
						   "a/..", "a/b c", "a/\x01", "a//b"};
	static const char *const numbers[] = {"0", "-1", "1x", "1/2", "99999999999", "01"};
	struct cp_forge_wish wish = {.forge = CP_S("github"), .number = CP_S("1")};
	struct cp_err err = {0};

	(void)state;
	for (size_t i = 0; i < CP_LEN(repositories); i++) {
		wish.repository = cp_str_c(repositories[i]);
		assert_int_equal(try_wish(&wish, &err), CP_EUSAGE);
	}
	wish.repository = CP_S("a/b");
	assert_int_equal(try_wish(&wish, &err), 0);
	for (size_t i = 0; i < CP_LEN(numbers); i++) {
		wish.number = cp_str_c(numbers[i]);
		assert_int_equal(try_wish(&wish, &err), CP_EUSAGE);
	}
	wish.number = CP_S("");
	assert_int_equal(try_wish(&wish, &err), CP_ENOTFOUND);
	assert_non_null(strstr(err.hint, "--pull-request"));
	wish.forge = CP_S("sourcehut");
	assert_int_equal(try_wish(&wish, &err), CP_EUSAGE);
	wish.forge = CP_S("gitea");
	wish.number = CP_S("1");
	assert_int_equal(try_wish(&wish, &err), CP_ENOTFOUND); /* it has no address of its own */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marker_round_trip),
		cmocka_unit_test(test_marker_is_exact),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_same_text),
		cmocka_unit_test(test_github),
		cmocka_unit_test(test_gitea),
		cmocka_unit_test(test_gitlab),
		cmocka_unit_test(test_other_cis),
		cmocka_unit_test(test_wish_wins),
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_bad_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
