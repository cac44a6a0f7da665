/* The prediction as data: include/cachepredict/schema/prediction.json. */
#include "report/report_int.h"

static void rev(struct cp_json_out *o, const char *key, struct cp_str name, struct cp_str commit,
		struct cp_str why)
{
	cp_json_key(o, key);
	cp_json_open(o, '{');
	cp_json_kstr(o, "rev", name);
	if (commit.n)
		cp_json_kstr(o, "commit", commit);
	if (why.n)
		cp_json_kstr(o, "why", why);
	cp_json_close(o, '}');
}

static void list(struct cp_json_out *o, const char *key, const struct cp_str *items, size_t n)
{
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		cp_json_str(o, items[i]);
	cp_json_close(o, ']');
}

static void step_name(struct cp_json_out *o, const char *key, const struct cp_graph *graph,
		      long step)
{
	cp_json_key(o, key);
	if (step >= 0 && (size_t)step < graph->n_steps)
		cp_json_str(o, graph->steps[step].name);
	else
		cp_json_null(o);
}

static void put_package(struct cp_json_out *o, struct cp_str path, const struct cp_req_change *c)
{
	static const char *const kinds[] = {"added", "removed", "changed"};

	cp_json_open(o, '{');
	cp_json_kstr(o, "path", path);
	cp_json_kstr(o, "name", c->key);
	cp_json_kstr(o, "change", cp_str_c(kinds[c->kind]));
	if (c->kind != CP_REQ_ADDED)
		cp_json_kstr(o, "before", c->version_before);
	if (c->kind != CP_REQ_REMOVED)
		cp_json_kstr(o, "after", c->version_after);
	cp_json_close(o, '}');
}

/* Packages of the files of requirements among the paths, and those of which only the text changed. */
static void put_packages(struct cp_json_out *o, const struct cp_report_image *im,
			 const struct cp_cause *c)
{
	const struct cp_report_packages *p;
	size_t n_files = 0;

	for (size_t i = 0; i < c->n_paths; i++)
		n_files += cp_step_packages(im, &c->paths[i]) != NULL;
	if (!n_files)
		return;
	cp_json_key(o, "packages");
	cp_json_open(o, '[');
	for (size_t i = 0; i < c->n_paths; i++) {
		p = cp_step_packages(im, &c->paths[i]);
		for (size_t k = 0; p && k < p->n; k++)
			put_package(o, p->path, &p->changes[k]);
	}
	cp_json_close(o, ']');
	cp_json_key(o, "text_only");
	cp_json_open(o, '[');
	for (size_t i = 0; i < c->n_paths; i++) {
		p = cp_step_packages(im, &c->paths[i]);
		if (p && !p->n && !p->options)
			cp_json_str(o, p->path);
	}
	cp_json_close(o, ']');
}

void cp_json_cause(struct cp_json_out *o, const struct cp_graph *graph,
		   const struct cp_report_image *im, const struct cp_cause *c)
{
	cp_json_key(o, "cause");
	if (c->kind == CP_CAUSE_NONE) {
		cp_json_null(o);
		return;
	}
	cp_json_open(o, '{');
	cp_json_kstr(o, "kind", cp_str_c(cp_cause_name(c->kind)));
	cp_json_key(o, "paths");
	cp_json_open(o, '[');
	for (size_t i = 0; i < c->n_paths; i++) {
		cp_json_open(o, '{');
		cp_json_kstr(o, "path", c->paths[i].path);
		cp_json_kstr(o, "change", cp_str_c(cp_change_name(c->paths[i].change)));
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	step_name(o, "step", graph, c->step);
	cp_json_kstr(o, "message", c->message);
	if (c->n_paths_total > c->n_paths)
		cp_json_kint(o, "paths_total", (int64_t)c->n_paths_total);
	if (c->n_names)
		list(o, "names", c->names, c->n_names);
	if (c->hint.n)
		cp_json_kstr(o, "hint", c->hint);
	put_packages(o, im, c);
	cp_json_close(o, '}');
}

/* The values of --cache-from that have a step. */
static void held_by(struct cp_json_out *o, const struct cp_report_image *im, uint64_t holders)
{
	cp_json_key(o, "caches");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->n_caches && i < 64; i++)
		if (holders >> i & 1)
			cp_json_str(o, im->caches[i]);
	cp_json_close(o, ']');
}

void cp_json_step(struct cp_json_out *o, const struct cp_report_image *im,
		  const struct cp_step_result *s)
{
	cp_json_open(o, '{');
	cp_json_kstr(o, "name", s->step->name);
	cp_json_kstr(o, "stage", im->graph->stages[s->step->stage].name);
	cp_json_kint(o, "line", s->step->line);
	cp_json_kstr(o, "instruction", s->step->instruction);
	cp_json_kstr(o, "outcome", cp_str_c(cp_outcome_name(s->outcome)));
	cp_json_key(o, "key");
	if (s->has_key) {
		char digest[CP_DIGEST_TEXT + 1];

		cp_digest_text(&s->key, digest);
		cp_json_str(o, cp_str_c(digest));
	} else {
		cp_json_null(o);
	}
	cp_json_cause(o, im->graph, im, &s->cause);
	if (im->costs)
		cp_json_cost(o, &im->costs[s - im->prediction.steps]);
	if (im->holders)
		held_by(o, im, im->holders[s - im->prediction.steps]);
	cp_json_close(o, '}');
}

void cp_json_error(struct cp_json_out *o, const struct cp_err *e)
{
	cp_json_key(o, "error");
	cp_json_open(o, '{');
	cp_json_kstr(o, "code", cp_str_c(cp_err_name(e->code)));
	cp_json_kstr(o, "message", cp_str_c(e->message));
	if (e->file[0])
		cp_json_kstr(o, "file", cp_str_c(e->file));
	if (e->line > 0)
		cp_json_kint(o, "line", e->line);
	if (e->column > 0)
		cp_json_kint(o, "column", e->column);
	if (e->hint[0])
		cp_json_kstr(o, "hint", cp_str_c(e->hint));
	cp_json_close(o, '}');
}

static void counts(struct cp_json_out *o, const struct cp_prediction *p)
{
	cp_json_kstr(o, "outcome", cp_str_c(cp_outcome_name(p->outcome)));
	cp_json_key(o, "counts");
	cp_json_open(o, '{');
	cp_json_kint(o, "hit", (int64_t)p->n_hit);
	cp_json_kint(o, "miss", (int64_t)p->n_miss);
	cp_json_kint(o, "depends", (int64_t)p->n_depends);
	cp_json_kint(o, "unknown", (int64_t)p->n_unknown);
	cp_json_close(o, '}');
}

static void stages_and_steps(struct cp_json_out *o, const struct cp_report_image *im)
{
	cp_json_key(o, "stages");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->prediction.n_stages; i++) {
		const struct cp_stage_result *s = &im->prediction.stages[i];

		cp_json_open(o, '{');
		cp_json_kstr(o, "name", s->stage->name);
		cp_json_kint(o, "index", (int64_t)s->stage->index);
		cp_json_kstr(o, "outcome", cp_str_c(cp_outcome_name(s->outcome)));
		cp_json_close(o, '}');
	}
	cp_json_close(o, ']');
	cp_json_key(o, "steps");
	cp_json_open(o, '[');
	for (size_t i = 0; i < im->prediction.n_steps; i++)
		if (cp_step_is_listed(im->prediction.steps[i].step))
			cp_json_step(o, im, &im->prediction.steps[i]);
	cp_json_close(o, ']');
}

static void image(struct cp_json_out *o, const struct cp_report_image *im)
{
	bool failed = cp_image_failed(im);

	cp_json_open(o, '{');
	cp_json_kstr(o, "name", cp_image_name(im));
	cp_json_kstr(o, "dockerfile", im->dockerfile);
	cp_json_kstr(o, "context", im->request ? im->request->context : CP_S(""));
	if (im->profile && !failed) {
		cp_json_key(o, "builder");
		cp_json_open(o, '{');
		cp_json_kstr(o, "frontend", im->profile->frontend);
		cp_json_kstr(o, "daemon", im->profile->daemon);
		cp_json_close(o, '}');
	}
	cp_json_key(o, "ignore_file");
	if (im->ignore_file.n)
		cp_json_str(o, im->ignore_file);
	else
		cp_json_null(o);
	cp_json_kstr(o, "target", im->target);
	cp_json_kstr(o, "platform", im->platform);
	if (!failed) {
		stages_and_steps(o, im);
		list(o, "assumptions", im->assumptions, im->n_assumptions);
		counts(o, &im->prediction);
	} else {
		cp_json_error(o, &im->error);
	}
	cp_json_close(o, '}');
}

/* Stages in which a step surely rebuilds; with several images as IMAGE/STAGE. */
static void rebuild_stages(struct cp_json_out *o, const struct cp_report *r)
{
	cp_json_key(o, "rebuild_stages");
	cp_json_open(o, '[');
	for (size_t i = 0; i < r->n_images; i++) {
		const struct cp_report_image *im = &r->images[i];

		for (size_t k = 0; !cp_image_failed(im) && k < im->prediction.n_stages; k++) {
			const struct cp_stage_result *s = &im->prediction.stages[k];
			cp_auto_buf struct cp_buf name = CP_BUF_PART(o->b, CP_MAX_OUTPUT_BYTES);

			if (s->outcome != CP_OUTCOME_MISS)
				continue;
			if (r->n_images > 1) {
				cp_buf_adds(&name, cp_image_name(im));
				cp_buf_addc(&name, '/');
			}
			cp_buf_adds(&name, s->stage->name);
			cp_json_str(o, cp_buf_str(&name));
		}
	}
	cp_json_close(o, ']');
}

static void verdict(struct cp_json_out *o, const struct cp_report *r)
{
	cp_json_key(o, "verdict");
	cp_json_open(o, '{');
	cp_json_kstr(o, "action", r->action);
	list(o, "cache_from", r->cache_from, r->n_cache_from);
	cp_json_decision(o, r);
	rebuild_stages(o, r);
	cp_json_kstr(o, "reason", r->reason);
	cp_json_close(o, '}');
}

void cp_report_json(const struct cp_report *r, const struct cp_report_style *style,
		    struct cp_buf *out)
{
	struct cp_json_out o = CP_JSON_OUT(out);

	o.raw_html = true;
	o.indent = style->pretty ? 2 : 0;
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "schema", CP_S("cachepredict/prediction/1"));
	rev(&o, "base", r->base_rev, r->base_commit, r->base_why);
	rev(&o, "head", r->head_rev, r->head_commit, CP_S(""));
	cp_json_key(&o, "builder");
	cp_json_open(&o, '{');
	cp_json_kstr(&o, "kind", r->builder_kind);
	cp_json_kstr(&o, "frontend", r->builder_frontend);
	cp_json_kstr(&o, "daemon", r->builder_daemon);
	cp_json_close(&o, '}');
	cp_json_key(&o, "images");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < r->n_images; i++)
		image(&o, &r->images[i]);
	cp_json_close(&o, ']');
	verdict(&o, r);
	if (cp_accuracy_judged(&r->accuracy))
		cp_json_accuracy(&o, &r->accuracy);
	if (r->n_notes)
		list(&o, "notes", r->notes, r->n_notes);
	cp_json_close(&o, '}');
	cp_buf_addc(out, '\n');
}
