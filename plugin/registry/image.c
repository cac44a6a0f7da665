/* References ─► image configs, over the network: index, manifest, config. Each is asked for once a run, whatever the threads. */
#include "registry/registry_int.h"

struct registry_entry {
	struct cp_str ref;
	bool ready;
	const struct cp_image_record *record; /* NULL: not known, for the reason of `err` */
	struct cp_err err;
};

struct resolving {
	struct cp_registry *reg;
	struct cp_arena *a; /* of this call */
	struct cp_str ref;
	struct registry_ref parts;
	const struct cp_platform *platform;
	struct cp_err *err;
};

/* ---- index ─► manifest ---- */

/* images.Manifest: the best platform of the list; those without one come last. */
static const struct registry_child *choose(const struct registry_manifest *m,
					   const struct cp_platform *platform)
{
	const struct registry_child *best = NULL, *any = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < m->n_children; i++) {
		const struct registry_child *c = &m->children[i];
		int rank = c->has_platform ? cp_platform_rank(platform, &c->platform) : -1;

		if (!c->has_platform && !any)
			any = c;
		if (rank >= 0 && (best_rank < 0 || rank < best_rank)) {
			best = c;
			best_rank = rank;
		}
	}
	return best ? best : any;
}

static int no_platform(struct resolving *s)
{
	return cp_err_set(s->err, CP_ENOTFOUND, "%.*s has no image for %.*s/%.*s%s%.*s",
			  CP_STR(s->ref), CP_STR(s->platform->os), CP_STR(s->platform->arch),
			  s->platform->variant.n ? "/" : "", CP_STR(s->platform->variant));
}

/* What a tag is known to have pointed to, to ask whether it still does. */
static void remember_tag(struct resolving *s, struct registry_ask *ask)
{
	const struct cp_registry_store *store = s->reg->settings.store;
	cp_auto_buf struct cp_buf bytes = CP_BUF_INIT(CP_MAX_MANIFEST_BYTES);

	if (!store || !store->get_tag || !store->get_blob || s->parts.digest.n ||
	    store->get_tag(store->self, s->a, s->ref, &ask->etag_of, &ask->etag) < 0)
		ask->etag = ask->etag_of = CP_S("");
	/* "not modified" helps only where the bytes are still there */
	else if (store->get_blob(store->self, ask->etag_of, &bytes) < 0)
		ask->etag = ask->etag_of = CP_S("");
}

static int fetch_top(struct resolving *s, struct registry_got *got)
{
	const struct cp_registry_store *store = s->reg->settings.store;
	struct registry_ask ask = {.ref = &s->parts,
				   .what = s->parts.digest.n ? s->parts.digest : s->parts.tag,
				   .max_bytes = CP_MAX_MANIFEST_BYTES};
	int r;

	remember_tag(s, &ask);
	r = registry_fetch(s->reg, s->a, &ask, got, s->err);
	if (r == 0 && store && store->put_tag && !s->parts.digest.n && got->etag.n)
		store->put_tag(store->self, s->ref, got->digest, got->etag);
	return r;
}

static int find_manifest(struct resolving *s, struct cp_str text, struct registry_manifest *m)
{
	int r = registry_manifest_parse(s->a, text, s->ref, m, s->err);

	for (unsigned depth = 0; r == 0 && m->kind == REGISTRY_MANIFEST_INDEX; depth++) {
		const struct registry_child *child = choose(m, s->platform);
		struct registry_ask ask = {.ref = &s->parts, .max_bytes = CP_MAX_MANIFEST_BYTES};
		struct registry_got got;
		struct cp_digest d;

		if (!child || depth >= CP_MAX_INDEX_DEPTH)
			return no_platform(s);
		if (!cp_digest_parse(child->digest, &d))
			return cp_err_set(s->err, CP_EINVAL,
					  "%.*s: its index names an image without a sha256 digest",
					  CP_STR(s->ref));
		ask.what = child->digest;
		r = registry_fetch(s->reg, s->a, &ask, &got, s->err);
		if (r == 0)
			r = registry_manifest_parse(s->a, got.bytes, s->ref, m, s->err);
	}
	return r;
}

/* ---- one reference ---- */

/* ret_config is the config's text, of the manifest *m. */
static int fetch_image(struct resolving *s, struct cp_str *ret_digest, struct cp_str *ret_config,
		       struct registry_manifest *m)
{
	struct registry_ask ask = {
		.ref = &s->parts, .blob = true, .max_bytes = CP_MAX_IMAGE_CONFIG_BYTES};
	struct registry_got got;
	struct cp_digest d;
	int r = fetch_top(s, &got);

	if (r < 0)
		return r;
	*ret_digest = s->parts.digest.n ? s->parts.digest : got.digest;
	r = find_manifest(s, got.bytes, m);
	if (r < 0)
		return r;
	if (!cp_digest_parse(m->config, &d))
		return cp_err_set(s->err, CP_EINVAL, "%.*s: its manifest names no config",
				  CP_STR(s->ref));
	ask.what = m->config;
	r = registry_fetch(s->reg, s->a, &ask, &got, s->err);
	if (r == 0)
		*ret_config = got.bytes;
	return r;
}

/* Into the registry's arena; its lock is held. */
static int make_record(struct resolving *s, struct cp_str digest, struct cp_str config,
		       const struct cp_image_record **ret)
{
	struct cp_arena *a = s->reg->arena;
	struct cp_image_record *record = CP_NEW(a, struct cp_image_record);
	int r;

	if (!record)
		return cp_err_nomem(s->err);
	record->ref = cp_arena_str(a, s->ref);
	record->config.digest = cp_arena_str(a, digest);
	if (!record->ref.p || !record->config.digest.p)
		return cp_err_nomem(s->err);
	r = registry_config_parse(a, config, s->ref, record, s->err);
	if (r == 0)
		*ret = record;
	return r;
}

/* The entry of a reference and platform: the caller fills it when it is new. The lock is held. */
static struct registry_entry *entry_of(struct cp_registry *reg, struct cp_str ref,
				       const struct cp_platform *p, bool *ret_new)
{
	struct cp_str key = cp_arena_printf(
		reg->arena, "%.*s %.*s/%.*s/%.*s/%.*s/%.*s", CP_STR(ref), CP_STR(p->os),
		CP_STR(p->arch), CP_STR(p->variant), CP_STR(p->os_version), CP_STR(p->os_features));
	struct registry_entry *e = key.p ? cp_map_get(&reg->images, key) : NULL;

	*ret_new = false;
	if (e || !key.p)
		return e;
	e = CP_NEW(reg->arena, struct registry_entry);
	if (!e || cp_map_put(reg->arena, &reg->images, key, e) < 0)
		return NULL;
	e->ref = cp_str_sub(key, 0, ref.n);
	*ret_new = true;
	return e;
}

static void fill_entry(struct cp_registry *reg, struct registry_entry *e,
		       const struct cp_platform *platform)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct cp_err err = {0};
	struct resolving s = {.reg = reg,
			      .a = a,
			      .ref = e->ref,
			      .parts = registry_ref_split(e->ref),
			      .platform = platform,
			      .err = &err};
	const struct cp_image_record *record = NULL;
	struct registry_manifest m;
	struct cp_str digest, config;
	int r = a ? fetch_image(&s, &digest, &config, &m) : cp_err_nomem(&err);

	pthread_mutex_lock(&reg->lock);
	if (r == 0)
		r = make_record(&s, digest, config, &record);
	e->record = record;
	e->err = err;
	e->ready = true;
	pthread_cond_broadcast(&reg->done);
	pthread_mutex_unlock(&reg->lock);
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	struct cp_registry *reg = self;
	const struct cp_image_record *known;
	struct registry_entry *e;
	bool is_new;

	known = cp_image_metadata_find(reg->metadata, ref, platform);
	pthread_mutex_lock(&reg->lock);
	e = entry_of(reg, ref, platform, &is_new);
	if (e && is_new && known) {
		e->record = known;
		e->ready = true;
	}
	while (e && !is_new && !e->ready)
		pthread_cond_wait(&reg->done, &reg->lock);
	pthread_mutex_unlock(&reg->lock);
	if (!e)
		return cp_err_nomem(err);
	if (is_new && !known)
		fill_entry(reg, e, platform);
	if (e->record) {
		*ret_config = &e->record->config;
		return 0;
	}
	/* whatever the reason, it is not known; the reason is kept */
	return cp_err_set(err,
			  e->err.code == CP_ENOMEM || e->err.code == CP_ECANCELLED ? e->err.code
										   : CP_ENOTFOUND,
			  "%s", e->err.message);
}

struct cp_image_resolver cp_registry_resolver(struct cp_registry *registry,
					      const struct cp_image_metadata *metadata)
{
	registry->metadata = metadata;
	return (struct cp_image_resolver){resolve, registry};
}

struct cp_str cp_registry_why_not(struct cp_registry *registry, struct cp_str ref)
{
	struct cp_str why = CP_S("");

	pthread_mutex_lock(&registry->lock);
	for (size_t i = 0; i < registry->images.n && !why.n; i++) {
		const struct registry_entry *e = registry->images.items[i].value;

		if (e->ready && !e->record && cp_str_eq(e->ref, ref))
			why = cp_str_c(e->err.message);
	}
	pthread_mutex_unlock(&registry->lock);
	return why;
}

int cp_registry_records(struct cp_registry *registry, struct cp_arena *a,
			const struct cp_image_record *const **ret_records, size_t *ret_n,
			struct cp_err *err)
{
	const struct cp_image_record **records;
	size_t n = 0;

	pthread_mutex_lock(&registry->lock);
	records = cp_arena_array(a, registry->images.n, sizeof(*records));
	for (size_t i = 0; records && i < registry->images.n; i++) {
		const struct registry_entry *e = registry->images.items[i].value;

		if (e->ready && e->record)
			records[n++] = e->record;
	}
	pthread_mutex_unlock(&registry->lock);
	if (!records)
		return cp_err_nomem(err);
	*ret_records = records;
	*ret_n = n;
	return 0;
}

/* ---- the layers of one that was built ---- */

/* The manifest lists its layers in the order of the config; not as many: the sizes are those of something else. */
static void add_sizes(const struct registry_manifest *m, struct cp_scan_image *im)
{
	for (size_t i = 0; m->n_blobs == im->n_layers && i < im->n_layers; i++) {
		im->layers[i].compressed = m->blobs[i].size;
		if (__builtin_add_overflow(im->compressed, m->blobs[i].size, &im->compressed))
			im->compressed = UINT64_MAX;
	}
}

int cp_registry_image_layers(struct cp_registry *registry, struct cp_arena *a, struct cp_str ref,
			     const struct cp_platform *platform, struct cp_scan_image *ret_image,
			     struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct resolving s = {.reg = registry,
			      .a = a,
			      .ref = ref,
			      .parts = registry_ref_split(ref),
			      .platform = platform,
			      .err = err};
	struct cp_str digest, config;
	struct registry_manifest m;
	struct cp_scan_image im;
	int r = fetch_image(&s, &digest, &config, &m);

	if (r < 0)
		return r;
	r = cp_json_parse(config, ref, &doc, err);
	if (r < 0) {
		if (err)
			err->source[0] = '\0'; /* a stranger's line, of any length */
		return r;
	}
	if (cp_scan_image_config(a, cp_json_root(doc), ref, &im) < 0)
		return cp_err_nomem(err);
	if (!im.n_layers)
		return cp_err_set(err, CP_EINVAL, "%.*s: its config names no layers", CP_STR(ref));
	add_sizes(&m, &im);
	*ret_image = im;
	return 0;
}
