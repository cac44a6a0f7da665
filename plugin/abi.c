/* The ABI, thin: it checks what the host hands in, and calls methods/. */
#include "cachepredict/plugin.h"

#include <stdlib.h>

#include "methods/methods.h"

/* Members of a caller's struct that are there. */
#define HAS(p, member)                                                                             \
	((p)->struct_size >= offsetof(__typeof__(*(p)), member) + sizeof((p)->member))

struct cachepredict_context {
	struct cachepredict_host host;
	atomic_int cancelled;
};

struct cachepredict_result {
	struct cp_answer *answer;
};

static void put_text(char *out, size_t room, const char *text)
{
	size_t n = strlen(text);

	if (n >= room)
		n = room - 1;
	memcpy(out, text, n);
	out[n] = '\0';
}

static int32_t give_error(struct cachepredict_error *out, int code, const struct cp_err *err)
{
	if (!out)
		return code;
	if (HAS(out, code))
		out->code = code;
	if (HAS(out, line))
		out->line = err->line;
	if (HAS(out, column))
		out->column = err->column;
	if (HAS(out, width))
		out->width = err->width;
	if (HAS(out, file))
		put_text(out->file, sizeof(out->file), err->file);
	if (HAS(out, source))
		put_text(out->source, sizeof(out->source), err->source);
	if (HAS(out, message))
		put_text(out->message, sizeof(out->message), err->message);
	if (HAS(out, hint))
		put_text(out->hint, sizeof(out->hint), err->hint);
	return code;
}

static int32_t fail(struct cachepredict_error *out, int code, const char *message)
{
	struct cp_err err = {0};

	cp_err_set(&err, code, "%s", message);
	return give_error(out, code, &err);
}

static int32_t plugin_create(const struct cachepredict_host *host,
			     struct cachepredict_context **ret_context,
			     struct cachepredict_error *error)
{
	struct cachepredict_context *c;

	if (!ret_context)
		return fail(error, CACHEPREDICT_EUSAGE, "create: no place for the context");
	if (host && HAS(host, abi) && host->abi >> 16 != CACHEPREDICT_ABI_MAJOR)
		return fail(error, CACHEPREDICT_EUNSUPPORTED,
			    "the host was built for another major version of the ABI");
	c = calloc(1, sizeof(*c));
	if (!c)
		return fail(error, CACHEPREDICT_ENOMEM, "out of memory");
	if (host) /* an older host's struct is shorter, a newer one's longer */
		memcpy(&c->host, host,
		       host->struct_size < sizeof(c->host) ? host->struct_size : sizeof(c->host));
	*ret_context = c;
	return CACHEPREDICT_OK;
}

static void plugin_destroy(struct cachepredict_context *context)
{
	free(context);
}

static const char *host_environment(const void *self, const char *name)
{
	const struct cachepredict_context *c = self;

	return c->host.get_environment ? c->host.get_environment(c->host.userdata, name)
				       : getenv(name);
}

static void host_log(void *self, int level, const char *message)
{
	struct cachepredict_context *c = self;

	if (c->host.log)
		c->host.log(c->host.userdata, level, "cachepredict", message);
}

static int host_is_cancelled(void *self)
{
	struct cachepredict_context *c = self;

	return c->host.is_cancelled(c->host.userdata) != 0;
}

static void host_progress(void *self, uint64_t done, uint64_t total, const char *what)
{
	struct cachepredict_context *c = self;

	if (c->host.progress)
		c->host.progress(c->host.userdata, done, total, what);
}

static int32_t plugin_call(struct cachepredict_context *context, const char *method,
			   const char *request, uint64_t len,
			   struct cachepredict_result **ret_result,
			   struct cachepredict_error *error)
{
	struct cachepredict_result *result;
	struct cp_err err = {0};
	struct cp_world world;
	int r;

	if (!context || !method || !ret_result || (!request && len) || len > CP_MAX_JSON_BYTES)
		return fail(error, CACHEPREDICT_EUSAGE, "call: an argument is missing or too long");
	result = calloc(1, sizeof(*result));
	if (!result)
		return fail(error, CACHEPREDICT_ENOMEM, "out of memory");
	atomic_store(&context->cancelled, 0);
	world = (struct cp_world){.env = {host_environment, context},
				  .log = host_log,
				  .progress = host_progress,
				  .is_cancelled =
					  context->host.is_cancelled ? host_is_cancelled : NULL,
				  .self = context,
				  .cancel = &context->cancelled};
	r = cp_methods_call(&world, cp_str_c(method), cp_str_n(request, len), &result->answer,
			    &err);
	if (r < 0) {
		free(result);
		return give_error(error, r, &err);
	}
	*ret_result = result;
	return CACHEPREDICT_OK;
}

static void plugin_cancel(struct cachepredict_context *context)
{
	if (context)
		atomic_store(&context->cancelled, 1);
}

static const char *plugin_result_text(const struct cachepredict_result *result, uint64_t *ret_len)
{
	struct cp_str text = result ? cp_buf_str(&result->answer->text) : CP_S("");

	if (ret_len)
		*ret_len = text.n;
	return text.p;
}

static int32_t plugin_result_status(const struct cachepredict_result *result)
{
	return result ? result->answer->status : 0;
}

static const char *plugin_result_verdict(const struct cachepredict_result *result)
{
	return result && result->answer->verdict.p ? result->answer->verdict.p : "undecided";
}

static uint64_t plugin_result_step_count(const struct cachepredict_result *result)
{
	return result ? result->answer->n_steps : 0;
}

static const char *text_of(struct cp_str s)
{
	return s.p ? s.p : "";
}

static int32_t plugin_result_step(const struct cachepredict_result *result, uint64_t index,
				  struct cachepredict_step *ret_step)
{
	const struct cp_answer_step *s;

	if (!result || !ret_step || index >= result->answer->n_steps)
		return CACHEPREDICT_ENOTFOUND;
	s = &result->answer->steps[index];
	if (HAS(ret_step, outcome))
		ret_step->outcome = s->outcome;
	if (HAS(ret_step, image))
		ret_step->image = s->image;
	if (HAS(ret_step, line))
		ret_step->line = s->line;
	if (HAS(ret_step, name))
		ret_step->name = text_of(s->name);
	if (HAS(ret_step, stage))
		ret_step->stage = text_of(s->stage);
	if (HAS(ret_step, cause))
		ret_step->cause = text_of(s->cause);
	if (HAS(ret_step, message))
		ret_step->message = text_of(s->message);
	return CACHEPREDICT_OK;
}

static uint64_t plugin_result_cache_from_count(const struct cachepredict_result *result)
{
	return result ? result->answer->n_cache_from : 0;
}

static const char *plugin_result_cache_from(const struct cachepredict_result *result,
					    uint64_t index)
{
	return result && index < result->answer->n_cache_from ? result->answer->cache_from[index].p
							      : NULL;
}

static void plugin_result_free(struct cachepredict_result *result)
{
	if (!result)
		return;
	cp_answer_free(result->answer);
	free(result);
}

static const char *metadata_of(const struct cachepredict_result *result, uint64_t *ret_len)
{
	struct cp_str text = result ? cp_buf_str(&result->answer->image_metadata) : CP_S("");

	if (ret_len)
		*ret_len = text.n;
	return text.p;
}

static const struct cachepredict_image_metadata image_metadata = {sizeof(image_metadata),
								  metadata_of};

static const void *plugin_get_extension(const char *id)
{
	if (id && strcmp(id, CACHEPREDICT_EXT_IMAGE_METADATA) == 0)
		return &image_metadata;
	return NULL;
}

static const struct cachepredict_plugin table = {
	.magic = CACHEPREDICT_MAGIC,
	.struct_size = sizeof(struct cachepredict_plugin),
	.abi_major = CACHEPREDICT_ABI_MAJOR,
	.abi_minor = CACHEPREDICT_ABI_MINOR,
	.name = "cachepredict",
	.version = CP_VERSION,
	.capabilities = CACHEPREDICT_CAP_PREDICT | CACHEPREDICT_CAP_PATHS | CACHEPREDICT_CAP_KEYS |
			CACHEPREDICT_CAP_CACHE | CACHEPREDICT_CAP_COMMENT |
			CACHEPREDICT_CAP_RECORD | CACHEPREDICT_CAP_BACKTEST |
			CACHEPREDICT_CAP_AFFECTED | CACHEPREDICT_CAP_ADVISE |
			CACHEPREDICT_CAP_SPLIT,
	.create = plugin_create,
	.destroy = plugin_destroy,
	.call = plugin_call,
	.cancel = plugin_cancel,
	.result_text = plugin_result_text,
	.result_status = plugin_result_status,
	.result_verdict = plugin_result_verdict,
	.result_step_count = plugin_result_step_count,
	.result_step = plugin_result_step,
	.result_cache_from_count = plugin_result_cache_from_count,
	.result_cache_from = plugin_result_cache_from,
	.result_free = plugin_result_free,
	.get_extension = plugin_get_extension,
};

const struct cachepredict_plugin *cachepredict_plugin(uint32_t host_abi)
{
	return host_abi >> 16 == CACHEPREDICT_ABI_MAJOR ? &table : NULL;
}
