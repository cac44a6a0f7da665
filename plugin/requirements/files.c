/* A file and what it includes (req_file.py: _parse_and_recurse). */
#include "requirements/requirements_int.h"

struct reading {
	struct cp_arena *a;
	const struct cp_req_reader *reader;
	CP_VEC(struct cp_req_file) files;
	CP_VEC(struct cp_req_problem) problems;
	size_t open[CP_MAX_REQUIREMENT_FILES]; /* files on the way to the one that is read */
	size_t n_open;
};

static int problem(struct reading *rd, struct cp_str file, int line, struct cp_str message)
{
	struct cp_req_problem p = {.file = file, .line = line, .message = message};

	return message.p && cp_vec_push(rd->a, &rd->problems, p) == 0 ? 0 : CP_ENOMEM;
}

/* What cannot be read from a repository: a URL (SCHEME_RE), a path outside of it, a name in a variable. */
static bool is_elsewhere(struct cp_str value, struct cp_str path)
{
	static const char *const schemes[] = {"http:", "https:", "file:"};

	for (size_t i = 0; i < CP_LEN(schemes); i++)
		if (cp_str_eq_nocase(cp_str_sub(value, 0, strlen(schemes[i])),
				     cp_str_c(schemes[i])))
			return true;
	return cp_str_find_str(value, CP_S("${"), 0) < value.n || cp_path_is_abs(value) ||
	       cp_str_eq(path, CP_S("..")) || cp_str_starts(path, CP_S("../"));
}

static int add_file(struct reading *rd, struct cp_str path, bool constraint,
		    const struct cp_requirements *all)
{
	struct cp_req_file f = {path, constraint, all};

	return cp_vec_push(rd->a, &rd->files, f) < 0 ? CP_ENOMEM : 0;
}

/* check_invalid_constraint_type */
static int check_constraint(struct reading *rd, struct cp_str path, const struct cp_requirement *q)
{
	struct cp_str why = q->editable               ? CP_S("what is editable is no constraint")
			    : !q->named || q->guessed ? CP_S("a constraint needs a name")
			    : q->has_extras           ? CP_S("a constraint cannot have extras")
						      : cp_str_n(NULL, 0);

	return why.n ? problem(rd, path, q->line, why) : 0;
}

static int parse_file(struct reading *rd, struct cp_str path, bool constraint, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	const struct cp_requirements *all;
	struct cp_str copy;
	int r = rd->reader->read(rd->reader->self, path, &text, err);

	if (r < 0)
		return r;
	copy = cp_arena_str(rd->a, cp_buf_str(&text));
	if (!copy.p)
		return cp_err_nomem(err);
	r = cp_requirements_parse(rd->a, copy, &all, err);
	if (r == 0 && add_file(rd, path, constraint, all) < 0)
		r = cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < all->n_problems; i++)
		if (problem(rd, path, all->problems[i].line, all->problems[i].message) < 0)
			r = cp_err_nomem(err);
		else
			rd->problems.items[rd->problems.n - 1].column = all->problems[i].column;
	for (size_t i = 0; r == 0 && constraint && i < all->n_items; i++)
		if (check_constraint(rd, path, &all->items[i]) < 0)
			r = cp_err_nomem(err);
	return r;
}

/* Is it read already in this role? *ret_open: and, in any, not yet to its end. */
static bool is_known(const struct reading *rd, struct cp_str path, bool constraint, bool *ret_open)
{
	bool known = false;

	*ret_open = false;
	for (size_t i = 0; i < rd->files.n; i++)
		known = known || (rd->files.items[i].constraint == constraint &&
				  cp_str_eq(rd->files.items[i].path, path));
	for (size_t i = 0; i < rd->n_open; i++)
		*ret_open = *ret_open || cp_str_eq(rd->files.items[rd->open[i]].path, path);
	return known;
}

static int read_file(struct reading *rd, struct cp_str path, bool constraint, struct cp_err *err);

static int include(struct reading *rd, struct cp_str from, const struct cp_req_option *o,
		   struct cp_err *err)
{
	struct cp_str path = cp_path_join(rd->a, cp_path_dir(rd->a, from), o->value);
	struct cp_err why = {0};
	bool open;
	int r = 0;

	if (!path.p)
		return cp_err_nomem(err);
	if (is_elsewhere(o->value, path))
		return add_file(rd, o->value, o->kind == CP_REQ_OPT_CONSTRAINT, NULL) < 0
			       ? cp_err_nomem(err)
			       : 0;
	if (is_known(rd, path, o->kind == CP_REQ_OPT_CONSTRAINT, &open) || open) {
		if (open)
			r = problem(rd, from, o->line,
				    cp_arena_printf(rd->a, "%.*s includes itself in the end",
						    CP_STR(path)));
		return r < 0 ? cp_err_nomem(err) : 0;
	}
	if (rd->files.n >= CP_MAX_REQUIREMENT_FILES)
		return problem(rd, from, o->line, CP_S("too many files are included")) < 0
			       ? cp_err_nomem(err)
			       : 0;
	r = read_file(rd, path, o->kind == CP_REQ_OPT_CONSTRAINT, &why);
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0 && problem(rd, from, o->line, cp_arena_str(rd->a, cp_str_c(why.message))) < 0)
		return cp_err_nomem(err);
	return 0;
}

static int read_file(struct reading *rd, struct cp_str path, bool constraint, struct cp_err *err)
{
	size_t at = rd->files.n;
	int r = parse_file(rd, path, constraint, err);
	const struct cp_requirements *all;

	if (r < 0)
		return r;
	all = rd->files.items[at].requirements;
	rd->open[rd->n_open++] = at;
	for (size_t i = 0; r == 0 && i < all->n_options; i++)
		if (all->options[i].kind == CP_REQ_OPT_REQUIREMENT ||
		    all->options[i].kind == CP_REQ_OPT_CONSTRAINT)
			r = include(rd, path, &all->options[i], err);
	rd->n_open--;
	return r;
}

int cp_requirements_read(struct cp_arena *a, const struct cp_req_reader *reader, struct cp_str path,
			 struct cp_req_file **ret_files, size_t *ret_n,
			 struct cp_req_problem **ret_problems, size_t *ret_n_problems,
			 struct cp_err *err)
{
	struct reading rd = {.a = a, .reader = reader};
	int r = read_file(&rd, path, false, err);

	if (r < 0)
		return r;
	*ret_files = rd.files.items;
	*ret_n = rd.files.n;
	*ret_problems = rd.problems.items;
	*ret_n_problems = rd.problems.n;
	return 0;
}
