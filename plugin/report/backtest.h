/* report/: builds of a row of commits ─► text. */
#ifndef CP_REPORT_BACKTEST_H
#define CP_REPORT_BACKTEST_H

#include "decide/decide.h"
#include "predict/predict.h"
#include "report/report.h"

/* A step of one commit that does not surely hit. */
struct cp_backtest_miss {
	const struct cp_step *step;
	enum cp_outcome outcome;
	struct cp_cause
		cause; /* `step` is the index of a step in the graph; NONE: not looked for */
};

struct cp_backtest_commit {
	struct cp_str hex, subject;
	int64_t time;
	bool built;                      /* else `error` says why not */
	bool absent;                     /* a path that it takes is not in the repository */
	const struct cp_graph *graph;    /* NULL unless built */
	const struct cp_digest *own;     /* per step of it: what it says and takes itself */
	const enum cp_outcome *outcomes; /* per step of the graph */
	struct cp_backtest_miss *misses; /* steps that count, in the order of the file */
	size_t n_misses, n_hits;
	enum cp_outcome outcome; /* the worst of its steps */
	struct cp_err error;
	const bool *
		unchanged; /* per install of the newest commit: its files are those of the commit before */
	/* with an edit */
	bool edited; /* it fits, and is in what was built */
	bool scored; /* it counts: one before it had the edit, too, which was not chosen on it */
	struct cp_str why_not; /* it does not fit: which hunk of which file, or what is not there */
	struct cp_str patch;   /* of a split: the edit of this commit; "" = none, or nobody asked */
};

/* A step over all commits: the same stage, text and place among those with the same text, whatever its number. */
struct cp_backtest_step {
	const struct cp_step *step; /* of the last commit that has it */
	struct cp_str stage, text;
	size_t occurrence;  /* 0 = the first with that text in its stage */
	size_t n_same;      /* of the first: so many have its text in that commit */
	size_t n;           /* commits whose build has it */
	size_t outcomes[4]; /* by enum cp_outcome */
	size_t n_first;     /* it broke by itself, and others followed or not */
	size_t causes[CP_CAUSE_UNRESOLVED + 1];
	size_t last; /* index of the newest commit whose build has it */
	struct cp_str
		installs; /* "pip install": packages, from files of the context alone; "" = not known to */
	size_t n_wasted; /* of its runs: no file that it reads had changed since the commit before */
	size_t n_idle;   /* ... of one that builds: nothing of the folder had that it builds from */
	size_t n_changed; /* builds in which it says or takes something else than the build before */
	struct cp_digest own; /* what it says and takes in the newest of them, */
	bool has_own;         /* if that is known */
	struct cp_cost cost;  /* when it runs, from recorded builds */
};

struct cp_backtest_totals {
	size_t n;             /* commits */
	size_t n_built;       /* of them, with a build */
	size_t by_outcome[4]; /* of those */
	size_t steps[4];      /* steps of all of them, by outcome */
	size_t n_absent;
	size_t runs, runs_missed; /* RUN steps; those that ran again for certain */
	size_t runs_hit;          /* those that were there for certain */
	size_t installs_missed,
		installs_wasted; /* of those, RUN steps that install; that had no reason to */
	size_t steps_timed;      /* of the steps that miss, those whose cost is known */
	int64_t ms, low, high;   /* what those cost */
	int64_t wasted_ms;
};

/* A file that a split moves packages to. */
struct cp_backtest_layer {
	struct cp_str file;
	size_t n_kept; /* scored changes of the requirement file that leave its RUN in the cache */
	size_t n_may;  /* ... that may */
};

/* The same history with an edit in every commit where it fits. */
struct cp_backtest_edit {
	struct cp_str label;                /* as it was asked for */
	struct cp_backtest_commit *commits; /* as those of the image; no causes */
	size_t n_commits;
	size_t n_edited, n_scored;
	struct cp_backtest_totals before, after; /* of scored commits */
	struct cp_backtest_step *steps;          /* after */
	size_t n_steps;
	struct cp_str file; /* that is split, "" = a patch */
	size_t n_changes;   /* scored commits that change it */
	struct cp_backtest_layer *layers;
	size_t n_layers;
	struct cp_str action, reason; /* what `split` says */
};

struct cp_backtest_image {
	const struct cp_image_request *request;
	struct cp_str platform;
	struct cp_backtest_commit
		*commits; /* the oldest first; commits[0] filled the cache and does not count */
	size_t n_commits;
	struct cp_backtest_totals totals;
	struct cp_backtest_step *steps; /* the one that runs most often first */
	size_t n_steps;
	struct cp_backtest_edit *edits;
	size_t n_edits;
	struct cp_str *assumptions; /* of the newest build */
	size_t n_assumptions;
	struct cp_err error; /* code 0 = fine */
};

struct cp_report_backtest {
	struct cp_str head_rev, head_commit;
	size_t n_asked; /* commits that were asked for */
	bool cancelled; /* what was done until then is here */
	struct cp_backtest_image *images;
	size_t n_images;
};

/* "table", "json", "markdown", "html" (one page, backtest_html.c). CP_EUNSUPPORTED, CP_ELIMIT, CP_ENOMEM. */
int cp_report_backtest(const struct cp_report_backtest *b, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

void cp_backtest_html(const struct cp_report_backtest *b, struct cp_buf *out);

#endif
