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

/* \s* */
static void spaces(struct text *t)
{
	size_t n;

	while (t->at < t->s.n && (n = req_space(t->s, t->at)) > 0)
		t->at += n;
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
		end += separator(s, end); /* "1.0a-" is a version, too */
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

/* Sorted, each once: lists are short, and bounded by the line. */
static void insert(struct cp_str *items, size_t *n, struct cp_str s)
{
	size_t i = *n;

	for (size_t k = 0; k < *n; k++)
		if (cp_str_eq(items[k], s))
			return;

	for (; i > 0 && cp_str_cmp(items[i - 1], s) > 0; i--)
		items[i] = items[i - 1];
	items[i] = s;
	++*n;
}

static const char *add_version(struct cp_arena *a, struct req_spec *ret, struct cp_str op,
			       struct cp_str version)
{
	if (ret->n_versions == CP_MAX_REQUIREMENT_PARTS)
		return "too many versions";
	insert(ret->versions, &ret->n_versions, cp_arena_cat(a, op, version));
	return NULL;
}

static const char *one_version(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	struct cp_str op = operator_at(t), rest;
	bool equal = cp_str_eq(op, CP_S("==")) || cp_str_eq(op, CP_S("!="));
	size_t n, parts = 1;

	t->at += op.n;
	spaces(t);
	rest = cp_str_from(t->s, t->at);
	n = req_version(rest, equal, equal, &parts);
	if (!n)
		return "a version was expected";
	if (op.p[0] == '~' && parts < 2)
		return "~= wants a version of at least two parts";
	t->at += n;
	return add_version(a, ret, op, cp_str_sub(rest, 0, n));
}

/* "===" takes all up to white space, ";" or ")": the commas in it are seen later, and what is between them. */
static const char *identical(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	const char *wrong = NULL;
	struct cp_str all, piece;
	size_t from;

	t->at += 3;
	spaces(t);
	from = t->at;
	while (t->at < t->s.n && t->s.p[t->at] != ';' && t->s.p[t->at] != ')' &&
	       !req_space(t->s, t->at))
		t->at++;
	all = cp_str_sub(t->s, from, t->at);
	if (!cp_str_split(&all, ',', &piece))
		piece = cp_str_n(NULL, 0);
	wrong = add_version(a, ret, CP_S("==="), piece);
	while (!wrong && cp_str_split(&all, ',', &piece)) {
		struct text inner = {.s = piece};
		struct cp_str op = operator_at(&inner);

		if (op.n == 3)
			wrong = add_version(a, ret, op, cp_str_from(piece, 3));
		else if (piece.n)
			wrong = op.n ? one_version(a, &inner, ret) : "a version was expected";
		if (!wrong && op.n != 3 && inner.at < piece.n)
			wrong = "a version was expected";
	}
	return wrong;
}

static const char *version_list(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	struct cp_str op;

	ret->versions = cp_arena_array(a, CP_MAX_REQUIREMENT_PARTS, sizeof(*ret->versions));
	while (ret->versions && (op = operator_at(t)).n) {
		const char *wrong = (op.n == 3 ? identical : one_version)(a, t, ret);

		if (wrong)
			return wrong;
		blanks(t);
		if (!take(t, ','))
			return NULL;
		blanks(t); /* a comma at the end is allowed */
	}
	return NULL;
}

static const char *extras(struct cp_arena *a, struct text *t, struct req_spec *ret)
{
	if (!take(t, '['))
		return NULL;
	ret->n_extras = 0;
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

/* The words of a marker in one form: blanks, quotes and parentheses that mean nothing are gone. */
struct marker_word {
	struct cp_str text;
	size_t match; /* of a parenthesis: the other one */
	bool dropped;
};
struct marker {
	struct cp_arena *a;
	struct text t;
	CP_VEC(struct marker_word) words;
	CP_VEC(size_t) open;
};

static void add_word(struct marker *m, struct cp_str text)
{
	(void)cp_vec_push(m->a, &m->words, (struct marker_word){text, 0, false});
}

static bool word(struct text *t, const char *w)
{
	struct cp_str s = cp_str_c(w);

	if (!cp_str_eq(cp_str_sub(t->s, t->at, t->at + s.n), s) ||
	    (t->at + s.n < t->s.n && (is_alnum(t->s.p[t->at + s.n]) || t->s.p[t->at + s.n] == '_')))
		return false;
	t->at += s.n;
	return true;
}

/* Python reads the text in quotes: an escape that it refuses. */
static bool bad_escape(struct cp_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t hex = 0, wanted;

		if (s.p[i] == '\0')
			return true;
		if (s.p[i] != '\\')
			continue;
		if (++i == s.n || s.p[i] == 'N') /* \N{name}: names are not known here */
			return true;
		wanted = s.p[i] == 'x' ? 2 : s.p[i] == 'u' ? 4 : s.p[i] == 'U' ? 8 : 0;
		while (hex < wanted && i + 1 + hex < s.n &&
		       strchr("0123456789abcdefABCDEF", s.p[i + 1 + hex]))
			hex++;
		if (hex < wanted ||
		    (wanted == 8 && cp_str_cmp(cp_str_sub(s, i + 1, i + 5), CP_S("0011")) >= 0))
			return true;
	}
	return false;
}

static const char *quoted(struct marker *m)
{
	char quote = peek(&m->t), other = '"';
	size_t from = m->t.at + 1, end = cp_str_find(m->t.s, quote, from);
	struct cp_str text = cp_str_sub(m->t.s, from, end);

	if (end >= m->t.s.n)
		return "a quote does not end";
	if (bad_escape(text))
		return "a text in quotes that Python does not take";
	m->t.at = end + 1;
	other = cp_str_find(text, '"', 0) < text.n ? '\'' : '"';
	add_word(m, cp_arena_printf(m->a, "%c%.*s%c", other, CP_STR(text), other));
	return NULL;
}

static const char *marker_value(struct marker *m)
{
	static const char *const names[][2] = {
		{"python_version", NULL},
		{"python_full_version", NULL},
		{"os_name", NULL},
		{"os.name", "os_name"},
		{"sys_platform", NULL},
		{"sys.platform", "sys_platform"},
		{"platform_system", NULL},
		{"platform_release", NULL},
		{"platform_version", NULL},
		{"platform.version", "platform_version"},
		{"platform_machine", NULL},
		{"platform.machine", "platform_machine"},
		{"platform_python_implementation", NULL},
		{"platform.python_implementation", "platform_python_implementation"},
		{"python_implementation", "platform_python_implementation"},
		{"implementation_name", NULL},
		{"implementation_version", NULL},
		{"extras", NULL},
		{"extra", NULL},
		{"dependency_groups", NULL}};

	if (peek(&m->t) == '"' || peek(&m->t) == '\'')
		return quoted(m);
	for (size_t i = 0; i < CP_LEN(names); i++)
		if (word(&m->t, names[i][0])) {
			add_word(m, cp_str_c(names[i][1] ? names[i][1] : names[i][0]));
			return NULL;
		}
	return "a variable of markers or a quoted text was expected";
}

static const char *marker_operator(struct marker *m)
{
	struct cp_str op = operator_at(&m->t);
	bool negated = false;

	if (op.n) {
		m->t.at += op.n;
		add_word(m, op);
		return NULL;
	}
	if (word(&m->t, "not")) {
		negated = true;
		blanks(&m->t);
	}
	if (!word(&m->t, "in"))
		return "an operator of markers was expected";
	add_word(m, negated ? CP_S("not in") : CP_S("in"));
	return NULL;
}

/* extra == "Foo.Bar": names of extras are compared in one form. */
static void normalise_extra(struct marker *m)
{
	struct marker_word *w = m->words.n >= 3 ? &m->words.items[m->words.n - 3] : NULL;
	bool left = w && cp_str_eq(w[0].text, CP_S("extra"));
	struct cp_str *value;

	if (!w || (!left && !cp_str_eq(w[2].text, CP_S("extra"))))
		return;
	value = left ? &w[2].text : &w[0].text;
	if (value->n >= 2 && (value->p[0] == '"' || value->p[0] == '\''))
		*value = cp_arena_printf(
			m->a, "\"%.*s\"",
			CP_STR(cp_req_normalise(m->a, cp_str_sub(*value, 1, value->n - 1))));
}

static const char *marker_item(struct marker *m)
{
	const char *wrong = marker_value(m);

	blanks(&m->t);
	if (!wrong)
		wrong = marker_operator(m);
	blanks(&m->t);
	if (!wrong)
		wrong = marker_value(m);
	blanks(&m->t);
	if (!wrong)
		normalise_extra(m);
	return wrong;
}

static void close_one(struct marker *m)
{
	size_t open = m->open.items[--m->open.n], close = m->words.n;

	add_word(m, CP_S(")"));
	if (close < m->words.n) {
		m->words.items[open].match = close;
		m->words.items[close].match = open;
	}
	blanks(&m->t);
}

/* marker_or without recursion: parentheses are counted. */
static const char *marker(struct marker *m)
{
	for (;;) {
		const char *wrong;

		blanks(&m->t);
		while (take(&m->t, '(')) {
			(void)cp_vec_push(m->a, &m->open, m->words.n);
			add_word(m, CP_S("("));
			blanks(&m->t);
		}
		wrong = marker_item(m);
		if (wrong)
			return wrong;
		while (m->open.n && take(&m->t, ')'))
			close_one(m);
		if (word(&m->t, "and"))
			add_word(m, CP_S("and"));
		else if (word(&m->t, "or"))
			add_word(m, CP_S("or"));
		else
			return m->open.n ? ") was expected" : NULL;
	}
}

/* Parentheses around one comparison, or right around others. */
static bool is_redundant(const struct marker_word *w, size_t open)
{
	size_t close = w[open].match;

	return close == open + 4 || (w[open + 1].match == close - 1 &&
				     (w[open + 1].dropped || w[open + 1].text.p[0] == '('));
}

static bool is_open(const struct marker_word *w)
{
	return w->match && w->text.p[0] == '(';
}

static void drop(struct marker_word *w, size_t open)
{
	w[open].dropped = w[w[open].match].dropped = true;
}

static struct cp_str marker_text(struct marker *m)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(CP_MAX_LINE_BYTES * 2);
	struct marker_word *w = m->words.items;

	for (size_t i = 0; i < m->words.n && is_open(&w[i]) && w[i].match + i + 1 == m->words.n;
	     i++)
		drop(w, i);                   /* around all of it */
	for (size_t i = m->words.n; i-- > 0;) /* the innermost first */
		if (is_open(&w[i]) && !w[i].dropped && is_redundant(w, i))
			drop(w, i);
	for (size_t i = 0; i < m->words.n; i++) {
		if (w[i].dropped)
			continue;
		if (b.n && b.p[b.n - 1] != '(' && w[i].text.n && w[i].text.p[0] != ')')
			cp_buf_addc(&b, ' ');
		cp_buf_adds(&b, w[i].text);
	}
	return cp_arena_str(m->a, cp_buf_str(&b));
}

const char *req_marker(struct cp_arena *a, struct cp_str s, struct cp_str *ret, size_t *at)
{
	struct marker m = {.a = a, .t = {.s = s}};
	const char *wrong = marker(&m);

	if (!wrong && m.t.at < s.n)
		wrong = "the marker goes on where it should end";
	*at = m.t.at;
	if (!wrong)
		*ret = marker_text(&m);
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
		size_t from = t.at;

		wrong = req_marker(a, cp_str_from(s, from), &ret->marker, &t.at);
		t.at += from;
	}
	if (!wrong && t.at < s.n)
		wrong = "a version, a marker or the end of the line was expected";
	*at = t.at;
	return wrong;
}

const char *req_extras(struct cp_arena *a, struct cp_str s, struct req_spec *ret, size_t *at)
{
	struct text t = {.s = s};
	const char *wrong = extras(a, &t, ret);

	*at = t.at;
	return wrong;
}
