/* Numbers of flags as Go's strconv and time, and docker/go-units, read them. */
#define _GNU_SOURCE /* strtod_l */
#include <locale.h>
#include <stdlib.h>

#include "dockerfile/text_int.h"

int cp_dockerfile_bool(struct cp_str s)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < CP_LEN(yes); i++) {
		if (cp_str_eq(s, cp_str_c(yes[i])))
			return 1;
		if (cp_str_eq(s, cp_str_c(no[i])))
			return 0;
	}
	return -1;
}

bool cp_dockerfile_uint32(struct cp_str s, unsigned base, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit >= base)
			return false;
		v = v * base + digit;
		if (v > UINT32_MAX)
			return false;
	}
	*ret_value = v;
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool digit_char(char c, bool hex)
{
	return (c >= '0' && c <= '9') || (hex && lower(c) >= 'a' && lower(c) <= 'f');
}

/*
 * strconv underscoreOK: an underscore stands between digits, or between a base prefix and a digit.
 */
static bool underscores_fit(struct cp_str s)
{
	char saw = '^';
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	bool hex = false;

	if (s.n - i >= 2 && s.p[i] == '0' && lower(s.p[i + 1]) &&
	    strchr("box", lower(s.p[i + 1]))) {
		hex = lower(s.p[i + 1]) == 'x';
		i += 2;
		saw = '0';
	}
	for (; i < s.n; i++) {
		if (digit_char(s.p[i], hex)) {
			saw = '0';
		} else if (s.p[i] == '_') {
			if (saw != '0')
				return false;
			saw = '_';
		} else {
			if (saw == '_')
				return false;
			saw = '!';
		}
	}
	return saw != '_';
}

/* Reads digits, underscores and at most one dot; false when there was no digit. */
static bool skip_mantissa(struct cp_str s, size_t *at, bool hex, bool *underscores)
{
	bool dot = false, digits = false;

	for (; *at < s.n; ++*at) {
		char c = s.p[*at];

		if (c == '_')
			*underscores = true;
		else if (c == '.' && !dot)
			dot = true;
		else if (digit_char(c, hex))
			digits = true;
		else
			break;
	}
	return digits;
}

/* Whether the whole text is a floating point number by strconv readFloat. */
static bool float_syntax(struct cp_str s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	bool hex = i + 2 < s.n && s.p[i] == '0' && lower(s.p[i + 1]) == 'x', underscores = false;

	if (hex)
		i += 2;
	if (!skip_mantissa(s, &i, hex, &underscores))
		return false;
	if (i < s.n && lower(s.p[i]) == (hex ? 'p' : 'e')) {
		i++;
		i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
		if (i == s.n || !digit_char(s.p[i], false))
			return false;
		for (; i < s.n && (digit_char(s.p[i], false) || s.p[i] == '_'); i++)
			underscores |= s.p[i] == '_';
	} else if (hex) {
		return false;
	}
	return i == s.n && (!underscores || underscores_fit(s));
}

/*
 * strconv.ParseFloat by the C locale's strtod, whatever locale the host has set. CP_EINVAL for no
 * number and for one out of range. "inf" and "nan" end in no digit, so they cannot get here.
 */
static int parse_float(struct cp_arena *a, struct cp_str s, double *ret_value)
{
	locale_t c_locale;
	size_t n = 0;
	char *text;
	double v;

	if (!float_syntax(s))
		return CP_EINVAL;
	text = cp_arena_alloc(a, s.n + 1);
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!text || !c_locale)
		return CP_ENOMEM;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			text[n++] = s.p[i];
	v = strtod_l(text, NULL, c_locale);
	freelocale(c_locale);
	if (v - v != 0) /* infinite: ParseFloat's ErrRange */
		return CP_EINVAL;
	*ret_value = v;
	return 0;
}

/* Go's int64(float) on amd64: what does not fit becomes the smallest integer. */
static int64_t to_int64(double v)
{
	return v >= -9223372036854775808.0 && v < 9223372036854775808.0 ? (int64_t)v : INT64_MIN;
}

/* Factor of a suffix such as "k", "MB", "GiB"; 0 when there is no such suffix. */
static double size_factor(struct cp_str suffix)
{
	static const char units[] = "kmgtp";
	char c = suffix.n ? lower(suffix.p[0]) : '\0';
	const char *unit = c ? strchr(units, c) : NULL;

	if (suffix.n == 0 || (suffix.n == 1 && c == 'b'))
		return 1;
	if (cp_str_eq(suffix, CP_S("\xE2\x84\xAA"))) /* KELVIN SIGN, whose lower case is k */
		return 1024;
	if (!unit || suffix.n > 3 || (suffix.n == 2 && lower(suffix.p[1]) != 'b') ||
	    (suffix.n == 3 && !(lower(suffix.p[1]) == 'i' && lower(suffix.p[2]) == 'b')))
		return 0;
	return (double)((uint64_t)1 << 10 * (unit - units + 1));
}

int cp_dockerfile_size(struct cp_arena *a, struct cp_str s, int64_t *ret_bytes)
{
	size_t end = s.n;
	double v, factor;
	int r;

	while (end > 0 && s.p[end - 1] != '.' && s.p[end - 1] != ' ' &&
	       !digit_char(s.p[end - 1], false))
		end--;
	if (end == 0)
		return CP_EINVAL;
	r = parse_float(a, cp_str_sub(s, 0, s.p[end - 1] == ' ' ? end - 1 : end), &v);
	if (r < 0)
		return r;
	factor = size_factor(cp_str_from(s, end));
	if (v < 0 || factor == 0)
		return CP_EINVAL;
	*ret_bytes = to_int64(v * factor);
	return 0;
}
