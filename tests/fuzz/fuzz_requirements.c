/* requirements/: two versions of a file (NUL between them): blocks inside the file, equal to itself, a churn of both. */
#include <stdint.h>
#include <stdlib.h>

#include "requirements/requirements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cp_requirements *read_one(struct cp_arena *a, struct cp_str text)
{
	const struct cp_requirements *all = NULL;
	struct cp_err err = {0};
	int before = 0;

	if (cp_requirements_parse(a, text, &all, &err) < 0)
		return NULL;
	for (size_t i = 0; i < all->n_items; i++) {
		const struct cp_requirement *q = &all->items[i];

		if (q->block <= before || q->line < q->block || q->line_end < q->line ||
		    q->block_end < q->line_end || (size_t)q->block_end > all->n_lines || !q->key.p)
			abort();
		before = q->block_end;
	}
	for (size_t i = 0; i < all->n_problems; i++)
		if (all->problems[i].line < 1 || !all->problems[i].message.n)
			abort();
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str text = cp_str_n((const char *)data, size);
	size_t middle = cp_str_find(text, '\0', 0);
	const struct cp_requirements *x, *y;
	struct cp_split_input in = {.max_layers = 3};
	struct cp_req_change *changes;
	struct cp_split split;
	struct cp_churn_builder *b;
	struct cp_err err = {0};
	bool options;
	size_t n;

	if (!a || !size || !(b = cp_churn_new(a)))
		return 0;
	x = read_one(a, cp_str_sub(text, 0, middle));
	y = read_one(a, cp_str_from(text, middle < text.n ? middle + 1 : 0));
	if (!x || !y || cp_requirements_diff(a, x, x, &changes, &n, &options, &err) < 0)
		return 0;
	if (n || options)
		abort();
	for (int i = 0; i < 10; i++)
		if (cp_churn_add(b, i & 1 ? y : x, i, &err) < 0)
			return 0;
	in.churn = cp_churn_get(b);
	if (cp_split_find(a, &in, &split, &err) == 0 && (split.cost < 0 || split.cost > 1.000001))
		abort();
	return 0;
}
