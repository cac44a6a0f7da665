/* Which repository this is, and what was recorded of its builds. */
#include "run.h"

int cp_run_find_project(struct cp_run *run, struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	int r = 0;

	if (q->project.n) {
		run->project = q->project;
		return 0;
	}
	if (!run->repo)
		r = cp_repo_open(q->repository.n ? q->repository.p : ".", &run->repo, err);
	if (r == 0)
		r = cp_repo_identity(run->arena, run->repo, &run->project, err);
	if (r == CP_ENOTFOUND)
		cp_err_hint(err, "--project NAME says under which name the build is kept");
	return r;
}

int cp_run_builds(struct cp_run *run, struct cp_built **ret_builds, size_t *ret_n,
		  struct cp_err *err)
{
	struct cp_state_build *lines;
	struct cp_built *builds;
	size_t n_lines, n = 0;
	int r = 0;

	*ret_builds = NULL;
	*ret_n = 0;
	if (!run->state)
		return 0;
	r = cp_run_find_project(run, err);
	if (r == 0)
		r = cp_state_builds(run->state, run->arena, run->project, CP_MAX_BUILDS_USED,
				    &lines, &n_lines, err);
	if (r < 0)
		return r;
	builds = cp_arena_array(run->arena, n_lines, sizeof(*builds));
	if (!builds)
		return cp_err_nomem(err);
	for (size_t i = 0; i < n_lines; i++) {
		struct cp_err why = {0};

		r = cp_built_read(run->arena, lines[i].line, &builds[n], &why);
		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		n += r == 0;
	}
	*ret_builds = builds;
	*ret_n = n;
	return 0;
}
