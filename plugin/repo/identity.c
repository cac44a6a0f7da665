/* Which repository it is, for what is remembered of it: the same in every clone where it has a remote. */
#include "repo/git_int.h"

/* The text of remote.origin.url; "" = it is not set. */
static int origin_url(struct cp_repo *r, struct cp_buf *out)
{
	git_config *config = NULL;
	git_buf value = {0};
	int e = 0;

	pthread_mutex_lock(&r->lock);
	if (git_repository_config(&config, r->git) == 0 &&
	    git_config_get_string_buf(&value, config, "remote.origin.url") == 0)
		cp_buf_add(out, value.ptr, value.size);
	else if (cp_repo_git_is_nomem())
		e = CP_ENOMEM;
	git_buf_dispose(&value);
	git_config_free(config);
	pthread_mutex_unlock(&r->lock);
	return e < 0 ? e : cp_buf_error(out);
}

static struct cp_str lower(struct cp_arena *a, struct cp_str s)
{
	char *p = cp_arena_alloc(a, s.n + 1);

	for (size_t i = 0; p && i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return cp_str_n(p, p ? s.n : 0);
}

struct cp_str cp_repo_url_identity(struct cp_arena *a, struct cp_str url)
{
	size_t scheme = cp_str_find_str(url, CP_S("://"), 0);
	struct cp_str rest = scheme < url.n ? cp_str_from(url, scheme + 3) : url, host, path;
	size_t slash = cp_str_find(rest, '/', 0), at, colon;

	if (cp_str_starts(url, CP_S("file://")) || cp_path_is_abs(url) ||
	    cp_str_starts(url, CP_S(".")))
		return CP_S("");
	if (scheme == url.n) { /* user@host:path, as ssh has it */
		slash = cp_str_find(rest, ':', 0);
		if (slash == rest.n)
			return CP_S("");
	}
	host = cp_str_sub(rest, 0, slash);
	path = cp_str_trim(cp_str_from(rest, slash + 1), "/");
	at = cp_str_rfind(host, '@');
	if (at < host.n) /* user and password */
		host = cp_str_from(host, at + 1);
	colon = cp_str_rfind(host, ':');
	if (colon < host.n && (cp_str_eq(cp_str_from(host, colon), CP_S(":443")) ||
			       cp_str_eq(cp_str_from(host, colon), CP_S(":80")) ||
			       cp_str_eq(cp_str_from(host, colon), CP_S(":22"))))
		host = cp_str_sub(host, 0, colon);
	path = cp_str_sub(path, 0, cp_str_find(path, '?', 0));
	if (cp_str_ends(path, CP_S(".git")))
		path = cp_str_trim_right(cp_str_sub(path, 0, path.n - 4), "/");
	host = lower(a, host);
	if (!host.p)
		return host;
	return host.n && path.n ? cp_arena_printf(a, "%.*s/%.*s", CP_STR(host), CP_STR(path))
				: CP_S("");
}

int cp_repo_identity(struct cp_arena *a, struct cp_repo *r, struct cp_str *ret_identity,
		     struct cp_err *err)
{
	cp_auto_buf struct cp_buf url = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_str identity = CP_S(""), dir = cp_str_c(r->common_dir);

	if (origin_url(r, &url) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (!cp_buf_error(&url))
		identity = cp_repo_url_identity(a, cp_buf_str(&url));
	if (identity.p && !identity.n) {
		dir = cp_str_trim_right(dir, "/");
		if (cp_str_ends(dir, CP_S("/.git")))
			dir = cp_str_sub(dir, 0, dir.n - 5);
		identity = cp_arena_str(a, dir.n ? dir : CP_S("/"));
	}
	if (!identity.p)
		return cp_err_nomem(err);
	*ret_identity = identity;
	return 0;
}
