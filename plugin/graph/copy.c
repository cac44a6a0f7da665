/* COPY and ADD (dockerfile2llb/convert_copy.go). */
#include "graph/paths_int.h"
#include "graph/platform_int.h"
#include "graph/reference_int.h"
#include "graph/sources_int.h"

struct copying {
	struct graph_dispatch *d;
	struct graph_command *cmd;
	const struct cp_command *c;
	bool is_add;
	struct cp_str *sources;
	struct cp_str dest, chown, chmod, checksum;
	int keep_git_dir;
	struct cp_str assumes; /* of the values above */
	struct cp_str name;    /* "COPY x y", without its number */
	struct cp_str step;    /* with it */
	struct graph_vertex *from;
	struct cp_action pattern; /* what all actions share */
	struct cp_action *actions;
	struct graph_vertex **inputs;
	size_t n, cap, cap_inputs;
	int fetches;
};

static int add(struct graph_builder *b, struct copying *cp, struct cp_action action,
	       struct graph_vertex *input)
{
	if (cp_vec_reserve(b->a, (void **)&cp->inputs, &cp->cap_inputs, cp->n,
			   sizeof(*cp->inputs)) < 0)
		return cp_err_nomem(b->err);
	cp->inputs[cp->n] = input;
	return graph_push(b, cp->actions, cp->n, cp->cap, action);
}

/* ---- expansion ---- */

static int expand(struct graph_builder *b, struct copying *cp)
{
	const struct cp_command *c = cp->c;
	int r;

	r = graph_expand(b, cp->d, c->chown, &cp->chown, &cp->assumes);
	if (r >= 0)
		r = graph_expand(b, cp->d, c->chmod, &cp->chmod, &cp->assumes);
	if (r >= 0)
		r = graph_expand(b, cp->d, c->checksum, &cp->checksum, &cp->assumes);
	cp->sources = cp_arena_array(b->a, c->n_sources, sizeof(*cp->sources));
	if (!cp->sources)
		return cp_err_nomem(b->err);
	for (size_t i = 0; r >= 0 && i < c->n_sources; i++)
		r = graph_expand(b, cp->d, c->sources[i], &cp->sources[i], &cp->assumes);
	return r < 0 ? r : graph_expand(b, cp->d, c->dest, &cp->dest, &cp->assumes);
}

/*
 * SourceContents.ExpandRaw: quotes are ordinary characters, the escape character is always a
 * backslash.
 */
static int heredoc_body(struct graph_builder *b, struct copying *cp, const struct cp_heredoc *h,
			struct cp_str *ret_body, struct cp_str *assumes)
{
	struct cp_lexer lexer = {.escape = '\\', .skip_processed_quotes = true};
	struct graph_lookup lookup = {
		.env = &cp->d->env, .env_assumes = cp->d->assumes.env, .hit = assumes};
	struct cp_env_lookup env;
	struct cp_str body = h->content;

	if (h->chomp) {
		body = cp_heredoc_chomp(b->a, body);
		if (!body.p)
			return cp_err_nomem(b->err);
	}
	*ret_body = body;
	if (!h->expand)
		return 0;
	graph_lookup_init(&env, &lookup);
	return cp_expand(b->a, &lexer, body, &env, ret_body, b->err);
}

/* pathRelativeToWorkingDir */
static int resolve_dest(struct graph_builder *b, struct copying *cp)
{
	struct graph_dispatch *d = cp->d;
	struct cp_str os = d->platform.os, path, parent = CP_S("/");
	int r;

	r = graph_path_remove_drive(b, cp->dest, os, true, &path);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	if (!graph_path_is_abs(b, path, os)) {
		if (path.n == 0 || cp_str_eq(path, CP_S(".")))
			path = graph_rule(b, CP_RULE_DOT_WITHOUT_SLASH) ? CP_S(".") : CP_S("./");
		parent = d->cwd;
		if (d->assumes.cwd.n)
			cp->assumes = d->assumes.cwd;
	}
	return graph_path_normalise(b, parent, path, os, true, &cp->dest);
}

/* client/llb/fileop.go normalizePath of an absolute path */
static int llb_dest(struct graph_builder *b, struct cp_str path, struct cp_str *ret)
{
	struct cp_str out = cp_path_clean(b->a, path);

	if (out.p && cp_str_ends(path, CP_S("/")) && !cp_str_ends(out, CP_S("/")))
		out = cp_arena_cat(b->a, out, CP_S("/"));
	else if (out.p && cp_str_ends(path, CP_S("/.")))
		out = cp_arena_cat(b->a, out, cp_str_eq(out, CP_S("/")) ? CP_S(".") : CP_S("/."));
	if (!out.p)
		return cp_err_nomem(b->err);
	*ret = out;
	return 0;
}

/* ---- the kinds of sources ---- */

static struct graph_place fetch_place(struct copying *cp)
{
	return (struct graph_place){.kind = CP_STEP_FETCH,
				    .stage = cp->d->number,
				    .command = cp->cmd,
				    .order = cp->fetches++};
}

static int add_git(struct graph_builder *b, struct copying *cp, struct graph_git *git,
		   bool has_query)
{
	struct cp_action action = cp->pattern;
	struct graph_vertex *v;
	int r;

	if (!cp->is_add)
		return graph_invalid(b, "source can't be a git ref for COPY");
	if (has_query || cp->checksum.n)
		graph_doubt(b, CP_RULE_GIT_NO_QUERY,
			    CP_S("this frontend reads the URL of a git repository differently"));
	if (cp->keep_git_dir >= 0 && git->keep_git_dir >= 0 &&
	    cp->keep_git_dir != git->keep_git_dir)
		return graph_invalid(b, "inconsistent keep-git-dir configuration");
	/* Said once, it holds for the sources that follow. */
	if (git->keep_git_dir >= 0)
		cp->keep_git_dir = git->keep_git_dir;
	git->keep_git_dir = cp->keep_git_dir;
	if (cp->checksum.n && git->checksum.n && !cp_str_eq(cp->checksum, git->checksum))
		return graph_invalid(b, "checksum mismatch \"%.*s\" != \"%.*s\"",
				     CP_STR(cp->checksum), CP_STR(git->checksum));
	if (git->checksum.n)
		cp->checksum = git->checksum;
	git->checksum = cp->checksum;
	git->mtime = CP_S(""); /* ADD does not pass it on */
	r = graph_source_git(b, git, cp->step, fetch_place(cp), &v);
	if (r < 0)
		return r;
	v->op->assumes_config_of = cp->assumes;
	v->op->assumes = cp->assumes.n ? CP_ASSUMES_FILE : 0;
	action.src = CP_S("/");
	return add(b, cp, action, v);
}

static int add_http(struct graph_builder *b, struct copying *cp, struct cp_str url)
{
	struct cp_action action = cp->pattern;
	struct cp_str filename;
	struct graph_vertex *v;
	int r;

	if (!cp->is_add)
		return graph_invalid(b, "source can't be a URL for COPY");
	r = graph_http_filename(b, url, &filename);
	if (r >= 0 && cp->checksum.n)
		r = graph_digest_check(cp->checksum, b->err);
	if (r >= 0)
		r = graph_source_http(b, url, filename, cp->checksum, cp->step, fetch_place(cp),
				      &v);
	if (r < 0)
		return r;
	v->op->assumes_config_of = cp->assumes;
	v->op->assumes = cp->assumes.n ? CP_ASSUMES_FILE : 0;
	action.attempt_unpack = cp->c->unpack == 1;
	action.src = cp_path_join(b->a, CP_S("/"), filename);
	return action.src.p ? add(b, cp, action, v) : cp_err_nomem(b->err);
}

static bool has_wildcards(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
			return true;
		if (s.p[i] == '\\')
			i++;
	}
	return false;
}

/* --parents: what stands before "/./" is cut off, the rest is a pattern. */
static int split_parents(struct graph_builder *b, struct copying *cp, struct cp_str *src,
			 struct cp_action *action)
{
	struct cp_str os = cp->d->platform.os, pattern = *src, parent = CP_S("/");
	struct cp_str *include = CP_NEW(b->a, struct cp_str),
		      *required = CP_NEW(b->a, struct cp_str);
	size_t pivot = cp_str_find_str(*src, CP_S("/./"), 0);
	int r;

	if (!include || !required)
		return cp_err_nomem(b->err);
	if (pivot < src->n) {
		parent = cp_str_sub(*src, 0, pivot);
		pattern = cp_str_from(*src, pivot + 3);
	}
	*src = parent;
	r = graph_path_normalise(b, CP_S("/"), pattern, os, false, &pattern);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	*include = cp_str_starts(pattern, CP_S("/")) ? cp_str_from(pattern, 1) : pattern;
	action->includes = include;
	action->n_includes = 1;
	if (graph_rule(b, CP_RULE_NO_REQUIRED_PATHS) || has_wildcards(parent) ||
	    has_wildcards(pattern))
		return 0;
	*required = cp_path_join(b->a, parent, pattern);
	if (!required->p)
		return cp_err_nomem(b->err);
	r = graph_path_normalise(b, CP_S("/"), *required, os, false, required);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	action->required = required;
	action->n_required = 1;
	return 0;
}

static int add_path(struct graph_builder *b, struct copying *cp, struct cp_str src)
{
	struct cp_action action = cp->pattern;
	int r = 0;

	if (cp->c->parents)
		r = split_parents(b, cp, &src, &action);
	if (r < 0)
		return r;
	r = graph_path_normalise(b, CP_S("/"), src, cp->d->platform.os, false, &src);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	action.src = cp_path_clean(b->a, src);
	if (action.src.p && !cp_path_is_abs(action.src))
		action.src = cp_path_join(b->a, CP_S("/"), action.src);
	if (!action.src.p)
		return cp_err_nomem(b->err);
	action.follow_symlink = action.dir_copy_contents = true;
	action.allow_wildcard = action.allow_empty_wildcard = true;
	action.attempt_unpack = cp->is_add && cp->c->unpack != 0;
	graph_check_copy_action(b, &action);
	return add(b, cp, action, cp->from);
}

static int add_source(struct graph_builder *b, struct copying *cp, struct cp_str src)
{
	struct graph_git git;
	bool is_git;
	int r;

	r = graph_git_parse(b, src, &git, &is_git);
	if (r < 0)
		return r;
	if (is_git && !git.like_local)
		return add_git(b, cp, &git, cp_str_find(src, '?', 0) < src.n);
	return graph_is_http(src) ? add_http(b, cp, src) : add_path(b, cp, src);
}

static int add_heredoc(struct graph_builder *b, struct copying *cp, const struct cp_heredoc *h,
		       struct cp_str body, struct cp_str assumes)
{
	struct cp_action action = cp->pattern;
	struct cp_str file, os = cp->d->platform.os;
	struct graph_vertex *v;
	int r;

	r = graph_path_remove_drive(b, h->name, os, false, &file);
	if (r < 0)
		return cp_err_wrap(b->err, "removing drive letter");
	r = graph_vertex_mkfile(b, file, 0644, body, &v);
	if (r < 0)
		return r;
	v->op->assumes_config_of = assumes;
	v->op->assumes = assumes.n ? CP_ASSUMES_FILE : 0;
	action.src = graph_path_to_slash(b->a, file, os);
	if (action.src.p)
		action.src = cp_path_join(b->a, CP_S("/"), action.src);
	return action.src.p ? add(b, cp, action, v) : cp_err_nomem(b->err);
}

/* ---- checks before anything is made ---- */

static int check_checksum(struct graph_builder *b, struct copying *cp)
{
	struct graph_git git;
	struct cp_err ignored, *err = b->err;
	bool is_git;
	int r;

	if (cp->checksum.n == 0)
		return 0;
	if (!cp->is_add)
		return graph_invalid(b, "checksum can't be specified for COPY");
	if (cp->c->n_sources != 1)
		return graph_invalid(b, "checksum can't be specified for multiple sources");
	b->err = &ignored;
	r = graph_git_parse(b, cp->sources[0], &git, &is_git);
	b->err = err;
	if (r == CP_ENOMEM)
		return cp_err_nomem(b->err);
	if (!graph_is_http(cp->sources[0]) && (r < 0 || !is_git))
		return graph_invalid(b, "checksum requires HTTP(S) or Git sources");
	return 0;
}

static int prepare(struct graph_builder *b, struct copying *cp)
{
	int r;

	r = resolve_dest(b, cp);
	if (r < 0)
		return r;
	cp->pattern = graph_action(CP_ACTION_COPY);
	cp->pattern.create_dest_path = true;
	if (cp->chown.n) {
		cp->pattern.owner = graph_owner(b, cp->chown);
		if (cp->c->link && graph_owner_has_name(&cp->pattern.owner))
			return graph_invalid(b,
					     "--chown=%.*s: user and group names can't be resolved "
					     "when used with "
					     "--link, use numeric uid[:gid] instead",
					     CP_STR(cp->chown));
	}
	cp->pattern.excludes = cp->c->excludes;
	cp->pattern.n_excludes = cp->c->n_excludes;
	r = graph_check_chmod(b, cp->chmod, &cp->pattern);
	graph_check_copy_action(b, &cp->pattern);
	if (r >= 0)
		r = check_checksum(b, cp);
	if (r >= 0)
		r = llb_dest(b, cp->dest, &cp->pattern.dest);
	if (r >= 0)
		r = graph_name_text(b, cp->d, cp->c->code, &cp->name);
	if (r < 0)
		return r;
	return graph_name_prefix(b, cp->d, cp->name, &cp->d->platform, true, &cp->step);
}

/* ---- the operations ---- */

static struct graph_vertex *file_vertex(struct graph_builder *b, struct copying *cp)
{
	struct graph_place place = {.kind = CP_STEP_OP,
				    .stage = cp->d->number,
				    .command = cp->cmd,
				    .order = cp->fetches + 1};
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_FILE, cp->step, place);

	if (!v)
		return NULL;
	v->op->actions = cp->actions;
	v->op->n_actions = cp->n;
	v->op->ignore_cache = cp->d->ignore_cache;
	v->op->assumes_config_of = cp->assumes;
	v->op->assumes = cp->assumes.n ? CP_ASSUMES_FILE : 0;
	v->sources = cp->inputs;
	v->n_sources = cp->n;
	return v;
}

/*
 * --link: the copy stands alone and is merged with what was there; on an empty file system it is
 * the result.
 */
static int link_vertex(struct graph_builder *b, struct copying *cp, struct graph_vertex *copy)
{
	struct graph_dispatch *d = cp->d;
	struct graph_place place = copy->place;
	struct graph_vertex *merge;
	struct cp_str name = GRAPH_CAT(b->a, CP_S("LINK "), cp->name);
	int r;

	if (!name.p)
		return cp_err_nomem(b->err);
	if (d->cmd_total)
		d->cmd_index--;
	r = graph_name_prefix(b, d, name, &d->platform, true, &name);
	if (r < 0 || !d->fs) {
		d->fs = copy;
		return r;
	}
	place.kind = CP_STEP_MERGE;
	place.order++;
	merge = graph_vertex_new(b, CP_OP_MERGE, name, place);
	if (!merge)
		return cp_err_nomem(b->err);
	merge->sources = cp_arena_array(b->a, 2, sizeof(*merge->sources));
	if (!merge->sources)
		return cp_err_nomem(b->err);
	merge->sources[0] = d->fs;
	merge->sources[1] = copy;
	merge->n_sources = 2;
	merge->op->ignore_cache = d->ignore_cache;
	d->fs = merge;
	return 0;
}

/* What the context or the other stage is used for: it decides what a named folder transfers. */
static int note_paths(struct graph_builder *b, struct copying *cp)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && cp->cmd->n_sources && i < cp->c->n_sources; i++)
		r = graph_paths_add(b, cp->cmd->sources[0]->paths, cp->sources[i]);
	return r;
}

static int find_source(struct graph_builder *b, struct copying *cp)
{
	struct graph_dispatch *src;

	cp->from = b->context;
	if (cp->cmd->n_sources == 0)
		return 0;
	src = cp->cmd->sources[0];
	if (!src->dispatched)
		return graph_invalid(b,
				     "cannot copy from stage \"%.*s\", it needs to be defined "
				     "before current stage \"%.*s\"",
				     CP_STR(cp->c->from), CP_STR(cp->d->stage_name));
	cp->from = src->fs;
	return 0;
}

int graph_dispatch_copy(struct graph_builder *b, struct graph_dispatch *d,
			struct graph_command *cmd)
{
	struct copying cp = {.d = d,
			     .cmd = cmd,
			     .c = cmd->c,
			     .is_add = cmd->c->kind == CP_CMD_ADD,
			     .keep_git_dir = cmd->c->keep_git_dir,
			     .assumes = CP_S("")};
	const struct cp_command *c = cmd->c;
	struct cp_str *bodies = cp_arena_array(b->a, c->n_heredocs, sizeof(*bodies));
	struct cp_str *assumes = cp_arena_array(b->a, c->n_heredocs, sizeof(*assumes));
	struct graph_vertex *v;
	int r;

	if (!bodies || !assumes)
		return cp_err_nomem(b->err);
	if (!cp.is_add)
		cp.keep_git_dir = -1;
	r = expand(b, &cp);
	for (size_t i = 0; r >= 0 && i < c->n_heredocs; i++)
		r = heredoc_body(b, &cp, &c->heredocs[i], &bodies[i], &assumes[i]);
	if (r >= 0)
		r = find_source(b, &cp);
	if (r >= 0)
		r = graph_history_copy(b, d, cmd, cp.sources, cp.dest, cp.chown, cp.chmod,
				       cp.assumes);
	if (r >= 0)
		r = prepare(b, &cp);
	for (size_t i = 0; r >= 0 && i < c->n_sources; i++)
		r = add_source(b, &cp, cp.sources[i]);
	for (size_t i = 0; r >= 0 && i < c->n_heredocs; i++)
		r = add_heredoc(b, &cp, &c->heredocs[i], bodies[i], assumes[i]);
	if (r < 0)
		return r;
	v = file_vertex(b, &cp);
	if (!v)
		return cp_err_nomem(b->err);
	if (c->link && cp.chmod.n == 0 && !b->opt->no_merge_op) {
		r = link_vertex(b, &cp, v);
	} else {
		v->base = d->fs;
		d->fs = v;
	}
	return r < 0 ? r : note_paths(b, &cp);
}

int graph_paths_add(struct graph_builder *b, struct graph_paths *paths, struct cp_str path)
{
	struct cp_str full = cp_path_join(b->a, CP_S("/"), path);

	if (!full.p)
		return cp_err_nomem(b->err);
	if (full.n == 1) {
		paths->all = true;
		return 0;
	}
	return graph_push(b, paths->items, paths->n, paths->cap, full);
}
