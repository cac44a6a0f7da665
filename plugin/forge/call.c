/* One request of a forge, and what its refusal means to people. */
#include "forge/forge_int.h"

#include <stdarg.h>

#define SAID_BYTES 200
#define MAX_FAILED 3u /* writes that a forge may answer with 500 before it is left alone */

/* ---- texts for requests ---- */

struct cp_str forge_url(struct forge *f, const char *format, ...)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_PATH_BYTES * 4);
	va_list ap;

	cp_buf_adds(&out, f->place->url);
	va_start(ap, format);
	for (const char *p = format; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			cp_net_escape(&out, va_arg(ap, struct cp_str));
			p++;
		} else {
			cp_buf_addc(&out, *p);
		}
	}
	va_end(ap);
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0} : cp_arena_str(f->a, cp_buf_str(&out));
}

struct cp_str forge_object(struct forge *f, const char *key, struct cp_str text)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&out);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, key, text);
	cp_json_close(&o, '}');
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0} : cp_arena_str(f->a, cp_buf_str(&out));
}

struct cp_str forge_id(struct forge *f, const struct cp_json *v)
{
	if (cp_json_kind(v) == CP_JSON_INT)
		return cp_arena_printf(f->a, "%lld", (long long)cp_json_number(v, 0));
	return cp_arena_str(f->a, cp_json_text(v));
}

/* ---- what a forge says ---- */

static struct cp_str host_of(struct forge *f)
{
	struct cp_net_url u;

	if (cp_net_url_parse(f->a, f->place->url, &u, NULL) < 0)
		return f->place->url;
	return u.host;
}

/*
 * The reason that a forge gives, for the end of our line: one line, plain, short. A server could say the token back to us: then
 * nothing is repeated.
 */
static struct cp_str said(struct forge *f, struct cp_str body)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(SAID_BYTES * 4);
	const struct cp_json *root;
	struct cp_str text = CP_S("");

	if (cp_json_parse(body, CP_S("answer"), &doc, NULL) < 0)
		return text;
	root = cp_json_root(doc);
	text = cp_json_text(cp_json_get(root, "message"));
	if (!text.n)
		text = cp_json_text(cp_json_get(cp_json_get(root, "error"), "message"));
	if (!text.n)
		text = cp_json_text(cp_json_get(root, "error"));
	if (!text.n)
		return CP_S("");
	if (f->place->token.n && cp_str_find_str(text, f->place->token, 0) < text.n)
		return CP_S("");
	for (size_t i = 0; i < text.n && i < SAID_BYTES; i++) {
		unsigned char c = (unsigned char)text.p[i];

		cp_buf_addc(&out, c < 32 || c >= 127 ? ' ' : (char)c);
	}
	text = cp_buf_error(&out) ? CP_S("") : cp_buf_str(&out);
	return cp_arena_printf(f->a, ": %.*s", CP_STR(cp_str_trim(text, " .")));
}

static int limited(struct forge *f, const struct cp_net_answer *n, struct cp_err *err)
{
	struct cp_str host = host_of(f);

	f->again = n->retry_after > 0 ? n->retry_after : n->status == 429;
	if (n->retry_after > 0)
		return cp_err_set(err, CP_ENET,
				  "%.*s takes no more requests for %lld seconds (%d, rate limit)",
				  CP_STR(host), (long long)n->retry_after, n->status);
	return cp_err_set(err, CP_ENET, "%.*s takes no more requests now (%d, rate limit)",
			  CP_STR(host), n->status);
}

static int refused(struct forge *f, const struct forge_call *call, const struct cp_net_answer *n,
		   struct cp_err *err)
{
	const struct cp_forge_place *p = f->place;
	struct cp_str host = host_of(f), why = said(f, n->body);

	if (!why.p)
		return cp_err_nomem(err);
	f->said = why;
	switch (n->status) {
	case 401:
		return cp_err_set(
			err, CP_ENET,
			"%.*s does not accept the token (401): expired, or of another host?",
			CP_STR(host));
	case 403:
		if (n->used_up || n->retry_after)
			return limited(f, n, err);
		return cp_err_set(err, CP_ENET,
				  "the token for %.*s lacks the permission %s (403)%.*s",
				  CP_STR(host), call->permission, CP_STR(why));
	case 404:
	case 410:
		return cp_err_set(
			err, CP_ENOTFOUND,
			"%.*s has no pull request %.*s in %.*s, or the token may not see it "
			"(%d; permission %s)",
			CP_STR(host), CP_STR(p->number), CP_STR(p->repository), n->status,
			call->permission);
	case 409:
		f->again = 1;
		return cp_err_set(err, CP_ENET, "%.*s is busy with the same comment (409)%.*s",
				  CP_STR(host), CP_STR(why));
	case 400:
	case 413:
	case 422:
		return cp_err_set(err, CP_ENET, "%.*s does not take the text (%d)%.*s",
				  CP_STR(host), n->status, CP_STR(why));
	case 423:
		return cp_err_set(err, CP_ENET,
				  "%.*s: %.*s is archived, or the conversation is locked (423)",
				  CP_STR(host), CP_STR(p->repository));
	case 429:
		return limited(f, n, err);
	default: /* a write that failed may have been done: another look tells */
		f->again = n->retry_after;
		if (!f->again && call->once && n->status >= 500 && f->n_failed++ < MAX_FAILED)
			f->again = 1;
		return cp_err_set(err, CP_ENET, "%.*s fails (%d)%.*s", CP_STR(host), n->status,
				  CP_STR(why));
	}
}

int forge_strange(struct forge *f, const char *what, struct cp_err *err)
{
	return cp_err_set(err, CP_ENET, "%.*s does not answer as %s does: %s; is %.*s its API?",
			  CP_STR(host_of(f)), f->place->ops->title, what, CP_STR(f->place->url));
}

/* ---- pages ---- */

/* The URL of <URL>; rel="next" in a Link header, "" = none. */
static struct cp_str next_of(struct cp_str link)
{
	while (link.n) {
		size_t from = cp_str_find(link, '<', 0), to = cp_str_find(link, '>', from);
		size_t end = cp_str_find(link, '<', to);
		struct cp_str rest = cp_str_sub(link, to, end);

		if (cp_str_find_str(rest, CP_S("rel=\"next\""), 0) < rest.n)
			return cp_str_sub(link, from + 1, to);
		link = cp_str_from(link, end);
	}
	return CP_S("");
}

/* The token goes to the forge's origin only, whatever a page names as the next one. */
static int check_origin(struct forge *f, struct cp_str url, struct cp_err *err)
{
	struct cp_net_url api, there;
	int r = cp_net_url_parse(f->a, f->place->url, &api, err);

	if (r == 0)
		r = cp_net_url_parse(f->a, url, &there, err);
	if (r == CP_EINVAL || (r == 0 && !cp_net_same_origin(&api, &there)))
		return cp_err_set(err, CP_ENET, "%.*s names a next page on another host",
				  CP_STR(host_of(f)));
	return r;
}

int forge_pages(struct forge *f, struct cp_str url,
		int (*visit)(struct forge *f, const struct cp_json *root, struct cp_str *ret_next,
			     struct cp_err *err),
		struct cp_err *err)
{
	for (unsigned page = 0; page < CP_MAX_FORGE_PAGES; page++) {
		struct forge_call call = {"GET", url, CP_S(""), false, f->place->ops->permission};
		struct forge_answer answer = {0};
		struct cp_str next;
		int r;

		if (!url.p)
			return cp_err_nomem(err);
		r = forge_call(f, &call, &answer, err);
		if (r < 0)
			return r;
		next = answer.next;
		r = visit(f, cp_json_root(answer.doc), &next, err);
		next = cp_arena_str(f->a, next);
		cp_json_doc_free(answer.doc);
		if (r < 0 || !next.n)
			return r < 0 || next.p ? r : cp_err_nomem(err);
		r = check_origin(f, next, err);
		if (r < 0)
			return r;
		url = next;
	}
	return cp_err_set(err, CP_ELIMIT, "%.*s has over %u pages of comments", CP_STR(host_of(f)),
			  CP_MAX_FORGE_PAGES);
}

/* ---- the request ---- */

static int read_answer(struct forge *f, const struct cp_net_answer *n,
		       struct forge_answer *ret_answer, struct cp_err *err)
{
	struct forge_answer answer = {.next = next_of(n->link)};
	int r;

	if (n->body.n) {
		r = cp_json_parse(n->body, CP_S("answer"), &answer.doc, NULL);
		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		if (r < 0)
			return forge_strange(f, "it sends no JSON", err);
	}
	*ret_answer = answer;
	return 0;
}

static int send_call(struct forge *f, const struct forge_call *call,
		     struct forge_answer *ret_answer, struct cp_err *err)
{
	struct cp_net_request q = {
		.method = call->method,
		.url = call->url,
		.accept = CP_S("application/json"),
		.content_type = call->body.n ? CP_S("application/json") : CP_S(""),
		.body = call->body,
		.max_bytes = CP_MAX_FORGE_BYTES,
		.once = call->once,
		.finishes = call->finishes,
		.stay_home = true,
	};
	struct cp_net_answer n;
	int r;

	f->again = 0;
	f->status = 0;
	if (!call->url.p || !call->body.p)
		return cp_err_nomem(err);
	q.authorization =
		cp_arena_printf(f->a, "%s %.*s", f->place->ops->scheme, CP_STR(f->place->token));
	if (!q.authorization.p)
		return cp_err_nomem(err);
	r = cp_net_request(f->net, f->a, &q, &n, err);
	if (r < 0)
		return r;
	f->status = n.status;
	return n.status >= 200 && n.status < 300 ? read_answer(f, &n, ret_answer, err)
						 : refused(f, call, &n, err);
}

int forge_call(struct forge *f, const struct forge_call *call, struct forge_answer *ret_answer,
	       struct cp_err *err)
{
	struct forge_answer answer = {0};
	int r = send_call(f, call, &answer, err);

	if (r == 0 && !answer.doc)
		return forge_strange(f, "its answer is empty", err);
	if (r == 0)
		*ret_answer = answer;
	return r;
}

int forge_do(struct forge *f, const struct forge_call *call, struct cp_err *err)
{
	struct forge_answer answer = {0};
	int r = send_call(f, call, &answer, err);

	if (r == 0)
		cp_json_doc_free(answer.doc);
	return r;
}

/* ---- what forges share ---- */

struct cp_str forge_owner(const struct forge *f)
{
	struct cp_str s = f->place->repository;

	return cp_str_sub(s, 0, cp_str_find(s, '/', 0));
}

struct cp_str forge_name(const struct forge *f)
{
	struct cp_str s = f->place->repository;

	return cp_str_from(s, cp_str_find(s, '/', 0) + 1);
}

int forge_get(struct forge *f, struct cp_str url, struct cp_json_doc **ret_doc, struct cp_err *err)
{
	struct forge_call call = {"GET", url, CP_S(""), false, f->place->ops->permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r == 0)
		*ret_doc = answer.doc;
	return r;
}

int forge_find_self(struct forge *f, const char *member, const char *permission, struct cp_err *err)
{
	struct forge_call call = {"GET", forge_url(f, "/user"), CP_S(""), false, permission};
	struct forge_answer answer = {0};
	int r = f->self.n ? 0 : forge_call(f, &call, &answer, err);

	if (r < 0 || f->self.n)
		return r;
	f->self = forge_id(f, cp_json_get(cp_json_root(answer.doc), member));
	cp_json_doc_free(answer.doc);
	if (!f->self.p)
		return cp_err_nomem(err);
	return f->self.n ? 0 : forge_strange(f, "the account has no name", err);
}

int forge_keep_list(struct forge *f, const struct cp_json *list, const char *account,
		    forge_reader reader, struct cp_err *err)
{
	if (cp_json_kind(list) != CP_JSON_ARRAY)
		return forge_strange(f, "comments are no list", err);
	for (size_t i = 0; i < cp_json_len(list); i++) {
		const struct cp_json *c = cp_json_at(list, i);
		struct cp_str author = forge_id(f, cp_json_get(cp_json_get(c, account), "id"));
		int r = 0;

		if (!author.p)
			return cp_err_nomem(err);
		if (cp_str_eq(author, f->self))
			r = forge_keep(f, reader(f, c), cp_json_text(cp_json_get(c, "body")), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int forge_create(struct forge *f, struct cp_str url, struct cp_str body, forge_reader reader,
		 struct forge_note *ret_note, struct cp_err *err)
{
	struct forge_call call = {"POST", url, body, true, f->place->ops->permission};
	struct forge_answer answer = {0};
	int r = forge_call(f, &call, &answer, err);

	if (r < 0)
		return r;
	*ret_note = reader(f, cp_json_root(answer.doc));
	cp_json_doc_free(answer.doc);
	return ret_note->id.p && ret_note->url.p ? 0 : cp_err_nomem(err);
}

int forge_state(struct forge *f, struct cp_str url, const struct forge_state_words *words,
		struct cp_str context, struct cp_str description, struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_FORGE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&out);
	struct forge_call call = {
		.method = "POST", .url = url, .permission = f->place->ops->status_permission};

	cp_json_open(&o, '{');
	cp_json_kstr(&o, words->state, cp_str_c(words->success));
	cp_json_kstr(&o, words->context, context);
	cp_json_kstr(&o, "description", description);
	if (f->place->run_url.n)
		cp_json_kstr(&o, words->url, f->place->run_url);
	cp_json_close(&o, '}');
	if (cp_buf_error(&out))
		return cp_err_nomem(err);
	call.body = cp_arena_str(f->a, cp_buf_str(&out));
	return forge_do(f, &call, err);
}

int forge_keep(struct forge *f, struct forge_note note, struct cp_str body, struct cp_err *err)
{
	if (!forge_marker_read(body, f->id, &note.version, &note.text))
		return 0;
	if (f->notes.n >= CP_MAX_FORGE_NOTES)
		return cp_err_set(err, CP_ELIMIT, "over %u comments of ours on one pull request",
				  CP_MAX_FORGE_NOTES);
	note.version.commit = cp_arena_str(f->a, note.version.commit);
	note.text = cp_arena_str(f->a, note.text);
	if (!note.id.p || !note.url.p || !note.version.commit.p || !note.text.p)
		return cp_err_nomem(err);
	return cp_vec_push(f->a, &f->notes, note) < 0 ? cp_err_nomem(err) : 0;
}
