/*
 * TOML as a stream: tables, arrays of tables, dotted and quoted keys, strings of all four kinds, booleans, arrays, inline tables. What it
 * holds is bounded by the text: nothing is kept but the path at hand.
 */
#ifndef CP_BASE_TOML_H
#define CP_BASE_TOML_H

#include "base/arena.h"
#include "base/err.h"

enum cp_toml_kind { CP_TOML_STRING, CP_TOML_BOOL, CP_TOML_OTHER };
#define CP_TOML_DEPTH 16

/* One scalar of the document under its full path; elements of arrays one by one. Texts are in the arena or in the document. */
struct cp_toml_value {
	const struct cp_str *path;
	size_t n_path;
	enum cp_toml_kind kind;
	struct cp_str text;
	bool is_true;
};

/* Each returns 0 or CP_ENOMEM. */
struct cp_toml_reader {
	int (*on_value)(void *self, const struct cp_toml_value *value);
	/* A line [a.b] or [[a.b]], before its values; NULL = not wanted. */
	int (*on_table)(void *self, const struct cp_str *path, size_t n_path);
	void *self;
};

/* CP_EINVAL with a line of `name`, CP_ENOMEM. What was read before a mistake has been handed over. */
int cp_toml_read(struct cp_arena *a, struct cp_str text, struct cp_str name,
		 const struct cp_toml_reader *reader, struct cp_err *err);

#endif
