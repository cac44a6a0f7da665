#include "hash_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "history/history.h"
#include "keys/keys.h"

/* What a record's digest depends on. */
struct name {
	struct cp_digest identity;
	uint32_t mode, uid, gid;
};

struct known {
	struct name name;
	struct cp_fs *fs;
	struct cp_node node;
	struct cp_digest digest;
	bool done, recalled;
	struct cp_err err;
};

struct cp_hash_table {
	struct cp_arena *a;
	struct cp_map by_name; /* struct name ─► struct known */
	CP_VEC(struct known *) waiting;
	atomic_size_t next;
	struct cp_state *state; /* NULL = nothing is remembered */
	uint64_t rules;
};

struct cp_hash_table *cp_hash_table_new(struct cp_state *state, uint64_t rules)
{
	struct cp_hash_table *t = calloc(1, sizeof(*t));

	if (t)
		t->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (t && !t->a) {
		free(t);
		return NULL;
	}
	if (t) {
		t->state = state;
		t->rules = rules;
	}
	return t;
}

void cp_hash_table_free(struct cp_hash_table *t)
{
	if (!t)
		return;
	cp_arena_free(t->a);
	free(t);
}

/* cache/contenthash/filehash.go NewFileHash: header, then the bytes. */
static int compute(struct known *k, struct cp_buf *bytes)
{
	int r;

	cp_buf_clear(bytes);
	r = k->fs->ops->bytes(k->fs, &k->node, bytes, &k->err);
	if (r < 0)
		return r;
	if (cp_buf_error(bytes))
		return cp_err_set(&k->err, cp_buf_error(bytes), "%.*s: too large",
				  CP_STR(k->node.path));
	k->digest = cp_record_of_file(k->node.mode, &k->node.owner, cp_buf_str(bytes));
	k->done = true;
	return 0;
}

/*
 * The name of a file's digest: its identity is the blob's id, or one of the id and what git makes of it; the mode has the umask. The bytes
 * of a record change with the text here.
 */
static struct cp_digest name_of(const struct known *k)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_adds(&h, CP_S("file/2/"));
	cp_sha256_add(&h, &k->name, sizeof(k->name));
	return cp_sha256_end(&h);
}

static void recall_file(struct cp_hash_table *t, struct known *k)
{
	struct cp_digest name;
	uint8_t flags;

	if (!t->state)
		return;
	name = name_of(k);
	k->done = k->recalled = cp_state_get(t->state, &name, &k->digest, &flags);
}

static void remember_file(struct cp_hash_table *t, const struct known *k)
{
	struct cp_digest name;

	if (!t->state || !k->done || k->recalled)
		return;
	name = name_of(k);
	cp_state_put(t->state, &name, &k->digest, 0);
}

static struct known *enter(struct cp_hash_table *t, struct cp_fs *fs, const struct cp_node *file)
{
	struct name name = {file->identity, file->mode, file->owner.uid, file->owner.gid};
	struct known *k = cp_map_get(&t->by_name, cp_str_n((const char *)&name, sizeof(name)));

	if (k)
		return k;
	k = CP_NEW(t->a, struct known);
	if (!k)
		return NULL;
	k->name = name;
	k->fs = fs;
	k->node = *file;
	recall_file(t, k);
	if (cp_map_put(t->a, &t->by_name, cp_str_n((const char *)&k->name, sizeof(k->name)), k) < 0)
		return NULL;
	if (!k->done && cp_vec_push(t->a, &t->waiting, k) < 0)
		return NULL;
	return k;
}

static int record(void *self, struct cp_fs *fs, const struct cp_node *file,
		  struct cp_digest *ret_digest, struct cp_err *err)
{
	struct cp_hash_table *t = self;
	struct known *k = enter(t, fs, file);

	if (!k)
		return cp_err_nomem(err);
	if (!k->done && !k->err.code) {
		cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_HASHED_BYTES);

		compute(k, &bytes);
		remember_file(t, k);
	}
	if (!k->done) {
		if (err)
			*err = k->err;
		return k->err.code;
	}
	*ret_digest = k->digest;
	return 0;
}

static bool recall(void *self, const struct cp_digest *name, struct cp_digest *ret_digest,
		   uint8_t *ret_flags)
{
	return cp_state_get(((struct cp_hash_table *)self)->state, name, ret_digest, ret_flags);
}

static void remember(void *self, const struct cp_digest *name, const struct cp_digest *digest,
		     uint8_t flags)
{
	cp_state_put(((struct cp_hash_table *)self)->state, name, digest, flags);
}

struct cp_hasher cp_hash_table_hasher(struct cp_hash_table *t)
{
	struct cp_hasher h = {.record = record, .self = t, .rules = t->rules};

	if (t->state) {
		h.recall = recall;
		h.remember = remember;
	}
	return h;
}

/* ---- side by side ---- */

/* Only notes which files would be asked for: what is remembered is not opened. */
static int collect(void *self, struct cp_fs *fs, const struct cp_node *file,
		   struct cp_digest *ret_digest, struct cp_err *err)
{
	*ret_digest = file->identity;
	if (file->converted) /* conversions are looked up by one thread, later */
		return 0;
	return enter(self, fs, file) ? 0 : cp_err_nomem(err);
}

static int collect_op(struct cp_hash_table *t, struct cp_arena *a, const struct cp_build *b,
		      const struct cp_op *op, const struct cp_op_key *key)
{
	struct cp_hasher collector = cp_hash_table_hasher(t);

	collector.record = collect;
	collector.remember = NULL;
	for (size_t i = 0; i < op->n_inputs; i++) {
		const struct cp_op *source = op->inputs[i];
		struct cp_digest ignored;
		struct cp_str why;
		struct cp_fs *fs;

		if (source->kind != CP_OP_SOURCE || !source->source.local_name.n)
			continue;
		fs = b->local ? b->local(b->self, source->source.local_name) : NULL;
		if (fs && key->inputs[i].n_sels &&
		    cp_selection_digest(a, fs, key->inputs[i].sels, key->inputs[i].n_sels,
					&collector, &ignored, &why, NULL) == CP_ENOMEM)
			return CP_ENOMEM;
	}
	return 0;
}

static void *work(void *self)
{
	struct cp_hash_table *t = self;
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_HASHED_BYTES);

	for (;;) {
		size_t at = atomic_fetch_add(&t->next, 1);

		if (at >= t->waiting.n)
			return NULL;
		if (!t->waiting.items[at]->done && !t->waiting.items[at]->err.code)
			compute(t->waiting.items[at], &bytes);
	}
}

int cp_hash_table_fill(struct cp_hash_table *t, struct cp_arena *a, const struct cp_build *b,
		       struct cp_err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[15]; /* and this one */
	struct cp_op_key *keys;
	size_t n = 0;
	int r = cp_keys_compute(a, b->graph, &keys, err);

	for (size_t i = 0; r == 0 && i < b->graph->n_ops; i++)
		r = collect_op(t, a, b, b->graph->ops[i], &keys[b->graph->ops[i]->index]);
	if (r < 0)
		return cp_err_nomem(err);
	atomic_store(&t->next, 0);
	while (n < CP_LEN(threads) && (long)n + 1 < cores && t->waiting.n > 64 &&
	       pthread_create(&threads[n], NULL, work, t) == 0)
		n++;
	work(t);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < t->waiting.n; i++)
		remember_file(t, t->waiting.items[i]);
	t->waiting.n = 0;
	return 0;
}

int cp_hash_table_open(struct cp_state *state, struct cp_arena *a, const struct cp_build *b,
		       struct cp_hash_table **ret_table, struct cp_hasher *ret_hasher,
		       struct cp_err *err)
{
	struct cp_hash_table *t = cp_hash_table_new(state, b->graph->rules);
	int r = t ? cp_hash_table_fill(t, a, b, err) : cp_err_nomem(err);

	if (r < 0) {
		cp_hash_table_free(t);
		return r;
	}
	*ret_table = t;
	*ret_hasher = cp_hash_table_hasher(t);
	return 0;
}
