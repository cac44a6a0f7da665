/* graph/: step names, letter for letter as BuildKit prints them. */
#include "graph_fixture.h"

static void test_names_of_one_stage(void **state)
{
	struct fixture *f = *state;

	f->config.digest = CP_S(DIGEST);
	assert_string_equal(steps(f, build(f, "FROM python:3.12-slim\n"
					      "ENV V=1\n"
					      "WORKDIR \"/app\"\n"
					      "copy  requirements.txt $V ./\n"
					      "run pip install \"$V\" $NOPE -r requirements.txt\n"
					      "WORKDIR /\n"
					      "RUN\tmake it\n")),
			    "[1/6] FROM docker.io/library/python:3.12-slim@" DIGEST "\n"
			    "[2/6] WORKDIR /app\n"
			    "[3/6] COPY  requirements.txt 1 ./\n"
			    "[4/6] RUN pip install \"1\" $NOPE -r requirements.txt\n"
			    "[5/6] RUN\tMAKE it\n");
}

static void test_names_of_many_steps(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		steps(f, build(f, "FROM alpine AS Builder\n"
				  "RUN 1\nRUN 2\nRUN 3\nRUN 4\nRUN 5\nRUN 6\nRUN 7\nRUN 8\nRUN 9\n"
				  "FROM scratch\n"
				  "COPY --from=builder /a /b\n"
				  "COPY --link --from=BUILDER /a /c\n"
				  "COPY --from=busybox /x /y\n")),
		"[builder  1/10] FROM docker.io/library/alpine:latest\n"
		"[builder  2/10] RUN 1\n"
		"[builder  3/10] RUN 2\n"
		"[builder  4/10] RUN 3\n"
		"[builder  5/10] RUN 4\n"
		"[builder  6/10] RUN 5\n"
		"[builder  7/10] RUN 6\n"
		"[builder  8/10] RUN 7\n"
		"[builder  9/10] RUN 8\n"
		"[builder 10/10] RUN 9\n"
		"[stage-1 1/3] COPY --from=builder /a /b\n"
		"[stage-1 2/3] COPY --link --from=BUILDER /a /c\n"
		"[stage-1 2/3] LINK COPY --link --from=BUILDER /a /c\n"
		"FROM docker.io/library/busybox:latest\n"
		"[stage-1 3/3] COPY --from=busybox /x /y\n");
}

/* One FROM has no stage part, unless something is mounted or copied from an image. */
static void test_names_with_a_mount(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(steps(f, build(f, "FROM alpine\nRUN --network=none a\n")),
			    "[1/2] FROM docker.io/library/alpine:latest\n"
			    "[2/2] RUN --network=none a\n");
	assert_string_equal(steps(f, build(f, "FROM alpine\nRUN --mount=type=cache,target=/c a\n")),
			    "[stage-0 1/2] FROM docker.io/library/alpine:latest\n"
			    "[stage-0 2/2] RUN --mount=type=cache,target=/c a\n");
}

static void test_names_of_heredocs(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g = build(f, "FROM alpine\n"
					    "RUN <<EOF\necho hi\nmake\nEOF\n"
					    "RUN <<-X\n\t#!/bin/sh\n\tx\nX\n"
					    "RUN cat <<A <<B\n1\nA\n2\nB\n"
					    "COPY <<f.txt /d/\nx $HOME\nf.txt\n");
	const struct cp_op_exec *exec;

	assert_string_equal(steps(f, g), "[1/5] FROM docker.io/library/alpine:latest\n"
					 "[2/5] RUN <<EOF (echo hi...)\n"
					 "[3/5] RUN <<-X (#!/bin/sh...)\n"
					 "[4/5] RUN cat <<A <<B\n"
					 "[5/5] COPY <<f.txt /d/\n");
	assert_string_equal(joined(f, g->steps[1].op->exec.args, 3), "/bin/sh -c echo hi\nmake\n");
	exec = &g->steps[2].op->exec;
	assert_string_equal(joined(f, exec->args, 3), "/bin/sh -c /dev/pipes/X");
	assert_int_equal(exec->n_mounts, 2);
	assert_str(exec->mounts[1].dest, "/dev/pipes/");
	assert_true(exec->mounts[1].read_only);
	assert_str(g->steps[2].op->inputs[1]->actions[0].data, "#!/bin/sh\nx\n");
	assert_string_equal(joined(f, g->steps[3].op->exec.args, 3),
			    "/bin/sh -c cat <<A <<B\n1\nA\n2\nB");
	assert_str(g->steps[4].op->inputs[1]->actions[0].data, "x \n");
}

static void test_names_of_downloads(void **state)
{
	struct fixture *f = *state;
	const struct cp_graph *g =
		build(f, "FROM scratch\nADD https://example.com/a/b.tgz?x=1 /d/\n"
			 "ADD https://github.com/o/r.git?branch=b&subdir=/s /r\n");
	const struct cp_op_source *s;

	assert_string_equal(steps(f, g),
			    "[1/2] ADD https://example.com/a/b.tgz?x=1 /d/\n"
			    "[1/2] ADD https://example.com/a/b.tgz?x=1 /d/\n"
			    "[2/2] ADD https://github.com/o/r.git?branch=b&subdir=/s /r\n"
			    "[2/2] ADD https://github.com/o/r.git?branch=b&subdir=/s /r\n");
	assert_int_equal(g->steps[0].kind, CP_STEP_FETCH);
	assert_int_equal(g->steps[1].kind, CP_STEP_OP);
	assert_str(g->steps[0].op->source.http_filename, "b.tgz");
	assert_str(g->steps[1].op->actions[0].src, "/b.tgz");
	s = &g->steps[2].op->source;
	assert_str(s->identifier, "git://github.com/o/r.git#refs/heads/b:/s");
	assert_str(s->git_remote, "https://github.com/o/r.git");
	assert_str(s->git_ref, "refs/heads/b");
	assert_str(s->git_subdir, "/s");
}

static void test_onbuild(void **state)
{
	struct fixture *f = *state;
	static struct cp_str triggers[] = {CP_S_INIT("COPY . /src"), CP_S_INIT("ENV T=1")};

	f->config.onbuild = triggers;
	f->config.n_onbuild = 2;
	assert_string_equal(
		steps(f,
		      build(f,
			    "FROM node:onbuild AS a\nONBUILD RUN child\nRUN own\nFROM a\nRUN x\n")),
		"[a 1/2] FROM docker.io/library/node:onbuild\n" /* named before the triggers are known */
		"[a 2/4] ONBUILD COPY . /src\n"
		"[a 3/4] RUN own\n"
		"[stage-1 1/2] ONBUILD RUN child\n"
		"[stage-1 2/2] RUN x\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		GRAPH_TEST(test_names_of_one_stage), GRAPH_TEST(test_names_of_many_steps),
		GRAPH_TEST(test_names_with_a_mount), GRAPH_TEST(test_names_of_heredocs),
		GRAPH_TEST(test_names_of_downloads), GRAPH_TEST(test_onbuild),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
