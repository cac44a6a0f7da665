/* project/: bake output and settings ─► requests. */
#include "project_fixture.h"

/* ---- bake ---- */

static void bake(struct cp_buf *b, const char *text, const char *folder, const char *only)
{
	struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_image_requests list = {0};
	struct cp_str names[4], rest = cp_str_c(only);
	struct cp_err err = {0};
	size_t n = 0;
	int r;

	while (only && n < 4 && cp_str_split(&rest, ' ', &names[n]))
		n++;
	r = cp_bake_parse(a, cp_str_c(text), CP_S("bake.json"), cp_str_c(folder), names, n, &list,
			  &err);
	assert_int_equal(r, err.code);
	if (r < 0)
		show_err(b, &err);
	else
		show_all(b, &list);
	if (r < 0 && err.hint[0])
		cp_buf_printf(b, " (%s)", err.hint);
	cp_arena_free(a);
}

static void test_bake(void **state)
{
	static const char groups[] =
		"{\"group\":{\"default\":{\"targets\":[\"back\",\"web\"]},\"back\":{\"targets\":[\"api\",\"loop\",\"web\"]},\"loop\":{\"targets\":[\"api\"]}},"
		"\"target\":{\"other\":{},\"web\":{\"context\":\"web\"},\"api\":{\"contexts\":{\"base\":\"target:base\"}},\"base\":{\"dockerfile\":\"b.Dockerfile\"}}}";
	static const struct {
		const char *text, *folder, *only, *wanted;
	} cases[] = {
		{groups, ".", NULL,
		 "api context=. contexts[base=target:base]\nweb context=web\nbase context=. dockerfile=b.Dockerfile"},
		{groups, ".", "other", "other context=."},
		{"{\"group\":{\"default\":{\"targets\":[\"default\"]}},\"target\":{\"default\":{\"context\":\"x\"}}}",
		 ".", NULL, "default context=x"},
		{"{\"group\":{\"default\":{\"targets\":[\"g\"]},\"g\":{\"targets\":[\"default\"]}},\"target\":{\"a\":{}}}",
		 ".", NULL, "invalid :0:0: bake.json has no target or group default"},
		{groups, "sub", "web back",
		 "web context=sub/web\napi context=sub contexts[base=target:base]\nbase context=sub dockerfile=sub/b.Dockerfile"},
		{groups, ".", "no", "invalid :0:0: bake.json has no target or group no"},
		{"{\"target\":{\"b\":{},\"a\":{}}}", ".", NULL, "b context=.\na context=."},
		{"{\"target\":{\"b\":{},\"default\":{}}}", ".", NULL, "default context=."},
		{"{\"target\":{\"a\":{\"context\":\"x/../app\",\"dockerfile\":\"../D\"},\"b\":{\"context\":\"https://g/x.git\",\"dockerfile\":\"D\"},"
		 "\"c\":{\"context\":\"cwd://c\",\"dockerfile\":\"cwd://D\"},\"d\":{\"context\":\"/abs\",\"dockerfile\":\"D\"},\"e\":{\"context\":\"../up\"}}}",
		 ".", NULL,
		 "a context=app dockerfile=D\nb context=https://g/x.git dockerfile=D\nc context=c dockerfile=D\n"
		 "d context=/abs dockerfile=/abs/D\ne context=../up"},
		{"{\"target\":{\"a\":{\"args\":{\"A\":\"$${x}%%{y}$z\",\"N\":null,\"I\":3},\"labels\":{\"l\":\"$${x}\"},\"dockerfile-inline\":\"FROM $${b}\","
		 "\"extra-hosts\":{\"z\":\"1.1.1.1,2.2.2.2\",\"a\":\"::1\"},\"cache-from\":[{\"ref\":\"r,1\",\"type\":\"registry\"},\"type=local,src=x\",\"img\"],"
		 "\"cache-to\":[{\"type\":\"inline\"}],\"secret\":[{\"id\":\"s\",\"src\":\"f\"},{\"id\":\"e\",\"env\":\"E\"},\"id=t,type=env,src=V\"],"
		 "\"ssh\":[{\"id\":\"default\",\"paths\":[\"k\"]},\"default=\"],\"target\":\"t\",\"platforms\":[\"linux/arm64\"],\"tags\":[\"x:1\"],"
		 "\"network\":\"host\",\"no-cache\":true,\"no-cache-filter\":[\"b\"],\"pull\":true,\"shm-size\":\"1g\",\"ulimits\":[\"nproc=1\",\"nofile=1:2\"]}}}",
		 ".", NULL,
		 "a context=. inline=FROM ${b} target=t platforms[linux/arm64] args[A=${x}%{y}$z,I=3] labels[l=${x}]"
		 " secrets[s=src=f,e=env=E,t=env=V] from[type=registry,\"ref=r,1\",type=local,src=x,type=registry,ref=img] to[type=inline]"
		 " tags[x:1] filter[b] hosts[a=::1,z=1.1.1.1,z=2.2.2.2] ulimits[nofile=1:2,nproc=1] ssh[default=k,default] network=host shm=1g"
		 " no-cache pull"},
		{"{\"target\":{\"a\":{\"contexts\":{\"x\":\"../y\",\"e\":\"\",\"i\":\"docker-image://alpine\"}}}}",
		 "s", NULL, "a context=s contexts[x=y,i=docker-image://alpine]"},
		{"{\"target\":{\"a\":{\"contexts\":{\"x\":\"target:no\"}}}}", ".", NULL,
		 "invalid :0:0: a: context x names target:no, which is not there"},
		{"{\"target\":{\"a\":{\"contexts\":{\"x\":\"target:a\"}}}}", ".", NULL,
		 "a context=. contexts[x=target:a]"},
		{"{\n  \"target\": {\n    \"a\": {\n      \"tags\": [],\n      \"platforms\": \"x\"\n}}}",
		 ".", NULL,
		 "invalid bake.json:5:7: target.a.platforms: expected a list of strings"},
		{"{\"target\":{\"a\":[]}}", ".", NULL,
		 "invalid bake.json:1:12: target.a: expected an object"},
		{"{\"target\":{\"a\":{\"args\":{\"x\":{}}}}}", ".", NULL,
		 "invalid bake.json:1:17: target.a.args: expected an object of strings"},
		{"{\"group\":{}}", ".", NULL,
		 "invalid bake.json:0:0: target: expected an object of targets (docker buildx bake --print > bake-print.json makes such a file)"},
		{"{\"target\":{\"a\":{\"inherits\":[\"b\"]}}}", ".", NULL,
		 "invalid bake.json:1:17: target.a.inherits: this is a bake file, not what bake makes of it"
		 " (docker buildx bake --file bake.json --print > bake-print.json)"},
		{"{\"target\": nope}", ".", NULL,
		 "invalid bake.json:1:15: invalid token near 'nope'"},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 20);

		bake(&b, cases[i].text, cases[i].folder, cases[i].only);
		expect(&b, cases[i].wanted);
	}
}

static void test_bake_bounds(void **state)
{
	cp_auto_buf struct cp_buf groups = CP_BUF_INIT(8 << 20), targets = CP_BUF_INIT(8 << 20),
				  got = CP_BUF_INIT(1 << 20);

	(void)state;
	cp_buf_addz(&groups,
		    "{\"target\":{\"t\":{}},\"group\":{\"default\":{\"targets\":[\"g0\"]}");
	for (int i = 0; i < 1000; i++)
		cp_buf_printf(&groups, ",\"g%d\":{\"targets\":[\"g%d\"]}", i, i + 1);
	cp_buf_addz(&groups, "}}");
	bake(&got, groups.p, ".", NULL);
	expect(&got, "limit :0:0: bake.json: groups nested over 128 levels");
	cp_buf_clear(&got);
	cp_buf_addz(&targets, "{\"target\":{\"t\":{}");
	for (int i = 0; i < 1000; i++)
		cp_buf_printf(&targets, ",\"t%d\":{}", i);
	cp_buf_addz(&targets, "}}");
	bake(&got, targets.p, ".", NULL);
	expect(&got, "limit :0:0: bake.json: over 1000 images");
}

/* ---- .cachepredict.json ---- */

static void test_config(void **state)
{
	static const char text[] =
		"{\"images\":[{\"name\":\"api\",\"context\":\"./app\",\"dockerfile\":\"docker/D\",\"build_args\":{\"A\":\"1\",\"B\":null},"
		"\"build_contexts\":{\"lib\":\"./lib\"},\"cache_from\":[\"img\"],\"add_hosts\":[\"a:1\"],\"secrets\":[\"id=s,src=f\"],\"no_cache\":true},{}],"
		"\"bake\":\"b.json\",\"compose\":\"c.yaml\",\"fail_on\":[\"miss\"],\"context_from\":\"export\",\"base\":\"main\",\"image_metadata\":\"m.json\","
		"\"unknown\":[1]}";
	static const char *const broken[][2] = {
		{"[]", "invalid .cachepredict.json:1:1: settings are a JSON object"},
		{"{\"images\":{}}",
		 "invalid .cachepredict.json:1:2: images: expected a list of objects"},
		{"{\"images\":[{},\n {\"name\":[]}]}",
		 "invalid .cachepredict.json:2:3: images.1.name: expected a string"},
		{"{\"images\":[{\"build_contexts\":{\"a\":null}}]}",
		 "invalid .cachepredict.json:1:13: images.0.build_contexts: a named context needs a value"},
		{"{\"fail_on\":[\"mis\"]}",
		 "invalid .cachepredict.json:1:2: fail_on: expected \"miss\", \"depends\" or \"unknown\""},
		{"{\"context_from\":\"x\"}",
		 "invalid .cachepredict.json:1:2: context_from: expected \"clone\" or \"export\""},
		{"{\"no_cache\":1,}",
		 "invalid .cachepredict.json:1:15: string or '}' expected near '}'"},
	};
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 16);
	struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_config c = {{0}};
	struct cp_err err = {0};

	(void)state;
	assert_int_equal(cp_config_parse(a, CP_S(text), CP_S(".cachepredict.json"), &c, &err), 0);
	show_all(&b, &c.images);
	expect(&b,
	       "api context=app dockerfile=docker/D args[A=1,B] contexts[lib=lib] secrets[s=src=f] from[type=registry,ref=img] hosts[a:1]"
	       " no-cache\n context=.");
	assert_true(cp_str_eq(c.bake, CP_S("b.json")) && c.n_compose == 1 &&
		    cp_str_eq(c.compose[0], CP_S("c.yaml")));
	assert_true(cp_str_eq(c.context_from, CP_S("export")) && cp_str_eq(c.base, CP_S("main")));
	assert_true(c.n_fail_on == 1 && cp_str_eq(c.image_metadata, CP_S("m.json")));
	for (size_t i = 0; i < CP_LEN(broken); i++) {
		cp_auto_buf struct cp_buf got = CP_BUF_INIT(1 << 16);

		memset(&err, 0, sizeof(err));
		assert_int_equal(cp_config_parse(a, cp_str_c(broken[i][0]),
						 CP_S(".cachepredict.json"), &c, &err),
				 CP_EINVAL);
		show_err(&got, &err);
		expect(&got, broken[i][1]);
	}
	cp_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bake),
		cmocka_unit_test(test_bake_bounds),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
