/* Manifests: images, indexes, and the two forms of a cache (cache/remotecache/import.go). */
#include "registry/registry_int.h"

#define CACHE_CONFIG_TYPE CP_S("application/vnd.buildkit.cacheconfig.v0")

/* util/imageutil DetectManifestBlobMediaType */
enum registry_manifest_kind registry_manifest_kind(const struct cp_json *m)
{
	struct cp_str type = cp_json_text(cp_json_get(m, "mediaType"));
	bool index = cp_json_kind(cp_json_get(m, "manifests")) == CP_JSON_ARRAY;
	bool image = cp_json_kind(cp_json_get(m, "layers")) == CP_JSON_ARRAY ||
		     cp_json_kind(cp_json_get(m, "config")) == CP_JSON_OBJECT;

	if (cp_json_kind(m) != CP_JSON_OBJECT || (index && image))
		return REGISTRY_MANIFEST_NONE;
	if (cp_str_eq(type, CP_S("application/vnd.oci.image.index.v1+json")) ||
	    cp_str_eq(type, CP_S("application/vnd.docker.distribution.manifest.list.v2+json")))
		return image ? REGISTRY_MANIFEST_NONE : REGISTRY_MANIFEST_INDEX;
	if (cp_str_eq(type, CP_S("application/vnd.oci.image.manifest.v1+json")) ||
	    cp_str_eq(type, CP_S("application/vnd.docker.distribution.manifest.v2+json")))
		return index ? REGISTRY_MANIFEST_NONE : REGISTRY_MANIFEST_IMAGE;
	return index ? REGISTRY_MANIFEST_INDEX
		     : (image ? REGISTRY_MANIFEST_IMAGE : REGISTRY_MANIFEST_NONE);
}

struct reading {
	struct cp_arena *a;
	struct registry_manifest *m;
	CP_VEC(struct cp_cache_blob) blobs;
	CP_VEC(struct registry_child) children;
};

static int copy(struct cp_arena *a, struct cp_str text, struct cp_str *ret)
{
	*ret = cp_arena_str(a, text);
	return ret->p ? 0 : CP_ENOMEM;
}

static int add_blob(struct reading *r, const struct cp_json *descriptor)
{
	struct cp_cache_blob blob = {.size = 0};
	int64_t size = cp_json_number(cp_json_get(descriptor, "size"), 0);

	if (!cp_digest_parse(cp_json_text(cp_json_get(descriptor, "digest")), &blob.digest))
		return 0;
	blob.size = size > 0 ? (uint64_t)size : 0;
	return cp_vec_push(r->a, &r->blobs, blob);
}

static int add_child(struct reading *r, const struct cp_json *descriptor)
{
	const struct cp_json *platform = cp_json_get(descriptor, "platform");
	struct cp_str digest = cp_json_text(cp_json_get(descriptor, "digest"));
	struct registry_child child = {.has_platform = cp_json_kind(platform) == CP_JSON_OBJECT};

	if (cp_str_eq(cp_json_text(cp_json_get(descriptor, "mediaType")), CACHE_CONFIG_TYPE))
		return copy(r->a, digest, &r->m->cache_config);
	if (r->children.n >= CP_MAX_INDEX_MANIFESTS)
		return add_blob(r, descriptor);
	if (copy(r->a, digest, &child.digest) < 0 ||
	    registry_platform_read(r->a, platform, &child.platform) < 0 ||
	    cp_vec_push(r->a, &r->children, child) < 0)
		return CP_ENOMEM;
	return add_blob(r, descriptor);
}

static int read_list(struct reading *r, const struct cp_json *list,
		     int (*add)(struct reading *r, const struct cp_json *descriptor))
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;

	for (size_t i = 0; i < n; i++)
		if (add(r, cp_json_at(list, i)) < 0)
			return CP_ENOMEM;
	return 0;
}

static int read_image(struct reading *r, const struct cp_json *root)
{
	const struct cp_json *config = cp_json_get(root, "config");

	if (copy(r->a, cp_json_text(cp_json_get(config, "digest")), &r->m->config) < 0 ||
	    copy(r->a, cp_json_text(cp_json_get(config, "mediaType")), &r->m->config_type) < 0)
		return CP_ENOMEM;
	if (cp_str_eq(r->m->config_type, CACHE_CONFIG_TYPE))
		r->m->cache_config = r->m->config;
	return read_list(r, cp_json_get(root, "layers"), add_blob);
}

int registry_manifest_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			    struct registry_manifest *ret, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct registry_manifest m = {.config = CP_S("")};
	struct reading r = {.a = a, .m = &m};
	const struct cp_json *root;
	int e = cp_json_parse(text, name, &doc, err);

	if (e < 0) {
		if (err)
			err->source[0] = '\0'; /* a stranger's line, of any length */
		return e;
	}
	root = cp_json_root(doc);
	m.kind = registry_manifest_kind(root);
	if (m.kind == REGISTRY_MANIFEST_NONE)
		return cp_err_set(err, CP_EINVAL, "%.*s: neither an image manifest nor an index",
				  CP_STR(name));
	if (m.kind == REGISTRY_MANIFEST_IMAGE)
		e = read_image(&r, root);
	else
		e = read_list(&r, cp_json_get(root, "manifests"), add_child);
	if (e < 0)
		return cp_err_nomem(err);
	m.blobs = r.blobs.items;
	m.n_blobs = r.blobs.n;
	m.children = r.children.items;
	m.n_children = r.children.n;
	*ret = m;
	return 0;
}
