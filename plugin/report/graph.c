/* Who reads whose result, step by step. */
#include <stdlib.h>

#include "report/report_int.h"

int cp_edges_init(struct cp_edges *e, const struct cp_report_image *im)
{
	size_t n = im->graph->n_ops + 1, steps = im->prediction.n_steps + 1;

	*e = (struct cp_edges){.im = im};
	e->step_of = calloc(n, sizeof(*e->step_of));
	e->seen = calloc(n, sizeof(*e->seen));
	e->stack = calloc(n, sizeof(struct cp_op *));
	e->targets = calloc(steps, sizeof(*e->targets));
	if (!e->step_of || !e->seen || !e->stack || !e->targets) {
		cp_edges_release(e);
		return CP_ENOMEM;
	}
	for (size_t i = 0; i < im->prediction.n_steps; i++)
		if (im->prediction.steps[i].step->op)
			e->step_of[im->prediction.steps[i].step->op->index] = (long)i + 1;
	return 0;
}

void cp_edges_release(struct cp_edges *e)
{
	free(e->step_of);
	free(e->seen);
	free((void *)e->stack);
	free(e->targets);
	*e = (struct cp_edges){0};
}

/* An op is put on the stack once for a step, so the stack never holds more than n_ops. */
static void push_inputs(struct cp_edges *e, const struct cp_op *op, size_t mark, size_t *depth)
{
	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];

		if (e->seen[in->index] == mark)
			continue;
		e->seen[in->index] = mark;
		e->stack[(*depth)++] = in;
	}
}

void cp_edges_of(struct cp_edges *e, size_t step)
{
	const struct cp_op *op = e->im->prediction.steps[step].step->op;
	size_t depth = 0;

	e->n_targets = 0;
	if (!op)
		return;
	push_inputs(e, op, step + 1, &depth);
	while (depth) {
		const struct cp_op *in = e->stack[--depth];
		long at = e->step_of[in->index];

		if (at)
			e->targets[e->n_targets++] = (size_t)at - 1;
		else
			push_inputs(e, in, step + 1, &depth);
	}
}
