/*
 * Words with variables in, their expansion out: the C side of ./diffexpand. An input is
 *   escape character, a byte of flags (1 raw quotes, 2 raw escapes, 4 skip quotes, 8 skip unset, 16
 * words), count of variables, for each the length and bytes of name and value (two bytes a length),
 * then the word.
 */
#include "cdriver_int.h"
#include "dockerfile/dockerfile.h"

#define MAX_VARIABLES 255

struct variables {
	struct cp_str names[MAX_VARIABLES], values[MAX_VARIABLES];
	size_t n;
};

static bool get_variable(const void *self, struct cp_str name, struct cp_str *ret_value)
{
	const struct variables *v = self;

	for (size_t i = v->n; i-- > 0;) {
		if (cp_str_eq(name, v->names[i])) {
			*ret_value = v->values[i];
			return true;
		}
	}
	return false;
}

static struct cp_str take(struct cp_str *in, size_t n)
{
	struct cp_str s = cp_str_sub(*in, 0, n);

	*in = cp_str_from(*in, n);
	return s;
}

static struct cp_str take_string(struct cp_str *in)
{
	struct cp_str head = take(in, 2);

	if (head.n < 2)
		exit(1);
	return take(in, (size_t)(unsigned char)head.p[0] | (size_t)(unsigned char)head.p[1] << 8);
}

static void answer(struct cp_buf *b, struct cp_str in)
{
	cp_auto_arena struct cp_arena *a = cp_arena_new(CP_MAX_ARENA_BYTES);
	struct variables variables = {.n = 0};
	struct cp_env_lookup env = {get_variable, &variables};
	struct cp_str head = take(&in, 3), word, *words;
	struct cp_lexer lexer;
	struct cp_err err = {0};
	size_t n_words;
	int r;

	if (head.n < 3)
		exit(1);
	lexer = (struct cp_lexer){head.p[0], head.p[1] & 1, head.p[1] & 2, head.p[1] & 4,
				  head.p[1] & 8};
	for (size_t i = 0; i < (unsigned char)head.p[2]; i++) {
		variables.names[i] = take_string(&in);
		variables.values[i] = take_string(&in);
		variables.n++;
	}
	if (head.p[1] & 16) {
		r = cp_expand_words(a, &lexer, in, &env, &words, &n_words, &err);
	} else {
		r = cp_expand(a, &lexer, in, &env, &word, &err);
		words = &word;
		n_words = 1;
	}
	if (r < 0) {
		cdriver_reject(b, r, &err);
		return;
	}
	cp_buf_addc(b, '{');
	cdriver_kstrs(b, "words", words, n_words);
	cp_buf_addc(b, '}');
}

int main(void)
{
	return cdriver_run(answer);
}
