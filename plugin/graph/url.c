#include <arpa/inet.h>

#include "graph/url_int.h"

#include "graph/build_int.h"

#define MAX_QUERY_PAIRS 10000u /* net/url defaultMaxParams */

enum encoding { ENC_PATH, ENC_HOST, ENC_ZONE, ENC_USER, ENC_QUERY, ENC_FRAGMENT };

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static bool should_escape(char c, enum encoding mode)
{
	static const char *const allowed[] = {
		[ENC_PATH] = "$&+,/:;=@",
		[ENC_HOST] = "!$&'()*+,;=:[]<>\"",
		[ENC_ZONE] = "!$&'()*+,;=:[]<>\"",
		[ENC_USER] = "$&+,;=",
		[ENC_QUERY] = "",
		[ENC_FRAGMENT] = "!$&()*+,/:;=?@",
	};

	return !is_unreserved(c) && !(c && strchr(allowed[mode], c));
}

static int unhex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* May "%XY" at s.p[i] stand where `mode` is read? */
static bool escape_is_valid(struct cp_str s, size_t i, enum encoding mode)
{
	char v;

	if (i + 2 >= s.n || unhex(s.p[i + 1]) < 0 || unhex(s.p[i + 2]) < 0)
		return false;
	if (cp_str_eq(cp_str_sub(s, i, i + 3), CP_S("%25")))
		return true;
	v = (char)(unhex(s.p[i + 1]) << 4 | unhex(s.p[i + 2]));
	if (mode == ENC_HOST)
		return unhex(s.p[i + 1]) >= 8;
	return mode != ENC_ZONE || v == ' ' || !should_escape(v, ENC_HOST);
}

static int unescape(struct cp_arena *a, struct cp_str s, enum encoding mode, struct cp_str *ret)
{
	char *out = cp_arena_alloc(a, s.n + 1);
	size_t n = 0;

	if (!out)
		return CP_ENOMEM;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			if (!escape_is_valid(s, i, mode))
				return CP_EINVAL;
			c = (char)(unhex(s.p[i + 1]) << 4 | unhex(s.p[i + 2]));
			i += 2;
		} else if (c == '+' && mode == ENC_QUERY) {
			c = ' ';
		} else if ((mode == ENC_HOST || mode == ENC_ZONE) && (unsigned char)c < 0x80 &&
			   should_escape(c, mode)) {
			return CP_EINVAL;
		}
		out[n++] = c;
	}
	*ret = cp_str_n(out, n);
	return 0;
}

static struct cp_str escape(struct cp_arena *a, struct cp_str s, enum encoding mode)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = cp_arena_array(a, s.n + 1, 3);
	size_t n = 0;

	if (!out)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < s.n; i++) {
		if (should_escape(s.p[i], mode)) {
			out[n++] = '%';
			out[n++] = hex[(s.p[i] >> 4) & 15];
			out[n++] = hex[s.p[i] & 15];
		} else {
			out[n++] = s.p[i];
		}
	}
	return cp_str_n(out, n);
}

/* URL.EscapedPath: as it was written when that is a valid way to write it. */
static struct cp_str escaped_path(struct cp_arena *a, struct cp_str raw, struct cp_str path)
{
	for (size_t i = 0; i < raw.n; i++)
		if (should_escape(raw.p[i], ENC_PATH) && !strchr("!'()*[]%", raw.p[i]))
			return cp_str_eq(path, CP_S("*")) ? path : escape(a, path, ENC_PATH);
	return raw;
}

static bool is_port(struct cp_str s)
{
	if (s.n == 0)
		return true;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.p[0] == ':';
}

/* netip.ParseAddr of an IPv6 literal, zone allowed. */
static bool is_ipv6(struct cp_arena *a, struct cp_str s)
{
	size_t zone = cp_str_find(s, '%', 0);
	struct cp_str text = cp_arena_str(a, cp_str_sub(s, 0, zone));
	unsigned char addr[16];

	if (zone + 1 == s.n || !text.p || cp_str_find(text, '\0', 0) < text.n)
		return false;
	return inet_pton(AF_INET6, text.p, addr) == 1;
}

static int parse_literal(struct cp_arena *a, struct cp_str host, struct cp_str *ret)
{
	size_t close = cp_str_rfind(host, ']'), zone;
	struct cp_str name, port, head, tail = CP_S("");
	int r;

	if (close == host.n)
		return CP_EINVAL;
	port = cp_str_from(host, close + 1);
	if (!is_port(port))
		return CP_EINVAL;
	name = cp_str_sub(host, 1, close);
	zone = cp_str_find_str(name, CP_S("%25"), 0);
	r = unescape(a, cp_str_sub(name, 0, zone), ENC_HOST, &head);
	if (r >= 0 && zone < name.n)
		r = unescape(a, cp_str_from(name, zone), ENC_ZONE, &tail);
	if (r < 0)
		return r;
	name = GRAPH_CAT(a, head, tail);
	if (!name.p)
		return CP_ENOMEM;
	if (!is_ipv6(a, name))
		return CP_EINVAL;
	*ret = GRAPH_CAT(a, CP_S("["), name, CP_S("]"), port);
	return ret->p ? 0 : CP_ENOMEM;
}

static int parse_host(struct cp_arena *a, struct cp_str scheme, struct cp_str host,
		      struct cp_str *ret)
{
	size_t open = cp_str_rfind(host, '['), colon = cp_str_find(host, ':', 0);

	if (open < host.n)
		return open > 0 ? CP_EINVAL : parse_literal(a, host, ret);
	if (colon < host.n) {
		if (!cp_str_eq(scheme, CP_S("http")) && !cp_str_eq(scheme, CP_S("https")))
			colon = cp_str_rfind(host, ':');
		if (!is_port(cp_str_from(host, colon)))
			return CP_EINVAL;
	}
	return unescape(a, host, ENC_HOST, ret);
}

static bool is_userinfo(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!is_unreserved(c) && !(c && strchr("!$&'()*+,;=:%@", c)))
			return false;
	}
	return true;
}

/* *ret_user: Userinfo.String() and "@", or "". */
static int parse_user(struct cp_arena *a, struct cp_str info, struct cp_str *ret_user)
{
	size_t colon = cp_str_find(info, ':', 0);
	struct cp_str name, password = CP_S("");
	int r;

	if (!is_userinfo(info))
		return CP_EINVAL;
	r = unescape(a, cp_str_sub(info, 0, colon), ENC_USER, &name);
	if (r >= 0 && colon < info.n)
		r = unescape(a, cp_str_from(info, colon + 1), ENC_USER, &password);
	if (r < 0)
		return r;
	name = escape(a, name, ENC_USER);
	password = escape(a, password, ENC_USER);
	if (!name.p || !password.p)
		return CP_ENOMEM;
	*ret_user = GRAPH_CAT(a, name, colon < info.n ? CP_S(":") : CP_S(""), password, CP_S("@"));
	return ret_user->p ? 0 : CP_ENOMEM;
}

/* Bytes of the scheme, 0 = none; SIZE_MAX when the text begins with a colon. */
static size_t scheme_width(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		if (c == ':')
			return i ? i : SIZE_MAX;
		if (i == 0 || !((c >= '0' && c <= '9') || (c && strchr("+-.", c))))
			return 0;
	}
	return 0;
}

/* URL.String() of everything before the query. */
static int compose(struct cp_arena *a, struct graph_url *u, struct cp_str raw_path,
		   struct cp_str user, bool authority)
{
	struct cp_str path = escaped_path(a, raw_path, u->path);
	struct cp_str host = escape(a, u->host, ENC_HOST), slashes = CP_S(""), dot = CP_S("");

	if (!path.p || !host.p)
		return CP_ENOMEM;
	if (u->scheme.n || u->host.n || user.n) {
		bool omit = u->scheme.n && !authority;

		if (!omit && (u->host.n || u->path.n || user.n))
			slashes = CP_S("//");
	} else if (cp_str_find(cp_str_sub(path, 0, cp_str_find(path, '/', 0)), ':', 0) <
		   cp_str_find(path, '/', 0)) {
		dot = CP_S("./");
	}
	u->text = GRAPH_CAT(a, u->scheme, u->scheme.n ? CP_S(":") : CP_S(""), slashes, user, host,
			    path.n && path.p[0] != '/' && u->host.n ? CP_S("/") : CP_S(""), dot,
			    path);
	return u->text.p ? 0 : CP_ENOMEM;
}

/* What stands between the scheme and the query. */
static int parse_hierarchy(struct cp_arena *a, struct cp_str rest, struct graph_url *u)
{
	struct cp_str user = CP_S(""), part;
	bool authority = false;
	size_t at;
	int r;

	if (!cp_str_starts(rest, CP_S("/"))) {
		if (u->scheme.n) { /* opaque */
			u->text = GRAPH_CAT(a, u->scheme, CP_S(":"), rest);
			return u->text.p ? 0 : CP_ENOMEM;
		}
		part = cp_str_sub(rest, 0, cp_str_find(rest, '/', 0));
		if (cp_str_find(part, ':', 0) < part.n)
			return CP_EINVAL;
	}
	if (cp_str_starts(rest, CP_S("//")) && (u->scheme.n || !cp_str_starts(rest, CP_S("///")))) {
		authority = true;
		part = cp_str_sub(rest, 2, cp_str_find(rest, '/', 2));
		rest = cp_str_sub(rest, 2 + part.n, rest.n);
		at = cp_str_rfind(part, '@');
		r = parse_host(a, u->scheme, cp_str_from(part, at < part.n ? at + 1 : 0), &u->host);
		if (r >= 0 && at < part.n)
			r = parse_user(a, cp_str_sub(part, 0, at), &user);
		if (r < 0)
			return r;
	}
	r = unescape(a, rest, ENC_PATH, &u->path);
	return r < 0 ? r : compose(a, u, rest, user, authority);
}

int graph_url_parse(struct cp_arena *a, struct cp_str text, struct graph_url *ret_url)
{
	struct graph_url u = {.scheme = CP_S(""),
			      .host = CP_S(""),
			      .path = CP_S(""),
			      .query = CP_S(""),
			      .fragment = CP_S("")};
	size_t hash = cp_str_find(text, '#', 0), width, mark;
	struct cp_str rest = cp_str_sub(text, 0, hash),
		      fragment = cp_str_from(text, hash < text.n ? hash + 1 : hash);
	bool force_query;
	int r;

	for (size_t i = 0; i < rest.n; i++)
		if ((unsigned char)rest.p[i] < 0x20 || rest.p[i] == 0x7f)
			return CP_EINVAL;
	width = scheme_width(rest);
	if (width == SIZE_MAX)
		return CP_EINVAL;
	if (width) {
		u.scheme = graph_lower(a, cp_str_sub(rest, 0, width));
		if (!u.scheme.p)
			return CP_ENOMEM;
		rest = cp_str_from(rest, width + 1);
	}
	mark = cp_str_find(rest, '?', 0);
	force_query = mark + 1 == rest.n;
	u.query = cp_str_from(rest, mark < rest.n ? mark + 1 : mark);
	r = parse_hierarchy(a, cp_str_sub(rest, 0, mark), &u);
	if (r >= 0 && fragment.n)
		r = unescape(a, fragment, ENC_FRAGMENT, &u.fragment);
	if (r < 0)
		return r;
	if (force_query) {
		u.text = cp_arena_cat(a, u.text, CP_S("?"));
		if (!u.text.p)
			return CP_ENOMEM;
	}
	*ret_url = u;
	return 0;
}

int graph_query_parse(struct cp_arena *a, struct cp_str text, struct graph_query **ret_pairs,
		      size_t *ret_n, bool *ret_bad)
{
	CP_VEC(struct graph_query) pairs = {0};
	struct cp_str rest = text, piece;
	size_t n_pairs = 1;
	bool bad = false;

	for (size_t i = 0; i < text.n; i++)
		n_pairs += text.p[i] == '&';
	if (n_pairs > MAX_QUERY_PAIRS) {
		*ret_n = 0;
		*ret_bad = true;
		return 0;
	}
	while (rest.n && cp_str_split(&rest, '&', &piece)) {
		size_t eq = cp_str_find(piece, '=', 0);
		struct graph_query q;
		int r;

		if (piece.n == 0)
			continue;
		if (cp_str_find(piece, ';', 0) < piece.n) {
			bad = true;
			continue;
		}
		r = unescape(a, cp_str_sub(piece, 0, eq), ENC_QUERY, &q.key);
		if (r >= 0)
			r = unescape(a, cp_str_from(piece, eq < piece.n ? eq + 1 : eq), ENC_QUERY,
				     &q.value);
		if (r == CP_ENOMEM)
			return r;
		if (r < 0)
			bad = true;
		else if (cp_vec_push(a, &pairs, q) < 0)
			return CP_ENOMEM;
	}
	*ret_pairs = pairs.items;
	*ret_n = pairs.n;
	*ret_bad = bad;
	return 0;
}
