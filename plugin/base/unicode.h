/* Sets of runes as Go's package unicode has them. Static data, any thread. */
#ifndef CP_BASE_UNICODE_H
#define CP_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_unicode_set {
	char letter;             /* of the general category, '\0' = none */
	const uint32_t *borders; /* runes at which membership begins and ends, in turn */
	size_t n_borders;
};
extern const struct cp_unicode_set cp_unicode_categories[]; /* those that one letter names */
extern const size_t cp_unicode_n_categories;
extern const struct cp_unicode_set cp_unicode_letters,
	cp_unicode_digits; /* unicode.IsLetter, IsDigit */

bool cp_unicode_has(const struct cp_unicode_set *set, uint32_t rune);

#endif
