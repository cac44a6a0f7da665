#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

/*
 * Copy as one line of valid UTF-8: control characters and broken bytes become '?', and the end is cut between characters.
 */
static void put_line(char *out, size_t size, struct cp_str s)
{
	size_t at = 0, width;

	while (s.n) {
		uint32_t rune = cp_utf8_decode(s, &width);
		bool bad = rune < 0x20 || (rune >= 0x7F && rune < 0xA0) ||
			   (rune == CP_RUNE_ERROR && width == 1);

		if (at + width >= size)
			break;
		if (rune == '\t') {
			out[at++] = ' ';
		} else if (bad) {
			out[at++] = '?';
		} else {
			memcpy(out + at, s.p, width);
			at += width;
		}
		s = cp_str_from(s, width);
	}
	out[at] = '\0';
}

static void format_line(char *out, size_t size, const char *format, va_list ap)
{
	char text[2048];
	int n = vsnprintf(text, sizeof(text), format, ap);

	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	put_line(out, size, cp_str_n(text, (size_t)n));
}

int cp_err_set(struct cp_err *err, int code, const char *format, ...)
{
	va_list ap;

	if (!err)
		return code;
	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(ap, format);
	format_line(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	return code;
}

int cp_err_wrap(struct cp_err *err, const char *format, ...)
{
	char before[512], message[2048];
	va_list ap;

	if (!err)
		return CP_EBUG;
	va_start(ap, format);
	format_line(before, sizeof(before), format, ap);
	va_end(ap);
	snprintf(message, sizeof(message), "%s: %s", before, err->message);
	put_line(err->message, sizeof(err->message), cp_str_c(message));
	return err->code ? err->code : CP_EBUG;
}

void cp_err_at(struct cp_err *err, struct cp_str file, int line, int column, int width,
	       struct cp_str source)
{
	if (!err)
		return;
	if (!err->file[0])
		put_line(err->file, sizeof(err->file), file);
	if (err->line == 0) {
		err->line = line;
		err->column = column;
		err->width = width;
		put_line(err->source, sizeof(err->source), source);
	}
}

void cp_err_hint(struct cp_err *err, const char *format, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, format);
	format_line(err->hint, sizeof(err->hint), format, ap);
	va_end(ap);
}

int cp_err_nomem(struct cp_err *err)
{
	return cp_err_set(err, CP_ENOMEM, "out of memory");
}

const char *cp_err_name(int code)
{
	static const char *const names[] = {"ok",        "invalid", "not-found",   "io",
					    "network",   "limit",   "unsupported", "no-memory",
					    "cancelled", "bug",     "usage"};

	return code <= 0 && code >= CP_EUSAGE ? names[-code] : "bug";
}
