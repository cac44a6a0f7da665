#include "predict/key_diff.h"

#include "predict/key_diff_int.h"

/* ---- which operation of b is which of a ---- */

static struct cp_str name_of(const struct cp_graph *g, const struct cp_op *op)
{
	for (size_t i = 0; i < g->n_steps; i++)
		if (g->steps[i].op == op)
			return g->steps[i].name;
	return op->name;
}

static int list_names(struct differ *d, const struct cp_graph *g, struct cp_str **ret)
{
	struct cp_str *names = cp_arena_array(d->m.arena, g->n_ops, sizeof(*names));

	if (!names)
		return cp_err_nomem(d->m.err);
	for (size_t i = 0; i < g->n_ops; i++)
		names[g->ops[i]->index] = name_of(g, g->ops[i]);
	*ret = names;
	return 0;
}

/* "COPY x ." of "[builder 2/4] COPY x ." */
static struct cp_str text_of(struct cp_str name)
{
	size_t end = cp_str_find_str(name, CP_S("] "), 0);

	return cp_str_starts(name, CP_S("[")) && end < name.n ? cp_str_from(name, end + 2) : name;
}

/* "builder" of "[builder 2/4] COPY x ." */
static struct cp_str stage_of(struct cp_str name)
{
	size_t end = cp_str_find(name, ' ', 0);

	return cp_str_sub(name, 0, end);
}

/* How alike: the same key, the same text, the same kind of instruction. 0 = not to be paired. */
static unsigned likeness(const struct differ *d, const struct cp_op *x, const struct cp_op *y)
{
	struct cp_str nx = d->names_a[x->index], ny = d->names_b[y->index];
	struct cp_str tx = text_of(nx), ty = text_of(ny);
	unsigned stage = cp_str_eq(stage_of(nx), stage_of(ny));

	if (x->kind != y->kind || !cp_str_eq(cp_str_sub(tx, 0, cp_str_find(tx, ' ', 0)),
					     cp_str_sub(ty, 0, cp_str_find(ty, ' ', 0))))
		return 0;
	if (cp_digest_eq(&d->m.a.keys[x->index].digest, &d->m.b.keys[y->index].digest))
		return 8 + stage;
	return (cp_str_eq(tx, ty) ? 4 : 2) + stage;
}

#define MAX_TABLE 1500 /* operations; more are paired in their order */

/* The alignment of both lists that is most alike as a whole. */
static int align(struct differ *d, const struct cp_graph *ga, const struct cp_graph *gb)
{
	size_t n = ga->n_ops, m = gb->n_ops, row = m + 1;
	uint32_t *best = cp_arena_array(d->m.arena, (n + 1) * row, sizeof(*best));

	if (!best)
		return cp_err_nomem(d->m.err);
	for (size_t i = n; i-- > 0;)
		for (size_t k = m; k-- > 0;) {
			unsigned like = likeness(d, ga->ops[i], gb->ops[k]);
			uint32_t down = best[(i + 1) * row + k], right = best[i * row + k + 1];
			uint32_t skip = down > right ? down : right;
			uint32_t both = like ? best[(i + 1) * row + k + 1] + like : 0;

			best[i * row + k] = both > skip ? both : skip;
		}
	for (size_t i = 0, k = 0; i < n && k < m;) {
		unsigned like = likeness(d, ga->ops[i], gb->ops[k]);

		if (like && best[i * row + k] == best[(i + 1) * row + k + 1] + like)
			d->pair_of_b[gb->ops[k++]->index] = ga->ops[i++];
		else if (best[i * row + k] == best[(i + 1) * row + k])
			i++;
		else
			k++;
	}
	return 0;
}

static int pair_up(struct differ *d)
{
	const struct cp_graph *ga = d->m.a.build->graph, *gb = d->m.b.build->graph;
	int r = 0;

	d->pair_of_b = cp_arena_array(d->m.arena, gb->n_ops, sizeof(*d->pair_of_b));
	d->paired_a = cp_arena_array(d->m.arena, ga->n_ops, sizeof(*d->paired_a));
	if (!d->pair_of_b || !d->paired_a)
		return cp_err_nomem(d->m.err);
	if (ga->n_ops <= MAX_TABLE && gb->n_ops <= MAX_TABLE)
		r = align(d, ga, gb);
	else
		for (size_t i = 0; i < ga->n_ops && i < gb->n_ops; i++)
			if (likeness(d, ga->ops[i], gb->ops[i]))
				d->pair_of_b[gb->ops[i]->index] = ga->ops[i];
	for (size_t k = 0; r == 0 && k < gb->n_ops; k++)
		if (d->pair_of_b[gb->ops[k]->index])
			d->paired_a[d->pair_of_b[gb->ops[k]->index]->index] = true;
	return r;
}

/* ---- pre-images ---- */

static size_t first_difference(struct cp_str x, struct cp_str y)
{
	size_t i = 0;

	while (i < x.n && i < y.n && x.p[i] == y.p[i])
		i++;
	return i;
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void add_decoded(struct cp_buf *out, struct cp_str base64)
{
	unsigned bits = 0, n = 0;

	for (size_t i = 0; i < base64.n && digit(base64.p[i]) >= 0; i++) {
		bits = (bits << 6 | (unsigned)digit(base64.p[i])) & 0xffff;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		cp_buf_addc(out, (char)(bits >> n & 255));
	}
}

/* The actions of a file operation are JSON in base64: decoded in their places. */
static int make_readable(struct differ *d, struct cp_str preimage, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_str rest = preimage, mark = CP_S("\"Actions\":[");
	size_t at = cp_str_find_str(preimage, mark, 0);

	*ret = preimage;
	if (!cp_str_starts(preimage, CP_S("{\"Type\":\"buildkit.file.v0\"")) || at == preimage.n)
		return 0;
	cp_buf_adds(&out, cp_str_sub(preimage, 0, at + mark.n));
	rest = cp_str_from(preimage, at + mark.n);
	while (rest.n && rest.p[0] != ']') {
		size_t end = cp_str_find(rest, '"', 1);

		if (rest.p[0] == '"') {
			add_decoded(&out, cp_str_sub(rest, 1, end));
			rest = cp_str_from(rest, end + 1);
		} else {
			cp_buf_addc(&out, rest.p[0]);
			rest = cp_str_from(rest, 1);
		}
	}
	cp_buf_adds(&out, rest);
	*ret = cp_arena_str(d->m.arena, cp_buf_str(&out));
	return ret->p && !cp_buf_error(&out) ? 0 : cp_err_nomem(d->m.err);
}

static int put_preimages(struct differ *d, const struct cp_op_key *x, const struct cp_op_key *y,
			 struct cp_key_step_diff *s)
{
	int r = 0;

	if (x) {
		s->op_a = x->digest;
		s->preimage_a = x->preimage;
		s->unknown = x->unresolved.n ? x->unresolved : x->inexact;
		r = make_readable(d, x->preimage, &s->readable_a);
	}
	if (y && r == 0) {
		s->op_b = y->digest;
		s->preimage_b = y->preimage;
		if (!s->unknown.n)
			s->unknown = y->unresolved.n ? y->unresolved : y->inexact;
		r = make_readable(d, y->preimage, &s->readable_b);
	}
	s->first_difference = first_difference(s->preimage_a, s->preimage_b);
	s->first_readable = first_difference(s->readable_a, s->readable_b);
	return r;
}

/* ---- steps ---- */

static int compare_inputs(struct differ *d, const struct cp_op *x, const struct cp_op *y,
			  struct cp_key_step_diff *s)
{
	s->inputs = cp_arena_array(d->m.arena, y->n_inputs, sizeof(*s->inputs));
	if (!s->inputs)
		return cp_err_nomem(d->m.err);
	for (size_t i = 0; i < y->n_inputs; i++) {
		struct cp_key_input_diff in = {.input = i};
		bool differs = false;
		int r = i < x->n_inputs ? differ_input(d, x, y, i, &in, &differs) : 0;

		if (r < 0)
			return r;
		if (differs)
			s->inputs[s->n_inputs++] = in;
		if (!s->follows.n && (i >= x->n_inputs || d->differs[y->inputs[i]->index]))
			s->follows = d->names_b[y->inputs[i]->index];
	}
	return 0;
}

static int compare(struct differ *d, const struct cp_op *y)
{
	const struct cp_op *x = d->pair_of_b[y->index];
	const struct cp_op_key *ky = &d->m.b.keys[y->index],
			       *kx = x ? &d->m.a.keys[x->index] : NULL;
	struct cp_key_step_diff s = {.change = x ? CP_KEY_CHANGED : CP_KEY_ADDED,
				     .step_b = d->names_b[y->index]};
	int r = 0;

	if (x) {
		s.step_a = d->names_a[x->index];
		s.op_differs = !ky->random && !cp_digest_eq(&kx->digest, &ky->digest);
		r = compare_inputs(d, x, y, &s);
		if (!s.op_differs && !s.n_inputs)
			s.change = CP_KEY_FOLLOWS;
	}
	if (r < 0)
		return r;
	d->differs[y->index] = !x || s.op_differs || s.n_inputs || s.follows.n;
	if (ky->random) {
		d->differs[y->index] = false; /* the context itself has no key */
		return 0;
	}
	if (!d->differs[y->index]) {
		d->n_same++;
		return 0;
	}
	r = put_preimages(d, kx, ky, &s);
	return r < 0 ? r : cp_vec_push(d->m.arena, &d->steps, s) < 0 ? cp_err_nomem(d->m.err) : 0;
}

static int add_removed(struct differ *d, const struct cp_op *x)
{
	struct cp_key_step_diff s = {.change = CP_KEY_REMOVED, .step_a = d->names_a[x->index]};
	int r;

	if (d->paired_a[x->index] || d->m.a.keys[x->index].random)
		return 0;
	r = put_preimages(d, &d->m.a.keys[x->index], NULL, &s);
	return r < 0 ? r : cp_vec_push(d->m.arena, &d->steps, s) < 0 ? cp_err_nomem(d->m.err) : 0;
}

int cp_key_diff_make(struct cp_arena *arena, const struct cp_build *a, const struct cp_build *b,
		     const struct cp_hasher *hasher, struct cp_key_diff *ret_diff,
		     struct cp_err *err)
{
	struct differ d = {.hasher = hasher};
	struct cp_err local = {0};
	int r = matcher_init(&d.m, arena, a, b, err ? err : &local);

	if (r == 0)
		r = list_names(&d, a->graph, &d.names_a);
	if (r == 0)
		r = list_names(&d, b->graph, &d.names_b);
	if (r == 0) {
		d.differs = cp_arena_array(arena, b->graph->n_ops, sizeof(*d.differs));
		r = d.differs ? pair_up(&d) : cp_err_nomem(d.m.err);
	}
	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++)
		r = compare(&d, b->graph->ops[i]);
	for (size_t i = 0; r == 0 && i < a->graph->n_ops; i++)
		r = add_removed(&d, a->graph->ops[i]);
	if (r < 0)
		return r;
	*ret_diff = (struct cp_key_diff){d.steps.items, d.steps.n, d.n_same};
	return 0;
}
