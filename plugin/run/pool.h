/* Pieces of one piece of work, side by side. */
#ifndef CP_RUN_POOL_H
#define CP_RUN_POOL_H

#include "run.h"

#define CP_MAX_THREADS 16u

/* How many threads are worth it for so many pieces, the caller's included: at least 1, at most CP_MAX_THREADS. */
unsigned cp_pool_threads(size_t pieces);

struct cp_pool_work {
	/* Piece `at`, done by thread `thread` (0 is the caller's). A negative result ends the work. */
	int (*piece)(void *self, unsigned thread, size_t at, struct cp_err *err);
	/* On the caller's thread, after its pieces: so many are begun. NULL = nobody asks. */
	void (*tick)(void *self, size_t begun);
	void *self;
};
/*
 * Pieces 0 to n-1, in their order as far as they are begun. The host is asked on the caller's thread only whether it goes on. The error of
 * the first piece that failed; CP_ECANCELLED.
 */
int cp_pool_run(const struct cp_run *run, unsigned threads, size_t n,
		const struct cp_pool_work *work, struct cp_err *err);

#endif
