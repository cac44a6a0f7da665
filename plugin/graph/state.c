/* Instructions that change a stage's state, and WORKDIR (dockerfile2llb/convert.go dispatch). */
#include "graph/paths_int.h"
#include "graph/platform_int.h"

static int dispatch_env(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_command *c)
{
	struct graph_var *vars = cp_arena_array(b->a, c->n_pairs, sizeof(*vars));
	int r;

	if (!vars)
		return cp_err_nomem(b->err);
	/* All pairs see the environment before the instruction. */
	for (size_t i = 0; i < c->n_pairs; i++) {
		r = graph_expand(b, d, c->pairs[i].key, &vars[i].key, &vars[i].assumes);
		if (r >= 0)
			r = graph_expand(b, d, c->pairs[i].value, &vars[i].value, &vars[i].assumes);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < c->n_pairs; i++)
		if (graph_env_assign(b->a, &d->env, vars[i].key, vars[i].value, vars[i].assumes) <
			    0 ||
		    graph_env_replace(b->a, &d->image.env, vars[i].key, vars[i].value,
				      vars[i].assumes) < 0)
			return cp_err_nomem(b->err);
	return 0;
}

/* *ret_set: the argument has a value. */
static int arg_value(struct graph_builder *b, struct graph_dispatch *d, const struct cp_pair *pair,
		     struct graph_var *var, bool *ret_set)
{
	const struct cp_str *given = graph_build_arg(b, pair->key);
	const struct graph_var *global = graph_env_get(&b->globals, pair->key);

	*ret_set = true;
	if (given)
		var->value = *given;
	else if (pair->has_value)
		return graph_expand(b, d, pair->value, &var->value, &var->assumes);
	else if (global)
		var->value = global->value;
	else
		*ret_set = false;
	return 0;
}

static int dispatch_arg(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_command *c)
{
	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct cp_pair *pair = &c->pairs[i];
		struct graph_var var = {.key = pair->key};
		bool set;
		int r;

		r = arg_value(b, d, pair, &var, &set);
		if (r < 0)
			return r;
		if (!set && b->epoch_assumes.n && cp_str_eq(pair->key, CP_S("SOURCE_DATE_EPOCH")) &&
		    d->assumes.env.n == 0)
			d->assumes.env = b->epoch_assumes;
		r = graph_history_arg(b, d, pair->key, set ? var.value : CP_S(""));
		if (r < 0)
			return r;
		if (!set || cp_str_eq(pair->key, CP_S("BUILDKIT_SBOM_SCAN_CONTEXT")) ||
		    cp_str_eq(pair->key, CP_S("BUILDKIT_SBOM_SCAN_STAGE")))
			continue;
		if (graph_env_assign(b->a, &d->env, var.key, var.value, var.assumes) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

static int dispatch_user(struct graph_builder *b, struct graph_dispatch *d,
			 const struct cp_command *c)
{
	struct cp_str user, assumes = CP_S("");
	int r;

	r = graph_expand(b, d, c->text, &user, &assumes);
	if (r < 0)
		return r;
	d->user = d->image.user = user;
	d->assumes.user = assumes;
	return 0;
}

/* Labels change no operation; a value that cannot be expanded is an error all the same. */
static int dispatch_label(struct graph_builder *b, struct graph_dispatch *d,
			  const struct cp_command *c)
{
	struct cp_str ignored;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->n_pairs; i++) {
		r = graph_expand(b, d, c->pairs[i].key, &ignored, NULL);
		if (r >= 0)
			r = graph_expand(b, d, c->pairs[i].value, &ignored, NULL);
	}
	return r;
}

static int dispatch_volume(struct graph_builder *b, struct graph_dispatch *d,
			   const struct cp_command *c)
{
	CP_VEC(struct cp_str) volumes = {0};
	struct cp_str volume;

	for (size_t i = 0; i < c->n_words; i++) {
		int r = graph_expand(b, d, c->words[i], &volume, NULL);

		if (r < 0)
			return r;
		if (cp_vec_push(b->a, &volumes, volume) < 0)
			return cp_err_nomem(b->err);
	}
	for (size_t i = 0; i < volumes.n; i++)
		if (volumes.items[i].n == 0)
			return graph_invalid(b, "VOLUME specified can not be an empty string");
	return 0;
}

static int dispatch_stop_signal(struct graph_builder *b, struct graph_dispatch *d,
				const struct cp_command *c)
{
	struct cp_str name;
	int r;

	r = graph_expand(b, d, c->text, &name, NULL);
	return r < 0 ? r : graph_check_signal(b, name);
}

/* The first of these that says something. */
static struct cp_str first(struct cp_str x, struct cp_str y)
{
	return x.n ? x : y;
}

/* The directory is made by a file operation of its own. */
static int make_directory(struct graph_builder *b, struct graph_dispatch *d,
			  struct graph_command *cmd, struct cp_str path)
{
	struct graph_place place = {
		.kind = CP_STEP_OP, .stage = d->number, .command = cmd, .order = 1};
	struct cp_action *action = CP_NEW(b->a, struct cp_action);
	struct graph_vertex **sources = CP_NEW(b->a, struct graph_vertex *);
	struct graph_vertex *v;
	struct cp_str name;
	int r;

	r = graph_name_command(b, d, cmd->c->code, &d->platform, &name);
	if (r < 0)
		return r;
	v = graph_vertex_new(b, CP_OP_FILE, name, place);
	if (!v || !action || !sources)
		return cp_err_nomem(b->err);
	*action = graph_action(CP_ACTION_MKDIR);
	action->dest = cp_path_clean(b->a, path);
	if (!action->dest.p)
		return cp_err_nomem(b->err);
	action->mode = 0755;
	action->make_parents = true;
	if (d->image.user.n)
		action->owner = graph_owner(b, d->image.user);
	if (b->has_epoch &&
	    !graph_rule(b, CP_RULE_WORKDIR_NO_TIME)) /* time.UnixNano wraps around as well */
		action->timestamp = (int64_t)((uint64_t)b->epoch * 1000000000u);
	v->op->actions = action;
	v->op->n_actions = 1;
	v->op->assumes_config_of = first(first(d->assumes.cwd, d->assumes.user), b->epoch_assumes);
	v->op->assumes = (d->assumes.cwd.n ? CP_ASSUMES_CWD : 0) |
			 (d->assumes.user.n ? CP_ASSUMES_USER : 0) |
			 (b->epoch_assumes.n ? CP_ASSUMES_FILE : 0);
	v->base = d->fs;
	v->sources = sources;
	v->n_sources = 1;
	d->fs = v;
	return graph_history_workdir(b, d, cmd);
}

int graph_dispatch_workdir(struct graph_builder *b, struct graph_dispatch *d,
			   struct graph_command *cmd, struct cp_str path, struct cp_str assumes)
{
	struct cp_str os = d->platform.os, wd;
	int r;

	/* A relative path stands on what the config says. */
	if (!graph_path_is_abs(b, path, os))
		assumes = first(assumes, d->assumes.cwd);
	r = graph_path_normalise(b, d->image.working_dir, path, os, false, &wd);
	if (r < 0)
		return cp_err_wrap(b->err, "normalizing workdir: normalizing working directory");
	if (wd.n > CP_MAX_PATH_BYTES)
		return cp_err_set(b->err, CP_ELIMIT,
				  "the working directory is longer than %u bytes",
				  CP_MAX_PATH_BYTES);
	d->image.working_dir = wd;
	d->cwd = wd;
	d->assumes.cwd = assumes;
	if (!cmd || cp_str_eq(wd, CP_S("/")))
		return 0;
	return make_directory(b, d, cmd, wd);
}

static int dispatch_workdir(struct graph_builder *b, struct graph_dispatch *d,
			    struct graph_command *cmd)
{
	struct cp_str path, assumes = CP_S("");
	int r;

	r = graph_expand(b, d, cmd->c->text, &path, &assumes);
	return r < 0 ? r : graph_dispatch_workdir(b, d, cmd, path, assumes);
}

int graph_dispatch_command(struct graph_builder *b, struct graph_dispatch *d,
			   struct graph_command *cmd)
{
	const struct cp_command *c = cmd->c;

	d->cmd_is_onbuild = cmd->on_build;
	graph_check_release(b, c);
	switch (c->kind) {
	case CP_CMD_ENV:
		return dispatch_env(b, d, c);
	case CP_CMD_ARG:
		return dispatch_arg(b, d, c);
	case CP_CMD_USER:
		return dispatch_user(b, d, c);
	case CP_CMD_LABEL:
		return dispatch_label(b, d, c);
	case CP_CMD_VOLUME:
		return dispatch_volume(b, d, c);
	case CP_CMD_EXPOSE:
		return graph_check_ports(b, d, c);
	case CP_CMD_STOPSIGNAL:
		return dispatch_stop_signal(b, d, c);
	case CP_CMD_SHELL:
		d->image.shell = c->words;
		d->image.n_shell = c->n_words;
		d->assumes.shell = CP_S("");
		return 0;
	case CP_CMD_WORKDIR:
		return dispatch_workdir(b, d, cmd);
	case CP_CMD_ADD:
	case CP_CMD_COPY:
		return graph_dispatch_copy(b, d, cmd);
	case CP_CMD_RUN:
		return graph_dispatch_run(b, d, cmd);
	case CP_CMD_CMD:
	case CP_CMD_ENTRYPOINT:
	case CP_CMD_HEALTHCHECK:
	case CP_CMD_MAINTAINER:
	case CP_CMD_ONBUILD:
		break;
	}
	return 0;
}
