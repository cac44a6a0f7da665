/*
 * network.c: when the network is used, whom it may ask, and what comes of it. Opened before the images run, for any thread; what it found
 * lives until it is closed, after the answer was rendered.
 *
 * A registry that only the head commit's Dockerfile names is not asked: a pull request of a stranger could make us call any address. The
 * base commit's Dockerfile, the request and the settings (which come from the base commit) name registries; docker.io is named always.
 */
#ifndef CP_RUN_NETWORK_H
#define CP_RUN_NETWORK_H

#include "registry/registry.h"
#include "run.h"

/*
 * Metadata files, and the network if this run uses it: exact keys, --cache-from or --resolve-images, and not --offline. Sets
 * run->resolver, run->base_resolver and run->network (NULL = not used).
 */
int cp_network_open(struct cp_run *run, struct cp_err *err);
/* A handle with the request's time and the environment's proxies. */
int cp_network_new(struct cp_run *run, struct cp_net **ret_net, struct cp_err *err);
/* Gives the log lines of a handle to the host. On the thread of the call. */
void cp_network_log(struct cp_run *run, struct cp_net *net);
/* The same of the registries', which is then closed. */
void cp_network_close(struct cp_run *run);

/* Why an image is not known, "" when it is, or when nobody asked. */
struct cp_str cp_network_why_not(struct cp_run *run, struct cp_str ref);
/* Did something stay unknown because of the network? */
bool cp_network_failed(const struct cp_run *run);
/* Everything that was resolved, as a metadata file. Nothing when no image was. */
int cp_network_metadata(struct cp_run *run, struct cp_buf *out, struct cp_err *err);

/*
 * The layers of an image that the user named, in `a`; `platform` "" is linux/amd64. CP_ENET: the network is not used, or failed;
 * CP_ENOTFOUND, CP_EINVAL, CP_EUSAGE (no reference).
 */
int cp_network_image_layers(struct cp_run *run, struct cp_arena *a, struct cp_str ref,
			    struct cp_str platform, struct cp_scan_image *ret_image,
			    struct cp_err *err);

/*
 * What a --cache-from value holds. from_commit: a file of the head commit gave it (bake, compose): it gets no token and no address that
 * it names itself. CP_EUNSUPPORTED: a type that is not read; CP_ENET: it could not be found out; any other error but
 * CP_ENOMEM and CP_ECANCELLED: a build would take nothing from it.
 */
int cp_network_find_cache(struct cp_run *run, struct cp_arena *a,
			  const struct cp_cache_source *source, bool from_commit,
			  struct cp_cache_found *ret_found, struct cp_err *err);

#endif
