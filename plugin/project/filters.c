/*
 * Which paths start a workflow. GitHub and Gitea: on.EVENT.paths and paths-ignore. GitLab: rules,
 * only and except of every job and of `workflow:`, with `extends` and `!reference` inside the file.
 */
#include "project/glob_int.h"
#include "project/project.h"
#include "project/yaml_int.h"

typedef CP_VEC(struct cp_path_filter) filter_vec;
typedef CP_VEC(struct cp_str) text_vec;
typedef CP_VEC(const struct cp_yaml *) node_vec;

struct workflow {
	struct cp_arena *a;
	const struct cp_yaml *root;
	filter_vec filters;
	size_t visited; /* nodes looked at through !reference: at most CP_MAX_YAML_NODES */
	struct cp_err *err;
};

static const struct cp_yaml *key_of(const struct cp_yaml *map, struct cp_str name)
{
	for (size_t i = 0; map && map->kind == CP_YAML_MAP && i < map->n; i++)
		if (cp_str_eq(map->keys[i]->text, name))
			return map->keys[i];
	return NULL;
}

static int add_filter(struct workflow *w, struct cp_str where, const text_vec *patterns,
		      bool ignore, int line)
{
	struct cp_path_filter f = {where, patterns->items, patterns->n, ignore, line};

	return where.p && cp_vec_push(w->a, &w->filters, f) == 0 ? 0 : cp_err_nomem(w->err);
}

/* ---- GitHub, Gitea ---- */

static int github_patterns(struct workflow *w, const struct cp_yaml *v, text_vec *ret)
{
	if (v->kind == CP_YAML_SCALAR)
		return cp_yaml_is_null(v) || cp_vec_push(w->a, ret, v->text) == 0
			       ? 0
			       : cp_err_nomem(w->err);
	for (size_t i = 0; i < v->n; i++) {
		if (v->kind != CP_YAML_SEQ || v->items[i]->kind != CP_YAML_SCALAR)
			return cp_yaml_fail(w->err, CP_EINVAL, v,
					    "expected a list of path patterns");
		if (cp_vec_push(w->a, ret, v->items[i]->text) < 0)
			return cp_err_nomem(w->err);
	}
	return 0;
}

static int github_event(struct workflow *w, const struct cp_yaml *on, const char *event)
{
	static const char *const members[] = {"paths", "paths-ignore"};
	const struct cp_yaml *e = cp_yaml_get(on, cp_str_c(event));

	for (size_t i = 0; i < CP_LEN(members); i++) {
		const struct cp_yaml *v = cp_yaml_get(e, cp_str_c(members[i]));
		text_vec patterns = {0};
		int r = v ? github_patterns(w, v, &patterns) : 0;

		if (r == 0 && patterns.n)
			r = add_filter(w, cp_arena_printf(w->a, "on.%s.%s", event, members[i]),
				       &patterns, i == 1, key_of(e, cp_str_c(members[i]))->line);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_github(struct workflow *w)
{
	static const char *const events[] = {"push", "pull_request", "pull_request_target"};
	const struct cp_yaml *on = CP_YAML_GET(w->root, "on");
	int r = 0;

	for (size_t i = 0; r == 0 && i < CP_LEN(events); i++)
		r = github_event(w, on, events[i]);
	return r;
}

/* ---- GitLab ---- */

static int visit(struct workflow *w, const struct cp_yaml *at)
{
	if (++w->visited <= CP_MAX_YAML_NODES)
		return 0;
	return cp_yaml_fail(w->err, CP_ELIMIT, at, "over %u entries through !reference and extends",
			    CP_MAX_YAML_NODES);
}

/*
 * `!reference [job, key, ...]` ─► what is there; other nodes as they are. NULL when nothing is (an
 * included file has it).
 */
static int follow(struct workflow *w, const struct cp_yaml *v, const struct cp_yaml **ret)
{
	unsigned hops = 0;

	while (v && v->kind == CP_YAML_SEQ && cp_str_eq(v->tag, CP_S("!reference"))) {
		const struct cp_yaml *at = w->root;

		if (++hops > CP_MAX_YAML_DEPTH)
			return cp_yaml_fail(w->err, CP_EINVAL, v,
					    "!reference goes round in a circle");
		for (size_t i = 0; at && i < v->n; i++)
			at = cp_yaml_get(at, v->items[i]->text);
		v = at;
	}
	*ret = v;
	return 0;
}

/* The elements of a list, lists inside it opened. */
static int flatten(struct workflow *w, const struct cp_yaml *v, unsigned depth, node_vec *ret)
{
	int r = follow(w, v, &v);

	if (r == 0 && v)
		r = visit(w, v);
	if (r < 0 || !v || cp_yaml_is_null(v))
		return r;
	if (depth > CP_MAX_YAML_DEPTH)
		return cp_yaml_fail(w->err, CP_ELIMIT, v, "lists nested over %u levels",
				    CP_MAX_YAML_DEPTH);
	if (v->kind != CP_YAML_SEQ)
		return cp_vec_push(w->a, ret, v) == 0 ? 0 : cp_err_nomem(w->err);
	for (size_t i = 0; r == 0 && i < v->n; i++)
		r = flatten(w, v->items[i], depth + 1, ret);
	return r;
}

static int gitlab_patterns(struct workflow *w, const struct cp_yaml *changes, text_vec *ret)
{
	node_vec items = {0};
	int r = follow(w, changes, &changes);

	if (r == 0 && changes && changes->kind == CP_YAML_MAP)
		changes = CP_YAML_GET(changes, "paths");
	if (r == 0 && changes)
		r = flatten(w, changes, 0, &items);
	for (size_t i = 0; r == 0 && i < items.n; i++) {
		if (items.items[i]->kind != CP_YAML_SCALAR)
			return cp_yaml_fail(w->err, CP_EINVAL, items.items[i],
					    "changes: expected a list of path patterns");
		if (cp_vec_push(w->a, ret, items.items[i]->text) < 0)
			return cp_err_nomem(w->err);
	}
	return r;
}

/*
 * Rules of one job that start it under the same condition: a path that any of them takes starts it.
 */
struct rule_group {
	struct cp_str condition; /* of `if:` */
	text_vec patterns;
	size_t rules[3], n_rules; /* the first few, and how many */
	int line;
	bool never; /* `when: never`: a path that it takes keeps the job from starting */
	bool moot;  /* another rule starts the job under this condition, whatever changed */
};
typedef CP_VEC(struct rule_group) group_vec;

static int add_rule(struct workflow *w, group_vec *groups, struct rule_group rule, size_t index)
{
	for (size_t i = 0; i < groups->n; i++) {
		struct rule_group *g = &groups->items[i];

		if (g->never || rule.never || !cp_str_eq(g->condition, rule.condition))
			continue;
		for (size_t k = 0; k < rule.patterns.n; k++)
			if (cp_vec_push(w->a, &g->patterns, rule.patterns.items[k]) < 0)
				return cp_err_nomem(w->err);
		if (g->n_rules < CP_LEN(g->rules))
			g->rules[g->n_rules] = index;
		g->n_rules++;
		return 0;
	}
	rule.rules[0] = index;
	rule.n_rules = 1;
	return cp_vec_push(w->a, groups, rule) == 0 ? 0 : cp_err_nomem(w->err);
}

/* "build-api: rules[0].changes, rules[2].changes" */
static struct cp_str where_of(struct workflow *w, const struct rule_group *g, struct cp_str job)
{
	struct cp_str where =
		cp_arena_printf(w->a, "%.*s: rules[%zu].changes", CP_STR(job), g->rules[0]);

	for (size_t i = 1; where.p && i < g->n_rules && i < CP_LEN(g->rules); i++)
		where = cp_arena_printf(w->a, "%.*s, rules[%zu].changes", CP_STR(where),
					g->rules[i]);
	if (where.p && g->n_rules > CP_LEN(g->rules))
		where = cp_arena_printf(w->a, "%.*s and %zu more", CP_STR(where),
					g->n_rules - CP_LEN(g->rules));
	return where;
}

/*
 * A rule without `changes` that starts the job: rules under the same condition, or under any, no
 * longer hold it back.
 */
static void forget(group_vec *groups, struct cp_str condition)
{
	for (size_t i = 0; i < groups->n; i++)
		if (!groups->items[i].never &&
		    (condition.n == 0 || cp_str_eq(groups->items[i].condition, condition)))
			groups->items[i].moot = true;
}

/* Rules are tried in order; the first that holds decides. `ret_last`: no later rule can. */
static int read_rule(struct workflow *w, group_vec *groups, const struct cp_yaml *rule,
		     struct cp_str job, size_t index, bool *ret_last)
{
	const struct cp_yaml *changes = CP_YAML_GET(rule, "changes"),
			     *condition = CP_YAML_GET(rule, "if");
	const struct cp_yaml *when = CP_YAML_GET(rule, "when");
	struct rule_group g = {.line = rule->line, .condition = CP_S("")};
	int r;

	*ret_last = false;
	if (rule->kind != CP_YAML_MAP)
		return cp_yaml_fail(w->err, CP_EINVAL, rule, "%.*s: a rule must be a map",
				    CP_STR(job));
	if (condition && condition->kind == CP_YAML_SCALAR)
		g.condition = condition->text;
	g.never = when && cp_str_eq(when->text, CP_S("never"));
	if (changes && !cp_yaml_is_null(changes)) {
		g.line = key_of(rule, CP_S("changes"))->line;
		r = gitlab_patterns(w, changes, &g.patterns);
		return r == 0 && g.patterns.n ? add_rule(w, groups, g, index) : r;
	}
	*ret_last = g.condition.n == 0 && !CP_YAML_GET(rule, "exists");
	if (!g.never && !CP_YAML_GET(rule, "exists"))
		forget(groups, g.condition);
	return 0;
}

static int read_rules(struct workflow *w, const struct cp_yaml *rules, struct cp_str job)
{
	group_vec groups = {0};
	node_vec items = {0};
	bool last = false;
	int r = flatten(w, rules, 0, &items);

	for (size_t i = 0; r == 0 && !last && i < items.n; i++)
		r = read_rule(w, &groups, items.items[i], job, i, &last);
	for (size_t i = 0; r == 0 && i < groups.n; i++) {
		const struct rule_group *g = &groups.items[i];

		if (!g->moot)
			r = add_filter(w, where_of(w, g, job), &g->patterns, g->never, g->line);
	}
	return r;
}

/* What a member of a job was asked for, and where it was found. */
struct wanted {
	/* "rules", NULL; or "only", "changes": GitLab merges maps, so a map may lack it */
	const char *name, *within;
	const struct cp_yaml *value, *key;
};

/* The job's own member; `ret_end`: it is not to be looked for in what the job extends. */
static int own_member(struct workflow *w, const struct cp_yaml *job, struct wanted *want,
		      bool *ret_end)
{
	const struct cp_yaml *v = cp_yaml_get(job, cp_str_c(want->name)), *holder = job;
	int r = follow(w, v, &v);

	*ret_end = r < 0 || (v && !want->within) || (v && v->kind != CP_YAML_MAP);
	if (r < 0 || !v || (want->within && v->kind != CP_YAML_MAP))
		return r; /* `only: [main]` takes the place of a map */
	if (want->within) {
		holder = v;
		v = cp_yaml_get(v, cp_str_c(want->within));
		*ret_end = v != NULL;
	}
	want->value = v;
	want->key = v ? key_of(holder, cp_str_c(want->within ? want->within : want->name)) : NULL;
	return 0;
}

/* A member of a job: its own, else that of the jobs that it extends, the last named first. */
static int job_member(struct workflow *w, const struct cp_yaml *job, unsigned depth,
		      struct wanted *want)
{
	const struct cp_yaml *extends = CP_YAML_GET(job, "extends");
	bool end = false;
	int r = job ? visit(w, job) : 0;

	if (r == 0 && job && job->kind == CP_YAML_MAP)
		r = own_member(w, job, want, &end);
	if (r < 0 || end || !extends)
		return r;
	if (depth > CP_MAX_YAML_DEPTH)
		return cp_yaml_fail(w->err, CP_EINVAL, extends, "extends goes round in a circle");
	if (extends->kind == CP_YAML_SCALAR)
		return job_member(w, cp_yaml_get(w->root, extends->text), depth + 1, want);
	for (size_t i = extends->n; r == 0 && !want->value && i > 0; i--)
		r = job_member(w, cp_yaml_get(w->root, extends->items[i - 1]->text), depth + 1,
			       want);
	return r;
}

static int read_only(struct workflow *w, const struct cp_yaml *job, struct cp_str name,
		     const char *member, bool ignore)
{
	struct wanted want = {.name = member, .within = "changes"};
	text_vec patterns = {0};
	int r = job_member(w, job, 0, &want);

	if (r < 0 || !want.value)
		return r;
	r = gitlab_patterns(w, want.value, &patterns);
	if (r < 0 || !patterns.n)
		return r;
	return add_filter(w, cp_arena_printf(w->a, "%.*s: %s.changes", CP_STR(name), member),
			  &patterns, ignore, want.key->line);
}

static int read_job(struct workflow *w, const struct cp_yaml *job, struct cp_str name)
{
	struct wanted rules = {.name = "rules"};
	int r = job_member(w, job, 0, &rules);

	if (r == 0 && rules.value)
		return read_rules(w, rules.value,
				  name); /* GitLab refuses rules beside only and except */
	if (r == 0)
		r = read_only(w, job, name, "only", false);
	return r == 0 ? read_only(w, job, name, "except", true) : r;
}

static bool is_job(struct cp_str name, const struct cp_yaml *v)
{
	static const char *const keywords[] = {
		"default",  "include", "stages", "variables",     "workflow",    "image",
		"services", "cache",   "spec",   "before_script", "after_script"};

	for (size_t i = 0; i < CP_LEN(keywords); i++)
		if (cp_str_eq(name, cp_str_c(keywords[i])))
			return false;
	return v->kind == CP_YAML_MAP && !cp_str_starts(name, CP_S("."));
}

static int read_gitlab(struct workflow *w)
{
	const struct cp_yaml *rules = CP_YAML_GET(CP_YAML_GET(w->root, "workflow"), "rules");
	int r = rules ? read_rules(w, rules, CP_S("workflow")) : 0;

	for (size_t i = 0; r == 0 && w->root->kind == CP_YAML_MAP && i < w->root->n; i++)
		if (is_job(w->root->keys[i]->text, w->root->items[i]))
			r = read_job(w, w->root->items[i], w->root->keys[i]->text);
	return r;
}

/* ---- both ---- */

static enum cp_ci_kind kind_of(struct cp_str name, const struct cp_yaml *root)
{
	static const struct {
		struct cp_str part;
		enum cp_ci_kind kind;
	} parts[] = {{CP_S_INIT(".github/"), CP_CI_GITHUB},
		     {CP_S_INIT(".gitea/"), CP_CI_GITEA},
		     {CP_S_INIT(".forgejo/"), CP_CI_GITEA},
		     {CP_S_INIT("gitlab-ci"), CP_CI_GITLAB}};

	for (size_t i = 0; i < CP_LEN(parts); i++)
		if (cp_str_find_str(name, parts[i].part, 0) < name.n)
			return parts[i].kind;
	return CP_YAML_GET(root, "on") && CP_YAML_GET(root, "jobs") ? CP_CI_GITHUB : CP_CI_GITLAB;
}

static int copy_source(struct cp_arena *a, struct cp_str name, struct cp_str text,
		       struct cp_yaml_source **ret)
{
	struct cp_yaml_source *source = CP_NEW(a, struct cp_yaml_source);

	if (!source)
		return CP_ENOMEM;
	source->name = cp_arena_str(a, name);
	source->text = cp_arena_str(a, text);
	*ret = source;
	return source->name.p && source->text.p ? 0 : CP_ENOMEM;
}

int cp_filters_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		     enum cp_ci_kind *ret_kind, struct cp_path_filter **ret_filters, size_t *ret_n,
		     struct cp_err *err)
{
	struct workflow w = {.a = a, .err = err};
	struct cp_yaml_source *source;
	struct cp_yaml **docs = NULL;
	enum cp_ci_kind kind;
	size_t n = 0;
	int r;

	if (copy_source(a, name, text, &source) < 0)
		return cp_err_nomem(err);
	r = cp_yaml_parse(a, source, &docs, &n, err);
	if (r < 0)
		return r;
	if (n)
		w.root = docs[n - 1]; /* GitLab puts `spec:` into a document of its own before */
	if (!w.root || w.root->kind != CP_YAML_MAP) {
		cp_err_set(err, CP_EINVAL, "a workflow must be a map");
		cp_err_at(err, source->name, 1, 1, 1,
			  cp_str_sub(text, 0, cp_str_find(text, '\n', 0)));
		return CP_EINVAL;
	}
	kind = kind_of(name, w.root);
	r = kind == CP_CI_GITLAB ? read_gitlab(&w) : read_github(&w);
	if (r < 0)
		return r;
	*ret_kind = kind;
	*ret_filters = w.filters.items;
	*ret_n = w.filters.n;
	return 0;
}

/*
 * The last pattern that takes the path decides. In paths-ignore Gitea (act's
 * workflowpattern.Filter) stops at the first that takes it, and `!` there takes what the pattern
 * does not.
 */
static int match_github(const struct cp_path_filter *f, enum cp_ci_kind kind, struct cp_str path,
			bool *ret_taken)
{
	bool first = kind == CP_CI_GITEA && f->ignore, taken = false;

	for (size_t i = 0; i < f->n_patterns; i++) {
		bool negated = cp_str_starts(f->patterns[i], CP_S("!")), matches = false;
		int r = cp_glob_github(cp_str_from(f->patterns[i], negated), path, &matches);

		if (r < 0)
			return r;
		if (first)
			taken |= matches != negated;
		else if (matches)
			taken = !negated;
	}
	*ret_taken = taken;
	return 0;
}

static int match_gitlab(const struct cp_path_filter *f, struct cp_str path, bool *ret_taken)
{
	bool unknown = false;

	for (size_t i = 0; i < f->n_patterns; i++) {
		bool matches = false;
		int r;

		if (cp_str_find(f->patterns[i], '$', 0) < f->patterns[i].n) {
			unknown = true; /* a variable of the pipeline */
			continue;
		}
		r = cp_glob_gitlab(f->patterns[i], path, &matches);
		if (r < 0)
			return r;
		if (matches) {
			*ret_taken = true;
			return 0;
		}
	}
	if (unknown)
		return CP_EUNSUPPORTED;
	*ret_taken = false;
	return 0;
}

int cp_filter_matches(const struct cp_path_filter *f, enum cp_ci_kind kind, struct cp_str path,
		      bool *ret_matches)
{
	bool taken = false;
	int r = kind == CP_CI_GITLAB ? match_gitlab(f, path, &taken)
				     : match_github(f, kind, path, &taken);

	if (r == 0)
		*ret_matches = taken != f->ignore;
	return r;
}
