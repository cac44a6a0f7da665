/* `keys`: the records of a build as JSON. */
#include "report/report.h"

static void put_digest(struct cp_json_out *o, const char *key, const struct cp_digest *d)
{
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(d, text);
	cp_json_kstr(o, key, cp_str_c(text));
}

/* A digest, or null when it is not known. */
static void put_known(struct cp_json_out *o, const char *key, const struct cp_digest *d,
		      struct cp_str unknown)
{
	if (!unknown.n) {
		put_digest(o, key, d);
		return;
	}
	cp_json_key(o, key);
	cp_json_null(o);
}

static void put_input(struct cp_json_out *o, const struct cp_record_input *in)
{
	cp_json_open(o, '[');
	for (size_t i = 0; i < in->n_links; i++) {
		cp_json_open(o, '{');
		if (in->links[i].has_selector)
			put_digest(o, "selector", &in->links[i].selector);
		put_known(o, "link", &in->links[i].record, in->links[i].unknown);
		cp_json_close(o, '}');
	}
	if (in->unknown.n) {
		cp_json_open(o, '{');
		cp_json_key(o, "link");
		cp_json_null(o);
		cp_json_kstr(o, "unknown", in->unknown);
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

/* Why a record is not known whole: its own digest, or one of its links. */
static struct cp_str unknown_of(const struct cp_record *r)
{
	if (r->unknown.n)
		return r->unknown;
	for (size_t i = 0; i < r->n_inputs; i++) {
		const struct cp_record_input *in = &r->inputs[i];

		if (in->unknown.n)
			return in->unknown;
		for (size_t k = 0; k < in->n_links; k++)
			if (in->links[k].unknown.n)
				return in->links[k].unknown;
	}
	return CP_S("");
}

static void put_record(struct cp_json_out *o, const struct cp_record *r, bool preimage)
{
	struct cp_str unknown = unknown_of(r);

	cp_json_open(o, '{');
	put_known(o, "digest", &r->digest, r->unknown);
	cp_json_kstr(o, "step", r->step);
	put_known(o, r->op ? "op" : "content", &r->op_digest, r->unknown);
	cp_json_key(o, "inputs");
	cp_json_open(o, '[');
	for (size_t i = 0; i < r->n_inputs; i++)
		put_input(o, &r->inputs[i]);
	cp_json_close(o, ']');
	cp_json_key(o, "unknown");
	if (unknown.n)
		cp_json_str(o, unknown);
	else
		cp_json_null(o);
	if (preimage && r->preimage.n && !r->unknown.n)
		cp_json_kstr(o, "preimage", r->preimage);
	cp_json_close(o, '}');
}

static void put_assumptions(struct cp_json_out *o, const struct cp_report_keys *images, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += images[i].n_assumptions;
	if (!total)
		return;
	cp_json_key(o, "assumptions");
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].n_assumptions; k++)
			cp_json_str(o, images[i].assumptions[k]);
	cp_json_close(o, ']');
}

int cp_report_keys(const struct cp_report_keys *images, size_t n, bool preimage,
		   const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/keys/1"));
	cp_json_key(&o, "records");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < images[i].records->n; k++)
			put_record(&o, &images[i].records->items[k], preimage);
	cp_json_close(&o, ']');
	put_assumptions(&o, images, n);
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
	return cp_buf_error(out)
		       ? cp_err_set(err, cp_buf_error(out), "the list of records is too large")
		       : 0;
}
