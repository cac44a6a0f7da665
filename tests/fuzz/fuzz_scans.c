/*
 * scans/: a report, and after a line "---" a Dockerfile. Every layer is in one place, every vulnerability counts once, and what an image
 * says of itself does not change by being read as two reports.
 */
#include <stdint.h>
#include <stdlib.h>

#include "scans/scans.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cp_graph *graph_of(struct cp_arena *a, struct cp_str text)
{
	struct cp_build_options options = {0};
	const struct cp_dockerfile *df;
	const struct cp_graph *g;
	struct cp_err err = {0};

	if (cp_dockerfile_parse(a, text, CP_S("Dockerfile"), &df, &err) < 0 ||
	    cp_graph_build(a, df, CP_S("Dockerfile"), &options, &g, &err) < 0)
		return NULL;
	return g;
}

static void check_places(const struct cp_scan_subject *s, const struct cp_scan_places *p)
{
	size_t n_layers = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct cp_scan_place *at = &p->items[i];
		size_t n = 0;

		for (size_t k = 0; k < CP_FLAW_N; k++)
			n += at->counts[k];
		if (n != at->n_flaws || (at->kind == CP_PLACE_STEP) != (at->step != NULL) ||
		    (at->kind == CP_PLACE_UNKNOWN) != (at->n_layers == 0))
			abort();
		n_layers += at->n_layers;
	}
	if (n_layers != (s->image ? s->image->n_layers : 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str all = cp_str_n((const char *)data, size),
		      report = cp_str_sub(all, 0, cp_str_find_str(all, CP_S("\n---\n"), 0));
	const struct cp_graph *g;
	struct cp_scan scans[2] = {{.file = CP_S("")}};
	struct cp_scan_subject *subjects;
	struct cp_err err = {0};
	size_t n;

	if (!a || cp_scan_read(a, report, CP_S("report"), &scans[0], &err) < 0)
		return 0;
	scans[1] = scans[0];
	g = graph_of(a, report.n < all.n ? cp_str_from(all, report.n + 5)
					 : CP_S("FROM a\nARG V\nRUN x\nCOPY a b\n"));
	if (!g || cp_scan_subjects(a, scans, 2, NULL, 0, &subjects, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct cp_scan_places places;

		if (cp_scan_places(a, &subjects[i], g, &places) == 0)
			check_places(&subjects[i], &places);
	}
	return 0;
}
