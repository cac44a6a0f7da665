/* frontend/dockerfile/parser/directives.go */
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

#define REGEXP_SPACE "\t\n\f\r " /* \s of package regexp */

/* The name of a directive in lower case with its mark; NULL when there is none of this name. */
static const char *known_name(struct cp_directives *d, struct cp_str name, bool **ret_seen)
{
	if (cp_str_eq_nocase(name, CP_S("syntax"))) {
		*ret_seen = &d->seen_syntax;
		return "syntax";
	}
	if (cp_str_eq_nocase(name, CP_S("escape"))) {
		*ret_seen = &d->seen_escape;
		return "escape";
	}
	if (cp_str_eq_nocase(name, CP_S("check"))) {
		*ret_seen = &d->seen_check;
		return "check";
	}
	return NULL;
}

static bool is_alphanumeric(char c, bool digits)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (digits && c >= '0' && c <= '9');
}

/* ^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$ */
static bool split_directive(struct cp_str s, struct cp_str *ret_name, struct cp_str *ret_value)
{
	struct cp_str value;
	size_t n = 0;

	while (n < s.n && is_alphanumeric(s.p[n], n > 0))
		n++;
	*ret_name = cp_str_sub(s, 0, n);
	s = cp_str_trim_left(cp_str_from(s, n), REGEXP_SPACE);
	if (n == 0 || s.n < 2 || s.p[0] != '=' || cp_str_find(s, '\n', 0) < s.n)
		return false;
	s = cp_str_from(s, 1);
	value = cp_str_trim(s, REGEXP_SPACE);
	/* A value of nothing but white space: (.+?) takes the last of it. */
	*ret_value = value.n ? value : cp_str_from(s, s.n - 1);
	return true;
}

int cp_directives_line(struct cp_directives *d, struct cp_str line,
		       struct cp_directive *ret_directive, struct cp_err *err)
{
	struct cp_str name, value;
	const char *known;
	bool *seen;

	*ret_directive = (struct cp_directive){0};
	d->line++;
	if (d->done)
		return 0;
	d->done = true;
	if (!cp_str_starts(line, d->comment))
		return 0;
	line = cp_str_trim_left_space(cp_str_from(line, d->comment.n));
	if (!split_directive(line, &name, &value))
		return 0;
	known = known_name(d, name, &seen);
	if (!known)
		return 0;
	d->done = false;
	if (*seen)
		return cp_err_set(err, CP_EINVAL, "only one %s parser directive can be used",
				  known);
	*seen = true;
	*ret_directive = (struct cp_directive){cp_str_c(known), value, d->line};
	return 0;
}

/* detectDirectiveFromParser: lines as bufio.ScanLines gives them. */
static struct cp_directive find_line(struct cp_str text, struct cp_directives d, const char *name)
{
	struct cp_lines lines = {.text = text, .number = 1};
	struct cp_directive found;
	struct cp_str line;

	while (!d.done && cp_lines_next(&lines, &line)) {
		if (cp_str_ends(line, CP_S("\n")))
			line.n--;
		if (cp_str_ends(line, CP_S("\r")))
			line.n--;
		if (cp_directives_line(&d, line, &found, NULL) < 0)
			break;
		if (cp_str_eq(found.name, cp_str_c(name)))
			return found;
	}
	return (struct cp_directive){0};
}

int cp_directives_find(struct cp_arena *a, struct cp_str text, const char *name, bool any_format,
		       struct cp_directive *ret_directive, struct cp_str *ret_first)
{
	struct cp_directives d = {.comment = CP_S("#")};
	struct cp_str value = {NULL, 0};
	struct cp_directive found;
	int r = 0;

	if (cp_str_starts(text, CP_S("\xEF\xBB\xBF")))
		text = cp_str_from(text, 3);
	if (cp_str_starts(text, CP_S("#!"))) {
		text = cp_str_from(text, cp_str_find(text, '\n', 0) + 1);
		d.line = 1;
	}
	found = find_line(text, d, name);
	if (!found.name.p && any_format) {
		struct cp_directives c_style = d;

		c_style.comment = CP_S("//");
		found = find_line(text, c_style, name);
	}
	if (!found.name.p && any_format) {
		r = cp_directives_json(a, text, name, &value);
		if (value.p)
			found = (struct cp_directive){cp_str_c(name), value, d.line + 1};
	}
	if (r < 0)
		return r;
	*ret_directive = found;
	*ret_first = value.p ? value : cp_str_sub(found.value, 0, cp_str_find(found.value, ' ', 0));
	return 0;
}

struct cp_str cp_dockerfile_detect_syntax(struct cp_arena *a, struct cp_str text, int *ret_line)
{
	struct cp_str image = {NULL, 0};
	struct cp_directive d = {0};

	if (cp_directives_find(a, text, "syntax", true, &d, &image) < 0 || !d.name.p)
		return (struct cp_str){NULL, 0};
	if (ret_line)
		*ret_line = d.line;
	return cp_arena_str(a, image);
}
