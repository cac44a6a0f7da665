/* URLs, read by libcurl's own parser: what we judge is what is connected to. */
#include <stdio.h>

#include "net/net_int.h"

struct cp_str net_plain_url(struct cp_str url)
{
	size_t query = cp_str_find(url, '?', 0), fragment = cp_str_find(url, '#', 0);

	return cp_str_sub(url, 0, query < fragment ? query : fragment);
}

bool cp_net_is_loopback(struct cp_str host)
{
	size_t dots = 0, i = 0;

	if (host.n && host.p[0] == '[') {
		host = cp_str_sub(host, 1, cp_str_find(host, ']', 0));
	} else if (cp_str_find(host, ':', 0) == cp_str_rfind(host, ':')) {
		host = cp_str_sub(host, 0, cp_str_find(host, ':', 0));
	}
	if (cp_str_eq_nocase(host, CP_S("localhost")) || cp_str_eq(host, CP_S("::1")))
		return true;
	if (!cp_str_starts(host, CP_S("127.")))
		return false;
	for (; i < host.n; i++) {
		if (host.p[i] == '.')
			dots++;
		else if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return dots == 3 && host.p[host.n - 1] != '.';
}

bool cp_net_same_origin(const struct cp_net_url *x, const struct cp_net_url *y)
{
	return cp_str_eq(x->scheme, y->scheme) && cp_str_eq_nocase(x->host, y->host) &&
	       cp_str_eq(x->port, y->port);
}

void cp_net_escape(struct cp_buf *out, struct cp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    c == '-' || c == '.' || c == '_' || c == '~')
			cp_buf_addc(out, (char)c);
		else
			cp_buf_printf(out, "%%%02X", c);
	}
}

/* One part, "" when the URL has none. CP_ENOMEM. */
static int part(struct cp_arena *a, const struct net_curl *curl, CURLU *u, CURLUPart what,
		unsigned flags, struct cp_str *ret)
{
	char *text = NULL;
	CURLUcode code = curl->url_get(u, what, &text, flags);

	*ret = cp_arena_str(a, code == CURLUE_OK ? cp_str_c(text) : CP_S(""));
	curl->free(text);
	return ret->p && code != CURLUE_OUT_OF_MEMORY ? 0 : CP_ENOMEM;
}

static int parts(struct cp_arena *a, const struct net_curl *curl, CURLU *u, struct cp_net_url *ret,
		 struct cp_str *ret_user)
{
	int r = part(a, curl, u, CURLUPART_SCHEME, 0, &ret->scheme);

	if (r == 0)
		r = part(a, curl, u, CURLUPART_HOST, 0, &ret->host);
	if (r == 0)
		r = part(a, curl, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &ret->port);
	if (r == 0)
		r = part(a, curl, u, CURLUPART_PATH, 0, &ret->path);
	if (r == 0)
		r = part(a, curl, u, CURLUPART_QUERY, 0, &ret->query);
	if (r == 0)
		r = part(a, curl, u, CURLUPART_USER, 0, ret_user);
	return r;
}

int cp_net_url_parse(struct cp_arena *a, struct cp_str text, struct cp_net_url *ret_url,
		     struct cp_err *err)
{
	struct cp_str copy = cp_arena_str(a, text), plain = net_plain_url(text), user;
	const struct net_curl *curl;
	struct cp_net_url out;
	CURLU *u;
	int r = net_curl_load(&curl, err);

	if (r < 0)
		return r;
	u = curl->url();
	if (!u || !copy.p) {
		curl->url_cleanup(u);
		return cp_err_nomem(err);
	}
	if (cp_str_find(text, '\0', 0) < text.n ||
	    curl->url_set(u, CURLUPART_URL, copy.p, 0) != CURLUE_OK) {
		curl->url_cleanup(u);
		return cp_err_set(err, CP_EINVAL, "%.*s is no URL", CP_STR(plain));
	}
	r = parts(a, curl, u, &out, &user);
	curl->url_cleanup(u);
	if (r < 0)
		return cp_err_nomem(err);
	if (user.n)
		return cp_err_set(err, CP_EINVAL, "a URL with user information is not used");
	if (!cp_str_eq(out.scheme, CP_S("http")) && !cp_str_eq(out.scheme, CP_S("https")))
		return cp_err_set(err, CP_EINVAL, "%.*s is neither http nor https", CP_STR(plain));
	out.loopback = cp_net_is_loopback(out.host);
	*ret_url = out;
	return 0;
}
