/*
 * Private to graph/: an ordered environment (llb.EnvList and image Config.Env). Assigning moves a
 * variable to the end; replacing keeps its place.
 */
#ifndef CP_GRAPH_ENV_INT_H
#define CP_GRAPH_ENV_INT_H

#include "base/base.h"

struct graph_var {
	struct cp_str key, value;
	struct cp_str assumes; /* the image whose unknown config decides the value; n = 0: none */
	struct cp_str text;    /* "KEY=value"; p is NULL until it was asked for */
	bool live;
};

struct graph_env {
	struct graph_var *vars; /* dead ones stay until there are too many */
	size_t n, cap, n_live;
	struct cp_map index; /* key ─► number in vars + 1 */
	struct cp_str *list; /* "KEY=value" of the live ones, made when asked for */
	bool listed;
};

int graph_env_assign(struct cp_arena *a, struct graph_env *e, struct cp_str key,
		     struct cp_str value, struct cp_str assumes);
int graph_env_replace(struct cp_arena *a, struct graph_env *e, struct cp_str key,
		      struct cp_str value, struct cp_str assumes);
void graph_env_delete(struct graph_env *e, struct cp_str key);
/* NULL when it is not set. Valid until the next assignment. */
const struct graph_var *graph_env_get(const struct graph_env *e, struct cp_str key);
int graph_env_copy(struct cp_arena *a, struct graph_env *to, const struct graph_env *from);
/* "KEY=value" in order; shared until the environment changes. */
int graph_env_list(struct cp_arena *a, struct graph_env *e, struct cp_str **ret_list,
		   size_t *ret_n);

/*
 * Lookup for cp_expand: remembers in *hit when the answer depends on an unknown config. A masked
 * name has the value "****".
 */
struct graph_lookup {
	const struct graph_env *env;
	struct cp_str env_assumes;
	struct cp_str *hit; /* may be NULL */
	const struct cp_str *masked;
	size_t n_masked;
};
struct cp_env_lookup;
void graph_lookup_init(struct cp_env_lookup *lookup, const struct graph_lookup *self);

#endif
