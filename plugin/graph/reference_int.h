/* Private to graph/: image references (github.com/distribution/reference). */
#ifndef CP_GRAPH_REFERENCE_INT_H
#define CP_GRAPH_REFERENCE_INT_H

#include "base/base.h"

struct graph_ref {
	struct cp_str name;         /* "docker.io/library/python" */
	struct cp_str domain, path; /* domain is "" when the name does not begin with one */
	struct cp_str tag, digest;
};

/* ParseNormalizedNamed. */
int graph_ref_parse(struct cp_arena *a, struct cp_str text, struct graph_ref *ret_ref,
		    struct cp_err *err);
/* TagNameOnly */
void graph_ref_default_tag(struct graph_ref *ref);
/* String(); p is NULL when there is no memory. */
struct cp_str graph_ref_text(struct cp_arena *a, const struct graph_ref *ref);
/* FamiliarString: "python:3.12" for docker.io/library/python:3.12. */
struct cp_str graph_ref_familiar(struct cp_arena *a, const struct graph_ref *ref);
/* digest.Parse: 0 or CP_EINVAL. */
int graph_digest_check(struct cp_str text, struct cp_err *err);

#endif
