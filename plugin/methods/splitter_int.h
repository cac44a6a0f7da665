/* Of split*.c: one requirement file on its way to an answer. */
#ifndef CP_METHODS_SPLITTER_INT_H
#define CP_METHODS_SPLITTER_INT_H

#include "split_int.h"

/* An image that installs the file, as far as that can be told. */
struct cp_split_user {
	size_t image;       /* index in the run */
	struct cp_str step; /* its RUN, as BuildKit names it; "" = not known */
};

/* A requirement file of the run's images. */
struct cp_split_target {
	struct cp_str path;
	CP_VEC(struct cp_split_user) users;
};

struct cp_splitter {
	struct cp_run *run;
	const struct cp_split_target *target;
	struct cp_arena *a;
	struct cp_str path;
	const struct cp_requirements *now;
	const struct cp_churn *churn;
	struct cp_split split;
	struct cp_map ids;  /* key ─► id + 1 */
	uint32_t *layer_of; /* per item of `now`, empty layers left out */
	double *weights;
	size_t n_layers;
	struct cp_report_split report;
	CP_VEC(struct cp_str) notes;
};

int cp_splitter_note(struct cp_splitter *s, struct cp_str text);
/* Of a package by its key; SIZE_MAX = the history has none of it. */
size_t cp_splitter_id(const struct cp_splitter *s, struct cp_str key);

/* split_history.c: the versions of the file, under its older names, too. */
int cp_splitter_history(struct cp_splitter *s, struct cp_err *err);

/* split_costs.c: what packages cost to install: weights of the user, sizes of a lock, or nothing. */
int cp_splitter_weights(struct cp_splitter *s, struct cp_err *err);
/*
 * What the installs of the file took in recorded builds, and what the split would have saved of it; into the report, the partition and the
 * patch are in it. `edited`: the Dockerfiles of the patch. CP_ENOMEM.
 */
int cp_splitter_costs(struct cp_splitter *s, const struct cp_map *edited, struct cp_err *err);

/* split_targets.c: the requirement files that the request means, at least one. CP_ENOTFOUND, CP_EUSAGE. */
int cp_split_targets(struct cp_run *run, struct cp_split_target **ret_targets, size_t *ret_n,
		     struct cp_err *err);

#endif
