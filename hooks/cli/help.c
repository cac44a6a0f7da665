#include "help.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80

static const char *const exit_codes[][2] = {
	{"0", "answered"},
	{"1", "a gate fired: --fail-on, or paths --check found a gap"},
	{"2", "wrong usage"},
	{"3", "nothing to predict: no repository, revision or Dockerfile"},
	{"4", "an input cannot be parsed (file:line:column)"},
	{"5", "something is unknown, with --strict"},
	{"6", "the network failed, with --strict"},
	{"7", "cannot work: no plugin, out of memory, a disk or pipe failed"},
};

/* Words of a text from column `indent` on; the cursor is at column `at`. */
static void wrap(struct text *out, size_t at, size_t indent, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");

		if (at > indent && at + 1 + n > COLUMNS) {
			text_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			text_addc(out, ' ');
			at++;
		}
		text_add(out, words, n);
		at += n;
		words += n + strspn(words + n, " ");
	}
	text_addc(out, '\n');
}

/* "-f, --file PATH" */
static void add_flag_name(struct text *out, const struct flag *f)
{
	if (f->letter)
		text_addf(out, "-%c, ", f->letter);
	text_addf(out, "--%s", f->name);
	if (f->value)
		text_addf(out, " %s", f->value);
}

static void list_flags(struct text *out, unsigned of_commands)
{
	for (int g = 0; g < GROUP_DOCKER; g++) {
		bool titled = false;

		for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
			struct text name = {0};

			if ((int)flags[i].group != g || !(flags[i].commands & of_commands))
				continue;
			if (!titled)
				text_addf(out, "\n%s:\n", group_titles[g]);
			titled = true;
			add_flag_name(&name, &flags[i]);
			text_addf(out, "  %-28s", name.p);
			if (name.n > 27)
				text_addf(out, "\n%30s", "");
			wrap(out, 30, 30, flags[i].help);
			text_release(&name);
		}
	}
}

static void list_exit_codes(struct text *out)
{
	text_addz(out, "\nExit codes:\n");
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
		text_addf(out, "  %s  %s\n", exit_codes[i][0], exit_codes[i][1]);
}

static void add_synopsis(struct text *out, enum command c)
{
	text_addf(out, "cachepredict %s", commands[c].name);
	if (c <= CMD_RECORD)
		text_addz(out, " [flags]");
	if (*commands[c].arguments)
		text_addf(out, " %s", commands[c].arguments);
}

void help_overview(struct text *out)
{
	text_addz(
		out,
		"cachepredict says before a container build which steps will come from the cache,\n"
		"which will rebuild, and why.\n\nUsage:\n"
		"  cachepredict [flags] [A..B] [CONTEXT]\n"
		"  cachepredict [flags] [A..B] -- docker buildx build ...\n\nCommands:\n");
	for (int c = 0; c < N_COMMANDS; c++) {
		text_addf(out, "  %-12s", commands[c].name);
		wrap(out, 14, 14, commands[c].summary);
	}
	list_flags(out, 1u << CMD_PREDICT);
	text_addc(out, '\n');
	wrap(out, 0, 0,
	     "Every flag can be set as CACHEPREDICT_<FLAG> in the environment (CACHEPREDICT_BUILD_ARG; lists one a line); "
	     "a flag wins over the environment, which wins over .cachepredict.json.");
	list_exit_codes(out);
	text_addz(out,
		  "\nExamples:\n"
		  "  cachepredict main..HEAD\n"
		  "  cachepredict -f docker/Dockerfile --target runtime --build-arg VERSION=2 .\n"
		  "  cachepredict --compose compose.yaml --only api --fail-on miss\n"
		  "  cachepredict paths --check .github/workflows/image.yml\n");
}

void help_command(struct text *out, enum command c)
{
	text_addz(out, "Usage:\n  ");
	add_synopsis(out, c);
	text_addz(out, "\n\n");
	wrap(out, 0, 0, *commands[c].about ? commands[c].about : commands[c].summary);
	list_flags(out, 1u << c);
	if (c <= CMD_RPC)
		list_exit_codes(out);
}

/* ---- the manual page ---- */

/* Text of a line: a backslash is escaped, a hyphen is a real one, and a dot at the start is no
 * request. */
static void roff(struct text *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		text_addz(out, "\\&");
	for (; *s; s++) {
		if (*s == '\\' || *s == '-')
			text_addc(out, '\\');
		if (*s == '\\')
			text_addc(out, 'e');
		else
			text_addc(out, *s);
	}
}

static void roff_line(struct text *out, const char *macro, const char *s)
{
	text_addz(out, macro);
	roff(out, s);
	text_addc(out, '\n');
}

static void man_flag(struct text *out, const struct flag *f)
{
	char name[64];

	text_addz(out, ".TP\n\\fB");
	if (f->letter)
		text_addf(out, "\\-%c\\fR, \\fB", f->letter);
	roff(out, "--");
	roff(out, f->name);
	text_addz(out, "\\fR");
	if (f->value) {
		text_addz(out, " \\fI");
		roff(out, f->value);
		text_addz(out, "\\fR");
	}
	text_addc(out, '\n');
	roff_line(out, "", f->help);
	flag_environment(f, name, sizeof(name));
	for (int c = 0; c < N_COMMANDS; c++)
		if (f->commands == 1u << c)
			text_addf(out, "(command %s)\n", commands[c].name);
}

static void man_commands(struct text *out)
{
	text_addz(out, ".SH COMMANDS\n");
	for (int c = 0; c < N_COMMANDS; c++) {
		text_addz(out, ".TP\n\\fB");
		roff(out, commands[c].name);
		text_addz(out, "\\fR \\fI");
		roff(out, commands[c].arguments);
		text_addz(out, "\\fR\n");
		roff_line(out, "", commands[c].summary);
		text_addz(out, ".br\n");
		if (*commands[c].about)
			roff_line(out, "", commands[c].about);
	}
}

void help_man(struct text *out)
{
	text_addz(
		out,
		".TH CACHEPREDICT 1 \"\" \"cachepredict " CP_VERSION "\" \"User Commands\"\n"
		".SH NAME\ncachepredict \\- predict the cache hits of a container build before it starts\n"
		".SH SYNOPSIS\n.B cachepredict\n[\\fIcommand\\fR] [\\fIflags\\fR] [\\fIA\\fR..\\fIB\\fR] [\\fIcontext\\fR]\n.br\n"
		".B cachepredict\n[\\fIflags\\fR] [\\fIA\\fR..\\fIB\\fR] \\fB\\-\\-\\fR docker buildx build ...\n.SH DESCRIPTION\n");
	roff_line(
		out, "",
		"Compares the build of commit B with the build of commit A, which filled the cache, by the rules of BuildKit, and says "
		"of every step of the Dockerfile whether it will be a hit, a miss, depends on the output of a RUN, or is not known, "
		"and why. It reads a git repository, bare or not; it needs no daemon and runs nothing of the repository.");
	man_commands(out);
	for (int g = 0; g < GROUP_DOCKER; g++) {
		text_addf(out, ".SH \"FLAGS: %s\"\n", group_titles[g]);
		for (size_t i = 0; i < F_FIRST_DOCKER; i++)
			if ((int)flags[i].group == g)
				man_flag(out, &flags[i]);
	}
	text_addz(out, ".SH ENVIRONMENT\n");
	roff_line(
		out, "",
		"Every flag can be set as CACHEPREDICT_<FLAG>: in capitals, with underscores, lists one value a line. A flag wins over the "
		"environment, which wins over .cachepredict.json.");
	text_addz(out, ".TP\n.B NO_COLOR\nno colour\n");
	text_addz(
		out,
		".SH FILES\n.TP\n.B .cachepredict.json\nsettings of a repository, read from the base commit\n.SH \"EXIT STATUS\"\n");
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++) {
		text_addf(out, ".TP\n.B %s\n", exit_codes[i][0]);
		roff_line(out, "", exit_codes[i][1]);
	}
	text_addz(
		out,
		".SH EXAMPLES\n.nf\ncachepredict main..HEAD\ncachepredict \\-f docker/Dockerfile \\-\\-target runtime .\n"
		"cachepredict explain \"builder 3/4\" main..HEAD\ncachepredict paths \\-\\-format github\n.fi\n"
		".SH \"SEE ALSO\"\n.BR docker\\-buildx\\-build (1)\n");
}
