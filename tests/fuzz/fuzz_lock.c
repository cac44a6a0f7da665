/* requirements/: pyproject.toml, uv.lock, poetry.lock: a file differs in nothing from itself. */
#include <stdint.h>
#include <stdlib.h>

#include "requirements/requirements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cp_str names[] = {CP_S_INIT("pyproject.toml"), CP_S_INIT("uv.lock")};
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str text = cp_str_n((const char *)data, size);

	for (size_t i = 0; a && i < CP_LEN(names); i++) {
		const struct cp_requirements *all;
		struct cp_req_change *changes;
		struct cp_err err = {0};
		bool options;
		size_t n;

		if (cp_requirements_parse_named(a, names[i], text, &all, &err) < 0)
			continue;
		for (size_t k = 0; k < all->n_items; k++)
			if (!all->items[k].key.p || !all->items[k].canonical.p)
				abort();
		if (cp_requirements_diff(a, all, all, &changes, &n, &options, &err) == 0 &&
		    (n || options))
			abort();
	}
	return 0;
}
