#include "pool.h"

#include <pthread.h>
#include <unistd.h>

struct pool {
	const struct cp_run *run;
	const struct cp_pool_work *work;
	size_t n;
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	struct cp_err err;
	int failed;
};

struct worker {
	struct pool *pool;
	unsigned thread;
};

unsigned cp_pool_threads(size_t pieces)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = cores > 1 ? (unsigned)cores : 1;

	if (n > CP_MAX_THREADS)
		n = CP_MAX_THREADS;
	if (n > pieces)
		n = pieces ? (unsigned)pieces : 1;
	return n;
}

static void fail(struct pool *p, int code, const struct cp_err *err)
{
	pthread_mutex_lock(&p->lock);
	if (!p->failed) {
		p->failed = code;
		p->err = *err;
	}
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->stop, true);
}

/* The caller's thread asks the host; the others see what cancel() left. */
static bool is_cancelled(const struct worker *w)
{
	const struct cp_run *run = w->pool->run;

	if (w->thread == 0)
		return cp_run_is_cancelled(run);
	return run->world->cancel && atomic_load(run->world->cancel);
}

static void *work(void *self)
{
	struct worker *w = self;
	struct pool *p = w->pool;

	while (!atomic_load(&p->stop)) {
		struct cp_err err = {0};
		size_t at = atomic_fetch_add(&p->next, 1);
		int r;

		if (at >= p->n)
			break;
		r = is_cancelled(w) ? cp_err_set(&err, CP_ECANCELLED, "cancelled")
				    : p->work->piece(p->work->self, w->thread, at, &err);
		if (r < 0)
			fail(p, r, &err);
		else if (w->thread == 0 && p->work->tick)
			p->work->tick(p->work->self, at + 1);
	}
	return NULL;
}

int cp_pool_run(const struct cp_run *run, unsigned threads, size_t n,
		const struct cp_pool_work *pool_work, struct cp_err *err)
{
	struct pool p = {.run = run, .work = pool_work, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct worker workers[CP_MAX_THREADS];
	pthread_t ids[CP_MAX_THREADS];
	unsigned started = 1;

	if (cp_run_is_cancelled(run))
		return cp_err_set(err, CP_ECANCELLED, "cancelled");
	for (unsigned i = 0; i < CP_MAX_THREADS; i++)
		workers[i] = (struct worker){&p, i};
	while (started < threads && started < CP_MAX_THREADS && started < n &&
	       pthread_create(&ids[started], NULL, work, &workers[started]) == 0)
		started++;
	work(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(ids[i], NULL);
	pthread_mutex_destroy(&p.lock);
	if (p.failed && err)
		*err = p.err;
	return p.failed;
}
