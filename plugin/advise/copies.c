/* What COPY and ADD take from the context: .git, junk, model weights, and whether an ignore file would keep it out. */
#include "advise/advise_int.h"
#include "keys/keys.h"

#define MAX_SOURCES 1000u    /* of a COPY that is looked at */
#define MAX_NAMED 4u         /* paths of one message; the rest is counted */
#define MAX_LINES 100u       /* of an ignore file that is tried out */
#define WEIGHT_BYTES 1048576 /* of a file whose name alone does not say that it is weights */

/* What people have beside the code, and git does not. */
static const char *const usual[] = {".env", ".venv", "__pycache__", "node_modules"};

struct pile {
	struct cp_str named[MAX_NAMED];
	size_t n;
	struct cp_weight size;
	CP_VEC(struct cp_str) lines; /* all of them, as lines of an ignore file */
	bool unlisted;               /* they are too many, or one cannot be written as a line */
};

/* One COPY or ADD while its files are looked at. */
struct copy {
	struct cp_adviser *ad;
	const struct cp_command *command;
	bool whole, wild; /* a source is the root of the context; one is a pattern */
	bool git;
	bool has_usual; /* one of those that git has not, as a rule, is there */
	struct pile junk, weights;
	struct cp_weight all,
		data; /* all: counted only where the whole context is copied with no ignore file */
	struct cp_str last_junk; /* folder that was counted */
	size_t data_at;          /* where it is named in the pile, MAX_NAMED = not at all */
	bool data_is_read; /* not only tables and archives are in it: the program may need it */
};

static struct cp_str clean_source(struct cp_str s)
{
	while (cp_str_starts(s, CP_S("./")))
		s = cp_str_from(s, 2);
	s = cp_str_trim(s, "/");
	return cp_str_eq(s, CP_S(".")) ? CP_S("") : s;
}

/* The author named it, or something in it. */
static bool is_named(const struct copy *c, struct cp_str path)
{
	for (size_t i = 0; i < c->command->n_sources; i++) {
		struct cp_str s = clean_source(c->command->sources[i]);

		if (cp_str_eq(s, path) ||
		    (cp_str_starts(s, path) && s.n > path.n && s.p[path.n] == '/'))
			return true;
	}
	return false;
}

static void add_name(struct pile *p, struct cp_str path)
{
	if (p->n < MAX_NAMED)
		p->named[p->n] = path;
	p->n++;
}

static void add(struct copy *c, struct pile *p, struct cp_str path)
{
	add_name(p, path);
	for (size_t i = 0; i < path.n; i++)
		p->unlisted = p->unlisted || path.p[i] < ' ' || strchr("*?[]\\!#", path.p[i]);
	p->unlisted = p->unlisted || p->lines.n >= MAX_LINES ||
		      cp_advise_failed(c->ad, cp_vec_push(c->ad->a, &p->lines, path));
}

static bool is_below(struct cp_str path, struct cp_str folder)
{
	return folder.n && cp_str_starts(path, folder) && path.n > folder.n &&
	       path.p[folder.n] == '/';
}

static bool is_data_set(struct cp_str name)
{
	static const char *const ends[] = {".csv", ".tsv",   ".parquet", ".jsonl", ".npy",
					   ".npz", ".arrow", ".feather", ".h5",    ".pkl",
					   ".zip", ".gz",    ".gitkeep"};

	for (size_t i = 0; i < CP_LEN(ends); i++)
		if (cp_str_ends(name, cp_str_c(ends[i])))
			return true;
	return false;
}

static bool is_junk_folder(const struct copy *c, struct cp_str path, struct cp_str name)
{
	static const char *const caches[] = {"__pycache__",   ".venv",       "node_modules",
					     ".pytest_cache", ".mypy_cache", ".ruff_cache",
					     ".tox",          ".nox",        ".ipynb_checkpoints"};
	bool top = path.n == name.n;

	if (cp_advise_is_one_of(name, caches, CP_LEN(caches)))
		return true;
	if (!top || c->wild)
		return false;
	if (cp_str_eq(name, CP_S("tests")))
		return !c->ad->tests;
	if (cp_str_eq(name, CP_S("data")))
		return !c->ad->data;
	return cp_str_eq(name, CP_S("notebooks")) && !c->ad->notebooks;
}

static bool is_junk_file(const struct copy *c, struct cp_str path, struct cp_str name)
{
	if (cp_str_ends(name, CP_S(".pyc")) || cp_str_eq(name, CP_S(".DS_Store")))
		return true;
	if (c->wild)
		return false;
	return cp_str_eq(path, CP_S(".env")) ||
	       (cp_str_ends(name, CP_S(".ipynb")) && !c->ad->notebooks);
}

static bool is_weights(const struct copy *c, struct cp_str path, struct cp_str name)
{
	const struct cp_advise_files *f = &c->ad->in->files;
	struct cp_str folder = cp_str_sub(path, 0, path.n - name.n);
	uint64_t size = 0;

	if (cp_str_ends(name, CP_S(".onnx")) || cp_str_ends(name, CP_S(".safetensors")) ||
	    cp_str_ends(name, CP_S(".gguf")))
		return true;
	if (!cp_str_ends(name, CP_S(".bin")) && !cp_str_ends(name, CP_S(".pt")) &&
	    !cp_str_ends(name, CP_S(".pth")))
		return false;
	if (cp_advise_holds(folder, "model") || cp_advise_holds(folder, "weights") ||
	    cp_advise_holds(folder, "checkpoints"))
		return true;
	return f->size && !cp_advise_failed(c->ad, f->size(f->self, path, &size)) &&
	       size >= WEIGHT_BYTES;
}

static void see_folder(struct copy *c, struct cp_str path, struct cp_str name)
{
	if (is_below(path, c->last_junk) || !is_junk_folder(c, path, name) || is_named(c, path))
		return;
	if (cp_str_eq(path, CP_S("data")))
		c->data_at = c->junk.n;
	c->last_junk = path;
	add(c, &c->junk, path);
}

static void see_file(struct copy *c, struct cp_str path, struct cp_str name)
{
	bool in_data = c->data_at < MAX_NAMED && is_below(path, CP_S("data"));

	if (c->whole && !c->ad->in->ignore_file.n)
		cp_advise_weigh(c->ad, path, &c->all);
	if (is_weights(c, path, name)) {
		add(c, &c->weights, path);
		cp_advise_weigh(c->ad, path, &c->weights.size);
		return;
	}
	if (is_below(path, CP_S("data")) && !is_data_set(name))
		c->data_is_read = true;
	if (is_below(path, c->last_junk)) {
		cp_advise_weigh(c->ad, path, in_data ? &c->data : &c->junk.size);
	} else if (is_junk_file(c, path, name) && !is_named(c, path)) {
		add(c, &c->junk, path);
		cp_advise_weigh(c->ad, path, &c->junk.size);
	}
}

static int see(void *self, const struct cp_node *node, struct cp_str path)
{
	struct copy *c = self;
	struct cp_str name;

	if (!c->ad->unseen)
		return CP_EUNSUPPORTED; /* enough */
	c->ad->unseen--;
	path = cp_str_trim_left(path, "/");
	name = cp_str_from(path,
			   cp_str_rfind(path, '/') < path.n ? cp_str_rfind(path, '/') + 1 : 0);
	if (node->kind == CP_NODE_VOLATILE) {
		c->git =
			c->git || (cp_str_starts(path, CP_S(".git")) && !is_named(c, CP_S(".git")));
		return 0;
	}
	c->has_usual = c->has_usual || cp_advise_is_one_of(name, usual, CP_LEN(usual));
	if (node->kind == CP_NODE_DIR)
		see_folder(c, path, name);
	if (node->kind != CP_NODE_FILE)
		return 0;
	see_file(c, path, name);
	return 0;
}

/* "a, b and 3 more" */
static struct cp_str list(struct cp_adviser *ad, const struct pile *p)
{
	struct cp_str s = CP_S("");
	size_t shown = p->n < MAX_NAMED ? p->n : MAX_NAMED;

	for (size_t i = 0; i < shown; i++)
		s = cp_arena_printf(ad->a, "%.*s%s%.*s", CP_STR(s),
				    !i                                ? ""
				    : i + 1 == shown && shown == p->n ? " and "
								      : ", ",
				    CP_STR(p->named[i]));
	return p->n > shown ? cp_arena_printf(ad->a, "%.*s and %zu more", CP_STR(s), p->n - shown)
			    : s;
}

/* ---- who needs .git ---- */

static bool build_needs_git(struct cp_adviser *ad)
{
	static const char *const files[] = {"pyproject.toml", "setup.py", "setup.cfg",
					    "requirements.txt"};
	static const char *const tools[] = {"setuptools_scm",   "setuptools-scm", "hatch-vcs",
					    "versioneer",       "versioning",     "pbr",
					    "source = \"scm\"", "vcs-versioning"};

	if (cp_advise_runs(ad, "git ") || cp_advise_runs(ad, "go build") ||
	    cp_advise_runs(ad, "go install") || cp_advise_runs(ad, ".git"))
		return true;
	for (size_t i = 0; i < CP_LEN(files); i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(1u << 20);

		if (!cp_advise_read(ad, cp_str_c(files[i]), &text))
			continue;
		for (size_t k = 0; k < CP_LEN(tools); k++)
			if (cp_advise_holds(cp_buf_str(&text), tools[k]))
				return true;
	}
	return false;
}

/* ---- the ignore file ---- */

/* What no build reads. Tests, data and the like may be wanted: they are named in findings of their own. */
#define NEVER_READ                                                                                 \
	"**/__pycache__\n**/*.pyc\n**/.pytest_cache\n**/.mypy_cache\n**/.ruff_cache\n**/.venv\n"

static int missing(struct cp_adviser *ad, const struct copy *c, bool needs_git)
{
	struct cp_finding *f;
	struct cp_str why = CP_S(
		"without .dockerignore every file of the context changes the layer, also those that "
		"only people and tests read");

	if (needs_git)
		why = cp_arena_cat(
			ad->a, why,
			CP_S(" (leave .git out of it: the build asks git for the version)"));
	f = cp_advise_put(ad, CP_ADVISE_DOCKERIGNORE_MISSING, ad->in->dockerfile_path,
			  c->command->line, c->command->line_end,
			  CP_S("the whole context is copied and there is no .dockerignore"), why);
	if (!f)
		return CP_ENOMEM;
	f->creates = cp_path_join(ad->a, ad->in->context_path, CP_S(".dockerignore"));
	f->creates_text = needs_git ? CP_S(NEVER_READ) : CP_S(".git\n" NEVER_READ);
	f->trial = CP_TRIAL_IGNORE;
	f->trial_text = f->creates_text;
	cp_advise_put_weight(f, &c->all);
	return f->creates.p ? 0 : cp_err_nomem(ad->err);
}

/* A line of .gitignore that is about `name`, at the root or anywhere. */
static bool git_ignores(struct cp_str text, const char *name)
{
	struct cp_str line;

	while (cp_str_split(&text, '\n', &line)) {
		line = cp_str_trim_space(line);
		if (cp_str_starts(line, CP_S("**/")))
			line = cp_str_from(line, 3);
		if (cp_str_eq(cp_str_trim(line, "/"), cp_str_c(name)))
			return true;
	}
	return false;
}

static bool lets_in(struct cp_adviser *ad, const struct cp_patterns *p, const char *path)
{
	struct cp_match_info none = {NULL};
	struct cp_err ignored = {0};
	bool matched = true;

	return !cp_advise_failed(ad, cp_patterns_match(ad->a, p, cp_str_c(path), none, &matched,
						       NULL, &ignored)) &&
	       !matched;
}

static int incomplete(struct cp_adviser *ad, const struct copy *c)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(1u << 20);
	const struct cp_patterns *patterns;
	struct cp_err ignored = {0};
	struct pile open = {.n = 0};
	struct cp_finding *f;
	int r = cp_patterns_compile(ad->a, ad->in->ignore_lines, ad->in->n_ignore_lines, &patterns,
				    &ignored);

	if (r == CP_ENOMEM)
		return cp_err_nomem(ad->err);
	if (r < 0 || !cp_advise_read(ad, CP_S(".gitignore"), &text))
		return 0;
	for (size_t i = 0; i < CP_LEN(usual); i++)
		if (git_ignores(cp_buf_str(&text), usual[i]) && lets_in(ad, patterns, usual[i]))
			add_name(&open, cp_str_c(usual[i]));
	if (!open.n)
		return 0;
	f = cp_advise_put(
		ad, CP_ADVISE_DOCKERIGNORE_INCOMPLETE, ad->in->ignore_file, 0, 0,
		cp_arena_printf(ad->a, "%.*s: in .gitignore, and not here",
				CP_STR(list(ad, &open))),
		CP_S("a build from a folder where people work copies them into the image and "
		     "misses the cache"));
	if (!f)
		return CP_ENOMEM;
	/* a build from a clone stays as it is, unless git knows one all the same */
	for (size_t i = 0; i < open.n && !c->has_usual; i++)
		f->appends = cp_arena_printf(ad->a, "%.*s**/%.*s\n", CP_STR(f->appends),
					     CP_STR(open.named[i]));
	return f->appends.p ? 0 : cp_err_nomem(ad->err);
}

/* ---- one COPY ---- */

/* Folder "data" is no junk where the program may read it. */
static void leave_data(struct copy *c)
{
	struct pile *p = &c->junk;
	size_t last = p->n < MAX_NAMED ? p->n : MAX_NAMED;

	for (size_t i = c->data_at; i + 1 < last; i++)
		p->named[i] = p->named[i + 1];
	p->n = p->n <= MAX_NAMED ? p->n - 1 : MAX_NAMED - 1;
	for (size_t i = c->data_at; i + 1 < p->lines.n; i++)
		p->lines.items[i] = p->lines.items[i + 1];
	p->lines.n -= p->lines.n > c->data_at;
	c->data = (struct cp_weight){0};
}

/* How builds would have been had the ignore file had these lines. Behind .git, if that is copied: what differs at every commit hides the rest. */
static void try_ignored(struct copy *c, struct cp_finding *f, const struct pile *p, bool git)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);

	if (p->unlisted)
		return;
	if (git)
		cp_buf_addz(&text, ".git\n");
	for (size_t i = 0; i < p->lines.n; i++) {
		if (is_named(c, p->lines.items[i]))
			return;
		cp_buf_printf(&text, "%.*s\n", CP_STR(p->lines.items[i]));
	}
	f->trial_text = cp_arena_str(c->ad->a, cp_buf_str(&text));
	if (!cp_advise_failed(c->ad, f->trial_text.p ? cp_buf_error(&text) : CP_ENOMEM))
		f->trial = CP_TRIAL_IGNORE;
	f->behind_git = git;
}

static int report_git(struct cp_adviser *ad, const struct cp_command *cmd)
{
	struct cp_finding *f =
		cp_advise_put(ad, CP_ADVISE_GIT_IN_CONTEXT, ad->in->dockerfile_path, cmd->line,
			      cmd->line_end, CP_S(".git is copied"),
			      CP_S("it differs in every clone, so this step and all that follow "
				   "never come from a cache; write .git into .dockerignore"));

	if (!f)
		return CP_ENOMEM;
	f->count = CP_COUNT_GIT;
	f->trial = CP_TRIAL_IGNORE;
	if (ad->in->ignore_file.n)
		f->appends = CP_S(".git\n");
	f->trial_text = CP_S(".git\n");
	return 0;
}

static int report_junk(struct cp_adviser *ad, struct copy *c, bool git)
{
	const struct cp_command *cmd = c->command;
	struct cp_finding *f = cp_advise_put(
		ad, CP_ADVISE_JUNK_IN_CONTEXT, ad->in->dockerfile_path, cmd->line, cmd->line_end,
		cp_arena_printf(ad->a, "copies %.*s", CP_STR(list(ad, &c->junk))),
		CP_S("the image is larger, and a change there rebuilds this step and "
		     "all that follow; write them into .dockerignore"));

	if (!f)
		return CP_ENOMEM;
	c->junk.size.n += c->data.n;
	c->junk.size.n_unsized += c->data.n_unsized;
	c->junk.size.bytes += c->data.bytes;
	cp_advise_put_weight(f, &c->junk.size);
	try_ignored(c, f, &c->junk, git);
	return 0;
}

static int report_weights(struct cp_adviser *ad, struct copy *c, bool git)
{
	const struct cp_command *cmd = c->command;
	struct cp_finding *f = cp_advise_put(
		ad, CP_ADVISE_MODEL_WEIGHTS, ad->in->dockerfile_path, cmd->line, cmd->line_end,
		cp_arena_printf(ad->a, "copies %.*s", CP_STR(list(ad, &c->weights))),
		CP_S("weights belong into object storage or a volume and are loaded at "
		     "start: the image stays small, and code and model change apart"));

	if (!f)
		return CP_ENOMEM;
	cp_advise_put_weight(f, &c->weights.size);
	try_ignored(c, f, &c->weights, git);
	return 0;
}

static int report(struct cp_adviser *ad, struct copy *c, bool needs_git)
{
	bool git = c->git && !needs_git;
	int r = git ? report_git(ad, c->command) : 0;

	if (c->data_at < MAX_NAMED && c->data_at < c->junk.n && c->data_is_read)
		leave_data(c);
	if (r == 0 && c->junk.n)
		r = report_junk(ad, c, git);
	if (r == 0 && c->weights.n)
		r = report_weights(ad, c, git);
	return r;
}

static int look_at(struct cp_adviser *ad, struct copy *c, const struct cp_op *op,
		   const struct cp_op_key *key)
{
	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *in = op->inputs[i];

		if (in->kind != CP_OP_SOURCE || in->source.kind != CP_SOURCE_LOCAL ||
		    !cp_str_eq(in->source.local_name, CP_S("context")))
			continue;
		for (size_t k = 0; k < key->inputs[i].n_sels; k++) {
			struct cp_err ignored = {0};
			int r = cp_selection_visit(ad->a, ad->in->context, &key->inputs[i].sels[k],
						   see, c, &ignored);

			if (r == CP_ENOMEM || r == CP_ELIMIT)
				return cp_err_set(ad->err, r, "%s", ignored.message);
		}
	}
	return 0;
}

static struct copy copy_of(struct cp_adviser *ad, const struct cp_command *cmd)
{
	struct copy c = {.ad = ad, .command = cmd, .data_at = MAX_NAMED};

	for (size_t i = 0; i < cmd->n_sources; i++) {
		c.whole = c.whole || !clean_source(cmd->sources[i]).n;
		c.wild = c.wild || cp_str_find(cmd->sources[i], '*', 0) < cmd->sources[i].n;
	}
	c.whole = c.whole && !cmd->n_excludes;
	return c;
}

/* Model weights that a RUN loads into the image. */
static int loaded(struct cp_adviser *ad, const struct cp_command *cmd, const struct cp_script *s)
{
	static const char *const ends[] = {".onnx", ".safetensors", ".gguf"};
	struct cp_str what = CP_S("");

	for (size_t i = 0; !what.n && i < s->n; i++) {
		const struct cp_simple *c = &s->commands[i];

		if (cp_simple_is(c, "huggingface-cli", "download") ||
		    cp_simple_is(c, "hf", "download"))
			what = c->words[0];
		if (!cp_str_eq(c->program, CP_S("wget")) && !cp_str_eq(c->program, CP_S("curl")))
			continue;
		for (size_t k = 1; k < c->n; k++)
			for (size_t e = 0; e < CP_LEN(ends); e++)
				if (cp_str_ends(c->words[k], cp_str_c(ends[e])))
					what = c->words[0];
	}
	if (!what.n)
		return 0;
	return cp_advise_add(
		ad, CP_ADVISE_MODEL_WEIGHTS, cmd->line, cmd->line_end,
		cp_arena_printf(ad->a, "%.*s loads model weights into the image", CP_STR(what)),
		CP_S("load them at start, from object storage or a volume: the image stays "
		     "small, and code and model change apart"));
}

static int loads(struct cp_adviser *ad)
{
	int r = 0;

	for (size_t i = 0; i < ad->n_stages; i++)
		for (size_t k = 0;
		     r == 0 && ad->stages[i].in_image && k < ad->stages[i].stage->n_commands; k++)
			if (ad->stages[i].stage->commands[k]->kind == CP_CMD_RUN &&
			    !ad->stages[i].stage->commands[k]->n_mounts)
				r = loaded(ad, ad->stages[i].stage->commands[k],
					   &ad->stages[i].scripts[k]);
	return r;
}

int cp_advise_copies(struct cp_adviser *ad)
{
	const struct cp_graph *g = ad->in->graph;
	bool whole = false, needs_git = build_needs_git(ad);
	struct cp_op_key *keys;
	int r = cp_keys_compute(ad->a, g, &keys, ad->err);

	ad->tests = cp_advise_runs(ad, "test");
	ad->data = cp_advise_runs(ad, "data");
	ad->notebooks = cp_advise_runs(ad, "jupyter") || cp_advise_runs(ad, "notebook");
	for (size_t i = 0; r == 0 && ad->in->context && i < g->n_steps; i++) {
		const struct cp_command *cmd = g->steps[i].command;
		struct copy c;

		if (g->steps[i].kind != CP_STEP_OP || !cmd || cmd->from.p ||
		    (cmd->kind != CP_CMD_COPY && cmd->kind != CP_CMD_ADD) || !cmd->line ||
		    cmd->n_sources > MAX_SOURCES)
			continue;
		c = copy_of(ad, cmd);
		r = look_at(ad, &c, g->steps[i].op, &keys[g->steps[i].op->index]);
		if (r == 0 && c.whole && !whole && !ad->in->ignore_file.n)
			r = missing(ad, &c, needs_git);
		if (r == 0 && c.whole && !whole && ad->in->ignore_file.n)
			r = incomplete(ad, &c);
		whole = whole || c.whole;
		if (r == 0)
			r = report(ad, &c, needs_git);
	}
	return r < 0 ? r : loads(ad);
}
