/*
 * requirements/: pip requirement files ─► what they ask for, how that moved over a history, and how one file is best split into
 * layers. Pure: text is handed in, nothing is looked up, no variable of the environment is expanded (${VAR} stays text).
 *
 *   text ─► cp_requirements ─► cp_churn (one version after the other) ─► cp_split (layer of every package)
 *
 * The language is that of pip's req_file.py and of the `packaging` library. A line that pip would reject is a cp_req_problem with its
 * position, and the rest is still read. Values live in the arena given and borrow from the text.
 */
#ifndef CP_REQUIREMENTS_REQUIREMENTS_H
#define CP_REQUIREMENTS_REQUIREMENTS_H

#include "base/base.h"

enum cp_requirement_kind {
	CP_REQ_NAME, /* a name of PEP 508 with versions */
	CP_REQ_URL,  /* a URL, with or without a name */
	CP_REQ_PATH, /* a file or folder */
};

struct cp_requirement {
	enum cp_requirement_kind kind;
	bool editable;
	bool named;    /* key is a name (PEP 503); else it is the URL or path */
	bool guessed;  /* pip does not know the name either before it has the file */
	bool rejected; /* a problem says why; older releases of pip took it */
	bool has_extras;
	bool pinned;             /* one version only: ==1.2, ===1.2 */
	struct cp_str key;       /* what stays the same when the version moves */
	struct cp_str version;   /* for people: "1.2", ">=1,<2", a URL; "" = any */
	struct cp_str canonical; /* all that pip acts on, in one form: equal texts mean the same */
	size_t n_hashes;
	uint64_t size;        /* in a lock that says it: bytes of the wheel for Linux on x86-64 */
	bool linux_wheels;    /* in a lock: there is a wheel for Linux, */
	bool musl_wheels;     /* and one for Alpine's C library, or for any */
	int line, line_end;   /* 1-based, as written, continuation lines included */
	int block, block_end; /* the same with the comments that belong to it */
};

enum cp_req_option_kind {
	CP_REQ_OPT_INDEX, /* -i, --extra-index-url, --no-index, -f, --trusted-host ...: holds for every requirement */
	CP_REQ_OPT_CONSTRAINT,  /* -c */
	CP_REQ_OPT_REQUIREMENT, /* -r */
	CP_REQ_OPT_HASHES,      /* --require-hashes */
};

struct cp_req_option {
	enum cp_req_option_kind kind;
	bool beside; /* on the line of a requirement, and in force all the same: --no-binary ... */
	struct cp_str name, value; /* long name; value "" = it takes none */
	int line, line_end;
};

struct cp_req_problem {
	struct cp_str file; /* "" = the file itself */
	int line, column;
	struct cp_str message;
};

struct cp_requirements {
	struct cp_requirement *items;
	size_t n_items;
	struct cp_req_option *options;
	size_t n_options;
	struct cp_req_problem *problems;
	size_t n_problems;
	bool recoded;         /* the file is not UTF-8: `lines` are not its bytes */
	bool generated;       /* says itself that a program wrote it */
	struct cp_str *lines; /* of the text, each with its end of line; lines[0] is line 1 */
	size_t n_lines;
};

/* One file, without those that it includes. CP_ELIMIT (lines, bytes), CP_ENOMEM. */
int cp_requirements_parse(struct cp_arena *a, struct cp_str text,
			  const struct cp_requirements **ret_requirements, struct cp_err *err);

/* ---- other files that say which packages there are ---- */

enum cp_requirements_format {
	CP_REQ_FORMAT_NONE,
	CP_REQ_FORMAT_PIP,     /* requirements.txt and its like */
	CP_REQ_FORMAT_PROJECT, /* pyproject.toml */
	CP_REQ_FORMAT_LOCK,    /* uv.lock, poetry.lock, pylock.toml */
};
/* By the file's name. */
enum cp_requirements_format cp_requirements_format_of(struct cp_str path);
/*
 * As cp_requirements_parse, for a file of that name. Of those in TOML the lines are not known, and what belongs to no package is one
 * option. CP_EUNSUPPORTED: the name says nothing; CP_EINVAL: it is no TOML.
 */
int cp_requirements_parse_named(struct cp_arena *a, struct cp_str path, struct cp_str text,
				const struct cp_requirements **ret_requirements,
				struct cp_err *err);

/* How included files are read. Paths are clean and relative to the repository's root; CP_ENOTFOUND is expected. */
struct cp_req_reader {
	int (*read)(const void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err);
	const void *self;
};

struct cp_req_file {
	struct cp_str path;
	bool constraint; /* reached by -c: it says which versions, not what is installed */
	const struct cp_requirements
		*requirements; /* NULL: a URL, a variable, or outside of the repository */
};

/*
 * The file at `path` and all that it names with -r and -c, each once (twice where one file is both), in the order in which pip reaches
 * them; every problem with its file. A circle, a file that is missing or too large, and too many files are problems of the file that names it. CP_ENOTFOUND, CP_ELIMIT:
 * `path` itself.
 */
int cp_requirements_read(struct cp_arena *a, const struct cp_req_reader *reader, struct cp_str path,
			 struct cp_req_file **ret_files, size_t *ret_n,
			 struct cp_req_problem **ret_problems, size_t *ret_n_problems,
			 struct cp_err *err);

/* PEP 503: lower case, runs of "-", "_" and "." are one "-". p NULL: no memory. */
struct cp_str cp_req_normalise(struct cp_arena *a, struct cp_str name);

/* ---- difference of two versions ---- */

enum cp_req_change_kind { CP_REQ_ADDED, CP_REQ_REMOVED, CP_REQ_CHANGED };
struct cp_req_change {
	enum cp_req_change_kind kind;
	struct cp_str key;
	struct cp_str before, after; /* canonical, "" where there is none */
	struct cp_str version_before,
		version_after; /* the same for hashes or markers that differ */
};
/*
 * Packages that differ, by key. *ret_options_changed: options do. None of both: only comments, order or white space changed, if anything.
 */
int cp_requirements_diff(struct cp_arena *a, const struct cp_requirements *before,
			 const struct cp_requirements *after, struct cp_req_change **ret_changes,
			 size_t *ret_n, bool *ret_options_changed, struct cp_err *err);

/* ---- churn ---- */

struct cp_churn_event {
	int64_t time;
	uint32_t first,
		n; /* in cp_churn.touched: packages that this version changed, ascending; n = 0: none */
};

struct cp_churn {
	struct cp_str *names; /* key of package id, in order of appearance */
	size_t n_names;
	struct cp_churn_event *events; /* every version but the first, the oldest first */
	size_t n_events;
	uint32_t *touched;
	const bool *there; /* per touched: the package is in the file after the event */
	size_t n_touched;
	uint32_t *
		born; /* per package: events before the one that brought it first; 0 = there at the start */
	int64_t from; /* time of the first version */
	bool cut;     /* over a limit: later versions were left out */
};

struct cp_churn_builder;
/* An empty history; everything lives in `a`. NULL: no memory. */
struct cp_churn_builder *cp_churn_new(struct cp_arena *a);
/* The next version, the oldest first; nothing of it is kept. CP_ENOMEM. */
int cp_churn_add(struct cp_churn_builder *b, const struct cp_requirements *version, int64_t time,
		 struct cp_err *err);
/* What was added, borrowed from the builder's arena. */
const struct cp_churn *cp_churn_get(struct cp_churn_builder *b);

/* ---- split ---- */

struct cp_split_input {
	const struct cp_churn *churn;
	const double *weights; /* cost of installing package id, above 0; NULL = all equal */
	const bool *last;      /* packages that have to be installed last; NULL = none */
	size_t max_layers;     /* at least 1, at most CP_MAX_SPLIT_LAYERS */
	double last_share; /* 0, or two layers, with so large a share of the packages in the last */
};

struct cp_split {
	size_t n_layers; /* 1 = do not split */
	const uint32_t *
		layer_of; /* per package id; one that appeared after the training is in the last layer */
	const uint32_t *group_of;         /* packages that moved together share a number */
	const uint32_t *changes;          /* per package: events that touched it */
	size_t n_train, n_test;           /* events: chosen on, scored on */
	size_t kept[CP_MAX_SPLIT_LAYERS]; /* scored events that leave layers 0..i alone */
	double cost; /* of the scored events, as a share of what one file costs: 1 = nothing saved */
	double cost_bound; /* not exceeded with 95 % confidence, by periods of the history */
	double train_cost; /* the same on the events it was chosen on */
	double batch;      /* share of events that touch ten packages or more */
};

/*
 * The partition into ordered layers with the least expected cost: an event rebuilds the first layer that it touches and all after it,
 * at the sum of their weights. Exact (dynamic programming) for the order of packages, which is by churn, recent events counting more.
 * Chosen on the first 70 % of the events, scored on the rest; a package counts while it is in the file. How much more recent events
 * count is what would have foretold later parts of the training best. CP_ENOMEM.
 */
int cp_split_find(struct cp_arena *a, const struct cp_split_input *input,
		  struct cp_split *ret_split, struct cp_err *err);

#endif
