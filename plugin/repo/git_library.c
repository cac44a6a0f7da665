/* libgit2's start and end, and its errors. */
#include "repo/git_int.h"

/*
 * libgit2 is started with the first repository and ended when this object is unloaded, not with the last repository: its end
 * forgets what it keeps for each thread without freeing it (a leak for every thread and every cycle), and its start reads all
 * certificate authorities of the machine.
 */
static struct {
	pthread_mutex_t lock;
	bool started;
	unsigned users;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

int cp_repo_library_hold(struct cp_err *err)
{
	int r = 0;

	pthread_mutex_lock(&library.lock);
	if (!library.started)
		r = git_libgit2_init();
	if (r >= 0) {
		library.started = true;
		library.users++;
	}
	pthread_mutex_unlock(&library.lock);
	return r < 0 ? cp_err_set(err, CP_EIO, "libgit2 cannot be started") : 0;
}

void cp_repo_library_drop(void)
{
	pthread_mutex_lock(&library.lock);
	library.users--;
	pthread_mutex_unlock(&library.lock);
}

/* At dlclose and at the end of the process, where another thread may still be at work: then nothing is ended under it. */
__attribute__((destructor)) static void end_library(void)
{
	bool end;

	pthread_mutex_lock(&library.lock);
	end = library.started && library.users == 0;
	library.started = library.started && !end;
	pthread_mutex_unlock(&library.lock);
	if (end)
		git_libgit2_shutdown();
}

bool cp_repo_git_is_nomem(void)
{
	const git_error *e = git_error_last();

	return e && e->klass == GIT_ERROR_NOMEMORY;
}

int cp_repo_git_error(struct cp_err *err, int result, const char *what)
{
	const git_error *e = git_error_last();
	int code = CP_EIO;

	if (cp_repo_git_is_nomem())
		return cp_err_nomem(err);
	if (result == GIT_ENOTFOUND || result == GIT_EUNBORNBRANCH)
		code = CP_ENOTFOUND;
	else if (result == GIT_EAMBIGUOUS || result == GIT_EINVALIDSPEC)
		code = CP_EINVAL;
	return cp_err_set(err, code, "%s: %s", what,
			  e && e->message ? e->message : "libgit2 gives no reason");
}
