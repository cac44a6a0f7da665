/*
 * Variables of a compose project: the process's environment (through the host), then `.env`, and
 * the templates that use them. Templates are compose-go's template package, `.env` its dotenv
 * package, which read differently from a shell in places.
 */
#ifndef CP_PROJECT_SCOPE_INT_H
#define CP_PROJECT_SCOPE_INT_H

#include "base/base.h"
#include "repo/repo.h"

struct cp_scope {
	struct cp_arena *a;
	const struct cp_environment *process; /* may be NULL; wins over everything */
	const struct cp_scope *outer; /* of the file that includes this one; wins over its own */
	struct cp_map vars;           /* name ─► struct cp_str */
	struct cp_map unset;          /* names that were used and are not set, in order of use */
};

/* False when the variable is not set anywhere. */
bool cp_scope_get(const struct cp_scope *s, struct cp_str name, struct cp_str *ret_value);
/* 0 or CP_ENOMEM. Borrows both. */
int cp_scope_set(struct cp_scope *s, struct cp_str name, struct cp_str value);

/*
 * `$NAME`, `${NAME}`, `${NAME:-word}` and its kin replaced; the text itself when it holds no `$`.
 * CP_EINVAL (broken template, `${NAME:?message}` not set), CP_ELIMIT, CP_ENOMEM; no position.
 */
int cp_scope_expand(struct cp_scope *s, struct cp_str text, struct cp_str *ret_text,
		    struct cp_err *err);

/*
 * Read an env file into the scope. Values that the scope or an outer one already has win in
 * lookups. CP_EINVAL with a line.
 */
int cp_scope_read_env(struct cp_scope *s, struct cp_str text, struct cp_str name,
		      struct cp_err *err);

#endif
