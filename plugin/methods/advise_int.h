/* advise.c: the method `advise`. */
#ifndef CP_METHODS_ADVISE_INT_H
#define CP_METHODS_ADVISE_INT_H

#include "run/run.h"

/*
 * Findings of every image of the run (after prepare), as text of the request's format. *ret_status: 1 when one is what fail_on names, 3 or
 * 4 when an image could not be looked at. CP_EUSAGE: fail_on names no rule; CP_EUNSUPPORTED for a format; the error of a single image.
 */
int cp_run_advise(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

/* A RUN step of the newest commit that installs packages, and the files that alone decide which; or one that builds from a folder. */
struct cp_install {
	int line;
	bool builds;
	struct cp_str what;        /* "pip install" */
	struct cp_str name;        /* of the step, as BuildKit prints it */
	struct cp_str stage, text; /* of the step, as BuildKit prints them, without its number */
	size_t occurrence;         /* among the steps of its stage with the same text, from 0 */
	struct cp_str *files;      /* repository paths; of one that builds, folders */
	size_t n_files;
};
struct cp_installs {
	struct cp_install *items;
	size_t n;
};
/* Of image `at` of the run, in the run's arena; none where its build cannot be looked at. CP_ENOMEM. */
int cp_advice_installs(struct cp_run *run, size_t at, struct cp_installs *ret_installs,
		       struct cp_err *err);

#endif
