/*
 * How a registry is spoken to: --registry-mirror, --registry-http, --registry-ca, and the [registry."host"] tables of a buildkitd.toml
 * (util/resolver/resolver.go NewRegistryConfig, fillInsecureOpts).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/toml.h"

#include "registry/registry_int.h"

int registry_read_file(const char *path, struct cp_buf *out, struct cp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_read;

	if (fd < 0)
		return cp_err_set(err, errno == ENOENT ? CP_ENOTFOUND : CP_EIO, "cannot open %s",
				  path);
	is_read = cp_buf_read(out, fd);
	close(fd);
	if (!is_read)
		return cp_err_set(err, CP_EIO, "cannot read %s", path);
	if (cp_buf_error(out))
		return cp_err_set(err, cp_buf_error(out), "%s: over %zu bytes", path, out->max);
	return 0;
}

int cp_registry_read_file(struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	return registry_read_file(path.p, out, err);
}

struct registry_host *registry_host_get(struct cp_arena *a, struct registry_hosts *hosts,
					struct cp_str name)
{
	struct registry_host *h = cp_map_get(&hosts->by_name, name);
	struct cp_str copy;

	if (h)
		return h;
	h = CP_NEW(a, struct registry_host);
	copy = cp_arena_str(a, name);
	if (!h || !copy.p)
		return NULL;
	h->name = copy;
	return cp_map_put(a, &hosts->by_name, copy, h) < 0 ? NULL : h;
}

/* ---- buildkitd.toml ---- */

struct toml_target {
	struct cp_arena *a;
	struct registry_hosts *hosts;
};

static int on_text(struct cp_arena *a, struct registry_host *h, struct cp_str key,
		   struct cp_str text)
{
	if (cp_str_eq(key, CP_S("mirrors")))
		return cp_vec_push(a, &h->mirrors, text);
	if (cp_str_eq(key, CP_S("ca")))
		return cp_vec_push(a, &h->ca_files, text);
	return 0;
}

static int on_value(void *self, const struct cp_toml_value *v)
{
	struct toml_target *t = self;
	struct registry_host *h;

	if (v->n_path < 3 || !cp_str_eq(v->path[0], CP_S("registry")) || !v->path[1].n)
		return 0;
	h = registry_host_get(t->a, t->hosts, v->path[1]);
	if (!h)
		return CP_ENOMEM;
	if (v->n_path == 3 && v->kind == CP_TOML_STRING)
		return on_text(t->a, h, v->path[2], v->text);
	if (v->n_path == 3 && v->kind == CP_TOML_BOOL) {
		if (cp_str_eq(v->path[2], CP_S("insecure")))
			h->insecure = v->is_true;
		if (cp_str_eq(v->path[2], CP_S("http"))) {
			h->http_said = true;
			h->http = v->is_true;
		}
	}
	if (v->n_path == 4 && v->kind == CP_TOML_STRING && cp_str_eq(v->path[2], CP_S("keypair"))) {
		if (cp_str_eq(v->path[3], CP_S("key")) && !h->key_file.n)
			h->key_file = v->text;
		if (cp_str_eq(v->path[3], CP_S("cert")) && !h->cert_file.n)
			h->cert_file = v->text;
	}
	return 0;
}

int registry_hosts_toml(struct cp_arena *a, struct cp_str text, struct cp_str name,
			struct registry_hosts *hosts, struct cp_err *err)
{
	struct toml_target target = {a, hosts};
	struct cp_toml_reader reader = {.on_value = on_value, .self = &target};

	if (text.n > CP_MAX_SETTINGS_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: over %u bytes", CP_STR(name),
				  CP_MAX_SETTINGS_BYTES);
	return cp_toml_read(a, text, name, &reader, err);
}

/* ---- certificates ---- */

static int add_pem(struct cp_str path, struct cp_buf *pem, struct cp_err *err)
{
	int r = registry_read_file(path.p, pem, err);

	cp_buf_addc(pem, '\n');
	return r;
}

/* Every host with authorities of its own has those of --registry-ca, too. */
static int load_tls(struct cp_arena *a, struct registry_host *h, struct cp_str ca_file,
		    struct cp_err *err)
{
	cp_auto_buf struct cp_buf pem = CP_BUF_INIT(CP_MAX_SETTINGS_BYTES);
	int r = ca_file.n ? add_pem(ca_file, &pem, err) : 0;

	for (size_t i = 0; r == 0 && i < h->ca_files.n; i++)
		r = add_pem(h->ca_files.items[i], &pem, err);
	if (r < 0)
		return r;
	h->tls = (struct cp_net_tls){.ca_pem = cp_arena_str(a, cp_buf_str(&pem)),
				     .cert_file = h->cert_file,
				     .key_file = h->key_file,
				     .insecure = h->insecure};
	return h->tls.ca_pem.p ? 0 : cp_err_nomem(err);
}

/* ---- all of it ---- */

static int add_mirror(struct cp_arena *a, struct registry_hosts *hosts, struct cp_str text,
		      struct cp_err *err)
{
	size_t eq = cp_str_find(text, '=', 0);
	struct registry_host *h;

	if (eq == 0 || eq + 1 >= text.n)
		return cp_err_set(err, CP_EUSAGE, "--registry-mirror wants HOST=URL, not %.*s",
				  CP_STR(text));
	h = registry_host_get(a, hosts, cp_str_sub(text, 0, eq));
	if (!h || cp_vec_push(a, &h->mirrors, cp_str_from(text, eq + 1)) < 0)
		return cp_err_nomem(err);
	return 0;
}

int registry_hosts_fill(struct cp_arena *a, const struct cp_registry_settings *settings,
			struct registry_hosts *hosts, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_SETTINGS_BYTES);
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->n_mirrors; i++)
		r = add_mirror(a, hosts, settings->mirrors[i], err);
	for (size_t i = 0; r == 0 && i < settings->n_http_hosts; i++) {
		struct registry_host *h = registry_host_get(a, hosts, settings->http_hosts[i]);

		if (!h)
			return cp_err_nomem(err);
		h->http_said = h->http = true;
	}
	if (r == 0 && settings->buildkitd_toml.n) {
		r = registry_read_file(settings->buildkitd_toml.p, &text, err);
		if (r == 0)
			r = registry_hosts_toml(a, cp_buf_str(&text), settings->buildkitd_toml,
						hosts, err);
	}
	/* "" stands for every host that nobody names */
	if (r == 0 && !registry_host_get(a, hosts, CP_S("")))
		r = cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < hosts->by_name.n; i++)
		r = load_tls(a, hosts->by_name.items[i].value, settings->ca_file, err);
	return r;
}

/* ---- endpoints ---- */

struct listing {
	struct cp_arena *a;
	const struct registry_hosts *hosts;
	CP_VEC(struct registry_endpoint) out;
};

static int add_endpoint(struct listing *l, struct cp_str scheme, struct cp_str host,
			struct cp_str path, struct cp_str ns, const struct registry_host *h)
{
	struct registry_endpoint e = {.host = host, .ns = ns, .tls = &h->tls};

	e.https = cp_str_eq(scheme, CP_S("https"));
	e.base = cp_arena_printf(l->a, "%.*s://%.*s/v2%.*s", CP_STR(scheme), CP_STR(host),
				 CP_STR(path));
	return e.base.p ? cp_vec_push(l->a, &l->out, e) : CP_ENOMEM;
}

static const struct registry_host *settings_of(const struct registry_hosts *hosts,
					       struct cp_str host)
{
	const struct registry_host *h = cp_map_get(&hosts->by_name, host);

	return h ? h : cp_map_get(&hosts->by_name, CP_S(""));
}

/* fillInsecureOpts: plain http when it is said, and for this machine unless it is denied. */
static struct cp_str scheme_of(const struct registry_host *h, struct cp_str host)
{
	bool http = h->http_said ? h->http : cp_net_is_loopback(host) && !h->insecure;

	return http ? CP_S("http") : CP_S("https");
}

/* "https://host/path", "host/path", "host" */
static int add_mirror_endpoint(struct listing *l, struct cp_str mirror, struct cp_str ns)
{
	struct cp_str rest = mirror, scheme = CP_S(""), host;
	size_t slashes = cp_str_find_str(mirror, CP_S("://"), 0);
	const struct registry_host *h;

	if (slashes < mirror.n) {
		scheme = cp_str_sub(mirror, 0, slashes);
		rest = cp_str_from(mirror, slashes + 3);
	}
	host = cp_str_sub(rest, 0, cp_str_find(rest, '/', 0));
	rest = cp_str_trim_right(cp_str_from(rest, host.n), "/");
	if (cp_str_starts(rest, CP_S("/v2/")) || cp_str_eq(rest, CP_S("/v2")))
		rest = cp_str_from(rest, 3);
	h = settings_of(l->hosts, host);
	if (!scheme.n)
		scheme = scheme_of(h, host);
	return add_endpoint(l, scheme, host, rest, ns, h);
}

int registry_endpoints(struct cp_arena *a, const struct registry_hosts *hosts, struct cp_str host,
		       bool insecure, struct registry_endpoint **ret, size_t *ret_n,
		       struct cp_err *err)
{
	struct listing l = {.a = a, .hosts = hosts};
	const struct registry_host *h = settings_of(hosts, host);
	struct cp_str real = host;
	int r = 0;

	if (cp_str_eq(host, CP_S("docker.io")))
		real = CP_S("registry-1.docker.io");
	for (size_t i = 0; r == 0 && i < h->mirrors.n; i++)
		r = add_mirror_endpoint(&l, h->mirrors.items[i], host);
	if (r == 0)
		r = add_endpoint(&l, scheme_of(h, real), real, CP_S(""), CP_S(""), h);
	if (r == 0 && insecure &&
	    !l.out.items[l.out.n - 1]
		     .https) /* registry.insecure=true allows, it does not ask for */
		insecure = false;
	if (r == 0 && insecure) {
		struct cp_net_tls *tls = CP_NEW(a, struct cp_net_tls);

		if (!tls)
			return cp_err_nomem(err);
		*tls = h->tls;
		tls->insecure = true;
		l.out.items[l.out.n - 1].tls = tls;
	}
	if (r < 0)
		return cp_err_nomem(err);
	*ret = l.out.items;
	*ret_n = l.out.n;
	return 0;
}
