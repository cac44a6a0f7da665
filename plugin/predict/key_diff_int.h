/* Private to predict/: two builds while their keys are held side by side. */
#ifndef CP_PREDICT_KEY_DIFF_INT_H
#define CP_PREDICT_KEY_DIFF_INT_H

#include "predict/key_diff.h"
#include "predict/match_int.h"

struct differ {
	struct matcher m;
	const struct cp_hasher *hasher;
	const struct cp_op **pair_of_b; /* by index of b: the operation of a, NULL = none */
	bool *paired_a;
	struct cp_str *names_a, *names_b; /* by index */
	bool *differs;                    /* by index of b: its record is another one */
	CP_VEC(struct cp_key_step_diff) steps;
	size_t n_same;
};

/* Selector and content of one input of a pair. */
int differ_input(struct differ *d, const struct cp_op *x, const struct cp_op *y, size_t input,
		 struct cp_key_input_diff *in, bool *ret_differs);

#endif
