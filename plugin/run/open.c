/* A run: the repository, its revisions, what is built, the network and what is remembered. */
#include "run.h"

#include <stdlib.h>
#include <time.h>

#include "cache_memo.h"
#include "network.h"

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
	if (r == 0 && (run->needs & CP_RUN_BASE))
		r = cp_run_open_base(run, err);
	return r;
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

/* A comparison without hashes wants recorded builds only: no file, no builds. 1, 0 or CP_ENOMEM. */
static int has_state(const struct cp_run *run)
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
static int open_state(struct cp_run *run, struct cp_err *err)
{
	struct cp_err why = {0};
	bool hashes = run->needs & CP_RUN_KEYS;
	int is_there = 0, r;

	for (size_t i = 0; i < run->n_images; i++)
		hashes = hashes || run->images[i].request.n_cache_from;
	if (run->request.no_state)
		return 0;
	if (!hashes && (run->needs & CP_RUN_BUILDS))
		is_there = has_state(run);
	if (is_there < 0)
		return cp_err_nomem(err);
	if (!hashes && !is_there)
		return 0;
	r = cp_run_open_state(run, &why);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0 && run->world->log)
		run->world->log(run->world->self, 2, why.message);
	return 0;
}

/* ---- all of it ---- */

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

int cp_run_open(struct cp_run *run, unsigned needs, struct cp_err *err)
{
	struct cp_err why = {0};
	int r;

	run->needs = needs;
	r = open_repository(run, &why);

	if (r == 0)
		r = cp_run_find_images(run, &why);
	if (r < 0 && (needs & CP_RUN_BARE) && !run->repo && r != CP_ENOMEM)
		r = without_repository(run, &why);
	if (r == 0)
		r = cp_network_open(run, &why);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	run->request.export_tree = cp_str_eq(run->request.context_from, CP_S("export"));
	run->caches = cp_cache_memo_new();
	return run->caches ? open_state(run, err) : cp_err_nomem(err);
}

void cp_run_close(struct cp_run *run)
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
