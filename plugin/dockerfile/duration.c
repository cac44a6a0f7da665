/* time.ParseDuration: the intervals of HEALTHCHECK. */
#include "dockerfile/text_int.h"

#define LARGEST ((uint64_t)1 << 63)

struct duration_unit {
	const char *name;
	uint64_t nanoseconds;
};

static const struct duration_unit duration_units[] = {
	{"ns", 1},       {"us", 1000},      {"\xC2\xB5s", 1000}, {"\xCE\xBCs", 1000},
	{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000},  {"h", 3600000000000},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* time.leadingInt: digits at *at; false when they overflow. */
static bool whole_part(struct cp_str s, size_t *at, uint64_t *ret_value)
{
	uint64_t v = 0;

	for (; *at < s.n && is_digit(s.p[*at]); ++*at) {
		if (v > LARGEST / 10)
			return false;
		v = v * 10 + (uint64_t)(s.p[*at] - '0');
		if (v > LARGEST)
			return false;
	}
	*ret_value = v;
	return true;
}

/* time.leadingFraction: digits that no longer fit are read and forgotten. */
static uint64_t fraction(struct cp_str s, size_t *at, double *scale)
{
	uint64_t v = 0;
	bool full = false;

	*scale = 1;
	for (; *at < s.n && is_digit(s.p[*at]); ++*at) {
		uint64_t next = v * 10 + (uint64_t)(s.p[*at] - '0');

		full = full || v > (LARGEST - 1) / 10 || next > LARGEST;
		if (full)
			continue;
		v = next;
		*scale *= 10;
	}
	return v;
}

static const struct duration_unit *find_unit(struct cp_str name)
{
	for (size_t i = 0; i < CP_LEN(duration_units); i++)
		if (cp_str_eq(name, cp_str_c(duration_units[i].name)))
			return &duration_units[i];
	return NULL;
}

/* time.quote: every byte beyond ASCII as \x. */
static const char *quote(struct cp_str s, char out[CP_DOCKERFILE_QUOTED])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	out[n++] = '"';
	for (size_t i = 0; i < s.n && n < CP_DOCKERFILE_QUOTED - 8; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c >= 0x80) {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
			continue;
		}
		if (c == '"' || c == '\\')
			out[n++] = '\\';
		out[n++] = (char)c;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

static int invalid(struct cp_str s, const char *what, struct cp_err *err)
{
	char quoted[CP_DOCKERFILE_QUOTED];

	return cp_err_set(err, CP_EINVAL, "time: %s duration %s", what, quote(s, quoted));
}

/* One number with its unit at *at, in nanoseconds. */
static int one_part(struct cp_str s, size_t *at, uint64_t *ret_value, struct cp_err *err)
{
	char quoted[2][CP_DOCKERFILE_QUOTED];
	const struct duration_unit *unit;
	size_t begin = *at, point, name;
	uint64_t v, f = 0;
	double scale = 1;
	bool digits;

	if (!whole_part(s, at, &v))
		return invalid(s, "invalid", err);
	digits = *at > begin;
	if (*at < s.n && s.p[*at] == '.') {
		point = ++*at;
		f = fraction(s, at, &scale);
		digits = digits || *at > point;
	}
	if (!digits)
		return invalid(s, "invalid", err);
	name = *at;
	while (*at < s.n && s.p[*at] != '.' && !is_digit(s.p[*at]))
		++*at;
	if (*at == name)
		return invalid(s, "missing unit in", err);
	unit = find_unit(cp_str_sub(s, name, *at));
	if (!unit)
		return cp_err_set(err, CP_EINVAL, "time: unknown unit %s in duration %s",
				  quote(cp_str_sub(s, name, *at), quoted[0]), quote(s, quoted[1]));
	if (v > LARGEST / unit->nanoseconds)
		return invalid(s, "invalid", err);
	v = v * unit->nanoseconds;
	if (f > 0)
		v += (uint64_t)((double)f * ((double)unit->nanoseconds / scale));
	if (v > LARGEST)
		return invalid(s, "invalid", err);
	*ret_value = v;
	return 0;
}

int cp_dockerfile_duration(struct cp_str s, int64_t *ret_nanoseconds, struct cp_err *err)
{
	bool negative = s.n && s.p[0] == '-';
	size_t at = s.n && (s.p[0] == '-' || s.p[0] == '+');
	uint64_t total = 0, part;
	int r;

	if (at == s.n)
		return invalid(s, "invalid", err);
	if (cp_str_eq(cp_str_from(s, at), CP_S("0"))) {
		*ret_nanoseconds = 0;
		return 0;
	}
	while (at < s.n) {
		if (s.p[at] != '.' && !is_digit(s.p[at]))
			return invalid(s, "invalid", err);
		r = one_part(s, &at, &part, err);
		if (r < 0)
			return r;
		total += part;
		if (total > LARGEST)
			return invalid(s, "invalid", err);
	}
	if (!negative && total == LARGEST)
		return invalid(s, "invalid", err);
	*ret_nanoseconds = negative ? (int64_t)(0 - total) : (int64_t)total;
	return 0;
}
