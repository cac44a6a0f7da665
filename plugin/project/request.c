#include "project/request_int.h"

#include <stdlib.h>

bool cp_request_is_remote(struct cp_str context)
{
	static const struct cp_str prefixes[] = {CP_S_INIT("github.com/"), CP_S_INIT("git@"),
						 CP_S_INIT("target:"), CP_S_INIT("docker-image:"),
						 CP_S_INIT("service:")};

	for (size_t i = 0; i < CP_LEN(prefixes); i++)
		if (cp_str_starts(context, prefixes[i]))
			return true;
	return cp_str_find_str(context, CP_S("://"), 0) < context.n;
}

struct cp_str cp_request_path(struct cp_arena *a, struct cp_str from, struct cp_str path)
{
	if (cp_request_is_remote(path))
		return cp_arena_str(a, path);
	if (cp_path_is_abs(path))
		return cp_path_clean(a, path);
	if (cp_path_is_abs(from) || !cp_request_is_remote(from))
		return cp_path_join(a, from.n ? from : CP_S("."), path);
	return cp_path_clean(a, path);
}

void cp_request_csv_add(struct cp_buf *out, struct cp_str key, struct cp_str value)
{
	bool quote = cp_str_find(value, ',', 0) < value.n || cp_str_find(value, '"', 0) < value.n ||
		     cp_str_find(value, '\n', 0) < value.n;

	if (out->n)
		cp_buf_addc(out, ',');
	if (quote)
		cp_buf_addc(out, '"');
	cp_buf_adds(out, key);
	cp_buf_addc(out, '=');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"')
			cp_buf_addc(out, '"');
		cp_buf_addc(out, value.p[i]);
	}
	if (quote)
		cp_buf_addc(out, '"');
}

struct cp_str cp_request_cache(struct cp_arena *a, struct cp_str text)
{
	if (text.n == 0 || cp_str_find(text, '=', 0) < text.n)
		return cp_arena_str(a, text);
	return cp_arena_cat(a, CP_S("type=registry,ref="), text);
}

int cp_settings_put(struct cp_arena *a, cp_setting_vec *v, struct cp_setting s)
{
	for (size_t i = 0; i < v->n; i++) {
		if (cp_str_eq(v->items[i].key, s.key)) {
			v->items[i] = s;
			return 0;
		}
	}
	return cp_vec_push(a, v, s);
}

/*
 * Fields of a comma-separated list are not quoted in any secret that names an id, so plain
 * splitting is enough.
 */
bool cp_secret_read(struct cp_arena *a, struct cp_str text, struct cp_setting *ret_secret)
{
	struct cp_str rest = text, field, id = CP_S(""), src = CP_S(""), env = CP_S("");
	bool is_env = false;

	while (cp_str_split(&rest, ',', &field)) {
		size_t at = cp_str_find(field, '=', 0);
		struct cp_str key = cp_str_sub(field, 0, at), value = cp_str_from(field, at + 1);

		if (at == field.n)
			id = field;
		else if (cp_str_eq_nocase(key, CP_S("id")))
			id = value;
		else if (cp_str_eq_nocase(key, CP_S("src")) ||
			 cp_str_eq_nocase(key, CP_S("source")))
			src = value;
		else if (cp_str_eq_nocase(key, CP_S("env")))
			env = value;
		else if (cp_str_eq_nocase(key, CP_S("type")))
			is_env = cp_str_eq(value, CP_S("env"));
	}
	if (is_env && env.n == 0) {
		env = src;
		src = CP_S("");
	}
	ret_secret->key = cp_arena_str(a, id);
	ret_secret->has_value = env.n > 0 || src.n > 0;
	ret_secret->value =
		env.n ? cp_arena_cat(a, CP_S("env="), env) : cp_arena_cat(a, CP_S("src="), src);
	return id.n > 0;
}

bool cp_host_split(struct cp_str text, struct cp_str *ret_host, struct cp_str *ret_addresses)
{
	size_t at = cp_str_find(text, '=', 0);

	if (at == text.n)
		at = cp_str_find(text, ':', 0);
	*ret_host = cp_str_sub(text, 0, at);
	*ret_addresses = cp_str_from(text, at + 1);
	return at > 0 && at < text.n;
}

int cp_hosts_add(struct cp_arena *a, cp_str_vec *v, struct cp_str host, struct cp_str addresses)
{
	struct cp_str rest = addresses, ip;

	while (cp_str_split(&rest, ',', &ip)) {
		struct cp_str item;

		if (ip.n > 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
			ip = cp_str_sub(ip, 1, ip.n - 1);
		item = cp_arena_printf(a, "%.*s=%.*s", CP_STR(host), CP_STR(ip));
		if (!item.p || cp_vec_push(a, v, item) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* Digits with or without a point; the bytes used, 0 when there is none. Zeroes and a host's decimal point are no matter. */
static size_t read_decimal(struct cp_str s, double *ret)
{
	double v = 0, unit = 1;
	size_t i = 0, digits = 0;

	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++)
		v = v * 10 + (s.p[i] - '0');
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++) {
			unit /= 10;
			v += unit * (s.p[i] - '0');
		}
	*ret = v;
	return digits ? i : 0;
}

bool cp_request_size(struct cp_str text, int64_t *ret_bytes)
{
	static const char units[] = "kmgtp";
	double v;
	size_t n = read_decimal(text, &v);
	struct cp_str unit = cp_str_from(text, n + (n < text.n && text.p[n] == ' '));
	const char *at;

	if (n == 0 || unit.n > 3)
		return false;
	if (unit.n && !cp_str_eq_nocase(unit, CP_S("b"))) {
		at = strchr(units, unit.p[0] | 0x20);
		if (!at || (unit.p[0] | 0x20) == 0x20)
			return false;
		for (const char *u = units; u <= at; u++)
			v *= 1024;
		unit = cp_str_from(unit, 1);
		if (unit.n && !cp_str_eq_nocase(unit, CP_S("b")) &&
		    !cp_str_eq_nocase(unit, CP_S("ib")))
			return false;
	}
	if (v >= 9.2e18)
		return false;
	*ret_bytes = (int64_t)v;
	return true;
}

struct sort_item {
	struct cp_str name, text;
	size_t place;
};

static int by_name(const void *x, const void *y)
{
	const struct sort_item *a = x, *b = y;
	int r = cp_str_cmp(a->name, b->name);

	return r ? r : (a->place > b->place) - (a->place < b->place);
}

int cp_request_sort(struct cp_arena *a, struct cp_str *items, size_t n)
{
	struct sort_item *sorted = cp_arena_array(a, n, sizeof(*sorted));

	if (!sorted)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct sort_item){
			cp_str_sub(items[i], 0, cp_str_find(items[i], '=', 0)), items[i], i};
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < n; i++)
		items[i] = sorted[i].text;
	return 0;
}

static bool has_request(const cp_image_vec *v, struct cp_str name)
{
	for (size_t i = 0; i < v->n; i++)
		if (cp_str_eq(v->items[i].name, name))
			return true;
	return false;
}

int cp_requests_follow_links(cp_image_vec *v, const struct cp_links *links, struct cp_err *err)
{
	for (size_t i = 0; i < v->n; i++) {
		for (size_t k = 0; k < v->items[i].n_contexts; k++) {
			struct cp_setting context = v->items[i].contexts[k];
			struct cp_str name = cp_str_from(context.value, sizeof("target:") - 1);
			int r;

			if (!cp_str_starts(context.value, CP_S("target:")) || has_request(v, name))
				continue;
			r = links->add(links->self, name, v, err);
			if (r == CP_ENOTFOUND)
				return cp_err_set(
					err, CP_EINVAL,
					"%.*s: context %.*s names %.*s, which is not there",
					CP_STR(v->items[i].name), CP_STR(context.key),
					CP_STR(context.value));
			if (r < 0)
				return r;
		}
	}
	return 0;
}
