/* Lines ─► requirements and options (req_file.py: break_args_options, handle_line). */
#include <stdlib.h>

#include "requirements/requirements_int.h"

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

static int problem(struct req_reader *rd, int line, size_t column, const char *message)
{
	struct cp_req_problem p = {
		.line = line, .column = (int)column, .message = cp_str_c(message)};

	return cp_vec_push(rd->a, &rd->problems, p) < 0 ? CP_ENOMEM : 0;
}

/* `at`: where in the line. A column of a joined line is none of the file. */
static int line_problem(struct req_reader *rd, const struct req_line *l, size_t at,
			const char *message)
{
	return problem(rd, l->line, l->line == l->line_end ? at + 1 : 0, message);
}

/* ---- requirements ---- */

/* "name[extras]versions @ url ; marker", or "path[extras] ; marker" */
static void put_spec(struct cp_buf *b, const struct cp_requirement *q, const struct req_spec *spec)
{
	if (q->editable)
		cp_buf_addz(b, "-e ");
	cp_buf_adds(b, q->key);
	for (size_t i = 0; i < spec->n_extras; i++)
		cp_buf_printf(b, "%c%.*s", i ? ',' : '[', CP_STR(spec->extras[i]));
	if (spec->n_extras)
		cp_buf_addc(b, ']');
	for (size_t i = 0; i < spec->n_versions; i++)
		cp_buf_printf(b, "%s%.*s", i ? "," : "", CP_STR(spec->versions[i]));
	if (spec->url.n && q->named)
		cp_buf_printf(b, " @ %.*s", CP_STR(spec->url));
	if (spec->marker.n)
		cp_buf_printf(b, " ; %.*s", CP_STR(spec->marker));
}

/* "1.2" where there is one version only. */
static struct cp_str version_text(struct cp_arena *a, const struct cp_requirement *q,
				  const struct req_spec *spec)
{
	struct cp_str text = CP_S("");

	if (q->kind != CP_REQ_NAME)
		return spec->url;
	if (q->pinned)
		return cp_str_trim_left(spec->versions[0], "=");
	for (size_t i = 0; i < spec->n_versions; i++)
		text = cp_arena_printf(a, "%.*s%s%.*s", CP_STR(text), i ? "," : "",
				       CP_STR(spec->versions[i]));
	return text;
}

static int compare(const void *x, const void *y)
{
	return cp_str_cmp(*(const struct cp_str *)x, *(const struct cp_str *)y);
}

/* Options of a requirement, sorted: "hash=sha256:..." . pip drops the hashes of what is editable. */
static int put_options(struct req_reader *rd, const struct req_options *options,
		       struct cp_requirement *q, struct cp_buf *canonical)
{
	CP_VEC(struct cp_str) all = {0};

	for (size_t i = 0; i < options->n; i++) {
		const struct req_option *o = &options->items[i];
		bool hash = o->rule->type == REQ_OPTION_HASH && !q->editable;

		if (!hash && o->rule->type != REQ_OPTION_SETTING)
			continue;
		q->n_hashes += hash;
		if (cp_vec_push(rd->a, &all,
				cp_arena_printf(rd->a, " --%s=%.*s", o->rule->name,
						CP_STR(o->value))) < 0)
			return CP_ENOMEM;
	}
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), compare);
	for (size_t i = 0; i < all.n; i++)
		cp_buf_adds(canonical, all.items[i]);
	return 0;
}

static int add_requirement(struct req_reader *rd, const struct req_line *l, struct cp_str text,
			   const struct req_options *options, bool editable)
{
	cp_auto_buf struct cp_buf canonical = CP_BUF_INIT(CP_MAX_LINE_BYTES * 2);
	struct cp_requirement q = {.line = l->line, .line_end = l->line_end};
	struct req_spec spec = {{NULL, 0}};
	size_t at = 0;
	const char *wrong = (editable ? req_editable : req_place)(rd->a, text, &q, &spec, &at);

	int r = wrong ? line_problem(rd, l, at, wrong) : 0;

	if (r < 0 || (wrong && !q.rejected))
		return r;
	q.has_extras = spec.n_extras > 0;
	q.version = version_text(rd->a, &q, &spec);
	put_spec(&canonical, &q, &spec);
	if (put_options(rd, options, &q, &canonical) < 0)
		return CP_ENOMEM;
	q.pinned = q.pinned || (q.kind == CP_REQ_URL && q.n_hashes);
	q.canonical = cp_arena_str(rd->a, cp_buf_str(&canonical));
	if (!q.canonical.p || !q.key.p || cp_buf_error(&canonical))
		return CP_ENOMEM;
	return cp_vec_push(rd->a, &rd->items, q) < 0 ? CP_ENOMEM : 0;
}

/* ---- settings ---- */

static int add_option(struct req_reader *rd, const struct req_line *l, const struct req_option *o,
		      bool beside)
{
	struct cp_req_option out = {.kind = o->rule->kind,
				    .beside = beside,
				    .name = cp_str_c(o->rule->name),
				    .value = o->value,
				    .line = l->line,
				    .line_end = l->line_end};

	return cp_vec_push(rd->a, &rd->options, out) < 0 ? CP_ENOMEM : 0;
}

static const struct req_option *first_of(const struct req_options *all, char letter)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].rule->letter == letter)
			return &all->items[i];
	return NULL;
}

/* What pip acts on of a line: the first -r, else the first -c, and nothing else of such a line; else all, but of -f the first. */
static bool takes_effect(const struct req_options *all, const struct req_option *o, bool beside)
{
	const struct req_option *file =
		first_of(all, 'r') ? first_of(all, 'r') : first_of(all, 'c');

	if (o->rule->type == REQ_OPTION_CONTROL)
		return true;
	if (beside || o->rule->type == REQ_OPTION_HASH || o->rule->type == REQ_OPTION_SETTING)
		return false;
	return file ? o == file : o->rule->letter != 'f' || o == first_of(all, 'f');
}

static int read_line(struct req_reader *rd, const struct req_line *l)
{
	struct cp_str s = l->text, text;
	struct req_options options = {NULL, 0, 0};
	const struct req_option *editable;
	size_t at = 0, bad;
	const char *wrong;
	int r = 0;

	/* words at single blanks, up to the first that begins with "-" */
	while (at < s.n && (s.p[at] != '-' || (at > 0 && s.p[at - 1] != ' ')))
		at++;
	text = cp_str_sub(s, 0, at);
	wrong = req_options(rd->a, cp_str_from(s, at), &options, &bad);
	if (wrong)
		return line_problem(rd, l, at + bad, wrong);
	editable = first_of(&options, 'e');
	for (size_t i = 0; r == 0 && i < options.n; i++)
		if (takes_effect(&options, &options.items[i], at > 0 || editable))
			r = add_option(rd, l, &options.items[i], at > 0 || editable);
	if (r == 0 && (at > 0 || editable))
		r = add_requirement(rd, l, at > 0 ? text : editable->value, &options, editable);
	return r;
}

/* What cannot be decoded: pip reads nothing of the file; here the rest is still looked at. */
static int add_undecoded(struct req_reader *rd, struct cp_str text, size_t at, const char *message)
{
	int line = 1;

	for (size_t i = 0; i < at && i < text.n; i++)
		line += text.p[i] == '\n';
	return problem(rd, line, 0, message);
}

int cp_requirements_parse(struct cp_arena *a, struct cp_str text,
			  const struct cp_requirements **ret_requirements, struct cp_err *err)
{
	struct req_reader rd = {.a = a, .out = CP_NEW(a, struct cp_requirements)};
	const char *wrong;
	size_t at;
	int r = 0;

	if (!rd.out)
		return cp_err_nomem(err);
	if (text.n > CP_MAX_REQUIREMENTS_BYTES)
		return cp_err_set(err, CP_ELIMIT, "over %u bytes of requirements",
				  CP_MAX_REQUIREMENTS_BYTES);
	wrong = req_decode(a, &text, &rd.out->recoded, &at);
	if (wrong && add_undecoded(&rd, text, at, wrong) < 0)
		return cp_err_nomem(err);
	r = req_lines(&rd, text, err);
	for (size_t i = 0; r == 0 && i < rd.logical.n; i++)
		if (read_line(&rd, &rd.logical.items[i]) < 0)
			r = cp_err_nomem(err);
	if (r == 0 && cp_arena_failed(a))
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
