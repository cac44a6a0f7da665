/* What the builds of commits come to. */
#ifndef CP_METHODS_BACKTEST_SUMS_INT_H
#define CP_METHODS_BACKTEST_SUMS_INT_H

#include "seen_int.h"
#include "decide/decide.h"
#include "report/backtest.h"

/* Steps that count: neither FROM nor downloads. */
static inline bool cp_backtest_counts(const struct cp_step *s)
{
	return s->kind == CP_STEP_OP || s->kind == CP_STEP_MERGE;
}

/* Of the RUN steps that name the file: 0 all hit, 1 all may, 2 one runs; -1 there is none. */
int cp_backtest_fate(const struct cp_backtest_commit *c, struct cp_str file);

struct cp_sums {
	struct cp_arena *a;
	const struct cp_costs *costs; /* NULL: nothing was recorded */
	struct cp_str image;          /* its name, for the costs */
	const struct cp_install *installs;
	size_t n_installs;
	struct cp_map steps; /* stage and text ─► struct cp_backtest_step */
	struct cp_backtest_totals totals;
};

/* The commit that fills the cache, which does not count: what its steps are made of. CP_ENOMEM. */
int cp_sums_start(struct cp_sums *s, const struct cp_backtest_commit *c);
/* A commit that was built. CP_ENOMEM. */
int cp_sums_add(struct cp_sums *s, const struct cp_backtest_commit *c, size_t commit);
/* Steps in the order of how often they ran; the totals with what is known of their costs. CP_ENOMEM. */
int cp_sums_end(struct cp_sums *s, struct cp_backtest_totals *ret_totals,
		struct cp_backtest_step **ret_steps, size_t *ret_n);

#endif
