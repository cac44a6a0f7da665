/*
 * The cache records that a build leaves: every digest of a cacheconfig, computed before the build (buildkit-cache-keys.md 3.1, 3.2).
 */
#ifndef CP_PREDICT_RECORDS_H
#define CP_PREDICT_RECORDS_H

#include "predict/predict.h"

struct cp_record_link {
	bool has_selector;
	struct cp_digest selector;
	struct cp_digest record; /* digest of the record that it leads to */
	struct cp_str unknown;   /* where it leads is not known: why, "" = known */
};
struct cp_record_input {
	struct cp_record_link *links;
	size_t n_links;
	struct cp_str unknown; /* a link by content that is not known: why, "" = none */
};
struct cp_record {
	struct cp_digest digest;    /* OUT(op, 0), or OUT(content, -1) */
	const struct cp_op *op;     /* NULL: a content record */
	struct cp_digest op_digest; /* of the pre-image; of the content */
	struct cp_str preimage;     /* "" for content */
	struct cp_str step;         /* name of the step, "" = none */
	struct cp_record_input *inputs;
	size_t n_inputs;
	struct cp_str unknown; /* its own digest is not known: why, "" = known */
};
struct cp_records {
	struct cp_record *items;
	size_t n;
};

int cp_records_collect(struct cp_arena *arena, const struct cp_build *b,
		       const struct cp_hasher *hasher, struct cp_records *ret_records,
		       struct cp_err *err);

#endif
