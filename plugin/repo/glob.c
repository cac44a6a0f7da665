/* git's pattern language (wildmatch.c), without its recursion: a star is given up for the next longer one only. */
#include "repo/attributes_int.h"

#define NONE SIZE_MAX

static bool is_special(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

size_t cp_repo_glob_literal(struct cp_str pattern)
{
	size_t n = 0;

	while (n < pattern.n && !is_special(pattern.p[n]))
		n++;
	return n;
}

/* ---- sets ---- */

static bool in_range(unsigned char c, unsigned char from, unsigned char to)
{
	return c >= from && c <= to;
}

static bool is_alpha(unsigned char c)
{
	return in_range(c | 0x20, 'a', 'z');
}

static bool is_space(unsigned char c) /* git has its own ctype: no \v and no \f */
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* [:name:] */
static bool in_class(struct cp_str name, unsigned char c, bool *ret_known)
{
	bool digit = in_range(c, '0', '9'), alpha = is_alpha(c), graph = in_range(c, 0x21, 0x7e);
	const struct {
		struct cp_str name;
		bool holds;
	} classes[] = {
		{CP_S("alnum"), digit || alpha},
		{CP_S("alpha"), alpha},
		{CP_S("blank"), c == ' ' || c == '\t'},
		{CP_S("cntrl"), c < 0x20 || c == 0x7f},
		{CP_S("digit"), digit},
		{CP_S("graph"), graph},
		{CP_S("lower"), in_range(c, 'a', 'z')},
		{CP_S("print"), graph || c == ' '},
		{CP_S("punct"), graph && !digit && !alpha},
		{CP_S("space"), is_space(c)},
		{CP_S("upper"), in_range(c, 'A', 'Z')},
		{CP_S("xdigit"), digit || in_range(c | 0x20, 'a', 'f')},
	};

	for (size_t i = 0; i < CP_LEN(classes); i++)
		if (cp_str_eq(name, classes[i].name))
			return classes[i].holds;
	*ret_known = false;
	return false;
}

struct set {
	struct cp_str pattern;
	size_t at;       /* behind the last byte looked at */
	unsigned char c; /* the byte of the text */
	int previous;    /* the member before, for ranges; 0 = none */
	bool matched;
	bool broken;
};

/* The member at s->at, past a backslash; 0 at the end of the pattern. */
static unsigned char set_byte(struct set *s)
{
	if (s->at < s->pattern.n && s->pattern.p[s->at] == '\\')
		s->at++;
	if (s->at >= s->pattern.n) {
		s->broken = true;
		return 0;
	}
	return (unsigned char)s->pattern.p[s->at++];
}

/* "[:name:]" at s->at; false when it only looks like one, and '[' is a member. */
static bool set_class(struct set *s)
{
	size_t from = s->at + 2, end = cp_str_find(s->pattern, ']', from);
	bool known = true;

	if (end >= s->pattern.n) {
		s->broken = true;
		return true;
	}
	if (end == from || s->pattern.p[end - 1] != ':')
		return false;
	if (in_class(cp_str_sub(s->pattern, from, end - 1), s->c, &known))
		s->matched = true;
	if (!known)
		s->broken = true;
	s->at = end + 1;
	s->previous = 0;
	return true;
}

static void set_member(struct set *s)
{
	struct cp_str p = s->pattern;
	unsigned char m;

	if (p.p[s->at] == '[' && s->at + 1 < p.n && p.p[s->at + 1] == ':' && set_class(s))
		return;
	if (p.p[s->at] == '-' && s->previous && s->at + 1 < p.n && p.p[s->at + 1] != ']') {
		s->at++;
		m = set_byte(s);
		if (!s->broken && in_range(s->c, (unsigned char)s->previous, m))
			s->matched = true;
		s->previous = 0;
		return;
	}
	m = set_byte(s);
	if (!s->broken && m == s->c)
		s->matched = true;
	s->previous = m;
}

/* The set that begins behind '[' at *at. Moves *at behind its ']'. A set without an end matches nothing. */
static bool match_set(struct cp_str pattern, size_t *at, unsigned char c, bool paths)
{
	struct set s = {.pattern = pattern, .at = *at, .c = c};
	bool negated = s.at < pattern.n && (pattern.p[s.at] == '!' || pattern.p[s.at] == '^');

	s.at += negated;
	do { /* a ']' that comes first is a member */
		if (s.at >= pattern.n)
			return false;
		set_member(&s);
		if (s.broken || s.at >= pattern.n)
			return false;
	} while (pattern.p[s.at] != ']');
	*at = s.at + 1;
	return s.matched != negated && !(paths && c == '/');
}

/* ---- matching ---- */

struct matcher {
	struct cp_str pattern, text;
	bool paths;
	size_t p, t;
	size_t star_p,
		star_t; /* behind the last star, and where its match ends; NONE without one */
	size_t deep_p, deep_t; /* the same of the last "**" between slashes */
};

/* One byte against one element of the pattern that is no star. */
static bool match_byte(struct matcher *m)
{
	unsigned char c = (unsigned char)m->text.p[m->t];
	char e = m->pattern.p[m->p++];

	m->t++;
	if (e == '?')
		return !(m->paths && c == '/');
	if (e == '[')
		return match_set(m->pattern, &m->p, c, m->paths);
	if (e == '\\') {
		if (m->p >= m->pattern.n)
			return false;
		e = m->pattern.p[m->p++];
	}
	return (unsigned char)e == c;
}

/* Let the last star match one byte more, or the last "**" one folder more. */
static bool retry(struct matcher *m)
{
	size_t slash;

	if (m->star_p != NONE && m->star_t < m->text.n &&
	    !(m->paths && m->text.p[m->star_t] == '/')) {
		m->t = ++m->star_t;
		m->p = m->star_p;
		return true;
	}
	if (m->deep_p == NONE)
		return false;
	slash = cp_str_find(m->text, '/', m->deep_t);
	if (slash >= m->text.n)
		return false;
	m->t = m->deep_t = slash + 1;
	m->p = m->deep_p;
	m->star_p = NONE;
	return true;
}

/* Stars at m->p: false when they cannot match here. */
static bool enter_star(struct matcher *m)
{
	size_t from = m->p, end = from;
	bool escaped, deep;

	while (end < m->pattern.n && m->pattern.p[end] == '*')
		end++;
	escaped =
		end + 1 < m->pattern.n && m->pattern.p[end] == '\\' && m->pattern.p[end + 1] == '/';
	deep = m->paths && end - from > 1 && (from == 0 || m->pattern.p[from - 1] == '/') &&
	       (end == m->pattern.n || m->pattern.p[end] == '/' || escaped);
	m->p = end;
	if (!deep) {
		m->star_p = end;
		m->star_t = m->t;
		return true;
	}
	m->star_p = NONE;
	if (end == m->pattern.n) {
		m->t = m->text.n;
		return true;
	}
	m->p = m->deep_p = end + 1 + escaped;
	m->deep_t = m->t;
	return escaped ? retry(m)
		       : true; /* "**" "\/" wants a slash, "**" "/" matches no folder, too */
}

bool cp_repo_glob_match(struct cp_str pattern, struct cp_str text, bool paths)
{
	struct matcher m = {
		.pattern = pattern, .text = text, .paths = paths, .star_p = NONE, .deep_p = NONE};

	for (;;) {
		bool ok;

		if (m.p < pattern.n && pattern.p[m.p] == '*')
			ok = enter_star(&m);
		else if (m.p < pattern.n && m.t < text.n)
			ok = match_byte(&m);
		else if (m.p == pattern.n && m.t == text.n)
			return true;
		else
			ok = false;
		if (!ok && !retry(&m))
			return false;
	}
}
