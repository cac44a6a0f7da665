/* One try of one request: libcurl's options, and what comes back. */
#include <stdio.h>

#include "net/net_int.h"

bool net_is_cancelled(const struct cp_net *net, const struct cp_net_request *request)
{
	return !request->finishes && net->settings.is_cancelled &&
	       net->settings.is_cancelled(net->settings.self);
}

/* ---- what libcurl calls ---- */

static size_t on_body(char *p, size_t size, size_t n, void *self)
{
	struct net_try *t = self;

	(void)size;
	cp_buf_add(&t->body, p, n);
	if (!cp_buf_error(&t->body))
		return n;
	t->too_large = cp_buf_error(&t->body) == CP_ELIMIT;
	t->no_memory = !t->too_large;
	return 0;
}

static void keep(struct net_try *t, struct cp_str value, struct cp_str *slot)
{
	*slot = cp_arena_str(t->arena, value);
	if (!slot->p) {
		*slot = CP_S("");
		t->no_memory = true;
	}
}

static void on_field(struct net_try *t, struct cp_str name, struct cp_str value)
{
	struct cp_net_answer *answer = &t->answer;

	if (cp_str_eq_nocase(name, CP_S("content-type")))
		keep(t, value, &answer->content_type);
	else if (cp_str_eq_nocase(name, CP_S("etag")))
		keep(t, value, &answer->etag);
	else if (cp_str_eq_nocase(name, CP_S("docker-content-digest")))
		keep(t, value, &answer->content_digest);
	else if (cp_str_eq_nocase(name, CP_S("link")))
		keep(t, value, &answer->link);
	else if (cp_str_eq_nocase(name, CP_S("x-ratelimit-remaining")))
		answer->used_up = cp_str_eq(value, CP_S("0"));
	else if (cp_str_eq_nocase(name, CP_S("www-authenticate")) &&
		 answer->n_challenges < CP_NET_MAX_CHALLENGES)
		keep(t, value, &answer->challenges[answer->n_challenges++]);
}

static void forget_headers(struct cp_net_answer *answer)
{
	answer->content_type = answer->etag = answer->content_digest = answer->link = CP_S("");
	answer->n_challenges = 0;
	answer->used_up = false;
}

static size_t on_header(char *p, size_t size, size_t n, void *self)
{
	struct net_try *t = self;
	struct cp_str line = cp_str_trim_right(cp_str_n(p, n), "\r\n");
	size_t colon = cp_str_find(line, ':', 0);

	(void)size;
	t->header_bytes += n;
	if (t->header_bytes > CP_MAX_NET_HEADER_BYTES) {
		t->too_large = true;
		return 0;
	}
	if (cp_str_starts(line, CP_S("HTTP/")))
		forget_headers(&t->answer);
	else if (colon < line.n)
		on_field(t, cp_str_sub(line, 0, colon),
			 cp_str_trim(cp_str_from(line, colon + 1), " \t"));
	return t->no_memory ? 0 : n;
}

static int on_progress(void *self, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	struct net_try *t = self;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	t->cancelled = t->cancelled || net_is_cancelled(t->net, t->request);
	return t->cancelled;
}

/* ---- options ---- */

struct options {
	const struct net_curl *curl;
	CURL *h;
	bool failed;
};

static void set_long(struct options *o, CURLoption option, long v)
{
	o->failed = o->failed || o->curl->setopt(o->h, option, v) != CURLE_OK;
}

static void set_text(struct options *o, CURLoption option, const char *v)
{
	o->failed = o->failed || o->curl->setopt(o->h, option, v) != CURLE_OK;
}

static void set_pointer(struct options *o, CURLoption option, const void *v)
{
	o->failed = o->failed || o->curl->setopt(o->h, option, v) != CURLE_OK;
}

/* A function pointer is no void *; libcurl takes either through "...". */
static void set_callbacks(struct options *o, struct net_try *t)
{
	const struct net_curl *c = o->curl;

	o->failed = o->failed || c->setopt(o->h, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
		    c->setopt(o->h, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
		    c->setopt(o->h, CURLOPT_XFERINFOFUNCTION, on_progress) != CURLE_OK;
	set_pointer(o, CURLOPT_WRITEDATA, t);
	set_pointer(o, CURLOPT_HEADERDATA, t);
	set_pointer(o, CURLOPT_XFERINFODATA, t);
	set_pointer(o, CURLOPT_ERRORBUFFER, t->detail);
}

/* The proxy is always set, "" for none: libcurl would look into the process's environment. */
static void set_proxy(struct options *o, const struct net_try *t)
{
	const struct cp_net_settings *s = &t->net->settings;
	bool https = cp_str_starts(t->url, CP_S("https:"));
	struct cp_str proxy = https ? s->https_proxy : s->http_proxy;
	size_t from = cp_str_find_str(t->url, CP_S("://"), 0) + 3;
	size_t to = cp_str_find(t->url, '/', from);

	if (cp_net_is_loopback(cp_str_sub(t->url, from, to))) /* as net/http ProxyFromEnvironment */
		proxy = CP_S("");
	set_text(o, CURLOPT_PROXY, proxy.n ? proxy.p : "");
	set_text(o, CURLOPT_NOPROXY, s->no_proxy.n ? s->no_proxy.p : "");
	set_long(o, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	set_long(o, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
}

static void set_tls(struct options *o, const struct net_try *t)
{
	const struct cp_net_tls *tls = t->request->tls;
	struct cp_str ca = t->net->settings.ca_file;

	if (ca.n) {
		set_text(o, CURLOPT_CAINFO, ca.p);
		set_text(o, CURLOPT_CAPATH, NULL);
	}
	if (!tls || !t->same_origin)
		return;
	if (tls->ca_pem.n) {
		struct curl_blob blob = {(void *)(uintptr_t)tls->ca_pem.p, tls->ca_pem.n,
					 CURL_BLOB_COPY};

		set_pointer(o, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (tls->cert_file.n) {
		set_text(o, CURLOPT_SSLCERT, tls->cert_file.p);
		set_text(o, CURLOPT_SSLKEY, tls->key_file.n ? tls->key_file.p : tls->cert_file.p);
	}
	if (tls->insecure) {
		set_long(o, CURLOPT_SSL_VERIFYPEER, 0);
		set_long(o, CURLOPT_SSL_VERIFYHOST, 0);
	}
}

static void set_limits(struct options *o, const struct net_try *t)
{
	long connect = t->timeout_ms < CP_NET_CONNECT_MS ? (long)t->timeout_ms : CP_NET_CONNECT_MS;

	set_long(o, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	set_long(o, CURLOPT_CONNECTTIMEOUT_MS, connect);
	o->failed = o->failed || o->curl->setopt(o->h, CURLOPT_MAXFILESIZE_LARGE,
						 (curl_off_t)t->request->max_bytes) != CURLE_OK;
}

static bool has_body(const struct cp_net_request *q)
{
	return strcmp(q->method, "POST") == 0 || strcmp(q->method, "PUT") == 0 ||
	       strcmp(q->method, "PATCH") == 0 || (strcmp(q->method, "DELETE") == 0 && q->body.n);
}

static void set_request(struct options *o, const struct net_try *t)
{
	const struct cp_net_request *q = t->request;

	set_text(o, CURLOPT_URL, t->url.p);
	set_text(o, CURLOPT_PROTOCOLS_STR, "http,https");
	set_long(o, CURLOPT_FOLLOWLOCATION, 0);
	set_long(o, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
	set_long(o, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(o, CURLOPT_NOSIGNAL, 1);
	set_long(o, CURLOPT_NOPROGRESS, 0);
	set_long(o, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	set_text(o, CURLOPT_USERAGENT, "cachepredict/" CP_VERSION);
	if (strcmp(q->method, "HEAD") == 0) {
		set_long(o, CURLOPT_NOBODY, 1);
	} else if (has_body(q)) {
		set_long(o, CURLOPT_POST, 1);
		set_long(o, CURLOPT_POSTFIELDSIZE, (long)q->body.n);
		set_pointer(o, CURLOPT_COPYPOSTFIELDS, q->body.n ? q->body.p : "");
	}
	if (strcmp(q->method, "HEAD") != 0 && strcmp(q->method, "GET") != 0)
		set_text(o, CURLOPT_CUSTOMREQUEST, q->method);
}

/* ---- headers that we send ---- */

struct headers {
	struct net_try *t;
	struct curl_slist *list;
	bool failed;
};

static void send_field(struct headers *h, const char *name, struct cp_str value)
{
	struct cp_str line;
	struct curl_slist *longer;

	if (!value.n)
		return;
	line = cp_arena_printf(h->t->arena, "%s: %.*s", name, CP_STR(value));
	longer = line.p ? h->t->curl->slist_append(h->list, line.p) : NULL;
	if (longer)
		h->list = longer;
	else
		h->failed = true;
}

static void build_headers(struct headers *h)
{
	const struct cp_net_request *q = h->t->request;
	struct curl_slist *longer = h->t->curl->slist_append(h->list, "Expect:");

	if (longer)
		h->list = longer;
	send_field(h, "Accept", q->accept);
	send_field(h, "If-None-Match", q->if_none_match);
	if (has_body(q))
		send_field(h, "Content-Type", q->content_type);
	if (h->t->same_origin)
		send_field(h, "Authorization", q->authorization);
}

/* ---- handles ---- */

static CURL *take_handle(struct net_try *t)
{
	struct cp_net *net = t->net;
	CURL *h = NULL;

	pthread_mutex_lock(&net->lock);
	net->n_sent++;
	if (net->n_idle)
		h = net->idle[--net->n_idle];
	pthread_mutex_unlock(&net->lock);
	return h ? h : t->curl->easy_init();
}

/* It keeps its connections. */
static void give_handle(struct net_try *t, CURL *h)
{
	struct cp_net *net = t->net;

	t->curl->easy_reset(h);
	pthread_mutex_lock(&net->lock);
	if (net->n_idle < NET_MAX_IDLE) {
		net->idle[net->n_idle++] = h;
		h = NULL;
	}
	pthread_mutex_unlock(&net->lock);
	if (h)
		t->curl->easy_cleanup(h);
}

static void read_info(struct net_try *t, CURL *h)
{
	long status = 0;
	curl_off_t wait = 0;
	char *location = NULL;

	t->curl->getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	t->curl->getinfo(h, CURLINFO_RETRY_AFTER, &wait);
	t->curl->getinfo(h, CURLINFO_REDIRECT_URL, &location);
	t->answer.status = (int)status;
	t->answer.retry_after = wait > 0 ? (int64_t)wait : 0;
	t->location = CP_S("");
	if (location)
		keep(t, cp_str_c(location), &t->location);
}

static void note(struct net_try *t, int64_t took_ms)
{
	struct cp_net *net = t->net;
	struct cp_str url = net_plain_url(t->url);

	pthread_mutex_lock(&net->lock);
	if (!cp_buf_error(&net->log) && t->code == CURLE_OK)
		cp_buf_printf(&net->log, "%s %.*s %d, %lld ms\n", t->request->method, CP_STR(url),
			      t->answer.status, (long long)took_ms);
	else if (!cp_buf_error(&net->log))
		cp_buf_printf(&net->log, "%s %.*s: %s\n", t->request->method, CP_STR(url),
			      t->curl->strerror(t->code));
	pthread_mutex_unlock(&net->lock);
}

int net_try_run(struct net_try *t, struct cp_err *err)
{
	struct options o = {.curl = t->curl, .h = take_handle(t)};
	struct headers headers = {.t = t};
	int64_t start = net_now_ms();

	if (!o.h)
		return cp_err_nomem(err);
	forget_headers(&t->answer);
	build_headers(&headers);
	set_callbacks(&o, t);
	set_limits(&o, t);
	set_request(&o, t);
	set_proxy(&o, t);
	set_tls(&o, t);
	set_pointer(&o, CURLOPT_HTTPHEADER, headers.list);
	if (headers.failed || o.failed) {
		give_handle(t, o.h);
		t->curl->slist_free_all(headers.list);
		return headers.failed
			       ? cp_err_nomem(err)
			       : cp_err_set(err, CP_ENET,
					    "this libcurl is too old: 7.85 or later is needed");
	}
	t->code = t->curl->perform(o.h);
	read_info(t, o.h);
	give_handle(t, o.h);
	t->curl->slist_free_all(headers.list);
	note(t, net_now_ms() - start);
	return t->no_memory || t->code == CURLE_OUT_OF_MEMORY ? cp_err_nomem(err) : 0;
}
