/* The JSON request of a host, as `cachepredict rpc` reads it from a pipe. */
#include "run/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_arena *a = cp_arena_new(64u << 20);
	struct cp_request request;
	struct cp_err err = {0};

	if (!a)
		return 0;
	if (cp_request_parse(a, cp_str_n((const char *)data, size), &request, &err) == 0) {
		/* every text that is there can be read to its end */
		volatile size_t n = request.repository.n + request.base.n + request.format.n;

		for (size_t i = 0; i < request.n_images; i++)
			n += request.images[i].name.n + request.images[i].n_build_args;
		(void)n;
	}
	cp_arena_free(a);
	return 0;
}
