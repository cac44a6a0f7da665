/* builds/: what logs say, whole, cut off and hostile; which steps are the same; which predictions were right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "builds/builds_int.h"

static struct cp_arena *a;

static int setup(void **state)
{
	(void)state;
	a = cp_arena_new(CP_MAX_ARENA_BYTES);
	return a ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cp_arena_free(a);
	return 0;
}

/* The build of one log, fed in pieces of `piece` bytes. */
static int read_pieces(const char *text, size_t piece, struct cp_built *b, struct cp_err *err)
{
	struct cp_log_reader *r = cp_log_reader_new(a);
	struct cp_str rest = cp_str_c(text);
	int e;

	assert_non_null(r);
	cp_log_reader_begin(r, CP_LOG_ANY, CP_S("log"));
	for (; rest.n; rest = cp_str_from(rest, piece))
		cp_log_reader_feed(r, cp_str_sub(rest, 0, piece));
	e = cp_log_reader_end(r, err);
	if (e == 0)
		e = cp_log_reader_finish(r, b, err);
	cp_log_reader_free(r);
	return e;
}

static struct cp_built read_log(const char *text)
{
	struct cp_built b = {0}, again = {0};
	struct cp_err err = {0};

	assert_int_equal(read_pieces(text, 1 << 20, &b, &err), 0);
	assert_int_equal(read_pieces(text, 7, &again, &err), 0);
	assert_int_equal(b.n_steps, again.n_steps);
	return b;
}

static const struct cp_built_step *step(const struct cp_built *b, const char *name)
{
	for (size_t i = 0; i < b->n_steps; i++)
		if (cp_str_eq(b->steps[i].name, cp_str_c(name)))
			return &b->steps[i];
	print_message("no step %s\n", name);
	return NULL;
}

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"
#define VERTEX(digest, name, more)                                                                 \
	"{\"vertexes\":[{\"digest\":\"" digest "\",\"inputs\":[\"" D3 "\"],\"name\":\"" name       \
	"\"" more "}]}\n"
#define AT(from, to)                                                                               \
	",\"started\":\"2026-01-02T03:04:0" from "Z\",\"completed\":\"2026-01-02T03:04:0" to "Z\""

static void test_rawjson(void **state)
{
	struct cp_built b = read_log(VERTEX(D1, "[builder 2/3] RUN make", AT("1.5", "3.25")) VERTEX(
		D2, "[3/3] COPY . .", AT("4", "4") ",\"cached\":true"));

	(void)state;
	assert_int_equal(b.n_steps, 2);
	assert_true(b.whole);
	assert_int_equal(step(&b, "[builder 2/3] RUN make")->ran, CP_RAN_RAN);
	assert_int_equal(step(&b, "[builder 2/3] RUN make")->ms, 1750);
	assert_int_equal(step(&b, "[3/3] COPY . .")->ran, CP_RAN_CACHED);
	assert_int_equal(b.ms, 2500);
	assert_int_equal(b.time, 1767323041);
}

/* A cached step whose layers are fetched later is cached; one that was marked for something above it, and then ran, ran. */
static void test_loads(void **state)
{
	const char *fetch = VERTEX(D1, "[2/3] RUN a", AT("1", "2") ",\"cached\":true")
		VERTEX(D1, "[2/3] RUN a",
		       AT("2", "3")) "{\"statuses\":[{\"id\":\"" D2 "\",\"vertex\":\"" D1
				     "\",\"total\":5000,\"current\":5000" AT("2", "2.5") "}]}\n";
	struct cp_built b = read_log(fetch);

	(void)state;
	assert_int_equal(b.steps[0].ran, CP_RAN_CACHED);
	assert_int_equal(b.steps[0].bytes, 5000);
	assert_int_equal(b.loaded_bytes, 5000);
	assert_int_equal(b.loaded_ms, 500);
	b = read_log(VERTEX(D1, "[2/3] RUN a", AT("1", "1") ",\"cached\":true")
			     VERTEX(D1, "[2/3] RUN a", AT("2", "5")));
	assert_int_equal(b.steps[0].ran, CP_RAN_RAN);
	assert_int_equal(b.steps[0].ms, 3000);
}

static void test_plain(void **state)
{
	struct cp_built b = read_log(
		"#0 building with \"rem\" instance using remote driver\n\n"
		"#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
		"#2 [builder 2/3] RUN pip install x\n#2 0.231 DONE 9.0s\n#2 ...\n\n"
		"#3 [stage-1 1/2] WORKDIR /app\n#3 " D1 " 1.06MB / 1.06MB 0.1s done\n"
		"#3 extracting " D1 " 0.1s done\n#3 DONE 0.3s\n\n"
		"#2 [builder 2/3] RUN pip install x\n#2 DONE 75.3s\n\n"
		"#4 [stage-1 2/2] COPY . .\n#4 CACHED\n\n"
		"\033[34m#5 [builder 3/3] RUN false\033[0m\n#5 0.1 no\n#5 ERROR: process \"/bin/sh\" did not complete\n");

	(void)state;
	assert_int_equal(b.n_steps, 4);
	assert_int_equal(step(&b, "[builder 2/3] RUN pip install x")->ran, CP_RAN_RAN);
	assert_int_equal(step(&b, "[builder 2/3] RUN pip install x")->ms, 75300);
	assert_int_equal(step(&b, "[stage-1 1/2] WORKDIR /app")->ran, CP_RAN_CACHED);
	assert_int_equal(step(&b, "[stage-1 1/2] WORKDIR /app")->bytes, 1060000);
	assert_int_equal(step(&b, "[stage-1 2/2] COPY . .")->ran, CP_RAN_CACHED);
	assert_int_equal(step(&b, "[builder 3/3] RUN false")->ran, CP_RAN_FAILED);
	assert_true(b.failed);
}

/* What an ADD fetches has the name of its copy, and comes first. */
static void test_plain_add(void **state)
{
	struct cp_built b = read_log("#5 [2/3] ADD https://h/x /x\n#5 DONE 0.7s\n\n"
				     "#6 [2/3] ADD https://h/x /x\n#6 CACHED\n");

	(void)state;
	assert_int_equal(b.n_steps, 1);
	assert_int_equal(b.steps[0].ran, CP_RAN_CACHED);
}

/* Where plain tells of two things as of one, or of the computation of a key as of a run, nothing is judged. */
static void test_plain_doubts(void **state)
{
	static const char json[] =
		"{\"schema\":\"cachepredict/prediction/1\",\"images\":[{\"name\":\"i\",\"steps\":["
		"{\"name\":\"[1/3] WORKDIR /x\",\"outcome\":\"hit\"},{\"name\":\"[2/3] COPY --link a /\",\"outcome\":\"hit\"},"
		"{\"name\":\"[2/3] LINK COPY --link a /\",\"outcome\":\"miss\"},{\"name\":\"[3/3] COPY --link b /\",\"outcome\":\"hit\"},"
		"{\"name\":\"[3/3] LINK COPY --link b /\",\"outcome\":\"hit\"}]}]}";
	struct cp_built b = read_log(
		"#1 [1/3] WORKDIR /x\n#1 DONE 0.0s\n\n#2 [2/3] COPY --link a /\n#2 DONE 0.1s\n\n"
		"#3 [3/3] COPY --link b /\n#3 CACHED\n");
	struct cp_predicted p;
	struct cp_err err = {0};
	size_t missing;

	(void)state;
	assert_int_equal(cp_predicted_read(a, cp_str_c(json), CP_S("p"), &p, &err), 0);
	assert_int_equal(cp_built_judge(a, &b, &p, &missing, &err), 0);
	assert_int_equal(missing, 0);
	assert_int_equal(b.steps[0].judgement, CP_JUDGED_NOT_NEEDED);
	assert_int_equal(b.steps[1].judgement, CP_JUDGED_NOT);
	assert_int_equal(b.steps[2].judgement, CP_JUDGED_RIGHT);
}

/* A CI's own times in front, and the end missing: what is whole counts, the rest is not invented. */
static void test_cut_off(void **state)
{
	struct cp_built b = read_log("2026-01-02T03:04:05.1234567Z #7 [2/3] RUN make\n"
				     "2026-01-02T03:04:06.1234567Z #7 DONE 1.2s\n"
				     "2026-01-02T03:04:06.1234567Z \n"
				     "2026-01-02T03:04:06.1234567Z #8 [3/3] RUN make install\n"
				     "2026-01-02T03:04:07.1234567Z #8 0.5 insta");

	(void)state;
	assert_int_equal(step(&b, "[2/3] RUN make")->ms, 1200);
	assert_int_equal(step(&b, "[3/3] RUN make install")->ran, CP_RAN_UNFINISHED);
	assert_int_equal(step(&b, "[3/3] RUN make install")->ms, -1);
	assert_false(b.whole);
	b = read_log(VERTEX(D1, "[2/3] RUN make", AT("1", "2")) "{\"vertexes\":[{\"digest\":\"" D2);
	assert_int_equal(b.n_steps, 1);
	assert_false(b.whole);
}

static void test_others(void **state)
{
	static const char *const texts[] = {"Step 1/2 : FROM x\nStep 2/2 : RUN y\n",
					    "STEP 1/2: FROM x\n",
					    "{\"a\":1}",
					    "",
					    "hello\n#1\n#",
					    "[1,2]",
					    "#1 shopping list\n"};

	(void)state;
	for (size_t i = 0; i < CP_LEN(texts); i++) {
		struct cp_built b;
		struct cp_err err = {0};

		assert_int_equal(read_pieces(texts[i], 3, &b, &err), CP_EINVAL);
		assert_true(err.hint[0]);
	}
}

static void test_documents(void **state)
{
	struct cp_built b = read_log("{\n \"containerimage.digest\": \"" D1 "\",\n"
				     " \"buildx.build.ref\": \"b/b0/x\"\n}\n");

	(void)state;
	assert_true(cp_str_eq(b.digest, CP_S(D1)));
	assert_true(cp_str_eq(b.kind, CP_S("metadata")));
	b = read_log(
		"{\"Ref\":\"x\",\"NumTotalSteps\":9,\"NumCachedSteps\":4,\"Duration\":1500000000,"
		"\"Status\":\"error\"}");
	assert_int_equal(b.n_total, 9);
	assert_int_equal(b.ms, 1500);
	assert_true(b.failed);
	b = read_log(
		"{\"api\":{\"buildx.build.ref\":\"r\"},\"web\":{\"containerimage.digest\":\"" D2
		"\"}}");
	assert_true(cp_str_eq(b.digest, CP_S(D2)));
}

/* Two targets do a step once: the one that joins in tells of it twice. */
static void test_bake(void **state)
{
	const struct cp_built_step *shared;
	struct cp_built b = read_log(
		VERTEX(D1, "[api internal] load build definition", "")
			VERTEX(D1, "[api 1/2] RUN a", AT("1", "1") ",\"cached\":true")
				VERTEX(D2, "[api 1/2] RUN a", AT("1", "3"))
					VERTEX(D2, "[api builder 2/2] RUN b", AT("3", "4"))
						VERTEX(D2, "[web 1/2] RUN a", AT("1", "3")));

	(void)state;
	assert_int_equal(b.n_steps, 3);
	shared = step(&b, "[api 1/2] RUN a");
	assert_true(cp_str_eq(shared->id.image, CP_S("api")));
	assert_true(cp_str_eq(shared->id.stage, CP_S("")));
	assert_int_equal(shared->ran, CP_RAN_RAN);
	assert_int_equal(shared->id.occurrence, 0);
	assert_true(cp_str_eq(step(&b, "[api builder 2/2] RUN b")->id.stage, CP_S("builder")));
	/* no such image: it is a stage */
	assert_true(cp_str_eq(step(&b, "[web 1/2] RUN a")->id.stage, CP_S("web")));
}

static bool is_same(const struct cp_step_id *x, const struct cp_step_id *y)
{
	return x->occurrence == y->occurrence && cp_str_eq(x->text, y->text) &&
	       cp_str_eq(x->stage, y->stage) && cp_str_eq(x->platform, y->platform);
}

static void test_identity(void **state)
{
	/* an instruction that is added, and a stage before it, leave the others what they are */
	static const struct {
		const char *x, *y;
		bool same;
	} rows[] = {
		{"[builder 3/4] COPY . .", "[builder 4/5] COPY . .", true},
		{"[3/4] COPY . .", "[stage-1 3/5] COPY . .", true},
		{"[stage-1 3/4] COPY . .", "[stage-2 3/5] COPY . .", true},
		{"[builder  3/10] COPY . .", "[builder 3/9] COPY . .", true},
		{"[builder 3/4] COPY . .", "[runtime 3/4] COPY . .", false},
		{"[builder 3/4] COPY . .", "[builder 3/4] COPY a .", false},
		{"[linux/arm64 builder 3/4] RUN x", "[linux/amd64 builder 3/4] RUN x", false},
	};
	struct cp_step_id x, y;
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		assert_true(cp_step_id_of(a, cp_str_c(rows[i].x), NULL, NULL, &x, &n));
		assert_true(cp_step_id_of(a, cp_str_c(rows[i].y), NULL, NULL, &y, &n));
		if (is_same(&x, &y) != rows[i].same)
			fail_msg("%s, %s", rows[i].x, rows[i].y);
	}
	assert_false(cp_step_id_of(a, CP_S("[internal] load build context"), NULL, NULL, &x, &n));
	assert_false(cp_step_id_of(a, CP_S("[1/2] FROM x"), NULL, NULL, &x, &n));
	assert_false(cp_step_id_of(a, CP_S("exporting to image"), NULL, NULL, &x, &n));
	assert_false(cp_step_id_of(a, CP_S("[a/b] x"), NULL, NULL, &x, &n));
}

static void test_kinds(void **state)
{
	static const char *const rows[][2] = {
		{"RUN pip install --no-cache-dir -r requirements.txt", "RUN pip install"},
		{"RUN --mount=type=cache,target=/root/.cache pip install x", "RUN pip install"},
		{"RUN apt-get update && apt-get install -y gcc && rm -rf /x",
		 "RUN apt-get install"},
		{"RUN useradd --create-home agent", "RUN useradd"},
		{"RUN pipx installer", "RUN pipx"},
		{"RUN /usr/bin/make all", "RUN make"},
		{"COPY --from=builder /a /b", "COPY --from"},
		{"COPY . .", "COPY"},
		{"WORKDIR /app", "WORKDIR"},
		{"RUN --network=none true", "RUN"},
		{"RUN", "RUN"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(rows); i++) {
		struct cp_str kind = cp_step_kind(cp_str_c(rows[i][0]));

		if (!cp_str_eq(kind, cp_str_c(rows[i][1])))
			fail_msg("%s: %.*s", rows[i][0], CP_STR(kind));
	}
}

static void test_lines(void **state)
{
	struct cp_built b = read_log(VERTEX(D1, "[builder 2/3] RUN make", AT("1.5", "3.25")) VERTEX(
				D2, "[3/3] COPY . .", AT("4", "4") ",\"cached\":true")),
			again;
	cp_auto_buf struct cp_buf line = CP_BUF_INIT(1 << 20), second = CP_BUF_INIT(1 << 20);
	struct cp_err err = {0};

	(void)state;
	b.project = CP_S("acme/app");
	b.commit = CP_S("abc");
	b.steps[0].predicted = CP_S("miss");
	b.steps[0].judgement = CP_JUDGED_RIGHT;
	cp_built_write(&b, &line);
	assert_int_equal(cp_built_read(a, cp_buf_str(&line), &again, &err), 0);
	cp_built_write(&again, &second);
	assert_true(cp_str_eq(cp_buf_str(&line), cp_buf_str(&second)));
	assert_int_equal(cp_built_read(a, CP_S("{\"schema\":\"x\"}"), &again, &err), CP_EINVAL);
	assert_int_equal(cp_built_read(a, CP_S("nonsense"), &again, &err), CP_EINVAL);
	assert_int_equal(
		cp_built_read(a, CP_S("{\"schema\":\"cachepredict/build/1\"}"), &again, &err),
		CP_EINVAL);
}

static void test_judging(void **state)
{
	static const char json[] =
		"{\"schema\":\"cachepredict/prediction/1\",\"head\":{\"commit\":\"c0\"},\"images\":[{\"name\":\"api\","
		"\"platform\":\"linux/amd64\",\"steps\":["
		"{\"name\":\"[1/6] RUN a\",\"outcome\":\"hit\"},{\"name\":\"[2/6] RUN b\",\"outcome\":\"miss\"},"
		"{\"name\":\"[3/6] RUN c\",\"outcome\":\"hit\"},{\"name\":\"[4/6] RUN d\",\"outcome\":\"depends\"},"
		"{\"name\":\"[5/6] RUN e\",\"outcome\":\"unknown\"},{\"name\":\"[6/6] RUN f\",\"outcome\":\"hit\"}]}]}";
	struct cp_built b =
		read_log(VERTEX(D1, "[1/6] RUN a", AT("1", "1") ",\"cached\":true")
				 VERTEX(D1, "[2/6] RUN b", AT("1", "1") ",\"cached\":true")
					 VERTEX(D1, "[3/6] RUN c", AT("1", "2"))
						 VERTEX(D1, "[4/6] RUN d", AT("1", "2"))
							 VERTEX(D1, "[5/6] RUN e", AT("1", "2")));
	static const enum cp_judgement wanted[] = {CP_JUDGED_RIGHT, CP_JUDGED_WRONG_MISS,
						   CP_JUDGED_WRONG_HIT, CP_JUDGED_DEPENDS,
						   CP_JUDGED_UNKNOWN};
	struct cp_accuracy acc = {0};
	struct cp_predicted p;
	struct cp_err err = {0};
	size_t missing;

	(void)state;
	assert_int_equal(cp_predicted_read(a, cp_str_c(json), CP_S("p"), &p, &err), 0);
	assert_int_equal(cp_built_judge(a, &b, &p, &missing, &err), 0);
	assert_int_equal(missing, 1);
	for (size_t i = 0; i < CP_LEN(wanted); i++)
		assert_int_equal(b.steps[i].judgement, wanted[i]);
	assert_true(cp_str_eq(b.steps[0].id.image, CP_S("api")));
	assert_true(cp_str_eq(b.commit, CP_S("c0")));
	cp_accuracy_add(&acc, &b);
	assert_int_equal(cp_accuracy_judged(&acc), 3);
	assert_int_equal(cp_predicted_read(a, CP_S("{}"), CP_S("p"), &p, &err), CP_EINVAL);
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(cp_log_time(CP_S("1970-01-01T00:00:01Z")), 1000000000);
	assert_int_equal(cp_log_time(CP_S("2026-01-02T03:04:05.5+02:00")),
			 cp_log_time(CP_S("2026-01-02T01:04:05.5Z")));
	assert_int_equal(cp_log_time(CP_S("yesterday")), 0);
	assert_int_equal(cp_log_time(CP_S("2026-01-02 03:04:05")), 0);
}

/* As many as there may be, and no more; a line that never ends. */
static void test_limits(void **state)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(64 << 20);
	struct cp_built b = {0};
	struct cp_err err = {0};

	(void)state;
	for (unsigned i = 0; i < CP_MAX_LOG_VERTEXES + 50; i++)
		cp_buf_printf(&text, "#%u [%u/9] RUN %u\n#%u DONE 1.0s\n\n", i, i % 999, i, i);
	cp_buf_addc(&text, '\0');
	assert_int_equal(read_pieces(text.p, 4096, &b, &err), 0);
	assert_int_equal(b.n_steps, CP_MAX_LOG_VERTEXES);
	assert_false(b.whole);
	cp_buf_clear(&text);
	cp_buf_addz(&text, "#1 [1/2] RUN a\n#1 DONE 1.0s\n");
	memset(cp_buf_grow(&text, CP_MAX_LOG_LINE_BYTES + 10), 'x', CP_MAX_LOG_LINE_BYTES + 10);
	cp_buf_addz(&text, "\n#2 [2/2] RUN b\n#2 CACHED\n");
	assert_int_equal(read_pieces(text.p, 1 << 16, &b, &err), 0);
	assert_int_equal(b.n_steps, 2);
	assert_int_equal(b.n_skipped, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rawjson, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain_add, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain_doubts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_documents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bake, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_judging, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	};

	return cmocka_run_group_tests_name("builds", tests, NULL, NULL);
}
