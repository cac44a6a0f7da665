/*
 * JSON as Go's encoding/json reads it, for the exec form and for a syntax directive in JSON. A
 * library of stricter or laxer taste would take text for JSON, or JSON for text, where BuildKit
 * does not.
 */
#include "base/utf8.h"
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

#define MAX_DEPTH 10000 /* encoding/json maxNestingDepth */

/* One value of the outermost array or object; of a nested one `value` is only the bracket. */
typedef int json_item(void *self, struct cp_str key, struct cp_str value);

struct scan {
	struct cp_str s;
	size_t at;
	uint8_t objects[MAX_DEPTH / 8 + 1]; /* which levels are objects */
	unsigned depth;
	bool out_of_range; /* a number that float64 cannot hold makes Unmarshal fail */
	json_item *item;
	void *self;
};

static void skip_space(struct scan *j)
{
	while (j->at < j->s.n && j->s.p[j->at] && strchr(" \t\r\n", j->s.p[j->at]))
		j->at++;
}

static int peek(const struct scan *j)
{
	return j->at < j->s.n ? (unsigned char)j->s.p[j->at] : -1;
}

static bool accept(struct scan *j, char c)
{
	if (peek(j) != c)
		return false;
	j->at++;
	return true;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool scan_escape(struct scan *j)
{
	int c = peek(j);

	j->at++;
	if (c == 'u') {
		for (int i = 0; i < 4; i++, j->at++)
			if (peek(j) < 0 || hex_value(peek(j)) < 0)
				return false;
		return true;
	}
	return c > 0 && strchr("bfnrt\\/\"", c);
}

static bool scan_string(struct scan *j)
{
	if (!accept(j, '"'))
		return false;
	for (;;) {
		int c = peek(j);

		if (c < 0x20)
			return false;
		j->at++;
		if (c == '"')
			return true;
		if (c == '\\' && !scan_escape(j))
			return false;
	}
}

static bool scan_digits(struct scan *j)
{
	size_t begin = j->at;

	while (is_digit(peek(j)))
		j->at++;
	return j->at > begin;
}

/* 2^1024 - 2^970, from which on strconv.ParseFloat reports a range error. */
/* clang-format off */
static const char overflow_digits[] =
	"17976931348623158079372897140530341507993413271003782693617377898044496829276475"
	"09466490179775872070963302864166928879109465555478519404026306574886715058206819"
	"08902000708383676273854845817711531764475730270069855571366959622842914819860834"
	"936475292719074168444365510704342711559699508093042880177904174497792";
/* clang-format on */

/* Position of the exponent letter and its value, clamped. */
static long exponent_of(struct cp_str number, size_t *ret_mantissa)
{
	size_t e = 0, i;
	bool negative;
	long v = 0;

	while (e < number.n && (number.p[e] | 0x20) != 'e')
		e++;
	*ret_mantissa = e;
	if (e == number.n)
		return 0;
	negative = number.p[e + 1] == '-';
	i = e + 1 + (negative || number.p[e + 1] == '+');
	for (; i < number.n && v < 100000000; i++)
		v = v * 10 + (number.p[i] - '0');
	return negative ? -v : v;
}

static bool overflows(struct cp_str number)
{
	const size_t n_digits = sizeof(overflow_digits) - 1;
	long magnitude, places = 0;
	size_t end, compared = 0;
	bool point = false, significant = false;

	magnitude = exponent_of(number, &end);
	/* places: decimal digits before the point, leading zeros aside */
	for (size_t i = number.p[0] == '-'; i < end; i++) {
		char c = number.p[i];

		if (c == '.') {
			point = true;
			continue;
		}
		significant = significant || c != '0';
		if (significant && !point)
			places++;
		else if (!significant && point)
			places--;
	}
	magnitude += places;
	if (!significant || magnitude != (long)n_digits)
		return significant && magnitude > (long)n_digits;
	significant = false;
	for (size_t i = number.p[0] == '-'; i < end && compared < n_digits; i++) {
		char c = number.p[i];

		significant = significant || (c != '0' && c != '.');
		if (!significant || c == '.')
			continue;
		if (c != overflow_digits[compared])
			return c > overflow_digits[compared];
		compared++;
	}
	/* equal so far: what the number does not say is zero */
	while (compared < n_digits)
		if (overflow_digits[compared++] != '0')
			return false;
	return true;
}

static bool scan_number(struct scan *j)
{
	size_t begin = j->at;

	accept(j, '-');
	if (!accept(j, '0') && !scan_digits(j))
		return false;
	if (accept(j, '.') && !scan_digits(j))
		return false;
	if (peek(j) == 'e' || peek(j) == 'E') {
		j->at++;
		if (!accept(j, '+'))
			accept(j, '-');
		if (!scan_digits(j))
			return false;
	}
	if (overflows(cp_str_sub(j->s, begin, j->at)))
		j->out_of_range = true;
	return true;
}

static bool scan_word(struct scan *j, const char *word)
{
	if (!cp_str_starts(cp_str_from(j->s, j->at), cp_str_c(word)))
		return false;
	j->at += strlen(word);
	return true;
}

static bool scan_scalar(struct scan *j)
{
	switch (peek(j)) {
	case '"':
		return scan_string(j);
	case 't':
		return scan_word(j, "true");
	case 'f':
		return scan_word(j, "false");
	case 'n':
		return scan_word(j, "null");
	default:
		return scan_number(j);
	}
}

static bool in_object(const struct scan *j)
{
	unsigned level = j->depth - 1;

	return j->depth && (j->objects[level / 8] >> level % 8 & 1);
}

/* A key and its colon when the innermost level is an object. */
static bool scan_key(struct scan *j, struct cp_str *ret_key)
{
	size_t begin;

	*ret_key = (struct cp_str){NULL, 0};
	skip_space(j);
	if (!in_object(j))
		return true;
	begin = j->at;
	if (!scan_string(j))
		return false;
	*ret_key = cp_str_sub(j->s, begin, j->at);
	skip_space(j);
	if (!accept(j, ':'))
		return false;
	skip_space(j);
	return true;
}

/* An opening bracket, which is taken. */
static bool push(struct scan *j)
{
	bool object = j->s.p[j->at++] == '{';
	uint8_t bit = (uint8_t)(1u << j->depth % 8);

	if (j->depth == MAX_DEPTH)
		return false;
	if (object)
		j->objects[j->depth / 8] |= bit;
	else
		j->objects[j->depth / 8] &= (uint8_t)~bit;
	j->depth++;
	skip_space(j);
	return true;
}

/*
 * After a value: closes what closes. *ret_more: a comma, so another value follows. False for
 * anything else.
 */
static bool close_levels(struct scan *j, bool *ret_more)
{
	*ret_more = false;
	for (;;) {
		skip_space(j);
		if (j->depth == 0)
			return true;
		if (accept(j, ',')) {
			*ret_more = true;
			return true;
		}
		if (!accept(j, in_object(j) ? '}' : ']'))
			return false;
		j->depth--;
	}
}

/* The whole text as one value: 1 when it is JSON, 0 when not, or the item function's error. */
static int scan_all(struct scan *j)
{
	bool more = true;

	while (more) {
		struct cp_str key;
		size_t begin;
		bool top, opened;
		int r;

		if (!scan_key(j, &key))
			return 0;
		begin = j->at;
		top = j->depth == 1;
		opened = peek(j) == '[' || peek(j) == '{';
		if (opened ? !push(j) : !scan_scalar(j))
			return 0;
		r = top ? j->item(j->self, key, cp_str_sub(j->s, begin, opened ? begin + 1 : j->at))
			: 0;
		if (r < 0)
			return r;
		if (opened && peek(j) != (in_object(j) ? '}' : ']'))
			continue;
		if (!close_levels(j, &more))
			return 0;
	}
	return j->at == j->s.n;
}

/* ---- strings ---- */

static uint32_t hex4(struct cp_str s)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)hex_value((unsigned char)s.p[i]);
	return v;
}

/*
 * A \u escape at the front of s, after the backslash; half a surrogate pair becomes U+FFFD. Returns
 * the bytes taken.
 */
static size_t put_unicode(struct cp_str s, struct cp_buf *out)
{
	uint32_t rune = hex4(cp_str_from(s, 1)), low;

	if (rune >= 0xD800 && rune < 0xDC00 && s.n >= 11 && s.p[5] == '\\' && s.p[6] == 'u') {
		low = hex4(cp_str_from(s, 7));
		if (low >= 0xDC00 && low < 0xE000) {
			cp_dockerfile_put_rune(out,
					       0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00));
			return 11;
		}
	}
	cp_dockerfile_put_rune(out, rune);
	return 5;
}

/* The text of a string that was scanned, quotes and all. */
static void unquote(struct cp_str quoted, struct cp_buf *out)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	struct cp_str s = cp_str_sub(quoted, 1, quoted.n - 1);
	size_t width;

	while (s.n) {
		const char *letter;

		if (s.p[0] != '\\') {
			cp_dockerfile_put_rune(out, cp_utf8_decode(s, &width));
			s = cp_str_from(s, width);
			continue;
		}
		s = cp_str_from(s, 1);
		if (s.p[0] == 'u') {
			s = cp_str_from(s, put_unicode(s, out));
			continue;
		}
		letter = strchr(letters, s.p[0]);
		cp_buf_addc(out, letter ? bytes[letter - letters] : s.p[0]);
		s = cp_str_from(s, 1);
	}
}

struct strings {
	struct cp_parser *p;
	cp_word_vec *words;
	bool others; /* something that is no string */
};

static int add_string(void *self, struct cp_str key, struct cp_str value)
{
	struct strings *t = self;
	struct cp_word word = {.raw = value};

	(void)key;
	if (value.p[0] != '"') {
		t->others = true;
		return 0;
	}
	cp_buf_clear(&t->p->scratch);
	unquote(value, &t->p->scratch);
	word.value = cp_arena_str(t->p->a, cp_buf_str(&t->p->scratch));
	if (cp_buf_error(&t->p->scratch) || !word.value.p ||
	    cp_vec_push(t->p->a, t->words, word) < 0)
		return cp_err_nomem(t->p->err);
	return 0;
}

int cp_words_json(struct cp_parser *p, struct cp_str text, cp_word_vec *words, bool *ret_json)
{
	cp_word_vec found = {0};
	struct strings t = {p, &found, false};
	struct scan j = {.s = cp_str_trim_left_space(text), .item = add_string, .self = &t};
	int r = j.s.n && j.s.p[0] == '[' ? scan_all(&j) : 0;

	if (r < 0)
		return r;
	*ret_json = r && !j.out_of_range;
	if (!*ret_json)
		return 0;
	if (t.others)
		return CP_EINVAL;
	*words = found;
	return 0;
}

struct member {
	struct cp_arena *a;
	const char *key;
	struct cp_str value;
};

static int find_member(void *self, struct cp_str key, struct cp_str value)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	struct member *m = self;

	if (!key.p)
		return 0;
	unquote(key, &b);
	if (cp_buf_error(&b))
		return cp_buf_error(&b);
	if (!cp_str_eq(cp_buf_str(&b), cp_str_c(m->key)))
		return 0;
	m->value = (struct cp_str){NULL, 0};
	if (value.p[0] != '"')
		return 0;
	cp_buf_clear(&b);
	unquote(value, &b);
	m->value = cp_arena_str(m->a, cp_buf_str(&b));
	return m->value.p ? cp_buf_error(&b) : CP_ENOMEM;
}

int cp_directives_json(struct cp_arena *a, struct cp_str text, const char *key,
		       struct cp_str *ret_value)
{
	struct member m = {a, key, {NULL, 0}};
	struct scan j = {.s = text, .item = find_member, .self = &m};
	int r;

	*ret_value = (struct cp_str){NULL, 0};
	skip_space(&j);
	if (peek(&j) != '{')
		return 0;
	r = scan_all(&j);
	if (r > 0 && !j.out_of_range)
		*ret_value = m.value;
	return r < 0 ? r : 0;
}
