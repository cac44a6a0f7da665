#include "what_if_int.h"

#include "patch/patch.h"

struct cp_what_if {
	enum { EDIT_PATCH, EDIT_SPLIT, EDIT_IGNORE, EDIT_ARGUMENT } kind;
	struct cp_patch patch;
	struct cp_split_plan plan;
	struct cp_str text; /* lines of the ignore file; name of the argument */
};

const struct cp_split_plan *cp_what_if_plan(const struct cp_what_if *edit)
{
	return edit->kind == EDIT_SPLIT ? &edit->plan : NULL;
}

static int read_patch(struct cp_run *run, struct cp_str path, struct cp_patch *ret,
		      struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_PATCH_BYTES);
	int r = cp_run_read_disk(path.p, &text, err);
	struct cp_str kept;

	if (r < 0)
		return r;
	kept = cp_arena_str(run->arena, cp_buf_str(&text));
	return kept.p ? cp_patch_parse(run->arena, kept, path, ret, err) : cp_err_nomem(err);
}

int cp_what_if_open(struct cp_run *run, struct cp_str text, const struct cp_what_if **ret_edit,
		    struct cp_err *err)
{
	struct cp_what_if *edit = CP_NEW(run->arena, struct cp_what_if);
	int r;

	if (!edit)
		return cp_err_nomem(err);
	if (cp_str_eq(text, CP_S("split")) || cp_str_starts(text, CP_S("split:")))
		edit->kind = EDIT_SPLIT;
	if (!text.n)
		return cp_err_set(err, CP_EUSAGE, "an edit is a file or \"split\"");
	if (edit->kind == EDIT_SPLIT) {
		run->request.split = cp_str_from(text, 6);
		r = cp_split_plan(run, &edit->plan, err);
	} else {
		r = read_patch(run, text, &edit->patch, err);
	}
	if (r == 0)
		*ret_edit = edit;
	return r;
}

static int make(struct cp_run *run, const struct cp_what_if *from,
		const struct cp_what_if **ret_edit, struct cp_err *err)
{
	struct cp_what_if *edit = CP_NEW(run->arena, struct cp_what_if);

	if (!edit)
		return cp_err_nomem(err);
	*edit = *from;
	*ret_edit = edit;
	return 0;
}

int cp_what_if_patch(struct cp_run *run, struct cp_str text, struct cp_str name,
		     const struct cp_what_if **ret_edit, struct cp_err *err)
{
	struct cp_what_if edit = {.kind = EDIT_PATCH};
	int r = cp_patch_parse(run->arena, text, name, &edit.patch, err);

	return r < 0 ? r : make(run, &edit, ret_edit, err);
}

int cp_what_if_ignore(struct cp_run *run, struct cp_str lines, const struct cp_what_if **ret_edit,
		      struct cp_err *err)
{
	struct cp_what_if edit = {.kind = EDIT_IGNORE, .text = lines};

	return make(run, &edit, ret_edit, err);
}

int cp_what_if_argument(struct cp_run *run, struct cp_str name, const struct cp_what_if **ret_edit,
			struct cp_err *err)
{
	struct cp_what_if edit = {.kind = EDIT_ARGUMENT, .text = name};

	return make(run, &edit, ret_edit, err);
}

struct cp_str cp_what_if_changing(const struct cp_what_if *edit)
{
	return edit->kind == EDIT_ARGUMENT ? edit->text : CP_S("");
}

/* ---- one tree ---- */

struct applier {
	struct cp_arena *a;
	struct cp_tree *tree;
	CP_VEC(struct cp_overlay_file) files;
	struct cp_str why; /* it does not fit */
	struct cp_err *err;
};

static int misfit(struct applier *x, struct cp_str why)
{
	x->why = why;
	return why.p ? CP_ENOTFOUND : cp_err_nomem(x->err);
}

static int put(struct applier *x, struct cp_overlay_file file)
{
	return cp_vec_push(x->a, &x->files, file) < 0 ? cp_err_nomem(x->err) : 0;
}

/* The file that the patch is of. */
static int read_old(struct applier *x, const struct cp_patch_file *f, struct cp_buf *text,
		    enum cp_entry_kind *ret_kind)
{
	struct cp_entry e;
	struct cp_err why = {0};
	int r = cp_tree_find(x->tree, f->old_path, &e, &why);

	if (r == 0 && e.kind != CP_ENTRY_FILE && e.kind != CP_ENTRY_EXEC)
		return misfit(
			x, cp_arena_printf(x->a, "%.*s is no regular file", CP_STR(f->old_path)));
	if (r == 0)
		r = cp_tree_read(x->tree, &e.oid, text, &why);
	if (r == CP_ENOMEM)
		return cp_err_nomem(x->err);
	if (r < 0)
		return misfit(x, cp_arena_str(x->a, cp_str_c(why.message)));
	*ret_kind = e.kind;
	return 0;
}

static int edit_text(struct applier *x, const struct cp_patch_file *f, struct cp_str text,
		     struct cp_overlay_file *file)
{
	struct cp_err why = {0};
	size_t hunk;
	int r = cp_patch_apply(x->a, f, text, &file->content, &hunk, &why);

	if (r == CP_ENOMEM)
		return cp_err_nomem(x->err);
	return r < 0 ? misfit(x, cp_arena_str(x->a, cp_str_c(why.message))) : 0;
}

static int apply_file(struct applier *x, const struct cp_patch_file *f)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	struct cp_overlay_file file = {.path = f->new_path, .kind = CP_ENTRY_FILE};
	bool moves = !cp_str_eq(f->old_path, f->new_path);
	struct cp_entry e;
	struct cp_err ignored = {0};
	int r = f->old_path.n ? read_old(x, f, &text, &file.kind) : 0;

	if (r == 0 && f->new_path.n && moves &&
	    cp_tree_find(x->tree, f->new_path, &e, &ignored) == 0)
		return misfit(x,
			      cp_arena_printf(x->a, "%.*s is there already", CP_STR(f->new_path)));
	if (r == 0)
		r = edit_text(x, f, cp_buf_str(&text), &file);
	if (r == 0 && !f->new_path.n && file.content.n)
		return misfit(x, cp_arena_printf(x->a, "%.*s has more than the patch removes",
						 CP_STR(f->old_path)));
	if (f->mode_known)
		file.kind = f->executable ? CP_ENTRY_EXEC : CP_ENTRY_FILE;
	if (r == 0 && f->old_path.n && moves)
		r = put(x, (struct cp_overlay_file){.path = f->old_path, .removed = true});
	if (r == 0 && f->new_path.n)
		r = put(x, file);
	return r;
}

/* The patch of a split for this tree. */
static int split_patch(struct applier *x, const struct cp_what_if *edit,
		       const struct cp_image_request *image, struct cp_patch *ret,
		       struct cp_str *ret_text)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_PATCH_BYTES);
	struct cp_err why = {0};
	int r = cp_split_plan_print(&edit->plan, x->a, x->tree, image, &out, &why);

	if (r == CP_ENOMEM || cp_buf_error(&out) == CP_ENOMEM)
		return cp_err_nomem(x->err);
	if (r == 0 && cp_buf_error(&out))
		r = cp_err_set(&why, CP_ELIMIT, "the patch is too large");
	if (r == 0) {
		*ret_text = cp_arena_str(x->a, cp_buf_str(&out));
		r = ret_text->p ? cp_patch_parse(x->a, *ret_text, CP_S("split"), ret, &why)
				: CP_ENOMEM;
	}
	if (r == CP_ENOMEM)
		return cp_err_nomem(x->err);
	return r < 0 ? misfit(x, cp_arena_str(x->a, cp_str_c(why.message))) : 0;
}

/* The ignore file that counts, with the lines at its end. */
static int append_ignored(struct applier *x, const struct cp_what_if *edit,
			  const struct cp_image_request *image)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);
	struct cp_str folder = cp_str_eq(image->context, CP_S(".")) ? CP_S("") : image->context;
	struct cp_str dockerfile = image->dockerfile.n
					   ? image->dockerfile
					   : cp_path_join(x->a, folder, CP_S("Dockerfile"));
	struct cp_overlay_file file = {.kind = CP_ENTRY_FILE};
	struct cp_err why = {0};
	int r;

	if (cp_context_is_remote(image->context))
		return misfit(x, CP_S("the context is not of this repository"));
	file.path = cp_arena_cat(x->a, dockerfile, CP_S(".dockerignore"));
	if (!dockerfile.p || !file.path.p)
		return cp_err_nomem(x->err);
	r = cp_tree_read_path(x->tree, file.path, &text, &why);
	if (r == CP_ENOTFOUND) {
		file.path = cp_path_join(x->a, folder, CP_S(".dockerignore"));
		r = file.path.p ? cp_tree_read_path(x->tree, file.path, &text, &why) : CP_ENOMEM;
	}
	if (r < 0 && r != CP_ENOMEM && r != CP_ENOTFOUND)
		return misfit(x, cp_arena_str(x->a, cp_str_c(why.message)));
	if (text.n && text.p[text.n - 1] != '\n')
		cp_buf_addc(&text, '\n');
	cp_buf_adds(&text, edit->text);
	if (cp_buf_error(&text) == CP_ENOMEM)
		return cp_err_nomem(x->err);
	if (r != CP_ENOMEM && cp_buf_error(&text))
		return misfit(x, CP_S("the ignore file is too large"));
	file.content = cp_arena_str(x->a, cp_buf_str(&text));
	return r == CP_ENOMEM || !file.content.p ? cp_err_nomem(x->err) : put(x, file);
}

static int edit_files(struct applier *x, const struct cp_what_if *edit,
		      const struct cp_image_request *image, struct cp_str *ret_patch)
{
	struct cp_patch patch = edit->patch;
	int r = edit->kind == EDIT_SPLIT    ? split_patch(x, edit, image, &patch, ret_patch)
		: edit->kind == EDIT_IGNORE ? append_ignored(x, edit, image)
					    : 0;

	for (size_t i = 0; r == 0 && i < patch.n_files; i++)
		r = apply_file(x, &patch.files[i]);
	return r;
}

int cp_what_if_apply(const struct cp_what_if *edit, struct cp_arena *a,
		     const struct cp_image_request *image, struct cp_tree *tree,
		     struct cp_edited *ret_edited, struct cp_err *err)
{
	struct applier x = {.a = a, .tree = tree, .why = CP_S(""), .err = err};
	struct cp_edited out = {.patch = CP_S(""), .why = CP_S("")};
	struct cp_err why = {0};
	int r = edit_files(&x, edit, image, &out.patch);

	if (r == 0) {
		r = cp_overlay_tree(tree, x.files.items, x.files.n, &out.tree, &why);
		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		if (r < 0)
			r = misfit(&x, cp_arena_str(a, cp_str_c(why.message)));
	}
	if (r == CP_ENOMEM)
		return r;
	out.why = x.why;
	*ret_edited = out;
	return 0;
}
