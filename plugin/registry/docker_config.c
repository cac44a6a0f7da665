/* docker's config.json: auths, credsStore, credHelpers (cli/config/configfile, cli/config/credentials). */
#include "registry/registry_int.h"

/* ConvertToHostname: "https://index.docker.io/v1/" and "host/v1/" are kept under their host. */
static struct cp_str host_of(struct cp_str key)
{
	if (cp_str_starts(key, CP_S("https://")))
		key = cp_str_from(key, 8);
	else if (cp_str_starts(key, CP_S("http://")))
		key = cp_str_from(key, 7);
	return cp_str_sub(key, 0, cp_str_find(key, '/', 0));
}

/* Docker Hub's credentials have its first name. */
static struct cp_str key_of(struct cp_str host)
{
	if (cp_str_eq(host, CP_S("docker.io")) || cp_str_eq(host, CP_S("registry-1.docker.io")))
		return CP_S("index.docker.io");
	return host;
}

static int read_auth(struct cp_arena *a, const struct cp_json *v, struct registry_credentials *c)
{
	struct cp_str both, auth = cp_json_text(cp_json_get(v, "auth"));
	size_t colon;

	c->user = cp_arena_str(a, cp_json_text(cp_json_get(v, "username")));
	c->password = cp_arena_str(a, cp_json_text(cp_json_get(v, "password")));
	c->identity_token = cp_arena_str(a, cp_json_text(cp_json_get(v, "identitytoken")));
	c->registry_token = cp_arena_str(a, cp_json_text(cp_json_get(v, "registrytoken")));
	if (!c->user.p || !c->password.p || !c->identity_token.p || !c->registry_token.p)
		return CP_ENOMEM;
	if (!auth.n || !registry_base64(a, auth, &both))
		return 0;
	colon = cp_str_find(both, ':', 0);
	if (colon < both.n) {
		c->user = cp_str_sub(both, 0, colon);
		c->password = cp_str_from(both, colon + 1);
		while (c->password.n && c->password.p[c->password.n - 1] == '\0')
			c->password.n--;
	}
	return 0;
}

static int read_auths(struct cp_arena *a, const struct cp_json *auths,
		      struct registry_docker_config *config)
{
	if (cp_json_kind(auths) != CP_JSON_OBJECT)
		return 0;
	for (void *it = cp_json_first(auths); it; it = cp_json_next(auths, it)) {
		struct registry_credentials *c = CP_NEW(a, struct registry_credentials);
		struct cp_str host = cp_arena_str(a, host_of(cp_json_it_key(it)));

		if (!c || !host.p || read_auth(a, cp_json_it_value(it), c) < 0 ||
		    cp_map_put(a, &config->auths, host, c) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

static int read_helpers(struct cp_arena *a, const struct cp_json *helpers,
			struct registry_docker_config *config)
{
	if (cp_json_kind(helpers) != CP_JSON_OBJECT)
		return 0;
	for (void *it = cp_json_first(helpers); it; it = cp_json_next(helpers, it)) {
		struct cp_str *name = CP_NEW(a, struct cp_str);
		struct cp_str host = cp_arena_str(a, host_of(cp_json_it_key(it)));

		if (!name || !host.p)
			return CP_ENOMEM;
		*name = cp_arena_str(a, cp_json_text(cp_json_it_value(it)));
		if (!name->p || cp_map_put(a, &config->helpers, host, name) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

int registry_docker_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
				 struct registry_docker_config *config, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *root;
	int r = cp_json_parse(text, name, &doc, err);

	if (r < 0) {
		if (err)
			err->source[0] = '\0'; /* the line may be a password */
		return r;
	}
	root = cp_json_root(doc);
	config->store = cp_arena_str(a, cp_json_text(cp_json_get(root, "credsStore")));
	if (!config->store.p || read_auths(a, cp_json_get(root, "auths"), config) < 0 ||
	    read_helpers(a, cp_json_get(root, "credHelpers"), config) < 0)
		return cp_err_nomem(err);
	return 0;
}

/* ---- credentials of a host ---- */

static int ask_helper(struct cp_arena *a, const struct registry_docker_config *config,
		      struct cp_str helper, struct cp_str server, struct registry_credentials *ret,
		      struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_HELPER_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_err inner = {0};
	struct cp_str user, secret;
	int r = registry_helper_run(a, config->path, helper, server, &out, err);

	if (r < 0)
		return r;
	if (cp_json_parse(cp_buf_str(&out), CP_S("helper"), &doc, &inner) < 0)
		return cp_err_set(err, CP_EINVAL, "docker-credential-%.*s does not answer JSON",
				  CP_STR(helper));
	user = cp_arena_str(a, cp_json_text(cp_json_get(cp_json_root(doc), "Username")));
	secret = cp_arena_str(a, cp_json_text(cp_json_get(cp_json_root(doc), "Secret")));
	if (!user.p || !secret.p)
		return cp_err_nomem(err);
	*ret = (struct registry_credentials){.user = user, .password = secret};
	if (cp_str_eq(user, CP_S("<token>")))
		*ret = (struct registry_credentials){.identity_token = secret};
	return 0;
}

int registry_credentials_of(struct cp_arena *a, const struct registry_docker_config *config,
			    struct cp_str host, struct registry_credentials *ret,
			    struct cp_err *err)
{
	struct cp_str key = key_of(host), server = key, helper = config->store;
	const struct cp_str *own = cp_map_get(&config->helpers, key);
	const struct registry_credentials *c = cp_map_get(&config->auths, key);
	struct registry_credentials found = {.user = CP_S("")};
	struct cp_err inner = {0};

	if (!own &&
	    cp_str_eq(key, CP_S("index.docker.io"))) /* credHelpers may call it by today's name */
		own = cp_map_get(&config->helpers, CP_S("docker.io"));
	if (own)
		helper = *own;
	if (cp_str_eq(key, CP_S("index.docker.io")))
		server = CP_S("https://index.docker.io/v1/");
	if (helper.n && ask_helper(a, config, helper, server, &found, &inner) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (!found.user.n && !found.identity_token.n && c)
		found = *c;
	*ret = found;
	return 0;
}
