/*
 * Gitea and Forgejo. The comments of an issue come in one answer, whatever page and limit say; a missing issue is a 500 that says so.
 */
#include "forge/forge_int.h"

static const char who[] = "read:user";

static int find_head(struct forge *f, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str url = forge_url(f, "/repos/%s/%s/pulls/%s", forge_owner(f), forge_name(f),
				      f->place->number);
	int r = forge_get(f, url, &doc, err);

	if (r < 0)
		return r;
	f->head = forge_id(f, cp_json_get(cp_json_get(cp_json_root(doc), "head"), "sha"));
	return f->head.p ? 0 : cp_err_nomem(err);
}

static int visit(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
		 struct cp_err *err)
{
	(void)ret_next;
	return forge_keep_list(f, root, "user", forge_issue_note, err);
}

static int read_all(struct forge *f, struct cp_err *err)
{
	int r = forge_find_self(f, "id", who, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, forge_issue_comments(f), visit, err) : r;
}

/* By name only. A second request would take away somebody else's: it is sent once. */
static int drop(struct forge *f, const char *name, const struct forge_claim *claim,
		struct cp_err *err)
{
	struct forge_call call = {.method = "DELETE",
				  .url = forge_issue_reactions(f),
				  .body = forge_object(f, "content", cp_str_c(name)),
				  .once = true,
				  .finishes = true,
				  .permission = f->place->ops->permission};

	(void)claim;
	return forge_do(f, &call, err);
}

const struct cp_forge_ops forge_gitea = {
	.name = "gitea",
	.title = "Gitea",
	.scheme = "token",
	.permission = "write:issue",
	.status_permission = "write:repository",
	.limits = {.max_bytes = 65000, .html = true, .mermaid = true},
	.find = forge_issue_find,
	.read = read_all,
	.create = forge_issue_create,
	.update = forge_issue_update,
	.remove = forge_issue_remove,
	.status = forge_commit_status,
	.claim = forge_issue_claim,
	.drop = drop,
};
