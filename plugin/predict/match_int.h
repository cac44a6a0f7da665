/* Private to predict/: which operations of the old build can stand for an operation of the new one, and why not. */
#ifndef CP_PREDICT_MATCH_INT_H
#define CP_PREDICT_MATCH_INT_H

#include "keys/keys.h"
#include "predict/predict.h"

/* How sure one input, or one record as a whole, matches. */
enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* Why an input does not match, or does not surely. */
enum obstacle {
	OBSTACLE_NONE,
	OBSTACLE_PARENT, /* its operation has no (sure) record, and content does not count for this input */
	OBSTACLE_CONTENT,    /* comparison says DIFFERENT, DEPENDS or UNSURE */
	OBSTACLE_UNRESOLVED, /* the key itself is not known */
};

struct candidate {
	const struct cp_op *record; /* operation of the old build */
	enum match match;
	enum obstacle obstacle;
	size_t input;                           /* the input that decided */
	const struct cp_comparison *comparison; /* CONTENT */
	struct cp_str why;                      /* UNRESOLVED */
	size_t failures;                        /* inputs that do not match */
};

/* What is known of one operation of the new build. */
struct matched {
	CP_VEC(const struct cp_op *) sure, maybe; /* records */
	struct candidate
		best; /* the record that came nearest; record NULL: no operation is alike */
	enum cp_outcome outcome;
	bool unsure; /* outcome would be UNKNOWN rather than DEPENDS for what is built on it */
	const struct cp_op
		*twin; /* of b: DEPENDS because it may take what that one makes, NULL = no */
};

struct side {
	const struct cp_build *build;
	struct cp_op_key *keys;
	struct cp_fs **fs; /* per op, NULL until somebody looks into it */
	char label;        /* 'a' or 'b' */
};

struct matcher {
	struct cp_arena *arena;
	struct side a, b;
	struct matched *ops;     /* per op of b */
	struct cp_map by_digest; /* op digest ─► list of operations of a */
	struct cp_map
		by_parent; /* op digest + the operation it stands on ─► list of operations of a */
	struct cp_map
		standing_on; /* an operation of a ─► list of the operations that stand on it */
	struct cp_map compared; /* (file systems, selectors) ─► struct cp_comparison */
	struct cp_err *err;
};

int matcher_init(struct matcher *m, struct cp_arena *arena, const struct cp_build *a,
		 const struct cp_build *b, struct cp_err *err);
/* Match every operation of b, inputs first. */
int matcher_match(struct matcher *m);
/* The same, and which of those that miss may take what another one makes. */
int matcher_run(struct matcher *m);
/* twins.c: per operation of b, another one that may come to the same key, NULL = none. */
int twins_find(struct matcher *m, const struct cp_op *const **ret_twins);
/* The file system that an operation leaves. */
int matcher_fs(struct matcher *m, struct side *s, const struct cp_op *op, struct cp_fs **ret_fs);

/* The input that is an operation's own file system before it, NULL when it starts from nothing. */
const struct cp_op *match_parent(const struct cp_op *op);

/*
 * Operations over an image whose config is not known (assumed.c). Equal pre-images mean equal operations only when the same fields
 * are assumed of the same image; and unequal ones may be equal after all when they differ only in fields of which one side is
 * assumed and the other is written down.
 */
bool assumptions_differ(const struct cp_op *x, const struct cp_op *y);
bool assumed_may_equal(const struct cp_op *x, const struct cp_op *y);

/* First cause of a step that does not surely hit. */
struct explainer {
	struct matcher *m;
	struct cp_prediction *prediction;
	long *step_of_op; /* per op of b: index of its step, -1 */
	/* steps that count, told by stage and place in it; made by explain_prepare */
	size_t *place;   /* per step of b: its place in its stage */
	long *old_stage; /* per stage of b: the stage of a that it was, -1 */
	struct step_list {
		CP_VEC(const struct cp_step *) steps;
	} * old_steps; /* per stage of a */
};
int explain_prepare(struct explainer *x);
int explain_step(struct explainer *x, size_t step);
/* Why a step is missed, and that its twin may make what it needs. p NULL: no memory. */
struct cp_str twin_message(struct cp_arena *a, struct cp_str why, struct cp_str twin);

/* causes of a changed instruction: what is different between two operations that should have been one */
int explain_instruction(struct explainer *x, size_t step, struct cp_cause *cause);

#endif
