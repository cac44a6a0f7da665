/* Paths of the image as paths of the context, by the COPY steps that brought them. */
#include "advise/advise_int.h"

bool cp_advise_is(struct cp_adviser *ad, struct cp_str path, enum cp_node_kind kind)
{
	struct cp_str full = cp_path_is_abs(path) ? path : cp_arena_cat(ad->a, CP_S("/"), path),
		      real;
	struct cp_err ignored = {0};
	struct cp_node node;

	return full.p && ad->in->context &&
	       !cp_advise_failed(ad, cp_fs_resolve(ad->a, ad->in->context, full, true, &node, &real,
						   &ignored)) &&
	       node.kind == kind;
}

bool cp_advise_is_wild(struct cp_str path)
{
	return cp_str_find(path, '*', 0) < path.n || cp_str_find(path, '?', 0) < path.n ||
	       cp_str_find(path, '[', 0) < path.n;
}

/* The path below what the action copied: 0 it is not there, 1 it is, -1 nobody can tell. */
static int below(struct cp_adviser *ad, const struct cp_action *act, struct cp_str path,
		 struct cp_str *ret)
{
	struct cp_str to = cp_str_trim_right(act->dest, "/"), from = cp_str_trim(act->src, "/");
	struct cp_str file;

	if (!cp_str_starts(path, to) || (path.n > to.n && path.p[to.n] != '/'))
		return 0;
	if (cp_advise_is_wild(from))
		return -1;
	if (cp_advise_is(ad, from, CP_NODE_FILE)) {
		file = cp_str_ends(act->dest, CP_S("/"))
			       ? cp_path_join(ad->a, act->dest, cp_path_base(from))
			       : to;
		*ret = from;
		return cp_str_eq(file, path);
	}
	*ret = cp_str_trim(cp_path_join(ad->a, act->src, cp_str_from(path, to.n)), "/");
	return 1;
}

struct cp_str cp_advise_in_context(struct cp_adviser *ad, const struct cp_stage_view *v,
				   size_t before, struct cp_str path)
{
	static const struct cp_str none = {NULL, 0};

	for (size_t i = before; i-- > 0;) {
		const struct cp_command *c = v->stage->commands[i];
		const struct cp_op *op = v->steps[i] ? v->steps[i]->op : NULL;

		if (!op || c->kind != CP_CMD_COPY || op->kind != CP_OP_FILE)
			continue;
		for (size_t k = 0; k < op->n_actions; k++) {
			struct cp_str found = none;
			int there;

			if (op->actions[k].kind != CP_ACTION_COPY)
				continue;
			if (!ad->unseen)
				return none;
			ad->unseen--;
			there = below(ad, &op->actions[k], path, &found);
			if (there && (there < 0 || c->from.p || c->n_heredocs || c->parents))
				return none;
			if (there)
				return found;
		}
	}
	return none;
}

struct cp_str cp_advise_path_at(struct cp_adviser *ad, struct cp_str folder, struct cp_str path)
{
	return cp_path_is_abs(path) ? cp_path_clean(ad->a, path)
				    : cp_path_join(ad->a, folder, path);
}
