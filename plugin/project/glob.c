#include "project/glob_int.h"

/* ---- GitHub ---- */

enum piece_kind { PIECE_LITERAL, PIECE_SEGMENT, PIECE_ANY, PIECE_CLASS, PIECE_FOLDERS };

/* One piece of a pattern with its repetition. */
struct piece {
	enum piece_kind kind;
	struct cp_str text;  /* LITERAL: one character; CLASS: what is between the brackets */
	bool optional, more; /* `?`, `+`; both for `*` and `**` */
};

static bool in_class(struct cp_str set, unsigned char c)
{
	for (size_t i = 0; i < set.n; i++) {
		unsigned char from = (unsigned char)set.p[i], to = from;

		if (i + 2 < set.n && set.p[i + 1] == '-') {
			to = (unsigned char)set.p[i + 2];
			i += 2;
		}
		if (c >= from && c <= to)
			return true;
	}
	return false;
}

static bool class_letter(char c)
{
	return (c >= 'A' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits and ranges of one of them; anything else makes the forge refuse the workflow. */
static bool valid_class(struct cp_str set)
{
	for (size_t i = 0; i < set.n; i++) {
		if (!class_letter(set.p[i]))
			return false;
		if (i + 1 >= set.n || set.p[i + 1] != '-')
			continue;
		if (i + 2 >= set.n || set.p[i] > set.p[i + 2] ||
		    (set.p[i] <= '9') != (set.p[i + 2] <= '9'))
			return false;
		i += 2;
		if (!class_letter(set.p[i]))
			return false;
	}
	return set.n > 0;
}

/* The next piece without its repetition. False when the pattern is broken. */
static bool take_piece(struct cp_str *rest, struct piece *ret)
{
	struct piece p = {.kind = PIECE_LITERAL};
	size_t width = 1;

	if (cp_str_starts(*rest, CP_S("**/"))) {
		p.kind = PIECE_FOLDERS;
		p.optional = true;
		width = 3;
	} else if (rest->p[0] == '*') {
		p.kind = cp_str_starts(*rest, CP_S("**")) ? PIECE_ANY : PIECE_SEGMENT;
		p.optional = p.more = true;
		width = p.kind == PIECE_ANY ? 2 : 1;
	} else if (rest->p[0] == '[') {
		size_t end = cp_str_find(*rest, ']', 1);

		p.kind = PIECE_CLASS;
		p.text = cp_str_sub(*rest, 1, end);
		if (end == rest->n || !valid_class(p.text))
			return false;
		width = end + 1;
	} else {
		if (rest->p[0] == '\\') {
			*rest = cp_str_from(*rest, 1);
			if (rest->n == 0)
				return false;
		}
		cp_utf8_decode(*rest, &width);
		p.text = cp_str_sub(*rest, 0, width);
	}
	*rest = cp_str_from(*rest, width);
	*ret = p;
	return true;
}

/*
 * `?` and `+` behind a piece. As in a regular expression one more `?` behind a repetition changes
 * nothing, and anything else there is an error.
 */
static bool take_repetition(struct cp_str *rest, struct piece *p)
{
	bool repeated = p->optional || p->more, lazy = false;

	while (rest->n && (rest->p[0] == '?' || rest->p[0] == '+')) {
		if (lazy || (repeated && rest->p[0] == '+'))
			return false;
		if (repeated) {
			lazy = true;
		} else {
			p->optional = rest->p[0] == '?';
			p->more = rest->p[0] == '+';
			repeated = true;
		}
		*rest = cp_str_from(*rest, 1);
	}
	return true;
}

/* Bytes that one occurrence of the piece takes at `at`; 0 = it does not match there. */
static size_t piece_width(const struct piece *p, struct cp_str path, size_t at)
{
	if (at >= path.n)
		return 0;
	switch (p->kind) {
	case PIECE_LITERAL:
		return cp_str_starts(cp_str_from(path, at), p->text) ? p->text.n : 0;
	case PIECE_SEGMENT:
		return path.p[at] != '/';
	case PIECE_CLASS:
		return in_class(p->text, (unsigned char)path.p[at]);
	default:
		return 1;
	}
}

/*
 * Which places of the path can be reached behind the piece, from those that could be reached before
 * it.
 */
static void step_piece(const struct piece *p, struct cp_str path, const bool *before, bool *behind)
{
	size_t first = path.n + 1; /* FOLDERS: the first place to start from */

	memset(behind, 0, path.n + 1);
	for (size_t at = 0; at <= path.n; at++) {
		size_t width;

		if (p->kind == PIECE_FOLDERS) {
			behind[at] |= before[at] || (at > first + 1 && path.p[at - 1] == '/');
			first = before[at] && at < first ? at : first;
			continue;
		}
		if (before[at] && p->optional)
			behind[at] = true;
		if (!before[at] && !(p->more && behind[at]))
			continue;
		width = piece_width(p, path, at);
		if (width)
			behind[at + width] = true;
	}
}

int cp_glob_github(struct cp_str pattern, struct cp_str path, bool *ret_matches)
{
	bool places[2][CP_MAX_PATH_BYTES + 1];
	struct cp_str rest = pattern;
	int now = 0;

	if (pattern.n > CP_MAX_PATH_BYTES || path.n > CP_MAX_PATH_BYTES)
		return CP_ELIMIT;
	memset(places[0], 0, path.n + 1);
	places[0][0] = true;
	while (rest.n) {
		struct piece p;

		/* a `?` or `+` with nothing before it stands for itself */
		if (rest.n == pattern.n && (rest.p[0] == '?' || rest.p[0] == '+')) {
			p = (struct piece){.kind = PIECE_LITERAL, .text = cp_str_sub(rest, 0, 1)};
			rest = cp_str_from(rest, 1);
		} else if (!take_piece(&rest, &p)) {
			return CP_EINVAL;
		}
		if (!take_repetition(&rest, &p))
			return CP_EINVAL;
		step_piece(&p, path, places[now], places[!now]);
		now = !now;
	}
	*ret_matches = places[now][path.n];
	return 0;
}

/* ---- GitLab: Ruby's dir.c ---- */

/* Bytes of the character at s. */
static size_t char_width(struct cp_str s)
{
	size_t width = 0;

	if (s.n)
		cp_utf8_decode(s, &width);
	return width;
}

static uint32_t char_at(struct cp_str s)
{
	size_t width;

	return s.n ? cp_utf8_decode(s, &width) : 0;
}

/* One end of a range inside brackets, a backslash dropped. False at the end of the pattern. */
static bool class_char(struct cp_str *p, struct cp_str *ret)
{
	if (p->n && p->p[0] == '\\')
		*p = cp_str_from(*p, 1);
	if (p->n == 0)
		return false;
	*ret = cp_str_sub(*p, 0, char_width(*p));
	*p = cp_str_from(*p, ret->n);
	return true;
}

/*
 * Behind the opening bracket: does the class take the first character of s? *p moves behind the
 * closing one.
 */
static bool match_class(struct cp_str *p, struct cp_str s)
{
	bool negated = p->n && (p->p[0] == '!' || p->p[0] == '^'), ok = false;
	uint32_t c = char_at(s);

	*p = cp_str_from(*p, negated);
	while (p->n) {
		struct cp_str from, to;

		if (p->p[0] == ']') {
			*p = cp_str_from(*p, 1);
			return ok != negated;
		}
		if (!class_char(p, &from))
			return false;
		to = from;
		if (p->n > 1 && p->p[0] == '-' && p->p[1] != ']') {
			*p = cp_str_from(*p, 1);
			if (!class_char(p, &to))
				return false;
		}
		/* the ends of a range count even when they are the wrong way round */
		if (c == char_at(from) || c == char_at(to) ||
		    (char_at(from) < c && c < char_at(to)))
			ok = true;
	}
	return false;
}

/* Past a backslash, even one that ends the pattern and so stands for nothing. */
static struct cp_str unescaped(struct cp_str p)
{
	return cp_str_from(p, p.n && p.p[0] == '\\');
}

/*
 * One character of the pattern against one of the path, neither at its end. Both move on success.
 */
static bool match_one(struct cp_str *p, struct cp_str *s)
{
	struct cp_str pattern = *p, text;

	if (pattern.p[0] == '?') {
		*p = cp_str_from(pattern, 1);
		*s = cp_str_from(*s, char_width(*s));
		return true;
	}
	if (pattern.p[0] == '[') {
		struct cp_str behind = cp_str_from(pattern, 1);

		if (!match_class(&behind, *s))
			return false;
		*p = behind;
		*s = cp_str_from(*s, char_width(*s));
		return true;
	}
	pattern = unescaped(pattern);
	text = cp_str_sub(pattern, 0, char_width(pattern));
	if (!cp_str_starts(*s, text))
		return false;
	*p = cp_str_from(pattern, text.n);
	*s = cp_str_from(*s, text.n);
	return true;
}

static bool segment_end(struct cp_str s)
{
	return s.n == 0 || s.p[0] == '/';
}

/*
 * One path component (fnmatch_helper): a star goes back to where it was and takes one more. Both
 * end at a slash or at the end.
 */
static bool match_segment(struct cp_str *p, struct cp_str *s)
{
	struct cp_str star_p = {NULL, 0}, star_s = {NULL, 0};
	bool star = false;

	for (;;) {
		if (p->n && p->p[0] == '*') {
			*p = cp_str_trim_left(*p, "*");
			star = true;
			star_p = *p;
			star_s = *s;
			if (segment_end(unescaped(*p))) {
				*p = unescaped(*p);
				*s = cp_str_from(*s, cp_str_find(*s, '/', 0));
				return true;
			}
			if (segment_end(*s))
				return false;
			continue;
		}
		if (segment_end(unescaped(*p)) && segment_end(*s)) {
			*p = unescaped(*p);
			return true;
		}
		if (!segment_end(unescaped(*p)) && !segment_end(*s) && match_one(p, s))
			continue;
		if (!star || segment_end(star_s))
			return false;
		star_s = cp_str_from(star_s, char_width(star_s));
		*p = star_p;
		*s = star_s;
	}
}

/*
 * The whole path; a leading `**` component is tried at every folder, the last one first given up.
 */
static bool match_path(struct cp_str p, struct cp_str s)
{
	struct cp_str again_p = {NULL, 0}, again_s = {NULL, 0};

	for (;;) {
		bool ok;

		while (cp_str_starts(p, CP_S("**/"))) {
			p = cp_str_from(p, 3);
			again_p = p;
			again_s = s;
		}
		ok = match_segment(&p, &s);
		if (ok && p.n && s.n) {
			p = cp_str_from(p, 1);
			s = cp_str_from(s, 1);
			continue;
		}
		if (ok && p.n == 0 && s.n == 0)
			return true;
		if (!again_p.p)
			return false;
		again_s = cp_str_from(again_s, cp_str_find(again_s, '/', 0));
		if (again_s.n == 0)
			return false;
		again_s = cp_str_from(again_s, 1);
		p = again_p;
		s = again_s;
	}
}

struct braces {
	struct cp_str path;
	size_t patterns; /* tried so far */
	bool matched;
};

/*
 * The first outermost pair of braces; false when there is none. `ret_broken`: one of a pair is
 * missing.
 */
static bool find_braces(struct cp_str p, size_t *ret_open, size_t *ret_close, bool *ret_broken)
{
	size_t open = p.n;
	int nest = 0;

	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '{' && nest++ == 0)
			open = i;
		if (p.p[i] == '}' && open < p.n && --nest == 0) {
			*ret_open = open;
			*ret_close = i;
			return true;
		}
		if (p.p[i] == '\\')
			i++;
	}
	*ret_broken = open < p.n;
	return false;
}

static size_t alternative_end(struct cp_str p, size_t i, size_t close)
{
	int nest = 0;

	for (; i < close && !(p.p[i] == ',' && nest == 0); i++) {
		nest += (p.p[i] == '{') - (p.p[i] == '}');
		if (p.p[i] == '\\' && i + 1 < close)
			i++;
	}
	return i;
}

/* ruby_brace_expand: `{a,b}` is tried as a and as b; a pattern with half a pair matches nothing. */
static int try_braces(struct braces *b, struct cp_str p, unsigned depth)
{
	size_t open = 0, close = 0;
	bool broken = false;

	if (++b->patterns > CP_MAX_IGNORE_PATTERNS || depth > CP_MAX_EXPANSION_DEPTH)
		return CP_ELIMIT;
	if (!find_braces(p, &open, &close, &broken)) {
		b->matched = !broken && match_path(p, b->path);
		return 0;
	}
	for (size_t from = open; from < close && !b->matched;) {
		cp_auto_buf struct cp_buf one = CP_BUF_INIT(CP_MAX_PATH_BYTES);
		size_t end = alternative_end(p, from + 1, close);
		int r;

		cp_buf_adds(&one, cp_str_sub(p, 0, open));
		cp_buf_adds(&one, cp_str_sub(p, from + 1, end));
		cp_buf_adds(&one, cp_str_from(p, close + 1));
		r = cp_buf_error(&one) ? cp_buf_error(&one)
				       : try_braces(b, cp_buf_str(&one), depth + 1);
		if (r < 0)
			return r;
		from = end;
	}
	return 0;
}

int cp_glob_gitlab(struct cp_str pattern, struct cp_str path, bool *ret_matches)
{
	struct braces b = {.path = path};
	int r;

	if (pattern.n > CP_MAX_PATH_BYTES || path.n > CP_MAX_PATH_BYTES)
		return CP_ELIMIT;
	r = try_braces(&b, pattern, 0);
	if (r == 0)
		*ret_matches = b.matched;
	return r;
}
