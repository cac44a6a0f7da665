/*
 * A build against what a cache holds: exact keys instead of a comparison with another commit (buildkit-cache-keys.md 3.5).
 */
#ifndef CP_PREDICT_CACHED_H
#define CP_PREDICT_CACHED_H

#include "caches/caches.h"
#include "predict/predict.h"

#define CP_MAX_CACHES 64

/*
 * That the result of the target, by its exact key, is in one cache together with its layers. Only cp_predict_cached makes one: outside
 * of it the type has no size, so that nothing else can.
 */
struct cp_final_proof;

/* One cache by itself. */
struct cp_cached_share {
	size_t n_hit;   /* steps that the build would find in it if it were the only one */
	size_t n_added; /* of those, the ones that no cache before it in the order of worth has */
	uint64_t
		bytes; /* layers that the build would fetch from it, a layer that two stages have in common counted twice; 0 = not known */
	const struct cp_final_proof *final; /* the target's own result is in it; NULL = it is not */
};

struct cp_cached_prediction {
	struct cp_prediction prediction;    /* with all caches together */
	const struct cp_final_proof *final; /* it is in one of them */
	uint64_t *holders;                  /* per step: bit i is set when cache i has it */
	struct cp_cached_share *shares;     /* per cache */
	size_t *order; /* indexes of caches, by worth: steps, then fewer bytes, then as they were given */
};

/*
 * Outcome of every step when the daemon has nothing but these caches, at most CP_MAX_CACHES. A step hits when a record matches; one
 * whose record has no layers misses when its result is needed (`layers-missing`). A key of one cache is never continued in another,
 * as in BuildKit (solver/combinedcache.go); the result that is loaded may be any cache's. `before` (NULL = none) is the prediction
 * against a commit, whose causes say why a record is not there. CP_ENOMEM, CP_ELIMIT.
 */
int cp_predict_cached(struct cp_arena *arena, const struct cp_build *b,
		      const struct cp_cache *const *caches, size_t n_caches,
		      const struct cp_hasher *hasher, const struct cp_prediction *before,
		      struct cp_cached_prediction *ret_prediction, struct cp_err *err);

#endif
