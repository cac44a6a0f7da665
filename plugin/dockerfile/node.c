/* The first pass: frontend/dockerfile/parser/parser.go Parse and newNodeFromLine. */
#include "dockerfile/parse_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "dockerfile/text_int.h"

enum argument_form {
	FORM_JSON_OR_STRING, /* parseMaybeJSON */
	FORM_JSON_OR_WORDS,  /* parseMaybeJSONToList */
	FORM_WORDS,          /* parseStringsWhitespaceDelimited */
	FORM_QUOTED_WORDS,   /* parseNameOrNameVal */
	FORM_PAIRS,          /* parseEnv, parseLabel */
	FORM_STRING,         /* parseString */
	FORM_HEALTH,         /* parseHealthConfig */
	FORM_INSTRUCTION,    /* parseSubCommand */
};

struct keyword {
	const char *name;
	int keyword;
	enum argument_form form;
	bool heredocs; /* heredocDirectives */
};

static const struct keyword keywords[] = {
	{"add", CP_CMD_ADD, FORM_JSON_OR_WORDS, true},
	{"arg", CP_CMD_ARG, FORM_QUOTED_WORDS, false},
	{"cmd", CP_CMD_CMD, FORM_JSON_OR_STRING, false},
	{"copy", CP_CMD_COPY, FORM_JSON_OR_WORDS, true},
	{"entrypoint", CP_CMD_ENTRYPOINT, FORM_JSON_OR_STRING, false},
	{"env", CP_CMD_ENV, FORM_PAIRS, false},
	{"expose", CP_CMD_EXPOSE, FORM_WORDS, false},
	{"from", CP_KEYWORD_FROM, FORM_WORDS, false},
	{"healthcheck", CP_CMD_HEALTHCHECK, FORM_HEALTH, false},
	{"label", CP_CMD_LABEL, FORM_PAIRS, false},
	{"maintainer", CP_CMD_MAINTAINER, FORM_STRING, false},
	{"onbuild", CP_CMD_ONBUILD, FORM_INSTRUCTION, false},
	{"run", CP_CMD_RUN, FORM_JSON_OR_STRING, true},
	{"shell", CP_CMD_SHELL, FORM_JSON_OR_STRING, false},
	{"stopsignal", CP_CMD_STOPSIGNAL, FORM_STRING, false},
	{"user", CP_CMD_USER, FORM_STRING, false},
	{"volume", CP_CMD_VOLUME, FORM_JSON_OR_WORDS, false},
	{"workdir", CP_CMD_WORKDIR, FORM_STRING, false},
};

/* ---- errors with a position ---- */

int cp_parser_at(struct cp_parser *p, const struct cp_node *n, struct cp_str at, int code)
{
	struct cp_str line = n->origin.line;
	size_t offset = 0, width = at.n;
	struct cp_position position;

	if (code == CP_ENOMEM || p->no_position || !p->err)
		return code;
	if (at.p && at.p >= line.p && at.p <= line.p + line.n)
		offset = (size_t)(at.p - line.p);
	if (offset == line.n && offset > 0)
		offset--;
	position = cp_lines_locate(&n->origin, offset);
	if (width > position.left)
		width = position.left;
	cp_err_at(p->err, p->file, position.line, position.column, width ? (int)width : 1,
		  position.source);
	return code;
}

int cp_parser_fail(struct cp_parser *p, const struct cp_node *n, struct cp_str at,
		   const char *format, ...)
{
	char message[sizeof(p->err->message) * 2];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	return cp_parser_at(p, n, at, cp_err_set(p->err, CP_EINVAL, "%s", message));
}

const char *cp_parser_suggest(struct cp_str value, const char *const *options, size_t n_options,
			      char out[CP_PARSER_SUGGESTION])
{
	const char *match = cp_dockerfile_nearest(value, options, n_options);

	out[0] = '\0';
	if (match)
		snprintf(out, CP_PARSER_SUGGESTION, " (did you mean %s?)", match);
	return out;
}

/* ---- one node ---- */

static struct cp_word same_word(struct cp_str s)
{
	return (struct cp_word){s, s};
}

static int one_word(struct cp_parser *p, struct cp_node *n, struct cp_str s)
{
	return cp_vec_push(p->a, &n->args, same_word(s)) < 0 ? cp_err_nomem(p->err) : 0;
}

/* The JSON form if it is one: *ret_json. */
static int maybe_json(struct cp_parser *p, struct cp_node *n, struct cp_str rest, bool *ret_json)
{
	cp_word_vec words = {0};
	int r = cp_words_json(p, rest, &words, ret_json);

	if (r == CP_EINVAL)
		return cp_parser_fail(
			p, n, rest,
			"when using JSON array syntax, arrays must be comprised of strings only");
	for (size_t i = 0; r == 0 && i < words.n; i++)
		if (cp_vec_push(p->a, &n->args, words.items[i]) < 0)
			r = cp_err_nomem(p->err);
	if (r == 0)
		n->json = *ret_json;
	return r;
}

static int json_or_string(struct cp_parser *p, struct cp_node *n, struct cp_str rest)
{
	bool json = false;
	int r = rest.n ? maybe_json(p, n, rest, &json) : 0;

	if (r < 0 || json || rest.n == 0)
		return r;
	return one_word(p, n, rest);
}

/* A type, then a command line. parseHealthConfig looks for white space byte by byte. */
static int health_arguments(struct cp_parser *p, struct cp_node *n, struct cp_str rest)
{
	size_t end = 0, next;
	int r;

	while (end < rest.n && !cp_rune_is_space((unsigned char)rest.p[end]))
		end++;
	next = end;
	while (next < rest.n && cp_rune_is_space((unsigned char)rest.p[next]))
		next++;
	if (end == 0)
		return 0;
	r = one_word(p, n, cp_str_sub(rest, 0, end));
	return r < 0 ? r : json_or_string(p, n, cp_str_from(rest, next));
}

static int new_node(struct cp_parser *p, const struct cp_origin *origin, struct cp_str line,
		    unsigned depth, struct cp_node **ret_node);

/*
 * ONBUILD: its trigger is a node of its own, and the words of that follow its name among the
 * arguments.
 */
static int trigger(struct cp_parser *p, struct cp_node *n, struct cp_str rest, unsigned depth)
{
	int r;

	if (rest.n == 0)
		return 0;
	if (depth == CP_MAX_ONBUILD_DEPTH)
		return cp_parser_fail(p, n, rest,
				      "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	r = new_node(p, &n->origin, rest, depth + 1, &n->child);
	return r < 0 ? r : one_word(p, n, n->child->name.value);
}

static int arguments(struct cp_parser *p, struct cp_node *n, const struct keyword *k,
		     struct cp_str rest, unsigned depth)
{
	bool json = false;
	int r;

	switch (k->form) {
	case FORM_JSON_OR_STRING:
		return json_or_string(p, n, rest);
	case FORM_JSON_OR_WORDS:
		r = maybe_json(p, n, rest, &json);
		return r < 0 || json ? r : cp_words_split(p, rest, &n->args);
	case FORM_WORDS:
		return cp_words_split(p, rest, &n->args);
	case FORM_QUOTED_WORDS:
		return cp_words_parse(p, rest, &n->args);
	case FORM_PAIRS:
		return cp_words_pairs(p, n, rest, k->keyword == CP_CMD_ENV ? "ENV" : "LABEL",
				      &n->args);
	case FORM_STRING:
		return rest.n ? one_word(p, n, rest) : 0;
	case FORM_HEALTH:
		return health_arguments(p, n, rest);
	default:
		return trigger(p, n, rest, depth);
	}
}

static const struct keyword *find_keyword(struct cp_str lower)
{
	for (size_t i = 0; i < CP_LEN(keywords); i++)
		if (cp_str_eq(lower, cp_str_c(keywords[i].name)))
			return &keywords[i];
	return NULL;
}

/* newNodeFromLine with splitCommand. */
static int new_node(struct cp_parser *p, const struct cp_origin *origin, struct cp_str line,
		    unsigned depth, struct cp_node **ret_node)
{
	struct cp_node *n = CP_NEW(p->a, struct cp_node);
	struct cp_str trimmed = cp_str_trim_space(line), rest, lower;
	const struct keyword *k;
	size_t name;
	int r;

	if (!n)
		return cp_err_nomem(p->err);
	n->origin = *origin;
	n->original = line;
	name = cp_words_not_blank(trimmed);
	n->name = same_word(cp_str_sub(trimmed, 0, name));
	rest = cp_str_from(trimmed, name);
	rest = cp_str_from(rest, cp_words_blank(rest));
	lower = cp_dockerfile_lower(p->a, n->name.value);
	if (!lower.p)
		return cp_err_nomem(p->err);
	k = find_keyword(lower);
	n->keyword = k ? k->keyword : CP_KEYWORD_UNKNOWN;
	r = cp_flags_extract(p, rest, &n->flags, &rest);
	if (r == 0 && k)
		r = arguments(p, n, k, cp_str_trim_space(rest), depth);
	if (r == 0)
		*ret_node = n;
	return r;
}

/* canContainHeredoc */
static bool can_have_heredocs(const struct cp_node *n)
{
	if (n->keyword == CP_CMD_ONBUILD && n->child)
		n = n->child;
	if (n->json)
		return false;
	return n->keyword == CP_CMD_ADD || n->keyword == CP_CMD_COPY || n->keyword == CP_CMD_RUN;
}

/* ---- all of them ---- */

/* A line of comments at the head may be a directive. */
static int directive_line(struct cp_parser *p, struct cp_str raw)
{
	struct cp_str line = cp_str_trim_left_space(cp_lines_chop(raw));
	struct cp_directive d;
	int r;

	if (p->directives.done)
		return 0;
	r = cp_directives_line(&p->directives, line, &d, p->err);
	if (r == 0 && cp_str_eq(d.name, CP_S("escape"))) {
		bool backtick = cp_str_eq(d.value, CP_S("`"));

		p->escape = backtick ? '`' : '\\';
		p->escape_directive =
			(struct cp_directive){d.name, backtick ? CP_S("`") : CP_S("\\"), d.line};
		if (!backtick && !cp_str_eq(d.value, CP_S("\\")))
			r = cp_err_set(p->err, CP_EINVAL,
				       "invalid escape token '%.*s' does not match ` or \\",
				       CP_STR(d.value));
	}
	if (r < 0 && !p->no_position)
		cp_err_at(p->err, p->file, p->lines.number, (int)(line.p - raw.p) + 1, (int)line.n,
			  cp_lines_chop(raw));
	return r;
}

/* The logical line that begins with `raw`; ret_line->p is NULL for a blank line. */
static int logical_line(struct cp_parser *p, struct cp_str raw, struct cp_origin *origin)
{
	bool something;

	cp_buf_clear(&p->line);
	cp_lines_join(&p->lines, raw, p->escape, &p->line, &something);
	if (cp_buf_error(&p->line) == CP_ELIMIT) {
		cp_err_set(p->err, CP_ELIMIT, "instruction is longer than %u bytes",
			   CP_MAX_LINE_BYTES);
		if (!p->no_position)
			cp_err_at(p->err, p->file, origin->before.number + 1, 1, 1,
				  cp_lines_chop(raw));
		return CP_ELIMIT;
	}
	origin->line = (struct cp_str){NULL, 0};
	if (something && !cp_buf_error(&p->line))
		origin->line = cp_arena_str(p->a, cp_buf_str(&p->line));
	if (cp_buf_error(&p->line) || (something && !origin->line.p))
		return cp_err_nomem(p->err);
	return 0;
}

static int add_node(struct cp_parser *p, const struct cp_origin *origin, cp_node_vec *nodes)
{
	struct cp_node *n;
	int r = new_node(p, origin, origin->line, 0, &n);

	if (r == 0 && can_have_heredocs(n) &&
	    cp_str_find_str(n->original, CP_S("<<"), 0) < n->original.n)
		r = cp_heredocs_read(p, n);
	if (r < 0)
		return r;
	n->line = origin->before.number + 1;
	n->line_end = p->lines.number;
	if (nodes->n == CP_MAX_INSTRUCTIONS) {
		cp_err_set(p->err, CP_ELIMIT, "more than %u instructions", CP_MAX_INSTRUCTIONS);
		return cp_parser_at(p, n, n->name.raw, CP_ELIMIT);
	}
	return cp_vec_push(p->a, nodes, n) < 0 ? cp_err_nomem(p->err) : 0;
}

/* Errors of the file as a whole: bufio.ErrTooLong, no instructions. */
static int whole_file(struct cp_parser *p, size_t n_nodes)
{
	struct cp_str rest = cp_str_from(p->lines.text, p->lines.at);
	bool over = p->lines.too_long && !p->lines.spilled; /* of a line not counted yet */

	if (n_nodes == 0)
		cp_err_set(p->err, CP_EINVAL, "file with no instructions");
	else if (p->lines.too_long)
		cp_err_set(p->err, CP_EINVAL,
			   "dockerfile line greater than max allowed size of 65535");
	else
		return 0;
	if (n_nodes == 0 && p->lines.too_long)
		cp_err_hint(p->err, "line %d is longer than 65535 bytes", p->lines.number + over);
	if (!p->no_position)
		cp_err_at(p->err, p->file, p->lines.number + over, over, 1,
			  cp_str_sub(rest, 0, 512));
	return CP_EINVAL;
}

int cp_parser_nodes(struct cp_parser *p, cp_node_vec *ret_nodes)
{
	cp_node_vec nodes = {0};
	struct cp_str raw;
	int r = 0;

	for (;;) {
		struct cp_origin origin = {.before = p->lines};

		if (!cp_lines_next(&p->lines, &raw))
			break;
		r = directive_line(p, raw);
		if (r < 0)
			return r;
		if (cp_lines_is_comment(raw))
			continue;
		origin.escape = p->escape;
		r = logical_line(p, raw, &origin);
		if (r == 0 && origin.line.p)
			r = add_node(p, &origin, &nodes);
		if (r < 0)
			return r;
	}
	r = whole_file(p, nodes.n);
	if (r == 0)
		*ret_nodes = nodes;
	return r;
}
