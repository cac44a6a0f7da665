/*
 * A pull request's comment. What matters comes first, because a forge's limit cuts the end off: what rebuilds and why, what would pay off,
 * what to do; then, folded, the graph, the steps and the advice.
 */
#include "report/markdown_int.h"

bool cp_report_is_quiet(const struct cp_report *r)
{
	for (size_t i = 0; i < r->n_images; i++)
		if (cp_image_failed(&r->images[i]) || !cp_image_is_cached(&r->images[i]))
			return false;
	return true;
}

void cp_report_headline(const struct cp_report *r, struct cp_buf *out)
{
	size_t n_miss = 0, n_all = 0, n_other = 0, n_failed = 0;

	for (size_t i = 0; i < r->n_images; i++) {
		const struct cp_prediction *p = &r->images[i].prediction;

		n_failed += cp_image_failed(&r->images[i]);
		n_miss += p->n_miss;
		n_other += p->n_depends + p->n_unknown;
		n_all += cp_step_count(&r->images[i]);
	}
	if (n_failed)
		cp_buf_printf(out, "%zu image%s cannot be predicted, ", n_failed,
			      cp_text_plural(n_failed));
	if (!n_failed && !n_miss && !n_other)
		cp_buf_addz(out, "nothing rebuilds");
	else
		cp_buf_printf(out, "%zu of %zu steps rebuild", n_miss, n_all);
	if (n_other)
		cp_buf_printf(out, ", %zu may", n_other);
}

static void summaries(struct cp_buf *out, const struct cp_report *r)
{
	cp_markdown_title(out, r);
	for (size_t i = 0; i < r->n_images; i++) {
		cp_buf_addz(out, r->n_images == 1 ? " \xc2\xb7 " : "\n");
		cp_markdown_summary(out, &r->images[i]);
	}
}

static void pay_off(struct cp_buf *out, const struct cp_report_comment *c)
{
	if (!c->split_file.n)
		return;
	cp_buf_addz(out, "\n**Would pay off:** split ");
	cp_text_code(out, c->split_file);
	cp_buf_addz(out, " \xe2\x80\x94 ");
	cp_text_code(out, c->split_reason);
	cp_buf_addz(out, " (`cachepredict split --format patch`)\n");
}

static int drawing(struct cp_buf *out, const struct cp_report *r)
{
	int rc;

	cp_buf_addz(out, "\n<details><summary>graph</summary>\n\n```mermaid\n");
	rc = cp_report_mermaid(r, out);
	cp_buf_addz(out, "```\n\n</details>\n");
	return rc;
}

static void advice(struct cp_buf *out, struct cp_str text)
{
	if (!text.n)
		return;
	cp_buf_addz(out, "\n<details><summary>advice</summary>\n\n");
	cp_buf_adds(out, text);
	cp_buf_addz(out, "\n</details>\n");
}

static void assumptions(struct cp_buf *out, const struct cp_report *r)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	for (size_t i = 0; i < r->n_images; i++)
		cp_markdown_assumptions(&text, &r->images[i]);
	if (!text.n)
		return;
	cp_buf_addz(out, "\n<details><summary>taken for granted</summary>\n");
	cp_buf_adds(out, cp_buf_str(&text));
	cp_buf_addz(out, "\n</details>\n");
}

static void footer(struct cp_buf *out, const struct cp_report_comment *c)
{
	cp_buf_addz(out, "\n<sub>");
	cp_markdown_accuracy(out, c->report);
	cp_markdown_revs(out, c->report);
	cp_buf_addz(out, "</sub>\n");
}

static int body(struct cp_buf *out, const struct cp_report_comment *c)
{
	const struct cp_report *r = c->report;
	int rc = 0;

	summaries(out, r);
	pay_off(out, c);
	cp_markdown_verdict(out, r);
	if (c->mermaid && !cp_report_is_quiet(r))
		rc = drawing(out, r);
	for (size_t i = 0; i < r->n_images; i++)
		cp_markdown_steps(out, &r->images[i]);
	assumptions(out, r);
	advice(out, c->advice);
	return rc;
}

int cp_report_comment(const struct cp_report_comment *c, struct cp_buf *out, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
				  end = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
				  whole = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES),
				  last = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);

	if (body(&text, c) < 0)
		return cp_err_nomem(err);
	footer(&end, c);
	if (!c->html) {
		cp_markdown_without_html(cp_buf_str(&text), &whole);
		cp_markdown_without_html(cp_buf_str(&end), &last);
	}
	cp_markdown_shorten(cp_buf_str(c->html ? &text : &whole),
			    cp_buf_str(c->html ? &end : &last), c->max_bytes, out);
	return cp_report_finish(out, err);
}
