#include "held.h"

#include "cache_memo.h"
#include "hash_int.h"
#include "predict/held.h"

struct search {
	struct cp_run *run;
	const struct cp_image_run *image;
	const struct cp_cache *const *caches;
	size_t n_caches;
	struct cp_hash_table *table; /* files of one commit are mostly those of the next */
	struct cp_hasher hasher;
	bool unsure; /* files that cannot be hashed */
	struct cp_err *err;
};

/* Are all traces of the build in this cache? Operations first: they cost nothing. */
static int look_up(struct search *s, struct cp_arena *a, const struct cp_build *b,
		   const struct cp_cache *cache, bool *ret_held)
{
	struct cp_traces t = {0};
	int r = cp_build_traces(a, b, cache, NULL, &t, s->err);

	*ret_held = false;
	if (r < 0 || t.n_found < t.n)
		return r;
	r = cp_hash_table_fill(s->table, a, b, s->err);
	s->hasher.rules = b->graph->rules;
	if (r == 0)
		r = cp_build_traces(a, b, cache, &s->hasher, &t, s->err);
	if (r < 0)
		return r;
	s->unsure = s->unsure || t.n_unknown;
	*ret_held = t.n && t.n_found == t.n && !t.n_unknown;
	return 0;
}

static int try_commit(struct search *s, struct cp_tree *tree, bool *ret_held)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run scratch = {
		.request = s->image->request, .platform = s->image->platform, .arena = a};
	struct cp_err why = {0};
	struct cp_build b;
	int r;

	if (!a)
		return cp_err_nomem(s->err);
	r = cp_image_build(s->run, &scratch, tree, &b, &why);
	if (cp_arena_failed(a) == CP_ENOMEM)
		return cp_err_nomem(s->err);
	if (r < 0)
		return cp_run_is_over(r) ? cp_err_set(s->err, r, "%s", why.message) : 0;
	for (size_t i = 0; i < s->n_caches && !*ret_held; i++) {
		r = look_up(s, a, &b, s->caches[i], ret_held);
		if (cp_arena_failed(a) == CP_ENOMEM)
			return cp_err_nomem(s->err);
		if (r < 0)
			return cp_run_is_over(r) ? r : 0;
	}
	return 0;
}

static int walk(struct search *s, const struct cp_commit *commits, size_t n, struct cp_held *held)
{
	for (size_t i = 0; i < n && !held->found; i++) {
		struct cp_tree *tree = NULL;
		struct cp_err why = {0};
		int r;

		if (cp_run_is_cancelled(s->run))
			return cp_err_set(s->err, CP_ECANCELLED, "cancelled");
		held->n_searched++;
		r = cp_repo_tree(s->run->repo, &commits[i], commits[i].hex, &tree, &why);
		if (cp_run_is_over(r))
			return cp_err_set(s->err, r, "%s", why.message);
		if (r < 0)
			break; /* where the clone ends */
		r = try_commit(s, tree, &held->found);
		cp_tree_free(tree);
		if (r < 0)
			return r;
		held->commit = commits[i];
		held->behind = i;
	}
	if (!held->found && s->unsure)
		held->why_not = CP_S(
			"its files cannot all be hashed: .git, a filter or a submodule is among them");
	return 0;
}

int cp_held_find(struct cp_run *run, const struct cp_image_run *image,
		 const struct cp_cache *const *caches, size_t n_caches, struct cp_held *ret_held,
		 struct cp_err *err)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct search s = {.run = run,
			   .image = image,
			   .caches = caches,
			   .n_caches = n_caches,
			   .table = cp_hash_table_new(run->state, 0),
			   .err = err};
	struct cp_held held = {.why_not = CP_S("")};
	struct cp_commit *commits = NULL;
	struct cp_err why = {0};
	size_t n = 0;
	int r;

	if (!a || !s.table) {
		cp_hash_table_free(s.table);
		return cp_err_nomem(err);
	}
	s.hasher = cp_hash_table_hasher(s.table);
	r = cp_repo_history(a, run->repo, &run->head_commit, CP_MAX_HELD_COMMITS, &commits, &n,
			    &why);
	if (cp_run_is_over(r))
		cp_err_set(err, r, "%s", why.message);
	else
		r = walk(&s, commits, r < 0 ? 0 : n, &held);
	cp_hash_table_free(s.table);
	if (r == 0)
		*ret_held = held;
	return r;
}

/* ---- as the base ---- */

static int use(struct cp_run *run, const struct cp_held *held, struct cp_err *err)
{
	struct cp_report *report = &run->report;
	struct cp_tree *tree;
	int r = cp_repo_tree(run->repo, &held->commit, held->commit.hex, &tree, err);

	if (r < 0)
		return r;
	cp_tree_free(run->base);
	run->base = tree;
	run->base_commit = held->commit;
	report->base_commit = cp_arena_str(run->arena, cp_str_c(held->commit.hex));
	run->base_is_held = true;
	report->base_rev = CP_S("cache");
	report->base_why = CP_S("the commit whose build the cache holds");
	return report->base_commit.p ? 0 : cp_err_nomem(err);
}

int cp_held_use_as_base(struct cp_run *run, struct cp_err *err)
{
	const struct cp_image_run *image = &run->images[0];
	const struct cp_cache *caches[CP_MAX_CACHES];
	struct cp_held held = {.found = false};
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < image->request.n_cache_from; i++) {
		struct cp_cache_found found;
		struct cp_err ignored;

		r = cp_cache_memo_find(run->caches, run, image->request.cache_from[i],
				       image->request.from_commit, &found, &ignored);
		if (cp_run_is_over(r))
			return cp_err_set(err, r, "%s", ignored.message);
		for (size_t k = 0; r == 0 && k < found.n_caches && n < CP_MAX_CACHES; k++)
			caches[n++] = found.caches[k];
	}
	r = n ? cp_held_find(run, image, caches, n, &held, err) : 0;
	return r == 0 && held.found ? use(run, &held, err) : r;
}
