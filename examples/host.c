/*
 * The smallest host in C: loads cachepredict.so, predicts a build, prints the steps that will not
 * come from the cache.
 *
 *   cc -I../include host.c -o host -ldl && ./host cachepredict.so REPOSITORY [BASE [HEAD]]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "cachepredict/plugin.h"

/* Text as a JSON string; enough for paths and revisions. */
static void quote(char *out, size_t room, const char *s)
{
	size_t n = 0;

	out[n++] = '"';
	for (; *s && n + 8 < room; s++) {
		if (*s == '"' || *s == '\\' || (unsigned char)*s < 0x20)
			n += (size_t)snprintf(out + n, room - n, "\\u%04x", (unsigned char)*s);
		else
			out[n++] = *s;
	}
	snprintf(out + n, room - n, "\"");
}

static void print_steps(const struct cachepredict_plugin *p,
			const struct cachepredict_result *result)
{
	static const char *const words[] = {"hit", "MISS", "depends", "unknown"};
	uint64_t n = p->result_step_count(result), hits = 0;

	for (uint64_t i = 0; i < n; i++) {
		struct cachepredict_step step = {.struct_size = sizeof(step)};

		if (p->result_step(result, i, &step) != CACHEPREDICT_OK)
			continue;
		if (step.outcome == CACHEPREDICT_HIT)
			hits++;
		else
			printf("%-8s %s\n         %s: %s\n",
			       step.outcome < 4 ? words[step.outcome] : "?", step.name, step.cause,
			       step.message);
	}
	printf("%llu of %llu steps come from the cache; verdict: %s\n", (unsigned long long)hits,
	       (unsigned long long)n, p->result_verdict(result));
}

int main(int argc, char **argv)
{
	const struct cachepredict_plugin *(*entry)(uint32_t host_abi) = NULL;
	const struct cachepredict_plugin *p;
	struct cachepredict_error error = {.struct_size = sizeof(error)};
	struct cachepredict_context *context = NULL;
	struct cachepredict_result *result = NULL;
	char repository[4096], base[1024], head[1024], request[8192];
	void *so;

	if (argc < 3) {
		fprintf(stderr, "usage: host cachepredict.so REPOSITORY [BASE [HEAD]]\n");
		return 2;
	}
	so = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (so)
		*(void **)&entry = dlsym(so, "cachepredict_plugin");
	p = entry ? entry(CACHEPREDICT_HOST_ABI) : NULL;
	if (!p) {
		fprintf(stderr, "host: %s\n", so ? "another ABI" : dlerror());
		return 7;
	}
	quote(repository, sizeof(repository), argv[2]);
	quote(base, sizeof(base), argc > 3 ? argv[3] : "HEAD~1");
	quote(head, sizeof(head), argc > 4 ? argv[4] : "HEAD");
	snprintf(request, sizeof(request), "{\"repository\":%s,\"base\":%s,\"head\":%s}",
		 repository, base, head);
	if (p->create(NULL, &context, &error) != CACHEPREDICT_OK ||
	    p->call(context, "predict", request, strlen(request), &result, &error) !=
		    CACHEPREDICT_OK) {
		fprintf(stderr, "host: %s%s%s\n", error.message, *error.hint ? "; " : "",
			error.hint);
		p->destroy(context);
		dlclose(so);
		return 1;
	}
	print_steps(p, result);
	p->result_free(result);
	p->destroy(context);
	return dlclose(so);
}
