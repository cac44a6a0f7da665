/* A build as the rules of advise/ get to see it, and what they know of its steps. */
#include "seen_int.h"

#define MAX_INSTALLS 1000u /* steps that are watched */

/* The repository as advise/ asks for it. */
struct files {
	struct cp_tree *tree;
	struct cp_str prefix;
	struct cp_arena *a;
};

static int read_file(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	struct files *f = self;
	struct cp_str full = cp_path_join(f->a, f->prefix, path);

	return full.p ? cp_tree_read_path(f->tree, full, out, err) : cp_err_nomem(err);
}

static int size_of(void *self, struct cp_str path, uint64_t *ret_size)
{
	struct files *f = self;
	struct cp_str full = cp_path_join(f->a, f->prefix, path);
	struct cp_entry entry;
	struct cp_err ignored = {0};
	int r = full.p ? cp_tree_find(f->tree, full, &entry, &ignored) : CP_ENOMEM;

	if (r < 0)
		return r;
	if (!f->tree->ops->size || (entry.kind != CP_ENTRY_FILE && entry.kind != CP_ENTRY_EXEC))
		return CP_EUNSUPPORTED;
	return f->tree->ops->size(f->tree, &entry.oid, ret_size, &ignored);
}

static int dockerfile_text(struct cp_run *run, struct cp_image_run *image, struct cp_str path,
			   struct cp_str *ret_text, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	int r = 0;

	if (image->request.dockerfile_inline.p)
		cp_buf_adds(&text, image->request.dockerfile_inline);
	else
		r = cp_tree_read_path(run->head, path, &text, err);
	if (r < 0)
		return r;
	*ret_text = cp_arena_str(image->arena, cp_buf_str(&text));
	return ret_text->p ? 0 : cp_err_nomem(err);
}

int cp_seen_input(struct cp_run *run, struct cp_image_run *image, struct cp_build *b,
		  struct cp_advise_input *in, struct cp_err *err)
{
	struct files *files = CP_NEW(image->arena, struct files);
	int r = files ? cp_image_build(run, image, run->head, b, err) : cp_err_nomem(err);

	if (r < 0)
		return r;
	*files = (struct files){run->head, b->context_prefix, image->arena};
	in->dockerfile = b->dockerfile;
	in->dockerfile_path = cp_image_dockerfile(b);
	in->graph = b->graph;
	in->context = b->local(b->self, CP_S("context"));
	if (in->context)
		in->files = (struct cp_advise_files){read_file, size_of, files};
	in->context_path = b->context_prefix;
	in->ignore_file = b->ignore_file;
	in->ignore_lines = b->ignore_lines;
	in->n_ignore_lines = b->n_ignore_lines;
	return dockerfile_text(run, image, in->dockerfile_path, &in->text, err);
}

/* ---- installs ---- */

static const struct cp_step *step_at(const struct cp_graph *g, int line)
{
	for (size_t i = 0; i < g->n_steps; i++)
		if (g->steps[i].line == line && cp_str_eq(g->steps[i].instruction, CP_S("RUN")))
			return &g->steps[i];
	return NULL;
}

static int keep_install(struct cp_run *run, const struct cp_build *b,
			const struct cp_install_step *from, struct cp_install *to)
{
	const struct cp_step *step = step_at(b->graph, from->line);
	size_t end = step ? cp_str_find(step->name, ']', 0) : 0;

	if (!step)
		return 0;
	for (const struct cp_step *s = b->graph->steps; s < step; s++)
		to->occurrence += s->stage == step->stage &&
				  cp_str_eq(cp_str_from(s->name, cp_str_find(s->name, ']', 0)),
					    cp_str_from(step->name, end));
	to->line = from->line;
	to->builds = from->builds;
	to->what = cp_str_c(from->what);
	to->name = cp_arena_str(run->arena, step->name);
	to->stage = cp_arena_str(run->arena, b->graph->stages[step->stage].name);
	to->text =
		cp_arena_str(run->arena, cp_str_trim_left(cp_str_from(step->name, end + 1), " "));
	to->files = cp_arena_array(run->arena, from->n_files, sizeof(*to->files));
	if (!to->name.p || !to->stage.p || !to->text.p || !to->files)
		return CP_ENOMEM;
	for (size_t i = 0; i < from->n_files; i++) {
		to->files[i] = cp_path_join(run->arena, b->context_prefix, from->files[i]);
		if (!to->files[i].p)
			return CP_ENOMEM;
	}
	to->n_files = from->n_files;
	return 0;
}

int cp_seen_installs(struct cp_run *run, size_t at, struct cp_installs *ret, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_run scratch = {.request = run->images[at].request,
				       .platform = run->images[at].platform,
				       .arena = a};
	struct cp_install_step *steps = NULL;
	struct cp_advise_input in = {.ci = NULL};
	struct cp_err why = {0};
	struct cp_build b;
	size_t n = 0;
	int r = a ? cp_seen_input(run, &scratch, &b, &in, &why) : CP_ENOMEM;

	if (r == 0)
		r = cp_advise_install_steps(a, &in, &steps, &n, &why);
	if (r == CP_ENOMEM || cp_arena_failed(a) == CP_ENOMEM)
		return cp_err_nomem(err);
	ret->items = cp_arena_array(run->arena, n, sizeof(*ret->items));
	if (!ret->items)
		return cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < n && i < MAX_INSTALLS; i++) {
		if (keep_install(run, &b, &steps[i], &ret->items[ret->n]) < 0)
			return cp_err_nomem(err);
		ret->n += ret->items[ret->n].line > 0;
	}
	return 0;
}
