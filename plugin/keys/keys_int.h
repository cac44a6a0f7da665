/* Private to keys/: one writer per kind of operation. */
#ifndef CP_KEYS_INT_H
#define CP_KEYS_INT_H

#include "keys/keys.h"

int keys_source(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
		struct cp_buf *out);
int keys_exec(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	      struct cp_buf *out);
int keys_file(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	      struct cp_buf *out);
int keys_merge(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	       struct cp_buf *out);

/* Go's json of a number that daemons before v0.17 wrote even when it is 0. */
void keys_index(struct cp_json_out *o, uint64_t rules, const char *key, int64_t v);
/* Go's json of a map entry that is left out when empty. */
void keys_omitempty_str(struct cp_json_out *o, const char *key, struct cp_str s);
void keys_omitempty_int(struct cp_json_out *o, const char *key, int64_t v);
void keys_omitempty_true(struct cp_json_out *o, const char *key, bool v);
void keys_omitempty_list(struct cp_json_out *o, const char *key, const struct cp_str *items,
			 size_t n);

/* dedupePaths (ops/exec.go): no path twice, none below another, sorted; a list of one is left as it is. */
int keys_dedupe_paths(struct cp_arena *a, const struct cp_str *paths, size_t n, struct cp_str **ret,
		      size_t *ret_n);
/* D(JOIN0(paths)) */
struct cp_digest keys_join_digest(const struct cp_str *paths, size_t n);

#endif
