/* The rules by name, what they share, and the comments that silence them. */
#include "advise/advise_int.h"

#include <stdlib.h>

#define MAX_READ_BYTES (64u << 20) /* of the context, by all rules together */
#define MAX_WEIGHED 100000u        /* files of one pile whose size is asked for */
#define LFS_BYTES 200u /* a pointer without extensions is shorter, and has more than half of it */

const struct cp_rule cp_advise_rules[CP_ADVISE_N_RULES] = {
	[CP_ADVISE_ALPINE_WHEELS] = {"alpine-wheels", CP_SEVERITY_WARNING,
				     "A requirement has no wheel for Alpine's C library."},
	[CP_ADVISE_APT_LISTS] = {"apt-lists", CP_SEVERITY_INFO,
				 "apt leaves package lists or recommended packages in the image."},
	[CP_ADVISE_CACHE_MOUNT] = {"cache-mount", CP_SEVERITY_INFO,
				   "A build tool starts without its cache each time."},
	[CP_ADVISE_COPY_ORDER] =
		{"copy-order", CP_SEVERITY_WARNING,
		 "What changes often is copied above a step that does not need it."},
	[CP_ADVISE_COULD_BE_STAGE] = {"could-be-stage", CP_SEVERITY_INFO,
				      "A folder is built in a stage with what changes more often."},
	[CP_ADVISE_DEPS_AFTER_COPY] = {"deps-after-copy", CP_SEVERITY_WARNING,
				       "Dependencies are installed after the code is copied."},
	[CP_ADVISE_DOCKERIGNORE_INCOMPLETE] =
		{"dockerignore-incomplete", CP_SEVERITY_WARNING,
		 "The ignore file lets in what .gitignore keeps out of the repository."},
	[CP_ADVISE_DOCKERIGNORE_MISSING] =
		{"dockerignore-missing", CP_SEVERITY_WARNING,
		 "The whole context is copied and there is no ignore file."},
	[CP_ADVISE_FAT_BASE] =
		{"fat-base", CP_SEVERITY_WARNING,
		 "The image is built on a base with compilers where a slim one exists."},
	[CP_ADVISE_GIT_IN_CONTEXT] = {"git-in-context", CP_SEVERITY_WARNING,
				      "The .git folder is copied: every commit changes the image."},
	[CP_ADVISE_IMAGE_SIZE] = {"image-size", CP_SEVERITY_WARNING,
				  "The image is over 1 GB and holds no model weights."},
	[CP_ADVISE_JUNK_IN_CONTEXT] = {"junk-in-context", CP_SEVERITY_INFO,
				       "Caches, tests, data or notebooks are copied."},
	[CP_ADVISE_MODEL_WEIGHTS] = {"model-weights", CP_SEVERITY_ERROR,
				     "Model weights are a part of the image."},
	[CP_ADVISE_NO_HEALTHCHECK] = {"no-healthcheck", CP_SEVERITY_INFO,
				      "A service has no HEALTHCHECK."},
	[CP_ADVISE_NO_MULTI_STAGE] = {"no-multi-stage", CP_SEVERITY_WARNING,
				      "Build tools reach the runtime image."},
	[CP_ADVISE_NO_SCAN] = {"no-scan", CP_SEVERITY_INFO,
			       "The CI builds images and scans none for vulnerabilities."},
	[CP_ADVISE_NO_USER] = {"no-user", CP_SEVERITY_WARNING, "The image runs as root."},
	[CP_ADVISE_PIP_CACHE] = {"pip-cache", CP_SEVERITY_WARNING,
				 "pip leaves its cache in the image."},
	[CP_ADVISE_UNPINNED_BASE] = {"unpinned-base", CP_SEVERITY_WARNING,
				     "A base image is named without a version."},
	[CP_ADVISE_VOLATILE_EARLY] =
		{"volatile-early", CP_SEVERITY_WARNING,
		 "A value that changes with every build is set before dependencies are installed."},
	[CP_ADVISE_VULNERABLE_PACKAGES] =
		{"vulnerable-packages", CP_SEVERITY_WARNING,
		 "A scanner knows of vulnerabilities in packages of the image."},
};

static const char *const severities[] = {"info", "warning", "error"};

const char *cp_severity_name(enum cp_severity s)
{
	return severities[s];
}

bool cp_advice_is_gate(struct cp_str word)
{
	for (size_t i = 0; i < CP_ADVISE_N_RULES; i++)
		if (cp_str_eq(word, cp_str_c(cp_advise_rules[i].id)))
			return true;
	return cp_advise_is_one_of(word, severities, CP_LEN(severities));
}

bool cp_advice_fails(const struct cp_advice *advice, struct cp_str word)
{
	for (size_t i = 0; i < advice->n; i++) {
		const struct cp_rule *rule = &cp_advise_rules[advice->findings[i].rule];

		if (cp_str_eq(word, cp_str_c(rule->id)))
			return true;
		for (size_t s = 0; s <= (size_t)advice->findings[i].severity; s++)
			if (cp_str_eq(word, cp_str_c(severities[s])))
				return true;
	}
	return false;
}

/* ---- what the rules share ---- */

bool cp_advise_is_one_of(struct cp_str s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp_str_eq(s, cp_str_c(list[i])))
			return true;
	return false;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
}

bool cp_advise_holds(struct cp_str text, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= text.n; i++) {
		size_t k = 0;

		while (k < n && lower(text.p[i + k]) == needle[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool command_holds(const struct cp_command *c, const char *needle)
{
	bool holds = cp_advise_holds(c->code, needle);

	for (size_t i = 0; !holds && i < c->n_heredocs; i++)
		holds = cp_advise_holds(c->heredocs[i].content, needle);
	return holds;
}

bool cp_advise_runs(const struct cp_adviser *ad, const char *needle)
{
	for (size_t i = 0; i < ad->n_stages; i++)
		for (size_t k = 0; k < ad->stages[i].stage->n_commands; k++) {
			const struct cp_command *c = ad->stages[i].stage->commands[k];

			if ((c->kind == CP_CMD_RUN || c->kind == CP_CMD_CMD ||
			     c->kind == CP_CMD_ENTRYPOINT || c->kind == CP_CMD_HEALTHCHECK ||
			     c->kind == CP_CMD_ENV) &&
			    command_holds(c, needle))
				return true;
		}
	return false;
}

bool cp_advise_failed(struct cp_adviser *ad, int code)
{
	ad->no_memory = ad->no_memory || code == CP_ENOMEM;
	return code < 0;
}

bool cp_advise_read(struct cp_adviser *ad, struct cp_str path, struct cp_buf *out)
{
	const struct cp_advise_files *f = &ad->in->files;
	struct cp_err ignored = {0};

	cp_buf_clear(out);
	if (!f->read || !ad->unread || !path.p || cp_str_starts(path, CP_S("..")) ||
	    cp_path_is_abs(path))
		return false;
	if (cp_advise_failed(ad, f->read(f->self, path, out, &ignored)) ||
	    cp_advise_failed(ad, cp_buf_error(out)))
		return false;
	ad->unread -= out->n < ad->unread ? out->n : ad->unread;
	return true;
}

/* A pointer of Git LFS says how large the file is that a checkout puts in its place. */
static uint64_t behind_pointer(struct cp_adviser *ad, struct cp_str path, uint64_t size)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(LFS_BYTES);
	struct cp_str rest, line;
	int64_t said;

	if (size < LFS_BYTES / 2 || size > LFS_BYTES || !cp_advise_read(ad, path, &text))
		return size;
	rest = cp_buf_str(&text);
	if (!cp_str_starts(rest, CP_S("version https://git-lfs.github.com/spec/v1\n")))
		return size;
	while (cp_str_split(&rest, '\n', &line))
		if (cp_str_starts(line, CP_S("size ")) &&
		    cp_str_to_int(cp_str_from(line, 5), 10, &said) && said >= 0)
			return (uint64_t)said;
	return size;
}

void cp_advise_weigh(struct cp_adviser *ad, struct cp_str path, struct cp_weight *to)
{
	const struct cp_advise_files *f = &ad->in->files;
	uint64_t size = 0;

	to->n++;
	if (to->n > MAX_WEIGHED || !f->size ||
	    cp_advise_failed(ad, f->size(f->self, path, &size))) {
		to->n_unsized++;
		return;
	}
	size = behind_pointer(ad, path, size);
	to->bytes = to->bytes > UINT64_MAX - size ? UINT64_MAX : to->bytes + size;
}

void cp_advise_put_weight(struct cp_finding *f, const struct cp_weight *w)
{
	f->n_files = w->n;
	f->n_unsized = w->n_unsized;
	f->bytes = w->bytes;
}

struct cp_finding *cp_advise_put(struct cp_adviser *ad, enum cp_advise_rule rule,
				 struct cp_str file, int line, int line_end, struct cp_str message,
				 struct cp_str why)
{
	struct cp_finding f = {.rule = rule,
			       .severity = cp_advise_rules[rule].severity,
			       .file = file,
			       .line = line,
			       .line_end = line_end,
			       .message = message,
			       .why = why};

	if (!message.p || !why.p || cp_vec_push(ad->a, &ad->found, f) < 0) {
		cp_err_nomem(ad->err);
		return NULL;
	}
	return &ad->found.items[ad->found.n - 1];
}

int cp_advise_add(struct cp_adviser *ad, enum cp_advise_rule rule, int line, int line_end,
		  struct cp_str message, struct cp_str why)
{
	return cp_advise_put(ad, rule, ad->in->dockerfile_path, line, line_end, message, why)
		       ? 0
		       : CP_ENOMEM;
}

struct cp_str cp_advise_base(const struct cp_adviser *ad, const struct cp_stage_view *v)
{
	const struct cp_graph_stage *s = v->graph;

	for (size_t depth = 0; s->parent >= 0 && depth < ad->n_stages; depth++)
		s = ad->stages[s->parent].graph;
	return s->base;
}

bool cp_advise_official(struct cp_str ref, struct cp_str *ret_name, struct cp_str *ret_tag)
{
	static const struct cp_str library = CP_S_INIT("docker.io/library/");
	struct cp_str rest;
	size_t end;

	if (!cp_str_starts(ref, library))
		return false;
	rest = cp_str_from(ref, library.n);
	rest = cp_str_sub(rest, 0, cp_str_find(rest, '@', 0));
	end = cp_str_find(rest, ':', 0);
	*ret_name = cp_str_sub(rest, 0, end);
	*ret_tag = cp_str_from(rest, end < rest.n ? end + 1 : end);
	return true;
}

struct cp_str cp_advise_lines(struct cp_adviser *ad, int from, int to)
{
	const char *p = ad->lines[from - 1].p;
	struct cp_str last = ad->lines[to - 1];
	struct cp_str text = {p, (size_t)(last.p + last.n - p)};

	return cp_str_ends(text, CP_S("\n")) ? text : cp_arena_cat(ad->a, text, CP_S("\n"));
}

const struct cp_step_history *cp_advise_history(const struct cp_adviser *ad,
						const struct cp_stage_view *v, size_t command)
{
	const struct cp_step *s = v->steps[command];

	return s && ad->in->history ? &ad->in->history[s - ad->in->graph->steps] : NULL;
}

/* ---- the views ---- */

static int view_stage(struct cp_adviser *ad, struct cp_stage_view *v)
{
	v->scripts = cp_arena_array(ad->a, v->stage->n_commands, sizeof(*v->scripts));
	v->steps = cp_arena_array(ad->a, v->stage->n_commands, sizeof(const void *));
	if (!v->scripts || !v->steps)
		return cp_err_nomem(ad->err);
	for (size_t i = 0; i < v->stage->n_commands; i++) {
		const struct cp_command *c = v->stage->commands[i];

		if (c->kind != CP_CMD_RUN && c->kind != CP_CMD_CMD && c->kind != CP_CMD_ENTRYPOINT)
			continue;
		if (cp_advise_script(ad->a, c, &v->scripts[i]) < 0)
			return cp_err_nomem(ad->err);
	}
	return 0;
}

/* Steps are in the order of the file, those of triggers of a base image among them. */
static void view_step(struct cp_adviser *ad, const struct cp_step *s)
{
	struct cp_stage_view *v = &ad->stages[s->stage];
	size_t at = v->n_seen;

	if (s->kind != CP_STEP_OP || !s->command || !s->command->line)
		return;
	while (at < v->stage->n_commands && v->stage->commands[at] != s->command)
		at++;
	if (at >= v->stage->n_commands)
		return;
	v->steps[at] = s;
	v->n_seen = at + 1;
}

static int view_stages(struct cp_adviser *ad)
{
	const struct cp_graph *g = ad->in->graph;
	const struct cp_dockerfile *df = ad->in->dockerfile;
	int r = 0;

	if (g->n_stages != df->n_stages || g->target >= g->n_stages)
		return cp_err_set(ad->err, CP_EBUG, "the graph is of another Dockerfile");
	ad->stages = cp_arena_array(ad->a, df->n_stages, sizeof(*ad->stages));
	if (!ad->stages)
		return cp_err_nomem(ad->err);
	ad->n_stages = df->n_stages;
	ad->target = g->target;
	for (size_t i = 0; i < df->n_stages; i++) {
		ad->stages[i].stage = &df->stages[i];
		ad->stages[i].graph = &g->stages[i];
	}
	for (size_t i = 0; r == 0 && i < df->n_stages; i++)
		r = view_stage(ad, &ad->stages[i]);
	for (size_t i = 0; r == 0 && i < g->n_steps; i++)
		view_step(ad, &g->steps[i]);
	for (int at = (int)g->target; at >= 0 && !ad->stages[at].in_image;
	     at = g->stages[at].parent)
		ad->stages[at].in_image = true;
	return r;
}

static int cut_lines(struct cp_adviser *ad)
{
	CP_VEC(struct cp_str) lines = {0};
	struct cp_str text = ad->in->text;

	while (text.n) {
		size_t end = cp_str_find(text, '\n', 0);
		struct cp_str line = cp_str_sub(text, 0, end + 1);

		if (cp_vec_push(ad->a, &lines, line) < 0)
			return cp_err_nomem(ad->err);
		text = cp_str_from(text, line.n);
	}
	ad->lines = lines.items;
	ad->n_lines = lines.n;
	return 0;
}

/* ---- comments that silence ---- */

/* `# cachepredict ignore=a,b` */
static bool line_ignores(struct cp_str line, const char *id)
{
	struct cp_str rest = cp_str_trim_space(line), word;

	if (!rest.n || rest.p[0] != '#')
		return false;
	rest = cp_str_trim_left_space(cp_str_trim_left(rest, "#"));
	if (!cp_str_starts(rest, CP_S("cachepredict ")))
		return false;
	rest = cp_str_trim_left_space(cp_str_from(rest, 13));
	if (!cp_str_starts(rest, CP_S("ignore=")))
		return false;
	rest = cp_str_from(rest, 7);
	while (cp_str_split(&rest, ',', &word)) {
		word = cp_str_trim_space(word);
		word = cp_str_sub(word, 0, cp_str_find(word, ' ', 0));
		if (cp_str_eq(word, cp_str_c(id)))
			return true;
	}
	return false;
}

static bool is_comment(struct cp_str line)
{
	line = cp_str_trim_space(line);
	return line.n && line.p[0] == '#';
}

static bool is_ignored(const struct cp_adviser *ad, const struct cp_finding *f)
{
	const char *id = cp_advise_rules[f->rule].id;
	bool here = cp_str_eq(f->file, ad->in->dockerfile_path);

	if (ad->silent[f->rule])
		return true;
	if (!here || f->line < 2 || (size_t)f->line > ad->n_lines)
		return false;
	for (size_t i = (size_t)f->line - 1; i > 0 && is_comment(ad->lines[i - 1]); i--)
		if (line_ignores(ad->lines[i - 1], id))
			return true;
	return false;
}

/* The comments at the top hold for the whole file. */
static void read_top(struct cp_adviser *ad)
{
	for (size_t i = 0; i < ad->n_lines; i++) {
		if (!is_comment(ad->lines[i]) && cp_str_trim_space(ad->lines[i]).n)
			return;
		for (size_t k = 0; k < CP_ADVISE_N_RULES; k++)
			ad->silent[k] =
				ad->silent[k] || line_ignores(ad->lines[i], cp_advise_rules[k].id);
	}
}

/* ---- all of it ---- */

/* Rules about files that are no Dockerfile. */
static bool is_elsewhere(const struct cp_finding *f)
{
	return f->rule == CP_ADVISE_NO_SCAN || f->rule == CP_ADVISE_DOCKERIGNORE_INCOMPLETE;
}

int cp_finding_order(const struct cp_finding *a, const struct cp_finding *b)
{
	int c = (int)is_elsewhere(a) - (int)is_elsewhere(b);

	if (!c)
		c = cp_str_cmp(a->file, b->file);
	if (c)
		return c;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return cp_str_cmp(a->message, b->message);
}

static int by_place(const void *x, const void *y)
{
	return cp_finding_order(x, y);
}

int cp_advise(struct cp_arena *a, const struct cp_advise_input *in, struct cp_advice *ret_advice,
	      struct cp_err *err)
{
	static int (*const rules[])(struct cp_adviser *) = {
		cp_advise_copies, cp_advise_installs, cp_advise_image, cp_advise_ci,
		cp_advise_order,  cp_advise_tools,    cp_advise_scans};
	struct cp_adviser ad = {.a = a,
				.in = in,
				.unread = MAX_READ_BYTES,
				.unseen = CP_MAX_TREE_ENTRIES,
				.err = err};
	struct cp_advice advice = {.n = 0};
	int r = view_stages(&ad);

	if (r == 0)
		r = cut_lines(&ad);
	if (r == 0)
		read_top(&ad);
	for (size_t i = 0; r == 0 && i < CP_LEN(rules); i++)
		r = rules[i](&ad);
	if (r == 0 && (ad.no_memory || cp_arena_failed(a) == CP_ENOMEM))
		r = cp_err_nomem(err);
	if (r < 0)
		return r;
	if (ad.found.n > 1)
		qsort(ad.found.items, ad.found.n, sizeof(*ad.found.items), by_place);
	advice.findings = ad.found.items;
	for (size_t i = 0; i < ad.found.n; i++) {
		if (is_ignored(&ad, &ad.found.items[i])) {
			advice.n_ignored++;
			continue;
		}
		advice.counts[ad.found.items[i].severity]++;
		advice.findings[advice.n++] = ad.found.items[i];
	}
	*ret_advice = advice;
	return 0;
}

int cp_advise_install_steps(struct cp_arena *a, const struct cp_advise_input *in,
			    struct cp_install_step **ret_steps, size_t *ret_n, struct cp_err *err)
{
	struct cp_adviser ad = {.a = a,
				.in = in,
				.unread = MAX_READ_BYTES,
				.unseen = CP_MAX_TREE_ENTRIES,
				.err = err};
	CP_VEC(struct cp_install_step) steps = {0};
	int r = view_stages(&ad);

	for (size_t i = 0; r == 0 && i < ad.n_stages; i++) {
		const struct cp_stage_view *v = &ad.stages[i];

		for (size_t k = 0; r == 0 && v->graph->reachable && k < v->stage->n_commands; k++) {
			struct cp_install_step step;

			if (v->stage->commands[k]->kind != CP_CMD_RUN ||
			    ((!cp_advise_install_of(&ad, v, k, &step) || step.does_more) &&
			     !cp_advise_builds_from(&ad, v, k, &step)))
				continue;
			step.line = v->stage->commands[k]->line;
			r = cp_vec_push(a, &steps, step) < 0 ? cp_err_nomem(err) : 0;
		}
	}
	if (r == 0 && (ad.no_memory || cp_arena_failed(a) == CP_ENOMEM))
		r = cp_err_nomem(err);
	if (r < 0)
		return r;
	*ret_steps = steps.items;
	*ret_n = steps.n;
	return 0;
}
