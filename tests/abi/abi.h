/* What the ABI tests share: loading the plugin as a host does, and TAP. The plugin and a repository
 * come as arguments. */
#ifndef TESTS_ABI_H
#define TESTS_ABI_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cachepredict/plugin.h"

static int tap_n, tap_bad;

static void tap(int good, const char *name)
{
	tap_n++;
	tap_bad += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", tap_n, name);
	fflush(stdout);
}

static int tap_end(void)
{
	printf("1..%d\n", tap_n);
	return tap_bad ? 1 : 0;
}

static const struct cachepredict_plugin *abi_table(void *so, uint32_t host_abi)
{
	const struct cachepredict_plugin *(*entry)(uint32_t);

	*(void **)&entry = dlsym(so, "cachepredict_plugin");
	return entry ? entry(host_abi) : NULL;
}

static void *abi_load(const char *path, const struct cachepredict_plugin **ret_table)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!so)
		printf("# %s\n", dlerror());
	*ret_table = so ? abi_table(so, CACHEPREDICT_HOST_ABI) : NULL;
	return so;
}

/* A request about the last commit of the repository, JSON unless `format` is given. */
__attribute__((unused)) static char *abi_request(const char *repository, const char *format)
{
	static const char shape[] =
		"{\"repository\":\"%s\",\"base\":\"HEAD~1\",\"head\":\"HEAD\",\"format\":\"%s\"}";
	size_t n = sizeof(shape) + strlen(repository) + strlen(format ? format : "json");
	char *out = malloc(n);

	if (!out)
		exit(1);
	snprintf(out, n, shape, repository, format ? format : "json");
	return out;
}

/* predict, as a copy of the answer that the caller frees; NULL and the error on stdout when it
 * failed. */
__attribute__((unused)) static char *abi_predict(const struct cachepredict_plugin *p,
						 struct cachepredict_context *c,
						 const char *request)
{
	struct cachepredict_error error = {.struct_size = sizeof(error)};
	struct cachepredict_result *result = NULL;
	uint64_t n;
	char *copy;

	if (p->call(c, "predict", request, strlen(request), &result, &error) != CACHEPREDICT_OK) {
		printf("# predict: %s\n", error.message);
		return NULL;
	}
	copy = strdup(p->result_text(result, &n));
	p->result_free(result);
	return copy;
}

#endif
