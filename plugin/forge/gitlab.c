/* GitLab. Comments are notes of a merge request; a token of a job may not write them, one of a person, project or group may. */
#include "forge/forge_int.h"

static const char permission[] = "scope api";

static int find_head(struct forge *f, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s", f->place->repository,
				      f->place->number);
	int r = forge_get(f, url, &doc, err);

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
	return forge_keep_list(f, root, "author", note_of, err);
}

static int read_all(struct forge *f, struct cp_err *err)
{
	struct cp_str url = forge_url(
		f, "/projects/%s/merge_requests/%s/notes?sort=asc&order_by=created_at&per_page=100",
		f->place->repository, f->place->number);
	int r = forge_find_self(f, "id", permission, err);

	if (r == 0)
		r = find_head(f, err);
	return r == 0 ? forge_pages(f, url, visit, err) : r;
}

static int create(struct forge *f, struct cp_str body, struct forge_note *ret_note,
		  struct cp_err *err)
{
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s/notes",
				      f->place->repository, f->place->number);

	return forge_create(f, url, forge_object(f, "body", body), note_of, ret_note, err);
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

/* ---- claims ---- */

/* Nothing in its tables keeps two awards of one name apart, so the one with the lowest number counts. */
struct lowest {
	const char *name;
	int64_t id; /* 0 = none */
};

static int find_lowest(struct forge *f, struct lowest *l, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str url = forge_url(f, "/projects/%s/merge_requests/%s/award_emoji?per_page=100",
				      f->place->repository, f->place->number);
	const struct cp_json *list;
	int r = forge_get(f, url, &doc, err);

	list = r < 0 ? NULL : cp_json_root(doc);
	for (size_t i = 0; i < cp_json_len(list); i++) {
		const struct cp_json *c = cp_json_at(list, i);
		struct cp_str who = forge_id(f, cp_json_get(cp_json_get(c, "user"), "id"));
		int64_t id = cp_json_number(cp_json_get(c, "id"), 0);

		if (!who.p)
			return cp_err_nomem(err);
		if (cp_str_eq(who, f->self) && id > 0 && (!l->id || id < l->id) &&
		    cp_str_eq(cp_json_text(cp_json_get(c, "name")), cp_str_c(l->name)))
			l->id = id;
	}
	return r;
}

static int drop(struct forge *f, const char *name, const struct forge_claim *claim,
		struct cp_err *err)
{
	struct forge_call call = {
		.method = "DELETE",
		.url = forge_url(f, "/projects/%s/merge_requests/%s/award_emoji/%s",
				 f->place->repository, f->place->number, claim->stamp),
		.body = CP_S(""),
		.finishes = true,
		.permission = permission};

	(void)name;
	return claim->stamp.n ? forge_do(f, &call, err) : 0;
}

/* POST. 1: `ret_id` was made; 0: it is there already, which is a 404 as everything that is refused. */
static int award(struct forge *f, const char *name, struct cp_str *ret_id, struct cp_err *err)
{
	struct forge_call call = {.method = "POST",
				  .url = forge_url(f, "/projects/%s/merge_requests/%s/award_emoji",
						   f->place->repository, f->place->number),
				  .body = forge_object(f, "name", cp_str_c(name)),
				  .once = true,
				  .finishes = true,
				  .permission = permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return f->status == 404 && cp_str_find_str(f->said, CP_S("already been taken"), 0) <
						   f->said.n
			       ? 0
			       : r;
	*ret_id = forge_id(f, cp_json_get(cp_json_root(answer.doc), "id"));
	cp_json_doc_free(answer.doc);
	return ret_id->p ? 1 : cp_err_nomem(err);
}

static int claim(struct forge *f, const char *name, struct forge_claim *ret_claim,
		 struct cp_err *err)
{
	struct forge_claim made = {CP_S("")};
	struct lowest lowest = {.name = name};
	int r = award(f, name, &made.stamp, err);
	bool is_made = r == 1;

	if (r >= 0)
		r = find_lowest(f, &lowest, err);
	if (r < 0) {
		r = forge_claim_refused(f, r);
		if (is_made)
			drop(f, name, &made, NULL);
		return r;
	}
	if (lowest.id)
		ret_claim->stamp = cp_arena_printf(f->a, "%lld", (long long)lowest.id);
	if (!ret_claim->stamp.p)
		return cp_err_nomem(err);
	if (is_made && cp_str_eq(ret_claim->stamp, made.stamp))
		return FORGE_CLAIMED;
	if (is_made)
		drop(f, name, &made, err);
	return FORGE_HELD;
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
	.claim = claim,
	.drop = drop,
};
