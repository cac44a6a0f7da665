/*
 * The JSON of `docker buildx bake --print` (buildx bake/bake.go Target, Group) and of `docker
 * compose build --print`.
 */
#include "project/json_int.h"

struct bake {
	struct cp_json_reader r;
	const struct cp_json *groups, *targets;
	struct cp_str folder;
	cp_str_vec names; /* targets to build, in order */
	struct cp_map seen;
};

/* A member whose name comes from a file: names with a NUL inside are nobody's. */
static const struct cp_json *get_named(const struct cp_json *o, struct cp_str name)
{
	char text[512];

	if (name.n >= sizeof(text) || memchr(name.p ? name.p : "", '\0', name.n))
		return NULL;
	memcpy(text, name.p ? name.p : "", name.n);
	text[name.n] = '\0';
	return cp_json_get(o, text);
}

/*
 * `bake --print` writes "${" as "$${" and "%{" as "%%{" in these fields, so that its output is a
 * bake file again.
 */
static struct cp_str unescape(struct cp_arena *a, struct cp_str s)
{
	char *out;
	size_t n = 0;

	if (cp_str_find_str(s, CP_S("$${"), 0) == s.n && cp_str_find_str(s, CP_S("%%{"), 0) == s.n)
		return s;
	out = cp_arena_alloc(a, s.n + 1);
	if (!out)
		return (struct cp_str){NULL, 0};
	for (size_t i = 0; i < s.n; i++) {
		struct cp_str rest = cp_str_from(s, i);

		if (cp_str_starts(rest, CP_S("$${")) || cp_str_starts(rest, CP_S("%%{")))
			i++;
		out[n++] = s.p[i];
	}
	return cp_str_n(out, n);
}

static int unescape_settings(struct cp_json_reader *r, struct cp_setting *items, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (!items[i].has_value) /* null: bake leaves the argument out */
			continue;
		items[i].value = unescape(r->a, items[i].value);
		if (!items[i].value.p)
			return cp_err_nomem(r->err);
		items[kept++] = items[i];
	}
	*n = kept;
	return 0;
}

/*
 * {"type":"registry","ref":"x"} ─► type=registry,ref=x, the type first, the rest in the file's
 * order.
 */
static int read_entry(struct cp_json_reader *r, const struct cp_json *v, const char *member,
		      const char *first, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_LINE_BYTES);

	if (cp_json_kind(v) == CP_JSON_STRING) {
		*ret = cp_arena_str(r->a, cp_json_text(v));
		return ret->p ? 0 : cp_err_nomem(r->err);
	}
	if (cp_json_kind(v) != CP_JSON_OBJECT)
		return cp_json_fail(r, member, "expected a list of strings or objects");
	if (cp_json_get(v, first))
		cp_request_csv_add(&out, cp_str_c(first), cp_json_text(cp_json_get(v, first)));
	for (void *it = cp_json_first(v); it; it = cp_json_next(v, it)) {
		struct cp_str key = cp_json_it_key(it),
			      value = cp_json_scalar_text(r->a, cp_json_it_value(it));

		if (!value.p)
			return cp_json_fail(r, member, "expected strings");
		if (!cp_str_eq(key, cp_str_c(first)))
			cp_request_csv_add(&out, key, value);
	}
	if (cp_buf_error(&out) == CP_ELIMIT)
		return cp_json_fail(r, member, "too long");
	*ret = cp_arena_str(r->a, cp_buf_str(&out));
	return ret->p && !cp_buf_error(&out) ? 0 : cp_err_nomem(r->err);
}

static int read_entries(struct cp_json_reader *r, const struct cp_json *o, const char *member,
			const char *first, struct cp_str **ret, size_t *ret_n)
{
	const struct cp_json *v = cp_json_get(o, member);
	struct cp_str *items;
	size_t n = cp_json_len(v);

	if (!v || cp_json_kind(v) == CP_JSON_NULL)
		return 0;
	if (cp_json_kind(v) != CP_JSON_ARRAY)
		return cp_json_fail(r, member, "expected a list");
	items = cp_arena_array(r->a, n, sizeof(*items));
	if (!items)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < n; i++) {
		int rc = read_entry(r, cp_json_at(v, i), member, first, &items[i]);

		if (rc < 0)
			return rc;
	}
	*ret = items;
	*ret_n = n;
	return 0;
}

static int read_caches(struct cp_json_reader *r, const struct cp_json *o,
		       struct cp_image_request *q)
{
	int rc = read_entries(r, o, "cache-from", "type", &q->cache_from, &q->n_cache_from);

	if (rc == 0)
		rc = read_entries(r, o, "cache-to", "type", &q->cache_to, &q->n_cache_to);
	for (size_t i = 0; rc == 0 && i < q->n_cache_from; i++) {
		q->cache_from[i] = cp_request_cache(r->a, q->cache_from[i]);
		rc = q->cache_from[i].p ? 0 : cp_err_nomem(r->err);
	}
	for (size_t i = 0; rc == 0 && i < q->n_cache_to; i++) {
		q->cache_to[i] = cp_request_cache(r->a, q->cache_to[i]);
		rc = q->cache_to[i].p ? 0 : cp_err_nomem(r->err);
	}
	return rc;
}

/* {"id":"x","env":"Y"} or text. */
static int read_secrets(struct cp_json_reader *r, const struct cp_json *o,
			struct cp_image_request *q)
{
	struct cp_str *texts = NULL;
	size_t n = 0;
	int rc = read_entries(r, o, "secret", "id", &texts, &n);

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

/* {"id":"default","paths":["a"]} ─► default=a; text stays, an empty path is none. */
static int read_ssh(struct cp_json_reader *r, const struct cp_json *o, struct cp_image_request *q)
{
	const struct cp_json *v = cp_json_get(o, "ssh");
	cp_str_vec items = {0};

	for (size_t i = 0; i < cp_json_len(v); i++) {
		const struct cp_json *e = cp_json_at(v, i), *paths = cp_json_get(e, "paths");
		struct cp_str id =
			cp_json_text(cp_json_kind(e) == CP_JSON_OBJECT ? cp_json_get(e, "id") : e);
		cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_LINE_BYTES);
		struct cp_str text;

		cp_buf_adds(&out, cp_str_trim_right(id, "="));
		for (size_t k = 0; k < cp_json_len(paths); k++) {
			cp_buf_addc(&out, k ? ',' : '=');
			cp_buf_adds(&out, cp_json_text(cp_json_at(paths, k)));
		}
		text = cp_arena_str(r->a, cp_buf_str(&out));
		if (cp_buf_error(&out) || !text.p || cp_vec_push(r->a, &items, text) < 0)
			return cp_err_nomem(r->err);
	}
	q->ssh = items.items;
	q->n_ssh = items.n;
	return 0;
}

static int read_hosts(struct cp_json_reader *r, const struct cp_json *o, struct cp_image_request *q)
{
	struct cp_setting *hosts = NULL;
	cp_str_vec items = {0};
	size_t n = 0;
	int rc = cp_json_read_map(r, o, "extra-hosts", &hosts, &n);

	if (rc == 0)
		rc = unescape_settings(r, hosts, &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (cp_hosts_add(r->a, &items, hosts[i].key, hosts[i].value) < 0)
			rc = cp_err_nomem(r->err);
	if (rc == 0 && (cp_request_sort(r->a, items.items, items.n) < 0 ||
			cp_request_sort(r->a, q->ulimits, q->n_ulimits) < 0))
		rc = cp_err_nomem(r->err);
	q->add_hosts = items.items;
	q->n_add_hosts = items.n;
	return rc;
}

static int read_contexts(struct bake *b, const struct cp_json *o, struct cp_image_request *q)
{
	int rc = cp_json_read_map(&b->r, o, "contexts", &q->contexts, &q->n_contexts);
	size_t kept = 0;

	for (size_t i = 0; rc == 0 && i < q->n_contexts; i++) {
		struct cp_setting s = q->contexts[i];

		if (s.value.n == 0) /* an empty value takes a named context away */
			continue;
		if (cp_str_starts(s.value, CP_S("cwd://")))
			s.value = cp_str_from(s.value, 6);
		s.value = cp_request_path(b->r.a, b->folder, s.value);
		if (!s.value.p)
			return cp_err_nomem(b->r.err);
		q->contexts[kept++] = s;
	}
	q->n_contexts = rc == 0 ? kept : 0;
	return rc;
}

/*
 * bake.go toBuildOpt: the Dockerfile is looked for from the context on, unless it is cwd:// or
 * absolute.
 */
static int read_places(struct bake *b, const struct cp_json *o, struct cp_image_request *q)
{
	struct cp_str context = CP_S("."), dockerfile = CP_S("");
	int rc = cp_json_read_str(&b->r, o, "context", &context);

	if (rc == 0)
		rc = cp_json_read_str(&b->r, o, "dockerfile", &dockerfile);
	if (rc == 0)
		rc = cp_json_read_str(&b->r, o, "dockerfile-inline", &q->dockerfile_inline);
	if (rc < 0)
		return rc;
	if (cp_str_starts(context, CP_S("cwd://")))
		context = cp_str_from(context, 6);
	q->context = cp_request_path(b->r.a, b->folder, context);
	if (q->dockerfile_inline.p)
		q->dockerfile_inline = unescape(b->r.a, q->dockerfile_inline);
	else if (cp_str_starts(dockerfile, CP_S("cwd://")))
		q->dockerfile = cp_request_path(b->r.a, b->folder, cp_str_from(dockerfile, 6));
	else if (dockerfile.n)
		q->dockerfile = cp_request_path(b->r.a, q->context, dockerfile);
	return q->context.p && (q->dockerfile.p || q->dockerfile.n == 0) ? 0
									 : cp_err_nomem(b->r.err);
}

static int read_arguments(struct bake *b, const struct cp_json *o, struct cp_image_request *q)
{
	int rc = cp_json_read_map(&b->r, o, "args", &q->build_args, &q->n_build_args);

	if (rc == 0)
		rc = unescape_settings(&b->r, q->build_args, &q->n_build_args);
	if (rc == 0)
		rc = cp_json_read_map(&b->r, o, "labels", &q->labels, &q->n_labels);
	return rc == 0 ? unescape_settings(&b->r, q->labels, &q->n_labels) : rc;
}

static int read_lists(struct bake *b, const struct cp_json *o, struct cp_image_request *q)
{
	const struct {
		const char *member;
		struct cp_str **items;
		size_t *n;
	} lists[] = {
		{"platforms", &q->platforms, &q->n_platforms},
		{"tags", &q->tags, &q->n_tags},
		{"no-cache-filter", &q->no_cache_filter, &q->n_no_cache_filter},
		{"ulimits", &q->ulimits, &q->n_ulimits},
	};

	for (size_t i = 0; i < CP_LEN(lists); i++) {
		int rc = cp_json_read_list(&b->r, o, lists[i].member, false, lists[i].items,
					   lists[i].n);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_scalars(struct bake *b, const struct cp_json *o, struct cp_image_request *q)
{
	int rc = cp_json_read_str(&b->r, o, "target", &q->target);

	if (rc == 0)
		rc = cp_json_read_str(&b->r, o, "network", &q->network);
	if (rc == 0)
		rc = cp_json_read_str(&b->r, o, "shm-size", &q->shm_size);
	if (rc == 0)
		rc = cp_json_read_bool(&b->r, o, "no-cache", &q->no_cache);
	return rc == 0 ? cp_json_read_bool(&b->r, o, "pull", &q->pull) : rc;
}

/*
 * What `--print` never leaves in a target: it is the file that bake reads, not the one that it
 * prints.
 */
static int check_resolved(struct bake *b, const struct cp_json *o)
{
	const char *member = cp_json_get(o, "matrix") ? "matrix" : "inherits";

	if (cp_json_len(cp_json_get(o, member)) == 0)
		return 0;
	cp_json_fail(&b->r, member, "this is a bake file, not what bake makes of it");
	cp_err_hint(b->r.err, "docker buildx bake --file %.*s --print > bake-print.json",
		    CP_STR(b->r.name));
	return CP_EINVAL;
}

static int add_target(void *self, struct cp_str name, cp_image_vec *v, struct cp_err *err)
{
	static int (*const readers[])(struct bake *, const struct cp_json *,
				      struct cp_image_request *) = {
		read_places, read_contexts, read_arguments, read_lists, read_scalars,
	};
	struct bake *b = self;
	const struct cp_json *o = get_named(b->targets, name);
	struct cp_image_request q = {.name = cp_arena_str(b->r.a, name), .origin = b->r.name};
	int rc;

	if (!o)
		return CP_ENOTFOUND;
	b->r.path[0] = CP_S("target");
	b->r.path[1] = name;
	b->r.n_path = 1;
	if (cp_json_kind(o) != CP_JSON_OBJECT)
		return cp_json_fail(&b->r, q.name.p ? q.name.p : "", "expected an object");
	b->r.n_path = 2;
	rc = check_resolved(b, o);
	for (size_t i = 0; rc == 0 && i < CP_LEN(readers); i++)
		rc = readers[i](b, o, &q);
	if (rc == 0)
		rc = read_caches(&b->r, o, &q);
	if (rc == 0)
		rc = read_secrets(&b->r, o, &q);
	if (rc == 0)
		rc = read_ssh(&b->r, o, &q);
	if (rc == 0)
		rc = read_hosts(&b->r, o, &q);
	if (rc < 0)
		return rc;
	if (v->n >= CP_MAX_IMAGES)
		return cp_err_set(err, CP_ELIMIT, "%.*s: over %u images", CP_STR(b->r.name),
				  CP_MAX_IMAGES);
	return q.name.p && cp_vec_push(b->r.a, v, q) == 0 ? 0 : cp_err_nomem(err);
}

/* ---- groups ---- */

static int add_name(struct bake *b, struct cp_str name)
{
	struct cp_str copy = cp_arena_str(b->r.a, name);

	if (cp_map_get(&b->seen, name))
		return 0;
	if (!copy.p || cp_map_put(b->r.a, &b->seen, copy, b) < 0 ||
	    cp_vec_push(b->r.a, &b->names, copy) < 0)
		return cp_err_nomem(b->r.err);
	return 0;
}

/*
 * A group's targets, groups among them opened (bake.go group). A group that is named inside of
 * itself means the target of that name, as bake prints where the target `default` is built.
 */
static int add_group(struct bake *b, struct cp_str name, struct cp_map *open, unsigned depth)
{
	const struct cp_json *group = get_named(b->groups, name), *targets;
	struct cp_str copy = cp_arena_str(b->r.a, name);

	if (!group)
		return add_name(b, name);
	if (depth > CP_MAX_JSON_DEPTH)
		return cp_err_set(b->r.err, CP_ELIMIT, "%.*s: groups nested over %d levels",
				  CP_STR(b->r.name), CP_MAX_JSON_DEPTH);
	if (cp_map_get(open, name))
		return cp_map_get(open, name) == group ? 0 : add_name(b, name);
	if (!copy.p || cp_map_put(b->r.a, open, copy, b) < 0)
		return cp_err_nomem(b->r.err);
	targets = cp_json_kind(group) == CP_JSON_ARRAY ? group : cp_json_get(group, "targets");
	for (size_t i = 0; i < cp_json_len(targets); i++) {
		int rc = add_group(b, cp_json_text(cp_json_at(targets, i)), open, depth + 1);

		if (rc < 0)
			return rc;
	}
	/* done, and told apart from those that are still open */
	return cp_map_put(b->r.a, open, copy, (void *)(uintptr_t)group) < 0 ? cp_err_nomem(b->r.err)
									    : 0;
}

static int choose_names(struct bake *b, const struct cp_str *only, size_t n_only)
{
	struct cp_map open = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n_only; i++)
		rc = add_group(b, only[i], &open, 0);
	if (n_only)
		return rc;
	if (cp_json_get(b->groups, "default") || cp_json_get(b->targets, "default"))
		return add_group(b, CP_S("default"), &open, 0);
	for (void *it = cp_json_first(b->targets); it && rc == 0; it = cp_json_next(b->targets, it))
		rc = add_name(b, cp_json_it_key(it));
	return rc;
}

static int read_bake(struct bake *b, const struct cp_json *root, const struct cp_str *only,
		     size_t n_only, cp_image_vec *v)
{
	struct cp_links links = {add_target, b};
	int rc;

	b->groups = cp_json_get(root, "group");
	b->targets = cp_json_get(root, "target");
	if (cp_json_kind(b->targets) != CP_JSON_OBJECT) {
		cp_json_fail(&b->r, "target", "expected an object of targets");
		cp_err_hint(b->r.err,
			    "docker buildx bake --print > bake-print.json makes such a file");
		return CP_EINVAL;
	}
	rc = choose_names(b, only, n_only);
	for (size_t i = 0; rc == 0 && i < b->names.n; i++) {
		rc = add_target(b, b->names.items[i], v, b->r.err);
		if (rc == CP_ENOTFOUND)
			return cp_err_set(b->r.err, CP_EINVAL, "%.*s has no target or group %.*s",
					  CP_STR(b->r.name), CP_STR(b->names.items[i]));
	}
	return rc == 0 ? cp_requests_follow_links(v, &links, b->r.err) : rc;
}

int cp_bake_parse(struct cp_arena *a, struct cp_str text, struct cp_str name, struct cp_str folder,
		  const struct cp_str *only, size_t n_only, struct cp_image_requests *ret_requests,
		  struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct bake b = {.r = {.a = a, .text = text, .name = name, .err = err}, .folder = folder};
	cp_image_vec v = {0};
	int rc = cp_json_parse(text, name, &doc, err);

	if (rc < 0)
		return rc;
	b.r.name = cp_arena_str(a, name);
	b.folder = cp_arena_str(a, folder);
	if (!b.r.name.p || !b.folder.p)
		return cp_err_nomem(err);
	rc = read_bake(&b, cp_json_root(doc), only, n_only, &v);
	if (rc < 0)
		return rc;
	*ret_requests = (struct cp_image_requests){.items = v.items, .n = v.n};
	return 0;
}
