/*
 * keys/: op digests against values of a real BuildKit v0.34.2 (the same operations, built and read from its cache database).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "keys/keys.h"

static struct cp_op_key *key_of(struct cp_arena *a, struct cp_op *op)
{
	const struct cp_op *ops[1] = {op};
	struct cp_graph g = {.ops = ops, .n_ops = 1};
	struct cp_op_key *keys = NULL;

	op->index = 0;
	assert_int_equal(cp_keys_compute(a, &g, &keys, NULL), 0);
	return keys;
}

static void assert_digest(const struct cp_digest *d, const char *expected)
{
	char text[CP_DIGEST_TEXT + 1];

	cp_digest_text(d, text);
	assert_string_equal(text, expected);
}

static struct cp_str strs[] = {CP_S_INIT("FOO=bar"), CP_S_INIT("PATH=/bin:/usr/bin"),
			       CP_S_INIT("X=1"), CP_S_INIT("Y=2")};
static const struct cp_platform amd64 = {CP_S_INIT("linux"), CP_S_INIT("amd64"), CP_S_INIT(""),
					 CP_S_INIT("")};

static void test_image(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op op = {
		.kind = CP_OP_SOURCE,
		.platform = amd64,
		.source = {
			.kind = CP_SOURCE_IMAGE,
			.digest = CP_S(
				"sha256:297f5e58b79c42f8b9e98d7cc22980b7421a1fde4824cc8498d739c5a92a6c36")}};

	(void)state;
	assert_digest(&key_of(a, &op)->digest,
		      "sha256:4cc96db58548326cb1e743e0ddcaab978360ea5223190f34140fd7f6575880b7");
	cp_arena_free(a);
}

static void test_workdir(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE};
	const struct cp_op *inputs[] = {&base};
	struct cp_action mkdir = {.kind = CP_ACTION_MKDIR,
				  .input = 0,
				  .secondary_input = -1,
				  .output = 0,
				  .dest = CP_S("/app"),
				  .mode = 0755,
				  .make_parents = true,
				  .timestamp = -1};
	struct cp_op op = {.kind = CP_OP_FILE,
			   .inputs = inputs,
			   .n_inputs = 1,
			   .actions = &mkdir,
			   .n_actions = 1};
	struct cp_op_key *k = key_of(a, &op);

	(void)state;
	assert_digest(&k->digest,
		      "sha256:7ea5325d7cca0cfc78567c2d7347cc6dac674e45bef5edb2a83f5b7cf188ff3a");
	assert_false(k->inputs[0].has_selector);
	cp_arena_free(a);
}

static struct cp_action copy_action(int input, int secondary, int output, const char *src,
				    const char *dest)
{
	return (struct cp_action){.kind = CP_ACTION_COPY,
				  .input = input,
				  .secondary_input = secondary,
				  .output = output,
				  .src = cp_str_c(src),
				  .dest = cp_str_c(dest),
				  .mode = -1,
				  .follow_symlink = true,
				  .dir_copy_contents = true,
				  .create_dest_path = true,
				  .allow_wildcard = true,
				  .allow_empty_wildcard = true,
				  .timestamp = -1};
}

static void test_copy(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE}, context = {.kind = CP_OP_SOURCE};
	const struct cp_op *inputs[] = {&base, &context};
	struct cp_action actions[] = {copy_action(0, 1, -1, "/a.txt", "/app/"),
				      copy_action(2, 1, 0, "/dir", "/app/")};
	struct cp_op op = {.kind = CP_OP_FILE,
			   .inputs = inputs,
			   .n_inputs = 2,
			   .actions = actions,
			   .n_actions = 2};
	struct cp_op_key *k = key_of(a, &op);

	(void)state;
	assert_digest(&k->digest,
		      "sha256:c735e1be37a1973d80be331a3e759f1dac1af95776c1c8d962253dd321850f50");
	assert_false(k->inputs[0].has_selector);
	assert_digest(&k->inputs[1].selector,
		      "sha256:d454588fd8a8e5d60bec055730c19379a6ff1a6fccd21c5ca657a9d7e7a67027");
	assert_int_equal(k->inputs[1].n_sels, 2);
	assert_true(k->inputs[1].sels[0].follow_links);
	cp_arena_free(a);
}

static void test_run(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE};
	const struct cp_op *inputs[] = {&base};
	struct cp_str args[] = {CP_S("/bin/sh"), CP_S("-c"), CP_S("echo hi > /out.txt")};
	struct cp_op_mount root = {.input = 0, .dest = CP_S("/")};
	struct cp_op op = {.kind = CP_OP_EXEC,
			   .platform = amd64,
			   .inputs = inputs,
			   .n_inputs = 1,
			   .exec = {.args = args,
				    .n_args = 3,
				    .env = strs,
				    .n_env = 4,
				    .cwd = CP_S("/app"),
				    .mounts = &root,
				    .n_mounts = 1}};
	struct cp_op_key *k = key_of(a, &op);

	(void)state;
	assert_digest(&k->digest,
		      "sha256:e2ffb7ad5a0f0c256a2deb5bf658ffd914eb033e08ad4a55a2602180aa64c31c");
	assert_digest(&k->inputs[0].selector,
		      "sha256:8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1");
	assert_false(k->inputs[0].by_content);
	cp_arena_free(a);
}

static void test_run_with_mounts(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE}, context = {.kind = CP_OP_SOURCE};
	const struct cp_op *inputs[] = {&base, &context};
	struct cp_str args[] = {CP_S("/bin/sh"), CP_S("-c"), CP_S("cat /m/b.txt > /res")};
	struct cp_op_mount mounts[] = {
		{.input = 0, .dest = CP_S("/")},
		{.input = -1,
		 .dest = CP_S("/cc"),
		 .output = -1,
		 .type = 3,
		 .cache_id = CP_S("//cc")},
		{.input = 1,
		 .dest = CP_S("/m"),
		 .output = -1,
		 .read_only = true,
		 .selector = CP_S("/dir")},
	};
	struct cp_op op = {.kind = CP_OP_EXEC,
			   .platform = amd64,
			   .inputs = inputs,
			   .n_inputs = 2,
			   .exec = {.args = args,
				    .n_args = 3,
				    .env = strs,
				    .n_env = 4,
				    .cwd = CP_S("/app"),
				    .mounts = mounts,
				    .n_mounts = 3}};
	struct cp_op_key *k = key_of(a, &op);

	(void)state;
	assert_non_null(strstr(
		k->preimage.p,
		"\"mounts\":[{\"dest\":\"/\"},{\"input\":-1,\"dest\":\"/cc\",\"output\":-1,\"mountType\":3,"
		"\"cacheOpt\":{\"ID\":\"//cc\"}},{\"input\":1,\"dest\":\"/m\",\"output\":-1,\"readonly\":true}]"));
	assert_true(k->inputs[1].by_content);
	assert_true(cp_str_eq(k->inputs[1].sels[0].path, CP_S("/dir")));
	/* an explicit id, a private cache: nothing of the options is hashed */
	mounts[1].cache_id = CP_S("pip");
	assert_non_null(strstr(key_of(a, &op)->preimage.p, "\"cacheOpt\":{}"));
	mounts[1].cache_id = CP_S("//cc");
	mounts[1].cache_sharing = 1;
	assert_non_null(strstr(key_of(a, &op)->preimage.p, "\"cacheOpt\":{}"));
	cp_arena_free(a);
}

static void test_merge(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE}, upper = {.kind = CP_OP_FILE};
	const struct cp_op *inputs[] = {&base, &upper};
	struct cp_op op = {.kind = CP_OP_MERGE, .inputs = inputs, .n_inputs = 2};

	(void)state;
	assert_string_equal(
		key_of(a, &op)->preimage.p,
		"{\"Type\":\"buildkit.merge.v0\",\"Merge\":{\"inputs\":[{},{\"input\":1}]}}");
	cp_arena_free(a);
}

/* Content selectors lose what lies below another one; three sources from one context write their indexes. */
static void test_selectors_and_indexes(void **state)
{
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_op base = {.kind = CP_OP_SOURCE}, context = {.kind = CP_OP_SOURCE};
	const struct cp_op *inputs[] = {&base, &context};
	struct cp_action actions[] = {copy_action(0, 1, -1, "/a/b", "/d/"),
				      copy_action(2, 1, -1, "/a", "/d/"),
				      copy_action(3, 1, 0, "/*.txt", "/d/")};
	struct cp_op op = {.kind = CP_OP_FILE,
			   .inputs = inputs,
			   .n_inputs = 2,
			   .actions = actions,
			   .n_actions = 3};
	struct cp_op_key *k = key_of(a, &op);

	(void)state;
	assert_non_null(strstr(k->preimage.p, "\"indexes\":[[0,1,-1],[2,1,-1],[3,1,0]]"));
	assert_int_equal(k->inputs[1].n_sels, 2);
	assert_true(cp_str_eq(k->inputs[1].sels[0].path, CP_S("/*.txt")));
	assert_true(k->inputs[1].sels[0].wildcard);
	assert_true(cp_str_eq(k->inputs[1].sels[1].path, CP_S("/a")));
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_workdir),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_with_mounts),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_selectors_and_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
