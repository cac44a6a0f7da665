/* frontend/dockerfile/parser/line_parsers.go: arguments that are words. */
#include "base/utf8.h"
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

static bool is_blank(char c)
{
	return c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == ' ';
}

size_t cp_words_blank(struct cp_str s)
{
	size_t n = 0;

	while (n < s.n && is_blank(s.p[n]))
		n++;
	return n;
}

size_t cp_words_not_blank(struct cp_str s)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]))
		n++;
	return n;
}

static int keep(struct cp_parser *p, cp_word_vec *words, struct cp_str value, struct cp_str raw)
{
	if (cp_vec_push(p->a, words, (struct cp_word){value, raw}) < 0)
		return cp_err_nomem(p->err);
	return 0;
}

int cp_words_split(struct cp_parser *p, struct cp_str text, cp_word_vec *words)
{
	if (text.n == 0)
		return 0;
	for (;;) {
		size_t n = cp_words_not_blank(text), blank;

		if (keep(p, words, cp_str_sub(text, 0, n), cp_str_sub(text, 0, n)) < 0)
			return CP_ENOMEM;
		text = cp_str_from(text, n);
		blank = cp_words_blank(text);
		if (blank == 0)
			return 0;
		text = cp_str_from(text, blank);
	}
}

/*
 * One word from text[*at] on, which is no white space; its value in p->scratch. Stops behind the
 * word.
 */
static void scan_word(struct cp_parser *p, struct cp_str text, size_t *at)
{
	uint32_t quote = 0;
	size_t width;

	cp_buf_clear(&p->scratch);
	for (; *at < text.n; *at += width) {
		uint32_t ch = cp_utf8_decode(cp_str_from(text, *at), &width);

		if (!quote && cp_rune_is_space(ch))
			return;
		if (ch == (unsigned char)p->escape && quote != '\'') {
			if (*at + width == text.n)
				continue; /* a last escape character is dropped */
			cp_dockerfile_put_rune(&p->scratch, ch);
			*at += width;
			ch = cp_utf8_decode(cp_str_from(text, *at), &width);
		} else if (quote && ch == quote) {
			quote = 0;
		} else if (!quote && (ch == '\'' || ch == '"')) {
			quote = ch;
		}
		cp_dockerfile_put_rune(&p->scratch, ch);
	}
}

int cp_words_parse(struct cp_parser *p, struct cp_str text, cp_word_vec *words)
{
	size_t at = 0, width;

	for (;;) {
		struct cp_str raw, value;
		size_t begin;

		while (at < text.n &&
		       cp_rune_is_space(cp_utf8_decode(cp_str_from(text, at), &width)))
			at += width;
		if (at == text.n)
			return 0;
		begin = at;
		scan_word(p, text, &at);
		if (cp_buf_error(&p->scratch))
			return cp_err_nomem(p->err);
		if (p->scratch.n == 0)
			continue;
		raw = cp_str_sub(text, begin, at);
		value = cp_str_eq(cp_buf_str(&p->scratch), raw)
				? raw
				: cp_arena_str(p->a, cp_buf_str(&p->scratch));
		if (!value.p || keep(p, words, value, raw) < 0)
			return cp_err_nomem(p->err);
	}
}

static int keep_pair(struct cp_parser *p, cp_word_vec *words, struct cp_str key,
		     struct cp_str value, struct cp_str delimiter, struct cp_str raw)
{
	int r = keep(p, words, key, raw);

	if (r == 0)
		r = keep(p, words, value, raw);
	return r < 0 ? r : keep(p, words, delimiter, raw);
}

/* The form without "=": the rest of the line is the value. */
static int legacy_pair(struct cp_parser *p, const struct cp_node *n, struct cp_str text,
		       const char *instruction, cp_word_vec *words)
{
	struct cp_str key = cp_str_sub(text, 0, cp_words_not_blank(text));
	struct cp_str rest = cp_str_from(text, key.n);

	if (rest.n == 0)
		return cp_parser_fail(p, n, key, "%s must have two arguments", instruction);
	rest = cp_str_from(rest, cp_words_blank(rest));
	return keep_pair(p, words, key, rest, CP_S(""), text);
}

int cp_words_pairs(struct cp_parser *p, const struct cp_node *n, struct cp_str text,
		   const char *instruction, cp_word_vec *words)
{
	char quoted[CP_DOCKERFILE_QUOTED];
	cp_word_vec pairs = {0};
	int r = cp_words_parse(p, text, &pairs);

	if (r < 0 || pairs.n == 0)
		return r;
	if (cp_str_find(pairs.items[0].value, '=', 0) == pairs.items[0].value.n)
		return legacy_pair(p, n, text, instruction, words);
	for (size_t i = 0; r == 0 && i < pairs.n; i++) {
		const struct cp_word *w = &pairs.items[i];
		size_t equals = cp_str_find(w->value, '=', 0);

		if (equals == w->value.n)
			return cp_parser_fail(p, n, w->raw,
					      "Syntax error - can't find = in %s. Must be of the "
					      "form: name=value",
					      cp_dockerfile_quote(w->value, quoted));
		r = keep_pair(p, words, cp_str_sub(w->value, 0, equals),
			      cp_str_from(w->value, equals + 1), CP_S("="), w->raw);
	}
	return r;
}
