/* `split`: which requirement files of the images are meant, and which images install each. */
#include "seen_int.h"
#include "splitter_int.h"

#define MAX_TARGETS 64u /* files of one run */

typedef CP_VEC(struct cp_split_target) targets;

static struct cp_split_target *target_of(struct cp_run *run, targets *all, struct cp_str path)
{
	for (size_t i = 0; i < all->n; i++)
		if (cp_str_eq(all->items[i].path, path))
			return &all->items[i];
	if (all->n >= MAX_TARGETS)
		return NULL;
	if (cp_vec_push(run->arena, all, (struct cp_split_target){.path = path}) < 0)
		return NULL;
	return &all->items[all->n - 1];
}

/* Every platform of an image runs the same step. */
static bool is_known(const struct cp_run *run, const struct cp_split_target *t, size_t image,
		     struct cp_str step)
{
	for (size_t i = 0; i < t->users.n; i++)
		if (cp_str_eq(run->images[t->users.items[i].image].request.name,
			      run->images[image].request.name) &&
		    cp_str_eq(t->users.items[i].step, step))
			return true;
	return false;
}

/* The files that pip installs of an image name, those that they include left out. */
static int add_image(struct cp_run *run, size_t image, struct cp_str only, targets *all,
		     struct cp_err *err)
{
	struct cp_installs installs = {.n = 0};
	int r = cp_seen_installs(run, image, &installs, err);

	for (size_t i = 0; r == 0 && i < installs.n; i++) {
		const struct cp_install *in = &installs.items[i];
		struct cp_split_target *t;

		if (in->builds || !cp_str_ends(in->what, CP_S("pip install")) || !in->n_files ||
		    (only.n && !cp_str_eq(in->files[0], only)))
			continue;
		t = target_of(run, all, in->files[0]);
		if (!t || is_known(run, t, image, in->name))
			continue;
		if (cp_vec_push(run->arena, &t->users, (struct cp_split_user){image, in->name}) < 0)
			r = cp_err_nomem(err);
	}
	return r;
}

/* requirements.txt of the first image's context. */
static struct cp_str usual_path(const struct cp_run *run)
{
	struct cp_str context = run->n_images ? run->images[0].request.context : CP_S(".");

	if (cp_context_is_remote(context) || cp_str_eq(context, CP_S(".")))
		context = CP_S("");
	return cp_path_join(run->arena, context, CP_S("requirements.txt"));
}

int cp_split_targets(struct cp_run *run, struct cp_split_target **ret_targets, size_t *ret_n,
		     struct cp_err *err)
{
	struct cp_str only = CP_S(""), usual = usual_path(run);
	struct cp_err none = {0};
	struct cp_entry e;
	targets all = {0};
	int r = usual.p ? 0 : cp_err_nomem(err);

	if (r == 0 && run->request.split.n)
		r = cp_run_repository_path(run, run->request.split, &only, err);
	else if (r == 0 && run->n_images < 2 &&
		 cp_tree_find(run->head, usual, &e, &none) != CP_ENOTFOUND)
		only = usual;
	if (r == 0 && only.n && !target_of(run, &all, only))
		r = cp_err_nomem(err);
	for (size_t i = 0; r == 0 && i < run->n_images; i++)
		r = add_image(run, i, only, &all, err);
	if (r == 0 && !all.n && !target_of(run, &all, usual))
		r = cp_err_nomem(err);
	if (r < 0)
		return r;
	*ret_targets = all.items;
	*ret_n = all.n;
	return 0;
}
