/* The patch of a split in a tree: the files of the layers, the Dockerfile, and whether an ignore file lets them in. */
#include "context/context.h"
#include "split_int.h"

static int check_ignored(struct cp_arena *a, struct cp_tree *tree, struct cp_str dockerfile,
			 struct cp_str context, const struct cp_split_files *files,
			 struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);
	struct cp_str path = cp_arena_cat(a, dockerfile, CP_S(".dockerignore")), *lines;
	struct cp_str folder = cp_str_eq(context, CP_S(".")) ? CP_S("") : context;
	const struct cp_patterns *p;
	struct cp_err why = {0};
	size_t n = 0;

	if (!path.p || (cp_tree_read_path(tree, path, &text, &why) < 0 &&
			cp_tree_read_path(tree, cp_path_join(a, folder, CP_S(".dockerignore")),
					  &text, &why) < 0))
		return 0;
	if (cp_ignore_read(a, cp_buf_str(&text), &lines, &n, err) < 0 ||
	    cp_patterns_compile(a, lines, n, &p, err) < 0)
		return err->code;
	for (size_t i = 0; i < files->n_layers; i++) {
		struct cp_str in = cp_str_trim_left(cp_str_from(files->layers[i], folder.n), "/");
		bool ignored = false;
		int r = cp_patterns_match(a, p, in, (struct cp_match_info){NULL}, &ignored, NULL,
					  err);

		if (r < 0)
			return r;
		if (ignored)
			return cp_err_set(
				err, CP_EUNSUPPORTED,
				"the ignore file keeps %.*s out of the context: add !%.*s to it",
				CP_STR(files->layers[i]), CP_STR(in));
	}
	return 0;
}

struct cp_str cp_split_dockerfile_of(struct cp_arena *a, const struct cp_image_request *image)
{
	struct cp_str context = cp_str_eq(image->context, CP_S(".")) ? CP_S("") : image->context;

	return image->dockerfile.n ? image->dockerfile
				   : cp_path_join(a, context, CP_S("Dockerfile"));
}

/* The Dockerfile of an image, edited, as a diff. */
static int print_dockerfile(struct cp_arena *a, struct cp_tree *tree,
			    const struct cp_image_request *image,
			    const struct cp_split_files *files, struct cp_buf *out,
			    struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_DOCKERFILE_BYTES);
	struct cp_str context = image->context.n ? image->context : CP_S("."), dockerfile;
	struct cp_patch_lines edits = {NULL, 0, 0};
	int r;

	if (cp_context_is_remote(context) || image->dockerfile_inline.p)
		return cp_err_set(err, CP_ENOTFOUND,
				  "there is no Dockerfile of the repository to edit");
	dockerfile = cp_split_dockerfile_of(a, image);
	if (!dockerfile.p)
		return cp_err_nomem(err);
	r = cp_tree_read_path(tree, dockerfile, &text, err);
	if (r == 0)
		r = cp_split_dockerfile(a, cp_buf_str(&text), dockerfile, context, files, &edits,
					err);
	if (r == CP_ENOTFOUND && err->line) { /* the new files have to come along */
		struct cp_err why = {0};
		int ignored = check_ignored(a, tree, dockerfile, context, files, &why);

		if (ignored < 0)
			return cp_err_set(err, ignored, "%s", why.message);
	}
	if (r == 0)
		r = check_ignored(a, tree, dockerfile, context, files, err);
	if (r == 0)
		cp_patch_write(out, dockerfile, &edits, false);
	return r;
}

int cp_split_print(struct cp_arena *a, struct cp_tree *tree, const struct cp_image_request *image,
		   const struct cp_split_files *files, struct cp_buf *out, struct cp_err *err)
{
	int r = cp_split_files_print(a, files, out, err);

	return r < 0 ? r : print_dockerfile(a, tree, image, files, out, err);
}

/* Images of one Dockerfile and context have one edit. */
static bool is_printed(const struct cp_run *run, size_t at)
{
	const struct cp_image_request *q = &run->images[at].request;

	for (size_t i = 0; i < at; i++) {
		const struct cp_image_request *p = &run->images[i].request;

		if (cp_str_eq(p->context, q->context) && cp_str_eq(p->dockerfile, q->dockerfile))
			return true;
	}
	return false;
}

static int note_edited(struct cp_run *run, const struct cp_image_request *image,
		       struct cp_map *edited, struct cp_err *err)
{
	struct cp_str path = cp_split_dockerfile_of(run->arena, image);

	if (!path.p)
		return cp_err_nomem(err);
	if (cp_map_get(edited, path))
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "%.*s is edited for another file already: apply that first",
				  CP_STR(path));
	return cp_map_put(run->arena, edited, path, edited) < 0 ? cp_err_nomem(err) : 0;
}

int cp_split_print_all(struct cp_run *run, const struct cp_split_files *files,
		       struct cp_map *edited, struct cp_buf *out, struct cp_err *err)
{
	struct cp_err first = {0};
	bool any = false;
	int r = cp_split_files_print(run->arena, files, out, err);

	if (r == 0 && !run->n_images)
		return cp_err_set(err, CP_EUNSUPPORTED,
				  "there is no Dockerfile of the repository to edit");
	for (size_t i = 0; r == 0 && i < run->n_images; i++) {
		const struct cp_image_request *image = &run->images[i].request;
		struct cp_err why = {0};

		if (is_printed(run, i))
			continue;
		r = print_dockerfile(run->arena, run->head, image, files, out, &why);
		if (r == CP_ENOTFOUND) {
			first = first.code ? first : why;
			r = 0;
			continue;
		}
		if (r < 0)
			cp_err_set(err, r, "%s%.*s%s%s", run->n_images > 1 ? "image " : "",
				   CP_STR(run->n_images > 1 ? image->name : CP_S("")),
				   run->n_images > 1 ? ": " : "", why.message);
		if (r == 0)
			r = note_edited(run, image, edited, err);
		any = true;
	}
	return r < 0 || any ? r : cp_err_set(err, CP_EUNSUPPORTED, "%s", first.message);
}

int cp_split_plan_print(const struct cp_split_plan *plan, struct cp_arena *a, struct cp_tree *tree,
			const struct cp_image_request *image, struct cp_buf *out,
			struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_REQUIREMENTS_BYTES);
	struct cp_split_files files = {
		.path = plan->path, .layers = plan->layers, .n_layers = plan->n_layers};
	uint32_t *layer_of;
	int r = cp_tree_read_path(tree, plan->path, &text, err);

	if (r == 0)
		r = cp_requirements_parse(a, cp_buf_str(&text), &files.all, err);
	if (r < 0)
		return r;
	if (!files.all->n_items)
		return cp_err_set(err, CP_EUNSUPPORTED, "%.*s asks for nothing",
				  CP_STR(plan->path));
	layer_of = cp_arena_array(a, files.all->n_items, sizeof(*layer_of));
	if (!layer_of)
		return cp_err_nomem(err);
	for (size_t i = 0; i < files.all->n_items; i++) {
		void *known = cp_map_get(&plan->layer_of, files.all->items[i].key);

		layer_of[i] = known ? (uint32_t)((uintptr_t)known - 1) : (uint32_t)plan->n_layers;
	}
	files.layer_of = layer_of;
	return cp_split_print(a, tree, image, &files, out, err);
}
