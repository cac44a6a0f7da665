/* The methods that compare two builds of every image, or look at one: predict, explain, graph, comment, affected, paths, keys. */
#include "comment_int.h"
#include "methods_int.h"

#include "run/held.h"
#include "run/network.h"

/* ---- the answer ---- */

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

/* One image asked for, and it failed: its error is the answer, with file, line and caret. */
static int single_failure(const struct cp_run *run, struct cp_err *err)
{
	if (run->n_images != 1 || !run->images[0].answer.error.code)
		return 0;
	if (err)
		*err = run->images[0].answer.error;
	return run->images[0].answer.error.code;
}

/* ---- texts ---- */

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

static int prediction_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	enum cp_format format;
	int r = cp_format_parse(run->request.format, &format, err);

	if (r < 0)
		return r;
	run->request.style.fails = fails_of(&run->request);
	return cp_report_prediction(&run->report, format, &run->request.style, &answer->text, err);
}

static int explain_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	enum cp_format format;
	int r = cp_format_parse(run->request.format, &format, err);

	return r < 0 ? r
		     : cp_report_explain(run->arena, &run->report, run->request.explain, format,
					 &run->request.style, &answer->text, err);
}

static int graph_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	enum cp_format format;
	int r = cp_format_parse(run->request.format, &format, err);

	return r < 0 ? r
		     : cp_report_graph(&run->report,
				       format == CP_FORMAT_JSON ? CP_FORMAT_MERMAID : format,
				       &run->request.style, &answer->text, err);
}

static int affected_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return cp_report_affected(&run->report, run->request.format, &run->request.style,
				  &answer->text, err);
}

static int comment_text(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return cp_run_comment(run, &answer->text, &answer->status, err);
}

/* ---- the methods ---- */

static int copy_verdict(const struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	const struct cp_report *report = &run->report;

	answer->verdict = report->action;
	answer->cache_from =
		cp_arena_array(answer->arena, report->n_cache_from, sizeof(*answer->cache_from));
	if (!answer->cache_from)
		return cp_err_nomem(err);
	for (size_t i = 0; i < report->n_cache_from; i++)
		answer->cache_from[answer->n_cache_from++] =
			cp_arena_str(answer->arena, report->cache_from[i]);
	return 0;
}

typedef int text_fn(struct cp_run *run, struct cp_answer *answer, struct cp_err *err);

static int answer_all(struct cp_run *run, unsigned needs, text_fn *text, struct cp_answer *answer,
		      struct cp_err *err)
{
	int r = cp_run_open(run, needs, err);

	if (r == 0 && (needs & CP_RUN_BASE) && !run->request.base.n && run->n_images)
		r = cp_held_use_as_base(run, err);
	if (r == 0)
		r = cp_run_images(run, err);
	if (r == 0 && text != comment_text) /* which says it on the pull request */
		r = single_failure(run, err);
	if (r == 0)
		r = cp_run_report(run, err);
	if (r < 0)
		return r;
	answer->status = status_of(run);
	r = text(run, answer, err);
	if (r == 0)
		r = copy_steps(run, answer, err);
	if (r == 0)
		r = cp_network_metadata(run, &answer->image_metadata, err);
	return r < 0 ? r : copy_verdict(run, answer, err);
}

#define COMPARES (CP_RUN_BASE | CP_RUN_BUILDS)

int cp_method_predict(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, COMPARES, prediction_text, answer, err);
}

int cp_method_explain(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, COMPARES, explain_text, answer, err);
}

int cp_method_graph(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, COMPARES, graph_text, answer, err);
}

int cp_method_affected(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, COMPARES, affected_text, answer, err);
}

int cp_method_comment(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, COMPARES, comment_text, answer, err);
}

int cp_method_paths(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return answer_all(run, CP_RUN_PATHS, paths_text, answer, err);
}

int cp_method_keys(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	if (run->request.diff)
		return answer_all(run, CP_RUN_KEYS | CP_RUN_BASE | CP_RUN_BUILDS, key_diff_text,
				  answer, err);
	return answer_all(run, CP_RUN_KEYS, keys_text, answer, err);
}
