/* The verdict from what caches hold: proofs only. */
#include "run.h"

struct ref {
	struct cp_str value; /* of --cache-from */
	size_t n_hit, n_added;
};
typedef CP_VEC(struct ref) ref_vec;

/* Images may share a cache. */
static int add(struct cp_run *run, ref_vec *refs, const struct cp_cached *c)
{
	for (size_t i = 0; i < refs->n; i++) {
		if (!cp_str_eq(refs->items[i].value, c->ref))
			continue;
		refs->items[i].n_hit += c->n_hit;
		refs->items[i].n_added += c->n_added;
		return 0;
	}
	return cp_vec_push(run->arena, refs, (struct ref){c->ref, c->n_hit, c->n_added});
}

/* What is worth importing: those that have a step which none before them has. */
static int list_refs(struct cp_run *run, const ref_vec *refs)
{
	struct cp_report *report = &run->report;

	report->cache_from = cp_arena_array(run->arena, refs->n, sizeof(*report->cache_from));
	if (!report->cache_from)
		return CP_ENOMEM;
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i].n_added)
			report->cache_from[report->n_cache_from++] = refs->items[i].value;
	return 0;
}

/* "REF has 3 of 5 steps, REF 1 more" */
static struct cp_str say_what_is_there(struct cp_run *run, const ref_vec *refs)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	size_t n_steps = 0;

	for (size_t i = 0; i < run->n_images; i++) {
		const struct cp_prediction *p = &run->images[i].answer.prediction;

		n_steps += p->n_hit + p->n_miss + p->n_depends + p->n_unknown;
	}
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
	return cp_buf_error(&text) ? (struct cp_str){NULL, 0}
				   : cp_arena_str(run->arena, cp_buf_str(&text));
}

/* Every image's last result is in a cache, with its layers. */
static bool all_final(const struct cp_run *run)
{
	for (size_t i = 0; i < run->n_images; i++) {
		const struct cp_image_run *im = &run->images[i];

		if (!im->n_cached || !im->cached[0].final || im->answer.error.code)
			return false;
	}
	return run->n_images > 0;
}

int cp_run_decide(struct cp_run *run, struct cp_err *err)
{
	struct cp_report *report = &run->report;
	struct cp_str unread = CP_S("");
	bool any_read = false;
	ref_vec refs = {0};

	for (size_t i = 0; i < run->n_images; i++) {
		const struct cp_image_run *im = &run->images[i];

		any_read = any_read || im->n_cached;
		unread = unread.n ? unread : im->unread;
		for (size_t k = 0; k < im->n_cached; k++)
			if (im->cached[k].n_hit && add(run, &refs, &im->cached[k]) < 0)
				return cp_err_nomem(err);
	}
	if (list_refs(run, &refs) < 0)
		return cp_err_nomem(err);
	if (!any_read || (unread.n && !all_final(run) && !refs.n)) {
		if (unread.n)
			report->reason = unread;
		return 0;
	}
	report->reason = say_what_is_there(run, &refs);
	if (!report->reason.p)
		return cp_err_nomem(err);
	if (all_final(run)) {
		report->action = CP_S("skip-build");
		report->reason =
			CP_S("the cache holds the result of the last step with its layers");
	} else if (refs.n) {
		report->action = CP_S("reuse-cache");
	} else {
		report->action = CP_S("build-without-import");
		report->reason = CP_S("no record of the caches matches a step of this build");
	}
	return 0;
}
