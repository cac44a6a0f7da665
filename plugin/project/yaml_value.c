/*
 * What a plain YAML scalar means: go-yaml v3's resolve.go, and how Go's fmt.Sprint shows the value. A date keeps its text: nothing
 * that compose takes has one.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "project/yaml_int.h"

struct value {
	enum cp_yaml_type kind;
	bool truth;
	int64_t i;
	uint64_t u;
	double f;
};

static const struct {
	const char *text;
	enum cp_yaml_type kind;
	bool truth;
	double f;
} words[] = {
	{"", CP_YAML_NULL, false, 0},
	{"~", CP_YAML_NULL, false, 0},
	{"null", CP_YAML_NULL, false, 0},
	{"Null", CP_YAML_NULL, false, 0},
	{"NULL", CP_YAML_NULL, false, 0},
	{"true", CP_YAML_BOOL, true, 0},
	{"True", CP_YAML_BOOL, true, 0},
	{"TRUE", CP_YAML_BOOL, true, 0},
	{"false", CP_YAML_BOOL, false, 0},
	{"False", CP_YAML_BOOL, false, 0},
	{"FALSE", CP_YAML_BOOL, false, 0},
	{".nan", CP_YAML_FLOAT, false, NAN},
	{".NaN", CP_YAML_FLOAT, false, NAN},
	{".NAN", CP_YAML_FLOAT, false, NAN},
	{".inf", CP_YAML_FLOAT, false, INFINITY},
	{".Inf", CP_YAML_FLOAT, false, INFINITY},
	{".INF", CP_YAML_FLOAT, false, INFINITY},
	{"+.inf", CP_YAML_FLOAT, false, INFINITY},
	{"+.Inf", CP_YAML_FLOAT, false, INFINITY},
	{"+.INF", CP_YAML_FLOAT, false, INFINITY},
	{"-.inf", CP_YAML_FLOAT, false, -INFINITY},
	{"-.Inf", CP_YAML_FLOAT, false, -INFINITY},
	{"-.INF", CP_YAML_FLOAT, false, -INFINITY},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(struct cp_str s, size_t i)
{
	while (i < s.n && is_digit(s.p[i]))
		i++;
	return i;
}

/*
 * [-+]? (. digits | digits (. digits?)?) ([eE] [-+]? digits)?   rewritten as integer digits and an
 * exponent, because strtod's decimal point is that of the host's locale and an integer has none.
 */
static bool read_float(struct cp_str s, double *ret_f)
{
	char text[128];
	size_t i = 0, n = 0, digits = 0, fraction = 0;
	long exponent = 0;

	if (s.n > 100)
		return false;
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
		text[n++] = s.p[i++];
	for (; i < s.n && is_digit(s.p[i]); i++, digits++)
		text[n++] = s.p[i];
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && is_digit(s.p[i]); i++, fraction++)
			text[n++] = s.p[i];
	if (digits + fraction == 0)
		return false;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		size_t from = i + 1;

		if (from < s.n && (s.p[from] == '-' || s.p[from] == '+'))
			from++;
		if (skip_digits(s, from) != s.n || from == s.n || s.n - from > 6)
			return false;
		exponent = strtol(s.p + i + 1, NULL, 10);
		i = s.n;
	}
	if (i != s.n)
		return false;
	snprintf(text + n, sizeof(text) - n, "e%ld", exponent - (long)fraction);
	*ret_f = strtod(text, NULL);
	return isfinite(*ret_f); /* out of range is no number to Go */
}

/* Digits of a base into an unsigned value; false on anything else or overflow. */
static bool read_digits(struct cp_str s, unsigned base, uint64_t *ret_u)
{
	uint64_t u = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		unsigned d = is_digit(c) ? (unsigned)(c - '0') : 99;

		if (c >= 'a' && c <= 'f')
			d = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			d = (unsigned)(c - 'A') + 10;
		if (d >= base || __builtin_mul_overflow(u, (uint64_t)base, &u) ||
		    __builtin_add_overflow(u, (uint64_t)d, &u))
			return false;
	}
	*ret_u = u;
	return true;
}

/* strconv.ParseInt and ParseUint with base 0, underscores already gone. */
static bool read_int(struct cp_str s, struct value *v)
{
	bool negative = s.n && s.p[0] == '-', sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
	struct cp_str digits = cp_str_from(s, sign);
	unsigned base = 10;
	uint64_t u;

	if (digits.n > 1 && digits.p[0] == '0') {
		char kind = (char)(digits.p[1] | 0x20);

		base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
		digits = cp_str_from(digits, kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
	}
	if (!read_digits(digits, base, &u))
		return false;
	if (u > (uint64_t)INT64_MAX + negative) {
		v->kind = CP_YAML_UINT;
		v->u = u;
		return !sign;
	}
	v->kind = CP_YAML_INT;
	v->i = negative ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

/* The digits of a date or a time, one or two of them; the place behind them, 0 when there are none. */
static size_t skip_pair(struct cp_str s, size_t i)
{
	size_t end = skip_digits(s, i);

	return i && end > i && end - i <= 2 ? end : 0;
}

static size_t skip_byte(struct cp_str s, size_t i, const char *set)
{
	return i && i < s.n && strchr(set, s.p[i]) ? i + 1 : 0;
}

/*
 * resolve.go parseTimestamp: 2006-1-2, and a time behind it with a zone ("T", "t") or without one
 * (blank). Whether there is such a day is not looked at: who writes one that does not exist is told
 * the same.
 */
static bool is_time(struct cp_str s)
{
	size_t i = skip_digits(s, 0) == 4 ? 4 : 0;

	i = skip_pair(s, skip_byte(s, i, "-"));
	i = skip_pair(s, skip_byte(s, i, "-"));
	if (i == 0 || i == s.n)
		return i == s.n && i > 0;
	i = skip_pair(s, skip_byte(s, i, "Tt "));
	i = skip_pair(s, skip_byte(s, i, ":"));
	i = skip_pair(s, skip_byte(s, i, ":"));
	if (i && i < s.n && s.p[i] == '.')
		i = skip_digits(s, i + 1);
	if (i == 0 || i == s.n)
		return i == s.n && i > 0 && cp_str_find(s, ' ', 0) < s.n;
	return strchr("Z+-", s.p[i]) != NULL && cp_str_find(s, ' ', 0) == s.n;
}

/* Numbers may hold underscores anywhere. */
static struct value read_number(struct cp_str s)
{
	struct value v = {CP_YAML_STRING};
	char plain[128];
	size_t n = 0;

	if (s.n >= sizeof(plain))
		return v;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			plain[n++] = s.p[i];
	plain[n] = '\0';
	if (read_int(cp_str_n(plain, n), &v))
		return v;
	if (read_float(cp_str_n(plain, n), &v.f))
		v.kind = CP_YAML_FLOAT;
	else if (is_time(s))
		v.kind = CP_YAML_TIME;
	return v;
}

static struct value resolve(const struct cp_yaml *node)
{
	struct value v = {CP_YAML_STRING};
	struct cp_str s = node->text;

	if (!node->plain || cp_str_eq(node->tag, CP_S("!")) ||
	    cp_str_eq(node->tag, CP_S("tag:yaml.org,2002:str")))
		return v;
	for (size_t i = 0; i < CP_LEN(words); i++) {
		if (cp_str_eq(s, cp_str_c(words[i].text)))
			return (struct value){
				.kind = words[i].kind, .truth = words[i].truth, .f = words[i].f};
	}
	if (s.p[0] == '.') {
		v.kind = read_float(s, &v.f) ? CP_YAML_FLOAT : CP_YAML_STRING;
		return v;
	}
	return is_digit(s.p[0]) || s.p[0] == '-' || s.p[0] == '+' ? read_number(s) : v;
}

enum cp_yaml_type cp_yaml_type(const struct cp_yaml *scalar)
{
	return resolve(scalar).kind;
}

bool cp_yaml_is_null(const struct cp_yaml *v)
{
	return v && v->kind == CP_YAML_SCALAR && resolve(v).kind == CP_YAML_NULL;
}

bool cp_yaml_is_string(const struct cp_yaml *v)
{
	return v && v->kind == CP_YAML_SCALAR && resolve(v).kind == CP_YAML_STRING;
}

/*
 * Fewest digits that read back as f, and the decimal exponent of the first. The host's decimal
 * point, whatever it is, is skipped.
 */
static size_t shortest_digits(double f, char digits[20], int *ret_exponent)
{
	char text[64], again[64];
	size_t n = 0;

	for (int precision = 0; precision <= 17; precision++) {
		const char *e;

		snprintf(text, sizeof(text), "%.*e", precision, f);
		e = strchr(text, 'e');
		n = 0;
		for (const char *p = text; p < e && n < 19; p++)
			if (is_digit(*p))
				digits[n++] = *p;
		*ret_exponent = (int)strtol(e + 1, NULL, 10);
		snprintf(again, sizeof(again), "%.*se%d", (int)n, digits,
			 *ret_exponent - (int)n + 1);
		if (strtod(again, NULL) == f)
			break;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

/*
 * strconv.FormatFloat(f, 'g', -1, 64), which is what fmt's %v prints: an exponent from a million
 * on.
 */
static struct cp_str format_float(struct cp_arena *a, double f)
{
	const char *sign = signbit(f) ? "-" : "";
	char digits[20];
	int exponent, point;
	size_t n;

	if (isnan(f))
		return CP_S("NaN");
	if (isinf(f))
		return f > 0 ? CP_S("+Inf") : CP_S("-Inf");
	n = shortest_digits(fabs(f), digits, &exponent);
	if (exponent < -4 || exponent >= 6)
		return cp_arena_printf(a, "%s%c%s%.*se%c%02d", sign, digits[0], n > 1 ? "." : "",
				       (int)n - 1, digits + 1, exponent < 0 ? '-' : '+',
				       exponent < 0 ? -exponent : exponent);
	point = exponent + 1; /* digits before the point */
	if (point <= 0)
		return cp_arena_printf(a, "%s0.%.*s%.*s", sign, -point, "0000", (int)n, digits);
	if ((size_t)point >= n)
		return cp_arena_printf(a, "%s%.*s%.*s", sign, (int)n, digits, point - (int)n,
				       "00000");
	return cp_arena_printf(a, "%s%.*s.%.*s", sign, point, digits, (int)n - point,
			       digits + point);
}

struct cp_str cp_yaml_go_text(struct cp_arena *a, const struct cp_yaml *node)
{
	struct value v = resolve(node);

	switch (v.kind) {
	case CP_YAML_NULL:
		return CP_S("");
	case CP_YAML_BOOL:
		return v.truth ? CP_S("true") : CP_S("false");
	case CP_YAML_INT:
		return cp_arena_printf(a, "%lld", (long long)v.i);
	case CP_YAML_UINT:
		return cp_arena_printf(a, "%llu", (unsigned long long)v.u);
	case CP_YAML_FLOAT:
		return format_float(a, v.f);
	default:
		return node->text;
	}
}

bool cp_yaml_equal(const struct cp_yaml *a, const struct cp_yaml *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == CP_YAML_SCALAR)
		return cp_yaml_type(a) == cp_yaml_type(b) && cp_str_eq(a->text, b->text);
	for (size_t i = 0; i < a->n; i++) {
		const struct cp_yaml *other =
			a->kind == CP_YAML_MAP ? cp_yaml_get(b, a->keys[i]->text) : b->items[i];

		if (!other || !cp_yaml_equal(a->items[i], other))
			return false;
	}
	return true;
}
