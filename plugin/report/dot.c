/* The same graph for Graphviz. */
#include "report/report_int.h"

#define LABEL_COLUMNS 60

static const char *const fills[] = {"#d8f3dc", "#ffd6d6", "#fff3bf", "#e9ecef"};

static void node(struct cp_buf *out, size_t image, size_t at, const struct cp_step_result *s)
{
	struct cp_step_label label = cp_step_label_of(s->step);

	cp_buf_printf(out, "    i%zus%zu [label=\"", image, at);
	if (label.count.n) {
		cp_text_dot(out, label.count, 12);
		cp_buf_addc(out, ' ');
	}
	cp_text_dot(out, label.text, LABEL_COLUMNS);
	cp_buf_addc(out, '"');
	if (cp_step_is_listed(s->step))
		cp_buf_printf(out, ", fillcolor=\"%s\", tooltip=\"%s\"", fills[s->outcome],
			      cp_outcome_name(s->outcome));
	cp_buf_addz(out, "];\n");
}

static void nodes(struct cp_buf *out, size_t image, const struct cp_report_image *im, bool prefix)
{
	size_t stage = SIZE_MAX;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (s->step->stage != stage) {
			if (stage != SIZE_MAX)
				cp_buf_addz(out, "  }\n");
			stage = s->step->stage;
			cp_buf_printf(out, "  subgraph cluster_i%zug%zu {\n    label=\"", image,
				      stage);
			if (prefix) {
				cp_text_dot(out, cp_image_name(im), 40);
				cp_buf_addz(out, ": ");
			}
			cp_text_dot(out, im->graph->stages[stage].name, 40);
			cp_buf_addz(out, "\";\n");
		}
		node(out, image, i, s);
	}
	if (stage != SIZE_MAX)
		cp_buf_addz(out, "  }\n");
}

static int edges(struct cp_buf *out, size_t image, const struct cp_report_image *im)
{
	struct cp_edges e;
	int r = cp_edges_init(&e, im);

	for (size_t i = 0; r == 0 && i < im->prediction.n_steps; i++) {
		cp_edges_of(&e, i);
		for (size_t k = 0; k < e.n_targets; k++) {
			bool same = im->prediction.steps[e.targets[k]].step->stage ==
				    im->prediction.steps[i].step->stage;

			cp_buf_printf(out, "  i%zus%zu -> i%zus%zu%s;\n", image, e.targets[k],
				      image, i, same ? "" : " [style=dashed]");
		}
	}
	if (r == 0)
		cp_edges_release(&e);
	return r;
}

int cp_report_dot(const struct cp_report *r, struct cp_buf *out)
{
	int rc = 0;

	cp_buf_addz(out, "digraph cachepredict {\n  rankdir=TB;\n  node [shape=box, style=filled, "
			 "fillcolor=\"white\", "
			 "fontname=\"monospace\"];\n");
	for (size_t i = 0; rc == 0 && i < r->n_images; i++) {
		if (cp_image_failed(&r->images[i]))
			continue;
		nodes(out, i, &r->images[i], r->n_images > 1);
		rc = edges(out, i, &r->images[i]);
	}
	cp_buf_addz(out, "}\n");
	return rc;
}
