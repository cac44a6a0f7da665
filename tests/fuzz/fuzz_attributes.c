/* .gitattributes, patterns, conversions. Input: rules for the root, NUL, rules for a folder, NUL, a path, NUL, a file. */
#include <stdlib.h>

#include "repo/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_str take(struct cp_str *rest)
{
	size_t n = cp_str_find(*rest, '\0', 0);
	struct cp_str piece = cp_str_sub(*rest, 0, n);

	*rest = cp_str_from(*rest, n + 1);
	return piece;
}

/* What holds for every file: a conversion is a function of its input, and line ends are only ever added. */
static void convert(const struct cp_conversion *c, struct cp_str file)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 24), again = CP_BUF_INIT(1 << 24);
	struct cp_oid oid = {.n = 20};
	int r = cp_convert(c, &oid, file, &out, NULL);

	if (r != cp_convert(c, &oid, file, &again, NULL) ||
	    !cp_str_eq(cp_buf_str(&out), cp_buf_str(&again)))
		abort();
	if (r == 0 && (c->kind == CP_CONV_CRLF || c->kind == CP_CONV_CRLF_AUTO) &&
	    c->detail.n == 0 && out.n < file.n)
		abort();
	if (r == 0 && c->kind == CP_CONV_NONE && !cp_str_eq(cp_buf_str(&out), file))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_arena *a = cp_arena_new(64 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_str rest = cp_str_n((const char *)data, size), root = take(&rest),
		      folder = take(&rest), path = take(&rest);
	struct cp_attributes *at = NULL;
	struct cp_conversion c;

	if (!a || !t || cp_memory_tree_add(t, CP_S(".gitattributes"), CP_ENTRY_FILE, root) < 0 ||
	    cp_memory_tree_add(t, CP_S("d/.gitattributes"), CP_ENTRY_FILE, folder) < 0)
		abort();
	if (cp_attributes_new(a, t, &at, NULL) == 0) {
		cp_auto_buf struct cp_buf below = CP_BUF_INIT(1 << 20);

		cp_buf_addz(&below, "d/");
		cp_buf_adds(&below, path);
		if (cp_attributes_of(at, path, &c, NULL) == 0)
			convert(&c, rest);
		if (cp_attributes_of(at, cp_buf_str(&below), &c, NULL) == 0)
			convert(&c, rest);
	}
	cp_tree_free(t);
	cp_arena_free(a);
	return 0;
}
