/* Sets of requirement files in, what plugin/requirements made of them out: the C side of ./pip. A set is names and texts, each with its length. */
#include "cdriver_int.h"
#include "requirements/requirements.h"

struct set {
	struct cp_str rest;
};

static int read_set(const void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	struct cp_str rest = ((const struct set *)self)->rest, name, text;

	while (cdriver_take(&rest, &name) && cdriver_take(&rest, &text))
		if (cp_str_eq(name, path)) {
			cp_buf_adds(out, text);
			return cp_buf_error(out);
		}
	return cp_err_set(err, CP_ENOTFOUND, "no file %.*s", CP_STR(path));
}

static void put_items(struct cp_buf *b, const struct cp_requirements *all)
{
	cdriver_key(b, "items");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < all->n_items; i++) {
		const struct cp_requirement *q = &all->items[i];

		if (q->rejected)
			continue;
		cp_buf_addz(b, b->p[b->n - 1] == '[' ? "{" : ",{");
		cdriver_kint(b, "line", q->line);
		cdriver_kint(b, "kind", q->kind);
		cdriver_kint(b, "editable", q->editable);
		cdriver_kint(b, "named", q->named && !q->guessed);
		cdriver_kint(b, "pinned", q->pinned);
		cdriver_kint(b, "hashes", (long long)q->n_hashes);
		cdriver_kstr(b, "key", q->key);
		cdriver_kstr(b, "canonical", q->canonical);
		cp_buf_addc(b, '}');
	}
	cp_buf_addc(b, ']');
	cdriver_key(b, "options");
	cp_buf_addc(b, '[');
	for (size_t i = 0; i < all->n_options; i++) {
		const struct cp_req_option *o = &all->options[i];

		cp_buf_addz(b, i ? ",{" : "{");
		cdriver_kint(b, "line", o->line);
		cdriver_kint(b, "beside", o->beside);
		cdriver_kstr(b, "name", o->name);
		cdriver_kstr(b, "value", o->value);
		cp_buf_addc(b, '}');
	}
	cp_buf_addc(b, ']');
}

static void put_set(struct cp_buf *b, const struct cp_req_file *files, size_t n,
		    const struct cp_req_problem *problems, size_t n_problems)
{
	cp_buf_addz(b, "{\"files\":[");
	for (size_t i = 0; i < n; i++) {
		cp_buf_addz(b, i ? ",{" : "{");
		cdriver_kstr(b, "path", files[i].path);
		cdriver_kint(b, "constraint", files[i].constraint);
		cdriver_kint(b, "read", files[i].requirements != NULL);
		if (files[i].requirements)
			put_items(b, files[i].requirements);
		cp_buf_addc(b, '}');
	}
	cp_buf_addz(b, "],\"problems\":[");
	for (size_t i = 0; i < n_problems; i++) {
		cp_buf_addz(b, i ? ",{" : "{");
		cdriver_kstr(b, "file", problems[i].file);
		cdriver_kint(b, "line", problems[i].line);
		cdriver_kint(b, "column", problems[i].column);
		cdriver_kstr(b, "message", problems[i].message);
		cp_buf_addc(b, '}');
	}
	cp_buf_addz(b, "]}");
}

int main(void)
{
	struct cp_buf in = CP_BUF_INIT(CDRIVER_MAX_INPUT), out = CP_BUF_INIT(CDRIVER_MAX_INPUT);

	while (cdriver_read(&in)) {
		struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
		struct set set = {cp_buf_str(&in)};
		struct cp_req_reader reader = {read_set, &set};
		struct cp_req_problem *problems;
		struct cp_req_file *files;
		struct cp_err err = {0};
		size_t n, n_problems;
		int r = cp_requirements_read(a, &reader, CP_S("requirements.txt"), &files, &n,
					     &problems, &n_problems, &err);

		cp_buf_clear(&out);
		if (r < 0)
			cdriver_reject(&out, r, &err);
		else
			put_set(&out, files, n, problems, n_problems);
		cdriver_write(&out);
		cp_arena_free(a);
	}
	cp_buf_release(&in);
	cp_buf_release(&out);
	return 0;
}
