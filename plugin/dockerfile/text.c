#include "dockerfile/text_int.h"

#include "base/unicode.h"
#include "base/utf8.h"

void cp_dockerfile_put_rune(struct cp_buf *b, uint32_t r)
{
	char out[4];
	size_t n;

	if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF))
		r = CP_RUNE_ERROR;
	if (r < 0x80) {
		cp_buf_addc(b, (char)r);
		return;
	}
	n = r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, r >>= 6)
		out[i] = (char)(0x80 | (r & 0x3F));
	out[0] = (char)((0xF00u >> n & 0xFF) | r);
	cp_buf_add(b, out, n);
}

bool cp_dockerfile_is_letter(uint32_t r)
{
	if (r < 0x80)
		return (r | 0x20) >= 'a' && (r | 0x20) <= 'z';
	return cp_unicode_has(&cp_unicode_letters, r);
}

bool cp_dockerfile_is_digit(uint32_t r)
{
	if (r < 0x80)
		return r >= '0' && r <= '9';
	return cp_unicode_has(&cp_unicode_digits, r);
}

/* unicode.ToLower of the two runes beyond ASCII whose lower case is ASCII. */
static uint32_t lower_rune(uint32_t r)
{
	if (r >= 'A' && r <= 'Z')
		return r + 32;
	return r == 0x130 ? 'i' : r == 0x212A ? 'k' : r;
}

/* unicode.ToUpper, likewise. */
static uint32_t upper_rune(uint32_t r)
{
	if (r >= 'a' && r <= 'z')
		return r - 32;
	return r == 0x131 ? 'I' : r == 0x17F ? 'S' : r;
}

static struct cp_str map_runes(struct cp_arena *a, struct cp_str s, uint32_t (*map)(uint32_t))
{
	char *p = cp_arena_alloc(a, s.n + 1);
	size_t n = 0, width;

	if (!p)
		return (struct cp_str){NULL, 0};
	for (; s.n; s = cp_str_from(s, width)) {
		uint32_t before = cp_utf8_decode(s, &width), after = map(before);

		if (after == before) {
			memcpy(p + n, s.p, width);
			n += width;
		} else {
			p[n++] = (char)after;
		}
	}
	return cp_str_n(p, n);
}

struct cp_str cp_dockerfile_lower(struct cp_arena *a, struct cp_str s)
{
	return map_runes(a, s, lower_rune);
}

struct cp_str cp_dockerfile_upper(struct cp_arena *a, struct cp_str s)
{
	return map_runes(a, s, upper_rune);
}

/* One rune of strconv.Quote; returns the bytes written, at most 10. */
static size_t quote_rune(char *out, struct cp_str s, uint32_t rune, size_t width)
{
	static const char named[] = "\a\b\f\n\r\t\v\"\\", letters[] = "abfnrtv\"\\",
			  hex[] = "0123456789abcdef";
	const char *at = rune && rune < 0x80 ? strchr(named, (int)rune) : NULL;

	if (at) {
		out[0] = '\\';
		out[1] = letters[at - named];
		return 2;
	}
	if (rune < 0x20 || rune == 0x7F || (rune == CP_RUNE_ERROR && width == 1)) {
		unsigned char c = (unsigned char)s.p[0];

		memcpy(out, "\\x", 2);
		out[2] = hex[c >> 4];
		out[3] = hex[c & 15];
		return 4;
	}
	if (rune >= 0x80 && rune < 0xA0) {
		memcpy(out, "\\u00", 4);
		out[4] = hex[rune >> 4];
		out[5] = hex[rune & 15];
		return 6;
	}
	memcpy(out, s.p, width);
	return width;
}

const char *cp_dockerfile_quote(struct cp_str s, char out[CP_DOCKERFILE_QUOTED])
{
	size_t n = 0, width;

	out[n++] = '"';
	for (; s.n && n < CP_DOCKERFILE_QUOTED - 16; s = cp_str_from(s, width)) {
		uint32_t rune = cp_utf8_decode(s, &width); /* before width is read */

		n += quote_rune(out + n, s, rune, width);
	}
	if (s.n) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
