/* Help, the manual page and completions, all from the tables of flags.c. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "flags.h"
#include "text.h"

void help_overview(struct text *out);
void help_command(struct text *out, enum command c);
/* roff, man(7). */
void help_man(struct text *out);
/* false: no such shell. */
bool complete_script(struct text *out, const char *shell);

#endif
