/*
 * Private to context/: what two sides of a comparison have in common.
 *
 *   compare.c       selectors ─► values ─► equal?
 *   compare_tree.c  two folders or files, as a plain selector hashes them
 *   compare_list.c  two lists, walked together
 *   difference.c    what was found so far
 *
 * Everything here returns 0 or CP_ENOMEM; what cannot be found out is noted as unsure.
 */
#ifndef CP_CONTEXT_COMPARE_INT_H
#define CP_CONTEXT_COMPARE_INT_H

#include "context/select_int.h"

struct cp_context_comparer {
	struct cp_arena *a;
	struct cp_fs *fs_a, *fs_b;
	bool quiet; /* only the verdict counts: stop at the first inequality, note no paths */
	bool different, unsure, depends;
	bool beyond_volatile; /* something other than VOLATILE nodes is different */
	struct cp_str missing, why, hint;
	struct cp_digest opaque_a, opaque_b;
	struct cp_map changes; /* path ─► struct cp_path_change */
	int roots;             /* are the two whole file systems equal: 1, 0, -1 = not asked yet */
	unsigned depth;
};

void cp_context_comparer_init(struct cp_context_comparer *c, struct cp_arena *a, struct cp_fs *fs_a,
			      struct cp_fs *fs_b);
enum cp_equality cp_context_verdict(const struct cp_context_comparer *c);
/* A quiet comparison that has its answer. */
static inline bool cp_context_is_over(const struct cp_context_comparer *c)
{
	return c->quiet && cp_context_verdict(c) != CP_EQUAL;
}

/* ---- difference.c ---- */

/* A certain difference, and the path that shows it. */
int cp_context_note_change(struct cp_context_comparer *c, struct cp_str path, enum cp_change change,
			   bool is_volatile);
/* The path alone, without a verdict. */
int cp_context_note_path(struct cp_context_comparer *c, struct cp_str path, enum cp_change change);
/* Everything below a node that is on one side only. */
int cp_context_note_tree(struct cp_context_comparer *c, struct cp_fs *fs, const struct cp_node *n,
			 enum cp_change change);
void cp_context_note_depends(struct cp_context_comparer *c, const struct cp_digest *a,
			     const struct cp_digest *b);
/* Not known, for the reason in err (which must be set). CP_ENOMEM is passed on. */
int cp_context_note_unsure(struct cp_context_comparer *c, int r, const struct cp_err *err);
/* The same for a VOLATILE node that may be absent or equal. */
int cp_context_note_maybe(struct cp_context_comparer *c, const struct cp_node *n);
/* What another comparison of the same two file systems found. */
int cp_context_take_over(struct cp_context_comparer *c, const struct cp_context_comparer *from);

/* ---- compare_tree.c ---- */

/* Two things that exist, hashed as a plain selector hashes them. */
int cp_context_compare_nodes(struct cp_context_comparer *c, const struct cp_node *a,
			     const struct cp_node *b);
/*
 * Mode and owner of two folders; *ret_equal true also when nothing certain can be said (it is then
 * noted). `unknown`: one of them has unknown content, which covers its mode when that is 0.
 */
bool cp_context_same_header(const struct cp_node *a, const struct cp_node *b);
int cp_context_compare_headers(struct cp_context_comparer *c, const struct cp_node *a,
			       const struct cp_node *b, bool unknown);
/*
 * Are the two file systems equal as a whole? Asked before an unknown that may hold links is taken
 * for equal.
 */
int cp_context_roots_equal(struct cp_context_comparer *c, bool *ret_equal);

/* ---- values: what one link's selector hashes to ---- */

enum cp_context_value_kind {
	CP_VALUE_EMPTY,   /* D("") */
	CP_VALUE_NODE,    /* a file, a link, a folder with all that is in it */
	CP_VALUE_HEADER,  /* a folder alone */
	CP_VALUE_UNKNOWN, /* what a way leads to that goes through something unknown */
	CP_VALUE_MISSING, /* the build fails */
	CP_VALUE_LIST,
	CP_VALUE_UNSURE, /* noted */
};

struct cp_context_value {
	enum cp_context_value_kind kind;
	struct cp_context_spot spot;
	struct cp_str asked; /* the path of the selector or link, for messages */
	bool follow;
};

/* A path as a plain selector sees it. Trouble becomes UNSURE. */
int cp_context_plain_value(struct cp_context_comparer *c, struct cp_fs *fs, struct cp_str path,
			   bool follow, struct cp_context_value *ret_value);
/* The digest that stands in the list for an entry. */
int cp_context_entry_value(struct cp_context_comparer *c, const struct cp_context_selection *s,
			   const struct cp_context_entry *e, struct cp_context_value *ret_value);
/* Neither may be a LIST. */
int cp_context_compare_values(struct cp_context_comparer *c, const struct cp_context_value *a,
			      const struct cp_context_value *b);

/* ---- compare_list.c ---- */

int cp_context_compare_lists(struct cp_context_comparer *c, const struct cp_context_selection *a,
			     const struct cp_context_selection *b);

#endif
