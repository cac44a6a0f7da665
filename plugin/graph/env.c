#include "graph/build_int.h"

static size_t find(const struct graph_env *e, struct cp_str key)
{
	size_t at = (size_t)(uintptr_t)cp_map_get(&e->index, key);

	/* The index may name the place of a deleted variable that another one has taken. */
	return at && e->vars[at - 1].live && cp_str_eq(e->vars[at - 1].key, key) ? at : 0;
}

const struct graph_var *graph_env_get(const struct graph_env *e, struct cp_str key)
{
	size_t at = find(e, key);

	return at ? &e->vars[at - 1] : NULL;
}

static int append(struct cp_arena *a, struct graph_env *e, struct graph_var var)
{
	var.live = true;
	if (cp_vec_reserve(a, (void **)&e->vars, &e->cap, e->n, sizeof(*e->vars)) < 0)
		return CP_ENOMEM;
	e->vars[e->n++] = var;
	e->n_live++;
	return cp_map_put(a, &e->index, var.key, (void *)(uintptr_t)e->n);
}

/* Squeeze the dead ones out: reassigning one name a thousand times must not make the list long. */
static int compact(struct cp_arena *a, struct graph_env *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (!e->vars[i].live)
			continue;
		e->vars[n++] = e->vars[i];
		if (cp_map_put(a, &e->index, e->vars[n - 1].key, (void *)(uintptr_t)n) < 0)
			return CP_ENOMEM;
	}
	e->n = n;
	return 0;
}

int graph_env_assign(struct cp_arena *a, struct graph_env *e, struct cp_str key,
		     struct cp_str value, struct cp_str assumes)
{
	size_t at = find(e, key);

	e->listed = false;
	if (at) {
		e->vars[at - 1].live = false;
		e->n_live--;
	}
	if (e->n > 2 * e->n_live + 16 && compact(a, e) < 0)
		return CP_ENOMEM;
	return append(a, e, (struct graph_var){.key = key, .value = value, .assumes = assumes});
}

int graph_env_replace(struct cp_arena *a, struct graph_env *e, struct cp_str key,
		      struct cp_str value, struct cp_str assumes)
{
	size_t at = find(e, key);

	e->listed = false;
	if (!at)
		return append(a, e,
			      (struct graph_var){.key = key, .value = value, .assumes = assumes});
	e->vars[at - 1].value = value;
	e->vars[at - 1].assumes = assumes;
	e->vars[at - 1].text = (struct cp_str){NULL, 0};
	return 0;
}

void graph_env_delete(struct graph_env *e, struct cp_str key)
{
	size_t at = find(e, key);

	if (!at)
		return;
	e->listed = false;
	e->vars[at - 1].live = false;
	e->n_live--;
}

/* The same arrays again, places and all. */
static int copy_whole(struct cp_arena *a, struct graph_env *to, const struct graph_env *from)
{
	const struct cp_map *index = &from->index;

	*to = *from;
	to->cap = from->n;
	to->index.cap = index->n;
	to->vars = cp_arena_array(a, from->n, sizeof(*to->vars));
	to->index.items = cp_arena_array(a, index->n, sizeof(*index->items));
	to->index.slots = cp_arena_array(a, index->n_slots, sizeof(*index->slots));
	if (!to->vars || !to->index.items || !to->index.slots)
		return CP_ENOMEM;
	if (from->n)
		memcpy(to->vars, from->vars, from->n * sizeof(*to->vars));
	if (index->n)
		memcpy(to->index.items, index->items, index->n * sizeof(*index->items));
	if (index->n_slots)
		memcpy(to->index.slots, index->slots, index->n_slots * sizeof(*index->slots));
	return 0;
}

int graph_env_copy(struct cp_arena *a, struct graph_env *to, const struct graph_env *from)
{
	if (from->n == from->n_live && from->n == from->index.n)
		return copy_whole(a, to, from);
	*to = (struct graph_env){0};
	for (size_t i = 0; i < from->n; i++)
		if (from->vars[i].live && append(a, to, from->vars[i]) < 0)
			return CP_ENOMEM;
	return 0;
}

int graph_env_list(struct cp_arena *a, struct graph_env *e, struct cp_str **ret_list, size_t *ret_n)
{
	struct cp_str *list;
	size_t n = 0;

	if (!e->listed) {
		list = cp_arena_array(a, e->n_live, sizeof(*list));
		if (!list)
			return CP_ENOMEM;
		for (size_t i = 0; i < e->n; i++) {
			struct graph_var *var = &e->vars[i];

			if (!var->live)
				continue;
			if (!var->text.p)
				var->text = GRAPH_CAT(a, var->key, CP_S("="), var->value);
			if (!var->text.p)
				return CP_ENOMEM;
			list[n++] = var->text;
		}
		e->list = list;
		e->listed = true;
	}
	*ret_list = e->list;
	*ret_n = e->n_live;
	return 0;
}

static bool lookup_get(const void *pself, struct cp_str name, struct cp_str *ret_value)
{
	const struct graph_lookup *self = pself;
	const struct graph_var *var;

	for (size_t i = 0; i < self->n_masked; i++) {
		if (cp_str_eq(self->masked[i], name)) {
			*ret_value = CP_S("****");
			return true;
		}
	}
	var = graph_env_get(self->env, name);
	if (self->hit) {
		struct cp_str assumes = var ? var->assumes : self->env_assumes;

		if (assumes.n)
			*self->hit = assumes;
	}
	if (!var)
		return false;
	*ret_value = var->value;
	return true;
}

void graph_lookup_init(struct cp_env_lookup *lookup, const struct graph_lookup *self)
{
	lookup->get = lookup_get;
	lookup->self = self;
}
