/* What the tests of report/ share: a made-up answer, and what a format makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/report.h"

#define MAX_STEPS 64
#define MAX_STAGES 24

/* ---- a made-up answer ---- */

struct step_spec {
	size_t stage;
	const char *name;
	int line;
	enum cp_outcome outcome;
	enum cp_cause_kind kind;
	long follows;                       /* -1 = broke by itself */
	const char *message, *path, *input; /* input: indices of ops, "01" */
};

/* One image with everything that it points at. */
struct answer {
	struct cp_graph_stage stages[MAX_STAGES];
	struct cp_stage_result stage_results[MAX_STAGES];
	struct cp_step steps[MAX_STEPS];
	struct cp_step_result results[MAX_STEPS];
	struct cp_op ops[MAX_STEPS];
	const struct cp_op *op_list[MAX_STEPS], *inputs[MAX_STEPS][4];
	struct cp_path_change changes[MAX_STEPS];
	struct cp_graph graph;
	struct cp_image_request request;
	struct cp_report_image image;
	struct cp_report report;
};

static CP_UNUSED void count_step(struct cp_prediction *p, const struct cp_step_result *s)
{
	size_t *counts[] = {&p->n_hit, &p->n_miss, &p->n_depends, &p->n_unknown};

	if (s->step->kind == CP_STEP_OP || s->step->kind == CP_STEP_MERGE)
		(*counts[s->outcome])++;
}

static CP_UNUSED void add_step(struct answer *w, size_t i, const struct step_spec *spec)
{
	struct cp_step *s = &w->steps[i];
	struct cp_step_result *r = &w->results[i];
	struct cp_op *op = &w->ops[i];
	const char *text = strchr(spec->name, ']') ? strchr(spec->name, ']') + 2 : spec->name;

	*op = (struct cp_op){.index = i, .inputs = w->inputs[i]};
	for (const char *in = spec->input; in && *in; in++)
		w->inputs[i][op->n_inputs++] = &w->ops[*in - '0'];
	w->op_list[i] = op;
	*s = (struct cp_step){
		.name = cp_str_c(spec->name), .op = op, .stage = spec->stage, .line = spec->line};
	s->kind = strncmp(text, "FROM", 4) == 0 ? CP_STEP_FROM : CP_STEP_OP;
	s->instruction = cp_str_n(text, strcspn(text, " "));
	*r = (struct cp_step_result){.step = s, .outcome = spec->outcome};
	r->cause = (struct cp_cause){
		.kind = spec->kind, .step = spec->follows, .message = cp_str_c(spec->message)};
	if (spec->path) {
		w->changes[i] = (struct cp_path_change){cp_str_c(spec->path), CP_CHANGE_MODIFIED};
		r->cause.paths = &w->changes[i];
		r->cause.n_paths = r->cause.n_paths_total = 1;
	}
	count_step(&w->image.prediction, r);
}

static CP_UNUSED void build(struct answer *w, const char *const *stages, size_t n_stages,
			    const struct step_spec *specs, size_t n)
{
	struct cp_prediction *p = &w->image.prediction;

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < n_stages; i++) {
		w->stages[i] = (struct cp_graph_stage){
			.name = cp_str_c(stages[i]), .index = i, .reachable = true};
		w->stage_results[i].stage = &w->stages[i];
	}
	for (size_t i = 0; i < n; i++) {
		struct cp_stage_result *s = &w->stage_results[specs[i].stage];

		add_step(w, i, &specs[i]);
		if (specs[i].outcome != CP_OUTCOME_HIT && s->outcome != CP_OUTCOME_MISS)
			s->outcome = specs[i].outcome;
	}
	w->graph = (struct cp_graph){.ops = w->op_list,
				     .n_ops = n,
				     .stages = w->stages,
				     .n_stages = n_stages,
				     .steps = w->steps,
				     .n_steps = n};
	p->steps = w->results;
	p->n_steps = n;
	p->stages = w->stage_results;
	p->n_stages = n_stages;
	p->outcome = p->n_miss      ? CP_OUTCOME_MISS
		     : p->n_depends ? CP_OUTCOME_DEPENDS
				    : CP_OUTCOME_HIT;
	w->request = (struct cp_image_request){.name = CP_S("api"), .context = CP_S(".")};
	w->image.request = &w->request;
	w->image.platform = CP_S("linux/amd64");
	w->image.dockerfile = CP_S("Dockerfile");
	w->image.target = cp_str_c(stages[n_stages - 1]);
	w->image.graph = &w->graph;
	w->report =
		(struct cp_report){.base_rev = CP_S("main"),
				   .base_commit = CP_S("4f1c2e9a3b5d7f90112233445566778899aabbcc"),
				   .head_rev = CP_S("HEAD"),
				   .head_commit = CP_S("9a77b10a3b5d7f90112233445566778899aabbcc"),
				   .builder_kind = CP_S("buildkit"),
				   .builder_frontend = CP_S("0.34"),
				   .builder_daemon = CP_S("0.34"),
				   .images = &w->image,
				   .n_images = 1,
				   .action = CP_S("undecided"),
				   .reason = CP_S("no cache was looked into")};
}

static const char *const two_stages[] = {"builder", "runtime"};
static const struct step_spec python[] = {
	{0, "[builder 1/4] FROM docker.io/library/python:3.12-slim", 1, CP_OUTCOME_HIT,
	 CP_CAUSE_NONE, -1, "", NULL, ""},
	{0, "[builder 2/4] WORKDIR /build", 2, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, "0"},
	{0, "[builder 3/4] COPY requirements.txt .", 3, CP_OUTCOME_MISS, CP_CAUSE_CONTENT_CHANGED,
	 -1, "requirements.txt changed", "requirements.txt", "1"},
	{0, "[builder 4/4] RUN pip install --no-cache-dir   --prefix=/install -r requirements.txt",
	 4, CP_OUTCOME_MISS, CP_CAUSE_PARENT_REBUILDS, 2, "it is built on [builder 3/4]", NULL,
	 "2"},
	{1, "[runtime 2/3] WORKDIR /app", 7, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, "0"},
	{1, "[runtime 3/3] COPY --from=builder /install /usr/local", 8, CP_OUTCOME_DEPENDS,
	 CP_CAUSE_SOURCE_STAGE_REBUILDS, 2, "it reads what [builder 3/4] of a rebuilt stage leaves",
	 NULL, "43"},
};

static CP_UNUSED void build_python(struct answer *w)
{
	build(w, two_stages, 2, python, CP_LEN(python));
}

static CP_UNUSED void expect_text(const char *got, const char *wanted)
{
	if (strcmp(got ? got : "", wanted) != 0)
		fail_msg("\n--- wanted\n%s\n--- got\n%s", wanted, got ? got : "");
}

static CP_UNUSED void render(const struct cp_report *r, enum cp_format format,
			     struct cp_report_style style, const char *wanted)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_err err = {0};

	assert_int_equal(cp_report_prediction(r, format, &style, &out, &err), 0);
	expect_text(out.p, wanted);
}
