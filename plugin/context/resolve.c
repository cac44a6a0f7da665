/* Paths with symbolic links, as cache/contenthash/checksum.go getFollowLinksCallback walks them. */
#include "context/select_int.h"

/*
 * One component of the way so far. Missing ones count, too: ".." takes them off again without
 * looking.
 */
struct step {
	struct cp_node node;
	bool there;
};

struct walk {
	struct cp_arena *a;
	struct cp_fs *fs;
	CP_VEC(struct step) way;
	CP_VEC(struct cp_str) names;
	struct cp_str rest; /* text still to walk */
	unsigned n_links;
	struct cp_err *err;
};

static struct step *top(struct walk *w)
{
	return &w->way.items[w->way.n - 1];
}

/* The next component and what comes after its slash. */
static struct cp_str take_part(struct walk *w)
{
	size_t end = cp_str_find(w->rest, '/', 0);
	struct cp_str part = cp_str_sub(w->rest, 0, end);

	w->rest = cp_str_from(w->rest, end + 1);
	return part;
}

static int look_up(struct walk *w, struct cp_str part, struct step *ret)
{
	const struct step *dir = top(w);

	ret->there = dir->there && dir->node.kind == CP_NODE_VOLATILE && dir->node.maybe;
	ret->node = dir->node; /* it may be a folder as well */
	if (!dir->there || dir->node.kind != CP_NODE_DIR)
		return 0;
	return w->fs->ops->child(w->fs, &dir->node, part, &ret->node, &ret->there, w->err);
}

static int push(struct walk *w, struct cp_str part, struct step s)
{
	if (w->way.n > CP_MAX_PATH_BYTES)
		return cp_err_set(w->err, CP_ELIMIT, "a path of more than %u parts",
				  CP_MAX_PATH_BYTES);
	if (cp_vec_push(w->a, &w->way, s) < 0 || cp_vec_push(w->a, &w->names, part) < 0)
		return cp_err_nomem(w->err);
	return 0;
}

/* *ret_many: more links than BuildKit follows; the build fails. */
static int expand_link(struct walk *w, const struct cp_node *link,
		       const struct cp_context_link_watch *watch, bool *ret_many)
{
	struct cp_str target, rest;
	int r;

	*ret_many = ++w->n_links > CP_MAX_SYMLINKS;
	if (*ret_many)
		return 0;
	r = watch ? watch->seen(watch->self, link) : 0;
	if (r == 0)
		r = w->fs->ops->target(w->fs, link, &target, w->err);
	if (r < 0)
		return r;
	if (target.n + w->rest.n > (size_t)CP_MAX_SYMLINKS * CP_MAX_PATH_BYTES)
		return cp_err_set(w->err, CP_ELIMIT, "%.*s: links too long", CP_STR(link->path));
	rest = cp_arena_cat(w->a, target, CP_S("/"));
	rest = rest.p ? cp_arena_cat(w->a, rest, w->rest) : rest;
	if (!rest.p)
		return cp_err_nomem(w->err);
	w->rest = rest;
	if (cp_path_is_abs(target)) {
		w->way.n = 1;
		w->names.n = 0;
	}
	return 0;
}

static int real_path(struct walk *w, struct cp_str *ret)
{
	size_t n = w->names.n == 0;
	char *p, *to;

	for (size_t i = 0; i < w->names.n; i++)
		n += w->names.items[i].n + 1;
	p = to = cp_arena_alloc(w->a, n + 1);
	if (!p)
		return cp_err_nomem(w->err);
	if (w->names.n == 0)
		*to = '/';
	for (size_t i = 0; i < w->names.n; i++) {
		*to++ = '/';
		memcpy(to, w->names.items[i].p, w->names.items[i].n);
		to += w->names.items[i].n;
	}
	*ret = cp_str_n(p, n);
	return 0;
}

/* One component. *ret_end: the walk is over, with *ret_found. */
static int step(struct walk *w, bool follow, const struct cp_context_link_watch *watch,
		bool *ret_end, enum cp_context_found *ret_found)
{
	struct cp_str part = take_part(w);
	struct step s;
	bool many;
	int r;

	if (part.n == 0 || cp_str_eq(part, CP_S(".")))
		return 0;
	if (cp_str_eq(part, CP_S(".."))) {
		w->way.n -= w->way.n > 1;
		w->names.n -= w->names.n > 0;
		return 0;
	}
	r = look_up(w, part, &s);
	if (r < 0)
		return r;
	if (!s.there || s.node.kind != CP_NODE_SYMLINK || (!follow && w->rest.n == 0)) {
		*ret_end = s.there && s.node.kind == CP_NODE_OPAQUE && (follow || w->rest.n);
		*ret_found = CP_UNKNOWN_WAY;
		return push(w, part, s);
	}
	r = expand_link(w, &s.node, watch, &many);
	if (r == 0 && many) {
		*ret_end = true;
		*ret_found = CP_LINK_LOOP;
	}
	return r;
}

int cp_context_resolve(struct cp_arena *a, struct cp_fs *fs, struct cp_str path, bool follow,
		       const struct cp_context_link_watch *watch, struct cp_context_spot *ret_spot,
		       struct cp_err *err)
{
	struct walk w = {.a = a, .fs = fs, .rest = path, .err = err};
	struct step root = {fs->root, true};
	enum cp_context_found found = CP_FOUND;
	bool end = false;
	int r;

	r = cp_vec_push(a, &w.way, root) < 0 ? cp_err_nomem(err) : 0;
	if (r == 0 && fs->root.kind == CP_NODE_OPAQUE) {
		w.rest = cp_str_trim_left(w.rest, "/");
		end = w.rest.n > 0;
		found = CP_UNKNOWN_WAY;
	}
	while (r == 0 && !end && w.rest.n)
		r = step(&w, follow, watch, &end, &found);
	if (r < 0)
		return r;
	if (!end)
		found = top(&w)->there ? CP_FOUND : CP_MISSING;
	if (fs->is_empty && w.names.n)
		found = CP_MISSING;
	r = real_path(&w, &ret_spot->real);
	if (r < 0)
		return r;
	ret_spot->found = found;
	ret_spot->node = top(&w)->node;
	ret_spot->rest = found == CP_UNKNOWN_WAY ? w.rest : CP_S("");
	return 0;
}

int cp_fs_resolve(struct cp_arena *a, struct cp_fs *fs, struct cp_str path, bool follow,
		  struct cp_node *ret_node, struct cp_str *ret_real, struct cp_err *err)
{
	struct cp_context_spot spot;
	int r = cp_context_resolve(a, fs, path, follow, NULL, &spot, err);

	if (r < 0)
		return r;
	if (spot.found == CP_MISSING || spot.found == CP_LINK_LOOP)
		return cp_err_set(err, CP_ENOTFOUND, "%.*s: not found", CP_STR(path));
	*ret_node = spot.node;
	*ret_real = spot.real;
	if (spot.found == CP_UNKNOWN_WAY && spot.rest.n) {
		struct cp_str both = cp_arena_cat(a, spot.real, CP_S("/"));

		both = both.p ? cp_arena_cat(a, both, spot.rest) : both;
		*ret_real = both.p ? cp_path_clean(a, both) : both;
		if (!ret_real->p)
			return cp_err_nomem(err);
	}
	return 0;
}
