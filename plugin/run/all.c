/* The answers of all images, side by side, into the report. */
#include "pool.h"
#include "run.h"

static int run_image(void *self, unsigned thread, size_t at, struct cp_err *err)
{
	struct cp_run *run = self;

	(void)thread;
	return cp_image_run(run, &run->images[at], err);
}

int cp_run_images(struct cp_run *run, struct cp_err *err)
{
	const struct cp_pool_work work = {.piece = run_image, .self = run};
	/* an image asks the host whether to go on, which is promised to happen on the calling thread only */
	unsigned threads = run->world->is_cancelled ? 1 : cp_pool_threads(run->n_images);

	for (size_t i = 0; i < run->n_images; i++) {
		run->images[i].arena = cp_arena_new(CP_MAX_ARENA_BYTES);
		if (!run->images[i].arena)
			return cp_err_nomem(err);
	}
	return cp_pool_run(run, threads, run->n_images, &work, err);
}

int cp_run_report(struct cp_run *run, struct cp_err *err)
{
	struct cp_report *report = &run->report;

	report->images = cp_arena_array(run->arena, run->n_images, sizeof(*report->images));
	if (!report->images)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		report->images[i] = run->images[i].answer;
	report->n_images = run->n_images;
	report->builder_kind = CP_S("buildkit");
	report->builder_frontend = report->builder_daemon = CP_S("0.34");
	if (run->n_images && run->images[0].answer.profile) { /* images have their own beside it */
		report->builder_frontend = run->images[0].profile.frontend;
		report->builder_daemon = run->images[0].profile.daemon;
	}
	return cp_run_decide(run, err);
}
