/* Private to graph/: platform specifiers (github.com/containerd/platforms). */
#ifndef CP_GRAPH_PLATFORM_INT_H
#define CP_GRAPH_PLATFORM_INT_H

#include "graph/graph.h"

/*
 * platforms.Parse without Normalize: "arm64/v8" keeps its variant. `local` fills what the text
 * leaves out.
 */
int graph_platform_parse(struct cp_arena *a, struct cp_str text, const struct cp_platform *local,
			 struct cp_platform *ret_platform, struct cp_err *err);
int graph_platform_normalise(struct cp_arena *a, const struct cp_platform *p,
			     struct cp_platform *ret_platform, struct cp_err *err);
/* platforms.Format and FormatAll; p is NULL when there is no memory. */
struct cp_str graph_platform_format(struct cp_arena *a, const struct cp_platform *p);
struct cp_str graph_platform_format_all(struct cp_arena *a, const struct cp_platform *p);
bool graph_platform_eq(const struct cp_platform *x, const struct cp_platform *y);
static inline bool graph_is_windows(struct cp_str os)
{
	return cp_str_eq(os, CP_S("windows"));
}

#endif
