#include "dockerfile/parse_int.h"

/*
 * bufio.MaxScanTokenSize: a line with its newline may have as many bytes, one without a newline one
 * less.
 */
#define SCANNER_BYTES ((size_t)64 << 10)

bool cp_lines_next(struct cp_lines *l, struct cp_str *ret_line)
{
	struct cp_str rest = cp_str_from(l->text, l->at), line;
	size_t end;

	if (rest.n == 0 || l->spilled)
		return false;
	end = cp_str_find(cp_str_sub(rest, 0, SCANNER_BYTES), '\n', 0);
	if (end == SCANNER_BYTES && !l->too_long) {
		l->too_long = true;
		return false;
	}
	l->spilled = l->too_long;
	line = cp_str_sub(rest, 0, l->spilled ? SCANNER_BYTES : end + 1);
	l->at += line.n;
	if (l->number == 0 && cp_str_starts(line, CP_S("\xEF\xBB\xBF")))
		line = cp_str_from(line, 3);
	l->number++;
	*ret_line = line;
	return true;
}

struct cp_str cp_lines_chop(struct cp_str line)
{
	return cp_str_trim_right(line, "\r\n");
}

bool cp_lines_is_comment(struct cp_str line)
{
	line = cp_str_trim_left_space(line);
	return line.n > 0 && line.p[0] == '#';
}

/*
 * parser.go lineContinuationRegex: cuts an escape character that ends the line, blanks after it
 * allowed, and that no other escape character precedes. Returns whether the line goes on.
 */
static bool cut_continuation(struct cp_str *line, char escape)
{
	struct cp_str s = cp_str_trim_right(*line, " \t");

	if (s.n == 0 || s.p[s.n - 1] != escape || (s.n > 1 && s.p[s.n - 2] == escape))
		return false;
	*line = cp_str_sub(s, 0, s.n - 1);
	return true;
}

/* The parts of a logical line go to `out`, or are searched for an offset. */
struct join {
	struct cp_buf *out;
	size_t n; /* bytes so far */
	bool search, found;
	size_t offset;
	struct cp_position position;
};

/* `part` lies within `raw`, the physical line with that number. */
static void add_part(struct join *j, struct cp_str part, struct cp_str raw, int number)
{
	size_t begin = j->n;

	j->n += part.n;
	if (!j->search) {
		cp_buf_adds(j->out, part);
		return;
	}
	if (j->found || j->offset >= j->n)
		return;
	j->found = true;
	j->position.line = number;
	j->position.column = (int)((size_t)(part.p - raw.p) + j->offset - begin) + 1;
	j->position.left = j->n - j->offset;
	j->position.source = cp_lines_chop(raw);
}

static bool join_lines(struct cp_lines *l, struct cp_str raw, char escape, struct join *j)
{
	struct cp_str part = cp_str_trim_left_space(cp_lines_chop(raw));
	bool more = cut_continuation(&part, escape);

	if (!more && part.n == 0)
		return false;
	add_part(j, part, raw, l->number);
	while (more && cp_lines_next(l, &raw)) {
		part = cp_lines_chop(raw);
		if (cp_lines_is_comment(part) || cp_str_trim_left_space(part).n == 0)
			continue;
		more = cut_continuation(&part, escape);
		add_part(j, part, raw, l->number);
	}
	return true;
}

void cp_lines_join(struct cp_lines *l, struct cp_str first, char escape, struct cp_buf *out,
		   bool *ret_something)
{
	struct join j = {.out = out};

	*ret_something = join_lines(l, first, escape, &j);
}

struct cp_position cp_lines_locate(const struct cp_origin *origin, size_t offset)
{
	struct join j = {.search = true, .offset = offset};
	struct cp_lines l = origin->before;
	struct cp_str raw = {NULL, 0};

	if (cp_lines_next(&l, &raw))
		join_lines(&l, raw, origin->escape, &j);
	if (!j.found) {
		j.position.line = origin->before.number + 1;
		j.position.source = cp_lines_chop(raw);
		j.position.column = cp_lines_column(origin);
		j.position.left = 1;
	}
	return j.position;
}

int cp_lines_column(const struct cp_origin *origin)
{
	struct cp_lines l = origin->before;
	struct cp_str raw;

	if (!cp_lines_next(&l, &raw))
		return 1;
	return (int)(raw.n - cp_str_trim_left_space(raw).n) + 1;
}
