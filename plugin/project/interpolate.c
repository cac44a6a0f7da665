/*
 * compose-go v2.9.1 template/template.go: the pattern, the six operators, and its greedy matching
 * of braces.
 */
#include "project/scope_int.h"

static bool get_from_process(const struct cp_environment *env, struct cp_str name,
			     struct cp_str *ret_value)
{
	char text[256];
	const char *value;

	if (!env || !env->get || name.n == 0 || name.n >= sizeof(text) ||
	    memchr(name.p, '\0', name.n))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	value = env->get(env->self, text);
	if (!value)
		return false;
	*ret_value = cp_str_c(value);
	return true;
}

bool cp_scope_get(const struct cp_scope *s, struct cp_str name, struct cp_str *ret_value)
{
	const struct cp_str *own;

	if (s->outer ? cp_scope_get(s->outer, name, ret_value)
		     : get_from_process(s->process, name, ret_value))
		return true;
	own = cp_map_get(&s->vars, name);
	if (own)
		*ret_value = *own;
	return own != NULL;
}

int cp_scope_set(struct cp_scope *s, struct cp_str name, struct cp_str value)
{
	struct cp_str *own = CP_NEW(s->a, struct cp_str);

	if (!own)
		return CP_ENOMEM;
	*own = value;
	return cp_map_put(s->a, &s->vars, name, own);
}

/* One `${...}` taken apart. */
struct braced {
	struct cp_str name, word;
	char op;    /* 0, '-', '+', '?' */
	bool colon; /* empty counts as unset */
	size_t end; /* first byte after it */
};

struct expansion {
	struct cp_scope *scope;
	struct cp_err *err;
};

static int expand_into(struct expansion *x, struct cp_str text, unsigned depth, struct cp_buf *out);

static bool name_start(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t name_end(struct cp_str s, size_t i)
{
	while (i < s.n && (name_start(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9')))
		i++;
	return i;
}

/*
 * getFirstBraceClosingIndex: braces are counted, but the byte after an opening one is not looked
 * at, so `${A:-{}}` has no balanced end. The pattern's `.*` does not cross a line break. False when
 * there is no end; *ret_end is then that of the line.
 */
static bool find_close(struct cp_str s, size_t from, size_t *ret_end)
{
	int open = 0;
	size_t i;

	for (i = from; i < s.n && s.p[i] != '\n'; i++) {
		if (s.p[i] == '}' && --open == 0) {
			*ret_end = i;
			return true;
		}
		if (s.p[i] == '{') {
			open++;
			i += i + 1 < s.n && s.p[i + 1] != '\n';
		}
	}
	*ret_end = i;
	return false;
}

/* The word of an operator: up to the balanced brace, else up to the last one of the line. */
static bool take_word(struct cp_str s, size_t at, size_t from, struct braced *b)
{
	size_t close;

	if (!find_close(s, at, &close)) {
		struct cp_str rest = cp_str_sub(s, from, close);
		size_t last = cp_str_rfind(rest, '}');

		if (last == rest.n)
			return false;
		close = from + last;
	}
	b->word = cp_str_sub(s, from, close);
	b->end = close + 1;
	return close >= from;
}

/* `at` is the `$` of "${". False when the template is invalid. */
static bool take_braced(struct cp_str s, size_t at, struct braced *ret_b)
{
	size_t i = name_end(s, at + 2);
	struct braced b = {0};

	if (at + 2 >= s.n || !name_start(s.p[at + 2]))
		return false;
	b.name = cp_str_sub(s, at + 2, i);
	if (i < s.n && s.p[i] == '}') {
		b.end = i + 1;
		*ret_b = b;
		return true;
	}
	b.colon = i < s.n && s.p[i] == ':';
	i += b.colon;
	if (i >= s.n || !strchr("-+?", s.p[i]) || s.p[i] == '\0')
		return false;
	b.op = s.p[i];
	if (!take_word(s, at, i + 1, &b))
		return false;
	*ret_b = b;
	return true;
}

static int note_unset(struct cp_scope *s, struct cp_str name)
{
	struct cp_str copy;

	if (cp_map_get(&s->unset, name))
		return 0;
	copy = cp_arena_str(s->a, name);
	return copy.p ? cp_map_put(s->a, &s->unset, copy, s) : CP_ENOMEM;
}

static int expand_plain(struct expansion *x, struct cp_str name, struct cp_buf *out)
{
	struct cp_str value;

	if (!cp_scope_get(x->scope, name, &value))
		return note_unset(x->scope, name) < 0 ? cp_err_nomem(x->err) : 0;
	cp_buf_adds(out, value);
	return 0;
}

static int fail_required(struct expansion *x, const struct braced *b, struct cp_str reason)
{
	int n = reason.n > 400 ? 400 : (int)reason.n;

	cp_err_set(x->err, CP_EINVAL, "required variable %.*s is missing a value%s%.*s",
		   CP_STR(b->name), n ? ": " : "", n, reason.p);
	cp_err_hint(x->err,
		    "set %.*s in the environment or in the .env file beside the compose file",
		    CP_STR(b->name));
	return CP_EINVAL;
}

/* The word is expanded even when it is not used, so its errors show, as in compose. */
static int expand_operator(struct expansion *x, const struct braced *b, unsigned depth,
			   struct cp_buf *out)
{
	cp_auto_buf struct cp_buf word = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	struct cp_str value = CP_S("");
	bool set = cp_scope_get(x->scope, b->name, &value),
	     usable = set && (!b->colon || value.n > 0);
	int r = expand_into(x, b->word, depth + 1, &word);

	if (r < 0)
		return r;
	if (b->op == '?' && !usable)
		return fail_required(x, b, cp_buf_str(&word));
	if (b->op == '+' ? usable : !usable)
		cp_buf_adds(out, cp_buf_str(&word));
	else
		cp_buf_adds(out, value);
	return 0;
}

static int fail_template(struct expansion *x, struct cp_str at)
{
	int n = at.n > 80 ? 80 : (int)at.n;

	cp_err_set(x->err, CP_EINVAL, "invalid variable reference: %.*s", n, at.p);
	cp_err_hint(x->err, "write $$ for a literal $");
	return CP_EINVAL;
}

/* The construct at the `$` of s[at]; `ret_next` is the first byte after it. */
static int expand_one(struct expansion *x, struct cp_str s, size_t at, unsigned depth,
		      struct cp_buf *out, size_t *ret_next)
{
	char next = at + 1 < s.n ? s.p[at + 1] : '\0';
	struct braced b;

	if (next == '$') {
		cp_buf_addc(out, '$');
		*ret_next = at + 2;
		return 0;
	}
	if (name_start(next)) {
		*ret_next = name_end(s, at + 1);
		return expand_plain(x, cp_str_sub(s, at + 1, *ret_next), out);
	}
	if (next != '{') {
		cp_buf_addc(out, '$');
		*ret_next = at + 1;
		return 0;
	}
	if (!take_braced(s, at, &b))
		return fail_template(x, cp_str_from(s, at));
	*ret_next = b.end;
	return b.op ? expand_operator(x, &b, depth, out) : expand_plain(x, b.name, out);
}

static int expand_into(struct expansion *x, struct cp_str text, unsigned depth, struct cp_buf *out)
{
	size_t i = 0;

	if (depth > CP_MAX_EXPANSION_DEPTH)
		return cp_err_set(x->err, CP_ELIMIT, "variables nested over %u levels",
				  CP_MAX_EXPANSION_DEPTH);
	while (i < text.n) {
		size_t at = cp_str_find(text, '$', i);
		int r;

		cp_buf_adds(out, cp_str_sub(text, i, at));
		if (at == text.n)
			break;
		r = expand_one(x, text, at, depth, out, &i);
		if (r < 0)
			return r;
	}
	if (cp_buf_error(out) == CP_ELIMIT)
		return cp_err_set(x->err, CP_ELIMIT,
				  "text over %u bytes after its variables are filled in",
				  CP_MAX_EXPANSION_BYTES);
	return cp_buf_error(out) ? cp_err_nomem(x->err) : 0;
}

int cp_scope_expand(struct cp_scope *s, struct cp_str text, struct cp_str *ret_text,
		    struct cp_err *err)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_EXPANSION_BYTES);
	struct expansion x = {s, err};
	struct cp_str copy;
	int r;

	if (cp_str_find(text, '$', 0) == text.n) {
		*ret_text = text;
		return 0;
	}
	r = expand_into(&x, text, 0, &out);
	if (r < 0)
		return r;
	copy = cp_arena_str(s->a, cp_buf_str(&out));
	if (!copy.p)
		return cp_err_nomem(err);
	*ret_text = copy;
	return 0;
}
