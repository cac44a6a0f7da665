/* Heredocs: frontend/dockerfile/parser/parser.go heredocsFromLine, heredocFromMatch. */
#include "dockerfile/parse_int.h"

#define REGEXP_SPACE "\t\n\f\r " /* \s of package regexp */

static size_t count_quotes(struct cp_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\'' || s.p[i] == '"';
	return n;
}

/* reHeredoc, ^(\d*)<<(-?)\s*([^<]*)$: the third group, p NULL when it does not match. */
static struct cp_str operator_word(struct cp_str s, bool *ret_chomp)
{
	const struct cp_str none = {NULL, 0};
	size_t digits = 0;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	s = cp_str_from(s, digits);
	if (!cp_str_starts(s, CP_S("<<")))
		return none;
	s = cp_str_from(s, 2);
	*ret_chomp = cp_str_starts(s, CP_S("-"));
	s = cp_str_trim_left(cp_str_from(s, *ret_chomp), REGEXP_SPACE);
	return cp_str_find(s, '<', 0) == s.n ? s : none;
}

int cp_heredoc_parse(struct cp_arena *a, struct cp_str word, struct cp_heredoc *ret_heredoc,
		     bool *ret_is, struct cp_err *err)
{
	struct cp_lexer lexer = {.escape = '\\', .skip_unset = true};
	struct cp_str *words, *raw_words;
	size_t n_words, n_raw;
	struct cp_heredoc h = {0};
	int r;

	*ret_is = false;
	word = operator_word(word, &h.chomp);
	if (word.n == 0)
		return 0;
	r = cp_expand_words(a, &lexer, word, NULL, &words, &n_words, err);
	if (r < 0 || n_words != 1)
		return r;
	lexer.raw_quotes = true;
	r = cp_expand_words(a, &lexer, word, NULL, &raw_words, &n_raw, err);
	if (r < 0)
		return r;
	if (n_raw != 1)
		return cp_err_set(err, CP_EINVAL,
				  "internal lexing of heredoc produced inconsistent results: %.*s",
				  CP_STR(word));
	h.name = words[0];
	/* quotes only in the raw word: part of it is quoted, so the body is not expanded */
	h.expand = count_quotes(words[0]) == count_quotes(raw_words[0]);
	*ret_heredoc = h;
	*ret_is = true;
	return 0;
}

static struct cp_str chop_tabs(struct cp_str line)
{
	return cp_str_trim_left(line, "\t");
}

/* The body up to the terminator; CP_EINVAL without a message when there is none. */
static int read_body(struct cp_parser *p, struct cp_heredoc *h)
{
	size_t begin = p->lines.at, end = begin;
	struct cp_str line;

	while (cp_lines_next(&p->lines, &line)) {
		struct cp_str maybe = cp_lines_chop(line);

		if (cp_str_eq(h->chomp ? chop_tabs(maybe) : maybe, h->name)) {
			h->content = cp_arena_str(p->a, cp_str_sub(p->lines.text, begin, end));
			return h->content.p ? 0 : CP_ENOMEM;
		}
		end = p->lines.at;
	}
	return CP_EINVAL;
}

/* The n-th "<<" of a line up to the next white space: where an error about a heredoc points. */
static struct cp_str operator_at(struct cp_str line, size_t n)
{
	size_t at = cp_str_find_str(line, CP_S("<<"), 0), end;

	while (n-- > 0 && at < line.n)
		at = cp_str_find_str(line, CP_S("<<"), at + 2);
	if (at == line.n)
		return (struct cp_str){NULL, 0};
	end = at + 2;
	while (end < line.n && !strchr(" \t\r", line.p[end]))
		end++;
	return cp_str_sub(line, at, end);
}

int cp_heredocs_read(struct cp_parser *p, struct cp_node *n)
{
	const struct cp_lexer lexer = {
		.escape = '\\',
		.raw_quotes = true,
		.raw_escapes = true,
		.skip_unset = true,
	};
	CP_VEC(struct cp_heredoc) docs = {0};
	struct cp_str *words = NULL;
	size_t n_words = 0;
	int r = cp_expand_words(p->a, &lexer, n->original, NULL, &words, &n_words, p->err);

	/* BuildKit takes a line that cannot be split for one without heredocs */
	if (r < 0 && r != CP_EINVAL)
		return cp_parser_at(p, n, n->name.raw, r);
	for (size_t i = 0; i < n_words; i++) {
		struct cp_heredoc h;
		bool is;

		r = cp_heredoc_parse(p->a, words[i], &h, &is, p->err);
		if (r < 0)
			return cp_parser_at(p, n, operator_at(n->original, docs.n), r);
		if (is && cp_vec_push(p->a, &docs, h) < 0)
			return cp_err_nomem(p->err);
	}
	for (size_t i = 0; i < docs.n; i++) {
		r = read_body(p, &docs.items[i]);
		if (r == CP_EINVAL)
			return cp_parser_fail(p, n, operator_at(n->original, i),
					      "unterminated heredoc");
		if (r < 0)
			return cp_err_nomem(p->err);
	}
	n->heredocs = docs.items;
	n->n_heredocs = docs.n;
	return 0;
}

struct cp_str cp_heredoc_chomp(struct cp_arena *a, struct cp_str content)
{
	char *out = cp_arena_alloc(a, content.n + 1);
	bool line_start = true;
	size_t n = 0;

	if (!out)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < content.n; i++) {
		if (line_start && content.p[i] == '\t')
			continue;
		line_start = content.p[i] == '\n';
		out[n++] = content.p[i];
	}
	return cp_str_n(out, n);
}
