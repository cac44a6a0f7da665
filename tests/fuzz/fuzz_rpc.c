/*
 * A line of `cachepredict rpc`: what is taken for JSON is JSON, members and strings of it are found inside it, and any bytes become a valid
 * JSON string.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../hooks/cli/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void look_at_members(struct slice object)
{
	static const char *const names[] = {"id", "method", "params", "", "\xC3\xA4"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice v = scan_member(object, names[i]), again;
		struct text text = {0};

		if (!v.p)
			continue;
		must(v.p > object.p && v.p + v.n < object.p + object.n && v.n > 0);
		must(scan_json(v.p, v.n, &again) && again.p == v.p && again.n == v.n);
		if (*v.p == '"') {
			scan_string(v, &text);
			for (size_t at = 0; at < text.n;) {
				size_t n = utf8_length(text.p + at, text.n - at);

				must(n > 0);
				at += n;
			}
		}
		text_release(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct text quoted = {0}, back = {0}, plain = {0};
	struct slice value;

	if (scan_json(p, size, &value) && *value.p == '{')
		look_at_members(value);
	text_json(&quoted, p, size);
	must(scan_json(quoted.p, quoted.n, &value) && value.n == quoted.n);
	scan_string(value, &back);
	must(back.n >= size); /* nothing is lost: a bad byte becomes the three of U+FFFD */
	text_plain(&plain, p, size);
	for (size_t i = 0; i < plain.n; i++)
		must((unsigned char)plain.p[i] >= 0x20 && plain.p[i] != 0x7F);
	text_release(&quoted);
	text_release(&back);
	text_release(&plain);
	return 0;
}
