/* Numbers and dates are passed over; keys given twice are not refused: the reader sees both. See toml.h. */
#include <stdio.h>

#include "base/toml.h"

#include "base/buf.h"
#include "base/utf8.h"

struct toml {
	struct cp_arena *a;
	struct cp_str text, name;
	size_t at;
	int line;
	const struct cp_toml_reader *reader;
	struct cp_str path[CP_TOML_DEPTH];
	size_t n_path, n_table; /* n_table: of the [table] at hand */
	struct cp_err *err;
};

static int read_value(struct toml *t, unsigned depth);

static int bad(struct toml *t, const char *what)
{
	cp_err_set(t->err, CP_EINVAL, "%s", what);
	cp_err_at(t->err, t->name, t->line, 0, 0, CP_S(""));
	return CP_EINVAL;
}

static int peek(const struct toml *t)
{
	return t->at < t->text.n ? (unsigned char)t->text.p[t->at] : -1;
}

static bool take(struct toml *t, struct cp_str what)
{
	if (!cp_str_starts(cp_str_from(t->text, t->at), what))
		return false;
	t->at += what.n;
	return true;
}

static void skip_blanks(struct toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->at++;
}

/* Blanks, comments and line ends. */
static void skip_lines(struct toml *t)
{
	for (;;) {
		skip_blanks(t);
		if (peek(t) == '#')
			t->at = cp_str_find(t->text, '\n', t->at);
		if (peek(t) == '\r' && t->at + 1 < t->text.n && t->text.p[t->at + 1] == '\n')
			t->at++;
		if (peek(t) != '\n')
			return;
		t->at++;
		t->line++;
	}
}

/* After a key and its value, or a table's header, there is nothing more on the line. */
static int end_line(struct toml *t)
{
	int line = t->line;

	skip_lines(t);
	return peek(t) < 0 || t->line > line ? 0 : bad(t, "something follows on the same line");
}

/* ---- strings ---- */

static int read_rune(struct toml *t, size_t n_digits, struct cp_buf *out)
{
	struct cp_str digits = cp_str_sub(t->text, t->at, t->at + n_digits);
	char rune[4];
	int64_t c;

	if (digits.n != n_digits || !cp_str_to_int(digits, 16, &c) || c < 0 || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return bad(t, "no character has this number");
	t->at += n_digits;
	cp_buf_add(out, rune, cp_utf8_encode((uint32_t)c, rune));
	return 0;
}

static int read_escape(struct toml *t, bool many_lines, struct cp_buf *out)
{
	static const char from[] = "btnfr\"\\e", to[] = "\b\t\n\f\r\"\\\033";
	int c = peek(t);
	const char *known = c > 0 ? strchr(from, c) : NULL;

	if (known) {
		t->at++;
		cp_buf_addc(out, to[known - from]);
		return 0;
	}
	if (c == 'u' || c == 'U') {
		t->at++;
		return read_rune(t, c == 'u' ? 4 : 8, out);
	}
	if (!many_lines || (c != '\n' && c != '\r' && c != ' ' && c != '\t'))
		return bad(t, "an unknown escape in a string");
	while (peek(t) == ' ' || peek(t) == '\t' || peek(t) == '\r' || peek(t) == '\n') {
		t->line += peek(t) == '\n';
		t->at++;
	}
	return 0;
}

/* At its first quote. */
static int read_string(struct toml *t, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(t->text.n + 4);
	char quote = (char)peek(t);
	char three[3] = {quote, quote, quote};
	bool many_lines = take(t, cp_str_n(three, 3));
	struct cp_str end = cp_str_n(three, many_lines ? 3 : 1);
	int r = 0;

	if (!many_lines)
		t->at++;
	else if (!take(t, CP_S("\r\n")))
		take(t, CP_S("\n"));
	if (many_lines && t->at && t->text.p[t->at - 1] == '\n')
		t->line++;
	while (r == 0 && !take(t, end)) {
		int c = peek(t);

		if (c < 0 || (c == '\n' && !many_lines))
			return bad(t, "a string is not closed");
		t->at++;
		t->line += c == '\n';
		if (c == '\\' && quote == '"')
			r = read_escape(t, many_lines, &out);
		else
			cp_buf_addc(&out, (char)c);
	}
	while (r == 0 && many_lines && peek(t) == quote) { /* quotes right before the end */
		t->at++;
		cp_buf_addc(&out, quote);
	}
	if (r < 0)
		return r;
	*ret = cp_arena_str(t->a, cp_buf_str(&out));
	return cp_buf_error(&out) || !ret->p ? cp_err_nomem(t->err) : 0;
}

/* ---- keys ---- */

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* a."b.c".d behind the path at hand */
static int read_key(struct toml *t)
{
	for (;;) {
		size_t from;
		int r = 0;

		skip_blanks(t);
		if (t->n_path == CP_TOML_DEPTH)
			return bad(t, "tables are nested too deeply");
		from = t->at;
		if (peek(t) == '"' || peek(t) == '\'') {
			r = read_string(t, &t->path[t->n_path]);
		} else {
			while (is_bare(peek(t)))
				t->at++;
			if (t->at == from)
				return bad(t, "a key is expected");
			t->path[t->n_path] = cp_str_sub(t->text, from, t->at);
		}
		if (r < 0)
			return r;
		t->n_path++;
		skip_blanks(t);
		if (!take(t, CP_S(".")))
			return 0;
	}
}

static int read_pair(struct toml *t, unsigned depth)
{
	size_t before = t->n_path;
	int r = read_key(t);

	if (r == 0 && !take(t, CP_S("=")))
		r = bad(t, "\"=\" is expected");
	skip_blanks(t);
	if (r == 0)
		r = read_value(t, depth);
	t->n_path = before;
	return r;
}

/* ---- values ---- */

static int emit(struct toml *t, enum cp_toml_kind kind, struct cp_str text, bool is_true)
{
	struct cp_toml_value v = {t->path, t->n_path, kind, text, is_true};

	return t->reader->on_value(t->reader->self, &v) < 0 ? cp_err_nomem(t->err) : 0;
}

static int read_array(struct toml *t, unsigned depth)
{
	for (;;) {
		int r;

		skip_lines(t);
		if (take(t, CP_S("]")))
			return 0;
		r = read_value(t, depth + 1);
		if (r < 0)
			return r;
		skip_lines(t);
		if (!take(t, CP_S(",")) && peek(t) != ']')
			return bad(t, "an array is not closed");
	}
}

static int read_inline_table(struct toml *t, unsigned depth)
{
	skip_lines(t);
	if (take(t, CP_S("}")))
		return 0;
	for (;;) {
		int r;

		skip_lines(t);
		r = read_pair(t, depth + 1);
		if (r < 0)
			return r;
		skip_lines(t);
		if (take(t, CP_S("}")))
			return 0;
		if (!take(t, CP_S(",")))
			return bad(t, "an inline table is not closed");
	}
}

static int read_value(struct toml *t, unsigned depth)
{
	size_t from = t->at;
	struct cp_str word;

	if (depth > CP_TOML_DEPTH)
		return bad(t, "values are nested too deeply");
	if (peek(t) == '"' || peek(t) == '\'') {
		int r = read_string(t, &word);

		return r < 0 ? r : emit(t, CP_TOML_STRING, word, false);
	}
	if (take(t, CP_S("[")))
		return read_array(t, depth);
	if (take(t, CP_S("{")))
		return read_inline_table(t, depth);
	while (is_bare(peek(t)) || peek(t) == '+' || peek(t) == '.' || peek(t) == ':')
		t->at++;
	word = cp_str_sub(t->text, from, t->at);
	if (!word.n)
		return bad(t, "a value is expected");
	if (cp_str_eq(word, CP_S("true")) || cp_str_eq(word, CP_S("false")))
		return emit(t, CP_TOML_BOOL, word, word.n == 4);
	if (!strchr("0123456789+-in", word.p[0])) /* numbers, dates, inf, nan */
		return bad(t, "a value is expected");
	return emit(t, CP_TOML_OTHER, word, false);
}

/* ---- tables ---- */

static int read_header(struct toml *t)
{
	bool array = take(t, CP_S("[["));
	int r;

	if (!array)
		t->at++;
	t->n_path = 0;
	r = read_key(t);
	if (r < 0)
		return r;
	if (!take(t, array ? CP_S("]]") : CP_S("]")))
		return bad(t, "the name of a table is not closed");
	t->n_table = t->n_path;
	if (t->reader->on_table && t->reader->on_table(t->reader->self, t->path, t->n_path) < 0)
		return cp_err_nomem(t->err);
	return end_line(t);
}

int cp_toml_read(struct cp_arena *a, struct cp_str text, struct cp_str name,
		 const struct cp_toml_reader *reader, struct cp_err *err)
{
	struct toml t = {
		.a = a, .text = text, .name = name, .line = 1, .reader = reader, .err = err};
	int r = 0;

	take(&t, CP_S("\xef\xbb\xbf"));
	for (skip_lines(&t); r == 0 && peek(&t) >= 0; skip_lines(&t)) {
		if (peek(&t) == '[') {
			r = read_header(&t);
			continue;
		}
		t.n_path = t.n_table;
		r = read_pair(&t, 0);
		if (r == 0)
			r = end_line(&t);
	}
	return r;
}
