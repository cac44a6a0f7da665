/*
 * Ignore files, patterns, trees and selectors of strangers. An input is four parts, with a NUL
 * between them:
 *   ignore file, files of a, files of b, selector
 * Files and the words of the selector are separated by 0x01: "fpath=content" (f file, x executable,
 * l link, d folder, s submodule); "wf/path" (w wildcard, f follow links, or "-"), then "+include"
 * and "-exclude".
 */
#include <stdio.h>
#include <stdlib.h>

#include "context/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for any input. */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static struct cp_str take(struct cp_str *rest, char sep)
{
	size_t end = cp_str_find(*rest, sep, 0);
	struct cp_str part = cp_str_sub(*rest, 0, end);

	*rest = cp_str_from(*rest, end + 1);
	return part;
}

static struct cp_tree *build_tree(struct cp_arena *a, struct cp_str spec)
{
	static const char kinds[] = "fxlds";
	struct cp_tree *t = cp_memory_tree_new();

	while (t && spec.n) {
		struct cp_str item = take(&spec, '\x01'), path, clean;
		const char *k = item.n && item.p[0] ? strchr(kinds, item.p[0]) : NULL;

		item = cp_str_from(item, 1);
		path = take(&item, '=');
		clean = cp_path_clean(a, path);
		if (k && clean.p && clean.p[0] != '/' && clean.p[0] != '.')
			cp_memory_tree_add(t, clean, (enum cp_entry_kind)(k - kinds), item);
	}
	return t;
}

static struct cp_selector build_selector(struct cp_arena *a, struct cp_str spec)
{
	struct cp_str flags = take(&spec, '/'), path = take(&spec, '\x01');
	struct cp_selector sel = {.wildcard = cp_str_find(flags, 'w', 0) < flags.n,
				  .follow_links = cp_str_find(flags, 'f', 0) < flags.n};
	CP_VEC(struct cp_str) in = {0}, ex = {0};

	sel.path = cp_path_clean(a, cp_arena_cat(a, CP_S("/"), path));
	while (spec.n && in.n + ex.n < 20) {
		struct cp_str word = take(&spec, '\x01');

		if (cp_str_starts(word, CP_S("+")))
			cp_vec_push(a, &in, cp_str_from(word, 1));
		else if (cp_str_starts(word, CP_S("-")))
			cp_vec_push(a, &ex, cp_str_from(word, 1));
	}
	sel.includes = in.items;
	sel.n_includes = in.n;
	sel.excludes = ex.items;
	sel.n_excludes = ex.n;
	return sel;
}

/* Where nothing can change below a folder, nothing does. */
static void check_reach(struct cp_arena *a, const struct cp_patterns *p, struct cp_str path)
{
	struct cp_match_info info = {NULL};
	bool matched = false, settled = false, fate = false;

	for (size_t i = 1; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		if (cp_patterns_match(a, p, cp_str_sub(path, 0, i), info, &matched, &info, NULL) <
		    0) {
			must(!settled, "no error below a settled folder");
			return;
		}
		must(!settled || matched == fate, "cp_patterns_reach_below is a proof");
		settled = settled || !cp_patterns_reach_below(p, cp_str_sub(path, 0, i), info);
		fate = matched;
	}
}

static int count(void *self, const struct cp_node *n, struct cp_str path)
{
	(void)path;
	must(n->kind <= CP_NODE_VOLATILE, "a kind of node");
	++*(size_t *)self;
	return 0;
}

static enum cp_equality compare(struct cp_arena *a, struct cp_fs *x, struct cp_fs *y,
				const struct cp_selector *sel, bool *ret_missing)
{
	struct cp_comparison c;
	struct cp_err err = {0};

	if (cp_selection_compare(a, x, sel, y, sel, 1, &c, &err) < 0)
		return CP_UNSURE;
	*ret_missing = *ret_missing || c.missing.n || c.equality == CP_UNSURE;
	must(c.n_changes <= CP_MAX_CAUSE_PATHS && c.n_changes <= c.n_changes_total,
	     "bounded list of changes");
	must(c.equality != CP_UNSURE || c.why.n, "a reason for not knowing");
	return c.equality;
}

static void check_comparison(struct cp_arena *a, struct cp_tree *ta, struct cp_tree *tb,
			     const struct cp_patterns *ignore, const struct cp_selector *sel)
{
	struct cp_context_options o = {.root = CP_S(""), .ignore = ignore};
	struct cp_fs *x, *y, *again;
	enum cp_equality forth, back;
	bool missing = false;
	size_t n = 0;

	if (cp_context_new(a, ta, &o, &x, NULL) < 0 || cp_context_new(a, tb, &o, &y, NULL) < 0 ||
	    cp_context_new(a, ta, &o, &again, NULL) < 0)
		return;
	forth = compare(a, x, y, sel, &missing);
	back = compare(a, y, x, sel, &missing);
	must(forth == back, "a comparison goes both ways");
	missing = false;
	forth = compare(a, x, again, sel, &missing);
	must(missing || forth == CP_EQUAL, "a selection equals itself");
	cp_selection_visit(a, y, sel, count, &n, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_str rest = cp_str_n((const char *)data, size), ignore_text = take(&rest, '\0'),
		      files_a = take(&rest, '\0');
	struct cp_str files_b = take(&rest, '\0'), paths = files_a;
	struct cp_arena *a = cp_arena_new((size_t)1 << 26);
	const struct cp_patterns *ignore = NULL;
	struct cp_tree *ta = a ? build_tree(a, files_a) : NULL,
		       *tb = a ? build_tree(a, files_b) : NULL;
	struct cp_selector sel;
	struct cp_str *lines;
	size_t n;

	if (ta && tb) {
		sel = build_selector(a, rest);
		if (cp_ignore_read(a, ignore_text, &lines, &n, NULL) < 0 ||
		    cp_patterns_compile(a, lines, n, &ignore, NULL) < 0)
			ignore = NULL;
		while (paths.n) {
			struct cp_str item = take(&paths, '\x01'),
				      path = cp_str_from(take(&item, '='), 1);
			bool matched;

			if (ignore && path.n)
				check_reach(a, ignore, cp_str_trim(path, "/"));
			cp_path_match(sel.path, path, &matched);
		}
		check_comparison(a, ta, tb, ignore, &sel);
	}
	cp_tree_free(ta);
	cp_tree_free(tb);
	cp_arena_free(a);
	return 0;
}
