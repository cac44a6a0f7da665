/*
 * Gitea and Forgejo. The comments of an issue come in one answer, whatever page and limit say; a missing issue is a 500 that says so.
 */
#include "forge/forge_int.h"

static const char permission[] = "write:issue", who[] = "read:user";

static int find_self(struct forge *f, struct cp_err *err)
{
	struct forge_call call = {"GET", forge_url(f, "/user"), CP_S(""), false, who};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	f->self = forge_id(f, cp_json_get(cp_json_root(answer.doc), "id"));
	cp_json_doc_free(answer.doc);
	if (!f->self.p)
		return cp_err_nomem(err);
	return f->self.n ? 0 : forge_strange(f, "the account has no id", err);
}

static int find_head(struct forge *f, struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/pulls/%s", forge_owner(f), forge_name(f),
				      f->place->number);
	struct forge_call call = {"GET", url, CP_S(""), false, permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	f->head = forge_id(f, cp_json_get(cp_json_get(cp_json_root(answer.doc), "head"), "sha"));
	cp_json_doc_free(answer.doc);
	return f->head.p ? 0 : cp_err_nomem(err);
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
	if (cp_json_kind(root) != CP_JSON_ARRAY)
		return forge_strange(f, "comments are no list", err);
	for (size_t i = 0; i < cp_json_len(root); i++) {
		const struct cp_json *c = cp_json_at(root, i);
		struct cp_str author = forge_id(f, cp_json_get(cp_json_get(c, "user"), "id"));
		int r = 0;

		if (!author.p)
			return cp_err_nomem(err);
		if (cp_str_eq(author, f->self))
			r = forge_keep(f, note_of(f, c), cp_json_text(cp_json_get(c, "body")), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_all(struct forge *f, struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/issues/%s/comments", forge_owner(f),
				      forge_name(f), f->place->number);
	int r = f->self.n ? 0 : find_self(f, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, url, visit, err) : r;
}

static int create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		  struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/repos/%s/%s/issues/%s/comments", forge_owner(f),
				      forge_name(f), f->place->number);
	struct forge_call call = {"POST", url, forge_object(f, "body", body), true, permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	*ret_note = note_of(f, cp_json_root(answer.doc));
	cp_json_doc_free(answer.doc);
	return ret_note->id.p && ret_note->url.p ? 0 : cp_err_nomem(err);
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
