/* "did you mean": util/suggest and agext/levenshtein with unit costs. */
#include "base/utf8.h"
#include "dockerfile/text_int.h"

#define MAX_EDITS 3 /* suggest.Search: fewer than this many */
#define LONGEST 32  /* longest value that can be near an option */

static size_t minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Runes of s, or LONGEST + 1 when there are more than LONGEST. */
static size_t to_runes(struct cp_str s, uint32_t out[LONGEST])
{
	size_t n = 0, width;

	for (; s.n; s = cp_str_from(s, width)) {
		if (n == LONGEST)
			return LONGEST + 1;
		out[n++] = cp_utf8_decode(s, &width);
	}
	return n;
}

static size_t distance(const uint32_t *a, size_t n_a, const char *b)
{
	size_t row[LONGEST + 1], n_b = strlen(b);

	for (size_t i = 0; i <= n_a; i++)
		row[i] = i;
	for (size_t j = 0; j < n_b; j++) {
		size_t corner = row[0];

		row[0] = j + 1;
		for (size_t i = 0; i < n_a; i++) {
			size_t above = row[i + 1];
			size_t replaced = corner + (a[i] != (unsigned char)b[j]);

			row[i + 1] = minimum(minimum(above, row[i]) + 1, replaced);
			corner = above;
		}
	}
	return row[n_a];
}

const char *cp_dockerfile_nearest(struct cp_str value, const char *const *options, size_t n_options)
{
	uint32_t runes[LONGEST];
	size_t n = to_runes(value, runes), best = MAX_EDITS;
	const char *match = NULL;

	if (n > LONGEST)
		return NULL;
	for (size_t i = 0; i < n_options; i++) {
		size_t edits;

		if (cp_str_eq(value, cp_str_c(options[i])))
			return NULL; /* the error is not about the name */
		edits = distance(runes, n, options[i]);
		if (edits < best) {
			best = edits;
			match = options[i];
		}
	}
	return match;
}
