#include "decide/decide_int.h"

const char *cp_verdict_name(enum cp_verdict action)
{
	static const char *const names[] = {"undecided", "skip-build", "reuse-cache",
					    "build-without-import"};

	return (unsigned)action < CP_LEN(names) ? names[action] : names[0];
}

static bool is_counted(const struct cp_step_result *s)
{
	return s->step->kind == CP_STEP_OP || s->step->kind == CP_STEP_MERGE;
}

/* ---- seconds ---- */

static void add_cost(struct cp_total *t, const struct cp_cost *c)
{
	t->n++;
	if (!c || c->source == CP_COST_UNKNOWN)
		return;
	t->n_known++;
	t->ms += c->ms;
	t->low += c->low;
	t->high += c->high;
}

static void add_total(struct cp_total *t, const struct cp_total *more)
{
	t->n += more->n;
	t->n_known += more->n_known;
	t->ms += more->ms;
	t->low += more->low;
	t->high += more->high;
}

static void sum_costs(const struct cp_decide_image *im, struct cp_decided_image *d)
{
	const struct cp_prediction *p = im->prediction;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_cost *c = im->costs ? &im->costs[i] : NULL;

		if (!is_counted(&p->steps[i]))
			continue;
		add_cost(&d->without, c);
		if (p->steps[i].outcome != CP_OUTCOME_HIT)
			add_cost(&d->with, c);
	}
}

/* ---- refs ---- */

struct ref {
	struct cp_str value;
	size_t n_hit, n_added;
	uint64_t bytes;
	bool is_inline, sized; /* sized: bytes are known of all that is fetched */
};
typedef CP_VEC(struct ref) ref_vec;

/* Images may share a cache. */
static int add_ref(struct cp_arena *a, ref_vec *refs, const struct cp_decide_cache *c)
{
	bool sized = c->bytes > 0 || !c->n_hit;

	for (size_t i = 0; i < refs->n; i++) {
		struct ref *r = &refs->items[i];

		if (!cp_str_eq(r->value, c->ref))
			continue;
		r->n_hit += c->n_hit;
		r->n_added += c->n_added;
		r->bytes += c->bytes;
		r->sized = r->sized && sized;
		return 0;
	}
	return cp_vec_push(
		a, refs, (struct ref){c->ref, c->n_hit, c->n_added, c->bytes, c->is_inline, sized});
}

static int collect(struct cp_arena *a, const struct cp_decide_image *images, size_t n,
		   ref_vec *refs)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].n_caches; k++)
			if (images[i].caches[k].n_hit && add_ref(a, refs, &images[i].caches[k]) < 0)
				return CP_ENOMEM;
	return 0;
}

/* What is worth importing: those that have a step which none before them has. */
static int list_refs(struct cp_arena *a, const ref_vec *refs, struct cp_str **ret, size_t *ret_n)
{
	*ret = cp_arena_array(a, refs->n, sizeof(**ret));
	*ret_n = 0;
	if (!*ret)
		return CP_ENOMEM;
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i].n_added)
			(*ret)[(*ret_n)++] = refs->items[i].value;
	return 0;
}

/* "REF has 3 of 5 steps, REF 1 more" */
static struct cp_str say_what_is_there(struct cp_arena *a, const ref_vec *refs, size_t n_steps)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);

	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *r = &refs->items[i];

		if (!r->n_added)
			continue;
		if (!text.n)
			cp_buf_printf(&text, "%.*s has %zu of %zu steps", CP_STR(r->value),
				      r->n_hit, n_steps);
		else
			cp_buf_printf(&text, ", %.*s %zu more", CP_STR(r->value), r->n_added);
	}
	return cp_buf_error(&text) ? (struct cp_str){NULL, 0} : cp_arena_str(a, cp_buf_str(&text));
}

/* ---- is it worth an import? ---- */

/* Milliseconds of fetching at a speed; -1 = not known. */
static int64_t import_time(const ref_vec *refs, const struct cp_speed *speed, double bytes_per_ms,
			   uint64_t *ret_bytes)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < refs->n; i++) {
		if (!refs->items[i].n_added)
			continue;
		if (!refs->items[i].sized)
			return -1;
		bytes += refs->items[i].bytes;
	}
	*ret_bytes = bytes;
	return speed->n && bytes_per_ms > 0
		       ? (int64_t)((double)bytes / bytes_per_ms) + speed->manifest_ms
		       : -1;
}

/* Even the fastest import seen takes longer than the slowest run of all that it would save. */
static bool costs_more(const ref_vec *refs, const struct cp_speed *speed,
		       const struct cp_total *with, const struct cp_total *without)
{
	uint64_t bytes;
	int64_t import = import_time(refs, speed, speed->fast, &bytes);

	return import > 0 && without->n_known == without->n && import > without->high - with->high;
}

/* ---- one image, and several ---- */

struct group {
	const struct cp_decide_image *images;
	size_t n;
	struct cp_total with, without;
};

static bool any_read(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->images[i].n_caches)
			return true;
	return false;
}

static struct cp_str unread_of(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->images[i].unread.n)
			return g->images[i].unread;
	return CP_S("");
}

/* The image's last result is in a cache with its layers, and no step was told to do without (--no-cache). */
static bool is_proved(const struct cp_decide_image *im)
{
	const struct cp_prediction *p = im->prediction;

	return p && im->n_caches && im->caches[0].final && !p->n_miss && !p->n_depends &&
	       !p->n_unknown;
}

static bool all_proved(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!is_proved(&g->images[i]))
			return false;
	return g->n > 0;
}

/* An image is its layers and its configuration, which no step's key has in it. */
static bool all_configured(const struct group *g, const struct cp_decide_image **ret_other)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->images[i].config != CP_SAME) {
			*ret_other = &g->images[i];
			return false;
		}
	return true;
}

static struct cp_str say_config(struct cp_arena *a, const struct cp_decide_image *im)
{
	if (im->config == CP_SAME_NOT)
		return cp_arena_printf(
			a,
			"every layer is in the cache, but %.*s differs: the image is to be written anew",
			CP_STR(im->config_at));
	return CP_S("every layer is in the cache; whether an image of them with this configuration "
		    "was built is not known");
}

static int decide(struct cp_arena *a, const struct group *g, const ref_vec *refs,
		  const struct cp_speed *speed, enum cp_verdict *ret_action,
		  struct cp_str *ret_reason)
{
	const struct cp_decide_image *other = NULL;
	struct cp_str unread = unread_of(g);
	bool proved = all_proved(g);

	*ret_action = CP_ACT_UNDECIDED;
	*ret_reason =
		CP_S("compared with the build of the base commit; no remote cache was looked into");
	if (!any_read(g) || (unread.n && !proved && !refs->n)) {
		if (unread.n)
			*ret_reason = unread;
		return 0;
	}
	if (proved && all_configured(g, &other)) {
		*ret_action = CP_ACT_SKIP_BUILD;
		*ret_reason = CP_S("the cache holds the result of the last step with its layers");
	} else if (!refs->n) {
		*ret_action = CP_ACT_BUILD_WITHOUT_IMPORT;
		*ret_reason = CP_S("no record of the caches matches a step of this build");
	} else if (!proved && costs_more(refs, speed, &g->with, &g->without)) {
		*ret_action = CP_ACT_BUILD_WITHOUT_IMPORT;
		*ret_reason =
			CP_S("to fetch the layers takes longer than to build what they would save");
	} else {
		*ret_action = CP_ACT_REUSE_CACHE;
		*ret_reason =
			proved ? say_config(a, other) : say_what_is_there(a, refs, g->without.n);
	}
	return ret_reason->p ? 0 : CP_ENOMEM;
}

/* Something is not known to be there: a step, or the configuration. */
static bool is_built(const struct cp_decide_image *im, enum cp_verdict action)
{
	const struct cp_prediction *p = im->prediction;

	if (action == CP_ACT_SKIP_BUILD)
		return false;
	return !p || p->n_miss || p->n_depends || p->n_unknown || im->config != CP_SAME ||
	       im->n_caches > 0;
}

static int decide_image(struct cp_arena *a, const struct cp_decide_input *in,
			const struct cp_decide_image *im, struct cp_decided_image *d)
{
	struct group g = {.images = im, .n = 1};
	ref_vec refs = {0};

	if (im->prediction)
		sum_costs(im, d);
	g.with = d->with;
	g.without = d->without;
	if (collect(a, im, 1, &refs) < 0 ||
	    list_refs(a, &refs, &d->cache_from, &d->n_cache_from) < 0 ||
	    decide(a, &g, &refs, &in->speed, &d->action, &d->reason) < 0)
		return CP_ENOMEM;
	d->builds = is_built(im, d->action);
	return 0;
}

int cp_decide(struct cp_arena *a, const struct cp_decide_input *in, struct cp_decision *ret,
	      struct cp_err *err)
{
	struct cp_decision d = {.import_ms = -1, .n_images = in->n_images};
	struct group g = {.images = in->images, .n = in->n_images};
	ref_vec refs = {0};
	int r = 0;

	d.images = cp_arena_array(a, in->n_images, sizeof(*d.images));
	if (!d.images || collect(a, in->images, in->n_images, &refs) < 0 ||
	    list_refs(a, &refs, &d.cache_from, &d.n_cache_from) < 0)
		return cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < in->n_images; i++) {
		r = decide_image(a, in, &in->images[i], &d.images[i]);
		add_total(&d.with, &d.images[i].with);
		add_total(&d.without, &d.images[i].without);
	}
	g.with = d.with;
	g.without = d.without;
	if (r == 0)
		r = decide(a, &g, &refs, &in->speed, &d.action, &d.reason);
	if (r == 0)
		r = cp_decide_cache_to(a, in, &d);
	if (r < 0)
		return cp_err_nomem(err);
	if (d.n_cache_from)
		d.import_ms =
			import_time(&refs, &in->speed, in->speed.bytes_per_ms, &d.import_bytes);
	*ret = d;
	return 0;
}
