/* Trees, rules and selectors of the tests of context/, written as text. */
#ifndef TESTS_UNIT_CONTEXT_FIXTURE_H
#define TESTS_UNIT_CONTEXT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "context/context.h"

static CP_UNUSED struct cp_str S(const char *s) {
	return cp_str_c(s);
}

/* "a=text;b*script;l>target;m@;d/": files, executables, links, submodules, folders. */
static CP_UNUSED void
add_spec(struct cp_tree *t, struct cp_str spec)
{
	while (spec.n) {
		size_t end = cp_str_find(spec, ';', 0), at = 0;
		struct cp_str item = cp_str_sub(spec, 0, end), content;
		enum cp_entry_kind kind = CP_ENTRY_FILE;

		while (at < item.n && !strchr("=*>@", item.p[at]))
			at++;
		content = cp_str_from(item, at + 1);
		if (at == item.n)
			kind = CP_ENTRY_DIR;
		else if (item.p[at] == '>')
			kind = CP_ENTRY_SYMLINK;
		else if (item.p[at] == '@')
			kind = CP_ENTRY_SUBMODULE;
		else if (item.p[at] == '*')
			kind = CP_ENTRY_EXEC;
		assert_int_equal(cp_memory_tree_add(t,
						    cp_str_trim_right(cp_str_sub(item, 0, at), "/"),
						    kind, content),
				 0);
		spec = cp_str_from(spec, end + 1);
	}
}

static CP_UNUSED struct cp_tree *tree_of(const char *spec)
{
	struct cp_tree *t = cp_memory_tree_new();

	assert_non_null(t);
	add_spec(t, S(spec));
	return t;
}

static CP_UNUSED size_t split_lines(struct cp_arena *a, const char *text, struct cp_str **ret)
{
	struct cp_str rest = S(text), line;
	CP_VEC(struct cp_str) lines = {0};

	while (rest.n && cp_str_split(&rest, '\n', &line))
		cp_vec_push(a, &lines, line);
	*ret = lines.items;
	return lines.n;
}

static CP_UNUSED const struct cp_patterns *rules_of(struct cp_arena *a, const char *text)
{
	const struct cp_patterns *p = NULL;
	struct cp_str *lines;
	size_t n;
	struct cp_err err = {0};

	assert_int_equal(cp_ignore_read(a, S(text), &lines, &n, &err), 0);
	assert_int_equal(cp_patterns_compile(a, lines, n, &p, &err), 0);
	return p;
}

static CP_UNUSED struct cp_fs *context_of(struct cp_arena *a, struct cp_tree *t, const char *ignore)
{
	struct cp_context_options o = {.root = CP_S(""),
				       .ignore = ignore ? rules_of(a, ignore) : NULL};
	struct cp_fs *fs = NULL;
	struct cp_err err = {0};

	assert_int_equal(cp_context_new(a, t, &o, &fs, &err), 0);
	return fs;
}

struct both {
	struct cp_arena *a;
	struct cp_tree *ta, *tb;
	struct cp_fs *fa, *fb;
};

static CP_UNUSED struct both both_of(const char *a, const char *ignore_a, const char *b,
				     const char *ignore_b)
{
	struct both x = {.a = cp_arena_new(1 << 26), .ta = tree_of(a), .tb = tree_of(b)};

	x.fa = context_of(x.a, x.ta, ignore_a);
	x.fb = context_of(x.a, x.tb, ignore_b);
	return x;
}

static CP_UNUSED void free_both(struct both *x)
{
	cp_tree_free(x->ta);
	cp_tree_free(x->tb);
	cp_arena_free(x->a);
}

/*
 * "/p", "/p +include -exclude", with links followed unless it begins with "!"; a wildcard when it
 * has one.
 */
static CP_UNUSED struct cp_selector selector_of(struct cp_arena *a, const char *text)
{
	struct cp_selector sel = {.follow_links = text[0] != '!'};
	CP_VEC(struct cp_str) in = {0}, ex = {0};
	struct cp_str rest = S(text + !sel.follow_links), word;

	for (bool first = true; cp_str_split(&rest, ' ', &word); first = false) {
		if (first)
			sel.path = word;
		else if (word.p[0] == '+')
			cp_vec_push(a, &in, cp_str_from(word, 1));
		else
			cp_vec_push(a, &ex, cp_str_from(word, 1));
	}
	for (size_t i = 0; i < sel.path.n; i++)
		sel.wildcard = sel.wildcard || strchr("*?[", sel.path.p[i]);
	sel.includes = in.items;
	sel.n_includes = in.n;
	sel.excludes = ex.items;
	sel.n_excludes = ex.n;
	return sel;
}

static CP_UNUSED const char *show_comparison(struct cp_arena *a, const struct cp_comparison *c)
{
	static const char *const names[] = {"equal", "different", "depends", "unsure"};
	static const char marks[] = "+-~m";
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(4096);

	cp_buf_printf(&out, "%s%s", names[c->equality], c->git_dir ? " git" : "");
	for (size_t i = 0; i < c->n_changes; i++)
		cp_buf_printf(&out, " %c%.*s", marks[c->changes[i].change],
			      CP_STR(c->changes[i].path));
	if (c->missing.n)
		cp_buf_printf(&out, " missing %.*s", CP_STR(c->missing));
	return cp_arena_str(a, cp_buf_str(&out)).p;
}

static CP_UNUSED const char *compare(const struct both *x, const char *sel_a, const char *sel_b)
{
	struct cp_selector sa = selector_of(x->a, sel_a), sb = selector_of(x->a, sel_b);
	struct cp_comparison c;
	struct cp_err err = {0};

	assert_int_equal(cp_selection_compare(x->a, x->fa, &sa, x->fb, &sb, 1, &c, &err), 0);
	return show_comparison(x->a, &c);
}

struct compare_case {
	const char *a, *ignore_a, *b, *ignore_b;
	const char *sel_a, *sel_b; /* sel_b NULL = the same */
	const char *want;
};

static CP_UNUSED void run_cases(const struct compare_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct compare_case *c = &cases[i];
		struct both x = both_of(c->a, c->ignore_a, c->b ? c->b : c->a, c->ignore_b);
		const char *got = compare(&x, c->sel_a, c->sel_b ? c->sel_b : c->sel_a);

		if (strcmp(got, c->want) != 0)
			fail_msg("%s [%s] / %s [%s], %s / %s:\n  want %s\n  got  %s", c->a,
				 c->ignore_a, c->b, c->ignore_b, c->sel_a, c->sel_b, c->want, got);
		free_both(&x);
	}
}

#endif
