/*
 * Any cacheconfig: an error, or a table that a build can be looked up in: links in range, chains that end, outcomes that add up.
 * The build is a fixed one of two stages, whose real records are in the corpus.
 */
#include <stdlib.h>

#include "predict/cached.h"
#include "predict/held.h"
#include "../unit/hash_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char dockerfile[] =
	"FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY --from=one /a /b\nCOPY a b /c/\n";

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	return cp_str_eq(name, CP_S("context")) ? self : NULL;
}

static void check_table(const struct cp_cache *c)
{
	for (size_t i = 0; i < c->n_records; i++)
		for (size_t k = 0; k < c->records[i].n_inputs; k++)
			for (size_t l = 0; l < c->records[i].inputs[k].n_links; l++)
				if (c->records[i].inputs[k].links[l].record >= c->n_records)
					abort();
}

static void look_up(struct cp_arena *a, struct cp_tree *t, const struct cp_cache *cache)
{
	const struct cp_hasher hasher = {.record = hash_file};
	struct cp_context_options context_options = {.git_dir = false};
	struct cp_build_options options = {.n_build_args = 0};
	struct cp_build b = {.local = local_of};
	struct cp_cached_prediction p = {.final = false};
	struct cp_traces traces = {0};
	struct cp_fs *fs;

	if (cp_context_new(a, t, &context_options, &fs, NULL) < 0 ||
	    cp_dockerfile_parse(a, cp_str_c(dockerfile), CP_S("Dockerfile"), &b.dockerfile, NULL) <
		    0 ||
	    cp_graph_build(a, b.dockerfile, CP_S("Dockerfile"), &options, &b.graph, NULL) < 0)
		abort();
	b.self = fs;
	if (cp_build_traces(a, &b, cache, &hasher, &traces, NULL) == 0 && traces.n_found > traces.n)
		abort();
	if (cp_predict_cached(a, &b, &cache, 1, &hasher, NULL, &p, NULL) < 0)
		return;
	if (p.shares[0].n_hit > 3 || p.prediction.n_hit + p.prediction.n_miss +
						     p.prediction.n_depends +
						     p.prediction.n_unknown !=
					     3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_arena *a = cp_arena_new(64 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	const struct cp_cache *cache;
	struct cp_err err = {0};

	if (!a || !t || cp_memory_tree_add(t, CP_S("a"), CP_ENTRY_FILE, CP_S("1\n")) < 0 ||
	    cp_memory_tree_add(t, CP_S("b"), CP_ENTRY_FILE, CP_S("2\n")) < 0)
		abort();
	if (cp_cache_parse(a, cp_str_n((const char *)data, size), CP_S("cache"), NULL, 0, &cache,
			   &err) == 0) {
		check_table(cache);
		look_up(a, t, cache);
	} else if (!err.code || !err.message[0]) {
		abort();
	}
	cp_tree_free(t);
	cp_arena_free(a);
	return 0;
}
