/* Private to graph/: URLs as Go's net/url reads and writes them, as far as sources need it. */
#ifndef CP_GRAPH_URL_INT_H
#define CP_GRAPH_URL_INT_H

#include "base/base.h"

struct graph_url {
	struct cp_str scheme, host, path, query,
		fragment;   /* path and fragment unescaped, query raw */
	struct cp_str text; /* String() without query and fragment */
};

struct graph_query {
	struct cp_str key, value;
};

/* url.Parse. 0, CP_EINVAL (no message: callers only ask whether) or CP_ENOMEM. */
int graph_url_parse(struct cp_arena *a, struct cp_str text, struct graph_url *ret_url);
/*
 * url.ParseQuery: the pairs that can be read, in order. *ret_bad: some could not. CP_ENOMEM.
 */
int graph_query_parse(struct cp_arena *a, struct cp_str text, struct graph_query **ret_pairs,
		      size_t *ret_n, bool *ret_bad);

#endif
