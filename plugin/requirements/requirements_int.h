/* What the files of requirements/ share. Memory that runs out is found at the end of a file: cp_arena_failed. */
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

/* ---- text.c ---- */

/* The text as UTF-8, without a byte order mark; a copy where it is another encoding. NULL, or what is wrong, and *at. */
const char *req_decode(struct cp_arena *a, struct cp_str *text, bool *ret_recoded, size_t *at);
/* Bytes of the white space of Python at `i`, 0 = there is none. */
size_t req_space(struct cp_str s, size_t i);
/* str.strip */
struct cp_str req_strip(struct cp_str s);

/* ---- lines.c ---- */

/* rd->lines and rd->logical. CP_ELIMIT, CP_ENOMEM. */
int req_lines(struct req_reader *rd, struct cp_str text, struct cp_err *err);
/* block and block_end of the items, by comments beside them. */
void req_blocks(struct cp_requirements *all);

/* ---- options.c ---- */

enum req_option_type {
	REQ_OPTION_TEXT,
	REQ_OPTION_FLAG, /* takes no value */
	REQ_OPTION_EDITABLE,
	REQ_OPTION_CONTROL, /* holds for all, even on the line of a requirement */
	REQ_OPTION_FEATURE,
	REQ_OPTION_HASH,    /* of a requirement */
	REQ_OPTION_SETTING, /* of a requirement */
};
struct req_option_rule {
	const char *name;
	char letter;
	enum req_option_type type;
	enum cp_req_option_kind kind;
};
struct req_option {
	const struct req_option_rule *rule;
	struct cp_str value;
};
struct req_options {
	struct req_option *items;
	size_t n, cap;
};
/* All options of a text. NULL, or what is wrong (static) and behind which byte. */
const char *req_options(struct cp_arena *a, struct cp_str text, struct req_options *ret,
			size_t *at);

/* ---- pep508.c: NULL, or what is wrong (static). `at`: where, in the text. ---- */

struct req_spec {
	struct cp_str name, url;
	struct cp_str marker;             /* in one form */
	struct cp_str *extras, *versions; /* "==1.2", without spaces, sorted, each once */
	size_t n_extras, n_versions;
};
const char *req_pep508(struct cp_arena *a, struct cp_str text, struct req_spec *ret, size_t *at);
const char *req_marker(struct cp_arena *a, struct cp_str text, struct cp_str *ret, size_t *at);
/* "[a,b]" */
const char *req_extras(struct cp_arena *a, struct cp_str text, struct req_spec *ret, size_t *at);
/* A version of PEP 440; `wild`: ".*" may end it; `local`: "+x" may. Bytes taken, 0 = none. */
size_t req_version(struct cp_str text, bool wild, bool local, size_t *ret_parts);

/* ---- order.c ---- */

/* A choice that is being made: on the events before `end`. */
struct req_split {
	struct cp_arena *a;
	const struct cp_split_input *in;
	const struct cp_churn *churn;
	size_t end;
	double decay;       /* an event counts so much of the next younger one */
	size_t n;           /* packages that are placed */
	uint32_t *order;    /* ids, the coldest first */
	uint32_t *position; /* per id: place in order; n_names = not placed */
	uint32_t *group;
	double *rate;    /* per id: recency-weighted changes */
	double *recency; /* per event */
	double *before;  /* before[i]: weight of order[0..i) */
	double hot;      /* weight of what is not placed: always in the last layer */
	double *first; /* first[i]: recency of events whose coldest package is order[i]; [n]: touch none */
};
double req_weight(const struct req_split *s, size_t id);
/* Sorts s->order. `peel`: better where packages move in groups, and slower. CP_ENOMEM. */
int req_order(struct req_split *s, bool peel);

/* ---- place.c: what a line without or with -e names. NULL, or what is wrong. ---- */

const char *req_place(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
		      struct req_spec *spec, size_t *at);
const char *req_editable(struct cp_arena *a, struct cp_str text, struct cp_requirement *q,
			 struct req_spec *spec, size_t *at);

#endif
