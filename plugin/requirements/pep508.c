/* PEP 508 and PEP 440 as `packaging` reads them (_parser.py, _tokenizer.py, specifiers.py, version.py). */
#include "requirements/requirements_int.h"

struct text {
	struct cp_str s;
	size_t at;
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct text *t)
{
	return t->at < t->s.n ? t->s.p[t->at] : '\0';
}

static void blanks(struct text *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->at++;
}

static bool take(struct text *t, char c)
{
	if (peek(t) != c || t->at >= t->s.n)
		return false;
	t->at++;
	return true;
}

/* \b[a-zA-Z0-9][a-zA-Z0-9._-]*\b */
static struct cp_str identifier(struct text *t)
{
	size_t from = t->at, to;

	if (!is_alnum(peek(t)))
		return cp_str_n(NULL, 0);
	while (is_alnum(peek(t)) || (t->at < t->s.n && strchr("._-", t->s.p[t->at]) && peek(t)))
		t->at++;
	to = t->at;
	while (to > from && !is_alnum(t->s.p[to - 1]) && t->s.p[to - 1] != '_')
		to--;
	t->at = to;
	return cp_str_sub(t->s, from, to);
}

/* ---- versions ---- */

static size_t digits(struct cp_str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_digit(s.p[at + n]))
		n++;
	return n;
}

static bool separator(struct cp_str s, size_t at)
{
	return at < s.n && (s.p[at] == '-' || s.p[at] == '_' || s.p[at] == '.');
}

/* One of the words after an optional separator, then an optional number. Bytes taken. */
static size_t suffix(struct cp_str s, size_t at, const char *const *words, size_t n_words)
{
	size_t from = at + separator(s, at);

	for (size_t i = 0; i < n_words; i++) {
		struct cp_str w = cp_str_c(words[i]);
		size_t end = from + w.n;

		if (!cp_str_eq_nocase(cp_str_sub(s, from, end), w))
			continue;
		if (separator(s, end) && digits(s, end + 1))
			end++;
		return end + digits(s, end) - at;
	}
	return 0;
}

static size_t local_part(struct cp_str s, size_t at)
{
	size_t i = at + 1;

	if (at >= s.n || s.p[at] != '+' || i >= s.n || !is_alnum(s.p[i]))
		return 0;
	while (i < s.n &&
	       (is_alnum(s.p[i]) || (separator(s, i) && i + 1 < s.n && is_alnum(s.p[i + 1]))))
		i++;
	return i - at;
}

size_t req_version(struct cp_str s, bool wild, bool local, size_t *ret_parts)
{
	static const char *const pre[] = {"alpha", "beta", "preview", "pre", "rc", "a", "b", "c"},
				 *const post[] = {"post", "rev", "r"}, *const dev[] = {"dev"};
	size_t i = s.n && (s.p[0] == 'v' || s.p[0] == 'V'), n = digits(s, i);

	*ret_parts = 1;
	if (!n)
		return 0;
	i += n;
	if (i < s.n && s.p[i] == '!') {
		n = digits(s, i + 1);
		if (!n)
			return 0;
		i += 1 + n;
	}
	for (; i + 1 < s.n && s.p[i] == '.' && is_digit(s.p[i + 1]); ++*ret_parts)
		i += 1 + digits(s, i + 1);
	if (wild && cp_str_eq(cp_str_sub(s, i, i + 2), CP_S(".*")))
		return i + 2;
	i += suffix(s, i, pre, CP_LEN(pre));
	if (i + 1 < s.n && s.p[i] == '-' && is_digit(s.p[i + 1]))
		i += 1 + digits(s, i + 1);
	else
		i += suffix(s, i, post, CP_LEN(post));
	i += suffix(s, i, dev, CP_LEN(dev));
	return local ? i + local_part(s, i) : i;
}

static struct cp_str operator_at(const struct text *t)
{
	static const char *const all[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

	for (size_t i = 0; i < CP_LEN(all); i++)
		if (cp_str_starts(cp_str_from(t->s, t->at), cp_str_c(all[i])))
			return cp_str_c(all[i]);
	return cp_str_n(NULL, 0);
}

static const char *one_version(struct cp_arena *a, struct text *t, struct cp_str *ret)
{
	struct cp_str op = operator_at(t), rest;
	bool equal = cp_str_eq(op, CP_S("==")) || cp_str_eq(op, CP_S("!="));
	size_t n = 0, parts = 1;

	t->at += op.n;
	blanks(t);
	rest = cp_str_from(t->s, t->at);
	if (op.n == 3)
		while (n < rest.n && !strchr(" \t;)", rest.p[n]))
			n++;
	else
		n = req_version(rest, equal, equal, &parts);
	if (!n && op.n != 3)
		return "a version was expected";
	if (op.p[0] == '~' && parts < 2)
		return "~= wants a version of at least two parts";
	t->at += n;
	*ret = cp_arena_cat(a, op, cp_str_sub(rest, 0, n));
	return NULL;
}

/* Sorted insertion: lists are short, and bounded by the line. */
static void insert(struct cp_str *items, size_t *n, struct cp_str s)
{
	size_t i = *n;

	for (; i > 0 && cp_str_cmp(items[i - 1], s) > 0; i--)
		items[i] = items[i - 1];
	items[i] = s;
	++*n;
}

static const char *version_list(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	ret->versions = cp_arena_array(a, CP_MAX_REQUIREMENT_PARTS, sizeof(*ret->versions));
	while (ret->versions && operator_at(t).n) {
		struct cp_str v = {NULL, 0};
		const char *wrong = one_version(a, t, &v);

		if (wrong)
			return wrong;
		if (ret->n_versions == CP_MAX_REQUIREMENT_PARTS)
			return "too many versions";
		insert(ret->versions, &ret->n_versions, v);
		blanks(t);
		if (!take(t, ','))
			return NULL;
		blanks(t);
		if (!operator_at(t).n) /* a comma at the end is allowed nowhere */
			return "a version was expected after the comma";
	}
	return NULL;
}

static const char *extras(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	if (!take(t, '['))
		return NULL;
	ret->extras = cp_arena_array(a, CP_MAX_REQUIREMENT_PARTS, sizeof(*ret->extras));
	blanks(t);
	if (take(t, ']'))
		return NULL;
	for (;;) {
		struct cp_str name = identifier(t);

		if (!name.n)
			return "the name of an extra was expected";
		if (!ret->extras || ret->n_extras == CP_MAX_REQUIREMENT_PARTS)
			return "too many extras";
		insert(ret->extras, &ret->n_extras, cp_req_normalise(a, name));
		blanks(t);
		if (take(t, ']'))
			return NULL;
		if (!take(t, ','))
			return "a comma or ] was expected";
		blanks(t);
	}
}

/* ---- markers ---- */

static bool word(struct text *t, const char *w)
{
	struct cp_str s = cp_str_c(w);

	if (!cp_str_eq(cp_str_sub(t->s, t->at, t->at + s.n), s) ||
	    (t->at + s.n < t->s.n && (is_alnum(t->s.p[t->at + s.n]) || t->s.p[t->at + s.n] == '_')))
		return false;
	t->at += s.n;
	return true;
}

static bool marker_value(struct text *t)
{
	static const char *const names[] = {"python_version",
					    "python_full_version",
					    "os_name",
					    "os.name",
					    "sys_platform",
					    "sys.platform",
					    "platform_system",
					    "platform_release",
					    "platform_version",
					    "platform.version",
					    "platform_machine",
					    "platform.machine",
					    "platform_python_implementation",
					    "platform.python_implementation",
					    "python_implementation",
					    "implementation_name",
					    "implementation_version",
					    "extras",
					    "extra",
					    "dependency_groups"};
	char quote = peek(t);

	if (quote == '"' || quote == '\'') {
		size_t end = cp_str_find(t->s, quote, t->at + 1);

		if (end >= t->s.n)
			return false;
		t->at = end + 1;
		return true;
	}
	for (size_t i = 0; i < CP_LEN(names); i++)
		if (word(t, names[i]))
			return true;
	return false;
}

static bool marker_operator(struct text *t)
{
	struct cp_str op = operator_at(t);

	if (op.n) {
		t->at += op.n;
		return true;
	}
	if (word(t, "in"))
		return true;
	if (!word(t, "not"))
		return false;
	blanks(t);
	return word(t, "in");
}

/* marker_or without recursion: parentheses are counted. */
static const char *marker(struct text *t)
{
	size_t open = 0;

	for (;;) {
		blanks(t);
		while (take(t, '(')) {
			open++;
			blanks(t);
		}
		if (!marker_value(t))
			return "a variable of markers or a quoted text was expected";
		blanks(t);
		if (!marker_operator(t))
			return "an operator of markers was expected";
		blanks(t);
		if (!marker_value(t))
			return "a variable of markers or a quoted text was expected";
		blanks(t);
		while (open && take(t, ')')) {
			open--;
			blanks(t);
		}
		if (!word(t, "and") && !word(t, "or"))
			return open ? ") was expected" : NULL;
	}
}

const char *req_marker(struct cp_str s, size_t *at)
{
	struct text t = {.s = s};
	const char *wrong = marker(&t);

	if (!wrong && t.at < s.n)
		wrong = "the marker goes on where it should end";
	*at = t.at;
	return wrong;
}

/* ---- all of it ---- */

static const char *details(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	const char *wrong;
	bool open;

	if (take(t, '@')) {
		size_t from;

		blanks(t);
		from = t->at;
		while (t->at < t->s.n && peek(t) != ' ' && peek(t) != '\t')
			t->at++;
		ret->url = cp_str_sub(t->s, from, t->at);
		blanks(t);
		return ret->url.n ? NULL : "a URL was expected after @";
	}
	open = take(t, '(');
	blanks(t);
	wrong = version_list(a, t, ret);
	if (wrong)
		return wrong;
	blanks(t);
	if (open && !take(t, ')'))
		return ") was expected";
	blanks(t);
	return NULL;
}

const char *req_pep508(struct cp_arena *a, struct cp_str s, struct req_spec *ret, size_t *at)
{
	struct text t = {.s = s};
	const char *wrong = NULL;

	blanks(&t);
	ret->name = identifier(&t);
	if (!ret->name.n)
		wrong = "the name of a package was expected";
	blanks(&t);
	if (!wrong)
		wrong = extras(a, &t, ret);
	blanks(&t);
	if (!wrong)
		wrong = details(a, &t, ret);
	if (!wrong && take(&t, ';')) {
		blanks(&t);
		ret->marker = cp_str_from(s, t.at);
		wrong = marker(&t);
	}
	blanks(&t);
	if (!wrong && t.at < s.n)
		wrong = "a version, a marker or the end of the line was expected";
	*at = t.at;
	return wrong;
}
