#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

#define FIRST_CHUNK ((size_t)16 << 10)
#define LARGEST_CHUNK ((size_t)1 << 20)

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(16) unsigned char bytes[];
};

struct cp_arena {
	struct chunk *head;
	size_t used, max, next_chunk;
	bool plain_malloc;
	int failed; /* of an allocation: 0, CP_ENOMEM, CP_ELIMIT */
};

struct cp_arena *cp_arena_new(size_t max)
{
	struct cp_arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->max = max;
	a->next_chunk = FIRST_CHUNK;
#ifdef CP_ARENA_DEBUG
	a->plain_malloc = true;
#endif
	return a;
}

void cp_arena_free(struct cp_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

int cp_arena_failed(const struct cp_arena *a)
{
	return a->failed;
}

static struct chunk *add_chunk(struct cp_arena *a, size_t n)
{
	size_t cap = a->plain_malloc ? n : a->next_chunk;
	struct chunk *c;

	if (cap < n)
		cap = n;
	c = calloc(1, sizeof(*c) + cap);
	if (!c) {
		a->failed = CP_ENOMEM;
		return NULL;
	}
	c->cap = cap;
	c->next = a->head;
	a->head = c;
	if (a->next_chunk < LARGEST_CHUNK)
		a->next_chunk *= 2;
	return c;
}

void *cp_arena_alloc(struct cp_arena *a, size_t n)
{
	struct chunk *c = a->head;
	size_t size = n ? n : 1;
	void *p;

	if (size > a->max || a->used > a->max - size) {
		a->failed = CP_ELIMIT;
		return NULL;
	}
	if (!a->plain_malloc)
		size = (size + 15) & ~(size_t)15;
	if (!c || a->plain_malloc || c->cap - c->used < size) {
		c = add_chunk(a, size);
		if (!c)
			return NULL;
	}
	p = c->bytes + c->used;
	c->used += size;
	a->used += size;
	return p;
}

void *cp_arena_array(struct cp_arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n)) {
		a->failed = CP_ELIMIT;
		return NULL;
	}
	return cp_arena_alloc(a, n);
}

struct cp_str cp_arena_cat(struct cp_arena *a, struct cp_str x, struct cp_str y)
{
	char *p = cp_arena_alloc(a, x.n + y.n + 1);

	if (!p)
		return (struct cp_str){NULL, 0};
	if (x.n)
		memcpy(p, x.p, x.n);
	if (y.n)
		memcpy(p + x.n, y.p, y.n);
	return cp_str_n(p, x.n + y.n);
}

struct cp_str cp_arena_str(struct cp_arena *a, struct cp_str s)
{
	return cp_arena_cat(a, s, (struct cp_str){NULL, 0});
}

struct cp_str cp_arena_printf(struct cp_arena *a, const char *format, ...)
{
	struct cp_str s = {NULL, 0};
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n >= 0)
		p = cp_arena_alloc(a, (size_t)n + 1);
	if (p) {
		vsnprintf(p, (size_t)n + 1, format, again);
		s = cp_str_n(p, (size_t)n);
	}
	va_end(again);
	return s;
}

size_t cp_arena_used(const struct cp_arena *a)
{
	return a->used;
}

_Static_assert(CP_VEC_NOMEM == CP_ENOMEM, "cp_vec_push returns an error code");

int cp_vec_reserve(struct cp_arena *a, void **items, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap * 2 : 8;
	void *grown;

	if (n < *cap)
		return 0;
	grown = cp_arena_array(a, want, size);
	if (!grown)
		return CP_ENOMEM;
	if (n)
		memcpy(grown, *items, n * size);
	*items = grown;
	*cap = want;
	return 0;
}
