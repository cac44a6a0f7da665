/* The parts of a Markdown report: a summary prints them in one order, a pull request's comment in another. */
#ifndef CP_REPORT_MARKDOWN_INT_H
#define CP_REPORT_MARKDOWN_INT_H

#include "report/report_int.h"

bool cp_image_is_cached(const struct cp_report_image *im);
/* "**cachepredict**", and how many images. */
void cp_markdown_title(struct cp_buf *out, const struct cp_report *r);
/* What rebuilds and why, with a table of stages; or one line. */
void cp_markdown_summary(struct cp_buf *out, const struct cp_report_image *im);
/* Its steps, folded; what it takes for granted, as a list. Nothing for an image that is cached or failed. */
void cp_markdown_steps(struct cp_buf *out, const struct cp_report_image *im);
void cp_markdown_assumptions(struct cp_buf *out, const struct cp_report_image *im);
/* What the CI should do, where that is known. */
void cp_markdown_verdict(struct cp_buf *out, const struct cp_report *r);
/* Base and head. */
/* "right in 1,243 of 1,243 steps of the last 50 builds · ", nothing when nothing is recorded. */
void cp_markdown_accuracy(struct cp_buf *out, const struct cp_report *r);
void cp_markdown_revs(struct cp_buf *out, const struct cp_report *r);

/*
 * Markdown for a reader that knows no HTML: what our own text uses of it is said otherwise. Bars and backquotes of strangers, which are
 * character references in HTML, become signs that look like them.
 */
void cp_markdown_without_html(struct cp_str text, struct cp_buf *out);
/*
 * At most `max` bytes of `body`, then `footer`: cut between lines, never in the middle of a table row or of a fence, what is folded is
 * closed, and it is said that something is missing. `max` is at least as large as the footer and 512 bytes.
 */
void cp_markdown_shorten(struct cp_str body, struct cp_str footer, size_t max, struct cp_buf *out);

#endif
