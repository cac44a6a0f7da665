/*
 * What older frontends refuse, or read in another way than v0.34 does (profile/profile.h). Most of it fails the build there, and what
 * fails has no keys; what does not fail is not worked out here. Either way the exact keys are said not to be known.
 */
#include "graph/build_int.h"

/* "<< EOF": the blank came with v0.22 (parser.go reHeredoc). */
static bool has_blank_heredoc(struct cp_str code)
{
	for (size_t at = cp_str_find_str(code, CP_S("<<"), 0); at < code.n;
	     at = cp_str_find_str(code, CP_S("<<"), at + 2)) {
		struct cp_str rest = cp_str_from(code, at + 2);

		if (cp_str_starts(rest, CP_S("-")))
			rest = cp_str_from(rest, 1);
		if (rest.n && strchr(" \t\r\f\v", rest.p[0]) && rest.p[0])
			return true;
	}
	return false;
}

/* shell/lex.go processStopOn: escapes in quoted patterns of "${v#...}", "${v%...}" and "${v/.../...}". */
static bool has_escaped_pattern(const struct graph_builder *b, struct cp_str code)
{
	return cp_str_find_str(code, CP_S("${"), 0) < code.n &&
	       cp_str_find(code, b->file->escape_char, 0) < code.n &&
	       (cp_str_find(code, '"', 0) < code.n || cp_str_find(code, '\'', 0) < code.n);
}

static void check_text(struct graph_builder *b, const struct cp_command *c)
{
	bool json = c->n_words && c->prepend_shell && cp_str_starts(c->words[0], CP_S("["));

	if (c->n_sources && cp_str_starts(c->sources[0], CP_S("[")))
		json = true;
	if (json)
		graph_doubt(b, CP_RULE_JSON_WITH_TAIL,
			    CP_S("this frontend reads a JSON array with text behind it"));
	if ((c->kind == CP_CMD_RUN || c->kind == CP_CMD_COPY || c->kind == CP_CMD_ADD) &&
	    has_blank_heredoc(c->code))
		graph_doubt(b, CP_RULE_HEREDOC_NO_BLANK,
			    CP_S("\"<< EOF\" with a blank is no heredoc for this frontend"));
	if (c->kind != CP_CMD_RUN && has_escaped_pattern(b, c->code))
		graph_doubt(b, CP_RULE_PATTERN_ESCAPES,
			    CP_S("this frontend expands escapes in quoted patterns differently"));
}

static void check_copy(struct graph_builder *b, const struct cp_command *c)
{
	if (c->n_excludes)
		graph_doubt(b, CP_RULE_NO_EXCLUDE, CP_S("this frontend has no --exclude"));
	if (c->parents)
		graph_doubt(b, CP_RULE_NO_PARENTS, CP_S("this frontend has no --parents"));
	if (c->kind == CP_CMD_ADD && c->unpack != -1)
		graph_doubt(b, CP_RULE_NO_UNPACK, CP_S("this frontend has no ADD --unpack"));
	if (!cp_path_is_abs(c->dest) && cp_str_ends(c->dest, CP_S("/.")))
		graph_doubt(b, CP_RULE_DOT_DROPPED,
			    CP_S("this frontend writes a destination that ends in /. differently"));
}

static void check_run(struct graph_builder *b, const struct cp_command *c)
{
	if (c->n_devices)
		graph_doubt(b, CP_RULE_NO_DEVICE, CP_S("this release has no RUN --device"));
	if (cp_str_eq(c->security, CP_S("insecure")) ||
	    cp_str_find_str(c->code, CP_S("--security="), 0) < c->code.n)
		graph_doubt(b, CP_RULE_NO_SECURITY, CP_S("this frontend has no RUN --security"));
}

/* identity.ChainID of the OCI specification, over the texts of digests. */
int cp_image_chain(struct cp_arena *a, const struct cp_str *diff_ids, size_t n,
		   struct cp_str *ret_chain, struct cp_err *err)
{
	char both[2 * CP_DIGEST_TEXT + 2];
	struct cp_str chain = CP_S("");
	struct cp_digest d;

	for (size_t i = 0; i < n; i++) {
		if (!cp_digest_parse(diff_ids[i], &d))
			return cp_err_set(err, CP_EINVAL, "%.*s is no digest of a layer",
					  CP_STR(diff_ids[i]));
		if (i) {
			both[CP_DIGEST_TEXT] = ' ';
			memcpy(both + CP_DIGEST_TEXT + 1, diff_ids[i].p, CP_DIGEST_TEXT);
			d = cp_digest_of(both, 2 * CP_DIGEST_TEXT + 1);
		}
		cp_digest_text(&d, both);
	}
	if (n)
		chain = cp_arena_str(a, cp_str_n(both, CP_DIGEST_TEXT));
	if (!chain.p)
		return cp_err_nomem(err);
	*ret_chain = chain;
	return 0;
}

void graph_check_release(struct graph_builder *b, const struct cp_command *c)
{
	if (!b->rules)
		return;
	check_text(b, c);
	if (c->kind == CP_CMD_COPY || c->kind == CP_CMD_ADD)
		check_copy(b, c);
	if (c->kind == CP_CMD_RUN)
		check_run(b, c);
}

void graph_check_copy_action(struct graph_builder *b, const struct cp_action *action)
{
	if (action->mode_str.n)
		graph_doubt(b, CP_RULE_NO_SYMBOLIC_CHMOD | CP_RULE_NO_MODE_TEXT,
			    CP_S("this release has no --chmod in letters"));
	if (action->n_required)
		graph_doubt(b, CP_RULE_REFUSES_REQUIRED,
			    CP_S("this daemon cannot do what --parents of this frontend needs"));
}
