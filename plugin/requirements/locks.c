/* pyproject.toml, uv.lock, poetry.lock, pylock.toml ─► what they ask for. */
#include "base/toml.h"

#include "requirements/requirements_int.h"

struct lock {
	struct cp_arena *a;
	struct cp_requirements *out;
	CP_VEC(struct cp_requirement) items;
	struct cp_buf
		pep508; /* dependencies that are written as in a requirement file, one a line */
	uint64_t rest;  /* of all that belongs to no package */
	/* the [[package]] at hand */
	bool open;
	struct cp_str name, version, source;
	uint64_t all; /* of its values, in any order */
	struct cp_str wheel;
	int rank; /* of the wheel whose size it is: 0 = none */
	uint64_t size;
	bool linux_wheels, musl_wheels;
};

static uint64_t hash_of(const struct cp_toml_value *v, size_t from)
{
	uint64_t h = cp_hash64(v->text.p, v->text.n);

	for (size_t i = from; i < v->n_path; i++)
		h = h * 31 + cp_hash64(v->path[i].p, v->path[i].n);
	return h;
}

static bool is(const struct cp_toml_value *v, size_t at, const char *key)
{
	return at < v->n_path && cp_str_eq(v->path[at], cp_str_c(key));
}

static bool holds(struct cp_str s, const char *what)
{
	return cp_str_find_str(s, cp_str_c(what), 0) < s.n;
}

/* wheels = [{ url = "...", size = 1 }] of uv, [{ name = ... }] of pylock. */
static void on_wheel(struct lock *l, const struct cp_toml_value *v)
{
	bool any, linux_x86;
	int64_t size;
	int rank;

	if (is(v, 2, "url") || is(v, 2, "name") || is(v, 2, "file"))
		l->wheel = v->text;
	any = holds(l->wheel, "-any.whl");
	linux_x86 = holds(l->wheel, "manylinux") && holds(l->wheel, "x86_64");
	l->linux_wheels = l->linux_wheels || holds(l->wheel, "manylinux");
	l->musl_wheels = l->musl_wheels || any || holds(l->wheel, "musllinux");
	rank = linux_x86 ? 3 : any ? 2 : 1;
	if (!is(v, 2, "size") || rank <= l->rank || !cp_str_to_int(v->text, 10, &size) || size <= 0)
		return;
	l->rank = rank;
	l->size = (uint64_t)size;
}

static int add(struct lock *l, struct cp_str name, struct cp_str version, struct cp_str canonical)
{
	struct cp_requirement q = {.kind = CP_REQ_NAME,
				   .named = true,
				   .key = cp_req_normalise(l->a, name),
				   .version = cp_arena_str(l->a, version),
				   .canonical = canonical};

	if (!q.key.p || !q.canonical.p || !q.version.p)
		return CP_ENOMEM;
	return cp_vec_push(l->a, &l->items, q);
}

/* ---- locks: [[package]] of uv and poetry, [[packages]] of pylock.toml ---- */

static int close_package(struct lock *l)
{
	int r = 0;

	if (l->open && l->name.n)
		r = add(l, l->name, l->version.n ? l->version : l->source,
			cp_arena_printf(l->a, "%.*s==%.*s %016llx", CP_STR(l->name),
					CP_STR(l->version), (unsigned long long)l->all));
	if (r == 0 && l->open && l->name.n) {
		struct cp_requirement *q = &l->items.items[l->items.n - 1];

		q->size = l->size;
		q->linux_wheels = l->linux_wheels;
		q->musl_wheels = l->musl_wheels;
	}
	l->open = false;
	return r;
}

static bool is_package(struct cp_str s)
{
	return cp_str_eq(s, CP_S("package")) || cp_str_eq(s, CP_S("packages"));
}

static int on_table(void *self, const struct cp_str *path, size_t n_path)
{
	struct lock *l = self;
	bool package = is_package(path[0]);

	if (package && n_path > 1)
		return 0;
	if (close_package(l) < 0)
		return CP_ENOMEM;
	l->open = package;
	l->name = l->version = l->source = l->wheel = CP_S("");
	l->all = l->size = 0;
	l->rank = 0;
	l->linux_wheels = l->musl_wheels = false;
	return 0;
}

static int on_locked(void *self, const struct cp_toml_value *v)
{
	struct lock *l = self;

	if (!l->open || !is_package(v->path[0])) {
		l->rest += hash_of(v, 0);
		return 0;
	}
	l->all += hash_of(v, 1);
	if (v->n_path == 2 && is(v, 1, "name"))
		l->name = v->text;
	else if (v->n_path == 2 && is(v, 1, "version"))
		l->version = v->text;
	else if (v->n_path == 3 && is(v, 1, "wheels"))
		on_wheel(l, v);
	else if (v->n_path == 3 && (is(v, 1, "source") || is(v, 1, "vcs")) && !l->source.n)
		l->source = v->text;
	return 0;
}

/* ---- pyproject.toml ---- */

/* Lists of PEP 508: where the names of groups stand is path[at]. */
static bool is_list(const struct cp_toml_value *v)
{
	if (v->kind != CP_TOML_STRING)
		return false;
	return (v->n_path == 2 && is(v, 0, "project") && is(v, 1, "dependencies")) ||
	       (v->n_path == 3 && is(v, 0, "project") && is(v, 1, "optional-dependencies")) ||
	       (v->n_path == 2 && is(v, 0, "dependency-groups")) ||
	       (v->n_path == 2 && is(v, 0, "build-system") && is(v, 1, "requires"));
}

/* tool.poetry.dependencies.NAME, tool.poetry.group.X.dependencies.NAME: where the name stands; 0 = it is none. */
static size_t poetry_name(const struct cp_toml_value *v)
{
	size_t at = is(v, 2, "group") ? 4 : 2;

	if (!is(v, 0, "tool") || !is(v, 1, "poetry"))
		return 0;
	return (is(v, at, "dependencies") || is(v, at, "dev-dependencies")) && at + 1 < v->n_path
		       ? at + 1
		       : 0;
}

static int on_project(void *self, const struct cp_toml_value *v)
{
	struct lock *l = self;
	size_t at = poetry_name(v);
	struct cp_str what;

	if (is_list(v)) {
		for (size_t i = 0; i < v->text.n; i++) /* one line each, whatever is in it */
			cp_buf_addc(&l->pep508,
				    strchr("\n\r\\#\v\f", v->text.p[i]) ? ' ' : v->text.p[i]);
		cp_buf_addc(&l->pep508, '\n');
		return cp_buf_error(&l->pep508) ? CP_ENOMEM : 0;
	}
	if (!at) {
		l->rest += hash_of(v, 0);
		return 0;
	}
	what = at + 1 < v->n_path ? v->path[at + 1] : CP_S("version");
	return add(l, v->path[at], v->text,
		   cp_arena_printf(l->a, "%.*s %.*s %.*s", CP_STR(v->path[at]), CP_STR(what),
				   CP_STR(v->text)));
}

static int add_pep508(struct lock *l, struct cp_err *err)
{
	struct cp_str text = cp_arena_str(l->a, cp_buf_str(&l->pep508));
	const struct cp_requirements *all;
	int r = text.p ? cp_requirements_parse(l->a, text, &all, err) : cp_err_nomem(err);

	for (size_t i = 0; r == 0 && i < all->n_items; i++)
		if (cp_vec_push(l->a, &l->items, all->items[i]) < 0)
			r = cp_err_nomem(err);
	return r;
}

static int finish(struct lock *l, struct cp_err *err)
{
	struct cp_req_option rest = {
		.name = CP_S("rest"),
		.value = cp_arena_printf(l->a, "%016llx", (unsigned long long)l->rest)};
	CP_VEC(struct cp_req_option) options = {0};

	if (close_package(l) < 0 || cp_vec_push(l->a, &options, rest) < 0)
		return cp_err_nomem(err);
	l->out->items = l->items.items;
	l->out->n_items = l->items.n;
	l->out->options = options.items;
	l->out->n_options = options.n;
	return 0;
}

static int read_toml(struct cp_arena *a, struct cp_str path, struct cp_str text, bool project,
		     const struct cp_requirements **ret_requirements, struct cp_err *err)
{
	struct lock l = {.a = a,
			 .out = CP_NEW(a, struct cp_requirements),
			 .pep508 = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES)};
	struct cp_toml_reader reader = {.on_value = project ? on_project : on_locked,
					.on_table = project ? NULL : on_table,
					.self = &l};
	int r = l.out ? cp_toml_read(a, text, path, &reader, err) : cp_err_nomem(err);

	if (r == 0)
		r = add_pep508(&l, err);
	if (r == 0)
		r = finish(&l, err);
	cp_buf_release(&l.pep508);
	if (r == 0 && cp_arena_failed(a))
		r = cp_err_nomem(err);
	if (r == 0)
		*ret_requirements = l.out;
	return r;
}

/* ---- by name ---- */

enum cp_requirements_format cp_requirements_format_of(struct cp_str path)
{
	struct cp_str base = cp_path_base(path);

	if (cp_str_eq(base, CP_S("pyproject.toml")))
		return CP_REQ_FORMAT_PROJECT;
	if (cp_str_eq(base, CP_S("uv.lock")) || cp_str_eq(base, CP_S("poetry.lock")) ||
	    (cp_str_starts(base, CP_S("pylock.")) && cp_str_ends(base, CP_S(".toml"))))
		return CP_REQ_FORMAT_LOCK;
	if (!cp_str_ends(base, CP_S(".txt")) && !cp_str_ends(base, CP_S(".in")))
		return CP_REQ_FORMAT_NONE;
	return cp_str_find_str(path, CP_S("requirements"), 0) < path.n ||
			       cp_str_find_str(base, CP_S("constraints"), 0) < base.n
		       ? CP_REQ_FORMAT_PIP
		       : CP_REQ_FORMAT_NONE;
}

int cp_requirements_parse_named(struct cp_arena *a, struct cp_str path, struct cp_str text,
				const struct cp_requirements **ret_requirements, struct cp_err *err)
{
	enum cp_requirements_format format = cp_requirements_format_of(path);

	if (format == CP_REQ_FORMAT_NONE)
		return cp_err_set(err, CP_EUNSUPPORTED, "%.*s is no file of requirements",
				  CP_STR(path));
	if (format == CP_REQ_FORMAT_PIP)
		return cp_requirements_parse(a, text, ret_requirements, err);
	return read_toml(a, path, text, format == CP_REQ_FORMAT_PROJECT, ret_requirements, err);
}
