/* cp_selection_compare: two lists of selectors over two file systems. */
#include "context/compare_int.h"

#include <stdlib.h>

/* ---- values ---- */

static bool is_root(struct cp_str path)
{
	return cp_str_eq(path, CP_S("/"));
}

/* checksum.go cacheManager.Checksum: without a file system only the root can be asked for. */
static bool empty_value(struct cp_fs *fs, struct cp_str path, struct cp_context_value *ret_value)
{
	if (!fs->is_empty)
		return false;
	*ret_value = (struct cp_context_value){
		.kind = is_root(path) ? CP_VALUE_EMPTY : CP_VALUE_MISSING, .asked = path};
	ret_value->spot.real = path;
	return true;
}

int cp_context_plain_value(struct cp_context_comparer *c, struct cp_fs *fs, struct cp_str path,
			   bool follow, struct cp_context_value *ret_value)
{
	static const enum cp_context_value_kind kinds[] = {
		[CP_FOUND] = CP_VALUE_NODE,
		[CP_MISSING] = CP_VALUE_MISSING,
		[CP_LINK_LOOP] = CP_VALUE_MISSING,
		[CP_UNKNOWN_WAY] = CP_VALUE_UNKNOWN,
	};
	struct cp_context_value v = {.kind = CP_VALUE_UNSURE, .asked = path, .follow = follow};
	struct cp_err err = {0};
	int r;

	if (empty_value(fs, path, ret_value))
		return 0;
	r = cp_context_resolve(c->a, fs, path, follow, NULL, &v.spot, &err);
	if (r < 0)
		r = cp_context_note_unsure(c, r, &err);
	else
		v.kind = kinds[v.spot.found];
	*ret_value = v;
	return r;
}

int cp_context_entry_value(struct cp_context_comparer *c, const struct cp_context_selection *s,
			   const struct cp_context_entry *e, struct cp_context_value *ret_value)
{
	struct cp_context_value v = {.kind = CP_VALUE_NODE, .asked = e->name};

	if (e->follow)
		return cp_context_plain_value(c, s->fs, e->name, true, ret_value);
	if (e->node.kind == CP_NODE_DIR)
		v.kind = CP_VALUE_HEADER;
	v.spot.node = e->node;
	v.spot.real = e->name;
	*ret_value = v;
	return 0;
}

/*
 * Through something unknown: equal when it is the same unknown, asked the same, in equal
 * surroundings for its links to lead to.
 */
static int compare_unknown(struct cp_context_comparer *c, const struct cp_context_value *a,
			   const struct cp_context_value *b)
{
	bool ua = a->kind == CP_VALUE_UNKNOWN, ub = b->kind == CP_VALUE_UNKNOWN, same = ua && ub;
	int r = 0;

	same = same && cp_digest_eq(&a->spot.node.identity, &b->spot.node.identity) &&
	       a->follow == b->follow && cp_str_eq(a->spot.real, b->spot.real) &&
	       cp_str_eq(a->spot.rest, b->spot.rest);
	if (same)
		r = cp_context_roots_equal(c, &same);
	if (r == 0 && !same)
		cp_context_note_depends(c, ua ? &a->spot.node.identity : NULL,
					ub ? &b->spot.node.identity : NULL);
	return r;
}

static struct cp_str shown_path(const struct cp_context_value *v)
{
	bool has_node = v->kind == CP_VALUE_NODE || v->kind == CP_VALUE_HEADER;

	return has_node ? v->spot.node.path : cp_str_trim_left(v->asked, "/");
}

static int compare_missing(struct cp_context_comparer *c, const struct cp_context_value *a,
			   const struct cp_context_value *b)
{
	bool gone = b->kind == CP_VALUE_MISSING;

	if (gone && c->missing.n == 0)
		c->missing = cp_str_trim_left(b->asked, "/");
	/* nothing is known to be equal to a build that failed */
	return cp_context_note_change(c, gone ? shown_path(a) : shown_path(b),
				      gone ? CP_CHANGE_REMOVED : CP_CHANGE_ADDED, false);
}

/* A whole file system of which nothing is known: it may even be the empty one. */
static bool is_all_unknown(struct cp_fs *fs, const struct cp_context_value *v)
{
	const struct cp_listing *l;
	struct cp_err err;

	if (v->kind != CP_VALUE_NODE)
		return false;
	if (v->spot.node.kind == CP_NODE_OPAQUE)
		return true;
	return v->spot.node.kind == CP_NODE_DIR &&
	       fs->ops->list(fs, &v->spot.node, &l, &err) == 0 && l->has_rest && l->n_children == 0;
}

int cp_context_compare_values(struct cp_context_comparer *c, const struct cp_context_value *a,
			      const struct cp_context_value *b)
{
	if (a->kind == CP_VALUE_UNSURE || b->kind == CP_VALUE_UNSURE)
		return 0;
	if (a->kind == CP_VALUE_MISSING || b->kind == CP_VALUE_MISSING)
		return compare_missing(c, a, b);
	if (a->kind == CP_VALUE_UNKNOWN || b->kind == CP_VALUE_UNKNOWN)
		return compare_unknown(c, a, b);
	if (a->kind != b->kind && (is_all_unknown(c->fs_a, a) || is_all_unknown(c->fs_b, b))) {
		cp_context_note_depends(c, &a->spot.node.identity, &b->spot.node.identity);
		return 0;
	}
	if (a->kind != b->kind)
		return cp_context_note_change(c, shown_path(b->kind == CP_VALUE_EMPTY ? a : b),
					      CP_CHANGE_MODIFIED, false);
	if (a->kind == CP_VALUE_EMPTY)
		return 0;
	if (a->kind == CP_VALUE_HEADER)
		return cp_context_compare_headers(c, &a->spot.node, &b->spot.node, false);
	return cp_context_compare_nodes(c, &a->spot.node, &b->spot.node);
}

/* ---- a list, and what it comes to ---- */

struct side {
	struct cp_fs *fs;
	const struct cp_selector *sel;
	struct cp_context_selection list; /* when the selector is not plain */
	struct cp_context_value value;
};

struct first_entries {
	struct cp_context_entry first;
	size_t n;
};

static int count_entry(void *self, const struct cp_context_entry *e)
{
	struct first_entries *f = self;

	if (f->n++ == 0)
		f->first = *e;
	return f->n >= 2;
}

/* checksum.go Checksum: no entry, one entry with the selector's own base name, or a list. */
static int list_value(struct cp_context_comparer *c, struct side *s)
{
	struct first_entries f = {.n = 0};
	struct cp_err err = {0};
	bool unknown;
	int r;

	s->value = (struct cp_context_value){.kind = CP_VALUE_LIST, .asked = s->sel->path};
	r = cp_context_walk(&s->list, count_entry, &f, &unknown, &err);
	if (r < 0) {
		s->value.kind = CP_VALUE_UNSURE;
		return cp_context_note_unsure(c, r, &err);
	}
	if (unknown || f.n >= 2)
		return 0;
	if (f.n == 0)
		s->value.kind = CP_VALUE_EMPTY;
	else if (cp_str_eq(cp_path_base(s->sel->path), cp_path_base(f.first.name)))
		return cp_context_entry_value(c, &s->list, &f.first, &s->value);
	return 0;
}

static int prepare(struct cp_context_comparer *c, struct side *s)
{
	struct cp_err err = {0};
	int r;

	if (cp_context_selector_is_plain(s->sel))
		return cp_context_plain_value(c, s->fs, s->sel->path, s->sel->follow_links,
					      &s->value);
	if (empty_value(s->fs, s->sel->path, &s->value))
		return 0;
	s->value = (struct cp_context_value){.kind = CP_VALUE_LIST, .asked = s->sel->path};
	r = cp_context_selection_init(c->a, s->fs, s->sel, &s->list, &err);
	if (r < 0) {
		s->value.kind = CP_VALUE_UNSURE;
		return cp_context_note_unsure(c, r, &err);
	}
	if (s->list.fails)
		s->value.kind = CP_VALUE_MISSING;
	return 0;
}

/* ---- a folder on one side, a list on the other ---- */

/*
 * The pre-image of a folder is that of a list of its header and its children, so a list may be
 * equal to a folder whose children are no folders: COPY --exclude of a folder, where the other
 * build had a link to an equal one.
 */
struct list_and_dir {
	struct cp_context_comparer *c; /* quiet */
	const struct cp_context_selection *s;
	const struct cp_node *dir;
	const struct cp_listing *listing;
	bool list_is_a;
	size_t at; /* entries seen: the header, then the children */
};

static int compare_as(struct list_and_dir *x, const struct cp_context_value *in_list,
		      const struct cp_context_value *in_dir)
{
	if (x->list_is_a)
		return cp_context_compare_values(x->c, in_list, in_dir);
	return cp_context_compare_values(x->c, in_dir, in_list);
}

static int match_entry(void *self, const struct cp_context_entry *e)
{
	struct list_and_dir *x = self;
	struct cp_str key = cp_context_key(x->s, e);
	struct cp_context_value in_list, in_dir = {.kind = CP_VALUE_HEADER};
	size_t at = x->at++;
	int r;

	in_dir.spot.node = *x->dir;
	if (at > x->listing->n_children || (at == 0) != (key.n == 0)) {
		x->c->different = true;
		return 1;
	}
	if (at > 0) {
		const struct cp_child *child = &x->listing->children[at - 1];

		in_dir.kind = CP_VALUE_NODE;
		in_dir.spot.node = child->node;
		if (key.p[0] != '/' || !cp_str_eq(cp_str_from(key, 1), child->name))
			x->c->different = true;
	}
	r = cp_context_entry_value(x->c, x->s, e, &in_list);
	if (r == 0 && !x->c->different)
		r = compare_as(x, &in_list, &in_dir);
	return r < 0 ? r : cp_context_is_over(x->c);
}

static int compare_list_and_dir(struct cp_context_comparer *c, const struct side *list,
				const struct side *dir, bool list_is_a)
{
	struct cp_context_comparer quiet;
	struct list_and_dir x = {.c = &quiet,
				 .s = &list->list,
				 .dir = &dir->value.spot.node,
				 .list_is_a = list_is_a};
	struct cp_err err = {0};
	bool unknown = false;
	int r;

	cp_context_comparer_init(&quiet, c->a, c->fs_a, c->fs_b);
	quiet.quiet = true;
	r = dir->fs->ops->list(dir->fs, x.dir, &x.listing, &err);
	if (r == 0)
		r = cp_context_walk(x.s, match_entry, &x, &unknown, &err);
	if (r < 0)
		return cp_context_note_unsure(c, r, &err);
	if (x.at < x.listing->n_children + 1)
		quiet.different = true;
	if (unknown || x.listing->has_rest) {
		cp_context_note_depends(c, NULL, NULL);
		return 0;
	}
	if (quiet.different)
		return cp_context_note_change(c, shown_path(list_is_a ? &dir->value : &list->value),
					      CP_CHANGE_MODIFIED, false);
	return cp_context_take_over(c, &quiet);
}

/* ---- one pair of selectors ---- */

static bool is_dir_value(const struct cp_context_value *v)
{
	return v->kind == CP_VALUE_NODE && v->spot.node.kind == CP_NODE_DIR;
}

/* Lists under one and the same selector: when their entries are equal, so is what they come to. */
static int compare_list_pair(struct cp_context_comparer *c, struct side *a, struct side *b,
			     bool *ret_done)
{
	struct cp_context_comparer lists;
	bool same_path = cp_str_eq(a->sel->path, b->sel->path);
	int r;

	*ret_done = true;
	cp_context_comparer_init(&lists, c->a, c->fs_a, c->fs_b);
	lists.quiet = c->quiet;
	lists.roots = c->roots;
	r = cp_context_compare_lists(&lists, &a->list, &b->list);
	if (r < 0)
		return r;
	if (same_path && cp_context_verdict(&lists) == CP_EQUAL)
		return cp_context_take_over(c, &lists);
	r = list_value(c, a);
	if (r == 0)
		r = list_value(c, b);
	*ret_done = a->value.kind == CP_VALUE_LIST && b->value.kind == CP_VALUE_LIST;
	if (r < 0 || !*ret_done)
		return r;
	if (!same_path && (lists.depends || a->list.unknown_start || b->list.unknown_start))
		cp_context_note_depends(c, NULL, NULL);
	return cp_context_take_over(c, &lists);
}

struct shower {
	struct cp_context_comparer *c;
	enum cp_change change;
	bool folders; /* show these, too */
};

static int show_entry(void *self, const struct cp_context_entry *e)
{
	struct shower *s = self;

	if (e->node.kind == CP_NODE_DIR && !s->folders)
		return 0;
	return cp_context_note_change(s->c, e->node.path, s->change,
				      e->node.kind == CP_NODE_VOLATILE);
}

/* A list on one side, nothing on the other: all of it came or went. */
static int compare_list_and_nothing(struct cp_context_comparer *c, const struct side *list,
				    enum cp_change change)
{
	struct shower s = {c, change, false};
	size_t before = c->changes.n;
	struct cp_err err = {0};
	bool unknown;
	int r;

	c->different = true;
	r = c->quiet ? 0 : cp_context_walk(&list->list, show_entry, &s, &unknown, &err);
	s.folders = true;
	if (r == 0 && !c->quiet && c->changes.n == before)
		r = cp_context_walk(&list->list, show_entry, &s, &unknown, &err);
	if (r == CP_ENOMEM)
		return r;
	c->beyond_volatile = c->beyond_volatile || c->changes.n == before;
	return 0;
}

static int compare_prepared(struct cp_context_comparer *c, struct side *a, struct side *b)
{
	bool la = a->value.kind == CP_VALUE_LIST, lb = b->value.kind == CP_VALUE_LIST;

	if (a->value.kind == CP_VALUE_UNSURE || b->value.kind == CP_VALUE_UNSURE)
		return 0;
	if ((!la && !lb) || a->value.kind == CP_VALUE_MISSING || b->value.kind == CP_VALUE_MISSING)
		return cp_context_compare_values(c, &a->value, &b->value);
	if ((la && a->list.unknown_start) || (lb && b->list.unknown_start)) {
		cp_context_note_depends(c, la ? &a->list.spot.node.identity : NULL,
					lb ? &b->list.spot.node.identity : NULL);
		return 0;
	}
	if (la && is_dir_value(&b->value))
		return compare_list_and_dir(c, a, b, true);
	if (lb && is_dir_value(&a->value))
		return compare_list_and_dir(c, b, a, false);
	if (la && b->value.kind == CP_VALUE_EMPTY)
		return compare_list_and_nothing(c, a, CP_CHANGE_REMOVED);
	if (lb && a->value.kind == CP_VALUE_EMPTY)
		return compare_list_and_nothing(c, b, CP_CHANGE_ADDED);
	if (a->value.kind == CP_VALUE_UNKNOWN || b->value.kind == CP_VALUE_UNKNOWN) {
		cp_context_note_depends(c, NULL, NULL);
		return 0;
	}
	return cp_context_note_change(c, shown_path(&b->value), CP_CHANGE_MODIFIED, false);
}

static int compare_pair(struct cp_context_comparer *c, const struct cp_selector *sel_a,
			const struct cp_selector *sel_b)
{
	struct side a = {.fs = c->fs_a, .sel = sel_a}, b = {.fs = c->fs_b, .sel = sel_b};
	bool done = false;
	int r = prepare(c, &a);

	if (r == 0)
		r = prepare(c, &b);
	if (r == 0 && a.value.kind == CP_VALUE_LIST && b.value.kind == CP_VALUE_LIST)
		r = compare_list_pair(c, &a, &b, &done);
	else if (r == 0 && a.value.kind == CP_VALUE_LIST)
		r = list_value(c, &a);
	else if (r == 0 && b.value.kind == CP_VALUE_LIST)
		r = list_value(c, &b);
	return r < 0 || done ? r : compare_prepared(c, &a, &b);
}

/* ---- the answer ---- */

static int compare_changes(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_path_change *)x)->path,
			  ((const struct cp_path_change *)y)->path);
}

static int give_changes(struct cp_context_comparer *c, struct cp_comparison *ret)
{
	struct cp_path_change *all = cp_arena_array(c->a, c->changes.n, sizeof(*all));

	if (!all)
		return CP_ENOMEM;
	for (size_t i = 0; i < c->changes.n; i++)
		all[i] = *(const struct cp_path_change *)c->changes.items[i].value;
	if (c->changes.n > 1)
		qsort(all, c->changes.n, sizeof(*all), compare_changes);
	ret->changes = all;
	ret->n_changes_total = c->changes.n;
	ret->n_changes = c->changes.n < CP_MAX_CAUSE_PATHS ? c->changes.n : CP_MAX_CAUSE_PATHS;
	return 0;
}

int cp_selection_compare(struct cp_arena *a, struct cp_fs *fs_a, const struct cp_selector *sel_a,
			 struct cp_fs *fs_b, const struct cp_selector *sel_b, size_t n,
			 struct cp_comparison *ret_comparison, struct cp_err *err)
{
	struct cp_comparison result = {.missing = CP_S(""), .why = CP_S(""), .hint = CP_S("")};
	struct cp_context_comparer c;
	int r = 0;

	cp_context_comparer_init(&c, a, fs_a, fs_b);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = compare_pair(&c, &sel_a[i], &sel_b[i]);
	if (r == 0 && c.different)
		r = give_changes(&c, &result);
	if (r < 0)
		return cp_err_nomem(err);
	result.equality = cp_context_verdict(&c);
	result.git_dir = c.different && !c.beyond_volatile;
	result.missing = c.missing;
	result.opaque_a = c.opaque_a;
	result.opaque_b = c.opaque_b;
	if (result.equality == CP_UNSURE) {
		result.why = c.why;
		result.hint = c.hint;
	}
	*ret_comparison = result;
	return 0;
}
