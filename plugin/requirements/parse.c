/* Lines ─► requirements and options (req_file.py: break_args_options, handle_line; constructors.py). */
#include <stdlib.h>

#include "requirements/requirements_int.h"

struct option_rule {
	const char *name;
	char letter;
	bool value;
	bool requirement; /* may follow a requirement */
	bool global;      /* may stand alone */
	enum cp_req_option_kind kind;
};

static const struct option_rule rules[] = {
	{"index-url", 'i', true, false, true, CP_REQ_OPT_INDEX},
	{"pypi-url", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"extra-index-url", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"no-index", 0, false, false, true, CP_REQ_OPT_INDEX},
	{"find-links", 'f', true, false, true, CP_REQ_OPT_INDEX},
	{"no-binary", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"only-binary", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"prefer-binary", 0, false, false, true, CP_REQ_OPT_INDEX},
	{"pre", 0, false, false, true, CP_REQ_OPT_INDEX},
	{"trusted-host", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"use-feature", 0, true, false, true, CP_REQ_OPT_INDEX},
	{"always-unzip", 'Z', false, false, true, CP_REQ_OPT_INDEX},
	{"constraint", 'c', true, false, true, CP_REQ_OPT_CONSTRAINT},
	{"requirement", 'r', true, false, true, CP_REQ_OPT_REQUIREMENT},
	{"editable", 'e', true, false, true, CP_REQ_OPT_INDEX},
	{"require-hashes", 0, false, false, true, CP_REQ_OPT_HASHES},
	{"hash", 0, true, true, false, CP_REQ_OPT_INDEX},
	{"global-option", 0, true, true, false, CP_REQ_OPT_INDEX},
	{"install-option", 0, true, true, false, CP_REQ_OPT_INDEX},
	{"config-settings", 'C', true, true, false, CP_REQ_OPT_INDEX},
	{"config-setting", 0, true, true, false, CP_REQ_OPT_INDEX},
};

struct cp_str cp_req_normalise(struct cp_arena *a, struct cp_str name)
{
	char *p = cp_arena_alloc(a, name.n + 1);
	size_t n = 0;

	for (size_t i = 0; p && i < name.n; i++) {
		char c = name.p[i];

		if (c == '-' || c == '_' || c == '.') {
			if (!n || p[n - 1] != '-')
				p[n++] = '-';
			continue;
		}
		p[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return cp_str_n(p, n);
}

int req_problem(struct req_reader *rd, const struct req_line *l, size_t column, const char *message)
{
	struct cp_req_problem p = {
		.line = l->line, .column = (int)column + 1, .message = cp_str_c(message)};

	/* a column of a joined line is none of the file */
	if (l->line != l->line_end)
		p.column = 0;
	return cp_vec_push(rd->a, &rd->problems, p) < 0 ? CP_ENOMEM : 0;
}

/* ---- options ---- */

/* optparse: a long name may be cut short where that is clear. */
static const struct option_rule *long_rule(struct cp_str name)
{
	const struct option_rule *found = NULL;

	for (size_t i = 0; i < CP_LEN(rules); i++) {
		struct cp_str full = cp_str_c(rules[i].name);

		if (cp_str_eq(full, name))
			return &rules[i];
		if (!cp_str_starts(full, name))
			continue;
		if (found)
			return NULL;
		found = &rules[i];
	}
	return found;
}

static const struct option_rule *letter_rule(char letter)
{
	for (size_t i = 0; i < CP_LEN(rules); i++)
		if (rules[i].letter == letter)
			return &rules[i];
	return NULL;
}

/* shlex.split, one word: quotes and backslashes are taken away. False: a quote that does not end. */
static bool shell_word(struct cp_arena *a, struct cp_str s, size_t *at, struct cp_str *ret)
{
	char *p = cp_arena_alloc(a, s.n - *at + 1);
	char quote = '\0';
	size_t n = 0;

	for (; p && *at < s.n; ++*at) {
		char c = s.p[*at];

		if (!quote && (c == ' ' || c == '\t'))
			break;
		if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (quote && c == quote)
			quote = '\0';
		else if (c == '\\' && quote != '\'' && *at + 1 < s.n)
			p[n++] = s.p[++*at];
		else
			p[n++] = c;
	}
	*ret = cp_str_n(p, n);
	return p && !quote;
}

struct option {
	const struct option_rule *rule;
	struct cp_str value;
};

/* The next option of a line, its value with it. NULL or what is wrong. */
static const char *next_option(struct cp_arena *a, struct cp_str s, size_t *at, struct option *ret)
{
	struct cp_str w, name;
	size_t equal;

	if (!shell_word(a, s, at, &w))
		return "a quote does not end";
	if (w.n < 2 || w.p[0] != '-')
		return "an option was expected";
	if (w.p[1] == '-') {
		equal = cp_str_find(w, '=', 0);
		name = cp_str_sub(w, 2, equal);
		ret->rule = name.n ? long_rule(name) : NULL;
		ret->value = cp_str_from(w, equal < w.n ? equal + 1 : w.n);
		equal = equal < w.n;
	} else {
		ret->rule = letter_rule(w.p[1]);
		ret->value = cp_str_from(w, 2);
		equal = ret->value.n > 0;
	}
	if (!ret->rule)
		return "pip knows no such option in a requirement file";
	if (!ret->rule->value)
		return equal ? "the option takes no value" : NULL;
	if (equal)
		return NULL;
	while (*at < s.n && (s.p[*at] == ' ' || s.p[*at] == '\t'))
		++*at;
	if (*at >= s.n)
		return "the option wants a value";
	return shell_word(a, s, at, &ret->value) ? NULL : "a quote does not end";
}

/* ---- requirements ---- */

/* "scheme:" as pip's SCHEME_RE and is_url see it. */
static bool is_url(struct cp_str s)
{
	size_t colon = cp_str_find(s, ':', 0);

	if (colon == 0 || colon >= s.n || !cp_str_eq(cp_str_sub(s, colon, colon + 3), CP_S("://")))
		return cp_str_starts(s, CP_S("file:"));
	for (size_t i = 0; i < colon; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.",
			    s.p[i]))
			return false;
	return true;
}

/* "#egg=name" of a URL. */
static struct cp_str egg(struct cp_str url)
{
	size_t at = cp_str_find_str(url, CP_S("egg="), cp_str_find(url, '#', 0));
	struct cp_str rest = cp_str_from(url, at < url.n ? at + 4 : url.n);
	size_t n = 0;

	while (n < rest.n && !strchr("&[;=<>!~ ", rest.p[n]))
		n++;
	return cp_str_sub(rest, 0, n);
}

/* The name in front of a wheel or an archive: "a_b-1.0-py3-none-any.whl", "a-b-1.0.tar.gz". */
static struct cp_str archive_name(struct cp_str url)
{
	struct cp_str file = cp_str_sub(url, 0, cp_str_find(url, '#', 0));
	size_t i;

	file = cp_str_from(file,
			   cp_str_rfind(file, '/') < file.n ? cp_str_rfind(file, '/') + 1 : 0);
	if (!cp_str_ends(file, CP_S(".whl")) && !cp_str_ends(file, CP_S(".gz")) &&
	    !cp_str_ends(file, CP_S(".zip")) && !cp_str_ends(file, CP_S(".bz2")))
		return cp_str_n(NULL, 0);
	for (i = 0; i + 1 < file.n; i++)
		if (file.p[i] == '-' && file.p[i + 1] >= '0' && file.p[i + 1] <= '9')
			return cp_str_sub(file, 0, i);
	return cp_str_n(NULL, 0);
}

static bool is_pinned(const struct req_spec *spec)
{
	struct cp_str v = spec->n_versions == 1 ? spec->versions[0] : cp_str_n(NULL, 0);

	return cp_str_starts(v, CP_S("==")) && !cp_str_ends(v, CP_S(".*"));
}

/* What pip takes as a path before it thinks of names: a slash, or a dot in front. */
static bool is_path(struct cp_str s)
{
	struct cp_str left = cp_str_trim_right(cp_str_sub(s, 0, cp_str_find(s, '@', 0)), " ");

	if (left.n < s.n && cp_str_find(left, '/', 0) == left.n && left.n && left.p[0] != '.')
		return false;
	s = cp_str_sub(s, 0, cp_str_find(s, ';', 0));
	return cp_str_find(s, '/', 0) < s.n || (s.n && s.p[0] == '.');
}

/* "...@<commit>", in full. */
static bool is_commit_url(struct cp_str url)
{
	size_t at;

	url = cp_str_sub(url, 0, cp_str_find(url, '#', 0));
	at = cp_str_rfind(url, '@');
	return at < url.n && url.n - at == 41 && strspn(url.p + at + 1, "0123456789abcdef") >= 40;
}

static void put_marker(struct cp_buf *b, struct cp_str marker)
{
	for (size_t i = 0; i < marker.n; i++)
		if (marker.p[i] != ' ' && marker.p[i] != '\t')
			cp_buf_addc(b, marker.p[i] == '\'' ? '"' : marker.p[i]);
}

static void put_spec(struct cp_buf *b, const struct cp_requirement *q, const struct req_spec *spec)
{
	if (q->editable)
		cp_buf_addz(b, "-e ");
	if (q->named)
		cp_buf_adds(b, q->key);
	for (size_t i = 0; i < spec->n_extras; i++)
		cp_buf_printf(b, "%c%.*s", i ? ',' : '[', CP_STR(spec->extras[i]));
	if (spec->n_extras)
		cp_buf_addc(b, ']');
	for (size_t i = 0; i < spec->n_versions; i++)
		cp_buf_printf(b, "%s%.*s", i ? "," : "", CP_STR(spec->versions[i]));
	if (spec->url.n)
		cp_buf_printf(b, "%s%.*s", q->named ? " @ " : "", CP_STR(spec->url));
	if (spec->marker.n)
		cp_buf_addz(b, " ; ");
	put_marker(b, spec->marker);
}

/* URL or path, with a marker after "; " (URL) or ";" (path). */
static const char *by_place(struct cp_arena *a, struct cp_str text, bool url,
			    struct cp_requirement *q, struct req_spec *spec, size_t *at)
{
	struct cp_str sep = url ? CP_S("; ") : CP_S(";");
	size_t end = cp_str_find_str(text, sep, 0);
	struct cp_str name;
	const char *wrong = NULL;

	spec->url = cp_str_trim_right(cp_str_sub(text, 0, end), " \t");
	q->kind = url ? CP_REQ_URL : CP_REQ_PATH;
	if (end < text.n) {
		spec->marker = cp_str_trim_left(cp_str_from(text, end + sep.n), " \t");
		wrong = req_marker(spec->marker, at);
	}
	name = egg(spec->url);
	if (!name.n)
		name = archive_name(spec->url);
	q->named = name.n > 0;
	q->key = q->named ? cp_req_normalise(a, name) : spec->url;
	return wrong;
}

static const char *read_requirement(struct cp_arena *a, struct cp_str text,
				    struct cp_requirement *q, struct req_spec *spec, size_t *at)
{
	const char *wrong;

	if (is_url(text) || q->editable || is_path(text))
		return by_place(a, text, is_url(text), q, spec, at);
	wrong = req_pep508(a, text, spec, at);
	if (wrong)
		return wrong;
	q->kind = spec->url.n ? CP_REQ_URL : CP_REQ_NAME;
	q->named = true;
	q->key = cp_req_normalise(a, spec->name);
	q->pinned = is_pinned(spec);
	return NULL;
}

static int compare(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

/* Options behind a requirement, sorted: "hash=sha256:..." . */
static const char *requirement_options(struct req_reader *rd, struct cp_str s,
				       struct cp_requirement *q, struct cp_buf *canonical,
				       size_t *ret_at)
{
	CP_VEC(struct cp_str) all = {0};
	size_t at = 0;

	for (;;) {
		struct option o = {NULL};
		const char *wrong;

		while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
			at++;
		*ret_at = at;
		if (at >= s.n)
			break;
		wrong = next_option(rd->a, s, &at, &o);
		if (wrong)
			return wrong;
		if (!o.rule->requirement)
			continue; /* pip reads it and drops it */
		q->n_hashes += strcmp(o.rule->name, "hash") == 0;
		if (cp_vec_push(rd->a, &all,
				cp_arena_printf(rd->a, " --%s=%.*s", o.rule->name,
						CP_STR(o.value))) < 0)
			return "out of memory";
	}
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), compare);
	for (size_t i = 0; i < all.n; i++)
		cp_buf_adds(canonical, all.items[i]);
	return NULL;
}

static int add_requirement(struct req_reader *rd, const struct req_line *l, struct cp_str text,
			   struct cp_str options, bool editable)
{
	cp_auto_buf struct cp_buf canonical = CP_BUF_INIT(CP_MAX_LINE_BYTES * 2);
	struct cp_requirement q = {.editable = editable, .line = l->line, .line_end = l->line_end};
	struct req_spec spec = {{NULL, 0}};
	size_t at = 0;
	const char *wrong = read_requirement(rd->a, text, &q, &spec, &at);

	if (!wrong) {
		put_spec(&canonical, &q, &spec);
		at = 0;
		wrong = requirement_options(rd, options, &q, &canonical, &at);
		at += text.n;
	}
	if (wrong)
		return req_problem(rd, l, at, wrong);
	q.pinned = q.pinned || (q.kind == CP_REQ_URL && (q.n_hashes || is_commit_url(spec.url)));
	q.canonical = cp_arena_str(rd->a, cp_buf_str(&canonical));
	if (!q.canonical.p || !q.key.p || cp_buf_error(&canonical))
		return CP_ENOMEM;
	return cp_vec_push(rd->a, &rd->items, q) < 0 ? CP_ENOMEM : 0;
}

/* A line of options only. pip takes one -e, else the first -r or -c of a line; the rest are settings. */
static int add_options(struct req_reader *rd, const struct req_line *l)
{
	struct cp_str s = l->text;

	for (size_t at = 0; at < s.n;) {
		struct option o = {NULL};
		size_t from = at;
		const char *wrong = next_option(rd->a, s, &at, &o);
		struct cp_req_option out = {.line = l->line, .line_end = l->line_end};

		if (wrong)
			return req_problem(rd, l, from, wrong);
		while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
			at++;
		if (o.rule->letter == 'e')
			return add_requirement(rd, l, o.value, cp_str_from(s, at), true);
		if (!o.rule->global)
			continue;
		out.kind = o.rule->kind;
		out.name = cp_str_c(o.rule->name);
		out.value = o.value;
		if (cp_vec_push(rd->a, &rd->options, out) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

/* break_args_options: words at single blanks, up to the first that begins with "-". */
static size_t options_at(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '-' && (i == 0 || s.p[i - 1] == ' '))
			return i;
	return s.n;
}

static int read_line(struct req_reader *rd, const struct req_line *l)
{
	size_t at = options_at(l->text);
	struct cp_str text = cp_str_trim(cp_str_sub(l->text, 0, at), " \t");

	if (!text.n)
		return add_options(rd, l);
	return add_requirement(rd, l, text, cp_str_from(l->text, at), false);
}

int cp_requirements_parse(struct cp_arena *a, struct cp_str text,
			  const struct cp_requirements **ret_requirements, struct cp_err *err)
{
	struct req_reader rd = {.a = a, .out = CP_NEW(a, struct cp_requirements)};
	int r = rd.out ? req_lines(&rd, text, err) : cp_err_nomem(err);

	for (size_t i = 0; r == 0 && i < rd.logical.n; i++)
		if (read_line(&rd, &rd.logical.items[i]) < 0)
			r = cp_err_nomem(err);
	if (r < 0)
		return r;
	rd.out->items = rd.items.items;
	rd.out->n_items = rd.items.n;
	rd.out->options = rd.options.items;
	rd.out->n_options = rd.options.n;
	rd.out->problems = rd.problems.items;
	rd.out->n_problems = rd.problems.n;
	req_blocks(rd.out);
	*ret_requirements = rd.out;
	return 0;
}
