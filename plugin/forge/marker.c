/*
 * The marker: the first line of a comment, hidden.
 *
 *   <!-- cachepredict:v1 id=ID commit=HEX run=N time=N -->
 *   [//]: # ( cachepredict:v1 id=ID commit=HEX run=N time=N)      where there is no HTML
 *
 * It is matched to the letter from the first byte on; "commit" and "run" may be empty.
 */
#include "forge/forge_int.h"

bool cp_forge_is_id(struct cp_str id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || (c == '-' && i)))
			return false;
	}
	/* "--" ends a comment of HTML in some readers */
	return id.n >= 1 && id.n <= 64 && cp_str_find_str(id, CP_S("--"), 0) == id.n;
}

void forge_marker_write(struct cp_buf *out, struct cp_str id, const struct forge_version *v,
			bool html)
{
	cp_buf_printf(out, "%s cachepredict:v1 id=%.*s commit=%.*s run=%llu time=%lld%s\n%s",
		      html ? "<!--" : "[//]: # (", CP_STR(id), CP_STR(v->commit),
		      (unsigned long long)v->run, (long long)v->time, html ? " -->" : ")",
		      html ? "" : "\n");
}

static bool take(struct cp_str *s, struct cp_str word)
{
	if (!cp_str_starts(*s, word))
		return false;
	*s = cp_str_from(*s, word.n);
	return true;
}

static bool is_id(struct cp_str s)
{
	return s.n <= 64 && cp_str_is_hex(s);
}

/* Digits only, in the range of int64. */
static bool take_number(struct cp_str *s, int64_t *ret)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (!n || !cp_str_to_int(cp_str_sub(*s, 0, n), 10, ret))
		return false;
	*s = cp_str_from(*s, n);
	return true;
}

bool forge_marker_read(struct cp_str body, struct cp_str id, struct forge_version *ret_version,
		       struct cp_str *ret_text)
{
	size_t end = cp_str_find(body, '\n', 0);
	struct cp_str s = cp_str_trim_right(cp_str_sub(body, 0, end), "\r");
	bool html = cp_str_starts(s, CP_S("<!-- "));
	struct forge_version v = {.run = 0};
	int64_t run = 0;

	if (!take(&s, html ? CP_S("<!-- ") : CP_S("[//]: # ( ")) ||
	    !take(&s, CP_S("cachepredict:v1 id=")) || !take(&s, id) || !take(&s, CP_S(" commit=")))
		return false;
	v.commit = cp_str_sub(s, 0, cp_str_find(s, ' ', 0));
	s = cp_str_from(s, v.commit.n);
	if (!is_id(v.commit) || !take(&s, CP_S(" run=")) || !take_number(&s, &run) ||
	    !take(&s, CP_S(" time=")) || !take_number(&s, &v.time) ||
	    !cp_str_eq(s, html ? CP_S(" -->") : CP_S(")")))
		return false;
	v.run = (uint64_t)run;
	*ret_version = v;
	*ret_text = cp_str_from(body, end + 1);
	return true;
}

/* The next byte that counts: no "\r" of a line end. */
static bool next(struct cp_str *s, char *ret)
{
	while (s->n && s->p[0] == '\r')
		*s = cp_str_from(*s, 1);
	if (!s->n)
		return false;
	*ret = s->p[0];
	*s = cp_str_from(*s, 1);
	return true;
}

bool forge_same_text(struct cp_str x, struct cp_str y)
{
	char a = 0, b = 0;

	x = cp_str_trim(x, " \t\r\n");
	y = cp_str_trim(y, " \t\r\n");
	for (;;) {
		bool has_a = next(&x, &a), has_b = next(&y, &b);

		if (!has_a || !has_b)
			return has_a == has_b;
		if (a != b)
			return false;
	}
}
