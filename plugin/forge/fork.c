/*
 * Does the run belong to a stranger's pull request? CIs say it in their own ways; where one does not say that it is of the repository
 * itself (a fork that was deleted has no name any more), it is taken to be a fork.
 */
#include "forge/forge_int.h"

static struct cp_str full_name(const struct cp_json *holder, const char *member)
{
	return cp_json_text(cp_json_get(cp_json_get(holder, member), "full_name"));
}

/* Names of GitHub and Gitea are the same in any case. */
static bool differ(struct cp_str from, struct cp_str to)
{
	return !from.n || !cp_str_eq_nocase(from, to);
}

/* GitHub, Gitea, Forgejo: in the event only. */
static bool by_event(const struct cp_environment *env, struct cp_str text)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str name = forge_variable(env, "GITHUB_EVENT_NAME"),
		      ref = forge_variable(env, "GITHUB_REF"), of;
	const struct cp_json *root, *pull, *run;

	if (!text.n || cp_json_parse(text, CP_S("event"), &doc, NULL) < 0)
		return cp_str_starts(name, CP_S("pull_request")) ||
		       cp_str_eq(name, CP_S("workflow_run")) ||
		       cp_str_starts(ref, CP_S("refs/pull/"));
	root = cp_json_root(doc);
	pull = cp_json_get(root, "pull_request");
	run = cp_json_get(root, "workflow_run");
	of = cp_json_text(cp_json_get(run, "event"));
	if (run) /* of a push, a schedule: no pull request at all */
		return (!of.n || cp_str_starts(of, CP_S("pull_request"))) &&
		       differ(full_name(run, "head_repository"), full_name(root, "repository"));
	return pull && differ(full_name(cp_json_get(pull, "head"), "repo"),
			      full_name(cp_json_get(pull, "base"), "repo"));
}

static bool by_gitlab(const struct cp_environment *env)
{
	struct cp_str from = forge_variable(env, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID"),
		      to = forge_variable(env, "CI_MERGE_REQUEST_PROJECT_ID");

	return (forge_variable(env, "CI_MERGE_REQUEST_IID").n || from.n || to.n) &&
	       differ(from, to);
}

/* Addresses of one repository by https, git and ssh are one. */
static bool by_buildkite(struct cp_arena *a, const struct cp_environment *env)
{
	struct cp_str number = forge_variable(env, "BUILDKITE_PULL_REQUEST");

	if (!number.n || cp_str_eq(number, CP_S("false")))
		return false;
	return differ(cp_repo_url_identity(a, forge_variable(env, "BUILDKITE_PULL_REQUEST_REPO")),
		      cp_repo_url_identity(a, forge_variable(env, "BUILDKITE_REPO")));
}

bool cp_forge_is_fork(struct cp_arena *a, const struct cp_environment *env, struct cp_str event)
{
	return by_event(env, event) || by_gitlab(env) || by_buildkite(a, env) ||
	       cp_str_eq_nocase(forge_variable(env, "SYSTEM_PULLREQUEST_ISFORK"), CP_S("true")) ||
	       forge_variable(env, "CHANGE_FORK").n || forge_variable(env, "CIRCLE_PR_REPONAME").n;
}
