/* Image configs: what the frontend takes from them, and the cache that an image may carry (cache/remotecache/inline). */
#include "registry/registry_int.h"

static int copy_list(struct cp_arena *a, const struct cp_json *list, struct cp_str **ret,
		     size_t *ret_n)
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;
	struct cp_str *out = cp_arena_array(a, n, sizeof(*out));

	if (!out)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		out[i] = cp_arena_str(a, cp_json_text(cp_json_at(list, i)));
		if (!out[i].p)
			return CP_ENOMEM;
	}
	*ret = out;
	*ret_n = n;
	return 0;
}

int registry_config_members(struct cp_arena *a, const struct cp_json *config,
			    struct cp_image_config *c)
{
	c->working_dir = cp_arena_str(a, cp_json_text(cp_json_get(config, "WorkingDir")));
	c->user = cp_arena_str(a, cp_json_text(cp_json_get(config, "User")));
	if (!c->working_dir.p || !c->user.p ||
	    copy_list(a, cp_json_get(config, "Env"), &c->env, &c->n_env) < 0 ||
	    copy_list(a, cp_json_get(config, "Shell"), &c->shell, &c->n_shell) < 0 ||
	    copy_list(a, cp_json_get(config, "OnBuild"), &c->onbuild, &c->n_onbuild) < 0)
		return CP_ENOMEM;
	return 0;
}

/* dockerfile2llb: without diff ids and without a step of the history that made a layer there is no file system. */
static bool has_layers(const struct cp_json *root)
{
	const struct cp_json *ids = cp_json_get(cp_json_get(root, "rootfs"), "diff_ids");
	const struct cp_json *history = cp_json_get(root, "history");

	if (cp_json_kind(ids) == CP_JSON_ARRAY && cp_json_len(ids))
		return true;
	for (size_t i = 0; cp_json_kind(history) == CP_JSON_ARRAY && i < cp_json_len(history); i++)
		if (!cp_json_is_true(cp_json_get(cp_json_at(history, i), "empty_layer")))
			return true;
	return false;
}

/* Ids that are none leave the layers unknown. */
int registry_chain_read(struct cp_arena *a, const struct cp_json *v, struct cp_str *ret)
{
	struct cp_str *ids = NULL;
	size_t n = 0;
	int r = copy_list(a, cp_json_get(cp_json_get(v, "rootfs"), "diff_ids"), &ids, &n);

	*ret = CP_S("");
	if (r == 0)
		r = cp_image_chain(a, ids, n, ret, NULL);
	return r == CP_EINVAL ? 0 : r;
}

int registry_config_parse(struct cp_arena *a, struct cp_str text, struct cp_str name,
			  struct cp_image_record *record, struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL;
	const struct cp_json *root;
	int r = cp_json_parse(text, name, &doc, err);

	if (r < 0) {
		if (err)
			err->source[0] = '\0';
		return r;
	}
	root = cp_json_root(doc);
	if (cp_json_kind(root) != CP_JSON_OBJECT ||
	    cp_json_kind(cp_json_get(root, "os")) != CP_JSON_STRING)
		return cp_err_set(err, CP_EINVAL, "%.*s: its config is no image's", CP_STR(name));
	record->config.no_layers = !has_layers(root);
	if (registry_platform_read(a, root, &record->platform) < 0 ||
	    registry_chain_read(a, root, &record->config.chain) < 0 ||
	    registry_config_members(a, cp_json_get(root, "config"), &record->config) < 0)
		return cp_err_nomem(err);
	return 0;
}

/* ---- inline caches ---- */

/* importInlineCache: layer i of the manifest stands on layer i - 1. */
static int write_config(struct cp_arena *a, struct cp_str records,
			const struct registry_manifest *m, struct cp_str *ret)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(CP_MAX_IMAGE_CONFIG_BYTES * 2);
	struct cp_json_out o = CP_JSON_OUT(&out);

	cp_json_open(&o, '{');
	cp_json_key(&o, "layers");
	cp_json_open(&o, '[');
	for (size_t i = 0; i < m->n_blobs; i++) {
		char text[CP_DIGEST_TEXT + 1];

		cp_digest_text(&m->blobs[i].digest, text);
		cp_json_open(&o, '{');
		cp_json_kstr(&o, "blob", cp_str_c(text));
		cp_json_kint(&o, "parent", (int64_t)i - 1);
		cp_json_close(&o, '}');
	}
	cp_json_close(&o, ']');
	cp_json_key(&o, "records");
	cp_json_raw(&o, records);
	cp_json_close(&o, '}');
	*ret = cp_arena_str(a, cp_buf_str(&out));
	return cp_buf_error(&out) || !ret->p ? CP_ENOMEM : 0;
}

int registry_inline_config(struct cp_arena *a, struct cp_str config, struct cp_str name,
			   const struct registry_manifest *manifest, struct cp_str *ret_text,
			   struct cp_err *err)
{
	cp_auto_json struct cp_json_doc *doc = NULL, *inner = NULL;
	const struct cp_json *ids;
	struct cp_str records, encoded;
	int r = cp_json_parse(config, name, &doc, err);

	if (r < 0)
		return r;
	*ret_text = CP_S("");
	ids = cp_json_get(cp_json_get(cp_json_root(doc), "rootfs"), "diff_ids");
	encoded = cp_json_text(cp_json_get(cp_json_root(doc), "moby.buildkit.cache.v0"));
	if (!encoded.n || cp_json_kind(ids) != CP_JSON_ARRAY ||
	    cp_json_len(ids) != manifest->n_blobs)
		return 0;
	if (!registry_base64(a, encoded, &records))
		return cp_err_set(err, CP_EINVAL, "%.*s: its inline cache is no base64",
				  CP_STR(name));
	r = cp_json_parse(records, name, &inner, err);
	if (r < 0)
		return r;
	if (cp_json_kind(cp_json_root(inner)) != CP_JSON_ARRAY)
		return cp_err_set(err, CP_EINVAL, "%.*s: its inline cache is no list of records",
				  CP_STR(name));
	return write_config(a, records, manifest, ret_text) < 0 ? cp_err_nomem(err) : 0;
}
