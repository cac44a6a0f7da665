/* Edits ─► unified diffs; requirement blocks ─► the files of the layers. */
#include "split.h"

#define CONTEXT 3

int cp_edit_add(struct cp_arena *a, struct cp_line_edits *edits, char op, struct cp_str line)
{
	if (!line.p)
		return CP_ENOMEM;
	return cp_vec_push(a, edits, (struct cp_line_edit){op, line}) < 0 ? CP_ENOMEM : 0;
}

/* ---- diffs ---- */

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

static void put_line(struct cp_buf *out, const struct cp_line_edit *e)
{
	cp_buf_addc(out, e->op);
	cp_buf_adds(out, e->line);
	if (!cp_str_ends(e->line, CP_S("\n")))
		cp_buf_addz(out, "\n\\ No newline at end of file\n");
}

static void count(const struct cp_line_edits *edits, size_t from, size_t to, size_t *ret_old,
		  size_t *ret_new)
{
	*ret_old = *ret_new = 0;
	for (size_t i = from; i < to; i++) {
		*ret_old += edits->items[i].op != '+';
		*ret_new += edits->items[i].op != '-';
	}
}

static size_t next_change(const struct cp_line_edits *edits, size_t from)
{
	while (from < edits->n && edits->items[from].op == ' ')
		from++;
	return from;
}

/* Where the hunk that begins with the change at `at` ends: behind its last change. */
static size_t hunk_end(const struct cp_line_edits *edits, size_t at)
{
	size_t end = at;

	while (at < edits->n && at - end <= 2 * CONTEXT) {
		while (at < edits->n && edits->items[at].op != ' ')
			at++;
		end = at;
		at = next_change(edits, at);
	}
	return end;
}

static void put_hunk(struct cp_buf *out, const struct cp_line_edits *edits, size_t from, size_t to)
{
	size_t old_at, new_at, n_old, n_new;

	from = from < CONTEXT ? 0 : from - CONTEXT;
	to = to + CONTEXT < edits->n ? to + CONTEXT : edits->n;
	count(edits, 0, from, &old_at, &new_at);
	count(edits, from, to, &n_old, &n_new);
	cp_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_old ? old_at + 1 : old_at, n_old,
		      n_new ? new_at + 1 : new_at, n_new);
	for (size_t i = from; i < to; i++)
		put_line(out, &edits->items[i]);
}

void cp_edits_print(struct cp_buf *out, struct cp_str path, const struct cp_line_edits *edits,
		    bool created)
{
	size_t at = next_change(edits, 0);

	if (at >= edits->n)
		return;
	cp_buf_addz(out, "diff --git ");
	put_path(out, "a/", path);
	cp_buf_addc(out, ' ');
	put_path(out, "b/", path);
	cp_buf_addz(out, created ? "\nnew file mode 100644\n--- /dev/null\n" : "\n");
	if (!created)
		put_name(out, "---", "a/", path);
	put_name(out, "+++", "b/", path);
	while (at < edits->n) {
		size_t end = hunk_end(edits, at);

		put_hunk(out, edits, at, end);
		at = next_change(edits, end);
	}
}

/* ---- the files of the layers ---- */

static struct cp_str end_of_lines(const struct cp_requirements *all)
{
	return all->n_lines && cp_str_ends(all->lines[0], CP_S("\r\n")) ? CP_S("\r\n") : CP_S("\n");
}

/* A line of the file as one of another: it ends. */
static struct cp_str ended(struct cp_arena *a, const struct cp_requirements *all, size_t i)
{
	struct cp_str line = all->lines[i];

	return cp_str_ends(line, CP_S("\n")) ? line : cp_arena_cat(a, line, end_of_lines(all));
}

static int copy_lines(struct cp_arena *a, const struct cp_requirements *all, int from, int to,
		      struct cp_line_edits *edits)
{
	int r = 0;

	for (int i = from; r == 0 && i <= to; i++)
		r = cp_edit_add(a, edits, '+', ended(a, all, (size_t)i - 1));
	return r;
}

/* Settings come first in every file, in their order: which index is asked first decides what is installed. */
static int copy_options(struct cp_arena *a, const struct cp_requirements *all,
			struct cp_line_edits *edits)
{
	int r = 0, done = 0;

	for (size_t i = 0; r == 0 && i < all->n_options; i++) {
		const struct cp_req_option *o = &all->options[i];

		if (o->kind == CP_REQ_OPT_REQUIREMENT || o->line <= done)
			continue;
		r = copy_lines(a, all, o->line, o->line_end, edits);
		done = o->line_end;
	}
	return r;
}

/* Each file includes the one before it: `uv pip sync` of a later layer takes nothing away, and every other user sees one file. */
static int include_layer(struct cp_arena *a, const struct cp_split_files *f, size_t layer,
			 struct cp_line_edits *edits)
{
	return cp_edit_add(a, edits, '+',
			   cp_arena_printf(a, "-r %.*s%.*s", CP_STR(cp_path_base(f->layers[layer])),
					   CP_STR(end_of_lines(f->all))));
}

static int print_layer(struct cp_arena *a, const struct cp_split_files *f, uint32_t layer,
		       struct cp_buf *out)
{
	struct cp_line_edits edits = {NULL, 0, 0};
	int r = cp_edit_add(
		a, &edits, '+',
		cp_arena_printf(
			a, "# Packages of %.*s that change less often; it includes this file.%.*s",
			CP_STR(cp_path_base(f->path)), CP_STR(end_of_lines(f->all))));

	if (r == 0)
		r = copy_options(a, f->all, &edits);
	if (r == 0 && layer)
		r = include_layer(a, f, layer - 1, &edits);
	for (size_t i = 0; r == 0 && i < f->all->n_items; i++)
		if (f->layer_of[i] == layer)
			r = copy_lines(a, f->all, f->all->items[i].block,
				       f->all->items[i].block_end, &edits);
	if (r == 0)
		cp_edits_print(out, f->layers[layer], &edits, true);
	return r;
}

static int print_rest(struct cp_arena *a, const struct cp_split_files *f, struct cp_buf *out)
{
	const struct cp_requirements *all = f->all;
	struct cp_line_edits edits = {NULL, 0, 0};
	size_t item = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n_lines; i++) {
		int line = (int)i + 1;
		bool moved;

		if (item == 0 && line == all->items[0].block)
			r = include_layer(a, f, f->n_layers - 1, &edits);
		while (item < all->n_items && line > all->items[item].block_end)
			item++;
		moved = item < all->n_items && line >= all->items[item].block &&
			f->layer_of[item] < f->n_layers;
		if (r == 0)
			r = cp_edit_add(a, &edits, moved ? '-' : ' ', all->lines[i]);
	}
	if (r == 0)
		cp_edits_print(out, f->path, &edits, false);
	return r;
}

int cp_split_files_print(struct cp_arena *a, const struct cp_split_files *f, struct cp_buf *out,
			 struct cp_err *err)
{
	int r = 0;

	for (size_t i = 0; i < f->all->n_lines; i++) {
		struct cp_str line = f->all->lines[i];
		bool ends = cp_str_ends(line, CP_S("\n"));

		if ((!ends && i + 1 < f->all->n_lines) || cp_str_find(line, '\n', 0) + 1 < line.n)
			return cp_err_set(
				err, CP_EUNSUPPORTED,
				"line %zu of %.*s ends in a character that only Python takes for an end of line",
				i + 1, CP_STR(f->path));
	}
	for (uint32_t l = 0; r == 0 && l < f->n_layers; l++)
		r = print_layer(a, f, l, out);
	if (r == 0)
		r = print_rest(a, f, out);
	return r < 0 ? cp_err_nomem(err) : 0;
}
