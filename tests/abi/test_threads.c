/* Contexts are independent: threads with one each give the same answers, and cancel comes from any
 * thread. Meant for SAN=thread, too. */
#include "abi.h"

#include <pthread.h>

#define THREADS 4
#define CALLS 25

struct job {
	const struct cachepredict_plugin *p;
	const char *request, *expected;
	int right;
};

static void *predict_often(void *self)
{
	struct job *j = self;

	for (int i = 0; i < CALLS; i++) {
		struct cachepredict_context *c = NULL;
		char *answer;

		if (j->p->create(NULL, &c, NULL) != CACHEPREDICT_OK)
			return NULL;
		for (int k = 0; k < 2; k++) {
			answer = abi_predict(j->p, c, j->request);
			j->right += answer && strcmp(answer, j->expected) == 0;
			free(answer);
		}
		j->p->destroy(c);
	}
	return NULL;
}

static void test_together(const struct cachepredict_plugin *p, const char *request)
{
	struct cachepredict_context *c = NULL;
	struct job jobs[THREADS] = {{0}};
	pthread_t threads[THREADS];
	char *expected;
	int right = 0;

	if (p->create(NULL, &c, NULL) != CACHEPREDICT_OK ||
	    !(expected = abi_predict(p, c, request))) {
		tap(0, "a first answer");
		return;
	}
	p->destroy(c);
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){.p = p, .request = request, .expected = expected};
		pthread_create(&threads[i], NULL, predict_often, &jobs[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		right += jobs[i].right;
	}
	printf("# %d of %d answers right\n", right, THREADS * CALLS * 2);
	tap(right == THREADS * CALLS * 2, "threads with a context each all get the same answer");
	free(expected);
}

/* The result of one thread is read and freed by another. */
static void *read_result(void *self)
{
	struct job *j = self;
	struct cachepredict_context *c = NULL;
	struct cachepredict_result *r = NULL;

	if (j->p->create(NULL, &c, NULL) == CACHEPREDICT_OK &&
	    j->p->call(c, "predict", j->request, strlen(j->request), &r, NULL) == CACHEPREDICT_OK)
		j->right = 1;
	j->p->destroy(c);
	return r;
}

static void test_handover(const struct cachepredict_plugin *p, const char *request)
{
	struct job j = {.p = p, .request = request};
	pthread_t thread;
	void *result = NULL;
	uint64_t n = 0;

	pthread_create(&thread, NULL, read_result, &j);
	pthread_join(thread, &result);
	tap(result && p->result_text(result, &n) && n > 0 && p->result_step_count(result) > 0,
	    "a result is for any thread");
	p->result_free(result);
}

struct cancelling {
	const struct cachepredict_plugin *p;
	struct cachepredict_context *c;
	int asked;
};

/* Called inside a call: another thread cancels now, and is waited for, so that nothing depends on
 * timing. */
static void *cancel_it(void *self)
{
	struct cancelling *x = self;

	x->p->cancel(x->c);
	return NULL;
}

static int32_t ask(void *userdata)
{
	struct cancelling *x = userdata;
	pthread_t thread;

	if (x->asked++ == 0 && pthread_create(&thread, NULL, cancel_it, x) == 0)
		pthread_join(thread, NULL);
	return 0;
}

static void test_cancel(const struct cachepredict_plugin *p, const char *request)
{
	struct cancelling x = {.p = p};
	struct cachepredict_host host = {.struct_size = sizeof(host),
					 .abi = CACHEPREDICT_HOST_ABI,
					 .userdata = &x,
					 .is_cancelled = ask};
	struct cachepredict_result *r = NULL;
	int32_t code;

	if (p->create(&host, &x.c, NULL) != CACHEPREDICT_OK) {
		tap(0, "a context to cancel");
		return;
	}
	code = p->call(x.c, "predict", request, strlen(request), &r, NULL);
	tap(x.asked > 0 && code == CACHEPREDICT_ECANCELLED && !r,
	    "cancel from another thread stops the call");
	code = p->call(x.c, "predict", request, strlen(request), &r, NULL);
	tap(code == CACHEPREDICT_OK && r, "the next call runs again");
	p->result_free(r);
	p->destroy(x.c);
}

int main(int argc, char **argv)
{
	const struct cachepredict_plugin *p;
	char *request;
	void *so;

	if (argc < 3 || !(so = abi_load(argv[1], &p)) || !p)
		return 1;
	request = abi_request(argv[2], NULL);
	test_together(p, request);
	test_handover(p, request);
	test_cancel(p, request);
	free(request);
	dlclose(so);
	return tap_end();
}
