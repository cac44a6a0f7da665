/* `.env` files as compose-go v2.9.1 reads them: dotenv/parser.go. */
#include "project/scope_int.h"

struct env_reader {
	struct cp_scope *scope;
	struct cp_str text; /* whole file, for messages */
	struct cp_str rest;
	struct cp_str name;
	int line;
	struct cp_err *err;
};

static bool blank(uint32_t c)
{
	return c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == ' ' || c == 0x85 ||
	       c == 0xA0;
}

/* Without white space at the left that is not a line break. */
static struct cp_str skip_blank(struct cp_str s)
{
	size_t width;

	while (s.n && blank(cp_utf8_decode(s, &width)))
		s = cp_str_from(s, width);
	return s;
}

/* Without the white space of Unicode at the right. */
static struct cp_str trim_right_space(struct cp_str s)
{
	struct cp_str trimmed = cp_str_trim_space(s);

	return trimmed.n ? cp_str_n(s.p, (size_t)(trimmed.p - s.p) + trimmed.n) : cp_str_n(s.p, 0);
}

static int fail(struct env_reader *r, const char *what)
{
	struct cp_str rest = r->text, line = CP_S("");

	for (int i = 0; i < r->line && cp_str_split(&rest, '\n', &line); i++)
		;
	cp_err_set(r->err, CP_EINVAL, "%s", what);
	cp_err_at(r->err, r->name, r->line, 1, 1, line);
	return CP_EINVAL;
}

/* Past white space and comments to the next statement; false at the end. */
static bool next_statement(struct env_reader *r)
{
	size_t width;

	while (r->rest.n) {
		if (r->rest.p[0] == '#') {
			r->rest = cp_str_from(r->rest, cp_str_find(r->rest, '\n', 0));
			continue;
		}
		if (!cp_rune_is_space(cp_utf8_decode(r->rest, &width)))
			return true;
		if (r->rest.p[0] == '\n')
			r->line++;
		r->rest = cp_str_from(r->rest, width);
	}
	return false;
}

static bool key_byte(struct cp_str s, size_t *ret_width)
{
	uint32_t c = cp_utf8_decode(s, ret_width);

	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		       strchr("_.-[]", (int)c);
	/* letters and numbers of other scripts; a sign among them is let pass */
	return c != CP_RUNE_ERROR;
}

/*
 * `[export ]KEY=`, `KEY:` or `KEY` alone on its line (`ret_inherited`). At the end of the file a
 * name without `=` is no statement: it comes out as the value of the empty name.
 */
static int take_key(struct env_reader *r, struct cp_str *ret_key, bool *ret_inherited)
{
	struct cp_str s = r->rest, key = CP_S("");
	size_t i = 0, width, after = 0;

	if (cp_str_starts(s, CP_S("export")) && s.n > 6 &&
	    (blank((unsigned char)s.p[6]) || s.p[6] == '\n'))
		s = skip_blank(cp_str_from(s, 6));
	*ret_inherited = false;
	while (i < s.n) {
		uint32_t c = cp_utf8_decode(cp_str_from(s, i), &width);

		if (c == '=' || c == ':' || c == '\n') {
			key = cp_str_sub(s, 0, i);
			after = i + 1;
			*ret_inherited = c == '\n';
			break;
		}
		if (!blank(c) && !key_byte(cp_str_from(s, i), &width))
			return fail(r, "unexpected character in a variable name");
		i += width;
	}
	key = trim_right_space(key);
	if (cp_str_find(key, ' ', 0) < key.n)
		return fail(r, "a variable name cannot hold a space");
	*ret_key = key;
	r->rest = skip_blank(cp_str_from(s, after));
	return 0;
}

/*
 * An octal escape \0ddd; Go wants exactly three digits after the zero is dropped, else the rest
 * stays as text.
 */
static size_t expand_octal(struct cp_str s, struct cp_buf *out)
{
	size_t n = 2;
	unsigned value = 0;

	while (n < s.n && n < 5 && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	for (size_t i = 2; i < n; i++)
		value = value * 8 + (unsigned)(s.p[i] - '0');
	if (n != 5 || value > 255 || memchr(s.p + 2, '8', 3) || memchr(s.p + 2, '9', 3)) {
		cp_buf_addc(out, '\\');
		cp_buf_adds(out, cp_str_sub(s, 2, n));
		return n;
	}
	if (value < 0x80) {
		cp_buf_addc(out, (char)value);
	} else {
		cp_buf_addc(out, (char)(0xC0 | value >> 6));
		cp_buf_addc(out, (char)(0x80 | (value & 0x3F)));
	}
	return n;
}

/* One escape sequence at a backslash; returns the bytes used. */
static size_t expand_escape(struct cp_str s, struct cp_buf *out)
{
	static const char letters[] = "abfnrtv\"\\", bytes[] = "\a\b\f\n\r\t\v\"\\";
	char c = s.n > 1 ? s.p[1] : '\0';
	const char *at = c ? strchr(letters, c) : NULL;

	if (c == '0')
		return expand_octal(s, out);
	if (c == '$') {
		cp_buf_addz(out, "$$");
		return 2;
	}
	if (at) {
		cp_buf_addc(out, bytes[at - letters]);
		return 2;
	}
	cp_buf_addc(out, '\\');
	return 1;
}

static void expand_escapes(struct cp_str s, struct cp_buf *out)
{
	size_t i = 0;

	while (i < s.n) {
		size_t at = cp_str_find(s, '\\', i);

		cp_buf_adds(out, cp_str_sub(s, i, at));
		i = at;
		if (at < s.n)
			i += expand_escape(cp_str_from(s, at), out);
	}
}

/*
 * The value between quotes: an escaped quote loses its backslash, every other backslash stays for
 * the next stage.
 */
static bool take_quoted(struct env_reader *r, struct cp_buf *raw)
{
	char quote = r->rest.p[0];
	bool escaped = false;

	for (size_t i = 1; i < r->rest.n; i++) {
		char c = r->rest.p[i];

		r->line += c == '\n';
		if (c == quote && !escaped) {
			r->rest = cp_str_from(r->rest, i + 1);
			return true;
		}
		if (c != quote && !escaped && c == '\\') {
			escaped = true;
			continue;
		}
		if (c != quote && escaped)
			cp_buf_addc(raw, '\\');
		escaped = false;
		cp_buf_addc(raw, c);
	}
	return false;
}

static int take_unquoted(struct env_reader *r, struct cp_str *ret_value)
{
	size_t end = cp_str_find(r->rest, '\n', 0);
	struct cp_str value = cp_str_sub(r->rest, 0, end);

	value = cp_str_sub(value, 0, cp_str_find_str(value, CP_S(" #"), 0));
	r->rest = cp_str_from(r->rest, end + (end < r->rest.n));
	return cp_scope_expand(r->scope, trim_right_space(value), ret_value, r->err);
}

static int take_value(struct env_reader *r, struct cp_str *ret_value)
{
	cp_auto_buf struct cp_buf raw = CP_BUF_INIT(CP_MAX_YAML_BYTES),
				  plain = CP_BUF_INIT(2 * CP_MAX_YAML_BYTES);
	bool quoted = r->rest.n && (r->rest.p[0] == '"' || r->rest.p[0] == '\'');
	char quote = quoted ? r->rest.p[0] : '\0';
	struct cp_str value;
	int line = r->line, rc = 0;

	if (!quoted) {
		rc = take_unquoted(r, &value);
	} else if (!take_quoted(r, &raw)) {
		r->line = line;
		return fail(r, "a quoted value has no end");
	} else if (quote == '"') {
		expand_escapes(cp_buf_str(&raw), &plain);
		rc = cp_scope_expand(r->scope, cp_buf_str(&plain), &value, r->err);
	} else {
		value = cp_buf_str(&raw);
	}
	if (rc < 0) {
		cp_err_at(r->err, r->name, line, 0, 0, CP_S(""));
		return rc;
	}
	if (cp_buf_error(&raw) || cp_buf_error(&plain))
		return cp_err_nomem(r->err);
	*ret_value = cp_arena_str(r->scope->a, value);
	r->line += !quoted;
	return ret_value->p ? 0 : cp_err_nomem(r->err);
}

static int set(struct env_reader *r, struct cp_str key, struct cp_str value)
{
	struct cp_str name = cp_arena_str(r->scope->a, key);

	return name.p && cp_scope_set(r->scope, name, value) == 0 ? 0 : cp_err_nomem(r->err);
}

int cp_scope_read_env(struct cp_scope *s, struct cp_str text, struct cp_str name,
		      struct cp_err *err)
{
	struct env_reader r = {.scope = s, .text = text, .name = name, .line = 1, .err = err};

	if (text.n > CP_MAX_YAML_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: over %u bytes", CP_STR(name),
				  CP_MAX_YAML_BYTES);
	r.rest = cp_str_starts(text, CP_S("\xef\xbb\xbf")) ? cp_str_from(text, 3) : text;
	while (next_statement(&r)) {
		struct cp_str key, value;
		bool inherited;
		int rc = take_key(&r, &key, &inherited);

		if (rc < 0)
			return rc;
		if (inherited) { /* the value is whatever the environment has */
			r.line++;
			if (cp_scope_get(s, key, &value))
				rc = set(&r, key, value);
		} else {
			rc = take_value(&r, &value);
			if (rc == 0 && key.n)
				rc = set(&r, key, value);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}
