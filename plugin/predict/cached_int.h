/* Private to predict/: a build that is looked up in caches. */
#ifndef CP_PREDICT_CACHED_INT_H
#define CP_PREDICT_CACHED_INT_H

#include "predict/cached.h"
#include "predict/match_int.h"

struct cached {
	struct matcher m; /* against an empty build: for the file systems of stages */
	const struct cp_build *b;
	const struct cp_hasher *hasher;
	struct cp_content_digest **contents;
	struct cp_str *content_unknown; /* per op: why a content digest of it is not known */
	bool *git; /* per op: it takes files of .git, which are others in every clone: no record has its content */
	struct cp_str *unknown;               /* the same, or what one below is not known for */
	struct cp_cache_match *matches;       /* in the caches that are looked at */
	const struct cp_cache *const *caches; /* that are looked at */
	size_t n_caches;
	bool *needed; /* its result has to be there: loaded or built */
	bool *runs;
	long *step_of;                    /* per op: the step that it is, -1 = none */
	const struct cp_op *const *twins; /* per op, see twins_find */
};

/*
 * missing.c: why step i of the build is not in the caches. Steps before it have their outcomes in `p`. `before`: the prediction against a
 * commit, NULL = none.
 */
struct cp_cause cached_missing(struct cached *c, const struct cp_prediction *before,
			       const struct cp_prediction *p, size_t i);
/* The same for a step whose twin may make what it needs. */
struct cp_cause cached_twin(struct cached *c, const struct cp_prediction *before,
			    const struct cp_prediction *p, size_t i);
/* Why nobody can say. */
struct cp_cause cached_maybe(struct cached *c, const struct cp_prediction *before, size_t i);

#endif
