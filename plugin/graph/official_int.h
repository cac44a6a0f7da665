/* Private to graph/: what is known of Docker's official images without their config. */
#ifndef CP_GRAPH_OFFICIAL_INT_H
#define CP_GRAPH_OFFICIAL_INT_H

#include "graph/graph.h"

/* Which of these the image is known not to set: its SHELL, its USER, its WORKDIR (or to "/"). */
struct graph_official {
	bool shell, user, cwd;
};

/* `ref` in any form that FROM takes. Nothing is known of other images. */
struct graph_official graph_official(struct cp_arena *a, struct cp_str ref, struct cp_str os);

#endif
