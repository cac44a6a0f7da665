/* The mounts of RUN (convert_runmount.go, convert_secrets.go, convert_ssh.go). */
#include "graph/paths_int.h"
#include "graph/platform_int.h"

int graph_mounts_expand(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_command *c, struct cp_mount **ret_mounts)
{
	struct graph_lookup lookup = {.env = &d->env};
	struct cp_env_lookup env;

	graph_lookup_init(&env, &lookup);
	return cp_mounts_parse(b->a, c, &b->lexer, &env, ret_mounts, b->err);
}

int graph_exec_mount(struct graph_builder *b, struct graph_exec *e, struct cp_op_mount m,
		     struct graph_vertex *source)
{
	if (cp_vec_reserve(b->a, (void **)&e->sources, &e->cap_sources, e->n, sizeof(*e->sources)) <
	    0)
		return cp_err_nomem(b->err);
	e->sources[e->n] = source;
	return graph_push(b, e->mounts, e->n, e->cap, m);
}

/* dispatchSecret */
static int add_secret(struct graph_builder *b, struct graph_dispatch *d, const struct cp_mount *m,
		      struct graph_exec *e)
{
	bool windows = graph_is_windows(d->platform.os);
	struct cp_str target = graph_path_to_slash(b->a, m->target, d->platform.os);
	struct cp_str id = m->source.n ? m->source : m->cache_id;
	struct cp_op_mount mount = {.input = -1, .type = 1, .optional = !m->required, .mode = 0400};
	int r = 0;

	if (!target.p)
		return cp_err_nomem(b->err);
	if (m->has_env)
		graph_doubt(b, CP_RULE_NO_SECRET_ENV,
			    CP_S("this frontend has no secrets as variables"));
	if (id.n == 0 && target.n == 0)
		return graph_invalid(b, "one of source, target required");
	if (id.n == 0)
		id = cp_path_base(target);
	if (windows && target.n && !graph_path_is_abs(b, target, d->platform.os))
		return graph_invalid(b,
				     "secret target \"%.*s\" must be an absolute path with forward "
				     "slashes on Windows",
				     CP_STR(target));
	if (m->has_env) {
		struct cp_secret_env env = {.id = id, .name = m->env, .optional = !m->required};

		r = graph_push(b, e->secret_env, e->n_secret_env, e->cap_secret_env, env);
		if (r < 0 || target.n == 0)
			return r;
	} else if (target.n == 0) {
		if (windows)
			return graph_invalid(b, "secret target is required on Windows");
		target = cp_arena_cat(b->a, CP_S("/run/secrets/"), cp_path_base(id));
		if (!target.p)
			return cp_err_nomem(b->err);
	}
	mount.dest = target;
	mount.id = id;
	mount.uid = m->has_uid ? (uint32_t)m->uid : 0;
	mount.gid = m->has_gid ? (uint32_t)m->gid : 0;
	if (m->has_mode)
		mount.mode = (uint32_t)m->mode;
	return graph_push(b, e->secrets, e->n_secrets, e->cap_secrets, mount);
}

/* dispatchSSH */
static int add_ssh(struct graph_builder *b, const struct cp_mount *m, struct graph_exec *e)
{
	struct cp_op_mount mount = {.input = -1, .type = 2, .optional = !m->required, .mode = 0600};

	if (m->source.n)
		return graph_invalid(b, "ssh does not support source");
	mount.id = m->cache_id;
	mount.dest = m->target;
	if (mount.dest.n == 0)
		mount.dest = cp_arena_printf(b->a, "/run/buildkit/ssh_agent.%zu", e->n_sshs);
	if (!mount.dest.p)
		return cp_err_nomem(b->err);
	mount.uid = m->has_uid ? (uint32_t)m->uid : 0;
	mount.gid = m->has_gid ? (uint32_t)m->gid : 0;
	if (m->has_mode)
		mount.mode = (uint32_t)m->mode;
	return graph_push(b, e->sshs, e->n_sshs, e->cap_sshs, mount);
}

/* setCacheUIDGID: a folder of its own with the owner and mode that were asked for. */
static int owned_cache(struct graph_builder *b, const struct cp_mount *m,
		       struct graph_vertex **source)
{
	struct graph_vertex *v;
	struct cp_action *action = CP_NEW(b->a, struct cp_action);
	struct graph_vertex **sources = CP_NEW(b->a, struct graph_vertex *);

	v = graph_vertex_new(b, CP_OP_FILE, CP_S("[internal] setting cache mount permissions"),
			     GRAPH_NOT_A_STEP);
	if (!v || !action || !sources)
		return cp_err_nomem(b->err);
	*action = graph_action(CP_ACTION_MKDIR);
	action->dest = CP_S("/cache");
	action->mode = m->has_mode ? (int)(m->mode & 0777) : 0755;
	action->owner.user.kind = action->owner.group.kind = CP_USER_ID;
	action->owner.user.id = m->has_uid ? (uint32_t)m->uid : 0;
	action->owner.group.id = m->has_gid ? (uint32_t)m->gid : 0;
	v->op->actions = action;
	v->op->n_actions = 1;
	v->base = *source;
	v->sources = sources;
	v->n_sources = 1;
	*source = v;
	return 0;
}

static int cache_options(struct graph_builder *b, const struct cp_mount *m,
			 struct cp_op_mount *mount)
{
	struct cp_str id = m->cache_id.n ? m->cache_id : cp_path_clean(b->a, m->target);

	if (!id.p)
		return cp_err_nomem(b->err);
	mount->type = 3;
	mount->cache_id = GRAPH_CAT(b->a, b->cache_namespace, CP_S("/"), id);
	if (!mount->cache_id.p)
		return cp_err_nomem(b->err);
	if (m->has_sharing && m->sharing == CP_SHARING_PRIVATE)
		mount->cache_sharing = 1;
	else if (m->has_sharing && m->sharing == CP_SHARING_LOCKED)
		mount->cache_sharing = 2;
	return 0;
}

/* Absolute targets stay as they are written. */
static int mount_target(struct graph_builder *b, const struct graph_dispatch *d,
			struct cp_str target, struct cp_str *ret_dest)
{
	*ret_dest = target;
	if (!cp_path_is_abs(target)) {
		*ret_dest = cp_path_join(b->a, CP_S("/"), d->cwd);
		if (ret_dest->p)
			*ret_dest = cp_path_join(b->a, *ret_dest, target);
		if (!ret_dest->p)
			return cp_err_nomem(b->err);
	}
	if (cp_str_eq(*ret_dest, CP_S("/")))
		return graph_invalid(b, "invalid mount target \"%.*s\"", CP_STR(*ret_dest));
	return 0;
}

/* The file system that is mounted: the context, another stage or image, or nothing. */
static int mount_source(struct graph_builder *b, const struct graph_command *cmd, size_t i,
			const struct cp_mount *m, struct graph_vertex **ret_source)
{
	const struct graph_dispatch *src = cmd->sources[i];

	*ret_source = b->context;
	if (m->from.n || m->type == CP_MOUNT_CACHE) {
		if (!src->dispatched)
			return graph_invalid(b,
					     "cannot mount from stage \"%.*s\" to \"%.*s\", stage "
					     "needs to be defined "
					     "before current command",
					     CP_STR(m->from.n ? m->from : CP_S("scratch")),
					     CP_STR(m->target));
		*ret_source = src->fs;
	}
	if (m->type == CP_MOUNT_TMPFS)
		*ret_source = NULL;
	return 0;
}

static int add_mount(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd,
		     size_t i, const struct cp_mount *m, struct graph_exec *e)
{
	struct cp_op_mount mount = {.output = -1, .read_only = m->read_only};
	struct graph_vertex *source;
	struct cp_str selector;
	int r;

	r = mount_source(b, cmd, i, m, &source);
	if (r < 0)
		return r;
	if (m->type == CP_MOUNT_SECRET)
		return add_secret(b, d, m, e);
	if (m->type == CP_MOUNT_SSH)
		return add_ssh(b, m, e);
	if (m->type == CP_MOUNT_TMPFS) {
		mount.type = 4;
		mount.tmpfs_size = m->size_limit;
	}
	if (m->type == CP_MOUNT_CACHE)
		r = cache_options(b, m, &mount);
	if (r >= 0)
		r = mount_target(b, d, m->target, &mount.dest);
	if (r < 0)
		return r;
	selector = cp_path_join(b->a, CP_S("/"), m->source);
	if (!selector.p)
		return cp_err_nomem(b->err);
	if (selector.n > 1) {
		mount.selector = selector;
	} else if (m->has_uid || m->has_gid || m->has_mode) {
		r = owned_cache(b, m, &source);
		mount.selector = CP_S("/cache");
	}
	if (r >= 0)
		r = graph_exec_mount(b, e, mount, source);
	if (r < 0)
		return r;
	if (m->from.n || m->type == CP_MOUNT_CACHE)
		r = graph_paths_add(b, cmd->sources[i]->paths, m->source);
	return r;
}

int graph_run_mounts(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd,
		     const struct cp_mount *mounts, struct graph_exec *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < cmd->c->n_mounts; i++)
		r = add_mount(b, d, cmd, i, &mounts[i], e);
	return r;
}
