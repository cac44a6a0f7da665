#include "progress.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CELLS 30

static volatile sig_atomic_t interrupted;
static int shown = -1; /* per cent on the screen, -1 = no bar */

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static int32_t is_cancelled(void *userdata)
{
	(void)userdata;
	return interrupted;
}

static void on_progress(void *userdata, uint64_t done, uint64_t total, const char *what)
{
	int now = total ? (int)(done * 100 / total) : 0, cells = now * CELLS / 100;
	char bar[CELLS + 1];

	(void)userdata;
	if (now == shown || !isatty(STDERR_FILENO))
		return;
	shown = now;
	memset(bar, '.', CELLS);
	memset(bar, '#', (size_t)(cells > CELLS ? CELLS : cells));
	bar[CELLS] = '\0';
	fprintf(stderr, "\r[%s] %llu of %llu %s", bar, (unsigned long long)done,
		(unsigned long long)total, what);
	fflush(stderr);
}

void progress_install(struct cachepredict_host *host)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_interrupt;
	action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL); /* a CI that gives the run up */
	host->progress = on_progress;
	host->is_cancelled = is_cancelled;
}

int progress_end(void)
{
	if (shown >= 0)
		fputs("\r\033[K", stderr);
	shown = -1;
	return interrupted;
}
