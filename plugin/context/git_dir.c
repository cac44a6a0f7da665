/*
 * The `.git` folder of a fresh clone as part of a context: which of its usual entries the ignore
 * rules leave. Its files differ at every checkout (the index holds times, packs have names of their
 * own); those that may be equal all the same are marked `maybe`.
 */
#include "context/context_int.h"
#include "context/patterns_int.h"

enum entry_flags {
	FOLDER = 1,
	MAYBE = 2, /* a file that some clones have, or that is equal in two clones of one branch */
	OPEN = 4,  /* a folder that also holds names which are not listed here */
};

struct entry {
	const char *name;
	unsigned depth;
	unsigned flags;
};

/* In the order of a walk, names sorted by bytes. */
static const struct entry entries[] = {
	{"FETCH_HEAD", 1, MAYBE},
	{"HEAD", 1, MAYBE},
	{"ORIG_HEAD", 1, MAYBE},
	{"branches", 1, FOLDER},
	{"config", 1, MAYBE},
	{"description", 1, MAYBE},
	{"hooks", 1, FOLDER | OPEN},
	{"applypatch-msg.sample", 2, MAYBE},
	{"commit-msg.sample", 2, MAYBE},
	{"pre-commit.sample", 2, MAYBE},
	{"index", 1, 0},
	{"info", 1, FOLDER | OPEN},
	{"exclude", 2, MAYBE},
	{"logs", 1, FOLDER | OPEN},
	{"HEAD", 2, 0},
	{"refs", 2, FOLDER | OPEN},
	{"heads", 3, FOLDER | OPEN},
	{"main", 4, 0},
	{"remotes", 3, FOLDER | OPEN},
	{"origin", 4, FOLDER | OPEN},
	{"HEAD", 5, 0},
	{"objects", 1, FOLDER | OPEN},
	{"4b", 2, FOLDER | OPEN},
	{"825dc642cb6eb9a060e54bf8d69288fbee4904", 3, MAYBE},
	{"info", 2, FOLDER | OPEN},
	{"pack", 2, FOLDER | OPEN},
	{"pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.idx", 3, 0},
	{"pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.pack", 3, 0},
	{"pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.rev", 3, MAYBE},
	{"packed-refs", 1, MAYBE},
	{"refs", 1, FOLDER | OPEN},
	{"heads", 2, FOLDER | OPEN},
	{"main", 3, MAYBE},
	{"remotes", 2, FOLDER | OPEN},
	{"origin", 3, FOLDER | OPEN},
	{"HEAD", 4, MAYBE},
	{"tags", 2, FOLDER | OPEN},
	{"shallow", 1, MAYBE},
};

struct walker {
	struct cp_arena *a;
	const struct cp_patterns *ignore;
	struct cp_digest checkout;
	struct cp_err *err;
};

typedef CP_VEC(struct cp_child) child_vec;

static int add_file(struct walker *w, child_vec *children, struct cp_str name, struct cp_str path,
		    bool maybe)
{
	struct cp_node n = {.kind = CP_NODE_VOLATILE,
			    .mode = 0644,
			    .identity = w->checkout,
			    .path = path,
			    .maybe = maybe};

	return cp_vec_push(w->a, children, (struct cp_child){name, n}) < 0 ? cp_err_nomem(w->err)
									   : 0;
}

static int walk_folder(struct walker *w, size_t *at, struct cp_context_dir *dir);

/* One entry of `dir` and all below it; *at moves past them. */
static int walk_entry(struct walker *w, size_t *at, const struct cp_context_dir *dir,
		      child_vec *children)
{
	const struct entry *e = &entries[(*at)++];
	struct cp_str name = cp_str_c(e->name),
		      path = cp_arena_printf(w->a, "%.*s/%s", CP_STR(dir->path), e->name);
	struct cp_context_dir *sub = CP_NEW(w->a, struct cp_context_dir);
	struct cp_node n = {.kind = CP_NODE_DIR, .mode = 0755, .path = path, .handle = sub};
	bool ignored = false;
	int r = 0;

	if (!path.p || !sub)
		return cp_err_nomem(w->err);
	if (w->ignore)
		r = cp_patterns_match(w->a, w->ignore, path, dir->info, &ignored, &sub->info,
				      w->err);
	if (r < 0)
		return r;
	if (!(e->flags & FOLDER))
		return ignored ? 0 : add_file(w, children, name, path, e->flags & MAYBE);
	sub->path = path;
	sub->excluded = ignored;
	sub->open = e->flags & OPEN;
	r = walk_folder(w, at, sub);
	if (r < 0 || (ignored && sub->listing->n_children == 0))
		return r;
	return cp_vec_push(w->a, children, (struct cp_child){name, n}) < 0 ? cp_err_nomem(w->err)
									   : 0;
}

/* Everything below a folder; entries[*at] is its first child. */
static int walk_folder(struct walker *w, size_t *at, struct cp_context_dir *dir)
{
	unsigned depth = *at ? entries[*at - 1].depth + 1 : 1;
	struct cp_listing *l = CP_NEW(w->a, struct cp_listing);
	child_vec children = {0};
	bool hidden = dir->excluded && (!cp_context_patterns_walk_excluded(w->ignore, dir->path) ||
					!cp_patterns_reach_below(w->ignore, dir->path, dir->info));
	int r = l ? 0 : cp_err_nomem(w->err);

	while (r == 0 && *at < CP_LEN(entries) && entries[*at].depth >= depth) {
		if (hidden)
			(*at)++;
		else
			r = walk_entry(w, at, dir, &children);
	}
	/* an exception may name something that is not listed here */
	if (r == 0 && !hidden && dir->excluded && dir->open && children.n == 0 &&
	    cp_context_patterns_reach_git(w->ignore, dir->path, dir->info))
		r = add_file(w, &children, CP_S("*"), dir->path, true);
	if (r < 0)
		return r;
	l->children = children.items;
	l->n_children = children.n;
	dir->listing = l;
	return 0;
}

int cp_context_git_dir(struct cp_arena *a, const struct cp_patterns *ignore,
		       struct cp_digest checkout, struct cp_child *ret_git, bool *ret_found,
		       struct cp_err *err)
{
	struct walker w = {.a = a, .ignore = ignore, .checkout = checkout, .err = err};
	struct cp_context_dir *git = CP_NEW(a, struct cp_context_dir);
	struct cp_match_info none = {NULL};
	size_t at = 0;
	int r = git ? 0 : cp_err_nomem(err);

	if (r < 0)
		return r;
	git->path = CP_S(".git");
	git->open = true;
	if (ignore)
		r = cp_patterns_match(a, ignore, git->path, none, &git->excluded, &git->info, err);
	if (r == 0)
		r = walk_folder(&w, &at, git);
	if (r < 0)
		return r;
	*ret_found = !git->excluded || git->listing->n_children > 0;
	ret_git->name = git->path;
	ret_git->node = (struct cp_node){
		.kind = CP_NODE_DIR, .mode = 0755, .path = git->path, .handle = git};
	return 0;
}
