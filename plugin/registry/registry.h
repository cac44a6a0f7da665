/*
 * registry/: image references ─► what the frontend needs to know of an image. Today from a metadata file, so that a prediction can be
 * repeated without network:
 *
 *   {"python:3.12-slim": {"digest": "sha256:…", "os": "linux", "architecture": "amd64", "config": {"Env": ["PATH=…"], …}}}
 */
#ifndef CP_REGISTRY_REGISTRY_H
#define CP_REGISTRY_REGISTRY_H

#include "base/base.h"
#include "caches/caches.h"
#include "graph/graph.h"

/* Image configs by normalised reference. Immutable, any thread. */
struct cp_image_metadata {
	struct cp_map by_ref;
};

/* CP_EINVAL with a position; a reference that is none names itself. Texts are copied into `a`. */
int cp_image_metadata_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			    struct cp_image_metadata *ret_metadata, struct cp_err *err);

/* A resolver over it; `metadata` NULL knows nothing. */
struct cp_image_resolver cp_image_metadata_resolver(const struct cp_image_metadata *metadata);

/* ---- caches on disk ---- */

/* A --cache-from value, "type=local,src=DIR[,tag=T][,digest=D]", "type=registry,ref=R", or a bare reference. */
struct cp_cache_source {
	struct cp_str text; /* as given */
	struct cp_str type, ref, src, tag, digest;
};
/* CP_EUSAGE: no type that BuildKit has, or a member that is missing. */
int cp_cache_source_parse(struct cp_arena *a, struct cp_str text,
			  struct cp_cache_source *ret_source, struct cp_err *err);

/*
 * The cacheconfig of an OCI layout that `--cache-to type=local` wrote (client/ociindex, cache/remotecache/local): image manifest and
 * index form. Every blob that is read is held against its digest. CP_ENOTFOUND, CP_EINVAL, CP_ELIMIT.
 */
int cp_cache_read_local(struct cp_arena *a, const struct cp_cache_source *source,
			const struct cp_cache **ret_cache, struct cp_err *err);

#endif
