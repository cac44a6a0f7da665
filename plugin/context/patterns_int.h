/*
 * Private to context/: what the filter of a context needs to know of a pattern list beyond
 * matching.
 */
#ifndef CP_CONTEXT_PATTERNS_INT_H
#define CP_CONTEXT_PATTERNS_INT_H

#include "context/context.h"

/* Does filepath.Match(pattern, ".") return without an error? */
bool cp_context_filepath_accepts(struct cp_str pattern);

size_t cp_context_patterns_words(const struct cp_patterns *p);

/* Is there a pattern that gives an error for every path that tries it? p may be NULL. */
bool cp_context_patterns_have_bad(const struct cp_patterns *p);

/*
 * fsutil filter.go: is a folder that the list excludes walked all the same, because an exception
 * may lie below it? `path` without trailing slash.
 */
bool cp_context_patterns_walk_excluded(const struct cp_patterns *p, struct cp_str path);

/*
 * cp_patterns_reach_below for what git puts into .git beyond the names that every clone has: an
 * exception like "**" + "/pom.xml" names nothing of that.
 */
bool cp_context_patterns_reach_git(const struct cp_patterns *p, struct cp_str path,
				   struct cp_match_info info);

/*
 * Adds to `h` what decides the fate of everything below `path`: the patterns that can still match
 * there, and the standing of the others. Equal hashes (of equal paths) mean equal fates.
 */
void cp_context_patterns_hash_below(const struct cp_patterns *p, struct cp_str path,
				    struct cp_match_info info, struct cp_sha256 *h);

/* Two lists that say the same, in the same order. NULL is the empty list. */
bool cp_context_patterns_eq(const struct cp_patterns *x, const struct cp_patterns *y);

#endif
