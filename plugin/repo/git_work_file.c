/* One file of a work tree ─► the id of the blob that a checkout makes it from. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "repo/work_tree_int.h"

/* ---- bytes on disk ---- */

int cp_repo_work_path(const struct cp_work_tree *w, struct cp_str path, struct cp_buf *out,
		      struct cp_err *err)
{
	cp_buf_addz(out, w->repo->work_tree);
	if (path.n && (out->n == 0 || out->p[out->n - 1] != '/'))
		cp_buf_addc(out, '/');
	cp_buf_adds(out, path);
	return cp_buf_error(out)
		       ? cp_err_set(err, cp_buf_error(out), "%.*s: path too long", CP_STR(path))
		       : 0;
}

static int io_error(struct cp_str path, int error, struct cp_err *err)
{
	bool gone = error == ENOENT || error == ENOTDIR || error == ELOOP;

	if (error == ENOMEM)
		return cp_err_nomem(err);
	return cp_err_set(err, gone ? CP_ENOTFOUND : CP_EIO, "%.*s: %s", CP_STR(path),
			  gone              ? "changed while it was looked at"
			  : error == EACCES ? "permission denied"
					    : "cannot be read");
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_link(const char *full, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	size_t before = out->n;
	char *to = cp_buf_grow(out, CP_MAX_PATH_BYTES);
	ssize_t n = to ? readlink(full, to, CP_MAX_PATH_BYTES) : 0;
	int error = errno;

	if (!to)
		return cp_err_set(err, cp_buf_error(out), "%.*s: its target is too long",
				  CP_STR(path));
	out->n = before + (n > 0 ? (size_t)n : 0);
	return n < 0 ? io_error(path, error, err) : 0;
}

static int read_fd(int fd, struct cp_str path, const struct stat *st, struct cp_buf *out,
		   struct cp_err *err)
{
	size_t want = (size_t)st->st_size, done = 0;
	char *to = cp_buf_grow(out, want);

	if (!to)
		return cp_err_set(err, cp_buf_error(out),
				  "%.*s: a file of %zu bytes is over its limit", CP_STR(path),
				  want);
	while (done < want) {
		ssize_t n = read(fd, to + done, want - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return io_error(path, n < 0 ? errno : ENOENT, err);
		done += (size_t)n;
	}
	return 0;
}

static int read_regular(const char *full, struct cp_str path, const struct stat *st,
			struct cp_buf *out, struct cp_err *err)
{
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), r;
	struct stat now;

	if (fd < 0)
		return io_error(path, errno, err);
	if (fstat(fd, &now) < 0 || !same_state(st, &now))
		r = io_error(path, ENOENT, err);
	else
		r = read_fd(fd, path, st, out, err);
	close(fd);
	return r;
}

int cp_repo_work_bytes(const struct cp_work_tree *w, struct cp_str path, const struct stat *st,
		       struct cp_buf *out, struct cp_err *err)
{
	cp_auto_buf struct cp_buf full = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES);
	int r = cp_repo_work_path(w, path, &full, err);

	if (r < 0)
		return r;
	if (S_ISLNK(st->st_mode))
		return read_link(full.p, path, out, err);
	if (!S_ISREG(st->st_mode))
		return cp_err_set(err, CP_EUNSUPPORTED, "%.*s is neither a file nor a link",
				  CP_STR(path));
	return read_regular(full.p, path, st, out, err);
}

int cp_repo_work_read_attributes(void *self, struct cp_str folder, struct cp_buf *out,
				 struct cp_err *err)
{
	const struct cp_work_tree *w = self;
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES),
				  full = CP_BUF_INIT(3 * CP_MAX_PATH_BYTES);
	struct stat st;
	int r;

	cp_buf_adds(&path, folder);
	cp_buf_addz(&path, folder.n ? "/.gitattributes" : ".gitattributes");
	r = cp_repo_work_path(w, cp_buf_str(&path), &full, err);
	if (r < 0)
		return r;
	if (lstat(full.p, &st) < 0 || S_ISDIR(st.st_mode))
		return CP_ENOTFOUND;
	return cp_repo_work_bytes(w, cp_buf_str(&path), &st, out, err);
}

/* ---- ids ---- */

static struct cp_oid own_oid(struct cp_sha256 *h)
{
	struct cp_oid oid = {.n = GIT_OID_RAWSZ};
	struct cp_digest d = cp_sha256_end(h);

	memcpy(oid.bytes, d.bytes, GIT_OID_RAWSZ);
	return oid;
}

struct cp_oid cp_repo_work_stat_oid(struct cp_str path, const struct stat *st)
{
	int64_t state[] = {(int64_t)st->st_dev, (int64_t)st->st_ino, st->st_mode,
			   st->st_size,         st->st_mtim.tv_sec,  st->st_mtim.tv_nsec,
			   st->st_ctim.tv_sec,  st->st_ctim.tv_nsec};
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_adds(&h, CP_S("a state of "));
	cp_sha256_adds(&h, path);
	cp_sha256_add(&h, "", 1);
	cp_sha256_add(&h, state, sizeof(state));
	return own_oid(&h);
}

static struct cp_oid raw_oid(struct cp_str bytes)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_adds(&h, CP_S("bytes that no blob gives "));
	cp_sha256_adds(&h, bytes);
	return own_oid(&h);
}

/* ---- what the index remembers ---- */

static bool same_time(git_index_time a, struct timespec b)
{
	return (uint32_t)a.seconds == (uint32_t)b.tv_sec &&
	       (a.nanoseconds == 0 || a.nanoseconds == (uint32_t)b.tv_nsec);
}

/* Written after the index was: the file may have changed again within the same tick. */
static bool is_racy(const struct cp_work_tree *w, const git_index_entry *e)
{
	int64_t s = (uint32_t)e->mtime.seconds, index_s = (uint32_t)w->index_time.tv_sec;

	return s > index_s ||
	       (s == index_s && (int64_t)e->mtime.nanoseconds >= w->index_time.tv_nsec);
}

/* git's ie_match_stat: the file is as it was when git wrote or added it. */
static bool is_unchanged(const struct cp_work_tree *w, const git_index_entry *e,
			 const struct stat *st)
{
	bool is_link = (e->mode & 0170000) == 0120000;

	return is_link == S_ISLNK(st->st_mode) && same_time(e->mtime, st->st_mtim) &&
	       same_time(e->ctime, st->st_ctim) && e->file_size == (uint32_t)st->st_size &&
	       e->ino == (uint32_t)st->st_ino && e->uid == (uint32_t)st->st_uid &&
	       e->gid == (uint32_t)st->st_gid && !is_racy(w, e);
}

/*
 * The blob has as many bytes as the file on disk. Configuration that we do not read (core.autocrlf, $GIT_DIR/info/attributes) can make
 * git write other bytes than the blob's; line ends and $Id$ change the size.
 */
static bool has_size(const struct cp_work_tree *w, const struct cp_oid *oid, const struct stat *st)
{
	uint64_t size = 0;

	return cp_repo_blob_size(w->repo, oid, &size, NULL) == 0 && size == (uint64_t)st->st_size;
}

/* ---- identification ---- */

struct identity {
	struct cp_work_tree *w;
	struct cp_str path;
	const struct stat *st;
	struct cp_conversion conversion;
	struct cp_oid known; /* the blob of the index, n = 0 without one */
	bool unchanged;
	struct cp_oid oid; /* the answer */
};

static int remember(struct identity *id, const struct cp_conversion *undone, struct cp_err *err)
{
	struct cp_arena *a = id->w->a;
	struct cp_work_file *f = cp_map_get(&id->w->files_by_id, cp_repo_oid_key(&id->oid));

	if (f)
		return 0;
	f = CP_NEW(a, struct cp_work_file);
	if (!f)
		return cp_err_nomem(err);
	f->oid = id->oid;
	f->st = *id->st;
	f->conversion = *undone;
	f->path = cp_arena_str(a, id->path);
	if (!f->path.p || cp_map_put(a, &id->w->files_by_id, cp_repo_oid_key(&f->oid), f) < 0)
		return cp_err_nomem(err);
	return 0;
}

static int remember_raw(struct identity *id, struct cp_oid oid, struct cp_err *err)
{
	struct cp_conversion none = {CP_CONV_NONE, CP_S("")};
	struct cp_str path = cp_arena_str(id->w->a, id->path);

	id->oid = oid;
	if (!path.p || cp_map_put(id->w->a, &id->w->raw, path, id->w) < 0)
		return cp_err_nomem(err);
	return remember(id, &none, err);
}

static bool too_large(const struct stat *st)
{
	return (uint64_t)st->st_size > CP_MAX_BLOB_BYTES;
}

static int hash_file(struct identity *id, struct cp_err *err)
{
	struct cp_conversion none = {CP_CONV_NONE, CP_S("")};
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r = 0;

	id->oid = cp_repo_work_stat_oid(id->path, id->st);
	if (!too_large(id->st) || S_ISLNK(id->st->st_mode))
		r = cp_repo_work_bytes(id->w, id->path, id->st, &bytes, err);
	else
		return remember(id, &none, err);
	if (r == 0)
		r = cp_repo_oid_of(cp_buf_str(&bytes), GIT_OBJECT_BLOB, &id->oid, err);
	else if (r == CP_EIO)
		r = 0; /* not readable for us: its state is all that is known, and reading it will say so */
	return r < 0 ? r : remember(id, &none, err);
}

/* Does this blob give the bytes on disk? */
static int gives(const struct identity *id, struct cp_str blob, const struct cp_oid *oid,
		 struct cp_str bytes, bool *ret, struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(4 * CP_MAX_BLOB_BYTES);
	int r = cp_convert(&id->conversion, oid, blob, &out, err);

	*ret = r == 0 && cp_str_eq(cp_buf_str(&out), bytes);
	return r == CP_ELIMIT ? 0 : r;
}

/* The blob of the index gives these bytes, as it does in a clean work tree. */
static int try_index(const struct identity *id, struct cp_str bytes, bool *ret, struct cp_err *err)
{
	cp_auto_buf struct cp_buf blob = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r = id->known.n ? cp_repo_blob_read(id->w->repo, &id->known, &blob, err) : CP_ENOTFOUND;

	if (r == 0)
		return gives(id, cp_buf_str(&blob), &id->known, bytes, ret, err);
	return r == CP_ENOMEM ? r : 0;
}

/* Line ends and $Id$. Several blobs may give these bytes; the one that the index has is the one that commits have. */
static int undo_conversion(struct identity *id, struct cp_str bytes, struct cp_err *err)
{
	cp_auto_buf struct cp_buf stored = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	bool same = false;
	int r = try_index(id, bytes, &same, err);

	if (r == 0 && same) {
		id->oid = id->known;
		return 0;
	}
	cp_repo_unconvert(&id->conversion, bytes, &stored);
	if (r == 0 && cp_buf_error(&stored))
		r = cp_err_nomem(err);
	if (r == 0)
		r = cp_repo_oid_of(cp_buf_str(&stored), GIT_OBJECT_BLOB, &id->oid, err);
	if (r == 0)
		r = gives(id, cp_buf_str(&stored), &id->oid, bytes, &same, err);
	if (r < 0)
		return r;
	return same ? remember(id, &id->conversion, err) : remember_raw(id, raw_oid(bytes), err);
}

/*
 * A filter or an encoding: only git can tell the blob, and it has told it in the index, if the file did not change since. A file as
 * large as its blob was not filtered here (git-lfs is not installed, or told not to fetch).
 */
static int use_index_or_raw(struct identity *id, struct cp_err *err)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r;

	if (id->unchanged &&
	    cp_repo_blob_size(id->w->repo, &id->known, &(uint64_t){0}, NULL) == 0 &&
	    !has_size(id->w, &id->known, id->st)) {
		id->oid = id->known;
		return 0;
	}
	if (too_large(id->st))
		return remember_raw(id, cp_repo_work_stat_oid(id->path, id->st), err);
	r = cp_repo_work_bytes(id->w, id->path, id->st, &bytes, err);
	if (r == CP_EIO)
		return remember_raw(id, cp_repo_work_stat_oid(id->path, id->st), err);
	return r < 0 ? r : remember_raw(id, raw_oid(cp_buf_str(&bytes)), err);
}

static int identify_converted(struct identity *id, struct cp_err *err)
{
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	int r;

	if (id->conversion.kind == CP_CONV_FILTER || id->conversion.kind == CP_CONV_ENCODING)
		return use_index_or_raw(id, err);
	if (too_large(id->st))
		return remember_raw(id, cp_repo_work_stat_oid(id->path, id->st), err);
	r = cp_repo_work_bytes(id->w, id->path, id->st, &bytes, err);
	if (r == CP_EIO)
		return remember_raw(id, cp_repo_work_stat_oid(id->path, id->st), err);
	return r < 0 ? r : undo_conversion(id, cp_buf_str(&bytes), err);
}

static int identify_plain(struct identity *id, struct cp_err *err)
{
	struct cp_conversion none = {CP_CONV_NONE, CP_S("")};

	if (id->unchanged && has_size(id->w, &id->known, id->st)) {
		id->oid = id->known;
		return remember(id, &none, err);
	}
	return hash_file(id, err);
}

/* A file that is in the index as it is on disk costs no look into it, unless it is converted. */
static bool is_cheap(const struct identity *id)
{
	return id->unchanged &&
	       (id->conversion.kind != CP_CONV_NONE || has_size(id->w, &id->known, id->st));
}

int cp_repo_work_identify(struct cp_work_tree *w, struct cp_str path, const struct stat *st,
			  enum cp_work_effort effort, struct cp_entry *ret_entry, bool *ret_known,
			  struct cp_err *err)
{
	struct identity id = {
		.w = w, .path = path, .st = st, .conversion = {CP_CONV_NONE, CP_S("")}};
	const git_index_entry *e = git_index_get_bypath(w->index, path.p, 0);
	int r = 0;

	if (S_ISREG(st->st_mode))
		r = cp_attributes_of(w->attributes, path, &id.conversion, err);
	if (r < 0)
		return r;
	if (e && (e->mode & 0170000) != 0160000) {
		id.known = cp_repo_oid(&e->id);
		id.unchanged = is_unchanged(w, e, st);
	}
	*ret_known = effort == CP_WORK_FULL || is_cheap(&id);
	if (!*ret_known)
		return 0;
	if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode))
		r = remember_raw(&id, cp_repo_work_stat_oid(path, st), err);
	else if (id.conversion.kind != CP_CONV_NONE)
		r = identify_converted(&id, err);
	else
		r = identify_plain(&id, err);
	ret_entry->kind = S_ISLNK(st->st_mode)    ? CP_ENTRY_SYMLINK
			  : st->st_mode & S_IXUSR ? CP_ENTRY_EXEC
						  : CP_ENTRY_FILE;
	ret_entry->oid = id.oid;
	return r;
}
