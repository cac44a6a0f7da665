/* For a terminal: stages, steps, outcomes, and below them why. Nothing is said that is not known. */
#include "report/report_int.h"

#define OUTCOME_COLUMNS 7 /* "depends", "unknown" */
#define LABEL_COLUMNS 8   /* "  why   " */
#define MAX_WHYS 6
#define MAX_NOTES 5

struct layout {
	int width, stage, count, text, reason;
};

int cp_table_width(const struct cp_report_style *style)
{
	int width = style->width > 0 ? style->width : 80;

	return width < 40 ? 40 : width;
}

void cp_table_outcome(struct cp_buf *out, enum cp_outcome o, const struct cp_report_style *style)
{
	static const char *const words[] = {"hit", "MISS", "depends", "unknown"};
	static const char *const colors[] = {"\033[32m", "\033[31m", "\033[33m", "\033[35m"};

	if (style->color)
		cp_buf_addz(out, colors[o]);
	cp_buf_addz(out, words[o]);
	if (style->color)
		cp_buf_addz(out, "\033[0m");
}

void cp_table_rev(struct cp_buf *out, struct cp_str rev, struct cp_str commit)
{
	bool same = commit.n && rev.n >= 7 && cp_str_starts(commit, rev); /* the revision is the commit's own name */

	if (!same)
		cp_text_fit(out, rev, 24, true);
	if (!same && commit.n)
		cp_buf_addc(out, ' ');
	cp_text_add(out, cp_text_commit(commit));
}

static void revs(struct cp_buf *out, const struct cp_report *r, const struct cp_report_style *style)
{
	cp_table_rev(out, r->base_rev, r->base_commit);
	cp_buf_printf(out, " %s ", cp_text_arrow(style->ascii));
	cp_table_rev(out, r->head_rev, r->head_commit);
}

/* ---- one image ---- */

static int buf_width(const struct cp_buf *b)
{
	return cp_text_width(cp_buf_str(b), 1 << 20);
}

static void title(struct cp_buf *out, const struct cp_report_image *im, const struct cp_report_style *style)
{
	cp_text_fit(out, cp_image_name(im), 30, style->ascii);
	cp_buf_addz(out, "  ");
	cp_text_fit(out, im->dockerfile, 40, style->ascii);
	if (im->request && im->request->context.n) {
		cp_buf_printf(out, " %s context ", cp_text_dot_sign(style->ascii));
		cp_text_fit(out, im->request->context, 40, style->ascii);
	}
}

/* "api  Dockerfile · context .          main 4f1c2e9 → HEAD 9a77b10", the revisions below when they do not fit. */
static void header(struct cp_buf *out, const struct cp_report *r, const struct cp_report_image *im,
		   const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf left = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES), right = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	int free_columns;

	title(&left, im, style);
	if (r->n_images == 1)
		revs(&right, r, style);
	free_columns = cp_table_width(style) - buf_width(&left) - buf_width(&right);
	cp_buf_adds(out, cp_buf_str(&left));
	if (right.n && free_columns >= 2) {
		cp_text_spaces(out, free_columns);
		cp_buf_adds(out, cp_buf_str(&right));
	} else if (right.n) {
		cp_buf_addz(out, "\n  ");
		cp_buf_adds(out, cp_buf_str(&right));
	}
	cp_buf_addc(out, '\n');
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static int reason_width(const struct cp_report_image *im, const struct cp_step_result *s)
{
	cp_auto_buf struct cp_buf reason = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

	cp_step_reason(&reason, im, s);
	return buf_width(&reason);
}

static bool is_shown(const struct cp_step_result *s)
{
	return cp_step_is_listed(s->step) || s->step->kind == CP_STEP_FROM;
}

/* The text takes what the other columns leave; the reason gives way before the text gets too narrow to read. */
static struct layout measure(const struct cp_report_image *im, const struct cp_report_style *style)
{
	struct layout l = {.width = cp_table_width(style)};
	int fixed, most = l.width / 3;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (!is_shown(s))
			continue;
		l.stage = larger(l.stage, cp_text_width(im->graph->stages[s->step->stage].name, 16));
		l.count = larger(l.count, cp_text_width(cp_step_label_of(s->step).count, 12));
		l.reason = larger(l.reason, reason_width(im, s));
	}
	l.stage = l.stage > 16 ? 16 : l.stage;
	l.count = l.count > 12 ? 12 : l.count;
	l.reason = l.reason > most ? most : l.reason;
	fixed = 2 + l.stage + 2 + l.count + 2 + 2 + OUTCOME_COLUMNS;
	l.text = l.width - fixed - (l.reason ? l.reason + 2 : 0);
	if (l.text < 16) {
		l.reason = larger(0, l.reason - (16 - l.text));
		l.text = 16;
	}
	return l;
}

static void row(struct cp_buf *out, const struct cp_report_image *im, const struct cp_step_result *s, const struct layout *l,
		bool first, const struct cp_report_style *style)
{
	struct cp_step_label label = cp_step_label_of(s->step);
	cp_auto_buf struct cp_buf reason = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	int used = first ? 0 : l->stage;

	cp_text_spaces(out, 2 + used);
	if (first)
		used = cp_text_fit(out, im->graph->stages[s->step->stage].name, l->stage, style->ascii);
	cp_text_spaces(out, l->stage - used + 2 + l->count - cp_text_width(label.count, l->count));
	cp_text_fit(out, label.count, l->count, style->ascii);
	cp_buf_addz(out, "  ");
	used = cp_text_fit(out, label.text, cp_step_is_listed(s->step) ? l->text : l->text + 2 + OUTCOME_COLUMNS, style->ascii);
	if (cp_step_is_listed(s->step)) {
		cp_text_spaces(out, l->text - used + 2);
		cp_table_outcome(out, s->outcome, style);
		cp_step_reason(&reason, im, s);
	}
	if (reason.n && l->reason) {
		static const int columns[] = {3, 4, 7, 7};

		cp_text_spaces(out, OUTCOME_COLUMNS - columns[s->outcome] + 2);
		cp_text_fit(out, cp_buf_str(&reason), l->reason, style->ascii);
	}
	cp_buf_addc(out, '\n');
}

static void rows(struct cp_buf *out, const struct cp_report_image *im, const struct cp_report_style *style)
{
	struct layout l = measure(im, style);
	size_t stage = SIZE_MAX;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (!is_shown(s))
			continue;
		row(out, im, s, &l, s->step->stage != stage, style);
		stage = s->step->stage;
	}
}

/* ---- below the steps ---- */

/* "  why   text", wrapped under itself. The label is printed once. */
static void line(struct cp_buf *out, const char **label, struct cp_str text, const struct cp_report_style *style)
{
	cp_buf_printf(out, "  %-*s", LABEL_COLUMNS - 2, *label);
	cp_text_wrap(out, text, LABEL_COLUMNS, LABEL_COLUMNS, cp_table_width(style));
	cp_buf_addc(out, '\n');
	*label = "";
}

static bool broke_by_itself(const struct cp_step_result *s)
{
	return cp_step_is_listed(s->step) && s->outcome != CP_OUTCOME_HIT && s->cause.step < 0;
}

/* A place and what happened there: "builder 3/4: requirements.txt modified". */
static void why_text(struct cp_buf *out, const struct cp_report_image *im, const struct cp_step_result *s)
{
	struct cp_step_label label = cp_step_label_of(s->step);

	cp_text_add(out, im->graph->stages[s->step->stage].name);
	if (label.count.n) {
		cp_buf_addc(out, ' ');
		cp_text_add(out, label.count);
	}
	cp_buf_addz(out, ": ");
	cp_step_why(out, im, s, cp_quote_plain);
}

static void whys(struct cp_buf *out, const struct cp_report_image *im, const struct cp_report_style *style)
{
	const char *label = "why";
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

		if (!broke_by_itself(s))
			continue;
		if (shown == MAX_WHYS) {
			left++;
			continue;
		}
		why_text(&text, im, s);
		line(out, &label, cp_buf_str(&text), style);
		shown++;
	}
	if (left)
		cp_buf_printf(out, "%*sand %zu more\n", LABEL_COLUMNS, "", left);
}

static bool said_before(const struct cp_report_image *im, size_t step, struct cp_str hint)
{
	for (size_t i = 0; i < step; i++)
		if (cp_str_eq(im->prediction.steps[i].cause.hint, hint))
			return true;
	return false;
}

/* What would mend it: hints of steps, and the one thing to do about a .git in the context. */
static void hints(struct cp_buf *out, const struct cp_report_image *im, const struct cp_report_style *style)
{
	const char *label = "do";
	size_t shown = 0;
	bool git = false;

	for (size_t i = 0; i < im->prediction.n_steps && shown < MAX_NOTES; i++) {
		const struct cp_cause *c = &im->prediction.steps[i].cause;

		if (c->hint.n && !said_before(im, i, c->hint)) {
			line(out, &label, c->hint, style);
			shown++;
		}
		if (c->kind == CP_CAUSE_GIT_DIR_IN_CONTEXT && !git) {
			cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

			git = true;
			cp_buf_addz(&text, "add .git to ");
			cp_text_add(&text, im->ignore_file.n ? im->ignore_file : CP_S(".dockerignore"));
			line(out, &label, cp_buf_str(&text), style);
		}
	}
}

static void notes(struct cp_buf *out, const struct cp_str *items, size_t n, const struct cp_report_style *style)
{
	const char *label = "note";

	for (size_t i = 0; i < n && i < MAX_NOTES; i++)
		line(out, &label, items[i], style);
	if (n > MAX_NOTES)
		cp_buf_printf(out, "%*sand %zu more\n", LABEL_COLUMNS, "", n - MAX_NOTES);
}

/* ---- images that need no rows ---- */

static void failure(struct cp_buf *out, const struct cp_report_image *im)
{
	const struct cp_err *e = &im->error;

	cp_text_add(out, cp_image_name(im));
	cp_buf_addz(out, "  ");
	if (e->file[0])
		cp_text_add(out, cp_str_c(e->file));
	if (e->file[0] && e->line > 0)
		cp_buf_printf(out, e->column > 0 ? ":%d:%d" : ":%d", e->line, e->column);
	if (e->file[0])
		cp_buf_addz(out, ": ");
	cp_text_add(out, cp_str_c(e->code ? e->message : "no answer"));
	cp_buf_addc(out, '\n');
	if (e->source[0] && e->line > 0) {
		cp_buf_printf(out, "%6d | ", e->line);
		cp_text_fit(out, cp_str_c(e->source), 120, true);
		cp_buf_addc(out, '\n');
	}
	if (e->source[0] && e->line > 0 && e->column > 0) {
		struct cp_str before = cp_str_sub(cp_str_c(e->source), 0, (size_t)e->column - 1);

		cp_buf_printf(out, "       | %*s^", cp_text_width(before, 200), "");
		for (int i = 1; i < e->width && i < 60; i++)
			cp_buf_addc(out, '~');
		cp_buf_addc(out, '\n');
	}
	if (e->hint[0]) {
		cp_buf_addz(out, "  do    ");
		cp_text_add(out, cp_str_c(e->hint));
		cp_buf_addc(out, '\n');
	}
}

static void all_cached(struct cp_buf *out, const struct cp_report *r, const struct cp_report_image *im)
{
	cp_text_add(out, cp_image_name(im));
	if (cp_step_count(im) == 0) {
		cp_buf_addz(out, "  no step that a cache could hold\n");
		return;
	}
	cp_buf_printf(out, "  every step is cached (%zu), as ", cp_step_count(im));
	cp_table_rev(out, r->base_rev, r->base_commit);
	cp_buf_addz(out, " built them\n");
}

static bool is_all_cached(const struct cp_report_image *im)
{
	return !cp_image_failed(im) && cp_step_count(im) == im->prediction.n_hit;
}

static void image(struct cp_buf *out, const struct cp_report *r, const struct cp_report_image *im,
		  const struct cp_report_style *style)
{
	if (cp_image_failed(im)) {
		failure(out, im);
		return;
	}
	if (is_all_cached(im)) {
		all_cached(out, r, im);
		notes(out, im->assumptions, im->n_assumptions, style);
		return;
	}
	header(out, r, im, style);
	rows(out, im, style);
	cp_buf_addc(out, '\n');
	whys(out, im, style);
	hints(out, im, style);
	notes(out, im->assumptions, im->n_assumptions, style);
}

static void totals(struct cp_buf *out, const struct cp_report *r)
{
	size_t cached = 0, failed = 0;

	for (size_t i = 0; i < r->n_images; i++) {
		cached += is_all_cached(&r->images[i]);
		failed += cp_image_failed(&r->images[i]);
	}
	cp_buf_printf(out, "%zu images: %zu cached, %zu rebuild", r->n_images, cached, r->n_images - cached - failed);
	if (failed)
		cp_buf_printf(out, ", %zu failed", failed);
	cp_buf_addc(out, '\n');
}

/* The verdict, where there is one. */
static void what_to_do(struct cp_buf *out, const struct cp_report *r, const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	const char *label = "do";

	if (!r->action.n || cp_str_eq(r->action, CP_S("undecided")))
		return;
	cp_text_add(&text, r->action);
	if (r->reason.n) {
		cp_buf_addz(&text, ": ");
		cp_text_add(&text, r->reason);
	}
	line(out, &label, cp_buf_str(&text), style);
}

void cp_report_table(const struct cp_report *r, const struct cp_report_style *style, struct cp_buf *out)
{
	bool apart = false;

	if (r->n_images > 1) {
		revs(out, r, style);
		cp_buf_addz(out, "\n\n");
	}
	for (size_t i = 0; i < r->n_images; i++) {
		bool rows_follow = !is_all_cached(&r->images[i]);

		if (i && (apart || rows_follow))
			cp_buf_addc(out, '\n');
		apart = rows_follow;
		image(out, r, &r->images[i], style);
	}
	if (r->n_images > 1) {
		cp_buf_addc(out, '\n');
		totals(out, r);
	}
	what_to_do(out, r, style);
	notes(out, r->notes, r->n_notes, style);
}
