/* `advise`: what to change in the Dockerfiles of a commit, by the rules of advise/. */
#include "advise_int.h"

#include "advise/advise.h"
#include "backtest_int.h"
#include "scanned_int.h"
#include "seen_int.h"
#include "stakes_int.h"

#define MAX_CI_FILES 64u
#define MAX_CI_BYTES (1u << 20) /* of one */

/* ---- what the CI reads ---- */

struct ci {
	struct cp_run *run;
	CP_VEC(struct cp_ci_file) files;
};

static int add_file(struct ci *ci, struct cp_str path)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(MAX_CI_BYTES);
	struct cp_ci_file f = {.path = path};
	struct cp_err ignored = {0};

	if (ci->files.n >= MAX_CI_FILES ||
	    cp_tree_read_path(ci->run->head, path, &text, &ignored) < 0)
		return ignored.code == CP_ENOMEM ? CP_ENOMEM : 0;
	f.text = cp_arena_str(ci->run->arena, cp_buf_str(&text));
	return f.text.p && cp_vec_push(ci->run->arena, &ci->files, f) == 0 ? 0 : CP_ENOMEM;
}

static int add_folder(struct ci *ci, const char *folder)
{
	struct cp_err ignored = {0};
	const struct cp_dir *dir;
	struct cp_entry entry;
	int r = 0;

	if (cp_tree_find(ci->run->head, cp_str_c(folder), &entry, &ignored) < 0 ||
	    entry.kind != CP_ENTRY_DIR ||
	    cp_tree_list(ci->run->head, &entry.oid, &dir, &ignored) < 0)
		return ignored.code == CP_ENOMEM ? CP_ENOMEM : 0;
	for (size_t i = 0; r == 0 && i < dir->n_entries; i++) {
		struct cp_str name = dir->entries[i].name, path;

		if (!cp_str_ends(name, CP_S(".yml")) && !cp_str_ends(name, CP_S(".yaml")))
			continue;
		path = cp_path_join(ci->run->arena, cp_str_c(folder), name);
		r = path.p ? add_file(ci, path) : CP_ENOMEM;
	}
	return r;
}

static int read_ci(struct ci *ci)
{
	static const char *const folders[] = {".github/workflows",  ".gitea/workflows",
					      ".forgejo/workflows", ".woodpecker",
					      ".circleci",          ".buildkite"};
	static const char *const files[] = {
		".gitlab-ci.yml",          "Jenkinsfile", ".woodpecker.yml", "azure-pipelines.yml",
		"bitbucket-pipelines.yml", ".drone.yml",  ".travis.yml"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < CP_LEN(folders); i++)
		r = add_folder(ci, folders[i]);
	for (size_t i = 0; r == 0 && i < CP_LEN(files); i++)
		r = add_file(ci, cp_str_c(files[i]));
	/* what it calls may scan; a Makefile that builds is no CI */
	if (r == 0 && ci->files.n)
		r = add_file(ci, CP_S("Makefile"));
	return r;
}

/* ---- one image ---- */

/* As it is in the repository; "" where it cannot be read. */
static struct cp_str ignore_text(struct cp_run *run, struct cp_image_run *image, struct cp_str path)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_IGNORE_BYTES);
	struct cp_err ignored = {0};

	if (!path.n || cp_tree_read_path(run->head, path, &text, &ignored) < 0)
		return CP_S("");
	return cp_arena_str(image->arena, cp_buf_str(&text));
}

/* What is the same for every image. */
struct advising {
	struct cp_run *run;
	struct ci ci;
	struct cp_scanned scanned;
	size_t n_images; /* that are different */
};

static int advise(const struct advising *all, struct cp_image_run *image,
		  const struct cp_backtest_image *history, struct cp_report_advice *report,
		  struct cp_err *err)
{
	struct cp_run *run = all->run;
	struct cp_advice *advice = CP_NEW(image->arena, struct cp_advice);
	struct cp_advise_input in = {.ci = all->ci.files.items, .n_ci = all->ci.files.n};
	struct cp_advise_scan *scans = NULL;
	int r = advice ? cp_seen_input(run, image, &image->b, &in, err) : cp_err_nomem(err);

	if (r == 0 && history)
		r = cp_stakes_history(image->arena, history, in.graph, &in.history, err);
	if (r == 0 && cp_scanned_of(&all->scanned, image->arena, in.graph, all->n_images == 1,
				    &scans, &in.n_scans) < 0)
		r = cp_err_nomem(err);
	in.scans = scans;
	if (r == 0)
		r = cp_advise(image->arena, &in, advice, err);
	if (r < 0)
		return r;
	report->dockerfile = in.dockerfile_path;
	if (!image->request.dockerfile_inline.p)
		report->text = in.text;
	report->graph = in.graph;
	report->scans = scans;
	report->n_scans = in.n_scans;
	report->ignore_file = in.ignore_file;
	report->ignore_text = ignore_text(run, image, in.ignore_file);
	report->advice = advice;
	return report->ignore_text.p ? 0 : cp_err_nomem(err);
}

/* Images of one Dockerfile and target for several platforms have the same advice. */
static bool is_repeated(const struct cp_run *run, size_t at)
{
	const struct cp_image_request *q = &run->images[at].request;

	for (size_t i = at > 16 ? at - 16 : 0; i < at; i++) {
		const struct cp_image_request *p = &run->images[i].request;

		if (cp_str_eq(p->name, q->name) && cp_str_eq(p->context, q->context) &&
		    cp_str_eq(p->dockerfile, q->dockerfile) && cp_str_eq(p->target, q->target))
			return true;
	}
	return false;
}

static int check_gates(const struct cp_request *q, struct cp_err *err)
{
	for (size_t i = 0; i < q->n_fail_on; i++)
		if (!cp_advice_is_gate(q->fail_on[i])) {
			cp_err_set(err, CP_EUSAGE, "there is no rule or severity \"%.*s\"",
				   CP_STR(q->fail_on[i]));
			cp_err_hint(
				err,
				"error, warning, info, or the name of a rule as the table shows it");
			return CP_EUSAGE;
		}
	return 0;
}

/* An image that cannot be looked at does not hide the others; CP_ENOMEM and CP_ECANCELLED come back. */
static int advise_image(const struct advising *all, size_t at,
			const struct cp_backtest_image *history, struct cp_report_advice *report,
			struct cp_err *err)
{
	struct cp_run *run = all->run;
	struct cp_image_run *image = &run->images[at];
	int r;

	report->name = image->request.name;
	if (!image->arena) /* a comment has predicted it already */
		image->arena = cp_arena_new(CP_MAX_ARENA_BYTES);
	if (!image->arena)
		return cp_err_nomem(err);
	r = cp_run_is_cancelled(run) ? cp_err_set(&report->error, CP_ECANCELLED, "cancelled")
				     : advise(all, image, history, report, &report->error);
	if (cp_arena_failed(image->arena) == CP_ENOMEM)
		r = cp_err_nomem(&report->error);
	else if (cp_arena_failed(image->arena) && r != CP_ECANCELLED)
		r = cp_err_set(&report->error, CP_ELIMIT,
			       "the image needs more than %zu MiB of memory",
			       (size_t)CP_MAX_ARENA_BYTES >> 20);
	if (cp_run_is_over(r))
		return cp_err_set(err, r, "%s", report->error.message);
	return 0;
}

static int status_of_error(const struct cp_err *e)
{
	return e->code == CP_ENOTFOUND ? 3 : e->code == CP_EUSAGE ? 2 : 4;
}

static int status_of(const struct advising *all, const struct cp_report_advice *reports, size_t n)
{
	const struct cp_run *run = all->run;

	for (size_t i = 0; i < n; i++)
		if (reports[i].error.code)
			return status_of_error(&reports[i].error);
	for (size_t i = 0; i < all->scanned.n_reports; i++)
		if (all->scanned.reports[i].error.code && !all->scanned.reports[i].is_image)
			return status_of_error(&all->scanned.reports[i].error);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < run->request.n_fail_on; k++)
			if (cp_advice_fails(reports[i].advice, run->request.fail_on[k]))
				return 1;
	for (size_t i = 0; run->request.strict && i < all->scanned.n_reports; i++)
		if (all->scanned.reports[i].error.code)
			return 6;
	return 0;
}

int cp_run_advise(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	struct cp_report_advice *reports =
		cp_arena_array(run->arena, run->n_images, sizeof(*reports));
	struct advising all = {.run = run, .ci = {.run = run}};
	struct cp_backtest *history = NULL;
	const struct cp_backtest_image *known;
	size_t n = 0;
	int r = check_gates(&run->request, err);

	if (r < 0)
		return r;
	if (!reports || read_ci(&all.ci) < 0)
		return cp_err_nomem(err);
	for (size_t i = 0; i < run->n_images; i++)
		all.n_images += !is_repeated(run, i);
	r = cp_scanned_read(run, &all.scanned, err);
	if (r == 0 && run->request.commits)
		r = cp_backtest_new(run, &history, err);
	for (size_t i = 0; r == 0 && i < run->n_images; i++) {
		if (is_repeated(run, i))
			continue;
		known = history && i < cp_backtest_report(history)->n_images
				? &cp_backtest_report(history)->images[i]
				: NULL;
		r = advise_image(&all, i, known, &reports[n], err);
		if (r == 0 && known)
			r = cp_stakes_find(run, history, i, &reports[n], err);
		n++;
	}
	cp_backtest_free(history);
	if (r < 0)
		return r;
	if (n == 1 && reports[0].error.code) {
		if (err)
			*err = reports[0].error;
		return reports[0].error.code;
	}
	*ret_status = status_of(&all, reports, n);
	return cp_report_advice(reports, n, all.scanned.reports, all.scanned.n_reports,
				run->request.format, &run->request.style, out, err);
}
