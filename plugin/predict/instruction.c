/* A step without an operation like it in the old build: what is different from the step that it was. */
#include "predict/match_int.h"

static bool counts(const struct cp_step *s)
{
	return s->kind == CP_STEP_OP || s->kind == CP_STEP_MERGE;
}

static struct cp_str code_of(const struct cp_step *s)
{
	return s->command ? s->command->code : s->name;
}

/* The stage of the old graph that a stage of the new one was: by name, else by place. */
static int pair_stages(struct explainer *x)
{
	const struct cp_graph *ga = x->m->a.build->graph, *gb = x->m->b.build->graph;
	struct cp_map names = {0};

	for (size_t i = 0; i < ga->n_stages; i++)
		if (cp_map_put(x->m->arena, &names, ga->stages[i].name, &ga->stages[i]) < 0)
			return CP_ENOMEM;
	for (size_t i = 0; i < gb->n_stages; i++) {
		const struct cp_graph_stage *s = cp_map_get(&names, gb->stages[i].name);

		x->old_stage[i] = s ? s - ga->stages : i < ga->n_stages ? (long)i : -1;
	}
	return 0;
}

int explain_prepare(struct explainer *x)
{
	const struct cp_graph *ga = x->m->a.build->graph, *gb = x->m->b.build->graph;
	size_t *counted = cp_arena_array(x->m->arena, gb->n_stages, sizeof(*counted));

	x->place = cp_arena_array(x->m->arena, gb->n_steps, sizeof(*x->place));
	x->old_stage = cp_arena_array(x->m->arena, gb->n_stages, sizeof(*x->old_stage));
	x->old_steps = cp_arena_array(x->m->arena, ga->n_stages, sizeof(*x->old_steps));
	if (!counted || !x->place || !x->old_stage || !x->old_steps || pair_stages(x) < 0)
		return cp_err_nomem(x->m->err);
	for (size_t i = 0; i < gb->n_steps; i++)
		if (counts(&gb->steps[i]))
			x->place[i] = counted[gb->steps[i].stage]++;
	for (size_t i = 0; i < ga->n_steps; i++)
		if (counts(&ga->steps[i]) &&
		    cp_vec_push(x->m->arena, &x->old_steps[ga->steps[i].stage].steps,
				&ga->steps[i]) < 0)
			return cp_err_nomem(x->m->err);
	return 0;
}

/* How far from its place an old step with the same text is looked for. */
#define NEIGHBOURHOOD 64u

/*
 * The old step to compare with: in the old stage, the nearest one with the same text and kind, else the one in the same place if it
 * is the same instruction.
 */
static const struct cp_step *counterpart(const struct explainer *x, size_t step)
{
	const struct cp_step *now = &x->m->b.build->graph->steps[step], *same_place = NULL,
			     *best = NULL;
	size_t place = x->place[step], best_distance = SIZE_MAX,
	       first = place > NEIGHBOURHOOD ? place - NEIGHBOURHOOD : 0;
	const struct step_list *old;

	if (x->old_stage[now->stage] < 0)
		return NULL;
	old = &x->old_steps[x->old_stage[now->stage]];
	for (size_t n = first; n < old->steps.n && n <= place + NEIGHBOURHOOD; n++) {
		const struct cp_step *s = old->steps.items[n];
		size_t distance = n > place ? n - place : place - n;

		if (s->kind != now->kind)
			continue;
		if (n == place && cp_str_eq(s->instruction, now->instruction))
			same_place = s;
		if (distance >= best_distance || !cp_str_eq(code_of(s), code_of(now)))
			continue;
		best = s;
		best_distance = distance;
	}
	return best ? best : same_place;
}

static int add_name(struct explainer *x, struct cp_cause *cause, struct cp_str name)
{
	struct cp_str *names;

	for (size_t i = 0; i < cause->n_names; i++)
		if (cp_str_eq(cause->names[i], name))
			return 0;
	if (cause->n_names >= CP_MAX_CAUSE_PATHS)
		return 0;
	names = cp_arena_array(x->m->arena, cause->n_names + 1, sizeof(*names));
	if (!names)
		return cp_err_nomem(x->m->err);
	if (cause->n_names)
		memcpy(names, cause->names, cause->n_names * sizeof(*names));
	names[cause->n_names] = name;
	cause->names = names;
	cause->n_names++;
	return 0;
}

static struct cp_str name_of(struct cp_str variable)
{
	return cp_str_sub(variable, 0, cp_str_find(variable, '=', 0));
}

static bool has(const struct cp_op_exec *e, struct cp_str variable)
{
	for (size_t i = 0; i < e->n_env; i++)
		if (cp_str_eq(e->env[i], variable))
			return true;
	return false;
}

/* Names of variables that one side has with another value or not at all; a change of order alone names the first that moved. */
static int env_names(struct explainer *x, const struct cp_op_exec *a, const struct cp_op_exec *b,
		     struct cp_cause *cause)
{
	const struct cp_op_exec *sides[2][2] = {{b, a}, {a, b}};

	for (size_t side = 0; side < 2; side++)
		for (size_t i = 0; i < sides[side][0]->n_env; i++)
			if (!has(sides[side][1], sides[side][0]->env[i]) &&
			    add_name(x, cause, name_of(sides[side][0]->env[i])) < 0)
				return CP_ENOMEM;
	for (size_t i = 0; !cause->n_names && i < b->n_env && i < a->n_env; i++)
		if (!cp_str_eq(a->env[i], b->env[i]))
			return add_name(x, cause, name_of(b->env[i]));
	return 0;
}

static bool same_env(const struct cp_op_exec *a, const struct cp_op_exec *b)
{
	if (a->n_env != b->n_env)
		return false;
	for (size_t i = 0; i < a->n_env; i++)
		if (!cp_str_eq(a->env[i], b->env[i]))
			return false;
	return true;
}

static bool declares(struct cp_command *const *commands, size_t n, enum cp_command_kind kind,
		     struct cp_str name)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; commands[i]->kind == kind && k < commands[i]->n_pairs; k++)
			if (cp_str_eq(commands[i]->pairs[k].key, name))
				return true;
	return false;
}

/* Is a variable an ARG of the file, and no ENV? */
static bool is_argument(const struct cp_dockerfile *d, struct cp_str name)
{
	bool arg = false;

	if (!d)
		return false;
	for (size_t i = 0; i < d->n_stages; i++) {
		if (declares(d->stages[i].commands, d->stages[i].n_commands, CP_CMD_ENV, name))
			return false;
		arg = arg ||
		      declares(d->stages[i].commands, d->stages[i].n_commands, CP_CMD_ARG, name);
	}
	return arg;
}

static void kind_of_names(const struct explainer *x, struct cp_cause *cause)
{
	cause->kind = CP_CAUSE_ARGUMENT_CHANGED;
	for (size_t i = 0; i < cause->n_names; i++)
		if (!is_argument(x->m->b.build->dockerfile, cause->names[i]) &&
		    !is_argument(x->m->a.build->dockerfile, cause->names[i]))
			cause->kind = CP_CAUSE_ENVIRONMENT_CHANGED;
}

static int say(struct explainer *x, struct cp_cause *cause, struct cp_str text)
{
	cause->message = text;
	return text.p ? 0 : cp_err_nomem(x->m->err);
}

static int name_state(struct explainer *x, struct cp_cause *cause, struct cp_str name)
{
	cause->kind = CP_CAUSE_ENVIRONMENT_CHANGED;
	if (add_name(x, cause, name) < 0)
		return CP_ENOMEM;
	return say(x, cause, cp_arena_printf(x->m->arena, "%.*s before it changed", CP_STR(name)));
}

static int explain_exec(struct explainer *x, const struct cp_op_exec *a, const struct cp_op_exec *b,
			struct cp_cause *cause)
{
	if (!same_env(a, b)) {
		int r = env_names(x, a, b, cause);

		if (r < 0)
			return cp_err_nomem(x->m->err);
		kind_of_names(x, cause);
		return say(x, cause,
			   cp_arena_printf(
				   x->m->arena, "the value of %.*s changed",
				   CP_STR(cause->n_names ? cause->names[0] : CP_S("a variable"))));
	}
	if (!cp_str_eq(a->cwd, b->cwd))
		return name_state(x, cause, CP_S("WORKDIR"));
	if (!cp_str_eq(a->user, b->user))
		return name_state(x, cause, CP_S("USER"));
	if (a->n_args != b->n_args || (a->n_args > 1 && !cp_str_eq(a->args[0], b->args[0])))
		return name_state(x, cause, CP_S("SHELL"));
	cause->kind = CP_CAUSE_INSTRUCTION_CHANGED;
	return say(x, cause, CP_S("what it runs, or one of its mounts, changed"));
}

/* A COPY or WORKDIR with the same text: a variable in it, or the folder or user before it, changed. */
static int explain_file(struct explainer *x, const struct cp_step *now, const struct cp_op *a,
			const struct cp_op *b, struct cp_cause *cause)
{
	bool variables = cp_str_find(code_of(now), '$', 0) < code_of(now).n;

	if (!variables && a->n_actions == b->n_actions && a->n_actions &&
	    !cp_str_eq(a->actions[0].dest, b->actions[0].dest))
		return name_state(x, cause, CP_S("WORKDIR"));
	if (!variables && cp_str_eq(now->instruction, CP_S("WORKDIR")))
		return name_state(x, cause, CP_S("USER"));
	cause->kind = variables ? CP_CAUSE_ARGUMENT_CHANGED : CP_CAUSE_INSTRUCTION_CHANGED;
	return say(x, cause,
		   variables ? CP_S("a variable in it has another value")
			     : CP_S("what it copies changed"));
}

int explain_instruction(struct explainer *x, size_t step, struct cp_cause *cause)
{
	const struct cp_step *now = &x->m->b.build->graph->steps[step],
			     *before = counterpart(x, step);

	if (x->m->a.build->graph->n_steps == 0) {
		cause->kind = CP_CAUSE_NOT_IN_CACHE;
		return say(x, cause, CP_S("the base commit has no build of this image"));
	}
	if (!before) {
		cause->kind = CP_CAUSE_INSTRUCTION_CHANGED;
		return say(x, cause, CP_S("the build before had no such step"));
	}
	if (!cp_str_eq(code_of(before), code_of(now)) || before->op->kind != now->op->kind) {
		cause->kind = CP_CAUSE_INSTRUCTION_CHANGED;
		return say(x, cause,
			   cp_arena_printf(x->m->arena, "the instruction was: %.*s",
					   CP_STR(code_of(before))));
	}
	if (now->op->kind == CP_OP_EXEC)
		return explain_exec(x, &before->op->exec, &now->op->exec, cause);
	return explain_file(x, now, before->op, now->op, cause);
}
