/*
 * forge/: a Markdown text ─► the one comment of ours on a pull request, and a commit status or check run.
 *
 *   environment, request ─► cp_forge_find ─► cp_forge_place ─► cp_forge_comment ─► created | updated | unchanged | outdated | quiet
 *
 * A comment is ours when its first line is our marker, to the letter, with the id of this set of images, *and* the forge says that the
 * token's own account wrote it; no other comment is ever touched. The marker says which commit, run and time the text is of: an older run
 * does not overwrite a newer one, and a commit that the pull request has left behind says nothing any more. Forges know no "if unchanged",
 * so runs take turns to write, by a reaction that a forge has once or not at all; where there is none they agree afterwards: the comments are
 * read again until there is one and it is not older than ours.
 *
 * It never: sends the token to another origin than the forge's, follows a redirect there, puts the token into a text, reads the
 * environment other than through the vtable it is given, or reads a file.
 * Threads: one at a time.
 */
#ifndef CP_FORGE_FORGE_H
#define CP_FORGE_FORGE_H

#include "base/base.h"
#include "net/net.h"
#include "repo/repo.h"

/* ---- which forge, which pull request ---- */

/* What the request names; "" = as the CI's variables say. Texts are borrowed. */
struct cp_forge_wish {
	struct cp_str forge;      /* "github", "gitlab", "gitea" (Forgejo, too), "bitbucket" */
	struct cp_str url;        /* of its API */
	struct cp_str repository; /* "owner/name"; GitLab: its path or number */
	struct cp_str number;     /* of the pull or merge request */
	struct cp_str commit;     /* that the text is of */
	struct cp_str run;        /* number that grows from run to run */
};

struct cp_forge_ops;

/* Texts in the arena of cp_forge_find. */
struct cp_forge_place {
	const struct cp_forge_ops *ops;
	struct cp_str forge, url, repository, number;
	struct cp_str head_owner,
		head_branch;   /* where number is "": the pull request of that head */
	struct cp_str commit;  /* head of the pull request as this run has it, "" = not said */
	struct cp_str run_url; /* page of this run, "" = not said */
	struct cp_str token;   /* "" = there is none */
	uint64_t run;          /* 0 = not said */
	bool merged; /* what is checked out is a merge that the forge made: commit is not it */
	bool fork;   /* the pull request comes from a fork: its token may not write */
	bool follows; /* a run that followed that of the pull request: HEAD is not commit by itself */
};

/*
 * Is the run that of a pull request from another repository, or of one that may be? `event` as below. In every case where the CI's variables
 * or the event say that there is a pull request, and not that it is of the repository itself.
 */
bool cp_forge_is_fork(struct cp_arena *a, const struct cp_environment *env, struct cp_str event);

/* Path of the file with the event that started a run of GitHub's kind, "" = none. The caller reads it. */
struct cp_str cp_forge_event_file(const struct cp_environment *env);

/*
 * `event`: the text of that file, "" = none. CP_ENOTFOUND: no forge, repository or pull request is named, with a hint that says what to set.
 * CP_EUSAGE: a name that is none. CP_ENOMEM. A missing token is no error here.
 */
int cp_forge_find(struct cp_arena *a, const struct cp_environment *env,
		  const struct cp_forge_wish *wish, struct cp_str event,
		  struct cp_forge_place *ret_place, struct cp_err *err);

/* What a comment of this forge can hold. */
struct cp_forge_limits {
	size_t max_bytes;
	bool html;    /* <details>, <sub>, <!-- --> */
	bool mermaid; /* fences of that name are drawn */
};
struct cp_forge_limits cp_forge_limits(const struct cp_forge_place *place);

/* ---- the comment ---- */

enum cp_forge_behaviour {
	CP_FORGE_UPDATE,
	CP_FORGE_NEW,
	CP_FORGE_HIDE_AND_NEW,
	CP_FORGE_DELETE_AND_NEW
};
/* CP_EUSAGE for another word; "" = update. */
int cp_forge_behaviour_parse(struct cp_str name, enum cp_forge_behaviour *ret_behaviour,
			     struct cp_err *err);

struct cp_forge_post {
	struct cp_str id;   /* of the set of images: letters, digits, ".", "_", "-", at most 64 */
	struct cp_str body; /* Markdown, at most max_bytes - CP_FORGE_MARKER_BYTES */
	bool quiet;         /* nothing to say: an older comment is updated, none is made */
	enum cp_forge_behaviour behaviour;
	int64_t time;     /* when the run began, seconds since 1970 */
	int64_t patience; /* seconds that a forge may ask to wait (Retry-After) */
	/* Is `x` an ancestor of `y`? 1, 0, or -1 where the clone does not tell. NULL = never told. */
	int (*is_ancestor)(void *self, struct cp_str x, struct cp_str y);
	int (*is_cancelled)(void *self); /* NULL = never */
	void *self;
};
#define CP_FORGE_MARKER_BYTES 256u

enum cp_forge_result {
	CP_FORGE_CREATED,
	CP_FORGE_UPDATED,
	CP_FORGE_UNCHANGED, /* it says so already */
	CP_FORGE_OUTDATED, /* a newer run's comment is there, or the pull request has a newer head */
	CP_FORGE_QUIET,
};
struct cp_forge_posted {
	enum cp_forge_result result;
	struct cp_str number;       /* of the pull request */
	struct cp_str url;          /* of the comment, "" = none */
	size_t n_deleted, n_hidden; /* older ones of ours */
};
/* The word for it: "created" ... Static. */
const char *cp_forge_result_name(enum cp_forge_result r);

/*
 * Is the id one that a marker can hold? Others are CP_EUSAGE of cp_forge_comment.
 */
bool cp_forge_is_id(struct cp_str id);

/*
 * Make the pull request's comment say `post`. CP_ENET: the forge refused or could not be reached; the message is one line and names the
 * permission or the limit. CP_ENOTFOUND: no token, or no such pull request. CP_EUSAGE: the forge cannot do what was asked. CP_ELIMIT, CP_ECANCELLED, CP_ENOMEM.
 */
int cp_forge_comment(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		     const struct cp_forge_post *post, struct cp_forge_posted *ret_posted,
		     struct cp_err *err);

/* A commit status of place->commit, always a success: a prediction fails no pull request. Errors as above. */
int cp_forge_status(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		    struct cp_str context, struct cp_str description, struct cp_err *err);

struct cp_forge_annotation {
	struct cp_str path; /* of the repository */
	int line;
	struct cp_str message;
	bool is_error;
};
struct cp_forge_check {
	struct cp_str name, title;
	struct cp_str summary; /* Markdown, at most 65,535 bytes */
	bool success;          /* else neutral: it fails no pull request either */
	const struct cp_forge_annotation *annotations; /* the first CP_MAX_ANNOTATIONS are sent */
	size_t n_annotations;
};
/* A check run of place->commit, which is GitHub's alone: CP_EUNSUPPORTED elsewhere. Errors as above; also where a part was not taken. */
int cp_forge_check_run(struct cp_net *net, struct cp_arena *a, const struct cp_forge_place *place,
		       const struct cp_forge_check *check, struct cp_err *err);

#endif
