/*
 * .cachepredict.json (include/cachepredict/schema/config.json). Paths are relative to the
 * repository's root.
 */
#include "project/json_int.h"

static int read_lists(struct cp_json_reader *r, const struct cp_json *o, struct cp_image_request *q)
{
	const struct {
		const char *member;
		struct cp_str **items;
		size_t *n;
	} lists[] = {
		{"platforms", &q->platforms, &q->n_platforms},
		{"tags", &q->tags, &q->n_tags},
		{"cache_from", &q->cache_from, &q->n_cache_from},
		{"cache_to", &q->cache_to, &q->n_cache_to},
		{"no_cache_filter", &q->no_cache_filter, &q->n_no_cache_filter},
		{"add_hosts", &q->add_hosts, &q->n_add_hosts},
		{"ulimits", &q->ulimits, &q->n_ulimits},
		{"ssh", &q->ssh, &q->n_ssh},
	};

	for (size_t i = 0; i < CP_LEN(lists); i++) {
		int rc = cp_json_read_list(r, o, lists[i].member, true, lists[i].items, lists[i].n);

		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < q->n_cache_from; i++) {
		q->cache_from[i] = cp_request_cache(r->a, q->cache_from[i]);
		if (!q->cache_from[i].p)
			return cp_err_nomem(r->err);
	}
	for (size_t i = 0; i < q->n_cache_to; i++) {
		q->cache_to[i] = cp_request_cache(r->a, q->cache_to[i]);
		if (!q->cache_to[i].p)
			return cp_err_nomem(r->err);
	}
	return 0;
}

static int read_texts(struct cp_json_reader *r, const struct cp_json *o, struct cp_image_request *q)
{
	const struct {
		const char *member;
		struct cp_str *text;
	} texts[] = {
		{"name", &q->name},
		{"context", &q->context},
		{"dockerfile", &q->dockerfile},
		{"target", &q->target},
		{"network", &q->network},
		{"shm_size", &q->shm_size},
		{"cgroup_parent", &q->cgroup_parent},
	};

	for (size_t i = 0; i < CP_LEN(texts); i++) {
		int rc = cp_json_read_str(r, o, texts[i].member, texts[i].text);

		if (rc < 0)
			return rc;
	}
	q->context = cp_request_path(r->a, CP_S("."), q->context.n ? q->context : CP_S("."));
	if (q->dockerfile.n)
		q->dockerfile = cp_request_path(r->a, CP_S("."), q->dockerfile);
	return q->context.p && (q->dockerfile.p || !q->dockerfile.n) ? 0 : cp_err_nomem(r->err);
}

static int read_contexts(struct cp_json_reader *r, const struct cp_json *o,
			 struct cp_image_request *q)
{
	int rc = cp_json_read_map(r, o, "build_contexts", &q->contexts, &q->n_contexts);

	for (size_t i = 0; rc == 0 && i < q->n_contexts; i++) {
		if (!q->contexts[i].has_value || q->contexts[i].value.n == 0)
			return cp_json_fail(r, "build_contexts", "a named context needs a value");
		q->contexts[i].value = cp_request_path(r->a, CP_S("."), q->contexts[i].value);
		if (!q->contexts[i].value.p)
			return cp_err_nomem(r->err);
	}
	return rc;
}

static int read_secrets(struct cp_json_reader *r, const struct cp_json *o,
			struct cp_image_request *q)
{
	struct cp_str *texts = NULL;
	size_t n = 0;
	int rc = cp_json_read_list(r, o, "secrets", true, &texts, &n);

	if (rc < 0)
		return rc;
	q->secrets = cp_arena_array(r->a, n, sizeof(*q->secrets));
	if (!q->secrets)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < n; i++)
		if (cp_secret_read(r->a, texts[i], &q->secrets[q->n_secrets]))
			q->n_secrets++;
	return 0;
}

static int read_image(struct cp_json_reader *r, const struct cp_json *o,
		      struct cp_image_request *ret)
{
	struct cp_image_request q = {.origin = r->name};
	int rc = read_texts(r, o, &q);

	if (rc == 0)
		rc = read_lists(r, o, &q);
	if (rc == 0)
		rc = cp_json_read_map(r, o, "build_args", &q.build_args, &q.n_build_args);
	if (rc == 0)
		rc = cp_json_read_map(r, o, "labels", &q.labels, &q.n_labels);
	if (rc == 0)
		rc = read_contexts(r, o, &q);
	if (rc == 0)
		rc = read_secrets(r, o, &q);
	if (rc == 0)
		rc = cp_json_read_bool(r, o, "no_cache", &q.no_cache);
	if (rc == 0)
		rc = cp_json_read_bool(r, o, "pull", &q.pull);
	if (rc == 0)
		*ret = q;
	return rc;
}

static int read_images(struct cp_json_reader *r, const struct cp_json *root,
		       struct cp_image_requests *ret)
{
	const struct cp_json *v = cp_json_get(root, "images");
	size_t n = cp_json_len(v);

	if (!v)
		return 0;
	if (cp_json_kind(v) != CP_JSON_ARRAY)
		return cp_json_fail(r, "images", "expected a list of objects");
	if (n > CP_MAX_IMAGES)
		return cp_err_set(r->err, CP_ELIMIT, "%.*s: over %u images", CP_STR(r->name),
				  CP_MAX_IMAGES);
	ret->items = cp_arena_array(r->a, n, sizeof(*ret->items));
	if (!ret->items)
		return cp_err_nomem(r->err);
	for (ret->n = 0; ret->n < n; ret->n++) {
		int rc;

		if (cp_json_kind(cp_json_at(v, ret->n)) != CP_JSON_OBJECT)
			return cp_json_fail(r, "images", "expected a list of objects");
		r->path[0] = CP_S("images");
		r->path[1] = cp_arena_printf(r->a, "%zu", ret->n);
		r->n_path = 2;
		rc = read_image(r, cp_json_at(v, ret->n), &ret->items[ret->n]);
		r->n_path = 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_config(struct cp_json_reader *r, const struct cp_json *root, struct cp_config *c)
{
	int rc = read_images(r, root, &c->images);

	if (rc == 0)
		rc = cp_json_read_str(r, root, "bake", &c->bake);
	if (rc == 0)
		rc = cp_json_read_list(r, root, "compose", true, &c->compose, &c->n_compose);
	if (rc == 0)
		rc = cp_json_read_list(r, root, "fail_on", true, &c->fail_on, &c->n_fail_on);
	if (rc == 0)
		rc = cp_json_read_str(r, root, "context_from", &c->context_from);
	if (rc == 0)
		rc = cp_json_read_str(r, root, "base", &c->base);
	if (rc == 0)
		rc = cp_json_read_str(r, root, "image_metadata", &c->image_metadata);
	if (rc < 0)
		return rc;
	if (c->context_from.n && !cp_str_eq(c->context_from, CP_S("clone")) &&
	    !cp_str_eq(c->context_from, CP_S("export")))
		return cp_json_fail(r, "context_from", "expected \"clone\" or \"export\"");
	for (size_t i = 0; i < c->n_fail_on; i++)
		if (!cp_str_eq(c->fail_on[i], CP_S("miss")) &&
		    !cp_str_eq(c->fail_on[i], CP_S("depends")) &&
		    !cp_str_eq(c->fail_on[i], CP_S("unknown")))
			return cp_json_fail(r, "fail_on",
					    "expected \"miss\", \"depends\" or \"unknown\"");
	return 0;
}

int cp_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		    struct cp_config *ret_config, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_json_reader r = {.a = a, .text = text, .err = err};
	struct cp_config c = {{0}};
	int rc = cp_json_parse(text, name, &doc, err);

	if (rc < 0)
		return rc;
	r.name = cp_arena_str(a, name);
	if (!r.name.p)
		return cp_err_nomem(err);
	if (cp_json_kind(cp_json_root(doc)) != CP_JSON_OBJECT) {
		cp_err_set(err, CP_EINVAL, "settings are a JSON object");
		cp_err_at(err, name, 1, 1, 1, cp_str_sub(text, 0, cp_str_find(text, '\n', 0)));
		return CP_EINVAL;
	}
	rc = read_config(&r, cp_json_root(doc), &c);
	if (rc == 0)
		*ret_config = c;
	return rc;
}
