/* Builds that were recorded: one row each, named by the digest of its bytes. */
#include <sys/stat.h>

#include "history/history_int.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS build(id BLOB PRIMARY KEY, project BLOB NOT NULL, time INTEGER NOT NULL, line BLOB NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS build_time ON build(project, time);";

int cp_state_is_there(const struct cp_state_place *place)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_err ignored = {0};
	struct stat st;
	bool ours;
	int r = cp_state_path(place, &path, &ours, &ignored);

	if (r < 0)
		return r == CP_ENOMEM ? r : 0;
	return stat(path.p, &st) == 0 && st.st_size > 0;
}

static int run(struct cp_state *s, const char *text)
{
	return s->sql.exec(s->db, text, NULL, NULL, NULL);
}

static sqlite3_stmt *prepare(struct cp_state *s, const char *text)
{
	sqlite3_stmt *st = NULL;

	s->sql.prepare_v2(s->db, text, -1, &st, NULL);
	return st;
}

static void bind(struct cp_state *s, sqlite3_stmt *st, int at, struct cp_str text)
{
	s->sql.bind_blob(st, at, text.n ? text.p : "", (int)text.n, SQLITE_STATIC);
}

static int64_t changes(struct cp_state *s)
{
	sqlite3_stmt *st = prepare(s, "SELECT changes()");
	int64_t n = st && s->sql.step(st) == SQLITE_ROW ? s->sql.column_int64(st, 0) : 0;

	s->sql.finalize(st);
	return n;
}

/* The row of the build that a line is of. */
static bool take_out(struct cp_state *s, struct cp_str line)
{
	sqlite3_stmt *st = prepare(s, "DELETE FROM build WHERE id = ?");
	struct cp_digest id = cp_digest_of(line.p, line.n);
	bool good = st != NULL;

	if (good) {
		bind(s, st, 1, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
		good = s->sql.step(st) == SQLITE_DONE;
	}
	s->sql.finalize(st);
	return good;
}

static bool insert(struct cp_state *s, const struct cp_state_build *builds, size_t n,
		   size_t *ret_new)
{
	sqlite3_stmt *put = prepare(s, "INSERT OR IGNORE INTO build VALUES (?, ?, ?, ?)");
	bool good = put != NULL;

	*ret_new = 0;
	for (size_t i = 0; good && i < n; i++) {
		struct cp_digest id = cp_digest_of(builds[i].line.p, builds[i].line.n);

		if (builds[i].replaces.n && !take_out(s, builds[i].replaces)) {
			good = false;
			break;
		}
		bind(s, put, 1, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
		bind(s, put, 2, builds[i].project);
		s->sql.bind_int64(put, 3, builds[i].time);
		bind(s, put, 4, builds[i].line);
		good = s->sql.step(put) == SQLITE_DONE;
		s->sql.reset(put);
		*ret_new += good && changes(s) > 0;
	}
	s->sql.finalize(put);
	return good;
}

/* The oldest of the project, and the oldest of all. */
static bool trim_project(struct cp_state *s, struct cp_str project)
{
	sqlite3_stmt *st = prepare(
		s, "DELETE FROM build WHERE project = ?1 AND id NOT IN (SELECT id FROM build WHERE "
		   "project = ?1 ORDER BY time DESC, id LIMIT ?2)");
	bool good = st != NULL;

	if (good) {
		bind(s, st, 1, project);
		s->sql.bind_int64(st, 2, CP_MAX_BUILDS_OF_PROJECT);
		good = s->sql.step(st) == SQLITE_DONE;
	}
	s->sql.finalize(st);
	return good;
}

static bool trim_all(struct cp_state *s)
{
	sqlite3_stmt *st = prepare(
		s,
		"DELETE FROM build WHERE id NOT IN (SELECT id FROM (SELECT id, count(*) OVER w AS n, "
		"sum(length(line)) OVER w AS bytes FROM build WINDOW w AS (ORDER BY time DESC, id)) "
		"WHERE n <= ?1 AND bytes <= ?2)");
	bool good = st != NULL;

	if (good) {
		s->sql.bind_int64(st, 1, CP_MAX_BUILDS);
		s->sql.bind_int64(st, 2, CP_MAX_BUILDS_BYTES);
		good = s->sql.step(st) == SQLITE_DONE;
	}
	s->sql.finalize(st);
	return good;
}

static bool write_builds(struct cp_state *s, const struct cp_state_build *builds, size_t n,
			 size_t *ret_new)
{
	bool good;

	/* the snapshot of reading ends, and another begins when all is written */
	if (run(s, "COMMIT") != SQLITE_OK)
		return false;
	s->sql.busy_timeout(s->db, CP_STATE_RECORD_PATIENCE_MS);
	good = run(s, "PRAGMA synchronous = NORMAL") == SQLITE_OK &&
	       run(s, "BEGIN IMMEDIATE") == SQLITE_OK;
	if (good) {
		good = run(s, schema) == SQLITE_OK && insert(s, builds, n, ret_new);
		for (size_t i = 0; good && i < n; i++)
			if (i == 0 || !cp_str_eq(builds[i].project, builds[i - 1].project))
				good = trim_project(s, builds[i].project);
		good = good && trim_all(s) && run(s, "COMMIT") == SQLITE_OK;
		if (!good)
			run(s, "ROLLBACK");
	}
	s->sql.busy_timeout(s->db, CP_STATE_PATIENCE_MS);
	run(s, "PRAGMA synchronous = OFF");
	s->broken = run(s, "BEGIN") != SQLITE_OK || s->broken;
	return good;
}

int cp_state_builds_put(struct cp_state *s, const struct cp_state_build *builds, size_t n,
			size_t *ret_new, struct cp_err *err)
{
	size_t n_new = 0;
	bool good = false;

	for (size_t i = 0; i < n; i++)
		if (builds[i].line.n > CP_MAX_BUILD_BYTES ||
		    builds[i].project.n > CP_MAX_PATH_BYTES)
			return cp_err_set(err, CP_ELIMIT, "a build of over %u bytes",
					  CP_MAX_BUILD_BYTES);
	if (s) {
		pthread_mutex_lock(&s->lock);
		good = !s->broken && write_builds(s, builds, n, &n_new);
		pthread_mutex_unlock(&s->lock);
	}
	if (!good)
		return cp_err_set(err, CP_EIO, "the build could not be written to the state");
	*ret_new = n_new;
	return 0;
}

/* ---- reading ---- */

static struct cp_str column(struct cp_state *s, struct cp_arena *a, sqlite3_stmt *st, int i)
{
	const char *p = s->sql.column_blob(st, i);

	return cp_arena_str(a, cp_str_n(p ? p : "", (size_t)s->sql.column_bytes(st, i)));
}

typedef CP_VEC(struct cp_state_build) build_vec;

static int read_rows(struct cp_state *s, struct cp_arena *a, sqlite3_stmt *st, build_vec *out)
{
	int r;

	while ((r = s->sql.step(st)) == SQLITE_ROW) {
		struct cp_state_build b = {.project = column(s, a, st, 1),
					   .time = s->sql.column_int64(st, 2),
					   .line = column(s, a, st, 3)};
		struct cp_digest id;

		if (!b.project.p || !b.line.p)
			return CP_ENOMEM;
		id = cp_digest_of(b.line.p, b.line.n);
		if (s->sql.column_bytes(st, 0) != (int)sizeof(id.bytes) ||
		    memcmp(s->sql.column_blob(st, 0), id.bytes, sizeof(id.bytes)) != 0)
			continue;
		if (cp_vec_push(a, out, b) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

int cp_state_builds(struct cp_state *s, struct cp_arena *a, struct cp_str project, size_t max,
		    struct cp_state_build **ret_builds, size_t *ret_n, struct cp_err *err)
{
	build_vec out = {0};
	sqlite3_stmt *st;
	int r = 0;

	*ret_builds = NULL;
	*ret_n = 0;
	if (!s)
		return 0;
	pthread_mutex_lock(&s->lock);
	st = s->broken
		     ? NULL
		     : prepare(s,
			       project.n
				       ? "SELECT id, project, time, line FROM build WHERE project = ?2 "
					 "ORDER BY time DESC, id LIMIT ?1"
				       : "SELECT id, project, time, line FROM build "
					 "ORDER BY project, time DESC, id LIMIT ?1");
	if (st) { /* NULL: nothing was ever recorded */
		s->sql.bind_int64(st, 1, (int64_t)max);
		if (project.n)
			bind(s, st, 2, project);
		r = read_rows(s, a, st, &out);
	}
	s->sql.finalize(st);
	pthread_mutex_unlock(&s->lock);
	if (r < 0)
		return cp_err_nomem(err);
	*ret_builds = out.items;
	*ret_n = out.n;
	return 0;
}
