/* What was put becomes rows: one transaction, and the oldest rows go when there are too many. */
#include <stdio.h>

#include "history/history_int.h"

static uint64_t check_of(const struct cp_digest *name, const uint8_t *value)
{
	uint8_t both[32 + 33];

	memcpy(both, name->bytes, 32);
	memcpy(both + 32, value, 33);
	return cp_hash64(both, sizeof(both));
}

void cp_state_pack(const struct cp_state_row *row, uint8_t out[CP_STATE_VALUE])
{
	uint64_t check;

	memcpy(out, row->digest.bytes, 32);
	out[32] = row->flags;
	check = check_of(&row->name, out);
	memcpy(out + 33, &check, sizeof(check));
}

bool cp_state_unpack(const uint8_t *p, size_t n, const struct cp_digest *name,
		     struct cp_state_row *ret_row)
{
	uint64_t check;

	if (n != CP_STATE_VALUE)
		return false;
	memcpy(&check, p + 33, sizeof(check));
	if (check != check_of(name, p))
		return false;
	memcpy(ret_row->digest.bytes, p, 32);
	ret_row->flags = p[32];
	return true;
}

static sqlite3_stmt *prepare(struct cp_state *s, const char *text)
{
	sqlite3_stmt *st = NULL;

	return s->sql.prepare_v2(s->db, text, -1, &st, NULL) == SQLITE_OK ? st : NULL;
}

static bool write_rows(struct cp_state *s)
{
	sqlite3_stmt *put = prepare(s, "INSERT OR REPLACE INTO digest VALUES (?, ?, ?)");
	sqlite3_stmt *touch = prepare(s, "UPDATE digest SET used = ?2 WHERE name = ?1");
	bool good = put && touch;

	for (size_t i = 0; good && i < s->rows.n; i++) {
		const struct cp_state_row *row = &s->rows.items[i];
		sqlite3_stmt *st = row->only_used ? touch : put;
		uint8_t value[CP_STATE_VALUE];

		cp_state_pack(row, value);
		s->sql.bind_blob(st, 1, row->name.bytes, 32, SQLITE_STATIC);
		if (st == put)
			s->sql.bind_blob(st, 2, value, sizeof(value), SQLITE_STATIC);
		s->sql.bind_int64(st, st == put ? 3 : 2, s->now / 86400);
		good = s->sql.step(st) == SQLITE_DONE;
		s->sql.reset(st);
	}
	s->sql.finalize(put);
	s->sql.finalize(touch);
	return good;
}

static uint64_t check_image(const struct cp_state_image_row *row)
{
	uint64_t parts[4] = {cp_hash64(row->name.p, row->name.n),
			     cp_hash64(row->image.digest.p, row->image.digest.n),
			     cp_hash64(row->image.config.p, row->image.config.n),
			     (uint64_t)row->image.time};

	return cp_hash64(parts, sizeof(parts));
}

static bool write_images(struct cp_state *s)
{
	sqlite3_stmt *put = prepare(s, "INSERT OR REPLACE INTO image VALUES (?, ?, ?, ?, ?)");
	bool good = put != NULL;

	for (size_t i = 0; good && i < s->images.n; i++) {
		const struct cp_state_image_row *row = &s->images.items[i];

		s->sql.bind_blob(put, 1, row->name.p, (int)row->name.n, SQLITE_STATIC);
		s->sql.bind_blob(put, 2, row->image.digest.p, (int)row->image.digest.n,
				 SQLITE_STATIC);
		s->sql.bind_blob(put, 3, row->image.config.p, (int)row->image.config.n,
				 SQLITE_STATIC);
		s->sql.bind_int64(put, 4, row->image.time);
		s->sql.bind_int64(put, 5, (int64_t)check_image(row));
		good = s->sql.step(put) == SQLITE_DONE;
		s->sql.reset(put);
	}
	s->sql.finalize(put);
	return good;
}

static int64_t number(struct cp_state *s, const char *text)
{
	sqlite3_stmt *st = prepare(s, text);
	int64_t n = st && s->sql.step(st) == SQLITE_ROW ? s->sql.column_int64(st, 0) : 0;

	s->sql.finalize(st);
	return n;
}

/* Days are dropped, the oldest first, until half of the room is free again; the present one as a whole when it alone is too large. */
static bool make_room(struct cp_state *s)
{
	int64_t pages = number(s, "PRAGMA page_count") - number(s, "PRAGMA freelist_count");
	int64_t size = pages * number(s, "PRAGMA page_size");
	char text[160];

	if (size <= s->max_bytes)
		return true;
	snprintf(
		text, sizeof(text),
		"DELETE FROM digest WHERE used <= (SELECT used FROM digest ORDER BY used LIMIT 1 OFFSET "
		"(SELECT count(*) / 2 FROM digest))");
	return s->sql.exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK &&
	       s->sql.exec(
		       s->db,
		       "DELETE FROM image WHERE time <= (SELECT time FROM image ORDER BY time LIMIT 1 "
		       "OFFSET (SELECT count(*) / 2 FROM image))",
		       NULL, NULL, NULL) == SQLITE_OK;
}

void cp_state_write(struct cp_state *s)
{
	bool good;

	if (s->broken || (!s->rows.n && !s->images.n) ||
	    s->sql.exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK ||
	    s->sql.exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return;
	good = write_rows(s) && write_images(s) && make_room(s);
	if (!good || s->sql.exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		s->sql.exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- images ---- */

static struct cp_str column(struct cp_state *s, struct cp_arena *a, int i)
{
	const char *p = s->sql.column_blob(s->get_image, i);

	return cp_arena_str(a, cp_str_n(p ? p : "", (size_t)s->sql.column_bytes(s->get_image, i)));
}

static bool read_image(struct cp_state *s, struct cp_arena *a, struct cp_str name,
		       struct cp_state_image *ret)
{
	struct cp_state_image_row row = {.name = name};
	bool found;

	s->sql.bind_blob(s->get_image, 1, name.p, (int)name.n, SQLITE_STATIC);
	found = s->sql.step(s->get_image) == SQLITE_ROW;
	if (found) {
		row.image.digest = column(s, a, 0);
		row.image.config = column(s, a, 1);
		row.image.time = s->sql.column_int64(s->get_image, 2);
		found = row.image.digest.p && row.image.config.p &&
			(uint64_t)s->sql.column_int64(s->get_image, 3) == check_image(&row);
	}
	s->sql.reset(s->get_image);
	if (found)
		*ret = row.image;
	return found;
}

/* What this run has put, and not yet written. */
static bool read_new_image(const struct cp_state *s, struct cp_arena *a, struct cp_str name,
			   struct cp_state_image *ret)
{
	for (size_t i = s->images.n; i > 0; i--) {
		const struct cp_state_image_row *row = &s->images.items[i - 1];

		if (!cp_str_eq(row->name, name))
			continue;
		*ret = (struct cp_state_image){cp_arena_str(a, row->image.digest),
					       cp_arena_str(a, row->image.config), row->image.time};
		return ret->digest.p && ret->config.p;
	}
	return false;
}

bool cp_state_image_get(struct cp_state *s, struct cp_arena *a, struct cp_str name,
			struct cp_state_image *ret_image)
{
	bool found = false;

	if (!s || name.n > CP_MAX_PATH_BYTES)
		return false;
	pthread_mutex_lock(&s->lock);
	if (!s->broken)
		found = read_new_image(s, a, name, ret_image) || read_image(s, a, name, ret_image);
	pthread_mutex_unlock(&s->lock);
	return found;
}

void cp_state_image_put(struct cp_state *s, struct cp_str name, const struct cp_state_image *image)
{
	struct cp_state_image_row row = {.image = {.time = image->time}};

	if (!s || name.n > CP_MAX_PATH_BYTES || image->config.n > CP_MAX_LINE_BYTES)
		return;
	pthread_mutex_lock(&s->lock);
	row.name = cp_arena_str(s->a, name);
	row.image.digest = cp_arena_str(s->a, image->digest);
	row.image.config = cp_arena_str(s->a, image->config);
	if (row.name.p && row.image.digest.p && row.image.config.p)
		(void)cp_vec_push(s->a, &s->images, row);
	pthread_mutex_unlock(&s->lock);
}
