/* inspect.c: the method `cache`. */
#ifndef CP_INSPECT_H
#define CP_INSPECT_H

#include "run.h"

/*
 * The caches that the first image's request names, as text; run->repo may be NULL. *ret_unread: none of them holds anything that could be
 * read. CP_EUSAGE: no cache is named, or a value is none; CP_EUNSUPPORTED for a format.
 */
int cp_run_inspect(struct cp_run *run, enum cp_format format, struct cp_buf *out, bool *ret_unread,
		   struct cp_err *err);

#endif
