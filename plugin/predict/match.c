/*
 * The matching of buildkit-cache-keys.md 3.5 with three values: an input matches surely, perhaps, or not.
 */
#include "predict/match_int.h"

#include "predict/stage_fs.h"

typedef CP_VEC(const struct cp_op *) op_vec;

const struct cp_op *match_parent(const struct cp_op *op)
{
	int input = -1;

	if (op->kind == CP_OP_MERGE)
		input = 0;
	if (op->kind == CP_OP_FILE && op->n_actions)
		input = op->actions[0].input;
	for (size_t i = 0; op->kind == CP_OP_EXEC && i < op->exec.n_mounts; i++)
		if (cp_str_eq(op->exec.mounts[i].dest, CP_S("/")))
			input = op->exec.mounts[i].input;
	return input >= 0 && (size_t)input < op->n_inputs ? op->inputs[input] : NULL;
}

/* Op digest, and the operation of a that it stands on. */
struct parent_key {
	struct cp_digest digest;
	const struct cp_op *parent;
};

static int add_to(struct matcher *m, struct cp_map *map, struct cp_str name, const struct cp_op *op)
{
	op_vec *list = cp_map_get(map, name);

	if (!list) {
		list = CP_NEW(m->arena, op_vec);
		if (!list || cp_map_put(m->arena, map, name, list) < 0)
			return cp_err_nomem(m->err);
	}
	return cp_vec_push(m->arena, list, op) < 0 ? cp_err_nomem(m->err) : 0;
}

/* The records of a, found by their digest; many equal steps in a row are told apart by what they stand on. */
static int index_records(struct matcher *m)
{
	for (size_t i = 0; i < m->a.build->graph->n_ops; i++) {
		const struct cp_op *op = m->a.build->graph->ops[i];
		struct cp_op_key *key = &m->a.keys[op->index];
		struct parent_key *under = CP_NEW(m->arena, struct parent_key);
		int r;

		if (!under)
			return cp_err_nomem(m->err);
		under->digest = key->digest;
		under->parent = match_parent(op);
		r = add_to(m, &m->by_digest,
			   cp_str_n((const char *)&under->digest, sizeof(under->digest)), op);
		if (r == 0 && under->parent)
			r = add_to(m, &m->by_parent, cp_str_n((const char *)under, sizeof(*under)),
				   op);
		if (r == 0 && under->parent)
			r = add_to(m, &m->standing_on,
				   cp_str_n((const char *)&under->parent, sizeof(under->parent)),
				   op);
		if (r < 0)
			return r;
	}
	return 0;
}

int matcher_init(struct matcher *m, struct cp_arena *arena, const struct cp_build *a,
		 const struct cp_build *b, struct cp_err *err)
{
	int r;

	*m = (struct matcher){.arena = arena,
			      .a = {.build = a, .label = 'a'},
			      .b = {.build = b, .label = 'b'},
			      .err = err};
	r = cp_keys_compute(arena, a->graph, &m->a.keys, err);
	if (r == 0)
		r = cp_keys_compute(arena, b->graph, &m->b.keys, err);
	if (r < 0)
		return r;
	m->a.fs = cp_arena_array(arena, a->graph->n_ops, sizeof(*m->a.fs));
	m->b.fs = cp_arena_array(arena, b->graph->n_ops, sizeof(*m->b.fs));
	m->ops = cp_arena_array(arena, b->graph->n_ops, sizeof(*m->ops));
	if (!m->a.fs || !m->b.fs || !m->ops)
		return cp_err_nomem(err);
	return index_records(m);
}

/* ---- file systems ---- */

static struct cp_digest salt_of(const struct side *s, const struct cp_op *op)
{
	static const struct cp_digest zero;
	char text[32];
	size_t n = 0;

	text[n++] = s->label;
	for (size_t v = op->index; v || n == 1; v /= 10)
		text[n++] = (char)('0' + v % 10);
	return stage_fs_identity("operation", &zero, cp_str_n(text, n));
}

static struct cp_fs *source_fs(struct matcher *m, struct side *s, const struct cp_op *op)
{
	const struct cp_op_key *key = &s->keys[op->index];
	struct cp_digest identity = salt_of(s, op);
	struct cp_fs *fs = NULL;

	if (op->source.local_name.n && s->build->local)
		fs = s->build->local(s->build->self, op->source.local_name);
	if (fs)
		return fs;
	/* an image with an unknown digest equals itself under the same reference; a URL without checksum does not */
	if (op->source.kind == CP_SOURCE_IMAGE ||
	    (op->source.kind != CP_SOURCE_LOCAL && !key->unresolved.n))
		identity = stage_fs_identity("source", &key->digest, CP_S(""));
	return stage_fs_opaque(m->arena, identity);
}

/* The inputs' file systems are there. */
static int make_fs(struct matcher *m, struct side *s, const struct cp_op *op)
{
	struct cp_fs **inputs, *fs = NULL;
	int r = 0;

	if (op->kind == CP_OP_SOURCE) {
		fs = source_fs(m, s, op);
	} else if (op->kind == CP_OP_EXEC) {
		fs = stage_fs_opaque(
			m->arena,
			stage_fs_identity("run", &(struct cp_digest){{0}},
					  cp_str_n((const char *)salt_of(s, op).bytes, 32)));
	} else {
		inputs = cp_arena_array(m->arena, op->n_inputs, sizeof(*inputs));
		for (size_t i = 0; inputs && i < op->n_inputs; i++)
			inputs[i] = s->fs[op->inputs[i]->index];
		r = inputs ? stage_fs_apply(m->arena, op, inputs, salt_of(s, op), &fs, m->err)
			   : CP_ENOMEM;
	}
	if (r == CP_ENOMEM || r == CP_ELIMIT || (r == 0 && !fs))
		return r == CP_ELIMIT ? r : cp_err_nomem(m->err);
	if (r < 0) /* something in the repository cannot be read: an unknown of its own */
		fs = stage_fs_opaque(m->arena, salt_of(s, op));
	s->fs[op->index] = fs;
	return fs ? 0 : cp_err_nomem(m->err);
}

/* A step that surely hits leaves what its record left; one that is built anew on request does not. */
static const struct cp_op *record_of(const struct matcher *m, const struct side *s,
				     const struct cp_op *op)
{
	const struct matched *k = &m->ops[op->index];

	return s == &m->b && k->sure.n && !op->ignore_cache ? k->sure.items[0] : NULL;
}

/* Operations below `op` whose file systems are needed for its own; no recursion, a pile of operations can be tall. */
static int need(struct matcher *m, struct side *s, const struct cp_op *op, op_vec *stack)
{
	if (s->fs[op->index] || (op->kind != CP_OP_FILE && op->kind != CP_OP_MERGE) ||
	    record_of(m, s, op))
		return 0;
	for (size_t i = 0; i < op->n_inputs; i++)
		if (!s->fs[op->inputs[i]->index] && cp_vec_push(m->arena, stack, op->inputs[i]) < 0)
			return cp_err_nomem(m->err);
	return 0;
}

static int fs_now(struct matcher *m, struct side *s, const struct cp_op *op)
{
	const struct cp_op *record = record_of(m, s, op);
	struct cp_fs *fs;
	int r;

	if (s->fs[op->index])
		return 0;
	if (!record || op->kind == CP_OP_SOURCE)
		return make_fs(m, s, op);
	r = matcher_fs(m, &m->a, record, &fs);
	if (r == 0)
		s->fs[op->index] = fs;
	return r;
}

int matcher_fs(struct matcher *m, struct side *s, const struct cp_op *op, struct cp_fs **ret_fs)
{
	op_vec stack = {0};

	if (cp_vec_push(m->arena, &stack, op) < 0)
		return cp_err_nomem(m->err);
	while (stack.n) {
		const struct cp_op *top = stack.items[stack.n - 1];
		size_t before = stack.n;
		int r = need(m, s, top, &stack);

		if (r < 0)
			return r;
		if (stack.n > before)
			continue;
		r = fs_now(m, s, top);
		if (r < 0)
			return r;
		stack.n--;
	}
	*ret_fs = s->fs[op->index];
	return 0;
}

/* ---- inputs ---- */

static bool contains(const struct cp_op *const *items, size_t n, const struct cp_op *op)
{
	for (size_t i = 0; i < n; i++)
		if (items[i] == op)
			return true;
	return false;
}

/* By definition: the same selector, and the input's operation has the record's input among its own records. */
static enum match by_definition(const struct matcher *m, const struct cp_op *v,
				const struct cp_op *record, size_t i)
{
	const struct cp_key_input *ia = &m->a.keys[record->index].inputs[i],
				  *ib = &m->b.keys[v->index].inputs[i];
	const struct matched *u = &m->ops[v->inputs[i]->index];

	if (ia->has_selector != ib->has_selector ||
	    (ia->has_selector && !cp_digest_eq(&ia->selector, &ib->selector)))
		return MATCH_NO;
	if (v->inputs[i]
		    ->ignore_cache) /* what was built anew on request has a new key of its own */
		return MATCH_NO;
	if (contains(u->sure.items, u->sure.n, record->inputs[i]))
		return MATCH_YES;
	return contains(u->maybe.items, u->maybe.n, record->inputs[i]) ? MATCH_MAYBE : MATCH_NO;
}

struct compared_key {
	const struct cp_fs *a, *b;
	struct cp_digest op, sel_a, sel_b;
	size_t input;
};

static int compare(struct matcher *m, const struct cp_op *v, const struct cp_op *record, size_t i,
		   const struct cp_comparison **ret)
{
	const struct cp_key_input *ia = &m->a.keys[record->index].inputs[i],
				  *ib = &m->b.keys[v->index].inputs[i];
	struct compared_key *key = CP_NEW(m->arena, struct compared_key);
	struct cp_str name = cp_str_n((const char *)key, sizeof(*key));
	struct cp_comparison *c;
	struct cp_fs *fs_a, *fs_b;
	int r;

	if (!key)
		return cp_err_nomem(m->err);
	r = matcher_fs(m, &m->a, record->inputs[i], &fs_a);
	if (r == 0)
		r = matcher_fs(m, &m->b, v->inputs[i], &fs_b);
	if (r < 0)
		return r;
	key->a = fs_a;
	key->b = fs_b;
	key->op = m->b.keys[v->index].digest;
	key->sel_a = ia->selector;
	key->sel_b = ib->selector;
	key->input = i;
	*ret = cp_map_get(&m->compared, name);
	if (*ret)
		return 0;
	c = CP_NEW(m->arena, struct cp_comparison);
	if (!c || cp_map_put(m->arena, &m->compared, name, c) < 0)
		return cp_err_nomem(m->err);
	if (ia->n_sels != ib->n_sels)
		c->equality = CP_DIFFERENT;
	else
		r = cp_selection_compare(m->arena, fs_a, ia->sels, fs_b, ib->sels, ib->n_sels, c,
					 m->err);
	*ret = c;
	return r;
}

static enum match match_of(enum cp_equality e)
{
	if (e == CP_EQUAL)
		return MATCH_YES;
	return e == CP_DIFFERENT ? MATCH_NO : MATCH_MAYBE;
}

/* The two ways to match one input; the better one counts. */
static int match_input(struct matcher *m, const struct cp_op *v, size_t i, struct candidate *c)
{
	const struct cp_key_input *ia = &m->a.keys[c->record->index].inputs[i],
				  *ib = &m->b.keys[v->index].inputs[i];
	enum match best = by_definition(m, v, c->record, i);
	const struct cp_comparison *comparison = NULL;

	if (best != MATCH_YES && ia->by_content && ib->by_content) {
		int r = compare(m, v, c->record, i, &comparison);

		if (r < 0)
			return r;
		if (match_of(comparison->equality) >= best)
			best = match_of(comparison->equality);
		else
			comparison = NULL;
	}
	c->failures += best == MATCH_NO;
	if (best < c->match) {
		c->match = best;
		c->input = i;
		c->obstacle = comparison ? OBSTACLE_CONTENT : OBSTACLE_PARENT;
		c->comparison = comparison;
	}
	return 0;
}

static void match_key(const struct matcher *m, const struct cp_op *v, struct candidate *c)
{
	const struct cp_op_key *key = &m->b.keys[v->index];

	if (key->unresolved.n && v->source.kind != CP_SOURCE_IMAGE) {
		c->match = MATCH_MAYBE;
		c->obstacle = OBSTACLE_UNRESOLVED;
		c->why = key->unresolved;
	}
	if (assumptions_differ(v, c->record)) {
		c->match = MATCH_MAYBE;
		c->obstacle = OBSTACLE_UNRESOLVED;
		c->why = CP_S(
			"it uses what only the config of its base image can tell, and that is not known");
	}
}

static int match_record(struct matcher *m, const struct cp_op *v, const struct cp_op *record,
			struct candidate *c)
{
	*c = (struct candidate){.record = record, .match = MATCH_YES};
	match_key(m, v, c);
	/* what needs no look at files first */
	for (size_t i = 0; i < v->n_inputs; i++) {
		if (m->b.keys[v->index].inputs[i].by_content)
			continue;
		if (match_input(m, v, i, c) < 0)
			return m->err->code;
	}
	for (size_t i = 0; i < v->n_inputs; i++) {
		int r;

		if (!m->b.keys[v->index].inputs[i].by_content)
			continue;
		r = match_input(m, v, i, c);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Is x nearer to a hit than the best so far? */
static bool is_nearer(const struct candidate *x, const struct candidate *best)
{
	if (!best->record || x->match != best->match)
		return !best->record || x->match > best->match;
	return x->failures < best->failures;
}

/* Is the reason of a MAYBE that we do not know, rather than that bytes decide? */
static bool reason_is_unsure(const struct matcher *m, const struct cp_op *v,
			     const struct candidate *c)
{
	if (c->obstacle == OBSTACLE_UNRESOLVED)
		return true;
	if (c->obstacle == OBSTACLE_CONTENT) {
		const struct cp_op *u = v->inputs[c->input];

		if (c->comparison->equality == CP_UNSURE)
			return true;
		return u->kind == CP_OP_SOURCE && u->source.kind != CP_SOURCE_IMAGE &&
		       !u->source.local_name.n;
	}
	return c->obstacle == OBSTACLE_PARENT && m->ops[v->inputs[c->input]->index].unsure;
}

static void conclude(struct matcher *m, const struct cp_op *v)
{
	struct matched *k = &m->ops[v->index];

	if (v->ignore_cache)
		k->outcome = CP_OUTCOME_MISS;
	else if (k->sure.n)
		k->outcome = CP_OUTCOME_HIT;
	else if (!k->maybe.n)
		k->outcome = CP_OUTCOME_MISS;
	else
		k->outcome =
			reason_is_unsure(m, v, &k->best) ? CP_OUTCOME_UNKNOWN : CP_OUTCOME_DEPENDS;
	k->unsure = k->outcome == CP_OUTCOME_UNKNOWN;
}

static int try_record(struct matcher *m, const struct cp_op *v, const struct cp_op *record)
{
	struct matched *k = &m->ops[v->index];
	struct candidate c;
	int r;

	if (record->n_inputs != v->n_inputs)
		return 0;
	r = match_record(m, v, record, &c);
	if (r == 0 && c.match == MATCH_YES)
		r = cp_vec_push(m->arena, &k->sure, record);
	else if (r == 0 && c.match == MATCH_MAYBE)
		r = cp_vec_push(m->arena, &k->maybe, record);
	if (r < 0)
		return r == CP_ENOMEM ? cp_err_nomem(m->err) : r;
	if (is_nearer(&c, &k->best))
		k->best = c;
	return 0;
}

static int try_list(struct matcher *m, const struct cp_op *v, const op_vec *list, size_t most)
{
	for (size_t i = 0; list && i < list->n && i < most; i++) {
		int r = try_record(m, v, list->items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* What an operation stands on is (nearly) never matched by content, so only records on a record of that can match. */
static int try_on_parents(struct matcher *m, const struct cp_op *v, const struct cp_op *parent)
{
	const struct matched *u = &m->ops[parent->index];

	for (size_t i = 0; i < u->sure.n + u->maybe.n; i++) {
		struct parent_key under;
		int r;

		memset(&under, 0, sizeof(under));
		under.digest = m->b.keys[v->index].digest;
		under.parent = i < u->sure.n ? u->sure.items[i] : u->maybe.items[i - u->sure.n];
		r = try_list(
			m, v,
			cp_map_get(&m->by_parent, cp_str_n((const char *)&under, sizeof(under))),
			SIZE_MAX);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What only the config of an image can complete, and it is not known, may be any other operation on the same file system. */
static int try_unknown_config(struct matcher *m, const struct cp_op *v, const struct cp_op *parent)
{
	const struct matched *u = &m->ops[parent->index];
	struct matched *k = &m->ops[v->index];

	for (size_t i = 0; i < u->sure.n + u->maybe.n; i++) {
		const struct cp_op *record =
			i < u->sure.n ? u->sure.items[i] : u->maybe.items[i - u->sure.n];
		const op_vec *list = cp_map_get(&m->standing_on,
						cp_str_n((const char *)&record, sizeof(record)));

		for (size_t n = 0; list && n < list->n; n++) {
			if (!assumed_may_equal(v, list->items[n]))
				continue;
			k->best = (struct candidate){
				.record = list->items[n],
				.match = MATCH_MAYBE,
				.obstacle = OBSTACLE_UNRESOLVED,
				.why = CP_S(
					"it uses what only the config of its base image can tell, and that is not known")};
			if (cp_vec_push(m->arena, &k->maybe, list->items[n]) < 0)
				return cp_err_nomem(m->err);
		}
	}
	return 0;
}

/* Only where a RUN mounts the very file system that it runs in (ops/exec.go getMountDeps). */
static bool parent_by_content(const struct matcher *m, const struct cp_op *v,
			      const struct cp_op *parent)
{
	for (size_t i = 0; i < v->n_inputs; i++)
		if (v->inputs[i] == parent && m->b.keys[v->index].inputs[i].by_content)
			return true;
	return false;
}

static int match_op(struct matcher *m, const struct cp_op *v)
{
	const struct cp_op_key *key = &m->b.keys[v->index];
	const op_vec *list = cp_map_get(&m->by_digest,
					cp_str_n((const char *)&key->digest, sizeof(key->digest)));
	const struct cp_op *parent = match_parent(v);
	int r = 0;

	if (list && !key->random && parent && !parent_by_content(m, v, parent))
		r = try_on_parents(m, v, parent);
	else if (list && !key->random)
		r = try_list(m, v, list, SIZE_MAX);
	if (r == 0 && parent && !m->ops[v->index].sure.n && !m->ops[v->index].maybe.n)
		r = try_unknown_config(m, v, parent);
	/* none: one that is alike explains what is different */
	if (r == 0 && list && !key->random && !m->ops[v->index].best.record)
		r = try_list(m, v, list, 1);
	conclude(m, v);
	return r;
}

int matcher_match(struct matcher *m)
{
	for (size_t i = 0; i < m->b.build->graph->n_ops; i++) {
		int r = match_op(m, m->b.build->graph->ops[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int matcher_run(struct matcher *m)
{
	const struct cp_graph *g = m->b.build->graph;
	const struct cp_op *const *twins;
	int r = matcher_match(m);

	if (r == 0)
		r = twins_find(m, &twins);
	for (size_t i = 0; r == 0 && i < g->n_ops; i++) {
		const struct cp_op *twin = twins[i];
		struct matched *k = &m->ops[i];

		if (twin && k->outcome == CP_OUTCOME_MISS &&
		    m->ops[twin->index].outcome != CP_OUTCOME_HIT)
			k->twin = twin;
	}
	for (size_t i = 0; r == 0 && i < g->n_ops; i++)
		if (m->ops[i].twin)
			m->ops[i].outcome = CP_OUTCOME_DEPENDS;
	return r;
}
