/* held.c: which commit's build a cache holds, found by walking back from the head. */
#ifndef CP_RUN_HELD_H
#define CP_RUN_HELD_H

#include "caches/caches.h"
#include "run.h"

struct cp_held {
	bool found;
	struct cp_commit commit;
	size_t behind;         /* first parents between it and the head */
	size_t n_searched;     /* commits whose builds were looked up */
	struct cp_str why_not; /* why nobody can tell (static), "" = it was looked for */
};

/*
 * The youngest of the head's last CP_MAX_HELD_COMMITS commits whose files and operations are all in one of the caches. A commit
 * without such a build is passed by. CP_ENOMEM, CP_ECANCELLED.
 */
int cp_held_find(struct cp_run *run, const struct cp_image_run *image,
		 const struct cp_cache *const *caches, size_t n_caches, struct cp_held *ret_held,
		 struct cp_err *err);
/* For --cache-from without a base: compare with the commit that the first image's caches hold. */
int cp_held_use_as_base(struct cp_run *run, struct cp_err *err);

#endif
