#include "record_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- reading ---- */

static int feed_file(struct cp_log_reader *reader, const char *path, struct cp_err *err)
{
	static const size_t room = (size_t)64 << 10;
	cp_auto_free char *bytes = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (!bytes || fd < 0) {
		if (fd >= 0)
			close(fd);
		return !bytes ? cp_err_nomem(err)
			      : cp_err_set(err, CP_ENOTFOUND, "cannot open %s: %s", path,
					   errno == ENOENT ? "no such file" : "not readable");
	}
	do {
		n = read(fd, bytes, room);
		if (n > 0)
			cp_log_reader_feed(reader, cp_str_n(bytes, (size_t)n));
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
	return n < 0 ? cp_err_set(err, CP_EIO, "cannot read %s", path) : 0;
}

static int read_log(struct cp_run *run, struct cp_log_reader *reader, const struct cp_log_source *s,
		    struct cp_err *err)
{
	enum cp_log_kind kind;
	int r = cp_log_kind_parse(run->request.kind, &kind, err);

	if (r < 0)
		return r;
	cp_log_reader_begin(reader, kind, s->name);
	if (s->text.p)
		cp_log_reader_feed(reader, s->text);
	else
		r = feed_file(reader, s->name.p, err);
	return r < 0 ? r : cp_log_reader_end(reader, err);
}

static int read_build(struct cp_run *run, struct cp_built *ret_built, struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	struct cp_log_reader *reader = cp_log_reader_new(run->arena);
	int r = reader ? 0 : cp_err_nomem(err);

	for (size_t i = 0; r == 0 && i < q->n_logs; i++)
		r = cp_run_is_cancelled(run) ? cp_err_set(err, CP_ECANCELLED, "cancelled")
					     : read_log(run, reader, &q->logs[i], err);
	if (r == 0)
		r = cp_log_reader_finish(reader, ret_built, err);
	cp_log_reader_free(reader);
	return r;
}

static int judge(struct cp_run *run, struct cp_report_record *report, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	struct cp_str file = run->request.prediction;
	struct cp_predicted predicted;
	int r;

	if (!file.n)
		return 0;
	r = cp_run_read_disk(file.p, &text, err);
	if (r == 0)
		r = cp_predicted_read(run->arena, cp_buf_str(&text), file, &predicted, err);
	if (r == 0)
		r = cp_built_judge(run->arena, report->built, &predicted, &report->n_missing, err);
	report->has_prediction = true;
	cp_accuracy_add(&report->accuracy, report->built);
	return r;
}

/* ---- storing ---- */

static int add_line(struct cp_run *run, const struct cp_built *b, struct cp_state_build *ret,
		    struct cp_err *err)
{
	cp_auto_buf struct cp_buf line = CP_BUF_INIT(CP_MAX_BUILD_BYTES);

	cp_built_write(b, &line);
	if (cp_buf_error(&line) == CP_ENOMEM)
		return cp_err_nomem(err);
	if (cp_buf_error(&line))
		return cp_err_set(err, CP_ELIMIT, "the build has too many steps to be kept");
	*ret = (struct cp_state_build){
		.project = b->project,
		.time = b->time,
		.line = cp_arena_str(run->arena, cp_str_trim_right(cp_buf_str(&line), "\n")),
	};
	return ret->line.p ? 0 : cp_err_nomem(err);
}

static bool is_judged(const struct cp_built *b)
{
	struct cp_accuracy acc = {0};

	cp_accuracy_add(&acc, b);
	return acc.n_builds > 0;
}

/*
 * The same build, recorded before: of the same second, as long, with as many steps. Told of again with its prediction or its metadata it
 * takes the place of what was known; told of again with less it is left as it was.
 */
static int find_before(struct cp_run *run, const struct cp_built *b, struct cp_state_build *line,
		       bool *ret_known, bool *ret_keep, struct cp_err *err)
{
	struct cp_state_build *before;
	size_t n;
	int r = cp_state_builds(run->state, run->arena, b->project, CP_MAX_BUILDS_OF_PROJECT,
				&before, &n, err);

	*ret_known = *ret_keep = false;
	for (size_t i = 0; r == 0 && i < n && b->ms >= 0; i++) {
		struct cp_err why = {0};
		struct cp_built old;

		if (before[i].time != b->time)
			continue;
		if (cp_built_read(run->arena, before[i].line, &old, &why) < 0 || old.ms != b->ms ||
		    old.n_steps != b->n_steps)
			continue;
		*ret_known = true;
		*ret_keep = is_judged(&old) && !is_judged(b);
		line->replaces = before[i].line;
	}
	return r;
}

static int record(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	struct cp_built built = {.n_steps = 0};
	struct cp_report_record report = {.built = &built};
	struct cp_state_build line;
	bool known = false, keep = false;
	size_t n_new = 0;
	int r = read_build(run, &built, err);

	if (r == 0)
		r = cp_run_find_project(run, err);
	if (r < 0)
		return r;
	built.project = run->project;
	if (run->request.comment.wish.commit.n)
		built.commit = run->request.comment.wish.commit;
	if (!built.time)
		built.time = (int64_t)time(NULL);
	r = judge(run, &report, err);
	if (r == 0)
		r = add_line(run, &built, &line, err);
	if (r == 0)
		r = find_before(run, &built, &line, &known, &keep, err);
	if (r == 0 && !keep)
		r = cp_state_builds_put(run->state, &line, 1, &n_new, err);
	if (r < 0)
		return r;
	report.is_new = !known && n_new > 0;
	*ret_status = 0;
	return cp_report_record(&report, run->request.format, &run->request.style, out, err);
}

/* A line that cannot be read is counted, and the others are taken. */
static int import(struct cp_run *run, struct cp_buf *out, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_BUILDS_BYTES);
	CP_VEC(struct cp_state_build) builds = {0};
	struct cp_report_import report = {0};
	struct cp_str rest, line;
	int r = cp_run_read_disk(run->request.import.p, &text, err);

	if (r < 0)
		return r;
	rest = cp_buf_str(&text);
	while (rest.n && cp_str_split(&rest, '\n', &line)) {
		struct cp_built b;
		struct cp_state_build item;
		struct cp_err why = {0};

		line = cp_str_trim(line, " \t\r");
		if (!line.n)
			continue;
		r = cp_built_read(run->arena, line, &b, &why);
		if (r == 0)
			r = add_line(run, &b, &item, &why);
		if (r == CP_ENOMEM || (r == 0 && cp_vec_push(run->arena, &builds, item) < 0))
			return cp_err_nomem(err);
		report.n_bad += r < 0;
	}
	report.n_read = builds.n;
	r = cp_state_builds_put(run->state, builds.items, builds.n, &report.n_new, err);
	return r < 0 ? r : cp_report_import(&report, run->request.format, out, err);
}

static int export(struct cp_run *run, struct cp_buf *out, struct cp_err *err)
{
	struct cp_state_build *builds;
	size_t n;
	int r = cp_state_builds(run->state, run->arena, run->request.project, CP_MAX_BUILDS,
				&builds, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cp_buf_adds(out, builds[i].line);
		cp_buf_addc(out, '\n');
	}
	return r == 0 && cp_buf_error(out)
		       ? cp_err_set(err, cp_buf_error(out), "the export is too large")
		       : r;
}

/* ---- accuracy ---- */

/* Builds come project by project, the newest first. */
static int accuracy(struct cp_run *run, struct cp_buf *out, struct cp_err *err)
{
	struct cp_state_build *builds;
	CP_VEC(struct cp_report_accuracy) all = {0};
	size_t n;
	int r = cp_state_builds(run->state, run->arena, run->request.project, CP_MAX_BUILDS,
				&builds, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
		struct cp_report_accuracy *last = all.n ? &all.items[all.n - 1] : NULL;
		struct cp_err why = {0};
		struct cp_built b;

		r = a ? cp_built_read(a, builds[i].line, &b, &why) : CP_ENOMEM;
		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		if (r < 0) { /* of a newer version */
			r = 0;
			continue;
		}
		if (!last || !cp_str_eq(last->project, builds[i].project)) {
			if (cp_vec_push(run->arena, &all,
					(struct cp_report_accuracy){.project = builds[i].project}) <
			    0)
				return cp_err_nomem(err);
			last = &all.items[all.n - 1];
			last->to = builds[i].time;
		}
		last->n_builds++;
		last->from = builds[i].time;
		cp_accuracy_add(&last->accuracy, &b);
	}
	return r < 0 ? r
		     : cp_report_accuracy(all.items, all.n, run->request.format,
					  &run->request.style, out, err);
}

/* ---- all of it ---- */

int cp_run_record(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	const struct cp_request *q = &run->request;
	int ways = (q->n_logs > 0) + (q->import.n > 0) + q->export + q->accuracy;
	int r;

	if (q->no_state)
		return cp_err_set(err, CP_EUSAGE, "nothing can be recorded with --no-state");
	if (ways != 1) {
		cp_err_set(err, CP_EUSAGE,
			   "one of: a log, an import, an export, the accuracy is asked for");
		cp_err_hint(err, "cachepredict record build.jsonl");
		return CP_EUSAGE;
	}
	r = cp_run_open_state(run, err);
	if (r < 0)
		return r;
	if (q->n_logs)
		return record(run, out, ret_status, err);
	if (q->import.n)
		return import(run, out, err);
	return q->export ? export(run, out, err) : accuracy(run, out, err);
}
