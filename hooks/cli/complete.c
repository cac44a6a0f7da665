/* Completion scripts. The words come from the tables, so they cannot fall behind the parser. */
#include <string.h>

#include "help.h"

static bool is_file(const struct flag *f)
{
	return f->choices && strcmp(f->choices, "<file>") == 0;
}

static bool is_folder(const struct flag *f)
{
	return f->choices && strcmp(f->choices, "<folder>") == 0;
}

static bool is_list(const struct flag *f)
{
	return f->choices && f->choices[0] != '<';
}

static void add_choices(struct text *out, const char *choices)
{
	for (; *choices; choices++)
		text_addc(out, *choices == '|' ? ' ' : *choices);
}

static void add_commands(struct text *out)
{
	for (int c = 0; c < N_COMMANDS; c++)
		text_addf(out, "%s%s", c ? " " : "", commands[c].name);
}

static void add_names(struct text *out, bool (*of)(const struct flag *f))
{
	bool any = false;

	for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
		if (!of(&flags[i]))
			continue;
		text_addf(out, "%s--%s", any ? "|" : "", flags[i].name);
		if (flags[i].letter)
			text_addf(out, "|-%c", flags[i].letter);
		any = true;
	}
}

static void bash(struct text *out)
{
	text_addz(
		out,
		"# bash completion of cachepredict, made by `cachepredict completion bash`\n_cachepredict() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n\tCOMPREPLY=()\n\tcase $prev in\n\t");
	add_names(out, is_file);
	text_addz(out, ") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n\t");
	add_names(out, is_folder);
	text_addz(out, ") COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n");
	for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
		if (!is_list(&flags[i]))
			continue;
		text_addf(out, "\t--%s) COMPREPLY=($(compgen -W '", flags[i].name);
		add_choices(out, flags[i].choices);
		text_addz(out, "' -- \"$cur\")); return ;;\n");
	}
	text_addz(
		out,
		"\tcompletion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n\tesac\n"
		"\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; i < F_FIRST_DOCKER; i++)
		text_addf(out, "%s--%s", i ? " " : "", flags[i].name);
	text_addz(
		out,
		"' -- \"$cur\"))\n\telif [[ $COMP_CWORD == 1 ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	add_commands(out);
	text_addz(
		out,
		"' -- \"$cur\") $(compgen -d -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -d -- \"$cur\"))\n\tfi\n}\n"
		"complete -o filenames -F _cachepredict cachepredict\n");
}

/* Text inside a word in single quotes; zsh's own signs in descriptions are escaped, too. */
static void quoted(struct text *out, const char *s, const char *escape)
{
	for (; *s; s++) {
		if (*s == '\'')
			text_addz(out, "'\\''");
		else if (strchr(escape, *s))
			text_addf(out, "\\%c", *s);
		else
			text_addc(out, *s);
	}
}

static void zsh_flag(struct text *out, const struct flag *f)
{
	bool many = f->kind == FLAG_LIST || f->kind == FLAG_WORDS || f->kind == FLAG_PAIRS;

	text_addf(out, "\t\t'%s--%s%s[", many ? "*" : "", f->name, f->value ? "=" : "");
	quoted(out, f->help, "[]:");
	text_addc(out, ']');
	if (f->value) {
		text_addc(out, ':');
		quoted(out, f->value, "[]:");
		text_addc(out, ':');
		if (is_file(f))
			text_addz(out, "_files");
		if (is_folder(f))
			text_addz(out, "_files -/");
		if (is_list(f)) {
			text_addc(out, '(');
			add_choices(out, f->choices);
			text_addc(out, ')');
		}
	}
	text_addz(out, "' \\\n");
}

static void zsh(struct text *out)
{
	text_addz(
		out,
		"#compdef cachepredict\n# made by `cachepredict completion zsh`\n_cachepredict() {\n\tlocal -a names\n\tnames=(\n");
	for (int c = 0; c < N_COMMANDS; c++) {
		text_addf(out, "\t\t'%s:", commands[c].name);
		quoted(out, commands[c].summary, ":");
		text_addz(out, "'\n");
	}
	text_addz(out, "\t)\n\t_arguments \\\n");
	for (size_t i = 0; i < F_FIRST_DOCKER; i++)
		zsh_flag(out, &flags[i]);
	text_addz(
		out,
		"\t\t'1: :{ _describe command names; _files -/ }' \\\n\t\t'*:folder:_files -/'\n}\n"
		"if [[ $funcstack[1] == _cachepredict ]]; then\n\t_cachepredict \"$@\"\nelse\n\tcompdef _cachepredict cachepredict\nfi\n");
}

static void fish(struct text *out)
{
	text_addz(out,
		  "# fish completion of cachepredict, made by `cachepredict completion fish`\n");
	for (int c = 0; c < N_COMMANDS; c++) {
		text_addf(out, "complete -c cachepredict -n __fish_use_subcommand -a %s -d '",
			  commands[c].name);
		quoted(out, commands[c].summary, "");
		text_addz(out, "'\n");
	}
	for (size_t i = 0; i < F_FIRST_DOCKER; i++) {
		const struct flag *f = &flags[i];

		text_addf(out, "complete -c cachepredict -l %s", f->name);
		if (f->letter)
			text_addf(out, " -s %c", f->letter);
		if (f->value)
			text_addz(out, is_file(f) ? " -r -F" : " -x");
		if (is_folder(f))
			text_addz(out, " -a '(__fish_complete_directories)'");
		if (is_list(f)) {
			text_addz(out, " -a '");
			add_choices(out, f->choices);
			text_addc(out, '\'');
		}
		text_addz(out, " -d '");
		quoted(out, f->help, "");
		text_addz(out, "'\n");
	}
	text_addz(
		out,
		"complete -c cachepredict -n '__fish_seen_subcommand_from completion' -x -a 'bash zsh fish'\n");
}

bool complete_script(struct text *out, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		bash(out);
	else if (strcmp(shell, "zsh") == 0)
		zsh(out);
	else if (strcmp(shell, "fish") == 0)
		fish(out);
	else
		return false;
	return true;
}
