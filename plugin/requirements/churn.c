/* Versions of a file, one after the other ─► which packages each of them changed; and what differs between two. */
#include <stdlib.h>

#include "requirements/requirements_int.h"

struct seen {
	uint32_t id;
	uint64_t hash; /* of all lines of this package */
};

struct snapshot {
	struct seen *items; /* by id */
	size_t n, cap;
};

struct cp_churn_builder {
	struct cp_arena *a;
	struct cp_churn out;
	struct cp_map ids; /* key ─► id + 1 */
	CP_VEC(struct cp_str) names;
	CP_VEC(uint32_t) born;
	CP_VEC(uint32_t) touched;
	CP_VEC(bool) there;
	CP_VEC(struct cp_churn_event) events;
	struct snapshot last, next;
	bool any;
};

struct cp_churn_builder *cp_churn_new(struct cp_arena *a)
{
	struct cp_churn_builder *b = CP_NEW(a, struct cp_churn_builder);

	if (b)
		b->a = a;
	return b;
}

static int id_of(struct cp_churn_builder *b, struct cp_str key, uint32_t *ret_id)
{
	void *known = cp_map_get(&b->ids, key);
	struct cp_str copy;

	if (known) {
		*ret_id = (uint32_t)((uintptr_t)known - 1);
		return 0;
	}
	if (b->names.n >= CP_MAX_CHURN_PACKAGES)
		return CP_ELIMIT;
	copy = cp_arena_str(b->a, key);
	*ret_id = (uint32_t)b->names.n;
	if (!copy.p || cp_vec_push(b->a, &b->names, copy) < 0 ||
	    cp_vec_push(b->a, &b->born, (uint32_t)b->events.n) < 0 ||
	    cp_map_put(b->a, &b->ids, copy, (void *)(uintptr_t)(*ret_id + 1)) < 0)
		return CP_ENOMEM;
	return 0;
}

static int by_id(const void *x, const void *y)
{
	const struct seen *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static int take_snapshot(struct cp_churn_builder *b, const struct cp_requirements *version)
{
	struct snapshot *s = &b->next;
	size_t n = 0;

	s->n = 0;
	for (size_t i = 0; i < version->n_items; i++) {
		const struct cp_requirement *q = &version->items[i];
		struct seen one = {0};
		int r = id_of(b, q->key, &one.id);

		if (r < 0)
			return r;
		one.hash = cp_hash64(q->canonical.p, q->canonical.n);
		if (cp_vec_push(b->a, s, one) < 0)
			return CP_ENOMEM;
	}
	if (s->n)
		qsort(s->items, s->n, sizeof(*s->items), by_id);
	for (size_t i = 0; i < s->n; i++) {
		if (n && s->items[n - 1].id == s->items[i].id)
			s->items[n - 1].hash = s->items[n - 1].hash * 31 + s->items[i].hash;
		else
			s->items[n++] = s->items[i];
	}
	s->n = n;
	return 0;
}

static int compare_snapshots(struct cp_churn_builder *b, struct cp_churn_event *e)
{
	const struct snapshot *x = &b->last, *y = &b->next;
	size_t i = 0, k = 0;

	e->first = (uint32_t)b->touched.n;
	while (i < x->n || k < y->n) {
		bool there = true;
		uint32_t id;

		if (k == y->n || (i < x->n && x->items[i].id < y->items[k].id)) {
			id = x->items[i++].id;
			there = false;
		} else if (i == x->n || x->items[i].id > y->items[k].id) {
			id = y->items[k++].id;
		} else {
			id = x->items[i].id;
			if (x->items[i++].hash == y->items[k++].hash)
				continue;
		}
		if (cp_vec_push(b->a, &b->touched, id) < 0 ||
		    cp_vec_push(b->a, &b->there, there) < 0)
			return CP_ENOMEM;
	}
	e->n = (uint32_t)b->touched.n - e->first;
	return 0;
}

int cp_churn_add(struct cp_churn_builder *b, const struct cp_requirements *version, int64_t time,
		 struct cp_err *err)
{
	struct cp_churn_event e = {.time = time};
	struct snapshot swap;
	int r;

	if (b->out.cut)
		return 0;
	if (b->events.n >= CP_MAX_CHURN_EVENTS || b->touched.n >= CP_MAX_CHURN_TOUCHED) {
		b->out.cut = true;
		return 0;
	}
	r = take_snapshot(b, version);
	if (r == CP_ELIMIT)
		b->out.cut = true;
	if (r < 0)
		return r == CP_ELIMIT ? 0 : cp_err_nomem(err);
	if (!b->any)
		b->out.from = time;
	else if (compare_snapshots(b, &e) < 0 || cp_vec_push(b->a, &b->events, e) < 0)
		return cp_err_nomem(err);
	b->any = true;
	swap = b->last;
	b->last = b->next;
	b->next = swap;
	return 0;
}

const struct cp_churn *cp_churn_get(struct cp_churn_builder *b)
{
	b->out.names = b->names.items;
	b->out.n_names = b->names.n;
	b->out.born = b->born.items;
	b->out.touched = b->touched.items;
	b->out.there = b->there.items;
	b->out.n_touched = b->touched.n;
	b->out.events = b->events.items;
	b->out.n_events = b->events.n;
	return &b->out;
}

/* ---- two versions ---- */

static int by_key(const void *x, const void *y)
{
	const struct cp_requirement *a = *(const struct cp_requirement *const *)x,
				    *b = *(const struct cp_requirement *const *)y;
	int r = cp_str_cmp(a->key, b->key);

	return r ? r : cp_str_cmp(a->canonical, b->canonical);
}

static const struct cp_requirement **sorted(struct cp_arena *a, const struct cp_requirements *all)
{
	const struct cp_requirement **list = cp_arena_array(a, all->n_items, sizeof(*list));

	for (size_t i = 0; list && i < all->n_items; i++)
		list[i] = &all->items[i];
	if (list && all->n_items)
		qsort(list, all->n_items, sizeof(*list), by_key);
	return list;
}

/* All lines of one package from *i on, joined; *ret_version: the first. */
static struct cp_str take_key(struct cp_arena *a, const struct cp_requirement **list, size_t n,
			      size_t *i, struct cp_str key, struct cp_str *ret_version)
{
	struct cp_str text = CP_S("");

	*ret_version = *i < n && cp_str_eq(list[*i]->key, key) ? list[*i]->version : CP_S("");
	for (; *i < n && cp_str_eq(list[*i]->key, key); ++*i)
		text = text.n ? cp_arena_printf(a, "%.*s | %.*s", CP_STR(text),
						CP_STR(list[*i]->canonical))
			      : list[*i]->canonical;
	return text;
}

static bool same_options(const struct cp_requirements *x, const struct cp_requirements *y)
{
	bool same = x->n_options == y->n_options;

	for (size_t i = 0; same && i < x->n_options; i++)
		same = cp_str_eq(x->options[i].name, y->options[i].name) &&
		       cp_str_eq(x->options[i].value, y->options[i].value);
	return same;
}

int cp_requirements_diff(struct cp_arena *a, const struct cp_requirements *before,
			 const struct cp_requirements *after, struct cp_req_change **ret_changes,
			 size_t *ret_n, bool *ret_options_changed, struct cp_err *err)
{
	const struct cp_requirement **x = sorted(a, before), **y = sorted(a, after);
	CP_VEC(struct cp_req_change) changes = {0};
	size_t i = 0, k = 0;

	if (!x || !y)
		return cp_err_nomem(err);
	while (i < before->n_items || k < after->n_items) {
		struct cp_req_change c = {.kind = CP_REQ_CHANGED};

		c.key = i == before->n_items ||
					(k < after->n_items && cp_str_cmp(y[k]->key, x[i]->key) < 0)
				? y[k]->key
				: x[i]->key;
		c.before = take_key(a, x, before->n_items, &i, c.key, &c.version_before);
		c.after = take_key(a, y, after->n_items, &k, c.key, &c.version_after);
		if (!c.before.n || !c.after.n)
			c.kind = c.before.n ? CP_REQ_REMOVED : CP_REQ_ADDED;
		else if (cp_str_eq(c.before, c.after))
			continue;
		if (cp_vec_push(a, &changes, c) < 0)
			return cp_err_nomem(err);
	}
	*ret_changes = changes.items;
	*ret_n = changes.n;
	*ret_options_changed = !same_options(before, after);
	return 0;
}
