#include "project/json_int.h"

#include <stdio.h>

/* ---- finding a value again: the text has been parsed before, so it is well formed ---- */

static size_t skip_space(struct cp_str s, size_t i)
{
	while (i < s.n && strchr(" \t\r\n", s.p[i]) && s.p[i])
		i++;
	return i;
}

static size_t skip_string(struct cp_str s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i + 1 : s.n;
}

/* Past one value, however deep. */
static size_t skip_value(struct cp_str s, size_t i)
{
	int depth = 0;

	while (i < s.n) {
		char c = s.p[i];

		if (c == '"') {
			i = skip_string(s, i);
		} else {
			if (depth == 0 && (c == ',' || c == '}' || c == ']'))
				return i;
			depth += (c == '{' || c == '[') - (c == '}' || c == ']');
			i++;
		}
		if (depth == 0 && (c == '"' || c == '}' || c == ']'))
			return i;
	}
	return s.n;
}

/*
 * The key of the member `name` of the object at `i`, its value in *ret_value; s.n when it is not
 * found (an escaped key).
 */
static size_t find_member(struct cp_str s, size_t i, struct cp_str name, size_t *ret_value)
{
	i = skip_space(s, i);
	if (i >= s.n || s.p[i] != '{')
		return s.n;
	i = skip_space(s, i + 1);
	while (i < s.n && s.p[i] == '"') {
		size_t end = skip_string(s, i), value = skip_space(s, end) + 1; /* past the colon */

		value = skip_space(s, value);
		if (cp_str_eq(cp_str_sub(s, i + 1, end - 1), name)) {
			*ret_value = value;
			return i;
		}
		i = skip_space(s, skip_value(s, value));
		i = i < s.n && s.p[i] == ',' ? skip_space(s, i + 1) : s.n;
	}
	return s.n;
}

/* Element `index` (decimal text) of the array at `i`. */
static size_t find_element(struct cp_str s, size_t i, struct cp_str index, size_t *ret_value)
{
	int64_t left;

	i = skip_space(s, i);
	if (i >= s.n || s.p[i] != '[' || !cp_str_to_int(index, 10, &left))
		return s.n;
	i = skip_space(s, i + 1);
	for (; left > 0 && i < s.n; left--) {
		i = skip_space(s, skip_value(s, i));
		i = i < s.n && s.p[i] == ',' ? skip_space(s, i + 1) : s.n;
	}
	*ret_value = i;
	return i;
}

/* Where a member or element of the value at `i` begins. */
static size_t find_part(struct cp_str s, size_t i, struct cp_str name, size_t *ret_value)
{
	i = skip_space(s, i);
	return i < s.n && s.p[i] == '[' ? find_element(s, i, name, ret_value)
					: find_member(s, i, name, ret_value);
}

static void set_position(const struct cp_json_reader *r, size_t at)
{
	int line = 1;
	size_t start = 0;

	for (size_t i = cp_str_find(r->text, '\n', 0); i < at;
	     i = cp_str_find(r->text, '\n', start)) {
		line++;
		start = i + 1;
	}
	cp_err_at(r->err, r->name, line, (int)(at - start) + 1, 1,
		  cp_str_sub(r->text, start, cp_str_find(r->text, '\n', start)));
}

int cp_json_fail(const struct cp_json_reader *r, const char *member, const char *what)
{
	char path[256] = "";
	size_t n = 0, at = 0, value = 0;

	for (size_t i = 0; i < r->n_path; i++) {
		n += (size_t)snprintf(path + n, sizeof(path) - n, "%.*s.",
				      r->path[i].n > 60 ? 60 : (int)r->path[i].n, r->path[i].p);
		if (at < r->text.n)
			at = find_part(r->text, value, r->path[i], &value);
	}
	if (at < r->text.n)
		at = find_part(r->text, value, cp_str_c(member), &value);
	cp_err_set(r->err, CP_EINVAL, "%s%s: %s", path, member, what);
	if (at < r->text.n)
		set_position(r, at);
	else
		cp_err_at(r->err, r->name, 0, 0, 0, CP_S(""));
	return CP_EINVAL;
}

/* ---- members ---- */

struct cp_str cp_json_scalar_text(struct cp_arena *a, const struct cp_json *v)
{
	switch (cp_json_kind(v)) {
	case CP_JSON_STRING:
		return cp_arena_str(a, cp_json_text(v));
	case CP_JSON_INT:
		return cp_arena_printf(a, "%lld", (long long)cp_json_number(v, 0));
	case CP_JSON_BOOL:
		return cp_arena_str(a, cp_json_is_true(v) ? CP_S("true") : CP_S("false"));
	default:
		return (struct cp_str){NULL, 0};
	}
}

static bool absent(const struct cp_json *v)
{
	return !v || cp_json_kind(v) == CP_JSON_NULL;
}

/* The text, CP_EINVAL for an object, a list or a fraction, CP_ENOMEM. */
static int scalar(const struct cp_json_reader *r, const struct cp_json *v, const char *member,
		  const char *expected, struct cp_str *ret)
{
	enum cp_json_kind kind = cp_json_kind(v);
	struct cp_str s;

	if (kind != CP_JSON_STRING && kind != CP_JSON_INT && kind != CP_JSON_BOOL)
		return cp_json_fail(r, member, expected);
	s = cp_json_scalar_text(r->a, v);
	if (!s.p)
		return cp_err_nomem(r->err);
	*ret = s;
	return 0;
}

int cp_json_read_str(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		     struct cp_str *ret)
{
	const struct cp_json *v = cp_json_get(o, member);

	return absent(v) ? 0 : scalar(r, v, member, "expected a string", ret);
}

int cp_json_read_bool(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		      bool *ret)
{
	const struct cp_json *v = cp_json_get(o, member);

	if (absent(v))
		return 0;
	if (cp_json_kind(v) != CP_JSON_BOOL)
		return cp_json_fail(r, member, "expected true or false");
	*ret = cp_json_is_true(v);
	return 0;
}

int cp_json_read_list(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		      bool one, struct cp_str **ret, size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(o, member);
	bool single = one && cp_json_kind(v) == CP_JSON_STRING;
	size_t n = single ? 1 : cp_json_len(v);
	struct cp_str *items;

	if (absent(v))
		return 0;
	if (!single && cp_json_kind(v) != CP_JSON_ARRAY)
		return cp_json_fail(r, member, "expected a list of strings");
	items = cp_arena_array(r->a, n, sizeof(*items));
	if (!items)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < n; i++) {
		int rc = scalar(r, single ? v : cp_json_at(v, i), member,
				"expected a list of strings", &items[i]);

		if (rc < 0)
			return rc;
	}
	*ret = items;
	*ret_n = n;
	return 0;
}

int cp_json_read_map(const struct cp_json_reader *r, const struct cp_json *o, const char *member,
		     struct cp_setting **ret, size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(o, member);
	struct cp_setting *items;
	size_t n = 0;

	if (absent(v))
		return 0;
	if (cp_json_kind(v) != CP_JSON_OBJECT)
		return cp_json_fail(r, member, "expected an object of strings");
	items = cp_arena_array(r->a, cp_json_len(v), sizeof(*items));
	if (!items)
		return cp_err_nomem(r->err);
	for (void *it = cp_json_first(v); it; it = cp_json_next(v, it)) {
		const struct cp_json *value = cp_json_it_value(it);
		struct cp_setting *s = &items[n++];
		int rc = 0;

		s->key = cp_arena_str(r->a, cp_json_it_key(it));
		if (!s->key.p)
			return cp_err_nomem(r->err);
		s->has_value = cp_json_kind(value) != CP_JSON_NULL;
		if (s->has_value)
			rc = scalar(r, value, member, "expected an object of strings", &s->value);
		if (rc < 0)
			return rc;
	}
	*ret = items;
	*ret_n = n;
	return 0;
}
