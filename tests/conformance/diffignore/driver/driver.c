/*
 * Our side of the differential test: answers questions of main.go on standard input. A message is a
 * list of byte strings,
 *   u32 count, then for each: u32 length, bytes        (little endian)
 * The first string names the question. Files are triples: kind (f, x, l, d, s), path, content.
 */
#include <stdio.h>
#include <stdlib.h>

#include "context/context.h"
#include "../../../unit/hash_fixture.h"

#define MAX_MESSAGE ((size_t)64 << 20)

typedef CP_VEC(struct cp_str) message;

struct session {
	struct cp_arena *a;
	message in, out;
};

static int read_u32(uint32_t *ret)
{
	unsigned char b[4];

	if (fread(b, 1, 4, stdin) != 4)
		return -1;
	*ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return 0;
}

static void write_u32(uint32_t v)
{
	unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
			      (unsigned char)(v >> 24)};

	fwrite(b, 1, 4, stdout);
}

static int read_message(struct session *s)
{
	uint32_t n, len;

	if (read_u32(&n) < 0)
		return -1;
	while (n--) {
		char *p;

		if (read_u32(&len) < 0 || len > MAX_MESSAGE)
			return -1;
		p = cp_arena_alloc(s->a, (size_t)len + 1);
		if (!p || fread(p, 1, len, stdin) != len ||
		    cp_vec_push(s->a, &s->in, cp_str_n(p, len)) < 0)
			return -1;
	}
	return 0;
}

static void write_message(const struct session *s)
{
	write_u32((uint32_t)s->out.n);
	for (size_t i = 0; i < s->out.n; i++) {
		write_u32((uint32_t)s->out.items[i].n);
		fwrite(s->out.items[i].p, 1, s->out.items[i].n, stdout);
	}
	fflush(stdout);
}

static void answer(struct session *s, struct cp_str text)
{
	if (cp_vec_push(s->a, &s->out, text) < 0)
		exit(3);
}

static size_t number(struct cp_str s)
{
	int64_t v = 0;

	return cp_str_to_int(s, 10, &v) && v >= 0 ? (size_t)v : 0;
}

/* ---- questions ---- */

static void ask_lines(struct session *s)
{
	struct cp_str *lines;
	size_t n;
	struct cp_err err;

	if (cp_ignore_read(s->a, s->in.items[1], &lines, &n, &err) < 0) {
		answer(s, CP_S("error"));
		return;
	}
	answer(s, CP_S("ok"));
	for (size_t i = 0; i < n; i++)
		answer(s, lines[i]);
}

static void ask_glob(struct session *s)
{
	bool matched;

	for (size_t i = 2; i < s->in.n; i++) {
		if (cp_path_match(s->in.items[1], s->in.items[i], &matched) < 0)
			answer(s, CP_S("error"));
		else
			answer(s, matched ? CP_S("1") : CP_S("0"));
	}
}

static char letter(int r, bool matched)
{
	if (r < 0)
		return r == CP_EUNSUPPORTED ? 'u' : 'e';
	return matched ? '1' : '0';
}

/* The decision about a path with the results of its folders. */
static int walk_to(struct session *s, const struct cp_patterns *p, struct cp_str path,
		   bool *ret_matched, struct cp_match_info *info)
{
	struct cp_err err;
	int r;

	info->bits = NULL;
	for (size_t i = 1; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		r = cp_patterns_match(s->a, p, cp_str_sub(path, 0, i), *info, ret_matched, info,
				      &err);
		if (r < 0)
			return r;
	}
	return cp_patterns_match(s->a, p, path, *info, ret_matched, info, &err);
}

/*
 * match, n, n patterns, paths: per path three letters: alone, with the info of its folders, may
 * things change below it.
 */
static void ask_match(struct session *s)
{
	size_t n = number(s->in.items[1]);
	const struct cp_patterns *p;
	struct cp_match_info none = {NULL}, info;
	struct cp_err err;

	if (cp_patterns_compile(s->a, s->in.items + 2, n, &p, &err) < 0) {
		answer(s, CP_S("bad"));
		return;
	}
	answer(s, CP_S("ok"));
	for (size_t i = 2 + n; i < s->in.n; i++) {
		bool alone = false, walked = false, below;
		int r = cp_patterns_match(s->a, p, s->in.items[i], none, &alone, NULL, &err), k;

		k = walk_to(s, p, s->in.items[i], &walked, &info);
		below = k == 0 && cp_patterns_reach_below(p, s->in.items[i], info);
		answer(s, cp_arena_printf(s->a, "%c%c%c", letter(r, alone), letter(k, walked),
					  letter(k, below)));
	}
}

/* n, n triples from in[at]: a tree; *at moves past it. */
static struct cp_tree *take_tree(struct session *s, size_t *at)
{
	static const char kinds[] = "fxlds";
	struct cp_tree *t = cp_memory_tree_new();
	size_t n = number(s->in.items[(*at)++]);

	for (size_t i = 0; i < n; i++, *at += 3) {
		const char *k = strchr(kinds, s->in.items[*at].p[0]);

		if (cp_memory_tree_add(t, s->in.items[*at + 1], (enum cp_entry_kind)(k - kinds),
				       s->in.items[*at + 2]) < 0)
			exit(4);
	}
	return t;
}

static struct cp_fs *take_context(struct session *s, size_t *at, struct cp_tree **ret_tree)
{
	size_t n = number(s->in.items[(*at)++]);
	struct cp_context_options o = {.root = CP_S("")};
	struct cp_fs *fs;
	struct cp_err err;

	if (cp_patterns_compile(s->a, s->in.items + *at, n, &o.ignore, &err) < 0)
		o.ignore = NULL;
	*at += n;
	*ret_tree = take_tree(s, at);
	if (cp_context_new(s->a, *ret_tree, &o, &fs, &err) < 0)
		exit(5);
	return fs;
}

static int show_dir(struct session *s, struct cp_fs *fs, const struct cp_node *dir)
{
	static const char kinds[] = "fld";
	const struct cp_listing *l;
	int r = fs->ops->list(fs, dir, &l, NULL);

	for (size_t i = 0; r == 0 && i < l->n_children; i++) {
		const struct cp_node *n = &l->children[i].node;
		char kind[2] = {n->mode == 0755 && n->kind == CP_NODE_FILE ? 'x' : kinds[n->kind],
				0};

		answer(s, cp_arena_cat(s->a, cp_str_c(kind), n->path));
		if (n->kind == CP_NODE_DIR)
			r = show_dir(s, fs, n);
	}
	return r;
}

/* filter, n, n patterns, tree: what is sent */
static void ask_filter(struct session *s)
{
	size_t at = 1;
	struct cp_tree *t;
	struct cp_fs *fs = take_context(s, &at, &t);
	int r;

	answer(s, CP_S("ok"));
	r = show_dir(s, fs, &fs->root);
	if (r < 0)
		s->out.items[0] = r == CP_EUNSUPPORTED ? CP_S("unsupported") : CP_S("error");
	cp_tree_free(t);
}

/* flags (w, f), path, n, includes, n, excludes */
static struct cp_selector take_selector(struct session *s, size_t *at)
{
	struct cp_str flags = s->in.items[(*at)++];
	struct cp_selector sel = {.path = s->in.items[(*at)++]};

	sel.wildcard = cp_str_find(flags, 'w', 0) < flags.n;
	sel.follow_links = cp_str_find(flags, 'f', 0) < flags.n;
	sel.n_includes = number(s->in.items[(*at)++]);
	sel.includes = s->in.items + *at;
	*at += sel.n_includes;
	sel.n_excludes = number(s->in.items[(*at)++]);
	sel.excludes = s->in.items + *at;
	*at += sel.n_excludes;
	return sel;
}

static int count_visit(void *self, const struct cp_node *n, struct cp_str path)
{
	size_t *count = self;

	(void)n;
	(void)path;
	++*count;
	return 0;
}

/*
 * compare, context a, context b, selector a, selector b: equal, different, depends, unsure; then
 * the paths
 */
static void ask_compare(struct session *s)
{
	static const char *const names[] = {"equal", "different", "depends", "unsure"};
	size_t at = 1, visited = 0;
	struct cp_tree *ta, *tb;
	struct cp_fs *fa = take_context(s, &at, &ta), *fb = take_context(s, &at, &tb);
	struct cp_selector sa = take_selector(s, &at), sb = take_selector(s, &at);
	struct cp_comparison c;
	struct cp_err err;

	if (cp_selection_compare(s->a, fa, &sa, fb, &sb, 1, &c, &err) < 0)
		exit(6);
	cp_selection_visit(s->a, fb, &sb, count_visit, &visited, &err);
	answer(s, cp_str_c(names[c.equality]));
	answer(s, cp_arena_printf(s->a, "%d", (int)(c.missing.n > 0)));
	for (size_t i = 0; i < c.n_changes; i++)
		answer(s, c.changes[i].path);
	cp_tree_free(ta);
	cp_tree_free(tb);
}

/* digest, context, selector: the content key, or what is not known */
static void ask_digest(struct session *s)
{
	static const struct cp_hasher hasher = {hash_file, NULL};
	size_t at = 1;
	struct cp_tree *t;
	struct cp_fs *fs = take_context(s, &at, &t);
	struct cp_selector sel = take_selector(s, &at);
	struct cp_digest d;
	struct cp_str unknown = CP_S("");
	char text[CP_DIGEST_TEXT + 1];

	if (cp_selection_digest(s->a, fs, &sel, 1, &hasher, &d, &unknown, NULL) < 0)
		exit(7);
	cp_digest_text(&d, text);
	answer(s, unknown.n ? CP_S("unknown") : cp_arena_str(s->a, cp_str_c(text)));
	answer(s, unknown);
	cp_tree_free(t);
}

static const struct {
	const char *name;
	void (*ask)(struct session *s);
} questions[] = {
	{"lines", ask_lines},   {"glob", ask_glob},       {"match", ask_match},
	{"filter", ask_filter}, {"compare", ask_compare}, {"digest", ask_digest},
};

int main(void)
{
	for (;;) {
		struct session s = {.a = cp_arena_new((size_t)1 << 28)};
		size_t i;

		if (!s.a || read_message(&s) < 0 || s.in.n < 2) {
			cp_arena_free(s.a);
			break;
		}
		for (i = 0; i < CP_LEN(questions); i++)
			if (cp_str_eq(s.in.items[0], cp_str_c(questions[i].name)))
				break;
		if (i == CP_LEN(questions))
			return 2;
		questions[i].ask(&s);
		write_message(&s);
		cp_arena_free(s.a);
	}
	return 0;
}
