/* repo/: the commit to compare with, from the variables of CI systems and without them. */
#include "git_fixture.h"

#define MAX_VARIABLES 8

struct variables {
	const char *pairs
		[MAX_VARIABLES]
		[2]; /* a value "@rev" stands for the id of that commit, "@12:rev" for 12 digits of it */
};

static char values[MAX_VARIABLES][128];

static const char *get_variable(const void *self, const char *name)
{
	const struct variables *v = self;

	for (size_t i = 0; i < MAX_VARIABLES && v->pairs[i][0]; i++)
		if (strcmp(v->pairs[i][0], name) == 0)
			return values[i];
	return NULL;
}

static void fill_values(const struct variables *v, const char *folder)
{
	for (size_t i = 0; i < MAX_VARIABLES && v->pairs[i][0]; i++) {
		const char *value = v->pairs[i][1];
		int n = 40;

		if (value[0] == '@' && strncmp(value, "@12:", 4) == 0)
			n = 12;
		if (value[0] == '@')
			snprintf(values[i], sizeof(values[0]), "%.*s", n,
				 out_of("git -C %s rev-parse '%s'", folder,
					value + (n == 12 ? 4 : 1)));
		else if (value[0] == '=')
			snprintf(values[i], sizeof(values[0]), "%s/%s", fixture, value + 1);
		else
			snprintf(values[i], sizeof(values[0]), "%s", value);
	}
}

/* The result as "commit id", the error's hint in *err. */
static int default_base(const char *folder, const char *head_rev, const struct variables *v,
			struct cp_commit *ret_base, char why[256], struct cp_err *err)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_repo *r = open_repo(folder);
	struct cp_commit head = commit_of(r, head_rev);
	struct cp_environment env = {get_variable, v};
	struct cp_str rev = CP_S(""), why_text = CP_S("");
	int code;

	fill_values(v, folder);
	code = cp_repo_default_base(a, r, &head, &env, ret_base, &rev, &why_text, err);
	if (code == 0) {
		assert_text(rev, ret_base->hex);
		snprintf(why, 256, "%.*s", CP_STR(why_text));
	}
	cp_repo_free(r);
	cp_arena_free(a);
	return code;
}

/*
 * origin:   1 ── 2 ── 3 ── 4 (main)          clone: origin/main at 4, origin/HEAD, topic checked out;
 *                 \    \
 *                  \    t1 ── t2 (topic)      pull = merge of t2 into 4, as a forge makes it
 *                   r (release/1.x)
 */
static void make_repositories(void)
{
	sh("git init -q -b main origin; cd origin; for i in 1 2 3 4; do echo $i >f$i; git add .; git commit -q -m $i; git tag c$i; done; "
	   "git checkout -q -b topic c3; for i in 1 2; do echo t$i >t$i; git add .; git commit -q -m t$i; git tag t$i; done; "
	   "git checkout -q -b release/1.x c2; git commit -q --allow-empty -m r; git tag r; git checkout -q --detach main; "
	   "git merge -q --no-ff -m pull topic; git update-ref refs/pull/7/merge HEAD; git tag pull; git checkout -q main; "
	   "cd ..; git clone -q origin clone; cd clone; git checkout -q topic");
}

static void write_event(const char *name, const char *format, const char *rev)
{
	char json[512];

	snprintf(json, sizeof(json), format, out_of("git -C clone rev-parse '%s'", rev));
	sh("cat >%s <<'X'\n%s\nX", name, json);
}

static void test_from_ci(void **state)
{
	static const struct {
		const char *head;
		struct variables v;
		const char *base, *why;
	} cases[] = {
		/* GitHub */
		{"pull",
		 {{{"GITHUB_EVENT_NAME", "pull_request"},
		   {"GITHUB_SHA", "@pull"},
		   {"GITHUB_REF", "refs/pull/7/merge"},
		   {"GITHUB_BASE_REF", "main"}}},
		 "c4",
		 "first parent of the pull request's merge commit"},
		{"topic",
		 {{{"GITHUB_EVENT_NAME", "pull_request"},
		   {"GITHUB_SHA", "@pull"},
		   {"GITHUB_REF", "refs/pull/7/merge"},
		   {"GITHUB_EVENT_PATH", "=pr.json"},
		   {"GITHUB_BASE_REF", "main"}}},
		 "c2",
		 "pull_request.base.sha"},
		{"topic",
		 {{{"GITHUB_EVENT_NAME", "pull_request_target"},
		   {"GITHUB_EVENT_PATH", "=nosuch.json"},
		   {"GITHUB_BASE_REF", "main"}}},
		 "c3",
		 "merge base with origin/main"},
		{"topic",
		 {{{"GITHUB_EVENT_NAME", "pull_request"},
		   {"GITHUB_EVENT_PATH", "=broken.json"},
		   {"GITHUB_BASE_REF", "release/1.x"}}},
		 "c2",
		 "merge base with origin/release/1.x"},
		{"t2",
		 {{{"GITHUB_EVENT_NAME", "push"}, {"GITHUB_EVENT_PATH", "=push.json"}}},
		 "t1",
		 "before"},
		{"t2",
		 {{{"GITHUB_EVENT_NAME", "push"}, {"GITHUB_EVENT_PATH", "=new.json"}}},
		 "c3",
		 "merge base with origin/HEAD"},
		{"pull",
		 {{{"GITHUB_EVENT_NAME", "merge_group"}, {"GITHUB_EVENT_PATH", "=group.json"}}},
		 "c3",
		 "merge_group.base_sha"},
		{"topic",
		 {{{"GITHUB_EVENT_NAME", "workflow_run"}, {"GITHUB_EVENT_PATH", "=after.json"}}},
		 "c2",
		 "merge base with origin/release/1.x"},
		{"topic",
		 {{{"GITHUB_EVENT_NAME", "workflow_run"}, {"GITHUB_EVENT_PATH", "=fork.json"}}},
		 "c3",
		 "merge base with origin/main"},
		{"t2",
		 {{{"GITHUB_EVENT_NAME", "schedule"}, {"GITHUB_EVENT_PATH", "=push.json"}}},
		 "c3",
		 "merge base with origin/HEAD"},
		/* GitLab */
		{"topic",
		 {{{"CI_MERGE_REQUEST_DIFF_BASE_SHA", "@c3"},
		   {"CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000"}}},
		 "c3",
		 "CI_MERGE_REQUEST_DIFF_BASE_SHA"},
		{"pull",
		 {{{"CI_MERGE_REQUEST_DIFF_BASE_SHA", "@c3"},
		   {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "@c4"}}},
		 "c4",
		 "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"},
		{"pull",
		 {{{"CI_MERGE_REQUEST_DIFF_BASE_SHA", "@c3"},
		   {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""}}},
		 "c3",
		 "CI_MERGE_REQUEST_DIFF_BASE_SHA"},
		{"topic",
		 {{{"CI_MERGE_REQUEST_DIFF_BASE_SHA", "1111111111111111111111111111111111111111"},
		   {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"}}},
		 "c3",
		 "merge base with origin/main"},
		{"t2", {{{"CI_COMMIT_BEFORE_SHA", "@t1"}}}, "t1", "CI_COMMIT_BEFORE_SHA"},
		{"t2",
		 {{{"CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000"}}},
		 "c3",
		 "merge base with origin/HEAD"},
		/* the others */
		{"topic",
		 {{{"BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"}}},
		 "c3",
		 "merge base with origin/main"},
		{"topic",
		 {{{"BUILDKITE_PULL_REQUEST_BASE_BRANCH", ""}}},
		 "c3",
		 "merge base with origin/HEAD"},
		{"topic",
		 {{{"CHANGE_TARGET", "release/1.x"}, {"GIT_PREVIOUS_COMMIT", "@t1"}}},
		 "c2",
		 "merge base with origin/release/1.x"},
		{"topic",
		 {{{"GIT_PREVIOUS_SUCCESSFUL_COMMIT", "@t1"}, {"GIT_PREVIOUS_COMMIT", "@c1"}}},
		 "t1",
		 "GIT_PREVIOUS_SUCCESSFUL_COMMIT"},
		{"topic", {{{"GIT_PREVIOUS_COMMIT", "@t2"}}}, "t2", "GIT_PREVIOUS_COMMIT"},
		{"topic",
		 {{{"BITBUCKET_PR_DESTINATION_COMMIT", "@12:c4"},
		   {"BITBUCKET_PR_DESTINATION_BRANCH", "main"}}},
		 "c4",
		 "BITBUCKET_PR_DESTINATION_COMMIT"},
		{"topic",
		 {{{"BITBUCKET_PR_DESTINATION_BRANCH", "main"}}},
		 "c3",
		 "merge base with origin/main"},
		{"topic",
		 {{{"SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"}}},
		 "c3",
		 "merge base with origin/main"},
		{"topic",
		 {{{"CI_COMMIT_TARGET_BRANCH", "main"}, {"CI_PREV_COMMIT_SHA", "@t1"}}},
		 "c3",
		 "merge base with origin/main"},
		{"topic", {{{"CI_PREV_COMMIT_SHA", "@t1"}}}, "t1", "CI_PREV_COMMIT_SHA"},
		{"topic", {{{"DRONE_COMMIT_BEFORE", "@t1"}}}, "t1", "DRONE_COMMIT_BEFORE"},
		{"t1", {{{"CHANGE_TARGET", "topic"}}}, "c3", "first parent, on origin/topic"},
		/* none */
		{"topic", {{{"HOME", "/"}}}, "c3", "merge base with origin/HEAD"},
		{"c4", {{{"HOME", "/"}}}, "c3", "first parent, on origin/HEAD"},
		{"c2", {{{"HOME", "/"}}}, "c1", "first parent, on origin/HEAD"},
	};

	(void)state;
	make_repositories();
	sh("git -C clone fetch -q origin pull");
	write_event("pr.json", "{\"pull_request\":{\"base\":{\"sha\":\"%s\",\"ref\":\"main\"}}}",
		    "c2");
	write_event("push.json", "{\"before\":\"%s\"}", "t1");
	write_event("new.json", "{\"before\":\"0000000000000000000000000000000000000000\"}", "t1");
	write_event("after.json",
		    "{\"workflow_run\":{\"head_sha\":\"%s\",\"pull_requests\":[{\"base\":{\"ref\":"
		    "\"release/1.x\"}}]},\"repository\":{\"default_branch\":\"main\"}}",
		    "topic");
	write_event("fork.json",
		    "{\"workflow_run\":{\"head_sha\":\"%s\",\"pull_requests\":[]},"
		    "\"repository\":{\"default_branch\":\"main\"}}",
		    "topic");
	write_event("group.json", "{\"merge_group\":{\"base_sha\":\"%s\"}}", "c3");
	write_event("broken.json", "{\"pull_request\":", "c3");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_commit base = {.hex = ""};
		struct cp_err err = {0};
		char why[256] = "";

		if (default_base("clone", cases[i].head, &cases[i].v, &base, why, &err) != 0)
			fail_msg("case %zu: %s", i, err.message);
		if (strcmp(base.hex,
			   out_of("git -C clone rev-parse '%s^{commit}'", cases[i].base)) != 0 ||
		    strcmp(why, cases[i].why) != 0)
			fail_msg("case %zu (%s): %s, %s", i, cases[i].v.pairs[0][0], base.hex, why);
		assert_int_equal(err.code, 0);
	}
}

/* "c4...topic": where topic left the line that leads to c4. */
static void test_common_base(void **state)
{
	static const struct {
		const char *head, *rev, *base;
	} cases[] = {{"topic", "c4", "c3"},
		     {"topic", "release/1.x", "c2"},
		     {"c4", "c2", "c2"},
		     {"c2", "c4", "c2"},
		     {"pull", "topic", "t2"}};
	struct cp_repo *r;
	struct cp_err err = {0};

	(void)state;
	make_repositories();
	r = open_repo("origin");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_commit head = commit_of(r, cases[i].head), base;

		assert_int_equal(cp_repo_common_base(r, &head, cases[i].rev, &base, &err), 0);
		assert_string_equal(base.hex, commit_of(r, cases[i].base).hex);
		assert_int_equal(cp_repo_common_base(r, &head, "nowhere", &base, NULL),
				 CP_ENOTFOUND);
	}
	cp_repo_free(r);
}

static void test_without_origin(void **state)
{
	static const struct variables none = {{{"HOME", "/"}}};
	struct cp_commit base;
	struct cp_err err = {0};
	char why[256];

	(void)state;
	make_repositories();
	sh("cd clone; git checkout -q topic; git remote remove origin");
	assert_int_equal(default_base("clone", "topic", &none, &base, why, &err), 0);
	assert_string_equal(why, "first parent");
	assert_int_equal(default_base("clone", "c1", &none, &base, why, &err), CP_ENOTFOUND);
	assert_non_null(strstr(err.message, "first commit"));
	sh("cd clone; git update-ref refs/remotes/origin/master c2");
	assert_int_equal(default_base("clone", "topic", &none, &base, why, &err), 0);
	assert_string_equal(why, "merge base with origin/master");
	sh("cd clone; git update-ref -d refs/remotes/origin/master; git checkout -q --orphan alone; git commit -q -m alone; "
	   "git update-ref refs/remotes/origin/main c3");
	assert_int_equal(default_base("clone", "alone", &none, &base, why, &err), CP_ENOTFOUND);
	assert_non_null(strstr(err.message, "no common commit"));
}

/* In a clone of depth 1 the hint is the one command that is missing. */
static void test_hints(void **state)
{
	static const struct {
		struct variables v;
		const char *base;
	} cases[] = {
		{{{{"GITHUB_EVENT_NAME", "pull_request"}, {"GITHUB_EVENT_PATH", "=pr.json"}}},
		 "c2"},
		{{{{"GITHUB_EVENT_NAME", "push"}, {"GITHUB_EVENT_PATH", "=push.json"}}}, "t1"},
		{{{{"CI_MERGE_REQUEST_DIFF_BASE_SHA", "@c3"}}}, "c3"},
		{{{{"CI_COMMIT_BEFORE_SHA", "@t1"}}}, "t1"},
		{{{{"HOME", "/"}}}, "t1"},
	};

	(void)state;
	make_repositories();
	write_event("pr.json", "{\"pull_request\":{\"base\":{\"sha\":\"%s\"}}}", "c2");
	write_event("push.json", "{\"before\":\"%s\"}", "t1");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct variables v = cases[i].v;
		struct cp_commit base = {.hex = ""};
		struct cp_err err = {0};
		char want[64], why[256];

		sh("rm -rf cut; git clone -q --depth=1 -b topic \"file://$PWD/origin\" cut");
		snprintf(want, sizeof(want), "%s",
			 out_of("git -C origin rev-parse %s", cases[i].base));
		for (size_t k = 0; k < MAX_VARIABLES && v.pairs[k][0]; k++)
			if (v.pairs[k][1][0] == '@')
				v.pairs[k][1] = want;
		assert_int_equal(default_base("cut", "HEAD", &v, &base, why, &err), CP_ENOTFOUND);
		assert_true(cp_str_starts(cp_str_c(err.hint), CP_S("git fetch --depth=")));
		sh("cd cut; %s >/dev/null 2>&1", err.hint);
		if (default_base("cut", "HEAD", &v, &base, why, &err) != 0)
			fail_msg("case %zu: %s", i, err.message);
		assert_string_equal(base.hex, want);
	}
}

/* A named branch: first the branch, then the history down to the merge base. */
static void test_hints_for_branches(void **state)
{
	static const struct variables v = {{{"CHANGE_TARGET", "main"}}};
	struct cp_commit base = {.hex = ""};
	struct cp_err err = {0};
	char why[256];

	(void)state;
	make_repositories();
	sh("git clone -q --depth=1 -b topic \"file://$PWD/origin\" cut");
	assert_int_equal(default_base("cut", "HEAD", &v, &base, why, &err), CP_ENOTFOUND);
	assert_string_equal(err.hint, "git fetch --depth=50 origin main:refs/remotes/origin/main");
	sh("cd cut; git fetch -q --depth=1 origin main:refs/remotes/origin/main");
	assert_int_equal(default_base("cut", "HEAD", &v, &base, why, &err), CP_ENOTFOUND);
	assert_string_equal(err.hint, "git fetch --unshallow origin");
	sh("cd cut; %s >/dev/null 2>&1", err.hint);
	assert_int_equal(default_base("cut", "HEAD", &v, &base, why, &err), 0);
	assert_string_equal(why, "merge base with origin/main");
}

/* What a stranger can put into a variable goes nowhere but into a message without control bytes. */
static void test_hostile_values(void **state)
{
	static const char *const hostile[] = {
		"--upload-pack=touch ran",
		"$(touch ran)",
		"main;touch ran",
		"main\n--exec=x",
		"\x1b]0;x\x07",
		"../../../etc/passwd",
		"main@{-1}",
		"main~1",
		"refs/heads/../../x",
		"\xff\xfe",
		":/x",
		"a..b",
		"-",
		"..",
		"deadbeef",
		"c3 ",
		"main^{/x}",
	};
	static const char *const names[] = {"CHANGE_TARGET", "GIT_PREVIOUS_COMMIT",
					    "SYSTEM_PULLREQUEST_TARGETBRANCH"};

	(void)state;
	make_repositories();
	for (size_t i = 0; i < CP_LEN(hostile); i++) {
		for (size_t k = 0; k < CP_LEN(names); k++) {
			struct variables v = {{{names[k], hostile[i]}}};
			struct cp_commit base;
			struct cp_err err = {0};
			char why[256];

			if (default_base("clone", "topic", &v, &base, why, &err) != CP_ENOTFOUND)
				fail_msg("%s=%s is taken: %s", names[k], hostile[i], why);
			for (const char *p = err.message; *p; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
			assert_null(strchr(err.hint, ';'));
			assert_null(strchr(err.hint, '$'));
			assert_null(strstr(err.hint, "--upload"));
		}
	}
	sh("test ! -e ran; test ! -e clone/ran");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_ci),        TEST(test_without_origin),
		TEST(test_hints),          TEST(test_hints_for_branches),
		TEST(test_hostile_values), TEST(test_common_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
