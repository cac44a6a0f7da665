/*
 * decide/: outcomes of steps, what caches hold, what steps cost ─► what the CI should do. Pure.
 *
 *   recorded builds ─► cp_costs ─► seconds of a step, with source and spread ─┐
 *   predictions, shares of caches ────────────────────────────────────────────┴► cp_decide ─► struct cp_decision
 *
 * Nothing is invented: a step without history has no seconds, and what depends on them is then not decided by them. `skip-build` needs a
 * struct cp_final_proof of every image, which only the exact match of a cache makes (predict/cached.h), and that the image is the
 * one of a build before: CMD, ENV, LABEL are in no key of a step, so a cache does not tell which configuration its layers were built with.
 */
#ifndef CP_DECIDE_DECIDE_H
#define CP_DECIDE_DECIDE_H

#include "base/base.h"
#include "builds/builds.h"
#include "predict/predict.h"

/* ---- what steps cost ---- */

enum cp_cost_source {
	CP_COST_UNKNOWN,
	CP_COST_OWN,  /* of this step, in builds before */
	CP_COST_KIND, /* of steps of its kind in the same repository */
};
struct cp_cost {
	enum cp_cost_source source;
	size_t n;           /* times that it ran */
	int64_t ms;         /* median */
	int64_t low, high;  /* of them all, without the tenth at either end */
	struct cp_str kind; /* KIND: "RUN pip install" */
};

/* How long caches took to be imported: median, slowest and fastest. */
struct cp_speed {
	size_t n; /* imports that fetched layers; 0 = not known */
	double bytes_per_ms, slow, fast;
	int64_t manifest_ms; /* median time to read manifests */
};

struct cp_costs;
/* From recorded builds, whose texts are borrowed. CP_ENOMEM. */
int cp_costs_new(struct cp_arena *a, const struct cp_built *builds, size_t n,
		 const struct cp_costs **ret_costs, struct cp_err *err);
/* Of a step; `costs` NULL: unknown. A step that was built under the same image before is preferred to one of another image. */
struct cp_cost cp_cost_of(const struct cp_costs *costs, const struct cp_step_id *id);
struct cp_speed cp_costs_speed(const struct cp_costs *costs);
/* How right the predictions of those builds were. */
struct cp_accuracy cp_costs_accuracy(const struct cp_costs *costs);

/* ---- the verdict ---- */

enum cp_verdict {
	CP_ACT_UNDECIDED,
	CP_ACT_SKIP_BUILD, /* the same image was built: it only needs its tag */
	CP_ACT_REUSE_CACHE,
	CP_ACT_BUILD_WITHOUT_IMPORT /* nothing can hit, or fetching takes longer than building */
};
/* "skip-build". Static. */
const char *cp_verdict_name(enum cp_verdict action);

/* A cache that was looked into. */
struct cp_decide_cache {
	struct cp_str ref;                  /* the value of --cache-from */
	size_t n_hit;                       /* steps that it has */
	size_t n_added;                     /* of those, the ones that no better one has */
	uint64_t bytes;                     /* that would be fetched; 0 = not known */
	bool is_inline;                     /* it is in an image */
	const struct cp_final_proof *final; /* the target's own result is in it; NULL = it is not */
};

/* Is the image that of the build before, which was built for sure? */
enum cp_same {
	CP_SAME_UNKNOWN, /* its layers are others, or nobody knows of a build before */
	CP_SAME,
	CP_SAME_NOT /* the layers are, the configuration is not */
};

struct cp_decide_image {
	struct cp_str name;
	const struct cp_prediction *prediction; /* NULL = it failed */
	const struct cp_cost *costs;            /* per step of it; NULL = nothing is recorded */
	const struct cp_decide_cache *caches;   /* those that were read, the best first */
	size_t n_caches;
	struct cp_str unread; /* why another one was not, "" = all were */
	enum cp_same config;
	struct cp_str config_at;                    /* NOT: the instruction that differs */
	const struct cp_str *cache_from, *cache_to; /* as they were asked for */
	size_t n_cache_from, n_cache_to;
};

struct cp_decide_input {
	const struct cp_decide_image *images;
	size_t n_images;
	struct cp_speed speed;
	bool fork; /* a stranger's pull request: it may not write caches */
};

struct cp_total {
	int64_t ms, low, high;
	size_t n, n_known; /* steps, and those of which it is known */
};

struct cp_decided_image {
	enum cp_verdict action;
	struct cp_str reason;
	struct cp_str *cache_from; /* worth an import, the best first */
	size_t n_cache_from;
	struct cp_total with, without; /* what runs with the caches, and without any */
	bool builds; /* something is not known to come from the cache, or the configuration is new */
};

struct cp_decision {
	enum cp_verdict action;
	struct cp_str reason;
	struct cp_str *cache_from, *cache_to; /* ready values */
	size_t n_cache_from, n_cache_to;
	struct cp_str cache_to_why;    /* why so, or why not */
	struct cp_total with, without; /* of all images */
	int64_t import_ms;             /* -1 = not known */
	uint64_t import_bytes;
	struct cp_decided_image *images;
	size_t n_images;
};

/* Everything in `a`, or borrowed from the input. CP_ENOMEM. */
int cp_decide(struct cp_arena *a, const struct cp_decide_input *in, struct cp_decision *ret,
	      struct cp_err *err);

#endif
