/*
 * docker-credential-NAME: a program of the user, named by the user's own configuration. Found in absolute folders of PATH only, so that
 * a relative entry cannot lead into the repository.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "registry/registry_int.h"

#define HELPER_MS 5000

extern char **environ;

static bool is_name(struct cp_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return name.n > 0 && name.n < 128;
}

static int find_program(struct cp_arena *a, struct cp_str path, struct cp_str name,
			struct cp_str *ret, struct cp_err *err)
{
	struct cp_str rest = path, folder;

	while (cp_str_split(&rest, ':', &folder)) {
		if (!cp_path_is_abs(folder))
			continue;
		*ret = cp_arena_printf(a, "%.*s/docker-credential-%.*s", CP_STR(folder),
				       CP_STR(name));
		if (!ret->p)
			return cp_err_nomem(err);
		if (access(ret->p, X_OK) == 0)
			return 0;
	}
	return cp_err_set(err, CP_ENOTFOUND, "docker-credential-%.*s is not on PATH", CP_STR(name));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* stdin is a file in memory: a pipe to a program that has ended would raise SIGPIPE in the host. */
static int make_input(struct cp_str text)
{
	int fd = memfd_create("cachepredict", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (write(fd, text.p, text.n) != (ssize_t)text.n || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int start(const char *program, int in, int out, pid_t *ret_pid)
{
	char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "get", NULL};
	posix_spawn_file_actions_t actions;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	r = posix_spawn_file_actions_adddup2(&actions, in, 0) ||
	    posix_spawn_file_actions_adddup2(&actions, out, 1) ||
	    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) ||
	    posix_spawn(ret_pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? -1 : 0;
}

/* True when the output ended in time. */
static bool collect(int fd, struct cp_buf *out)
{
	int64_t end = now_ms() + HELPER_MS;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		char chunk[4096];
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return n == 0;
		cp_buf_add(out, chunk, (size_t)n);
		if (cp_buf_error(out))
			return false;
	}
}

static int run(const char *program, int in, struct cp_buf *out)
{
	int fds[2], status = 0;
	bool ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	if (start(program, in, fds[1], &pid) < 0) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	close(fds[1]);
	ended = collect(fds[0], out);
	close(fds[0]);
	if (!ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int registry_helper_run(struct cp_arena *a, struct cp_str path, struct cp_str name,
			struct cp_str input, struct cp_buf *out, struct cp_err *err)
{
	struct cp_str program = CP_S("");
	int in, r;

	if (!is_name(name))
		return cp_err_set(err, CP_EINVAL, "a credential helper has a name that is none");
	r = find_program(a, path, name, &program, err);
	if (r < 0)
		return r;
	in = make_input(input);
	r = in < 0 ? -1 : run(program.p, in, out);
	if (in >= 0)
		close(in);
	return r == 0 ? 0
		      : cp_err_set(err, CP_EIO, "docker-credential-%.*s gives no credentials",
				   CP_STR(name));
}
