/* The Dockerfile's part of a split: COPY and RUN of the file become one pair a layer. */
#include "dockerfile/dockerfile.h"
#include "split_int.h"

struct place {
	const struct cp_command *copy, *run;
};

struct editor {
	struct cp_arena *a;
	struct cp_str context, base; /* base: name of the file without its folder */
	const struct cp_split_files *files;
	CP_VEC(struct cp_str) lines;
	CP_VEC(struct place) places;
	struct cp_err *err;
};

static int refuse(struct editor *ed, int line, const char *why)
{
	return cp_err_set(ed->err, CP_EUNSUPPORTED, "line %d of the Dockerfile %s", line, why);
}

/* ---- names in text ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

/* The file's name as a word of its own, at or after `from`; s.n = none. */
static size_t find_name(struct cp_str s, struct cp_str name, size_t from)
{
	size_t at = cp_str_find_str(s, name, from);

	while (at < s.n && ((at > 0 && is_word(s.p[at - 1])) ||
			    (at + name.n < s.n && is_word(s.p[at + name.n]))))
		at = cp_str_find_str(s, name, at + 1);
	return at;
}

static bool has(struct cp_str s, const char *what)
{
	return cp_str_find_str(s, cp_str_c(what), 0) < s.n;
}

/* The text with another name for the file, and `pip install` without dependencies: they are of later layers. */
static struct cp_str rename_in(struct cp_arena *a, struct cp_str s, struct cp_str from,
			       struct cp_str to, bool no_deps)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	size_t at = 0, next, install = cp_str_find_str(s, CP_S("install "), 0);
	size_t pip = cp_str_find_str(s, CP_S("pip"), 0);

	while (install < s.n &&
	       (pip > install || find_name(cp_str_sub(s, install, s.n), from, 0) == s.n - install))
		install = cp_str_find_str(s, CP_S("install "), install + 1);
	for (; at < s.n; at = next + from.n) {
		next = find_name(s, from, at);
		if (no_deps && install >= at && install < next && install < s.n) {
			cp_buf_adds(&b, cp_str_sub(s, at, install + 8));
			cp_buf_addz(&b, "--no-deps ");
			at = install + 8;
		}
		cp_buf_adds(&b, cp_str_sub(s, at, next));
		if (next >= s.n)
			break;
		cp_buf_adds(&b, to);
	}
	return cp_buf_error(&b) ? cp_str_n(NULL, 0) : cp_arena_str(a, cp_buf_str(&b));
}

/* ---- what can be edited ---- */

/* 1: takes the file by its name; 2: with the folder that it is in, so that files beside it come along; 3: by a pattern; 0: not at all. */
static int takes(struct editor *ed, const struct cp_command *c)
{
	int found = 0;

	if ((c->kind != CP_CMD_COPY && c->kind != CP_CMD_ADD) || c->from.p)
		return 0;
	for (size_t i = 0; i < c->n_sources; i++) {
		struct cp_str path = cp_path_join(
			ed->a, cp_str_eq(ed->context, CP_S(".")) ? CP_S("") : ed->context,
			cp_str_trim_left(c->sources[i], "/"));

		if (cp_str_eq(path, ed->files->path))
			return 1;
		if (has(c->sources[i], "*") || has(c->sources[i], "?") || has(c->sources[i], "["))
			found = find_name(c->sources[i], cp_str_sub(ed->base, 0, 4), 0) == 0 ||
						c->sources[i].p[0] == '*'
					? 3
					: found;
		else if (cp_str_eq(path, CP_S("")) || cp_str_eq(path, CP_S(".")) ||
			 (cp_str_starts(ed->files->path, path) && path.n < ed->files->path.n &&
			  ed->files->path.p[path.n] == '/'))
			found = 2;
	}
	return found;
}

static bool installs(const struct editor *ed, const struct cp_command *c)
{
	return c->kind == CP_CMD_RUN && find_name(c->code, ed->base, 0) < c->code.n &&
	       has(c->code, "pip") && (has(c->code, "install") || has(c->code, "sync"));
}

/* Commands that may run once a layer. */
static bool may_repeat(struct cp_str code)
{
	static const char *const allowed[] = {
		"echo ", "pip", "python",  "uv ",       "set ", "export ", "cd ", "apt-get", "apk ",
		"rm ",   ". ",  "source ", "mkdir -p ", "/",    "\"$",     "$",   "true"};
	struct cp_str rest = cp_str_trim(code, " \t\\\n\r");
	bool fine = true;

	while (fine && rest.n) {
		size_t end = cp_str_find_str(rest, CP_S("&&"), 0),
		       semicolon = cp_str_find(rest, ';', 0);
		bool known = false;

		end = semicolon < end ? semicolon : end;
		for (size_t i = 0; i < CP_LEN(allowed); i++)
			known = known || cp_str_starts(rest, cp_str_c(allowed[i]));
		fine = known || end == 0;
		rest = cp_str_trim_left(cp_str_from(rest, end + 1), "& \t\\\n\r");
	}
	return fine;
}

static int check_run(struct editor *ed, const struct cp_command *run)
{
	struct cp_str code = run->code, rest = cp_str_from(code, 3);
	size_t second =
		cp_str_find_str(code, CP_S(" -r"), cp_str_find_str(code, CP_S(" -r"), 0) + 1);

	if (!run->prepend_shell || run->n_heredocs)
		return refuse(ed, run->line, "installs in a form that is not edited by rule");
	if (has(code, "--prefix") || has(code, "--target") || has(code, " -t ") ||
	    has(code, "--root"))
		return refuse(
			ed, run->line,
			"installs into another folder, where pip does not see what an earlier layer installed");
	if (second < code.n && !has(code, "rm -r"))
		return refuse(ed, run->line, "installs several files at once");
	while (cp_str_starts(cp_str_trim_left(rest, " \t\\\n"), CP_S("--"))) {
		rest = cp_str_trim_left(rest, " \t\\\n");
		if (cp_str_starts(rest, CP_S("--mount=type=bind")))
			return refuse(ed, run->line, "reads files through a bind mount");
		rest = cp_str_from(rest, cp_str_find(rest, ' ', 0));
	}
	return may_repeat(rest)
		       ? 0
		       : refuse(ed, run->line,
				"does more than to install, and may not be able to run twice");
}

static int check_copy(struct editor *ed, const struct cp_command *c)
{
	if (c->n_heredocs || has(c->code, "[") || c->kind != CP_CMD_COPY)
		return refuse(ed, c->line, "copies the file in a form that is not edited by rule");
	for (size_t i = 0; i < ed->files->all->n_options; i++) {
		const struct cp_req_option *o = &ed->files->all->options[i];

		if (o->kind == CP_REQ_OPT_CONSTRAINT &&
		    find_name(c->code, o->value, 0) >= c->code.n)
			return refuse(ed, c->line, "does not copy the constraints along");
	}
	return 0;
}

/* The RUN that installs the file, with nothing between that reads it. */
static int find_run(struct editor *ed, const struct cp_stage *s, size_t at)
{
	struct place p = {.copy = s->commands[at]};
	int r = check_copy(ed, p.copy);

	for (size_t i = at + 1; r == 0 && !p.run && i < s->n_commands; i++) {
		const struct cp_command *c = s->commands[i];

		if (installs(ed, c))
			p.run = c;
		else if (c->kind == CP_CMD_COPY || c->kind == CP_CMD_ADD)
			break;
		else if (c->kind == CP_CMD_WORKDIR)
			return refuse(ed, c->line, "changes the folder between COPY and RUN");
		else if (c->kind == CP_CMD_RUN &&
			 (has(c->code, "requirements") || has(c->code, "*")))
			return refuse(ed, c->line, "may read the file before it is installed");
	}
	if (r < 0)
		return r;
	if (!p.run)
		return refuse(ed, p.copy->line,
			      "copies the file, and no RUN behind it installs it");
	r = check_run(ed, p.run);
	if (r == 0 && cp_vec_push(ed->a, &ed->places, p) < 0)
		r = cp_err_nomem(ed->err);
	return r;
}

/* No place at all: a Dockerfile that this concerns not, or that needs no edit. */
static int no_place(struct editor *ed, int whole_line)
{
	if (whole_line) {
		cp_err_set(
			ed->err, CP_ENOTFOUND,
			"line %d of the Dockerfile installs after the whole context is copied: copy the file alone before",
			whole_line);
		if (ed->err)
			ed->err->line = whole_line;
		return CP_ENOTFOUND;
	}
	return cp_err_set(ed->err, CP_ENOTFOUND, "the Dockerfile does not copy and install %.*s",
			  CP_STR(ed->files->path));
}

static int find_places(struct editor *ed, const struct cp_dockerfile *d)
{
	int whole_line = 0;

	for (size_t i = 0; i < d->n_stages; i++) {
		const struct cp_stage *s = &d->stages[i];
		bool all = false;

		for (size_t k = 0; k < s->n_commands; k++) {
			int how = takes(ed, s->commands[k]), r;

			if (how == 3 && !all)
				return refuse(ed, s->commands[k]->line,
					      "copies the file by a pattern");
			all = all || how == 2;
			if (!all && installs(ed, s->commands[k]) &&
			    has(s->commands[k]->code, "--mount=type=bind"))
				return check_run(ed, s->commands[k]);
			if (all && installs(ed, s->commands[k]) && !whole_line)
				whole_line = s->commands[k]->line;
			r = how == 1 && !all ? find_run(ed, s, k) : 0;
			if (r < 0)
				return r;
		}
	}
	return ed->places.n ? 0 : no_place(ed, whole_line);
}

/* ---- the edits ---- */

static int copy_of(struct editor *ed, const struct place *p, struct cp_str name,
		   struct cp_patch_lines *out)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	struct cp_str rest = p->copy->code, word, folder;
	size_t slash;

	cp_buf_addz(&b, "COPY");
	while (cp_str_split(&rest, ' ', &word))
		if (cp_str_starts(word, CP_S("--")))
			cp_buf_printf(&b, " %.*s", CP_STR(word));
	for (size_t i = 0; i < p->copy->n_sources; i++) {
		struct cp_str s = p->copy->sources[i];
		bool wanted = false;

		slash = cp_str_rfind(s, '/');
		folder = cp_str_sub(s, 0, slash < s.n ? slash + 1 : 0);
		if (cp_str_eq(cp_str_from(s, folder.n), ed->base))
			cp_buf_printf(&b, " %.*s%.*s", CP_STR(folder), CP_STR(name));
		for (size_t k = 0; k < ed->files->all->n_options; k++)
			wanted = wanted ||
				 (ed->files->all->options[k].kind == CP_REQ_OPT_CONSTRAINT &&
				  find_name(s, ed->files->all->options[k].value, 0) < s.n);
		if (wanted)
			cp_buf_printf(&b, " %.*s", CP_STR(s));
	}
	word = rename_in(ed->a, p->copy->dest, ed->base, name, false);
	cp_buf_printf(&b, " %.*s\n", CP_STR(word));
	if (cp_buf_error(&b) || !word.p)
		return CP_ENOMEM;
	return cp_patch_add_line(ed->a, out, '+', cp_arena_str(ed->a, cp_buf_str(&b)));
}

static int run_of(struct editor *ed, const struct place *p, struct cp_str name,
		  struct cp_patch_lines *out)
{
	bool no_deps = !has(p->run->code, "--no-deps") && !has(p->run->code, "sync ");
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	struct cp_str text;
	int r = 0;

	for (int i = p->run->line; i <= p->run->line_end; i++)
		cp_buf_adds(&b, ed->lines.items[i - 1]);
	if (b.n && b.p[b.n - 1] != '\n')
		cp_buf_addc(&b, '\n');
	if (cp_buf_error(&b))
		return CP_ENOMEM;
	text = rename_in(ed->a, cp_buf_str(&b), ed->base, name, no_deps);
	if (!text.p)
		return CP_ENOMEM;
	while (r == 0 && text.n) {
		size_t end = cp_str_find(text, '\n', 0) + 1;

		r = cp_patch_add_line(ed->a, out, '+', cp_str_sub(text, 0, end));
		text = cp_str_from(text, end);
	}
	return r;
}

static int add_layers(struct editor *ed, const struct place *p, struct cp_patch_lines *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ed->files->n_layers; i++) {
		struct cp_str name = cp_path_base(ed->files->layers[i]);

		r = copy_of(ed, p, name, out);
		if (r == 0)
			r = run_of(ed, p, name, out);
	}
	return r;
}

/* ENV and the like between COPY and RUN stay before both: the COPY moves down. */
static bool moves(const struct editor *ed, const struct place *p)
{
	bool between = false;

	for (int i = p->copy->line_end + 1; i < p->run->line; i++) {
		struct cp_str line = cp_str_trim(ed->lines.items[i - 1], " \t\r\n");

		between = between || (line.n && line.p[0] != '#');
	}
	return between;
}

static int edit_line(struct editor *ed, int line, struct cp_patch_lines *out)
{
	char op = ' ';
	int r = 0;

	for (size_t i = 0; r == 0 && i < ed->places.n; i++) {
		const struct place *p = &ed->places.items[i];
		bool moved = moves(ed, p);

		if (line == (moved ? p->run->line : p->copy->line))
			r = add_layers(ed, p, out);
		for (int k = p->copy->line;
		     r == 0 && moved && line == p->run->line && k <= p->copy->line_end; k++)
			r = cp_patch_add_line(ed->a, out, '+', ed->lines.items[k - 1]);
		if (moved && line >= p->copy->line && line <= p->copy->line_end)
			op = '-';
	}
	return r < 0 ? r : cp_patch_add_line(ed->a, out, op, ed->lines.items[line - 1]);
}

int cp_split_dockerfile(struct cp_arena *a, struct cp_str text, struct cp_str name,
			struct cp_str context, const struct cp_split_files *files,
			struct cp_patch_lines *ret_edits, struct cp_err *err)
{
	struct editor ed = {.a = a, .context = context, .files = files, .err = err};
	const struct cp_dockerfile *d;
	int r = cp_dockerfile_parse(a, text, name, &d, err);

	if (r < 0)
		return r;
	if (cp_str_find(text, '\r', 0) < text.n || (d->escape_char != '\\'))
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "a Dockerfile with CRLF or another escape is not edited by rule");
	ed.base = cp_path_base(files->path);
	while (text.n) {
		size_t end = cp_str_find(text, '\n', 0) + 1;

		if (cp_vec_push(a, &ed.lines, cp_str_sub(text, 0, end)) < 0)
			return cp_err_nomem(err);
		text = cp_str_from(text, end);
	}
	r = find_places(&ed, d);
	for (size_t i = 1; r == 0 && i <= ed.lines.n; i++)
		if (edit_line(&ed, (int)i, ret_edits) < 0)
			r = cp_err_nomem(err);
	return r;
}
