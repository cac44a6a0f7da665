/*
 * A text that grows, for requests, answers of rpc and help pages, and JSON strings in it. The
 * helper is a program of its own: when memory runs out it says so and ends (exit code 7), so
 * nothing here fails.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *p; /* ends in NUL once something was added */
	size_t n, room;
};

void text_add(struct text *t, const char *p, size_t n);
void text_addz(struct text *t, const char *s);
void text_addc(struct text *t, char c);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_release(struct text *t);

/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD, as the plugin does it. */
void text_json(struct text *t, const char *p, size_t n);
/* The same without quotes, and bare of control characters: for a terminal. */
void text_plain(struct text *t, const char *p, size_t n);
/* Length of the UTF-8 sequence at p (1-4), 0 when there is none. */
size_t utf8_length(const char *p, size_t n);

/* realloc and copies that never fail. */
void *must_alloc(void *old, size_t n);
char *must_copy(const char *p, size_t n);

#endif
