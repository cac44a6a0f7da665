/*
 * The records of a build, byte for byte: a small context and Dockerfile that a real BuildKit v0.34.2 built and exported
 * with mode=max. Every digest that does not hold the output of a RUN is expected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "predict/records.h"
#include "hash_fixture.h"

static const char dockerfile_text[] =
	"FROM 127.0.0.1:5055/base:2 AS base\nARG X=1\nENV Y=2\nWORKDIR /app\nCOPY a.txt dir/ ./\nCOPY *.txt link /w/\n"
	"RUN echo hi > /out.txt\nFROM 127.0.0.1:5055/base:2\nCOPY --from=base /out.txt /app /z/\n"
	"RUN --mount=type=bind,source=dir,target=/m --mount=type=cache,target=/cc cat /m/b.txt > /res\n";

static const char *const expected[] = {
	"sha256:13e099c3797fa6e6e7c3a5b6d53629ed12f8705ccd8f5ecccf38fd3283af4c6a", /* the image */
	"sha256:696393693eae5c7cd7e52061e683e4faf3d85418b3f856af1c420e3e241588b2", /* content of dir */
	"sha256:70a85afdf870bf763dbee4915beecd207f5ea906122759bc93304ce1a972a8f5", /* COPY --from */
	"sha256:79c50dcd7db6619142d7053b17deb8f4f21395a326d44d092dfd9de62ecf1785", /* COPY a.txt dir/ */
	"sha256:7be4e583eb802e8cea2d68e38e34f0420cc919cf3bc03af2896e9af7bb69907e", /* content of a.txt and dir */
	"sha256:807b3e8722c68572736f54d83fd741a5b1d69ccbef218fae52b4149a56d232ce", /* WORKDIR */
	"sha256:a4734de72cf0931ef3bfbe4624de4eae6b07d7328290c12283d53d733356662d", /* RUN echo */
	"sha256:aacd4d5a29f4a0325750db8592c3a89ebcee163b9fe5031d35cf32b696f083f2", /* RUN with mounts */
	"sha256:af34dd0ac25c9f34a5667ba1dd95ebc3db8065628737336a3e5ba6b2b8506fdc", /* content of *.txt and link */
};

static struct cp_fs *context;

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	(void)self;
	return cp_str_eq(name, CP_S("context")) ? context : NULL;
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	static struct cp_str env[] = {CP_S_INIT("FOO=bar"), CP_S_INIT("PATH=/bin:/usr/bin")};
	static const struct cp_image_config config = {
		.digest = CP_S_INIT(
			"sha256:297f5e58b79c42f8b9e98d7cc22980b7421a1fde4824cc8498d739c5a92a6c36"),
		.env = env,
		.n_env = 2};

	(void)self, (void)ref, (void)platform, (void)err;
	*ret_config = &config;
	return 0;
}

static bool has(const struct cp_records *records, const char *digest)
{
	char text[CP_DIGEST_TEXT + 1];

	for (size_t i = 0; i < records->n; i++) {
		cp_digest_text(&records->items[i].digest, text);
		if (strcmp(text, digest) == 0)
			return true;
	}
	return false;
}

static void test_records_of_a_real_build(void **state)
{
	struct cp_arena *a = cp_arena_new(64 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_image_resolver resolver = {resolve, NULL};
	struct cp_build_options options = {.resolver = &resolver};
	struct cp_context_options context_options = {.git_dir = false};
	struct cp_build b = {.local = local_of};
	struct cp_hasher hasher = {hash_file, NULL};
	struct cp_records records = {0};
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_memory_tree_add(t, CP_S("a.txt"), CP_ENTRY_FILE, CP_S("hello\n")), 0);
	assert_int_equal(cp_memory_tree_add(t, CP_S("dir/b.txt"), CP_ENTRY_FILE, CP_S("bbb\n")), 0);
	assert_int_equal(cp_memory_tree_add(t, CP_S("dir/sub/c.sh"), CP_ENTRY_EXEC, CP_S("c")), 0);
	assert_int_equal(cp_memory_tree_add(t, CP_S("link"), CP_ENTRY_SYMLINK, CP_S("a.txt")), 0);
	assert_int_equal(cp_context_new(a, t, &context_options, &context, &err), 0);
	assert_int_equal(cp_dockerfile_parse(a, cp_str_c(dockerfile_text), CP_S("Dockerfile"),
					     &b.dockerfile, &err),
			 0);
	assert_int_equal(
		cp_graph_build(a, b.dockerfile, CP_S("Dockerfile"), &options, &b.graph, &err), 0);
	assert_int_equal(cp_records_collect(a, &b, &hasher, &records, &err), 0);
	for (size_t i = 0; i < CP_LEN(expected); i++)
		if (!has(&records, expected[i]))
			fail_msg("no record %s", expected[i]);
	/* COPY --from reads what a RUN wrote: that one content digest is not known, and says why */
	for (size_t i = 0; i < records.n; i++)
		if (records.items[i].op &&
		    cp_str_starts(records.items[i].step, CP_S("[stage-1 2/3] COPY")))
			assert_true(records.items[i].inputs[1].unknown.n > 0);
	cp_tree_free(t);
	cp_arena_free(a);
}

static const struct cp_record *record_of(const struct cp_records *records, struct cp_str step)
{
	for (size_t i = 0; i < records->n; i++)
		if (records->items[i].op && cp_str_starts(records->items[i].step, step))
			return &records->items[i];
	fail_msg("no record of %.*s", CP_STR(step));
	return NULL;
}

/* Without its config, what an image decides is not known: its digest, what RUN has of it, and whether ONBUILD stands before a step. */
static void test_image_that_is_not_known(void **state)
{
	struct cp_arena *a = cp_arena_new(64 << 20);
	struct cp_tree *t = cp_memory_tree_new();
	struct cp_build_options options = {0};
	struct cp_context_options context_options = {.git_dir = false};
	struct cp_build b = {.local = local_of};
	struct cp_hasher hasher = {hash_file, NULL};
	struct cp_records records = {0};
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_memory_tree_add(t, CP_S("a.txt"), CP_ENTRY_FILE, CP_S("hello\n")), 0);
	assert_int_equal(cp_context_new(a, t, &context_options, &context, &err), 0);
	assert_int_equal(cp_dockerfile_parse(
				 a, CP_S("FROM base/image\nCOPY a.txt /a\nRUN one\nCOPY a.txt b\n"),
				 CP_S("Dockerfile"), &b.dockerfile, &err),
			 0);
	assert_int_equal(
		cp_graph_build(a, b.dockerfile, CP_S("Dockerfile"), &options, &b.graph, &err), 0);
	assert_int_equal(cp_records_collect(a, &b, &hasher, &records, &err), 0);
	assert_int_equal(record_of(&records, CP_S("[2/4] COPY"))->unknown.n, 0);
	assert_true(record_of(&records, CP_S("[2/4] COPY"))->inputs[0].links[0].unknown.n > 0);
	assert_true(record_of(&records, CP_S("[3/4] RUN"))->unknown.n > 0);
	assert_true(record_of(&records, CP_S("[4/4] COPY"))->unknown.n > 0);
	cp_tree_free(t);
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_records_of_a_real_build),
					   cmocka_unit_test(test_image_that_is_not_known)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
