/* What the findings of `advise` cost, by the builds of a history: as they were, and as they would have been. */
#ifndef CP_METHODS_STAKES_INT_H
#define CP_METHODS_STAKES_INT_H

#include "advise/advise.h"
#include "backtest_int.h"

/* What the builds did with the steps of the newest of them, whose graph it is; NULL where that says nothing. CP_ENOMEM. */
int cp_stakes_history(struct cp_arena *a, const struct cp_backtest_image *image,
		      const struct cp_graph *graph, const struct cp_step_history **ret_history,
		      struct cp_err *err);
/*
 * What is at stake, into the report of image `at`; what was to be proved and was not, is no finding any more. Replays the history once
 * for each finding that can be tried out. CP_ENOMEM, CP_ECANCELLED.
 */
int cp_stakes_find(struct cp_run *run, struct cp_backtest *history, size_t at,
		   struct cp_report_advice *report, struct cp_err *err);

#endif
