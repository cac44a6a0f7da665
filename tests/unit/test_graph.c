/* graph/: references, platforms, and whole Dockerfiles whose operations are written out. */
#include "graph_fixture.h"

/* ---- references and platforms ---- */

static void test_image_references(void **state)
{
	static const char *const cases[][2] = {
		{"python", "docker.io/library/python:latest"},
		{"python:3.12-slim", "docker.io/library/python:3.12-slim"},
		{"user/app", "docker.io/user/app:latest"},
		{"docker.io/alpine", "docker.io/library/alpine:latest"},
		{"index.docker.io/alpine:3", "docker.io/library/alpine:3"},
		{"localhost/x", "localhost/x:latest"},
		{"localhost:5000/x:1", "localhost:5000/x:1"},
		{"ghcr.io/a/b-c__d.e:tag_1.2", "ghcr.io/a/b-c__d.e:tag_1.2"},
		{"Host/img", "Host/img:latest"},
		{"[::1]:5000/x", "[::1]:5000/x:latest"},
		{"a@" DIGEST, "docker.io/library/a@" DIGEST},
		{"a:1@" DIGEST, "docker.io/library/a:1@" DIGEST},
		{"a---b", "docker.io/library/a---b:latest"},
		{"a__b.c/foo", "a__b.c/foo:latest"},
		{"UPPER", NULL},
		{"foo/BAR", NULL},
		{"a//b", NULL},
		{"x:", NULL},
		{"y@sha256:12", NULL},
		{"y@md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
		{"-a", NULL},
		{"a-", NULL},
		{"a..b", NULL},
		{"a___b", NULL},
		{"a:b:c", NULL},
		{"a b", NULL},
		{"", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};
	cp_auto_arena struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_str out = {NULL, 0};
		struct cp_err err = {0};
		int r = cp_image_ref_normalise(a, cp_str_c(cases[i][0]), &out, &err);

		if (cases[i][1]) {
			assert_int_equal(r, 0);
			assert_string_equal(out.p, cases[i][1]);
		} else {
			assert_int_equal(r, CP_EINVAL);
			assert_true(err.message[0]);
		}
	}
}

static void test_platforms(void **state)
{
	static const char *const cases[][2] = {
		{"linux/amd64", "linux amd64  "},
		{"linux/amd64/v1", "linux amd64  "},
		{"linux/amd64/v3", "linux amd64 v3 "},
		{"Linux/X86_64", "linux amd64  "},
		{"linux/arm64/v8", "linux arm64  "},
		{"linux/arm64", "linux arm64  "},
		{"linux/arm", "linux arm v7 "},
		{"armel", "linux arm v6 "},
		{"arm64", "linux arm64  "},
		{"linux", "linux amd64  "},
		{"macos/aarch64", "darwin arm64  "},
		{"windows(10.0.17763)/amd64", "windows amd64  10.0.17763"},
		{"bogus", NULL},
		{"a/b/c/d", NULL},
		{"linux/*", NULL},
		{"linux//", NULL},
		{"", NULL},
	};
	cp_auto_arena struct cp_arena *a = cp_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_platform p = {0};
		struct cp_err err = {0};
		int r = cp_platform_parse(a, cp_str_c(cases[i][0]), &p, &err);

		if (!cases[i][1]) {
			assert_int_equal(r, CP_EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(cp_arena_printf(a, "%.*s %.*s %.*s %.*s", CP_STR(p.os),
						    CP_STR(p.arch), CP_STR(p.variant),
						    CP_STR(p.os_version))
					    .p,
				    cases[i][1]);
	}
}

/* ---- whole Dockerfiles ---- */

/* Assigning moves a variable to the end, and a stage assigns what its parent's config holds once more. */
static void test_order_of_the_environment(void **state)
{
	struct fixture *f = *state;
	static struct cp_str env[] = {CP_S_INIT("FOO=bar"), CP_S_INIT("PATH=/bin")};
	const struct cp_graph *g;

	f->config.env = env;
	f->config.n_env = 2;
	g = build(
		f,
		"FROM img AS p\nARG X=1\nENV Y=$FOO FOO=2\nRUN a\nFROM p\nENV A=\"q $Y\"\nRUN b\n");
	assert_string_equal(joined(f, g->steps[1].op->exec.env, g->steps[1].op->exec.n_env),
			    "PATH=/bin X=1 Y=bar FOO=2");
	assert_string_equal(joined(f, g->steps[2].op->exec.env, g->steps[2].op->exec.n_env),
			    "X=1 FOO=2 PATH=/bin Y=bar A=q bar");
}

static void test_arguments(void **state)
{
	struct fixture *f = *state;
	static struct cp_option_pair args[] = {{CP_S_INIT("V"), CP_S_INIT("given")},
					       {CP_S_INIT("U"), CP_S_INIT("unused")}};
	const struct cp_op_exec *e;
	const struct cp_graph *g;

	f->options.build_args = args;
	f->options.n_build_args = 2;
	f->options.platform = (struct cp_platform){.os = CP_S("linux"), .arch = CP_S("arm64")};
	g = build(f, "ARG V=x\nARG W=\"g $V\"\nFROM --platform=$BUILDPLATFORM img:$V\n"
		     "ARG V\nARG W\nARG N\nARG TARGETPLATFORM BUILDARCH\nARG D=$W\nRUN a\n");
	e = &g->steps[1].op->exec;
	assert_str(g->steps[0].name, "[1/2] FROM docker.io/library/img:given");
	assert_str(g->steps[1].op->platform.arch, "amd64");
	assert_string_equal(
		joined(f, e->env, e->n_env), DEFAULT_PATH
		" V=given W=g given TARGETPLATFORM=linux/arm64 BUILDARCH=amd64 D=g given");
}

static void test_copy_fields(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g =
		build(f, "FROM alpine\nWORKDIR /app\n"
			 "COPY --chown=app:1000 --chmod=0640 --exclude=*.md a.txt dir/ ./\n"
			 "COPY --parents --chmod=u+x a/./b/*.c c /x\n"
			 "ADD --chown=:7 x.tar .\n");
	const struct cp_action *c = g->steps[2].op->actions;

	assert_int_equal(g->steps[2].op->n_actions, 2);
	assert_int_equal(g->steps[2].op->n_inputs, 2);
	assert_int_equal(c[0].input, 0);
	assert_int_equal(c[0].secondary_input, 1);
	assert_int_equal(c[0].output, -1);
	assert_int_equal(c[1].input, 2);
	assert_int_equal(c[1].output, 0);
	assert_str(c[0].src, "/a.txt");
	assert_str(c[1].src, "/dir");
	assert_str(c[0].dest, "/app/");
	assert_int_equal(c[0].mode, 0640);
	assert_int_equal(c[0].owner.user.kind, CP_USER_NAME);
	assert_int_equal(c[0].owner.user.input, 0);
	assert_int_equal(c[0].owner.group.id, 1000);
	assert_string_equal(joined(f, c[0].excludes, c[0].n_excludes), "*.md");
	assert_false(c[0].attempt_unpack);
	c = g->steps[3].op->actions;
	assert_str(c[0].src, "/a");
	assert_string_equal(joined(f, c[0].includes, c[0].n_includes), "b/*.c");
	assert_int_equal(c[0].n_required, 0);
	assert_str(c[1].src, "/");
	assert_string_equal(joined(f, c[1].required, c[1].n_required), "/c");
	assert_int_equal(c[0].mode, 0);
	assert_str(c[0].mode_str, "u+x");
	c = g->steps[4].op->actions;
	assert_true(c[0].attempt_unpack);
	assert_int_equal(c[0].mode, -1);
	assert_int_equal(c[0].owner.user.kind, CP_USER_ID);
	assert_int_equal(c[0].owner.user.id, 0);
	assert_int_equal(c[0].owner.group.id, 7);
	assert_str(c[0].dest, "/app/");
}

static void test_workdir_fields(void **state)
{
	struct fixture *f = *state;
	static struct cp_option_pair epoch[] = {{CP_S_INIT("SOURCE_DATE_EPOCH"), CP_S_INIT("+7")}};
	const struct cp_graph *g;

	f->config.working_dir = CP_S("/srv");
	f->config.user = CP_S("app:1");
	f->options.build_args = epoch;
	f->options.n_build_args = 1;
	g = build(f, "FROM alpine\nARG SOURCE_DATE_EPOCH\nWORKDIR x/../y/\nWORKDIR //z/.\nRUN a\n");
	assert_str(g->steps[1].op->actions[0].dest, "/srv/y");
	assert_int_equal(g->steps[1].op->actions[0].timestamp, 7000000000);
	assert_str(g->steps[1].op->actions[0].owner.user.name, "app");
	assert_str(g->steps[2].op->actions[0].dest, "/z");
	assert_str(g->steps[3].op->exec.cwd, "//z/.");
	assert_string_equal(joined(f, g->steps[3].op->exec.env, g->steps[3].op->exec.n_env),
			    DEFAULT_PATH " SOURCE_DATE_EPOCH=7");
}

static void test_mounts(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g = build(
		f,
		"FROM alpine AS b\nRUN b\nFROM alpine\nWORKDIR /w\n"
		"RUN --mount=type=ssh --mount=type=secret,id=a/tok --mount=type=secret,id=e,env=E "
		"--mount=type=cache,target=/z,uid=5,sharing=locked --mount=type=cache,target=c/../d "
		"--mount=from=b,source=s,target=/a,rw --mount=source=f,target=/b "
		"--mount=type=tmpfs,target=/t,size=1k x\n");
	const struct cp_op *op =
		step(g,
		     "[stage-1 3/3] RUN --mount=type=ssh --mount=type=secret,id=a/tok "
		     "--mount=type=secret,id=e,env=E --mount=type=cache,target=/z,uid=5,sharing=locked "
		     "--mount=type=cache,target=c/../d --mount=from=b,source=s,target=/a,rw "
		     "--mount=source=f,target=/b --mount=type=tmpfs,target=/t,size=1k x")
			->op;
	static const char *const dests[] = {"/",
					    "/a",
					    "/b",
					    "/t",
					    "/w/d",
					    "/z",
					    "/run/secrets/tok",
					    "/run/buildkit/ssh_agent.0"};
	const struct cp_op_mount *m = op->exec.mounts;

	assert_int_equal(op->exec.n_mounts, CP_LEN(dests));
	for (size_t i = 0; i < CP_LEN(dests); i++)
		assert_str(m[i].dest, dests[i]);
	assert_int_equal(m[0].input, 0);
	assert_int_equal(m[0].output, 0);
	assert_int_equal(m[1].input, 1);
	assert_int_equal(m[1].output, -1);
	assert_str(m[1].selector, "/s");
	assert_int_equal(m[2].input, 2);
	assert_true(m[2].read_only);
	assert_int_equal(m[3].type, 4);
	assert_int_equal(m[3].tmpfs_size, 1024);
	assert_int_equal(m[3].input, -1);
	assert_str(m[4].cache_id, "/d");
	assert_str(m[5].selector, "/cache");
	assert_int_equal(m[5].cache_sharing, 2);
	assert_int_equal(op->inputs[m[5].input]->actions[0].owner.user.id, 5);
	assert_int_equal(m[6].mode, 0400);
	assert_int_equal(m[6].input, -1);
	assert_int_equal(m[6].output, 0);
	assert_true(m[6].optional);
	assert_int_equal(op->exec.n_secret_env, 1);
	assert_str(op->exec.env[op->exec.n_env - 1], "SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0");
}

/* Equal operations are one, under the name of the stage that comes later. */
static void test_equal_operations(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g =
		build(f, "FROM alpine AS a\nRUN same\nFROM alpine AS b\nRUN same\nRUN other\n"
			 "FROM scratch\nCOPY --from=a /x /x\nCOPY --from=b /y /y\n");

	assert_string_equal(steps(f, g), "[b 1/3] FROM docker.io/library/alpine:latest\n"
					 "[b 2/3] RUN same\n"
					 "[b 3/3] RUN other\n"
					 "[stage-2 1/2] COPY --from=a /x /x\n"
					 "[stage-2 2/2] COPY --from=b /y /y\n");
	assert_int_equal(g->n_ops, 5);
	for (size_t i = 0; i < g->n_ops; i++) {
		assert_int_equal(g->ops[i]->index, i);
		for (size_t j = 0; j < g->ops[i]->n_inputs; j++)
			assert_true(g->ops[i]->inputs[j]->index < i);
	}
	assert_ptr_equal(g->result, step(g, "[stage-2 2/2] COPY --from=b /y /y")->op);
}

static void test_reachability(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g;

	f->options.target = CP_S("USED");
	g = build(
		f,
		"FROM alpine AS base\nRUN 1\nFROM unknown/unused AS unused\nRUN 2\nFROM base AS used\n"
		"COPY --from=0 /a /b\nFROM used\nRUN 3\n");
	assert_string_equal(steps(f, g), "[base 1/2] FROM docker.io/library/alpine:latest\n"
					 "[base 2/2] RUN 1\n"
					 "[used 1/1] COPY --from=0 /a /b\n");
	assert_int_equal(g->n_stages, 4);
	assert_int_equal(g->target, 2);
	assert_true(g->stages[0].reachable);
	assert_false(g->stages[1].reachable);
	assert_false(g->stages[3].reachable);
	assert_int_equal(g->stages[2].parent, 0);
	assert_str(g->stages[2].base, "base");
	assert_str(g->stages[3].name, "stage-3");
	assert_int_equal(g->n_images, 1);
	assert_int_equal(g->n_assumptions, 0);
	assert_int_equal(f->asked, 1);
	/* The copy reads the stage that it stands on: one input. */
	assert_int_equal(g->result->n_inputs, 1);
}

static void test_named_contexts(void **state)
{
	struct fixture *f = *state;
	static struct cp_option_pair contexts[] = {
		{CP_S_INIT("docker.io/library/alpine:latest"),
		 CP_S_INIT("docker-image://ghcr.io/o/alpine:2")},
		{CP_S_INIT("src"), CP_S_INIT("./src")},
		{CP_S_INIT("stage"), CP_S_INIT("docker-image://busybox")},
		{CP_S_INIT("repo"), CP_S_INIT("https://github.com/o/r.git#main")},
	};
	const struct cp_graph *g;

	f->options.contexts = contexts;
	f->options.n_contexts = CP_LEN(contexts);
	g = build(
		f,
		"FROM scratch AS stage\nCOPY never /\nFROM alpine\nCOPY --from=src /a /b\nCOPY --from=stage /c /d\n"
		"COPY --from=repo / /r\n");
	assert_string_equal(steps(f, g), "[context stage] busybox\n"
					 "[context alpine] ghcr.io/o/alpine:2\n"
					 "[stage-1 1/4] COPY --from=src /a /b\n"
					 "[stage-1 2/4] COPY --from=stage /c /d\n"
					 "[stage-1 3/4] COPY --from=repo / /r\n");
	assert_int_equal(g->n_images, 2);
	for (size_t i = 0; i < g->n_ops; i++) {
		if (g->ops[i]->kind != CP_OP_SOURCE)
			continue;
		if (g->ops[i]->source.kind == CP_SOURCE_LOCAL)
			assert_str(g->ops[i]->source.local_name, "context:src");
		if (g->ops[i]->source.kind == CP_SOURCE_GIT)
			assert_str(g->ops[i]->name,
				   "[internal] load git source https://github.com/o/r.git#main");
	}
}

static void test_no_cache(void **state)
{
	struct fixture *f = *state;
	static struct cp_str filter[] = {CP_S_INIT("B")};
	static const char text[] =
		"FROM alpine AS a\nRUN 1\nFROM a AS b\nWORKDIR /x\nRUN 2\nCOPY --link y /y\n";
	const struct cp_graph *g;

	f->options.no_cache_filter = filter;
	f->options.n_no_cache_filter = 1;
	g = build(f, text);
	assert_false(step(g, "[a 2/2] RUN 1")->op->ignore_cache);
	assert_false(step(g, "[b 1/3] WORKDIR /x")->op->ignore_cache);
	assert_true(step(g, "[b 2/3] RUN 2")->op->ignore_cache);
	assert_true(step(g, "[b 3/3] COPY --link y /y")->op->ignore_cache);
	assert_true(step(g, "[b 3/3] LINK COPY --link y /y")->op->ignore_cache);
	f->options.no_cache = true;
	g = build(f, text);
	assert_true(step(g, "[a 2/2] RUN 1")->op->ignore_cache);
	assert_false(step(g, "[b 1/3] WORKDIR /x")->op->ignore_cache);
}

static void test_options_of_exec(void **state)
{
	struct fixture *f = *state;
	static struct cp_host hosts[] = {{CP_S_INIT("DB"), CP_S_INIT("10.0.0.1")}};
	static struct cp_ulimit limits[] = {{CP_S_INIT("nofile"), 1, 2}};
	const struct cp_op_exec *e;

	f->options.add_hosts = hosts;
	f->options.n_add_hosts = 1;
	f->options.ulimits = limits;
	f->options.n_ulimits = 1;
	f->options.shm_size = 64;
	f->options.network = CP_S("none");
	f->options.hostname = CP_S("h");
	f->options.cgroup_parent = CP_S("g");
	e = &build(f,
		   "FROM alpine\nRUN --network=host --security=insecure --device=a.b/c,required x\n")
		     ->result->exec;
	assert_int_equal(e->network, 1);
	assert_int_equal(e->security, 1);
	assert_str(e->hosts[0].host, "db");
	assert_str(e->hostname, "h");
	assert_str(e->cgroup_parent, "g");
	assert_int_equal(e->ulimits[0].hard, 2);
	assert_str(e->mounts[1].dest, "/dev/shm");
	assert_str(e->devices[0].host, "a.b/c");
	assert_str(e->devices[0].ip, "");
	assert_int_equal(build(f, "FROM alpine\nRUN x\n")->result->exec.network, 2);
}

/* ---- images that are not known ---- */

static void test_unknown_config(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g = build(f, "FROM unknown:1\n"
					    "COPY a /abs\n"
					    "COPY b rel\n"
					    "COPY $HOME/c /c\n"
					    "ENV MINE=x FROMBASE=$HOME\n"
					    "COPY $MINE /d\n"
					    "COPY --link $FROMBASE /e\n"
					    "WORKDIR w\n"
					    "WORKDIR /abs\n"
					    "COPY f rel\n"
					    "USER 1\n"
					    "WORKDIR /abs\n"
					    "RUN g\n"
					    "COPY <<EOF /h\n$HOME\nEOF\n");
	static const bool assumes[] = {false, false, true,  true,  false, true, false,
				       true,  true,  false, false, true,  false};
	static const char ref[] = "docker.io/library/unknown:1";

	assert_int_equal(g->n_assumptions, 1);
	assert_non_null(strstr(g->assumptions[0].p, "the config of unknown:1 is not known"));
	assert_int_equal(g->n_steps, CP_LEN(assumes));
	for (size_t i = 0; i < g->n_steps; i++) {
		struct cp_str got = g->steps[i].op->assumes_config_of;

		assert_str(got, assumes[i] ? ref : "");
	}
	assert_str(g->result->inputs[1]->assumes_config_of, ref);
	assert_string_equal(joined(f, g->steps[11].op->exec.env, g->steps[11].op->exec.n_env),
			    DEFAULT_PATH " MINE=x FROMBASE=");
}

static void test_unknown_without_resolver(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g;

	f->options.resolver = NULL;
	g = build(f, "FROM a AS x\nRUN 1\nFROM b\nCOPY --link y rel\nCOPY --from=x /z /z\n");
	assert_int_equal(g->n_assumptions, 2);
	assert_str(step(g, "[x 2/2] RUN 1")->op->assumes_config_of, "docker.io/library/a:latest");
	assert_str(step(g, "[stage-1 2/3] COPY --link y rel")->op->assumes_config_of,
		   "docker.io/library/b:latest");
	assert_str(step(g, "[stage-1 3/3] COPY --from=x /z /z")->op->assumes_config_of, "");
}

/* The time of something that is fetched: what uses it says so. */
static void test_unknown_time(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g =
		build(f, "ARG SOURCE_DATE_EPOCH=src\nFROM scratch AS src\nADD https://h/x.tgz /\n"
			 "FROM a\nCOPY b /b\nWORKDIR /w\nRUN c\nARG SOURCE_DATE_EPOCH\nRUN d\n");

	assert_int_equal(g->n_assumptions, 1);
	assert_non_null(strstr(g->assumptions[0].p,
			       "SOURCE_DATE_EPOCH is the time of the source of stage src"));
	assert_str(step(g, "[stage-1 2/5] COPY b /b")->op->assumes_config_of, "");
	assert_str(step(g, "[stage-1 3/5] WORKDIR /w")->op->assumes_config_of, "src");
	assert_int_equal(step(g, "[stage-1 3/5] WORKDIR /w")->op->actions[0].timestamp, -1);
	assert_str(step(g, "[stage-1 4/5] RUN c")->op->assumes_config_of, "");
	assert_str(step(g, "[stage-1 5/5] RUN d")->op->assumes_config_of, "src");
}

static void test_result_of_another_build(void **state)
{
	struct fixture *f = *state;
	static struct cp_option_pair contexts[] = {{CP_S_INIT("base"), CP_S_INIT("target:base")}};
	const struct cp_graph *g;

	f->options.contexts = contexts;
	f->options.n_contexts = 1;
	g = build(f,
		  "FROM base\nRUN x\nFROM scratch\nCOPY --from=0 /a /b\nCOPY --from=base /c /d\n");
	assert_int_equal(g->ops[0]->source.kind, CP_SOURCE_OTHER);
	assert_str(g->ops[0]->source.identifier, "target:base");
	assert_str(step(g, "[stage-0 1/2] RUN x")->op->assumes_config_of, "target:base");
	assert_int_equal(g->n_assumptions, 1);
	assert_int_equal(g->n_images, 0);
}

static void test_remote_main_context(void **state)
{
	struct fixture *f = *state;
	const struct cp_op *source;

	f->options.main_context = CP_S("https://github.com/o/r.git#main:sub");
	source = build(f, "FROM scratch\nCOPY a b\n")->ops[0];
	assert_int_equal(source->source.kind, CP_SOURCE_GIT);
	assert_str(source->source.identifier, "git://github.com/o/r.git#main:sub");
	assert_str(source->source.local_name, "");
	f->options.main_commit = CP_S("0123456789012345678901234567890123456789");
	source = build(f, "FROM scratch\nCOPY a b\n")->ops[0];
	assert_str(source->source.git_ref, "0123456789012345678901234567890123456789");
	assert_str(source->source.local_name, "context");
	f->options.main_context = CP_S("https://h/ctx.tgz");
	source = build(f, "FROM scratch\nCOPY a b\n")->ops[1];
	assert_true(source->actions[0].attempt_unpack);
	assert_int_equal(source->inputs[0]->source.kind, CP_SOURCE_HTTP);
	f->options.main_context = CP_S("");
	source = build(f, "FROM scratch\nCOPY a b\n")->ops[0];
	assert_str(source->source.local_name, "context");
	assert_str(source->name, "[internal] load build context");
}

static void test_git_context(void **state)
{
	static const struct {
		const char *text, *host, *path, *ref, *subdir;
	} cases[] = {
		{"https://github.com/o/r.git#refs/pull/1/merge:app", "github.com", "o/r",
		 "refs/pull/1/merge", "app"},
		{"git@github.com:o/r.git", "github.com", "o/r", "", ""},
		{"ssh://git@h:22/o/r.git#v1", "h:22", "o/r", "v1", ""},
		{"github.com/o/r", "github.com", "o/r", "", ""},
		{"https://github.com/o/r", NULL, NULL, NULL, NULL}, /* an archive */
		{"docker-image://alpine", NULL, NULL, NULL, NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct cp_git_context c;
		bool is_git;

		assert_int_equal(
			cp_git_context_parse(f->a, cp_str_c(cases[i].text), &c, &is_git, NULL), 0);
		assert_int_equal(is_git, cases[i].host != NULL);
		if (!is_git)
			continue;
		assert_str(c.host, cases[i].host);
		assert_str(c.path, cases[i].path);
		assert_str(c.ref, cases[i].ref);
		assert_str(c.subdir, cases[i].subdir);
	}
}

/* ---- what the frontend refuses ---- */

static void test_errors(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *message;
		int line;
	} cases[] = {
		{"FROM a\nFROM $NOPE\n", "base name ($NOPE) should not be blank", 2},
		{"FROM UPPER\n", "must be lowercase", 1},
		{"FROM a:b:c AS x\nFROM scratch\n", "invalid reference format", 1},
		{"FROM --platform=bogus a\n", "failed to parse platform bogus", 1},
		{"FROM --platform=$NOPE a\n", "empty platform value from expression $NOPE", 1},
		{"FROM a\nCOPY --from=1 x y\n", "invalid stage index 1", 2},
		{"FROM a\nCOPY --from=0 x y\n", "circular dependency detected on stage", 2},
		{"FROM a AS x\nCOPY --from=y . .\nFROM b AS y\nCOPY --from=x . .\n",
		 "circular dependency", 4},
		{"FROM a AS x\nCOPY --from=y . .\nFROM x AS y\n",
		 "cannot copy from stage \"y\", it needs to be defined before current stage \"x\"",
		 2},
		{"FROM a AS x\nRUN --mount=from=y,target=/m z\nFROM x AS y\n",
		 "cannot mount from stage \"y\" to \"/m\"", 2},
		{"FROM a\nCOPY --from=$X . .\n", "variable expansion is not supported for --from",
		 2},
		{"FROM a\n\nCOPY --link --chown=app x y\n",
		 "user and group names can't be resolved", 3},
		{"FROM a\nCOPY --chmod=999 x y\n", "invalid chmod parameter: '999'", 2},
		{"FROM a\nCOPY --chmod=u?x x y\n", "invalid syntax", 2},
		{"FROM a\nCOPY https://x/y z\n", "source can't be a URL for COPY", 2},
		{"FROM a\nCOPY git@h:r z\n", "source can't be a git ref for COPY", 2},
		{"FROM a\nADD --checksum=sha256:1 x z\n",
		 "checksum requires HTTP(S) or Git sources", 2},
		{"FROM a\nADD --checksum=sha256:1 https://x/y z\n",
		 "invalid checksum digest length", 2},
		{"FROM a\nADD https://x/y.git?z=1 z\n", "unexpected query \"z\"", 2},
		{"FROM a\nRUN --mount=type=tmpfs,target=/ x\n", "invalid mount target \"/\"", 2},
		{"FROM a\nRUN []\n", "arguments are required", 2},
		{"FROM a\nSTOPSIGNAL NOPE\n", "invalid signal: NOPE", 2},
		{"FROM a\nEXPOSE 80/x\n", "invalid proto: x", 2},
		{"FROM a\nVOLUME $NOPE\n", "VOLUME specified can not be an empty string", 2},
		{"FROM a\nENV A=${B:?missing}\n", "B: missing", 2},
		{"ARG A=${B:?missing}\nFROM a\n", "B: missing", 1},
		{"FROM a AS bad-\n", "invalid context name bad-", 1},
		{"FROM a\nRUN x\nRUN \xff\n", "invalid UTF-8", 3},
		{"# check=nope=1\nFROM a\n",
		 "failed to parse check options: invalid check option \"nope\"", 0},
		{"ARG SOURCE_DATE_EPOCH=nope\nFROM a\n", "invalid SOURCE_DATE_EPOCH: nope", 0},
	};
	const struct cp_graph *g;

	for (size_t i = 0; i < CP_LEN(cases); i++) {
		assert_int_equal(try_build(f, cp_str_c(cases[i].text), &g), CP_EINVAL);
		if (!strstr(f->err.message, cases[i].message))
			fail_msg("%s\n%s", cases[i].text, f->err.message);
		assert_int_equal(f->err.line, cases[i].line);
		assert_string_equal(f->err.file, "Dockerfile");
	}
	f->options.target = CP_S("x");
	assert_int_equal(try_build(f, CP_S("FROM a\n"), &g), CP_EINVAL);
	assert_string_equal(f->err.message, "target stage \"x\" could not be found");
}

static void test_accepted(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g = build(
		f, "# check=error=true;skip=all\nFROM a AS x\nRUN \xff\nFROM a\nCOPY \xff b\n");

	assert_str(g->result->actions[0].src, "/\xef\xbf\xbd");
	assert_int_equal(g->n_assumptions, 1);
	assert_non_null(strstr(g->assumptions[0].p, "checks"));
}

/* ---- bounds ---- */

static struct cp_str many_stages(struct fixture *f, unsigned n)
{
	cp_auto_buf struct cp_buf b = CP_BUF_INIT(1 << 24);

	cp_buf_addz(&b, "FROM alpine AS s0\n");
	for (unsigned i = 1; i < n; i++)
		cp_buf_printf(&b, "FROM s%u AS s%u\nENV A%u=$A%u\nCOPY --from=s%u a b\n", i - 1, i,
			      i, i - 1, i / 2);
	return cp_arena_str(f->a, cp_buf_str(&b));
}

static void test_many_stages(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g;

	assert_int_equal(try_build(f, many_stages(f, 10000), &g), CP_ELIMIT);
	assert_non_null(strstr(f->err.message, "stages"));
	assert_int_equal(try_build(f, many_stages(f, 1000), &g), 0);
	assert_int_equal(g->n_stages, 1000);
}

/* At every size of memory: a graph or CP_ENOMEM, never something else. */
static void test_out_of_memory(void **state)
{
	static const char text[] =
		"ARG V=1\nFROM unknown:$V AS a\nENV A=\"$V x\"\nWORKDIR /w\nRUN --mount=type=cache,target=/c,uid=1 "
		"--mount=type=secret,id=s --mount=type=ssh x\nCOPY --link --chown=1:2 a b ./\n"
		"FROM ctx\nCOPY --from=a --parents x/./y /\nADD https://u:p@h/x.git?branch=b#:c /g\n"
		"ADD http://h/f <<E /h/\n$V\nE\nRUN <<E\n#!/bin/sh\nE\n";
	static struct cp_option_pair contexts[] = {
		{CP_S_INIT("ctx"), CP_S_INIT("docker-image://unknown")}};
	struct cp_build_options options = {.contexts = contexts, .n_contexts = 1};
	bool done = false;

	(void)state;
	for (size_t max = 512; !done; max += max / 64 + 16) {
		cp_auto_arena struct cp_arena *a = cp_arena_new(max);
		const struct cp_dockerfile *df;
		const struct cp_graph *g;
		struct cp_err err = {0};
		int r;

		assert_true(max < (1 << 20));
		r = cp_dockerfile_parse(a, CP_S(text), CP_S("Dockerfile"), &df, &err);
		if (r >= 0)
			r = cp_graph_build(a, df, CP_S("Dockerfile"), &options, &g, &err);
		if (r < 0 && r != CP_ENOMEM)
			fail_msg("%zu bytes: %s", max, err.message);
		done = r >= 0;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_references),
		cmocka_unit_test(test_platforms),
		GRAPH_TEST(test_order_of_the_environment),
		GRAPH_TEST(test_arguments),
		GRAPH_TEST(test_copy_fields),
		GRAPH_TEST(test_workdir_fields),
		GRAPH_TEST(test_mounts),
		GRAPH_TEST(test_equal_operations),
		GRAPH_TEST(test_reachability),
		GRAPH_TEST(test_named_contexts),
		GRAPH_TEST(test_no_cache),
		GRAPH_TEST(test_options_of_exec),
		GRAPH_TEST(test_unknown_config),
		GRAPH_TEST(test_unknown_without_resolver),
		GRAPH_TEST(test_unknown_time),
		GRAPH_TEST(test_result_of_another_build),
		GRAPH_TEST(test_remote_main_context),
		GRAPH_TEST(test_git_context),
		GRAPH_TEST(test_errors),
		GRAPH_TEST(test_accepted),
		GRAPH_TEST(test_many_stages),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
