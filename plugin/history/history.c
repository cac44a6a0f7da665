#include "history/history.h"

#include <stdlib.h>
#include <unistd.h>

#include "history/history_int.h"

#define VERSION 1
#define APPLICATION 1129337939 /* "CPRS" */

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS digest(name BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS image(name BLOB PRIMARY KEY, digest BLOB NOT NULL, config BLOB NOT NULL, time INTEGER NOT NULL,"
	" check_ INTEGER NOT NULL) WITHOUT ROWID;"
	"PRAGMA application_id = 1129337939;"
	"PRAGMA user_version = 1;";

static int ask(struct cp_state *s, const char *text, int64_t *ret)
{
	sqlite3_stmt *st = NULL;
	int r = s->sql.prepare_v2(s->db, text, -1, &st, NULL);

	if (r == SQLITE_OK)
		r = s->sql.step(st);
	*ret = r == SQLITE_ROW ? s->sql.column_int64(st, 0) : 0;
	s->sql.finalize(st);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

static int run(struct cp_state *s, const char *text)
{
	return s->sql.exec(s->db, text, NULL, NULL, NULL);
}

/* A file without tables becomes ours; one of another program or of a newer version is left alone (SQLITE_MISMATCH). */
static int set_up(struct cp_state *s)
{
	int64_t version, application, tables = 0;
	int r = ask(s, "PRAGMA user_version", &version);

	if (r == SQLITE_OK)
		r = ask(s, "PRAGMA application_id", &application);
	if (r == SQLITE_OK && version == VERSION && application == APPLICATION)
		return SQLITE_OK;
	if (r == SQLITE_OK)
		r = ask(s, "SELECT count(*) FROM sqlite_master", &tables);
	if (r != SQLITE_OK)
		return r;
	if (version != 0 || application != 0 || tables != 0)
		return SQLITE_MISMATCH;
	r = run(s, "PRAGMA journal_mode = WAL");
	if (r == SQLITE_OK)
		r = run(s, "BEGIN IMMEDIATE");
	if (r == SQLITE_OK && (r = run(s, schema)) == SQLITE_OK)
		r = run(s, "COMMIT");
	return r;
}

/*
 * Without fsync: a killed process loses nothing that was committed, and a power cut may cost the file, which is then made again; what it
 * cannot do is to make a row that is believed (cp_state_unpack).
 */
static int prepare(struct cp_state *s)
{
	int64_t any = 0;
	int r = set_up(s);

	if (r == SQLITE_OK)
		r = run(s, "PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY");
	if (r == SQLITE_OK)
		r = s->sql.prepare_v2(s->db, "SELECT value, used FROM digest WHERE name = ?", -1,
				      &s->get, NULL);
	if (r == SQLITE_OK)
		r = s->sql.prepare_v2(
			s->db, "SELECT digest, config, time, check_ FROM image WHERE name = ?", -1,
			&s->get_image, NULL);
	if (r == SQLITE_OK)
		r = run(s, "BEGIN"); /* one snapshot, one lock */
	if (r == SQLITE_OK)
		r = ask(s, "SELECT 1 FROM digest LIMIT 1", &any);
	s->was_empty = !any;
	return r;
}

static void close_db(struct cp_state *s)
{
	s->sql.finalize(s->get);
	s->sql.finalize(s->get_image);
	s->sql.close(s->db);
	s->get = s->get_image = NULL;
	s->db = NULL;
}

static int open_db(struct cp_state *s, const char *path)
{
	int r = s->sql.open_v2(path, &s->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       NULL);

	s->sql.busy_timeout(s->db, CP_STATE_PATIENCE_MS);
	if (r == SQLITE_OK)
		r = prepare(s);
	if (r != SQLITE_OK)
		close_db(s);
	return r;
}

static void remove_file(struct cp_str path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < CP_LEN(ends); i++) {
		cp_auto_buf struct cp_buf p = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);

		cp_buf_adds(&p, path);
		cp_buf_addz(&p, ends[i]);
		if (!cp_buf_error(&p))
			unlink(p.p);
	}
}

static int open_file(struct cp_state *s, const struct cp_state_place *place, struct cp_err *err)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	bool ours;
	int r = cp_state_file(place, &path, &ours, err), e;

	if (r < 0)
		return r;
	e = open_db(s, path.p);
	if (ours && (e == SQLITE_NOTADB || e == SQLITE_CORRUPT)) {
		remove_file(cp_buf_str(&path));
		cp_buf_clear(&path);
		r = cp_state_file(place, &path, &ours, err);
		if (r < 0)
			return r;
		e = open_db(s, path.p);
	}
	if (ours && e == SQLITE_OK)
		s->ours = strdup(path.p);
	if (e == SQLITE_MISMATCH)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "%s is of another program or a newer version", path.p);
	return e == SQLITE_OK ? 0 : cp_err_set(err, CP_EIO, "%s cannot be used", path.p);
}

int cp_state_open(const struct cp_state_place *place, struct cp_state **ret_state,
		  struct cp_err *err)
{
	struct cp_state *s = calloc(1, sizeof(*s));
	int r = s ? cp_sqlite_load(&s->sql, err) : cp_err_nomem(err);

	if (r == 0) {
		s->now = place->now;
		s->max_bytes = CP_MAX_STATE_BYTES;
		s->a = cp_arena_new(CP_MAX_ARENA_BYTES);
		r = s->a ? open_file(s, place, err) : cp_err_nomem(err);
	}
	if (r < 0) {
		if (s)
			cp_arena_free(s->a);
		free(s);
		return r;
	}
	pthread_mutex_init(&s->lock, NULL);
	*ret_state = s;
	return 0;
}

void cp_state_close(struct cp_state *s)
{
	if (!s)
		return;
	cp_state_write(s);
	close_db(s);
	if (s->corrupt && s->ours)
		remove_file(cp_str_c(s->ours));
	free(s->ours);
	pthread_mutex_destroy(&s->lock);
	cp_arena_free(s->a);
	free(s);
}

/* ---- digests ---- */

static bool look(struct cp_state *s, const struct cp_digest *name, struct cp_state_row *row)
{
	bool found = false;
	int r;

	s->sql.bind_blob(s->get, 1, name->bytes, 32, SQLITE_STATIC);
	r = s->sql.step(s->get);
	if (r == SQLITE_ROW) {
		found = cp_state_unpack(s->sql.column_blob(s->get, 0),
					(size_t)s->sql.column_bytes(s->get, 0), name, row);
		row->only_used = s->sql.column_int64(s->get, 1) < s->now / 86400;
	}
	s->sql.reset(s->get);
	if (r != SQLITE_ROW && r != SQLITE_DONE && r != SQLITE_BUSY)
		s->broken = true;
	s->corrupt = s->corrupt || r == SQLITE_CORRUPT || r == SQLITE_NOTADB;
	return found;
}

static void keep(struct cp_state *s, struct cp_state_row row)
{
	if (s->rows.n < CP_MAX_STATE_ROWS)
		(void)cp_vec_push(s->a, &s->rows, row);
}

bool cp_state_get(struct cp_state *s, const struct cp_digest *name, struct cp_digest *ret_digest,
		  uint8_t *ret_flags)
{
	struct cp_state_row row = {.name = *name};
	bool found = false;

	if (!s || s->was_empty)
		return false;
	pthread_mutex_lock(&s->lock);
	if (!s->broken)
		found = look(s, name, &row);
	if (found && row.only_used)
		keep(s, row);
	pthread_mutex_unlock(&s->lock);
	if (found) {
		*ret_digest = row.digest;
		*ret_flags = row.flags;
	}
	return found;
}

void cp_state_put(struct cp_state *s, const struct cp_digest *name, const struct cp_digest *digest,
		  uint8_t flags)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	keep(s, (struct cp_state_row){.name = *name, .digest = *digest, .flags = flags});
	pthread_mutex_unlock(&s->lock);
}
