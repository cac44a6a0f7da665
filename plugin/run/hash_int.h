/*
 * hash.c: SHA-256 of every file record that a build hashes, straight from the object database, in parallel; image.c and
 * image_cache.c give it to predict/ as a struct cp_hasher.
 */
#ifndef CP_RUN_HASH_INT_H
#define CP_RUN_HASH_INT_H

#include "history/history.h"
#include "predict/predict.h"

struct cp_hash_table;

/*
 * An empty table for the rules of a daemon. `state`: what earlier runs found out, which this one adds to; NULL = nothing. NULL when there is
 * no memory. One run, one thread (its own workers apart).
 */
struct cp_hash_table *cp_hash_table_new(struct cp_state *state, uint64_t rules);
void cp_hash_table_free(struct cp_hash_table *t);
/* Digests are looked up here, and computed when they are not there. */
struct cp_hasher cp_hash_table_hasher(struct cp_hash_table *t);
/* Compute the digests of every file that the operations of a build select, side by side on the cores that there are. */
int cp_hash_table_fill(struct cp_hash_table *t, struct cp_arena *a, const struct cp_build *b,
		       struct cp_err *err);
/* A new table filled for a build, by the rules of its daemon, and its hasher. On failure there is nothing to free. */
int cp_hash_table_open(struct cp_state *state, struct cp_arena *a, const struct cp_build *b,
		       struct cp_hash_table **ret_table, struct cp_hasher *ret_hasher,
		       struct cp_err *err);

#endif
