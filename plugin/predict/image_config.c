/* CMD, ENV, LABEL and their like are in no key: an image whose steps all hit may still be another image. */
#include "predict/predict.h"

typedef CP_VEC(const struct cp_command *) command_vec;

/* What the config of an image is made of (dockerfile2llb/convert.go dispatch*), arguments that expand in it included. */
static bool is_config(enum cp_command_kind kind)
{
	switch (kind) {
	case CP_CMD_ARG:
	case CP_CMD_CMD:
	case CP_CMD_ENTRYPOINT:
	case CP_CMD_ENV:
	case CP_CMD_EXPOSE:
	case CP_CMD_HEALTHCHECK:
	case CP_CMD_LABEL:
	case CP_CMD_MAINTAINER:
	case CP_CMD_ONBUILD:
	case CP_CMD_SHELL:
	case CP_CMD_STOPSIGNAL:
	case CP_CMD_USER:
	case CP_CMD_VOLUME:
	case CP_CMD_WORKDIR:
		return true;
	case CP_CMD_ADD:
	case CP_CMD_COPY:
	case CP_CMD_RUN:
		return false;
	}
	return true;
}

static int add(struct cp_arena *a, command_vec *out, struct cp_command *const *commands, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (is_config(commands[i]->kind) && cp_vec_push(a, out, commands[i]) < 0)
			return CP_ENOMEM;
	return 0;
}

/* From the target down to its base image, the last instruction first; *ret_base: the stage at the end. */
static int collect(struct cp_arena *a, const struct cp_build *b, command_vec *out,
		   const struct cp_graph_stage **ret_base)
{
	const struct cp_graph *g = b->graph;
	size_t at = g->target;

	for (size_t depth = 0; depth <= g->n_stages && at < g->n_stages; depth++) {
		const struct cp_graph_stage *s = &g->stages[at];

		*ret_base = s;
		if (s->index >= b->dockerfile->n_stages ||
		    add(a, out, b->dockerfile->stages[s->index].commands,
			b->dockerfile->stages[s->index].n_commands) < 0)
			return CP_ENOMEM;
		if (s->parent < 0)
			break;
		at = (size_t)s->parent;
	}
	return add(a, out, b->dockerfile->global_args, b->dockerfile->n_global_args);
}

/* What a reference resolved to, "" = not known. */
static struct cp_str digest_of(const struct cp_graph *g, struct cp_str ref)
{
	for (size_t i = 0; i < g->n_ops; i++) {
		const struct cp_op_source *s = &g->ops[i]->source;

		if (g->ops[i]->kind == CP_OP_SOURCE && s->kind == CP_SOURCE_IMAGE &&
		    cp_str_eq(s->ref, ref))
			return s->digest;
	}
	return CP_S("");
}

static bool is_same_base(const struct cp_build *a, const struct cp_build *b,
			 const struct cp_graph_stage *x, const struct cp_graph_stage *y)
{
	struct cp_str dx = digest_of(a->graph, x->base), dy = digest_of(b->graph, y->base);

	return cp_str_eq(x->base, y->base) && (!dx.n || !dy.n || cp_str_eq(dx, dy));
}

int cp_image_config_compare(struct cp_arena *arena, const struct cp_build *a,
			    const struct cp_build *b, bool *ret_same, struct cp_str *ret_what,
			    struct cp_err *err)
{
	const struct cp_graph_stage *x = NULL, *y = NULL;
	command_vec p = {0}, q = {0};
	size_t n;

	*ret_what = CP_S("");
	if (collect(arena, a, &p, &x) < 0 || collect(arena, b, &q, &y) < 0)
		return cp_err_nomem(err);
	n = p.n > q.n ? p.n : q.n;
	*ret_same = x && y && is_same_base(a, b, x, y);
	if (!*ret_same)
		*ret_what = CP_S("the base image");
	for (size_t i = 0; *ret_same && i < n; i++) {
		if (i < p.n && i < q.n && cp_str_eq(p.items[i]->code, q.items[i]->code))
			continue;
		*ret_same = false;
		*ret_what = i < q.n ? q.items[i]->code : p.items[i]->code;
	}
	return 0;
}
