/*
 * The forms of a report, one file each. They append and never fail by themselves: the caller looks
 * at cp_buf_error once.
 */
#ifndef CP_REPORT_REPORT_INT_H
#define CP_REPORT_REPORT_INT_H

#include "report/step_int.h"

static inline bool cp_image_failed(const struct cp_report_image *im)
{
	return im->error.code != 0 || !im->graph;
}
/* The buffer's failure as an error. */
int cp_report_finish(struct cp_buf *out, struct cp_err *err);
struct cp_str cp_image_name(const struct cp_report_image *im);

void cp_report_json(const struct cp_report *r, const struct cp_report_style *style,
		    struct cp_buf *out);
/* One step as an object of the prediction. */
void cp_json_step(struct cp_json_out *o, const struct cp_report_image *im,
		  const struct cp_step_result *s);
/* The member "cause", null for NONE. */
/* `im`: whose packages are told; NULL = of none. */
void cp_json_cause(struct cp_json_out *o, const struct cp_graph *graph,
		   const struct cp_report_image *im, const struct cp_cause *c);
/* The member "error". */
void cp_json_error(struct cp_json_out *o, const struct cp_err *e);
void cp_report_table(const struct cp_report *r, const struct cp_report_style *style,
		     struct cp_buf *out);
void cp_report_markdown(const struct cp_report *r, struct cp_buf *out);
/* outputs.c: for the CI's next steps, one KEY=VALUE a line; the same for $GITHUB_OUTPUT; workflow commands; test cases. */
void cp_report_dotenv(const struct cp_report *r, struct cp_buf *out);
void cp_report_github_output(const struct cp_report *r, struct cp_buf *out);
int cp_report_annotations(const struct cp_report *r, struct cp_buf *out);
void cp_report_junit(const struct cp_report *r, const struct cp_report_style *style,
		     struct cp_buf *out);
/* The member "include" of a matrix: the images that need a build. The report has a decision. */
void cp_json_matrix(struct cp_json_out *o, const struct cp_report *r);
/* One image's stages and steps as a drawing; ids of steps are "PREFIXsN". CP_ENOMEM. */
int cp_svg_image(const struct cp_report_image *im, size_t image, bool linked, struct cp_buf *out);
extern const char cp_svg_style[];
int cp_report_svg(const struct cp_report *r, struct cp_buf *out);
int cp_report_html(const struct cp_report *r, struct cp_buf *out);
int cp_report_mermaid(const struct cp_report *r, struct cp_buf *out);
int cp_report_dot(const struct cp_report *r, struct cp_buf *out);
void cp_report_patch(const struct cp_report_advice *images, size_t n, struct cp_buf *out);
void cp_report_codequality(const struct cp_report_advice *images, size_t n,
			   const struct cp_report_style *style, struct cp_buf *out);
/* scans.c: what scanners and a registry say, in JSON (members "scans" and "reports"), for a terminal and in Markdown. */
void cp_json_scans(struct cp_json_out *o, const struct cp_report_advice *im);
void cp_json_reports(struct cp_json_out *o, const struct cp_report_scan *reports, size_t n);
void cp_table_scans(struct cp_buf *out, const struct cp_report_advice *im,
		    const struct cp_report_style *style);
void cp_table_reports(struct cp_buf *out, const struct cp_report_scan *reports, size_t n,
		      const struct cp_report_style *style);
void cp_markdown_scans(struct cp_buf *out, const struct cp_report_advice *im);
void cp_markdown_reports(struct cp_buf *out, const struct cp_report_scan *reports, size_t n);
/* Does an image before `at` have the same finding? */
bool cp_finding_is_repeated(const struct cp_report_advice *images, size_t at,
			    const struct cp_finding *f);
/* 64 hex digits that stay the same when lines move. */
void cp_finding_fingerprint(const struct cp_finding *f, char out[65]);
void cp_report_sarif(const struct cp_report_advice *images, size_t n,
		     const struct cp_report_style *style, struct cp_buf *out);

/* stakes.c: members "at_stake" and "size" of a finding; the same for people, one row each. `stake` NULL: nobody looked. */
void cp_json_stake(struct cp_json_out *o, const struct cp_finding *f, const struct cp_stake *stake);
void cp_table_stake(struct cp_buf *out, const struct cp_finding *f, const struct cp_stake *stake,
		    int indent, const struct cp_report_style *style);
/* "96 of 120 commits, 3 h 12 m": for a cell; false when there is nothing to say. */
bool cp_text_stake(struct cp_buf *out, const struct cp_finding *f, const struct cp_stake *stake);

/* A member in seconds: 1.234. */
void cp_json_kseconds(struct cp_json_out *o, const char *key, int64_t ms);
/* "0.2 s", "8 s", "4 m 10 s", "1 h 02 m" */
void cp_text_seconds(struct cp_buf *out, int64_t ms);
/* The member "cost"; "4 m 10 s" of a step that is not a hit, "~8 s" where only its kind is known. False when nothing was written. */
void cp_json_cost(struct cp_json_out *o, const struct cp_cost *c);
bool cp_text_cost(struct cp_buf *out, const struct cp_report_image *im, size_t step);
/* Members of seconds; the members of the verdict that decide/ made beside its action. */
void cp_json_totals(struct cp_json_out *o, const struct cp_total *with,
		    const struct cp_total *without);
void cp_json_decision(struct cp_json_out *o, const struct cp_report *r);
/* "about 4 m 20 s; the cache saves 35 s", nothing when nothing is known. */
void cp_text_totals(struct cp_buf *out, const struct cp_report *r);
/* The member "accuracy"; "right in 1,243 of 1,243 steps of the last 50 builds". */
void cp_json_accuracy(struct cp_json_out *o, const struct cp_accuracy *acc);
void cp_text_accuracy(struct cp_buf *out, const struct cp_accuracy *acc);

/* "main 4f1c2e9" */
void cp_table_rev(struct cp_buf *out, struct cp_str rev, struct cp_str commit);
/* The word of an outcome, in colour when asked for. */
void cp_table_outcome(struct cp_buf *out, enum cp_outcome o, const struct cp_report_style *style);
int cp_table_width(const struct cp_report_style *style);
/* "  label   text", the text wrapped beside a label that takes `columns`. */
void cp_table_row(struct cp_buf *out, const char *label, int columns, struct cp_str text,
		  const struct cp_report_style *style);

/*
 * Edges of a graph: for one step, the steps whose results it reads, operations without a step of
 * their own skipped over. The marks belong to the caller: n_ops zeroed longs each for `step_of`
 * (index of the step of an op plus one) and `seen`.
 */
struct cp_edges {
	const struct cp_report_image *im;
	long *step_of;
	size_t *seen;
	const struct cp_op **stack;
	size_t *targets; /* indices of steps */
	size_t n_targets;
};
int cp_edges_init(struct cp_edges *e, const struct cp_report_image *im);
void cp_edges_release(struct cp_edges *e);
void cp_edges_of(struct cp_edges *e, size_t step);

#endif
