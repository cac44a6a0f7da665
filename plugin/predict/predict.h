/*
 * predict/: the operations of the build to come × what the baseline leaves in the cache ─► outcome and first cause of every step.
 * Pure: trees and image configs were plugged in before.
 *
 * The rule is the matching of buildkit-cache-keys.md 3.5. For every operation v of the new build, records(v) are the operations of
 * the old build with the same op digest, whose inputs match one by one: by definition (same selector, and the input's own record
 * matched) or by content. A step hits when a record certainly matches, misses when none can, and depends when only the bytes that
 * a RUN (or an image not looked into) writes decide.
 */
#ifndef CP_PREDICT_PREDICT_H
#define CP_PREDICT_PREDICT_H

#include "base/base.h"
#include "context/context.h"
#include "graph/graph.h"

enum cp_outcome { CP_OUTCOME_HIT, CP_OUTCOME_MISS, CP_OUTCOME_DEPENDS, CP_OUTCOME_UNKNOWN };

enum cp_cause_kind {
	CP_CAUSE_NONE,
	CP_CAUSE_CONTENT_CHANGED,
	CP_CAUSE_MODE_CHANGED,
	CP_CAUSE_PATH_SET_CHANGED,
	CP_CAUSE_IGNORE_FILE_CHANGED,
	CP_CAUSE_INSTRUCTION_CHANGED,
	CP_CAUSE_ARGUMENT_CHANGED,
	CP_CAUSE_ENVIRONMENT_CHANGED,
	CP_CAUSE_BASE_IMAGE_CHANGED,
	CP_CAUSE_PARENT_REBUILDS,
	CP_CAUSE_SOURCE_STAGE_REBUILDS,
	CP_CAUSE_GIT_DIR_IN_CONTEXT,
	CP_CAUSE_NOT_IN_CACHE,
	CP_CAUSE_LAYERS_MISSING,
	CP_CAUSE_NO_CACHE_REQUESTED,
	CP_CAUSE_UNRESOLVED,
};

/* The words of the JSON: "hit", "content-changed". Static. */
const char *cp_outcome_name(enum cp_outcome o);
const char *cp_cause_name(enum cp_cause_kind k);

struct cp_cause {
	enum cp_cause_kind kind;
	struct cp_path_change *paths; /* files, relative to the repository's root */
	size_t n_paths;
	size_t n_paths_total; /* more than n_paths when the list was cut */
	struct cp_str *names; /* variables, arguments, images */
	size_t n_names;
	long step; /* index of the step that this one follows, -1 = it broke by itself */
	struct cp_str message; /* one sentence, already plain text */
	struct cp_str hint;    /* UNRESOLVED: the command that would mend it, "" = none */
};

struct cp_step_result {
	const struct cp_step *step; /* of the new build's graph */
	enum cp_outcome outcome;
	struct cp_cause cause; /* NONE iff outcome is HIT */
	bool has_key;          /* exact keys were asked for, and this one is known */
	struct cp_digest key;  /* digest of its cache record */
};

struct cp_stage_result {
	const struct cp_graph_stage *stage;
	enum cp_outcome outcome; /* the worst of its steps: unknown, miss, depends, hit */
};

/* One side of the comparison. */
struct cp_build {
	const struct cp_graph *graph;
	const struct cp_dockerfile *dockerfile;
	/* File systems of the local contexts by cp_op_source.local_name. */
	struct cp_fs *(*local)(void *self, struct cp_str local_name);
	void *self;
	struct cp_fs
		*unfiltered; /* the main context with no ignore rule applied, NULL = not needed */
	struct cp_str ignore_file; /* path of the ignore file in use, "" = none */
	/* Folder of a local context in the repository, "" = root. NULL = all at the root. */
	struct cp_str (*prefix)(void *self, struct cp_str local_name);
	struct cp_str *ignore_lines; /* of the main context, as cp_ignore_read gives them */
	size_t n_ignore_lines;
	struct cp_str
		context_prefix; /* folder of the context in the repository, "" = root: puts context paths into repository terms */
	bool ignore_differs; /* b only: the ignore rules are not those of a */
};

struct cp_prediction {
	struct cp_step_result
		*steps; /* one per step of b->graph, FROM steps and fetches included */
	size_t n_steps;
	struct cp_stage_result *stages; /* reachable stages only */
	size_t n_stages;
	enum cp_outcome outcome;                    /* of the whole image */
	size_t n_hit, n_miss, n_depends, n_unknown; /* over CP_STEP_OP and CP_STEP_MERGE */
};

/* a: the build whose results are in the cache. CP_ENOMEM, CP_ELIMIT only: what is not known becomes an outcome. */
int cp_predict(struct cp_arena *arena, const struct cp_build *a, const struct cp_build *b,
	       struct cp_prediction *ret_prediction, struct cp_err *err);

/* Stages, counts and the image's outcome from the outcomes of the steps. */
int cp_prediction_sum(struct cp_arena *arena, const struct cp_graph *graph,
		      struct cp_prediction *prediction, struct cp_err *err);

/*
 * Whether both builds give their image the same configuration (CMD, ENV, LABEL, USER and what else the stages of the target say), which
 * is in no key of a step. When in doubt it is another one; `ret_what` is then the instruction that differs, or "the base image". CP_ENOMEM.
 */
int cp_image_config_compare(struct cp_arena *arena, const struct cp_build *a,
			    const struct cp_build *b, bool *ret_same, struct cp_str *ret_what,
			    struct cp_err *err);

/*
 * `paths`: every file of the commit whose bytes, mode or presence can reach a step of the target: what its steps select, links and
 * their targets, the Dockerfile and the ignore file. Sorted, repository paths. `patterns`: the same as a filter that also holds for
 * files that do not exist yet: a folder and all below it, ignore rules negated, last match wins (the language of GitHub workflows).
 */
struct cp_paths {
	struct cp_str *paths, *patterns;
	size_t n_paths, n_patterns;
	bool git_dir; /* .git is in what is copied: every commit changes the image */
};
int cp_paths_collect(struct cp_arena *arena, const struct cp_build *b, const struct cp_str *extra,
		     size_t n_extra, struct cp_paths *ret_paths, struct cp_err *err);

/* The room's other values, with headers of their own. */
#include "predict/cached.h"
#include "predict/key_diff.h"
#include "predict/records.h"

#endif
