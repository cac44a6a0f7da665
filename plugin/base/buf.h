/*
 * Owned, growing bytes with a maximum. Failure is sticky: after an allocation failure or a write past
 * the maximum, every later call does nothing, and cp_buf_error() says which it was. Callers append
 * freely and check once.
 */
#ifndef CP_BASE_BUF_H
#define CP_BASE_BUF_H

#include "base/attr.h"
#include "base/str.h"

struct cp_buf {
	char *p;              /* NUL after the last byte when n > 0 */
	size_t n;             /* bytes used */
	size_t cap;           /* bytes allocated */
	size_t max;           /* never more than this many bytes */
	int failed;           /* 0, CP_ENOMEM or CP_ELIMIT */
	struct cp_buf *whole; /* fails when this one does; NULL = none */
};

#define CP_BUF_INIT(limit)                                                                         \
	{                                                                                          \
		NULL, 0, 0, (limit), 0, NULL                                                       \
	}

/* A text that goes into `whole` later, and must not be missing from it in silence. Not longer-lived than `whole`. */
#define CP_BUF_PART(whole, limit)                                                                  \
	{                                                                                          \
		NULL, 0, 0, (limit), 0, (whole)                                                    \
	}

void cp_buf_release(struct cp_buf *b);
/* Forget the content, keep the memory and clear the failure. */
void cp_buf_clear(struct cp_buf *b);

void cp_buf_add(struct cp_buf *b, const void *p, size_t n);
void cp_buf_addc(struct cp_buf *b, char c);
void cp_buf_adds(struct cp_buf *b, struct cp_str s);
void cp_buf_addz(struct cp_buf *b, const char *text);
void cp_buf_printf(struct cp_buf *b, const char *format, ...) CP_PRINTF(2, 3);
/* What a descriptor gives until its end, or until the buffer is full. False: reading failed; errno says why. */
bool cp_buf_read(struct cp_buf *b, int fd);
/* Room for n more bytes, uninitialised; NULL on failure. The caller writes all n. */
char *cp_buf_grow(struct cp_buf *b, size_t n);

/* What it holds, borrowed until the next append. */
static inline struct cp_str cp_buf_str(const struct cp_buf *b)
{
	return cp_str_n(b->p ? b->p : "", b->n);
}

/* 0, CP_ENOMEM or CP_ELIMIT. */
static inline int cp_buf_error(const struct cp_buf *b)
{
	return b->failed;
}

#define cp_auto_buf __attribute__((cleanup(cp_buf_release)))

#endif
