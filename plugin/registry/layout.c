/* A cache in a folder: an OCI image layout. */
#include "registry/registry_int.h"

static int read_blob(struct cp_arena *a, struct cp_str folder, struct cp_str digest,
		     struct cp_buf *out, struct cp_err *err)
{
	struct cp_digest expected, found;
	struct cp_str path;
	int r;

	if (!cp_digest_parse(digest, &expected))
		return cp_err_set(err, CP_EINVAL, "%.*s: a descriptor has no sha256 digest",
				  CP_STR(folder));
	path = cp_arena_printf(a, "%.*s/blobs/sha256/%.*s", CP_STR(folder),
			       CP_STR(cp_str_from(digest, 7)));
	if (!path.p)
		return cp_err_nomem(err);
	r = registry_read_file(path.p, out, err);
	if (r == CP_ELIMIT)
		return cp_err_set(err, r, "%s is over BuildKit's 1 MiB", path.p);
	if (r < 0)
		return r;
	found = cp_digest_of(out->p ? out->p : "", out->n);
	if (!cp_digest_eq(&expected, &found))
		return cp_err_set(err, CP_EINVAL, "%s does not have the digest that it is named by",
				  path.p);
	return 0;
}

/* client/ociindex: the manifest of a tag, "latest" when none is given. */
static struct cp_str find_manifest(const struct cp_json *index, const struct cp_cache_source *s)
{
	const struct cp_json *list = cp_json_get(index, "manifests");
	struct cp_str tag = s->tag.n ? s->tag : CP_S("latest");

	if (s->digest.n)
		return s->digest;
	for (size_t i = 0; cp_json_kind(list) == CP_JSON_ARRAY && i < cp_json_len(list); i++) {
		const struct cp_json *names = cp_json_get(cp_json_at(list, i), "annotations");
		struct cp_str name =
			cp_json_text(cp_json_get(names, "org.opencontainers.image.ref.name"));

		if (cp_str_eq(name, tag))
			return cp_json_text(cp_json_get(cp_json_at(list, i), "digest"));
	}
	return CP_S("");
}

static int read_index(struct cp_arena *a, const struct cp_cache_source *source,
		      struct cp_str *ret_digest, struct cp_err *err)
{
	cp_auto_buf struct cp_buf text = CP_BUF_INIT(CP_MAX_CACHE_CONFIG_BYTES);
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_str path = cp_arena_printf(a, "%.*s/index.json", CP_STR(source->src));
	int r = path.p ? registry_read_file(path.p, &text, err) : cp_err_nomem(err);

	if (r == 0)
		r = cp_json_parse(cp_buf_str(&text), path, &doc, err);
	if (r < 0)
		return r;
	*ret_digest = cp_arena_str(a, find_manifest(cp_json_root(doc), source));
	if (!ret_digest->p)
		return cp_err_nomem(err);
	return ret_digest->n ? 0
			     : cp_err_set(err, CP_ENOTFOUND, "%.*s holds no cache with this tag",
					  CP_STR(source->src));
}

int cp_cache_find_local(struct cp_arena *a, const struct cp_cache_source *source,
			struct cp_cache_found *ret_found, struct cp_err *err)
{
	cp_auto_buf struct cp_buf manifest = CP_BUF_INIT(CP_MAX_CACHE_CONFIG_BYTES);
	cp_auto_buf struct cp_buf config = CP_BUF_INIT(CP_MAX_CACHE_CONFIG_BYTES);
	struct cp_cache_found found = {.caches = NULL};
	struct registry_manifest m;
	int r = read_index(a, source, &found.digest, err);

	if (r == 0)
		r = read_blob(a, source->src, found.digest, &manifest, err);
	if (r == 0)
		r = registry_manifest_parse(a, cp_buf_str(&manifest), CP_S("cache manifest"), &m,
					    err);
	if (r == 0 && !m.cache_config.n)
		r = cp_err_set(err, CP_EINVAL, "it is no cache: its manifest names no cacheconfig");
	if (r == 0)
		r = read_blob(a, source->src, m.cache_config, &config, err);
	if (r == 0)
		r = registry_found_describe(a, &found, &m, cp_buf_str(&manifest), err);
	if (r == 0)
		r = registry_found_add(a, &found, cp_buf_str(&config), source->text, m.blobs,
				       m.n_blobs, err);
	if (r == 0)
		*ret_found = found;
	return r;
}

int cp_cache_read_local(struct cp_arena *a, const struct cp_cache_source *source,
			const struct cp_cache **ret_cache, struct cp_err *err)
{
	struct cp_cache_found found;
	int r = cp_cache_find_local(a, source, &found, err);

	if (r == 0)
		*ret_cache = found.caches[0];
	return r;
}
