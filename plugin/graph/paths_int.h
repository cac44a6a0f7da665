/* Private to graph/: paths of the platform that is built for (util/system/path.go). */
#ifndef CP_GRAPH_PATHS_INT_H
#define CP_GRAPH_PATHS_INT_H

#include "graph/build_int.h"

/* NormalizePath: absolute, with forward slashes; `keep_slash` keeps a trailing "/" or "/.". */
int graph_path_normalise(struct graph_builder *b, struct cp_str parent, struct cp_str path,
			 struct cp_str os, bool keep_slash, struct cp_str *ret_path);
/* IsAbs */
bool graph_path_is_abs(struct graph_builder *b, struct cp_str path, struct cp_str os);
/* ToSlash; p is NULL when there is no memory. */
struct cp_str graph_path_to_slash(struct cp_arena *a, struct cp_str path, struct cp_str os);
/* CheckSystemDriveAndRemoveDriveLetter */
int graph_path_remove_drive(struct graph_builder *b, struct cp_str path, struct cp_str os,
			    bool keep_slash, struct cp_str *ret_path);

#endif
