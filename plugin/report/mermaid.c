/*
 * A Mermaid flowchart: a box for every stage, a node for every step. Forges draw it in comments and
 * job summaries.
 */
#include "report/report_int.h"

#define LABEL_COLUMNS 48

static const char *const classes[] = {"hit", "miss", "depends", "unknown"};

static void node(struct cp_buf *out, size_t image, size_t at, const struct cp_step_result *s)
{
	struct cp_step_label label = cp_step_label_of(s->step);

	cp_buf_printf(out, "    i%zus%zu[\"", image, at);
	if (label.count.n) {
		cp_text_mermaid(out, label.count, 12);
		cp_buf_addc(out, ' ');
	}
	cp_text_mermaid(out, label.text, LABEL_COLUMNS);
	cp_buf_addz(out, "\"]");
	if (cp_step_is_listed(s->step))
		cp_buf_printf(out, ":::%s", classes[s->outcome]);
	cp_buf_addc(out, '\n');
}

static void nodes(struct cp_buf *out, size_t image, const struct cp_report_image *im, bool prefix)
{
	size_t stage = SIZE_MAX;

	for (size_t i = 0; i < im->prediction.n_steps; i++) {
		const struct cp_step_result *s = &im->prediction.steps[i];

		if (s->step->stage != stage) {
			if (stage != SIZE_MAX)
				cp_buf_addz(out, "  end\n");
			stage = s->step->stage;
			cp_buf_printf(out, "  subgraph i%zug%zu [\"", image, stage);
			if (prefix) {
				cp_text_mermaid(out, cp_image_name(im), 30);
				cp_buf_addz(out, ": ");
			}
			cp_text_mermaid(out, im->graph->stages[stage].name, 30);
			cp_buf_addz(out, "\"]\n");
		}
		node(out, image, i, s);
	}
	if (stage != SIZE_MAX)
		cp_buf_addz(out, "  end\n");
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

			cp_buf_printf(out, "  i%zus%zu %s i%zus%zu\n", image, e.targets[k],
				      same ? "-->" : "-.->", image, i);
		}
	}
	if (r == 0)
		cp_edges_release(&e);
	return r;
}

int cp_report_mermaid(const struct cp_report *r, struct cp_buf *out)
{
	int rc = 0;

	cp_buf_addz(out, "flowchart TD\n");
	for (size_t i = 0; rc == 0 && i < r->n_images; i++) {
		if (cp_image_failed(&r->images[i]))
			continue;
		nodes(out, i, &r->images[i], r->n_images > 1);
		rc = edges(out, i, &r->images[i]);
	}
	cp_buf_addz(out, "  classDef hit fill:#d8f3dc,stroke:#2d6a4f,color:#1b4332\n"
			 "  classDef miss fill:#ffd6d6,stroke:#b00020,color:#5f0011\n"
			 "  classDef depends fill:#fff3bf,stroke:#b08900,color:#5c4700\n"
			 "  classDef unknown fill:#e9ecef,stroke:#6c757d,color:#343a40\n");
	return rc;
}
