/* The method `backtest`: the builds of the last commits, one after the other, as one builder that keeps its cache sees them. */
#ifndef CP_BACKTEST_H
#define CP_BACKTEST_H

#include "report/backtest.h"
#include "run.h"

/* *ret_status as of the helper: 0, or what keeps every image from being built. CP_ENOTFOUND, CP_EUSAGE, CP_ENOMEM. */
int cp_run_backtest(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
