/* A revision as the user wrote it ─► a commit; and what to fetch when it is not there. */
#include "repo/git_int.h"

bool cp_repo_is_plain(struct cp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (i == 0 || !strchr("._/-+", c)))
			return false;
	}
	return text.n > 0;
}

/* ---- what to fetch ---- */

static struct cp_str without_prefix(struct cp_str s, struct cp_str prefix)
{
	return cp_str_starts(s, prefix) ? cp_str_from(s, prefix.n) : s;
}

/* Digits of an id, or of the beginning of one. */
static bool is_hex(struct cp_str s)
{
	return s.n > 0 && cp_str_is_hex(s);
}

void cp_repo_hint_fetch(const struct cp_repo *r, struct cp_str rev, struct cp_err *err)
{
	bool shallow = cp_repo_is_shallow(r);
	struct cp_str name = without_prefix(without_prefix(rev, CP_S("refs/")), CP_S("remotes/"));

	if (rev.n == 2 * GIT_OID_RAWSZ && is_hex(rev)) {
		cp_err_hint(err, "git fetch %sorigin %.*s", shallow ? "--depth=1 " : "",
			    CP_STR(rev));
		return;
	}
	name = without_prefix(without_prefix(name, CP_S("heads/")), CP_S("origin/"));
	if (!cp_repo_is_plain(name) || is_hex(name) || cp_str_eq(name, CP_S("HEAD"))) {
		cp_err_hint(err, "%s",
			    shallow ? "git fetch --unshallow origin" : "git fetch origin");
		return;
	}
	if (cp_str_starts(name, CP_S("tags/")))
		cp_err_hint(err, "git fetch %sorigin refs/%.*s:refs/%.*s",
			    shallow ? "--depth=1 " : "", CP_STR(name), CP_STR(name));
	else
		cp_err_hint(err, "git fetch %sorigin %.*s:refs/remotes/origin/%.*s",
			    shallow ? "--depth=50 " : "", CP_STR(name), CP_STR(name));
}

static int no_such_revision(const struct cp_repo *r, struct cp_str rev, struct cp_err *err)
{
	cp_err_set(err, CP_ENOTFOUND, "%.*s is not in this %sclone", CP_STR(rev),
		   cp_repo_is_shallow(r) ? "shallow "
		   : r->promisor         ? "partial "
					 : "");
	cp_repo_hint_fetch(r, rev, err);
	return CP_ENOTFOUND;
}

/* ---- looking up ---- */

#define MAX_TAG_DEPTH 32

/* "object <hex>\ntype ..." of an annotated tag. */
static bool tag_target(const struct cp_repo_object *o, struct cp_oid *ret_oid)
{
	struct cp_str text = cp_str_n(o->data, o->n), word = CP_S("object ");

	return cp_str_starts(text, word) && text.n > word.n + 2 * GIT_OID_RAWSZ &&
	       cp_repo_oid_parse(cp_str_sub(text, word.n, word.n + 2 * GIT_OID_RAWSZ), ret_oid);
}

/* Through annotated tags to a commit. */
static int peel(struct cp_repo *r, struct cp_oid at, struct cp_str rev,
		struct cp_commit *ret_commit, struct cp_err *err)
{
	for (unsigned depth = 0; depth < MAX_TAG_DEPTH; depth++) {
		cp_auto_object struct cp_repo_object o = {0};
		git_object_t type = GIT_OBJECT_ANY;
		uint64_t size;
		int e = cp_repo_object_header(r, &at, &type, &size, err);

		if (e == 0 && type == GIT_OBJECT_COMMIT)
			return cp_repo_commit_read(r, &at, ret_commit, err);
		if (e == 0 && type == GIT_OBJECT_TAG)
			e = cp_repo_object_read(r, &at, CP_MAX_BLOB_BYTES, &o, err);
		if (e < 0)
			return e;
		if (type != GIT_OBJECT_TAG || !tag_target(&o, &at))
			break;
	}
	return cp_err_set(err, CP_EINVAL, "%.*s is no commit", CP_STR(rev));
}

int cp_repo_reference(struct cp_repo *r, const char *name, struct cp_commit *ret_commit,
		      struct cp_err *err)
{
	git_oid oid;
	struct cp_oid at;
	int e;

	pthread_mutex_lock(&r->lock);
	e = git_reference_name_to_id(&oid, r->git, name);
	if (e < 0)
		e = cp_repo_git_error(err, e, "looking up a reference");
	pthread_mutex_unlock(&r->lock);
	if (e < 0)
		return e;
	at = cp_repo_oid(&oid);
	return peel(r, at, cp_str_c(name), ret_commit, err);
}

/* The name of a reference as people shorten it, by git's rules. CP_ENOTFOUND when there is none. */
static int find_reference(struct cp_repo *r, const char *name, struct cp_oid *ret_oid)
{
	git_reference *found = NULL, *direct = NULL;
	int e;

	pthread_mutex_lock(&r->lock);
	e = git_reference_dwim(&found, r->git, strcmp(name, "@") == 0 ? "HEAD" : name);
	if (e == 0)
		e = git_reference_resolve(&direct, found);
	if (e == 0)
		*ret_oid = cp_repo_oid(git_reference_target(direct));
	if (e < 0)
		e = cp_repo_git_is_nomem() ? CP_ENOMEM : CP_ENOTFOUND;
	git_reference_free(direct);
	git_reference_free(found);
	pthread_mutex_unlock(&r->lock);
	return e;
}

/* ---- name@{...} ---- */

/* Value of branch.<branch>.<key>, "" when it is not set. Under the lock. */
static int branch_setting(git_config *config, struct cp_str branch, const char *key,
			  struct cp_buf *out)
{
	cp_auto_buf struct cp_buf name = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);
	git_buf value = {0};

	cp_buf_printf(&name, "branch.%.*s.%s", CP_STR(branch), key);
	if (cp_buf_error(&name))
		return CP_ENOMEM;
	if (git_config_get_string_buf(&value, config, name.p) == 0)
		cp_buf_add(out, value.ptr, value.size);
	git_buf_dispose(&value);
	return cp_buf_error(out) == CP_ENOMEM ? CP_ENOMEM : 0;
}

/* The reference that a branch follows, by the usual names: refs/remotes/<remote>/<branch>. Under the lock. */
static int upstream_name(struct cp_repo *r, struct cp_str branch, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf remote = CP_BUF_INIT(CP_MAX_PATH_BYTES),
				  merge = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_str heads = CP_S("refs/heads/"), to;
	git_config *config = NULL;
	int e = 0;

	if (git_repository_config(&config, r->git) < 0)
		return CP_ENOTFOUND;
	if (branch_setting(config, branch, "remote", &remote) < 0 ||
	    branch_setting(config, branch, "merge", &merge) < 0)
		e = CP_ENOMEM;
	git_config_free(config);
	to = cp_buf_str(&merge);
	if (e == 0 && (remote.n == 0 || !cp_str_starts(to, heads)))
		return CP_ENOTFOUND;
	if (cp_str_eq(cp_buf_str(&remote), CP_S(".")))
		cp_buf_adds(out, to);
	else
		cp_buf_printf(out, "refs/remotes/%.*s/%.*s", CP_STR(cp_buf_str(&remote)),
			      CP_STR(cp_str_from(to, heads.n)));
	return e < 0 ? e : cp_buf_error(out);
}

/* "main@{upstream}"; without a name, of the branch that is checked out. */
static int find_upstream(struct cp_repo *r, struct cp_str branch, struct cp_oid *ret_oid)
{
	cp_auto_buf struct cp_buf name = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES);
	struct cp_str heads = CP_S("refs/heads/"), full;
	git_reference *head = NULL;
	git_oid oid;
	int e = CP_ENOTFOUND;

	pthread_mutex_lock(&r->lock);
	if (branch.n == 0 && git_reference_lookup(&head, r->git, "HEAD") == 0) {
		full = cp_str_c(git_reference_symbolic_target(head));
		branch = cp_str_starts(full, heads) ? cp_str_from(full, heads.n) : CP_S("");
	}
	if (branch.n)
		e = upstream_name(r, branch, &name);
	if (e != CP_ENOMEM && (e < 0 || git_reference_name_to_id(&oid, r->git, name.p) < 0))
		e = CP_ENOTFOUND;
	git_reference_free(head);
	pthread_mutex_unlock(&r->lock);
	if (e == 0)
		*ret_oid = cp_repo_oid(&oid);
	return e;
}

/*
 * libgit2's parser, for the log of a reference (main@{1}) only: elsewhere it looks at names through a regular expression that it
 * forgets to free, and ignores where a shallow clone ends.
 */
static int parse_revision(struct cp_repo *r, const char *rev, struct cp_oid *ret_oid,
			  struct cp_err *err)
{
	git_object *object = NULL;
	int e, result = 0;

	pthread_mutex_lock(&r->lock);
	e = git_revparse_single(&object, r->git, rev);
	if (e == 0)
		*ret_oid = cp_repo_oid(git_object_id(object));
	else
		result = cp_repo_git_error(err, e, "understanding the revision");
	git_object_free(object);
	pthread_mutex_unlock(&r->lock);
	return result;
}

/* The digits behind "-g" in what `git describe` says; else the whole name. */
static struct cp_str abbreviation(struct cp_str name)
{
	size_t g = cp_str_rfind(name, 'g');

	if (g < 2 || g >= name.n || name.p[g - 1] != '-' || !is_hex(cp_str_from(name, g + 1)))
		return name;
	return cp_str_from(name, g + 1);
}

/* The name without what leads on from it: "main" of "main~2^2", "@{12:00}" of "@{12:00}^". */
static size_t name_length(struct cp_str rev)
{
	bool in_braces = false;
	size_t i = 0;

	for (; i < rev.n && (in_braces || !strchr("~^:", rev.p[i])); i++) {
		if (rev.p[i] == '{' && i && rev.p[i - 1] == '@')
			in_braces = true;
		else if (rev.p[i] == '}')
			in_braces = false;
	}
	return i;
}

static int find_name(struct cp_repo *r, struct cp_str name, struct cp_oid *ret_oid,
		     struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	int e = CP_ENOTFOUND;

	if (cp_repo_oid_parse(name, ret_oid))
		return 0;
	cp_buf_adds(&text, name);
	if (cp_buf_error(&text))
		return cp_err_nomem(err);
	if (cp_str_ends(name, CP_S("@{upstream}")) || cp_str_ends(name, CP_S("@{u}")))
		e = find_upstream(r, cp_str_sub(name, 0, cp_str_rfind(name, '@')), ret_oid);
	else if (cp_str_find_str(name, CP_S("@{"), 0) < name.n)
		e = parse_revision(r, text.p, ret_oid, err);
	else
		e = find_reference(r, text.p, ret_oid);
	if (e == CP_ENOTFOUND && is_hex(abbreviation(name)))
		e = cp_repo_oid_expand(r, abbreviation(name), ret_oid, err);
	if (e == CP_ENOMEM)
		return cp_err_nomem(err);
	return e == CP_ENOTFOUND ? no_such_revision(r, name, err) : e;
}

static int not_a_commit(struct cp_str rev, struct cp_err *err)
{
	return cp_err_set(err, CP_EINVAL, "%.*s names no commit", CP_STR(rev));
}

/* "^{commit}" and its kind: nothing to do, because every name has been followed to its commit. */
static int take_braces(struct cp_str rev, struct cp_str *steps, struct cp_err *err)
{
	static const struct cp_str same[] = {CP_S_INIT(""), CP_S_INIT("commit"),
					     CP_S_INIT("object")};
	size_t end = cp_str_find(*steps, '}', 0);
	struct cp_str word = cp_str_sub(*steps, 2, end);

	if (end < steps->n && word.n && word.p[0] == '/') {
		cp_err_set(err, CP_EUNSUPPORTED, "%.*s: messages of commits are not searched",
			   CP_STR(rev));
		cp_err_hint(err, "give the id that git rev-parse finds for it");
		return CP_EUNSUPPORTED;
	}
	for (size_t i = 0; end < steps->n && i < CP_LEN(same); i++) {
		if (!cp_str_eq(word, same[i]))
			continue;
		*steps = cp_str_from(*steps, end + 1);
		return 0;
	}
	return not_a_commit(rev, err);
}

/* "~N", "^N" or "^{...}" at the start of *steps. */
static int take_step(struct cp_repo *r, struct cp_str rev, struct cp_str *steps, struct cp_oid *at,
		     struct cp_err *err)
{
	bool up = steps->p[0] == '~';
	size_t end = 1;
	int64_t n = 1;
	int e = 0;

	if (steps->n > 1 && steps->p[0] == '^' && steps->p[1] == '{')
		return take_braces(rev, steps, err);
	while (end < steps->n && steps->p[end] >= '0' && steps->p[end] <= '9')
		end++;
	if (steps->p[0] == ':' || (!up && steps->p[0] != '^') || end > 10)
		return not_a_commit(rev, err);
	if (end > 1)
		cp_str_to_int(cp_str_sub(*steps, 1, end), 10, &n);
	*steps = cp_str_from(*steps, end);
	for (int64_t i = up ? n : n > 0; i > 0 && e == 0; i--)
		e = cp_repo_parent_oid(r, at, up ? 1 : (size_t)n, at, err);
	if (e == CP_ENOTFOUND && cp_repo_is_shallow(r))
		cp_err_hint(err, "git fetch --unshallow origin");
	if (e == CP_ENOTFOUND)
		cp_err_wrap(err, "%.*s", CP_STR(rev));
	return e;
}

static int check_form(struct cp_str rev, size_t n_name, struct cp_err *err)
{
	if (rev.n == 0 || rev.n >= CP_MAX_PATH_BYTES)
		return cp_err_set(err, CP_EINVAL,
				  rev.n ? "a revision is too long" : "a revision is missing");
	if (cp_str_starts(rev, CP_S(":/"))) {
		cp_err_set(err, CP_EUNSUPPORTED, "%.*s: messages of commits are not searched",
			   CP_STR(rev));
		cp_err_hint(err, "give the id that git rev-parse finds for it");
		return CP_EUNSUPPORTED;
	}
	if (n_name == 0 || cp_str_find_str(cp_str_sub(rev, 0, n_name), CP_S(".."), 0) < n_name)
		return not_a_commit(rev, err);
	return 0;
}

int cp_repo_resolve(struct cp_repo *r, const char *rev, struct cp_commit *ret_commit,
		    struct cp_err *err)
{
	struct cp_str text = cp_str_c(rev), name, steps;
	size_t n_name = name_length(text);
	struct cp_commit commit;
	int e = check_form(text, n_name, err);

	if (e < 0)
		return e;
	name = cp_str_sub(text, 0, n_name);
	steps = cp_str_from(text, n_name);
	e = find_name(r, name, &commit.oid, err);
	if (e == 0 && (e = peel(r, commit.oid, name, &commit, err)) == CP_ENOTFOUND)
		e = no_such_revision(r, name, err);
	if (e == 0 && steps.n) {
		while (e == 0 && steps.n)
			e = take_step(r, text, &steps, &commit.oid, err);
		if (e == 0 &&
		    (e = cp_repo_commit_read(r, &commit.oid, &commit, err)) == CP_ENOTFOUND)
			e = no_such_revision(r, text, err);
	}
	if (e == 0)
		*ret_commit = commit;
	return e;
}
