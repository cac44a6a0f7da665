/* `record`: what builds really did, kept for the predictions to come; how right those before were. */
#ifndef CP_RECORD_H
#define CP_RECORD_H

#include "run.h"

/*
 * With logs: one build, read, held against its prediction where one was given, and stored. Else what is asked for: an import, an export,
 * the accuracy. The run's repository is opened only to know which one it is. CP_EUSAGE, CP_EINVAL, CP_EIO and the errors of reading.
 */
int cp_run_record(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);
/* The newest recorded builds of the run's repository. None when nothing is remembered. CP_ENOMEM. */
int cp_run_builds(struct cp_run *run, struct cp_built **ret_builds, size_t *ret_n,
		  struct cp_err *err);

#endif
