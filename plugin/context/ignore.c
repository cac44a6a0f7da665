/*
 * Lines of an ignore file as moby/patternmatcher ignorefile.ReadAll gives them, after the trip
 * through JSON that they take from the frontend to the client (client/llb/source.go
 * ExcludePatterns).
 */
#include "context/context.h"

#define MAX_LINE 65535 /* Go's bufio.Scanner: a longer line is an error there */

struct reader {
	struct cp_arena *a;
	CP_VEC(struct cp_str) lines;
};

/*
 * One line as a pattern; {NULL, 0} when it is none. p is NULL and n is 1 when there is no memory.
 */
static struct cp_str clean_line(struct cp_arena *a, struct cp_str line)
{
	static const struct cp_str none = {NULL, 0}, nomem = {NULL, 1};
	bool invert;

	if (cp_str_starts(line, CP_S("#")))
		return none;
	line = cp_str_trim_space(line);
	if (line.n == 0)
		return none;
	invert = line.p[0] == '!';
	if (invert)
		line = cp_str_trim_space(cp_str_from(line, 1));
	if (line.n > 0) {
		line = cp_path_clean(a, line);
		if (!line.p)
			return nomem;
		if (line.n > 1 && line.p[0] == '/')
			line = cp_str_from(line, 1);
	}
	if (invert)
		line = cp_arena_cat(a, CP_S("!"), line);
	return line.p ? line : nomem;
}

/* encoding/json: every broken byte becomes U+FFFD. */
static struct cp_str as_utf8(struct cp_arena *a, struct cp_str s)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(3 * s.n + 1);
	size_t width;

	if (cp_utf8_valid(s))
		return s;
	for (; s.n; s = cp_str_from(s, width)) {
		if (cp_utf8_decode(s, &width) == CP_RUNE_ERROR && width == 1)
			cp_buf_addz(&out, "\xEF\xBF\xBD");
		else
			cp_buf_add(&out, s.p, width);
	}
	return cp_buf_error(&out) ? (struct cp_str){NULL, 0} : cp_arena_str(a, cp_buf_str(&out));
}

static int add_line(struct reader *rd, struct cp_str line, int number, struct cp_err *err)
{
	if (line.n > MAX_LINE) {
		cp_err_set(err, CP_EINVAL,
			   "line %d is longer than %d bytes: BuildKit refuses such an ignore file",
			   number, MAX_LINE);
		cp_err_at(err, CP_S(""), number, 0, 0, CP_S(""));
		return CP_EINVAL;
	}
	if (cp_str_ends(line, CP_S("\r")))
		line.n--;
	if (number == 1 && cp_str_starts(line, CP_S("\xEF\xBB\xBF")))
		line = cp_str_from(line, 3);
	line = clean_line(rd->a, line);
	if (!line.p)
		return line.n ? cp_err_nomem(err) : 0;
	if (rd->lines.n >= CP_MAX_IGNORE_PATTERNS)
		return cp_err_set(err, CP_ELIMIT, "more than %u ignore patterns",
				  CP_MAX_IGNORE_PATTERNS);
	line = as_utf8(rd->a, line);
	if (!line.p)
		return cp_err_nomem(err);
	return cp_vec_push(rd->a, &rd->lines, line) < 0 ? cp_err_nomem(err) : 0;
}

int cp_ignore_read(struct cp_arena *a, struct cp_str text, struct cp_str **ret_lines, size_t *ret_n,
		   struct cp_err *err)
{
	struct reader rd = {.a = a};

	if (text.n > CP_MAX_IGNORE_BYTES)
		return cp_err_set(err, CP_ELIMIT, "an ignore file of more than %u bytes",
				  CP_MAX_IGNORE_BYTES);
	for (int number = 1; text.n; number++) {
		size_t end = cp_str_find(text, '\n', 0);
		int r = add_line(&rd, cp_str_sub(text, 0, end), number, err);

		if (r < 0)
			return r;
		text = cp_str_from(text, end + 1);
	}
	*ret_lines = rd.lines.items;
	*ret_n = rd.lines.n;
	return 0;
}
