/*
 * What answers a 401 (distribution specification, token authentication). A password goes to the registry that asks for it, over https or
 * on this machine, or to the token server that this registry names: over https when the registry was reached by https, or on the
 * registry's own host. To any other realm the question is asked without credentials. A token goes to the registry only.
 */
#include "registry/registry_int.h"

static struct cp_str token_key(struct cp_arena *a, const struct registry_endpoint *at,
			       struct cp_str repository)
{
	return cp_arena_printf(a, "%.*s %.*s", CP_STR(at->base), CP_STR(repository));
}

struct cp_str registry_known_authorization(struct cp_registry *reg, struct cp_arena *a,
					   const struct registry_endpoint *at,
					   struct cp_str repository)
{
	struct cp_str key = token_key(a, at, repository), copy = CP_S("");
	const struct cp_str *known = NULL;

	if (!key.p)
		return copy;
	pthread_mutex_lock(&reg->lock);
	known = cp_map_get(&reg->tokens, key);
	if (known)
		copy = cp_arena_str(a, *known);
	pthread_mutex_unlock(&reg->lock);
	return copy.p ? copy : CP_S("");
}

/* Not being able to remember costs a request, no more. */
static void remember(struct cp_registry *reg, struct cp_arena *a,
		     const struct registry_endpoint *at, struct cp_str repository,
		     struct cp_str authorization)
{
	struct cp_str key = token_key(a, at, repository);

	pthread_mutex_lock(&reg->lock);
	if (key.p) {
		struct cp_str *value = CP_NEW(reg->arena, struct cp_str);
		struct cp_str own = cp_arena_str(reg->arena, key);

		if (value && own.p) {
			*value = cp_arena_str(reg->arena, authorization);
			if (value->p)
				cp_map_put(reg->arena, &reg->tokens, own, value);
		}
	}
	pthread_mutex_unlock(&reg->lock);
}

/* Asked once a host: a helper may take its time. */
static int credentials(struct cp_registry *reg, struct cp_str host,
		       struct registry_credentials *ret, struct cp_err *err)
{
	struct registry_credentials *c;
	int r = 0;

	pthread_mutex_lock(&reg->lock);
	c = cp_map_get(&reg->credentials, host);
	if (!c) {
		struct cp_str own = cp_arena_str(reg->arena, host);

		c = CP_NEW(reg->arena, struct registry_credentials);
		r = c && own.p ? registry_credentials_of(reg->arena, &reg->docker, own, c, err)
			       : cp_err_nomem(err);
		if (r == 0 && cp_map_put(reg->arena, &reg->credentials, own, c) < 0)
			r = cp_err_nomem(err);
	}
	if (r == 0)
		*ret = *c;
	pthread_mutex_unlock(&reg->lock);
	return r;
}

static int basic(struct cp_arena *a, const struct registry_credentials *c, struct cp_str *ret)
{
	struct cp_str both = cp_arena_printf(a, "%.*s:%.*s", CP_STR(c->user), CP_STR(c->password));
	struct cp_str text;

	if (!both.p || registry_base64_encode(a, both, &text) < 0)
		return CP_ENOMEM;
	*ret = cp_arena_cat(a, CP_S("Basic "), text);
	return ret->p ? 0 : CP_ENOMEM;
}

/* May a password leave over this? */
static bool is_private(const struct registry_endpoint *at)
{
	return at->https || cp_net_is_loopback(at->host);
}

/* ---- token servers ---- */

struct token_request {
	struct cp_registry *reg;
	struct cp_arena *a;
	const struct registry_endpoint *at;
	struct cp_str repository;
	struct registry_challenge challenge;
	struct registry_credentials credentials;
	struct cp_err *err;
};

/* May the realm see the credentials of this registry? */
static bool realm_is_trusted(const struct token_request *t, const struct cp_net_url *realm,
			     const struct cp_net_url *registry)
{
	if (cp_str_eq(realm->scheme, CP_S("https")))
		return t->at->https || cp_str_eq_nocase(realm->host, registry->host);
	return !t->at->https && realm->loopback && registry->loopback &&
	       cp_str_eq_nocase(realm->host, registry->host);
}

static struct cp_str scope_of(const struct token_request *t)
{
	if (t->challenge.scope.n)
		return t->challenge.scope;
	return cp_arena_printf(t->a, "repository:%.*s:pull", CP_STR(t->repository));
}

static void add_parameter(struct cp_buf *out, const char *name, struct cp_str value)
{
	if (!value.n)
		return;
	if (out->n)
		cp_buf_addc(out, '&');
	cp_buf_addz(out, name);
	cp_buf_addc(out, '=');
	cp_net_escape(out, value);
}

/* GET realm?service=…&scope=…, with the password if there is one. */
static int by_get(struct token_request *t, bool trusted, struct cp_net_answer *answer)
{
	cp_auto_buf struct cp_buf query = CP_BUF_INIT(CP_MAX_NET_HEADER_BYTES);
	struct cp_net_request q = {
		.method = "GET", .max_bytes = CP_MAX_TOKEN_BYTES, .tls = t->at->tls};
	bool has_query = cp_str_find(t->challenge.realm, '?', 0) < t->challenge.realm.n;

	add_parameter(&query, "service", t->challenge.service);
	add_parameter(&query, "scope", scope_of(t));
	if (trusted && t->credentials.user.n)
		add_parameter(&query, "account", t->credentials.user);
	q.url = cp_arena_printf(t->a, "%.*s%c%.*s", CP_STR(t->challenge.realm),
				has_query ? '&' : '?', CP_STR(cp_buf_str(&query)));
	if (cp_buf_error(&query) || !q.url.p)
		return cp_err_nomem(t->err);
	if (trusted && t->credentials.user.n && basic(t->a, &t->credentials, &q.authorization) < 0)
		return cp_err_nomem(t->err);
	return cp_net_request(t->reg->settings.net, t->a, &q, answer, t->err);
}

/* The OAuth way, for an identity token. */
static int by_post(struct token_request *t, struct cp_net_answer *answer)
{
	cp_auto_buf struct cp_buf body = CP_BUF_INIT(CP_MAX_NET_HEADER_BYTES);
	struct cp_net_request q = {.method = "POST",
				   .url = t->challenge.realm,
				   .content_type = CP_S("application/x-www-form-urlencoded"),
				   .max_bytes = CP_MAX_TOKEN_BYTES,
				   .tls = t->at->tls};

	add_parameter(&body, "grant_type", CP_S("refresh_token"));
	add_parameter(&body, "service", t->challenge.service);
	add_parameter(&body, "scope", scope_of(t));
	add_parameter(&body, "client_id", CP_S("cachepredict"));
	add_parameter(&body, "refresh_token", t->credentials.identity_token);
	if (cp_buf_error(&body))
		return cp_err_nomem(t->err);
	q.body = cp_buf_str(&body);
	return cp_net_request(t->reg->settings.net, t->a, &q, answer, t->err);
}

static int bearer(struct token_request *t, struct cp_str *ret)
{
	struct cp_net_url realm, registry;
	struct cp_net_answer answer;
	struct cp_str token;
	bool trusted;
	int r = cp_net_url_parse(t->a, t->at->base, &registry, t->err);

	if (r < 0)
		return r;
	r = cp_net_url_parse(t->a, t->challenge.realm, &realm, t->err);
	if (r == CP_EINVAL)
		return cp_err_set(t->err, CP_ENET, "%.*s names a token server that is none",
				  CP_STR(t->at->host));
	if (r < 0)
		return r;
	trusted = realm_is_trusted(t, &realm, &registry);
	if (!cp_net_same_origin(&realm, &registry) && cp_str_eq(realm.scheme, CP_S("http")) &&
	    !(realm.loopback && registry.loopback))
		return cp_err_set(t->err, CP_ENET, "%.*s names a token server without https",
				  CP_STR(t->at->host));
	if (trusted && t->credentials.identity_token.n)
		r = by_post(t, &answer);
	else
		r = by_get(t, trusted, &answer);
	if (r == CP_ELIMIT)
		return cp_err_set(t->err, CP_ENET, "the token server %.*s sends too much",
				  CP_STR(realm.host));
	if (r < 0)
		return cp_err_wrap(t->err, "asking for a token");
	if (answer.status != 200)
		return cp_err_set(t->err, CP_ENET, "the token server %.*s answers %d",
				  CP_STR(realm.host), answer.status);
	r = registry_token_parse(t->a, answer.body, &token, t->err);
	if (r == CP_EINVAL)
		t->err->code = r = CP_ENET; /* not BuildKit's last word on the cache */
	if (r < 0)
		return r;
	*ret = cp_arena_cat(t->a, CP_S("Bearer "), token);
	return ret->p ? 0 : cp_err_nomem(t->err);
}

int registry_authorize(struct cp_registry *reg, struct cp_arena *a,
		       const struct registry_endpoint *at, struct cp_str repository,
		       const struct cp_net_answer *refusal, struct cp_str *ret_authorization,
		       struct cp_err *err)
{
	struct token_request t = {
		.reg = reg, .a = a, .at = at, .repository = repository, .err = err};
	int r = 0;

	*ret_authorization = CP_S("");
	/* the challenge of somebody whom the registry redirected to is not the registry's */
	if (!cp_str_starts(refusal->url, at->base))
		return 0;
	if (!registry_challenge_parse(a, refusal->challenges, refusal->n_challenges, &t.challenge))
		return 0;
	r = credentials(reg, at->host, &t.credentials, err);
	if (r < 0)
		return r;
	if (t.credentials.registry_token.n && is_private(at)) {
		*ret_authorization = cp_arena_cat(a, CP_S("Bearer "), t.credentials.registry_token);
		r = ret_authorization->p ? 0 : cp_err_nomem(err);
	} else if (t.challenge.bearer) {
		r = bearer(&t, ret_authorization);
	} else if (t.credentials.user.n && is_private(at)) {
		r = basic(a, &t.credentials, ret_authorization) < 0 ? cp_err_nomem(err) : 0;
	}
	if (r == 0 && ret_authorization->n)
		remember(reg, a, at, repository, *ret_authorization);
	return r;
}
