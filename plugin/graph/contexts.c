/* Named contexts (dockerui/namedcontext.go, context.go) and the main one. */
#include "graph/platform_int.h"
#include "graph/reference_int.h"
#include "graph/sources_int.h"

static int make(struct graph_builder *b, struct cp_str key, const struct cp_platform *platform,
		const struct graph_context **ret_context)
{
	const struct cp_str *value = cp_map_get(&b->contexts, key);
	struct graph_context *nc;

	*ret_context = NULL;
	if (!value)
		return 0;
	nc = CP_NEW(b->a, struct graph_context);
	if (!nc)
		return cp_err_nomem(b->err);
	nc->input = *value;
	nc->name = key;
	nc->has_platform = platform;
	if (platform)
		nc->platform = *platform;
	*ret_context = nc;
	return 0;
}

/* Client.NamedContext: NAME::PLATFORM is tried before NAME. */
int graph_context_find(struct graph_builder *b, struct cp_str name,
		       const struct cp_platform *platform, const struct graph_context **ret_context)
{
	const struct cp_platform *asked = platform;
	struct cp_platform normal;
	struct graph_ref ref;
	struct cp_str familiar, specific;
	int r;

	r = graph_ref_parse(b->a, name, &ref, b->err);
	if (r < 0)
		return cp_err_wrap(b->err, "invalid context name %.*s", CP_STR(name));
	*ret_context = NULL;
	if (b->contexts.n == 0)
		return 0;
	familiar = graph_ref_familiar(b->a, &ref);
	if (!familiar.p)
		return cp_err_nomem(b->err);
	if (cp_str_ends(familiar, CP_S(":latest")))
		familiar.n -= 7;
	if (!asked && !b->implicit_target)
		asked = &b->target_platform;
	r = graph_platform_normalise(b->a, asked ? asked : &b->build_platform, &normal, b->err);
	if (r < 0)
		return r;
	specific = graph_platform_format_all(b->a, &normal);
	if (specific.p)
		specific = GRAPH_CAT(b->a, familiar, CP_S("::"), specific);
	if (!specific.p)
		return cp_err_nomem(b->err);
	r = make(b, specific, asked, ret_context);
	return r < 0 || *ret_context ? r : make(b, familiar, asked, ret_context);
}

static struct cp_str label(struct graph_builder *b, const struct graph_context *nc,
			   struct cp_str what)
{
	return GRAPH_CAT(b->a, CP_S("[context "), nc->name, CP_S("] "), what);
}

/* st.WithImageConfig: what a later stage finds in the state. */
static int take_config(struct graph_builder *b, struct graph_dispatch *d,
		       const struct cp_image_config *config)
{
	struct graph_image *image = &d->image;

	for (size_t i = 0; i < image->env.n; i++) {
		const struct graph_var *var = &image->env.vars[i];

		if (var->live && var->key.n &&
		    graph_env_assign(b->a, &d->env, var->key, var->value, var->assumes) < 0)
			return cp_err_nomem(b->err);
	}
	d->cwd = CP_S("/");
	if (config && config->working_dir.n) {
		d->cwd = cp_path_is_abs(config->working_dir)
				 ? config->working_dir
				 : cp_path_join(b->a, CP_S("/"), config->working_dir);
		if (!d->cwd.p)
			return cp_err_nomem(b->err);
	}
	return 0;
}

static int load_image(struct graph_builder *b, const struct graph_context *nc,
		      struct graph_dispatch *d)
{
	const struct cp_image_config *config;
	struct cp_str text = cp_str_sub(nc->input, 13, nc->input.n), name, full;
	struct graph_place place = {
		.kind = CP_STEP_FROM, .stage = d->number, .command = d->user_command};
	struct graph_ref ref;
	int r;

	if (cp_str_starts(text, CP_S("//")))
		text = cp_str_sub(text, 2, text.n);
	if (cp_str_eq(text, CP_S("scratch")))
		return 0;
	r = graph_ref_parse(b->a, text, &ref, b->err);
	if (r < 0)
		return r;
	graph_ref_default_tag(&ref);
	full = graph_ref_text(b->a, &ref);
	name = label(b, nc, text);
	if (!full.p || !name.p)
		return cp_err_nomem(b->err);
	if (!nc->has_platform)
		d->platform = b->target_platform;
	else
		d->platform = nc->platform;
	r = graph_image_config(b, full, &d->platform, &config);
	if (r >= 0)
		r = graph_source_image(b, full, full, config ? config->digest : CP_S(""),
				       &d->platform, name, place, &d->fs);
	if (r >= 0) {
		d->fs->op->source.may_trigger = !config;
		r = graph_image_set(b, d, full, config);
	}
	if (r >= 0)
		r = take_config(b, d, config);
	d->ref = full;
	d->has_platform = true;
	d->has_state_platform = true;
	return r < 0 ? r : graph_platform_normalise(b->a, &d->platform, &d->state_platform, b->err);
}

/* DetectGitContext */
static int load_git(struct graph_builder *b, struct cp_str url, const struct graph_git *git,
		    struct graph_vertex **ret)
{
	struct cp_str name = GRAPH_CAT(b->a, CP_S("[internal] load git source "), url);

	return name.p ? graph_source_git(b, git, name, GRAPH_NOT_A_STEP, ret)
		      : cp_err_nomem(b->err);
}

/* The folder that buildx hands over under the context's own name. */
static int load_folder(struct graph_builder *b, const struct graph_context *nc,
		       struct graph_dispatch *d)
{
	size_t colons = cp_str_find_str(nc->name, CP_S("::"), 0);
	struct cp_str plain = cp_str_sub(nc->name, 0, colons);
	struct cp_str local_name = cp_arena_cat(b->a, CP_S("context:"), plain);
	struct cp_str name = label(b, nc, CP_S("load from client"));
	int r;

	if (!local_name.p || !name.p)
		return cp_err_nomem(b->err);
	r = graph_source_local(b, plain, local_name, name, &d->fs);
	if (r >= 0)
		d->fs->paths = d->paths;
	return r;
}

/* A context that is another build's result or in an image store: only its name is known. */
static int load_other(struct graph_builder *b, const struct graph_context *nc,
		      struct graph_dispatch *d)
{
	struct cp_str name = label(b, nc, nc->input);
	int r;

	if (!name.p)
		return cp_err_nomem(b->err);
	r = graph_source_other(b, nc->input, name, &d->fs);
	if (r >= 0)
		r = graph_assume(b, nc->input,
				 GRAPH_CAT(b->a, CP_S("what the context "), nc->name, CP_S(" ("),
					   nc->input, CP_S(") holds is not known")));
	return r < 0 ? r : graph_image_set(b, d, nc->input, NULL);
}

int graph_context_load(struct graph_builder *b, const struct graph_context *nc,
		       struct graph_dispatch *d, bool *ret_has_image)
{
	struct graph_git git;
	struct cp_str name;
	bool is_git;
	int r;

	d->cwd = CP_S("/");
	*ret_has_image = false;
	if (cp_str_starts(nc->input, CP_S("docker-image:"))) {
		r = load_image(b, nc, d);
		*ret_has_image = d->fs != NULL;
		return r;
	}
	if (cp_str_starts(nc->input, CP_S("target:")) ||
	    cp_str_starts(nc->input, CP_S("oci-layout:")) ||
	    cp_str_starts(nc->input, CP_S("input:"))) {
		*ret_has_image = true;
		return load_other(b, nc, d);
	}
	r = graph_git_parse(b, nc->input, &git, &is_git);
	if (r < 0)
		return r;
	if (is_git) {
		if (git.like_local || (git.ssh && !cp_str_starts(nc->input, CP_S("git@"))))
			return graph_invalid(b, "invalid context specifier %.*s for %.*s",
					     CP_STR(nc->input), CP_STR(nc->name));
		if (graph_rule(b, CP_RULE_CONTEXT_KEEPS_GIT))
			git.keep_git_dir = 1;
		return load_git(b, nc->input, &git, &d->fs);
	}
	if (!graph_is_http(nc->input))
		return load_folder(b, nc, d);
	name = label(b, nc, nc->input);
	if (!name.p)
		return cp_err_nomem(b->err);
	return graph_source_http(b, nc->input, CP_S("context"), CP_S(""), name, GRAPH_NOT_A_STEP,
				 &d->fs);
}

/* Client.initContext of an archive: it is unpacked by a file operation. */
static int archive_context(struct graph_builder *b, struct cp_str url)
{
	struct graph_vertex *http, *v;
	struct cp_action *action = CP_NEW(b->a, struct cp_action);
	struct graph_vertex **sources = CP_NEW(b->a, struct graph_vertex *);
	int r;

	r = graph_source_http(b, url, CP_S("context"), CP_S(""),
			      CP_S("[internal] load remote build context"), GRAPH_NOT_A_STEP,
			      &http);
	if (r < 0)
		return r;
	v = graph_vertex_new(b, CP_OP_FILE, CP_S("copy /context /"), GRAPH_NOT_A_STEP);
	if (!v || !action || !sources)
		return cp_err_nomem(b->err);
	*action = graph_action(CP_ACTION_COPY);
	action->src = CP_S("/context");
	action->dest = CP_S("/");
	action->attempt_unpack = true;
	sources[0] = http;
	v->op->actions = action;
	v->op->n_actions = 1;
	v->sources = sources;
	v->n_sources = 1;
	b->context = v;
	return graph_assume(
		b, url, GRAPH_CAT(b->a, CP_S("the build context "), url, CP_S(" is an archive")));
}

int graph_main_context(struct graph_builder *b)
{
	struct cp_str url = b->opt->main_context;
	const struct cp_str *keep = graph_build_arg(b, CP_S("BUILDKIT_CONTEXT_KEEP_GIT_DIR"));
	struct graph_git git;
	bool is_git;
	int r;

	if (url.n == 0)
		return graph_source_local(b, CP_S("context"), CP_S("context"),
					  CP_S("[internal] load build context"), &b->context);
	r = graph_git_parse(b, url, &git, &is_git);
	if (r < 0)
		return r;
	if (!is_git && !graph_is_http(url))
		return graph_invalid(b, "the build context %.*s is neither a folder nor a URL",
				     CP_STR(url));
	if (!is_git)
		return archive_context(b, url);
	if (keep && graph_parse_bool(*keep) == 1)
		git.keep_git_dir = 1;
	if (b->epoch_given && git.mtime.n == 0)
		git.mtime = CP_S("commit");
	if (!b->opt->main_commit.n || git.keep_git_dir == 1)
		return load_git(b, url, &git, &b->context);
	git.ref = b->opt->main_commit;
	r = load_git(b, url, &git, &b->context);
	if (r >= 0)
		b->context->op->source.local_name = CP_S("context");
	return r;
}
