/*
 * project/: what strangers' files can do to it. The input is a small repository, cut at lines "%%% NAME":
 *
 *   services: {a: {build: .}}     <- compose.yaml
 *   %%% .env
 *   A=1
 *   %%% over.yaml                 <- files that end in .yaml and begin with "over" are laid over the first
 *
 * The same bytes are then read as bake output, as settings and as a workflow, whose patterns are tried on a few paths.
 */
#include <stdint.h>
#include <stdlib.h>

#include "project/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FILES 8
#define MEMORY ((size_t)64 << 20)

struct files {
	struct cp_str name[MAX_FILES], text[MAX_FILES];
	size_t n;
};

static struct files cut(struct cp_str all)
{
	struct files f = {.n = 0};
	struct cp_str name = CP_S("compose.yaml"), mark = CP_S("\n%%% ");

	while (f.n < MAX_FILES) {
		size_t end = cp_str_find_str(all, mark, 0), line;

		f.name[f.n] = name;
		f.text[f.n++] = cp_str_sub(all, 0, end);
		if (end == all.n)
			break;
		all = cp_str_from(all, end + mark.n);
		line = cp_str_find(all, '\n', 0);
		name = cp_str_sub(all, 0, line);
		all = cp_str_from(all, line + 1);
	}
	return f;
}

static int read_file(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	const struct files *f = self;

	for (size_t i = 0; i < f->n; i++) {
		if (cp_str_eq(f->name[i], path)) {
			cp_buf_adds(out, f->text[i]);
			return 0;
		}
	}
	return cp_err_set(err, CP_ENOTFOUND, "no such file");
}

static const char *get_env(const void *self, const char *name)
{
	(void)self;
	return strcmp(name, "SETV") == 0               ? "sv"
	       : strcmp(name, "COMPOSE_PROFILES") == 0 ? "dev"
						       : NULL;
}

/* What the interface promises: requests are whole, an error says something and, with a line, where. */
static void check(int r, const struct cp_err *err, const struct cp_image_requests *list)
{
	if (r < 0 && (err->code != r || !err->message[0] || !cp_utf8_valid(cp_str_c(err->message))))
		abort();
	if (r < 0)
		return;
	if (list->n > CP_MAX_IMAGES)
		abort();
	for (size_t i = 0; i < list->n; i++) {
		const struct cp_image_request *q = &list->items[i];

		if (!q->name.p || !q->context.p || (q->n_build_args && !q->build_args) ||
		    (q->n_tags && !q->tags))
			abort();
		for (size_t k = 0; k < q->n_cache_from; k++)
			if (!q->cache_from[k].p)
				abort();
	}
}

static void read_compose(struct files *f)
{
	struct cp_arena *a = cp_arena_new(MEMORY);
	struct cp_file_reader reader = {read_file, f};
	struct cp_environment env = {get_env, NULL};
	struct cp_compose_file files[MAX_FILES];
	struct cp_image_requests list = {0};
	struct cp_err err = {0};
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (i == 0 || cp_str_starts(f->name[i], CP_S("over")))
			files[n++] = (struct cp_compose_file){f->name[i], f->text[i]};
	check(cp_compose_parse(a, files, n, &reader, &env, NULL, 0, &list, &err), &err, &list);
	cp_arena_free(a);
}

static void read_json(struct cp_str text)
{
	struct cp_arena *a = cp_arena_new(MEMORY);
	struct cp_image_requests list = {0};
	struct cp_config config = {{0}};
	struct cp_err err = {0};

	check(cp_bake_parse(a, text, CP_S("bake.json"), CP_S("sub"), NULL, 0, &list, &err), &err,
	      &list);
	if (cp_config_parse(a, text, CP_S("settings"), &config, &err) == 0 &&
	    config.images.n > CP_MAX_IMAGES)
		abort();
	cp_arena_free(a);
}

static void read_workflow(struct cp_str text, const char *name)
{
	static const char *const paths[] = {"src/a/b.py", ".github/x", "README.md", "a\nb", "\xff"};
	struct cp_arena *a = cp_arena_new(MEMORY);
	struct cp_path_filter *filters;
	enum cp_ci_kind kind;
	struct cp_err err = {0};
	size_t n;

	if (cp_filters_parse(a, text, cp_str_c(name), &kind, &filters, &n, &err) == 0)
		for (size_t i = 0; i < n && i < 100; i++)
			for (size_t k = 0; k < CP_LEN(paths); k++) {
				bool matches;

				cp_filter_matches(&filters[i], kind, cp_str_c(paths[k]), &matches);
			}
	cp_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_str all = cp_str_n((const char *)data, size);
	struct files f = cut(all);

	read_compose(&f);
	read_json(all);
	read_workflow(f.text[0], ".github/workflows/x.yml");
	read_workflow(f.text[0], ".gitlab-ci.yml");
	return 0;
}
