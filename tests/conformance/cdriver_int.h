/*
 * The C side of the differential tests: length-prefixed inputs on stdin (four bytes, little
 * endian), one line of JSON on stdout for each. Bytes of strings are written as code points U+0000
 * to U+00FF, so that nothing is lost.
 */
#ifndef CP_TESTS_CDRIVER_INT_H
#define CP_TESTS_CDRIVER_INT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

#define CDRIVER_MAX_INPUT ((size_t)256 << 20)

/* Reads one input into b; false at the end of stdin. */
static inline bool cdriver_read(struct cp_buf *b)
{
	unsigned char head[4];
	size_t n;
	char *at;

	cp_buf_clear(b);
	if (fread(head, 1, 4, stdin) != 4)
		return false;
	n = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	at = cp_buf_grow(b, n);
	return at && fread(at, 1, n, stdin) == n;
}

/* The next part of an input that is made of parts, each with its length. */
static inline bool cdriver_take(struct cp_str *rest, struct cp_str *ret)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n;

	if (rest->n < 4)
		return false;
	n = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
	*ret = cp_str_sub(*rest, 4, 4 + n);
	*rest = cp_str_from(*rest, 4 + n);
	return true;
}

static inline void cdriver_str(struct cp_buf *b, struct cp_str s)
{
	cp_buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
			cp_buf_printf(b, "\\u%04x", c);
		else
			cp_buf_addc(b, (char)c);
	}
	cp_buf_addc(b, '"');
}

static inline void cdriver_key(struct cp_buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		cp_buf_addc(b, ',');
	cp_buf_printf(b, "\"%s\":", key);
}

static inline void cdriver_kstr(struct cp_buf *b, const char *key, struct cp_str s)
{
	cdriver_key(b, key);
	cdriver_str(b, s);
}

static inline void cdriver_kint(struct cp_buf *b, const char *key, long long v)
{
	cdriver_key(b, key);
	cp_buf_printf(b, "%lld", v);
}

static inline void cdriver_kstrs(struct cp_buf *b, const char *key, const struct cp_str *s,
				 size_t n)
{
	cdriver_key(b, key);
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			cp_buf_addc(b, ',');
		cdriver_str(b, s[i]);
	}
	cp_buf_addc(b, ']');
}

/* {"reject":..., ...}: why an input was not taken. */
static inline void cdriver_reject(struct cp_buf *b, int code, const struct cp_err *err)
{
	cp_buf_addc(b, '{');
	cdriver_kstr(b, "reject", cp_str_c(cp_err_name(code)));
	cdriver_kint(b, "line", err->line);
	cdriver_kint(b, "column", err->column);
	cdriver_kint(b, "width", err->width);
	cdriver_kstr(b, "source", cp_str_c(err->source));
	cdriver_kstr(b, "message", cp_str_c(err->message));
	cp_buf_addc(b, '}');
}

static inline void cdriver_write(struct cp_buf *b)
{
	cp_buf_addc(b, '\n');
	if (cp_buf_error(b) || fwrite(b->p, 1, b->n, stdout) != b->n)
		exit(1);
}

/* All inputs, an answer each. */
static inline int cdriver_run(void (*answer)(struct cp_buf *out, struct cp_str in))
{
	cp_auto_buf struct cp_buf in = CP_BUF_INIT(CDRIVER_MAX_INPUT),
				  out = CP_BUF_INIT(CDRIVER_MAX_INPUT);

	while (cdriver_read(&in)) {
		cp_buf_clear(&out);
		answer(&out, cp_buf_str(&in));
		cdriver_write(&out);
	}
	return 0;
}

#endif
