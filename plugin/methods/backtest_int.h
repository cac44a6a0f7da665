/* The method `backtest`: the builds of the last commits, one after the other, as one builder that keeps its cache sees them. */
#ifndef CP_METHODS_BACKTEST_INT_H
#define CP_METHODS_BACKTEST_INT_H

#include "report/backtest.h"
#include "run/run.h"

struct cp_backtest;
struct cp_what_if;
/* The replay of all images of the run; what the report points to lives until cp_backtest_free. The same errors. */
int cp_backtest_new(struct cp_run *run, struct cp_backtest **ret_backtest, struct cp_err *err);
/*
 * The history of an image once more, with an edit; held against `n` commits without it (of the report, or of another try). No part of the
 * report; what it points to lives until cp_backtest_free. CP_ENOMEM, CP_ELIMIT, CP_ECANCELLED.
 */
int cp_backtest_try(struct cp_backtest *b, size_t image, const struct cp_what_if *edit,
		    const struct cp_backtest_commit *without, size_t n,
		    struct cp_backtest_edit *ret_edit, struct cp_err *err);
/* NULL is fine. To be called after a failed cp_backtest_new, too. */
void cp_backtest_free(struct cp_backtest *b);
const struct cp_report_backtest *cp_backtest_report(const struct cp_backtest *b);

/* *ret_status as of the helper: 0, or what keeps every image from being built. CP_ENOTFOUND, CP_EUSAGE, CP_ENOMEM. */
int cp_run_backtest(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

#endif
