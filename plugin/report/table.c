/*
 * For a terminal: stages, steps, outcomes, and below them why. Nothing is said that is not known.
 */
#include "report/report_int.h"

#define LABEL_COLUMNS 8 /* "  why   " */
#define MAX_WHYS 6
#define MAX_NOTES 5
#define LONG_TABLE 20 /* rows from which on cached steps that follow each other share a row */
#define SHORTEST_RUN 3
#define GOOD_TEXT 36 /* columns below which stages get lines of their own */

struct layout {
	int width, stage, count, text, outcome, reason, cost;
	int indent;    /* of steps under a heading */
	bool headings; /* a stage's name stands above its steps */
	bool fold;
};

static const int outcome_columns[] = {3, 4, 7, 7}; /* hit, MISS, depends, unknown */

int cp_table_width(const struct cp_report_style *style)
{
	int width = style->width > 0 ? style->width : 80;

	return width < 40 ? 40 : width;
}

void cp_table_row(struct cp_buf *out, const char *label, int columns, struct cp_str text,
		  const struct cp_report_style *style)
{
	cp_buf_printf(out, "  %-*s", columns - 2, label);
	cp_text_wrap(out, text, columns, columns, cp_table_width(style));
	cp_buf_addc(out, '\n');
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
	/* the revision is the commit's own name */
	bool same = commit.n && rev.n >= 7 && cp_str_starts(commit, rev);

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

static void title(struct cp_buf *out, const struct cp_report_image *im,
		  const struct cp_report_style *style)
{
	cp_text_fit(out, cp_image_name(im), 30, style->ascii);
	cp_buf_addz(out, "  ");
	cp_text_fit(out, im->dockerfile, 40, style->ascii);
	if (im->request && im->request->context.n) {
		cp_buf_printf(out, " %s context ", cp_text_dot_sign(style->ascii));
		cp_text_fit(out, im->request->context, 40, style->ascii);
	}
}

/*
 * "api  Dockerfile · context .          main 4f1c2e9 → HEAD 9a77b10", the revisions below when they
 * do not fit.
 */
static void header(struct cp_buf *out, const struct cp_report *r, const struct cp_report_image *im,
		   const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf left = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
				  right = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
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

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static int reason_width(struct cp_buf *out, const struct cp_report_image *im,
			const struct cp_step_result *s)
{
	cp_auto_buf struct cp_buf reason = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_step_reason(&reason, im, s);
	return buf_width(&reason);
}

static int cost_width(struct cp_buf *out, const struct cp_report_image *im, size_t step)
{
	cp_auto_buf struct cp_buf cost = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_cost(&cost, im, step);
	return buf_width(&cost);
}

static bool is_shown(const struct cp_step_result *s)
{
	return cp_step_is_listed(s->step) || s->step->kind == CP_STEP_FROM;
}

/* What the text has when the other columns have theirs; `stage` is 0 with headings. */
static int text_columns(const struct layout *l, int stage)
{
	int left = l->headings ? l->indent : 2 + stage + 2;

	return l->width - left - l->count - 2 - 2 - l->outcome - (l->reason ? l->reason + 2 : 0) -
	       (l->cost ? l->cost + 2 : 0);
}

/*
 * The text takes what the other columns leave; the reason gives way before the text gets too narrow
 * to read.
 */
static struct layout measure(struct cp_buf *out, const struct cp_report_image *im,
			     const struct cp_report_style *style)
{
	struct layout l = {.width = cp_table_width(style)};
	size_t shown = 0;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (!is_shown(s))
			continue;
		shown++;
		l.stage =
			larger(l.stage, cp_text_width(im->graph->stages[s->step->stage].name, 40));
		l.count = larger(l.count, cp_text_width(cp_step_label_of(s->step).count, 12));
		if (!cp_step_is_listed(s->step))
			continue;
		l.outcome = larger(l.outcome, outcome_columns[s->outcome]);
		l.reason = larger(l.reason, reason_width(out, im, s));
		l.cost = larger(l.cost, cost_width(out, im, i));
	}
	l.fold = shown > LONG_TABLE;
	l.indent = l.fold ? 2 : 4; /* room for a run's numbers sets the steps off enough */
	l.count = smaller(l.count + (l.fold ? 3 : 0), 12); /* "2-14/20" */
	l.reason = smaller(l.reason, l.width / 3);
	l.headings = text_columns(&l, l.stage) < GOOD_TEXT;
	l.text = text_columns(&l, l.stage);
	if (l.text < 16) {
		l.reason = larger(0, l.reason - (16 - l.text));
		l.text = 16;
	}
	return l;
}

/* What stands left of the text: the stage where it begins, and "3/4". */
static void left(struct cp_buf *out, const struct layout *l, struct cp_str stage,
		 struct cp_str count, bool ascii)
{
	int used = 0;

	cp_text_spaces(out, l->headings ? l->indent : 2);
	if (!l->headings) {
		used = cp_text_fit(out, stage, l->stage, ascii);
		cp_text_spaces(out, l->stage - used + 2);
	}
	cp_text_spaces(out, l->count - cp_text_width(count, l->count));
	cp_text_fit(out, count, l->count, ascii);
	cp_buf_addz(out, "  ");
}

static void row(struct cp_buf *out, const struct cp_report_image *im,
		const struct cp_step_result *s, const struct layout *l, struct cp_str stage,
		const struct cp_report_style *style)
{
	struct cp_step_label label = cp_step_label_of(s->step);
	cp_auto_buf struct cp_buf reason = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	cp_auto_buf struct cp_buf cost = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	bool listed = cp_step_is_listed(s->step);
	int used;

	left(out, l, stage, label.count, style->ascii);
	used = cp_text_fit_words(out, label.text, listed ? l->text : l->text + 2 + l->outcome,
				 style->ascii);
	if (listed) {
		cp_text_spaces(out, l->text - used + 2);
		cp_table_outcome(out, s->outcome, style);
		cp_step_reason(&reason, im, s);
	}
	used = 0;
	if (listed && l->cost)
		cp_text_cost(&cost, im, (size_t)(s - im->prediction.steps));
	if ((reason.n && l->reason) || cost.n)
		cp_text_spaces(out, l->outcome - outcome_columns[s->outcome] + 2);
	if (reason.n && l->reason)
		used = cp_text_fit(out, cp_buf_str(&reason), l->reason, style->ascii);
	if (cost.n) {
		cp_text_spaces(out,
			       l->reason - used + (l->reason ? 2 : 0) + l->cost - buf_width(&cost));
		cp_buf_adds(out, cp_buf_str(&cost));
	}
	cp_buf_addc(out, '\n');
}

/* How many steps from here on are cached steps of one stage. */
static size_t run_of_hits(const struct cp_report_image *im, size_t at)
{
	const struct cp_step_result *s = im->prediction.steps;
	size_t n = 0;

	while (at + n < im->prediction.n_steps && s[at + n].step->stage == s[at].step->stage &&
	       cp_step_is_listed(s[at + n].step) && s[at + n].outcome == CP_OUTCOME_HIT)
		n++;
	return n;
}

/* "2-14/20  13 steps   hit" */
static void folded(struct cp_buf *out, const struct cp_report_image *im, size_t at, size_t n,
		   const struct layout *l, struct cp_str stage, const struct cp_report_style *style)
{
	struct cp_str first = cp_step_label_of(im->prediction.steps[at].step).count;
	struct cp_str last = cp_step_label_of(im->prediction.steps[at + n - 1].step).count;
	cp_auto_buf struct cp_buf count = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
				  text = CP_BUF_PART(out, 64);

	if (!cp_str_eq(first, last)) {
		cp_buf_adds(&count, cp_str_sub(first, 0, cp_str_find(first, '/', 0)));
		cp_buf_addc(&count, '-');
	}
	cp_buf_adds(&count, last);
	cp_buf_printf(&text, "%zu steps", n);
	left(out, l, stage, cp_buf_str(&count), style->ascii);
	cp_buf_adds(out, cp_buf_str(&text));
	cp_text_spaces(out, l->text - (int)text.n + 2);
	cp_table_outcome(out, CP_OUTCOME_HIT, style);
	cp_buf_addc(out, '\n');
}

static void rows(struct cp_buf *out, const struct cp_report_image *im,
		 const struct cp_report_style *style)
{
	struct layout l = measure(out, im, style);
	size_t stage = SIZE_MAX, n;

	for (size_t i = 0; i < im->prediction.n_steps; i += n) {
		const struct cp_step_result *s = &im->prediction.steps[i];
		struct cp_str name =
			s->step->stage == stage ? CP_S("") : im->graph->stages[s->step->stage].name;

		n = 1;
		if (!is_shown(s))
			continue;
		if (l.headings && s->step->stage != stage) {
			cp_buf_addz(out, "  ");
			cp_text_fit(out, name, l.width - 2, style->ascii);
			cp_buf_addc(out, '\n');
		}
		stage = s->step->stage;
		n = l.fold ? run_of_hits(im, i) : 0;
		if (n >= SHORTEST_RUN) {
			folded(out, im, i, n, &l, name, style);
			continue;
		}
		n = 1;
		row(out, im, s, &l, name, style);
	}
}

/* ---- below the steps ---- */

/* "  why   text", wrapped under itself. The label is printed once. */
static void line(struct cp_buf *out, const char **label, struct cp_str text,
		 const struct cp_report_style *style)
{
	cp_table_row(out, *label, LABEL_COLUMNS, text, style);
	*label = "";
}

static bool broke_by_itself(const struct cp_step_result *s)
{
	return cp_step_is_listed(s->step) && s->outcome != CP_OUTCOME_HIT && s->cause.step < 0;
}

/*
 * What broke, and all the places where it did: "builder 3/4, test 1/2: requirements.txt modified".
 */
struct why {
	struct cp_buf places, text;
};

static void add_place(struct cp_buf *out, const struct cp_report_image *im,
		      const struct cp_step_result *s)
{
	struct cp_step_label label = cp_step_label_of(s->step);

	cp_buf_addz(out, out->n ? ", " : "");
	cp_text_add(out, im->graph->stages[s->step->stage].name);
	if (label.count.n) {
		cp_buf_addc(out, ' ');
		cp_text_add(out, label.count);
	}
}

/* Into the list, or to the places of what says the same. False when the list is full. */
static bool add_why(struct cp_buf *out, struct why *list, size_t *n,
		    const struct cp_report_image *im, const struct cp_step_result *s,
		    const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	size_t at = 0;

	cp_step_why(&text, im, s, cp_quote_plain, style->ascii);
	while (at < *n && !cp_str_eq(cp_buf_str(&list[at].text), cp_buf_str(&text)))
		at++;
	if (at == MAX_WHYS)
		return false;
	if (at == *n) {
		list[at] = (struct why){CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
					CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES)};
		cp_buf_adds(&list[at].text, cp_buf_str(&text));
		(*n)++;
	}
	add_place(&list[at].places, im, s);
	return true;
}

static void whys(struct cp_buf *out, const struct cp_report_image *im,
		 const struct cp_report_style *style)
{
	struct why list[MAX_WHYS];
	const char *label = "why";
	size_t n = 0, more = 0;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (broke_by_itself(s) && !add_why(out, list, &n, im, s, style))
			more++;
	}
	for (size_t i = 0; i < n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

		cp_buf_adds(&text, cp_buf_str(&list[i].places));
		cp_buf_addz(&text, ": ");
		cp_buf_adds(&text, cp_buf_str(&list[i].text));
		line(out, &label, cp_buf_str(&text), style);
		cp_buf_release(&list[i].places);
		cp_buf_release(&list[i].text);
	}
	if (more)
		cp_buf_printf(out, "%*sand %zu more\n", LABEL_COLUMNS, "", more);
}

static bool said_before(const struct cp_report_image *im, size_t step, struct cp_str hint)
{
	for (size_t i = 0; i < step; i++)
		if (cp_str_eq(im->prediction.steps[i].cause.hint, hint))
			return true;
	return false;
}

/* What would mend it: hints of steps, and the one thing to do about a .git in the context. */
static void hints(struct cp_buf *out, const struct cp_report_image *im,
		  const struct cp_report_style *style)
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
			cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

			git = true;
			cp_buf_addz(&text, "add .git to ");
			cp_text_add(&text,
				    im->ignore_file.n ? im->ignore_file : CP_S(".dockerignore"));
			line(out, &label, cp_buf_str(&text), style);
		}
	}
}

/* What a note says behind its colon; several that say the same share a line. */
static struct cp_str tail_of(struct cp_str note)
{
	return cp_str_from(note, cp_str_find_str(note, CP_S(": "), 0));
}

static bool is_first_with_tail(const struct cp_str *items, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (cp_str_eq(tail_of(items[i]), tail_of(items[at])))
			return false;
	return true;
}

static void notes(struct cp_buf *out, const struct cp_str *items, size_t n,
		  const struct cp_report_style *style)
{
	const char *label = "note";
	size_t shown = 0, left_out = 0;

	for (size_t i = 0; i < n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
		struct cp_str tail = tail_of(items[i]);

		if (tail.n && !is_first_with_tail(items, i))
			continue;
		if (shown == MAX_NOTES) {
			left_out++;
			continue;
		}
		cp_buf_adds(&text, cp_str_sub(items[i], 0, items[i].n - tail.n));
		for (size_t k = i + 1; tail.n && k < n; k++) {
			if (!cp_str_eq(tail_of(items[k]), tail))
				continue;
			cp_buf_addz(&text, "; ");
			cp_buf_adds(&text, cp_str_sub(items[k], 0, items[k].n - tail.n));
		}
		cp_buf_adds(&text, tail);
		line(out, &label, cp_buf_str(&text), style);
		shown++;
	}
	if (left_out)
		cp_buf_printf(out, "%*sand %zu more\n", LABEL_COLUMNS, "", left_out);
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

static void all_cached(struct cp_buf *out, const struct cp_report *r,
		       const struct cp_report_image *im)
{
	cp_text_add(out, cp_image_name(im));
	if (cp_step_count(im) == 0) {
		cp_buf_addz(out, "  no step that a cache could hold\n");
		return;
	}
	cp_buf_printf(out, "  every step is cached (%zu), ", cp_step_count(im));
	if (im->holders) {
		cp_buf_addz(out, "proved against ");
		cp_text_add(out, r->n_cache_from ? r->cache_from[0] : im->caches[0]);
		cp_buf_addz(out, r->n_cache_from > 1 ? " and others\n" : "\n");
		return;
	}
	cp_buf_addz(out, "as ");
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
	cp_buf_printf(out, "%zu images: %zu cached, %zu rebuild", r->n_images, cached,
		      r->n_images - cached - failed);
	if (failed)
		cp_buf_printf(out, ", %zu failed", failed);
	cp_buf_addc(out, '\n');
}

/* How long it will take, and how far that can be believed. */
static void times(struct cp_buf *out, const struct cp_report *r,
		  const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	const char *label = "time", *known = "known";

	cp_text_totals(&text, r);
	if (text.n)
		line(out, &label, cp_buf_str(&text), style);
	cp_buf_clear(&text);
	cp_text_accuracy(&text, &r->accuracy);
	if (text.n)
		line(out, &known, cp_buf_str(&text), style);
}

/* The verdict, where there is one. */
static void what_to_do(struct cp_buf *out, const struct cp_report *r,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
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

void cp_report_table(const struct cp_report *r, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	const char *base = "base";
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
	times(out, r, style);
	what_to_do(out, r, style);
	if (r->base_why.n)
		line(out, &base, r->base_why, style);
	notes(out, r->notes, r->n_notes, style);
}
