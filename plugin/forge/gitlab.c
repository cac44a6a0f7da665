/* GitLab. Comments are notes of a merge request; a token of a job may not write them, one of a person, project or group may. */
#include "forge/forge_int.h"

static const char permission[] = "scope api";

/* GET of one object; the caller frees *ret_doc. */
static int get(struct forge *f, struct cp_str url, struct cp_json_doc **ret_doc, struct cp_err *err)
{
	struct forge_call call = {"GET", url, CP_S(""), false, permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r == 0)
		*ret_doc = answer.doc;
	return r;
}

static int find_self(struct forge *f, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	int r = get(f, forge_url(f, "/user"), &doc, err);

	if (r < 0)
		return r;
	f->self = forge_id(f, cp_json_get(cp_json_root(doc), "id"));
	if (!f->self.p)
		return cp_err_nomem(err);
	return f->self.n ? 0 : forge_strange(f, "the account has no id", err);
}

static int find_head(struct forge *f, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s", f->place->repository,
				      f->place->number);
	int r = get(f, url, &doc, err);

	if (r < 0)
		return r;
	f->head = forge_id(f, cp_json_get(cp_json_root(doc), "sha"));
	f->page = cp_arena_str(f->a, cp_json_text(cp_json_get(cp_json_root(doc), "web_url")));
	return f->head.p && f->page.p ? 0 : cp_err_nomem(err);
}

static struct forge_note note_of(struct forge *f, const struct cp_json *c)
{
	struct forge_note n = {.id = forge_id(f, cp_json_get(c, "id"))};

	n.url = cp_arena_printf(f->a, "%.*s#note_%.*s", CP_STR(f->page), CP_STR(n.id));
	return n;
}

static int visit(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
		 struct cp_err *err)
{
	(void)ret_next;
	if (cp_json_kind(root) != CP_JSON_ARRAY)
		return forge_strange(f, "notes are no list", err);
	for (size_t i = 0; i < cp_json_len(root); i++) {
		const struct cp_json *c = cp_json_at(root, i);
		struct cp_str author = forge_id(f, cp_json_get(cp_json_get(c, "author"), "id"));
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
	struct cp_str url = forge_url(
		f, "/projects/%s/merge_requests/%s/notes?sort=asc&order_by=created_at&per_page=100",
		f->place->repository, f->place->number);
	int r = f->self.n ? 0 : find_self(f, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, url, visit, err) : r;
}

static int create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		  struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s/notes",
				      f->place->repository, f->place->number);
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
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s/notes/%s",
				      f->place->repository, f->place->number, note->id);
	struct forge_call call = {method, url, body, true, permission};

	return forge_do(f, &call, err);
}

static int update(struct forge *f, const struct forge_note *note, struct cp_str body,
		  struct cp_err *err)
{
	return change(f, "PUT", note, forge_object(f, "body", body), err);
}

static int remove_note(struct forge *f, const struct forge_note *note, struct cp_err *err)
{
	return change(f, "DELETE", note, CP_S(""), err);
}

static int status(struct forge *f, struct cp_str context, struct cp_str description,
		  struct cp_err *err)
{
	static const struct forge_state_words words = {"state", "success", "name", "target_url"};

	return forge_state(
		f, forge_url(f, "/projects/%s/statuses/%s", f->place->repository, f->place->commit),
		&words, context, description, err);
}

const struct cp_forge_ops forge_gitlab = {
	.name = "gitlab",
	.title = "GitLab",
	.scheme = "Bearer",
	.permission = permission,
	.status_permission = permission,
	.limits = {.max_bytes = 500000, .html = true, .mermaid = true},
	.read = read_all,
	.create = create,
	.update = update,
	.remove = remove_note,
	.status = status,
};
