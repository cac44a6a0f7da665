/*
 * Every allocation fails once: call k of a method runs with its k-th allocation refused, for k = 1,
 * 2, ... until a call gets by without one. Each call must come back, with CACHEPREDICT_ENOMEM or
 * with the same answer as ever, and must leave nothing allocated. The plugin finds these functions
 * in the program before those of libc. What libgit2 allocates is not refused: version 1.5 follows
 * NULL by itself (repository_alloc); so the plugin is built with shared libraries here, and callers
 * are told apart by where their code is. Speaks TAP. usage: torture PLUGIN REPOSITORY
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <malloc.h>
#include <unistd.h>

#include "../abi/abi.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static long countdown; /* 0 = not armed */
static long live;      /* blocks allocated and not freed */
static int refused;
static void *frames[12]; /* who asked for the refused allocation */
static int n_frames;

/* Code whose allocations are refused. jansson's are not: it drops a byte when its buffer cannot
 * grow (lex_save). */
static struct range {
	uintptr_t from, to;
} ranges[16];
static size_t n_ranges;

static int add_ranges(struct dl_phdr_info *info, size_t size, void *self)
{
	static const char *const objects[] = {"/cachepredict.so", "/libyaml-0.so"};

	(void)size;
	(void)self;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (!strstr(info->dlpi_name, objects[i]))
			continue;
		for (int k = 0; k < info->dlpi_phnum && n_ranges < 16; k++) {
			const ElfW(Phdr) *h = &info->dlpi_phdr[k];

			if (h->p_type == PT_LOAD && (h->p_flags & PF_X))
				ranges[n_ranges++] =
					(struct range){info->dlpi_addr + h->p_vaddr,
						       info->dlpi_addr + h->p_vaddr + h->p_memsz};
		}
	}
	return 0;
}

static int refuse(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	size_t i = 0;

	if (__atomic_load_n(&countdown, __ATOMIC_RELAXED) <= 0)
		return 0;
	while (i < n_ranges && !(at >= ranges[i].from && at < ranges[i].to))
		i++;
	if (i == n_ranges || __atomic_sub_fetch(&countdown, 1, __ATOMIC_RELAXED) != 0)
		return 0;
	refused = 1;
	n_frames = backtrace(frames, 12);
	errno = ENOMEM;
	return 1;
}

static void count(long n)
{
	__atomic_add_fetch(&live, n, __ATOMIC_RELAXED);
}

#define REFUSED refuse(__builtin_return_address(0))

void *malloc(size_t n)
{
	void *p = REFUSED ? NULL : __libc_malloc(n);

	count(p != NULL);
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = REFUSED ? NULL : __libc_calloc(n, size);

	count(p != NULL);
	return p;
}

void *realloc(void *old, size_t n)
{
	void *p = REFUSED ? NULL : __libc_realloc(old, n);

	count(!old && p);
	return p;
}

void *memalign(size_t align, size_t n)
{
	void *p = REFUSED ? NULL : __libc_memalign(align, n);

	count(p != NULL);
	return p;
}

void *aligned_alloc(size_t align, size_t n)
{
	void *p = REFUSED ? NULL : __libc_memalign(align, n);

	count(p != NULL);
	return p;
}

void free(void *p)
{
	count(-(p != NULL));
	__libc_free(p);
}

/* "function file:line" of the frames inside the plugin, the innermost ones. */
static void say_who(const char *plugin)
{
	char command[1024];
	size_t n = (size_t)snprintf(command, sizeof(command), "addr2line -sfp -e '%s'", plugin);
	FILE *lines;
	int c;

	for (int i = 0, said = 0; i < n_frames && said < 7; i++) {
		Dl_info at;

		if (!dladdr(frames[i], &at) || !strstr(at.dli_fname, "cachepredict.so"))
			continue;
		n += (size_t)snprintf(command + n, sizeof(command) - n, " %#lx",
				      (unsigned long)((char *)frames[i] - (char *)at.dli_fbase) -
					      1);
		said++;
	}
	fflush(stdout);
	lines = popen(command, "r");
	for (int start = 1; lines && (c = getc(lines)) != EOF; start = c == '\n') {
		if (start)
			fputs("#     ", stdout);
		putchar(c);
	}
	if (lines)
		pclose(lines);
}

struct outcome {
	int32_t code;
	uint64_t hash;
	char message[200];
};

static struct outcome call_once(const struct cachepredict_plugin *p, const char *method,
				const char *request, long fail_at)
{
	static struct cachepredict_error error;
	struct cachepredict_context *c = NULL;
	struct cachepredict_result *r = NULL;
	struct outcome o = {0};
	uint64_t n = 0;

	memset(&error, 0, sizeof(error));
	error.struct_size = sizeof(error);
	refused = 0;
	countdown = fail_at;
	o.code = p->create(NULL, &c, &error);
	if (o.code == CACHEPREDICT_OK)
		o.code = p->call(c, method, request, strlen(request), &r, &error);
	countdown = 0;
	if (o.code == CACHEPREDICT_OK) {
		const char *text = p->result_text(r, &n);

		for (uint64_t i = 0; i < n; i++)
			o.hash = (o.hash ^ (unsigned char)text[i]) * 1099511628211u;
	} else {
		snprintf(o.message, sizeof(o.message), "%.199s", error.message);
	}
	p->result_free(r);
	p->destroy(c);
	return o;
}

static void torture(const char *plugin, const struct cachepredict_plugin *p, const char *method,
		    const char *request)
{
	struct outcome right = call_once(p, method, request, 0);
	long k = 0, wrong = 0, lost = 0, left, base;
	int is_wrong;
	char name[80];

	right = call_once(p, method, request, 0); /* what is set up once is set up now */
	base = live;
	if (right.code != CACHEPREDICT_OK)
		printf("# %s\n", right.message);
	do {
		struct outcome o = call_once(p, method, request, ++k);

		if (!refused)
			break;
		left = live - base;
		is_wrong = o.code == CACHEPREDICT_OK ? o.hash != right.hash
						     : o.code != CACHEPREDICT_ENOMEM;
		if (left || is_wrong) {
			printf("# allocation %ld of %s: code %d, %s; %ld blocks left\n", k, method,
			       (int)o.code,
			       o.code     ? o.message
			       : is_wrong ? "another answer"
					  : "",
			       left);
			say_who(plugin);
		}
		wrong += is_wrong;
		lost += left != 0;
		base = live;
	} while (k < 1000000);
	printf("# %s: %ld allocations\n", method, k - 1);
	snprintf(name, sizeof(name), "%s: out of memory is returned, and no answer is wrong",
		 method);
	tap(right.code == CACHEPREDICT_OK && k > 20 && wrong == 0, name);
	snprintf(name, sizeof(name), "%s: nothing is lost on the way out", method);
	tap(right.code == CACHEPREDICT_OK && lost == 0, name);
}

/* Reports of scanners, as JSON in a string of JSON: layers of the repository's Dockerfile, and what is in them. */
#define ID(digit)                                                                                  \
	"\\\"sha256:000000000000000000000000000000000000000000000000000000000000000" digit "\\\""
#define BASE ID("1")
#define TOP ID("3")
#define TRIVY                                                                                                                 \
	"{\\\"SchemaVersion\\\":2,\\\"Metadata\\\":{\\\"Size\\\":2000000000,\\\"ImageConfig\\\":{\\\"history\\\":["           \
	"{\\\"created_by\\\":\\\"x\\\"},{\\\"created_by\\\":\\\"WORKDIR /app\\\"},"                                           \
	"{\\\"created_by\\\":\\\"COPY /install /usr/local # buildkit\\\"}],"                                                  \
	"\\\"rootfs\\\":{\\\"diff_ids\\\":[" BASE "," BASE "," TOP "]}}},"                                                    \
	"\\\"Results\\\":[{\\\"Type\\\":\\\"pip\\\",\\\"Packages\\\":[{\\\"Name\\\":\\\"torch\\\",\\\"Version\\\":\\\"1\\\"," \
	"\\\"Layer\\\":{\\\"DiffID\\\":" TOP                                                                                  \
	"}}],\\\"Vulnerabilities\\\":[{\\\"VulnerabilityID\\\":\\\"C1\\\","                                                   \
	"\\\"PkgName\\\":\\\"fastapi\\\",\\\"InstalledVersion\\\":\\\"0.115.0\\\",\\\"FixedVersion\\\":\\\"1\\\","            \
	"\\\"Severity\\\":\\\"HIGH\\\",\\\"Layer\\\":{\\\"DiffID\\\":" TOP "}}]}]}"
#define SCOUT                                                                                             \
	"{\\\"runs\\\":[{\\\"tool\\\":{\\\"driver\\\":{\\\"name\\\":\\\"docker scout\\\",\\\"rules\\\":[" \
	"{\\\"id\\\":\\\"C2\\\",\\\"properties\\\":{\\\"purls\\\":[\\\"pkg:pypi/torch@1\\\",\\\"pkg:npm/%40a/b@1\\\"]}}]}}}]}"
#define REPORTS                                                                                    \
	",\"reports\":[{\"name\":\"a\",\"text\":\"" TRIVY "\"},{\"name\":\"b\",\"text\":\"" SCOUT  \
	"\"}]"

int main(int argc, char **argv)
{
	static const char *const extras[][2] = {
		{"predict", ""},
		{"predict",
		 ",\"format\":\"markdown\",\"targets\":[\"builder\",\"1\"],\"image\":{\"build_args\":{\"A\":\"1\"},\"platforms\":[\"linux/arm64\"]}"},
		{"predict", ",\"head\":\":worktree\",\"format\":\"table\""},
		{"explain", ",\"explain\":\"src/__main__.py\""},
		{"paths", ""},
		{"graph", ",\"format\":\"mermaid\""},
		{"affected", ""},
		{"predict", ",\"format\":\"html\""},
		{"predict", ",\"format\":\"github-output\""},
		{"comment",
		 ",\"dry_run\":true,\"state\":null,\"forge\":\"bitbucket\",\"forge_repository\":\"a/b\",\"pull_request\":\"1\""},
		{"advise", ",\"format\":\"sarif\""},
		{"advise", ",\"format\":\"patch\""},
		{"advise", ",\"commits\":3"},
		{"advise", ",\"format\":\"json\",\"built\":[\"a/b:1\"],\"offline\":true" REPORTS},
		{"advise", ",\"format\":\"markdown\"" REPORTS},
		{"advise", ",\"format\":\"table\"" REPORTS},
		{"backtest", ",\"commits\":3,\"format\":\"table\""},
		{"keys", ",\"offline\":true,\"state\":null,\"preimage\":true"},
		{"keys", ",\"offline\":true,\"state\":null,\"diff\":true,\"format\":\"text\""},
	};
	/* a build and its record, which the calls behind it look up; the same build again is the same record */
	static const char *const remembered[][2] = {
		{"record",
		 ",\"logs\":[{\"name\":\"log\",\"text\":\""
		 "{\\\"vertexes\\\":[{\\\"digest\\\":\\\"sha256:1111111111111111111111111111111111111111111111111111111111111111\\\",\\\"name\\\":\\\"[2/3] COPY requirements.txt .\\\",\\\"started\\\":\\\"2026-01-02T03:00:00Z\\\",\\\"completed\\\":\\\"2026-01-02T03:00:01Z\\\"}]}\\n"
		 "{\\\"vertexes\\\":[{\\\"digest\\\":\\\"sha256:2222222222222222222222222222222222222222222222222222222222222222\\\",\\\"name\\\":\\\"[3/3] RUN pip install\\\",\\\"started\\\":\\\"2026-01-02T03:00:04Z\\\",\\\"completed\\\":\\\"2026-01-02T03:00:05Z\\\"}]}\\n"
		 "\"}]"},
		{"record", ",\"accuracy\":true"},
		{"record", ",\"export\":true"},
		{"predict", ""},
		{"split", ",\"split\":\"requirements.txt\""},
	};
	const struct cachepredict_plugin *p;
	char request[4096], state[1024];
	void *so;

	if (argc < 3 || !(so = abi_load(argv[1], &p)) || !p)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	dl_iterate_phdr(add_ranges, NULL);
	n_frames = backtrace(frames, 12); /* loads what it needs, before anything is counted */
	for (size_t i = 0; argc > 3 && i < 2; i++) {
		snprintf(
			request, sizeof(request),
			"{\"repository\":\"%s\",\"offline\":true,\"state\":null,\"image\":{\"cache_from\":[\"type=local,src=%s\"]}}",
			argv[2], argv[3]);
		torture(argv[1], p, i ? "cache" : "predict", request);
	}
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		snprintf(request, sizeof(request), "{\"repository\":\"%s\",\"base\":\"HEAD~1\"%s}",
			 argv[2], extras[i][1]);
		torture(argv[1], p, extras[i][0], request);
	}
	for (size_t i = 0; i < sizeof(remembered) / sizeof(remembered[0]); i++) {
		snprintf(state, sizeof(state), "%s.state", argv[1]);
		if (i == 0)
			unlink(state);
		snprintf(
			request, sizeof(request),
			"{\"repository\":\"%s\",\"base\":\"HEAD~1\",\"state\":\"%s\",\"project\":\"app\"%s}",
			argv[2], state, remembered[i][1]);
		torture(argv[1], p, remembered[i][0], request);
	}
	dlclose(so);
	return tap_end();
}
