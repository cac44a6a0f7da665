/* The flags of a build as the frontend takes them. */
#ifndef CP_RUN_OPTIONS_INT_H
#define CP_RUN_OPTIONS_INT_H

#include "graph/graph.h"
#include "run.h"

/*
 * In the arena of the image. `is_new`: the build to come, which may ask for no cache; the one before filled the cache in the ordinary way.
 * CP_EUSAGE for a flag that cannot be read.
 */
int cp_image_options(struct cp_run *run, struct cp_image_run *image, bool is_new,
		     const struct cp_image_resolver *resolver, struct cp_build_options *ret_options,
		     struct cp_err *err);

#endif
