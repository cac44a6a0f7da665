/* cp_graph_build: the phases in their order, and the result as others see it. */
#include "graph/build_int.h"

#include <stdlib.h>

struct placed {
	const struct cp_op *op;
	const struct graph_vertex *v;
	size_t at;
};

static size_t position(const struct graph_place *p)
{
	return p->command ? p->command->position : 0;
}

/* By stage, by instruction, by the order within it. */
static int by_place(const void *px, const void *py)
{
	const struct placed *x = px, *y = py;
	const struct graph_place *a = &x->v->place, *b = &y->v->place;

	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (position(a) != position(b))
		return position(a) < position(b) ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int make_step(struct graph_builder *b, const struct placed *p, struct cp_step *step)
{
	const struct graph_place *place = &p->v->place;
	const struct graph_command *cmd = place->command;
	struct cp_str word = cmd ? cmd->c->name : CP_S("from");
	char *upper = cp_arena_alloc(b->a, word.n + 1);

	if (!upper)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < word.n; i++)
		upper[i] =
			word.p[i] >= 'a' && word.p[i] <= 'z' ? (char)(word.p[i] - 32) : word.p[i];
	step->kind = (enum cp_step_kind)place->kind;
	step->name = p->v->name;
	step->op = p->op;
	step->stage = place->stage;
	step->command = cmd && place->kind != CP_STEP_FROM ? cmd->c : NULL;
	step->instruction = place->kind == CP_STEP_FROM ? CP_S("FROM") : cp_str_n(upper, word.n);
	step->line = cmd ? cmd->line : b->file->stages[place->stage].line;
	return 0;
}

static int list_steps(struct graph_builder *b, const struct graph_sealed *sealed,
		      struct cp_graph *g)
{
	struct placed *placed = cp_arena_array(b->a, sealed->n, sizeof(*placed));
	size_t n = 0;
	int r = 0;

	if (!placed)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < sealed->n; i++)
		if (sealed->names[i]->place.kind >= 0)
			placed[n++] = (struct placed){sealed->ops[i], sealed->names[i], i};
	qsort(placed, n, sizeof(*placed), by_place);
	g->steps = cp_arena_array(b->a, n, sizeof(*g->steps));
	if (!g->steps)
		return cp_err_nomem(b->err);
	for (; r >= 0 && g->n_steps < n; g->n_steps++)
		r = make_step(b, &placed[g->n_steps], &g->steps[g->n_steps]);
	return r;
}

static int list_stages(struct graph_builder *b, struct cp_graph *g)
{
	size_t n = b->file->n_stages;

	g->stages = cp_arena_array(b->a, n, sizeof(*g->stages));
	if (!g->stages)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < n; i++) {
		const struct graph_dispatch *d = b->states[i];
		struct cp_graph_stage *s = &g->stages[i];

		s->name = d->name.n ? d->name : cp_arena_printf(b->a, "stage-%zu", i);
		if (!s->name.p)
			return cp_err_nomem(b->err);
		s->index = i;
		s->reachable = d->reachable;
		s->line = d->line;
		s->parent = d->base ? (int)d->base->number : -1;
		s->base = d->base ? g->stages[s->parent].name : d->ref.n ? d->ref : d->base_name;
		s->begin = d->begin ? d->begin->final : NULL;
		s->result = d->fs ? d->fs->final : NULL;
	}
	g->n_stages = n;
	g->target = b->target->number;
	return 0;
}

/* BUILDKIT_SYNTAX wins over the directive; of several the last one counts. */
struct cp_str cp_graph_syntax(const struct cp_dockerfile *dockerfile,
			      const struct cp_build_options *options)
{
	struct cp_str text = dockerfile->syntax.value;

	for (size_t i = 0; options && i < options->n_build_args; i++)
		if (cp_str_eq(options->build_args[i].key, CP_S("BUILDKIT_SYNTAX")))
			text = cp_str_trim_space(options->build_args[i].value);
	return cp_str_sub(text, 0, cp_str_find(text, ' ', 0));
}

static int convert(struct graph_builder *b)
{
	int r;

	r = graph_options_read(b);
	if (r >= 0)
		r = graph_globals_create(b);
	if (r >= 0)
		r = graph_epoch_resolve(b);
	if (r >= 0)
		r = graph_stages_create(b);
	if (r >= 0)
		r = graph_target_find(b);
	if (r >= 0)
		r = graph_dependencies(b);
	if (r >= 0)
		r = graph_stages_resolve(b);
	if (r >= 0)
		r = graph_main_context(b);
	if (r >= 0)
		r = graph_stages_dispatch(b);
	return r;
}

static int finish(struct graph_builder *b, struct cp_graph *g)
{
	struct graph_sealed sealed;
	int r;

	b->target->paths->all = true;
	r = graph_seal(b, b->target->fs, &sealed);
	if (r < 0)
		return r;
	g->ops = (const struct cp_op **)sealed.ops;
	g->n_ops = sealed.n;
	g->result = b->target->fs ? b->target->fs->final : NULL;
	g->assumptions = b->assumptions;
	g->n_assumptions = b->n_assumptions;
	g->images = b->images;
	g->n_images = b->n_images;
	g->syntax = cp_graph_syntax(b->file, b->opt);
	g->rules = b->rules;
	g->inexact = b->inexact;
	r = list_stages(b, g);
	if (r >= 0)
		r = list_steps(b, &sealed, g);
	return r < 0 ? r : graph_history_list(b, g);
}

int cp_graph_build(struct cp_arena *a, const struct cp_dockerfile *dockerfile,
		   struct cp_str dockerfile_name, const struct cp_build_options *options,
		   const struct cp_graph **ret_graph, struct cp_err *err)
{
	static const struct cp_build_options defaults;
	struct cp_err unseen = {0};
	struct graph_builder b = {.a = a,
				  .err = err ? err : &unseen,
				  .file = dockerfile,
				  .file_name = dockerfile_name,
				  .opt = options ? options : &defaults};
	struct cp_graph *g = CP_NEW(a, struct cp_graph);
	int r;

	if (!g)
		return cp_err_nomem(b.err);
	if (b.opt->profile) {
		b.rules = b.opt->profile->rules;
		b.inexact = b.opt->profile->unknown;
	}
	if (dockerfile->n_stages == 0)
		return graph_invalid(&b, "dockerfile contains no stages to build");
	r = convert(&b);
	if (r >= 0)
		r = finish(&b, g);
	if (r < 0) {
		cp_err_at(b.err, dockerfile_name, 0, 0, 0, CP_S(""));
		return r;
	}
	*ret_graph = g;
	return 0;
}
