/*
 * The files on disk as a tree that can be compared with commits. Lazy: folders with files that git does not know are looked into
 * when somebody lists them, so that an ignored node_modules costs nothing.
 *
 * An entry has the id of the blob that gives these bytes at a checkout, so that equal ids (under equal .gitattributes) mean equal
 * bytes, as between two commits: the tree reads as such a commit would, and cp_attributes_of and cp_convert lead from the blob to the
 * bytes on disk. A file that no blob gives (LF on disk where the attributes say CRLF, the object of a filter that is not the one
 * git stored) has an id that no blob has, and cp_attributes_of says CP_CONV_NONE for it. Never does a file get the id of a blob whose
 * checkout would give other bytes.
 */
#ifndef CP_REPO_WORK_TREE_INT_H
#define CP_REPO_WORK_TREE_INT_H

#include <sys/stat.h>
#include <time.h>

#include "repo/attributes_int.h"
#include "repo/git_int.h"

struct cp_work_tree {
	struct cp_tree base; /* first */
	struct cp_repo *repo;
	pthread_mutex_t lock;
	struct cp_arena *a;
	git_index *index;
	struct timespec index_time; /* entries that are not older may hide a later change */
	struct cp_attribute_files files;
	struct cp_attributes *attributes;

	struct cp_map dirs; /* id ─► struct cp_dir, listed */
	struct cp_map lazy; /* id of a folder that is not listed yet ─► struct cp_work_path */
	struct cp_map ids;  /* path ─► struct cp_oid of a folder */
	struct cp_map files_by_id; /* id of a blob ─► struct cp_work_file */
	struct cp_map raw;         /* paths of files that no blob gives */
	size_t n_entries;
};

struct cp_work_path {
	struct cp_oid oid;
	struct cp_str path;
};

/* Where the bytes of a blob are on disk. */
struct cp_work_file {
	struct cp_oid oid;
	struct cp_str path;
	struct stat st;                  /* as when it was identified */
	struct cp_conversion conversion; /* that was undone for the id */
};

/* How sure an id is. */
enum cp_work_effort {
	CP_WORK_CHEAP, /* trust what the index remembers, else give up: ret_known false */
	CP_WORK_FULL,  /* read the file */
};

/* Id and kind of the file or link at `path`, whose lstat is st. Under the lock. */
int cp_repo_work_identify(struct cp_work_tree *w, struct cp_str path, const struct stat *st,
			  enum cp_work_effort effort, struct cp_entry *ret_entry, bool *ret_known,
			  struct cp_err *err);
/* Bytes on disk of a file or of a link's target, never through a link. CP_ENOTFOUND, CP_EIO, CP_ELIMIT. */
int cp_repo_work_bytes(const struct cp_work_tree *w, struct cp_str path, const struct stat *st,
		       struct cp_buf *out, struct cp_err *err);
/* The path below the work tree as the system wants it. */
int cp_repo_work_path(const struct cp_work_tree *w, struct cp_str path, struct cp_buf *out,
		      struct cp_err *err);
/* An id that depends on the state of the file only and that no object has. */
struct cp_oid cp_repo_work_stat_oid(struct cp_str path, const struct stat *st);
int cp_repo_work_read_attributes(void *self, struct cp_str folder, struct cp_buf *out,
				 struct cp_err *err);

#endif
