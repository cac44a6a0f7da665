/* Bytes of a file ─► text (req_file.py: _decode_req_file), and Python's white space. */
#include "requirements/requirements_int.h"

size_t req_space(struct cp_str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];
	size_t n;

	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
	return cp_rune_is_space(cp_utf8_decode(cp_str_from(s, i), &n)) ? n : 0;
}

struct cp_str req_strip(struct cp_str s)
{
	size_t from = 0, end, n;

	while (from < s.n && (n = req_space(s, from)) > 0)
		from += n;
	end = from;
	for (size_t i = from; i < s.n; i += n) {
		bool space = (n = req_space(s, i)) > 0;

		n = n ? n : 1;
		end = space ? end : i + 1;
	}
	return cp_str_sub(s, from, end);
}

/* ---- encodings ---- */

struct encoding {
	struct cp_str mark;
	unsigned width; /* bytes of a unit */
	bool big;
};

/* The order of pip: the mark of UTF-16LE begins that of UTF-32LE. */
static const struct encoding marks[] = {
	{CP_S_INIT("\xef\xbb\xbf"), 1, false}, {CP_S_INIT("\xff\xfe\0\0"), 4, false},
	{CP_S_INIT("\0\0\xfe\xff"), 4, true},  {CP_S_INIT("\xff\xfe"), 2, false},
	{CP_S_INIT("\xfe\xff"), 2, true},
};

static void add_rune(struct cp_buf *out, uint32_t c)
{
	char p[4];
	size_t n = cp_utf8_encode(c, p);

	cp_buf_add(out, p, n);
}

static uint32_t unit_at(struct cp_str s, size_t i, const struct encoding *e)
{
	uint32_t u = 0;

	for (unsigned k = 0; k < e->width; k++)
		u |= (uint32_t)(unsigned char)s.p[i + k] << 8 * (e->big ? e->width - 1 - k : k);
	return u;
}

static const char *wide(struct cp_str s, const struct encoding *e, struct cp_buf *out, size_t *at)
{
	for (*at = 0; *at < s.n; *at += e->width) {
		uint32_t u, low;

		if (s.n - *at < e->width)
			return "the text ends within a character";
		u = unit_at(s, *at, e);
		if (e->width == 2 && u >= 0xd800 && u < 0xdc00) {
			low = s.n - *at >= 4 ? unit_at(s, *at + 2, e) : 0;
			if (low < 0xdc00 || low > 0xdfff)
				return "half a character of UTF-16";
			u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
			*at += 2;
		}
		if ((u >= 0xd800 && u < 0xe000) || u > 0x10ffff)
			return "a number that is no character";
		add_rune(out, u);
	}
	return NULL;
}

/* "coding: name" in a comment of the first two lines (PEP 263). */
static struct cp_str coding(struct cp_str text)
{
	struct cp_str line;

	for (int i = 0; i < 2 && cp_str_split(&text, '\n', &line); i++) {
		size_t at = cp_str_find_str(line, CP_S("coding"), 0);

		for (; line.n && line.p[0] == '#' && at < line.n;
		     at = cp_str_find_str(line, CP_S("coding"), at + 1)) {
			size_t from = at + 7, end;

			if (from > line.n || (line.p[from - 1] != ':' && line.p[from - 1] != '='))
				continue;
			while (from < line.n && (unsigned char)line.p[from] < 0x80 &&
			       req_space(line, from))
				from++;
			for (end = from; end < line.n; end++) {
				char c = line.p[end];

				if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				      (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
					break;
			}
			if (end > from)
				return cp_str_sub(line, from, end);
		}
	}
	return cp_str_n(NULL, 0);
}

enum codec { CODEC_UTF8, CODEC_LATIN1, CODEC_ASCII, CODEC_OTHER };

/* Names as Python's codecs compare them, of those that are met. */
static enum codec codec_named(struct cp_str name)
{
	static const struct {
		const char *name;
		enum codec codec;
	} known[] = {{"utf_8", CODEC_UTF8},       {"utf8", CODEC_UTF8},
		     {"u8", CODEC_UTF8},          {"latin_1", CODEC_LATIN1},
		     {"latin1", CODEC_LATIN1},    {"iso_8859_1", CODEC_LATIN1},
		     {"iso8859_1", CODEC_LATIN1}, {"l1", CODEC_LATIN1},
		     {"ascii", CODEC_ASCII},      {"us_ascii", CODEC_ASCII}};

	for (size_t i = 0; i < CP_LEN(known); i++) {
		struct cp_str k = cp_str_c(known[i].name);
		bool same = k.n == name.n;

		for (size_t b = 0; same && b < k.n; b++) {
			char c = name.p[b] == '-' || name.p[b] == '.' ? '_' : name.p[b];

			same = (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) == k.p[b];
		}
		if (same)
			return known[i].codec;
	}
	return CODEC_OTHER;
}

static const char *check_utf8(struct cp_str s, size_t *at)
{
	for (*at = 0; *at < s.n;) {
		size_t n;

		if (cp_utf8_decode(cp_str_from(s, *at), &n) == CP_RUNE_ERROR && n == 1)
			return "a byte that is not UTF-8";
		*at += n;
	}
	return NULL;
}

static const char *by_name(struct cp_str text, struct cp_str name, struct cp_buf *out, size_t *at)
{
	enum codec codec = codec_named(name);

	*at = 0;
	if (codec == CODEC_UTF8)
		return check_utf8(text, at);
	if (codec == CODEC_OTHER)
		return "the file says that it has an encoding that is not read here";
	for (; *at < text.n; ++*at) {
		if (codec == CODEC_ASCII && (unsigned char)text.p[*at] >= 0x80)
			return "a byte that is not ASCII";
		add_rune(out, (unsigned char)text.p[*at]);
	}
	return NULL;
}

const char *req_decode(struct cp_arena *a, struct cp_str *text, bool *ret_recoded, size_t *at)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES * 2);
	const struct encoding *e = NULL;
	struct cp_str name, s = *text;
	const char *wrong;

	*ret_recoded = false;
	for (size_t i = 0; !e && i < CP_LEN(marks); i++)
		e = cp_str_starts(s, marks[i].mark) ? &marks[i] : NULL;
	if (e)
		s = cp_str_from(s, e->mark.n);
	name = e ? cp_str_n(NULL, 0) : coding(s);
	if (e && e->width > 1)
		wrong = wide(s, e, &out, at);
	else if (name.n)
		wrong = by_name(s, name, &out, at);
	else
		wrong = check_utf8(s, at);
	if (!wrong && out.n && !cp_str_eq(cp_buf_str(&out), s)) {
		*ret_recoded = true;
		s = cp_arena_str(a, cp_buf_str(&out));
	}
	*text = s;
	return wrong;
}
