/* `backtest`: commits ─► traces (side by side) ─► the replay (in order) ─► causes (side by side). */
#include "backtest_int.h"

#include <stdlib.h>

#include "backtest_test_int.h"

#define DEFAULT_COMMITS 300
#define CHUNK 64 /* commits between two looks at whether somebody cancelled */

/* ---- one commit ---- */

/* An error of one commit is a part of the answer; CP_ENOMEM and CP_ECANCELLED come back. */
static int settle(struct cp_arena *scratch, int r, struct cp_err *why, struct cp_err *err)
{
	if (cp_arena_failed(scratch) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (cp_arena_failed(scratch) && r != CP_ECANCELLED)
		r = cp_err_set(why, CP_ELIMIT, "the build needs more than %zu MiB of memory",
			       (size_t)CP_MAX_ARENA_BYTES >> 20);
	if (cp_run_is_over(r))
		return cp_err_set(err, r, "%s", why->message);
	return 0;
}

static int read_subject(struct cp_test *t, unsigned thread, const struct cp_commit *c,
			struct cp_str *ret)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_err ignored = {0};

	if (cp_repo_subject(t->run->repo, c, &text, &ignored) == CP_ENOMEM)
		return CP_ENOMEM;
	*ret = cp_arena_str(t->arenas[thread], cp_buf_str(&text));
	return ret->p ? 0 : CP_ENOMEM;
}

static int trace_tree(struct cp_test *t, unsigned thread, struct cp_test_commit *x,
		      const struct cp_image_request *request, struct cp_tree *tree,
		      struct cp_err *err)
{
	cp_auto_arena struct cp_arena *scratch = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run image = {
		.request = *request, .platform = t->platform, .arena = scratch, .memo = t->memo};
	struct cp_build b;
	int r;

	if (!scratch)
		return cp_err_nomem(err);
	r = cp_image_build(t->run, &image, tree, &b, &x->out->error);
	if (r == 0)
		r = cp_trace_make(t->arenas[thread], scratch, &b, t->contents[thread], &x->trace,
				  &x->out->error);
	if (r == 0 && cp_arena_failed(scratch))
		x->trace = NULL;
	return settle(scratch, r, &x->out->error, err);
}

/* The build with an argument that has another value at every commit: its id. */
static int trace_changing(struct cp_test *t, unsigned thread, struct cp_test_commit *x,
			  struct cp_tree *tree, struct cp_err *err)
{
	struct cp_image_request request = t->request;
	size_t n = request.n_build_args;
	struct cp_setting *args = cp_arena_array(t->arenas[thread], n + 1, sizeof(*args));

	if (!args)
		return cp_err_nomem(err);
	if (n)
		memcpy(args, request.build_args, n * sizeof(*args));
	args[n] = (struct cp_setting){cp_what_if_changing(t->edit), x->out->hex, true};
	request.build_args = args;
	request.n_build_args = n + 1;
	x->out->edited = true;
	x->out->why_not = x->out->patch = CP_S("");
	return trace_tree(t, thread, x, &request, tree, err);
}

/* The tree of a commit with the edit, or as it is where the edit does not fit. */
static int trace_edited(struct cp_test *t, unsigned thread, struct cp_test_commit *x,
			struct cp_tree *tree, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *scratch = cp_arena_new(CP_MAX_ARENA_BYTES);
	const struct cp_split_plan *plan = cp_what_if_plan(t->edit);
	struct cp_arena *a = t->arenas[thread];
	struct cp_edited edited = {.tree = NULL};
	struct cp_entry e = {.kind = CP_ENTRY_DIR};
	struct cp_err ignored = {0};
	int r = scratch ? cp_what_if_apply(t->edit, scratch, &t->request, tree, &edited, err)
			: cp_err_nomem(err);

	if (r < 0)
		return r;
	if (plan && cp_tree_find(tree, plan->path, &e, &ignored) == 0)
		x->split_file = e.oid;
	x->out->edited = edited.tree != NULL;
	x->out->why_not = cp_arena_str(a, edited.why);
	x->out->patch = cp_arena_str(a, t->run->request.patches ? edited.patch : CP_S(""));
	if (x->out->why_not.p && x->out->patch.p)
		r = trace_tree(t, thread, x, &t->request, edited.tree ? edited.tree : tree, err);
	else
		r = cp_err_nomem(err);
	cp_tree_free(edited.tree);
	return r;
}

/* The files that installs read, as they are at this commit; those that are not there have no id. */
static int watch(struct cp_test *t, unsigned thread, struct cp_test_commit *x, struct cp_tree *tree)
{
	size_t n = 0;

	x->watched = cp_arena_array(t->arenas[thread], t->n_watched, sizeof(*x->watched));
	if (!x->watched)
		return CP_ENOMEM;
	for (size_t i = 0; i < t->n_installs; i++)
		for (size_t k = 0; k < t->installs[i].n_files; k++) {
			struct cp_entry e = {.kind = CP_ENTRY_DIR};
			struct cp_err ignored = {0};

			if (cp_tree_find(tree, t->installs[i].files[k], &e, &ignored) == CP_ENOMEM)
				return CP_ENOMEM;
			x->watched[n++] = e.oid;
		}
	return 0;
}

static int trace_piece(void *self, unsigned thread, size_t at, struct cp_err *err)
{
	struct cp_test *t = self;
	struct cp_test_commit *x = &t->all[t->first + at];
	const struct cp_commit *c = &t->commits[t->first + at];
	struct cp_tree *tree = NULL;
	int r;

	x->out->hex = cp_str_c(c->hex);
	x->out->time = c->time;
	if (read_subject(t, thread, c, &x->out->subject) < 0)
		return cp_err_nomem(err);
	r = cp_repo_tree(t->run->repo, c, c->hex, &tree, &x->out->error);
	if (r == 0 && watch(t, thread, x, tree) < 0)
		r = cp_err_nomem(&x->out->error);
	if (r == 0)
		r = !t->edit ? trace_tree(t, thread, x, &t->request, tree, err)
		    : cp_what_if_changing(t->edit).n ? trace_changing(t, thread, x, tree, err)
						     : trace_edited(t, thread, x, tree, err);
	else if (cp_run_is_over(r))
		cp_err_set(err, r, "%s", x->out->error.message);
	else
		r = 0;
	cp_tree_free(tree);
	return r;
}

/* ---- causes ---- */

/* A cause whose texts outlive the comparison. */
static int keep_cause(struct cp_arena *a, const struct cp_cause *from, struct cp_cause *to)
{
	*to = *from;
	to->message = cp_arena_str(a, from->message);
	to->hint = cp_arena_str(a, from->hint);
	to->paths = cp_arena_array(a, from->n_paths, sizeof(*to->paths));
	to->names = cp_arena_array(a, from->n_names, sizeof(*to->names));
	if (!to->message.p || !to->hint.p || !to->paths || !to->names)
		return CP_ENOMEM;
	for (size_t i = 0; i < from->n_paths; i++) {
		to->paths[i] = from->paths[i];
		to->paths[i].path = cp_arena_str(a, from->paths[i].path);
		if (!to->paths[i].path.p)
			return CP_ENOMEM;
	}
	for (size_t i = 0; i < from->n_names; i++) {
		to->names[i] = cp_arena_str(a, from->names[i]);
		if (!to->names[i].p)
			return CP_ENOMEM;
	}
	return 0;
}

/* What the comparison says of a step. Where it stands on one that hit here, this pair was never there. */
static int take_cause(struct cp_test *t, unsigned thread, const struct cp_test_commit *x,
		      const struct cp_prediction *p, struct cp_backtest_miss *m)
{
	size_t at = (size_t)(m->step - x->out->graph->steps);
	const struct cp_cause *c = &p->steps[at].cause;

	if (x->trace->ops[m->step->op->index].absent) {
		m->cause = (struct cp_cause){
			.kind = CP_CAUSE_UNRESOLVED,
			.step = -1,
			.hint = CP_S(""),
			.message = CP_S("a path that it takes is not in the repository")};
		return 0;
	}
	if (c->kind == CP_CAUSE_NONE ||
	    (c->step >= 0 && x->out->outcomes[c->step] == CP_OUTCOME_HIT)) {
		m->cause = (struct cp_cause){
			.kind = CP_CAUSE_NOT_IN_CACHE,
			.step = -1,
			.hint = CP_S(""),
			.message = CP_S("no build so far had it on top of what it stands on now")};
		return 0;
	}
	return keep_cause(t->arenas[thread], c, &m->cause);
}

static int explain(struct cp_test *t, unsigned thread, struct cp_test_commit *x, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *scratch = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run image = {
		.request = t->request, .platform = t->platform, .arena = scratch, .memo = t->memo};
	const struct cp_commit *now = &t->commits[x - t->all],
			       *then = &t->commits[t->build_to_commit[x->replayed.nearest]];
	struct cp_tree *a = NULL, *b = NULL;
	struct cp_prediction p = {0};
	struct cp_err why = {0};
	int r = scratch ? cp_repo_tree(t->run->repo, then, then->hex, &a, &why)
			: cp_err_nomem(&why);

	if (r == 0)
		r = cp_repo_tree(t->run->repo, now, now->hex, &b, &why);
	if (r == 0)
		r = cp_image_compare(t->run, &image, a, b, &p, &why);
	for (size_t i = 0; r == 0 && p.n_steps == x->out->graph->n_steps && i < x->out->n_misses;
	     i++)
		r = take_cause(t, thread, x, &p, &x->out->misses[i]);
	cp_tree_free(a);
	cp_tree_free(b);
	return scratch ? settle(scratch, r, &why, err) : cp_err_nomem(err);
}

static int explain_piece(void *self, unsigned thread, size_t at, struct cp_err *err)
{
	struct cp_test *t = self;
	struct cp_test_commit *x = &t->all[t->first + at];

	if (!x->out->n_misses || x->replayed.nearest == CP_REPLAY_NONE)
		return 0;
	return explain(t, thread, x, err);
}

/* ---- the replay ---- */

static enum cp_outcome worse(enum cp_outcome x, enum cp_outcome y)
{
	static const int rank[] = {0, 3, 1, 2}; /* hit, miss, depends, unknown: MISS says most */

	return rank[x] >= rank[y] ? x : y;
}

static int note_misses(struct cp_test *t, struct cp_test_commit *x)
{
	struct cp_backtest_commit *out = x->out;

	out->misses = cp_arena_array(t->arenas[0], out->graph->n_steps, sizeof(*out->misses));
	if (!out->misses)
		return CP_ENOMEM;
	for (size_t i = 0; i < out->graph->n_steps; i++) {
		const struct cp_step *s = &out->graph->steps[i];

		if (!cp_backtest_counts(s))
			continue;
		if (out->outcomes[i] == CP_OUTCOME_HIT) {
			out->n_hits++;
			continue;
		}
		out->misses[out->n_misses++] = (struct cp_backtest_miss){
			.step = s, .outcome = out->outcomes[i], .cause = {.step = -1}};
		out->outcome = worse(out->outcome, out->outcomes[i]);
	}
	return 0;
}

static int replay(struct cp_test *t, struct cp_test_commit *x, struct cp_err *err)
{
	struct cp_digest *own = NULL;
	int r;

	if (!x->trace)
		return 0;
	r = cp_replay_add(t->replay, t->arenas[0], x->trace, &x->replayed, err);
	if (r == 0)
		r = cp_trace_own(t->arenas[0], x->trace, &own, err);
	if (r < 0)
		return r;
	t->build_to_commit[t->n_builds++] = (size_t)(x - t->all);
	x->out->built = true;
	x->out->absent = x->trace->absent;
	x->out->graph = x->trace->graph;
	x->out->own = own;
	x->out->outcomes = x->replayed.outcomes;
	return note_misses(t, x) < 0 ? cp_err_nomem(err) : 0;
}

/* ---- all commits ---- */

static void tick(void *self, size_t begun)
{
	struct cp_test *t = self;
	const struct cp_world *w = t->run->world;

	if (w->progress && t->pieces)
		w->progress(w->self, t->before + t->first + begun, t->pieces, "commits");
}

static int replay_chunk(struct cp_test *t, size_t n, bool causes, struct cp_err *err)
{
	struct cp_pool_work traces = {trace_piece, tick, t}, explained = {explain_piece, NULL, t};
	int r = cp_pool_run(t->run, t->threads, n, &traces, err);

	if (r == 0)
		tick(t, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = cp_run_is_cancelled(t->run) ? cp_err_set(err, CP_ECANCELLED, "cancelled")
						: replay(t, &t->all[t->first + i], err);
	if (r == 0 && causes)
		r = cp_pool_run(t->run, t->threads, n, &explained, err);
	return r;
}

static int replay_all(struct cp_test *t, bool *ret_cancelled, struct cp_err *err)
{
	for (t->first = 0; t->first < t->n; t->first += CHUNK) {
		size_t n = t->n - t->first < CHUNK ? t->n - t->first : CHUNK;
		int r = replay_chunk(t, n, !t->edit, err);

		if (r == CP_ECANCELLED && t->first) { /* what is whole is the answer */
			*ret_cancelled = true;
			return 0;
		}
		if (r < 0)
			return r;
		t->n_out = t->first + n;
	}
	return 0;
}

/* ---- what it comes to ---- */

struct cp_sums cp_test_sums(const struct cp_test *t)
{
	return (struct cp_sums){.a = t->run->arena,
				.costs = t->costs,
				.image = t->request.name,
				.installs = t->installs,
				.n_installs = t->n_installs};
}

/* Which installs have the files of the commit before. */
int cp_test_note_unchanged(const struct cp_test *t, size_t commit)
{
	const struct cp_test_commit *x = &t->all[commit], *before = &t->all[commit - 1];
	bool *unchanged = cp_arena_array(t->run->arena, t->n_installs, sizeof(*unchanged));
	size_t at = 0;

	if (!unchanged)
		return CP_ENOMEM;
	for (size_t i = 0; i < t->n_installs; i++) {
		unchanged[i] = x->watched && before->watched;
		for (size_t k = 0; k < t->installs[i].n_files; k++, at++)
			unchanged[i] = unchanged[i] && x->watched[at].n &&
				       cp_oid_eq(&x->watched[at], &before->watched[at]);
	}
	x->out->unchanged = unchanged;
	return 0;
}

static int sum_image(const struct cp_test *t, struct cp_backtest_image *out)
{
	struct cp_sums s = cp_test_sums(t);

	s.totals.n = out->n_commits ? out->n_commits - 1 : 0;
	if (out->n_commits && out->commits[0].built && cp_sums_start(&s, &out->commits[0]) < 0)
		return CP_ENOMEM;
	for (size_t i = 1; i < out->n_commits; i++)
		if (cp_test_note_unchanged(t, i) < 0 ||
		    (out->commits[i].built && cp_sums_add(&s, &out->commits[i], i) < 0))
			return CP_ENOMEM;
	for (size_t i = out->n_commits; i-- > 0 && !out->assumptions;)
		if (out->commits[i].built) {
			out->assumptions = out->commits[i].graph->assumptions;
			out->n_assumptions = out->commits[i].graph->n_assumptions;
		}
	return cp_sums_end(&s, &out->totals, &out->steps, &out->n_steps);
}

/* ---- one image ---- */

/* Variables of the environment, which only the caller's thread may ask for. */
static int settle_request(struct cp_test *t, struct cp_arena *a)
{
	const struct cp_environment *env = &t->run->world->env;
	struct cp_setting *args = cp_arena_array(a, t->request.n_build_args, sizeof(*args));
	size_t n = 0;

	if (!args)
		return CP_ENOMEM;
	for (size_t i = 0; i < t->request.n_build_args; i++) {
		struct cp_setting s = t->request.build_args[i];
		const char *value = !s.has_value && env->get ? env->get(env->self, s.key.p) : NULL;

		if (!s.has_value && !value)
			continue;
		if (!s.has_value)
			s.value = cp_arena_str(a, cp_str_c(value));
		if (!s.value.p && s.value.n)
			return CP_ENOMEM;
		s.has_value = true;
		args[n++] = s;
	}
	t->request.build_args = args;
	t->request.n_build_args = n;
	return 0;
}

static void test_free(struct cp_test *t)
{
	for (unsigned i = 0; i < CP_MAX_THREADS; i++)
		cp_contents_free(t->contents[i]);
	cp_replay_free(t->replay);
}

/* What the answer points into lives until the end of the run. */
struct kept {
	struct cp_image_memo *memo;
	struct cp_arena *arenas[CP_MAX_THREADS];
};

static int test_init(struct cp_test *t, struct kept *kept)
{
	t->threads = cp_pool_threads(t->n);
	t->memo = kept->memo = cp_image_memo_new();
	t->replay = cp_replay_new();
	t->out = cp_arena_array(t->run->arena, t->n, sizeof(*t->out));
	t->all = cp_arena_array(t->run->arena, t->n, sizeof(*t->all));
	t->build_to_commit = cp_arena_array(t->run->arena, t->n, sizeof(*t->build_to_commit));
	if (!t->memo || !t->replay || !t->all || !t->build_to_commit || !t->out)
		return CP_ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		t->all[i].out = &t->out[i];
	for (unsigned i = 0; i < t->threads; i++) {
		t->arenas[i] = kept->arenas[i] = cp_arena_new(CP_MAX_ARENA_BYTES);
		t->contents[i] = cp_contents_new();
		if (!t->arenas[i] || !t->contents[i])
			return CP_ENOMEM;
	}
	return settle_request(t, t->run->arena);
}

/* No commit has a build: the error of the newest one is the image's. */
static void note_failure(struct cp_backtest_image *out)
{
	for (size_t i = 0; i < out->n_commits; i++)
		if (out->commits[i].built)
			return;
	if (out->n_commits)
		out->error = out->commits[out->n_commits - 1].error;
}

/* What was made without memory for a part of it may look whole. */
static int memory_failure(const struct cp_test *t, struct cp_err *err)
{
	int failed = cp_image_memo_failed(t->memo);

	for (unsigned i = 0; !failed && i < t->threads; i++)
		failed = cp_arena_failed(t->arenas[i]);
	if (failed == CP_ENOMEM)
		return cp_err_nomem(err);
	return failed ? cp_err_set(err, failed,
				   "the history needs too much memory: ask for fewer commits")
		      : 0;
}

static int replay_history(struct cp_test *t, struct kept *kept, bool *ret_cancelled,
			  struct cp_err *err)
{
	int r = test_init(t, kept) < 0 ? cp_err_nomem(err) : 0;

	if (r == 0)
		r = replay_all(t, ret_cancelled, err);
	if (r == 0)
		r = memory_failure(t, err);
	test_free(t);
	return r;
}

/* ---- all of it ---- */

static int find_commits(struct cp_run *run, struct cp_report_backtest *report,
			struct cp_commit **ret_commits, size_t *ret_n, struct cp_err *err)
{
	int64_t asked = run->request.commits > 0 ? run->request.commits : DEFAULT_COMMITS;
	struct cp_commit *commits;
	size_t n;
	int r;

	if (asked > CP_MAX_BACKTEST_COMMITS)
		return cp_err_set(err, CP_EUSAGE, "at most %d commits are replayed",
				  CP_MAX_BACKTEST_COMMITS);
	report->n_asked = (size_t)asked;
	r = cp_repo_history(run->arena, run->repo, &run->head_commit, report->n_asked + 1, &commits,
			    &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n / 2; i++) {
		struct cp_commit c = commits[i];

		commits[i] = commits[n - 1 - i];
		commits[n - 1 - i] = c;
	}
	*ret_commits = commits;
	*ret_n = n;
	return 0;
}

static int status_of(const struct cp_report_backtest *report)
{
	for (size_t i = 0; i < report->n_images; i++) {
		int code = report->images[i].error.code;

		if (code)
			return code == CP_ENOTFOUND ? 3 : code == CP_EUSAGE ? 2 : 4;
	}
	return 0;
}

/* One image with all edits; a cancelled run has those that are whole. */
struct whole {
	struct cp_run *run;
	struct cp_report_backtest *report;
	const struct cp_commit *commits;
	size_t n;
	const struct cp_what_if **edits;
	struct kept *kept; /* per image: one for itself and one for each edit */
	const struct cp_costs *costs;
	struct cp_installs *installs; /* per image */
};

static struct cp_test test_of(const struct whole *w, size_t image, size_t replay)
{
	size_t replays = w->run->request.n_with + 1;
	struct cp_test t = {.run = w->run,
			    .commits = w->commits,
			    .n = w->n,
			    .request = w->run->images[image].request,
			    .platform = w->run->images[image].platform,
			    .before = (image * replays + replay) * w->n,
			    .pieces = w->run->n_images * replays * w->n,
			    .edit = replay ? w->edits[replay - 1] : NULL,
			    .costs = w->costs,
			    .installs = w->installs[image].items,
			    .n_installs = w->installs[image].n};

	for (size_t i = 0; i < t.n_installs; i++)
		t.n_watched += t.installs[i].n_files;
	return t;
}

static int test_edit(const struct whole *w, size_t image, size_t edit, struct cp_err *err)
{
	struct cp_backtest_image *im = &w->report->images[image];
	struct cp_backtest_edit *out = &im->edits[edit];
	struct cp_test t = test_of(w, image, edit + 1);
	int r = replay_history(&t, &w->kept[image * (w->run->request.n_with + 1) + edit + 1],
			       &w->report->cancelled, err);

	if (r == CP_ECANCELLED) {
		w->report->cancelled = true;
		return 0;
	}
	if (r < 0)
		return r;
	out->label = w->run->request.with[edit];
	out->commits = t.out;
	out->n_commits = t.n_out;
	im->n_edits = edit + 1;
	return cp_test_sum_edit(&t, im->commits, im->n_commits, out) < 0 ? cp_err_nomem(err) : 0;
}

static int test_image(const struct whole *w, size_t image, struct cp_err *err)
{
	size_t n_with = w->run->request.n_with;
	struct cp_backtest_image *out = &w->report->images[image];
	struct cp_test t = test_of(w, image, 0);
	int r = replay_history(&t, &w->kept[image * (n_with + 1)], &w->report->cancelled, err);

	if (r < 0)
		return r;
	out->request = &w->run->images[image].request;
	out->platform = t.platform.n ? t.platform : CP_S("linux/amd64");
	out->commits = t.out;
	out->n_commits = t.n_out;
	out->edits = cp_arena_array(w->run->arena, n_with, sizeof(*out->edits));
	if (!out->edits || sum_image(&t, out) < 0)
		return cp_err_nomem(err);
	note_failure(out);
	w->report->n_images = image + 1;
	for (size_t i = 0; r == 0 && i < n_with && !w->report->cancelled && !out->error.code; i++)
		r = test_edit(w, image, i, err);
	return r;
}

/* What is known beside the history: recorded durations, and what the steps of today install. */
static int read_knowledge(struct whole *w, struct cp_err *err)
{
	struct cp_built *builds = NULL;
	struct cp_err why = {0};
	size_t n = 0;
	int r = cp_run_builds(w->run, &builds, &n, &why);

	if (r == 0 && n)
		r = cp_costs_new(w->run->arena, builds, n, &w->costs, &why);
	w->installs = cp_arena_array(w->run->arena, w->run->n_images, sizeof(*w->installs));
	if (r == CP_ENOMEM || !w->installs)
		return cp_err_nomem(err);
	for (size_t i = 0; i < w->run->n_images; i++) {
		r = cp_seen_installs(w->run, i, &w->installs[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int test_images(struct whole *w, struct cp_err *err)
{
	const struct cp_request *q = &w->run->request;
	struct cp_commit *commits = NULL;
	int r = find_commits(w->run, w->report, &commits, &w->n, err);

	w->commits = commits;
	w->edits = cp_arena_array(w->run->arena, q->n_with, sizeof(*w->edits));
	if (r == 0 && !w->edits)
		r = cp_err_nomem(err);
	if (r == 0)
		r = read_knowledge(w, err);
	for (size_t i = 0; r == 0 && i < q->n_with; i++)
		r = cp_what_if_open(w->run, q->with[i], &w->edits[i], err);
	for (size_t i = 0; r == 0 && i < w->run->n_images && !w->report->cancelled; i++)
		r = test_image(w, i, err);
	return r;
}

struct cp_backtest {
	struct cp_report_backtest report;
	struct whole whole;
	struct kept *kept;
	size_t n_kept;
	CP_VEC(struct kept *) tried;
};

int cp_backtest_new(struct cp_run *run, struct cp_backtest **ret_backtest, struct cp_err *err)
{
	struct cp_backtest *b = CP_NEW(run->arena, struct cp_backtest);

	if (!b)
		return cp_err_nomem(err);
	*ret_backtest = b;
	b->report.head_rev = run->report.head_rev;
	b->report.head_commit = cp_str_c(run->head_commit.hex);
	b->n_kept = run->n_images * (run->request.n_with + 1);
	b->kept = cp_arena_array(run->arena, b->n_kept, sizeof(*b->kept));
	b->report.images = cp_arena_array(run->arena, run->n_images, sizeof(*b->report.images));
	if (!b->kept || !b->report.images)
		return cp_err_nomem(err);
	b->whole = (struct whole){.run = run, .report = &b->report, .kept = b->kept};
	return test_images(&b->whole, err);
}

int cp_backtest_try(struct cp_backtest *b, size_t image, const struct cp_what_if *edit,
		    const struct cp_backtest_commit *without, size_t n,
		    struct cp_backtest_edit *ret, struct cp_err *err)
{
	struct kept *kept = CP_NEW(b->whole.run->arena, struct kept);
	struct cp_backtest_edit out = {.label = CP_S("")};
	struct cp_test t = test_of(&b->whole, image, 0);
	bool cancelled = false;
	int r = kept && cp_vec_push(b->whole.run->arena, &b->tried, kept) == 0 ? 0
									       : cp_err_nomem(err);

	t.edit = edit;
	t.before = t.pieces = 0;
	if (r == 0)
		r = replay_history(&t, kept, &cancelled, err);
	if (r == 0 && cancelled)
		r = cp_err_set(err, CP_ECANCELLED, "cancelled");
	if (r < 0)
		return r;
	out.commits = t.out;
	out.n_commits = t.n_out;
	if (cp_test_sum_edit(&t, without, n, &out) < 0)
		return cp_err_nomem(err);
	*ret = out;
	return 0;
}

static void free_kept(struct kept *kept)
{
	cp_image_memo_free(kept->memo);
	for (unsigned k = 0; k < CP_MAX_THREADS; k++)
		cp_arena_free(kept->arenas[k]);
}

void cp_backtest_free(struct cp_backtest *b)
{
	for (size_t i = 0; b && b->kept && i < b->n_kept; i++)
		free_kept(&b->kept[i]);
	for (size_t i = 0; b && i < b->tried.n; i++)
		free_kept(b->tried.items[i]);
}

const struct cp_report_backtest *cp_backtest_report(const struct cp_backtest *b)
{
	return &b->report;
}

int cp_run_backtest(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	struct cp_backtest *b = NULL;
	int r = cp_backtest_new(run, &b, err);
	const struct cp_report_backtest *report = b ? &b->report : NULL;

	if (r == 0 && report->n_images == 1 && report->images[0].error.code) {
		if (err)
			*err = report->images[0].error;
		r = report->images[0].error.code;
	}
	if (r == 0) {
		*ret_status = status_of(report);
		r = cp_report_backtest(report, run->request.format, &run->request.style, out, err);
	}
	cp_backtest_free(b);
	return r;
}
