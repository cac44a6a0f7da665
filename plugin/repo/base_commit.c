/*
 * The commit to compare with when the user names none. A CI system says it in its variables: they are read one by one from a table
 * for each system, the first that is set decides. Their text is a stranger's (a branch can have any name): it becomes an object id
 * or the name of a reference, and nothing else.
 */
#include "repo/git_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum source_kind {
	SOURCE_COMMIT, /* an object id, perhaps abbreviated */
	SOURCE_BRANCH, /* a branch of origin: the merge base with it */
};

struct source {
	const char *variable;
	enum source_kind kind;
};

#define MAX_SOURCES 4

/* No two systems share a variable. */
static const struct source systems[][MAX_SOURCES] = {
	/* GitLab. The target's commit is set in pipelines of merged results only, where HEAD is a merge into it. */
	{{"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", SOURCE_COMMIT},
	 {"CI_MERGE_REQUEST_DIFF_BASE_SHA", SOURCE_COMMIT},
	 {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", SOURCE_BRANCH},
	 {"CI_COMMIT_BEFORE_SHA", SOURCE_COMMIT}},
	/* Buildkite */
	{{"BUILDKITE_PULL_REQUEST_BASE_BRANCH", SOURCE_BRANCH}},
	/* Bitbucket Pipelines; the commit has twelve digits */
	{{"BITBUCKET_PR_DESTINATION_COMMIT", SOURCE_COMMIT},
	 {"BITBUCKET_PR_DESTINATION_BRANCH", SOURCE_BRANCH}},
	/* Azure Pipelines */
	{{"SYSTEM_PULLREQUEST_TARGETBRANCH", SOURCE_BRANCH}},
	/* Jenkins */
	{{"CHANGE_TARGET", SOURCE_BRANCH},
	 {"GIT_PREVIOUS_SUCCESSFUL_COMMIT", SOURCE_COMMIT},
	 {"GIT_PREVIOUS_COMMIT", SOURCE_COMMIT}},
	/* Woodpecker, Drone */
	{{"CI_COMMIT_TARGET_BRANCH", SOURCE_BRANCH},
	 {"CI_PREV_COMMIT_SHA", SOURCE_COMMIT},
	 {"DRONE_COMMIT_BEFORE", SOURCE_COMMIT}},
};

struct finder {
	struct cp_arena *a;
	struct cp_repo *r;
	const struct cp_commit *head;
	const struct cp_environment *env;
	struct cp_commit base;
	struct cp_str rev, why;
	bool found;
};

/* A variable that says something: not empty, not the zeros that stand for "none". */
static struct cp_str variable(const struct finder *f, const char *name)
{
	const char *value = f->env ? f->env->get(f->env->self, name) : NULL;
	struct cp_str s = cp_str_trim(cp_str_c(value), " \t\r\n");

	return cp_str_trim(s, "0").n == 0 ? CP_S("") : s;
}

static int found(struct finder *f, const struct cp_commit *base, struct cp_str rev,
		 struct cp_str why, struct cp_err *err)
{
	if (!rev.p || !why.p)
		return cp_err_nomem(err);
	f->base = *base;
	f->rev = rev;
	f->why = why;
	f->found = true;
	return 0;
}

static struct cp_str hex_of(const struct finder *f, const struct cp_commit *c)
{
	return cp_arena_str(f->a, cp_str_c(c->hex));
}

/* ---- a commit that a variable names ---- */

static bool is_object_id(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF", s.p[i]) || s.p[i] == '\0')
			return false;
	return s.n >= 7 && s.n <= 64;
}

static int use_commit(struct finder *f, const char *name, struct cp_str id, struct cp_err *err)
{
	struct cp_commit c;
	int r;

	if (!is_object_id(id)) {
		cp_err_set(err, CP_ENOTFOUND, "%s=%.*s is no commit id", name, CP_STR(id));
		cp_err_hint(err, "name the commit to compare with");
		return CP_ENOTFOUND;
	}
	id = cp_arena_str(f->a, id);
	if (!id.p)
		return cp_err_nomem(err);
	r = cp_repo_resolve(f->r, id.p, &c, err);
	if (r < 0) {
		cp_err_wrap(err, "%s names the commit to compare with", name);
		return r;
	}
	return found(f, &c, hex_of(f, &c), cp_str_c(name), err);
}

/* ---- the merge base with a branch ---- */

static int first_parent(struct finder *f, struct cp_str why, struct cp_err *err)
{
	struct cp_commit parent;
	int r = cp_repo_parent(f->r, &f->head->oid, 1, &parent, err);

	return r < 0 ? r : found(f, &parent, hex_of(f, &parent), why, err);
}

static int no_merge_base(const struct cp_repo *r, const char *shown, bool cut, struct cp_err *err)
{
	cp_err_set(err, CP_ENOTFOUND, "HEAD and %s have no common commit in this %sclone", shown,
		   cut ? "shallow " : "");
	cp_err_hint(err, cut && cp_repo_is_shallow(r) ? "git fetch --unshallow origin"
						      : "name the commit to compare with");
	return CP_ENOTFOUND;
}

int cp_repo_common_base(struct cp_repo *r, const struct cp_commit *head, const char *rev,
			struct cp_commit *ret_base, struct cp_err *err)
{
	struct cp_commit tip;
	bool cut = false;
	int e = cp_repo_resolve(r, rev, &tip, err);

	if (e < 0)
		return e;
	e = cp_repo_merge_base(r, &head->oid, &tip.oid, ret_base, &cut, err);
	return e == CP_ENOTFOUND && !err->hint[0] ? no_merge_base(r, rev, cut, err) : e;
}

/* Compare with where `head` left the branch `tip`; on the branch itself, with the commit before. */
static int use_branch(struct finder *f, const struct cp_commit *tip, const char *shown,
		      struct cp_err *err)
{
	struct cp_commit base;
	bool cut = false;
	int r = cp_repo_merge_base(f->r, &f->head->oid, &tip->oid, &base, &cut, err);

	if (r == CP_ENOTFOUND && !err->hint[0])
		return no_merge_base(f->r, shown, cut, err);
	if (r < 0)
		return r;
	if (cp_oid_eq(&base.oid, &f->head->oid))
		return first_parent(f, cp_arena_printf(f->a, "first parent, on %s", shown), err);
	return found(f, &base, hex_of(f, &base), cp_arena_printf(f->a, "merge base with %s", shown),
		     err);
}

/* The commit of refs/remotes/origin/NAME or of refs/heads/NAME. */
static int find_branch(struct finder *f, struct cp_str name, struct cp_commit *ret_tip,
		       struct cp_str *ret_shown, struct cp_err *err)
{
	static const char *const places[] = {"refs/remotes/origin/", "refs/heads/"};
	int r = CP_ENOTFOUND;

	for (size_t i = 0; i < CP_LEN(places) && r == CP_ENOTFOUND; i++) {
		struct cp_str full = cp_arena_printf(f->a, "%s%.*s", places[i], CP_STR(name));
		int valid = 0;

		if (!full.p)
			return cp_err_nomem(err);
		if (git_reference_name_is_valid(&valid, full.p) < 0 || !valid)
			break;
		r = cp_repo_reference(f->r, full.p, ret_tip, err);
		*ret_shown = cp_arena_printf(f->a, "%s%.*s", i == 0 ? "origin/" : "", CP_STR(name));
	}
	return r == 0 && !ret_shown->p ? cp_err_nomem(err) : r;
}

static int use_named_branch(struct finder *f, const char *variable_name, struct cp_str name,
			    struct cp_err *err)
{
	struct cp_commit tip;
	struct cp_str shown = CP_S("");
	int r;

	if (cp_str_starts(name, CP_S("refs/heads/")))
		name = cp_str_from(name, strlen("refs/heads/"));
	r = find_branch(f, name, &tip, &shown, err);
	if (r == 0)
		return use_branch(f, &tip, shown.p, err);
	if (r != CP_ENOTFOUND)
		return r;
	cp_err_set(err, CP_ENOTFOUND, "%s: the branch %.*s is not in this clone", variable_name,
		   CP_STR(name));
	cp_repo_hint_fetch(f->r, name, err);
	return CP_ENOTFOUND;
}

/* ---- GitHub, Gitea, Forgejo ---- */

/* The event as JSON; NULL when there is none that can be read. */
static int read_event(struct finder *f, struct cp_json_doc **ret_doc, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	const char *path = f->env ? f->env->get(f->env->self, "GITHUB_EVENT_PATH") : NULL;
	int fd = path && path[0] ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	struct stat st;
	struct cp_err local;
	bool is_read;
	int r;

	if (fd < 0)
		return 0;
	is_read = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && cp_buf_read(&text, fd);
	close(fd);
	if (!is_read || cp_buf_error(&text))
		return cp_buf_error(&text) == CP_ENOMEM ? cp_err_nomem(err) : 0;
	r = cp_json_parse(cp_buf_str(&text), CP_S("GITHUB_EVENT_PATH"), ret_doc, &local);
	return r == CP_ENOMEM ? cp_err_nomem(err) : 0;
}

/* In a pull request's run HEAD is a merge made by the forge, unless the job checked out something else. */
static int use_merge_of_pull_request(struct finder *f, struct cp_err *err)
{
	struct cp_str sha = variable(f, "GITHUB_SHA"), ref = variable(f, "GITHUB_REF");
	struct cp_commit first, second;
	struct cp_err local;
	int r;

	if (!cp_str_eq(sha, cp_str_c(f->head->hex)) || !cp_str_starts(ref, CP_S("refs/pull/")) ||
	    !cp_str_ends(ref, CP_S("/merge")))
		return 0;
	r = cp_repo_parent(f->r, &f->head->oid, 2, &second, &local);
	if (r == 0)
		r = cp_repo_parent(f->r, &f->head->oid, 1, &first, &local);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	/* a merge that is cut off from its parents can still be compared with the base that the event names */
	return r < 0 ? 0
		     : found(f, &first, hex_of(f, &first),
			     CP_S("first parent of the pull request's merge commit"), err);
}

static int use_pull_request(struct finder *f, const struct cp_json *event, struct cp_err *err)
{
	struct cp_str sha = cp_json_text(
		cp_json_get(cp_json_get(cp_json_get(event, "pull_request"), "base"), "sha"));
	struct cp_str branch = variable(f, "GITHUB_BASE_REF");
	int r = use_merge_of_pull_request(f, err);

	if (r < 0 || f->found)
		return r;
	if (sha.n)
		return use_commit(f, "pull_request.base.sha", sha, err);
	return branch.n ? use_named_branch(f, "GITHUB_BASE_REF", branch, err) : 0;
}

/* HEAD is the default branch, --head a pull request's: of one from a fork the event does not say into which branch it goes. */
static int use_followed_run(struct finder *f, const struct cp_json *event, struct cp_err *err)
{
	const struct cp_json *run = cp_json_get(event, "workflow_run");
	struct cp_str branch = cp_json_text(cp_json_get(
		cp_json_get(cp_json_at(cp_json_get(run, "pull_requests"), 0), "base"), "ref"));

	if (!branch.n)
		branch = cp_json_text(
			cp_json_get(cp_json_get(event, "repository"), "default_branch"));
	return branch.n ? use_named_branch(f, "workflow_run", branch, err) : 0;
}

static int use_github(struct finder *f, struct cp_err *err)
{
	struct cp_str event_name = variable(f, "GITHUB_EVENT_NAME"), sha;
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *event;
	int r = event_name.n ? read_event(f, &doc, err) : 0;

	if (r < 0 || event_name.n == 0)
		return r;
	event = doc ? cp_json_root(doc) : NULL;
	if (cp_str_starts(event_name, CP_S("pull_request")))
		return use_pull_request(f, event, err);
	if (cp_str_eq(event_name, CP_S("merge_group"))) {
		sha = cp_json_text(cp_json_get(cp_json_get(event, "merge_group"), "base_sha"));
		return sha.n ? use_commit(f, "merge_group.base_sha", sha, err) : 0;
	}
	if (cp_str_eq(event_name, CP_S("workflow_run")))
		return use_followed_run(f, event, err);
	if (!cp_str_eq(event_name, CP_S("push")))
		return 0;
	sha = cp_json_text(cp_json_get(event, "before"));
	return cp_str_trim(sha, "0").n ? use_commit(f, "before", sha, err) : 0;
}

/* ---- the others ---- */

/*
 * The first variable that is set decides; when what it names is not in the clone, a later one of the same system may still do.
 * The error is that of the first.
 */
static int use_system(struct finder *f, const struct source *sources, struct cp_err *err)
{
	struct cp_err first = {0}, local;
	int result = 0;

	for (size_t i = 0; i < MAX_SOURCES && sources[i].variable; i++) {
		const struct source *s = &sources[i];
		struct cp_str value = variable(f, s->variable);
		int r;

		if (value.n == 0)
			continue;
		r = s->kind == SOURCE_COMMIT ? use_commit(f, s->variable, value, &local)
					     : use_named_branch(f, s->variable, value, &local);
		if (r == 0)
			return 0;
		if (result == 0 || r != CP_ENOTFOUND) {
			result = r;
			first = local;
		}
		if (r != CP_ENOTFOUND)
			break;
	}
	if (result < 0 && err)
		*err = first;
	return result;
}

static int use_ci(struct finder *f, struct cp_err *err)
{
	int r = use_github(f, err);

	for (size_t i = 0; i < CP_LEN(systems) && r == 0 && !f->found; i++)
		r = use_system(f, systems[i], err);
	return r;
}

/* ---- without a CI system ---- */

static int use_default_branch(struct finder *f, struct cp_err *err)
{
	static const char *const names[] = {"origin/HEAD", "origin/main", "origin/master"};
	struct cp_commit tip;

	for (size_t i = 0; i < CP_LEN(names); i++) {
		struct cp_str full = cp_arena_printf(f->a, "refs/remotes/%s", names[i]);
		struct cp_err local;
		int r = full.p ? cp_repo_reference(f->r, full.p, &tip, &local) : CP_ENOMEM;

		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		if (r == 0)
			return use_branch(f, &tip, names[i], err);
	}
	return first_parent(f, CP_S("first parent"), err);
}

int cp_repo_default_base(struct cp_arena *a, struct cp_repo *r, const struct cp_commit *head,
			 const struct cp_environment *env, struct cp_commit *ret_base,
			 struct cp_str *ret_rev, struct cp_str *ret_why, struct cp_err *err)
{
	struct cp_err local = {0};
	struct finder f = {.a = a, .r = r, .head = head, .env = env};
	int e = use_ci(&f, &local);

	if (e == 0 && !f.found)
		e = use_default_branch(&f, &local);
	if (e < 0) {
		if (err)
			*err = local;
		return e;
	}
	*ret_base = f.base;
	*ret_rev = f.rev;
	*ret_why = f.why;
	return 0;
}
