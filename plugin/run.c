/* The one composition root. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "advice.h"
#include "backtest.h"
#include "cache_memo.h"
#include "comment.h"
#include "held.h"
#include "inspect.h"
#include "network.h"
#include "record.h"
#include "split.h"

bool cp_run_is_cancelled(const struct cp_run *run)
{
	const struct cp_world *w = run->world;

	if (w->cancel && atomic_load(w->cancel))
		return true;
	return w->is_cancelled && w->is_cancelled(w->self);
}

/* ---- revisions ---- */

/* Where the user stands: the folder given, relative to the top of the work tree. */
static int find_prefix(struct cp_run *run, const char *path, struct cp_err *err)
{
	const char *top = cp_repo_work_tree(run->repo);
	cp_auto_free char *real = realpath(path, NULL);
	cp_auto_free char *real_top = top ? realpath(top, NULL) : NULL;
	struct cp_str at = cp_str_c(real), root = cp_str_c(real_top);

	run->prefix = CP_S("");
	if (!real_top || !real || !cp_str_starts(at, root) ||
	    (at.n > root.n && at.p[root.n] != '/'))
		return 0;
	run->prefix = cp_arena_str(run->arena, cp_str_trim_left(cp_str_from(at, root.n), "/"));
	return run->prefix.p ? 0 : cp_err_nomem(err);
}

static int open_head(struct cp_run *run, struct cp_err *err)
{
	struct cp_request *q = &run->request;
	struct cp_report *report = &run->report;
	int r;

	if (!q->head.n)
		q->head = CP_S("HEAD");
	report->head_rev = q->head;
	if (cp_str_eq(q->head, CP_S(":index")) || cp_str_eq(q->head, CP_S(":worktree"))) {
		bool index = cp_str_eq(q->head, CP_S(":index"));

		report->head_rev = index ? CP_S("the index") : CP_S("the work tree");
		r = cp_repo_resolve(run->repo, "HEAD", &run->head_commit, err);
		if (r < 0)
			return r;
		return index ? cp_repo_index_tree(run->repo, &run->head, err)
			     : cp_repo_work_tree_tree(run->repo, &run->head, err);
	}
	r = cp_repo_resolve(run->repo, q->head.p, &run->head_commit, err);
	if (r == 0)
		r = cp_repo_tree(run->repo, &run->head_commit, q->head.p, &run->head, err);
	if (r == 0)
		report->head_commit = cp_arena_str(run->arena, cp_str_c(run->head_commit.hex));
	return r;
}

/* For the index and the work tree the natural base is the commit that is checked out. */
static int find_base(struct cp_run *run, struct cp_err *err)
{
	struct cp_request *q = &run->request;
	struct cp_report *report = &run->report;
	size_t dots = cp_str_find_str(q->base, CP_S("..."), 0);

	if (q->base.n && dots < q->base.n) {
		report->base_rev = cp_arena_str(run->arena, cp_str_sub(q->base, 0, dots));
		report->base_why = CP_S("merge base");
		return report->base_rev.p
			       ? cp_repo_common_base(run->repo, &run->head_commit,
						     report->base_rev.p, &run->base_commit, err)
			       : cp_err_nomem(err);
	}
	if (q->base.n) {
		report->base_rev = q->base;
		report->base_why = CP_S("");
		return cp_repo_resolve(run->repo, q->base.p, &run->base_commit, err);
	}
	if (run->head->commit.n == 0) {
		report->base_rev = CP_S("HEAD");
		report->base_why = CP_S("the commit that is checked out");
		run->base_commit = run->head_commit;
		return 0;
	}
	return cp_repo_default_base(run->arena, run->repo, &run->head_commit, &run->world->env,
				    &run->base_commit, &report->base_rev, &report->base_why, err);
}

int cp_run_open_base(struct cp_run *run, struct cp_err *err)
{
	int r = find_base(run, err);

	if (r == 0)
		r = cp_repo_tree(run->repo, &run->base_commit, run->report.base_rev.p, &run->base,
				 err);
	if (r == 0)
		run->report.base_commit = cp_arena_str(run->arena, cp_str_c(run->base_commit.hex));
	return r;
}

static int open_repository(struct cp_run *run, struct cp_err *err)
{
	const char *path = run->request.repository.n ? run->request.repository.p : ".";
	int r = cp_repo_open(path, &run->repo, err);

	if (r == 0)
		r = find_prefix(run, path, err);
	if (r == 0)
		r = open_head(run, err);
	if (r == 0 && run->need_base)
		r = cp_run_open_base(run, err);
	return r;
}

/* ---- images, side by side ---- */

struct pool {
	struct cp_run *run;
	atomic_size_t next;
	pthread_mutex_t lock; /* of err */
	struct cp_err err;
	int failed;
};

static void *work(void *self)
{
	struct pool *p = self;

	for (;;) {
		size_t at = atomic_fetch_add(&p->next, 1);
		struct cp_err err = {0};
		int r;

		if (at >= p->run->n_images)
			return NULL;
		r = cp_run_is_cancelled(p->run) ? cp_err_set(&err, CP_ECANCELLED, "cancelled")
						: cp_image_run(p->run, &p->run->images[at], &err);
		if (r == 0)
			continue;
		pthread_mutex_lock(&p->lock);
		p->failed = r;
		p->err = err;
		pthread_mutex_unlock(&p->lock);
		return NULL;
	}
}

static int run_images(struct cp_run *run, struct cp_err *err)
{
	struct pool p = {.run = run, .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[16];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = 0, want = cores > 1 ? (size_t)cores - 1 : 0;

	for (size_t i = 0; i < run->n_images; i++) {
		run->images[i].arena = cp_arena_new(CP_MAX_ARENA_BYTES);
		if (!run->images[i].arena)
			return cp_err_nomem(err);
	}
	if (want > 15)
		want = 15;
	/* the host's callbacks are promised to come on the calling thread only, so with is_cancelled there is one thread */
	if (run->world->is_cancelled)
		want = 0;
	if (want + 1 > run->n_images)
		want = run->n_images ? run->n_images - 1 : 0;
	while (n < want && pthread_create(&threads[n], NULL, work, &p) == 0)
		n++;
	work(&p);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&p.lock);
	if (p.failed && err)
		*err = p.err;
	return p.failed;
}

/* ---- the answer ---- */

static int fill_report(struct cp_run *run, struct cp_err *err)
{
	struct cp_report *report = &run->report;

	report->images = cp_arena_array(run->arena, run->n_images, sizeof(*report->images));
	if (!report->images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		report->images[i] = run->images[i].answer;
	report->n_images = run->n_images;
	report->builder_kind = CP_S("buildkit");
	report->builder_frontend = report->builder_daemon = CP_S("0.34");
	if (run->n_images && run->images[0].answer.profile) { /* images have their own beside it */
		report->builder_frontend = run->images[0].profile.frontend;
		report->builder_daemon = run->images[0].profile.daemon;
	}
	return cp_run_decide(run, err);
}

static int copy_steps(const struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n_images; i++)
		n += run->images[i].answer.prediction.n_steps;
	answer->steps = cp_arena_array(answer->arena, n, sizeof(*answer->steps));
	if (!answer->steps)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++) {
		const struct cp_report_image *im = &run->images[i].answer;

		for (size_t k = 0; k < im->prediction.n_steps; k++) {
			const struct cp_step_result *s = &im->prediction.steps[k];

			if (s->step->kind != CP_STEP_OP && s->step->kind != CP_STEP_MERGE)
				continue;
			answer->steps[answer->n_steps++] = (struct cp_answer_step){
				.outcome = (int)s->outcome,
				.image = (uint32_t)i,
				.line = s->step->line > 0 ? (uint32_t)s->step->line : 0,
				.name = cp_arena_str(answer->arena, s->step->name),
				.stage = cp_arena_str(answer->arena,
						      im->graph->stages[s->step->stage].name),
				.cause = cp_str_c(cp_cause_name(s->cause.kind)),
				.message = cp_arena_str(answer->arena, s->cause.message),
			};
		}
	}
	return 0;
}

/* Outcomes that --fail-on names, 1 << CP_OUTCOME_... */
static unsigned fails_of(const struct cp_request *q)
{
	unsigned bits = 0;

	for (size_t k = 0; k < q->n_fail_on; k++)
		for (int o = CP_OUTCOME_MISS; o <= CP_OUTCOME_UNKNOWN; o++)
			if (cp_str_eq(q->fail_on[k], cp_str_c(cp_outcome_name((enum cp_outcome)o))))
				bits |= 1u << o;
	return bits;
}

static bool gate_fires(const struct cp_run *run)
{
	unsigned fails = fails_of(&run->request);

	for (size_t i = 0; i < run->n_images; i++) {
		const struct cp_prediction *p = &run->images[i].answer.prediction;
		size_t counts[] = {p->n_hit, p->n_miss, p->n_depends, p->n_unknown};

		for (int o = CP_OUTCOME_MISS; o <= CP_OUTCOME_UNKNOWN; o++)
			if (counts[o] && fails >> o & 1)
				return true;
	}
	return false;
}

/* The helper's exit codes: a file that cannot be parsed before a gate before strictness. */
static int status_of(const struct cp_run *run)
{
	bool unknown = false;

	for (size_t i = 0; i < run->n_images; i++) {
		int code = run->images[i].answer.error.code;

		if (code)
			return code == CP_ENOTFOUND ? 3 : code == CP_EUSAGE ? 2 : 4;
		unknown = unknown || run->images[i].answer.prediction.n_unknown > 0;
	}
	if (gate_fires(run))
		return 1;
	if (run->request.strict && cp_network_failed(run))
		return 6;
	return run->request.strict && unknown ? 5 : 0;
}

static int format_of(struct cp_str name, enum cp_format *ret, struct cp_err *err)
{
	static const char *const names[] = {"json",   "table",         "markdown",   "mermaid",
					    "dot",    "svg",           "html",       "junit",
					    "dotenv", "github-output", "annotations"};

	*ret = CP_FORMAT_JSON;
	for (size_t i = 0; i < CP_LEN(names); i++)
		if (cp_str_eq(name, cp_str_c(names[i]))) {
			*ret = (enum cp_format)i;
			return 0;
		}
	if (!name.n)
		return 0;
	return cp_err_set(
		err, CP_EUNSUPPORTED,
		"unknown format %.*s (json, table, markdown, mermaid, dot, svg, html, junit, "
		"dotenv, github-output, annotations)",
		CP_STR(name));
}

/* One image asked for, and it failed: its error is the answer, with file, line and caret. */
static int single_failure(const struct cp_run *run, struct cp_err *err)
{
	if (run->n_images != 1 || !run->images[0].answer.error.code)
		return 0;
	if (err)
		*err = run->images[0].answer.error;
	return run->images[0].answer.error.code;
}

/* ---- methods ---- */

static int paths_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	struct cp_report_paths *images = cp_arena_array(run->arena, run->n_images, sizeof(*images));

	if (!images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		images[i] =
			(struct cp_report_paths){run->images[i].request.name, &run->images[i].paths,
						 &run->images[i].answer.error};
	if (run->request.check.n)
		return cp_paths_check(run, images, run->n_images, answer, err);
	return cp_report_paths(images, run->n_images, run->request.format, &run->request.style,
			       &answer->text, err);
}

static int key_diff_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	struct cp_report_key_diff *images =
		cp_arena_array(run->arena, run->n_images, sizeof(*images));
	bool json = !run->request.format.n || cp_str_eq(run->request.format, CP_S("json"));

	if (!images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		images[i] = (struct cp_report_key_diff){run->images[i].request.name,
							&run->images[i].key_diff};
	return cp_report_key_diff(&run->report, images, run->n_images, json, &run->request.style,
				  &answer->text, err);
}

static int keys_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	struct cp_report_keys *images = cp_arena_array(run->arena, run->n_images, sizeof(*images));

	if (!images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		images[i] = (struct cp_report_keys){
			run->images[i].request.name, &run->images[i].records,
			run->images[i].answer.assumptions, run->images[i].answer.n_assumptions};
	return cp_report_keys(images, run->n_images, run->request.preimage, &run->request.style,
			      &answer->text, err);
}

static int render(struct cp_run *run, struct cp_str method, struct cp_answer *answer,
		  struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	enum cp_format format;
	int r;

	if (run->need_paths)
		return paths_text(run, answer, err);
	if (run->need_keys && q->diff)
		return key_diff_text(run, answer, err);
	if (run->need_keys)
		return keys_text(run, answer, err);
	if (cp_str_eq(method, CP_S("comment")))
		return cp_run_comment(run, &answer->text, &answer->status, err);
	if (cp_str_eq(method, CP_S("affected")))
		return cp_report_affected(&run->report, q->format, &q->style, &answer->text, err);
	r = format_of(q->format, &format, err);
	if (r < 0)
		return r;
	if (cp_str_eq(method, CP_S("graph")))
		return cp_report_graph(&run->report,
				       format == CP_FORMAT_JSON ? CP_FORMAT_MERMAID : format,
				       &q->style, &answer->text, err);
	if (cp_str_eq(method, CP_S("explain")))
		return cp_report_explain(run->arena, &run->report, q->explain, format, &q->style,
					 &answer->text, err);
	run->request.style.fails = fails_of(q);
	return cp_report_prediction(&run->report, format, &q->style, &answer->text, err);
}

/* ---- what is remembered ---- */

static struct cp_state_place place_of_state(const struct cp_run *run)
{
	const struct cp_environment *env = &run->world->env;

	return (struct cp_state_place){
		.given = run->request.state,
		.cache_home = env->get ? env->get(env->self, "XDG_CACHE_HOME") : NULL,
		.home = env->get ? env->get(env->self, "HOME") : NULL,
		.now = (int64_t)time(NULL),
	};
}

/* A comparison without hashes wants recorded builds only: no file, no builds. */
static bool has_state(const struct cp_run *run)
{
	struct cp_state_place place = place_of_state(run);

	return cp_state_is_there(&place);
}

int cp_run_open_state(struct cp_run *run, struct cp_err *err)
{
	struct cp_state_place place = place_of_state(run);

	return cp_state_open(&place, &run->state, err);
}

/* Exact keys hash files: what earlier runs hashed is looked up. Without it everything is hashed anew. */
static void open_state(struct cp_run *run)
{
	struct cp_err why = {0};
	bool hashes = run->need_keys;
	bool costs =
		run->need_base || run->need_backtest || (run->need_advice && run->request.commits);

	for (size_t i = 0; i < run->n_images; i++)
		hashes = hashes || run->images[i].request.n_cache_from;
	if (run->request.no_state || (!hashes && (!costs || !has_state(run))))
		return;
	if (cp_run_open_state(run, &why) < 0 && run->world->log)
		run->world->log(run->world->self, 2, why.message);
}

/* A cache can be looked at without any repository. */
static int without_repository(struct cp_run *run, struct cp_err *err)
{
	run->images = cp_arena_array(run->arena, 1, sizeof(*run->images));
	if (!run->images)
		return cp_err_nomem(err);
	if (run->request.n_images)
		run->images[0].request = run->request.images[0];
	run->n_images = 1;
	return 0;
}

static int prepare(struct cp_run *run, struct cp_err *err)
{
	struct cp_err why = {0};
	int r = open_repository(run, &why);

	if (r == 0)
		r = cp_run_find_images(run, &why);
	if (r < 0 && run->need_cache && !run->repo && r != CP_ENOMEM)
		r = without_repository(run, &why);
	if (r == 0)
		r = cp_network_open(run, &why);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	open_state(run);
	run->request.export_tree = cp_str_eq(run->request.context_from, CP_S("export"));
	run->caches = cp_cache_memo_new();
	return run->caches ? 0 : cp_err_nomem(err);
}

static int execute_cache(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	enum cp_format format;
	bool nothing = false;
	int r = format_of(run->request.format, &format, err);

	if (r == 0)
		r = prepare(run, err);
	if (r == 0)
		r = cp_run_inspect(run, format, &answer->text, &nothing, err);
	answer->status = nothing ? 3 : 0;
	answer->verdict = CP_S("undecided");
	return r;
}

static int execute_advise(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = prepare(run, err);

	answer->verdict = CP_S("undecided");
	return r < 0 ? r : cp_run_advise(run, &answer->text, &answer->status, err);
}

static int execute_split(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = prepare(run, err);

	if (r == 0)
		r = cp_run_split(run, &answer->text, &answer->status, err);
	if (r == 0 && cp_buf_error(&answer->text))
		r = cp_err_set(err, cp_buf_error(&answer->text), "the answer is too large");
	answer->verdict = CP_S("undecided");
	return r;
}

static int execute_record(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	answer->verdict = CP_S("undecided");
	return cp_run_record(run, &answer->text, &answer->status, err);
}

static int execute_backtest(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = prepare(run, err);

	answer->verdict = CP_S("undecided");
	return r < 0 ? r : cp_run_backtest(run, &answer->text, &answer->status, err);
}

static int execute(struct cp_run *run, struct cp_str method, struct cp_answer *answer,
		   struct cp_err *err)
{
	int r;

	run->need_base = run->need_base || (run->need_keys && run->request.diff);
	r = prepare(run, err);
	if (r == 0 && run->need_base && !run->request.base.n && run->n_images)
		r = cp_held_use_as_base(run, err);
	if (r == 0)
		r = run_images(run, err);
	if (r == 0 && !cp_str_eq(method, CP_S("comment"))) /* which says it on the pull request */
		r = single_failure(run, err);
	if (r == 0)
		r = fill_report(run, err);
	if (r < 0)
		return r;
	answer->status = status_of(run);
	r = render(run, method, answer, err);
	if (r == 0 && cp_buf_error(&answer->text))
		r = cp_err_set(err, cp_buf_error(&answer->text), "the answer is too large");
	if (r == 0)
		r = copy_steps(run, answer, err);
	if (r == 0)
		r = cp_network_metadata(run, &answer->image_metadata, err);
	answer->verdict = run->report.action;
	answer->cache_from = cp_arena_array(answer->arena, run->report.n_cache_from,
					    sizeof(*answer->cache_from));
	for (size_t i = 0; answer->cache_from && i < run->report.n_cache_from; i++)
		answer->cache_from[answer->n_cache_from++] =
			cp_arena_str(answer->arena, run->report.cache_from[i]);
	return r;
}

static void close_run(struct cp_run *run)
{
	cp_cache_memo_free(run->caches);
	cp_network_close(run);
	for (size_t i = 0; i < run->n_images; i++)
		cp_arena_free(run->images[i].arena);
	cp_state_close(run->state);
	cp_tree_free(run->base);
	cp_tree_free(run->head);
	cp_repo_free(run->repo);
	cp_arena_free(run->arena);
}

void cp_answer_free(struct cp_answer *answer)
{
	if (!answer)
		return;
	cp_buf_release(&answer->text);
	cp_buf_release(&answer->image_metadata);
	cp_arena_free(answer->arena);
	free(answer);
}

/* An answer that was made without memory for a part of it may look whole. */
static bool is_short(const struct cp_arena *a)
{
	return a && cp_arena_failed(a) == CP_ENOMEM;
}

int cp_run_method(const struct cp_world *world, struct cp_str method, struct cp_str request,
		  struct cp_answer **ret_answer, struct cp_err *err)
{
	static const char *const methods[] = {"predict", "explain", "graph",    "paths",
					      "keys",    "advise",  "split",    "cache",
					      "comment", "record",  "affected", "backtest"};
	struct cp_run run = {.world = world};
	struct cp_answer *answer;
	bool known = false;
	int r;

	for (size_t i = 0; i < CP_LEN(methods); i++)
		known = known || cp_str_eq(method, cp_str_c(methods[i]));
	if (!known)
		return cp_err_set(
			err, CP_EUNSUPPORTED,
			"unknown method %.*s (predict, explain, graph, paths, keys, advise, split, cache, comment, record, affected, backtest)",
			CP_STR(method));
	run.need_paths = cp_str_eq(method, CP_S("paths"));
	run.need_keys = cp_str_eq(method, CP_S("keys"));
	run.need_cache = cp_str_eq(method, CP_S("cache"));
	run.need_advice = cp_str_eq(method, CP_S("advise"));
	run.need_split = cp_str_eq(method, CP_S("split"));
	run.need_record = cp_str_eq(method, CP_S("record"));
	run.need_backtest = cp_str_eq(method, CP_S("backtest"));
	run.need_base = !run.need_paths && !run.need_keys && !run.need_cache && !run.need_advice &&
			!run.need_split && !run.need_record && !run.need_backtest;
	answer = calloc(1, sizeof(*answer));
	run.arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (answer) {
		answer->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
		answer->text = (struct cp_buf)CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
		answer->image_metadata = (struct cp_buf)CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	}
	r = answer && answer->arena && run.arena
		    ? cp_request_parse(run.arena, request, &run.request, err)
		    : cp_err_nomem(err);
	if (r == 0)
		r = run.need_cache      ? execute_cache(&run, answer, err)
		    : run.need_advice   ? execute_advise(&run, answer, err)
		    : run.need_split    ? execute_split(&run, answer, err)
		    : run.need_record   ? execute_record(&run, answer, err)
		    : run.need_backtest ? execute_backtest(&run, answer, err)
					: execute(&run, method, answer, err);
	if (r != CP_ECANCELLED && (is_short(run.arena) || (answer && is_short(answer->arena))))
		r = cp_err_nomem(err);
	if (r == 0)
		*ret_answer = answer;
	else
		cp_answer_free(answer);
	close_run(&run);
	return r;
}
