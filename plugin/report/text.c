#include "report/text_int.h"

#include <stdio.h>

/* One character as it will be shown. */
struct glyph {
	char text[16];
	size_t n;
	int columns;
	size_t taken; /* bytes of the source */
};

static struct glyph next_glyph(struct cp_str s)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */
	struct glyph g = {.taken = 1};
	uint32_t rune = cp_utf8_decode(s, &g.taken);
	int n;

	if (rune == CP_RUNE_ERROR && g.taken == 1) {
		n = snprintf(g.text, sizeof(g.text), "\\x%02x", (unsigned char)s.p[0]);
	} else if (!cp_text_is_hidden(rune)) {
		memcpy(g.text, s.p, g.taken);
		g.n = g.taken;
		g.columns = cp_text_rune_width(rune);
		return g;
	} else if (rune >= 7 && rune <= 13) {
		n = snprintf(g.text, sizeof(g.text), "\\%c", letters[rune - 7]);
	} else {
		n = snprintf(g.text, sizeof(g.text),
			     rune < 0x80      ? "\\x%02x"
			     : rune < 0x10000 ? "\\u%04x"
					      : "\\U%08x",
			     rune);
	}
	g.n = (size_t)n;
	g.columns = n;
	return g;
}

int cp_text_add(struct cp_buf *out, struct cp_str s)
{
	int columns = 0;

	while (s.n) {
		struct glyph g = next_glyph(s);

		cp_buf_add(out, g.text, g.n);
		columns += g.columns;
		s = cp_str_from(s, g.taken);
	}
	return columns;
}

int cp_text_width(struct cp_str s, int limit)
{
	int columns = 0;

	while (s.n && columns < limit) {
		struct glyph g = next_glyph(s);

		columns += g.columns;
		s = cp_str_from(s, g.taken);
	}
	return columns;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of the run of blanks at s. */
static size_t blanks(struct cp_str s)
{
	size_t n = 0;

	while (n < s.n && is_blank(s.p[n]))
		n++;
	return n;
}

static int fit(struct cp_buf *out, struct cp_str s, int columns, bool ascii, bool words)
{
	int used = 0, dots = ascii ? 3 : 1, fits = 0;
	size_t cut = out->n;

	if (columns <= 0)
		return 0;
	while (s.n) {
		size_t run = words ? blanks(s) : 0;
		struct glyph g =
			run ? (struct glyph){.text = " ", .n = 1, .columns = 1, .taken = run}
			    : next_glyph(s);

		if (used + g.columns > columns) { /* back to where the ellipsis has room */
			if (cp_buf_error(out))
				return columns;
			out->n = cut;
			cp_buf_addz(out, dots <= columns ? cp_text_ellipsis(ascii) : "");
			return dots <= columns ? fits + dots : fits;
		}
		cp_buf_add(out, g.text, g.n);
		used += g.columns;
		if (used + dots <= columns) {
			cut = out->n;
			fits = used;
		}
		s = cp_str_from(s, g.taken);
	}
	return used;
}

int cp_text_fit(struct cp_buf *out, struct cp_str s, int columns, bool ascii)
{
	return fit(out, s, columns, ascii, false);
}

int cp_text_fit_words(struct cp_buf *out, struct cp_str s, int columns, bool ascii)
{
	return fit(out, s, columns, ascii, true);
}

void cp_text_spaces(struct cp_buf *out, int n)
{
	for (; n > 0; n--)
		cp_buf_addc(out, ' ');
}

void cp_text_wrap(struct cp_buf *out, struct cp_str s, int column, int indent, int width)
{
	struct cp_str rest = s, word;
	bool first = true;

	while (cp_str_split(&rest, ' ', &word)) {
		int columns = cp_text_width(word, width + 1);

		if (!first && column + 1 + columns > width) {
			cp_buf_addc(out, '\n');
			cp_text_spaces(out, indent);
			column = indent;
			first = true;
		}
		if (!first)
			cp_buf_addc(out, ' ');
		column += !first + cp_text_add(out, word);
		first = false;
	}
}

/*
 * A code span; text that would end it or a table cell becomes a code element with every sign as a
 * character reference. Forges look for mentions, issue numbers and commits outside of code only.
 */
static void code_element(struct cp_buf *out, struct cp_str s)
{
	cp_buf_addz(out, "<code>");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = c >= 0x80 || c == ' ' || (c >= '0' && c <= '9') ||
			     ((c | 32) >= 'a' && (c | 32) <= 'z');

		if (plain)
			cp_buf_addc(out, (char)c);
		else
			cp_buf_printf(out, "&#%u;", c);
	}
	cp_buf_addz(out, "</code>");
}

void cp_text_code(struct cp_buf *out, struct cp_str s)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	struct cp_str text;

	cp_text_add(&clean, s);
	text = cp_buf_str(&clean);
	if (text.n == 0 || cp_buf_error(&clean))
		return;
	if (cp_str_find(text, '`', 0) < text.n || cp_str_find(text, '|', 0) < text.n ||
	    text.p[0] == ' ' || text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\\') {
		code_element(out, text);
		return;
	}
	cp_buf_addc(out, '`');
	cp_buf_adds(out, text);
	cp_buf_addc(out, '`');
}

void cp_text_mermaid(struct cp_buf *out, struct cp_str s, int columns)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit_words(&clean, s, columns, false);
	for (size_t i = 0; i < clean.n; i++) {
		unsigned char c = (unsigned char)clean.p[i];
		bool plain = c >= 0x80 || (c >= '0' && c <= '9') ||
			     ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr(" ./-_=:,+", c));

		if (plain)
			cp_buf_addc(out, (char)c);
		else
			cp_buf_printf(out, "#%u;", c);
	}
}

void cp_text_dot(struct cp_buf *out, struct cp_str s, int columns)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit_words(&clean, s, columns, false);
	for (size_t i = 0; i < clean.n; i++) {
		if (clean.p[i] == '"' || clean.p[i] == '\\')
			cp_buf_addc(out, '\\');
		cp_buf_addc(out, clean.p[i]);
	}
}

void cp_text_markup(struct cp_buf *out, struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && strchr("&<>\"'", s.p[i]))
			cp_buf_printf(out, "&#%d;", s.p[i]);
		else
			cp_buf_addc(out, s.p[i]);
	}
}

struct cp_str cp_text_commit(struct cp_str hex)
{
	return cp_str_sub(hex, 0, 7);
}

void cp_text_bytes(struct cp_buf *out, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < CP_LEN(units); unit++)
		value /= 1024;
	cp_buf_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
