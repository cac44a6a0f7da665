/* Seconds, where they come from, and what the decision says beside its action. */
#include "report/report_int.h"
#include "report/text_int.h"

#include <stdio.h>

void cp_json_kseconds(struct cp_json_out *o, const char *key, int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
	cp_json_key(o, key);
	cp_json_raw(o, cp_str_c(text));
}

void cp_text_seconds(struct cp_buf *out, int64_t ms)
{
	int64_t s = (ms + 500) / 1000;

	if (ms < 950)
		cp_buf_printf(out, "0.%d s", (int)((ms + 50) / 100));
	else if (ms < 9950)
		cp_buf_printf(out, "%d.%d s", (int)((ms + 50) / 1000), (int)((ms + 50) / 100 % 10));
	else if (s < 60)
		cp_buf_printf(out, "%d s", (int)s);
	else if (s < 3600)
		cp_buf_printf(out, "%d m %02d s", (int)(s / 60), (int)(s % 60));
	else
		cp_buf_printf(out, "%lld h %02d m", (long long)(s / 3600), (int)(s / 60 % 60));
}

/* ---- one step ---- */

void cp_json_cost(struct cp_json_out *o, const struct cp_cost *c)
{
	cp_json_key(o, "cost");
	if (c->source == CP_COST_UNKNOWN) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kseconds(o, "seconds", c->ms);
	cp_json_kstr(o, "source",
		     c->source == CP_COST_OWN ? CP_S("own history") : CP_S("same kind"));
	if (c->source == CP_COST_KIND)
		cp_json_kstr(o, "kind", c->kind);
	cp_json_kint(o, "builds", (int64_t)c->n);
	cp_json_kseconds(o, "low", c->low);
	cp_json_kseconds(o, "high", c->high);
	cp_json_close(o, '}');
}

bool cp_text_cost(struct cp_buf *out, const struct cp_report_image *im, size_t step)
{
	const struct cp_cost *c = im->costs ? &im->costs[step] : NULL;

	if (!c || c->source == CP_COST_UNKNOWN ||
	    im->prediction.steps[step].outcome == CP_OUTCOME_HIT)
		return false;
	if (c->source == CP_COST_KIND)
		cp_buf_addc(out, '~');
	cp_text_seconds(out, c->ms);
	return true;
}

/* ---- all steps ---- */

static void json_total(struct cp_json_out *o, const char *key, const struct cp_total *t)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kint(o, "steps", (int64_t)t->n);
	cp_json_kint(o, "known", (int64_t)t->n_known);
	cp_json_kseconds(o, "seconds", t->ms);
	cp_json_kseconds(o, "low", t->low);
	cp_json_kseconds(o, "high", t->high);
	cp_json_close(o, '}');
}

void cp_json_totals(struct cp_json_out *o, const struct cp_total *with,
		    const struct cp_total *without)
{
	json_total(o, "with_cache", with);
	json_total(o, "without_cache", without);
}

void cp_json_decision(struct cp_json_out *o, const struct cp_report *r)
{
	const struct cp_decision *d = r->decision;

	cp_json_key(o, "cache_to");
	cp_json_open(o, '[');
	for (size_t i = 0; d && i < d->n_cache_to; i++)
		cp_json_str(o, d->cache_to[i]);
	cp_json_close(o, ']');
	if (!d)
		return;
	cp_json_kstr(o, "cache_to_reason", d->cache_to_why);
	if (!r->has_costs)
		return;
	cp_json_key(o, "seconds");
	cp_json_open(o, '{');
	cp_json_totals(o, &d->with, &d->without);
	if (d->import_ms >= 0) {
		cp_json_kseconds(o, "import", d->import_ms);
		cp_json_kint(o, "import_bytes", (int64_t)d->import_bytes);
	}
	cp_json_close(o, '}');
}

void cp_text_totals(struct cp_buf *out, const struct cp_report *r)
{
	const struct cp_decision *d = r->decision;
	int64_t saved;

	if (!d || !r->has_costs || !d->with.n_known)
		return;
	saved = d->without.ms - d->with.ms;
	cp_buf_addz(out, "about ");
	cp_text_seconds(out, d->with.ms);
	if (d->with.n_known < d->with.n)
		cp_buf_printf(out, " for %zu of %zu steps, the others never ran here",
			      d->with.n_known, d->with.n);
	if (d->with.high > d->with.low) {
		cp_buf_addz(out, " (");
		cp_text_seconds(out, d->with.low);
		cp_buf_addz(out, " to ");
		cp_text_seconds(out, d->with.high);
		cp_buf_addc(out, ')');
	}
	if (saved >= 100) {
		cp_buf_addz(out, d->without.n_known - d->with.n_known < d->without.n - d->with.n
					 ? "; the cache saves at least "
					 : "; the cache saves ");
		cp_text_seconds(out, saved);
	}
}

/* ---- accuracy ---- */

void cp_json_accuracy(struct cp_json_out *o, const struct cp_accuracy *acc)
{
	static const char *const names[CP_N_JUDGEMENTS] = {
		NULL, "right", "wrong_hit", "wrong_miss", "depends", "unknown", "not_needed", NULL};

	cp_json_key(o, "accuracy");
	cp_json_open(o, '{');
	cp_json_kint(o, "builds", (int64_t)acc->n_builds);
	cp_json_kint(o, "judged", (int64_t)cp_accuracy_judged(acc));
	for (int i = 0; i < CP_N_JUDGEMENTS; i++)
		if (names[i])
			cp_json_kint(o, names[i], (int64_t)acc->counts[i]);
	cp_json_close(o, '}');
}

/* "1,243" */
static void add_count(struct cp_buf *out, size_t n)
{
	if (n >= 1000) {
		add_count(out, n / 1000);
		cp_buf_printf(out, ",%03zu", n % 1000);
	} else {
		cp_buf_printf(out, "%zu", n);
	}
}

void cp_text_accuracy(struct cp_buf *out, const struct cp_accuracy *acc)
{
	size_t judged = cp_accuracy_judged(acc), wrong = acc->counts[CP_JUDGED_WRONG_HIT];

	if (!judged)
		return;
	cp_buf_addz(out, "right in ");
	add_count(out, acc->counts[CP_JUDGED_RIGHT]);
	cp_buf_addz(out, " of ");
	add_count(out, judged);
	if (acc->n_builds == 1)
		cp_buf_addz(out, " steps of the last build");
	else
		cp_buf_printf(out, " steps of the last %zu builds", acc->n_builds);
	if (wrong)
		cp_buf_printf(out, ", %zu wrong hit%s", wrong, cp_text_plural(wrong));
}
