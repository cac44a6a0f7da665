/* Unified diffs, with the headers of git or without. */
#include "patch/patch.h"

struct reader {
	struct cp_arena *a;
	struct cp_str rest, name;
	struct cp_str line; /* at hand, with its line feed */
	int number;         /* of it, 1-based */
	bool done;          /* there is none */
	CP_VEC(struct cp_patch_file) files;
	struct cp_err *err;
};

static void next(struct reader *r)
{
	size_t end = cp_str_find(r->rest, '\n', 0);

	r->done = r->rest.n == 0;
	r->line = cp_str_sub(r->rest, 0, end + 1);
	r->rest = cp_str_from(r->rest, r->line.n);
	r->number++;
}

static int bad(struct reader *r, int code, const char *what)
{
	cp_err_set(r->err, code, "%s", what);
	cp_err_at(r->err, r->name, r->number, 1, 0, cp_str_trim_right(r->line, "\r\n"));
	return code;
}

static bool begins(const struct reader *r, const char *word)
{
	return !r->done && cp_str_starts(r->line, cp_str_c(word));
}

/* ---- names ---- */

/* The C escapes of a quoted name. */
static int unquote(struct reader *r, struct cp_str s, struct cp_str *ret)
{
	static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
	char *out = cp_arena_alloc(r->a, s.n + 1);
	size_t n = 0, i = 1;

	if (!out)
		return cp_err_nomem(r->err);
	for (; i < s.n && s.p[i] != '"'; i++) {
		const char *known;

		if (s.p[i] != '\\') {
			out[n++] = s.p[i];
			continue;
		}
		if (++i >= s.n)
			break;
		known = strchr(from, s.p[i]);
		if (known && *known) {
			out[n++] = to[known - from];
		} else if (i + 2 < s.n && s.p[i] >= '0' && s.p[i] <= '3' && s.p[i + 1] >= '0' &&
			   s.p[i + 1] <= '7' && s.p[i + 2] >= '0' && s.p[i + 2] <= '7') {
			out[n++] = (char)((s.p[i] - '0') << 6 | (s.p[i + 1] - '0') << 3 |
					  (s.p[i + 2] - '0'));
			i += 2;
		} else {
			return bad(r, CP_EINVAL, "a quoted name with a bad escape");
		}
	}
	if (i >= s.n)
		return bad(r, CP_EINVAL, "a quoted name does not end");
	*ret = cp_str_n(out, n);
	return 0;
}

/* Only a file inside of the repository, and not one of git's own. */
static int check_path(struct reader *r, struct cp_str path)
{
	struct cp_str clean = cp_path_clean(r->a, path), rest = path, part;

	if (!clean.p)
		return cp_err_nomem(r->err);
	if (!path.n || path.n > CP_MAX_PATH_BYTES || cp_path_is_abs(path) ||
	    !cp_str_eq(clean, path) || cp_str_find(path, '\0', 0) < path.n)
		return bad(r, CP_EINVAL, "no path of a file in a repository");
	while (cp_path_next(&rest, &part))
		if (cp_str_eq(part, CP_S("..")) || cp_str_eq(part, CP_S(".")) ||
		    cp_str_eq_nocase(part, CP_S(".git")))
			return bad(r, CP_EINVAL, "no path of a file in a repository");
	return 0;
}

/* `strip`: without its first folder. "" for /dev/null. */
static int read_name(struct reader *r, struct cp_str s, bool strip, struct cp_str *ret)
{
	size_t slash;
	int e = 0;

	s = cp_str_trim_right(s, "\r\n");
	if (s.n && s.p[0] == '"')
		e = unquote(r, s, &s);
	else
		s = cp_str_sub(s, 0, cp_str_find(s, '\t', 0));
	if (e < 0)
		return e;
	if (cp_str_eq(s, CP_S("/dev/null"))) {
		*ret = CP_S("");
		return 0;
	}
	slash = cp_str_find(s, '/', 0);
	if (strip && slash == s.n)
		return bad(r, CP_EINVAL, "a name without a folder to strip: a/NAME is expected");
	*ret = strip ? cp_str_from(s, slash + 1) : s;
	return check_path(r, *ret);
}

/* ---- hunks ---- */

static bool take_number(struct cp_str *s, size_t *ret)
{
	size_t n = 0, i = 0;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9' && n < SIZE_MAX / 20; i++)
		n = n * 10 + (size_t)(s->p[i] - '0');
	*s = cp_str_from(*s, i);
	*ret = n;
	return i > 0;
}

/* "-12,3" */
static bool take_range(struct cp_str *s, const char *sign, size_t *ret_first, size_t *ret_n)
{
	*ret_n = 1;
	if (!cp_str_starts(*s, cp_str_c(sign)))
		return false;
	*s = cp_str_from(*s, strlen(sign));
	if (!take_number(s, ret_first))
		return false;
	if (!cp_str_starts(*s, CP_S(",")))
		return true;
	*s = cp_str_from(*s, 1);
	return take_number(s, ret_n);
}

typedef CP_VEC(struct cp_patch_line) line_vec;

static int take_line(struct reader *r, line_vec *lines, size_t *n_old, size_t *n_new)
{
	char op = r->line.p[0];
	struct cp_str text = cp_str_from(r->line, 1);

	if (op == '\n' || op == '\r') { /* an editor took the blank of an empty line */
		op = ' ';
		text = r->line;
	}
	if (op != ' ' && op != '-' && op != '+')
		return bad(r, CP_EINVAL, "a hunk ends too soon");
	if ((op != '+' && *n_old == 0) || (op != '-' && *n_new == 0))
		return bad(r, CP_EINVAL, "a hunk has more lines than its head says");
	*n_old -= op != '+';
	*n_new -= op != '-';
	if (cp_vec_push(r->a, lines, (struct cp_patch_line){op, text}) < 0)
		return cp_err_nomem(r->err);
	next(r);
	if (begins(r, "\\")) { /* "\ No newline at end of file" */
		struct cp_patch_line *last = &lines->items[lines->n - 1];

		last->text = cp_str_trim_right(last->text, "\n");
		next(r);
	}
	return 0;
}

static int read_hunk(struct reader *r, struct cp_patch_hunk *ret)
{
	struct cp_str head = cp_str_from(r->line, 3);
	struct cp_patch_hunk h = {.line = r->number};
	line_vec lines = {0};
	size_t n_old, n_new;

	if (!take_range(&head, "-", &h.old_first, &n_old) ||
	    !take_range(&head, " +", &h.new_first, &n_new) || !cp_str_starts(head, CP_S(" @@")))
		return bad(r, CP_EINVAL, "the head of a hunk is not \"@@ -1,2 +1,2 @@\"");
	next(r);
	while (n_old || n_new) {
		int e = r->done ? bad(r, CP_EINVAL, "a hunk ends too soon")
				: take_line(r, &lines, &n_old, &n_new);

		if (e < 0)
			return e;
	}
	h.lines = lines.items;
	h.n_lines = lines.n;
	*ret = h;
	return 0;
}

static int read_hunks(struct reader *r, struct cp_patch_file *f)
{
	CP_VEC(struct cp_patch_hunk) hunks = {0};

	while (begins(r, "@@ ")) {
		struct cp_patch_hunk h;
		int e = read_hunk(r, &h);

		if (e < 0)
			return e;
		if (cp_vec_push(r->a, &hunks, h) < 0)
			return cp_err_nomem(r->err);
	}
	f->hunks = hunks.items;
	f->n_hunks = hunks.n;
	return 0;
}

/* ---- files ---- */

/* "--- a/x" and "+++ b/x", then hunks. */
static int read_texts(struct reader *r, struct cp_patch_file *f)
{
	int e = read_name(r, cp_str_from(r->line, 4), true, &f->old_path);

	next(r);
	if (e == 0 && !begins(r, "+++ "))
		e = bad(r, CP_EINVAL, "after --- comes +++");
	if (e == 0)
		e = read_name(r, cp_str_from(r->line, 4), true, &f->new_path);
	if (e == 0 && !f->old_path.n && !f->new_path.n)
		e = bad(r, CP_EINVAL, "a file that is neither before nor after");
	if (e < 0)
		return e;
	next(r);
	if (!begins(r, "@@ "))
		return bad(r, CP_EINVAL, "after +++ comes a hunk");
	return read_hunks(r, f);
}

static void read_mode(struct reader *r, struct cp_patch_file *f)
{
	f->mode_known = true;
	f->executable = cp_str_starts(cp_str_trim_right(r->line, "\r\n "), CP_S("new")) &&
			cp_str_ends(cp_str_trim_right(r->line, "\r\n "), CP_S("755"));
}

/* The same name twice in "diff --git a/x b/x", where no other line says it. */
static int name_of_both(struct reader *r, struct cp_str line, struct cp_patch_file *f)
{
	struct cp_str s = cp_str_trim_right(cp_str_from(line, 11), "\r\n"), a, b;
	size_t half = s.n / 2;

	if (s.n < 5 || s.n % 2 == 0 || s.p[half] != ' ')
		return bad(r, CP_EINVAL, "the head of a file names two files");
	a = cp_str_sub(s, 0, half);
	b = cp_str_from(s, half + 1);
	if (!cp_str_eq(cp_str_from(a, 2), cp_str_from(b, 2)))
		return bad(r, CP_EINVAL, "the head of a file names two files");
	f->old_path = f->new_path = cp_str_from(a, 2);
	return check_path(r, f->new_path);
}

struct git_head {
	struct cp_str line;
	bool created, removed, renamed;
};

/* Lines between "diff --git" and "---". */
static int read_extended(struct reader *r, struct git_head *head, struct cp_patch_file *f)
{
	for (; !r->done; next(r)) {
		int e = 0;

		if (begins(r, "new file mode ") || begins(r, "new mode "))
			read_mode(r, f);
		if (begins(r, "new file mode "))
			head->created = true;
		else if (begins(r, "deleted file mode "))
			head->removed = true;
		else if (begins(r, "rename from "))
			e = read_name(r, cp_str_from(r->line, 12), false, &f->old_path);
		else if (begins(r, "rename to "))
			e = read_name(r, cp_str_from(r->line, 10), false, &f->new_path);
		else if (begins(r, "copy from ") || begins(r, "GIT binary patch") ||
			 begins(r, "Binary files "))
			return bad(r, CP_EUNSUPPORTED, "copies and binary files are not applied");
		else if (!begins(r, "old mode ") && !begins(r, "new mode ") &&
			 !begins(r, "index ") && !begins(r, "similarity index ") &&
			 !begins(r, "dissimilarity index "))
			return 0;
		head->renamed = head->renamed || begins(r, "rename to ");
		if (e < 0)
			return e;
	}
	return 0;
}

static int read_git_file(struct reader *r, struct cp_patch_file *f)
{
	struct git_head head = {.line = r->line};
	int e;

	next(r);
	e = read_extended(r, &head, f);
	if (e < 0)
		return e;
	if (begins(r, "--- "))
		return read_texts(r, f);
	if (head.renamed)
		return f->old_path.n && f->new_path.n
			       ? 0
			       : bad(r, CP_EINVAL, "a rename wants both names");
	e = name_of_both(r, head.line, f);
	if (head.created)
		f->old_path = CP_S("");
	if (head.removed)
		f->new_path = CP_S("");
	return e;
}

static int read_file(struct reader *r)
{
	struct cp_patch_file f = {.old_path = CP_S(""), .new_path = CP_S("")};
	int e;

	if (begins(r, "diff --cc ") || begins(r, "diff --combined "))
		return bad(r, CP_EUNSUPPORTED, "combined diffs are not applied");
	e = begins(r, "diff --git ") ? read_git_file(r, &f) : read_texts(r, &f);
	if (e < 0)
		return e;
	if (r->files.n >= CP_MAX_PATCH_FILES)
		return cp_err_set(r->err, CP_ELIMIT, "a patch of more than %u files",
				  CP_MAX_PATCH_FILES);
	return cp_vec_push(r->a, &r->files, f) < 0 ? cp_err_nomem(r->err) : 0;
}

int cp_patch_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		   struct cp_patch *ret_patch, struct cp_err *err)
{
	struct cp_err local = {0};
	struct reader r = {.a = a, .rest = text, .name = name, .err = err ? err : &local};

	if (text.n > CP_MAX_PATCH_BYTES)
		return cp_err_set(err, CP_ELIMIT, "a patch of more than %u bytes",
				  CP_MAX_PATCH_BYTES);
	next(&r);
	while (!r.done) {
		int e = 0;

		if (begins(&r, "diff --") || begins(&r, "--- "))
			e = read_file(&r);
		else
			next(&r);
		if (e < 0)
			return e;
	}
	if (!r.files.n) {
		cp_err_set(err, CP_EINVAL, "%.*s: no unified diff of a file is in it",
			   CP_STR(name));
		return CP_EINVAL;
	}
	ret_patch->files = r.files.items;
	ret_patch->n_files = r.files.n;
	return 0;
}
