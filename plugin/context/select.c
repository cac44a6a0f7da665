/*
 * The list of cache/contenthash/checksum.go includedPaths: wildcards, include and exclude patterns
 * over a file system.
 */
#include "context/select_int.h"

#include "context/patterns_int.h"

/* ---- preparing a selector ---- */

static bool has_wildcards(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
			return true;
		if (s.p[i] == '\\')
			i++;
	}
	return false;
}

static int split_pattern(struct cp_context_selection *s, struct cp_err *err)
{
	CP_VEC(struct cp_str) parts = {0};
	struct cp_str rest = s->pattern, part;

	while (cp_path_next(&rest, &part)) {
		if (cp_str_find(part, '[', 0) < part.n || cp_str_ends(part, CP_S("\\")))
			s->no_pruning = true;
		if (cp_vec_push(s->a, &parts, part) < 0)
			return cp_err_nomem(err);
	}
	s->parts = parts.items;
	s->n_parts = parts.n;
	return 0;
}

/*
 * checksum.go splitWildcards: the components before the first one with a wildcard; "" when there
 * are none.
 */
static struct cp_str literal_prefix(const struct cp_context_selection *s, bool *ret_all)
{
	size_t n = 0;

	*ret_all = true;
	for (size_t i = 0; i < s->n_parts; i++) {
		if (has_wildcards(s->parts[i])) {
			*ret_all = false;
			break;
		}
		n += s->parts[i].n + 1;
	}
	return cp_str_sub(s->pattern, 0, n);
}

static int find_start(struct cp_context_selection *s, struct cp_err *err)
{
	bool all = false;
	int r;

	s->prefix = s->wild ? literal_prefix(s, &all) : s->pattern;
	/*
	 * checksum.go wildcardPrefix: the last link of the prefix is followed iff something comes
	 * after it
	 */
	r = cp_context_resolve(s->a, s->fs, s->prefix, s->wild && !all, NULL, &s->spot, err);
	if (r < 0)
		return r;
	s->fails = s->spot.found == CP_LINK_LOOP;
	s->has_start = s->spot.found == CP_FOUND;
	s->unknown_start = s->spot.found == CP_UNKNOWN_WAY ||
			   (s->has_start && s->spot.node.kind == CP_NODE_OPAQUE);
	if (s->has_start && s->wild && cp_str_find(s->prefix, '\\', 0) < s->prefix.n)
		return cp_err_set(err, CP_EUNSUPPORTED, "%.*s: a backslash in the name of a folder",
				  CP_STR(s->prefix));
	return 0;
}

int cp_context_selection_init(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sel,
			      struct cp_context_selection *ret_selection, struct cp_err *err)
{
	struct cp_context_selection s = {.a = a, .fs = fs, .sel = sel};
	int r = 0;

	s.pattern = cp_str_eq(sel->path, CP_S("/")) ? CP_S("") : sel->path;
	s.wild = sel->wildcard && s.pattern.n;
	if (sel->n_includes)
		r = cp_patterns_compile(a, sel->includes, sel->n_includes, &s.includes, err);
	if (r == 0 && sel->n_excludes)
		r = cp_patterns_compile(a, sel->excludes, sel->n_excludes, &s.excludes, err);
	if (r == 0)
		r = split_pattern(&s, err);
	if (r == 0)
		r = find_start(&s, err);
	if (r == 0)
		*ret_selection = s;
	return r;
}

/* ---- deciding one entry ---- */

static int match_filter(const struct cp_context_selection *s, const struct cp_patterns *p,
			struct cp_str candidate, struct cp_match_info parent, bool *ret_matched,
			struct cp_match_info *ret_info, struct cp_err *err)
{
	return cp_patterns_match(s->a, p, candidate, parent, ret_matched, ret_info, err);
}

/*
 * checksum.go shouldIncludePath. Exclude patterns are not even tried on what the include patterns
 * leave out.
 */
static int apply_filters(const struct cp_context_selection *s, const struct cp_context_state *in,
			 struct cp_str candidate, struct cp_context_entry *e, struct cp_err *err)
{
	struct cp_context_state *below = &e->below;
	bool keep_info = e->node.kind == CP_NODE_DIR;
	struct cp_match_info none = {NULL};
	int r = 0;

	below->includes_matched = true;
	below->includes = below->excludes = none;
	below->excludes_matched = false;
	if (s->includes)
		r = match_filter(s, s->includes, candidate, in->has_parent ? in->includes : none,
				 &below->includes_matched, keep_info ? &below->includes : NULL,
				 err);
	if (r == 0 && s->excludes && below->includes_matched)
		r = match_filter(s, s->excludes, candidate, in->has_parent ? in->excludes : none,
				 &below->excludes_matched, keep_info ? &below->excludes : NULL,
				 err);
	e->included = below->includes_matched && !below->excludes_matched;
	return r;
}

/* The root is shown to the filters, only for the error that a bad pattern gives. */
static int try_filters(const struct cp_context_selection *s, struct cp_context_entry *root,
		       struct cp_err *err)
{
	struct cp_context_state none = {.has_parent = false};
	int r = apply_filters(s, &none, CP_S(""), root, err);

	root->included = false;
	root->below = none;
	root->below.includes_matched = true;
	root->below.candidate = CP_S("");
	return r;
}

/* An entry that the walk stands on; e->node and e->name are set. */
static int decide(const struct cp_context_selection *s, const struct cp_context_state *in,
		  struct cp_context_entry *e, struct cp_err *err)
{
	struct cp_str candidate;
	bool matched = true;

	e->below = *in;
	e->follow = s->sel->follow_links && !in->has_parent && e->node.kind == CP_NODE_SYMLINK;
	if (s->wild && !in->in_match) {
		if (cp_path_match(s->pattern, e->name, &matched) < 0)
			return cp_err_set(err, CP_EINVAL, "malformed wildcard: %.*s",
					  CP_STR(s->pattern));
		e->rejected = !matched;
		if (e->rejected)
			return 0;
		e->below.in_match = true;
		e->below.match_length = e->name.n;
	}
	candidate = cp_str_from(e->name, (s->wild ? e->below.match_length : s->pattern.n) + 1);
	if (!s->wild && s->pattern.n == 0 && e->name.n == 0) {
		/* nothing of the root itself is listed or put on the stack */
		e->header_skipped = true;
		return try_filters(s, e, err);
	}
	e->below.candidate = candidate;
	e->below.has_parent = true;
	return apply_filters(s, in, candidate, e, err);
}

int cp_context_start(const struct cp_context_selection *s, struct cp_context_entry *ret_entry,
		     struct cp_err *err)
{
	struct cp_context_state none = {.has_parent = false};
	struct cp_context_entry e = {.node = s->spot.node, .name = s->prefix};
	int r = decide(s, &none, &e, err);
	struct cp_str rest = s->prefix, part;

	if (r < 0)
		return r;
	while (cp_path_next(&rest, &part))
		e.below.depth++;
	*ret_entry = e;
	return 0;
}

int cp_context_enter(const struct cp_context_selection *s, const struct cp_context_entry *dir,
		     const struct cp_child *child, struct cp_context_entry *ret_entry,
		     struct cp_err *err)
{
	struct cp_context_entry e = {.node = child->node};
	char *p = cp_arena_alloc(s->a, dir->name.n + child->name.n + 2);
	int r;

	if (!p)
		return cp_err_nomem(err);
	if (dir->name.n)
		memcpy(p, dir->name.p, dir->name.n);
	p[dir->name.n] = '/';
	memcpy(p + dir->name.n + 1, child->name.p, child->name.n);
	e.name = cp_str_n(p, dir->name.n + 1 + child->name.n);
	r = decide(s, &dir->below, &e, err);
	if (r < 0)
		return r;
	e.below.depth = dir->below.depth + 1;
	*ret_entry = e;
	return 0;
}

/* ---- what lies below ---- */

static struct cp_str base_of(struct cp_str name)
{
	size_t at = cp_str_rfind(name, '/');

	return at < name.n ? cp_str_from(name, at + 1) : name;
}

/* Below a folder that the wildcard has not matched. */
static bool wildcard_reaches(const struct cp_context_selection *s,
			     const struct cp_context_entry *dir)
{
	bool matched = true;

	if (s->no_pruning)
		return true;
	if (dir->below.depth >= s->n_parts)
		return false;
	/* the components of the prefix were walked by name */
	if (dir->name.n > s->prefix.n)
		cp_path_match(s->parts[dir->below.depth - 1], base_of(dir->name), &matched);
	return matched;
}

bool cp_context_reaches(const struct cp_context_selection *s, const struct cp_context_entry *dir)
{
	const struct cp_context_state *b = &dir->below;

	if (s->wild && !b->in_match)
		return wildcard_reaches(s, dir);
	if (s->includes && !b->includes_matched &&
	    !cp_patterns_reach_below(s->includes, b->candidate, b->includes))
		return false;
	/* includes are looked at first, and a malformed one among them fails */
	if (s->excludes && b->excludes_matched && !cp_context_patterns_have_bad(s->includes) &&
	    !cp_patterns_reach_below(s->excludes, b->candidate, b->excludes))
		return false;
	return true;
}

bool cp_context_takes_all(const struct cp_context_selection *s, const struct cp_context_entry *dir)
{
	const struct cp_context_state *b = &dir->below;

	if ((s->wild && !b->in_match) || !b->has_parent || !dir->included)
		return false;
	return (!s->includes || !cp_patterns_reach_below(s->includes, b->candidate, b->includes)) &&
	       (!s->excludes || !cp_patterns_reach_below(s->excludes, b->candidate, b->excludes));
}

/* The one name that the wildcard allows below this folder; empty when it allows several. */
static struct cp_str only_name(const struct cp_context_selection *s,
			       const struct cp_context_entry *dir)
{
	struct cp_str part;

	if (!s->wild || dir->below.in_match || s->no_pruning || dir->below.depth >= s->n_parts)
		return CP_S("");
	part = s->parts[dir->below.depth];
	return has_wildcards(part) || cp_str_find(part, '\\', 0) < part.n ? CP_S("") : part;
}

int cp_context_children(const struct cp_context_selection *s, const struct cp_context_entry *dir,
			const struct cp_listing **ret_listing, struct cp_err *err)
{
	struct cp_str name = only_name(s, dir);
	struct cp_listing *one;
	bool found = false;
	int r;

	if (name.n == 0)
		return s->fs->ops->list(s->fs, &dir->node, ret_listing, err);
	one = CP_NEW(s->a, struct cp_listing);
	if (!one || !(one->children = CP_NEW(s->a, struct cp_child)))
		return cp_err_nomem(err);
	r = s->fs->ops->child(s->fs, &dir->node, name, &one->children->node, &found, err);
	if (r < 0)
		return r;
	one->children->name = name;
	one->n_children = found;
	*ret_listing = one;
	return 0;
}

/* ---- the list ---- */

struct lister {
	const struct cp_context_selection *s;
	int (*visit)(void *self, const struct cp_context_entry *entry);
	void *self;
	bool unknown;
	unsigned depth;
	/* headers that go before the first included entry below them */
	CP_VEC(const struct cp_context_entry *) pending;
	struct cp_err *err;
};

static int emit(struct lister *l, const struct cp_context_entry *e)
{
	for (size_t i = 0; i < l->pending.n; i++) {
		const struct cp_context_entry *header = l->pending.items[i];
		int r;

		if (!header)
			continue;
		l->pending.items[i] = NULL;
		r = l->visit(l->self, header);
		if (r != 0)
			return r;
	}
	return l->visit(l->self, e);
}

static int list_entry(struct lister *l, const struct cp_context_entry *e);

static int list_children(struct lister *l, const struct cp_context_entry *dir)
{
	const struct cp_listing *listing;
	int r = cp_context_children(l->s, dir, &listing, l->err);

	if (r == 0 && ++l->depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(l->err, CP_ELIMIT, "%.*s: too many folders", CP_STR(dir->name));
	if (r == 0 && listing->has_rest)
		l->unknown = true;
	for (size_t i = 0; r == 0 && i < listing->n_children; i++) {
		struct cp_context_entry child;

		r = cp_context_enter(l->s, dir, &listing->children[i], &child, l->err);
		if (r == 0)
			r = list_entry(l, &child);
	}
	l->depth--;
	return r;
}

static int list_dir(struct lister *l, const struct cp_context_entry *e)
{
	bool on_stack = !e->rejected && !e->header_skipped;
	int r = 0;

	if (on_stack && e->included) {
		r = emit(l, e);
		on_stack = false;
	}
	if (r != 0 || !cp_context_reaches(l->s, e))
		return r;
	if (on_stack && cp_vec_push(l->s->a, &l->pending, e) < 0)
		return cp_err_nomem(l->err);
	r = list_children(l, e);
	if (on_stack)
		l->pending.n--;
	return r;
}

static int list_entry(struct lister *l, const struct cp_context_entry *e)
{
	if (e->node.kind == CP_NODE_DIR)
		return list_dir(l, e);
	if (e->node.kind == CP_NODE_OPAQUE) {
		if (e->included || cp_context_reaches(l->s, e))
			l->unknown = true;
		return 0;
	}
	return e->included ? emit(l, e) : 0;
}

int cp_context_walk(const struct cp_context_selection *s,
		    int (*visit)(void *self, const struct cp_context_entry *entry), void *self,
		    bool *ret_unknown, struct cp_err *err)
{
	struct lister l = {
		.s = s, .visit = visit, .self = self, .err = err, .unknown = s->unknown_start};
	struct cp_context_entry start;
	int r = 0;

	if (s->has_start && !s->unknown_start && !s->fs->is_empty) {
		r = cp_context_start(s, &start, err);
		if (r == 0)
			r = list_entry(&l, &start);
	}
	*ret_unknown = l.unknown;
	return r;
}
