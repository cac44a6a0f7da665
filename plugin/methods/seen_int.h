/* What advise/ gets to see of a build; for `advise`, and for all that ask it which steps install packages. */
#ifndef CP_METHODS_SEEN_INT_H
#define CP_METHODS_SEEN_INT_H

#include "advise/advise.h"
#include "run/run.h"

/*
 * The head's build of an image into *b and *in, without CI files, history and reports. All that they point to lives in the arena of `image`,
 * the build in *b as long as the caller keeps it. The errors of cp_image_build.
 */
int cp_seen_input(struct cp_run *run, struct cp_image_run *image, struct cp_build *b,
		  struct cp_advise_input *in, struct cp_err *err);

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
int cp_seen_installs(struct cp_run *run, size_t at, struct cp_installs *ret_installs,
		     struct cp_err *err);

#endif
