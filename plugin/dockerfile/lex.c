/* frontend/dockerfile/shell/lex.go: quotes, escapes, the split into words. */
#include "dockerfile/lex_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "dockerfile/text_int.h"

static void peek(struct cp_lex *lx)
{
	lx->width = 0;
	lx->ch = lx->rest.n ? cp_utf8_decode(lx->rest, &lx->width) : CP_LEX_EOF;
}

uint32_t cp_lex_next(struct cp_lex *lx)
{
	uint32_t ch = lx->ch;

	lx->rest = cp_str_from(lx->rest, lx->width);
	peek(lx);
	return ch;
}

int cp_lex_fail(struct cp_lex *lx, const char *format, ...)
{
	char message[sizeof(lx->err->message)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	return cp_err_set(lx->err, CP_EINVAL, "%s", message);
}

int cp_lex_spend(struct cp_lex *lx, size_t n)
{
	if (n > CP_MAX_EXPANSION_STEPS - lx->steps)
		return cp_err_set(lx->err, CP_ELIMIT, "expansion takes more than %u steps",
				  CP_MAX_EXPANSION_STEPS);
	lx->steps += n;
	return 0;
}

int cp_lex_check(struct cp_lex *lx, const struct cp_buf *b)
{
	int r = cp_buf_error(b);

	if (r == CP_ELIMIT)
		return cp_err_set(lx->err, r, "expansion is longer than %u bytes",
				  CP_MAX_EXPANSION_BYTES);
	return r < 0 ? cp_err_nomem(lx->err) : 0;
}

/* ---- words: wordsStruct of lex.go ---- */

static int end_word(struct cp_lex *lx)
{
	struct cp_str word;

	if (lx->word.n == 0)
		return 0;
	word = cp_arena_str(lx->a, cp_buf_str(&lx->word));
	if (!word.p || cp_vec_push(lx->a, &lx->words, word) < 0)
		return cp_err_nomem(lx->err);
	cp_buf_clear(&lx->word);
	lx->in_word = false;
	return 0;
}

/* addRawChar: part of a word even when it is white space. */
static void word_raw(struct cp_lex *lx, uint32_t ch)
{
	if (lx->depth > 1)
		return;
	cp_dockerfile_put_rune(&lx->word, ch);
	lx->in_word = true;
}

/* addChar: white space ends the word. */
static int word_char(struct cp_lex *lx, uint32_t ch)
{
	if (lx->depth > 1)
		return 0;
	if (!cp_rune_is_space(ch)) {
		word_raw(lx, ch);
		return 0;
	}
	return lx->in_word ? end_word(lx) : 0;
}

/* What a special character turned into: the value of a variable is split, quoted text is not. */
static int word_text(struct cp_lex *lx, struct cp_str text, bool split)
{
	size_t width;
	int r = 0;

	if (lx->depth > 1)
		return 0;
	if (!split) {
		cp_buf_adds(&lx->word, text);
		lx->in_word = true;
		return 0;
	}
	for (; r == 0 && text.n; text = cp_str_from(text, width))
		r = word_char(lx, cp_utf8_decode(text, &width));
	return r;
}

/* ---- quotes ---- */

static int single_quoted(struct cp_lex *lx, bool double_escapes, struct cp_buf *out)
{
	uint32_t ch = cp_lex_next(lx);

	if (lx->options->raw_quotes)
		cp_dockerfile_put_rune(out, ch);
	for (;;) {
		ch = cp_lex_next(lx);
		if (ch == CP_LEX_EOF)
			return cp_lex_fail(lx, "unexpected end of statement while looking for "
					       "matching single-quote");
		if (ch == '\'')
			break;
		if (double_escapes && ch == (unsigned char)lx->options->escape)
			cp_dockerfile_put_rune(out, ch);
		cp_dockerfile_put_rune(out, ch);
	}
	if (lx->options->raw_quotes)
		cp_dockerfile_put_rune(out, ch);
	return 0;
}

/* The escape character within double quotes has been read: only ", $ and itself can be escaped. */
static void double_quoted_escape(struct cp_lex *lx, bool double_escapes, struct cp_buf *out)
{
	uint32_t escape = (unsigned char)lx->options->escape, ch = escape;

	if (lx->ch == CP_LEX_EOF)
		return;
	if (lx->ch == '"' || lx->ch == '$' || lx->ch == escape) {
		if (lx->raw_escapes)
			cp_dockerfile_put_rune(out, escape);
		ch = cp_lex_next(lx);
	} else if (lx->raw_escapes && (!lx->options->raw_quotes || double_escapes)) {
		cp_dockerfile_put_rune(out, escape);
	}
	cp_dockerfile_put_rune(out, ch);
}

static int double_quoted(struct cp_lex *lx, bool double_escapes, struct cp_buf *out)
{
	uint32_t ch = cp_lex_next(lx);
	int r;

	if (lx->options->raw_quotes)
		cp_dockerfile_put_rune(out, ch);
	while (lx->ch != '"') {
		if (lx->ch == CP_LEX_EOF)
			return cp_lex_fail(lx, "unexpected end of statement while looking for "
					       "matching double-quote");
		if (lx->ch == '$') {
			r = cp_lex_dollar(lx, out);
			if (r < 0)
				return r;
			continue;
		}
		ch = cp_lex_next(lx);
		if (ch == (unsigned char)lx->options->escape)
			double_quoted_escape(lx, double_escapes, out);
		else
			cp_dockerfile_put_rune(out, ch);
	}
	ch = cp_lex_next(lx);
	if (lx->options->raw_quotes)
		cp_dockerfile_put_rune(out, ch);
	return 0;
}

/* processPossibleHeredoc: << and the blanks after it stay one word with what follows. */
static void heredoc_operator(struct cp_lex *lx, struct cp_buf *out)
{
	cp_lex_next(lx);
	cp_buf_addc(out, '<');
	if (lx->ch != '<')
		return;
	cp_lex_next(lx);
	cp_buf_addc(out, '<');
	while (lx->ch == ' ' || lx->ch == '\t' || lx->ch == '\r')
		cp_dockerfile_put_rune(out, cp_lex_next(lx));
}

static bool is_special(const struct cp_lex *lx)
{
	return lx->ch == '$' || lx->ch == '<' ||
	       (!lx->options->skip_processed_quotes && (lx->ch == '\'' || lx->ch == '"'));
}

static int special(struct cp_lex *lx, bool double_escapes, struct cp_buf *out)
{
	size_t before = out->n;
	uint32_t first = lx->ch;
	int r = 0;

	switch (first) {
	case '$':
		r = cp_lex_dollar(lx, out);
		break;
	case '<':
		heredoc_operator(lx, out);
		break;
	case '\'':
		r = single_quoted(lx, double_escapes, out);
		break;
	default:
		r = double_quoted(lx, double_escapes, out);
	}
	if (r == 0)
		r = cp_lex_check(lx, out);
	return r < 0 ? r : word_text(lx, cp_str_from(cp_buf_str(out), before), first == '$');
}

/* A character that is not special; *ret_end when an escape character ends the input. */
static int ordinary(struct cp_lex *lx, struct cp_buf *out, bool *ret_end)
{
	uint32_t ch = cp_lex_next(lx);
	int r = 0;

	if (ch == (unsigned char)lx->options->escape) {
		if (lx->raw_escapes) {
			word_raw(lx, ch);
			cp_dockerfile_put_rune(out, ch);
		}
		ch = cp_lex_next(lx);
		if (ch == CP_LEX_EOF) {
			*ret_end = true;
			return 0;
		}
		word_raw(lx, ch);
	} else {
		r = word_char(lx, ch);
	}
	cp_dockerfile_put_rune(out, ch);
	return r;
}

static int expand_until(struct cp_lex *lx, uint32_t stop, bool double_escapes, struct cp_buf *out)
{
	bool end = false;
	int r = 0;

	while (r == 0 && !end && lx->ch != CP_LEX_EOF) {
		if (lx->ch == stop) {
			cp_lex_next(lx);
			return 0;
		}
		r = is_special(lx) ? special(lx, double_escapes, out) : ordinary(lx, out, &end);
	}
	if (r == 0 && stop != CP_LEX_EOF)
		r = cp_lex_fail(lx, "unexpected end of statement while looking for matching %c",
				(char)stop);
	return r;
}

int cp_lex_until(struct cp_lex *lx, uint32_t stop, bool raw_escapes, bool double_escapes,
		 struct cp_buf *out)
{
	bool outer = lx->raw_escapes;
	int r;

	if (lx->depth >= CP_MAX_EXPANSION_DEPTH)
		return cp_err_set(lx->err, CP_ELIMIT, "expansions are nested more than %u deep",
				  CP_MAX_EXPANSION_DEPTH - 1);
	lx->depth++;
	lx->raw_escapes = raw_escapes;
	/* BuildKit builds a nested word in the buffer of the outer one, which it empties */
	cp_buf_clear(&lx->word);
	r = expand_until(lx, stop, double_escapes, out);
	if (r == 0)
		r = cp_lex_check(lx, out);
	lx->raw_escapes = outer;
	lx->depth--;
	return r;
}

/* shellWord.process: the whole word; its error names what was being processed. */
static int expand(struct cp_lex *lx, struct cp_str word, struct cp_buf *out)
{
	char quoted[CP_DOCKERFILE_QUOTED];
	int r;

	lx->rest = word;
	peek(lx);
	if (lx->ch == 0xFEFF) /* text/scanner drops a byte order mark */
		cp_lex_next(lx);
	r = cp_lex_until(lx, CP_LEX_EOF, lx->options->raw_escapes, false, out);
	if (r < 0 && r != CP_ENOMEM)
		cp_err_wrap(lx->err, "failed to process %s", cp_dockerfile_quote(word, quoted));
	return r;
}

static struct cp_lex new_lex(struct cp_arena *a, const struct cp_lexer *options,
			     const struct cp_env_lookup *env, struct cp_err *err)
{
	return (struct cp_lex){
		.a = a,
		.options = options,
		.env = env,
		.err = err,
		.word = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES),
	};
}

/* Whether expansion would change nothing: no byte that means something, nothing beyond ASCII. */
static bool is_plain(struct cp_str word, char escape)
{
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (c == '$' || c == '\'' || c == '"' || c == escape || (unsigned char)c >= 0x80)
			return false;
	}
	return true;
}

int cp_expand(struct cp_arena *a, const struct cp_lexer *lexer, struct cp_str word,
	      const struct cp_env_lookup *env, struct cp_str *ret_word, struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	struct cp_lex lx = new_lex(a, lexer, env, err);
	struct cp_str result;
	int r = 0;

	if (is_plain(word, lexer->escape)) {
		result = cp_arena_str(a, word);
	} else {
		lx.depth = 1; /* words are not wanted: stay below the level that collects them */
		r = expand(&lx, word, &out);
		result = r < 0 ? (struct cp_str){NULL, 0} : cp_arena_str(a, cp_buf_str(&out));
	}
	cp_buf_release(&lx.word);
	if (r < 0)
		return r;
	if (!result.p)
		return cp_err_nomem(err);
	*ret_word = result;
	return 0;
}

int cp_expand_words(struct cp_arena *a, const struct cp_lexer *lexer, struct cp_str word,
		    const struct cp_env_lookup *env, struct cp_str **ret_words, size_t *ret_n_words,
		    struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	struct cp_lex lx = new_lex(a, lexer, env, err);
	int r = expand(&lx, word, &out);

	if (r == 0)
		r = cp_lex_check(&lx, &lx.word);
	if (r == 0)
		r = end_word(&lx);
	cp_buf_release(&lx.word);
	if (r < 0)
		return r;
	*ret_words = lx.words.items;
	*ret_n_words = lx.words.n;
	return 0;
}
