/* Go encoding/json's encoder (encode.go appendString) with default settings. */
#include "base/json.h"

#include "base/utf8.h"

static void newline(struct cp_json_out *o)
{
	if (!o->indent)
		return;
	cp_buf_addc(o->b, '\n');
	for (int i = 0; i < o->depth * o->indent; i++)
		cp_buf_addc(o->b, ' ');
}

/* What stands between the value before and this one. */
static void before_value(struct cp_json_out *o)
{
	if (o->after_key) {
		o->after_key = false;
		return;
	}
	if (o->need_comma)
		cp_buf_addc(o->b, ',');
	if (o->depth)
		newline(o);
	o->need_comma = true;
}

void cp_json_open(struct cp_json_out *o, char bracket)
{
	before_value(o);
	cp_buf_addc(o->b, bracket);
	o->depth++;
	o->need_comma = false;
}

void cp_json_close(struct cp_json_out *o, char bracket)
{
	o->depth--;
	if (o->need_comma)
		newline(o);
	cp_buf_addc(o->b, bracket);
	o->need_comma = true;
}

static void escape_byte(struct cp_json_out *o, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char named[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *at = c ? strchr(named, c) : NULL;

	if (at) {
		cp_buf_addc(o->b, '\\');
		cp_buf_addc(o->b, letters[at - named]);
		return;
	}
	cp_buf_addz(o->b, "\\u00");
	cp_buf_addc(o->b, hex[c >> 4]);
	cp_buf_addc(o->b, hex[c & 15]);
}

static bool plain(const struct cp_json_out *o, unsigned char c)
{
	if (c < 0x20 || c == '"' || c == '\\')
		return false;
	return o->raw_html || (c != '<' && c != '>' && c != '&');
}

/* Bytes at the front that need no escape and are ASCII. */
static size_t plain_run(const struct cp_json_out *o, struct cp_str s)
{
	size_t i = 0;

	while (i < s.n && (unsigned char)s.p[i] < 0x80 && plain(o, (unsigned char)s.p[i]))
		i++;
	return i;
}

static void quote(struct cp_json_out *o, struct cp_str s)
{
	cp_buf_addc(o->b, '"');
	while (s.n) {
		size_t width = plain_run(o, s);
		uint32_t rune;

		if (width) {
			cp_buf_add(o->b, s.p, width);
			s = cp_str_from(s, width);
			continue;
		}
		rune = cp_utf8_decode(s, &width);
		if (rune < 0x80)
			escape_byte(o, (unsigned char)rune);
		else if (rune == CP_RUNE_ERROR && width == 1)
			cp_buf_addz(o->b, "\\ufffd");
		else if (rune == 0x2028 || rune == 0x2029)
			cp_buf_addz(o->b, rune == 0x2028 ? "\\u2028" : "\\u2029");
		else
			cp_buf_add(o->b, s.p, width);
		s = cp_str_from(s, width);
	}
	cp_buf_addc(o->b, '"');
}

void cp_json_key(struct cp_json_out *o, const char *key)
{
	before_value(o);
	quote(o, cp_str_c(key));
	cp_buf_addz(o->b, o->indent ? ": " : ":");
	o->after_key = true;
}

void cp_json_str(struct cp_json_out *o, struct cp_str s)
{
	before_value(o);
	quote(o, s);
}

void cp_json_int(struct cp_json_out *o, int64_t v)
{
	before_value(o);
	cp_buf_printf(o->b, "%lld", (long long)v);
}

void cp_json_bool(struct cp_json_out *o, bool v)
{
	before_value(o);
	cp_buf_addz(o->b, v ? "true" : "false");
}

void cp_json_null(struct cp_json_out *o)
{
	before_value(o);
	cp_buf_addz(o->b, "null");
}

void cp_json_raw(struct cp_json_out *o, struct cp_str json)
{
	before_value(o);
	cp_buf_adds(o->b, json);
}

void cp_json_base64(struct cp_json_out *o, struct cp_str bytes)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.p;

	before_value(o);
	cp_buf_addc(o->b, '"');
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);

		cp_buf_addc(o->b, set[v >> 18]);
		cp_buf_addc(o->b, set[v >> 12 & 63]);
		cp_buf_addc(o->b, left > 1 ? set[v >> 6 & 63] : '=');
		cp_buf_addc(o->b, left > 2 ? set[v & 63] : '=');
	}
	cp_buf_addc(o->b, '"');
}

void cp_json_kstr(struct cp_json_out *o, const char *key, struct cp_str s)
{
	cp_json_key(o, key);
	cp_json_str(o, s);
}

void cp_json_kint(struct cp_json_out *o, const char *key, int64_t v)
{
	cp_json_key(o, key);
	cp_json_int(o, v);
}

void cp_json_kbool(struct cp_json_out *o, const char *key, bool v)
{
	cp_json_key(o, key);
	cp_json_bool(o, v);
}
