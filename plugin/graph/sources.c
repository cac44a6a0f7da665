#include "graph/sources_int.h"

#include "graph/platform_int.h"
#include "graph/reference_int.h"
#include "graph/url_int.h"

/* gitutil.GitURL: what ParseURL finds. */
struct remote {
	struct cp_str scheme, host, path, fragment, text;
	struct graph_query *query;
	size_t n_query;
};

static bool is_word(char c, const char *more)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || (c && strchr(more, c));
}

/* Bytes of "scheme" before "://", 0 = none. */
static size_t protocol_width(struct cp_str s)
{
	size_t n = 0;

	while (n < s.n && is_word(s.p[n], "") && s.p[n] != '-')
		n++;
	return n && cp_str_starts(cp_str_from(s, n), CP_S("://")) ? n : 0;
}

/* A second return of 1 means: not a git URL. */
static int from_url(struct graph_builder *b, struct cp_str text, struct remote *r)
{
	struct graph_url u;
	bool bad;
	int e = graph_url_parse(b->a, text, &u);

	if (e == CP_ENOMEM)
		return cp_err_nomem(b->err);
	if (e < 0)
		return 1;
	*r = (struct remote){.scheme = u.scheme,
			     .host = u.host,
			     .path = u.path,
			     .fragment = u.fragment,
			     .text = u.text};
	if (graph_query_parse(b->a, u.query, &r->query, &r->n_query, &bad) < 0)
		return cp_err_nomem(b->err);
	return 0;
}

/* user@host:path?query#fragment (sshutil.ParseSCPStyleURL) */
static int from_scp(struct graph_builder *b, struct cp_str text, struct remote *r)
{
	size_t at = cp_str_find(text, '@', 0), colon = cp_str_find(text, ':', 0), mark, hash;
	struct cp_str tail, query = CP_S("");
	bool bad = false;

	if (at == 0 || at == text.n || colon == text.n || colon <= at + 1 ||
	    cp_str_find(text, '\n', 0) < text.n)
		return 1;
	for (size_t i = 0; i < at; i++)
		if (!is_word(text.p[i], "_"))
			return 1;
	for (size_t i = at + 1; i < colon; i++)
		if (!is_word(text.p[i], "."))
			return 1;
	*r = (struct remote){.scheme = CP_S("ssh"),
			     .host = cp_str_sub(text, at + 1, colon),
			     .fragment = CP_S("")};
	tail = cp_str_from(text, colon + 1);
	hash = cp_str_find(tail, '#', 0);
	mark = cp_str_find(cp_str_sub(tail, 0, hash), '?', 0);
	if (hash < tail.n)
		r->fragment = cp_str_from(tail, hash + 1);
	if (mark < hash)
		query = cp_str_sub(tail, mark + 1, hash);
	r->path = cp_str_sub(tail, 0, mark);
	r->text = cp_str_sub(text, 0, colon + 1 + r->path.n);
	if (graph_query_parse(b->a, query, &r->query, &r->n_query, &bad) < 0)
		return cp_err_nomem(b->err);
	return bad;
}

/* gitutil.ParseURL */
static int parse_remote(struct graph_builder *b, struct cp_str text, struct remote *r)
{
	static const struct cp_str known[] = {CP_S_INIT("http"), CP_S_INIT("https"),
					      CP_S_INIT("ssh"), CP_S_INIT("git")};
	size_t n = protocol_width(text);

	if (n == 0)
		return from_scp(b, text, r);
	for (size_t i = 0; i < CP_LEN(known); i++)
		if (cp_str_eq_nocase(cp_str_sub(text, 0, n), known[i]))
			return from_url(b, text, r);
	return 1;
}

static int conflict(struct graph_builder *b, const char *what, struct cp_str x, struct cp_str y)
{
	return graph_invalid(b, "%s conflicts: \"%.*s\" vs \"%.*s\"", what, CP_STR(x), CP_STR(y));
}

/* A value that must be a Boolean; none at all means true. */
static int query_bool(struct graph_builder *b, const struct graph_query *q, int *ret)
{
	*ret = q->value.n ? graph_parse_bool(q->value) : 1;
	return *ret < 0 ? graph_invalid(b, "invalid %.*s value: \"%.*s\"", CP_STR(q->key),
					CP_STR(q->value))
			: 0;
}

struct query_names {
	struct cp_str tag, branch;
};

static int apply_flag(struct graph_builder *b, struct graph_git *g, const struct graph_query *q,
		      bool *ret_known)
{
	int v, r;

	*ret_known = true;
	if (cp_str_eq(q->key, CP_S("keep-git-dir")))
		return query_bool(b, q, &g->keep_git_dir);
	if (cp_str_eq(q->key, CP_S("submodules")))
		return query_bool(b, q, &g->submodules);
	if (cp_str_eq(q->key, CP_S("fetch-by-commit"))) {
		r = query_bool(b, q, &v);
		g->fetch_by_commit = v == 1;
		return r;
	}
	*ret_known = false;
	return 0;
}

/* GitRef.loadQuery, one pair. */
static int apply_query(struct graph_builder *b, struct graph_git *g, const struct graph_query *q,
		       struct query_names *n)
{
	bool known;
	int r = apply_flag(b, g, q, &known);

	if (r < 0 || known)
		return r;
	if (q->value.n == 0)
		return graph_invalid(b, "query \"%.*s\" has no value", CP_STR(q->key));
	if (cp_str_eq(q->key, CP_S("ref"))) {
		if (g->ref.n && !cp_str_eq(g->ref, q->value))
			return conflict(b, "ref", g->ref, q->value);
		g->ref = q->value;
	} else if (cp_str_eq(q->key, CP_S("tag"))) {
		n->tag = q->value;
	} else if (cp_str_eq(q->key, CP_S("branch"))) {
		n->branch = q->value;
	} else if (cp_str_eq(q->key, CP_S("subdir"))) {
		if (g->subdir.n && !cp_str_eq(g->subdir, q->value))
			return conflict(b, "subdir", g->subdir, q->value);
		g->subdir = q->value;
	} else if (cp_str_eq(q->key, CP_S("checksum")) || cp_str_eq(q->key, CP_S("commit"))) {
		g->checksum = q->value;
	} else if (cp_str_eq(q->key, CP_S("mtime"))) {
		if (!cp_str_eq(q->value, CP_S("checkout")) && !cp_str_eq(q->value, CP_S("commit")))
			return graph_invalid(b,
					     "invalid mtime value: \"%.*s\" (must be \"checkout\" "
					     "or \"commit\")",
					     CP_STR(q->value));
		g->mtime = q->value;
	} else {
		return graph_invalid(b, "unexpected query \"%.*s\"", CP_STR(q->key));
	}
	return 0;
}

/* tag= and branch= as a full reference name. */
static int apply_name(struct graph_builder *b, struct graph_git *g, struct cp_str name,
		      struct cp_str prefix)
{
	if (name.n == 0)
		return 0;
	if (!cp_str_starts(name, prefix)) {
		name = cp_arena_cat(b->a, prefix, name);
		if (!name.p)
			return cp_err_nomem(b->err);
	}
	if (g->ref.n && !cp_str_eq(g->ref, name))
		return conflict(b, "ref", g->ref, name);
	g->ref = name;
	return 0;
}

static int load_query(struct graph_builder *b, struct graph_git *g, const struct remote *r)
{
	struct query_names names = {CP_S(""), CP_S("")};
	int e;

	for (size_t i = 0; i < r->n_query; i++) {
		for (size_t j = 0; j < i; j++)
			if (cp_str_eq(r->query[i].key, r->query[j].key))
				return graph_invalid(b, "query \"%.*s\" has multiple values",
						     CP_STR(r->query[i].key));
		e = apply_query(b, g, &r->query[i], &names);
		if (e < 0)
			return e;
	}
	e = apply_name(b, g, names.tag, CP_S("refs/tags/"));
	if (e < 0 || names.branch.n == 0)
		return e;
	if (names.tag.n)
		return graph_invalid(b, "branch conflicts with tag");
	return apply_name(b, g, names.branch, CP_S("refs/heads/"));
}

/* parseOpts: "ref:subdir" */
static int load_fragment(struct graph_builder *b, struct graph_git *g, struct cp_str fragment)
{
	size_t colon = cp_str_find(fragment, ':', 0);

	if (fragment.n == 0)
		return 0;
	g->ref = cp_str_sub(fragment, 0, colon);
	g->subdir = cp_path_join(b->a, CP_S("/"),
				 cp_str_from(fragment, colon < fragment.n ? colon + 1 : colon));
	if (!g->subdir.p)
		return cp_err_nomem(b->err);
	g->subdir = cp_str_from(g->subdir, 1);
	return 0;
}

int graph_git_parse(struct graph_builder *b, struct cp_str text, struct graph_git *ret_git,
		    bool *ret_is_git)
{
	struct graph_git g = {.ref = CP_S(""),
			      .checksum = CP_S(""),
			      .subdir = CP_S(""),
			      .mtime = CP_S(""),
			      .keep_git_dir = -1,
			      .submodules = -1};
	struct remote remote;
	struct cp_str url = text;
	int r;

	*ret_is_git = false;
	if (cp_str_starts(text, CP_S("./")) || cp_str_starts(text, CP_S("../")))
		return 0;
	g.like_local = cp_str_starts(text, CP_S("github.com/"));
	if (g.like_local) {
		url = cp_arena_cat(b->a, CP_S("https://"), text);
		if (!url.p)
			return cp_err_nomem(b->err);
	}
	r = parse_remote(b, url, &remote);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!g.like_local && cp_str_starts(remote.scheme, CP_S("http")) &&
	    !cp_str_ends(remote.path, CP_S(".git")))
		return 0;
	g.remote = remote.text;
	g.host = remote.host;
	g.path = remote.path;
	g.ssh = cp_str_eq(remote.scheme, CP_S("ssh"));
	r = load_fragment(b, &g, remote.fragment);
	if (r < 0)
		return r;
	*ret_is_git = true;
	*ret_git = g;
	return load_query(b, ret_git, &remote);
}

int cp_git_context_parse(struct cp_arena *a, struct cp_str text, struct cp_git_context *ret_context,
			 bool *ret_is_git, struct cp_err *err)
{
	struct cp_build_options none = {0};
	struct cp_err unseen = {0};
	struct graph_builder b = {.a = a, .opt = &none, .err = err ? err : &unseen};
	struct graph_git git;
	int r = graph_git_parse(&b, text, &git, ret_is_git);

	if (r < 0 || !*ret_is_git)
		return r;
	*ret_context = (struct cp_git_context){.host = git.host,
					       .path = git.path,
					       .ref = git.ref,
					       .subdir = git.subdir,
					       .keeps_git_dir = git.keep_git_dir == 1};
	if (cp_str_ends(git.path, CP_S(".git")))
		ret_context->path = cp_str_sub(git.path, 0, git.path.n - strlen(".git"));
	ret_context->path = cp_str_trim_left(ret_context->path, "/");
	return 0;
}

bool cp_is_commit_id(struct cp_str s)
{
	return (s.n == 40 || s.n == 64) && cp_str_is_hex(s);
}

int graph_http_filename(struct graph_builder *b, struct cp_str url, struct cp_str *ret_name)
{
	struct graph_url u;
	struct cp_str base;
	int r = graph_url_parse(b->a, url, &u);

	if (r == CP_ENOMEM)
		return cp_err_nomem(b->err);
	*ret_name = CP_S("__unnamed__");
	if (r < 0)
		return 0;
	base = cp_path_base(u.path);
	if (!cp_str_eq(base, CP_S(".")) && !cp_str_eq(base, CP_S("/")))
		*ret_name = base;
	return 0;
}

/* client/llb/source.go Git: the same id for https and ssh. */
int graph_source_git(struct graph_builder *b, const struct graph_git *git, struct cp_str name,
		     struct graph_place place, struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_SOURCE, name, place);
	struct cp_str path = cp_path_join(b->a, CP_S("/"), git->path), hash = CP_S(""),
		      colon = CP_S("");
	struct cp_op_source *s;

	if (!v || !path.p)
		return cp_err_nomem(b->err);
	s = &v->op->source;
	if (git->ref.n || git->subdir.n)
		hash = CP_S("#");
	if (git->subdir.n)
		colon = CP_S(":");
	s->kind = CP_SOURCE_GIT;
	s->identifier = GRAPH_CAT(b->a, CP_S("git://"), git->host, path, hash, git->ref, colon,
				  git->subdir);
	if (!s->identifier.p)
		return cp_err_nomem(b->err);
	s->git_remote = git->remote;
	s->git_ref = git->ref;
	s->git_subdir = git->subdir;
	s->git_checksum = git->checksum;
	s->git_mtime = git->mtime;
	s->git_keep_dir = git->keep_git_dir == 1;
	s->git_skip_submodules = git->submodules == 0;
	s->git_fetch_by_commit = git->fetch_by_commit;
	*ret_vertex = v;
	return 0;
}

int graph_source_http(struct graph_builder *b, struct cp_str url, struct cp_str filename,
		      struct cp_str checksum, struct cp_str name, struct graph_place place,
		      struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_SOURCE, name, place);

	if (!v)
		return cp_err_nomem(b->err);
	v->op->source.kind = CP_SOURCE_HTTP;
	v->op->source.identifier = url;
	v->op->source.http_url = url;
	v->op->source.http_filename = filename;
	v->op->source.http_checksum = checksum;
	*ret_vertex = v;
	return 0;
}

int graph_source_local(struct graph_builder *b, struct cp_str folder, struct cp_str local_name,
		       struct cp_str name, struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_SOURCE, name, GRAPH_NOT_A_STEP);

	if (!v)
		return cp_err_nomem(b->err);
	v->op->source.kind = CP_SOURCE_LOCAL;
	v->op->source.identifier = cp_arena_cat(b->a, CP_S("local://"), folder);
	v->op->source.local_name = local_name;
	if (!v->op->source.identifier.p)
		return cp_err_nomem(b->err);
	*ret_vertex = v;
	return 0;
}

int graph_source_image(struct graph_builder *b, struct cp_str ref, struct cp_str pinned,
		       struct cp_str digest, const struct cp_platform *platform, struct cp_str name,
		       struct graph_place place, struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_SOURCE, name, place);
	size_t at = cp_str_find(pinned, '@', 0);

	if (!v)
		return cp_err_nomem(b->err);
	v->op->source.kind = CP_SOURCE_IMAGE;
	v->op->source.identifier = cp_arena_cat(b->a, CP_S("docker-image://"), pinned);
	v->op->source.ref = ref;
	v->op->source.digest = digest.n || at == pinned.n ? digest : cp_str_from(pinned, at + 1);
	v->platform = *platform;
	if (!v->op->source.identifier.p)
		return cp_err_nomem(b->err);
	*ret_vertex = v;
	return graph_platform_normalise(b->a, platform, &v->op->platform, b->err);
}

int graph_source_other(struct graph_builder *b, struct cp_str identifier, struct cp_str name,
		       struct graph_vertex **ret_vertex)
{
	struct graph_vertex *v = graph_vertex_new(b, CP_OP_SOURCE, name, GRAPH_NOT_A_STEP);

	if (!v)
		return cp_err_nomem(b->err);
	v->op->source.kind = CP_SOURCE_OTHER;
	v->op->source.identifier = identifier;
	*ret_vertex = v;
	return 0;
}
