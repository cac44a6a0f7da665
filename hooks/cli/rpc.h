/* `cachepredict rpc`: the plugin for hosts that cannot dlopen. One request a line in, one answer a
 * line out, in order. */
#ifndef CLI_RPC_H
#define CLI_RPC_H

#include "load.h"

#define RPC_MAX_LINE                                                                               \
	((size_t)16 << 20) /* bytes; a longer line is answered with an error and skipped */

/* Until the input ends. Returns the exit code. */
int rpc_serve(struct loaded *l);

#endif
