/* What was found behind a --cache-from value. */
#include "registry/registry_int.h"

int registry_found_describe(struct cp_arena *a, struct cp_cache_found *found,
			    const struct registry_manifest *m, struct cp_str manifest,
			    struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_err ignored = {0};
	int r = 0;

	found->manifest_bytes = manifest.n;
	found->form = m->kind == REGISTRY_MANIFEST_INDEX ? CP_S("index") : CP_S("image manifest");
	if (!found->media_type.n)
		r = cp_json_parse(manifest, CP_S(""), &doc, &ignored);
	if (r == 0 && doc)
		found->media_type =
			cp_arena_str(a, cp_json_text(cp_json_get(cp_json_root(doc), "mediaType")));
	found->blobs = m->blobs;
	found->n_blobs = m->n_blobs;
	for (size_t i = 0; i < m->n_blobs; i++)
		if (__builtin_add_overflow(found->blob_bytes, m->blobs[i].size, &found->blob_bytes))
			found->blob_bytes = UINT64_MAX;
	return r != CP_ENOMEM && found->digest.p && found->media_type.p ? 0 : cp_err_nomem(err);
}

/* The newest "createdAt" of the records: UTC in RFC 3339 is ordered as text. */
static int note_created(struct cp_arena *a, struct cp_cache_found *found, struct cp_str text)
{
	struct cp_str needle = CP_S("\"createdAt\":\""), newest = found->created;

	for (size_t at = cp_str_find_str(text, needle, 0); at < text.n;
	     at = cp_str_find_str(text, needle, at)) {
		struct cp_str one;

		at += needle.n;
		one = cp_str_sub(text, at, cp_str_find(text, '"', at));
		if (one.n >= 20 && one.n <= 40 && cp_str_cmp(one, newest) > 0)
			newest = one;
	}
	found->created = cp_arena_str(a, newest);
	return found->created.p ? 0 : CP_ENOMEM;
}

int registry_found_add(struct cp_arena *a, struct cp_cache_found *found, struct cp_str text,
		       struct cp_str name, const struct cp_cache_blob *blobs, size_t n_blobs,
		       struct cp_err *err)
{
	static const struct cp_cache_blob none[1];
	const struct cp_cache **longer, *cache;
	int r = cp_cache_parse(a, text, name, blobs ? blobs : none, n_blobs, &cache, err);

	if (r < 0) {
		if (err)
			err->source[0] = '\0';
		return r;
	}
	longer = cp_arena_array(a, found->n_caches + 1, sizeof(*longer));
	if (!longer || note_created(a, found, text) < 0)
		return cp_err_nomem(err);
	if (found->n_caches)
		memcpy(longer, found->caches, found->n_caches * sizeof(*longer));
	longer[found->n_caches++] = cache;
	found->caches = longer;
	found->config_bytes += text.n;
	return 0;
}
