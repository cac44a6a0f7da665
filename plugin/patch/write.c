/* Lines that stay, go and come ─► a unified diff. */
#include "patch/patch.h"

#define CONTEXT 3 /* lines around a change */

int cp_patch_add_line(struct cp_arena *a, struct cp_patch_lines *lines, char op, struct cp_str text)
{
	if (!text.p)
		return CP_ENOMEM;
	return cp_vec_push(a, lines, (struct cp_patch_line){op, text}) < 0 ? CP_ENOMEM : 0;
}

/* As git writes a path: quoted when a byte of it is not plain. */
static void put_path(struct cp_buf *out, const char *prefix, struct cp_str path)
{
	bool quote = false;

	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		quote = quote || c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
	}
	cp_buf_printf(out, "%s%s", quote ? "\"" : "", prefix);
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < 0x20 || c >= 0x7f)
			cp_buf_printf(out, "\\%03o", c);
		else if (c == '"' || c == '\\')
			cp_buf_printf(out, "\\%c", c);
		else
			cp_buf_addc(out, (char)c);
	}
	if (quote)
		cp_buf_addc(out, '"');
}

static void put_name(struct cp_buf *out, const char *sign, const char *prefix, struct cp_str path)
{
	cp_buf_printf(out, "%s ", sign);
	put_path(out, prefix, path);
	if (cp_str_find(path, ' ', 0) < path.n)
		cp_buf_addc(out, '\t'); /* where the name ends */
	cp_buf_addc(out, '\n');
}

static void put_line(struct cp_buf *out, const struct cp_patch_line *e)
{
	cp_buf_addc(out, e->op);
	cp_buf_adds(out, e->text);
	if (!cp_str_ends(e->text, CP_S("\n")))
		cp_buf_addz(out, "\n\\ No newline at end of file\n");
}

static void count(const struct cp_patch_lines *lines, size_t from, size_t to, size_t *ret_old,
		  size_t *ret_new)
{
	*ret_old = *ret_new = 0;
	for (size_t i = from; i < to; i++) {
		*ret_old += lines->items[i].op != '+';
		*ret_new += lines->items[i].op != '-';
	}
}

static size_t next_change(const struct cp_patch_lines *lines, size_t from)
{
	while (from < lines->n && lines->items[from].op == ' ')
		from++;
	return from;
}

/* Where the hunk that begins with the change at `at` ends: behind its last change. */
static size_t hunk_end(const struct cp_patch_lines *lines, size_t at)
{
	size_t end = at;

	while (at < lines->n && at - end <= 2 * CONTEXT) {
		while (at < lines->n && lines->items[at].op != ' ')
			at++;
		end = at;
		at = next_change(lines, at);
	}
	return end;
}

static void put_hunk(struct cp_buf *out, const struct cp_patch_lines *lines, size_t from, size_t to)
{
	size_t old_at, new_at, n_old, n_new;

	from = from < CONTEXT ? 0 : from - CONTEXT;
	to = to + CONTEXT < lines->n ? to + CONTEXT : lines->n;
	count(lines, 0, from, &old_at, &new_at);
	count(lines, from, to, &n_old, &n_new);
	cp_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_old ? old_at + 1 : old_at, n_old,
		      n_new ? new_at + 1 : new_at, n_new);
	for (size_t i = from; i < to; i++)
		put_line(out, &lines->items[i]);
}

void cp_patch_write(struct cp_buf *out, struct cp_str path, const struct cp_patch_lines *lines,
		    bool created)
{
	size_t at = next_change(lines, 0);

	if (at >= lines->n)
		return;
	cp_buf_addz(out, "diff --git ");
	put_path(out, "a/", path);
	cp_buf_addc(out, ' ');
	put_path(out, "b/", path);
	cp_buf_addz(out, created ? "\nnew file mode 100644\n--- /dev/null\n" : "\n");
	if (!created)
		put_name(out, "---", "a/", path);
	put_name(out, "+++", "b/", path);
	while (at < lines->n) {
		size_t end = hunk_end(lines, at);

		put_hunk(out, lines, at, end);
		at = next_change(lines, end);
	}
}
