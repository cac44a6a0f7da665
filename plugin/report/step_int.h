/* What all forms say about a step: its place, and its cause in a few words. */
#ifndef CP_REPORT_STEP_INT_H
#define CP_REPORT_STEP_INT_H

#include "report/text_int.h"

/* "[linux/arm64 builder 3/4] COPY . ." taken apart. A name without brackets is all text. */
struct cp_step_label {
	struct cp_str stage; /* "linux/arm64 builder" */
	struct cp_str count; /* "3/4" */
	struct cp_str text;  /* "COPY . ." */
};
struct cp_step_label cp_step_label_of(const struct cp_step *step);

/* Steps that are listed: operations, not FROM and not downloads. */
static inline bool cp_step_is_listed(const struct cp_step *step)
{
	return step->kind == CP_STEP_OP || step->kind == CP_STEP_MERGE;
}
size_t cp_step_count(const struct cp_report_image *im);

/*
 * How a piece of a stranger's text is written: cp_text_code for Markdown, cp_text_add for
 * terminals.
 */
typedef void (*cp_quote)(struct cp_buf *out, struct cp_str s);
void cp_quote_plain(struct cp_buf *out, struct cp_str s);

/*
 * "changed", "follows 3/4", "ARG VERSION": for a column. Nothing for a hit. `from_stage`: the stage
 * that the reader has before him.
 */
void cp_step_reason(struct cp_buf *out, const struct cp_report_image *im,
		    const struct cp_step_result *s);
/* One sentence with the paths or names that did it: "requirements.txt was modified". */
void cp_step_why(struct cp_buf *out, const struct cp_report_image *im,
		 const struct cp_step_result *s, cp_quote quote, bool ascii);
/* The packages that changed in this file; NULL: it is none of requirements, or they are not known. */
const struct cp_report_packages *cp_step_packages(const struct cp_report_image *im,
						  const struct cp_path_change *p);
/* "flask 2.0 -> 3.0" */
void cp_step_package(struct cp_buf *out, const struct cp_req_change *c, cp_quote quote, bool ascii);
/* What is left to say where no package changed. */
void cp_step_rest(struct cp_buf *out, const struct cp_report_packages *p);
const char *cp_change_name(enum cp_change c);

#endif
