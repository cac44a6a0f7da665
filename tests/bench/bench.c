/*
 * Two commands in turn, many times: A B A B ... so that both see the same load. Prints medians, the
 * median of the paired ratios and of the paired differences (time by the monotonic clock around
 * fork and wait; memory is wait4's ru_maxrss), and holds them against budgets.
 *
 *   bench [-n RUNS] [-r MAX_RATIO] [-d MAX_EXTRA_MS] [-m MAX_MEMORY_RATIO] TITLE -- A... -- B...
 *
 * Time is within budget when the ratio is at most MAX_RATIO or the difference at most MAX_EXTRA_MS.
 * What both print goes to /dev/null. CPU time is printed beside: it moves less with the load of the
 * machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 1001

struct sample {
	double ms, cpu_ms, mib;
};

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void become(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

static struct sample run_once(char **argv)
{
	struct timespec from, to;
	struct rusage usage;
	struct sample s;
	int status = 0;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &from);
	child = vfork();
	if (child == 0)
		become(argv);
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("bench");
		exit(2);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "bench: %s ended with status %d\n", argv[0], status);
		exit(2);
	}
	s.ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	s.cpu_ms = (seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)) * 1e3;
	s.mib = (double)usage.ru_maxrss / 1024;
	return s;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

struct options {
	int runs;
	double ratio, extra, memory;
	char *title, **a, **b;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: bench [-n RUNS] [-r MAX_RATIO] [-d MAX_EXTRA_MS] [-m MAX_MEMORY_RATIO] TITLE -- A... -- B...\n");
	return 2;
}

/* TITLE -- A... -- B..., cut at the dashes. */
static int read_commands(char **words, struct options *o)
{
	char **p = words;

	o->title = *p++;
	if (!o->title || !*p || strcmp(*p, "--") != 0)
		return usage();
	o->a = ++p;
	while (*p && strcmp(*p, "--") != 0)
		p++;
	if (!*p || p == o->a)
		return usage();
	*p++ = NULL;
	o->b = p;
	return *p ? 0 : usage();
}

static int report(const struct options *o, struct sample *a, struct sample *b)
{
	static double v[MAX_RUNS];
	double a_ms, b_ms, a_cpu, b_cpu, a_mib, b_mib, ratio, extra;
	int n = o->runs, over;

#define MEDIAN(expression)                                                                         \
	({                                                                                         \
		for (int i = 0; i < n; i++)                                                        \
			v[i] = (expression);                                                       \
		median(v, n);                                                                      \
	})
	a_ms = MEDIAN(a[i].ms);
	b_ms = MEDIAN(b[i].ms);
	a_cpu = MEDIAN(a[i].cpu_ms);
	b_cpu = MEDIAN(b[i].cpu_ms);
	a_mib = MEDIAN(a[i].mib);
	b_mib = MEDIAN(b[i].mib);
	ratio = MEDIAN(a[i].ms / b[i].ms);
	extra = MEDIAN(a[i].ms - b[i].ms);
	over = o->ratio > 0 && ratio > o->ratio && extra > o->extra;
	printf("%-44s %8.2f ms %8.2f ms   x %.3f (%+.2f ms)%s\n", o->title, a_ms, b_ms, ratio,
	       extra, over ? "   OVER BUDGET" : "");
	printf("%-44s %8.2f ms %8.2f ms   x %.3f\n", "  CPU time", a_cpu, b_cpu,
	       MEDIAN(a[i].cpu_ms / b[i].cpu_ms));
	if (o->memory > 0) {
		int fat = a_mib / b_mib > o->memory;

		printf("%-44s %8.1f MiB%8.1f MiB  x %.3f%s\n", "  peak memory", a_mib, b_mib,
		       a_mib / b_mib, fat ? "   OVER BUDGET" : "");
		over = over || fat;
	}
	return over;
}

int main(int argc, char **argv)
{
	static struct sample a[MAX_RUNS], b[MAX_RUNS];
	struct options o = {.runs = 41};
	int c;

	while ((c = getopt(argc, argv, "+n:r:d:m:")) != -1) {
		if (c == 'n')
			o.runs = atoi(optarg);
		else if (c == 'r')
			o.ratio = atof(optarg);
		else if (c == 'd')
			o.extra = atof(optarg);
		else if (c == 'm')
			o.memory = atof(optarg);
		else
			return usage();
	}
	if (o.runs < 1 || o.runs > MAX_RUNS || read_commands(argv + optind, &o))
		return usage();
	for (int i = 0; i < 3; i++) { /* warm the page cache */
		run_once(o.a);
		run_once(o.b);
	}
	for (int i = 0; i < o.runs; i++) {
		a[i] = run_once(o.a);
		b[i] = run_once(o.b);
	}
	return report(&o, a, b);
}
