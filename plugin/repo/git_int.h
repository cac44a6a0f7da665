/*
 * Inside of repo/: one opened git repository. The only headers of libgit2 are included here.
 *
 * libgit2 is used as a reader of objects, references and the index, not more: discovery, configuration checks, tree listings and
 * commit parsing are our own, because libgit2's read the configuration of the user and of the system, check owners, verify the hash of
 * every object and keep a cache of everything. None of its process-wide options is changed: a host may use the same library.
 */
#ifndef CP_REPO_GIT_INT_H
#define CP_REPO_GIT_INT_H

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <pthread.h>
#include <stdatomic.h>

#include "repo/repo.h"

/* One object database, used by one thread at a time; several of one repository share the mapped packs. */
struct cp_repo_reader {
	struct cp_repo_reader *next;
	git_odb *odb;
	git_odb_backend **backends; /* in the order in which they are asked */
	size_t n_backends;
};

struct cp_repo {
	atomic_uint n_refs;     /* the handle and every tree */
	git_repository *git;    /* references only; under `lock` */
	char *git_dir;          /* with trailing slash; of this work tree */
	char *common_dir;       /* with trailing slash; where objects and branches are */
	char *work_tree;        /* without trailing slash, NULL = bare */
	char *promisor;         /* name of the remote of a partial clone, NULL = a full clone */
	char *remotes[CP_MAX_REMOTES]; /* their URLs, the rest NULL */
	struct cp_oid *shallow; /* sorted; commits whose parents were left out */
	size_t n_shallow;

	pthread_mutex_t lock;
	struct cp_repo_reader *readers; /* idle ones */
	struct cp_arena *arena;         /* of the listings */
	struct cp_map dirs;             /* id ─► struct cp_dir, shared by all commit trees */
	size_t n_entries;
};

/* ---- git_library.c ---- */

int cp_repo_library_hold(struct cp_err *err);
void cp_repo_library_drop(void);
/* Did libgit2 fail for want of memory just now? */
bool cp_repo_git_is_nomem(void);
/* Fill err from a negative result of libgit2: "<what>: <its message>". */
int cp_repo_git_error(struct cp_err *err, int result, const char *what);

/* ---- git_open.c ---- */

void cp_repo_ref(struct cp_repo *r);
void cp_repo_unref(struct cp_repo *r);
bool cp_repo_is_cut(const struct cp_repo *r, const struct cp_oid *commit);

/* ---- git_object.c ---- */

struct cp_repo_object {
	void *data; /* of libgit2; NULL for the empty tree */
	size_t n;
	git_object_t type;
};

/* Bytes of an object. CP_ENOTFOUND (with a hint), CP_ELIMIT when it is larger than `max`. */
int cp_repo_object_read(struct cp_repo *r, const struct cp_oid *oid, size_t max,
			struct cp_repo_object *ret_object, struct cp_err *err);
int cp_repo_object_header(struct cp_repo *r, const struct cp_oid *oid, git_object_t *ret_type,
			  uint64_t *ret_size, struct cp_err *err);
void cp_repo_object_release(struct cp_repo_object *o);
#define cp_auto_object __attribute__((cleanup(cp_repo_object_release)))

void cp_repo_readers_free(struct cp_repo *r);

/* A blob of the object store, as struct cp_tree_ops wants it. */
int cp_repo_blob_read(struct cp_repo *r, const struct cp_oid *oid, struct cp_buf *out,
		      struct cp_err *err);
int cp_repo_blob_size(struct cp_repo *r, const struct cp_oid *oid, uint64_t *ret_size,
		      struct cp_err *err);

struct cp_oid cp_repo_oid(const git_oid *oid);
git_oid cp_repo_git_oid(const struct cp_oid *oid);
/* The id of these bytes as an object. */
int cp_repo_oid_of(struct cp_str bytes, git_object_t type, struct cp_oid *ret_oid,
		   struct cp_err *err);
/* A full object id in hex. */
bool cp_repo_oid_parse(struct cp_str hex, struct cp_oid *ret_oid);
/* The one object whose id begins with these digits. CP_ENOTFOUND, CP_EINVAL when there are several. */
int cp_repo_oid_expand(struct cp_repo *r, struct cp_str hex, struct cp_oid *ret_oid,
		       struct cp_err *err);
static inline struct cp_str cp_repo_oid_key(const struct cp_oid *oid)
{
	return cp_str_n((const char *)oid->bytes, oid->n);
}

/* ---- git_commit.c ---- */

/* Slices of a commit's bytes, which must live as long. */
struct cp_repo_commit {
	struct cp_oid tree;
	struct cp_str parents; /* lines "parent <hex>\n" */
	size_t n_parents;      /* 0 where a shallow clone is cut */
	int64_t time;
};

int cp_repo_commit_parse(const struct cp_repo *r, const struct cp_oid *oid,
			 const struct cp_repo_object *o, struct cp_repo_commit *ret_commit,
			 struct cp_err *err);
struct cp_oid cp_repo_commit_parent(const struct cp_repo_commit *c, size_t i);
int cp_repo_commit_read(struct cp_repo *r, const struct cp_oid *oid, struct cp_commit *ret_commit,
			struct cp_err *err);
/* The n-th parent (from 1). CP_ENOTFOUND when there is none, or when it is beyond the end of a shallow clone (hint). */
int cp_repo_parent_oid(struct cp_repo *r, const struct cp_oid *commit, size_t n,
		       struct cp_oid *ret_parent, struct cp_err *err);
int cp_repo_parent(struct cp_repo *r, const struct cp_oid *commit, size_t n,
		   struct cp_commit *ret_parent, struct cp_err *err);
/* Best common ancestor. CP_ENOTFOUND when there is none; *ret_cut says that a shallow clone may hide it. */
int cp_repo_merge_base(struct cp_repo *r, const struct cp_oid *a, const struct cp_oid *b,
		       struct cp_commit *ret_base, bool *ret_cut, struct cp_err *err);

/* ---- git_resolve.c ---- */

/* The commit that a reference with this exact name leads to; CP_ENOTFOUND without a hint. */
int cp_repo_reference(struct cp_repo *r, const char *name, struct cp_commit *ret_commit,
		      struct cp_err *err);
/* The command that brings `rev` into the clone, as the hint of err. */
void cp_repo_hint_fetch(const struct cp_repo *r, struct cp_str rev, struct cp_err *err);
/* May this text stand in a command line that people copy? */
bool cp_repo_is_plain(struct cp_str text);

/* ---- git_tree.c ---- */

struct cp_dir *cp_repo_dir_new(struct cp_arena *a, const struct cp_oid *oid, size_t n);
/* Entries in byte order; CP_EIO when a name comes twice. */
int cp_repo_dir_sort(struct cp_dir *d, struct cp_err *err);
/* The listing in a tree object, in the arena of the repository and under its lock. CP_EIO when it is none that git would check out. */
int cp_repo_dir_parse(struct cp_repo *r, const struct cp_oid *oid, const struct cp_repo_object *o,
		      struct cp_dir **ret_dir, struct cp_err *err);
bool cp_repo_is_bad_name(struct cp_str name);

/* ---- git_index.c ---- */

struct cp_repo_index_entry {
	struct cp_str path;
	enum cp_entry_kind kind;
	struct cp_oid oid;
};

/* CP_ENOTFOUND for a bare repository. The index is empty when there is no file. */
int cp_repo_index_open(struct cp_repo *r, git_index **ret_index, struct cp_err *err);
/* False for a mode that git does not know. */
bool cp_repo_kind_of(unsigned mode, enum cp_entry_kind *ret_kind);
/* Entries in git's order (a folder sorts as "name/") ─► their listing, kept in `dirs` under the id that git gives such a folder. */
int cp_repo_dir_from(struct cp_arena *a, struct cp_map *dirs, const struct cp_entry *entries,
		     size_t n, struct cp_oid *ret_oid, struct cp_err *err);

#endif
