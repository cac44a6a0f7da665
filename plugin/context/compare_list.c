/*
 * Two lists of included paths, walked together. Both are sorted by key and have each key once, so
 * they are equal iff they hold the same digests under the same keys; what lies below two equal
 * folders that are seen with equal eyes is skipped.
 */
#include "context/compare_int.h"

#include "context/patterns_int.h"

struct pair {
	struct cp_context_comparer *c;
	const struct cp_context_selection *a, *b;
	bool same_filters; /* includes and excludes say the same on both sides */
	bool tries_all; /* a filter is malformed: skip nothing, meet the error as BuildKit does */
	bool unknown;   /* something unknown may add entries */
	bool missing_keys; /* a key is on one side only */
	bool missing_beyond_volatile;
	size_t n_a, n_b; /* entries that are certain */
	unsigned depth;
};

/* Did a folder, or anything below it, come into the list? */
struct emitted {
	bool a, b;
	bool open; /* something unknown below */
};

/* ---- are two folders seen with equal eyes? ---- */

static bool same_info(const struct cp_patterns *p, struct cp_match_info x, struct cp_match_info y)
{
	if (!p || x.bits == y.bits)
		return true;
	return x.bits && y.bits &&
	       memcmp(x.bits, y.bits, cp_context_patterns_words(p) * sizeof(*x.bits)) == 0;
}

/* Whatever is below, both sides decide it alike. */
static bool same_eyes(const struct pair *p, const struct cp_context_entry *a,
		      const struct cp_context_entry *b)
{
	const struct cp_context_state *x = &a->below, *y = &b->below;

	if (cp_context_takes_all(p->a, a) && cp_context_takes_all(p->b, b))
		return true;
	if (!p->same_filters || x->has_parent != y->has_parent)
		return false;
	if ((p->a->wild && !x->in_match) || (p->b->wild && !y->in_match))
		return p->a->wild && p->b->wild && !x->in_match && !y->in_match &&
		       cp_str_eq(a->name, b->name) && cp_str_eq(p->a->pattern, p->b->pattern);
	return cp_str_eq(x->candidate, y->candidate) &&
	       x->includes_matched == y->includes_matched &&
	       x->excludes_matched == y->excludes_matched &&
	       same_info(p->a->includes, x->includes, y->includes) &&
	       same_info(p->a->excludes, x->excludes, y->excludes);
}

/* Links at the top of a match are followed, so what they lead to counts as well. */
static bool may_follow(const struct pair *p, const struct cp_context_entry *a,
		       const struct cp_context_entry *b)
{
	return (p->a->sel->follow_links && !a->below.has_parent) ||
	       (p->b->sel->follow_links && !b->below.has_parent);
}

static bool on_stack(const struct cp_context_entry *e)
{
	return !e->rejected && !e->header_skipped;
}

/* The folders themselves count alike, whether or not something below them is included. */
static bool same_own(const struct cp_context_entry *a, const struct cp_context_entry *b)
{
	if (on_stack(a) != on_stack(b))
		return false;
	return !on_stack(a) ||
	       (a->included == b->included && cp_context_same_header(&a->node, &b->node));
}

/* ---- one side only ---- */

static int note_lone(struct pair *p, const struct cp_context_entry *e, bool is_a,
		     bool other_unknown, bool show)
{
	bool is_volatile = e->node.kind == CP_NODE_VOLATILE;

	if (is_a)
		p->n_a++;
	else
		p->n_b++;
	if (other_unknown) {
		cp_context_note_depends(p->c, NULL, NULL);
		return 0;
	}
	if (e->node.maybe)
		return cp_context_note_maybe(p->c, &e->node);
	p->missing_keys = true;
	p->missing_beyond_volatile = p->missing_beyond_volatile || !is_volatile;
	return show ? cp_context_note_path(p->c, e->node.path,
					   is_a ? CP_CHANGE_REMOVED : CP_CHANGE_ADDED)
		    : 0;
}

/* A followed link of the new build that leads nowhere fails it. */
static int check_link(struct pair *p, const struct cp_context_entry *e, bool is_a)
{
	struct cp_context_value v;
	int r;

	if (is_a || !e->follow || p->c->quiet || p->c->missing.n)
		return 0;
	r = cp_context_entry_value(p->c, p->b, e, &v);
	if (r == 0 && v.kind == CP_VALUE_MISSING)
		p->c->missing = e->node.path;
	return r;
}

static int lone_entry(struct pair *p, const struct cp_context_entry *e, bool is_a,
		      bool other_unknown, bool *ret_emitted);

static int lone_children(struct pair *p, const struct cp_context_entry *dir, bool is_a,
			 bool other_unknown, bool *ret_emitted)
{
	const struct cp_context_selection *s = is_a ? p->a : p->b;
	const struct cp_listing *listing;
	struct cp_err err = {0};
	int r = cp_context_children(s, dir, &listing, &err);

	if (r == 0 && p->depth > CP_MAX_TREE_DEPTH)
		r = cp_err_set(&err, CP_ELIMIT, "%.*s: too many folders", CP_STR(dir->name));
	if (r < 0)
		return cp_context_note_unsure(p->c, r, &err);
	if (listing->has_rest) {
		p->unknown = true;
		cp_context_note_depends(p->c, is_a ? &listing->rest : NULL,
					is_a ? NULL : &listing->rest);
	}
	p->depth++;
	for (size_t i = 0; r == 0 && i < listing->n_children && !cp_context_is_over(p->c); i++) {
		struct cp_context_entry child;

		r = cp_context_enter(s, dir, &listing->children[i], &child, &err);
		r = r < 0 ? cp_context_note_unsure(p->c, r, &err)
			  : lone_entry(p, &child, is_a, other_unknown, ret_emitted);
	}
	p->depth--;
	return r;
}

static int lone_entry(struct pair *p, const struct cp_context_entry *e, bool is_a,
		      bool other_unknown, bool *ret_emitted)
{
	const struct cp_context_selection *s = is_a ? p->a : p->b;
	bool below = false;
	int r = 0;

	if (e->node.kind == CP_NODE_OPAQUE) {
		if (!e->included && !cp_context_reaches(s, e))
			return 0;
		p->unknown = true;
		cp_context_note_depends(p->c, is_a ? &e->node.identity : NULL,
					is_a ? NULL : &e->node.identity);
		return 0;
	}
	if (e->node.kind == CP_NODE_DIR && cp_context_reaches(s, e))
		r = lone_children(p, e, is_a, other_unknown, &below);
	if (r == 0 && on_stack(e) && (e->included || below)) {
		r = note_lone(p, e, is_a, other_unknown, !below);
		if (r == 0)
			r = check_link(p, e, is_a);
		below = true;
	}
	*ret_emitted = *ret_emitted || below;
	return r;
}

/* ---- both sides ---- */

static int pair_entries(struct pair *p, const struct cp_context_entry *a,
			const struct cp_context_entry *b, bool same_above, struct emitted *out);

static int pair_child(struct pair *p, const struct cp_context_entry *a, const struct cp_child *x,
		      const struct cp_context_entry *b, const struct cp_child *y, bool same_above,
		      bool open_a, bool open_b, struct emitted *out)
{
	struct cp_context_entry ea, eb;
	struct cp_err err = {0};
	int r = 0;

	if (x)
		r = cp_context_enter(p->a, a, x, &ea, &err);
	if (r == 0 && y)
		r = cp_context_enter(p->b, b, y, &eb, &err);
	if (r < 0)
		return cp_context_note_unsure(p->c, r, &err);
	if (x && y)
		return pair_entries(p, &ea, &eb, same_above, out);
	return x ? lone_entry(p, &ea, true, open_b, &out->a)
		 : lone_entry(p, &eb, false, open_a, &out->b);
}

static const struct cp_listing no_children;

static int pair_listings(struct pair *p, const struct cp_context_entry *a,
			 const struct cp_listing *la, const struct cp_context_entry *b,
			 const struct cp_listing *lb, bool same_above, struct emitted *out)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < la->n_children || k < lb->n_children) && !cp_context_is_over(p->c)) {
		const struct cp_child *x = i < la->n_children ? &la->children[i] : NULL;
		const struct cp_child *y = k < lb->n_children ? &lb->children[k] : NULL;
		int order = !x ? 1 : !y ? -1 : cp_str_cmp(x->name, y->name);

		i += order <= 0;
		k += order >= 0;
		r = pair_child(p, a, order <= 0 ? x : NULL, b, order >= 0 ? y : NULL, same_above,
			       la->has_rest, lb->has_rest, out);
	}
	return r;
}

/* An unknown on both sides that is the same, and seen alike. */
static int same_unknown(struct pair *p, const struct cp_context_entry *a,
			const struct cp_context_entry *b, const struct cp_digest *x,
			const struct cp_digest *y, bool same_above, bool *ret_same)
{
	*ret_same = same_above && cp_digest_eq(x, y) && same_eyes(p, a, b) &&
		    a->included == b->included;
	if (!*ret_same || !may_follow(p, a, b))
		return 0;
	if (!cp_str_eq(a->name, b->name)) {
		*ret_same = false;
		return 0;
	}
	return cp_context_roots_equal(p->c, ret_same);
}

static int pair_rests(struct pair *p, const struct cp_context_entry *a, const struct cp_listing *la,
		      const struct cp_context_entry *b, const struct cp_listing *lb,
		      bool same_above, struct emitted *out)
{
	bool same = false;
	int r = 0;

	if (!la->has_rest && !lb->has_rest)
		return 0;
	p->unknown = true;
	out->open = true;
	if (la->has_rest && lb->has_rest)
		r = same_unknown(p, a, b, &la->rest, &lb->rest, same_above, &same);
	if (r == 0 && !same)
		cp_context_note_depends(p->c, la->has_rest ? &la->rest : NULL,
					lb->has_rest ? &lb->rest : NULL);
	return r;
}

static int pair_children(struct pair *p, const struct cp_context_entry *a,
			 const struct cp_context_entry *b, bool same_above, struct emitted *out)
{
	const struct cp_listing *la = &no_children, *lb = &no_children;
	struct cp_err err = {0};
	int r = 0;

	if (cp_context_reaches(p->a, a))
		r = cp_context_children(p->a, a, &la, &err);
	if (r == 0 && cp_context_reaches(p->b, b))
		r = cp_context_children(p->b, b, &lb, &err);
	if (r == 0 && p->depth > CP_MAX_TREE_DEPTH)
		r = cp_err_set(&err, CP_ELIMIT, "%.*s: too many folders", CP_STR(b->name));
	if (r < 0)
		return cp_context_note_unsure(p->c, r, &err);
	p->depth++;
	r = pair_rests(p, a, la, b, lb, same_above, out);
	if (r == 0)
		r = pair_listings(p, a, la, b, lb, same_above, out);
	p->depth--;
	return r;
}

/* The headers of two folders, once it is known whether something below brings them in. */
static int pair_headers(struct pair *p, const struct cp_context_entry *a,
			const struct cp_context_entry *b, const struct emitted *below,
			struct emitted *out)
{
	bool ea = on_stack(a) && (a->included || below->a),
	     eb = on_stack(b) && (b->included || below->b);
	int r = 0;

	if (ea && eb) {
		p->n_a++;
		p->n_b++;
		r = cp_context_compare_headers(p->c, &a->node, &b->node, below->open);
	} else if (ea) {
		r = note_lone(p, a, true, below->open, !below->a || below->b);
	} else if (eb) {
		r = note_lone(p, b, false, below->open, !below->b || below->a);
	}
	out->a = out->a || ea || below->a;
	out->b = out->b || eb || below->b;
	out->open = out->open || below->open;
	return r;
}

static int pair_dirs(struct pair *p, const struct cp_context_entry *a,
		     const struct cp_context_entry *b, bool same_above, struct emitted *out)
{
	struct emitted below = {false, false, false};
	bool same = same_above && same_own(a, b);
	int r;

	if (same && !p->tries_all && a->node.has_subtree && b->node.has_subtree &&
	    cp_digest_eq(&a->node.identity, &b->node.identity) && same_eyes(p, a, b) &&
	    !may_follow(p, a, b))
		return 0;
	r = pair_children(p, a, b, same, &below);
	return r < 0 ? r : pair_headers(p, a, b, &below, out);
}

static int pair_leaves(struct pair *p, const struct cp_context_entry *a,
		       const struct cp_context_entry *b, struct emitted *out)
{
	struct cp_context_value va, vb;
	int r;

	if (!a->included || !b->included) {
		r = lone_entry(p, a, true, false, &out->a);
		return r < 0 ? r : lone_entry(p, b, false, false, &out->b);
	}
	p->n_a++;
	p->n_b++;
	out->a = out->b = true;
	r = cp_context_entry_value(p->c, p->a, a, &va);
	if (r == 0)
		r = cp_context_entry_value(p->c, p->b, b, &vb);
	return r < 0 ? r : cp_context_compare_values(p->c, &va, &vb);
}

static int pair_unknowns(struct pair *p, const struct cp_context_entry *a,
			 const struct cp_context_entry *b, bool same_above, struct emitted *out)
{
	bool ua = a->node.kind == CP_NODE_OPAQUE, ub = b->node.kind == CP_NODE_OPAQUE, same = false;
	int r = 0;

	if (!a->included && !cp_context_reaches(p->a, a) && !b->included &&
	    !cp_context_reaches(p->b, b))
		return 0;
	p->unknown = true;
	out->open = true;
	if (ua && ub)
		r = same_unknown(p, a, b, &a->node.identity, &b->node.identity, same_above, &same);
	if (r == 0 && !same)
		cp_context_note_depends(p->c, ua ? &a->node.identity : NULL,
					ub ? &b->node.identity : NULL);
	return r;
}

static int pair_entries(struct pair *p, const struct cp_context_entry *a,
			const struct cp_context_entry *b, bool same_above, struct emitted *out)
{
	bool da = a->node.kind == CP_NODE_DIR, db = b->node.kind == CP_NODE_DIR;
	int r;

	if (a->node.kind == CP_NODE_OPAQUE || b->node.kind == CP_NODE_OPAQUE)
		return pair_unknowns(p, a, b, same_above, out);
	if (da && db)
		return pair_dirs(p, a, b, same_above, out);
	if (!da && !db)
		return pair_leaves(p, a, b, out);
	r = lone_entry(p, a, true, false, &out->a);
	return r < 0 ? r : lone_entry(p, b, false, false, &out->b);
}

/* ---- whole lists ---- */

/* A side whose walk begins nowhere, or in something unknown. */
static int pair_starts(struct pair *p, bool *ret_done)
{
	const struct cp_context_selection *a = p->a, *b = p->b;
	bool same;
	int r = 0;

	*ret_done = true;
	if (a->unknown_start || b->unknown_start) {
		same = a->unknown_start && b->unknown_start && p->same_filters &&
		       a->wild == b->wild && a->sel->follow_links == b->sel->follow_links &&
		       cp_str_eq(a->pattern, b->pattern) &&
		       cp_digest_eq(&a->spot.node.identity, &b->spot.node.identity) &&
		       cp_str_eq(a->spot.real, b->spot.real) &&
		       cp_str_eq(a->spot.rest, b->spot.rest);
		if (same)
			r = cp_context_roots_equal(p->c, &same);
		if (r == 0 && !same)
			cp_context_note_depends(p->c,
						a->unknown_start ? &a->spot.node.identity : NULL,
						b->unknown_start ? &b->spot.node.identity : NULL);
		return r;
	}
	*ret_done = !a->has_start && !b->has_start;
	return 0;
}

static int walk_both(struct pair *p)
{
	struct cp_context_entry ea, eb;
	struct emitted out = {false, false, false};
	struct cp_err err = {0};
	int r = 0;

	if (p->a->has_start)
		r = cp_context_start(p->a, &ea, &err);
	if (r == 0 && p->b->has_start)
		r = cp_context_start(p->b, &eb, &err);
	if (r < 0)
		return cp_context_note_unsure(p->c, r, &err);
	if (p->a->has_start && p->b->has_start)
		return pair_entries(p, &ea, &eb, true, &out);
	return p->a->has_start ? lone_entry(p, &ea, true, false, &out.a)
			       : lone_entry(p, &eb, false, false, &out.b);
}

int cp_context_compare_lists(struct cp_context_comparer *c, const struct cp_context_selection *a,
			     const struct cp_context_selection *b)
{
	struct pair p = {.c = c, .a = a, .b = b};
	bool done;
	int r;

	p.same_filters = cp_context_patterns_eq(a->includes, b->includes) &&
			 cp_context_patterns_eq(a->excludes, b->excludes);
	p.tries_all = cp_context_patterns_have_bad(a->includes) ||
		      cp_context_patterns_have_bad(a->excludes);
	r = pair_starts(&p, &done);
	if (r == 0 && !done)
		r = walk_both(&p);
	if (r < 0 || !p.missing_keys)
		return r;
	/*
	 * one entry alone may be hashed without its key; what is unknown decides whether it is
	 * alone
	 */
	if (p.unknown && p.n_a < 2 && p.n_b < 2) {
		cp_context_note_depends(c, NULL, NULL);
		return 0;
	}
	c->different = true;
	c->beyond_volatile = c->beyond_volatile || p.missing_beyond_volatile;
	return 0;
}
