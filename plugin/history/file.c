/* Where the state is, and whether it can be trusted. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/history_int.h"

int cp_sqlite_load(struct cp_sqlite *ret_sql, struct cp_err *err)
{
	void *so = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	struct cp_sqlite q;
	struct {
		const char *name;
		void **to;
	} all[] = {
		{"sqlite3_open_v2", (void **)&q.open_v2},
		{"sqlite3_close", (void **)&q.close},
		{"sqlite3_exec", (void **)&q.exec},
		{"sqlite3_busy_timeout", (void **)&q.busy_timeout},
		{"sqlite3_prepare_v2", (void **)&q.prepare_v2},
		{"sqlite3_step", (void **)&q.step},
		{"sqlite3_reset", (void **)&q.reset},
		{"sqlite3_finalize", (void **)&q.finalize},
		{"sqlite3_bind_blob", (void **)&q.bind_blob},
		{"sqlite3_bind_int64", (void **)&q.bind_int64},
		{"sqlite3_column_blob", (void **)&q.column_blob},
		{"sqlite3_column_bytes", (void **)&q.column_bytes},
		{"sqlite3_column_int64", (void **)&q.column_int64},
	};
	bool whole = so != NULL;

	for (size_t i = 0; whole && i < CP_LEN(all); i++) {
		*all[i].to = dlsym(so, all[i].name);
		whole = *all[i].to != NULL;
	}
	if (so)
		dlclose(so);
	if (!whole)
		return cp_err_set(err, CP_EUNSUPPORTED, "libsqlite3 is not on this machine");
	*ret_sql = q;
	return 0;
}

/* Every folder down to the file's own; those that are made are the user's alone. */
static int make_folders(char *path)
{
	for (char *p = path + 1; *p; p++) {
		int r;

		if (*p != '/')
			continue;
		*p = '\0';
		r = mkdir(path, 0700);
		*p = '/';
		if (r < 0 && errno != EEXIST)
			return CP_EIO;
	}
	return 0;
}

int cp_state_path(const struct cp_state_place *place, struct cp_buf *path, bool *ret_ours,
		  struct cp_err *err)
{
	struct stat st;

	*ret_ours = true;
	if (place->given.n) {
		cp_buf_adds(path, place->given);
		*ret_ours = path->n && (stat(path->p, &st) == 0 ? S_ISDIR(st.st_mode)
								: path->p[path->n - 1] == '/');
		if (*ret_ours)
			cp_buf_addz(path, "/state.sqlite");
	} else if (place->cache_home && place->cache_home[0] == '/') {
		cp_buf_printf(path, "%s/cachepredict/state.sqlite", place->cache_home);
	} else if (place->home && place->home[0] == '/') {
		cp_buf_printf(path, "%s/.cache/cachepredict/state.sqlite", place->home);
	} else {
		return cp_err_set(err, CP_ENOTFOUND, "there is no cache folder: HOME is not set");
	}
	if (cp_buf_error(path) == CP_ENOMEM)
		return cp_err_nomem(err);
	return cp_buf_error(path) ? cp_err_set(err, cp_buf_error(path), "the path is too long") : 0;
}

int cp_state_file(const struct cp_state_place *place, struct cp_buf *ret_path, bool *ret_ours,
		  struct cp_err *err)
{
	struct stat st;
	int r = cp_state_path(place, ret_path, ret_ours, err);
	int fd;

	if (r < 0)
		return r;
	if (*ret_ours && make_folders(ret_path->p) < 0)
		return cp_err_set(err, CP_EIO, "cannot make the folder of %s", ret_path->p);
	fd = open(ret_path->p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return cp_err_set(err, CP_EIO, "cannot open %s", ret_path->p);
	r = fstat(fd, &st);
	close(fd); /* before SQLite has it: closing would let go of its locks */
	if (r < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return cp_err_set(err, CP_EIO, "%s is not the user's own file", ret_path->p);
	return 0;
}
