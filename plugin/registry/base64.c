/* Base64 as docker's config.json, JSON web tokens and inline caches have it. */
#include "registry/registry_int.h"

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool registry_base64(struct cp_arena *a, struct cp_str text, struct cp_str *ret)
{
	struct cp_str t = cp_str_trim_right(cp_str_trim(text, " \t\r\n"), "=");
	unsigned char *out = cp_arena_alloc(a, t.n / 4 * 3 + 4);
	uint32_t bits = 0;
	size_t n = 0;

	if (!out || t.n % 4 == 1)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		int d = digit(t.p[i]);

		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 == 3) {
			out[n++] = (unsigned char)(bits >> 16);
			out[n++] = (unsigned char)(bits >> 8);
			out[n++] = (unsigned char)bits;
		}
	}
	if (t.n % 4 == 2)
		out[n++] = (unsigned char)(bits >> 4);
	if (t.n % 4 == 3) {
		out[n++] = (unsigned char)(bits >> 10);
		out[n++] = (unsigned char)(bits >> 2);
	}
	*ret = cp_str_n((const char *)out, n);
	return true;
}

int registry_base64_encode(struct cp_arena *a, struct cp_str bytes, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf json = CP_BUF_INIT(CP_MAX_SETTINGS_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&json);

	cp_json_base64(&o, bytes);
	*ret = cp_arena_str(a, cp_str_trim(cp_buf_str(&json), "\""));
	return cp_buf_error(&json) || !ret->p ? CP_ENOMEM : 0;
}
