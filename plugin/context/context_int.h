/* Private to context/: the file system of a build context. */
#ifndef CP_CONTEXT_CONTEXT_INT_H
#define CP_CONTEXT_CONTEXT_INT_H

#include "context/context.h"

/* What a DIR node of a context stands for. */
struct cp_context_dir {
	struct cp_oid oid;         /* n = 0: empty (a submodule, a tree without files) */
	struct cp_str path;        /* in the context */
	struct cp_match_info info; /* of the ignore rules */
	bool excluded;       /* itself ignored: it is there only for what is re-included below */
	bool has_attributes; /* .gitattributes files lie in the folders above */
	struct cp_digest attributes; /* which */
	bool open;                   /* of .git: names that are not listed may be there as well */
	unsigned depth;
	const struct cp_listing *listing; /* NULL until somebody asked */
	struct cp_map known; /* name ─► struct cp_child: children looked up one by one */
	int survivors;       /* something below is sent: 1, 0, -1 = not known yet */
};

/*
 * The `.git` folder of a clone under the ignore rules. *ret_found false when nothing of it is sent.
 */
int cp_context_git_dir(struct cp_arena *a, const struct cp_patterns *ignore,
		       struct cp_digest checkout, struct cp_child *ret_git, bool *ret_found,
		       struct cp_err *err);

#endif
