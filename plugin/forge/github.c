/*
 * GitHub, and GitHub Enterprise. Comments are read through GraphQL, which alone says which of them are ours (a token of Actions may not
 * ask who it is) and which are hidden; they are written through REST.
 */
#include "forge/forge_int.h"

static const char permission[] = "pull-requests: write";

static const char query[] =
	"query($owner:String!,$name:String!,$number:Int!,$after:String){"
	"repository(owner:$owner,name:$name){pullRequest(number:$number){headRefOid "
	"comments(first:100,after:$after){nodes{id databaseId url body isMinimized viewerDidAuthor}"
	"pageInfo{hasNextPage endCursor}}}}}";
static const char hide_query[] =
	"mutation($id:ID!){minimizeComment(input:{subjectId:$id,classifier:OUTDATED}){"
	"minimizedComment{isMinimized}}}";

/* https://api.github.com ─► …/graphql; https://HOST/api/v3 ─► https://HOST/api/graphql */
static struct cp_str graphql_url(struct forge *f)
{
	struct cp_str url = f->place->url;

	if (cp_str_ends(url, CP_S("/api/v3")))
		url = cp_str_sub(url, 0, url.n - 3);
	else
		url = cp_arena_cat(f->a, url, CP_S("/"));
	return url.p ? cp_arena_cat(f->a, url, CP_S("graphql")) : url;
}

/* GraphQL's errors come with status 200. The caller frees *ret_doc. */
static int graphql(struct forge *f, struct cp_str body, struct cp_json_doc **ret_doc,
		   struct cp_err *err)
{
	struct forge_call call = {"POST", graphql_url(f), body, false, permission};
	struct forge_answer answer = {0};
	const struct cp_json *errors;
	struct cp_str kind;
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	errors = cp_json_get(cp_json_root(answer.doc), "errors");
	if (!cp_json_len(errors)) {
		*ret_doc = answer.doc;
		return 0;
	}
	kind = cp_json_text(cp_json_get(cp_json_at(errors, 0), "type"));
	if (cp_str_eq(kind, CP_S("NOT_FOUND")))
		r = cp_err_set(
			err, CP_ENOTFOUND,
			"GitHub has no pull request %.*s in %.*s, or the token may not see it "
			"(permission %s)",
			CP_STR(f->place->number), CP_STR(f->place->repository), permission);
	else if (cp_str_eq(kind, CP_S("FORBIDDEN")))
		r = cp_err_set(err, CP_ENET, "the token for GitHub lacks the permission %s",
			       permission);
	else if (cp_str_eq(kind, CP_S("RATE_LIMITED")))
		r = cp_err_set(err, CP_ENET, "GitHub takes no more requests now (rate limit)");
	else
		r = forge_strange(f, "GraphQL fails", err);
	cp_json_doc_free(answer.doc);
	return r;
}

static struct cp_str read_body(struct forge *f, struct cp_str after)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&out);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "query", cp_str_c(query));
	cp_json_key(&o, "variables");
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "owner", forge_owner(f));
	cp_json_kstr(&o, "name", forge_name(f));
	cp_json_key(&o, "number");
	cp_json_raw(&o, f->place->number);
	if (after.n)
		cp_json_kstr(&o, "after", after);
	cp_json_close(&o, '}');
	cp_json_close(&o, '}');
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0} : cp_arena_str(f->a, cp_buf_str(&out));
}

static int keep(struct forge *f, const struct cp_json *c, struct cp_err *err)
{
	struct forge_note note = {
		.id = forge_id(f, cp_json_get(c, "databaseId")),
		.node = cp_arena_str(f->a, cp_json_text(cp_json_get(c, "id"))),
		.url = cp_arena_str(f->a, cp_json_text(cp_json_get(c, "url"))),
	};

	if (!cp_json_is_true(cp_json_get(c, "viewerDidAuthor")) ||
	    cp_json_is_true(cp_json_get(c, "isMinimized")))
		return 0;
	return note.node.p ? forge_keep(f, note, cp_json_text(cp_json_get(c, "body")), err)
			   : cp_err_nomem(err);
}

/* One page; *after becomes the cursor of the next one, "" = there is none. */
static int read_page(struct forge *f, struct cp_str *after, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *pull, *comments, *nodes, *page;
	int r = graphql(f, read_body(f, *after), &doc, err);

	if (r < 0)
		return r;
	pull = cp_json_get(cp_json_get(cp_json_root(doc), "data"), "repository");
	pull = cp_json_get(pull, "pullRequest");
	comments = cp_json_get(pull, "comments");
	nodes = cp_json_get(comments, "nodes");
	page = cp_json_get(comments, "pageInfo");
	if (cp_json_kind(nodes) != CP_JSON_ARRAY)
		return forge_strange(f, "comments are no list", err);
	f->head = forge_id(f, cp_json_get(pull, "headRefOid"));
	*after = cp_json_is_true(cp_json_get(page, "hasNextPage"))
			 ? cp_arena_str(f->a, cp_json_text(cp_json_get(page, "endCursor")))
			 : CP_S("");
	if (!f->head.p || !after->p)
		return cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < cp_json_len(nodes); i++)
		r = keep(f, cp_json_at(nodes, i), err);
	return r;
}

static int read_all(struct forge *f, struct cp_err *err)
{
	struct cp_str after = CP_S("");

	for (unsigned page = 0; page < CP_MAX_FORGE_PAGES; page++) {
		int r = read_page(f, &after, err);

		if (r < 0 || !after.n)
			return r;
	}
	return cp_err_set(err, CP_ELIMIT, "GitHub has over %u pages of comments",
			  CP_MAX_FORGE_PAGES);
}

static int hide(struct forge *f, const struct forge_note *note, struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_json_out o = CP_JSON_OUT(&out);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "query", cp_str_c(hide_query));
	cp_json_key(&o, "variables");
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "id", note->node);
	cp_json_close(&o, '}');
	cp_json_close(&o, '}');
	if (cp_buf_error(&out))
		return cp_err_nomem(err);
	return graphql(f, cp_arena_str(f->a, cp_buf_str(&out)), &doc, err);
}

static int drop(struct forge *f, const char *name, const struct forge_claim *claim,
		struct cp_err *err)
{
	struct cp_str url = forge_issue_reactions(f);
	struct forge_call call = {
		.method = "DELETE", .body = CP_S(""), .finishes = true, .permission = permission};

	(void)name;
	if (!claim->stamp.n || !url.p)
		return 0;
	call.url = cp_arena_printf(f->a, "%.*s/%.*s", CP_STR(url), CP_STR(claim->stamp));
	return forge_do(f, &call, err);
}

/* ---- check runs ---- */

#define PART 50u /* annotations that one request may bring */

static void put_annotation(struct cp_json_out *o, const struct cp_forge_annotation *a)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "path", a->path);
	cp_json_kint(o, "start_line", a->line);
	cp_json_kint(o, "end_line", a->line);
	cp_json_kstr(o, "annotation_level", a->is_error ? CP_S("failure") : CP_S("notice"));
	cp_json_kstr(o, "message", a->message);
	cp_json_close(o, '}');
}

/* Title and summary go with every part: it is refused without them. */
static void put_output(struct cp_json_out *o, const struct cp_forge_check *c, size_t from,
		       size_t to)
{
	cp_json_key(o, "output");
	cp_json_open(o, '{');
	cp_json_kstr(o, "title", c->title);
	cp_json_kstr(o, "summary", c->summary);
	cp_json_key(o, "annotations");
	cp_json_open(o, '[');
	for (size_t i = from; i < to; i++)
		put_annotation(o, &c->annotations[i]);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

/* The first request's, or, with from > 0, what is added to it later. "" with p NULL: no memory. */
static struct cp_str check_body(struct forge *f, const struct cp_forge_check *c, size_t from,
				size_t to)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&out);

	cp_json_open(&o, '{');
	if (!from) {
		cp_json_kstr(&o, "name", c->name);
		cp_json_kstr(&o, "head_sha", f->place->commit);
		cp_json_kstr(&o, "status", CP_S("completed"));
		cp_json_kstr(&o, "conclusion", c->success ? CP_S("success") : CP_S("neutral"));
		if (f->place->run_url.n)
			cp_json_kstr(&o, "details_url", f->place->run_url);
	}
	put_output(&o, c, from, to);
	cp_json_close(&o, '}');
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0} : cp_arena_str(f->a, cp_buf_str(&out));
}

static int check_run(struct forge *f, const struct cp_forge_check *c, struct cp_err *err)
{
	size_t n = c->n_annotations < CP_MAX_ANNOTATIONS ? c->n_annotations : CP_MAX_ANNOTATIONS;
	struct forge_call call = {
		.method = "POST",
		.url = forge_url(f, "/repos/%s/%s/check-runs", forge_owner(f), forge_name(f)),
		.body = check_body(f, c, 0, n < PART ? n : PART),
		.once = true,
		.permission = "checks: write"};
	struct forge_answer answer = {0};
	struct cp_str id;
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	id = forge_id(f, cp_json_get(cp_json_root(answer.doc), "id"));
	cp_json_doc_free(answer.doc);
	call.method = "PATCH";
	call.url = forge_url(f, "/repos/%s/%s/check-runs/%s", forge_owner(f), forge_name(f), id);
	for (size_t from = PART; r == 0 && from < n; from += PART) {
		if (!id.n)
			return id.p ? forge_strange(f, "the check run has no id", err)
				    : cp_err_nomem(err);
		call.body = check_body(f, c, from, n - from < PART ? n : from + PART);
		r = forge_do(f, &call, err);
	}
	return r;
}

const struct cp_forge_ops forge_github = {
	.name = "github",
	.title = "GitHub",
	.scheme = "Bearer",
	.permission = permission,
	.status_permission = "statuses: write",
	.limits = {.max_bytes = 60000, .html = true, .mermaid = true},
	.find = forge_issue_find,
	.read = read_all,
	.create = forge_issue_create,
	.update = forge_issue_update,
	.remove = forge_issue_remove,
	.hide = hide,
	.status = forge_commit_status,
	.check_run = check_run,
	.claim = forge_issue_claim,
	.drop = drop,
};
