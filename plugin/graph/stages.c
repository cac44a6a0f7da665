/* Stages and what they name: states, dependencies, reachability (dockerfile2llb/convert.go). */
#include "graph/platform_int.h"
#include "graph/build_int.h"

struct graph_dispatch *graph_state_named(const struct graph_builder *b, struct cp_str name)
{
	struct cp_str lower = graph_lower(b->a, name);

	return lower.p ? cp_map_get(&b->names, lower) : NULL;
}

/* dispatchStates.addState: the base is a stage above whose name is the text, case and all. */
int graph_state_add(struct graph_builder *b, struct graph_dispatch *d)
{
	int r = graph_push(b, b->states, b->n_states, b->cap_states, d);

	if (r < 0)
		return r;
	d->base = cp_map_get(&b->names, d->base_name);
	if (d->name.n && cp_map_put(b->a, &b->names, d->name, d) < 0)
		return cp_err_nomem(b->err);
	return 0;
}

static struct graph_dispatch *new_state(struct graph_builder *b)
{
	struct graph_dispatch *d = CP_NEW(b->a, struct graph_dispatch);

	if (!d)
		return NULL;
	d->paths = CP_NEW(b->a, struct graph_paths);
	d->cwd = CP_S("/");
	return d->paths ? d : NULL;
}

static int count_commands(const struct graph_dispatch *d)
{
	int total = !cp_str_eq(d->base_name, CP_S("scratch")) && !d->base;

	for (size_t i = 0; i < d->stage->n_commands; i++) {
		enum cp_command_kind kind = d->stage->commands[i]->kind;

		total += kind == CP_CMD_ADD || kind == CP_CMD_COPY || kind == CP_CMD_RUN ||
			 kind == CP_CMD_WORKDIR;
	}
	return total;
}

static int expand_base(struct graph_builder *b, struct graph_dispatch *d)
{
	const struct cp_stage *stage = d->stage;
	struct cp_str text;
	int r;

	r = graph_expand_env(b, &b->globals, stage->base_name, &d->base_name);
	if (r < 0)
		return r;
	if (d->base_name.n == 0)
		return graph_invalid(b, "base name (%.*s) should not be blank",
				     CP_STR(stage->base_name));
	if (stage->platform.n == 0)
		return 0;
	r = graph_expand_env(b, &b->globals, stage->platform, &text);
	if (r < 0)
		return cp_err_wrap(b->err, "failed to process arguments for platform %.*s",
				   CP_STR(stage->platform));
	if (text.n == 0)
		return graph_invalid(b, "empty platform value from expression %.*s",
				     CP_STR(stage->platform));
	r = graph_platform_parse(b->a, text, &b->build_platform, &d->platform, b->err);
	if (r < 0)
		return cp_err_wrap(b->err, "failed to parse platform %.*s",
				   CP_STR(stage->platform));
	d->has_platform = true;
	return 0;
}

/* A context that stands for a whole stage, if its name may be one. */
static int find_stage_context(struct graph_builder *b, struct graph_dispatch *d)
{
	if (d->name.n == 0 || cp_str_eq_nocase(d->name, CP_S("scratch")) ||
	    cp_str_eq_nocase(d->name, CP_S("context")))
		return 0;
	return graph_context_find(b, d->name, d->has_platform ? &d->platform : NULL, &d->context);
}

static int create_stage(struct graph_builder *b, size_t number)
{
	const struct cp_stage *stage = &b->file->stages[number];
	struct graph_dispatch *d = new_state(b);
	int r;

	if (!d)
		return cp_err_nomem(b->err);
	d->stage = stage;
	d->number = number;
	d->name = stage->name;
	d->line = stage->line;
	d->column = stage->column;
	d->source = stage->code;
	d->stage_name = stage->name;
	r = expand_base(b, d);
	if (r >= 0)
		r = find_stage_context(b, d);
	if (r < 0)
		return graph_at_stage(b, d, r);
	if (d->stage_name.n == 0)
		d->stage_name = cp_arena_printf(b->a, "stage-%zu", number);
	if (!d->stage_name.p)
		return cp_err_nomem(b->err);
	r = graph_state_add(b, d);
	if (d->context) {
		d->base = NULL;
		return r;
	}
	d->cmd_total = count_commands(d);
	d->ignore_cache = graph_is_no_cache(b, d->name);
	return r;
}

int graph_stages_create(struct graph_builder *b)
{
	int r = 0;

	if (b->file->n_stages > CP_MAX_STAGES)
		return cp_err_set(b->err, CP_ELIMIT, "more than %u stages", CP_MAX_STAGES);
	for (size_t i = 0; r >= 0 && i < b->file->n_stages; i++)
		r = create_stage(b, i);
	return r;
}

int graph_target_find(struct graph_builder *b)
{
	struct cp_str target = b->opt->target;

	b->target = target.n ? graph_state_named(b, target) : b->states[b->n_states - 1];
	if (b->target)
		return 0;
	graph_invalid(b, "target stage \"%.*s\" could not be found", CP_STR(target));
	cp_err_at(b->err, b->file_name, 0, 0, 0, CP_S(""));
	return CP_EINVAL;
}

/* ---- commands and what they copy or mount from ---- */

/* A name that is no stage: an image, or a context. */
static int new_unregistered(struct graph_builder *b, struct graph_dispatch *d,
			    struct graph_command *cmd, struct cp_str name,
			    struct graph_dispatch **ret)
{
	struct graph_dispatch *src = new_state(b);

	if (!src)
		return cp_err_nomem(b->err);
	src->base_name = name;
	src->unregistered = true;
	src->number = d->number;
	src->user_command = cmd;
	if (cmd->c->kind == CP_CMD_COPY && !cmd->on_build) {
		src->line = cmd->c->line;
		src->column = cmd->c->column;
		src->source = cmd->c->code;
	} else {
		src->line = d->line;
		src->column = d->column;
		src->source = d->source;
	}
	*ret = src;
	return 0;
}

static int copy_source(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd)
{
	static const struct graph_env none;
	struct cp_str from = cmd->c->from, expanded;
	int64_t index;
	int r;

	if (from.n == 0)
		return 0;
	r = graph_expand_env(b, &none, from, &expanded);
	if (r < 0)
		return r;
	if (!cp_str_eq(expanded, from))
		return graph_invalid(b, "variable expansion is not supported for --from, define a "
					"new stage with FROM "
					"using ARG from global scope as a workaround");
	cmd->sources = CP_NEW(b->a, struct graph_dispatch *);
	if (!cmd->sources)
		return cp_err_nomem(b->err);
	cmd->n_sources = 1;
	if (cp_str_to_int(from, 10, &index)) {
		if (index < 0 || (uint64_t)index >= b->n_states)
			return graph_invalid(b, "invalid stage index %lld", (long long)index);
		cmd->sources[0] = b->states[index];
		return 0;
	}
	cmd->sources[0] = graph_state_named(b, from);
	return cmd->sources[0] ? 0 : new_unregistered(b, d, cmd, from, &cmd->sources[0]);
}

/* parseMount without an expander: of all fields only from= is read, and it has no variables. */
static int mount_from(struct graph_builder *b, struct cp_str value, struct cp_str *ret_from)
{
	struct cp_str *fields;
	size_t n;
	int r;

	*ret_from = CP_S("");
	r = graph_csv_fields(b, value, &fields, &n);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		size_t eq = cp_str_find(fields[i], '=', 0);

		if (eq < fields[i].n &&
		    cp_str_eq_nocase(cp_str_sub(fields[i], 0, eq), CP_S("from")))
			*ret_from = cp_str_from(fields[i], eq + 1);
	}
	return r;
}

/* detectRunMount: every mount has a source, "scratch" when it names none. */
static int mount_sources(struct graph_builder *b, struct graph_dispatch *d,
			 struct graph_command *cmd)
{
	struct cp_str from;
	int r = 0;

	cmd->n_sources = cmd->c->n_mounts;
	cmd->sources = cp_arena_array(b->a, cmd->n_sources, sizeof(*cmd->sources));
	if (!cmd->sources)
		return cp_err_nomem(b->err);
	for (size_t i = 0; r >= 0 && i < cmd->n_sources; i++) {
		r = mount_from(b, cmd->c->mounts[i], &from);
		if (r < 0)
			break;
		if (from.n == 0)
			from = CP_S("scratch");
		cmd->sources[i] = graph_state_named(b, from);
		if (!cmd->sources[i])
			r = new_unregistered(b, d, cmd, from, &cmd->sources[i]);
	}
	return r;
}

int graph_command_new(struct graph_builder *b, struct graph_dispatch *d, const struct cp_command *c,
		      bool on_build, struct graph_command **ret_command)
{
	struct graph_command *cmd = CP_NEW(b->a, struct graph_command);
	int r = 0;

	if (!cmd)
		return cp_err_nomem(b->err);
	cmd->c = c;
	cmd->on_build = on_build;
	cmd->line = on_build || c->line == 0 ? d->line : c->line;
	if (c->kind == CP_CMD_COPY)
		r = copy_source(b, d, cmd);
	else if (c->kind == CP_CMD_RUN)
		r = mount_sources(b, d, cmd);
	if (r < 0)
		return graph_at_command(b, d, cmd, r);
	*ret_command = cmd;
	return 0;
}

int graph_depend(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < cmd->n_sources; i++) {
		struct graph_dispatch *src = cmd->sources[i];

		if (cp_vec_reserve(b->a, (void **)&d->dep_commands, &d->cap_dep_commands, d->n_deps,
				   sizeof(*d->dep_commands)) < 0)
			return cp_err_nomem(b->err);
		d->dep_commands[d->n_deps] = cmd;
		r = graph_push(b, d->deps, d->n_deps, d->cap_deps, src);
		if (r >= 0 && src->unregistered)
			r = graph_state_add(b, src);
	}
	return r;
}

/* ---- the dependency graph ---- */

struct frame {
	struct graph_dispatch *d;
	size_t next;
};

/* validateCircularDependency from one state on; only --from counts, not FROM. */
static int visit(struct graph_builder *b, struct graph_dispatch *root)
{
	CP_VEC(struct frame) stack = {0};

	if (root->visited)
		return 0;
	if (cp_vec_push(b->a, &stack, (struct frame){root, 0}) < 0)
		return cp_err_nomem(b->err);
	while (stack.n) {
		struct frame *top = &stack.items[stack.n - 1];
		struct graph_dispatch *d = top->d, *dep;

		d->visited = d->on_path = true;
		if (top->next == d->n_deps) {
			d->on_path = false;
			stack.n--;
			continue;
		}
		dep = d->deps[top->next++];
		if (dep->on_path) {
			graph_invalid(b, "circular dependency detected on stage: %.*s",
				      CP_STR(root->stage_name));
			return graph_at_command(b, d, d->dep_commands[top->next - 1], CP_EINVAL);
		}
		if (!dep->visited && cp_vec_push(b->a, &stack, (struct frame){dep, 0}) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

static int stage_commands(struct graph_builder *b, struct graph_dispatch *d)
{
	int r = 0;

	d->n_commands = d->stage->n_commands;
	d->commands = cp_arena_array(b->a, d->n_commands, sizeof(*d->commands));
	if (!d->commands)
		return cp_err_nomem(b->err);
	for (size_t i = 0; r >= 0 && i < d->n_commands; i++) {
		r = graph_command_new(b, d, d->stage->commands[i], false, &d->commands[i]);
		if (r >= 0)
			r = graph_depend(b, d, d->commands[i]);
	}
	return r;
}

int graph_dependencies(struct graph_builder *b)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < b->file->n_stages; i++)
		r = stage_commands(b, b->states[i]);
	for (size_t i = 0; r >= 0 && i < b->n_states; i++)
		r = visit(b, b->states[i]);
	if (r < 0)
		return r;
	if (b->n_states == 1)
		b->states[0]->stage_name = CP_S("");
	return 0;
}

/* allReachableStages: base stages and everything that is copied or mounted from. */
int graph_mark_reachable(struct graph_builder *b)
{
	CP_VEC(struct graph_dispatch *) todo = {0};

	for (size_t i = 0; i < b->n_states; i++)
		b->states[i]->reachable = false;
	b->target->reachable = true;
	if (cp_vec_push(b->a, &todo, b->target) < 0)
		return cp_err_nomem(b->err);
	while (todo.n) {
		struct graph_dispatch *d = todo.items[--todo.n];

		for (size_t i = 0; i <= d->n_deps; i++) {
			struct graph_dispatch *next = i < d->n_deps ? d->deps[i] : d->base;

			if (!next || next->reachable)
				continue;
			next->reachable = true;
			if (cp_vec_push(b->a, &todo, next) < 0)
				return cp_err_nomem(b->err);
		}
	}
	return 0;
}
