/* What a backtest puts into every commit: a patch as it is, the split of a requirement file, made anew for each, lines of an ignore file, an argument. */
#ifndef CP_METHODS_WHAT_IF_INT_H
#define CP_METHODS_WHAT_IF_INT_H

#include "run/run.h"
#include "split_int.h"

struct cp_what_if;
/*
 * `text`: a path on disk, "split", or "split:FILE". Lives in the run's arena; any thread may use it. CP_ENOTFOUND, CP_EINVAL with a position in
 * the patch, CP_EUNSUPPORTED (there is no split), CP_EUSAGE.
 */
int cp_what_if_open(struct cp_run *run, struct cp_str text, const struct cp_what_if **ret_edit,
		    struct cp_err *err);
/* A unified diff as text, which `name` says the origin of. Borrows both. CP_EINVAL, CP_ENOMEM. */
int cp_what_if_patch(struct cp_run *run, struct cp_str text, struct cp_str name,
		     const struct cp_what_if **ret_edit, struct cp_err *err);
/* Lines at the end of the image's ignore file, which is made where there is none. Borrows them. CP_ENOMEM. */
int cp_what_if_ignore(struct cp_run *run, struct cp_str lines, const struct cp_what_if **ret_edit,
		      struct cp_err *err);
/* A build argument that has another value at every commit. Borrows the name. CP_ENOMEM. */
int cp_what_if_argument(struct cp_run *run, struct cp_str name, const struct cp_what_if **ret_edit,
			struct cp_err *err);
/* The name of that argument, "" for any other edit. */
struct cp_str cp_what_if_changing(const struct cp_what_if *edit);
/* What is split, NULL for any other edit. */
const struct cp_split_plan *cp_what_if_plan(const struct cp_what_if *edit);

struct cp_edited {
	struct cp_tree *tree; /* NULL: it does not fit, or there is none to edit */
	struct cp_str patch;  /* of a split: what was applied */
	struct cp_str why;    /* it does not fit: which hunk of which file, or what is not there */
};
/*
 * A tree with the edit, which borrows `tree`, and the caller frees. Texts are in `a`. CP_ENOMEM, CP_ECANCELLED; what does not fit is no error.
 */
int cp_what_if_apply(const struct cp_what_if *edit, struct cp_arena *a,
		     const struct cp_image_request *image, struct cp_tree *tree,
		     struct cp_edited *ret_edited, struct cp_err *err);

#endif
