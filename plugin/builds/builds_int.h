/* Private to builds/: vertexes as logs tell of them. */
#ifndef CP_BUILDS_INT_H
#define CP_BUILDS_INT_H

#include "builds/builds.h"

/* Nanoseconds since 1970. */
struct cp_span {
	int64_t from, to;
};

/* One operation of a build, by its digest (rawjson) or its number (plain). */
struct cp_vertex {
	struct cp_str key;
	struct cp_str name;
	size_t order;
	bool has_inputs;
	bool plain; /* from a plain log: its inputs are not said */
	bool started, failed, cancelled;
	bool cached; /* at some time it was said to be */
	bool loaded; /* by itself, and not because a step above it was: what it does later is to fetch layers */
	bool pulled, logged,
		done;     /* plain: layers were fetched; it wrote something; it says DONE */
	int64_t open;     /* began and has not ended; 0 = no */
	int64_t plain_ms; /* plain: as it was printed, -1 = not */
	CP_VEC(struct cp_span) runs; /* completed and not from the cache, each beginning once */
	uint64_t bytes;              /* of layers that were fetched */
};

/* A layer on its way. */
struct cp_transfer {
	struct cp_str id;
	struct cp_vertex *vertex;
	uint64_t bytes;
	struct cp_span span; /* to 0 = not there yet */
};

struct cp_log_reader {
	struct cp_arena *a;
	/* of one file */
	enum cp_log_kind kind;
	struct cp_str name;
	struct cp_buf line, document;
	bool is_long; /* the rest of a line that is too long */
	bool is_document;
	bool blank;              /* the line before was empty: a vertex may begin */
	size_t n_found, n_other; /* lines of BuildKit; of other builders */
	const char *other;
	/* of the build */
	struct cp_map vertexes, transfers;
	size_t n_vertexes, name_bytes, n_transfers;
	struct cp_map numbers; /* plain: number ─► vertex, of this file */
	struct cp_map digests; /* rawjson: digest ─► the vertex that was told of last */
	int64_t first, last;   /* ns */
	bool nomem, cut;
	struct cp_built built;
	CP_VEC(struct cp_str) imports;
};

/* The vertex of a key, made when it is new; NULL when there are too many, or no memory (r->nomem). */
struct cp_vertex *cp_log_vertex(struct cp_log_reader *r, struct cp_str key);
void cp_log_name(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str name);
struct cp_transfer *cp_log_transfer(struct cp_log_reader *r, struct cp_vertex *v, struct cp_str id);
/* log_raw.c, log_plain.c: one line without its end; true when it is one of BuildKit's. */
bool cp_log_raw_line(struct cp_log_reader *r, struct cp_str line);
bool cp_log_plain_line(struct cp_log_reader *r, struct cp_str line);
/* log_document.c: a whole file; false when it is neither metadata nor an inspection. */
bool cp_log_document(struct cp_log_reader *r, struct cp_str text);
/* log_steps.c: the vertexes as steps. CP_ENOMEM. */
int cp_log_steps(struct cp_log_reader *r, struct cp_built *b);
/* "2026-11-24T23:12:35.59Z" in nanoseconds; 0 = it is none. */
int64_t cp_log_time(struct cp_str text);
/* Whether a name has the form "[... 3/4] TEXT"; the words before "3/4", and TEXT. */
bool cp_step_name_split(struct cp_str name, struct cp_str *ret_words, uint32_t *ret_number,
			struct cp_str *ret_text);

#endif
