/*
 * Which build does a cache hold? What a commit alone decides of the keys is looked up: the digests of its operations and of the files
 * that they select. Base images and outputs of RUN steps do not matter, so a commit is found again after its base image moved on.
 */
#ifndef CP_PREDICT_HELD_H
#define CP_PREDICT_HELD_H

#include "caches/caches.h"
#include "predict/predict.h"

struct cp_traces {
	size_t n;         /* digests that the commit decides */
	size_t n_found;   /* of those, in the cache */
	size_t n_unknown; /* files that cannot be hashed (.git, filters): they say nothing */
};

/* `hasher` NULL: operations only. The build was exported to the cache, or one that equals it, when n > 0 and n_found == n. CP_ENOMEM, CP_ELIMIT, CP_ECANCELLED. */
int cp_build_traces(struct cp_arena *arena, const struct cp_build *b, const struct cp_cache *cache,
		    const struct cp_hasher *hasher, struct cp_traces *ret_traces,
		    struct cp_err *err);

#endif
