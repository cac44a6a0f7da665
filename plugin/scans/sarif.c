/*
 * SARIF 2.1.0 of Docker Scout (a rule for every vulnerability, whose properties name the packages by their URLs) and of Trivy (a result
 * for every vulnerable package, whose message has lines of "Key: value").
 */
#include "scans/scans_int.h"

/* "Fixed Version: 1.2" of a message; keys whatever their case, blanks around the colon; "" = there is none. */
static struct cp_str line_of(struct cp_str text, const char *key)
{
	struct cp_str line;

	while (cp_str_split(&text, '\n', &line)) {
		size_t colon = cp_str_find(line, ':', 0);
		struct cp_str name = cp_str_trim(cp_str_sub(line, 0, colon), " \t\r");

		if (colon < line.n && cp_str_eq_nocase(name, cp_str_c(key)))
			return cp_str_trim(cp_str_from(line, colon + 1), " \t\r");
	}
	return CP_S("");
}

static struct cp_str fixed_of(struct cp_arena *a, struct cp_str text)
{
	return cp_str_eq_nocase(text, CP_S("not fixed")) ? CP_S("") : scan_text(a, text);
}

/* GitHub's reading of "security-severity": "7.5". */
static enum cp_flaw_severity severity_of_score(struct cp_str score)
{
	int64_t v;

	if (!cp_str_to_int(cp_str_sub(score, 0, cp_str_find(score, '.', 0)), 10, &v) || v < 0 ||
	    v > 10 || !cp_str_trim(score, "0.").n)
		return CP_FLAW_UNKNOWN;
	return v >= 9   ? CP_FLAW_CRITICAL
	       : v >= 7 ? CP_FLAW_HIGH
	       : v >= 4 ? CP_FLAW_MEDIUM
			: CP_FLAW_LOW;
}

/* ---- Docker Scout ---- */

static int scout_package(struct scan_reader *r, const struct cp_json *rule, struct cp_str purl)
{
	const struct cp_json *properties = cp_json_get(rule, "properties");
	struct cp_str severity = cp_json_text(cp_json_get(properties, "cvssV3_severity"));
	struct cp_scan_flaw f = {
		.id = scan_text(r->a, cp_json_text(cp_json_get(rule, "id"))),
		.severity = scan_severity(severity),
		.fixed = fixed_of(r->a, cp_json_text(cp_json_get(properties, "fixed_version")))};

	if (!severity.n)
		f.severity = severity_of_score(
			cp_json_text(cp_json_get(properties, "security-severity")));
	if (!f.id.n && f.id.p)
		return 0;
	return scan_purl(r->a, purl, &f.package) ? scan_add_flaw(r, f) : 0;
}

static int scout_rules(struct scan_reader *r, const struct cp_json *rules)
{
	size_t n = cp_json_kind(rules) == CP_JSON_ARRAY ? cp_json_len(rules) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct cp_json *rule = cp_json_at(rules, i),
				     *properties = cp_json_get(rule, "properties"),
				     *purls = cp_json_get(properties, "purls");
		size_t n_purls = cp_json_kind(purls) == CP_JSON_ARRAY ? cp_json_len(purls) : 0;

		if (!n_purls && /* before 1.0 */
		    scout_package(r, rule, cp_json_text(cp_json_get(properties, "purl"))) < 0)
			return CP_ENOMEM;
		for (size_t k = 0; k < n_purls; k++)
			if (scout_package(r, rule, cp_json_text(cp_json_at(purls, k))) < 0)
				return CP_ENOMEM;
	}
	return 0;
}

/* ---- Trivy ---- */

static int trivy_results(struct scan_reader *r, const struct cp_json *results)
{
	size_t n = cp_json_kind(results) == CP_JSON_ARRAY ? cp_json_len(results) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct cp_json *result = cp_json_at(results, i);
		struct cp_str text =
			cp_json_text(cp_json_get(cp_json_get(result, "message"), "text"));
		struct cp_str name = line_of(text, "Package");
		struct cp_scan_flaw f;

		/* misconfigurations, secrets and licenses have other lines */
		if (!name.n || !cp_json_text(cp_json_get(result, "ruleId")).n)
			continue;
		f = (struct cp_scan_flaw){
			.id = scan_text(r->a, cp_json_text(cp_json_get(result, "ruleId"))),
			.severity = scan_severity(line_of(text, "Severity")),
			.fixed = fixed_of(r->a, line_of(text, "Fixed Version")),
			.package = {.type = CP_S(""),
				    .name = scan_text(r->a, name),
				    .version = scan_text(r->a, line_of(text, "Installed Version")),
				    .diff_id = CP_S("")}};
		if (scan_add_flaw(r, f) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* ---- a document ---- */

static int read_run(struct scan_reader *r, const struct cp_json *run, bool *ret_known)
{
	const struct cp_json *driver = cp_json_get(cp_json_get(run, "tool"), "driver"),
			     *properties = cp_json_get(run, "properties");
	struct cp_str name = cp_json_text(cp_json_get(driver, "name"));
	bool scout = cp_str_eq_nocase(name, CP_S("docker scout")),
	     trivy = cp_str_eq_nocase(name, CP_S("Trivy"));
	struct cp_str version = scan_text(r->a, cp_json_text(cp_json_get(driver, "version")));

	if (!scout && !trivy)
		return 0;
	*ret_known = true;
	r->scan->scanner = cp_arena_printf(r->a, "%s%s%.*s", scout ? "Docker Scout" : "Trivy",
					   version.n ? " " : "", CP_STR(version));
	if (!r->scan->target.n)
		r->scan->target =
			scan_text(r->a, cp_json_text(cp_json_get(properties, "imageName")));
	if (!r->scan->scanner.p || !r->scan->target.p)
		return CP_ENOMEM;
	return scout ? scout_rules(r, cp_json_get(driver, "rules"))
		     : trivy_results(r, cp_json_get(run, "results"));
}

int scan_sarif(struct scan_reader *r, const struct cp_json *root, struct cp_err *err)
{
	const struct cp_json *runs = cp_json_get(root, "runs");
	bool known = false;
	int e = 0;

	for (size_t i = 0; e == 0 && i < cp_json_len(runs); i++)
		e = read_run(r, cp_json_at(runs, i), &known);
	if (e < 0 || known)
		return e;
	return cp_err_set(err, CP_EUNSUPPORTED,
			  "%.*s: of SARIF, that of Docker Scout and of Trivy is read",
			  CP_STR(r->scan->file));
}
