/*
 * JSON as bytes: is it valid, and where are the members of an object? For rpc, which hands `params`
 * on as they are. Nothing is built; strings must be UTF-8; at most SCAN_MAX_DEPTH levels.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

#define SCAN_MAX_DEPTH 128

struct slice {
	const char *p; /* NULL = not there */
	size_t n;
};

/* Is this exactly one value, white space around it aside? ret_value: without that white space. */
bool scan_json(const char *p, size_t n, struct slice *ret_value);
/* The value of a member of a valid object (the last one of that name), p NULL when absent. */
struct slice scan_member(struct slice object, const char *name);
/* A valid JSON string, decoded. */
void scan_string(struct slice string, struct text *out);

#endif
