/*
 * dockerfile/: text ─► directives, syntax tree ─► stages of typed commands, plus the shell lexer
 * that expands variables. Pure: never reads a file, never looks at a context. The language is that
 * of BuildKit v0.34 (frontend/dockerfile/{parser,instructions,shell}): tests/conformance/diffparse
 * and diffexpand compare with it.
 *
 *   cp_dockerfile_parse ─► struct cp_dockerfile { directives, global ARGs, stages[ commands[] ] }
 *   cp_expand           ─► a word with its variables replaced
 *
 * Values live in the arena given, are immutable once returned, and borrow nothing from the input.
 * BuildKit takes more than base/limits.h allows: lines joined to more than CP_MAX_LINE_BYTES, words
 * longer or nested deeper than CP_MAX_EXPANSION_*, more stages and instructions. That is CP_ELIMIT.
 */
#ifndef CP_DOCKERFILE_DOCKERFILE_H
#define CP_DOCKERFILE_DOCKERFILE_H

#include "base/base.h"

enum cp_command_kind {
	CP_CMD_ADD,
	CP_CMD_ARG,
	CP_CMD_CMD,
	CP_CMD_COPY,
	CP_CMD_ENTRYPOINT,
	CP_CMD_ENV,
	CP_CMD_EXPOSE,
	CP_CMD_HEALTHCHECK,
	CP_CMD_LABEL,
	CP_CMD_MAINTAINER,
	CP_CMD_ONBUILD,
	CP_CMD_RUN,
	CP_CMD_SHELL,
	CP_CMD_STOPSIGNAL,
	CP_CMD_USER,
	CP_CMD_VOLUME,
	CP_CMD_WORKDIR,
};

/* ENV, LABEL: a pair as written, quotes still in it. ARG: value only when has_value. */
struct cp_pair {
	struct cp_str key;
	struct cp_str value;
	bool has_value; /* ARG NAME=value; always true for ENV and LABEL */
	bool no_delim;  /* ENV, LABEL: the legacy form KEY value */
};

/* An anonymous file: a heredoc of COPY, ADD or RUN. */
struct cp_heredoc {
	struct cp_str name;    /* the delimiter without quotes, which is the file's name */
	struct cp_str content; /* raw body with its line endings, tabs not yet removed */
	bool expand;           /* the delimiter was not quoted */
	bool chomp;            /* <<-: leading tabs go when the body is used as a file */
};

enum cp_mount_type { CP_MOUNT_BIND, CP_MOUNT_CACHE, CP_MOUNT_TMPFS, CP_MOUNT_SECRET, CP_MOUNT_SSH };
enum cp_sharing { CP_SHARING_SHARED, CP_SHARING_PRIVATE, CP_SHARING_LOCKED };

/* One --mount of RUN after expansion and validation (instructions/commands_runmount.go Mount). */
struct cp_mount {
	enum cp_mount_type type;
	struct cp_str from, source, target, cache_id; /* cache_id: id= of cache, secret, ssh */
	bool has_env;
	struct cp_str env; /* secret: env=NAME */
	bool read_only, required;
	enum cp_sharing sharing; /* cache */
	bool has_sharing;
	int64_t size_limit; /* tmpfs, bytes */
	bool has_mode, has_uid, has_gid;
	uint64_t mode, uid, gid;
};

struct cp_command {
	enum cp_command_kind kind;
	struct cp_str name; /* lower case: "copy" */
	struct cp_str code; /* the logical line (node.Original) trimmed, heredoc bodies not in it */
	int line, column;   /* 1-based, of the instruction's first byte; 0 for a parsed trigger */
	int line_end;       /* the last line, of its heredocs included */

	/* ENV, LABEL, ARG */
	struct cp_pair *pairs;
	size_t n_pairs;

	/*
	 * RUN, CMD, ENTRYPOINT, HEALTHCHECK (after CMD), SHELL: command line. prepend_shell = shell
	 * form: one element, or none for an instruction without arguments. VOLUME: the words.
	 * EXPOSE: the words sorted, as BuildKit has them.
	 */
	struct cp_str *words;
	size_t n_words;
	bool prepend_shell;

	/* COPY, ADD: sources that are paths or URLs, and the destination, as written */
	struct cp_str *sources;
	size_t n_sources;
	struct cp_str dest;
	/*
	 * heredocs: SourceContents of COPY and ADD (in source order; without a body in the file for
	 * a source of the JSON form that looks like one), Files of RUN. CMD and ENTRYPOINT have none.
	 */
	struct cp_heredoc *heredocs;
	size_t n_heredocs;

	/* flags of COPY and ADD; a NULL p means the flag was not given where that matters */
	struct cp_str from, chown, chmod, checksum;
	bool link, parents;
	struct cp_str *excludes;
	size_t n_excludes;
	int keep_git_dir; /* ADD: -1 not given, 0, 1 */
	int unpack;       /* ADD: -1 not given, 0, 1 */

	/* flags of RUN: raw values, since variables in --mount expand later (cp_mounts_parse) */
	struct cp_str *mounts;
	size_t n_mounts;
	struct cp_str network;  /* "default", "none", "host" */
	struct cp_str security; /* "sandbox", "insecure" */
	struct cp_str *devices; /* raw --device values */
	size_t n_devices;

	/*
	 * WORKDIR, USER, STOPSIGNAL, MAINTAINER: the text. ONBUILD: the text of the trigger, heredocs
	 * re-attached; nothing says that it parses, nor that it is not ONBUILD itself (BuildKit takes
	 * ONBUILD written with U+0130 and then fails to cut it off).
	 */
	struct cp_str text;

	/* HEALTHCHECK */
	bool health_none;
};

struct cp_stage {
	struct cp_str name;      /* lower case, "" when FROM has no AS */
	struct cp_str base_name; /* as written, not expanded */
	struct cp_str platform;  /* as written */
	struct cp_str code;      /* the FROM line */
	int line, column, line_end;
	struct cp_command **commands;
	size_t n_commands;
};

struct cp_directive {
	struct cp_str name;  /* lower case */
	struct cp_str value; /* syntax: only the image, without the options that may follow it */
	int line;
};

struct cp_dockerfile {
	struct cp_directive syntax, escape, check; /* name.p NULL when absent */
	char escape_char;                          /* '\\' or '`' */
	struct cp_command **global_args;           /* ARG commands before the first FROM */
	size_t n_global_args;
	struct cp_stage *stages;
	size_t n_stages;
};

/*
 * Parse a whole Dockerfile as parser.Parse and instructions.Parse do. CP_EINVAL with line, column,
 * width, source line and a message in BuildKit's words (plus "did you mean"), CP_ELIMIT, CP_ENOMEM.
 * `name` is only for messages.
 */
int cp_dockerfile_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			const struct cp_dockerfile **ret_dockerfile, struct cp_err *err);

/*
 * Parse one ONBUILD trigger ("COPY . /app") into a command, as initOnBuildTriggers does
 * (parser.Parse + instructions.ParseInstruction, escape character '\\'). Errors have no position.
 */
int cp_dockerfile_parse_trigger(struct cp_arena *a, struct cp_str text,
				const struct cp_command **ret_command, struct cp_err *err);

/* parser.DetectSyntax ("# syntax=", "// syntax=", JSON): the image, or an empty slice. */
struct cp_str cp_dockerfile_detect_syntax(struct cp_arena *a, struct cp_str text, int *ret_line);

/* ---- expansion (frontend/dockerfile/shell/lex.go) ---- */

/* Where the values come from. Returns false when the variable is not set. */
struct cp_env_lookup {
	bool (*get)(const void *self, struct cp_str name, struct cp_str *ret_value);
	const void *self;
};

struct cp_lexer {
	char escape;                /* the file's escape character */
	bool raw_quotes;            /* lex.RawQuotes: quotes are kept in the result */
	bool raw_escapes;           /* lex.RawEscapes */
	bool skip_processed_quotes; /* lex.SkipProcessQuotes: quotes mean nothing (heredoc bodies) */
	bool skip_unset; /* lex.SkipUnsetEnv: leave unset variables as they were written */
};

/*
 * lex.ProcessWord, ProcessWordWithMatches: the expanded word. CP_EINVAL with BuildKit's message and
 * no position. Which variables were used, and which were not set, `env` can tell: it is asked for
 * each. NULL: nothing is set.
 */
int cp_expand(struct cp_arena *a, const struct cp_lexer *lexer, struct cp_str word,
	      const struct cp_env_lookup *env, struct cp_str *ret_word, struct cp_err *err);
/* lex.ProcessWords: expanded and split at unquoted white space. */
int cp_expand_words(struct cp_arena *a, const struct cp_lexer *lexer, struct cp_str word,
		    const struct cp_env_lookup *env, struct cp_str **ret_words, size_t *ret_n_words,
		    struct cp_err *err);

/*
 * The --mount values of a RUN with their variables expanded (setMountState with the stage's
 * expander), all checks made. `lookup` NULL: values are taken as they are written. ret_mounts has
 * command->n_mounts elements. CP_EINVAL with the position of the command.
 */
int cp_mounts_parse(struct cp_arena *a, const struct cp_command *command,
		    const struct cp_lexer *lexer, const struct cp_env_lookup *lookup,
		    struct cp_mount **ret_mounts, struct cp_err *err);

/* heredoc.Content with leading tabs removed from every line (parser.ChompHeredocContent). */
struct cp_str cp_heredoc_chomp(struct cp_arena *a, struct cp_str content);

#endif
