/* The cache that a row of builds fills. */
#include <stdlib.h>

#include "predict/match_int.h"
#include "predict/replay_int.h"

typedef CP_VEC(uint32_t) index_vec;

/* What one build left of one operation. */
struct record {
	const struct cp_trace_op *op;
	index_vec *stood_on;  /* per input: records by which it is found */
	index_vec children;   /* records that stand on this one */
	uint32_t class, size; /* records that may be one and the same (union-find); of the class */
	bool unsure;          /* of the class: what joins it is not known, rather than open */
	size_t last;          /* the build that used it last */
};

/* Records of one digest. */
struct same_digest {
	index_vec records;
	bool open;  /* the content of one of them is not known */
	bool mixed; /* they assume different things of images */
};

/* One way to a record: over an input's record, or over its content (`record` 0). */
struct way {
	struct cp_digest full, selector;
	uint64_t record; /* + 1 */
	uint64_t has_selector;
};

/* What one operation of the build at hand finds. */
struct found {
	index_vec keys; /* records that it is known by from now on */
	enum cp_outcome outcome;
};

struct cp_replay {
	struct cp_arena *a;
	CP_VEC(struct record) records;
	struct cp_map by_digest; /* digest of an operation ─► struct same_digest */
	struct cp_map by_way;    /* struct way of input 0 ─► index_vec */
	size_t n_builds;
	/* the build at hand */
	size_t first_own; /* records from here on are its own */
	const struct cp_trace *t;
	struct found *found;
	struct cp_arena *scratch;
	struct cp_err *err;
};

struct cp_replay *cp_replay_new(void)
{
	struct cp_replay *r = calloc(1, sizeof(*r));

	if (r)
		r->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (r && !r->a) {
		free(r);
		return NULL;
	}
	return r;
}

void cp_replay_free(struct cp_replay *r)
{
	if (!r)
		return;
	cp_arena_free(r->a);
	free(r);
}

static bool has(const index_vec *v, uint32_t x)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->items[i] == x)
			return true;
	return false;
}

static int add(struct cp_arena *a, index_vec *v, uint32_t x)
{
	return has(v, x) ? 0 : cp_vec_push(a, v, x);
}

/* ---- classes of records that may be one ---- */

static uint32_t class_of(struct cp_replay *r, uint32_t i)
{
	while (r->records.items[i].class != i) {
		uint32_t up = r->records.items[i].class;

		r->records.items[i].class = r->records.items[up].class;
		i = up;
	}
	return i;
}

static void join(struct cp_replay *r, uint32_t x, uint32_t y, bool unsure)
{
	struct record *a, *b;

	x = class_of(r, x);
	y = class_of(r, y);
	if (r->records.items[x].size < r->records.items[y].size) {
		uint32_t t = x;

		x = y;
		y = t;
	}
	a = &r->records.items[x];
	b = &r->records.items[y];
	a->unsure = a->unsure || b->unsure || unsure;
	if (x == y)
		return;
	b->class = x;
	a->size += b->size;
}

/* ---- ways ---- */

static struct way way_by_record(const struct cp_trace_op *v, size_t input, uint32_t record)
{
	struct way w;

	memset(&w, 0, sizeof(w));
	w.full = v->full;
	w.selector = v->inputs[input].selector;
	w.has_selector = v->inputs[input].has_selector;
	w.record = (uint64_t)record + 1;
	return w;
}

static struct way way_by_content(const struct cp_trace_op *v, size_t input)
{
	struct way w;

	memset(&w, 0, sizeof(w));
	w.full = v->full;
	w.selector = v->inputs[input].digest;
	return w;
}

static struct cp_str way_key(const struct way *w)
{
	return cp_str_n((const char *)w, sizeof(*w));
}

static struct cp_str digest_key(const struct cp_digest *d)
{
	return cp_str_n((const char *)d->bytes, sizeof(d->bytes));
}

/* What an operation is known by, seen by one that is built on it: anew on request means by a key of its own. */
static const index_vec *keys_of(const struct cp_replay *r, const struct cp_trace_op *v,
				size_t input)
{
	return &r->found[v->inputs[input].op].keys;
}

/* ---- the sure match ---- */

static bool same_selector(const struct cp_trace_input *x, const struct cp_trace_input *y)
{
	return x->has_selector == y->has_selector &&
	       (!x->has_selector || cp_digest_eq(&x->selector, &y->selector));
}

static bool input_matches(const struct cp_replay *r, const struct cp_trace_op *v,
			  const struct record *rec, size_t i)
{
	const struct cp_trace_input *in = &v->inputs[i], *was = &rec->op->inputs[i];
	const index_vec *keys = keys_of(r, v, i);

	if (in->content == CONTENT_KNOWN && was->content == CONTENT_KNOWN &&
	    cp_digest_eq(&in->digest, &was->digest))
		return true;
	for (size_t k = 0; same_selector(in, was) && k < keys->n; k++)
		if (has(&rec->stood_on[i], keys->items[k]))
			return true;
	return false;
}

static int take_matches(struct cp_replay *r, const struct cp_trace_op *v, const index_vec *list,
			index_vec *sure)
{
	for (size_t i = 0; list && i < list->n; i++) {
		const struct record *rec = &r->records.items[list->items[i]];
		bool match = true;

		for (size_t k = 1; match && k < v->op->n_inputs; k++)
			match = input_matches(r, v, rec, k);
		if (match && add(r->scratch, sure, list->items[i]) < 0)
			return cp_err_nomem(r->err);
	}
	return 0;
}

static int match_surely(struct cp_replay *r, const struct cp_trace_op *v, index_vec *sure)
{
	const struct same_digest *same = cp_map_get(&r->by_digest, digest_key(&v->digest));
	const index_vec *keys;
	struct way w;
	int e = 0;

	if (v->random || v->unresolved || !same)
		return 0;
	if (v->op->n_inputs == 0) {
		for (size_t i = 0; e == 0 && i < same->records.n; i++)
			if (cp_digest_eq(&r->records.items[same->records.items[i]].op->full,
					 &v->full))
				e = add(r->scratch, sure, same->records.items[i]);
		return e < 0 ? cp_err_nomem(r->err) : 0;
	}
	keys = keys_of(r, v, 0);
	for (size_t i = 0; e == 0 && i < keys->n; i++) {
		w = way_by_record(v, 0, keys->items[i]);
		e = take_matches(r, v, cp_map_get(&r->by_way, way_key(&w)), sure);
	}
	if (e == 0 && v->inputs[0].content == CONTENT_KNOWN) {
		w = way_by_content(v, 0);
		e = take_matches(r, v, cp_map_get(&r->by_way, way_key(&w)), sure);
	}
	return e;
}

/* ---- the match that bytes decide ---- */

static bool is_unknown(enum trace_content c)
{
	return c == CONTENT_OPEN || c == CONTENT_UNSURE;
}

/* May input i match? Sets *unsure when nobody can know, rather than bytes decide. */
static bool input_may_match(struct cp_replay *r, const struct cp_trace_op *v,
			    const struct record *rec, size_t i, bool *unsure)
{
	const struct cp_trace_input *in = &v->inputs[i], *was = &rec->op->inputs[i];
	const index_vec *keys = keys_of(r, v, i);

	if (input_matches(r, v, rec, i))
		return true;
	for (size_t k = 0; same_selector(in, was) && k < keys->n; k++) {
		uint32_t class = class_of(r, keys->items[k]);

		for (size_t n = 0; n < rec->stood_on[i].n; n++)
			if (class_of(r, rec->stood_on[i].items[n]) == class) {
				*unsure = *unsure || r->records.items[class].unsure;
				return true;
			}
	}
	if (in->content == CONTENT_NONE || was->content == CONTENT_NONE ||
	    (!is_unknown(in->content) && !is_unknown(was->content)))
		return false;
	*unsure = *unsure || in->content == CONTENT_UNSURE || was->content == CONTENT_UNSURE;
	return true;
}

/* Can anything but a sure match be? Most operations are new for certain, and need no look at all records. */
static bool may_match_at_all(struct cp_replay *r, const struct cp_trace_op *v,
			     const struct same_digest *same)
{
	if (!same || v->random)
		return false;
	if (v->unresolved || same->open || same->mixed ||
	    !cp_digest_eq(&r->records.items[same->records.items[0]].op->full, &v->full))
		return true;
	for (size_t i = 0; i < v->op->n_inputs; i++) {
		const index_vec *keys = keys_of(r, v, i);

		if (is_unknown(v->inputs[i].content))
			return true;
		for (size_t k = 0; k < keys->n; k++)
			if (r->records.items[class_of(r, keys->items[k])].size > 1)
				return true;
	}
	return false;
}

static int match_perhaps(struct cp_replay *r, const struct cp_trace_op *v, index_vec *maybe,
			 bool *ret_unsure)
{
	const struct same_digest *same = cp_map_get(&r->by_digest, digest_key(&v->digest));

	if (!may_match_at_all(r, v, same))
		return 0;
	for (size_t i = same->records.n; i-- > 0;) {
		const struct record *rec = &r->records.items[same->records.items[i]];
		bool unsure = v->unresolved || !cp_digest_eq(&rec->op->full, &v->full);
		bool match = rec->op->op->n_inputs == v->op->n_inputs;

		if (same->records.n - i > CP_MAX_REPLAY_TRIES) {
			*ret_unsure = true;
			return cp_vec_push(r->scratch, maybe, same->records.items[i]) < 0
				       ? cp_err_nomem(r->err)
				       : 0;
		}
		for (size_t k = 0; match && k < v->op->n_inputs; k++)
			match = input_may_match(r, v, rec, k, &unsure);
		if (!match)
			continue;
		*ret_unsure = *ret_unsure || unsure;
		if (cp_vec_push(r->scratch, maybe, same->records.items[i]) < 0)
			return cp_err_nomem(r->err);
	}
	return 0;
}

/* What only the config of an image can complete may be any operation on the same file system. */
static int match_unknown_config(struct cp_replay *r, const struct cp_trace_op *v, index_vec *maybe,
				bool *ret_unsure)
{
	const struct cp_op *parent = match_parent(v->op);
	const index_vec *keys = parent ? &r->found[parent->index].keys : NULL;

	for (size_t k = 0; keys && k < keys->n; k++) {
		const index_vec *on = &r->records.items[keys->items[k]].children;

		for (size_t i = 0; i < on->n; i++) {
			if (!assumed_may_equal(v->op, r->records.items[on->items[i]].op->op))
				continue;
			*ret_unsure = true;
			if (add(r->scratch, maybe, on->items[i]) < 0)
				return cp_err_nomem(r->err);
		}
	}
	return 0;
}

/* ---- what a build leaves ---- */

static int index_way(struct cp_replay *r, const struct way *w, uint32_t record)
{
	index_vec *list = cp_map_get(&r->by_way, way_key(w));
	struct way *key;

	if (!list) {
		list = CP_NEW(r->a, index_vec);
		key = CP_NEW(r->a, struct way);
		if (!list || !key)
			return CP_ENOMEM;
		*key = *w;
		if (cp_map_put(r->a, &r->by_way, way_key(key), list) < 0)
			return CP_ENOMEM;
	}
	return add(r->a, list, record);
}

static int index_digest(struct cp_replay *r, uint32_t record)
{
	const struct cp_trace_op *v = r->records.items[record].op;
	struct same_digest *same = cp_map_get(&r->by_digest, digest_key(&v->digest));

	if (!same) {
		same = CP_NEW(r->a, struct same_digest);
		if (!same || cp_map_put(r->a, &r->by_digest, digest_key(&v->digest), same) < 0)
			return CP_ENOMEM;
	}
	for (size_t i = 0; i < v->op->n_inputs; i++)
		same->open = same->open || is_unknown(v->inputs[i].content);
	same->mixed = same->mixed ||
		      (same->records.n &&
		       !cp_digest_eq(&r->records.items[same->records.items[0]].op->full, &v->full));
	return cp_vec_push(r->a, &same->records, record);
}

/* The way over input 0, and what it stands on. */
static int index_inputs(struct cp_replay *r, uint32_t record)
{
	struct record *rec = &r->records.items[record];
	const struct cp_trace_op *v = rec->op;
	const struct cp_op *parent = match_parent(v->op);
	struct way w;
	int e = 0;

	for (size_t i = 0; i < v->op->n_inputs; i++) {
		const index_vec *keys = keys_of(r, v, i);

		for (size_t k = 0; e == 0 && k < keys->n; k++)
			e = add(r->a, &rec->stood_on[i], keys->items[k]);
		for (size_t k = 0; e == 0 && i == 0 && k < keys->n; k++) {
			w = way_by_record(v, 0, keys->items[k]);
			e = index_way(r, &w, record);
		}
		for (size_t k = 0; e == 0 && v->op->inputs[i] == parent && k < keys->n; k++)
			e = add(r->a, &r->records.items[keys->items[k]].children, record);
	}
	if (e == 0 && v->op->n_inputs && v->inputs[0].content == CONTENT_KNOWN) {
		w = way_by_content(v, 0);
		e = index_way(r, &w, record);
	}
	return e;
}

static int leave(struct cp_replay *r, const struct cp_trace_op *v, struct found *f,
		 const index_vec *maybe, bool unsure)
{
	uint32_t n = (uint32_t)r->records.n;
	struct record rec = {.op = v, .class = n, .size = 1, .last = r->n_builds};

	if (n >= CP_MAX_REPLAY_RECORDS)
		return cp_err_set(r->err, CP_ELIMIT, "the builds leave more than %u records",
				  CP_MAX_REPLAY_RECORDS);
	rec.stood_on = cp_arena_array(r->a, v->op->n_inputs, sizeof(*rec.stood_on));
	if (!rec.stood_on || cp_vec_push(r->a, &r->records, rec) < 0 || index_inputs(r, n) < 0 ||
	    index_digest(r, n) < 0 || cp_vec_push(r->scratch, &f->keys, n) < 0)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < maybe->n; i++)
		join(r, n, maybe->items[i], unsure);
	return 0;
}

/* ---- one build ---- */

/* Was all of it made by the build at hand? */
static bool is_own(const struct cp_replay *r, const index_vec *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->items[i] < r->first_own)
			return false;
	return true;
}

/* Two steps of one build that come to the same key: which of them runs is a race (twins.c). */
static bool may_take_twin(const struct cp_replay *r, const struct cp_op *op)
{
	size_t twin = r->t->ops[op->index].twin;

	return twin && r->found[op->index].outcome == CP_OUTCOME_MISS &&
	       r->found[twin - 1].outcome != CP_OUTCOME_HIT;
}

static int look_up(struct cp_replay *r, const struct cp_trace_op *v)
{
	struct found *f = &r->found[v->op->index];
	index_vec sure = {0}, maybe = {0};
	bool unsure = false;
	int e;

	f->outcome = CP_OUTCOME_MISS;
	if (v->random)
		return 0;
	e = match_surely(r, v, &sure);
	if (e == 0 && !sure.n)
		e = match_perhaps(r, v, &maybe, &unsure);
	if (e == 0 && !sure.n && !maybe.n)
		e = match_unknown_config(r, v, &maybe, &unsure);
	if (e < 0)
		return e;
	if (sure.n && !v->op->ignore_cache) {
		f->keys = sure;
		f->outcome = is_own(r, &sure) ? CP_OUTCOME_MISS : CP_OUTCOME_HIT;
		return 0;
	}
	if (maybe.n && !v->op->ignore_cache)
		f->outcome = unsure ? CP_OUTCOME_UNKNOWN : CP_OUTCOME_DEPENDS;
	return leave(r, v, f, &maybe, unsure);
}

/* The build that used one of these last, before this one. */
static size_t last_use(const struct cp_replay *r, const index_vec *keys)
{
	size_t last = CP_REPLAY_NONE;

	for (size_t i = 0; i < keys->n; i++) {
		size_t at = r->records.items[keys->items[i]].last;

		if (at < r->n_builds && (last == CP_REPLAY_NONE || at > last))
			last = at;
	}
	return last;
}

static size_t nearest_build(const struct cp_replay *r)
{
	size_t before = r->n_builds ? r->n_builds - 1 : CP_REPLAY_NONE;

	for (size_t i = 0; i < r->t->graph->n_steps; i++) {
		const struct cp_op *op = r->t->graph->steps[i].op, *parent;
		size_t last = CP_REPLAY_NONE;

		if (!op || op->kind == CP_OP_SOURCE ||
		    r->found[op->index].outcome == CP_OUTCOME_HIT)
			continue;
		parent = match_parent(op);
		if (parent)
			last = last_use(r, &r->found[parent->index].keys);
		return last == CP_REPLAY_NONE ? before : last;
	}
	return before;
}

static void note_use(struct cp_replay *r)
{
	for (size_t i = 0; i < r->t->graph->n_ops; i++)
		for (size_t k = 0; k < r->found[i].keys.n; k++)
			r->records.items[r->found[i].keys.items[k]].last = r->n_builds;
}

int cp_replay_add(struct cp_replay *r, struct cp_arena *a, const struct cp_trace *t,
		  struct cp_replayed *ret_replayed, struct cp_err *err)
{
	cp_auto_arena struct cp_arena *scratch = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_replayed out = {.nearest = CP_REPLAY_NONE};
	struct cp_err local = {0};
	int e = 0;

	r->scratch = scratch;
	r->err = err ? err : &local;
	r->t = t;
	r->first_own = r->records.n;
	if (scratch)
		r->found = cp_arena_array(scratch, t->graph->n_ops, sizeof(*r->found));
	out.outcomes = cp_arena_array(a, t->graph->n_steps, sizeof(*out.outcomes));
	if (!scratch || !r->found || !out.outcomes)
		return cp_err_nomem(r->err);
	for (size_t i = 0; e == 0 && i < t->graph->n_ops; i++)
		e = look_up(r, &t->ops[t->graph->ops[i]->index]);
	if (e < 0)
		return e;
	for (size_t i = 0; i < t->graph->n_steps; i++) {
		const struct cp_op *op = t->graph->steps[i].op;

		out.outcomes[i] = !op                    ? CP_OUTCOME_HIT
				  : may_take_twin(r, op) ? CP_OUTCOME_DEPENDS
							 : r->found[op->index].outcome;
	}
	out.nearest = nearest_build(r);
	note_use(r);
	r->n_builds++;
	*ret_replayed = out;
	return 0;
}
