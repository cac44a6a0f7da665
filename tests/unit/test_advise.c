/* advise/: which rules speak, where, and when they stay silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "advise/advise.h"

struct file {
	const char *path, *content;
};

/* One build: a Dockerfile, files of its context, the ignore file, one file of the CI. */
struct build {
	const char *dockerfile;
	struct file files[8];
	const char *ignore, *ci;
	struct cp_step_history history
		[12]; /* per step of the graph; of 40 builds, n 0 in the first: nobody looked */
};

struct world {
	struct cp_arena *a;
	struct cp_tree *tree;
	struct cp_advice advice;
};

static int read_file(void *self, struct cp_str path, struct cp_buf *out, struct cp_err *err)
{
	return cp_tree_read_path(self, path, out, err);
}

static int size_of(void *self, struct cp_str path, uint64_t *ret_size)
{
	(void)self;
	*ret_size = cp_str_starts(path, CP_S("large")) ? 1 << 21 : 10;
	return 0;
}

static void advise(struct world *w, const struct build *b)
{
	struct cp_context_options options = {.root = CP_S(""), .git_dir = true};
	struct cp_build_options build_options = {0};
	struct cp_advise_input in = {.dockerfile_path = CP_S("Dockerfile")};
	struct cp_ci_file ci = {CP_S("ci.yml"), cp_str_c(b->ci)};
	const struct cp_patterns *patterns = NULL;
	struct cp_str *lines;
	struct cp_err err = {0};

	w->a = cp_arena_new(CP_MAX_ARENA_BYTES);
	w->tree = cp_memory_tree_new();
	assert_true(w->a && w->tree);
	for (size_t i = 0; i < CP_LEN(b->files) && b->files[i].path; i++)
		assert_int_equal(cp_memory_tree_add(w->tree, cp_str_c(b->files[i].path),
						    CP_ENTRY_FILE, cp_str_c(b->files[i].content)),
				 0);
	if (b->ignore) {
		assert_int_equal(
			cp_ignore_read(w->a, cp_str_c(b->ignore), &lines, &in.n_ignore_lines, &err),
			0);
		in.ignore_lines = lines;
		in.ignore_file = CP_S(".dockerignore");
		assert_int_equal(
			cp_patterns_compile(w->a, lines, in.n_ignore_lines, &patterns, &err), 0);
		options.ignore = patterns;
	}
	assert_int_equal(cp_context_new(w->a, w->tree, &options, &in.context, &err), 0);
	in.text = cp_str_c(b->dockerfile);
	assert_int_equal(
		cp_dockerfile_parse(w->a, in.text, in.dockerfile_path, &in.dockerfile, &err), 0);
	if (cp_graph_build(w->a, in.dockerfile, in.dockerfile_path, &build_options, &in.graph,
			   &err) < 0)
		fail_msg("%s", err.message);
	in.files = (struct cp_advise_files){read_file, size_of, w->tree};
	in.ci = &ci;
	in.n_ci = b->ci ? 1 : 0;
	if (b->history[0].n) {
		assert_true(in.graph->n_steps <= CP_LEN(b->history));
		in.history = b->history;
	}
	assert_int_equal(cp_advise(w->a, &in, &w->advice, &err), 0);
}

static void release(struct world *w)
{
	cp_tree_free(w->tree);
	cp_arena_free(w->a);
}

/* "LINE rule, LINE rule" of what was found, rules of the list only ("" = all). */
static void expect_found(const char *name, const struct build *b, const char *expected)
{
	struct world w = {0};
	char found[2048] = "";
	size_t n = 0;

	advise(&w, b);
	for (size_t i = 0; i < w.advice.n; i++)
		n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%d %s", i ? ", " : "",
				      w.advice.findings[i].line,
				      cp_advise_rules[w.advice.findings[i].rule].id);
	if (strcmp(found, expected) != 0)
		fail_msg("%s: found \"%s\", not \"%s\"", name, found, expected);
	release(&w);
}

/* A base that no rule knows, so that only the rules asked for can speak. */
#define BASE "FROM registry.example/base:1\n"

static void test_rules(void **state)
{
	static const struct {
		const char *name, *expected;
		struct build b;
	} cases[] = {
		{"nothing", "", {BASE}},
		{"pip after code",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "a\n"}},
		  ".git"}},
		{"the file is not there",
		 "",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt\n", {{"x", ""}}, ".git"}},
		{"the project itself",
		 "",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt .\n",
		  {{"r.txt", "a\n"}},
		  ".git"}},
		{"an editable line",
		 "",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "-e .\n"}},
		  ".git"}},
		{"a path in an included file",
		 "",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "-r s.txt\n"}, {"s.txt", "./lib\n"}},
		  ".git"}},
		{"includes in a circle",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "-r s.txt\n"}, {"s.txt", "-r r.txt\n"}},
		  ".git"}},
		{"a script before it",
		 "",
		 {BASE "COPY . .\nRUN ./make-requirements && pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "a\n"}},
		  ".git"}},
		{"a folder that it names",
		 "",
		 {BASE "COPY deps deps\nRUN pip install --no-cache-dir -r deps/r.txt\n",
		  {{"deps/r.txt", "a\n"}}}},
		{"one file of code",
		 "3 deps-after-copy",
		 {BASE "COPY app.py r.txt ./\nRUN pip install --no-cache-dir -r r.txt\n",
		  {{"r.txt", "a\n"}, {"app.py", ""}}}},
		{"npm",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN npm ci\n", {{"package.json", "{}"}}, ".git"}},
		{"npm in a folder that was copied elsewhere",
		 "4 deps-after-copy",
		 {BASE "COPY ui /src/ui\nWORKDIR /src/ui\nRUN set -eux && npm ci\n",
		  {{"ui/package.json", "{}"}},
		  ".git"}},
		{"npm behind cd",
		 "3 deps-after-copy",
		 {BASE "COPY . /app\nRUN cd /app/ui && npm ci\n",
		  {{"ui/package.json", "{}"}},
		  ".git"}},
		{"npm of a folder without a manifest",
		 "",
		 {BASE "COPY . /app\nRUN cd /app/ui && npm ci\n", {{"ui/x", "{}"}}, ".git"}},
		{"a package behind an option",
		 "",
		 {BASE "COPY . .\nRUN npm install --save-dev x\n",
		  {{"package.json", "{}"}},
		  ".git"}},
		{"the value of an option is no package",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN yarn install --production --network-timeout 100000\n",
		  {{"package.json", "{}"}},
		  ".git"}},
		{"yarn without a verb",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN yarn --frozen-lockfile\n", {{"package.json", "{}"}}, ".git"}},
		{"pip of a folder",
		 "4 deps-after-copy",
		 {BASE
		  "COPY api /api\nWORKDIR /api\nRUN pip install --no-cache-dir -r requirements.txt\n",
		  {{"api/requirements.txt", "a==1\n"}},
		  ".git"}},
		{"uv",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN uv sync --frozen\n",
		  {{"pyproject.toml", "[project]\n"}, {"uv.lock", ""}},
		  ".git"}},
		{"uv, the project for itself",
		 "",
		 {BASE
		  "COPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-install-project\nCOPY . .\nRUN uv sync --frozen\n",
		  {{"pyproject.toml", "[project]\n[build-system]\n"}, {"uv.lock", ""}},
		  ".git"}},
		{"uv, bound",
		 "",
		 {BASE
		  "RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync --no-install-project\nCOPY . /app\nRUN uv sync\n",
		  {{"pyproject.toml", "[project]\n"}, {"uv.lock", ""}},
		  ".git"}},
		{"a workspace of uv",
		 "",
		 {BASE "COPY . .\nRUN uv sync\n",
		  {{"pyproject.toml", "[tool.uv.workspace]\n"}, {"uv.lock", ""}},
		  ".git"}},
		{"uv pip",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN uv pip install --system -r requirements.txt\n",
		  {{"requirements.txt", "a==1\n"}},
		  ".git"}},
		{"poetry",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN pip install --no-cache-dir poetry && poetry install\n",
		  {{"pyproject.toml", "[tool.poetry]\n"}, {"poetry.lock", ""}},
		  ".git"}},
		{"poetry, the project alone",
		 "",
		 {BASE "COPY . .\nRUN poetry install --only-root\n",
		  {{"pyproject.toml", "[tool.poetry]\n"}, {"poetry.lock", ""}},
		  ".git"}},
		{"pipenv",
		 "3 deps-after-copy",
		 {BASE "COPY . .\nRUN pipenv install --system --deploy\n",
		  {{"Pipfile", ""}, {"Pipfile.lock", ""}},
		  ".git"}},
		{"npm with scripts",
		 "",
		 {BASE "COPY . .\nRUN npm ci\n",
		  {{"package.json", "{\"scripts\": {\"postinstall\": \"x\"}}"}},
		  ".git"}},
		{"a tool of npm",
		 "",
		 {BASE "COPY . .\nRUN npm install -g npm\n", {{"package.json", "{}"}}, ".git"}},
		{"uv is not pip", "", {BASE "RUN uv pip install x\n"}},
		{"python -m pip", "2 pip-cache", {BASE "RUN python3 -m pip install x\n"}},
		{"pip in a heredoc",
		 "2 pip-cache",
		 {BASE "RUN <<EOF\nset -e\npip install x\nEOF\n"}},
		{"pip in quotes only", "", {BASE "RUN echo 'pip install x; pip install y'\n"}},
		{"pip with a cache mount",
		 "",
		 {BASE "RUN --mount=type=cache,target=/root/.cache/pip pip install x\n"}},
		{"a variable", "", {BASE "ENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n"}},
		{"a variable of the command", "", {BASE "RUN PIP_NO_CACHE_DIR=1 pip install x\n"}},
		{"a variable of the parent",
		 "",
		 {"FROM registry.example/base:1 AS b\nENV PIP_NO_CACHE_DIR=1\nFROM b\n"
		  "RUN pip install x\n"}},
		{"exec form", "2 pip-cache", {BASE "RUN [\"pip\", \"install\", \"x\"]\n"}},
		{"a stage that is not in the image",
		 "",
		 {"FROM registry.example/base:1 AS b\nRUN pip install x\nRUN apt-get update\n"
		  "FROM registry.example/base:1\nCOPY --from=b /x /x\n"}},
		{"apt lists",
		 "2 apt-lists",
		 {BASE "RUN apt-get update && apt-get install -y --no-install-recommends x\n"}},
		{"apt recommends",
		 "2 apt-lists",
		 {BASE "RUN apt-get update && apt-get install x && rm -rf /var/lib/apt/lists/*\n"}},
		{"git",
		 "2 dockerignore-missing, 2 git-in-context",
		 {BASE "COPY . .\n", {{"x", ""}}}},
		{"git is needed",
		 "2 dockerignore-missing",
		 {BASE "COPY . .\n", {{"pyproject.toml", "requires = [\"hatch-vcs\"]"}}}},
		{"the ignore file lets venv in",
		 "0 dockerignore-incomplete",
		 {BASE "COPY . .\n", {{".gitignore", ".venv/\n"}}, ".git"}},
		{"no evidence of venv", "", {BASE "COPY . .\n", {{"x", ""}}, ".git"}},
		{"tests that are run",
		 "",
		 {BASE "COPY . .\nRUN pytest\n", {{"tests/a.py", ""}}, ".git"}},
		{"tests that are named", "", {BASE "COPY tests tests\n", {{"tests/a.py", ""}}}},
		{"tests",
		 "2 junk-in-context",
		 {BASE "COPY . .\n", {{"tests/a.py", ""}, {"src/tests/b.py", ""}}, ".git"}},
		{"data", "2 junk-in-context", {BASE "COPY . .\n", {{"data/a.csv", ""}}, ".git"}},
		{"data that is read", "", {BASE "COPY . .\n", {{"data/rates.json", ""}}, ".git"}},
		{"settings in the root",
		 "2 junk-in-context",
		 {BASE "COPY . .\n", {{".env", ""}}, ".git"}},
		{"settings of a front end", "", {BASE "COPY . .\n", {{"web/.env", ""}}, ".git"}},
		{"data that is a package",
		 "",
		 {BASE "COPY . .\n", {{"data/__init__.py", ""}}, ".git"}},
		{"weights by name",
		 "2 model-weights",
		 {BASE "COPY m.safetensors .\n", {{"m.safetensors", ""}}}},
		{"a small .bin", "", {BASE "COPY x.bin .\n", {{"x.bin", ""}}}},
		{"a large .bin",
		 "2 model-weights",
		 {BASE "COPY large.bin .\n", {{"large.bin", ""}}}},
		{"weights of another stage",
		 "",
		 {"FROM scratch AS m\nADD https://example.test/x.onnx /x.onnx\n" BASE
		  "COPY --from=m /x.onnx /\n"}},
		{"latest", "1 unpinned-base", {"FROM registry.example/base\n"}},
		{"a digest",
		 "",
		 {"FROM registry.example/base@sha256:"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"}},
		{"slim", "", {"FROM python:3.12-slim\nUSER x\n"}},
		{"windows", "", {"FROM python:3.12-windowsservercore\nUSER x\n"}},
		{"fat base of the builder",
		 "",
		 {"FROM python:3.12 AS b\nRUN pip install x\nFROM python:3.12-slim\n"
		  "COPY --from=b /x /x\nUSER x\n"}},
		{"root by number", "2 no-user", {BASE "USER 0:0\nCMD [\"x\"]\n"}},
		{"a user of a variable", "", {BASE "ARG U=x\nUSER $U\nCMD [\"x\"]\n"}},
		{"an entry point that may change the user",
		 "",
		 {"FROM debian:12-slim\nENTRYPOINT [\"/docker-entrypoint.sh\"]\n"}},
		{"volatile", "2 volatile-early", {BASE "ARG GIT_SHA\nRUN npm ci\n"}},
		{"volatile late", "", {BASE "RUN npm ci\nARG GIT_SHA\nRUN echo $GIT_SHA\n"}},
		{"a compiler that is needed later",
		 "",
		 {BASE "RUN apk add gcc\nRUN pip install --no-cache-dir triton\n"}},
		{"a compiler that goes again",
		 "",
		 {BASE "RUN apk add gcc && pip install --no-cache-dir x && apk del gcc\n"}},
		{"a compiler",
		 "2 no-multi-stage",
		 {BASE "RUN apk add gcc\nRUN pip install --no-cache-dir x\n"}},
		{"no scan", "1 no-scan", {BASE, {{"x", ""}}, NULL, "docker build .\n"}},
		{"a scan elsewhere",
		 "",
		 {BASE,
		  {{"x", ""}},
		  NULL,
		  "uses: org/repo/.github/workflows/x.yml@v1\nrun: docker build .\n"}},
		{"no build", "", {BASE, {{"x", ""}}, NULL, "# docker build .\nmake\n"}},
		{"silenced here",
		 "3 pip-cache",
		 {BASE
		  "\nRUN pip install x\n# why\n# cachepredict ignore=apt-lists,pip-cache\n# so\n"
		  "RUN pip install y\n"}},
		{"silenced everywhere",
		 "",
		 {"# syntax=docker/dockerfile:1\n\n#  cachepredict  ignore=pip-cache\n" BASE
		  "RUN pip install x\nRUN pip install y\n"}},
		{"another rule",
		 "3 pip-cache",
		 {BASE "# cachepredict ignore=pip-cache-x\nRUN pip install x\n"}},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		expect_found(cases[i].name, &cases[i].b, cases[i].expected);
}

static void expect_edit(const char *dockerfile, const char *expected)
{
	struct build b = {dockerfile, {{"r.txt", "a\n"}}, ".git", NULL};
	const struct cp_edit *e = NULL;
	struct world w = {0};

	advise(&w, &b);
	assert_int_equal(w.advice.n, 1);
	e = w.advice.findings[0].edit;
	if (!expected)
		assert_null(e);
	else if (!e || !cp_str_eq(e->text, cp_str_c(expected)))
		fail_msg("edit: %.*s", CP_STR(e ? e->text : CP_S("none")));
	release(&w);
}

/* Steps of 40 builds, WORKDIR first: how often each ran, ran for nothing, and was another one itself. */
#define CHANGED(...)                                                                               \
	{                                                                                          \
		{40}, __VA_ARGS__                                                                  \
	}
#define OFTEN                                                                                      \
	{                                                                                          \
		.n = 40, .n_ran = 30, .n_idle = 12, .n_changed = 30                                \
	}
#define RARELY                                                                                     \
	{                                                                                          \
		.n = 40, .n_ran = 31, .n_idle = 1, .n_changed = 1                                  \
	}
#define APT "RUN apt-get install -y --no-install-recommends x && rm -rf /var/lib/apt/lists/*\n"
#define APP BASE "WORKDIR /app\nCOPY src ./src\n"

static void test_history(void **state)
{
	static const struct {
		const char *name, *expected;
		struct build b;
	} cases[] = {
		{"an install below code",
		 "4 copy-order",
		 {APP APT, {{"src/a", ""}}, .history = CHANGED({40}, OFTEN, RARELY)}},
		{"nobody looked", "", {APP APT, {{"src/a", ""}}}},
		{"code that does not change",
		 "",
		 {APP APT, {{"src/a", ""}}, .history = CHANGED({40}, RARELY, RARELY)}},
		{"an install that changes as often",
		 "",
		 {APP APT, {{"src/a", ""}}, .history = CHANGED({40}, OFTEN, OFTEN)}},
		{"packages that it names",
		 "4 copy-order",
		 {APP "RUN pip install --no-cache-dir x==1\n",
		  {{"src/a", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a package of the context",
		 "",
		 {APP "RUN apt-get install -y --no-install-recommends ./src/x.deb\n",
		  {{"src/x.deb", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"what the shell makes of a file",
		 "",
		 {APP "RUN apk add $(cat src/a)\n",
		  {{"src/a", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"settings of the package manager",
		 "",
		 {BASE "WORKDIR /app\nCOPY src /etc/apt\n" APT,
		  {{"src/a", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a program between",
		 "",
		 {APP "ENV A=1\n" APT, {{"src/a", ""}}, .history = CHANGED({40}, OFTEN, RARELY)}},
		{"another install of the RUN is a script",
		 "",
		 {APP "RUN ./src/a && apk add x\n",
		  {{"src/a", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a bind mount",
		 "",
		 {APP "RUN --mount=type=bind,target=/m apk add x\n",
		  {{"src/a", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a large COPY below",
		 "4 copy-order",
		 {APP "COPY large ./large\n",
		  {{"src/a", ""}, {"large/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a small one",
		 "",
		 {APP "COPY small ./small\n",
		  {{"src/a", ""}, {"small/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"into the same place",
		 "",
		 {APP "COPY large ./src/x\n",
		  {{"src/a", ""}, {"large/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"over it",
		 "",
		 {APP "COPY large ./\n",
		  {{"src/a", ""}, {"large/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"files beside each other",
		 "4 copy-order",
		 {BASE "WORKDIR /app\nCOPY a.txt ./\nCOPY large.dat ./\n",
		  {{"a.txt", ""}, {"large.dat", ""}},
		  .ignore = "x",
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"another owner",
		 "",
		 {APP "COPY --chown=1 large ./large\n",
		  {{"src/a", ""}, {"large/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"a link has its own layer",
		 "",
		 {APP "COPY --link large ./large\n",
		  {{"src/a", ""}, {"large/b", ""}},
		  .history = CHANGED({40}, OFTEN, RARELY, RARELY)}},
		{"a folder built beside the rest",
		 "4 could-be-stage",
		 {BASE "WORKDIR /app\nCOPY . .\nRUN cd web && npm run build\n",
		  {{"web/package.json", "{}"}, {"x", ""}},
		  ".git",
		  .history = CHANGED({40}, OFTEN, OFTEN)}},
		{"built when it changes",
		 "",
		 {BASE "WORKDIR /app\nCOPY . .\nRUN cd web && npm run build\n",
		  {{"web/package.json", "{}"}, {"x", ""}},
		  ".git",
		  .history = CHANGED({40}, OFTEN, RARELY)}},
		{"it reads what is beside it",
		 "",
		 {BASE "WORKDIR /app\nCOPY . .\nRUN cd web && npm run build -- ../x\n",
		  {{"web/package.json", "{}"}, {"x", ""}},
		  ".git",
		  .history = CHANGED({40}, OFTEN, OFTEN)}},
		{"its manifest does",
		 "",
		 {BASE "WORKDIR /app\nCOPY . .\nRUN npm --prefix web run build\n",
		  {{"web/package.json", "{\"x\": \"file:../x\"}"}, {"x", ""}},
		  ".git",
		  .history = CHANGED({40}, OFTEN, OFTEN)}},
		{"an option names the folder",
		 "4 could-be-stage",
		 {BASE "WORKDIR /app\nCOPY . /app\nRUN npm --prefix web run build\n",
		  {{"web/package.json", "{}"}, {"x", ""}},
		  ".git",
		  .history = CHANGED({40}, OFTEN, OFTEN)}},
		{"a build tool without its cache",
		 "4 cache-mount",
		 {BASE "WORKDIR /app\nCOPY go.mod a.go ./\nRUN go build\n",
		  {{"go.mod", ""}, {"a.go", ""}},
		  .history = CHANGED({40}, RARELY, OFTEN)}},
		{"with it",
		 "",
		 {BASE
		  "WORKDIR /app\nCOPY go.mod a.go ./\nRUN --mount=type=cache,target=/c go build\n",
		  {{"go.mod", ""}, {"a.go", ""}},
		  .history = CHANGED({40}, RARELY, OFTEN)}},
		{"a RUN that hardly runs",
		 "",
		 {BASE "WORKDIR /app\nCOPY go.mod a.go ./\nRUN go build\n",
		  {{"go.mod", ""}, {"a.go", ""}},
		  .history = CHANGED({40}, RARELY, {40, 4, 0, 0})}},
	};

	(void)state;
	for (size_t i = 0; i < CP_LEN(cases); i++)
		expect_found(cases[i].name, &cases[i].b, cases[i].expected);
}

static void test_edits(void **state)
{
	(void)state;
	expect_edit(BASE "COPY . .\nRUN pip install --no-cache-dir \\\n  -r r.txt\n",
		    "COPY r.txt .\nRUN pip install --no-cache-dir \\\n  -r r.txt\nCOPY . .\n");
	expect_edit(BASE "COPY . .\nRUN pip install --no-cache-dir -r r.txt",
		    "COPY r.txt .\nRUN pip install --no-cache-dir -r r.txt\nCOPY . .\n");
	expect_edit(BASE "COPY . /app\nRUN pip install --no-cache-dir -r r.txt\n", NULL);
	expect_edit(BASE "COPY . .\n# why\nRUN pip install --no-cache-dir -r r.txt\n", NULL);
	expect_edit(BASE "COPY --chown=1 . .\nRUN pip install --no-cache-dir -r r.txt\n", NULL);
	expect_edit(BASE "RUN true && \\\n  pip install x\n", "  pip install --no-cache-dir x\n");
	expect_edit(BASE "RUN pip install x && pip install y\n", NULL);
}

static void test_gates(void **state)
{
	static const struct build b = {BASE "RUN pip install x\n", {{NULL, NULL}}, NULL, NULL};
	struct world w = {0};

	(void)state;
	advise(&w, &b);
	assert_true(cp_advice_fails(&w.advice, CP_S("pip-cache")));
	assert_true(cp_advice_fails(&w.advice, CP_S("warning")));
	assert_true(cp_advice_fails(&w.advice, CP_S("info")));
	assert_false(cp_advice_fails(&w.advice, CP_S("error")));
	assert_false(cp_advice_fails(&w.advice, CP_S("no-user")));
	assert_true(cp_advice_is_gate(CP_S("no-user")) && cp_advice_is_gate(CP_S("error")));
	assert_false(cp_advice_is_gate(CP_S("miss")) || cp_advice_is_gate(CP_S("")));
	release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_gates),
	};

	return cmocka_run_group_tests_name("advise", tests, NULL, NULL);
}
