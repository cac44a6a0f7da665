/*
 * Content digests, byte for byte: cache/contenthash/{checksum,filehash,tarsum}.go (buildkit-cache-keys.md 4.1-4.3).
 */
#include <stdio.h>
#include <stdlib.h>

#include "context/select_int.h"

struct digester {
	struct cp_arena *a;
	struct cp_fs *fs;
	const struct cp_hasher *hasher;
	bool unknown;
	struct cp_str why;
	bool volatile_seen; /* by identity: something that no two checkouts have alike */
	struct cp_str
		maybe_seen; /* by identity: something that they may have alike; why, "" = nothing */
	unsigned depth;
	size_t links; /* walked through on the way to one path */
	struct cp_err *err;
};

static bool rule(const struct digester *d, uint64_t rules)
{
	return d->hasher->rules & rules;
}

bool cp_owner_is_known(const struct cp_owner *o)
{
	static const struct cp_digest none;

	return cp_digest_eq(&o->names, &none);
}

bool cp_owner_eq(const struct cp_owner *x, const struct cp_owner *y)
{
	return x->uid == y->uid && x->gid == y->gid && cp_digest_eq(&x->names, &y->names);
}

struct cp_str cp_record_head(char text[CP_RECORD_HEAD], uint32_t mode, const struct cp_owner *owner,
			     uint64_t size, char type)
{
	int n = snprintf(text, CP_RECORD_HEAD, "namemode%uuid%ugid%usize%llutypeflag%clinkname",
			 mode, owner ? owner->uid : 0, owner ? owner->gid : 0,
			 (unsigned long long)size, type);

	return cp_str_n(text, (size_t)n);
}

void cp_record_header(struct cp_sha256 *h, uint32_t mode, const struct cp_owner *owner,
		      uint64_t size, char type, struct cp_str link_name)
{
	char text[CP_RECORD_HEAD];

	cp_sha256_init(h);
	cp_sha256_adds(h, cp_record_head(text, mode, owner, size, type));
	cp_sha256_adds(h, link_name);
	cp_sha256_adds(h, CP_S(CP_RECORD_TAIL));
}

struct cp_digest cp_record_of_file(uint32_t mode, const struct cp_owner *owner, struct cp_str bytes)
{
	struct cp_sha256 h;

	cp_record_header(&h, mode, owner, bytes.n, '0', CP_S(""));
	cp_sha256_adds(&h, bytes);
	return cp_sha256_end(&h);
}

static void add_text(struct cp_sha256 *h, const struct cp_digest *d)
{
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(d, text);
	cp_sha256_add(h, text, CP_DIGEST_TEXT);
}

/* convertPathToKey, and a single zero byte for nothing at all */
static void add_key(struct cp_sha256 *h, struct cp_str key)
{
	size_t at = 0;

	if (key.n == 0)
		cp_sha256_add(h, "", 1);
	while (at < key.n) {
		size_t slash = cp_str_find(key, '/', at);

		cp_sha256_adds(h, cp_str_sub(key, at, slash));
		if (slash < key.n)
			cp_sha256_add(h, "", 1);
		at = slash + 1;
	}
}

static int not_known(struct digester *d, struct cp_str why)
{
	if (!d->unknown)
		d->why = why;
	d->unknown = true;
	return 0;
}

static const struct cp_str user_not_known = CP_S_INIT("the number of a user is not known");

/* The header of a folder; the root of a local context has none, and the digest of nothing stands in its place. */
static struct cp_digest header_of(const struct digester *d, const struct cp_node *dir)
{
	struct cp_sha256 h;

	if (dir->path.n == 0 && d->fs->root.mode == 0)
		return cp_digest_of("", 0);
	cp_record_header(&h, dir->mode, &dir->owner, 0, '5', CP_S(""));
	return cp_sha256_end(&h);
}

/* *ret_flags is set for folders only. */
static int digest_node(struct digester *d, const struct cp_node *n, struct cp_digest *ret,
		       uint8_t *ret_flags);

/*
 * checksum.go checksum: to skip what lies below a folder it seeks behind "folder 0x00 0xFF", so what
 * has a name that begins with the byte 0xFF is hashed once more, with its path from the folder above.
 */
static int add_again(struct digester *d, struct cp_sha256 *h, struct cp_str above,
		     const struct cp_child *dir)
{
	const struct cp_listing *listing;
	struct cp_digest part = {{0}};
	struct cp_str path;
	size_t from;
	int r = d->fs->ops->list(d->fs, &dir->node, &listing, d->err);

	if (r < 0)
		return r;
	for (from = listing->n_children; from > 0; from--) /* they are the last ones */
		if (!cp_str_starts(listing->children[from - 1].name, CP_S("\xFF")))
			break;
	if (from == listing->n_children)
		return 0;
	path = cp_arena_printf(d->a, "%.*s/%.*s", CP_STR(above), CP_STR(dir->name));
	if (!path.p)
		return cp_err_nomem(d->err);
	for (size_t i = from; r == 0 && !d->unknown && i < listing->n_children; i++) {
		const struct cp_child *c = &listing->children[i];
		uint8_t flags;

		r = digest_node(d, &c->node, &part, &flags);
		add_key(h, path);
		cp_sha256_add(h, "", 1);
		cp_sha256_adds(h, c->name);
		add_text(h, &part);
		if (r == 0 && c->node.kind == CP_NODE_DIR)
			r = add_again(d, h, path, c);
	}
	return r;
}

/* ---- what an earlier run found out ---- */

#define ENDS_IN_FF 1 /* the last name of the folder begins with the byte 0xFF */

/* Changes with what is hashed, and with what goes into a name. */
#define MEMORY_VERSION "1"

static void begin_name(struct cp_sha256 *h, const struct digester *d, const char *what,
		       const struct cp_node *n)
{
	uint32_t numbers[3] = {d->fs->variant, n->mode, n->path.n == 0};

	cp_sha256_init(h);
	cp_sha256_adds(h, CP_S("context/" MEMORY_VERSION "/"));
	cp_sha256_adds(h, cp_str_c(what));
	cp_sha256_add(h, numbers, sizeof(numbers));
	cp_sha256_add(h, n->identity.bytes, sizeof(n->identity.bytes));
}

static bool is_memorable(const struct digester *d, const struct cp_node *dir)
{
	return d->fs->variant && dir->has_subtree && d->hasher->recall;
}

static int digest_new_dir(struct digester *d, const struct cp_node *dir, struct cp_digest *ret,
			  uint8_t *ret_flags);

/* The digest of a folder: its tree's id, its mode and the umask decide, unless ignore rules or attributes do, which its identity then has. */
static int digest_dir(struct digester *d, const struct cp_node *dir, struct cp_digest *ret,
		      uint8_t *ret_flags)
{
	struct cp_digest name;
	struct cp_sha256 h;
	int r;

	if (!is_memorable(d, dir))
		return digest_new_dir(d, dir, ret, ret_flags);
	begin_name(&h, d, "dir", dir);
	name = cp_sha256_end(&h);
	if (d->hasher->recall(d->hasher->self, &name, ret, ret_flags))
		return 0;
	r = digest_new_dir(d, dir, ret, ret_flags);
	if (r == 0 && !d->unknown && d->hasher->remember)
		d->hasher->remember(d->hasher->self, &name, ret, *ret_flags);
	return r;
}

static int digest_new_dir(struct digester *d, const struct cp_node *dir, struct cp_digest *ret,
			  uint8_t *ret_flags)
{
	struct cp_digest part = header_of(d, dir);
	const struct cp_listing *listing;
	struct cp_sha256 h;
	int r;

	if (d->depth >= CP_MAX_TREE_DEPTH)
		return cp_err_set(d->err, CP_ELIMIT, "%.*s: too many folders", CP_STR(dir->path));
	r = d->fs->ops->list(d->fs, dir, &listing, d->err);
	if (r < 0)
		return r;
	if (listing->has_rest)
		return not_known(d, CP_S("a part of the folder is not known"));
	cp_sha256_init(&h);
	cp_sha256_add(&h, "", 1);
	add_text(&h, &part);
	d->depth++;
	*ret_flags = 0;
	if (listing->n_children &&
	    cp_str_starts(listing->children[listing->n_children - 1].name, CP_S("\xFF")))
		*ret_flags = ENDS_IN_FF;
	for (size_t i = 0; r == 0 && !d->unknown && i < listing->n_children; i++) {
		uint8_t flags = 0;

		r = digest_node(d, &listing->children[i].node, &part, &flags);
		cp_sha256_add(&h, "", 1);
		cp_sha256_adds(&h, listing->children[i].name);
		add_text(&h, &part);
		if (r == 0 && (flags & ENDS_IN_FF))
			r = add_again(d, &h, CP_S(""), &listing->children[i]);
	}
	d->depth--;
	*ret = cp_sha256_end(&h);
	return r;
}

static int digest_link(struct digester *d, const struct cp_node *link, struct cp_digest *ret)
{
	struct cp_str target;
	struct cp_sha256 h;
	int r = d->fs->ops->target(d->fs, link, &target, d->err);

	if (r < 0)
		return r;
	cp_record_header(&h, 0777, &link->owner, 0, '2', target);
	*ret = cp_sha256_end(&h);
	return 0;
}

static const struct cp_str git_differs =
	CP_S_INIT(".git is in what is copied, and it differs in every clone");

static int digest_volatile(struct digester *d, const struct cp_node *n, struct cp_digest *ret)
{
	if (!d->hasher->by_identity)
		return not_known(d, git_differs);
	*ret = n->identity;
	d->volatile_seen = d->volatile_seen || !n->maybe;
	if (n->maybe)
		d->maybe_seen = git_differs;
	return 0;
}

static int digest_node(struct digester *d, const struct cp_node *n, struct cp_digest *ret,
		       uint8_t *ret_flags)
{
	if (!cp_owner_is_known(&n->owner))
		return not_known(d, user_not_known);
	switch (n->kind) {
	case CP_NODE_FILE:
		return d->hasher->record(d->hasher->self, d->fs, n, ret, d->err);
	case CP_NODE_SYMLINK:
		return digest_link(d, n, ret);
	case CP_NODE_DIR:
		return digest_dir(d, n, ret, ret_flags);
	case CP_NODE_VOLATILE:
		return digest_volatile(d, n, ret);
	default:
		return not_known(
			d, CP_S("what a RUN or an image leaves is not known before the build"));
	}
}

const struct cp_str cp_selection_missing = CP_S_INIT("a file that is copied does not exist");

static const struct cp_str by_text =
	CP_S_INIT("this daemon follows links behind links by their text");

static int count_link(void *self, const struct cp_node *link)
{
	struct digester *d = self;

	(void)link;
	d->links++;
	return 0;
}

/*
 * Before v0.14 (checksumFollow, getFollowLinksWalk) a link that is met behind another one was resolved by text alone; one link on the
 * way is the same in both.
 */
static bool follows_by_text(const struct digester *d)
{
	return rule(d, CP_RULE_LINKS_LEXICAL) && d->links > 1;
}

static int digest_plain(struct digester *d, struct cp_str path, bool follow, struct cp_digest *ret)
{
	struct cp_context_link_watch watch = {count_link, d};
	struct cp_context_spot spot;
	uint8_t flags;
	int r;

	d->links = 0;

	if (d->fs->is_empty) {
		*ret = cp_digest_of("", 0);
		return cp_str_eq(path, CP_S("/"))
			       ? 0
			       : not_known(d, CP_S("it is copied from an empty file system"));
	}
	r = cp_context_resolve(d->a, d->fs, path, follow, &watch, &spot, d->err);
	if (r < 0)
		return r;
	if (follows_by_text(d))
		return not_known(d, by_text);
	if (spot.found == CP_FOUND)
		return digest_node(d, &spot.node, ret, &flags);
	return not_known(
		d, spot.found == CP_UNKNOWN_WAY
			   ? CP_S("what a RUN or an image leaves is not known before the build")
			   : cp_selection_missing);
}

/* ---- lists ---- */

struct list {
	struct digester *d;
	const struct cp_context_selection *s;
	struct cp_sha256 h;
	size_t n;
	struct cp_digest first;
	struct cp_str first_name;
};

/* Until v0.25 the list had base names, with a zero byte between what it lists; since then the names from the prefix on, without. */
static void add_name(struct list *l, const struct cp_context_entry *e)
{
	struct cp_str base = cp_path_base(e->name);

	if (!rule(l->d, CP_RULE_LIST_BASE_NAMES)) {
		add_key(&l->h, cp_context_key(l->s, e));
		return;
	}
	if (l->n)
		cp_sha256_add(&l->h, "", 1);
	cp_sha256_adds(&l->h, base.n ? base : CP_S("."));
}

static int add_entry(void *self, const struct cp_context_entry *e)
{
	struct list *l = self;
	struct cp_digest digest = {{0}};
	uint8_t flags;
	bool follow = e->follow || (rule(l->d, CP_RULE_NESTED_LINKS) && l->s->sel->follow_links &&
				    e->node.kind == CP_NODE_SYMLINK);
	int r;

	if (follow)
		r = digest_plain(l->d, e->name, true, &digest);
	else if (e->node.kind == CP_NODE_DIR)
		r = cp_owner_is_known(&e->node.owner) ? 0 : not_known(l->d, user_not_known);
	else
		r = digest_node(l->d, &e->node, &digest, &flags);
	if (r == 0 && !follow && e->node.kind == CP_NODE_DIR)
		digest = header_of(l->d, &e->node);
	add_name(l, e);
	if (l->n++ == 0) {
		l->first = digest;
		l->first_name = e->name;
	}
	add_text(&l->h, &digest);
	return r < 0 ? r : l->d->unknown;
}

/* The way to a list, as far as it has no wildcard. */
static int check_way(struct digester *d, const struct cp_selector *sel)
{
	struct cp_context_link_watch watch = {count_link, d};
	struct cp_context_spot spot;
	struct cp_str way = sel->path;
	int r;

	for (size_t i = 0; sel->wildcard && i < way.n; i++)
		if (strchr("*?[\\", way.p[i]) && way.p[i])
			way = cp_str_sub(way, 0, i);
	if (sel->wildcard && way.n < sel->path.n)
		way = cp_str_sub(way, 0, cp_str_rfind(way, '/') + 1);
	d->links = 0;
	r = cp_context_resolve(d->a, d->fs, way, true, &watch, &spot, d->err);
	if (r < 0)
		return r;
	return follows_by_text(d) ? not_known(d, by_text) : 0;
}

static int digest_list(struct digester *d, const struct cp_selector *sel, struct cp_digest *ret)
{
	struct cp_context_selection s;
	struct list l = {.d = d, .s = &s};
	bool unknown = false;
	int r;

	if (d->fs->is_empty)
		return digest_plain(d, sel->path, false, ret);
	if (rule(d, CP_RULE_LINKS_LEXICAL) && (r = check_way(d, sel)) < 0)
		return r;
	if (d->unknown)
		return 0;
	r = cp_context_selection_init(d->a, d->fs, sel, &s, d->err);
	if (r < 0)
		return r;
	cp_sha256_init(&l.h);
	r = cp_context_walk(&s, add_entry, &l, &unknown, d->err);
	if (r < 0)
		return r;
	if (s.fails)
		return not_known(d, CP_S("links on the way to what is copied lead in a circle"));
	if (unknown)
		return not_known(
			d, CP_S("what a RUN or an image leaves is not known before the build"));
	if (l.n == 0)
		*ret = cp_digest_of("", 0);
	else if (l.n == 1 && cp_str_eq(cp_path_base(sel->path), cp_path_base(l.first_name)))
		*ret = l.first;
	else
		*ret = cp_sha256_end(&l.h);
	return 0;
}

static void add_list(struct cp_sha256 *h, const struct cp_str *items, size_t n)
{
	uint64_t count = n;

	cp_sha256_add(h, &count, sizeof(count));
	for (size_t i = 0; i < n; i++) {
		uint64_t length = items[i].n;

		cp_sha256_add(h, &length, sizeof(length));
		cp_sha256_adds(h, items[i]);
	}
}

/* The name of a whole selection, which nothing but the file system, the selectors and the rules decide. */
static bool name_selection(const struct digester *d, const struct cp_selector *sels, size_t n,
			   struct cp_digest *ret)
{
	struct cp_sha256 h;

	if (!is_memorable(d, &d->fs->root))
		return false;
	begin_name(&h, d, "selection", &d->fs->root);
	cp_sha256_add(&h, &d->hasher->rules, sizeof(d->hasher->rules));
	for (size_t i = 0; i < n; i++) {
		uint8_t flags = (uint8_t)(sels[i].wildcard | sels[i].follow_links << 1);

		cp_sha256_add(&h, &flags, 1);
		add_list(&h, &sels[i].path, 1);
		add_list(&h, sels[i].includes, sels[i].n_includes);
		add_list(&h, sels[i].excludes, sels[i].n_excludes);
	}
	*ret = cp_sha256_end(&h);
	return true;
}

static int digest_selection(struct digester *d, const struct cp_selector *sels, size_t n,
			    struct cp_digest *ret)
{
	struct cp_sha256 h;
	int r = 0;

	cp_sha256_init(&h);
	for (size_t i = 0; r == 0 && !d->unknown && i < n; i++) {
		struct cp_digest part = {{0}};

		r = cp_context_selector_is_plain(&sels[i])
			    ? digest_plain(d, sels[i].path, sels[i].follow_links, &part)
			    : digest_list(d, &sels[i], &part);
		if (i)
			cp_sha256_add(&h, "", 1);
		add_text(&h, &part);
	}
	*ret = cp_sha256_end(&h);
	return r;
}

int cp_selection_digest(struct cp_arena *a, struct cp_fs *fs, const struct cp_selector *sels,
			size_t n, const struct cp_hasher *hasher, struct cp_digest *ret_digest,
			struct cp_str *ret_unknown, struct cp_err *err)
{
	struct cp_err local = {0};
	struct digester d = {.a = a, .fs = fs, .hasher = hasher, .err = &local};
	struct cp_digest name;
	bool named = name_selection(&d, sels, n, &name);
	uint8_t flags;
	int r;

	*ret_unknown = CP_S("");
	if (named && hasher->recall(hasher->self, &name, ret_digest, &flags))
		return 0;
	r = digest_selection(&d, sels, n, ret_digest);
	if (r == CP_ENOMEM || r == CP_ECANCELLED)
		return cp_err_set(err, r, "%s", local.message);
	if (d.maybe_seen.n && !d.volatile_seen && !d.unknown)
		not_known(&d, d.maybe_seen);
	if (d.unknown)
		*ret_unknown = d.why;
	if (r < 0) { /* a missing object, a limit: not known, and why */
		*ret_unknown = cp_arena_str(a, cp_str_c(local.message));
		if (!ret_unknown->p)
			return cp_err_nomem(err);
	}
	if (r == 0 && !d.unknown && named && hasher->remember)
		hasher->remember(hasher->self, &name, ret_digest, 0);
	return 0;
}
