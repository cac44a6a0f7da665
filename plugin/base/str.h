/*
 * Borrowed text. A cp_str never owns its bytes and need not end in NUL; it may hold any bytes
 * (paths of a repository are bytes, not UTF-8).
 */
#ifndef CP_BASE_STR_H
#define CP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cp_str {
	const char *p; /* may be NULL when n is 0 */
	size_t n;      /* bytes */
};

/* A literal as a slice: CP_S("FROM"). */
#define CP_S(literal) ((struct cp_str){(literal), sizeof(literal) - 1})
/* The same as an initialiser of static data. */
#define CP_S_INIT(literal)                                                                         \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}
/* The two arguments that "%.*s" wants. */
#define CP_STR(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct cp_str cp_str_n(const char *p, size_t n)
{
	return (struct cp_str){p, n};
}

/* A NUL-terminated string as a slice; NULL gives the empty slice. */
static inline struct cp_str cp_str_c(const char *p)
{
	return (struct cp_str){p, p ? strlen(p) : 0};
}

static inline bool cp_str_eq(struct cp_str a, struct cp_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Order by bytes, a prefix before what it begins: <0, 0, >0. */
int cp_str_cmp(struct cp_str a, struct cp_str b);

/* Equality that ignores the case of ASCII letters only. */
bool cp_str_eq_nocase(struct cp_str a, struct cp_str b);

bool cp_str_starts(struct cp_str s, struct cp_str prefix);
bool cp_str_ends(struct cp_str s, struct cp_str suffix);
/* Nothing but the digits of an id or a digest: 0-9 and a-f. True for "". */
bool cp_str_is_hex(struct cp_str s);

/* First place of a byte at or after `from`; s.n when there is none. */
size_t cp_str_find(struct cp_str s, char c, size_t from);
/* First place of a text at or after `from`; s.n when there is none. */
size_t cp_str_find_str(struct cp_str s, struct cp_str needle, size_t from);
/* Last place of a byte; s.n when there is none. */
size_t cp_str_rfind(struct cp_str s, char c);

/* The bytes [from, to); both are clamped to the slice. */
struct cp_str cp_str_sub(struct cp_str s, size_t from, size_t to);

/* Everything from `from` on. */
static inline struct cp_str cp_str_from(struct cp_str s, size_t from)
{
	return cp_str_sub(s, from, s.n);
}

/* Without leading and trailing bytes that are in `set`. */
struct cp_str cp_str_trim(struct cp_str s, const char *set);
struct cp_str cp_str_trim_left(struct cp_str s, const char *set);
struct cp_str cp_str_trim_right(struct cp_str s, const char *set);

/* Without the white space of Unicode at both ends, as Go's strings.TrimSpace. */
struct cp_str cp_str_trim_space(struct cp_str s);
/* Without the white space of Unicode at the left, as TrimLeftFunc(unicode.IsSpace). */
struct cp_str cp_str_trim_left_space(struct cp_str s);

/* A decimal int64 as Go's strconv.ParseInt(s, base, 64) reads it (no underscores): true and the value, or false. */
bool cp_str_to_int(struct cp_str s, int base, int64_t *ret_value);

/* Next piece of `*rest` up to `sep`; false when nothing is left. An empty text has one empty piece. */
bool cp_str_split(struct cp_str *rest, char sep, struct cp_str *ret_piece);

#endif
