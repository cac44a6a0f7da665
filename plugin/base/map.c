#include "base/map.h"

#include <xxhash.h>

#include "base/err.h"

uint64_t cp_hash64(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

/* Slot that holds the key, or the free slot where it belongs. n_slots is a power of two and never full. */
static size_t slot_of(const struct cp_map *m, struct cp_str key, uint64_t hash)
{
	size_t at = hash & (m->n_slots - 1);

	while (m->slots[at]) {
		const struct cp_map_item *item = &m->items[m->slots[at] - 1];

		if (item->hash == hash && cp_str_eq(item->key, key))
			break;
		at = (at + 1) & (m->n_slots - 1);
	}
	return at;
}

void *cp_map_get(const struct cp_map *m, struct cp_str key)
{
	size_t at;

	if (m->n_slots == 0)
		return NULL;
	at = slot_of(m, key, cp_hash64(key.p, key.n));
	return m->slots[at] ? m->items[m->slots[at] - 1].value : NULL;
}

static int grow(struct cp_arena *a, struct cp_map *m)
{
	size_t n = m->n_slots ? m->n_slots * 2 : 16;
	uint32_t *slots = cp_arena_array(a, n, sizeof(*slots));

	if (!slots)
		return CP_ENOMEM;
	m->slots = slots;
	m->n_slots = n;
	for (size_t i = 0; i < m->n; i++)
		slots[slot_of(m, m->items[i].key, m->items[i].hash)] = (uint32_t)(i + 1);
	return 0;
}

int cp_map_put(struct cp_arena *a, struct cp_map *m, struct cp_str key, void *value)
{
	uint64_t hash = cp_hash64(key.p, key.n);
	size_t at;

	if ((m->n + 1) * 4 > m->n_slots * 3 && grow(a, m) < 0)
		return CP_ENOMEM;
	at = slot_of(m, key, hash);
	if (m->slots[at]) {
		m->items[m->slots[at] - 1].value = value;
		return 0;
	}
	if (cp_vec_push(a, m, (struct cp_map_item){key, value, hash}) < 0)
		return CP_ENOMEM;
	m->slots[at] = (uint32_t)m->n;
	return 0;
}
