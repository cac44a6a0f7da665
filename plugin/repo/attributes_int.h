/* Patterns of .gitattributes, and the conversions that they lead to. Knows nothing of libgit2. */
#ifndef CP_REPO_ATTRIBUTES_INT_H
#define CP_REPO_ATTRIBUTES_INT_H

#include "repo/repo.h"

/* git's wildmatch. `paths`: only `**` crosses a slash; else everything does. Linear in pattern and text but for stars: n * m. */
bool cp_repo_glob_match(struct cp_str pattern, struct cp_str text, bool paths);
/* Bytes of a pattern before the first special one. */
size_t cp_repo_glob_literal(struct cp_str pattern);

/* Where .gitattributes files come from when there is no tree to list yet: the scan of a work tree. */
struct cp_attribute_files {
	/* CP_ENOTFOUND: the folder has none. */
	int (*read)(void *self, struct cp_str folder, struct cp_buf *out, struct cp_err *err);
	void *self;
};
int cp_repo_attributes_from(struct cp_arena *a, const struct cp_attribute_files *files,
			    struct cp_attributes **ret_attributes, struct cp_err *err);

/* A file of a work tree whose bytes no blob gives at checkout: it is what it is, whatever its attributes say. */
bool cp_repo_work_tree_is_raw(struct cp_tree *t, struct cp_str path);

/* What `git add` stores of a checked-out file, as far as line ends and $Id$ go. */
void cp_repo_unconvert(const struct cp_conversion *c, struct cp_str file, struct cp_buf *out);

#endif
