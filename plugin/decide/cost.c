/* What recorded builds say of the time that steps take. */
#include <stdlib.h>

#include "decide/decide.h"

struct samples {
	CP_VEC(int64_t) ms;
	bool joined;
	struct cp_cost cost; /* made when all are there */
};

struct cp_costs {
	struct cp_map own; /* key with image ─► struct samples */
	struct cp_map any; /* key without image */
	struct cp_map kind;
	struct cp_speed speed;
	struct cp_accuracy accuracy;
};

static int add(struct cp_arena *a, struct cp_map *map, struct cp_str key, int64_t ms)
{
	struct samples *s = cp_map_get(map, key);

	if (!s) {
		s = CP_NEW(a, struct samples);
		key = cp_arena_str(a, key);
		if (!s || !key.p || cp_map_put(a, map, key, s) < 0)
			return CP_ENOMEM;
	}
	return cp_vec_push(a, &s->ms, ms) < 0 ? CP_ENOMEM : 0;
}

/* Texts may hold any byte but are told apart by their lengths. */
struct key {
	uint64_t parts[5];
};

static struct key key_of(const struct cp_step_id *id, bool image)
{
	return (struct key){{image ? cp_hash64(id->image.p, id->image.n) : 0,
			     cp_hash64(id->platform.p, id->platform.n),
			     cp_hash64(id->stage.p, id->stage.n), cp_hash64(id->text.p, id->text.n),
			     id->occurrence}};
}

static struct cp_str as_text(const struct key *k)
{
	return cp_str_n((const char *)k, sizeof(*k));
}

/* Only what ran to its end says how long it takes. */
static int add_step(struct cp_arena *a, struct cp_costs *c, const struct cp_built_step *s)
{
	struct key own = key_of(&s->id, true), any = key_of(&s->id, false);

	if (s->ran != CP_RAN_RAN || s->ms < 0)
		return 0;
	if (add(a, &c->own, as_text(&own), s->ms) < 0 ||
	    add(a, &c->any, as_text(&any), s->ms) < 0 ||
	    add(a, &c->kind, cp_step_kind(s->id.text), s->ms) < 0)
		return CP_ENOMEM;
	return 0;
}

static int by_size(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void sum_up(struct samples *s, enum cp_cost_source source, struct cp_str kind)
{
	size_t n = s->ms.n, cut = n / 10;

	qsort(s->ms.items, n, sizeof(*s->ms.items), by_size);
	s->cost = (struct cp_cost){
		.source = source,
		.n = n,
		.ms = (s->ms.items[(n - 1) / 2] + s->ms.items[n / 2]) / 2,
		.low = s->ms.items[cut],
		.high = s->ms.items[n - 1 - cut],
		.kind = kind,
	};
}

static void sum_all(struct cp_map *map, enum cp_cost_source source)
{
	for (size_t i = 0; i < map->n; i++)
		sum_up(map->items[i].value, source,
		       source == CP_COST_KIND ? map->items[i].key : CP_S(""));
}

/* What was recorded without a name of the image may be this one's, and is more to go by. */
static int join_nameless(struct cp_arena *a, struct cp_costs *c, const struct cp_built_step *s)
{
	struct cp_step_id nameless = s->id;
	struct key own = key_of(&s->id, true), other;
	struct samples *mine = cp_map_get(&c->own, as_text(&own)), *more;

	nameless.image = CP_S("");
	other = key_of(&nameless, true);
	more = cp_map_get(&c->own, as_text(&other));
	if (!mine || !more || mine == more || mine->joined)
		return 0;
	mine->joined = true;
	for (size_t i = 0; i < more->ms.n; i++)
		if (cp_vec_push(a, &mine->ms, more->ms.items[i]) < 0)
			return CP_ENOMEM;
	return 0;
}

static int by_speed(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static int find_speed(struct cp_arena *a, struct cp_costs *c, const struct cp_built *builds,
		      size_t n)
{
	double *speeds = cp_arena_array(a, n, sizeof(*speeds));
	int64_t *manifests = cp_arena_array(a, n, sizeof(*manifests));
	size_t n_speeds = 0, n_manifests = 0;

	if (!speeds || !manifests)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (builds[i].loaded_bytes && builds[i].loaded_ms > 0)
			speeds[n_speeds++] =
				(double)builds[i].loaded_bytes / (double)builds[i].loaded_ms;
		if (builds[i].n_imports)
			manifests[n_manifests++] = builds[i].import_ms;
	}
	if (n_manifests) {
		qsort(manifests, n_manifests, sizeof(*manifests), by_size);
		c->speed.manifest_ms = manifests[n_manifests / 2];
	}
	if (n_speeds) {
		qsort(speeds, n_speeds, sizeof(*speeds), by_speed);
		c->speed.n = n_speeds;
		c->speed.bytes_per_ms = speeds[n_speeds / 2];
		c->speed.slow = speeds[0];
		c->speed.fast = speeds[n_speeds - 1];
	}
	return 0;
}

int cp_costs_new(struct cp_arena *a, const struct cp_built *builds, size_t n,
		 const struct cp_costs **ret_costs, struct cp_err *err)
{
	struct cp_costs *c = CP_NEW(a, struct cp_costs);

	if (!c || find_speed(a, c, builds, n) < 0)
		return cp_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < builds[i].n_steps; k++)
			if (add_step(a, c, &builds[i].steps[k]) < 0)
				return cp_err_nomem(err);
		cp_accuracy_add(&c->accuracy, &builds[i]);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < builds[i].n_steps; k++)
			if (builds[i].steps[k].id.image.n &&
			    join_nameless(a, c, &builds[i].steps[k]) < 0)
				return cp_err_nomem(err);
	sum_all(&c->own, CP_COST_OWN);
	sum_all(&c->any, CP_COST_OWN);
	sum_all(&c->kind, CP_COST_KIND);
	*ret_costs = c;
	return 0;
}

struct cp_cost cp_cost_of(const struct cp_costs *costs, const struct cp_step_id *id)
{
	struct key own = key_of(id, true), any = key_of(id, false);
	const struct samples *s = NULL;

	if (costs)
		s = cp_map_get(&costs->own, as_text(&own));
	if (costs && !s)
		s = cp_map_get(&costs->any, as_text(&any));
	if (costs && !s)
		s = cp_map_get(&costs->kind, cp_step_kind(id->text));
	return s ? s->cost : (struct cp_cost){.source = CP_COST_UNKNOWN};
}

struct cp_speed cp_costs_speed(const struct cp_costs *costs)
{
	return costs ? costs->speed : (struct cp_speed){.n = 0};
}

struct cp_accuracy cp_costs_accuracy(const struct cp_costs *costs)
{
	return costs ? costs->accuracy : (struct cp_accuracy){.n_builds = 0};
}
