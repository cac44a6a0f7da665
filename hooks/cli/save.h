/* --save-image-metadata: what registries said, kept for a prediction without network. */
#ifndef CLI_SAVE_H
#define CLI_SAVE_H

#include "load.h"

/* Into a file that is there whole or not at all; nothing was resolved: nothing is written. 0 or an exit code. */
int save_image_metadata(const struct loaded *l, const struct cachepredict_result *result,
			const char *path);

#endif
