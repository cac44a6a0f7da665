/* A Markdown text that fits, and one without HTML. Both work on what report/ writes: strangers' text in it is code. */
#include "report/markdown_int.h"

static const char missing[] =
	"\n*The rest is left out: the text would be too long for this forge.*\n";
static const char closing[] = "\n</details>\n";

struct cut {
	struct cp_str rest;
	size_t room; /* bytes that may still be written */
	size_t open; /* details that are open */
	struct cp_buf *out;
};

static bool is_fence(struct cp_str line)
{
	return cp_str_starts(line, CP_S("```"));
}

/* Bytes of the line at `from`, its end included. */
static size_t line_at(struct cp_str s, size_t from)
{
	size_t end = cp_str_find(s, '\n', from);

	return (end < s.n ? end + 1 : end) - from;
}

/* A fence whole, the head of a table with its ruler and first row, else one line. */
static size_t unit(struct cp_str s)
{
	size_t n = line_at(s, 0);

	if (is_fence(s)) {
		while (n < s.n) {
			bool end = is_fence(cp_str_from(s, n));

			n += line_at(s, n);
			if (end)
				break;
		}
	} else if (cp_str_starts(s, CP_S("| ")) && cp_str_starts(cp_str_from(s, n), CP_S("|---"))) {
		n += line_at(s, n);
		n += line_at(s, n);
	}
	return n;
}

/* Bytes that end what would be open after `line`. */
static size_t open_after(const struct cut *c, struct cp_str line)
{
	size_t open = c->open;

	if (cp_str_starts(line, CP_S("<details>")))
		return open + 1;
	return cp_str_starts(line, CP_S("</details>")) && open ? open - 1 : open;
}

/* Takes units until one does not fit. True: nothing is left. */
static bool fill(struct cut *c)
{
	while (c->rest.n) {
		size_t n = unit(c->rest), open = open_after(c, c->rest);

		if (n + open * (sizeof(closing) - 1) > c->room)
			return false;
		cp_buf_adds(c->out, cp_str_sub(c->rest, 0, n));
		c->room -= n;
		c->open = open;
		c->rest = cp_str_from(c->rest, n);
	}
	return true;
}

void cp_markdown_shorten(struct cp_str body, struct cp_str footer, size_t max, struct cp_buf *out)
{
	size_t tail = footer.n + sizeof(missing) - 1;
	struct cut c = {.rest = body, .out = out};

	if (body.n + footer.n <= max) {
		cp_buf_adds(out, body);
		cp_buf_adds(out, footer);
		return;
	}
	c.room = max > tail ? max - tail : 0;
	fill(&c);
	for (; c.open; c.open--)
		cp_buf_addz(out, closing);
	cp_buf_addz(out, missing);
	cp_buf_adds(out, footer);
}

/* ---- without HTML ---- */

static bool take(struct cp_str *s, const char *word)
{
	struct cp_str w = cp_str_c(word);

	if (!cp_str_starts(*s, w))
		return false;
	*s = cp_str_from(*s, w.n);
	return true;
}

/* One sign of a code element, character references read. */
static void code_sign(struct cp_str *s, struct cp_buf *out)
{
	size_t end = cp_str_find(*s, ';', 0);
	int64_t v = 0;

	if (cp_str_starts(*s, CP_S("&#")) && end < s->n &&
	    cp_str_to_int(cp_str_sub(*s, 2, end), 10, &v) && v > 0 && v < 128) {
		*s = cp_str_from(*s, end + 1);
	} else {
		v = (unsigned char)s->p[0];
		*s = cp_str_from(*s, 1);
	}
	if (v == '`')
		cp_buf_addc(out, '\'');
	else if (v == '|')
		cp_buf_addz(out, "\xc2\xa6");
	else
		cp_buf_addc(out, (char)v);
}

/* After "<code>": a span. Blanks and backslashes at its ends would end it otherwise than it looks. */
static void code(struct cp_str *s, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf text = CP_BUF_PART(out, CP_MAX_OUTPUT_BYTES);
	struct cp_str t;

	while (s->n && !take(s, "</code>"))
		code_sign(s, &text);
	t = cp_str_trim(cp_buf_str(&text), " ");
	if (cp_str_ends(t, CP_S("\\")))
		t = cp_str_trim_right(t, "\\");
	if (!t.n)
		return;
	cp_buf_addc(out, '`');
	cp_buf_adds(out, t);
	cp_buf_addc(out, '`');
}

void cp_markdown_without_html(struct cp_str text, struct cp_buf *out)
{
	while (text.n) {
		if (text.p[0] == '`') { /* a span of ours has no backquote in it */
			size_t end = cp_str_find(text, '`', 1);

			cp_buf_adds(out, cp_str_sub(text, 0, end + 1));
			text = cp_str_from(text, end + 1);
		} else if (take(&text, "<code>")) {
			code(&text, out);
		} else if (take(&text, "<details><summary>")) {
			cp_buf_addz(out, "**");
		} else if (take(&text, "</summary>")) {
			cp_buf_addz(out, "**");
		} else if (!take(&text, "</details>\n") && !take(&text, "<sub>") &&
			   !take(&text, "</sub>")) {
			cp_buf_addc(out, text.p[0]);
			text = cp_str_from(text, 1);
		}
	}
}
