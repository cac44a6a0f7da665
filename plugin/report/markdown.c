/*
 * For a pull request's comment or a job summary. Everything that comes from the repository stands
 * in code.
 */
#include "report/markdown_int.h"

#define MAX_WHYS 6
#define MAX_NOTES 10
#define MAX_STAGES 10 /* rows that are not folded */

static const char *const words[] = {"cached", "rebuild", "depend on what a step writes",
				    "not known"};

#define CODE_COLUMNS 300

/* A stranger's name can be as long as a page. */
static void code(struct cp_buf *out, struct cp_str s)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit(&text, s, CODE_COLUMNS, false);
	cp_text_code(out, cp_buf_str(&text));
}

bool cp_image_is_cached(const struct cp_report_image *im)
{
	return cp_step_count(im) == im->prediction.n_hit;
}

/* The first step that broke by itself: what the headline names. */
static const struct cp_step_result *first_cause(const struct cp_report_image *im)
{
	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (cp_step_is_listed(s->step) && s->outcome != CP_OUTCOME_HIT && s->cause.step < 0)
			return s;
	}
	return NULL;
}

/* "2 cached, 1 rebuild" */
static void counts(struct cp_buf *out, const size_t n[4])
{
	const char *comma = "";

	for (int o = 0; o < 4; o++) {
		if (!n[o])
			continue;
		cp_buf_printf(out, "%s%zu %s", comma, n[o], words[o]);
		comma = ", ";
	}
}

static void headline(struct cp_buf *out, const struct cp_report_image *im)
{
	const struct cp_prediction *p = &im->prediction;
	const struct cp_step_result *cause = first_cause(im);
	size_t n[] = {p->n_hit, p->n_miss, p->n_depends, p->n_unknown};

	code(out, cp_image_name(im));
	if (p->n_miss && p->n_miss == cp_step_count(im)) {
		cp_buf_printf(out, " rebuilds all %zu steps", p->n_miss);
	} else if (p->n_miss) {
		cp_buf_printf(out, " rebuilds %zu of %zu steps", p->n_miss, cp_step_count(im));
	} else {
		cp_buf_printf(out, ": of %zu steps ", cp_step_count(im));
		counts(out, n);
	}
	if (cause) {
		cp_buf_addz(out, " \xe2\x80\x94 because ");
		cp_step_why(out, im, cause, code, false);
	}
	cp_buf_addc(out, '\n');
}

/* What a stage's row says: its first cause that is not a hit. */
static void stage_why(struct cp_buf *out, const struct cp_report_image *im, size_t stage)
{
	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];
		const struct cp_step *origin;

		if (s->step->stage != stage || !cp_step_is_listed(s->step) ||
		    s->outcome == CP_OUTCOME_HIT)
			continue;
		if (s->cause.step < 0) {
			cp_step_why(out, im, s, code, false);
			return;
		}
		origin = im->prediction.steps[s->cause.step].step;
		if (origin->stage == stage)
			continue;
		cp_buf_addz(out, "follows ");
		code(out, im->graph->stages[origin->stage].name);
		return;
	}
}

struct stage_sum {
	size_t n[4], all; /* steps by outcome */
	int64_t ms;       /* of what is known of what runs, or may */
};

static struct stage_sum sum_stage(const struct cp_report_image *im, size_t stage)
{
	struct stage_sum sum = {.all = 0};

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (s->step->stage != stage || !cp_step_is_listed(s->step))
			continue;
		sum.n[s->outcome]++;
		sum.all++;
		if (im->costs && s->outcome != CP_OUTCOME_HIT &&
		    im->costs[i].source != CP_COST_UNKNOWN)
			sum.ms += im->costs[i].ms;
	}
	return sum;
}

static void stage_row(struct cp_buf *out, const struct cp_report_image *im,
		      const struct cp_graph_stage *stage, const struct stage_sum *sum)
{
	cp_buf_addz(out, "| ");
	code(out, stage->name);
	cp_buf_printf(out, " | %zu | ", sum->all);
	counts(out, sum->n);
	cp_buf_addz(out, " | ");
	if (im->costs) {
		if (sum->ms)
			cp_text_seconds(out, sum->ms);
		cp_buf_addz(out, " | ");
	}
	stage_why(out, im, (size_t)(stage - im->graph->stages));
	cp_buf_addz(out, " |\n");
}

static void stage_head(struct cp_buf *out, const struct cp_report_image *im)
{
	cp_buf_addz(out,
		    im->costs
			    ? "\n| stage | steps | outcome | time | why |\n|---|---|---|---|---|\n"
			    : "\n| stage | steps | outcome | why |\n|---|---|---|---|\n");
}

/* The rows of one outcome, from *shown on; those over the limit are folded. */
static void stage_rows(struct cp_buf *out, const struct cp_report_image *im,
		       enum cp_outcome outcome, size_t n_all, size_t *shown)
{
	for (size_t i = 0; i < im->prediction.n_stages; i++) {
		const struct cp_stage_result *s = &im->prediction.stages[i];
		struct stage_sum sum = sum_stage(im, (size_t)(s->stage - im->graph->stages));

		if (!sum.all || s->outcome != outcome)
			continue;
		if (*shown == MAX_STAGES) {
			cp_buf_printf(out, "\n<details><summary>and %zu more stage%s</summary>\n",
				      n_all - *shown, cp_text_plural(n_all - *shown));
			stage_head(out, im);
		}
		stage_row(out, im, s->stage, &sum);
		(*shown)++;
	}
}

/* What is rebuilt comes first, and in the order of the Dockerfile. */
static void stage_table(struct cp_buf *out, const struct cp_report_image *im)
{
	static const enum cp_outcome order[] = {CP_OUTCOME_MISS, CP_OUTCOME_DEPENDS,
						CP_OUTCOME_UNKNOWN, CP_OUTCOME_HIT};
	size_t n_all = 0, shown = 0;

	for (size_t i = 0; i < im->prediction.n_stages; i++)
		n_all += sum_stage(im, (size_t)(im->prediction.stages[i].stage - im->graph->stages))
				 .all > 0;
	stage_head(out, im);
	for (size_t i = 0; i < CP_LEN(order); i++)
		stage_rows(out, im, order[i], n_all, &shown);
	if (shown > MAX_STAGES)
		cp_buf_addz(out, "\n</details>\n");
}

static void step_rows(struct cp_buf *out, const struct cp_report_image *im)
{
	static const char *const outcomes[] = {"hit", "**miss**", "depends", "unknown"};

	cp_buf_addz(out, "\n<details><summary>steps</summary>\n\n| line | step | outcome | why "
			 "|\n|---|---|---|---|\n");
	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];
		cp_auto_buf struct cp_buf name = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
					  reason = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
					  cost = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		if (!cp_step_is_listed(s->step))
			continue;
		cp_text_fit(&name, s->step->name, 120, false);
		cp_buf_printf(out, "| %d | ", s->step->line);
		code(out, cp_buf_str(&name));
		cp_text_cost(&cost, im, i);
		cp_buf_printf(out, " | %s%s%.*s | ", outcomes[s->outcome], cost.n ? " " : "",
			      CP_STR(cp_buf_str(&cost)));
		cp_step_reason(&reason, im, s);
		code(out, cp_buf_str(&reason));
		cp_buf_addz(out, " |\n");
	}
	cp_buf_addz(out, "\n</details>\n");
}

static void whys(struct cp_buf *out, const struct cp_report_image *im)
{
	const struct cp_step_result *first = first_cause(im);
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (s == first || !cp_step_is_listed(s->step) || s->outcome == CP_OUTCOME_HIT ||
		    s->cause.step >= 0)
			continue;
		if (shown == MAX_WHYS) {
			left++;
			continue;
		}
		cp_buf_addz(out, shown++ ? "- " : "\nAlso:\n\n- ");
		code(out, cp_str_sub(s->step->name, 0, cp_str_find(s->step->name, ']', 0) + 1));
		cp_buf_addz(out, ": ");
		cp_step_why(out, im, s, code, false);
		cp_buf_addc(out, '\n');
	}
	if (left)
		cp_buf_printf(out, "- and %zu more\n", left);
}

static void failure(struct cp_buf *out, const struct cp_report_image *im)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const struct cp_err *e = &im->error;

	if (e->file[0])
		cp_buf_addz(&text, e->file);
	if (e->file[0] && e->line > 0)
		cp_buf_printf(&text, e->column > 0 ? ":%d:%d" : ":%d", e->line, e->column);
	if (e->file[0])
		cp_buf_addz(&text, ": ");
	cp_buf_addz(&text, e->code ? e->message : "no answer");
	code(out, cp_image_name(im));
	cp_buf_addz(out, " cannot be predicted: ");
	code(out, cp_buf_str(&text));
	cp_buf_addc(out, '\n');
	if (e->hint[0]) {
		cp_buf_addz(out, "\nTo mend it: ");
		code(out, cp_str_c(e->hint));
		cp_buf_addc(out, '\n');
	}
}

static void assumptions(struct cp_buf *out, const struct cp_str *items, size_t n)
{
	for (size_t i = 0; i < n && i < MAX_NOTES; i++) {
		cp_buf_addz(out, i ? "- " : "\nTaken for granted:\n\n- ");
		code(out, items[i]);
		cp_buf_addc(out, '\n');
	}
	if (n > MAX_NOTES)
		cp_buf_printf(out, "- and %zu more\n", n - MAX_NOTES);
}

void cp_markdown_summary(struct cp_buf *out, const struct cp_report_image *im)
{
	if (cp_image_failed(im)) {
		failure(out, im);
		return;
	}
	if (cp_image_is_cached(im)) {
		code(out, cp_image_name(im));
		cp_buf_printf(out, ": every step is cached (%zu)\n", cp_step_count(im));
		return;
	}
	headline(out, im);
	stage_table(out, im);
	whys(out, im);
}

void cp_markdown_steps(struct cp_buf *out, const struct cp_report_image *im)
{
	if (cp_image_failed(im) || cp_image_is_cached(im))
		return;
	step_rows(out, im);
}

void cp_markdown_assumptions(struct cp_buf *out, const struct cp_report_image *im)
{
	if (!cp_image_failed(im) && !cp_image_is_cached(im))
		assumptions(out, im->assumptions, im->n_assumptions);
}

static void rev(struct cp_buf *out, struct cp_str name, struct cp_str commit)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_table_rev(&text, name, commit);
	code(out, cp_buf_str(&text));
}

static void times(struct cp_buf *out, const struct cp_report *r)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_totals(&text, r);
	if (text.n)
		cp_buf_printf(out, "\n**Time:** %.*s\n", CP_STR(cp_buf_str(&text)));
}

void cp_markdown_accuracy(struct cp_buf *out, const struct cp_report *r)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_accuracy(&text, &r->accuracy);
	if (text.n)
		cp_buf_printf(out, "%.*s \xc2\xb7 ", CP_STR(cp_buf_str(&text)));
}

void cp_markdown_verdict(struct cp_buf *out, const struct cp_report *r)
{
	times(out, r);
	if (!r->action.n || cp_str_eq(r->action, CP_S("undecided")))
		return;
	cp_buf_addz(out, "\n**Do:** ");
	code(out, r->action);
	cp_buf_addc(out, ' ');
	code(out, r->reason);
	cp_buf_addc(out, '\n');
}

void cp_markdown_title(struct cp_buf *out, const struct cp_report *r)
{
	cp_buf_addz(out, "**cachepredict**");
	if (r->n_images != 1)
		cp_buf_printf(out, " \xc2\xb7 %zu images\n", r->n_images);
}

void cp_markdown_revs(struct cp_buf *out, const struct cp_report *r)
{
	rev(out, r->base_rev, r->base_commit);
	cp_buf_addz(out, " \xe2\x86\x92 ");
	rev(out, r->head_rev, r->head_commit);
}

void cp_report_markdown(const struct cp_report *r, struct cp_buf *out)
{
	cp_markdown_title(out, r);
	for (size_t i = 0; i < r->n_images; i++) {
		cp_buf_addz(out, r->n_images == 1 ? " \xc2\xb7 " : "\n");
		cp_markdown_summary(out, &r->images[i]);
		cp_markdown_steps(out, &r->images[i]);
		cp_markdown_assumptions(out, &r->images[i]);
	}
	cp_markdown_verdict(out, r);
	assumptions(out, r->notes, r->n_notes);
	cp_buf_addz(out, "\n<sub>");
	cp_markdown_accuracy(out, r);
	cp_markdown_revs(out, r);
	cp_buf_addz(out, "</sub>\n");
}
