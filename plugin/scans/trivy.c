/* Trivy's JSON, schema 2 (pkg/types/report.go), and the history of image configs. */
#include "scans/scans_int.h"

static struct cp_str member(struct cp_arena *a, const struct cp_json *o, const char *key)
{
	return scan_text(a, cp_json_text(cp_json_get(o, key)));
}

/* ---- the image ---- */

/* "sha256:…" as it is; anything else is none. */
static struct cp_str digest_of(struct cp_arena *a, const struct cp_json *v)
{
	struct cp_str text = cp_json_text(v);
	struct cp_digest d;

	return cp_digest_parse(text, &d) ? cp_arena_str(a, text) : CP_S("");
}

static size_t count_of(const struct cp_json *list)
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;

	return n < CP_MAX_SCAN_LAYERS ? n : CP_MAX_SCAN_LAYERS;
}

/*
 * Where a base image says nothing of its layers, BuildKit puts what it knows of the last ones at the end of the history
 * (exporter/containerimage/writer.go normalizeLayersAndHistory): the instructions' entries then stand that much too low. Those of a base
 * that was made so itself are where nobody can tell.
 */
static bool is_filled_in(const struct cp_json *entry)
{
	return cp_str_eq(cp_json_text(cp_json_get(entry, "comment")),
			 CP_S("buildkit.exporter.image.v0"));
}

/* Entries that have a layer; NULL: no memory. */
static const struct cp_json **layer_entries(struct cp_arena *a, const struct cp_json *history,
					    size_t *ret_n)
{
	size_t n = cp_json_kind(history) == CP_JSON_ARRAY ? cp_json_len(history) : 0;
	const struct cp_json **entries = cp_arena_array(a, n, sizeof(*entries));

	*ret_n = 0;
	for (size_t i = 0; entries && i < n; i++)
		if (!cp_json_is_true(cp_json_get(cp_json_at(history, i), "empty_layer")))
			entries[(*ret_n)++] = cp_json_at(history, i);
	return entries;
}

/* created_by of every layer; not as many entries as there are layers: none of them is believed. */
static int read_history(struct cp_arena *a, const struct cp_json *history, struct cp_scan_image *im)
{
	size_t n, n_own, first = 0;
	const struct cp_json **entries = layer_entries(a, history, &n);

	if (!entries)
		return CP_ENOMEM;
	im->told = n == im->n_layers;
	for (n_own = n; n_own && is_filled_in(entries[n_own - 1]);)
		n_own--;
	for (size_t i = 0; i < n_own; i++)
		if (is_filled_in(entries[i]))
			first = i + 1;
	for (size_t i = first; im->told && i < n_own; i++) {
		struct cp_scan_layer *layer = &im->layers[i + (n - n_own)];

		layer->created_by =
			cp_arena_str(a, cp_json_text(cp_json_get(entries[i], "created_by")));
		if (!layer->created_by.p)
			return CP_ENOMEM;
	}
	return 0;
}

int cp_scan_image_config(struct cp_arena *a, const struct cp_json *config, struct cp_str name,
			 struct cp_scan_image *ret_image)
{
	const struct cp_json *ids = cp_json_get(cp_json_get(config, "rootfs"), "diff_ids");
	struct cp_scan_image im = {.n_layers = count_of(ids)};

	im.name = scan_text(a, name);
	im.layers = cp_arena_array(a, im.n_layers, sizeof(*im.layers));
	if (!im.name.p || !im.layers)
		return CP_ENOMEM;
	for (size_t i = 0; i < im.n_layers; i++) {
		im.layers[i].created_by = CP_S("");
		im.layers[i].diff_id = digest_of(a, cp_json_at(ids, i));
		if (!im.layers[i].diff_id.p)
			return CP_ENOMEM;
	}
	if (read_history(a, cp_json_get(config, "history"), &im) < 0)
		return CP_ENOMEM;
	*ret_image = im;
	return 0;
}

/* Sizes are beside the config, by diff id (since Trivy 0.60). */
static void read_sizes(const struct cp_json *layers, struct cp_scan_image *im)
{
	size_t n = count_of(layers);

	for (size_t i = 0; i < n; i++) {
		const struct cp_json *l = cp_json_at(layers, i);
		struct cp_str id = cp_json_text(cp_json_get(l, "DiffID"));
		int64_t size = cp_json_number(cp_json_get(l, "Size"), 0);

		for (size_t k = 0; size > 0 && k < im->n_layers; k++)
			if (cp_str_eq(im->layers[k].diff_id, id))
				im->layers[k].size = (uint64_t)size;
	}
}

static int read_image(struct scan_reader *r, const struct cp_json *metadata)
{
	const struct cp_json *config = cp_json_get(metadata, "ImageConfig"),
			     *tags = cp_json_get(metadata, "RepoTags");
	struct cp_scan_image *im = CP_NEW(r->a, struct cp_scan_image);
	struct cp_str name = cp_json_text(cp_json_at(tags, 0));
	int64_t size = cp_json_number(cp_json_get(metadata, "Size"), 0);

	if (!im || cp_scan_image_config(r->a, config, name.n ? name : r->scan->target, im) < 0)
		return CP_ENOMEM;
	if (!im->n_layers)
		return 0;
	im->size = size > 0 ? (uint64_t)size : 0;
	read_sizes(cp_json_get(metadata, "Layers"), im);
	r->scan->image = im;
	return 0;
}

/* ---- packages ---- */

/* Trivy's words for what package URLs call pypi; used where there is no URL. */
static struct cp_str type_of(struct cp_str word)
{
	static const char *const python[] = {"python-pkg", "pip", "pipenv", "poetry", "uv"};

	for (size_t i = 0; i < CP_LEN(python); i++)
		if (cp_str_eq(word, cp_str_c(python[i])))
			return CP_S("pypi");
	return word;
}

/* Name and type are those of the URL, where there is one. */
static struct cp_scan_package package_of(struct scan_reader *r, const struct cp_json *v,
					 const char *name, const char *version,
					 const char *identifier, struct cp_str type)
{
	struct cp_str purl = cp_json_text(cp_json_get(cp_json_get(v, identifier), "PURL"));
	struct cp_scan_package p;

	if (!scan_purl(r->a, purl, &p)) {
		p.type = scan_text(r->a, type_of(type));
		p.name = member(r->a, v, name);
		p.version = CP_S("");
	}
	if (!p.version.n || cp_json_text(cp_json_get(v, "InstalledVersion")).n)
		p.version = member(r->a, v, version);
	p.diff_id = digest_of(r->a, cp_json_get(cp_json_get(v, "Layer"), "DiffID"));
	return p;
}

static int read_packages(struct scan_reader *r, const struct cp_json *list, struct cp_str type)
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct cp_json *v = cp_json_at(list, i);

		if (!cp_json_text(cp_json_get(v, "Name")).n)
			continue;
		if (scan_add_package(r, package_of(r, v, "Name", "Version", "Identifier", type)) <
		    0)
			return CP_ENOMEM;
	}
	return 0;
}

static int read_flaws(struct scan_reader *r, const struct cp_json *list, struct cp_str type)
{
	size_t n = cp_json_kind(list) == CP_JSON_ARRAY ? cp_json_len(list) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct cp_json *v = cp_json_at(list, i);
		struct cp_scan_flaw f = {.id = member(r->a, v, "VulnerabilityID")};

		if (f.id.p && (!f.id.n || !cp_json_text(cp_json_get(v, "PkgName")).n))
			continue;
		f.severity = scan_severity(cp_json_text(cp_json_get(v, "Severity")));
		f.fixed = member(r->a, v, "FixedVersion");
		f.package = package_of(r, v, "PkgName", "InstalledVersion", "PkgIdentifier", type);
		if (scan_add_flaw(r, f) < 0)
			return CP_ENOMEM;
	}
	return 0;
}

int scan_trivy(struct scan_reader *r, const struct cp_json *root)
{
	const struct cp_json *results = cp_json_get(root, "Results");
	struct cp_str version = member(r->a, cp_json_get(root, "Trivy"), "Version");
	size_t n = cp_json_kind(results) == CP_JSON_ARRAY ? cp_json_len(results) : 0;

	r->scan->scanner = version.n ? cp_arena_cat(r->a, CP_S("Trivy "), version) : CP_S("Trivy");
	r->scan->target = member(r->a, root, "ArtifactName");
	if (!r->scan->scanner.p || !r->scan->target.p ||
	    read_image(r, cp_json_get(root, "Metadata")) < 0)
		return CP_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct cp_json *result = cp_json_at(results, i);
		struct cp_str type = cp_json_text(cp_json_get(result, "Type"));

		if (read_packages(r, cp_json_get(result, "Packages"), type) < 0 ||
		    read_flaws(r, cp_json_get(result, "Vulnerabilities"), type) < 0)
			return CP_ENOMEM;
	}
	return 0;
}
