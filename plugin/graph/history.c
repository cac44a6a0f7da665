/* What the image's config says of its layers (dockerfile2llb/convert.go commitToHistory); made of words only when somebody asks. */
#include "graph/build_int.h"

static int add(struct graph_builder *b, struct graph_dispatch *d, const struct graph_command *cmd,
	       struct cp_graph_layer layer)
{
	layer.stage = d->number;
	layer.command = cmd->c;
	layer.line = cmd->line;
	return graph_push(b, d->layers, d->n_layers, d->cap_layers, layer);
}

int graph_history_arg(struct graph_builder *b, struct graph_dispatch *d, struct cp_str key,
		      struct cp_str value)
{
	struct cp_graph_arg *arg = CP_NEW(b->a, struct cp_graph_arg);

	if (!arg)
		return cp_err_nomem(b->err);
	*arg = (struct cp_graph_arg){key, value, d->args};
	d->args = arg;
	return 0;
}

int graph_history_run(struct graph_builder *b, struct graph_dispatch *d,
		      const struct graph_command *cmd, const struct cp_op_exec *exec)
{
	bool shell = cmd->c->prepend_shell && d->assumes.shell.n;

	return add(b, d, cmd,
		   (struct cp_graph_layer){.assumed = shell || (d->args && d->assumes.env.n),
					   .words = exec->args,
					   .n_words = exec->n_args,
					   .env = exec->env,
					   .n_env = exec->n_env,
					   .args = d->args});
}

int graph_history_workdir(struct graph_builder *b, struct graph_dispatch *d,
			  const struct graph_command *cmd)
{
	struct cp_str *words = CP_NEW(b->a, struct cp_str);

	if (!words)
		return cp_err_nomem(b->err);
	*words = d->cwd;
	return add(b, d, cmd,
		   (struct cp_graph_layer){
			   .assumed = d->assumes.cwd.n > 0, .words = words, .n_words = 1});
}

int graph_history_copy(struct graph_builder *b, struct graph_dispatch *d,
		       const struct graph_command *cmd, const struct cp_str *sources,
		       struct cp_str dest, struct cp_str chown, struct cp_str chmod,
		       struct cp_str assumes)
{
	const struct cp_command *c = cmd->c;
	struct cp_str *words =
		cp_arena_array(b->a, c->n_sources + c->n_heredocs + 4, sizeof(*words));
	size_t n = 0;

	if (!words)
		return cp_err_nomem(b->err);
	if (c->parents)
		words[n++] = CP_S("--parents");
	if (chown.n)
		words[n++] = GRAPH_CAT(b->a, CP_S("--chown="), chown);
	if (chmod.n)
		words[n++] = GRAPH_CAT(b->a, CP_S("--chmod="), chmod);
	for (size_t i = 0; i < c->n_sources; i++)
		words[n++] = sources[i];
	for (size_t i = 0; i < c->n_heredocs; i++)
		words[n++] = GRAPH_CAT(b->a, CP_S("<<"), c->heredocs[i].name);
	words[n++] = dest;
	return add(b, d, cmd,
		   (struct cp_graph_layer){.assumed = assumes.n > 0, .words = words, .n_words = n});
}

/* FROM may go through many stages: counted first, then filled from the end. */
int graph_history_list(struct graph_builder *b, struct cp_graph *g)
{
	size_t n = 0;

	for (const struct graph_dispatch *d = b->target; d; d = d->base)
		n += d->n_layers;
	g->layers = cp_arena_array(b->a, n, sizeof(*g->layers));
	if (!g->layers)
		return cp_err_nomem(b->err);
	g->n_layers = n;
	for (const struct graph_dispatch *d = b->target; d; d = d->base) {
		n -= d->n_layers;
		if (d->n_layers)
			memcpy(g->layers + n, d->layers, d->n_layers * sizeof(*d->layers));
	}
	return 0;
}

const struct cp_graph_stage *cp_graph_bottom(const struct cp_graph *graph)
{
	const struct cp_graph_stage *s = &graph->stages[graph->target];

	for (size_t depth = 0; s->parent >= 0 && depth < graph->n_stages; depth++)
		s = &graph->stages[s->parent];
	return s;
}

/* ---- the text ---- */

static int put_variable(struct cp_arena *a, struct cp_map *env, const struct cp_str *variable)
{
	size_t eq = cp_str_find(*variable, '=', 0);

	return cp_map_put(a, env, cp_str_sub(*variable, 0, eq), (void *)(uintptr_t)variable);
}

/* runCommandString: "|2 A=1 B=2", each argument where it was first, with what it is in the environment, else with its last value. */
static int put_args(struct cp_arena *a, const struct cp_graph_layer *layer, struct cp_buf *out)
{
	CP_VEC(const struct cp_graph_arg *) args = {0};
	struct cp_map env = {0}, seen = {0};

	for (const struct cp_graph_arg *arg = layer->args; arg; arg = arg->older)
		if (cp_vec_push(a, &args, arg) < 0)
			return CP_ENOMEM;
	for (size_t i = 0; args.n && i < layer->n_env; i++)
		if (put_variable(a, &env, &layer->env[i]) < 0)
			return CP_ENOMEM;
	for (size_t i = args.n; i > 0; i--)
		if (cp_map_put(a, &seen, args.items[i - 1]->key,
			       (void *)(uintptr_t)args.items[i - 1]) < 0)
			return CP_ENOMEM;
	if (seen.n)
		cp_buf_printf(out, " |%zu", seen.n);
	for (size_t i = 0; i < seen.n; i++) {
		const struct cp_graph_arg *arg = seen.items[i].value;
		const struct cp_str *variable = cp_map_get(&env, arg->key);

		cp_buf_addc(out, ' ');
		cp_buf_adds(out, arg->key);
		cp_buf_addc(out, '=');
		cp_buf_adds(out, variable ? cp_str_from(*variable, arg->key.n + 1) : arg->value);
	}
	return 0;
}

struct cp_str cp_graph_layer_text(struct cp_arena *a, const struct cp_graph_layer *layer)
{
	static const struct cp_str none;
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	enum cp_command_kind kind = layer->command->kind;

	cp_buf_addz(&out, kind == CP_CMD_RUN    ? "RUN"
			  : kind == CP_CMD_COPY ? "COPY"
			  : kind == CP_CMD_ADD  ? "ADD"
						: "WORKDIR");
	if (kind == CP_CMD_RUN && put_args(a, layer, &out) < 0)
		return none;
	for (size_t i = 0; i < layer->n_words; i++) {
		cp_buf_addc(&out, ' ');
		cp_buf_adds(&out, layer->words[i]);
	}
	if (kind != CP_CMD_WORKDIR)
		cp_buf_addz(&out, " # buildkit");
	return cp_buf_error(&out) ? none : cp_arena_str(a, cp_buf_str(&out));
}
