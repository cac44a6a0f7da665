/*
 * Why a step has another key: the operations of two builds side by side, down to the first byte of what is hashed that differs, and to
 * the files whose records make a content key another one.
 */
#ifndef CP_PREDICT_KEY_DIFF_H
#define CP_PREDICT_KEY_DIFF_H

#include "predict/records.h"

/* The record of a file, link or folder: what is hashed of it is this header and then its bytes. */
struct cp_key_record {
	bool there, known;
	struct cp_digest digest;
	struct cp_str header; /* "namemode420uid0gid0size6typeflag0linkname..." */
};
struct cp_key_file {
	struct cp_str path; /* in the file system that is selected from */
	struct cp_key_record a, b;
};

struct cp_key_input_diff {
	size_t input;
	struct cp_str selector_a,
		selector_b; /* pre-images, paths joined by a zero byte; equal = it does not differ */
	bool content_differs;
	bool known_a, known_b; /* content digests; zero when not known */
	struct cp_digest content_a, content_b;
	struct cp_str unknown;     /* why one is not known */
	struct cp_key_file *files; /* that differ, CP_MAX_CAUSE_PATHS of them, in path order */
	size_t n_files, n_files_total;
};

enum cp_key_change {
	CP_KEY_ADDED,   /* only b has it */
	CP_KEY_REMOVED, /* only a has it */
	CP_KEY_CHANGED,
	CP_KEY_FOLLOWS, /* itself the same; what it stands on is not */
};

struct cp_key_step_diff {
	enum cp_key_change change;
	struct cp_str step_a, step_b; /* names, "" where there is none */
	struct cp_digest op_a, op_b;
	struct cp_str unknown; /* why a digest is not BuildKit's, "" = it is */
	bool op_differs;
	struct cp_str preimage_a, preimage_b; /* as hashed */
	struct cp_str readable_a,
		readable_b;      /* the same with the actions of a file operation decoded */
	size_t first_difference; /* byte of the pre-images; of their end when one is a prefix */
	size_t first_readable;   /* of the readable forms */
	struct cp_str follows;   /* name of the first input that differs, "" = none */
	struct cp_key_input_diff *inputs; /* that differ by themselves */
	size_t n_inputs;
};

struct cp_key_diff {
	struct cp_key_step_diff
		*steps; /* in build order; those that are the same are counted only */
	size_t n_steps, n_same;
};

/* CP_ENOMEM, CP_ELIMIT; what cannot be known is said in the rows. */
int cp_key_diff_make(struct cp_arena *arena, const struct cp_build *a, const struct cp_build *b,
		     const struct cp_hasher *hasher, struct cp_key_diff *ret_diff,
		     struct cp_err *err);

#endif
