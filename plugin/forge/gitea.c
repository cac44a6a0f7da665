/*
 * Gitea and Forgejo. The comments of an issue come in one answer, whatever page and limit say; a missing issue is a 500 that says so.
 */
#include "forge/forge_int.h"

static const char permission[] = "write:issue", who[] = "read:user";

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

static struct cp_str comments_url(struct forge *f)
{
	return forge_url(f, "/repos/%s/%s/issues/%s/comments", forge_owner(f), forge_name(f),
			 f->place->number);
}

static struct forge_note note_of(struct forge *f, const struct cp_json *c)
{
	return (struct forge_note){
		.id = forge_id(f, cp_json_get(c, "id")),
		.url = cp_arena_str(f->a, cp_json_text(cp_json_get(c, "html_url")))};
}

static int visit(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
		 struct cp_err *err)
{
	(void)ret_next;
	return forge_keep_list(f, root, "user", note_of, err);
}

static int read_all(struct forge *f, struct cp_err *err)
{
	int r = forge_find_self(f, "id", who, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, comments_url(f), visit, err) : r;
}

static int create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		  struct cp_err *err)
{
	return forge_create(f, comments_url(f), forge_object(f, "body", body), note_of, ret_note,
			    err);
}

static int change(struct forge *f, const char *method, const struct forge_note *note,
		  struct cp_str body, struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/issues/comments/%s", forge_owner(f),
				      forge_name(f), note->id);
	struct forge_call call = {method, url, body, true, permission};

	return forge_do(f, &call, err);
}

static int update(struct forge *f, const struct forge_note *note, struct cp_str body,
		  struct cp_err *err)
{
	return change(f, "PATCH", note, forge_object(f, "body", body), err);
}

static int remove_note(struct forge *f, const struct forge_note *note, struct cp_err *err)
{
	return change(f, "DELETE", note, CP_S(""), err);
}

static int status(struct forge *f, struct cp_str context, struct cp_str description,
		  struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/statuses/%s", forge_owner(f), forge_name(f),
				      f->place->commit);

	return forge_state(f, url,
			   &(struct forge_state_words){"state", "success", "context", "target_url"},
			   context, description, err);
}

const struct cp_forge_ops forge_gitea = {
	.name = "gitea",
	.title = "Gitea",
	.scheme = "token",
	.permission = permission,
	.status_permission = "write:repository",
	.limits = {.max_bytes = 65000, .html = true, .mermaid = true},
	.read = read_all,
	.create = create,
	.update = update,
	.remove = remove_note,
	.status = status,
};
