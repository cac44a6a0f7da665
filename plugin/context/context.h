/*
 * context/: a tree + ignore rules ─► the files that a build sends (a tree of struct cp_node), and
 * selectors over any such tree ─► are two selections equal? Semantics: buildkit-cache-keys.md
 * sections 4.2-4.5 (moby/patternmatcher, fsutil's filter, BuildKit's cache/contenthash). It decides
 * by object ids and reads no blob, except link targets on the way to a selection and files whose
 * checkout conversion differs.
 *
 *   cp_tree ─► cp_context ─┐
 *   other sources of nodes ┴─► struct cp_node ─► cp_select ─► cp_selection ─► cp_selection_compare
 *
 * The nodes are an interface: predict/ implements it a second time for the file systems of stages,
 * so that the same code compares the content of `COPY x` and of `COPY --from=stage x`.
 */
#ifndef CP_CONTEXT_CONTEXT_H
#define CP_CONTEXT_CONTEXT_H

#include "base/base.h"
#include "profile/profile.h"
#include "repo/repo.h"

/* ---- patterns (moby/patternmatcher) ---- */

struct cp_patterns; /* compiled list; immutable, any thread */

/*
 * Lines of an ignore file (ignorefile.ReadAll) to cleaned patterns in order, in valid UTF-8 as the
 * client receives them. CP_EINVAL only for a line of more than 65535 bytes, which BuildKit refuses,
 * too (err->line); CP_ELIMIT over CP_MAX_IGNORE_PATTERNS.
 */
int cp_ignore_read(struct cp_arena *a, struct cp_str text, struct cp_str **ret_lines, size_t *ret_n,
		   struct cp_err *err);
/*
 * patternmatcher.New. CP_EINVAL names the bad pattern (err->line = index + 1). Some bad patterns
 * ("[z-a]", "\e") are found out by Go only when they are tried: they compile here, and
 * cp_patterns_match gives CP_EINVAL for the paths that try them.
 */
int cp_patterns_compile(struct cp_arena *a, const struct cp_str *lines, size_t n,
			const struct cp_patterns **ret_patterns, struct cp_err *err);
size_t cp_patterns_count(const struct cp_patterns *p);
bool cp_patterns_have_exclusions(const struct cp_patterns *p);

/*
 * Match state of a directory, handed to its children (patternmatcher.MatchInfo): one bit a pattern.
 */
struct cp_match_info {
	const uint64_t *bits; /* NULL = no parent information (root, or parents must be tried) */
};
/*
 * MatchesUsingParentResults: does the list match `path` (no leading slash), given its parent's
 * info? ret_info is allocated in `a` (pass NULL when not needed). Both decisions and infos equal
 * moby's.
 */
int cp_patterns_match(struct cp_arena *a, const struct cp_patterns *p, struct cp_str path,
		      struct cp_match_info parent, bool *ret_matched,
		      struct cp_match_info *ret_info, struct cp_err *err);
/*
 * Could any pattern still change the fate of something below directory `path` that has `info`?
 * False is a proof that everything below shares the directory's own fate (kept, or dropped with
 * it).
 */
bool cp_patterns_reach_below(const struct cp_patterns *p, struct cp_str path,
			     struct cp_match_info info);

/* Go's path.Match. CP_EINVAL for a malformed pattern. */
int cp_path_match(struct cp_str pattern, struct cp_str path, bool *ret_matched);

/* ---- nodes: a file system to select from ---- */

enum cp_node_kind {
	CP_NODE_FILE,
	CP_NODE_SYMLINK,
	CP_NODE_DIR,
	CP_NODE_OPAQUE,   /* something unknown may or may not be here; `identity` says which */
	CP_NODE_VOLATILE, /* differs at every checkout (.git) */
};

/* Who owns a file (fsutil's Stat.Uid and Gid); zeroed = root, whom git's files belong to. */
struct cp_owner {
	uint32_t uid, gid;
	struct cp_digest
		names; /* all zero, or what stands for numbers that are not known: names of --chown, and where they are looked up */
	bool unsure;   /* looked up in something unknown: different `names` are DEPENDS */
};

bool cp_owner_eq(const struct cp_owner *x, const struct cp_owner *y);
/* Are the numbers known? */
bool cp_owner_is_known(const struct cp_owner *o);

struct cp_node {
	enum cp_node_kind kind;
	uint32_t mode; /* permission bits as hashed: 0644, 0755, 0777 */
	/*
	 * FILE: identity of the bytes. SYMLINK: of the target. OPAQUE: of the unknown. VOLATILE: of
	 * the checkout. DIR: of the whole subtree when has_subtree: equal ones mean equal subtrees,
	 * different ones say nothing.
	 */
	struct cp_digest identity;
	bool has_subtree;
	struct cp_owner owner;
	bool converted;     /* FILE: git converts the bytes at checkout */
	struct cp_str path; /* where it is in its file system, "" = root; for causes */
	const void *handle; /* of the implementation */
	bool maybe;         /* VOLATILE: it may be absent, or equal all the same (.git/HEAD) */
};

struct cp_child {
	struct cp_str name;
	struct cp_node node;
};

struct cp_listing {
	struct cp_child *children; /* sorted by bytes of the name */
	size_t n_children;
	/*
	 * The rest of the directory is not known (the overlay of a COPY on a base image): identity
	 * of that rest.
	 */
	bool has_rest;
	struct cp_digest rest;
};

struct cp_fs;
struct cp_fs_ops {
	/*
	 * Children of a DIR node. CP_ENOTFOUND: a missing object; err->hint says how to mend. Lives
	 * as long as the fs.
	 */
	int (*list)(struct cp_fs *fs, const struct cp_node *dir,
		    const struct cp_listing **ret_listing, struct cp_err *err);
	/*
	 * One child by name, without listing where that is cheaper. *ret_found false: certainly not
	 * there.
	 */
	int (*child)(struct cp_fs *fs, const struct cp_node *dir, struct cp_str name,
		     struct cp_node *ret_child, bool *ret_found, struct cp_err *err);
	/* Target text of a SYMLINK node. */
	int (*target)(struct cp_fs *fs, const struct cp_node *link, struct cp_str *ret_target,
		      struct cp_err *err);
	/*
	 * Two FILE nodes with different identities: can their bytes be equal all the same (checkout
	 * conversion)? NULL = never. *ret_equal; CP_EUNSUPPORTED when it cannot be known.
	 */
	int (*same_bytes)(struct cp_fs *fs_a, const struct cp_node *a, struct cp_fs *fs_b,
			  const struct cp_node *b, bool *ret_equal, struct cp_err *err);
	/*
	 * Bytes of a FILE node as checked out, appended to `out`. CP_EUNSUPPORTED: a filter
	 * decides; CP_ENOTFOUND, CP_ELIMIT.
	 */
	int (*bytes)(struct cp_fs *fs, const struct cp_node *file, struct cp_buf *out,
		     struct cp_err *err);
};
struct cp_fs {
	const struct cp_fs_ops *ops;
	struct cp_node
		root;  /* a DIR (mode 0: a local context, its header is not hashed), or OPAQUE */
	bool is_empty; /* NONE (FROM scratch): contenthash("/") = EMPTY, any path is an error */
	struct cp_arena *a;
	/*
	 * What else than a node's identity and mode decides about digests below it; 0 = they are not to be remembered.
	 */
	uint32_t variant;
};

/* ---- the build context ---- */

struct cp_context_options {
	struct cp_str
		root; /* folder of the context in the tree, clean, "" = the repository's root */
	const struct cp_patterns *ignore; /* NULL = no ignore file */
	bool git_dir;              /* a clone: .git is there when root is the repository's root */
	struct cp_digest checkout; /* identity of this checkout, for .git; unique per build */
	bool has_umask;
	uint32_t umask;  /* of the checkout; 022 when not has_umask */
	bool by_builder; /* the builder itself checks out (a git URL as the context): with submodules, and the root has a header */
};
/*
 * The files that the client sends (fsutil filter: an excluded directory is still there when
 * something below it is re-included). Lazy: a directory is listed when somebody asks. CP_ENOTFOUND
 * when root is no directory of the tree.
 */
int cp_context_new(struct cp_arena *a, struct cp_tree *tree,
		   const struct cp_context_options *options, struct cp_fs **ret_fs,
		   struct cp_err *err);

/* ---- selections ---- */

/* contenthash selector of solver/llbsolver/ops: what one link of a vertex hashes of an input. */
struct cp_selector {
	struct cp_str path; /* clean, absolute */
	bool wildcard;
	bool follow_links;
	struct cp_str *includes, *excludes;
	size_t n_includes, n_excludes;
};

enum cp_equality {
	CP_EQUAL,
	CP_DIFFERENT,
	CP_DEPENDS, /* on an OPAQUE whose identities differ: equal bytes would be equal */
	CP_UNSURE,  /* not known; `why` says it */
};

struct cp_path_change {
	struct cp_str path; /* as in the file system of b (a for removed) */
	enum cp_change change;
};

struct cp_comparison {
	enum cp_equality equality;
	bool git_dir; /* DIFFERENT because of VOLATILE nodes only */
	struct cp_path_change
		*changes; /* what made it DIFFERENT: CP_MAX_CAUSE_PATHS, in path order */
	size_t n_changes;
	size_t n_changes_total;
	struct cp_str
		missing;    /* a selected path that is not in b: the build will fail; "" = none */
	struct cp_str why;  /* UNSURE: the reason */
	struct cp_str hint; /* UNSURE: the command that mends it, "" = none */
	struct cp_digest opaque_a, opaque_b; /* DEPENDS: the first pair of unknowns that decided */
};

/*
 * Is D(JOIN0(contenthash(sel_1), ...)) of section 4.3 equal on both sides? Equal subtrees are
 * skipped, so the cost follows what changed. Selector lists must have equal length (else the answer
 * is DIFFERENT). Never returns an error for what it cannot know (CP_UNSURE); CP_ENOMEM, CP_ELIMIT
 * only.
 */
int cp_selection_compare(struct cp_arena *a, struct cp_fs *fs_a, const struct cp_selector *sel_a,
			 struct cp_fs *fs_b, const struct cp_selector *sel_b, size_t n,
			 struct cp_comparison *ret_comparison, struct cp_err *err);

/*
 * Every file, link and folder that a selector reaches, once, in path order (links followed: the
 * link and its target, both); `path` is the node's own. CP_ENOTFOUND when a plain path is not
 * there. For `cachepredict paths` and for copying between file systems.
 */
int cp_selection_visit(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sel,
		       int (*visit)(void *self, const struct cp_node *node, struct cp_str path),
		       void *self, struct cp_err *err);

/*
 * One path of a file system. Follows links in intermediate components, and the last one iff follow.
 * CP_ENOTFOUND when it is not there; an OPAQUE node when the way leads into something unknown.
 * ret_real: the path found, clean, absolute.
 */
int cp_fs_resolve(struct cp_arena *a, struct cp_fs *fs, struct cp_str path, bool follow,
		  struct cp_node *ret_node, struct cp_str *ret_real, struct cp_err *err);

/* ---- exact digests ---- */

/*
 * How the digest of a file's record is found: its header and its bytes as checked out (section
 * 4.1).
 */
struct cp_hasher {
	int (*record)(void *self, struct cp_fs *fs, const struct cp_node *file,
		      struct cp_digest *ret_digest, struct cp_err *err);
	void *self;
	uint64_t rules; /* CP_RULE_* of the daemon that hashes */
	/*
	 * Digests only have to tell contents of one run apart: what differs at every checkout counts as what it is called.
	 */
	bool by_identity;
	/*
	 * What an earlier run found out, NULL = nothing: `name` is a digest of everything that decides. `flags` belong to who put them.
	 * Called by one thread at a time per hasher.
	 */
	bool (*recall)(void *self, const struct cp_digest *name, struct cp_digest *ret_digest,
		       uint8_t *ret_flags);
	void (*remember)(void *self, const struct cp_digest *name, const struct cp_digest *digest,
			 uint8_t flags);
};

/* The text of a file record's header: the head, the link's name, the tail. Arguments as below. */
#define CP_RECORD_HEAD 160 /* bytes at the most */
#define CP_RECORD_TAIL "unamegnamedevmajor0devminor0"
struct cp_str cp_record_head(char text[CP_RECORD_HEAD], uint32_t mode, const struct cp_owner *owner,
			     uint64_t size, char type);
/*
 * Begin a file record: everything but the bytes. mode: permission bits; owner: NULL = root, else one that is known; type: '0' file,
 * '2' link, '5' folder; size 0 but for files.
 */
void cp_record_header(struct cp_sha256 *h, uint32_t mode, const struct cp_owner *owner,
		      uint64_t size, char type, struct cp_str link_name);
/* The record of a file with these bytes: what struct cp_hasher.record gives (cache/contenthash/filehash.go NewFileHash). */
struct cp_digest cp_record_of_file(uint32_t mode, const struct cp_owner *owner,
				   struct cp_str bytes);

/*
 * D(JOIN0(contenthash(sel_1), ...)) as BuildKit computes it. *ret_unknown: why it cannot be known
 * before the build, "" = it is known. CP_ENOMEM, CP_ECANCELLED.
 */
extern const struct cp_str
	cp_selection_missing; /* *ret_unknown of a path that is not there: the build fails */
int cp_selection_digest(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sels,
			size_t n, const struct cp_hasher *hasher, struct cp_digest *ret_digest,
			struct cp_str *ret_unknown, struct cp_err *err);

#endif
