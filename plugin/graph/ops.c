/*
 * Operations: made one by one, then sealed from the target as llb.State.Marshal does: equal ones
 * become one.
 */
#include "graph/build_int.h"

struct graph_vertex *graph_vertex_new(struct graph_builder *b, enum cp_op_kind kind,
				      struct cp_str name, struct graph_place place)
{
	struct graph_vertex *v = CP_NEW(b->a, struct graph_vertex);
	struct cp_op *op = CP_NEW(b->a, struct cp_op);

	if (!v || !op)
		return NULL;
	op->kind = kind;
	op->name = name;
	v->op = op;
	v->name = name;
	v->place = place;
	return v;
}

struct cp_action graph_action(enum cp_action_kind kind)
{
	struct cp_action action = {
		.kind = kind, .input = -1, .secondary_input = -1, .mode = -1, .timestamp = -1};

	action.owner.user.input = action.owner.group.input = -1;
	return action;
}

int graph_vertex_mkfile(struct graph_builder *b, struct cp_str path, int mode, struct cp_str data,
			struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v;
	struct cp_action *action = CP_NEW(b->a, struct cp_action);
	struct graph_vertex **sources = CP_NEW(b->a, struct graph_vertex *);

	v = graph_vertex_new(b, CP_OP_FILE, CP_S("[internal] preparing inline document"),
			     GRAPH_NOT_A_STEP);
	if (!v || !action || !sources)
		return cp_err_nomem(b->err);
	*action = graph_action(CP_ACTION_MKFILE);
	/* client/llb/fileop.go normalizePath with the directory of an empty state */
	action->dest = cp_path_clean(b->a, path);
	if (action->dest.p && !cp_path_is_abs(action->dest))
		action->dest = cp_path_join(b->a, CP_S("/"), action->dest);
	if (!action->dest.p)
		return cp_err_nomem(b->err);
	action->mode = mode & 0777;
	action->data = data;
	v->op->actions = action;
	v->op->n_actions = 1;
	v->sources = sources;
	v->n_sources = 1;
	*ret_vertex = v;
	return 0;
}

/* ---- seal ---- */

/* The last op that used an input, and under which number: inputs are listed once. */
struct mark {
	const struct graph_vertex *user;
	int number;
};

struct sealing {
	struct graph_builder *b;
	struct graph_sealed out;
	struct cp_map by_identity;
	struct mark *marks; /* by op index */
	size_t cap_marks;
};

/*
 * Vertex.Inputs(), in its order: a file operation lists its base, then its sources from the last to
 * the first.
 */
static struct graph_vertex *child(const struct graph_vertex *v, size_t i)
{
	if (v->op->kind != CP_OP_FILE)
		return v->sources[i];
	return i == 0 ? v->base : v->sources[v->n_sources - i];
}

static size_t n_children(const struct graph_vertex *v)
{
	return v->op->kind == CP_OP_FILE ? v->n_sources + 1 : v->n_sources;
}

/* Number of `source` among the inputs of v, -1 for an empty file system. */
static int input_number(struct sealing *s, const struct graph_vertex *v,
			const struct cp_op **inputs, size_t *n, const struct graph_vertex *source)
{
	struct mark *mark;

	if (!source)
		return -1;
	mark = &s->marks[source->final->index];
	if (mark->user != v) {
		mark->user = v;
		mark->number = (int)*n;
		inputs[(*n)++] = source->final;
	}
	return mark->number;
}

static void number_file(struct sealing *s, struct graph_vertex *v, const struct cp_op **inputs,
			size_t *n)
{
	struct cp_op *op = v->op;
	int base = input_number(s, v, inputs, n, v->base);

	for (size_t i = 0; i < op->n_actions; i++)
		op->actions[i].secondary_input = input_number(s, v, inputs, n, v->sources[i]);
	for (size_t i = 0; i < op->n_actions; i++) {
		struct cp_action *action = &op->actions[i];

		/* getIndex: the result of the action before is numbered behind the inputs */
		action->input = i == 0 ? base : (int)(*n + i - 1);
		action->output = i + 1 == op->n_actions ? 0 : -1;
		if (action->owner.user.kind == CP_USER_NAME)
			action->owner.user.input = base;
		if (action->owner.group.kind == CP_USER_NAME)
			action->owner.group.input = base;
	}
}

/* Secrets and agents come from no file system. */
static bool is_secret(const struct cp_op_mount *m)
{
	return m->type == 1 || m->type == 2;
}

/* Before v0.15 they had no number, which is 0: a build without inputs fails on that (ops/exec.go getMountDeps). */
static int secret_number(struct graph_builder *b, size_t n_inputs)
{
	if (n_inputs == 0)
		graph_doubt(b, CP_RULE_SECRET_READS_ROOT,
			    CP_S("this frontend has no secrets on an empty file system"));
	return graph_rule(b, CP_RULE_SECRET_READS_ROOT) && n_inputs ? 0 : -1;
}

static int number_inputs(struct sealing *s, struct graph_vertex *v)
{
	struct cp_op *op = v->op;
	const struct cp_op **inputs = cp_arena_array(s->b->a, n_children(v), sizeof(*inputs));
	size_t n = 0;

	if (!inputs)
		return cp_err_nomem(s->b->err);
	switch (op->kind) {
	case CP_OP_FILE:
		number_file(s, v, inputs, &n);
		break;
	case CP_OP_EXEC:
		for (size_t i = 0; i < v->n_sources; i++)
			op->exec.mounts[i].input =
				is_secret(&op->exec.mounts[i])
					? secret_number(s->b, n)
					: input_number(s, v, inputs, &n, v->sources[i]);
		break;
	case CP_OP_MERGE: /* both inputs, even when they are the same */
		for (; n < v->n_sources; n++)
			inputs[n] = v->sources[n]->final;
		break;
	case CP_OP_SOURCE:
		break;
	}
	op->inputs = inputs;
	op->n_inputs = n;
	return 0;
}

static int add_op(struct sealing *s, struct graph_vertex *v, struct cp_str key)
{
	struct graph_builder *b = s->b;
	struct graph_sealed *out = &s->out;

	v->op->index = out->n;
	if (cp_vec_reserve(b->a, (void **)&s->marks, &s->cap_marks, out->n, sizeof(*s->marks)) <
		    0 ||
	    cp_vec_reserve(b->a, (void **)&out->names, &out->cap_names, out->n,
			   sizeof(*out->names)) < 0)
		return cp_err_nomem(b->err);
	s->marks[out->n] = (struct mark){0};
	out->names[out->n] = v;
	if (cp_map_put(b->a, &s->by_identity, key, v->op) < 0)
		return cp_err_nomem(b->err);
	v->final = v->op;
	return graph_push(b, out->ops, out->n, out->cap, v->op);
}

/*
 * A protobuf string must be UTF-8, so BuildKit cannot hand such a command line over. Everything
 * else went through expansion, which replaces broken bytes.
 */
static int check_args(struct graph_builder *b, const struct graph_vertex *v)
{
	const struct cp_op_exec *exec = &v->op->exec;

	for (size_t i = 0; i < exec->n_args; i++) {
		if (cp_utf8_valid(exec->args[i]))
			continue;
		graph_invalid(b, "string field contains invalid UTF-8");
		cp_err_at(b->err, b->file_name, v->place.command->line, 0, 0, CP_S(""));
		return CP_EINVAL;
	}
	return 0;
}

/*
 * Everything below v is sealed: merge it with an equal one, which then takes the name of v
 * (mergeMetadata).
 */
static int seal_one(struct sealing *s, struct graph_vertex *v)
{
	struct cp_digest id;
	struct cp_str key;
	struct cp_op *same;
	int r;

	r = v->op->kind == CP_OP_EXEC ? check_args(s->b, v) : 0;
	if (r >= 0)
		r = number_inputs(s, v);
	if (r >= 0)
		r = graph_identity(s->b, v, &id);
	if (r < 0)
		return r;
	same = cp_map_get(&s->by_identity, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
	if (!same) {
		key = cp_arena_str(s->b->a, cp_str_n((const char *)id.bytes, sizeof(id.bytes)));
		return key.p ? add_op(s, v, key) : cp_err_nomem(s->b->err);
	}
	v->final = same;
	same->ignore_cache |= v->op->ignore_cache;
	same->name = v->name;
	s->out.names[same->index] = v;
	return 0;
}

struct frame {
	struct graph_vertex *v;
	size_t next;
};

int graph_seal(struct graph_builder *b, struct graph_vertex *root, struct graph_sealed *ret_sealed)
{
	struct sealing s = {.b = b};
	CP_VEC(struct frame) stack = {0};
	int r;

	if (root && cp_vec_push(b->a, &stack, (struct frame){root, 0}) < 0)
		return cp_err_nomem(b->err);
	while (stack.n) {
		struct frame *top = &stack.items[stack.n - 1];
		struct graph_vertex *next;

		top->v->entered = true;
		if (top->next == n_children(top->v)) {
			r = seal_one(&s, top->v);
			if (r < 0)
				return r;
			stack.n--;
			continue;
		}
		next = child(top->v, top->next++);
		if (next && !next->entered &&
		    cp_vec_push(b->a, &stack, (struct frame){next, 0}) < 0)
			return cp_err_nomem(b->err);
	}
	*ret_sealed = s.out;
	return 0;
}
