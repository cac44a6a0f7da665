/*
 * registry/: files that say how registries are spoken to. The first byte says which: d docker's config.json, t a buildkitd.toml; a
 * few hosts are then looked up in it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "registry/registry_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY ((size_t)64 << 20)

static const char *const hosts[] = {"docker.io", "registry-1.docker.io", "h", "localhost:5000"};

/* No PATH: no helper is run. */
static void read_docker(struct cp_arena *a, struct cp_str text)
{
	struct registry_docker_config config = {.path = CP_S("")};
	struct registry_credentials c;
	struct cp_err err = {0};

	if (registry_docker_config_parse(a, text, CP_S("config.json"), &config, &err) < 0)
		return;
	for (size_t i = 0; i < CP_LEN(hosts); i++)
		registry_credentials_of(a, &config, cp_str_c(hosts[i]), &c, &err);
}

static void read_toml(struct cp_arena *a, struct cp_str text)
{
	struct registry_hosts all = {{0}};
	struct registry_endpoint *endpoints;
	struct cp_err err = {0};
	size_t n;

	if (registry_hosts_toml(a, text, CP_S("buildkitd.toml"), &all, &err) < 0) {
		if (err.code == CP_EINVAL && err.line < 1)
			abort();
		return;
	}
	if (!registry_host_get(a, &all, CP_S("")))
		return;
	for (size_t i = 0; i < CP_LEN(hosts); i++)
		if (registry_endpoints(a, &all, cp_str_c(hosts[i]), i & 1, &endpoints, &n, &err) ==
			    0 &&
		    n == 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(MEMORY);
	struct cp_str text = cp_str_n((const char *)data + 1, size ? size - 1 : 0);

	if (a && size && data[0] == 'd')
		read_docker(a, text);
	if (a && size && data[0] == 't')
		read_toml(a, text);
	return 0;
}
