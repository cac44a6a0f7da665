/*
 * Commits: parsing, first parents, merge bases. Only the header lines are looked at. A commit at which a shallow clone is cut has
 * no parents, as in git.
 */
#include "repo/git_int.h"

#include <stdlib.h>

#define MAX_COMMIT_BYTES CP_MAX_BLOB_BYTES

static int bad_commit(const struct cp_oid *oid, struct cp_err *err)
{
	char hex[65];

	cp_hex(oid->bytes, oid->n, hex);
	return cp_err_set(err, CP_EIO, "commit %s cannot be understood", hex);
}

/* "<word> <hex>\n" at the start of *rest, which moves past it. */
static bool take_oid_line(struct cp_str *rest, struct cp_str word, struct cp_oid *ret_oid)
{
	size_t n = word.n + 2 * GIT_OID_RAWSZ + 1;

	if (rest->n < n || !cp_str_starts(*rest, word) || rest->p[n - 1] != '\n' ||
	    !cp_repo_oid_parse(cp_str_n(rest->p + word.n, n - 1 - word.n), ret_oid))
		return false;
	*rest = cp_str_from(*rest, n);
	return true;
}

/* The time in "committer A U Thor <mail> 1700000000 +0100", which is the second line after the parents. */
static bool find_time(struct cp_str rest, int64_t *ret_time)
{
	struct cp_str line;

	while (cp_str_split(&rest, '\n', &line) && line.n) {
		struct cp_str number;
		size_t end;

		if (!cp_str_starts(line, CP_S("committer ")))
			continue;
		end = cp_str_rfind(line, '>');
		number = cp_str_trim_left(cp_str_from(line, end < line.n ? end + 1 : line.n), " ");
		number = cp_str_sub(number, 0, cp_str_find(number, ' ', 0));
		if (!cp_str_to_int(number, 10, ret_time))
			*ret_time = 0; /* git shows a broken date as the epoch */
		return true;
	}
	return false;
}

int cp_repo_commit_parse(const struct cp_repo *r, const struct cp_oid *oid,
			 const struct cp_repo_object *o, struct cp_repo_commit *ret_commit,
			 struct cp_err *err)
{
	struct cp_str rest = cp_str_n(o->data, o->n);
	struct cp_repo_commit c = {.n_parents = 0};
	struct cp_oid parent;

	if (o->type != GIT_OBJECT_COMMIT || !take_oid_line(&rest, CP_S("tree "), &c.tree))
		return bad_commit(oid, err);
	c.parents = rest;
	while (take_oid_line(&rest, CP_S("parent "), &parent))
		c.n_parents++;
	if (!find_time(rest, &c.time))
		return bad_commit(oid, err);
	if (cp_repo_is_cut(r, oid))
		c.n_parents = 0;
	*ret_commit = c;
	return 0;
}

struct cp_oid cp_repo_commit_parent(const struct cp_repo_commit *c, size_t i)
{
	struct cp_str word = CP_S("parent ");
	struct cp_oid oid = {.n = 0};

	cp_repo_oid_parse(cp_str_n(c->parents.p + i * (word.n + 2 * GIT_OID_RAWSZ + 1) + word.n,
				   2 * GIT_OID_RAWSZ),
			  &oid);
	return oid;
}

static void fill_commit(struct cp_commit *c, const struct cp_oid *oid, int64_t time)
{
	c->oid = *oid;
	c->time = time;
	cp_hex(oid->bytes, oid->n, c->hex);
}

int cp_repo_commit_read(struct cp_repo *r, const struct cp_oid *oid, struct cp_commit *ret_commit,
			struct cp_err *err)
{
	cp_auto_object struct cp_repo_object o = {0};
	struct cp_repo_commit c;
	int e = cp_repo_object_read(r, oid, MAX_COMMIT_BYTES, &o, err);

	if (e == 0)
		e = cp_repo_commit_parse(r, oid, &o, &c, err);
	if (e == 0)
		fill_commit(ret_commit, oid, c.time);
	return e;
}

static int no_parent(const struct cp_repo *r, const struct cp_oid *commit, size_t n,
		     struct cp_err *err)
{
	char hex[65];

	cp_hex(commit->bytes, commit->n, hex);
	if (cp_repo_is_cut(r, commit)) {
		cp_err_set(err, CP_ENOTFOUND, "the parents of %.12s are not in this shallow clone",
			   hex);
		cp_err_hint(err, "git fetch --depth=2 origin %s", hex);
		return CP_ENOTFOUND;
	}
	if (n == 1)
		return cp_err_set(err, CP_ENOTFOUND, "%.12s is the first commit and has no parent",
				  hex);
	return cp_err_set(err, CP_ENOTFOUND, "%.12s has no parent number %zu", hex, n);
}

int cp_repo_parent_oid(struct cp_repo *r, const struct cp_oid *commit, size_t n,
		       struct cp_oid *ret_parent, struct cp_err *err)
{
	cp_auto_object struct cp_repo_object o = {0};
	struct cp_repo_commit c;
	int e = cp_repo_object_read(r, commit, MAX_COMMIT_BYTES, &o, err);

	if (e == 0)
		e = cp_repo_commit_parse(r, commit, &o, &c, err);
	if (e < 0)
		return e;
	if (n < 1 || n > c.n_parents)
		return no_parent(r, commit, n, err);
	*ret_parent = cp_repo_commit_parent(&c, n - 1);
	return 0;
}

int cp_repo_parent(struct cp_repo *r, const struct cp_oid *commit, size_t n,
		   struct cp_commit *ret_parent, struct cp_err *err)
{
	struct cp_oid parent;
	int e = cp_repo_parent_oid(r, commit, n, &parent, err);

	return e < 0 ? e : cp_repo_commit_read(r, &parent, ret_parent, err);
}

int cp_repo_history(struct cp_arena *a, struct cp_repo *r, const struct cp_commit *from, size_t max,
		    struct cp_commit **ret_commits, size_t *ret_n, struct cp_err *err)
{
	CP_VEC(struct cp_commit) commits = {0};
	struct cp_oid at = from->oid;

	while (at.n && commits.n < max) {
		cp_auto_object struct cp_repo_object o = {0};
		struct cp_repo_commit c;
		struct cp_commit commit;
		int e = cp_repo_object_read(r, &at, MAX_COMMIT_BYTES, &o, err);

		if (e == 0)
			e = cp_repo_commit_parse(r, &at, &o, &c, err);
		if (e < 0)
			return e;
		fill_commit(&commit, &at, c.time);
		if (cp_vec_push(a, &commits, commit) < 0)
			return cp_err_nomem(err);
		at = c.n_parents ? cp_repo_commit_parent(&c, 0) : (struct cp_oid){.n = 0};
	}
	*ret_commits = commits.items;
	*ret_n = commits.n;
	return 0;
}

int cp_repo_subject(struct cp_repo *r, const struct cp_commit *c, struct cp_buf *out,
		    struct cp_err *err)
{
	cp_auto_object struct cp_repo_object o = {0};
	int e = cp_repo_object_read(r, &c->oid, MAX_COMMIT_BYTES, &o, err);
	struct cp_str text;
	size_t body;

	if (e < 0)
		return e;
	text = cp_str_n(o.data, o.n);
	body = cp_str_find_str(text, CP_S("\n\n"), 0);
	text = cp_str_trim_left(cp_str_from(text, body < text.n ? body + 2 : text.n), "\n");
	cp_buf_adds(out, cp_str_sub(text, 0, cp_str_find(text, '\n', 0)));
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "a subject of a commit") : 0;
}

/* ---- merge bases ---- */

enum walk_flags {
	FROM_A = 1,
	FROM_B = 2,
	STALE = 4, /* reachable from a common ancestor that is known already */
	RESULT = 8,
	QUEUED = 16,
};

struct walk_node {
	struct cp_oid oid;
	int64_t time;
	struct cp_oid *parents;
	size_t n_parents;
	unsigned flags;
};

struct walk {
	struct cp_repo *r;
	struct cp_arena *a;
	struct cp_map nodes;              /* id ─► struct walk_node */
	CP_VEC(struct walk_node *) queue; /* a heap, the youngest first */
	CP_VEC(struct walk_node *) results;
	size_t n_live; /* queued and not stale */
	bool cut;
};

static int walk_node(struct walk *w, const struct cp_oid *oid, struct walk_node **ret,
		     struct cp_err *err)
{
	struct walk_node *n = cp_map_get(&w->nodes, cp_repo_oid_key(oid));
	cp_auto_object struct cp_repo_object o = {0};
	struct cp_repo_commit c;
	int e = n ? 0 : cp_repo_object_read(w->r, oid, MAX_COMMIT_BYTES, &o, err);

	if (n || e < 0) {
		*ret = n;
		return e;
	}
	e = cp_repo_commit_parse(w->r, oid, &o, &c, err);
	if (e < 0)
		return e;
	n = CP_NEW(w->a, struct walk_node);
	if (!n || !(n->parents = cp_arena_array(w->a, c.n_parents, sizeof(*n->parents))))
		return cp_err_nomem(err);
	n->oid = *oid;
	n->time = c.time;
	n->n_parents = c.n_parents;
	for (size_t i = 0; i < c.n_parents; i++)
		n->parents[i] = cp_repo_commit_parent(&c, i);
	if (cp_repo_is_cut(w->r, oid))
		w->cut = true;
	if (cp_map_put(w->a, &w->nodes, cp_repo_oid_key(&n->oid), n) < 0)
		return cp_err_nomem(err);
	*ret = n;
	return 0;
}

static void swap_nodes(struct walk *w, size_t i, size_t k)
{
	struct walk_node *n = w->queue.items[i];

	w->queue.items[i] = w->queue.items[k];
	w->queue.items[k] = n;
}

/* Marks a commit and lets it wait for its turn. */
static int walk_push(struct walk *w, struct walk_node *n, unsigned flags, struct cp_err *err)
{
	bool was_live = (n->flags & (QUEUED | STALE)) == QUEUED, queued = n->flags & QUEUED;
	size_t at = w->queue.n;

	n->flags |= flags | QUEUED;
	w->n_live += !(n->flags & STALE);
	w->n_live -= was_live;
	if (queued)
		return 0;
	if (cp_vec_push(w->a, &w->queue, n) < 0)
		return cp_err_nomem(err);
	for (; at && w->queue.items[(at - 1) / 2]->time < w->queue.items[at]->time;
	     at = (at - 1) / 2)
		swap_nodes(w, at, (at - 1) / 2);
	return 0;
}

static struct walk_node *walk_pop(struct walk *w)
{
	struct walk_node *n = w->queue.items[0];
	size_t at = 0;

	w->queue.items[0] = w->queue.items[--w->queue.n];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < w->queue.n &&
		    w->queue.items[child + 1]->time > w->queue.items[child]->time)
			child++;
		if (child >= w->queue.n || w->queue.items[child]->time <= w->queue.items[at]->time)
			break;
		swap_nodes(w, at, child);
		at = child;
	}
	n->flags &= ~(unsigned)QUEUED;
	w->n_live -= !(n->flags & STALE);
	return n;
}

/* Walks from both sides, youngest first, until only ancestors of common ancestors are left. */
static int walk_down(struct walk *w, struct cp_err *err)
{
	while (w->n_live) {
		struct walk_node *n = walk_pop(w), *parent;
		unsigned flags = n->flags & (FROM_A | FROM_B | STALE);
		int e;

		if (flags == (FROM_A | FROM_B) && !(n->flags & RESULT)) {
			n->flags |= RESULT;
			if (cp_vec_push(w->a, &w->results, n) < 0)
				return cp_err_nomem(err);
		}
		if (flags == (FROM_A | FROM_B))
			flags |= STALE;
		for (size_t i = 0; i < n->n_parents; i++) {
			e = walk_node(w, &n->parents[i], &parent, err);
			if (e == 0 && (parent->flags & flags) != flags)
				e = walk_push(w, parent, flags, err);
			if (e < 0)
				return e;
		}
	}
	return 0;
}

static int find_merge_base(struct walk *w, const struct cp_oid *a, const struct cp_oid *b,
			   struct cp_commit *ret_base, struct cp_err *err)
{
	const struct walk_node *best = NULL;
	struct walk_node *na, *nb;
	int e = walk_node(w, a, &na, err);

	if (e == 0)
		e = walk_node(w, b, &nb, err);
	if (e == 0)
		e = walk_push(w, na, FROM_A, err);
	if (e == 0)
		e = walk_push(w, nb, FROM_B, err);
	if (e == 0)
		e = walk_down(w, err);
	if (e < 0)
		return e;
	for (size_t i = 0; i < w->results.n; i++) {
		const struct walk_node *n = w->results.items[i];

		if (!(n->flags & STALE) && (!best || n->time > best->time))
			best = n;
	}
	if (!best)
		return cp_err_set(err, CP_ENOTFOUND, "no common ancestor");
	fill_commit(ret_base, &best->oid, best->time);
	return 0;
}

int cp_repo_merge_base(struct cp_repo *r, const struct cp_oid *a, const struct cp_oid *b,
		       struct cp_commit *ret_base, bool *ret_cut, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct walk w = {.r = r, .a = arena};
	int e;

	if (!arena)
		return cp_err_nomem(err);
	e = find_merge_base(&w, a, b, ret_base, err);
	*ret_cut = w.cut;
	return e;
}
