/* `split`: commits ─► the versions of a requirement file ─► churn. */
#include "splitter_int.h"

struct version {
	struct cp_oid oid;
	int64_t time;
};

struct search {
	struct cp_str base;
	struct cp_oid oid;
	struct cp_arena *a;
	struct cp_str same, named;
};

/* A file that the newer tree has no more: the same bytes, or the same name in another folder. */
static int visit(void *self, struct cp_str path, enum cp_change change,
		 const struct cp_entry *old_entry, const struct cp_entry *new_entry)
{
	struct search *s = self;

	(void)new_entry;
	if (change != CP_CHANGE_REMOVED || !old_entry)
		return 0;
	if (!s->same.n && cp_oid_eq(&old_entry->oid, &s->oid))
		s->same = cp_arena_str(s->a, path);
	if (!s->named.n && cp_str_eq(cp_path_base(path), s->base))
		s->named = cp_arena_str(s->a, path);
	return 0;
}

static struct cp_str old_path(struct cp_splitter *s, struct cp_tree *older, struct cp_tree *newer,
			      const struct cp_oid *oid, struct cp_str path)
{
	struct search find = {.base = cp_path_base(path), .oid = *oid, .a = s->a};
	struct cp_err ignored = {0};

	if (!newer || cp_tree_diff(older, newer, visit, &find, &ignored) < 0)
		return cp_str_n(NULL, 0);
	return find.same.n ? find.same : find.named;
}

struct walk {
	CP_VEC(struct version) versions; /* the newest first */
	struct cp_str path;
	struct cp_tree *newer;
};

/* One commit older. *ret_more: the file is there, under some name. */
static int step_back(struct cp_splitter *s, struct walk *w, const struct cp_commit *c,
		     bool *ret_more, struct cp_err *err)
{
	struct cp_tree *tree = NULL;
	struct cp_entry e = {.kind = CP_ENTRY_DIR};
	struct cp_err why = {0};
	int r = cp_repo_tree(s->run->repo, c, c->hex, &tree, err);

	if (r < 0)
		return r;
	r = cp_tree_find(tree, w->path, &e, &why);
	if (r == CP_ENOTFOUND && w->versions.n) {
		struct cp_str path = old_path(s, tree, w->newer,
					      &w->versions.items[w->versions.n - 1].oid, w->path);

		if (path.n) {
			w->path = path;
			r = cp_tree_find(tree, path, &e, &why);
		}
	}
	cp_tree_free(w->newer);
	w->newer = tree;
	*ret_more = r == 0 && (e.kind == CP_ENTRY_FILE || e.kind == CP_ENTRY_EXEC);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (!*ret_more)
		return 0;
	if (w->versions.n && cp_oid_eq(&w->versions.items[w->versions.n - 1].oid, &e.oid)) {
		w->versions.items[w->versions.n - 1].time = c->time;
		return 0;
	}
	return cp_vec_push(s->a, &w->versions, (struct version){e.oid, c->time}) < 0
		       ? cp_err_nomem(err)
		       : 0;
}

static int add_version(struct cp_splitter *s, struct cp_churn_builder *b, const struct version *v,
		       struct cp_err *err)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	const struct cp_requirements *q;
	struct cp_err why = {0};
	int r = a ? cp_tree_read(s->run->head, &v->oid, &text, &why) : CP_ENOMEM;

	if (r == 0)
		r = cp_requirements_parse(a, cp_buf_str(&text), &q, &why);
	if (r == 0)
		r = cp_churn_add(b, q, v->time, &why);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0)
		s->report.n_unread++; /* a blob that is not in this clone, or an absurd one */
	return 0;
}

int cp_splitter_history(struct cp_splitter *s, struct cp_err *err)
{
	struct walk w = {.path = s->path};
	struct cp_churn_builder *b = cp_churn_new(s->a);
	struct cp_commit *commits = NULL;
	size_t n = 0;
	bool more = true;
	int r = b ? cp_repo_history(s->a, s->run->repo, &s->run->head_commit, CP_MAX_CHURN_COMMITS,
				    &commits, &n, err)
		  : cp_err_nomem(err);

	for (size_t i = 0; r == 0 && more && i < n; i++) {
		if (cp_run_is_cancelled(s->run))
			r = cp_err_set(err, CP_ECANCELLED, "cancelled");
		else
			r = step_back(s, &w, &commits[i], &more, err);
	}
	cp_tree_free(w.newer);
	for (size_t i = w.versions.n; r == 0 && i-- > 0;) {
		if (cp_run_is_cancelled(s->run))
			r = cp_err_set(err, CP_ECANCELLED, "cancelled");
		else
			r = add_version(s, b, &w.versions.items[i], err);
	}
	if (r < 0)
		return r;
	s->churn = cp_churn_get(b);
	for (size_t i = 0; i < s->churn->n_names; i++)
		if (cp_map_put(s->a, &s->ids, s->churn->names[i], (void *)(uintptr_t)(i + 1)) < 0)
			return cp_err_nomem(err);
	return 0;
}
