/*
 * Any bytes as a Dockerfile: the parser ends, and what it says about the file is true of the file.
 */
#include <stdlib.h>

#include "dockerfile/dockerfile.h"

static bool get_env(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	(void)self;
	*ret_value = name;
	return name.n % 2;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int count_lines(struct cp_str text)
{
	int n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static void check_command(struct cp_arena *a, const struct cp_command *c, int n_lines, char escape)
{
	const struct cp_lexer lexer = {.escape = escape};
	const struct cp_env_lookup env = {.get = get_env};
	const struct cp_command *trigger;
	struct cp_mount *mounts;
	struct cp_err err = {0};

	must(c->line >= 1 && c->line <= c->line_end && c->line_end <= n_lines && c->column >= 1);
	must(c->name.n > 0 && c->code.n >= c->name.n);
	if (cp_mounts_parse(a, c, &lexer, &env, &mounts, &err) < 0)
		must(err.message[0]);
	for (size_t i = 0; i < c->n_heredocs; i++)
		must(cp_heredoc_chomp(a, c->heredocs[i].content).n <= c->heredocs[i].content.n);
	if (c->kind == CP_CMD_ONBUILD &&
	    cp_dockerfile_parse_trigger(a, c->text, &trigger, &err) == 0)
		must(trigger->line == 0 && trigger->column == 0);
}

static void check_dockerfile(struct cp_arena *a, const struct cp_dockerfile *d, struct cp_str text)
{
	int n_lines = count_lines(text), line = 0;

	for (size_t i = 0; i < d->n_global_args; i++) {
		must(d->global_args[i]->kind == CP_CMD_ARG);
		check_command(a, d->global_args[i], n_lines, d->escape_char);
	}
	for (size_t i = 0; i < d->n_stages; i++) {
		const struct cp_stage *s = &d->stages[i];

		must(s->line > line && s->line_end <= n_lines && s->base_name.n > 0);
		line = s->line_end;
		for (size_t k = 0; k < s->n_commands; k++) {
			must(s->commands[k]->line > line);
			line = s->commands[k]->line_end;
			check_command(a, s->commands[k], n_lines, d->escape_char);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str text = cp_str_n((const char *)data, size);
	const struct cp_dockerfile *d;
	struct cp_err err = {0};
	int line = 0;

	if (!a)
		return 0;
	if (cp_dockerfile_detect_syntax(a, text, &line).n)
		must(line >= 1 && line <= count_lines(text));
	if (cp_dockerfile_parse(a, text, CP_S("Dockerfile"), &d, &err) == 0) {
		check_dockerfile(a, d, text);
		return 0;
	}
	must(err.code < 0 && err.message[0]);
	must(err.line >= 0 && err.line <= count_lines(text) && (err.column == 0 || err.width >= 1));
	return 0;
}
