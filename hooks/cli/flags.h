/*
 * The one table of flags and commands. Parsing, the environment, --help, the man page, completions
 * and the JSON request are all made from it: a flag is added in one place.
 *
 *   argv, CACHEPREDICT_<FLAG> ─► parse.c ─► struct options ─► request.c ─► {"base":...}
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

enum command {
	CMD_PREDICT,
	CMD_EXPLAIN,
	CMD_PATHS,
	CMD_KEYS,
	CMD_GRAPH,
	CMD_AFFECTED,
	CMD_ADVISE,
	CMD_SPLIT,
	CMD_COMMENT,
	CMD_BACKTEST,
	CMD_CACHE,
	CMD_RECORD,
	CMD_RPC,
	CMD_VERSION,
	CMD_HELP,
	CMD_COMPLETION,
	N_COMMANDS,
};

struct command_info {
	const char *name;
	const char *arguments; /* after the flags, as in a synopsis */
	const char *summary;   /* one line */
	const char *about;     /* sentences for help and the man page, "" = none */
};
extern const struct command_info commands[N_COMMANDS];

enum flag_kind {
	FLAG_BOOL,
	FLAG_TEXT, /* the last one wins */
	FLAG_NUMBER,
	FLAG_LIST,  /* repeatable; the environment separates by newlines */
	FLAG_WORDS, /* the same, and commas separate, too */
	FLAG_PAIRS, /* KEY=VALUE, repeatable, the last one of a key wins ─► a JSON object */
};

enum flag_group {
	GROUP_COMPARE,
	GROUP_BUILD, /* the flags of docker buildx build that change steps or their cache */
	GROUP_IMAGES,
	GROUP_NETWORK,
	GROUP_FORGE,
	GROUP_OUTPUT,
	GROUP_HELPER,
	GROUP_DOCKER, /* those that do not: skipped in `-- docker buildx build ...` */
	N_GROUPS,
};
extern const char *const group_titles[N_GROUPS];

enum flag_place {
	IN_NOTHING, /* for the helper itself */
	IN_REQUEST,
	IN_IMAGE,
	IN_STYLE,
};

enum flag_id {
	F_BASE,
	F_HEAD,
	F_REV,
	F_INDEX,
	F_WORK_TREE,
	F_CONTEXT_FROM,
	F_BUILDER,
	F_UMASK,
	F_STATE,
	F_NO_STATE,
	F_DIRECTORY,
	F_FILE,
	F_TARGET,
	F_BUILD_ARG,
	F_BUILD_CONTEXT,
	F_PLATFORM,
	F_NO_CACHE,
	F_NO_CACHE_FILTER,
	F_PULL,
	F_CACHE_FROM,
	F_CACHE_TO,
	F_ADD_HOST,
	F_NETWORK,
	F_ULIMIT,
	F_SHM_SIZE,
	F_CGROUP_PARENT,
	F_SECRET,
	F_SSH,
	F_LABEL,
	F_TAG,
	F_BAKE,
	F_COMPOSE,
	F_ONLY,
	F_CONFIG,
	F_IMAGE_METADATA,
	F_BASE_IMAGE_METADATA,
	F_SAVE_IMAGE_METADATA,
	F_OFFLINE,
	F_TIMEOUT,
	F_RESOLVE_IMAGES,
	F_REGISTRY,
	F_REGISTRY_MIRROR,
	F_REGISTRY_HTTP,
	F_REGISTRY_CA,
	F_BUILDKITD_CONFIG,
	F_FORGE,
	F_FORGE_URL,
	F_FORGE_REPOSITORY,
	F_PULL_REQUEST,
	F_COMMIT,
	F_RUN,
	F_BEHAVIOUR,
	F_COMMENT_ID,
	F_STATUS,
	F_CHECK_RUN,
	F_DRY_RUN,
	F_SUMMARY,
	F_FORMAT,
	F_COLOR,
	F_WIDTH,
	F_ASCII,
	F_PRETTY,
	F_FAIL_ON,
	F_STRICT,
	F_CHECK,
	F_DIFF,
	F_COMMITS,
	F_HISTORY,
	F_REPORT,
	F_BUILT,
	F_WITH,
	F_PATCHES,
	F_LAYERS,
	F_WEIGHTS,
	F_PREIMAGE,
	F_FORK,
	F_LOG,
	F_KIND,
	F_PREDICTION,
	F_PROJECT,
	F_ACCURACY,
	F_EXPORT,
	F_IMPORT,
	F_PLUGIN,
	F_HELP,
	F_VERSION,
	F_FIRST_DOCKER,
};

struct flag {
	const char *name;
	char letter; /* 0 = none */
	enum flag_kind kind;
	enum flag_group group;
	enum flag_place place;
	const char *member;  /* of the request */
	unsigned commands;   /* bits 1 << CMD_... */
	const char *value;   /* its name in help, NULL for FLAG_BOOL */
	const char *choices; /* "a|b", "<file>", "<folder>", NULL = anything */
	const char *help;
};
extern const struct flag flags[];
extern const size_t n_flags;

/* A flag by name; `docker`: only those of docker buildx build. NULL when there is none. */
const struct flag *flag_find(const char *name, size_t n, bool docker);
const struct flag *flag_letter(char letter, bool docker);
/* The flag that somebody who typed this meant, NULL when nothing is near. */
const struct flag *flag_meant(const char *name, size_t n, unsigned commands);
/* Index of a command, -1. */
int command_find(const char *name);
const char *command_meant(const char *name);
/* CACHEPREDICT_BUILD_ARG; "" when the environment does not set this flag. */
void flag_environment(const struct flag *f, char *out, size_t room);

#endif
