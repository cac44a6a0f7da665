/*
 * run/: a request ─► the repository opened, what is to be built, and every image's builds, keys and prediction. It is where the rooms are
 * plugged together; methods/ says what is asked of it.
 *
 *   cp_request_parse ─► cp_run_open ─► cp_run_images ─► cp_run_report ─► cp_run_close
 */
#ifndef CP_RUN_RUN_H
#define CP_RUN_RUN_H

#include <stdatomic.h>

#include "base/base.h"
#include "builds/builds.h"
#include "decide/decide.h"
#include "forge/forge.h"
#include "history/history.h"
#include "predict/predict.h"
#include "profile/profile.h"
#include "project/project.h"
#include "repo/repo.h"
#include "report/report.h"

/* The world as the host shows it. */
struct cp_world {
	struct cp_environment env;
	void (*log)(void *self, int level, const char *message); /* NULL = silent */
	int (*is_cancelled)(void *self);                         /* NULL = never */
	void (*progress)(void *self, uint64_t done, uint64_t total, const char *what); /* NULL */
	void *self;
	atomic_int *cancel; /* set by cancel(); NULL = never */
};

/* A log of a build, a report of a scanner: a file on disk, or its text. */
struct cp_log_source {
	struct cp_str name, text; /* text.p NULL = `name` is a file */
};

/* A request (include/cachepredict/schema/request.json), its texts in the run's arena. */
struct cp_request {
	struct cp_str repository, base, head, config, config_from, context_from, bake,
		image_metadata, base_image_metadata, explain, check;
	/* the network */
	bool offline, resolve_images;
	int64_t timeout_ms; /* 0 = the default */
	struct cp_str *registries, *registry_mirrors, *registry_http;
	size_t n_registries, n_registry_mirrors, n_registry_http;
	struct cp_str registry_ca, buildkitd_config;
	struct cp_str builder_text;
	struct cp_builder builder; /* the builder whose rules hold, as far as it was named */
	struct cp_str split,
		weights; /* method split: the file; costs of packages, a file on disk */
	int64_t layers;  /* at most; 0 = the default */
	/* method record */
	struct cp_log_source *logs;
	size_t n_logs;
	struct cp_log_source *reports; /* method advise, comment */
	size_t n_reports;
	struct cp_str *built; /* ... and images that were built, which registries have */
	size_t n_built;
	struct cp_str kind, prediction, project, import;
	bool export, accuracy, fork;
	int64_t commits;     /* method backtest: so many; 0 = the default */
	struct cp_str *with; /* method backtest: patches on disk, or "split" */
	size_t n_with;
	bool patches;        /* method backtest: show what was edited in every commit */
	struct cp_str state; /* file or folder of what is remembered, "" = the user's cache */
	bool no_state, has_umask;
	uint32_t umask; /* of the checkout that is built */
	bool no_config, strict, export_tree, preimage, diff;
	struct cp_str *compose, *only, *targets, *fail_on;
	size_t n_compose, n_only, n_targets, n_fail_on;
	struct cp_image_request *images;
	size_t n_images;
	bool image_given; /* `image` or `images` was there */
	struct {          /* method comment */
		struct cp_forge_wish wish;
		struct cp_str behaviour, id;
		bool dry_run, status, check_run;
	} comment;
	struct cp_str format;
	struct cp_report_style style;
};

/* request.c. CP_EINVAL (JSON), CP_EUSAGE (members). */
int cp_request_parse(struct cp_arena *a, struct cp_str json, struct cp_request *ret_request,
		     struct cp_err *err);

/* One image of a run: what was asked, and its answer. */
struct cp_image_run {
	struct cp_image_request request;
	struct cp_str platform;
	struct cp_arena *arena;     /* of this image; its thread's only */
	struct cp_image_memo *memo; /* NULL: every build is read anew */
	struct cp_build a, b;
	struct cp_profile profile; /* of b */
	struct cp_report_image answer;
	struct cp_paths paths;
	struct cp_records records;
	struct cp_key_diff key_diff;
	struct cp_decide_cache *cached;
	size_t n_cached; /* caches that were read, the best first */
	enum cp_same
		config; /* is the image of the base's build this one, as far as steps can tell? */
	struct cp_str config_at; /* NOT: the instruction that differs */
	struct cp_str unread;    /* a cache that could not be looked into, and why; "" = none */
	bool unreachable;        /* because of the network */
};

/* What all images of a run share. Trees are for any thread. */
struct cp_run {
	struct cp_arena *arena;
	const struct cp_world *world;
	struct cp_request request;
	struct cp_repo *repo;
	struct cp_tree *base, *head; /* base NULL: nothing to compare with (paths) */
	struct cp_commit base_commit, head_commit;
	bool base_is_held; /* the base is the commit whose build a cache seems to hold: nobody named it */
	struct cp_str prefix; /* where the user stands in the repository, "" = root */
	struct cp_image_run *images;
	size_t n_images;
	/* of the build to come; of the build before; without network; as this machine has seen them before their tags moved, NULL = it did not */
	const struct cp_image_resolver *resolver, *base_resolver, *offline_resolver,
		*earlier_resolver;
	const struct cp_image_metadata *base_metadata; /* of the build before, NULL = none given */
	struct cp_str
		project; /* what the repository is known by in the state; p NULL = not looked for */
	struct cp_network *network;   /* network.c; NULL = not used */
	struct cp_state *state;       /* NULL: nothing is remembered */
	struct cp_cache_memo *caches; /* cache_memo.c */
	struct cp_decision decision;
	struct cp_report report;
	unsigned needs; /* enum cp_run_needs */
};

/* What is to be had of a run. */
enum cp_run_needs {
	CP_RUN_BASE = 1 << 0, /* a commit to compare with */
	CP_RUN_PATHS =
		1 << 1, /* of images: the paths that they are built from, instead of a prediction */
	CP_RUN_KEYS =
		1 << 2, /* of images: their exact keys; with request.diff why they are others */
	CP_RUN_BUILDS = 1 << 3, /* recorded builds, where there are some */
	CP_RUN_BARE = 1 << 4,   /* it goes without a repository */
};

/*
 * open.c: the repository and its revisions, what is to be built, the network, what is remembered. run->world, arena and request are set.
 * The errors of a repository, of settings and of metadata files; cp_run_close is due in any case.
 */
int cp_run_open(struct cp_run *run, unsigned needs, struct cp_err *err);
/* Frees the run's arena, too. */
void cp_run_close(struct cp_run *run);
/* all.c: the answers of all images, side by side. What is wrong with one goes into its answer. CP_ENOMEM, CP_ECANCELLED. */
int cp_run_images(struct cp_run *run, struct cp_err *err);
/* all.c: these answers, costs and the verdict into run->report. CP_ENOMEM. */
int cp_run_report(struct cp_run *run, struct cp_err *err);
/* builds.c: run->project: what the repository is known by in the state. The errors of opening it. */
int cp_run_find_project(struct cp_run *run, struct cp_err *err);
/* builds.c: the newest recorded builds of the repository. None when nothing is remembered. CP_ENOMEM. */
int cp_run_builds(struct cp_run *run, struct cp_built **ret_builds, size_t *ret_n,
		  struct cp_err *err);

/* image.c: predict one image. What is wrong with it goes into its answer; only CP_ENOMEM and CP_ECANCELLED come back. */
int cp_image_run(struct cp_run *run, struct cp_image_run *image, struct cp_err *err);
/* One more sentence of what the answer takes for granted. CP_ENOMEM. */
int cp_image_assume(struct cp_image_run *image, struct cp_str sentence);
/* Images that the base commit's build of this image needs, as far as it can be seen without network. In `a`. CP_ENOMEM, CP_ECANCELLED. */
int cp_image_base_refs(struct cp_run *run, const struct cp_image_run *image, struct cp_arena *a,
		       struct cp_str **ret_refs, size_t *ret_n);
/*
 * The build of image->request from `tree` with the run's settings and images. `image` is a scratch one of the caller's with `request`,
 * `platform` and `arena` set, or the run's own; all that the build points to lives in its arena. Errors as in the answer of an image.
 */
int cp_image_build(struct cp_run *run, struct cp_image_run *image, struct cp_tree *tree,
		   struct cp_build *ret_build, struct cp_err *err);
/*
 * Builds of many commits: what the same text of a Dockerfile gives is made once, lives in the memo and is for any thread. NULL: no memory.
 */
struct cp_image_memo *cp_image_memo_new(void);
void cp_image_memo_free(struct cp_image_memo *memo);
/* 0, CP_ENOMEM or CP_ELIMIT, as cp_arena_failed says it of the memo. */
int cp_image_memo_failed(const struct cp_image_memo *memo);
/* The build of `tree`, when that of `before` is in the cache. `image` is a scratch one, as for cp_image_build. */
int cp_image_compare(struct cp_run *run, struct cp_image_run *image, struct cp_tree *before,
		     struct cp_tree *tree, struct cp_prediction *ret_prediction,
		     struct cp_err *err);
/* The path of the Dockerfile of a build that cp_image_build made. */
struct cp_str cp_image_dockerfile(const struct cp_build *build);
/* image_cache.c: the caches of --cache-from. */
int cp_image_predict_caches(struct cp_run *run, struct cp_image_run *image, struct cp_err *err);
/* verdict.c: costs of the steps, and what decide/ makes of the images, into the report. CP_ENOMEM. */
int cp_run_decide(struct cp_run *run, struct cp_err *err);
/* The outcomes of image->b against these caches alone, into image->answer.prediction, misses tried out. CP_ENOMEM, CP_ECANCELLED, CP_ELIMIT. */
int cp_image_look_up(struct cp_run *run, struct cp_image_run *image,
		     const struct cp_cache *const *caches, size_t n_caches, struct cp_err *err);
/* open.c: what is remembered, opened. CP_EIO and the other errors of cp_state_open. */
int cp_run_open_state(struct cp_run *run, struct cp_err *err);
/* open.c: the base commit, whatever names it. */
int cp_run_open_base(struct cp_run *run, struct cp_err *err);
/* images.c: what is to be built, from the request, the settings file, bake and compose. */
int cp_run_find_images(struct cp_run *run, struct cp_err *err);
/* images.c: a file on disk. CP_ENOTFOUND, CP_EIO, CP_ELIMIT. */
int cp_run_read_disk(const char *path, struct cp_buf *out, struct cp_err *err);
/* images.c: the event that started a run of GitHub's kind; nothing where it cannot be read: the variables say nearly as much. */
void cp_run_read_event(const struct cp_run *run, struct cp_buf *out);
/* images.c: a path of the request, relative to where the user stands, as one of the repository. */
int cp_run_repository_path(struct cp_run *run, struct cp_str path, struct cp_str *ret_path,
			   struct cp_err *err);
/* A build context that is a URL; a named context that is a folder. */
bool cp_context_is_remote(struct cp_str context);
bool cp_context_is_folder(struct cp_str value);
bool cp_run_is_cancelled(const struct cp_run *run);
/* An error that ends the whole run; any other is one image's, or one cache's. */
static inline bool cp_run_is_over(int r)
{
	return r == CP_ENOMEM || r == CP_ECANCELLED;
}

#endif
