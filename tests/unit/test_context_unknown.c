/* context/: comparing file systems of which not everything is known. */
#include "context_fixture.h"

/* ---- unknown content ---- */

/*
 * A file system written down: an unknown in the place of every name that begins with "?", mode 0700
 * for names that begin with "~", and an unknown rest of folders with "...".
 */
struct fake {
	struct cp_fs base;
	struct cp_fs *under;
	const char *rest; /* names the unknown of every "..." and "?" */
};

static void to_fake(struct fake *f, struct cp_node *n, struct cp_str name)
{
	if (name.n && name.p[0] == '?') {
		n->kind = CP_NODE_OPAQUE;
		n->identity = cp_digest_of(f->rest, strlen(f->rest));
	}
	if (name.n && name.p[0] == '~')
		n->mode = 0700;
	n->has_subtree = n->has_subtree && name.n &&
			 name.p[0] == 'f'; /* nothing special is put into these */
}

static int compare_children(const void *x, const void *y)
{
	return cp_str_cmp(((const struct cp_child *)x)->name, ((const struct cp_child *)y)->name);
}

static int fake_list(struct cp_fs *fs, const struct cp_node *dir, const struct cp_listing **ret,
		     struct cp_err *err)
{
	struct fake *f = (struct fake *)fs;
	const struct cp_listing *under;
	struct cp_listing *l = CP_NEW(fs->a, struct cp_listing);

	assert_int_equal(f->under->ops->list(f->under, dir, &under, err), 0);
	l->children = cp_arena_array(fs->a, under->n_children, sizeof(*l->children));
	for (size_t i = 0; i < under->n_children; i++) {
		struct cp_child c = under->children[i];

		if (cp_str_eq(c.name, S("..."))) {
			l->has_rest = true;
			l->rest = cp_digest_of(f->rest, strlen(f->rest));
			continue;
		}
		to_fake(f, &c.node, c.name);
		if (c.name.p[0] == '?' || c.name.p[0] == '~')
			c.name = cp_str_from(c.name, 1);
		l->children[l->n_children++] = c;
	}
	if (l->n_children > 1)
		qsort(l->children, l->n_children, sizeof(*l->children), compare_children);
	*ret = l;
	return 0;
}

static int fake_child(struct cp_fs *fs, const struct cp_node *dir, struct cp_str name,
		      struct cp_node *ret, bool *found, struct cp_err *err)
{
	const struct cp_listing *l;

	assert_int_equal(fake_list(fs, dir, &l, err), 0);
	*found = l->has_rest;
	if (l->has_rest)
		*ret = (struct cp_node){.kind = CP_NODE_OPAQUE, .identity = l->rest};
	for (size_t i = 0; i < l->n_children; i++) {
		if (!cp_str_eq(l->children[i].name, name))
			continue;
		*ret = l->children[i].node;
		*found = true;
	}
	return 0;
}

static int fake_target(struct cp_fs *fs, const struct cp_node *link, struct cp_str *ret,
		       struct cp_err *err)
{
	struct fake *f = (struct fake *)fs;

	return f->under->ops->target(f->under, link, ret, err);
}

static const struct cp_fs_ops fake_ops = {fake_list, fake_child, fake_target, NULL};

static void test_unknown(void **state)
{
	static const struct compare_case cases[] = {
		/* the fields ignore_a and ignore_b name the unknowns here */
		{"...=", "r1", "...=", "r1", "/", 0, "equal"},
		{"...=", "r1", "...=", "r2", "/", 0, "depends"},
		{"...=", "r1", "...=", "r1", "/usr/bin/x", 0, "equal"},
		{"...=", "r1", "...=", "r1", "/usr/bin/x", "/usr/bin/y", "depends"},
		{"...=", "r1", "...=", "r2", "/usr/bin/x", 0, "depends"},
		{"...=", "r1", "...=", "r1", "/usr/b*", 0, "equal"},
		{"...=", "r1", "...=", "r2", "/usr/b*", 0, "depends"},
		{"...=", "r1", "...=", "r1", "/usr -x", 0, "equal"},
		{"...=", "r1", "...=", "r1", "/usr -x", "/usr -y", "depends"},
		/* known parts */
		{"...=;app/a=1", "r1", "...=;app/a=1", "r2", "/app", 0, "equal"},
		{"...=;app/a=1", "r1", "...=;app/a=2", "r1", "/app", 0, "different ~app/a"},
		{"...=;app/a=1", "r1", "...=;app/a=2", "r2", "/", 0, "different ~app/a"},
		{"...=;app/a=1", "r1", "...=", "r1", "/app", 0, "depends"},
		{"app/...=;app/a=1", "r1", "app/...=;app/a=1;app/b=1", "r1", "/app", 0, "depends"},
		{"app/...=;app/a=1", "r1", "app/...=;app/a=1", "r1", "/app", 0, "equal"},
		{"app/...=;app/a=1", "r1", "app/a=1", "r1", "/app", 0, "depends"},
		/* a link in the unknown may lead to what is known to differ */
		{"...=;app/a=1", "r1", "...=;app/a=2", "r1", "/usr/x", 0, "depends"},
		{"...=;app/a=1", "r1", "...=;app/a=1", "r1", "/usr/x", 0, "equal"},
		{"d/?u=;d/a=1", "r1", "d/?u=;d/a=1", "r1", "/d", 0, "equal"},
		{"d/?u=;d/a=1", "r1", "d/?u=;d/a=1", "r2", "/d", 0, "depends"},
		{"d/?u=;d/a=1", "r1", "d/?u=;d/a=2", "r2", "/d", 0, "different ~d/a"},
		{"d/?u=;d/a=1", "r1", "d/u=1;d/a=1", "r1", "/d", 0, "depends"},
		{"d/?u=;d/a=1", "r1", "d/a=1", "r1", "/d", 0, "depends"},
		/* lists */
		{"d/...=;d/a=1;d/b=1", "r1", "d/...=;d/a=1;d/b=1", "r1", "/d/*", 0, "equal"},
		{"d/...=;d/a=1;d/b=1", "r1", "d/...=;d/a=1;d/b=1", "r2", "/d/*", 0, "depends"},
		{"d/...=;d/a=1;d/b=1", "r1", "d/...=;d/a=1;d/b=2", "r2", "/d/*", 0,
		 "different ~d/b"},
		{"d/...=;d/a=1;d/b=1", "r1", "d/...=;d/a=1;d/b=2", "r2", "/d +a", 0, "depends"},
		{"d/e/...=;d/a=1", "r1", "d/e/...=;d/a=1", "r2", "/d -e", 0, "equal"},
		{"d/e/...=;d/a=1", "r1", "d/e/...=;d/a=1", "r2", "/d/*a", 0, "equal"},
		{"d/?u=;d/a=1;d/b=1;d/c=1", "r1", "d/?u=;d/a=1;d/b=1", "r1", "/d/*", 0,
		 "different -d/c"},
		{"d/?u=;d/a=1", "r1", "d/?u=;d/c=1", "r1", "/d/*", 0, "depends"},
		/*
		 * headers of folders: they count for what is in them, and in lists once something
		 * below them is included
		 */
		{"d/~e/x=1", "r1", "d/e/x=1", "r1", "/d", 0, "different md/e"},
		{"d/~e/x=1", "r1", "d/e/x=1", "r1", "/d/e", 0, "different md/e"},
		{"d/~e/x=1", "r1", "d/e/x=1", "r1", "/d/e/x", 0, "equal"},
		{"d/~e/x=1", "r1", "d/e/x=1", "r1", "/d +**/x", 0, "different md/e"},
		{"d/~e/x=1", "r1", "d/e/x=1", "r1", "/d +**/y", 0, "equal"},
		{"d/~e/f/x=1", "r1", "d/e/f/x=1", "r1", "/d +**/x", 0, "different md/e"},
		{"d/~e/f/x=1", "r1", "d/e/f/x=1", "r1", "/d/e/*", 0, "equal"},
		{"d/~e/?x=1", "r1", "d/e/?x=1", "r1", "/d +**/x", 0, "depends"},
		{"d/~e/?x=1;d/~e/y=1", "r1", "d/e/?x=1;d/e/y=1", "r1", "/d +**/y", 0,
		 "different md/e"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		const struct compare_case *c = &cases[i];
		struct both x = both_of(c->a, NULL, c->b, NULL);
		struct fake fa = {{&fake_ops, x.fa->root, false, x.a}, x.fa, c->ignore_a};
		struct fake fb = {{&fake_ops, x.fb->root, false, x.a}, x.fb, c->ignore_b};
		const char *got;

		to_fake(&fa, &fa.base.root, S(""));
		to_fake(&fb, &fb.base.root, S(""));
		x.fa = &fa.base;
		x.fb = &fb.base;
		got = compare(&x, c->sel_a, c->sel_b ? c->sel_b : c->sel_a);
		if (strcmp(got, c->want) != 0)
			fail_msg("%s (%s) / %s (%s), %s / %s: want %s, got %s", c->a, c->ignore_a,
				 c->b, c->ignore_b, c->sel_a, c->sel_b, c->want, got);
		free_both(&x);
	}
}

static void test_opaque_root_and_none(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_digest x = cp_digest_of("x", 1), y = cp_digest_of("y", 1);
	struct cp_fs ux = {NULL, {.kind = CP_NODE_OPAQUE, .identity = x}, false, a};
	struct cp_fs uy = {NULL, {.kind = CP_NODE_OPAQUE, .identity = y}, false, a};
	struct cp_fs none = {NULL, {.kind = CP_NODE_DIR}, true, a};
	const struct {
		struct cp_fs *a, *b;
		const char *sel, *want;
	} cases[] = {
		{&ux, &ux, "/", "equal"},
		{&ux, &uy, "/", "depends"},
		{&ux, &ux, "/a/b", "equal"},
		{&ux, &uy, "/a/b", "depends"},
		{&ux, &ux, "/a*", "equal"},
		{&ux, &uy, "/a*", "depends"},
		{&none, &none, "/", "equal"},
		{&none, &none, "/ -x", "equal"},
		{&none, &none, "/a", "different -a missing a"},
		{&none, &ux, "/", "depends"},
		{&ux, &none, "/a", "different -a missing a"},
	};
	static const struct cp_fs_ops no_ops = {NULL, NULL, NULL, NULL};

	(void)state;
	ux.ops = uy.ops = none.ops = &no_ops;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_selector sel = selector_of(a, cases[i].sel);
		struct cp_comparison c;

		assert_int_equal(
			cp_selection_compare(a, cases[i].a, &sel, cases[i].b, &sel, 1, &c, NULL),
			0);
		if (strcmp(show_comparison(a, &c), cases[i].want) != 0)
			fail_msg("%zu %s: want %s, got %s", i, cases[i].sel, cases[i].want,
				 show_comparison(a, &c));
	}
	cp_arena_free(a);
}

/* Owners of --chown: names looked up in something unknown. */
static void test_owners(void **state)
{
	struct both x = both_of("a=1", NULL, "a=1", NULL);
	struct cp_node na, nb;
	struct cp_str real;
	const struct cp_listing *l;
	struct cp_child *child;

	(void)state;
	assert_int_equal(cp_fs_resolve(x.a, x.fb, S("/a"), true, &na, &real, NULL), 0);
	assert_int_equal(x.fb->ops->list(x.fb, &x.fb->root, &l, NULL), 0);
	child = (struct cp_child *)(uintptr_t)l->children;
	child->node.owner.names = cp_digest_of("u", 1);
	x.fb->root.has_subtree = false;
	assert_int_equal(cp_fs_resolve(x.a, x.fb, S("/a"), true, &nb, &real, NULL), 0);
	assert_false(cp_owner_eq(&na.owner, &nb.owner));
	assert_string_equal(compare(&x, "/a", "/a"), "different ma");
	assert_string_equal(compare(&x, "/", "/"), "different ma");
	child->node.owner.unsure = true;
	assert_string_equal(compare(&x, "/a", "/a"), "depends");
	free_both(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_opaque_root_and_none),
		cmocka_unit_test(test_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
