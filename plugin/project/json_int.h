/* Members of JSON objects with their types checked, and positions for what is wrong with them. */
#ifndef CP_PROJECT_JSON_INT_H
#define CP_PROJECT_JSON_INT_H

#include "project/request_int.h"

/* Where we are in a document: enough to name and to find a value again for a message. */
struct cp_json_reader {
	struct cp_arena *a;
	struct cp_str text, name; /* the file */
	struct cp_str path[4];    /* members and elements from the root to the object being read */
	size_t n_path;
	struct cp_err *err;
};

/*
 * CP_EINVAL: "target.api.platforms: expected a list of strings", with the position of that member.
 */
int cp_json_fail(const struct cp_json_reader *r, const char *member, const char *what);

/*
 * One member, copied into the arena. Absent and null leave *ret alone and give 0.
 * Scalars of another type than text (a number for a build argument) are taken as JSON prints them.
 */
int cp_json_read_str(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		     struct cp_str *ret);
int cp_json_read_bool(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		      bool *ret);
/* A list of strings; with `one`, a single string is a list of one. */
int cp_json_read_list(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		      bool one, struct cp_str **ret, size_t *ret_n);
/* An object of strings; null values give has_value = false. */
int cp_json_read_map(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		     struct cp_setting **ret, size_t *ret_n);
/*
 * The text of a string, number or boolean; p is NULL for anything else and when there is no memory.
 */
struct cp_str cp_json_scalar_text(struct cp_arena *a, const struct cp_json *v);

#endif
