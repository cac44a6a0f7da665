/*
 * patch/: unified diffs ─► what they do to files, and texts ─► the same texts edited; edits ─► unified diffs. Pure.
 *
 * The language and the strictness are those of `git apply`: paths lose their first folder, a hunk may have moved but all of its context
 * has to be there, one that begins with the file stays at its beginning and one without lines after its last change at its end.
 * Binary and combined diffs are not read.
 */
#ifndef CP_PATCH_PATCH_H
#define CP_PATCH_PATCH_H

#include "base/base.h"

struct cp_patch_line {
	char op;            /* ' ', '-', '+' */
	struct cp_str text; /* with its line feed, unless the file ends without one */
};

struct cp_patch_hunk {
	int line;         /* of the patch, where it begins */
	size_t old_first; /* 1-based; 0 = before the first line */
	size_t new_first;
	struct cp_patch_line *lines;
	size_t n_lines;
};

struct cp_patch_file {
	struct cp_str old_path, new_path; /* "" = /dev/null */
	bool mode_known, executable;      /* of the new file */
	struct cp_patch_hunk *hunks;
	size_t n_hunks;
};

struct cp_patch {
	struct cp_patch_file *files;
	size_t n_files;
};

/*
 * Borrows from `text`; `name` is for messages. Text between files is left alone, as git does. CP_EINVAL with the line, CP_EUNSUPPORTED (binary,
 * combined, a copy), CP_ELIMIT, CP_ENOMEM. A patch without a file is CP_EINVAL.
 */
int cp_patch_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		   struct cp_patch *ret_patch, struct cp_err *err);

/*
 * What the hunks of a file make of `text`, in `a`. CP_ENOTFOUND: hunk *ret_hunk (from 0) does not fit; CP_ENOMEM, CP_ELIMIT.
 */
int cp_patch_apply(struct cp_arena *a, const struct cp_patch_file *file, struct cp_str text,
		   struct cp_str *ret_text, size_t *ret_hunk, struct cp_err *err);

/* A whole file as lines, for a diff to be made of. */
struct cp_patch_lines {
	struct cp_patch_line *items;
	size_t n, cap;
};
/* `text` with its line feed, borrowed; p NULL counts as no memory. CP_ENOMEM. */
int cp_patch_add_line(struct cp_arena *a, struct cp_patch_lines *lines, char op,
		      struct cp_str text);
/* Appends the diff of one file as git writes it; `created`: it is new, all its lines are '+'. Nothing when nothing changes. */
void cp_patch_write(struct cp_buf *out, struct cp_str path, const struct cp_patch_lines *lines,
		    bool created);

#endif
