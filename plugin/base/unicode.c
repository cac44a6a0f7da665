#include "base/unicode.h"

bool cp_unicode_has(const struct cp_unicode_set *set, uint32_t rune)
{
	size_t low = 0, high = set->n_borders; /* borders[0..low) are <= rune */

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->borders[mid] <= rune)
			low = mid + 1;
		else
			high = mid;
	}
	return low & 1;
}
