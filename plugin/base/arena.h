/*
 * Memory of one run. Everything that flows between rooms lives in an arena and dies with it.
 * With CP_ARENA_DEBUG=1 in the environment of a debug build every object is a plain malloc, so that
 * AddressSanitizer sees its bounds.
 * An arena is used by one thread at a time.
 */
#ifndef CP_BASE_ARENA_H
#define CP_BASE_ARENA_H

#include "base/attr.h"
#include "base/str.h"

struct cp_arena;

/* A new arena that refuses to hold more than `max` bytes; NULL when there is no memory. */
struct cp_arena *cp_arena_new(size_t max);
/* Frees everything. NULL is fine. */
void cp_arena_free(struct cp_arena *a);
static inline void cp_arena_free_ptr(struct cp_arena **a)
{
	cp_arena_free(*a);
}
#define cp_auto_arena __attribute__((cleanup(cp_arena_free_ptr)))

/*
 * 0, or why an allocation of this arena failed at some time: CP_ENOMEM or CP_ELIMIT. A value that was made of what came back NULL
 * may look whole, so the owner of a flow asks this at its end.
 */
int cp_arena_failed(const struct cp_arena *a);

/* Zeroed bytes, aligned for any type; NULL when there is no memory or the maximum is reached. n = 0 gives a valid pointer. */
void *cp_arena_alloc(struct cp_arena *a, size_t n);
/* Zeroed array with the multiplication checked. */
void *cp_arena_array(struct cp_arena *a, size_t count, size_t size);
#define CP_NEW(a, type) ((type *)cp_arena_alloc((a), sizeof(type)))

/* Copies of text, NUL-terminated after their last byte. `ret_s->p` is NULL when there is no memory. */
struct cp_str cp_arena_str(struct cp_arena *a, struct cp_str s);
struct cp_str cp_arena_printf(struct cp_arena *a, const char *format, ...) CP_PRINTF(2, 3);
/* Joined copies. */
struct cp_str cp_arena_cat(struct cp_arena *a, struct cp_str x, struct cp_str y);

/* Bytes handed out so far. */
size_t cp_arena_used(const struct cp_arena *a);

/*
 * A growing array in an arena:  CP_VEC(struct cp_str) names = {0};
 * cp_vec_push returns 0 or CP_ENOMEM; the old array stays in the arena when it grows.
 */
#define CP_VEC(type)                                                                               \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t n, cap;                                                                     \
	}
int cp_vec_reserve(struct cp_arena *a, void **items, size_t *cap, size_t n, size_t size);
#define cp_vec_push(a, v, ...)                                                                     \
	(cp_vec_reserve((a), (void **)&(v)->items, &(v)->cap, (v)->n, sizeof(*(v)->items)) < 0     \
		 ? CP_VEC_NOMEM                                                                    \
		 : ((v)->items[(v)->n++] = (__VA_ARGS__), 0))
#define CP_VEC_NOMEM (-7) /* CP_ENOMEM, without needing err.h here */

#endif
