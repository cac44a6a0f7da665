/* Pre-images and content digests under the rules of older releases: the whole way from a Dockerfile to records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "predict/predict.h"
#include "hash_fixture.h"

struct world {
	struct cp_arena *a;
	struct cp_tree *tree;
	struct cp_fs *context;
	struct cp_image_config image;
	struct cp_profile profile;
	struct cp_build b;
	struct cp_records records;
};

static struct cp_fs *local_of(void *self, struct cp_str name)
{
	(void)name;
	return ((struct world *)self)->context;
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	(void)ref, (void)platform, (void)err;
	*ret_config = &((struct world *)self)->image;
	return 0;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->a = cp_arena_new(64 << 20);
	w->tree = cp_memory_tree_new();
	w->image.digest =
		CP_S("sha256:297f5e58b79c42f8b9e98d7cc22980b7421a1fde4824cc8498d739c5a92a6c36");
	cp_memory_tree_add(w->tree, CP_S("a.txt"), CP_ENTRY_FILE, CP_S("hello\n"));
	cp_memory_tree_add(w->tree, CP_S("d/b.txt"), CP_ENTRY_FILE, CP_S("bbb\n"));
	cp_memory_tree_add(w->tree, CP_S("d/l"), CP_ENTRY_SYMLINK, CP_S("../a.txt"));
	cp_memory_tree_add(w->tree, CP_S("e"), CP_ENTRY_SYMLINK, CP_S("d"));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	cp_tree_free(w->tree);
	cp_arena_free(w->a);
	free(w);
	return 0;
}

static void build(struct world *w, const char *builder, const char *text)
{
	struct cp_image_resolver resolver = {resolve, w};
	struct cp_build_options options = {.resolver = &resolver, .profile = &w->profile};
	struct cp_context_options context_options = {.git_dir = false};
	struct cp_hasher hasher = {.record = hash_file};
	struct cp_builder named;
	struct cp_err err = {0};

	assert_int_equal(cp_builder_parse(cp_str_c(builder), &named, NULL), 0);
	assert_int_equal(cp_context_new(w->a, w->tree, &context_options, &w->context, &err), 0);
	w->b = (struct cp_build){.local = local_of, .self = w};
	if (cp_dockerfile_parse(w->a, cp_str_c(text), CP_S("Dockerfile"), &w->b.dockerfile, &err) <
	    0)
		fail_msg("%s", err.message);
	assert_int_equal(cp_profile_of(w->a, &named, cp_graph_syntax(w->b.dockerfile, &options),
				       &w->profile, &err),
			 0);
	if (cp_graph_build(w->a, w->b.dockerfile, CP_S("Dockerfile"), &options, &w->b.graph, &err) <
	    0)
		fail_msg("%s", err.message);
	hasher.rules = w->profile.rules;
	assert_int_equal(cp_records_collect(w->a, &w->b, &hasher, &w->records, &err), 0);
}

/* The pre-image of the last operation. */
static const char *preimage(struct world *w, const char *builder, const char *text)
{
	build(w, builder, text);
	for (size_t i = w->records.n; i > 0; i--)
		if (w->records.items[i - 1].op == w->b.graph->result)
			return w->records.items[i - 1].preimage.p;
	return "";
}

static void assert_has(const char *text, const char *part, bool there)
{
	if ((strstr(text, part) != NULL) != there)
		fail_msg("%s%s in %s", part, there ? " is not" : " is", text);
}

/* The JSON of the only action of the last operation. */
static const char *action(struct world *w, const char *builder, const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = strstr(preimage(w, builder, text), "\"Actions\":[\"") + 12;
	char *out = cp_arena_alloc(w->a, 4096);
	unsigned bits = 0, n = 0;
	size_t at = 0;

	for (; *p && *p != '"' && *p != '=' && at < 4095; p++) {
		bits = (bits << 6 | (unsigned)(strchr(digits, *p) - digits)) & 0xffffff;
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[at++] = (char)(bits >> n & 255);
		}
	}
	return out;
}

static void test_json_of_daemons(void **state)
{
	struct world *w = *state;
	const char *run = "FROM x\nRUN --mount=type=cache,target=/c x\n";
	const char *chown = "FROM x\nCOPY --chown=0:5 a.txt /\n";

	assert_has(preimage(w, "daemon=0.17,frontend=0.34", run),
		   "\"mounts\":[{\"dest\":\"/\"},{\"input\":-1,\"dest\":\"/c\",\"output\":-1,",
		   true);
	assert_has(preimage(w, "daemon=0.16,frontend=0.34", run),
		   "\"mounts\":[{\"input\":0,\"dest\":\"/\",\"output\":0},{\"input\":-1,", true);
	assert_has(action(w, "daemon=0.17,frontend=0.34", chown),
		   "{\"user\":{\"User\":{}},\"group\":{\"User\":{\"byId\":5}}}", true);
	assert_has(action(w, "daemon=0.16,frontend=0.34", chown),
		   "{\"user\":{\"User\":{}},\"group\":{\"User\":{\"byID\":5}}}", true);
	assert_has(action(w, "daemon=0.16,frontend=0.34", "FROM x\nCOPY --chown=u a.txt /\n"),
		   "{\"byName\":{\"name\":\"u\",\"input\":0}}", true);
	assert_has(preimage(w, "daemon=0.16,frontend=0.34", "FROM x\nRUN y\nCOPY --link a.txt /\n"),
		   "\"inputs\":[{\"input\":0},{\"input\":1}]", true);
}

static void test_frontends(void **state)
{
	struct world *w = *state;
	const char *secret = "FROM x\nRUN --mount=type=secret,id=s x\n";
	const char *stage = "FROM x AS t\nARG TARGETSTAGE\nARG BUILDOSVERSION\nRUN x\n";

	assert_has(preimage(w, "daemon=0.34,frontend=0.15", secret),
		   "{\"input\":-1,\"dest\":\"/run", true);
	assert_has(preimage(w, "daemon=0.34,frontend=0.14", secret), "{\"dest\":\"/run", true);
	assert_has(preimage(w, "frontend=0.17", stage), "TARGETSTAGE=t", true);
	assert_has(preimage(w, "frontend=0.16", stage), "TARGETSTAGE", false);
	assert_has(preimage(w, "frontend=0.19", stage), "BUILDOSVERSION=", true);
	assert_has(preimage(w, "frontend=0.18", stage), "BUILDOSVERSION", false);
	assert_has(action(w, "frontend=0.34", "FROM x\nWORKDIR /w\nCOPY a.txt .\n"),
		   "\"dest\":\"/w/\"", true);
	assert_has(action(w, "frontend=0.14", "FROM x\nWORKDIR /w\nCOPY a.txt .\n"),
		   "\"dest\":\"/w\"", true);
	assert_has(action(w, "frontend=0.13", "FROM x\nWORKDIR /w\nCOPY a.txt .\n"),
		   "\"dest\":\"/w/\"", true);
	assert_has(action(w, "frontend=0.33.1", "FROM x\nCOPY --chown=5: a.txt /\n"), "group",
		   true);
	assert_has(action(w, "frontend=0.34", "FROM x\nCOPY --chown=5: a.txt /\n"), "group", false);
	assert_has(action(w, "frontend=0.26", "FROM x\nCOPY --parents a.txt /\n"), "required_paths",
		   true);
	assert_has(preimage(w, "frontend=0.26", "FROM x\nRUN <<-E\n\t#!/bin/x\n\ty\nE\n"),
		   "#!/bin/x", true);
	assert_has(preimage(w, "frontend=0.27", "FROM x\nRUN <<-E\n\t#!/bin/x\n\ty\nE\n"),
		   "/dev/pipes/E", true);
}

/* Every source of the records, one after the other. */
static bool has_source(struct world *w, const char *builder, const char *text, const char *source)
{
	build(w, builder, text);
	for (size_t i = 0; i < w->records.n; i++)
		if (cp_str_eq(w->records.items[i].preimage, cp_str_c(source)))
			return true;
	return false;
}

/* Seen with BuildKit 0.20.2. */
static void test_git_sources(void **state)
{
#define COMMIT "e9ef3a02df3ab9ade509aabe89e6657690fb66b1"
	const char *add = "FROM x\nADD --keep-git-dir=true http://h/r.git#" COMMIT " /r\n";
	struct world *w = *state;

	assert_true(
		has_source(w, "buildkit=0.22", add, "buildkit.source.v0:" COMMIT ".git#" COMMIT));
	assert_true(has_source(w, "buildkit=0.21", add, "buildkit.source.v0:" COMMIT ".git"));
#undef COMMIT
}

static void test_what_a_frontend_does_not_know(void **state)
{
	static const struct {
		const char *before, *since, *text;
	} cases[] = {
		{"frontend=0.14", "frontend=0.15", "FROM x\nRUN [\"a\"] b\n"},
		{"frontend=0.15", "frontend=0.16",
		 "FROM x\nRUN --mount=type=secret,id=s,env=S x\n"},
		{"frontend=0.19", "frontend=0.20", "FROM x\nCOPY --chmod=u+x a.txt /\n"},
		{"frontend=0.21", "frontend=0.22", "FROM x\nRUN cat << E\ny\nE\n"},
		{"frontend=0.22", "frontend=0.23", "FROM x\nADD --unpack=false a.txt /\n"},
		{"frontend=0.24", "frontend=0.25", "FROM x\nCOPY --exclude=b d /\n"},
		{"frontend=0.25", "frontend=0.26", "FROM x\nRUN --security=insecure x\n"},
		{"frontend=0.33.1", "frontend=0.34", "FROM x\nENV B=\"${A#\\\\x}\"\nRUN y\n"},
		{"daemon=0.25,frontend=1.20", "daemon=0.26,frontend=1.20",
		 "FROM x\nCOPY --parents a.txt /\n"},
		{"daemon=0.12", "daemon=0.13,frontend=0.34", "FROM x\nCOPY a.txt /\n"},
		{"buildkit=0.35", "buildkit=0.34", "FROM x\nCOPY a.txt /\n"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		print_message("%s", cases[i].text);
		build(w, cases[i].before, cases[i].text);
		assert_true(w->b.graph->inexact.n > 0);
		for (size_t k = 0; k < w->records.n; k++)
			assert_true(w->records.items[k].unknown.n > 0);
		build(w, cases[i].since, cases[i].text);
		assert_int_equal(w->b.graph->inexact.n, 0);
	}
}

static void text_of(struct cp_digest d, char out[CP_DIGEST_TEXT + 1])
{
	cp_digest_text(&d, out);
}

/* A content record of one selector, whose digest this is. */
static bool has_content(const struct world *w, const struct cp_digest *selected)
{
	char text[CP_DIGEST_TEXT + 1];
	struct cp_digest content;

	cp_digest_text(selected, text);
	content = cp_digest_of(text, CP_DIGEST_TEXT);
	for (size_t i = 0; i < w->records.n; i++)
		if (!w->records.items[i].op &&
		    cp_digest_eq(&w->records.items[i].op_digest, &content))
			return true;
	return false;
}

static struct cp_digest file(const char *bytes)
{
	struct cp_sha256 h;

	cp_record_header(&h, 0644, NULL, strlen(bytes), '0', CP_S(""));
	cp_sha256_add(&h, bytes, strlen(bytes));
	return cp_sha256_end(&h);
}

/* `COPY --exclude=x d /`: the header of d, b.txt and the link l, which leads to a.txt. */
static void test_lists(void **state)
{
	const char *text = "# syntax=docker/dockerfile:1.20\nFROM x\nCOPY --exclude=x d /\n";
	char a_txt[CP_DIGEST_TEXT + 1], b_txt[CP_DIGEST_TEXT + 1], link[CP_DIGEST_TEXT + 1],
		header[CP_DIGEST_TEXT + 1], all[1024];
	struct world *w = *state;
	struct cp_digest d;
	struct cp_sha256 h;
	int n;

	text_of(file("hello\n"), a_txt);
	text_of(file("bbb\n"), b_txt);
	cp_record_header(&h, 0777, NULL, 0, '2', CP_S("../a.txt"));
	text_of(cp_sha256_end(&h), link);
	cp_record_header(&h, 0755, NULL, 0, '5', CP_S(""));
	text_of(cp_sha256_end(&h), header);

	build(w, "daemon=0.26", text);
	n = snprintf(all, sizeof(all), "%c%s%cb.txt%s%cl%s", 0, header, 0, b_txt, 0, link);
	d = cp_digest_of(all, (size_t)n);
	assert_true(has_content(w, &d));

	build(w, "daemon=0.25", text);
	n = snprintf(all, sizeof(all), "d%s%cb.txt%s%cl%s", header, 0, b_txt, 0, link);
	d = cp_digest_of(all, (size_t)n);
	assert_true(has_content(w, &d));

	build(w, "daemon=0.24", text);
	n = snprintf(all, sizeof(all), "d%s%cb.txt%s%cl%s", header, 0, b_txt, 0, a_txt);
	d = cp_digest_of(all, (size_t)n);
	assert_true(has_content(w, &d));
}

/* A link behind a link: v0.13 resolved the second one by its text. */
static void test_links_behind_links(void **state)
{
	struct world *w = *state;
	size_t unknown = 0;

	build(w, "daemon=0.13,frontend=0.34", "FROM x\nCOPY d/l /\n");
	for (size_t i = 0; i < w->records.n; i++)
		unknown += w->records.items[i].n_inputs == 2 &&
			   w->records.items[i].inputs[1].unknown.n;
	assert_int_equal(unknown, 0);
	build(w, "daemon=0.13,frontend=0.34", "FROM x\nCOPY e/l /\n");
	for (size_t i = 0; i < w->records.n; i++)
		unknown += w->records.items[i].n_inputs == 2 &&
			   w->records.items[i].inputs[1].unknown.n;
	assert_int_equal(unknown, 1);
}

/* Until v0.33.0 an image has a second key: consumers link to both. */
static void test_chain_of_an_image(void **state)
{
	const char *text = "FROM x\nRUN y\n";
	struct world *w = *state;
	struct cp_digest chain;

	w->image.chain =
		CP_S("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	build(w, "buildkit=0.33.1", text);
	assert_int_equal(w->records.n, 2);
	assert_int_equal(w->records.items[1].inputs[0].n_links, 1);
	build(w, "buildkit=0.33.0", text);
	assert_int_equal(w->records.n, 3);
	assert_int_equal(w->records.items[2].inputs[0].n_links, 2);
	chain = cp_digest_of(
		"buildkit.source.v0:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		90);
	assert_true(cp_digest_eq(&w->records.items[1].op_digest, &chain));
	w->image.chain = CP_S("");
	build(w, "buildkit=0.33.0", text);
	assert_int_equal(w->records.items[1].inputs[0].n_links, 2);
	assert_true(w->records.items[1].inputs[0].links[1].unknown.n > 0);
}

/* Values of the OCI specification's rule, computed by hand: D(a) and D("sha256:a sha256:b"). */
static void test_chain_ids(void **state)
{
	struct cp_str ids[] = {
		CP_S_INIT(
			"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
		CP_S_INIT(
			"sha256:09eefdc91e8894bc767daae7daa5a4e8cbf396610f10ae20604d9086c76d4a93"),
	};
	struct world *w = *state;
	struct cp_str chain = CP_S("untouched");
	struct cp_digest d;
	char both[160], text[CP_DIGEST_TEXT + 1];
	int n = snprintf(both, sizeof(both), "%s %s", ids[0].p, ids[1].p);

	d = cp_digest_of(both, (size_t)n);
	cp_digest_text(&d, text);
	assert_int_equal(cp_image_chain(w->a, ids, 1, &chain, NULL), 0);
	assert_true(cp_str_eq(chain, ids[0]));
	assert_int_equal(cp_image_chain(w->a, ids, 2, &chain, NULL), 0);
	assert_string_equal(chain.p, text);
	ids[1] = CP_S("md5:0");
	assert_int_equal(cp_image_chain(w->a, ids, 2, &chain, NULL), CP_EINVAL);
	assert_string_equal(chain.p, text);
	assert_int_equal(cp_image_chain(w->a, ids, 0, &chain, NULL), 0);
	assert_int_equal(chain.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_json_of_daemons),
					   TEST(test_frontends),
					   TEST(test_git_sources),
					   TEST(test_what_a_frontend_does_not_know),
					   TEST(test_lists),
					   TEST(test_links_behind_links),
					   TEST(test_chain_of_an_image),
					   TEST(test_chain_ids)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
