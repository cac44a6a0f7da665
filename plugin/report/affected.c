/* `affected`: the images that need a build, as a matrix for a CI. */
#include "report/report_int.h"
#include "report/markdown_int.h"
#include "report/text_int.h"

/* Fails open: an image that cannot be predicted is built. */
static bool is_built(const struct cp_report *r, size_t at)
{
	return cp_image_failed(&r->images[at]) || !r->decision || r->decision->images[at].builds;
}

static void strings(struct cp_json_out *o, const char *key, const struct cp_str *items, size_t n)
{
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		cp_json_str(o, items[i]);
	cp_json_close(o, ']');
}

/* What a job needs to build it. A matrix of GitHub wants the same members in every entry. */
static void entry(struct cp_json_out *o, const struct cp_report *r, size_t at, bool whole)
{
	const struct cp_report_image *im = &r->images[at];
	const struct cp_decided_image *d = &r->decision->images[at];
	bool failed = cp_image_failed(im);

	cp_json_open(o, '{');
	cp_json_kstr(o, "name", cp_image_name(im));
	cp_json_kstr(o, "dockerfile", im->dockerfile);
	cp_json_kstr(o, "context", im->request ? im->request->context : CP_S("."));
	cp_json_kstr(o, "target", im->request ? im->request->target : CP_S(""));
	cp_json_kstr(o, "platform", im->platform);
	cp_json_kstr(o, "action", cp_str_c(cp_verdict_name(d->action)));
	if (whole) {
		cp_json_kstr(o, "reason", failed ? cp_str_c(im->error.message) : d->reason);
		strings(o, "cache_from", d->cache_from, d->n_cache_from);
		cp_json_kint(o, "rebuilds", (int64_t)im->prediction.n_miss);
		cp_json_kint(o, "may_rebuild",
			     (int64_t)(im->prediction.n_depends + im->prediction.n_unknown));
		cp_json_kint(o, "steps", (int64_t)cp_step_count(im));
		if (r->has_costs && !failed) {
			cp_json_key(o, "seconds");
			cp_json_open(o, '{');
			cp_json_totals(o, &d->with, &d->without);
			cp_json_close(o, '}');
		}
	}
	cp_json_close(o, '}');
}

static void entries(struct cp_json_out *o, const struct cp_report *r, const char *key, bool built,
		    bool whole)
{
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < r->n_images; i++)
		if (is_built(r, i) == built)
			entry(o, r, i, whole);
	cp_json_close(o, ']');
}

void cp_json_matrix(struct cp_json_out *o, const struct cp_report *r)
{
	entries(o, r, "include", true, false);
}

static void revision(struct cp_json_out *o, const char *key, struct cp_str name,
		     struct cp_str commit)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "rev", name);
	if (commit.n)
		cp_json_kstr(o, "commit", commit);
	cp_json_close(o, '}');
}

static void table(const struct cp_report *r, const struct cp_report_style *style,
		  struct cp_buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_images; i++) {
		const struct cp_report_image *im = &r->images[i];
		int used = 0;

		if (!is_built(r, i))
			continue;
		n++;
		used = cp_text_fit(out, cp_image_name(im), 30, style->ascii);
		cp_text_spaces(out, 32 - used);
		if (cp_image_failed(im))
			cp_buf_addz(out, "cannot be predicted: it is built");
		else if (!im->prediction.n_miss && cp_image_is_cached(im))
			cp_text_fit(out,
				    r->decision->images[i].n_cache_from
					    ? r->decision->images[i].reason
					    : CP_S("its configuration is another one"),
				    cp_table_width(style) - 32, style->ascii);
		else
			cp_buf_printf(out, "%zu of %zu steps rebuild", im->prediction.n_miss,
				      cp_step_count(im));
		cp_buf_addc(out, '\n');
	}
	cp_buf_printf(out, "%zu of %zu image%s need%s a build\n", n, r->n_images,
		      cp_text_plural(r->n_images), r->n_images == 1 ? "s" : "");
}

int cp_report_affected(const struct cp_report *r, struct cp_str format,
		       const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	struct cp_json_out o = CP_JSON_OUT(out);
	bool matrix = cp_str_eq(format, CP_S("matrix"));

	if (cp_str_eq(format, CP_S("table"))) {
		table(r, style, out);
		return cp_report_finish(out, err);
	}
	if (!matrix && format.n && !cp_str_eq(format, CP_S("json")))
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "affected has the formats json, matrix and table, not %.*s",
				  CP_STR(format));
	o.raw_html = true;
	o.indent = style->pretty && !matrix ? 2 : 0;
	cp_json_open(&o, '{');
	if (!matrix) {
		cp_json_kstr(&o, "schema", CP_S("cachepredict/affected/1"));
		revision(&o, "base", r->base_rev, r->base_commit);
		revision(&o, "head", r->head_rev, r->head_commit);
	}
	entries(&o, r, "include", true, !matrix);
	if (!matrix)
		entries(&o, r, "unaffected", false, true);
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
	return cp_report_finish(out, err);
}
