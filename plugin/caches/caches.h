/*
 * caches/: what a cache holds ─► a table of records that operations are looked up in.
 *
 *   cacheconfig (application/vnd.buildkit.cacheconfig.v0) ─► cp_cache { records[], layers[] }
 *   cp_cache × op digests × content digests ─► which records are each operation's own, and which can be loaded
 *
 * Matching is that of BuildKit's importer and solver (solver/cachemanager.go, cache/remotecache/v1; buildkit-cache-keys.md 3.2-3.5):
 * a record matches when its digest does and every input has one link that does, by selector and record or by content. Pure.
 */
#ifndef CP_CACHES_CACHES_H
#define CP_CACHES_CACHES_H

#include "base/base.h"
#include "graph/graph.h"
#include "keys/keys.h"

struct cp_cache_link {
	bool has_selector;
	struct cp_digest selector;
	uint32_t record; /* index into cp_cache.records, checked */
};

struct cp_cache_input {
	struct cp_cache_link *links;
	size_t n_links;
};

struct cp_cache_record {
	struct cp_digest digest; /* OUT(op digest, output) or OUT(content digest, -1) */
	struct cp_cache_input *inputs;
	size_t n_inputs; /* 0: a root: a source, a heredoc, a content key */
	bool has_layers; /* a result that can be loaded: its chain of blobs is complete */
	uint64_t bytes;  /* of that chain, 0 = not known */
};

struct cp_cache {
	struct cp_cache_record *records;
	size_t n_records;
	size_t n_layers;
	uint64_t bytes;          /* of all layers, 0 = not known */
	size_t n_missing_blobs;  /* named by the config, not by the manifest */
	struct cp_map by_digest; /* digest ─► list of records */
};

/* A blob that the manifest of the cache names. */
struct cp_cache_blob {
	struct cp_digest digest;
	uint64_t size;
};

/*
 * Parse a cacheconfig. `blobs`: what the manifest has (NULL = taken to be all there). Links out of range, a layer that is its own
 * ancestor and digests that are none are CP_EINVAL; over the importer's 1 MiB is CP_ELIMIT. Texts are not kept.
 */
int cp_cache_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		   const struct cp_cache_blob *blobs, size_t n_blobs,
		   const struct cp_cache **ret_cache, struct cp_err *err);

/* OUT(d, n) = D(d "@" n) of section 0. */
struct cp_digest cp_cache_out(const struct cp_digest *d, int output);

/* Content digest of one input of one operation, if it is known. */
struct cp_content_digest {
	bool known;
	struct cp_digest digest; /* c_i of section 3.1 */
};

/* Records of one operation. */
struct cp_cache_match {
	const uint32_t *records; /* indexes, surely its own */
	size_t n_records;
	bool maybe; /* a record that is not there surely could match if a content digest were known */
	bool loadable; /* one of the records has its layers */
};

/*
 * Look every operation up. `contents[op][input]` are known digests (NULL rows where an op has none).
 * ret_matches: one per op, by cp_op.index.
 */
int cp_cache_match(struct cp_arena *a, const struct cp_cache *cache, const struct cp_graph *graph,
		   const struct cp_op_key *keys, const struct cp_content_digest *const *contents,
		   struct cp_cache_match **ret_matches, struct cp_err *err);

#endif
