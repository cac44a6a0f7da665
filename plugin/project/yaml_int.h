/*
 * YAML text ─► a tree of nodes with positions (libyaml's events), for compose files and workflow
 * files.
 *
 * Aliases share the node that they name, so a document is a graph without cycles. Two figures keep
 * walks over it cheap whatever a stranger writes: the document is refused when writing out every
 * alias would make more than CP_MAX_YAML_NODES nodes or more than CP_MAX_YAML_DEPTH levels. Merge
 * keys (`<<`) are applied while reading.
 */
#ifndef CP_PROJECT_YAML_INT_H
#define CP_PROJECT_YAML_INT_H

#include "base/base.h"

/* One file, for messages and for telling files apart. */
struct cp_yaml_source {
	struct cp_str name, text;
};

enum cp_yaml_kind { CP_YAML_SCALAR, CP_YAML_SEQ, CP_YAML_MAP };

struct cp_yaml {
	enum cp_yaml_kind kind;
	const struct cp_yaml_source *source;
	int line, column;       /* 1-based; column in bytes */
	struct cp_str tag;      /* "!reset", "tag:yaml.org,2002:str"; "" = none */
	struct cp_str text;     /* SCALAR */
	bool plain;             /* SCALAR, no quotes, no block: may be a number, a boolean, null */
	bool placed;            /* SCALAR: a path made relative to the root (compose_load.c) */
	struct cp_yaml **items; /* SEQ: elements, MAP: values */
	struct cp_yaml **keys;  /* MAP: scalars, unique by text */
	size_t n;
	struct cp_map *index; /* MAP with many keys: text ─► place + 1 */
	size_t weight;        /* nodes when every alias is written out */
	unsigned height;      /* levels below, 0 for a scalar */
};

/*
 * All documents of a file. CP_EINVAL with a position, CP_ELIMIT, CP_ENOMEM. Nodes borrow from
 * `source`.
 */
int cp_yaml_parse(struct cp_arena *a, const struct cp_yaml_source *source,
		  struct cp_yaml ***ret_documents, size_t *ret_n, struct cp_err *err);

/* The value of a key; NULL when absent, when v is NULL or no map. */
struct cp_yaml *cp_yaml_get(const struct cp_yaml *v, struct cp_str key);
#define CP_YAML_GET(v, literal) cp_yaml_get((v), CP_S(literal))

/* What go-yaml v3 makes of a scalar. */
enum cp_yaml_type {
	CP_YAML_STRING,
	CP_YAML_NULL,
	CP_YAML_BOOL,
	CP_YAML_INT,  /* fits into int64_t */
	CP_YAML_UINT, /* only into uint64_t */
	CP_YAML_FLOAT,
	CP_YAML_TIME, /* 2001-12-14 */
};
enum cp_yaml_type cp_yaml_type(const struct cp_yaml *scalar);
/* A scalar that reads as null: nothing, ~, null. False for NULL. */
bool cp_yaml_is_null(const struct cp_yaml *v);
/* A scalar that is text (not null, boolean or number). */
bool cp_yaml_is_string(const struct cp_yaml *v);
/*
 * The text of a scalar as Go prints the value that go-yaml v3 makes of it: `3.10` is "3.1", `010`
 * is "8", `True` is "true". Quoted text stays as it is. p is NULL when there is no memory.
 */
struct cp_str cp_yaml_go_text(struct cp_arena *a, const struct cp_yaml *v);

/* The same values; as deep as the documents are, which is bounded. */
bool cp_yaml_equal(const struct cp_yaml *a, const struct cp_yaml *b);

/* A new text node at the place of `at`. NULL when there is no memory. */
struct cp_yaml *cp_yaml_new_text(struct cp_arena *a, const struct cp_yaml *at, struct cp_str text);

/*
 * Building maps: cp_yaml_map_put replaces or appends (node must come from cp_yaml_new_map or
 * cp_yaml_copy_map). 0 or CP_ENOMEM.
 */
struct cp_yaml *cp_yaml_new_map(struct cp_arena *a, const struct cp_yaml *at);
int cp_yaml_map_put(struct cp_arena *a, struct cp_yaml *map, struct cp_yaml *key,
		    struct cp_yaml *value);
/* Same keys and values, own arrays. NULL when there is no memory. */
struct cp_yaml *cp_yaml_copy_map(struct cp_arena *a, const struct cp_yaml *map);

/* Fail at a node. Returns code. */
int cp_yaml_fail(struct cp_err *err, int code, const struct cp_yaml *at, const char *format, ...)
	CP_PRINTF(4, 5);

#endif
