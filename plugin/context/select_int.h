/*
 * Private to context/: walking what a selector reaches. The list L of cache/contenthash/checksum.go
 * includedPaths, produced lazily:
 *
 *   cp_context_selection ── start ─► entry ─► children ─► entries ...
 *
 * each decided with the state that its parent left.
 */
#ifndef CP_CONTEXT_SELECT_INT_H
#define CP_CONTEXT_SELECT_INT_H

#include "context/context.h"

/* ---- finding a path ---- */

enum cp_context_found {
	CP_FOUND,
	CP_MISSING,
	CP_LINK_LOOP,   /* missing, and an error even where nothing need be there */
	CP_UNKNOWN_WAY, /* it leads into something unknown, or may end in a link there */
};

struct cp_context_spot {
	enum cp_context_found found;
	struct cp_node node;
	struct cp_str real; /* clean, absolute; "/" for the root */
	struct cp_str rest; /* UNKNOWN_WAY: what was not walked */
};

/* Called for every link that is walked through. */
struct cp_context_link_watch {
	int (*seen)(void *self, const struct cp_node *link);
	void *self;
};

/*
 * contenthash getFollowLinks. Errors are those of the file system (a missing object); not being
 * there is a result.
 */
int cp_context_resolve(struct cp_arena *a, struct cp_fs *fs, struct cp_str path, bool follow,
		       const struct cp_context_link_watch *watch, struct cp_context_spot *ret_spot,
		       struct cp_err *err);

/* ---- a selector with wildcards, includes or excludes ---- */

struct cp_context_selection {
	struct cp_arena *a;
	struct cp_fs *fs;
	const struct cp_selector *sel;
	const struct cp_patterns *includes, *excludes; /* NULL = none */
	struct cp_str pattern;                         /* the selector's path, "" for the root */
	struct cp_str prefix;                          /* what every key is relative to */
	struct cp_str *parts;                          /* components of a wildcard */
	size_t n_parts;
	bool wild;          /* entries must match `pattern` */
	bool no_pruning;    /* a class in the wildcard may match "/": look everywhere */
	bool fails;         /* the way to the start is a loop of links: the build fails */
	bool has_start;     /* the walk has something to walk over */
	bool unknown_start; /* ... but it lies in something unknown: `spot` */
	struct cp_context_spot spot;
};

/* What the walk knows when it is inside a folder. */
struct cp_context_state {
	bool has_parent;                         /* a folder header is on the stack */
	struct cp_match_info includes, excludes; /* of the innermost one */
	bool includes_matched, excludes_matched;
	bool in_match;           /* below an entry that the wildcard matched */
	size_t match_length;     /* of that entry's name */
	size_t depth;            /* components of the folder's name */
	struct cp_str candidate; /* the folder's name as patterns see it */
};

/* One file, link or folder of the walk. */
struct cp_context_entry {
	struct cp_node node;
	struct cp_str name; /* BuildKit's `fn`: the path with the selector's own prefix */
	bool rejected;      /* the wildcard does not match: no entry, but perhaps something below */
	bool header_skipped; /* the root: its header is never listed */
	bool included;
	bool follow;                   /* a link: its target is hashed instead */
	struct cp_context_state below; /* DIR: for its children */
};

int cp_context_selection_init(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sel,
			      struct cp_context_selection *ret_selection, struct cp_err *err);
/* Does the selector make a list at all, or is it a plain path? */
static inline bool cp_context_selector_is_plain(const struct cp_selector *sel)
{
	return !sel->wildcard && sel->n_includes == 0 && sel->n_excludes == 0;
}

/* The entry that the walk begins with. */
int cp_context_start(const struct cp_context_selection *s, struct cp_context_entry *ret_entry,
		     struct cp_err *err);
/* A child of a folder. */
int cp_context_enter(const struct cp_context_selection *s, const struct cp_context_entry *dir,
		     const struct cp_child *child, struct cp_context_entry *ret_entry,
		     struct cp_err *err);
/* Could anything below the folder be in the list? False is a proof. */
bool cp_context_reaches(const struct cp_context_selection *s, const struct cp_context_entry *dir);
/* Everything below is in the list, whatever it is called. */
bool cp_context_takes_all(const struct cp_context_selection *s, const struct cp_context_entry *dir);
/*
 * The children among which the list may go on: the whole folder, or the one that the wildcard
 * names.
 */
int cp_context_children(const struct cp_context_selection *s, const struct cp_context_entry *dir,
			const struct cp_listing **ret_listing, struct cp_err *err);

/* The key of an entry: its name without the prefix, "" for the prefix itself. */
static inline struct cp_str cp_context_key(const struct cp_context_selection *s,
					   const struct cp_context_entry *e)
{
	return cp_str_from(e->name, s->prefix.n);
}

/*
 * The list, entry by entry, in order. Stops when `visit` returns non-zero and returns that.
 * *ret_unknown: something unknown may add entries that were not visited.
 */
int cp_context_walk(const struct cp_context_selection *s,
		    int (*visit)(void *self, const struct cp_context_entry *entry), void *self,
		    bool *ret_unknown, struct cp_err *err);

#endif
