/* `split`: the file, its history, the choice, and whether it may be made. */
#include "split_int.h"

#define WORTH 0.75    /* a split that may leave more than this of the cost is not worth its files */
#define FEW_EVENTS 12 /* changes of a file from which nothing is learnt */

struct splitter {
	struct cp_run *run;
	struct cp_arena *a;
	struct cp_str path;
	const struct cp_requirements *now;
	const struct cp_churn *churn;
	struct cp_split split;
	struct cp_map ids;  /* key ─► id + 1 */
	uint32_t *layer_of; /* per item of `now`, empty layers left out */
	double *weights;
	size_t n_layers;
	struct cp_report_split report;
	CP_VEC(struct cp_str) notes;
};

static int note(struct splitter *s, struct cp_str text)
{
	return text.p && cp_vec_push(s->a, &s->notes, text) == 0 ? 0 : CP_ENOMEM;
}

/* ---- the history of the file ---- */

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

static struct cp_str old_path(struct splitter *s, struct cp_tree *older, struct cp_tree *newer,
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
static int step_back(struct splitter *s, struct walk *w, const struct cp_commit *c, bool *ret_more,
		     struct cp_err *err)
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

static int add_version(struct splitter *s, struct cp_churn_builder *b, const struct version *v,
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

static int read_history(struct splitter *s, struct cp_err *err)
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

/* ---- the choice ---- */

static size_t id_of(const struct splitter *s, struct cp_str key)
{
	void *known = cp_map_get(&s->ids, key);

	return known ? (size_t)((uintptr_t)known - 1) : SIZE_MAX;
}

static int read_weights(struct splitter *s, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str file = s->run->request.weights;
	const struct cp_json *root;
	int r = cp_run_read_disk(file.p, &text, err);

	s->weights = cp_arena_array(s->a, s->churn->n_names, sizeof(*s->weights));
	if (r == 0 && !s->weights)
		r = cp_err_nomem(err);
	if (r == 0)
		r = cp_json_parse(cp_buf_str(&text), file, &doc, err);
	if (r < 0)
		return r;
	root = cp_json_root(doc);
	for (size_t i = 0; i < s->churn->n_names; i++)
		s->weights[i] = 1;
	if (cp_json_kind(root) != CP_JSON_OBJECT)
		return cp_err_set(err, CP_EUSAGE,
				  "weights are a JSON object of names and whole numbers");
	for (void *it = cp_json_first(root); it; it = cp_json_next(root, it)) {
		struct cp_str key = cp_req_normalise(s->a, cp_json_it_key(it));
		size_t id = key.p ? id_of(s, key) : SIZE_MAX;
		int64_t v = cp_json_number(cp_json_it_value(it), 0);

		if (v <= 0 || v > (int64_t)1 << 50)
			return cp_err_set(err, CP_EUSAGE,
					  "the weight of %.*s is no whole number above 0",
					  CP_STR(cp_json_it_key(it)));
		if (id != SIZE_MAX)
			s->weights[id] = (double)v;
	}
	return 0;
}

/* Sizes of wheels in the uv.lock beside the file, where there is one; a package that it does not tell the size of gets their mean. */
static int lock_weights(struct splitter *s, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	struct cp_str path = cp_path_join(s->a, cp_path_dir(s->a, s->path), CP_S("uv.lock")), copy;
	const struct cp_requirements *lock;
	struct cp_err why = {0};
	double sum = 0;
	size_t n = 0;

	if (!path.p)
		return cp_err_nomem(err);
	if (cp_tree_read_path(s->run->head, path, &text, &why) < 0)
		return why.code == CP_ENOMEM ? cp_err_nomem(err) : 0;
	copy = cp_arena_str(s->a, cp_buf_str(&text));
	s->weights = cp_arena_array(s->a, s->churn->n_names, sizeof(*s->weights));
	if (!copy.p || !s->weights)
		return cp_err_nomem(err);
	if (cp_requirements_parse_named(s->a, path, copy, &lock, &why) < 0) {
		s->weights = NULL;
		return why.code == CP_ENOMEM ? cp_err_nomem(err) : 0;
	}
	for (size_t i = 0; i < lock->n_items; i++) {
		size_t id = id_of(s, lock->items[i].key);

		if (id == SIZE_MAX || !lock->items[i].size || s->weights[id] > 0)
			continue;
		s->weights[id] = (double)lock->items[i].size;
		sum += s->weights[id];
		n++;
	}
	for (size_t i = 0; i < s->churn->n_names && n; i++)
		s->weights[i] = s->weights[i] > 0 ? s->weights[i] : sum / (double)n;
	if (!n)
		s->weights = NULL;
	return n ? note(s,
			cp_arena_printf(
				s->a,
				"costs are the sizes of wheels in %.*s, known for %zu of %zu packages",
				CP_STR(path), n, s->churn->n_names)) < 0
			       ? cp_err_nomem(err)
			       : 0
		 : 0;
}

/* Layers that no package of today is in are left out; what cannot be moved is in the last one. */
static int place_items(struct splitter *s)
{
	uint32_t map[CP_MAX_SPLIT_LAYERS] = {0}, used[CP_MAX_SPLIT_LAYERS] = {0}, n = 0;

	s->layer_of = cp_arena_array(s->a, s->now->n_items, sizeof(*s->layer_of));
	if (!s->layer_of)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->now->n_items; i++) {
		size_t id = id_of(s, s->now->items[i].key);

		s->layer_of[i] =
			id == SIZE_MAX ? (uint32_t)s->split.n_layers - 1 : s->split.layer_of[id];
		used[s->layer_of[i]] = 1;
	}
	used[s->split.n_layers - 1] = 1;
	for (size_t l = 0; l < s->split.n_layers; l++) {
		map[l] = n;
		s->report.layer_kept[n] = l ? (double)s->split.kept[l - 1] : 0;
		n += used[l];
	}
	for (size_t i = 0; i < s->now->n_items; i++)
		s->layer_of[i] = map[s->layer_of[i]];
	s->n_layers = n;
	return 0;
}

static int choose(struct splitter *s, struct cp_err *err)
{
	bool *last = cp_arena_array(s->a, s->churn->n_names, sizeof(*last));
	int64_t asked = s->run->request.layers;
	struct cp_split_input in = {.churn = s->churn, .last = last, .max_layers = 3};
	int r = last ? 0 : cp_err_nomem(err);

	if (asked > 0)
		in.max_layers = asked < CP_MAX_SPLIT_LAYERS ? (size_t)asked : CP_MAX_SPLIT_LAYERS;
	if (r == 0)
		r = s->run->request.weights.n ? read_weights(s, err) : lock_weights(s, err);
	in.weights = s->weights;
	for (size_t i = 0; r == 0 && i < s->now->n_items; i++) {
		const struct cp_requirement *q = &s->now->items[i];
		size_t id = id_of(s, q->key);

		if (id != SIZE_MAX && (q->editable || q->kind == CP_REQ_PATH || !q->named ||
				       (q->kind == CP_REQ_URL && !q->n_hashes)))
			last[id] = true;
	}
	if (r == 0)
		r = cp_split_find(s->a, &in, &s->split, err);
	return r < 0 ? r : place_items(s) < 0 ? cp_err_nomem(err) : 0;
}

/* ---- may it be made? ---- */

static int guards(struct splitter *s)
{
	size_t hashed = 0, named = 0, unpinned = 0;

	for (size_t i = 0; i < s->now->n_items; i++) {
		const struct cp_requirement *q = &s->now->items[i];

		hashed += q->n_hashes > 0 && q->kind == CP_REQ_NAME;
		named += q->kind == CP_REQ_NAME && !q->editable;
		unpinned += !q->pinned;
	}
	s->report.n_pinned = s->now->n_items - unpinned;
	if (hashed && hashed < named)
		s->report.refused = cp_arena_printf(
			s->a,
			"%zu of %zu requirements have hashes: pip wants them for all or for none",
			hashed, named);
	if (s->now->recoded)
		s->report.refused = CP_S("the file is not UTF-8");
	for (size_t i = 0; i < s->now->n_options; i++)
		if (s->now->options[i].beside)
			s->report.refused = cp_arena_printf(
				s->a,
				"line %d: --%.*s beside a requirement holds for every package",
				s->now->options[i].line, CP_STR(s->now->options[i].name));
	if (unpinned &&
	    note(s,
		 cp_arena_printf(
			 s->a,
			 "%zu of %zu requirements are not pinned to one version: that the same set is installed after "
			 "a split cannot be guaranteed",
			 unpinned, s->now->n_items)) < 0)
		return CP_ENOMEM;
	if (s->now->generated &&
	    note(s,
		 CP_S("a program writes this file: its next run writes it whole again, so the split has to become part of that run")) <
		    0)
		return CP_ENOMEM;
	if (s->report.n_unread &&
	    note(s, cp_arena_printf(s->a, "%zu versions of the file are not in this clone",
				    s->report.n_unread)) < 0)
		return CP_ENOMEM;
	if (s->churn->cut &&
	    note(s, CP_S("the history was too long: its newest part was left out")) < 0)
		return CP_ENOMEM;
	return 0;
}

static struct cp_str judge(struct splitter *s, struct cp_str *ret_action)
{
	const struct cp_split *p = &s->split;
	double saved = (1 - p->cost) * 100;

	*ret_action = CP_S("undecided");
	if (s->report.n_problems)
		return CP_S("pip would reject the file");
	if (s->report.refused.n)
		return s->report.refused;
	if (s->churn->n_events < FEW_EVENTS)
		return cp_arena_printf(
			s->a,
			"only %zu changes of the file are known, %d are needed to choose and to check",
			s->churn->n_events, FEW_EVENTS);
	*ret_action = CP_S("do-not-split");
	if (s->n_layers < 2)
		return cp_arena_printf(
			s->a,
			"no partition saves enough: %.0f %% of the changes touch ten packages or more",
			p->batch * 100);
	if (p->cost_bound > WORTH)
		return cp_arena_printf(
			s->a,
			"the best partition would have saved %.0f %% of the reinstalls of the last %zu changes, of which %.0f %% can be "
			"counted on: it was not so at other times, and %.0f %% of all changes touch ten packages or more",
			saved > 0 ? saved : 0, p->n_test,
			p->cost_bound < 1 ? (1 - p->cost_bound) * 100 : 0, p->batch * 100);
	*ret_action = CP_S("split");
	return cp_arena_printf(
		s->a,
		"%zu files would have saved %.0f %% of what the last %zu changes reinstalled; %.0f %% can be counted on",
		s->n_layers, saved, p->n_test, (1 - p->cost_bound) * 100);
}

/* ---- the answer ---- */

static struct cp_str layer_path(struct splitter *s, size_t layer)
{
	static const char *const names[] = {"base", "mid",  "mid2", "mid3",
					    "mid4", "mid5", "mid6", "mid7"};
	struct cp_str stem = s->path, end = CP_S("");
	size_t dot = cp_str_rfind(s->path, '.'), slash = cp_str_rfind(s->path, '/');

	if (layer + 1 == s->n_layers)
		return s->path;
	if (dot < s->path.n && (slash >= s->path.n || dot > slash)) {
		stem = cp_str_sub(s->path, 0, dot);
		end = cp_str_from(s->path, dot);
	}
	for (int i = 0; i < 10; i++) {
		struct cp_str number = i ? cp_arena_printf(s->a, "%d", i + 1) : CP_S("");
		struct cp_str p = cp_arena_printf(s->a, "%.*s-%s%.*s%.*s", CP_STR(stem),
						  names[layer], CP_STR(number), CP_STR(end));
		struct cp_entry e;
		struct cp_err none = {0};

		if (p.p && cp_tree_find(s->run->head, p, &e, &none) == CP_ENOTFOUND)
			return p;
	}
	return cp_str_n(NULL, 0);
}

static int fill_layers(struct splitter *s)
{
	struct cp_report_split *r = &s->report;
	double total = 0;

	r->layers = cp_arena_array(s->a, s->n_layers, sizeof(*r->layers));
	if (!r->layers)
		return CP_ENOMEM;
	for (size_t l = 0; l < s->n_layers; l++) {
		struct cp_report_layer *out = &r->layers[l];

		out->file = layer_path(s, l);
		out->packages = cp_arena_array(s->a, s->now->n_items, sizeof(*out->packages));
		if (!out->file.p || !out->packages)
			return CP_ENOMEM;
		for (size_t i = 0; i < s->now->n_items; i++) {
			size_t id = id_of(s, s->now->items[i].key);
			double w = s->weights && id != SIZE_MAX ? s->weights[id] : 1;

			total += l == 0 ? w : 0;
			if (s->layer_of[i] != l)
				continue;
			out->packages[out->n_packages++] = s->now->items[i].key;
			out->share += w;
			out->changes += id != SIZE_MAX ? s->split.changes[id] : 0;
		}
		out->share = total > 0 ? out->share / total : 0;
		out->kept = s->split.n_test && l + 1 < s->n_layers
				    ? r->layer_kept[l + 1] / (double)s->split.n_test
				    : 0;
	}
	r->n_layers = s->n_layers;
	return 0;
}

static int fill_churn(struct splitter *s)
{
	struct cp_report_split *r = &s->report;

	r->packages = cp_arena_array(s->a, s->churn->n_names, sizeof(*r->packages));
	if (!r->packages)
		return CP_ENOMEM;
	for (size_t id = 0; id < s->churn->n_names;
	     id++) { /* insertion: by changes, then by appearance */
		struct cp_report_package p = {s->churn->names[id], s->split.changes[id],
					      s->split.group_of[id]};
		size_t at = r->n_packages++;

		for (; at > 0 && r->packages[at - 1].changes < p.changes; at--)
			r->packages[at] = r->packages[at - 1];
		r->packages[at] = p;
	}
	r->names = s->churn->names;
	r->n_events = s->churn->n_events;
	r->from = s->churn->from;
	for (size_t i = 0; i < s->churn->n_events; i++)
		r->n_only_text += s->churn->events[i].n == 0;
	r->batch = s->split.batch;
	r->cost = s->split.cost;
	r->cost_bound = s->split.cost_bound;
	r->train_cost = s->split.train_cost;
	r->n_train = s->split.n_train;
	r->n_test = s->split.n_test;
	return 0;
}

/* ---- the patch ---- */

static int print_patch(struct splitter *s, struct cp_buf *out, struct cp_err *err)
{
	struct cp_split_files files = {.path = s->path,
				       .n_layers = s->n_layers - 1,
				       .all = s->now,
				       .layer_of = s->layer_of};

	files.layers = cp_arena_array(s->a, s->n_layers, sizeof(*files.layers));
	if (!files.layers)
		return cp_err_nomem(err);
	for (size_t i = 0; i < files.n_layers; i++)
		files.layers[i] = s->report.layers[i].file;
	return cp_split_print(s->a, s->run->head,
			      s->run->n_images ? &s->run->images[0].request : NULL, &files, out,
			      err);
}

static int put_patch(struct splitter *s, bool wanted, struct cp_buf *out, struct cp_err *err)
{
	cp_auto_buf struct cp_buf patch = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_err why = {0};
	int r;

	if (!cp_str_eq(s->report.action, CP_S("split")))
		return wanted ? cp_err_set(err, CP_EUNSUPPORTED, "no patch: %.*s",
					   CP_STR(s->report.reason))
			      : 0;
	r = print_patch(s, &patch, &why);
	if (r == 0 && cp_buf_error(&patch))
		r = cp_err_set(&why, cp_buf_error(&patch), "the patch is too large");
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0 && wanted)
		return cp_err_set(err, CP_EUNSUPPORTED, "no patch: %s", why.message);
	if (r < 0)
		s->report.no_patch = cp_arena_str(s->a, cp_str_c(why.message));
	else if (wanted)
		cp_buf_adds(out, cp_buf_str(&patch));
	else
		s->report.patch = cp_arena_str(s->a, cp_buf_str(&patch));
	return (r < 0 ? s->report.no_patch.p : s->report.patch.p) || wanted ? 0 : cp_err_nomem(err);
}

/* ---- all of it ---- */

static int read_tree(const void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	const struct splitter *s = self;

	return cp_tree_read_path(s->run->head, path, out, err);
}

static int read_file(struct splitter *s, struct cp_err *err)
{
	struct cp_req_reader reader = {read_tree, s};
	struct cp_req_problem *problems;
	struct cp_req_file *files;
	size_t n;
	const struct cp_request *q = &s->run->request;
	struct cp_str context = s->run->n_images ? s->run->images[0].request.context : CP_S(".");
	struct cp_entry e;
	int r = 0;

	if (q->split.n)
		r = cp_run_repository_path(s->run, q->split, &s->path, err);
	else
		s->path = cp_path_join(
			s->a,
			cp_context_is_remote(context) || cp_str_eq(context, CP_S(".")) ? CP_S("")
										       : context,
			CP_S("requirements.txt"));
	if (r == 0 && !s->path.p)
		r = cp_err_nomem(err);
	if (r == 0)
		r = cp_tree_find(s->run->head, s->path, &e, err);
	if (r == CP_ENOTFOUND && !q->split.n)
		cp_err_hint(err, "name the file: cachepredict split FILE");
	if (r == 0 && e.kind != CP_ENTRY_FILE && e.kind != CP_ENTRY_EXEC)
		r = cp_err_set(err, CP_EUNSUPPORTED, "%.*s is no regular file", CP_STR(s->path));
	if (r < 0)
		return r;
	r = cp_requirements_read(s->a, &reader, s->path, &files, &n, &problems,
				 &s->report.n_problems, err);
	if (r < 0)
		return r;
	s->now = files[0].requirements;
	s->report.problems = problems;
	for (size_t i = 1; r == 0 && i < n; i++)
		if (!files[i].requirements)
			r = note(s,
				 cp_arena_printf(
					 s->a, "%.*s, which it includes, is not in the repository",
					 CP_STR(files[i].path)));
	return r < 0 ? cp_err_nomem(err) : 0;
}

/* The file, its history and the partition, and what speaks against it. */
static int work_out(struct splitter *s, struct cp_err *err)
{
	int r = read_file(s, err);

	if (r == 0)
		r = read_history(s, err);
	if (r == 0)
		r = choose(s, err);
	return r == 0 && guards(s) < 0 ? cp_err_nomem(err) : r;
}

int cp_run_split(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	struct splitter s = {.run = run, .a = run->arena};
	bool patch = cp_str_eq(run->request.format, CP_S("patch"));
	int r = work_out(&s, err);

	if (r < 0)
		return r;
	s.report.reason = judge(&s, &s.report.action);
	if (!s.report.reason.p || fill_layers(&s) < 0 || fill_churn(&s) < 0)
		return cp_err_nomem(err);
	r = put_patch(&s, patch, out, err);
	if (r < 0 || patch)
		return r;
	s.report.file = s.path;
	s.report.head_rev = run->report.head_rev;
	s.report.head_commit = cp_str_c(run->head_commit.hex);
	s.report.requirements = s.now;
	s.report.notes = s.notes.items;
	s.report.n_notes = s.notes.n;
	*ret_status = s.report.n_problems ? 4 : 0;
	return cp_report_split(&s.report, run->request.format, &run->request.style, out, err);
}

int cp_split_plan(struct cp_run *run, struct cp_split_plan *ret_plan, struct cp_err *err)
{
	struct splitter s = {.run = run, .a = run->arena};
	struct cp_split_plan plan = {.n_layers = 0};
	int r = work_out(&s, err);

	if (r < 0)
		return r;
	plan.reason = judge(&s, &plan.action);
	if (!plan.reason.p || fill_layers(&s) < 0)
		return cp_err_nomem(err);
	if (s.n_layers < 2 || s.report.refused.n || s.report.n_problems)
		return cp_err_set(err, CP_EUNSUPPORTED, "no split: %.*s", CP_STR(plan.reason));
	plan.path = s.path;
	plan.n_layers = s.n_layers - 1;
	plan.layers = cp_arena_array(s.a, plan.n_layers, sizeof(*plan.layers));
	if (s.split.n_train < s.churn->n_events)
		plan.scored_from = s.churn->events[s.split.n_train].time;
	for (size_t i = 0; plan.layers && i < plan.n_layers; i++)
		plan.layers[i] = s.report.layers[i].file;
	for (size_t i = 0; plan.layers && i < s.now->n_items; i++)
		if (cp_map_put(s.a, &plan.layer_of, s.now->items[i].key,
			       (void *)(uintptr_t)(s.layer_of[i] + 1)) < 0)
			plan.layers = NULL;
	if (!plan.layers)
		return cp_err_nomem(err);
	*ret_plan = plan;
	return 0;
}
