/*
 * registry/: what registries and token servers can send. The first byte says which reader gets the rest: m a manifest (and, behind a
 * line "%%%", the image config whose inline cache it may carry), c an image config, t a token, w WWW-Authenticate values (one a line),
 * j a metadata file, which is written and read again, k a --cache-from value.
 */
#include <stdint.h>
#include <stdlib.h>

#include "registry/registry_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY ((size_t)64 << 20)

static void read_manifest(struct cp_arena *a, struct cp_str text)
{
	size_t cut = cp_str_find_str(text, CP_S("\n%%%\n"), 0);
	struct cp_cache_found found = {.digest = CP_S("")};
	struct registry_manifest m;
	struct cp_str config;
	struct cp_err err = {0};

	if (registry_manifest_parse(a, cp_str_sub(text, 0, cut), CP_S("m"), &m, &err) < 0)
		return;
	registry_found_describe(a, &found, &m, cp_str_sub(text, 0, cut), &err);
	if (cut < text.n &&
	    registry_inline_config(a, cp_str_from(text, cut + 5), CP_S("c"), &m, &config, &err) ==
		    0 &&
	    config.n)
		registry_found_add(a, &found, config, CP_S("c"), m.blobs, m.n_blobs, &err);
}

static void read_challenge(struct cp_arena *a, struct cp_str text)
{
	struct cp_str values[CP_NET_MAX_CHALLENGES], rest = text;
	struct registry_challenge c;
	size_t n = 0;

	while (n < CP_NET_MAX_CHALLENGES && cp_str_split(&rest, '\n', &values[n]))
		n++;
	if (registry_challenge_parse(a, values, n, &c) && c.bearer && !c.realm.n)
		abort();
}

static void read_metadata(struct cp_arena *a, struct cp_str text)
{
	cp_auto_buf struct cp_buf out = CP_BUF_INIT(1u << 20);
	struct cp_image_metadata m, again;
	const struct cp_image_record *records[64];
	struct cp_err err = {0};
	size_t n = 0;

	if (cp_image_metadata_parse(a, text, CP_S("j"), &m, &err) < 0)
		return;
	for (size_t i = 0; i < m.by_ref.n && n < 64; i++)
		for (const struct cp_image_record *r = m.by_ref.items[i].value; r && n < 64;
		     r = r->next)
			records[n++] = r;
	if (cp_image_metadata_write(a, records, n, &out, &err) == 0 &&
	    cp_image_metadata_parse(a, cp_buf_str(&out), CP_S("j"), &again, &err) < 0 &&
	    err.code == CP_EINVAL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(MEMORY);
	struct cp_str text = cp_str_n((const char *)data + 1, size ? size - 1 : 0), token;
	struct cp_image_record record = {.ref = CP_S("r")};
	struct cp_cache_source source;
	struct cp_err err = {0};

	if (!a || !size)
		return 0;
	if (data[0] == 'm')
		read_manifest(a, text);
	else if (data[0] == 'c')
		registry_config_parse(a, text, CP_S("c"), &record, &err);
	else if (data[0] == 't' && registry_token_parse(a, text, &token, &err) == 0 && !token.n)
		abort();
	else if (data[0] == 'w')
		read_challenge(a, text);
	else if (data[0] == 'j')
		read_metadata(a, text);
	else if (data[0] == 'k')
		cp_cache_source_parse(a, text, &source, &err);
	return 0;
}
