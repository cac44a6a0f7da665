/*
 * predict/: builds one after the other on one builder whose cache keeps everything ─► what each of them finds there.
 * Pure: the builds were put together before.
 *
 *   cp_build ─► cp_trace (what a build asks a cache for; any thread, no files kept) ─► cp_replay_add, the oldest build first
 *
 * The rule is the matching of buildkit-cache-keys.md 3.5 over the records of all builds so far, so that a revert hits again. A record
 * has per input the records that it stood on and the content that it took. Content is told apart by object ids (no blob is read), and
 * what a RUN or an image leaves is open: a record that only such content decides may match, which is `depends`.
 */
#ifndef CP_PREDICT_REPLAY_H
#define CP_PREDICT_REPLAY_H

#include "predict/predict.h"

/* What is remembered of contents from build to build; one thread at a time. */
struct cp_contents;
/* NULL: no memory. */
struct cp_contents *cp_contents_new(void);
void cp_contents_free(struct cp_contents *c);

struct cp_trace_input;
struct cp_trace_op {
	const struct cp_op *op;
	struct cp_digest digest; /* of the pre-image */
	struct cp_digest full;   /* the same, and what was assumed of an image */
	bool random, unresolved;
	bool absent; /* a path that it takes of a context is not in the repository */
	struct cp_trace_input *inputs;
	size_t twin; /* index + 1 of another operation of the build that may come to the same key; 0 = none */
};

struct cp_trace {
	const struct cp_graph *graph; /* borrowed: of the build, must live as long as the replay */
	struct cp_trace_op *ops;      /* by cp_op.index */
	bool absent;                  /* one of the operations is */
};

/* In `a`; `scratch` is for what is needed meanwhile. CP_ENOMEM, CP_ELIMIT. */
int cp_trace_make(struct cp_arena *a, struct cp_arena *scratch, const struct cp_build *b,
		  struct cp_contents *contents, struct cp_trace **ret_trace, struct cp_err *err);

/*
 * Per step of the graph: what it says and takes itself, whatever it stands on. Equal in two builds: nothing of its own changed. What it takes
 * of a stage counts as all that this stage is made of. CP_ENOMEM.
 */
int cp_trace_own(struct cp_arena *a, const struct cp_trace *t, struct cp_digest **ret_own,
		 struct cp_err *err);

struct cp_replay;
/* NULL: no memory. */
struct cp_replay *cp_replay_new(void);
void cp_replay_free(struct cp_replay *r);

#define CP_REPLAY_NONE SIZE_MAX
struct cp_replayed {
	enum cp_outcome *outcomes; /* per step of the graph, in the arena given */
	/*
	 * The build, counted from 0 in the order of adding, that a reader should hold this one against: the last one that had what the first
	 * step that does not hit stands on. CP_REPLAY_NONE for the first.
	 */
	size_t nearest;
};
/*
 * The next build; the trace must live as long as the replay. It is taken to succeed: a path that is not in the repository may be made before
 * the build, and is unknown. CP_ENOMEM, CP_ELIMIT (over CP_MAX_REPLAY_RECORDS).
 */
int cp_replay_add(struct cp_replay *r, struct cp_arena *a, const struct cp_trace *t,
		  struct cp_replayed *ret_replayed, struct cp_err *err);

#endif
