/*
 * Objects by id. The backends of libgit2's object database are asked directly: git_odb_read would hash every object again, keep a
 * copy of it and let one thread read at a time.
 */
#include "repo/git_int.h"

#include <stdlib.h>

/* ---- ids ---- */

struct cp_oid cp_repo_oid(const git_oid *oid)
{
	struct cp_oid o = {.n = GIT_OID_RAWSZ};

	memcpy(o.bytes, oid->id, GIT_OID_RAWSZ);
	return o;
}

git_oid cp_repo_git_oid(const struct cp_oid *oid)
{
	git_oid o;

	memcpy(o.id, oid->bytes, GIT_OID_RAWSZ);
	return o;
}

int cp_repo_oid_of(struct cp_str bytes, git_object_t type, struct cp_oid *ret_oid,
		   struct cp_err *err)
{
	git_oid oid;
	int r = git_odb_hash(&oid, bytes.n ? bytes.p : "", bytes.n, type);

	if (r < 0)
		return cp_repo_git_error(err, r, "hashing");
	*ret_oid = cp_repo_oid(&oid);
	return 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Not libgit2's: it reports bad digits through state that exists only once the library is set up. */
bool cp_repo_oid_parse(struct cp_str hex, struct cp_oid *ret_oid)
{
	struct cp_oid oid = {.n = GIT_OID_RAWSZ};

	if (hex.n != GIT_OID_HEXSZ)
		return false;
	for (size_t i = 0; i < GIT_OID_RAWSZ; i++) {
		int hi = nibble(hex.p[2 * i]), lo = nibble(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		oid.bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret_oid = oid;
	return true;
}

/* ---- readers ---- */

static void reader_free(struct cp_repo_reader *rd)
{
	git_odb_free(rd->odb);
	free(rd->backends);
	free(rd);
}

static int reader_new(struct cp_repo *r, struct cp_repo_reader **ret_reader, struct cp_err *err)
{
	cp_auto_buf struct cp_buf path = CP_BUF_INIT(2 * CP_MAX_PATH_BYTES);
	struct cp_repo_reader *rd = calloc(1, sizeof(*rd));
	int e;

	cp_buf_printf(&path, "%sobjects", r->common_dir);
	if (!rd || cp_buf_error(&path)) {
		free(rd);
		return cp_err_nomem(err);
	}
	e = git_odb_open(&rd->odb, path.p);
	if (e < 0) {
		free(rd);
		return cp_repo_git_error(err, e, "opening the object store");
	}
	rd->n_backends = git_odb_num_backends(rd->odb);
	rd->backends = calloc(rd->n_backends + 1, sizeof(*rd->backends));
	for (size_t i = 0; rd->backends && i < rd->n_backends; i++)
		git_odb_get_backend(&rd->backends[i], rd->odb, i);
	if (!rd->backends) {
		reader_free(rd);
		return cp_err_nomem(err);
	}
	*ret_reader = rd;
	return 0;
}

static int reader_take(struct cp_repo *r, struct cp_repo_reader **ret_reader, struct cp_err *err)
{
	struct cp_repo_reader *rd;

	pthread_mutex_lock(&r->lock);
	rd = r->readers;
	if (rd)
		r->readers = rd->next;
	pthread_mutex_unlock(&r->lock);
	if (!rd)
		return reader_new(r, ret_reader, err);
	*ret_reader = rd;
	return 0;
}

static void reader_give_back(struct cp_repo *r, struct cp_repo_reader *rd)
{
	pthread_mutex_lock(&r->lock);
	rd->next = r->readers;
	r->readers = rd;
	pthread_mutex_unlock(&r->lock);
}

void cp_repo_readers_free(struct cp_repo *r)
{
	for (struct cp_repo_reader *rd = r->readers, *next; rd; rd = next) {
		next = rd->next;
		reader_free(rd);
	}
	r->readers = NULL;
}

/* ---- reading ---- */

static int ask_header(struct cp_repo_reader *rd, const git_oid *oid, size_t *ret_n,
		      git_object_t *ret_type)
{
	for (size_t i = 0; i < rd->n_backends; i++) {
		git_odb_backend *b = rd->backends[i];
		int e = b->read_header ? b->read_header(ret_n, ret_type, b, oid) : GIT_ENOTFOUND;

		if (e != GIT_ENOTFOUND && e != GIT_PASSTHROUGH)
			return e;
	}
	return GIT_ENOTFOUND;
}

static int ask_data(struct cp_repo_reader *rd, const git_oid *oid, struct cp_repo_object *ret)
{
	for (size_t i = 0; i < rd->n_backends; i++) {
		git_odb_backend *b = rd->backends[i];
		int e = b->read ? b->read(&ret->data, &ret->n, &ret->type, b, oid) : GIT_ENOTFOUND;

		if (e != GIT_ENOTFOUND && e != GIT_PASSTHROUGH)
			return e;
	}
	return GIT_ENOTFOUND;
}

/* The header of an object; looks again after a repack or a fetch by somebody else. */
static int find_object(struct cp_repo_reader *rd, const git_oid *oid, size_t *ret_n,
		       git_object_t *ret_type)
{
	int e = ask_header(rd, oid, ret_n, ret_type);

	if (e != GIT_ENOTFOUND)
		return e;
	for (size_t i = 0; i < rd->n_backends; i++)
		if (rd->backends[i]->refresh)
			rd->backends[i]->refresh(rd->backends[i]);
	return ask_header(rd, oid, ret_n, ret_type);
}

static const char *type_name(git_object_t type)
{
	return type == GIT_OBJECT_TREE ? "folder" : type == GIT_OBJECT_BLOB ? "file" : "object";
}

static int missing_object(struct cp_repo *r, const struct cp_oid *oid, struct cp_err *err)
{
	char hex[65];

	cp_hex(oid->bytes, oid->n, hex);
	cp_err_set(err, CP_ENOTFOUND, "object %s is not in this %s", hex,
		   r->promisor ? "partial clone" : "clone");
	if (r->promisor)
		cp_err_hint(err, "git fetch --refetch --no-filter %s", r->promisor);
	else
		cp_err_hint(err, "git fsck --connectivity-only");
	return CP_ENOTFOUND;
}

static int object_error(struct cp_repo *r, int e, const struct cp_oid *oid, struct cp_err *err)
{
	char what[80] = "reading object ";

	if (e == GIT_ENOTFOUND)
		return missing_object(r, oid, err);
	cp_hex(oid->bytes, oid->n, what + strlen(what));
	return cp_repo_git_error(err, e, what);
}

/* Git knows the empty tree without having it. */
static bool is_empty_tree(const struct cp_oid *oid)
{
	static const uint8_t id[GIT_OID_RAWSZ] = {0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e,
						  0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6,
						  0x92, 0x88, 0xfb, 0xee, 0x49, 0x04};

	return oid->n == sizeof(id) && memcmp(oid->bytes, id, sizeof(id)) == 0;
}

static int read_with(struct cp_repo *r, struct cp_repo_reader *rd, const struct cp_oid *oid,
		     size_t max, struct cp_repo_object *ret, struct cp_err *err)
{
	git_oid id = cp_repo_git_oid(oid);
	git_object_t type = GIT_OBJECT_ANY;
	size_t n = 0;
	int e = find_object(rd, &id, &n, &type);

	/* the size first: a few bytes of a pack can stand for gigabytes */
	if (e == 0 && n > max)
		return cp_err_set(err, CP_ELIMIT, "a %s of %zu bytes is over the limit of %zu",
				  type_name(type), n, max);
	if (e == 0)
		e = ask_data(rd, &id, ret);
	return e < 0 ? object_error(r, e, oid, err) : 0;
}

int cp_repo_object_read(struct cp_repo *r, const struct cp_oid *oid, size_t max,
			struct cp_repo_object *ret_object, struct cp_err *err)
{
	struct cp_repo_object o = {NULL, 0, GIT_OBJECT_TREE};
	struct cp_repo_reader *rd;
	int e;

	if (is_empty_tree(oid)) {
		*ret_object = o;
		return 0;
	}
	if (oid->n != GIT_OID_RAWSZ)
		return cp_err_set(err, CP_ENOTFOUND, "no object id of this repository");
	e = reader_take(r, &rd, err);
	if (e < 0)
		return e;
	e = read_with(r, rd, oid, max, &o, err);
	reader_give_back(r, rd);
	if (e == 0)
		*ret_object = o;
	return e;
}

int cp_repo_object_header(struct cp_repo *r, const struct cp_oid *oid, git_object_t *ret_type,
			  uint64_t *ret_size, struct cp_err *err)
{
	struct cp_repo_reader *rd;
	git_oid id = cp_repo_git_oid(oid);
	size_t n = 0;
	int e;

	if (oid->n != GIT_OID_RAWSZ)
		return cp_err_set(err, CP_ENOTFOUND, "no object id of this repository");
	e = reader_take(r, &rd, err);
	if (e < 0)
		return e;
	e = find_object(rd, &id, &n, ret_type);
	reader_give_back(r, rd);
	if (e < 0)
		return object_error(r, e, oid, err);
	*ret_size = n;
	return 0;
}

int cp_repo_oid_expand(struct cp_repo *r, struct cp_str hex, struct cp_oid *ret_oid,
		       struct cp_err *err)
{
	struct cp_repo_reader *rd;
	git_oid prefix, full;
	int e;

	if (hex.n < GIT_OID_MINPREFIXLEN || hex.n > GIT_OID_HEXSZ ||
	    git_oid_fromstrn(&prefix, hex.p, hex.n) < 0)
		return cp_err_set(err, CP_ENOTFOUND, "no object id");
	e = reader_take(r, &rd, err);
	if (e < 0)
		return e;
	e = git_odb_exists_prefix(&full, rd->odb, &prefix, hex.n);
	reader_give_back(r, rd);
	if (e < 0)
		return cp_repo_git_error(err, e, "looking for an object");
	*ret_oid = cp_repo_oid(&full);
	return 0;
}

void cp_repo_object_release(struct cp_repo_object *o)
{
	git_odb_backend_data_free(NULL, o->data);
	o->data = NULL;
}

/* ---- blobs ---- */

static int not_a_blob(const struct cp_oid *oid, struct cp_err *err)
{
	char hex[65];

	cp_hex(oid->bytes, oid->n, hex);
	return cp_err_set(err, CP_EIO, "object %s should be a file and is none", hex);
}

int cp_repo_blob_read(struct cp_repo *r, const struct cp_oid *oid, struct cp_buf *out,
		      struct cp_err *err)
{
	cp_auto_object struct cp_repo_object o = {0};
	size_t left = out->max > out->n ? out->max - out->n : 0;
	int e = cp_repo_object_read(r, oid, left, &o, err);

	if (e < 0)
		return e;
	if (o.type != GIT_OBJECT_BLOB)
		return not_a_blob(oid, err);
	cp_buf_add(out, o.data, o.n);
	e = cp_buf_error(out);
	return e < 0 ? cp_err_set(err, e,
				  e == CP_ENOMEM ? "out of memory" : "a file is over its limit")
		     : 0;
}

int cp_repo_blob_size(struct cp_repo *r, const struct cp_oid *oid, uint64_t *ret_size,
		      struct cp_err *err)
{
	git_object_t type = GIT_OBJECT_ANY;
	uint64_t size = 0;
	int e = cp_repo_object_header(r, oid, &type, &size, err);

	if (e < 0)
		return e;
	if (type != GIT_OBJECT_BLOB)
		return not_a_blob(oid, err);
	*ret_size = size;
	return 0;
}
