/*
 * The patterns of ${name#pattern}, ${name%pattern} and ${name/pattern/text}. BuildKit turns them
 * into regular expressions (shell/lex.go convertShellPatternToRegex); here they are matched
 * directly: '?' is any rune but a newline, '*' any number of such runes. A '*' never crosses a
 * newline, so the line on which each literal part lies is forced, and within a line its earliest
 * place leaves most room for what follows: no backtracking is needed.
 */
#include <stdlib.h>

#include "dockerfile/lex_int.h"
#include "dockerfile/text_int.h"

#define ANY (UINT32_MAX - 1)  /* ? */
#define STAR (UINT32_MAX - 2) /* * */

struct runes {
	uint32_t *items;
	uint32_t *offsets; /* of each rune in the text, and of its end */
	size_t n;
};

static void release_runes(struct runes *r)
{
	free(r->items);
	free(r->offsets);
}
#define auto_runes __attribute__((cleanup(release_runes)))

static int decode(struct cp_lex *lx, struct cp_str text, struct runes *out)
{
	size_t at = 0, width;
	int r = cp_lex_spend(lx, text.n);

	if (r < 0)
		return r;
	out->items = calloc(text.n + 1, sizeof(*out->items));
	out->offsets = calloc(text.n + 1, sizeof(*out->offsets));
	if (!out->items || !out->offsets)
		return cp_err_nomem(lx->err);
	for (; at < text.n; at += width) {
		out->offsets[out->n] = (uint32_t)at;
		out->items[out->n++] = cp_utf8_decode(cp_str_from(text, at), &width);
	}
	out->offsets[out->n] = (uint32_t)at;
	return 0;
}

static void reverse(uint32_t *items, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t other = items[n - 1 - i];

		items[n - 1 - i] = items[i];
		items[i] = other;
	}
}

/* reversePattern: a backslash stays before the rune that it escapes. */
static void reverse_pattern(struct runes *p)
{
	reverse(p->items, p->n);
	for (size_t i = p->n; i-- > 1;) {
		if (p->items[i] != '\\')
			continue;
		p->items[i] = p->items[i - 1];
		p->items[i - 1] = '\\';
		i--;
	}
}

static int bad_escape(struct cp_lex *lx, struct cp_str pattern, const struct runes *p, size_t at)
{
	cp_auto_buf struct cp_buf rune = CP_BUF_INIT(16);

	cp_dockerfile_put_rune(&rune, at < p->n ? p->items[at] : CP_LEX_EOF);
	return cp_lex_fail(lx, "invalid pattern (%.*s) in substitution: invalid escape '\\%.*s'",
			   CP_STR(pattern), CP_STR(cp_buf_str(&rune)));
}

/*
 * convertShellPatternToRegex: runes become literals, ANY and STAR, in place. `source` is for the
 * message.
 */
static int compile(struct cp_lex *lx, struct cp_str source, struct runes *p)
{
	size_t n = 0, i = p->n && p->items[0] == 0xFEFF; /* text/scanner drops a byte order mark */

	for (; i < p->n; i++) {
		uint32_t rune = p->items[i], escaped = i + 1 < p->n ? p->items[i + 1] : CP_LEX_EOF;

		if (rune == '*') {
			p->items[n++] = STAR;
		} else if (rune == '?') {
			p->items[n++] = ANY;
		} else if (rune != '\\') {
			p->items[n++] = rune;
		} else if (escaped == '*' || escaped == '?' || escaped == '\\') {
			p->items[n++] = escaped;
			i++;
		} else if (escaped != '}' && escaped != '/') {
			return bad_escape(lx, source, p, i + 1);
		}
	}
	p->n = n;
	return 0;
}

/* ---- matching ---- */

struct matcher {
	struct cp_lex *lx;
	const struct runes *pattern, *value;
	size_t head;        /* runes before the first STAR */
	bool head_one_line; /* there is no newline among them */
	bool greedy;
};

static struct matcher new_matcher(struct cp_lex *lx, const struct runes *pattern,
				  const struct runes *value, bool greedy)
{
	struct matcher m = {lx, pattern, value, 0, true, greedy};

	for (; m.head < pattern->n && pattern->items[m.head] != STAR; m.head++)
		if (pattern->items[m.head] == '\n')
			m.head_one_line = false;
	return m;
}

/*
 * Whether the part [from, to) of the pattern, which has no STAR, matches at a place: 1, 0 or an
 * error.
 */
static int part_at(const struct matcher *m, size_t from, size_t to, size_t at)
{
	size_t i = from;

	for (; i < to && at < m->value->n; i++, at++) {
		uint32_t want = m->pattern->items[i], rune = m->value->items[at];

		if (want == ANY ? rune == '\n' : rune != want)
			break;
	}
	if (cp_lex_spend(m->lx, i - from + 1) < 0)
		return CP_ELIMIT;
	return i == to;
}

static int line_end(const struct matcher *m, size_t at, size_t *ret_end)
{
	size_t end = at;

	while (end < m->value->n && m->value->items[end] != '\n')
		end++;
	*ret_end = end;
	return cp_lex_spend(m->lx, end - at + 1);
}

/* A place of a part within [low, high], the first or the last: 1 and *ret_at, 0 or an error. */
static int find_part(const struct matcher *m, size_t from, size_t to, size_t low, size_t high,
		     bool last, size_t *ret_at)
{
	for (size_t k = 0; k <= high - low; k++) {
		size_t at = last ? high - k : low + k;
		int r = part_at(m, from, to, at);

		if (r) {
			*ret_at = at;
			return r;
		}
	}
	return 0;
}

/* What follows the head, from `at` on: 1 and where the match ends, 0 or an error. */
static int match_rest(const struct matcher *m, size_t at, size_t *ret_end)
{
	const struct runes *p = m->pattern;
	size_t i = m->head;
	int r;

	while (i < p->n) {
		size_t to, end;

		while (i < p->n && p->items[i] == STAR)
			i++;
		r = line_end(m, at, &end);
		if (r < 0)
			return r;
		if (i == p->n) {
			at = m->greedy ? end : at;
			break;
		}
		for (to = i; to < p->n && p->items[to] != STAR; to++)
			;
		r = find_part(m, i, to, at, end, m->greedy && to == p->n, &at);
		if (r <= 0)
			return r;
		at += to - i;
		i = to;
	}
	*ret_end = at;
	return 1;
}

/* The leftmost match at or after `from`: 1 with its bounds, 0 or an error. */
static int find_match(const struct matcher *m, size_t from, size_t *ret_start, size_t *ret_end)
{
	for (size_t at = from; at <= m->value->n; at++) {
		int r = part_at(m, 0, m->head, at);

		if (r == 0)
			continue;
		if (r > 0)
			r = match_rest(m, at + m->head, ret_end);
		if (r) {
			*ret_start = at;
			return r;
		}
		/* The rest fails from every later place on this line, too. */
		if (m->head_one_line && line_end(m, at, &at) < 0)
			return CP_ELIMIT;
	}
	return 0;
}

int cp_lex_trim(struct cp_lex *lx, struct cp_str pattern, struct cp_str value, bool suffix,
		bool greedy, struct cp_buf *out)
{
	auto_runes struct runes p = {0}, v = {0};
	struct matcher m;
	size_t end = 0;
	int r = decode(lx, pattern, &p);

	if (r == 0)
		r = decode(lx, value, &v);
	if (r < 0)
		return r;
	if (suffix) {
		reverse_pattern(&p);
		reverse(v.items, v.n);
	}
	r = compile(lx, pattern, &p);
	if (r < 0)
		return r;
	m = new_matcher(lx, &p, &v, greedy);
	r = part_at(&m, 0, m.head, 0);
	if (r > 0)
		r = match_rest(&m, m.head, &end);
	if (r < 0)
		return r;
	if (r == 0)
		end = 0;
	if (!suffix) {
		cp_buf_adds(out, cp_str_from(value, v.offsets[end]));
		return 0;
	}
	/* trimSuffix goes through runes even when nothing matches: broken bytes become U+FFFD */
	for (size_t i = v.n; i-- > end;)
		cp_dockerfile_put_rune(out, v.items[i]);
	return 0;
}

/* ---- replacement ---- */

/*
 * The name after '$' in a replacement, as regexp's extract: its bytes (with braces), 0 when it is
 * none. *ret_whole: it is 0, the whole match; every other group is empty.
 */
static size_t group_name(struct cp_str s, bool *ret_whole)
{
	bool braces = s.n && s.p[0] == '{';
	size_t begin = braces, at = begin, width;

	while (at < s.n) {
		uint32_t rune = cp_utf8_decode(cp_str_from(s, at), &width);

		if (rune != '_' && !cp_dockerfile_is_letter(rune) && !cp_dockerfile_is_digit(rune))
			break;
		at += width;
	}
	if (at == begin || (braces && (at == s.n || s.p[at] != '}')))
		return 0;
	*ret_whole = at == begin + 1 && s.p[begin] == '0';
	return at + braces;
}

/* regexp Expand: $0 and ${0} are the match, other groups are empty, $$ is a dollar. */
static void put_template(struct cp_str template, struct cp_str match, struct cp_buf *out)
{
	while (template.n) {
		size_t dollar = cp_str_find(template, '$', 0), name;
		bool whole = false;

		cp_buf_adds(out, cp_str_sub(template, 0, dollar));
		if (dollar == template.n)
			return;
		template = cp_str_from(template, dollar + 1);
		name = group_name(template, &whole);
		if (template.n && template.p[0] == '$')
			name = 1;
		if (name == 0 || (template.n && template.p[0] == '$'))
			cp_buf_addc(out, '$');
		else if (whole)
			cp_buf_adds(out, match);
		template = cp_str_from(template, name);
	}
}

static struct cp_str between(struct cp_str value, const struct runes *v, size_t from, size_t to)
{
	return cp_str_sub(value, v->offsets[from], v->offsets[to]);
}

/* regexp ReplaceAllString, with its rule on empty matches. */
static int replace_all(const struct matcher *m, struct cp_str value, struct cp_str replacement,
		       struct cp_buf *out)
{
	const struct runes *v = m->value;
	size_t last_end = 0, from = 0, start, end;
	int r = 0;

	while (from <= v->n) {
		r = find_match(m, from, &start, &end);
		if (r <= 0)
			break;
		cp_buf_adds(out, between(value, v, last_end, start));
		if (end > last_end || start == 0)
			put_template(replacement, between(value, v, start, end), out);
		last_end = end;
		from = from + 1 > end ? from + 1 : end;
		r = cp_lex_check(m->lx, out);
		if (r == 0)
			r = cp_lex_spend(m->lx, replacement.n + 1);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	cp_buf_adds(out, between(value, v, last_end, v->n));
	return 0;
}

int cp_lex_replace(struct cp_lex *lx, struct cp_str pattern, struct cp_str value,
		   struct cp_str replacement, bool all, struct cp_buf *out)
{
	auto_runes struct runes p = {0}, v = {0};
	size_t start = 0, end = 0;
	struct matcher m;
	int r = decode(lx, pattern, &p);

	if (r == 0)
		r = decode(lx, value, &v);
	if (r == 0)
		r = compile(lx, pattern, &p);
	if (r < 0)
		return r;
	m = new_matcher(lx, &p, &v, true);
	if (all)
		return replace_all(&m, value, replacement, out);
	r = find_match(&m, 0, &start, &end);
	if (r < 0)
		return r;
	if (r == 0) {
		cp_buf_adds(out, value);
		return 0;
	}
	cp_buf_adds(out, between(value, &v, 0, start));
	cp_buf_adds(out, replacement);
	cp_buf_adds(out, between(value, &v, end, v.n));
	return 0;
}
