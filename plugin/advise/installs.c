/* The order of installs and copies, and what installs leave behind. */
#include "advise/advise_int.h"

/* ---- what a command installs, and from which files of the context alone ---- */

struct install {
	const char *what;        /* "pip install" */
	const char *first;       /* what installs without the project itself; NULL = `what` does */
	struct cp_str *manifest; /* the files that it reads */
	size_t n;
	bool pip;
	bool alone; /* nothing else of the RUN reads the context */
	bool moved; /* the RUN stands in another folder by then */
};

#define NODE_READS_MORE                                                                            \
	{                                                                                          \
		"\"postinstall\"", "\"prepare\"", "\"preinstall\"", "workspaces", "\"file:"        \
	}

/* A manifest, and words in it that make the install read more than manifests. */
struct tool {
	const char *program, *verb; /* verb "" = none */
	const char *what, *manifest;
	const char *reads_more[5];
	const char *beside[3]; /* what it reads beside the manifest, where it is there */
	const char *first;     /* the project itself is installed, too, but by this */
	const char *flags[3];  /* of it, any of which will do */
	const char *project;   /* what a manifest holds whose project is installed; NULL = each */
};
static const struct tool tools[] = {
	{"npm",
	 "ci",
	 "npm ci",
	 "package.json",
	 NODE_READS_MORE,
	 {"package-lock.json", "npm-shrinkwrap.json", ".npmrc"}},
	{"npm",
	 "install",
	 "npm install",
	 "package.json",
	 NODE_READS_MORE,
	 {"package-lock.json", "npm-shrinkwrap.json", ".npmrc"}},
	{"yarn",
	 "install",
	 "yarn install",
	 "package.json",
	 NODE_READS_MORE,
	 {"yarn.lock", ".yarnrc.yml", ".yarnrc"}},
	{"yarn",
	 "",
	 "yarn",
	 "package.json",
	 NODE_READS_MORE,
	 {"yarn.lock", ".yarnrc.yml", ".yarnrc"}},
	{"pnpm",
	 "install",
	 "pnpm install",
	 "package.json",
	 NODE_READS_MORE,
	 {"pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"}},
	{"uv",
	 "sync",
	 "uv sync",
	 "pyproject.toml",
	 {"workspace", "path =", "path="},
	 {"uv.lock", ".python-version"},
	 "uv sync --no-install-project",
	 {"--no-install-project", "--no-install-workspace", "--only-group"},
	 "[build-system]"},
	{"poetry",
	 "install",
	 "poetry install",
	 "pyproject.toml",
	 {"path =", "path=", "develop ="},
	 {"poetry.lock", "poetry.toml"},
	 "poetry install --no-root",
	 {"--no-root"},
	 NULL},
	{"pipenv",
	 "install",
	 "pipenv install",
	 "Pipfile",
	 {"path =", "path=", "editable"},
	 {"Pipfile.lock"}},
	{"pipenv",
	 "sync",
	 "pipenv sync",
	 "Pipfile",
	 {"path =", "path=", "editable"},
	 {"Pipfile.lock"}},
	{"bundle",
	 "install",
	 "bundle install",
	 "Gemfile",
	 {"gemspec", "path:", "path =>"},
	 {"Gemfile.lock"}},
	{"go", "mod", "go mod download", "go.mod", {"=> ."}, {"go.sum"}},
};

/* A command of a RUN, and where it stands. */
struct call {
	struct cp_adviser *ad;
	const struct cp_stage_view *v;
	size_t command;
	struct cp_str cwd; /* in the image; p NULL = not known */
};

/* A file that a command names as one of the context; where its COPY is not found, as it is written. */
static struct cp_str file_of(const struct call *c, struct cp_str name)
{
	struct cp_str full = c->cwd.p ? cp_advise_path_at(c->ad, c->cwd, name) : c->cwd;
	struct cp_str found = full.p ? cp_advise_in_context(c->ad, c->v, c->command, full) : full;

	return found.p ? found : name;
}

/* `program verb`, or the program with options alone. */
static bool is_call(const struct tool *t, const struct cp_simple *s)
{
	if (*t->verb)
		return cp_simple_is(s, t->program, t->verb);
	if (!cp_str_eq(s->program, cp_str_c(t->program)))
		return false;
	for (size_t i = 1; i < s->n; i++)
		if (!cp_str_starts(s->words[i], CP_S("-")))
			return false;
	return !cp_simple_has(s, "--version") && !cp_simple_has(s, "--help");
}

/* Options whose value is the next word. */
static bool takes_word(struct cp_str option)
{
	static const char *const names[] = {
		"--network-timeout", "--registry", "--omit",   "--include", "--only",
		"--loglevel",        "--jobs",     "--retry",  "--extra",   "--extras",
		"--group",           "--no-group", "--python", "--with",    "--without"};

	return cp_advise_is_one_of(option, names, CP_LEN(names));
}

/* A word after the verb that is no option: one package, not the project. */
static bool names_package(const struct tool *t, const struct cp_simple *s)
{
	bool after = false;

	for (size_t i = 1; i < s->n && *t->verb; i++) {
		if (after && !cp_str_starts(s->words[i], CP_S("-")) &&
		    !takes_word(s->words[i - 1]) && !cp_str_eq(s->words[i], CP_S("download")))
			return true;
		after = after || cp_str_eq(s->words[i], cp_str_c(t->verb));
	}
	return false;
}

static bool has_any(const struct cp_simple *s, const char *const *flags, size_t n)
{
	for (size_t i = 0; i < n && flags[i]; i++)
		if (cp_simple_has(s, flags[i]))
			return true;
	return false;
}

/* The files that it reads; false when it reads more, or its manifest is not there. */
static bool files_of(const struct call *c, const struct tool *t, const struct cp_simple *s,
		     struct install *ret)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(1u << 20);
	struct cp_str *files = cp_arena_array(c->ad->a, 1 + CP_LEN(t->beside), sizeof(*files));

	if (!files)
		return false;
	files[0] = file_of(c, cp_str_c(t->manifest));
	if (!cp_advise_read(c->ad, files[0], &text))
		return false;
	for (size_t i = 0; i < CP_LEN(t->reads_more) && t->reads_more[i]; i++)
		if (cp_advise_holds(cp_buf_str(&text), t->reads_more[i]))
			return false;
	*ret = (struct install){.what = t->what, .manifest = files, .n = 1};
	if (t->first && !has_any(s, t->flags, CP_LEN(t->flags)) &&
	    (!t->project || cp_advise_holds(cp_buf_str(&text), t->project)))
		ret->first = t->first;
	for (size_t i = 0; i < CP_LEN(t->beside) && t->beside[i]; i++) {
		struct cp_str path = file_of(c, cp_str_c(t->beside[i]));

		if (cp_advise_is(c->ad, path, CP_NODE_FILE))
			files[ret->n++] = path;
	}
	return true;
}

static const struct tool *tool_of(const struct cp_simple *s)
{
	for (size_t i = 0; i < CP_LEN(tools); i++)
		if (is_call(&tools[i], s) && !names_package(&tools[i], s) &&
		    !cp_simple_has(s, "-g") && !cp_simple_has(s, "--global") &&
		    !cp_simple_has(s, "--only-root")) /* poetry: the project alone */
			return &tools[i];
	return NULL;
}

/* Is it an install that needs its manifests only? false: it is none, or nobody can tell. */
static bool install_of(const struct call *c, const struct cp_simple *s, struct install *ret)
{
	const struct tool *t = tool_of(s);
	cp_str_vec files = {0};
	struct cp_pip pip;

	if (t)
		return files_of(c, t, s, ret);
	if (!cp_simple_pip(s) || cp_advise_pip(c->ad->a, s, &pip) < 0 || pip.local || !pip.files.n)
		return false;
	for (size_t i = 0; i < pip.files.n; i++)
		if (!cp_advise_includes(c->ad, file_of(c, pip.files.items[i]), &files))
			return false;
	*ret = (struct install){.what = cp_str_eq(s->program, CP_S("uv")) ? "uv pip install"
									  : "pip install",
				.manifest = files.items,
				.n = files.n,
				.pip = true};
	return true;
}

/* ---- deps-after-copy ---- */

static struct cp_str trim_path(struct cp_str s)
{
	while (cp_str_starts(s, CP_S("./")))
		s = cp_str_from(s, 2);
	s = cp_str_trim_right(s, "/");
	return cp_str_eq(s, CP_S(".")) ? CP_S("") : s;
}

static bool is_code_file(struct cp_str s)
{
	static const char *const ends[] = {".py", ".js", ".ts", ".go", ".rb"};

	if (cp_str_eq(cp_path_base(s), CP_S("setup.py")))
		return false;
	for (size_t i = 0; i < CP_LEN(ends); i++)
		if (cp_str_ends(s, cp_str_c(ends[i])))
			return true;
	return false;
}

/* Does this COPY bring what an install does not read? Its source, or p NULL. */
static struct cp_str extra_source(struct cp_adviser *ad, const struct cp_command *c)
{
	if ((c->kind != CP_CMD_COPY && c->kind != CP_CMD_ADD) || c->from.p)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < c->n_sources; i++) {
		struct cp_str s = trim_path(c->sources[i]);

		if (cp_str_find(s, '$', 0) < s.n || cp_str_find(s, '*', 0) < s.n)
			continue;
		if (!s.n || cp_advise_is(ad, s, CP_NODE_DIR) || is_code_file(s))
			return s.n ? s : CP_S(".");
	}
	return (struct cp_str){NULL, 0};
}

/* Something that the install, or what runs before it, names. */
static bool is_used(const struct cp_stage_view *v, size_t from, size_t to, struct cp_str source)
{
	struct cp_str base = cp_path_base(source);
	char name[256];

	if (cp_str_eq(source, CP_S(".")) || base.n >= sizeof(name))
		return !cp_str_eq(source, CP_S("."));
	for (size_t i = 0; i < base.n; i++)
		name[i] = (char)(base.p[i] >= 'A' && base.p[i] <= 'Z' ? base.p[i] | 32 : base.p[i]);
	name[base.n] = '\0';
	for (size_t i = from; i <= to; i++)
		if (v->stage->commands[i]->kind == CP_CMD_RUN &&
		    cp_advise_holds(v->stage->commands[i]->code, name))
			return true;
	return false;
}

/* What may stand before an install in its RUN without reading the context. */
static bool is_neutral(const struct cp_simple *s)
{
	static const char *const names[] = {"apt-get", "apt", "apk",      "set",   "mkdir",
					    "echo",    "rm",  "corepack", "export"};

	if (cp_simple_pip(s))
		return true;
	if (cp_str_starts(s->program, CP_S("python")))
		return s->n > 2 && cp_str_eq(s->words[1], CP_S("-m")) &&
		       (cp_str_eq(s->words[2], CP_S("venv")) ||
			cp_str_eq(s->words[2], CP_S("ensurepip")));
	return cp_advise_is_one_of(s->program, names, CP_LEN(names));
}

/* A call of pip that reads more of the context than files of requirements. */
static bool is_local(struct cp_adviser *ad, const struct cp_simple *s)
{
	struct cp_pip pip;

	return cp_simple_pip(s) &&
	       (cp_advise_failed(ad, cp_advise_pip(ad->a, s, &pip)) || pip.local);
}

static bool is_neutral_call(const struct cp_simple *s)
{
	return is_neutral(s) || cp_simple_is(s, "npm", "config") ||
	       cp_simple_is(s, "npm", "cache") || cp_simple_is(s, "yarn", "config") ||
	       cp_simple_is(s, "yarn", "cache") || cp_simple_is(s, "pnpm", "config") ||
	       cp_simple_is(s, "poetry", "config") || cp_simple_is(s, "uv", "venv") ||
	       cp_simple_is(s, "uv", "cache");
}

/* The first install of a RUN, with nothing before it that reads the context. */
static bool find_install(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			 struct install *ret)
{
	const struct cp_script *s = &v->scripts[command];
	const struct cp_op *op = v->steps[command] ? v->steps[command]->op : NULL;
	struct call c = {.ad = ad, .v = v, .command = command};
	bool moved = false;
	size_t at = 0;

	if (op && op->kind == CP_OP_EXEC)
		c.cwd = op->exec.cwd;
	for (; at < s->n && !install_of(&c, &s->commands[at], ret); at++) {
		const struct cp_simple *call = &s->commands[at];

		if (cp_str_eq(call->program, CP_S("cd")) && call->n == 2) {
			c.cwd = c.cwd.p ? cp_advise_path_at(ad, c.cwd, call->words[1]) : c.cwd;
			moved = true;
		} else if (!is_neutral_call(call) || is_local(ad, call)) {
			return false;
		}
	}
	if (at >= s->n)
		return false;
	ret->moved = moved;
	ret->alone = !ret->first;
	while (++at < s->n)
		ret->alone = ret->alone && !is_local(ad, &s->commands[at]) &&
			     is_neutral_call(&s->commands[at]);
	return true;
}

bool cp_advise_install_of(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			  struct cp_install_step *ret)
{
	struct install in;

	if (!find_install(ad, v, command, &in))
		return false;
	*ret = (struct cp_install_step){
		.does_more = !in.alone, .what = in.what, .files = in.manifest, .n_files = in.n};
	return true;
}

/* The tools that a RUN calls, 1 << index. */
static unsigned tools_in(const struct cp_script *s)
{
	unsigned found = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct tool *t = tool_of(&s->commands[i]);

		found |= t ? 1u << (t - tools) : 0;
	}
	return found;
}

/* COPY . . and the pip install right after it, all files beside each other: first the files, then pip, then the rest. */
static const struct cp_edit *swapped(struct cp_adviser *ad, const struct cp_command *copy,
				     const struct cp_command *run, const struct install *in)
{
	struct cp_edit *e = CP_NEW(ad->a, struct cp_edit);
	struct cp_str files = CP_S(""), dest = trim_path(copy->dest);

	if (!e || !in->pip || in->moved || copy->n_sources != 1 || trim_path(copy->sources[0]).n ||
	    dest.n || copy->chown.p || copy->chmod.p || copy->link || copy->parents ||
	    copy->n_excludes || copy->n_heredocs || copy->line < 1 ||
	    run->line != copy->line_end + 1 || (size_t)run->line_end > ad->n_lines)
		return NULL;
	for (size_t i = 0; i < in->n; i++) {
		struct cp_str f = in->manifest[i];

		for (size_t k = 0; k < f.n; k++)
			if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
				    f.p[k]))
				return NULL;
		files = cp_arena_printf(ad->a, "%.*s%.*s ", CP_STR(files), CP_STR(f));
	}
	e->line = copy->line;
	e->line_end = run->line_end;
	e->text = cp_arena_printf(ad->a, "COPY %.*s%s\n%.*s%.*s", CP_STR(files),
				  in->n > 1 ? "./" : ".",
				  CP_STR(cp_advise_lines(ad, run->line, run->line_end)),
				  CP_STR(cp_advise_lines(ad, copy->line, copy->line_end)));
	return e->text.p ? e : NULL;
}

static struct cp_str why_after_copy(struct cp_adviser *ad, const struct install *in)
{
	const char *more = in->n > 1 || !in->pip ? " and what belongs to it" : "";

	if (in->first)
		return cp_arena_printf(
			ad->a,
			"any change there installs everything anew; copy %.*s%s first, run %s, then "
			"copy the rest and install the project",
			CP_STR(in->manifest[0]), more, in->first);
	return cp_arena_printf(ad->a,
			       "any change there installs everything anew; copy %.*s%s first, "
			       "install, then copy the rest",
			       CP_STR(in->manifest[0]), more);
}

static int say_after_copy(struct cp_adviser *ad, const struct cp_stage_view *v, size_t copied,
			  size_t at, struct cp_str source, const struct install *in)
{
	const struct cp_command *copy = v->stage->commands[copied], *c = v->stage->commands[at];
	bool whole = cp_str_eq(source, CP_S("."));
	struct cp_finding *f = cp_advise_put(
		ad, CP_ADVISE_DEPS_AFTER_COPY, ad->in->dockerfile_path, c->line, c->line_end,
		cp_arena_printf(ad->a, "%s follows COPY of %.*s (line %d)", in->what,
				CP_STR(whole ? CP_S("the whole context") : source), copy->line),
		why_after_copy(ad, in));

	if (!f)
		return CP_ENOMEM;
	f->count = in->alone ? CP_COUNT_IDLE : CP_COUNT_NONE;
	f->edit = in->alone && at == copied + 1 ? swapped(ad, copy, c, in) : NULL;
	f->trial = f->edit ? CP_TRIAL_EDIT : CP_TRIAL_NONE;
	return 0;
}

static int after_copy(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	struct cp_str source = {NULL, 0};
	size_t copied = 0;
	unsigned before =
		0; /* tools above the COPY: what they installed is there, and is completed below it */

	for (size_t i = 0; i < v->stage->n_commands; i++) {
		struct cp_install_step builds;
		struct install in;

		if (!source.p) {
			source = extra_source(ad, v->stage->commands[i]);
			copied = i;
			before |= tools_in(&v->scripts[i]);
			continue;
		}
		if (v->stage->commands[i]->kind != CP_CMD_RUN ||
		    (tools_in(&v->scripts[i]) & before) || !find_install(ad, v, i, &in))
			continue;
		if (!in.alone && cp_advise_is_stage(ad, v, i, &builds))
			continue; /* which is said instead */
		return is_used(v, copied, i, source)
			       ? 0
			       : say_after_copy(ad, v, copied, i, source, &in);
	}
	return 0;
}

/* ---- volatile-early ---- */

static bool is_volatile(struct cp_str name)
{
	static const char *const names[] = {
		"GIT_COMMIT",        "GIT_SHA",         "GIT_HASH",
		"GIT_REV",           "GIT_REVISION",    "COMMIT",
		"COMMIT_SHA",        "COMMIT_HASH",     "SOURCE_COMMIT",
		"VCS_REF",           "REVISION",        "BUILD_DATE",
		"BUILD_TIME",        "BUILD_TIMESTAMP", "BUILD_ID",
		"BUILD_NUMBER",      "CI_COMMIT_SHA",   "CI_COMMIT_SHORT_SHA",
		"CI_PIPELINE_ID",    "GITHUB_SHA",      "GITHUB_RUN_ID",
		"GITHUB_RUN_NUMBER", "CACHEBUST",       "CACHE_BUST"};

	return cp_advise_is_one_of(name, names, CP_LEN(names));
}

static bool installs(const struct cp_script *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct cp_simple *c = &s->commands[i];

		if (cp_simple_pip(c) || cp_simple_is(c, "apt-get", "install") ||
		    cp_simple_is(c, "npm", "ci") || cp_simple_is(c, "npm", "install") ||
		    cp_simple_is(c, "uv", "sync") || cp_simple_is(c, "poetry", "install") ||
		    cp_simple_is(c, "yarn", "install") || cp_simple_is(c, "pnpm", "install"))
			return true;
	}
	return false;
}

/* The argument that a value is made of: of $NAME, ${NAME} and ${NAME:-x} the name; "" = of none, or of more than one. */
static struct cp_str argument_in(struct cp_str value)
{
	size_t from = cp_str_find(value, '$', 0), to;

	if (from >= value.n || cp_str_find(value, '$', from + 1) < value.n)
		return CP_S("");
	from += 1 + (from + 1 < value.n && value.p[from + 1] == '{');
	for (to = from; to < value.n; to++) {
		char c = (char)(value.p[to] | 32);

		if (!(c >= 'a' && c <= 'z') && value.p[to] != '_' &&
		    (value.p[to] < '0' || value.p[to] > '9'))
			break;
	}
	return cp_str_sub(value, from, to);
}

/* A volatile name that an ENV sets, or an ARG declares; "" = none. *ret_argument: what a build gives another value to. */
static struct cp_str volatile_name(const struct cp_command *c, struct cp_str *ret_argument)
{
	if (c->kind != CP_CMD_ARG && c->kind != CP_CMD_ENV)
		return CP_S("");
	for (size_t i = 0; i < c->n_pairs; i++) {
		bool constant = c->kind == CP_CMD_ENV &&
				cp_str_find(c->pairs[i].value, '$', 0) == c->pairs[i].value.n;

		if (!is_volatile(c->pairs[i].key) || constant)
			continue;
		*ret_argument =
			c->kind == CP_CMD_ARG ? c->pairs[i].key : argument_in(c->pairs[i].value);
		return c->pairs[i].key;
	}
	return CP_S("");
}

static int early(struct cp_adviser *ad, const struct cp_stage_view *v)
{
	for (size_t i = 0; i < v->stage->n_commands; i++) {
		const struct cp_command *c = v->stage->commands[i], *next = NULL;
		struct cp_str argument = CP_S(""), name = volatile_name(c, &argument);
		struct cp_finding *f;

		if (!name.n)
			continue;
		for (size_t k = i + 1; !next && k < v->stage->n_commands; k++)
			if (v->stage->commands[k]->kind == CP_CMD_RUN && installs(&v->scripts[k]))
				next = v->stage->commands[k];
		if (!next)
			return 0;
		f = cp_advise_put(
			ad, CP_ADVISE_VOLATILE_EARLY, ad->in->dockerfile_path, c->line, c->line_end,
			cp_arena_printf(ad->a, "%.*s is set before the install of line %d",
					CP_STR(name), next->line),
			CP_S("it is a part of the key of every RUN below it: each new value installs "
			     "everything anew; set it after the last RUN that does not need it"));
		if (!f)
			return CP_ENOMEM;
		f->trial = argument.n ? CP_TRIAL_ARGUMENT : CP_TRIAL_NONE;
		f->trial_text = argument;
		return 0;
	}
	return 0;
}

/* ---- pip-cache ---- */

/* Does it tell pip for all that follows? */
static bool sets_no_cache(const struct cp_command *c)
{
	static const char *const names[] = {"PIP_NO_CACHE_DIR", "PIP_CONFIG_FILE", "PIP_CACHE_DIR"};

	if (c->kind == CP_CMD_RUN)
		return cp_advise_holds(c->code, "pip config");
	if (c->kind != CP_CMD_ENV && c->kind != CP_CMD_ARG)
		return false;
	for (size_t k = 0; k < c->n_pairs; k++)
		if (cp_advise_is_one_of(c->pairs[k].key, names, CP_LEN(names)))
			return true;
	return false;
}

/* The one line of the RUN that has the one "pip install", with the flag in it. */
static const struct cp_edit *with_flag(struct cp_adviser *ad, const struct cp_command *c)
{
	static const struct cp_str call = CP_S_INIT("pip install");
	struct cp_edit *e = CP_NEW(ad->a, struct cp_edit);
	size_t n = 0;

	for (int at = c->line; e && at > 0 && at <= c->line_end && (size_t)at <= ad->n_lines;
	     at++) {
		struct cp_str line = ad->lines[at - 1];
		size_t found = cp_str_find_str(line, call, 0);

		if (found == line.n)
			continue;
		n += cp_str_find_str(line, call, found + 1) == line.n ? 1 : 2;
		e->line = e->line_end = at;
		found += call.n;
		e->text = cp_arena_printf(ad->a, "%.*s --no-cache-dir%.*s",
					  CP_STR(cp_str_sub(line, 0, found)),
					  CP_STR(cp_str_from(line, found)));
	}
	return n == 1 && e->text.p && cp_str_ends(e->text, CP_S("\n")) ? e : NULL;
}

static bool assigns(const struct cp_simple *s, const char *name)
{
	for (size_t i = 0; i < s->n_assignments; i++)
		if (cp_str_starts(s->assignments[i], cp_str_c(name)))
			return true;
	return false;
}

static int pip_cache(struct cp_adviser *ad, const struct cp_stage_view *v, size_t at)
{
	const struct cp_command *c = v->stage->commands[at];
	struct cp_finding *f;
	bool keeps = false;

	if (c->n_mounts || cp_advise_holds(c->code, "no-cache-dir") ||
	    cp_advise_holds(c->code, "/pip") || cp_advise_holds(c->code, ".cache") ||
	    cp_advise_holds(c->code, "pip cache purge"))
		return 0;
	for (size_t i = 0; i < v->scripts[at].n; i++)
		keeps = keeps || (cp_simple_pip(&v->scripts[at].commands[i]) &&
				  !cp_str_eq(v->scripts[at].commands[i].program, CP_S("uv")) &&
				  !assigns(&v->scripts[at].commands[i], "PIP_NO_CACHE_DIR="));
	for (size_t i = 0; i < c->n_heredocs; i++)
		keeps = keeps && !cp_advise_holds(c->heredocs[i].content, "cache");
	if (!keeps)
		return 0;
	f = cp_advise_put(
		ad, CP_ADVISE_PIP_CACHE, ad->in->dockerfile_path, c->line, c->line_end,
		CP_S("pip keeps what it loaded in the image"),
		CP_S("its cache is never read there; --no-cache-dir leaves it out, or RUN "
		     "--mount=type=cache,target=/root/.cache/pip keeps it between builds"));
	if (f)
		f->edit = with_flag(ad, c);
	return f ? 0 : CP_ENOMEM;
}

/* ---- apt-lists ---- */

static int apt(struct cp_adviser *ad, const struct cp_stage_view *v, size_t at)
{
	const struct cp_command *c = v->stage->commands[at];
	bool updates = false, recommends = false, cleans = c->n_mounts > 0;

	for (size_t i = 0; i < v->scripts[at].n; i++) {
		const struct cp_simple *s = &v->scripts[at].commands[i];
		bool is_apt = cp_str_eq(s->program, CP_S("apt-get")) ||
			      cp_str_eq(s->program, CP_S("apt"));

		updates = updates || (is_apt && cp_simple_has(s, "update"));
		recommends = recommends || (is_apt && cp_simple_has(s, "install") &&
					    !cp_simple_has(s, "--no-install-recommends") &&
					    !cp_advise_holds(c->code, "install-recommends"));
		cleans = cleans || (is_apt && (cp_simple_has(s, "dist-clean") ||
					       cp_simple_has(s, "distclean")));
	}
	cleans = cleans || cp_advise_holds(c->code, "/var/lib/apt");
	for (size_t i = 0; i < c->n_heredocs; i++) {
		cleans = cleans || cp_advise_holds(c->heredocs[i].content, "/var/lib/apt");
		recommends = recommends &&
			     !cp_advise_holds(c->heredocs[i].content, "no-install-recommends");
	}
	if (!(updates && !cleans) && !recommends)
		return 0;
	return cp_advise_add(
		ad, CP_ADVISE_APT_LISTS, c->line, c->line_end,
		!(updates && !cleans) ? CP_S("apt installs recommended packages, too")
		: recommends ? CP_S("apt's package lists stay, and recommended packages come along")
			     : CP_S("apt's package lists stay in the image"),
		CP_S("apt-get install --no-install-recommends takes what is named; rm -rf "
		     "/var/lib/apt/lists/* in the same RUN keeps the lists out of the layer"));
}

/* A stage is FROM an earlier one, so that what that one told pip is known. */
static int leftovers(struct cp_adviser *ad, struct cp_stage_view *v)
{
	int r = 0;

	v->no_pip_cache = v->graph->parent >= 0 && ad->stages[v->graph->parent].no_pip_cache;
	for (size_t k = 0; r == 0 && k < v->stage->n_commands; k++) {
		const struct cp_command *c = v->stage->commands[k];

		v->no_pip_cache = v->no_pip_cache || sets_no_cache(c);
		if (c->kind != CP_CMD_RUN)
			continue;
		if (!v->no_pip_cache)
			r = pip_cache(ad, v, k);
		if (r == 0)
			r = apt(ad, v, k);
	}
	return r;
}

int cp_advise_installs(struct cp_adviser *ad)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ad->n_stages; i++) {
		struct cp_stage_view *v = &ad->stages[i];

		if (!v->graph->reachable)
			continue;
		if (ad->in->context)
			r = after_copy(ad, v);
		if (r == 0)
			r = early(ad, v);
		if (r == 0 && v->in_image)
			r = leftovers(ad, v);
	}
	return r;
}
