/* dockerfile/: positions and texts of errors, what every instruction becomes, expansion, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dockerfile/dockerfile.h"

static struct cp_arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = cp_arena_new((size_t)256 << 20);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	cp_arena_free(arena);
	return 0;
}

static const struct cp_dockerfile *parse(const char *text)
{
	const struct cp_dockerfile *d = NULL;
	struct cp_err err = {0};

	if (cp_dockerfile_parse(arena, cp_str_c(text), CP_S("Dockerfile"), &d, &err) < 0)
		fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.message);
	return d;
}

/* The i-th command of the first stage of "FROM a" and the text. */
static const struct cp_command *command(const char *text, size_t i)
{
	struct cp_str whole = cp_arena_cat(arena, CP_S("FROM a\n"), cp_str_c(text));
	const struct cp_dockerfile *d = parse(whole.p);

	assert_true(i < d->stages[0].n_commands);
	return d->stages[0].commands[i];
}

static void assert_str(struct cp_str s, const char *expected)
{
	assert_string_equal(cp_arena_str(arena, s).p, expected);
}

static void assert_words(const struct cp_str *words, size_t n, const char *expected)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(4096);

	for (size_t i = 0; i < n; i++) {
		cp_buf_addz(&b, i ? "|" : "");
		cp_buf_adds(&b, words[i]);
	}
	assert_str(cp_buf_str(&b), expected);
}

/* ---- rejections ---- */

struct rejection {
	const char *text;
	int line, column, width;
	const char *message;
};

static const struct rejection rejections[] = {
	{"", 0, 0, 0, "file with no instructions"},
	{"# only a comment\n", 1, 0, 0, "file with no instructions"},
	{"FROM a\nRUM x\n", 2, 1, 3, "unknown instruction: RUM (did you mean RUN?)"},
	{"FROM a\nrum x\n", 2, 1, 3, "unknown instruction: rum (did you mean run?)"},
	{"FROM a\nBANANAS x\n", 2, 1, 7, "unknown instruction: BANANAS"},
	{"RUN x\n", 1, 1, 3, "no build stage in current context"},
	{"FROM\n", 1, 1, 4, "FROM requires either one or three arguments"},
	{"FROM a b\n", 1, 8, 1, "FROM requires either one or three arguments"},
	{"FROM a AS 1b\n", 1, 11, 2,
	 "invalid name for build stage: \"1b\", name can't start with a number or contain symbols"},
	{"FROM --plat=x a\n", 1, 6, 8, "unknown flag: --plat"},
	{"FROM --platfrm=x a\n", 1, 6, 11, "unknown flag: --platfrm (did you mean platform?)"},
	{"FROM a\nCOPY x\n", 2, 6, 1,
	 "COPY requires at least two arguments, but only one was provided. Destination could not "
	 "be determined"},
	{"FROM a\nADD\n", 2, 1, 3,
	 "ADD requires at least two arguments, but only one was provided. Destination could not be "
	 "determined"},
	{"FROM a\nCOPY a \\\n  --from=b \\\n  <<E\nE\n", 4, 3, 3,
	 "COPY cannot accept a heredoc as a destination"},
	{"FROM a\nCOPY --from x y\n", 2, 6, 6, "missing a value on flag: --from"},
	{"FROM a\nCOPY --link= x y\n", 2, 6, 7, "missing a value on flag: --link"},
	{"FROM a\nCOPY --link=1 x y\n", 2, 6, 8, "expecting boolean value for flag --link, not: 1"},
	{"FROM a\nCOPY --from=b \\\n # c\n --from=c x y\n", 4, 2, 8,
	 "duplicate flag specified: --from"},
	{"FROM a\nRUN --network=bridge x\n", 2, 5, 16, "invalid network mode \"bridge\""},
	{"FROM a\nRUN --security=x y\n", 2, 5, 12, "security \"x\" is not valid"},
	{"FROM a\nRUN --mount=from=$A x\n", 2, 5, 15,
	 "'from' doesn't support variable expansion, define alias stage instead"},
	{"FROM a\nRUN --mount= x\n", 2, 5, 8, "failed to parse csv mounts: EOF"},
	{"FROM a\nRUN --mount='a\"b' x\n", 2, 5, 13,
	 "failed to parse csv mounts: parse error on line 1, column 2: bare \" in "
	 "non-quoted-field"},
	{"FROM a\nRUN --mount='\"a' x\n", 2, 5, 12,
	 "failed to parse csv mounts: parse error on line 1, column 2: extraneous or missing \" in "
	 "quoted-field"},
	{"FROM a\nRUN --device=a,name=b x\n", 2, 5, 17, "device name already set to a"},
	{"FROM a\nRUN --device=a,b x\n", 2, 5, 12, "invalid field 'b' must be a key=value pair"},
	{"FROM a\nENV\n", 2, 1, 3, "ENV requires at least one argument"},
	{"FROM a\nENV A\n", 2, 5, 1, "ENV must have two arguments"},
	{"FROM a\nENV A=1 \\\n\tB C=2\n", 3, 2, 1,
	 "Syntax error - can't find = in \"B\". Must be of the form: name=value"},
	{"FROM a\nENV =b\n", 2, 5, 2, "ENV names can not be blank"},
	{"ARG =b\nFROM a\n", 1, 5, 2, "ARG names can not be blank"},
	{"FROM a\nRUN [\"a\", 1]\n", 2, 5, 8,
	 "when using JSON array syntax, arrays must be comprised of strings only"},
	{"FROM a\nSHELL sh -c\n", 2, 7, 5, "SHELL requires the arguments to be in JSON form"},
	{"FROM a\nVOLUME [\"\"]\n", 2, 9, 2, "VOLUME specified can not be an empty string"},
	{"FROM a\nONBUILD\n", 2, 1, 7, "ONBUILD requires at least one argument"},
	{"FROM a\nONBUILD ONBUILD RUN x\n", 2, 9, 7,
	 "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
	{"FROM a\nONBUILD from b\n", 2, 9, 4, "FROM isn't allowed as an ONBUILD trigger"},
	{"FROM a\nMAINTAINER\n", 2, 1, 10, "MAINTAINER requires exactly one argument"},
	{"FROM a\nEXPOSE\n", 2, 1, 6, "EXPOSE requires at least one argument"},
	{"FROM a\nHEALTHCHECK\n", 2, 1, 11, "HEALTHCHECK requires at least one argument"},
	{"FROM a\nHEALTHCHECK NONE x\n", 2, 18, 1, "HEALTHCHECK NONE takes no arguments"},
	{"FROM a\nHEALTHCHECK RUN x\n", 2, 13, 3, "Unknown type \"RUN\" in HEALTHCHECK (try CMD)"},
	{"FROM a\nHEALTHCHECK CMD\n", 2, 13, 3, "Missing command after HEALTHCHECK CMD"},
	{"FROM a\nHEALTHCHECK --interval=1x CMD y\n", 2, 13, 13,
	 "time: unknown unit \"x\" in duration \"1x\""},
	{"FROM a\nHEALTHCHECK --timeout=1us CMD y\n", 2, 13, 13,
	 "Interval \"timeout\" cannot be less than 1ms"},
	{"FROM a\nHEALTHCHECK --retries=-1 CMD y\n", 2, 13, 12,
	 "--retries cannot be negative (-1)"},
	{"FROM a\nHEALTHCHECK --retries=x CMD y\n", 2, 13, 11,
	 "strconv.ParseInt: parsing \"x\": invalid syntax"},
	{"FROM a\nRUN <<EOF\nx\n", 2, 5, 5, "unterminated heredoc"},
	{"FROM a\nCOPY <<A <<B /\nA\nx\n", 2, 10, 3, "unterminated heredoc"},
	{"# escape=x\nFROM a\n", 1, 1, 10, "invalid escape token 'x' does not match ` or \\"},
	{"# syntax=a\n  # syntax=b\nFROM a\n", 2, 3, 10,
	 "only one syntax parser directive can be used"},
	/* an error of the first pass comes before one of the second */
	{"FROM a\nRUM x\nENV A\n", 3, 5, 1, "ENV must have two arguments"},
};

static void test_rejections(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_LEN(rejections); i++) {
		const struct rejection *c = &rejections[i];
		const struct cp_dockerfile *d = NULL;
		struct cp_err err = {0};
		int r = cp_dockerfile_parse(arena, cp_str_c(c->text), CP_S("Dockerfile"), &d, &err);

		if (r != CP_EINVAL || strcmp(err.message, c->message) || err.line != c->line ||
		    err.column != c->column || (c->column && err.width != c->width))
			fail_msg("%s\nis %d, %d:%d+%d: %s", c->text, r, err.line, err.column,
				 err.width, err.message);
		assert_null(d);
		assert_string_equal(err.file, "Dockerfile");
	}
}

static void test_source_line(void **state)
{
	const struct cp_dockerfile *d;
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_dockerfile_parse(arena, CP_S("FROM a\r\nCOPY --x \\\r\n  a b\r\n"),
					     CP_S("d"), &d, &err),
			 CP_EINVAL);
	assert_string_equal(err.source, "COPY --x \\");
	assert_string_equal(err.file, "d");
}

/* ---- lines ---- */

static void test_lines(void **state)
{
	const struct cp_dockerfile *d =
		parse("\xEF\xBB\xBF# escape=`\r\n\r\n  from a `  \r\n# c\r\n\r\n  as B\r\n"
		      "\tRUN x`\r\ny \\\r\n");

	(void)state;
	assert_int_equal(d->escape_char, '`');
	assert_str(d->escape.value, "`");
	assert_int_equal(d->escape.line, 1);
	assert_str(d->stages[0].name, "b");
	assert_str(d->stages[0].code, "from a   as B");
	assert_int_equal(d->stages[0].line, 3);
	assert_int_equal(d->stages[0].line_end, 6);
	assert_int_equal(d->stages[0].column, 3);
	assert_int_equal(d->stages[0].n_commands, 1);
	assert_str(d->stages[0].commands[0]->code, "RUN xy \\");
	assert_int_equal(d->stages[0].commands[0]->line, 7);
	assert_int_equal(d->stages[0].commands[0]->line_end, 8);
	assert_int_equal(d->stages[0].commands[0]->column, 2);
	/* an escape character before the last one keeps the line from going on */
	assert_str(command("RUN a \\\\\nRUN b\n", 0)->words[0], "a \\\\");
	/* a shebang ends the directives, so this is a comment */
	assert_int_equal(parse("#!/x\n# escape=`\nFROM a\n")->escape_char, '\\');
	/* the last line may be a lone continuation */
	assert_int_equal(parse("FROM a\nRUN x \\\n")->stages[0].n_commands, 1);
}

static void test_syntax(void **state)
{
	static const struct {
		const char *text, *image;
		int line;
	} cases[] = {
		{"# syntax=docker/dockerfile:1\nFROM a\n", "docker/dockerfile:1", 1},
		{"#!/usr/bin/env x\n# check=skip=all\n# Syntax = a b c\n", "a", 3},
		{"// syntax=a\n", "a", 1},
		{"{\"syntax\": \"a b\", \"x\": [1, {}]}", "a b", 1},
		{"{\"syntax\": \"a\", \"x\": 1e999}", "", 0},
		{"{\"syntax\": 1}", "", 0},
		{"\n# syntax=a\n", "", 0},
		{"# a comment\n# syntax=a\n", "", 0},
		{" # syntax=a\n", "", 0},
		{"FROM a\n", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		int line = 0;

		assert_str(cp_dockerfile_detect_syntax(arena, cp_str_c(cases[i].text), &line),
			   cases[i].image);
		assert_int_equal(line, cases[i].line);
	}
	assert_str(parse("# check=skip=all;error=true x\nFROM a\n")->check.value,
		   "skip=all;error=true x");
	assert_str(parse("# syntax=a b\nFROM a\n")->syntax.value, "a");
}

/* ---- instructions ---- */

static void test_arg_env_label(void **state)
{
	const struct cp_dockerfile *d = parse("ARG A B=1 C=\"x y\"\nFROM a\n");
	const struct cp_command *c = d->global_args[0];

	(void)state;
	assert_int_equal(d->n_global_args, 1);
	assert_int_equal(c->n_pairs, 3);
	assert_false(c->pairs[0].has_value);
	assert_str(c->pairs[1].value, "1");
	assert_str(c->pairs[2].value, "\"x y\"");
	c = command("ENV A='b c'  B\\ C=d\\ e E=\n", 0);
	assert_int_equal(c->n_pairs, 3);
	assert_str(c->pairs[0].value, "'b c'");
	assert_str(c->pairs[1].key, "B\\ C");
	assert_str(c->pairs[1].value, "d\\ e");
	assert_str(c->pairs[2].value, "");
	assert_false(c->pairs[2].no_delim);
	c = command("LABEL a \t b=c  d\n", 0);
	assert_int_equal(c->n_pairs, 1);
	assert_str(c->pairs[0].value, "b=c  d");
	assert_true(c->pairs[0].no_delim);
	assert_string_equal(c->name.p, "label");
}

static void test_command_lines(void **state)
{
	const struct cp_command *c =
		command("RUN  a  b \nCMD [ \"x\", \"\\u00e9\\ud83d\\ude00\\ud83d\" ]\n"
			"ENTRYPOINT [\"x\"] y\nSHELL [\"sh\"]\nRUN []\nRUN\n",
			0);

	(void)state;
	assert_words(c->words, c->n_words, "a  b");
	assert_true(c->prepend_shell);
	assert_str(c->network, "default");
	assert_str(c->security, "sandbox");
	c = command("CMD [ \"x\", \"\\u00e9\\ud83d\\ude00\\ud83d\" ]\n", 0);
	assert_words(c->words, c->n_words, "x|\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBD");
	assert_false(c->prepend_shell);
	c = command("ENTRYPOINT [\"x\"] y\n", 0);
	assert_words(c->words, c->n_words, "[\"x\"] y");
	c = command("RUN []\n", 0);
	assert_int_equal(c->n_words, 0);
	assert_false(c->prepend_shell);
	assert_int_equal(command("RUN\n", 0)->n_words, 0);
	/*
	 * a number that float64 cannot hold makes it no JSON; the largest that rounds down is one
	 */
	assert_true(command("RUN [1.7976931348623159e308]\n", 0)->prepend_shell);
	c = command("HEALTHCHECK --interval=1m30s CMD [\"x\", \"y\"]\n", 0);
	assert_words(c->words, c->n_words, "x|y");
	assert_true(command("HEALTHCHECK none\n", 0)->health_none);
}

static void test_small_instructions(void **state)
{
	const struct cp_command *c = command("EXPOSE 9 80/tcp 443\n", 0);

	(void)state;
	assert_words(c->words, c->n_words, "443|80/tcp|9");
	c = command("VOLUME [\" /a \", \"/b c\"]\n", 0);
	assert_words(c->words, c->n_words, "/a|/b c");
	assert_str(command("WORKDIR  /a b \n", 0)->text, "/a b");
	assert_str(command("USER app:app\n", 0)->text, "app:app");
}

static void test_copy(void **state)
{
	const struct cp_command *c = command("COPY --from=b --chown=1:2 --chmod=755 --link "
					     "--parents=false --exclude=a --exclude=b x y /z/\n",
					     0);

	(void)state;
	assert_words(c->sources, c->n_sources, "x|y");
	assert_str(c->dest, "/z/");
	assert_str(c->from, "b");
	assert_str(c->chown, "1:2");
	assert_str(c->chmod, "755");
	assert_true(c->link);
	assert_false(c->parents);
	assert_words(c->excludes, c->n_excludes, "a|b");
	assert_null(c->checksum.p);
	c = command("ADD --checksum=sha256:0 --keep-git-dir --unpack=false https://x/y z\n", 0);
	assert_str(c->checksum, "sha256:0");
	assert_int_equal(c->keep_git_dir, 1);
	assert_int_equal(c->unpack, 0);
	assert_null(c->from.p);
	c = command("COPY -- --from=x /y\n", 0);
	assert_words(c->sources, c->n_sources, "--from=x");
	/* a flag's bytes beyond ASCII come out encoded twice, as from BuildKit */
	assert_str(command("COPY --chown=\xC3\xA9 a b\n", 0)->chown, "\xC3\x83\xC2\xA9");
	c = command("COPY [\"a b\", \"c\"]\n", 0);
	assert_words(c->sources, c->n_sources, "a b");
}

static void test_heredocs(void **state)
{
	const struct cp_command *c = command("COPY <<A <<-\"B\" p /d/\n# x $Y\nA\n\ty\n\tB\n", 0);

	(void)state;
	assert_words(c->sources, c->n_sources, "p");
	assert_int_equal(c->n_heredocs, 2);
	assert_str(c->heredocs[0].name, "A");
	assert_str(c->heredocs[0].content, "# x $Y\n");
	assert_true(c->heredocs[0].expand);
	assert_false(c->heredocs[0].chomp);
	assert_str(c->heredocs[1].content, "\ty\n");
	assert_false(c->heredocs[1].expand);
	assert_true(c->heredocs[1].chomp);
	assert_str(cp_heredoc_chomp(arena, c->heredocs[1].content), "y\n");
	assert_str(c->code, "COPY <<A <<-\"B\" p /d/");
	assert_int_equal(c->line_end, 6);
	c = command("RUN <<EOF cat\n<<x\r\nEOF\r\nRUN y\n", 0);
	assert_str(c->heredocs[0].content, "<<x\r\n");
	assert_words(c->words, c->n_words, "<<EOF cat");
	assert_str(command("RUN <<EOF cat\n<<x\r\nEOF\r\nRUN y\n", 1)->words[0], "y");
	/*
	 * CMD has no heredocs, a JSON form neither; a JSON source that looks like one is an empty
	 * file
	 */
	assert_int_equal(command("CMD cat <<E\n", 0)->n_heredocs, 0);
	c = command("COPY [\"<<E\", \"/x\"]\n", 0);
	assert_int_equal(c->n_heredocs, 1);
	assert_int_equal(c->heredocs[0].content.n, 0);
}

static void test_onbuild(void **state)
{
	const struct cp_command *c = command("onbuild  COPY --link <<E /x\nq\nE\n", 0), *trigger;
	struct cp_err err = {0};

	(void)state;
	assert_str(c->text, "COPY --link <<E /x\nq\nE");
	assert_int_equal(cp_dockerfile_parse_trigger(arena, c->text, &trigger, &err), 0);
	assert_int_equal(trigger->kind, CP_CMD_COPY);
	assert_str(trigger->heredocs[0].content, "q\n");
	assert_int_equal(trigger->line, 0);
	assert_int_equal(cp_dockerfile_parse_trigger(arena, CP_S("RUN a\nRUN b"), &trigger, &err),
			 CP_EINVAL);
	assert_string_equal(err.message, "onbuild trigger should be a single expression");
	assert_int_equal(cp_dockerfile_parse_trigger(arena, CP_S("FROM a"), &trigger, &err),
			 CP_EINVAL);
	assert_string_equal(err.message, "*instructions.Stage is not a command type");
	assert_int_equal(cp_dockerfile_parse_trigger(arena, CP_S("RUM a"), &trigger, &err),
			 CP_EINVAL);
	assert_int_equal(err.line, 0);
}

/* ---- mounts ---- */

static bool get_env(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	static const char *const env[][2] = {
		{"A", "alpha"},   {"E", ""},       {"P", "/a/b/c.tar.gz"},
		{"N", "x\ny\nx"}, {"S", "a  b c"}, {"T", "cache"},
	};

	(void)self;
	for (size_t i = 0; i < CP_LEN(env); i++) {
		if (cp_str_eq(name, cp_str_c(env[i][0]))) {
			*ret_value = cp_str_c(env[i][1]);
			return true;
		}
	}
	return false;
}

static const struct cp_env_lookup lookup = {.get = get_env};

static int mounts(const char *value, struct cp_mount **ret_mounts, struct cp_err *err)
{
	struct cp_str text = cp_str_c(value);
	struct cp_command c = {.kind = CP_CMD_RUN,
			       .name = CP_S("run"),
			       .line = 3,
			       .column = 1,
			       .mounts = &text,
			       .n_mounts = 1};
	const struct cp_lexer lexer = {.escape = '\\'};

	return cp_mounts_parse(arena, &c, &lexer, &lookup, ret_mounts, err);
}

static void test_mounts(void **state)
{
	struct cp_mount *m;

	(void)state;
	assert_int_equal(mounts("type=$T,target=/x/${A},id=i,sharing=LOCKED,uid=0,gid=7,mode=0755",
				&m, NULL),
			 0);
	assert_int_equal(m->type, CP_MOUNT_CACHE);
	assert_str(m->target, "/x/alpha");
	assert_str(m->cache_id, "i");
	assert_int_equal(m->sharing, CP_SHARING_LOCKED);
	assert_true(m->has_uid && m->has_gid && m->gid == 7 && m->has_mode && m->mode == 0755);
	assert_false(m->read_only);
	assert_int_equal(mounts("src=a,\"dst=/b,c\"", &m, NULL), 0);
	assert_int_equal(m->type, CP_MOUNT_BIND);
	assert_str(m->source, "a");
	assert_str(m->target, "/b,c");
	assert_true(m->read_only);
	assert_int_equal(mounts("rw=true,from=x", &m, NULL), 0);
	assert_false(m->read_only);
	assert_int_equal(mounts("type=secret,id=t,env=,required", &m, NULL), 0);
	assert_true(m->has_env && m->env.n == 0 && m->required && m->read_only);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: rejected */
	} cases[] = {
		{"100m", 104857600}, {"1.5GiB", 1610612736},
		{"10 kb", 10240},    {"5", 5},
		{"5b", 5},           {"0x1p3k", 8192},
		{"1_000", 1000},     {"1__0", -1},
		{"1e3", 1000},       {"-1", -1},
		{"x", -1},           {"", -1},
		{"5kib2", -1},       {"5bb", -1},
		{"5xb", -1},         {"9e30", INT64_MIN},
		{".5k", 512},        {"1e999", -1},
		{"0.1g", 107374182}, {"5\xE2\x84\xAA", 5120},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		char value[64];
		struct cp_mount *m = NULL;
		int r;

		snprintf(value, sizeof(value), "type=tmpfs,size=%s", cases[i].text);
		r = mounts(value, &m, NULL);
		assert_int_equal(r, cases[i].bytes == -1 ? CP_EINVAL : 0);
		if (r == 0)
			assert_int_equal(m->size_limit, cases[i].bytes);
	}
}

static void test_bad_mounts(void **state)
{
	static const char *const cases[][2] = {
		{"type=cach", "unsupported mount type \"cach\" (did you mean cache?)"},
		{"type=cache,sharing=x", "unsupported sharing value \"x\""},
		{"sharing=locked", "invalid cache sharing set for bind mount"},
		{"uid=1", "uid not allowed for \"bind\" type mounts"},
		{"type=tmpfs,mode=1", "mode not allowed for \"tmpfs\" type mounts"},
		{"type=secret", "invalid secret mount. one of source, target required"},
		{"type=secret,from=a,id=b", "secret mount should not have a from"},
		{"type=secret,source=a,id=b", "both source and id can't be set"},
		{"type=secret,sharing=shared,id=b", "secret mount should not define sharing"},
		{"required", "unexpected key 'required' for mount type 'bind'"},
		{"size=1", "unexpected key 'size' for mount type 'bind'"},
		{"type=cache,mode=9", "invalid value 9 for mode"},
		{"ro=maybe", "invalid value for ro: maybe"},
		{"tagret=/x", "unexpected key 'tagret' in 'tagret=/x' (did you mean target?)"},
		{"x", "invalid field 'x' must be a key=value pair"},
		{"target=${A",
		 "failed to process \"${A\": unsupported modifier (\xEF\xBF\xBD) in substitution"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_err err = {0};
		struct cp_mount *m;

		assert_int_equal(mounts(cases[i][0], &m, &err), CP_EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_int_equal(err.line, 3);
	}
}

/* ---- expansion ---- */

struct expansion {
	const char *word, *result; /* NULL: rejected */
	const char *message;
};

static const struct expansion expansions[] = {
	{"plain", "plain", NULL},
	{"$A${A}-$U.", "alphaalpha-.", NULL},
	{"'$A' \"$A\" \\$A \\a", "$A alpha $A a", NULL},
	{"\"a\\\"b\\c\\$\"", "a\"b\\c$", NULL},
	{"$1a $@ $", "a  $", NULL},
	{"${U:-d} ${U-d} ${E:-d} ${E-d} ${A:-d}", "d d d  alpha", NULL},
	{"${U:+s}${E:+s}${E+s}${A:+s}", "ss", NULL},
	{"${A?x}${A:?x}", "alphaalpha", NULL},
	{"${U?gone}", NULL, "failed to process \"${U?gone}\": U: gone"},
	{"${U:?}", NULL, "failed to process \"${U:?}\": U: is not allowed to be unset"},
	{"${E:?}", NULL, "failed to process \"${E:?}\": E: is not allowed to be empty"},
	{"${U:-${A:+\"x ${U:-'y'}\"}}", "x y", NULL},
	{"${P#*/} ${P##*/} ${P%.*} ${P%%.*}", "a/b/c.tar.gz c.tar.gz /a/b/c.tar /a/b/c", NULL},
	{"${P#/?/} ${P%\\/*} ${P#x} ${P##*}", "b/c.tar.gz /a/b /a/b/c.tar.gz ", NULL},
	{"${P/a/X} ${P//a/X} ${P//\\//-}", "/X/b/c.tar.gz /X/b/c.tXr.gz -a-b-c.tar.gz", NULL},
	{"${A//a/<$0>} ${A//l*h/[\\$0]} ${A/a/\\$0}", "<>lph<> a[\\lph]a \\$0lpha", NULL},
	{"${N#*x} ${N%%x*} ${N//?/z}", "\ny\nx x\ny\n z\nz\nz", NULL},
	{"${A//*/-}${E//*/-}", "--", NULL},
	{"${A/\\p/x}", NULL,
	 "failed to process \"${A/\\\\p/x}\": invalid pattern (\\p) in substitution: invalid "
	 "escape '\\p'"},
	{"${A:#x}", NULL,
	 "failed to process \"${A:#x}\": unsupported modifier (:#) in substitution"},
	{"${A=x}", NULL, "failed to process \"${A=x}\": unsupported modifier (=) in substitution"},
	{"${A:-x", NULL, "failed to process \"${A:-x\": syntax error: missing '}'"},
	{"${A/x}", NULL, "failed to process \"${A/x}\": syntax error: missing '/' in ${}"},
	{"${}", NULL, "failed to process \"${}\": syntax error: bad substitution"},
	{"${", NULL, "failed to process \"${\": syntax error: missing '}'"},
	{"'x", NULL,
	 "failed to process \"'x\": unexpected end of statement while looking for matching "
	 "single-quote"},
	{"\"x", NULL,
	 "failed to process \"\\\"x\": unexpected end of statement while looking for matching "
	 "double-quote"},
	{"x\\", "x", NULL},
	{"\xFF$A",
	 "\xEF\xBF\xBD"
	 "alpha",
	 NULL},
};

static void test_expand(void **state)
{
	const struct cp_lexer lexer = {.escape = '\\'};

	(void)state;
	for (size_t i = 0; i < CP_LEN(expansions); i++) {
		const struct expansion *c = &expansions[i];
		struct cp_str result = {NULL, 0};
		struct cp_err err = {0};
		int r = cp_expand(arena, &lexer, cp_str_c(c->word), &lookup, &result, &err);

		if (c->result && r < 0)
			fail_msg("%s: %s", c->word, err.message);
		if (c->result) {
			assert_str(result, c->result);
			continue;
		}
		assert_int_equal(r, CP_EINVAL);
		assert_string_equal(err.message, c->message);
	}
}

static void test_expand_modes(void **state)
{
	static const struct {
		struct cp_lexer lexer;
		const char *word, *result;
	} cases[] = {
		{{.escape = '\\', .raw_quotes = true, .raw_escapes = true, .skip_unset = true},
		 "'$A' \"$A $U ${U:-x}\" \\$A ${A}",
		 "'$A' \"alpha $U ${U:-x}\" \\$A alpha"},
		{{.escape = '\\', .skip_processed_quotes = true},
		 "'$A' \"it's\" \\$A",
		 "'alpha' \"it's\" $A"},
		{{.escape = '\\', .skip_unset = true},
		 "$U ${U} ${U/a/b} ${U//a/b} ${U:=x} ${A:-x}",
		 "$U ${U} ${U/a/b} ${U/a/b} ${U:=x} alpha"},
		{{.escape = '`'}, "`$A \\$A \"`\"\"", "$A \\alpha \""},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_str result;

		assert_int_equal(cp_expand(arena, &cases[i].lexer, cp_str_c(cases[i].word), &lookup,
					   &result, NULL),
				 0);
		assert_str(result, cases[i].result);
	}
}

static void test_expand_words(void **state)
{
	static const char *const cases[][2] = {
		{" a  'b c' \"\" $S \"$S\"x ", "a|b c|a|b|c|a  b cx"},
		{"80 $U 90", "80|90"},
		{"<< EOF x", "<< EOF|x"},
		/*
		 * a nested word empties the buffer that the outer word is built in: so does
		 * BuildKit's
		 */
		{"foo${U:-bar}baz", "barbaz"},
		{"", ""},
	};
	const struct cp_lexer lexer = {.escape = '\\'};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_str *words;
		size_t n;

		assert_int_equal(cp_expand_words(arena, &lexer, cp_str_c(cases[i][0]), &lookup,
						 &words, &n, NULL),
				 0);
		assert_words(words, n, cases[i][1]);
	}
}

/* ---- limits ---- */

static struct cp_str repeat(const char *begin, const char *unit, size_t n, const char *end)
{
	size_t size = strlen(unit);
	char *p = cp_arena_alloc(arena, strlen(begin) + n * size + strlen(end) + 1), *at;

	assert_non_null(p);
	at = stpcpy(p, begin);
	for (size_t i = 0; i < n; i++, at += size)
		memcpy(at, unit, size);
	return cp_str_n(p, (size_t)(stpcpy(at, end) - p));
}

static void assert_refused(struct cp_str text, int code, const char *message, int line)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	const struct cp_dockerfile *d = NULL;
	struct cp_err err = {0};

	assert_int_equal(cp_dockerfile_parse(a, text, CP_S("Dockerfile"), &d, &err), code);
	assert_string_equal(err.message, message);
	if (err.line != line)
		fail_msg("%s: line %d, not %d", message, err.line, line);
}

static void test_file_limits(void **state)
{
	const char *too_long = "dockerfile line greater than max allowed size of 65535";

	(void)state;
	assert_refused(repeat("", "#\n", CP_MAX_DOCKERFILE_BYTES / 2 + 1, ""), CP_ELIMIT,
		       "file is larger than 16777216 bytes", 1);
	assert_refused(repeat("FROM a\nRUN ", "x", 10 << 20, "\n"), CP_EINVAL, too_long, 2);
	/* a line of 65,536 bytes with its newline is taken; without one, 65,535 */
	parse(repeat("FROM a\nRUN ", "x", 65536 - 5, "\n").p);
	assert_refused(repeat("FROM a\nRUN ", "x", 65536 - 4, "\n"), CP_EINVAL, too_long, 2);
	parse(repeat("FROM a\nRUN ", "x", 65536 - 5, "").p);
	assert_refused(repeat("FROM a\nRUN ", "x", 65536 - 4, ""), CP_EINVAL, too_long, 2);
	/* behind a lone continuation its beginning is taken for a line of its own */
	assert_refused(repeat("FROM a\n\\\nRUN <<E ", "x", 65536, "\n"), CP_EINVAL,
		       "unterminated heredoc", 3);
	assert_refused(repeat("FROM a\nRUN <<E\n", "x", 65536, "\nE\n"), CP_EINVAL,
		       "unterminated heredoc", 2);
	assert_refused(repeat("FROM a\nRUN ", "xxxxxxx\\\n", 1 << 20, "\n"), CP_ELIMIT,
		       "instruction is longer than 1048576 bytes", 2);
	assert_refused(repeat("FROM a\n", "RUN <<a\na\n", 1000000, "\n"), CP_ELIMIT,
		       "more than 50000 instructions", 2 + 49999 * 2);
	assert_refused(repeat("", "FROM a\n", 3000, ""), CP_ELIMIT, "more than 2000 stages", 2001);
	assert_refused(repeat("FROM a\nONBUILD ", "ONBUILD ", 5000, "RUN x"), CP_EINVAL,
		       "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 2);
	assert_refused(repeat("FROM a\nCOPY", " \\\n<<a", 200000, " /x\n"), CP_EINVAL,
		       "unterminated heredoc", 3);
}

static void test_many_heredocs(void **state)
{
	struct cp_str head = repeat("FROM a\nCOPY", " \\\n<<a", 100000, " /x\n"), text;
	const struct cp_dockerfile *d;

	(void)state;
	text = cp_arena_cat(arena, head, repeat("", "a\n", 100000, ""));
	d = parse(text.p);
	assert_int_equal(d->stages[0].commands[0]->n_heredocs, 100000);
	assert_int_equal(d->stages[0].commands[0]->line_end, 200002);
}

static int expand_status(struct cp_str word, char *message, size_t size)
{
	const struct cp_lexer lexer = {.escape = '\\'};
	struct cp_err err = {0};
	struct cp_str result;
	int r = cp_expand(arena, &lexer, word, &lookup, &result, &err);

	snprintf(message, size, "%s", err.message);
	return r;
}

static void test_expansion_limits(void **state)
{
	char message[1024];

	(void)state;
	assert_int_equal(expand_status(repeat("", "${U:-", 60, "x"), message, sizeof(message)),
			 CP_EINVAL);
	assert_int_equal(expand_status(repeat("", "${U:-", 100000, "x"), message, sizeof(message)),
			 CP_ELIMIT);
	assert_non_null(strstr(message, "expansions are nested more than 63 deep"));
	assert_int_equal(expand_status(repeat("", "$P", 100000, ""), message, sizeof(message)),
			 CP_ELIMIT);
	assert_non_null(strstr(message, "expansion is longer than 1048576 bytes"));
	assert_int_equal(
		expand_status(repeat("${P/", "*a", 200000, "/}"), message, sizeof(message)), 0);
	assert_int_equal(
		expand_status(repeat("", "${P//?/}", 100000, ""), message, sizeof(message)), 0);
}

static bool get_long(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	(void)name;
	*ret_value = *(const struct cp_str *)self;
	return true;
}

/* Patterns that would cost product time. */
static void test_costly_patterns(void **state)
{
	const struct cp_lexer lexer = {.escape = '\\'};
	struct cp_str value = repeat("", "a", 1000000, ""), result;
	const struct cp_env_lookup env = {get_long, &value};
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(
		cp_expand(arena, &lexer, repeat("${x//", "?", 1000, "b/}"), &env, &result, &err),
		CP_ELIMIT);
	assert_non_null(strstr(err.message, "expansion takes more than 67108864 steps"));
	assert_int_equal(cp_expand(arena, &lexer, CP_S("${x//*b/}"), &env, &result, &err), 0);
	assert_int_equal(result.n, 1000000);
	assert_int_equal(cp_expand(arena, &lexer, CP_S("${x##*a*a*a*a}"), &env, &result, &err), 0);
	assert_int_equal(result.n, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_rejections),
		T(test_source_line),
		T(test_lines),
		T(test_syntax),
		T(test_arg_env_label),
		T(test_command_lines),
		T(test_small_instructions),
		T(test_copy),
		T(test_heredocs),
		T(test_onbuild),
		T(test_mounts),
		T(test_sizes),
		T(test_bad_mounts),
		T(test_expand),
		T(test_expand_modes),
		T(test_expand_words),
		T(test_file_limits),
		T(test_many_heredocs),
		T(test_expansion_limits),
		T(test_costly_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
