#include "scan.h"

#include <stdlib.h>
#include <string.h>

struct scan {
	const char *p;
	size_t n, at;
};

static bool value(struct scan *s, int depth);

static void space(struct scan *s)
{
	while (s->at < s->n && strchr(" \t\r\n", s->p[s->at]) && s->p[s->at])
		s->at++;
}

static bool next_is(struct scan *s, char c)
{
	if (s->at >= s->n || s->p[s->at] != c)
		return false;
	s->at++;
	return true;
}

static bool word(struct scan *s, const char *w)
{
	size_t n = strlen(w);

	if (s->n - s->at < n || memcmp(s->p + s->at, w, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool digits(struct scan *s)
{
	size_t from = s->at;

	while (s->at < s->n && s->p[s->at] >= '0' && s->p[s->at] <= '9')
		s->at++;
	return s->at > from;
}

static bool number(struct scan *s)
{
	next_is(s, '-');
	if (!next_is(s, '0') && !digits(s))
		return false;
	if (next_is(s, '.') && !digits(s))
		return false;
	if (!next_is(s, 'e') && !next_is(s, 'E'))
		return true;
	if (!next_is(s, '+'))
		next_is(s, '-');
	return digits(s);
}

static bool hex4(const char *p, size_t n, unsigned *ret)
{
	unsigned v = 0;

	if (n < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		const char *at =
			strchr("0123456789abcdef", p[i] >= 'A' && p[i] <= 'F' ? p[i] + 32 : p[i]);

		if (!p[i] || !at)
			return false;
		v = v * 16 + (unsigned)(at - "0123456789abcdef");
	}
	*ret = v;
	return true;
}

static bool escape(struct scan *s)
{
	unsigned u;

	if (s->at >= s->n || !s->p[s->at])
		return false;
	if (s->p[s->at] != 'u')
		return strchr("\"\\/bfnrt", s->p[s->at++]) != NULL;
	s->at++;
	if (!hex4(s->p + s->at, s->n - s->at, &u))
		return false;
	s->at += 4;
	if (u < 0xD800 || u > 0xDFFF)
		return true;
	/* a pair of surrogates, else it is no text */
	if (u > 0xDBFF || !word(s, "\\u") || !hex4(s->p + s->at, s->n - s->at, &u) || u < 0xDC00 ||
	    u > 0xDFFF)
		return false;
	s->at += 4;
	return true;
}

static bool string(struct scan *s)
{
	if (!next_is(s, '"'))
		return false;
	while (s->at < s->n) {
		size_t len = utf8_length(s->p + s->at, s->n - s->at);
		unsigned char c = (unsigned char)s->p[s->at];

		if (len == 0 || c < 0x20)
			return false;
		s->at += len;
		if (c == '"')
			return true;
		if (c == '\\' && !escape(s))
			return false;
	}
	return false;
}

static bool members(struct scan *s, char close, int depth)
{
	space(s);
	if (next_is(s, close))
		return true;
	for (;;) {
		space(s);
		if (close == '}') {
			if (!string(s))
				return false;
			space(s);
			if (!next_is(s, ':'))
				return false;
		}
		if (!value(s, depth))
			return false;
		if (next_is(s, close))
			return true;
		if (!next_is(s, ','))
			return false;
	}
}

/* One value and the white space around it. */
static bool value(struct scan *s, int depth)
{
	bool ok;

	space(s);
	if (s->at >= s->n || depth >= SCAN_MAX_DEPTH)
		return false;
	switch (s->p[s->at]) {
	case '{':
	case '[':
		ok = members(s, s->p[s->at++] == '{' ? '}' : ']', depth + 1);
		break;
	case '"':
		ok = string(s);
		break;
	case 't':
		ok = word(s, "true");
		break;
	case 'f':
		ok = word(s, "false");
		break;
	case 'n':
		ok = word(s, "null");
		break;
	default:
		ok = number(s);
	}
	if (ok)
		space(s);
	return ok;
}

bool scan_json(const char *p, size_t n, struct slice *ret_value)
{
	struct scan s = {.p = p, .n = n};
	size_t from;

	space(&s);
	from = s.at;
	if (!value(&s, 0) || s.at != n)
		return false;
	while (n > from && strchr(" \t\r\n", p[n - 1]))
		n--;
	*ret_value = (struct slice){p + from, n - from};
	return true;
}

/* The object was scanned already, so nothing below can fail. */
struct slice scan_member(struct slice object, const char *name)
{
	struct scan s = {.p = object.p, .n = object.n, .at = 1};
	struct slice found = {0};

	for (;;) {
		struct text key = {0};
		size_t from;

		space(&s);
		from = s.at;
		if (!string(&s))
			return found;
		scan_string((struct slice){s.p + from, s.at - from}, &key);
		space(&s);
		next_is(&s, ':');
		space(&s);
		from = s.at;
		value(&s, 1);
		if (key.p && strlen(key.p) == key.n && strcmp(key.p, name) == 0) {
			found = (struct slice){s.p + from, s.at - from};
			while (found.n && strchr(" \t\r\n", found.p[found.n - 1]))
				found.n--;
		}
		text_release(&key);
		if (!next_is(&s, ','))
			return found;
	}
}

static void add_code_point(struct text *out, unsigned long u)
{
	char b[4];

	if (u < 0x80) {
		text_addc(out, (char)u);
		return;
	}
	if (u < 0x800) {
		b[0] = (char)(0xC0 | u >> 6);
		b[1] = (char)(0x80 | (u & 0x3F));
		text_add(out, b, 2);
		return;
	}
	if (u < 0x10000) {
		b[0] = (char)(0xE0 | u >> 12);
		b[1] = (char)(0x80 | (u >> 6 & 0x3F));
		b[2] = (char)(0x80 | (u & 0x3F));
		text_add(out, b, 3);
		return;
	}
	b[0] = (char)(0xF0 | u >> 18);
	b[1] = (char)(0x80 | (u >> 12 & 0x3F));
	b[2] = (char)(0x80 | (u >> 6 & 0x3F));
	b[3] = (char)(0x80 | (u & 0x3F));
	text_add(out, b, 4);
}

void scan_string(struct slice string_, struct text *out)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *end = string_.p + string_.n - 1;

	for (const char *p = string_.p + 1; p < end; p++) {
		unsigned u, low;

		if (*p != '\\') {
			text_addc(out, *p);
			continue;
		}
		p++;
		if (*p != 'u') {
			text_addc(out, meant[strchr(letters, *p) - letters]);
			continue;
		}
		if (!hex4(p + 1, (size_t)(end - p - 1), &u))
			return;
		p += 4;
		if (u >= 0xD800 && u <= 0xDBFF && hex4(p + 3, (size_t)(end - p - 3), &low)) {
			add_code_point(out, 0x10000 + ((unsigned long)(u - 0xD800) << 10) +
						    (low - 0xDC00));
			p += 6;
		} else {
			add_code_point(out, u);
		}
	}
}
