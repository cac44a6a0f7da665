#include "cache_memo.h"

#include <pthread.h>
#include <stdlib.h>

#include "network.h"

struct answer {
	struct cp_cache_found found;
	struct cp_err err; /* code 0 = found */
};

struct cp_cache_memo {
	pthread_mutex_t lock; /* of all below */
	struct cp_arena *arena;
	struct cp_map answers; /* "c" or "u" and the text ─► struct answer */
};

struct cp_cache_memo *cp_cache_memo_new(void)
{
	struct cp_cache_memo *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!m->arena || pthread_mutex_init(&m->lock, NULL) != 0) {
		cp_arena_free(m->arena);
		free(m);
		return NULL;
	}
	return m;
}

void cp_cache_memo_free(struct cp_cache_memo *memo)
{
	if (!memo)
		return;
	pthread_mutex_destroy(&memo->lock);
	cp_arena_free(memo->arena);
	free(memo);
}

static int ask(struct cp_cache_memo *m, struct cp_run *run, struct cp_str text, bool from_commit,
	       struct answer *answer)
{
	struct cp_cache_source source;
	struct cp_str copy = cp_arena_str(m->arena, text);
	int r = copy.p ? cp_cache_source_parse(m->arena, copy, &source, &answer->err)
		       : cp_err_nomem(&answer->err);

	if (r == 0)
		r = cp_network_find_cache(run, m->arena, &source, from_commit, &answer->found,
					  &answer->err);
	return r;
}

/* The lock is held. */
static int find(struct cp_cache_memo *m, struct cp_run *run, struct cp_str text, bool from_commit,
		const struct answer **ret_answer)
{
	struct cp_str key = cp_arena_cat(m->arena, from_commit ? CP_S("c") : CP_S("u"), text);
	struct answer *answer = key.p ? cp_map_get(&m->answers, key) : NULL;
	int r;

	if (!key.p)
		return CP_ENOMEM;
	if (answer) {
		*ret_answer = answer;
		return answer->err.code;
	}
	answer = CP_NEW(m->arena, struct answer);
	if (!answer)
		return CP_ENOMEM;
	r = ask(m, run, text, from_commit, answer);
	*ret_answer = answer;
	if (cp_run_is_over(r))
		return r; /* says nothing of the cache */
	return cp_map_put(m->arena, &m->answers, key, answer) < 0 ? CP_ENOMEM : r;
}

int cp_cache_memo_find(struct cp_cache_memo *memo, struct cp_run *run, struct cp_str text,
		       bool from_commit, struct cp_cache_found *ret_found, struct cp_err *err)
{
	const struct answer *answer = NULL;
	int r;

	pthread_mutex_lock(&memo->lock);
	r = find(memo, run, text, from_commit, &answer);
	if (r == 0)
		*ret_found = answer->found;
	else if (r == CP_ENOMEM)
		cp_err_nomem(err);
	else if (err)
		*err = answer->err;
	pthread_mutex_unlock(&memo->lock);
	return r;
}
