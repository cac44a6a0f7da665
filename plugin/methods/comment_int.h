/* The method `comment`: the answer of predict, as the one comment of ours on a pull request. */
#ifndef CP_METHODS_COMMENT_INT_H
#define CP_METHODS_COMMENT_INT_H

#include "run/run.h"

/*
 * After the images ran and the report is filled: posts, and writes what became of it (`cachepredict/comment/1`, or the comment itself for
 * the format markdown). A forge that refuses or cannot be reached is no error: the answer says so, *ret_status stays, or becomes 6 where
 * the request is strict. CP_EUSAGE: the request names what does not exist. CP_EUNSUPPORTED for a format.
 */
int cp_run_comment(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
