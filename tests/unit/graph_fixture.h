/* A Dockerfile in memory with options, and an image config that all images but "unknown..." have. */
#ifndef TESTS_UNIT_GRAPH_FIXTURE_H
#define TESTS_UNIT_GRAPH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "graph/graph.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct fixture {
	struct cp_arena *a;
	struct cp_image_config config; /* of every image that is not called "unknown..." */
	struct cp_build_options options;
	struct cp_image_resolver resolver;
	struct cp_err err;
	int asked;
};

static inline int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
			  const struct cp_image_config **ret_config, struct cp_err *err)
{
	struct fixture *f = self;

	(void)platform;
	f->asked++;
	if (cp_str_find_str(ref, CP_S("unknown"), 0) < ref.n)
		return cp_err_set(err, CP_ENOTFOUND, "no such image");
	*ret_config = &f->config;
	return 0;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	f->resolver.resolve = resolve;
	f->resolver.self = f;
	f->options.resolver = &f->resolver;
	*state = f;
	return f->a ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	cp_arena_free(f->a);
	free(f);
	return 0;
}

static inline int try_build(struct fixture *f, struct cp_str text,
			    const struct cp_graph **ret_graph)
{
	const struct cp_dockerfile *df;
	int r;

	memset(&f->err, 0, sizeof(f->err));
	r = cp_dockerfile_parse(f->a, text, CP_S("Dockerfile"), &df, &f->err);
	return r < 0 ? r
		     : cp_graph_build(f->a, df, CP_S("Dockerfile"), &f->options, ret_graph,
				      &f->err);
}

static inline const struct cp_graph *build(struct fixture *f, const char *text)
{
	const struct cp_graph *g = NULL;

	if (try_build(f, cp_str_c(text), &g) < 0)
		fail_msg("%s:%d: %s", f->err.file, f->err.line, f->err.message);
	return g;
}

/* Names of the steps, a line each. */
static inline const char *steps(struct fixture *f, const struct cp_graph *g)
{
	struct cp_str s = CP_S("");

	for (size_t i = 0; i < g->n_steps; i++)
		s = cp_arena_printf(f->a, "%.*s%.*s\n", CP_STR(s), CP_STR(g->steps[i].name));
	return s.p;
}

static inline const struct cp_step *step(const struct cp_graph *g, const char *name)
{
	for (size_t i = 0; i < g->n_steps; i++)
		if (cp_str_eq(g->steps[i].name, cp_str_c(name)))
			return &g->steps[i];
	fail_msg("no step %s", name);
	return NULL;
}

static inline const char *joined(struct fixture *f, const struct cp_str *items, size_t n)
{
	struct cp_str s = CP_S("");

	for (size_t i = 0; i < n; i++)
		s = cp_arena_printf(f->a, "%.*s%s%.*s", CP_STR(s), i ? " " : "", CP_STR(items[i]));
	return s.n ? s.p : "";
}

#define assert_str(s, text) assert_string_equal(cp_arena_str(f->a, (s)).p, (text))

#define GRAPH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
