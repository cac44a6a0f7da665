/* `keys --diff`: why a step has another key, for people and as JSON. */
#include "report/text_int.h"

static const char *change_name(enum cp_key_change c)
{
	static const char *const names[] = {"added", "removed", "changed", "follows"};

	return names[c];
}

static bool is_there(const struct cp_digest *d)
{
	static const struct cp_digest none;

	return !cp_digest_eq(d, &none);
}

/* ---- JSON ---- */

static void put_digest(struct cp_json_out *o, const char *key, const struct cp_digest *d,
		       bool known)
{
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(d, text);
	cp_json_key(o, key);
	if (known)
		cp_json_str(o, cp_str_c(text));
	else
		cp_json_null(o);
}

static void put_pair(struct cp_json_out *o, const char *key, struct cp_str a, struct cp_str b)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "base", a);
	cp_json_kstr(o, "head", b);
	cp_json_close(o, '}');
}

static void put_file_record(struct cp_json_out *o, const char *key, const struct cp_key_record *r)
{
	cp_json_key(o, key);
	if (!r->there) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	put_digest(o, "record", &r->digest, r->known);
	cp_json_kstr(o, "header", r->header);
	cp_json_close(o, '}');
}

static const char *file_change(const struct cp_key_file *f)
{
	return !f->a.there ? "added" : !f->b.there ? "removed" : "modified";
}

static void put_input(struct cp_json_out *o, const struct cp_key_input_diff *in)
{
	cp_json_open(o, '{');
	cp_json_kint(o, "input", (int64_t)in->input);
	if (!cp_str_eq(in->selector_a, in->selector_b))
		put_pair(o, "selector", in->selector_a, in->selector_b);
	if (in->content_differs) {
		cp_json_key(o, "content");
		cp_json_open(o, '{');
		put_digest(o, "base", &in->content_a, in->known_a);
		put_digest(o, "head", &in->content_b, in->known_b);
		cp_json_close(o, '}');
		if (in->unknown.n)
			cp_json_kstr(o, "unknown", in->unknown);
		cp_json_key(o, "files");
		cp_json_open(o, '[');
		for (size_t i = 0; i < in->n_files; i++) {
			cp_json_open(o, '{');
			cp_json_kstr(o, "path", in->files[i].path);
			cp_json_kstr(o, "change", cp_str_c(file_change(&in->files[i])));
			put_file_record(o, "base", &in->files[i].a);
			put_file_record(o, "head", &in->files[i].b);
			cp_json_close(o, '}');
		}
		cp_json_close(o, ']');
		cp_json_kint(o, "files_total", (int64_t)in->n_files_total);
	}
	cp_json_close(o, '}');
}

static void put_step(struct cp_json_out *o, const struct cp_key_step_diff *s)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "step", s->step_b.n ? s->step_b : s->step_a);
	cp_json_kstr(o, "change", cp_str_c(change_name(s->change)));
	if (s->step_a.n && s->step_b.n && !cp_str_eq(s->step_a, s->step_b))
		cp_json_kstr(o, "step_base", s->step_a);
	cp_json_key(o, "op");
	cp_json_open(o, '{');
	put_digest(o, "base", &s->op_a, is_there(&s->op_a) && !s->unknown.n);
	put_digest(o, "head", &s->op_b, is_there(&s->op_b) && !s->unknown.n);
	cp_json_close(o, '}');
	cp_json_key(o, "unknown");
	if (s->unknown.n)
		cp_json_str(o, s->unknown);
	else
		cp_json_null(o);
	if (s->change != CP_KEY_FOLLOWS) {
		put_pair(o, "preimage", s->preimage_a, s->preimage_b);
		put_pair(o, "readable", s->readable_a, s->readable_b);
	}
	if (s->op_differs)
		cp_json_kint(o, "first_difference", (int64_t)s->first_difference);
	if (s->follows.n)
		cp_json_kstr(o, "follows", s->follows);
	cp_json_key(o, "inputs");
	cp_json_open(o, '[');
	for (size_t i = 0; i < s->n_inputs; i++)
		put_input(o, &s->inputs[i]);
	cp_json_close(o, ']');
	cp_json_close(o, '}');
}

static void put_side(struct cp_json_out *o, const char *key, struct cp_str rev,
		     struct cp_str commit)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "rev", rev);
	cp_json_kstr(o, "commit", commit);
	cp_json_close(o, '}');
}

static void put_json(const struct cp_report *r, const struct cp_report_key_diff *images, size_t n,
		     struct cp_json_out *o)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "schema", CP_S("cachepredict/keys-diff/1"));
	put_side(o, "base", r->base_rev, r->base_commit);
	put_side(o, "head", r->head_rev, r->head_commit);
	cp_json_key(o, "images");
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "name", images[i].name);
		cp_json_kint(o, "same", (int64_t)images[i].diff->n_same);
		cp_json_key(o, "steps");
		cp_json_open(o, '[');
		for (size_t k = 0; k < images[i].diff->n_steps; k++)
			put_step(o, &images[i].diff->steps[k]);
		cp_json_close(o, ']');
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_close(o, '}');
	cp_buf_addc(o->b, '\n');
}

/* ---- text ---- */

struct page {
	struct cp_buf *out;
	int width;
	bool ascii;
};

/* "sha256:0123456789ab" */
static void add_digest(struct page *p, const struct cp_digest *d, bool known)
{
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(d, text);
	if (known)
		cp_buf_add(p->out, text, 19);
	else
		cp_buf_addz(p->out, "?");
}

#define MARGIN 4
#define BEFORE 40 /* bytes of what is the same, before the mark */

/* A part of a line around the byte `at`; returns the column of that byte. */
static int add_window(struct page *p, struct cp_str s, size_t at)
{
	size_t from = at > BEFORE ? at - BEFORE : 0;
	int room = p->width - MARGIN, column = MARGIN;

	while (from && from < s.n && (s.p[from] & 0xC0) == 0x80)
		from--;
	cp_text_spaces(p->out, MARGIN);
	if (from) {
		cp_buf_addz(p->out, cp_text_ellipsis(p->ascii));
		column += p->ascii ? 3 : 1;
		room -= p->ascii ? 3 : 1;
	}
	column += cp_text_width(cp_str_sub(s, from, at), 100000);
	cp_text_fit(p->out, cp_str_from(s, from), room, p->ascii);
	cp_buf_addc(p->out, '\n');
	return column;
}

static void add_both(struct page *p, struct cp_str a, struct cp_str b, size_t at)
{
	int column = add_window(p, a, at);

	add_window(p, b, at);
	cp_text_spaces(p->out, column);
	cp_buf_addz(p->out, "^\n");
}

static void add_operation(struct page *p, const struct cp_key_step_diff *s)
{
	cp_buf_addz(p->out, "  operation  ");
	add_digest(p, &s->op_a, !s->unknown.n);
	cp_buf_printf(p->out, " %s ", cp_text_arrow(p->ascii));
	add_digest(p, &s->op_b, !s->unknown.n);
	cp_buf_printf(p->out, ", from byte %zu on\n", s->first_difference);
	add_both(p, s->readable_a, s->readable_b, s->first_readable);
}

static void add_record(struct page *p, const char *sign, const struct cp_key_record *r)
{
	cp_buf_printf(p->out, "      %s ", sign);
	if (!r->there) {
		cp_buf_addz(p->out, "not there\n");
		return;
	}
	add_digest(p, &r->digest, r->known);
	cp_buf_addz(p->out, "  ");
	cp_text_add(p->out, r->header);
	cp_buf_addc(p->out, '\n');
}

static void add_content(struct page *p, const struct cp_key_input_diff *in)
{
	cp_buf_addz(p->out, "  content    ");
	add_digest(p, &in->content_a, in->known_a);
	cp_buf_printf(p->out, " %s ", cp_text_arrow(p->ascii));
	add_digest(p, &in->content_b, in->known_b);
	if (in->unknown.n) {
		cp_buf_addz(p->out, ", not known: ");
		cp_text_add(p->out, in->unknown);
	}
	cp_buf_addc(p->out, '\n');
	for (size_t i = 0; i < in->n_files; i++) {
		cp_text_spaces(p->out, MARGIN);
		cp_text_add(p->out, in->files[i].path);
		cp_buf_printf(p->out, "  %s\n", file_change(&in->files[i]));
		add_record(p, "-", &in->files[i].a);
		add_record(p, "+", &in->files[i].b);
	}
	if (in->n_files_total > in->n_files)
		cp_buf_printf(p->out, "    and %zu more\n", in->n_files_total - in->n_files);
}

static void add_selector(struct page *p, const struct cp_key_input_diff *in)
{
	size_t at = 0;

	if (cp_str_eq(in->selector_a, in->selector_b))
		return;
	while (at < in->selector_a.n && at < in->selector_b.n &&
	       in->selector_a.p[at] == in->selector_b.p[at])
		at++;
	cp_buf_printf(p->out, "  selector of input %zu\n", in->input);
	add_both(p, in->selector_a, in->selector_b, at);
}

static void add_step(struct page *p, const struct cp_key_step_diff *s)
{
	struct cp_str name = s->step_b.n ? s->step_b : s->step_a;

	cp_buf_addc(p->out, '\n');
	cp_text_fit_words(p->out, name, p->width, p->ascii);
	if (s->step_a.n && s->step_b.n && !cp_str_eq(s->step_a, s->step_b)) {
		cp_buf_addz(p->out, "\n  before     ");
		cp_text_fit_words(p->out, s->step_a, p->width - 13, p->ascii);
	}
	cp_buf_addc(p->out, '\n');
	if (s->unknown.n) {
		cp_buf_addz(p->out, "  not known  ");
		cp_text_add(p->out, s->unknown);
		cp_buf_addc(p->out, '\n');
	}
	if (s->change == CP_KEY_ADDED || s->change == CP_KEY_REMOVED)
		cp_buf_printf(p->out, "  operation  %s\n", change_name(s->change));
	if (s->op_differs)
		add_operation(p, s);
	for (size_t i = 0; i < s->n_inputs; i++) {
		add_selector(p, &s->inputs[i]);
		if (s->inputs[i].content_differs)
			add_content(p, &s->inputs[i]);
	}
	if (s->follows.n) {
		cp_buf_addz(p->out, "  follows    ");
		cp_text_fit_words(p->out, s->follows, p->width - 13, p->ascii);
		cp_buf_addc(p->out, '\n');
	}
}

int cp_report_key_diff(const struct cp_report *r, const struct cp_report_key_diff *images, size_t n,
		       bool json, const struct cp_report_style *style, struct cp_buf *out,
		       struct cp_err *err)
{
	struct page p = {out, style->width ? style->width : 80, style->ascii};
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	if (json)
		put_json(r, images, n, &o);
	for (size_t i = 0; !json && i < n; i++) {
		if (i)
			cp_buf_addc(out, '\n');
		cp_text_add(out, images[i].name);
		cp_buf_printf(out, "  %zu with another key, %zu the same\n",
			      images[i].diff->n_steps, images[i].diff->n_same);
		for (size_t k = 0; k < images[i].diff->n_steps; k++)
			add_step(&p, &images[i].diff->steps[k]);
	}
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "the difference is too large")
				 : 0;
}
