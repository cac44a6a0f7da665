/* cache.c: the method `cache`. */
#ifndef CP_METHODS_CACHE_INT_H
#define CP_METHODS_CACHE_INT_H

#include "run/run.h"

/*
 * The caches that the first image's request names, as text; run->repo may be NULL. *ret_status: 3 when none of them holds anything that could be
 * read. CP_EUSAGE: no cache is named, or a value is none; CP_EUNSUPPORTED for a format.
 */
int cp_run_inspect(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
