/* Repositories that the git command builds in a temporary folder, for tests of repo/. */
#ifndef CP_TESTS_GIT_FIXTURE_H
#define CP_TESTS_GIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "repo/repo.h"

static char fixture[64]; /* the folder; every command starts in it */

CP_UNUSED static int fixture_set_up(void **state)
{
	(void)state;
	snprintf(fixture, sizeof(fixture), "/tmp/cp-repo-XXXXXX");
	if (!mkdtemp(fixture))
		return -1;
	setenv("HOME", fixture, 1);
	setenv("XDG_CONFIG_HOME", fixture, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "A U Thor", 1);
	setenv("GIT_AUTHOR_EMAIL", "author@example.com", 1);
	setenv("GIT_COMMITTER_NAME", "C O Mitter", 1);
	setenv("GIT_COMMITTER_EMAIL", "committer@example.com", 1);
	setenv("GIT_TERMINAL_PROMPT", "0", 1);
	setenv("GIT_CONFIG_COUNT", "2", 1); /* nothing goes on in the background */
	setenv("GIT_CONFIG_KEY_0", "gc.auto", 1);
	setenv("GIT_CONFIG_VALUE_0", "0", 1);
	setenv("GIT_CONFIG_KEY_1", "maintenance.auto", 1);
	setenv("GIT_CONFIG_VALUE_1", "false", 1);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	unsetenv("GIT_INDEX_FILE");
	return 0;
}

/* A shell script that must succeed. */
CP_PRINTF(1, 2) CP_UNUSED static void sh(const char *format, ...)
{
	cp_auto_free char *script = malloc(65536);
	va_list ap;
	int n;

	assert_non_null(script);
	n = snprintf(script, 65536, "set -e; cd '%s'; ", fixture);
	va_start(ap, format);
	n += vsnprintf(script + n, 65536 - (size_t)n, format, ap);
	va_end(ap);
	assert_true(n < 65536);
	if (system(script) != 0)
		fail_msg("failed: %s", script);
}

/* Its output without the last newline, in one of a few static buffers. */
CP_PRINTF(1, 2) CP_UNUSED static char *out_of(const char *format, ...)
{
	static char outs[8][65536];
	static unsigned next;
	char *out = outs[next++ % 8], script[8192];
	va_list ap;
	size_t n;
	FILE *f;
	int at = snprintf(script, sizeof(script), "cd '%s'; ", fixture);

	va_start(ap, format);
	vsnprintf(script + at, sizeof(script) - (size_t)at, format, ap);
	va_end(ap);
	f = popen(script, "r");
	assert_non_null(f);
	n = fread(out, 1, sizeof(outs[0]) - 1, f);
	assert_int_equal(pclose(f), 0);
	out[n && out[n - 1] == '\n' ? n - 1 : n] = '\0';
	return out;
}

CP_UNUSED static int fixture_tear_down(void **state)
{
	(void)state;
	sh("chmod -R u+rwX . && cd / && rm -rf '%s'", fixture);
	return 0;
}

CP_UNUSED static const char *below(const char *path)
{
	static char full[4][4400];
	static unsigned next;
	char *to = full[next++ % 4];

	snprintf(to, sizeof(full[0]), "%s/%s", fixture, path);
	return to;
}

CP_UNUSED static struct cp_repo *open_repo(const char *path)
{
	struct cp_repo *r = NULL;
	struct cp_err err = {0};

	if (cp_repo_open(below(path), &r, &err) != 0)
		fail_msg("%s: %s", path, err.message);
	return r;
}

CP_UNUSED static struct cp_commit commit_of(struct cp_repo *r, const char *rev)
{
	struct cp_commit c = {.hex = ""};
	struct cp_err err = {0};

	if (cp_repo_resolve(r, rev, &c, &err) != 0)
		fail_msg("%s: %s", rev, err.message);
	return c;
}

CP_UNUSED static struct cp_tree *tree_of(struct cp_repo *r, const char *rev)
{
	struct cp_commit c = commit_of(r, rev);
	struct cp_tree *t = NULL;
	struct cp_err err = {0};

	if (cp_repo_tree(r, &c, rev, &t, &err) != 0)
		fail_msg("%s: %s", rev, err.message);
	return t;
}

CP_UNUSED static const char *hex_of(const struct cp_oid *oid)
{
	static char hex[4][65];
	static unsigned next;
	char *to = hex[next++ % 4];

	cp_hex(oid->bytes, oid->n, to);
	return to;
}

static int note_change(void *self, struct cp_str path, enum cp_change change,
		       const struct cp_entry *old_entry, const struct cp_entry *new_entry)
{
	(void)old_entry;
	(void)new_entry;
	cp_buf_printf(self, "%c %.*s\n", "ADMT"[change], CP_STR(path));
	return 0;
}

/* The differences as lines "M path". */
CP_UNUSED static char *diff_of(struct cp_tree *a, struct cp_tree *b)
{
	static char text[65536];
	cp_auto_buf struct cp_buf lines = CP_BUF_INIT(sizeof(text) - 1);
	struct cp_err err = {0};

	if (cp_tree_diff(a, b, note_change, &lines, &err) != 0)
		fail_msg("diff: %s", err.message);
	snprintf(text, sizeof(text), "%s", lines.p ? lines.p : "");
	return text;
}

/* Bytes of a file of a tree. */
CP_UNUSED static struct cp_str file_of(struct cp_tree *t, const char *path)
{
	static char text[65536];
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(sizeof(text));
	struct cp_err err = {0};
	struct cp_entry e;

	if (cp_tree_find(t, cp_str_c(path), &e, &err) != 0 ||
	    cp_tree_read(t, &e.oid, &bytes, &err) != 0)
		fail_msg("%s: %s", path, err.message);
	if (bytes.n)
		memcpy(text, bytes.p, bytes.n);
	return cp_str_n(text, bytes.n);
}

CP_UNUSED static void assert_text(struct cp_str got, const char *want)
{
	if (!cp_str_eq(got, cp_str_c(want)))
		fail_msg("got \"%.*s\", want \"%s\"", CP_STR(got), want);
}

#endif
