/*
 * Hash map from bytes to a pointer, in an arena. Iterates in insertion order, so results never
 * depend on a hash seed. Keys are borrowed: they must live as long as the map.
 */
#ifndef CP_BASE_MAP_H
#define CP_BASE_MAP_H

#include "base/arena.h"

struct cp_map_item {
	struct cp_str key;
	void *value;
	uint64_t hash;
};

struct cp_map {
	struct cp_map_item *items; /* in insertion order */
	size_t n;
	size_t cap;
	uint32_t *slots; /* index + 1 into items, 0 = free */
	size_t n_slots;
};

/* The value of a key, NULL when absent. */
void *cp_map_get(const struct cp_map *m, struct cp_str key);
/* Sets or replaces. 0 or CP_ENOMEM. A zeroed struct cp_map is an empty map. */
int cp_map_put(struct cp_arena *a, struct cp_map *m, struct cp_str key, void *value);

uint64_t cp_hash64(const void *p, size_t n);

#endif
