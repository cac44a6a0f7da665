/* Reading a cacheconfig (cache/remotecache/v1/spec.go, parse.go). */
#include "caches/caches.h"

#include <stdio.h>
#include <stdlib.h>

/* cache/remotecache/import.go: a config over this is refused, and the import is as good as empty. */
#define MAX_CONFIG_BYTES (1u << 20)

struct layer {
	struct cp_digest blob;
	int64_t parent; /* index, -1 = none */
	uint64_t size;
	bool there; /* in the manifest */
	enum { UNSEEN, SEEING, GOOD, BAD } chain;
	uint64_t chain_bytes;
};

struct reader {
	struct cp_arena *a;
	struct cp_str name;
	const struct cp_cache_blob *blobs;
	size_t n_blobs;
	struct layer *layers;
	size_t n_layers;
	struct cp_cache *cache;
	struct cp_err *err;
};

struct cp_digest cp_cache_out(const struct cp_digest *d, int output)
{
	char text[CP_DIGEST_TEXT + 16];
	int n;

	cp_digest_text(d, text);
	n = snprintf(text + CP_DIGEST_TEXT, 16, "@%d", output);
	return cp_digest_of(text, CP_DIGEST_TEXT + (size_t)n);
}

static int bad(struct reader *r, const char *what)
{
	return cp_err_set(r->err, CP_EINVAL, "%.*s: %s", CP_STR(r->name), what);
}

static int compare_blobs(const void *x, const void *y)
{
	return memcmp(((const struct cp_cache_blob *)x)->digest.bytes,
		      ((const struct cp_cache_blob *)y)->digest.bytes, 32);
}

static int read_layer(struct reader *r, const struct cp_json *v, struct layer *l)
{
	const struct cp_cache_blob *blob;

	if (!cp_digest_parse(cp_json_text(cp_json_get(v, "blob")), &l->blob))
		return bad(r, "a layer has no digest");
	l->parent = cp_json_number(cp_json_get(v, "parent"),
				   0); /* omitempty: no member is index 0, none is -1 */
	if (l->parent < -1 || l->parent >= (int64_t)r->n_layers)
		return bad(r, "a layer's parent is out of range");
	l->there = true;
	if (!r->blobs)
		return 0;
	blob = bsearch(&(struct cp_cache_blob){.digest = l->blob}, r->blobs, r->n_blobs,
		       sizeof(*blob), compare_blobs);
	l->there = blob != NULL;
	l->size = blob ? blob->size : 0;
	r->cache->n_missing_blobs += !blob;
	r->cache->bytes += l->size;
	return 0;
}

static int read_layers(struct reader *r, const struct cp_json *list)
{
	r->n_layers = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;
	r->layers = cp_arena_array(r->a, r->n_layers, sizeof(*r->layers));
	if (!r->layers)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < r->n_layers; i++) {
		int e = read_layer(r, cp_json_at(list, i), &r->layers[i]);

		if (e < 0)
			return e;
	}
	r->cache->n_layers = r->n_layers;
	return 0;
}

/* Is the chain from a layer to its last ancestor whole? Walks up to what is decided already, then back down. */
static int judge_chain(struct reader *r, size_t at)
{
	CP_VEC(size_t) path = {0};
	bool good = true;
	uint64_t bytes = 0;

	for (int64_t i = (int64_t)at; i >= 0; i = r->layers[i].parent) {
		struct layer *l = &r->layers[i];

		if (l->chain == SEEING)
			return bad(r, "a layer is its own ancestor");
		if (l->chain != UNSEEN) {
			good = l->chain == GOOD;
			bytes = l->chain_bytes;
			break;
		}
		l->chain = SEEING;
		if (cp_vec_push(r->a, &path, (size_t)i) < 0)
			return cp_err_nomem(r->err);
	}
	while (path.n) {
		struct layer *l = &r->layers[path.items[--path.n]];

		good = good && l->there;
		bytes += l->size;
		l->chain = good ? GOOD : BAD;
		l->chain_bytes = bytes;
	}
	return 0;
}

static int use_layer(struct reader *r, struct cp_cache_record *rec, const struct cp_json *index)
{
	int64_t at = cp_json_number(index, 0);
	int e;

	if (at < 0 || at >= (int64_t)r->n_layers)
		return bad(r, "a record's layer is out of range");
	e = judge_chain(r, (size_t)at);
	if (e < 0)
		return e;
	if (r->layers[at].chain == GOOD) {
		rec->has_layers = true;
		rec->bytes = r->layers[at].chain_bytes;
	}
	return 0;
}

/* Results: `layers` name the top of a chain, `chains` (inline caches) list one. */
static int read_results(struct reader *r, const struct cp_json *v, struct cp_cache_record *rec)
{
	const struct cp_json *layers = cp_json_get(v, "layers"), *chains = cp_json_get(v, "chains");

	for (size_t i = 0; cp_json_kind(layers) == CP_JSON_ARRAY && i < cp_json_len(layers); i++) {
		int e = use_layer(r, rec, cp_json_get(cp_json_at(layers, i), "layer"));

		if (e < 0)
			return e;
	}
	if (cp_json_kind(chains) == CP_JSON_ARRAY && cp_json_len(chains))
		rec->has_layers = true;
	return 0;
}

static int read_link(struct reader *r, const struct cp_json *v, struct cp_cache_link *l)
{
	struct cp_str selector = cp_json_text(cp_json_get(v, "selector"));
	int64_t at = cp_json_number(cp_json_get(v, "link"), 0);

	if (at < 0 || at >= (int64_t)r->cache->n_records)
		return bad(r, "a link is out of range");
	l->record = (uint32_t)at;
	l->has_selector = selector.n > 0;
	if (selector.n && !cp_digest_parse(selector, &l->selector))
		return bad(r, "a selector is no digest");
	return 0;
}

static int read_inputs(struct reader *r, const struct cp_json *list, struct cp_cache_record *rec)
{
	rec->n_inputs = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;
	rec->inputs = cp_arena_array(r->a, rec->n_inputs, sizeof(*rec->inputs));
	if (!rec->inputs)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < rec->n_inputs; i++) {
		const struct cp_json *links = cp_json_at(list, i);
		struct cp_cache_input *in = &rec->inputs[i];

		in->n_links = cp_json_kind(links) == CP_JSON_ARRAY ? cp_json_len(links) : 0;
		in->links = cp_arena_array(r->a, in->n_links, sizeof(*in->links));
		if (!in->links)
			return cp_err_nomem(r->err);
		for (size_t k = 0; k < in->n_links; k++) {
			int e = read_link(r, cp_json_at(links, k), &in->links[k]);

			if (e < 0)
				return e;
		}
	}
	return 0;
}

typedef CP_VEC(uint32_t) index_vec;

static int index_record(struct reader *r, uint32_t at)
{
	struct cp_str key = cp_str_n((const char *)r->cache->records[at].digest.bytes, 32);
	index_vec *list = cp_map_get(&r->cache->by_digest, key);

	if (!list) {
		list = CP_NEW(r->a, index_vec);
		if (!list || cp_map_put(r->a, &r->cache->by_digest, key, list) < 0)
			return cp_err_nomem(r->err);
	}
	return cp_vec_push(r->a, list, at) < 0 ? cp_err_nomem(r->err) : 0;
}

static int read_records(struct reader *r, const struct cp_json *list)
{
	struct cp_cache *c = r->cache;

	c->n_records = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;
	c->records = cp_arena_array(r->a, c->n_records, sizeof(*c->records));
	if (!c->records)
		return cp_err_nomem(r->err);
	for (size_t i = 0; i < c->n_records; i++) {
		const struct cp_json *v = cp_json_at(list, i);
		int e = 0;

		if (!cp_digest_parse(cp_json_text(cp_json_get(v, "digest")), &c->records[i].digest))
			return bad(r, "a record has no digest");
		e = read_results(r, v, &c->records[i]);
		if (e == 0)
			e = read_inputs(r, cp_json_get(v, "inputs"), &c->records[i]);
		if (e == 0)
			e = index_record(r, (uint32_t)i);
		if (e < 0)
			return e;
	}
	return 0;
}

int cp_cache_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
		   const struct cp_cache_blob *blobs, size_t n_blobs,
		   const struct cp_cache **ret_cache, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_cache_blob *sorted = NULL;
	struct reader r = {.a = a, .name = name, .n_blobs = n_blobs, .err = err};
	int e;

	if (text.n > MAX_CONFIG_BYTES)
		return cp_err_set(err, CP_ELIMIT,
				  "%.*s: over 1 MiB, so BuildKit ignores the whole cache",
				  CP_STR(name));
	e = cp_json_parse(text, name, &doc, err);
	if (e < 0)
		return e;
	if (blobs) {
		sorted = cp_arena_array(a, n_blobs, sizeof(*sorted));
		if (!sorted)
			return cp_err_nomem(err);
		if (n_blobs)
			memcpy(sorted, blobs, n_blobs * sizeof(*sorted));
		if (n_blobs > 1)
			qsort(sorted, n_blobs, sizeof(*sorted), compare_blobs);
	}
	r.blobs = sorted;
	r.cache = CP_NEW(a, struct cp_cache);
	if (!r.cache)
		return cp_err_nomem(err);
	e = read_layers(&r, cp_json_get(cp_json_root(doc), "layers"));
	if (e == 0)
		e = read_records(&r, cp_json_get(cp_json_root(doc), "records"));
	if (e == 0)
		*ret_cache = r.cache;
	return e;
}
