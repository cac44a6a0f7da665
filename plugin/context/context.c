/*
 * The files of a git tree that a client sends for a build context: fsutil filter.go with ignore
 * rules as exclude patterns.
 */
#include "context/context_int.h"

#include "context/patterns_int.h"

struct context {
	struct cp_fs base; /* first */
	struct cp_tree *tree;
	const struct cp_patterns *ignore; /* NULL = none */
	struct cp_str prefix;             /* of the context in the repository, "" = root */
	struct cp_child git;
	bool has_git;
	struct cp_digest checkout;
	uint32_t umask;
	bool by_builder;
	bool attributes_tried;
	struct cp_attributes *attributes; /* NULL when tried and failed */
};

/* How the ignore rules see an entry. */
struct fate {
	bool sent;
	struct cp_context_dir *dir; /* of a folder that is sent */
};

static struct context *context_of(struct cp_fs *fs)
{
	return (struct context *)fs;
}

static struct cp_context_dir *dir_of(const struct cp_node *n)
{
	return (struct cp_context_dir *)(uintptr_t)n->handle;
}

static struct cp_str join(struct cp_arena *a, struct cp_str dir, struct cp_str name)
{
	size_t n = dir.n ? dir.n + 1 : 0;
	char *p;

	if (n + name.n > CP_MAX_PATH_BYTES)
		return (struct cp_str){NULL, 0};
	p = cp_arena_alloc(a, n + name.n + 1);
	if (!p)
		return (struct cp_str){NULL, 0};
	if (n) {
		memcpy(p, dir.p, dir.n);
		p[dir.n] = '/';
	}
	memcpy(p + n, name.p, name.n);
	return cp_str_n(p, n + name.n);
}

static int join_error(struct cp_str dir, struct cp_str name, struct cp_err *err)
{
	if (dir.n + 1 + name.n > CP_MAX_PATH_BYTES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: a path of more than %u bytes", CP_STR(dir),
				  CP_MAX_PATH_BYTES);
	return cp_err_nomem(err);
}

static const struct cp_dir empty_dir;

static int git_listing(const struct context *c, const struct cp_context_dir *dir,
		       const struct cp_dir **ret, struct cp_err *err)
{
	if (dir->oid.n == 0) {
		*ret = &empty_dir;
		return 0;
	}
	if (dir->depth > CP_MAX_TREE_DEPTH)
		return cp_err_set(err, CP_ELIMIT, "%.*s: more than %u folders deep",
				  CP_STR(dir->path), CP_MAX_TREE_DEPTH);
	return cp_tree_list(c->tree, &dir->oid, ret, err);
}

/* ---- which entries are sent ---- */

static int dir_survives(struct context *c, struct cp_context_dir *dir, struct cp_err *err);

/*
 * fsutil filter.go Walk: is a folder that the rules exclude sent for the sake of something below
 * it?
 */
static int excluded_dir_is_sent(struct context *c, struct cp_context_dir *dir, struct cp_err *err)
{
	if (!cp_context_patterns_walk_excluded(c->ignore, dir->path) ||
	    !cp_patterns_reach_below(c->ignore, dir->path, dir->info))
		return 0;
	return dir_survives(c, dir, err);
}

static struct cp_context_dir *new_dir(struct context *c, const struct cp_context_dir *parent,
				      const struct cp_entry *e, struct cp_str path)
{
	struct cp_context_dir *dir = CP_NEW(c->base.a, struct cp_context_dir);

	if (!dir)
		return NULL;
	if (e->kind == CP_ENTRY_DIR)
		dir->oid = e->oid;
	dir->path = path;
	dir->depth = parent->depth + 1;
	dir->survivors = -1;
	return dir;
}

static int decide(struct context *c, const struct cp_context_dir *parent, const struct cp_entry *e,
		  struct cp_str path, struct fate *ret, struct cp_err *err)
{
	bool is_dir = e->kind == CP_ENTRY_DIR || e->kind == CP_ENTRY_SUBMODULE, ignored = false;
	struct fate f = {.sent = true};
	int r = 0;

	if (is_dir && !(f.dir = new_dir(c, parent, e, path)))
		return cp_err_nomem(err);
	if (c->ignore)
		r = cp_patterns_match(c->base.a, c->ignore, path, parent->info, &ignored,
				      is_dir ? &f.dir->info : NULL, err);
	if (r < 0)
		return r;
	if (ignored && !is_dir)
		f.sent = false;
	if (ignored && is_dir) {
		f.dir->excluded = true;
		r = excluded_dir_is_sent(c, f.dir, err);
		f.sent = r > 0;
	}
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}

/* 1 when something below an excluded folder is sent, 0 when nothing is, or an error. */
static int dir_survives(struct context *c, struct cp_context_dir *dir, struct cp_err *err)
{
	const struct cp_dir *listing;
	struct fate f = {.sent = false};
	int r = dir->survivors >= 0 ? dir->survivors : git_listing(c, dir, &listing, err);

	if (r < 0 || dir->survivors >= 0)
		return r;
	for (size_t i = 0; !f.sent && i < listing->n_entries; i++) {
		struct cp_str path = join(c->base.a, dir->path, listing->entries[i].name);

		r = path.p ? decide(c, dir, &listing->entries[i], path, &f, err)
			   : join_error(dir->path, listing->entries[i].name, err);
		if (r < 0)
			return r;
	}
	dir->survivors = f.sent;
	return f.sent;
}

/* ---- identities ---- */

static struct cp_digest oid_identity(const struct cp_oid *oid)
{
	struct cp_digest d = {{0}};

	memcpy(d.bytes, oid->bytes, oid->n <= sizeof(d.bytes) ? oid->n : sizeof(d.bytes));
	return d;
}

static void add_sized(struct cp_sha256 *h, struct cp_str s)
{
	uint64_t n = s.n;

	cp_sha256_add(h, &n, sizeof(n));
	cp_sha256_adds(h, s);
}

/*
 * What lies below a folder is decided by its tree id, unless ignore rules reach below it or
 * .gitattributes files lie above: those go by path.
 */
static struct cp_digest subtree_identity(const struct context *c, const struct cp_context_dir *dir)
{
	bool reached = c->ignore && cp_patterns_reach_below(c->ignore, dir->path, dir->info);
	struct cp_sha256 h;

	if (!reached && !dir->has_attributes)
		return oid_identity(&dir->oid);
	cp_sha256_init(&h);
	cp_sha256_add(&h, reached ? "r" : "k", 1);
	add_sized(&h, c->prefix);
	add_sized(&h, dir->path);
	cp_sha256_add(&h, dir->oid.bytes, sizeof(dir->oid.bytes));
	cp_sha256_add(&h, dir->attributes.bytes, sizeof(dir->attributes.bytes));
	if (reached)
		cp_context_patterns_hash_below(c->ignore, dir->path, dir->info, &h);
	return cp_sha256_end(&h);
}

static void set_identity(const struct context *c, const struct cp_context_dir *dir,
			 struct cp_node *n)
{
	/* a malformed rule is met only by walking: BuildKit fails where we would skip */
	if (cp_context_patterns_have_bad(c->ignore))
		return;
	n->has_subtree = true;
	n->identity = subtree_identity(c, dir);
}

static struct cp_digest attributes_with(struct cp_digest above, struct cp_str dir,
					const struct cp_oid *file)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_add(&h, above.bytes, sizeof(above.bytes));
	add_sized(&h, dir);
	cp_sha256_add(&h, file->bytes, sizeof(file->bytes));
	return cp_sha256_end(&h);
}

/* The .gitattributes of a listing joins those of the folders above it. */
static void note_attributes(struct cp_str repo_path, const struct cp_dir *listing, bool *has,
			    struct cp_digest *attributes)
{
	const struct cp_entry *e = cp_dir_find(listing, CP_S(".gitattributes"));

	if (!e || e->kind == CP_ENTRY_DIR || e->kind == CP_ENTRY_SUBMODULE)
		return;
	*attributes = attributes_with(*attributes, repo_path, &e->oid);
	*has = true;
}

/* What git does to a file at checkout. CP_EUNSUPPORTED when it cannot be told. */
static int conversion_of(struct context *c, struct cp_str path, struct cp_conversion *ret,
			 struct cp_err *err)
{
	struct cp_err local;
	struct cp_str full = join(c->base.a, c->prefix, path);
	int r = 0;

	if (!full.p)
		return join_error(c->prefix, path, err);
	if (!c->attributes_tried) {
		c->attributes_tried = true;
		r = cp_attributes_new(c->base.a, c->tree, &c->attributes, &local);
		if (r < 0)
			c->attributes = NULL;
	}
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (c->attributes)
		r = cp_attributes_of(c->attributes, full, ret, &local);
	else
		r = CP_EUNSUPPORTED;
	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	if (r < 0)
		return cp_err_set(err, CP_EUNSUPPORTED, "%.*s: its .gitattributes cannot be read",
				  CP_STR(path));
	return 0;
}

static int file_identity(struct context *c, bool has_attributes, const struct cp_digest *attributes,
			 struct cp_str path, const struct cp_entry *e, struct cp_digest *ret,
			 struct cp_err *err)
{
	struct cp_conversion conv = {CP_CONV_NONE, {NULL, 0}};
	struct cp_sha256 h;
	int r = has_attributes ? conversion_of(c, path, &conv, err) : 0;
	uint8_t kind = (uint8_t)conv.kind;

	if (r < 0 && r != CP_EUNSUPPORTED)
		return r;
	if (r == 0 && conv.kind == CP_CONV_NONE) {
		*ret = oid_identity(&e->oid);
		return 0;
	}
	cp_sha256_init(&h);
	cp_sha256_add(&h, e->oid.bytes, sizeof(e->oid.bytes));
	if (r == 0) {
		cp_sha256_add(&h, &kind, 1);
		cp_sha256_adds(&h, conv.detail);
	} else { /* the same .gitattributes files convert the same path in the same way */
		cp_sha256_add(&h, attributes->bytes, sizeof(attributes->bytes));
		cp_sha256_adds(&h, path);
	}
	*ret = cp_sha256_end(&h);
	return 0;
}

/* ---- nodes ---- */

struct place {
	struct cp_context_dir *dir;
	bool has_attributes; /* in the folder itself or above it */
	struct cp_digest attributes;
};

static int place_of(struct context *c, struct cp_context_dir *dir, const struct cp_dir *listing,
		    struct place *ret, struct cp_err *err)
{
	struct cp_str full = CP_S("");

	*ret = (struct place){dir, dir->has_attributes, dir->attributes};
	if (!cp_dir_find(listing, CP_S(".gitattributes")))
		return 0;
	if (c->prefix.n || dir->path.n)
		full = dir->path.n ? join(c->base.a, c->prefix, dir->path) : c->prefix;
	if (!full.p)
		return join_error(c->prefix, dir->path, err);
	note_attributes(full, listing, &ret->has_attributes, &ret->attributes);
	return 0;
}

/* *ret_sent false when the rules drop the entry. */
static int node_of(struct context *c, const struct place *at, const struct cp_entry *e,
		   struct cp_node *ret, bool *ret_sent, struct cp_err *err)
{
	struct cp_digest plain;
	struct cp_str path = join(c->base.a, at->dir->path, e->name);
	struct cp_node n = {.path = path, .handle = e};
	struct fate f;
	int r = path.p ? decide(c, at->dir, e, path, &f, err)
		       : join_error(at->dir->path, e->name, err);

	if (r < 0)
		return r;
	*ret_sent = f.sent;
	if (!f.sent)
		return 0;
	if (e->kind == CP_ENTRY_SUBMODULE &&
	    c->by_builder) { /* of another repository, but its id tells */
		n.kind = CP_NODE_OPAQUE;
		n.identity = oid_identity(&e->oid);
	} else if (f.dir) {
		f.dir->has_attributes = at->has_attributes;
		f.dir->attributes = at->attributes;
		n = (struct cp_node){.kind = CP_NODE_DIR,
				     .mode = 0777 & ~c->umask,
				     .path = path,
				     .handle = f.dir};
		set_identity(c, f.dir, &n);
	} else if (e->kind == CP_ENTRY_SYMLINK) {
		n.kind = CP_NODE_SYMLINK;
		n.mode = 0777;
		n.identity = oid_identity(&e->oid);
	} else {
		n.kind = CP_NODE_FILE;
		n.mode = (e->kind == CP_ENTRY_EXEC ? 0777u : 0666u) & ~c->umask;
		r = file_identity(c, at->has_attributes, &at->attributes, path, e, &n.identity,
				  err);
		plain = oid_identity(&e->oid);
		n.converted = !cp_digest_eq(&plain, &n.identity);
	}
	*ret = n;
	return r;
}

static bool shows_git(const struct context *c, const struct cp_context_dir *dir)
{
	return c->has_git && dir->path.n == 0;
}

static int fill_listing(struct context *c, const struct place *at, const struct cp_dir *git,
			struct cp_listing *l, struct cp_err *err)
{
	bool pending = shows_git(c, at->dir);

	for (size_t i = 0; i < git->n_entries; i++) {
		const struct cp_entry *e = &git->entries[i];
		struct cp_child *child;
		bool sent;
		int r;

		if (pending && cp_str_cmp(c->git.name, e->name) <= 0) {
			l->children[l->n_children++] = c->git;
			pending = false;
		}
		if (shows_git(c, at->dir) && cp_str_eq(e->name, c->git.name))
			continue;
		child = &l->children[l->n_children];
		r = node_of(c, at, e, &child->node, &sent, err);
		if (r < 0)
			return r;
		child->name = e->name;
		l->n_children += sent;
	}
	if (pending)
		l->children[l->n_children++] = c->git;
	return 0;
}

static int context_list(struct cp_fs *fs, const struct cp_node *node,
			const struct cp_listing **ret_listing, struct cp_err *err)
{
	struct context *c = context_of(fs);
	struct cp_context_dir *dir = dir_of(node);
	const struct cp_dir *git;
	struct cp_listing *l;
	struct place at;
	int r;

	if (dir->listing) {
		*ret_listing = dir->listing;
		return 0;
	}
	r = git_listing(c, dir, &git, err);
	if (r == 0)
		r = place_of(c, dir, git, &at, err);
	if (r < 0)
		return r;
	l = CP_NEW(fs->a, struct cp_listing);
	if (!l || !(l->children = cp_arena_array(fs->a, git->n_entries + 1, sizeof(*l->children))))
		return cp_err_nomem(err);
	r = fill_listing(c, &at, git, l, err);
	if (r < 0)
		return r;
	dir->listing = l;
	*ret_listing = l;
	return 0;
}

static bool child_in_listing(const struct cp_listing *l, struct cp_str name,
			     struct cp_node *ret_child)
{
	size_t lo = 0, hi = l->n_children;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = cp_str_cmp(l->children[mid].name, name);

		if (c == 0) {
			*ret_child = l->children[mid].node;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/*
 * One child of a large folder. Asked for again, it is the same node, so that what was found out
 * below it is kept.
 */
static int lone_child(struct context *c, struct cp_context_dir *dir, const struct cp_dir *git,
		      struct cp_str name, struct cp_node *ret_child, bool *ret_found,
		      struct cp_err *err)
{
	const struct cp_entry *e = cp_dir_find(git, name);
	struct cp_child *known = e ? cp_map_get(&dir->known, name) : NULL;
	struct place at;
	int r;

	if (!e)
		return 0;
	if (known) {
		*ret_child = known->node;
		*ret_found = true;
		return 0;
	}
	known = CP_NEW(c->base.a, struct cp_child);
	if (!known)
		return cp_err_nomem(err);
	r = place_of(c, dir, git, &at, err);
	if (r == 0)
		r = node_of(c, &at, e, &known->node, ret_found, err);
	if (r < 0 || !*ret_found)
		return r;
	*ret_child = known->node;
	return cp_map_put(c->base.a, &dir->known, e->name, known) < 0 ? cp_err_nomem(err) : 0;
}

/* A name of .git that the usual clone does not have: it may be there. */
static int git_child(struct context *c, const struct cp_context_dir *dir, struct cp_str name,
		     struct cp_node *ret_child, bool *ret_found, struct cp_err *err)
{
	struct cp_node n = {
		.kind = CP_NODE_VOLATILE, .mode = 0644, .identity = c->checkout, .maybe = true};
	bool ignored = false;
	int r = 0;

	n.path = join(c->base.a, dir->path, name);
	if (!n.path.p)
		return join_error(dir->path, name, err);
	if (c->ignore)
		r = cp_patterns_match(c->base.a, c->ignore, n.path, dir->info, &ignored, NULL, err);
	if (r < 0)
		return r;
	*ret_child = n;
	*ret_found = !ignored;
	return 0;
}

#define SMALL_LISTING 64 /* looking into it costs no more than looking up one name */

static int context_child(struct cp_fs *fs, const struct cp_node *node, struct cp_str name,
			 struct cp_node *ret_child, bool *ret_found, struct cp_err *err)
{
	struct context *c = context_of(fs);
	struct cp_context_dir *dir = dir_of(node);
	const struct cp_listing *listing;
	const struct cp_dir *git = NULL;
	int r;

	*ret_found = false;
	r = dir->listing ? 0 : git_listing(c, dir, &git, err);
	if (r < 0)
		return r;
	if (!dir->listing && git->n_entries <= SMALL_LISTING)
		r = context_list(fs, node, &listing, err);
	if (r < 0)
		return r;
	if (dir->listing) {
		*ret_found = child_in_listing(dir->listing, name, ret_child);
		return *ret_found || !dir->open
			       ? 0
			       : git_child(c, dir, name, ret_child, ret_found, err);
	}
	if (shows_git(c, dir) && cp_str_eq(name, c->git.name)) {
		*ret_child = c->git.node;
		*ret_found = true;
		return 0;
	}
	return lone_child(c, dir, git, name, ret_child, ret_found, err);
}

static int context_target(struct cp_fs *fs, const struct cp_node *link, struct cp_str *ret_target,
			  struct cp_err *err)
{
	const struct cp_entry *e = link->handle;
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_PATH_BYTES);
	struct cp_str target;
	int r = cp_tree_read(context_of(fs)->tree, &e->oid, &text, err);

	if (r < 0)
		return r;
	target = cp_arena_str(fs->a, cp_buf_str(&text));
	if (!target.p)
		return cp_err_nomem(err);
	*ret_target = target;
	return 0;
}

/* ---- equal bytes of unequal blobs ---- */

#define LFS_POINTER_BYTES 1024 /* git-lfs reads no further to recognise a pointer */

/* The object that an LFS pointer names; empty when the text is none. */
static struct cp_str lfs_object(struct cp_str text)
{
	size_t at = cp_str_find_str(text, CP_S("\noid sha256:"), 0);

	if (text.n > LFS_POINTER_BYTES || !cp_str_starts(text, CP_S("version https://git-lfs")) ||
	    at == text.n)
		return CP_S("");
	return cp_str_sub(text, at + 12, cp_str_find(text, '\n', at + 1));
}

static bool is_lfs(const struct cp_conversion *c)
{
	return c->kind == CP_CONV_FILTER && cp_str_eq(c->detail, CP_S("lfs"));
}

static int read_file(struct context *c, const struct cp_node *n, struct cp_buf *out,
		     struct cp_err *err)
{
	const struct cp_entry *e = n->handle;
	int r = cp_tree_read(c->tree, &e->oid, out, err);

	return r == CP_ELIMIT ? cp_err_set(err, CP_EUNSUPPORTED, "%.*s: too large to convert",
					   CP_STR(n->path))
			      : r;
}

static int converted(const struct cp_node *n, const struct cp_conversion *conv,
		     const struct cp_buf *in, struct cp_buf *out, struct cp_err *err)
{
	const struct cp_entry *e = n->handle;

	return cp_convert(conv, &e->oid, cp_buf_str(in), out, err);
}

static int same_converted(struct context *ca, const struct cp_node *a,
			  const struct cp_conversion *va, struct context *cb,
			  const struct cp_node *b, const struct cp_conversion *vb, bool *ret_equal,
			  struct cp_err *err)
{
	cp_auto_buf struct cp_buf ra = CP_BUF_INIT(CP_MAX_BLOB_BYTES),
				  rb = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	cp_auto_buf struct cp_buf xa = CP_BUF_INIT(2 * CP_MAX_BLOB_BYTES),
				  xb = CP_BUF_INIT(2 * CP_MAX_BLOB_BYTES);
	int r = read_file(ca, a, &ra, err);

	if (r == 0)
		r = read_file(cb, b, &rb, err);
	if (r < 0)
		return r;
	if (is_lfs(va) && is_lfs(vb)) {
		struct cp_str oa = lfs_object(cp_buf_str(&ra)), ob = lfs_object(cp_buf_str(&rb));

		if ((oa.n == 0) != (ob.n == 0) || (oa.n && cp_str_eq(oa, ob)))
			return cp_err_set(err, CP_EUNSUPPORTED,
					  "%.*s: whether LFS files are fetched decides",
					  CP_STR(b->path));
		*ret_equal = false;
		return 0;
	}
	r = converted(a, va, &ra, &xa, err);
	if (r == 0)
		r = converted(b, vb, &rb, &xb, err);
	if (r < 0)
		return r == CP_ENOMEM ? r
				      : cp_err_set(err, CP_EUNSUPPORTED,
						   "%.*s: converted at checkout", CP_STR(b->path));
	*ret_equal = cp_str_eq(cp_buf_str(&xa), cp_buf_str(&xb));
	return 0;
}

static int context_same_bytes(struct cp_fs *fs_a, const struct cp_node *a, struct cp_fs *fs_b,
			      const struct cp_node *b, bool *ret_equal, struct cp_err *err)
{
	const struct cp_entry *ea = a->handle, *eb = b->handle;
	struct cp_conversion va = {CP_CONV_NONE, {NULL, 0}}, vb = va;
	struct cp_digest ia = oid_identity(&ea->oid), ib;
	bool plain_a = cp_digest_eq(&ia, &a->identity), plain_b;
	int r = 0;

	*ret_equal = false;
	if (fs_b->ops != fs_a->ops)
		return plain_a ? 0
			       : cp_err_set(err, CP_EUNSUPPORTED, "%.*s: converted at checkout",
					    CP_STR(a->path));
	ib = oid_identity(&eb->oid);
	plain_b = cp_digest_eq(&ib, &b->identity);
	if (plain_a && plain_b)
		return 0;
	if (!plain_a)
		r = conversion_of(context_of(fs_a), a->path, &va, err);
	if (r == 0 && !plain_b)
		r = conversion_of(context_of(fs_b), b->path, &vb, err);
	if (r < 0)
		return r;
	return same_converted(context_of(fs_a), a, &va, context_of(fs_b), b, &vb, ret_equal, err);
}

/* The bytes of a file as a checkout has them. */
static int context_bytes(struct cp_fs *fs, const struct cp_node *file, struct cp_buf *out,
			 struct cp_err *err)
{
	cp_auto_buf struct cp_buf blob = CP_BUF_INIT(CP_MAX_BLOB_BYTES);
	const struct cp_entry *e = file->handle;
	struct cp_digest plain = oid_identity(&e->oid);
	struct cp_conversion conv;
	int r;

	if (cp_digest_eq(&plain, &file->identity))
		return cp_tree_read(context_of(fs)->tree, &e->oid, out, err);
	r = conversion_of(context_of(fs), file->path, &conv, err);
	if (r == 0)
		r = read_file(context_of(fs), file, &blob, err);
	return r < 0 ? r : cp_convert(&conv, &e->oid, cp_buf_str(&blob), out, err);
}

static const struct cp_fs_ops context_ops = {context_list, context_child, context_target,
					     context_same_bytes, context_bytes};

/* ---- making one ---- */

/* Down to the folder of the context, past the .gitattributes on the way. */
static int enter_root(struct context *c, struct cp_context_dir *dir, struct cp_err *err)
{
	struct cp_str rest = c->prefix, part;

	dir->oid = c->tree->root;
	while (cp_path_next(&rest, &part)) {
		struct cp_str above = cp_str_sub(c->prefix, 0, (size_t)(part.p - c->prefix.p));
		const struct cp_dir *listing;
		const struct cp_entry *e;
		int r = git_listing(c, dir, &listing, err);

		if (r < 0)
			return r;
		note_attributes(cp_str_trim_right(above, "/"), listing, &dir->has_attributes,
				&dir->attributes);
		e = cp_dir_find(listing, part);
		if (!e || e->kind != CP_ENTRY_DIR)
			return cp_err_set(err, CP_ENOTFOUND, "%.*s is no folder of %.*s",
					  CP_STR(c->prefix), CP_STR(c->tree->name));
		dir->oid = e->oid;
		dir->depth++;
	}
	return 0;
}

int cp_context_new(struct cp_arena *a, struct cp_tree *tree,
		   const struct cp_context_options *options, struct cp_fs **ret_fs,
		   struct cp_err *err)
{
	struct context *c = CP_NEW(a, struct context);
	struct cp_context_dir *root = CP_NEW(a, struct cp_context_dir);
	int r;

	if (!c || !root)
		return cp_err_nomem(err);
	c->base.ops = &context_ops;
	c->base.a = a;
	c->tree = tree;
	c->ignore = options->ignore && cp_patterns_count(options->ignore) ? options->ignore : NULL;
	if (!cp_str_eq(options->root, CP_S(".")))
		c->prefix = cp_arena_str(a, options->root);
	c->checkout = options->checkout;
	c->umask = options->has_umask ? options->umask & 0777 : 022;
	c->by_builder = options->by_builder;
	c->base.variant = (c->by_builder ? 03000u : 01000u) | c->umask;
	root->path = CP_S("");
	root->survivors = -1;
	r = enter_root(c, root, err);
	if (r == 0 && options->git_dir && c->prefix.n == 0)
		r = cp_context_git_dir(a, c->ignore, options->checkout, &c->git, &c->has_git, err);
	if (r < 0)
		return r;
	c->base.root = (struct cp_node){.kind = CP_NODE_DIR,
					.mode = c->by_builder ? 0755 : 0,
					.path = CP_S(""),
					.handle = root};
	if (!c->has_git)
		set_identity(c, root, &c->base.root);
	*ret_fs = &c->base;
	return 0;
}
