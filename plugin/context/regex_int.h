/*
 * Private to context/: the regular expressions that moby/patternmatcher makes of its patterns, with the meaning that Go's
 * regexp gives them. Only what such a translation can contain is here: runes, classes, `.`, `x*` of one rune or class, the
 * optional group of `**`, and assertions. That needs no tree, a pattern is a row of items:
 *
 *     ^a(.* /)?[^/]*b$ ─►  BEGIN  RUNE a  GROUP  IN_GROUP  CLASS[^/]*  RUNE b  END
 *
 * Matching keeps the set of items that may come next, so its time is (length of the text) × (number of items).
 */
#ifndef CP_CONTEXT_REGEX_INT_H
#define CP_CONTEXT_REGEX_INT_H

#include "base/base.h"

struct cp_context_category {
	char letter;
	const uint32_t *borders;
	size_t n_borders;
};
extern const struct cp_context_category cp_context_categories[];
extern const size_t cp_context_n_categories;

struct cp_context_regex;

/* `text`: valid UTF-8. CP_EINVAL when Go's regexp.Compile would refuse it (no message), CP_ENOMEM. */
int cp_context_regex_compile(struct cp_arena *a, struct cp_str text, const struct cp_context_regex **ret_regex);
/* regexp.MatchString. 0 or CP_ENOMEM. */
int cp_context_regex_match(const struct cp_context_regex *re, struct cp_str s, bool *ret_matched);
/* Could a text that begins with `s` match? False is a proof. True also when there is no memory to find out. */
bool cp_context_regex_may_begin(const struct cp_context_regex *re, struct cp_str s);

#endif
