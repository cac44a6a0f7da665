/*
 * Stages and steps as a drawing: a box for every stage, one below the other, a row for every step, and at the right side a line from the
 * step whose result another stage reads. Narrow enough for a phone. No script, no font and no address of others is in it.
 */
#include <stdlib.h>

#include "report/report_int.h"

#define WIDTH 372
#define ROW 24
#define TITLE 26
#define GAP 14
#define LANES 8
#define LANE 7
#define LABEL_COLUMNS 41

static const char *const classes[] = {"hit", "miss", "depends", "unknown"};

/* Where everything stands. */
struct layout {
	const struct cp_report_image *im;
	size_t image;
	int *y; /* of every step's row */
	int height;
	bool linked;
	struct cp_buf *out;
};

static void text(struct cp_buf *out, struct cp_str s, int columns)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit_words(&clean, s, columns, false);
	cp_text_markup(out, cp_buf_str(&clean));
}

static bool begins_stage(const struct layout *l, size_t i)
{
	const struct cp_step_result *steps = l->im->prediction.steps;

	return i == 0 || steps[i].step->stage != steps[i - 1].step->stage;
}

static bool place(struct layout *l)
{
	size_t n = l->im->prediction.n_steps;
	int y = 0;

	l->y = calloc(n + 1, sizeof(*l->y));
	if (!l->y)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (begins_stage(l, i))
			y += (i ? GAP : 0) + TITLE;
		l->y[i] = y;
		y += ROW;
	}
	l->height = y + GAP;
	return true;
}

static void box(const struct layout *l, size_t from)
{
	const struct cp_prediction *p = &l->im->prediction;
	size_t stage = p->steps[from].step->stage, n = 1;

	while (from + n < p->n_steps && p->steps[from + n].step->stage == stage)
		n++;
	cp_buf_printf(l->out,
		      "<rect class=\"box\" x=\"1\" y=\"%d\" width=\"%d\" height=\"%zu\" rx=\"6\"/>"
		      "<text class=\"title\" x=\"10\" y=\"%d\">",
		      l->y[from] - TITLE + 1, WIDTH - 2, TITLE + n * ROW + 4, l->y[from] - 9);
	text(l->out, l->im->graph->stages[stage].name, LABEL_COLUMNS);
	cp_buf_addz(l->out, "</text>\n");
}

static void row(const struct layout *l, size_t i)
{
	const struct cp_step_result *s = &l->im->prediction.steps[i];
	struct cp_step_label label = cp_step_label_of(s->step);
	bool listed = cp_step_is_listed(s->step);

	if (l->linked)
		cp_buf_printf(l->out, "<a href=\"#i%zus%zu\">", l->image, i);
	cp_buf_printf(
		l->out,
		"<g class=\"%s\"><rect x=\"6\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/><title>",
		listed ? classes[s->outcome] : "none", l->y[i] + 1, WIDTH - 12, ROW - 3);
	text(l->out, s->step->name, 200);
	cp_buf_printf(l->out, "</title><text x=\"12\" y=\"%d\">", l->y[i] + ROW - 8);
	text(l->out, label.count, 9);
	cp_buf_printf(l->out, "</text><text x=\"57\" y=\"%d\">", l->y[i] + ROW - 8);
	text(l->out, label.text, LABEL_COLUMNS);
	cp_buf_addz(l->out, "</text></g>");
	if (l->linked)
		cp_buf_addz(l->out, "</a>");
	cp_buf_addc(l->out, '\n');
}

/* Lines of other stages' results; a lane each, beside one another. */
static int lines(const struct layout *l)
{
	const struct cp_prediction *p = &l->im->prediction;
	struct cp_edges e;
	unsigned lane = 0;
	int r = cp_edges_init(&e, l->im);

	for (size_t i = 0; r == 0 && i < p->n_steps; i++) {
		cp_edges_of(&e, i);
		for (size_t k = 0; k < e.n_targets; k++) {
			int from = l->y[e.targets[k]] + ROW / 2, to = l->y[i] + ROW / 2;
			int x = WIDTH + 6 + (int)(lane % LANES) * LANE;

			if (p->steps[e.targets[k]].step->stage == p->steps[i].step->stage)
				continue;
			cp_buf_printf(
				l->out,
				"<path class=\"line\" d=\"M%d %d H%d V%d H%d m5 -4 l-5 4 l5 4\"/>\n",
				WIDTH - 6, from, x, to, WIDTH - 5);
			lane++;
		}
	}
	if (r == 0)
		cp_edges_release(&e);
	return r;
}

int cp_svg_image(const struct cp_report_image *im, size_t image, bool linked, struct cp_buf *out)
{
	struct layout l = {.im = im, .image = image, .linked = linked, .out = out};
	int r;

	if (!place(&l))
		return CP_ENOMEM;
	cp_buf_printf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
		"role=\"img\">\n",
		WIDTH + LANES * LANE + 10, l.height, WIDTH + LANES * LANE + 10, l.height);
	if (!linked) {
		cp_buf_addz(out, "<style>");
		cp_buf_addz(out, cp_svg_style);
		cp_buf_addz(out, "</style>\n");
	}
	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		if (begins_stage(&l, i))
			box(&l, i);
		row(&l, i);
	}
	r = lines(&l);
	cp_buf_addz(out, "</svg>\n");
	free(l.y);
	return r;
}

/* One image a drawing; several stand in one another's, as SVG allows it. */
int cp_report_svg(const struct cp_report *r, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf all = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	int rc = 0, y = 0;

	for (size_t i = 0; rc == 0 && i < r->n_images; i++) {
		const struct cp_report_image *im = &r->images[i];
		struct layout l = {.im = im};

		if (cp_image_failed(im))
			continue;
		if (!place(&l))
			return CP_ENOMEM;
		free(l.y);
		cp_buf_printf(&all, "<text class=\"title\" x=\"1\" y=\"%d\">", y + 16);
		text(&all, cp_image_name(im), LABEL_COLUMNS);
		cp_buf_printf(&all, "</text><svg y=\"%d\" height=\"%d\">\n", y + 24, l.height);
		rc = cp_svg_image(im, i, false, &all);
		cp_buf_addz(&all, "</svg>\n");
		y += 24 + l.height + GAP;
	}
	cp_buf_printf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"><style>%s</style>\n",
		WIDTH + LANES * LANE + 10, y + 1, WIDTH + LANES * LANE + 10, y + 1, cp_svg_style);
	cp_buf_adds(out, cp_buf_str(&all));
	cp_buf_addz(out, "</svg>\n");
	return rc;
}

const char cp_svg_style[] =
	"svg{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
	"svg text{fill:#1f2328;white-space:pre}.title{font-weight:600}.box{fill:#f6f8fa;stroke:#d0d7de}"
	".line{fill:none;stroke:#8c959f;stroke-dasharray:4 2}svg a{text-decoration:none}"
	".hit rect{fill:#d8f3dc;stroke:#2d6a4f}.miss rect{fill:#ffd6d6;stroke:#b00020}"
	".depends rect{fill:#fff3bf;stroke:#b08900}.unknown rect{fill:#e9ecef;stroke:#6c757d}"
	".none rect{fill:transparent;stroke:#d0d7de}svg a:hover rect,svg a:focus rect{stroke-width:2.5}"
	"@media(prefers-color-scheme:dark){svg text{fill:#e6edf3}.box{fill:#161b22;stroke:#30363d}.line{stroke:#7d8590}"
	".hit rect{fill:#12361f;stroke:#3fb950}.miss rect{fill:#4a1418;stroke:#f85149}.depends rect{fill:#3d2e00;stroke:#d29922}"
	".unknown rect{fill:#21262d;stroke:#8b949e}.none rect{stroke:#30363d}}";
