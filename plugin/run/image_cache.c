/* --cache-from: what the build would take from the caches named there, the only ones that an ephemeral builder has. */
#include "hash_int.h"
#include "cache_memo.h"
#include "run.h"
#include "trial_int.h"

struct trial {
	struct cp_run *run;
	struct cp_image_run *image;
	const struct cp_cache *caches[CP_MAX_CACHES];
	size_t owner[CP_MAX_CACHES]; /* index into image->cached: a value may name several caches */
	size_t n_caches;
	struct cp_err *err;
};

/* ---- what is behind the values ---- */

static int leave_unread(struct trial *t, struct cp_str sentence, bool unreachable)
{
	if (!sentence.p || cp_image_assume(t->image, sentence) < 0)
		return cp_err_nomem(t->err);
	if (!t->image->unread.n)
		t->image->unread = sentence;
	t->image->unreachable = t->image->unreachable || unreachable;
	return 0;
}

static int add_found(struct trial *t, struct cp_str text, const struct cp_cache_found *found)
{
	if (found->n_caches > CP_MAX_CACHES - t->n_caches)
		return leave_unread(t,
				    cp_arena_printf(t->image->arena, "%.*s: over %d caches",
						    CP_STR(text), CP_MAX_CACHES),
				    true);
	for (size_t i = 0; i < found->n_caches; i++) {
		t->owner[t->n_caches] = t->image->n_cached;
		t->caches[t->n_caches++] = found->caches[i];
	}
	t->image->cached[t->image->n_cached++] = (struct cp_decide_cache){
		.ref = text, .is_inline = cp_str_eq(found->form, CP_S("inline"))};
	return 0;
}

/* BuildKit goes on without a cache that is not there or that it cannot read: then it is an empty one. */
static int read_cache(struct trial *t, struct cp_str text)
{
	struct cp_cache_found found = {.caches = NULL};
	struct cp_err why = {0};
	struct cp_str sentence;
	int r = cp_cache_memo_find(t->run->caches, t->run, text, t->image->request.from_commit,
				   &found, &why);

	if (cp_run_is_over(r) || r == CP_EUSAGE)
		return cp_err_set(t->err, r, "%s", why.message);
	if (r == 0 && found.n_caches)
		return add_found(t, text, &found);
	sentence = cp_arena_printf(t->image->arena, "%.*s: %s", CP_STR(text),
				   r < 0 ? why.message : "it is an image without a cache");
	if (r == CP_ENET || r == CP_EUNSUPPORTED)
		return leave_unread(t, sentence, r == CP_ENET && t->run->network);
	if (!sentence.p || cp_image_assume(t->image, sentence) < 0)
		return cp_err_nomem(t->err);
	return add_found(t, text, &found);
}

/* ---- what the build would take from them ---- */

/* The values in the order of what their caches are worth; those without a cache come last. */
static int order_values(struct trial *t, const struct cp_cached_prediction *p)
{
	struct cp_image_run *image = t->image;
	struct cp_decide_cache *sorted =
		cp_arena_array(image->arena, image->n_cached, sizeof(*sorted));
	bool *seen = cp_arena_array(image->arena, image->n_cached, sizeof(*seen));
	size_t n = 0;

	if (!sorted || !seen)
		return cp_err_nomem(t->err);
	for (size_t i = 0; i < t->n_caches; i++) {
		const struct cp_cached_share *share = &p->shares[i];
		struct cp_decide_cache *c = &image->cached[t->owner[i]];

		c->n_hit = share->n_hit > c->n_hit ? share->n_hit : c->n_hit;
		c->n_added += share->n_added;
		c->bytes += share->bytes;
		c->final = c->final ? c->final : share->final;
	}
	for (size_t i = 0; i < t->n_caches; i++) {
		size_t at = t->owner[p->order[i]];

		if (!seen[at])
			sorted[n++] = image->cached[at];
		seen[at] = true;
	}
	for (size_t i = 0; i < image->n_cached; i++)
		if (!seen[i])
			sorted[n++] = image->cached[i];
	image->cached = sorted;
	return 0;
}

/* Which values have which step, for the report. */
static int name_holders(struct trial *t, const struct cp_cached_prediction *p)
{
	struct cp_image_run *image = t->image;
	size_t n_steps = p->prediction.n_steps;
	uint64_t *holders = cp_arena_array(image->arena, n_steps, sizeof(*holders));
	struct cp_str *refs = cp_arena_array(image->arena, image->n_cached, sizeof(*refs));

	if (!holders || !refs)
		return cp_err_nomem(t->err);
	for (size_t i = 0; i < image->n_cached; i++)
		refs[i] = image->cached[i].ref;
	for (size_t i = 0; i < t->n_caches; i++)
		for (size_t k = 0; k < n_steps && t->owner[i] < 64; k++)
			holders[k] |= (p->holders[k] >> i & 1) << t->owner[i];
	image->answer.caches = refs;
	image->answer.n_caches = image->n_cached;
	image->answer.holders = holders;
	return 0;
}

/* Outcomes against these caches, misses tried out. */
static int look_up(struct cp_run *run, struct cp_image_run *image,
		   const struct cp_cache *const *caches, size_t n_caches,
		   const struct cp_prediction *before, struct cp_cached_prediction *ret_prediction,
		   struct cp_err *err)
{
	struct cp_hash_table *table;
	struct cp_hasher hasher;
	int r = cp_hash_table_open(run->state, image->arena, &image->b, &table, &hasher, err);

	if (r < 0)
		return r;
	r = cp_predict_cached(image->arena, &image->b, caches, n_caches, &hasher, before,
			      ret_prediction, err);
	cp_hash_table_free(table);
	if (r < 0)
		return r;
	image->answer.prediction = ret_prediction->prediction;
	return cp_trial_explain(run, image, caches, n_caches, err);
}

/* What no cache that was read has may be in the one that was not. */
static int doubt(struct trial *t)
{
	struct cp_image_run *image = t->image;
	struct cp_prediction p =
		(struct cp_prediction){.steps = image->answer.prediction.steps,
				       .n_steps = image->answer.prediction.n_steps};
	for (size_t i = 0; i < p.n_steps; i++) {
		struct cp_step_result *s = &p.steps[i];

		if (s->outcome == CP_OUTCOME_HIT || s->cause.kind == CP_CAUSE_NO_CACHE_REQUESTED)
			continue;
		s->outcome = CP_OUTCOME_UNKNOWN;
		s->cause = (struct cp_cause){
			.kind = CP_CAUSE_UNRESOLVED, .step = -1, .message = image->unread};
	}
	image->answer.prediction = p;
	return cp_prediction_sum(image->arena, image->b.graph, &image->answer.prediction, t->err);
}

int cp_image_look_up(struct cp_run *run, struct cp_image_run *image,
		     const struct cp_cache *const *caches, size_t n_caches, struct cp_err *err)
{
	struct cp_cached_prediction p = {.final = NULL};

	return look_up(run, image, caches, n_caches, NULL, &p, err);
}

int cp_image_predict_caches(struct cp_run *run, struct cp_image_run *image, struct cp_err *err)
{
	const struct cp_image_request *q = &image->request;
	const struct cp_prediction before = image->answer.prediction; /* against the base commit */
	struct trial t = {.run = run, .image = image, .err = err};
	struct cp_cached_prediction p = {.final = NULL};
	int r = 0;

	if (!q->n_cache_from)
		return 0;
	image->cached = cp_arena_array(image->arena, q->n_cache_from, sizeof(*image->cached));
	if (!image->cached)
		return cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < q->n_cache_from; i++)
		r = read_cache(&t, q->cache_from[i]);
	/* nothing was looked into (a type that is not read, no network): the comparison with the base commit stands */
	if (r < 0 || (!image->n_cached && !image->unreachable))
		return r;
	r = look_up(run, image, t.caches, t.n_caches, &before, &p, err);
	if (r == 0)
		r = name_holders(&t, &p);
	if (r == 0)
		r = order_values(&t, &p);
	return r == 0 && image->unread.n ? doubt(&t) : r;
}
