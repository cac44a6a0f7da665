/*
 * keys/: operations ─► what BuildKit hashes of them: the pre-image of the op digest, and per input the selector and the content
 * selectors (solver/llbsolver/ops CacheMap; buildkit-cache-keys.md section 2). Pure: content itself is not looked at here.
 *
 * The order of JSON members, what is left out when empty and what is normalised away decide whether two steps share a key,
 * so they are kept byte for byte.
 */
#ifndef CP_KEYS_KEYS_H
#define CP_KEYS_KEYS_H

#include "base/base.h"
#include "context/context.h"
#include "graph/graph.h"

/* How an input enters the key of its user. */
struct cp_key_input {
	bool has_selector;
	struct cp_digest selector; /* D(JOIN0(paths)) */
	bool by_content; /* a content key exists: sels, in the order in which their digests are joined */
	struct cp_selector *sels;
	size_t n_sels;
};

struct cp_op_key {
	struct cp_str preimage;  /* JSON or "buildkit.source.v0:..." */
	struct cp_digest digest; /* of the pre-image */
	/* Of operations on files: each one's JSON, which the pre-image has as base64. */
	struct cp_str *actions;
	size_t n_actions;
	bool random; /* a local source: never equal to anything, known by content only */
	/*
	 * The real pre-image is not known (image not resolved, ADD of a URL without checksum ...): equal pre-images mean that the
	 * Dockerfile says the same. `why` is a sentence fragment; "" = the pre-image is BuildKit's own.
	 */
	struct cp_str unresolved;
	/* Why the builder's own key may be another one all the same (its release, see profile/; the config of an image that
	 * is not known); "" = it is this one. */
	struct cp_str inexact;
	/*
	 * Daemons before v0.33.1: the second key of an image, by its layers. Either matches. `chain_unknown`: there is one, but the layers
	 * are not known.
	 */
	bool has_chain, chain_unknown;
	struct cp_digest chain;
	struct cp_str chain_preimage;
	struct cp_key_input *inputs; /* one per input of the op */
};

/* Keys of every op of a graph, indexed by cp_op.index, by the rules of the graph's profile. CP_ENOMEM only. */
int cp_keys_compute(struct cp_arena *a, const struct cp_graph *graph, struct cp_op_key **ret_keys,
		    struct cp_err *err);

#endif
