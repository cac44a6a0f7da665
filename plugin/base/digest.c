/* The one-shot and EVP faces of libcrypto cost a millisecond at their first call; these cost microseconds (speed.md 7c). */
#define OPENSSL_API_COMPAT 0x10100000L
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct cp_sha256), "room for libcrypto's state");

void cp_sha256_init(struct cp_sha256 *h)
{
	SHA256_Init((SHA256_CTX *)h->state);
}

void cp_sha256_add(struct cp_sha256 *h, const void *p, size_t n)
{
	if (n)
		SHA256_Update((SHA256_CTX *)h->state, p, n);
}

void cp_sha256_adds(struct cp_sha256 *h, struct cp_str s)
{
	cp_sha256_add(h, s.p, s.n);
}

struct cp_digest cp_sha256_end(struct cp_sha256 *h)
{
	struct cp_digest d;

	SHA256_Final(d.bytes, (SHA256_CTX *)h->state);
	return d;
}

struct cp_digest cp_digest_of(const void *p, size_t n)
{
	struct cp_sha256 h;

	cp_sha256_init(&h);
	cp_sha256_add(&h, p, n);
	return cp_sha256_end(&h);
}

bool cp_digest_eq(const struct cp_digest *a, const struct cp_digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void cp_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void cp_digest_text(const struct cp_digest *d, char out[CP_DIGEST_TEXT + 1])
{
	memcpy(out, "sha256:", 7);
	cp_hex(d->bytes, sizeof(d->bytes), out + 7);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cp_digest_parse(struct cp_str text, struct cp_digest *ret_d)
{
	if (text.n != CP_DIGEST_TEXT || !cp_str_starts(text, CP_S("sha256:")))
		return false;
	for (size_t i = 0; i < 32; i++) {
		int hi = nibble(text.p[7 + 2 * i]), lo = nibble(text.p[8 + 2 * i]);

		if (hi < 0 || lo < 0)
			return false;
		ret_d->bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}
