/*
 * Go's path.Match: shell patterns within a path. What it finds malformed, and when, is part of the
 * behaviour.
 */
#include "context/patterns_int.h"

/* The next piece of a pattern: stars, then everything up to the next star outside brackets. */
struct piece {
	bool star;
	struct cp_str text, rest;
};

static struct piece next_piece(struct cp_str pattern)
{
	struct piece p = {.star = false};
	bool in_class = false;
	size_t i;

	while (pattern.n && pattern.p[0] == '*') {
		pattern = cp_str_from(pattern, 1);
		p.star = true;
	}
	for (i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];

		if (c == '\\' && i + 1 < pattern.n)
			i++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
		else if (c == '*' && !in_class)
			break;
	}
	p.text = cp_str_sub(pattern, 0, i);
	p.rest = cp_str_from(pattern, i);
	return p;
}

/* One character of a class, maybe escaped. There must be something after it. */
static bool class_char(struct cp_str *text, uint32_t *ret)
{
	size_t width;

	if (text->n == 0 || text->p[0] == '-' || text->p[0] == ']')
		return false;
	if (text->p[0] == '\\') {
		*text = cp_str_from(*text, 1);
		if (text->n == 0)
			return false;
	}
	*ret = cp_utf8_decode(*text, &width);
	if (*ret == CP_RUNE_ERROR && width == 1)
		return false;
	*text = cp_str_from(*text, width);
	return text->n > 0;
}

/* A class after its "[". False when it is malformed; *ret_in: the rune is one of it. */
static bool class_match(struct cp_str *text, uint32_t rune, bool *ret_in)
{
	bool negated = false, in = false;
	size_t n = 0;

	if (text->n && text->p[0] == '^') {
		negated = true;
		*text = cp_str_from(*text, 1);
	}
	while (!(text->n && text->p[0] == ']' && n > 0)) {
		uint32_t lo, hi;

		if (!class_char(text, &lo))
			return false;
		hi = lo;
		if (text->p[0] == '-') {
			*text = cp_str_from(*text, 1);
			if (!class_char(text, &hi))
				return false;
		}
		in = in || (lo <= rune && rune <= hi);
		n++;
	}
	*text = cp_str_from(*text, 1);
	*ret_in = in != negated;
	return true;
}

/*
 * Does a piece match the beginning of s? Goes on to the end of the piece after a mismatch, to find
 * malformed patterns: false means malformed.
 */
static bool piece_match(struct cp_str text, struct cp_str s, bool *ret_matched,
			struct cp_str *ret_rest)
{
	bool failed = false;

	while (text.n) {
		uint32_t rune = 0;
		size_t width = 0;
		bool in;

		failed = failed || s.n == 0;
		if (!failed)
			rune = cp_utf8_decode(s, &width);
		if (text.p[0] == '[') {
			text = cp_str_from(text, 1);
			if (!class_match(&text, rune, &in))
				return false;
			failed = failed || !in;
			s = cp_str_from(s, width);
			continue;
		}
		if (text.p[0] == '?') {
			failed = failed || s.p[0] == '/';
			s = cp_str_from(s, width);
			text = cp_str_from(text, 1);
			continue;
		}
		if (text.p[0] == '\\') {
			text = cp_str_from(text, 1);
			if (text.n == 0)
				return false;
		}
		failed = failed || text.p[0] != s.p[0];
		s = cp_str_from(s, 1);
		text = cp_str_from(text, 1);
	}
	*ret_matched = !failed;
	*ret_rest = s;
	return true;
}

/* A piece after a star: the first place within this path element where it matches. */
static bool star_match(const struct piece *p, struct cp_str name, bool *ret_matched,
		       struct cp_str *ret_rest)
{
	*ret_matched = false;
	for (size_t i = 0; i < name.n && name.p[i] != '/'; i++) {
		struct cp_str rest;
		bool matched;

		if (!piece_match(p->text, cp_str_from(name, i + 1), &matched, &rest))
			return false;
		if (!matched || (p->rest.n == 0 && rest.n > 0))
			continue;
		*ret_matched = true;
		*ret_rest = rest;
		return true;
	}
	return true;
}

static bool rest_is_valid(struct cp_str pattern)
{
	while (pattern.n) {
		struct piece p = next_piece(pattern);
		struct cp_str rest;
		bool matched;

		if (!piece_match(p.text, CP_S(""), &matched, &rest))
			return false;
		pattern = p.rest;
	}
	return true;
}

/* check_rest: a mismatch looks for malformed pieces in what is left of the pattern. */
static int match(struct cp_str pattern, struct cp_str path, bool check_rest, bool *ret_matched)
{
	while (pattern.n) {
		struct piece p = next_piece(pattern);
		struct cp_str rest;
		bool matched;

		if (p.star && p.text.n == 0) {
			*ret_matched = cp_str_find(path, '/', 0) == path.n;
			return 0;
		}
		if (!piece_match(p.text, path, &matched, &rest))
			return CP_EINVAL;
		matched = matched && (rest.n == 0 || p.rest.n > 0);
		if (!matched && p.star && !star_match(&p, path, &matched, &rest))
			return CP_EINVAL;
		if (!matched) {
			if (check_rest && !rest_is_valid(p.rest))
				return CP_EINVAL;
			*ret_matched = false;
			return 0;
		}
		path = rest;
		pattern = p.rest;
	}
	*ret_matched = path.n == 0;
	return 0;
}

int cp_path_match(struct cp_str pattern, struct cp_str path, bool *ret_matched)
{
	return match(pattern, path, true, ret_matched);
}

/* path/filepath's Match has the same rules, but does not look at the pattern behind a mismatch. */
bool cp_context_filepath_accepts(struct cp_str pattern)
{
	bool matched;

	return match(pattern, CP_S("."), false, &matched) == 0;
}
