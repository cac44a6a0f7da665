/* Bitbucket Cloud. Its Markdown has no HTML, and a page says where the next one is in its body. */
#include "forge/forge_int.h"

static const char permission[] = "pullrequest:write", who[] = "account";

static struct cp_str pull_url(struct forge *f, const char *below, struct cp_str id)
{
	struct cp_str url = forge_url(f, "/repositories/%s/%s/pullrequests/%s", forge_owner(f),
				      forge_name(f), f->place->number);

	return cp_arena_printf(f->a, "%.*s%s%.*s", CP_STR(url), below, CP_STR(id));
}

/* The hash has twelve digits. */
static int find_head(struct forge *f, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *commit;
	int r = forge_get(f, pull_url(f, "", CP_S("")), &doc, err);

	if (r < 0)
		return r;
	commit = cp_json_get(cp_json_get(cp_json_root(doc), "source"), "commit");
	f->head = forge_id(f, cp_json_get(commit, "hash"));
	return f->head.p ? 0 : cp_err_nomem(err);
}

static struct forge_note note_of(struct forge *f, const struct cp_json *c)
{
	const struct cp_json *html = cp_json_get(cp_json_get(c, "links"), "html");

	return (struct forge_note){
		.id = forge_id(f, cp_json_get(c, "id")),
		.url = cp_arena_str(f->a, cp_json_text(cp_json_get(html, "href")))};
}

static int visit(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
		 struct cp_err *err)
{
	const struct cp_json *values = cp_json_get(root, "values");

	if (cp_json_kind(values) != CP_JSON_ARRAY)
		return forge_strange(f, "comments are no list", err);
	*ret_next = cp_json_text(cp_json_get(root, "next"));
	for (size_t i = 0; i < cp_json_len(values); i++) {
		const struct cp_json *c = cp_json_at(values, i);
		struct cp_str author = cp_json_text(cp_json_get(cp_json_get(c, "user"), "uuid"));
		struct cp_str raw = cp_json_text(cp_json_get(cp_json_get(c, "content"), "raw"));
		int r = 0;

		if (cp_str_eq(author, f->self) && !cp_json_is_true(cp_json_get(c, "deleted")))
			r = forge_keep(f, note_of(f, c), raw, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_all(struct forge *f, struct cp_err *err)
{
	int r = forge_find_self(f, "uuid", who, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, pull_url(f, "/comments?pagelen=100", CP_S("")), visit, err)
		      : r;
}

/* {"content": {"raw": TEXT}} */
static struct cp_str content(struct forge *f, struct cp_str body)
{
	struct cp_str raw = forge_object(f, "raw", body);

	return raw.p ? cp_arena_printf(f->a, "{\"content\":%.*s}", CP_STR(raw)) : raw;
}

static int create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		  struct cp_err *err)
{
	return forge_create(f, pull_url(f, "/comments", CP_S("")), content(f, body), note_of,
			    ret_note, err);
}

static int change(struct forge *f, const char *method, const struct forge_note *note,
		  struct cp_str body, struct cp_err *err)
{
	struct forge_call call = {method, pull_url(f, "/comments/", note->id), body, true,
				  permission};

	return forge_do(f, &call, err);
}

static int update(struct forge *f, const struct forge_note *note, struct cp_str body,
		  struct cp_err *err)
{
	return change(f, "PUT", note, content(f, body), err);
}

static int remove_note(struct forge *f, const struct forge_note *note, struct cp_err *err)
{
	return change(f, "DELETE", note, CP_S(""), err);
}

static int status(struct forge *f, struct cp_str context, struct cp_str description,
		  struct cp_err *err)
{
	static const struct forge_state_words words = {"state", "SUCCESSFUL", "key", "url"};

	if (!f->place->run_url.n)
		return cp_err_set(err, CP_EUSAGE,
				  "a build status of Bitbucket needs the address of the run");
	return forge_state(f,
			   forge_url(f, "/repositories/%s/%s/commit/%s/statuses/build",
				     forge_owner(f), forge_name(f), f->place->commit),
			   &words, context, description, err);
}

const struct cp_forge_ops forge_bitbucket = {
	.name = "bitbucket",
	.title = "Bitbucket",
	.scheme = "Bearer",
	.permission = permission,
	.status_permission = "repository:write",
	.limits = {.max_bytes = 32000, .html = false, .mermaid = false},
	.read = read_all,
	.create = create,
	.update = update,
	.remove = remove_note,
	.status = status,
};
