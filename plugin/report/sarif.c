/* Findings as SARIF 2.1.0 (OASIS), for code scanning of forges. */
#include "report/report_int.h"
#include "report/text_int.h"

/* A path as a relative URI reference. */
static void put_uri(struct cp_json_out *o, struct cp_str path)
{
	cp_auto_buf struct cp_buf uri = CP_BUF_PART(o->b, CP_MAX_LINE_BYTES);

	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
		    (c && strchr("/-._~", c)))
			cp_buf_addc(&uri, (char)c);
		else
			cp_buf_printf(&uri, "%%%02X", c);
	}
	cp_json_key(o, "artifactLocation");
	cp_json_open(o, '{');
	cp_json_kstr(o, "uri", cp_buf_str(&uri));
	cp_json_close(o, '}');
}

/* Message text: brackets would be links, braces placeholders (3.11.5, 3.11.6). Control characters are shown. */
static void put_message(struct cp_json_out *o, const char *key, struct cp_str x, struct cp_str y)
{
	cp_auto_buf struct cp_buf plain = CP_BUF_PART(o->b, CP_MAX_OUTPUT_BYTES);
	cp_auto_buf struct cp_buf text = CP_BUF_PART(o->b, CP_MAX_OUTPUT_BYTES);

	cp_text_add(&plain, x);
	if (y.n)
		cp_buf_addz(&plain, ": ");
	cp_text_add(&plain, y);
	for (size_t i = 0; i < plain.n; i++) {
		char c = plain.p[i];

		if (c == '[' || c == ']' || c == '\\')
			cp_buf_addc(&text, '\\');
		if (c == '{' || c == '}')
			cp_buf_addc(&text, c);
		cp_buf_addc(&text, c);
	}
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "text", cp_buf_str(&text));
	cp_json_close(o, '}');
}

static const char *level_of(enum cp_severity s)
{
	return s == CP_SEVERITY_INFO ? "note" : cp_severity_name(s);
}

static void put_rules(struct cp_json_out *o)
{
	cp_json_key(o, "rules");
	cp_json_open(o, '[');
	for (size_t i = 0; i < CP_ADVISE_N_RULES; i++) {
		const struct cp_rule *rule = &cp_advise_rules[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "id", cp_str_c(rule->id));
		put_message(o, "shortDescription", cp_str_c(rule->summary), CP_S(""));
		cp_json_key(o, "defaultConfiguration");
		cp_json_open(o, '{');
		cp_json_kstr(o, "level", cp_str_c(level_of(rule->severity)));
		cp_json_close(o, '}');
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
}

static void put_location(struct cp_json_out *o, const struct cp_finding *f)
{
	cp_json_key(o, "locations");
	cp_json_open(o, '[');
	cp_json_open(o, '{');
	cp_json_key(o, "physicalLocation");
	cp_json_open(o, '{');
	put_uri(o, f->file);
	cp_json_key(o, "region");
	cp_json_open(o, '{');
	cp_json_kint(o, "startLine", f->line > 0 ? f->line : 1);
	if (f->line_end > f->line)
		cp_json_kint(o, "endLine", f->line_end);
	cp_json_close(o, '}');
	cp_json_close(o, '}');
	cp_json_close(o, '}');
	cp_json_close(o, ']');
}

/* Whole lines: from the first column to that of the line after. */
static void put_fix(struct cp_json_out *o, const struct cp_finding *f)
{
	cp_json_key(o, "fixes");
	cp_json_open(o, '[');
	cp_json_open(o, '{');
	cp_json_key(o, "artifactChanges");
	cp_json_open(o, '[');
	cp_json_open(o, '{');
	put_uri(o, f->file);
	cp_json_key(o, "replacements");
	cp_json_open(o, '[');
	cp_json_open(o, '{');
	cp_json_key(o, "deletedRegion");
	cp_json_open(o, '{');
	cp_json_kint(o, "startLine", f->edit->line);
	cp_json_kint(o, "startColumn", 1);
	cp_json_kint(o, "endLine", f->edit->line_end + 1);
	cp_json_kint(o, "endColumn", 1);
	cp_json_close(o, '}');
	cp_json_key(o, "insertedContent");
	cp_json_open(o, '{');
	cp_json_kstr(o, "text", f->edit->text);
	cp_json_close(o, '}');
	cp_json_close(o, '}');
	cp_json_close(o, ']');
	cp_json_close(o, '}');
	cp_json_close(o, ']');
	cp_json_close(o, '}');
	cp_json_close(o, ']');
}

static void put_result(struct cp_json_out *o, const struct cp_finding *f)
{
	const struct cp_rule *rule = &cp_advise_rules[f->rule];
	char fingerprint[65];

	cp_json_open(o, '{');
	cp_json_kstr(o, "ruleId", cp_str_c(rule->id));
	cp_json_kint(o, "ruleIndex", f->rule);
	cp_json_kstr(o, "level", cp_str_c(level_of(f->severity)));
	put_message(o, "message", f->message, f->why);
	put_location(o, f);
	cp_finding_fingerprint(f, fingerprint);
	cp_json_key(o, "partialFingerprints");
	cp_json_open(o, '{');
	cp_json_kstr(o, "cachepredict/v1", cp_str_c(fingerprint));
	cp_json_close(o, '}');
	if (f->edit)
		put_fix(o, f);
	cp_json_close(o, '}');
}

/* Several images of one Dockerfile have findings in common. Those of an image are in order. */
bool cp_finding_is_repeated(const struct cp_report_advice *images, size_t at,
			    const struct cp_finding *f)
{
	for (size_t i = at > 16 ? at - 16 : 0; i < at; i++) {
		const struct cp_advice *a = images[i].advice;
		size_t low = 0, high = a ? a->n : 0;

		while (low < high) {
			size_t middle = low + (high - low) / 2;
			int c = cp_finding_order(f, &a->findings[middle]);

			if (!c)
				return true;
			if (c > 0)
				low = middle + 1;
			else
				high = middle;
		}
	}
	return false;
}

void cp_report_sarif(const struct cp_report_advice *images, size_t n,
		     const struct cp_report_style *style, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "$schema", CP_S("https://json.schemastore.org/sarif-2.1.0.json"));
	cp_json_kstr(&o, "version", CP_S("2.1.0"));
	cp_json_key(&o, "runs");
	cp_json_open(&o, '[');
	cp_json_open(&o, '{');
	cp_json_key(&o, "tool");
	cp_json_open(&o, '{');
	cp_json_key(&o, "driver");
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "name", CP_S("cachepredict"));
	cp_json_kstr(&o, "version", cp_str_c(CP_VERSION));
	put_rules(&o);
	cp_json_close(&o, '}');
	cp_json_close(&o, '}');
	cp_json_key(&o, "results");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; images[i].advice && k < images[i].advice->n; k++)
			if (!cp_finding_is_repeated(images, i, &images[i].advice->findings[k]))
				put_result(&o, &images[i].advice->findings[k]);
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_json_close(&o, ']');
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}
