/*
 * Steps of one build that may come to the same key once what they read is there: the second takes what the first has just made
 * (solver/scheduler.go mergeTo; which of them is the second is a race). A build compared with itself finds them.
 */
#include <string.h>

#include "predict/match_int.h"

/* Does any operation share its digest with another one? Nearly never. */
static int share_a_digest(struct matcher *m, bool *ret_any)
{
	const struct cp_graph *g = m->b.build->graph;
	struct cp_map seen = {0};

	*ret_any = false;
	for (size_t i = 0; i < g->n_ops && !*ret_any; i++) {
		const struct cp_digest *d = &m->b.keys[g->ops[i]->index].digest;
		struct cp_str name = cp_str_n((const char *)d->bytes, sizeof(d->bytes));

		if (g->ops[i]->kind == CP_OP_SOURCE)
			continue;
		*ret_any = cp_map_get(&seen, name) != NULL;
		if (cp_map_put(m->arena, &seen, name, (void *)(uintptr_t)g->ops[i]) < 0)
			return cp_err_nomem(m->err);
	}
	return 0;
}

/* Which operations stand on `op`: inputs come before what is built on them. */
static void mark_above(const struct cp_graph *g, const struct cp_op *op, bool *above)
{
	memset(above, 0, g->n_ops * sizeof(*above));
	above[op->index] = true;
	for (size_t i = op->index + 1; i < g->n_ops; i++)
		for (size_t k = 0; k < g->ops[i]->n_inputs && !above[i]; k++)
			above[i] = above[g->ops[i]->inputs[k]->index];
}

static const struct cp_op *first_beside(const struct cp_op *const *items, size_t n,
					const bool *above)
{
	for (size_t i = 0; i < n; i++)
		if (!above[items[i]->index])
			return items[i];
	return NULL;
}

/* A record besides its own that need not wait for `op` itself. */
static const struct cp_op *twin_of(const struct matcher *self, const struct cp_op *op, bool *above)
{
	const struct matched *k = &self->ops[op->index];
	const struct cp_op *twin;

	if (op->kind == CP_OP_SOURCE || op->ignore_cache || k->sure.n + k->maybe.n < 2)
		return NULL;
	mark_above(self->b.build->graph, op, above);
	twin = first_beside(k->sure.items, k->sure.n, above);
	return twin ? twin : first_beside(k->maybe.items, k->maybe.n, above);
}

int twins_find(struct matcher *m, const struct cp_op *const **ret_twins)
{
	const struct cp_graph *g = m->b.build->graph;
	const struct cp_op **twins = cp_arena_array(m->arena, g->n_ops, sizeof(*twins));
	bool *above = cp_arena_array(m->arena, g->n_ops, sizeof(*above));
	struct matcher self;
	bool any;
	int r;

	if (!twins || !above)
		return cp_err_nomem(m->err);
	*ret_twins = twins;
	r = share_a_digest(m, &any);
	if (r < 0 || !any)
		return r;
	r = matcher_init(&self, m->arena, m->b.build, m->b.build, m->err);
	if (r == 0)
		r = matcher_match(&self);
	for (size_t i = 0; r == 0 && i < g->n_ops; i++)
		twins[i] = twin_of(&self, g->ops[i], above);
	return r;
}
