/* Requirement blocks ─► the files of the layers. */
#include "split_int.h"

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
		      struct cp_patch_lines *edits)
{
	int r = 0;

	for (int i = from; r == 0 && i <= to; i++)
		r = cp_patch_add_line(a, edits, '+', ended(a, all, (size_t)i - 1));
	return r;
}

/* Settings come first in every file, in their order: which index is asked first decides what is installed. */
static int copy_options(struct cp_arena *a, const struct cp_requirements *all,
			struct cp_patch_lines *edits)
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
			 struct cp_patch_lines *edits)
{
	return cp_patch_add_line(a, edits, '+',
				 cp_arena_printf(a, "-r %.*s%.*s",
						 CP_STR(cp_path_base(f->layers[layer])),
						 CP_STR(end_of_lines(f->all))));
}

static int print_layer(struct cp_arena *a, const struct cp_split_files *f, uint32_t layer,
		       struct cp_buf *out)
{
	struct cp_patch_lines edits = {NULL, 0, 0};
	int r = cp_patch_add_line(
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
		cp_patch_write(out, f->layers[layer], &edits, true);
	return r;
}

static int print_rest(struct cp_arena *a, const struct cp_split_files *f, struct cp_buf *out)
{
	const struct cp_requirements *all = f->all;
	struct cp_patch_lines edits = {NULL, 0, 0};
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
			r = cp_patch_add_line(a, &edits, moved ? '-' : ' ', all->lines[i]);
	}
	if (r == 0)
		cp_patch_write(out, f->path, &edits, false);
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
