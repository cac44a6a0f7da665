#include "rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "scan.h"
#include "text.h"

/* ---- answers ---- */

static void add_text_member(struct text *out, const char *name, const char *value)
{
	if (!*value)
		return;
	text_addf(out, ",\"%s\":", name);
	text_json(out, value, strlen(value));
}

static void add_error(struct text *out, const struct cachepredict_error *e)
{
	text_addf(out, ",\"error\":{\"code\":%d,\"name\":\"%s\",\"message\":", (int)e->code,
		  error_name(e->code));
	text_json(out, e->message, strlen(e->message));
	add_text_member(out, "file", e->file);
	if (e->line > 0)
		text_addf(out, ",\"line\":%d", (int)e->line);
	if (e->column > 0)
		text_addf(out, ",\"column\":%d,\"width\":%d", (int)e->column,
			  e->width > 1 ? (int)e->width : 1);
	add_text_member(out, "source", e->source);
	add_text_member(out, "hint", e->hint);
	text_addf(out, ",\"status\":%d}", exit_code_of(e->code));
}

static void refuse(struct text *out, int32_t code, const char *message)
{
	struct cachepredict_error e = {.code = code};

	snprintf(e.message, sizeof(e.message), "%s", message);
	add_error(out, &e);
}

/* JSON goes in as it is, but in one line (a line break can only stand between its tokens); another
 * format as a string. */
static void add_result(struct text *out, const struct cachepredict_plugin *plugin,
		       const struct cachepredict_result *result)
{
	uint64_t n;
	const char *p = plugin->result_text(result, &n);
	const char *verdict = plugin->result_verdict(result);
	struct slice json;

	text_addf(out, ",\"status\":%d", (int)plugin->result_status(result));
	add_text_member(out, "verdict", verdict ? verdict : "");
	text_addz(out, ",\"result\":");
	if (!scan_json(p, n, &json)) {
		text_json(out, p, n);
		return;
	}
	for (size_t i = 0; i < json.n; i++)
		text_addc(out, json.p[i] == '\n' || json.p[i] == '\r' ? ' ' : json.p[i]);
}

static void add_version(struct text *out, const struct cachepredict_plugin *plugin)
{
	text_addz(out, ",\"status\":0,\"result\":{\"name\":");
	text_json(out, plugin->name, strlen(plugin->name));
	text_addz(out, ",\"version\":");
	text_json(out, plugin->version, strlen(plugin->version));
	text_addf(out, ",\"abi\":\"%u.%u\",\"helper\":\"" CP_VERSION "\"}",
		  (unsigned)plugin->abi_major, (unsigned)plugin->abi_minor);
}

/* ---- requests ---- */

static void call(struct loaded *l, const char *method, struct slice params, struct text *out)
{
	struct cachepredict_error error = {.struct_size = sizeof(error)};
	struct cachepredict_result *result = NULL;
	int32_t r;

	if (strcmp(method, "version") == 0) {
		add_version(out, l->plugin);
		return;
	}
	r = l->plugin->call(l->context, method, params.p ? params.p : "{}", params.p ? params.n : 2,
			    &result, &error);
	if (r != CACHEPREDICT_OK) {
		error.code = r;
		add_error(out, &error);
		return;
	}
	add_result(out, l->plugin, result);
	l->plugin->result_free(result);
}

static bool is_id(struct slice id)
{
	return id.p && *id.p != '{' && *id.p != '[';
}

static void answer(struct loaded *l, const char *line, size_t n, struct text *out)
{
	struct slice request, id = {0}, method, params;
	struct text name = {0};
	bool valid = scan_json(line, n, &request);

	if (valid && *request.p == '{')
		id = scan_member(request, "id");
	text_addz(out, "{\"id\":");
	text_add(out, is_id(id) ? id.p : "null", is_id(id) ? id.n : 4);
	if (!valid) {
		refuse(out, CACHEPREDICT_EINVAL, "the line is not valid JSON in UTF-8");
	} else if (*request.p != '{') {
		refuse(out, CACHEPREDICT_EUSAGE,
		       "a request is an object: {\"id\":1,\"method\":\"predict\",\"params\":{}}");
	} else {
		method = scan_member(request, "method");
		params = scan_member(request, "params");
		if (!method.p || *method.p != '"') {
			refuse(out, CACHEPREDICT_EUSAGE, "a request has a method, a string");
		} else if (params.p && *params.p != '{') {
			refuse(out, CACHEPREDICT_EUSAGE, "params is an object");
		} else {
			scan_string(method, &name);
			call(l, name.p && strlen(name.p) == name.n ? name.p : "", params, out);
		}
	}
	text_addz(out, "}\n");
	text_release(&name);
}

/* ---- the loop ---- */

static bool is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr(" \t\r", p[i]) || !p[i])
			return false;
	return true;
}

static bool send(const struct text *out)
{
	return fwrite(out->p, 1, out->n, stdout) == out->n && fflush(stdout) == 0;
}

/* A line is whole: answer it. `too_long`: its rest was dropped. */
static bool finish_line(struct loaded *l, struct text *line, bool *too_long)
{
	struct text out = {0};
	bool sent = true;

	if (*too_long) {
		text_addz(&out, "{\"id\":null");
		refuse(&out, CACHEPREDICT_ELIMIT, "the line is longer than 16 MiB");
		text_addz(&out, "}\n");
	} else if (line->n && !is_blank(line->p, line->n)) {
		answer(l, line->p, line->n, &out);
	}
	if (out.n)
		sent = send(&out);
	text_release(&out);
	line->n = 0;
	*too_long = false;
	return sent;
}

/* Bytes of the input, cut into lines. */
static bool take_chunk(struct loaded *l, const char *p, size_t n, struct text *line, bool *too_long)
{
	while (n > 0) {
		const char *end = memchr(p, '\n', n);
		size_t part = end ? (size_t)(end - p) : n;

		if (*too_long || line->n + part > RPC_MAX_LINE)
			*too_long = true;
		else
			text_add(line, p, part);
		if (end && !finish_line(l, line, too_long))
			return false;
		p += part + (end != NULL);
		n -= part + (end != NULL);
	}
	return true;
}

int rpc_serve(struct loaded *l)
{
	struct text line = {0};
	bool too_long = false, sent = true;
	char chunk[65536];
	ssize_t n = 1;

	while (sent && n != 0) {
		n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n > 0)
			sent = take_chunk(l, chunk, (size_t)n, &line, &too_long);
		else if (n < 0 && errno != EINTR)
			break;
	}
	if (sent && n == 0) /* a last line without its end */
		sent = finish_line(l, &line, &too_long);
	text_release(&line);
	if (n < 0)
		return fail(EXIT_BROKEN, NULL, "cannot read standard input: %s", strerror(errno));
	return sent ? EXIT_ANSWERED : fail(EXIT_BROKEN, NULL, "cannot write the answer");
}
