/* Text as Go's strconv, strings and unicode treat it, as far as Dockerfiles need it. */
#ifndef CP_DOCKERFILE_TEXT_INT_H
#define CP_DOCKERFILE_TEXT_INT_H

#include "base/base.h"

/* One rune as UTF-8, as strings.Builder.WriteRune: what is no rune becomes U+FFFD. */
void cp_dockerfile_put_rune(struct cp_buf *b, uint32_t rune);

bool cp_dockerfile_is_letter(uint32_t rune);
bool cp_dockerfile_is_digit(uint32_t rune);

/*
 * strings.ToLower and ToUpper for words that are compared with ASCII names: U+0130, U+017F, U+0131
 * and U+212A turn into ASCII letters there, other runes beyond ASCII stay. p is NULL when there is
 * no memory.
 */
struct cp_str cp_dockerfile_lower(struct cp_arena *a, struct cp_str s);
struct cp_str cp_dockerfile_upper(struct cp_arena *a, struct cp_str s);

/* strconv.Quote into out, NUL-terminated; a long text is cut and ends in "...". */
#define CP_DOCKERFILE_QUOTED 640
const char *cp_dockerfile_quote(struct cp_str s, char out[CP_DOCKERFILE_QUOTED]);

/* strconv.ParseBool: 1, 0, or -1 for anything else. */
int cp_dockerfile_bool(struct cp_str s);
/* strconv.ParseUint(s, base, 32). */
bool cp_dockerfile_uint32(struct cp_str s, unsigned base, uint64_t *ret_value);
/* go-units RAMInBytes: 0, CP_EINVAL when it is no size, CP_ENOMEM. */
int cp_dockerfile_size(struct cp_arena *a, struct cp_str s, int64_t *ret_bytes);
/* time.ParseDuration in nanoseconds; the reason of a refusal goes to err. */
int cp_dockerfile_duration(struct cp_str s, int64_t *ret_nanoseconds, struct cp_err *err);

/*
 * util/suggest Search: the option nearest to `value`, at most two edits away and not equal to it;
 * the first of equally near ones; NULL when none is near.
 */
const char *cp_dockerfile_nearest(struct cp_str value, const char *const *options,
				  size_t n_options);

#endif
