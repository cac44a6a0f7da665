/* A cache in a folder: an OCI image layout. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "registry/registry.h"

#define MAX_MANIFEST_BYTES (1u << 20) /* BuildKit's importer refuses larger ones */
#define CONFIG_TYPE "application/vnd.buildkit.cacheconfig.v0"

/* ---- --cache-from values ---- */

static int set_member(struct cp_cache_source *s, struct cp_str key, struct cp_str value)
{
	static const char *const names[] = {"type", "ref", "src", "tag", "digest"};
	struct cp_str *const members[] = {&s->type, &s->ref, &s->src, &s->tag, &s->digest};

	for (size_t i = 0; i < CP_LEN(names); i++)
		if (cp_str_eq(key, cp_str_c(names[i])))
			*members[i] = value;
	return 0;
}

int cp_cache_source_parse(struct cp_arena *a, struct cp_str text,
			  struct cp_cache_source *ret_source, struct cp_err *err)
{
	struct cp_cache_source s = {.text = cp_arena_str(a, text)};
	struct cp_str rest, part;

	if (!s.text.p)
		return cp_err_nomem(err);
	if (cp_str_find(s.text, '=', 0) == s.text.n) { /* a bare name is a registry's */
		s.type = CP_S("registry");
		s.ref = s.text;
		*ret_source = s;
		return 0;
	}
	rest = s.text;
	while (cp_str_split(&rest, ',', &part)) {
		size_t eq = cp_str_find(part, '=', 0);

		set_member(&s, cp_str_trim_space(cp_str_sub(part, 0, eq)),
			   cp_str_from(part, eq + 1));
	}
	if (!s.type.n)
		return cp_err_set(err, CP_EUSAGE, "--cache-from %.*s: no type=", CP_STR(text));
	if (cp_str_eq(s.type, CP_S("local")) && !s.src.n)
		return cp_err_set(err, CP_EUSAGE, "--cache-from %.*s: type=local wants src=FOLDER",
				  CP_STR(text));
	*ret_source = s;
	return 0;
}

/* ---- files of the layout ---- */

static int read_file(const char *path, struct cp_buf *out, struct cp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 1;

	if (fd < 0)
		return cp_err_set(err, errno == ENOENT ? CP_ENOTFOUND : CP_EIO, "cannot open %s",
				  path);
	while (n > 0 && !cp_buf_error(out)) {
		char chunk[16384];

		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			cp_buf_add(out, chunk, (size_t)n);
	}
	close(fd);
	if (n < 0 || cp_buf_error(out))
		return cp_err_set(err, n < 0 ? CP_EIO : cp_buf_error(out),
				  n < 0 ? "cannot read %s" : "%s is over BuildKit's 1 MiB", path);
	return 0;
}

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
	r = read_file(path.p, out, err);
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

struct blobs {
	struct cp_str config; /* digest of the cacheconfig */
	CP_VEC(struct cp_cache_blob) layers;
};

static int note_blob(struct cp_arena *a, const struct cp_json *descriptor, struct blobs *b)
{
	struct cp_cache_blob blob = {.size = 0};
	int64_t size = cp_json_number(cp_json_get(descriptor, "size"), 0);

	if (cp_str_eq(cp_json_text(cp_json_get(descriptor, "mediaType")), CP_S(CONFIG_TYPE))) {
		b->config = cp_json_text(cp_json_get(descriptor, "digest"));
		return 0;
	}
	if (!cp_digest_parse(cp_json_text(cp_json_get(descriptor, "digest")), &blob.digest))
		return 0;
	blob.size = size > 0 ? (uint64_t)size : 0;
	return cp_vec_push(a, &b->layers, blob);
}

/* Image manifest: config + layers. Index: manifests[] of blobs, the config among them. */
static int read_manifest(struct cp_arena *a, const struct cp_json *manifest, struct blobs *b,
			 struct cp_err *err)
{
	static const char *const lists[] = {"layers", "manifests"};
	const struct cp_json *config = cp_json_get(manifest, "config");

	if (config && note_blob(a, config, b) < 0)
		return cp_err_nomem(err);
	for (size_t k = 0; k < CP_LEN(lists); k++) {
		const struct cp_json *list = cp_json_get(manifest, lists[k]);

		for (size_t i = 0; cp_json_kind(list) == CP_JSON_ARRAY && i < cp_json_len(list);
		     i++)
			if (note_blob(a, cp_json_at(list, i), b) < 0)
				return cp_err_nomem(err);
	}
	return b->config.n ? 0
			   : cp_err_set(err, CP_EINVAL,
					"it is no cache: its manifest names no cacheconfig");
}

int cp_cache_read_local(struct cp_arena *a, const struct cp_cache_source *source,
			const struct cp_cache **ret_cache, struct cp_err *err)
{
	cp_auto_buf struct cp_buf index_text = CP_BUF_INIT(MAX_MANIFEST_BYTES),
				  manifest_text = CP_BUF_INIT(MAX_MANIFEST_BYTES);
	cp_auto_buf struct cp_buf config_text = CP_BUF_INIT(MAX_MANIFEST_BYTES);
	cp_auto_json struct cp_json_doc *index = NULL, *manifest = NULL;
	struct cp_str path = cp_arena_printf(a, "%.*s/index.json", CP_STR(source->src)), digest;
	struct blobs b = {.config = CP_S("")};
	int r = path.p ? read_file(path.p, &index_text, err) : cp_err_nomem(err);

	if (r == 0)
		r = cp_json_parse(cp_buf_str(&index_text), path, &index, err);
	if (r < 0)
		return r;
	digest = find_manifest(cp_json_root(index), source);
	if (!digest.n)
		return cp_err_set(err, CP_ENOTFOUND, "%.*s holds no cache with this tag",
				  CP_STR(source->src));
	r = read_blob(a, source->src, digest, &manifest_text, err);
	if (r == 0)
		r = cp_json_parse(cp_buf_str(&manifest_text), CP_S("cache manifest"), &manifest,
				  err);
	if (r == 0)
		r = read_manifest(a, cp_json_root(manifest), &b, err);
	if (r == 0)
		r = read_blob(a, source->src, b.config, &config_text, err);
	if (r < 0)
		return r;
	return cp_cache_parse(a, cp_buf_str(&config_text), source->text, b.layers.items, b.layers.n,
			      ret_cache, err);
}
