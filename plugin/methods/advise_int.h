/* advise.c: the method `advise`. */
#ifndef CP_METHODS_ADVISE_INT_H
#define CP_METHODS_ADVISE_INT_H

#include "run/run.h"

/*
 * Findings of every image of the run (after prepare), as text of the request's format. *ret_status: 1 when one is what fail_on names, 3 or
 * 4 when an image could not be looked at. CP_EUSAGE: fail_on names no rule; CP_EUNSUPPORTED for a format; the error of a single image.
 */
int cp_run_advise(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
