#include "comment_int.h"

#include <time.h>

#include "advise_int.h"
#include "forge/forge.h"
#include "run/network.h"
#include "split_int.h"

struct commenter {
	struct cp_run *run;
	struct cp_forge_place place;
	struct cp_buf *text; /* of the comment, without marker */
	struct cp_str id;
	bool found; /* place is known */
	/* what became of it */
	bool posted;
	struct cp_forge_posted done;
	struct cp_err why; /* of not posting; code 0 = none */
	bool status_set, check_run_set;
	struct cp_err status_why;
	int64_t time;
};

/* ---- what the comment says beside the prediction ---- */

/* requirements.txt, requirements-dev.txt, requirements/base.txt */
static bool is_requirements(struct cp_str path)
{
	struct cp_str name = cp_str_from(
		path, cp_str_rfind(path, '/') < path.n ? cp_str_rfind(path, '/') + 1 : 0);

	return cp_str_ends(name, CP_S(".txt")) &&
	       cp_str_find_str(path, CP_S("requirements"), 0) < path.n;
}

/* A requirement file whose change makes a step run again, "" = none. */
static struct cp_str changed_requirements(const struct cp_report *r)
{
	for (size_t i = 0; i < r->n_images; i++)
		for (size_t k = 0; k < r->images[i].prediction.n_steps; k++) {
			const struct cp_cause *c = &r->images[i].prediction.steps[k].cause;

			for (size_t p = 0; p < c->n_paths; p++)
				if (c->kind == CP_CAUSE_CONTENT_CHANGED &&
				    is_requirements(c->paths[p].path))
					return c->paths[p].path;
		}
	return CP_S("");
}

/* As the request would name it, whatever folder the user stands in. */
static struct cp_str request_path(struct cp_run *run, struct cp_str path)
{
	const char *top = cp_repo_work_tree(run->repo);

	return top ? cp_arena_printf(run->arena, "%s/%.*s", top, CP_STR(path)) : path;
}

/* Would a split of the file pay? No answer is none. */
static int ask_split(struct cp_run *run, struct cp_report_comment *c, struct cp_err *err)
{
	struct cp_request kept = run->request;
	struct cp_str path = changed_requirements(c->report);
	struct cp_split_plan plan;
	struct cp_err why = {0};
	int r;

	if (!path.n)
		return 0;
	run->request.split = request_path(run, path);
	r = run->request.split.p ? cp_split_plan(run, &plan, &why) : CP_ENOMEM;
	run->request = kept;
	if (cp_run_is_over(r) && err)
		*err = why;
	if (r < 0)
		return cp_run_is_over(r) ? r : 0;
	if (cp_str_eq(plan.action, CP_S("split"))) {
		c->split_file = path;
		c->split_reason = plan.reason;
	}
	return 0;
}

static int ask_advice(struct cp_run *run, struct cp_report_comment *c, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct cp_request kept = run->request;
	struct cp_err why = {0};
	int status, r;

	run->request.format = CP_S("markdown");
	run->request.n_fail_on = 0;
	r = cp_run_advise(run, &text, &status, &why);
	run->request = kept;
	if (cp_run_is_over(r) && err)
		*err = why;
	if (r < 0)
		return cp_run_is_over(r) ? r : 0;
	/* a table, or nothing to advise; of a report that was given something is said */
	if (kept.n_reports || kept.n_built || cp_str_find(cp_buf_str(&text), '|', 0) < text.n)
		c->advice = cp_arena_str(run->arena, cp_buf_str(&text));
	return c->advice.p ? 0 : cp_err_nomem(err);
}

static int write_text(struct commenter *c, struct cp_err *err)
{
	struct cp_forge_limits limits = {60000, true, true};
	struct cp_report_comment comment = {.report = &c->run->report,
					    .split_file = CP_S(""),
					    .split_reason = CP_S(""),
					    .advice = CP_S("")};
	int r = 0;

	if (c->found)
		limits = cp_forge_limits(&c->place);
	comment.max_bytes = limits.max_bytes - CP_FORGE_MARKER_BYTES;
	comment.html = limits.html;
	comment.mermaid = limits.mermaid;
	if (!cp_report_is_quiet(&c->run->report))
		r = ask_split(c->run, &comment, err);
	if (r == 0 && !cp_report_is_quiet(&c->run->report))
		r = ask_advice(c->run, &comment, err);
	return r == 0 ? cp_report_comment(&comment, c->text, err) : r;
}

/* ---- which comment ---- */

static void add(struct cp_sha256 *h, struct cp_str text)
{
	cp_sha256_adds(h, text);
	cp_sha256_add(h, "", 1);
}

/*
 * A name for what was asked: the same from commit to commit, another for another Dockerfile, target or file of images. Two jobs that predict
 * different things have a comment each.
 */
static int choose_id(struct commenter *c, struct cp_err *err)
{
	const struct cp_request *q = &c->run->request;
	struct cp_sha256 h;
	struct cp_digest d;
	char hex[17];

	if (q->comment.id.n) {
		c->id = q->comment.id;
		return cp_forge_is_id(c->id)
			       ? 0
			       : cp_err_set(
					 err, CP_EUSAGE,
					 "the id of a comment is letters, digits, \".\", \"_\" and \"-\", not %.*s",
					 CP_STR(c->id));
	}
	cp_sha256_init(&h);
	add(&h, q->bake);
	for (size_t i = 0; i < q->n_compose; i++)
		add(&h, q->compose[i]);
	for (size_t i = 0; i < q->n_only; i++)
		add(&h, q->only[i]);
	for (size_t i = 0; i < q->n_targets; i++)
		add(&h, q->targets[i]);
	for (size_t i = 0; i < q->n_images; i++) {
		add(&h, q->images[i].name);
		add(&h, q->images[i].context);
		add(&h, q->images[i].dockerfile);
		add(&h, q->images[i].target);
		for (size_t k = 0; k < q->images[i].n_platforms; k++)
			add(&h, q->images[i].platforms[k]);
	}
	d = cp_sha256_end(&h);
	cp_hex(d.bytes, 8, hex);
	c->id = cp_arena_str(c->run->arena, cp_str_c(hex));
	return c->id.p ? 0 : cp_err_nomem(err);
}

/* ---- posting ---- */

static int is_ancestor(void *self, struct cp_str x, struct cp_str y)
{
	struct commenter *c = self;
	struct cp_commit cx, cy, base;
	struct cp_str rev_x = cp_arena_str(c->run->arena, x),
		      rev_y = cp_arena_str(c->run->arena, y);
	struct cp_err ignored;
	int r;

	if (!rev_x.p || !rev_y.p || cp_repo_resolve(c->run->repo, rev_x.p, &cx, &ignored) < 0 ||
	    cp_repo_resolve(c->run->repo, rev_y.p, &cy, &ignored) < 0)
		return -1;
	r = cp_repo_common_base(c->run->repo, &cy, rev_x.p, &base, &ignored);
	if (r == CP_ENOTFOUND)
		return cp_repo_is_shallow(c->run->repo) ? -1 : 0;
	return r < 0 ? -1 : cp_oid_eq(&base.oid, &cx.oid);
}

static int is_cancelled(void *self)
{
	return cp_run_is_cancelled(((struct commenter *)self)->run);
}

/* A run that follows the pull request's has the default branch as HEAD: of that commit nothing is said there. */
static int check_head(const struct commenter *c, struct cp_err *err)
{
	struct cp_str head = cp_str_c(c->run->head_commit.hex), commit = c->place.commit;

	if (!c->place.follows || cp_str_eq(head, commit))
		return 0;
	cp_err_set(err, CP_ENOTFOUND,
		   "the prediction is of %.12s, and the pull request's head is %.12s", head.p,
		   commit.p);
	cp_err_hint(err, "git fetch origin %.*s, and --head %.*s", CP_STR(commit), CP_STR(commit));
	return CP_ENOTFOUND;
}

static int find_place(struct commenter *c, struct cp_err *err)
{
	cp_auto_buf struct cp_buf event = CP_BUF_INIT(CP_MAX_EVENT_BYTES);
	const struct cp_environment *env = &c->run->world->env;
	struct cp_err why = {0};
	int r;

	cp_run_read_event(c->run, &event);
	r = cp_forge_find(c->run->arena, env, &c->run->request.comment.wish, cp_buf_str(&event),
			  &c->place, &why);
	if (r == 0)
		r = check_head(c, &why);
	c->found = r == 0;
	if (r == 0 && !c->place.commit.n && !c->place.merged)
		c->place.commit = cp_str_c(c->run->head_commit.hex);
	if (r == CP_ENOTFOUND) { /* nothing to post to is no failure of what posts nothing */
		if (!c->run->request.comment.dry_run && !c->run->request.offline)
			c->why = why;
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* What a forge refuses is not the build's failure. */
static int forgive(int r, const struct cp_err *why, struct cp_err *ret_why, struct cp_err *err)
{
	if (r == 0)
		return 0;
	if (r == CP_ENOMEM || r == CP_ECANCELLED || r == CP_EUSAGE || r == CP_EBUG) {
		if (err)
			*err = *why;
		return r;
	}
	*ret_why = *why;
	return 0;
}

/* ---- of the commit: a check run, or a status ---- */

struct annotations {
	struct cp_run *run;
	struct cp_forge_annotation *items;
	size_t n;
};

static int keep_annotation(void *self, const struct cp_report_annotation *a)
{
	struct annotations *all = self;
	struct cp_forge_annotation *kept = &all->items[all->n];

	if (all->n == CP_MAX_ANNOTATIONS)
		return 0;
	*kept = (struct cp_forge_annotation){.path = a->path,
					     .line = a->line,
					     .message = cp_arena_str(all->run->arena, a->message),
					     .is_error = a->is_error};
	all->n++;
	return kept->message.p ? 0 : CP_ENOMEM;
}

static int set_check_run(struct commenter *c, struct cp_net *net, struct cp_str name,
			 struct cp_str title, struct cp_err *why)
{
	struct annotations all = {
		.run = c->run,
		.items = cp_arena_array(c->run->arena, CP_MAX_ANNOTATIONS, sizeof(*all.items))};
	struct cp_forge_check check = {.name = name,
				       .title = title,
				       .summary = cp_buf_str(c->text),
				       .success = cp_report_is_quiet(&c->run->report)};

	if (!all.items || cp_report_each_annotation(&c->run->report, keep_annotation, &all) < 0)
		return cp_err_nomem(why);
	check.annotations = all.items;
	check.n_annotations = all.n;
	return cp_forge_check_run(net, c->run->arena, &c->place, &check, why);
}

/* Where a check run is refused, or there is none, a commit status says as much in a line. */
static int set_status(struct commenter *c, struct cp_net *net, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	const struct cp_request *q = &c->run->request;
	struct cp_err why = {0};
	struct cp_str context = CP_S("cachepredict");
	int r = CP_EUNSUPPORTED;

	if (!q->comment.status && !q->comment.check_run)
		return 0;
	if (q->comment.id.n)
		context = cp_arena_printf(c->run->arena, "cachepredict/%.*s", CP_STR(c->id));
	cp_report_headline(&c->run->report, &text);
	if (!context.p || cp_buf_error(&text))
		return cp_err_nomem(err);
	if (q->comment.check_run) {
		r = set_check_run(c, net, context, cp_buf_str(&text), &why);
		c->check_run_set = r == 0;
	}
	if (r == CP_EUNSUPPORTED || r == CP_ENET || r == CP_ENOTFOUND) {
		r = cp_forge_status(net, c->run->arena, &c->place, context, cp_buf_str(&text),
				    &why);
		c->status_set = r == 0;
	}
	return forgive(r, &why, &c->status_why, err);
}

static int post(struct commenter *c, struct cp_err *err)
{
	const struct cp_request *q = &c->run->request;
	struct cp_forge_post p = {
		.id = c->id,
		.body = cp_buf_str(c->text),
		.quiet = cp_report_is_quiet(&c->run->report),
		.time = c->time,
		.patience = (q->timeout_ms > 0 ? q->timeout_ms : CP_NET_TIMEOUT_MS) / 1000,
		.is_ancestor = is_ancestor,
		.is_cancelled = is_cancelled,
		.self = c};
	struct cp_err why = {0};
	struct cp_net *net;
	int r = cp_forge_behaviour_parse(q->comment.behaviour, &p.behaviour, err);

	if (r < 0 || !c->found || q->comment.dry_run || q->offline)
		return r;
	r = cp_network_new(c->run, &net, err);
	if (r < 0)
		return r;
	r = cp_forge_comment(net, c->run->arena, &c->place, &p, &c->done, &why);
	c->posted = r == 0;
	r = forgive(r, &why, &c->why, err);
	if (r == 0)
		r = set_status(c, net, err);
	cp_network_log(c->run, net);
	cp_net_free(net);
	return r;
}

/* ---- what became of it ---- */

static const char *result_of(const struct commenter *c)
{
	if (c->posted)
		return cp_forge_result_name(c->done.result);
	return c->why.code ? "failed" : "dry-run";
}

static void put_why(struct cp_json_out *o, const char *key, const struct cp_err *why)
{
	if (!why->code)
		return;
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", cp_str_c(cp_err_name(why->code)));
	cp_json_kstr(o, "message", cp_str_c(why->message));
	cp_json_kstr(o, "hint", cp_str_c(why->hint));
	cp_json_close(o, '}');
}

static void put_json(const struct commenter *c, struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = c->run->request.style.pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/comment/1"));
	cp_json_kstr(&o, "result", cp_str_c(result_of(c)));
	cp_json_kbool(&o, "quiet", cp_report_is_quiet(&c->run->report));
	cp_json_kstr(&o, "forge", c->place.forge);
	cp_json_kstr(&o, "repository", c->place.repository);
	cp_json_kstr(&o, "pull_request", c->posted ? c->done.number : c->place.number);
	cp_json_kstr(&o, "commit", c->place.commit);
	cp_json_kbool(&o, "fork", c->place.fork);
	cp_json_kstr(&o, "id", c->id);
	cp_json_kstr(&o, "url", c->done.url);
	cp_json_kint(&o, "deleted", (int64_t)c->done.n_deleted);
	cp_json_kint(&o, "hidden", (int64_t)c->done.n_hidden);
	cp_json_kbool(&o, "status_set", c->status_set);
	cp_json_kbool(&o, "check_run_set", c->check_run_set);
	put_why(&o, "error", &c->why);
	put_why(&o, "status_error", &c->status_why);
	cp_json_kstr(&o, "body", cp_buf_str(c->text));
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}

int cp_run_comment(struct cp_run *run, struct cp_buf *out, int *ret_status, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_OUTPUT_BYTES);
	struct commenter c = {.run = run, .text = &text, .time = (int64_t)time(NULL)};
	bool markdown = cp_str_eq(run->request.format, CP_S("markdown"));
	int r;

	if (!markdown && run->request.format.n && !cp_str_eq(run->request.format, CP_S("json")))
		return cp_err_set(err, CP_EUNSUPPORTED, "a comment is shown as json or markdown");
	r = choose_id(&c, err);
	if (r == 0)
		r = find_place(&c, err);
	if (r == 0)
		r = write_text(&c, err);
	if (r == 0)
		r = post(&c, err);
	if (r < 0)
		return r;
	if (markdown)
		cp_buf_adds(out, cp_buf_str(&text));
	else
		put_json(&c, out);
	if (*ret_status == 0 && run->request.strict && (c.why.code || c.status_why.code))
		*ret_status = 6;
	return 0;
}
