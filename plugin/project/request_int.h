/* Image requests under construction: what bake, compose and .cachepredict.json have in common. */
#ifndef CP_PROJECT_REQUEST_INT_H
#define CP_PROJECT_REQUEST_INT_H

#include "project/project.h"

/*
 * A context that is not a folder: a URL, a git reference, docker-image://, oci-layout://,
 * target:NAME.
 */
bool cp_request_is_remote(struct cp_str context);
/*
 * `path` as seen from folder `from`, clean; absolute and remote ones stay as they are. p is NULL
 * when there is no memory.
 */
struct cp_str cp_request_path(struct cp_arena *a, struct cp_str from, struct cp_str path);
/* One field KEY=VALUE of a comma-separated list, quoted where it holds a comma or a quote. */
void cp_request_csv_add(struct cp_buf *out, struct cp_str key, struct cp_str value);
/*
 * "alpine:3" ─► "type=registry,ref=alpine:3"; anything with a type stays. p is NULL when there is
 * no memory.
 */
struct cp_str cp_request_cache(struct cp_arena *a, struct cp_str text);

/* Growing lists of one request. */
typedef CP_VEC(struct cp_str) cp_str_vec;
typedef CP_VEC(struct cp_setting) cp_setting_vec;
typedef CP_VEC(struct cp_image_request) cp_image_vec;

/* Sets a key again or appends it: the place of the first, the value of the last. 0 or CP_ENOMEM. */
int cp_settings_put(struct cp_arena *a, cp_setting_vec *v, struct cp_setting s);

/*
 * A secret as `--secret` takes it ("id=X,src=Y", "type=env,id=X,env=Y", "X") ─► id and "src=Y" or
 * "env=Y". False when it has no id.
 */
bool cp_secret_read(struct cp_arena *a, struct cp_str text, struct cp_setting *ret_secret);
/* "host=ip" or "host:ip" taken apart; false when it is neither. */
bool cp_host_split(struct cp_str text, struct cp_str *ret_host, struct cp_str *ret_addresses);
/* One "host=ip" for each address of a comma-separated list. 0 or CP_ENOMEM. */
int cp_hosts_add(struct cp_arena *a, cp_str_vec *v, struct cp_str host, struct cp_str addresses);

/*
 * NAME=VALUE texts by name, equal names in the order they had: what buildx makes of the maps of
 * hosts and limits, and the order that BuildKit then sees. 0 or CP_ENOMEM.
 */
int cp_request_sort(struct cp_arena *a, struct cp_str *items, size_t n);

/*
 * Requests that others name as a context target:NAME, and that were not asked for, are put behind
 * them.
 */
struct cp_links {
	/* Append the request NAME to v; CP_ENOTFOUND when there is none. */
	int (*add)(void *self, struct cp_str name, cp_image_vec *v, struct cp_err *err);
	void *self;
};
int cp_requests_follow_links(cp_image_vec *v, const struct cp_links *links, struct cp_err *err);

#endif
