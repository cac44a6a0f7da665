/* Metadata files: image configs that somebody wrote down, read and written. */
#include <stdlib.h>

#include "registry/registry_int.h"

/* ---- reading ---- */

static int read_record(struct cp_arena *a, struct cp_str ref, const struct cp_json *v,
		       struct cp_image_record *ret)
{
	struct cp_image_record r = {.ref = ref};

	r.config.digest = cp_arena_str(a, cp_json_text(cp_json_get(v, "digest")));
	r.config.no_layers = cp_json_is_true(cp_json_get(v, "no_layers"));
	r.config.chain = cp_arena_str(a, cp_json_text(cp_json_get(v, "chain_id")));
	if (r.config.chain.p && !r.config.chain.n && registry_chain_read(a, v, &r.config.chain) < 0)
		return CP_ENOMEM;
	if (!r.config.digest.p || !r.config.chain.p ||
	    registry_platform_read(a, v, &r.platform) < 0 ||
	    registry_config_members(a, cp_json_get(v, "config"), &r.config) < 0)
		return CP_ENOMEM;
	*ret = r;
	return 0;
}

static int read_image(struct cp_arena *a, struct cp_str ref, const struct cp_json *v,
		      struct cp_image_metadata *m)
{
	const struct cp_json *more = cp_json_get(v, "platforms");
	struct cp_image_record *first = CP_NEW(a, struct cp_image_record), *last = first;

	if (!first || read_record(a, ref, v, first) < 0)
		return CP_ENOMEM;
	for (void *it = cp_json_kind(more) == CP_JSON_OBJECT ? cp_json_first(more) : NULL; it;
	     it = cp_json_next(more, it)) {
		struct cp_image_record *r = CP_NEW(a, struct cp_image_record);

		if (!r || read_record(a, ref, cp_json_it_value(it), r) < 0)
			return CP_ENOMEM;
		if (!r->config.digest.n)
			r->config.digest = first->config.digest;
		last->next = r;
		last = r;
	}
	return cp_map_put(a, &m->by_ref, ref, first);
}

int cp_image_metadata_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			    struct cp_image_metadata *ret_metadata, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	struct cp_image_metadata m = {{0}};
	const struct cp_json *root;
	int r = cp_json_parse(text, name, &doc, err);

	if (r < 0)
		return r;
	root = cp_json_root(doc);
	if (cp_json_kind(root) != CP_JSON_OBJECT)
		return cp_err_set(err, CP_EINVAL, "%.*s: expected an object of image references",
				  CP_STR(name));
	for (void *it = cp_json_first(root); it; it = cp_json_next(root, it)) {
		struct cp_str ref;

		r = cp_image_ref_normalise(a, cp_json_it_key(it), &ref, err);
		if (r < 0)
			return cp_err_wrap(err, "%.*s", CP_STR(name));
		if (read_image(a, ref, cp_json_it_value(it), &m) < 0)
			return cp_err_nomem(err);
	}
	*ret_metadata = m;
	return 0;
}

/* The best of those that serve the platform; one that does not say which it is serves any. */
const struct cp_image_record *cp_image_metadata_find(const struct cp_image_metadata *metadata,
						     struct cp_str ref,
						     const struct cp_platform *platform)
{
	const struct cp_image_record *best = NULL;
	int best_rank = -1;

	if (!metadata)
		return NULL;
	for (const struct cp_image_record *r = cp_map_get(&metadata->by_ref, ref); r; r = r->next) {
		int rank = r->platform.os.n && r->platform.arch.n && platform && platform->os.n
				   ? cp_platform_rank(platform, &r->platform)
				   : 1000;

		if (rank >= 0 && (best_rank < 0 || rank < best_rank)) {
			best = r;
			best_rank = rank;
		}
	}
	return best;
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	const struct cp_image_record *r = cp_image_metadata_find(self, ref, platform);

	if (!r)
		return cp_err_set(err, CP_ENOTFOUND, "the config of %.*s is not known",
				  CP_STR(ref));
	*ret_config = &r->config;
	return 0;
}

struct cp_image_resolver cp_image_metadata_resolver(const struct cp_image_metadata *metadata)
{
	return (struct cp_image_resolver){resolve, (void *)(uintptr_t)metadata};
}

/* ---- writing ---- */

static void write_text(struct cp_json_out *o, const char *key, struct cp_str text)
{
	if (text.n)
		cp_json_kstr(o, key, text);
}

static void write_list(struct cp_json_out *o, const char *key, const struct cp_str *items, size_t n)
{
	if (!n)
		return;
	cp_json_key(o, key);
	cp_json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		cp_json_str(o, items[i]);
	cp_json_close(o, ']');
}

static void write_features(struct cp_json_out *o, struct cp_str joined)
{
	struct cp_str rest = joined, one;

	if (!joined.n)
		return;
	cp_json_key(o, "os.features");
	cp_json_open(o, '[');
	while (cp_str_split(&rest, '+', &one))
		cp_json_str(o, one);
	cp_json_close(o, ']');
}

static void write_members(struct cp_json_out *o, const struct cp_image_record *r)
{
	const struct cp_image_config *c = &r->config;

	write_text(o, "digest", c->digest);
	write_text(o, "chain_id", c->chain);
	write_text(o, "os", r->platform.os);
	write_text(o, "architecture", r->platform.arch);
	write_text(o, "variant", r->platform.variant);
	write_text(o, "os.version", r->platform.os_version);
	write_features(o, r->platform.os_features);
	if (c->no_layers)
		cp_json_kbool(o, "no_layers", true);
	cp_json_key(o, "config");
	cp_json_open(o, '{');
	write_list(o, "Env", c->env, c->n_env);
	write_text(o, "WorkingDir", c->working_dir);
	write_text(o, "User", c->user);
	write_list(o, "Shell", c->shell, c->n_shell);
	write_list(o, "OnBuild", c->onbuild, c->n_onbuild);
	cp_json_close(o, '}');
}

static int compare(const void *x, const void *y)
{
	const struct cp_image_record *a = *(const struct cp_image_record *const *)x;
	const struct cp_image_record *b = *(const struct cp_image_record *const *)y;
	int c = cp_str_cmp(a->ref, b->ref);

	if (c == 0)
		c = cp_str_cmp(a->platform.os, b->platform.os);
	if (c == 0)
		c = cp_str_cmp(a->platform.arch, b->platform.arch);
	return c ? c : cp_str_cmp(a->platform.variant, b->platform.variant);
}

static int write_platforms(struct cp_arena *a, struct cp_json_out *o,
			   const struct cp_image_record *const *records, size_t n)
{
	if (!n)
		return 0;
	cp_json_key(o, "platforms");
	cp_json_open(o, '{');
	for (size_t i = 0; i < n; i++) {
		const struct cp_platform *p = &records[i]->platform;
		struct cp_str key =
			cp_arena_printf(a, "%.*s/%.*s%s%.*s", CP_STR(p->os), CP_STR(p->arch),
					p->variant.n ? "/" : "", CP_STR(p->variant));

		if (!key.p)
			return CP_ENOMEM;
		if (i && compare(&records[i - 1], &records[i]) == 0)
			continue;
		cp_json_key(o, key.p);
		cp_json_open(o, '{');
		write_members(o, records[i]);
		cp_json_close(o, '}');
	}
	cp_json_close(o, '}');
	return 0;
}

int cp_image_metadata_write(struct cp_arena *a, const struct cp_image_record *const *records,
			    size_t n, struct cp_buf *out, struct cp_err *err)
{
	const struct cp_image_record **sorted = cp_arena_array(a, n, sizeof(*sorted));
	size_t next;

	if (!sorted)
		return cp_err_nomem(err);
	if (n)
		memcpy(sorted, records, n * sizeof(*sorted));
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), compare);
	cp_buf_addz(out, "{");
	for (size_t i = 0; i < n; i = next) {
		struct cp_json_out key = {.b = out, .raw_html = true};
		struct cp_json_out o = {.b = out, .raw_html = true};
		size_t others = i + 1;

		for (next = i + 1; next < n && cp_str_eq(sorted[next]->ref, sorted[i]->ref);)
			next++;
		while (others < next && compare(&sorted[i], &sorted[others]) == 0)
			others++;
		cp_buf_addz(out, i ? ",\n " : "");
		cp_json_str(&key, sorted[i]->ref);
		cp_buf_addz(out, ":");
		cp_json_open(&o, '{');
		write_members(&o, sorted[i]);
		if (write_platforms(a, &o, sorted + others, next - others) < 0)
			return cp_err_nomem(err);
		cp_json_close(&o, '}');
	}
	cp_buf_addz(out, "}\n");
	return cp_buf_error(out) ? cp_err_set(err, cp_buf_error(out), "too many images") : 0;
}
