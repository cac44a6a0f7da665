/* What the steps cost and what the CI should do: decide/ with what this run knows. */
#include "forge/forge.h"
#include "run.h"

/* ---- is it a stranger's pull request? ---- */

static bool is_fork(const struct cp_run *run)
{
	cp_auto_buf struct cp_buf event = CP_BUF_INIT(CP_MAX_EVENT_BYTES);

	cp_run_read_event(run, &event);
	return run->request.fork ||
	       cp_forge_is_fork(run->arena, &run->world->env, cp_buf_str(&event));
}

/* ---- costs ---- */

static int cost_image(struct cp_run *run, struct cp_image_run *image, const struct cp_costs *costs)
{
	const struct cp_prediction *p = &image->answer.prediction;
	struct cp_cost *all = cp_arena_array(run->arena, p->n_steps, sizeof(*all));
	struct cp_step_id *ids = cp_arena_array(run->arena, p->n_steps, sizeof(*ids));
	struct cp_step_id **listed = cp_arena_array(run->arena, p->n_steps, sizeof(*listed));
	size_t n = 0;

	if (!all || !ids || !listed)
		return CP_ENOMEM;
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_step *step = p->steps[i].step;
		uint32_t number;

		if ((step->kind != CP_STEP_OP && step->kind != CP_STEP_MERGE) ||
		    !cp_step_id_of(run->arena, step->name, NULL, NULL, &ids[i], &number))
			continue;
		if (!ids[i].text.p)
			return CP_ENOMEM;
		ids[i].image = image->request.name;
		listed[n++] = &ids[i];
	}
	if (cp_step_ids_count(run->arena, listed, n) < 0)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++)
		all[listed[i] - ids] = cp_cost_of(costs, listed[i]);
	image->answer.costs = all;
	return 0;
}

/* Costs of all steps, where builds of this repository were recorded. What goes wrong leaves them unknown. */
static int find_costs(struct cp_run *run, const struct cp_costs **ret_costs, struct cp_err *err)
{
	struct cp_built *builds = NULL;
	struct cp_err why = {0};
	size_t n = 0;
	int r = cp_run_builds(run, &builds, &n, &why);

	*ret_costs = NULL;
	if (r == 0 && n)
		r = cp_costs_new(run->arena, builds, n, ret_costs, &why);
	for (size_t i = 0; r == 0 && *ret_costs && i < run->n_images; i++)
		if (run->images[i].answer.graph)
			r = cost_image(run, &run->images[i], *ret_costs);
	return r == CP_ENOMEM ? cp_err_nomem(err) : 0;
}

/* ---- the decision ---- */

static struct cp_decide_image as_input(const struct cp_image_run *im)
{
	return (struct cp_decide_image){
		.name = im->request.name,
		.prediction = im->answer.error.code ? NULL : &im->answer.prediction,
		.costs = im->answer.costs,
		.caches = im->cached,
		.n_caches = im->n_cached,
		.unread = im->unread,
		.config = im->config,
		.config_at = im->config_at,
		.cache_from = im->request.cache_from,
		.n_cache_from = im->request.n_cache_from,
		.cache_to = im->request.cache_to,
		.n_cache_to = im->request.n_cache_to,
	};
}

static void fill_report(struct cp_run *run, const struct cp_costs *costs)
{
	const struct cp_decision *d = &run->decision;
	struct cp_report *report = &run->report;

	report->action = cp_str_c(cp_verdict_name(d->action));
	report->reason = d->reason;
	report->cache_from = d->cache_from;
	report->n_cache_from = d->n_cache_from;
	report->decision = d;
	report->has_costs = costs != NULL;
	report->accuracy = cp_costs_accuracy(costs);
	for (size_t i = 0; i < run->n_images; i++)
		report->images[i].costs = run->images[i].answer.costs;
}

int cp_run_decide(struct cp_run *run, struct cp_err *err)
{
	struct cp_decide_image *images = cp_arena_array(run->arena, run->n_images, sizeof(*images));
	const struct cp_costs *costs = NULL;
	struct cp_decide_input in = {
		.images = images, .n_images = run->n_images, .fork = is_fork(run)};
	int r = images ? find_costs(run, &costs, err) : cp_err_nomem(err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < run->n_images; i++)
		images[i] = as_input(&run->images[i]);
	in.speed = cp_costs_speed(costs);
	r = cp_decide(run->arena, &in, &run->decision, err);
	if (r < 0)
		return r;
	fill_report(run, costs);
	return 0;
}
