/* A long call on a terminal: a bar on standard error, and Ctrl-C that asks for what is done so far. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cachepredict/plugin.h"

/* Fills in progress and is_cancelled. The first Ctrl-C asks the call to end, the second one ends the program. */
void progress_install(struct cachepredict_host *host);
/* Takes the bar away. 1 when somebody pressed Ctrl-C. */
int progress_end(void);

#endif
