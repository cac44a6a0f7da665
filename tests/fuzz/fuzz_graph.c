/*
 * Any Dockerfile with any options: a graph that holds together, or an error. Input: lines KEY=VALUE up to an empty line are
 * options (target, platform, arg, context, nocache, builder), the rest is the Dockerfile.
 */
#include <stdlib.h>

#include "graph/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PAIRS 8

struct fuzz_options {
	struct cp_build_options o;
	struct cp_option_pair args[MAX_PAIRS], contexts[MAX_PAIRS];
	struct cp_builder builder;
	struct cp_profile profile;
};

static void add_pair(struct cp_option_pair *pairs, size_t *n, struct cp_str text)
{
	size_t eq = cp_str_find(text, '=', 0);

	if (*n < MAX_PAIRS)
		pairs[(*n)++] =
			(struct cp_option_pair){cp_str_sub(text, 0, eq), cp_str_from(text, eq + 1)};
}

static void read_option(struct cp_arena *a, struct fuzz_options *f, struct cp_str line)
{
	size_t eq = cp_str_find(line, '=', 0);
	struct cp_str key = cp_str_sub(line, 0, eq), value = cp_str_from(line, eq + 1);

	if (cp_str_eq(key, CP_S("target")))
		f->o.target = value;
	else if (cp_str_eq(key, CP_S("platform")))
		(void)cp_platform_parse(a, value, &f->o.platform, NULL);
	else if (cp_str_eq(key, CP_S("arg")))
		add_pair(f->args, &f->o.n_build_args, value);
	else if (cp_str_eq(key, CP_S("context")))
		add_pair(f->contexts, &f->o.n_contexts, value);
	else if (cp_str_eq(key, CP_S("main")))
		f->o.main_context = value;
	else if (cp_str_eq(key, CP_S("nocache")))
		f->o.no_cache = true;
	else if (cp_str_eq(key, CP_S("builder")))
		(void)cp_builder_parse(value, &f->builder, NULL);
}

/* What every other room relies on. */
static void check(const struct cp_graph *g)
{
	for (size_t i = 0; i < g->n_ops; i++) {
		const struct cp_op *op = g->ops[i];

		if (op->index != i)
			abort();
		for (size_t j = 0; j < op->n_inputs; j++)
			if (op->inputs[j]->index >= i ||
			    g->ops[op->inputs[j]->index] != op->inputs[j])
				abort();
		for (size_t j = 0; op->kind == CP_OP_EXEC && j < op->exec.n_mounts; j++)
			if (op->exec.mounts[j].input >= (int)op->n_inputs)
				abort();
		for (size_t j = 0; j < op->n_actions; j++)
			if (op->actions[j].input >= (int)(op->n_inputs + j) ||
			    op->actions[j].secondary_input >= (int)op->n_inputs)
				abort();
	}
	if (g->result && g->ops[g->n_ops - 1] != g->result)
		abort();
	for (size_t i = 0; i < g->n_steps; i++)
		if (g->steps[i].stage >= g->n_stages ||
		    g->ops[g->steps[i].op->index] != g->steps[i].op)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)64 << 20);
	struct cp_str text = cp_str_n((const char *)data, size), line;
	struct fuzz_options f = {0};
	const struct cp_dockerfile *df;
	const struct cp_graph *g;
	struct cp_err err = {0};
	int r;

	if (!a)
		return 0;
	f.o.build_args = f.args;
	f.o.contexts = f.contexts;
	while (cp_str_split(&text, '\n', &line) && line.n)
		read_option(a, &f, line);
	r = cp_dockerfile_parse(a, text, CP_S("Dockerfile"), &df, &err);
	if (r == 0)
		r = cp_profile_of(a, &f.builder, cp_graph_syntax(df, &f.o), &f.profile, &err);
	f.o.profile = &f.profile;
	if (r >= 0)
		r = cp_graph_build(a, df, CP_S("Dockerfile"), &f.o, &g, &err);
	if (r >= 0)
		check(g);
	else if (err.code != r || !err.message[0])
		abort();
	return 0;
}
