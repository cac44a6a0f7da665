/* SHA-256 with the CPU's instructions (libcrypto), digests as BuildKit writes them, and Go's paths. */
#ifndef CP_BASE_DIGEST_H
#define CP_BASE_DIGEST_H

#include "base/str.h"

#define CP_DIGEST_TEXT 71 /* "sha256:" and 64 hex digits */

struct cp_digest {
	uint8_t bytes[32];
};

struct cp_sha256 {
	uint64_t state[16]; /* a SHA256_CTX; checked at compile time in digest.c */
};

void cp_sha256_init(struct cp_sha256 *h);
void cp_sha256_add(struct cp_sha256 *h, const void *p, size_t n);
void cp_sha256_adds(struct cp_sha256 *h, struct cp_str s);
struct cp_digest cp_sha256_end(struct cp_sha256 *h);

struct cp_digest cp_digest_of(const void *p, size_t n);
bool cp_digest_eq(const struct cp_digest *a, const struct cp_digest *b);
/* "sha256:<hex>" into out, NUL-terminated. */
void cp_digest_text(const struct cp_digest *d, char out[CP_DIGEST_TEXT + 1]);
/* The reverse; false when the text is not a sha256 digest. */
bool cp_digest_parse(struct cp_str text, struct cp_digest *ret_d);

/* Lower-case hex of n bytes into out[2 * n + 1]. */
void cp_hex(const uint8_t *p, size_t n, char *out);

#endif
