/*
 * builds/: what BuildKit said of a build ─► what it did: which steps ran, which came from the cache, and how long they took. Pure; the
 * texts are those of strangers' builds, cut off, mixed with other output and of any size: what is whole is used.
 *
 *   --progress=rawjson, --progress=plain ─► cp_log_reader ─┐
 *   --metadata-file, history inspect ──────► cp_log_reader ─┴► struct cp_built ─► one JSON line (cachepredict/build/1), and back
 *   the prediction that was made before ─► cp_built_judge ────────┘
 *
 * A step is known again in the next build by (platform, stage, text, occurrence), and by the image where it has a name:
 *   - `text` is what BuildKit prints after "[builder 3/4] ": the instruction, its variables expanded. A long one is cut and ends in its
 *     digest.
 *   - `stage` is the name of the stage, "" for one without: "stage-1" says how many stages are before it and would not survive another.
 *   - `occurrence` counts equal instructions of a stage from 0, in their order.
 * "3/4" is not in it, so that an instruction that is added, moved or taken away leaves the others what they are. A variable with another
 * value makes another step; its kind (cp_step_kind) is then what is known of it.
 */
#ifndef CP_BUILDS_BUILDS_H
#define CP_BUILDS_BUILDS_H

#include "base/base.h"

struct cp_step_id {
	struct cp_str image; /* of bake or compose, "" = the only one, or not said */
	struct cp_str platform, stage, text;
	uint32_t occurrence;
};

/*
 * The parts of a step's name as BuildKit prints it; occurrence is 0. *ret_number: the 3 of "3/4". False for a name that is no step's
 * ("[internal] load build context", "exporting to image") and for FROM, which is resolved every time. Texts are borrowed from `name`,
 * or in `a` when they are cut. `is_image` (NULL = never) says whether a word in front of the stage is the name of an image.
 */
bool cp_step_id_of(struct cp_arena *a, struct cp_str name,
		   bool (*is_image)(void *self, struct cp_str word), void *self,
		   struct cp_step_id *ret_id, uint32_t *ret_number);
/* Counts equal ones: ids in the order of their instructions, of one build. CP_ENOMEM. */
int cp_step_ids_count(struct cp_arena *a, struct cp_step_id *const *ids, size_t n);
/* What steps of one kind have in common: "RUN pip install", "COPY --from", "WORKDIR". Static or borrowed. */
struct cp_str cp_step_kind(struct cp_str text);

enum cp_ran {
	CP_RAN_NOT_NEEDED, /* only its key was computed */
	CP_RAN_CACHED,
	CP_RAN_RAN,
	CP_RAN_FAILED,
	CP_RAN_UNFINISHED, /* the log ends, or the build was cancelled, while it ran */
};
enum cp_judgement {
	CP_JUDGED_NOT, /* nothing was predicted, or the build did not say */
	CP_JUDGED_RIGHT,
	CP_JUDGED_WRONG_HIT,
	CP_JUDGED_WRONG_MISS,
	CP_JUDGED_DEPENDS, /* nothing certain was said */
	CP_JUDGED_UNKNOWN,
	CP_JUDGED_NOT_NEEDED,  /* the build needed neither the step nor its result: both are true */
	CP_JUDGED_NOT_PRINTED, /* predicted, and the build has no such step */
};
#define CP_N_JUDGEMENTS 8
/* "ran", "wrong-hit". Static. */
const char *cp_ran_name(enum cp_ran ran);
const char *cp_judgement_name(enum cp_judgement j);

struct cp_built_step {
	struct cp_str name; /* as it was printed; "" when read from a line */
	struct cp_step_id id;
	uint32_t number; /* the 3 of "3/4" */
	enum cp_ran ran;
	bool grouped; /* plain: a copy with --link and its merge, told of as one: "ran" is said of either */
	int64_t ms;              /* how long it ran, or took to load; -1 = not said */
	uint64_t bytes;          /* of layers that were fetched for it */
	struct cp_str predicted; /* "hit", "miss", "depends", "unknown", "" = nothing */
	enum cp_judgement judgement;
};

struct cp_built {
	struct cp_str project; /* of which repository: "github.com/acme/app" */
	struct cp_str commit;  /* that was built, "" = not said */
	int64_t time;          /* seconds since 1970 */
	struct cp_str kind; /* "rawjson", "plain", "metadata", "inspect"; several joined with "+" */
	struct cp_str digest;        /* of the image, "" = not said */
	struct cp_str ref;           /* of the build in buildx's history, "" = not said */
	struct cp_built_step *steps; /* in the order of the Dockerfile, stage by stage */
	size_t n_steps;
	size_t n_total, n_cached; /* as the builder counts them, where only that is known */
	int64_t ms;               /* of the whole build, -1 = not said */
	bool failed;
	bool whole;       /* nothing was cut off or left out */
	size_t n_skipped; /* lines of a log that could not be read */
	/* caches that were imported */
	struct cp_str *imports; /* references */
	size_t n_imports;
	int64_t import_ms;     /* to read their manifests */
	uint64_t loaded_bytes; /* layers fetched for cached steps */
	int64_t loaded_ms;     /* the time in which at least one was on its way */
	int64_t export_ms;     /* to write a cache, -1 = none was written */
};

/* ---- logs ---- */

enum cp_log_kind { CP_LOG_ANY, CP_LOG_RAWJSON, CP_LOG_PLAIN, CP_LOG_METADATA, CP_LOG_INSPECT };
/* CP_EUSAGE for a word that is none of "rawjson", "plain", "metadata", "inspect"; "" = ANY. */
int cp_log_kind_parse(struct cp_str word, enum cp_log_kind *ret_kind, struct cp_err *err);

struct cp_log_reader;
/* A reader of one build; what it makes lives in `a`. NULL when there is no memory. */
struct cp_log_reader *cp_log_reader_new(struct cp_arena *a);
/* NULL is fine. */
void cp_log_reader_free(struct cp_log_reader *r);
/* A file begins; `name` is for messages. Several files may speak of one build: a log and what --metadata-file wrote. */
void cp_log_reader_begin(struct cp_log_reader *r, enum cp_log_kind kind, struct cp_str name);
/* Bytes of it, in pieces of any size. */
void cp_log_reader_feed(struct cp_log_reader *r, struct cp_str bytes);
/* It ends. CP_EINVAL when nothing in it is of a BuildKit build, with a hint where another builder wrote it; CP_ENOMEM. */
int cp_log_reader_end(struct cp_log_reader *r, struct cp_err *err);
/* All files were read. `ret_built` without project. CP_ENOMEM. */
int cp_log_reader_finish(struct cp_log_reader *r, struct cp_built *ret_built, struct cp_err *err);

/* ---- lines ---- */

/* One line of JSON, cachepredict/build/1, with a newline. */
void cp_built_write(const struct cp_built *b, struct cp_buf *out);
/* The reverse. Texts are in `a`. CP_EINVAL for what is no such line; members that are not known are ignored. */
int cp_built_read(struct cp_arena *a, struct cp_str line, struct cp_built *ret_built,
		  struct cp_err *err);

/* ---- predictions ---- */

struct cp_predicted_step {
	struct cp_str image, platform, name, outcome;
};
struct cp_predicted {
	struct cp_predicted_step *steps;
	size_t n_steps;
	struct cp_str *images; /* names */
	size_t n_images;
	struct cp_str commit;
};
/* The steps of a cachepredict/prediction/1, in `a`. CP_EINVAL. */
int cp_predicted_read(struct cp_arena *a, struct cp_str json, struct cp_str name,
		      struct cp_predicted *ret_predicted, struct cp_err *err);
/*
 * Which of the predictions were right. Joined by the name that was printed, where one is twice by order, where several platforms share a
 * step by the name without platform. `ret_missing`: predicted steps that the build has not. What a plain log cannot tell is not judged.
 */
int cp_built_judge(struct cp_arena *a, struct cp_built *b, const struct cp_predicted *p,
		   size_t *ret_missing, struct cp_err *err);

struct cp_accuracy {
	size_t n_builds;
	size_t counts[CP_N_JUDGEMENTS];
};
void cp_accuracy_add(struct cp_accuracy *acc, const struct cp_built *b);
/* Of those, the steps of which something certain was said. */
static inline size_t cp_accuracy_judged(const struct cp_accuracy *acc)
{
	return acc->counts[CP_JUDGED_RIGHT] + acc->counts[CP_JUDGED_WRONG_HIT] +
	       acc->counts[CP_JUDGED_WRONG_MISS];
}

#endif
