#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

void cp_free_ptr(void *pp)
{
	free(*(void **)pp);
}

void cp_buf_release(struct cp_buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

void cp_buf_clear(struct cp_buf *b)
{
	b->n = 0;
	b->failed = 0;
}

static bool fail(struct cp_buf *b, int code)
{
	for (; b; b = b->whole)
		b->failed = code;
	return false;
}

/* Room for n more bytes and a NUL. */
static bool reserve(struct cp_buf *b, size_t n)
{
	size_t want, cap;
	char *p;

	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->n, n, &want) || want > b->max)
		return fail(b, CP_ELIMIT);
	if (want < b->cap)
		return true;
	cap = b->cap ? b->cap : 64;
	while (cap <= want)
		cap = cap > SIZE_MAX / 2 ? want + 1 : cap * 2;
	p = realloc(b->p, cap);
	if (!p)
		return fail(b, CP_ENOMEM);
	b->p = p;
	b->cap = cap;
	return true;
}

char *cp_buf_grow(struct cp_buf *b, size_t n)
{
	char *at;

	if (!reserve(b, n))
		return NULL;
	at = b->p + b->n;
	b->n += n;
	b->p[b->n] = '\0';
	return at;
}

void cp_buf_add(struct cp_buf *b, const void *p, size_t n)
{
	char *at = cp_buf_grow(b, n);

	if (at && n)
		memcpy(at, p, n);
}

void cp_buf_addc(struct cp_buf *b, char c)
{
	cp_buf_add(b, &c, 1);
}

void cp_buf_adds(struct cp_buf *b, struct cp_str s)
{
	cp_buf_add(b, s.p, s.n);
}

void cp_buf_addz(struct cp_buf *b, const char *text)
{
	cp_buf_add(b, text, strlen(text));
}

void cp_buf_printf(struct cp_buf *b, const char *format, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n >= 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

bool cp_buf_read(struct cp_buf *b, int fd)
{
	ssize_t n = 1;

	while (n != 0 && !b->failed) {
		char chunk[16384];

		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			cp_buf_add(b, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			return false;
	}
	return true;
}
