/* Source operations: solver/llbsolver/ops/source.go, source/{containerimage,local,http,git}; section 2.1. */
#include "keys/keys_int.h"

/* "buildkit.source.v0:" + D(json) */
static void add_source_digest(struct cp_buf *out, const struct cp_buf *json)
{
	char text[CP_DIGEST_TEXT + 1];
	struct cp_digest d = cp_digest_of(json->p ? json->p : "", json->n);

	cp_digest_text(&d, text);
	cp_buf_addz(out, "buildkit.source.v0:");
	cp_buf_addz(out, text);
}

static int image(const struct cp_op *op, struct cp_op_key *key, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf json = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&json);

	if (op->source.digest.n == 0)
		key->unresolved = CP_S("the digest of the image is not known");
	cp_json_open(&o, '{');
	/* an image that was not resolved is known by its reference: the same reference is taken to be the same image */
	cp_json_kstr(&o, op->source.digest.n ? "Digest" : "Reference",
		     op->source.digest.n ? op->source.digest : op->source.ref);
	cp_json_kstr(&o, "OS", op->platform.os);
	cp_json_kstr(&o, "Arch", op->platform.arch);
	keys_omitempty_str(&o, "Variant", op->platform.variant);
	keys_omitempty_str(&o, "OSVersion", op->platform.os_version);
	cp_json_close(&o, '}');
	add_source_digest(out, &json);
	return cp_buf_error(&json);
}

/* pull.go CacheKey with index 1, until v0.33.0: the ChainID of the layers, so that a config with other labels is the same image. */
static int image_chain(struct cp_arena *a, const struct cp_op *op, struct cp_op_key *key)
{
	key->chain_unknown = op->source.chain.n == 0;
	if (key->chain_unknown)
		return 0;
	key->chain_preimage = cp_arena_cat(a, CP_S("buildkit.source.v0:"), op->source.chain);
	if (!key->chain_preimage.p)
		return CP_ENOMEM;
	key->chain = cp_digest_of(key->chain_preimage.p, key->chain_preimage.n);
	key->has_chain = true;
	return 0;
}

static int http(const struct cp_op *op, struct cp_op_key *key, struct cp_buf *out)
{
	cp_auto_buf struct cp_buf json = CP_BUF_INIT(CP_MAX_LINE_BYTES);
	struct cp_json_out o = CP_JSON_OUT(&json);

	cp_json_open(&o, '{');
	cp_json_kstr(&o, "Filename", op->source.http_filename);
	cp_json_kint(&o, "Perm", 0);
	cp_json_kint(&o, "UID", 0);
	cp_json_kint(&o, "GID", 0);
	if (op->source.http_checksum.n) {
		cp_json_kstr(&o, "Checksum", op->source.http_checksum);
	} else {
		key->unresolved = CP_S(
			"ADD of a URL without --checksum: what the server sends is not known before the build");
		cp_json_kstr(&o, "URL", op->source.http_url);
	}
	cp_json_close(&o, '}');
	add_source_digest(out, &json);
	return cp_buf_error(&json);
}

/* source/git/source.go shaToCacheKey: the commit, not the remote, is in the key. */
static int git(uint64_t rules, const struct cp_op *op, struct cp_op_key *key, struct cp_buf *out)
{
	const struct cp_op_source *s = &op->source;

	cp_buf_addz(out, "buildkit.source.v0:");
	if (cp_is_commit_id(s->git_ref)) {
		cp_buf_adds(out, s->git_ref);
	} else {
		key->unresolved = CP_S(
			"ADD of a git repository by branch or tag: the commit is not known before the build");
		cp_buf_adds(out, s->git_remote);
		cp_buf_addc(out, '\0');
		cp_buf_adds(out, s->git_ref);
	}
	if (s->git_keep_dir) {
		cp_buf_addz(out, ".git");
		if (!(rules & CP_RULE_GIT_NO_REF) &&
		    !(cp_is_commit_id(s->git_ref) && (rules & CP_RULE_GIT_COMMIT_NO_REF))) {
			cp_buf_addc(out, '#');
			cp_buf_adds(out, s->git_ref);
		}
	}
	if (s->git_subdir.n && !cp_str_eq(s->git_subdir, CP_S("/"))) {
		cp_buf_addc(out, ':');
		cp_buf_adds(out, s->git_subdir);
	}
	if (s->git_skip_submodules)
		cp_buf_addz(out, "(skip-submodules)");
	return cp_buf_error(out);
}

int keys_source(struct cp_arena *a, uint64_t rules, const struct cp_op *op, struct cp_op_key *key,
		struct cp_buf *out)
{
	int r;

	switch (op->source.kind) {
	case CP_SOURCE_IMAGE:
		r = image(op, key, out);
		if (r == 0 && (rules & CP_RULE_IMAGE_CHAIN))
			r = image_chain(a, op, key);
		break;
	case CP_SOURCE_HTTP:
		r = http(op, key, out);
		break;
	case CP_SOURCE_GIT:
		r = git(rules, op, key, out);
		break;
	case CP_SOURCE_LOCAL:
		key->random = true;
		cp_buf_addz(out, "session:");
		cp_buf_adds(out, op->source.local_name);
		r = 0;
		break;
	default:
		key->unresolved =
			CP_S("a kind of source that cannot be looked into before the build");
		cp_buf_addz(out, "other:");
		cp_buf_adds(out, op->source.identifier);
		r = 0;
		break;
	}
	return r < 0 ? r : cp_buf_error(out);
}
