/* A call that can be stopped: a bar on standard error of a terminal, and a signal that asks for what is done so far, or for it to be undone. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cachepredict/plugin.h"

/* Fills in progress and is_cancelled. The first SIGINT or SIGTERM asks the call to end, the second one ends the program. */
void progress_install(struct cachepredict_host *host);
/* Takes the bar away. 1 when there was a signal. */
int progress_end(void);

#endif
