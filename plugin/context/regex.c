/* Matching the regular expressions of patterns. */
#include "context/regex_int.h"

#include <stdlib.h>

#define NO_RUNE UINT32_MAX /* beyond either end of the text */
#define STACK_WORDS 16

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
static bool is_literal(const struct cp_regex_item *it)
{
	return it->kind == CP_REGEX_RUNE && !it->star && !it->optional && it->rune != CP_RUNE_ERROR;
}

static int literal_text(struct cp_arena *a, const struct cp_regex_item *items, size_t n,
			struct cp_str *ret)
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
	const struct cp_regex_item *items = re->items.items;
	size_t n = re->items.n - 1, from = 1, back; /* without ACCEPT */
	int r = 0;

	if (re->starts.n > 1 || n == 0)
		return 0;
	if (items[0].kind == CP_REGEX_BEGIN) {
		while (from < n && is_literal(&items[from]))
			from++;
		r = literal_text(a, items + 1, from - 1, &re->prefix);
	}
	if (r < 0 || items[n - 1].kind != CP_REGEX_END)
		return r;
	back = n - 1;
	while (back > 0 && is_literal(&items[back - 1]))
		back--;
	return literal_text(a, items + back, n - 1 - back, &re->suffix);
}

int cp_context_regex_compile(struct cp_arena *a, struct cp_str text,
			     const struct cp_context_regex **ret_regex)
{
	struct cp_context_regex *re = CP_NEW(a, struct cp_context_regex);
	int r = re ? cp_context_regex_parse(a, text, re) : CP_ENOMEM;

	for (size_t i = 0; r == 0 && i < re->starts.n; i++)
		re->unanchored = re->unanchored ||
				 re->items.items[re->starts.items[i]].kind != CP_REGEX_BEGIN;
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

static bool class_has(const struct cp_regex_class *c, uint32_t rune)
{
	bool in = false;

	for (size_t i = 0; !in && i < c->parts.n; i++) {
		const struct cp_regex_part *p = &c->parts.items[i];

		in = p->category ? cp_unicode_has(p->category, rune) != p->negated
				 : rune >= p->lo && rune <= p->hi;
	}
	return in != c->negated;
}

static bool item_takes(const struct cp_regex_item *it, uint32_t rune)
{
	if (rune == NO_RUNE)
		return false;
	if (it->kind == CP_REGEX_RUNE)
		return it->rune == rune;
	return it->kind == CP_REGEX_CLASS ? class_has(it->class, rune) : rune != '\n';
}

static bool assertion_holds(enum cp_regex_kind kind, uint32_t before, uint32_t after)
{
	bool border = (before != NO_RUNE && cp_regex_is_word(before)) !=
		      (after != NO_RUNE && cp_regex_is_word(after));

	if (kind == CP_REGEX_BEGIN)
		return before == NO_RUNE;
	if (kind == CP_REGEX_END)
		return after == NO_RUNE;
	return border == (kind == CP_REGEX_BORDER);
}

/*
 * From the items `cur` that may come next, over `rune`, to `next`. True: the end of a row was
 * reached.
 */
static bool advance(const struct cp_context_regex *re, struct set *cur, struct set *next,
		    uint32_t before, uint32_t rune)
{
	for (size_t i = cur->lo; i <= cur->hi; i++) {
		const struct cp_regex_item *it = &re->items.items[i];

		if (i % 64 == 0 && cur->words[i / 64] == 0) {
			i += 63;
			continue;
		}
		if (!set_has(cur, i))
			continue;
		if (it->kind == CP_REGEX_ACCEPT)
			return true;
		if (it->kind <= CP_REGEX_NOT_NEWLINE) {
			if (it->star || it->optional)
				set_add(cur, i + 1);
			if (item_takes(it, rune))
				set_add(next, it->star ? i : i + 1);
		} else if (it->kind == CP_REGEX_GROUP) {
			set_add(cur, i + 1);
			set_add(cur, i + 2);
		} else if (it->kind == CP_REGEX_IN_GROUP) {
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

static void add_starts(const struct cp_context_regex *re, struct set *s)
{
	for (size_t i = 0; i < re->starts.n; i++)
		set_add(s, re->starts.items[i]);
}

/*
 * Run over the whole of s. *ret_matched: it matches. *ret_alive: it or something longer may match.
 */
static void run(const struct cp_context_regex *re, struct cp_str s, struct set *cur,
		struct set *next, bool *ret_matched, bool *ret_alive)
{
	uint32_t before = NO_RUNE;

	add_starts(re, cur);
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
		if (re->unanchored)
			add_starts(re, cur);
	}
	*ret_alive = *ret_matched || cur->lo <= cur->hi;
	if (!*ret_matched && *ret_alive)
		*ret_matched = advance(re, cur, next, before, NO_RUNE);
}

static int run_with_room(const struct cp_context_regex *re, struct cp_str s, bool *ret_matched,
			 bool *ret_alive)
{
	uint64_t room[2 * STACK_WORDS] = {0};
	cp_auto_free uint64_t *heap = NULL;
	size_t words = (re->items.n + 63) / 64;
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
