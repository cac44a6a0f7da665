#include "graph/paths_int.h"

#include "graph/platform_int.h"

static struct cp_str replace(struct cp_arena *a, struct cp_str s, char from, char to)
{
	struct cp_str out = cp_arena_str(a, s);
	char *p = (char *)(uintptr_t)out.p;

	for (size_t i = 0; p && i < s.n; i++)
		if (p[i] == from)
			p[i] = to;
	return out;
}

struct cp_str graph_path_to_slash(struct cp_arena *a, struct cp_str path, struct cp_str os)
{
	if (!graph_is_windows(os))
		return cp_str_n(path.p ? path.p : "", path.n);
	return replace(a, path, '\\', '/');
}

/* cleanPath of a Windows path, with forward slashes. */
static int clean(struct graph_builder *b, struct cp_str path, bool keep_slash,
		 struct cp_str *ret_path)
{
	struct cp_str slashed = replace(b->a, path, '\\', '/'), out;

	out = slashed.p ? cp_path_clean(b->a, slashed) : slashed;
	if (out.p && keep_slash && out.n > 1 && cp_str_ends(slashed, CP_S("/")))
		out = cp_arena_cat(b->a, out, CP_S("/"));
	if (!out.p)
		return cp_err_nomem(b->err);
	*ret_path = out;
	return 0;
}

int graph_path_remove_drive(struct graph_builder *b, struct cp_str path, struct cp_str os,
			    bool keep_slash, struct cp_str *ret_path)
{
	size_t colon = cp_str_find(path, ':', 0);

	if (!graph_is_windows(os)) {
		*ret_path = path;
		return 0;
	}
	if (path.n == 2 && path.p[1] == ':')
		return graph_invalid(b, "No relative path specified in \"%.*s\"", CP_STR(path));
	if (path.n >= 2 && (path.p[0] == '/' || path.p[0] == '\\') &&
	    (path.p[1] == '/' || path.p[1] == '\\'))
		return graph_invalid(b, "UNC paths are not supported");
	if (colon == path.n)
		return clean(b, path, keep_slash, ret_path);
	if (!cp_str_eq_nocase(cp_str_sub(path, 0, colon), CP_S("c")))
		return graph_invalid(b, "The specified path is not on the system drive (C:)");
	return clean(b, cp_str_from(path, colon + 1), keep_slash, ret_path);
}

bool graph_path_is_abs(struct graph_builder *b, struct cp_str path, struct cp_str os)
{
	struct cp_err ignored, *err = b->err;
	struct cp_str cleaned;
	int r;

	b->err = &ignored;
	r = graph_path_remove_drive(b, path, os, false, &cleaned);
	b->err = err;
	return r >= 0 && cp_path_is_abs(cleaned);
}

/* The parent directory as an absolute path. */
static int absolute_parent(struct graph_builder *b, struct cp_str parent, struct cp_str os,
			   bool keep_slash, struct cp_str *ret)
{
	struct cp_str out = graph_path_to_slash(b->a, parent, os);
	int r;

	if (!out.p)
		return cp_err_nomem(b->err);
	r = graph_path_remove_drive(b, out.n ? out : CP_S("/"), os, keep_slash, &out);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	if (!graph_path_is_abs(b, out, os)) {
		out = cp_path_join(b->a, CP_S("/"), out);
		if (!out.p)
			return cp_err_nomem(b->err);
	}
	*ret = out;
	return 0;
}

int graph_path_normalise(struct graph_builder *b, struct cp_str parent, struct cp_str path,
			 struct cp_str os, bool keep_slash, struct cp_str *ret_path)
{
	struct cp_str original = graph_path_to_slash(b->a, path, os), base, out;
	int r;

	if (!original.p)
		return cp_err_nomem(b->err);
	r = absolute_parent(b, parent, os, keep_slash, &base);
	if (r < 0)
		return r;
	r = graph_path_remove_drive(b, original.n ? original : base, os, keep_slash, &out);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	if (!graph_path_is_abs(b, out, os))
		out = cp_path_join(b->a, base, out);
	if (out.p && keep_slash) {
		if (cp_str_ends(original, CP_S("/")) && !cp_str_ends(out, CP_S("/")))
			out = cp_arena_cat(b->a, out, CP_S("/"));
		else if (cp_str_ends(original, CP_S("/.")))
			out = cp_arena_cat(b->a, out,
					   cp_str_eq(out, CP_S("/")) ? CP_S(".") : CP_S("/."));
	}
	if (!out.p)
		return cp_err_nomem(b->err);
	*ret_path = graph_path_to_slash(b->a, out, os);
	return ret_path->p ? 0 : cp_err_nomem(b->err);
}
