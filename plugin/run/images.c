/* What is to be built: the request's images, else bake or compose files, else the settings file, else the Dockerfile at hand. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "forge/forge.h"
#include "run.h"

/* A file on disk that the user named. */
int cp_run_read_disk(const char *path, struct cp_buf *out, struct cp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read;

	if (fd < 0)
		return cp_err_set(err, CP_ENOTFOUND, "cannot open %s: %s", path,
				  errno == ENOENT ? "no such file" : "not readable");
	is_read = cp_buf_read(out, fd);
	close(fd);
	if (!is_read)
		return cp_err_set(err, CP_EIO, "cannot read %s", path);
	if (cp_buf_error(out))
		return cp_err_set(err, cp_buf_error(out), "%s: over %zu bytes", path, out->max);
	return 0;
}

void cp_run_read_event(const struct cp_run *run, struct cp_buf *out)
{
	struct cp_str file = cp_forge_event_file(&run->world->env);
	struct cp_err ignored = {0};

	if (file.n && cp_run_read_disk(file.p, out, &ignored) < 0)
		cp_buf_clear(out);
}

/* Path of the request, relative to where the user stands, as a path of the repository. */
int cp_run_repository_path(struct cp_run *run, struct cp_str path, struct cp_str *ret,
			   struct cp_err *err)
{
	const char *top = cp_repo_work_tree(run->repo);
	struct cp_str root = cp_str_c(top), p = path;

	if (cp_path_is_abs(path)) {
		p = cp_path_clean(run->arena, path);
		if (!p.p)
			return cp_err_nomem(err);
		if (!top || !cp_str_starts(p, root) || (p.n > root.n && p.p[root.n] != '/'))
			return cp_err_set(err, CP_EUSAGE, "%.*s is outside of the repository",
					  CP_STR(path));
		p = cp_str_trim_left(cp_str_from(p, root.n), "/");
	} else if (run->prefix.n) {
		p = cp_path_join(run->arena, run->prefix, path);
	} else {
		p = cp_path_clean(run->arena, path);
	}
	if (!p.p)
		return cp_err_nomem(err);
	if (cp_str_eq(p, CP_S("..")) || cp_str_starts(p, CP_S("../")))
		return cp_err_set(err, CP_EUSAGE, "%.*s is outside of the repository",
				  CP_STR(path));
	*ret = cp_str_eq(p, CP_S("")) ? CP_S(".") : p;
	return 0;
}

bool cp_context_is_remote(struct cp_str context)
{
	return cp_str_find_str(context, CP_S("://"), 0) < context.n ||
	       cp_str_starts(context, CP_S("git@")) || cp_str_starts(context, CP_S("github.com/"));
}

/* A named context that is a folder: neither a URL nor one of the schemes that name something else. */
bool cp_context_is_folder(struct cp_str value)
{
	static const char *const schemes[] = {"docker-image://", "target:", "oci-layout://",
					      "input:", "service:"};

	for (size_t i = 0; i < CP_LEN(schemes); i++)
		if (cp_str_starts(value, cp_str_c(schemes[i])))
			return false;
	return !cp_context_is_remote(value);
}

/* The paths of an image of the request: context and Dockerfile are where the user stands. */
static int place_image(struct cp_run *run, struct cp_image_request *im, struct cp_err *err)
{
	int r = 0;

	if (!im->context.n)
		im->context = CP_S(".");
	if (!cp_context_is_remote(im->context))
		r = cp_run_repository_path(run, im->context, &im->context, err);
	if (r == 0 && im->dockerfile.n)
		r = cp_run_repository_path(run, im->dockerfile, &im->dockerfile, err);
	for (size_t i = 0; r == 0 && i < im->n_contexts; i++) {
		struct cp_err outside = {0};

		if (!cp_context_is_folder(im->contexts[i].value))
			continue;
		/* a folder outside of the repository stays what it is: an unknown */
		if (cp_run_repository_path(run, im->contexts[i].value, &im->contexts[i].value,
					   &outside) == CP_ENOMEM)
			r = cp_err_nomem(err);
	}
	return r;
}

/* Files that another program resolved have absolute paths. */
static void strip_top(const struct cp_run *run, struct cp_str *path)
{
	struct cp_str top = cp_str_c(cp_repo_work_tree(run->repo));

	if (!top.n || !cp_str_starts(*path, top) || (path->n > top.n && path->p[top.n] != '/'))
		return;
	*path = cp_str_trim_left(cp_str_from(*path, top.n), "/");
	if (!path->n)
		*path = CP_S(".");
}

struct tree_reader {
	struct cp_tree *tree;
};

static int read_tree(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	struct tree_reader *t = self;

	return cp_tree_read_path(t->tree, path, out, err);
}

/* What the reader of a file has to say goes into the report. */
static int add_notes(struct cp_run *run, const struct cp_image_requests *list, struct cp_err *err)
{
	struct cp_report *report = &run->report;
	struct cp_str *notes =
		cp_arena_array(run->arena, report->n_notes + list->n_notes, sizeof(*notes));

	if (!notes)
		return cp_err_nomem(err);
	if (report->n_notes)
		memcpy(notes, report->notes, report->n_notes * sizeof(*notes));
	if (list->n_notes)
		memcpy(notes + report->n_notes, list->notes, list->n_notes * sizeof(*notes));
	report->notes = notes;
	report->n_notes += list->n_notes;
	return 0;
}

/* Files of the commit that is to be built may be a stranger's, however they were named. */
static void mark(struct cp_image_requests *list, bool from_commit)
{
	for (size_t i = 0; i < list->n; i++)
		list->items[i].from_commit = from_commit;
}

static int add_requests(struct cp_run *run, const struct cp_image_requests *list,
			struct cp_image_requests *all, struct cp_err *err)
{
	struct cp_image_request *items =
		cp_arena_array(run->arena, all->n + list->n, sizeof(*items));

	if (!items)
		return cp_err_nomem(err);
	if (all->n)
		memcpy(items, all->items, all->n * sizeof(*items));
	if (list->n)
		memcpy(items + all->n, list->items, list->n * sizeof(*items));
	for (size_t i = all->n; i < all->n + list->n; i++) {
		strip_top(run, &items[i].context);
		strip_top(run, &items[i].dockerfile);
		for (size_t k = 0; k < items[i].n_contexts; k++)
			strip_top(run, &items[i].contexts[k].value);
	}
	all->items = items;
	all->n += list->n;
	return add_notes(run, list, err);
}

static int from_bake(struct cp_run *run, struct cp_str path, bool on_disk,
		     struct cp_image_requests *all, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	struct cp_image_requests list = {0};
	int r = on_disk ? cp_run_read_disk(path.p, &text, err)
			: cp_tree_read_path(run->head, path, &text, err);

	if (r == 0)
		r = cp_bake_parse(run->arena, cp_buf_str(&text), path, run->prefix,
				  run->request.only, run->request.n_only, &list, err);
	mark(&list, true);
	return r < 0 ? r : add_requests(run, &list, all, err);
}

static int from_compose(struct cp_run *run, const struct cp_str *paths, size_t n, bool on_disk,
			struct cp_image_requests *all, struct cp_err *err)
{
	struct cp_compose_file *files = cp_arena_array(run->arena, n, sizeof(*files));
	struct tree_reader t = {run->head};
	struct cp_file_reader reader = {read_tree, &t};
	struct cp_image_requests list = {0};
	int r = files ? 0 : cp_err_nomem(err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_YAML_BYTES);

		r = cp_run_repository_path(run, paths[i], &files[i].name, err);
		if (r == 0 || on_disk)
			r = on_disk ? cp_run_read_disk(paths[i].p, &text, err)
				    : cp_tree_read_path(run->head, files[i].name, &text, err);
		if (r == 0 && !files[i].name.p)
			files[i].name = cp_path_base(paths[i]);
		files[i].text = cp_arena_str(run->arena, cp_buf_str(&text));
		if (r == 0 && !files[i].text.p)
			r = cp_err_nomem(err);
	}
	if (r == 0)
		r = cp_compose_parse(run->arena, files, n, &reader, &run->world->env,
				     run->request.only, run->request.n_only, &list, err);
	mark(&list, true);
	return r < 0 ? r : add_requests(run, &list, all, err);
}

/* The settings file: of the base commit, so that a pull request cannot change how it is judged. */
static int read_config(struct cp_run *run, struct cp_config *config, bool *ret_found,
		       struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	struct cp_str path =
		run->request.config.n ? run->request.config : CP_S(".cachepredict.json");
	struct cp_err local = {0};
	struct cp_tree *tree = run->base ? run->base : run->head;
	struct cp_tree *other = NULL;
	int r = 0;

	if (run->request.config_from.n) {
		struct cp_commit c;

		r = cp_repo_resolve(run->repo, run->request.config_from.p, &c, err);
		if (r == 0)
			r = cp_repo_tree(run->repo, &c, run->request.config_from.p, &other, err);
		if (r < 0)
			return r;
		tree = other;
	}
	r = cp_tree_read_path(tree, path, &text, &local);
	cp_tree_free(other);
	if (r == CP_ENOTFOUND && !run->request.config.n)
		return 0;
	if (r < 0)
		return cp_err_set(err, r, "settings: %s", local.message);
	*ret_found = true;
	return cp_config_parse(run->arena, cp_buf_str(&text), path, config, err);
}

static bool wanted(const struct cp_request *q, struct cp_str name)
{
	for (size_t i = 0; i < q->n_only; i++)
		if (cp_str_eq(q->only[i], name))
			return true;
	return q->n_only == 0;
}

static int from_config(struct cp_run *run, struct cp_image_requests *all, struct cp_err *err)
{
	struct cp_config config = {0};
	bool found = false;
	int r;

	if (run->request.no_config)
		return 0;
	r = read_config(run, &config, &found, err);
	if (r < 0 || !found)
		return r;
	if (!run->request.n_fail_on) {
		run->request.fail_on = config.fail_on;
		run->request.n_fail_on = config.n_fail_on;
	}
	if (!run->request.context_from.n)
		run->request.context_from = config.context_from;
	if (run->request.image_given || run->request.bake.n || run->request.n_compose)
		return 0;
	for (size_t i = 0; r == 0 && i < config.images.n; i++) {
		struct cp_image_requests one = {.items = &config.images.items[i], .n = 1};

		mark(&one, !run->base && !run->request.config_from.n);
		if (wanted(&run->request, config.images.items[i].name))
			r = add_requests(run, &one, all, err);
	}
	if (r == 0 && config.bake.n)
		r = from_bake(run, config.bake, false, all, err);
	if (r == 0 && config.n_compose)
		r = from_compose(run, config.compose, config.n_compose, false, all, err);
	return r;
}

/* `image` with several targets, or one. */
static int from_request(struct cp_run *run, struct cp_image_requests *all, struct cp_err *err)
{
	struct cp_request *q = &run->request;
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->n_images; i++) {
		size_t copies = q->n_targets && i == 0 ? q->n_targets : 1;

		r = place_image(run, &q->images[i], err);
		for (size_t k = 0; r == 0 && k < copies; k++) {
			struct cp_image_request im = q->images[i];
			struct cp_image_requests one = {.items = &im, .n = 1};

			if (q->n_targets && i == 0)
				im.target = q->targets[k];
			if (wanted(q, im.name))
				r = add_requests(run, &one, all, err);
		}
	}
	return r;
}

/* The name that people know an image by: given, else its target when several are asked for, else a folder. */
static struct cp_str name_of(const struct cp_run *run, const struct cp_image_request *im)
{
	struct cp_str dir;

	if (im->name.n)
		return im->name;
	if (run->request.n_targets > 1)
		return im->target;
	dir = cp_str_eq(im->context, CP_S(".")) && im->dockerfile.n
		      ? cp_path_dir(run->arena, im->dockerfile)
		      : im->context;
	if (dir.p && !cp_context_is_remote(dir) && !cp_str_eq(dir, CP_S(".")))
		return cp_path_base(dir);
	if (cp_repo_work_tree(run->repo))
		return cp_arena_str(run->arena,
				    cp_path_base(cp_str_c(cp_repo_work_tree(run->repo))));
	return CP_S("image");
}

/* One run per image and platform. */
static int make_runs(struct cp_run *run, const struct cp_image_requests *all, struct cp_err *err)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->items[i].n_platforms ? all->items[i].n_platforms : 1;
	if (n > CP_MAX_IMAGES)
		return cp_err_set(err, CP_ELIMIT, "over %u images", CP_MAX_IMAGES);
	run->images = cp_arena_array(run->arena, n, sizeof(*run->images));
	if (!run->images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < all->n; i++) {
		size_t copies = all->items[i].n_platforms ? all->items[i].n_platforms : 1;

		for (size_t k = 0; k < copies; k++, at++) {
			run->images[at].request = all->items[i];
			run->images[at].request.name = name_of(run, &all->items[i]);
			if (all->items[i].n_platforms)
				run->images[at].platform = all->items[i].platforms[k];
		}
	}
	run->n_images = n;
	return 0;
}

int cp_run_find_images(struct cp_run *run, struct cp_err *err)
{
	struct cp_image_requests all = {0};
	struct cp_request *q = &run->request;
	int r = from_config(run, &all, err);

	if (r == 0 && q->bake.n)
		r = from_bake(run, q->bake, true, &all, err);
	if (r == 0 && q->n_compose)
		r = from_compose(run, q->compose, q->n_compose, true, &all, err);
	if (r == 0 && q->image_given)
		r = from_request(run, &all, err);
	if (r < 0)
		return r;
	if (all.n == 0 && q->n_only)
		return cp_err_set(err, CP_ENOTFOUND, "there is no image named %.*s",
				  CP_STR(q->only[0]));
	if (all.n == 0 && !q->bake.n && !q->n_compose) {
		struct cp_image_request here = {0};
		struct cp_image_requests one = {.items = &here, .n = 1};

		r = place_image(run, &here, err);
		if (r == 0)
			r = add_requests(run, &one, &all, err);
	}
	return r < 0 ? r : make_runs(run, &all, err);
}
