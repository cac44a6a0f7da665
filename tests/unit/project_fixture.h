/* What the tests of project/ share: files in memory, and requests as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "project/project.h"

/* ---- helpers ---- */

struct file {
	const char *name, *text;
};

/* Files of a repository, ended by a NULL name. */
static CP_UNUSED int read_file(void *self, struct cp_str path, struct cp_buf *out,
			       struct cp_err *err)
{
	for (const struct file *f = self; f->name; f++) {
		if (cp_str_eq(path, cp_str_c(f->name))) {
			cp_buf_addz(out, f->text);
			return 0;
		}
	}
	return cp_err_set(err, CP_ENOTFOUND, "no file %.*s", CP_STR(path));
}

static const char *get_env(const void *self, const char *name)
{
	for (const char *const *e = self; *e; e += 2)
		if (strcmp(e[0], name) == 0)
			return e[1];
	return NULL;
}

static CP_UNUSED void show_list(struct cp_buf *b, const char *name, const struct cp_str *items,
				size_t n)
{
	for (size_t i = 0; i < n; i++)
		cp_buf_printf(b, "%s%.*s%s", i ? "," : name, CP_STR(items[i]),
			      i + 1 == n ? "]" : "");
}

static CP_UNUSED void show_settings(struct cp_buf *b, const char *name,
				    const struct cp_setting *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cp_buf_printf(b, "%s%.*s", i ? "," : name, CP_STR(items[i].key));
		if (items[i].has_value)
			cp_buf_printf(b, "=%.*s", CP_STR(items[i].value));
		if (i + 1 == n)
			cp_buf_addz(b, "]");
	}
}

static CP_UNUSED void show_text(struct cp_buf *b, const char *name, struct cp_str s)
{
	if (s.n)
		cp_buf_printf(b, "%s%.*s", name, CP_STR(s));
}

/* A request as one line: only what is set. */
static CP_UNUSED void show(struct cp_buf *b, const struct cp_image_request *q)
{
	show_text(b, "", q->name);
	show_text(b, " context=", q->context);
	show_text(b, " dockerfile=", q->dockerfile);
	if (q->dockerfile_inline.p)
		cp_buf_printf(b, " inline=%.*s", CP_STR(q->dockerfile_inline));
	show_text(b, " target=", q->target);
	show_list(b, " platforms[", q->platforms, q->n_platforms);
	show_settings(b, " args[", q->build_args, q->n_build_args);
	show_settings(b, " contexts[", q->contexts, q->n_contexts);
	show_settings(b, " labels[", q->labels, q->n_labels);
	show_settings(b, " secrets[", q->secrets, q->n_secrets);
	show_list(b, " from[", q->cache_from, q->n_cache_from);
	show_list(b, " to[", q->cache_to, q->n_cache_to);
	show_list(b, " tags[", q->tags, q->n_tags);
	show_list(b, " filter[", q->no_cache_filter, q->n_no_cache_filter);
	show_list(b, " hosts[", q->add_hosts, q->n_add_hosts);
	show_list(b, " ulimits[", q->ulimits, q->n_ulimits);
	show_list(b, " ssh[", q->ssh, q->n_ssh);
	show_text(b, " network=", q->network);
	show_text(b, " shm=", q->shm_size);
	show_text(b, " cgroup=", q->cgroup_parent);
	cp_buf_addz(b, q->no_cache ? " no-cache" : "");
	cp_buf_addz(b, q->pull ? " pull" : "");
}

static CP_UNUSED void show_all(struct cp_buf *b, const struct cp_image_requests *list)
{
	for (size_t i = 0; i < list->n; i++) {
		cp_buf_addz(b, i ? "\n" : "");
		show(b, &list->items[i]);
	}
	if (!list->n)
		cp_buf_addz(b, "nothing");
}

static CP_UNUSED void show_err(struct cp_buf *b, const struct cp_err *e)
{
	cp_buf_printf(b, "%s %s:%d:%d: %s", cp_err_name(e->code), e->file, e->line, e->column,
		      e->message);
}

static CP_UNUSED void expect(const struct cp_buf *b, const char *wanted)
{
	if (strcmp(b->p ? b->p : "", wanted) != 0)
		fail_msg("\nwanted: %s\n   got: %s", wanted, b->p ? b->p : "");
}

static const char *const environment[] = {"SETV", "sv",      "EMPTYV", "",
					  "HOME", "/home/x", NULL,     NULL};

/* compose files of `repo` (the first n names) ─► text of the requests or of the error. */
static CP_UNUSED void compose(struct cp_buf *b, const struct file *repo, size_t n, const char *only,
			      const char *const *env)
{
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_file_reader reader = {read_file, (void *)(uintptr_t)repo};
	struct cp_environment e = {get_env, env};
	struct cp_compose_file files[4];
	struct cp_image_requests list = {0};
	struct cp_str name = cp_str_c(only);
	struct cp_err err = {0};
	int r;

	for (size_t i = 0; i < n; i++)
		files[i] = (struct cp_compose_file){cp_str_c(repo[i].name), cp_str_c(repo[i].text)};
	r = cp_compose_parse(a, files, n, &reader, &e, &name, only != NULL, &list, &err);
	assert_int_equal(r, err.code);
	if (r < 0)
		show_err(b, &err);
	else
		show_all(b, &list);
	for (size_t i = 0; i < list.n_notes; i++)
		cp_buf_printf(b, "\nnote: %.*s", CP_STR(list.notes[i]));
	cp_arena_free(a);
}

static CP_UNUSED void check_compose(const struct file *repo, size_t n, const char *wanted)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 20);

	compose(&b, repo, n, NULL, environment);
	expect(&b, wanted);
}

/* One file, nothing beside it. */
static CP_UNUSED void check_file(const char *text, const char *wanted)
{
	struct file repo[] = {{"compose.yaml", text}, {NULL, NULL}};

	check_compose(repo, 1, wanted);
}
