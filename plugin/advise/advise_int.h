/* Private to advise/: what the rules share. */
#ifndef CP_ADVISE_ADVISE_INT_H
#define CP_ADVISE_ADVISE_INT_H

#include "advise/advise.h"

/* ---- shell text of a RUN, as far as rules look at it ---- */

/* One simple command: words without their quotes, leading assignments and keywords cut off. */
struct cp_simple {
	struct cp_str *words; /* at least one */
	size_t n;
	struct cp_str program;      /* last element of the first word */
	struct cp_str *assignments; /* A=b before it, and keywords of the shell */
	size_t n_assignments;
};
struct cp_script {
	struct cp_simple *commands;
	size_t n;
};
/* The commands of a RUN, CMD or ENTRYPOINT, heredocs included. CP_ENOMEM. */
int cp_advise_script(struct cp_arena *a, const struct cp_command *command,
		     struct cp_script *ret_script);
/* Does a word of the command (after the first) equal `word`? */
bool cp_simple_has(const struct cp_simple *s, const char *word);
/* Is it `program verb`, options between them skipped? */
bool cp_simple_is(const struct cp_simple *s, const char *program, const char *verb);
/* Index of the word after `pip install`, of pip, pip3, python -m pip and uv; 0 = it is none. */
size_t cp_simple_pip(const struct cp_simple *s);

/* ---- pip: what is installed ---- */

struct cp_pip {
	CP_VEC(struct cp_str) files;    /* of -r and -c */
	CP_VEC(struct cp_str) packages; /* named on the command line, as written */
	bool local;                     /* a path, or -e: it needs more of the context */
	bool other_index;               /* wheels may come from elsewhere */
};
int cp_advise_pip(struct cp_arena *a, const struct cp_simple *s, struct cp_pip *ret_pip);

/* ---- one run of the rules ---- */

struct cp_stage_view {
	const struct cp_stage *stage;
	const struct cp_graph_stage *graph;
	struct cp_script *scripts;    /* of its commands; empty for what is no RUN */
	const struct cp_step **steps; /* of its commands, NULL where there is none */
	size_t n_seen;                /* of them, while they are looked for */
	bool in_image;                /* the target, or what the target is FROM */
	bool no_pip_cache;            /* pip was told at its end, or in what it is FROM */
};

struct cp_adviser {
	struct cp_arena *a;
	const struct cp_advise_input *in;
	struct cp_stage_view *stages; /* all of the file; look at reachable ones only */
	size_t n_stages;
	size_t target;
	struct cp_str *lines; /* of the Dockerfile, line feeds included */
	size_t n_lines;
	CP_VEC(struct cp_finding) found;
	bool silent[CP_ADVISE_N_RULES]; /* by the comments at the top */
	bool tests, data, notebooks;    /* instructions speak of them */
	bool no_memory;                 /* somewhere where that would look like an answer */
	struct cp_map walks;            /* pip.c: of requirement files, by path */
	size_t unread;                  /* bytes of the context that may still be read */
	size_t unseen;                  /* files of it that may still be looked at */
	struct cp_err *err;
};

/* Text for `message` and `why` is in the arena or static. CP_ENOMEM. */
int cp_advise_add(struct cp_adviser *ad, enum cp_advise_rule rule, int line, int line_end,
		  struct cp_str message, struct cp_str why);
/* The same in another file; and the finding to put an edit to, NULL = no memory. */
struct cp_finding *cp_advise_put(struct cp_adviser *ad, enum cp_advise_rule rule,
				 struct cp_str file, int line, int line_end, struct cp_str message,
				 struct cp_str why);

/* Is the code an error that hides an answer? CP_ENOMEM is remembered, and fails the run at its end. */
bool cp_advise_failed(struct cp_adviser *ad, int code);

/* Does the text hold the needle, whatever the case of letters? */
bool cp_advise_holds(struct cp_str text, const char *needle);
/* ... in an instruction of the file that runs something? */
bool cp_advise_runs(const struct cp_adviser *ad, const char *needle);
bool cp_advise_is_one_of(struct cp_str s, const char *const *list, size_t n);
/* Files of the context and how large they are, as a checkout has them: a pointer of Git LFS stands for its file. */
struct cp_weight {
	size_t n, n_unsized;
	uint64_t bytes; /* of those whose size is known */
};
void cp_advise_weigh(struct cp_adviser *ad, struct cp_str path, struct cp_weight *to);
void cp_advise_put_weight(struct cp_finding *f, const struct cp_weight *w);
/* A file of the context; false when it is not there or cannot be read. `out` belongs to the caller. */
bool cp_advise_read(struct cp_adviser *ad, struct cp_str path, struct cp_buf *out);
/* place.c: is there a node of this kind in the context, at a path that is relative or absolute? */
bool cp_advise_is(struct cp_adviser *ad, struct cp_str path, enum cp_node_kind kind);
/* place.c: may the source of a COPY name more than one path? */
bool cp_advise_is_wild(struct cp_str path);
/* place.c: a path of the image as one of the context, by the newest COPY above a command that brought it; p NULL: it is none, or nobody can tell. */
struct cp_str cp_advise_in_context(struct cp_adviser *ad, const struct cp_stage_view *v,
				   size_t command, struct cp_str path);
/* place.c: what a path means to a command that stands in a folder of the image. */
struct cp_str cp_advise_path_at(struct cp_adviser *ad, struct cp_str folder, struct cp_str path);
/* Names of the packages of a requirements file, includes followed, into `ret`: the first of them that is in the list, "" = none. */
struct cp_str cp_advise_requires(struct cp_adviser *ad, struct cp_str path, const char *const *list,
				 size_t n);
/* The same of everything that pip installs in a stage. */
struct cp_str cp_advise_stage_requires(struct cp_adviser *ad, const struct cp_stage_view *v,
				       const char *const *list, size_t n);
/* Files that a requirements file includes, itself first. false: one cannot be read, or a line of them is a path of the context. */
typedef CP_VEC(struct cp_str) cp_str_vec;
bool cp_advise_includes(struct cp_adviser *ad, struct cp_str path, cp_str_vec *ret_files);

/* Where `FROM x` of a stage ends: the image's reference, normalised; "scratch". */
struct cp_str cp_advise_base(const struct cp_adviser *ad, const struct cp_stage_view *v);
/* "python" and "3.12-slim" of docker.io/library/python:3.12-slim; false for another registry or a name of two parts. */
bool cp_advise_official(struct cp_str ref, struct cp_str *ret_name, struct cp_str *ret_tag);

/* The lines [from, to] of the Dockerfile, the last one ended. */
struct cp_str cp_advise_lines(struct cp_adviser *ad, int from, int to);
/* The history of a command's step; NULL = there is none. */
const struct cp_step_history *cp_advise_history(const struct cp_adviser *ad,
						const struct cp_stage_view *v, size_t command);
/* tools.c: the folders of the context that alone a RUN builds from; false when there are none, or nobody can tell. */
bool cp_advise_builds_from(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			   struct cp_install_step *ret);

/* tools.c: does the history say that a stage of its own would run it less often? */
bool cp_advise_is_stage(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			struct cp_install_step *ret);

/* installs.c: the first install of a RUN; false when there is none, or it reads more than files that can be named. */
bool cp_advise_install_of(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			  struct cp_install_step *ret);

/* ---- the rules, by what they look at ---- */

int cp_advise_copies(struct cp_adviser *ad);   /* copies.c: what COPY takes */
int cp_advise_installs(struct cp_adviser *ad); /* installs.c: order and leftovers of RUN */
int cp_advise_image(struct cp_adviser *ad);    /* image.c: bases and what the image says */
int cp_advise_ci(struct cp_adviser *ad);       /* ci.c */
int cp_advise_scans(struct cp_adviser *ad);    /* scans.c: what is in the image that was built */
/* ... and at the history of builds; silent without one */
int cp_advise_order(struct cp_adviser *ad); /* order.c: COPY against RUN and COPY below it */
int cp_advise_tools(
	struct cp_adviser
		*ad); /* tools.c: what builds, from which folder, and with its cache or not */

#endif
