/* COPY and ADD: instructions/parse.go parseCopy, parseAdd, parseSourcesAndDest. */
#include "dockerfile/parse_int.h"

enum copy_flag {
	CHOWN,
	CHMOD,
	LINK,
	EXCLUDE,
	FROM_OR_CHECKSUM,
	PARENTS_OR_UNPACK,
	KEEP_GIT_DIR,
	N_COPY_FLAGS,
};

/* MustParseHeredoc: what the lexer rejects is a path. */
static int maybe_heredoc(struct cp_parser *p, const struct cp_node *n, const struct cp_word *w,
			 struct cp_heredoc *h, bool *ret_is)
{
	int r = cp_heredoc_parse(p->a, w->value, h, ret_is, p->err);

	if (r == CP_EINVAL)
		return 0;
	return r < 0 ? cp_parser_at(p, n, w->raw, r) : 0;
}

static int add_source(struct cp_parser *p, const struct cp_node *n, const struct cp_map *bodies,
		      const struct cp_word *w, struct cp_command *c)
{
	const struct cp_heredoc *body;
	struct cp_heredoc h = {0};
	bool is;
	int r = maybe_heredoc(p, n, w, &h, &is);

	if (r < 0)
		return r;
	if (!is) {
		c->sources[c->n_sources++] = w->value;
		return 0;
	}
	body = cp_map_get(bodies, h.name);
	h.content = body ? body->content : (struct cp_str){"", 0};
	c->heredocs[c->n_heredocs++] = h;
	return 0;
}

static int sources_and_dest(struct cp_parser *p, const struct cp_node *n, struct cp_command *c,
			    const char *name)
{
	const struct cp_word *dest = &n->args.items[n->args.n - 1];
	struct cp_map bodies = {0};
	struct cp_heredoc h;
	bool is;
	int r = maybe_heredoc(p, n, dest, &h, &is);

	if (r < 0)
		return r;
	if (is)
		return cp_parser_fail(p, n, dest->raw,
				      "%s cannot accept a heredoc as a destination", name);
	c->sources = cp_arena_array(p->a, n->args.n, sizeof(*c->sources));
	c->heredocs = cp_arena_array(p->a, n->args.n, sizeof(*c->heredocs));
	if (!c->sources || !c->heredocs)
		return cp_err_nomem(p->err);
	/* of two with the same name the later one counts */
	for (size_t i = 0; i < n->n_heredocs; i++)
		if (cp_map_put(p->a, &bodies, n->heredocs[i].name, &n->heredocs[i]) < 0)
			return cp_err_nomem(p->err);
	for (size_t i = 0; r == 0 && i + 1 < n->args.n; i++)
		r = add_source(p, n, &bodies, &n->args.items[i], c);
	c->dest = dest->value;
	return r;
}

static int given(const struct cp_flag *f)
{
	return f->used ? f->on : -1;
}

int cp_command_copy(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	const struct cp_str none = {NULL, 0};
	bool add = c->kind == CP_CMD_ADD;
	const char *name = add ? "ADD" : "COPY";
	struct cp_flag flags[N_COPY_FLAGS] = {
		[CHOWN] = {.name = "chown", .type = CP_FLAG_STRING},
		[CHMOD] = {.name = "chmod", .type = CP_FLAG_STRING},
		[LINK] = {.name = "link", .type = CP_FLAG_BOOL},
		[EXCLUDE] = {.name = "exclude", .type = CP_FLAG_STRINGS},
		[FROM_OR_CHECKSUM] = {.name = add ? "checksum" : "from", .type = CP_FLAG_STRING},
		[PARENTS_OR_UNPACK] = {.name = add ? "unpack" : "parents", .type = CP_FLAG_BOOL},
		[KEEP_GIT_DIR] = {.name = "keep-git-dir", .type = CP_FLAG_BOOL}, /* of ADD only */
	};
	struct cp_str fifth;
	int r;

	if (n->args.n < 2)
		return cp_parser_fail(p, n, n->args.n ? n->args.items[0].raw : n->name.raw,
				      "%s requires at least two arguments, but only one was "
				      "provided. Destination could not be determined",
				      name);
	r = cp_flags_parse(p, n, flags, add ? N_COPY_FLAGS : KEEP_GIT_DIR);
	if (r == 0)
		r = sources_and_dest(p, n, c, name);
	if (r == 0)
		r = cp_flag_values(p, &flags[EXCLUDE], &c->excludes, &c->n_excludes);
	if (r < 0)
		return r;
	fifth = cp_flag_value(&flags[FROM_OR_CHECKSUM], none);
	c->chown = cp_flag_value(&flags[CHOWN], none);
	c->chmod = cp_flag_value(&flags[CHMOD], none);
	c->link = flags[LINK].on;
	c->from = add ? none : fifth;
	c->checksum = add ? fifth : none;
	c->parents = !add && flags[PARENTS_OR_UNPACK].on;
	c->unpack = add ? given(&flags[PARENTS_OR_UNPACK]) : -1;
	c->keep_git_dir = add ? given(&flags[KEEP_GIT_DIR]) : -1;
	return 0;
}
