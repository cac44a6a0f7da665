#include "registry/registry.h"

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

/* "rootfs": {"diff_ids": [...]}, as in a config; ids that are none leave the layers unknown. */
static int read_chain(struct cp_arena *a, const struct cp_json *v, struct cp_str *ret_chain)
{
	struct cp_str *ids = NULL;
	size_t n = 0;
	int r = copy_list(a, cp_json_get(cp_json_get(v, "rootfs"), "diff_ids"), &ids, &n);

	if (r == 0)
		r = cp_image_chain(a, ids, n, ret_chain, NULL);
	return r == CP_EINVAL ? 0 : r;
}

static int read_image(struct cp_arena *a, const struct cp_json *v, struct cp_image_config *c)
{
	const struct cp_json *config = cp_json_get(v, "config");

	c->digest = cp_arena_str(a, cp_json_text(cp_json_get(v, "digest")));
	c->working_dir = cp_arena_str(a, cp_json_text(cp_json_get(config, "WorkingDir")));
	c->user = cp_arena_str(a, cp_json_text(cp_json_get(config, "User")));
	c->no_layers = cp_json_is_true(cp_json_get(v, "no_layers"));
	if (!c->digest.p || !c->working_dir.p || !c->user.p || read_chain(a, v, &c->chain) < 0 ||
	    copy_list(a, cp_json_get(config, "Env"), &c->env, &c->n_env) < 0 ||
	    copy_list(a, cp_json_get(config, "Shell"), &c->shell, &c->n_shell) < 0 ||
	    copy_list(a, cp_json_get(config, "OnBuild"), &c->onbuild, &c->n_onbuild) < 0)
		return CP_ENOMEM;
	return 0;
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
		struct cp_image_config *c = CP_NEW(a, struct cp_image_config);
		struct cp_str ref;

		r = cp_image_ref_normalise(a, cp_json_it_key(it), &ref, err);
		if (r < 0)
			return cp_err_wrap(err, "%.*s", CP_STR(name));
		if (!c || read_image(a, cp_json_it_value(it), c) < 0 ||
		    cp_map_put(a, &m.by_ref, ref, c) < 0)
			return cp_err_nomem(err);
	}
	*ret_metadata = m;
	return 0;
}

static int resolve(void *self, struct cp_str ref, const struct cp_platform *platform,
		   const struct cp_image_config **ret_config, struct cp_err *err)
{
	const struct cp_image_metadata *m = self;
	const struct cp_image_config *c = m ? cp_map_get(&m->by_ref, ref) : NULL;

	(void)platform;
	if (!c)
		return cp_err_set(err, CP_ENOTFOUND, "the config of %.*s is not known",
				  CP_STR(ref));
	*ret_config = c;
	return 0;
}

struct cp_image_resolver cp_image_metadata_resolver(const struct cp_image_metadata *metadata)
{
	return (struct cp_image_resolver){resolve, (void *)(uintptr_t)metadata};
}
