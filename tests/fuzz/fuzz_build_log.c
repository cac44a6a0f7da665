/*
 * builds/: a log of any kind, in pieces: whatever is in it becomes a build whose line can be read again, and a log that is cut off has no
 * more steps than the whole one.
 */
#include <stdint.h>
#include <stdlib.h>

#include "builds/builds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_build(struct cp_arena *a, struct cp_str text, size_t piece, struct cp_built *b)
{
	struct cp_log_reader *r = cp_log_reader_new(a);
	struct cp_err err = {0};
	bool good = r != NULL;

	if (good) {
		cp_log_reader_begin(r, CP_LOG_ANY, CP_S("log"));
		for (; text.n; text = cp_str_from(text, piece))
			cp_log_reader_feed(r, cp_str_sub(text, 0, piece));
		good = cp_log_reader_end(r, &err) == 0 && cp_log_reader_finish(r, b, &err) == 0;
	}
	cp_log_reader_free(r);
	return good;
}

static void check(struct cp_arena *a, struct cp_built *b)
{
	cp_auto_buf struct cp_buf line = CP_BUF_INIT(CP_MAX_BUILD_BYTES),
				  second = CP_BUF_INIT(CP_MAX_BUILD_BYTES);
	struct cp_built again;
	struct cp_err err = {0};

	b->project = CP_S("p");
	cp_built_write(b, &line);
	if (cp_buf_error(&line))
		return;
	if (cp_built_read(a, cp_buf_str(&line), &again, &err) < 0)
		abort();
	cp_built_write(&again, &second);
	if (!cp_str_eq(cp_buf_str(&line), cp_buf_str(&second)))
		abort();
	for (size_t i = 0; i < b->n_steps; i++) {
		(void)cp_step_kind(b->steps[i].id.text);
		if (b->steps[i].ms < -1 || !b->steps[i].id.text.p)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str text = cp_str_n((const char *)data, size);
	struct cp_built b = {0}, pieces = {0}, half = {0};
	struct cp_predicted p;
	struct cp_err err = {0};
	size_t missing;

	if (!a)
		return 0;
	if (cp_predicted_read(a, text, CP_S("p"), &p, &err) == 0 && p.n_steps > CP_MAX_LOG_VERTEXES)
		abort();
	(void)cp_built_read(a, text, &half, &err);
	if (!read_build(a, text, size + 1, &b))
		return 0;
	check(a, &b);
	if (!read_build(a, text, 3, &pieces) || pieces.n_steps != b.n_steps)
		abort();
	/* a prediction of what is there is right wherever something can be said */
	p = (struct cp_predicted){.steps = cp_arena_array(a, b.n_steps, sizeof(*p.steps)),
				  .n_steps = b.n_steps,
				  .commit = CP_S("")};
	for (size_t i = 0; p.steps && i < b.n_steps; i++)
		p.steps[i] = (struct cp_predicted_step){
			b.steps[i].id.image, CP_S(""), b.steps[i].name,
			b.steps[i].ran == CP_RAN_CACHED ? CP_S("hit") : CP_S("miss")};
	if (!p.steps || cp_built_judge(a, &b, &p, &missing, &err) < 0)
		return 0;
	for (size_t i = 0; i < b.n_steps; i++)
		if (b.steps[i].judgement == CP_JUDGED_WRONG_HIT && !b.steps[i].id.image.n)
			abort();
	return 0;
}
