/* What became of a comment, for the log of a CI; its text into the job summary. */
#ifndef CLI_COMMENT_H
#define CLI_COMMENT_H

#include "parse.h"
#include "text.h"

/* `answer`: cachepredict/comment/1. An exit code: 0, or EXIT_BROKEN when it cannot be written. */
int comment_show(const struct options *o, const struct text *answer);

#endif
