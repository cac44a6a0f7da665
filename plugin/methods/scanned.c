/* Reports of scanners: files of the request ─► what is known of images. */
#include "scanned_int.h"

#include "run/network.h"

static int read_text(const struct cp_log_source *source, struct cp_buf *out, struct cp_err *err)
{
	if (!source->text.p)
		return cp_run_read_disk(source->name.p, out, err);
	cp_buf_adds(out, source->text);
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "the report is too large")
				 : 0;
}

static int read_one(struct cp_run *run, const struct cp_log_source *source, struct cp_scan *ret,
		    struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_JSON_BYTES);
	int r = read_text(source, &text, err);

	return r < 0 ? r : cp_scan_read(run->arena, cp_buf_str(&text), source->name, ret, err);
}

static int read_reports(struct cp_run *run, struct cp_scan *scans, size_t *n,
			struct cp_scanned *all, struct cp_err *err)
{
	for (size_t i = 0; i < run->request.n_reports; i++) {
		const struct cp_log_source *source = &run->request.reports[i];
		struct cp_report_scan *report = &all->reports[all->n_reports++];
		struct cp_scan scan;
		int r;

		if (cp_run_is_cancelled(run))
			return cp_err_set(err, CP_ECANCELLED, "cancelled");
		*report = (struct cp_report_scan){
			.file = source->name, .scanner = CP_S(""), .target = CP_S("")};
		r = read_one(run, source, &scan, &report->error);
		if (r == CP_ENOMEM)
			return cp_err_nomem(err);
		if (r < 0)
			continue;
		report->scanner = scan.scanner;
		report->target = scan.target;
		report->n_left_out = scan.n_left_out;
		scans[(*n)++] = scan;
	}
	return 0;
}

/* Images that the request names, as their registries have them. */
static int ask_registries(struct cp_run *run, struct cp_scan_image *images, size_t *n,
			  struct cp_scanned *all, struct cp_err *err)
{
	struct cp_str platform = run->n_images ? run->images[0].platform : CP_S("");

	for (size_t i = 0; i < run->request.n_built; i++) {
		struct cp_report_scan *report = &all->reports[all->n_reports++];
		int r;

		*report = (struct cp_report_scan){.file = run->request.built[i],
						  .scanner = CP_S(""),
						  .target = run->request.built[i],
						  .is_image = true};
		r = cp_network_image_layers(run, run->arena, report->file, platform, &images[*n],
					    &report->error);
		if (cp_run_is_over(r))
			return cp_err_set(err, r, "%s", report->error.message);
		*n += r == 0;
	}
	return 0;
}

int cp_scanned_read(struct cp_run *run, struct cp_scanned *ret, struct cp_err *err)
{
	size_t n = 0, n_images = 0, n_max = run->request.n_reports, n_built = run->request.n_built;
	struct cp_scan *scans = cp_arena_array(run->arena, n_max, sizeof(*scans));
	struct cp_scan_image *images = cp_arena_array(run->arena, n_built, sizeof(*images));
	struct cp_scanned all = {
		.reports = cp_arena_array(run->arena, n_max + n_built, sizeof(*all.reports))};
	int r;

	if (!scans || !images || !all.reports)
		return cp_err_nomem(err);
	r = read_reports(run, scans, &n, &all, err);
	if (r == 0)
		r = ask_registries(run, images, &n_images, &all, err);
	if (r < 0)
		return r;
	if (cp_scan_subjects(run->arena, scans, n, images, n_images, &all.subjects,
			     &all.n_subjects) < 0)
		return cp_err_nomem(err);
	*ret = all;
	return 0;
}

static void mark_used(const struct cp_scanned *all, const struct cp_scan_subject *subject)
{
	for (size_t k = 0; k < all->n_reports; k++) {
		struct cp_report_scan *r = &all->reports[k];

		for (size_t i = 0; !r->is_image && i < subject->n_scans; i++)
			r->used = r->used || cp_str_eq(r->file, subject->scans[i]->file);
		for (size_t i = 0; r->is_image && i < subject->n_images; i++)
			r->used = r->used || cp_str_eq(r->file, subject->images[i]->name);
	}
}

int cp_scanned_of(const struct cp_scanned *all, struct cp_arena *a, const struct cp_graph *graph,
		  bool alone, struct cp_advise_scan **ret_scans, size_t *ret_n)
{
	struct cp_advise_scan *scans = cp_arena_array(a, all->n_subjects, sizeof(*scans));
	size_t n = 0;

	if (!scans)
		return CP_ENOMEM;
	for (size_t i = 0; i < all->n_subjects; i++) {
		const struct cp_scan_subject *subject = &all->subjects[i];
		bool mine = alone;

		if (!mine && cp_scan_is_whole(a, subject, graph, &mine) < 0)
			return CP_ENOMEM;
		if (!mine)
			continue;
		scans[n].subject = subject;
		if (cp_scan_places(a, subject, graph, &scans[n].places) < 0)
			return CP_ENOMEM;
		mark_used(all, subject);
		n++;
	}
	*ret_scans = scans;
	*ret_n = n;
	return 0;
}
