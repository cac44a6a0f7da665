/*
 * Which forge, and which pull request of it: from the request, else from the variables of the CI. A table for each CI, the first whose
 * own variable is set decides. All of it may be a stranger's text (a branch can have any name), so what goes into an address is checked.
 */
#include "forge/forge_int.h"

static const struct cp_forge_ops *const forges[] = {&forge_github, &forge_gitlab, &forge_gitea,
						    &forge_bitbucket};

struct finder {
	struct cp_arena *a;
	const struct cp_environment *env;
	struct cp_forge_place place;
	bool no_memory;
};

struct cp_str forge_variable(const struct cp_environment *env, const char *name)
{
	const char *value = env && env->get && name ? env->get(env->self, name) : NULL;

	return cp_str_trim(cp_str_c(value), " \t\r\n");
}

static struct cp_str variable(const struct finder *f, const char *name)
{
	return forge_variable(f->env, name);
}

static struct cp_str first_of(const struct finder *f, const char *const *names)
{
	struct cp_str value = CP_S("");

	for (; !value.n && *names; names++)
		value = variable(f, *names);
	return value;
}

static void put(struct finder *f, struct cp_str *slot, struct cp_str value)
{
	if (slot->n || !value.n)
		return;
	*slot = cp_arena_str(f->a, value);
	f->no_memory = f->no_memory || !slot->p;
}

static const struct cp_forge_ops *forge_named(struct cp_str name)
{
	if (cp_str_eq(name, CP_S("forgejo")))
		return &forge_gitea;
	for (size_t i = 0; i < CP_LEN(forges); i++)
		if (cp_str_eq(name, cp_str_c(forges[i]->name)))
			return forges[i];
	return NULL;
}

/* ---- shapes ---- */

static bool is_number(struct cp_str s)
{
	int64_t v;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n && s.p[0] != '0' && cp_str_to_int(s, 10, &v) && v <= INT32_MAX;
}

static bool is_commit(struct cp_str s)
{
	return s.n >= 12 && s.n <= 64 && cp_str_is_hex(s);
}

/* One segment of a path: it is escaped later, but no escape changes what "." and ".." mean. */
static bool is_segment(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 32 || s.p[i] == 127)
			return false;
	return s.n && s.n <= 255 && !cp_str_eq(s, CP_S(".")) && !cp_str_eq(s, CP_S(".."));
}

static bool is_repository(const struct cp_forge_ops *ops, struct cp_str s)
{
	struct cp_str part;
	size_t n = 0;

	if (ops == &forge_gitlab && is_number(s))
		return true;
	while (s.n && cp_str_split(&s, '/', &part)) {
		if (!is_segment(part))
			return false;
		n++;
	}
	return n == 2 || (n > 2 && n <= 32 && ops == &forge_gitlab);
}

/* ---- GitHub's kind: GitHub, Gitea, Forgejo ---- */

struct cp_str cp_forge_event_file(const struct cp_environment *env)
{
	const char *path = env && env->get ? env->get(env->self, "GITHUB_EVENT_PATH") : NULL;

	return cp_str_c(path);
}

static void read_pull(struct finder *f, const struct cp_json *pull)
{
	const struct cp_json *number = cp_json_get(pull, "number");
	struct cp_str text = CP_S("");

	if (cp_json_kind(number) == CP_JSON_INT)
		text = cp_arena_printf(f->a, "%lld", (long long)cp_json_number(number, 0));
	put(f, &f->place.number, text);
	if (cp_str_eq(text, f->place.number))
		put(f, &f->place.commit,
		    cp_json_text(cp_json_get(cp_json_get(pull, "head"), "sha")));
}

/*
 * A run that follows another one's, with a token that the other one's had not. HEAD and all variables are of the default branch; which pull
 * request it was is not said where it came from a fork: it is looked for by its head.
 */
static void read_run(struct finder *f, const struct cp_json *run)
{
	const struct cp_json *head = cp_json_get(run, "head_repository");

	f->place.follows = true;
	if (!cp_str_starts(cp_json_text(cp_json_get(run, "event")), CP_S("pull_request")))
		return;
	put(f, &f->place.commit, cp_json_text(cp_json_get(run, "head_sha")));
	put(f, &f->place.head_owner,
	    cp_json_text(cp_json_get(cp_json_get(head, "owner"), "login")));
	put(f, &f->place.head_branch, cp_json_text(cp_json_get(run, "head_branch")));
}

static void read_event(struct finder *f, struct cp_str text)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *run;

	if (!text.n || cp_json_parse(text, CP_S("event"), &doc, NULL) < 0)
		return;
	run = cp_json_get(cp_json_root(doc), "workflow_run");
	if (run)
		read_run(f, run);
	else
		read_pull(f, cp_json_get(cp_json_root(doc), "pull_request"));
}

/* refs/pull/N/merge, refs/pull/N/head */
static struct cp_str number_of_ref(struct cp_str ref)
{
	if (!cp_str_starts(ref, CP_S("refs/pull/")))
		return CP_S("");
	ref = cp_str_from(ref, 10);
	return cp_str_sub(ref, 0, cp_str_find(ref, '/', 0));
}

static void from_actions(struct finder *f, struct cp_str event)
{
	struct cp_str ref = variable(f, "GITHUB_REF"), server = variable(f, "GITHUB_SERVER_URL");
	struct cp_str repository = variable(f, "GITHUB_REPOSITORY"),
		      run = variable(f, "GITHUB_RUN_ID");

	put(f, &f->place.repository, repository);
	read_event(f, event);
	put(f, &f->place.number, number_of_ref(ref));
	f->place.merged = cp_str_ends(ref, CP_S("/merge"));
	if (!f->place.merged && !f->place.follows)
		put(f, &f->place.commit, variable(f, "GITHUB_SHA"));
	if (server.n && run.n)
		put(f, &f->place.run_url,
		    cp_arena_printf(f->a, "%.*s/%.*s/actions/runs/%.*s", CP_STR(server),
				    CP_STR(repository), CP_STR(run)));
}

/* ---- CIs of a forge ---- */

struct ci {
	const char *mark; /* variable that says that it is this CI */
	const struct cp_forge_ops *ops;
	const char *run;
	const char *url[2], *repository[3], *number[2], *commit[3], *run_url[2]; /* end in NULL */
};

/* GITHUB_* are read by from_actions. */
static const struct ci cis[] = {
	{"GITEA_ACTIONS", &forge_gitea, "GITHUB_RUN_ID", {"GITHUB_API_URL"}, {0}, {0}, {0}, {0}},
	{"FORGEJO_ACTIONS", &forge_gitea, "GITHUB_RUN_ID", {"GITHUB_API_URL"}, {0}, {0}, {0}, {0}},
	{"GITHUB_ACTIONS", &forge_github, "GITHUB_RUN_ID", {"GITHUB_API_URL"}, {0}, {0}, {0}, {0}},
	{"GITLAB_CI",
	 &forge_gitlab,
	 "CI_PIPELINE_ID",
	 {"CI_API_V4_URL"},
	 {"CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID"},
	 {"CI_MERGE_REQUEST_IID"},
	 {"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"},
	 {"CI_JOB_URL"}},
	{"BITBUCKET_BUILD_NUMBER",
	 &forge_bitbucket,
	 "BITBUCKET_BUILD_NUMBER",
	 {0},
	 {"BITBUCKET_REPO_FULL_NAME"},
	 {"BITBUCKET_PR_ID"},
	 {"BITBUCKET_COMMIT"},
	 {0}},
	/* CIs of any forge */
	{"CI_FORGE_TYPE", /* Woodpecker */
	 NULL,
	 "CI_PIPELINE_NUMBER",
	 {0},
	 {"CI_REPO"},
	 {"CI_COMMIT_PULL_REQUEST"},
	 {"CI_COMMIT_SHA"},
	 {"CI_PIPELINE_URL"}},
	{"BUILDKITE",
	 NULL,
	 "BUILDKITE_BUILD_NUMBER",
	 {0},
	 {0},
	 {"BUILDKITE_PULL_REQUEST"},
	 {"BUILDKITE_COMMIT"},
	 {"BUILDKITE_BUILD_URL"}},
	{"CHANGE_URL", /* Jenkins */
	 NULL,
	 "BUILD_NUMBER",
	 {0},
	 {0},
	 {"CHANGE_ID"},
	 {"GIT_COMMIT"},
	 {"BUILD_URL"}},
};

/* The API of a forge whose pages are at `web`, without a slash at its end. */
static struct cp_str api_of(struct finder *f, const struct cp_forge_ops *ops, struct cp_str web)
{
	static const char *const below[] = {"/api/v3", "/api/v4", "/api/v1", ""};
	size_t i = 0;

	while (forges[i] != ops)
		i++;
	if (ops == &forge_bitbucket || cp_str_eq(web, CP_S("https://github.com")))
		return CP_S("");
	return cp_arena_cat(f->a, web, cp_str_c(below[i]));
}

/* The page of a pull request: HOST/OWNER/NAME/pull/N and the like. */
static void from_page(struct finder *f, struct cp_str page)
{
	static const struct {
		const char *between;
		const struct cp_forge_ops *ops;
	} kinds[] = {{"/-/merge_requests/", &forge_gitlab},
		     {"/pull-requests/", &forge_bitbucket},
		     {"/pulls/", &forge_gitea},
		     {"/pull/", &forge_github}};
	size_t host = cp_str_find_str(page, CP_S("://"), 0) + 3,
	       path = cp_str_find(page, '/', host);

	for (size_t i = 0; path < page.n && i < CP_LEN(kinds); i++) {
		size_t at = cp_str_find_str(page, cp_str_c(kinds[i].between), path);

		if (at == page.n)
			continue;
		f->place.ops = f->place.ops ? f->place.ops : kinds[i].ops;
		put(f, &f->place.repository, cp_str_sub(page, path + 1, at));
		put(f, &f->place.url, api_of(f, f->place.ops, cp_str_sub(page, 0, path)));
		return;
	}
}

/* git@github.com:owner/name.git, https://github.com/owner/name.git: of hosts that everybody knows */
static void from_clone(struct finder *f, struct cp_str url)
{
	static const struct {
		const char *host;
		const struct cp_forge_ops *ops;
	} known[] = {{"github.com", &forge_github},
		     {"gitlab.com", &forge_gitlab},
		     {"bitbucket.org", &forge_bitbucket}};

	for (size_t i = 0; i < CP_LEN(known); i++) {
		size_t n = strlen(known[i].host),
		       at = cp_str_find_str(url, cp_str_c(known[i].host), 0);
		struct cp_str path = cp_str_from(url, at + n + 1);

		if (at == url.n || !at || !strchr("@/", url.p[at - 1]))
			continue;
		if (cp_str_ends(path, CP_S(".git")))
			path = cp_str_sub(path, 0, path.n - 4);
		f->place.ops = f->place.ops ? f->place.ops : known[i].ops;
		put(f, &f->place.repository, path);
	}
}

static void from_ci(struct finder *f, const struct ci *ci, struct cp_str event)
{
	struct cp_str kind = variable(f, "CI_FORGE_TYPE"), web = variable(f, "CI_FORGE_URL");
	struct cp_str run = variable(f, ci->run);
	int64_t v;

	if (cp_str_starts(cp_str_c(ci->run), CP_S("GITHUB_")))
		from_actions(f, event);
	f->place.ops = f->place.ops ? f->place.ops : ci->ops;
	if (f->place.ops == ci->ops) /* the address of another forge would get this one's token */
		put(f, &f->place.url, first_of(f, ci->url));
	if (cp_str_eq(cp_str_c(ci->mark), CP_S("CHANGE_URL")))
		from_page(f, variable(f, "CHANGE_URL"));
	if (cp_str_eq(cp_str_c(ci->mark), CP_S("BUILDKITE")))
		from_clone(f, variable(f, "BUILDKITE_REPO"));
	if (!ci->ops && !f->place.ops)
		f->place.ops = forge_named(kind);
	if (!ci->ops && f->place.ops && web.n)
		put(f, &f->place.url, api_of(f, f->place.ops, cp_str_trim_right(web, "/")));
	put(f, &f->place.repository, first_of(f, ci->repository));
	put(f, &f->place.number, first_of(f, ci->number));
	put(f, &f->place.commit, first_of(f, ci->commit));
	put(f, &f->place.run_url, first_of(f, ci->run_url));
	f->place.fork = cp_forge_is_fork(f->a, f->env, event);
	if (!f->place.run && cp_str_to_int(run, 10, &v) && v > 0)
		f->place.run = (uint64_t)v;
}

/* ---- the token, and what is still missing ---- */

/* A variable of one forge is not looked at for another. */
static struct cp_str find_token(const struct finder *f)
{
	static const char *const own[] = {"CACHEPREDICT_TOKEN", NULL},
				 *const github[] = {"GITHUB_TOKEN", "GH_TOKEN", NULL},
				 *const gitlab[] = {"GITLAB_TOKEN", NULL},
				 *const gitea[] = {"GITEA_TOKEN", "FORGEJO_TOKEN", NULL},
				 *const bitbucket[] = {"BITBUCKET_TOKEN", "BITBUCKET_ACCESS_TOKEN",
						       NULL};
	const struct cp_forge_ops *ops = f->place.ops;
	struct cp_str token = first_of(f, own);

	if (!token.n)
		token = first_of(f, ops == &forge_github   ? github
				    : ops == &forge_gitlab ? gitlab
				    : ops == &forge_gitea  ? gitea
							   : bitbucket);
	if (!token.n && ops == &forge_gitea &&
	    (variable(f, "GITEA_ACTIONS").n || variable(f, "FORGEJO_ACTIONS").n))
		token = variable(f, "GITHUB_TOKEN");
	return token;
}

static int missing(const char *what, const char *flag, struct cp_err *err)
{
	cp_err_set(err, CP_ENOTFOUND, "no %s is named, and the CI's variables name none", what);
	cp_err_hint(err, "%s", flag);
	return CP_ENOTFOUND;
}

static int check(struct finder *f, struct cp_err *err)
{
	struct cp_forge_place *p = &f->place;

	if (!p->ops)
		return missing("forge", "--forge github, gitlab, gitea or bitbucket", err);
	if (p->ops == &forge_github)
		put(f, &p->url, CP_S("https://api.github.com"));
	if (p->ops == &forge_gitlab)
		put(f, &p->url, CP_S("https://gitlab.com/api/v4"));
	if (p->ops == &forge_bitbucket)
		put(f, &p->url, CP_S("https://api.bitbucket.org/2.0"));
	p->url = cp_str_trim_right(p->url, "/");
	if (!p->url.n)
		return missing("address of the forge", "--forge-url https://HOST/api/v1", err);
	if (!p->repository.n)
		return missing("repository", "--forge-repository OWNER/NAME", err);
	if (!is_commit(p->commit))
		p->commit = CP_S("");
	if (!p->number.n && !(p->commit.n && p->head_owner.n && p->head_branch.n))
		return missing("pull request", "--pull-request NUMBER", err);
	if (!is_repository(p->ops, p->repository))
		return cp_err_set(err, CP_EUSAGE, "\"%.*s\" names no repository of %s",
				  CP_STR(p->repository), p->ops->title);
	if (p->number.n && !is_number(p->number))
		return cp_err_set(err, CP_EUSAGE, "\"%.*s\" is no number of a pull request",
				  CP_STR(p->number));
	p->forge = cp_str_c(p->ops->name);
	put(f, &p->token, find_token(f));
	return f->no_memory ? cp_err_nomem(err) : 0;
}

int cp_forge_find(struct cp_arena *a, const struct cp_environment *env,
		  const struct cp_forge_wish *wish, struct cp_str event,
		  struct cp_forge_place *ret_place, struct cp_err *err)
{
	struct finder f = {.a = a, .env = env};
	int64_t run = 0;
	int r;

	if (wish->forge.n) {
		f.place.ops = forge_named(wish->forge);
		if (!f.place.ops)
			return cp_err_set(err, CP_EUSAGE,
					  "%.*s is no forge (github, gitlab, gitea, bitbucket)",
					  CP_STR(wish->forge));
	}
	if (wish->run.n && (!cp_str_to_int(wish->run, 10, &run) || run < 0))
		return cp_err_set(err, CP_EUSAGE, "\"%.*s\" is no number of a run",
				  CP_STR(wish->run));
	f.place.run = (uint64_t)run;
	put(&f, &f.place.url, wish->url);
	put(&f, &f.place.repository, wish->repository);
	put(&f, &f.place.number, wish->number);
	put(&f, &f.place.commit, wish->commit);
	for (size_t i = 0; i < CP_LEN(cis); i++)
		if (variable(&f, cis[i].mark).n) {
			from_ci(&f, &cis[i], event);
			break;
		}
	r = check(&f, err);
	if (r == 0)
		*ret_place = f.place;
	return r;
}
