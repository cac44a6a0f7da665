#include "network.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "history/history.h"

struct cp_network {
	struct cp_run *run;
	struct cp_net *net;
	struct cp_registry *registry;
	pthread_mutex_t lock;
	bool base_read;                 /* the Dockerfiles of the base commit were looked into */
	struct cp_registry_store store; /* over run->state, which is opened later */
	struct cp_map trusted;          /* hosts that may be asked; under lock once images run */
	struct cp_arena *arena;         /* of the trusted hosts; under lock */
};

/* ---- whom to ask ---- */

static int trust(struct cp_network *n, struct cp_str host)
{
	struct cp_str copy = cp_arena_str(n->arena, host);

	return copy.p ? cp_map_put(n->arena, &n->trusted, copy, n) : CP_ENOMEM;
}

/* The registry of a text that is an image reference; any other text names none. */
static int trust_ref(struct cp_network *n, struct cp_str text)
{
	struct cp_err ignored;
	struct cp_str ref;

	if (cp_str_starts(text, CP_S("docker-image://")))
		text = cp_str_from(text, 15);
	if (!text.n || cp_image_ref_normalise(n->arena, text, &ref, &ignored) < 0)
		return 0;
	return trust(n, cp_registry_host_of(ref));
}

/*
 * What the request and the settings say of an image: they are the user's, or the base commit's. Bake and compose files are of the commit
 * that is to be built.
 */
static int trust_request(struct cp_network *n, const struct cp_image_request *q)
{
	int r = 0;

	if (q->from_commit)
		return 0;
	for (size_t i = 0; r == 0 && i < q->n_cache_from; i++) {
		struct cp_cache_source s;
		struct cp_err ignored;

		if (cp_cache_source_parse(n->arena, q->cache_from[i], &s, &ignored) == 0)
			r = trust_ref(n, s.ref);
	}
	for (size_t i = 0; r == 0 && i < q->n_contexts; i++)
		r = trust_ref(n, q->contexts[i].value);
	for (size_t i = 0; r == 0 && i < q->n_build_args; i++)
		r = trust_ref(n, q->build_args[i].value);
	for (size_t i = 0; r == 0 && i < q->n_tags; i++)
		r = trust_ref(n, q->tags[i]);
	return r;
}

/* Images that the base commit's Dockerfiles name. The lock is held. */
static int trust_base(struct cp_network *n)
{
	struct cp_run *run = n->run;

	n->base_read = true;
	for (size_t i = 0; run->base && i < run->n_images; i++) {
		struct cp_str *refs;
		size_t n_refs;
		int r = cp_image_base_refs(run, &run->images[i], n->arena, &refs, &n_refs);

		for (size_t k = 0; r == 0 && k < n_refs; k++)
			r = trust(n, cp_registry_host_of(refs[k]));
		if (r < 0)
			return r;
	}
	return 0;
}

static bool may_ask(const void *self, struct cp_str host)
{
	struct cp_network *n = (struct cp_network *)(uintptr_t)self;
	bool may;

	pthread_mutex_lock(&n->lock);
	may = cp_map_get(&n->trusted, host) != NULL;
	if (!may && !n->base_read)
		may = trust_base(n) == 0 && cp_map_get(&n->trusted, host) != NULL;
	pthread_mutex_unlock(&n->lock);
	return may;
}

static int trust_named(struct cp_network *n, struct cp_err *err)
{
	const struct cp_request *q = &n->run->request;
	struct cp_str host;
	int r = trust(n, CP_S("docker.io"));

	for (size_t i = 0; r == 0 && i < q->n_registries; i++)
		r = trust(n, q->registries[i]);
	for (size_t i = 0; r == 0 && cp_registry_named_host(n->registry, i, &host); i++)
		r = trust(n, host);
	for (size_t i = 0; r == 0 && i < q->n_built; i++)
		r = trust_ref(n, q->built[i]);
	for (size_t i = 0; r == 0 && i < n->run->n_images; i++)
		r = trust_request(n, &n->run->images[i].request);
	return r < 0 ? cp_err_nomem(err) : 0;
}

/* ---- what is remembered of registries: bytes by digest, and what a tag pointed to ---- */

static int get_fact(struct cp_network *n, struct cp_arena *a, const char *kind, struct cp_str key,
		    struct cp_state_image *ret)
{
	struct cp_str name = cp_arena_printf(a, "%s %.*s", kind, CP_STR(key));

	return name.p && cp_state_image_get(n->run->state, a, name, ret) ? 0 : CP_ENOTFOUND;
}

static void put_fact(struct cp_network *n, const char *kind, struct cp_str key,
		     struct cp_str digest, struct cp_str text)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(1u << 20);
	struct cp_state_image fact = {digest, text, (int64_t)time(NULL)};
	struct cp_str name = CP_S("");

	if (a)
		name = cp_arena_printf(a, "%s %.*s", kind, CP_STR(key));
	if (name.n)
		cp_state_image_put(n->run->state, name, &fact);
}

static int get_blob(void *self, struct cp_str digest, struct cp_buf *out)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_state_image fact;

	if (!a || get_fact(self, a, "blob", digest, &fact) < 0)
		return CP_ENOTFOUND;
	cp_buf_adds(out, fact.config);
	return cp_buf_error(out);
}

static void put_blob(void *self, struct cp_str digest, struct cp_str bytes)
{
	put_fact(self, "blob", digest, digest, bytes);
}

static int get_tag(void *self, struct cp_arena *a, struct cp_str ref, struct cp_str *ret_digest,
		   struct cp_str *ret_etag)
{
	struct cp_state_image fact;

	if (get_fact(self, a, "tag", ref, &fact) < 0)
		return CP_ENOTFOUND;
	*ret_digest = fact.digest;
	*ret_etag = fact.config;
	return 0;
}

static void put_tag(void *self, struct cp_str ref, struct cp_str digest, struct cp_str etag)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(1u << 20);
	struct cp_str was, ignored;

	if (a && get_tag(self, a, ref, &was, &ignored) == 0 && !cp_str_eq(was, digest))
		put_fact(self, "earlier", ref, was, CP_S(""));
	put_fact(self, "tag", ref, digest, etag);
}

/* As an image was when its tag pointed elsewhere, if this machine has seen it; its bytes are remembered by their digest. */
static int resolve_earlier(void *self, struct cp_str ref, const struct cp_platform *platform,
			   const struct cp_image_config **ret_config, struct cp_err *err)
{
	struct cp_network *n = self;
	struct cp_run *run = n->run;
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_str pinned = CP_S("");
	struct cp_state_image fact;

	if (a && get_fact(n, a, "earlier", ref, &fact) == 0)
		pinned = cp_arena_printf(a, "%.*s@%.*s", CP_STR(ref), CP_STR(fact.digest));
	if (pinned.n &&
	    run->resolver->resolve(run->resolver->self, pinned, platform, ret_config, err) == 0)
		return 0;
	return run->resolver->resolve(run->resolver->self, ref, platform, ret_config, err);
}

/* ---- open ---- */

static int read_metadata(struct cp_run *run, struct cp_str path,
			 struct cp_image_metadata **ret_metadata, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	struct cp_image_metadata *metadata = CP_NEW(run->arena, struct cp_image_metadata);
	int r;

	*ret_metadata = NULL;
	if (!path.n)
		return 0;
	if (!metadata)
		return cp_err_nomem(err);
	r = cp_registry_read_file(path, &text, err);
	if (r == 0)
		r = cp_image_metadata_parse(run->arena, cp_buf_str(&text), path, metadata, err);
	if (r == 0)
		*ret_metadata = metadata;
	return r;
}

static bool is_wanted(const struct cp_run *run)
{
	bool caches = false;

	for (size_t i = 0; i < run->n_images; i++)
		caches = caches || run->images[i].request.n_cache_from;
	return !run->request.offline && !(run->needs & CP_RUN_PATHS) &&
	       ((run->needs & CP_RUN_KEYS) || run->request.resolve_images || caches ||
		run->request.n_built);
}

static struct cp_str environment(struct cp_run *run, const char *name, const char *other)
{
	const struct cp_environment *env = &run->world->env;
	const char *text = env->get ? env->get(env->self, name) : NULL;

	if ((!text || !*text) && other && env->get)
		text = env->get(env->self, other);
	return cp_arena_str(run->arena, cp_str_c(text));
}

/* A host's question is for its own thread; with one there is one thread (all.c). */
static int is_cancelled(void *self)
{
	return cp_run_is_cancelled(self);
}

int cp_network_new(struct cp_run *run, struct cp_net **ret_net, struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	struct cp_net_settings s = {
		.timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : CP_NET_TIMEOUT_MS,
		.ca_file = environment(run, "SSL_CERT_FILE", NULL),
		.http_proxy = environment(run, "HTTP_PROXY", "http_proxy"),
		.https_proxy = environment(run, "HTTPS_PROXY", "https_proxy"),
		.no_proxy = environment(run, "NO_PROXY", "no_proxy"),
		.is_cancelled = is_cancelled,
		.self = run,
	};

	if (environment(run, "REQUEST_METHOD", NULL).n) /* httpoxy: there HTTP_PROXY is a header */
		s.http_proxy = CP_S("");
	*ret_net = cp_net_new(&s);
	return *ret_net ? 0 : cp_err_nomem(err);
}

static int open_net(struct cp_run *run, struct cp_network *n, struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	struct cp_registry_settings rs = {
		.env = &run->world->env,
		.mirrors = q->registry_mirrors,
		.n_mirrors = q->n_registry_mirrors,
		.http_hosts = q->registry_http,
		.n_http_hosts = q->n_registry_http,
		.ca_file = q->registry_ca,
		.buildkitd_toml = q->buildkitd_config,
		.store = &n->store,
		.may_ask = may_ask,
		.self = n,
	};
	int r = cp_network_new(run, &n->net, err);

	if (r < 0)
		return r;
	rs.net = n->net;
	return cp_registry_new(&rs, &n->registry, err);
}

/* `keys` compares with nothing, but what the commit before names may be asked. No such commit is no error. */
static void find_base(struct cp_run *run)
{
	struct cp_err ignored = {0};

	if (!run->base && run->repo)
		cp_run_open_base(run, &ignored);
}

static void free_network(struct cp_network *n)
{
	if (!n)
		return;
	cp_registry_free(n->registry);
	cp_net_free(n->net);
	pthread_mutex_destroy(&n->lock);
	cp_arena_free(n->arena);
	free(n);
}

static int open_network(struct cp_run *run, const struct cp_image_metadata *metadata,
			struct cp_image_resolver *resolver, struct cp_err *err)
{
	struct cp_network *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return cp_err_nomem(err);
	n->run = run;
	n->store = (struct cp_registry_store){get_blob, put_blob, get_tag, put_tag, n};
	pthread_mutex_init(&n->lock, NULL);
	n->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	r = n->arena ? open_net(run, n, err) : cp_err_nomem(err);
	if (r == 0)
		r = trust_named(n, err);
	if (r < 0) {
		free_network(n);
		return r;
	}
	find_base(run);
	*resolver = cp_registry_resolver(n->registry, metadata);
	run->network = n;
	return 0;
}

/* What the base build used, where a file says so; anything else as for the build to come. */
static int resolve_base(void *self, struct cp_str ref, const struct cp_platform *platform,
			const struct cp_image_config **ret_config, struct cp_err *err)
{
	const struct cp_run *run = self;
	const struct cp_image_record *r = cp_image_metadata_find(run->base_metadata, ref, platform);

	if (r) {
		*ret_config = &r->config;
		return 0;
	}
	return run->resolver->resolve(run->resolver->self, ref, platform, ret_config, err);
}

int cp_network_open(struct cp_run *run, struct cp_err *err)
{
	struct cp_image_resolver *resolvers = cp_arena_array(run->arena, 4, sizeof(*resolvers));
	struct cp_image_metadata *metadata, *base;
	int r;

	if (!resolvers)
		return cp_err_nomem(err);
	r = read_metadata(run, run->request.image_metadata, &metadata, err);
	if (r == 0)
		r = read_metadata(run, run->request.base_image_metadata, &base, err);
	if (r < 0)
		return r;
	resolvers[0] = resolvers[1] = cp_image_metadata_resolver(metadata);
	run->offline_resolver = &resolvers[0];
	run->resolver = run->base_resolver = &resolvers[1];
	if (is_wanted(run))
		r = open_network(run, metadata, &resolvers[1], err);
	if (r == 0 && run->network) {
		resolvers[3] = (struct cp_image_resolver){resolve_earlier, run->network};
		run->earlier_resolver = &resolvers[3];
	}
	if (r == 0 && base) {
		run->base_metadata = base;
		resolvers[2] = (struct cp_image_resolver){resolve_base, run};
		run->base_resolver = &resolvers[2];
	}
	return r;
}

void cp_network_log(struct cp_run *run, struct cp_net *net)
{
	struct cp_str log = cp_net_take_log(net, run->arena), line;

	while (run->world->log && log.n && cp_str_split(&log, '\n', &line)) {
		struct cp_str copy = cp_arena_str(run->arena, line);

		if (line.n && copy.p)
			run->world->log(run->world->self, 3, copy.p);
	}
}

void cp_network_close(struct cp_run *run)
{
	struct cp_network *n = run->network;

	if (!n)
		return;
	cp_network_log(run, n->net);
	free_network(n);
	run->network = NULL;
}

/* ---- what was found ---- */

struct cp_str cp_network_why_not(struct cp_run *run, struct cp_str ref)
{
	return run->network ? cp_registry_why_not(run->network->registry, ref) : CP_S("");
}

bool cp_network_failed(const struct cp_run *run)
{
	return run->network && cp_registry_failed(run->network->registry);
}

int cp_network_metadata(struct cp_run *run, struct cp_buf *out, struct cp_err *err)
{
	const struct cp_image_record *const *records;
	size_t n;
	int r;

	if (!run->network)
		return 0;
	r = cp_registry_records(run->network->registry, run->arena, &records, &n, err);
	return r < 0 ? r : cp_image_metadata_write(run->arena, records, n, out, err);
}

int cp_network_find_cache(struct cp_run *run, struct cp_arena *a,
			  const struct cp_cache_source *source, bool from_commit,
			  struct cp_cache_found *ret_found, struct cp_err *err)
{
	struct cp_cache_source own = *source;

	if (cp_str_eq(source->type, CP_S("local")))
		return cp_cache_find_local(a, source, ret_found, err);
	if (!cp_str_eq(source->type, CP_S("registry")) &&
	    !cp_str_eq(source->type, CP_S("inline")) && !cp_str_eq(source->type, CP_S("gha")))
		return cp_err_set(err, CP_EUNSUPPORTED, "not read by cachepredict");
	if (!run->network)
		return cp_err_set(err, CP_ENET, "not read: the network is not used (--offline)");
	if (from_commit) {
		own.insecure = false;
		if (own.url.n || own.url_v2.n)
			return cp_err_set(err, CP_EUNSUPPORTED,
					  "not read: a file of this commit gives the address");
	}
	if (cp_str_eq(source->type, CP_S("gha")))
		return cp_cache_find_gha(run->network->registry, a, &own, ret_found, err);
	return cp_cache_find_registry(run->network->registry, a, &own, ret_found, err);
}

int cp_network_image_layers(struct cp_run *run, struct cp_arena *a, struct cp_str ref,
			    struct cp_str platform, struct cp_scan_image *ret_image,
			    struct cp_err *err)
{
	struct cp_platform p;
	struct cp_str full;
	int r = cp_image_ref_normalise(a, ref, &full, err);

	if (r < 0)
		return r == CP_EINVAL ? cp_err_set(err, CP_EUSAGE, "%.*s is no image reference",
						   CP_STR(ref))
				      : r;
	if (!run->network)
		return cp_err_set(err, CP_ENET,
				  "%.*s is not looked at: the network is not used (--offline)",
				  CP_STR(ref));
	r = cp_platform_parse(a, platform.n ? platform : CP_S("linux/amd64"), &p, err);
	if (r == 0)
		r = cp_registry_image_layers(run->network->registry, a, full, &p, ret_image, err);
	if (r == 0)
		ret_image->name = ref;
	return r;
}
