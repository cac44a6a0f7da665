/*
 * The parser for regular expressions of patterns: what Go's regexp/syntax parse.go does with Perl
 * flags.
 */
#include "context/regex_int.h"

#define NO_RUNE UINT32_MAX /* the end of the text */
#define MAX_ITEMS ((size_t)1 << 20)
#define MAX_REPEAT 1000 /* parse.go: a count above is an error */

/* ---- named groups of ASCII ---- */

struct named_group {
	const char *name;
	uint32_t ranges[8]; /* lo, hi pairs */
	size_t n;
};

static const struct named_group groups[] = {
	{"d", {'0', '9'}, 2},
	{"s", {'\t', '\n', '\f', '\r', ' ', ' '}, 6},
	{"w", {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}, 8},
	{"alnum", {'0', '9', 'A', 'Z', 'a', 'z'}, 6},
	{"alpha", {'A', 'Z', 'a', 'z'}, 4},
	{"ascii", {0, 0x7F}, 2},
	{"blank", {'\t', '\t', ' ', ' '}, 4},
	{"cntrl", {0, 0x1F, 0x7F, 0x7F}, 4},
	{"digit", {'0', '9'}, 2},
	{"graph", {'!', '~'}, 2},
	{"lower", {'a', 'z'}, 2},
	{"print", {' ', '~'}, 2},
	{"punct", {'!', '/', ':', '@', '[', '`', '{', '~'}, 8},
	{"space", {'\t', '\r', ' ', ' '}, 4},
	{"upper", {'A', 'Z'}, 2},
	{"word", {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}, 8},
	{"xdigit", {'0', '9', 'A', 'F', 'a', 'f'}, 6},
};

static const struct named_group *find_group(struct cp_str name)
{
	for (size_t i = 0; i < CP_LEN(groups); i++)
		if (cp_str_eq(name, cp_str_c(groups[i].name)))
			return &groups[i];
	return NULL;
}

/* ---- parsing ---- */

struct parser {
	struct cp_arena *a;
	struct cp_str t; /* what is left */
	struct cp_context_regex *re;
	bool has_atom;  /* something that can be repeated came last: */
	size_t atom;    /* its first item */
	size_t product; /* of its counts */
	bool repeated;  /* by the operator right before */
};

static bool at(const struct parser *p, char c)
{
	return p->t.n && p->t.p[0] == c;
}

static void skip(struct parser *p, size_t n)
{
	p->t = cp_str_from(p->t, n);
}

/* The next rune; NO_RUNE at the end. */
static uint32_t next_rune(struct parser *p)
{
	size_t width;
	uint32_t rune;

	if (p->t.n == 0)
		return NO_RUNE;
	rune = cp_utf8_decode(p->t, &width);
	skip(p, width);
	return rune;
}

/* An item that is an atom of its own. */
static int add_item(struct parser *p, struct cp_regex_item it)
{
	if (p->re->items.n >= MAX_ITEMS)
		return CP_EUNSUPPORTED;
	p->has_atom = true;
	p->atom = p->re->items.n;
	p->product = 1;
	return cp_vec_push(p->a, &p->re->items, it);
}

static int add_range(struct parser *p, struct cp_regex_class *c, uint32_t lo, uint32_t hi)
{
	return lo <= hi ? cp_vec_push(p->a, &c->parts, (struct cp_regex_part){lo, hi, NULL, false})
			: 0;
}

static int add_group(struct parser *p, struct cp_regex_class *c, const struct named_group *g,
		     bool negated)
{
	uint32_t from = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->n; i += 2) {
		if (!negated)
			r = add_range(p, c, g->ranges[i], g->ranges[i + 1]);
		else if (g->ranges[i] > from)
			r = add_range(p, c, from, g->ranges[i] - 1);
		from = g->ranges[i + 1] + 1;
	}
	return r == 0 && negated ? add_range(p, c, from, CP_CONTEXT_MAX_RUNE) : r;
}

static int hex_digit(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (int)(c - 'a' + 10) : -1;
}

static uint32_t parse_octal(struct parser *p, uint32_t first)
{
	uint32_t v = first - '0';

	for (int i = 1; i < 3 && p->t.n && p->t.p[0] >= '0' && p->t.p[0] <= '7'; i++) {
		v = v * 8 + (uint32_t)(p->t.p[0] - '0');
		skip(p, 1);
	}
	return v;
}

/* `\x41` or `\x{1F600}`, after the x. */
static int parse_hex(struct parser *p, uint32_t *ret)
{
	uint32_t c = next_rune(p), v = 0;
	int hi, lo;
	size_t n;

	if (c != '{') {
		hi = hex_digit(c);
		lo = hex_digit(next_rune(p));
		*ret = (uint32_t)(hi * 16 + lo);
		return hi < 0 || lo < 0 ? CP_EINVAL : 0;
	}
	for (n = 0; (c = next_rune(p)) != '}'; n++) {
		hi = hex_digit(c);
		if (hi < 0)
			return CP_EINVAL;
		v = v * 16 + (uint32_t)hi;
		if (v > CP_CONTEXT_MAX_RUNE)
			return CP_EINVAL;
	}
	*ret = v;
	return n ? 0 : CP_EINVAL;
}

/* parse.go parseEscape: after the backslash. */
static int parse_escape(struct parser *p, uint32_t *ret)
{
	static const char names[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	uint32_t c = next_rune(p);
	const char *name;

	if (c == NO_RUNE || c >= 0x80)
		return CP_EINVAL;
	if (c == '0' || (c >= '1' && c <= '7' && p->t.n && p->t.p[0] >= '0' && p->t.p[0] <= '7')) {
		*ret = parse_octal(p, c);
		return 0;
	}
	if (c == 'x')
		return parse_hex(p, ret);
	name = c ? strchr(names, (int)c) : NULL;
	if (name) {
		*ret = (uint32_t)values[name - names];
		return 0;
	}
	*ret = c;
	return cp_regex_is_word(c) && c != '_' ? CP_EINVAL : 0;
}

/* The name of `\pL` or `\p{Name}`, after the p. */
static int parse_category_name(struct parser *p, struct cp_str *ret)
{
	struct cp_str before = p->t;
	size_t end;

	if (p->t.n == 0)
		return CP_EINVAL;
	if (!at(p, '{')) {
		next_rune(p);
		*ret = cp_str_sub(before, 0, before.n - p->t.n);
		return 0;
	}
	end = cp_str_find(p->t, '}', 0);
	if (end == p->t.n)
		return CP_EINVAL;
	*ret = cp_str_sub(p->t, 1, end);
	skip(p, end + 1);
	return 0;
}

/* parse.go parseUnicodeClass. Of the names that have more than one letter none is known here. */
static int parse_category(struct parser *p, struct cp_regex_class *c, bool negated)
{
	struct cp_str name;
	char letter;
	int r = parse_category_name(p, &name);

	if (r < 0)
		return r;
	if (cp_str_starts(name, CP_S("^"))) {
		negated = !negated;
		name = cp_str_from(name, 1);
	}
	if (name.n > 1 && (unsigned char)name.p[0] < 0x80)
		return CP_EUNSUPPORTED;
	letter = name.n == 1 ? name.p[0] : 0;
	if (letter >= 'a' && letter <= 'z') /* parse.go canonicalName */
		letter = (char)(letter - 0x20);
	for (size_t i = 0; i < cp_unicode_n_categories; i++) {
		const struct cp_unicode_set *cat = &cp_unicode_categories[i];

		if (cat->letter == letter)
			return cp_vec_push(p->a, &c->parts,
					   (struct cp_regex_part){0, 0, cat, negated});
	}
	return CP_EINVAL;
}

/* `\d`, `\pL` and the like at the front: adds it to the class. *ret_done false: there is none. */
static int parse_class_escape(struct parser *p, struct cp_regex_class *c, bool *ret_done)
{
	char letter = p->t.n >= 2 && p->t.p[0] == '\\' ? p->t.p[1] : 0, low = (char)(letter | 0x20);
	bool negated = letter >= 'A' && letter <= 'Z';

	*ret_done = true;
	if (letter == 'p' || letter == 'P') {
		skip(p, 2);
		return parse_category(p, c, negated);
	}
	if (letter && (low == 'd' || low == 's' || low == 'w')) {
		skip(p, 2);
		return add_group(p, c, find_group(cp_str_n(&low, 1)), negated);
	}
	*ret_done = false;
	return 0;
}

/* `[:name:]` at the front. */
static int parse_named_class(struct parser *p, struct cp_regex_class *c, bool *ret_done)
{
	const struct named_group *g;
	struct cp_str name;
	bool negated;
	size_t end;

	*ret_done = false;
	if (p->t.n <= 2 || p->t.p[0] != '[' || p->t.p[1] != ':')
		return 0;
	end = cp_str_find_str(p->t, CP_S(":]"), 2);
	if (end == p->t.n)
		return 0;
	name = cp_str_sub(p->t, 2, end);
	negated = cp_str_starts(name, CP_S("^"));
	name = cp_str_from(name, negated);
	g = name.n > 1 ? find_group(name) : NULL;
	if (!g)
		return CP_EINVAL;
	*ret_done = true;
	skip(p, end + 2);
	return add_group(p, c, g, negated);
}

static int parse_class_char(struct parser *p, uint32_t *ret)
{
	if (p->t.n == 0)
		return CP_EINVAL;
	if (at(p, '\\')) {
		skip(p, 1);
		return parse_escape(p, ret);
	}
	*ret = next_rune(p);
	return 0;
}

static int parse_class_range(struct parser *p, struct cp_regex_class *c)
{
	uint32_t lo, hi;
	int r = parse_class_char(p, &lo);

	if (r < 0)
		return r;
	hi = lo;
	if (p->t.n >= 2 && p->t.p[0] == '-' && p->t.p[1] != ']') {
		skip(p, 1);
		r = parse_class_char(p, &hi);
		if (r < 0)
			return r;
		if (hi < lo)
			return CP_EINVAL;
	}
	return add_range(p, c, lo, hi);
}

/* parse.go parseClass, at "[". */
static int parse_class(struct parser *p)
{
	struct cp_regex_class *c = CP_NEW(p->a, struct cp_regex_class);
	bool first = true, done;
	int r = c ? 0 : CP_ENOMEM;

	skip(p, 1);
	if (r == 0 && at(p, '^')) {
		c->negated = true;
		skip(p, 1);
	}
	while (r == 0 && (first || !at(p, ']'))) {
		first = false;
		r = parse_named_class(p, c, &done);
		if (r == 0 && !done)
			r = parse_class_escape(p, c, &done);
		if (r == 0 && !done)
			r = parse_class_range(p, c);
	}
	if (r < 0)
		return r;
	skip(p, 1);
	return add_item(p, (struct cp_regex_item){.kind = CP_REGEX_CLASS, .class = c});
}

/* `\Q...\E`: everything between is itself; without an end it goes to the end of the text. */
static int parse_quoted(struct parser *p)
{
	struct cp_str rest;
	size_t end;
	int r = 0;

	skip(p, 2);
	end = cp_str_find_str(p->t, CP_S("\\E"), 0);
	rest = cp_str_from(p->t, end < p->t.n ? end + 2 : end);
	p->t = cp_str_sub(p->t, 0, end);
	while (r == 0 && p->t.n)
		r = add_item(p,
			     (struct cp_regex_item){.kind = CP_REGEX_RUNE, .rune = next_rune(p)});
	p->t = rest;
	return r;
}

static int parse_backslash(struct parser *p)
{
	static const char names[] = "AbBz";
	static const enum cp_regex_kind kinds[] = {CP_REGEX_BEGIN, CP_REGEX_BORDER,
						   CP_REGEX_NO_BORDER, CP_REGEX_END};
	char letter = p->t.n >= 2 ? p->t.p[1] : 0;
	const char *name = letter ? strchr(names, letter) : NULL;
	struct cp_regex_class *c;
	uint32_t rune;
	bool done;
	int r;

	if (name) {
		skip(p, 2);
		return add_item(p, (struct cp_regex_item){.kind = kinds[name - names]});
	}
	if (letter == 'Q')
		return parse_quoted(p);
	c = CP_NEW(p->a, struct cp_regex_class);
	r = c ? parse_class_escape(p, c, &done) : CP_ENOMEM;
	if (r < 0)
		return r;
	if (done)
		return add_item(p, (struct cp_regex_item){.kind = CP_REGEX_CLASS, .class = c});
	skip(p, 1);
	r = parse_escape(p, &rune);
	return r < 0 ? r : add_item(p, (struct cp_regex_item){.kind = CP_REGEX_RUNE, .rune = rune});
}

static int parse_group(struct parser *p)
{
	struct cp_str group = CP_S("(.*/)?");
	int r;

	if (!cp_str_starts(p->t, group))
		return CP_EINVAL; /* the translation makes no other */
	skip(p, group.n);
	r = add_item(p, (struct cp_regex_item){.kind = CP_REGEX_GROUP});
	if (r == 0)
		r = add_item(p, (struct cp_regex_item){.kind = CP_REGEX_IN_GROUP});
	p->atom--;
	p->repeated = true;
	return r;
}

/* ---- repetition ---- */

/* parse.go parseInt: no leading zeros; -1 when too large. */
static bool parse_count(struct cp_str *t, long *ret)
{
	long v = 0;
	size_t n = 0;

	if (t->n >= 2 && t->p[0] == '0' && t->p[1] >= '0' && t->p[1] <= '9')
		return false;
	for (; n < t->n && t->p[n] >= '0' && t->p[n] <= '9'; n++) {
		if (v >= 0)
			v = v >= 100000000 ? -1 : v * 10 + (t->p[n] - '0');
	}
	*t = cp_str_from(*t, n);
	*ret = v;
	return n > 0;
}

/* `{2}`, `{2,}`, `{2,5}` at the front; max -1 = no end. False: the brace is just a brace. */
static bool parse_counts(struct parser *p, long *min, long *max)
{
	struct cp_str t = cp_str_from(p->t, 1);

	if (!parse_count(&t, min) || t.n == 0)
		return false;
	*max = *min;
	if (t.p[0] == ',') {
		t = cp_str_from(t, 1);
		if (t.n == 0)
			return false;
		if (t.p[0] == '}')
			*max = -1;
		else if (!parse_count(&t, max))
			return false;
		else if (*max < 0)
			*min = -1;
	}
	if (t.n == 0 || t.p[0] != '}')
		return false;
	p->t = cp_str_from(t, 1);
	return true;
}

/* The last atom, `min` to `max` times (max -1 = no end). */
static int repeat_atom(struct parser *p, long min, long max)
{
	struct cp_regex_item it;
	int r = 0;

	if (p->repeated || !p->has_atom)
		return CP_EINVAL;
	p->repeated = true;
	if (min >= 2 || max >= 2) {
		size_t m = (size_t)(max < 0 ? min : max);

		if (m * p->product > MAX_REPEAT)
			return CP_EINVAL;
		p->product *= m;
	}
	if (max == 0)
		p->product = 1;
	if (p->re->items.n - p->atom > 1)
		return CP_EUNSUPPORTED;
	if (p->re->items.n == p->atom) /* nothing, however often */
		return 0;
	it = p->re->items.items[--p->re->items.n];
	if (it.kind > CP_REGEX_NOT_NEWLINE) { /* an assertion holds once or for ever */
		max = min > 0;
		min = max;
	}
	for (long i = 0; r == 0 && i < (max < 0 ? min : max); i++) {
		it.optional = it.optional || i >= min;
		r = p->re->items.n >= MAX_ITEMS ? CP_EUNSUPPORTED
						: cp_vec_push(p->a, &p->re->items, it);
	}
	if (r == 0 && max < 0) {
		it.star = true;
		r = cp_vec_push(p->a, &p->re->items, it);
	}
	return r;
}

static int parse_brace(struct parser *p)
{
	long min, max;

	if (!parse_counts(p, &min, &max)) {
		skip(p, 1);
		return add_item(p, (struct cp_regex_item){.kind = CP_REGEX_RUNE, .rune = '{'});
	}
	if (min < 0 || min > MAX_REPEAT || max > MAX_REPEAT || (max >= 0 && min > max))
		return CP_EINVAL;
	return repeat_atom(p, min, max);
}

/* ---- rows ---- */

static int end_row(struct parser *p)
{
	int r = add_item(p, (struct cp_regex_item){.kind = CP_REGEX_ACCEPT});

	p->has_atom = false;
	return r;
}

static int begin_row(struct parser *p)
{
	return cp_vec_push(p->a, &p->re->starts, p->re->items.n);
}

static int parse_bar(struct parser *p)
{
	int r = end_row(p);

	skip(p, 1);
	return r < 0 ? r : begin_row(p);
}

static int parse_one(struct parser *p)
{
	enum cp_regex_kind kind;

	switch (p->t.p[0]) {
	case '\\':
		return parse_backslash(p);
	case '[':
		return parse_class(p);
	case '(':
		return parse_group(p);
	case '{':
		return parse_brace(p);
	case '|':
		return parse_bar(p);
	case '*':
		skip(p, 1);
		return repeat_atom(p, 0, -1);
	case '^':
		kind = CP_REGEX_BEGIN;
		break;
	case '$':
		kind = CP_REGEX_END;
		break;
	case '.':
		kind = CP_REGEX_NOT_NEWLINE;
		break;
	default:
		return add_item(
			p, (struct cp_regex_item){.kind = CP_REGEX_RUNE, .rune = next_rune(p)});
	}
	skip(p, 1);
	return add_item(p, (struct cp_regex_item){.kind = kind});
}

static bool is_repetition(const struct parser *p)
{
	struct parser ahead = *p;
	long min, max;

	return p->t.p[0] == '*' || (p->t.p[0] == '{' && parse_counts(&ahead, &min, &max));
}

int cp_context_regex_parse(struct cp_arena *a, struct cp_str text, struct cp_context_regex *re)
{
	struct parser p = {.a = a, .t = text, .re = re};
	int r = begin_row(&p);

	while (r == 0 && p.t.n) {
		if (!is_repetition(&p))
			p.repeated = false;
		r = parse_one(&p);
	}
	return r < 0 ? r : end_row(&p);
}
