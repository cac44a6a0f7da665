/* Changed files of requirements, as packages and versions. */
#ifndef CP_RUN_PACKAGES_INT_H
#define CP_RUN_PACKAGES_INT_H

#include "run.h"

/* Fills packages of the image's answer from the causes of its prediction. CP_ENOMEM only: a file that cannot be read is left out. */
int cp_image_packages(struct cp_run *run, struct cp_image_run *image);

#endif
