/*
 * Global arguments (platform.go defaultArgs, convert.go buildMetaArgs) and SOURCE_DATE_EPOCH
 * (epoch.go).
 */
#include <stdio.h>

#include "graph/platform_int.h"
#include "graph/reference_int.h"
#include "graph/sources_int.h"

#define EPOCH CP_S("SOURCE_DATE_EPOCH")

static int set_global(struct graph_builder *b, struct cp_str key, struct cp_str value)
{
	return graph_env_assign(b->a, &b->globals, key, value, CP_S("")) < 0 ? cp_err_nomem(b->err)
									     : 0;
}

/* An argument that came with a later release. */
static bool is_later(const struct graph_builder *b, struct cp_str key)
{
	if (cp_str_eq(key, CP_S("TARGETSTAGE")))
		return graph_rule(b, CP_RULE_NO_TARGETSTAGE);
	return cp_str_ends(key, CP_S("OSVERSION")) && graph_rule(b, CP_RULE_NO_OSVERSION);
}

static int default_args(struct graph_builder *b)
{
	const struct cp_platform *bp = &b->build_platform, *tp = &b->target_platform;
	struct cp_str target = b->opt->target;
	struct {
		struct cp_str key, value;
	} list[] = {
		{CP_S("BUILDPLATFORM"), graph_platform_format(b->a, bp)},
		{CP_S("BUILDOS"), bp->os},
		{CP_S("BUILDOSVERSION"), bp->os_version},
		{CP_S("BUILDARCH"), bp->arch},
		{CP_S("BUILDVARIANT"), bp->variant},
		{CP_S("TARGETPLATFORM"), graph_platform_format_all(b->a, tp)},
		{CP_S("TARGETOS"), tp->os},
		{CP_S("TARGETOSVERSION"), tp->os_version},
		{CP_S("TARGETARCH"), tp->arch},
		{CP_S("TARGETVARIANT"), tp->variant},
		{CP_S("TARGETSTAGE"), CP_S("default")},
	};

	if (!list[0].value.p || !list[5].value.p)
		return cp_err_nomem(b->err);
	if (target.n == 0)
		target = b->file->stages[b->file->n_stages - 1].name;
	if (target.n)
		list[CP_LEN(list) - 1].value = target;
	for (size_t i = 0; i < CP_LEN(list); i++) {
		const struct cp_str *given = graph_build_arg(b, list[i].key);
		int r = 0;

		if (is_later(b, list[i].key))
			continue;
		r = set_global(b, list[i].key, given ? *given : list[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int define(struct graph_builder *b, const struct cp_pair *pair)
{
	const struct cp_str *given = graph_build_arg(b, pair->key);
	struct cp_str value;
	int r;

	if (given)
		return set_global(b, pair->key, *given);
	if (!pair->has_value)
		return 0;
	r = graph_expand_env(b, &b->globals, pair->value, &value);
	return r < 0 ? r : set_global(b, pair->key, value);
}

int graph_globals_create(struct graph_builder *b)
{
	int r = default_args(b);

	for (size_t i = 0; r >= 0 && i < b->file->n_global_args; i++) {
		const struct cp_command *c = b->file->global_args[i];

		graph_check_release(b, c);
		for (size_t j = 0; r >= 0 && j < c->n_pairs; j++)
			r = define(b, &c->pairs[j]);
		if (r < 0)
			cp_err_at(b->err, b->file_name, c->line, c->column, 1, c->code);
	}
	return r;
}

/* ---- SOURCE_DATE_EPOCH ---- */

/*
 * The time of a source that is fetched cannot be known: the value is unset, and whoever uses it
 * says so.
 */
static int assume_epoch(struct graph_builder *b, struct cp_str value, const char *of)
{
	b->epoch_assumes = value;
	return graph_assume(b, EPOCH,
			    GRAPH_CAT(b->a, CP_S("SOURCE_DATE_EPOCH is the time of "), cp_str_c(of),
				      value, CP_S(", which is not known")));
}

static int stage_args(struct graph_builder *b, struct graph_env *env, const struct cp_command *c)
{
	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct cp_str *given = graph_build_arg(b, c->pairs[i].key);
		struct cp_str value = given ? *given : CP_S("");
		int r = 0;

		if (!given && !c->pairs[i].has_value)
			continue;
		if (!given)
			r = graph_expand_env(b, env, c->pairs[i].value, &value);
		if (r < 0)
			return r;
		if (graph_env_assign(b->a, env, c->pairs[i].key, value, CP_S("")) < 0)
			return cp_err_nomem(b->err);
	}
	return 0;
}

/* sourceDateEpochAddSource */
static int check_add(struct graph_builder *b, const struct graph_env *env,
		     const struct cp_command *c)
{
	struct graph_git git;
	struct cp_str src, checksum;
	bool is_git;
	int r;

	if (c->n_heredocs || c->n_sources != 1)
		return graph_invalid(
			b, "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD source");
	r = graph_expand_env(b, env, c->sources[0], &src);
	if (r >= 0)
		r = graph_git_parse(b, src, &git, &is_git);
	if (r < 0)
		return r;
	if (!graph_is_http(src) && (!is_git || git.like_local))
		return graph_invalid(
			b, "SOURCE_DATE_EPOCH stage source must be a single HTTP(S) or Git ADD");
	if (c->checksum.n == 0)
		return 0;
	r = graph_expand_env(b, env, c->checksum, &checksum);
	if (r < 0 || is_git)
		return r;
	return graph_digest_check(checksum, b->err);
}

/* sourceDateEpochStageSource: such a stage is FROM scratch and one remote ADD. */
static int check_stage(struct graph_builder *b, const struct cp_stage *stage)
{
	struct graph_env env;
	struct cp_str base;
	bool found = false;
	int r;

	if (graph_env_copy(b->a, &env, &b->globals) < 0)
		return cp_err_nomem(b->err);
	graph_env_delete(&env, EPOCH);
	r = graph_expand_env(b, &env, stage->base_name, &base);
	if (r < 0)
		return r;
	if (!cp_str_eq(base, CP_S("scratch")))
		return graph_invalid(b, "SOURCE_DATE_EPOCH stage must use FROM scratch");
	for (size_t i = 0; i < stage->n_commands; i++) {
		const struct cp_command *c = stage->commands[i];

		if (c->kind == CP_CMD_ARG)
			r = stage_args(b, &env, c);
		else if (c->kind != CP_CMD_ADD)
			r = graph_invalid(
				b,
				"SOURCE_DATE_EPOCH stage does not meet source-only requirements: "
				"unsupported %.*s instruction",
				CP_STR(c->name));
		else if (found)
			r = graph_invalid(
				b, "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD");
		else
			r = check_add(b, &env, c);
		found |= c->kind == CP_CMD_ADD;
		if (r < 0)
			return r;
	}
	if (!found)
		return graph_invalid(b,
				     "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD");
	return 0;
}

/* A value that is not a number names what has the time. */
static int named_epoch(struct graph_builder *b, struct cp_str value)
{
	const struct graph_context *nc;
	int r;

	if (cp_str_eq(value, CP_S("context")))
		return b->opt->main_context.n ? assume_epoch(b, b->opt->main_context, "") : 0;
	r = graph_context_find(b, value, NULL, &nc);
	if (r < 0)
		return r;
	if (nc)
		return assume_epoch(b, value, "the context ");
	for (size_t i = 0; i < b->file->n_stages; i++) {
		const struct cp_stage *stage = &b->file->stages[i];

		if (!cp_str_eq_nocase(stage->name, value))
			continue;
		r = check_stage(b, stage);
		if (r < 0)
			cp_err_at(b->err, b->file_name, stage->line, stage->column, 1, stage->code);
		return r < 0 ? r : assume_epoch(b, value, "the source of stage ");
	}
	return graph_invalid(b, "invalid SOURCE_DATE_EPOCH: %.*s", CP_STR(value));
}

/* setBuildArgValue: the resolved value replaces the given one, no value removes it. */
static int replace_epoch(struct graph_builder *b)
{
	bool global = graph_env_get(&b->globals, EPOCH);
	bool given = graph_build_arg(b, EPOCH);
	struct cp_str *value = CP_NEW(b->a, struct cp_str);
	char text[32];

	if (!value)
		return cp_err_nomem(b->err);
	if (b->has_epoch) {
		snprintf(text, sizeof(text), "%lld", (long long)b->epoch);
		*value = cp_arena_str(b->a, cp_str_c(text));
		if (!value->p)
			return cp_err_nomem(b->err);
	}
	if (given && cp_map_put(b->a, &b->build_args, EPOCH, b->has_epoch ? value : NULL) < 0)
		return cp_err_nomem(b->err);
	if (global && !b->has_epoch)
		graph_env_delete(&b->globals, EPOCH);
	return global && b->has_epoch ? set_global(b, EPOCH, *value) : 0;
}

int graph_epoch_resolve(struct graph_builder *b)
{
	const struct cp_str *given = graph_build_arg(b, EPOCH);
	const struct graph_var *global = graph_env_get(&b->globals, EPOCH);
	struct cp_str value = given ? *given : global ? global->value : CP_S("");
	int r = 0;

	b->epoch_given = given && given->n;
	if (!given && (value.n == 0 || graph_rule(b, CP_RULE_EPOCH_BY_ARG_ONLY)))
		return 0;
	if (value.n) {
		b->has_epoch = cp_str_to_int(value, 10, &b->epoch);
		if (!b->has_epoch) {
			graph_doubt(b, CP_RULE_EPOCH_NUMBER_ONLY,
				    CP_S("this frontend takes SOURCE_DATE_EPOCH as a number only"));
			r = named_epoch(b, value);
		}
	}
	if (graph_rule(b, CP_RULE_EPOCH_NUMBER_ONLY)) /* it is not rewritten either */
		return r;
	return r < 0 ? r : replace_epoch(b);
}
