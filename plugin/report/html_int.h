/* html.c: what pages have in common. */
#ifndef CP_REPORT_HTML_INT_H
#define CP_REPORT_HTML_INT_H

#include "base/base.h"

/* Everything up to <body>: a policy under which nothing is loaded and no script runs, the style of all pages, and `more` of one. */
void cp_html_head(struct cp_buf *out, const char *more);
/* A stranger's text, and the same as code. The latter is a cp_quote. */
void cp_html_plain(struct cp_buf *out, struct cp_str s);
void cp_html_code(struct cp_buf *out, struct cp_str s);

#endif
