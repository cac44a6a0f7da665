/*
 * A build against what a cache holds: exact keys instead of a comparison with another commit (buildkit-cache-keys.md 3.5).
 */
#ifndef CP_PREDICT_CACHED_H
#define CP_PREDICT_CACHED_H

#include "caches/caches.h"
#include "predict/predict.h"

/*
 * Outcome of every step when the daemon has nothing but this cache. A step hits when a record matches; one whose record has no layers
 * misses when its result is needed (`layers-missing`); `before` (NULL = none) is the prediction against a commit, whose causes say
 * why a record is not there. CP_ENOMEM, CP_ELIMIT.
 */
int cp_predict_cached(struct cp_arena *arena, const struct cp_build *b,
		      const struct cp_cache *cache, const struct cp_hasher *hasher,
		      const struct cp_prediction *before, struct cp_prediction *ret_prediction,
		      bool *ret_final, struct cp_err *err);

#endif
