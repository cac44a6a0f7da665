/* Private to forge/: one forge behind a vtable, its requests, markers. */
#ifndef CP_FORGE_FORGE_INT_H
#define CP_FORGE_FORGE_INT_H

#include "forge/forge.h"

/* Which text is newer. */
struct forge_version {
	struct cp_str commit; /* "" = not said */
	uint64_t run;         /* 0 = not said */
	int64_t time;
};

/* One comment of ours with our marker. */
struct forge_note {
	struct cp_str id;   /* for requests */
	struct cp_str node; /* GitHub: for GraphQL */
	struct cp_str url;
	struct cp_str text; /* below the marker */
	struct forge_version version;
};

/*
 * A reaction of our account on the pull request. A forge has it once or not at all, so that of several runs which ask for it exactly one
 * is told that it was made: the others wait.
 */
struct forge_claim {
	struct cp_str
		stamp; /* tells it from a later one of the same name: id or time; "" = not said */
};
enum {
	FORGE_HELD,    /* somebody else's */
	FORGE_CLAIMED, /* ours */
};

/* Whose turn it is to write (turn.c). All zero: not asked yet. */
struct forge_turn {
	bool ours, used; /* used: something was written since */
	bool never;      /* this forge has no claims, or they did not work */
	struct forge_claim claim;
	int64_t since_ms;           /* ours was asked for */
	int64_t waiting_ms;         /* since then we wait */
	struct cp_str stamp;        /* of the claim that is in the way */
	int64_t stamp_ms, pause_ms; /* since when it is; until the next look, 0 = none is needed */
};

/* One pull request at work. */
struct forge {
	const struct cp_forge_place *place;
	struct cp_net *net;
	struct cp_arena *a;
	struct cp_str id;    /* of the set of images */
	struct cp_str self;  /* who we are, as the forge names accounts; "" = not asked yet */
	struct cp_str head;  /* commit of the pull request, "" = not known */
	struct cp_str page;  /* GitLab: address of the merge request */
	struct cp_str found; /* number of the pull request that is looked for */
	CP_VEC(struct forge_note) notes;
	unsigned n_failed;
	int status;         /* of HTTP, of the last answer; 0 = there was none */
	struct cp_str said; /* why, of the last refusal: ": TEXT", "" = not said */
	int64_t again;      /* seconds after which the last refusal may end, 0 = it will not */
};

struct cp_forge_ops {
	const char *name, *title; /* "github", "GitHub" */
	const char *scheme;       /* of the Authorization header */
	const char *permission;   /* what the token needs for comments */
	const char *status_permission;
	struct cp_forge_limits limits;
	/* The number of the open pull request whose head is place->commit, of head_owner:head_branch. NULL: cannot be asked. */
	int (*find)(struct forge *f, struct cp_str *ret_number, struct cp_err *err);
	/* Fills notes (older ones first) and head. */
	int (*read)(struct forge *f, struct cp_err *err);
	int (*create)(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		      struct cp_err *err);
	int (*update)(struct forge *f, const struct forge_note *note, struct cp_str body,
		      struct cp_err *err);
	int (*remove)(struct forge *f, const struct forge_note *note, struct cp_err *err);
	int (*hide)(struct forge *f, const struct forge_note *note, struct cp_err *err); /* NULL */
	int (*status)(struct forge *f, struct cp_str context, struct cp_str description,
		      struct cp_err *err);
	int (*check_run)(struct forge *f, const struct cp_forge_check *check,
			 struct cp_err *err); /* NULL */
	/*
	 * FORGE_CLAIMED or FORGE_HELD, and whose; NULL: it has no claims. CP_EUNSUPPORTED: this token or pull request takes none.
	 * `drop` takes away the claim with that stamp, where the forge can tell, else that of the name.
	 */
	int (*claim)(struct forge *f, const char *name, struct forge_claim *ret_claim,
		     struct cp_err *err);
	int (*drop)(struct forge *f, const char *name, const struct forge_claim *claim,
		    struct cp_err *err);
};
extern const struct cp_forge_ops forge_github, forge_gitlab, forge_gitea, forge_bitbucket;

/* ---- requests (call.c) ---- */

struct forge_call {
	const char *method;
	struct cp_str url;  /* whole */
	struct cp_str body; /* JSON, "" = none */
	bool once;          /* a write: later or twice it would be another one */
	const char *permission;
	bool finishes; /* cancelling does not stop it */
};
struct forge_answer {
	struct cp_json_doc *doc; /* the caller frees it */
	struct cp_str next;      /* of Link, "" = the last page */
};
/* A request whose answer matters. CP_ENOTFOUND: 404 or 410. Any other status than 2xx is CP_ENET with a line for people. */
int forge_call(struct forge *f, const struct forge_call *call, struct forge_answer *ret_answer,
	       struct cp_err *err);
/* The same where the answer does not matter. */
int forge_do(struct forge *f, const struct forge_call *call, struct cp_err *err);
/* "owner/name" taken apart. */
struct cp_str forge_owner(const struct forge *f);
struct cp_str forge_name(const struct forge *f);
/* A URL below the API's: `format` with a struct cp_str for each %s, percent-escaped. */
struct cp_str forge_url(struct forge *f, const char *format, ...);
/* {"KEY": TEXT}. NULL bytes: no memory. */
struct cp_str forge_object(struct forge *f, const char *key, struct cp_str text);
/* A number or a text of JSON as text in the arena; "" when it is neither. p NULL: no memory. */
struct cp_str forge_id(struct forge *f, const struct cp_json *v);
/* One comment that our account wrote: kept if it has the marker. CP_ENOMEM, CP_ELIMIT. */
int forge_keep(struct forge *f, struct forge_note note, struct cp_str body, struct cp_err *err);
/*
 * GET of all pages; `visit` gets every answer's document and says in *ret_next where its `next` is, if Link does not.
 */
int forge_pages(struct forge *f, struct cp_str url,
		int (*visit)(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
			     struct cp_err *err),
		struct cp_err *err);
/* A comment as the forge describes it, without version and text. */
typedef struct forge_note (*forge_reader)(struct forge *f, const struct cp_json *comment);
/* Who the token belongs to: a member of /user, into f->self. Asked once. */
int forge_find_self(struct forge *f, const char *member, const char *permission,
		    struct cp_err *err);
/* GET of one object; the caller frees *ret_doc. */
int forge_get(struct forge *f, struct cp_str url, struct cp_json_doc **ret_doc, struct cp_err *err);
/* A list of comments: those whose account has our id and that have our marker are kept. */
int forge_keep_list(struct forge *f, const struct cp_json *list, const char *account,
		    forge_reader reader, struct cp_err *err);
/* POST of a comment. */
int forge_create(struct forge *f, struct cp_str url, struct cp_str body, forge_reader reader,
		 struct forge_note *ret_note, struct cp_err *err);
/* POST of a commit status, in the words of one forge. */
struct forge_state_words {
	const char *state, *success, *context, *url; /* members; the value of the state */
};
int forge_state(struct forge *f, struct cp_str url, const struct forge_state_words *words,
		struct cp_str context, struct cp_str description, struct cp_err *err);
/* What a forge answered that has not the shape it should. */
int forge_strange(struct forge *f, const char *what, struct cp_err *err);

/* ---- comments of an issue, states of a commit: GitHub's API, which Gitea's follows (issue.c) ---- */

struct cp_str forge_issue_comments(struct forge *f);
struct forge_note forge_issue_note(struct forge *f, const struct cp_json *comment);
int forge_issue_create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		       struct cp_err *err);
int forge_issue_update(struct forge *f, const struct forge_note *note, struct cp_str body,
		       struct cp_err *err);
int forge_issue_remove(struct forge *f, const struct forge_note *note, struct cp_err *err);
int forge_commit_status(struct forge *f, struct cp_str context, struct cp_str description,
			struct cp_err *err);
int forge_issue_find(struct forge *f, struct cp_str *ret_number, struct cp_err *err);
/* Reactions: {"content": NAME}. The stamp is the id, which Gitea does not say, else the time. */
struct cp_str forge_issue_reactions(struct forge *f);
int forge_issue_claim(struct forge *f, const char *name, struct forge_claim *ret_claim,
		      struct cp_err *err);

/* ---- turns (turn.c) ---- */

/*
 * 1: it is our turn to write, or there are no turns here. 0: read again before asking again, after pause_ms. CP_ENET: a limit of the
 * forge. CP_ECANCELLED, CP_ENOMEM.
 */
int forge_turn_take(struct forge *f, struct forge_turn *t, struct cp_err *err);
/* The next one's. What goes wrong is healed by waiting. */
void forge_turn_end(struct forge *f, struct forge_turn *t);
/* What a refused claim means: FORGE_HELD, CP_EUNSUPPORTED, or `r` itself where another try would be refused, too. */
int forge_claim_refused(struct forge *f, int r);

/* ---- variables of the CI (find.c) ---- */

/* Without white space around it; "" when it is not set, or `name` is NULL. */
struct cp_str forge_variable(const struct cp_environment *env, const char *name);

/* ---- markers (marker.c) ---- */

/* The first line, its line end included. */
void forge_marker_write(struct cp_buf *out, struct cp_str id, const struct forge_version *v,
			bool html);
/* Is this our marker of this id? Then the version, texts borrowed from `body`, and what is below. */
bool forge_marker_read(struct cp_str body, struct cp_str id, struct forge_version *ret_version,
		       struct cp_str *ret_text);
/* The same text, whatever a forge did to line ends and the blanks at its end? */
bool forge_same_text(struct cp_str x, struct cp_str y);

#endif
