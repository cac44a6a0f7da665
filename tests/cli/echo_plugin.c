/*
 * A plugin that answers with what it was asked: {"method":...,"request":...}. So tests of the
 * helper see the request that a command line becomes. A base of "!parse", "!missing", "!network",
 * "!bug" fails that way; a fail_on makes the status 1, strict makes it 5.
 */
#define _GNU_SOURCE
#include "cachepredict/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cachepredict_context {
	int used;
};
struct cachepredict_result {
	char *text;
	uint64_t n;
	int32_t status;
};

static int32_t create(const struct cachepredict_host *host,
		      struct cachepredict_context **ret_context, struct cachepredict_error *error)
{
	(void)error;
	if (host && host->log && getenv("ECHO_LOG")) {
		host->log(host->userdata, 1, "echo", "a warning\nwith \033[31mcontrol characters");
		host->log(host->userdata, 3, "echo", "a debug line");
	}
	*ret_context = calloc(1, sizeof(**ret_context));
	return *ret_context ? CACHEPREDICT_OK : CACHEPREDICT_ENOMEM;
}

static void destroy(struct cachepredict_context *context)
{
	free(context);
}

static int32_t refuse(struct cachepredict_error *e, int32_t code, const char *message)
{
	e->code = code;
	snprintf(e->message, sizeof(e->message), "%s", message);
	return code;
}

static int32_t asked_to_fail(const char *request, uint64_t n, struct cachepredict_error *e)
{
	if (memmem(request, n, "!parse", 6)) {
		snprintf(e->file, sizeof(e->file), "Dockerfile");
		snprintf(e->source, sizeof(e->source), "COPY\t\xC3\xA4 --chwon=app src/ \033[2J");
		e->line = 12;
		e->column = 9;
		e->width = 7;
		return refuse(e, CACHEPREDICT_EINVAL,
			      "unknown flag --chwon (did you mean --chown?)");
	}
	if (memmem(request, n, "!missing", 8)) {
		snprintf(e->hint, sizeof(e->hint), "git fetch --depth=50 origin main");
		return refuse(e, CACHEPREDICT_ENOTFOUND,
			      "base commit 4f1c2e9 is not in this clone (depth 1)");
	}
	if (memmem(request, n, "!network", 8))
		return refuse(e, CACHEPREDICT_ENET, "no way");
	if (memmem(request, n, "!bug", 4))
		return refuse(e, CACHEPREDICT_EBUG, "our own mistake");
	return CACHEPREDICT_OK;
}

static int32_t call(struct cachepredict_context *context, const char *method, const char *request,
		    uint64_t len, struct cachepredict_result **ret_result,
		    struct cachepredict_error *error)
{
	struct cachepredict_result *r;
	int32_t code = asked_to_fail(request, len, error);

	if (code != CACHEPREDICT_OK)
		return code;
	context->used++;
	r = calloc(1, sizeof(*r));
	if (!r || asprintf(&r->text, "{\"method\":\"%s\",\n \"request\":%.*s}\n", method, (int)len,
			   request) < 0)
		return CACHEPREDICT_ENOMEM;
	if (memmem(request, len, "\"mermaid\"", 9))
		snprintf(r->text, strlen(r->text), "flowchart\n\xFF");
	r->n = strlen(r->text);
	r->status = memmem(request, len, "\"fail_on\"", 9)        ? 1
		    : memmem(request, len, "\"strict\":true", 13) ? 5
								  : 0;
	*ret_result = r;
	return CACHEPREDICT_OK;
}

static void cancel(struct cachepredict_context *context)
{
	(void)context;
}

static const char *result_text(const struct cachepredict_result *result, uint64_t *ret_len)
{
	if (ret_len)
		*ret_len = result->n;
	return result->text;
}

static int32_t result_status(const struct cachepredict_result *result)
{
	return result->status;
}

static const char *result_verdict(const struct cachepredict_result *result)
{
	(void)result;
	return "undecided";
}

static uint64_t result_step_count(const struct cachepredict_result *result)
{
	(void)result;
	return 5;
}

static int32_t result_step(const struct cachepredict_result *result, uint64_t index,
			   struct cachepredict_step *ret_step)
{
	(void)result;
	ret_step->outcome = (int32_t)(index % 4);
	return CACHEPREDICT_OK;
}

static void result_free(struct cachepredict_result *result)
{
	if (result)
		free(result->text);
	free(result);
}

static const struct cachepredict_plugin table = {
	.magic = CACHEPREDICT_MAGIC,
	.struct_size = sizeof(struct cachepredict_plugin),
	.abi_major = CACHEPREDICT_ABI_MAJOR,
	.name = "echo",
	.version = "9.9",
	.create = create,
	.destroy = destroy,
	.call = call,
	.cancel = cancel,
	.result_text = result_text,
	.result_status = result_status,
	.result_verdict = result_verdict,
	.result_step_count = result_step_count,
	.result_step = result_step,
	.result_free = result_free,
};

const struct cachepredict_plugin *cachepredict_plugin(uint32_t host_abi)
{
	return host_abi >> 16 == CACHEPREDICT_ABI_MAJOR ? &table : NULL;
}
