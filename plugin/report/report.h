/*
 * report/: answers ─► text for machines and people: JSON, table, Markdown, Mermaid, dot. Pure; all text from the repository is
 * escaped for its format here and nowhere else (terminal: no control characters; Markdown: no markup, no HTML, no mentions).
 */
#ifndef CP_REPORT_REPORT_H
#define CP_REPORT_REPORT_H

#include "base/base.h"
#include "advise/advise.h"
#include "builds/builds.h"
#include "decide/decide.h"
#include "predict/predict.h"
#include "project/project.h"
#include "requirements/requirements.h"

/* One image of an answer. */
/* A changed file of requirements: which packages differ. None, and no option: comments, order or white space. */
struct cp_report_packages {
	struct cp_str path;
	struct cp_req_change *changes; /* before, after: not kept */
	size_t n;
	bool options; /* something else than packages, too */
};

struct cp_report_image {
	const struct cp_image_request *request;
	struct cp_str platform;           /* "linux/amd64" */
	struct cp_str dockerfile;         /* path in the repository */
	struct cp_str ignore_file;        /* "" = none */
	struct cp_str target;             /* stage name */
	const struct cp_graph *graph;     /* NULL when it failed */
	const struct cp_profile *profile; /* whose rules were followed; NULL when it failed */
	struct cp_prediction prediction;
	struct cp_report_packages *packages; /* of paths in its causes */
	size_t n_packages;
	/* caches that were looked into: values of --cache-from, and per step which of them have it (bit i: caches[i]) */
	const struct cp_str *caches;
	size_t n_caches;
	const uint64_t *holders;     /* NULL = none was */
	const struct cp_cost *costs; /* per step; NULL = no build was recorded */
	struct cp_str *assumptions;  /* of the graph and of the run */
	size_t n_assumptions;
	struct cp_err error; /* code 0 = fine; else this image has no answer and the others do */
};

struct cp_report {
	struct cp_str base_rev, base_commit,
		base_why; /* why this base: "merge base with origin/main", "" = asked for */
	struct cp_str head_rev, head_commit; /* commit "" for the index and the work tree */
	struct cp_str builder_kind, builder_frontend,
		builder_daemon; /* "buildkit", "0.34", "0.34" */
	struct cp_report_image *images;
	size_t n_images;
	struct cp_str
		*cache_from; /* refs worth importing, the best first, as --cache-from values */
	size_t n_cache_from;
	struct cp_str action,
		reason; /* verdict: "undecided", "skip-build", "reuse-cache", "build-without-import" */
	const struct cp_decision *decision; /* all of the verdict, NULL = none was made */
	bool has_costs;                     /* builds of the repository were recorded */
	struct cp_accuracy accuracy;        /* of their predictions */
	struct cp_str *notes;
	size_t n_notes;
};

enum cp_format {
	CP_FORMAT_JSON,
	CP_FORMAT_TABLE,
	CP_FORMAT_MARKDOWN,
	CP_FORMAT_MERMAID,
	CP_FORMAT_DOT,
	CP_FORMAT_SVG,
	CP_FORMAT_HTML,
	CP_FORMAT_JUNIT,
	CP_FORMAT_DOTENV,
	CP_FORMAT_GITHUB_OUTPUT,
	CP_FORMAT_ANNOTATIONS
};
/* By the name that people give it; "" is JSON. CP_EUNSUPPORTED, with all names. */
int cp_format_parse(struct cp_str name, enum cp_format *ret_format, struct cp_err *err);
struct cp_report_style {
	bool color;
	int width;      /* columns, 80 when 0 */
	bool ascii;     /* no characters outside ASCII of our own */
	bool pretty;    /* JSON: indented by two spaces */
	unsigned fails; /* JUnit: outcomes that fail a test, 1 << CP_OUTCOME_... */
};

/* The prediction (`cachepredict/prediction/1` for JSON). */
int cp_report_prediction(const struct cp_report *r, enum cp_format format,
			 const struct cp_report_style *style, struct cp_buf *out,
			 struct cp_err *err);

/* ---- annotations: the lines that break, the images that cannot be predicted ---- */

struct cp_report_annotation {
	struct cp_str path;    /* of the repository */
	int line;              /* from 1 on */
	struct cp_str message; /* plain, one line, shortened */
	bool is_error;
};
/* In the order of the images and their steps; texts are for the time of the call. Stops at a result that is not 0, and gives it back. */
int cp_report_each_annotation(const struct cp_report *r,
			      int (*visit)(void *self, const struct cp_report_annotation *a),
			      void *self);

/* ---- a pull request's comment ---- */

struct cp_report_comment {
	const struct cp_report *report;
	/* a split of a requirement file that this change touches would pay, and how much; file "" = none would */
	struct cp_str split_file, split_reason;
	struct cp_str advice; /* Markdown that cp_report_advice made, "" = none */
	size_t max_bytes;
	bool html, mermaid; /* what the forge's Markdown knows */
};
/* At most max_bytes, shortened between lines. */
int cp_report_comment(const struct cp_report_comment *c, struct cp_buf *out, struct cp_err *err);
/* Every step of every image is cached: there is nothing to say. */
bool cp_report_is_quiet(const struct cp_report *r);
/* "6 of 9 steps rebuild, 1 may": no text of a stranger in it. */
void cp_report_headline(const struct cp_report *r, struct cp_buf *out);

/* `explain`: one step by name, number or "STAGE N/M"; or every step that a path reaches. */
int cp_report_explain(struct cp_arena *a, const struct cp_report *r, struct cp_str what,
		      enum cp_format format, const struct cp_report_style *style,
		      struct cp_buf *out, struct cp_err *err);
/* `graph`: stages, steps and edges with outcomes (Mermaid, dot). */
int cp_report_graph(const struct cp_report *r, enum cp_format format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/*
 * `affected`: format "json" or "" (`cachepredict/affected/1`), "matrix" (one line, {"include": [...]}, for the output of a CI's job),
 * "table". CP_EUNSUPPORTED for another.
 */
int cp_report_affected(const struct cp_report *r, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/* ---- paths ---- */

struct cp_report_paths {
	struct cp_str name;
	const struct cp_paths *paths;
	const struct cp_err *error; /* code 0 = fine */
};
/*
 * What images depend on. format: "json" (`cachepredict/paths/1`), "list" (paths, one a line), "github" (a `paths:` filter to paste);
 * "" = json. CP_EUNSUPPORTED for another.
 */
int cp_report_paths(const struct cp_report_paths *images, size_t n, struct cp_str format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/* ---- keys ---- */

struct cp_report_keys {
	struct cp_str name;
	const struct cp_records *records;
	const struct cp_str
		*assumptions; /* why something is null, beside the record's own reason */
	size_t n_assumptions;
};
/* Every record that the builds leave (`cachepredict/keys/1`), with the hashed bytes when `preimage`. */
int cp_report_keys(const struct cp_report_keys *images, size_t n, bool preimage,
		   const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

struct cp_report_key_diff {
	struct cp_str name;
	const struct cp_key_diff *diff;
};
/*
 * Why steps have another key at head than at base: both pre-images with the first byte that differs, both records of the files that make
 * a content key another one. JSON (`cachepredict/keys-diff/1`) or, for any other format, text for people.
 */
int cp_report_key_diff(const struct cp_report *r, const struct cp_report_key_diff *images, size_t n,
		       bool json, const struct cp_report_style *style, struct cp_buf *out,
		       struct cp_err *err);

/* ---- what a cache holds ---- */

struct cp_report_cache {
	struct cp_str ref;                /* the --cache-from value */
	struct cp_str form;               /* "image manifest", "index", "inline", "actions cache" */
	struct cp_str digest, media_type; /* of the manifest, "" = there is none */
	struct cp_str created;            /* newest record, RFC 3339, "" = not said */
	int64_t age;                      /* of it in seconds, negative = not known */
	uint64_t config_bytes, manifest_bytes, blob_bytes;
	size_t n_blobs;
	size_t n_configs;   /* cacheconfigs: several for several platforms or scopes */
	size_t n_records;   /* in all of them */
	size_t n_steps;     /* records that have inputs: something that was built */
	size_t n_loadable;  /* of those, with layers that are there */
	size_t n_missing;   /* layers that a cacheconfig names and the manifest does not */
	bool too_large;     /* over the importer's 1 MiB: BuildKit drops it in silence */
	struct cp_str note; /* why there is nothing to read, "" = there is */
	/* which commit's build it holds */
	struct cp_str commit, subject; /* "" = not found */
	struct cp_str head_rev;        /* where the search began, "" = nobody searched */
	size_t behind;                 /* commits between it and there, first parents */
	size_t n_searched;
	struct cp_str image; /* whose build was looked for */
	/* what the head's build would take from it; n_head_steps 0 = nobody looked */
	size_t n_head_hit, n_head_steps;
	struct cp_str head_why; /* why not all of it, where that was found out; "" = it was not */
};
/* CP_FORMAT_JSON (`cachepredict/cache/1`), CP_FORMAT_TABLE. CP_EUNSUPPORTED for another. */
int cp_report_cache(const struct cp_report_cache *caches, size_t n, enum cp_format format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/* ---- advice ---- */

/* The same builds with and without what a finding asks for. */
struct cp_stake_trial {
	size_t n;        /* commits that were built both ways; 0 = it was not tried out */
	size_t n_better; /* of them, those in which fewer steps run */
	/* as it is, as it would be */
	size_t steps[2], runs[2]; /* steps that do not surely come from the cache; RUN steps */
	size_t steps_ran[2], runs_ran[2]; /* of them, those that run for certain */
	size_t n_timed;                   /* steps that run as it is and whose cost is known */
	int64_t ms, low, high;            /* saved, of those */
};
/* What is at stake. */
struct cp_stake {
	size_t n,
		of; /* commits in which the step ran for the reason that a finding names, of those that have it; of 0 = that is not counted */
	int64_t ms; /* what they cost, from recorded builds; -1 = not known */
	struct cp_cost cost; /* of the step, when it runs */
	struct cp_stake_trial trial;
};

struct cp_report_advice {
	struct cp_str name, dockerfile, text; /* text: of the Dockerfile, for patches; "" = none */
	struct cp_str ignore_file, ignore_text; /* the same of the ignore file */
	const struct cp_advice *advice;         /* NULL when it failed */
	struct cp_err error;                    /* code 0 = fine */
	/* What its history says, per finding. NULL = nobody looked. */
	const struct cp_stake *stakes;
	const struct cp_graph *graph; /* of the scans */
	const struct cp_advise_scan *scans;
	size_t n_scans;
};
/* A report of a scanner that was given. */
struct cp_report_scan {
	struct cp_str file, scanner, target;
	bool is_image;     /* no report: what a registry says of this image */
	bool used;         /* it is about one of the images */
	size_t n_left_out; /* entries over the limits */
	struct cp_err error;
};
/*
 * format: "table", "json" (`cachepredict/advise/1`), "markdown", "sarif" (2.1.0), "codequality" (GitLab's), "patch" (the edits as a unified diff); "" = json. CP_EUNSUPPORTED for another.
 */
int cp_report_advice(const struct cp_report_advice *images, size_t n,
		     const struct cp_report_scan *reports, size_t n_reports, struct cp_str format,
		     const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/* ---- builds that were recorded ---- */

struct cp_report_record {
	struct cp_built *built;
	bool is_new;
	bool has_prediction;
	struct cp_accuracy accuracy; /* of this build */
	size_t n_missing;            /* predicted steps that it did not print */
};
/* format: "json" or "" (`cachepredict/record/1`), "table"; of these three. CP_EUNSUPPORTED for another. */
int cp_report_record(const struct cp_report_record *r, struct cp_str format,
		     const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

struct cp_report_import {
	size_t n_read, n_new, n_bad;
};
/* `cachepredict/import/1` */
int cp_report_import(const struct cp_report_import *r, struct cp_str format, struct cp_buf *out,
		     struct cp_err *err);

struct cp_report_accuracy {
	struct cp_str project;
	size_t n_builds;
	int64_t from, to; /* times of the oldest and the newest */
	struct cp_accuracy accuracy;
};
/* `cachepredict/accuracy/1` */
int cp_report_accuracy(const struct cp_report_accuracy *all, size_t n, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

/* ---- how a requirement file is split ---- */

struct cp_report_layer {
	struct cp_str file;
	struct cp_str *packages; /* keys, in the order of the file */
	size_t n_packages;
	uint64_t changes; /* of its packages, over the whole history */
	double share;     /* of the cost of installing all */
	double kept; /* share of the scored changes that leave it and all before it alone; the last: 0 */
};

struct cp_report_package {
	struct cp_str name;
	uint32_t changes;
	uint32_t
		group; /* moves together with those of the same number, which is the place of one of them in `names` */
};

/* A RUN that installs the file. */
struct cp_report_install {
	struct cp_str image, step;
	struct cp_cost cost; /* with the file as one */
};

struct cp_report_split {
	struct cp_str file, head_rev, head_commit;
	struct cp_report_install *installs; /* as far as they are known */
	size_t n_installs;
	struct cp_str weights; /* the file that says what packages cost; "" = all are equal */
	size_t n_weighed, n_packages_ever; /* packages that it speaks of, of all of the history */
	/* what the split would have saved on the scored changes, by recorded builds of n_timed installs */
	size_t n_timed;
	int64_t saved_ms, saved_low, saved_high, saved_sure, saved_days;
	struct cp_str action, reason; /* "split", "do-not-split", "undecided" */
	struct cp_report_layer *layers;
	size_t n_layers;
	struct cp_report_package
		*packages; /* of the whole history, the one that moves most first */
	size_t n_packages;
	const struct cp_str *names;
	size_t n_events,
		n_only_text;     /* changes of the file; those of comments, order or white space */
	size_t n_train, n_test;  /* changes that it was chosen on, and scored on */
	int64_t from;            /* time of the oldest version */
	double cost_bound;       /* of any, with 95 % confidence */
	double cost, train_cost; /* of the scored changes, of the others: 1 = as much as one file */
	double batch;            /* share of changes of ten packages or more */
	size_t n_pinned, n_unread;
	double layer_kept[CP_MAX_SPLIT_LAYERS + 1];
	const struct cp_requirements *requirements;
	const struct cp_req_problem *problems; /* of the file and of those that it includes */
	size_t n_problems;
	struct cp_str refused;         /* why it may not be split, "" = it may */
	struct cp_str patch, no_patch; /* unified diff; why there is none */
	struct cp_str *notes;
	size_t n_notes;
};
/*
 * Of one file at least. format: "json" or "" (`cachepredict/split/1`, of more than one file `cachepredict/splits/1`), "table". CP_EUNSUPPORTED
 * for another.
 */
int cp_report_split(const struct cp_report_split *all, size_t n, struct cp_str format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err);

#endif
