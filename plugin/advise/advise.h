/*
 * advise/: the syntax tree and graph of a build, and the files that it copies ─► findings: what is wrong, where, why, and an edit where
 * it is safe. Pure: files come through struct cp_advise_files. A rule that cannot tell stays silent; nothing is estimated here.
 *
 *   cp_advise_input ─► cp_advise ─► struct cp_advice { findings[] in order } ─► cp_advice_fails
 *
 * A comment `# cachepredict ignore=RULE[,RULE]` directly above an instruction silences rules for it, in the comments at the top of the
 * Dockerfile for the whole file (and for what has no line in it).
 */
#ifndef CP_ADVISE_ADVISE_H
#define CP_ADVISE_ADVISE_H

#include "base/base.h"
#include "context/context.h"
#include "graph/graph.h"
#include "scans/scans.h"

enum cp_severity { CP_SEVERITY_INFO, CP_SEVERITY_WARNING, CP_SEVERITY_ERROR };

/* Ids are for good: they stand in Dockerfiles and in CI configurations. */
enum cp_advise_rule {
	CP_ADVISE_ALPINE_WHEELS,
	CP_ADVISE_APT_LISTS,
	CP_ADVISE_CACHE_MOUNT,
	CP_ADVISE_COPY_ORDER,
	CP_ADVISE_COULD_BE_STAGE,
	CP_ADVISE_DEPS_AFTER_COPY,
	CP_ADVISE_DOCKERIGNORE_INCOMPLETE,
	CP_ADVISE_DOCKERIGNORE_MISSING,
	CP_ADVISE_FAT_BASE,
	CP_ADVISE_GIT_IN_CONTEXT,
	CP_ADVISE_IMAGE_SIZE,
	CP_ADVISE_JUNK_IN_CONTEXT,
	CP_ADVISE_MODEL_WEIGHTS,
	CP_ADVISE_NO_HEALTHCHECK,
	CP_ADVISE_NO_MULTI_STAGE,
	CP_ADVISE_NO_SCAN,
	CP_ADVISE_NO_USER,
	CP_ADVISE_PIP_CACHE,
	CP_ADVISE_UNPINNED_BASE,
	CP_ADVISE_VOLATILE_EARLY,
	CP_ADVISE_VULNERABLE_PACKAGES,
	CP_ADVISE_N_RULES
};

struct cp_rule {
	const char *id;
	enum cp_severity severity; /* of its findings, unless they know better */
	const char *summary;       /* one sentence, without a position */
};
extern const struct cp_rule cp_advise_rules[CP_ADVISE_N_RULES];
/* "info", "warning", "error". Static. */
const char *cp_severity_name(enum cp_severity s);

/* Whole lines of the Dockerfile, and what stands in their place (each line with its line feed). */
struct cp_edit {
	int line, line_end;
	struct cp_str text;
};

/* How builds of the history tell what a finding costs: builds in which its step ran ... */
enum cp_finding_count {
	CP_COUNT_NONE, /* they do not */
	CP_COUNT_RUNS, /* ... at all */
	CP_COUNT_IDLE, /* ... although nothing that it reads had changed */
	CP_COUNT_GIT,  /* ... because of .git */
};
/* And which builds would have been without it. */
enum cp_finding_trial {
	CP_TRIAL_NONE,
	CP_TRIAL_EDIT,   /* those with the edit */
	CP_TRIAL_IGNORE, /* those with the lines `trial_text` at the end of the ignore file */
	CP_TRIAL_ARGUMENT, /* the builds as they were; with it: another value of the argument `trial_text` in each */
};

struct cp_finding {
	enum cp_advise_rule rule;
	enum cp_severity severity;
	struct cp_str file; /* path in the repository */
	int line, line_end; /* 0 = the whole file */
	struct cp_str message, why;
	const struct cp_edit *edit;          /* NULL = none that is safe */
	struct cp_str creates, creates_text; /* a file that is not there yet; "" = none */
	struct cp_str appends; /* lines for the end of the ignore file, which is there; "" = none */
	enum cp_finding_count count;
	enum cp_finding_trial trial;
	struct cp_str trial_text;
	bool behind_git; /* IGNORE: .git is in the lines, too, and what that alone saves does not count */
	bool only_if_proved; /* it is none unless the trial saves something */
	/* What it speaks of, in the commit. n_files 0: nothing that can be counted. */
	size_t n_files, n_unsized; /* files; those of which the size is not known */
	uint64_t bytes;            /* of the others */
};

/* Findings of the Dockerfile first, then by file, line, rule and message: <0, 0 (the same), >0. */
int cp_finding_order(const struct cp_finding *a, const struct cp_finding *b);

struct cp_advice {
	struct cp_finding *findings;
	size_t n;
	size_t n_ignored; /* silenced by comments */
	size_t counts[3]; /* by severity */
};

/* A file of the repository that the CI reads. */
struct cp_ci_file {
	struct cp_str path, text;
};

/* Files of the main context by clean relative path, ignore rules or not. NULL functions: nothing is known. */
struct cp_advise_files {
	/* CP_ENOTFOUND is expected; CP_ELIMIT. */
	int (*read)(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err);
	/* 0 or a negative code; CP_ENOMEM is no answer, any other means that it is not known. */
	int (*size)(void *self, struct cp_str path, uint64_t *ret_size);
	void *self;
};

/* What builds of the history did with a step, the first of them left out. */
struct cp_step_history {
	size_t n;         /* builds that have it */
	size_t n_ran;     /* of them, those in which it ran for certain */
	size_t n_idle;    /* ... although nothing had changed of what it installs or builds from */
	size_t n_changed; /* what it says or takes itself was not that of the build before */
};

/* What scanners and a registry say of an image that this build made. */
struct cp_advise_scan {
	const struct cp_scan_subject *subject;
	struct cp_scan_places places; /* by the graph of the input */
};

struct cp_advise_input {
	const struct cp_dockerfile *dockerfile;
	struct cp_str dockerfile_path, text; /* its bytes */
	const struct cp_graph *graph;
	struct cp_fs *context; /* NULL: remote, or not there */
	struct cp_advise_files files;
	struct cp_str context_path; /* folder of the context in the repository, "" = root */
	struct cp_str ignore_file;  /* "" = none */
	const struct cp_str *ignore_lines;
	size_t n_ignore_lines;
	const struct cp_ci_file *ci;
	size_t n_ci;
	const struct cp_step_history *
		history; /* per step of the graph; NULL: nobody looked, and rules that need it are silent */
	const struct cp_advise_scan *scans;
	size_t n_scans;
};

/* Values live in `a`, and borrow from the input. CP_ENOMEM, CP_ELIMIT; what cannot be read is not known. */
int cp_advise(struct cp_arena *a, const struct cp_advise_input *in, struct cp_advice *ret_advice,
	      struct cp_err *err);

/* A RUN that installs packages, and reads nothing of the context but these files to know which; or one that builds from these folders alone. */
struct cp_install_step {
	int line; /* of the instruction */
	bool builds;
	bool does_more;       /* cp_advise_install_of: the rest of the RUN may read anything */
	const char *what;     /* "pip install" */
	struct cp_str *files; /* in the main context */
	size_t n_files;
};
/* Those of the stages that the target needs. As far as can be told; CP_ENOMEM. */
int cp_advise_install_steps(struct cp_arena *a, const struct cp_advise_input *in,
			    struct cp_install_step **ret_steps, size_t *ret_n, struct cp_err *err);

/* Is `word` a rule or a severity? */
bool cp_advice_is_gate(struct cp_str word);
/* Is there a finding of this rule, or of this severity or a worse one? */
bool cp_advice_fails(const struct cp_advice *advice, struct cp_str word);

#endif
