/* frontend/dockerfile/shell/lex.go processDollar: $name, ${name} and the modifiers of ${}. */
#include "dockerfile/lex_int.h"
#include "dockerfile/text_int.h"

/* One ${name...} being read. */
struct substitution {
	struct cp_str name;
	struct cp_str value; /* "" when not set */
	bool set;
	uint32_t modifier;  /* - + ? # % / or anything else */
	bool null_is_unset; /* the colon of :- */
};

static bool is_special_parameter(uint32_t ch)
{
	return ch == '@' || ch == '*' || ch == '#' || ch == '?' || ch == '-' || ch == '$' ||
	       ch == '!' || ch == '0';
}

/* processName: digits, one special parameter, or letters, digits and underscores; or nothing. */
static struct cp_str read_name(struct cp_lex *lx)
{
	struct cp_str from = lx->rest;

	if (cp_dockerfile_is_digit(lx->ch)) {
		while (cp_dockerfile_is_digit(lx->ch))
			cp_lex_next(lx);
	} else if (is_special_parameter(lx->ch)) {
		cp_lex_next(lx);
	} else {
		while (lx->ch == '_' || cp_dockerfile_is_letter(lx->ch) ||
		       cp_dockerfile_is_digit(lx->ch))
			cp_lex_next(lx);
	}
	return cp_str_sub(from, 0, from.n - lx->rest.n);
}

static int look_up(struct cp_lex *lx, struct substitution *s)
{
	s->set = lx->env && lx->env->get(lx->env->self, s->name, &s->value);
	if (!s->set)
		s->value = (struct cp_str){"", 0};
	return cp_lex_spend(lx, s->value.n + 1);
}

/* ${ , the name and what was between, as it was written: for SkipUnsetEnv. */
static void put_unset(const struct substitution *s, struct cp_str word, struct cp_buf *out)
{
	cp_buf_addz(out, "${");
	cp_buf_adds(out, s->name);
	if (s->null_is_unset)
		cp_buf_addc(out, ':');
	cp_dockerfile_put_rune(out, s->modifier);
	cp_buf_adds(out, word);
	cp_buf_addc(out, '}');
}

static int unsupported(struct cp_lex *lx, const struct substitution *s)
{
	cp_auto_buf struct cp_buf modifier = CP_BUF_INIT(16);

	if (s->null_is_unset)
		cp_buf_addc(&modifier, ':');
	cp_dockerfile_put_rune(&modifier, s->modifier);
	return cp_lex_fail(lx, "unsupported modifier (%.*s) in substitution",
			   CP_STR(cp_buf_str(&modifier)));
}

/* A nested word failed: at the end of input BuildKit only says what is missing. */
static int nested_failure(struct cp_lex *lx, int r, const char *message)
{
	if (r == CP_EINVAL && lx->ch == CP_LEX_EOF)
		return cp_lex_fail(lx, "%s", message);
	return r;
}

static int required(struct cp_lex *lx, const struct substitution *s, struct cp_str word,
		    struct cp_buf *out)
{
	bool empty = s->null_is_unset && s->value.n == 0;
	const char *otherwise =
		s->set ? "is not allowed to be empty" : "is not allowed to be unset";

	if (s->set && !empty) {
		cp_buf_adds(out, s->value);
		return 0;
	}
	if (word.n)
		return cp_lex_fail(lx, "%.*s: %.*s", CP_STR(s->name), CP_STR(word));
	return cp_lex_fail(lx, "%.*s: %s", CP_STR(s->name), otherwise);
}

/* ${name-word} and its kin: the modifier is read, the word is not. */
static int with_word(struct cp_lex *lx, struct substitution *s, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	bool pattern = s->modifier == '#' || s->modifier == '%', present, longest;
	struct cp_str word;
	int r;

	if (s->null_is_unset && pattern)
		return unsupported(lx, s);
	r = cp_lex_until(lx, '}', pattern, pattern, &b);
	if (r < 0)
		return nested_failure(lx, r, "syntax error: missing '}'");
	word = cp_buf_str(&b);
	r = look_up(lx, s);
	if (r < 0)
		return r;
	if (lx->options->skip_unset && !s->set) {
		put_unset(s, word, out);
		return 0;
	}
	present = s->set && !(s->null_is_unset && s->value.n == 0);
	switch (s->modifier) {
	case '-':
		cp_buf_adds(out, present ? s->value : word);
		return 0;
	case '+':
		if (present)
			cp_buf_adds(out, word);
		return 0;
	case '?':
		return required(lx, s, word, out);
	case '#':
	case '%':
		longest = word.n && word.p[0] == (char)s->modifier;
		return cp_lex_trim(lx, cp_str_from(word, longest), s->value, s->modifier == '%',
				   longest, out);
	default:
		return unsupported(lx, s);
	}
}

/* ${name/pattern/replacement}: the first slash is read. */
static int with_replacement(struct cp_lex *lx, struct substitution *s, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf pattern = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	cp_auto_buf struct cp_buf replacement = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	bool all = lx->ch == '/';
	int r;

	if (all)
		cp_lex_next(lx);
	r = cp_lex_until(lx, '/', true, true, &pattern);
	if (r < 0)
		return nested_failure(lx, r, "syntax error: missing '/' in ${}");
	r = cp_lex_until(lx, '}', true, false, &replacement);
	if (r < 0)
		return nested_failure(lx, r, "syntax error: missing '}'");
	r = look_up(lx, s);
	if (r < 0)
		return r;
	if (lx->options->skip_unset && !s->set) {
		cp_buf_addc(&pattern, '/');
		cp_buf_adds(&pattern, cp_buf_str(&replacement));
		r = cp_lex_check(lx, &pattern);
		put_unset(s, cp_buf_str(&pattern), out);
		return r;
	}
	return cp_lex_replace(lx, cp_buf_str(&pattern), s->value, cp_buf_str(&replacement), all,
			      out);
}

static int plain(struct cp_lex *lx, struct substitution *s, bool braces, struct cp_buf *out)
{
	int r = look_up(lx, s);

	if (r < 0)
		return r;
	if (s->set || !lx->options->skip_unset) {
		cp_buf_adds(out, s->value);
		return 0;
	}
	cp_buf_addz(out, braces ? "${" : "$");
	cp_buf_adds(out, s->name);
	if (braces)
		cp_buf_addc(out, '}');
	return 0;
}

static int braced(struct cp_lex *lx, struct cp_buf *out)
{
	struct substitution s = {0};

	if (lx->ch == CP_LEX_EOF)
		return cp_lex_fail(lx, "syntax error: missing '}'");
	if (lx->ch == '{' || lx->ch == '}' || lx->ch == ':')
		return cp_lex_fail(lx, "syntax error: bad substitution");
	s.name = read_name(lx);
	s.modifier = cp_lex_next(lx);
	switch (s.modifier) {
	case '}':
		return plain(lx, &s, true, out);
	case ':':
		s.null_is_unset = true;
		s.modifier = cp_lex_next(lx);
		return with_word(lx, &s, out);
	case '+':
	case '-':
	case '?':
	case '#':
	case '%':
		return with_word(lx, &s, out);
	case '/':
		return with_replacement(lx, &s, out);
	default:
		return unsupported(lx, &s);
	}
}

int cp_lex_dollar(struct cp_lex *lx, struct cp_buf *out)
{
	struct substitution s = {0};

	cp_lex_next(lx);
	if (lx->ch == '{') {
		cp_lex_next(lx);
		return braced(lx, out);
	}
	s.name = read_name(lx);
	if (s.name.n == 0) {
		cp_buf_addc(out, '$');
		return 0;
	}
	return plain(lx, &s, false, out);
}
