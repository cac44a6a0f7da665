/* Loading and unloading leaves no trace: memory, descriptors, mappings, thread keys, and nothing of
 * the process is changed. */
#define _GNU_SOURCE
#include "abi.h"

#include <dirent.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#define ROUNDS                                                                                     \
	(SANITIZED ? 50                                                                            \
		   : 1100) /* over PTHREAD_KEYS_MAX (1024): a key lost per round would show   \
				 */

static size_t count_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static int one_round(const char *path, const char *request, char **ret_answer)
{
	const struct cachepredict_plugin *p;
	struct cachepredict_context *c = NULL;
	void *so = abi_load(path, &p);
	int good;

	if (!p || p->create(NULL, &c, NULL) != CACHEPREDICT_OK)
		return 0;
	*ret_answer = abi_predict(p, c, request);
	good = *ret_answer != NULL;
	p->destroy(c);
	return dlclose(so) == 0 && good;
}

static void test_rounds(const char *path, const char *request)
{
	size_t heap = 0, maps = 0, fds = 0, heap_end, maps_end, fds_end;
	char *first = NULL;
	int good = 1, same = 1;

	for (int i = 0; i < ROUNDS && good; i++) {
		char *answer = NULL;

		if (i == ROUNDS / 2) { /* what is set up once is set up by now */
			heap = mallinfo2().uordblks;
			maps = count_lines("/proc/self/maps");
			fds = count_entries("/proc/self/fd");
		}
		good = one_round(path, request, &answer);
		if (!first && answer)
			first = strdup(answer);
		same = same && answer && strcmp(answer, first) == 0;
		free(answer);
	}
	heap_end = mallinfo2().uordblks;
	maps_end = count_lines("/proc/self/maps");
	fds_end = count_entries("/proc/self/fd");
	printf("# %d rounds: heap %zu -> %zu, mappings %zu -> %zu, descriptors %zu -> %zu\n",
	       ROUNDS, heap, heap_end, maps, maps_end, fds, fds_end);
	tap(good, "load, predict and unload work every time");
	tap(same, "every round gives the same answer");
	tap(SANITIZED || heap_end <= heap, "no memory is left behind");
	tap(SANITIZED || maps_end <= maps, "no mapping is left behind");
	tap(fds_end == fds, "no descriptor is left behind");
	free(first);
}

static void test_scope(const char *path)
{
	void *again, *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	tap(so && !dlsym(RTLD_DEFAULT, "cachepredict_plugin"),
	    "RTLD_LOCAL keeps the entry to its handle");
	again = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	tap(so && again == so &&
		    abi_table(again, CACHEPREDICT_HOST_ABI) == abi_table(so, CACHEPREDICT_HOST_ABI),
	    "loading twice gives one table");
	tap(again && dlclose(again) == 0 && abi_table(so, CACHEPREDICT_HOST_ABI),
	    "the first handle outlives the second");
	if (so)
		dlclose(so);
}

struct process {
	char cwd[4096], locale[256];
	mode_t mask;
	size_t environment;
	struct sigaction handlers[32];
};

static void look(struct process *p)
{
	extern char **environ;

	memset(p, 0, sizeof(*p));
	if (!getcwd(p->cwd, sizeof(p->cwd)))
		exit(1);
	snprintf(p->locale, sizeof(p->locale), "%s", setlocale(LC_ALL, NULL));
	p->mask = umask(022);
	umask(p->mask);
	for (char **e = environ; *e; e++)
		p->environment = p->environment * 31 + (size_t)(unsigned char)**e + strlen(*e);
	for (int s = 1; s < 32; s++)
		sigaction(s, NULL, &p->handlers[s]);
}

static int same_handlers(const struct process *a, const struct process *b)
{
	for (int s = 1; s < 32; s++)
		if (a->handlers[s].sa_handler != b->handlers[s].sa_handler ||
		    a->handlers[s].sa_flags != b->handlers[s].sa_flags)
			return 0;
	return 1;
}

/* stdout and stderr go to a file for one round: it must stay empty. */
static int is_silent(const char *path, const char *request)
{
	char name[] = "/tmp/cachepredict-abi-XXXXXX", *answer = NULL;
	int file = mkstemp(name), out = dup(1), err = dup(2);
	struct stat st = {0};

	fflush(stdout);
	dup2(file, 1);
	dup2(file, 2);
	one_round(path, request, &answer);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	fstat(file, &st);
	close(out);
	close(err);
	close(file);
	unlink(name);
	free(answer);
	return st.st_size == 0;
}

static void test_process(const char *path, const char *request)
{
	struct process before, after;
	char *answer = NULL;

	look(&before);
	one_round(path, request, &answer);
	look(&after);
	free(answer);
	tap(strcmp(before.cwd, after.cwd) == 0, "the current folder stays");
	tap(before.mask == after.mask, "the umask stays");
	tap(strcmp(before.locale, after.locale) == 0, "the locale stays");
	tap(before.environment == after.environment, "the environment stays");
	tap(same_handlers(&before, &after), "no signal handler is installed");
	tap(count_entries("/proc/self/task") == 3,
	    "no thread is left behind"); /* ".", ".." and this one */
	tap(is_silent(path, request), "nothing is written to stdout or stderr");
}

int main(int argc, char **argv)
{
	char *request;

	if (argc < 3)
		return 1;
	if (!getenv("GLIBC_TUNABLES")) { /* malloc's caches count as used memory, and how full they
					    are changes from round to round */
		setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
		execv("/proc/self/exe", argv);
	}
	request = abi_request(argv[2], NULL);
	test_rounds(argv[1], request);
	test_scope(argv[1]);
	test_process(argv[1], request);
	free(request);
	return tap_end();
}
