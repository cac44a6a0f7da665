/* Private to registry/. */
#ifndef CP_REGISTRY_REGISTRY_INT_H
#define CP_REGISTRY_REGISTRY_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "registry/registry.h"

/* ---- how a host is spoken to (hosts.c) ---- */

struct registry_host {
	struct cp_str name; /* "docker.io", "localhost:5000" */
	CP_VEC(struct cp_str) mirrors, ca_files;
	bool http_said, http, insecure;
	struct cp_str cert_file, key_file;
	struct cp_net_tls tls; /* from the above */
};
struct registry_hosts {
	struct cp_map by_name; /* ─► struct registry_host, in the order of mention */
};
/* Made when it is not there; NULL when there is no memory. */
struct registry_host *registry_host_get(struct cp_arena *a, struct registry_hosts *hosts,
					struct cp_str name);
int registry_hosts_toml(struct cp_arena *a, struct cp_str text, struct cp_str name,
			struct registry_hosts *hosts, struct cp_err *err);
int registry_hosts_fill(struct cp_arena *a, const struct cp_registry_settings *settings,
			struct registry_hosts *hosts, struct cp_err *err);

/* Where requests for a host go: mirrors first. */
struct registry_endpoint {
	struct cp_str base; /* "https://registry-1.docker.io/v2" */
	struct cp_str host; /* "registry-1.docker.io", with port if there is one */
	struct cp_str ns;   /* "docker.io" for a mirror, else "" */
	bool https;
	const struct cp_net_tls *tls;
};
int registry_endpoints(struct cp_arena *a, const struct registry_hosts *hosts, struct cp_str host,
		       bool insecure, struct registry_endpoint **ret, size_t *ret_n,
		       struct cp_err *err);

/* ---- docker's configuration (docker_config.c, helper.c) ---- */

struct registry_credentials {
	struct cp_str user, password; /* "" = anonymous */
	struct cp_str identity_token; /* OAuth refresh token */
	struct cp_str registry_token; /* a bearer token as it is */
};
struct registry_docker_config {
	struct cp_map auths;   /* host ─► struct registry_credentials */
	struct cp_map helpers; /* host ─► struct cp_str *, the helper's name */
	struct cp_str store;   /* credsStore */
	struct cp_str path;    /* PATH of the host */
};
/* A config.json. CP_EINVAL. */
int registry_docker_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
				 struct registry_docker_config *config, struct cp_err *err);
/* For a registry host; helpers are run. Nothing known is no error. The caller holds a lock. */
int registry_credentials_of(struct cp_arena *a, const struct registry_docker_config *config,
			    struct cp_str host, struct registry_credentials *ret,
			    struct cp_err *err);
/* Run `docker-credential-NAME get` with the host on stdin. CP_ENOTFOUND, CP_EIO, CP_ELIMIT. */
int registry_helper_run(struct cp_arena *a, struct cp_str path, struct cp_str name,
			struct cp_str input, struct cp_buf *out, struct cp_err *err);
/* Standard or URL alphabet, padding optional; false when it is none. In `a`. */
bool registry_base64(struct cp_arena *a, struct cp_str text, struct cp_str *ret);
int registry_base64_encode(struct cp_arena *a, struct cp_str bytes, struct cp_str *ret);

/* ---- the client (client.c, auth.c) ---- */

struct registry_entry; /* image.c: one reference that was asked for */

struct cp_registry {
	struct cp_registry_settings settings;
	struct cp_arena *arena; /* under lock */
	pthread_mutex_t lock;
	pthread_cond_t done; /* an entry of `images` is there */
	struct registry_hosts hosts;
	struct registry_docker_config docker;
	struct cp_map tokens; /* endpoint and scope ─► struct cp_str *, Authorization. Under lock */
	struct cp_map credentials; /* host ─► struct registry_credentials. Under lock */
	struct cp_map images;      /* ref and platform ─► struct registry_entry. Under lock */
	const struct cp_image_metadata *metadata;
	atomic_bool failed;
	struct cp_str actions_cache_url, actions_results_url, actions_token, actions_v2;
};

struct registry_ref {
	struct cp_str host, path, tag, digest; /* of a normalised reference */
};
struct registry_ref registry_ref_split(struct cp_str normalised);

/* What a manifest or blob is asked with, and what comes back (in the caller's arena). */
struct registry_ask {
	const struct registry_ref *ref;
	bool blob;          /* else a manifest */
	struct cp_str what; /* tag or digest */
	size_t max_bytes;
	bool insecure;
	struct cp_str etag, etag_of; /* of what is remembered, and its digest; "" = nothing is */
};
struct registry_got {
	struct cp_str bytes, media_type, digest, etag;
};
/* CP_ENOTFOUND (404), CP_ENET, CP_EINVAL (wrong digest), CP_ELIMIT ... */
int registry_fetch(struct cp_registry *reg, struct cp_arena *a, const struct registry_ask *ask,
		   struct registry_got *ret_got, struct cp_err *err);

struct registry_challenge {
	bool bearer, basic;
	struct cp_str realm, service, scope;
};
/* WWW-Authenticate values: Bearer before Basic. False when there is neither. In `a`. */
bool registry_challenge_parse(struct cp_arena *a, const struct cp_str *values, size_t n,
			      struct registry_challenge *ret);
/* {"token": …} or {"access_token": …} of a token server. CP_EINVAL. */
int registry_token_parse(struct cp_arena *a, struct cp_str text, struct cp_str *ret_token,
			 struct cp_err *err);
/* The Authorization that answers a 401 of this endpoint, in `a`; "" when there is none that could help. */
int registry_authorize(struct cp_registry *reg, struct cp_arena *a,
		       const struct registry_endpoint *at, struct cp_str repository,
		       const struct cp_net_answer *refusal, struct cp_str *ret_authorization,
		       struct cp_err *err);
/* One that was used before, "" = none. */
struct cp_str registry_known_authorization(struct cp_registry *reg, struct cp_arena *a,
					   const struct registry_endpoint *at,
					   struct cp_str repository);

/* ---- manifests and configs (manifest.c, config.c) ---- */

/* "" for JSON that is neither. util/imageutil DetectManifestBlobMediaType. */
enum registry_manifest_kind {
	REGISTRY_MANIFEST_NONE,
	REGISTRY_MANIFEST_IMAGE,
	REGISTRY_MANIFEST_INDEX
};
enum registry_manifest_kind registry_manifest_kind(const struct cp_json *manifest);

struct registry_manifest {
	enum registry_manifest_kind kind;
	struct cp_str config, config_type; /* digest of an image manifest's config */
	struct cp_str cache_config;        /* digest of the cacheconfig, "" = it names none */
	struct cp_cache_blob *blobs;       /* everything else that it names */
	size_t n_blobs;
	struct registry_child {
		struct cp_str digest;
		struct cp_platform platform;
		bool has_platform;
	} * children; /* of an index */
	size_t n_children;
};
int registry_manifest_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			    struct registry_manifest *ret, struct cp_err *err);

/* An image config ─► what the frontend needs. config.digest is left alone. */
int registry_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			  struct cp_image_record *record, struct cp_err *err);
/* Members "Env", "WorkingDir" ... of a config object. CP_ENOMEM. */
int registry_config_members(struct cp_arena *a, const struct cp_json *config,
			    struct cp_image_config *c);
/* ChainID from the member "rootfs", "" = not known. CP_ENOMEM. */
int registry_chain_read(struct cp_arena *a, const struct cp_json *v, struct cp_str *ret);
/* os, architecture, variant, "os.version", "os.features"; normalised. CP_ENOMEM. */
int registry_platform_read(struct cp_arena *a, const struct cp_json *v, struct cp_platform *ret);

/*
 * A cache in an image's own config ("moby.buildkit.cache.v0"), as a cacheconfig. ret_text is "" when there is none. CP_EINVAL.
 */
int registry_inline_config(struct cp_arena *a, struct cp_str config, struct cp_str name,
			   const struct registry_manifest *manifest, struct cp_str *ret_text,
			   struct cp_err *err);
/* Digest, size and blobs of a manifest into found, whose digest is there. */
int registry_found_describe(struct cp_arena *a, struct cp_cache_found *found,
			    const struct registry_manifest *m, struct cp_str manifest,
			    struct cp_err *err);
/* Parse one cacheconfig into found. */
int registry_found_add(struct cp_arena *a, struct cp_cache_found *found, struct cp_str text,
		       struct cp_str name, const struct cp_cache_blob *blobs, size_t n_blobs,
		       struct cp_err *err);

/* A file that the user named. CP_ENOTFOUND, CP_EIO, CP_ELIMIT. */
int registry_read_file(const char *path, struct cp_buf *out, struct cp_err *err);

#endif
