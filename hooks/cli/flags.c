#include "flags.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define BIT(c) (1u << (c))
#define COMPARES                                                                                   \
	(BIT(CMD_PREDICT) | BIT(CMD_EXPLAIN) | BIT(CMD_GRAPH) | BIT(CMD_COMMENT) |                 \
	 BIT(CMD_AFFECTED))
#define RUNS                                                                                       \
	(COMPARES | BIT(CMD_PATHS) | BIT(CMD_KEYS) | BIT(CMD_ADVISE) | BIT(CMD_SPLIT) |            \
	 BIT(CMD_CACHE) | BIT(CMD_BACKTEST))
#define STATES (RUNS | BIT(CMD_RECORD))
#define LOADS (STATES | BIT(CMD_RPC) | BIT(CMD_VERSION))

const struct command_info commands[N_COMMANDS] = {
	[CMD_PREDICT] =
		{"predict", "[A..B] [CONTEXT]",
		 "which steps of the build will come from the cache, and why not (the default)",
		 "Predicts the build of commit B, given that commit A was built before. CONTEXT is the build context as docker "
		 "buildx build takes it. Without A..B the head is HEAD, and the base is what the CI's variables say, else the "
		 "merge base with the remote's default branch."},
	[CMD_EXPLAIN] =
		{"explain", "STEP|PATH [A..B] [CONTEXT]",
		 "one step, or every step that a path of the repository reaches",
		 "STEP is a number, the name that BuildKit prints, or \"STAGE N/M\"; PATH is a path of the repository."},
	[CMD_PATHS] =
		{"paths", "[CONTEXT]", "the files of the commit that the image is built from",
		 "Prints every file whose bytes, mode or presence can reach a step of the build, one a line; --format github prints "
		 "a paths: filter to paste into a workflow. With --check FILE the path filters of a workflow of GitHub, GitLab or "
		 "Gitea are compared with it, and what they would miss is listed (exit code 1)."},
	[CMD_KEYS] =
		{"keys", "[--diff A B] [CONTEXT]",
		 "the cache records that the build of the commit leaves, exact",
		 "Prints BuildKit's own digests in JSON, content digests included, computed from the "
		 "repository alone; what cannot be known is null, with the reason. --preimage adds the "
		 "bytes that are hashed. --diff A B shows the bytes of both commits side by side, step by step, and the "
		 "files that make content another one."},
	[CMD_GRAPH] = {"graph", "[A..B] [CONTEXT]",
		       "stages and steps as a Mermaid or dot graph, coloured by outcome", ""},
	[CMD_AFFECTED] =
		{"affected", "[A..B] [CONTEXT]",
		 "the images that need a build, as a matrix for a CI",
		 "Of many images (--bake, --compose, the settings file) those of which a step, or the configuration, is not known to be as it "
		 "was at A, in JSON; --format matrix prints {\"include\": [...]} in one line, for fromJSON of a GitHub workflow. With --cache-from "
		 "an image is left out only when its exact result is in a cache. One that cannot be predicted is built."},
	[CMD_ADVISE] =
		{"advise", "[CONTEXT]",
		 "what to change in the Dockerfile and its ignore file, and why",
		 "Rules about layer order, the context, base images and what reaches the image, each with a name. --fail-on takes a "
		 "rule or a severity (error, warning, info). A comment `# cachepredict ignore=RULE` above an instruction silences a "
		 "rule for it, at the top of the Dockerfile for the whole file. A rule that cannot tell says nothing. With --history N the "
		 "builds of the last N commits say what each finding costs: how often a step ran for nothing, and what would have come from "
		 "the cache with the edit. Some rules speak only then."},
	[CMD_SPLIT] =
		{"split", "[FILE] [CONTEXT]",
		 "whether a requirements file should become several, and which",
		 "FILE (CONTEXT/requirements.txt) is a requirement file of pip. Its history says which packages move and which do not; the "
		 "partition into layers that reinstalls least is chosen on the first 70 % of the changes and scored on the rest. --format "
		 "patch prints a diff for git apply: the files, and the COPY and RUN of the Dockerfile. Exit code 4 when pip would "
		 "reject a line. With --bake or --compose every file that an image installs is looked at once, and all Dockerfiles that "
		 "copy it are edited. Where builds were recorded, it says minutes."},
	[CMD_COMMENT] =
		{"comment", "[A..B] [CONTEXT]",
		 "say on the pull request what it rebuilds, in one comment that is kept up to date",
		 "Predicts, and makes or updates the comment of ours on the pull request that the CI's variables or --pull-request name "
		 "(GitHub, GitLab, Gitea, Forgejo, Bitbucket). The token is CACHEPREDICT_TOKEN, else GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN "
		 "or BITBUCKET_TOKEN. Where nothing rebuilds, no comment is made. A forge that refuses is said and no failure, "
		 "unless --strict (exit code 6): the text is then in the job summary."},
	[CMD_BACKTEST] =
		{"backtest", "[CONTEXT]",
		 "what the last commits rebuilt on a builder that keeps its cache, and what an edit would have saved",
		 "Replays the builds of the last N first-parent commits (-n, 300), as one builder with all of its cache sees them: which steps "
		 "rebuilt at which commit, and why. --with PATCH replays them once more with a unified diff applied to every commit where it "
		 "fits; --with split with the requirements file split as `cachepredict split` does it, chosen on the first 70 % of its "
		 "changes. Ctrl-C prints what was done until then."},
	[CMD_CACHE] =
		{"cache", "REF... [CONTEXT]", "what a remote cache holds, and which commit's build",
		 "REF is an image reference or a value of --cache-from (type=registry,ref=..., type=local,src=DIR, "
		 "type=gha,scope=...). Size, layers, age, records, whether all steps can be loaded (mode=max), and whether BuildKit "
		 "would read it at all. In a repository the commit is looked for whose build left it, among the last 100. Exit code 3 "
		 "when none of them can be read."},
	[CMD_RECORD] =
		{"record", "[LOG...]",
		 "remember what a build really did, and how right its prediction was",
		 "LOG is what BuildKit said of one build: --progress=rawjson, --progress=plain, a --metadata-file, the output of docker "
		 "buildx history inspect --format json; several files may speak of the same build, and without one it is read from standard "
		 "input. Durations and outcomes of its steps are kept in the state (--state), by which later predictions say how long a step "
		 "takes. --prediction FILE is what cachepredict --format json said before, and is held against it."},
	[CMD_RPC] =
		{"rpc", "", "answer JSON requests, one a line, on standard input",
		 "Reads {\"id\": ..., \"method\": \"predict\", \"params\": {...}} and answers {\"id\": ..., \"status\": 0, \"verdict\": "
		 "\"...\", \"result\": {...}} or {\"id\": ..., \"error\": {\"code\": ..., \"name\": \"...\", \"message\": \"...\"}}, each in "
		 "one line. Methods are predict, explain, paths, keys, graph, advise, split, comment, cache, record, affected, backtest and version; params is the request of the plugin "
		 "(schema/request.json)."},
	[CMD_VERSION] = {"version", "", "versions of the helper and of the plugin", ""},
	[CMD_HELP] = {"help", "[COMMAND]",
		      "this help, or that of a command; `help man` prints the manual page", ""},
	[CMD_COMPLETION] = {"completion", "bash|zsh|fish", "a completion script for a shell", ""},
};

const char *const group_titles[N_GROUPS] = {
	[GROUP_COMPARE] = "What is compared",
	[GROUP_BUILD] = "The build, in the words of docker buildx build",
	[GROUP_IMAGES] = "Many images",
	[GROUP_NETWORK] = "Registries",
	[GROUP_FORGE] = "The pull request",
	[GROUP_OUTPUT] = "Output and gates",
	[GROUP_HELPER] = "The helper",
};

#define DOCKER_BOOL(n, l)                                                                          \
	{                                                                                          \
		.name = n, .letter = l, .kind = FLAG_BOOL, .group = GROUP_DOCKER                   \
	}
#define DOCKER_TEXT(n, l)                                                                          \
	{                                                                                          \
		.name = n, .letter = l, .kind = FLAG_LIST, .group = GROUP_DOCKER, .value = "VALUE" \
	}

const struct flag flags[] = {
	[F_BASE] = {"base", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "base", RUNS, "REV", NULL,
		    "commit whose build is in the cache"},
	[F_HEAD] = {"head", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "head", RUNS, "REV", NULL,
		    "commit to predict (HEAD)"},
	[F_REV] = {"rev", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "head",
		   BIT(CMD_KEYS) | BIT(CMD_ADVISE) | BIT(CMD_CACHE) | BIT(CMD_BACKTEST), "REV",
		   NULL, "the same: commit that is looked at"},
	[F_INDEX] = {"index", 0, FLAG_BOOL, GROUP_COMPARE, IN_NOTHING, NULL, RUNS, NULL, NULL,
		     "predict what is staged"},
	[F_WORK_TREE] = {"work-tree", 0, FLAG_BOOL, GROUP_COMPARE, IN_NOTHING, NULL, RUNS, NULL,
			 NULL, "predict the files on disk"},
	[F_CONTEXT_FROM] =
		{"context-from", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "context_from", RUNS,
		 "HOW", "clone|export",
		 "the context is a clone with its .git (clone), or a tree without (export)"},
	[F_BUILDER] = {"builder", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "builder", RUNS,
		       "RELEASE", NULL,
		       "whose rules hold: buildkit=0.26, or frontend=1.20,daemon=0.26 (0.34)"},
	[F_UMASK] = {"umask", 0, FLAG_TEXT, GROUP_COMPARE, IN_REQUEST, "umask", RUNS, "OCTAL", NULL,
		     "umask of the checkout that is built (022)"},
	[F_STATE] = {"state", 0, FLAG_TEXT, GROUP_HELPER, IN_REQUEST, "state", STATES, "FILE|DIR",
		     "<file>",
		     "where digests of files and builds are remembered (~/.cache/cachepredict)"},
	[F_NO_STATE] = {"no-state", 0, FLAG_BOOL, GROUP_HELPER, IN_NOTHING, NULL, STATES, NULL,
			NULL, "remember nothing"},
	[F_DIRECTORY] = {"directory", 'C', FLAG_TEXT, GROUP_COMPARE, IN_NOTHING, NULL,
			 STATES | BIT(CMD_RPC), "DIR", "<folder>", "run as if started in DIR"},

	[F_FILE] = {"file", 'f', FLAG_TEXT, GROUP_BUILD, IN_IMAGE, "dockerfile", RUNS, "PATH",
		    "<file>", "the Dockerfile (CONTEXT/Dockerfile)"},
	[F_TARGET] = {"target", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "target", RUNS, "STAGE", NULL,
		      "stage to build; several are predicted one by one"},
	[F_BUILD_ARG] = {"build-arg", 0, FLAG_PAIRS, GROUP_BUILD, IN_IMAGE, "build_args", RUNS,
			 "KEY[=VALUE]", NULL, "build argument; without value from the environment"},
	[F_BUILD_CONTEXT] = {"build-context", 0, FLAG_PAIRS, GROUP_BUILD, IN_IMAGE,
			     "build_contexts", RUNS, "NAME=VALUE", NULL, "further named context"},
	[F_PLATFORM] = {"platform", 0, FLAG_WORDS, GROUP_BUILD, IN_IMAGE, "platforms", RUNS,
			"OS/ARCH", NULL, "platforms to build for (linux/amd64)"},
	[F_NO_CACHE] = {"no-cache", 0, FLAG_BOOL, GROUP_BUILD, IN_IMAGE, "no_cache", RUNS, NULL,
			NULL, "the build uses no cache"},
	[F_NO_CACHE_FILTER] = {"no-cache-filter", 0, FLAG_WORDS, GROUP_BUILD, IN_IMAGE,
			       "no_cache_filter", RUNS, "STAGE", NULL,
			       "the build uses no cache for these stages"},
	[F_PULL] = {"pull", 0, FLAG_BOOL, GROUP_BUILD, IN_IMAGE, "pull", RUNS, NULL, NULL,
		    "base images are resolved anew"},
	[F_CACHE_FROM] = {"cache-from", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "cache_from", RUNS,
			  "SOURCE", NULL, "cache that the build reads"},
	[F_CACHE_TO] = {"cache-to", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "cache_to", RUNS, "DEST",
			NULL, "cache that the build writes"},
	[F_ADD_HOST] = {"add-host", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "add_hosts", RUNS,
			"HOST:IP", NULL, "entry of /etc/hosts"},
	[F_NETWORK] = {"network", 0, FLAG_TEXT, GROUP_BUILD, IN_IMAGE, "network", RUNS, "MODE",
		       "default|none|host", "network of RUN instructions"},
	[F_ULIMIT] = {"ulimit", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "ulimits", RUNS,
		      "NAME=SOFT[:HARD]", NULL, "limit of RUN instructions"},
	[F_SHM_SIZE] = {"shm-size", 0, FLAG_TEXT, GROUP_BUILD, IN_IMAGE, "shm_size", RUNS, "BYTES",
			NULL, "size of /dev/shm"},
	[F_CGROUP_PARENT] = {"cgroup-parent", 0, FLAG_TEXT, GROUP_BUILD, IN_IMAGE, "cgroup_parent",
			     RUNS, "PATH", NULL, "parent cgroup of RUN instructions"},
	[F_SECRET] = {"secret", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "secrets", RUNS, "SPEC", NULL,
		      "secret for the build (never a part of keys)"},
	[F_SSH] = {"ssh", 0, FLAG_LIST, GROUP_BUILD, IN_IMAGE, "ssh", RUNS, "SPEC", NULL,
		   "SSH agent for the build (never a part of keys)"},
	[F_LABEL] = {"label", 0, FLAG_PAIRS, GROUP_BUILD, IN_IMAGE, "labels", RUNS, "KEY=VALUE",
		     NULL, "label of the image"},
	[F_TAG] = {"tag", 't', FLAG_LIST, GROUP_BUILD, IN_IMAGE, "tags", RUNS, "NAME", NULL,
		   "name of the image"},

	[F_BAKE] = {"bake", 0, FLAG_TEXT, GROUP_IMAGES, IN_REQUEST, "bake", RUNS, "FILE", "<file>",
		    "images of a file made by docker buildx bake --print"},
	[F_COMPOSE] = {"compose", 0, FLAG_LIST, GROUP_IMAGES, IN_REQUEST, "compose", RUNS, "FILE",
		       "<file>", "images of compose files, merged in order"},
	[F_ONLY] = {"only", 0, FLAG_WORDS, GROUP_IMAGES, IN_REQUEST, "only", RUNS, "NAME", NULL,
		    "only these images, targets or services"},
	[F_CONFIG] = {"config", 0, FLAG_TEXT, GROUP_IMAGES, IN_REQUEST, "config", RUNS, "FILE|none",
		      "<file>",
		      "settings of the repository (.cachepredict.json of the base commit)"},
	[F_IMAGE_METADATA] = {"image-metadata", 0, FLAG_TEXT, GROUP_IMAGES, IN_REQUEST,
			      "image_metadata", RUNS, "FILE", "<file>",
			      "digests and configs of base images"},

	[F_BASE_IMAGE_METADATA] = {"base-image-metadata", 0, FLAG_TEXT, GROUP_NETWORK, IN_REQUEST,
				   "base_image_metadata", COMPARES, "FILE", "<file>",
				   "the same of the build before: a tag that moved since is named"},
	[F_SAVE_IMAGE_METADATA] = {"save-image-metadata", 0, FLAG_TEXT, GROUP_NETWORK, IN_NOTHING,
				   NULL, RUNS, "FILE", "<file>",
				   "write what registries said, for --image-metadata"},
	[F_OFFLINE] = {"offline", 0, FLAG_BOOL, GROUP_NETWORK, IN_REQUEST, "offline", RUNS, NULL,
		       NULL, "send no request"},
	[F_TIMEOUT] = {"timeout", 0, FLAG_NUMBER, GROUP_NETWORK, IN_REQUEST, "timeout", RUNS,
		       "SECONDS", NULL, "for all requests together (10)"},
	[F_RESOLVE_IMAGES] = {"resolve-images", 0, FLAG_BOOL, GROUP_NETWORK, IN_REQUEST,
			      "resolve_images", COMPARES, NULL, NULL,
			      "ask registries for base images also without --cache-from"},
	[F_REGISTRY] = {"registry", 0, FLAG_WORDS, GROUP_NETWORK, IN_REQUEST, "registries", RUNS,
			"HOST", NULL, "may be asked, even if only this commit names it"},
	[F_REGISTRY_MIRROR] = {"registry-mirror", 0, FLAG_WORDS, GROUP_NETWORK, IN_REQUEST,
			       "registry_mirrors", RUNS, "HOST=URL", NULL, "is asked first"},
	[F_REGISTRY_HTTP] = {"registry-http", 0, FLAG_WORDS, GROUP_NETWORK, IN_REQUEST,
			     "registry_http", RUNS, "HOST", NULL, "is spoken to without TLS"},
	[F_REGISTRY_CA] = {"registry-ca", 0, FLAG_TEXT, GROUP_NETWORK, IN_REQUEST, "registry_ca",
			   RUNS, "FILE", "<file>", "further certificate authorities, PEM"},
	[F_BUILDKITD_CONFIG] = {"buildkitd-config", 0, FLAG_TEXT, GROUP_NETWORK, IN_REQUEST,
				"buildkitd_config", RUNS, "FILE", "<file>",
				"mirrors and certificates from a buildkitd.toml"},

	[F_FORGE] = {"forge", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "forge", BIT(CMD_COMMENT),
		     "NAME", "github|gitlab|gitea|forgejo|bitbucket",
		     "whose pull request it is (the CI's variables say)"},
	[F_FORGE_URL] = {"forge-url", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "forge_url",
			 BIT(CMD_COMMENT), "URL", NULL,
			 "of its API: https://HOST/api/v1 (Gitea), /api/v3 (GitHub Enterprise)"},
	[F_FORGE_REPOSITORY] = {"forge-repository", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST,
				"forge_repository", BIT(CMD_COMMENT), "OWNER/NAME", NULL,
				"the repository there"},
	[F_PULL_REQUEST] = {"pull-request", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "pull_request",
			    BIT(CMD_COMMENT), "NUMBER", NULL, "the pull or merge request"},
	[F_COMMIT] =
		{"commit", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "commit",
		 BIT(CMD_COMMENT) | BIT(CMD_RECORD), "SHA", NULL,
		 "its head as this run has it, where the head is a merge; record: what was built"},
	[F_RUN] = {"run", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "run", BIT(CMD_COMMENT), "NUMBER",
		   NULL, "number of this run: an older run does not overwrite a newer one"},
	[F_BEHAVIOUR] = {"behaviour", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "behaviour",
			 BIT(CMD_COMMENT), "HOW", "update|new|hide-and-new|delete-and-new",
			 "what becomes of the comment of the run before (update)"},
	[F_COMMENT_ID] = {"comment-id", 0, FLAG_TEXT, GROUP_FORGE, IN_REQUEST, "comment_id",
			  BIT(CMD_COMMENT), "ID", NULL,
			  "which comment, where there are several (made of what is built)"},
	[F_STATUS] = {"status", 0, FLAG_BOOL, GROUP_FORGE, IN_REQUEST, "status", BIT(CMD_COMMENT),
		      NULL, NULL, "set a commit status, too"},
	[F_CHECK_RUN] =
		{"check-run", 0, FLAG_BOOL, GROUP_FORGE, IN_REQUEST, "check_run", BIT(CMD_COMMENT),
		 NULL, NULL,
		 "make a check run with annotations, too (GitHub; elsewhere a commit status)"},
	[F_DRY_RUN] = {"dry-run", 0, FLAG_BOOL, GROUP_FORGE, IN_REQUEST, "dry_run",
		       BIT(CMD_COMMENT), NULL, NULL, "print the comment, post nothing"},
	[F_SUMMARY] = {"summary", 0, FLAG_TEXT, GROUP_FORGE, IN_NOTHING, NULL, BIT(CMD_COMMENT),
		       "FILE", "<file>",
		       "append the text to this file (GITHUB_STEP_SUMMARY, when it is not posted)"},

	[F_FORMAT] =
		{"format", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "format", STATES, "FORMAT",
		 "table|json|markdown|html|mermaid|dot|svg|junit|dotenv|github-output|annotations|list|github|sarif|codequality|patch|matrix",
		 "table, json, markdown, html, mermaid, dot, svg; for a CI: dotenv, github-output, annotations, junit; paths: list, json, github; "
		 "advise: sarif, codequality, patch; split: table, json, patch; affected: json, matrix, table"},
	[F_COLOR] = {"color", 0, FLAG_TEXT, GROUP_OUTPUT, IN_NOTHING, NULL, STATES, "WHEN",
		     "auto|always|never", "colour (auto: on a terminal, unless NO_COLOR is set)"},
	[F_WIDTH] = {"width", 0, FLAG_NUMBER, GROUP_OUTPUT, IN_NOTHING, NULL, STATES, "COLUMNS",
		     NULL, "width of tables (the terminal's, else 80)"},
	[F_ASCII] = {"ascii", 0, FLAG_BOOL, GROUP_OUTPUT, IN_STYLE, "ascii", STATES, NULL, NULL,
		     "no characters outside ASCII of our own"},
	[F_PRETTY] = {"pretty", 0, FLAG_BOOL, GROUP_OUTPUT, IN_STYLE, "pretty", STATES, NULL, NULL,
		      "indent JSON"},
	[F_FAIL_ON] =
		{"fail-on", 0, FLAG_WORDS, GROUP_OUTPUT, IN_REQUEST, "fail_on",
		 COMPARES | BIT(CMD_ADVISE), "OUTCOME", "miss|depends|unknown",
		 "exit 1 when a step has one of these outcomes; advise: a rule or a severity"},
	[F_STRICT] = {"strict", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "strict", RUNS, NULL, NULL,
		      "exit 5 when something is unknown"},
	[F_CHECK] =
		{"check", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "check", BIT(CMD_PATHS), "FILE",
		 "<file>",
		 "compare with the path filters of this workflow; exit 1 when they miss something"},
	[F_DIFF] = {"diff", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "diff", BIT(CMD_KEYS), NULL,
		    NULL, "keys --diff A B: why steps of commit B have other keys than at A"},
	[F_COMMITS] = {"commits", 'n', FLAG_NUMBER, GROUP_COMPARE, IN_REQUEST, "commits",
		       BIT(CMD_BACKTEST), "N", NULL, "backtest: so many commits (300)"},
	[F_HISTORY] = {"history", 0, FLAG_NUMBER, GROUP_COMPARE, IN_REQUEST, "commits",
		       BIT(CMD_ADVISE), "N", NULL,
		       "advise: what is at stake, by the builds of the last N commits"},
	[F_REPORT] =
		{"report", 0, FLAG_LIST, GROUP_COMPARE, IN_REQUEST, "reports",
		 BIT(CMD_ADVISE) | BIT(CMD_COMMENT), "FILE", "<file>",
		 "advise: what a scanner says of the image (Trivy: JSON, SARIF; Docker Scout: SARIF)"},
	[F_BUILT] =
		{"image", 0, FLAG_LIST, GROUP_COMPARE, IN_REQUEST, "built",
		 BIT(CMD_ADVISE) | BIT(CMD_COMMENT), "REF", NULL,
		 "advise: the image that was built, in its registry: layers and compressed sizes"},
	[F_WITH] = {"with", 0, FLAG_LIST, GROUP_COMPARE, IN_REQUEST, "with", BIT(CMD_BACKTEST),
		    "PATCH|split", "<file>",
		    "backtest: replay once more with this edit in every commit"},
	[F_PATCHES] = {"patches", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "patches",
		       BIT(CMD_BACKTEST), NULL, NULL,
		       "backtest: JSON has the edit that a split made in every commit"},
	[F_LAYERS] = {"layers", 0, FLAG_NUMBER, GROUP_OUTPUT, IN_REQUEST, "layers", BIT(CMD_SPLIT),
		      "N", NULL, "split: at most so many files (3)"},
	[F_WEIGHTS] = {"weights", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "weights", BIT(CMD_SPLIT),
		       "FILE", "<file>",
		       "split: JSON, package name to cost of installing it (all equal)"},
	[F_FORK] = {"fork", 0, FLAG_BOOL, GROUP_COMPARE, IN_REQUEST, "fork", COMPARES, NULL, NULL,
		    "the pull request is a fork's, which writes no cache (the CI's variables say)"},
	[F_LOG] = {"log", 0, FLAG_LIST, GROUP_OUTPUT, IN_NOTHING, NULL, BIT(CMD_RECORD), "FILE",
		   "<file>", "record: a log, as LOG"},
	[F_KIND] = {"kind", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "kind", BIT(CMD_RECORD), "KIND",
		    "rawjson|plain|metadata|inspect", "record: what the logs are (seen from them)"},
	[F_PREDICTION] = {"prediction", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "prediction",
			  BIT(CMD_RECORD), "FILE", "<file>",
			  "record: what was predicted, the JSON of predict"},
	[F_PROJECT] = {"project", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "project", STATES, "NAME",
		       NULL, "name of the repository in the state (host and path of origin)"},
	[F_ACCURACY] = {"accuracy", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "accuracy",
			BIT(CMD_RECORD), NULL, NULL,
			"record: how right predictions were, for every repository"},
	[F_EXPORT] = {"export", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "export", BIT(CMD_RECORD),
		      NULL, NULL, "record: print what is recorded, one build a line"},
	[F_IMPORT] = {"import", 0, FLAG_TEXT, GROUP_OUTPUT, IN_REQUEST, "import", BIT(CMD_RECORD),
		      "FILE", "<file>", "record: take in what --export printed"},
	[F_PREIMAGE] = {"preimage", 0, FLAG_BOOL, GROUP_OUTPUT, IN_REQUEST, "preimage",
			BIT(CMD_KEYS), NULL, NULL, "print the bytes that the keys are digests of"},

	[F_PLUGIN] = {"plugin", 0, FLAG_TEXT, GROUP_HELPER, IN_NOTHING, NULL, LOADS, "PATH",
		      "<file>", "the cachepredict.so to load"},
	[F_HELP] = {"help", 'h', FLAG_BOOL, GROUP_HELPER, IN_NOTHING, NULL, ~0u, NULL, NULL,
		    "help"},
	[F_VERSION] = {"version", 0, FLAG_BOOL, GROUP_HELPER, IN_NOTHING, NULL, ~0u, NULL, NULL,
		       "versions"},

	/* docker buildx build, hidden flags included, and what docker build had before BuildKit */
	[F_FIRST_DOCKER] = DOCKER_TEXT("allow", 0),
	DOCKER_TEXT("annotation", 0),
	DOCKER_TEXT("attest", 0),
	DOCKER_TEXT("builder", 0),
	DOCKER_TEXT("call", 0),
	DOCKER_BOOL("check", 0),
	DOCKER_BOOL("compress", 0),
	DOCKER_TEXT("cpu-period", 0),
	DOCKER_TEXT("cpu-quota", 0),
	DOCKER_TEXT("cpu-shares", 'c'),
	DOCKER_TEXT("cpuset-cpus", 0),
	DOCKER_TEXT("cpuset-mems", 0),
	DOCKER_BOOL("debug", 'D'),
	DOCKER_BOOL("detach", 0),
	DOCKER_BOOL("disable-content-trust", 0),
	DOCKER_BOOL("force-rm", 0),
	DOCKER_TEXT("iidfile", 0),
	DOCKER_TEXT("isolation", 0),
	DOCKER_BOOL("load", 0),
	DOCKER_TEXT("memory", 'm'),
	DOCKER_TEXT("memory-swap", 0),
	DOCKER_TEXT("metadata-file", 0),
	DOCKER_TEXT("output", 'o'),
	DOCKER_TEXT("policy", 0),
	DOCKER_TEXT("print", 0),
	DOCKER_TEXT("progress", 0),
	DOCKER_TEXT("provenance", 0),
	DOCKER_BOOL("push", 0),
	DOCKER_BOOL("quiet", 'q'),
	DOCKER_BOOL("rm", 0),
	DOCKER_TEXT("root", 0),
	DOCKER_TEXT("sbom", 0),
	DOCKER_TEXT("security-opt", 0),
	DOCKER_TEXT("server-config", 0),
	DOCKER_BOOL("squash", 0),
	DOCKER_BOOL("stream", 0),
};
const size_t n_flags = sizeof(flags) / sizeof(flags[0]);

static bool visible(const struct flag *f, bool docker)
{
	return docker ? f->group == GROUP_BUILD || f->group == GROUP_DOCKER
		      : f->group != GROUP_DOCKER;
}

const struct flag *flag_find(const char *name, size_t n, bool docker)
{
	for (size_t i = 0; i < n_flags; i++)
		if (visible(&flags[i], docker) && strlen(flags[i].name) == n &&
		    memcmp(flags[i].name, name, n) == 0)
			return &flags[i];
	return NULL;
}

const struct flag *flag_letter(char letter, bool docker)
{
	for (size_t i = 0; i < n_flags; i++)
		if (visible(&flags[i], docker) && letter && flags[i].letter == letter)
			return &flags[i];
	return NULL;
}

/* Edits between two words (Levenshtein), at most 40 letters of each. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t row[41];

	n_a = n_a > 40 ? 40 : n_a;
	n_b = n_b > 40 ? 40 : n_b;
	for (size_t k = 0; k <= n_b; k++)
		row[k] = k;
	for (size_t i = 1; i <= n_a; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n_b; k++) {
			size_t same = corner + (a[i - 1] != b[k - 1]);

			corner = row[k];
			row[k] = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;
			if (same < row[k])
				row[k] = same;
		}
	}
	return row[n_b];
}

const struct flag *flag_meant(const char *name, size_t n, unsigned of_commands)
{
	const struct flag *best = NULL;
	size_t best_distance = n / 3 + 2;

	for (size_t i = 0; i < n_flags; i++) {
		size_t d;

		if (!visible(&flags[i], false) || !(flags[i].commands & of_commands))
			continue;
		d = distance(name, n, flags[i].name, strlen(flags[i].name));
		if (d < best_distance) {
			best = &flags[i];
			best_distance = d;
		}
	}
	return best;
}

int command_find(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return i;
	return -1;
}

const char *command_meant(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (distance(name, strlen(name), commands[i].name, strlen(commands[i].name)) <=
		    strlen(commands[i].name) / 4 + 1)
			return commands[i].name;
	return NULL;
}

void flag_environment(const struct flag *f, char *out, size_t room)
{
	out[0] = '\0';
	if (f->group == GROUP_DOCKER || f == &flags[F_HELP] || f == &flags[F_VERSION])
		return;
	snprintf(out, room, "CACHEPREDICT_%s", f->name);
	for (char *p = out; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}
