/*
 * Hosts and plugins of different age: struct_size says how much of a struct there is. Every struct
 * is put before a red zone, with a struct_size of an older header (shorter) or of a newer one
 * (longer, unknown bytes behind).
 */
#include "abi.h"

#include <stddef.h>

#define ZONE 0xA5
#define ROOM 8192

/* A struct of `size` bytes in a field of red. */
struct framed {
	union {
		unsigned char bytes[ROOM];
		uint64_t align;
		uint32_t struct_size;
	} u;
};

static void *frame(struct framed *f, size_t size)
{
	memset(f->u.bytes, ZONE, sizeof(f->u.bytes));
	memset(f->u.bytes, 0, size);
	f->u.struct_size = (uint32_t)size;
	return f->u.bytes;
}

static int zone_is_red(const struct framed *f, size_t size)
{
	for (size_t i = size; i < sizeof(f->u.bytes); i++)
		if (f->u.bytes[i] != ZONE)
			return 0;
	return 1;
}

static void test_entry(void *so, const struct cachepredict_plugin *p)
{
	int reserved = 0;

	tap(p->magic == CACHEPREDICT_MAGIC && p->abi_major == CACHEPREDICT_ABI_MAJOR,
	    "the table says what it is");
	tap(p->struct_size >= sizeof(*p), "the table is as long as this header says");
	tap(abi_table(so, (CACHEPREDICT_ABI_MAJOR << 16) | 0xFFFF) == p,
	    "a host of a later minor version gets the table");
	tap(!abi_table(so, (CACHEPREDICT_ABI_MAJOR + 1) << 16),
	    "a host of a later major version gets none");
	tap(!abi_table(so, 0), "a host of major version 0 gets none");
	tap(p->name && p->version && p->create && p->destroy && p->call && p->cancel &&
		    p->result_text && p->result_status && p->result_verdict &&
		    p->result_step_count && p->result_step && p->result_cache_from_count &&
		    p->result_cache_from && p->result_free && p->get_extension,
	    "no function is missing");
	tap(p->get_extension("cachepredict.nothing/1") == NULL, "an unknown extension is NULL");
	for (size_t i = 0; i < sizeof(p->reserved) / sizeof(p->reserved[0]); i++)
		reserved = reserved || p->reserved[i];
	tap(!reserved, "reserved slots are NULL");
}

static int32_t never(void *userdata)
{
	++*(int *)userdata;
	return 0;
}

/* Hosts whose struct ends after each of its members, and one that is longer than ours. */
static void test_hosts(const struct cachepredict_plugin *p, const char *request)
{
	static const size_t sizes[] = {
		offsetof(struct cachepredict_host, abi),
		offsetof(struct cachepredict_host, userdata),
		offsetof(struct cachepredict_host, log),
		offsetof(struct cachepredict_host, is_cancelled),
		offsetof(struct cachepredict_host, get_secret),
		offsetof(struct cachepredict_host, reserved),
		sizeof(struct cachepredict_host),
		sizeof(struct cachepredict_host) + 512,
	};
	char *expected = NULL;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct framed f;
		struct cachepredict_host *h = frame(&f, sizes[i]);
		struct cachepredict_context *c = NULL;
		char *answer = NULL, name[80];
		int asked = 0;

		memset(f.u.bytes + (sizes[i] < sizeof(*h) ? sizes[i] : sizeof(*h)), 0xFF,
		       256); /* to be read by nobody */
		if (sizes[i] > offsetof(struct cachepredict_host, abi))
			h->abi = CACHEPREDICT_HOST_ABI;
		if (sizes[i] > offsetof(struct cachepredict_host, userdata))
			h->userdata = &asked;
		if (sizes[i] > offsetof(struct cachepredict_host, is_cancelled))
			h->is_cancelled = never;
		if (p->create(h, &c, NULL) == CACHEPREDICT_OK)
			answer = abi_predict(p, c, request);
		p->destroy(c);
		if (!expected && answer)
			expected = strdup(answer);
		snprintf(name, sizeof(name), "a host of %zu bytes gets the answer of every other",
			 sizes[i]);
		tap(answer && strcmp(answer, expected) == 0, name);
		if (sizes[i] > offsetof(struct cachepredict_host, is_cancelled))
			tap(asked > 0, "and its is_cancelled is asked");
		free(answer);
	}
	free(expected);
}

static void test_errors(const struct cachepredict_plugin *p)
{
	static const size_t sizes[] = {
		sizeof(uint32_t),
		offsetof(struct cachepredict_error, line),
		offsetof(struct cachepredict_error, file),
		offsetof(struct cachepredict_error, source),
		offsetof(struct cachepredict_error, hint),
		sizeof(struct cachepredict_error),
		sizeof(struct cachepredict_error) + 512,
	};
	struct cachepredict_context *c = NULL;
	struct cachepredict_result *r = NULL;

	if (p->create(NULL, &c, NULL) != CACHEPREDICT_OK)
		return;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct framed f;
		struct cachepredict_error *e = frame(&f, sizes[i]);
		char name[80];
		int32_t code = p->call(c, "no-such-method", "{}", 2, &r, e);

		snprintf(name, sizeof(name), "an error of %zu bytes is filled so far", sizes[i]);
		tap(code == CACHEPREDICT_EUNSUPPORTED && !r && zone_is_red(&f, sizes[i]) &&
			    (sizes[i] < sizeof(*e) ||
			     (e->code == code && strstr(e->message, "no-such-method"))),
		    name);
	}
	tap(p->call(c, "no-such-method", "{}", 2, &r, NULL) == CACHEPREDICT_EUNSUPPORTED,
	    "no error struct is fine, too");
	p->destroy(c);
}

static void test_steps(const struct cachepredict_plugin *p, const char *request)
{
	static const size_t sizes[] = {
		sizeof(uint32_t),
		offsetof(struct cachepredict_step, image),
		offsetof(struct cachepredict_step, stage),
		sizeof(struct cachepredict_step),
		sizeof(struct cachepredict_step) + 64,
	};
	struct cachepredict_context *c = NULL;
	struct cachepredict_result *r = NULL;

	if (p->create(NULL, &c, NULL) != CACHEPREDICT_OK ||
	    p->call(c, "predict", request, strlen(request), &r, NULL) != CACHEPREDICT_OK) {
		tap(0, "a result to read");
		return;
	}
	tap(p->result_step_count(r) >= 5, "the result has steps");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct framed f;
		struct cachepredict_step *s = frame(&f, sizes[i]);
		char name[80];

		snprintf(name, sizeof(name), "a step of %zu bytes is filled so far", sizes[i]);
		tap(p->result_step(r, 0, s) == CACHEPREDICT_OK && zone_is_red(&f, sizes[i]) &&
			    (sizes[i] < sizeof(*s) ||
			     (s->name && *s->name && s->stage && s->cause && s->message)),
		    name);
	}
	{
		struct framed f;

		tap(p->result_step(r, p->result_step_count(r),
				   frame(&f, sizeof(struct cachepredict_step))) ==
			    CACHEPREDICT_ENOTFOUND,
		    "there is no step past the end");
	}
	tap(p->result_cache_from(r, p->result_cache_from_count(r)) == NULL,
	    "there is no cache past the end");
	p->destroy(c); /* a result outlives its context */
	tap(p->result_verdict(r) && p->result_text(r, NULL), "a result outlives its context");
	p->result_free(r);
	p->result_free(NULL);
	p->destroy(NULL);
	p->cancel(NULL);
}

/* What a careless host hands in. */
static void test_arguments(const struct cachepredict_plugin *p)
{
	struct cachepredict_context *c = NULL;
	struct cachepredict_result *r = NULL;

	tap(p->create(NULL, NULL, NULL) == CACHEPREDICT_EUSAGE,
	    "create without a place for the context");
	if (p->create(NULL, &c, NULL) != CACHEPREDICT_OK)
		return;
	tap(p->call(NULL, "predict", "{}", 2, &r, NULL) == CACHEPREDICT_EUSAGE,
	    "call without a context");
	tap(p->call(c, NULL, "{}", 2, &r, NULL) == CACHEPREDICT_EUSAGE, "call without a method");
	tap(p->call(c, "predict", NULL, 2, &r, NULL) == CACHEPREDICT_EUSAGE,
	    "call without a request");
	tap(p->call(c, "predict", "{}", 2, NULL, NULL) == CACHEPREDICT_EUSAGE,
	    "call without a place for the result");
	tap(p->call(c, "predict", "{}", UINT64_MAX, &r, NULL) < 0, "a request longer than memory");
	tap(p->call(c, "predict", "{", 1, &r, NULL) == CACHEPREDICT_EINVAL,
	    "a request that is no JSON");
	tap(p->call(c, "predict", "[]", 2, &r, NULL) < 0, "a request that is no object");
	tap(p->call(c, "predict", "\xff", 1, &r, NULL) < 0, "a request that is no UTF-8");
	tap(p->call(c, "predict", "{\"repository\":\"/nonexistent\"}", 29, &r, NULL) ==
		    CACHEPREDICT_ENOTFOUND,
	    "no repository there");
	tap(r == NULL, "a failed call makes no result");
	p->destroy(c);
}

int main(int argc, char **argv)
{
	const struct cachepredict_plugin *p;
	char *request;
	void *so;

	if (argc < 3 || !(so = abi_load(argv[1], &p)) || !p)
		return 1;
	request = abi_request(argv[2], NULL);
	test_entry(so, p);
	test_hosts(p, request);
	test_errors(p);
	test_steps(p, request);
	test_arguments(p);
	free(request);
	dlclose(so);
	return tap_end();
}
