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
 * ../lib/cachepredict. `may_stop`: the call shows how far it is, and a signal ends it rather than
 * the program. Prints what is wrong. 0, or the exit code.
 */
int plugin_load(const char *asked, bool may_stop, struct loaded *ret_loaded);
void plugin_unload(struct loaded *l);

#endif
