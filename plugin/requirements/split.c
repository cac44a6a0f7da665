/* Churn ─► layers. */
#include <math.h>

#include "requirements/requirements_int.h"

#define WORTH 0.03 /* a further layer has to save this share of what one file costs */
#define MAX_PEEL ((size_t)60000000)
#define WINDOWS                                                                                    \
	4 /* of the training, one behind the other: chosen on what is before, scored on them */

/* An event counts half of one that is so many events younger; the training says which of them foretells best. */
static const double decays[] = {0.95, 0.97, 0.98, 0.99, 0.995, 1};
/* Student's t, one-sided 95 %, of WINDOWS + 2 periods. */
#define T_95 2.015

/* ---- the best cuts of an order ---- */

static void measure(struct req_split *s)
{
	const struct cp_churn *c = s->churn;

	s->before[0] = 0;
	for (size_t i = 0; i <= s->n; i++)
		s->first[i] = 0;
	for (size_t i = 0; i < s->n; i++) {
		s->position[s->order[i]] = (uint32_t)i;
		s->before[i + 1] = s->before[i] + req_weight(s, s->order[i]);
	}
	for (size_t i = 0; i < s->end; i++) {
		size_t at = s->n;

		for (size_t k = 0; k < c->events[i].n; k++) {
			uint32_t p = s->position[c->touched[c->events[i].first + k]];

			at = p < at ? p : at;
		}
		s->first[at] += s->recency[i];
	}
}

static bool may_cut(const struct req_split *s, size_t at)
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
static int cut(struct req_split *s, struct cuts *ret)
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

/* ---- one choice ---- */

/* A partition that was chosen on the events before `end`. */
struct plan {
	size_t end, n_layers;
	uint32_t *layer_of, *group_of;
	double cost; /* on those events, as a share of what one file costs */
};

static size_t choose(const struct cuts *c, size_t max)
{
	size_t k = 1;

	for (size_t i = 2; i <= max && c->cost[1] > 0; i++)
		if (c->cost[i] >= 0 && c->cost[k] - c->cost[i] >= WORTH * c->cost[1])
			k = i;
	return k;
}

static void place(const struct req_split *s, const struct cuts *c, struct plan *p)
{
	for (size_t id = 0; id < s->churn->n_names; id++)
		p->layer_of[id] = (uint32_t)p->n_layers - 1;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t layer = 0;

		while (layer + 1 < p->n_layers && i >= c->at[p->n_layers][layer])
			layer++;
		p->layer_of[s->order[i]] = layer;
	}
}

/* Packages that come and go: only those that are there at the end of the training can be placed. */
static void find_present(const struct cp_churn *c, size_t end, bool *here)
{
	for (size_t id = 0; id < c->n_names; id++)
		here[id] = c->born[id] == 0;
	for (size_t i = 0; i < end; i++)
		for (size_t k = 0; k < c->events[i].n; k++)
			here[c->touched[c->events[i].first + k]] = c->there[c->events[i].first + k];
}

static int allocate(struct req_split *s)
{
	size_t n = s->churn->n_names;
	bool *here = cp_arena_array(s->a, n, sizeof(*here));

	s->order = cp_arena_array(s->a, n, sizeof(*s->order));
	s->position = cp_arena_array(s->a, n, sizeof(*s->position));
	s->group = cp_arena_array(s->a, n, sizeof(*s->group));
	s->rate = cp_arena_array(s->a, n, sizeof(*s->rate));
	s->recency = cp_arena_array(s->a, s->end, sizeof(*s->recency));
	s->before = cp_arena_array(s->a, n + 2, sizeof(*s->before));
	s->first = cp_arena_array(s->a, n + 2, sizeof(*s->first));
	if (!here || !s->order || !s->position || !s->group || !s->rate || !s->recency ||
	    !s->before || !s->first)
		return CP_ENOMEM;
	find_present(s->churn, s->end, here);
	for (size_t id = 0; id < n; id++) {
		s->position[id] = (uint32_t)n;
		if (!here[id])
			continue;
		if (s->in->last && s->in->last[id])
			s->hot += req_weight(s, id);
		else
			s->order[s->n++] = (uint32_t)id;
	}
	return 0;
}

/* So many packages in the last of two layers, whatever it costs. */
static void cut_at_share(const struct req_split *s, struct cuts *c)
{
	size_t last = (size_t)((double)s->n * s->in->last_share + 0.5);

	c->cost[1] = c->cost[2] = 1;
	c->at[2][0] = last < s->n ? s->n - last : 0;
}

static int plan_on(const struct cp_split_input *in, size_t end, double decay, struct plan *p)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct req_split s = {.a = a, .in = in, .churn = in->churn, .end = end, .decay = decay};
	struct cuts *c = a ? CP_NEW(a, struct cuts) : NULL;
	size_t touches = end ? in->churn->events[end - 1].first + in->churn->events[end - 1].n : 0;
	bool peel;

	if (!c || allocate(&s) < 0)
		return CP_ENOMEM;
	peel = (touches + in->churn->n_names) * s.n <= MAX_PEEL / (CP_LEN(decays) * WINDOWS);
	if (req_order(&s, peel) < 0)
		return CP_ENOMEM;
	measure(&s);
	if (in->last_share > 0)
		cut_at_share(&s, c);
	else if (cut(&s, c) < 0)
		return CP_ENOMEM;
	p->end = end;
	p->n_layers = in->last_share > 0 ? 2 : choose(c, in->max_layers);
	p->cost = c->cost[1] > 0 ? c->cost[p->n_layers] / c->cost[1] : 1;
	place(&s, c, p);
	memcpy(p->group_of, s.group, in->churn->n_names * sizeof(*p->group_of));
	return cp_arena_failed(a) ? CP_ENOMEM : 0;
}

/* ---- what it would have saved ---- */

struct scorer {
	const struct cp_split_input *in;
	const struct plan *plan;
	bool *here;
	double from[CP_MAX_SPLIT_LAYERS +
		    1]; /* from[l]: weight of the packages of layer l and after */
};

static void add_weight(struct scorer *s, size_t id, double sign)
{
	double w = s->in->weights ? s->in->weights[id] : 1;

	for (size_t l = 0; l <= s->plan->layer_of[id]; l++)
		s->from[l] += sign * w;
}

/* The first layer that an event rebuilds; comments stay in the last file. */
static size_t apply_event(struct scorer *s, size_t i)
{
	const struct cp_churn *c = s->in->churn;
	size_t layer = s->plan->n_layers - 1;

	for (size_t k = 0; k < c->events[i].n; k++) {
		size_t at = c->events[i].first + k, id = c->touched[at];

		if (s->plan->layer_of[id] < layer)
			layer = s->plan->layer_of[id];
		if (c->there[at] != s->here[id])
			add_weight(s, id, c->there[at] ? 1 : -1);
		s->here[id] = c->there[at];
	}
	return layer;
}

/* Cost of the events [from, to), as a share of what one file costs; `from` is not before the plan's end. */
static double score(struct scorer *s, size_t from, size_t to, size_t *kept)
{
	double cost = 0, total = 0;

	memset(s->from, 0, sizeof(s->from));
	find_present(s->in->churn, s->plan->end, s->here);
	for (size_t id = 0; id < s->in->churn->n_names; id++)
		if (s->here[id])
			add_weight(s, id, 1);
	for (size_t i = s->plan->end; i < to; i++) {
		size_t layer = apply_event(s, i);

		if (i < from)
			continue;
		for (size_t l = 0; kept && l < layer; l++)
			kept[l]++;
		cost += s->from[layer];
		total += s->from[0];
	}
	return total > 0 ? cost / total : 1;
}

/* ---- which decay, and how sure ---- */

/* Where window w of the training begins: its last three fifths are cut into windows. */
static size_t window_at(size_t n_train, size_t w)
{
	return n_train * (40 + 60 * w / WINDOWS) / 100;
}

static int choose_decay(struct scorer *s, struct plan *p, size_t n_train, double *ret_decay,
			double *ret_costs)
{
	double best = -1;

	s->plan = p;
	for (size_t d = 0; d < CP_LEN(decays); d++) {
		double costs[WINDOWS], sum = 0;

		for (size_t w = 0; w < WINDOWS; w++) {
			size_t from = window_at(n_train, w), to = window_at(n_train, w + 1);

			if (plan_on(s->in, from, decays[d], p) < 0)
				return CP_ENOMEM;
			costs[w] = score(s, from, to, NULL);
			sum += costs[w] * (double)(to - from);
		}
		if (best >= 0 && sum >= best)
			continue;
		best = sum;
		*ret_decay = decays[d];
		memcpy(ret_costs, costs, sizeof(costs));
	}
	return 0;
}

/*
 * The cost that is not exceeded with 95 % confidence: periods, not events, are what is independent, since who upgrades in batches
 * does so for a while.
 */
static double upper_bound(const double *costs, size_t n)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += costs[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		square += (costs[i] - mean) * (costs[i] - mean) / (double)(n - 1);
	return mean + T_95 * sqrt(square / (double)n);
}

static int find(struct cp_arena *a, struct scorer *s, struct plan *p, struct cp_split *out)
{
	double costs[WINDOWS + 2], decay = 1;
	size_t n_train = out->n_train, n = s->in->churn->n_events, half = n_train + out->n_test / 2;
	uint32_t *changes = cp_arena_array(a, s->in->churn->n_names, sizeof(*changes));
	size_t batches = 0;

	if (!changes || choose_decay(s, p, n_train, &decay, costs) < 0 ||
	    plan_on(s->in, n_train, decay, p) < 0)
		return CP_ENOMEM;
	costs[WINDOWS] = score(s, n_train, half, NULL);
	costs[WINDOWS + 1] = score(s, half, n, NULL);
	out->cost = score(s, n_train, n, out->kept);
	out->cost_bound = upper_bound(costs, CP_LEN(costs));
	out->train_cost = p->cost;
	out->n_layers = p->n_layers;
	out->layer_of = p->layer_of;
	out->group_of = p->group_of;
	for (size_t i = 0; i < s->in->churn->n_touched; i++)
		changes[s->in->churn->touched[i]]++;
	for (size_t i = 0; i < n; i++)
		batches += s->in->churn->events[i].n >= 10;
	out->changes = changes;
	out->batch = n ? (double)batches / (double)n : 0;
	return 0;
}

int cp_split_find(struct cp_arena *a, const struct cp_split_input *input,
		  struct cp_split *ret_split, struct cp_err *err)
{
	size_t n_names = input->churn->n_names;
	struct scorer s = {.in = input, .here = cp_arena_array(a, n_names, sizeof(bool))};
	struct plan p = {.layer_of = cp_arena_array(a, n_names, sizeof(uint32_t)),
			 .group_of = cp_arena_array(a, n_names, sizeof(uint32_t))};
	struct cp_split out = {.n_layers = 1, .cost = 1, .train_cost = 1};

	out.n_train = input->churn->n_events * 7 / 10;
	out.n_test = input->churn->n_events - out.n_train;
	if (!s.here || !p.layer_of || !p.group_of || find(a, &s, &p, &out) < 0)
		return cp_err_nomem(err);
	*ret_split = out;
	return 0;
}
