/*
 * methods/: a request by name ─► its answer. Each method opens what it needs of a run (run/run.h), lets the rooms below work, and gives
 * what they found to report/.
 */
#ifndef CP_METHODS_METHODS_H
#define CP_METHODS_METHODS_H

#include "run/run.h"

/* What a method answers. */
struct cp_answer {
	struct cp_arena *arena; /* owns everything below */
	struct cp_str *cache_from;
	size_t n_cache_from;
	struct cp_buf text;
	struct cp_buf image_metadata; /* what was resolved, "" = nothing was */
	int status;
	struct cp_str verdict;
	struct cp_answer_step {
		int outcome;
		uint32_t image, line;
		struct cp_str name, stage, cause, message;
	} * steps;
	size_t n_steps;
};
/* NULL is fine. */
void cp_answer_free(struct cp_answer *answer);

/*
 * `request` is JSON (include/cachepredict/schema/request.json). The host is called on this thread only. CP_EUNSUPPORTED for a name that is
 * none; the errors of a request, of a repository and of a Dockerfile.
 */
int cp_methods_call(const struct cp_world *world, struct cp_str method, struct cp_str request,
		    struct cp_answer **ret_answer, struct cp_err *err);

#endif
