/*
 * could-be-stage and cache-mount: what a RUN builds, from which folder of the context alone, and whether its tool keeps a cache. Both speak of
 * what builds of the history did, and say nothing without one.
 */
#include "advise/advise_int.h"

#define FEW_RUNS 3u     /* less is no habit */
#define OFTEN 5u        /* one build in so many runs a step that is worth a cache */
#define MAX_FOLDERS 16u /* of one RUN */

/* ---- tools that build ---- */

struct builder {
	const char *program, *verb;
	const char *manifest;  /* in the folder; NULL = what it reads is not known */
	const char *folder[3]; /* options that name the folder */
	const char *cache;     /* where it keeps its cache; NULL = nothing worth it */
};
static const struct builder builders[] = {
	{"npm", "ci", "package.json", {"--prefix"}, "~/.npm"},
	{"npm", "install", "package.json", {"--prefix"}, "~/.npm"},
	{"npm", "run", "package.json", {"--prefix"}, NULL},
	{"yarn", "install", "package.json", {"--cwd"}, "~/.cache/yarn"},
	{"yarn", "build", "package.json", {"--cwd"}, NULL},
	{"yarn", "run", "package.json", {"--cwd"}, NULL},
	{"pnpm", "install", "package.json", {"--dir", "-C"}, "~/.local/share/pnpm/store"},
	{"pnpm", "build", "package.json", {"--dir", "-C"}, NULL},
	{"pnpm", "run", "package.json", {"--dir", "-C"}, NULL},
	{"go", "build", "go.mod", {"-C"}, "~/.cache/go-build"},
	{"go", "install", "go.mod", {"-C"}, "~/.cache/go-build"},
	{"go", "mod", "go.mod", {"-C"}, NULL},
	{"cargo", "build", "Cargo.toml", {NULL}, "/usr/local/cargo/registry"},
	{"cargo", "install", "Cargo.toml", {NULL}, "/usr/local/cargo/registry"},
	{"mvn", "package", "pom.xml", {NULL}, "~/.m2"},
	{"mvn", "install", "pom.xml", {NULL}, "~/.m2"},
	{"uv", "sync", "pyproject.toml", {"--directory"}, "~/.cache/uv"},
	{"uv", "pip", NULL, {NULL}, "~/.cache/uv"},
};

static bool names_folder(const struct builder *b, struct cp_str word)
{
	for (size_t k = 0; k < CP_LEN(b->folder) && b->folder[k]; k++)
		if (cp_str_eq(word, cp_str_c(b->folder[k])))
			return true;
	return false;
}

/* Is it `program verb`? Options between them may name a folder, and a toolchain (+nightly). */
static bool is_call(const struct builder *b, const struct cp_simple *s)
{
	size_t i = 1;

	while (i < s->n &&
	       (cp_str_starts(s->words[i], CP_S("-")) || cp_str_starts(s->words[i], CP_S("+"))))
		i += names_folder(b, s->words[i]) ? 2 : 1;
	return i < s->n && cp_str_eq(s->program, cp_str_c(b->program)) &&
	       cp_str_eq(s->words[i], cp_str_c(b->verb));
}

static const struct builder *builder_of(const struct cp_simple *s)
{
	for (size_t i = 0; i < CP_LEN(builders); i++)
		if (is_call(&builders[i], s))
			return &builders[i];
	return NULL;
}

/* The folder that a call names with an option; "" = the one it stands in. */
static struct cp_str named_folder(const struct builder *b, const struct cp_simple *s)
{
	for (size_t i = 1; i + 1 < s->n; i++)
		if (names_folder(b, s->words[i]))
			return s->words[i + 1];
	return CP_S("");
}

/* ---- which folder of the context ---- */

/* The folder has the manifest, and that names nothing outside of it. */
static bool is_closed(struct cp_adviser *ad, struct cp_str folder, const char *manifest)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(1u << 20);

	return cp_advise_read(ad, cp_path_join(ad->a, folder, cp_str_c(manifest)), &text) &&
	       !cp_advise_holds(cp_buf_str(&text), "../") &&
	       !cp_advise_holds(cp_buf_str(&text), "\"workspaces\"");
}

static bool speaks_of_outside(const struct cp_simple *s)
{
	for (size_t i = 1; i < s->n; i++)
		if (cp_str_find_str(s->words[i], CP_S(".."), 0) < s->words[i].n ||
		    cp_str_find(s->words[i], '$', 0) < s->words[i].n ||
		    cp_str_find(s->words[i], '>', 0) < s->words[i].n)
			return true;
	return false;
}

struct search {
	struct cp_adviser *ad;
	const struct cp_stage_view *v;
	size_t command;
	struct cp_str cwd; /* in the image */
	struct cp_str folders[MAX_FOLDERS];
	size_t n;
	const struct builder *first;
};

/* The folder of the context that became this one of the image, or that the manifest in it is from. */
static struct cp_str folder_of(const struct search *x, struct cp_str full, const char *manifest)
{
	struct cp_str folder = cp_advise_in_context(x->ad, x->v, x->command, full), file;

	if (folder.p)
		return folder;
	file = cp_advise_in_context(x->ad, x->v, x->command,
				    cp_path_join(x->ad->a, full, cp_str_c(manifest)));
	if (!file.p || cp_str_find(file, '/', 0) == file.n)
		return CP_S(""); /* the root of the context is no folder of its own */
	return cp_path_dir(x->ad->a, file);
}

/* A call that builds. False: nobody can tell from what. */
static bool add_build(struct search *x, const struct cp_simple *s, const struct builder *b)
{
	struct cp_str named = named_folder(b, s), folder;
	struct cp_str full = cp_advise_path_at(x->ad, x->cwd, named);

	folder = full.p && b->manifest ? folder_of(x, full, b->manifest) : cp_str_n(NULL, 0);
	if (!folder.n || !b->manifest || x->n >= MAX_FOLDERS ||
	    !is_closed(x->ad, folder, b->manifest))
		return false;
	x->first = x->first ? x->first : b;
	for (size_t i = 0; i < x->n; i++)
		if (cp_str_eq(x->folders[i], folder))
			return true;
	x->folders[x->n++] = folder;
	return true;
}

static bool add_call(struct search *x, const struct cp_simple *s)
{
	static const char *const harmless[] = {"echo", "set", "true", ":", "corepack"};
	const struct builder *b = builder_of(s);

	if (speaks_of_outside(s))
		return false;
	if (cp_str_eq(s->program, CP_S("cd")) && s->n == 2) {
		x->cwd = cp_advise_path_at(x->ad, x->cwd, s->words[1]);
		return x->cwd.p != NULL;
	}
	if (b)
		return add_build(x, s, b);
	return cp_advise_is_one_of(s->program, harmless, CP_LEN(harmless)) ||
	       cp_simple_is(s, "npm", "cache") || cp_simple_is(s, "yarn", "cache");
}

bool cp_advise_builds_from(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			   struct cp_install_step *ret)
{
	const struct cp_command *c = v->stage->commands[command];
	const struct cp_step *step = v->steps[command];
	struct search x = {.ad = ad, .v = v, .command = command};
	struct cp_str *folders;

	if (!ad->in->context || !step || step->op->kind != CP_OP_EXEC || c->n_heredocs)
		return false;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!cp_advise_holds(c->mounts[i], "type=cache"))
			return false;
	x.cwd = step->op->exec.cwd;
	for (size_t i = 0; i < v->scripts[command].n; i++)
		if (!add_call(&x, &v->scripts[command].commands[i]))
			return false;
	folders = x.n ? cp_arena_array(ad->a, x.n, sizeof(*folders)) : NULL;
	if (!folders)
		return false;
	memcpy(folders, x.folders, x.n * sizeof(*folders));
	*ret = (struct cp_install_step){
		.builds = true, .what = x.first->program, .files = folders, .n_files = x.n};
	return true;
}

/* What copies its manifest first needs no stage of its own. */
static bool is_late_install(const struct cp_adviser *ad, int line)
{
	for (size_t i = 0; i < ad->found.n; i++)
		if (ad->found.items[i].rule == CP_ADVISE_DEPS_AFTER_COPY &&
		    ad->found.items[i].line == line)
			return true;
	return false;
}

bool cp_advise_is_stage(struct cp_adviser *ad, const struct cp_stage_view *v, size_t command,
			struct cp_install_step *ret)
{
	const struct cp_step_history *h = cp_advise_history(ad, v, command);

	return h && h->n_idle >= FEW_RUNS && h->n_idle * 4 >= h->n_ran &&
	       cp_advise_builds_from(ad, v, command, ret);
}

static int could_be_stage(struct cp_adviser *ad, const struct cp_stage_view *v, size_t at)
{
	const struct cp_command *c = v->stage->commands[at];
	struct cp_install_step step;
	struct cp_finding *f;

	if (!cp_advise_is_stage(ad, v, at, &step) || is_late_install(ad, c->line))
		return 0;
	f = cp_advise_put(
		ad, CP_ADVISE_COULD_BE_STAGE, ad->in->dockerfile_path, c->line, c->line_end,
		cp_arena_printf(ad->a, "%.*s%s is built beside what changes more often",
				CP_STR(step.files[0]), step.n_files > 1 ? " and more" : ""),
		cp_arena_printf(
			ad->a,
			"a stage of its own that copies %.*s alone runs %s only when something there "
			"changes; COPY --from brings the result",
			CP_STR(step.files[0]), step.what));
	if (!f)
		return CP_ENOMEM;
	f->count = CP_COUNT_IDLE;
	return 0;
}

/* ---- cache-mount ---- */

static bool keeps_cache(const struct cp_command *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (cp_advise_holds(c->mounts[i], "type=cache"))
			return true;
	return cp_advise_holds(c->code, "no-cache") || cp_advise_holds(c->code, "cache clean");
}

static int cache_mount(struct cp_adviser *ad, const struct cp_stage_view *v, size_t at)
{
	const struct cp_command *c = v->stage->commands[at];
	const struct cp_step_history *h = cp_advise_history(ad, v, at);
	const struct builder *b = NULL;
	struct cp_finding *f;

	if (!h || h->n_ran < FEW_RUNS || h->n_ran * OFTEN < h->n || keeps_cache(c))
		return 0;
	for (size_t i = 0; !b && i < v->scripts[at].n; i++) {
		b = builder_of(&v->scripts[at].commands[i]);
		b = b && b->cache ? b : NULL;
	}
	/* who builds dependencies into a layer of their own has chosen that layer for a cache */
	if (!b ||
	    (cp_str_eq(cp_str_c(b->program), CP_S("cargo")) && cp_advise_runs(ad, "cargo chef")))
		return 0;
	f = cp_advise_put(
		ad, CP_ADVISE_CACHE_MOUNT, ad->in->dockerfile_path, c->line, c->line_end,
		cp_arena_printf(ad->a, "%s %s starts without its cache", b->program, b->verb),
		cp_arena_printf(
			ad->a,
			"a cache mount on the folder where it keeps one (%s, unless it was told "
			"otherwise) stays on a builder that keeps its state, and out of the image; one that "
			"is new for every build has none",
			b->cache));
	if (!f)
		return CP_ENOMEM;
	f->count = CP_COUNT_RUNS;
	return 0;
}

int cp_advise_tools(struct cp_adviser *ad)
{
	int r = 0;

	for (size_t i = 0; ad->in->history && i < ad->n_stages; i++) {
		const struct cp_stage_view *v = &ad->stages[i];

		for (size_t k = 0; r == 0 && v->graph->reachable && k < v->stage->n_commands; k++) {
			if (v->stage->commands[k]->kind != CP_CMD_RUN)
				continue;
			r = could_be_stage(ad, v, k);
			if (r == 0)
				r = cache_mount(ad, v, k);
		}
	}
	return r;
}
