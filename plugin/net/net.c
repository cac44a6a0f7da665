/* Requests: time, tries and redirects around what one try does. */
#include <stdlib.h>
#include <time.h>

#include "net/net_int.h"

int64_t net_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct cp_net *cp_net_new(const struct cp_net_settings *settings)
{
	struct cp_net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->settings = *settings;
	net->log = (struct cp_buf)CP_BUF_INIT(CP_MAX_NET_LOG_BYTES);
	pthread_mutex_init(&net->lock, NULL);
	return net;
}

void cp_net_free(struct cp_net *net)
{
	const struct net_curl *curl;

	if (!net)
		return;
	if (net->n_idle && net_curl_load(&curl, NULL) == 0)
		while (net->n_idle)
			curl->easy_cleanup(net->idle[--net->n_idle]);
	pthread_mutex_destroy(&net->lock);
	cp_buf_release(&net->log);
	free(net);
}

struct cp_str cp_net_take_log(struct cp_net *net, struct cp_arena *a)
{
	struct cp_str text;

	pthread_mutex_lock(&net->lock);
	text = cp_arena_str(a, cp_buf_str(&net->log));
	cp_buf_clear(&net->log);
	pthread_mutex_unlock(&net->lock);
	return text.p ? text : CP_S("");
}

uint64_t cp_net_n_sent(struct cp_net *net)
{
	uint64_t n;

	pthread_mutex_lock(&net->lock);
	n = net->n_sent;
	pthread_mutex_unlock(&net->lock);
	return n;
}

/* ---- the budget of time ---- */

static void start_clock(struct cp_net *net)
{
	pthread_mutex_lock(&net->lock);
	if (net->n_active++ == 0)
		net->since_ms = net_now_ms();
	pthread_mutex_unlock(&net->lock);
}

static void stop_clock(struct cp_net *net)
{
	pthread_mutex_lock(&net->lock);
	if (--net->n_active == 0)
		net->spent_ms += net_now_ms() - net->since_ms;
	pthread_mutex_unlock(&net->lock);
}

/* Milliseconds that are left, while a request is under way. */
static int64_t time_left(struct cp_net *net)
{
	int64_t left;

	pthread_mutex_lock(&net->lock);
	left = net->settings.timeout_ms - net->spent_ms - (net_now_ms() - net->since_ms);
	pthread_mutex_unlock(&net->lock);
	return left;
}

/* ---- tries ---- */

/* One request with its redirects. */
struct exchange {
	struct cp_net *net;
	const struct net_curl *curl;
	struct cp_arena *a;
	const struct cp_net_request *request;
	struct cp_net_url first, here; /* origin that was asked for, and the one at hand */
	struct cp_str url, seen[CP_MAX_REDIRECTS + 1];
	size_t n_seen;
	struct cp_err *err;
};

static bool may_try_again(const struct net_try *t)
{
	int status = t->answer.status;

	if (t->request->once)
		return t->code == CURLE_COULDNT_CONNECT;
	if (t->code == CURLE_OK && status == 403 && t->answer.retry_after > 0)
		return true; /* GitHub's secondary rate limit */
	switch (t->code) {
	case CURLE_OK:
		return status == 408 || status == 429 || status == 500 || status == 502 ||
		       status == 503 || status == 504;
	case CURLE_COULDNT_CONNECT:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

/* The pause before the next try; -1 when it does not fit into the time that is left. */
static int64_t pause_before(struct exchange *x, const struct net_try *t, unsigned n_tried)
{
	int64_t ms = (int64_t)CP_NET_PAUSE_MS << (n_tried - 1);

	if (t->code == CURLE_OK && t->answer.retry_after > INT32_MAX)
		return -1;
	if (t->code == CURLE_OK && t->answer.retry_after > 0)
		ms = t->answer.retry_after * 1000;
	return ms < time_left(x->net) ? ms : -1;
}

/* In slices, so that cancelling is felt. */
static int sleep_ms(struct exchange *x, int64_t ms)
{
	int64_t end = net_now_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - net_now_ms()) {
		struct timespec slice = {.tv_nsec = (left < 50 ? left : 50) * 1000000L};

		if (net_is_cancelled(x->net, x->request))
			return cp_err_set(x->err, CP_ECANCELLED, "cancelled");
		nanosleep(&slice, NULL);
	}
	return 0;
}

/* What libcurl's failure means to people. */
static int failed(struct exchange *x, const struct net_try *t)
{
	struct cp_str host = x->here.host;
	size_t limit = x->request->max_bytes;

	if (t->cancelled)
		return cp_err_set(x->err, CP_ECANCELLED, "cancelled");
	if (t->too_large || t->code == CURLE_FILESIZE_EXCEEDED)
		return cp_err_set(x->err, CP_ELIMIT, "%.*s sends more than the limit of %zu bytes",
				  CP_STR(host), limit);
	if (t->code == CURLE_OPERATION_TIMEDOUT)
		return cp_err_set(x->err, CP_ENET, "%.*s does not answer in time (%.1f s)",
				  CP_STR(host), (double)t->timeout_ms / 1000);
	if (t->code == CURLE_COULDNT_CONNECT)
		return cp_err_set(x->err, CP_ENET, "%.*s:%.*s refuses the connection", CP_STR(host),
				  CP_STR(x->here.port));
	if (t->code == CURLE_COULDNT_RESOLVE_HOST)
		return cp_err_set(x->err, CP_ENET, "there is no host %.*s", CP_STR(host));
	if (t->code == CURLE_PARTIAL_FILE || t->code == CURLE_GOT_NOTHING)
		return cp_err_set(x->err, CP_ENET, "%.*s ends its answer before it is complete",
				  CP_STR(host));
	return cp_err_set(x->err, CP_ENET, "%.*s: %s", CP_STR(host),
			  t->detail[0] ? t->detail : x->curl->strerror(t->code));
}

/* Time for one try: a single silent host does not eat all of it. */
static int64_t try_time(const struct exchange *x, int64_t left)
{
	int64_t share = x->net->settings.timeout_ms * 2 / 5;

	if (share < 1000)
		share = 1000;
	return left < share ? left : share;
}

static int one_try(struct exchange *x, struct net_try *t)
{
	int64_t left = time_left(x->net);

	if (left <= 0)
		return cp_err_set(x->err, CP_ENET, "the time for the network is up (%.1f s)",
				  (double)x->net->settings.timeout_ms / 1000);
	if (net_is_cancelled(x->net, x->request))
		return cp_err_set(x->err, CP_ECANCELLED, "cancelled");
	*t = (struct net_try){.net = x->net,
			      .curl = x->curl,
			      .request = x->request,
			      .arena = x->a,
			      .url = x->url,
			      .same_origin = cp_net_same_origin(&x->first, &x->here),
			      .timeout_ms = try_time(x, left),
			      .body = CP_BUF_INIT(x->request->max_bytes)};
	return net_try_run(t, x->err);
}

/* Tries until there is an answer that another try would not better. The caller releases t->body. */
static int try_all(struct exchange *x, struct net_try *t)
{
	for (unsigned n = 1;; n++) {
		int64_t ms;
		int r = one_try(x, t);

		if (r < 0)
			return r;
		if (!may_try_again(t) || n >= CP_MAX_NET_TRIES)
			break;
		ms = pause_before(x, t, n);
		if (ms < 0)
			break;
		cp_buf_release(&t->body);
		r = sleep_ms(x, ms);
		if (r < 0)
			return r;
	}
	return t->code == CURLE_OK ? 0 : failed(x, t);
}

/* ---- redirects ---- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int go_to(struct exchange *x, struct cp_str url)
{
	struct cp_net_url next;
	int r = cp_net_url_parse(x->a, url, &next, x->err);

	if (r == CP_EINVAL) /* of the server, not of the request */
		return cp_err_set(x->err, CP_ENET, "%.*s redirects to what is not followed",
				  CP_STR(x->here.host));
	if (r < 0)
		return r;
	if (x->request->stay_home && !cp_net_same_origin(&x->first, &next))
		return cp_err_set(x->err, CP_ENET, "%.*s redirects to another host, %.*s",
				  CP_STR(x->here.host), CP_STR(next.host));
	if (cp_str_eq(x->here.scheme, CP_S("https")) && !cp_str_eq(next.scheme, CP_S("https")))
		return cp_err_set(x->err, CP_ENET, "%.*s redirects from https to http",
				  CP_STR(x->here.host));
	for (size_t i = 0; i < x->n_seen; i++)
		if (cp_str_eq(x->seen[i], url))
			return cp_err_set(x->err, CP_ENET, "%.*s redirects in a circle",
					  CP_STR(x->here.host));
	if (x->n_seen > CP_MAX_REDIRECTS)
		return cp_err_set(x->err, CP_ENET, "%.*s redirects more than %u times",
				  CP_STR(x->first.host), CP_MAX_REDIRECTS);
	x->seen[x->n_seen++] = url;
	x->url = url;
	x->here = next;
	return 0;
}

static int exchange(struct exchange *x, struct cp_net_answer *ret_answer)
{
	struct net_try t = {.code = CURLE_OK};
	int r;

	x->seen[x->n_seen++] = x->url;
	for (;;) {
		r = try_all(x, &t);
		if (r < 0 || !is_redirect(t.answer.status) || !t.location.n)
			break;
		cp_buf_release(&t.body);
		r = go_to(x, t.location);
		if (r < 0)
			return r;
	}
	if (r == 0) {
		t.answer.url = net_plain_url(x->url);
		t.answer.body = cp_arena_str(x->a, cp_buf_str(&t.body));
		r = t.answer.body.p ? 0 : cp_err_nomem(x->err);
	}
	cp_buf_release(&t.body);
	if (r == 0)
		*ret_answer = t.answer;
	return r;
}

/* Header values come from answers of others, too: a line end would start another header. */
static bool is_field_value(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return false;
	return true;
}

int cp_net_request(struct cp_net *net, struct cp_arena *a, const struct cp_net_request *request,
		   struct cp_net_answer *ret_answer, struct cp_err *err)
{
	struct exchange x = {.net = net, .a = a, .request = request, .err = err};
	int r = net_curl_load(&x.curl, err);

	if (r == 0)
		r = cp_net_url_parse(a, request->url, &x.first, err);
	if (r < 0)
		return r;
	if (!is_field_value(request->authorization) || !is_field_value(request->accept) ||
	    !is_field_value(request->if_none_match))
		return cp_err_set(err, CP_EINVAL, "a header for %.*s has a control character",
				  CP_STR(x.first.host));
	x.here = x.first;
	x.url = cp_arena_str(a, request->url);
	if (!x.url.p)
		return cp_err_nomem(err);
	start_clock(net);
	r = exchange(&x, ret_answer);
	stop_clock(net);
	return r;
}
