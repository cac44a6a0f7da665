/* A revision as the user wrote it ─► a commit; and what to fetch when it is not there. */
#include "repo/git_int.h"

bool cp_repo_is_plain(struct cp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && (i == 0 || !strchr("._/-+", c)))
			return false;
	}
	return text.n > 0;
}

/* ---- what to fetch ---- */

static struct cp_str without_prefix(struct cp_str s, struct cp_str prefix)
{
	return cp_str_starts(s, prefix) ? cp_str_from(s, prefix.n) : s;
}

static bool is_hex(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdef", s.p[i]))
			return false;
	return s.n > 0;
}

void cp_repo_hint_fetch(const struct cp_repo *r, struct cp_str rev, struct cp_err *err)
{
	bool shallow = cp_repo_is_shallow(r);
	struct cp_str name = without_prefix(without_prefix(rev, CP_S("refs/")), CP_S("remotes/"));

	if (rev.n == 2 * GIT_OID_RAWSZ && is_hex(rev)) {
		cp_err_hint(err, "git fetch %sorigin %.*s", shallow ? "--depth=1 " : "", CP_STR(rev));
		return;
	}
	name = without_prefix(without_prefix(name, CP_S("heads/")), CP_S("origin/"));
	if (!cp_repo_is_plain(name) || is_hex(name) || cp_str_eq(name, CP_S("HEAD"))) {
		cp_err_hint(err, "%s", shallow ? "git fetch --unshallow origin" : "git fetch origin");
		return;
	}
	if (cp_str_starts(name, CP_S("tags/")))
		cp_err_hint(err, "git fetch %sorigin refs/%.*s:refs/%.*s", shallow ? "--depth=1 " : "", CP_STR(name), CP_STR(name));
	else
		cp_err_hint(err, "git fetch %sorigin %.*s:refs/remotes/origin/%.*s", shallow ? "--depth=50 " : "", CP_STR(name),
			    CP_STR(name));
}

static int no_such_revision(const struct cp_repo *r, struct cp_str rev, struct cp_err *err)
{
	cp_err_set(err, CP_ENOTFOUND, "%.*s is not in this %sclone", CP_STR(rev),
		   cp_repo_is_shallow(r) ? "shallow " : r->promisor ? "partial " : "");
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
static int peel(struct cp_repo *r, struct cp_oid at, struct cp_str rev, struct cp_commit *ret_commit, struct cp_err *err)
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

int cp_repo_reference(struct cp_repo *r, const char *name, struct cp_commit *ret_commit, struct cp_err *err)
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
	git_reference_free(direct);
	git_reference_free(found);
	pthread_mutex_unlock(&r->lock);
	return e < 0 ? CP_ENOTFOUND : 0;
}

/* libgit2's parser of revisions, for all that is no name of a reference. */
static int parse_revision(struct cp_repo *r, const char *rev, struct cp_oid *ret_oid, struct cp_err *err)
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

static int find_name(struct cp_repo *r, const char *name, struct cp_oid *ret_oid, struct cp_err *err)
{
	if (cp_repo_oid_parse(cp_str_c(name), ret_oid) || find_reference(r, name, ret_oid) == 0)
		return 0;
	return parse_revision(r, name, ret_oid, err);
}

/* "~3^2~": false when it is anything else. */
static bool are_steps(struct cp_str s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (!digit && s.p[i] != '~' && s.p[i] != '^')
			return false;
		digits = digit ? digits + 1 : 0;
		if (digits > 9)
			return false;
	}
	return true;
}

/* One "~N" or "^N" at the start of *steps. */
static int take_step(struct cp_repo *r, struct cp_str *steps, struct cp_oid *at, struct cp_err *err)
{
	bool up = steps->p[0] == '~';
	size_t end = 1;
	int64_t n = 1;
	int e = 0;

	while (end < steps->n && steps->p[end] >= '0' && steps->p[end] <= '9')
		end++;
	if (end > 1)
		cp_str_to_int(cp_str_sub(*steps, 1, end), 10, &n);
	*steps = cp_str_from(*steps, end);
	for (int64_t i = up ? n : n > 0; i > 0 && e == 0; i--)
		e = cp_repo_parent_oid(r, at, up ? 1 : (size_t)n, at, err);
	return e;
}

/* A name and steps to its ancestors: the common form, without libgit2's parser, which reads commits in its own way. */
static int walk_revision(struct cp_repo *r, struct cp_str rev, size_t n_name, struct cp_oid *ret_oid, struct cp_err *err)
{
	cp_auto_buf struct cp_buf name = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_str steps = cp_str_from(rev, n_name);
	struct cp_commit commit;
	int e;

	cp_buf_add(&name, rev.p, n_name);
	if (cp_buf_error(&name))
		return cp_err_nomem(err);
	e = find_name(r, name.p, ret_oid, err);
	if (e == 0 && steps.n)
		e = peel(r, *ret_oid, cp_buf_str(&name), &commit, err);
	if (e == CP_ENOTFOUND)
		return no_such_revision(r, cp_buf_str(&name), err);
	if (e < 0 || steps.n == 0)
		return e;
	*ret_oid = commit.oid;
	while (e == 0 && steps.n)
		e = take_step(r, &steps, ret_oid, err);
	if (e < 0 && cp_repo_is_shallow(r))
		cp_err_hint(err, "git fetch --unshallow origin");
	return e < 0 ? cp_err_wrap(err, "%.*s", CP_STR(rev)) : 0;
}

int cp_repo_resolve(struct cp_repo *r, const char *rev, struct cp_commit *ret_commit, struct cp_err *err)
{
	struct cp_str text = cp_str_c(rev);
	size_t n_name;
	struct cp_oid oid;
	int e;

	if (text.n == 0 || text.n > CP_MAX_PATH_BYTES)
		return cp_err_set(err, CP_EINVAL, "a revision is missing");
	n_name = strcspn(rev, "~^:");
	if (n_name && are_steps(cp_str_from(text, n_name)))
		e = walk_revision(r, text, n_name, &oid, err);
	else if ((e = parse_revision(r, rev, &oid, err)) == CP_ENOTFOUND)
		e = no_such_revision(r, text, err);
	if (e < 0)
		return e;
	e = peel(r, oid, text, ret_commit, err);
	return e == CP_ENOTFOUND ? no_such_revision(r, text, err) : e;
}
