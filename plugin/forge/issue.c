/* Comments and reactions of an issue, states of a commit, as GitHub's REST API has them and Gitea's after it. */
#include "forge/forge_int.h"

struct cp_str forge_issue_comments(struct forge *f)
{
	return forge_url(f, "/repos/%s/%s/issues/%s/comments", forge_owner(f), forge_name(f),
			 f->place->number);
}

/* ---- the pull request of a head ---- */

static bool has_head(const struct forge *f, const struct cp_json *pull)
{
	const struct cp_forge_place *p = f->place;
	const struct cp_json *head = cp_json_get(pull, "head");
	struct cp_str name = cp_json_text(cp_json_get(cp_json_get(head, "repo"), "full_name"));

	return cp_str_eq(cp_json_text(cp_json_get(head, "sha")), p->commit) &&
	       cp_str_eq(cp_json_text(cp_json_get(head, "ref")), p->head_branch) &&
	       cp_str_eq_nocase(cp_str_sub(name, 0, cp_str_find(name, '/', 0)), p->head_owner);
}

/* Into f->found; of several with one head that into the default branch. */
static int visit_pulls(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
		       struct cp_err *err)
{
	(void)ret_next;
	if (cp_json_kind(root) != CP_JSON_ARRAY)
		return forge_strange(f, "pull requests are no list", err);
	for (size_t i = 0; i < cp_json_len(root); i++) {
		const struct cp_json *pull = cp_json_at(root, i), *base = cp_json_get(pull, "base");
		int64_t number = cp_json_number(cp_json_get(pull, "number"), 0);
		struct cp_str into = cp_json_text(cp_json_get(base, "ref")),
			      main = cp_json_text(
				      cp_json_get(cp_json_get(base, "repo"), "default_branch"));

		if (number <= 0 || !has_head(f, pull) || (f->found.n && !cp_str_eq(into, main)))
			continue;
		f->found = cp_arena_printf(f->a, "%lld", (long long)number);
		if (!f->found.p)
			return cp_err_nomem(err);
	}
	return 0;
}

/* Gitea lists all that are open: it takes no head to look for. */
int forge_issue_find(struct forge *f, struct cp_str *ret_number, struct cp_err *err)
{
	const struct cp_forge_place *p = f->place;
	struct cp_str url = forge_url(f, "/repos/%s/%s/pulls?state=open&per_page=100&head=%s:%s",
				      forge_owner(f), forge_name(f), p->head_owner, p->head_branch);
	int r;

	f->found = CP_S("");
	r = forge_pages(f, url, visit_pulls, err);
	if (r < 0)
		return r;
	if (!f->found.n)
		return cp_err_set(err, CP_ENOTFOUND,
				  "no open pull request of %.*s has the head %.12s of this run: "
				  "pushed again since, or closed",
				  CP_STR(p->repository), p->commit.p);
	*ret_number = f->found;
	return 0;
}

/* ---- comments ---- */

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
				  .finishes = true,
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
