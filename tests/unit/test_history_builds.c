/* history/: recorded builds are there or it is said that they are not; a killed process leaves all of a build or nothing. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "history/history_int.h"

static char folder[64];
static struct cp_arena *a;

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/cp-builds-XXXXXX");
	a = cp_arena_new(CP_MAX_ARENA_BYTES);
	return mkdtemp(folder) && a ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	cp_arena_free(a);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct cp_state *open_it(void)
{
	struct cp_state_place place = {.given = cp_str_c(folder), .now = 86400};
	struct cp_state *s = NULL;
	struct cp_err err = {0};

	assert_int_equal(cp_state_open(&place, &s, &err), 0);
	return s;
}

/* `n` builds of a project, one a second. */
static int put(struct cp_state *s, const char *project, unsigned from, unsigned n, size_t *ret_new)
{
	struct cp_state_build *builds = calloc(n, sizeof(*builds));
	struct cp_err err = {0};
	int r;

	for (unsigned i = 0; i < n; i++)
		builds[i] = (struct cp_state_build){
			cp_str_c(project), from + i,
			cp_arena_printf(a, "{\"project\":\"%s\",\"time\":%u}", project, from + i)};
	r = cp_state_builds_put(s, builds, n, ret_new, &err);
	free(builds);
	return r;
}

static size_t count(struct cp_state *s, const char *project, size_t max)
{
	struct cp_state_build *builds;
	struct cp_err err = {0};
	size_t n;

	assert_int_equal(cp_state_builds(s, a, cp_str_c(project), max, &builds, &n, &err), 0);
	for (size_t i = 1; i < n; i++)
		if (cp_str_eq(builds[i].project, builds[i - 1].project))
			assert_true(builds[i].time < builds[i - 1].time);
	return n;
}

static void test_keeps(void **state)
{
	struct cp_state *s = open_it();
	size_t n;

	(void)state;
	assert_int_equal(count(s, "a", 10), 0); /* nothing was ever recorded */
	assert_int_equal(put(s, "a", 100, 5, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(put(s, "a", 102, 5, &n), 0);
	assert_int_equal(n, 2); /* the others are there */
	assert_int_equal(put(s, "b", 1, 2, &n), 0);
	assert_int_equal(count(s, "a", 10), 7);
	cp_state_close(s);
	s = open_it();
	assert_int_equal(count(s, "a", 3), 3);
	assert_int_equal(count(s, "b", 10), 2);
	assert_int_equal(count(s, "", 100), 9);
	cp_state_close(s);
	assert_int_equal(count(NULL, "a", 3), 0);
	assert_int_equal(put(NULL, "a", 1, 1, &n), CP_EIO);
}

static void test_replaces(void **state)
{
	struct cp_state *s = open_it();
	struct cp_state_build b = {CP_S("a"), 5, CP_S("{\"more\":1}"), CP_S("")}, *found;
	struct cp_err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(put(s, "a", 5, 2, &n), 0);
	b.replaces = CP_S("{\"project\":\"a\",\"time\":5}");
	assert_int_equal(cp_state_builds_put(s, &b, 1, &n, &err), 0);
	assert_int_equal(cp_state_builds(s, a, CP_S("a"), 10, &found, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_true(cp_str_eq(found[1].line, b.line));
	cp_state_close(s);
}

static void test_digests_beside(void **state)
{
	struct cp_digest name = cp_digest_of("n", 1), value = cp_digest_of("v", 1), got;
	struct cp_state *s = open_it();
	uint8_t flags;
	size_t n;

	(void)state;
	cp_state_put(s, &name, &value, 1);
	assert_int_equal(put(s, "a", 1, 1, &n), 0);
	cp_state_close(s);
	s = open_it();
	assert_true(cp_state_get(s, &name, &got, &flags));
	assert_int_equal(count(s, "a", 3), 1);
	cp_state_close(s);
}

static void test_the_oldest_go(void **state)
{
	struct cp_state *s = open_it();
	struct cp_state_build *builds;
	struct cp_err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(put(s, "b", 1, 10, &n), 0);
	assert_int_equal(put(s, "a", 1, CP_MAX_BUILDS_OF_PROJECT + 20, &n), 0);
	assert_int_equal(count(s, "a", 10000), CP_MAX_BUILDS_OF_PROJECT);
	assert_int_equal(count(s, "b", 100), 10);
	assert_int_equal(cp_state_builds(s, a, CP_S("a"), 1, &builds, &n, &err), 0);
	assert_int_equal(builds[0].time, CP_MAX_BUILDS_OF_PROJECT + 20);
	cp_state_close(s);
}

/* A bit that flips makes a build that is not there. */
static void test_flipped(void **state)
{
	struct cp_state *s = open_it();
	size_t n;

	(void)state;
	assert_int_equal(put(s, "a", 1, 3, &n), 0);
	assert_int_equal(s->sql.exec(s->db, "UPDATE build SET line = x'7b7d' WHERE time = 2", NULL,
				     NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(count(s, "a", 10), 2);
	cp_state_close(s);
}

static void test_full_disk(void **state)
{
	struct cp_state *s;
	pid_t pid;
	int status;

	(void)state;
	cp_state_close(open_it());
	pid = fork();
	if (pid == 0) {
		struct rlimit limit = {20000, 20000};
		size_t n;

		s = open_it();
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(put(s, "a", 1, 400, &n) == CP_EIO ? 7 : 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	s = open_it();
	assert_int_equal(count(s, "a", 1000), 0);
	cp_state_close(s);
}

static void test_killed(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		pid_t pid = fork();
		struct cp_state *s;

		if (pid == 0) {
			s = open_it();
			for (unsigned i = 0;; i += 20) {
				size_t n;

				put(s, "a", i, 20, &n);
			}
		}
		usleep(20000 + 7000 * (unsigned)round);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		s = open_it();
		assert_int_equal(count(s, "a", 100000) % 20, 0);
		cp_state_close(s);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeps),         TEST(test_replaces), TEST(test_digests_beside),
		TEST(test_the_oldest_go), TEST(test_flipped),  TEST(test_full_disk),
		TEST(test_killed),
	};

	return cmocka_run_group_tests_name("builds", tests, NULL, NULL);
}
