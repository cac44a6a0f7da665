/*
 * Rules on any Dockerfile: the bytes are the Dockerfile, up to a NUL, and a requirements file, an ignore file, a workflow and a report of a
 * scanner after it.
 */
#include <stdlib.h>

#include "advise/advise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_file(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	return cp_tree_read_path(self, path, out, err);
}

static int context_of(struct cp_arena *a, struct cp_tree *tree, struct cp_str ignore,
		      struct cp_advise_input *in, struct cp_err *err)
{
	struct cp_context_options options = {.root = CP_S(""), .git_dir = true};
	struct cp_str *lines;
	int r = ignore.n ? cp_ignore_read(a, ignore, &lines, &in->n_ignore_lines, err) : 0;

	if (r == 0 && ignore.n) {
		in->ignore_lines = lines;
		in->ignore_file = CP_S(".dockerignore");
		r = cp_patterns_compile(a, lines, in->n_ignore_lines, &options.ignore, err);
	}
	return r < 0 ? r : cp_context_new(a, tree, &options, &in->context, err);
}

/* A history in which any step may have changed, run and run for nothing. */
static const struct cp_step_history *history_of(struct cp_arena *a, const struct cp_graph *g)
{
	struct cp_step_history *h = cp_arena_array(a, g->n_steps, sizeof(*h));

	for (size_t i = 0; h && i < g->n_steps; i++)
		h[i] = (struct cp_step_history){.n = 40,
						.n_ran = 13 * i % 40,
						.n_idle = 7 * i % 13,
						.n_changed = 29 * (i + 1) % 40};
	return h;
}

/* Findings have a place in their file, and edits replace lines of it. */
static void check(const struct cp_advise_input *in, const struct cp_advice *advice)
{
	int n_lines = 1;

	for (size_t i = 0; i < in->text.n; i++)
		n_lines += in->text.p[i] == '\n';
	for (size_t i = 0; i < advice->n; i++) {
		const struct cp_finding *f = &advice->findings[i];

		if (!f->message.n || f->line_end < f->line || f->line < 0 ||
		    (i && cp_finding_order(f - 1, f) > 0))
			abort();
		if (f->edit &&
		    (f->edit->line < 1 || f->edit->line_end < f->edit->line ||
		     f->edit->line_end > n_lines || !cp_str_ends(f->edit->text, CP_S("\n"))))
			abort();
	}
}

static void scans_of(struct cp_arena *a, struct cp_str text, struct cp_advise_input *in)
{
	struct cp_scan *scan = CP_NEW(a, struct cp_scan);
	struct cp_advise_scan *all = CP_NEW(a, struct cp_advise_scan);
	struct cp_scan_subject *subjects;
	struct cp_err err = {0};
	size_t n;

	if (!scan || !all || cp_scan_read(a, text, CP_S("report"), scan, &err) < 0 ||
	    cp_scan_subjects(a, scan, 1, NULL, 0, &subjects, &n) < 0 ||
	    cp_scan_places(a, subjects, in->graph, &all->places) < 0)
		return;
	all->subject = subjects;
	in->scans = all;
	in->n_scans = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const files[] = {"requirements.txt", ".gitignore", "package.json",
					    "src/a.py",         "tests/b.py", "m.onnx"};
	cp_auto_arena struct cp_arena *a = cp_arena_new(256u << 20);
	struct cp_tree *tree = cp_memory_tree_new();
	struct cp_str rest = cp_str_n((const char *)data, size), part[5] = {{0}};
	struct cp_advise_input in = {.dockerfile_path = CP_S("Dockerfile"), .n_ci = 1};
	struct cp_build_options options = {0};
	struct cp_ci_file ci = {.path = CP_S("ci.yml")};
	struct cp_advice advice;
	struct cp_err err = {0};

	for (size_t i = 0; i < CP_LEN(part) && cp_str_split(&rest, '\0', &part[i]); i++)
		;
	for (size_t i = 0; a && tree && i < CP_LEN(files); i++)
		cp_memory_tree_add(tree, cp_str_c(files[i]), CP_ENTRY_FILE, part[1]);
	ci.text = part[3];
	in.ci = &ci;
	in.text = part[0];
	in.files = (struct cp_advise_files){read_file, NULL, tree};
	if (a && tree && context_of(a, tree, part[2], &in, &err) == 0 &&
	    cp_dockerfile_parse(a, in.text, in.dockerfile_path, &in.dockerfile, &err) == 0 &&
	    cp_graph_build(a, in.dockerfile, in.dockerfile_path, &options, &in.graph, &err) == 0 &&
	    cp_advise(a, &in, &advice, &err) == 0) {
		check(&in, &advice);
		in.history = history_of(a, in.graph);
		scans_of(a, part[4], &in);
		if (in.history && cp_advise(a, &in, &advice, &err) == 0)
			check(&in, &advice);
	}
	cp_tree_free(tree);
	return 0;
}
