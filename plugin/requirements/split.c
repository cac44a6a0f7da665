/* Churn ─► layers. */
#include <stdlib.h>

#include "requirements/requirements_int.h"

#define DECAY                                                                                      \
	0.99309249543703590 /* 2^(-1/100): an event counts half of one that is a hundred younger */
#define TOGETHER 0.8        /* share of their events that packages of one group have in common */
#define NEIGHBOURS 64       /* packages of similar churn that are held against each other */
#define WORTH 0.03          /* a further layer has to save this share of what one file costs */
#define MAX_PEEL ((size_t)60000000)

struct split {
	struct cp_arena *a;
	const struct cp_split_input *in;
	const struct cp_churn *churn;
	size_t n;           /* packages that are placed */
	uint32_t *order;    /* ids, the coldest first */
	uint32_t *position; /* per id: place in order; n = not placed */
	uint32_t *group, *changes;
	double *rate;    /* per id: recency-weighted changes */
	double *recency; /* per event of the training */
	bool *here;      /* per id: it is in the file at the end of the training */
	double *before;  /* before[i]: weight of order[0..i) */
	double hot;      /* weight of what is not placed: always in the last layer */
	double *first; /* first[i]: recency of events whose coldest package is order[i]; [n]: touch none */
	size_t n_train;
};

static double weight_of(const struct split *s, size_t id)
{
	return s->in->weights ? s->in->weights[id] : 1;
}

/* ---- how often, and what together ---- */

static void count(struct split *s)
{
	double r = 1;

	for (size_t i = s->n_train; i-- > 0; r *= DECAY) {
		const struct cp_churn_event *e = &s->churn->events[i];

		s->recency[i] = r;
		for (size_t k = 0; k < e->n; k++)
			s->rate[s->churn->touched[e->first + k]] += r;
	}
	for (size_t i = 0; i < s->churn->n_touched; i++)
		s->changes[s->churn->touched[i]]++;
}

/* Per package the events of the training that touch it, ascending: items[start[id] .. start[id + 1]). */
struct touches {
	uint32_t *start, *items;
};

static int index_touches(const struct split *s, struct touches *t)
{
	const struct cp_churn *c = s->churn;
	uint32_t *fill;

	t->start = cp_arena_array(s->a, c->n_names + 2, sizeof(uint32_t));
	t->items = cp_arena_array(s->a, c->n_touched + 1, sizeof(uint32_t));
	if (!t->start || !t->items)
		return CP_ENOMEM;
	fill = t->start + 1; /* moves on to the starts while it is filled */
	for (size_t i = 0; i < s->n_train; i++)
		for (size_t k = 0; k < c->events[i].n; k++)
			t->start[c->touched[c->events[i].first + k] + 2]++;
	for (size_t i = 2; i < c->n_names + 2; i++)
		t->start[i] += t->start[i - 1];
	for (size_t i = 0; i < s->n_train; i++)
		for (size_t k = 0; k < c->events[i].n; k++)
			t->items[fill[c->touched[c->events[i].first + k]]++] = (uint32_t)i;
	return 0;
}

static bool together(const struct touches *t, uint32_t x, uint32_t y)
{
	size_t i = t->start[x], k = t->start[y], both = 0;
	size_t n_x = t->start[x + 1] - i, n_y = t->start[y + 1] - k;

	while (i < t->start[x + 1] && k < t->start[y + 1]) {
		uint32_t a = t->items[i], b = t->items[k];

		both += a == b;
		i += a <= b;
		k += b <= a;
	}
	return both >= 2 && (double)both >= TOGETHER * (double)(n_x + n_y - both);
}

struct rank {
	uint32_t id;
	double value;
};

static int by_value(const void *x, const void *y)
{
	const struct rank *a = x, *b = y;

	if (a->value < b->value || a->value > b->value)
		return a->value < b->value ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Packages of one group get the group's rate, so that they stand side by side. */
static int find_groups(struct split *s, const struct touches *t)
{
	struct rank *ranks = cp_arena_array(s->a, s->n, sizeof(*ranks));
	size_t n = 0;

	if (!ranks)
		return CP_ENOMEM;
	for (uint32_t id = 0; id < s->churn->n_names; id++)
		s->group[id] = id;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t id = s->order[i];

		if (t->start[id + 1] - t->start[id] >= 2)
			ranks[n++] = (struct rank){id, s->rate[id]};
	}
	if (n)
		qsort(ranks, n, sizeof(*ranks), by_value);
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k-- > 0 && i - k <= NEIGHBOURS;)
			if (together(t, ranks[i].id, ranks[k].id)) {
				s->group[ranks[i].id] = s->group[ranks[k].id];
				break;
			}
	return 0;
}

/* ---- orders ---- */

struct groups { /* of the placed packages */
	double *rate, *weight;
	uint32_t *members; /* per group: how many are placed */
};

static int order_by(struct split *s, const double *value_of_group)
{
	struct rank *ranks = cp_arena_array(s->a, s->n, sizeof(*ranks));

	if (!ranks)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->n; i++) /* ties between groups: by the group's number */
		ranks[i] =
			(struct rank){s->group[s->order[i]], value_of_group[s->group[s->order[i]]]};
	for (size_t i = 0; i < s->n; i++)
		ranks[i].id = (uint32_t)((size_t)ranks[i].id * s->churn->n_names + s->order[i]);
	if (s->n)
		qsort(ranks, s->n, sizeof(*ranks), by_value);
	for (size_t i = 0; i < s->n; i++)
		s->order[i] = (uint32_t)(ranks[i].id % s->churn->n_names);
	return 0;
}

static int sum_groups(const struct split *s, struct groups *g)
{
	g->rate = cp_arena_array(s->a, s->churn->n_names, sizeof(double));
	g->weight = cp_arena_array(s->a, s->churn->n_names, sizeof(double));
	g->members = cp_arena_array(s->a, s->churn->n_names, sizeof(uint32_t));
	if (!g->rate || !g->weight || !g->members)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t at = s->group[s->order[i]];

		g->rate[at] += s->rate[s->order[i]];
		g->weight[at] += weight_of(s, s->order[i]);
		g->members[at]++;
	}
	return 0;
}

/* Churn for its weight: the order that is best where packages move one by one. */
static int churn_order(struct split *s, const struct groups *g)
{
	double *value = cp_arena_array(s->a, s->churn->n_names, sizeof(*value));

	if (!value)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->churn->n_names; i++)
		value[i] = g->members[i] ? g->rate[i] / g->members[i] / g->weight[i] * g->members[i]
					 : 0;
	return order_by(s, value);
}

/*
 * The hottest first: what completes the events that are nearest to lie in the hot part whole. An event of thirty packages counts a
 * thirtieth for each, until most of them are hot.
 */
static int peel_order(struct split *s, const struct groups *g, const struct touches *t)
{
	size_t n_names = s->churn->n_names, left = 0;
	double *value = cp_arena_array(s->a, n_names, sizeof(*value)),
	       *credit = cp_arena_array(s->a, n_names, sizeof(*credit));
	uint32_t *open = cp_arena_array(s->a, s->n_train + 1, sizeof(*open));
	bool *hot = cp_arena_array(s->a, n_names, sizeof(*hot));

	if (!value || !credit || !open || !hot)
		return CP_ENOMEM;
	for (size_t i = 0; i < n_names; i++)
		left += g->members[i] > 0;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = t->start[s->order[i]]; k < t->start[s->order[i] + 1]; k++)
			open[t->items[k]]++;
	for (; left > 0; left--) {
		size_t best = n_names;

		memset(credit, 0, n_names * sizeof(*credit));
		for (size_t i = 0; i < s->n; i++)
			for (size_t k = t->start[s->order[i]]; k < t->start[s->order[i] + 1]; k++)
				credit[s->group[s->order[i]]] +=
					s->recency[t->items[k]] /
					(open[t->items[k]] ? open[t->items[k]] : 1);
		for (size_t i = 0; i < n_names; i++)
			if (g->members[i] && !hot[i] &&
			    (best == n_names ||
			     credit[i] / g->weight[i] > credit[best] / g->weight[best]))
				best = i;
		hot[best] = true;
		value[best] = (double)left; /* the hottest has the largest */
		for (size_t i = 0; i < s->n; i++)
			for (size_t k = t->start[s->order[i]];
			     s->group[s->order[i]] == best && k < t->start[s->order[i] + 1]; k++)
				open[t->items[k]]--;
	}
	return order_by(s, value);
}

/* ---- the best cuts of an order ---- */

static void measure(struct split *s)
{
	const struct cp_churn *c = s->churn;

	s->before[0] = 0;
	for (size_t i = 0; i <= s->n; i++)
		s->first[i] = 0;
	for (size_t i = 0; i < s->n; i++) {
		s->position[s->order[i]] = (uint32_t)i;
		s->before[i + 1] = s->before[i] + weight_of(s, s->order[i]);
	}
	for (size_t i = 0; i < s->n_train; i++) {
		size_t at = s->n;

		for (size_t k = 0; k < c->events[i].n; k++) {
			uint32_t p = s->position[c->touched[c->events[i].first + k]];

			at = p < at ? p : at;
		}
		s->first[at] += s->recency[i];
	}
}

static bool may_cut(const struct split *s, size_t at)
{
	return at == 0 || at == s->n || s->group[s->order[at - 1]] != s->group[s->order[at]];
}

struct cuts {
	double cost[CP_MAX_SPLIT_LAYERS + 1];                    /* by number of layers */
	size_t at[CP_MAX_SPLIT_LAYERS + 1][CP_MAX_SPLIT_LAYERS]; /* where layers 1, 2 ... begin */
};

/*
 * best[k][i]: least cost of events whose coldest package is at i or later, when order[i..) are k layers. The layer that begins at i
 * costs everything from i on. The last layer is never empty: what is new comes into it.
 */
static int cut(struct split *s, struct cuts *ret)
{
	size_t n = s->n, max = s->in->max_layers;
	double total = s->before[n] + s->hot;
	double *best = cp_arena_array(s->a, (max + 1) * (n + 1), sizeof(*best));
	double *sum = cp_arena_array(s->a, n + 2, sizeof(*sum));
	uint32_t *next = cp_arena_array(s->a, (max + 1) * (n + 1), sizeof(*next));

	if (!best || !sum || !next)
		return CP_ENOMEM;
	for (size_t i = 0; i <= n; i++)
		sum[i + 1] = sum[i] + s->first[i];
	for (size_t i = 0; i <= n; i++)
		best[(n + 1) + i] = (sum[n + 1] - sum[i]) * (total - s->before[i]);
	for (size_t k = 2; k <= max; k++)
		for (size_t i = 0; i <= n; i++) {
			double *cell = &best[k * (n + 1) + i];

			*cell = -1;
			for (size_t j = i + 1; j <= n; j++) {
				double rest = best[(k - 1) * (n + 1) + j];
				double c = (sum[j] - sum[i]) * (total - s->before[i]) + rest;

				if (rest < 0 || !may_cut(s, j) || (j == n && s->hot <= 0) ||
				    (*cell >= 0 && c >= *cell))
					continue;
				*cell = c;
				next[k * (n + 1) + i] = (uint32_t)j;
			}
		}
	for (size_t k = 1; k <= max; k++) {
		size_t i = 0;

		ret->cost[k] = best[k * (n + 1)];
		for (size_t l = k; l > 1 && ret->cost[k] >= 0; l--) {
			i = next[l * (n + 1) + i];
			ret->at[k][k - l] = i;
		}
	}
	return 0;
}

/* ---- the answer ---- */

static size_t choose(const struct cuts *c, size_t max)
{
	size_t k = 1;

	for (size_t i = 2; i <= max && c->cost[1] > 0; i++)
		if (c->cost[i] >= 0 && c->cost[k] - c->cost[i] >= WORTH * c->cost[1])
			k = i;
	return k;
}

static void place(const struct split *s, const struct cuts *c, size_t k, uint32_t *layer_of)
{
	for (size_t id = 0; id < s->churn->n_names; id++)
		layer_of[id] = (uint32_t)k - 1;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t layer = 0;

		while (layer + 1 < k && i >= c->at[k][layer])
			layer++;
		layer_of[s->order[i]] = layer;
	}
}

/* from[l]: weight of the packages of layer l and of all after it. */
static void add_weight(const struct split *s, const struct cp_split *out, size_t id, double sign,
		       double *from)
{
	for (size_t l = 0; l <= out->layer_of[id]; l++)
		from[l] += sign * weight_of(s, id);
}

/* The events that were not looked at before. */
static void score(const struct split *s, struct cp_split *out)
{
	const struct cp_churn *c = s->churn;
	double from[CP_MAX_SPLIT_LAYERS + 1] = {0}, total = 0, cost = 0;
	size_t batches = 0;

	for (size_t id = 0; id < c->n_names; id++)
		if (s->here[id])
			add_weight(s, out, id, 1, from);
	for (size_t i = 0; i < c->n_events; i++)
		batches += c->events[i].n >= 10;
	for (size_t i = s->n_train; i < c->n_events; i++) {
		size_t layer = out->n_layers - 1; /* comments stay in the last file */

		for (size_t k = 0; k < c->events[i].n; k++) {
			size_t at = c->events[i].first + k, id = c->touched[at];
			size_t l = out->layer_of[id];

			layer = l < layer ? l : layer;
			if (c->there[at] != s->here[id])
				add_weight(s, out, id, c->there[at] ? 1 : -1, from);
			s->here[id] = c->there[at];
		}
		for (size_t l = 0; l < layer; l++)
			out->kept[l]++;
		cost += from[layer];
		total += from[0];
	}
	out->cost = total > 0 ? cost / total : 1;
	out->batch = c->n_events ? (double)batches / (double)c->n_events : 0;
}

/* Packages that come and go: only those that are there at the end of the training can be placed. */
static void find_present(struct split *s)
{
	const struct cp_churn *c = s->churn;

	for (size_t id = 0; id < c->n_names; id++)
		s->here[id] = c->born[id] == 0;
	for (size_t i = 0; i < s->n_train; i++)
		for (size_t k = 0; k < c->events[i].n; k++)
			s->here[c->touched[c->events[i].first + k]] =
				c->there[c->events[i].first + k];
}

static int allocate(struct split *s)
{
	size_t n = s->churn->n_names;

	s->here = cp_arena_array(s->a, n, sizeof(*s->here));

	s->order = cp_arena_array(s->a, n, sizeof(*s->order));
	s->position = cp_arena_array(s->a, n, sizeof(*s->position));
	s->group = cp_arena_array(s->a, n, sizeof(*s->group));
	s->changes = cp_arena_array(s->a, n, sizeof(*s->changes));
	s->rate = cp_arena_array(s->a, n, sizeof(*s->rate));
	s->recency = cp_arena_array(s->a, s->n_train, sizeof(*s->recency));
	s->before = cp_arena_array(s->a, n + 2, sizeof(*s->before));
	s->first = cp_arena_array(s->a, n + 2, sizeof(*s->first));
	if (!s->order || !s->position || !s->group || !s->changes || !s->rate || !s->recency ||
	    !s->before || !s->first || !s->here)
		return CP_ENOMEM;
	find_present(s);
	for (size_t id = 0; id < n; id++) {
		s->position[id] = (uint32_t)n;
		if (!s->here[id])
			continue;
		if (s->in->last && s->in->last[id])
			s->hot += weight_of(s, id);
		else
			s->order[s->n++] = (uint32_t)id;
	}
	return 0;
}

static int decide(struct split *s, struct cp_split *out)
{
	struct cuts *by_churn = CP_NEW(s->a, struct cuts), *by_peel = CP_NEW(s->a, struct cuts);
	uint32_t *layer_of = cp_arena_array(s->a, s->churn->n_names, sizeof(*layer_of));
	struct touches t;
	struct groups g;
	size_t max = s->in->max_layers, k;

	if (!by_churn || !by_peel || !layer_of || index_touches(s, &t) < 0 ||
	    find_groups(s, &t) < 0 || sum_groups(s, &g) < 0 || churn_order(s, &g) < 0)
		return CP_ENOMEM;
	measure(s);
	if (cut(s, by_churn) < 0)
		return CP_ENOMEM;
	k = choose(by_churn, max);
	place(s, by_churn, k, layer_of);
	out->train_cost = by_churn->cost[1] > 0 ? by_churn->cost[k] / by_churn->cost[1] : 1;
	if ((t.start[s->churn->n_names] + s->churn->n_names) * s->n <= MAX_PEEL) {
		if (peel_order(s, &g, &t) < 0)
			return CP_ENOMEM;
		measure(s);
		if (cut(s, by_peel) < 0)
			return CP_ENOMEM;
		if (by_peel->cost[choose(by_peel, max)] < by_churn->cost[k]) {
			k = choose(by_peel, max);
			place(s, by_peel, k, layer_of);
			out->train_cost = by_peel->cost[k] / by_peel->cost[1];
		}
	}
	out->n_layers = k;
	out->layer_of = layer_of;
	return 0;
}

int cp_split_find(struct cp_arena *a, const struct cp_split_input *input,
		  struct cp_split *ret_split, struct cp_err *err)
{
	struct split s = {.a = a, .in = input, .churn = input->churn};
	struct cp_split out = {.n_layers = 1, .cost = 1, .train_cost = 1};

	s.n_train = s.churn->n_events * 7 / 10;
	out.n_train = s.n_train;
	out.n_test = s.churn->n_events - s.n_train;
	if (allocate(&s) < 0)
		return cp_err_nomem(err);
	count(&s);
	if (decide(&s, &out) < 0)
		return cp_err_nomem(err);
	score(&s, &out);
	out.group_of = s.group;
	out.changes = s.changes;
	*ret_split = out;
	return 0;
}
