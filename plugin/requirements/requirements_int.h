/* What the files of requirements/ share. */
#ifndef CP_REQUIREMENTS_REQUIREMENTS_INT_H
#define CP_REQUIREMENTS_REQUIREMENTS_INT_H

#include "requirements/requirements.h"

/* A line as pip sees it: continuation joined, comment cut off, trimmed. */
struct req_line {
	struct cp_str text;
	int line, line_end;
};

struct req_reader {
	struct cp_arena *a;
	struct cp_requirements *out;
	CP_VEC(struct cp_requirement) items;
	CP_VEC(struct cp_req_option) options;
	CP_VEC(struct cp_req_problem) problems;
	CP_VEC(struct cp_str) lines;
	CP_VEC(struct req_line) logical;
};

/* lines.c: rd->lines and rd->logical. CP_ELIMIT, CP_ENOMEM. */
int req_lines(struct req_reader *rd, struct cp_str text, struct cp_err *err);
/* lines.c: block and block_end of the items, by comments beside them. */
void req_blocks(struct cp_requirements *all);
/* One more problem. CP_ENOMEM. */
int req_problem(struct req_reader *rd, const struct req_line *l, size_t column,
		const char *message);

/* pep508.c: NULL, or what is wrong (static). `at`: where, in the text. */
struct req_spec {
	struct cp_str name, url, marker;
	struct cp_str *extras, *versions; /* "==1.2", without spaces, sorted */
	size_t n_extras, n_versions;
};
const char *req_pep508(struct cp_arena *a, struct cp_str text, struct req_spec *ret, size_t *at);
/* A marker: NULL or what is wrong. */
const char *req_marker(struct cp_str text, size_t *at);
/* A version of PEP 440; `wild`: ".*" may end it; `local`: "+x" may. Bytes taken, 0 = none. */
size_t req_version(struct cp_str text, bool wild, bool local, size_t *ret_parts);

#endif
