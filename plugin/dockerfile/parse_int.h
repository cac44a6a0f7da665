/*
 * The two passes over a Dockerfile, as BuildKit has them: all text becomes nodes (parser.Parse),
 * then every node becomes a command (instructions.Parse). An error of the first pass is reported
 * before any of the second.
 *
 *   lines.c       physical lines ─► logical lines, and back to a position
 *   directives.c  # name = value
 *   node.c        logical line ─► node: its flags (flags.c), its arguments (words.c, json.c) and
 *                 the heredocs behind it (heredoc.c)
 *   instructions.c, copy.c, run.c, mounts.c, health.c   node ─► command
 */
#ifndef CP_DOCKERFILE_PARSE_INT_H
#define CP_DOCKERFILE_PARSE_INT_H

#include "dockerfile/dockerfile.h"

/* ---- lines.c ---- */

/* A place between two physical lines. */
struct cp_lines {
	struct cp_str text;
	size_t at;     /* where the next line begins */
	int number;    /* lines read so far */
	bool too_long; /* a line was longer than BuildKit's scanner takes: the file is rejected */
	bool spilled;  /* the beginning of that line was given out */
};

/*
 * The next physical line with its line ending; false at the end. As from bufio.Scanner, false for a
 * line that is too long, then its beginning, then false: which error is found first depends on it.
 */
bool cp_lines_next(struct cp_lines *l, struct cp_str *ret_line);
/* Without trailing \r and \n. */
struct cp_str cp_lines_chop(struct cp_str line);
/* A '#' after white space only. */
bool cp_lines_is_comment(struct cp_str line);
/*
 * Joins `first` with the lines that continue it, white space at its left taken off. The text is
 * empty when there was nothing to join; a failure stays in `out`. *ret_something is false for a
 * blank line.
 */
void cp_lines_join(struct cp_lines *l, struct cp_str first, char escape, struct cp_buf *out,
		   bool *ret_something);

/* Where a logical line came from. */
struct cp_origin {
	struct cp_str line;     /* the logical line, in the arena */
	struct cp_lines before; /* before its first physical line */
	char escape;
};

struct cp_position {
	int line, column;
	size_t left;          /* bytes of the logical line that follow on this physical line */
	struct cp_str source; /* the physical line */
};

/* The position in the file of the byte at `offset` of a logical line. */
struct cp_position cp_lines_locate(const struct cp_origin *origin, size_t offset);
/* The column at which its first physical line begins, white space aside. */
int cp_lines_column(const struct cp_origin *origin);

/* ---- directives.c ---- */

/* parser.DirectiveParser */
struct cp_directives {
	struct cp_str comment; /* what a directive line begins with */
	int line;
	bool done;
	bool seen_syntax, seen_escape, seen_check;
};

/*
 * One line of the head of a file. *ret_directive gets an empty name when the line is none; the name
 * is one of a static set, the value borrows from the line. CP_EINVAL: it is there twice.
 */
int cp_directives_line(struct cp_directives *d, struct cp_str line,
		       struct cp_directive *ret_directive, struct cp_err *err);
/*
 * parser.DetectSyntax (any_format) and ParseDirective: a directive of the whole file with its
 * value, and the first word of it. They borrow from the text or live in the arena. A NULL name:
 * there is none.
 */
int cp_directives_find(struct cp_arena *a, struct cp_str text, const char *name, bool any_format,
		       struct cp_directive *ret_directive, struct cp_str *ret_first);

/* ---- node.c ---- */

enum cp_keyword {
	CP_KEYWORD_UNKNOWN = -2,
	CP_KEYWORD_FROM = -1,
	/* otherwise an enum cp_command_kind */
};

/* A word: what it says, and the bytes of the logical line that say it. */
struct cp_word {
	struct cp_str value;
	struct cp_str raw;
};
typedef CP_VEC(struct cp_word) cp_word_vec;

struct cp_node {
	int keyword;
	struct cp_word name;
	struct cp_str original; /* node.Original: the logical line; of a trigger only its part */
	cp_word_vec flags, args;
	bool json;
	struct cp_node *child; /* ONBUILD: the trigger */
	struct cp_heredoc *heredocs;
	size_t n_heredocs;
	struct cp_origin origin;
	int line, line_end;
};
typedef CP_VEC(struct cp_node *) cp_node_vec;

struct cp_parser {
	struct cp_arena *a;
	struct cp_err *err;
	struct cp_str file;
	struct cp_lines lines;
	struct cp_directives directives;
	char escape;
	struct cp_directive escape_directive; /* name.p NULL: the default */
	bool no_position;                     /* a trigger: it stands in no file */
	struct cp_buf scratch;                /* a word being built */
	struct cp_buf line;                   /* a logical line being joined */
};

/* All nodes of p->lines.text. */
int cp_parser_nodes(struct cp_parser *p, cp_node_vec *ret_nodes);
/* CP_EINVAL at a part of a node's line, or at its beginning when `at` is no part of it. */
int cp_parser_fail(struct cp_parser *p, const struct cp_node *n, struct cp_str at,
		   const char *format, ...) CP_PRINTF(4, 5);
/* The same for an error that is in p->err already. */
int cp_parser_at(struct cp_parser *p, const struct cp_node *n, struct cp_str at, int code);
/* " (did you mean x?)" for a name near one of the options, else "". */
#define CP_PARSER_SUGGESTION 64
const char *cp_parser_suggest(struct cp_str value, const char *const *options, size_t n_options,
			      char out[CP_PARSER_SUGGESTION]);

/* ---- flags.c ---- */

/* parser.extractBuilderFlags: the flags in front of `text`, and what is behind them. */
int cp_flags_extract(struct cp_parser *p, struct cp_str text, cp_word_vec *flags,
		     struct cp_str *ret_rest);

enum cp_flag_type { CP_FLAG_BOOL, CP_FLAG_STRING, CP_FLAG_STRINGS };

struct cp_flag {
	const char *name;
	enum cp_flag_type type;
	bool used;
	bool on;            /* a boolean flag is true */
	cp_word_vec values; /* of STRING at most one */
};

/* instructions.BFlags.Parse */
int cp_flags_parse(struct cp_parser *p, const struct cp_node *n, struct cp_flag *flags,
		   size_t n_flags);
/* No flag is allowed. */
int cp_flags_none(struct cp_parser *p, const struct cp_node *n);
/* The value of a STRING flag, or `otherwise`. */
struct cp_str cp_flag_value(const struct cp_flag *f, struct cp_str otherwise);
/* The values of a STRINGS flag in the arena. */
int cp_flag_values(struct cp_parser *p, const struct cp_flag *f, struct cp_str **ret_values,
		   size_t *ret_n);

/* ---- words.c: the arguments of a node ---- */

/* reWhitespace of parser.go: \t \v \f \r and space; how many of them begin a text. */
size_t cp_words_blank(struct cp_str s);
size_t cp_words_not_blank(struct cp_str s);
/* Split at reWhitespace. */
int cp_words_split(struct cp_parser *p, struct cp_str text, cp_word_vec *words);
/* parseWords: separated by white space outside of quotes, the quotes kept. */
int cp_words_parse(struct cp_parser *p, struct cp_str text, cp_word_vec *words);
/* parseNameVal of ENV and LABEL: three words a pair, key, value and "=" or "". */
int cp_words_pairs(struct cp_parser *p, const struct cp_node *n, struct cp_str text,
		   const char *instruction, cp_word_vec *words);

/* ---- json.c ---- */

/*
 * parseJSON: the strings of a JSON array. *ret_json is false when the text is no JSON array;
 * CP_EINVAL without a message when there is something else than strings in it.
 */
int cp_words_json(struct cp_parser *p, struct cp_str text, cp_word_vec *words, bool *ret_json);
/* A member of a JSON object that is the whole text: ret_value->p is NULL when it is no string. */
int cp_directives_json(struct cp_arena *a, struct cp_str text, const char *key,
		       struct cp_str *ret_value);

/* ---- heredoc.c ---- */

/* parser.ParseHeredoc: *ret_is tells whether the word is a heredoc operator. */
int cp_heredoc_parse(struct cp_arena *a, struct cp_str word, struct cp_heredoc *ret_heredoc,
		     bool *ret_is, struct cp_err *err);
/* Reads the bodies of the heredocs of a node's line from p->lines. */
int cp_heredocs_read(struct cp_parser *p, struct cp_node *n);

/* ---- instructions.c and its parts ---- */

/* instructions.ParseInstruction for anything but FROM. */
int cp_command_parse(struct cp_parser *p, const struct cp_node *n,
		     const struct cp_command **ret_command);
int cp_stage_parse(struct cp_parser *p, const struct cp_node *n, struct cp_stage *ret_stage);

/* COPY and ADD; RUN; CMD and ENTRYPOINT; HEALTHCHECK. */
int cp_command_copy(struct cp_parser *p, const struct cp_node *n, struct cp_command *c);
int cp_command_run(struct cp_parser *p, const struct cp_node *n, struct cp_command *c);
int cp_command_line(struct cp_parser *p, const struct cp_node *n, struct cp_command *c);
int cp_command_health(struct cp_parser *p, const struct cp_node *n, struct cp_command *c);
/* handleJSONArgs of the arguments from `first` on, into c->words and c->prepend_shell. */
int cp_command_words(struct cp_parser *p, const struct cp_node *n, size_t first,
		     struct cp_command *c);

/* What can be checked of --mount and --device before variables are known. */
int cp_mount_check(struct cp_arena *a, struct cp_str value, struct cp_err *err);
int cp_device_check(struct cp_arena *a, struct cp_str value, struct cp_err *err);

#endif
