/*
 * trial.c: explains a miss by trying. A step that no cache has, and that the comparison with a commit does not explain, is looked up again
 * as other machines would have built it: with another umask, by another release of BuildKit, without a build-arg, from a tree with or
 * without .git, with CRLF line ends, on the base image of before. What makes the cache match is said to be the cause.
 */
#ifndef CP_RUN_TRIAL_INT_H
#define CP_RUN_TRIAL_INT_H

#include "caches/caches.h"
#include "run.h"

/*
 * Changes causes of image->answer.prediction, never an outcome. CP_ENOMEM, CP_ECANCELLED; what cannot be tried is left out.
 */
int cp_trial_explain(struct cp_run *run, struct cp_image_run *image,
		     const struct cp_cache *const *caches, size_t n_caches, struct cp_err *err);

#endif
