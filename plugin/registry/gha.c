/* type=gha: cache/remotecache/gha over both versions of the cache service (tonistiigi/go-actions-cache). */
#include <time.h>

#include "registry/registry_int.h"

#define MAX_SCOPES 64

struct service {
	struct cp_registry *reg;
	struct cp_arena *a;
	const struct cp_cache_source *source;
	struct cp_str url, token, version;
	bool v2;
	struct cp_str scopes[MAX_SCOPES];
	size_t n_scopes;
	struct cp_cache_found *found;
	struct cp_err *err;
};

/* ---- where the service is ---- */

static bool is_true(struct cp_str s)
{
	return cp_str_eq(s, CP_S("1")) || cp_str_eq_nocase(s, CP_S("true")) ||
	       cp_str_eq_nocase(s, CP_S("t"));
}

/* buildx adds the runner's variables to the value; gha.go getConfig chooses the version. */
static int find_service(struct service *s)
{
	const struct cp_cache_source *q = s->source;
	struct cp_str url_v2 = q->url_v2, url = q->url;
	bool one = cp_str_eq(q->version, CP_S("1"));

	s->token = q->token.n ? q->token : s->reg->actions_token;
	if (!url_v2.n && (cp_str_eq(q->version, CP_S("2")) || is_true(s->reg->actions_v2)))
		url_v2 = s->reg->actions_results_url;
	if (!url.n)
		url = s->reg->actions_cache_url.n ? s->reg->actions_cache_url
						  : s->reg->actions_results_url;
	s->v2 = !one && url_v2.n > 0;
	s->url = cp_str_trim_right(s->v2 ? url_v2 : url, "/");
	if (!s->v2 && !one &&
	    cp_str_find_str(url, CP_S("results-receiver.actions.githubusercontent.com"), 0) < url.n)
		s->v2 = true;
	if (!s->token.n)
		return cp_err_set(
			s->err, CP_ENET,
			"there is no token (ACTIONS_RUNTIME_TOKEN) for the cache service");
	if (!s->url.n)
		return cp_err_set(s->err, CP_ENET,
				  "there is no URL (ACTIONS_CACHE_URL) of the cache service");
	return 0;
}

static int add_scopes(struct service *s, const struct cp_json *list)
{
	for (size_t i = 0; cp_json_kind(list) == CP_JSON_ARRAY && i < cp_json_len(list); i++) {
		struct cp_str scope = cp_json_text(cp_json_get(cp_json_at(list, i), "Scope"));

		if (s->n_scopes == MAX_SCOPES)
			return cp_err_set(s->err, CP_ELIMIT, "the token has over %d scopes",
					  MAX_SCOPES);
		s->scopes[s->n_scopes] = cp_arena_str(s->a, scope);
		if (!s->scopes[s->n_scopes++].p)
			return cp_err_nomem(s->err);
	}
	return 0;
}

/* The claims of the JSON web token; nothing of it goes into a message. */
static int read_token(struct service *s)
{
	cp_auto_json struct cp_json_doc *claims = NULL, *access = NULL;
	struct cp_str rest = s->token, part = CP_S(""), text = CP_S("");
	struct cp_err inner = {0};
	int64_t ends;

	cp_str_split(&rest, '.', &part);
	if (!cp_str_split(&rest, '.', &part) || !registry_base64(s->a, part, &text) ||
	    cp_json_parse(text, CP_S("token"), &claims, &inner) < 0 ||
	    cp_json_parse(cp_json_text(cp_json_get(cp_json_root(claims), "ac")), CP_S("ac"),
			  &access, &inner) < 0)
		return cp_err_set(s->err, CP_ENET, "the token of the cache service cannot be read");
	ends = cp_json_number(cp_json_get(cp_json_root(claims), "exp"), 0);
	if (ends && ends < (int64_t)time(NULL))
		return cp_err_set(s->err, CP_ENET, "the token of the cache service has expired");
	return add_scopes(s, cp_json_root(access));
}

/* ---- requests ---- */

static int send(struct service *s, struct cp_net_request *q, struct cp_net_answer *answer)
{
	struct cp_net_url url;
	int r = cp_net_url_parse(s->a, q->url, &url, s->err);

	if (r < 0)
		return r;
	if (!url.loopback && !cp_str_eq(url.scheme, CP_S("https")))
		return cp_err_set(s->err, CP_ENET, "the cache service is not asked without https");
	r = cp_net_request(s->reg->settings.net, s->a, q, answer, s->err);
	if (r == 0 && answer->status != 200 && answer->status != 204)
		return cp_err_set(s->err, CP_ENET, "the cache service answers %d", answer->status);
	return r;
}

static int url_v1(struct service *s, struct cp_str key, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf url = CP_BUF_INIT(CP_MAX_LINE_BYTES);

	cp_buf_adds(&url, s->url);
	cp_buf_addz(&url, "/_apis/artifactcache/cache?keys=");
	cp_net_escape(&url, key);
	cp_buf_addz(&url, "&version=");
	cp_buf_adds(&url, s->version);
	*ret = cp_arena_str(s->a, cp_buf_str(&url));
	return cp_buf_error(&url) || !ret->p ? cp_err_nomem(s->err) : 0;
}

static int body_v2(struct service *s, struct cp_str key, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf body = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&body);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "key", key);
	cp_json_key(&o, "restore_keys");
	cp_json_open(&o, '[');
	cp_json_str(&o, key);
	cp_json_close(&o, ']');
	cp_json_kstr(&o, "version", s->version);
	cp_json_close(&o, '}');
	*ret = cp_arena_str(s->a, cp_buf_str(&body));
	return cp_buf_error(&body) || !ret->p ? cp_err_nomem(s->err) : 0;
}

/* Where the newest entry of a key can be had; "" = there is none. */
static int look_up(struct service *s, struct cp_str key, struct cp_str *ret_url)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_net_request q = {.method = s->v2 ? "POST" : "GET",
				   .content_type = CP_S("application/json"),
				   .max_bytes = CP_MAX_TOKEN_BYTES};
	struct cp_net_answer answer;
	int r;

	q.authorization = cp_arena_cat(s->a, CP_S("Bearer "), s->token);
	if (s->v2) {
		q.url = cp_arena_cat(s->a, s->url,
				     CP_S("/twirp/github.actions.results.api.v1.CacheService/"
					  "GetCacheEntryDownloadURL"));
		r = body_v2(s, key, &q.body);
	} else {
		q.accept = CP_S("application/json;api-version=6.0-preview.1");
		r = url_v1(s, key, &q.url);
	}
	if (r == 0 && (!q.url.p || !q.authorization.p))
		r = cp_err_nomem(s->err);
	if (r == 0)
		r = send(s, &q, &answer);
	*ret_url = CP_S("");
	if (r < 0 || answer.status == 204 || !answer.body.n)
		return r;
	if (cp_json_parse(answer.body, CP_S("cache service"), &doc, &(struct cp_err){0}) < 0)
		return cp_err_set(s->err, CP_ENET, "the cache service does not answer JSON");
	if (s->v2 && !cp_json_is_true(cp_json_get(cp_json_root(doc), "ok")))
		return 0;
	*ret_url = cp_arena_str(
		s->a, cp_json_text(cp_json_get(cp_json_root(doc),
					       s->v2 ? "signed_download_url" : "archiveLocation")));
	return ret_url->p ? 0 : cp_err_nomem(s->err);
}

/* ---- the index of a scope ---- */

/* Layers with their sizes: the config itself says which there are (importer.loadScope). */
static int add_config(struct service *s, struct cp_str text)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *layers;
	CP_VEC(struct cp_cache_blob) blobs = {0};
	int r = cp_json_parse(text, CP_S("actions cache"), &doc, s->err);

	if (r < 0)
		return r;
	layers = cp_json_get(cp_json_root(doc), "layers");
	for (size_t i = 0; cp_json_kind(layers) == CP_JSON_ARRAY && i < cp_json_len(layers); i++) {
		const struct cp_json *notes = cp_json_get(cp_json_at(layers, i), "annotations");
		int64_t size = cp_json_number(cp_json_get(notes, "size"), 0);
		struct cp_cache_blob blob = {.size = size > 0 ? (uint64_t)size : 0};

		if (cp_json_kind(notes) != CP_JSON_OBJECT)
			return cp_err_set(s->err, CP_EINVAL,
					  "a layer of the cache has no annotations");
		if (cp_digest_parse(cp_json_text(cp_json_get(cp_json_at(layers, i), "blob")),
				    &blob.digest) &&
		    cp_vec_push(s->a, &blobs, blob) < 0)
			return cp_err_nomem(s->err);
		s->found->blob_bytes += blob.size;
	}
	s->found->blobs = blobs.items;
	s->found->n_blobs = blobs.n;
	r = registry_found_add(s->a, s->found, text, s->source->text, blobs.items, blobs.n, s->err);
	if (r == CP_ELIMIT) /* BuildKit has no such limit here */
		return cp_err_set(s->err, CP_ENET, "the cache is larger than cachepredict reads");
	return r;
}

static int load_scope(struct service *s, struct cp_str scope)
{
	struct cp_digest d = cp_digest_of(scope.p ? scope.p : "", scope.n);
	struct cp_str name = s->source->scope.n ? s->source->scope : CP_S("buildkit"), url, key;
	struct cp_net_request q = {.method = "GET", .max_bytes = CP_MAX_IMAGE_CONFIG_BYTES};
	struct cp_net_answer answer;
	char hex[9];
	int r;

	cp_hex(d.bytes, 4, hex);
	key = cp_arena_printf(s->a, "index-%.*s-1-%s", CP_STR(name), hex);
	if (!key.p)
		return cp_err_nomem(s->err);
	r = look_up(s, key, &url);
	if (r < 0 || !url.n)
		return r;
	q.url = url; /* signed: it needs no token, and is another host's */
	r = send(s, &q, &answer);
	return r < 0 ? r : add_config(s, answer.body);
}

int cp_cache_find_gha(struct cp_registry *registry, struct cp_arena *a,
		      const struct cp_cache_source *source, struct cp_cache_found *ret_found,
		      struct cp_err *err)
{
	struct cp_cache_found found = {.form = CP_S("actions cache"),
				       .digest = CP_S(""),
				       .media_type = CP_S(""),
				       .created = CP_S("")};
	struct service s = {.reg = registry, .a = a, .source = source, .found = &found, .err = err};
	struct cp_digest d = cp_digest_of("|go-actionscache-1.0", 20);
	char text[CP_DIGEST_TEXT + 1];
	int r = find_service(&s);

	cp_digest_text(&d, text);
	s.version = cp_str_c(text + 7);
	if (r == 0)
		r = read_token(&s);
	for (size_t i = 0; r == 0 && i < s.n_scopes; i++)
		r = load_scope(&s, s.scopes[i]);
	if (r == CP_ENET)
		atomic_store(&registry->failed, true);
	if (r == 0)
		*ret_found = found;
	return r;
}
