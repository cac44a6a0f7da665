/* What git does to the bytes of a blob at checkout: line ends and $Id$ (convert.c of git). */
#include "repo/attributes_int.h"

/* ---- line ends ---- */

struct line_stats {
	size_t nul, lone_cr, lone_lf, crlf, printable, unprintable;
};

static bool is_text_control(unsigned char c)
{
	return c == '\b' || c == '\t' || c == '\f' || c == 0x1b;
}

static struct line_stats count_bytes(struct cp_str s)
{
	struct line_stats n = {0};

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			n.crlf++;
			i++;
		} else if (c == '\r') {
			n.lone_cr++;
		} else if (c == '\n') {
			n.lone_lf++;
		} else if (c == 0x7f || (c < 0x20 && !is_text_control(c))) {
			n.unprintable++;
			n.nul += c == 0;
		} else {
			n.printable++;
		}
	}
	if (s.n && s.p[s.n - 1] == 0x1a) /* the end-of-file mark of CP/M */
		n.unprintable--;
	return n;
}

static bool looks_binary(const struct line_stats *n)
{
	return n->lone_cr || n->nul || n->printable / 128 < n->unprintable;
}

static bool wants_crlf(enum cp_conversion_kind kind, struct cp_str s)
{
	struct line_stats n;

	if (kind != CP_CONV_CRLF && kind != CP_CONV_CRLF_AUTO)
		return false;
	n = count_bytes(s);
	if (n.lone_lf == 0)
		return false;
	return kind == CP_CONV_CRLF || (!n.lone_cr && !n.crlf && !looks_binary(&n));
}

static void add_with_crlf(struct cp_str s, struct cp_buf *out)
{
	while (s.n) {
		size_t n = cp_str_find(s, '\n', 0);

		cp_buf_add(out, s.p, n);
		if (n < s.n) {
			if (n == 0 || s.p[n - 1] != '\r')
				cp_buf_addc(out, '\r');
			cp_buf_addc(out, '\n');
		}
		s = cp_str_from(s, n + 1);
	}
}

/* ---- $Id$ ---- */

/*
 * Behind a dollar: how many bytes of "Id$" or "Id:...$" are to be replaced? 0: none. An expansion with blanks inside is another
 * system's and stays; one that spans lines is none.
 */
static size_t ident_length(struct cp_str s)
{
	size_t end, blank;

	if (s.n < 3 || s.p[0] != 'I' || s.p[1] != 'd')
		return 0;
	if (s.p[2] == '$')
		return 3;
	if (s.p[2] != ':')
		return 0;
	end = cp_str_find(s, '$', 3);
	if (end >= s.n || cp_str_find(cp_str_sub(s, 0, end), '\n', 3) < end)
		return 0;
	blank = cp_str_find(cp_str_sub(s, 0, end), ' ', 4);
	return end > 4 && blank < end - 1 ? 0 : end + 1;
}

/* Git has two ways to write a file. This one is for files whose line ends depend on their content. */
static void add_with_ident(struct cp_str s, const char *hex, struct cp_buf *out)
{
	while (s.n) {
		size_t n = cp_str_find(s, '$', 0), id;

		if (n >= s.n) {
			cp_buf_adds(out, s);
			return;
		}
		cp_buf_add(out, s.p, n + 1);
		s = cp_str_from(s, n + 1);
		id = ident_length(s);
		if (id == 0)
			continue;
		cp_buf_printf(out, "Id: %s $", hex);
		s = cp_str_from(s, id);
	}
}

/*
 * The other one, for all other files: git's stream filter. It differs in what follows a false start ("$$Id$" is left alone), and
 * it loses the false start of "$Idx$Id: ...$".
 */
struct ident_stream {
	const char *hex;
	struct cp_buf *out;
	size_t matched; /* bytes of "$Id", and of the NUL behind it, that were seen and not yet written */
	bool skipping; /* behind "$Id:" */
	size_t mark;   /* where the output begins that git could still take back */
};

static void ident_done(struct ident_stream *i)
{
	i->matched = 0;
	i->skipping = false;
	i->mark = i->out->n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_foreign(struct cp_str s)
{
	struct cp_str word = CP_S("$Id: ");

	if (!cp_str_starts(s, word))
		return false;
	for (size_t k = word.n; k < s.n && s.p[k]; k++)
		if (is_blank(s.p[k]) && k + 1 < s.n && s.p[k + 1] != '$')
			return true;
	return false;
}

static void ident_skip(struct ident_stream *i, char c)
{
	cp_buf_addc(i->out, c);
	if (c == '$' && !cp_buf_error(i->out) &&
	    !is_foreign(cp_str_from(cp_buf_str(i->out), i->mark))) {
		i->out->n = i->mark + strlen("$Id");
		cp_buf_printf(i->out, ": %s $", i->hex);
	}
	if (c == '$' || c == '\n')
		ident_done(i);
}

static void ident_byte(struct ident_stream *i, char c)
{
	static const char head[4] = "$Id";
	size_t matched = i->matched;

	if (i->skipping) {
		ident_skip(i, c);
		return;
	}
	if (matched < sizeof(head) && head[matched] == c) {
		i->matched++;
		return;
	}
	cp_buf_add(i->out, head, matched);
	i->matched = 0;
	if (matched == strlen(head) && c == '$')
		cp_buf_printf(i->out, ": %s $", i->hex);
	else
		cp_buf_addc(i->out, c);
	i->skipping = matched == strlen(head) && c == ':';
	if (matched != strlen(head) || c == '$')
		ident_done(i);
}

static void stream_with_ident(struct cp_str s, const char *hex, struct cp_buf *out)
{
	struct ident_stream i = {.hex = hex, .out = out, .mark = out->n};

	for (size_t k = 0; k < s.n; k++) {
		size_t plain = i.matched == 0 && !i.skipping && s.p[k] != '$'
				       ? cp_str_find(s, '$', k) - k
				       : 0;

		if (plain) {
			cp_buf_add(out, s.p + k, plain);
			ident_done(&i);
			k += plain - 1;
			continue;
		}
		ident_byte(&i, s.p[k]);
	}
	cp_buf_add(out, "$Id", i.matched);
}

static bool has_ident(const struct cp_conversion *c)
{
	return c->kind == CP_CONV_IDENT || cp_str_eq(c->detail, CP_S("ident"));
}

int cp_convert(const struct cp_conversion *c, const struct cp_oid *oid, struct cp_str blob,
	       struct cp_buf *out, struct cp_err *err)
{
	cp_auto_buf struct cp_buf expanded = CP_BUF_INIT(out->max);
	char hex[65];
	int r;

	if (c->kind == CP_CONV_FILTER)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "git's filter %.*s changes the file at checkout",
				  CP_STR(c->detail));
	if (c->kind == CP_CONV_ENCODING)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "git writes the file in another encoding (%.*s)",
				  CP_STR(c->detail));
	if (has_ident(c)) {
		cp_hex(oid->bytes, oid->n, hex);
		if (c->kind == CP_CONV_CRLF_AUTO)
			add_with_ident(blob, hex, &expanded);
		else
			stream_with_ident(blob, hex, &expanded);
		blob = cp_buf_str(&expanded);
	}
	if (wants_crlf(c->kind, blob))
		add_with_crlf(blob, out);
	else
		cp_buf_adds(out, blob);
	r = cp_buf_error(&expanded) ? cp_buf_error(&expanded) : cp_buf_error(out);
	return r < 0 ? cp_err_set(err, r,
				  r == CP_ENOMEM ? "out of memory"
						 : "a converted file is over its limit")
		     : 0;
}

/* ---- the other way ---- */

/* "$Id: ... $" back to "$Id$". */
static void add_without_ident(struct cp_str s, struct cp_buf *out)
{
	while (s.n) {
		size_t n = cp_str_find(s, '$', 0), id;

		cp_buf_adds(out, cp_str_sub(s, 0, n + 1));
		s = cp_str_from(s, n + 1);
		id = ident_length(s);
		if (id == 0)
			continue;
		cp_buf_addz(out, "Id$");
		s = cp_str_from(s, id);
	}
}

static void add_without_cr(struct cp_str s, struct cp_buf *out)
{
	while (s.n) {
		size_t n = cp_str_find_str(s, CP_S("\r\n"), 0);

		cp_buf_add(out, s.p, n);
		if (n < s.n)
			cp_buf_addc(out, '\n');
		s = cp_str_from(s, n + 2);
	}
}

void cp_repo_unconvert(const struct cp_conversion *c, struct cp_str file, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf lines = CP_BUF_INIT(out->max);
	bool crlf = c->kind == CP_CONV_CRLF || c->kind == CP_CONV_CRLF_AUTO;

	if (!has_ident(c) && crlf) {
		add_without_cr(file, out);
		return;
	}
	if (crlf) {
		add_without_cr(file, &lines);
		file = cp_buf_str(&lines);
	}
	if (has_ident(c))
		add_without_ident(file, out);
	else
		cp_buf_adds(out, file);
	if (cp_buf_error(&lines))
		out->failed = cp_buf_error(&lines);
}
