/* `cache REF`: what a cache holds, for people and as JSON. */
#include "report/report.h"
#include "report/report_int.h"
#include "report/text_int.h"

#define LABEL_COLUMNS 13

/* mode=max has the layers of every step; min and inline those of the last stage only (buildkit-cache-keys.md 3.3). */
static const char *mode_of(const struct cp_report_cache *c)
{
	if (!c->n_steps)
		return "";
	return c->n_loadable == c->n_steps ? "max" : "min";
}

/* ---- JSON ---- */

static void put_int(struct cp_json_out *o, const char *key, uint64_t value)
{
	cp_json_key(o, key);
	cp_json_int(o, value > INT64_MAX ? INT64_MAX : (long long)value);
}

static void put_text(struct cp_json_out *o, const char *key, struct cp_str value)
{
	cp_json_key(o, key);
	if (value.n)
		cp_json_str(o, value);
	else
		cp_json_null(o);
}

static void put_commit(struct cp_json_out *o, const struct cp_report_cache *c)
{
	cp_json_key(o, "holds");
	if (!c->head_rev.n) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kstr(o, "image", c->image);
	cp_json_kstr(o, "head", c->head_rev);
	put_text(o, "commit", c->commit);
	put_text(o, "subject", c->subject);
	put_int(o, "searched", c->n_searched);
	put_int(o, "head_steps", c->n_head_steps);
	put_int(o, "head_hits", c->n_head_hit);
	put_text(o, "head_why", c->head_why);
	cp_json_key(o, "behind");
	if (c->commit.n)
		cp_json_int(o, (long long)c->behind);
	else
		cp_json_null(o);
	cp_json_close(o, '}');
}

static void put_cache(struct cp_json_out *o, const struct cp_report_cache *c)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "ref", c->ref);
	put_text(o, "form", c->form);
	put_text(o, "digest", c->digest);
	put_text(o, "media_type", c->media_type);
	put_text(o, "mode", cp_str_c(mode_of(c)));
	put_text(o, "created", c->created);
	put_int(o, "bytes", c->blob_bytes);
	put_int(o, "layers", c->n_blobs);
	put_int(o, "missing_layers", c->n_missing);
	put_int(o, "configs", c->n_configs);
	put_int(o, "config_bytes", c->config_bytes);
	put_int(o, "manifest_bytes", c->manifest_bytes);
	cp_json_key(o, "too_large");
	cp_json_bool(o, c->too_large);
	put_int(o, "records", c->n_records);
	put_int(o, "steps", c->n_steps);
	put_int(o, "loadable_steps", c->n_loadable);
	put_text(o, "note", c->note);
	put_commit(o, c);
	cp_json_close(o, '}');
}

static void as_json(const struct cp_report_cache *caches, size_t n,
		    const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/cache/1"));
	cp_json_key(&o, "caches");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		put_cache(&o, &caches[i]);
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

/* ---- for people ---- */

static void row(struct cp_buf *out, const char *label, struct cp_str text,
		const struct cp_report_style *style)
{
	cp_table_row(out, label, LABEL_COLUMNS, text, style);
}

static void add_age(struct cp_buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

	for (size_t i = 0; i < CP_LEN(units); i++) {
		int64_t n = seconds / units[i].seconds;

		if (n < 1 && i + 1 < CP_LEN(units))
			continue;
		cp_buf_printf(out, "%lld %s%s ago", (long long)n, units[i].name, n == 1 ? "" : "s");
		return;
	}
}

static void size_row(struct cp_buf *out, const struct cp_report_cache *c,
		     const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, 1024);

	cp_text_bytes(&text, c->blob_bytes);
	cp_buf_printf(&text, " in %zu layer%s", c->n_blobs, cp_text_plural(c->n_blobs));
	if (c->n_missing)
		cp_buf_printf(&text, "; %zu more that it names %s not there", c->n_missing,
			      c->n_missing == 1 ? "is" : "are");
	row(out, "size", cp_buf_str(&text), style);
}

static void record_row(struct cp_buf *out, const struct cp_report_cache *c,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, 1024);

	cp_buf_printf(&text, "%zu, %zu of them step%s", c->n_records, c->n_steps,
		      cp_text_plural(c->n_steps));
	if (c->n_steps && c->n_loadable == c->n_steps)
		cp_buf_addz(&text, " that can all be loaded");
	else if (c->n_steps)
		cp_buf_printf(&text, ", of which %zu can be loaded", c->n_loadable);
	if (c->n_configs > 1)
		cp_buf_printf(&text, " (in %zu cacheconfigs)", c->n_configs);
	row(out, "records", cp_buf_str(&text), style);
}

static void limit_row(struct cp_buf *out, const struct cp_report_cache *c,
		      const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, 1024);
	uint64_t larger = c->config_bytes > c->manifest_bytes ? c->config_bytes : c->manifest_bytes;

	cp_text_bytes(&text, larger);
	cp_buf_addz(
		&text,
		c->too_large
			? " of cacheconfig or manifest are over the 1 MiB that BuildKit reads: it "
			  "drops the whole cache without a word"
			: " of the 1 MiB that BuildKit reads of it");
	row(out, c->too_large ? "too large" : "limit", cp_buf_str(&text), style);
}

static void commit_row(struct cp_buf *out, const struct cp_report_cache *c,
		       const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	if (!c->head_rev.n)
		return;
	if (!c->commit.n) {
		cp_buf_printf(&text, "none of the last %zu commits of ", c->n_searched);
		cp_text_fit(&text, c->head_rev, 40, style->ascii);
		cp_buf_addz(&text, " left this cache");
		row(out, "commit", cp_buf_str(&text), style);
		return;
	}
	cp_text_add(&text, cp_text_commit(c->commit));
	cp_buf_addc(&text, ' ');
	cp_text_fit(&text, c->subject, 60, style->ascii);
	if (c->behind)
		cp_buf_printf(&text, ", %zu commit%s behind ", c->behind,
			      cp_text_plural(c->behind));
	else
		cp_buf_addz(&text, ", which is ");
	cp_text_fit(&text, c->head_rev, 40, style->ascii);
	row(out, "commit", cp_buf_str(&text), style);
}

/* "would take 4 of 9 steps from it; the cache was written from a checkout with umask 002" */
static void head_row(struct cp_buf *out, const struct cp_report_cache *c,
		     const struct cp_report_style *style)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	if (!c->n_head_steps)
		return;
	cp_text_fit(&text, c->head_rev, 40, style->ascii);
	cp_buf_printf(&text, " would take %zu of %zu step%s from it", c->n_head_hit,
		      c->n_head_steps, cp_text_plural(c->n_head_steps));
	if (c->head_why.n) {
		cp_buf_addz(&text, "; ");
		cp_text_add(&text, c->head_why);
	}
	row(out, "use", cp_buf_str(&text), style);
}

static void as_table(const struct cp_report_cache *c, const struct cp_report_style *style,
		     struct cp_buf *out)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_add(out, c->ref);
	cp_buf_addc(out, '\n');
	if (c->note.n)
		row(out, "note", c->note, style);
	if (!c->n_configs)
		return;
	cp_text_add(&text, c->form);
	if (mode_of(c)[0])
		cp_buf_printf(&text, ", mode=%s", mode_of(c));
	row(out, "form", cp_buf_str(&text), style);
	size_row(out, c, style);
	record_row(out, c, style);
	limit_row(out, c, style);
	if (c->created.n) {
		cp_buf_clear(&text);
		cp_text_fit(&text, c->created, 40, style->ascii);
		if (c->age >= 0) {
			cp_buf_addz(&text, ", ");
			add_age(&text, c->age);
		}
		row(out, "newest", cp_buf_str(&text), style);
	}
	commit_row(out, c, style);
	head_row(out, c, style);
}

int cp_report_cache(const struct cp_report_cache *caches, size_t n, enum cp_format format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	static const struct cp_report_style plain;

	if (!style)
		style = &plain;
	if (format == CP_FORMAT_JSON)
		as_json(caches, n, style, out);
	else if (format != CP_FORMAT_TABLE)
		return cp_err_set(err, CP_EUNSUPPORTED, "a cache is shown as table or json");
	for (size_t i = 0; format == CP_FORMAT_TABLE && i < n; i++)
		as_table(&caches[i], style, out);
	if (cp_buf_error(out))
		return cp_err_set(err, cp_buf_error(out), "the report is over %zu bytes", out->max);
	return 0;
}
