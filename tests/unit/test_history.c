/* history/: what is remembered, and everything that may happen to the file: nothing is lost but time, and nothing wrong is believed. */
#include <fcntl.h>
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

struct world {
	char folder[64], file[96];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->folder, "/tmp/cp-history-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->file, sizeof(w->file), "%s/state.sqlite", w->folder);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static struct cp_state *open_at(const char *given, int64_t day, int *ret)
{
	struct cp_state_place place = {.given = cp_str_c(given), .now = day * 86400 + 5};
	struct cp_state *s = NULL;
	struct cp_err err = {0};
	int r = cp_state_open(&place, &s, &err);

	if (ret)
		*ret = r;
	return s;
}

static struct cp_digest digest(unsigned i)
{
	return cp_digest_of(&i, sizeof(i));
}

static void put(struct cp_state *s, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		struct cp_digest name = digest(i), value = digest(i + 1000000);

		cp_state_put(s, &name, &value, (uint8_t)i);
	}
}

/* How many of them are there; a wrong one fails. */
static unsigned found(struct cp_state *s, unsigned from, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = from; i < from + n; i++) {
		struct cp_digest name = digest(i), value = digest(i + 1000000), got;
		uint8_t flags;

		if (!cp_state_get(s, &name, &got, &flags))
			continue;
		assert_true(cp_digest_eq(&got, &value));
		assert_int_equal(flags, i & 255);
		count++;
	}
	return count;
}

static unsigned reopened(const char *at, unsigned from, unsigned n)
{
	struct cp_state *s = open_at(at, 1, NULL);
	unsigned count = s ? found(s, from, n) : 0;

	cp_state_close(s);
	return count;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_remembers(void **state)
{
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);
	struct stat st;

	assert_non_null(s);
	put(s, 0, 1000);
	cp_state_close(s);
	assert_int_equal(stat(w->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(reopened(w->folder, 0, 1000), 1000);
	assert_int_equal(reopened(w->file, 0, 1000), 1000);
	assert_int_equal(reopened(w->file, 1000, 10), 0);
	assert_false(cp_state_get(NULL, &(struct cp_digest){{0}}, NULL, NULL));
	cp_state_put(NULL, &(struct cp_digest){{0}}, &(struct cp_digest){{0}}, 0);
	cp_state_close(NULL);
}

static void test_images(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);
	struct cp_state_image image = {CP_S("sha256:aa"), CP_S("{\"Env\":[]}"), 77}, got;

	cp_state_image_put(s, CP_S("python:3 linux/amd64"), &image);
	image.time = 78;
	cp_state_image_put(s, CP_S("python:3 linux/amd64"), &image);
	cp_state_close(s);
	s = open_at(w->folder, 1, NULL);
	assert_true(cp_state_image_get(s, a, CP_S("python:3 linux/amd64"), &got));
	assert_true(cp_str_eq(got.digest, image.digest) && cp_str_eq(got.config, image.config));
	assert_int_equal(got.time, 78);
	assert_false(cp_state_image_get(s, a, CP_S("python:3 linux/arm64"), &got));
	/* somebody else's doing */
	assert_int_equal(
		s->sql.exec(s->db, "COMMIT; UPDATE image SET digest = x'6161'", NULL, NULL, NULL),
		SQLITE_OK);
	assert_false(cp_state_image_get(s, a, CP_S("python:3 linux/amd64"), &got));
	cp_state_close(s);
	cp_arena_free(a);
}

/* Where it is without --state. */
static void test_places(void **state)
{
	struct world *w = *state;
	struct cp_state_place place = {.cache_home = "relative", .home = w->folder};
	struct cp_state *s = NULL;
	char path[160];

	assert_int_equal(cp_state_open(&place, &s, NULL), 0);
	cp_state_close(s);
	snprintf(path, sizeof(path), "%s/.cache/cachepredict/state.sqlite", w->folder);
	assert_int_equal(access(path, F_OK), 0);
	place.cache_home = w->folder;
	assert_int_equal(cp_state_open(&place, &s, NULL), 0);
	cp_state_close(s);
	snprintf(path, sizeof(path), "%s/cachepredict/state.sqlite", w->folder);
	assert_int_equal(access(path, F_OK), 0);
	place = (struct cp_state_place){.home = ""};
	assert_int_equal(cp_state_open(&place, &s, NULL), CP_ENOTFOUND);
}

/* In a folder the file is ours, and made again; a file that the user named may be anything. */
static void test_garbage(void **state)
{
	struct world *w = *state;
	char line[32] = "";
	struct cp_state *s;
	FILE *f;
	int r;

	write_file(
		w->file,
		"this is no database, but a letter of more than a hundred bytes, so that it has the size "
		"of a header, and it is somebody's own.\n");
	s = open_at(w->file, 1, &r);
	assert_null(s);
	assert_int_equal(r, CP_EIO);
	f = fopen(w->file, "r");
	assert_non_null(fgets(line, 8, f));
	fclose(f);
	assert_string_equal(line, "this is");
	s = open_at(w->folder, 1, &r);
	assert_non_null(s);
	put(s, 0, 10);
	cp_state_close(s);
	assert_int_equal(reopened(w->folder, 0, 10), 10);
}

/* Pages overwritten in the middle. */
static void test_corrupt_pages(void **state)
{
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);
	char noise[4096];
	struct stat st;
	int fd;

	put(s, 0, 5000);
	cp_state_close(s);
	memset(noise, 0x5a, sizeof(noise));
	assert_int_equal(stat(w->file, &st), 0);
	fd = open(w->file, O_WRONLY);
	for (off_t at = 4096; at + 4096 <= st.st_size; at += 8192)
		assert_int_equal(pwrite(fd, noise, sizeof(noise), at), 4096);
	close(fd);
	assert_true(reopened(w->folder, 0, 5000) < 5000); /* found() fails on a wrong one */
	s = open_at(w->folder, 1, NULL);
	put(s, 0, 5000);
	cp_state_close(s);
	assert_int_equal(reopened(w->folder, 0, 5000), 5000);
}

/* A row that is not what was put is not believed. */
static void test_flipped_bits(void **state)
{
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);

	put(s, 0, 100);
	cp_state_close(s);
	s = open_at(w->folder, 1, NULL);
	assert_int_equal(s->sql.exec(s->db,
				     "COMMIT; UPDATE digest SET value = x'00' || substr(value, 2)",
				     NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(found(s, 0, 100) <= 1); /* one may begin with 00 anyway */
	cp_state_close(s);
}

static void test_newer_version(void **state)
{
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);
	int r;

	put(s, 0, 10);
	cp_state_close(s);
	s = open_at(w->folder, 1, NULL);
	s->sql.exec(s->db, "COMMIT; PRAGMA user_version = 2", NULL, NULL, NULL);
	cp_state_close(s);
	assert_null(open_at(w->folder, 1, &r));
	assert_int_equal(r, CP_EUNSUPPORTED);
	assert_int_equal(access(w->file, F_OK), 0);
}

static void test_files_of_others(void **state)
{
	struct world *w = *state;
	char link[128];
	int r;

	write_file(w->file, "");
	assert_int_equal(chmod(w->file, 0666), 0);
	assert_null(open_at(w->file, 1, &r));
	assert_int_equal(r, CP_EIO);
	snprintf(link, sizeof(link), "%s/link", w->folder);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_null(open_at(link, 1, &r));
	assert_int_equal(r, CP_EIO);
	assert_null(open_at("/dev/full", 1, &r));
	assert_null(open_at("/proc/self/nothing/x", 1, &r));
	if (geteuid() == 0)
		return; /* nothing is read-only to root */
	assert_int_equal(chmod(w->folder, 0500), 0);
	unlink(w->file);
	assert_null(open_at(w->folder, 1, &r));
	assert_int_equal(chmod(w->folder, 0700), 0);
}

/* A disk that is full after so many bytes. */
static void test_full_disk(void **state)
{
	struct world *w = *state;
	struct cp_state *s = open_at(w->folder, 1, NULL);

	put(s, 0, 100);
	cp_state_close(s);
	for (rlim_t limit = 0; limit < 400000; limit += 40000) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct rlimit l = {limit, limit};

			signal(SIGXFSZ, SIG_IGN);
			setrlimit(RLIMIT_FSIZE, &l);
			s = open_at(w->folder, 1, NULL);
			put(s, 100, 5000);
			cp_state_close(s);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(reopened(w->folder, 0, 100), 100);
	}
	s = open_at(w->folder, 1, NULL);
	put(s, 100, 5000);
	cp_state_close(s);
	assert_int_equal(reopened(w->folder, 0, 5100), 5100);
}

static void many_runs(const char *folder, unsigned from, int say)
{
	for (unsigned i = 0; i < 1000; i++) {
		struct cp_state *s = open_at(folder, 1, NULL);

		put(s, from + i * 100, 100);
		if (write(say, "x", 1) != 1)
			_exit(1);
		cp_state_close(s);
	}
	_exit(0);
}

/* Killed while it opens, puts, writes and closes: two at a time. */
static void test_killed(void **state)
{
	struct world *w = *state;

	for (unsigned round = 0; round < 10; round++) {
		pid_t pids[2];
		int say[2];
		char c;

		assert_int_equal(pipe(say), 0);
		for (unsigned k = 0; k < 2; k++) {
			pids[k] = fork();
			if (pids[k] == 0)
				many_runs(w->folder, k * 1000000, say[1]);
		}
		for (unsigned n = 0; n < 3 + round; n++)
			assert_int_equal(read(say[0], &c, 1), 1);
		for (unsigned k = 0; k < 2; k++) {
			kill(pids[k], SIGKILL);
			waitpid(pids[k], NULL, 0);
		}
		close(say[0]);
		close(say[1]);
		reopened(w->folder, 0, 500); /* fails on a wrong one */
	}
	assert_true(reopened(w->folder, 0, 100) == 100 || reopened(w->folder, 1000000, 100) == 100);
}

static void test_many_processes(void **state)
{
	struct world *w = *state;
	pid_t pids[6];
	unsigned good = 0;

	for (unsigned k = 0; k < CP_LEN(pids); k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			struct cp_state *s = open_at(w->folder, 1, NULL);

			put(s, k * 1000, 200);
			cp_state_close(s);
			_exit(0);
		}
	}
	for (unsigned k = 0; k < CP_LEN(pids); k++) {
		int status;

		waitpid(pids[k], &status, 0);
		assert_int_equal(status, 0);
	}
	for (unsigned k = 0; k < CP_LEN(pids); k++) {
		unsigned n = reopened(w->folder, k * 1000, 200);

		assert_true(n == 0 || n == 200); /* a transaction is whole */
		good += n == 200;
	}
	assert_true(good > 0);
}

static void test_the_oldest_go(void **state)
{
	struct world *w = *state;

	for (int day = 1; day <= 6; day++) {
		struct cp_state *s = open_at(w->folder, day, NULL);

		s->max_bytes = 400000;
		found(s, 0, 10); /* used all the time */
		put(s, (unsigned)day * 10000, 1000);
		if (day == 1)
			put(s, 0, 10);
		cp_state_close(s);
	}
	assert_int_equal(reopened(w->folder, 60000, 1000), 1000);
	assert_int_equal(reopened(w->folder, 0, 10), 10);
	assert_int_equal(reopened(w->folder, 10000, 1000), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_remembers),     TEST(test_images),          TEST(test_places),
		TEST(test_garbage),       TEST(test_corrupt_pages),   TEST(test_flipped_bits),
		TEST(test_newer_version), TEST(test_files_of_others), TEST(test_full_disk),
		TEST(test_killed),        TEST(test_many_processes),  TEST(test_the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
