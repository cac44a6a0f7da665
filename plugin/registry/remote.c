/* type=registry and type=inline: cache/remotecache/import.go contentCacheImporter. */
#include "registry/registry_int.h"

struct importing {
	struct cp_registry *reg;
	struct cp_arena *a;
	const struct cp_cache_source *source;
	struct registry_ref ref;
	struct cp_cache_found *found;
	unsigned n_images;
	struct cp_err *err;
};

static int fetch(struct importing *im, bool blob, struct cp_str what, size_t max_bytes,
		 struct registry_got *got)
{
	struct registry_ask ask = {.ref = &im->ref,
				   .blob = blob,
				   .what = what,
				   .max_bytes = max_bytes,
				   .insecure = im->source->insecure};

	return registry_fetch(im->reg, im->a, &ask, got, im->err);
}

static int by_digest(struct importing *im, bool blob, struct cp_str digest, size_t max_bytes,
		     struct registry_got *got)
{
	struct cp_digest d;

	if (!cp_digest_parse(digest, &d))
		return cp_err_set(im->err, CP_EINVAL, "%.*s: a descriptor has no sha256 digest",
				  CP_STR(im->source->ref));
	return fetch(im, blob, digest, max_bytes, got);
}

/* ---- inline: the cache in an image's own config ---- */

static int inline_image(struct importing *im, const struct registry_manifest *m)
{
	struct registry_got got;
	struct cp_str text;
	int r;

	if (!m->config.n || !m->n_blobs)
		return 0;
	r = by_digest(im, true, m->config, CP_MAX_IMAGE_CONFIG_BYTES, &got);
	if (r == 0)
		r = registry_inline_config(im->a, got.bytes, im->source->ref, m, &text, im->err);
	if (r < 0 || !text.n)
		return r;
	r = registry_found_add(im->a, im->found, text, im->source->text, m->blobs, m->n_blobs,
			       im->err);
	if (r == CP_ELIMIT) /* BuildKit has no such limit here */
		return cp_err_set(im->err, CP_ENET,
				  "%.*s: its cache is larger than cachepredict reads",
				  CP_STR(im->source->ref));
	return r;
}

/* allDistributionManifests; depth and number are bounded, BuildKit's are not. */
static int inline_images(struct importing *im, const struct registry_manifest *m, unsigned depth)
{
	int r = 0;

	if (m->kind == REGISTRY_MANIFEST_IMAGE)
		return inline_image(im, m);
	for (size_t i = 0; r == 0 && i < m->n_children; i++) {
		struct registry_manifest child;
		struct registry_got got;

		if (depth >= CP_MAX_INDEX_DEPTH || im->n_images++ >= CP_MAX_INDEX_MANIFESTS)
			return cp_err_set(im->err, CP_ENET,
					  "%.*s: more images than cachepredict looks into",
					  CP_STR(im->source->ref));
		r = by_digest(im, false, m->children[i].digest, CP_MAX_MANIFEST_BYTES, &got);
		if (r == 0)
			r = registry_manifest_parse(im->a, got.bytes, im->source->ref, &child,
						    im->err);
		if (r == 0)
			r = inline_images(im, &child, depth + 1);
	}
	return r;
}

/* ---- all of it ---- */

static int import_ref(struct importing *im)
{
	struct cp_str what = im->ref.digest.n ? im->ref.digest : im->ref.tag;
	struct registry_got got;
	struct registry_manifest m;
	int r = fetch(im, false, what, CP_MAX_CACHE_CONFIG_BYTES, &got);

	if (r < 0)
		return r;
	im->found->digest = got.digest;
	im->found->media_type = got.media_type;
	r = registry_manifest_parse(im->a, got.bytes, im->source->ref, &m, im->err);
	if (r == 0)
		r = registry_found_describe(im->a, im->found, &m, got.bytes, im->err);
	if (r < 0)
		return r;
	if (!m.cache_config.n) {
		im->found->form = CP_S("inline");
		return inline_images(im, &m, 0);
	}
	r = by_digest(im, true, m.cache_config, CP_MAX_CACHE_CONFIG_BYTES, &got);
	if (r < 0)
		return r;
	return registry_found_add(im->a, im->found, got.bytes, im->source->text, m.blobs, m.n_blobs,
				  im->err);
}

int cp_cache_find_registry(struct cp_registry *registry, struct cp_arena *a,
			   const struct cp_cache_source *source, struct cp_cache_found *ret_found,
			   struct cp_err *err)
{
	struct cp_cache_found found = {.caches = NULL};
	struct importing im = {
		.reg = registry, .a = a, .source = source, .found = &found, .err = err};
	struct cp_str ref;
	int r;

	if (!source->ref.n)
		return cp_err_set(err, CP_EUSAGE, "--cache-from %.*s: type=registry wants ref=",
				  CP_STR(source->text));
	r = cp_image_ref_normalise(a, source->ref, &ref, err);
	if (r < 0)
		return cp_err_wrap(err, "--cache-from %.*s", CP_STR(source->text));
	im.ref = registry_ref_split(ref);
	r = import_ref(&im);
	if (r == 0)
		*ret_found = found;
	return r;
}
