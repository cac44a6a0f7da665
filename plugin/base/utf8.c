#include "base/utf8.h"

/* Number of continuation bytes of a lead byte and the lowest rune it may encode; -1 for a byte that leads nothing. */
static int lead(unsigned char c, uint32_t *ret_bits, uint32_t *ret_lowest)
{
	if (c < 0xC2 || c > 0xF4)
		return -1;
	if (c < 0xE0) {
		*ret_bits = c & 0x1Fu;
		*ret_lowest = 0x80;
		return 1;
	}
	if (c < 0xF0) {
		*ret_bits = c & 0x0Fu;
		*ret_lowest = 0x800;
		return 2;
	}
	*ret_bits = c & 0x07u;
	*ret_lowest = 0x10000;
	return 3;
}

uint32_t cp_utf8_decode(struct cp_str s, size_t *ret_width)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t rune, lowest;
	int more;

	*ret_width = 1;
	if (p[0] < 0x80)
		return p[0];
	more = lead(p[0], &rune, &lowest);
	if (more < 0 || s.n < (size_t)more + 1)
		return CP_RUNE_ERROR;
	for (int i = 1; i <= more; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return CP_RUNE_ERROR;
		rune = rune << 6 | (p[i] & 0x3Fu);
	}
	if (rune < lowest || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		return CP_RUNE_ERROR;
	*ret_width = (size_t)more + 1;
	return rune;
}

bool cp_utf8_valid(struct cp_str s)
{
	size_t width;

	while (s.n) {
		if (cp_utf8_decode(s, &width) == CP_RUNE_ERROR && width == 1)
			return false;
		s = cp_str_from(s, width);
	}
	return true;
}

size_t cp_utf8_encode(uint32_t c, char *p)
{
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead_of[] = {0, 0xC0, 0xE0, 0xF0};

	p[0] = (char)(lead_of[more] | c >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		p[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
	return more + 1;
}

bool cp_rune_is_space(uint32_t r)
{
	if (r <= 0xFF)
		return (r >= '\t' && r <= '\r') || r == ' ' || r == 0x85 || r == 0xA0;
	return r == 0x1680 || (r >= 0x2000 && r <= 0x200A) || r == 0x2028 || r == 0x2029 ||
	       r == 0x202F || r == 0x205F || r == 0x3000;
}
