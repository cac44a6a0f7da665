/* registry/: platforms, references, challenges, credentials, hosts and metadata files. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "registry/registry_int.h"

static void assert_text(struct cp_str found, const char *expected)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", CP_STR(found));
	assert_string_equal(text, expected);
}

static struct cp_arena *arena(void)
{
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);

	assert_non_null(a);
	return a;
}

static struct cp_platform platform(const char *os, const char *arch, const char *variant)
{
	return (struct cp_platform){.os = cp_str_c(os),
				    .arch = cp_str_c(arch),
				    .variant = cp_str_c(variant),
				    .os_version = CP_S(""),
				    .os_features = CP_S("")};
}

/* containerd/platforms Only: each line is a wish and the order in which it is served. */
static void test_platforms(void **state)
{
	static const struct {
		const char *arch, *variant;
		const char *served[8][2];
	} cases[] = {
		{"amd64", "", {{"amd64", ""}, {"386", ""}}},
		{"amd64", "v3", {{"amd64", "v3"}, {"amd64", "v2"}, {"amd64", "v1"}, {"386", ""}}},
		{"arm64", "", {{"arm64", "v8"}, {"arm", "v8"}, {"arm", "v7"}, {"arm", "v5"}}},
		{"arm64",
		 "v8.2",
		 {{"arm64", "v8.2"}, {"arm64", "v8.1"}, {"arm64", ""}, {"arm", "v7"}}},
		{"arm64",
		 "v9.1",
		 {{"arm64", "v9.1"},
		  {"arm64", "v9"},
		  {"arm64", "v8.6"},
		  {"arm64", "v8"},
		  {"arm", "v8"}}},
		{"arm", "", {{"arm", "v7"}, {"arm", "v6"}, {"arm", "v5"}}},
		{"arm", "v6", {{"arm", "v6"}, {"arm", "v5"}}},
		{"s390x", "", {{"s390x", ""}}},
	};
	static const char *const never[][4] = {
		{"amd64", "", "amd64", "v2"},
		{"amd64", "", "arm64", ""},
		{"386", "", "amd64", ""},
		{"arm", "v6", "arm", "v7"},
		{"arm64", "v8", "arm64", "v8.1"},
		{"arm64", "v9", "arm64", "v8.6"},
		{"arm", "", "arm64", ""},
		{"arm64", "", "arm", "v4"},
		{"ppc64le", "", "ppc64le", "power9"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_platform want = platform("linux", cases[i].arch, cases[i].variant);
		int last = -1;

		for (size_t k = 0; k < 8 && cases[i].served[k][0]; k++) {
			struct cp_platform have =
				platform("linux", cases[i].served[k][0], cases[i].served[k][1]);
			int rank = cp_platform_rank(&want, &have);

			assert_true(rank > last);
			last = rank;
		}
	}
	for (size_t i = 0; i < CP_LEN(never); i++) {
		struct cp_platform want = platform("linux", never[i][0], never[i][1]);
		struct cp_platform have = platform("linux", never[i][2], never[i][3]);

		assert_int_equal(cp_platform_rank(&want, &have), -1);
	}
}

static void test_references(void **state)
{
	static const struct {
		const char *ref, *host, *path, *tag, *digest;
	} cases[] = {
		{"docker.io/library/python:3.12", "docker.io", "library/python", "3.12", ""},
		{"localhost:5000/a/b:c", "localhost:5000", "a/b", "c", ""},
		{"ghcr.io/x:t@sha256:12", "ghcr.io", "x", "t", "sha256:12"},
		{"ghcr.io/x@sha256:12", "ghcr.io", "x", "", "sha256:12"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct registry_ref r = registry_ref_split(cp_str_c(cases[i].ref));

		assert_text(r.host, cases[i].host);
		assert_text(r.path, cases[i].path);
		assert_text(r.tag, cases[i].tag);
		assert_text(r.digest, cases[i].digest);
	}
}

static void test_challenges(void **state)
{
	cp_auto_arena struct cp_arena *a = arena();
	struct cp_str both[] = {
		CP_S("Basic realm=\"x\""),
		CP_S("Bearer realm=\"https://auth/token\", service=\"a \\\"b\\\"\" ,scope=repository:x:pull")};
	struct cp_str none[] = {CP_S("Negotiate"), CP_S("Bearer service=\"x\"")};
	struct registry_challenge c;

	(void)state;
	assert_true(registry_challenge_parse(a, both, 2, &c));
	assert_true(c.basic && c.bearer);
	assert_text(c.realm, "https://auth/token");
	assert_text(c.service, "a \"b\"");
	assert_text(c.scope, "repository:x:pull");
	assert_false(registry_challenge_parse(a, none, 2, &c));
}

static void test_docker_config(void **state)
{
	cp_auto_arena struct cp_arena *a = arena();
	struct registry_docker_config config = {.path = CP_S("")};
	struct registry_credentials c;
	struct cp_err err = {0};
	struct cp_str text =
		CP_S("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpwOng=\"},"
		     "\"http://h:5/v1/\":{\"username\":\"n\",\"password\":\"w\"},"
		     "\"i\":{\"identitytoken\":\"t\"}},\"credHelpers\":{\"x\":\"../../evil\"}}");

	(void)state;
	assert_int_equal(registry_docker_config_parse(a, text, CP_S("c"), &config, &err), 0);
	assert_int_equal(
		registry_credentials_of(a, &config, CP_S("registry-1.docker.io"), &c, &err), 0);
	assert_text(c.user, "u");
	assert_text(c.password, "p:x");
	assert_int_equal(registry_credentials_of(a, &config, CP_S("h:5"), &c, &err), 0);
	assert_text(c.password, "w");
	assert_int_equal(registry_credentials_of(a, &config, CP_S("i"), &c, &err), 0);
	assert_text(c.identity_token, "t");
	assert_int_equal(registry_credentials_of(a, &config, CP_S("x"), &c, &err), 0);
	assert_text(c.user, "");
}

static void test_hosts(void **state)
{
	cp_auto_arena struct cp_arena *a = arena();
	struct registry_hosts hosts = {{0}};
	struct registry_endpoint *e;
	struct cp_err err = {0};
	size_t n;
	struct cp_str toml = CP_S(
		"debug = true\n[registry.\"docker.io\"]\nmirrors = [\"m.example/hub\", 'https://n/v2/x']\n"
		"[registry.\"m.example\"]\nhttp = true\n[registry.\"s.example\"]\ninsecure = true\n"
		"[[registry.\"s.example\".keypair]]\nkey = \"/k\"\ncert = \"/c\"\n");

	(void)state;
	assert_int_equal(registry_hosts_toml(a, toml, CP_S("t"), &hosts, &err), 0);
	assert_non_null(registry_host_get(a, &hosts, CP_S("")));
	assert_int_equal(registry_endpoints(a, &hosts, CP_S("docker.io"), false, &e, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_text(e[0].base, "http://m.example/v2/hub");
	assert_text(e[0].ns, "docker.io");
	assert_text(e[1].base, "https://n/v2/x");
	assert_text(e[2].base, "https://registry-1.docker.io/v2");
	assert_text(e[2].ns, "");
	assert_int_equal(registry_endpoints(a, &hosts, CP_S("127.0.0.1:5"), false, &e, &n, &err),
			 0);
	assert_text(e[0].base, "http://127.0.0.1:5/v2");
	assert_int_equal(registry_endpoints(a, &hosts, CP_S("10.0.0.1"), false, &e, &n, &err), 0);
	assert_text(e[0].base, "https://10.0.0.1/v2");
	assert_text(registry_host_get(a, &hosts, CP_S("s.example"))->cert_file, "/c");
}

static void test_broken_toml(void **state)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{"a = 1\nb", 2},        {"[x\n", 1},        {"a = \"x\n", 1},
		{"a = [1, 2", 1},       {"a = 1 b = 2", 1}, {"\n\na = {b=1", 3},
		{"a = \"\\q\"", 1},     {"a = nope", -1},   {"= 1", 1},
		{"a = \"\\ud800\"", 1},
	};
	cp_auto_arena struct cp_arena *a = arena();

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct registry_hosts hosts = {{0}};
		struct cp_err err = {0};
		int r = registry_hosts_toml(a, cp_str_c(cases[i].text), CP_S("t"), &hosts, &err);

		if (cases[i].line < 0) { /* begins like "nan": passed over */
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, CP_EINVAL);
		assert_int_equal(err.line, cases[i].line);
	}
}

static void test_base64(void **state)
{
	cp_auto_arena struct cp_arena *a = arena();
	struct cp_str out;

	(void)state;
	assert_true(registry_base64(a, CP_S("dTpw"), &out));
	assert_text(out, "u:p");
	assert_true(registry_base64(a, CP_S("dTpwOng"), &out));
	assert_text(out, "u:p:x");
	assert_true(registry_base64(a, CP_S("_-8="), &out));
	assert_int_equal(out.n, 2);
	assert_false(registry_base64(a, CP_S("a"), &out));
	assert_false(registry_base64(a, CP_S("a b="), &out));
	assert_int_equal(registry_base64_encode(a, CP_S("u:p"), &out), 0);
	assert_text(out, "dTpw");
}

static void test_metadata(void **state)
{
	static const char text[] =
		"{\"docker.io/library/a:1\":{\"digest\":\"sha256:1\",\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[\"A=<b>\"]},"
		"\"platforms\":{\"linux/arm64\":{\"digest\":\"sha256:1\",\"os\":\"linux\",\"architecture\":\"arm64\",\"config\":{\"User\":\"u\"}}}},\n"
		" \"h:5/b:latest\":{\"digest\":\"sha256:2\",\"no_layers\":true,\"config\":{}}}\n";
	cp_auto_arena struct cp_arena *a = arena();
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1u << 16);
	struct cp_platform arm = platform("linux", "arm64", ""),
			   s390 = platform("linux", "s390x", "");
	struct cp_image_metadata m;
	const struct cp_image_record *records[4], *r;
	struct cp_err err = {0};
	size_t n = 0;

	(void)state;
	assert_int_equal(cp_image_metadata_parse(a, cp_str_c(text), CP_S("m"), &m, &err), 0);
	r = cp_image_metadata_find(&m, CP_S("docker.io/library/a:1"), &arm);
	assert_non_null(r);
	assert_text(r->config.user, "u");
	assert_null(cp_image_metadata_find(&m, CP_S("docker.io/library/a:1"), &s390));
	assert_non_null(cp_image_metadata_find(&m, CP_S("h:5/b:latest"), &s390));
	for (size_t i = m.by_ref.n; i > 0; i--) /* the order of what is given decides nothing */
		for (r = m.by_ref.items[i - 1].value; r; r = r->next)
			records[n++] = r;
	assert_int_equal(cp_image_metadata_write(a, records, n, &out, &err), 0);
	assert_text(cp_buf_str(&out), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_platforms),  cmocka_unit_test(test_references),
		cmocka_unit_test(test_challenges), cmocka_unit_test(test_docker_config),
		cmocka_unit_test(test_hosts),      cmocka_unit_test(test_broken_toml),
		cmocka_unit_test(test_base64),     cmocka_unit_test(test_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
