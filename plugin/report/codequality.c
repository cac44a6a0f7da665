/* Findings as GitLab's code quality report: one array, a fingerprint for each that does not know lines. */
#include "report/report_int.h"

void cp_finding_fingerprint(const struct cp_finding *f, char out[65])
{
	const struct cp_str parts[] = {cp_str_c(cp_advise_rules[f->rule].id), f->file, f->message};
	struct cp_sha256 h;
	struct cp_digest d;

	cp_sha256_init(&h);
	for (size_t i = 0; i < CP_LEN(parts); i++) {
		cp_sha256_adds(&h, parts[i]);
		cp_sha256_add(&h, "", 1);
	}
	d = cp_sha256_end(&h);
	cp_hex(d.bytes, sizeof(d.bytes), out);
}

static void put_finding(struct cp_json_out *o, const struct cp_finding *f)
{
	static const char *const severities[] = {"info", "minor", "major"};
	const struct cp_rule *rule = &cp_advise_rules[f->rule];
	cp_auto_buf struct cp_buf text = CP_BUF_PART(o->b, CP_MAX_OUTPUT_BYTES);
	char fingerprint[65];

	cp_finding_fingerprint(f, fingerprint);
	cp_text_add(&text, f->message);
	cp_json_open(o, '{');
	cp_json_kstr(o, "description", cp_buf_str(&text));
	cp_json_kstr(o, "check_name", cp_str_c(rule->id));
	cp_json_kstr(o, "fingerprint", cp_str_c(fingerprint));
	cp_json_kstr(o, "severity", cp_str_c(severities[f->severity]));
	cp_json_key(o, "location");
	cp_json_open(o, '{');
	cp_json_kstr(o, "path", f->file);
	cp_json_key(o, "lines");
	cp_json_open(o, '{');
	cp_json_kint(o, "begin", f->line > 0 ? f->line : 1);
	cp_json_close(o, '}');
	cp_json_close(o, '}');
	cp_json_close(o, '}');
}

void cp_report_codequality(const struct cp_report_advice *images, size_t n,
			   const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; images[i].advice && k < images[i].advice->n; k++)
			if (!cp_finding_is_repeated(images, i, &images[i].advice->findings[k]))
				put_finding(&o, &images[i].advice->findings[k]);
	cp_json_close(&o, ']');
	cp_buf_addc(out, '\n');
}
