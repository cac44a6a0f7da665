/* How the helper ends: its exit codes, and errors as people read them. */
#ifndef CLI_FAIL_H
#define CLI_FAIL_H

#include <stdint.h>

#include "cachepredict/plugin.h"

#define EXIT_ANSWERED 0
#define EXIT_GATE 1 /* a gate asked for with --fail-on fired, or paths --check found a gap */
#define EXIT_USAGE 2
#define EXIT_NOTHING 3   /* no repository, revision, Dockerfile: nothing to predict */
#define EXIT_INPUT 4     /* an input cannot be parsed */
#define EXIT_UNDECIDED 5 /* --strict and something is unknown */
#define EXIT_NETWORK 6
#define EXIT_INTERRUPTED 130 /* a signal; what was done until then was printed */
#define EXIT_BROKEN 7        /* no plugin, out of memory, disk or pipe failed, our own mistake */

/* "cachepredict: message" on stderr, with "hint: ..." below when there is one. Returns the exit
 * code given. */
int fail(int exit_code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An error of the plugin: with a position, its source line and a caret. Returns its exit code. */
int fail_plugin(const struct cachepredict_error *e);
int exit_code_of(int32_t error_code);
/* The code as a word: "invalid", "not-found" ... */
const char *error_name(int32_t error_code);

#endif
