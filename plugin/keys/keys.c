#include "keys/keys.h"

#include <stdlib.h>

#include "keys/keys_int.h"

void keys_omitempty_str(struct cp_json_out *o, const char *key, struct cp_str s)
{
	if (s.n)
		cp_json_kstr(o, key, s);
}

void keys_index(struct cp_json_out *o, uint64_t rules, const char *key, int64_t v)
{
	if (v || (rules & CP_RULE_JSON_ZEROS))
		cp_json_kint(o, key, v);
}

void keys_omitempty_int(struct cp_json_out *o, const char *key, int64_t v)
{
	if (v)
		cp_json_kint(o, key, v);
}

void keys_omitempty_true(struct cp_json_out *o, const char *key, bool v)
{
	if (v)
		cp_json_kbool(o, key, true);
}

void keys_omitempty_list(struct cp_json_out *o, const char *key, const struct cp_str *items,
			 size_t n)
{
	if (!n)
		return;
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		cp_json_str(o, items[i]);
	cp_json_close(o, ']');
}

static int compare_paths(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

/* Is one of the folders above p in the sorted list? "/" is above everything else. */
static bool has_ancestor(struct cp_str p, const struct cp_str *sorted, size_t n)
{
	for (size_t i = 0; i < p.n; i++) {
		struct cp_str above = cp_str_sub(p, 0, i ? i : 1);

		if (p.p[i] == '/' && above.n < p.n &&
		    bsearch(&above, sorted, n, sizeof(*sorted), compare_paths))
			return true;
	}
	return false;
}

int keys_dedupe_paths(struct cp_arena *a, const struct cp_str *paths, size_t n, struct cp_str **ret,
		      size_t *ret_n)
{
	struct cp_str *sorted = cp_arena_array(a, n, sizeof(*sorted)),
		      *out = cp_arena_array(a, n, sizeof(*out));
	size_t kept = 0;

	if (!sorted || !out)
		return CP_ENOMEM;
	if (n)
		memcpy(sorted, paths, n * sizeof(*sorted));
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), compare_paths);
	for (size_t i = 0; i < n; i++) {
		if (i && cp_str_eq(sorted[i], sorted[i - 1]))
			continue;
		if (!has_ancestor(sorted[i], sorted, n))
			out[kept++] = sorted[i];
	}
	*ret = out;
	*ret_n = kept;
	return 0;
}

struct cp_digest keys_join_digest(const struct cp_str *paths, size_t n)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	for (size_t i = 0; i < n; i++) {
		if (i)
			cp_sha256_add(&h, "", 1);
		cp_sha256_adds(&h, paths[i]);
	}
	return cp_sha256_end(&h);
}

/* solver/llbsolver/ops/merge.go CacheMap: the list of inputs, no selectors, no content. */
int keys_merge(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
	       struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	(void)a;
	(void)key;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "Type", CP_S("buildkit.merge.v0"));
	cp_json_key(&o, "Merge");
	cp_json_open(&o, '{');
	if (op->n_inputs) {
		cp_json_key(&o, "inputs");
		cp_json_open(&o, '[');
		for (size_t i = 0; i < op->n_inputs; i++) {
			cp_json_open(&o, '{');
			keys_index(&o, rules, "input", (int64_t)i);
			cp_json_close(&o, '}');
		}
		cp_json_close(&o, ']');
	}
	cp_json_close(&o, '}');
	cp_json_close(&o, '}');
	return cp_buf_error(out);
}

static int compute(struct cp_arena *a, uint64_t rules, const struct cp_op *op,
		   struct cp_op_key *key, struct cp_buf *out)
{
	key->inputs = cp_arena_array(a, op->n_inputs, sizeof(*key->inputs));
	if (!key->inputs)
		return CP_ENOMEM;
	switch (op->kind) {
	case CP_OP_SOURCE:
		return keys_source(a, rules, op, key, out);
	case CP_OP_EXEC:
		return keys_exec(a, rules, op, key, out);
	case CP_OP_FILE:
		return keys_file(a, rules, op, key, out);
	case CP_OP_MERGE:
		return keys_merge(a, rules, op, key, out);
	}
	return CP_EBUG;
}

int cp_keys_compute(struct cp_arena *a, const struct cp_graph *graph, struct cp_op_key **ret_keys,
		    struct cp_err *err)
{
	struct cp_op_key *keys = cp_arena_array(a, graph->n_ops, sizeof(*keys));
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

	if (!keys)
		return cp_err_nomem(err);
	for (size_t i = 0; i < graph->n_ops; i++) {
		struct cp_op_key *key = &keys[graph->ops[i]->index];
		int r;

		cp_buf_clear(&text);
		key->inexact = graph->inexact;
		if (!key->inexact.n && graph->ops[i]->assumes_config_of.n)
			key->inexact = CP_S("the config of its base image is not known");
		r = compute(a, graph->rules, graph->ops[i], key, &text);
		if (r == 0) {
			key->preimage = cp_arena_str(a, cp_buf_str(&text));
			r = key->preimage.p ? 0 : CP_ENOMEM;
		}
		if (r < 0)
			return cp_err_set(err, r, "computing the key of operation %zu", i);
		key->digest = cp_digest_of(key->preimage.p, key->preimage.n);
	}
	*ret_keys = keys;
	return 0;
}
