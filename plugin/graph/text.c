#include <stdarg.h>
#include <stdio.h>

#include "graph/build_int.h"

struct cp_str graph_join(struct cp_arena *a, size_t n, const struct cp_str *parts)
{
	size_t size = 0, at = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(size, parts[i].n, &size))
			return (struct cp_str){NULL, 0};
	p = size < SIZE_MAX ? cp_arena_alloc(a, size + 1) : NULL;
	if (!p)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n)
			memcpy(p + at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	return cp_str_n(p, size);
}

struct cp_str graph_lower(struct cp_arena *a, struct cp_str s)
{
	char *p = cp_arena_alloc(a, s.n + 1);

	if (!p)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return cp_str_n(p, s.n);
}

int graph_parse_bool(struct cp_str s)
{
	static const struct cp_str yes[] = {CP_S_INIT("1"),    CP_S_INIT("t"),
					    CP_S_INIT("T"),    CP_S_INIT("true"),
					    CP_S_INIT("TRUE"), CP_S_INIT("True")};
	static const struct cp_str no[] = {CP_S_INIT("0"),     CP_S_INIT("f"),
					   CP_S_INIT("F"),     CP_S_INIT("false"),
					   CP_S_INIT("FALSE"), CP_S_INIT("False")};

	for (size_t i = 0; i < CP_LEN(yes); i++) {
		if (cp_str_eq(s, yes[i]))
			return 1;
		if (cp_str_eq(s, no[i]))
			return 0;
	}
	return -1;
}

/*
 * A quoted field: *rest is behind its opening quote; afterwards behind the comma, or p is NULL at
 * the end.
 */
static int quoted_field(struct graph_builder *b, struct cp_str *rest, struct cp_str *ret_field)
{
	char *out = cp_arena_alloc(b->a, rest->n + 1);
	size_t n = 0, i = 0;

	if (!out)
		return cp_err_nomem(b->err);
	for (;; i++) {
		if (i >= rest->n)
			return graph_invalid(b, "extraneous or missing \" in quoted-field");
		if (rest->p[i] != '"') {
			out[n++] = rest->p[i];
			continue;
		}
		if (i + 1 < rest->n && rest->p[i + 1] == '"') {
			out[n++] = '"';
			i++;
			continue;
		}
		break;
	}
	*ret_field = cp_str_n(out, n);
	i++;
	if (i == rest->n) {
		*rest = (struct cp_str){NULL, 0};
		return 0;
	}
	if (rest->p[i] != ',')
		return graph_invalid(b, "extraneous or missing \" in quoted-field");
	*rest = cp_str_from(*rest, i + 1);
	return 0;
}

int graph_csv_fields(struct graph_builder *b, struct cp_str line, struct cp_str **ret_fields,
		     size_t *ret_n)
{
	CP_VEC(struct cp_str) fields = {0};
	struct cp_str field;
	int r;

	if (cp_str_ends(line, CP_S("\r\n")))
		line.n -= 2;
	else if (cp_str_ends(line, CP_S("\n")))
		line.n--;
	if (line.n == 0)
		return graph_invalid(b, "EOF");
	while (line.p) {
		if (line.n && line.p[0] == '"') {
			line = cp_str_from(line, 1);
			r = quoted_field(b, &line, &field);
			if (r < 0)
				return r;
		} else {
			cp_str_split(&line, ',', &field);
			if (cp_str_find(field, '"', 0) < field.n)
				return graph_invalid(b, "bare \" in non-quoted-field");
		}
		if (cp_vec_push(b->a, &fields, field) < 0)
			return cp_err_nomem(b->err);
	}
	*ret_fields = fields.items;
	*ret_n = fields.n;
	return 0;
}

int graph_invalid(struct graph_builder *b, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return cp_err_set(b->err, CP_EINVAL, "%s", text);
}

/* The first line of a logical line. */
static struct cp_str first_line(struct cp_str code)
{
	return cp_str_sub(code, 0, cp_str_find(code, '\n', 0));
}

int graph_at_stage(struct graph_builder *b, const struct graph_dispatch *d, int r)
{
	if (r < 0)
		cp_err_at(b->err, b->file_name, d->line, d->column, d->line ? 1 : 0,
			  first_line(d->source));
	return r;
}

int graph_at_command(struct graph_builder *b, const struct graph_dispatch *d,
		     const struct graph_command *cmd, int r)
{
	if (r >= 0)
		return r;
	/* initOnBuildTriggers: a trigger has no line of its own, it stands where FROM does. */
	if (cmd->on_build || cmd->c->line == 0)
		return graph_at_stage(b, d, r);
	cp_err_at(b->err, b->file_name, cmd->c->line, cmd->c->column, 1, first_line(cmd->c->code));
	return r;
}
