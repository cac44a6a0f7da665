/*
 * Any word through the lexer. The first byte is the way to expand (1 raw quotes, 2 raw escapes, 4
 * skip quotes, 8 skip unset, 16 the escape character is `), up to a newline the value of $A, the
 * rest the word.
 */
#include <stdlib.h>

#include "dockerfile/dockerfile.h"

static bool get_value(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	*ret_value = *(const struct cp_str *)self;
	return cp_str_eq(name, CP_S("A"));
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new((size_t)256 << 20);
	struct cp_str rest = cp_str_n((const char *)data + 1, size - 1), value, word, result,
		      *words;
	const struct cp_env_lookup env = {get_value, &value};
	struct cp_err err = {0};
	struct cp_lexer lexer;
	size_t n_words;

	if (!a || size == 0)
		return 0;
	lexer = (struct cp_lexer){data[0] & 16 ? '`' : '\\', data[0] & 1, data[0] & 2, data[0] & 4,
				  data[0] & 8};
	value = cp_str_sub(rest, 0, cp_str_find(rest, '\n', 0));
	word = cp_str_from(rest, value.n + 1);
	if (cp_expand(a, &lexer, word, &env, &result, &err) == 0)
		must(result.n <= CP_MAX_EXPANSION_BYTES && result.p && result.p[result.n] == '\0');
	else
		must(err.message[0]);
	if (cp_expand_words(a, &lexer, word, &env, &words, &n_words, &err) == 0)
		for (size_t i = 0; i < n_words; i++)
			must(words[i].n > 0);
	return 0;
}
