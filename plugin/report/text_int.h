/*
 * Text of strangers on its way to people: escaped for where it goes, counted in columns, cut to
 * fit.
 *
 * Terminals: a control character, a broken byte or an invisible one that moves text about
 * (direction marks) is shown as \n, \x1b, \u202e. Columns: two for the wide characters of East Asia
 * and emoji, none for combining marks, one for the rest; libc's wcwidth would follow the host's
 * locale, so the ranges are our own and coarse (text_width.c).
 */
#ifndef CP_REPORT_TEXT_INT_H
#define CP_REPORT_TEXT_INT_H

#include "report/report.h"

/* Columns of one character: 0, 1 or 2. */
int cp_text_rune_width(uint32_t rune);
/* Must it be written as an escape to be seen? */
bool cp_text_is_hidden(uint32_t rune);

/* Escaped for a terminal. Returns the columns taken. */
int cp_text_add(struct cp_buf *out, struct cp_str s);
/* The same in at most `columns`, cut with an ellipsis. */
int cp_text_fit(struct cp_buf *out, struct cp_str s, int columns, bool ascii);
/* Columns that cp_text_add would take, counted up to `limit`. */
int cp_text_width(struct cp_str s, int limit);
/* cp_text_fit with every run of blanks, tabs and line breaks shown as one blank: for commands. */
int cp_text_fit_words(struct cp_buf *out, struct cp_str s, int columns, bool ascii);
void cp_text_spaces(struct cp_buf *out, int n);
/*
 * Words wrapped to `width` columns; lines after the first start with `indent` spaces. `column`:
 * where the first line stands.
 */
void cp_text_wrap(struct cp_buf *out, struct cp_str s, int column, int indent, int width);

/* Markdown: text as code, so that nothing in it is markup, a link or a mention. */
void cp_text_code(struct cp_buf *out, struct cp_str s);
/* Inside a double-quoted Mermaid label. */
void cp_text_mermaid(struct cp_buf *out, struct cp_str s, int columns);
/* Inside a double-quoted dot string. */
void cp_text_dot(struct cp_buf *out, struct cp_str s, int columns);

/* Text or a quoted attribute of XML and HTML: &, <, >, " and ' are references. Hidden characters are the caller's (cp_text_add). */
void cp_text_markup(struct cp_buf *out, struct cp_str s);

/* The first 7 digits of a commit. */
struct cp_str cp_text_commit(struct cp_str hex);

/* What a noun takes after a number. */
static inline const char *cp_text_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Our own signs, plain where `ascii` is set. */
static inline const char *cp_text_ellipsis(bool ascii)
{
	return ascii ? "..." : "\xe2\x80\xa6";
}
static inline const char *cp_text_dot_sign(bool ascii)
{
	return ascii ? "-" : "\xc2\xb7";
}
static inline const char *cp_text_arrow(bool ascii)
{
	return ascii ? "->" : "\xe2\x86\x92";
}

/* "18.2 KiB", and plain bytes below that. */
void cp_text_bytes(struct cp_buf *out, uint64_t bytes);

#endif
