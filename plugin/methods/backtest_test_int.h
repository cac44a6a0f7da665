/* Of backtest.c and backtest_edit.c: one image over the history. */
#ifndef CP_METHODS_BACKTEST_TEST_INT_H
#define CP_METHODS_BACKTEST_TEST_INT_H

#include "seen_int.h"
#include "backtest_sums_int.h"
#include "predict/replay.h"
#include "run/pool.h"
#include "what_if_int.h"

/* One commit. */
struct cp_test_commit {
	struct cp_trace *trace;
	struct cp_replayed replayed;
	struct cp_backtest_commit *out;
	struct cp_oid split_file; /* of the commit, when one is split */
	struct cp_oid *watched;   /* of the files of all installs, one after the other */
};

/* One image over the history. */
struct cp_test {
	struct cp_run *run;
	const struct cp_commit *commits; /* the oldest first */
	size_t n;
	struct cp_image_request request;
	struct cp_str platform;
	struct cp_image_memo *memo;
	struct cp_replay *replay;
	struct cp_arena
		*arenas[CP_MAX_THREADS]; /* what lives as long as the test; 0 is the caller's */
	struct cp_contents *contents[CP_MAX_THREADS];
	unsigned threads;
	struct cp_test_commit *all;
	size_t *build_to_commit;
	size_t n_builds;
	size_t first;                      /* of the chunk at hand */
	size_t before, pieces;             /* for the progress: done before this test; of all */
	const struct cp_what_if *edit;     /* NULL: as it was */
	const struct cp_costs *costs;      /* NULL: nothing was recorded */
	const struct cp_install *installs; /* of the newest commit */
	size_t n_installs, n_watched;
	struct cp_backtest_commit *out; /* per commit */
	size_t n_out;                   /* of them, done */
};

/* Empty sums of a test. */
struct cp_sums cp_test_sums(const struct cp_test *t);
/* Which installs have the files of the commit before, into the commit. CP_ENOMEM. */
int cp_test_note_unchanged(const struct cp_test *t, size_t commit);

/* backtest_edit.c: what the edit of a test changed against the same commits without it. CP_ENOMEM. */
int cp_test_sum_edit(const struct cp_test *t, const struct cp_backtest_commit *without, size_t n,
		     struct cp_backtest_edit *out);

#endif
