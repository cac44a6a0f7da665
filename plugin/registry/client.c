/* The client: manifests and blobs of a repository, from mirrors first. Every byte is held against its digest. */
#include <stdlib.h>

#include "registry/registry_int.h"

#define MANIFEST_TYPES                                                                             \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "    \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json, */*"

/* ---- life ---- */

static int own(struct cp_registry *reg, const char *text, struct cp_str *ret)
{
	*ret = cp_arena_str(reg->arena, cp_str_c(text));
	return ret->p ? 0 : CP_ENOMEM;
}

/* cli/config.Dir: DOCKER_CONFIG, else ~/.docker. No file there is no error. */
static int read_docker_config(struct cp_registry *reg, const char *folder, const char *home,
			      struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_SETTINGS_BYTES);
	struct cp_str path;
	int r;

	if (folder && *folder)
		path = cp_arena_printf(reg->arena, "%s/config.json", folder);
	else if (home && *home)
		path = cp_arena_printf(reg->arena, "%s/.docker/config.json", home);
	else
		return 0;
	if (!path.p)
		return cp_err_nomem(err);
	r = registry_read_file(path.p, &text, err);
	if (r == CP_ENOTFOUND || r == CP_EIO) {
		*err = (struct cp_err){0};
		return 0;
	}
	return r < 0 ? r
		     : registry_docker_config_parse(reg->arena, cp_buf_str(&text), path,
						    &reg->docker, err);
}

static int read_environment(struct cp_registry *reg, const struct cp_environment *env,
			    struct cp_err *err)
{
	const struct {
		const char *name;
		struct cp_str *slot;
	} texts[] = {
		{"PATH", &reg->docker.path},
		{"ACTIONS_CACHE_URL", &reg->actions_cache_url},
		{"ACTIONS_RESULTS_URL", &reg->actions_results_url},
		{"ACTIONS_RUNTIME_TOKEN", &reg->actions_token},
		{"ACTIONS_CACHE_SERVICE_V2", &reg->actions_v2},
	};

	if (!env || !env->get)
		return 0;
	for (size_t i = 0; i < CP_LEN(texts); i++)
		if (own(reg, env->get(env->self, texts[i].name), texts[i].slot) < 0)
			return cp_err_nomem(err);
	return read_docker_config(reg, env->get(env->self, "DOCKER_CONFIG"),
				  env->get(env->self, "HOME"), err);
}

int cp_registry_new(const struct cp_registry_settings *settings, struct cp_registry **ret_registry,
		    struct cp_err *err)
{
	struct cp_registry *reg = calloc(1, sizeof(*reg));
	struct cp_err why = {0};
	int r;

	if (!reg)
		return cp_err_nomem(err);
	pthread_mutex_init(&reg->lock, NULL);
	pthread_cond_init(&reg->done, NULL);
	reg->settings = *settings;
	reg->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	r = reg->arena ? registry_hosts_fill(reg->arena, settings, &reg->hosts, &why)
		       : cp_err_nomem(&why);
	if (r == 0)
		r = read_environment(reg, settings->env, &why);
	if (r < 0) {
		cp_registry_free(reg);
		if (err)
			*err = why;
		return r;
	}
	*ret_registry = reg;
	return 0;
}

void cp_registry_free(struct cp_registry *registry)
{
	if (!registry)
		return;
	pthread_mutex_destroy(&registry->lock);
	pthread_cond_destroy(&registry->done);
	cp_arena_free(registry->arena);
	free(registry);
}

bool cp_registry_failed(const struct cp_registry *registry)
{
	return atomic_load(&registry->failed);
}

bool cp_registry_named_host(const struct cp_registry *registry, size_t i, struct cp_str *ret_host)
{
	if (i >= registry->hosts.by_name.n)
		return false;
	*ret_host = registry->hosts.by_name.items[i].key;
	return true;
}

/* ---- references ---- */

struct registry_ref registry_ref_split(struct cp_str normalised)
{
	struct registry_ref ref = {.host = cp_registry_host_of(normalised)};
	struct cp_str rest = cp_str_from(normalised, ref.host.n + 1);
	size_t at = cp_str_find(rest, '@', 0), colon;

	if (at < rest.n)
		ref.digest = cp_str_from(rest, at + 1);
	rest = cp_str_sub(rest, 0, at);
	colon = cp_str_rfind(rest, ':');
	if (colon < rest.n)
		ref.tag = cp_str_from(rest, colon + 1);
	ref.path = cp_str_sub(rest, 0, colon);
	return ref;
}

struct cp_str cp_registry_host_of(struct cp_str ref)
{
	return cp_str_sub(ref, 0, cp_str_find(ref, '/', 0));
}

/* ---- one fetch ---- */

struct fetch {
	struct cp_registry *reg;
	struct cp_arena *a;
	const struct registry_ask *ask;
	struct registry_got *got;
	struct cp_err *err;
};

static int url_of(const struct fetch *f, const struct registry_endpoint *at, struct cp_str *ret)
{
	*ret = cp_arena_printf(f->a, "%.*s/%.*s/%s/%.*s%s%.*s", CP_STR(at->base),
			       CP_STR(f->ask->ref->path), f->ask->blob ? "blobs" : "manifests",
			       CP_STR(f->ask->what), at->ns.n ? "?ns=" : "", CP_STR(at->ns));
	return ret->p ? 0 : cp_err_nomem(f->err);
}

/* Asks, and once more with what answers a 401. */
static int ask_endpoint(struct fetch *f, const struct registry_endpoint *at,
			struct cp_net_answer *answer)
{
	struct cp_net_request q = {.method = "GET",
				   .accept = f->ask->blob ? CP_S("*/*") : CP_S(MANIFEST_TYPES),
				   .max_bytes = f->ask->max_bytes,
				   .tls = at->tls};
	struct cp_str authorization;
	int r = url_of(f, at, &q.url);

	if (r < 0)
		return r;
	q.if_none_match = f->ask->etag;
	q.authorization = registry_known_authorization(f->reg, f->a, at, f->ask->ref->path);
	r = cp_net_request(f->reg->settings.net, f->a, &q, answer, f->err);
	if (r < 0 || answer->status != 401)
		return r;
	r = registry_authorize(f->reg, f->a, at, f->ask->ref->path, answer, &authorization, f->err);
	if (r < 0 || !authorization.n)
		return r;
	q.authorization = authorization;
	return cp_net_request(f->reg->settings.net, f->a, &q, answer, f->err);
}

static int refused(struct fetch *f, const struct registry_endpoint *at,
		   const struct cp_net_answer *answer)
{
	struct cp_str host = at->host, path = f->ask->ref->path, what = f->ask->what;
	const char *colon = cp_str_starts(what, CP_S("sha256:")) ? "@" : ":";
	int status = answer->status;

	if (status == 404)
		return cp_err_set(f->err, CP_ENOTFOUND, "%.*s has no %.*s%s%.*s", CP_STR(host),
				  CP_STR(path), colon, CP_STR(what));
	if (status == 401 || status == 403)
		return cp_err_set(f->err, CP_ENET, "%.*s does not let us read %.*s (%d)",
				  CP_STR(host), CP_STR(path), status);
	if (status == 429 && answer->retry_after)
		return cp_err_set(f->err, CP_ENET, "%.*s asks to wait for %lld s (429)",
				  CP_STR(host), (long long)answer->retry_after);
	return cp_err_set(f->err, CP_ENET, "%.*s answers %d for %.*s%s%.*s", CP_STR(host), status,
			  CP_STR(path), colon, CP_STR(what));
}

/* The digest that the bytes must have: what was asked for, else what the registry says beside them. */
static int check_digest(struct fetch *f, const struct registry_endpoint *at, struct cp_str bytes,
			struct cp_str said)
{
	struct cp_str expected = f->ask->what;
	char text[CP_DIGEST_TEXT + 1];
	struct cp_digest d = cp_digest_of(bytes.p, bytes.n), e;

	cp_digest_text(&d, text);
	if (!cp_digest_parse(expected, &e))
		expected = cp_digest_parse(said, &e) ? said : CP_S("");
	if (expected.n && !cp_digest_eq(&d, &e))
		return cp_err_set(f->err, CP_ENET, "%.*s sends other bytes than %.*s",
				  CP_STR(at->host), CP_STR(expected));
	f->got->digest = cp_arena_str(f->a, cp_str_c(text));
	return f->got->digest.p ? 0 : cp_err_nomem(f->err);
}

/* Bytes by digest that somebody remembers. */
static bool from_store(struct fetch *f, struct cp_str digest)
{
	const struct cp_registry_store *store = f->reg->settings.store;
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(f->ask->max_bytes);
	struct cp_digest expected, found;

	if (!store || !store->get_blob || !cp_digest_parse(digest, &expected) ||
	    store->get_blob(store->self, digest, &bytes) < 0 || cp_buf_error(&bytes))
		return false;
	found = cp_digest_of(bytes.p ? bytes.p : "", bytes.n);
	f->got->bytes = cp_arena_str(f->a, cp_buf_str(&bytes));
	f->got->media_type = CP_S("");
	f->got->digest = digest;
	return f->got->bytes.p && cp_digest_eq(&expected, &found);
}

static int from_endpoint(struct fetch *f, const struct registry_endpoint *at)
{
	struct cp_net_answer answer;
	int r = ask_endpoint(f, at, &answer);

	if (r < 0)
		return r;
	if (answer.status == 304 && from_store(f, f->ask->etag_of))
		return 0;
	if (answer.status != 200)
		return refused(f, at, &answer);
	r = check_digest(f, at, answer.body, answer.content_digest);
	if (r < 0)
		return r;
	f->got->bytes = answer.body;
	f->got->etag = answer.etag;
	f->got->media_type = cp_str_trim(
		cp_str_sub(answer.content_type, 0, cp_str_find(answer.content_type, ';', 0)), " ");
	return 0;
}

int registry_fetch(struct cp_registry *reg, struct cp_arena *a, const struct registry_ask *ask,
		   struct registry_got *ret_got, struct cp_err *err)
{
	const struct cp_registry_store *store = reg->settings.store;
	struct registry_got got = {.bytes = CP_S("")};
	struct fetch f = {.reg = reg, .a = a, .ask = ask, .got = &got, .err = err};
	struct registry_endpoint *endpoints = NULL;
	size_t n = 0;
	int r;

	if (reg->settings.may_ask && !reg->settings.may_ask(reg->settings.self, ask->ref->host))
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "%.*s is not asked: only files of this commit name it "
				  "(--registry %.*s allows it)",
				  CP_STR(ask->ref->host), CP_STR(ask->ref->host));
	if (from_store(&f, ask->what)) {
		*ret_got = got;
		return 0;
	}
	r = registry_endpoints(a, &reg->hosts, ask->ref->host, ask->insecure, &endpoints, &n, err);
	for (size_t i = 0; i < n; i++) {
		r = from_endpoint(&f, &endpoints[i]);
		if (r == 0 || r == CP_ENOMEM || r == CP_ECANCELLED)
			break;
	}
	if (r == CP_ENET || r == CP_EINVAL || r == CP_ELIMIT)
		atomic_store(&reg->failed, true);
	if (r < 0)
		return r;
	if (store && store->put_blob)
		store->put_blob(store->self, got.digest, got.bytes);
	*ret_got = got;
	return 0;
}
