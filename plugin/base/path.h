/* Slash-separated paths, as Go's package path treats them. Pure text: nothing is looked up. */
#ifndef CP_BASE_PATH_H
#define CP_BASE_PATH_H

#include "base/arena.h"

/* path.Clean: shortest equal path; "" becomes ".". p is NULL when there is no memory. */
struct cp_str cp_path_clean(struct cp_arena *a, struct cp_str path);
/* path.Join of two elements: empty ones are left out, the result is cleaned; "" when both are empty. */
struct cp_str cp_path_join(struct cp_arena *a, struct cp_str x, struct cp_str y);
/* path.Base: last element without trailing slashes; "/" for slashes only, "." for "". */
struct cp_str cp_path_base(struct cp_str path);
/* path.Dir: everything but the last element, cleaned. */
struct cp_str cp_path_dir(struct cp_arena *a, struct cp_str path);
static inline bool cp_path_is_abs(struct cp_str path)
{
	return path.n > 0 && path.p[0] == '/';
}
/* Next component of *rest, skipping slashes; false at the end. */
bool cp_path_next(struct cp_str *rest, struct cp_str *ret_component);

#endif
