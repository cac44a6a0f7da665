/*
 * A backtest as one page: for every commit a bar of the steps that run, the same with an edit as a line, what broke first behind every
 * commit. No script, nothing from elsewhere.
 */
#include <time.h>

#include "report/backtest.h"
#include "report/html_int.h"
#include "report/report_int.h"

#define BAR 10
#define HEIGHT 160
#define EDITS_SHOWN 3
#define STEPS_SHOWN 40
#define CAUSES_SHOWN 2
#define PATHS_SHOWN 3

static const char style[] =
	".chart{border-bottom:1px solid var(--soft);border-left:1px solid var(--soft)}.chart svg{display:block;width:100%;height:180px}"
	".chart a:hover rect,.chart a:focus rect{stroke:var(--fg);stroke-width:2}.chart .back{fill:var(--bg)}.chart .grid{stroke:var(--line)}"
	".chart .miss{fill:#f85149}.chart .depends{fill:#d29922}.chart .unknown{fill:#8b949e}"
	".chart polyline{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}"
	".w0{stroke:#0969da}.w1{stroke:#8250df;stroke-dasharray:6 3}.w2{stroke:#1a7f37;stroke-dasharray:2 3}"
	"@media(prefers-color-scheme:dark){.w0{stroke:#58a6ff}.w1{stroke:#bc8cff}.w2{stroke:#56d364}}"
	".ends{display:flex;justify-content:space-between;flex-wrap:wrap;gap:0 12px;color:var(--soft);font-size:13px;margin:2px 0 8px}"
	".line{white-space:normal}.line svg{width:26px;height:10px;margin-right:5px}.line line{stroke-width:2}"
	".wide{overflow-x:auto}.num{text-align:right;white-space:nowrap}details.commit{border-bottom:1px solid var(--line);padding:3px 0}"
	"details.commit summary{cursor:pointer;overflow-wrap:anywhere}details.commit ul{margin:4px 0 8px;padding-left:22px;overflow-wrap:anywhere}"
	"li:target,ul:target{background:var(--box);outline:2px solid var(--soft)}td code{overflow-wrap:normal;word-break:normal}";

static const enum cp_outcome shown[] = {CP_OUTCOME_MISS, CP_OUTCOME_DEPENDS, CP_OUTCOME_UNKNOWN};
static const char *const classes[] = {"miss", "depends", "unknown"};
static const char *const words[] = {"run again", "depend on what a step writes", "are not known"};

struct chart {
	const struct cp_backtest_image *im;
	size_t image; /* for ids */
	size_t most;  /* steps that are not surely hits, of any commit */
	struct cp_buf *out;
};

static void date(struct cp_buf *out, int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm))
		cp_buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* A stranger's text of one line, cut. */
static void cut(struct cp_buf *out, struct cp_str s, int columns)
{
	cp_auto_buf struct cp_buf clean = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	cp_text_fit_words(&clean, s, columns, false);
	cp_text_markup(out, cp_buf_str(&clean));
}

static size_t count(const struct cp_backtest_commit *c, enum cp_outcome o)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_misses; i++)
		n += c->misses[i].outcome == o;
	return n;
}

/* ---- the chart ---- */

static void bar_title(struct cp_buf *out, const struct cp_backtest_commit *c)
{
	cp_buf_printf(out, "<title>%.*s ", CP_STR(cp_text_commit(c->hex)));
	date(out, c->time);
	cp_buf_addc(out, ' ');
	cut(out, c->subject, 40);
	if (!c->built)
		cp_buf_addz(out, ": no build");
	for (int k = 0; c->built && k < 3; k++)
		if (count(c, shown[k]))
			cp_buf_printf(out, "; %zu %s", count(c, shown[k]), words[k]);
	if (c->built && !c->n_misses)
		cp_buf_addz(out, ": everything is cached");
	cp_buf_addz(out, "</title>");
}

static void bar(const struct chart *h, size_t at)
{
	const struct cp_backtest_commit *c = &h->im->commits[at];
	size_t x = (at - 1) * BAR, y = HEIGHT;

	cp_buf_printf(h->out, "<a href=\"#i%zuc%zu\">", h->image, at);
	bar_title(h->out, c);
	cp_buf_printf(h->out, "<rect class=\"back\" x=\"%zu\" y=\"0\" width=\"%d\" height=\"%d\"/>",
		      x, BAR, HEIGHT);
	for (int k = 0; c->built && k < 3; k++) {
		size_t height = count(c, shown[k]) * HEIGHT / h->most;

		if (!height)
			continue;
		y -= height;
		cp_buf_printf(h->out,
			      "<rect class=\"%s\" x=\"%zu\" y=\"%zu\" width=\"%d\" "
			      "height=\"%zu\"/>",
			      classes[k], x + 1, y, BAR - 2, height);
	}
	cp_buf_addz(h->out, "</a>\n");
}

/* What would have run with an edit: one line, with a gap where there is no build. */
static void edit_line(const struct chart *h, const struct cp_backtest_edit *e, size_t which)
{
	bool open = false;

	for (size_t i = 1; i < e->n_commits; i++) {
		const struct cp_backtest_commit *c = &e->commits[i];

		if (c->built) {
			cp_buf_addz(h->out, open ? " " : "<polyline class=\"w");
			if (!open)
				cp_buf_printf(h->out, "%zu\" points=\"", which);
			cp_buf_printf(h->out, "%zu,%zu", (i - 1) * BAR + BAR / 2,
				      HEIGHT - c->n_misses * HEIGHT / h->most);
		} else if (open) {
			cp_buf_addz(h->out, "\"/>\n");
		}
		open = c->built;
	}
	if (open)
		cp_buf_addz(h->out, "\"/>\n");
}

static void legend(const struct chart *h)
{
	cp_buf_addz(h->out, "<p class=\"key\">");
	for (int k = 0; k < 3; k++)
		if (h->im->totals.steps[shown[k]])
			cp_buf_printf(h->out, "<span class=\"%s\">steps that %s</span>", classes[k],
				      words[k]);
	for (size_t i = 0; i < h->im->n_edits && i < EDITS_SHOWN; i++) {
		cp_buf_printf(h->out,
			      "<b class=\"line\"><svg viewBox=\"0 0 26 10\"><line class=\"w%zu\" "
			      "x1=\"0\" y1=\"5\" x2=\"26\" y2=\"5\"/></svg>with ",
			      i);
		cut(h->out, h->im->edits[i].label, 60);
		cp_buf_addz(h->out, "</b>");
	}
	cp_buf_addz(h->out, "</p>\n");
}

static void find_most(struct chart *h)
{
	h->most = 1;
	for (size_t i = 1; i < h->im->n_commits; i++)
		if (h->im->commits[i].n_misses > h->most)
			h->most = h->im->commits[i].n_misses;
	for (size_t k = 0; k < h->im->n_edits; k++)
		for (size_t i = 1; i < h->im->edits[k].n_commits; i++)
			if (h->im->edits[k].commits[i].n_misses > h->most)
				h->most = h->im->edits[k].commits[i].n_misses;
}

static void chart(struct chart *h)
{
	size_t n = h->im->n_commits - 1;

	find_most(h);
	legend(h);
	cp_buf_printf(h->out,
		      "<div class=\"soft\">%zu step%s</div><div class=\"chart\"><svg viewBox=\"0 0 "
		      "%zu %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"steps that "
		      "run, by commit\">\n",
		      h->most, cp_text_plural(h->most), n * BAR, HEIGHT);
	for (size_t i = 1; i < h->im->n_commits; i++)
		bar(h, i);
	for (size_t i = 0; i < h->im->n_edits && i < EDITS_SHOWN; i++)
		edit_line(h, &h->im->edits[i], i);
	cp_buf_addz(h->out, "</svg></div><div class=\"ends\"><span>");
	date(h->out, h->im->commits[1].time);
	cp_buf_printf(h->out, "</span><span>%zu commit%s, the newest at the right</span><span>", n,
		      cp_text_plural(n));
	date(h->out, h->im->commits[n].time);
	cp_buf_addz(h->out, "</span></div>\n");
}

/* ---- what it comes to ---- */

static void summary(struct cp_buf *out, const struct cp_backtest_image *im)
{
	const struct cp_backtest_totals *t = &im->totals;

	cp_buf_printf(out,
		      "<p><b>%zu of the last %zu commits rebuild</b>, %zu more may; %zu of %zu RUN "
		      "steps ran",
		      t->by_outcome[CP_OUTCOME_MISS], t->n,
		      t->by_outcome[CP_OUTCOME_DEPENDS] + t->by_outcome[CP_OUTCOME_UNKNOWN],
		      t->runs_missed, t->runs);
	if (t->steps_timed) {
		cp_buf_addz(out, ", which took ");
		cp_text_seconds(out, t->ms);
	}
	cp_buf_addz(out, ".</p>\n");
	for (size_t i = 0; i < im->n_edits; i++) {
		const struct cp_backtest_edit *e = &im->edits[i];

		cp_buf_addz(out, "<p>With ");
		cp_html_code(out, e->label);
		cp_buf_printf(out, ": %zu RUN steps in place of %zu, in %zu scored commits",
			      e->after.runs_missed, e->before.runs_missed, e->n_scored);
		if (e->before.steps_timed && e->after.steps_timed) {
			cp_buf_addz(out, "; ");
			cp_text_seconds(out, e->after.ms);
			cp_buf_addz(out, " in place of ");
			cp_text_seconds(out, e->before.ms);
		}
		cp_buf_addz(out, ".</p>\n");
	}
}

static const char *usual_cause(const struct cp_backtest_step *s)
{
	int best = CP_CAUSE_NONE;

	for (int i = CP_CAUSE_CONTENT_CHANGED; i <= CP_CAUSE_UNRESOLVED; i++)
		if (s->causes[i] && (best == CP_CAUSE_NONE || s->causes[i] > s->causes[best]))
			best = i;
	return best == CP_CAUSE_NONE ? "" : cp_cause_name((enum cp_cause_kind)best);
}

static void steps(struct cp_buf *out, const struct cp_backtest_image *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->n_steps && n < STEPS_SHOWN; i++) {
		const struct cp_backtest_step *s = &im->steps[i];

		if (s->outcomes[CP_OUTCOME_HIT] == s->n)
			continue;
		if (n++ == 0)
			cp_buf_addz(out, "<div class=\"wide\"><table><tr><th>step</th><th>ran</th>"
					 "<th>may have</th><th>broke first</th><th>each "
					 "time</th><th>mostly</th></tr>\n");
		cp_buf_addz(out, "<tr><td>");
		cut(out, s->stage, 30);
		cp_buf_addz(out, " <code>");
		cut(out, s->text, 100);
		cp_buf_printf(
			out,
			"</code></td><td class=\"num\">%zu of %zu</td><td class=\"num\">%zu</td>"
			"<td class=\"num\">%zu</td><td class=\"num\">",
			s->outcomes[CP_OUTCOME_MISS], s->n,
			s->outcomes[CP_OUTCOME_DEPENDS] + s->outcomes[CP_OUTCOME_UNKNOWN],
			s->n_first);
		if (s->cost.source != CP_COST_UNKNOWN)
			cp_text_seconds(out, s->cost.ms);
		cp_buf_printf(out, "</td><td>%s</td></tr>\n", usual_cause(s));
	}
	if (n)
		cp_buf_addz(out, "</table></div>\n");
}

/* ---- commits ---- */

static void cause(struct cp_buf *out, const struct cp_backtest_miss *m)
{
	const struct cp_cause *c = &m->cause;
	size_t n = 0;

	cp_buf_addz(out, "<li><code>");
	cut(out, m->step->name, 60);
	cp_buf_printf(out, "</code> %s", cp_cause_name(c->kind));
	for (; n < c->n_paths && n < PATHS_SHOWN; n++) {
		cp_buf_addz(out, n ? ", <code>" : ": <code>");
		cut(out, c->paths[n].path, 60);
		cp_buf_addz(out, "</code>");
	}
	if (c->n_paths_total > n)
		cp_buf_printf(out, " and %zu more", c->n_paths_total - n);
	for (size_t i = 0; i < c->n_names && i < PATHS_SHOWN; i++) {
		cp_buf_addz(out, i ? ", <code>" : ": <code>");
		cut(out, c->names[i], 60);
		cp_buf_addz(out, "</code>");
	}
	cp_buf_addz(out, "</li>");
}

static void causes(struct cp_buf *out, const struct cp_backtest_commit *c)
{
	size_t first = 0, told = 0;

	for (size_t i = 0; i < c->n_misses; i++) {
		if (c->misses[i].cause.kind == CP_CAUSE_NONE || c->misses[i].cause.step >= 0)
			continue;
		if (first++ >= CAUSES_SHOWN)
			continue;
		cause(out, &c->misses[i]);
		told++;
	}
	if (c->n_misses > told)
		cp_buf_printf(out, "<li>%zu %s</li>", c->n_misses - told,
			      told ? "more" : "of its steps");
}

static void commit(const struct chart *h, size_t at)
{
	const struct cp_backtest_commit *c = &h->im->commits[at];

	cp_buf_printf(h->out, "<details class=\"commit\"><summary><code>%.*s</code> ",
		      CP_STR(cp_text_commit(c->hex)));
	date(h->out, c->time);
	cp_buf_addc(h->out, ' ');
	cut(h->out, c->subject, 60);
	if (c->built)
		cp_buf_printf(h->out, " <span class=\"soft\">%zu of %zu steps</span>", c->n_misses,
			      c->n_misses + c->n_hits);
	else
		cp_buf_addz(h->out, " <span class=\"soft\">no build</span>");
	cp_buf_printf(h->out, "</summary><ul id=\"i%zuc%zu\">", h->image, at);
	if (c->built && c->n_misses) {
		causes(h->out, c);
	} else {
		cp_buf_addz(h->out, "<li>");
		cut(h->out, c->built ? CP_S("everything is cached") : cp_str_c(c->error.message),
		    200);
		cp_buf_addz(h->out, "</li>");
	}
	cp_buf_addz(h->out, "</ul></details>\n");
}

static void image(struct cp_buf *out, const struct cp_backtest_image *im, size_t at)
{
	struct chart h = {.im = im, .image = at, .out = out};

	cp_buf_printf(out, "<h2 id=\"i%zu\">", at);
	cut(out, im->request->name, 80);
	cp_buf_addz(out, " <span class=\"soft\">");
	cut(out, im->platform, 40);
	cp_buf_addz(out, "</span></h2>\n");
	if (im->error.code) {
		cp_buf_addz(out, "<p>");
		cut(out, cp_str_c(im->error.message), 400);
		cp_buf_addz(out, "</p>\n");
	}
	if (im->n_commits < 2) {
		cp_buf_addz(out, "<p>There are too few commits for a row of builds.</p>\n");
		return;
	}
	summary(out, im);
	chart(&h);
	steps(out, im);
	cp_buf_addz(out, "<h3>Commits, the newest first</h3>\n");
	for (size_t i = im->n_commits - 1; i > 0; i--)
		commit(&h, i);
}

void cp_backtest_html(const struct cp_report_backtest *b, struct cp_buf *out)
{
	cp_html_head(out, style);
	cp_buf_addz(out, "<h1>cachepredict: what the last builds did</h1>\n<p>");
	cp_html_code(out, b->head_rev);
	cp_buf_printf(out, " <code>%.*s</code></p>\n", CP_STR(cp_text_commit(b->head_commit)));
	if (b->cancelled)
		cp_buf_addz(out, "<p>Cancelled: this is what was done until then.</p>\n");
	for (size_t i = 0; i < b->n_images; i++)
		image(out, &b->images[i], i);
	cp_buf_addz(out, "</body></html>\n");
}
