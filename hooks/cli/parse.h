/* argv and the environment ─► struct options. A flag wins over the environment; errors are printed
 * here. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "flags.h"

struct option_values {
	char **items;
	size_t n;
	bool on;  /* FLAG_BOOL */
	bool set; /* by a flag or the environment */
};

struct options {
	enum command command;
	struct option_values values[F_FIRST_DOCKER];
	char *subject;     /* of explain, help, completion */
	char *base, *head; /* of A..B; NULL = not given */
	char *context;     /* NULL = not given */
};

/* 0, or the exit code after an error was printed. */
int options_parse(struct options *o, int argc, char **argv);
void options_release(struct options *o);

/* The last value, NULL when it was not given. */
const char *option_text(const struct options *o, enum flag_id id);
static inline bool option_on(const struct options *o, enum flag_id id)
{
	return o->values[id].on;
}

#endif
