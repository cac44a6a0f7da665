#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static void __attribute__((noreturn)) out_of_memory(void)
{
	fputs("cachepredict: out of memory\n", stderr);
	exit(EXIT_BROKEN);
}

void *must_alloc(void *old, size_t n)
{
	void *p = realloc(old, n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *must_copy(const char *p, size_t n)
{
	char *copy = must_alloc(NULL, n + 1);

	memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

void text_add(struct text *t, const char *p, size_t n)
{
	if (t->room - t->n <= n) {
		if (n > SIZE_MAX / 2 - t->n - 64)
			out_of_memory();
		t->room = (t->n + n) * 2 + 64;
		t->p = must_alloc(t->p, t->room);
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void text_addz(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_addc(struct text *t, char c)
{
	text_add(t, &c, 1);
}

void text_addf(struct text *t, const char *format, ...)
{
	char small[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(small, sizeof(small), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		text_add(t, small, (size_t)n);
		return;
	}
	char *big = must_alloc(NULL, (size_t)n + 1);

	va_start(ap, format);
	vsnprintf(big, (size_t)n + 1, format, ap);
	va_end(ap);
	text_add(t, big, (size_t)n);
	free(big);
}

void text_release(struct text *t)
{
	free(t->p);
	*t = (struct text){0};
}

static bool is_tail(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

size_t utf8_length(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (n >= 2 && s[0] >= 0xC2 && s[0] <= 0xDF && is_tail(s[1]))
		return 2;
	if (n >= 3 && (s[0] & 0xF0) == 0xE0 && is_tail(s[1]) && is_tail(s[2]) &&
	    !(s[0] == 0xE0 && s[1] < 0xA0) && !(s[0] == 0xED && s[1] > 0x9F))
		return 3;
	if (n >= 4 && s[0] >= 0xF0 && s[0] <= 0xF4 && is_tail(s[1]) && is_tail(s[2]) &&
	    is_tail(s[3]) && !(s[0] == 0xF0 && s[1] < 0x90) && !(s[0] == 0xF4 && s[1] > 0x8F))
		return 4;
	return 0;
}

static void add_escaped(struct text *t, unsigned char c)
{
	switch (c) {
	case '"':
		text_addz(t, "\\\"");
		break;
	case '\\':
		text_addz(t, "\\\\");
		break;
	case '\n':
		text_addz(t, "\\n");
		break;
	case '\t':
		text_addz(t, "\\t");
		break;
	case '\r':
		text_addz(t, "\\r");
		break;
	default:
		text_addf(t, "\\u%04x", c);
	}
}

void text_json(struct text *t, const char *p, size_t n)
{
	text_addc(t, '"');
	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(p + i, n - i);
		unsigned char c = (unsigned char)p[i];

		if (len == 0)
			text_addz(t, "\xEF\xBF\xBD");
		else if (len == 1 && (c < 0x20 || c == '"' || c == '\\' || c == 0x7F))
			add_escaped(t, c);
		else
			text_add(t, p + i, len);
		i += len ? len : 1;
	}
	text_addc(t, '"');
}

void text_plain(struct text *t, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(p + i, n - i);
		unsigned char c = (unsigned char)p[i];
		bool c1 = len == 2 && c == 0xC2 &&
			  (unsigned char)p[i + 1] < 0xA0; /* terminals obey these, too */

		if (len == 0 || c1)
			text_addz(t, "\xEF\xBF\xBD");
		else if (len == 1 && (c < 0x20 || c == 0x7F))
			text_addc(t, c == '\t' ? ' ' : '?');
		else
			text_add(t, p + i, len);
		i += len ? len : 1;
	}
}
