/*
 * Private to graph/: the state of one conversion.
 *
 *   options ─► graph_builder ─► graph_dispatch ─► graph_vertex ─► graph_seal ─► cp_op
 *
 * A graph_dispatch is a stage, or an image that COPY --from or a mount names. A graph_vertex is an
 * operation as the frontend makes it; sealing merges equal ones.
 *
 * Functions return 0 or a negative CP_E* with b->err filled.
 */
#ifndef CP_GRAPH_BUILD_INT_H
#define CP_GRAPH_BUILD_INT_H

#include "graph/env_int.h"
#include "graph/graph.h"

/*
 * Follow paths of a local source (dispatchState.paths): they are part of a named context's
 * identity.
 */
struct graph_paths {
	struct cp_str *items;
	size_t n, cap;
	bool all; /* "/" was used: no filter */
};

struct graph_command {
	const struct cp_command *c;
	struct graph_dispatch **sources; /* COPY: one or none; RUN: one per --mount */
	size_t n_sources;
	bool on_build;
	size_t position; /* in its stage, set when it is dispatched */
	int line;
};

/* Where a vertex is shown. */
struct graph_place {
	int kind; /* enum cp_step_kind, -1 = not a step */
	size_t stage;
	const struct graph_command *command; /* NULL for the FROM of a stage */
	int order;                           /* among the vertices of one command */
};

/* An operation before equal ones are merged: llb.Vertex. */
struct graph_vertex {
	struct cp_op *op; /* everything but inputs and input numbers */
	struct cp_str name;
	struct cp_platform platform;   /* as LLB carries it, not normalised: part of the identity */
	struct graph_vertex *base;     /* FILE: the file system it works on, NULL = empty */
	struct graph_vertex **sources; /* FILE: per action, EXEC: per mount, MERGE: two; or NULL */
	size_t n_sources;
	const struct graph_paths *paths; /* named local context */
	struct graph_place place;
	struct cp_op *final; /* set when it is sealed */
	bool entered;
};

/* dockerspec.DockerOCIImage, as far as it decides anything. */
struct graph_image {
	struct graph_env env;
	struct cp_str working_dir, user, os;
	const struct cp_str *shell, *onbuild;
	size_t n_shell, n_onbuild;
};

/* dockerui.NamedContext */
struct graph_context {
	struct cp_str input;
	struct cp_str name; /* as it is shown: with ::platform when it was found that way */
	bool has_platform;
	struct cp_platform platform;
};

/*
 * Which unknown image config a value depends on; n = 0 for none. Every value that may differ when
 * the config is known carries one.
 */
struct graph_assumes {
	struct cp_str env, cwd, user, shell;
};

/* dockerfile2llb.dispatchState */
struct graph_dispatch {
	const struct cp_stage *stage; /* NULL when unregistered */
	size_t number;                /* of the stage; of its user when unregistered */
	const struct graph_command *user_command;
	struct cp_str name, base_name, ref, stage_name;
	struct graph_dispatch *base;
	const struct graph_context *context;
	bool dispatched, resolved, onbuild_done, unregistered, reachable, ignore_cache;
	bool seen; /* by resolveBaseImage, if only as unreachable */
	bool visited, on_path;
	struct graph_dispatch **deps;
	struct graph_command **dep_commands;
	size_t n_deps, cap_deps, cap_dep_commands;
	struct graph_command **commands;
	size_t n_commands;
	bool has_platform;
	struct cp_platform platform; /* not normalised */
	int cmd_total, cmd_index;
	bool cmd_is_onbuild;
	struct graph_paths *paths;
	int line, column;
	struct cp_str source; /* the line that errors show */

	struct graph_vertex *begin; /* fs before the first instruction */
	/* llb.State */
	struct graph_vertex *fs;
	struct graph_env env;
	struct cp_str cwd, user;
	bool has_state_platform;
	struct cp_platform state_platform;

	struct graph_image image;
	struct graph_assumes assumes;

	struct cp_graph_layer *layers; /* of its own instructions */
	size_t n_layers, cap_layers;
	const struct cp_graph_arg *args; /* those of its bases, too */
};

struct graph_builder {
	struct cp_arena *a;
	struct cp_err *err;
	const struct cp_dockerfile *file;
	struct cp_str file_name;
	const struct cp_build_options *opt;
	uint64_t rules;        /* of the profile */
	struct cp_str inexact; /* the first reason why the operations may be other ones */

	struct cp_map build_args; /* name ─► struct cp_str * */
	struct cp_map contexts;   /* familiar name ─► struct cp_str * */
	bool no_cache_all;
	struct cp_str *no_cache;
	size_t n_no_cache;
	struct cp_str cache_namespace, hostname;
	struct cp_host *hosts;
	int network;
	bool multi_platform;
	bool implicit_target;
	struct cp_platform build_platform, target_platform;
	struct graph_env globals;
	struct cp_lexer lexer;
	bool has_epoch, epoch_given; /* epoch_given: as a build argument that is not empty */
	int64_t epoch;               /* seconds */
	struct cp_str epoch_assumes;

	struct graph_dispatch **states; /* stages first, then what COPY --from and mounts name */
	size_t n_states, cap_states;
	struct cp_map names; /* lower-case stage name ─► graph_dispatch */
	struct graph_dispatch *target;
	struct graph_vertex *context; /* the main build context */

	struct cp_map assumed, imaged; /* sets */
	struct cp_str *assumptions, *images;
	size_t n_assumptions, cap_assumptions, n_images, cap_images;
};

#define GRAPH_NOT_A_STEP ((struct graph_place){.kind = -1})

/* ---- text ---- */

/* All parts in a row; p is NULL when there is no memory. */
struct cp_str graph_join(struct cp_arena *a, size_t n, const struct cp_str *parts);
#define GRAPH_CAT(a, ...)                                                                          \
	graph_join((a), sizeof((struct cp_str[]){__VA_ARGS__}) / sizeof(struct cp_str),            \
		   (struct cp_str[]){__VA_ARGS__})
struct cp_str graph_lower(struct cp_arena *a, struct cp_str s);
/* A vector in three struct members, as struct graph_builder has them. */
#define graph_push(b, items, n, cap, ...)                                                          \
	(cp_vec_reserve((b)->a, (void **)&(items), &(cap), (n), sizeof(*(items))) < 0              \
		 ? cp_err_nomem((b)->err)                                                          \
		 : ((items)[(n)++] = (__VA_ARGS__), 0))
/* strconv.ParseBool: 0, 1 or -1 for neither. */
int graph_parse_bool(struct cp_str s);
/* csvvalue.Fields. */
int graph_csv_fields(struct graph_builder *b, struct cp_str line, struct cp_str **ret_fields,
		     size_t *ret_n);

/* ---- errors ---- */

int graph_invalid(struct graph_builder *b, const char *format, ...) CP_PRINTF(2, 3);
/* Position of an error, kept when there is one. Returns r. */
int graph_at_command(struct graph_builder *b, const struct graph_dispatch *d,
		     const struct graph_command *cmd, int r);
int graph_at_stage(struct graph_builder *b, const struct graph_dispatch *d, int r);

/* ---- releases ---- */

/* Does one of these older rules hold? */
static inline bool graph_rule(const struct graph_builder *b, uint64_t rules)
{
	return b->rules & rules;
}
/*
 * What follows is something that a frontend with one of these rules refuses, or reads in a way that is not worked out here: the exact
 * keys are not known. The first sentence is kept.
 */
static inline void graph_doubt(struct graph_builder *b, uint64_t rules, struct cp_str why)
{
	if (graph_rule(b, rules) && !b->inexact.n)
		b->inexact = why;
}
/* The doubts that an instruction, and that an action of COPY, are reason for. */
void graph_check_release(struct graph_builder *b, const struct cp_command *c);
void graph_check_copy_action(struct graph_builder *b, const struct cp_action *action);

/* ---- options ---- */

int graph_options_read(struct graph_builder *b);
const struct cp_str *graph_build_arg(const struct graph_builder *b, struct cp_str name);
bool graph_is_no_cache(const struct graph_builder *b, struct cp_str stage_name);
int graph_assume(struct graph_builder *b, struct cp_str key, struct cp_str sentence);
/*
 * Remember that the image is needed; ask the resolver. *ret_config is NULL when nothing is known of
 * it.
 */
int graph_image_config(struct graph_builder *b, struct cp_str ref,
		       const struct cp_platform *platform,
		       const struct cp_image_config **ret_config);

/* ---- stages ---- */

int graph_stages_create(struct graph_builder *b);
int graph_target_find(struct graph_builder *b);
int graph_dependencies(struct graph_builder *b);
int graph_stages_resolve(struct graph_builder *b);
int graph_stages_dispatch(struct graph_builder *b);
int graph_state_add(struct graph_builder *b, struct graph_dispatch *d);
struct graph_dispatch *graph_state_named(const struct graph_builder *b, struct cp_str name);
int graph_command_new(struct graph_builder *b, struct graph_dispatch *d, const struct cp_command *c,
		      bool on_build, struct graph_command **ret_command);
int graph_mark_reachable(struct graph_builder *b);
int graph_depend(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd);

/* ---- named contexts ---- */

/* NULL in *ret_context when there is none of that name. */
int graph_context_find(struct graph_builder *b, struct cp_str name,
		       const struct cp_platform *platform,
		       const struct graph_context **ret_context);
/*
 * Puts the context's file system, environment and platform into d. *ret_has_image: the context is
 * an image.
 */
int graph_context_load(struct graph_builder *b, const struct graph_context *nc,
		       struct graph_dispatch *d, bool *ret_has_image);
int graph_main_context(struct graph_builder *b);
/*
 * The image of d: its config, or NULL when it is not known, which everything that uses it then
 * says.
 */
int graph_image_set(struct graph_builder *b, struct graph_dispatch *d, struct cp_str ref,
		    const struct cp_image_config *config);

/* ---- global arguments and the epoch ---- */

int graph_globals_create(struct graph_builder *b);
int graph_epoch_resolve(struct graph_builder *b);

/* ---- expansion ---- */

/*
 * Expand a word with the environment of a stage. *assumes gets the image whose unknown config was
 * asked.
 */
int graph_expand(struct graph_builder *b, const struct graph_dispatch *d, struct cp_str word,
		 struct cp_str *ret_word, struct cp_str *assumes);
int graph_expand_words(struct graph_builder *b, const struct graph_dispatch *d, struct cp_str word,
		       struct cp_str **ret_words, size_t *ret_n);
/* The same with global arguments, quietly: used before any stage exists. */
int graph_expand_env(struct graph_builder *b, const struct graph_env *env, struct cp_str word,
		     struct cp_str *ret_word);

/* ---- instructions ---- */

int graph_dispatch_command(struct graph_builder *b, struct graph_dispatch *d,
			   struct graph_command *cmd);
int graph_dispatch_workdir(struct graph_builder *b, struct graph_dispatch *d,
			   struct graph_command *cmd, struct cp_str path, struct cp_str assumes);
int graph_dispatch_copy(struct graph_builder *b, struct graph_dispatch *d,
			struct graph_command *cmd);
int graph_dispatch_run(struct graph_builder *b, struct graph_dispatch *d,
		       struct graph_command *cmd);
int graph_check_ports(struct graph_builder *b, const struct graph_dispatch *d,
		      const struct cp_command *c);
int graph_check_signal(struct graph_builder *b, struct cp_str signal);
int graph_check_chmod(struct graph_builder *b, struct cp_str text, struct cp_action *action);
struct cp_op_owner graph_owner(const struct graph_builder *b, struct cp_str text);
bool graph_owner_has_name(const struct cp_op_owner *owner);
bool graph_is_mode(struct cp_str text); /* symbolic, as cp_mode_apply takes it */
int graph_paths_add(struct graph_builder *b, struct graph_paths *paths, struct cp_str path);

/* ---- history of the image (history.c) ---- */

int graph_history_arg(struct graph_builder *b, struct graph_dispatch *d, struct cp_str key,
		      struct cp_str value);
int graph_history_run(struct graph_builder *b, struct graph_dispatch *d,
		      const struct graph_command *cmd, const struct cp_op_exec *exec);
int graph_history_workdir(struct graph_builder *b, struct graph_dispatch *d,
			  const struct graph_command *cmd);
/* `assumes`: of the texts. */
int graph_history_copy(struct graph_builder *b, struct graph_dispatch *d,
		       const struct graph_command *cmd, const struct cp_str *sources,
		       struct cp_str dest, struct cp_str chown, struct cp_str chmod,
		       struct cp_str assumes);
/* Those of the target and of the stages below it into g. */
int graph_history_list(struct graph_builder *b, struct cp_graph *g);

/* One exec under construction: mounts in the order in which they were added. */
struct graph_exec {
	struct cp_op_mount *mounts;
	struct graph_vertex **sources;
	size_t n, cap, cap_sources;
	struct cp_op_mount *secrets, *sshs; /* come last */
	size_t n_secrets, cap_secrets, n_sshs, cap_sshs;
	struct cp_secret_env *secret_env;
	size_t n_secret_env, cap_secret_env;
};
int graph_exec_mount(struct graph_builder *b, struct graph_exec *e, struct cp_op_mount m,
		     struct graph_vertex *source);
/* *ret_mounts: parsed mounts, one per --mount. */
int graph_run_mounts(struct graph_builder *b, struct graph_dispatch *d, struct graph_command *cmd,
		     const struct cp_mount *mounts, struct graph_exec *e);
/* The expanded --mount values of a RUN. */
int graph_mounts_expand(struct graph_builder *b, struct graph_dispatch *d,
			const struct cp_command *c, struct cp_mount **ret_mounts);

/* ---- names ---- */

/* prefixCommand(uppercaseCmd(processCmdEnv(text))). */
int graph_name_command(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		       const struct cp_platform *platform, struct cp_str *ret_name);
/* uppercaseCmd(processCmdEnv(text)) without the number. */
int graph_name_text(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		    struct cp_str *ret_text);
int graph_name_run(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		   const struct cp_mount *mounts, size_t n_mounts, struct cp_str *ret_name);
/* prefixCommand: takes the next number of the stage. */
int graph_name_prefix(struct graph_builder *b, struct graph_dispatch *d, struct cp_str text,
		      const struct cp_platform *platform, bool with_env, struct cp_str *ret_name);
/* summarizeHeredoc */
int graph_name_summary(struct graph_builder *b, struct cp_str body, struct cp_str *ret_text);

/* ---- operations ---- */

struct graph_vertex *graph_vertex_new(struct graph_builder *b, enum cp_op_kind kind,
				      struct cp_str name, struct graph_place place);
/* A file operation without a base that makes one file. */
int graph_vertex_mkfile(struct graph_builder *b, struct cp_str path, int mode, struct cp_str data,
			struct graph_vertex **ret_vertex);
struct cp_action graph_action(enum cp_action_kind kind);

/*
 * Every operation below `root`, merged, in topological order, and the vertex that names each of
 * them.
 */
struct graph_sealed {
	struct cp_op **ops;
	struct graph_vertex **names;
	size_t n, cap, cap_names;
};
int graph_seal(struct graph_builder *b, struct graph_vertex *root, struct graph_sealed *ret_sealed);
/* Two vertices with the same identity are one operation. */
int graph_identity(struct graph_builder *b, const struct graph_vertex *v, struct cp_digest *ret_id);

#endif
