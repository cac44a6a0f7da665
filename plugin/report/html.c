/*
 * One page with everything: the verdict, the graph of stages, and behind every step its cause and the bytes whose digest is its key. Nothing is
 * loaded from elsewhere and there is no script: a step's panel is the target of a link. The policy in its head says so to the browser, too.
 */
#include "report/html_int.h"
#include "report/report_int.h"

#include "keys/keys.h"

static const char style[] =
	":root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--soft:#59636e;--line:#d0d7de;--box:#f6f8fa}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--soft:#9198a1;--line:#30363d;--box:#161b22}}"
	"*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:1240px;background:var(--bg);color:var(--fg);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}h1{font-size:20px}h2{font-size:17px;margin:28px 0 8px}"
	"code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}"
	"pre{white-space:pre-wrap;background:var(--box);border:1px solid var(--line);border-radius:6px;padding:8px;max-height:320px;overflow:auto}"
	".soft{color:var(--soft)}.image{display:grid;grid-template-columns:minmax(0,450px) minmax(0,1fr);gap:20px;align-items:start}"
	".graph svg{max-width:100%;height:auto}.side{position:sticky;top:12px}.step{display:none;border:1px solid var(--line);"
	"border-radius:8px;padding:10px 14px;background:var(--bg)}.step:target{display:block}.side{margin-bottom:12px}.step h3{margin:0 0 6px;font-size:14px;overflow-wrap:anywhere}"
	".close{float:right;text-decoration:none;color:var(--soft);padding:0 6px}.key{display:flex;flex-wrap:wrap;gap:6px 14px;margin:8px 0}"
	".key span::before{content:'';display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px;border:1px solid var(--soft)}"
	".key .hit::before{background:#3fb950}.key .miss::before{background:#f85149}.key .depends::before{background:#d29922}.key .unknown::before{background:#8b949e}"
	"table{border-collapse:collapse;width:100%}td,th{border:1px solid var(--line);padding:3px 8px;text-align:left;vertical-align:top}"
	"@media(max-width:760px){body{padding:10px}.image{display:block}.side{position:static}.step:target{position:fixed;left:0;right:0;bottom:0;"
	"max-height:65vh;overflow:auto;border-radius:12px 12px 0 0;box-shadow:0 -4px 24px #0006;z-index:1}}";

static const char *const words[] = {"comes from the cache", "runs again",
				    "depends on what a step writes", "is not known"};
static const char *const names[] = {"hit", "miss", "depends", "unknown"};

void cp_html_plain(struct cp_buf *out, struct cp_str s)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit(&clean, s, 2000, false);
	cp_text_markup(out, cp_buf_str(&clean));
}

void cp_html_code(struct cp_buf *out, struct cp_str s)
{
	cp_buf_addz(out, "<code>");
	cp_html_plain(out, s);
	cp_buf_addz(out, "</code>");
}

void cp_html_head(struct cp_buf *out, const char *more)
{
	cp_buf_printf(
		out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		"<meta name=\"referrer\" content=\"no-referrer\"><title>cachepredict</title><style>%s%s</style></head><body>\n",
		style, more);
}

/* ---- a step's panel ---- */

static void paths(struct cp_buf *out, const struct cp_cause *c)
{
	if (!c->n_paths)
		return;
	cp_buf_addz(out, "<ul>");
	for (size_t i = 0; i < c->n_paths; i++) {
		cp_buf_addz(out, "<li>");
		cp_html_code(out, c->paths[i].path);
		cp_buf_printf(out, " %s</li>", cp_change_name(c->paths[i].change));
	}
	if (c->n_paths_total > c->n_paths)
		cp_buf_printf(out, "<li>and %zu more</li>", c->n_paths_total - c->n_paths);
	cp_buf_addz(out, "</ul>");
}

static void patterns(struct cp_buf *out, const char *word, const struct cp_str *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cp_buf_addz(out, i ? " " : word);
		cp_html_code(out, items[i]);
	}
}

/* Content that the key has beside the operation. */
static void selectors(struct cp_buf *out, const struct cp_op_key *k, size_t n_inputs)
{
	for (size_t i = 0; i < n_inputs; i++)
		for (size_t j = 0; j < k->inputs[i].n_sels; j++) {
			const struct cp_selector *s = &k->inputs[i].sels[j];

			cp_buf_addz(out, "<p class=\"soft\">and the content of ");
			cp_html_code(out, s->path);
			if (s->wildcard)
				cp_buf_addz(out, " (a pattern)");
			patterns(out, ", only ", s->includes, s->n_includes);
			patterns(out, ", without ", s->excludes, s->n_excludes);
			cp_buf_addz(out, "</p>");
		}
}

/* The operations on files, which stand in the pre-image as base64, and which files of the context they take. */
static void actions(struct cp_buf *out, const struct cp_op_key *k, size_t n_inputs)
{
	if (!k->n_actions)
		return;
	cp_buf_printf(out, "<p class=\"soft\">in which %s</p><pre>",
		      k->n_actions == 1 ? "the file operation is" : "the file operations are");
	for (size_t i = 0; i < k->n_actions; i++) {
		cp_html_plain(out, k->actions[i]);
		cp_buf_addc(out, '\n');
	}
	cp_buf_addz(out, "</pre>");
	selectors(out, k, n_inputs);
}

static void key(struct cp_buf *out, const struct cp_op_key *k, size_t n_inputs)
{
	char digest[CP_DIGEST_TEXT + 1];

	if (!k || k->random)
		return;
	if (k->unresolved.n) {
		cp_buf_addz(out, "<p class=\"soft\">its key is not known: ");
		cp_html_plain(out, k->unresolved);
		cp_buf_addz(out, "</p>");
		return;
	}
	cp_digest_text(&k->digest, digest);
	cp_buf_printf(out, "<p class=\"soft\">operation <code>%s</code>, the digest of</p><pre>",
		      digest);
	cp_html_plain(out, k->preimage);
	cp_buf_addz(out, "</pre>");
	actions(out, k, n_inputs);
	if (k->inexact.n) {
		cp_buf_addz(out, "<p class=\"soft\">");
		cp_html_plain(out, k->inexact);
		cp_buf_addz(out, "</p>");
	}
}

static void panel(struct cp_buf *out, const struct cp_report_image *im, size_t image, size_t i,
		  const struct cp_op_key *keys)
{
	const struct cp_step_result *s = &im->prediction.steps[i];
	cp_auto_buf struct cp_buf cost = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_buf_printf(out,
		      "<section class=\"step\" id=\"i%zus%zu\"><a class=\"close\" href=\"#i%zu\" "
		      "title=\"close\">\xc3\x97</a><h3>",
		      image, i, image);
	cp_html_plain(out, s->step->name);
	cp_buf_printf(out, "</h3><p>line %d", s->step->line);
	if (cp_step_is_listed(s->step))
		cp_buf_printf(out, " \xc2\xb7 <b>%s</b>: it %s", names[s->outcome],
			      words[s->outcome]);
	if (s->outcome != CP_OUTCOME_HIT) {
		cp_buf_addz(out, ", because ");
		cp_step_why(out, im, s, cp_html_code, false);
	}
	cp_text_cost(&cost, im, i);
	if (cost.n)
		cp_buf_printf(out, "; it takes %.*s", CP_STR(cp_buf_str(&cost)));
	cp_buf_addz(out, "</p>");
	paths(out, &s->cause);
	if (s->step->op)
		key(out, &keys[s->step->op->index], s->step->op->n_inputs);
	cp_buf_addz(out, "</section>\n");
}

/* ---- an image ---- */

static void counts(struct cp_buf *out, const struct cp_prediction *p)
{
	size_t n[] = {p->n_hit, p->n_miss, p->n_depends, p->n_unknown};

	cp_buf_addz(out, "<p class=\"key\">");
	for (int o = 0; o < 4; o++)
		if (n[o])
			cp_buf_printf(out, "<span class=\"%s\">%zu %s</span>", names[o], n[o],
				      names[o]);
	cp_buf_addz(out, "</p>\n");
}

static void failure(struct cp_buf *out, const struct cp_report_image *im)
{
	cp_buf_addz(out, "<p>cannot be predicted: ");
	if (im->error.file[0]) {
		cp_html_plain(out, cp_str_c(im->error.file));
		cp_buf_printf(out, ":%d: ", im->error.line);
	}
	cp_html_plain(out, cp_str_c(im->error.code ? im->error.message : "no answer"));
	cp_buf_addz(out, "</p>\n");
}

static void list(struct cp_buf *out, const char *title, const struct cp_str *items, size_t n)
{
	if (!n)
		return;
	cp_buf_printf(out, "<details><summary>%s</summary><ul>", title);
	for (size_t i = 0; i < n; i++) {
		cp_buf_addz(out, "<li>");
		cp_html_plain(out, items[i]);
		cp_buf_addz(out, "</li>");
	}
	cp_buf_addz(out, "</ul></details>\n");
}

static void whys(struct cp_buf *out, const struct cp_report_image *im, size_t image)
{
	const struct cp_prediction *p = &im->prediction;
	bool any = false;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_step_result *s = &p->steps[i];

		if (!cp_step_is_listed(s->step) || s->outcome == CP_OUTCOME_HIT ||
		    s->cause.step >= 0)
			continue;
		if (!any)
			cp_buf_addz(out, "<table><tr><th>broke by itself</th><th>why</th></tr>\n");
		any = true;
		cp_buf_printf(out, "<tr><td><a href=\"#i%zus%zu\">", image, i);
		cp_html_code(out, s->step->name);
		cp_buf_addz(out, "</a></td><td>");
		cp_step_why(out, im, s, cp_html_code, false);
		cp_buf_addz(out, "</td></tr>\n");
	}
	if (any)
		cp_buf_addz(out, "</table>\n");
}

static int image(struct cp_buf *out, const struct cp_report_image *im, size_t at)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_op_key *keys;
	int r;

	cp_buf_printf(out, "<h2 id=\"i%zu\">", at);
	cp_html_plain(out, cp_image_name(im));
	cp_buf_addz(out, " <span class=\"soft\">");
	cp_html_code(out, im->dockerfile);
	cp_buf_addc(out, ' ');
	cp_html_plain(out, im->platform);
	cp_buf_addz(out, "</span></h2>\n");
	if (cp_image_failed(im)) {
		failure(out, im);
		return 0;
	}
	r = a ? cp_keys_compute(a, im->graph, &keys, NULL) : CP_ENOMEM;
	if (r < 0)
		return r;
	counts(out, &im->prediction);
	cp_buf_addz(out, "<div class=\"image\"><div class=\"graph\">\n");
	r = cp_svg_image(im, at, true, out);
	cp_buf_addz(out, "</div><div><div class=\"side\">\n");
	for (size_t i = 0; i < im->prediction.n_steps; i++)
		panel(out, im, at, i, keys);
	cp_buf_addz(out, "</div>\n");
	whys(out, im, at);
	list(out, "taken for granted", im->assumptions, im->n_assumptions);
	cp_buf_addz(out, "</div></div>\n");
	return r;
}

static void rev(struct cp_buf *out, struct cp_str name, struct cp_str commit)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_table_rev(&text, name, commit);
	cp_html_code(out, cp_buf_str(&text));
}

static void accuracy(struct cp_buf *out, const struct cp_report *r)
{
	if (cp_accuracy_judged(&r->accuracy))
		cp_buf_addz(out, "predictions were ");
	cp_text_accuracy(out, &r->accuracy);
}

/* A paragraph, where there is something to say. */
static void sentence(struct cp_buf *out, const struct cp_report *r,
		     void (*say)(struct cp_buf *out, const struct cp_report *r))
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	say(&text, r);
	if (!text.n)
		return;
	cp_buf_addz(out, "<p>");
	cp_html_plain(out, cp_buf_str(&text));
	cp_buf_addz(out, "</p>\n");
}

static void head(struct cp_buf *out, const struct cp_report *r)
{
	cp_html_head(out, cp_svg_style);
	cp_buf_addz(out, "<h1>cachepredict: ");
	cp_report_headline(r, out);
	cp_buf_addz(out, "</h1>\n<p>");
	rev(out, r->base_rev, r->base_commit);
	cp_buf_addz(out, " \xe2\x86\x92 ");
	rev(out, r->head_rev, r->head_commit);
	cp_buf_addz(out, "</p>\n<p><b>");
	cp_html_plain(out, r->action);
	cp_buf_addz(out, "</b> ");
	cp_html_plain(out, r->reason);
	cp_buf_addz(out, "</p>\n");
	sentence(out, r, cp_text_totals);
	sentence(out, r, accuracy);
}

int cp_report_html(const struct cp_report *r, struct cp_buf *out)
{
	int rc = 0;

	head(out, r);
	for (size_t i = 0; rc == 0 && i < r->n_images; i++)
		rc = image(out, &r->images[i], i);
	list(out, "notes", r->notes, r->n_notes);
	cp_buf_addz(out, "</body></html>\n");
	return rc;
}
