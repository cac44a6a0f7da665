#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const struct {
	int32_t code;
	int exit_code;
	const char *name;
} codes[] = {
	{CACHEPREDICT_EINVAL, EXIT_INPUT, "invalid"},
	{CACHEPREDICT_ENOTFOUND, EXIT_NOTHING, "not-found"},
	{CACHEPREDICT_EIO, EXIT_BROKEN, "io"},
	{CACHEPREDICT_ENET, EXIT_NETWORK, "network"},
	{CACHEPREDICT_ELIMIT, EXIT_INPUT, "limit"},
	{CACHEPREDICT_EUNSUPPORTED, EXIT_USAGE, "unsupported"},
	{CACHEPREDICT_ENOMEM, EXIT_BROKEN, "out-of-memory"},
	{CACHEPREDICT_ECANCELLED, EXIT_BROKEN, "cancelled"},
	{CACHEPREDICT_EBUG, EXIT_BROKEN, "bug"},
	{CACHEPREDICT_EUSAGE, EXIT_USAGE, "usage"},
};

int exit_code_of(int32_t error_code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == error_code)
			return codes[i].exit_code;
	return EXIT_BROKEN;
}

const char *error_name(int32_t error_code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == error_code)
			return codes[i].name;
	return "unknown";
}

int fail(int exit_code, const char *hint, const char *format, ...)
{
	struct text out = {0};
	char message[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	text_addz(&out, "cachepredict: ");
	text_plain(&out, message, strlen(message));
	text_addc(&out, '\n');
	if (hint && *hint) {
		text_addz(&out, "hint: ");
		text_plain(&out, hint, strlen(hint));
		text_addc(&out, '\n');
	}
	fwrite(out.p, 1, out.n, stderr);
	text_release(&out);
	return exit_code;
}

/* Columns that `n` bytes of a line take: one a character, and tabs were made into spaces. */
static size_t columns(const char *p, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; c++) {
		size_t len = utf8_length(p + i, n - i);

		i += len ? len : 1;
	}
	return c;
}

/*
 *    12 | COPY --chwon=app src/ ./src/
 *       |      ^~~~~~~
 */
static void add_source(struct text *out, const struct cachepredict_error *e)
{
	size_t n = strlen(e->source), at = e->column > 0 ? (size_t)e->column - 1 : 0;
	size_t width = e->width > 1 ? (size_t)e->width : 1;

	text_addf(out, "%5d | ", e->line);
	text_plain(out, e->source, n);
	text_addc(out, '\n');
	if (e->column <= 0 || at > n)
		return;
	if (width > n - at)
		width = n - at ? n - at : 1;
	text_addz(out, "      | ");
	for (size_t i = columns(e->source, at); i > 0; i--)
		text_addc(out, ' ');
	text_addc(out, '^');
	for (size_t i = columns(e->source + at, width); i > 1; i--)
		text_addc(out, '~');
	text_addc(out, '\n');
}

int fail_plugin(const struct cachepredict_error *e)
{
	struct text out = {0};

	if (e->file[0] && e->line > 0) {
		text_plain(&out, e->file, strlen(e->file));
		text_addf(&out, ":%d:", e->line);
		if (e->column > 0)
			text_addf(&out, "%d:", e->column);
		text_addc(&out, ' ');
	} else {
		text_addz(&out, "cachepredict: ");
		if (e->file[0] && !strstr(e->message, e->file)) {
			text_plain(&out, e->file, strlen(e->file));
			text_addz(&out, ": ");
		}
	}
	text_plain(&out, e->message, strlen(e->message));
	text_addc(&out, '\n');
	if (e->source[0] && e->line > 0)
		add_source(&out, e);
	if (e->hint[0]) {
		text_addz(&out, "hint: ");
		text_plain(&out, e->hint, strlen(e->hint));
		text_addc(&out, '\n');
	}
	fwrite(out.p, 1, out.n, stderr);
	text_release(&out);
	return exit_code_of(e->code);
}
