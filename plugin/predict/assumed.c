/* Operations that were built from the config of an image which is not known. */
#include "predict/match_int.h"

/* What names an image: its digest where the reference is pinned, whatever the tag. */
static struct cp_str image_of(struct cp_str ref)
{
	size_t at = cp_str_find(ref, '@', 0);

	return at < ref.n ? cp_str_from(ref, at) : ref;
}

static bool is_assumed(const struct cp_op_exec *e, size_t i)
{
	return e->env_assumed && i < e->n_env && e->env_assumed[i];
}

static bool env_assumptions_differ(const struct cp_op_exec *x, const struct cp_op_exec *y)
{
	size_t n = x->n_env > y->n_env ? x->n_env : y->n_env;

	for (size_t i = 0; i < n; i++)
		if (is_assumed(x, i) != is_assumed(y, i))
			return true;
	return false;
}

bool assumptions_differ(const struct cp_op *x, const struct cp_op *y)
{
	if (!x->assumes_config_of.n && !y->assumes_config_of.n)
		return false;
	if (x->assumes != y->assumes ||
	    !cp_str_eq(image_of(x->assumes_config_of), image_of(y->assumes_config_of)))
		return true;
	return x->kind == CP_OP_EXEC && y->kind == CP_OP_EXEC &&
	       env_assumptions_differ(&x->exec, &y->exec);
}

static bool same_list(const struct cp_str *x, size_t nx, const struct cp_str *y, size_t ny)
{
	if (nx != ny)
		return false;
	for (size_t i = 0; i < nx; i++)
		if (!cp_str_eq(x[i], y[i]))
			return false;
	return true;
}

static struct cp_str name_of(struct cp_str variable)
{
	return cp_str_sub(variable, 0, cp_str_find(variable, '=', 0));
}

/* Variable by variable: where one side's value is not known, the name has to do. */
static bool env_may_equal(const struct cp_op_exec *x, const struct cp_op_exec *y)
{
	if (x->n_env != y->n_env)
		return false;
	for (size_t i = 0; i < x->n_env; i++) {
		bool open = is_assumed(x, i) != is_assumed(y, i);

		if (open ? !cp_str_eq(name_of(x->env[i]), name_of(y->env[i]))
			 : !cp_str_eq(x->env[i], y->env[i]))
			return false;
	}
	return true;
}

/* Command lines; with an unknown shell in front of one of them only their ends can be held against each other. */
static bool args_may_equal(const struct cp_op_exec *x, const struct cp_op_exec *y, bool open)
{
	if (!open || x->n_args == 0 || y->n_args == 0)
		return same_list(x->args, x->n_args, y->args, y->n_args);
	return cp_str_eq(x->args[x->n_args - 1], y->args[y->n_args - 1]);
}

static bool exec_may_equal(const struct cp_op *x, const struct cp_op *y, unsigned open)
{
	const struct cp_op_exec *a = &x->exec, *b = &y->exec;

	return args_may_equal(a, b, open & CP_ASSUMES_SHELL) && env_may_equal(a, b) &&
	       ((open & CP_ASSUMES_CWD) || cp_str_eq(a->cwd, b->cwd)) &&
	       ((open & CP_ASSUMES_USER) || cp_str_eq(a->user, b->user)) &&
	       a->n_mounts == b->n_mounts && a->network == b->network && a->security == b->security;
}

static bool user_equal(const struct cp_op_user *x, const struct cp_op_user *y)
{
	return x->kind == y->kind && cp_str_eq(x->name, y->name) && x->id == y->id;
}

static bool action_may_equal(const struct cp_action *x, const struct cp_action *y, unsigned open)
{
	if (x->kind != y->kind)
		return false;
	if (!(open & (CP_ASSUMES_FILE | CP_ASSUMES_CWD)) &&
	    (!cp_str_eq(x->dest, y->dest) || !cp_str_eq(x->src, y->src)))
		return false;
	if (!(open & (CP_ASSUMES_FILE | CP_ASSUMES_USER)) &&
	    (!user_equal(&x->owner.user, &y->owner.user) ||
	     !user_equal(&x->owner.group, &y->owner.group)))
		return false;
	return (open & CP_ASSUMES_FILE) ||
	       (x->mode == y->mode && cp_str_eq(x->mode_str, y->mode_str) &&
		x->timestamp == y->timestamp);
}

bool assumed_may_equal(const struct cp_op *x, const struct cp_op *y)
{
	unsigned open = x->assumes ^ y->assumes;

	if (x->kind != y->kind || !assumptions_differ(x, y))
		return false;
	if (x->kind == CP_OP_EXEC)
		return exec_may_equal(x, y, open);
	if (x->kind != CP_OP_FILE || x->n_actions != y->n_actions)
		return false;
	for (size_t i = 0; i < x->n_actions; i++)
		if (!action_may_equal(&x->actions[i], &y->actions[i], open))
			return false;
	return true;
}
