/*
 * The state of one expansion, shared by lex.c (words), dollar.c ($ and its modifiers) and pattern.c
 * (# % /).
 */
#ifndef CP_DOCKERFILE_LEX_INT_H
#define CP_DOCKERFILE_LEX_INT_H

#include "dockerfile/dockerfile.h"

#define CP_LEX_EOF UINT32_MAX

struct cp_lex {
	struct cp_arena *a;
	const struct cp_lexer *options;
	const struct cp_env_lookup *env; /* NULL: nothing is set */
	struct cp_err *err;
	struct cp_str rest; /* from the peeked rune on */
	uint32_t ch;        /* the peeked rune, CP_LEX_EOF at the end */
	size_t width;       /* its bytes in rest */
	bool raw_escapes;
	unsigned depth; /* of nested ${}: 1 outside of any */
	size_t steps;   /* spent of CP_MAX_EXPANSION_STEPS */

	/* the split into words, only kept at depth 1 */
	struct cp_buf word;
	bool in_word;
	CP_VEC(struct cp_str) words;
};

/* text/scanner Next: the peeked rune, and on to the one after it. */
uint32_t cp_lex_next(struct cp_lex *lx);
/* CP_EINVAL with a message. */
int cp_lex_fail(struct cp_lex *lx, const char *format, ...) CP_PRINTF(2, 3);
/* Accounts for n bytes or comparisons of work; CP_ELIMIT when the expansion costs too much. */
int cp_lex_spend(struct cp_lex *lx, size_t n);
/* 0, or the failure of a buffer as an error. */
int cp_lex_check(struct cp_lex *lx, const struct cp_buf *b);

/*
 * shell/lex.go processStopOn: expands up to `stop` (taken) or to the end of input for CP_LEX_EOF,
 * appending to `out`. raw_escapes keeps escapes; double_escapes doubles literal escape characters
 * within quotes, for patterns.
 */
int cp_lex_until(struct cp_lex *lx, uint32_t stop, bool raw_escapes, bool double_escapes,
		 struct cp_buf *out);
/* processDollar: the peeked rune is '$'. */
int cp_lex_dollar(struct cp_lex *lx, struct cp_buf *out);

/* trimPrefix, trimSuffix: value without what the pattern matches at that end. */
int cp_lex_trim(struct cp_lex *lx, struct cp_str pattern, struct cp_str value, bool suffix,
		bool greedy, struct cp_buf *out);
/* ${name/pattern/replacement}, of the first match or of all. */
int cp_lex_replace(struct cp_lex *lx, struct cp_str pattern, struct cp_str value,
		   struct cp_str replacement, bool all, struct cp_buf *out);

#endif
