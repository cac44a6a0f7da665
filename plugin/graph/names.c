/* Step names, letter for letter (dockerfile2llb/convert.go prefixCommand and what it is given). */
#include "graph/build_int.h"
#include "graph/platform_int.h"

/* uppercaseCmd: the text up to the first blank. Letters beyond ASCII stay as they are. */
static struct cp_str uppercase(struct cp_arena *a, struct cp_str s)
{
	struct cp_str out = cp_arena_str(a, s);
	size_t blank = cp_str_find(s, ' ', 0);
	char *p = (char *)(uintptr_t)out.p;

	if (!p)
		return out;
	for (size_t i = 0; i < blank; i++)
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 32);
	return out;
}

/* processCmdEnv: the text as it is when it cannot be expanded. */
static int process(struct graph_builder *b, const struct cp_lexer *lexer,
		   const struct graph_lookup *lookup, struct cp_str text, struct cp_str *ret_text)
{
	struct cp_env_lookup env;
	struct cp_err ignored = {0};
	int r;

	graph_lookup_init(&env, lookup);
	r = cp_expand(b->a, lexer, text, &env, ret_text, &ignored);
	if (r == CP_EINVAL)
		*ret_text = text;
	else if (r < 0)
		return cp_err_set(b->err, r, "%s", ignored.message);
	*ret_text = uppercase(b->a, *ret_text);
	return ret_text->p ? 0 : cp_err_nomem(b->err);
}

int graph_name_text(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		    struct cp_str *ret_text)
{
	struct graph_lookup lookup = {.env = &d->env};

	return process(b, &b->lexer, &lookup, text, ret_text);
}

/* platformFromEnv */
static bool platform_from_env(struct graph_builder *b, const struct graph_env *env,
			      struct cp_platform *p)
{
	const struct graph_var *var = graph_env_get(env, CP_S("TARGETPLATFORM"));
	struct cp_err ignored = {0};
	bool set = false;

	if (var && graph_platform_parse(b->a, var->value, &b->build_platform, p, &ignored) >= 0)
		return true;
	*p = (struct cp_platform){0};
	var = graph_env_get(env, CP_S("TARGETOS"));
	if (var) {
		p->os = var->value;
		set = true;
	}
	var = graph_env_get(env, CP_S("TARGETARCH"));
	if (var) {
		p->arch = var->value;
		set = true;
	}
	var = graph_env_get(env, CP_S("TARGETVARIANT"));
	if (var) {
		p->variant = var->value;
		set = true;
	}
	return set;
}

/* formatTargetPlatform: "->arm64" when the stage is for another platform than it runs on. */
static int target_suffix(struct graph_builder *b, const struct cp_platform *base,
			 const struct graph_env *env, struct cp_str *ret)
{
	struct cp_platform p;
	int r;

	*ret = CP_S("");
	if (!env || !platform_from_env(b, env, &p))
		return 0;
	if (p.os.n == 0)
		p.os = base->os;
	if (p.arch.n == 0)
		p.arch = base->arch;
	r = graph_platform_normalise(b->a, &p, &p, b->err);
	if (r < 0)
		return r;
	if (!cp_str_eq(p.os, base->os)) {
		*ret = graph_platform_format_all(b->a, &p);
		if (ret->p)
			*ret = GRAPH_CAT(b->a, CP_S("->"), *ret);
	} else if (!cp_str_eq(p.arch, base->arch)) {
		*ret = GRAPH_CAT(b->a, CP_S("->"), p.arch, p.variant.n ? CP_S("/") : CP_S(""),
				 p.variant);
	}
	return ret->p ? 0 : cp_err_nomem(b->err);
}

static int platform_prefix(struct graph_builder *b, const struct graph_env *env,
			   const struct cp_platform *platform, struct cp_str *ret)
{
	struct cp_str format, suffix;
	int r;

	*ret = CP_S("");
	if (!b->multi_platform || !platform)
		return 0;
	r = target_suffix(b, platform, env, &suffix);
	if (r < 0)
		return r;
	format = graph_platform_format_all(b->a, platform);
	if (!format.p)
		return cp_err_nomem(b->err);
	*ret = GRAPH_CAT(b->a, format, suffix, CP_S(" "));
	return ret->p ? 0 : cp_err_nomem(b->err);
}

int graph_name_prefix(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		      const struct cp_platform *platform, bool with_env, struct cp_str *ret_name)
{
	struct cp_str prefix, number;
	int width = 1, r;

	if (d->cmd_total == 0) {
		*ret_name = text;
		return 0;
	}
	r = platform_prefix(b, with_env ? &d->env : NULL, platform, &prefix);
	if (r < 0)
		return r;
	for (int n = d->cmd_total; n >= 10; n /= 10)
		width++;
	d->cmd_index++;
	number = cp_arena_printf(b->a, "%*d/%d] ", width, d->cmd_index, d->cmd_total);
	if (!number.p)
		return cp_err_nomem(b->err);
	*ret_name = GRAPH_CAT(b->a, CP_S("["), prefix, d->stage_name,
			      d->stage_name.n ? CP_S(" ") : CP_S(""), number,
			      d->cmd_is_onbuild ? CP_S("ONBUILD ") : CP_S(""), text);
	return ret_name->p ? 0 : cp_err_nomem(b->err);
}

int graph_name_command(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		       const struct cp_platform *platform, struct cp_str *ret_name)
{
	int r = graph_name_text(b, d, text, &text);

	return r < 0 ? r : graph_name_prefix(b, d, text, platform, true, ret_name);
}

int graph_name_run(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		   const struct cp_mount *mounts, size_t n_mounts, struct cp_str *ret_name)
{
	struct cp_lexer lexer = b->lexer;
	struct graph_lookup lookup = {.env = &d->env};
	struct cp_str *masked = cp_arena_array(b->a, n_mounts, sizeof(*masked));
	int r;

	if (!masked)
		return cp_err_nomem(b->err);
	/* withSecretEnvMask */
	for (size_t i = 0; i < n_mounts; i++)
		if (mounts[i].type == CP_MOUNT_SECRET && mounts[i].has_env)
			masked[lookup.n_masked++] = mounts[i].env;
	lookup.masked = masked;
	lexer.raw_quotes = true;
	lexer.raw_escapes = true;
	lexer.skip_unset = true;
	r = process(b, &lexer, &lookup, text, &text);
	if (r < 0)
		return r;
	return graph_name_prefix(b, d, text, d->has_state_platform ? &d->state_platform : NULL,
				 true, ret_name);
}

int graph_name_summary(struct graph_builder *b, struct cp_str body, struct cp_str *ret_text)
{
	struct cp_str doc = cp_str_trim_space(body);
	size_t end = cp_str_find(doc, '\n', 0);
	struct cp_str line = cp_str_sub(doc, 0, end);

	if (end < doc.n && cp_str_ends(line, CP_S("\r")))
		line.n--;
	*ret_text = GRAPH_CAT(b->a, line, end < doc.n ? CP_S("...") : CP_S(""));
	return ret_text->p ? 0 : cp_err_nomem(b->err);
}
