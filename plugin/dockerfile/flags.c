/*
 * Flags of an instruction: cut off the line (parser/split_command.go), then checked
 * (instructions/bflag.go).
 */
#include "base/utf8.h"
#include "dockerfile/parse_int.h"
#include "dockerfile/text_int.h"

/*
 * extractBuilderFlags takes the line byte by byte as if each were a rune: bytes 0x85 and 0xA0 are
 * white space, and bytes beyond ASCII come out encoded once more. Values of flags must be equal to
 * BuildKit's, so the same here.
 */
static bool is_space_byte(char c)
{
	return cp_rune_is_space((unsigned char)c);
}

static void put_byte(struct cp_parser *p, char c)
{
	cp_dockerfile_put_rune(&p->scratch, (unsigned char)c);
}

/*
 * One flag from *at on, its value in p->scratch; stops at the white space after it. *ret_quoted:
 * there were quotes in it.
 */
static void scan_flag(struct cp_parser *p, struct cp_str text, size_t *at, bool *ret_quoted)
{
	char quote = '\0';
	size_t i = *at;

	cp_buf_clear(&p->scratch);
	*ret_quoted = false;
	for (; i < text.n; i++) {
		char c = text.p[i];

		if (!quote && is_space_byte(c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			*ret_quoted = true;
			continue;
		}
		if (c == p->escape) {
			if (i + 1 == text.n)
				continue; /* a last escape character is dropped */
			c = text.p[++i];
		}
		put_byte(p, c);
	}
	*at = i;
}

static int keep_flag(struct cp_parser *p, struct cp_str raw, cp_word_vec *flags)
{
	struct cp_word word = {raw, raw};

	if (cp_buf_error(&p->scratch))
		return cp_err_nomem(p->err);
	if (!cp_str_eq(cp_buf_str(&p->scratch), raw))
		word.value = cp_arena_str(p->a, cp_buf_str(&p->scratch));
	if (!word.value.p || cp_vec_push(p->a, flags, word) < 0)
		return cp_err_nomem(p->err);
	return 0;
}

int cp_flags_extract(struct cp_parser *p, struct cp_str text, cp_word_vec *flags,
		     struct cp_str *ret_rest)
{
	size_t at = 0, begin;
	bool quoted;
	int r;

	for (;;) {
		while (at < text.n && is_space_byte(text.p[at]))
			at++;
		if (!cp_str_starts(cp_str_from(text, at), CP_S("--")))
			break;
		begin = at;
		scan_flag(p, text, &at, &quoted);
		if (cp_str_eq(cp_buf_str(&p->scratch), CP_S("--")))
			break; /* what follows are arguments */
		if (!quoted && p->scratch.n == 0 && !cp_buf_error(&p->scratch))
			continue;
		r = keep_flag(p, cp_str_sub(text, begin, at), flags);
		if (r < 0)
			return r;
	}
	*ret_rest = cp_str_from(text, at);
	return 0;
}

/* ---- the typed side ---- */

static int set_bool(struct cp_parser *p, const struct cp_node *n, struct cp_flag *f,
		    struct cp_str raw, struct cp_str value, bool has_value)
{
	struct cp_str lower = cp_dockerfile_lower(p->a, value);

	if (!lower.p)
		return cp_err_nomem(p->err);
	if (has_value && value.n == 0)
		return cp_parser_fail(p, n, raw, "missing a value on flag: --%s", f->name);
	if (lower.n == 0 || cp_str_eq(lower, CP_S("true")))
		f->on = true;
	else if (cp_str_eq(lower, CP_S("false")))
		f->on = false;
	else
		return cp_parser_fail(p, n, raw, "expecting boolean value for flag --%s, not: %.*s",
				      f->name, CP_STR(value));
	return 0;
}

static int unknown_flag(struct cp_parser *p, const struct cp_node *n, const struct cp_flag *flags,
			size_t n_flags, struct cp_str raw, struct cp_str name)
{
	char hint[CP_PARSER_SUGGESTION];
	const char *names[16];
	size_t n_names = 0;

	for (size_t i = 0; i < n_flags && n_names < CP_LEN(names); i++)
		names[n_names++] = flags[i].name;
	return cp_parser_fail(p, n, raw, "unknown flag: --%.*s%s", CP_STR(name),
			      cp_parser_suggest(name, names, n_names, hint));
}

static int set_flag(struct cp_parser *p, const struct cp_node *n, struct cp_flag *flags,
		    size_t n_flags, const struct cp_word *word)
{
	size_t equals = cp_str_find(word->value, '=', 0), i;
	struct cp_str name = cp_str_sub(word->value, 2, equals);
	bool has_value = equals < word->value.n;
	struct cp_word value = {cp_str_from(word->value, equals + 1), word->raw};
	struct cp_flag *f;

	for (i = 0; i < n_flags && !cp_str_eq(name, cp_str_c(flags[i].name)); i++)
		;
	if (i == n_flags)
		return unknown_flag(p, n, flags, n_flags, word->raw, name);
	f = &flags[i];
	if (f->used && f->type != CP_FLAG_STRINGS)
		return cp_parser_fail(p, n, word->raw, "duplicate flag specified: --%s", f->name);
	f->used = true;
	if (f->type == CP_FLAG_BOOL)
		return set_bool(p, n, f, word->raw, value.value, has_value);
	if (!has_value)
		return cp_parser_fail(p, n, word->raw, "missing a value on flag: --%s", f->name);
	if (cp_vec_push(p->a, &f->values, value) < 0)
		return cp_err_nomem(p->err);
	return 0;
}

int cp_flags_parse(struct cp_parser *p, const struct cp_node *n, struct cp_flag *flags,
		   size_t n_flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->flags.n; i++)
		r = set_flag(p, n, flags, n_flags, &n->flags.items[i]);
	return r;
}

int cp_flags_none(struct cp_parser *p, const struct cp_node *n)
{
	return cp_flags_parse(p, n, NULL, 0);
}

struct cp_str cp_flag_value(const struct cp_flag *f, struct cp_str otherwise)
{
	return f->values.n ? f->values.items[0].value : otherwise;
}

int cp_flag_values(struct cp_parser *p, const struct cp_flag *f, struct cp_str **ret_values,
		   size_t *ret_n)
{
	struct cp_str *values = cp_arena_array(p->a, f->values.n, sizeof(*values));

	if (!values)
		return cp_err_nomem(p->err);
	for (size_t i = 0; i < f->values.n; i++)
		values[i] = f->values.items[i].value;
	*ret_values = values;
	*ret_n = f->values.n;
	return 0;
}
