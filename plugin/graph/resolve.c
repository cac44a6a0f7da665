/*
 * Base images and ONBUILD triggers of the stages that are reachable, then every stage in the order
 * of the file.
 */
#include "graph/official_int.h"
#include "graph/platform_int.h"
#include "graph/reference_int.h"
#include "graph/sources_int.h"

/* system.DefaultPathEnv */
#define DEFAULT_PATH CP_S("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")

/* emptyImage */
static int empty_image(struct graph_builder *b, struct graph_dispatch *d,
		       const struct cp_platform *platform)
{
	d->image = (struct graph_image){
		.working_dir = CP_S("/"), .user = CP_S(""), .os = platform->os};
	if (!graph_is_windows(platform->os) &&
	    graph_env_assign(b->a, &d->image.env, CP_S("PATH"), DEFAULT_PATH, CP_S("")) < 0)
		return cp_err_nomem(b->err);
	return 0;
}

int graph_image_set(struct graph_builder *b, struct graph_dispatch *d, struct cp_str ref,
		    const struct cp_image_config *config)
{
	struct graph_image *image = &d->image;

	*image = (struct graph_image){
		.working_dir = CP_S(""), .user = CP_S(""), .os = d->platform.os};
	d->assumes = (struct graph_assumes){0};
	if (!config) {
		struct graph_official known = graph_official(b->a, ref, d->platform.os);

		d->assumes = (struct graph_assumes){.env = ref,
						    .cwd = known.cwd ? CP_S("") : ref,
						    .user = known.user ? CP_S("") : ref,
						    .shell = known.shell ? CP_S("") : ref};
		return 0;
	}
	for (size_t i = 0; i < config->n_env; i++) {
		struct cp_str var = config->env[i];
		size_t eq = cp_str_find(var, '=', 0);

		if (graph_env_assign(b->a, &image->env, cp_str_sub(var, 0, eq),
				     cp_str_from(var, eq < var.n ? eq + 1 : eq), CP_S("")) < 0)
			return cp_err_nomem(b->err);
	}
	image->working_dir = config->working_dir;
	image->user = config->user;
	image->shell = config->shell;
	image->n_shell = config->n_shell;
	image->onbuild = config->onbuild;
	image->n_onbuild = config->n_onbuild;
	return 0;
}

/* The source of `FROM image`; its digest is part of the reference once it is known. */
static int image_source(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_image_config *config)
{
	struct graph_place place = {
		.kind = CP_STEP_FROM, .stage = d->number, .command = d->user_command};
	struct cp_str name, digest = config ? config->digest : CP_S("");
	struct graph_ref ref;
	int r;

	r = graph_ref_parse(b->a, d->base_name, &ref, b->err);
	if (r < 0)
		return r;
	if (digest.n)
		ref.digest = digest;
	d->base_name = graph_ref_text(b->a, &ref);
	name = cp_arena_cat(b->a, CP_S("FROM "), d->base_name);
	if (!d->base_name.p || !name.p)
		return cp_err_nomem(b->err);
	r = graph_name_prefix(b, d, name, &d->platform, false, &name);
	if (r < 0)
		return r;
	r = graph_source_image(b, d->ref, d->base_name, digest, &d->platform, name, place, &d->fs);
	if (r < 0)
		return r;
	d->fs->op->source.chain = config ? config->chain : CP_S("");
	d->fs->op->source.may_trigger = !config;
	d->has_state_platform = true;
	d->state_platform = d->fs->op->platform;
	return 0;
}

/* `FROM name` where name is a named context. */
static int from_context(struct graph_builder *b, struct graph_dispatch *d,
			const struct graph_context *nc)
{
	bool has_image;
	int r;

	r = graph_context_load(b, nc, d, &has_image);
	if (r >= 0 && !has_image)
		r = empty_image(b, d, &d->platform);
	if (r < 0)
		return r;
	d->has_state_platform = true;
	return graph_platform_normalise(b->a, &d->platform, &d->state_platform, b->err);
}

static int from_image(struct graph_builder *b, struct graph_dispatch *d)
{
	const struct cp_image_config *config = NULL;
	const struct graph_context *nc = NULL;
	int r = 0;

	if (!d->has_platform)
		d->platform = b->target_platform;
	if (d->reachable) {
		r = graph_context_find(b, d->base_name, &d->platform, &nc);
		if (r >= 0 && nc)
			r = from_context(b, d, nc);
		if (r >= 0 && !nc)
			r = graph_image_config(b, d->base_name, &d->platform, &config);
		if (r >= 0 && !nc)
			r = graph_image_set(b, d, d->base_name, config);
	}
	d->has_platform = true;
	if (r < 0 || nc)
		return r;
	if (config && config->no_layers) {
		d->fs = NULL;
		d->has_state_platform = false;
		return 0;
	}
	return image_source(b, d, config);
}

/* resolveBaseImage */
static int resolve_base(struct graph_builder *b, struct graph_dispatch *d)
{
	struct graph_ref ref;
	bool has_image;
	int r;

	r = graph_ref_parse(b->a, d->base_name, &ref, b->err);
	if (r < 0)
		return cp_err_wrap(b->err, "failed to parse stage name \"%.*s\"",
				   CP_STR(d->base_name));
	graph_ref_default_tag(&ref);
	d->base_name = d->ref = graph_ref_text(b->a, &ref);
	if (!d->ref.p)
		return cp_err_nomem(b->err);
	if (!d->context || !d->reachable)
		return from_image(b, d);
	d->dispatched = true;
	return graph_context_load(b, d->context, d, &has_image);
}

static int resolve_one(struct graph_builder *b, struct graph_dispatch *d)
{
	int r;

	if (d->base || d->dispatched || d->resolved)
		return 0;
	d->resolved = d->reachable;
	if (d->seen && !d->reachable) {
		d->cmd_index += d->cmd_total != 0; /* BuildKit names its FROM once more */
		return 0;
	}
	d->seen = true;
	if (cp_str_eq(d->base_name, CP_S("scratch")) && !d->context) {
		d->ref = d->base_name;
		d->platform = b->target_platform;
		d->has_platform = true;
		r = empty_image(b, d, &d->platform);
	} else {
		r = graph_at_stage(b, d, resolve_base(b, d));
	}
	d->dispatched |= d->unregistered;
	return r;
}

/* ---- ONBUILD ---- */

/* initOnBuildTriggers: the triggers come before the stage's own commands. */
static int add_triggers(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_str *triggers, size_t n, bool *ret_new_deps)
{
	struct graph_command **all = cp_arena_array(b->a, d->n_commands + n, sizeof(*all));
	int r = 0;

	if (!all)
		return cp_err_nomem(b->err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct cp_command *c;

		r = cp_dockerfile_parse_trigger(b->a, triggers[i], &c, b->err);
		if (r < 0)
			break;
		r = graph_command_new(b, d, c, true, &all[i]);
		if (r >= 0)
			r = graph_depend(b, d, all[i]);
		if (r >= 0 && all[i]->n_sources) {
			graph_doubt(b, CP_RULE_ONBUILD_NO_SOURCES,
				    CP_S("this frontend has no ONBUILD with other stages"));
			*ret_new_deps = true;
		}
	}
	if (r < 0) {
		b->err->line = 0; /* a line of the trigger's own text would mislead */
		return graph_at_stage(b, d, r);
	}
	if (d->n_commands)
		memcpy(all + n, d->commands, d->n_commands * sizeof(*all));
	d->commands = all;
	d->n_commands += n;
	d->cmd_total += (int)n;
	return 0;
}

/*
 * The triggers of the base image's config, or the ONBUILD instructions of the stage that this one
 * is based on.
 */
static int find_triggers(struct graph_builder *b, struct graph_dispatch *d, bool *ret_new_deps)
{
	CP_VEC(struct cp_str) triggers = {0};

	for (size_t i = 0; !d->base && i < d->image.n_onbuild; i++)
		if (cp_vec_push(b->a, &triggers, d->image.onbuild[i]) < 0)
			return cp_err_nomem(b->err);
	d->image.n_onbuild = 0;
	if (d->base && !d->onbuild_done) {
		d->onbuild_done = true;
		for (size_t i = 0; i < d->base->n_commands; i++)
			if (d->base->commands[i]->c->kind == CP_CMD_ONBUILD &&
			    cp_vec_push(b->a, &triggers, d->base->commands[i]->c->text) < 0)
				return cp_err_nomem(b->err);
	}
	if (triggers.n)
		graph_doubt(b, CP_RULE_ONBUILD_UNORDERED,
			    CP_S("this frontend runs ONBUILD instructions in no certain order"));
	return triggers.n ? add_triggers(b, d, triggers.items, triggers.n, ret_new_deps) : 0;
}

/* resolveStages: triggers may name further stages and images, so until nothing new is found. */
int graph_stages_resolve(struct graph_builder *b)
{
	bool new_deps = true;
	int r = 0;

	while (r >= 0 && new_deps) {
		size_t n = b->n_states;

		new_deps = false;
		r = graph_mark_reachable(b);
		for (size_t i = 0; r >= 0 && i < n; i++)
			r = resolve_one(b, b->states[i]);
		for (size_t i = 0; r >= 0 && i < n; i++)
			if (b->states[i]->reachable)
				r = find_triggers(b, b->states[i], &new_deps);
	}
	return r;
}

/* ---- dispatch ---- */

/* dispatchState.init: everything of the parent stage but its triggers. */
static int inherit(struct graph_builder *b, struct graph_dispatch *d)
{
	const struct graph_dispatch *base = d->base;

	if (!base)
		return 0;
	d->fs = base->fs;
	d->cwd = base->cwd;
	d->user = base->user;
	d->has_state_platform = base->has_state_platform;
	d->state_platform = base->state_platform;
	d->has_platform = base->has_platform;
	d->platform = base->platform;
	d->ref = base->ref;
	d->assumes = base->assumes;
	d->paths = base->paths;
	d->image = base->image;
	d->args = base->args;
	d->image.onbuild = NULL;
	d->image.n_onbuild = 0;
	if (graph_env_copy(b->a, &d->env, &base->env) < 0 ||
	    graph_env_copy(b->a, &d->image.env, &base->image.env) < 0)
		return cp_err_nomem(b->err);
	return 0;
}

static int start_env(struct graph_builder *b, struct graph_dispatch *d)
{
	struct graph_env *config = &d->image.env;

	if (graph_is_windows(d->platform.os))
		graph_doubt(b, CP_RULE_WINDOWS_PATH,
			    CP_S("this frontend sets PATH for Windows, too"));
	if (!graph_env_get(config, CP_S("PATH")) && !graph_is_windows(d->platform.os) &&
	    graph_env_assign(b->a, config, CP_S("PATH"), DEFAULT_PATH, d->assumes.env) < 0)
		return cp_err_nomem(b->err);
	for (size_t i = 0; i < config->n; i++) {
		const struct graph_var *var = &config->vars[i];

		if (var->live &&
		    graph_env_assign(b->a, &d->env, var->key, var->value, var->assumes) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

/* What a stage begins with, from the config of its base. */
static int start(struct graph_builder *b, struct graph_dispatch *d)
{
	int r;

	r = inherit(b, d);
	if (r >= 0)
		r = start_env(b, d);
	if (r >= 0 && d->image.working_dir.n)
		r = graph_dispatch_workdir(b, d, NULL, d->image.working_dir, d->assumes.cwd);
	if (r >= 0 && d->image.user.n)
		d->user = d->image.user;
	return r;
}

static int dispatch_stage(struct graph_builder *b, struct graph_dispatch *d)
{
	int r = graph_at_stage(b, d, start(b, d));

	d->begin = d->fs;
	for (size_t i = 0; r >= 0 && i < d->n_commands; i++) {
		d->commands[i]->position = i + 1;
		r = graph_dispatch_command(b, d, d->commands[i]);
		graph_at_command(b, d, d->commands[i], r);
	}
	/* On a context that is no image there was none until here: d.platform points into d.opt. */
	if (!d->has_platform) {
		d->has_platform = true;
		d->platform = b->target_platform;
	}
	return r;
}

int graph_stages_dispatch(struct graph_builder *b)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < b->n_states; i++) {
		struct graph_dispatch *d = b->states[i];

		if (!d->reachable || d->dispatched)
			continue;
		d->dispatched = true;
		r = dispatch_stage(b, d);
	}
	return r;
}
