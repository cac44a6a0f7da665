/* A report of a scanner, whichever it is; what all of them share. */
#include "scans/scans_int.h"

static const char *const severities[CP_FLAW_N] = {"unknown", "low", "medium", "high", "critical"};

const char *cp_flaw_severity_name(enum cp_flaw_severity s)
{
	return severities[s];
}

enum cp_flaw_severity scan_severity(struct cp_str word)
{
	for (int i = CP_FLAW_LOW; i < CP_FLAW_N; i++)
		if (cp_str_eq_nocase(word, cp_str_c(severities[i])))
			return (enum cp_flaw_severity)i;
	return CP_FLAW_UNKNOWN;
}

/* Not with "%.1f": its point is the locale's. */
void cp_scan_add_size(struct cp_buf *out, uint64_t bytes)
{
	bool giga = bytes >= 999950000;
	uint64_t unit = giga ? 10000000 : bytes >= 999950 ? 100000 : 100;
	uint64_t n = bytes / unit + (bytes % unit >= unit / 2);

	if (giga)
		cp_buf_printf(out, "%llu.%02llu GB", (unsigned long long)(n / 100),
			      (unsigned long long)(n % 100));
	else
		cp_buf_printf(out, "%llu.%llu %s", (unsigned long long)(n / 10),
			      (unsigned long long)(n % 10), unit == 100 ? "kB" : "MB");
}

struct cp_str scan_text(struct cp_arena *a, struct cp_str text)
{
	size_t n = text.n;

	if (n > CP_MAX_SCAN_TEXT_BYTES) {
		n = CP_MAX_SCAN_TEXT_BYTES;
		while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	}
	return cp_arena_str(a, cp_str_sub(text, 0, n));
}

/* ---- package URLs ---- */

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct cp_str decode(struct cp_arena *a, struct cp_str text)
{
	char *out = cp_arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < text.n; i++) {
		int high = i + 2 < text.n && text.p[i] == '%' ? hex_of(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_of(text.p[i + 2]) : -1;

		out[n++] = low >= 0 ? (char)(high * 16 + low) : text.p[i];
		i += low >= 0 ? 2 : 0;
	}
	return cp_str_n(out, n);
}

/* Packages of distributions: what stands before the name is the distribution. */
static bool is_of_system(struct cp_str type)
{
	return cp_str_eq(type, CP_S("deb")) || cp_str_eq(type, CP_S("apk")) ||
	       cp_str_eq(type, CP_S("rpm")) || cp_str_eq(type, CP_S("alpm"));
}

/* "arch=amd64&epoch=1" ─► "1"; an epoch is a part of the version, and not every scanner writes it there. */
static struct cp_str epoch_of(struct cp_str qualifiers)
{
	struct cp_str one;

	while (cp_str_split(&qualifiers, '&', &one))
		if (cp_str_starts(one, CP_S("epoch=")) && one.n > 6)
			return cp_str_from(one, 6);
	return CP_S("");
}

bool scan_purl(struct cp_arena *a, struct cp_str purl, struct cp_scan_package *ret_package)
{
	struct cp_str rest, qualifiers, epoch;
	struct cp_scan_package p = {.diff_id = CP_S("")};
	size_t slash, at;

	if (!cp_str_starts(purl, CP_S("pkg:")) || purl.n > 4 * CP_MAX_SCAN_TEXT_BYTES)
		return false;
	rest = cp_str_trim_left(cp_str_from(purl, 4), "/");
	rest = cp_str_sub(rest, 0, cp_str_find(rest, '#', 0));
	qualifiers = cp_str_from(rest, cp_str_find(rest, '?', 0) + 1);
	rest = cp_str_sub(rest, 0, cp_str_find(rest, '?', 0));
	slash = cp_str_find(rest, '/', 0);
	at = cp_str_rfind(rest, '@');
	if (slash >= rest.n)
		return false;
	if (at <= slash + 1) /* npm's @scope, not encoded */
		at = rest.n;
	p.type = cp_str_sub(rest, 0, slash);
	p.name = cp_str_sub(rest, slash + 1, at);
	if (is_of_system(p.type) && cp_str_rfind(p.name, '/') < p.name.n)
		p.name = cp_str_from(p.name, cp_str_rfind(p.name, '/') + 1);
	p.type = scan_text(a, p.type);
	p.name = scan_text(a, decode(a, p.name));
	p.version = scan_text(a, decode(a, cp_str_from(rest, at + 1)));
	epoch = epoch_of(qualifiers);
	if (epoch.n && epoch.n < 16 && !cp_str_eq(epoch, CP_S("0")) &&
	    cp_str_find(p.version, ':', 0) == p.version.n)
		p.version = cp_arena_printf(a, "%.*s:%.*s", CP_STR(epoch), CP_STR(p.version));
	*ret_package = p;
	return p.name.n > 0;
}

/* ---- one report ---- */

int scan_add_package(struct scan_reader *r, struct cp_scan_package package)
{
	if (r->packages.n >= CP_MAX_SCAN_PACKAGES) {
		r->scan->n_left_out++;
		return 0;
	}
	if (!package.name.p || !package.version.p || !package.type.p || !package.diff_id.p)
		return CP_ENOMEM;
	return cp_vec_push(r->a, &r->packages, package);
}

int scan_add_flaw(struct scan_reader *r, struct cp_scan_flaw flaw)
{
	const struct cp_scan_package *p = &flaw.package;

	if (r->flaws.n >= CP_MAX_SCAN_FLAWS) {
		r->scan->n_left_out++;
		return 0;
	}
	if (!flaw.id.p || !flaw.fixed.p || !p->name.p || !p->version.p || !p->type.p ||
	    !p->diff_id.p)
		return CP_ENOMEM;
	return cp_vec_push(r->a, &r->flaws, flaw);
}

static int read_document(struct scan_reader *r, const struct cp_json *root, struct cp_err *err)
{
	static const char *const hint =
		"trivy image --format json, docker scout cves --format sarif";
	int e;

	if (cp_json_kind(cp_json_get(root, "runs")) == CP_JSON_ARRAY) {
		e = scan_sarif(r, root, err);
	} else if (cp_json_number(cp_json_get(root, "SchemaVersion"), 0) == 2) {
		e = scan_trivy(r, root);
	} else {
		cp_err_set(err, CP_EUNSUPPORTED,
			   "%.*s is neither a report of Trivy (schema 2) nor SARIF",
			   CP_STR(r->scan->file));
		cp_err_hint(err, "%s", hint);
		return CP_EUNSUPPORTED;
	}
	return e == CP_ENOMEM ? cp_err_nomem(err) : e;
}

int cp_scan_read(struct cp_arena *a, struct cp_str text, struct cp_str file,
		 struct cp_scan *ret_scan, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_scan scan = {.scanner = CP_S(""), .target = CP_S("")};
	struct scan_reader r = {.a = a, .scan = &scan};
	int e;

	scan.file = cp_arena_str(a, file);
	if (!scan.file.p)
		return cp_err_nomem(err);
	e = cp_json_parse(text, file, &doc, err);
	if (e < 0) {
		if (err)
			err->source[0] = '\0'; /* a stranger's line, of any length */
		return e;
	}
	e = read_document(&r, cp_json_root(doc), err);
	if (e < 0)
		return e;
	scan.packages = r.packages.items;
	scan.n_packages = r.packages.n;
	scan.flaws = r.flaws.items;
	scan.n_flaws = r.flaws.n;
	*ret_scan = scan;
	return 0;
}
