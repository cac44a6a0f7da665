/* Which packages changed in the files of requirements that made a step miss: a cause in the reader's terms. */
#include "packages_int.h"

static bool is_listed(const struct cp_image_run *image, struct cp_str path)
{
	for (size_t i = 0; i < image->answer.n_packages; i++)
		if (cp_str_eq(image->answer.packages[i].path, path))
			return true;
	return false;
}

static int read_side(struct cp_arena *a, struct cp_tree *tree, struct cp_str path,
		     const struct cp_requirements **ret, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	struct cp_str copy;
	int r = cp_tree_read_path(tree, path, &text, err);

	if (r < 0)
		return r;
	copy = cp_arena_str(a, cp_buf_str(&text));
	return copy.p ? cp_requirements_parse_named(a, path, copy, ret, err) : cp_err_nomem(err);
}

/* The changes are borrowed from an arena that goes. */
static int keep(struct cp_arena *a, struct cp_req_change *changes, size_t n,
		struct cp_report_packages *ret)
{
	ret->changes = cp_arena_array(a, n, sizeof(*ret->changes));
	if (!ret->changes)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct cp_req_change *c = &ret->changes[i];

		*c = changes[i];
		c->key = cp_arena_str(a, c->key);
		c->version_before = cp_arena_str(a, c->version_before);
		c->version_after = cp_arena_str(a, c->version_after);
		c->before = c->after = CP_S("");
		if (!c->key.p || !c->version_before.p || !c->version_after.p)
			return CP_ENOMEM;
	}
	ret->n = n;
	return 0;
}

/* What cannot be read or parsed on either side is left out: the path alone is the cause then. */
static int add_file(struct cp_run *run, struct cp_image_run *image, struct cp_str path)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	const struct cp_requirements *before, *after;
	struct cp_report_packages out = {.path = path};
	struct cp_req_change *changes;
	struct cp_err why = {0};
	size_t n;
	int r = a ? read_side(a, run->base, path, &before, &why) : CP_ENOMEM;

	if (r == 0)
		r = read_side(a, run->head, path, &after, &why);
	if (r == 0)
		r = cp_requirements_diff(a, before, after, &changes, &n, &out.options, &why);
	if (r < 0)
		return r == CP_ENOMEM ? r : 0;
	r = keep(image->arena, changes, n, &out);
	if (r == 0)
		image->answer.packages[image->answer.n_packages++] = out;
	return r;
}

int cp_image_packages(struct cp_run *run, struct cp_image_run *image)
{
	const struct cp_prediction *p = &image->answer.prediction;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct cp_cause *c = &p->steps[i].cause;

		for (size_t k = 0; k < c->n_paths; k++) {
			struct cp_str path = c->paths[k].path;

			if (c->paths[k].change != CP_CHANGE_MODIFIED ||
			    cp_requirements_format_of(path) == CP_REQ_FORMAT_NONE ||
			    is_listed(image, path) ||
			    image->answer.n_packages == CP_MAX_CAUSE_PACKAGE_FILES)
				continue;
			if (!image->answer.packages)
				image->answer.packages =
					cp_arena_array(image->arena, CP_MAX_CAUSE_PACKAGE_FILES,
						       sizeof(*image->answer.packages));
			if (!image->answer.packages || add_file(run, image, path) < 0)
				return CP_ENOMEM;
		}
	}
	return 0;
}
