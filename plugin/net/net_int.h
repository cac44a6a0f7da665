/* Private to net/: libcurl's functions in a table, and one try of a request. */
#ifndef CP_NET_NET_INT_H
#define CP_NET_NET_INT_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <pthread.h>

#include "net/net.h"

struct net_curl {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *h);
	void (*easy_reset)(CURL *h);
	CURLcode (*setopt)(CURL *h, CURLoption option, ...);
	CURLcode (*perform)(CURL *h);
	CURLcode (*getinfo)(CURL *h, CURLINFO info, ...);
	const char *(*strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLU *(*url)(void);
	void (*url_cleanup)(CURLU *u);
	CURLUcode (*url_set)(CURLU *u, CURLUPart part, const char *text, unsigned flags);
	CURLUcode (*url_get)(CURLU *u, CURLUPart part, char **ret_text, unsigned flags);
	void (*free)(void *p);
};

/* Loaded once a process and kept: libcurl cannot be ended while others use it. CP_ENET when there is none. */
int net_curl_load(const struct net_curl **ret_curl, struct cp_err *err);

#define NET_MAX_IDLE 16

struct cp_net {
	struct cp_net_settings settings;
	pthread_mutex_t lock; /* of everything below */
	CURL *idle[NET_MAX_IDLE];
	size_t n_idle;
	unsigned n_active;          /* requests under way */
	int64_t spent_ms, since_ms; /* of the budget; since when n_active > 0 */
	uint64_t n_sent;
	struct cp_buf log;
};

/* One try. */
struct net_try {
	struct cp_net *net;
	const struct net_curl *curl;
	const struct cp_net_request *request;
	struct cp_arena *arena;
	struct cp_str url;
	bool same_origin; /* as the request's URL: credentials may go along */
	int64_t timeout_ms;
	/* what came */
	struct cp_buf body;
	size_t header_bytes;
	bool too_large, no_memory, cancelled;
	CURLcode code;
	struct cp_net_answer answer;
	struct cp_str location; /* absolute, "" = none */
	char detail[CURL_ERROR_SIZE];
};

/* Perform it. 0 with code and answer filled, CP_ENOMEM, CP_EINVAL. The caller releases t->body. */
int net_try_run(struct net_try *t, struct cp_err *err);
bool net_is_cancelled(const struct cp_net *net, const struct cp_net_request *request);
int64_t net_now_ms(void);
/* A URL for people: no query, no fragment. */
struct cp_str net_plain_url(struct cp_str url);

#endif
