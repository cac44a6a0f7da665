/*
 * repo/: a git repository ─► commits as read-only trees, diffs between trees, history.
 * The only room that includes libgit2. It never writes to the repository, never runs a hook, filter or
 * helper of it, and follows nothing outside it.
 *
 * struct cp_tree is the value that flows on: a directory listing by object id and a blob by object id, behind
 * a small vtable, so that rooms above (and their tests) need no libgit2:
 *
 *      cp_tree ── root ─► cp_dir ── entries[] ─► { name, kind, oid }
 *                            ▲                          │ kind DIR: cp_tree_list(tree, oid)
 *                            └──────────────────────────┘
 * Equal object ids mean equal content (and equal subtrees): nothing below an equal id need be looked at.
 */
#ifndef CP_REPO_REPO_H
#define CP_REPO_REPO_H

#include "base/base.h"

struct cp_oid {
	uint8_t n; /* 20 (SHA-1) or 32 (SHA-256); 0 = no object */
	uint8_t bytes[32];
};

static inline bool cp_oid_eq(const struct cp_oid *a, const struct cp_oid *b)
{
	return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

enum cp_entry_kind {
	CP_ENTRY_FILE,    /* 100644 and the historical 100664 */
	CP_ENTRY_EXEC,    /* 100755 */
	CP_ENTRY_SYMLINK, /* the blob is the target text */
	CP_ENTRY_DIR,
	CP_ENTRY_SUBMODULE, /* an empty directory in a clone without --recurse-submodules */
};

struct cp_entry {
	struct cp_str name;
	enum cp_entry_kind kind;
	struct cp_oid oid;
};

/* One directory, entries sorted by the bytes of their names (not git's order, where a directory sorts as "name/"). */
struct cp_dir {
	struct cp_oid oid;
	struct cp_entry *entries;
	size_t n_entries;
};

struct cp_tree;

struct cp_tree_ops {
	/*
	 * Directory with this id. CP_ENOTFOUND: the object is not in this clone (shallow, partial).
	 * The listing lives as long as the tree and the same id gives the same pointer.
	 */
	int (*list)(struct cp_tree *t, const struct cp_oid *oid, const struct cp_dir **ret_dir,
		    struct cp_err *err);
	/* Blob bytes appended to `out`, before any checkout conversion. CP_ENOTFOUND, CP_ELIMIT (over out->max). */
	int (*read)(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
		    struct cp_err *err);
	/* Size in bytes of a blob, without reading it where that is possible. */
	int (*size)(struct cp_tree *t, const struct cp_oid *oid, uint64_t *ret_size,
		    struct cp_err *err);
	void (*free)(struct cp_tree *t);
};

/*
 * Any thread may use a tree; implementations lock. Implementations embed this struct first.
 */
struct cp_tree {
	const struct cp_tree_ops *ops;
	struct cp_oid root;   /* id of the root directory; n = 0 for a tree without files */
	struct cp_oid commit; /* n = 0 for the index, the work tree, a memory tree */
	struct cp_str name;   /* the rev as the user wrote it, for messages */
	bool is_work_tree; /* built from files on disk: untracked and ignored files are in it; read it as a commit all the same */
};

static inline int cp_tree_list(struct cp_tree *t, const struct cp_oid *oid,
			       const struct cp_dir **ret_dir, struct cp_err *err)
{
	return t->ops->list(t, oid, ret_dir, err);
}
static inline int cp_tree_read(struct cp_tree *t, const struct cp_oid *oid, struct cp_buf *out,
			       struct cp_err *err)
{
	return t->ops->read(t, oid, out, err);
}
static inline void cp_tree_free(struct cp_tree *t)
{
	if (t)
		t->ops->free(t);
}

/* The entry of a directory by name, NULL when absent (binary search). */
const struct cp_entry *cp_dir_find(const struct cp_dir *dir, struct cp_str name);
/*
 * The entry at a clean relative path ("" = the root as a CP_ENTRY_DIR), not following symlinks.
 * CP_ENOTFOUND when there is none, or a missing object (err->hint then says how to mend the clone).
 */
int cp_tree_find(struct cp_tree *t, struct cp_str path, struct cp_entry *ret_entry,
		 struct cp_err *err);
/* Bytes of the file at a path; follows symlinks inside the tree (at most CP_MAX_SYMLINKS). */
int cp_tree_read_path(struct cp_tree *t, struct cp_str path, struct cp_buf *out,
		      struct cp_err *err);

/* A tree built from memory, for tests and for contexts that are not in git. Files are added before the first list. */
struct cp_tree *cp_memory_tree_new(void);
/* path: clean, relative. content: file bytes or link target; ignored for directories and submodules. */
int cp_memory_tree_add(struct cp_tree *t, struct cp_str path, enum cp_entry_kind kind,
		       struct cp_str content);

/* A file of an overlay. */
struct cp_overlay_file {
	struct cp_str path; /* clean, relative; each once in a list */
	bool removed;
	enum cp_entry_kind kind; /* FILE, EXEC, SYMLINK */
	struct cp_str content;
};
/*
 * `below` with files put over it or taken away. Everything has the object id that git would give it, so what equals another commit's is
 * equal to it. A file takes the place of a folder, and a folder of a file, that has its name. `below` is borrowed, the files are copied.
 * CP_EINVAL (a path twice), CP_ENOTFOUND (a missing object), CP_ELIMIT, CP_ENOMEM.
 */
int cp_overlay_tree(struct cp_tree *below, const struct cp_overlay_file *files, size_t n,
		    struct cp_tree **ret_tree, struct cp_err *err);

/* ---- git ---- */

struct cp_repo; /* one repository, opened; any thread, it locks */

/*
 * Open a repository: a work tree (or a folder inside one), a bare repository, a worktree with a .git file.
 * CP_ENOTFOUND with a hint when `path` is none; CP_EUNSUPPORTED for SHA-256 object names and formats that we do not know.
 * Ownership checks of git's safe.directory are not applied: nothing of the repository is executed. The configuration of the user and
 * of the system is not read, and no variable of git's (GIT_DIR ...) is looked at.
 */
int cp_repo_open(const char *path, struct cp_repo **ret_repo, struct cp_err *err);
void cp_repo_free(struct cp_repo *r);
bool cp_repo_is_bare(const struct cp_repo *r);
bool cp_repo_is_shallow(const struct cp_repo *r);
/* The URL of a remote as the configuration has it, borrowed; NULL behind the last one (at most CP_MAX_REMOTES). */
const char *cp_repo_remote(const struct cp_repo *r, size_t i);
/* Absolute path of the work tree without trailing slash, NULL when bare. */
const char *cp_repo_work_tree(const struct cp_repo *r);

/*
 * What the repository is known by: host and path of the remote "origin", without scheme, user, password and ".git"
 * ("github.com/acme/app"); without such a remote the absolute path of the repository. In `a`. CP_ENOMEM.
 */
int cp_repo_identity(struct cp_arena *a, struct cp_repo *r, struct cp_str *ret_identity,
		     struct cp_err *err);
/* The same of a URL as git takes it; "" for one that is no host's. p is NULL when there is no memory. */
struct cp_str cp_repo_url_identity(struct cp_arena *a, struct cp_str url);

struct cp_commit {
	struct cp_oid oid;
	char hex[65];
	int64_t time; /* committer time, seconds since 1970 */
};

/*
 * Any rev that git rev-parse takes and that names a commit. CP_ENOTFOUND with a hint (git fetch ...); CP_EINVAL for what cannot be a
 * commit; CP_EUNSUPPORTED for a search in messages (":/text", "HEAD^{/text}"). A shallow clone ends where git says it ends.
 */
int cp_repo_resolve(struct cp_repo *r, const char *rev, struct cp_commit *ret_commit,
		    struct cp_err *err);
/* The tree of a commit. Listings are shared by all trees of one repository. A tree may outlive the handle of its repository. */
int cp_repo_tree(struct cp_repo *r, const struct cp_commit *c, const char *rev,
		 struct cp_tree **ret_tree, struct cp_err *err);
/* The index as a tree (conflicts are CP_EINVAL; a split or sparse index is CP_EUNSUPPORTED); bare: CP_ENOTFOUND. */
int cp_repo_index_tree(struct cp_repo *r, struct cp_tree **ret_tree, struct cp_err *err);
/*
 * The files on disk below the work tree, its .git left out, untracked and git-ignored ones included. An entry has the id of the blob
 * whose checkout gives these bytes, so that the tree compares with commits (the same .gitattributes rules lead from the blob to the
 * bytes on disk); a file that no blob gives has an id that no blob has, and no conversion. A folder with changes has an id that no
 * folder of a commit has, whatever it holds: descend. A submodule that is checked out is a folder; one that is not is a SUBMODULE.
 * Neither file nor link (a pipe, a socket): a FILE that equals nothing and cannot be read (CP_EUNSUPPORTED).
 * Permission bits other than x are not in it. A file that changes after it was listed is CP_ENOTFOUND when read.
 */
int cp_repo_work_tree_tree(struct cp_repo *r, struct cp_tree **ret_tree, struct cp_err *err);

/*
 * The commit to compare with when the user names none: the CI's own variables (getenv is passed in so that tests and
 * the ABI decide what is visible), else the merge base of `head` with the remote's default branch, else the first
 * parent of head. ret_why: a sentence fragment ("merge base with origin/main"), static or in `a`.
 */
struct cp_environment {
	const char *(*get)(const void *self, const char *name); /* NULL when unset */
	const void *self;
};
int cp_repo_default_base(struct cp_arena *a, struct cp_repo *r, const struct cp_commit *head,
			 const struct cp_environment *env, struct cp_commit *ret_base,
			 struct cp_str *ret_rev, struct cp_str *ret_why, struct cp_err *err);

/*
 * Where `head` left what `rev` names: the left side of A...B. CP_ENOTFOUND with a hint when they have no common commit in this
 * clone, and the errors of cp_repo_resolve.
 */
int cp_repo_common_base(struct cp_repo *r, const struct cp_commit *head, const char *rev,
			struct cp_commit *ret_base, struct cp_err *err);

/* ---- differences ---- */

enum cp_change { CP_CHANGE_ADDED, CP_CHANGE_REMOVED, CP_CHANGE_MODIFIED, CP_CHANGE_MODE };

/*
 * Walk two trees together, skipping equal subtrees; no rename detection. For every file, link or submodule that differs
 * calls `visit` with the path (borrowed for the call) in byte order. A negative result of visit stops the walk and is returned.
 */
int cp_tree_diff(struct cp_tree *a, struct cp_tree *b,
		 int (*visit)(void *self, struct cp_str path, enum cp_change change,
			      const struct cp_entry *old_entry, const struct cp_entry *new_entry),
		 void *self, struct cp_err *err);

/* ---- checkout conversions ---- */

/*
 * What git does to a blob when it checks it out on Linux with default settings (core.autocrlf unset).
 * "none" covers text, text=auto, eol=lf, -text, binary: the bytes are the blob's.
 */
enum cp_conversion_kind {
	CP_CONV_NONE,
	CP_CONV_CRLF,
	CP_CONV_CRLF_AUTO,
	CP_CONV_IDENT,
	CP_CONV_FILTER,
	CP_CONV_ENCODING
};
struct cp_conversion {
	enum cp_conversion_kind kind;
	struct cp_str
		detail; /* filter name ("lfs"), encoding, "ident" beside CRLF or CRLF_AUTO when $Id$ is expanded too, or "" */
};

/*
 * Conversions of one tree, from the .gitattributes files inside it; other places of attributes belong to one machine and are not
 * looked at. Folders are read when a path in them is asked for: cp_attributes_new costs a listing of the root.
 * The answer for a path is CP_CONV_NONE unless attributes say otherwise. It holds for files, not for links and submodules.
 * An answer depends on the .gitattributes of all folders on the way: equal subtrees of two commits are equal checkouts only if
 * those above them are equal, too.
 */
struct cp_attributes;
int cp_attributes_new(struct cp_arena *a, struct cp_tree *t, struct cp_attributes **ret_attributes,
		      struct cp_err *err);
/* `path` is relative to the repository's root. Reads the .gitattributes of the folders on the way (cached). */
int cp_attributes_of(struct cp_attributes *at, struct cp_str path,
		     struct cp_conversion *ret_conversion, struct cp_err *err);
/* The bytes as checked out: CRLF and ident applied (`oid`: of the blob); CP_EUNSUPPORTED for FILTER and ENCODING. */
int cp_convert(const struct cp_conversion *c, const struct cp_oid *oid, struct cp_str blob,
	       struct cp_buf *out, struct cp_err *err);

/* History: first-parent commits from `from` backwards, at most `max`; it ends where a shallow clone is cut. */
int cp_repo_history(struct cp_arena *a, struct cp_repo *r, const struct cp_commit *from, size_t max,
		    struct cp_commit **ret_commits, size_t *ret_n, struct cp_err *err);
/* First line of a commit's message, as it is written there, appended to `out`; "" when there is none. CP_ENOTFOUND, CP_ELIMIT. */
int cp_repo_subject(struct cp_repo *r, const struct cp_commit *c, struct cp_buf *out,
		    struct cp_err *err);

#endif
