/*
 * net/: one HTTP request ─► one bounded answer. The only user of libcurl, which is loaded (dlopen) with the first request and linked
 * by nothing: a run that stays offline does not pay for it.
 *
 *   cp_net_request ─► [wait, retry, redirect] ─► cp_net_answer { status, headers that matter, body }
 *
 * It never: reads the environment or .netrc, writes a file, talks anything but http and https, sends credentials or a client certificate
 * to another origin than the one they were given for, follows a redirect from https to http, or logs a query, a header or user information.
 *
 * Time: settings.timeout_ms is the sum of the time in which at least one request is under way, whatever the number of requests.
 * Threads: a struct cp_net is for any thread; requests of several threads run side by side. Log lines are kept until somebody takes
 * them, because a host's callbacks are for one thread only; `is_cancelled` is called on the thread of the request.
 */
#ifndef CP_NET_NET_H
#define CP_NET_NET_H

#include "base/base.h"

struct cp_net;

/* Texts are borrowed: they outlive the handle. */
struct cp_net_settings {
	int64_t timeout_ms;    /* of the whole network part */
	struct cp_str ca_file; /* in place of the system's authorities, "" = theirs */
	struct cp_str http_proxy, https_proxy, no_proxy; /* as in HTTP_PROXY ...; "" = none */
	int (*is_cancelled)(void *self);                 /* NULL = never */
	void *self;
};

/* How one origin is spoken to over TLS. Texts are borrowed for the request. */
struct cp_net_tls {
	struct cp_str ca_pem;              /* further authorities, "" = none */
	struct cp_str cert_file, key_file; /* of the client, "" = none */
	bool insecure;                     /* certificates are not checked */
};

struct cp_net_request {
	const char *method;   /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
	struct cp_str url;    /* http or https, without user information */
	struct cp_str accept; /* "" = none */
	struct cp_str
		authorization; /* value of the header, for the origin of `url` only; "" = none */
	struct cp_str if_none_match;
	struct cp_str content_type, body; /* POST, PUT, PATCH; of DELETE where it is not empty */
	bool once; /* not tried again by itself once it was sent: doing it later or twice does harm */
	bool finishes;    /* cancelling does not stop it: it takes back what was done before */
	bool stay_home;   /* a redirect to another origin is not followed, but CP_ENET */
	size_t max_bytes; /* of the answer's body: more is CP_ELIMIT */
	const struct cp_net_tls *tls; /* for the origin of `url` only, NULL = plain defaults */
};

#define CP_NET_MAX_CHALLENGES 4

/* Texts are in the arena of the call. */
struct cp_net_answer {
	int status;        /* of HTTP, the last one: 200, 401, 404 ... */
	struct cp_str url; /* that answered, redirects followed, query left out */
	struct cp_str content_type, etag, content_digest, link; /* headers, "" = not sent */
	struct cp_str challenges[CP_NET_MAX_CHALLENGES];        /* WWW-Authenticate, one each */
	size_t n_challenges;
	int64_t retry_after; /* seconds that a 429 or 503 asks for, 0 = not said */
	bool used_up; /* the server says that no request is left (X-RateLimit-Remaining: 0) */
	struct cp_str body;
};

/* A handle, NULL when there is no memory. Nothing is loaded yet. */
struct cp_net *cp_net_new(const struct cp_net_settings *settings);
/* No request may be under way. NULL is fine. */
void cp_net_free(struct cp_net *net);

/*
 * One request, with what it takes to get an answer: up to CP_MAX_NET_TRIES tries with growing pauses (or Retry-After) when the
 * connection fails or the status is 408, 429 or 5xx, and redirects. Any status is an answer, the last 429 or 5xx, too. The arena is the
 * calling thread's.
 * CP_ENET: no library, no connection, TLS, time is up, a circle of redirects. CP_ELIMIT: body or headers too large.
 * CP_ECANCELLED, CP_ENOMEM, CP_EINVAL (a URL that is none).
 */
int cp_net_request(struct cp_net *net, struct cp_arena *a, const struct cp_net_request *request,
		   struct cp_net_answer *ret_answer, struct cp_err *err);

/* A URL's parts, as libcurl itself reads it. In `a`. */
struct cp_net_url {
	struct cp_str scheme, host, port, path, query; /* lower-case scheme; port always there */
	bool loopback;                                 /* localhost, 127.0.0.0/8, ::1 */
};
/* CP_EINVAL: no URL, user information in it, or not http(s). CP_ENET: no library. */
int cp_net_url_parse(struct cp_arena *a, struct cp_str text, struct cp_net_url *ret_url,
		     struct cp_err *err);
bool cp_net_same_origin(const struct cp_net_url *x, const struct cp_net_url *y);
/* "localhost", 127.x.x.x, ::1 or [::1], with or without a port. No library is needed. */
bool cp_net_is_loopback(struct cp_str host);
/* Percent-encode for a query, into `out`. */
void cp_net_escape(struct cp_buf *out, struct cp_str text);

/* Lines since the last call, one request each ("GET https://ghcr.io/v2/… 200, 31 ms"), taken away. In `a`. */
struct cp_str cp_net_take_log(struct cp_net *net, struct cp_arena *a);
/* Requests that were sent so far, tries and redirects each counted. */
uint64_t cp_net_n_sent(struct cp_net *net);

#endif
