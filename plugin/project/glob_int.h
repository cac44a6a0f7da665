/*
 * The path patterns of the forges.
 *
 * GitHub and Gitea: `*` anything but a slash, `**` anything, `**` and a slash any folders or none,
 * `?` and `+` repeat what stands before them, `[a-z]` one of, `\` the next literally; the whole
 * path must match. GitLab: Ruby's File.fnmatch with FNM_PATHNAME | FNM_DOTMATCH | FNM_EXTGLOB.
 */
#ifndef CP_PROJECT_GLOB_INT_H
#define CP_PROJECT_GLOB_INT_H

#include "base/base.h"

/*
 * CP_EINVAL for a broken pattern, CP_ELIMIT for a path or pattern over CP_MAX_PATH_BYTES. A leading
 * `!` is the caller's.
 */
int cp_glob_github(struct cp_str pattern, struct cp_str path, bool *ret_matches);
/* CP_ELIMIT for a path or pattern over CP_MAX_PATH_BYTES or too many alternatives, CP_ENOMEM. */
int cp_glob_gitlab(struct cp_str pattern, struct cp_str path, bool *ret_matches);

#endif
