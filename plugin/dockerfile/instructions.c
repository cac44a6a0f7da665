/* The second pass: frontend/dockerfile/instructions/parse.go, one node ─► one command. */
#include <stdlib.h>

#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

static const char *const instruction_names[] = {
	/* clang-format off */
	"add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label",
	"maintainer", "onbuild", "run", "shell", "stopsignal", "user", "volume", "workdir",
	/* clang-format on */
};

/* Names of instructions in upper case, for messages. */
static const char *const upper_names[] = {
	[CP_CMD_ADD] = "ADD",
	[CP_CMD_ARG] = "ARG",
	[CP_CMD_CMD] = "CMD",
	[CP_CMD_COPY] = "COPY",
	[CP_CMD_ENTRYPOINT] = "ENTRYPOINT",
	[CP_CMD_ENV] = "ENV",
	[CP_CMD_EXPOSE] = "EXPOSE",
	[CP_CMD_HEALTHCHECK] = "HEALTHCHECK",
	[CP_CMD_LABEL] = "LABEL",
	[CP_CMD_MAINTAINER] = "MAINTAINER",
	[CP_CMD_ONBUILD] = "ONBUILD",
	[CP_CMD_RUN] = "RUN",
	[CP_CMD_SHELL] = "SHELL",
	[CP_CMD_STOPSIGNAL] = "STOPSIGNAL",
	[CP_CMD_USER] = "USER",
	[CP_CMD_VOLUME] = "VOLUME",
	[CP_CMD_WORKDIR] = "WORKDIR",
};

static int at_least_one(struct cp_parser *p, const struct cp_node *n, const char *name)
{
	return cp_parser_fail(p, n, n->name.raw, "%s requires at least one argument", name);
}

/* ---- ENV, LABEL, ARG ---- */

static int pairs(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	const char *name = upper_names[c->kind];
	size_t count = n->args.n / 3;
	int r = cp_flags_none(p, n);

	if (r < 0)
		return r;
	if (count == 0)
		return at_least_one(p, n, name);
	c->pairs = cp_arena_array(p->a, count, sizeof(*c->pairs));
	if (!c->pairs)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < count; i++) {
		const struct cp_word *w = &n->args.items[i * 3];

		if (w[0].value.n == 0)
			return cp_parser_fail(p, n, w[0].raw, "%s names can not be blank", name);
		c->pairs[i] = (struct cp_pair){w[0].value, w[1].value, true, w[2].value.n == 0};
	}
	c->n_pairs = count;
	return 0;
}

/* ARG: its flags are read and, as in BuildKit, never looked at. */
static int arg(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	if (n->args.n == 0)
		return at_least_one(p, n, "ARG");
	c->pairs = cp_arena_array(p->a, n->args.n, sizeof(*c->pairs));
	if (!c->pairs)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < n->args.n; i++) {
		const struct cp_word *w = &n->args.items[i];
		size_t equals = cp_str_find(w->value, '=', 0);
		bool has_value = equals < w->value.n;

		if (has_value && equals == 0)
			return cp_parser_fail(p, n, w->raw, "ARG names can not be blank");
		c->pairs[i] = (struct cp_pair){cp_str_sub(w->value, 0, equals),
					       cp_str_from(w->value, equals + 1), has_value, false};
	}
	c->n_pairs = n->args.n;
	return 0;
}

/* ---- WORKDIR, USER, MAINTAINER, STOPSIGNAL ---- */

static int text(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	if (n->args.n != 1)
		return cp_parser_fail(p, n, n->name.raw, "%s requires exactly one argument",
				      upper_names[c->kind]);
	c->text = n->args.items[0].value;
	/* parseStopSignal never looks at its flags */
	return c->kind == CP_CMD_STOPSIGNAL ? 0 : cp_flags_none(p, n);
}

/* ---- EXPOSE, VOLUME, SHELL ---- */

static int order(const void *a, const void *b)
{
	return cp_str_cmp(*(const struct cp_str *)a, *(const struct cp_str *)b);
}

static int expose(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	int r;

	if (n->args.n == 0)
		return at_least_one(p, n, "EXPOSE");
	r = cp_flags_none(p, n);
	if (r < 0)
		return r;
	c->words = cp_arena_array(p->a, n->args.n, sizeof(*c->words));
	if (!c->words)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < n->args.n; i++)
		c->words[i] = n->args.items[i].value;
	c->n_words = n->args.n;
	qsort(c->words, c->n_words, sizeof(*c->words), order);
	return 0;
}

static int volume(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	int r;

	if (n->args.n == 0)
		return at_least_one(p, n, "VOLUME");
	r = cp_flags_none(p, n);
	if (r < 0)
		return r;
	c->words = cp_arena_array(p->a, n->args.n, sizeof(*c->words));
	if (!c->words)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < n->args.n; i++) {
		c->words[i] = cp_str_trim_space(n->args.items[i].value);
		if (c->words[i].n == 0)
			return cp_parser_fail(p, n, n->args.items[i].raw,
					      "VOLUME specified can not be an empty string");
	}
	c->n_words = n->args.n;
	return 0;
}

static int shell(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	int r = cp_flags_none(p, n);

	if (r < 0)
		return r;
	if (n->args.n == 0)
		return at_least_one(p, n, "SHELL");
	if (!n->json)
		return cp_parser_fail(p, n, n->args.items[0].raw,
				      "SHELL requires the arguments to be in JSON form");
	return cp_command_words(p, n, 0, c);
}

/* ---- ONBUILD ---- */

/* parseOnBuild: the line without ^\s*ONBUILD\s* in any case of ASCII letters; \s has no \v. */
static struct cp_str without_onbuild(struct cp_str original)
{
	static const char space[] = "\t\n\f\r ";
	struct cp_str s = cp_str_trim_left(original, space);

	if (!cp_str_eq_nocase(cp_str_sub(s, 0, 7), CP_S("ONBUILD")))
		return original;
	return cp_str_trim_left(cp_str_from(s, 7), space);
}

static int onbuild_text(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(2 * CP_MAX_DOCKERFILE_BYTES);

	cp_buf_adds(&b, without_onbuild(n->original));
	for (size_t i = 0; i < n->n_heredocs; i++) {
		cp_buf_addc(&b, '\n');
		cp_buf_adds(&b, n->heredocs[i].content);
		cp_buf_adds(&b, n->heredocs[i].name);
	}
	c->text = cp_arena_str(p->a, cp_buf_str(&b));
	return cp_buf_error(&b) || !c->text.p ? cp_err_nomem(p->err) : 0;
}

static int onbuild(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	struct cp_str trigger;
	int r;

	if (n->args.n == 0)
		return at_least_one(p, n, "ONBUILD");
	r = cp_flags_none(p, n);
	if (r < 0)
		return r;
	trigger = cp_dockerfile_upper(p->a, cp_str_trim_space(n->args.items[0].value));
	if (!trigger.p)
		return cp_err_nomem(p->err);
	if (cp_str_eq(trigger, CP_S("ONBUILD")))
		return cp_parser_fail(p, n, n->args.items[0].raw,
				      "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if (cp_str_eq(trigger, CP_S("MAINTAINER")) || cp_str_eq(trigger, CP_S("FROM")))
		return cp_parser_fail(p, n, n->args.items[0].raw,
				      "%.*s isn't allowed as an ONBUILD trigger", CP_STR(trigger));
	return onbuild_text(p, n, c);
}

/* ---- FROM ---- */

static bool is_as(struct cp_str s)
{
	return cp_str_eq_nocase(s, CP_S("as")) || /* EqualFold: LATIN SMALL LETTER LONG S is an s */
	       (s.n == 3 && (s.p[0] | 0x20) == 'a' && memcmp(s.p + 1, "\xC5\xBF", 2) == 0);
}

/* ^[a-z][a-z0-9-_.]*$ */
static bool valid_stage_name(struct cp_str s)
{
	if (s.n == 0 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' &&
		    c != '.')
			return false;
	}
	return true;
}

/* From the second argument to the last: what is wrong with a FROM of several words. */
static struct cp_str after_first(const struct cp_node *n)
{
	struct cp_str last;

	if (n->args.n < 2)
		return n->name.raw;
	last = n->args.items[n->args.n - 1].raw;
	return cp_str_n(n->args.items[1].raw.p, (size_t)(last.p + last.n - n->args.items[1].raw.p));
}

int cp_stage_parse(struct cp_parser *p, const struct cp_node *n, struct cp_stage *ret_stage)
{
	struct cp_flag platform = {.name = "platform", .type = CP_FLAG_STRING};
	const struct cp_word *args = n->args.items;
	char quoted[CP_DOCKERFILE_QUOTED];
	struct cp_stage s = {0};
	int r;

	s.name = (struct cp_str){"", 0};
	if (n->args.n == 3 && is_as(args[1].value)) {
		s.name = cp_dockerfile_lower(p->a, args[2].value);
		if (!s.name.p)
			return cp_err_nomem(p->err);
		if (!valid_stage_name(s.name))
			return cp_parser_fail(p, n, args[2].raw,
					      "invalid name for build stage: %s, name can't start "
					      "with a number or contain symbols",
					      cp_dockerfile_quote(args[2].value, quoted));
	} else if (n->args.n != 1) {
		return cp_parser_fail(p, n, after_first(n),
				      "FROM requires either one or three arguments");
	}
	r = cp_flags_parse(p, n, &platform, 1);
	if (r < 0)
		return r;
	s.base_name = args[0].value;
	s.platform = cp_flag_value(&platform, (struct cp_str){NULL, 0});
	s.code = cp_str_trim_space(n->original);
	s.line = n->line;
	s.line_end = n->line_end;
	s.column = cp_lines_column(&n->origin);
	*ret_stage = s;
	return 0;
}

/* ---- all of them ---- */

static int unknown_instruction(struct cp_parser *p, const struct cp_node *n)
{
	char hint[CP_PARSER_SUGGESTION];
	struct cp_str name = n->name.value, lower = cp_dockerfile_lower(p->a, name),
		      upper = cp_dockerfile_upper(p->a, name);

	if (!lower.p || !upper.p)
		return cp_err_nomem(p->err);
	cp_parser_suggest(lower, instruction_names, CP_LEN(instruction_names), hint);
	/* suggest matchCase: the suggestion is written in the case of the word */
	if (hint[0] && !cp_str_eq(name, lower) && cp_str_eq(name, upper))
		for (char *at = hint + sizeof(" (did you mean ") - 1; *at; at++)
			if (*at >= 'a' && *at <= 'z')
				*at -= 32;
	return cp_parser_fail(p, n, n->name.raw, "unknown instruction: %.*s%s", CP_STR(name), hint);
}

static int fill(struct cp_parser *p, const struct cp_node *n, struct cp_command *c)
{
	switch (c->kind) {
	case CP_CMD_ENV:
	case CP_CMD_LABEL:
		return pairs(p, n, c);
	case CP_CMD_ARG:
		return arg(p, n, c);
	case CP_CMD_ADD:
	case CP_CMD_COPY:
		return cp_command_copy(p, n, c);
	case CP_CMD_RUN:
		return cp_command_run(p, n, c);
	case CP_CMD_CMD:
	case CP_CMD_ENTRYPOINT:
		return cp_command_line(p, n, c);
	case CP_CMD_HEALTHCHECK:
		return cp_command_health(p, n, c);
	case CP_CMD_EXPOSE:
		return expose(p, n, c);
	case CP_CMD_VOLUME:
		return volume(p, n, c);
	case CP_CMD_SHELL:
		return shell(p, n, c);
	case CP_CMD_ONBUILD:
		return onbuild(p, n, c);
	default:
		return text(p, n, c);
	}
}

int cp_command_parse(struct cp_parser *p, const struct cp_node *n,
		     const struct cp_command **ret_command)
{
	struct cp_command *c;
	int r;

	if (n->keyword == CP_KEYWORD_UNKNOWN)
		return unknown_instruction(p, n);
	c = CP_NEW(p->a, struct cp_command);
	if (!c)
		return cp_err_nomem(p->err);
	c->kind = (enum cp_command_kind)n->keyword;
	c->name = cp_dockerfile_lower(p->a, n->name.value);
	if (!c->name.p)
		return cp_err_nomem(p->err);
	c->code = cp_str_trim_space(n->original);
	c->keep_git_dir = c->unpack = -1;
	if (!p->no_position) {
		c->line = n->line;
		c->line_end = n->line_end;
		c->column = cp_lines_column(&n->origin);
	}
	r = fill(p, n, c);
	if (r == 0)
		*ret_command = c;
	return r;
}
