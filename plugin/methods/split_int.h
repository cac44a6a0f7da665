/* The method `split`: a requirement file and its history ─► layers, the proof that they pay, and a patch. */
#ifndef CP_METHODS_SPLIT_INT_H
#define CP_METHODS_SPLIT_INT_H

#include "patch/patch.h"
#include "requirements/requirements.h"
#include "run/run.h"

/* split.c. *ret_status: 0, or 4 when pip would reject a line. CP_ENOTFOUND: no such file; CP_EUNSUPPORTED: no patch, with the reason. */
int cp_run_split(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err);

/* The choice of `split`, to be carried out in other commits: their files have other versions, and some other packages. */
struct cp_split_plan {
	struct cp_str path; /* of the file */
	struct cp_str *
		layers; /* paths of the files before it, in order; the last layer is the file itself */
	size_t n_layers; /* of them, at least one */
	struct cp_map
		layer_of; /* key of a package ─► its layer + 1; the others are in the last one */
	int64_t scored_from;          /* time of the first change that it was not chosen on */
	struct cp_str action, reason; /* what `split` says */
};
/* In the run's arena. CP_EUNSUPPORTED: no partition, with the reason; the errors of cp_run_split. */
int cp_split_plan(struct cp_run *run, struct cp_split_plan *ret_plan, struct cp_err *err);

/* ---- split_plan.c ---- */

struct cp_split_files;
/* Path of the Dockerfile of an image; p NULL: no memory. */
struct cp_str cp_split_dockerfile_of(struct cp_arena *a, const struct cp_image_request *image);
/* The patch for one image. CP_EUNSUPPORTED: it cannot be made by rule, with the reason; CP_ENOTFOUND: there is no Dockerfile, or nothing in it to edit. */
int cp_split_print(struct cp_arena *a, struct cp_tree *tree, const struct cp_image_request *image,
		   const struct cp_split_files *files, struct cp_buf *out, struct cp_err *err);
/*
 * The patch for all images of the run: the files once, and every Dockerfile that copies the file by its name. Those in `edited` are not
 * edited again; the others come into it. CP_EUNSUPPORTED: one of them cannot be edited by rule, or none needs it, with the reason.
 */
int cp_split_print_all(struct cp_run *run, const struct cp_split_files *files,
		       struct cp_map *edited, struct cp_buf *out, struct cp_err *err);
/* The patch that carries the plan out in a tree. The same errors. */
int cp_split_plan_print(const struct cp_split_plan *plan, struct cp_arena *a, struct cp_tree *tree,
			const struct cp_image_request *image, struct cp_buf *out,
			struct cp_err *err);

/* ---- split_patch.c ---- */

/* How one file becomes several. */
struct cp_split_files {
	struct cp_str path; /* of the file */
	struct cp_str *
		layers; /* paths of the files before it, in order; the last layer is the file itself */
	size_t n_layers; /* of them */
	const struct cp_requirements *all;
	const uint32_t *layer_of; /* per item */
};
/* Every file's edits as a diff. CP_EUNSUPPORTED: the text cannot be cut, with the reason. */
int cp_split_files_print(struct cp_arena *a, const struct cp_split_files *files, struct cp_buf *out,
			 struct cp_err *err);

/* ---- split_dockerfile.c ---- */

/*
 * The Dockerfile's edits: every COPY of the file and the RUN that installs it become one pair a layer. `context`: folder that COPY reads
 * from, "." = root. CP_EUNSUPPORTED: it cannot be edited by rule, with the reason. CP_ENOTFOUND: it does not install the file, or as a part of
 * the whole context (err->line), where other files come along; it works as it is.
 */
int cp_split_dockerfile(struct cp_arena *a, struct cp_str text, struct cp_str name,
			struct cp_str context, const struct cp_split_files *files,
			struct cp_patch_lines *ret_edits, struct cp_err *err);

#endif
