/* The plugin: where it is looked for, and how it is opened. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stdbool.h>

#include "cachepredict/plugin.h"

struct loaded {
	void *handle;
	const struct cachepredict_plugin *plugin;
	struct cachepredict_context *context;
	char *path;
};

/*
 * `asked`: of --plugin or CACHEPREDICT_PLUGIN, NULL = beside this program, then
 * ../lib/cachepredict. `takes_long`: the call shows how far it is, and Ctrl-C ends it rather than
 * the program. Prints what is wrong. 0, or the exit code.
 */
int plugin_load(const char *asked, bool takes_long, struct loaded *ret_loaded);
void plugin_unload(struct loaded *l);

#endif
