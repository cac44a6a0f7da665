/* Reading JSON: jansson behind a face of our own, so that its header stays in this room. */
#include <jansson.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"

struct cp_json_doc {
	json_t *root;
};

#define J(v) ((json_t *)(uintptr_t)(v))

/* The line of a byte offset, for the message's source line. */
static struct cp_str line_at(struct cp_str text, int line)
{
	struct cp_str rest = text, piece = CP_S("");

	for (int i = 0; i < line && cp_str_split(&rest, '\n', &piece); i++)
		;
	return piece;
}

/*
 * jansson stops at 2,048 levels; a document deeper than our own bound is refused before it is built.
 * Brackets inside strings do not count.
 */
static bool too_deep(struct cp_str text)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (depth > CP_MAX_JSON_DEPTH)
			return true;
	}
	return false;
}

int cp_json_parse(struct cp_str text, struct cp_str name, struct cp_json_doc **ret_doc,
		  struct cp_err *err)
{
	struct cp_json_doc *doc;
	json_error_t e;
	json_t *root;

	if (text.n > CP_MAX_JSON_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: over %u bytes of JSON", CP_STR(name),
				  CP_MAX_JSON_BYTES);
	if (too_deep(text))
		return cp_err_set(err, CP_ELIMIT, "%.*s: JSON nested over %d levels", CP_STR(name),
				  CP_MAX_JSON_DEPTH);
	root = json_loadb(text.p ? text.p : "", text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!root) {
		if (json_error_code(&e) == json_error_out_of_memory)
			return cp_err_nomem(err);
		cp_err_set(err, CP_EINVAL, "%s", e.text);
		cp_err_at(err, name, e.line > 0 ? e.line : 1, e.column > 0 ? e.column : 1, 1,
			  line_at(text, e.line));
		return CP_EINVAL;
	}
	doc = malloc(sizeof(*doc));
	if (!doc) {
		json_decref(root);
		return cp_err_nomem(err);
	}
	doc->root = root;
	*ret_doc = doc;
	return 0;
}

void cp_json_doc_free(struct cp_json_doc *doc)
{
	if (!doc)
		return;
	json_decref(doc->root);
	free(doc);
}

const struct cp_json *cp_json_root(const struct cp_json_doc *doc)
{
	return (const struct cp_json *)doc->root;
}

enum cp_json_kind cp_json_kind(const struct cp_json *v)
{
	if (!v)
		return CP_JSON_NULL;
	switch (json_typeof(J(v))) {
	case JSON_OBJECT:
		return CP_JSON_OBJECT;
	case JSON_ARRAY:
		return CP_JSON_ARRAY;
	case JSON_STRING:
		return CP_JSON_STRING;
	case JSON_INTEGER:
		return CP_JSON_INT;
	case JSON_REAL:
		return CP_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return CP_JSON_BOOL;
	default:
		return CP_JSON_NULL;
	}
}

const struct cp_json *cp_json_get(const struct cp_json *v, const char *key)
{
	return v ? (const struct cp_json *)json_object_get(J(v), key) : NULL;
}

size_t cp_json_len(const struct cp_json *v)
{
	if (cp_json_kind(v) == CP_JSON_ARRAY)
		return json_array_size(J(v));
	return cp_json_kind(v) == CP_JSON_OBJECT ? json_object_size(J(v)) : 0;
}

const struct cp_json *cp_json_at(const struct cp_json *v, size_t i)
{
	return v ? (const struct cp_json *)json_array_get(J(v), i) : NULL;
}

struct cp_str cp_json_text(const struct cp_json *v)
{
	if (cp_json_kind(v) != CP_JSON_STRING)
		return CP_S("");
	return cp_str_n(json_string_value(J(v)), json_string_length(J(v)));
}

int64_t cp_json_number(const struct cp_json *v, int64_t otherwise)
{
	return cp_json_kind(v) == CP_JSON_INT ? json_integer_value(J(v)) : otherwise;
}

bool cp_json_is_true(const struct cp_json *v)
{
	return v && json_is_true(J(v));
}

void *cp_json_first(const struct cp_json *object)
{
	return object ? json_object_iter(J(object)) : NULL;
}

void *cp_json_next(const struct cp_json *object, void *it)
{
	return json_object_iter_next(J(object), it);
}

struct cp_str cp_json_it_key(void *it)
{
	return cp_str_c(json_object_iter_key(it));
}

const struct cp_json *cp_json_it_value(void *it)
{
	return (const struct cp_json *)json_object_iter_value(it);
}
