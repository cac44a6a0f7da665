/* patch/: a patch and a text (NUL between them): names stay inside, what is applied has the lines that the hunks say. */
#include <stdint.h>
#include <stdlib.h>

#include "patch/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct cp_str path)
{
	struct cp_str rest = path, part;

	if (path.n && path.p[0] == '/')
		abort();
	while (cp_path_next(&rest, &part))
		if (cp_str_eq(part, CP_S("..")) || cp_str_eq(part, CP_S(".git")))
			abort();
}

static size_t n_bytes(const struct cp_patch_file *f, char op)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_hunks; i++)
		for (size_t k = 0; k < f->hunks[i].n_lines; k++)
			n += f->hunks[i].lines[k].op == op ? f->hunks[i].lines[k].text.n : 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str all = cp_str_n((const char *)data, size), text;
	size_t middle = cp_str_find(all, '\0', 0);
	struct cp_patch p = {NULL, 0};
	struct cp_err err = {0};

	if (!a || !size)
		return 0;
	text = cp_str_from(all, middle < all.n ? middle + 1 : all.n);
	if (cp_patch_parse(a, cp_str_sub(all, 0, middle), CP_S("p"), &p, &err) < 0) {
		if (!err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < p.n_files; i++) {
		const struct cp_patch_file *f = &p.files[i];
		struct cp_str edited = CP_S("");
		size_t hunk = SIZE_MAX;
		int r = cp_patch_apply(a, f, text, &edited, &hunk, &err);

		check_name(f->old_path);
		check_name(f->new_path);
		if (r == CP_ENOTFOUND && hunk >= f->n_hunks)
			abort();
		if (r == 0 && edited.n != text.n - n_bytes(f, '-') + n_bytes(f, '+'))
			abort();
	}
	return 0;
}
