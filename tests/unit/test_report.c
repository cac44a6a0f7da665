/* report/: answers ─► JSON, table, Markdown, Mermaid, dot, explanations. */
#include "report_fixture.h"

/* ---- table ---- */

static void test_table(void **state)
{
	struct answer w;

	(void)state;
	build_python(&w);
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){0},
	       "api  Dockerfile \xc2\xb7 context .                          main 4f1c2e9 \xe2\x86\x92 HEAD 9a77b10\n"
	       "  builder\n"
	       "    1/4  FROM docker.io/library/python:3.12-slim\n"
	       "    2/4  WORKDIR /build                           hit\n"
	       "    3/4  COPY requirements.txt .                  MISS     changed\n"
	       "    4/4  RUN pip install --no-cache-dir --prefi\xe2\x80\xa6  MISS     follows 3/4\n"
	       "  runtime\n"
	       "    2/3  WORKDIR /app                             hit\n"
	       "    3/3  COPY --from=builder /install /usr/local  depends  output of builder 3/4\n"
	       "\n"
	       "  why   builder 3/4: requirements.txt changed\n");
	w.results[5].cause.step = 3;
	w.results[5].cause.kind = CP_CAUSE_PARENT_REBUILDS;
	w.report.base_why = CP_S("merge base with origin/main");
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){.width = 100, .ascii = true},
	       "api  Dockerfile - context .                                             main 4f1c2e9 -> HEAD 9a77b10\n"
	       "  builder  1/4  FROM docker.io/library/python:3.12-slim\n"
	       "           2/4  WORKDIR /build                                          hit\n"
	       "           3/4  COPY requirements.txt .                                 MISS     changed\n"
	       "           4/4  RUN pip install --no-cache-dir --prefix=/install -r...  MISS     follows 3/4\n"
	       "  runtime  2/3  WORKDIR /app                                            hit\n"
	       "           3/3  COPY --from=builder /install /usr/local                 depends  follows builder 4/4\n"
	       "\n"
	       "  why   builder 3/4: requirements.txt changed\n"
	       "  base  merge base with origin/main\n");
}

static void test_table_color_and_short_lines(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 20);
	struct cp_report_style style = {.color = true, .width = 40};
	struct cp_str rest, line;
	struct answer w;

	(void)state;
	build_python(&w);
	assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_TABLE, &style, &out, NULL), 0);
	assert_non_null(strstr(out.p, "\033[32mhit\033[0m"));
	assert_non_null(strstr(out.p, "\033[31mMISS\033[0m"));
	assert_non_null(strstr(out.p, "\033[33mdepends\033[0m"));
	style.color = false;
	cp_buf_clear(&out);
	assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_TABLE, &style, &out, NULL), 0);
	assert_null(memchr(out.p, '\033', out.n));
	rest = cp_buf_str(&out);
	while (cp_str_split(&rest, '\n', &line)) {
		size_t columns = 0, width;

		for (; line.n; line = cp_str_from(line, width), columns++)
			cp_utf8_decode(line, &width);
		assert_in_range(columns, 0, 40);
	}
}

static void test_table_of_hits(void **state)
{
	static const struct step_spec hits[] = {
		{0, "[builder 1/2] FROM x", 1, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, ""},
		{0, "[builder 2/2] COPY a b", 2, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, "0"},
	};
	struct cp_str notes[] = {CP_S("the config of a is not known: defaults"),
				 CP_S("something else"),
				 CP_S("the config of b is not known: defaults")};
	struct answer w;

	(void)state;
	build(&w, two_stages, 1, hits, 2);
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){0},
	       "api  every step is cached (1), as main 4f1c2e9 built them\n");
	w.report.base_rev = CP_S("4f1c2e9a3b");
	w.image.assumptions = notes;
	w.image.n_assumptions = 3;
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){0},
	       "api  every step is cached (1), as 4f1c2e9 built them\n"
	       "  note  the config of a is not known; the config of b is not known: defaults\n"
	       "        something else\n");
	w.image.prediction.n_hit = 0;
	w.image.n_assumptions = 0;
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){0},
	       "api  no step that a cache could hold\n");
}

static void test_table_of_failures(void **state)
{
	struct cp_report_image images[2];
	struct cp_image_request web = {.name = CP_S("web")};
	struct answer w;

	(void)state;
	build_python(&w);
	w.image.prediction.n_hit =
		w.image.prediction.n_miss + w.image.prediction.n_depends + w.image.prediction.n_hit;
	w.image.prediction.n_miss = w.image.prediction.n_depends = 0;
	images[0] = w.image;
	images[1] = (struct cp_report_image){.request = &web};
	cp_err_set(&images[1].error, CP_EINVAL, "unknown flag --chwon (did you mean --chown?)");
	cp_err_at(&images[1].error, CP_S("Dockerfile"), 12, 6, 7,
		  CP_S("COPY --chwon=app src/ ./src/"));
	cp_err_hint(&images[1].error, "write --chown");
	w.report.images = images;
	w.report.n_images = 2;
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){.ascii = true},
	       "main 4f1c2e9 -> HEAD 9a77b10\n"
	       "\n"
	       "api  every step is cached (5), as main 4f1c2e9 built them\n"
	       "\n"
	       "web  Dockerfile:12:6: unknown flag --chwon (did you mean --chown?)\n"
	       "    12 | COPY --chwon=app src/ ./src/\n"
	       "       |      ^~~~~~~\n"
	       "  do    write --chown\n"
	       "\n"
	       "2 images: 1 cached, 0 rebuild, 1 failed\n");
}

/* Cached steps that follow each other share a row when there are many rows. */
static void test_table_folds(void **state)
{
	static char names[30][64];
	struct step_spec specs[30];
	struct answer w;

	(void)state;
	for (int i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "[stage-0 %2d/30] RUN step %d", i + 1, i + 1);
		specs[i] = (struct step_spec){
			0, names[i], i + 1, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "", NULL, ""};
	}
	specs[27].outcome = CP_OUTCOME_MISS;
	specs[27].kind = CP_CAUSE_INSTRUCTION_CHANGED;
	specs[27].message = "the command is another one";
	build(&w, (const char *const[]){"stage-0"}, 1, specs, 30);
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){.ascii = true},
	       "api  Dockerfile - context .                         main 4f1c2e9 -> HEAD 9a77b10\n"
	       "  stage-0   1-27/30  27 steps                                  hit\n"
	       "              28/30  RUN step 28                               MISS  instruction\n"
	       "              29/30  RUN step 29                               hit\n"
	       "              30/30  RUN step 30                               hit\n"
	       "\n"
	       "  why   stage-0 28/30: the command is another one\n");
}

static void test_table_columns(void **state)
{
	static const struct step_spec specs[] = {
		{0, "[b 1/3] COPY \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.txt /", 1, CP_OUTCOME_HIT,
		 CP_CAUSE_NONE, -1, "", NULL, ""},
		{0, "[b 2/3] COPY e\xcc\x81t\xc3\xa9 /", 2, CP_OUTCOME_HIT, CP_CAUSE_NONE, -1, "",
		 NULL, "0"},
		{0,
		 "[b 3/3] COPY \xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5 /",
		 3, CP_OUTCOME_MISS, CP_CAUSE_NOT_IN_CACHE, -1, "", NULL, "1"},
	};
	struct answer w;

	(void)state;
	build(&w, (const char *const[]){"b"}, 1, specs, 3);
	render(&w.report, CP_FORMAT_TABLE, (struct cp_report_style){.width = 44},
	       "api  Dockerfile \xc2\xb7 context .\n"
	       "  main 4f1c2e9 \xe2\x86\x92 HEAD 9a77b10\n"
	       "  b\n"
	       "    1/3  COPY \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.txt\xe2\x80\xa6  hit\n"
	       "    2/3  COPY e\xcc\x81t\xc3\xa9 /        hit\n"
	       "    3/3  COPY \xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe2\x80\xa6  MISS  not in the\xe2\x80\xa6\n"
	       "\n"
	       "  why   b 3/3: not in the cache\n");
}

/* ---- every cause, in words ---- */

static void test_causes(void **state)
{
	static const struct {
		enum cp_cause_kind kind;
		const char *path;
		size_t n_names, total;
		const char *reason, *why;
	} cases[] = {
		{CP_CAUSE_CONTENT_CHANGED, "a.py", 0, 1, "changed", "a.py changed"},
		{CP_CAUSE_CONTENT_CHANGED, "a.py", 0, 7, "7 files changed",
		 "a.py changed and 6 more"},
		{CP_CAUSE_MODE_CHANGED, "a.py", 0, 1, "mode changed", "a.py changed"},
		{CP_CAUSE_PATH_SET_CHANGED, "a.py", 0, 2, "2 files added or removed",
		 "a.py changed and 1 more"},
		{CP_CAUSE_IGNORE_FILE_CHANGED, "a.py", 0, 1, "ignore file",
		 ".dockerignore now lets through or keeps out: a.py changed"},
		{CP_CAUSE_INSTRUCTION_CHANGED, NULL, 0, 0, "instruction", "message"},
		{CP_CAUSE_ARGUMENT_CHANGED, NULL, 1, 0, "ARG N0", "build argument changed: N0"},
		{CP_CAUSE_ENVIRONMENT_CHANGED, NULL, 4, 0, "ENV N0 +3",
		 "environment changed: N0, N1, N2 and 1 more"},
		{CP_CAUSE_BASE_IMAGE_CHANGED, NULL, 2, 0, "base image", "base image N0 is now N1"},
		{CP_CAUSE_BASE_IMAGE_CHANGED, NULL, 1, 0, "base image", "base image changed: N0"},
		{CP_CAUSE_PARENT_REBUILDS, NULL, 0, 0, "follows its base", "message"},
		{CP_CAUSE_SOURCE_STAGE_REBUILDS, NULL, 0, 0, "output of a stage", "message"},
		{CP_CAUSE_GIT_DIR_IN_CONTEXT, NULL, 0, 0, ".git in context",
		 "the context includes .git, which differs in every clone\n  do    add .git to .dockerignore"},
		{CP_CAUSE_NOT_IN_CACHE, NULL, 0, 0, "not in the cache", "message"},
		{CP_CAUSE_LAYERS_MISSING, NULL, 0, 0, "layers missing", "message"},
		{CP_CAUSE_NO_CACHE_REQUESTED, NULL, 0, 0, "--no-cache",
		 "the build was asked not to use the cache"},
		{CP_CAUSE_UNRESOLVED, NULL, 0, 0, "not known", "message"},
	};
	struct cp_str names[] = {CP_S("N0"), CP_S("N1"), CP_S("N2"), CP_S("N3")};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		struct step_spec spec = {
			0,         "[stage-0 2/2] RUN x", 2, CP_OUTCOME_MISS, cases[i].kind, -1,
			"message", cases[i].path,         ""};
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 16), row = CP_BUF_INIT(1 << 16),
					  why = CP_BUF_INIT(1 << 16);
		struct answer w;

		build(&w, (const char *const[]){"stage-0"}, 1, &spec, 1);
		w.results[0].cause.names = names;
		w.results[0].cause.n_names = cases[i].n_names;
		w.results[0].cause.n_paths_total = cases[i].total;
		assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_TABLE, NULL, &out, NULL),
				 0);
		cp_buf_printf(&row, "  MISS  %s\n", cases[i].reason);
		cp_buf_printf(&why, "  why   stage-0 2/2: %s\n", cases[i].why);
		if (!strstr(out.p, row.p) || !strstr(out.p, why.p))
			fail_msg("wanted %s and %s in\n%s", row.p, why.p, out.p);
	}
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	struct answer w;

	(void)state;
	build(&w, two_stages, 1, python, 4);
	w.image.ignore_file = CP_S(".dockerignore");
	render(&w.report, CP_FORMAT_JSON, (struct cp_report_style){0},
	       "{\"schema\":\"cachepredict/prediction/1\",\"base\":{\"rev\":\"main\",\"commit\":\"4f1c2e9a3b5d7f90112233445566778899aabbcc\"},"
	       "\"head\":{\"rev\":\"HEAD\",\"commit\":\"9a77b10a3b5d7f90112233445566778899aabbcc\"},"
	       "\"builder\":{\"kind\":\"buildkit\",\"frontend\":\"0.34\",\"daemon\":\"0.34\"},"
	       "\"images\":[{\"name\":\"api\",\"dockerfile\":\"Dockerfile\",\"context\":\".\",\"ignore_file\":\".dockerignore\",\"target\":\"builder\","
	       "\"platform\":\"linux/amd64\",\"stages\":[{\"name\":\"builder\",\"index\":0,\"outcome\":\"miss\"}],"
	       "\"steps\":[{\"name\":\"[builder 2/4] WORKDIR /build\",\"stage\":\"builder\",\"line\":2,\"instruction\":\"WORKDIR\",\"outcome\":\"hit\","
	       "\"key\":null,\"cause\":null},"
	       "{\"name\":\"[builder 3/4] COPY requirements.txt .\",\"stage\":\"builder\",\"line\":3,\"instruction\":\"COPY\",\"outcome\":\"miss\",\"key\":null,"
	       "\"cause\":{\"kind\":\"content-changed\",\"paths\":[{\"path\":\"requirements.txt\",\"change\":\"modified\"}],\"step\":null,"
	       "\"message\":\"requirements.txt changed\"}},"
	       "{\"name\":\"[builder 4/4] RUN pip install --no-cache-dir   --prefix=/install -r requirements.txt\",\"stage\":\"builder\",\"line\":4,"
	       "\"instruction\":\"RUN\",\"outcome\":\"miss\",\"key\":null,\"cause\":{\"kind\":\"parent-rebuilds\",\"paths\":[],"
	       "\"step\":\"[builder 3/4] COPY requirements.txt .\",\"message\":\"it is built on [builder 3/4]\"}}],"
	       "\"assumptions\":[],\"outcome\":\"miss\",\"counts\":{\"hit\":1,\"miss\":2,\"depends\":0,\"unknown\":0}}],"
	       "\"verdict\":{\"action\":\"undecided\",\"cache_from\":[],\"cache_to\":[],\"rebuild_stages\":[\"builder\"],"
	       "\"reason\":\"no cache was looked into\"}}\n");
}

static void test_json_extras(void **state)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 20);
	struct cp_str name = CP_S("A"), note = CP_S("n");
	struct cp_report_image images[2];
	struct answer w;

	(void)state;
	build_python(&w);
	w.results[2].cause.names = &name;
	w.results[2].cause.n_names = 1;
	w.results[2].cause.n_paths_total = 30;
	w.results[2].cause.hint = CP_S("git fetch");
	w.report.head_commit = CP_S("");
	w.report.base_why = CP_S("first parent");
	w.report.notes = &note;
	w.report.n_notes = 1;
	images[0] = images[1] = w.image;
	cp_err_set(&images[1].error, CP_EINVAL, "bad \"flag\"");
	cp_err_at(&images[1].error, CP_S("D"), 3, 4, 1, CP_S("x"));
	cp_err_hint(&images[1].error, "h");
	w.report.images = images;
	w.report.n_images = 2;
	assert_int_equal(cp_report_prediction(&w.report, CP_FORMAT_JSON,
					      &(struct cp_report_style){.pretty = true}, &out,
					      NULL),
			 0);
	for (size_t i = 0; i < 8; i++) {
		static const char *const parts[] = {
			"\"paths_total\": 30,\n",
			"\"names\": [\n              \"A\"\n            ]",
			"\"hint\": \"git fetch\"\n",
			"\"why\": \"first parent\"\n",
			"\"head\": {\n    \"rev\": \"HEAD\"\n  }",
			"\"rebuild_stages\": [\n      \"api/builder\"\n    ]",
			"\"notes\": [\n    \"n\"\n  ]\n}\n",
			"\"error\": {\n        \"code\": \"invalid\",\n        \"message\": \"bad \\\"flag\\\"\",\n        \"file\": \"D\",\n"
			"        \"line\": 3,\n        \"column\": 4,\n        \"hint\": \"h\"\n      }",
		};

		if (!strstr(out.p, parts[i]))
			fail_msg("%s is not in %s", parts[i], out.p);
	}
}

/* ---- Markdown ---- */

static void test_markdown(void **state)
{
	struct answer w;

	(void)state;
	build_python(&w);
	render(&w.report, CP_FORMAT_MARKDOWN, (struct cp_report_style){0},
	       "**cachepredict** \xc2\xb7 `api` rebuilds 2 of 5 steps \xe2\x80\x94 because `requirements.txt` changed\n"
	       "\n"
	       "| stage | steps | outcome | why |\n"
	       "|---|---|---|---|\n"
	       "| `builder` | 3 | 1 cached, 2 rebuild | `requirements.txt` changed |\n"
	       "| `runtime` | 2 | 1 cached, 1 depend on what a step writes | follows `builder` |\n"
	       "\n"
	       "<details><summary>steps</summary>\n"
	       "\n"
	       "| line | step | outcome | why |\n"
	       "|---|---|---|---|\n"
	       "| 2 | `[builder 2/4] WORKDIR /build` | hit |  |\n"
	       "| 3 | `[builder 3/4] COPY requirements.txt .` | **miss** | `changed` |\n"
	       "| 4 | `[builder 4/4] RUN pip install --no-cache-dir   --prefix=/install -r requirements.txt` | **miss** | `follows 3/4` |\n"
	       "| 7 | `[runtime 2/3] WORKDIR /app` | hit |  |\n"
	       "| 8 | `[runtime 3/3] COPY --from=builder /install /usr/local` | depends | `output of builder 3/4` |\n"
	       "\n"
	       "</details>\n"
	       "\n"
	       "<sub>`main 4f1c2e9` \xe2\x86\x92 `HEAD 9a77b10`</sub>\n");
	cp_err_set(&w.image.error, CP_ENOTFOUND, "no Dockerfile");
	cp_err_hint(&w.image.error, "name it with -f");
	render(&w.report, CP_FORMAT_MARKDOWN, (struct cp_report_style){0},
	       "**cachepredict** \xc2\xb7 `api` cannot be predicted: `no Dockerfile`\n"
	       "\nTo mend it: `name it with -f`\n"
	       "\n<sub>`main 4f1c2e9` \xe2\x86\x92 `HEAD 9a77b10`</sub>\n");
}

/* ---- graphs ---- */

static void test_graphs(void **state)
{
	struct answer w;

	(void)state;
	build_python(&w);
	w.steps[1].kind = CP_STEP_FETCH; /* an operation between, shown but not coloured */
	w.ops[2].n_inputs = 1;
	render(&w.report, CP_FORMAT_MERMAID, (struct cp_report_style){0},
	       "flowchart TD\n"
	       "  subgraph i0g0 [\"builder\"]\n"
	       "    i0s0[\"1/4 FROM docker.io/library/python:3.12-slim\"]\n"
	       "    i0s1[\"2/4 WORKDIR /build\"]\n"
	       "    i0s2[\"3/4 COPY requirements.txt .\"]:::miss\n"
	       "    i0s3[\"4/4 RUN pip install --no-cache-dir --prefix=/instal\xe2\x80\xa6\"]:::miss\n"
	       "  end\n"
	       "  subgraph i0g1 [\"runtime\"]\n"
	       "    i0s4[\"2/3 WORKDIR /app\"]:::hit\n"
	       "    i0s5[\"3/3 COPY --from=builder /install /usr/local\"]:::depends\n"
	       "  end\n"
	       "  i0s0 --> i0s1\n"
	       "  i0s1 --> i0s2\n"
	       "  i0s2 --> i0s3\n"
	       "  i0s0 -.-> i0s4\n"
	       "  i0s3 -.-> i0s5\n"
	       "  i0s4 --> i0s5\n"
	       "  classDef hit fill:#d8f3dc,stroke:#2d6a4f,color:#1b4332\n"
	       "  classDef miss fill:#ffd6d6,stroke:#b00020,color:#5f0011\n"
	       "  classDef depends fill:#fff3bf,stroke:#b08900,color:#5c4700\n"
	       "  classDef unknown fill:#e9ecef,stroke:#6c757d,color:#343a40\n");
	build(&w, two_stages, 1, python, 3);
	w.steps[1].op = NULL; /* no step of its own: the edge goes past it */
	render(&w.report, CP_FORMAT_DOT, (struct cp_report_style){0},
	       "digraph cachepredict {\n"
	       "  rankdir=TB;\n"
	       "  node [shape=box, style=filled, fillcolor=\"white\", fontname=\"monospace\"];\n"
	       "  subgraph cluster_i0g0 {\n"
	       "    label=\"builder\";\n"
	       "    i0s0 [label=\"1/4 FROM docker.io/library/python:3.12-slim\"];\n"
	       "    i0s1 [label=\"2/4 WORKDIR /build\", fillcolor=\"#d8f3dc\", tooltip=\"hit\"];\n"
	       "    i0s2 [label=\"3/4 COPY requirements.txt .\", fillcolor=\"#ffd6d6\", tooltip=\"miss\"];\n"
	       "  }\n"
	       "  i0s0 -> i0s2;\n"
	       "}\n");
}

/* ---- explain ---- */

static void explain(const struct cp_report *r, const char *what, enum cp_format format,
		    const char *wanted)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 20);
	cp_auto_arena struct cp_arena *a = cp_arena_new(1 << 20);
	struct cp_err err = {0};

	if (cp_report_explain(a, r, cp_str_c(what), format, NULL, &out, &err) < 0)
		cp_buf_printf(&out, "%s: %s", cp_err_name(err.code), err.message);
	expect_text(out.p, wanted);
}

static void test_explain(void **state)
{
	static const char copy[] =
		"[builder 3/4] COPY requirements.txt .               MISS: content-changed\n"
		"  Dockerfile:3\n"
		"  requirements.txt changed\n"
		"  requirements.txt  modified\n"
		"  Because of this one, 2 later steps are not sure to hit.\n";
	static const char run[] =
		"[builder 4/4] RUN pip install --no-cache-dir   --prefix=/install -r\n"
		"    requirements.txt\n"
		"  MISS: parent-rebuilds\n"
		"  Dockerfile:4\n"
		"  it is built on [builder 3/4]\n"
		"  It began at [builder 3/4] COPY requirements.txt .: requirements.txt changed\n";
	struct answer w;

	(void)state;
	build_python(&w);
	explain(&w.report, "builder 3/4", CP_FORMAT_TABLE, copy);
	explain(&w.report, "[builder 3/4]", CP_FORMAT_TABLE, copy);
	explain(&w.report, "[builder 3/4] COPY requirements.txt .", CP_FORMAT_TABLE, copy);
	explain(&w.report, "COPY requirements.txt .", CP_FORMAT_TABLE, copy);
	explain(&w.report, " requirements.txt", CP_FORMAT_TABLE, copy);
	explain(&w.report, "./requirements.txt", CP_FORMAT_TABLE, copy);
	explain(&w.report, "3", CP_FORMAT_TABLE, copy);
	explain(&w.report, "4/4", CP_FORMAT_TABLE, run);
	explain(&w.report, "runtime 2/3", CP_FORMAT_TABLE,
		"[runtime 2/3] WORKDIR /app                          hit\n"
		"  Dockerfile:7\n"
		"  The same operation on the same input is what the build of the base commit left\n"
		"  in the cache.\n");
	explain(&w.report, "requirement", CP_FORMAT_TABLE,
		"not-found: no step is called requirement, and no step breaks because of such a path");
	explain(&w.report, "  ", CP_FORMAT_TABLE, "usage: which step or path?");
	explain(&w.report, "3", CP_FORMAT_DOT,
		"unsupported: an explanation is a table, JSON or Markdown");
	explain(&w.report, "2", CP_FORMAT_JSON,
		"{\"schema\":\"cachepredict/explain/1\",\"steps\":[{\"image\":\"api\",\"step\":{\"name\":\"[builder 2/4] WORKDIR /build\",\"stage\":\"builder\","
		"\"line\":2,\"instruction\":\"WORKDIR\",\"outcome\":\"hit\",\"key\":null,\"cause\":null}}]}\n");
	w.changes[2].path = CP_S("src/a/b.py");
	w.results[2].cause.message = CP_S("");
	explain(&w.report, "src/", CP_FORMAT_MARKDOWN,
		"~~~text\n"
		"[builder 3/4] COPY requirements.txt .               MISS: content-changed\n"
		"  Dockerfile:3\n"
		"  src/a/b.py  modified\n"
		"  Because of this one, 2 later steps are not sure to hit.\n"
		"~~~\n");
}

/* ---- paths ---- */

static void test_paths(void **state)
{
	struct cp_str paths[] = {CP_S("a b.py"), CP_S("x\ny\033'\xff")},
		      patterns[] = {CP_S("src/**"), CP_S("x\ny\033'\xff")};
	struct cp_paths found = {.paths = paths,
				 .patterns = patterns,
				 .n_paths = 2,
				 .n_patterns = 2,
				 .git_dir = true},
			none = {0};
	struct cp_err fine = {0}, bad = {0};
	struct cp_report_paths images[] = {{CP_S("api"), &found, &fine},
					   {CP_S("web"), &none, &bad}};
	static const struct {
		const char *format, *wanted;
	} cases[] = {
		{"",
		 "{\"schema\":\"cachepredict/paths/1\",\"images\":[{\"name\":\"api\",\"paths\":[\"a b.py\",\"x\\ny\\u001b'\\ufffd\"],"
		 "\"patterns\":[\"src/**\",\"x\\ny\\u001b'\\ufffd\"],\"git_dir\":true},{\"name\":\"web\",\"paths\":[],\"patterns\":[],"
		 "\"error\":{\"code\":\"not-found\",\"message\":\"no Dockerfile\"}}]}\n"},
		{"list", "a b.py\nx\\ny\\x1b'\\xff\n"},
		{"github", "paths:\n  # api\n  - 'src/**'\n  - 'x*y*''*'\n  # web\n"},
	};

	(void)state;
	cp_err_set(&bad, CP_ENOTFOUND, "no Dockerfile");
	for (size_t i = 0; i < CP_LEN(cases); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(1 << 16);

		assert_int_equal(cp_report_paths(images, 2, cp_str_c(cases[i].format),
						 &(struct cp_report_style){0}, &out, NULL),
				 0);
		expect_text(out.p, cases[i].wanted);
	}
	assert_int_equal(
		cp_report_paths(images, 2, CP_S("dot"), &(struct cp_report_style){0}, NULL, NULL),
		CP_EUNSUPPORTED);
}

/* Longer than the buffer may get: an error, not a cut answer. */
static void test_limits(void **state)
{
	static const enum cp_format formats[] = {CP_FORMAT_JSON, CP_FORMAT_TABLE,
						 CP_FORMAT_MARKDOWN, CP_FORMAT_MERMAID,
						 CP_FORMAT_DOT};
	struct answer w;

	(void)state;
	build_python(&w);
	for (size_t i = 0; i < CP_LEN(formats); i++) {
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(200);
		struct cp_err err = {0};

		assert_int_equal(cp_report_prediction(&w.report, formats[i], NULL, &out, &err),
				 CP_ELIMIT);
		assert_string_equal(err.message, "the report is over 200 bytes");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_color_and_short_lines),
		cmocka_unit_test(test_table_of_hits),
		cmocka_unit_test(test_table_of_failures),
		cmocka_unit_test(test_table_folds),
		cmocka_unit_test(test_table_columns),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_extras),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_graphs),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
