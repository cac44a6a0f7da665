#define _GNU_SOURCE /* memmem */
#include "base/str.h"

#include "base/utf8.h"

int cp_str_cmp(struct cp_str a, struct cp_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	if (r)
		return r;
	return a.n < b.n ? -1 : a.n > b.n;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool cp_str_eq_nocase(struct cp_str a, struct cp_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool cp_str_is_hex(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

bool cp_str_starts(struct cp_str s, struct cp_str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool cp_str_ends(struct cp_str s, struct cp_str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

size_t cp_str_find(struct cp_str s, char c, size_t from)
{
	const char *hit;

	if (from >= s.n)
		return s.n;
	hit = memchr(s.p + from, c, s.n - from);
	return hit ? (size_t)(hit - s.p) : s.n;
}

size_t cp_str_find_str(struct cp_str s, struct cp_str needle, size_t from)
{
	const char *hit;

	if (from > s.n || needle.n > s.n - from)
		return s.n;
	if (needle.n == 0)
		return from;
	hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
	return hit ? (size_t)(hit - s.p) : s.n;
}

size_t cp_str_rfind(struct cp_str s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

struct cp_str cp_str_sub(struct cp_str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from >= to)
		return cp_str_n(s.p ? s.p + (from < s.n ? from : s.n) : NULL, 0);
	return cp_str_n(s.p + from, to - from);
}

struct cp_str cp_str_trim_left(struct cp_str s, const char *set)
{
	size_t i = 0;

	while (i < s.n && s.p[i] && strchr(set, s.p[i]))
		i++;
	return cp_str_from(s, i);
}

struct cp_str cp_str_trim_right(struct cp_str s, const char *set)
{
	while (s.n && s.p[s.n - 1] && strchr(set, s.p[s.n - 1]))
		s.n--;
	return s;
}

struct cp_str cp_str_trim(struct cp_str s, const char *set)
{
	return cp_str_trim_right(cp_str_trim_left(s, set), set);
}

struct cp_str cp_str_trim_left_space(struct cp_str s)
{
	size_t width;

	while (s.n && cp_rune_is_space(cp_utf8_decode(s, &width)))
		s = cp_str_from(s, width);
	return s;
}

/* Width of the last rune if it is white space, else 0. */
static size_t last_space(struct cp_str s)
{
	size_t width;

	for (size_t back = 1; back <= 3 && back <= s.n; back++) {
		struct cp_str tail = cp_str_from(s, s.n - back);

		if (cp_rune_is_space(cp_utf8_decode(tail, &width)) && width == back)
			return back;
	}
	return 0;
}

struct cp_str cp_str_trim_space(struct cp_str s)
{
	size_t width;

	s = cp_str_trim_left_space(s);
	while (s.n && (width = last_space(s)))
		s.n -= width;
	return s;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

bool cp_str_to_int(struct cp_str s, int base, int64_t *ret_value)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, v = 0;
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');

	if (i == s.n)
		return false;
	for (; i < s.n; i++) {
		int d = digit_of(s.p[i]);

		if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > limit)
			return false;
	}
	*ret_value = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool cp_str_split(struct cp_str *rest, char sep, struct cp_str *ret_piece)
{
	size_t at;

	if (rest->p == NULL)
		return false;
	at = cp_str_find(*rest, sep, 0);
	*ret_piece = cp_str_sub(*rest, 0, at);
	*rest = at < rest->n ? cp_str_from(*rest, at + 1) : (struct cp_str){NULL, 0};
	return true;
}
