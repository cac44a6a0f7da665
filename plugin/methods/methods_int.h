/* Each fills answer->text and answer->status; the verdict is "undecided" unless it says another one. */
#ifndef CP_METHODS_METHODS_INT_H
#define CP_METHODS_METHODS_INT_H

#include "methods.h"

typedef int cp_method(struct cp_run *run, struct cp_answer *answer, struct cp_err *err);

/* predict.c */
cp_method cp_method_predict, cp_method_explain, cp_method_graph, cp_method_affected,
	cp_method_comment, cp_method_paths, cp_method_keys;

/* paths.c: do the path filters of a workflow start it for everything that the images depend on? Status 1 when not. */
int cp_paths_check(struct cp_run *run, const struct cp_report_paths *images, size_t n,
		   struct cp_answer *answer, struct cp_err *err);

#endif
