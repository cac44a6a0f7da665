/* Edits of findings as a unified diff that `git apply` takes. Bytes go out as they are, so an edit near a control character is left out. */
#include "patch/patch.h"
#include "report/report_int.h"
#include "report/text_int.h"

#define MAX_MOVED 1000 /* lines of an edit that are looked through for those that it keeps */

struct lines {
	struct cp_str *items; /* line feeds included */
	int n;
};

static bool is_printable(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F)
			return false;
	}
	return cp_utf8_valid(s);
}

static int count(struct cp_str text)
{
	int n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n' || i + 1 == text.n;
	return n;
}

static struct lines cut(struct cp_arena *a, struct cp_str text)
{
	struct lines l = {.items = cp_arena_array(a, (size_t)count(text), sizeof(*l.items))};

	while (l.items && text.n) {
		size_t end = cp_str_find(text, '\n', 0) + 1;

		l.items[l.n] = cp_str_sub(text, 0, end);
		text = cp_str_from(text, l.items[l.n++].n);
	}
	return l;
}

/* Lines of a text, each with the sign. */
static int add_text(struct cp_arena *a, struct cp_patch_lines *out, struct cp_str text)
{
	int r = 0;

	while (r == 0 && text.n) {
		struct cp_str line = cp_str_sub(text, 0, cp_str_find(text, '\n', 0) + 1);

		r = cp_patch_add_line(a, out, '+', line);
		text = cp_str_from(text, line.n);
	}
	return r;
}

/* How many lines from the first on an edit keeps, at the end of its text: what it moves up stands before them. */
static int n_kept(const struct lines *l, const struct cp_edit *e)
{
	const char *first = l->items[e->line - 1].p;

	for (int i = e->line_end; i >= e->line && e->line_end - e->line < MAX_MOVED; i--) {
		struct cp_str last = l->items[i - 1];
		struct cp_str kept = {first, (size_t)(last.p + last.n - first)};

		if (cp_str_ends(e->text, kept) && cp_str_ends(kept, CP_S("\n")) &&
		    (e->text.n == kept.n || e->text.p[e->text.n - kept.n - 1] == '\n'))
			return i - e->line + 1;
	}
	return 0;
}

static int add_edit(struct cp_arena *a, struct cp_patch_lines *out, const struct lines *l,
		    const struct cp_edit *e)
{
	int kept = n_kept(l, e), r = 0;
	size_t n = 0;

	for (int i = 0; i < kept; i++)
		n += l->items[e->line - 1 + i].n;
	if (kept)
		r = add_text(a, out, cp_str_sub(e->text, 0, e->text.n - n));
	for (int i = e->line; r == 0 && i <= e->line_end; i++)
		r = cp_patch_add_line(a, out, i < e->line + kept ? ' ' : '-', l->items[i - 1]);
	return r < 0 || kept ? r : add_text(a, out, e->text);
}

static int add_lines(struct cp_arena *a, struct cp_patch_lines *out, const struct lines *l,
		     const struct cp_edit **edits, size_t n)
{
	size_t at = 0;
	int r = 0;

	for (int i = 1; r == 0 && i <= l->n; i++) {
		if (at < n && i == edits[at]->line) {
			i = edits[at]->line_end;
			r = add_edit(a, out, l, edits[at++]);
		} else {
			r = cp_patch_add_line(a, out, ' ', l->items[i - 1]);
		}
	}
	return r;
}

/* The edits of an image in order, without those that change a line of one before. */
static size_t choose(const struct cp_report_advice *im, const struct lines *l,
		     const struct cp_edit **edits)
{
	size_t n = 0;

	for (size_t i = 0; i < im->advice->n; i++) {
		const struct cp_edit *e = im->advice->findings[i].edit;
		size_t at = n;

		if (!e || e->line < 1 || e->line_end > l->n)
			continue;
		while (at > 0 && edits[at - 1]->line > e->line)
			at--;
		if ((at > 0 && edits[at - 1]->line_end >= e->line) ||
		    (at < n && edits[at]->line <= e->line_end))
			continue;
		memmove(&edits[at + 1], &edits[at], (n - at) * sizeof(*edits));
		edits[at] = e;
		n++;
	}
	return n;
}

/* Files that are not there yet, each once. */
static int put_created(struct cp_arena *a, const struct cp_report_advice *im, struct cp_map *done,
		       struct cp_buf *out)
{
	for (size_t i = 0; i < im->advice->n; i++) {
		const struct cp_finding *f = &im->advice->findings[i];
		struct cp_patch_lines lines = {NULL, 0, 0};

		if (!f->creates.n || cp_map_get(done, f->creates))
			continue;
		if (cp_map_put(a, done, f->creates, done) < 0 ||
		    add_text(a, &lines, f->creates_text) < 0)
			return CP_ENOMEM;
		cp_patch_write(out, f->creates, &lines, true);
	}
	return 0;
}

/* Lines for the end of the ignore file, each once. */
static int put_ignored(struct cp_arena *a, const struct cp_report_advice *im, struct cp_buf *out)
{
	struct lines l = cut(a, im->ignore_text);
	struct cp_patch_lines lines = {NULL, 0, 0};
	struct cp_str added = CP_S("");
	int r = l.items ? 0 : CP_ENOMEM;

	for (size_t i = 0; i < im->advice->n; i++)
		if (cp_str_find_str(added, im->advice->findings[i].appends, 0) == added.n)
			added = cp_arena_cat(a, added, im->advice->findings[i].appends);
	if (!added.p)
		return CP_ENOMEM;
	if (!added.n || !is_printable(im->ignore_text) || !cp_str_ends(im->ignore_text, CP_S("\n")))
		return r;
	for (int i = 0; r == 0 && i < l.n; i++)
		r = cp_patch_add_line(a, &lines, ' ', l.items[i]);
	if (r == 0)
		r = add_text(a, &lines, added);
	if (r == 0)
		cp_patch_write(out, im->ignore_file, &lines, false);
	return r;
}

static int patch(struct cp_arena *a, const struct cp_report_advice *im, struct cp_buf *out)
{
	struct lines l = cut(a, im->text);
	const struct cp_edit **edits = cp_arena_array(a, im->advice->n, sizeof(const void *));
	struct cp_patch_lines lines = {NULL, 0, 0};
	size_t n;

	if (!l.items || !edits)
		return CP_ENOMEM;
	n = choose(im, &l, edits);
	if (!n || !is_printable(im->text))
		return 0;
	if (add_lines(a, &lines, &l, edits, n) < 0)
		return CP_ENOMEM;
	cp_patch_write(out, im->dockerfile, &lines, false);
	return 0;
}

void cp_report_patch(const struct cp_report_advice *images, size_t n, struct cp_buf *out)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_map done = {0};
	int r = a ? 0 : CP_ENOMEM;

	/* one patch a Dockerfile: that of the first image built from it */
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!images[i].advice)
			continue;
		r = put_created(a, &images[i], &done, out);
		if (r == 0 && images[i].ignore_file.n &&
		    !cp_map_get(&done, images[i].ignore_file)) {
			r = cp_map_put(a, &done, images[i].ignore_file, &done);
			if (r == 0)
				r = put_ignored(a, &images[i], out);
		}
		if (r < 0 || cp_map_get(&done, images[i].dockerfile))
			continue;
		r = cp_map_put(a, &done, images[i].dockerfile, &done);
		if (r == 0)
			r = patch(a, &images[i], out);
	}
	if (r < 0 && !out->failed)
		out->failed = r;
}
