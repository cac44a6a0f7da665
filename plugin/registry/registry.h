/*
 * registry/: image references ─► what the frontend needs to know of an image, and --cache-from values ─► what those caches hold. From
 * the network (the OCI distribution protocol, over net/), from a metadata file, so that a prediction can be repeated without network, and
 * from cache folders:
 *
 *   ref + platform ─► hosts and mirrors ─► index ─► manifest ─► config ─► cp_image_config
 *   type=registry  ─► manifest ─► cacheconfig | the images' own configs ─► cp_cache
 *
 *   {"python:3.12-slim": {"digest": "sha256:…", "os": "linux", "architecture": "amd64", "config": {"Env": ["PATH=…"], …}}}
 *
 * It never: runs a program of the repository (the credential helpers that the user's docker configuration names are run, from absolute
 * folders of PATH), sends credentials to a host that they are not for, or believes bytes that do not have the digest they are named by.
 */
#ifndef CP_REGISTRY_REGISTRY_H
#define CP_REGISTRY_REGISTRY_H

#include "base/base.h"
#include "caches/caches.h"
#include "graph/graph.h"
#include "net/net.h"
#include "repo/repo.h"
#include "scans/scans.h"

/* ---- metadata files ---- */

/* An image as a metadata file or a registry describes it; for one platform. */
struct cp_image_record {
	struct cp_str ref;                  /* normalised */
	struct cp_platform platform;        /* of the image; os "" = the file does not say */
	struct cp_image_config config;      /* config.digest: what the reference resolves to */
	const struct cp_image_record *next; /* the same reference, another platform */
};

/* Image configs by normalised reference. Immutable, any thread. */
struct cp_image_metadata {
	struct cp_map by_ref; /* ─► struct cp_image_record */
};

/* CP_EINVAL with a position; a reference that is none names itself. Texts are copied into `a`. */
int cp_image_metadata_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			    struct cp_image_metadata *ret_metadata, struct cp_err *err);
/*
 * The same shape, sorted, one image a line. Further platforms of a reference are in its member "platforms" ({"linux/arm64": {…}}).
 */
int cp_image_metadata_write(struct cp_arena *a, const struct cp_image_record *const *records,
			    size_t n, struct cp_buf *out, struct cp_err *err);

/* The record of a platform, NULL when the file has none. */
const struct cp_image_record *cp_image_metadata_find(const struct cp_image_metadata *metadata,
						     struct cp_str ref,
						     const struct cp_platform *platform);
/* A resolver over it; `metadata` NULL knows nothing. */
struct cp_image_resolver cp_image_metadata_resolver(const struct cp_image_metadata *metadata);

/*
 * containerd's platforms.Only: how well an image of platform `have` serves `want`: 0 is best, -1 not at all. amd64 takes 386, arm64 takes
 * arm, variants take lower ones.
 */
int cp_platform_rank(const struct cp_platform *want, const struct cp_platform *have);

/* A file that the user named. CP_ENOTFOUND, CP_EIO, CP_ELIMIT. */
int cp_registry_read_file(struct cp_str path, struct cp_buf *out, struct cp_err *err);

/* ---- registries ---- */

/* What is remembered between runs; history/ implements it. Any function may be NULL. Any thread. */
struct cp_registry_store {
	/* Bytes by digest. CP_ENOTFOUND is expected. What comes out is held against the digest again. */
	int (*get_blob)(void *self, struct cp_str digest, struct cp_buf *out);
	void (*put_blob)(void *self, struct cp_str digest, struct cp_str bytes);
	/* What a tag pointed to, and the ETag to ask with; both into `a`. CP_ENOTFOUND is expected. */
	int (*get_tag)(void *self, struct cp_arena *a, struct cp_str ref, struct cp_str *ret_digest,
		       struct cp_str *ret_etag);
	void (*put_tag)(void *self, struct cp_str ref, struct cp_str digest, struct cp_str etag);
	void *self;
};

/* Texts are borrowed: they outlive the client. */
struct cp_registry_settings {
	struct cp_net *net;
	const struct cp_environment
		*env; /* DOCKER_CONFIG, HOME, PATH, ACTIONS_*; read by cp_registry_new only */
	const struct cp_str *mirrors,
		*http_hosts; /* "docker.io=https://mirror/path"; "registry.local:5000" */
	size_t n_mirrors, n_http_hosts;
	struct cp_str ca_file;                 /* further authorities for every registry */
	struct cp_str buildkitd_toml;          /* path, "" = none */
	const struct cp_registry_store *store; /* NULL = nothing is remembered */
	/* May this registry ("docker.io", "localhost:5000") be asked? NULL = all. Any thread. */
	bool (*may_ask)(const void *self, struct cp_str host);
	const void *self;
};

struct cp_registry;

/*
 * A client; for any thread. Reads the files that the settings name, and docker's configuration when there is one; sends nothing.
 * CP_ENOTFOUND, CP_EINVAL with a position, CP_EUSAGE (a mirror without "=").
 */
int cp_registry_new(const struct cp_registry_settings *settings, struct cp_registry **ret_registry,
		    struct cp_err *err);
void cp_registry_free(struct cp_registry *registry);

/* Was something not known because of the network (no connection, a status that is no answer)? */
bool cp_registry_failed(const struct cp_registry *registry);
/* Registry host of a normalised reference: "docker.io". */
struct cp_str cp_registry_host_of(struct cp_str ref);
/* Hosts that the settings name (mirrors, plain http, buildkitd.toml), by index; false past the end. */
bool cp_registry_named_host(const struct cp_registry *registry, size_t i, struct cp_str *ret_host);

/*
 * Image configs over the network, each asked for once. `metadata` (may be NULL) wins. What is not known gives CP_ENOTFOUND or CP_ENET and
 * is remembered with its reason. The configs live as long as the client.
 */
struct cp_image_resolver cp_registry_resolver(struct cp_registry *registry,
					      const struct cp_image_metadata *metadata);
/* Why a reference was not resolved, "" when it was or was not asked for. Lives as long as the client. */
struct cp_str cp_registry_why_not(struct cp_registry *registry, struct cp_str ref);
/* All that was resolved, in no order; the array is in `a`, the records live as long as the client. */
int cp_registry_records(struct cp_registry *registry, struct cp_arena *a,
			const struct cp_image_record *const **ret_records, size_t *ret_n,
			struct cp_err *err);

/*
 * The layers of an image: history and diff ids of its config, and how large its manifest says that they are, compressed. In `a`. The same
 * errors, and CP_EINVAL for what is no image.
 */
int cp_registry_image_layers(struct cp_registry *registry, struct cp_arena *a, struct cp_str ref,
			     const struct cp_platform *platform, struct cp_scan_image *ret_image,
			     struct cp_err *err);

/* ---- caches ---- */

/* A --cache-from value, "type=local,src=DIR[,tag=T][,digest=D]", "type=registry,ref=R", or a bare reference. */
struct cp_cache_source {
	struct cp_str text; /* as given */
	struct cp_str type, ref, src, tag, digest;
	struct cp_str scope, url, url_v2, token, version; /* gha */
	bool insecure;                                    /* registry.insecure=true */
};
/* CP_EUSAGE: no type that BuildKit has, or a member that is missing. */
int cp_cache_source_parse(struct cp_arena *a, struct cp_str text,
			  struct cp_cache_source *ret_source, struct cp_err *err);

/* What a --cache-from value holds. All in the arena of the call. */
struct cp_cache_found {
	const struct cp_cache *
		*caches; /* one a cacheconfig: several for a multi-platform image and for scopes */
	size_t n_caches; /* 0: it is there and holds no cache (an image without one) */
	struct cp_str digest, media_type; /* of the manifest; "" for gha */
	struct cp_str form;               /* "image manifest", "index", "inline", "actions cache" */
	struct cp_str created;            /* newest record, RFC 3339, "" = not said */
	uint64_t config_bytes, manifest_bytes, blob_bytes;
	const struct cp_cache_blob *blobs; /* that the manifest names, the cacheconfig left out */
	size_t n_blobs;
};

/*
 * The cacheconfig of an OCI layout that `--cache-to type=local` wrote (client/ociindex, cache/remotecache/local): image manifest and
 * index form. Every blob that is read is held against its digest. CP_ENOTFOUND, CP_EINVAL, CP_ELIMIT.
 */
int cp_cache_read_local(struct cp_arena *a, const struct cp_cache_source *source,
			const struct cp_cache **ret_cache, struct cp_err *err);
int cp_cache_find_local(struct cp_arena *a, const struct cp_cache_source *source,
			struct cp_cache_found *ret_found, struct cp_err *err);

/*
 * type=registry, and type=inline (cache/remotecache/import.go): a cache manifest or index; else the images' own configs. CP_ENOTFOUND:
 * the registry says that there is no such reference. CP_ENET: it could not be found out. CP_EINVAL, CP_ELIMIT: it is there and BuildKit
 * would not read it either.
 */
int cp_cache_find_registry(struct cp_registry *registry, struct cp_arena *a,
			   const struct cp_cache_source *source, struct cp_cache_found *ret_found,
			   struct cp_err *err);
/* type=gha (cache/remotecache/gha): both versions of the service, from the value's members or the runner's variables. Errors as above. */
int cp_cache_find_gha(struct cp_registry *registry, struct cp_arena *a,
		      const struct cp_cache_source *source, struct cp_cache_found *ret_found,
		      struct cp_err *err);

#endif
