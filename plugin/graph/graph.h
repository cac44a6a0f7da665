/*
 * graph/: a Dockerfile + arguments + image configs ─► stages and operations, exactly as BuildKit's frontend v0.34 builds them
 * (frontend/dockerfile/dockerfile2llb, dockerui), or an older one where a profile says so. Pure: image configs come through
 * struct cp_image_resolver.
 *
 *   cp_dockerfile + cp_build_options ─► cp_graph { ops[] in topological order, stages[], steps[] in build order }
 *
 * Two operations with equal fields and equal inputs are one operation (LLB vertices are identified by content), printed
 * once under the name given last. Every field that enters a cache key (buildkit-cache-keys.md sections 1 and 2) is here.
 */
#ifndef CP_GRAPH_GRAPH_H
#define CP_GRAPH_GRAPH_H

#include "base/base.h"
#include "dockerfile/dockerfile.h"
#include "profile/profile.h"

struct cp_platform {
	struct cp_str os, arch, variant,
		os_version;        /* normalised: amd64 has no variant, arm64/v8 none, arm is v7 */
	struct cp_str os_features; /* sorted, joined with "+"; "" but for "windows(10.0+win32k)" */
};

enum cp_op_kind { CP_OP_SOURCE, CP_OP_EXEC, CP_OP_FILE, CP_OP_MERGE };
enum cp_source_kind {
	CP_SOURCE_IMAGE,
	CP_SOURCE_LOCAL,
	CP_SOURCE_HTTP,
	CP_SOURCE_GIT,
	CP_SOURCE_OTHER
};

struct cp_op_source {
	enum cp_source_kind kind;
	struct cp_str
		identifier; /* as in LLB: "docker-image://docker.io/library/python:3.12", "local://context", URL */
	/* image */
	struct cp_str ref;    /* normalised, with tag and digest as given */
	struct cp_str digest; /* "sha256:..." when known (pinned or resolved), else "" */
	bool may_trigger; /* image: its config is not known, so ONBUILD steps may stand between it and its users */
	struct cp_str chain; /* ChainID of its layers when known, else "" */
	/*
	 * local, and git when it is the main context at a commit that is known: name of the context ("context" or "context:NAME"), which
	 * struct cp_build maps to a file system
	 */
	struct cp_str local_name;
	/* http */
	struct cp_str http_url, http_filename, http_checksum;
	/* git */
	struct cp_str git_remote, git_ref, git_subdir, git_checksum;
	struct cp_str git_mtime; /* "", "checkout" or "commit" */
	bool git_keep_dir, git_skip_submodules, git_fetch_by_commit;
};

struct cp_op_user {
	enum { CP_USER_NONE, CP_USER_ID, CP_USER_NAME } kind;
	struct cp_str name;
	uint32_t id;
	int input; /* NAME: index of the base file system among the inputs, -1 = none */
};
struct cp_op_owner {
	struct cp_op_user user, group; /* both NONE = no owner */
};

enum cp_action_kind { CP_ACTION_COPY, CP_ACTION_MKDIR, CP_ACTION_MKFILE };
/* pb.FileAction; numbers as in the proto (section 1.6). */
struct cp_action {
	enum cp_action_kind kind;
	int input, secondary_input, output;
	/* copy: src, dest. mkdir, mkfile: path in `dest` */
	struct cp_str src, dest;
	struct cp_str data; /* mkfile */
	struct cp_op_owner owner;
	int mode;               /* copy: -1 = keep, else bits. mkdir, mkfile: bits */
	struct cp_str mode_str; /* symbolic --chmod, see cp_mode_apply; mode is then 0 and absent */
	int64_t timestamp;      /* nanoseconds, -1 = none */
	bool make_parents;      /* mkdir */
	bool follow_symlink, dir_copy_contents, attempt_unpack, create_dest_path, allow_wildcard,
		allow_empty_wildcard;
	bool always_replace;
	struct cp_str *includes, *excludes, *required;
	size_t n_includes, n_excludes, n_required;
};

/* pb.Mount */
struct cp_op_mount {
	int input; /* index into the op's inputs, -1 = none */
	struct cp_str selector, dest;
	int output; /* 0 for the root, else -1; 0 for secret and ssh */
	bool read_only;
	int type; /* 0 bind, 1 secret, 2 ssh, 3 cache, 4 tmpfs */
	int64_t tmpfs_size;
	struct cp_str cache_id;
	int cache_sharing;
	struct cp_str id; /* secret, ssh */
	uint32_t uid, gid, mode;
	bool optional;
};

struct cp_ulimit {
	struct cp_str name;
	int64_t soft, hard;
};
struct cp_host {
	struct cp_str host, ip;
};
struct cp_secret_env {
	struct cp_str id, name;
	bool optional;
};

struct cp_op_exec {
	struct cp_str *args, *env; /* env: "KEY=value" in order */
	bool *env_assumed; /* per variable: its value is (made of) what an unknown image config says; NULL = none is */
	size_t n_args, n_env;
	struct cp_str cwd, user, hostname, cgroup_parent;
	struct cp_host *hosts;
	size_t n_hosts;
	struct cp_ulimit *ulimits;
	size_t n_ulimits;
	struct cp_op_mount *mounts;
	size_t n_mounts;
	int network;  /* 0 sandbox, 1 host, 2 none */
	int security; /* 0 sandbox, 1 insecure */
	struct cp_secret_env *secret_env;
	size_t n_secret_env;
	struct cp_host *devices; /* host = name, ip = "optional" or "" */
	size_t n_devices;
};

/* Fields of an op that are those of an image config which is not known. FILE: the paths, modes and owners of its actions. */
#define CP_ASSUMES_CWD 2u
#define CP_ASSUMES_USER 4u
#define CP_ASSUMES_SHELL 8u /* the arguments before the last */
#define CP_ASSUMES_FILE 16u

struct cp_op {
	enum cp_op_kind kind;
	size_t index; /* in cp_graph.ops: inputs come before their users */
	struct cp_str
		name; /* as BuildKit prints it, helper operations ("[internal] ...") included */
	const struct cp_op **inputs;
	size_t n_inputs;
	struct cp_platform platform; /* EXEC and SOURCE; zero for FILE and MERGE */
	bool ignore_cache;           /* --no-cache, --no-cache-filter */
	/*
	 * The op was built from an image config that is not known; this is the image's ref (NULL p = nothing assumed).
	 * Two ops that are equal but assume different images are not known to be equal.
	 */
	struct cp_str assumes_config_of;
	unsigned
		assumes; /* CP_ASSUMES_*: which fields came from that config, unchanged by the Dockerfile */
	struct cp_op_source source;
	struct cp_op_exec exec;
	struct cp_action *actions; /* FILE */
	size_t n_actions;
};

enum cp_step_kind {
	CP_STEP_FROM,  /* resolves an image; never a cache step */
	CP_STEP_OP,    /* WORKDIR, COPY, ADD, RUN */
	CP_STEP_MERGE, /* the merge of COPY --link */
	CP_STEP_FETCH, /* the download of ADD url, never cached */
};
struct cp_step {
	enum cp_step_kind kind;
	struct cp_str name; /* "[builder 3/4] COPY requirements.txt .", as BuildKit prints it */
	const struct cp_op *op;
	size_t stage;                     /* index into cp_graph.stages */
	const struct cp_command *command; /* NULL for FROM */
	struct cp_str instruction;        /* upper case: "COPY" */
	int line;
};

struct cp_graph_stage {
	struct cp_str name; /* "builder" or "stage-1" */
	size_t index;       /* in the Dockerfile */
	bool reachable;     /* part of this target's build */
	int line;
	struct cp_str base; /* image reference (normalised), "scratch" or the parent stage's name */
	int parent;         /* index of the parent stage, -1 */
	const struct cp_op *begin; /* what FROM gives; NULL = an empty file system, or not needed */
	const struct cp_op *result; /* NULL = empty file system */
};

/* A layer that the target puts on its base image; cp_graph_layer_text is what the image's history says of it. */
struct cp_graph_layer {
	size_t stage; /* a stage that the target is FROM, or itself */
	const struct cp_command *command;
	int line;     /* of a trigger: that of its FROM */
	bool assumed; /* a part of the text is what an unknown image config says */
	/* what the text is made of */
	const struct cp_str *words, *env;
	size_t n_words, n_env;
	const struct cp_graph_arg *args;
};
/* Build arguments that are in force, the newest first. */
struct cp_graph_arg {
	struct cp_str key, value;
	const struct cp_graph_arg *older;
};
/*
 * created_by of the layer's history (commitToHistory): "COPY a.txt . # buildkit", "RUN |1 V=2 /bin/sh -c make # buildkit", "WORKDIR /app".
 * In `a`; p NULL: no memory.
 */
struct cp_str cp_graph_layer_text(struct cp_arena *a, const struct cp_graph_layer *layer);

struct cp_graph {
	const struct cp_op **ops;
	size_t n_ops;
	struct cp_graph_stage *stages; /* all stages of the file */
	size_t n_stages;
	struct cp_step
		*steps; /* in the order of the file, reachable stages only, duplicates removed */
	size_t n_steps;
	struct cp_graph_layer *layers; /* of the target above its base image, the lowest first */
	size_t n_layers;
	const struct cp_op *result; /* of the target; NULL = empty */
	size_t target;              /* stage index */
	struct cp_str
		*assumptions; /* sentences: "the config of python:3.12-slim is not known: ..." */
	size_t n_assumptions;
	struct cp_str *images; /* every image reference that the target needs, normalised */
	size_t n_images;
	struct cp_str syntax; /* image of `# syntax=` or BUILDKIT_SYNTAX, "" = built in */
	uint64_t rules;       /* CP_RULE_* of the profile that it was built with */
	struct cp_str
		inexact; /* why BuildKit's operations may be other ones; "" = they are these */
};

/* What the frontend needs to know of a base image. */
struct cp_image_config {
	struct cp_str
		digest; /* index or manifest digest that the reference resolves to, "" = not known */
	struct cp_str *env; /* "KEY=value" */
	size_t n_env;
	struct cp_str working_dir, user;
	struct cp_str *shell, *onbuild;
	size_t n_shell, n_onbuild;
	bool no_layers;      /* the image has no layer at all */
	struct cp_str chain; /* ChainID of its layers, "" = not known */
};
/*
 * ChainID of the layers of an image, from the diff ids of its config: cp_image_config.chain. *ret_chain is "" for no layers. CP_EINVAL for
 * an id that is no digest.
 */
int cp_image_chain(struct cp_arena *a, const struct cp_str *diff_ids, size_t n,
		   struct cp_str *ret_chain, struct cp_err *err);

struct cp_image_resolver {
	/* CP_ENOTFOUND = not known; the graph then uses an opaque config that equals itself and adds an assumption. */
	int (*resolve)(void *self, struct cp_str ref, const struct cp_platform *platform,
		       const struct cp_image_config **ret_config, struct cp_err *err);
	void *self;
};

struct cp_option_pair {
	struct cp_str key, value;
};
/* The frontend attrs and build-args of `docker buildx build`. Zero = defaults. */
struct cp_build_options {
	struct cp_str target;
	struct cp_option_pair *build_args;
	size_t n_build_args;
	struct cp_option_pair *
		contexts; /* --build-context NAME=VALUE: docker-image://, a local folder, target:, git or http URL */
	size_t n_contexts;
	struct cp_platform platform;       /* target; os "" = build platform */
	struct cp_platform build_platform; /* os "" = linux/amd64 */
	bool no_cache;
	struct cp_str *no_cache_filter;
	size_t n_no_cache_filter;
	struct cp_host *add_hosts;
	size_t n_add_hosts;
	struct cp_str network; /* force-network-mode: "", "host", "none" */
	struct cp_str hostname, cgroup_parent;
	struct cp_ulimit *ulimits;
	size_t n_ulimits;
	int64_t shm_size;
	bool multi_platform;        /* this is one of several platforms: step names begin with it */
	bool no_merge_op;           /* a daemon without MergeOp: --link is an ordinary COPY */
	struct cp_str main_context; /* "" = local; else a git or http URL: no local source exists */
	struct cp_str main_commit;  /* what the ref of a git main_context is at, "" = not known */
	struct cp_image_resolver *resolver; /* NULL = nothing is known */
	const struct cp_profile *profile;   /* NULL = the newest rules */
};

/* A build context that is the URL of a git repository (dfgitutil.ParseGitRef). */
struct cp_git_context {
	struct cp_str host, path;  /* of the URL; a ".git" at the end is left out */
	struct cp_str ref, subdir; /* "" = not said */
	bool keeps_git_dir;
};
/* *ret_is_git false: it is none. CP_EINVAL when it is one and its query is wrong. */
int cp_git_context_parse(struct cp_arena *a, struct cp_str text, struct cp_git_context *ret_context,
			 bool *ret_is_git, struct cp_err *err);
bool cp_is_commit_id(struct cp_str text);

/* The image of `# syntax=`, or the one of BUILDKIT_SYNTAX among the build arguments, which wins; "" = neither. */
struct cp_str cp_graph_syntax(const struct cp_dockerfile *dockerfile,
			      const struct cp_build_options *options);

/*
 * CP_EINVAL with a position when the frontend itself would refuse (unknown stage, bad platform, undefined flag combination).
 */
int cp_graph_build(struct cp_arena *a, const struct cp_dockerfile *dockerfile,
		   struct cp_str dockerfile_name, const struct cp_build_options *options,
		   const struct cp_graph **ret_graph, struct cp_err *err);

/* The stage whose FROM names the image, or the scratch, that the target begins with. */
const struct cp_graph_stage *cp_graph_bottom(const struct cp_graph *graph);

/* reference.ParseNormalizedNamed + TagNameOnly: "python" ─► "docker.io/library/python:latest". CP_EINVAL. */
int cp_image_ref_normalise(struct cp_arena *a, struct cp_str ref, struct cp_str *ret_ref,
			   struct cp_err *err);
/* "linux/arm64/v8" ─► normalised platform. CP_EINVAL. */
int cp_platform_parse(struct cp_arena *a, struct cp_str text, struct cp_platform *ret_platform,
		      struct cp_err *err);

/*
 * What a symbolic --chmod makes of permission bits (with 07000), which for a folder may differ. `text` is one that a graph has in
 * cp_action.mode_str.
 */
uint32_t cp_mode_apply(struct cp_str text, uint32_t mode, bool is_dir);

#endif
