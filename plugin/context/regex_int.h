/*
 * Private to context/: the regular expressions that moby/patternmatcher makes of its patterns, with
 * the meaning that Go's regexp gives them. Only what such a translation can contain is here: runes,
 * classes, repetition of one of them, the optional group of `**`, assertions, and (patternmatcher
 * escapes neither "|" nor "{") alternatives and counts. That needs no tree; a pattern is a row of
 * items, one row after another for alternatives:
 *
 *     ^a(.* /)?[^/]*b$ ─►  BEGIN  RUNE a  GROUP  IN_GROUP  CLASS[^/]*  RUNE b  END  ACCEPT
 *
 * Matching keeps the set of items that may come next, so its time is (length of the text) × (number
 * of items).
 */
#ifndef CP_CONTEXT_REGEX_INT_H
#define CP_CONTEXT_REGEX_INT_H

#include "base/base.h"
#include "base/unicode.h"

#define CP_CONTEXT_MAX_RUNE 0x10FFFFu

enum cp_regex_kind {
	CP_REGEX_RUNE,
	CP_REGEX_CLASS,
	CP_REGEX_NOT_NEWLINE,
	CP_REGEX_GROUP,    /* from here on the group may be left out */
	CP_REGEX_IN_GROUP, /* anything, then "/" */
	CP_REGEX_BEGIN,
	CP_REGEX_END,
	CP_REGEX_BORDER,
	CP_REGEX_NO_BORDER,
	CP_REGEX_ACCEPT,
};

/* A range of runes, or a category and whether it is meant or all but it. */
struct cp_regex_part {
	uint32_t lo, hi;
	const struct cp_unicode_set *category;
	bool negated;
};

struct cp_regex_class {
	bool negated;
	CP_VEC(struct cp_regex_part) parts;
};

struct cp_regex_item {
	enum cp_regex_kind kind;
	bool optional, star; /* may be left out; may come again (then it may be left out, too) */
	uint32_t rune;
	const struct cp_regex_class *class;
};

/* What `\b` lies between. */
static inline bool cp_regex_is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= 'a' && c <= 'z');
}

struct cp_context_regex {
	CP_VEC(struct cp_regex_item) items;
	CP_VEC(size_t) starts;        /* first item of each alternative */
	bool unanchored;              /* an alternative may match anywhere */
	struct cp_str prefix, suffix; /* literal bytes that every match has */
};

/*
 * `text`: valid UTF-8. CP_EINVAL when Go's regexp.Compile would refuse it, CP_EUNSUPPORTED for what
 * we do not follow (names of scripts, counts of counts); no message. CP_ENOMEM.
 */
int cp_context_regex_compile(struct cp_arena *a, struct cp_str text,
			     const struct cp_context_regex **ret_regex);
/* The parser alone: items and starts. */
int cp_context_regex_parse(struct cp_arena *a, struct cp_str text, struct cp_context_regex *re);
/* regexp.MatchString. 0 or CP_ENOMEM. */
int cp_context_regex_match(const struct cp_context_regex *re, struct cp_str s, bool *ret_matched);
/*
 * Could a text that begins with `s` match? False is a proof. True also when there is no memory to
 * find out.
 */
bool cp_context_regex_may_begin(const struct cp_context_regex *re, struct cp_str s);

#endif
