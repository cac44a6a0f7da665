/* Private to history/: SQLite, loaded when it is used for the first time, and the file. */
#ifndef CP_HISTORY_INT_H
#define CP_HISTORY_INT_H

#include <pthread.h>
#include <sqlite3.h>

#include "history/history.h"

/*
 * Linking it would cost every start a fifth of a `git diff` (Debian's archive cannot go into a shared object), so it is loaded by name.
 * It stays loaded: it has a state of its own.
 */
struct cp_sqlite {
	__typeof__(sqlite3_open_v2) *open_v2;
	__typeof__(sqlite3_close) *close;
	__typeof__(sqlite3_exec) *exec;
	__typeof__(sqlite3_busy_timeout) *busy_timeout;
	__typeof__(sqlite3_prepare_v2) *prepare_v2;
	__typeof__(sqlite3_step) *step;
	__typeof__(sqlite3_reset) *reset;
	__typeof__(sqlite3_finalize) *finalize;
	__typeof__(sqlite3_bind_blob) *bind_blob;
	__typeof__(sqlite3_bind_int64) *bind_int64;
	__typeof__(sqlite3_column_blob) *column_blob;
	__typeof__(sqlite3_column_bytes) *column_bytes;
	__typeof__(sqlite3_column_int64) *column_int64;
};

/* One row that waits to be written. */
struct cp_state_row {
	struct cp_digest name, digest;
	uint8_t flags;
	bool only_used; /* it is there already: only its time is new */
};
struct cp_state_image_row {
	struct cp_str name;
	struct cp_state_image image;
};

struct cp_state {
	struct cp_sqlite sql;
	sqlite3 *db;
	sqlite3_stmt *get, *get_image;
	pthread_mutex_t lock; /* of everything below, and of the statements */
	int64_t now, max_bytes;
	bool was_empty; /* nothing to be found: do not look */
	bool broken;    /* the file said so: neither read nor written any more */
	bool corrupt;   /* and the file is ours: away with it */
	char *ours;     /* its path, NULL = the user's own file */
	struct cp_arena *a;
	CP_VEC(struct cp_state_row) rows;
	CP_VEC(struct cp_state_image_row) images;
};

/* CP_EUNSUPPORTED: not on this machine. */
int cp_sqlite_load(struct cp_sqlite *ret_sql, struct cp_err *err);
/*
 * The file of a place, made with mode 0600 when it is not there: *ret_ours = it is ours to replace when it is corrupt (a file that the user
 * named is not).
 */
int cp_state_file(const struct cp_state_place *place, struct cp_buf *ret_path, bool *ret_ours,
		  struct cp_err *err);
/* Where that file is, whether or not it is there. CP_ENOTFOUND, CP_ELIMIT. */
int cp_state_path(const struct cp_state_place *place, struct cp_buf *ret_path, bool *ret_ours,
		  struct cp_err *err);
/* write.c: one transaction. */
void cp_state_write(struct cp_state *s);
/* Digest, flags and their check as one blob of CP_STATE_VALUE bytes. */
#define CP_STATE_VALUE 41
void cp_state_pack(const struct cp_state_row *row, uint8_t out[CP_STATE_VALUE]);
bool cp_state_unpack(const uint8_t *p, size_t n, const struct cp_digest *name,
		     struct cp_state_row *ret_row);

#endif
