/*
 * Finding and opening a repository. Our own discovery: libgit2's reads the configuration of the user and of the system, refuses
 * repositories of another owner and repositories with extensions that do not concern a reader.
 */
#include "repo/git_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a repository was found. */
struct site {
	git_repository *git; /* NULL = none */
	char *folder;        /* that holds .git; NULL: the path given is the repository itself */
	bool by_file;        /* .git is a file: a linked work tree, or a submodule */
};

/* What its configuration says. */
struct settings {
	int64_t version;
	bool bare, sha256, worktree_config, reftable;
	char *work_tree; /* core.worktree */
	char *promisor;
	char *remotes[CP_MAX_REMOTES];
	size_t n_remotes;
	char unknown[64]; /* an extension that we do not know */
};

static char *join_path(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *p = malloc(n);

	if (p)
		snprintf(p, n, "%s%s%s", dir, dir[0] && dir[strlen(dir) - 1] == '/' ? "" : "/",
			 name);
	return p;
}

/* A small regular file as text without the white space at its end. CP_ENOTFOUND without a message worth keeping. */
static int read_small_file(const char *path, size_t max, struct cp_buf *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is_read;

	if (fd < 0)
		return CP_ENOTFOUND;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > max) {
		close(fd);
		return CP_ENOTFOUND;
	}
	is_read = cp_buf_read(out, fd);
	close(fd);
	if (!is_read || cp_buf_error(out))
		return cp_buf_error(out) == CP_ENOMEM ? CP_ENOMEM : CP_ENOTFOUND;
	while (out->n && strchr(" \t\r\n", out->p[out->n - 1]))
		out->n--;
	cp_buf_addc(out, '\0');
	out->n--;
	return cp_buf_error(out) == CP_ENOMEM ? CP_ENOMEM : 0;
}

/* ---- discovery ---- */

/* ret_git stays NULL when `path` is no repository. */
static int try_open(const char *path, git_repository **ret_git, struct cp_err *err)
{
	int e = git_repository_open_bare(ret_git, path);

	if (e == 0 || !cp_repo_git_is_nomem())
		return 0;
	*ret_git = NULL;
	return cp_err_nomem(err);
}

/* .git as a file: "gitdir: <path>". */
static int open_git_file(const char *folder, const char *file, struct site *site,
			 struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES);
	cp_auto_free char *path = NULL;
	struct cp_str to;
	int r = read_small_file(file, 2 * CP_MAX_PATH_BYTES, &text);

	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0 || !cp_str_starts(cp_buf_str(&text), CP_S("gitdir:")))
		return cp_err_set(err, CP_EINVAL, "%s is not the .git file of a work tree", file);
	to = cp_str_trim_left(cp_str_from(cp_buf_str(&text), strlen("gitdir:")), " \t");
	path = to.n && to.p[0] == '/' ? strdup(to.p) : join_path(folder, to.p);
	if (!path)
		return cp_err_nomem(err);
	r = try_open(path, &site->git, err);
	if (r < 0 || site->git)
		return r;
	cp_err_set(err, CP_ENOTFOUND, "%s leads to %s, which is no repository", file, path);
	cp_err_hint(
		err,
		"mount or clone the repository that this work tree belongs to as well, or give its path");
	return CP_ENOTFOUND;
}

/* Is there a repository in `folder`, or is it one? site->git stays NULL when not. */
static int try_folder(const char *folder, struct site *site, struct cp_err *err)
{
	cp_auto_free char *dot_git = join_path(folder, ".git");
	struct stat st;
	int r = 0;

	if (!dot_git || !(site->folder = strdup(folder)))
		return cp_err_nomem(err);
	if (stat(dot_git, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = try_open(dot_git, &site->git, err);
	} else if (stat(dot_git, &st) == 0 && S_ISREG(st.st_mode)) {
		site->by_file = true;
		r = open_git_file(folder, dot_git, site, err);
	}
	if (r < 0 || site->git)
		return r;
	free(cp_steal(&site->folder));
	return try_open(folder, &site->git, err);
}

static int not_a_repository(const char *path, struct cp_err *err)
{
	cp_err_set(err, CP_ENOTFOUND, "%s is not in a git repository", path);
	cp_err_hint(
		err,
		"give the path of a clone; an exported tree or an image's copy without .git is not enough");
	return CP_ENOTFOUND;
}

/* Upwards from `path`, as far as its file system goes. */
static int discover(const char *path, struct site *site, struct cp_err *err)
{
	cp_auto_free char *at = realpath(path, NULL);
	struct stat first, st;

	if (!at && errno == ENOMEM)
		return cp_err_nomem(err);
	if (!at || stat(at, &first) < 0 || !S_ISDIR(first.st_mode)) {
		cp_err_set(err, CP_ENOTFOUND, "%s is no folder", path);
		cp_err_hint(err, "give the path of a git repository");
		return CP_ENOTFOUND;
	}
	for (;;) {
		int r = try_folder(at, site, err);
		char *slash = strrchr(at, '/');

		if (r < 0 || site->git)
			return r;
		if (at[1] == '\0')
			return not_a_repository(path, err);
		slash[slash == at] = '\0';
		if (stat(at, &st) < 0 || st.st_dev != first.st_dev)
			return not_a_repository(path, err);
	}
}

/* ---- configuration ---- */

static bool is_true(const char *value)
{
	int v = 0;

	return !value ||
	       (git_config_parse_bool(&v, value) == 0 && v); /* a name without a value is true */
}

static int note_extension(struct settings *s, const char *name, const char *value,
			  struct cp_err *err)
{
	static const char *const harmless[] = {"noop", "preciousobjects", "relativeworktrees",
					       "noop-v1"};

	if (strcmp(name, "objectformat") == 0) {
		s->sha256 = value && strcmp(value, "sha1") != 0;
		return 0;
	}
	if (strcmp(name, "refstorage") == 0) {
		s->reftable = value && strcmp(value, "files") != 0;
		return 0;
	}
	if (strcmp(name, "worktreeconfig") == 0) {
		s->worktree_config = is_true(value);
		return 0;
	}
	if (strcmp(name, "partialclone") == 0) {
		free(s->promisor);
		s->promisor = strdup(value ? value : "origin");
		return s->promisor ? 0 : cp_err_nomem(err);
	}
	for (size_t i = 0; i < CP_LEN(harmless); i++)
		if (strcmp(name, harmless[i]) == 0)
			return 0;
	snprintf(s->unknown, sizeof(s->unknown), "%s", name);
	return 0;
}

/* remote.<name>.promisor and remote.<name>.url */
static int note_remote(struct settings *s, struct cp_str name, const char *value,
		       struct cp_err *err)
{
	struct cp_str tail = CP_S(".promisor");

	if (cp_str_ends(name, CP_S(".url")) && value && s->n_remotes < CP_MAX_REMOTES) {
		s->remotes[s->n_remotes] = strdup(value);
		return s->remotes[s->n_remotes++] ? 0 : cp_err_nomem(err);
	}
	if (!cp_str_ends(name, tail) || name.n == tail.n || !is_true(value) || s->promisor)
		return 0;
	s->promisor = strndup(name.p, name.n - tail.n);
	return s->promisor ? 0 : cp_err_nomem(err);
}

static int note_entry(struct settings *s, const git_config_entry *e, struct cp_err *err)
{
	struct cp_str name = cp_str_c(e->name);
	int64_t version;

	if (cp_str_starts(name, CP_S("extensions.")))
		return note_extension(s, name.p + strlen("extensions."), e->value, err);
	if (cp_str_starts(name, CP_S("remote.")))
		return note_remote(s, cp_str_from(name, strlen("remote.")), e->value, err);
	if (cp_str_eq(name, CP_S("core.bare"))) {
		s->bare = is_true(e->value);
	} else if (cp_str_eq(name, CP_S("core.repositoryformatversion"))) {
		if (e->value && cp_str_to_int(cp_str_c(e->value), 10, &version))
			s->version = version;
	} else if (cp_str_eq(name, CP_S("core.worktree")) && e->value) {
		free(s->work_tree);
		s->work_tree = strdup(e->value);
		return s->work_tree ? 0 : cp_err_nomem(err);
	}
	return 0;
}

static int walk_config(git_config *config, struct settings *s, struct cp_err *err)
{
	git_config_iterator *it = NULL;
	git_config_entry *e;
	int r = git_config_iterator_new(&it, config), result = 0;

	while (r == 0 && result == 0 && (r = git_config_next(&e, it)) == 0)
		result = note_entry(s, e, err);
	git_config_iterator_free(it);
	if (result < 0)
		return result;
	return r < 0 && r != GIT_ITEROVER
		       ? cp_repo_git_error(err, r, "reading the repository's configuration")
		       : 0;
}

/* The files of the repository only, and nothing that they say is run. */
static int read_config(struct cp_repo *r, struct settings *s, struct cp_err *err)
{
	cp_auto_free char *path = join_path(r->common_dir, "config");
	cp_auto_free char *own = join_path(r->git_dir, "config.worktree");
	git_config *config = NULL;
	int e, result;

	if (!path || !own)
		return cp_err_nomem(err);
	e = git_config_open_ondisk(&config, path);
	if (e < 0)
		return cp_repo_git_error(err, e, "reading the repository's configuration");
	result = walk_config(config, s, err);
	if (result == 0 && s->worktree_config && access(own, F_OK) == 0) {
		e = git_config_add_file_ondisk(config, own, GIT_CONFIG_LEVEL_APP, NULL, 0);
		result = e < 0 ? cp_repo_git_error(err, e, "reading config.worktree")
			       : walk_config(config, s, err);
	}
	/* from now on libgit2 looks into no other file for this repository */
	if (result == 0 && (e = git_repository_set_config(r->git, config)) < 0)
		result = cp_repo_git_error(err, e, "reading the repository's configuration");
	git_config_free(config);
	return result;
}

static int check_settings(const struct settings *s, struct cp_err *err)
{
	if (s->version > 1)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "repository format version %lld is newer than we know",
				  (long long)s->version);
	if (s->sha256) {
		cp_err_set(
			err, CP_EUNSUPPORTED,
			"the repository names its objects by SHA-256, which libgit2 %s cannot read",
			LIBGIT2_VERSION);
		cp_err_hint(
			err,
			"clone it with SHA-1 object names, or convert it with git fast-export and git fast-import");
		return CP_EUNSUPPORTED;
	}
	if (s->reftable) {
		cp_err_set(
			err, CP_EUNSUPPORTED,
			"the repository stores its references in a format that libgit2 %s cannot read",
			LIBGIT2_VERSION);
		cp_err_hint(err, "git refs migrate --ref-format=files");
		return CP_EUNSUPPORTED;
	}
	if (s->version == 1 && s->unknown[0])
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "the repository needs extensions.%s, which we do not know",
				  s->unknown);
	return 0;
}

/* ---- work tree ---- */

static bool ends_in_dot_git(const char *git_dir)
{
	return cp_str_ends(cp_str_c(git_dir), CP_S("/.git/"));
}

/* core.worktree, relative to the git folder. */
static char *configured_work_tree(const struct cp_repo *r, const char *value)
{
	cp_auto_free char *path = value[0] == '/' ? strdup(value) : join_path(r->git_dir, value);

	return path ? realpath(path, NULL) : NULL;
}

/*
 * A folder that is itself a repository has no work tree, whatever its configuration says: such a folder can be part of a
 * commit, and core.worktree in it would lead us anywhere.
 */
static int find_work_tree(struct cp_repo *r, const struct site *site, const struct settings *s,
			  struct cp_err *err)
{
	bool linked = strcmp(r->git_dir, r->common_dir) != 0;
	const char *folder = site->folder;
	cp_auto_free char *parent = NULL;

	if (!folder && ends_in_dot_git(r->git_dir)) {
		parent = strndup(r->git_dir, strlen(r->git_dir) - strlen(".git/"));
		if (!parent)
			return cp_err_nomem(err);
		folder = parent;
	}
	if (!folder || (s->bare && !linked))
		return 0;
	if (s->work_tree && !linked)
		r->work_tree = configured_work_tree(r, s->work_tree);
	if (!r->work_tree)
		r->work_tree = realpath(folder, NULL);
	return r->work_tree ? 0
			    : cp_err_set(err, CP_ENOTFOUND, "%s: the work tree is gone", folder);
}

/* ---- shallow clones ---- */

static int compare_oids(const void *x, const void *y)
{
	return memcmp(((const struct cp_oid *)x)->bytes, ((const struct cp_oid *)y)->bytes,
		      GIT_OID_RAWSZ);
}

static int read_shallow(struct cp_repo *r, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(2 * CP_MAX_BLOB_BYTES);
	cp_auto_free char *path = join_path(r->common_dir, "shallow");
	struct cp_str rest, line;
	int e = path ? read_small_file(path, CP_MAX_BLOB_BYTES, &text) : CP_ENOMEM;

	if (e == CP_ENOMEM)
		return cp_err_nomem(err);
	if (e < 0 || text.n == 0)
		return 0;
	r->shallow = calloc(text.n / (2 * GIT_OID_RAWSZ) + 1, sizeof(*r->shallow));
	if (!r->shallow)
		return cp_err_nomem(err);
	rest = cp_buf_str(&text);
	while (cp_str_split(&rest, '\n', &line))
		if (cp_repo_oid_parse(line, &r->shallow[r->n_shallow]))
			r->n_shallow++;
	qsort(r->shallow, r->n_shallow, sizeof(*r->shallow), compare_oids);
	return 0;
}

bool cp_repo_is_cut(const struct cp_repo *r, const struct cp_oid *commit)
{
	return r->n_shallow &&
	       bsearch(commit, r->shallow, r->n_shallow, sizeof(*r->shallow), compare_oids);
}

/* ---- life ---- */

static void repo_destroy(struct cp_repo *r)
{
	cp_repo_readers_free(r);
	git_repository_free(r->git);
	pthread_mutex_destroy(&r->lock);
	cp_arena_free(r->arena);
	free(r->git_dir);
	free(r->common_dir);
	free(r->work_tree);
	free(r->promisor);
	for (size_t i = 0; i < CP_MAX_REMOTES; i++)
		free(r->remotes[i]);
	free(r->shallow);
	free(r);
	cp_repo_library_drop();
}

void cp_repo_ref(struct cp_repo *r)
{
	atomic_fetch_add(&r->n_refs, 1);
}

void cp_repo_unref(struct cp_repo *r)
{
	if (atomic_fetch_sub(&r->n_refs, 1) == 1)
		repo_destroy(r);
}

void cp_repo_free(struct cp_repo *r)
{
	if (r)
		cp_repo_unref(r);
}

static int set_up(struct cp_repo *r, struct site *site, struct settings *s, struct cp_err *err)
{
	int e;

	r->git = cp_steal(&site->git);
	r->git_dir = strdup(git_repository_path(r->git));
	r->common_dir = strdup(git_repository_commondir(r->git));
	r->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!r->git_dir || !r->common_dir || !r->arena)
		return cp_err_nomem(err);
	e = read_config(r, s, err);
	if (e == 0)
		e = check_settings(s, err);
	if (e == 0)
		e = find_work_tree(r, site, s, err);
	if (e == 0)
		e = read_shallow(r, err);
	for (size_t i = 0; i < s->n_remotes; i++)
		r->remotes[i] = cp_steal(&s->remotes[i]);
	if (e == 0 && s->promisor)
		r->promisor = cp_repo_is_plain(cp_str_c(s->promisor)) ? cp_steal(&s->promisor)
								      : strdup("origin");
	return e == 0 && s->promisor && !r->promisor ? cp_err_nomem(err) : e;
}

static struct cp_repo *repo_new(void)
{
	struct cp_repo *r = calloc(1, sizeof(*r));

	if (r && pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return NULL;
	}
	if (r)
		atomic_init(&r->n_refs, 1);
	return r;
}

int cp_repo_open(const char *path, struct cp_repo **ret_repo, struct cp_err *err)
{
	struct site site = {.git = NULL};
	struct settings s = {.version = 0};
	struct cp_repo *r;
	int e = cp_repo_library_hold(err);

	if (e < 0)
		return e;
	r = repo_new();
	if (!r) {
		cp_repo_library_drop();
		return cp_err_nomem(err);
	}
	e = discover(path, &site, err);
	if (e == 0)
		e = set_up(r, &site, &s, err);
	git_repository_free(site.git);
	free(site.folder);
	free(s.work_tree);
	free(s.promisor);
	for (size_t i = 0; i < s.n_remotes; i++)
		free(s.remotes[i]);
	if (e < 0) {
		repo_destroy(r);
		return e;
	}
	*ret_repo = r;
	return 0;
}

bool cp_repo_is_bare(const struct cp_repo *r)
{
	return !r->work_tree;
}

const char *cp_repo_remote(const struct cp_repo *r, size_t i)
{
	return i < CP_MAX_REMOTES ? r->remotes[i] : NULL;
}

bool cp_repo_is_shallow(const struct cp_repo *r)
{
	return r->n_shallow > 0;
}

const char *cp_repo_work_tree(const struct cp_repo *r)
{
	return r->work_tree;
}
