/*
 * The whole ABI of cachepredict.so. C99 and C++; fixed-width integers, no varargs, no enum, bool, bit-field or struct by value.
 *
 *   dlsym("cachepredict_plugin") ─► table ─► create ─► call("predict", "{...}") ─► result_json ─► result_free ─► destroy
 *
 * Threads: [any] may be called from any thread at any time; [ctx] by one thread at a time per context. Contexts are independent.
 * Memory: who makes it frees it. A result belongs to the caller until result_free; texts of a result live as long as the result.
 * Growth: structs grow at the end only, and struct_size says how much of one is there. Removed members stay as reserved.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CACHEPREDICT_PLUGIN_H
#define CACHEPREDICT_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CACHEPREDICT_ABI_MAJOR 1u
#define CACHEPREDICT_ABI_MINOR 0u
/* What a host passes to cachepredict_plugin(). */
#define CACHEPREDICT_HOST_ABI ((CACHEPREDICT_ABI_MAJOR << 16) | CACHEPREDICT_ABI_MINOR)
#define CACHEPREDICT_MAGIC 0x31505043u /* "CPP1" */

/* Results of functions: 0 is success. Values are never reused. */
#define CACHEPREDICT_OK 0
#define CACHEPREDICT_EINVAL (-1) /* input that cannot be parsed; file, line and column say where */
#define CACHEPREDICT_ENOTFOUND (-2) /* no repository, revision or file; hint says what to do */
#define CACHEPREDICT_EIO (-3)
#define CACHEPREDICT_ENET (-4)
#define CACHEPREDICT_ELIMIT (-5)
#define CACHEPREDICT_EUNSUPPORTED (-6) /* unknown method or format */
#define CACHEPREDICT_ENOMEM (-7)
#define CACHEPREDICT_ECANCELLED (-8)
#define CACHEPREDICT_EBUG (-9)
#define CACHEPREDICT_EUSAGE (-10) /* a request that contradicts itself */

/* Capability bits of cachepredict_plugin.capabilities. */
#define CACHEPREDICT_CAP_PREDICT (UINT64_C(1) << 0)  /* methods predict, explain, graph */
#define CACHEPREDICT_CAP_PATHS (UINT64_C(1) << 1)    /* method paths */
#define CACHEPREDICT_CAP_KEYS (UINT64_C(1) << 2)     /* method keys */
#define CACHEPREDICT_CAP_CACHE (UINT64_C(1) << 3)    /* method cache, and caches of every type */
#define CACHEPREDICT_CAP_COMMENT (UINT64_C(1) << 4)  /* method comment */
#define CACHEPREDICT_CAP_RECORD (UINT64_C(1) << 5)   /* method record */
#define CACHEPREDICT_CAP_BACKTEST (UINT64_C(1) << 6) /* method backtest */
#define CACHEPREDICT_CAP_AFFECTED (UINT64_C(1) << 7) /* method affected */
#define CACHEPREDICT_CAP_ADVISE (UINT64_C(1) << 8)   /* method advise */
#define CACHEPREDICT_CAP_SPLIT (UINT64_C(1) << 9)    /* method split */

/* Outcomes of a step, in cachepredict_step.outcome. */
#define CACHEPREDICT_HIT 0
#define CACHEPREDICT_MISS 1
#define CACHEPREDICT_DEPENDS 2
#define CACHEPREDICT_UNKNOWN 3

struct cachepredict_context;
struct cachepredict_result;

/* Filled by the plugin on failure; belongs to the caller, who sets struct_size first. Texts are UTF-8 and end in NUL. */
struct cachepredict_error {
	uint32_t struct_size;
	int32_t code;
	int32_t line;   /* 1-based, 0 = none */
	int32_t column; /* 1-based byte, 0 = none */
	int32_t width;  /* bytes to mark under the source line */
	char file[512];
	char source[512]; /* the source line of the position */
	char message[1024];
	char hint[512]; /* what to do: a command or a sentence, or empty */
};

/* One step, by value of its fields; texts are borrowed from the result. The caller sets struct_size first. */
struct cachepredict_step {
	uint32_t struct_size;
	int32_t outcome;  /* CACHEPREDICT_HIT ... */
	uint32_t image;   /* index of the image */
	uint32_t line;    /* in the Dockerfile */
	const char *name; /* as BuildKit prints it */
	const char *stage;
	const char *cause;   /* "content-changed", "" for a hit */
	const char *message; /* one sentence, "" for a hit */
};

/* What the host offers; every function may be NULL. All are called on the thread that called the plugin. */
struct cachepredict_host {
	uint32_t struct_size;
	uint32_t abi; /* CACHEPREDICT_HOST_ABI of the host's header */
	void *userdata;
	const char *name;
	const char *version;
	/* level: 0 error, 1 warning, 2 info, 3 debug. Texts are borrowed for the call. */
	void (*log)(void *userdata, int32_t level, const char *component, const char *message);
	void (*progress)(void *userdata, uint64_t done, uint64_t total, const char *what);
	/* Non-zero stops the call at the next safe place with CACHEPREDICT_ECANCELLED. */
	int32_t (*is_cancelled)(void *userdata);
	/* A secret by name into buf (capacity *len, result length in *len). 0 on success. */
	int32_t (*get_secret)(void *userdata, const char *name, char *buf, uint64_t *len);
	/* An environment variable, or NULL. When this function is NULL the plugin looks at the process's environment. */
	const char *(*get_environment)(void *userdata, const char *name);
	const void *(*get_extension)(void *userdata, const char *id);
	void *reserved[7];
};

struct cachepredict_plugin {
	uint32_t magic;       /* CACHEPREDICT_MAGIC */
	uint32_t struct_size; /* of the plugin's own table */
	uint32_t abi_major;
	uint32_t abi_minor;
	const char *name;
	const char *version;
	uint64_t capabilities;

	/* [any] A context. `host` may be NULL; it is copied as far as its struct_size, userdata must outlive the context. */
	int32_t (*create)(const struct cachepredict_host *host,
			  struct cachepredict_context **ret_context,
			  struct cachepredict_error *error);
	/* [ctx] NULL is fine. Results made by the context stay valid. */
	void (*destroy)(struct cachepredict_context *context);
	/*
	 * [ctx] Run a method ("predict", "explain", "paths", "keys", "graph", "advise", "split", "cache", "comment", "record", "affected", "backtest") on a JSON request of `len` bytes. The request is not kept.
	 * Members and their meaning: include/cachepredict/schema/request.json.
	 */
	int32_t (*call)(struct cachepredict_context *context, const char *method,
			const char *request, uint64_t len, struct cachepredict_result **ret_result,
			struct cachepredict_error *error);
	/* [any] Make a running call of this context return CACHEPREDICT_ECANCELLED soon. */
	void (*cancel)(struct cachepredict_context *context);

	/* [any] The answer: JSON, or the text of the format that the request named. Ends in NUL, *ret_len without it (may be NULL). */
	const char *(*result_text)(const struct cachepredict_result *result, uint64_t *ret_len);
	/* [any] 0 answered, 1 a gate fired, 3 nothing to predict, 4 input could not be parsed, 5 undecided (see the helper's exit codes). */
	int32_t (*result_status)(const struct cachepredict_result *result);
	/* [any] "skip-build", "reuse-cache", "build-without-import" or "undecided". */
	const char *(*result_verdict)(const struct cachepredict_result *result);
	uint64_t (*result_step_count)(const struct cachepredict_result *result);
	/* [any] CACHEPREDICT_ENOTFOUND past the end. */
	int32_t (*result_step)(const struct cachepredict_result *result, uint64_t index,
			       struct cachepredict_step *ret_step);
	uint64_t (*result_cache_from_count)(const struct cachepredict_result *result);
	/* [any] A ready --cache-from value, NULL past the end. */
	const char *(*result_cache_from)(const struct cachepredict_result *result, uint64_t index);
	/* [any] NULL is fine. */
	void (*result_free)(struct cachepredict_result *result);

	/* [any] An extension table by id ("cachepredict.render/1"), NULL when there is none. */
	const void *(*get_extension)(const char *id);
	void *reserved[8];
};

/*
 * Extension "cachepredict.image-metadata/1": what registries said of base images during the call that made a result, as JSON for the
 * request's member image_metadata. Empty when no registry was asked. Lives as long as the result; ends in NUL, *ret_len without it.
 */
#define CACHEPREDICT_EXT_IMAGE_METADATA "cachepredict.image-metadata/1"
struct cachepredict_image_metadata {
	uint32_t struct_size;
	/* [any] */
	const char *(*text)(const struct cachepredict_result *result, uint64_t *ret_len);
};

/*
 * [any] The plugin's table, static and never NULL for a host of the same ABI major; NULL when the host's major is another.
 * host_abi: CACHEPREDICT_HOST_ABI. No side effect.
 */
#if defined(_WIN32)
#define CACHEPREDICT_EXPORT __declspec(dllexport)
#else
#define CACHEPREDICT_EXPORT __attribute__((visibility("default")))
#endif
CACHEPREDICT_EXPORT const struct cachepredict_plugin *cachepredict_plugin(uint32_t host_abi);

#ifdef __cplusplus
}
#endif
#endif
