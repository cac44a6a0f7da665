/* `split`: the file, its history, the choice, and whether it may be made. */
#include "splitter_int.h"

#define WORTH 0.75    /* a split that may leave more than this of the cost is not worth its files */
#define FEW_EVENTS 12 /* changes of a file from which nothing is learnt */

int cp_splitter_note(struct cp_splitter *s, struct cp_str text)
{
	return text.p && cp_vec_push(s->a, &s->notes, text) == 0 ? 0 : CP_ENOMEM;
}

/* ---- the choice ---- */

/* Layers that no package of today is in are left out; what cannot be moved is in the last one. */
static int place_items(struct cp_splitter *s)
{
	uint32_t map[CP_MAX_SPLIT_LAYERS] = {0}, used[CP_MAX_SPLIT_LAYERS] = {0}, n = 0;

	s->layer_of = cp_arena_array(s->a, s->now->n_items, sizeof(*s->layer_of));
	if (!s->layer_of)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->now->n_items; i++) {
		size_t id = cp_splitter_id(s, s->now->items[i].key);

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

static int choose(struct cp_splitter *s, struct cp_err *err)
{
	bool *last = cp_arena_array(s->a, s->churn->n_names, sizeof(*last));
	int64_t asked = s->run->request.layers;
	struct cp_split_input in = {.churn = s->churn, .last = last, .max_layers = 3};
	int r = last ? 0 : cp_err_nomem(err);

	if (asked > 0)
		in.max_layers = asked < CP_MAX_SPLIT_LAYERS ? (size_t)asked : CP_MAX_SPLIT_LAYERS;
	if (r == 0)
		r = cp_splitter_weights(s, err);
	in.weights = s->weights;
	for (size_t i = 0; r == 0 && i < s->now->n_items; i++) {
		const struct cp_requirement *q = &s->now->items[i];
		size_t id = cp_splitter_id(s, q->key);

		if (id != SIZE_MAX && (q->editable || q->kind == CP_REQ_PATH || !q->named ||
				       (q->kind == CP_REQ_URL && !q->n_hashes)))
			last[id] = true;
	}
	if (r == 0)
		r = cp_split_find(s->a, &in, &s->split, err);
	return r < 0 ? r : place_items(s) < 0 ? cp_err_nomem(err) : 0;
}

/* ---- may it be made? ---- */

static int guards(struct cp_splitter *s)
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
	    cp_splitter_note(
		    s,
		    cp_arena_printf(
			    s->a,
			    "%zu of %zu requirements are not pinned to one version: that the same set is installed after "
			    "a split cannot be guaranteed",
			    unpinned, s->now->n_items)) < 0)
		return CP_ENOMEM;
	if (s->now->generated &&
	    cp_splitter_note(
		    s,
		    CP_S("a program writes this file: its next run writes it whole again, so the split has to become part of that run")) <
		    0)
		return CP_ENOMEM;
	if (s->report.n_unread &&
	    cp_splitter_note(s,
			     cp_arena_printf(s->a, "%zu versions of the file are not in this clone",
					     s->report.n_unread)) < 0)
		return CP_ENOMEM;
	if (s->churn->cut &&
	    cp_splitter_note(s, CP_S("the history was too long: its newest part was left out")) < 0)
		return CP_ENOMEM;
	return 0;
}

static struct cp_str judge(struct cp_splitter *s, struct cp_str *ret_action)
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

static struct cp_str layer_path(struct cp_splitter *s, size_t layer)
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

static int fill_layers(struct cp_splitter *s)
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
			size_t id = cp_splitter_id(s, s->now->items[i].key);
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

static int fill_churn(struct cp_splitter *s)
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

/* ---- all of it ---- */

static int read_tree(const void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	const struct cp_splitter *s = self;

	return cp_tree_read_path(s->run->head, path, out, err);
}

static int read_file(struct cp_splitter *s, struct cp_err *err)
{
	struct cp_req_reader reader = {read_tree, s};
	struct cp_req_problem *problems;
	struct cp_req_file *files;
	size_t n;
	struct cp_entry e;
	int r;

	s->path = s->target->path;
	r = cp_tree_find(s->run->head, s->path, &e, err);
	if (r == CP_ENOTFOUND && !s->run->request.split.n)
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
			r = cp_splitter_note(
				s,
				cp_arena_printf(s->a,
						"%.*s, which it includes, is not in the repository",
						CP_STR(files[i].path)));
	return r < 0 ? cp_err_nomem(err) : 0;
}

/* The file, its history and the partition, and what speaks against it. */
static int work_out(struct cp_splitter *s, struct cp_err *err)
{
	int r = read_file(s, err);

	if (r == 0)
		r = cp_splitter_history(s, err);
	if (r == 0)
		r = choose(s, err);
	return r == 0 && guards(s) < 0 ? cp_err_nomem(err) : r;
}

/* All that is said of one file; its patch is not made yet. */
static int answer_file(struct cp_splitter *s, struct cp_err *err)
{
	int r = work_out(s, err);

	if (r < 0)
		return r;
	s->report.reason = judge(s, &s->report.action);
	if (!s->report.reason.p || fill_layers(s) < 0 || fill_churn(s) < 0)
		return cp_err_nomem(err);
	s->report.file = s->path;
	s->report.head_rev = s->run->report.head_rev;
	s->report.head_commit = cp_str_c(s->run->head_commit.hex);
	s->report.requirements = s->now;
	return 0;
}

static void make_files(const struct cp_splitter *s, struct cp_str *layers,
		       struct cp_split_files *ret)
{
	*ret = (struct cp_split_files){.path = s->path,
				       .layers = layers,
				       .n_layers = s->n_layers - 1,
				       .all = s->now,
				       .layer_of = s->layer_of};
	for (size_t i = 0; i + 1 < s->n_layers; i++)
		layers[i] = s->report.layers[i].file;
}

/* The patch of one file and of every Dockerfile that it concerns; `edited`: Dockerfiles that may not be edited again. */
static int put_patch(struct cp_splitter *s, struct cp_map *edited, struct cp_err *err)
{
	cp_auto_buf struct cp_buf patch = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_str *layers = cp_arena_array(s->a, s->n_layers, sizeof(*layers));
	struct cp_split_files files;
	struct cp_err why = {0};
	int r;

	if (!layers)
		return cp_err_nomem(err);
	if (!cp_str_eq(s->report.action, CP_S("split")))
		return 0;
	make_files(s, layers, &files);
	r = cp_split_print_all(s->run, &files, edited, &patch, &why);
	if (r == 0 && cp_buf_error(&patch))
		r = cp_err_set(&why, cp_buf_error(&patch), "the patch is too large");
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0)
		s->report.no_patch = cp_arena_str(s->a, cp_str_c(why.message));
	else
		s->report.patch = cp_arena_str(s->a, cp_buf_str(&patch));
	return (r < 0 ? s->report.no_patch.p : s->report.patch.p) ? 0 : cp_err_nomem(err);
}

/* The patches of all files as one. None at all is an error, with the first reason. */
static int print_patches(const struct cp_report_split *all, size_t n, struct cp_buf *out,
			 struct cp_err *err)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		cp_buf_adds(out, all[i].patch);
		any = any || all[i].patch.n;
	}
	if (any)
		return 0;
	return cp_err_set(err, CP_EUNSUPPORTED, "no patch: %.*s",
			  CP_STR(all[0].no_patch.n ? all[0].no_patch : all[0].reason));
}

static int answer_files(struct cp_run *run, const struct cp_split_target *targets, size_t n,
			bool together, struct cp_report_split *ret, struct cp_err *err)
{
	struct cp_map edited = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct cp_splitter s = {.run = run, .target = &targets[i], .a = run->arena};
		struct cp_map alone = {0}, *now = together ? &edited : &alone;

		r = answer_file(&s, err);
		if (r == 0)
			r = put_patch(&s, now, err);
		if (r == 0)
			r = cp_splitter_costs(&s, now, err);
		s.report.notes = s.notes.items;
		s.report.n_notes = s.notes.n;
		ret[i] = s.report;
	}
	return r;
}

int cp_run_split(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	bool patch = cp_str_eq(run->request.format, CP_S("patch"));
	struct cp_split_target *targets;
	struct cp_report_split *all;
	size_t n;
	int r = cp_split_targets(run, &targets, &n, err);

	if (r < 0)
		return r;
	all = cp_arena_array(run->arena, n, sizeof(*all));
	r = all ? answer_files(run, targets, n, patch, all, err) : cp_err_nomem(err);
	if (r < 0)
		return r;
	if (patch)
		return print_patches(all, n, out, err);
	for (size_t i = 0; i < n; i++)
		*ret_status = all[i].n_problems ? 4 : *ret_status;
	return cp_report_split(all, n, run->request.format, &run->request.style, out, err);
}

int cp_split_plan(struct cp_run *run, struct cp_split_plan *ret_plan, struct cp_err *err)
{
	struct cp_splitter s = {.run = run, .a = run->arena};
	struct cp_split_plan plan = {.n_layers = 0};
	struct cp_split_target *targets;
	size_t n;
	int r = cp_split_targets(run, &targets, &n, err);

	if (r == 0 && n > 1) {
		cp_err_set(err, CP_EUSAGE, "the images install %zu requirement files", n);
		cp_err_hint(err, "name one: --with split:FILE");
		return CP_EUSAGE;
	}
	s.target = targets;
	if (r == 0)
		r = work_out(&s, err);
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
