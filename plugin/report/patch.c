/* Edits of findings as a unified diff that `git apply` takes. Bytes go out as they are, so an edit near a control character is left out. */
#include "report/report_int.h"
#include "report/text_int.h"

#define CONTEXT 3 /* lines around a change */

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

static void put_line(struct cp_buf *out, char sign, struct cp_str line)
{
	cp_buf_addc(out, sign);
	cp_buf_adds(out, line);
	if (!cp_str_ends(line, CP_S("\n")))
		cp_buf_addz(out, "\n\\ No newline at end of file\n");
}

static void put_text(struct cp_buf *out, struct cp_str text)
{
	while (text.n) {
		struct cp_str line = cp_str_sub(text, 0, cp_str_find(text, '\n', 0) + 1);

		put_line(out, '+', line);
		text = cp_str_from(text, line.n);
	}
}

static int at_most(int x, int limit)
{
	return x < limit ? x : limit;
}

/* Edits that share their context, as one hunk. `shift`: lines that hunks before it added. */
static int put_hunk(struct cp_buf *out, const struct lines *l, const struct cp_edit **edits,
		    size_t n, int shift)
{
	int first = edits[0]->line - CONTEXT < 1 ? 1 : edits[0]->line - CONTEXT;
	int last = at_most(edits[n - 1]->line_end + CONTEXT, l->n), at = first, added = 0;

	for (size_t i = 0; i < n; i++)
		added += count(edits[i]->text) - (edits[i]->line_end - edits[i]->line + 1);
	cp_buf_printf(out, "@@ -%d,%d +%d,%d @@\n", first, last - first + 1, first + shift,
		      last - first + 1 + added);
	for (size_t i = 0; i < n; i++) {
		for (; at < edits[i]->line; at++)
			put_line(out, ' ', l->items[at - 1]);
		for (; at <= edits[i]->line_end; at++)
			put_line(out, '-', l->items[at - 1]);
		put_text(out, edits[i]->text);
	}
	for (; at <= last; at++)
		put_line(out, ' ', l->items[at - 1]);
	return shift + added;
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

/* "a/Dockerfile", in quotes with escapes where git writes it so. */
static void put_path(struct cp_buf *out, const char *side, struct cp_str path)
{
	bool plain = true;

	for (size_t i = 0; i < path.n; i++)
		plain = plain && path.p[i] > 0x20 && path.p[i] < 0x7F && path.p[i] != '"' &&
			path.p[i] != '\\';
	cp_buf_printf(out, plain ? "%s" : "\"%s", side);
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
			cp_buf_printf(out, "\\%03o", c);
		else
			cp_buf_addc(out, (char)c);
	}
	if (!plain)
		cp_buf_addc(out, '"');
}

static int patch(struct cp_arena *a, const struct cp_report_advice *im, struct cp_buf *out)
{
	struct lines l = cut(a, im->text);
	const struct cp_edit **edits = cp_arena_array(a, im->advice->n, sizeof(const void *));
	size_t n, end;
	int shift = 0;

	if (!l.items || !edits)
		return CP_ENOMEM;
	n = choose(im, &l, edits);
	if (!n || !is_printable(im->text))
		return 0;
	cp_buf_addz(out, "--- ");
	put_path(out, "a/", im->dockerfile);
	cp_buf_addz(out, "\n+++ ");
	put_path(out, "b/", im->dockerfile);
	cp_buf_addc(out, '\n');
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1;
		     end < n && edits[end]->line - edits[end - 1]->line_end <= 2 * CONTEXT; end++)
			;
		shift = put_hunk(out, &l, edits + i, end - i, shift);
	}
	return 0;
}

void cp_report_patch(const struct cp_report_advice *images, size_t n, struct cp_buf *out)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_map done = {0};
	int r = a ? 0 : CP_ENOMEM;

	/* one patch a Dockerfile: that of the first image built from it */
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!images[i].advice || cp_map_get(&done, images[i].dockerfile))
			continue;
		r = cp_map_put(a, &done, images[i].dockerfile, &done);
		if (r == 0)
			r = patch(a, &images[i], out);
	}
	if (r < 0 && !out->failed)
		out->failed = r;
}
