/* Methods by name. */
#include "methods.h"

#include <stdlib.h>

#include "advise_int.h"
#include "backtest_int.h"
#include "cache_int.h"
#include "methods_int.h"
#include "record_int.h"
#include "split_int.h"

static int cache(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = cp_run_open(run, CP_RUN_BARE, err);

	return r < 0 ? r : cp_run_inspect(run, &answer->text, &answer->status, err);
}

static int advise(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = cp_run_open(run, run->request.commits ? CP_RUN_BUILDS : 0, err);

	return r < 0 ? r : cp_run_advise(run, &answer->text, &answer->status, err);
}

static int split(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = cp_run_open(run, CP_RUN_BUILDS, err);

	return r < 0 ? r : cp_run_split(run, &answer->text, &answer->status, err);
}

static int record(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	return cp_run_record(run, &answer->text, &answer->status, err);
}

static int backtest(struct cp_run *run, struct cp_answer *answer, struct cp_err *err)
{
	int r = cp_run_open(run, CP_RUN_BUILDS, err);

	return r < 0 ? r : cp_run_backtest(run, &answer->text, &answer->status, err);
}

static const struct {
	const char *name;
	cp_method *answer;
} methods[] = {
	{"predict", cp_method_predict},
	{"explain", cp_method_explain},
	{"graph", cp_method_graph},
	{"paths", cp_method_paths},
	{"keys", cp_method_keys},
	{"advise", advise},
	{"split", split},
	{"cache", cache},
	{"comment", cp_method_comment},
	{"record", record},
	{"affected", cp_method_affected},
	{"backtest", backtest},
};

static cp_method *find_method(struct cp_str name, struct cp_err *err)
{
	cp_auto_buf struct cp_buf all = CP_BUF_INIT(256);

	for (size_t i = 0; i < CP_LEN(methods); i++) {
		if (cp_str_eq(name, cp_str_c(methods[i].name)))
			return methods[i].answer;
		cp_buf_printf(&all, "%s%s", i ? ", " : "", methods[i].name);
	}
	cp_err_set(err, CP_EUNSUPPORTED, "unknown method %.*s (%.*s)", CP_STR(name),
		   CP_STR(cp_buf_str(&all)));
	return NULL;
}

/* ---- answers ---- */

static struct cp_answer *new_answer(void)
{
	struct cp_answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	answer->text = (struct cp_buf)CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	answer->image_metadata = (struct cp_buf)CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	answer->verdict = CP_S("undecided");
	answer->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (answer->arena)
		return answer;
	free(answer);
	return NULL;
}

void cp_answer_free(struct cp_answer *answer)
{
	if (!answer)
		return;
	cp_buf_release(&answer->text);
	cp_buf_release(&answer->image_metadata);
	cp_arena_free(answer->arena);
	free(answer);
}

static int call(cp_method *method, struct cp_run *run, struct cp_str request,
		struct cp_answer *answer, struct cp_err *err)
{
	int r = cp_request_parse(run->arena, request, &run->request, err);

	if (r == 0)
		r = method(run, answer, err);
	if (r == 0 && cp_buf_error(&answer->text))
		r = cp_err_set(err, cp_buf_error(&answer->text), "the answer is too large");
	/* an answer that was made without memory for a part of it may look whole */
	if (r != CP_ECANCELLED && (cp_arena_failed(run->arena) == CP_ENOMEM ||
				   cp_arena_failed(answer->arena) == CP_ENOMEM))
		r = cp_err_nomem(err);
	return r;
}

int cp_methods_call(const struct cp_world *world, struct cp_str name, struct cp_str request,
		    struct cp_answer **ret_answer, struct cp_err *err)
{
	struct cp_run run = {.world = world, .arena = NULL};
	cp_method *method = find_method(name, err);
	struct cp_answer *answer;
	int r;

	if (!method)
		return CP_EUNSUPPORTED;
	answer = new_answer();
	run.arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	r = answer && run.arena ? call(method, &run, request, answer, err) : cp_err_nomem(err);
	if (r == 0)
		*ret_answer = answer;
	else
		cp_answer_free(answer);
	cp_run_close(&run);
	return r;
}
