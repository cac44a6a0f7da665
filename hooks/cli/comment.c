#include "comment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "scan.h"

/* A member's text, "" when there is none. The caller releases it. */
static struct text member(struct slice object, const char *name)
{
	struct slice v = scan_member(object, name);
	struct text out = {0};

	if (v.n && v.p[0] == '"')
		scan_string(v, &out);
	text_addz(&out, "");
	return out;
}

/* The failure and what to do about it, on stderr. */
static void say_failure(struct slice answer, const char *name, const char *what)
{
	struct slice why = scan_member(answer, name);
	struct text message, hint;

	if (!why.n)
		return;
	message = member(why, "message");
	hint = member(why, "hint");
	fail(0, hint.p, "%s: %s", what, message.p);
	text_release(&message);
	text_release(&hint);
}

/* Appended: other steps of the job write there, too. */
static int append(const char *path, const struct text *body)
{
	FILE *f = fopen(path, "ae");
	bool failed = !f || fwrite(body->p, 1, body->n, f) != body->n || fputc('\n', f) == EOF;

	if (f && fclose(f) != 0)
		failed = true;
	if (failed)
		return fail(EXIT_BROKEN, NULL, "cannot write %s: %s", path, strerror(errno));
	return EXIT_ANSWERED;
}

static int add_summary(const struct options *o, bool posted, const struct text *body)
{
	const char *path = option_text(o, F_SUMMARY);

	if (!path && !posted)
		path = getenv("GITHUB_STEP_SUMMARY");
	return path && *path ? append(path, body) : EXIT_ANSWERED;
}

static int say(const char *result, const struct text *url, const struct text *body)
{
	struct text out = {0};
	int r = EXIT_ANSWERED;

	if (strcmp(result, "dry-run") == 0)
		text_add(&out, body->p, body->n);
	else if (strcmp(result, "quiet") == 0)
		text_addz(&out, "comment: nothing rebuilds, so none is made\n");
	else if (strcmp(result, "outdated") == 0)
		text_addz(&out, "comment: left alone, a newer commit or run has the word\n");
	else
		text_addf(&out, "comment %s", result);
	if (out.n && out.p[out.n - 1] != '\n') {
		text_addz(&out, url->n ? "  " : "");
		text_plain(&out, url->p, url->n);
		text_addc(&out, '\n');
	}
	if (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
		r = fail(EXIT_BROKEN, NULL, "cannot write the answer: %s", strerror(errno));
	text_release(&out);
	return r;
}

int comment_show(const struct options *o, const struct text *answer)
{
	struct text result, url, body;
	struct slice whole;
	bool failed;
	int r;

	if (!scan_json(answer->p, answer->n, &whole))
		return fail(EXIT_BROKEN, NULL, "the plugin's answer is no JSON");
	result = member(whole, "result");
	url = member(whole, "url");
	body = member(whole, "body");
	failed = strcmp(result.p, "failed") == 0;
	say_failure(whole, "error", "not posted");
	say_failure(whole, "status_error", "no commit status");
	r = failed ? EXIT_ANSWERED : say(result.p, &url, &body);
	if (r == EXIT_ANSWERED)
		r = add_summary(o, !failed && strcmp(result.p, "dry-run") != 0, &body);
	text_release(&result);
	text_release(&url);
	text_release(&body);
	return r;
}
