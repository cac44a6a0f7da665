/* Shell text, as far as rules look at it: simple commands and their words. Expansions stay as they are written. */
#include "advise/advise_int.h"

struct reader {
	struct cp_arena *a;
	struct cp_str text;
	size_t at;
	CP_VEC(struct cp_str) words;
	CP_VEC(struct cp_simple) commands;
	int failed;
};

static bool is_end(char c)
{
	return c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' || c == ')';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* NAME=value */
static bool is_assignment(struct cp_str w)
{
	size_t eq = cp_str_find(w, '=', 0);

	for (size_t i = 0; i < eq; i++) {
		char c = (char)(w.p[i] | 32);

		if (!(c >= 'a' && c <= 'z') && w.p[i] != '_' && (w.p[i] < '0' || w.p[i] > '9'))
			return false;
	}
	return eq > 0 && eq < w.n;
}

static void end_command(struct reader *r)
{
	static const char *const before[] = {"sudo", "exec", "time", "env", "then",
					     "do",   "else", "if",   "!",   "{"};
	size_t at = 0;

	while (at < r->words.n && (is_assignment(r->words.items[at]) ||
				   cp_advise_is_one_of(r->words.items[at], before, CP_LEN(before))))
		at++;
	if (at < r->words.n) {
		struct cp_simple s = {.words = r->words.items + at,
				      .n = r->words.n - at,
				      .assignments = r->words.items,
				      .n_assignments = at};

		s.program = cp_path_base(s.words[0]);
		if (cp_vec_push(r->a, &r->commands, s) < 0)
			r->failed = CP_ENOMEM;
	}
	r->words.items = NULL;
	r->words.n = r->words.cap = 0;
}

/* The end of what is in quotes, from the byte after the opening one. */
static size_t quoted(struct reader *r, char quote, struct cp_buf *out)
{
	size_t i = r->at;

	for (; i < r->text.n && r->text.p[i] != quote; i++) {
		if (quote == '"' && r->text.p[i] == '\\' && i + 1 < r->text.n)
			i++;
		cp_buf_addc(out, r->text.p[i]);
	}
	return i < r->text.n ? i + 1 : i;
}

static void read_word(struct reader *r)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_str word;

	while (r->at < r->text.n && !is_blank(r->text.p[r->at]) && !is_end(r->text.p[r->at])) {
		char c = r->text.p[r->at++];

		if (c == '\'' || c == '"') {
			r->at = quoted(r, c, &out);
			continue;
		}
		if (c == '\\' && r->at < r->text.n) {
			c = r->text.p[r->at++];
			if (c == '\n')
				continue;
		}
		cp_buf_addc(&out, c);
	}
	word = cp_arena_str(r->a, cp_buf_str(&out));
	if (cp_buf_error(&out) == CP_ENOMEM || !word.p || cp_vec_push(r->a, &r->words, word) < 0)
		r->failed = CP_ENOMEM;
}

static int read_text(struct reader *r, struct cp_str text)
{
	r->text = text;
	r->at = 0;
	while (!r->failed && r->at < text.n) {
		char c = text.p[r->at];

		if (is_end(c)) {
			end_command(r);
			r->at++;
		} else if (is_blank(c)) {
			r->at++;
		} else if (c == '#') { /* where a word would begin */
			r->at = cp_str_find(text, '\n', r->at);
		} else {
			read_word(r);
		}
	}
	end_command(r);
	return r->failed;
}

/* sh -c 'text' */
static bool is_shell_call(const struct cp_command *c)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash"};

	return c->n_words == 3 && cp_str_eq(c->words[1], CP_S("-c")) &&
	       cp_advise_is_one_of(cp_path_base(c->words[0]), shells, CP_LEN(shells));
}

int cp_advise_script(struct cp_arena *a, const struct cp_command *command,
		     struct cp_script *ret_script)
{
	struct reader r = {.a = a};
	int failed = 0;

	if (command->prepend_shell && command->n_words) {
		failed = read_text(&r, command->words[0]);
	} else if (is_shell_call(command)) {
		failed = read_text(&r, command->words[2]);
	} else {
		for (size_t i = 0; !failed && i < command->n_words; i++)
			failed = cp_vec_push(a, &r.words, command->words[i]);
		end_command(&r);
	}
	for (size_t i = 0; !failed && i < command->n_heredocs; i++)
		failed = read_text(&r, command->heredocs[i].content);
	if (failed || r.failed)
		return CP_ENOMEM;
	ret_script->commands = r.commands.items;
	ret_script->n = r.commands.n;
	return 0;
}

bool cp_simple_has(const struct cp_simple *s, const char *word)
{
	for (size_t i = 1; i < s->n; i++)
		if (cp_str_eq(s->words[i], cp_str_c(word)))
			return true;
	return false;
}

bool cp_simple_is(const struct cp_simple *s, const char *program, const char *verb)
{
	size_t i = 1;

	if (!cp_str_eq(s->program, cp_str_c(program)))
		return false;
	while (i < s->n && cp_str_starts(s->words[i], CP_S("-")))
		i++;
	return i < s->n && cp_str_eq(s->words[i], cp_str_c(verb));
}

size_t cp_simple_pip(const struct cp_simple *s)
{
	struct cp_str p = s->program;
	size_t i = 1;

	if (cp_str_eq(p, CP_S("uv")) && s->n > 2 && cp_str_eq(s->words[1], CP_S("pip")))
		i = 2;
	else if (cp_str_starts(p, CP_S("python")) && s->n > 2 &&
		 cp_str_eq(s->words[1], CP_S("-m")) && cp_str_eq(s->words[2], CP_S("pip")))
		i = 3;
	else if (!cp_str_eq(p, CP_S("pip")) && !cp_str_starts(p, CP_S("pip3")))
		return 0;
	while (i < s->n && cp_str_starts(s->words[i], CP_S("-")))
		i++;
	return i < s->n && cp_str_eq(s->words[i], CP_S("install")) ? i + 1 : 0;
}
