/* Comments and reactions of an issue, states of a commit, as GitHub's REST API has them and Gitea's after it. */
#include "forge/forge_int.h"

struct cp_str forge_issue_comments(struct forge *f)
{
	return forge_url(f, "/repos/%s/%s/issues/%s/comments", forge_owner(f), forge_name(f),
			 f->place->number);
}

struct forge_note forge_issue_note(struct forge *f, const struct cp_json *c)
{
	return (struct forge_note){
		.id = forge_id(f, cp_json_get(c, "id")),
		.url = cp_arena_str(f->a, cp_json_text(cp_json_get(c, "html_url")))};
}

int forge_issue_create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		       struct cp_err *err)
{
	return forge_create(f, forge_issue_comments(f), forge_object(f, "body", body),
			    forge_issue_note, ret_note, err);
}

static int change(struct forge *f, const char *method, const struct forge_note *note,
		  struct cp_str body, struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/issues/comments/%s", forge_owner(f),
				      forge_name(f), note->id);
	struct forge_call call = {method, url, body, true, f->place->ops->permission};

	return forge_do(f, &call, err);
}

int forge_issue_update(struct forge *f, const struct forge_note *note, struct cp_str body,
		       struct cp_err *err)
{
	return change(f, "PATCH", note, forge_object(f, "body", body), err);
}

int forge_issue_remove(struct forge *f, const struct forge_note *note, struct cp_err *err)
{
	return change(f, "DELETE", note, CP_S(""), err);
}

int forge_commit_status(struct forge *f, struct cp_str context, struct cp_str description,
			struct cp_err *err)
{
	static const struct forge_state_words words = {"state", "success", "context", "target_url"};
	struct cp_str url = forge_url(f, "/repos/%s/%s/statuses/%s", forge_owner(f), forge_name(f),
				      f->place->commit);

	return forge_state(f, url, &words, context, description, err);
}

/* ---- reactions ---- */

struct cp_str forge_issue_reactions(struct forge *f)
{
	return forge_url(f, "/repos/%s/%s/issues/%s/reactions", forge_owner(f), forge_name(f),
			 f->place->number);
}

int forge_issue_claim(struct forge *f, const char *name, struct forge_claim *ret_claim,
		      struct cp_err *err)
{
	struct forge_call call = {.method = "POST",
				  .url = forge_issue_reactions(f),
				  .body = forge_object(f, "content", cp_str_c(name)),
				  .once = true,
				  .permission = f->place->ops->permission};
	struct forge_answer answer = {0};
	const struct cp_json *id;
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return forge_claim_refused(f, r);
	id = cp_json_get(cp_json_root(answer.doc), "id");
	ret_claim->stamp =
		forge_id(f, id ? id : cp_json_get(cp_json_root(answer.doc), "created_at"));
	cp_json_doc_free(answer.doc);
	if (!ret_claim->stamp.p)
		return cp_err_nomem(err);
	return f->status == 201 ? FORGE_CLAIMED : FORGE_HELD;
}
