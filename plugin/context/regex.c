/* Parser and matcher for the regular expressions of patterns. The parser mirrors Go's regexp/syntax parse.go with Perl flags. */
#include "context/regex_int.h"

#include <stdlib.h>

#define NO_RUNE UINT32_MAX /* beyond either end of the text */
#define MAX_RUNE 0x10FFFFu
#define STACK_WORDS 16

enum item_kind { RUNE, CLASS, NOT_NEWLINE, GROUP, IN_GROUP, BEGIN_TEXT, END_TEXT, WORD_BORDER, NO_WORD_BORDER };

/* A range of runes, or a category and whether it is meant or all but it. */
struct class_part {
	uint32_t lo, hi;
	const struct cp_context_category *category;
	bool negated;
};

struct class {
	bool negated;
	CP_VEC(struct class_part) parts;
};

struct item {
	enum item_kind kind;
	bool star;
	uint32_t rune;
	const struct class *class;
};

struct cp_context_regex {
	CP_VEC(struct item) items;
	struct cp_str prefix, suffix; /* literal bytes that every match has */
};

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

static int add_item(struct parser *p, struct item it)
{
	return cp_vec_push(p->a, &p->re->items, it);
}

static int add_range(struct parser *p, struct class *c, uint32_t lo, uint32_t hi)
{
	return lo <= hi ? cp_vec_push(p->a, &c->parts, (struct class_part){lo, hi, NULL, false}) : 0;
}

static int add_group(struct parser *p, struct class *c, const struct named_group *g, bool negated)
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
	return r == 0 && negated ? add_range(p, c, from, MAX_RUNE) : r;
}

static int hex_digit(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (int)(c - 'a' + 10) : -1;
}

static bool is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
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

/* parse.go parseEscape: after the backslash. `\x{...}` cannot occur, "{" has a backslash of its own. */
static int parse_escape(struct parser *p, uint32_t *ret)
{
	static const char names[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	uint32_t c = next_rune(p);
	const char *name;
	int hi, lo;

	if (c == NO_RUNE || c >= 0x80)
		return CP_EINVAL;
	if (c == '0' || (c >= '1' && c <= '7' && p->t.n && p->t.p[0] >= '0' && p->t.p[0] <= '7')) {
		*ret = parse_octal(p, c);
		return 0;
	}
	if (c == 'x') {
		hi = hex_digit(next_rune(p));
		lo = hex_digit(next_rune(p));
		*ret = (uint32_t)(hi * 16 + lo);
		return hi < 0 || lo < 0 ? CP_EINVAL : 0;
	}
	name = c ? strchr(names, (int)c) : NULL;
	if (name) {
		*ret = (uint32_t)values[name - names];
		return 0;
	}
	*ret = c;
	return is_word(c) && c != '_' ? CP_EINVAL : 0;
}

/* `\d`, `\pL` and the like at the front: adds it to the class. *ret_done false: there is none. */
static int parse_class_escape(struct parser *p, struct class *c, bool *ret_done)
{
	char letter = p->t.n >= 2 && p->t.p[0] == '\\' ? p->t.p[1] : 0, low = (char)(letter | 0x20);
	bool negated = letter >= 'A' && letter <= 'Z';
	uint32_t name;

	*ret_done = false;
	if (letter != 0 && (low == 'd' || low == 's' || low == 'w')) {
		*ret_done = true;
		skip(p, 2);
		return add_group(p, c, find_group(cp_str_n(&low, 1)), negated);
	}
	if (letter != 'p' && letter != 'P')
		return 0;
	*ret_done = true;
	skip(p, 2);
	name = next_rune(p);
	/* parse.go canonicalName: the case of the letter is not looked at */
	if (name >= 'a' && name <= 'z')
		name -= 0x20;
	for (size_t i = 0; i < cp_context_n_categories; i++) {
		const struct cp_context_category *cat = &cp_context_categories[i];

		if ((uint32_t)cat->letter == name)
			return cp_vec_push(p->a, &c->parts, (struct class_part){0, 0, cat, negated});
	}
	return CP_EINVAL;
}

/* `[:name:]` at the front. */
static int parse_named_class(struct parser *p, struct class *c, bool *ret_done)
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

static int parse_class_range(struct parser *p, struct class *c)
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
	struct class *c = CP_NEW(p->a, struct class);
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
	return add_item(p, (struct item){.kind = CLASS, .class = c});
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
		r = add_item(p, (struct item){.kind = RUNE, .rune = next_rune(p)});
	p->t = rest;
	return r;
}

static int parse_backslash(struct parser *p)
{
	static const char names[] = "AbBz";
	static const enum item_kind kinds[] = {BEGIN_TEXT, WORD_BORDER, NO_WORD_BORDER, END_TEXT};
	char letter = p->t.n >= 2 ? p->t.p[1] : 0;
	const char *name = letter ? strchr(names, letter) : NULL;
	struct class *c;
	uint32_t rune;
	bool done;
	int r;

	if (name) {
		skip(p, 2);
		return add_item(p, (struct item){.kind = kinds[name - names]});
	}
	if (letter == 'Q')
		return parse_quoted(p);
	c = CP_NEW(p->a, struct class);
	r = c ? parse_class_escape(p, c, &done) : CP_ENOMEM;
	if (r < 0)
		return r;
	if (done)
		return add_item(p, (struct item){.kind = CLASS, .class = c});
	skip(p, 1);
	r = parse_escape(p, &rune);
	return r < 0 ? r : add_item(p, (struct item){.kind = RUNE, .rune = rune});
}

static int parse_group(struct parser *p)
{
	struct cp_str group = CP_S("(.*/)?");

	if (!cp_str_starts(p->t, group))
		return CP_EINVAL; /* the translation makes no other */
	skip(p, group.n);
	if (add_item(p, (struct item){.kind = GROUP}) < 0)
		return CP_ENOMEM;
	return add_item(p, (struct item){.kind = IN_GROUP});
}

static int parse_star(struct parser *p)
{
	struct item *last = p->re->items.n ? &p->re->items.items[p->re->items.n - 1] : NULL;

	if (!last || last->kind > NOT_NEWLINE)
		return CP_EINVAL;
	skip(p, 1);
	last->star = true;
	return 0;
}

static int parse_one(struct parser *p)
{
	enum item_kind kind = RUNE;

	switch (p->t.p[0]) {
	case '\\':
		return parse_backslash(p);
	case '[':
		return parse_class(p);
	case '(':
		return parse_group(p);
	case '*':
		return parse_star(p);
	case '^':
		kind = BEGIN_TEXT;
		break;
	case '$':
		kind = END_TEXT;
		break;
	case '.':
		kind = NOT_NEWLINE;
		break;
	default:
		return add_item(p, (struct item){.kind = RUNE, .rune = next_rune(p)});
	}
	skip(p, 1);
	return add_item(p, (struct item){.kind = kind});
}

/* ---- literal ends ---- */

static void add_utf8(struct cp_buf *b, uint32_t r)
{
	if (r < 0x80) {
		cp_buf_addc(b, (char)r);
		return;
	}
	if (r < 0x800) {
		cp_buf_addc(b, (char)(0xC0 | r >> 6));
	} else {
		if (r < 0x10000) {
			cp_buf_addc(b, (char)(0xE0 | r >> 12));
		} else {
			cp_buf_addc(b, (char)(0xF0 | r >> 18));
			cp_buf_addc(b, (char)(0x80 | (r >> 12 & 0x3F)));
		}
		cp_buf_addc(b, (char)(0x80 | (r >> 6 & 0x3F)));
	}
	cp_buf_addc(b, (char)(0x80 | (r & 0x3F)));
}

/* U+FFFD also stands for any broken byte, so it is no literal. */
static bool is_literal(const struct item *it)
{
	return it->kind == RUNE && !it->star && it->rune != CP_RUNE_ERROR;
}

static int literal_text(struct cp_arena *a, const struct item *items, size_t n, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(n * 4 + 1);

	for (size_t i = 0; i < n; i++)
		add_utf8(&b, items[i].rune);
	if (cp_buf_error(&b))
		return CP_ENOMEM;
	*ret = cp_arena_str(a, cp_buf_str(&b));
	return ret->p ? 0 : CP_ENOMEM;
}

static int find_literal_ends(struct cp_arena *a, struct cp_context_regex *re)
{
	const struct item *items = re->items.items;
	size_t n = re->items.n, from = 1, back;
	int r = 0;

	if (n && items[0].kind == BEGIN_TEXT) {
		while (from < n && is_literal(&items[from]))
			from++;
		r = literal_text(a, items + 1, from - 1, &re->prefix);
	}
	if (r < 0 || n == 0 || items[n - 1].kind != END_TEXT)
		return r;
	back = n - 1;
	while (back > 0 && is_literal(&items[back - 1]))
		back--;
	return literal_text(a, items + back, n - 1 - back, &re->suffix);
}

int cp_context_regex_compile(struct cp_arena *a, struct cp_str text, const struct cp_context_regex **ret_regex)
{
	struct cp_context_regex *re = CP_NEW(a, struct cp_context_regex);
	struct parser p = {a, text, re};
	int r = re ? 0 : CP_ENOMEM;

	while (r == 0 && p.t.n)
		r = parse_one(&p);
	if (r == 0)
		r = find_literal_ends(a, re);
	if (r == 0)
		*ret_regex = re;
	return r;
}

/* ---- matching ---- */

/* A set of items, of which none lies outside [lo, hi]. */
struct set {
	uint64_t *words;
	size_t lo, hi;
};

static void set_add(struct set *s, size_t i)
{
	s->words[i / 64] |= (uint64_t)1 << (i % 64);
	if (i < s->lo)
		s->lo = i;
	if (i > s->hi)
		s->hi = i;
}

static bool set_has(const struct set *s, size_t i)
{
	return s->words[i / 64] >> (i % 64) & 1;
}

static void set_clear(struct set *s)
{
	if (s->lo <= s->hi)
		memset(&s->words[s->lo / 64], 0, (s->hi / 64 - s->lo / 64 + 1) * sizeof(*s->words));
	s->lo = SIZE_MAX;
	s->hi = 0;
}

static bool category_has(const struct cp_context_category *c, uint32_t rune)
{
	size_t lo = 0, hi = c->n_borders; /* borders[0..lo) are <= rune */

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->borders[mid] <= rune)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo & 1;
}

static bool class_has(const struct class *c, uint32_t rune)
{
	bool in = false;

	for (size_t i = 0; !in && i < c->parts.n; i++) {
		const struct class_part *p = &c->parts.items[i];

		in = p->category ? category_has(p->category, rune) != p->negated : rune >= p->lo && rune <= p->hi;
	}
	return in != c->negated;
}

static bool item_takes(const struct item *it, uint32_t rune)
{
	if (rune == NO_RUNE)
		return false;
	if (it->kind == RUNE)
		return it->rune == rune;
	return it->kind == CLASS ? class_has(it->class, rune) : rune != '\n';
}

static bool assertion_holds(enum item_kind kind, uint32_t before, uint32_t after)
{
	bool border = (before != NO_RUNE && is_word(before)) != (after != NO_RUNE && is_word(after));

	if (kind == BEGIN_TEXT)
		return before == NO_RUNE;
	if (kind == END_TEXT)
		return after == NO_RUNE;
	return border == (kind == WORD_BORDER);
}

/* From the items `cur` that may come next, over `rune`, to `next`. True: the end of the row was reached. */
static bool advance(const struct cp_context_regex *re, struct set *cur, struct set *next, uint32_t before, uint32_t rune)
{
	for (size_t i = cur->lo; i <= cur->hi; i++) {
		const struct item *it = &re->items.items[i];

		if (i % 64 == 0 && cur->words[i / 64] == 0) {
			i += 63;
			continue;
		}
		if (!set_has(cur, i))
			continue;
		if (i == re->items.n)
			return true;
		if (it->kind <= NOT_NEWLINE) {
			if (it->star)
				set_add(cur, i + 1);
			if (item_takes(it, rune))
				set_add(next, it->star ? i : i + 1);
		} else if (it->kind == GROUP) {
			set_add(cur, i + 1);
			set_add(cur, i + 2);
		} else if (it->kind == IN_GROUP) {
			if (rune != NO_RUNE && rune != '\n')
				set_add(next, i);
			if (rune == '/')
				set_add(next, i + 1);
		} else if (assertion_holds(it->kind, before, rune)) {
			set_add(cur, i + 1);
		}
	}
	return false;
}

/*
 * Run over the whole of s. *ret_matched: it matches. *ret_alive: it or something longer may match.
 */
static void run(const struct cp_context_regex *re, struct cp_str s, struct set *cur, struct set *next, bool *ret_matched,
		bool *ret_alive)
{
	uint32_t before = NO_RUNE;

	set_add(cur, 0);
	*ret_matched = false;
	while (!*ret_matched && s.n && cur->lo <= cur->hi) {
		struct set *swap = cur;
		size_t width;
		uint32_t rune = cp_utf8_decode(s, &width);

		*ret_matched = advance(re, cur, next, before, rune);
		set_clear(cur);
		cur = next;
		next = swap;
		before = rune;
		s = cp_str_from(s, width);
	}
	*ret_alive = *ret_matched || cur->lo <= cur->hi;
	if (!*ret_matched && *ret_alive)
		*ret_matched = advance(re, cur, next, before, NO_RUNE);
}

static int run_with_room(const struct cp_context_regex *re, struct cp_str s, bool *ret_matched, bool *ret_alive)
{
	uint64_t room[2 * STACK_WORDS] = {0};
	cp_auto_free uint64_t *heap = NULL;
	size_t words = (re->items.n + 3 + 63) / 64;
	struct set cur = {room, SIZE_MAX, 0}, next = {room + STACK_WORDS, SIZE_MAX, 0};

	if (words > STACK_WORDS) {
		heap = calloc(words, 2 * sizeof(*heap));
		if (!heap)
			return CP_ENOMEM;
		cur.words = heap;
		next.words = heap + words;
	}
	run(re, s, &cur, &next, ret_matched, ret_alive);
	return 0;
}

int cp_context_regex_match(const struct cp_context_regex *re, struct cp_str s, bool *ret_matched)
{
	bool alive;

	if (!cp_str_starts(s, re->prefix) || !cp_str_ends(s, re->suffix)) {
		*ret_matched = false;
		return 0;
	}
	return run_with_room(re, s, ret_matched, &alive);
}

bool cp_context_regex_may_begin(const struct cp_context_regex *re, struct cp_str s)
{
	bool matched, alive;

	if (!cp_str_starts(s, re->prefix) && !cp_str_starts(re->prefix, s))
		return false;
	return run_with_room(re, s, &matched, &alive) < 0 || alive;
}
