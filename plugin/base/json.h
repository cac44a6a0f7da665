/*
 * JSON. Writing: our own writer, byte for byte what Go's encoding/json makes (compact; `<`, `>`, `&`,
 * U+2028, U+2029 escaped; an invalid UTF-8 byte becomes U+FFFD), because those bytes are hashed.
 * Reading: a thin face over jansson with limits on size and depth.
 */
#ifndef CP_BASE_JSON_H
#define CP_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* ---- writing ---- */

struct cp_json_out {
	struct cp_buf *b;
	int depth;
	int indent; /* spaces per level, 0 = compact */
	bool need_comma;
	bool after_key;
	bool raw_html; /* do not escape < > &: for people's files, never for hashed bytes */
};

#define CP_JSON_OUT(buf)                                                                           \
	{                                                                                          \
		(buf), 0, 0, false, false, false                                                   \
	}

void cp_json_open(struct cp_json_out *o, char bracket);  /* '{' or '[' */
void cp_json_close(struct cp_json_out *o, char bracket); /* '}' or ']' */
void cp_json_key(struct cp_json_out *o, const char *key);
void cp_json_str(struct cp_json_out *o, struct cp_str s);
void cp_json_int(struct cp_json_out *o, int64_t v);
void cp_json_bool(struct cp_json_out *o, bool v);
void cp_json_null(struct cp_json_out *o);
void cp_json_base64(struct cp_json_out *o, struct cp_str bytes);
/* Already encoded JSON, copied as one value. */
void cp_json_raw(struct cp_json_out *o, struct cp_str json);

/* key + value in one call */
void cp_json_kstr(struct cp_json_out *o, const char *key, struct cp_str s);
void cp_json_kint(struct cp_json_out *o, const char *key, int64_t v);
void cp_json_kbool(struct cp_json_out *o, const char *key, bool v);

/* ---- reading ---- */

struct cp_json; /* one value of a parsed document; borrowed from its document */
struct cp_json_doc;

enum cp_json_kind {
	CP_JSON_NULL,
	CP_JSON_BOOL,
	CP_JSON_INT,
	CP_JSON_REAL,
	CP_JSON_STRING,
	CP_JSON_ARRAY,
	CP_JSON_OBJECT
};

/*
 * Parse one document. CP_EINVAL with line and column, CP_ELIMIT, CP_ENOMEM. Duplicate members: the last wins.
 * `name` is the file's name for messages.
 */
int cp_json_parse(struct cp_str text, struct cp_str name, struct cp_json_doc **ret_doc,
		  struct cp_err *err);
void cp_json_doc_free(struct cp_json_doc *doc);
static inline void cp_json_doc_free_ptr(struct cp_json_doc **doc)
{
	cp_json_doc_free(*doc);
}
#define cp_auto_json __attribute__((cleanup(cp_json_doc_free_ptr)))

const struct cp_json *cp_json_root(const struct cp_json_doc *doc);
enum cp_json_kind cp_json_kind(const struct cp_json *v);
/* A member, NULL when absent, when v is NULL or no object. */
const struct cp_json *cp_json_get(const struct cp_json *v, const char *key);
/* Elements of an array, members of an object; 0 for anything else. */
size_t cp_json_len(const struct cp_json *v);
const struct cp_json *cp_json_at(const struct cp_json *v, size_t i);
/* Text of a string value, borrowed from the document; the empty slice for anything else. */
struct cp_str cp_json_text(const struct cp_json *v);
int64_t cp_json_number(const struct cp_json *v, int64_t otherwise);
bool cp_json_is_true(const struct cp_json *v);

/* Members in the order of the file:  for (it = cp_json_first(o); it; it = cp_json_next(o, it)) */
void *cp_json_first(const struct cp_json *object);
void *cp_json_next(const struct cp_json *object, void *it);
struct cp_str cp_json_it_key(void *it);
const struct cp_json *cp_json_it_value(void *it);

#endif
