/* `record`: what builds really did, kept for the predictions to come; how right those before were. */
#ifndef CP_METHODS_RECORD_INT_H
#define CP_METHODS_RECORD_INT_H

#include "run/run.h"

/*
 * With logs: one build, read, held against its prediction where one was given, and stored. Else what is asked for: an import, an export,
 * the accuracy. The run's repository is opened only to know which one it is. CP_EUSAGE, CP_EINVAL, CP_EIO and the errors of reading.
 */
int cp_run_record(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
