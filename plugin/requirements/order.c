/* Packages in the order in which they are best installed: what moves least comes first. */
#include <stdlib.h>

#include "requirements/requirements_int.h"

#define TOGETHER 0.8  /* share of their events that packages of one group have in common */
#define NEIGHBOURS 64 /* packages of similar churn that are held against each other */

double req_weight(const struct req_split *s, size_t id)
{
	return s->in->weights ? s->in->weights[id] : 1;
}

/* ---- how often, and what together ---- */

static void count(struct req_split *s)
{
	double r = 1;

	for (size_t i = s->end; i-- > 0; r *= s->decay) {
		const struct cp_churn_event *e = &s->churn->events[i];

		s->recency[i] = r;
		for (size_t k = 0; k < e->n; k++)
			s->rate[s->churn->touched[e->first + k]] += r;
	}
}

/* Per package the events of the training that touch it, ascending: items[start[id] .. start[id + 1]). */
struct touches {
	uint32_t *start, *items;
};

static int index_touches(const struct req_split *s, struct touches *t)
{
	const struct cp_churn *c = s->churn;
	uint32_t *fill;

	t->start = cp_arena_array(s->a, c->n_names + 2, sizeof(uint32_t));
	t->items = cp_arena_array(s->a, c->n_touched + 1, sizeof(uint32_t));
	if (!t->start || !t->items)
		return CP_ENOMEM;
	fill = t->start + 1; /* moves on to the starts while it is filled */
	for (size_t i = 0; i < s->end; i++)
		for (size_t k = 0; k < c->events[i].n; k++)
			t->start[c->touched[c->events[i].first + k] + 2]++;
	for (size_t i = 2; i < c->n_names + 2; i++)
		t->start[i] += t->start[i - 1];
	for (size_t i = 0; i < s->end; i++)
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
static int find_groups(struct req_split *s, const struct touches *t)
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

static int order_by(struct req_split *s, const double *value_of_group)
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

static int sum_groups(const struct req_split *s, struct groups *g)
{
	g->rate = cp_arena_array(s->a, s->churn->n_names, sizeof(double));
	g->weight = cp_arena_array(s->a, s->churn->n_names, sizeof(double));
	g->members = cp_arena_array(s->a, s->churn->n_names, sizeof(uint32_t));
	if (!g->rate || !g->weight || !g->members)
		return CP_ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t at = s->group[s->order[i]];

		g->rate[at] += s->rate[s->order[i]];
		g->weight[at] += req_weight(s, s->order[i]);
		g->members[at]++;
	}
	return 0;
}

/* Churn for its weight: the order that is best where packages move one by one. */
static int churn_order(struct req_split *s, const struct groups *g)
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
static int peel_order(struct req_split *s, const struct groups *g, const struct touches *t)
{
	size_t n_names = s->churn->n_names, left = 0;
	double *value = cp_arena_array(s->a, n_names, sizeof(*value)),
	       *credit = cp_arena_array(s->a, n_names, sizeof(*credit));
	uint32_t *open = cp_arena_array(s->a, s->end + 1, sizeof(*open));
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

int req_order(struct req_split *s, bool peel)
{
	struct touches t;
	struct groups g;

	count(s);
	if (index_touches(s, &t) < 0 || find_groups(s, &t) < 0 || sum_groups(s, &g) < 0)
		return CP_ENOMEM;
	return peel ? peel_order(s, &g, &t) : churn_order(s, &g);
}
