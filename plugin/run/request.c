/* The JSON request of a host ─► struct cp_request. Unknown members are ignored. */
#include "run.h"

static int text(struct cp_arena *a, const struct cp_json *o, const char *key, struct cp_str *ret)
{
	const struct cp_json *v = cp_json_get(o, key);

	if (cp_json_kind(v) != CP_JSON_STRING)
		return 0;
	*ret = cp_arena_str(a, cp_json_text(v));
	return ret->p ? 0 : CP_ENOMEM;
}

static int list(struct cp_arena *a, const struct cp_json *o, const char *key, struct cp_str **ret,
		size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(o, key);
	size_t n = cp_json_kind(v) == CP_JSON_ARRAY ? cp_json_len(v) : 0;

	if (n == 0)
		return 0;
	*ret = cp_arena_array(a, n, sizeof(**ret));
	if (!*ret)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		(*ret)[i] = cp_arena_str(a, cp_json_text(cp_json_at(v, i)));
		if (!(*ret)[i].p)
			return CP_ENOMEM;
	}
	*ret_n = n;
	return 0;
}

/* {"KEY": "value"}; null = the value comes from the environment. */
static int settings(struct cp_arena *a, const struct cp_json *o, const char *key,
		    struct cp_setting **ret, size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(o, key);
	size_t n = cp_json_kind(v) == CP_JSON_OBJECT ? cp_json_len(v) : 0, i = 0;

	if (n == 0)
		return 0;
	*ret = cp_arena_array(a, n, sizeof(**ret));
	if (!*ret)
		return CP_ENOMEM;
	for (void *it = cp_json_first(v); it && i < n; it = cp_json_next(v, it), i++) {
		struct cp_setting *s = &(*ret)[i];
		const struct cp_json *value = cp_json_it_value(it);

		s->has_value = cp_json_kind(value) == CP_JSON_STRING;
		s->key = cp_arena_str(a, cp_json_it_key(it));
		s->value = cp_arena_str(a, cp_json_text(value));
		if (!s->key.p || !s->value.p)
			return CP_ENOMEM;
	}
	*ret_n = n;
	return 0;
}

static int image(struct cp_arena *a, const struct cp_json *o, struct cp_image_request *im)
{
	int r = 0;

	r |= text(a, o, "name", &im->name);
	r |= text(a, o, "context", &im->context);
	r |= text(a, o, "dockerfile", &im->dockerfile);
	r |= text(a, o, "target", &im->target);
	r |= text(a, o, "network", &im->network);
	r |= text(a, o, "shm_size", &im->shm_size);
	r |= text(a, o, "cgroup_parent", &im->cgroup_parent);
	r |= list(a, o, "platforms", &im->platforms, &im->n_platforms);
	r |= list(a, o, "cache_from", &im->cache_from, &im->n_cache_from);
	r |= list(a, o, "cache_to", &im->cache_to, &im->n_cache_to);
	r |= list(a, o, "tags", &im->tags, &im->n_tags);
	r |= list(a, o, "no_cache_filter", &im->no_cache_filter, &im->n_no_cache_filter);
	r |= list(a, o, "add_hosts", &im->add_hosts, &im->n_add_hosts);
	r |= list(a, o, "ulimits", &im->ulimits, &im->n_ulimits);
	r |= list(a, o, "ssh", &im->ssh, &im->n_ssh);
	r |= settings(a, o, "build_args", &im->build_args, &im->n_build_args);
	r |= settings(a, o, "build_contexts", &im->contexts, &im->n_contexts);
	im->no_cache = cp_json_is_true(cp_json_get(o, "no_cache"));
	im->pull = cp_json_is_true(cp_json_get(o, "pull"));
	return r ? CP_ENOMEM : 0;
}

static int images(struct cp_arena *a, const struct cp_json *root, struct cp_request *q,
		  struct cp_err *err)
{
	const struct cp_json *one = cp_json_get(root, "image"), *many = cp_json_get(root, "images");
	size_t n = cp_json_kind(many) == CP_JSON_ARRAY ? cp_json_len(many) : 0;

	if (n > CP_MAX_IMAGES)
		return cp_err_set(err, CP_ELIMIT, "over %u images in one request", CP_MAX_IMAGES);
	q->images = cp_arena_array(a, n + 1, sizeof(*q->images));
	if (!q->images)
		return cp_err_nomem(err);
	if (cp_json_kind(one) == CP_JSON_OBJECT && image(a, one, &q->images[q->n_images++]) < 0)
		return cp_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (image(a, cp_json_at(many, i), &q->images[q->n_images++]) < 0)
			return cp_err_nomem(err);
	q->image_given = q->n_images > 0;
	return 0;
}

/* Seconds, as a number or its text; at most a day. 0 = not said. */
static int64_t timeout_of(const struct cp_json *v)
{
	int64_t seconds = cp_json_number(v, 0);

	if (cp_json_kind(v) == CP_JSON_STRING && !cp_str_to_int(cp_json_text(v), 10, &seconds))
		return 0;
	if (seconds <= 0)
		return 0;
	return (seconds < 86400 ? seconds : 86400) * 1000;
}

/* A number, or its text; 0 = not said. */
static int64_t number(const struct cp_json *v)
{
	int64_t n = cp_json_number(v, 0);

	return cp_json_kind(v) == CP_JSON_STRING && !cp_str_to_int(cp_json_text(v), 10, &n) ? 0 : n;
}

/* [{"file": "build.jsonl"}, {"text": "...", "name": "log"}, "build.jsonl"] */
static int sources(struct cp_arena *a, const struct cp_json *root, const char *key,
		   struct cp_log_source **ret, size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(root, key);
	size_t n = cp_json_kind(v) == CP_JSON_ARRAY ? cp_json_len(v) : 0;
	int r = 0;

	*ret = cp_arena_array(a, n, sizeof(**ret));
	if (!*ret)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct cp_json *item = cp_json_at(v, i);
		struct cp_log_source *log = &(*ret)[i];

		log->name = cp_json_kind(item) == CP_JSON_STRING
				    ? cp_arena_str(a, cp_json_text(item))
				    : CP_S("log");
		r |= text(a, item, "name", &log->name);
		r |= text(a, item, "text", &log->text);
		if (!log->text.p)
			r |= text(a, item, "file", &log->name);
	}
	for (size_t i = 0; i < n; i++)
		r |= (*ret)[i].name.p ? 0 : CP_ENOMEM;
	*ret_n = n;
	return r ? CP_ENOMEM : 0;
}

static int record_members(struct cp_arena *a, const struct cp_json *root, struct cp_request *q)
{
	int r = sources(a, root, "logs", &q->logs, &q->n_logs);

	r |= text(a, root, "kind", &q->kind);
	r |= text(a, root, "prediction", &q->prediction);
	r |= text(a, root, "project", &q->project);
	r |= text(a, root, "import", &q->import);
	q->export = cp_json_is_true(cp_json_get(root, "export"));
	q->fork = cp_json_is_true(cp_json_get(root, "fork"));
	q->accuracy = cp_json_is_true(cp_json_get(root, "accuracy"));
	return r ? CP_ENOMEM : 0;
}

/* Which comment of which pull request. */
static int comment_members(struct cp_arena *a, const struct cp_json *root, struct cp_request *q)
{
	int r = 0;

	r |= text(a, root, "forge", &q->comment.wish.forge);
	r |= text(a, root, "forge_url", &q->comment.wish.url);
	r |= text(a, root, "forge_repository", &q->comment.wish.repository);
	r |= text(a, root, "pull_request", &q->comment.wish.number);
	r |= text(a, root, "commit", &q->comment.wish.commit);
	r |= text(a, root, "run", &q->comment.wish.run);
	r |= text(a, root, "behaviour", &q->comment.behaviour);
	r |= text(a, root, "comment_id", &q->comment.id);
	q->comment.dry_run = cp_json_is_true(cp_json_get(root, "dry_run"));
	q->comment.status = cp_json_is_true(cp_json_get(root, "status"));
	q->comment.check_run = cp_json_is_true(cp_json_get(root, "check_run"));
	return r;
}

static int members(struct cp_arena *a, const struct cp_json *root, struct cp_request *q)
{
	const struct cp_json *style = cp_json_get(root, "style"),
			     *config = cp_json_get(root, "config");
	int r = 0;

	r |= text(a, root, "repository", &q->repository);
	r |= text(a, root, "base", &q->base);
	r |= text(a, root, "head", &q->head);
	r |= text(a, root, "config", &q->config);
	r |= text(a, root, "config_from", &q->config_from);
	r |= text(a, root, "context_from", &q->context_from);
	r |= text(a, root, "bake", &q->bake);
	r |= text(a, root, "image_metadata", &q->image_metadata);
	r |= text(a, root, "base_image_metadata", &q->base_image_metadata);
	r |= text(a, root, "registry_ca", &q->registry_ca);
	r |= text(a, root, "buildkitd_config", &q->buildkitd_config);
	r |= list(a, root, "registries", &q->registries, &q->n_registries);
	r |= list(a, root, "registry_mirrors", &q->registry_mirrors, &q->n_registry_mirrors);
	r |= list(a, root, "registry_http", &q->registry_http, &q->n_registry_http);
	r |= text(a, root, "builder", &q->builder_text);
	r |= text(a, root, "state", &q->state);
	q->no_state = cp_json_get(root, "state") &&
		      cp_json_kind(cp_json_get(root, "state")) == CP_JSON_NULL;
	r |= text(a, root, "explain", &q->explain);
	r |= text(a, root, "check", &q->check);
	r |= text(a, root, "split", &q->split);
	r |= text(a, root, "weights", &q->weights);
	q->commits = number(cp_json_get(root, "commits"));
	q->patches = cp_json_is_true(cp_json_get(root, "patches"));
	r |= list(a, root, "with", &q->with, &q->n_with);
	q->layers = number(cp_json_get(root, "layers"));
	r |= comment_members(a, root, q);
	r |= list(a, root, "built", &q->built, &q->n_built);
	r |= sources(a, root, "reports", &q->reports, &q->n_reports);
	r |= record_members(a, root, q);
	r |= text(a, root, "format", &q->format);
	r |= list(a, root, "compose", &q->compose, &q->n_compose);
	r |= list(a, root, "only", &q->only, &q->n_only);
	r |= list(a, root, "targets", &q->targets, &q->n_targets);
	r |= list(a, root, "fail_on", &q->fail_on, &q->n_fail_on);
	q->offline = cp_json_is_true(cp_json_get(root, "offline"));
	q->resolve_images = cp_json_is_true(cp_json_get(root, "resolve_images"));
	q->timeout_ms = timeout_of(cp_json_get(root, "timeout"));
	q->no_config = config && cp_json_kind(config) == CP_JSON_NULL;
	q->preimage = cp_json_is_true(cp_json_get(root, "preimage"));
	q->diff = cp_json_is_true(cp_json_get(root, "diff"));
	q->strict = cp_json_is_true(cp_json_get(root, "strict"));
	q->style.color = cp_json_is_true(cp_json_get(style, "color"));
	q->style.ascii = cp_json_is_true(cp_json_get(style, "ascii"));
	q->style.pretty = cp_json_is_true(cp_json_get(style, "pretty"));
	q->style.width = (int)cp_json_number(cp_json_get(style, "width"), 0);
	return r ? CP_ENOMEM : 0;
}

/* Revisions and paths go to C interfaces: no NUL inside. */
static bool has_nul(struct cp_str s)
{
	return cp_str_find(s, '\0', 0) < s.n;
}

/* Octal digits, as the shell's umask prints them. */
static int umask_of(struct cp_str text, struct cp_request *q, struct cp_err *err)
{
	int64_t v;

	if (!text.n)
		return 0;
	if (text.p[0] < '0' || text.p[0] > '7' || !cp_str_to_int(text, 8, &v) || v > 0777)
		return cp_err_set(err, CP_EUSAGE, "umask is octal, 022 or 002, not %.*s",
				  CP_STR(text));
	q->has_umask = true;
	q->umask = (uint32_t)v;
	return 0;
}

int cp_request_parse(struct cp_arena *a, struct cp_str json, struct cp_request *ret_request,
		     struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_request q = {{0}};
	int r = cp_json_parse(json, CP_S("request"), &doc, err);

	if (r < 0)
		return r;
	if (cp_json_kind(cp_json_root(doc)) != CP_JSON_OBJECT)
		return cp_err_set(err, CP_EUSAGE, "a request is a JSON object");
	if (members(a, cp_json_root(doc), &q) < 0)
		return cp_err_nomem(err);
	r = images(a, cp_json_root(doc), &q, err);
	if (r < 0)
		return r;
	if (has_nul(q.repository) || has_nul(q.base) || has_nul(q.head) || has_nul(q.config_from) ||
	    has_nul(q.bake) || has_nul(q.image_metadata) || has_nul(q.check) ||
	    has_nul(q.base_image_metadata) || has_nul(q.registry_ca) ||
	    has_nul(q.buildkitd_config) || has_nul(q.state) || has_nul(q.split) ||
	    has_nul(q.weights) || has_nul(q.prediction) || has_nul(q.import))
		return cp_err_set(err, CP_EUSAGE,
				  "a path or revision of the request has a NUL byte in it");
	for (size_t i = 0; i < q.n_compose + q.n_with; i++)
		if (has_nul(i < q.n_compose ? q.compose[i] : q.with[i - q.n_compose]))
			return cp_err_set(err, CP_EUSAGE,
					  "a path of the request has a NUL byte in it");
	for (size_t i = 0; i < q.n_logs + q.n_reports; i++)
		if (has_nul(i < q.n_logs ? q.logs[i].name : q.reports[i - q.n_logs].name))
			return cp_err_set(err, CP_EUSAGE,
					  "a path of the request has a NUL byte in it");
	if (q.n_reports > CP_MAX_SCANS || q.n_built > CP_MAX_SCANS)
		return cp_err_set(err, CP_ELIMIT, "over %u reports or images in one request",
				  CP_MAX_SCANS);
	if (q.context_from.n && !cp_str_eq(q.context_from, CP_S("clone")) &&
	    !cp_str_eq(q.context_from, CP_S("export")))
		return cp_err_set(err, CP_EUSAGE,
				  "context_from is \"clone\" or \"export\", not \"%.*s\"",
				  CP_STR(q.context_from));
	r = umask_of(cp_json_text(cp_json_get(cp_json_root(doc), "umask")), &q, err);
	if (r < 0)
		return r;
	r = cp_builder_parse(q.builder_text, &q.builder, err);
	if (r < 0)
		return r;
	if (q.style.width < 0 || q.style.width > 1000)
		q.style.width = 0;
	*ret_request = q;
	return 0;
}
